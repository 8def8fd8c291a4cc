#include "cli/helm_cluster.h"

#include "base/clock.h"
#include "base/fs.h"
#include "cli/commands.h"
#include "text/number.h"
#include "text/quote.h"
#include "text/width.h"
#include "value/json.h"
#include "value/yaml.h"

/* ---- the connection ---------------------------------------------------- */

static str env(const struct cli *c, const char *name)
{
	return str_c(cli_env(c, name));
}

static str or_env(const struct cli *c, str given, const char *name)
{
	return given.n ? given : env(c, name);
}

static bool is_true(str s)
{
	return str_eq(s, S("1")) || str_eq_nocase(s, S("true")) || str_eq_nocase(s, S("t"));
}

static struct kubeconfig_wish wish_of(const struct cli *c)
{
	const struct helm_settings *s = helm_settings(c);

	return (struct kubeconfig_wish){
		.path = s->kubeconfig,
		.context = or_env(c, s->context, "HELM_KUBECONTEXT"),
		.server = or_env(c, s->apiserver, "HELM_KUBEAPISERVER"),
		.token = or_env(c, s->token, "HELM_KUBETOKEN"),
		.as = or_env(c, s->as_user, "HELM_KUBEASUSER"),
		.as_groups = s->as_groups.p,
		.as_groups_n = s->as_groups.n,
		.certificate_authority = or_env(c, s->ca_file, "HELM_KUBECAFILE"),
		.tls_server_name = or_env(c, s->tls_server_name, "HELM_KUBETLS_SERVER_NAME"),
		.insecure = s->insecure || is_true(env(c, "HELM_KUBEINSECURE_SKIP_TLS_VERIFY")),
	};
}

#define UNREACHABLE "kubernetes cluster unreachable"

static void on_warning(void *ctx, str text)
{
	const struct helm_cluster *k = ctx;

	notice(&k->notices, NOTICE_WARN, text, { 0 });
}

/* What is copied to Go's log is a line of it a piece. */
enum { LOG_PIECE = 32 << 10 };

static void on_hook_log(void *ctx, str ns, str pod, str container, str text)
{
	const struct helm_cluster *k = ctx;

	(void)ns, (void)pod, (void)container;
	while (text.n) {
		str piece = str_sub(text, 0, text.n < LOG_PIECE ? text.n : LOG_PIECE);

		text = str_from(text, piece.n);
		if (str_ends(piece, S("\n")))
			piece = str_sub(piece, 0, piece.n - 1);
		notice(&k->notices, NOTICE_INFO, piece, { 0 });
	}
}

err *helm_offline(struct cli *c, struct helm_cluster *out)
{
	out->cli = c;
	out->notices = helm_notices(c);
	helm_world_init(c, &out->world);
	helm_remote_init(&out->remote, &out->schema);
	out->env = (struct release_env){
		.ns = helm_namespace(c),
		.notices = &out->notices,
		.tmpl = &out->world.options,
		.local = out->world.options.local,
		.fetch_schema = out->remote.fetch,
		.fetch_ctx = &out->remote,
		.hook_log = on_hook_log, .hook_log_ctx = out,
	};
	return NULL;
}

/* ---- releases out of files ---------------------------------------------- */

#define DATA "HELM_MEMORY_DRIVER_DATA"
enum { DATA_MAX = 64 << 20 };

static err *add_release(struct cli *c, struct relstore *store, node tree)
{
	CLEANUP(buf_release) struct buf json = BUF_INIT;
	struct record r;

	TRY(json_write(&json, tree, NULL));
	TRY(record_read(c->arena, arena_str(c->arena, buf_str(&json)), &r));
	store->ns = r.ns.n ? r.ns : S("default");
	return relstore_create(store, &r, NULL);
}

static err *add_releases(struct cli *c, struct relstore *store, str path)
{
	const struct yaml_options o = { .json = true };
	node list;
	str text;
	err *e = fs_read_any(c->arena, path, DATA_MAX, &text);

	if (e)
		return err_wrap(e, "Unable to read memory driver data");
	e = yaml_read(c->arena, text, &o, &list);
	if (!e && list.kind != NODE_SEQ)
		e = err_new(ERR_INVALID, "%.*s holds no list of releases", STR_ARG(path));
	if (e)
		return err_wrap(e, "Unable to unmarshal memory driver data");
	node_each_item(i, list)
		TRY(add_release(c, store, *i));
	return NULL;
}

err *helm_look(struct cli *c, struct helm_cluster *out, bool all)
{
	struct relstore *store = &out->env.store;
	str files = env(c, DATA), path;

	if (!files.n || !str_eq(env(c, "HELM_DRIVER"), S("memory")))
		return helm_connect(c, out, all);
	TRY(helm_offline(c, out));
	store->driver = RELSTORE_MEMORY;
	store->memory = relmemory_new();
	while (str_cut(&files, &path, ':'))
		TRY(add_releases(c, store, path));
	store->ns = all ? STR_NONE : out->env.ns;
	return NULL;
}

/* ---- the cluster -------------------------------------------------------- */

static err *make_net(void *ctx, struct net_client **out)
{
	struct helm_cluster *k = ctx;

	TRY(net_client_new(&k->net, &(struct net_options){ .proxy_env = true }));
	*out = k->net;
	return NULL;
}

err *helm_connect(struct cli *c, struct helm_cluster *out, bool all)
{
	const struct kubeconfig_wish wish = wish_of(c);
	const struct client_options o = { .user_agent = S("helm/v4.3"), .env = c->env,
					  .on_warning = on_warning, .ctx = out, .net = make_net };
	struct release_env *e;

	TRY(helm_offline(c, out));
	e = &out->env;
	TRY(relstore_driver(env(c, "HELM_DRIVER"), &e->store.driver));
	if (e->store.driver == RELSTORE_MEMORY && env(c, DATA).n)
		return err_new(ERR_INVALID, "releases of $" DATA " are there to be looked at: no "
					    "cluster has them");
	if (e->store.driver == RELSTORE_MEMORY)
		e->store.memory = relmemory_new();
	err *wrong = kubeconfig_load(c->arena, c->env, &wish, &out->config);

	if (!wrong)
		wrong = client_new(&e->cluster.client, NULL, &out->config, &o);
	if (wrong)
		return err_wrap(wrong, UNREACHABLE);
	e->cluster.discovery = discovery_new(e->cluster.client);
	e->cluster.manager = S("helm");
	e->cluster.log = &out->notices;
	e->store.client = e->cluster.client;
	e->store.ns = all ? STR_NONE : e->ns;
	return release_reach(e->cluster.client);
}

err *helm_connect_to_install(struct cli *c, struct helm_cluster *out)
{
	err *e = helm_connect(c, out, false);

	if (!e || !str_starts(err_text(e), S(UNREACHABLE)))
		return e;
	e = err_wrap(e, "cluster reachability check failed");
	notice(&out->notices, NOTICE_ERROR, err_text(e), { 0 });
	return e;
}

void helm_disconnect(struct helm_cluster *k)
{
	relmemory_free(k->env.store.memory);
	discovery_free(k->env.cluster.discovery);
	client_drop(&k->env.cluster.client);
	net_client_drop(&k->net);
	if (k->cli)
		helm_remote_release(&k->remote);
}

err *helm_find_release(const struct helm_cluster *k, struct arena *a, str name, int64_t revision,
		       struct record *out)
{
	struct record_list history;
	str what;

	if (!release_name_is_valid(name, &what))
		return err_new(ERR_INVALID, "releaseContent: Release name is invalid: %.*s",
			       STR_ARG(name));
	if (revision > 0)
		return relstore_get(&k->env.store, a, name, revision, out);
	TRY(relstore_find(&k->env.store, a, name, STR_NONE, STR_NONE, &history));
	if (!history.n)
		return relstore_no_last(&history, name);
	*out = *relstore_last(&history);
	return NULL;
}

/* ---- flags ------------------------------------------------------------- */

static err *set_format(struct arena *a, void *slot, str value, bool again)
{
	(void)again;
	if (!str_eq(value, S("table")) && !str_eq(value, S("json")) && !str_eq(value, S("yaml")))
		return err_new(ERR_INVALID, "invalid format type");
	*(str *)slot = arena_str(a, value);
	return NULL;
}

static const struct flag_type format_type = { "format", false, set_format };

static err *set_uint(struct arena *a, void *slot, str value, bool again)
{
	(void)a, (void)again;
	return number_parse_uint(value, 0, slot);
}

const struct flag_type helm_uint_type = { "uint", false, set_uint };

const struct flag helm_output_flags[] = {
	{ "output", 'o', FLAG_CUSTOM, offsetof(struct helm_output_options, format),
	  "how to print: table, json, yaml", .fallback = "table", .type = &format_type,
	  .choices = "table json yaml" },
	{ 0 },
};

err *helm_dry_run(struct cli *c, str v, enum release_dry *out)
{
	const struct notices to = helm_notices(c);

	*out = RELEASE_DRY_CLIENT;
	if (str_eq(v, S("unset"))) {
		notice(&to, NOTICE_WARN,
		       S("--dry-run is deprecated and should be replaced with '--dry-run=client'"),
		       { 0 });
	} else if (str_eq(v, S("true"))) {
		notice(&to, NOTICE_WARN,
		       S("boolean '--dry-run=true' flag is deprecated and must be replaced with "
			 "'--dry-run=client'"),
		       { 0 });
	} else if (str_eq(v, S("false"))) {
		notice(&to, NOTICE_WARN,
		       S("boolean '--dry-run=false' flag is deprecated and must be replaced with "
			 "'--dry-run=none'"),
		       { 0 });
		*out = RELEASE_REAL;
	} else if (str_eq(v, S("none"))) {
		*out = RELEASE_REAL;
	} else if (str_eq(v, S("server"))) {
		*out = RELEASE_DRY_SERVER;
	} else if (!str_eq(v, S("client"))) {
		return err_new(ERR_INVALID,
			       "invalid dry-run value (\"%.*s\"). Must be \"none\", \"server\", or "
			       "\"client\"",
			       STR_ARG(v));
	}
	return NULL;
}

static err *set_wait(struct arena *a, void *slot, str value, bool again)
{
	static const char *const words[] = { "watcher", "legacy", "hookOnly", "true", "false" };

	(void)again;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_eq(value, str_c(words[i]))) {
			*(str *)slot = arena_str(a, value);
			return NULL;
		}
	return err_new(ERR_INVALID,
		       "invalid wait input %.*s. Valid inputs are watcher, hookOnly, and legacy",
		       STR_ARG(quote_str(a, value)));
}

const struct flag_type helm_wait_type = { "WaitStrategy", false, set_wait };

enum release_wait helm_wait_strategy(struct cli *c, str word)
{
	const struct notices to = helm_notices(c);

	if (str_eq(word, S("true")))
		notice(&to, NOTICE_WARN,
		       S("--wait=true is deprecated (boolean value) and can be replaced with "
			 "--wait=watcher"),
		       { 0 });
	if (str_eq(word, S("false")))
		notice(&to, NOTICE_WARN,
		       S("--wait=false is deprecated (boolean value) and can be replaced with "
			 "--wait=hookOnly"),
		       { 0 });
	if (str_eq(word, S("legacy")))
		return RELEASE_WAIT_LEGACY;
	return str_eq(word, S("watcher")) || str_eq(word, S("true")) ? RELEASE_WAIT_WATCHER
								     : RELEASE_WAIT_HOOKS;
}

void helm_server_side(str word, struct release_how *out)
{
	out->side = word;
	out->server_side = str_eq(word, S("true"))    ? RELEASE_SIDE_SERVER
			   : str_eq(word, S("false")) ? RELEASE_SIDE_CLIENT
			   : str_eq(word, S("auto"))  ? RELEASE_SIDE_AUTO
						      : RELEASE_SIDE_OTHER;
}

err *helm_check_force(const struct cli *c, const struct release_how *how)
{
	bool old = cli_given(c, "force");

	if (!how->force_conflicts || !how->force_replace)
		return NULL;
	return err_new(ERR_INVALID,
		       "if any flags in the group [%s force-conflicts] are set none of the others can "
		       "be; [%s] were all set",
		       old ? "force" : "force-replace",
		       old ? "force force-conflicts" : "force-conflicts force-replace");
}

/* ---- printing ---------------------------------------------------------- */

err *helm_print_tree(struct cli *c, const struct helm_output_options *o, node tree)
{
	if (str_eq(o->format, S("yaml")))
		return yaml_write(&c->out.buf, tree, YAML_WRITE_SIGS);
	TRY(json_write(&c->out.buf, tree, &(struct json_style){ .source_order = true }));
	buf_addc(&c->out.buf, '\n');
	return NULL;
}

str helm_cut(struct arena *a, str text, uint64_t max)
{
	return max > 3 && width_text(text) > max
		       ? arena_cat(a, str_sub(text, 0, (size_t)max - 3), S("..."))
		       : text;
}

/* Cells padded to their column, with a tab between. */
void helm_print_table(struct cli *c, const str *cells, size_t n, size_t columns)
{
	size_t *widths = arena_array(c->arena, size_t, columns);

	for (size_t i = 0; i < n; i++) {
		size_t w = width_text(cells[i]);

		if (w > widths[i % columns])
			widths[i % columns] = w;
	}
	for (size_t i = 0; i < n; i++) {
		size_t at = i % columns, w = width_text(cells[i]);

		buf_add(&c->out.buf, cells[i]);
		buf_fill(&c->out.buf, ' ', widths[at] - w);
		buf_addc(&c->out.buf, at + 1 < columns ? '\t' : '\n');
	}
	if (!n)
		buf_addc(&c->out.buf, '\n');
}

str helm_time_text(struct arena *a, struct gotime t)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	gotime_format(&b, t, S("Mon Jan _2 15:04:05 2006"));
	return arena_str(a, buf_str(&b));
}

str helm_chart_text(struct arena *a, const struct record *r)
{
	if (node_get(r->chart, S("metadata")).kind != NODE_MAP)
		return S("MISSING");
	return arena_cat(a, record_chart_name(r), S("-"), record_chart_version(r));
}

err *helm_record_tree(struct arena *a, const struct record *r, bool chart, node *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct record shown = *r;

	if (!chart)
		shown.chart = NODE_NOTHING;
	TRY(record_write(&shown, &b));
	return json_read(a, arena_str(a, buf_str(&b)), NULL, out);
}
