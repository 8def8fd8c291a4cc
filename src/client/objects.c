/* objects - the verbs of the API on whole objects. */
#include "base/vec.h"
#include "client/client_impl.h"
#include "kube/gvk.h"
#include "text/gourl.h"
#include "text/names.h"
#include "value/json.h"

const struct client_resource client_secrets = { STR_NONE, S("v1"), S("secrets"), S("Secret"), true };
const struct client_resource client_configmaps = { STR_NONE, S("v1"), S("configmaps"),
						   S("ConfigMap"), true };
const struct client_resource client_pods = { STR_NONE, S("v1"), S("pods"), S("Pod"), true };
const struct client_resource client_accounts = { STR_NONE, S("v1"), S("serviceaccounts"),
						 S("ServiceAccount"), true };

str client_path(struct arena *a, const struct client_resource *r, str namespace, str name, str sub)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (r->group.n)
		buf_addf(&b, "/apis/%.*s/%.*s", STR_ARG(r->group), STR_ARG(r->version));
	else
		buf_addf(&b, "/api/%.*s", STR_ARG(r->version));
	if (r->namespaced && namespace.n) {
		buf_add(&b, S("/namespaces/"));
		gourl_escape_segment(&b, namespace);
	}
	buf_addf(&b, "/%.*s", STR_ARG(r->plural));
	if (name.n) {
		buf_addc(&b, '/');
		gourl_escape_segment(&b, name);
	}
	if (sub.n)
		buf_addf(&b, "/%.*s", STR_ARG(sub));
	return arena_str(a, buf_str(&b));
}

str client_query(struct arena *a, const str *pairs, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i + 1 < n; i += 2) {
		if (!pairs[i + 1].n)
			continue;
		if (b.n)
			buf_addc(&b, '&');
		gourl_escape_query(&b, pairs[i]);
		buf_addc(&b, '=');
		gourl_escape_query(&b, pairs[i + 1]);
	}
	return arena_str(a, buf_str(&b));
}

str client_field(struct arena *a, str field, str value)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, field);
	buf_addc(&b, '=');
	buf_escape(&b, value, "\\,=");
	return arena_str(a, buf_str(&b));
}

static err *json_of(struct arena *a, node n, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	TRY(json_write(&b, n, NULL));
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

/* As client-go looks at a name before it is part of a URL. */
static err *check_name(str name)
{
	str why[NAME_COMPLAINTS_MAX];
	size_t n = name_complaints(name, NAME_PATH_SEGMENT, why);

	if (!name.n)
		return err_new(ERR_INVALID, "resource name may not be empty");
	if (!n)
		return NULL;
	return err_new(ERR_INVALID, "invalid resource name \"%.*s\": [%.*s%s%.*s]", STR_ARG(name),
		       STR_ARG(why[0]), n > 1 ? " " : "", STR_ARG(n > 1 ? why[1] : STR_NONE));
}

err *client_get(struct client *c, struct arena *a, const struct client_resource *r, str namespace,
		str name, node *out)
{
	TRY(check_name(name));
	return client_do(c, a,
			 &(struct client_request){
				 .path = client_path(a, r, namespace, name, STR_NONE) },
			 out);
}

err *client_take_page(struct arena *a, const struct client_resource *r, node page, unsigned number)
{
	const struct gvk g = { r->group, r->version, r->kind };
	node version = node_from_str(a, gvk_api_version(a, g));

	if (number >= CLIENT_PAGES_MAX)
		return err_new(ERR_INTERNAL, "the list of %.*s has no end: %u pages are taken",
			       STR_ARG(r->plural), CLIENT_PAGES_MAX);
	node_each_item(i, node_get(page, S("items"))) {
		if (!node_is(*i, NODE_MAP))
			return err_new(ERR_INTERNAL, "the list of %.*s has an item of type %s",
				       STR_ARG(r->plural), node_kind_name(*i));
		if (r->kind.n && !node_has(*i, S("kind"))) {
			node_set(a, *i, S("apiVersion"), version);
			node_set(a, *i, S("kind"), node_from_str(a, r->kind));
		}
	}
	return NULL;
}

err *client_list(struct client *c, struct arena *a, const struct client_resource *r, str namespace,
		 str selector, str fields, node *out)
{
	str next = STR_NONE;
	node whole = NODE_NOTHING, items = node_seq(a, 0);

	for (unsigned pages = 0; !pages || next.n; pages++) {
		node page;
		str query = client_query_of(a, S("labelSelector"), selector, S("fieldSelector"),
					    fields, S("limit"), CLIENT_PAGE_LIMIT, S("continue"), next);

		TRY(client_do(c, a,
			      &(struct client_request){
				      .path = client_path(a, r, namespace, STR_NONE, STR_NONE),
				      .query = query },
			      &page));
		TRY(client_take_page(a, r, page, pages));
		if (whole.kind == NODE_NONE)
			whole = page;
		node_each_item(i, node_get(page, S("items")))
			node_append(a, items, *i);
		next = node_str(node_dig(page, "metadata", "continue"));
	}
	node_set(a, whole, S("items"), items);
	*out = whole;
	return NULL;
}

static str meta(node object, const char *key)
{
	return node_str(node_dig(object, "metadata", key));
}

err *client_create(struct client *c, struct arena *a, const struct client_resource *r, node object,
		   str manager, node *out)
{
	str body;

	TRY(json_of(a, object, &body));
	return client_do(c, a,
			 &(struct client_request){
				 .method = S("POST"),
				 .path = client_path(a, r, meta(object, "namespace"), STR_NONE,
						     STR_NONE),
				 .query = client_query_of(a, S("fieldManager"), manager),
				 .body = body },
			 out);
}

err *client_update(struct client *c, struct arena *a, const struct client_resource *r, node object,
		   str sub, str manager, node *out)
{
	str body;

	TRY(json_of(a, object, &body));
	return client_do(c, a,
			 &(struct client_request){
				 .method = S("PUT"),
				 .path = client_path(a, r, meta(object, "namespace"),
						     meta(object, "name"), sub),
				 .query = client_query_of(a, S("fieldManager"), manager),
				 .body = body },
			 out);
}

static str patch_media(enum client_patch type)
{
	switch (type) {
	case CLIENT_PATCH_JSON:
		return S("application/json-patch+json");
	case CLIENT_PATCH_MERGE:
		return S("application/merge-patch+json");
	case CLIENT_PATCH_STRATEGIC:
		return S("application/strategic-merge-patch+json");
	case CLIENT_PATCH_APPLY:
		break;
	}
	return S("application/apply-patch+yaml");
}

err *client_patch(struct client *c, struct arena *a, const struct client_resource *r, str namespace,
		  str name, node patch, const struct client_patch_options *o, node *out)
{
	str body;
	bool apply = o->type == CLIENT_PATCH_APPLY;

	TRY(json_of(a, patch, &body));
	return client_do(
		c, a,
		&(struct client_request){
			.method = S("PATCH"),
			.path = client_path(a, r, namespace, name, o->sub),
			.query = client_query_of(a, S("dryRun"), o->dry_run ? S("All") : STR_NONE,
						 S("fieldManager"), o->manager, S("force"),
						 apply ? o->force ? S("true") : S("false")
						       : STR_NONE),
			.content_type = patch_media(o->type),
			.body = body,
			.twice = o->twice },
		out);
}

err *client_delete(struct client *c, struct arena *a, const struct client_resource *r,
		   str namespace, str name, const struct client_delete_options *o)
{
	static const struct client_delete_options none = { 0 };
	node body = node_map(a, 5), conditions = node_map(a, 2);
	str text;

	if (!o)
		o = &none;
	node_set(a, body, S("apiVersion"), node_lit("v1"));
	node_set(a, body, S("kind"), node_lit("DeleteOptions"));
	if (o->propagation.n)
		node_set(a, body, S("propagationPolicy"), node_from_str(a, o->propagation));
	if (o->uid.n)
		node_set(a, conditions, S("uid"), node_from_str(a, o->uid));
	if (o->resource_version.n)
		node_set(a, conditions, S("resourceVersion"),
			 node_from_str(a, o->resource_version));
	if (node_len(conditions))
		node_set(a, body, S("preconditions"), conditions);
	if (o->dry_run) {
		node all = node_seq(a, 1);

		node_append(a, all, node_lit("All"));
		node_set(a, body, S("dryRun"), all);
	}
	TRY(json_of(a, body, &text));
	return client_do(c, a,
			 &(struct client_request){
				 .method = S("DELETE"),
				 .path = client_path(a, r, namespace, name, STR_NONE),
				 .body = text },
			 NULL);
}
