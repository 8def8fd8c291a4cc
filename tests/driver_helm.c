/* "repo-index", "strvals", "chart-values", "manifests": parts of rendering a chart. */
#include "driver.h"

#include "helm/coalesce.h"
#include "helm/depend.h"
#include "helm/manifest.h"
#include "helm/repoindex.h"
#include "helm/strvals.h"
#include "helm/values.h"
#include "tmpl/value.h"

/* Numbers of the request as YAML and JSON files have them. */
static node as_floats(node n)
{
	node_each_item(item, n)
		*item = as_floats(*item);
	node_each_pair(p, n)
		p->value = as_floats(p->value);
	return node_is_num(n) ? node_from_float(node_float(n)) : n;
}

/* The same the other way: JSON has but one 1. */
static node as_numbers(node n)
{
	node_each_item(item, n)
		*item = as_numbers(*item);
	node_each_pair(p, n)
		p->value = as_numbers(p->value);
	if (n.kind == NODE_FLOAT && (double)(int64_t)n.f == n.f)
		return node_from_int((int64_t)n.f);
	return n;
}

static err *load(void *ctx, struct arena *a, str path, str *out)
{
	(void)ctx;
	if (str_starts(path, S("t")))
		return err_new(ERR_NOT_FOUND, "no file %.*s", STR_ARG(path));
	*out = arena_cat(a, S("<"), path, S(">"));
	return NULL;
}

static err *run_strvals(struct arena *a, node request, node *output)
{
	static const char *const kinds[] = { "typed", "string", "json", "file", "literal" };
	struct strvals_options o = { .load = load };
	node into = as_floats(node_copy(a, node_get(request, S("into"))));
	str kind = node_str(node_get(request, S("kind")));

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_eq(kind, str_c(kinds[i])))
			o.kind = (enum strvals_kind)i;
	TRY(strvals_parse(a, node_str(node_get(request, S("line"))), &o, into));
	*output = as_numbers(into);
	return NULL;
}

static node shape(struct arena *a, const struct chart *c)
{
	node out = node_map(a, 2), deps = node_seq(a, 0), subs = node_map(a, 0);

	for (size_t i = 0; i < c->meta.deps_n; i++)
		node_append(a, deps, node_from_str(a, c->meta.deps[i].name));
	for (size_t i = 0; i < c->subs_n; i++)
		node_set(a, subs, c->subs[i]->meta.name, shape(a, c->subs[i]));
	node_set(a, out, S("deps"), deps);
	node_set(a, out, S("subs"), subs);
	return out;
}

static err *run_chart_values(struct arena *a, node request, node *output)
{
	struct chart_files files = { 0 };
	node values = as_floats(node_copy(a, node_get(request, S("values")))), all;
	node out = node_map(a, 2);
	struct chart *c;

	node_each_pair(p, node_get(request, S("files"))) {
		const struct chart_file f = { node_str(p->key), node_str(p->value), 0 };

		avec_push(a, &files, f);
	}
	TRY(chart_load_files(a, &files, NULL, &c));
	TRY(depend_process(a, c, values, NULL));
	TRY(coalesce_chart(a, c, values, COALESCE_VALUES, NULL, &all));
	node_set(a, out, S("values"), as_numbers(all));
	node_set(a, out, S("chart"), shape(a, c));
	*output = out;
	return NULL;
}

static node manifest_node(struct arena *a, const struct manifest *m, bool hook)
{
	node out = node_seq(a, 6), events = node_seq(a, 0);

	for (size_t i = 0; hook && m->event_names[i]; i++)
		node_append(a, events, node_from_str(a, str_c(m->event_names[i])));
	node_append(a, out, node_from_str(a, m->path));
	node_append(a, out, node_from_str(a, m->kind));
	if (hook) {
		node_append(a, out, node_from_str(a, m->name));
		node_append(a, out, node_from_int(m->weight));
		node_append(a, out, events);
	}
	node_append(a, out, node_from_str(a, m->text));
	return out;
}

static err *run_manifests(struct arena *a, node request, node *output)
{
	node given = node_get(request, S("files")), list = node_seq(a, 0);
	struct manifest_file *files = arena_array(a, struct manifest_file, node_len(given) + 1);
	struct manifest_list manifests = { 0 }, hooks = { 0 };
	size_t n = 0;

	node_each_pair(p, given)
		files[n++] = (struct manifest_file){ node_str(p->key), node_str(p->value) };
	TRY(manifest_sort(a, files, n, MANIFEST_INSTALL, NULL, &manifests, &hooks));
	for (size_t i = 0; i < manifests.n; i++)
		node_append(a, list, manifest_node(a, &manifests.p[i], false));
	for (size_t i = 0; i < hooks.n; i++)
		node_append(a, list, manifest_node(a, &hooks.p[i], true));
	*output = list;
	return NULL;
}

/* What `helm pull` would take, or why not. */
static err *pick_version(struct arena *a, struct repoindex *ix, node want, node *out)
{
	str name = node_str(node_at(want, 0)), range = node_str(node_at(want, 1));
	const struct repoindex_version *v;
	struct repoindex_chart chart;
	err *e = repoindex_load(a, ix, name, false, &chart);

	if (!e)
		e = repoindex_pick_helm(&chart, name, range, &v);
	*out = node_seq(a, 3);
	node_append(a, *out, node_at(want, 0));
	node_append(a, *out, node_at(want, 1));
	node_append(a, *out,
		    node_copy_str(a, e ? arena_cat(a, S("error: "), err_text(e)) : v->version));
	err_free(e);
	return NULL;
}

static err *run_repo_index(struct arena *a, node request, node *output)
{
	CLEANUP(repoindex_drop) struct repoindex *ix = NULL;
	CLEANUP(buf_release) struct buf json = BUF_INIT;
	node picks = node_seq(a, 4);
	struct sink_buf sink;

	TRY(repoindex_open(&ix, driver_text(a, request, "text"), NULL));
	sink_buf_init(&sink, &json, "index");
	TRY(repoindex_write_json(ix, &sink.sink));
	node_each_item(i, node_get(request, S("picks"))) {
		node picked;

		TRY(pick_version(a, ix, *i, &picked));
		node_append(a, picks, picked);
	}
	*output = node_map(a, 2);
	node_set(a, *output, S("json"), node_copy_str(a, buf_str(&json)));
	node_set(a, *output, S("picks"), picks);
	return NULL;
}

const struct driver_op driver_helm_ops[] = {
	{ "chart-values", run_chart_values },
	{ "manifests", run_manifests },
	{ "repo-index", run_repo_index },
	{ "strvals", run_strvals },
	{ 0 },
};
