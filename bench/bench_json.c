/* bench_json - how fast JSON is read and written, and with how much memory.
 *
 *	bench_json [RILL]		all cases
 *	bench_json read|write FILE	one, as this process
 *	bench_json --peer PROGRAM	all cases, with another program
 *
 * Each case is a process of its own, so that its peak of memory is its own. */
#include <libgen.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "docs.h"
#include "value/json.h"

enum { ROUNDS = 5 };

static void stop(err *e)
{
	if (!e)
		return;
	fprintf(stderr, "bench_json: %s\n", err_msg(e));
	exit(1);
}

static void read_file(struct buf *b, const char *path)
{
	FILE *f = fopen(path, "r");
	char part[1 << 16];

	if (!f) {
		perror(path);
		exit(1);
	}
	for (size_t n; (n = fread(part, 1, sizeof part, f)) > 0;)
		buf_bytes(b, part, n);
	fclose(f);
}

static double read_once(str text)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	double start = bench_cpu();
	node n;

	stop(json_read(&a, text, NULL, &n));
	return bench_cpu() - start;
}

static double write_once(struct buf *b, node n)
{
	double start = bench_cpu();

	buf_clear(b);
	stop(json_write(b, n, NULL));
	return bench_cpu() - start;
}

static void measure(bool writing, char *path)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT, out = BUF_INIT;
	double best = 1e9;
	node n = NODE_NOTHING;

	read_file(&text, path);
	if (writing)
		stop(json_read(&a, buf_str(&text), NULL, &n));
	for (int i = 0; i < ROUNDS; i++) {
		double took = writing ? write_once(&out, n) : read_once(buf_str(&text));

		if (took < best)
			best = took;
	}
	double mb = (double)text.n / 1e6;

	printf("json-%-5s %-12s %-4s %8.2f MB %8.2f ms %8.1f MB/s %6.1f MiB\n",
	       writing ? "write" : "read", basename(path), "rill", mb, best * 1e3, mb / best,
	       bench_peak());
}

/* One list of all documents, on one line. */
static void dump(const struct bench_docs *d, const char *path)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	FILE *f = fopen(path, "w");

	buf_add(&b, S("{\"apiVersion\":\"v1\",\"items\":["));
	for (size_t i = 0; i < d->n; i++) {
		if (i)
			buf_addc(&b, ',');
		stop(json_write(&b, d->docs[i], NULL));
	}
	buf_add(&b, S("],\"kind\":\"List\"}"));
	if (!f || fwrite(b.p, 1, b.n, f) != b.n || fclose(f)) {
		perror(path);
		exit(1);
	}
}

static void run(char *program, char *what, char *path)
{
	extern char **environ;
	pid_t child;
	char *args[] = { program, what, path, NULL };

	if (posix_spawn(&child, program, NULL, NULL, args, environ) || waitpid(child, NULL, 0) < 0)
		perror(program);
}

static void make_files(char paths[BENCH_DOCS][4096], const char *folder)
{
	struct arena a = ARENA_INIT;
	struct bench_docs docs[BENCH_DOCS];

	bench_make_docs(&a, 1, docs);
	for (size_t i = 0; i < BENCH_DOCS; i++) {
		snprintf(paths[i], sizeof paths[i], "%s/%s", folder, docs[i].name);
		dump(&docs[i], paths[i]);
	}
	arena_release(&a);
}

/* A process inherits the peak of the one that started it: so the documents
 * are made in one that ends, and only their paths come back. */
static void make_apart(char paths[BENCH_DOCS][4096], const char *folder)
{
	int ends[2];
	size_t size = BENCH_DOCS * sizeof *paths, got = 0;

	if (pipe(ends))
		exit(1);
	pid_t child = fork();

	if (child == 0) {
		make_files(paths, folder);
		_exit(write(ends[1], paths, size) != (ssize_t)size);
	}
	close(ends[1]);
	for (ssize_t n; (n = read(ends[0], (char *)paths + got, size - got)) > 0;)
		got += (size_t)n;
	close(ends[0]);
	if (child < 0 || waitpid(child, NULL, 0) < 0 || got != size)
		exit(1);
}

static void measure_all(char *program)
{
	static char paths[BENCH_DOCS][4096];
	char folder[] = "/tmp/bench-json-XXXXXX";

	if (!mkdtemp(folder)) {
		perror(folder);
		exit(1);
	}
	make_apart(paths, folder);
	for (size_t i = 0; i < BENCH_DOCS; i++) {
		run(program, (char[]){ "read" }, paths[i]);
		run(program, (char[]){ "write" }, paths[i]);
		unlink(paths[i]);
	}
	rmdir(folder);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		measure_all(argv[0]);
	else if (strcmp(argv[1], "--peer") == 0)
		measure_all(argv[2]);
	else
		measure(strcmp(argv[1], "write") == 0, argv[2]);
	return 0;
}
