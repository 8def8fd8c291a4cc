/* bench_yaml_read - how fast YAML is read: the ways of sigs.k8s.io/yaml and
 * of yaml v3 into values, and kept with comments (the full reader). Each
 * line ends with the size of the tree. The index comes in three sizes: the speed must not fall. */
#include <stdio.h>
#include <stdlib.h>

#include "docs.h"
#include "value/yaml.h"

enum { ROUNDS = 5 };

static void stop(err *e)
{
	if (!e)
		return;
	fprintf(stderr, "bench_yaml_read: %s\n", err_msg(e));
	exit(1);
}

static void write_docs(struct buf *b, const struct bench_docs *d)
{
	for (size_t i = 0; i < d->n; i++) {
		buf_add(b, S("---\n"));
		stop(yaml_write(b, d->docs[i], YAML_WRITE_SIGS));
	}
}

static void measure(const char *set, const char *way, str text, const struct yaml_options *o)
{
	double best = 1e9;
	size_t held = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct arena a = ARENA_INIT;
		struct yaml_doc *docs;
		size_t n;
		double start = bench_cpu();

		stop(yaml_read_all(&a, text, o, &docs, &n));
		double took = bench_cpu() - start;

		if (took < best)
			best = took;
		held = a.held;
		arena_release(&a);
	}
	printf("yaml-read  %-6s %-8s %8.2f MB %8.2f ms %8.1f MB/s %6.1f MiB\n", set, way,
	       (double)text.n / 1e6, best * 1e3, (double)text.n / 1e6 / best,
	       (double)held / (1 << 20));
}

int main(void)
{
	static const struct {
		double scale;
		int sets;
	} sizes[] = { { 1, BENCH_DOCS }, { 0.25, 2 }, { 4, 2 } };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct arena a = ARENA_INIT;
		struct bench_docs docs[BENCH_DOCS];

		bench_make_docs(&a, sizes[i].scale, docs);
		for (int k = i ? 1 : 0; k < sizes[i].sets; k++) {
			CLEANUP(buf_release) struct buf text = BUF_INIT;

			write_docs(&text, &docs[k]);
			measure(docs[k].name, "sigs", buf_str(&text), YAML_SIGS);
			measure(docs[k].name, "v3", buf_str(&text), YAML_V3);
			measure(docs[k].name, "keep", buf_str(&text), YAML_KEEP);
		}
		arena_release(&a);
	}
	return 0;
}
