#include "kustomize/resid.h"

str resid_effective_ns(struct resid id)
{
	if (gvk_is_cluster_scoped(id.gvk))
		return S("_non_namespaceable_");
	return id.ns.n ? id.ns : S("default");
}

bool resid_ns_eq(struct resid a, struct resid b)
{
	return str_eq(resid_effective_ns(a), resid_effective_ns(b));
}

bool resid_eq(struct resid a, struct resid b)
{
	return str_eq(a.name, b.name) && gvk_eq(a.gvk, b.gvk) && resid_ns_eq(a, b);
}

bool resid_selected(struct resid id, struct resid selector)
{
	return (!selector.name.n || str_eq(selector.name, id.name)) &&
	       (!selector.ns.n || resid_ns_eq(selector, id)) &&
	       gvk_selected(id.gvk, selector.gvk);
}

void resid_print(struct buf *b, struct resid id)
{
	gvk_print(b, id.gvk);
	buf_addc(b, '/');
	buf_add(b, id.name.n ? id.name : S("[noName]"));
	buf_addc(b, '.');
	buf_add(b, id.ns.n ? id.ns : S("[noNs]"));
}

str resid_text(struct arena *a, struct resid id)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	resid_print(&b, id);
	return arena_str(a, buf_str(&b));
}
