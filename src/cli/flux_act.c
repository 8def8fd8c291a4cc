/* flux_act - "flux reconcile", "suspend", "resume" and "delete". */
#include "base/clock.h"
#include "base/sort.h"
#include "cli/commands.h"
#include "cli/flux.h"
#include "cli/flux_hint.h"
#include "cli/flux_newest.h"
#include "kube/health.h"
#include "text/gotime.h"

/* ---- changing metadata and spec ---------------------------------------- */

/* A conflict of an optimistic writer is tried again, as client-go does. */
enum { PATCH_TRIES = 4 };
#define PATCH_PAUSE (10 * CLOCK_MS)

static err *merge_patch(struct cli *c, struct flux_server *s, enum flux_kind_id kind,
			str namespace, str name, node patch, node *out)
{
	const struct client_resource r = flux_resource(&flux_kinds[kind]);
	int64_t pause = PATCH_PAUSE;

	for (int i = 1;; i++, pause *= 5) {
		err *e = client_patch(s->client, c->arena, &r, namespace, name, patch,
				      &(struct client_patch_options){ .type = CLIENT_PATCH_MERGE,
								      .manager = S("flux"),
								      .twice = true },
				      out);

		if (!e || err_kind(e) != ERR_CONFLICT || i == PATCH_TRIES)
			return e;
		err_free(e);
		struct timespec t = clock_timespec(pause);

		nanosleep(&t, NULL);
	}
}

static err *get_object(struct cli *c, struct flux_server *s, enum flux_kind_id kind, str namespace,
		       str name, node *out)
{
	const struct client_resource r = flux_resource(&flux_kinds[kind]);

	return client_get(s->client, c->arena, &r, namespace, name, out);
}

static node suspend_patch(struct arena *a, bool suspend)
{
	node patch = node_map(a, 1), spec = node_map(a, 1);

	node_set(a, spec, S("suspend"), suspend ? node_from_bool(true) : node_null());
	node_set(a, patch, S("spec"), spec);
	return patch;
}

static bool is_oci_repository(enum flux_kind_id kind, node object)
{
	return kind == FLUX_HELM_REPOSITORY &&
	       str_eq(node_str(node_dig(object, "spec", "type")), S("oci"));
}

/* ---- reconcile --------------------------------------------------------- */

struct reconcile_options {
	bool with_source, force, reset;
};

struct target {
	enum flux_kind_id kind;
	str namespace, name;
};

static err *request(struct cli *c, struct flux_server *s, const struct target *t)
{
	const struct reconcile_options *o = c->options;
	CLEANUP(buf_release) struct buf now = BUF_INIT;
	struct arena *a = c->arena;
	node patch = node_map(a, 1), metadata = node_map(a, 1), annotations = node_map(a, 3);
	int64_t wall = clock_wall();

	gotime_format(&now, gotime_utc(wall / CLOCK_SECOND, wall % CLOCK_SECOND),
		      GOTIME_RFC3339_NANO);
	node stamp = node_copy_str(a, buf_str(&now));

	node_set(a, annotations, S("reconcile.fluxcd.io/requestedAt"), stamp);
	if (t->kind == FLUX_RELEASE && o && o->force)
		node_set(a, annotations, S("reconcile.fluxcd.io/forceAt"), stamp);
	if (t->kind == FLUX_RELEASE && o && o->reset)
		node_set(a, annotations, S("reconcile.fluxcd.io/resetAt"), stamp);
	node_set(a, metadata, S("annotations"), annotations);
	node_set(a, patch, S("metadata"), metadata);
	return merge_patch(c, s, t->kind, t->namespace, t->name, patch, NULL);
}

static err *reconcile(struct cli *c, struct flux_server *s, const struct target *t, bool sources);

/* The source that an object comes from; false when it has none of its own. */
static err *source_of(struct cli *c, const struct target *t, node object, struct target *out)
{
	node ref = node_dig(object, "spec", t->kind == FLUX_RELEASE ? "chartRef" : "sourceRef");
	bool chart_spec = t->kind == FLUX_RELEASE && !node_is(ref, NODE_MAP);

	if (chart_spec)
		ref = node_dig(object, "spec", "chart", "spec", "sourceRef");
	str namespace = node_str(node_get(ref, S("namespace")));
	str kind = node_str(node_get(ref, S("kind")));

	out->namespace = namespace.n ? namespace : t->namespace;
	out->name = node_str(node_get(ref, S("name")));
	out->kind = flux_kind_find(kind);
	if (chart_spec) {
		out->kind = FLUX_CHART;
		out->name = arena_cat(c->arena, t->namespace, S("-"), t->name);
	}
	if (out->kind > FLUX_BUCKET)
		return err_new(ERR_INVALID, "cannot reconcile source of kind %.*s", STR_ARG(kind));
	return NULL;
}

static bool says_failure_plainly(enum flux_kind_id kind)
{
	return kind == FLUX_KUSTOMIZATION || kind == FLUX_RELEASE || kind == FLUX_CHART;
}

static err *report(struct cli *c, const struct target *t, node object)
{
	node ready = health_condition(object, S("Ready"));
	str message = node_str(node_get(ready, S("message")));
	const char *kind = flux_kinds[t->kind].kind;
	str outcome = flux_outcome(c->arena, t->kind, object);

	if (node_is_nil(ready))
		return err_new(ERR_UNAVAILABLE, "status can't be determined");
	if (!health_condition_is_true(object, S("Ready")))
		return err_new(ERR_INVALID,
			       says_failure_plainly(t->kind) ? "%s reconciliation failed: %.*s"
							     : "%s reconciliation failed: '%.*s'",
			       kind, STR_ARG(message));
	flux_success(c, "%.*s", STR_ARG(outcome));
	return NULL;
}

static err *reconcile(struct cli *c, struct flux_server *s, const struct target *t, bool sources)
{
	const char *kind = flux_kinds[t->kind].kind;
	node object;

	TRY(get_object(c, s, t->kind, t->namespace, t->name, &object));
	if (is_oci_repository(t->kind, object)) {
		flux_success(c, "reconciliation not supported by the object");
		return NULL;
	}
	if (node_bool(node_dig(object, "spec", "suspend")))
		return err_new(ERR_INVALID, "resource is suspended");
	str before = node_str(node_dig(object, "status", "lastHandledReconcileAt"));

	if (sources) {
		struct target source;

		TRY(source_of(c, t, object, &source));
		/* a chart's own source always goes first */
		TRY(reconcile(c, s, &source, source.kind == FLUX_CHART));
	}
	flux_action(c, "annotating %s %.*s in %.*s namespace", kind, STR_ARG(t->name),
		    STR_ARG(t->namespace));
	TRY(request(c, s, t));
	flux_success(c, "%s annotated", kind);
	flux_waiting(c, "waiting for %s reconciliation", kind);
	TRY(flux_wait_for(c, s, t->kind, t->namespace, t->name, FLUX_WAIT_HANDLED, before,
			  &object));
	return report(c, t, object);
}

/* What may help with a version that is not there. */
static str newest_of(struct cli *c, struct flux_server *s, const struct target *t)
{
	node object;
	err *e = t->kind == FLUX_RELEASE || t->kind == FLUX_CHART
			 ? get_object(c, s, t->kind, t->namespace, t->name, &object)
			 : err_new(ERR_NOT_FOUND, "no chart");
	bool known = !e;

	err_free(e);
	return known ? flux_newest(c, s, t->kind, object) : STR_NONE;
}

static err *run_reconcile(struct cli *c)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	const struct reconcile_options *o = c->options;
	struct target t = { flux_kind_of(c), flux_settings(c)->namespace, STR_NONE };

	if (!c->words.n)
		return err_new(ERR_INVALID, "%s name is required", flux_kinds[t.kind].kind);
	t.name = c->words.p[0];
	TRY(flux_open(c, &s));
	err *e = reconcile(c, &s, &t, o && o->with_source);

	if (e && output_is_terminal(&c->err))
		c->hint = newest_of(c, &s, &t);
	return e;
}

/* ---- suspend ----------------------------------------------------------- */

struct many_options {
	bool all, wait;
};

static err *name_required(const struct cli *c)
{
	return err_new(ERR_INVALID, "%s name is required", flux_kinds[flux_kind_of(c)].human);
}

/* Those of the name, or with NULL all: an empty word is the name of nothing. */
static err *list_named(struct cli *c, struct flux_server *s, enum flux_kind_id kind,
		       const str *name, node *items)
{
	const struct client_resource r = flux_resource(&flux_kinds[kind]);
	str field = name ? client_field(c->arena, S("metadata.name"), *name) : STR_NONE;
	node list;

	TRY(client_list(s->client, c->arena, &r, flux_settings(c)->namespace, STR_NONE, field,
			&list));
	*items = node_get(list, S("items"));
	return NULL;
}

static bool is_repeated(const struct cli *c, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (str_eq(c->words.p[i], c->words.p[at]))
			return true;
	return false;
}

/* Those of the name, or with NULL all; *found tells whether there was any. */
static err *suspend_some(struct cli *c, struct flux_server *s, enum flux_kind_id kind,
			 const str *name, bool *found)
{
	const char *human = flux_kinds[kind].human;
	node items;

	TRY(list_named(c, s, kind, name, &items));
	*found = node_len(items);
	node_each_item(i, items) {
		str each = flux_name(*i), namespace = flux_namespace(*i);

		flux_action(c, "suspending %s %.*s in %.*s namespace", human, STR_ARG(each),
			    STR_ARG(namespace));
		TRY(merge_patch(c, s, kind, namespace, each, suspend_patch(c->arena, true), NULL));
		flux_success(c, "%s suspended", human);
	}
	return NULL;
}

static err *run_suspend(struct cli *c)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	const struct many_options *o = c->options_at[1];
	enum flux_kind_id kind = flux_kind_of(c);
	const char *what = flux_kinds[kind].kind;
	str where = flux_settings(c)->namespace;
	bool found;

	if (!c->words.n && !o->all)
		return name_required(c);
	TRY(flux_open(c, &s));
	if (!c->words.n) {
		TRY(suspend_some(c, &s, kind, NULL, &found));
		return found ? NULL : err_new(ERR_NOT_FOUND, "no objects found");
	}
	for (size_t i = 0; i < c->words.n; i++) {
		str name = c->words.p[i];

		if (is_repeated(c, i))
			continue;
		CLEANUP(err_drop) err *e = suspend_some(c, &s, kind, &name, &found);

		if (e)
			e = hint_first(e);
		if (e)
			flux_failure(c, "failed suspending %s %.*s in %.*s namespace: %s", what,
				     STR_ARG(name), STR_ARG(where), err_msg(e));
		else if (!found)
			flux_failure(c, "%s %.*s not found in %.*s namespace", what, STR_ARG(name),
				     STR_ARG(where));
	}
	return NULL;
}

/* ---- resume ------------------------------------------------------------ */

typedef VEC(node) objects_vec;

/* Those of the name, or with NULL all. */
static err *resume_some(struct cli *c, struct flux_server *s, enum flux_kind_id kind,
			const str *name, objects_vec *resumed)
{
	const struct flux_kind *k = &flux_kinds[kind];
	str where = flux_settings(c)->namespace;
	node items, patched;

	TRY(list_named(c, s, kind, name, &items));
	if (!node_len(items) && !name)
		flux_failure(c, "no %s objects found in %.*s namespace", k->kind, STR_ARG(where));
	else if (!node_len(items))	/* flux names the first word here, whichever it was */
		flux_failure(c, "%s object '%.*s' not found in %.*s namespace", k->kind,
			     STR_ARG(c->words.p[0]), STR_ARG(where));
	node_each_item(i, items) {
		str each = flux_name(*i), namespace = flux_namespace(*i);

		flux_action(c, "resuming %s %.*s in %.*s namespace", k->human, STR_ARG(each),
			    STR_ARG(namespace));
		TRY(merge_patch(c, s, kind, namespace, each, suspend_patch(c->arena, false),
				&patched));
		flux_success(c, "%s resumed", k->human);
		avec_push(c->arena, resumed, patched);
	}
	return NULL;
}

static int by_name(const void *a, const void *b, void *ctx)
{
	(void)ctx;
	return str_cmp(flux_name(*(const node *)a), flux_name(*(const node *)b));
}

/* Objects are waited for one after the other, under one deadline: it takes
 * as long as the slowest. */
static err *wait_resumed(struct cli *c, struct flux_server *s, enum flux_kind_id kind,
			 objects_vec *resumed)
{
	const struct flux_kind *k = &flux_kinds[kind];
	size_t failed = 0;

	for (size_t i = 0; i < resumed->n; i++)
		flux_waiting(c, "waiting for %s reconciliation", k->kind);
	sort_stable(resumed->p, resumed->n, sizeof *resumed->p, by_name, NULL);
	for (size_t i = 0; i < resumed->n; i++) {
		node object = resumed->p[i];
		str name = flux_name(object);
		bool is_static = k->is_static || is_oci_repository(kind, object);
		CLEANUP(err_drop)
		err *e = flux_wait_for(c, s, kind, flux_namespace(object), name,
				       is_static ? FLUX_WAIT_CURRENT : FLUX_WAIT_READY, STR_NONE,
				       &object);

		if (e) {
			flux_failure(c, "%s %.*s reconciliation failed: %s", k->kind,
				     STR_ARG(name), err_msg(e));
			failed++;
			continue;
		}
		flux_success(c, "%s %.*s reconciliation completed", k->kind, STR_ARG(name));
		str outcome = flux_outcome(c->arena, kind, object);

		flux_success(c, "%.*s", STR_ARG(outcome));
	}
	return failed ? err_new(ERR_INVALID, "reconciliation failed for %zu %s(s)", failed, k->kind)
		      : NULL;
}

static err *run_resume(struct cli *c)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	const struct many_options *o = c->options_at[1];
	enum flux_kind_id kind = flux_kind_of(c);
	objects_vec resumed = { 0 };

	if (!c->words.n && !o->all)
		return name_required(c);
	TRY(flux_open(c, &s));
	if (!c->words.n) {
		err *e = resume_some(c, &s, kind, NULL, &resumed);

		if (e)
			return err_wrap(e, "failed patching objects");
	}
	for (size_t i = 0; i < c->words.n; i++)
		if (!is_repeated(c, i))
			TRY(resume_some(c, &s, kind, &c->words.p[i], &resumed));
	if (o->wait || (c->words.n == 1 && !cli_given(c, "wait")))
		return wait_resumed(c, &s, kind, &resumed);
	return NULL;
}

/* ---- delete ------------------------------------------------------------ */

struct delete_options {
	bool silent;
};

static err *run_delete(struct cli *c)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	const struct delete_options *o = c->options_at[1];
	enum flux_kind_id kind = flux_kind_of(c);
	const struct flux_kind *k = &flux_kinds[kind];
	const struct client_resource r = flux_resource(k);
	str namespace = flux_settings(c)->namespace, name;
	node object;

	if (!c->words.n)
		return name_required(c);
	name = c->words.p[0];
	TRY(flux_open(c, &s));
	TRY(get_object(c, &s, kind, namespace, name, &object));
	if (!o->silent) {
		str question = arena_printf(c->arena, "Are you sure you want to delete this %s",
					    k->human);

		if (!flux_ask(c, question.p))
			return err_new(ERR_CANCELED, "aborting");
	}
	flux_action(c, "deleting %s %.*s in %.*s namespace", k->human, STR_ARG(name),
		    STR_ARG(namespace));
	TRY(client_delete(s.client, c->arena, &r, namespace, name,
			  &(struct client_delete_options){ .propagation = S("Background") }));
	flux_success(c, "%s deleted", k->human);
	return NULL;
}

/* ---- commands ---------------------------------------------------------- */

#define ALIASES(...) .aliases = (const char *const[]){ __VA_ARGS__, NULL }
#define COMMANDS(...) .commands = (const struct command *const[]){ __VA_ARGS__, NULL }

/* One kind under one verb: `said` completes "VERB a ...". */
#define KIND(verb, does, id, variable, words, said, where, ...)                  \
	static const struct command verb##_##variable = {                        \
		.use = words " [name]",                                          \
		.brief = does " " said,                                          \
		.text = does " " said " in the namespace.",                      \
		.example = "  flux " #verb " " where words " podinfo",           \
		.run = run_##verb,                                               \
		.subject = &flux_kinds[id],                                      \
		__VA_ARGS__                                                      \
	};

#define SOURCE_KINDS(verb, does, chart_more)                                               \
	KIND(verb, does, FLUX_BUCKET, bucket, "bucket", "a bucket", "source ", )           \
	KIND(verb, does, FLUX_CHART, chart, "chart", "a Helm chart", "source ", chart_more) \
	KIND(verb, does, FLUX_GIT, git, "git", "a Git source", "source ", )                \
	KIND(verb, does, FLUX_HELM_REPOSITORY, helm, "helm", "a Helm repository", "source ", ) \
	KIND(verb, does, FLUX_OCI, oci, "oci", "an OCI source", "source ", )               \
	static const struct command verb##_source = {                                      \
		.use = "source",                                                           \
		.brief = does " a source",                                                 \
		.text = does " a source of one of these kinds.",                           \
		COMMANDS(&verb##_bucket, &verb##_chart, &verb##_git, &verb##_helm,         \
			 &verb##_oci),                                                     \
	};

#define IMAGE_KINDS(verb, does)                                                            \
	KIND(verb, does, FLUX_IMAGE_REPOSITORY, image_repository, "repository",            \
	     "an image repository", "image ", )                                            \
	KIND(verb, does, FLUX_IMAGE_POLICY, image_policy, "policy", "an image policy",     \
	     "image ", )                                                                   \
	KIND(verb, does, FLUX_IMAGE_UPDATE, image_update, "update",                        \
	     "an image update automation", "image ", )                                     \
	static const struct command verb##_image = {                                       \
		.use = "image",                                                            \
		.brief = does " an image object",                                          \
		.text = does " an image object of one of these kinds.",                    \
		COMMANDS(&verb##_image_policy, &verb##_image_repository,                   \
			 &verb##_image_update),                                            \
	};

#define APPLIER_KINDS(verb, does, ks_more, hr_more)                                        \
	KIND(verb, does, FLUX_KUSTOMIZATION, kustomization, "kustomization",               \
	     "a Kustomization", "", ALIASES("ks"), ks_more)                                \
	KIND(verb, does, FLUX_RELEASE, helmrelease, "helmrelease", "a HelmRelease", "",    \
	     ALIASES("hr"), hr_more)

#define STATIC_KINDS(verb, does)                                                           \
	KIND(verb, does, FLUX_ALERT, alert, "alert", "an alert", "", )                     \
	KIND(verb, does, FLUX_PROVIDER, provider, "alert-provider", "an alert provider", "", )

#define RECEIVER_KIND(verb, does) \
	KIND(verb, does, FLUX_RECEIVER, receiver, "receiver", "a receiver", "", )

#define ALL_KINDS(verb, does)                   \
	SOURCE_KINDS(verb, does, )              \
	IMAGE_KINDS(verb, does)                 \
	APPLIER_KINDS(verb, does, , )           \
	STATIC_KINDS(verb, does)                \
	RECEIVER_KIND(verb, does)

#define ALL_COMMANDS(verb)                                                              \
	COMMANDS(&verb##_alert, &verb##_provider, &verb##_helmrelease, &verb##_image,   \
		 &verb##_kustomization, &verb##_receiver, &verb##_source)

#define AT(field) offsetof(struct reconcile_options, field)
#define WITH_SOURCE \
	{ "with-source", 0, FLAG_BOOL, AT(with_source), "reconcile what it comes from first" }

static const struct flag source_flags[] = { WITH_SOURCE, { 0 } };

static const struct flag release_flags[] = {
	{ "force", 0, FLAG_BOOL, AT(force), "install or upgrade once, whatever has changed" },
	{ "reset", 0, FLAG_BOOL, AT(reset), "forget failures, so that retries begin anew" },
	WITH_SOURCE,
	{ 0 },
};

#undef AT

#define SOURCE_FLAGS .flags = source_flags, .options = sizeof(struct reconcile_options)
#define RELEASE_FLAGS .flags = release_flags, .options = sizeof(struct reconcile_options)

SOURCE_KINDS(reconcile, "Reconcile", SOURCE_FLAGS)
IMAGE_KINDS(reconcile, "Reconcile")
APPLIER_KINDS(reconcile, "Reconcile", SOURCE_FLAGS, RELEASE_FLAGS)
RECEIVER_KIND(reconcile, "Reconcile")
ALL_KINDS(suspend, "Suspend")
ALL_KINDS(resume, "Resume")
ALL_KINDS(delete, "Delete")

const struct command flux_reconcile_command = {
	.use = "reconcile",
	.brief = "Reconcile an object now",
	.text = "Ask the controller to look at an object now, and wait for what comes of it.\n"
		"The command ends as soon as the attempt has succeeded or failed; with --timeout\n"
		"it waits that long for later attempts, too.",
	.complete = flux_complete,
	.before = flux_before,
	COMMANDS(&reconcile_helmrelease, &reconcile_image, &reconcile_kustomization,
		 &reconcile_receiver, &reconcile_source),
};

static const struct flag suspend_flags[] = {
	{ "all", 0, FLAG_BOOL, offsetof(struct many_options, all), "suspend all in the namespace" },
	{ 0 },
};

const struct command flux_suspend_command = {
	.use = "suspend",
	.brief = "Suspend objects",
	.text = "Suspend objects: their controller leaves them alone until they are resumed.",
	.shared = suspend_flags,
	.options = sizeof(struct many_options),
	.complete = flux_complete,
	.before = flux_before,
	ALL_COMMANDS(suspend),
};

static const struct flag resume_flags[] = {
	{ "all", 0, FLAG_BOOL, offsetof(struct many_options, all), "resume all in the namespace" },
	{ "wait", 0, FLAG_BOOL, offsetof(struct many_options, wait),
	  "wait for each of several objects" },
	{ 0 },
};

const struct command flux_resume_command = {
	.use = "resume",
	.brief = "Resume suspended objects",
	.text = "Resume suspended objects, and wait for a single one to be ready.",
	.shared = resume_flags,
	.options = sizeof(struct many_options),
	.complete = flux_complete,
	.before = flux_before,
	ALL_COMMANDS(resume),
};

static const struct flag delete_flags[] = {
	{ "silent", 's', FLAG_BOOL, offsetof(struct delete_options, silent), "do not ask" },
	{ 0 },
};

const struct command flux_delete_command = {
	.use = "delete",
	.brief = "Delete an object",
	.text = "Delete an object from the cluster. What belongs to it goes, too, unless it is\n"
		"suspended.",
	.shared = delete_flags,
	.options = sizeof(struct delete_options),
	.complete = flux_complete,
	.before = flux_before,
	ALL_COMMANDS(delete),
};
