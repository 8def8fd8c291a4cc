/* flux_get - "flux get": what is there, and how it is.
 *
 * A kind is a row: its columns, and the function behind each. One kind is
 * listed, printed or watched; "all" asks for the kinds of a group at once.
 */

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/flux.h"
#include "cli/flux_hint.h"
#include "cli/flux_newest.h"
#include "cli/flux_board.h"
#include "cli/flux_stream.h"
#include "kube/health.h"
#include "kube/selector.h"
#include "text/gotime.h"

struct get_options {
	bool all_namespaces, no_header, watch;
	str status_selector, label_selector;
	bool show_source;	/* of two kinds only */
};

#define AT(field) offsetof(struct get_options, field)

static const struct flag get_flags[] = {
	{ "all-namespaces", 'A', FLAG_BOOL, AT(all_namespaces), "look into all namespaces" },
	{ "label-selector", 'l', FLAG_STRING, AT(label_selector),
	  "only objects with such labels, as in app=web,tier in (a,b)" },
	{ "no-header", 0, FLAG_BOOL, AT(no_header), "leave out the line of column names" },
	{ "status-selector", 0, FLAG_STRING, AT(status_selector),
	  "only objects with this condition, as in ready=false or ready!=true" },
	{ "watch", 'w', FLAG_BOOL, AT(watch), "go on with what changes" },
	{ 0 },
};

static const struct flag source_flags[] = {
	{ "show-source", 0, FLAG_BOOL, AT(show_source), "show where each object comes from" },
	{ 0 },
};

#undef AT

/* ---- cells ------------------------------------------------------------- */

typedef str cell_of(struct arena *a, node object);

static str text_at(node object, const char *a, const char *b, const char *c)
{
	const char *const path[] = { a, b, c, NULL };

	return node_str(node_dig_path(object, path));
}

static str suspended(struct arena *a, node o)
{
	(void)a;
	return flux_bool(node_bool(node_dig(o, "spec", "suspend")));
}

static str generator_suspended(struct arena *a, node o)
{
	str says = text_at(o, "metadata", "annotations", "source.extensions.fluxcd.io/reconcile");

	(void)a;
	return flux_bool(str_eq_nocase(says, S("disabled")));
}

static str ready(struct arena *a, node o)
{
	node c = health_condition(o, S("Ready"));

	(void)a;
	return node_is_nil(c) ? S("False") : node_str(node_get(c, S("status")));
}

static str message(struct arena *a, node o)
{
	node c = health_condition(o, S("Ready"));

	(void)a;
	return node_is_nil(c) ? S("waiting to be reconciled")
			      : node_str(node_get(c, S("message")));
}

static str short_message(struct arena *a, node o)
{
	return flux_short(a, message(a, o));
}

static bool is_oci(node o)
{
	return str_eq(text_at(o, "spec", "type", NULL), S("oci"));
}

static str helm_ready(struct arena *a, node o)
{
	return is_oci(o) ? S("True") : ready(a, o);
}

static str helm_message(struct arena *a, node o)
{
	return is_oci(o) ? S("Helm repository is Ready") : short_message(a, o);
}

static str always(struct arena *a, node o)
{
	(void)a;
	(void)o;
	return S("True");
}

static str alert_message(struct arena *a, node o)
{
	(void)a;
	(void)o;
	return S("Alert is Ready");
}

static str provider_message(struct arena *a, node o)
{
	(void)a;
	(void)o;
	return S("Provider is Ready");
}

static str artifact(struct arena *a, node o)
{
	(void)a;
	return text_at(o, "status", "artifact", "revision");
}

static str short_artifact(struct arena *a, node o)
{
	return flux_short(a, artifact(a, o));
}

static str applied(struct arena *a, node o)
{
	return flux_short(a, text_at(o, "status", "lastAppliedRevision", NULL));
}

static str chart_version(struct arena *a, node o)
{
	str deployed = node_str(
		node_get(node_at(node_dig(o, "status", "history"), 0), S("chartVersion")));

	(void)a;
	return deployed.n ? deployed : text_at(o, "status", "lastAttemptedRevision", NULL);
}

/* "Kind/namespace/name", the namespace that of the object where none is named. */
static str reference(struct arena *a, node o, node ref)
{
	str namespace = node_str(node_get(ref, S("namespace")));

	if (!node_is(ref, NODE_MAP))
		return STR_NONE;
	return arena_cat(a, node_str(node_get(ref, S("kind"))), S("/"),
			 namespace.n ? namespace : flux_namespace(o), S("/"),
			 node_str(node_get(ref, S("name"))));
}

static str source_ref(struct arena *a, node o)
{
	return reference(a, o, node_dig(o, "spec", "sourceRef"));
}

static str chart_source(struct arena *a, node o)
{
	node ref = node_dig(o, "spec", "chartRef");

	return reference(a, o,
			 node_is(ref, NODE_MAP) ? ref
						: node_dig(o, "spec", "chart", "spec", "sourceRef"));
}

/* RFC 3339 in the local zone, as Go prints it. */
static str local_time(struct arena *a, str text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct gotime t;
	err *e = text.n ? gotime_parse(&t, GOTIME_RFC3339, text, NULL)
			: err_new(ERR_NOT_FOUND, "no time");

	if (e) {
		err_free(e);
		return STR_NONE;
	}
	struct tm local;
	time_t when = (time_t)t.sec;

	localtime_r(&when, &local);
	gotime_format(&b, gotime_fixed(t, (int32_t)local.tm_gmtoff, STR_NONE), GOTIME_RFC3339);
	return arena_str(a, buf_str(&b));
}

static str last_scan(struct arena *a, node o)
{
	return local_time(a, text_at(o, "status", "lastScanResult", "scanTime"));
}

static str last_run(struct arena *a, node o)
{
	return local_time(a, text_at(o, "status", "lastAutomationRunTime", NULL));
}

static str latest_image(struct arena *a, node o)
{
	(void)a;
	return text_at(o, "status", "latestRef", "name");
}

static str latest_tag(struct arena *a, node o)
{
	(void)a;
	return text_at(o, "status", "latestRef", "tag");
}

/* ---- kinds ------------------------------------------------------------- */

enum { COLUMNS_MAX = 5 };

struct column {
	const char *name;
	cell_of *cell;
};

static const struct get_kind {
	struct column columns[COLUMNS_MAX];
	cell_of *source;	/* behind --show-source */
} get_kinds[FLUX_KINDS] = {
#define STATE { "Suspended", suspended }, { "Ready", ready }
	[FLUX_GIT] = { { { "Revision", short_artifact }, STATE, { "Message", short_message } } },
	[FLUX_OCI] = { { { "Revision", short_artifact }, STATE, { "Message", short_message } } },
	[FLUX_BUCKET] = { { { "Revision", short_artifact }, STATE, { "Message", short_message } } },
	[FLUX_HELM_REPOSITORY] = { { { "Revision", short_artifact },
				     { "Suspended", suspended },
				     { "Ready", helm_ready },
				     { "Message", helm_message } } },
	[FLUX_CHART] = { { { "Revision", artifact }, STATE, { "Message", short_message } } },
	[FLUX_EXTERNAL] = { { { "Revision", short_artifact },
			      { "Source", source_ref },
			      { "Ready", ready },
			      { "Message", short_message } } },
	[FLUX_GENERATOR] = { { { "Suspended", generator_suspended },
			       { "Ready", ready },
			       { "Message", message } } },
	[FLUX_KUSTOMIZATION] = { { { "Revision", applied }, STATE, { "Message", short_message } },
				 source_ref },
	[FLUX_RELEASE] = { { { "Revision", chart_version }, STATE, { "Message", message } },
			   chart_source },
	[FLUX_IMAGE_REPOSITORY] = { { { "Last scan", last_scan }, STATE, { "Message", message } } },
	[FLUX_IMAGE_POLICY] = { { { "Image", latest_image },
				  { "Tag", latest_tag },
				  { "Ready", ready },
				  { "Message", message } } },
	[FLUX_IMAGE_UPDATE] = { { { "Last run", last_run }, STATE, { "Message", message } } },
	[FLUX_RECEIVER] = { { STATE, { "Message", message } } },
	[FLUX_ALERT] = { { { "Suspended", suspended },
			   { "Ready", always },
			   { "Message", alert_message } } },
	[FLUX_PROVIDER] = { { { "Ready", always }, { "Message", provider_message } } },
#undef STATE
};

/* ---- one table --------------------------------------------------------- */

struct getter {
	struct cli *cli;
	const struct get_options *options;
	enum flux_kind_id kind;
	bool typed_names;	/* "kustomization/podinfo" */
};

enum { HEADER_MAX = COLUMNS_MAX + 3 };

static void add_row(const struct getter *g, struct flux_table *t, node o)
{
	const struct get_kind *k = &get_kinds[g->kind];
	str name = flux_name(o);

	if (g->typed_names) {
		str kind = arena_str(t->arena, str_c(flux_kinds[g->kind].kind));

		for (size_t i = 0; i < kind.n; i++)
			((char *)(uintptr_t)kind.p)[i] |= 0x20;	/* letters only */
		name = arena_cat(t->arena, kind, S("/"), name);
	}
	if (g->options->all_namespaces)
		flux_table_add(t, flux_namespace(o));
	flux_table_add(t, name);
	if (g->options->show_source)
		flux_table_add(t, k->source(t->arena, o));
	for (size_t i = 0; i < COLUMNS_MAX && k->columns[i].name; i++)
		flux_table_add(t, k->columns[i].cell(t->arena, o));
}

static struct flux_table new_table(const struct getter *g, struct arena *a)
{
	const struct get_kind *k = &get_kinds[g->kind];
	const char **header = arena_array(a, const char *, HEADER_MAX);
	size_t n = 0;

	if (g->options->all_namespaces)
		header[n++] = "Namespace";
	header[n++] = "Name";
	if (g->options->show_source)
		header[n++] = "Source";
	for (size_t i = 0; i < COLUMNS_MAX && k->columns[i].name; i++)
		header[n++] = k->columns[i].name;
	return (struct flux_table){ .arena = a,
				    .header = g->options->no_header ? NULL : header,
				    .columns = n };
}

/* ---- selecting --------------------------------------------------------- */

struct status_selector {
	str type, status;
	bool differs;
};

static err *read_status_selector(str text, struct status_selector *out)
{
	size_t at = str_find(text, S("!="));

	if (at != STR_NPOS) {
		*out = (struct status_selector){ str_sub(text, 0, at), str_from(text, at + 2),
						 true };
		return NULL;
	}
	if (str_split(text, '=', &out->type, &out->status)) {
		out->differs = false;
		return NULL;
	}
	return err_new(ERR_INVALID,
		       "expected status selector in type=status or type!=status format, but found: %.*s",
		       STR_ARG(text));
}

/* Alerts and providers know of nothing but being ready. */
static bool is_selected(const struct getter *g, const struct status_selector *s, node o)
{
	if (flux_kinds[g->kind].is_static)
		return (str_eq_nocase(s->type, S("ready")) &&
			str_eq_nocase(s->status, S("true"))) != s->differs;
	node_each_item(c, node_dig(o, "status", "conditions"))
		if (str_eq_nocase(node_str(node_get(*c, S("type"))), s->type))
			return str_eq_nocase(node_str(node_get(*c, S("status"))), s->status) !=
			       s->differs;
	return s->differs;
}

static err *check_label_selector(struct cli *c, str text)
{
	struct selector parsed;
	err *e = selector_parse(c->arena, text, &parsed);

	if (e)
		return err_replace(e,
				   "unable to parse label selector: couldn't parse the selector string "
				   "\"%.*s\": %s",
				   STR_ARG(text), err_msg(e));
	/* It has to fit a LabelSelector, which has no such operators. */
	for (size_t i = 0; i < parsed.n; i++)
		if (parsed.list[i].op == SELECTOR_GREATER || parsed.list[i].op == SELECTOR_LESS)
			return err_new(ERR_INVALID,
				       "unable to parse label selector: \"%s\" isn't supported in "
				       "label selectors",
				       parsed.list[i].op == SELECTOR_LESS ? "lt" : "gt");
	if (str_find(text, S("!=")) != STR_NPOS)
		return err_new(ERR_INVALID, "unable to parse label selector: \"!=\" is not a valid "
					    "label selector operator");
	return NULL;
}

/* ---- listing ----------------------------------------------------------- */

static str where(const struct getter *g)
{
	return g->options->all_namespaces ? STR_NONE : flux_settings(g->cli)->namespace;
}

static str field_selector(struct cli *c)
{
	return c->words.n ? client_field(c->arena, S("metadata.name"), c->words.p[0]) : STR_NONE;
}

static err *nothing_found(const struct getter *g)
{
	struct cli *c = g->cli;
	const char *kind = flux_kinds[g->kind].kind;
	str place = g->options->all_namespaces
			    ? S("any")
			    : arena_printf(c->arena, "\"%.*s\"",
					   STR_ARG(flux_settings(c)->namespace));

	if (c->words.n)
		return err_new(ERR_NOT_FOUND, "%s object '%.*s' not found in %.*s namespace", kind,
			       STR_ARG(c->words.p[0]), STR_ARG(place));
	return err_new(ERR_NOT_FOUND, "no %s objects found in %.*s namespace", kind,
		       STR_ARG(place));
}

/* The rows that are selected; the header alone when there are none. */
static err *print_items(const struct getter *g, node list, bool header_alone)
{
	struct cli *c = g->cli;
	struct flux_table t = new_table(g, c->arena);
	struct status_selector s;
	str text = g->options->status_selector;

	if (text.n)
		TRY(read_status_selector(text, &s));
	node_each_item(o, node_get(list, S("items")))
		if (!text.n || is_selected(g, &s, *o))
			add_row(g, &t, *o);
	if (!t.cells.n && !header_alone)
		return NULL;
	flux_table_print(&c->out.buf, &t);
	return NULL;
}

enum { NEWEST_MAX = 5 };

/* Beside a table that somebody reads: of charts in versions that are not there. */
static void tell_newest(struct cli *c, struct flux_server *s, enum flux_kind_id kind, node items)
{
	unsigned told = 0;

	node_each_item(o, items) {
		str newest = told < NEWEST_MAX ? flux_newest(c, s, kind, *o) : STR_NONE;
		str name = node_str(node_dig(*o, "metadata", "name"));

		if (!newest.n)
			continue;
		cli_note(c, "  %.*s: %.*s", STR_ARG(name), STR_ARG(newest));
		told++;
	}
}

static err *list_one(const struct getter *g, struct flux_server *s)
{
	struct cli *c = g->cli;
	const struct client_resource r = flux_resource(&flux_kinds[g->kind]);
	node list;

	TRY(client_list(s->client, c->arena, &r, where(g), g->options->label_selector,
			field_selector(c), &list));
	if (!node_len(node_get(list, S("items"))))
		return nothing_found(g);
	TRY(print_items(g, list, true));
	if (output_is_terminal(&c->err))
		tell_newest(c, s, g->kind, node_get(list, S("items")));
	return NULL;
}

/* ---- watching ---------------------------------------------------------- */

struct watcher {
	const struct getter *getter;
	struct status_selector selector;
	struct flux_stream stream;
	/* Under the stream's lock: */
	bool begun;
	bool drawing;		/* on a terminal: the board is redrawn */
	struct flux_board board;
};

/* The board is not drawn more often: a list comes as many events. */
#define BOARD_STEP (100 * CLOCK_MS)

static str board_key(struct arena *a, node o)
{
	return arena_cat(a, flux_namespace(o), S("/"), flux_name(o));
}

static void on_event(void *ctx, str type, node o)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct watcher *w = ctx;
	struct getter g = *w->getter;
	struct get_options quiet = *g.options;

	if (str_eq(type, S("BOOKMARK")) || str_eq(type, S("ERROR")))
		return;
	pthread_mutex_lock(&w->stream.lock);
	quiet.no_header = quiet.no_header || w->begun;
	g.options = &quiet;
	struct flux_table t = new_table(&g, &a);

	if (!quiet.status_selector.n || is_selected(&g, &w->selector, o))
		add_row(&g, &t, o);
	w->begun = true;
	if (w->drawing) {
		flux_board_put(&w->board, board_key(&a, o), t.cells.p,
			       str_eq(type, S("DELETED")) ? 0 : t.cells.n);
	} else {
		flux_table_print(&g.cli->out.buf, &t);
		output_flush(&g.cli->out);
	}
	pthread_mutex_unlock(&w->stream.lock);
}

static void draw_until(struct watcher *w, int64_t deadline)
{
	const struct getter *g = w->getter;
	struct flux_table t = new_table(g, g->cli->arena);

	pthread_mutex_lock(&w->stream.lock);
	while (!w->stream.is_over && clock_mono() < deadline) {
		int64_t next = clock_after(clock_mono(), BOARD_STEP);
		struct timespec until = clock_timespec(next < deadline ? next : deadline);

		if (w->board.changed)
			flux_board_draw(&w->board, &g->cli->out, t.header, t.columns);
		pthread_cond_timedwait(&w->stream.ended, &w->stream.lock, &until);
	}
	pthread_mutex_unlock(&w->stream.lock);
}

static void on_end(void *ctx, const err *why)
{
	struct watcher *w = ctx;

	flux_stream_end(&w->stream, why);
}

static err *watch_one(const struct getter *g, struct flux_server *s)
{
	const struct client_resource r = flux_resource(&flux_kinds[g->kind]);
	struct watcher w = { .getter = g, .drawing = output_is_terminal(&g->cli->out) };

	if (g->options->status_selector.n)
		TRY(read_status_selector(g->options->status_selector, &w.selector));
	flux_stream_init(&w.stream);
	struct client_watch *watch = client_watch_start(
		s->client, &r,
		&(struct client_watch_options){ .namespace = where(g),
						.selector = g->options->label_selector,
						.fields = field_selector(g->cli),
						.on_event = on_event,
						.on_end = on_end,
						.ctx = &w });

	if (w.drawing)
		draw_until(&w, s->deadline);
	flux_stream_wait(&w.stream, s->deadline);
	client_watch_stop(watch);
	flux_stream_release(&w.stream);
	flux_board_release(&w.board);
	return w.stream.why ? w.stream.why
			    : err_new(ERR_TIMEOUT, "timed out waiting for the condition");
}

static err *run_kind(struct cli *c)
{
	enum flux_kind_id kind = flux_kind_of(c);
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	struct get_options *o = c->options_at[1];
	const struct getter g = { c, o, kind, false };

	/* the flag stands in the options of the command itself */
	if (get_kinds[kind].source)
		o->show_source = ((const struct get_options *)c->options)->show_source;
	TRY(check_label_selector(c, o->label_selector));
	TRY(flux_open(c, &s));
	return o->watch ? watch_one(&g, &s) : list_one(&g, &s);
}

/* ---- many kinds -------------------------------------------------------- */

static bool is_unknown_kind(const err *e)
{
	return err_kind(e) == ERR_NOT_FOUND && !err_detail(e).n;
}

static void print_kind(const struct getter *g, err *e, node list)
{
	struct buf *b = &g->cli->out.buf;
	size_t before = b->n;
	bool unknown = e && is_unknown_kind(e);

	if (!e && node_len(node_get(list, S("items"))))
		e = print_items(g, list, false);
	else if (!e && g->cli->words.n)
		e = nothing_found(g);
	if (e && !unknown) {
		e = hint_first(e);
		flux_failure(g->cli, "%s", err_msg(e));
	}
	err_free(e);
	if (b->n > before)
		buf_addc(b, '\n');
}

/* What fails before anything is asked fails for each kind, and is no error of the command. */
static err *tell_each(struct cli *c, err *e, size_t kinds)
{
	for (size_t i = 0; i < kinds; i++)
		flux_failure(c, "%s", err_msg(e));
	err_free(e);
	return NULL;
}

/* All requests are under way before the first answer is waited for. */
static err *get_all(struct cli *c, const enum flux_kind_id *kinds, size_t n)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	const struct get_options *o = c->options_at[1];
	struct client_call *calls[FLUX_KINDS];

	if (o->watch)
		return err_new(ERR_INVALID, "expected a single resource type, but found all");
	err *e = check_label_selector(c, o->label_selector);

	if (!e)
		e = flux_open(c, &s);
	if (e)
		return tell_each(c, e, n);
	for (size_t i = 0; i < n; i++) {
		const struct client_resource r = flux_resource(&flux_kinds[kinds[i]]);
		str namespace = o->all_namespaces ? STR_NONE : flux_settings(c)->namespace;

		calls[i] = client_start(
			s.client,
			&(struct client_request){
				.path = client_path(c->arena, &r, namespace, STR_NONE, STR_NONE),
				.query = client_query_of(c->arena, S("labelSelector"),
							 o->label_selector, S("fieldSelector"),
							 field_selector(c)) });
	}
	for (size_t i = 0; i < n; i++) {
		const struct getter g = { c, o, kinds[i], true };
		node list = NODE_NOTHING;

		e = client_wait(calls[i], c->arena, &list);
		print_kind(&g, e, list);
	}
	return NULL;
}

#define SOURCES \
	FLUX_OCI, FLUX_BUCKET, FLUX_GIT, FLUX_HELM_REPOSITORY, FLUX_CHART, FLUX_EXTERNAL
#define IMAGES FLUX_IMAGE_REPOSITORY, FLUX_IMAGE_POLICY, FLUX_IMAGE_UPDATE

static err *run_sources_all(struct cli *c)
{
	static const enum flux_kind_id kinds[] = { SOURCES };

	return get_all(c, kinds, sizeof kinds / sizeof *kinds);
}

static err *run_images_all(struct cli *c)
{
	static const enum flux_kind_id kinds[] = { IMAGES };

	return get_all(c, kinds, sizeof kinds / sizeof *kinds);
}

static err *run_all(struct cli *c)
{
	static const enum flux_kind_id kinds[] = { SOURCES,	  IMAGES,	 FLUX_RELEASE,
						   FLUX_KUSTOMIZATION, FLUX_RECEIVER,
						   FLUX_PROVIDER, FLUX_ALERT };

	return get_all(c, kinds, sizeof kinds / sizeof *kinds);
}

/* ---- commands ---------------------------------------------------------- */

#define GET(id, variable, words, said, example_text, ...)   \
	static const struct command get_##variable = {      \
		.use = words,                               \
		.brief = "List " said,                      \
		.text = "List " said " and how they are.",  \
		.example = example_text,                    \
		.run = run_kind,                            \
		.subject = &flux_kinds[id],                 \
		__VA_ARGS__                                 \
	};

GET(FLUX_GIT, git, "git", "Git sources", "  flux get sources git -A")
GET(FLUX_OCI, oci, "oci", "OCI sources", "  flux get sources oci -A")
GET(FLUX_HELM_REPOSITORY, helm, "helm", "Helm repositories", "  flux get sources helm -A")
GET(FLUX_CHART, chart, "chart", "Helm charts", "  flux get sources chart -A")
GET(FLUX_BUCKET, bucket, "bucket", "buckets", "  flux get sources bucket -A")
GET(FLUX_EXTERNAL, external, "external", "external artifacts", "  flux get sources external -A")
GET(FLUX_GENERATOR, generators, "generators", "artifact generators",
    "  flux get artifacts generators -A",
    .aliases = (const char *const[]){ "generator", NULL })
GET(FLUX_KUSTOMIZATION, kustomizations, "kustomizations", "Kustomizations",
    "  flux get kustomizations --watch",
    .aliases = (const char *const[]){ "ks", "kustomization", NULL }, .flags = source_flags,
    .options = sizeof(struct get_options))
GET(FLUX_RELEASE, helmreleases, "helmreleases", "HelmReleases",
    "  flux get helmreleases -n podinfo",
    .aliases = (const char *const[]){ "hr", "helmrelease", NULL }, .flags = source_flags,
    .options = sizeof(struct get_options))
GET(FLUX_IMAGE_REPOSITORY, image_repository, "repository", "image repositories",
    "  flux get images repository -A")
GET(FLUX_IMAGE_POLICY, image_policy, "policy", "image policies", "  flux get images policy -A")
GET(FLUX_IMAGE_UPDATE, image_update, "update", "image update automations",
    "  flux get images update -A")
GET(FLUX_ALERT, alerts, "alerts", "alerts", "  flux get alerts",
    .aliases = (const char *const[]){ "alert", NULL })
GET(FLUX_PROVIDER, providers, "alert-providers", "alert providers", "  flux get alert-providers",
    .aliases = (const char *const[]){ "alert-provider", NULL })
GET(FLUX_RECEIVER, receivers, "receivers", "receivers", "  flux get receivers",
    .aliases = (const char *const[]){ "receiver", NULL })

static const struct command get_sources_all = {
	.use = "all",
	.brief = "List all sources",
	.text = "List the sources of every kind and how they are.",
	.example = "  flux get sources all -A",
	.run = run_sources_all,
};

static const struct command get_images_all = {
	.use = "all",
	.brief = "List all image objects",
	.text = "List image repositories, policies and update automations and how they are.",
	.example = "  flux get images all -A",
	.run = run_images_all,
};

static const struct command get_all_command = {
	.use = "all",
	.brief = "List all Flux objects",
	.text = "List the objects of every kind of Flux and how they are.",
	.example = "  flux get all -A",
	.run = run_all,
};

static const struct command get_sources = {
	.use = "sources",
	.aliases = (const char *const[]){ "source", NULL },
	.brief = "List sources",
	.text = "List sources of one kind or of all.",
	.commands = (const struct command *const[]){ &get_sources_all, &get_bucket, &get_chart,
						     &get_external, &get_git, &get_helm, &get_oci,
						     NULL },
};

static const struct command get_images = {
	.use = "images",
	.aliases = (const char *const[]){ "image", NULL },
	.brief = "List image objects",
	.text = "List image repositories, policies and update automations.",
	.commands = (const struct command *const[]){ &get_images_all, &get_image_policy,
						     &get_image_repository, &get_image_update, NULL },
};

static const struct command get_artifacts = {
	.use = "artifacts",
	.aliases = (const char *const[]){ "artifact", NULL },
	.brief = "List artifact objects",
	.text = "List the objects that make artifacts.",
	.commands = (const struct command *const[]){ &get_generators, NULL },
};

const struct command flux_get_command = {
	.use = "get",
	.brief = "List objects and how they are",
	.text = "List the objects of a kind, with revision and readiness.",
	.shared = get_flags,
	.options = sizeof(struct get_options),
	.complete = flux_complete,
	.before = flux_before,
	.commands = (const struct command *const[]){ &get_providers, &get_alerts, &get_all_command,
						     &get_artifacts, &get_helmreleases,
						     &get_images, &get_kustomizations,
						     &get_receivers, &get_sources, NULL },
};
