/* The build itself, and what comes behind it. */
#include "kustomize/envsubst.h"
#include "kustomize/flux.h"
#include "kustomize/value.h"
#include "text/path.h"
#include "value/json.h"
#include "value/yaml.h"

err *flux_build(struct arena *a, const struct flux_source *s, const struct flux_kfile *k,
		struct resmap **out)
{
	struct files_confined confined;
	struct files_overlay files;
	struct kustomize_options o = {
		.files = &files.files,
		.remote = s->remote,
		.helm = s->helm,
		.sources = s->sources,
		.working_dir = fs_root(s->root),
		.order = KUSTOMIZE_ORDER_NONE,
		.any_file = true,
		.release_581 = true,
	};

	files_confined_init(&confined, s->root);
	files_overlay_init(&files, &confined.files, k->path, k->text);
	err *e = kustomize_build(a, &o, path_dir(a, k->path), out);

	if (e && err_code(e) == KUSTOMIZE_PANIC)
		return err_wrap(e, "recovered from kustomize build panic");
	return e;
}

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

/* ---- substitution ------------------------------------------------------ */

#define SUBSTITUTE S("kustomize.toolkit.fluxcd.io/substitute")

static bool is_disabled(const struct resource *r)
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
			   err_replace(e, "%s%s; set it in spec.postBuild, or give a default: "
				       "${%.*s:=value}", err_msg(e), buf_c(&places), STR_ARG(first)));
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
	if (is_disabled(r) || (!s->vars->n && !s->always))
		return NULL;
	err *e = substitute(a, s, r);

	return e ? err_wrap(e, "envsubst error") : NULL;
}
