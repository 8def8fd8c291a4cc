/* docs - documents of the shapes that rill meets, made in memory.
 *
 * Three that hurt: the custom resource definitions of a release (deep, long
 * texts), the index of a busy Helm repository (one document of 20 MB), and a
 * list of ten thousand objects. The same bytes on every run.
 */
#ifndef BENCH_DOCS_H
#define BENCH_DOCS_H

#include "base/arena.h"
#include "value/node.h"

struct bench_docs {
	const char *name;
	node *docs;
	size_t n;
};

enum { BENCH_DOCS = 3 };

/* Fills all BENCH_DOCS; `scale` 1 gives 12 to 20 MB of YAML each. */
void bench_make_docs(struct arena *a, double scale, struct bench_docs to[BENCH_DOCS]);

/* CPU seconds of this process. */
double bench_cpu(void);
/* The most memory it ever held, in MiB. */
double bench_peak(void);

#endif
