/* sim_connect - what asks for a way into containers: logs, commands, ports, proxies.
 *
 * There are no containers. Who asks for what cannot be is told so as by
 * Kubernetes; what could be, but is not done here, is 501. */
#include "server/check.h"
#include "server/meta.h"
#include "server/sim.h"
#include "server/status.h"
#include "text/number.h"

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

/* A number of the query; false: it is not there. */
static err *number_of(struct request *r, const char *key, bool *given, int64_t *out)
{
	str text = request_query(r, str_c(key));

	*given = text.n > 0;
	err *e = text.n ? number_parse_int(text, 10, out) : NULL;

	if (!e)
		return NULL;
	err *bad = status_bad_request("%s", err_msg(e));

	err_free(e);
	return bad;
}

static err *check_log_options(struct request *r)
{
	static const struct {
		const char *key, *least;
		int64_t from;
	} numbers[] = {
		{ "tailLines", "must be greater than or equal to 0", 0 },
		{ "limitBytes", "must be greater than 0", 1 },
		{ "sinceSeconds", "must be greater than 0", 1 },
	};
	struct fielderrs e = { .arena = r->arena };
	bool given[3], both = request_query(r, S("sinceTime")).n > 0;
	int64_t n[3];

	for (size_t i = 0; i < 3; i++)
		TRY(number_of(r, numbers[i].key, &given[i], &n[i]));
	both = both && given[2];
	for (size_t i = 0; i < 3; i++)
		if (given[i] && n[i] < numbers[i].from && !(i == 2 && both))
			fielderr_invalid(&e, str_c(numbers[i].key), node_from_int(n[i]), "%s",
					 numbers[i].least);
	if (both)
		fielderr_forbidden(&e, S("[]"), "at most one of `sinceTime` or `sinceSeconds` may be specified");
	if (request_query(r, S("stream")).n)
		fielderr_forbidden(&e, S("stream"), "may not be specified");
	return e.n ? status_invalid(STR_NONE, S("PodLogOptions"), r->name, &e) : NULL;
}

static err *run_log(struct request *r)
{
	node pod, container;

	TRY(check_log_options(r));
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
	bool streams = !str_eq(r->sub, S("portforward"));

	if (streams)
		TRY(pick_container(r, pod, &container));
	str host = TEXT_OF(GET(pod, "spec"), "nodeName");

	if (!host.n)
		return status_bad_request("pod %.*s does not have a host assigned", STR_ARG(r->name));
	TRY(find_node(r, host));
	if (streams && !request_flag(r, S("stdin")) && !request_flag(r, S("stdout")) &&
	    !request_flag(r, S("stderr")))
		return status_bad_request("you must specify at least 1 of stdin, stdout, stderr");
	if (command && !request_query(r, S("command")).n)
		return status_bad_request("you must specify at least one command for the container");
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
