#include "driver.h"

#include "text/constraint.h"

static err *run_semver(struct arena *a, node request, node *output)
{
	str text = driver_text(a, request, "text");
	struct semver v;

	if (driver_bool(request, "strict", false))
		TRY(semver_parse_strict(&v, text));
	else
		TRY(semver_parse(&v, text));
	*output = node_map(a, 6);
	node_set(a, *output, S("major"), node_from_uint(v.major));
	node_set(a, *output, S("minor"), node_from_uint(v.minor));
	node_set(a, *output, S("patch"), node_from_uint(v.patch));
	node_set(a, *output, S("prerelease"), node_copy_str(a, v.prerelease));
	node_set(a, *output, S("metadata"), node_copy_str(a, v.build));
	node_set(a, *output, S("string"), node_copy_str(a, semver_text(a, &v)));
	return NULL;
}

static err *run_constraint(struct arena *a, node request, node *output)
{
	struct constraint *c;
	struct semver v;

	TRY(constraint_parse(a, driver_text(a, request, "constraint"), &c));
	TRY(semver_parse(&v, driver_text(a, request, "version")));
	*output = node_from_bool(constraint_check(c, &v));
	return NULL;
}

static err *run_latest(struct arena *a, node request, node *output)
{
	VEC(str) tags = { 0 };
	str best;

	node_each_item(item, node_get(request, S("versions")))
		avec_push(a, &tags, node_str(*item));
	TRY(constraint_latest(driver_text(a, request, "constraint"), tags.p, tags.n, &best));
	*output = node_copy_str(a, best);
	return NULL;
}

const struct driver_op driver_semver_ops[] = {
	{ "constraint", run_constraint },
	{ "latest", run_latest },
	{ "semver", run_semver },
	{ 0 },
};
