#include "kube/builtin.h"
#include "kube/managed.h"
#include "kube/strategic.h"
#include "server/meta.h"
#include "server/object.h"
#include "server/status.h"
#include "server/write.h"
#include "value/goprint.h"
#include "value/json.h"
#include "value/patch.h"
#include "value/yaml.h"

enum { OPERATIONS_MAX = 10000 };

/* ---- refusals ---------------------------------------------------------- */

static err *bad_patch(err *e)
{
	err *bad = status_bad_request("error decoding patch: %s", err_msg(e));

	err_free(e);
	return bad;
}

static err *rejected(err *e)
{
	err_free(e);
	return status_err(&(struct status){
		.code = 422,
		.reason = S("Invalid"),
		.message = S("the server rejected our request due to an error in our request"),
		.details = true });
}

/* What the patch made is no object of the kind. `shown` is the text of it. */
static err *not_of_kind(struct arena *a, str shown, err *e)
{
	struct fielderrs errors = { .arena = a };

	fielderr_invalid(&errors, S("patch"), node_from_str(a, shown), "%s", err_msg(e));
	err_free(e);
	return status_invalid(STR_NONE, STR_NONE, STR_NONE, &errors);
}

/* ---- the patches ------------------------------------------------------- */

/* Fields of an operation that nobody knows: `json patch unknown field "[0].x"`. */
static void find_unknown(node ops, struct body_findings *f)
{
	static const char *const known[] = { "op", "path", "from", "value" };

	for (size_t i = 0; f && i < node_len(ops); i++)
		node_each_pair(p, node_at(ops, i)) {
			bool is = false;

			for (size_t j = 0; j < sizeof known / sizeof *known; j++)
				is |= str_eq(node_str(p->key), str_c(known[j]));
			if (!is)
				body_find(f, "json patch unknown field \"[%zu].%.*s\"", i,
					  STR_ARG(node_str(p->key)));
		}
}

static err *not_decoded(const char *is, const char *type)
{
	return bad_patch(err_new(ERR_INVALID, "json: cannot unmarshal %s into Go %s", is, type));
}

static err *check_operation(node op)
{
	if (node_is(op, NODE_NULL))
		return NULL;
	if (!node_is(op, NODE_MAP))
		return not_decoded(node_kind_name(op), "value of type handlers.jsonPatchOp");
	node_each_pair(p, op) {
		str key = node_str(p->key);

		if (node_is_nil(p->value) || node_is(p->value, NODE_STR))
			continue;
		if (str_eq(key, S("op")))
			return not_decoded(node_kind_name(p->value),
					   "struct field jsonPatchOp.op of type string");
		if (str_eq(key, S("path")))
			return not_decoded(node_kind_name(p->value),
					   "struct field jsonPatchOp.path of type string");
		if (str_eq(key, S("from")))
			return not_decoded(node_kind_name(p->value),
					   "struct field jsonPatchOp.from of type string");
	}
	return NULL;
}

static err *check_operations(node ops)
{
	if (node_is(ops, NODE_NULL))
		return NULL;
	if (!node_is(ops, NODE_SEQ))
		return not_decoded(node_kind_name(ops), "value of type []handlers.jsonPatchOp");
	node_each_item(op, ops)
		TRY(check_operation(*op));
	if (node_len(ops) > OPERATIONS_MAX)
		return status_err(&(struct status){
			.code = 413,
			.reason = S("RequestEntityTooLarge"),
			.message =
				S("Request entity too large: The allowed maximum operations in a "
				  "JSON patch is 10000") });
	return NULL;
}

static err *apply_json(struct arena *a, str current, str patch, struct body_findings *f, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node ops;
	err *e = body_json(a, patch, &ops);

	if (e)
		return bad_patch(e);
	TRY(check_operations(ops));
	find_unknown(ops, f);
	e = patch_json_text(&b, current, node_is(ops, NODE_NULL) ? S("[]") : patch, NULL);
	if (e)
		return rejected(e);
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

/* A merge patch is decoded first, only to see that it is an object. */
static err *apply_merge(struct arena *a, str current, str patch, struct body_findings *f, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct json_repeats repeats = { .n = 0 };
	node map;
	err *e = json_read(a, patch, &(struct json_options){ .repeats = &repeats }, &map);

	if (e)
		return bad_patch(e);
	if (!node_is(map, NODE_MAP) && !node_is(map, NODE_NULL))
		return bad_patch(err_new(ERR_INVALID,
					 "json: cannot unmarshal %s into Go value of type "
					 "map[string]interface {}",
					 node_kind_name(map)));
	for (size_t i = 0; f && i < repeats.n; i++)
		body_find(f, "duplicate field \"%.*s\"", STR_ARG(repeats.list[i]));
	e = patch_merge_text(&b, current, patch, NULL);
	if (e) {
		err *bad = status_bad_request("%s", err_msg(e));

		err_free(e);
		return bad;
	}
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

static err *with_code(struct arena *a, err *e, str shown)
{
	int code = err_code(e);

	if (err_detail(e).n || !code)
		return e;
	if (code == 422)
		return not_of_kind(a, shown, e);
	err *bad = code == 400 ? status_bad_request("%s", err_msg(e))
			       : status_plain(code, "%s", err_msg(e));

	err_free(e);
	return bad;
}

err *write_with_code(struct arena *a, err *e)
{
	return with_code(a, e, STR_NONE);
}

static err *apply_strategic(struct arena *a, node current, str patch, const struct type *type,
			    struct body_findings *f, node *map, node *out)
{
	struct json_repeats repeats = { .n = 0 };
	err *e = json_read(a, patch, &(struct json_options){ .repeats = &repeats }, map);

	if (!e && !node_is(*map, NODE_MAP) && !node_is(*map, NODE_NULL))
		e = err_new(
			ERR_INVALID,
			"json: cannot unmarshal %s into Go value of type map[string]interface {}",
			node_kind_name(*map));
	if (e) {
		err *bad = status_bad_request("%s", err_msg(e));

		err_free(e);
		return bad;
	}
	for (size_t i = 0; f && i < repeats.n; i++)
		body_find(f, "duplicate field \"%.*s\"", STR_ARG(repeats.list[i]));
	if (node_is(*map, NODE_NULL))
		*map = node_map(a, 0);
	return strategic_patch(a, current, *map, type, out);
}

err *write_patched(struct arena *a, const struct write_patch *p, node current,
		   struct body_findings *f, str *shown, node *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str text;
	node map = NODE_NOTHING;

	if (p->form == NEGOTIATE_STRATEGIC) {
		CLEANUP(buf_release) struct buf go = BUF_INIT;
		err *e = apply_strategic(a, current, p->body, p->type, f, &map, out);

		goprint_add(&go, map);
		*shown = arena_str(a, buf_str(&go));
		return e ? with_code(a, e, *shown) : NULL;
	}
	object_print(&b, current);
	TRY(p->form == NEGOTIATE_JSON_PATCH ? apply_json(a, buf_str(&b), p->body, f, &text)
					    : apply_merge(a, buf_str(&b), p->body, f, &text));
	*shown = text;
	err *e = json_read(a, text, NULL, out);

	return e ? not_of_kind(a, text, e) : NULL;
}

err *write_patch_findings(struct change *c, str shown, const struct body_findings *f, err *e)
{
	if (!e && c->options.fields == OPTIONS_STRICT && f->n)
		e = body_strict(f);
	if (e)
		return not_of_kind(c->r->arena, shown, e);
	if (c->options.fields == OPTIONS_WARN)
		body_warn(f, &c->r->warnings);
	return NULL;
}

/* ---- of an object ------------------------------------------------------ */

/* Of a custom resource, whole errors: a wrong name is one of its fields. */
static err *check_custom_names(struct change *c, node in)
{
	struct fielderrs errors = { .arena = c->r->arena };
	struct gvk is = gvk_of(in);

	if (!is.version.n)
		return status_internal("Object 'apiVersion' is missing in 'object has no apiVersion field'");
	if (!str_eq(is.kind, c->kind->gvk.kind))
		fielderr_invalid(&errors, S("kind"), node_get(in, S("kind")), "must be %.*s",
				 STR_ARG(c->kind->gvk.kind));
	if (!str_eq(is.version, c->kind->gvk.version) || !str_eq(is.group, c->kind->gvk.group))
		fielderr_invalid(&errors, S("apiVersion"), node_get(in, S("apiVersion")), "must be %.*s/%.*s",
				 STR_ARG(c->kind->gvk.group), STR_ARG(c->kind->gvk.version));
	return errors.n ? status_invalid(is.group, is.kind, c->name, &errors) : NULL;
}

/* The kind that the result says it is must be the one that was patched. */
static err *check_kind(struct change *c, node in, str shown)
{
	struct gvk is = gvk_of(in);
	bool versioned = is.version.n;

	if (gvk_eq(is, c->kind->gvk))
		return NULL;
	if (c->kind->custom && !is.kind.n) {
		TRY(body_odd_name(in));
		return err_new(ERR_INVALID, "Object 'Kind' is missing in '%.*s'", STR_ARG(shown));
	}
	if (c->kind->custom)
		return body_odd_name(in);
	TRY(body_odd_name(in));
	if (!is.kind.n)
		is.kind = c->kind->gvk.kind;
	if (!is.version.n)
		is = (struct gvk){ c->kind->gvk.group, c->kind->gvk.version, is.kind };
	if (gvk_eq(is, c->kind->gvk))
		return NULL;
	if (builtin_type(is)) {
		/* it is read as what it says it is, then found to be the wrong thing */
		node other;

		TRY(canon_object(c->r->arena, in, builtin_type(is), NULL, &other));
		return body_no_conversion(is, c->kind->gvk);
	}
	if (versioned)
		return body_not_registered(is);
	return err_new(ERR_INVALID,
		       "no kind \"%.*s\" is registered for the internal version of group \"%.*s\" in scheme "
		       "\"pkg/runtime/scheme.go:111\"",
		       STR_ARG(is.kind), STR_ARG(is.group));
}

/* Without a version it is read as an inner one of the original, which has none of these fields: an
 * object without a name. */
static bool has_lost_version(struct change *c, node in, struct body_findings *f, node *object)
{
	if (c->kind->custom || gvk_of(in).version.n)
		return false;
	node_each_pair(p, in)
		if (f && !str_eq(node_str(p->key), S("apiVersion")) && !str_eq(node_str(p->key), S("kind")))
			body_find(f, "unknown field \"%.*s\"", STR_ARG(node_str(p->key)));
	*object = node_map(c->r->arena, 3);
	return true;
}

static err *make_patched(struct change *c, node old, node *object)
{
	struct arena *a = c->r->arena;
	struct body_findings found = { .arena = a };
	struct body_findings *f = c->options.fields == OPTIONS_IGNORE ? NULL : &found;
	str shown;
	node out;

	const struct write_patch *p = c->ctx;

	TRY(write_patched(a, p, old, f, &shown, &out));
	bool strategic = p->form == NEGOTIATE_STRATEGIC;
	err *e = strategic ? NULL : check_kind(c, out, shown);

	if (!e && c->kind->custom) {
		TRY(check_custom_names(c, out));
		if (node_is(node_get(out, S("metadata")), NODE_NULL))
			node_remove(out, S("metadata"));
	}

	if (!e && (strategic || !has_lost_version(c, out, f, object)))
		e = (strategic ? body_restore : body_fit)(a, c->kind, out, f, object);
	TRY(write_patch_findings(c, shown, &found, e));
	object_set_names(a, *object, c->kind->gvk);
	return NULL;
}

/* ---- apply ------------------------------------------------------------- */

err *write_conflict(const struct managed_result *m)
{
	struct status_cause *causes = mem_calloc(m->conflicts_n, sizeof *causes);

	for (size_t i = 0; i < m->conflicts_n; i++)
		causes[i] = (struct status_cause){ .reason = S("FieldManagerConflict"),
						   .message = m->conflicts[i].message,
						   .field = m->conflicts[i].field };
	err *e = status_err(&(struct status){ .code = 409,
					      .reason = S("Conflict"),
					      .message = m->message,
					      .causes = causes,
					      .causes_n = m->conflicts_n });

	free(causes);
	return e;
}

static err *check_applied_uid(struct change *c, node config, node old)
{
	str uid = meta_get(config, S("uid"));

	if (!uid.n || !node_is(old, NODE_NONE))
		return NULL;
	return status_conflict(
		c->kind->gvk.group, c->kind->plural, c->name,
		"uid mismatch: the provided object specified uid %.*s, and no existing "
		"object was found",
		STR_ARG(uid));
}

static err *make_applied(struct change *c, node old, node *object)
{
	struct arena *a = c->r->arena;
	node config = *(node *)c->ctx;
	struct managed_request m;
	struct managed_result result;

	change_managed_request(c, &m);
	err *e = managed_apply(a, &m, old, config, &result);

	if (e)
		return with_code(a, e, STR_NONE);
	if (result.conflicts_n)
		return write_conflict(&result);
	TRY(check_applied_uid(c, config, old));
	*object = result.object;
	if (c->kind->custom)
		TRY(body_fit(a, c->kind, result.object, NULL, object));
	else if (c->kind->hooks && c->kind->hooks->defaults)
		c->kind->hooks->defaults(a, c->kind, *object);
	object_set_names(a, *object, c->kind->gvk);
	return NULL;
}

err *write_read_config(struct request *r, node *out)
{
	err *e = yaml_read(r->arena, r->body, &(struct yaml_options){ .json = true }, out);

	if (!e && node_is(*out, NODE_NULL))
		*out = node_map(r->arena, 0);
	if (!e && !node_is(*out, NODE_MAP))
		e = err_new(
			ERR_INVALID,
			"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal %s "
			"into Go value of type map[string]interface {}",
			node_kind_name(*out));
	if (!e)
		return NULL;
	err *bad = status_bad_request("error decoding YAML: %s", err_msg(e));

	err_free(e);
	return bad;
}

/* Keys that stand twice are warned of, or refused. */
static err *find_repeats(struct request *r, enum options_fields fields)
{
	struct yaml_options strict = { .json = true, .strict = true };
	node again;

	if (fields == OPTIONS_IGNORE)
		return NULL;
	err *e = yaml_read(r->arena, r->body, &strict, &again);

	if (!e)
		return NULL;
	str why = err_text(e);

	str_take_str(&why, S("error converting YAML to JSON: "));
	err *bad = NULL;

	if (fields == OPTIONS_STRICT)
		bad = status_bad_request("error strict decoding YAML: %.*s", STR_ARG(why));
	else
		kind_warn_text(&r->warnings, why);
	err_free(e);
	return bad;
}

/* ---- the verb ---------------------------------------------------------- */

err *write_patch(struct request *r)
{
	struct change c = {
		.r = r,
		.kind = r->kind,
		.sub = r->sub,
		.namespace = r->namespace,
		.name = r->name,
		.patch = true,
		.make = make_patched,
	};
	struct write_patch p = { .body = r->body, .type = kind_type(r->kind) };
	node config;

	TRY(negotiate_patch(r, r->kind->custom, &p.form));
	bool apply = p.form == NEGOTIATE_APPLY;

	TRY(options_write(r, &(struct options_of){ "PatchOptions", true, apply }, &c.options));
	c.ctx = &p;
	if (apply) {
		TRY(write_read_config(r, &config));
		TRY(find_repeats(r, c.options.fields));
		c.make = make_applied;
		c.ctx = &config;
		c.owned = true;
		c.may_create = !r->sub.n;
	}
	return change_finish(&c, change_run(&c));
}
