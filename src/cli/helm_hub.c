/* helm_hub - "helm search hub": charts of Artifact Hub, or of another hub that speaks the
 * search API of Monocular.
 */
#include "cli/commands.h"
#include "cli/helm_cluster.h"
#include "cli/helm_repos.h"
#include "net/client.h"
#include "text/gourl.h"
#include "text/path.h"
#include "text/quote.h"
#include "value/json.h"

struct hub_options {
	struct helm_output_options output;
	str endpoint;
	uint64_t max_col_width;
	bool fail, repo_url;
};

#define AT(field) offsetof(struct hub_options, field)

static const struct flag flags[] = {
	{ "endpoint", 0, FLAG_STRING, AT(endpoint), "the hub that is asked",
	  .fallback = "https://hub.helm.sh" },
	{ "fail-on-no-result", 0, FLAG_BOOL, AT(fail), "fail when nothing is found" },
	{ "list-repo-url", 0, FLAG_BOOL, AT(repo_url), "print the URLs of the repositories, too" },
	{ "max-col-width", 0, FLAG_CUSTOM, AT(max_col_width), "width at which columns are cut",
	  .fallback = "50", .type = &helm_uint_type },
	{ 0, 0, FLAG_TABLE, AT(output), .table = helm_output_flags },
	{ 0 },
};

#undef AT

/* ---- asking ------------------------------------------------------------ */

static err *address_of(struct arena *a, str endpoint, str words, str *out)
{
	CLEANUP(buf_release) struct buf query = BUF_INIT, b = BUF_INIT;
	struct gourl u;

	TRY(gourl_parse(a, endpoint, &u));
	if (!gourl_hostname(&u).n)
		return err_new(ERR_INVALID, "no hostname provided");
	buf_add(&query, S("q="));
	gourl_escape_query(&query, words);
	u.path = path_join(a, u.path, S("api/chartsvc/v1/charts/search"));
	u.raw_path = STR_NONE;
	u.query = buf_str(&query);
	gourl_add(&b, &u);
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

/* What cannot be read as an answer found nothing, as in Helm. */
static err *ask(struct cli *c, str url, node *found)
{
	CLEANUP(net_response_release) struct net_response answer = NET_RESPONSE_INIT;
	struct net_client *net;
	node tree;

	TRY(helm_net(&net));
	err *e = net_do(net, &(struct net_request){ .url = url }, &answer);

	net_client_free(net);
	if (e)
		return e;
	if (answer.status != 200)
		return err_new(ERR_UNAVAILABLE, "failed to fetch %.*s : %.*s", STR_ARG(url),
			       STR_ARG(net_response_status(c->arena, &answer)));
	e = json_read(c->arena, arena_str(c->arena, buf_str(&answer.body)), NULL, &tree);
	*found = e ? NODE_NOTHING : node_get(tree, S("data"));
	err_free(e);
	return NULL;
}

/* ---- what was found ---------------------------------------------------- */

static str text_of(node n, str key)
{
	return node_str_or(node_get(n, key), STR_NONE);
}

/* As Helm prints a chart, in its order. */
static node element_of(struct arena *a, str endpoint, node one)
{
	node out = node_map(a, 5), repo = node_map(a, 2), attributes = node_get(one, S("attributes"));
	node version = node_dig(one, "relationships", "latestChartVersion", "data");
	str url = text_of(node_get(one, S("artifactHub")), S("packageUrl"));

	if (!url.n)
		url = arena_cat(a, endpoint, S("/charts/"), text_of(one, S("id")));
	node_set(a, out, S("url"), node_from_str(a, url));
	node_set(a, out, S("version"), node_from_str(a, text_of(version, S("version"))));
	node_set(a, out, S("app_version"), node_from_str(a, text_of(version, S("app_version"))));
	node_set(a, out, S("description"), node_from_str(a, text_of(attributes, S("description"))));
	for (const char *const *k = (const char *const[]){ "url", "name", NULL }; *k; k++)
		node_set(a, repo, str_c(*k),
			 node_from_str(a, text_of(node_get(attributes, S("repo")), str_c(*k))));
	node_set(a, out, S("repository"), repo);
	return out;
}

static void print_table(struct cli *c, node list)
{
	static const char *const head[] = { "URL", "CHART VERSION", "APP VERSION", "DESCRIPTION",
					    "REPO URL" };
	static const char *const keys[] = { "url", "version", "app_version", "description" };
	const struct hub_options *o = c->options;
	size_t columns = o->repo_url ? 5 : 4, n = 0;
	str *cells = arena_array(c->arena, str, columns * (node_len(list) + 1));

	if (!node_len(list)) {
		buf_add(&c->out.buf, S("No results found\n"));
		return;
	}
	while (n < columns) {
		cells[n] = helm_cut(c->arena, str_c(head[n]), o->max_col_width);
		n++;
	}
	node_each_item(i, list)
		for (size_t k = 0; k < columns; k++) {
			str cell = k < 4 ? text_of(*i, str_c(keys[k]))
					 : text_of(node_get(*i, S("repository")), S("url"));

			cells[n++] = helm_cut(c->arena, cell, o->max_col_width);
		}
	helm_print_table(c, cells, n, columns);
}

static err *run(struct cli *c)
{
	const struct hub_options *o = c->options;
	const struct notices to = helm_notices(c);
	struct arena *a = c->arena;
	str words = arena_join(a, c->words.p, c->words.n, S(" ")), url;
	node found, list;
	err *e = address_of(a, o->endpoint, words, &url);

	if (e)
		return err_wrap(e, "unable to create connection to %.*s",
				STR_ARG(quote_str(a, o->endpoint)));
	e = ask(c, url, &found);
	if (e) {
		notice(&to, NOTICE_DEBUG, S("search failed"), NOTICE_ERR(e));
		return err_replace(e, "unable to perform search against %.*s",
				   STR_ARG(quote_str(a, o->endpoint)));
	}
	list = node_seq(a, node_len(found));
	if (found.kind == NODE_SEQ)
		node_each_item(i, found)
			node_append(a, list, element_of(a, o->endpoint, *i));
	if (!node_len(list) && o->fail)
		return err_new(ERR_NOT_FOUND, "no results found");
	if (str_eq(o->output.format, S("table"))) {
		print_table(c, list);
		return NULL;
	}
	if (str_eq(o->output.format, S("yaml")))	/* which has the keys sorted */
		node_each_item(i, list) {
			node_sort(*i);
			node_sort(node_get(*i, S("repository")));
		}
	return helm_print_tree(c, &o->output, list);
}

const struct command helm_search_hub_command = {
	.use = "hub [KEYWORD]",
	.brief = "Search Artifact Hub or another hub",
	.text = "Ask a hub for charts: Artifact Hub, or what --endpoint names, which must speak\n"
		"Monocular's search API. What is found is on the hub's pages; --list-repo-url shows\n"
		"the repositories that 'helm repo add' takes.",
	.example = "  # Charts of a database, and where they come from\n"
		   "  helm search hub postgresql --list-repo-url",
	.flags = flags,
	.options = sizeof(struct hub_options),
	.run = run,
};
