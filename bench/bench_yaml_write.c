/* bench_yaml_write - how fast YAML is written, profile by profile:
 * bench_yaml_write, or bench_yaml_write --json DIR to write the documents as
 * JSON, one a line, for other programs to measure themselves with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "value/json.h"
#include "value/yaml.h"

enum { ROUNDS = 5 };

static const struct {
	const char *name;
	enum yaml_profile profile;
} profiles[] = {
	{ "sigs", YAML_WRITE_SIGS },
	{ "v3-wide", YAML_WRITE_V3_WIDE },
	{ "kyaml", YAML_WRITE_KYAML },
};

static void stop(err *e)
{
	if (!e)
		return;
	fprintf(stderr, "bench_yaml_write: %s\n", err_msg(e));
	exit(1);
}

static size_t write_once(struct buf *b, const struct bench_docs *d, enum yaml_profile profile)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		buf_clear(b);
		stop(yaml_write(b, d->docs[i], profile));
		n += b->n;
	}
	return n;
}

static void measure(const struct bench_docs *d)
{
	for (size_t p = 0; p < sizeof profiles / sizeof *profiles; p++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		double best = 1e9;
		size_t n = 0;

		for (int i = 0; i < ROUNDS; i++) {
			double start = bench_cpu();

			n = write_once(&b, d, profiles[p].profile);
			double took = bench_cpu() - start;

			if (took < best)
				best = took;
		}
		printf("yaml-write %-6s %-8s %8.2f MB %8.2f ms %8.1f MB/s %6.1f MiB\n", d->name,
		       profiles[p].name, (double)n / 1e6, best * 1e3, (double)n / 1e6 / best,
		       bench_peak());
	}
}

static void dump(const struct bench_docs *d, const char *dir)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	char path[4096];

	snprintf(path, sizeof path, "%s/%s.json", dir, d->name);
	FILE *f = fopen(path, "w");

	if (!f) {
		perror(path);
		exit(1);
	}
	for (size_t i = 0; i < d->n; i++) {
		buf_clear(&b);
		stop(json_write(&b, d->docs[i], NULL));
		buf_addc(&b, '\n');
		fwrite(b.p, 1, b.n, f);
	}
	if (fclose(f)) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	struct arena a = ARENA_INIT;
	struct bench_docs docs[BENCH_DOCS];

	bench_make_docs(&a, 1, docs);
	for (size_t i = 0; i < BENCH_DOCS; i++) {
		if (argc == 3 && strcmp(argv[1], "--json") == 0)
			dump(&docs[i], argv[2]);
		else
			measure(&docs[i]);
	}
	arena_release(&a);
	return 0;
}
