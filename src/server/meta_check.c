#include "server/meta.h"
#include "text/names.h"
#include "text/quote.h"
#include "value/json.h"

#define FINALIZERS S("metadata.finalizers")
#define OWNERS     S("metadata.ownerReferences")

static void complain(struct kind_call *c, str path, str value, str name, enum name_rule rule)
{
	str why[NAME_COMPLAINTS_MAX];
	size_t n = name_complaints(name, rule, why);

	for (size_t i = 0; i < n; i++)
		fielderr_invalid(c->errors, path, node_from_str(c->arena, value), "%.*s",
				 STR_ARG(why[i]));
}

/* ---- names ------------------------------------------------------------- */

static enum name_rule rule_of(const struct kind *k)
{
	switch ((enum kind_name_rule)k->name_rule) {
	case KIND_NAME_LABEL:
		return NAME_DNS_LABEL;
	case KIND_NAME_PATH:
	case KIND_NAME_OWN:
		return NAME_PATH_SEGMENT;
	case KIND_NAME_SUBDOMAIN:
		break;
	}
	return NAME_DNS_SUBDOMAIN;
}

/* `shared`: by what holds for all kinds, not by the rule of this one. */
static void check_names(struct kind_call *c, bool shared)
{
	str name = meta_get(c->object, S("name")), base = meta_get(c->object, S("generateName"));
	str masked = base;
	enum name_rule rule = shared ? NAME_PATH_SEGMENT : rule_of(c->kind);
	bool own = !shared && c->kind->name_rule == KIND_NAME_OWN;

	/* what is put behind it mends a trailing dash; the letter before it goes
	 * unseen in the original, too */
	if (rule != NAME_PATH_SEGMENT && base.n > 1 && base.p[base.n - 1] == '-')
		masked = arena_cat(c->arena, str_sub(base, 0, base.n - 2), S("a"));
	if (base.n && !own && (shared || !c->kind->free_base))
		complain(c, S("metadata.generateName"), base, masked, rule);
	if (!name.n)
		fielderr_required(c->errors, S("metadata.name"),
				  "name or generateName is required");
	else if (!own)
		complain(c, S("metadata.name"), name, name, rule);
}

static void check_namespace(struct kind_call *c)
{
	str namespace = meta_get(c->object, S("namespace"));

	if (!c->kind->namespaced) {
		if (namespace.n)
			fielderr_forbidden(c->errors, S("metadata.namespace"),
					   "not allowed on this type");
	} else if (!namespace.n) {
		fielderr_required(c->errors, S("metadata.namespace"), "%s", "");
	} else {
		complain(c, S("metadata.namespace"), namespace, namespace, NAME_DNS_LABEL);
	}
}

/* ---- labels, annotations ----------------------------------------------- */

static node sorted_copy(struct arena *a, node map)
{
	node copy = node_copy(a, map);

	node_sort(copy);
	return copy;
}

static void check_labels(struct kind_call *c)
{
	node labels = node_dig(c->object, "metadata", "labels");

	if (!node_len(labels))
		return;
	labels = sorted_copy(c->arena, labels);
	node_each_pair(p, labels) {
		str key = node_str(p->key), value = node_str(p->value);

		complain(c, S("metadata.labels"), key, key, NAME_QUALIFIED);
		complain(c, S("metadata.labels"), value, value, NAME_LABEL_VALUE);
	}
}

static str small(struct arena *a, str s)
{
	str copy = arena_str(a, s);

	for (size_t i = 0; i < copy.n; i++)
		if (copy.p[i] >= 'A' && copy.p[i] <= 'Z')
			((char *)copy.p)[i] |= 0x20;
	return copy;
}

static void check_annotations(struct kind_call *c)
{
	node annotations = node_dig(c->object, "metadata", "annotations");
	size_t total = 0;

	if (!node_len(annotations))
		return;
	annotations = sorted_copy(c->arena, annotations);
	node_each_pair(p, annotations) {
		str key = node_str(p->key);

		total += key.n + node_str(p->value).n;
		complain(c, S("metadata.annotations"), key, small(c->arena, key), NAME_QUALIFIED);
	}
	if (total > META_ANNOTATIONS_MAX)
		fielderr_too_long(c->errors, S("metadata.annotations"), META_ANNOTATIONS_MAX);
}

/* ---- owners ------------------------------------------------------------ */

static void need_text(struct kind_call *c, node owner, const char *key)
{
	node value = node_get(owner, str_c(key));
	str path = arena_printf(c->arena, "%.*s.%s", STR_ARG(OWNERS), key);

	if (!node_str(value).n)
		fielderr_invalid(c->errors, path, node_from_str(c->arena, node_str(value)),
				 "must not be empty");
}

/* As Go prints the struct. */
static node in_order(struct arena *a, node owner)
{
	static const char *const keys[] = { "apiVersion", "kind", "name",
					    "uid",	  "controller", "blockOwnerDeletion" };
	node out = node_map(a, sizeof keys / sizeof *keys);

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		node value = node_get(owner, str_c(keys[i]));

		if (!node_is_nil(value))
			node_set(a, out, str_c(keys[i]), value);
	}
	return out;
}

static str print_value(struct arena *a, node n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	err_free(json_write(&b, n, &(struct json_style){ .source_order = true }));
	return arena_str(a, buf_str(&b));
}

static void refuse_owners(struct kind_call *c, node shown, str why)
{
	fielderr_add(c->errors, FIELDERR_INVALID, OWNERS,
		     arena_cat(c->arena, S("Invalid value: "), print_value(c->arena, shown), S(": "),
			       why));
}

static void two_controllers(struct kind_call *c, node owners, node first, node second)
{
	node all = node_seq(c->arena, node_len(owners));
	str why = arena_printf(c->arena,
			       "Only one reference can have Controller set to true. Found \"true\" in "
			       "references for %.*s/%.*s and %.*s/%.*s",
			       STR_ARG(node_str(node_get(first, S("kind")))),
			       STR_ARG(node_str(node_get(first, S("name")))),
			       STR_ARG(node_str(node_get(second, S("kind")))),
			       STR_ARG(node_str(node_get(second, S("name")))));

	node_each_item(o, owners)
		node_append(c->arena, all, in_order(c->arena, *o));
	refuse_owners(c, all, why);
}

static void check_owner(struct kind_call *c, node owner)
{
	str api = node_str(node_get(owner, S("apiVersion")));
	struct gvk gvk = gvk_parse(api, node_str(node_get(owner, S("kind"))));

	if (!gvk.version.n || str_count_char(api, '/') > 1)
		fielderr_invalid(c->errors, S("metadata.ownerReferences.apiVersion"),
				 node_from_str(c->arena, api), "version must not be empty");
	need_text(c, owner, "kind");
	need_text(c, owner, "name");
	need_text(c, owner, "uid");
	if (str_eq(gvk.kind, S("Event")) && !gvk.group.n && str_eq(gvk.version, S("v1")))
		refuse_owners(c, in_order(c->arena, owner),
			      S("/v1, Kind=Event is disallowed from being an owner"));
}

static void check_owners(struct kind_call *c)
{
	node owners = node_dig(c->object, "metadata", "ownerReferences"), first = NODE_NOTHING;

	node_each_item(o, owners) {
		check_owner(c, *o);
		if (!node_bool(node_get(*o, S("controller"))))
			continue;
		if (node_is(first, NODE_NONE)) {
			first = *o;
			continue;
		}
		two_controllers(c, owners, first, *o);
	}
}

/* ---- finalizers -------------------------------------------------------- */

static void check_finalizers(struct kind_call *c)
{
	node list = node_dig(c->object, "metadata", "finalizers");

	node_each_item(f, list)
		complain(c, FINALIZERS, node_str(*f), node_str(*f), NAME_QUALIFIED);
	if (meta_has_finalizer(c->object, S("orphan")) &&
	    meta_has_finalizer(c->object, S("foregroundDeletion")))
		fielderr_invalid(c->errors, FINALIZERS, list,
				 "finalizer orphan and foregroundDeletion cannot be both set");
}

/* Whether the kind's own validation is that of the core group, or of extensions and the few
 * that use what the library offers. */
static bool has_core_rules(const struct kind *k)
{
	static const char *const others[] = {
		"admissionregistration.k8s.io", "apiextensions.k8s.io",	"apiregistration.k8s.io",
		"coordination.k8s.io",		"node.k8s.io",
	};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (str_eq(k->gvk.group, str_c(others[i])))
			return false;
	return !k->custom && !k->checks_no_meta;
}

static bool is_standard(str name)
{
	return str_eq(name, S("kubernetes")) || str_eq(name, S("orphan")) ||
	       str_eq(name, S("foregroundDeletion"));
}

/* What most built-in kinds ask for besides. */
static void check_finalizer_domains(struct kind_call *c)
{
	node list = node_dig(c->object, "metadata", "finalizers");

	for (size_t i = 0; i < node_len(list) && has_core_rules(c->kind); i++) {
		node f = node_at(list, i);

		if (str_find_char(node_str(f), '/') == STR_NPOS && !is_standard(node_str(f)))
			fielderr_invalid(
				c->errors,
				arena_printf(c->arena, "%.*s[%zu]", STR_ARG(FINALIZERS), i), f,
				"name is neither a standard finalizer name nor is it fully "
				"qualified");
	}
}

static bool has_item(node list, str name)
{
	node_each_item(i, list)
		if (str_eq(node_str(*i), name))
			return true;
	return false;
}

static void check_new_finalizers(struct kind_call *c)
{
	node was = node_dig(c->old, "metadata", "finalizers");
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	node_each_item(f, node_dig(c->object, "metadata", "finalizers"))
		if (!has_item(was, node_str(*f)))
			buf_addf(&b, "%s\"%.*s\"", b.n ? ", " : "", STR_ARG(node_str(*f)));
	if (b.n)
		fielderr_forbidden(
			c->errors, FINALIZERS,
			"no new finalizers can be added if the object is being deleted, found "
			"new finalizers []string{%s}",
			buf_c(&b));
}

/* ---- all of it --------------------------------------------------------- */

static void check_plain(struct kind_call *c, bool shared)
{
	check_names(c, shared);
	check_namespace(c);
	if (node_int(node_dig(c->object, "metadata", "generation")) < 0)
		fielderr_invalid(c->errors, S("metadata.generation"),
				 node_dig(c->object, "metadata", "generation"),
				 "must be greater than or equal to 0");
	check_labels(c);
	check_annotations(c);
	check_owners(c);
	check_finalizers(c);
}

static void check_same(struct kind_call *c, const char *key)
{
	node is = node_get(node_get(c->object, S("metadata")), str_c(key));
	node was = node_get(node_get(c->old, S("metadata")), str_c(key));

	if (node_is_nil(is) && node_is_nil(was))
		return;
	if (!node_equal(is, was))
		fielderr_invalid(c->errors, arena_printf(c->arena, "metadata.%s", key), is,
				 "field is immutable");
}

static void check_change(struct kind_call *c)
{
	static const char *const fixed[] = { "name",
					     "namespace",
					     "uid",
					     "creationTimestamp",
					     "deletionTimestamp",
					     "deletionGracePeriodSeconds" };

	if (meta_is_deleting(c->old))
		check_new_finalizers(c);
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		check_same(c, fixed[i]);
	check_labels(c);
	check_annotations(c);
	check_owners(c);
}

void meta_validate(struct kind_call *c)
{
	if (c->kind->checks_no_meta)
		return;
	check_plain(c, false);
	check_finalizer_domains(c);
}

void meta_validate_shared(struct kind_call *c)
{
	const struct kind *k = c->kind;

	if (k->checks_no_meta || k->free_base || k->name_rule == KIND_NAME_OWN)
		check_plain(c, true);
}

/* Once by what all kinds share, then by the kind itself, by many as if the object was new. */
void meta_validate_update(struct kind_call *c)
{
	check_plain(c, true);
	check_change(c);
	if (!c->kind->checks_no_change && !c->kind->checks_no_meta) {
		check_change(c);
		check_finalizer_domains(c);
	}
	for (unsigned i = 0; i < c->kind->checks_anew; i++) {
		check_plain(c, false);
		check_finalizer_domains(c);
	}
}

static void warn_finalizer(struct kind_call *c, str name)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str list[NAME_COMPLAINTS_MAX];
	size_t n = name_complaints(name, NAME_QUALIFIED, list);

	buf_add(&b, S("metadata.finalizers: "));
	quote_add(&b, name, QUOTE_PRINT);
	str start = arena_str(c->arena, buf_str(&b));

	for (size_t i = 0; i < n; i++)
		kind_warn_text(c->warnings, arena_cat(c->arena, start, S(": "), list[i]));
	if (str_find_char(name, '/') != STR_NPOS || is_standard(name))
		return;
	kind_warn_text(c->warnings,
		       arena_cat(c->arena, start, S(": prefer a domain-qualified finalizer name "),
				 str_find_char(name, '.') != STR_NPOS ? S("including a path (/) ")
								      : S(""),
				 S("to avoid accidental conflicts with other finalizer writers")));
}

void meta_warn(struct kind_call *c)
{
	node was = node_dig(c->old, "metadata", "finalizers");

	if (!c->kind->custom || str_eq(c->subresource, S("status")))
		return;
	node_each_item(f, node_dig(c->object, "metadata", "finalizers"))
		if (!has_item(was, node_str(*f)))
			warn_finalizer(c, node_str(*f));
}
