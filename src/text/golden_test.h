/* golden_test - answers compared with those that Go gave.
 *
 * tools/golden/text asked the Go originals about inputs made from a fixed
 * sequence of random numbers, and kept a digest for each thousand answers in
 * tests/golden/AREA/digests. A test makes the same inputs with the functions
 * below and compares the digests; with ANSWERS set in the environment, both
 * sides print all answers to standard error.
 */
#ifndef TEXT_GOLDEN_TEST_H
#define TEXT_GOLDEN_TEST_H

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "text/quote.h"

/* A random number: splitmix64. */
static inline uint64_t random_next(uint64_t *r)
{
	uint64_t z = *r += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static inline uint32_t random_below(uint64_t *r, uint32_t n)
{
	return (uint32_t)(random_next(r) % n);
}

/* Add up to `most` bytes of the alphabet. */
static inline void random_text(uint64_t *r, struct buf *b, str alphabet, uint32_t most)
{
	for (uint32_t n = random_below(r, most + 1); n > 0; n--)
		buf_addc(b, alphabet.p[random_below(r, (uint32_t)alphabet.n)]);
}

#define random_pick(r, b, ...)                                                      \
	buf_add((b), str_c(((const char *const[]){ __VA_ARGS__ })[random_below(     \
			     (r), sizeof((const char *const[]){ __VA_ARGS__ }) /    \
					  sizeof(const char *))]))

/* Add the text of an error, which ends. */
static inline void add_error(struct buf *b, err *e)
{
	buf_add(b, err_text(e));
	err_free(e);
}

/* Adds one answer to an empty buffer. */
typedef void golden_ask(uint64_t *r, struct buf *answer);

static inline void golden_compare(FILE *f, const char *name, int first, uint64_t digest)
{
	char want[100] = "", got[100];

	assert_non_null(fgets(want, sizeof want, f));
	snprintf(got, sizeof got, "%s %016" PRIx64 "\n", name, digest);
	if (strcmp(want, got) != 0)
		fail_msg("answers from %d on: digest %.*s, not %s", first, (int)strlen(got) - 1, got,
			 want);
}

/* Ask `n` times and compare with the digests called `name`. */
static inline void golden_check(const char *area, const char *name, int n, golden_ask *ask)
{
	CLEANUP(buf_release) struct buf answer = BUF_INIT, quoted = BUF_INIT;
	uint64_t r = strlen(name), digest = 0xcbf29ce484222325;
	char path[4096], line[100] = "";
	long start = 0;

	snprintf(path, sizeof path, "%s/%s/digests", getenv("GOLDEN"), area);
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	do {
		start = ftell(f);
		assert_non_null(fgets(line, sizeof line, f));
	} while (strncmp(line, name, r) != 0 || line[r] != ' ');
	fseek(f, start, SEEK_SET);
	for (int i = 0; i < n; i++) {
		buf_clear(&answer);
		ask(&r, &answer);
		if (getenv("ANSWERS")) {
			buf_clear(&quoted);
			quote_add(&quoted, buf_str(&answer), QUOTE_PRINT);
			fprintf(stderr, "%s %d %s\n", name, i, buf_c(&quoted));
		}
		buf_addc(&answer, '\n');
		for (size_t at = 0; at < answer.n; at++)
			digest = (digest ^ (unsigned char)answer.p[at]) * 0x100000001b3;
		if (i % 1000 == 999 || i == n - 1)
			golden_compare(f, name, i / 1000 * 1000, digest);
	}
	fclose(f);
}

#endif
