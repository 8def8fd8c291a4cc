/* What source-watcher does is recorded (tests/golden/source); here is what it
 * would better not do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "archive/tgz.h"
#include "controllers/compose.h"

struct place {
	struct fs *dir;
	struct arena a;
	struct compose_source source;
	struct filelist out;
};

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	assert_null(fs_open_temp(&p->dir, STR_NONE, S("compose-")));
	p->source = (struct compose_source){ S("src"), p->dir };
	p->out.a = &p->a;
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	fs_close(p->dir);
	arena_release(&p->a);
	free(p);
	return 0;
}

static void put(struct place *p, const char *name, str text)
{
	str path = str_c(name);
	size_t slash = str_rfind_char(path, '/');

	if (slash != STR_NPOS)
		assert_null(fs_mkdir(p->dir, str_sub(path, 0, slash), 0700));
	assert_null(fs_create(p->dir, path, text, 0600));
}

static void put_archive(struct place *p, const char *name, const struct tgz_file *files, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	assert_null(tgz_write(files, n, NULL, &b));
	put(p, name, buf_str(&b));
}

static err *compose(struct place *p, const struct compose_op *ops, size_t n)
{
	const struct compose_spec spec = {
		.sources = &p->source, .sources_n = 1, .ops = ops, .ops_n = n
	};

	p->out = (struct filelist)FILELIST_INIT(&p->a);
	return compose_files(&spec, &p->out);
}

static void fails(err *e, const char *part)
{
	assert_non_null(e);
	if (!str_has(err_text(e), str_c(part)))
		fail_msg("\"%s\" is not in \"%s\"", part, err_msg(e));
	err_free(e);
}

static void test_nothing_leads_out(void **state)
{
	static const struct {
		const char *from, *to;
		enum compose_strategy strategy;
		const char *want;
	} rows[] = {
		{ "@src/x.tgz", "@artifact/../y", COMPOSE_EXTRACT,
		  "mkdirat ..: path escapes from parent" },
		{ "@src/*.tgz", "@artifact/a/../../y", COMPOSE_EXTRACT,
		  "mkdirat ..: path escapes" },
		{ "@src/../../etc/passwd", "@artifact/", COMPOSE_OVERWRITE,
		  "path escapes from parent" },
		{ "@src/link", "@artifact/", COMPOSE_OVERWRITE, "link" },
		{ "@src/link/passwd", "@artifact/", COMPOSE_OVERWRITE, "link" },
		{ "@src/link/*", "@artifact/", COMPOSE_OVERWRITE, "no files match" },
		{ "@src/x.tgz", "@artifact/../../z", COMPOSE_OVERWRITE,
		  "path escapes from parent" },
		{ "@src/x.tgz", "@artifact//abs", COMPOSE_OVERWRITE, "path escapes from parent" },
	};
	struct place *p = *state;

	put_archive(p, "x.tgz", (struct tgz_file[]){ { .name = S("f"), .bytes = S("x") } }, 1);
	str link = arena_cat(&p->a, fs_root(p->dir), S("/link"));

	assert_int_equal(symlink("/etc", link.p), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct compose_op op = { str_c(rows[i].from), str_c(rows[i].to),
					       rows[i].strategy, NULL, 0 };

		fails(compose(p, &op, 1), rows[i].want);
	}
}

/* Links that lie in a directory are passed over, as when an artifact is packed. */
static void test_links_are_not_taken(void **state)
{
	struct place *p = *state;

	put(p, "d/f", S("x"));
	assert_int_equal(symlink("/etc/passwd", arena_cat(&p->a, fs_root(p->dir), S("/d/l")).p), 0);
	const struct compose_op op = { S("@src/d"), S("@artifact/"), COMPOSE_OVERWRITE, NULL, 0 };

	assert_null(compose(p, &op, 1));
	assert_true(filelist_has(&p->out, S("d/f")));
	assert_false(filelist_has(&p->out, S("d/l")));
}

static void test_patterns_end(void **state)
{
	struct place *p = *state;
	CLEANUP(buf_release) struct buf bomb = BUF_INIT, deep = BUF_INIT;

	put(p, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.yaml", S("x"));
	for (int i = 0; i < 40; i++)
		buf_add(&bomb, S("{a,*,a*}"));
	buf_addc(&bomb, 'x');
	for (int i = 0; i < 5000; i++)
		buf_addc(&deep, '{');
	for (int i = 0; i < 5000; i++)
		buf_addc(&deep, '}');
	const str patterns[] = { buf_str(&bomb), buf_str(&deep) };

	for (size_t i = 0; i < 2; i++) {
		const struct compose_op op = { S("@src/*"), S("@artifact/"), COMPOSE_OVERWRITE,
					       &patterns[i], 1 };

		fails(compose(p, &op, 1), "invalid exclude pattern");
	}
}

/* Ten archives of thirty megabytes of nothing each. */
static void test_archives_are_bounded(void **state)
{
	struct place *p = *state;
	static char nothing[30 << 20];
	struct compose_op ops[10];

	put_archive(
		p, "x.tgz",
		(struct tgz_file[]){ { .name = S("f"), .bytes = str_of(nothing, sizeof nothing) } },
		1);
	for (int i = 0; i < 10; i++)
		ops[i] = (struct compose_op){ S("@src/x.tgz"),
					      arena_printf(&p->a, "@artifact/%d", i),
					      COMPOSE_EXTRACT, NULL, 0 };
	assert_null(compose(p, ops, 2));
	fails(compose(p, ops, 10), "larger than");
}

static void test_hash(void **state)
{
	struct place *p = *state;
	const struct compose_op op = { S("@src/d"), S("@artifact/"), COMPOSE_OVERWRITE, NULL, 0 };
	str hash;

	put(p, "d/new\nline", S("x"));
	assert_null(compose(p, &op, 1));
	fails(compose_hash(&p->out, S("app"), &p->a, &hash),
	      "filenames with newlines are not supported");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_leads_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_links_are_not_taken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_patterns_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_archives_are_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hash, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
