# The everyday commands; the build itself is meson's (see docs/HACKING.md).
#
#	make		build build/rill
#	make test	set the machine up where needed, build, run all tests
#	make e2e	those that run the program itself
#	make e2e-real	the same on a real API server, where `make peers` left one
#	make demo	show what works
#	make asan tsan	the tests under AddressSanitizer + UBSan, under ThreadSanitizer
#	make fuzz	every fuzz target for FUZZ_SECONDS seconds (needs clang)
#	make bench	benchmarks of an optimised build
#	make lint	what the compiler does not check
#	make peers	build the reference programs for comparisons (needs Go)
#	make install	under DESTDIR and PREFIX (default /usr/local)
#	make deb	a Debian package, in build-install/

BUILD ?= build
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
# tests wait as much as they work
TESTS ?= $(shell expr $(JOBS) + 1)
FUZZ_SECONDS ?= 30

# -O1 and lines alone halve the time that the checks take to compile; the warnings
# that count are those of -O2
CHECKED = -Db_lundef=false -Doptimization=1 -Dc_args=-g1 -Dwerror=false
ASAN = -Db_sanitize=address,undefined $(CHECKED)
TSAN = -Db_sanitize=thread $(CHECKED)
# where there are threads; elsewhere ThreadSanitizer only takes its time
TSAN_SUITES = base crypto net client controllers server e2e

export ASAN_OPTIONS ?= detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS ?= halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS ?= halt_on_error=1:suppressions=$(CURDIR)/tests/tsan.supp

# $(call build,DIR,meson options): set DIR up once, then compile.
build = test -f $(1)/build.ninja || meson setup $(1) $(2); ninja -j $(JOBS) -C $(1)
check = meson test --no-rebuild --print-errorlogs --num-processes $(TESTS) -C $(1)

.PHONY: all setup test e2e e2e-real demo asan asan-build tsan fuzz bench peers lint install deb clean

all: setup
	@$(call build,$(BUILD))

setup:
	@tools/setup

test: all
	@$(call check,$(BUILD))

e2e: all
	@$(call check,$(BUILD)) --suite e2e

e2e-real: all
	@tests/e2e/real.py $(BUILD)

demo:
	@tools/setup --demo
	@$(call build,$(BUILD)) rill
	@tools/demo $(BUILD)/rill

asan-build: setup
	@$(call build,build-asan,$(ASAN))

asan: asan-build
	@$(call check,build-asan) --timeout-multiplier 4

tsan: setup
	@$(call build,build-tsan,$(TSAN))
	@$(call check,build-tsan) --timeout-multiplier 8 $(addprefix --suite ,$(TSAN_SUITES))

fuzz: setup
	@CC=clang; export CC; $(call build,build-fuzz,-Dfuzz=true -Dtests=disabled -Dwerror=false)
	@tools/fuzz build-fuzz $(FUZZ_SECONDS)

bench: setup
	@$(call build,build-release,--buildtype=release -Doptimization=2 -Dtests=disabled)
	@bench/run build-release

peers:
	@tools/peers

lint: all
	@tools/lint $(BUILD)

# A build of its own: the prefix is the caller's, nothing for tests in it.
install:
	@$(call build,build-install,--buildtype=release -Doptimization=2 -Dtests=disabled \
		--prefix=$(PREFIX))
	@meson configure build-install -Dprefix=$(PREFIX)
	@meson install -C build-install --strip

deb:
	@rm -rf build-install/deb
	@$(MAKE) --no-print-directory install PREFIX=/usr DESTDIR=$(CURDIR)/build-install/deb
	@packaging/deb build-install/deb build-install

clean:
	rm -rf build build-asan build-tsan build-fuzz build-release build-install
