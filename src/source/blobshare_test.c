#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <cmocka.h>

#include "base/clock.h"
#include "source/blobshare.h"

#define KEY  S("repo@sha256:1")
#define LATE (clock_mono() + 60 * CLOCK_SECOND)

static void put(struct spool *s, str text)
{
	spool_init(s, 64);
	assert_null(spool_add(s, text));
}

static void test_downloaded_once(void **state)
{
	struct blobshare *s = blobshare_new();
	const str texts[] = { S("small"), S("one that is too large to be held in memory, and so lies "
					    "in a file without a name") };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(spool_release) struct spool mine = { .fd = -1 }, theirs = { .fd = -1 };
		str key = i ? KEY : S("other"), got;

		spool_init(&theirs, 64);
		assert_int_equal(blobshare_begin(s, key, LATE, NULL, &theirs), BLOBSHARE_LEAD);
		put(&mine, texts[i]);
		blobshare_end(s, key, &mine);
		spool_release(&mine); /* what is shared stays */
		assert_int_equal(blobshare_begin(s, key, LATE, NULL, &theirs), BLOBSHARE_HAVE);
		assert_null(spool_text(&theirs, &got));
		assert_true(str_eq(got, texts[i]));
	}
	blobshare_free(s);
}

static void test_failed_or_late(void **state)
{
	struct blobshare *s = blobshare_new();
	CLEANUP(spool_release) struct spool to = { .fd = -1 };
	atomic_bool cancel = true;

	(void)state;
	spool_init(&to, 64);
	assert_int_equal(blobshare_begin(s, KEY, LATE, NULL, &to), BLOBSHARE_LEAD);
	assert_int_equal(blobshare_begin(s, KEY, clock_mono(), NULL, &to), BLOBSHARE_ALONE);
	assert_int_equal(blobshare_begin(s, KEY, LATE, &cancel, &to), BLOBSHARE_ALONE);
	blobshare_end(s, KEY, NULL);
	assert_int_equal(blobshare_begin(s, KEY, LATE, NULL, &to), BLOBSHARE_LEAD);
	blobshare_end(s, KEY, NULL);
	blobshare_free(s);
}

static void test_few_are_kept(void **state)
{
	struct blobshare *s = blobshare_new();
	size_t kept = 0;

	(void)state;
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 2 * BLOBSHARE_BLOBS; i++) {
			CLEANUP(spool_release) struct spool to = { .fd = -1 }, mine = { .fd = -1 };
			char name[4] = { (char)('a' + i / 16), (char)('a' + i % 16), 0 };

			spool_init(&to, 64);
			put(&mine, S("x"));
			if (blobshare_begin(s, str_c(name), LATE, NULL, &to) == BLOBSHARE_HAVE)
				kept++;
			else
				blobshare_end(s, str_c(name), &mine);
		}
	assert_true(kept <= BLOBSHARE_BLOBS);
	blobshare_free(s);
}

/* ---- threads --------------------------------------------------------------- */

enum { THREADS = 12 };

struct crowd {
	struct blobshare *s;
	atomic_int led, had, failures;
};

static void *want(void *arg)
{
	struct crowd *c = arg;
	CLEANUP(spool_release) struct spool to = { .fd = -1 };
	str got;

	spool_init(&to, 64);
	if (blobshare_begin(c->s, KEY, LATE, NULL, &to) == BLOBSHARE_HAVE) {
		assert_null(spool_text(&to, &got));
		assert_true(str_eq(got, S("the bytes")));
		c->had++;
		return NULL;
	}
	c->led++;
	if (c->failures-- > 0) {
		blobshare_end(c->s, KEY, NULL);
		return NULL;
	}
	assert_null(spool_add(&to, S("the bytes")));
	blobshare_end(c->s, KEY, &to);
	return NULL;
}

static void test_a_crowd(void **state)
{
	(void)state;
	for (int failures = 0; failures < 3; failures++) {
		struct crowd c = { .s = blobshare_new(), .failures = failures };
		pthread_t threads[THREADS];

		for (int i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, want, &c), 0);
		for (int i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
		assert_int_equal(c.led, failures + 1);
		assert_int_equal(c.had, THREADS - failures - 1);
		blobshare_free(c.s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_downloaded_once),
		cmocka_unit_test(test_failed_or_late),
		cmocka_unit_test(test_few_are_kept),
		cmocka_unit_test(test_a_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
