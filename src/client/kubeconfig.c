#include "client/kubeconfig.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/vec.h"
#include "text/base64.h"
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

/* A file of the cluster or user `owner`; `what` for messages. */
static err *read_part(struct loader *l, str path, const char *what, str owner, str *out)
{
	err *e = fs_read_any(l->arena, path, KUBECONFIG_SIZE_MAX, out);

	return e ? err_replace(e, "invalid configuration: unable to read %s %.*s for %.*s due to %s",
			       what, STR_ARG(path), STR_ARG(owner), err_msg(e))
		 : NULL;
}

/* KEY-data is base64, KEY is a path beside the file. `what` for messages. */
static err *bytes_of(struct loader *l, struct entry e, const char *key, const char *what,
		     str owner, str *out)
{
	str name = str_c(key);
	str data = node_str(node_get(e.value, arena_cat(l->arena, name, S("-data"))));
	str path = beside(l, e, text_of(e, key));

	if (data.n) {
		CLEANUP(buf_release) struct buf b = BUF_LIMIT(KUBECONFIG_SIZE_MAX);

		TRY(base64_read(&b, data, BASE64_STD));
		*out = arena_str(l->arena, buf_str(&b));
		return NULL;
	}
	return path.n ? read_part(l, path, what, owner, out) : NULL;
}

/* ---- the parts --------------------------------------------------------- */

static err *take_cluster(struct loader *l, str name, struct kubeconfig *out)
{
	struct entry e = { NODE_NOTHING, STR_NONE };

	if (name.n && !find_entry(l, "clusters", "cluster", name, &e))
		return err_new(ERR_NOT_FOUND, "cluster \"%.*s\" does not exist", STR_ARG(name));
	out->server = text_of(e, "server");
	out->tls_server_name = text_of(e, "tls-server-name");
	out->proxy_url = text_of(e, "proxy-url");
	out->insecure = node_bool(node_get(e.value, S("insecure-skip-tls-verify")));
	out->no_compression = node_bool(node_get(e.value, S("disable-compression")));
	if (l->wish->server.n)
		out->server = l->wish->server;
	if (!out->server.n)
		return err_new(ERR_INVALID,
			       "invalid configuration: no server found for cluster \"%.*s\"",
			       STR_ARG(name));
	while (out->server.n && out->server.p[out->server.n - 1] == '/')
		out->server.n--;
	return bytes_of(l, e, "certificate-authority", "certificate-authority", name, &out->ca);
}

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

static err *take_user(struct loader *l, str name, struct kubeconfig *out)
{
	struct entry e = { NODE_NOTHING, STR_NONE };

	if (name.n && !find_entry(l, "users", "user", name, &e))
		return err_new(ERR_NOT_FOUND, "auth info \"%.*s\" does not exist", STR_ARG(name));
	out->token = text_of(e, "token");
	out->token_file = beside(l, e, text_of(e, "tokenFile"));
	out->user = text_of(e, "username");
	out->password = text_of(e, "password");
	out->as = text_of(e, "as");
	out->as_uid = text_of(e, "as-uid");
	out->as_groups = texts_of(l, node_get(e.value, S("as-groups")), &out->as_groups_n);
	take_exec(l, e, &out->exec);
	TRY(bytes_of(l, e, "client-certificate", "client-cert", name, &out->cert));
	return bytes_of(l, e, "client-key", "client-key", name, &out->key);
}

static err *read_wished(struct loader *l, str path, const char *what, str owner, str *out)
{
	return path.n ? read_part(l, path, what, owner, out) : NULL;
}

/* As kubectl: what is said without a "=" counts for nothing. */
static void take_extra(struct loader *l, struct kubeconfig *out)
{
	const struct kubeconfig_wish *w = l->wish;
	str *pairs = arena_array(l->arena, str, w->as_extra_n);

	for (size_t i = 0; i < w->as_extra_n; i++)
		if (str_find_char(w->as_extra[i], '=') != STR_NPOS)
			pairs[out->as_extra_n++] = w->as_extra[i];
	out->as_extra = pairs;
}

/* What the caller says goes before what the files say. */
static err *take_wishes(struct loader *l, str cluster, str user, struct kubeconfig *out)
{
	const struct kubeconfig_wish *w = l->wish;

	if (w->token.n) {
		out->token = w->token;
		out->token_file = STR_NONE;
		out->exec.command = STR_NONE;
	}
	if (w->as.n)
		out->as = w->as;
	if (w->as_uid.n)
		out->as_uid = w->as_uid;
	if (w->as_groups_n) {
		out->as_groups = w->as_groups;
		out->as_groups_n = w->as_groups_n;
	}
	take_extra(l, out);
	if (w->tls_server_name.n)
		out->tls_server_name = w->tls_server_name;
	if (w->insecure) {
		out->insecure = true;
		out->ca = STR_NONE;
	}
	TRY(read_wished(l, w->certificate_authority, "certificate-authority", cluster,
			&out->ca));
	TRY(read_wished(l, w->client_certificate, "client-cert", user, &out->cert));
	return read_wished(l, w->client_key, "client-key", user, &out->key);
}

/* A certificate is nothing without its key, and nobody is only of a group. */
static err *check_user(const struct kubeconfig *k, str user)
{
	CLEANUP(buf_release) struct buf wrong = BUF_INIT;
	size_t n = 0;

	if (k->cert.n && !k->key.n)
		buf_addf(&wrong,
			 "%sclient-key-data or client-key must be specified for %.*s to use the "
			 "clientCert authentication method.",
			 n++ ? ", " : "", STR_ARG(user));
	if (!k->as.n && (k->as_uid.n || k->as_groups_n || k->as_extra_n))
		buf_addf(&wrong,
			 "%srequesting uid, groups or user-extra for %.*s without impersonating a "
			 "user",
			 n++ ? ", " : "", STR_ARG(user));
	if (!n)
		return NULL;
	return err_new(ERR_INVALID, "invalid configuration: %s%s%s", n > 1 ? "[" : "",
		       buf_c(&wrong), n > 1 ? "]" : "");
}

/* The context, the cluster and the user that it leads to. */
static err *take_all(struct loader *l, struct kubeconfig *out)
{
	struct entry context = { NODE_NOTHING, STR_NONE };
	str name = l->wish->context.n ? l->wish->context : current_context(l);
	str cluster, user;

	if (name.n && !find_entry(l, "contexts", "context", name, &context))
		return err_new(ERR_NOT_FOUND, "context \"%.*s\" does not exist", STR_ARG(name));
	out->context = name;
	out->namespace = text_of(context, "namespace");
	cluster = l->wish->cluster.n ? l->wish->cluster : text_of(context, "cluster");
	user = l->wish->user.n ? l->wish->user : text_of(context, "user");
	TRY(take_user(l, user, out));
	TRY(take_cluster(l, cluster, out));
	TRY(take_wishes(l, cluster, user, out));
	return check_user(out, user);
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

	TRY(add_files(&l));
	if (!says_nothing(&l) || l.wish->context.n || l.wish->cluster.n || l.wish->user.n ||
	    l.wish->server.n) {
		TRY(take_all(&l, &k));
	} else {
		if (!take_pod(&l, &k))
			k.server = S("http://localhost:8080");
		TRY(take_wishes(&l, STR_NONE, STR_NONE, &k));
		TRY(check_user(&k, STR_NONE));
	}
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
