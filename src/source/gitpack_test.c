#include "source/git_test.h"

#include <zlib.h>

#include "source/gitobj.h"
#include "source/gitpack_impl.h"

static err *load(struct gitpack **p, enum gitid_algo algo, const struct gitpack_limits *l,
		 str bytes)
{
	err *e = gitpack_new(p, algo, l);

	/* In odd pieces, as they come. */
	for (size_t at = 0; !e && at < bytes.n; at += 777)
		e = gitpack_add(*p, str_sub(bytes, at, at + 777));
	return e ? e : gitpack_finish(*p);
}

/* Versions of a long text become deltas, some of them in long chains. */
static void add_versions(struct git_test *g)
{
	char big[20000];

	for (int i = 0; i < 25; i++) {
		for (size_t k = 0; k < sizeof big - 1; k++)
			big[k] = (char)('a' + (k * 31 + k / 7) % 26);
		big[100 + i * 300] = (char)('A' + i % 26);
		big[sizeof big - 1] = 0;
		git_test_file(g, "repo/big.txt", big);
		git(g, "repo", "add", ".");
		git(g, "repo", "commit", "-q", "-m", "more");
	}
}

static void test_all_objects_of_a_repository(void **state)
{
	static const char *const formats[] = { "sha1", "sha256" };

	(void)state;
	for (size_t f = 0; f < 2; f++) {
		struct git_test g;
		CLEANUP(gitpack_drop) struct gitpack *p = NULL;

		git_test_init(&g);
		git_test_repo(&g, formats[f]);
		add_versions(&g);
		const char *how[] = { "--delta-base-offset", "--no-reuse-delta" };

		for (size_t k = 0; k < 2; k++) {
			str pack = git(&g, "repo", "pack-objects", "--all", "--stdout", "-q",
				       "--depth=50", how[k]);
			str list = git(&g, "repo", "cat-file", "--batch-check",
				       "--batch-all-objects"),
			    line;

			gitpack_free(p);
			p = NULL;
			struct gitpack_limits small = { .memory = k ? 100000 : 0 };

			assert_ok(load(&p, f ? GITID_SHA256 : GITID_SHA1, &small, pack));
			size_t n = 0, deltas = 0;

			while (str_line(&list, &line)) {
				str hex, type, size, text;
				struct gitid id;
				enum gitpack_type t;
				size_t bytes;

				str_cut(&line, &hex, ' ');
				str_cut(&line, &type, ' ');
				str_cut(&line, &size, ' ');
				assert_true(gitid_parse(&id, hex));
				assert_true(gitpack_find(p, &id, &t, &bytes));
				assert_true(str_eq(gitpack_type_name(t), type));
				assert_ok(gitpack_read(p, &g.a, &id, t, &text));
				assert_int_equal(text.n, strtoul(size.p, NULL, 10));
				n++;
			}
			assert_int_equal(n, gitpack_count(p));
			for (size_t i = 0; i < n; i++)
				deltas += p->entries[i].depth > 0;
			assert_true(deltas > 10);
		}
		git_test_release(&g);
	}
}

/* ---- packs made by hand --------------------------------------------------- */

static void put_object(struct buf *b, unsigned type, size_t size, str head, str bytes)
{
	unsigned char packed[4096];
	uLongf n = sizeof packed;
	unsigned char c = (unsigned char)(type << 4 | (size & 15));

	for (size >>= 4; size; size >>= 7) {
		buf_addc(b, (char)(c | 128));
		c = size & 127;
	}
	buf_addc(b, (char)c);
	buf_add(b, head);
	assert_int_equal(compress(packed, &n, (const unsigned char *)bytes.p, bytes.n), Z_OK);
	buf_bytes(b, packed, n);
}

static void start(struct buf *b, unsigned count)
{
	const char head[12] = { 'P',
				'A',
				'C',
				'K',
				0,
				0,
				0,
				2,
				(char)(count >> 24),
				(char)(count >> 16),
				(char)(count >> 8),
				(char)count };

	buf_clear(b);
	buf_bytes(b, head, 12);
}

static void finish(struct buf *b)
{
	struct gitid_hash h;

	assert_ok(gitid_hash_init(&h, GITID_SHA1));
	gitid_hash_add(&h, buf_str(b));
	struct gitid sum = gitid_hash_end(&h);

	gitid_hash_release(&h);
	buf_bytes(b, sum.b, 20);
}

static void assert_refused(str bytes, const struct gitpack_limits *l, const char *text)
{
	CLEANUP(gitpack_drop) struct gitpack *p = NULL;

	assert_error(load(&p, GITID_SHA1, l, bytes), text);
}

/* Copies all of a base of 8 bytes, and adds "!". */
#define DELTA S("\x08\x09\x90\x08\x01!")

static struct gitid blob_id(str bytes)
{
	struct gitid_hash h;

	assert_ok(gitid_hash_init(&h, GITID_SHA1));
	struct gitid id = gitid_hash_object(&h, S("blob"), bytes);

	gitid_hash_release(&h);
	return id;
}

static void test_bases_that_come_later(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(gitpack_drop) struct gitpack *p = NULL;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct gitid base = blob_id(S("12345678")), next = blob_id(S("12345678!")),
		     last = blob_id(S("12345678!?"));
	str text;

	(void)state;
	/* a delta of a delta of what comes last, and one by distance to it */
	start(&b, 4);
	put_object(&b, 7, 6, str_of((char *)next.b, 20), S("\x09\x0a\x90\x09\x01?"));
	size_t second = b.n;

	put_object(&b, 7, 6, str_of((char *)base.b, 20), DELTA);
	char back = (char)(b.n - second);

	put_object(&b, 6, 5, str_of(&back, 1), S("\x09\x02\x02ok"));
	put_object(&b, 3, 8, STR_NONE, S("12345678"));
	finish(&b);
	assert_ok(load(&p, GITID_SHA1, NULL, buf_str(&b)));
	assert_ok(gitpack_read(p, &a, &last, GITPACK_BLOB, &text));
	assert_true(str_eq(text, S("12345678!?")));
	struct gitid ok = blob_id(S("ok"));

	assert_ok(gitpack_read(p, &a, &ok, GITPACK_BLOB, &text));
	assert_error(gitpack_read(p, &a, &ok, GITPACK_TREE, &text), "object not found");
}

static void test_hostile_packs(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	assert_refused(S(""), NULL, "empty packfile");
	assert_refused(S("PACK"), NULL, "unexpected EOF");
	start(&b, 0);
	b.p[0] = 'B';
	finish(&b);
	assert_refused(buf_str(&b), NULL, "malformed pack file: no signature");
	start(&b, 0);
	b.p[7] = 4;
	finish(&b);
	assert_refused(buf_str(&b), NULL, "unsupported packfile version: 4");
	start(&b, 1);
	put_object(&b, 3, 8, STR_NONE, S("12345678"));
	finish(&b);
	b.p[b.n - 1]++;
	assert_refused(buf_str(&b), NULL, "malformed pack file: checksum mismatch");
	start(&b, 2000000);
	put_object(&b, 3, 8, STR_NONE, S("12345678"));
	finish(&b);
	assert_refused(buf_str(&b), NULL, "malformed pack file: fewer objects than it says");
	start(&b, 2000001);
	finish(&b);
	assert_refused(buf_str(&b), NULL, "pack file has more than 2000000 objects");
	start(&b, 1);
	put_object(&b, 3, 8, STR_NONE, S("12345678"));
	buf_add(&b, S("more"));
	finish(&b);
	assert_refused(buf_str(&b), NULL, "malformed pack file: bytes behind the last object");
}

static void test_sizes_that_lie(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	start(&b, 1);
	put_object(&b, 3, 4, STR_NONE, S("12345678"));
	finish(&b);
	assert_refused(buf_str(&b), NULL, "malformed pack file: object is larger than it says");
	start(&b, 1);
	put_object(&b, 3, 100, STR_NONE, S("12345678"));
	finish(&b);
	assert_refused(buf_str(&b), NULL, "malformed pack file: corrupt object");
	start(&b, 1);
	put_object(&b, 3, (size_t)4 << 30, STR_NONE, S("12345678"));
	finish(&b);
	assert_refused(buf_str(&b), NULL, "object of the pack file is larger than 134217728 bytes");
	start(&b, 1);
	put_object(&b, 5, 8, STR_NONE, S("12345678"));
	finish(&b);
	assert_refused(buf_str(&b), NULL, "malformed pack file: unknown type of object");
}

static void test_bad_deltas(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct gitid base = blob_id(S("12345678")), none = blob_id(S("none"));

	(void)state;
	start(&b, 1);
	put_object(&b, 7, 6, str_of((char *)none.b, 20), DELTA);
	finish(&b);
	assert_refused(buf_str(&b), NULL, "malformed pack file: delta without a base");
	start(&b, 1);
	put_object(&b, 6, 6, S("\x7f"), DELTA);
	finish(&b);
	assert_refused(buf_str(&b), NULL, "malformed pack file: delta without a base");
	static const struct {
		const char *delta;
		size_t n;
	} deltas[] = {
		{ "\x07\x09\x90\x08\x01!", 6 },    /* another base size */
		{ "\x08\x09\x90\x09\x01!", 6 },    /* copies beyond the base */
		{ "\x08\x0a\x90\x08\x01!", 6 },    /* makes less than it says */
		{ "\x08\x08\x90\x08\x01!", 6 },    /* makes more */
		{ "\x08\x09\x90\x08\x00!", 6 },    /* no such instruction */
		{ "\x08\x09\x90\x08\x05!", 6 },    /* ends too early */
		{ "\x08\xff\xff\xff\xff\xff", 6 }, /* a size without end */
	};
	for (size_t i = 0; i < sizeof deltas / sizeof *deltas; i++) {
		start(&b, 2);
		put_object(&b, 3, 8, STR_NONE, S("12345678"));
		put_object(&b, 7, 6, str_of((char *)base.b, 20),
			   str_of(deltas[i].delta, deltas[i].n));
		finish(&b);
		assert_refused(buf_str(&b), NULL, "malformed pack file: invalid delta");
	}
	start(&b, 2);
	put_object(&b, 3, 8, STR_NONE, S("12345678"));
	put_object(&b, 7, 9, str_of((char *)base.b, 20), S("\x08\xff\xff\xff\xff\x0f\x90\x08!"));
	finish(&b);
	assert_refused(buf_str(&b), NULL, "object of the pack file is larger than 134217728 bytes");
}

/* Two deltas that are each other's base cannot be named, as names are hashes;
 * they are as any delta whose base never comes. */
static void test_limits(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct gitpack_limits few = { .bytes = 30 }, small = { .unpacked = 10 },
			      one = { .count = 1 };
	atomic_bool yes = true;
	struct gitpack_limits late = { .deadline = 1 }, canceled = { .cancel = &yes };

	(void)state;
	start(&b, 2);
	put_object(&b, 3, 8, STR_NONE, S("12345678"));
	put_object(&b, 3, 8, STR_NONE, S("abcdefgh"));
	finish(&b);
	assert_refused(buf_str(&b), &few, "packfile is larger than 30 bytes");
	assert_refused(buf_str(&b), &small, "objects of the pack file are larger than 10 bytes");
	assert_refused(buf_str(&b), &one, "pack file has more than 1 objects");
	assert_refused(buf_str(&b), &late, "context deadline exceeded");
	assert_refused(buf_str(&b), &canceled, "context canceled");
}

static void test_a_chain_of_100000_deltas(void **state)
{
	enum { N = 100000 };
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(gitpack_drop) struct gitpack *p = NULL;

	(void)state;
	start(&b, N);
	size_t before = b.n;

	put_object(&b, 3, 8, STR_NONE, S("12345678"));
	for (unsigned i = 1; i < N; i++) {
		char back = (char)(b.n - before), delta[11] = { 8, 8, 8 };

		before = b.n;
		snprintf(delta + 3, 8, "%07u", i);
		delta[10] = '.';
		put_object(&b, 6, 11, str_of(&back, 1), str_of(delta, 11));
	}
	finish(&b);
	assert_error(load(&p, GITID_SHA1, NULL, buf_str(&b)),
		     "malformed pack file: chain of more than 4096 deltas");
}

static void test_spilled_objects(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT, big = BUF_INIT;
	CLEANUP(gitpack_drop) struct gitpack *p = NULL;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct gitpack_limits l = { .memory = 1 };
	str text;

	(void)state;
	buf_fill(&big, 'z', 1000000);
	start(&b, 3);
	put_object(&b, 3, 8, STR_NONE, S("12345678"));
	put_object(&b, 3, 1000000, STR_NONE, buf_str(&big));
	put_object(&b, 3, 0, STR_NONE, S(""));
	finish(&b);
	assert_ok(load(&p, GITID_SHA1, &l, buf_str(&b)));
	struct gitid id = blob_id(buf_str(&big)), empty = blob_id(S(""));

	assert_ok(gitpack_read(p, &a, &id, GITPACK_BLOB, &text));
	assert_true(str_eq(text, buf_str(&big)));
	assert_ok(gitpack_read(p, &a, &empty, GITPACK_BLOB, &text));
	assert_int_equal(text.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_objects_of_a_repository),
		cmocka_unit_test(test_bases_that_come_later),
		cmocka_unit_test(test_hostile_packs),
		cmocka_unit_test(test_sizes_that_lie),
		cmocka_unit_test(test_bad_deltas),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_a_chain_of_100000_deltas),
		cmocka_unit_test(test_spilled_objects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
