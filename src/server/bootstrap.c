#include "server/bootstrap.h"

#include "server/store.h"

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

static str path_of(struct arena *a, const struct bootstrap *b)
{
	str version = str_c(b->api_version), namespace = str_c(b->namespace);
	bool core = str_find_char(version, '/') == STR_NPOS;

	return arena_cat(a, core ? S("/api/") : S("/apis/"), version,
			 namespace.n ? S("/namespaces/") : STR_NONE, namespace, S("/"),
			 str_c(b->plural));
}

static err *bootstrap_open(struct server *s, const struct server_options *o)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)o;
	for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
		struct server_answer answer;

		if (is_there(s, &objects[i]))
			continue;
		arena_clear(&a);
		server_call(s, &a,
			    &(struct server_ask){ .method = S("POST"),
						  .path = path_of(&a, &objects[i]),
						  .agent = S("kube-apiserver"),
						  .body = str_c(objects[i].object) },
			    &answer);
		if (answer.code >= 300)
			return err_new(ERR_INTERNAL, "cannot make %s %s: %.*s", objects[i].plural,
				       objects[i].name, STR_ARG(answer.body));
	}
	return NULL;
}

const struct hooks bootstrap_hooks = { .open = bootstrap_open };
