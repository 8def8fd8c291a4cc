#include "controllers/observe.h"

static bool is_same(struct pass *p, const struct observed *f)
{
	node a = node_get(p->spec, str_c(f->in_spec)), b = node_get(p->status, str_c(f->in_status));

	if (a.kind == NODE_SEQ || b.kind == NODE_SEQ)
		return node_len(a) == node_len(b) && (!node_len(a) || node_equal(a, b));
	if (a.kind == NODE_BOOL || b.kind == NODE_BOOL)
		return node_bool(a) == node_bool(b);
	return a.kind == b.kind && (a.kind == NODE_NONE || node_equal(a, b));
}

bool observe_same(struct pass *p, const struct observed *fields, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_same(p, &fields[i]))
			return false;
	return true;
}

void observe_set(struct pass *p, const struct observed *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		node v = node_get(p->spec, str_c(fields[i].in_spec));
		bool empty = (v.kind == NODE_SEQ && !node_len(v)) ||
			     (v.kind == NODE_BOOL && !node_bool(v));

		status_set(p, str_c(fields[i].in_status), empty ? NODE_NOTHING : v);
	}
}

static str ref_name(node ref)
{
	return node_str(node_get(ref, S("name")));
}

void observe_secret(struct refs *out, node object, node ref)
{
	if (ref_name(ref).n)
		refs_add(out, (struct gvk){ STR_NONE, S("v1"), S("Secret") },
			 node_str(node_dig(object, "metadata", "namespace")), ref_name(ref),
			 REF_DATA);
}

bool observe_same_artifacts(node a, node b)
{
	static const char *const fields[] = { "revision", "digest" };

	if (node_len(a) != node_len(b))
		return false;
	for (size_t i = 0; i < node_len(a); i++)
		for (size_t f = 0; f < 2; f++)
			if (!str_eq(node_str(node_get(node_at(a, i), str_c(fields[f]))),
				    node_str(node_get(node_at(b, i), str_c(fields[f])))))
				return false;
	return true;
}

err *observe_get_secret(struct pass *p, node ref, struct credentials *to,
			const struct credentials **out)
{
	if (!ref_name(ref).n)
		return NULL;
	TRY(pass_secret(p, ref_name(ref), to));
	*out = to;
	return NULL;
}

err *observe_read_secret(struct pass *p, node ref, struct credentials *to,
			 const struct credentials **out)
{
	str name = ref_name(ref);
	err *e = observe_get_secret(p, ref, to, out);

	if (e && err_kind(e) == ERR_NOT_FOUND)
		return err_replace(e, "secret '%.*s/%.*s' not found", STR_ARG(p->key.namespace),
				   STR_ARG(name));
	return e ? err_wrap(e, "failed to get secret '%.*s/%.*s'", STR_ARG(p->key.namespace),
			    STR_ARG(name))
		 : NULL;
}
