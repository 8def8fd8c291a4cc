/* bench_archive - a compressed tar of two hundred files, packed and unpacked;
 * bench/peers/archive prints the same lines for Go. */
#include <stdio.h>
#include <stdlib.h>

#include "archive/tgz.h"
#include "docs.h"

enum { FILES = 200, ROUNDS = 5 };

static void stop(err *e)
{
	if (!e)
		return;
	fprintf(stderr, "bench_archive: %s\n", err_msg(e));
	exit(1);
}

/* Text like that of manifests: words that come again, and some that do not. */
static str file_text(struct arena *a, int file)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	uint32_t r = (uint32_t)file + 1;

	for (int i = 0; i < 400; i++) {
		r = r * 1664525u + 1013904223u;
		buf_addf(&b, "    - name: item-%u\n      image: registry.example/app:%u\n", r >> 20,
			 r >> 8);
	}
	return arena_str(a, buf_str(&b));
}

static size_t unpack(str text)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(tgz_drop) struct tgz *t = NULL;
	struct tar_entry e;
	size_t total = 0;
	bool more = true;
	str bytes;

	stop(tgz_open(&t, &a, text, NULL));
	for (;;) {
		stop(tgz_next(t, &e, &bytes, &more));
		if (!more)
			return total;
		total += bytes.n;
	}
}

int main(void)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf packed = BUF_INIT;
	struct tgz_file files[FILES];
	double pack = 1e9, read = 1e9;
	size_t total = 0;

	for (int i = 0; i < FILES; i++)
		files[i] = (struct tgz_file){ .name = arena_printf(&a, "dir/file-%03d.yaml", i),
					      .bytes = file_text(&a, i) };
	for (int round = 0; round < ROUNDS; round++) {
		double start = bench_cpu();

		buf_clear(&packed);
		stop(tgz_write(files, FILES, NULL, &packed));
		double middle = bench_cpu();

		total = unpack(buf_str(&packed));
		double end = bench_cpu();

		pack = middle - start < pack ? middle - start : pack;
		read = end - middle < read ? end - middle : read;
	}
	printf("archive pack     %8.2f ms %8.0f MB/s %8zu bytes\n", pack * 1e3,
	       (double)total / pack / 1e6, packed.n);
	printf("archive unpack   %8.2f ms %8.0f MB/s\n", read * 1e3, (double)total / read / 1e6);
	printf("archive peak     %8.1f MiB\n", bench_peak());
	return 0;
}
