#include "server/body.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/vec.h"
#include "kube/builtin.h"
#include "server/custom.h"
#include "server/protobuf.h"
#include "server/registry.h"
#include "server/server.h"
#include "server/status.h"
#include "text/quote.h"
#include "value/json.h"
#include "value/yaml.h"

enum { BODY_NODES_MAX = 1000000, SUMMARY_MAX = 30 };

/* ---- findings ---------------------------------------------------------- */

void body_find(struct body_findings *f, const char *fmt, ...)
{
	VEC(str) v = { f->list, f->n, f->cap };
	char text[1024];
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	if (n < 0)
		return;
	avec_push(f->arena, &v,
		  arena_str(f->arena,
			    str_of(text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1)));
	f->list = v.p;
	f->n = v.n;
	f->cap = v.cap;
}

err *body_strict(const struct body_findings *f)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i < f->n; i++)
		buf_addf(&b, "%s%.*s", i ? ", " : "", STR_ARG(f->list[i]));
	return err_new(ERR_INVALID, "strict decoding error: %s", buf_c(&b));
}

void body_warn(const struct body_findings *f, struct kind_warnings *w)
{
	for (size_t i = 0; i < f->n; i++)
		kind_warn_text(w, f->list[i]);
}

/* ---- text to tree ------------------------------------------------------ */

static err *read_json(struct arena *a, str text, struct body_findings *f, node *out)
{
	struct json_repeats repeats = { .n = 0 };
	struct json_options o = { .repeats = f ? &repeats : NULL };
	err *e = json_read(a, text, &o, out);

	for (size_t i = 0; i < repeats.n && !e; i++)
		body_find(f, "duplicate field \"%.*s\"", STR_ARG(repeats.list[i]));
	return e ? err_wrap(e, "couldn't get version/kind; json parse error") : NULL;
}

/* YAML comes by way of JSON: what it finds there is worded once more. */
static err *read_yaml(struct arena *a, str text, struct body_findings *f, node *out)
{
	struct yaml_options o = { .json = true, .max_nodes = BODY_NODES_MAX };
	err *e = yaml_read(a, text, &o, out);
	node again;

	if (e) {
		str why = err_text(e);

		str_take_str(&why, S("error converting YAML to JSON: "));
		return err_replace(e, "%.*s", STR_ARG(why));
	}
	if (!f)
		return NULL;

	o.strict = true;
	if ((e = yaml_read(a, text, &o, &again))) {
		str why = err_text(e);

		str_take_str(&why, S("error converting YAML to JSON: "));
		body_find(f, "%.*s", STR_ARG(why));
		err_free(e);
	}
	return NULL;
}

static err *read_text(struct arena *a, enum negotiate_body form, str text, struct gvk wanted,
		      struct body_findings *f, node *out)
{
	switch (form) {
	case NEGOTIATE_YAML:
	case NEGOTIATE_APPLY:
		return read_yaml(a, text, f, out);
	case NEGOTIATE_PROTOBUF:
		return protobuf_read(a, text, wanted, out);
	default:
		return read_json(a, text, f, out);
	}
}

err *body_json(struct arena *a, str text, node *out)
{
	return json_read(a, text, NULL, out);
}

/* ---- what it says it is ------------------------------------------------ */

/* The beginning of a body that nobody could read, for the message. */
static void add_summary(struct buf *b, str body)
{
	str start = str_sub(body, 0, SUMMARY_MAX);

	if (!body.n) {
		buf_add(b, S("<empty>"));
		return;
	}
	if (body.p[0] == '{')
		buf_add(b, start);
	else
		for (size_t i = 0; i < start.n; i++)
			buf_addf(b, "%02x", (unsigned char)start.p[i]);
	if (start.n < body.n)
		buf_add(b, S(" ..."));
}

static err *unrecognized(err *e, str kind, str body)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	add_summary(&b, body);
	err *bad = status_bad_request(
		"the object provided is unrecognized (must be of type %.*s): %s (%s)",
		STR_ARG(kind), err_msg(e), buf_c(&b));

	err_free(e);
	return bad;
}

static err *no_object(node in)
{
	if (node_is(in, NODE_MAP) || node_is(in, NODE_NULL))
		return NULL;
	return err_new(
		ERR_INVALID,
		"couldn't get version/kind; json parse error: json: cannot unmarshal %s into Go "
		"value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; "
		"Kind string \"json:\\\"kind,omitempty\\\"\" }",
		node_kind_name(in));
}

err *body_odd_name(node in)
{
	static const char *const names[] = { "apiVersion", "kind" };

	for (size_t i = 0; i < 2; i++) {
		node v = node_get(in, str_c(names[i]));

		if (!node_is_nil(v) && !node_is(v, NODE_STR))
			return err_new(ERR_INVALID,
				       "couldn't get version/kind; json parse error: json: cannot "
				       "unmarshal %s into Go struct field .%s of type string",
				       node_kind_name(v), names[i]);
	}
	return NULL;
}

static err *odd_version(node in)
{
	str version = node_str(node_get(in, S("apiVersion")));
	size_t slashes = 0;

	for (size_t i = 0; i < version.n; i++)
		slashes += version.p[i] == '/';
	if (slashes < 2)
		return NULL;
	return err_new(ERR_INVALID, "unexpected GroupVersion string: %.*s", STR_ARG(version));
}

/* What the body is, with what it leaves out taken from the endpoint. */
static struct gvk body_gvk(node in, struct gvk wanted)
{
	struct gvk g = gvk_of(in);

	if (!g.kind.n)
		g.kind = wanted.kind;
	if (!g.version.n && (!g.group.n || str_eq(g.group, wanted.group))) {
		g.group = wanted.group;
		g.version = wanted.version;
	}
	return g;
}

err *body_cannot(struct gvk is, str kind, err *e)
{
	CLEANUP(buf_release) struct buf version = BUF_INIT;

	quote_add(&version, is.version, QUOTE_PRINT);
	err *bad = status_bad_request("%.*s in version %s cannot be handled as a %.*s: %s",
				      STR_ARG(is.kind), buf_c(&version), STR_ARG(kind), err_msg(e));

	err_free(e);
	return bad;
}

/* "v1.Secret", and "core.ConfigMap" of the internal types. */
static str go_package(str group)
{
	str first, rest;

	str_split(group, '.', &first, &rest);
	return group.n ? first : S("core");
}

err *body_no_conversion(struct gvk is, struct gvk wanted)
{
	return err_new(ERR_INVALID, "converting (%.*s.%.*s) to (%.*s.%.*s): unknown conversion",
		       STR_ARG(is.version), STR_ARG(is.kind), STR_ARG(go_package(wanted.group)),
		       STR_ARG(wanted.kind));
}

err *body_not_registered(struct gvk is)
{
	CLEANUP(buf_release) struct buf q = BUF_INIT;

	if (is.group.n)
		buf_addf(&q, "%.*s/", STR_ARG(is.group));
	buf_add(&q, is.version);
	return err_new(ERR_INVALID,
		       "no kind \"%.*s\" is registered for version \"%s\" in scheme "
		       "\"pkg/runtime/scheme.go:111\"",
		       STR_ARG(is.kind), buf_c(&q));
}

/* Known to the scheme, though no endpoint has them. */
static bool is_bare(struct gvk is)
{
	static const char *const kinds[] = {
		"List",
		"ListOptions",
		"NodeProxyOptions",
		"PodAttachOptions",
		"PodExecOptions",
		"PodLogOptions",
		"PodPortForwardOptions",
		"PodProxyOptions",
		"PodStatusResult",
		"RangeAllocation",
		"SerializedReference",
		"ServiceProxyOptions",
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (!is.group.n && str_eq(is.version, S("v1")) && str_eq(is.kind, str_c(kinds[i])))
			return true;
	return false;
}

static err *other_kind(struct gvk is, struct gvk wanted)
{
	if (builtin_type(is) || is_bare(is))
		return body_cannot(is, wanted.kind, body_no_conversion(is, wanted));
	return body_cannot(is, wanted.kind, body_not_registered(is));
}

static err *other_version(struct arena *a, struct gvk is, struct gvk wanted)
{
	return status_bad_request(
		"the API version in the data (%.*s) does not match the expected API "
		"version (%.*s)",
		STR_ARG(gvk_api_version(a, is)), STR_ARG(gvk_api_version(a, wanted)));
}

/* ---- fitting ----------------------------------------------------------- */

static err *fit_custom(struct arena *a, const struct kind *k, node object,
		       struct body_findings *findings)
{
	struct structural_unknown u = { .arena = a };

	TRY(custom_read(a, k, object, findings ? &u : NULL));
	for (size_t i = 0; i < u.n; i++)
		body_find(findings, "unknown field \"%.*s\"", STR_ARG(u.p[i]));
	return NULL;
}

/* An empty list of managed fields is a wish: drop them all (kube/managed.h). As
 * any other empty list it is left out of the object. */
static void keep_cleared(struct arena *a, node in, node out)
{
	node entries = node_dig(in, "metadata", "managedFields");

	if (node_is(entries, NODE_SEQ) && !node_len(entries))
		node_set(a, node_need_map(a, out, S("metadata")), S("managedFields"), entries);
}

static err *fit_builtin(struct arena *a, const struct kind *k, node in, bool maps,
			struct body_findings *findings, node *out)
{
	struct canon_unknown unknown = { .n = 0 };

	TRY((maps ? canon_restored : canon_object)(a, in, k->type, findings ? &unknown : NULL,
						   out));
	keep_cleared(a, in, *out);
	for (size_t i = 0; i < unknown.n; i++)
		body_find(findings, "unknown field \"%.*s\"", STR_ARG(unknown.list[i]));
	return NULL;
}

static err *fit(struct arena *a, const struct kind *k, node in, bool maps,
		struct body_findings *findings, node *out)
{
	if (k->custom) {
		*out = in;
		TRY(fit_custom(a, k, in, findings));
	} else {
		TRY(fit_builtin(a, k, in, maps, findings, out));
	}
	if (k->hooks && k->hooks->defaults)
		k->hooks->defaults(a, k, *out);
	return NULL;
}

err *body_fit(struct arena *a, const struct kind *k, node in, struct body_findings *findings,
	      node *out)
{
	return fit(a, k, in, false, findings, out);
}

err *body_restore(struct arena *a, const struct kind *k, node in, struct body_findings *findings,
		  node *out)
{
	return fit(a, k, in, true, findings, out);
}

/* Read, and see what it says it is; errors are whole. */
static err *read_named(struct request *r, struct gvk wanted, struct body_findings *f, node *in,
		       struct gvk *is)
{
	enum negotiate_body form;

	TRY(negotiate_content(r, &form));
	err *e = read_text(r->arena, form, r->body, wanted, f, in);

	if (!e)
		e = no_object(*in);
	if (!e)
		e = body_odd_name(*in);
	if (!e)
		e = odd_version(*in);
	if (e)
		return unrecognized(e, wanted.kind, r->body);
	if (!node_is(*in, NODE_MAP))
		*in = node_map(r->arena, 0);
	*is = body_gvk(*in, wanted);
	return NULL;
}

static err *apply_findings(struct request *r, const struct body_findings *f,
			   enum options_fields fields, struct gvk is, str kind)
{
	if (fields == OPTIONS_STRICT && f->n)
		return body_cannot(is, kind, body_strict(f));
	if (fields == OPTIONS_WARN)
		body_warn(f, &r->warnings);
	return NULL;
}

static void set_names(struct arena *a, node object, struct gvk gvk)
{
	node_set(a, object, S("kind"), node_from_str(a, gvk.kind));
	node_set(a, object, S("apiVersion"), node_from_str(a, gvk_api_version(a, gvk)));
}

/* What the original can decode, though it may not serve it. */
static bool is_known(struct gvk is)
{
	static const struct gvk old = { { "apiextensions.k8s.io", 20 },
					{ "v1beta1", 7 },
					{ "CustomResourceDefinition", 24 } };

	return builtin_type(is) || gvk_eq(is, old);
}

err *body_read(struct request *r, const struct kind *k, enum options_fields fields, node *out)
{
	struct body_findings found = { .arena = r->arena };
	struct body_findings *f = fields == OPTIONS_IGNORE ? NULL : &found;
	struct gvk is;
	node in;

	TRY(read_named(r, k->gvk, f, &in, &is));
	bool same_kind = str_eq(is.kind, k->gvk.kind) && str_eq(is.group, k->gvk.group);

	if (!k->custom && (!same_kind || !is_known(is)))
		return other_kind(is, k->gvk);
	if (!str_eq(is.version, k->gvk.version) || !str_eq(is.group, k->gvk.group))
		return other_version(r->arena, is, k->gvk);
	err *e = body_fit(r->arena, k, in, f, out);

	if (e)
		return body_cannot(is, k->gvk.kind, e);
	TRY(apply_findings(r, &found, fields, is, k->gvk.kind));
	set_names(r->arena, *out, is);
	return NULL;
}

err *body_read_older(struct request *r, struct gvk gvk, str older, const struct type *type,
		     enum options_fields fields, node *out)
{
	struct body_findings found = { .arena = r->arena };
	struct body_findings *f = fields == OPTIONS_IGNORE ? NULL : &found;
	struct canon_unknown unknown = { .n = 0 };
	struct gvk is;
	node in;

	TRY(read_named(r, gvk, f, &in, &is));
	if (older.n && gvk_eq(is, (struct gvk){ gvk.group, older, gvk.kind }))
		is = gvk;
	if (!gvk_eq(is, gvk))
		return other_kind(is, gvk);
	err *e = canon_object(r->arena, in, type, &unknown, out);

	if (e)
		return body_cannot(is, gvk.kind, e);
	for (size_t i = 0; i < unknown.n && f; i++)
		body_find(f, "unknown field \"%.*s\"", STR_ARG(unknown.list[i]));
	TRY(apply_findings(r, &found, fields, is, gvk.kind));
	set_names(r->arena, *out, gvk);
	return NULL;
}

err *body_read_as(struct request *r, struct gvk gvk, const struct type *type,
		  enum options_fields fields, node *out)
{
	return body_read_older(r, gvk, STR_NONE, type, fields, out);
}

/* Of any version, as each group has options of its own. */
static err *fit_options(struct arena *a, struct gvk gvk, node in, node *out)
{
	struct gvk is = gvk_of(in);

	if (!is.version.n)
		is = (struct gvk){ S("meta.k8s.io"), S("v1"), is.kind };
	if (is.kind.n && !str_eq(is.kind, gvk.kind))
		return body_not_registered(is);
	if (!node_is(in, NODE_MAP))
		in = node_map(a, 0);
	return canon_object(a, in, builtin_type(gvk), NULL, out);
}

err *body_read_options(const struct request *r, struct gvk gvk, node *out)
{
	enum negotiate_body form;
	node in;

	TRY(negotiate_content(r, &form));
	err *e = read_text(r->arena, form, r->body, gvk, NULL, &in);

	if (!e)
		e = no_object(in);
	if (!e)
		e = body_odd_name(in);
	if (!e)
		e = fit_options(r->arena, gvk, in, out);
	if (!e)
		return NULL;
	err *bad = status_bad_request("%s", err_msg(e));

	err_free(e);
	return bad;
}
