#include "server/view.h"

#include "server/object.h"
#include "server/protobuf.h"
#include "server/status.h"
#include "value/json.h"
#include "value/yaml.h"

/* ---- forms ------------------------------------------------------------- */

err *view_finish(struct request *r)
{
	struct answer *a = &r->answer;
	struct buf out = BUF_INIT;
	node tree;

	if (r->accept.form == REQUEST_JSON && !r->accept.pretty) {
		buf_addc(&a->body, '\n');
		return NULL;
	}
	str json = a->blob ? blob_json(a->blob) : buf_str(&a->body);
	err *e = json_read(r->arena, json, NULL, &tree);

	if (!e && r->accept.form == REQUEST_PROTOBUF)
		e = protobuf_write(r->arena, tree, &out);
	else if (!e && r->accept.form == REQUEST_YAML)
		e = yaml_write(&out, tree, YAML_WRITE_SIGS);
	else if (!e)
		e = json_write(&out, tree,
			       &(struct json_style){ .indent = 2, .source_order = true });
	if (e) {
		buf_release(&out);
		return e;
	}
	if (r->accept.form == REQUEST_YAML)
		a->type = S("application/yaml");
	else if (r->accept.form == REQUEST_PROTOBUF)
		a->type = S("application/vnd.kubernetes.protobuf");
	buf_release(&a->body);
	a->body = out;
	blob_unref(a->blob);
	a->blob = NULL;
	return NULL;
}

static bool is_raw(const struct request *r)
{
	return r->accept.form == REQUEST_JSON && !r->accept.pretty;
}

err *view_tree(struct request *r, node tree)
{
	object_print(&r->answer.body, tree);
	return view_finish(r);
}

/* ---- shapes ------------------------------------------------------------ */

static str meta_version(const struct request_accept *accept)
{
	return str_eq(accept->version, S("v1beta1")) ? S("v1beta1") : S("v1");
}

static void add_partial(struct buf *b, const struct request_accept *accept, str metadata)
{
	buf_addf(b, "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/%.*s\",",
		 STR_ARG(meta_version(accept)));
	buf_add(b, S("\"metadata\":"));
	buf_add(b, metadata);
	buf_addc(b, '}');
}

static err *wrong_shape(const struct request *r, const struct kind *k, bool list)
{
	CLEANUP(buf_release) struct buf m = BUF_INIT;
	str group = k->gvk.group, first, rest;

	str_split(group, '.', &first, &rest);
	buf_addf(&m, "you requested PartialObjectMetadata%s, but the requested object is %s",
		 r->accept.shape == REQUEST_META_LIST ? "List" : "",
		 list ? "a list" : "not a list");
	if (k->custom)
		buf_addf(&m, " (*unstructured.Unstructured%s)", list ? "List" : "");
	else
		buf_addf(&m, " (*%.*s.%.*s)", STR_ARG(group.n ? first : S("core")),
			 STR_ARG(list ? k->list_kind : k->gvk.kind));
	return status_err(&(struct status){
		.code = 406, .reason = S("NotAcceptable"), .message = buf_str(&m) });
}

err *view_include(const struct request *r, enum table_include *out)
{
	err *e = table_include_parse(request_query(r, S("includeObject")), out);

	if (!e)
		return NULL;
	err *bad = status_bad_request("%s", err_msg(e));

	err_free(e);
	return bad;
}

static err *one_row(struct request *r, const struct kind *k, node object)
{
	enum table_include include;
	struct table t;

	TRY(view_include(r, &include));
	table_open(&t, &r->answer.body, k, include, meta_version(&r->accept),
		   node_get(object, S("metadata")), true);
	table_row(&t, r->arena, object);
	table_close(&t);
	return NULL;
}

static str print_meta(struct arena *a, const struct kind *k, node object)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node only = node_map(a, 1);

	node_set(a, only, S("metadata"), kind_metadata(a, k, object));
	object_print(&b, only);
	/* {"metadata":{...}} */
	return arena_str(a, str_sub(buf_str(&b), strlen("{\"metadata\":"), b.n - 1));
}

static str partial_of(struct arena *a, const struct kind *k, const struct blob *b)
{
	return k->hidden_note ? print_meta(a, k, object_read(a, k, b)) : blob_metadata(b);
}

err *view_object(struct request *r, const struct kind *k, node object)
{
	switch ((enum request_shape)r->accept.shape) {
	case REQUEST_PLAIN:
		object_print(&r->answer.body, object);
		break;
	case REQUEST_TABLE:
		TRY(one_row(r, k, object));
		break;
	case REQUEST_META:
		add_partial(&r->answer.body, &r->accept, print_meta(r->arena, k, object));
		break;
	case REQUEST_META_LIST:
		return wrong_shape(r, k, false);
	}
	return view_finish(r);
}

err *view_blob(struct request *r, const struct kind *k, struct blob *b)
{
	if (r->accept.shape == REQUEST_PLAIN && object_is_plain(k, b) && is_raw(r)) {
		r->answer.blob = blob_ref(b);
		return NULL;
	}
	if (r->accept.shape == REQUEST_META) {
		add_partial(&r->answer.body, &r->accept, partial_of(r->arena, k, b));
		return view_finish(r);
	}
	return view_object(r, k, object_read(r->arena, k, b));
}

/* ---- lists ------------------------------------------------------------- */

/* `untyped`: a list of custom resources is no Go struct, and hides nothing. */
static void add_list_meta(struct buf *b, const struct view_list *l, bool untyped)
{
	if (!(l->kind->verbs & KIND_WATCH)) {	/* made up, not stored */
		buf_add(b, S("{}"));
		return;
	}
	buf_addf(b, "{\"resourceVersion\":\"%llu\"", (unsigned long long)l->rv);
	if (l->token.n || untyped)
		buf_addf(b, ",\"continue\":\"%.*s\"", STR_ARG(l->token));
	if (l->remaining >= 0)
		buf_addf(b, ",\"remainingItemCount\":%lld", (long long)l->remaining);
	buf_addc(b, '}');
}

static void open_list(struct buf *b, str kind, str api_version, const struct view_list *l)
{
	buf_addf(b, "{\"kind\":\"%.*s\",\"apiVersion\":\"%.*s\",\"metadata\":", STR_ARG(kind),
		 STR_ARG(api_version));
	add_list_meta(b, l, l->kind->custom && str_eq(kind, l->kind->list_kind));
	buf_add(b, S(",\"items\":["));
}

static void plain_list(struct request *r, const struct view_list *l)
{
	struct buf *b = &r->answer.body;

	open_list(b, l->kind->list_kind, gvk_api_version(r->arena, l->kind->gvk), l);
	for (size_t i = 0; i < l->n; i++) {
		if (i)
			buf_addc(b, ',');
		object_add(b, r->arena, l->kind, l->items[i], true);
	}
	buf_add(b, S("]}"));
}

static void meta_list(struct request *r, const struct view_list *l)
{
	struct buf *b = &r->answer.body;

	open_list(b, S("PartialObjectMetadataList"),
		  arena_cat(r->arena, S("meta.k8s.io/"), meta_version(&r->accept)), l);
	if (!l->n) {
		b->n--;
		buf_add(b, S("null}"));
		return;
	}
	for (size_t i = 0; i < l->n; i++) {
		if (i)
			buf_addc(b, ',');
		add_partial(b, &r->accept, partial_of(r->arena, l->kind, l->items[i]));
	}
	buf_add(b, S("]}"));
}

static err *table_list(struct request *r, const struct view_list *l)
{
	CLEANUP(buf_release) struct buf meta = BUF_INIT;
	enum table_include include;
	struct table t;
	node metadata;

	TRY(view_include(r, &include));
	add_list_meta(&meta, l, false);
	TRY(json_read(r->arena, arena_str(r->arena, buf_str(&meta)), NULL, &metadata));
	table_open(&t, &r->answer.body, l->kind, include, meta_version(&r->accept), metadata, true);
	for (size_t i = 0; i < l->n; i++) {
		struct arena_mark mark = arena_mark(r->arena);

		table_row(&t, r->arena, object_read(r->arena, l->kind, l->items[i]));
		arena_rewind(r->arena, mark);
	}
	table_close(&t);
	return NULL;
}

err *view_list(struct request *r, const struct view_list *l)
{
	switch ((enum request_shape)r->accept.shape) {
	case REQUEST_PLAIN:
		plain_list(r, l);
		break;
	case REQUEST_TABLE:
		TRY(table_list(r, l));
		break;
	case REQUEST_META:
		return wrong_shape(r, l->kind, true);
	case REQUEST_META_LIST:
		meta_list(r, l);
		break;
	}
	TRY(buf_check(&r->answer.body, "the list"));
	return view_finish(r);
}

/* ---- events ------------------------------------------------------------ */

void view_event(struct buf *b, struct arena *a, const struct view_event *v, const struct blob *blob)
{
	struct arena_mark mark = arena_mark(a);
	struct table t;

	switch ((enum request_shape)v->accept->shape) {
	case REQUEST_PLAIN:
		object_add(b, a, v->kind, blob, false);
		break;
	case REQUEST_META:
	case REQUEST_META_LIST:
		add_partial(b, v->accept, partial_of(a, v->kind, blob));
		break;
	case REQUEST_TABLE: {
		node object = object_read(a, v->kind, blob);

		table_open(&t, b, v->kind, v->include, meta_version(v->accept),
			   node_get(object, S("metadata")), v->first);
		table_row(&t, a, object);
		table_close(&t);
		break;
	}
	}
	arena_rewind(a, mark);
}
