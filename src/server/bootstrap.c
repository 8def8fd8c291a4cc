#include "server/bootstrap.h"

#include "server/meta.h"
#include "server/store.h"
#include "value/json.h"

static const struct bootstrap {
	const char *api_version, *plural, *namespace, *name;
	const char *object;
} objects[] = {
#include "server/bootstrap_table.h"
	{ "v1", "services", "default", "kubernetes",
	  "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"labels\":{\"component\":"
	  "\"apiserver\",\"provider\":\"kubernetes\"},\"name\":\"kubernetes\"},\"spec\":{"
	  "\"clusterIP\":\"10.96.0.1\",\"ports\":[{\"name\":\"https\",\"port\":443,\"protocol\":"
	  "\"TCP\",\"targetPort\":6443}],\"type\":\"ClusterIP\"}}" },
};

static bool is_there(struct server *s, const struct bootstrap *b)
{
	struct store *store = server_store(s);
	struct gvk g = gvk_parse(str_c(b->api_version), STR_NONE);
	CLEANUP(blob_drop)
	struct blob *blob = store_get(store, store_table(store, g.group, str_c(b->plural)),
				      str_c(b->namespace), str_c(b->name));

	return blob != NULL;
}

static err *ask(struct server *s, struct arena *a, const struct server_ask *question, const char *what,
		const char *name)
{
	struct server_answer answer;

	server_call(s, a, question, &answer);
	if (answer.code >= 300)
		return err_new(ERR_INTERNAL, "cannot make %s %s: %.*s", what, name,
			       STR_ARG(answer.body));
	return NULL;
}

static str path_of(struct arena *a, const struct bootstrap *b)
{
	str version = str_c(b->api_version), namespace = str_c(b->namespace);
	bool core = str_find_char(version, '/') == STR_NPOS;

	return arena_cat(a, core ? S("/api/") : S("/apis/"), version,
			 namespace.n ? S("/namespaces/") : STR_NONE, namespace, S("/"),
			 str_c(b->plural));
}

/* What the original's parts that look after these objects call themselves. */
#define FLOWS "flowcontrol.apiserver.k8s.io/v1"
#define PRODUCER "api-priority-and-fairness-config-producer-v1"
#define CONSUMER "api-priority-and-fairness-config-consumer-v1"

/* The level that a schema names is there: said so by server-side apply. */
static err *tell_schema(struct server *s, struct arena *a, const struct bootstrap *b)
{
	str path = arena_cat(a, path_of(a, b), S("/"), str_c(b->name),
			     S("/status?fieldManager=" CONSUMER "&force=true"));
	node schema;

	TRY(json_read(a, str_c(b->object), NULL, &schema));
	str level = node_str(node_dig(schema, "spec", "priorityLevelConfiguration", "name"));
	str body = arena_printf(
		a,
		"{\"apiVersion\":\"" FLOWS "\",\"kind\":\"FlowSchema\",\"metadata\":{\"name\":\"%s\"},"
		"\"status\":{\"conditions\":[{\"type\":\"Dangling\",\"status\":\"False\","
		"\"lastTransitionTime\":\"%.*s\",\"reason\":\"Found\",\"message\":\"This FlowSchema "
		"references the PriorityLevelConfiguration object named \\\"%.*s\\\" and it exists\"}]}}",
		b->name, STR_ARG(meta_now(a)), STR_ARG(level));

	return ask(s, a,
		   &(struct server_ask){ .method = S("PATCH"),
					 .path = path,
					 .type = S("application/apply-patch+yaml"),
					 .agent = S(CONSUMER),
					 .body = body },
		   b->plural, b->name);
}

static err *make(struct server *s, struct arena *a, const struct bootstrap *b)
{
	bool flows = str_eq(str_c(b->api_version), S(FLOWS));

	if (is_there(s, b))
		return NULL;
	TRY(ask(s, a,
		&(struct server_ask){ .method = S("POST"),
				      .path = path_of(a, b),
				      .agent = flows ? S(PRODUCER) : S("kube-apiserver"),
				      .body = str_c(b->object) },
		b->plural, b->name));
	return flows && str_eq(str_c(b->plural), S("flowschemas")) ? tell_schema(s, a, b) : NULL;
}

/* ---- the groups that are served --------------------------------------------- */

/* Where a group stands among all, and a version in its group. */
static const struct place {
	const char *group, *version;
	int group_priority, version_priority;
} places[] = {
	{ "", "v1", 18000, 1 },
	{ "admissionregistration.k8s.io", "v1", 16700, 15 },
	{ "apiextensions.k8s.io", "v1", 16700, 15 },
	{ "apps", "v1", 17800, 15 },
	{ "authentication.k8s.io", "v1", 17700, 15 },
	{ "authorization.k8s.io", "v1", 17600, 15 },
	{ "autoscaling", "v1", 17500, 15 },
	{ "autoscaling", "v2", 17500, 30 },
	{ "batch", "v1", 17400, 15 },
	{ "certificates.k8s.io", "v1", 17300, 15 },
	{ "coordination.k8s.io", "v1", 16500, 15 },
	{ "discovery.k8s.io", "v1", 16200, 15 },
	{ "events.k8s.io", "v1", 17750, 15 },
	{ "flowcontrol.apiserver.k8s.io", "v1", 16100, 21 },
	{ "networking.k8s.io", "v1", 17200, 15 },
	{ "node.k8s.io", "v1", 16300, 15 },
	{ "policy", "v1", 17100, 15 },
	{ "rbac.authorization.k8s.io", "v1", 17000, 15 },
	{ "resource.k8s.io", "v1", 16200, 21 },
	{ "scheduling.k8s.io", "v1", 16600, 15 },
	{ "storage.k8s.io", "v1", 16800, 15 },
};

static err *make_place(struct server *s, struct arena *a, const struct place *p)
{
	str name = arena_printf(a, "%s.%s", p->version, p->group);
	str object = arena_printf(
		a,
		"{\"apiVersion\":\"apiregistration.k8s.io/v1\",\"kind\":\"APIService\",\"metadata\":{"
		"\"name\":\"%.*s\",\"labels\":{\"kube-aggregator.kubernetes.io/automanaged\":"
		"\"onstart\"}},\"spec\":{\"group\":\"%s\",\"groupPriorityMinimum\":%d,\"version\":\"%s\","
		"\"versionPriority\":%d}}",
		STR_ARG(name), p->group, p->group_priority, p->version, p->version_priority);

	return make(s, a, &(struct bootstrap){ "apiregistration.k8s.io/v1", "apiservices", "", name.p,
					       object.p });
}

static err *bootstrap_open(struct server *s, const struct server_options *o)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)o;
	for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
		arena_clear(&a);
		TRY(make(s, &a, &objects[i]));
	}
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		arena_clear(&a);
		TRY(make_place(s, &a, &places[i]));
	}
	return NULL;
}

const struct hooks bootstrap_hooks = { .open = bootstrap_open };
