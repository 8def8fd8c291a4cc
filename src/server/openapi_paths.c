/* Paths: what can be asked of a resource, with which parameters. */
#include "server/custom.h"
#include "server/openapi_impl.h"

#define META "io.k8s.apimachinery.pkg.apis.meta.v1."

struct parameter {
	const char *name, *type, *about;
};

/* All query parameters. */
static const struct parameter parameters[] = {
	{ "allowWatchBookmarks", "boolean", "Send BOOKMARK events while watching." },
	{ "continue", "string", "Where the next page of a list begins: metadata.continue of the last one." },
	{ "dryRun", "string", "\"All\": do everything but store." },
	{ "fieldManager", "string", "Name of whoever makes the change, for metadata.managedFields." },
	{ "fieldValidation", "string", "What unknown and repeated fields are: Ignore, Warn or Strict." },
	{ "fieldSelector", "string", "Only objects whose fields have these values." },
	{ "force", "boolean", "Take fields over from other managers (apply patches only)." },
	{ "gracePeriodSeconds", "integer", "Seconds until the object is deleted." },
	{ "ignoreStoreReadErrorWithClusterBreakingPotential", "boolean",
	  "Delete objects that cannot be read." },
	{ "labelSelector", "string", "Only objects with these labels." },
	{ "limit", "integer", "The most objects that a page of a list has." },
	{ "orphanDependents", "boolean", "Deprecated: see propagationPolicy." },
	{ "pretty", "string", "\"true\": indent the answer." },
	{ "propagationPolicy", "string",
	  "What happens to objects that this one owns: Orphan, Background or Foreground." },
	{ "resourceVersion", "string", "The state to list, or to watch from." },
	{ "resourceVersionMatch", "string", "How resourceVersion is meant: Exact or NotOlderThan." },
	{ "sendInitialEvents", "boolean", "Begin a watch with the objects that are there." },
	{ "shardSelector", "string", "Only objects of these shards." },
	{ "timeoutSeconds", "integer", "When to end the request." },
	{ "watch", "boolean", "Stream the changes instead of the list." },
	{ "name", "string", "Name of the object." },
	{ "namespace", "string", "Namespace of the object." },
};

static const char *const of_list[] = {
	"allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit",
	"resourceVersion", "resourceVersionMatch", "sendInitialEvents", "shardSelector",
	"timeoutSeconds", "watch", NULL,
};
static const char *const of_write[] = { "dryRun", "fieldManager", "fieldValidation", NULL };
static const char *const of_patch[] = { "dryRun", "fieldManager", "fieldValidation", "force", NULL };
static const char *const of_delete[] = {
	"dryRun", "gracePeriodSeconds", "ignoreStoreReadErrorWithClusterBreakingPotential",
	"orphanDependents", "propagationPolicy", NULL,
};
static const char *const of_delete_all[] = {
	"continue", "dryRun", "fieldSelector", "gracePeriodSeconds",
	"ignoreStoreReadErrorWithClusterBreakingPotential", "labelSelector", "limit",
	"orphanDependents", "propagationPolicy", "resourceVersion", "resourceVersionMatch",
	"sendInitialEvents", "shardSelector", "timeoutSeconds", NULL,
};
static const char *const of_nothing[] = { NULL };

enum body { NO_BODY, OBJECT_BODY, PATCH_BODY, OPTIONS_BODY };
enum result { RESULT_OBJECT, RESULT_LIST, RESULT_STATUS, RESULT_DELETED, RESULT_TEXT };

/* One way to use a path. */
struct use {
	uint16_t verb;
	const char *method;
	const char *id;		/* first part of the operation's name */
	const char *action;
	const char *about;	/* "%s" is the kind */
	const char *const *parameters;
	uint8_t body, result;
	const char *also;	/* another code besides 200 */
};

static const struct use uses_of_collection[] = {
	{ KIND_LIST, "get", "list", "list", "list or watch objects of kind", of_list, NO_BODY,
	  RESULT_LIST, NULL },
	{ KIND_CREATE, "post", "create", "post", "create a", of_write, OBJECT_BODY, RESULT_OBJECT, "201" },
	{ KIND_DELETE_ALL, "delete", "delete", "deletecollection", "delete collection of",
	  of_delete_all, OPTIONS_BODY, RESULT_STATUS, NULL },
};
static const struct use uses_of_all[] = {
	{ KIND_LIST, "get", "list", "list", "list or watch objects of kind", of_nothing, NO_BODY,
	  RESULT_LIST, NULL },
};
static const struct use uses_of_object[] = {
	{ KIND_GET, "get", "read", "get", "read the specified", of_nothing, NO_BODY, RESULT_OBJECT, NULL },
	{ KIND_UPDATE, "put", "replace", "put", "replace the specified", of_write, OBJECT_BODY,
	  RESULT_OBJECT, "201" },
	{ KIND_PATCH, "patch", "patch", "patch", "partially update the specified", of_patch, PATCH_BODY,
	  RESULT_OBJECT, "201" },
	{ KIND_DELETE, "delete", "delete", "delete", "delete a", of_delete, OPTIONS_BODY,
	  RESULT_DELETED, "202" },
};
static const struct use uses_of_subresource[] = {
	{ KIND_GET, "get", "read", "get", "read", of_nothing, NO_BODY, RESULT_OBJECT, NULL },
	{ KIND_CREATE, "post", "create", "post", "create", of_write, OBJECT_BODY, RESULT_OBJECT, "201" },
	{ KIND_UPDATE, "put", "replace", "put", "replace", of_write, OBJECT_BODY, RESULT_OBJECT, "201" },
	{ KIND_PATCH, "patch", "patch", "patch", "partially update", of_patch, PATCH_BODY, RESULT_OBJECT,
	  "201" },
};
/* Streams and proxies answer with whatever comes. */
static const struct use uses_of_connection[] = {
	{ KIND_GET, "get", "connectGet", "connect", "connect GET requests to", of_nothing, NO_BODY,
	  RESULT_TEXT, NULL },
	{ KIND_CREATE, "post", "connectPost", "connect", "connect POST requests to", of_nothing, NO_BODY,
	  RESULT_TEXT, NULL },
	{ KIND_UPDATE, "put", "connectPut", "connect", "connect PUT requests to", of_nothing, NO_BODY,
	  RESULT_TEXT, NULL },
	{ KIND_PATCH, "patch", "connectPatch", "connect", "connect PATCH requests to", of_nothing, NO_BODY,
	  RESULT_TEXT, NULL },
	{ KIND_DELETE, "delete", "connectDelete", "connect", "connect DELETE requests to", of_nothing,
	  NO_BODY, RESULT_TEXT, NULL },
};
#define USES(table) table, sizeof table / sizeof *table

/* What a path is about. */
struct path {
	struct openapi_doc *d;
	const struct kind *kind;
	struct gvk gvk;		/* of what goes in and out */
	str definition, list;	/* names of definitions; may be empty */
	str noun;		/* last part of operations' names: "NamespacedDeploymentStatus" */
	str thing;		/* "status of the specified Deployment" */
	uint16_t verbs;
};

/* ---- parameters -------------------------------------------------------- */

static node parameter(struct openapi_doc *d, const char *name)
{
	const struct parameter *p = parameters;
	node n = node_map(d->a, 6);
	node type = d->v2 ? n : node_map(d->a, 2);

	while (strcmp(p->name, name) != 0)
		p++;
	bool in_path = p >= &parameters[sizeof parameters / sizeof *parameters - 2];

	openapi_set(d, n, "name", str_c(p->name));
	openapi_set(d, n, "in", in_path ? S("path") : S("query"));
	openapi_set(d, n, "description", str_c(p->about));
	if (in_path)
		node_set(d->a, n, S("required"), node_from_bool(true));
	openapi_set(d, type, "type", str_c(p->type));
	node_set(d->a, type, S("uniqueItems"), node_from_bool(true));
	if (!d->v2)
		node_set(d->a, n, S("schema"), type);
	return n;
}

static node parameter_list(struct openapi_doc *d, const char *const *names)
{
	node list = node_seq(d->a, 8);

	for (; *names; names++)
		node_append(d->a, list, parameter(d, *names));
	return list;
}

/* ---- bodies and answers ------------------------------------------------- */

static const char *const plain_types[] = { "application/json", "application/yaml", NULL };
static const char *const list_types[] = { "application/json", "application/yaml",
					  "application/json;stream=watch", NULL };
static const char *const any_type[] = { "*/*", NULL };
static const char *const patch_types[] = { "application/json-patch+json",
					   "application/merge-patch+json",
					   "application/apply-patch+yaml",
					   "application/strategic-merge-patch+json", NULL };
static const char *const custom_patch_types[] = { "application/json-patch+json",
						  "application/merge-patch+json",
						  "application/apply-patch+yaml", NULL };

static node texts(struct openapi_doc *d, const char *const *words)
{
	node list = node_seq(d->a, 4);

	for (; *words; words++)
		node_append(d->a, list, node_from_str(d->a, str_c(*words)));
	return list;
}

static node content(struct openapi_doc *d, const char *const *types, node schema)
{
	node n = node_map(d->a, 3);

	for (; *types; types++) {
		node one = node_map(d->a, 1);

		node_set(d->a, one, S("schema"), schema);
		node_set(d->a, n, str_c(*types), one);
	}
	return n;
}

static node text_schema(struct openapi_doc *d)
{
	node n = node_map(d->a, 1);

	openapi_set(d, n, "type", S("string"));
	return n;
}

static node body_schema(const struct path *p, enum body body)
{
	if (body == PATCH_BODY)
		return openapi_ref(p->d, S(META "Patch"));
	if (body == OPTIONS_BODY)
		return openapi_ref(p->d, S(META "DeleteOptions"));
	return openapi_ref(p->d, p->definition);
}

static const char *const *body_types(const struct path *p, enum body body)
{
	if (body != PATCH_BODY)
		return any_type;
	return p->kind->custom ? custom_patch_types : patch_types;
}

/* In version 2 the body is a parameter. */
static void set_body(const struct path *p, const struct use *u, node operation, node list)
{
	struct openapi_doc *d = p->d;
	enum body body = (enum body)u->body;

	if (d->v2)
		node_set(d->a, operation, S("consumes"), texts(d, body_types(p, body)));
	if (body == NO_BODY)
		return;
	node n = node_map(d->a, 4);

	if (d->v2) {
		openapi_set(d, n, "name", S("body"));
		openapi_set(d, n, "in", S("body"));
		node_set(d->a, n, S("schema"), body_schema(p, body));
		node_insert(d->a, list, 0, n);
	} else {
		node_set(d->a, n, S("content"), content(d, body_types(p, body), body_schema(p, body)));
		node_set(d->a, operation, S("requestBody"), n);
	}
	if (body != OPTIONS_BODY)
		node_set(d->a, n, S("required"), node_from_bool(true));
}

static node result_schema(const struct path *p, enum result result)
{
	switch (result) {
	case RESULT_OBJECT:
		return openapi_ref(p->d, p->definition);
	case RESULT_LIST:
		return openapi_ref(p->d, p->list);
	case RESULT_DELETED:
		if (p->kind->delete_returns_object)
			return openapi_ref(p->d, p->definition);
		return openapi_ref(p->d, S(META "Status"));
	case RESULT_STATUS:
		return openapi_ref(p->d, S(META "Status"));
	case RESULT_TEXT:
		break;
	}
	return text_schema(p->d);
}

static const char *const *result_types(enum result result)
{
	if (result == RESULT_TEXT)
		return any_type;
	return result == RESULT_LIST ? list_types : plain_types;
}

static node response(const struct path *p, const struct use *u, const char *about, bool with_schema)
{
	struct openapi_doc *d = p->d;
	node n = node_map(d->a, 2);

	openapi_set(d, n, "description", str_c(about));
	if (!with_schema)
		return n;
	node schema = result_schema(p, (enum result)u->result);

	if (d->v2)
		node_set(d->a, n, S("schema"), schema);
	else
		node_set(d->a, n, S("content"), content(d, result_types((enum result)u->result), schema));
	return n;
}

static node responses(const struct path *p, const struct use *u)
{
	node n = node_map(p->d->a, 3);

	node_set(p->d->a, n, S("200"), response(p, u, "OK", true));
	if (u->also)
		node_set(p->d->a, n, str_c(u->also),
			 response(p, u, strcmp(u->also, "201") == 0 ? "Created" : "Accepted", true));
	node_set(p->d->a, n, S("401"), response(p, u, "Unauthorized", false));
	return n;
}

/* ---- operations -------------------------------------------------------- */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static void add_word(struct buf *b, str word, bool capital)
{
	for (size_t i = 0; i < word.n; i++) {
		char c = word.p[i];

		if (i == 0 && capital && c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (is_letter(c))
			buf_addc(b, c);
	}
}

/* "RbacAuthorization" or "rbacAuthorization". */
static void add_group(struct buf *b, struct gvk g, bool capital)
{
	str group = g.group.n ? g.group : S("core"), part;

	if (str_ends(group, S(".k8s.io")))
		group = str_sub(group, 0, group.n - 7);
	while (str_cut(&group, &part, '.')) {
		add_word(b, part, capital);
		capital = true;
	}
}

static node tags_of(struct openapi_doc *d, struct gvk g)
{
	CLEANUP(buf_release) struct buf tag = BUF_INIT;
	node tags = node_seq(d->a, 1);

	add_group(&tag, g, false);
	buf_addf(&tag, "_%.*s", STR_ARG(g.version));
	node_append(d->a, tags, node_copy_str(d->a, buf_str(&tag)));
	return tags;
}

static node operation(const struct path *p, const struct use *u)
{
	struct openapi_doc *d = p->d;
	CLEANUP(buf_release) struct buf id = BUF_INIT;
	node n = node_map(d->a, 9), list = parameter_list(d, u->parameters);
	struct gvk g = p->kind->gvk;

	buf_add(&id, str_c(u->id));
	add_group(&id, g, true);
	add_word(&id, g.version, true);
	if (u->verb == KIND_DELETE_ALL)
		buf_add(&id, S("Collection"));
	buf_add(&id, p->noun);
	node_set(d->a, n, S("tags"), tags_of(d, g));
	openapi_set(d, n, "description", arena_cat(d->a, str_c(u->about), S(" "), p->thing));
	openapi_set(d, n, "operationId", arena_str(d->a, buf_str(&id)));
	set_body(p, u, n, list);
	if (d->v2) {
		node_set(d->a, n, S("produces"), texts(d, result_types((enum result)u->result)));
		node_set(d->a, n, S("schemes"), texts(d, (const char *const[]){ "https", NULL }));
	}
	if (node_len(list))
		node_set(d->a, n, S("parameters"), list);
	node_set(d->a, n, S("responses"), responses(p, u));
	openapi_set(d, n, "x-kubernetes-action", str_c(u->action));
	node_set(d->a, n, S("x-kubernetes-group-version-kind"), openapi_kind(d, p->gvk));
	return n;
}

static void add_path(const struct path *p, node paths, str at, const struct use *uses, size_t n,
		     const char *const *names)
{
	node item = node_map(p->d->a, 6);

	for (size_t i = 0; i < n; i++)
		if (p->verbs & uses[i].verb)
			node_set(p->d->a, item, str_c(uses[i].method), operation(p, &uses[i]));
	if (!node_len(item))
		return;
	node_set(p->d->a, item, S("parameters"), parameter_list(p->d, names));
	node_set(p->d->a, paths, at, item);
}

/* ---- resources --------------------------------------------------------- */

static const char *const in_cluster[] = { "pretty", NULL };
static const char *const in_namespace[] = { "namespace", "pretty", NULL };
static const char *const named[] = { "name", "pretty", NULL };
static const char *const named_in_namespace[] = { "name", "namespace", "pretty", NULL };
static const char *const anywhere[] = {
	"allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "pretty",
	"resourceVersion", "resourceVersionMatch", "sendInitialEvents", "shardSelector",
	"timeoutSeconds", "watch", NULL,
};

static str root_of(struct arena *a, struct gvk g)
{
	if (!g.group.n)
		return arena_cat(a, S("/api/"), g.version, S("/"));
	return arena_cat(a, S("/apis/"), g.group, S("/"), g.version, S("/"));
}

static void add_subresource(const struct path *of, node paths, str object_at,
			    const struct kind_subresource *s)
{
	struct openapi_doc *d = of->d;
	struct path p = *of;
	CLEANUP(buf_release) struct buf noun = BUF_INIT;
	struct gvk g = s->gvk;

	if (!g.version.n)
		g = (struct gvk){ of->kind->gvk.group, of->kind->gvk.version, g.kind };
	const struct type *t = builtin_type(g);

	buf_add(&noun, of->noun);
	add_word(&noun, s->name, true);
	p.noun = arena_str(d->a, buf_str(&noun));
	p.gvk = g;
	p.thing = arena_cat(d->a, s->name, S(" of the specified "), of->kind->gvk.kind);
	p.verbs = s->verbs;
	if (!gvk_eq(g, of->kind->gvk))
		p.definition = t ? t->name : STR_NONE;
	bool text = !p.definition.n || str_eq(s->name, S("log"));
	str at = arena_cat(d->a, object_at, S("/"), s->name);
	const char *const *names = of->kind->namespaced ? named_in_namespace : named;

	if (text)
		add_path(&p, paths, at, USES(uses_of_connection), names);
	else
		add_path(&p, paths, at, USES(uses_of_subresource), names);
}

void openapi_add_paths(struct openapi_doc *d, node paths, const struct kind *k)
{
	struct path p = { .d = d, .kind = k, .gvk = k->gvk, .verbs = k->verbs, .thing = k->gvk.kind };
	static const uint16_t writes = KIND_GET | KIND_UPDATE | KIND_PATCH;
	str root = root_of(d->a, k->gvk), space = S("namespaces/{namespace}/");

	p.definition = openapi_definition(d, k, false);
	if (k->verbs & KIND_LIST)
		p.list = openapi_definition(d, k, true);
	p.noun = k->namespaced ? arena_cat(d->a, S("Namespaced"), k->gvk.kind) : k->gvk.kind;
	str at = arena_cat(d->a, root, k->namespaced ? space : STR_NONE, k->plural);
	str object_at = arena_cat(d->a, at, S("/{name}"));

	add_path(&p, paths, at, USES(uses_of_collection), k->namespaced ? in_namespace : in_cluster);
	add_path(&p, paths, object_at, USES(uses_of_object), k->namespaced ? named_in_namespace : named);
	if (k->has_status)
		add_subresource(&p, paths, object_at,
				&(struct kind_subresource){ S("status"), { .kind = k->gvk.kind }, writes });
	if (k->has_scale)
		add_subresource(&p, paths, object_at,
				&(struct kind_subresource){
					S("scale"), { S("autoscaling"), S("v1"), S("Scale") }, writes });
	for (size_t i = 0; i < k->subresources_n; i++)
		add_subresource(&p, paths, object_at, &k->subresources[i]);
	if (!k->namespaced)
		return;
	p.noun = arena_cat(d->a, k->gvk.kind, S("ForAllNamespaces"));
	add_path(&p, paths, arena_cat(d->a, root, k->plural), USES(uses_of_all), anywhere);
}
