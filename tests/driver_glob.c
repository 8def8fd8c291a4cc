#include "driver.h"

#include "text/glob.h"

static err *run_doublestar(struct arena *a, node request, node *output)
{
	enum glob_result r = glob_match_double(driver_text(a, request, "pattern"),
					       driver_text(a, request, "name"), true);

	if (r == GLOB_BAD)
		return glob_bad_pattern();
	*output = node_from_bool(r == GLOB_YES);
	return NULL;
}

static err *run_glob(struct arena *a, node request, node *output)
{
	const struct glob *g;

	TRY(glob_compile(a, driver_text(a, request, "pattern"), &g));
	*output = node_from_bool(glob_test(g, driver_text(a, request, "name")));
	return NULL;
}

static err *run_path_match(struct arena *a, node request, node *output)
{
	str pattern = driver_text(a, request, "pattern"), name = driver_text(a, request, "name");
	bool file = driver_bool(request, "file", false);
	enum glob_result r = file ? glob_match_file(pattern, name) : glob_match(pattern, name);

	if (r == GLOB_BAD)
		return glob_bad_pattern();
	*output = node_from_bool(r == GLOB_YES);
	return NULL;
}

const struct driver_op driver_glob_ops[] = {
	{ "doublestar", run_doublestar },
	{ "glob", run_glob },
	{ "path-match", run_path_match },
	{ 0 },
};
