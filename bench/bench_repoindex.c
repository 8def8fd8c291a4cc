/* bench_repoindex - a repository's index of 60 MB: gone through, one version
 * chosen, and written as JSON. The text is a mapped file whose pages go again,
 * as in the controller. With a FILE, that one. Printed are CPU time and
 * peak memory. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "helm/repoindex.h"

enum { BYTES = 60 << 20, CHARTS = 200 };

static void check(err *e)
{
	if (e) {
		fprintf(stderr, "bench_repoindex: %s\n", err_msg(e));
		exit(1);
	}
}

static void add_version(FILE *f, int chart, int v)
{
	fprintf(f,
		"  - annotations:\n      images: |\n        - name: db\n          image: x/db:1.%d\n"
		"    apiVersion: v2\n    appVersion: 17.%d.0\n"
		"    created: \"2026-07-22T08:38:48.962904122Z\"\n    dependencies:\n"
		"    - name: common\n      repository: oci://registry.example.com/charts\n"
		"      tags:\n      - common\n      version: 2.x.x\n"
		"    description: A description of chart %d, as long as those that people write.\n"
		"    digest: 3d4a2ab092c83f39772de5f927aba6fb4f295a70e2b7302383edf249d44f78e3\n"
		"    home: https://charts.example.com\n    keywords:\n    - db\n    - sql\n"
		"    maintainers:\n    - name: Somebody Inc.\n      url: https://example.com\n"
		"    name: chart-%05d\n    sources:\n    - https://example.com/charts/chart\n"
		"    urls:\n    - https://charts.example.com/chart-%05d-%d.0.0.tgz\n"
		"    version: %d.0.0\n",
		v, v, chart, chart, chart, v, v);
}

static const char *make_index(void)
{
	static char path[] = "/tmp/bench-index-XXXXXX";
	int fd = mkstemp(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f)
		exit(1);
	fputs("apiVersion: v1\nentries:\n", f);
	for (int chart = 0; chart < CHARTS; chart++) {
		long end = (long)BYTES / CHARTS * (chart + 1);

		fprintf(f, "  chart-%05d:\n", chart);
		for (int v = 2000; ftell(f) < end; v--)
			add_version(f, chart, v);
	}
	fputs("generated: \"2026-07-22T08:38:48.962904122Z\"\n", f);
	fclose(f);
	return path;
}

static void forget(void *ctx)
{
	str *text = ctx;

	madvise((void *)text->p, text->n, MADV_DONTNEED);
}

static err *drop(struct sink *sink, str bytes)
{
	(void)sink;
	(void)bytes;
	return NULL;
}

static double cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void row(const char *name, double since, size_t bytes)
{
	struct rusage u;
	double s = cpu() - since;

	getrusage(RUSAGE_SELF, &u);
	printf("repoindex %-12s %8.1f ms CPU %8.1f MB/s  peak %ld KiB\n", name, s * 1e3,
	       (double)bytes / 1e6 / s, u.ru_maxrss);
}

static void run(str text, str chart)
{
	CLEANUP(repoindex_drop) struct repoindex *ix = NULL;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct repoindex_options o = { .passed = forget, .ctx = &text };
	const struct repoindex_version *v;
	struct repoindex_chart list;
	struct sink sink = { drop };
	double t = cpu();

	check(repoindex_open(&ix, text, &o));
	row("open", t, text.n);
	t = cpu();
	check(repoindex_load(&a, ix, chart.n ? chart : repoindex_name(ix, 0), false, &list));
	check(repoindex_pick_flux(&list, S("chart"), S("*"), &v));
	row("pick", t, text.n);
	t = cpu();
	check(repoindex_write_json(ix, &sink));
	row("json", t, text.n);
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : make_index();
	int fd = open(path, O_RDONLY);
	off_t n = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	void *p = n > 0 ? mmap(NULL, (size_t)n, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;

	if (argc < 2)
		unlink(path);
	if (p == MAP_FAILED) {
		fprintf(stderr, "bench_repoindex: %s\n", path);
		return 1;
	}
	run(str_of(p, (size_t)n), argc > 2 ? str_c(argv[2]) : STR_NONE);
	return 0;
}
