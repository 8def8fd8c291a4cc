#include "helm/values.h"

#include "helm/yamldocs.h"
#include "helm/yamlfit.h"
#include "value/json.h"

/* ---- reading ----------------------------------------------------------- */

err *values_read_as(struct arena *a, str text, const char *what, node *out)
{
	node all = node_map(a, 0);

	while (text.n) {
		str document;
		node one;

		err *e = yamldocs_take(&text, &document);

		if (e)
			return err_wrap(e, "error reading %s document", what);
		e = yamlfit_read_map(a, document, "map[string]interface {}", &one);

		if (e)
			return err_wrap(e, "cannot unmarshal %s document", what);
		all = node_len(all) ? values_merge(a, all, one) : one.kind == NODE_MAP ? one : all;
	}
	*out = all;
	return NULL;
}

err *values_read(struct arena *a, str text, node *out)
{
	return values_read_as(a, text, "yaml", out);
}

/* ---- merging ----------------------------------------------------------- */

node values_merge(struct arena *a, node under, node over)
{
	node out = node_map(a, node_len(under) + node_len(over));

	node_each_pair(p, under)
		node_put(a, out, p->key, p->value);
	node_each_pair(p, over) {
		const node *there = values_is_table(p->value) ? node_find(out, node_str(p->key))
							      : NULL;

		if (there && values_is_table(*there))
			node_put(a, out, p->key, values_merge(a, *there, p->value));
		else
			node_put(a, out, p->key, p->value);
	}
	return out;
}

/* Verbatim: what --set would take for grammar is escaped. */
static str escaped(struct arena *a, str value)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_escape(&b, value, "\\,[]{}");
	return arena_str(a, buf_str(&b));
}

static bool is_quoted(str s)
{
	return (str_starts(s, S("'")) && str_ends(s, S("'"))) ||
	       (str_starts(s, S("\"")) && str_ends(s, S("\"")));
}

static err *set(struct arena *a, const struct values_given *g, node values)
{
	struct strvals_options o = { .kind = STRVALS_STRING };
	str text = g->text;

	if (g->literal)
		text = escaped(a, text);
	else if (is_quoted(text))
		text = str_trim_set(text, S("'\""));
	else
		o.kind = STRVALS_TYPED;
	return strvals_parse(a, arena_cat(a, g->path, S("="), text), &o, values);
}

err *values_add(struct arena *a, const struct values_given *g, node own, node *values)
{
	node read;

	if (g->path.n) {
		*values = values_merge(a, *values, own);
		return set(a, g, *values);
	}
	TRY(yamlfit_read_map(a, g->text, "common.Values", &read));
	*values = values_merge(a, *values, read);
	return NULL;
}

/* ---- paths ------------------------------------------------------------- */

node values_table(node values, str path, str *missing)
{
	for (bool more = true; more;) {
		str name;

		more = str_split(path, '.', &name, &path);
		values = node_get(values, name);
		if (!values_is_table(values)) {
			if (missing)
				*missing = name;
			return NODE_NOTHING;
		}
	}
	return values;
}

node values_at(node values, str path)
{
	size_t dot = str_rfind_char(path, '.');
	node n;

	if (dot != STR_NPOS)
		values = values_table(values, str_sub(path, 0, dot), NULL);
	n = node_get(values, dot == STR_NPOS ? path : str_from(path, dot + 1));
	return values_is_table(n) ? NODE_NOTHING : n;
}

/* ---- the user's -------------------------------------------------------- */

static err *add_file(struct arena *a, const struct values_sources *s, str path, node *all)
{
	str text;
	node one;

	TRY(s->load(s->ctx, a, path, &text));
	err *e = values_read(a, text, &one);

	if (e)
		return err_wrap(e, "failed to parse %.*s", STR_ARG(path));
	*all = values_merge(a, *all, one);
	return NULL;
}

static err *add_json(struct arena *a, str value, node *all)
{
	static const struct json_options options = { .numbers = JSON_NUMBERS_FLOAT };
	str trimmed = str_trim(value);
	node one;
	err *e;

	if (trimmed.n && trimmed.p[0] == '{') {
		e = json_read(a, trimmed, &options, &one);
		if (e)
			return err_replace(e, "failed parsing --set-json data JSON: %.*s",
					   STR_ARG(value));
		*all = values_merge(a, *all, one);
		return NULL;
	}
	e = strvals_parse(a, value, &(const struct strvals_options){ .kind = STRVALS_JSON }, *all);
	if (e)
		return err_replace(e, "failed parsing --set-json data %.*s", STR_ARG(value));
	return NULL;
}

static err *add_sets(struct arena *a, const str *list, size_t n, const char *flag,
		     const struct strvals_options *o, node all)
{
	for (size_t i = 0; i < n; i++) {
		err *e = strvals_parse(a, list[i], o, all);

		if (e)
			return err_wrap(e, "failed parsing %s data", flag);
	}
	return NULL;
}

err *values_collect(struct arena *a, const struct values_sources *s, node *out)
{
	const struct strvals_options typed = { .kind = STRVALS_TYPED },
				     strings = { .kind = STRVALS_STRING },
				     literal = { .kind = STRVALS_LITERAL },
				     files = { .kind = STRVALS_FILE, .load = s->load,
					       .ctx = s->ctx };
	node all = node_map(a, 0);

	for (size_t i = 0; i < s->files_n; i++)
		TRY(add_file(a, s, s->files[i], &all));
	for (size_t i = 0; i < s->json_n; i++)
		TRY(add_json(a, s->json[i], &all));
	TRY(add_sets(a, s->sets, s->sets_n, "--set", &typed, all));
	TRY(add_sets(a, s->strings, s->strings_n, "--set-string", &strings, all));
	TRY(add_sets(a, s->from_files, s->from_files_n, "--set-file", &files, all));
	TRY(add_sets(a, s->literals, s->literals_n, "--set-literal", &literal, all));
	*out = all;
	return NULL;
}
