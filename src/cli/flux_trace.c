/* flux_trace - "flux trace": from an object back to the repository it comes from.
 *
 * Labels name the Kustomization or HelmRelease that manages an object, or
 * one of its owners does. A report is blocks of lines with a column of
 * labels, whose width is flux's.
 */
#include <time.h>

#include "cli/commands.h"
#include "cli/flux.h"
#include "client/discovery.h"
#include "kube/health.h"
#include "text/gotime.h"

enum { OWNERS_DEEP_MAX = 16 };
enum { WIDE = 17, MIDDLE = 16, NARROW = 15 };

struct trace_options {
	str kind, api_version;
};

struct tracer {
	struct cli *c;
	struct flux_server *s;
	struct discovery *d;
	struct buf *out;
	int width;		/* of the labels */
	bool origin;		/* OCI artifacts tell what they were made of */
};

/* ---- lines ------------------------------------------------------------- */

static void line(const struct tracer *t, const char *label, str value)
{
	buf_addf(t->out, "%-*s%.*s\n", t->width, label, STR_ARG(value));
}

static void line_if(const struct tracer *t, const char *label, str value)
{
	if (value.n)
		line(t, label, value);
}

static str at(node n, const char *a, const char *b, const char *c)
{
	const char *const path[] = { a, b, c, NULL };

	return node_str(node_dig_path(n, path));
}

/* As Go prints a time in the user's zone. */
static str local_time(struct arena *a, str text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct gotime t;
	struct tm tm;
	err *e = gotime_parse(&t, GOTIME_RFC3339, text, NULL);

	if (e) {
		err_free(e);
		return text;
	}
	const time_t when = (time_t)t.sec;

	if (localtime_r(&when, &tm))
		t = gotime_fixed(t, (int32_t)tm.tm_gmtoff, str_c(tm.tm_zone));
	gotime_format(&b, t, GOTIME_STRING);
	return arena_str(a, buf_str(&b));
}

static void ready_lines(const struct tracer *t, node object, bool tells_failure)
{
	node ready = health_condition(object, S("Ready"));
	bool failed = tells_failure && str_eq(node_str(node_get(ready, S("status"))), S("False"));

	if (node_is_nil(ready)) {
		line(t, "Status:", S("Unknown"));
		return;
	}
	str when = local_time(t->c->arena, node_str(node_get(ready, S("lastTransitionTime"))));

	line(t, "Status:", arena_cat(t->c->arena,
				     failed ? S("Last reconciliation failed at ")
					    : S("Last reconciled at "),
				     when));
	line(t, "Message:", node_str(node_get(ready, S("message"))));
}

static void head_lines(const struct tracer *t, const char *label, node object)
{
	buf_add(t->out, S("---\n"));
	line(t, label, flux_name(object));
	line(t, "Namespace:", flux_namespace(object));
}

static void subject_lines(const struct tracer *t, str kind, node object)
{
	buf_addc(t->out, '\n');
	line(t, "Object:", arena_cat(t->c->arena, kind, S("/"), flux_name(object)));
	line_if(t, "Namespace:", flux_namespace(object));
	line(t, "Status:", S("Managed by Flux"));
}

/* ---- sources ----------------------------------------------------------- */

static err *find(const struct tracer *t, enum flux_kind_id kind, str namespace, str name, node *out)
{
	const struct client_resource r = flux_resource(&flux_kinds[kind]);
	err *e = client_get(t->s->client, t->c->arena, &r, namespace, name, out);

	if (!e)
		return NULL;
	return err_wrap(e, "failed to find %s",
			kind == FLUX_KUSTOMIZATION ? "kustomization" : flux_kinds[kind].kind);
}

static void git_lines(const struct tracer *t, node o)
{
	str tag = at(o, "spec", "ref", "tag"), range = at(o, "spec", "ref", "semver");

	head_lines(t, "GitRepository:", o);
	line(t, "URL:", at(o, "spec", "url", NULL));
	if (tag.n || range.n)
		line(t, "Tag:", tag.n ? tag : range);
	else
		line_if(t, "Branch:", at(o, "spec", "ref", "branch"));
	line_if(t, "Revision:", at(o, "status", "artifact", "revision"));
	ready_lines(t, o, true);
}

static void oci_lines(const struct tracer *t, node o)
{
	str tag = at(o, "spec", "ref", "tag"), range = at(o, "spec", "ref", "semver");
	node metadata = node_dig(o, "status", "artifact", "metadata");

	head_lines(t, "OCIRepository:", o);
	line(t, "URL:", at(o, "spec", "url", NULL));
	if (tag.n || range.n)
		line(t, "Tag:", tag.n ? tag : range);
	else
		line_if(t, "Digest:", at(o, "spec", "ref", "digest"));
	line_if(t, "Revision:", at(o, "status", "artifact", "revision"));
	if (t->origin) {
		line_if(t, "Origin Revision:",
			node_str(node_get(metadata, S("org.opencontainers.image.revision"))));
		line_if(t, "Origin Source:",
			node_str(node_get(metadata, S("org.opencontainers.image.source"))));
	}
	ready_lines(t, o, true);
}

static void external_lines(const struct tracer *t, node o)
{
	node ref = node_dig(o, "spec", "sourceRef");
	str namespace = node_str_or(node_get(ref, S("namespace")), flux_namespace(o));

	head_lines(t, "ExternalArtifact:", o);
	line(t, "Source:", arena_cat(t->c->arena, node_str(node_get(ref, S("kind"))), S("/"),
				     namespace, S("/"), node_str(node_get(ref, S("name")))));
	line_if(t, "Revision:", at(o, "status", "artifact", "revision"));
	ready_lines(t, o, true);
}

static void repository_lines(const struct tracer *t, node o)
{
	head_lines(t, "HelmRepository:", o);
	line(t, "URL:", at(o, "spec", "url", NULL));
	line_if(t, "Revision:", at(o, "status", "artifact", "revision"));
	ready_lines(t, o, true);
}

/* The block of what `ref` names; kinds without a block give none. */
static err *source_lines(const struct tracer *t, node ref, str namespace, int git_width)
{
	enum flux_kind_id kind = flux_kind_find(node_str(node_get(ref, S("kind"))));
	struct tracer wide = *t, git = *t;
	node o;

	wide.width = WIDE;
	git.width = git_width;
	if (kind != FLUX_GIT && kind != FLUX_OCI && kind != FLUX_EXTERNAL &&
	    kind != FLUX_HELM_REPOSITORY)
		return NULL;
	str given = node_str(node_get(ref, S("namespace")));

	TRY(find(t, kind, given.n ? given : namespace, node_str(node_get(ref, S("name"))), &o));
	if (kind == FLUX_GIT)
		git_lines(&git, o);
	else if (kind == FLUX_OCI)
		oci_lines(&wide, o);
	else if (kind == FLUX_EXTERNAL)
		external_lines(&wide, o);
	else
		repository_lines(t, o);
	return NULL;
}

/* ---- reports ----------------------------------------------------------- */

struct manager {
	str name, namespace;
};

static err *report_kustomization(struct tracer *t, str kind, node object, struct manager m)
{
	node o;

	t->width = WIDE;
	t->origin = true;
	TRY(find(t, FLUX_KUSTOMIZATION, m.namespace, m.name, &o));
	subject_lines(t, kind, object);
	head_lines(t, "Kustomization:", o);
	line_if(t, "Target:", at(o, "spec", "targetNamespace", NULL));
	line(t, "Path:", at(o, "spec", "path", NULL));
	line(t, "Revision:", at(o, "status", "lastAppliedRevision", NULL));
	ready_lines(t, o, false);
	return source_lines(t, node_dig(o, "spec", "sourceRef"), m.namespace, WIDE);
}

static err *chart_lines(const struct tracer *t, str id)
{
	str namespace, name;
	node o;

	if (!str_split(id, '/', &namespace, &name))
		return NULL;
	TRY(find(t, FLUX_CHART, namespace, name, &o));
	head_lines(t, "HelmChart:", o);
	line(t, "Chart:", at(o, "spec", "chart", NULL));
	line(t, "Version:", at(o, "spec", "version", NULL));
	line_if(t, "Revision:", at(o, "status", "artifact", "revision"));
	ready_lines(t, o, true);
	return NULL;
}

static err *report_release(struct tracer *t, str kind, node object, struct manager m)
{
	node o;

	t->width = MIDDLE;
	t->origin = false;
	TRY(find(t, FLUX_RELEASE, m.namespace, m.name, &o));
	subject_lines(t, kind, object);
	head_lines(t, "HelmRelease:", o);
	line_if(t, "Target:", at(o, "spec", "targetNamespace", NULL));
	line(t, "Revision:", at(o, "status", "lastAttemptedRevision", NULL));
	ready_lines(t, o, false);
	if (!node_is_nil(node_dig(o, "spec", "chartRef")))
		return source_lines(t, node_dig(o, "spec", "chartRef"), m.namespace, NARROW);
	TRY(chart_lines(t, at(o, "status", "helmChart", NULL)));
	return source_lines(t, node_dig(o, "spec", "chart", "spec", "sourceRef"), m.namespace,
			    NARROW);
}

/* ---- managers ---------------------------------------------------------- */

static bool is_managed(struct arena *a, node object, str group, struct manager *out)
{
	node labels = node_dig(object, "metadata", "labels");

	out->name = node_str(node_get(labels, arena_cat(a, group, S("/name"))));
	out->namespace = node_str(node_get(labels, arena_cat(a, group, S("/namespace"))));
	return out->name.n && out->namespace.n;
}

static bool find_manager(struct tracer *t, node object, str group, unsigned depth,
			 struct manager *out)
{
	struct arena *a = t->c->arena;

	if (is_managed(a, object, group, out))
		return true;
	if (depth >= OWNERS_DEEP_MAX)
		return false;
	node_each_item(ref, node_dig(object, "metadata", "ownerReferences")) {
		const struct client_resource *r;
		struct gvk g = gvk_parse(node_str(node_get(*ref, S("apiVersion"))),
					 node_str(node_get(*ref, S("kind"))));
		node owner;
		err *e = discovery_kind(t->d, g, &r);

		if (!e)
			e = client_get(t->s->client, a, r,
				       r->namespaced ? flux_namespace(object) : STR_NONE,
				       node_str(node_get(*ref, S("name"))), &owner);
		if (e) {
			err_free(e);
			continue;
		}
		if (find_manager(t, owner, group, depth + 1, out))
			return true;
	}
	return false;
}

static err *report(struct tracer *t, str kind, node object)
{
	struct manager m;

	if (find_manager(t, object, str_c(flux_kinds[FLUX_KUSTOMIZATION].group), 0, &m))
		return report_kustomization(t, kind, object, m);
	if (find_manager(t, object, str_c(flux_kinds[FLUX_RELEASE].group), 0, &m))
		return report_release(t, kind, object, m);
	return err_new(ERR_NOT_FOUND, "object not managed by Flux");
}

/* What goes wrong with one object is told, and the next one follows. */
static void trace_object(struct tracer *t, str kind, node object)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	t->out = &text;
	err *e = report(t, kind, object);

	if (!e) {
		buf_add(&t->c->out.buf, buf_str(&text));
		return;
	}
	output_flush(&t->c->out);
	buf_addf(&t->c->err.buf, "failed to trace %.*s/%.*s in namespace %.*s: %s", STR_ARG(kind),
		 STR_ARG(flux_name(object)), STR_ARG(flux_namespace(object)), err_msg(e));
	err_free(e);
}

/* ---- objects ----------------------------------------------------------- */

/* What the words name: all of it is fetched before anything is traced. */
struct found {
	VEC(const struct client_resource *) kinds;
	VEC(node) objects;
	VEC(str) missing;	/* what went wrong with the others */
};

static err *resource_of(struct tracer *t, str resource, const struct client_resource **r)
{
	err *e = discovery_name(t->d, resource, r);

	if (e)
		return client_raw_error(e);
	if (!*r)
		return err_new(ERR_NOT_FOUND, "the server doesn't have a resource type \"%.*s\"",
			       STR_ARG(str_sub(resource, 0, str_find_char(resource, '.'))));
	return NULL;
}

/* As kubectl: an object that is not there may lack its namespace. */
static err *get_object(struct tracer *t, const struct client_resource *r, str name, node *out)
{
	str namespace = r->namespaced ? flux_settings(t->c)->namespace : STR_NONE;
	err *e = client_get(t->s->client, t->c->arena, r, namespace, name, out);
	const struct client_resource *spaces;
	node ignored;

	if (!e || err_kind(e) != ERR_NOT_FOUND || !namespace.n || str_eq(namespace, S("default")))
		return e;
	err *other = resource_of(t, S("namespaces"), &spaces);

	if (!other)
		other = client_get(t->s->client, t->c->arena, spaces, STR_NONE, namespace, &ignored);
	if (!other || err_kind(other) != ERR_NOT_FOUND) {
		err_free(other);
		return e;
	}
	err_free(e);
	return other;
}

static void find_named(struct tracer *t, const struct client_resource *r, str name, struct found *f)
{
	node object;
	err *e = get_object(t, r, name, &object);

	if (e) {
		avec_push(t->c->arena, &f->missing, arena_str(t->c->arena, err_text(e)));
		err_free(e);
		return;
	}
	avec_push(t->c->arena, &f->kinds, r);
	avec_push(t->c->arena, &f->objects, object);
}

/* "resource/name", each of them. */
static err *find_pairs(struct tracer *t, struct found *f)
{
	const struct flag_words *w = &t->c->words;

	for (size_t i = 0; i < w->n; i++) {
		const struct client_resource *r;
		str resource, name;

		str_split(w->p[i], '/', &resource, &name);
		if (str_has(name, S("/")))
			return err_new(ERR_INVALID, "arguments in resource/name form may not have more "
						    "than one slash");
		if (!resource.n || !name.n || str_has(resource, S(",")))
			return err_new(ERR_INVALID, "arguments in resource/name form must have a single "
						    "resource and name");
		TRY(resource_of(t, resource, &r));
		find_named(t, r, name, f);
	}
	return NULL;
}

/* "resource[,resource] name ..." */
static err *find_words(struct tracer *t, struct found *f)
{
	const struct flag_words *w = &t->c->words;
	str list = w->p[0], resource;

	for (bool more = true; more;) {
		const struct client_resource *r;

		more = str_split(list, ',', &resource, &list);
		bool many = str_eq(resource, S("all"));	/* the category of workloads */

		if (!many)
			TRY(resource_of(t, resource, &r));
		if (w->n == 1)
			return err_new(ERR_INVALID,
				       "resource(s) were provided, but no name was specified");
		if (many)
			return err_new(ERR_INVALID, "you must specify only one resource");
		for (size_t i = 1; i < w->n; i++)
			find_named(t, r, w->p[i], f);
	}
	return NULL;
}

static err *find_all(struct tracer *t, struct found *f)
{
	const struct flag_words *w = &t->c->words;
	size_t pairs = 0;

	for (size_t i = 0; i < w->n; i++)
		pairs += str_has(w->p[i], S("/"));
	if (pairs && pairs != w->n)
		return err_new(ERR_INVALID,
			       "there is no need to specify a resource type as a separate argument when "
			       "passing arguments in resource/name form (e.g. 'flux get "
			       "resource/<resource_name>' instead of 'flux get resource "
			       "resource/<resource_name>'");
	return pairs ? find_pairs(t, f) : find_words(t, f);
}

/* Texts that stand there already, taken out; how many are left. */
static size_t distinct(str *texts, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		bool known = false;

		for (size_t k = 0; k < kept; k++)
			known = known || str_eq(texts[k], texts[i]);
		if (!known)
			texts[kept++] = texts[i];
	}
	return kept;
}

static err *trace_words(struct tracer *t)
{
	struct found f = { 0 };

	TRY(find_all(t, &f));
	f.missing.n = distinct(f.missing.p, f.missing.n);
	if (f.missing.n == 1)
		return err_new(ERR_NOT_FOUND, "x: %.*s", STR_ARG(f.missing.p[0]));
	if (f.missing.n) {
		str all = arena_join(t->c->arena, f.missing.p, f.missing.n, S(", "));

		return err_new(ERR_NOT_FOUND, "x: [%.*s]", STR_ARG(all));
	}
	for (size_t i = 0; i < f.objects.n; i++) {
		trace_object(t, f.kinds.p[i]->kind, f.objects.p[i]);
		buf_add(&t->c->out.buf, i + 1 < f.objects.n ? S("---\n") : STR_NONE);
	}
	return NULL;
}

/* The kind in small letters; no plural, and no short name. */
static bool is_small_kind(str word, const struct client_resource *r)
{
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] >= 'A' && word.p[i] <= 'Z')
			return false;
	return str_eq_nocase(word, r->kind);
}

struct served {
	struct gvk g;
	bool found;
};

static err *look_for_version(void *ctx, const struct client_resource *r)
{
	struct served *s = ctx;

	s->found = s->found || (str_eq(r->group, s->g.group) && str_eq(r->version, s->g.version));
	return NULL;
}

/* flux has other words for a version that the server has nothing of. Takes `e`. */
static err *missing_kind(struct tracer *t, struct gvk g, err *e)
{
	struct served s = { g, false };
	err *other = discovery_every(t->d, look_for_version, &s);

	if (!other && !s.found) {
		str version = gvk_api_version(t->c->arena, g);

		e = err_replace(e, "unable to retrieve the complete list of server APIs: %.*s: no "
				   "matches for %.*s/%.*s, Resource=",
				STR_ARG(version), STR_ARG(g.group), STR_ARG(g.version));
	}
	err_free(other);
	return err_wrap(e, "failed to find object");
}

static err *trace_kind(struct tracer *t, const struct trace_options *o)
{
	struct gvk g = gvk_parse(o->api_version, o->kind);
	const struct client_resource *r;
	node object;

	if (str_count_char(o->api_version, '/') > 1)
		return err_new(ERR_INVALID, "invaild apiVersion: unexpected GroupVersion string: %.*s",
			       STR_ARG(o->api_version));
	err *e = discovery_kind(t->d, g, &r);

	if (e && err_kind(e) != ERR_NOT_FOUND)
		return err_wrap(e, "failed to find object: failed to get server groups");
	if (e) {
		str word = g.group.n ? arena_cat(t->c->arena, o->kind, S("."), g.version, S("."),
						 g.group)
				     : o->kind;

		err *other = discovery_name(t->d, word, &r);

		err_free(other);
		if (other || !r || !is_small_kind(o->kind, r))
			return missing_kind(t, g, e);
		err_free(e);
	}
	e = client_get(t->s->client, t->c->arena, r,
		       r->namespaced ? flux_settings(t->c)->namespace : STR_NONE, t->c->words.p[0],
		       &object);
	if (e)
		return err_wrap(e, "failed to find object");
	trace_object(t, o->kind, object);
	return NULL;
}

static err *check_words(struct cli *c)
{
	const struct trace_options *o = c->options;
	bool by_kind = o->kind.n || o->api_version.n;

	if (!by_kind)
		return c->words.n ? NULL
				  : err_new(ERR_INVALID,
					    "either `<resource>/<name>` or `<resource> <name>` is "
					    "required as an argument");
	if (!c->words.n)
		return err_new(ERR_INVALID, "object name is required");
	if (!o->kind.n)
		return err_new(ERR_INVALID, "object kind is required (--kind)");
	if (!o->api_version.n)
		return err_new(ERR_INVALID, "object apiVersion is required (--api-version)");
	return NULL;
}

static err *run_trace(struct cli *c)
{
	const struct trace_options *o = c->options;
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;

	TRY(check_words(c));
	s.patient = true;
	TRY(flux_open(c, &s));
	struct tracer t = { .c = c, .s = &s, .d = discovery_new(s.client) };
	err *e = o->kind.n ? trace_kind(&t, o) : trace_words(&t);

	discovery_free(t.d);
	return e;
}

static const struct flag trace_flags[] = {
	{ "api-version", 0, FLAG_STRING, offsetof(struct trace_options, api_version),
	  "API version of the object, as apps/v1" },
	{ "kind", 0, FLAG_STRING, offsetof(struct trace_options, kind), "kind of the object" },
	{ 0 },
};

const struct command flux_trace_command = {
	.use = "trace <resource> <name> [<name> ...]",
	.brief = "Find where an object comes from",
	.text = "Find the Kustomization or HelmRelease that manages an object, and the source that\n"
		"it comes from.",
	.example = "  flux trace deployment podinfo -n podinfo\n"
		   "  flux trace podinfo --kind=Deployment --api-version=apps/v1 -n podinfo",
	.flags = trace_flags,
	.options = sizeof(struct trace_options),
	.before = flux_before,
	.run = run_trace,
};
