#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "release/relobj_impl.h"

struct fixture {
	struct arena a;
	struct buf lines;
	struct notices log;
	struct relcluster c;
	struct relobj objects[3];
	struct relobj_list l;
};

static void take(void *ctx, enum notice_level level, str line)
{
	struct fixture *f = ctx;

	assert_int_equal(level, NOTICE_DEBUG);
	buf_addf(&f->lines, "%.*s\n", STR_ARG(line));
}

static void begin(struct fixture *f)
{
	*f = (struct fixture){ .a = ARENA_INIT, .lines = BUF_INIT };
	f->log = (struct notices){ .line = take, .ctx = f, .debug = true };
	f->c.log = &f->log;
	f->objects[0] = (struct relobj){ .gvk = { S(""), S("v1"), S("Secret") }, .ns = S("n"),
					 .name = S("s") };
	f->objects[1] = (struct relobj){ .gvk = { S("apps"), S("v1"), S("Deployment") },
					 .ns = S("n"), .name = S("d") };
	f->objects[2] = (struct relobj){ .gvk = { S(""), S("v1"), S("Namespace") }, .name = S("m") };
	f->l = (struct relobj_list){ f->objects, 3, 3 };
}

static void end(struct fixture *f)
{
	buf_release(&f->lines);
	arena_release(&f->a);
}

#define SSA(what, force)                                                                        \
	"level=DEBUG msg=\"using server-side apply for resource " what "\" forceConflicts=" force \
	" dryRun=false fieldValidationDirective=Strict"
#define CREATION "level=DEBUG msg=\"creating resource(s)\" resources=3\n"
#define CHECKING "level=DEBUG msg=\"checking resources for changes\" resources=3\n"
#define AT_S "namespace=n name=s gvk=\"/v1, Kind=Secret\"\n"
#define AT_D "namespace=n name=d gvk=\"apps/v1, Kind=Deployment\"\n"
#define AT_M "namespace=\"\" name=m gvk=\"/v1, Kind=Namespace\"\n"

static void test_what_was_taken_over_or_made(void **state)
{
	static const struct {
		struct relobj_apply how;
		enum relobj_outcome outcome[3];
		const char *lines;
	} rows[] = {
		/* Nothing was there: it reads as if it had been known. */
		{ { .server_side = true, .force = true, .anew = true, .migrate = true },
		  { RELOBJ_CREATED, RELOBJ_CREATED, RELOBJ_NOT_CREATED },
		  CREATION SSA("creation", "false") "\n"
		  "level=DEBUG msg=\"Created resource via patch\" " AT_S
		  "level=DEBUG msg=\"Created resource via patch\" " AT_D
		  "level=DEBUG msg=\"Error creating resource via patch\" namespace=\"\" name=m "
		  "gvk=\"/v1, Kind=Namespace\" error=\"no way\"\n" },
		{ { .server_side = true, .force = true, .anew = true, .migrate = true },
		  { RELOBJ_CREATED, RELOBJ_CHANGED, RELOBJ_UNTOUCHED },
		  SSA("creation", "true") "\n"
		  SSA("update", "true") " upgradeClientSideFieldManager=true\n"
		  CHECKING "level=DEBUG msg=\"Created resource via patch\" " AT_S
		  "level=DEBUG msg=\"created a new resource\" namespace=n name=s kind=Secret\n"
		  "level=DEBUG msg=\"Patched resource\" " AT_D },
		{ { .server_side = true },
		  { RELOBJ_CREATED, RELOBJ_NOT_CHANGED, RELOBJ_CHANGED },
		  SSA("creation", "false") "\n"
		  SSA("update", "false") " upgradeClientSideFieldManager=false\n"
		  CHECKING "level=DEBUG msg=\"Created resource via patch\" " AT_S
		  "level=DEBUG msg=\"created a new resource\" namespace=n name=s kind=Secret\n"
		  "level=DEBUG msg=\"Error patching resource\" namespace=n name=d "
		  "gvk=\"apps/v1, Kind=Deployment\" error=\"no way\"\n"
		  "level=DEBUG msg=\"Patched resource\" " AT_M },
		{ { .three_way = true },
		  { RELOBJ_CREATED, RELOBJ_CHANGED, RELOBJ_NOT_CREATED },
		  "level=DEBUG msg=\"using client-side apply for resource creation\"\n"
		  "level=DEBUG msg=\"using client-side apply for resource update\" "
		  "threeWayMergeForUnstructured=true\n"
		  CHECKING
		  "level=DEBUG msg=\"created a new resource\" namespace=n name=s kind=Secret\n" },
		{ { .replace = true },
		  { RELOBJ_CHANGED, RELOBJ_NOT_CHANGED, RELOBJ_UNTOUCHED },
		  "level=DEBUG msg=\"using client-side apply for resource creation\"\n"
		  "level=DEBUG msg=\"using resource replace update strategy\" "
		  "fieldValidationDirective=Strict\n"
		  CHECKING
		  "level=DEBUG msg=\"replace succeeded\" name=s initialKind=Secret kind=Secret\n"
		  "level=DEBUG msg=\"error replacing the resource\" namespace=n name=d "
		  "gvk=\"apps/v1, Kind=Deployment\" error=\"no way\"\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct relobj_told told[3];
		struct fixture f;

		begin(&f);
		for (size_t n = 0; n < 3; n++) {
			bool failed = rows[i].outcome[n] == RELOBJ_NOT_CREATED ||
				      rows[i].outcome[n] == RELOBJ_NOT_CHANGED;

			told[n] = (struct relobj_told){ .outcome = rows[i].outcome[n],
							.error = failed ? S("no way") : STR_NONE };
		}
		relobj_tell_update(&f.c, &f.a, &f.l, &rows[i].how, told);
		assert_string_equal(buf_c(&f.lines), rows[i].lines);
		end(&f);
	}
}

static void test_nobody_is_told_who_did_not_ask(void **state)
{
	const struct relobj_apply how = { .server_side = true };
	const struct relobj_told told[3] = { { .outcome = RELOBJ_CHANGED } };
	struct fixture f;

	(void)state;
	begin(&f);
	f.log.debug = false;
	relobj_tell_update(&f.c, &f.a, &f.l, &how, told);
	relobj_tell_creation(&f.c, 3, true, false);
	relobj_tell(&f.c, "deleting resource", &f.objects[0], NULL);
	f.c.log = NULL;
	relobj_tell_update(&f.c, &f.a, &f.l, &how, told);
	relobj_tell_created(&f.c, &f.a, &f.objects[0], NULL);
	assert_int_equal(f.lines.n, 0);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_what_was_taken_over_or_made),
		cmocka_unit_test(test_nobody_is_told_who_did_not_ask),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
