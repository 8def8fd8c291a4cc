/* flux_logs - "flux logs": what the controllers write, a line each entry.
 *
 * Controllers log JSON objects; whatever else they print is left out. The
 * logs of all pods come one after the other, or, followed, as they are written.
 */
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/flux.h"
#include "cli/flux_choice.h"
#include "cli/flux_components.h"
#include "cli/flux_stream.h"
#include "cli/up_log.h"
#include "kube/health.h"
#include "text/gotime.h"
#include "value/json.h"

/* A longer line, and an answer that is no log, is cut off. */
enum { LINE_MAX_BYTES = 1 << 20 };

struct logs_options {
	bool all_namespaces, follow;
	str flux_namespace, kind, level, name, since_time;
	int64_t since, tail;
};

/* ---- pods -------------------------------------------------------------- */

static bool is_running(node pod)
{
	return str_eq(node_str(node_dig(pod, "status", "phase")), S("Running")) &&
	       health_condition_is_true(pod, S("Ready"));
}

static str selector_of(struct arena *a, node deployment)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	node_each_pair(p, node_dig(deployment, "spec", "selector", "matchLabels"))
		buf_addf(&b, "%s%.*s=%.*s", b.n ? "," : "", STR_ARG(node_str(p->key)),
			 STR_ARG(node_str(p->value)));
	return arena_str(a, buf_str(&b));
}

/* One pod of each controller: one that runs, if there is one. */
static err *find_pods(struct cli *c, struct flux_server *s, node found)
{
	const struct logs_options *o = c->options;
	node deployments, list;

	TRY(components_list(c, s, o->flux_namespace, &deployments));
	node_each_item(d, deployments) {
		node chosen = NODE_NOTHING;
		str selector = selector_of(c->arena, *d);

		if (!selector.n)
			continue;
		TRY(client_list(s->client, c->arena, &client_pods, o->flux_namespace, selector,
				STR_NONE, &list));
		node_each_item(pod, node_get(list, S("items")))
			if (node_is_nil(chosen) || (!is_running(chosen) && is_running(*pod)))
				chosen = *pod;
		if (!node_is_nil(chosen))
			node_append(c->arena, found, chosen);
	}
	if (!node_len(found))
		return err_new(ERR_NOT_FOUND, "no Flux pods found in namespace \"%.*s\"",
			       STR_ARG(o->flux_namespace));
	return NULL;
}

/* ---- entries ----------------------------------------------------------- */

static str text_of(node entry, const char *key)
{
	return node_str(node_get(entry, str_c(key)));
}

static bool is_wanted(struct cli *c, node entry)
{
	const struct logs_options *o = c->options;

	if (o->level.n && !str_eq(o->level, text_of(entry, "level")))
		return false;
	if (o->kind.n && !str_eq_nocase(o->kind, text_of(entry, "reconciler kind")) &&
	    !str_eq_nocase(o->kind, text_of(entry, "controllerKind")))
		return false;
	if (o->name.n && !str_eq_nocase(o->name, text_of(entry, "name")))
		return false;
	return o->all_namespaces ||
	       str_eq_nocase(flux_settings(c)->namespace, text_of(entry, "namespace"));
}

static void print_entry(struct cli *c, struct arena *a, node entry)
{
	str kind = text_of(entry, "reconciler kind"), name = text_of(entry, "name");
	struct buf *out = &c->out.buf;

	if (!kind.n)
		kind = text_of(entry, "controllerKind");
	buf_addf(out, "%.*s %.*s %.*s", STR_ARG(node_text(a, node_get(entry, S("ts")))),
		 STR_ARG(text_of(entry, "level")), STR_ARG(kind));
	if (name.n)
		buf_addf(out, "/%.*s.%.*s", STR_ARG(name), STR_ARG(text_of(entry, "namespace")));
	buf_addf(out, " - %.*s %.*s\n", STR_ARG(text_of(entry, "msg")),
		 STR_ARG(text_of(entry, "error")));
}

/* ---- one log ----------------------------------------------------------- */

struct pod_log {
	struct cli *c;
	struct client_tail *tail;
	struct flux_stream stream;
	pthread_mutex_t *printing;	/* of the command's outputs */
	struct buf line;		/* what came of the present one */
	int status;
	int64_t deadline;
	bool broken;			/* a line was no JSON: the rest is not read */
};

static void take_line(struct pod_log *l, str line)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node entry;

	if (l->broken || !str_starts(line, S("{")))
		return;
	CLEANUP(err_drop)
	err *e = json_read(&a, line, NULL, &entry);

	pthread_mutex_lock(l->printing);
	if (e) {
		l->broken = true;
		flux_failure(l->c, "parse error: %s", err_msg(e));
	} else if (is_wanted(l->c, entry)) {
		print_entry(l->c, &a, entry);
		output_flush(&l->c->out);
	}
	pthread_mutex_unlock(l->printing);
}

static void on_head(void *ctx, int status)
{
	struct pod_log *l = ctx;

	l->status = status;
}

static bool on_data(void *ctx, str piece)
{
	struct pod_log *l = ctx;

	while (l->status < 400 && piece.n) {
		size_t end = str_find_char(piece, '\n');

		buf_add(&l->line, str_sub(piece, 0, end));
		if (end == STR_NPOS)
			return !l->broken;
		if (!l->line.full)
			take_line(l, str_trim_right_set(buf_str(&l->line), S("\r")));
		buf_clear(&l->line);
		piece = str_from(piece, end + 1);
	}
	buf_add(&l->line, piece);
	return !l->broken;
}

static void on_end(void *ctx, const err *why)
{
	struct pod_log *l = ctx;

	if (l->status >= 400) {
		CLEANUP(err_drop) err *e = client_status_error(l->status, buf_str(&l->line));

		flux_stream_end(&l->stream, e);
		return;
	}
	if (l->line.n && !l->line.full)
		take_line(l, buf_str(&l->line));
	flux_stream_end(&l->stream, l->broken ? NULL : why);
}

static void start(struct pod_log *l, struct flux_server *s, node pod, str query)
{
	struct arena *a = l->c->arena;
	const struct client_stream to = { on_head, on_data, on_end, l };
	str container = node_len(node_dig(pod, "spec", "containers")) > 1 ? S("manager") : STR_NONE;
	str own = client_query_of(a, S("container"), container);

	flux_stream_init(&l->stream);
	l->tail = client_tail_start(
		s->client,
		&(struct client_request){
			.path = client_path(a, &client_pods, flux_namespace(pod), flux_name(pod),
					    S("log")),
			.query = own.n && query.n ? arena_cat(a, own, S("&"), query)
						  : arena_cat(a, own, query),
			.accept = S("*/*"),
		},
		&to);
}

/* Wait for its end; true when it was read. */
static bool finish(struct pod_log *l)
{
	flux_stream_wait(&l->stream, l->deadline);
	client_tail_stop(l->tail);
	CLEANUP(err_drop) err *why = l->stream.why;

	if (why) {
		pthread_mutex_lock(l->printing);
		cli_note(l->c, "failed getting logs: %s", err_msg(why));
		pthread_mutex_unlock(l->printing);
	}
	flux_stream_release(&l->stream);
	buf_release(&l->line);
	return !why;
}

/* ---- a log of this machine ---------------------------------------------- */

static bool take_own(void *ctx, str line)
{
	struct pod_log *l = ctx;

	take_line(l, line);
	return !l->broken && !l->c->out.failed;
}

static err *print_own(struct cli *c, str path, const struct gotime *since)
{
	const struct logs_options *o = c->options;
	pthread_mutex_t printing = PTHREAD_MUTEX_INITIALIZER;
	struct pod_log l = { .c = c, .printing = &printing };
	const struct up_log_options how = {
		.since = o->since ? (clock_wall() - o->since) / CLOCK_SECOND
			 : since  ? since->sec
				  : INT64_MIN,
		.tail = o->tail,
		.follow = o->follow,
	};

	return up_log_read(path, &how, take_own, &l);
}

/* ---- the command ------------------------------------------------------- */

/* `at` gets the time of --since-time, if there is one. */
static err *make_query(struct cli *c, struct gotime *at, str *out)
{
	const struct logs_options *o = c->options;
	struct arena *a = c->arena;
	str since = STR_NONE, tail = STR_NONE;

	if (o->since_time.n && o->since)
		return err_new(ERR_INVALID, "at most one of `sinceTime` or `sinceDuration` may be "
					    "specified");
	if (o->since_time.n) {
		err *e = gotime_parse(at, GOTIME_RFC3339, o->since_time, NULL);

		if (e)
			return err_replace(e, "%.*s is not a valid (RFC3339) time",
					   STR_ARG(o->since_time));
	}
	if (o->since)
		since = arena_printf(a, "%lld",
				     (long long)((o->since + CLOCK_SECOND / 2) / CLOCK_SECOND));
	if (o->tail >= 0)
		tail = arena_printf(a, "%lld", (long long)o->tail);
	*out = client_query_of(a, S("follow"), o->follow ? S("true") : STR_NONE,
			       S("sinceSeconds"), since, S("sinceTime"), o->since_time,
			       S("tailLines"), tail);
	return NULL;
}

static err *run_logs(struct cli *c)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	const struct logs_options *o = c->options;
	pthread_mutex_t printing = PTHREAD_MUTEX_INITIALIZER;
	node pods = node_seq(c->arena, 8);
	struct gotime since;
	bool fine = true;
	str query;

	if (c->words.n)
		return err_new(ERR_INVALID, "no argument required");
	s.loading = "kubernetes configuration load failed";
	TRY(flux_open(c, &s));
	str own = up_log_find(c, &s);

	if (!own.n)
		TRY(find_pods(c, &s, pods));
	TRY(make_query(c, &since, &query));
	if (own.n)
		return print_own(c, own, o->since_time.n ? &since : NULL);
	size_t n = node_len(pods);
	struct pod_log *logs = arena_array(c->arena, struct pod_log, n);

	for (size_t i = 0; i < n; i++) {
		logs[i] = (struct pod_log){
			.c = c,
			.printing = &printing,
			.line = BUF_LIMIT(LINE_MAX_BYTES),
			.deadline = cli_given(c, "timeout") ? s.deadline : FLUX_STREAM_FOREVER,
		};
		start(&logs[i], &s, node_at(pods, i), query);
		if (!o->follow)
			fine &= finish(&logs[i]);
	}
	for (size_t i = 0; i < n && o->follow; i++)
		fine &= finish(&logs[i]);
	return fine ? NULL : err_new(ERR_UNAVAILABLE, "failed to collect logs from all Flux pods");
}

#define AT(field) offsetof(struct logs_options, field)

static const struct flag logs_flags[] = {
	{ "all-namespaces", 'A', FLAG_BOOL, AT(all_namespaces),
	  "entries about objects of all namespaces" },
	{ "flux-namespace", 0, FLAG_STRING, AT(flux_namespace), "namespace of the controllers",
	  .fallback = "flux-system" },
	{ "follow", 'f', FLAG_BOOL, AT(follow), "go on with what is written from now on" },
	{ "kind", 0, FLAG_STRING, AT(kind), "only entries about objects of this kind" },
	{ "level", 0, FLAG_CUSTOM, AT(level), "only entries of this level",
	  .type = &choice_log_level, .choices = "debug info error" },
	{ "name", 0, FLAG_STRING, AT(name), "only entries about objects of this name" },
	{ "since", 0, FLAG_DURATION, AT(since), "only entries younger than this",
	  .fallback = "0s" },
	{ "since-time", 0, FLAG_STRING, AT(since_time), "only entries after this time (RFC 3339)" },
	{ "tail", 0, FLAG_INT, AT(tail), "only so many lines from the end of each log",
	  .fallback = "-1" },
	{ 0 },
};

#undef AT

const struct command flux_logs_command = {
	.use = "logs",
	.brief = "Print what the controllers log",
	.text = "Print what the controllers log about objects of Flux, an entry a line: those of a\n"
		"cluster, or of a `rill up` on this machine.",
	.example = "  # All there is\n"
		   "  flux logs --all-namespaces\n\n"
		   "  # Errors of the last two minutes, and what comes\n"
		   "  flux logs -A --level=error --since=2m -f\n\n"
		   "  # About one object\n"
		   "  flux logs --kind=Kustomization --name=podinfo -n default",
	.flags = logs_flags,
	.options = sizeof(struct logs_options),
	.before = flux_before,
	.run = run_logs,
};
