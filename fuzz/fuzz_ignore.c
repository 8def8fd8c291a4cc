/* The first line is a path, the second another pattern, the rest an ignore
 * file: nothing is read beyond its end. */
#include <assert.h>

#include "base/die.h"
#include "text/glob.h"
#include "text/helmignore.h"
#include "text/ignore.h"
#include "text/path.h"

static void check_path(struct arena *a, str path)
{
	str clean = path_clean(a, path), dir, file, rel;

	assert(str_eq(path_clean(a, clean), clean));
	path_split(path, &dir, &file);
	assert(dir.n + file.n == path.n);
	assert(path_ext(path).n <= file.n && path_base(path).n > 0 && path_dir(a, path).n > 0);
	err *e = path_rel(a, path, S("a/b"), &rel);

	assert(e || str_eq(path_join(a, path, rel), S("a/b")));
	err_free(e);
}

static void check_globs(struct arena *a, str pattern, str name)
{
	const struct glob *g;
	enum glob_result r = glob_match(pattern, name), file = glob_match_file(pattern, name);
	err *e = glob_compile(a, pattern, &g);

	/* path.Match looks at more of the pattern, and agrees else */
	assert(r == file || r == GLOB_BAD);
	r = glob_match_double(pattern, name, true);
	/* to validate only finds more bad patterns */
	assert(r == GLOB_BAD || r == glob_match_double(pattern, name, false));
	if (!e)
		glob_test(g, name);
	err_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str text = { (const char *)data, size }, path, pattern, dir, file;
	struct ignore *ig = ignore_new(&a);
	const struct helmignore *h;

	str_split(text, '\n', &path, &text);
	str_split(text, '\n', &pattern, &text);
	check_path(&a, path);
	check_globs(&a, str_sub(pattern, 0, 2000), str_sub(path, 0, 2000));
	path_split(path, &dir, &file);
	ignore_add_vcs(ig, STR_NONE);
	ignore_add_defaults(ig, dir);
	ignore_add(ig, text, STR_NONE);
	ignore_add(ig, text, str_trim_right_set(dir, S("/")));
	ignore_match(ig, path, false);
	ignore_match(ig, path, true);
	err *e = helmignore_parse(&a, text, &h);

	if (!e) {
		helmignore_match(h, path, false);
		helmignore_match(h, path, true);
	}
	err_free(e);
	return 0;
}
