/* sim_connect - what asks for a way into containers: logs, commands, ports, proxies.
 *
 * There are no containers. Who asks for what cannot be is told so as by
 * Kubernetes; what could be, but is not done here, is 501. */
#include "server/check.h"
#include "server/meta.h"
#include "server/sim.h"
#include "server/status.h"

/* The object that the request is about, or a 404. */
static err *find(struct request *r, node *out)
{
	CLEANUP(blob_drop)
	struct blob *b = store_get(server_store(r->server), server_table(r->server, r->kind),
				   r->namespace, r->name);

	if (!b)
		return status_not_found(r->group, r->plural, r->name);
	*out = node_copy_all(r->arena, blob_tree(r->arena, b));
	return NULL;
}

static err *find_node(struct request *r, str name)
{
	struct store *s = server_store(r->server);
	CLEANUP(blob_drop)
	struct blob *b = store_get(s, store_table(s, STR_NONE, S("nodes")), STR_NONE, name);

	return b ? NULL : status_not_found(STR_NONE, S("nodes"), name);
}

/* The container of the query, or the only one. */
static err *pick_container(struct request *r, node pod, node *out)
{
	static const str others[] = { S("initContainers"), S("ephemeralContainers") };
	node containers = node_dig(pod, "spec", "containers");
	str wanted = request_query(r, S("container"));

	*out = NODE_NOTHING;
	node_each_item(ct, containers)
		if (!wanted.n || str_eq(TEXT_OF(*ct, "name"), wanted))
			*out = *ct;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		node_each_item(ct, node_get(GET(pod, "spec"), others[i]))
			if (wanted.n && str_eq(TEXT_OF(*ct, "name"), wanted))
				*out = *ct;
	if (node_is(*out, NODE_NONE))
		return status_bad_request("container %.*s is not valid for pod %.*s", STR_ARG(wanted),
					  STR_ARG(r->name));
	if (!wanted.n && node_len(containers) > 1)
		return status_bad_request("a container name must be specified for pod %.*s",
					  STR_ARG(r->name));
	return NULL;
}

/* Whether the container has ended before, and began again. */
static bool has_previous(node pod, node container)
{
	node statuses = node_dig(pod, "status", "containerStatuses");

	node_each_item(s, statuses)
		if (str_eq(TEXT_OF(*s, "name"), TEXT_OF(container, "name")))
			return HAS(GET(*s, "lastState"), "terminated");
	return false;
}

static err *run_log(struct request *r)
{
	node pod, container;

	TRY(find(r, &pod));
	TRY(pick_container(r, pod, &container));
	str host = TEXT_OF(GET(pod, "spec"), "nodeName");

	if (!host.n) {
		r->answer.code = 204;
		return NULL;
	}
	TRY(find_node(r, host));
	if (str_eq(request_query(r, S("previous")), S("true")) && !has_previous(pod, container))
		return status_bad_request("previous terminated container \"%.*s\" in pod \"%.*s\" not found",
					  STR_ARG(TEXT_OF(container, "name")), STR_ARG(r->name));
	r->answer.type = S("text/plain");
	buf_addf(&r->answer.body, "simulated by rill: container %.*s (%.*s) runs nowhere\n",
		 STR_ARG(TEXT_OF(container, "name")), STR_ARG(TEXT_OF(container, "image")));
	return NULL;
}

static err *no_way_in(struct request *r)
{
	return status_err(&(struct status){
		.code = 501,
		.reason = S("NotImplemented"),
		.message = arena_printf(r->arena,
					"%.*s of %.*s \"%.*s\": this server simulates workloads, no container "
					"runs",
					STR_ARG(r->sub), STR_ARG(r->plural), STR_ARG(r->name)) });
}

static err *run_way_in(struct request *r)
{
	bool command = str_eq(r->sub, S("exec"));
	node pod, container;

	TRY(find(r, &pod));
	if (!str_eq(r->sub, S("portforward"))) {
		if (!request_flag(r, S("stdin")) && !request_flag(r, S("stdout")) &&
		    !request_flag(r, S("stderr")))
			return status_bad_request("you must specify at least 1 of stdin, stdout, stderr");
		if (command && !request_query(r, S("command")).n)
			return status_bad_request("you must specify at least one command for the container");
		TRY(pick_container(r, pod, &container));
	}
	str host = TEXT_OF(GET(pod, "spec"), "nodeName");

	if (!host.n)
		return status_bad_request("pod %.*s does not have a host assigned", STR_ARG(r->name));
	TRY(find_node(r, host));
	return no_way_in(r);
}

/* "https:NAME:PORT" of a proxy: the name alone. */
static str bare_name(str name)
{
	str first, rest, second;

	if (!str_split(name, ':', &first, &rest))
		return name;
	return str_split(rest, ':', &second, &rest) ? second : first;
}

static err *run_proxy(struct request *r)
{
	node object;

	r->name = bare_name(r->name);
	TRY(find(r, &object));
	return no_way_in(r);
}

const struct subresource sim_connect_subresources[] = {
	{ "", "pods", "log", run_log },
	{ "", "pods", "exec", run_way_in },
	{ "", "pods", "attach", run_way_in },
	{ "", "pods", "portforward", run_way_in },
	{ "", "pods", "proxy", run_proxy },
	{ "", "services", "proxy", run_proxy },
	{ "", "nodes", "proxy", run_proxy },
	{ 0 },
};
