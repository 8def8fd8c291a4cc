/* helm_list - "helm list" and "helm history". */
#include <stdio.h>

#include "base/map.h"
#include "base/sort.h"
#include "cli/commands.h"
#include "cli/helm_cluster.h"
#include "kube/selector.h"
#include "text/regex.h"

struct list_options {
	struct helm_output_options output;
	bool quiet, no_headers, by_date, reverse, all_namespaces, all;
	bool uninstalled, superseded, uninstalling, deployed, failed, pending;
	int64_t max, offset;
	str filter, selector, time_format;
};

#define AT(field) offsetof(struct list_options, field)

static const struct flag list_flags[] = {
	{ 0, 0, FLAG_TABLE, AT(output), .table = helm_output_flags },
	{ "all", 'a', FLAG_BOOL, AT(all), "releases in every state, as is the default",
	  .hidden = true },
	{ "all-namespaces", 'A', FLAG_BOOL, AT(all_namespaces), "releases of all namespaces" },
	{ "date", 'd', FLAG_BOOL, AT(by_date), "sort by date" },
	{ "deployed", 0, FLAG_BOOL, AT(deployed), "those that are deployed" },
	{ "failed", 0, FLAG_BOOL, AT(failed), "those that failed" },
	{ "filter", 'f', FLAG_STRING, AT(filter), "regular expression that names must match" },
	{ "max", 'm', FLAG_INT, AT(max), "most releases to show; 0: all", .fallback = "256" },
	{ "no-headers", 0, FLAG_BOOL, AT(no_headers), "no line above the table" },
	{ "offset", 0, FLAG_INT, AT(offset), "leave out so many at the beginning" },
	{ "pending", 0, FLAG_BOOL, AT(pending), "those that are being changed" },
	{ "reverse", 'r', FLAG_BOOL, AT(reverse), "sort the other way round" },
	{ "selector", 'l', FLAG_STRING, AT(selector), "labels that releases must have: a=b,c!=d" },
	{ "short", 'q', FLAG_BOOL, AT(quiet), "names only" },
	{ "superseded", 0, FLAG_BOOL, AT(superseded), "those that newer revisions replaced" },
	{ "time-format", 0, FLAG_STRING, AT(time_format), "Go layout of times" },
	{ "uninstalled", 0, FLAG_BOOL, AT(uninstalled), "those uninstalled with --keep-history" },
	{ "uninstalling", 0, FLAG_BOOL, AT(uninstalling), "those that are being uninstalled" },
	{ 0 },
};

#undef AT

/* ---- which ------------------------------------------------------------- */

static bool has_state(const struct list_options *o, const struct record *r)
{
	bool any = o->uninstalled || o->superseded || o->uninstalling || o->deployed ||
		   o->failed || o->pending;
	str s = r->status;

	return !any || (o->uninstalled && str_eq(s, S("uninstalled"))) ||
	       (o->superseded && str_eq(s, S("superseded"))) ||
	       (o->uninstalling && str_eq(s, S("uninstalling"))) ||
	       (o->deployed && str_eq(s, S("deployed"))) ||
	       (o->failed && str_eq(s, S("failed"))) || (o->pending && record_is_pending(r));
}

static bool superseded_only(const struct list_options *o)
{
	return o->superseded && !o->uninstalled && !o->uninstalling && !o->deployed && !o->failed &&
	       !o->pending;
}

/* The newest revision of each; the list is sorted by revision. */
static void keep_latest(struct arena *a, struct record_list *l)
{
	CLEANUP(map_release) struct map newest = MAP_INIT;
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		map_set(&newest, arena_cat(a, l->p[i].ns, S("/"), l->p[i].name), &l->p[i]);
	for (size_t i = 0; i < l->n; i++)
		if (map_get(&newest, arena_cat(a, l->p[i].ns, S("/"), l->p[i].name)) == &l->p[i])
			l->p[n++] = l->p[i];
	l->n = n;
}

/* Revisions of one release as the server lists them: by the names of Secrets. */
static int by_key(const struct record *a, const struct record *b)
{
	char x[24], y[24];

	snprintf(x, sizeof x, "%lld", (long long)a->version);
	snprintf(y, sizeof y, "%lld", (long long)b->version);
	return strcmp(x, y);
}

static int by_name(const void *x, const void *y, void *ctx)
{
	const struct record *a = x, *b = y;
	int order = str_cmp(a->name, b->name);

	return order ? (ctx ? -order : order) : by_key(a, b);
}

/* Newest first; Helm's reverse is oldest first. */
static int by_date(const void *x, const void *y, void *ctx)
{
	const struct record *a = x, *b = y;

	return (ctx ? -1 : 1) * gotime_cmp(a->last_deployed, b->last_deployed);
}

static err *choose(struct cli *c, const struct list_options *o, struct record_list *l)
{
	const struct regex *filter = NULL;
	struct selector selector;
	size_t n = 0;

	if (o->filter.n)
		TRY(regex_compile(c->arena, o->filter, &filter));
	TRY(selector_parse(c->arena, o->selector, &selector));
	for (size_t i = 0; i < l->n; i++)
		if (!filter || regex_test(filter, l->p[i].name))
			l->p[n++] = l->p[i];
	l->n = n;
	if (!superseded_only(o))
		keep_latest(c->arena, l);
	n = 0;
	for (size_t i = 0; i < l->n; i++)
		if (has_state(o, &l->p[i]) && selector_matches(&selector, l->p[i].labels))
			l->p[n++] = l->p[i];
	l->n = n;
	sort_stable(l->p, l->n, sizeof *l->p, o->by_date ? by_date : by_name,
		    o->reverse ? (void *)o : NULL);
	if (o->offset > 0) {
		size_t skip = (size_t)o->offset < l->n ? (size_t)o->offset : l->n;

		l->p += skip;
		l->n -= skip;
	}
	if (o->max > 0 && (size_t)o->max < l->n)
		l->n = (size_t)o->max;
	return NULL;
}

/* ---- how --------------------------------------------------------------- */

static str updated(struct arena *a, const struct list_options *o, const struct record *r)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (gotime_is_zero(r->last_deployed))
		return S("-");
	gotime_format(&b, r->last_deployed, o->time_format.n ? o->time_format : GOTIME_STRING);
	return arena_str(a, buf_str(&b));
}

static str app_version(const struct record *r)
{
	return node_get(r->chart, S("metadata")).kind == NODE_MAP ? record_app_version(r)
								  : S("MISSING");
}

enum { COLUMNS = 7 };

static void row_of(struct cli *c, const struct list_options *o, const struct record *r,
		   str out[COLUMNS])
{
	out[0] = r->name;
	out[1] = r->ns;
	out[2] = arena_printf(c->arena, "%lld", (long long)r->version);
	out[3] = updated(c->arena, o, r);
	out[4] = r->status;
	out[5] = helm_chart_text(c->arena, r);
	out[6] = app_version(r);
}

static node tree_of(struct cli *c, const struct list_options *o, const struct record_list *l)
{
	static const char *const keys[COLUMNS] = { "name",   "namespace", "revision",	"updated",
						   "status", "chart",	  "app_version" };
	struct arena *a = c->arena;
	node list = node_seq(a, l->n);

	for (size_t i = 0; i < l->n; i++) {
		node one = node_map(a, COLUMNS);
		str row[COLUMNS];

		if (o->quiet) {
			node_append(a, list, node_from_str(a, l->p[i].name));
			continue;
		}
		row_of(c, o, &l->p[i], row);
		for (size_t j = 0; j < COLUMNS; j++)
			node_set(a, one, str_c(keys[j]), node_from_str(a, row[j]));
		node_append(a, list, one);
	}
	return list;
}

static void print_table(struct cli *c, const struct list_options *o, const struct record_list *l)
{
	static const str head[COLUMNS] = { S("NAME"),	S("NAMESPACE"), S("REVISION"),
					   S("UPDATED"), S("STATUS"),	 S("CHART"),
					   S("APP VERSION") };
	VEC(str) cells = { 0 };

	for (size_t i = 0; i < COLUMNS && !o->no_headers; i++)
		avec_push(c->arena, &cells, head[i]);
	for (size_t i = 0; i < l->n; i++) {
		str row[COLUMNS];

		row_of(c, o, &l->p[i], row);
		for (size_t j = 0; j < COLUMNS; j++)
			avec_push(c->arena, &cells, row[j]);
	}
	helm_print_table(c, cells.p, cells.n, COLUMNS);
}

static err *run_list(struct cli *c)
{
	const struct list_options *o = c->options;
	CLEANUP(helm_disconnect) struct helm_cluster k = { 0 };
	struct record_list l;

	TRY(helm_look(c, &k, o->all_namespaces));
	TRY(relstore_find(&k.env.store, c->arena, STR_NONE, STR_NONE, STR_NONE, &l));
	TRY(choose(c, o, &l));
	if (!str_eq(o->output.format, S("table")))
		return helm_print_tree(c, &o->output, tree_of(c, o, &l));
	if (!o->quiet) {
		print_table(c, o, &l);
		return NULL;
	}
	for (size_t i = 0; i < l.n; i++)
		buf_addf(&c->out.buf, "%.*s\n", STR_ARG(l.p[i].name));
	return NULL;
}

const struct command helm_list_command = {
	.use = "list",
	.brief = "List releases",
	.aliases = (const char *const[]){ "ls", NULL },
	.text = "List the releases of a namespace, or of all with -A: the last revision of each.",
	.example = "  # Those of all namespaces that failed\n  helm list -A --failed",
	.args = { ARGS_NONE },
	.flags = list_flags,
	.options = sizeof(struct list_options),
	.run = run_list,
};

/* ---- history ----------------------------------------------------------- */

struct history_options {
	struct helm_output_options output;
	int64_t max;
	bool rollback;
};

#define AT(field) offsetof(struct history_options, field)

static const struct flag history_flags[] = {
	{ 0, 0, FLAG_TABLE, AT(output), .table = helm_output_flags },
	{ "max", 0, FLAG_INT, AT(max), "most revisions to show", .fallback = "256" },
	{ "show-rollback-revision", 0, FLAG_BOOL, AT(rollback),
	  "a column with the revision that was rolled back to" },
	{ 0 },
};

#undef AT

static node history_tree(struct cli *c, const struct record_list *l)
{
	struct arena *a = c->arena;
	node list = node_seq(a, l->n);

	for (size_t i = 0; i < l->n; i++) {
		const struct record *r = &l->p[i];
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		node one = node_map(a, 7);

		gotime_format(&b, r->last_deployed, GOTIME_RFC3339_NANO);
		node_set(a, one, S("revision"), node_from_int(r->version));
		if (!gotime_is_zero(r->last_deployed))
			node_set(a, one, S("updated"), node_copy_str(a, buf_str(&b)));
		node_set(a, one, S("status"), node_from_str(a, r->status));
		node_set(a, one, S("chart"), node_from_str(a, helm_chart_text(a, r)));
		node_set(a, one, S("app_version"), node_from_str(a, app_version(r)));
		if (r->rollback_revision)
			node_set(a, one, S("rollback_revision"),
				 node_from_int(r->rollback_revision));
		node_set(a, one, S("description"), node_from_str(a, r->description));
		node_append(a, list, one);
	}
	return list;
}

static void history_table(struct cli *c, const struct history_options *o,
			  const struct record_list *l)
{
	static const str head[] = { S("REVISION"), S("UPDATED"), S("STATUS"), S("CHART"),
				    S("APP VERSION"), S("ROLLBACK"), S("DESCRIPTION") };
	struct arena *a = c->arena;
	VEC(str) cells = { 0 };

	for (size_t i = 0; i < sizeof head / sizeof *head; i++)
		if (i != 5 || o->rollback)
			avec_push(a, &cells, head[i]);
	for (size_t i = 0; i < l->n; i++) {
		const struct record *r = &l->p[i];

		avec_push(a, &cells, arena_printf(a, "%lld", (long long)r->version));
		avec_push(a, &cells, helm_time_text(a, r->last_deployed));
		avec_push(a, &cells, r->status);
		avec_push(a, &cells, helm_chart_text(a, r));
		avec_push(a, &cells, app_version(r));
		if (o->rollback)
			avec_push(a, &cells,
				  r->rollback_revision
					  ? arena_printf(a, "%lld", (long long)r->rollback_revision)
					  : STR_NONE);
		avec_push(a, &cells, r->description);
	}
	helm_print_table(c, cells.p, cells.n, o->rollback ? 7 : 6);
}

static err *run_history(struct cli *c)
{
	const struct history_options *o = c->options;
	CLEANUP(helm_disconnect) struct helm_cluster k = { 0 };
	struct record_list l;
	str what, name = c->words.p[0];

	TRY(helm_look(c, &k, false));
	if (!release_name_is_valid(name, &what))
		return err_new(ERR_INVALID, "release name is invalid: %.*s", STR_ARG(name));
	TRY(relstore_find(&k.env.store, c->arena, name, STR_NONE, STR_NONE, &l));
	if (!l.n && !l.unread)
		return relstore_no_last(&l, name);
	if (o->max >= 0 && (size_t)o->max < l.n) {
		l.p += l.n - (size_t)o->max;
		l.n = (size_t)o->max;
	}
	if (!str_eq(o->output.format, S("table")))
		return helm_print_tree(c, &o->output, history_tree(c, &l));
	history_table(c, o, &l);
	return NULL;
}

const struct command helm_history_command = {
	.use = "history RELEASE_NAME",
	.brief = "Show the revisions of a release",
	.aliases = (const char *const[]){ "hist", NULL },
	.args = { ARGS_EXACT, 1 },
	.flags = history_flags,
	.options = sizeof(struct history_options),
	.run = run_history,
};
