/* exec - credentials from a program that the kubeconfig names.
 *
 * The program gets the user's environment, the variables of the kubeconfig
 * and KUBERNETES_EXEC_INFO, and prints an ExecCredential. Only the command
 * line runs such programs, never a controller.
 */
#include <string.h>

#include "base/clock.h"
#include "base/proc.h"
#include "base/vec.h"
#include "client/client_impl.h"
#include "text/gotime.h"
#include "value/json.h"

#define EXEC_TIMEOUT (60 * CLOCK_SECOND)
enum { EXEC_OUT_MAX = 1 << 20 };

static str exec_info(struct arena *a, const struct kubeconfig *k)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node info = node_map(a, 3), spec = node_map(a, 2), cluster = node_map(a, 3);

	node_set(a, info, S("kind"), node_lit("ExecCredential"));
	node_set(a, info, S("apiVersion"), node_from_str(a, k->exec.api_version));
	node_set(a, spec, S("interactive"), node_from_bool(false));
	if (k->exec.cluster_info) {
		node_set(a, cluster, S("server"), node_from_str(a, k->server));
		if (k->insecure)
			node_set(a, cluster, S("insecure-skip-tls-verify"), node_from_bool(true));
		node_set(a, spec, S("cluster"), cluster);
	}
	node_set(a, info, S("spec"), spec);
	err_free(json_write(&b, info, NULL));
	return arena_cat(a, S("KUBERNETES_EXEC_INFO="), buf_str(&b));
}

static err *run(struct arena *a, const struct kubeconfig *k, char *const *env, str *out)
{
	VEC(const char *) argv = { 0 }, vars = { 0 };
	struct proc_result r;

	avec_push(a, &argv, arena_str(a, k->exec.command).p);
	for (size_t i = 0; i < k->exec.args_n; i++)
		avec_push(a, &argv, arena_str(a, k->exec.args[i]).p);
	avec_push(a, &argv, NULL);
	for (char *const *e = env; e && *e; e++)
		avec_push(a, &vars, *e);
	for (size_t i = 0; i < k->exec.env_n; i++)
		avec_push(a, &vars, arena_str(a, k->exec.env[i]).p);
	avec_push(a, &vars, exec_info(a, k).p);
	avec_push(a, &vars, NULL);
	err *e = proc_run(&(struct proc_spec){ .argv = argv.p,
					       .env = vars.p,
					       .max_out = EXEC_OUT_MAX,
					       .timeout = EXEC_TIMEOUT },
			  &r);

	if (!e)
		e = proc_check(&r);
	if (!e)
		*out = arena_str(a, buf_str(&r.out));
	proc_release(&r);
	return e;
}

err *exec_credential_get(struct arena *a, const struct kubeconfig *k, char *const *env,
			 struct exec_credential *out)
{
	str text;
	node credential;
	err *e = run(a, k, env, &text);

	if (e)
		return err_wrap(e, "getting credentials: exec: executable %.*s failed",
				STR_ARG(k->exec.command));
	e = json_read(a, text, NULL, &credential);
	if (e)
		return err_wrap(e, "getting credentials: decoding stdout");
	node status = node_get(credential, S("status"));

	if (!node_is(status, NODE_MAP))
		return err_new(ERR_INVALID, "getting credentials: "
					    "exec plugin didn't return a status field");
	*out = (struct exec_credential){
		.token = node_str(node_get(status, S("token"))),
		.cert = node_str(node_get(status, S("clientCertificateData"))),
		.key = node_str(node_get(status, S("clientKeyData"))),
		.until = INT64_MAX,
	};
	if (!out->token.n && !(out->cert.n && out->key.n))
		return err_new(ERR_INVALID,
			       "getting credentials: exec plugin didn't return a token or cert/key pair");
	str when = node_str(node_get(status, S("expirationTimestamp")));

	if (when.n) {
		struct gotime t;

		TRY(gotime_parse(&t, GOTIME_RFC3339, when, NULL));
		out->until = clock_seconds(t.sec);
	}
	return NULL;
}
