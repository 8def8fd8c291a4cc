/* bench_jsonpath - templates over a list of ten thousand objects, in
 * milliseconds of CPU; bench/peers/jsonpath prints the same lines for the Go
 * original. */
#include <stdio.h>
#include <stdlib.h>

#include "docs.h"
#include "value/json.h"
#include "value/jsonpath.h"

enum { OBJECTS = 10000, ROUNDS = 10 };

static const struct {
	const char *name, *text;
} cases[] = {
	{ "names", "{.items[*].metadata.name}" },
	{ "range", "{range .items[*]}{.metadata.namespace}/{.metadata.name}{\"\\n\"}{end}" },
	{ "filter", "{.items[?(@.status.phase==\"Running\")].metadata.name}" },
	{ "descent", "{..image}" },
	{ "objects", "{.items[*].spec}" },
};

static void stop(err *e)
{
	if (!e)
		return;
	fprintf(stderr, "bench_jsonpath: %s\n", err_msg(e));
	exit(1);
}

static void make_list(struct buf *b)
{
	buf_add(b, S("{\"items\":["));
	for (int i = 0; i < OBJECTS; i++)
		buf_addf(b, "%s{\"metadata\":{\"name\":\"pod-%d\",\"namespace\":\"ns-%d\",\"labels\":{"
			    "\"app\":\"a\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i:%d\"}],"
			    "\"replicas\":%d},\"status\":{\"phase\":\"%s\"}}",
			 i ? "," : "", i, i % 50, i % 7, i % 5, i % 3 ? "Running" : "Pending");
	buf_add(b, S("]}"));
}

int main(void)
{
	const struct jsonpath_options missing = { .allow_missing = true };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT, out = BUF_INIT;
	const struct jsonpath *path;
	node list;

	make_list(&text);
	stop(json_read(&a, buf_str(&text), NULL, &list));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		double best = 1e9;

		stop(jsonpath_parse(&a, str_c(cases[i].text), &path));
		for (int round = 0; round < ROUNDS; round++) {
			double start = bench_cpu();

			buf_clear(&out);
			stop(jsonpath_print(&out, path, list, &missing));
			double took = bench_cpu() - start;

			best = took < best ? took : best;
		}
		printf("jsonpath %-8s %8.2f ms %8zu bytes\n", cases[i].name, best * 1e3, out.n);
	}
	return 0;
}
