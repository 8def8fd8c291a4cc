#include "server/crd_impl.h"

#include "kube/builtin.h"
#include "kube/canon.h"
#include "schema/structural.h"
#include "text/quote.h"

#define SCHEMA_TYPE S("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps")

/* ---- the usual form ---------------------------------------------------- */

/* Below words that are a schema or something else, the types of built-in
 * kinds know nothing; a decoder of schemas does. */
struct fitter {
	struct arena *arena;
	const struct type *type;
};

static void fit_below(struct fitter *f, node schema, size_t depth);

static void fit_schema(struct fitter *f, node *schema, size_t depth)
{
	node fitted;

	if (schema->kind != NODE_MAP)
		return;
	err *e = canon_object(f->arena, *schema, f->type, NULL, &fitted);

	/* What cannot be decoded is found when the schema is judged. */
	if (!e)
		*schema = fitted;
	err_free(e);
	fit_below(f, *schema, depth + 1);
}

static void fit_each(struct fitter *f, node container, size_t depth)
{
	node_each_item(item, container)
		fit_below(f, *item, depth);
	node_each_pair(p, container)
		fit_below(f, p->value, depth);
}

/* The schema itself has been decoded. */
static void fit_below(struct fitter *f, node schema, size_t depth)
{
	if (schema.kind != NODE_MAP || depth > STRUCTURAL_DEPTH_MAX)
		return;
	node_each_pair(p, schema) {
		str key = node_str(p->key);

		if (str_eq(key, S("items")) && p->value.kind == NODE_SEQ)
			node_each_item(item, p->value)
				fit_schema(f, item, depth);
		else if (str_eq(key, S("items")) || str_eq(key, S("additionalProperties")) ||
			 str_eq(key, S("additionalItems")))
			fit_schema(f, &p->value, depth);
		else if (str_eq(key, S("not")))
			fit_below(f, p->value, depth + 1);
		else if (str_eq(key, S("properties")) || str_eq(key, S("allOf")) ||
			 str_eq(key, S("anyOf")) || str_eq(key, S("oneOf")) ||
			 str_eq(key, S("patternProperties")) || str_eq(key, S("definitions")))
			fit_each(f, p->value, depth + 1);
		else if (str_eq(key, S("dependencies")))
			node_each_pair(d, p->value)
				fit_schema(f, &d->value, depth);
	}
}

/* ---- defaults ---------------------------------------------------------- */

static bool lacks(node map, str key)
{
	return !node_str_or(node_get(map, key), STR_NONE).n;
}

static void default_names(struct arena *a, node names)
{
	str kind = node_str_or(node_get(names, S("kind")), STR_NONE);

	if (names.kind != NODE_MAP || !kind.n)
		return;
	if (lacks(names, S("singular")))
		node_set(a, names, S("singular"), node_from_str(a, arena_lower(a, kind)));
	if (lacks(names, S("listKind")))
		node_set(a, names, S("listKind"),
			 node_from_str(a, arena_cat(a, kind, S("List"))));
}

static void default_conversion(struct arena *a, node spec)
{
	node service = node_dig(spec, "conversion", "webhook", "clientConfig", "service");

	if (node_is_nil(node_get(spec, S("conversion")))) {
		node conversion = node_map(a, 1);

		node_set(a, conversion, S("strategy"), node_lit("None"));
		node_set(a, spec, S("conversion"), conversion);
	}
	if (service.kind == NODE_MAP && node_is_nil(node_get(service, S("port"))))
		node_set(a, service, S("port"), node_from_int(443));
}

static str storage_version(node crd)
{
	node_each_item(v, node_dig(crd, "spec", "versions"))
		if (node_bool(node_get(*v, S("storage"))))
			return node_str_or(node_get(*v, S("name")), STR_NONE);
	return STR_NONE;
}

/* The storage version is always one of the stored ones. */
static void add_stored(struct arena *a, node crd, node status)
{
	str version = storage_version(crd);
	node *list = node_find(status, S("storedVersions"));
	node stored = list && list->kind == NODE_SEQ ? node_copy(a, *list) : node_seq(a, 1);

	if (!version.n)
		return;
	node_each_item(s, stored)
		if (str_eq(node_str(*s), version))
			return;
	node_append(a, stored, node_from_str(a, version));
	node_set(a, status, S("storedVersions"), stored);
}

static void defaults(struct arena *a, const struct kind *k, node crd)
{
	struct fitter f = { a, builtin_named(SCHEMA_TYPE) };
	node spec = node_get(crd, S("spec")), status = node_get(crd, S("status"));

	(void)k;
	if (spec.kind != NODE_MAP)
		return;
	node_each_item(v, node_get(spec, S("versions")))
		fit_below(&f, node_dig(*v, "schema", "openAPIV3Schema"), 0);
	default_names(a, node_get(spec, S("names")));
	default_conversion(a, spec);
	if (status.kind == NODE_MAP && !node_len(node_get(status, S("storedVersions"))))
		add_stored(a, crd, status);
}

/* ---- writes ------------------------------------------------------------ */

static node empty_status(struct arena *a)
{
	node status = node_map(a, 3), names = node_map(a, 2);

	node_set(a, names, S("kind"), node_lit(""));
	node_set(a, names, S("plural"), node_lit(""));
	node_set(a, status, S("acceptedNames"), names);
	node_set(a, status, S("conditions"), node_null());
	node_set(a, status, S("storedVersions"), node_null());
	return status;
}

/* A new definition has the status of none; a changed one keeps its own. */
static void prepare(struct kind_call *c)
{
	if (c->subresource.n)
		return;
	node status = c->old.kind ? node_copy(c->arena, node_get(c->old, S("status")))
				  : empty_status(c->arena);

	if (status.kind != NODE_MAP)
		status = empty_status(c->arena);
	add_stored(c->arena, c->object, status);
	node_set(c->arena, c->object, S("status"), status);
}

static void check_named_after(struct kind_call *c)
{
	static const char *const names[] = { "generateName", "name" };
	str plural = node_str(node_dig(c->object, "spec", "names", "plural"));
	str group = node_str(node_dig(c->object, "spec", "group"));
	str wanted = arena_cat(c->arena, plural, S("."), group);

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		node name = node_get(node_get(c->object, S("metadata")), str_c(names[i]));

		if (node_str(name).n && !str_eq(node_str(name), wanted))
			fielderr_invalid(c->errors, arena_printf(c->arena, "metadata.%s", names[i]), name,
					 "must be spec.names.plural+\".\"+spec.group");
	}
}

static void validate(struct kind_call *c)
{
	struct crd_check check = { c->arena, c->errors, c->object, c->old };

	/* A write of status may hold anything but bad names. */
	if (str_eq(c->subresource, S("status"))) {
		crd_validate_status(&check);
		return;
	}
	if (!c->old.kind)
		check_named_after(c);
	crd_validate(&check);
}

/* ---- warnings ---------------------------------------------------------- */

static void collect_formats(node crd, struct structural_formats *out)
{
	node_each_item(v, node_dig(crd, "spec", "versions"))
		err_free(structural_ignored_formats(node_dig(*v, "schema", "openAPIV3Schema"), out));
}

void crd_warn_formats(struct arena *a, node crd, node old, struct kind_warnings *w)
{
	struct structural_formats now = { .arena = a }, before = { .arena = a };

	collect_formats(crd, &now);
	if (now.n && old.kind)
		collect_formats(old, &before);
	for (size_t i = 0; i < now.n; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		bool known = false;

		for (size_t k = 0; k < before.n; k++)
			known |= str_eq(before.p[k], now.p[i]);
		if (known)
			continue;
		buf_add(&b, S("unrecognized format "));
		quote_add(&b, now.p[i], QUOTE_PRINT);
		kind_warn_text(w, arena_str(a, buf_str(&b)));
	}
}

static void warn(struct kind_call *c)
{
	if (!str_eq(c->subresource, S("status")))
		crd_warn_formats(c->arena, c->object, c->old, c->warnings);
}

const struct kind_hooks crd_hooks = {
	.defaults = defaults,
	.prepare = prepare,
	.validate = validate,
	.warn = warn,
};
