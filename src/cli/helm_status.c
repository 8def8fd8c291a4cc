/* helm_status - "helm status", and a release as text. */
#include "cli/commands.h"
#include "cli/helm_cluster.h"
#include "helm/coalesce.h"
#include "text/width.h"
#include "value/yaml.h"

/* ---- a release --------------------------------------------------------- */

static void add_tests(struct cli *c, const struct record *r)
{
	struct buf *b = &c->out.buf;
	size_t n = 0;

	for (size_t i = 0; i < r->hooks_n; i++) {
		const struct record_hook *h = &r->hooks[i];

		if (!record_has(h->events, S("test")))
			continue;
		n++;
		if (gotime_is_zero(h->started))
			continue;
		str started = helm_time_text(c->arena, h->started);
		str completed = helm_time_text(c->arena, h->completed);

		buf_addf(b,
			 "TEST SUITE:     %.*s\nLast Started:   %.*s\nLast Completed: %.*s\n"
			 "Phase:          %.*s\n",
			 STR_ARG(h->name), STR_ARG(started), STR_ARG(completed),
			 STR_ARG(h->phase));
	}
	if (!n)
		buf_add(b, S("TEST SUITE: None\n"));
}

static err *add_values(struct cli *c, const struct record *r)
{
	struct buf *b = &c->out.buf;
	struct chart chart;
	node all;

	buf_add(b, S("USER-SUPPLIED VALUES:\n"));
	if (r->config.kind == NODE_MAP)
		TRY(yaml_write(b, r->config, YAML_WRITE_SIGS));
	else
		buf_add(b, S("null\n"));
	buf_add(b, S("\nCOMPUTED VALUES:\n"));
	record_to_chart(c->arena, r, &chart);
	TRY(coalesce_chart(c->arena, &chart, r->config, COALESCE_VALUES, NULL, &all));
	TRY(yaml_write(b, all, YAML_WRITE_SIGS));
	buf_addc(b, '\n');
	return NULL;
}

static void add_manifests(struct buf *b, const struct record *r)
{
	buf_add(b, S("HOOKS:\n"));
	for (size_t i = 0; i < r->hooks_n; i++)
		buf_addf(b, "---\n# Source: %.*s\n%.*s\n", STR_ARG(r->hooks[i].path),
			 STR_ARG(r->hooks[i].manifest));
	buf_add(b, S("MANIFEST:\n"));
	buf_add(b, r->manifest);
	buf_addc(b, '\n');
}

err *helm_print_release(struct cli *c, const struct record *r, const struct helm_status *how)
{
	struct buf *b = &c->out.buf;
	str version = record_chart_version(r), app = record_app_version(r);
	str chart = record_chart_name(r), notes = manifest_trim(r->notes);

	buf_addf(b, "NAME: %.*s\n", STR_ARG(r->name));
	if (!gotime_is_zero(r->last_deployed)) {
		str when = helm_time_text(c->arena, r->last_deployed);

		buf_addf(b, "LAST DEPLOYED: %.*s\n", STR_ARG(when));
	}
	buf_addf(b, "NAMESPACE: %.*s\nSTATUS: %.*s\nREVISION: %lld\n", STR_ARG(r->ns),
		 STR_ARG(r->status), (long long)r->version);
	if (how->metadata)
		buf_addf(b, "CHART: %.*s\nVERSION: %.*s\nAPP_VERSION: %.*s\n", STR_ARG(chart),
			 STR_ARG(version), STR_ARG(app));
	buf_addf(b, "DESCRIPTION: %.*s\n", STR_ARG(r->description));
	if (how->resources.n)
		buf_addf(b, "RESOURCES:\n%.*s\n", STR_ARG(how->resources));
	add_tests(c, r);
	if (how->debug)
		TRY(add_values(c, r));
	if (how->debug || str_eq_nocase(r->description, S("Dry run complete")))
		add_manifests(b, r);
	if (!how->hide_notes && r->notes.n)
		buf_addf(b, "NOTES:\n%.*s\n", STR_ARG(notes));
	helm_make_visible(c);
	return NULL;
}

/* ---- its objects, as tables -------------------------------------------- */

#define TABLE S("application/json;as=Table;v=v1;g=meta.k8s.io,application/json")

static str cell_text(struct arena *a, node cell)
{
	return node_is_nil(cell) ? S("<none>") : node_text(a, cell);
}

struct table {
	str title;		/* "v1/Service" */
	VEC(str) names;		/* of the columns that are shown */
	VEC(str) cells;
};

struct tables {
	struct cli *c;
	const struct helm_cluster *k;
	VEC(struct table) all;
	VEC(str) selectors;	/* of which the Pods are there already */
};

static struct table *table_of(struct tables *t, str title)
{
	for (size_t i = 0; i < t->all.n; i++)
		if (str_eq(t->all.p[i].title, title))
			return &t->all.p[i];
	avec_push(t->c->arena, &t->all, (struct table){ .title = title });
	return &t->all.p[t->all.n - 1];
}

/* The rows of an answer in the form of a Table; wide columns are left out. */
static void add_rows(struct tables *t, str title, node answer)
{
	struct arena *a = t->c->arena;
	node columns = node_get(answer, S("columnDefinitions"));
	struct table *to = table_of(t, title);
	bool first = !to->names.n;

	node_each_item(row, node_get(answer, S("rows"))) {
		node cells = node_get(*row, S("cells"));

		for (size_t i = 0; i < node_len(columns); i++) {
			node column = node_at(columns, i);

			if (node_int(node_get(column, S("priority"))) > 0)
				continue;
			if (first) {
				str name = node_str(node_get(column, S("name")));
				char *upper = arena_alloc(a, name.n + 1);

				for (size_t j = 0; j < name.n; j++)
					upper[j] = (char)(name.p[j] >= 'a' && name.p[j] <= 'z'
								  ? name.p[j] - 32
								  : name.p[j]);
				avec_push(a, &to->names, str_of(upper, name.n));
			}
			avec_push(a, &to->cells, cell_text(a, node_at(cells, i)));
		}
		first = false;
	}
}

static str selector_text(struct arena *a, node object)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node labels = node_dig(object, "spec", "selector", "matchLabels");

	if (labels.kind != NODE_MAP)
		labels = node_dig(object, "spec", "selector");
	node_each_pair(p, labels)
		if (node_is(p->value, NODE_STR))
			buf_addf(&b, "%s%.*s=%.*s", b.n ? "," : "", STR_ARG(node_str(p->key)),
				 STR_ARG(node_str(p->value)));
	return arena_str(a, buf_str(&b));
}

static err *add_pods(struct tables *t, const struct relobj *o)
{
	static const struct client_resource pods = { STR_NONE, S("v1"), S("pods"), S("Pod"), true };
	struct arena *a = t->c->arena;
	str selector = selector_text(a, o->object);
	node answer;

	if (!selector.n)
		return NULL;
	for (size_t i = 0; i < t->selectors.n; i++)
		if (str_eq(t->selectors.p[i], selector))
			return NULL;
	avec_push(a, &t->selectors, selector);
	TRY(client_do(t->k->env.cluster.client, a,
		      &(struct client_request){
			      .path = client_path(a, &pods, o->ns, STR_NONE, STR_NONE),
			      .query = client_query_of(a, S("labelSelector"), selector,
						       S("includeObject"), S("Object")),
			      .accept = TABLE },
		      &answer));
	if (node_len(node_get(answer, S("rows"))))
		add_rows(t, S("v1/Pod(related)"), answer);
	return NULL;
}

static err *add_object(struct tables *t, const struct relobj *o)
{
	struct arena *a = t->c->arena;
	node answer;
	err *e = client_do(t->k->env.cluster.client, a,
			   &(struct client_request){
				   .path = client_path(a, o->resource, o->ns, o->name, STR_NONE),
				   .query = client_query_of(a, S("includeObject"), S("Object")),
				   .accept = TABLE },
			   &answer);

	if (e) {		/* Helm passes over what it cannot get, too */
		err_free(e);
		return NULL;
	}
	add_rows(t, arena_cat(a, o->gvk.version, S("/"), o->gvk.kind), answer);
	return add_pods(t, o);
}

/* Columns three spaces apart, as kubectl prints them. */
static void print_table(struct arena *a, const struct table *t, struct buf *b)
{
	size_t columns = t->names.n, rows = columns ? t->cells.n / columns : 0;
	size_t *widths = arena_array(a, size_t, columns + 1);

	for (size_t i = 0; i < columns; i++) {
		widths[i] = width_text(t->names.p[i]);
		for (size_t r = 0; r < rows; r++) {
			size_t w = width_text(t->cells.p[r * columns + i]);

			widths[i] = w > widths[i] ? w : widths[i];
		}
	}
	buf_addf(b, "==> %.*s\n", STR_ARG(t->title));
	for (size_t r = 0; r <= rows; r++)
		for (size_t i = 0; i < columns; i++) {
			str cell = r ? t->cells.p[(r - 1) * columns + i] : t->names.p[i];

			buf_add(b, cell);
			if (i + 1 == columns)
				buf_addc(b, '\n');
			else
				buf_fill(b, ' ', widths[i] - width_text(cell) + 3);
		}
	buf_addc(b, '\n');
}

static err *resources_of(struct cli *c, const struct helm_cluster *k, const struct record *r,
			 str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct tables t = { .c = c, .k = k };
	struct relobj_list l;

	TRY(relobj_build(&k->env.cluster, c->arena, r->manifest, r->ns, &l));
	for (size_t i = 0; i < l.n; i++)
		TRY(add_object(&t, &l.p[i]));
	for (size_t i = 0; i < t.all.n; i++)
		print_table(c->arena, &t.all.p[i], &b);
	*out = arena_str(c->arena, buf_str(&b));
	return NULL;
}

/* ---- the command ------------------------------------------------------- */

struct status_options {
	struct helm_output_options output;
	int64_t revision;
};

#define AT(field) offsetof(struct status_options, field)

static const struct flag flags[] = {
	{ 0, 0, FLAG_TABLE, AT(output), .table = helm_output_flags },
	{ "revision", 0, FLAG_INT, AT(revision), "the revision to show; else the last" },
	{ 0 },
};

#undef AT

static err *run(struct cli *c)
{
	const struct status_options *o = c->options;
	CLEANUP(helm_disconnect) struct helm_cluster k = { 0 };
	struct helm_status how = { 0 };
	struct record r;
	node tree;

	TRY(helm_check_output(&o->output));
	TRY(helm_connect(c, &k, false));
	TRY(helm_find_release(&k, c->arena, c->words.p[0], o->revision, &r));
	if (!str_eq(o->output.format, S("table"))) {
		TRY(helm_record_tree(c->arena, &r, false, &tree));
		return helm_print_tree(c, &o->output, tree);
	}
	TRY(resources_of(c, &k, &r, &how.resources));
	return helm_print_release(c, &r, &how);
}

const struct command helm_status_command = {
	.use = "status RELEASE_NAME",
	.brief = "Show the state of a release",
	.text = "Show when a release was last deployed, its state, objects, tests and notes.",
	.args = { ARGS_EXACT, 1 },
	.flags = flags,
	.options = sizeof(struct status_options),
	.run = run,
};
