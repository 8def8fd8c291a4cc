#include "kustomize/memory_test.h"

#include "kustomize/repourl.h"

static const struct {
	const char *text, *clone, *path, *ref;
} urls[] = {
	{ "https://example.com/org/repo//path?ref=v1", "https://example.com/org/repo", "path", "v1" },
	{ "https://example.com/org/repo.git/a/b", "https://example.com/org/repo.git", "a/b", "" },
	{ "github.com/org/repo", "https://github.com/org/repo", "", "" },
	{ "github.com/org/repo/a/b?ref=main", "https://github.com/org/repo", "a/b", "main" },
	{ "git@github.com:org/repo.git//x", "git@github.com:org/repo.git", "x", "" },
	{ "ssh://git@example.com/org/repo.git?version=2", "ssh://git@example.com/org/repo.git", "", "2" },
	{ "file:///srv/repo//base", "file:///srv/repo", "base", "" },
};

static const char *const paths[] = {
	"", ".", "..", "../base", "base/repo.git", "/abs/path", "a/b/c.yaml", "https://",
	"github.com/org", "https://example.com/org/repo//../../etc",
};

static void test_urls(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(urls); i++) {
		struct arena a = ARENA_INIT;
		struct repourl u;

		if (!repourl_parse(&a, str_c(urls[i].text), &u))
			fail_msg("%s is no URL", urls[i].text);
		assert_string_equal(arena_str(&a, u.clone).p, urls[i].clone);
		assert_string_equal(arena_str(&a, u.path).p, urls[i].path);
		assert_string_equal(arena_str(&a, u.ref).p, urls[i].ref);
		arena_release(&a);
	}
}

static void test_paths_are_no_urls(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(paths); i++) {
		struct arena a = ARENA_INIT;
		struct repourl u;

		if (repourl_parse(&a, str_c(paths[i]), &u))
			fail_msg("%s is taken for a URL", paths[i]);
		arena_release(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_paths_are_no_urls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
