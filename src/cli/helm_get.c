/* helm_get - "helm get": what is kept of a release. */
#include "base/sort.h"
#include "cli/commands.h"
#include "cli/helm_cluster.h"
#include "helm/coalesce.h"
#include "tmpl/exec.h"
#include "value/yaml.h"

struct get_options {
	struct helm_output_options output;
	int64_t revision;
	bool all;
	str template;
};

#define AT(field) offsetof(struct get_options, field)

static const struct flag flags[] = {
	{ "revision", 0, FLAG_INT, AT(revision), "the revision to show; else the last" },
	{ 0 },
};

static const struct flag all_flags[] = {
	{ 0, 0, FLAG_TABLE, 0, .table = flags },
	{ "template", 0, FLAG_STRING, AT(template), "Go template to print: {{.Release.Name}}" },
	{ 0 },
};

static const struct flag metadata_flags[] = {
	{ 0, 0, FLAG_TABLE, 0, .table = flags },
	{ 0, 0, FLAG_TABLE, AT(output), .table = helm_output_flags },
	{ 0 },
};

static const struct flag values_flags[] = {
	{ 0, 0, FLAG_TABLE, 0, .table = metadata_flags },
	{ "all", 'a', FLAG_BOOL, AT(all), "the computed values, with the chart's own" },
	{ 0 },
};

#undef AT

static err *fetch(struct cli *c, struct record *out)
{
	const struct get_options *o = c->options;
	CLEANUP(helm_disconnect) struct helm_cluster k = { 0 };

	TRY(helm_look(c, &k, false));
	return helm_find_release(&k, c->arena, c->words.p[0], o->revision, out);
}

/* ---- all --------------------------------------------------------------- */

static err *run_template(struct cli *c, str text, const struct record *r)
{
	struct helm_world world;
	struct tmpl_set set;
	node tree, data = node_map(c->arena, 1);

	helm_world_init(c, &world);
	TRY(helm_record_tree(c->arena, r, true, &tree));
	node_set(c->arena, data, S("Release"), helm_release_view(c->arena, tree, r->labels));
	tmpl_set_init(&set, c->arena, NULL);
	TRY(tmpl_set_parse(&set, S("_"), text));
	struct tmpl_exec *x = tmpl_exec_new(c->arena, &set, &world.options);
	err *e = tmpl_exec_run(x, S("_"), data, &c->out.buf);

	tmpl_exec_free(x);
	return e;
}

static err *run_all(struct cli *c)
{
	const struct get_options *o = c->options;
	const struct helm_status how = { .debug = true, .metadata = true };
	struct record r;

	TRY(fetch(c, &r));
	return o->template.n ? run_template(c, o->template, &r) : helm_print_release(c, &r, &how);
}

/* ---- parts ------------------------------------------------------------- */

static err *run_hooks(struct cli *c)
{
	struct record r;

	TRY(fetch(c, &r));
	for (size_t i = 0; i < r.hooks_n; i++)
		buf_addf(&c->out.buf, "---\n# Source: %.*s\n%.*s\n", STR_ARG(r.hooks[i].path),
			 STR_ARG(r.hooks[i].manifest));
	helm_make_visible(c);
	return NULL;
}

static err *run_manifest(struct cli *c)
{
	struct record r;

	TRY(fetch(c, &r));
	buf_add(&c->out.buf, r.manifest);
	buf_addc(&c->out.buf, '\n');
	helm_make_visible(c);
	return NULL;
}

static err *run_notes(struct cli *c)
{
	struct record r;

	TRY(fetch(c, &r));
	if (r.notes.n)
		buf_addf(&c->out.buf, "NOTES:\n%.*s\n", STR_ARG(r.notes));
	helm_make_visible(c);
	return NULL;
}

static err *run_values(struct cli *c)
{
	const struct get_options *o = c->options;
	struct record r;
	struct chart chart;
	node values;

	TRY(fetch(c, &r));
	values = r.config.kind == NODE_MAP ? r.config : node_null();
	if (o->all) {
		record_to_chart(c->arena, &r, &chart);
		TRY(coalesce_chart(c->arena, &chart, r.config, COALESCE_VALUES, NULL, &values));
	}
	if (!str_eq(o->output.format, S("table"))) {
		values = node_copy(c->arena, values);
		node_sort(values);
		return helm_print_tree(c, &o->output, values);
	}
	buf_add(&c->out.buf, o->all ? S("COMPUTED VALUES:\n") : S("USER-SUPPLIED VALUES:\n"));
	TRY(yaml_write(&c->out.buf, values, YAML_WRITE_SIGS));
	helm_make_visible(c);
	return NULL;
}

/* ---- metadata ---------------------------------------------------------- */

/* "a=b,c=d", sorted. */
static str set_text(struct arena *a, node map)
{
	str *parts = arena_array(a, str, node_len(map) + 1);
	size_t n = 0;

	node_each_pair(p, map)
		parts[n++] = arena_cat(a, node_str(p->key), S("="), node_str(p->value));
	sort_strs(parts, n);
	return arena_join(a, parts, n, S(","));
}

static str names_of(struct arena *a, node list)
{
	str *parts = arena_array(a, str, node_len(list) + 1);
	size_t n = 0;

	node_each_item(i, list)
		parts[n++] = node_str(node_get(*i, S("name")));
	sort_strs(parts, n);
	return arena_join(a, parts, n, S(","));
}

static str method_text(struct arena *a, str method)
{
	if (!method.n)
		return S("client-side apply (defaulted)");
	if (str_eq(method, S("csa")))
		return S("client-side apply");
	if (str_eq(method, S("ssa")))
		return S("server-side apply");
	return arena_cat(a, S("unknown (\""), method, S("\")"));
}

static str deployed_at(struct arena *a, const struct record *r)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	gotime_format(&b, r->last_deployed, GOTIME_RFC3339);
	return arena_str(a, buf_str(&b));
}

static node metadata_tree(struct arena *a, const struct record *r, node annotations, node deps)
{
	node out = node_map(a, 12);

	node_set(a, out, S("name"), node_from_str(a, r->name));
	node_set(a, out, S("chart"), node_from_str(a, record_chart_name(r)));
	node_set(a, out, S("version"), node_from_str(a, record_chart_version(r)));
	node_set(a, out, S("appVersion"), node_from_str(a, record_app_version(r)));
	if (node_len(annotations))
		node_set(a, out, S("annotations"), annotations);
	if (node_len(r->labels))
		node_set(a, out, S("labels"), r->labels);
	if (node_len(deps))
		node_set(a, out, S("dependencies"), deps);
	node_set(a, out, S("namespace"), node_from_str(a, r->ns));
	node_set(a, out, S("revision"), node_from_int(r->version));
	node_set(a, out, S("status"), node_from_str(a, r->status));
	node_set(a, out, S("deployedAt"), node_from_str(a, deployed_at(a, r)));
	if (r->apply_method.n)
		node_set(a, out, S("applyMethod"), node_from_str(a, r->apply_method));
	return out;
}

static err *run_metadata(struct cli *c)
{
	const struct get_options *o = c->options;
	struct arena *a = c->arena;
	struct record r;

	TRY(fetch(c, &r));
	node annotations = node_dig(r.chart, "metadata", "annotations");
	node deps = node_dig(r.chart, "metadata", "dependencies");
	str marks = set_text(a, annotations), labels = set_text(a, r.labels);
	str names = names_of(a, deps), when = deployed_at(a, &r);
	str method = method_text(a, r.apply_method), chart = record_chart_name(&r);
	str version = record_chart_version(&r), app = record_app_version(&r);

	if (!str_eq(o->output.format, S("table")))
		return helm_print_tree(c, &o->output, metadata_tree(a, &r, annotations, deps));
	buf_addf(&c->out.buf,
		 "NAME: %.*s\nCHART: %.*s\nVERSION: %.*s\nAPP_VERSION: %.*s\nANNOTATIONS: %.*s\n"
		 "LABELS: %.*s\nDEPENDENCIES: %.*s\nNAMESPACE: %.*s\nREVISION: %lld\n"
		 "STATUS: %.*s\nDEPLOYED_AT: %.*s\nAPPLY_METHOD: %.*s\n",
		 STR_ARG(r.name), STR_ARG(chart), STR_ARG(version), STR_ARG(app), STR_ARG(marks),
		 STR_ARG(labels), STR_ARG(names), STR_ARG(r.ns), (long long)r.version,
		 STR_ARG(r.status), STR_ARG(when), STR_ARG(method));
	return NULL;
}

#define GET(words, one_line, table, function)                                     \
	&(const struct command)                                                   \
	{                                                                         \
		.use = words " RELEASE_NAME", .brief = one_line,                  \
		.args = { ARGS_EXACT, 1 }, .flags = table,                        \
		.options = sizeof(struct get_options), .run = function,           \
	}

const struct command helm_get_command = {
	.use = "get",
	.brief = "Show what is kept of a release",
	.commands = (const struct command *const[]){
		GET("all", "Show everything", all_flags, run_all),
		GET("hooks", "Show the hooks", flags, run_hooks),
		GET("manifest", "Show the objects", flags, run_manifest),
		GET("metadata", "Show chart, labels and state", metadata_flags, run_metadata),
		GET("notes", "Show the notes", flags, run_notes),
		GET("values", "Show the values", values_flags, run_values),
		NULL,
	},
};
