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

/* ---- its objects ------------------------------------------------------- */

#define TABLE S("application/json;as=Table;v=v1;g=meta.k8s.io,application/json")

struct kind {
	str title;		/* "v1/Service" */
	VEC(node) answers;	/* an object, or a Table, each */
};

struct objects {
	struct cli *c;
	const struct helm_cluster *k;
	bool tables;
	VEC(struct kind) kinds;
	VEC(str) selectors;	/* of which the Pods are there already */
};

static void add_answer(struct objects *o, str title, node answer)
{
	struct arena *a = o->c->arena;
	size_t i = 0;

	while (i < o->kinds.n && !str_eq(o->kinds.p[i].title, title))
		i++;
	if (i == o->kinds.n)
		avec_push(a, &o->kinds, (struct kind){ .title = title });
	avec_push(a, &o->kinds.p[i].answers, answer);
}

static err *fetch(const struct objects *o, str path, str selector, node *out)
{
	struct arena *a = o->c->arena;
	str query = o->tables ? client_query_of(a, S("labelSelector"), selector,
						S("includeObject"), S("Object"))
			      : client_query_of(a, S("labelSelector"), selector);

	return client_do(o->k->env.cluster.client, a,
			 &(struct client_request){ .path = path, .query = query,
						   .accept = o->tables ? TABLE : STR_NONE },
			 out);
}

/* Of the kinds that have Pods; empty for all others. */
static str selector_text(struct arena *a, node object)
{
	static const char *const kinds[] = { "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet",
					     "Job" };
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str kind = node_str(node_get(object, S("kind")));
	node labels = NODE_NOTHING;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_eq(kind, str_c(kinds[i])))
			labels = node_copy(a, node_dig(object, "spec", "selector", "matchLabels"));
	if (str_eq(kind, S("ReplicationController")))
		labels = node_copy(a, node_dig(object, "spec", "selector"));
	if (labels.kind != NODE_MAP)
		return STR_NONE;
	node_sort(labels);
	node_each_pair(p, labels)
		buf_addf(&b, "%s%.*s=%.*s", b.n ? "," : "", STR_ARG(node_str(p->key)),
			 STR_ARG(node_str(p->value)));
	return arena_str(a, buf_str(&b));
}

static err *add_pods(struct objects *o, const struct relobj *of)
{
	struct arena *a = o->c->arena;
	str selector = selector_text(a, of->object);
	node answer;

	if (!selector.n)
		return NULL;
	for (size_t i = 0; i < o->selectors.n; i++)
		if (str_eq(o->selectors.p[i], selector))
			return NULL;
	avec_push(a, &o->selectors, selector);
	TRY(fetch(o, client_path(a, &client_pods, of->ns, STR_NONE, STR_NONE), selector, &answer));
	add_answer(o, S("v1/Pod(related)"), answer);
	return NULL;
}

static err *add_object(struct objects *o, const struct relobj *of)
{
	struct arena *a = o->c->arena;
	node answer;
	err *e = fetch(o, client_path(a, of->resource, of->ns, of->name, STR_NONE), STR_NONE,
		       &answer);

	if (e) {		/* Helm passes over what it cannot get, too */
		err_free(e);
		return NULL;
	}
	add_answer(o, arena_cat(a, of->gvk.version, S("/"), of->gvk.kind), answer);
	return add_pods(o, of);
}

static err *find_objects(struct objects *o, const struct record *r)
{
	struct relobj_list l;

	if (!o->k->env.cluster.client)
		return NULL;
	TRY(relobj_build(&o->k->env.cluster, o->c->arena, r->manifest, r->ns, &l));
	for (size_t i = 0; i < l.n; i++)
		TRY(add_object(o, &l.p[i]));
	return NULL;
}

/* ---- as tables ---- */

static str cell_text(struct arena *a, node cell)
{
	return node_is_nil(cell) ? S("<none>") : node_text(a, cell);
}

static str upper(struct arena *a, str s)
{
	char *out = arena_alloc(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		out[i] = (char)(s.p[i] >= 'a' && s.p[i] <= 'z' ? s.p[i] - 32 : s.p[i]);
	return str_of(out, s.n);
}

struct grid {
	VEC(str) cells;		/* the heads first */
	size_t columns;
};

/* Wide columns are left out. */
static struct grid grid_of(struct arena *a, node table)
{
	node columns = node_get(table, S("columnDefinitions"));
	struct grid g = { .columns = 0 };

	node_each_item(c, columns)
		if (node_int(node_get(*c, S("priority"))) <= 0) {
			avec_push(a, &g.cells, upper(a, node_str(node_get(*c, S("name")))));
			g.columns++;
		}
	node_each_item(row, node_get(table, S("rows")))
		for (size_t i = 0; i < node_len(columns); i++)
			if (node_int(node_get(node_at(columns, i), S("priority"))) <= 0)
				avec_push(a, &g.cells,
					  cell_text(a, node_at(node_get(*row, S("cells")), i)));
	return g;
}

enum { GAP = 3, NARROWEST = 6 };

/* As kubectl lays Tables out: each for itself. */
static void print_table(struct arena *a, node table, bool heads, struct buf *b)
{
	struct grid g = grid_of(a, table);
	size_t *widths = arena_array(a, size_t, g.columns + 1);
	size_t first = heads ? 0 : g.columns;

	for (size_t i = first; i < g.cells.n; i++) {
		size_t w = width_text(g.cells.p[i]) + GAP, at = i % g.columns;

		w = w > NARROWEST ? w : NARROWEST;
		widths[at] = w > widths[at] ? w : widths[at];
	}
	for (size_t i = first; i < g.cells.n; i++) {
		size_t at = i % g.columns;

		buf_add(b, g.cells.p[i]);
		if (at + 1 == g.columns)
			buf_addc(b, '\n');
		else
			buf_fill(b, ' ', widths[at] - width_text(g.cells.p[i]));
	}
}

static str tables_text(struct objects *o)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node last = NODE_NOTHING;

	for (size_t i = 0; i < o->kinds.n; i++) {
		const struct kind *k = &o->kinds.p[i];

		buf_addf(&b, "==> %.*s\n", STR_ARG(k->title));
		for (size_t j = 0; j < k->answers.n; j++) {
			node columns = node_get(k->answers.p[j], S("columnDefinitions"));

			if (!node_len(node_get(k->answers.p[j], S("rows"))))
				continue;
			print_table(o->c->arena, k->answers.p[j], !node_equal(columns, last), &b);
			last = columns;
		}
		buf_addc(&b, '\n');
	}
	return arena_str(o->c->arena, buf_str(&b));
}

/* ---- as data ---- */

static void add_data(struct objects *o, node tree)
{
	struct arena *a = o->c->arena;
	node info = node_get(tree, S("info")), all = node_map(a, o->kinds.n);

	for (size_t i = 0; i < o->kinds.n; i++) {
		const struct kind *k = &o->kinds.p[i];
		node list = node_seq(a, k->answers.n);

		for (size_t j = 0; j < k->answers.n; j++)
			node_append(a, list, k->answers.p[j]);
		node_set(a, all, k->title, list);
	}
	node_sort(all);
	if (o->kinds.n)
		node_set(a, info, S("resources"), all);
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
	struct objects all = { .c = c, .k = &k, .tables = str_eq(o->output.format, S("table")) };
	struct record r;
	node tree;

	TRY(helm_look(c, &k, false));
	TRY(helm_find_release(&k, c->arena, c->words.p[0], o->revision, &r));
	TRY(find_objects(&all, &r));
	if (all.tables)
		return helm_print_release(
			c, &r, &(struct helm_status){ .resources = tables_text(&all) });
	TRY(helm_record_tree(c->arena, &r, false, &tree));
	add_data(&all, tree);
	return helm_print_tree(c, &o->output, tree);
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
