/* bench_regex - regular expressions, versions and globs; bench/peers/regex
 * prints the same lines for Go. Short texts in nanoseconds a call, a megabyte
 * of YAML in MB/s, all matches found. */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "text/constraint.h"
#include "text/glob.h"
#include "text/regex.h"

enum { BEST_OF = 7 };

static const char *const compiled[] = {
	"^(?:podinfo)$", "^main-[a-f0-9]+-(?P<ts>[0-9]+)", "(?i)[\\pL_][\\pL\\pN_]*",
	"^([a-z0-9]([-a-z0-9]*[a-z0-9])?)(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
};

static const struct {
	const char *pattern, *text;
} shorts[] = {
	{ "^(?:podinfo)$", "podinfo" },
	{ "^main-[a-f0-9]+-(?P<ts>[0-9]+)", "main-3f9a2b17c-1699999999" },
	{ "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "source-controller-7d9f8b6c5-x2vbn" },
	{ "(\\d+)\\.(\\d+)\\.(\\d+)", "registry.example.com/app:v12.34.56" },
	{ "[aeiou]+x", "the quick brown fox jumps over the lazy dog" },
};

static const char *const longs[] = {
	"kubernetes", "image:\\s*(\\S+)", "[a-z0-9]+(?:\\.[a-z0-9]+)+", "\\b\\w+ing\\b",
	"(?m)^\\s*name: (.+)$", "(?i)deployment", "\\d{4}-\\d{2}-\\d{2}", "foo|bar|baz|qux",
	"[a-q][^u-z]{13}x", "(?s)spec:.*?status:", ".*", "[^\\n]*nginx[^\\n]*",
};

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print_ns(const char *what, const char *name, double s, int n)
{
	printf("regex %-12s %-42.42s %9.1f ns\n", what, name, s / n * 1e9);
}

/* A manifest as they all look, again and again. */
static void make_text(struct buf *b, size_t size)
{
	for (int i = 0; b->n < size; i++)
		buf_addf(b,
			 "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-%d\n"
			 "  labels:\n    app.kubernetes.io/name: app-%d\n"
			 "  annotations:\n    date: \"2026-%02d-%02d\"\n    note: \"r\u00e9sum\u00e9 %d\"\n"
			 "spec:\n  replicas: %d\n  template:\n    spec:\n      containers:\n"
			 "      - name: main\n        image: registry.example.com/team/nginx:1.%d.%d\n"
			 "        imagePullPolicy: Always\nstatus:\n  phase: Running\n---\n",
			 i, i, i % 12 + 1, i % 28 + 1, i, i % 5, i % 30, i % 7);
}

static void bench_compile(const char *pattern)
{
	enum { N = 2000 };
	double best = 1e9;

	for (int round = 0; round < BEST_OF; round++) {
		double start = seconds();

		for (int i = 0; i < N; i++) {
			CLEANUP(arena_release) struct arena a = ARENA_INIT;
			const struct regex *re;

			err_free(regex_compile(&a, str_c(pattern), &re));
		}
		best = fmin(best, seconds() - start);
	}
	print_ns("compile", pattern, best, N);
}

static void bench_short(const char *pattern, const char *text, bool groups)
{
	enum { N = 20000 };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct regex_span spans[8];
	const struct regex *re;
	double best = 1e9;
	size_t sum = 0;

	err_free(regex_compile(&a, str_c(pattern), &re));
	for (int round = 0; round < BEST_OF; round++) {
		double start = seconds();

		for (int i = 0; i < N; i++)
			sum += regex_find(re, str_c(text), spans, groups ? regex_groups(re) : 0);
		best = fmin(best, seconds() - start);
	}
	print_ns(groups ? "find" : "test", pattern, best, sum ? N : N - 1);
}

static size_t find_all(const struct regex *re, str text)
{
	CLEANUP(regex_search_release) struct regex_search s;
	struct regex_span spans[8];
	size_t n = 0;

	regex_search_init(&s, re, text);
	while (regex_next(&s, spans, regex_groups(re)))
		n++;
	return n;
}

static void bench_long(const char *pattern, str text)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct regex *re;
	double best = 1e9;
	size_t n = 0;

	err_free(regex_compile(&a, str_c(pattern), &re));
	for (int round = 0; round < BEST_OF; round++) {
		double start = seconds();

		n = find_all(re, text);
		best = fmin(best, seconds() - start);
	}
	printf("regex %-12s %-42.42s %9.1f MB/s %8zu found\n", "find all", pattern,
	       (double)text.n / best / 1e6, n);
}

static void bench_replace(void)
{
	enum { N = 20000 };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const char *pattern = "[^a-z0-9]+";
	const struct regex *re;
	double best = 1e9;

	err_free(regex_compile(&a, str_c(pattern), &re));
	for (int round = 0; round < BEST_OF; round++) {
		double start = seconds();

		for (int i = 0; i < N; i++) {
			buf_clear(&b);
			regex_replace(re, S("feature/ABC-123_some branch name"), S("-"), &b);
		}
		best = fmin(best, seconds() - start);
	}
	print_ns("replace", pattern, best, N);
}

static void bench_versions(void)
{
	enum { N = 20000 };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct constraint *c;
	struct semver v = { 0 };
	double parse = 1e9, check = 1e9;
	size_t sum = 0;

	err_free(constraint_parse(&a, S(">=1.2.0 <2.0.0 || ^3.1"), &c));
	for (int round = 0; round < BEST_OF; round++) {
		double start = seconds();

		for (int i = 0; i < N; i++)
			sum += semver_try_parse(&v, S("v1.24.7-rc.1+build.5"));
		parse = fmin(parse, seconds() - start);
		start = seconds();
		for (int i = 0; i < N; i++) {
			v.minor += sum & 1;
			sum += constraint_check(c, &v);
		}
		check = fmin(check, seconds() - start);
	}
	print_ns("semver", "v1.24.7-rc.1+build.5", parse, N);
	print_ns("constraint", ">=1.2.0 <2.0.0 || ^3.1", check, N);
}

int main(void)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT, hostile = BUF_INIT;

	for (size_t i = 0; i < sizeof compiled / sizeof *compiled; i++)
		bench_compile(compiled[i]);
	for (size_t i = 0; i < sizeof shorts / sizeof *shorts; i++) {
		bench_short(shorts[i].pattern, shorts[i].text, false);
		bench_short(shorts[i].pattern, shorts[i].text, true);
	}
	bench_replace();
	bench_versions();
	make_text(&text, 1 << 20);
	for (size_t i = 0; i < sizeof longs / sizeof *longs; i++)
		bench_long(longs[i], buf_str(&text));
	buf_fill(&hostile, 'a', 100000);
	buf_addc(&hostile, 'b');
	bench_long("^(a+)+$", buf_str(&hostile));
	return 0;
}
