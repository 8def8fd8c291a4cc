#include "world.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/die.h"
#include "cli/direct.h"
#include "value/json.h"

extern char **environ;

static void must(err *e)
{
	if (e)
		die_bug("%s", err_msg(e));
}

static err *ask(struct world_server *w, const char *method, str path, str type, str body, node *out)
{
	return client_do(w->client, &w->mem,
			 &(struct client_request){ .method = str_c(method),
						   .path = path,
						   .query = str_eq(type, S("application/apply-patch+yaml"))
								    ? S("fieldManager=world&force=true")
								    : STR_NONE,
						   .content_type = type,
						   .body = body },
			 out);
}

static void add_definition(struct world_server *w, str json)
{
	node crd;
	bool established = false;

	must(json_read(&w->mem, json, NULL, &crd));
	str path = arena_cat(&w->mem, S("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"),
			     node_str(node_dig(crd, "metadata", "name")));

	must(ask(w, "PATCH", path, S("application/apply-patch+yaml"), json, NULL));
	for (int i = 0; i < 500 && !established; i++) {
		must(ask(w, "GET", path, STR_NONE, STR_NONE, &crd));
		node_each_item(c, node_dig(crd, "status", "conditions"))
			if (str_eq(node_str(node_get(*c, S("type"))), S("Established")))
				established = str_eq(node_str(node_get(*c, S("status"))),
						     S("True"));
		if (!established)
			usleep(20000);
	}
}

void world_open(struct world_server *w, const str *crds, size_t n)
{
	const char *path = getenv("TEST_KUBECONFIG");
	const struct kubeconfig_wish wish = { .path = str_c(path) };
	struct kubeconfig config;

	*w = (struct world_server){ 0 };
	must(net_client_new(&w->net, NULL));
	if (!path) {
		struct server_file *files = arena_array(&w->mem, struct server_file, n);
		const struct server_crds all = { S("the test"), files, n };

		for (size_t i = 0; i < n; i++)
			files[i].text = crds[i];
		must(server_open(&w->server, &(struct server_options){ .data_dir = S(":memory:"),
								       .listen = S("127.0.0.1:0"),
								       .crds = &all,
								       .crds_n = n > 0,
								       .no_sim = true }));
		w->client = direct_client(w->server);
		return;
	}
	must(kubeconfig_load(&w->mem, environ, &wish, &config));
	must(client_new(&w->client, w->net, &config, NULL));
	for (size_t i = 0; i < n; i++)
		add_definition(w, crds[i]);
}

/* ---- sweeping ---------------------------------------------------------------- */

static const char *const swept[] = {
	"/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/default/kustomizations",
	"/apis/source.toolkit.fluxcd.io/v1/namespaces/default/gitrepositories",
	"/apis/example.com/v1/namespaces/apps/toys",
	"/apis/apps/v1/namespaces/default/deployments",
	"/api/v1/namespaces/default/configmaps",
	"/api/v1/namespaces/default/secrets",
	"/api/v1/namespaces/default/events",
	"/apis/scheduling.k8s.io/v1/priorityclasses/high",
	"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/toys.example.com",
};

static void drop_finalizers(struct world_server *w, str collection)
{
	node list;
	err *e = ask(w, "GET", collection, STR_NONE, STR_NONE, &list);

	err_free(e);
	if (e)
		return;
	node_each_item(i, node_get(list, S("items"))) {
		str path = arena_cat(&w->mem, collection, S("/"),
				     node_str(node_dig(*i, "metadata", "name")));

		if (node_len(node_dig(*i, "metadata", "finalizers")))
			err_free(ask(w, "PATCH", path, S("application/merge-patch+json"),
				     S("{\"metadata\":{\"finalizers\":null}}"), NULL));
	}
}

void world_finish_namespace(struct world_server *w, const char *name)
{
	str path = arena_cat(&w->mem, S("/api/v1/namespaces/"), str_c(name));
	node ns;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (w->server)
		return;
	err *e = ask(w, "GET", path, STR_NONE, STR_NONE, &ns);

	err_free(e);
	if (e || !node_has(node_get(ns, S("metadata")), S("deletionTimestamp")))
		return;
	node_set(&w->mem, node_get(ns, S("spec")), S("finalizers"), node_seq(&w->mem, 0));
	must(json_write(&b, ns, NULL));
	err_free(ask(w, "PUT", arena_cat(&w->mem, path, S("/finalize")), S("application/json"),
		     buf_str(&b), NULL));
}

void world_close(struct world_server *w)
{
	static const char *const namespaces[] = { "apps", "new", "shop" };

	for (size_t i = 0; !w->server && i < sizeof swept / sizeof *swept; i++) {
		drop_finalizers(w, str_c(swept[i]));
		err_free(ask(w, "DELETE", str_c(swept[i]), STR_NONE, STR_NONE, NULL));
	}
	for (size_t i = 0; !w->server && i < 3; i++) {
		str path = arena_cat(&w->mem, S("/api/v1/namespaces/"), str_c(namespaces[i]));

		err_free(ask(w, "DELETE", path, STR_NONE, STR_NONE, NULL));
		world_finish_namespace(w, namespaces[i]);
	}
	client_unref(w->client);
	if (w->server)
		server_close(w->server);
	net_client_free(w->net);
	arena_release(&w->mem);
}
