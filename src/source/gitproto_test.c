#include "source/git_test.h"

#include "source/gitproto.h"

static struct gitpkt over(str *text)
{
	struct gitpkt g;

	gitpkt_init(&g, gitpkt_text(text));
	return g;
}

static const struct {
	const char *bytes, *text;
} bad_packets[] = {
	{ "00", "unexpected EOF" },          { "zzzz", "invalid pkt-len found" },
	{ "0003", "invalid pkt-len found" }, { "fff1", "invalid pkt-len found" },
	{ "0009abc", "unexpected EOF" },     { "000fERR go away\n", "go away" },
};

static void test_packets(void **state)
{
	str text = S("0009done\n0008done000000010002");
	CLEANUP(gitpkt_release) struct gitpkt g = over(&text);
	static const enum gitpkt_kind kinds[] = { GITPKT_LINE,  GITPKT_LINE, GITPKT_FLUSH,
						  GITPKT_DELIM, GITPKT_END,  GITPKT_EOF };
	enum gitpkt_kind kind;
	str line;

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		assert_ok(gitpkt_next(&g, &kind, &line));
		assert_int_equal(kind, kinds[i]);
		if (kind == GITPKT_LINE)
			assert_true(str_eq(line, S("done")));
	}
	for (size_t i = 0; i < sizeof bad_packets / sizeof *bad_packets; i++) {
		str bytes = str_c(bad_packets[i].bytes);
		CLEANUP(gitpkt_release) struct gitpkt bad = over(&bytes);

		assert_error(gitpkt_next(&bad, &kind, &line), bad_packets[i].text);
	}
}

#define X    "0123456789012345678901234567890123456789"
#define Y    "1111111111111111111111111111111111111111"
#define X256 X "012345678901234567890123"

/* Lines as the server sends them: '|' is NUL, "." is a flush. */
static const struct {
	const char *lines;
	unsigned version;
	enum gitid_algo algo;
	bool shallow, any;
	size_t refs;
	const char *text; /* an error */
} greetings[] = {
	{ "version 2\nagent=git/2.39.5\nls-refs=unborn\nfetch=shallow wait-for-done\n.", 2,
	  GITID_SHA1, true, true, 0, NULL },
	{ "# service=git-upload-pack\n.\nversion 2\nobject-format=sha256\n.", 2, GITID_SHA256,
	  false, true, 0, NULL },
	{ X " HEAD|shallow x\n" Y " refs/tags/v1\n" X " refs/tags/v1^{}\n.", 0, GITID_SHA1, true,
	  false, 2, NULL },
	{ "version 1\n" X " HEAD|allow-reachable-sha1-in-want\n.", 1, GITID_SHA1, false, true, 1,
	  NULL },
	{ X256 " HEAD|object-format=sha256\nshallow " X256 "\n.", 0, GITID_SHA256, false, false, 1,
	  NULL },
	{ "0000000000000000000000000000000000000000 capabilities^{}|shallow side-band-64k\n.", 0,
	  GITID_SHA1, true, false, 0, NULL },
	{ ".", 0, GITID_SHA1, false, false, 0, NULL },
	{ X " HEAD|", 0, 0, 0, 0, 0, "malformed answer of the git server: unexpected end" },
	{ "version 2\nobject-format=md5\n.", 0, 0, 0, 0, 0, "unsupported object format: md5" },
	{ "# service=git-upload-archive\n.", 0, 0, 0, 0, 0,
	  "malformed answer of the git server: another service" },
	{ "not a reference\n.", 0, 0, 0, 0, 0, "malformed answer of the git server: a reference" },
	{ "ERR access denied\n.", 0, 0, 0, 0, 0, "access denied" },
	{ "", 0, 0, 0, 0, 0, "unexpected EOF" },
};

static void put_lines(struct buf *b, str lines)
{
	str line;

	while (str_cut(&lines, &line, '\n')) {
		CLEANUP(buf_release) struct buf one = BUF_INIT;

		if (str_eq(line, S("."))) {
			gitpkt_flush(b);
			continue;
		}
		buf_add(&one, line);
		for (size_t i = 0; i < one.n; i++)
			if (one.p[i] == '|')
				one.p[i] = 0;
		buf_addc(&one, '\n');
		gitpkt_add(b, buf_str(&one));
	}
}

static void test_greetings(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof greetings / sizeof *greetings; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		put_lines(&b, str_c(greetings[i].lines));
		str bytes = buf_str(&b);
		CLEANUP(gitpkt_release) struct gitpkt g = over(&bytes);
		struct gitproto_server s;
		err *e = gitproto_greeting(&g, &a, &s);

		if (greetings[i].text) {
			assert_error(e, greetings[i].text);
			continue;
		}
		if (e)
			fail_msg("%zu: %s", i, err_msg(e));
		assert_int_equal(s.version, greetings[i].version);
		assert_int_equal(s.algo, greetings[i].algo);
		assert_int_equal(s.shallow, greetings[i].shallow);
		assert_int_equal(s.any_object, greetings[i].any);
		assert_int_equal(s.refs.n, greetings[i].refs);
	}
}

static void test_references(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct gitproto_refs refs;

	(void)state;
	gitpkt_add(&b, S(X " HEAD symref-target:refs/heads/main\n"));
	gitpkt_add(&b, S("unborn HEAD symref-target:refs/heads/main\n"));
	gitpkt_add(&b, S(Y " refs/tags/v1 peeled:" X "\n"));
	gitpkt_flush(&b);
	str bytes = buf_str(&b);
	CLEANUP(gitpkt_release) struct gitpkt g = over(&bytes);

	assert_ok(gitproto_read_refs(&g, &a, GITID_SHA1, &refs));
	assert_int_equal(refs.n, 2);
	assert_true(str_eq(gitproto_find(&refs, S("HEAD"))->target, S("refs/heads/main")));
	assert_int_equal(gitproto_find(&refs, S("refs/tags/v1"))->peeled.b[1], 0x23);
	assert_null(gitproto_find(&refs, S("refs/tags")));
	bytes = buf_str(&b);
	CLEANUP(gitpkt_release) struct gitpkt again = over(&bytes);

	assert_error(gitproto_read_refs(&again, &a, GITID_SHA256, &refs),
		     "malformed answer of the git server: a reference");
}

#define AGENT "agent=rill/" RILL_VERSION "\n"

/* Where the agent's line stands is "@"; its length is that of our version. */
static void assert_request(struct buf *b, const char *want)
{
	CLEANUP(buf_release) struct buf all = BUF_INIT;

	for (; *want; want++) {
		if (*want == '@')
			buf_addf(&all, "%04zx" AGENT, sizeof AGENT - 1 + 4);
		else
			buf_addc(&all, *want);
	}
	assert_string_equal(buf_c(b), buf_c(&all));
	buf_clear(b);
}

static void test_requests(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct gitproto_server v2 = { .version = 2, .shallow = true }, old = { 0 };
	str prefix = S("refs/heads/main");
	struct gitid id;

	(void)state;
	assert_true(gitid_parse(&id, S(X)));
	gitproto_ask_refs(&b, GITID_SHA256, &prefix, 1);
	assert_request(&b,
		       "0014command=ls-refs\n@0019object-format=sha256\n00010009peel\n000csymrefs\n"
		       "001fref-prefix refs/heads/main\n0000");
	gitproto_ask_pack(&b, &v2, &id, 1, 1);
	assert_request(&b, "0012command=fetch\n@0017object-format=sha1\n00010010no-progress\n"
			   "000eofs-delta\n0032want " X "\n000ddeepen 1\n0009done\n0000");
	gitproto_ask_pack(&b, &v2, &id, 1, 0);
	assert_request(&b, "0012command=fetch\n@0017object-format=sha1\n00010010no-progress\n"
			   "000eofs-delta\n0032want " X "\n0009done\n0000");
	struct gitid two[] = { id, id };
	struct gitproto_server v0 = { .shallow = true, .side_band = true };

	gitproto_ask_pack(&b, &v0, two, 2, 1);
	assert_true(str_starts(str_from(buf_str(&b), 4),
			       S("want " X " side-band-64k agent=rill/" RILL_VERSION "\n0032want " X
				 "\n000cdeepen 100000009done\n")));
	buf_clear(&b);
	gitproto_ask_pack(&b, &old, &id, 1, 1);
	assert_true(str_ends(buf_str(&b), S("00000009done\n")));
}

static void add_band(struct buf *b, char band, str text)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;

	buf_addc(&line, band);
	buf_add(&line, text);
	gitpkt_add(b, buf_str(&line));
}

static err *read_pack(str bytes, const struct gitproto_server *s, unsigned depth, size_t *n)
{
	CLEANUP(gitpkt_release) struct gitpkt g = over(&bytes);
	CLEANUP(gitpack_drop) struct gitpack *pack = NULL;

	TRY(gitpack_new(&pack, GITID_SHA1, NULL));
	TRY(gitproto_read_pack(&g, s, depth, pack));
	*n = gitpack_count(pack);
	return NULL;
}

static void test_answers_with_packs(void **state)
{
	struct gitproto_server v2 = { .version = 2, .shallow = true },
			       v0 = { .shallow = true, .side_band = true }, old = { 0 };
	struct git_test g;
	size_t n;

	(void)state;
	git_test_init(&g);
	git_test_repo(&g, "sha1");
	str pack = git(&g, "repo", "pack-objects", "--all", "--stdout", "-q");

	for (int cut = 0; cut < 2; cut++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		gitpkt_add(&b, S("shallow-info\n"));
		gitpkt_add(&b, S("shallow " X "\n"));
		gitpkt_delim(&b);
		gitpkt_add(&b, S("packfile\n"));
		add_band(&b, 2, S("counting\n"));
		add_band(&b, 1, str_sub(pack, 0, 100));
		add_band(&b, 1, str_from(pack, 100));
		if (!cut)
			gitpkt_flush(&b);
		if (cut)
			assert_error(read_pack(buf_str(&b), &v2, 1, &n), "unexpected EOF");
		else
			assert_ok(read_pack(buf_str(&b), &v2, 1, &n));
	}
	assert_true(n > 10);
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	gitpkt_add(&b, S("shallow " X));
	gitpkt_flush(&b);
	gitpkt_add(&b, S("NAK\n"));
	add_band(&b, 1, pack);
	gitpkt_flush(&b);
	assert_ok(read_pack(buf_str(&b), &v0, 1, &n));
	buf_clear(&b);
	gitpkt_add(&b, S("NAK\n"));
	buf_add(&b, pack);
	assert_ok(read_pack(buf_str(&b), &old, 1, &n));
	buf_clear(&b);
	gitpkt_add(&b, S("packfile\n"));
	add_band(&b, 3, S("out of memory\n"));
	assert_error(read_pack(buf_str(&b), &v2, 1, &n), "out of memory");
	buf_clear(&b);
	gitpkt_add(&b, S("packfile\n"));
	add_band(&b, 7, S("x"));
	assert_error(read_pack(buf_str(&b), &v2, 1, &n),
		     "malformed answer of the git server: unknown channel");
	buf_clear(&b);
	gitpkt_add(&b, S("acknowledgments\n"));
	gitpkt_flush(&b);
	assert_error(read_pack(buf_str(&b), &v2, 1, &n),
		     "malformed answer of the git server: no pack");
	git_test_release(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_greetings),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_answers_with_packs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
