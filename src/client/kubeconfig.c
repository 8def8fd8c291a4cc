#include "client/kubeconfig.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/vec.h"
#include "text/base64.h"
#include "text/gourl.h"
#include "text/path.h"
#include "value/node.h"
#include "value/yaml.h"

#define POD_TOKEN "/var/run/secrets/kubernetes.io/serviceaccount/token"
#define POD_CA "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
#define POD_NAMESPACE "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

enum { POD_FILE_MAX = 1 << 20 };

/* A named entry of one of the three lists, and the folder of its file. */
struct entry {
	node value;
	str dir;
};

struct loader {
	struct arena *arena;
	char *const *env;
	const struct kubeconfig_wish *wish;
	node files[KUBECONFIG_FILES_MAX];
	str dirs[KUBECONFIG_FILES_MAX];
	size_t files_n;
	str server;		/* of a cluster that names none */
	VEC(str) wrong;
};

static str env_of(const struct loader *l, const char *name)
{
	size_t n = strlen(name);

	for (char *const *e = l->env; e && *e; e++)
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
			return str_c(*e + n + 1);
	return STR_NONE;
}

/* ---- reading files ----------------------------------------------------- */

static err *add_text(struct loader *l, str text, str dir)
{
	node doc;

	if (l->files_n == KUBECONFIG_FILES_MAX)
		return err_new(ERR_INVALID, "more than %d kubeconfig files", KUBECONFIG_FILES_MAX);
	err *e = yaml_read(l->arena, text, YAML_KUBE, &doc);
	str why = e ? err_text(e) : STR_NONE;

	if (str_take_str(&why, S("error converting YAML to JSON: ")))
		return err_replace(e, "%.*s", STR_ARG(why));
	if (e)
		return e;
	if (!node_is_nil(doc) && !node_is(doc, NODE_MAP))
		return err_new(ERR_INVALID,
			       "couldn't get version/kind; json parse error: json: cannot unmarshal "
			       "%s into Go value of type struct { APIVersion string "
			       "\"json:\\\"apiVersion,omitempty\\\"\"; Kind string "
			       "\"json:\\\"kind,omitempty\\\"\" }",
			       node_kind_name(doc));
	l->files[l->files_n] = doc;
	l->dirs[l->files_n++] = dir;
	return NULL;
}

static err *add_file(struct loader *l, str path, bool must_be_there)
{
	str text;
	err *e = fs_read_any(l->arena, path, KUBECONFIG_SIZE_MAX, &text);

	if (e && err_kind(e) == ERR_NOT_FOUND && !must_be_there) {
		err_free(e);
		return NULL;
	}
	if (e && err_kind(e) == ERR_NOT_FOUND) {
		err_free(e);
		return err_new(ERR_NOT_FOUND, "stat %.*s: no such file or directory",
			       STR_ARG(path));
	}
	if (e)
		return err_wrap(e, "error loading config file \"%.*s\"", STR_ARG(path));
	e = add_text(l, text, path_dir(l->arena, path));
	return e ? err_wrap(e, "error loading config file \"%.*s\"", STR_ARG(path)) : NULL;
}

static err *add_files(struct loader *l)
{
	str list = env_of(l, "KUBECONFIG"), path, home = env_of(l, "HOME");

	if (l->wish->path.n)
		return add_file(l, l->wish->path, true);
	if (!list.n)
		return home.n ? add_file(l, arena_cat(l->arena, home, S("/.kube/config")), false)
			      : NULL;
	while (str_cut(&list, &path, ':'))
		if (path.n)
			TRY(add_file(l, path, false));
	return NULL;
}

/* ---- looking up -------------------------------------------------------- */

/* The first file that has an entry of that name in `list` wins. */
static bool find_entry(const struct loader *l, const char *list, const char *field, str name,
		       struct entry *out)
{
	for (size_t i = 0; i < l->files_n; i++)
		node_each_item(item, node_get(l->files[i], str_c(list))) {
			if (!str_eq(node_str(node_get(*item, S("name"))), name))
				continue;
			*out = (struct entry){ node_get(*item, str_c(field)), l->dirs[i] };
			return true;
		}
	return false;
}

static str current_context(const struct loader *l)
{
	for (size_t i = 0; i < l->files_n; i++) {
		str name = node_str(node_get(l->files[i], S("current-context")));

		if (name.n)
			return name;
	}
	return STR_NONE;
}

static str text_of(struct entry e, const char *key)
{
	return node_str(node_get(e.value, str_c(key)));
}

static str beside(struct loader *l, struct entry e, str path)
{
	if (!path.n || path.p[0] == '/')
		return path;
	return path_join(l->arena, e.dir, path);
}

/* ---- what is wrong with it --------------------------------------------- */

#define NO_SERVER S("cluster has no server defined")

/* All of it is told at once. */
#define WRONG(l, ...) avec_push((l)->arena, &(l)->wrong, arena_printf((l)->arena, __VA_ARGS__))

static err *check(struct loader *l)
{
	CLEANUP(buf_release) struct buf all = BUF_INIT;
	size_t n = l->wrong.n;

	if (!n)
		return NULL;
	if (n == 1 && str_eq(l->wrong.p[0], NO_SERVER))
		return err_new(ERR_INVALID, "invalid configuration: no configuration has been "
					    "provided, try setting KUBERNETES_MASTER environment "
					    "variable");
	for (size_t i = 0; i < n; i++)
		buf_addf(&all, "%s%.*s", i ? ", " : "", STR_ARG(l->wrong.p[i]));
	return err_new(ERR_INVALID, "invalid configuration: %s%s%s", n > 1 ? "[" : "", buf_c(&all),
		       n > 1 ? "]" : "");
}

/* ---- bytes ------------------------------------------------------------- */

/* KEY-data is base64, KEY is a path beside the file: both as they were said. */
struct bytes {
	str data, path;
};

static err *bytes_of(struct loader *l, struct entry e, const char *key, struct bytes *out)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(KUBECONFIG_SIZE_MAX);

	TRY(base64_read(&b, node_str(node_get(e.value, arena_cat(l->arena, str_c(key), S("-data")))),
			BASE64_STD));
	out->data = arena_str(l->arena, buf_str(&b));
	out->path = beside(l, e, text_of(e, key));
	return NULL;
}

static bool is_given(const struct bytes *b)
{
	return b->data.n || b->path.n;
}

/* What the caller names goes before both. */
static void take_path(str path, struct bytes *out)
{
	if (path.n)
		*out = (struct bytes){ .path = path };
}

/* Of the cluster or user `owner`; `what` for messages. */
static void read_bytes(struct loader *l, const struct bytes *b, const char *what, str owner,
		       str *out)
{
	err *e = b->path.n ? fs_read_any(l->arena, b->path, KUBECONFIG_SIZE_MAX, out) : NULL;

	if (e)
		WRONG(l, "unable to read %s %.*s for %.*s due to %s", what, STR_ARG(b->path),
		      STR_ARG(owner), err_msg(e));
	err_free(e);
	if (b->data.n)
		*out = b->data;
}

/* ---- the cluster ------------------------------------------------------- */

static void check_proxy(struct loader *l, str cluster, str proxy)
{
	struct gourl u;
	str why = STR_NONE;

	if (!proxy.n)
		return;
	CLEANUP(err_drop) err *e = gourl_parse(l->arena, proxy, &u);

	if (e)
		why = arena_cat(l->arena, S("could not parse: "), proxy);
	else if (!str_eq(u.scheme, S("http")) && !str_eq(u.scheme, S("https")) &&
		 !str_eq(u.scheme, S("socks5")))
		why = arena_printf(l->arena,
				   "unsupported scheme \"%.*s\", must be http, https, or socks5",
				   STR_ARG(u.scheme));
	if (why.n)
		WRONG(l, "invalid 'proxy-url' \"%.*s\" for cluster \"%.*s\": %.*s", STR_ARG(proxy),
		      STR_ARG(cluster), STR_ARG(why));
}

static void check_cluster(struct loader *l, str name, const struct bytes *ca, struct kubeconfig *out)
{
	if (!out->server.n && !out->tls_server_name.n && !out->proxy_url.n && !out->insecure &&
	    !out->no_compression && !is_given(ca)) {
		avec_push(l->arena, &l->wrong, NO_SERVER);
		return;
	}
	if (!out->server.n && name.n)
		WRONG(l, "no server found for cluster \"%.*s\"", STR_ARG(name));
	else if (!out->server.n)
		WRONG(l, "default cluster has no server defined");
	check_proxy(l, name, out->proxy_url);
	if (ca->data.n && ca->path.n)
		WRONG(l,
		      "certificate-authority-data and certificate-authority are both specified for "
		      "%.*s. certificate-authority-data will override.",
		      STR_ARG(name));
	read_bytes(l, ca, "certificate-authority", name, &out->ca);
}

static err *take_cluster(struct loader *l, str name, struct kubeconfig *out)
{
	const struct kubeconfig_wish *w = l->wish;
	struct entry e = { NODE_NOTHING, STR_NONE };
	struct bytes ca;

	if (!find_entry(l, "clusters", "cluster", name, &e) && w->cluster.n)
		return err_new(ERR_NOT_FOUND, "cluster \"%.*s\" does not exist", STR_ARG(name));
	out->server = text_of(e, "server");
	out->tls_server_name = text_of(e, "tls-server-name");
	out->proxy_url = text_of(e, "proxy-url");
	out->insecure = node_bool(node_get(e.value, S("insecure-skip-tls-verify")));
	out->no_compression = node_bool(node_get(e.value, S("disable-compression")));
	TRY(bytes_of(l, e, "certificate-authority", &ca));
	if (w->insecure || w->certificate_authority.n) {
		out->insecure = w->insecure;
		ca = (struct bytes){ .path = w->certificate_authority };
	}
	/* Another server has another name. */
	if (w->tls_server_name.n || w->server.n)
		out->tls_server_name = w->tls_server_name;
	if (w->server.n)
		out->server = w->server;
	else if (!out->server.n)
		out->server = l->server;
	check_cluster(l, name, &ca, out);
	while (out->server.n && out->server.p[out->server.n - 1] == '/')
		out->server.n--;
	return NULL;
}

/* ---- the user ---------------------------------------------------------- */

static const str *texts_of(struct loader *l, node list, size_t *n)
{
	str *texts = arena_array(l->arena, str, node_len(list));

	*n = 0;
	node_each_item(i, list)
		texts[(*n)++] = node_str(*i);
	return texts;
}

static void take_exec(struct loader *l, struct entry e, struct kubeconfig_exec *out)
{
	node exec = node_get(e.value, S("exec")), env = node_get(exec, S("env"));
	str *vars = arena_array(l->arena, str, node_len(env));

	if (node_is_nil(exec))
		return;
	out->command = node_str(node_get(exec, S("command")));
	if (str_find_char(out->command, '/') != STR_NPOS)
		out->command = beside(l, e, out->command);
	out->args = texts_of(l, node_get(exec, S("args")), &out->args_n);
	node_each_item(v, env)
		vars[out->env_n++] = arena_cat(l->arena, node_str(node_get(*v, S("name"))), S("="),
					       node_str(node_get(*v, S("value"))));
	out->env = vars;
	out->api_version = node_str(node_get(exec, S("apiVersion")));
	out->install_hint = node_str(node_get(exec, S("installHint")));
	out->cluster_info = node_bool(node_get(exec, S("provideClusterInfo")));
}

/* Of the versions before v1 nobody has to say how the plugin deals with a terminal. */
static bool needs_mode(str api_version)
{
	return !str_eq(api_version, S("client.authentication.k8s.io/v1beta1")) &&
	       !str_eq(api_version, S("client.authentication.k8s.io/v1alpha1"));
}

static void check_exec(struct loader *l, str user, node exec)
{
	static const char use[] = "to use exec authentication plugin";
	str version = node_str(node_get(exec, S("apiVersion")));
	str mode = node_str(node_get(exec, S("interactiveMode")));

	if (node_is_nil(exec))
		return;
	if (!node_str(node_get(exec, S("command"))).n)
		WRONG(l, "command must be specified for %.*s %s", STR_ARG(user), use);
	if (!version.n)
		WRONG(l, "apiVersion must be specified for %.*s %s", STR_ARG(user), use);
	node_each_item(v, node_get(exec, S("env")))
		if (!node_str(node_get(*v, S("name"))).n)
			WRONG(l, "env variable name must be specified for %.*s %s", STR_ARG(user),
			      use);
	if (!mode.n && needs_mode(version))
		WRONG(l, "interactiveMode must be specified for %.*s %s", STR_ARG(user), use);
	else if (mode.n && !str_eq(mode, S("Never")) && !str_eq(mode, S("IfAvailable")) &&
		 !str_eq(mode, S("Always")))
		WRONG(l, "invalid interactiveMode for %.*s: \"%.*s\"", STR_ARG(user), STR_ARG(mode));
}

/* A certificate is nothing without its key. */
static void check_pair(struct loader *l, str user, const struct bytes *cert, const struct bytes *key)
{
	if (cert->data.n && cert->path.n)
		WRONG(l,
		      "client-cert-data and client-cert are both specified for %.*s. "
		      "client-cert-data will override.",
		      STR_ARG(user));
	if (key->data.n && key->path.n)
		WRONG(l,
		      "client-key-data and client-key are both specified for %.*s; client-key-data "
		      "will override",
		      STR_ARG(user));
	if (!is_given(key))
		WRONG(l,
		      "client-key-data or client-key must be specified for %.*s to use the "
		      "clientCert authentication method.",
		      STR_ARG(user));
}

/* One way to log in, and nobody is only of a group. */
static void check_user(struct loader *l, str user, const struct kubeconfig *k)
{
	if (k->token.n && (k->user.n || k->password.n))
		WRONG(l,
		      "more than one authentication method found for %.*s; found [token "
		      "basicAuth], only one is allowed",
		      STR_ARG(user));
	if (!k->as.n && (k->as_uid.n || k->as_groups_n || k->as_extra_n))
		WRONG(l, "requesting uid, groups or user-extra for %.*s without impersonating a user",
		      STR_ARG(user));
}

/* As kubectl: what is said without a "=" counts for nothing. */
static void take_extra(struct loader *l, node said, struct kubeconfig *out)
{
	const struct kubeconfig_wish *w = l->wish;
	VEC(str) pairs = { 0 };

	for (size_t i = 0; i < w->as_extra_n; i++)
		if (str_find_char(w->as_extra[i], '=') != STR_NPOS)
			avec_push(l->arena, &pairs, w->as_extra[i]);
	if (!pairs.n)
		node_each_pair(p, said)
			node_each_item(v, p->value)
				avec_push(l->arena, &pairs,
					  arena_cat(l->arena, node_str(p->key), S("="),
						    node_str(*v)));
	out->as_extra = pairs.p;
	out->as_extra_n = pairs.n;
}

/* What the caller says goes before what the files say. */
static void take_login(struct loader *l, struct entry e, struct kubeconfig *out)
{
	const struct kubeconfig_wish *w = l->wish;

	out->token = text_of(e, "token");
	out->token_file = beside(l, e, text_of(e, "tokenFile"));
	out->user = text_of(e, "username");
	out->password = text_of(e, "password");
	out->as = w->as.n ? w->as : text_of(e, "as");
	out->as_uid = w->as_uid.n ? w->as_uid : text_of(e, "as-uid");
	out->as_groups = texts_of(l, node_get(e.value, S("as-groups")), &out->as_groups_n);
	if (w->as_groups_n) {
		out->as_groups = w->as_groups;
		out->as_groups_n = w->as_groups_n;
	}
	take_extra(l, node_get(e.value, S("as-user-extra")), out);
	take_exec(l, e, &out->exec);
	if (w->token.n) {
		out->token = w->token;
		out->token_file = STR_NONE;
		out->exec.command = STR_NONE;
	}
}

static err *take_user(struct loader *l, str name, struct kubeconfig *out)
{
	struct entry e = { NODE_NOTHING, STR_NONE };
	struct bytes cert, key;

	if (!find_entry(l, "users", "user", name, &e) && l->wish->user.n)
		return err_new(ERR_NOT_FOUND, "auth info \"%.*s\" does not exist", STR_ARG(name));
	take_login(l, e, out);
	TRY(bytes_of(l, e, "client-certificate", &cert));
	TRY(bytes_of(l, e, "client-key", &key));
	take_path(l->wish->client_certificate, &cert);
	take_path(l->wish->client_key, &key);
	if (is_given(&cert)) {
		check_pair(l, name, &cert, &key);
		read_bytes(l, &cert, "client-cert", name, &out->cert);
		read_bytes(l, &key, "client-key", name, &out->key);
	}
	check_exec(l, name, node_get(e.value, S("exec")));
	check_user(l, name, out);
	return NULL;
}

/* ---- the whole --------------------------------------------------------- */

/* In the clear nobody logs in. */
static void keep_secrets(struct kubeconfig *k)
{
	if (str_starts(k->server, S("https://")))
		return;
	k->token = k->token_file = k->user = k->password = STR_NONE;
	k->cert = k->key = k->ca = k->tls_server_name = STR_NONE;
	k->insecure = false;
	k->exec = (struct kubeconfig_exec){ 0 };
}

/* The context, the cluster and the user that it leads to. What the caller names must be
 * there; a user that the files name, and have not, is nobody. */
static err *take_all(struct loader *l, struct kubeconfig *out)
{
	const struct kubeconfig_wish *w = l->wish;
	struct entry context = { NODE_NOTHING, STR_NONE };
	str name = w->context.n ? w->context : current_context(l);
	bool found = find_entry(l, "contexts", "context", name, &context);

	out->context = name;
	out->namespace = text_of(context, "namespace");
	if (name.n && !found && !w->context.n)
		WRONG(l, "context was not found for specified context: %.*s", STR_ARG(name));
	TRY(take_user(l, w->user.n ? w->user : text_of(context, "user"), out));
	if (!found && w->context.n)
		return err_new(ERR_NOT_FOUND, "context \"%.*s\" does not exist", STR_ARG(name));
	TRY(take_cluster(l, w->cluster.n ? w->cluster : text_of(context, "cluster"), out));
	TRY(check(l));
	keep_secrets(out);
	return NULL;
}

/* ---- without a file ---------------------------------------------------- */

static bool says_nothing(const struct loader *l)
{
	for (size_t i = 0; i < l->files_n; i++)
		if (node_len(node_get(l->files[i], S("clusters"))) ||
		    node_len(node_get(l->files[i], S("contexts"))) ||
		    node_str(node_get(l->files[i], S("current-context"))).n)
			return false;
	return true;
}

/* What the caller says counts in a Pod, too. */
static err *take_wishes(struct loader *l, struct kubeconfig *out)
{
	const struct kubeconfig_wish *w = l->wish;
	struct kubeconfig k = *out;
	struct bytes ca = { .path = w->certificate_authority };

	take_login(l, (struct entry){ NODE_NOTHING, STR_NONE }, out);
	if (!out->token.n)
		out->token_file = k.token_file;
	out->tls_server_name = w->tls_server_name;
	out->insecure = w->insecure;
	if (w->insecure)
		out->ca = STR_NONE;
	read_bytes(l, &ca, "certificate-authority", STR_NONE, &out->ca);
	check_user(l, STR_NONE, out);
	return check(l);
}

/* What a Pod has; false when this is none. */
static bool take_pod(struct loader *l, struct kubeconfig *out)
{
	str host = env_of(l, "KUBERNETES_SERVICE_HOST"), port = env_of(l, "KUBERNETES_SERVICE_PORT");
	str token, ca, namespace;

	if (!host.n || !port.n)
		return false;
	CLEANUP(err_drop) err *e = fs_read_any(l->arena, S(POD_TOKEN), POD_FILE_MAX, &token);

	if (e)
		return false;
	bool v6 = str_find_char(host, ':') != STR_NPOS;

	out->server = arena_printf(l->arena, v6 ? "https://[%.*s]:%.*s" : "https://%.*s:%.*s",
				   STR_ARG(host), STR_ARG(port));
	out->token_file = S(POD_TOKEN);
	CLEANUP(err_drop) err *no_ca = fs_read_any(l->arena, S(POD_CA), POD_FILE_MAX, &ca);

	if (!no_ca)
		out->ca = ca;
	CLEANUP(err_drop)
	err *no_ns = fs_read_any(l->arena, S(POD_NAMESPACE), POD_FILE_MAX, &namespace);

	if (!no_ns)
		out->namespace = str_trim(namespace);
	return true;
}

err *kubeconfig_load(struct arena *a, char *const *env, const struct kubeconfig_wish *wish,
		     struct kubeconfig *out)
{
	static const struct kubeconfig_wish none = { 0 };
	struct loader l = { .arena = a, .env = env, .wish = wish ? wish : &none };
	struct kubeconfig k = { 0 };

	l.server = env_of(&l, "KUBERNETES_MASTER");
	if (!l.server.n)
		l.server = S("http://localhost:8080");
	TRY(add_files(&l));
	bool nothing = says_nothing(&l) && !l.wish->context.n && !l.wish->cluster.n &&
		       !l.wish->user.n && !l.wish->server.n;

	if (nothing && take_pod(&l, &k))
		TRY(take_wishes(&l, &k));
	else
		TRY(take_all(&l, &k));
	*out = k;
	return NULL;
}

/* Flux's words for the first entry of `list` that names a file, whether or not it is used. */
static err *refuse_paths(node list, const char *entry)
{
	static const struct {
		const char *entry, *key, *text;
	} files[] = {
		{ "cluster", "certificate-authority",
		  "a certificate-authority file, only certificate-authority-data is" },
		{ "user", "tokenFile", "a tokenFile, only an inline token is" },
		{ "user", "client-certificate",
		  "a client-certificate file, only client-certificate-data is" },
		{ "user", "client-key", "a client-key file, only client-key-data is" },
	};

	node_each_item(item, list)
		for (size_t i = 0; i < sizeof files / sizeof *files; i++)
			if (strcmp(files[i].entry, entry) == 0 &&
			    node_str(node_dig(*item, entry, files[i].key)).n)
				return err_new(ERR_INVALID, "%s '%.*s' references %s supported",
					       entry, STR_ARG(node_str(node_get(*item, S("name")))),
					       files[i].text);
	return NULL;
}

err *kubeconfig_read(struct arena *a, str text, bool allow_exec, bool allow_insecure,
		     struct kubeconfig *out)
{
	static const struct kubeconfig_wish none = { 0 };
	struct loader l = { .arena = a, .wish = &none };
	struct kubeconfig k = { 0 };

	TRY(add_text(&l, text, STR_NONE));
	TRY(refuse_paths(node_get(l.files[0], S("clusters")), "cluster"));
	TRY(refuse_paths(node_get(l.files[0], S("users")), "user"));
	TRY(take_all(&l, &k));
	if (!allow_exec)
		k.exec = (struct kubeconfig_exec){ 0 };
	if (!allow_insecure)
		k.insecure = false;
	*out = k;
	return NULL;
}

/* ---- writing ----------------------------------------------------------- */

static void put(struct arena *a, node map, const char *key, str value)
{
	if (value.n)
		node_set(a, map, str_c(key), node_from_str(a, value));
}

static void put_bytes(struct arena *a, node map, const char *key, str bytes)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	base64_write(&b, bytes, BASE64_STD);
	put(a, map, key, arena_str(a, buf_str(&b)));
}

/* [{NAME_KEY: value, name: NAME}] */
static node list_of_one(struct arena *a, const char *key, node value, str name)
{
	node list = node_seq(a, 1), item = node_map(a, 2);

	node_set(a, item, str_c(key), value);
	put(a, item, "name", name);
	node_append(a, list, item);
	return list;
}

str kubeconfig_text(struct arena *a, const struct kubeconfig *k, str name)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node file = node_map(a, 6), cluster = node_map(a, 2), user = node_map(a, 3);
	node context = node_map(a, 3);

	put_bytes(a, cluster, "certificate-authority-data", k->ca);
	put(a, cluster, "server", k->server);
	put_bytes(a, user, "client-certificate-data", k->cert);
	put_bytes(a, user, "client-key-data", k->key);
	put(a, user, "token", k->token);
	put(a, context, "cluster", name);
	put(a, context, "namespace", k->namespace);
	put(a, context, "user", name);
	put(a, file, "apiVersion", S("v1"));
	node_set(a, file, S("clusters"), list_of_one(a, "cluster", cluster, name));
	node_set(a, file, S("contexts"), list_of_one(a, "context", context, name));
	put(a, file, "current-context", name);
	put(a, file, "kind", S("Config"));
	node_set(a, file, S("users"), list_of_one(a, "user", user, name));
	err *e = yaml_write(&b, file, YAML_WRITE_SIGS);

	assert(!e);	/* texts only */
	return arena_str(a, buf_str(&b));
}
