/* The scale subresource of custom resources: numbers at paths that the
 * definition names. */
#include "server/custom_impl.h"

static str without_dot(node path)
{
	str s = node_str_or(path, STR_NONE);

	str_take(&s, '.');
	return s;
}

void custom_set_scale(struct arena *a, struct custom_version *v, node version)
{
	node scale = node_dig(version, "subresources", "scale");

	(void)a;
	v->scale = !node_is_nil(scale);
	v->spec_path = without_dot(node_get(scale, S("specReplicasPath")));
	v->status_path = without_dot(node_get(scale, S("statusReplicasPath")));
	v->selector_path = without_dot(node_get(scale, S("labelSelectorPath")));
}

/* A value and its type as Go prints them. */
static const char *go_value(struct arena *a, node n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	err_free(jsonpath_print_value(&b, n));
	return arena_str(a, buf_str(&b)).p;
}

static const char *go_type(node n)
{
	switch (n.kind) {
	case NODE_BOOL:
		return "bool";
	case NODE_INT:
		return "int64";
	case NODE_UINT:
	case NODE_FLOAT:
		return "float64";
	case NODE_STR:
		return "string";
	case NODE_SEQ:
		return "[]interface {}";
	case NODE_MAP:
		return "map[string]interface {}";
	default:
		return "<nil>";
	}
}

/* What stands at the path: NODE_NONE for nothing. In the way stands something
 * else: an error in the words of the original's accessor. */
static err *find(struct arena *a, node object, str path, node *out)
{
	str rest = path, word;
	node at = object;

	for (bool more = true; more;) {
		more = str_split(rest, '.', &word, &rest);
		if (at.kind != NODE_MAP) {
			*out = NODE_NOTHING;
			if (node_is_nil(at))
				return NULL;
			return err_new(ERR_INVALID, ".%.*s accessor error: %s is of the type %s, expected "
						    "map[string]interface{}",
				       (int)(word.p + word.n - path.p), path.p,
				       go_value(a, at), go_type(at));
		}
		at = node_get(at, word);
	}
	*out = at;
	return NULL;
}

static err *number_at(struct arena *a, node object, str path, int64_t *out, bool *found)
{
	node n;

	*out = 0;
	*found = false;
	TRY(find(a, object, path, &n));
	if (n.kind == NODE_NONE)
		return NULL;
	*found = true;
	if (n.kind == NODE_INT) {
		*out = node_int(n);
		return NULL;
	}
	return err_new(ERR_INVALID, ".%.*s accessor error: %s is of the type %s, expected int64",
		       STR_ARG(path), go_value(a, n), go_type(n));
}

static err *text_found(struct arena *a, node object, str path, str *out)
{
	node n;

	*out = STR_NONE;
	if (!path.n)
		return NULL;
	TRY(find(a, object, path, &n));
	if (n.kind == NODE_NONE || n.kind == NODE_STR) {
		*out = node_str(n);
		return NULL;
	}
	return err_new(ERR_INVALID, ".%.*s accessor error: %s is of the type %s, expected string",
		       STR_ARG(path), go_value(a, n), go_type(n));
}

/* ---- checks ------------------------------------------------------------ */

static void check_number(struct kind_call *c, str path)
{
	str at = arena_cat(c->arena, S("."), path);
	int64_t n;
	bool found;
	err *e = number_at(c->arena, c->object, path, &n, &found);

	if (e)
		fielderr_invalid(c->errors, at, node_from_int(n), "%s", err_msg(e));
	else if (n < 0)
		fielderr_invalid(c->errors, at, node_from_int(n), "should be a non-negative integer");
	else if (n > INT32_MAX)
		fielderr_invalid(c->errors, at, node_from_int(n),
				 "should be less than or equal to 2147483647");
	err_free(e);
}

void custom_check_scale(struct kind_call *c, bool spec)
{
	const struct custom_version *v = custom_version_of(c->kind);
	str selector;

	if (!v->scale)
		return;
	if (spec)
		check_number(c, v->spec_path);
	check_number(c, v->status_path);
	err *e = text_found(c->arena, c->object, v->selector_path, &selector);

	if (e)
		fielderr_invalid(c->errors, arena_cat(c->arena, S("."), v->selector_path), node_lit(""),
				 "%s", err_msg(e));
	err_free(e);
}

/* ---- the subresource --------------------------------------------------- */

static void copy_text(struct arena *a, node from, node to, str key)
{
	node n = node_get(from, key);

	if (n.kind == NODE_STR)
		node_set(a, to, key, n);
}

err *custom_scale(struct arena *a, const struct kind *k, node object, bool *found, node *out)
{
	static const str kept[] = { S("name"), S("namespace"), S("uid"), S("resourceVersion"),
				    S("creationTimestamp") };
	const struct custom_version *v = custom_version_of(k);
	node scale = node_map(a, 5), meta = node_map(a, 5), spec = node_map(a, 1);
	node status = node_map(a, 2);
	int64_t wanted, is;
	bool there;
	str selector;

	TRY(number_at(a, object, v->spec_path, &wanted, found));
	TRY(number_at(a, object, v->status_path, &is, &there));
	TRY(text_found(a, object, v->selector_path, &selector));
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		copy_text(a, node_get(object, S("metadata")), meta, kept[i]);
	if (wanted)
		node_set(a, spec, S("replicas"), node_from_int((int32_t)wanted));
	node_set(a, status, S("replicas"), node_from_int((int32_t)is));
	if (selector.n)
		node_set(a, status, S("selector"), node_from_str(a, selector));
	node_set(a, scale, S("kind"), node_lit("Scale"));
	node_set(a, scale, S("apiVersion"), node_lit("autoscaling/v1"));
	node_set(a, scale, S("metadata"), meta);
	node_set(a, scale, S("spec"), spec);
	node_set(a, scale, S("status"), status);
	*out = scale;
	return NULL;
}

str custom_scale_path(const struct kind *k)
{
	return custom_version_of(k)->spec_path;
}

err *custom_rescale(struct arena *a, const struct kind *k, node object, int64_t replicas)
{
	str rest = custom_version_of(k)->spec_path, word;
	node at = object;

	for (bool more = true; more;) {
		more = str_split(rest, '.', &word, &rest);
		if (!more)
			node_set(a, at, word, node_from_int(replicas));
		else
			at = node_need_map(a, at, word);
		if (at.kind != NODE_MAP)
			return err_new(ERR_INVALID, "value cannot be set because .%.*s is not a map",
				       STR_ARG(word));
	}
	return NULL;
}
