/* The variables of spec.postBuild, and their substitution. */
#include "kustomize/envsubst.h"
#include "kustomize/flux_impl.h"
#include "kustomize/value.h"
#include "text/base64.h"
#include "value/json.h"
#include "value/typed.h"
#include "value/yaml.h"

/* ---- variables --------------------------------------------------------- */

str flux_var(struct arena *a, str value)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	str line;

	if (str_find_char(value, '\n') == STR_NPOS)
		return value;
	while (str_cut(&value, &line, '\n'))
		buf_add(&out, line);
	return arena_str(a, buf_str(&out));
}

err *flux_inline_vars(struct arena *a, node object, struct map *vars)
{
	node list = node_dig(object, "spec", "postBuild", "substitute");

	if (!node_is_nil(list) && list.kind != NODE_MAP)
		return err_new(ERR_INVALID,
			       ".spec.postBuild.substitute accessor error: expected map[string]interface{}");
	node_each_pair(p, list) {
		str *value = arena_new(a, str);

		if (p->value.kind != NODE_STR)
			return err_new(ERR_INVALID,
				       ".spec.postBuild.substitute accessor error: contains non-string value in "
				       "the map under key \"%.*s\"", STR_ARG(node_str(p->key)));
		*value = flux_var(a, node_str(p->value));
		map_set(vars, node_str(p->key), value);
	}
	return NULL;
}

/* ---- from objects ------------------------------------------------------ */

static const struct typed_field reference_fields[] = {
	TYPED_FIELD("kind", &typed_string),
	TYPED_FIELD("name", &typed_string),
	TYPED_FIELD("optional", &typed_bool),
};
static const struct typed reference_type =
	TYPED_STRUCT_OF("kustomize", "SubstituteReference", reference_fields);
static const struct typed references_type = { .kind = TYPED_LIST,
					      .go = "[]kustomize.SubstituteReference",
					      .of = &reference_type };

static err *references(struct arena *a, node object, node *out)
{
	node list = node_dig(object, "spec", "postBuild", "substituteFrom");
	err *e;

	*out = NODE_NOTHING;
	if (node_is_nil(list))
		return NULL;
	if (list.kind != NODE_SEQ)
		e = err_new(ERR_INVALID, ".spec.postBuild.substituteFrom accessor error: expected "
					 "[]interface{}");
	else
		e = typed_fit(a, list, &references_type, &(const struct typed_options){ 0 }, out);
	return e ? err_wrap(e, "unable to get subsituteFrom") : NULL;
}

static err *value_in(struct arena *a, bool secret, node value, str *out)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;

	if (!secret) {
		*out = flux_var(a, node_str(value));
		return NULL;
	}
	TRY(base64_read(&bytes, node_str(value), BASE64_STD));
	*out = flux_var(a, arena_str(a, buf_str(&bytes)));
	return NULL;
}

static err *add_reference(struct arena *a, node ref, str ns, struct flux_lookup *l,
			  struct map *vars)
{
	str kind = node_str(node_get(ref, S("kind"))), name = node_str(node_get(ref, S("name")));
	bool secret = str_eq(kind, S("Secret"));
	node from;

	if (!secret && !str_eq(kind, S("ConfigMap")))
		return NULL;
	err *e = l->get(l, a, kind, ns, name, &from);

	if (e && err_kind(e) == ERR_NOT_FOUND && node_bool(node_get(ref, S("optional")))) {
		err_free(e);
		return NULL;
	}
	node_each_pair(p, e ? NODE_NOTHING : node_get(from, S("data"))) {
		str *value = arena_new(a, str);

		e = value_in(a, secret, p->value, value);
		if (e)
			break;
		map_set(vars, node_str(p->key), value);
	}
	return e ? err_wrap(e, "substitute from '%.*s/%.*s' error", STR_ARG(kind), STR_ARG(name))
		 : NULL;
}

err *flux_vars(struct arena *a, node object, struct flux_lookup *l, struct map *vars)
{
	str ns = node_str(node_dig(object, "metadata", "namespace"));
	node list = NODE_NOTHING;

	if (l)
		TRY(references(a, object, &list));
	node_each_item(ref, list)
		TRY(add_reference(a, *ref, ns, l, vars));
	return flux_inline_vars(a, object, vars);
}

/* ---- substitution ------------------------------------------------------ */

#define SUBSTITUTE FLUX_KEY("substitute")

bool flux_keeps_variables(const struct resource *r)
{
	return str_eq(node_str(node_get(resource_labels(r), SUBSTITUTE)), S("disabled")) ||
	       str_eq(node_str(node_get(resource_annotations(r), SUBSTITUTE)), S("disabled"));
}

static bool is_var_name(str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool letter = c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter && (!i || c < '0' || c > '9'))
			return false;
	}
	return name.n > 0;
}

static err *check_names(const struct map *vars)
{
	for (size_t i = 0; i < vars->n; i++) {
		str name = vars->entries[i].key;

		if (!is_var_name(name))
			return err_new(ERR_INVALID,
				       "'%.*s' var name is invalid, must match "
				       "'^[_[:alpha:]][_[:alpha:][:digit:]]*$'",
				       STR_ARG(name));
	}
	return NULL;
}

/* The text back to an object: through JSON, where all numbers are floats. */
static err *parse(struct arena *a, str text, node *out)
{
	static const struct yaml_options kept = { .rules = YAML_1_2, .numbers = YAML_NUMBERS_TEXT };
	CLEANUP(buf_release) struct buf json = BUF_INIT;
	node tree;
	err *e = yaml_read(a, text, YAML_SIGS, &tree);

	if (e && err_cause(e))	/* without "error converting YAML to JSON" */
		return err_replace(e, "YAMLToJSON: %s", err_msg(err_cause(e)));
	if (e)
		return err_wrap(e, "YAMLToJSON");
	TRY(json_write(&json, tree, NULL));
	return yaml_read(a, arena_str(a, buf_str(&json)), &kept, out);
}

#define NAME_BYTES "0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* Whether the text has an expression with the variable; `open` is "${NAME". */
static bool uses(str text, str open)
{
	for (size_t at; (at = str_find(text, open)) != STR_NPOS;) {
		text = str_from(text, at + open.n);
		if (!text.n || !strchr(NAME_BYTES, text.p[0]) || !text.p[0])
			return true;
	}
	return false;
}

/* The first scalar that uses the variable. */
static uint32_t find_use(node n, str open)
{
	uint32_t place = 0;

	if (n.kind != NODE_MAP && n.kind != NODE_SEQ)
		return uses(node_str(n), open) ? n.place : 0;
	node_each_item(item, n)
		if (!place)
			place = find_use(*item, open);
	node_each_pair(p, n)
		if (!place)
			place = uses(node_str(p->key), open) ? p->key.place : find_use(p->value, open);
	return place;
}

/* Flux's message names the first variable; here come all, where they are
 * used, and the ways out. */
static err *explain_missing(struct arena *a, const struct flux_substitution *s, node object, err *e)
{
	CLEANUP(buf_release) struct buf places = BUF_LIMIT(1 << 16);
	str names = err_detail(e), first, name;
	uint32_t place = 0;

	first = str_sub(names, 0, str_find_char(names, '\n'));
	while (str_cut(&names, &name, '\n')) {
		uint32_t at = find_use(object, arena_cat(a, S("${"), name));
		struct err_pos pos;

		if (!place)
			place = at;
		if (s->sources && sources_locate(s->sources, at, &pos))
			buf_addf(&places, "%s%.*s at %.*s:%u:%u", places.n ? ", " : " (", STR_ARG(name),
				 STR_ARG(pos.file), pos.line, pos.col);
	}
	if (places.n)
		buf_addc(&places, ')');
	return sources_err(s->sources, place,
			   err_replace(e, "%s%s; set it in spec.postBuild, give a default: ${%.*s:=value}, "
				       "or keep it as it is: $${%.*s} in the text, or for the whole object the "
				       "annotation kustomize.toolkit.fluxcd.io/substitute: disabled",
				       err_msg(e), buf_c(&places), STR_ARG(first), STR_ARG(first)));
}

static err *substitute(struct arena *a, const struct flux_substitution *s, struct resource *r)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	CLEANUP(buf_release) struct buf replaced = BUF_INIT;
	node value;

	TRY(check_names(s->vars));
	TRY(value_to_print(a, NULL, r->object, &value));
	TRY(yaml_write(&text, value, YAML_WRITE_SIGS));
	err *e = envsubst(a, buf_str(&text), s->vars, s->strict, &replaced);

	if (e && err_kind(e) == ERR_NOT_FOUND)
		e = explain_missing(a, s, r->object, e);
	if (e)
		return err_wrap(e, "variable substitution failed");
	return parse(a, arena_str(a, buf_str(&replaced)), &r->object);
}

err *flux_substitute(struct arena *a, const struct flux_substitution *s, struct resource *r)
{
	if (flux_keeps_variables(r) || (!s->vars->n && !s->always))
		return NULL;
	err *e = substitute(a, s, r);

	return e ? err_wrap(e, "envsubst error") : NULL;
}
