/* Repositories that tools/golden/tuf recorded, with the verdicts of go-tuf. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/fs.h"
#include "source/tuf.h"
#include "value/json.h"

#define MIRROR "https://mirror.test"

enum { NOW = 1767225600 };	/* 2026-01-01 */

/* `ctx` is the map of the files. */
static err *get(void *ctx, struct arena *a, str url, size_t max, str *out)
{
	node files = *(node *)ctx, file;

	(void)a;
	(void)max;
	assert_true(str_take_str(&url, S(MIRROR "/")));
	file = node_get(files, url);
	if (file.kind != NODE_STR)
		return err_new(ERR_NOT_FOUND, "failed to download " MIRROR "/%.*s, http status code: 404",
			       STR_ARG(url));
	*out = node_str(file);
	return NULL;
}

static node read_cases(struct arena *a)
{
	str text;
	node n;

	assert_null(fs_read_any(a, arena_printf(a, "%s/tuf/cases.json", getenv("GOLDEN")), 4 << 20,
				&text));
	assert_null(json_read(a, text, NULL, &n));
	assert_true(node_len(n) > 30);
	return n;
}

static void check_visit(struct arena *a, str name, str root, node visit, struct tuf_memory *memory)
{
	node files = node_get(visit, S("files"));
	const struct tuf_mirror mirror = { S(MIRROR), get, &files };
	str want = node_str(node_get(visit, S("error"))), got = STR_NONE;
	CLEANUP(err_drop) err *e = tuf_get(a, &mirror, memory, root, S("trusted_root.json"), NOW, &got);

	if (!str_eq(e ? err_text(e) : STR_NONE, want))
		fail_msg("%.*s: \"%s\", not \"%.*s\"", STR_ARG(name), e ? err_msg(e) : "", STR_ARG(want));
	if (!str_eq(got, node_str(node_get(visit, S("got")))))
		fail_msg("%.*s: other bytes", STR_ARG(name));
}

static void test_repositories(void **state)
{
	struct arena a = { 0 };

	(void)state;
	node_each_item(c, read_cases(&a)) {
		struct tuf_memory memory = { 0 };

		node_each_item(v, node_get(*c, S("visits")))
			check_visit(&a, node_str(node_get(*c, S("name"))),
				    node_str(node_get(*c, S("root"))), *v, &memory);
		tuf_memory_release(&memory);
	}
	arena_release(&a);
}

/* Any byte of what is signed, and of what is told by it, counts. */
static void test_changed_bytes(void **state)
{
	struct arena a = { 0 };
	node first = node_at(read_cases(&a), 0), files = node_get(node_at(node_get(first, S("visits")), 0), S("files"));
	const struct tuf_mirror mirror = { S(MIRROR), get, &files };
	str root = node_str(node_get(first, S("root")));

	(void)state;
	node_each_pair(p, files) {
		str whole = node_str(p->value);
		/* That root is the one which is trusted anyway; signatures may be written otherwise. */
		size_t from = str_find(whole, S("\"signed\":"));

		if (str_eq(node_str(p->key), S("1.root.json")))
			continue;
		for (size_t i = from == STR_NPOS ? 0 : from; i < whole.n; i += 3) {
			struct arena mem = { 0 };
			struct tuf_memory memory = { 0 };
			const char changed = (char)(whole.p[i] ^ 0x05);
			str got, text = arena_cat(&mem, str_sub(whole, 0, i), str_of(&changed, 1),
						  str_from(whole, i + 1));

			p->value = node_from_str(&mem, text);
			err *e = tuf_get(&mem, &mirror, &memory, root, S("trusted_root.json"), NOW, &got);

			if (!e)
				fail_msg("%.*s: byte %zu", STR_ARG(node_str(p->key)), i);
			err_free(e);
			tuf_memory_release(&memory);
			arena_release(&mem);
		}
		p->value = node_from_str(&a, whole);
	}
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repositories),
		cmocka_unit_test(test_changed_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
