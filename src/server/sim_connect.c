/* sim_connect - what asks for a way into containers: logs, commands, ports, proxies.
 *
 * There are no containers. Who asks for what cannot be is told so as by
 * Kubernetes; what could be, but is not done here, is 501. */
#include "server/check.h"
#include "server/meta.h"
#include "server/policies.h"
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

/* Takes it; NULL is none. */
static err *bad_request(err *e)
{
	err *bad = e ? status_bad_request("%s", err_msg(e)) : NULL;

	err_free(e);
	return bad;
}

/* A number of the query; false: it is not there. */
static err *number_of(struct request *r, const char *key, bool *given, int64_t *out)
{
	str text = request_query(r, str_c(key));

	*given = text.n > 0;
	return text.n ? bad_request(number_parse_int(text, 10, out)) : NULL;
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

/* ---- what connects ---------------------------------------------------------------- */

/* A parameter of the query, which is a field of the options. */
struct option {
	const char *key;
	enum { OPTION_TEXT, OPTION_FLAG, OPTION_TEXTS, OPTION_NUMBERS } form;
};

enum { OPTIONS_MAX = 6 };

/* What the options of a subresource are. */
struct connection {
	const char *kind;
	bool below;			/* the rest of the path is one of them */
	struct option options[OPTIONS_MAX];
};

static const struct connection pod_exec = {
	"PodExecOptions", false,
	{ { "stdin", OPTION_FLAG }, { "stdout", OPTION_FLAG }, { "stderr", OPTION_FLAG }, { "tty", OPTION_FLAG },
	  { "container", OPTION_TEXT }, { "command", OPTION_TEXTS } }
};
static const struct connection pod_attach = {
	"PodAttachOptions", false,
	{ { "stdin", OPTION_FLAG }, { "stdout", OPTION_FLAG }, { "stderr", OPTION_FLAG }, { "tty", OPTION_FLAG },
	  { "container", OPTION_TEXT } }
};
static const struct connection pod_ports = { "PodPortForwardOptions", false, { { "ports", OPTION_NUMBERS } } };
static const struct connection pod_proxy = { "PodProxyOptions", true, { { 0 } } };
static const struct connection service_proxy = { "ServiceProxyOptions", true, { { 0 } } };
static const struct connection node_proxy = { "NodeProxyOptions", true, { { 0 } } };

static err *read_list(struct request *r, const struct option *o, node *out)
{
	*out = node_seq(r->arena, 1);
	for (size_t i = 0; i < r->query_n; i++) {
		int64_t n = 0;

		if (!str_eq(r->query[i].key, str_c(o->key)))
			continue;
		if (o->form == OPTION_NUMBERS)
			TRY(number_parse_int(r->query[i].value, 10, &n));
		node_append(r->arena, *out,
			    o->form == OPTION_NUMBERS ? node_from_int(n)
						      : node_from_str(r->arena, r->query[i].value));
	}
	return NULL;
}

static err *read_option(struct request *r, const struct option *o, node object)
{
	str key = str_c(o->key), text = request_query(r, key);
	node value = NODE_NOTHING;

	if (o->form == OPTION_FLAG && request_flag(r, key))
		value = node_from_bool(true);
	else if (o->form == OPTION_TEXT && text.n)
		value = node_from_str(r->arena, text);
	else if (o->form == OPTION_TEXTS || o->form == OPTION_NUMBERS)
		TRY(read_list(r, o, &value));
	if (node_is(value, NODE_BOOL) || node_is(value, NODE_STR) || node_len(value))
		node_set(r->arena, object, key, value);
	return NULL;
}

/* "/rest/of/the/path", as written: with its last slash. */
static str path_below(struct request *r)
{
	bool slash = str_ends(r->path, S("/")) && !str_ends(r->sub_path, S("/"));

	return arena_cat(r->arena, r->sub_path.n ? S("/") : STR_NONE, r->sub_path, slash ? S("/") : STR_NONE);
}

/* Who connects is asked about as one who writes the options of the connection. */
static err *admit(struct request *r, const struct connection *c)
{
	const struct kind kind = { .gvk = { STR_NONE, S("v1"), str_c(c->kind) } };
	const struct policies_shape shape = { .kind = &kind, .operation = S("CONNECT") };
	node options = node_map(r->arena, OPTIONS_MAX + 2);
	str below = c->below ? path_below(r) : STR_NONE;

	if (request_has_query(r, S("dryRun")))
		return status_bad_request("dryRun is not supported");
	for (size_t i = 0; i < OPTIONS_MAX && c->options[i].key; i++)
		TRY(bad_request(read_option(r, &c->options[i], options)));
	if (below.n)
		node_set(r->arena, options, S("path"), node_from_str(r->arena, below));
	TRY(policies_mutate_below(r, &shape, &options, node_null()));
	return policies_check_below(r, &shape, options);
}

static err *run_way_in(struct request *r)
{
	bool command = str_eq(r->sub, S("exec")), streams = !str_eq(r->sub, S("portforward"));
	node pod, container;

	TRY(admit(r, command ? &pod_exec : streams ? &pod_attach : &pod_ports));
	TRY(find(r, &pod));

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
	bool pods = str_eq(r->plural, S("pods")), services = str_eq(r->plural, S("services"));
	node object;

	TRY(admit(r, pods ? &pod_proxy : services ? &service_proxy : &node_proxy));
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
