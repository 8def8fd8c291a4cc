#include "client/objid.h"

/* Kinds that come before all others, and behind them. */
static const str first[] = {
	S("CustomResourceDefinition"), S("Namespace"),	       S("ClusterRole"),
	S("ClusterClass"),	       S("RuntimeClass"),      S("PriorityClass"),
	S("StorageClass"),	       S("VolumeSnapshotClass"), S("IngressClass"),
	S("GatewayClass"),	       S("ClusterRoleBinding"), S("ResourceQuota"),
	S("ServiceAccount"),	       S("Role"),	       S("RoleBinding"),
	S("ConfigMap"),		       S("Secret"),	       S("Service"),
	S("LimitRange"),	       S("Deployment"),	       S("StatefulSet"),
	S("CronJob"),		       S("PodDisruptionBudget"),
};
static const str last[] = {
	S("MutatingWebhookConfiguration"),
	S("ValidatingWebhookConfiguration"),
};
enum { FIRST = sizeof first / sizeof *first, LAST = sizeof last / sizeof *last };

static const str rbac_kinds[] = { S("Role"), S("ClusterRole"), S("RoleBinding"),
				  S("ClusterRoleBinding") };

struct objid objid_of(node object)
{
	struct gvk g = gvk_of(object);

	return (struct objid){
		.group = g.group,
		.kind = g.kind,
		.namespace = node_str(node_dig(object, "metadata", "namespace")),
		.name = node_str(node_dig(object, "metadata", "name")),
	};
}

bool objid_eq(const struct objid *x, const struct objid *y)
{
	return str_eq(x->name, y->name) && str_eq(x->namespace, y->namespace) &&
	       str_eq(x->kind, y->kind) && str_eq(x->group, y->group);
}

static bool is_rbac(const struct objid *id)
{
	for (size_t i = 0; i < sizeof rbac_kinds / sizeof *rbac_kinds; i++)
		if (str_eq(id->kind, rbac_kinds[i]))
			return str_eq(id->group, S("rbac.authorization.k8s.io"));
	return false;
}

str objid_print(struct arena *a, const struct objid *id)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	bool rbac = is_rbac(id);

	buf_addf(&b, "%.*s_", STR_ARG(id->namespace));
	for (size_t i = 0; i < id->name.n; i++)
		if (rbac && id->name.p[i] == ':')
			buf_add(&b, S("__"));
		else
			buf_addc(&b, id->name.p[i]);
	buf_addf(&b, "_%.*s_%.*s", STR_ARG(id->group), STR_ARG(id->kind));
	return arena_str(a, buf_str(&b));
}

/* "__" back to ':'. */
static str name_of(struct arena *a, str text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!str_has(text, S("__")))
		return text;
	while (text.n)
		if (str_take_str(&text, S("__"))) {
			buf_addc(&b, ':');
		} else {
			buf_addc(&b, *text.p);
			text = str_from(text, 1);
		}
	return arena_str(a, buf_str(&b));
}

/* Take the piece behind the last '_' off the end. */
static bool cut_last(str *rest, str *piece)
{
	size_t at = str_rfind_char(*rest, '_');

	if (at == STR_NPOS)
		return false;
	*piece = str_from(*rest, at + 1);
	*rest = str_sub(*rest, 0, at);
	return true;
}

err *objid_parse(struct arena *a, str text, struct objid *out)
{
	struct objid id;
	str rest = text;

	if (!str_split(text, '_', &id.namespace, &rest) || !cut_last(&rest, &id.kind) ||
	    !cut_last(&rest, &id.group))
		return err_new(ERR_INVALID, "unable to parse stored object metadata: %.*s",
			       STR_ARG(str_find_char(text, '_') == STR_NPOS ? text : rest));
	id.name = name_of(a, rest);
	*out = id;
	return NULL;
}

str objid_show(struct arena *a, const struct objid *id)
{
	return arena_cat(a, id->kind, S("/"), id->namespace, id->namespace.n ? S("/") : STR_NONE,
			 id->name);
}

static int rank(str kind)
{
	for (int i = 0; i < FIRST; i++)
		if (str_eq(kind, first[i]))
			return i - FIRST;
	for (int i = 0; i < LAST; i++)
		if (str_eq(kind, last[i]))
			return i + 1;
	return 0;
}

int objid_cmp(const struct objid *x, const struct objid *y)
{
	int c = rank(x->kind) - rank(y->kind);

	if (!c)
		c = str_cmp(x->group, y->group);
	if (!c)
		c = str_cmp(x->kind, y->kind);
	if (!c)
		c = str_cmp(x->namespace, y->namespace);
	return c ? c : str_cmp(x->name, y->name);
}
