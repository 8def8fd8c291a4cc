/* bench_number - the small texts, nanoseconds each; bench/peers/number prints
 * the same lines for the Go originals. */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "text/duration.h"
#include "text/gotime.h"
#include "text/number.h"
#include "text/quantity.h"
#include "text/quote.h"

enum { N = 4096, ROUNDS = 200 };

struct work {
	double any[N], common[N];
	char texts[4][N][32];		/* any, common, integers, quantities */
	struct buf out;
	uint64_t sum;			/* keeps the compiler honest */
};

static uint64_t next_random(uint64_t *r)
{
	*r ^= *r << 13;
	*r ^= *r >> 7;
	return *r ^= *r << 17;
}

static void prepare(struct work *w)
{
	static const char *const suffixes[] = { "m", "", "Mi", "Gi", "k" };
	uint64_t r = 88172645463325252;

	for (int i = 0; i < N; i++) {
		do {
			uint64_t bits = next_random(&r);

			memcpy(&w->any[i], &bits, sizeof bits);
		} while (!isfinite(w->any[i]));
		w->common[i] = (double)(next_random(&r) % 100000) / 100;
		number_print_float(w->texts[0][i], w->any[i], NUMBER_G);
		number_print_float(w->texts[1][i], w->common[i], NUMBER_G);
		snprintf(w->texts[2][i], 32, "%jd", (intmax_t)(next_random(&r) >> 40));
		snprintf(w->texts[3][i], 32, "%d%s", (int)(next_random(&r) % 10000), suffixes[i % 5]);
	}
}

static void print_any(struct work *w, int i)
{
	char text[NUMBER_MAX];

	w->sum += number_print_float(text, w->any[i], NUMBER_G);
}

static void print_common(struct work *w, int i)
{
	char text[NUMBER_MAX];

	w->sum += number_print_float(text, w->common[i], NUMBER_G);
}

static void print_fixed(struct work *w, int i)
{
	buf_clear(&w->out);
	number_add_format(&w->out, w->common[i], 'f', 2);
	w->sum += w->out.n;
}

static void parse_texts(struct work *w, int i, int which)
{
	double f = 0;

	err_free(number_parse_float(str_c(w->texts[which][i]), &f));
	w->sum += (uint64_t)(f > 1);
}

static void parse_any(struct work *w, int i)
{
	parse_texts(w, i, 0);
}

static void parse_common(struct work *w, int i)
{
	parse_texts(w, i, 1);
}

static void parse_int(struct work *w, int i)
{
	int64_t n = 0;

	err_free(number_parse_int(str_c(w->texts[2][i]), 10, &n));
	w->sum += (uint64_t)n;
}

static void quote(struct work *w, int i)
{
	buf_clear(&w->out);
	quote_add(&w->out, S("a text of some \"length\" that is quoted, w\u00f6rd by word"),
		  QUOTE_PRINT);
	w->sum += w->out.n + (uint64_t)i;
}

static void time_format(struct work *w, int i)
{
	buf_clear(&w->out);
	gotime_format(&w->out, gotime_utc(1700000000 + i, 0), GOTIME_RFC3339);
	w->sum += w->out.n;
}

static void time_parse(struct work *w, int i)
{
	struct gotime t = { 0 };

	err_free(gotime_parse(&t, GOTIME_RFC3339, S("2024-05-06T07:08:09Z"), NULL));
	w->sum += (uint64_t)t.sec + (uint64_t)i;
}

static void duration(struct work *w, int i)
{
	int64_t d = 0;

	err_free(duration_parse(S("1h15m30.918s"), &d));
	buf_clear(&w->out);
	duration_add(&w->out, d + i);
	w->sum += w->out.n;
}

static void quantity(struct work *w, int i)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct quantity q = { 0 };

	err_free(quantity_parse(&a, str_c(w->texts[3][i]), &q));
	buf_clear(&w->out);
	quantity_add_text(&w->out, &q);
	w->sum += w->out.n;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(struct work *, int);
	} cases[] = {
		{ "float print any", print_any },
		{ "float print common", print_common },
		{ "float print %.2f", print_fixed },
		{ "float parse any", parse_any },
		{ "float parse common", parse_common },
		{ "int parse", parse_int },
		{ "quote", quote },
		{ "time format rfc3339", time_format },
		{ "time parse rfc3339", time_parse },
		{ "duration parse+print", duration },
		{ "quantity parse+print", quantity },
	};
	static struct work w = { .out = BUF_INIT };

	prepare(&w);
	for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
		double best = 1e9;

		for (int round = 0; round < ROUNDS; round++) {
			double start = seconds();

			for (int i = 0; i < N; i++)
				cases[c].run(&w, i);
			best = fmin(best, seconds() - start);
		}
		printf("number %-22s %8.1f ns\n", cases[c].name, best / N * 1e9);
	}
	buf_release(&w.out);
	return w.sum == 0;
}
