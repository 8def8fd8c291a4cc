/* flux_events - "flux events": what controllers said about objects of Flux.
 *
 * With --for the events of one object, and of those that it refers to.
 */

#include "base/clock.h"
#include "base/sort.h"
#include "cli/commands.h"
#include "cli/flux.h"
#include "cli/flux_choice.h"
#include "cli/flux_stream.h"
#include "server/age.h"

enum { SELECTIONS_MAX = 3 };

struct events_options {
	bool all_namespaces, watch;
	str subject;
	struct flag_list types;
};

/* One question to the server. */
struct selection {
	str namespace, fields;
};

struct asking {
	struct cli *c;
	struct flux_server *s;
	struct selection p[SELECTIONS_MAX];
	size_t n;
	bool show_namespace;
};

static const struct client_resource events_resource = { STR_NONE, S("v1"), S("events"), S("Event"),
							true };

/* ---- what to ask ------------------------------------------------------- */

static err *check_types(const struct events_options *o)
{
	for (size_t i = 0; i < o->types.n; i++)
		if (!str_eq_nocase(o->types.p[i], S("Normal")) &&
		    !str_eq_nocase(o->types.p[i], S("Warning")))
			return err_new(ERR_INVALID, "type '%.*s' not supported. Supported types are "
						    "Normal, Warning",
				       STR_ARG(o->types.p[i]));
	return NULL;
}

static enum flux_kind_id kind_of(str word)
{
	for (size_t i = 0; i < FLUX_KINDS; i++)
		if (i != FLUX_EXTERNAL && str_eq_nocase(str_c(flux_kinds[i].kind), word))
			return (enum flux_kind_id)i;
	return FLUX_KINDS;
}

static void select_object(struct asking *q, str kind, str namespace, str name)
{
	str fields = arena_cat(q->c->arena, S("involvedObject.kind="), kind);

	if (name.n)
		fields = arena_cat(q->c->arena, fields, S(","),
				   client_field(q->c->arena, S("involvedObject.name"), name));
	q->p[q->n++] = (struct selection){ namespace, fields };
}

/* Where an object says what it refers to. */
struct reference {
	const char *path;	/* of the kind's or the name's map */
	const char *kind;	/* NULL: the map says */
	bool required;		/* flux stumbles when it is not there */
};

static const struct reference *reference_of(enum flux_kind_id kind)
{
	static const struct reference source = { "spec.sourceRef", NULL, true };
	static const struct reference chart = { "spec.chart.spec.sourceRef", NULL, true };
	static const struct reference provider = { "spec.providerRef", "Provider", true };
	static const struct reference image = { "spec.imageRepositoryRef", "ImageRepository", true };

	if (kind == FLUX_KUSTOMIZATION || kind == FLUX_CHART)
		return &source;
	if (kind == FLUX_RELEASE)
		return &chart;
	if (kind == FLUX_ALERT)
		return &provider;
	return kind == FLUX_IMAGE_POLICY ? &image : NULL;
}

static node walk(node object, str path)
{
	str key;

	while (str_cut(&path, &key, '.'))
		object = node_get(object, key);
	return object;
}

static err *field(const struct reference *ref, node object, node map, const char *key, str *out)
{
	*out = node_str(node_get(map, str_c(key)));
	if (out->n || !ref->required)
		return NULL;
	return err_new(ERR_INVALID, "field '%s.%s' for '%.*s/%.*s' not found", ref->path, key,
		       STR_ARG(flux_namespace(object)), STR_ARG(flux_name(object)));
}

static err *select_references(struct asking *q, enum flux_kind_id kind, str name)
{
	const struct client_resource r = flux_resource(&flux_kinds[kind]);
	const struct reference *ref = reference_of(kind);
	str own = flux_settings(q->c)->namespace, ref_kind, ref_name;
	node object;

	if (!ref)
		return NULL;
	TRY(client_get(q->s->client, q->c->arena, &r, own, name, &object));
	node map = walk(object, str_c(ref->path));
	str namespace = node_str_or(node_get(map, S("namespace")), own);

	if (ref->kind)
		ref_kind = str_c(ref->kind);
	else
		TRY(field(ref, object, map, "kind", &ref_kind));
	TRY(field(ref, object, map, "name", &ref_name));
	if (kind == FLUX_ALERT || !namespace.n)
		namespace = own;
	select_object(q, ref_kind, namespace, ref_name);
	if (kind == FLUX_RELEASE)
		select_object(q, S("HelmChart"), namespace,
			      arena_cat(q->c->arena, own, S("-"), name));
	q->show_namespace = q->show_namespace || !str_eq(namespace, own);
	return NULL;
}

static err *find_selections(struct asking *q)
{
	const struct events_options *o = q->c->options;
	str namespace = o->all_namespaces ? STR_NONE : flux_settings(q->c)->namespace;
	str word, name;

	q->show_namespace = o->all_namespaces;
	if (!o->subject.n) {
		q->p[q->n++] = (struct selection){ namespace, STR_NONE };
		return NULL;
	}
	choice_split(o->subject, &word, &name);
	if (!word.n) {	/* a kind alone */
		word = name;
		name = STR_NONE;
	}
	enum flux_kind_id kind = kind_of(word);

	if (kind == FLUX_KINDS)
		return err_new(ERR_INVALID, "'%.*s' is not a recognized Flux kind", STR_ARG(word));
	select_object(q, str_c(flux_kinds[kind].kind), namespace, name);
	return name.n ? select_references(q, kind, name) : NULL;
}

/* ---- events ------------------------------------------------------------ */

static bool is_wanted(const struct events_options *o, node event)
{
	if (kind_of(node_str(node_dig(event, "involvedObject", "kind"))) == FLUX_KINDS)
		return false;
	for (size_t i = 0; i < o->types.n; i++)
		if (str_eq_nocase(o->types.p[i], node_str(node_get(event, S("type")))))
			return true;
	return !o->types.n;
}

static node last_time(node event)
{
	node series = node_dig(event, "series", "lastObservedTime");
	node last = node_get(event, S("lastTimestamp"));

	if (!node_is_nil(series))
		return series;
	return node_is_nil(last) ? node_get(event, S("eventTime")) : last;
}

static str last_seen(struct arena *a, node event)
{
	node first = node_get(event, S("eventTime")), series = node_get(event, S("series"));
	int64_t count = node_int(node_get(event, S("count")));
	node last = node_get(event, S("lastTimestamp"));

	if (node_is_nil(first))
		first = node_get(event, S("firstTimestamp"));
	if (!node_is_nil(series)) {
		count = node_int(node_get(series, S("count")));
		last = node_get(series, S("lastObservedTime"));
	} else if (count <= 1) {
		return node_str(age_since(a, first));
	}
	return arena_printf(a, "%.*s (x%lld over %.*s)", STR_ARG(node_str(age_since(a, last))),
			    (long long)count, STR_ARG(node_str(age_since(a, first))));
}

static int by_time(const void *a, const void *b, void *ctx)
{
	int64_t first = 0, second = 0;

	(void)ctx;
	if (!age_instant(last_time(*(const node *)a), &first))
		first = INT64_MIN;
	if (!age_instant(last_time(*(const node *)b), &second))
		second = INT64_MIN;
	return first < second ? -1 : first > second;
}

static struct flux_table new_table(const struct asking *q, struct arena *a, bool header)
{
	static const char *const titles[] = { "NAMESPACE", "LAST SEEN", "TYPE",
					      "REASON",    "OBJECT",    "MESSAGE" };
	bool skip = !q->show_namespace;

	return (struct flux_table){ .arena = a, .header = header ? titles + skip : NULL,
				    .columns = 6 - skip };
}

static void add_row(const struct asking *q, struct flux_table *t, node event)
{
	node about = node_get(event, S("involvedObject"));

	if (q->show_namespace)
		flux_table_add(t, flux_namespace(event));
	flux_table_add(t, last_seen(t->arena, event));
	flux_table_add(t, node_str(node_get(event, S("type"))));
	flux_table_add(t, node_str(node_get(event, S("reason"))));
	flux_table_add(t, arena_cat(t->arena, node_str(node_get(about, S("kind"))), S("/"),
				    node_str(node_get(about, S("name")))));
	flux_table_add(t, str_trim(node_str(node_get(event, S("message")))));
}

static err *list_events(struct asking *q, node found)
{
	struct arena *a = q->c->arena;
	node list;

	for (size_t i = 0; i < q->n; i++) {
		err *e = client_list(q->s->client, a, &events_resource, q->p[i].namespace, STR_NONE,
				     q->p[i].fields, &list);

		if (e)
			return err_wrap(e, "error getting events");
		node_each_item(event, node_get(list, S("items")))
			if (is_wanted(q->c->options, *event))
				node_append(a, found, *event);
	}
	if (node_len(found))
		sort_stable(found.seq->items, found.seq->n, sizeof *found.seq->items, by_time,
			    NULL);
	return NULL;
}

static void print_events(struct asking *q, node found)
{
	struct flux_table t = new_table(q, q->c->arena, true);

	node_each_item(e, found)
		add_row(q, &t, *e);
	flux_table_print(&q->c->out.buf, &t);
	output_flush(&q->c->out);
}

/* ---- watching ---------------------------------------------------------- */

struct watcher {
	const struct asking *asking;
	struct flux_stream stream;
	bool has_header;
};

static void on_event(void *ctx, str type, node event)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct watcher *w = ctx;
	const struct asking *q = w->asking;

	if (!str_eq(type, S("ADDED")) && !str_eq(type, S("MODIFIED")))
		return;
	if (!is_wanted(q->c->options, event))
		return;
	pthread_mutex_lock(&w->stream.lock);
	struct flux_table t = new_table(q, &a, !w->has_header);

	w->has_header = true;
	add_row(q, &t, event);
	flux_table_print(&q->c->out.buf, &t);
	output_flush(&q->c->out);
	pthread_mutex_unlock(&w->stream.lock);
}

static void on_end(void *ctx, const err *why)
{
	struct watcher *w = ctx;

	flux_stream_end(&w->stream, why);
}

/* Those that are there come first, as new ones: a line each, in the order of the
 * server. Until a stream ends, or --timeout is over. */
static err *watch_events(struct asking *q)
{
	struct watcher w = { .asking = q };
	struct client_watch *watches[SELECTIONS_MAX];

	flux_stream_init(&w.stream);
	for (size_t i = 0; i < q->n; i++)
		watches[i] = client_watch_start(
			q->s->client, &events_resource,
			&(struct client_watch_options){ .namespace = q->p[i].namespace,
							.fields = q->p[i].fields,
							.on_event = on_event,
							.on_end = on_end,
							.ctx = &w });
	flux_stream_wait(&w.stream,
			 cli_given(q->c, "timeout") ? q->s->deadline : FLUX_STREAM_FOREVER);
	for (size_t i = 0; i < q->n; i++)
		client_watch_stop(watches[i]);
	flux_stream_release(&w.stream);
	return w.stream.why;
}

/* ---- the command ------------------------------------------------------- */

static err *run_events(struct cli *c)
{
	const struct events_options *o = c->options;
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	struct asking q = { .c = c, .s = &s };
	node found = node_seq(c->arena, 64);

	TRY(check_types(o));
	TRY(flux_open(c, &s));
	TRY(find_selections(&q));
	if (o->watch)
		return watch_events(&q);
	TRY(list_events(&q, found));
	if (node_len(found))
		print_events(&q, found);
	else if (o->all_namespaces)
		flux_failure(c, "No events found.");
	else
		flux_failure(c, "No events found in %.*s namespace.",
			     STR_ARG(flux_settings(c)->namespace));
	return NULL;
}

#define AT(field) offsetof(struct events_options, field)

static const struct flag events_flags[] = {
	{ "all-namespaces", 'A', FLAG_BOOL, AT(all_namespaces), "look into all namespaces" },
	{ "for", 0, FLAG_STRING, AT(subject),
	  "only of this object, as Kind/name, and of what it refers to" },
	{ "types", 0, FLAG_LIST, AT(types), "only of these types: Normal, Warning",
	  .choices = "Normal Warning" },
	{ "watch", 'w', FLAG_BOOL, AT(watch), "go on with what comes" },
	{ 0 },
};

#undef AT

const struct command flux_events_command = {
	.use = "events",
	.brief = "Print events of objects of Flux",
	.text = "Print what controllers said about objects of Flux, the latest last.",
	.example = "  flux events -n flux-system\n"
		   "  flux events --for Kustomization/podinfo --types=Warning",
	.flags = events_flags,
	.options = sizeof(struct events_options),
	.before = flux_before,
	.run = run_events,
};
