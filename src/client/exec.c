#include "client/exec.h"

#include "base/clock.h"
#include "base/proc.h"
#include "base/vec.h"
#include "text/base64.h"
#include "text/gotime.h"
#include "value/json.h"

/* A login may ask for a second factor on the user's phone. */
#define EXEC_TIMEOUT (60 * CLOCK_SECOND)
/* Tokens and certificates have a few KiB. */
enum { EXEC_OUT_MAX = 1 << 20 };

/* ---- asking ------------------------------------------------------------ */

static node cluster_info(struct arena *a, const struct kubeconfig *k)
{
	CLEANUP(buf_release) struct buf ca = BUF_INIT;
	node cluster = node_map(a, 5);

	base64_write(&ca, k->ca, BASE64_STD);
	node_set(a, cluster, S("server"), node_from_str(a, k->server));
	if (k->tls_server_name.n)
		node_set(a, cluster, S("tls-server-name"), node_from_str(a, k->tls_server_name));
	if (k->insecure)
		node_set(a, cluster, S("insecure-skip-tls-verify"), node_from_bool(true));
	if (ca.n)
		node_set(a, cluster, S("certificate-authority-data"),
			 node_copy_str(a, buf_str(&ca)));
	if (k->proxy_url.n)
		node_set(a, cluster, S("proxy-url"), node_from_str(a, k->proxy_url));
	return cluster;
}

static str exec_info(struct arena *a, const struct kubeconfig *k)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node info = node_map(a, 3), spec = node_map(a, 2);

	node_set(a, info, S("kind"), node_lit("ExecCredential"));
	node_set(a, info, S("apiVersion"), node_from_str(a, k->exec.api_version));
	if (k->exec.cluster_info)
		node_set(a, spec, S("cluster"), cluster_info(a, k));
	node_set(a, spec, S("interactive"), node_from_bool(false));
	node_set(a, info, S("spec"), spec);
	err_free(json_write(&b, info, &(struct json_style){ .source_order = true }));
	return arena_cat(a, S("KUBERNETES_EXEC_INFO="), buf_str(&b));
}

/* Why there is no output to read. */
static err *failure(const struct kubeconfig *k, err *e, const struct proc_result *r)
{
	str command = k->exec.command, said = str_trim(buf_str(&r->err));

	if (e && err_kind(e) == ERR_NOT_FOUND)
		return err_replace(e, "exec: executable %.*s not found%s%.*s", STR_ARG(command),
				   k->exec.install_hint.n ? "\n\n" : "",
				   STR_ARG(k->exec.install_hint));
	if (e)
		return err_wrap(e, "exec");
	return err_new(ERR_UNAVAILABLE, "exec: executable %.*s failed with exit code %d%s%.*s",
		       STR_ARG(command), r->exit, said.n ? ": " : "", STR_ARG(said));
}

typedef VEC(const char *) texts_vec;

static bool is_set_by(const struct kubeconfig *k, str var)
{
	str name = str_sub(var, 0, str_find_char(var, '='));

	for (size_t i = 0; i < k->exec.env_n; i++)
		if (str_eq(str_sub(k->exec.env[i], 0, str_find_char(k->exec.env[i], '=')), name))
			return true;
	return false;
}

/* The user's variables, but for those that the kubeconfig sets. */
static const char *const *variables(struct arena *a, const struct kubeconfig *k, char *const *env)
{
	texts_vec vars = { 0 };

	for (char *const *e = env; e && *e; e++)
		if (!is_set_by(k, str_c(*e)))
			avec_push(a, &vars, *e);
	for (size_t i = 0; i < k->exec.env_n; i++)
		avec_push(a, &vars, arena_str(a, k->exec.env[i]).p);
	avec_push(a, &vars, exec_info(a, k).p);
	avec_push(a, &vars, NULL);
	return vars.p;
}

static err *run(struct arena *a, const struct kubeconfig *k, char *const *env, str *out)
{
	texts_vec argv = { 0 };
	struct proc_result r;

	avec_push(a, &argv, arena_str(a, k->exec.command).p);
	for (size_t i = 0; i < k->exec.args_n; i++)
		avec_push(a, &argv, arena_str(a, k->exec.args[i]).p);
	avec_push(a, &argv, NULL);
	err *e = proc_run(&(struct proc_spec){ .argv = argv.p,
					       .env = variables(a, k, env),
					       .max_out = EXEC_OUT_MAX,
					       .timeout = EXEC_TIMEOUT },
			  &r);

	if (e || r.exit)
		e = failure(k, e, &r);
	else
		*out = arena_str(a, buf_str(&r.out));
	proc_release(&r);
	return e;
}

/* ---- the answer -------------------------------------------------------- */

static err *check_status(const struct exec_credential *c)
{
	if (!c->token.n && !c->cert.n && !c->key.n)
		return err_new(ERR_INVALID, "exec plugin didn't return a token or cert/key pair");
	if (!c->cert.n != !c->key.n)
		return err_new(ERR_INVALID,
			       "exec plugin returned only certificate or key, not both");
	return NULL;
}

err *exec_credential_read(struct arena *a, str text, str api_version, struct exec_credential *out)
{
	struct exec_credential c = { .until = INT64_MAX };
	node credential;
	err *e = json_read(a, text, NULL, &credential);

	if (e)
		return err_wrap(e, "decoding stdout");
	str version = node_str(node_get(credential, S("apiVersion")));
	node status = node_get(credential, S("status"));

	if (!str_eq(version, api_version))
		return err_new(ERR_INVALID,
			       "exec plugin is configured to use API version %.*s, plugin returned "
			       "version %.*s",
			       STR_ARG(api_version), STR_ARG(version));
	if (!node_is(status, NODE_MAP))
		return err_new(ERR_INVALID, "exec plugin didn't return a status field");
	c.token = node_str(node_get(status, S("token")));
	c.cert = node_str(node_get(status, S("clientCertificateData")));
	c.key = node_str(node_get(status, S("clientKeyData")));
	TRY(check_status(&c));
	str when = node_str(node_get(status, S("expirationTimestamp")));

	if (when.n) {
		struct gotime t;

		e = gotime_parse(&t, GOTIME_RFC3339, when, NULL);
		if (e)
			return err_wrap(e, "decoding stdout");
		c.until = clock_seconds(t.sec);
	}
	*out = c;
	return NULL;
}

err *exec_credential_get(struct arena *a, const struct kubeconfig *k, char *const *env,
			 struct exec_credential *out)
{
	str text;
	err *e = run(a, k, env, &text);

	if (!e)
		e = exec_credential_read(a, text, k->exec.api_version, out);
	return e ? err_wrap(e, "getting credentials") : NULL;
}
