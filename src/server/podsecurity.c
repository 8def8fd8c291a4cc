#include "server/podsecurity.h"

#include "server/kinds_impl.h"
#include "server/meta.h"
#include "server/podsecurity_impl.h"
#include "server/status.h"

enum { PODS_MAX = 3000 };

#define LABEL "pod-security.kubernetes.io/"

/* ---- the policy of a namespace ---------------------------------------------------- */

static const char *const modes[] = { "enforce", "audit", "warn" };

struct policy {
	struct podsecurity_level mode[3];
};

static bool read_level(str text, enum podsecurity_kind *out)
{
	static const str names[] = { S("privileged"), S("baseline"), S("restricted") };

	for (int i = 0; i < 3; i++)
		if (str_eq(text, names[i])) {
			*out = i;
			return true;
		}
	return false;
}

/* "latest" or "v1.x"; what is neither counts as the latest. */
static bool read_version(str text, int *out)
{
	uint64_t minor;

	*out = PODSECURITY_LATEST;
	if (str_eq(text, S("latest")))
		return true;
	if (!str_take_str(&text, S("v1.")) || !text.n || (text.n > 1 && text.p[0] == '0') ||
	    !str_to_u64(text, &minor) || minor >= PODSECURITY_LATEST)
		return false;
	*out = (int)minor;
	return true;
}

static void label_error(struct fielderrs *e, str key, node value, const char *why)
{
	check_invalid(e, AT_K(AT(AT(NULL, "metadata"), "labels"), key), value, "%s", why);
}

static struct policy policy_of(struct fielderrs *e, node labels)
{
	struct policy p = { { { 0, PODSECURITY_LATEST }, { 0, PODSECURITY_LATEST },
			      { 0, PODSECURITY_LATEST } } };
	bool enforces = false;

	for (int m = 0; m < 3; m++) {
		str key = arena_cat(e->arena, S(LABEL), str_c(modes[m]));
		str version_key = arena_cat(e->arena, key, S("-version"));
		node level = node_get(labels, key), version = node_get(labels, version_key);

		if (!node_is_nil(level)) {
			bool good = read_level(node_str_or(level, STR_NONE), &p.mode[m].kind);

			enforces |= !m && good;
			if (!good) {
				p.mode[m].kind = m ? PODSECURITY_PRIVILEGED : PODSECURITY_RESTRICTED;
				label_error(e, key, level, "must be one of privileged, baseline, restricted");
			}
		}
		if (!node_is_nil(version) &&
		    !read_version(node_str_or(version, STR_NONE), &p.mode[m].version))
			label_error(e, version_key, version, "must be \"latest\" or \"v1.x\"");
	}
	/* who is refused is warned as well */
	if (enforces && !node_has(labels, S(LABEL "warn")) && p.mode[0].kind > p.mode[2].kind) {
		p.mode[2].kind = p.mode[0].kind;
		if (!node_has(labels, S(LABEL "warn-version")))
			p.mode[2].version = p.mode[0].version;
	}
	return p;
}

static str level_text(struct arena *a, struct podsecurity_level l)
{
	static const char *const names[] = { "privileged", "baseline", "restricted" };

	if (l.version == PODSECURITY_LATEST)
		return arena_printf(a, "%s:latest", names[l.kind]);
	return arena_printf(a, "%s:v1.%d", names[l.kind], l.version);
}

static bool is_violated(struct kind_call *c, struct podsecurity_level l, node pod, bool reasons_only,
			str *detail)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!podsecurity_evaluate(c->arena, l, pod, reasons_only, &b))
		return false;
	*detail = arena_str(c->arena, buf_str(&b));
	return true;
}

/* ---- Pods and templates -------------------------------------------------------------- */

static bool same_images(node now, node was)
{
	if (node_len(now) != node_len(was))
		return false;
	for (size_t i = 0; i < node_len(now); i++)
		if (!str_eq(TEXT_OF(node_at(now, i), "image"), TEXT_OF(node_at(was, i), "image")))
			return false;
	return true;
}

static bool same_ephemeral(node now, node was)
{
	node_each_item(x, now) {
		bool found = false;

		node_each_item(y, was)
			found |= str_eq(TEXT_OF(*x, "name"), TEXT_OF(*y, "name")) &&
				 str_eq(TEXT_OF(*x, "image"), TEXT_OF(*y, "image"));
		if (!found)
			return false;
	}
	return true;
}

/* Nothing of what is checked can change in a Pod but by its containers. */
static bool is_significant(const struct kind_call *c)
{
	node now = GET(c->object, "spec"), was = GET(c->old, "spec");

	return !same_images(GET(now, "containers"), GET(was, "containers")) ||
	       !same_images(GET(now, "initContainers"), GET(was, "initContainers")) ||
	       !same_ephemeral(GET(now, "ephemeralContainers"), GET(was, "ephemeralContainers"));
}

/* The Pod, or what has its form: metadata and spec. */
static node pod_of(const struct kind_call *c)
{
	str kind = c->kind->gvk.kind;

	if (str_eq(kind, S("Pod")))
		return c->object;
	if (str_eq(kind, S("PodTemplate")))
		return GET(c->object, "template");
	if (str_eq(kind, S("CronJob")))
		return node_dig(c->object, "spec", "jobTemplate", "spec", "template");
	return node_dig(c->object, "spec", "template");
}

void podsecurity_check(struct kind_call *c)
{
	struct fielderrs ignored = { .arena = c->arena };
	bool is_pod = str_eq(c->kind->gvk.kind, S("Pod"));
	node pod = pod_of(c), namespace;
	str detail;

	if (is_pod ? kinds_is_status(c) : c->subresource.n > 0)
		return;
	namespace = c->look(c, STR_NONE, S("namespaces"), STR_NONE, c->namespace);
	struct policy p = policy_of(&ignored, node_dig(namespace, "metadata", "labels"));

	if (!p.mode[0].kind && !p.mode[2].kind)
		return;
	if (node_is_nil(pod) || (is_pod && !kinds_is_create(c) && !is_significant(c)))
		return;
	if (is_pod && is_violated(c, p.mode[0], pod, false, &detail))
		kinds_forbid(c, "violates PodSecurity \"%.*s\": %.*s",
			     STR_ARG(level_text(c->arena, p.mode[0])), STR_ARG(detail));
	else if (is_violated(c, p.mode[2], pod, false, &detail))
		kind_warn(c->warnings, "would violate PodSecurity \"%.*s\": %.*s",
			  STR_ARG(level_text(c->arena, p.mode[2])), STR_ARG(detail));
}

/* ---- Namespaces ------------------------------------------------------------------------- */

/* Pods that break the rules in the same way. */
struct offence {
	str why, first;
	size_t pods;
};

struct offences {
	struct offence list[PODS_MAX];
	size_t n;
};

static void note(struct offences *o, str why, str pod)
{
	for (size_t i = 0; i < o->n; i++)
		if (str_eq(o->list[i].why, why)) {
			o->list[i].pods++;
			if (str_cmp(pod, o->list[i].first) < 0)
				o->list[i].first = pod;
			return;
		}
	if (o->n < PODS_MAX)
		o->list[o->n++] = (struct offence){ why, pod, 1 };
}

static str offence_text(struct arena *a, const struct offence *o)
{
	if (o->pods == 1)
		return arena_cat(a, o->first, S(": "), o->why);
	return arena_printf(a, "%.*s (and %zu other pod%s): %.*s", STR_ARG(o->first), o->pods - 1,
			    o->pods == 2 ? "" : "s", STR_ARG(o->why));
}

static void warn_of_pods(struct kind_call *c, struct podsecurity_level level)
{
	str namespace = meta_get(c->object, S("name")), why;
	struct offences *o = arena_new(c->arena, struct offences);
	struct words lines = { .arena = c->arena };
	node pods = c->look_all(c, STR_NONE, S("pods"), namespace);
	size_t n = node_len(pods) < PODS_MAX ? node_len(pods) : PODS_MAX;

	for (size_t i = 0; i < n; i++)
		if (is_violated(c, level, node_at(pods, i), true, &why))
			note(o, why, meta_get(node_at(pods, i), S("name")));
	if (n < node_len(pods))
		kind_warn(c->warnings,
			  "new PodSecurity enforce level only checked against the first %zu of %zu existing "
			  "pods",
			  n, node_len(pods));
	if (o->n)
		kind_warn(c->warnings,
			  "existing pods in namespace \"%.*s\" violate the new PodSecurity enforce level "
			  "\"%.*s\"",
			  STR_ARG(namespace), STR_ARG(level_text(c->arena, level)));
	for (size_t i = 0; i < o->n; i++)
		words_add(&lines, offence_text(c->arena, &o->list[i]));
	words_sort(&lines);
	for (size_t i = 0; i < lines.n; i++)
		kind_warn_text(c->warnings, lines.list[i]);
}

static bool same_errors(const struct fielderrs *x, const struct fielderrs *y)
{
	if (x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++)
		if (!str_eq(x->list[i].path, y->list[i].path) || !str_eq(x->list[i].text, y->list[i].text))
			return false;
	return true;
}

void podsecurity_check_namespace(struct kind_call *c)
{
	struct fielderrs now = { .arena = c->arena }, was = { .arena = c->arena };
	struct policy p = policy_of(&now, node_dig(c->object, "metadata", "labels"));
	struct policy old = policy_of(&was, node_dig(c->old, "metadata", "labels"));
	struct podsecurity_level is = p.mode[0], before = old.mode[0];

	if (c->subresource.n)
		return;
	if (now.n && (kinds_is_create(c) || !same_errors(&now, &was))) {
		c->refusal = status_invalid(STR_NONE, S("Namespace"), meta_get(c->object, S("name")), &now);
		return;
	}
	if (kinds_is_create(c) || is.kind == PODSECURITY_PRIVILEGED ||
	    (is.version == before.version && is.kind <= before.kind))
		return;
	warn_of_pods(c, is);
}
