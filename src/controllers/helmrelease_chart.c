/* helmrelease_chart - the HelmChart that a HelmRelease asks for, and the chart. */
#include "base/owned.h"
#include "controllers/hr_impl.h"
#include "text/semver.h"
#include "text/duration.h"

static const struct client_resource helmcharts = {
	S(HR_SOURCE_GROUP), S("v1"), S("helmcharts"), S("HelmChart"), true
};

static node template_of(node object)
{
	return node_dig(object, "spec", "chart", "spec");
}

void hr_chart_ref(struct arena *a, node object, str *ns, str *name)
{
	str own = node_str(node_dig(object, "metadata", "namespace"));
	str source = node_str(node_dig(template_of(object), "sourceRef", "namespace"));

	*ns = *name = STR_NONE;
	if (template_of(object).kind != NODE_MAP)
		return;
	*ns = source.n ? source : own;
	*name = arena_cat(a, own, S("-"), node_str(node_dig(object, "metadata", "name")));
}

void hr_source_ref(struct arena *a, node object, str *kind, str *ns, str *name)
{
	node ref = node_dig(object, "spec", "chartRef");
	str other = node_str(node_get(ref, S("namespace")));

	if (ref.kind != NODE_MAP) {
		*kind = S("HelmChart");
		hr_chart_ref(a, object, ns, name);
		return;
	}
	*kind = node_str(node_get(ref, S("kind")));
	*name = node_str(node_get(ref, S("name")));
	*ns = other.n ? other : node_str(node_dig(object, "metadata", "namespace"));
}

/* ---- the HelmChart ---------------------------------------------------------- */

static err *check_access(const struct hr *h, str ns, str name)
{
	if (!runtime_settings(h->p->rt)->no_cross_namespace_refs ||
	    str_eq(ns, h->p->key.namespace))
		return NULL;
	return err_new(ERR_FORBIDDEN,
		       "cross-namespace references are not allowed: cannot access HelmChart "
		       "%.*s/%.*s",
		       STR_ARG(ns), STR_ARG(name));
}

static void copy(struct arena *a, node to, node from, const char *key)
{
	node v = node_get(from, str_c(key));

	if (!node_is_nil(v) && !(v.kind == NODE_BOOL && !node_bool(v)) &&
	    !(v.kind == NODE_SEQ && !node_len(v)) && !(v.kind == NODE_STR && !node_str(v).n))
		node_set(a, to, str_c(key), v);
}

/* Old releases name one values file beside the list: it goes first. */
static void add_values_files(struct arena *a, node spec, node t)
{
	node old = node_get(t, S("valuesFile")), list = node_get(t, S("valuesFiles"));

	if (!node_str(old).n) {
		copy(a, spec, t, "valuesFiles");
		return;
	}
	node all = node_seq(a, node_len(list) + 1);

	node_append(a, all, old);
	node_each_item(i, list)
		node_append(a, all, *i);
	node_set(a, spec, S("valuesFiles"), all);
}

static node chart_spec(struct hr *h)
{
	struct arena *a = h->a;
	node t = template_of(h->p->object), spec = node_map(a, 8), ref = node_map(a, 2);
	node source = node_get(t, S("sourceRef")), version = node_get(t, S("version"));
	node interval = node_get(t, S("interval"));
	int64_t span;

	copy(a, spec, t, "chart");
	node_set(a, spec, S("version"), node_str(version).n ? version : node_lit("*"));
	copy(a, ref, source, "kind");
	copy(a, ref, source, "name");
	node_set(a, spec, S("sourceRef"), ref);
	if (!node_str(interval).n)
		interval = node_get(h->spec, S("interval"));
	err *e = duration_parse(node_str(interval), &span);

	if (!e)
		interval = node_from_str(a, hr_span(a, span));
	err_free(e);
	node_set(a, spec, S("interval"), interval);
	copy(a, spec, t, "reconcileStrategy");
	if (!node_has(spec, S("reconcileStrategy")))
		node_set(a, spec, S("reconcileStrategy"), node_lit("ChartVersion"));
	add_values_files(a, spec, t);
	copy(a, spec, t, "ignoreMissingValuesFiles");
	copy(a, spec, t, "verify");
	return spec;
}

static node chart_object(struct hr *h, str ns, str name)
{
	struct arena *a = h->a;
	node given = node_dig(h->p->object, "spec", "chart", "metadata");
	node o = node_map(a, 4), meta = node_map(a, 4), labels = node_map(a, 4);

	node_each_pair(p, node_get(given, S("labels")))
		node_put(a, labels, p->key, p->value);
	node_set(a, labels, S(HELM_GROUP "/name"), node_from_str(a, h->p->key.name));
	node_set(a, labels, S(HELM_GROUP "/namespace"), node_from_str(a, h->p->key.namespace));
	node_set(a, meta, S("name"), node_from_str(a, name));
	node_set(a, meta, S("namespace"), node_from_str(a, ns));
	node_set(a, meta, S("labels"), labels);
	copy(a, meta, given, "annotations");
	node_set(a, o, S("apiVersion"), node_lit(HR_SOURCE_GROUP "/v1"));
	node_set(a, o, S("kind"), node_lit("HelmChart"));
	node_set(a, o, S("metadata"), meta);
	node_set(a, o, S("spec"), chart_spec(h));
	return o;
}

static bool holds_all(node there, node wanted)
{
	node_each_pair(p, wanted)
		if (!node_equal(node_get(there, node_str(p->key)), p->value))
			return false;
	return true;
}

/* What the cache has is what is wanted: no request then. */
static bool is_in_sync(node there, node wanted)
{
	return there.kind == NODE_MAP &&
	       node_equal(node_get(there, S("spec")), node_get(wanted, S("spec"))) &&
	       holds_all(node_dig(there, "metadata", "labels"),
			 node_dig(wanted, "metadata", "labels")) &&
	       holds_all(node_dig(there, "metadata", "annotations"),
			 node_dig(wanted, "metadata", "annotations"));
}

static void say_applied(struct hr *h, bool created, str ns, str name)
{
	node ref = node_get(template_of(h->p->object), S("sourceRef"));
	str kind = node_str(node_get(ref, S("kind"))), source = node_str(node_get(ref, S("name")));

	pass_event(h->p, EVENT_TRACE, created ? S("HelmChartCreated") : S("HelmChartConfigured"),
		   arena_printf(h->a, "%s HelmChart/%.*s/%.*s with SourceRef '%.*s/%.*s/%.*s'",
				created ? "Created" : "Configured", STR_ARG(ns), STR_ARG(name),
				STR_ARG(kind), STR_ARG(ns), STR_ARG(source)),
		   NULL, 0);
}

static err *apply_chart(struct hr *h, str ns, str name)
{
	const struct client_patch_options how = { .type = CLIENT_PATCH_APPLY,
						  .manager = S("helm-controller"), .force = true };
	node wanted = chart_object(h, ns, name), answer;
	node there = live_get(runtime_live(h->p->rt), h->a, &helmcharts, ns, name);

	if (is_in_sync(there, wanted))
		return NULL;
	err *e = client_patch(runtime_client(h->p->rt), h->a, &helmcharts, ns, name, wanted, &how,
			      &answer);

	if (e) {
		e = err_wrap(e, "failed to run server-side apply");
		pass_event(h->p, EVENT_TRACE, S("HelmChartSyncErr"), err_text(e), NULL, 0);
		return e;
	}
	live_note(runtime_live(h->p->rt), &helmcharts, answer);
	say_applied(h, there.kind != NODE_MAP, ns, name);
	return NULL;
}

/* "NS/NAME" of what was asked for: a status may not tell of it yet. */
static str asked_for(const struct hr *h)
{
	str told = hr_status_str(h, "helmChart");

	return told.n ? told : h->m->chart;
}

static void note_chart(struct hr *h, str at)
{
	if (str_eq(h->m->chart, at))
		return;
	owned_free(h->m->chart);
	h->m->chart = at.n ? owned_str(at) : STR_NONE;
}

/* Of a former process that had not told of it; empty: there is none. */
static str left_over(struct hr *h)
{
	str ns, name;

	hr_chart_ref(h->a, h->p->object, &ns, &name);
	if (!name.n)
		return STR_NONE;
	node labels = node_dig(live_get(runtime_live(h->p->rt), h->a, &helmcharts, ns, name),
			       "metadata", "labels");

	if (!str_eq(node_str(node_get(labels, S(HELM_GROUP "/name"))), h->p->key.name) ||
	    !str_eq(node_str(node_get(labels, S(HELM_GROUP "/namespace"))), h->p->key.namespace))
		return STR_NONE;
	return arena_cat(h->a, ns, S("/"), name);
}

err *hr_delete_chart(struct hr *h)
{
	str at = asked_for(h), ns, name;

	if (!at.n && !node_is_nil(node_dig(h->p->object, "metadata", "deletionTimestamp")))
		at = left_over(h);
	if (!at.n || node_bool(node_get(h->spec, S("suspend"))))
		return NULL;
	str_split(at, '/', &ns, &name);
	TRY(check_access(h, ns, name));
	err *e = client_delete(runtime_client(h->p->rt), h->a, &helmcharts, ns, name, NULL);

	if (e && err_kind(e) != ERR_NOT_FOUND)
		return err_wrap(e, "failed to delete HelmChart '%.*s'", STR_ARG(at));
	if (!e)
		pass_event(h->p, EVENT_TRACE, S("HelmChartDeleted"),
			   arena_printf(h->a, "deleted HelmChart '%.*s'", STR_ARG(at)), NULL, 0);
	err_free(e);
	status_set(h->p, S("helmChart"), NODE_NOTHING);
	note_chart(h, STR_NONE);
	return NULL;
}

err *hr_sync_chart(struct hr *h)
{
	str ns, name, at = asked_for(h);

	hr_chart_ref(h->a, h->p->object, &ns, &name);
	str wanted = name.n ? arena_cat(h->a, ns, S("/"), name) : STR_NONE;

	if (at.n && !str_eq(at, wanted))
		TRY(hr_delete_chart(h));
	if (!name.n)
		return NULL;
	TRY(check_access(h, ns, name));
	TRY(apply_chart(h, ns, name));
	status_set_str(h->p, S("helmChart"), wanted);
	note_chart(h, wanted);
	return NULL;
}

/* ---- the source ------------------------------------------------------------------ */

static str message_of(node condition)
{
	return node_str(node_get(condition, S("message")));
}

str hr_source_problem(struct arena *a, node source, str kind, str ns, str name)
{
	node status = node_get(source, S("status")), ready = health_condition(source, S("Ready"));
	bool has = node_get(status, S("artifact")).kind == NODE_MAP;
	str why = STR_NONE;

	if (!str_eq(kind, S("ExternalArtifact")) &&
	    node_int(node_dig(source, "metadata", "generation")) !=
		    node_int(node_get(status, S("observedGeneration"))))
		why = str_eq(node_str(node_get(ready, S("status"))), S("False"))
			      ? message_of(ready)
			      : S("latest generation of object has not been reconciled");
	else if (health_condition_is_true(source, S("Stalled")))
		why = message_of(health_condition(source, S("Stalled")));
	else if (!has)
		why = S("does not have an artifact");
	return why.n ? arena_printf(a, "%.*s '%.*s/%.*s' is not ready: %.*s", STR_ARG(kind),
				    STR_ARG(ns), STR_ARG(name), STR_ARG(why))
		     : STR_NONE;
}

static err *load(struct hr *h, struct hr_chart *to)
{
	const struct chart_options o = { .max_size = 0 };
	str bytes;

	TRY(pass_bytes(h->p, &h->artifact, &bytes));
	return chart_load_archive(&to->arena, bytes, &o, &to->chart);
}

err *hr_load_chart(struct hr *h, node source)
{
	if (!artifact_of(h->a, source, &h->artifact))
		return err_new(ERR_NOT_FOUND, "artifact not found");
	h->shared_chart = hr_chart_find(h->shared, h->artifact.digest);
	if (!h->shared_chart) {
		h->shared_chart = hr_chart_new();
		TRY(load(h, h->shared_chart));
		h->is_new_chart = true;
	}
	h->own_chart = *h->shared_chart->chart;
	h->chart = &h->own_chart;
	return NULL;
}

/* ---- versions with digests --------------------------------------------------------- */

enum { DIGEST_SHOWN = 12 };

static err *digest_part(struct arena *a, str revision, str *out)
{
	str algorithm, hex;

	if (!str_split(revision, ':', &algorithm, &hex) || hex.n < DIGEST_SHOWN ||
	    str_find_char(hex, ':') != STR_NPOS)
		return err_new(ERR_INVALID, "invalid artifact revision %.*s", STR_ARG(revision));
	*out = arena_str(a, str_sub(hex, 0, DIGEST_SHOWN));
	return NULL;
}

static str with_metadata(struct arena *a, const struct semver *v, str metadata)
{
	return arena_printf(a, "%llu.%llu.%llu%s%.*s+%.*s", (unsigned long long)v->major,
			    (unsigned long long)v->minor, (unsigned long long)v->patch,
			    v->prerelease.n ? "-" : "", STR_ARG(v->prerelease), STR_ARG(metadata));
}

/* Registries take no "+" in a tag: "1.0.0_build" is the version 1.0.0+build. */
static err *tag_version(struct arena *a, str tag, struct semver *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i < tag.n; i++)
		buf_addc(&b, tag.p[i] == '_' ? '+' : tag.p[i]);
	return semver_parse(out, arena_str(a, buf_str(&b)));
}

void hr_share_chart(struct hr *h)
{
	struct hr_chart *c = h->shared_chart;
	struct chart lasting = *h->chart;

	if (!h->is_new_chart)
		return;
	h->is_new_chart = false;
	lasting.meta.version = arena_str(&c->arena, h->chart->meta.version);
	err *e = record_form_keep(&c->arena, &lasting, &c->form);

	err_free(e);		/* too large: each record is refused in words */
	hr_chart_share(h->shared, h->artifact.digest, c);
}

err *hr_mutate_version(struct hr *h, node source)
{
	str revision = h->artifact.revision, tag, digest, part;
	str kind = h->source_kind, version = h->chart->meta.version;
	struct semver own, tagged;

	(void)source;
	h->oci_digest = STR_NONE;
	h->chart_version = version;
	if (!str_eq(kind, S("OCIRepository")) &&
	    !(str_eq(kind, S("ExternalArtifact")) && str_find_char(revision, ':') != STR_NPOS))
		return NULL;
	err *e = semver_parse(&own, version);

	if (e)
		return err_replace(e, "invalid chart version %.*s", STR_ARG(version));
	bool has_digest = str_split(revision, '@', &tag, &digest);

	e = has_digest ? tag_version(h->a, tag, &tagged) : semver_parse(&tagged, tag);
	if (!e && (!has_digest || semver_cmp(&own, &tagged) != 0))
		return err_new(ERR_INVALID, "artifact revision %.*s does not match chart version %.*s",
			       STR_ARG(tag), STR_ARG(version));
	h->oci_digest = e ? revision : digest;
	err_free(e);
	TRY(digest_part(h->a, h->oci_digest, &part));
	if (runtime_settings(h->p->rt)->gates[GATE_DISABLE_CHART_DIGEST_TRACKING])
		return NULL;
	h->chart_version = with_metadata(h->a, &own, part);
	h->chart->meta.version = h->chart_version;
	return NULL;
}
