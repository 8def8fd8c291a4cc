/* remote_account - tokens of ServiceAccounts, and the provider that needs no more. */
#include "base/fs.h"
#include "controllers/remote_impl.h"
#include "text/base64.h"
#include "value/json.h"

#define OWN_TOKEN "/var/run/secrets/kubernetes.io/serviceaccount/token"
enum { TOKEN_MAX = 1 << 20 };

static const struct client_resource accounts = { STR_NONE, S("v1"), S("serviceaccounts"),
						 S("ServiceAccount"), true };

/* ---- what a token says -------------------------------------------------------- */

/* Not verified: it is the server's that will look at it. */
static err *claims_of(struct arena *a, str token, node *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str head, claims, rest = token;
	err *e = NULL;

	if (!str_cut(&rest, &head, '.') || !str_cut(&rest, &claims, '.') || !rest.n)
		e = err_new(ERR_INVALID, "token is malformed: token contains an invalid number of "
					 "segments");
	if (!e)
		e = base64_read(&b, claims, BASE64_RAW_URL);
	if (!e)
		e = json_read(a, arena_str(a, buf_str(&b)), NULL, out);
	return e ? err_wrap(e, "failed to parse service account token") : NULL;
}

err *remote_token_end(struct arena *a, str token, int64_t *ends)
{
	node claims;

	TRY(claims_of(a, token, &claims));
	node exp = node_get(claims, S("exp"));

	if (!node_is_num(exp))
		return err_new(ERR_INVALID, "failed to get expiration time from service account token: "
					    "it has none");
	*ends = (int64_t)node_float(exp) * CLOCK_SECOND;
	return NULL;
}

/* ---- asking for one ------------------------------------------------------------ */

static err *request_token(struct remote_login *l, struct arena *a, str namespace, str name,
			  const str *audiences, size_t n, str *token)
{
	node object = node_map(a, 3), spec = node_map(a, 1), list = node_seq(a, n), answer;
	CLEANUP(buf_release) struct buf body = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		node_append(a, list, node_from_str(a, audiences[i]));
	if (n)
		node_set(a, spec, S("audiences"), list);
	node_set(a, object, S("apiVersion"), node_lit("authentication.k8s.io/v1"));
	node_set(a, object, S("kind"), node_lit("TokenRequest"));
	node_set(a, object, S("spec"), spec);
	TRY(json_write(&body, object, NULL));
	TRY(client_do(l->own, a,
		      &(struct client_request){ .method = S("POST"),
						.path = client_path(a, &accounts, namespace, name,
								    S("token")),
						.body = buf_str(&body) },
		      &answer));
	*token = arena_str(a, node_str(node_dig(answer, "status", "token")));
	return token->n ? NULL : err_new(ERR_INTERNAL, "the server gave no token");
}

err *remote_account(struct remote_login *l, struct arena *a, node *out)
{
	err *e = client_get(l->own, a, &accounts, l->namespace, l->account, out);

	if (e && err_kind(e) == ERR_NOT_FOUND && l->account_is_default)
		e = err_replace(e, "the specified default service account does not exist in the object "
				   "namespace. your cluster is subject to multi-tenant workload identity "
				   "lockdown, reach out to your cluster administrator for help");
	return e ? err_wrap(e, "failed to get service account '%.*s/%.*s'", STR_ARG(l->namespace),
			    STR_ARG(l->account))
		 : NULL;
}

err *remote_account_token(struct remote_login *l, struct arena *a, const str *audiences, size_t n,
			  str *token)
{
	if (!l->accounts_allowed)
		return err_new(ERR_INVALID,
			       "ObjectLevelWorkloadIdentity feature gate is not enabled");
	err *e = request_token(l, a, l->namespace, l->account, audiences, n, token);

	return e ? err_wrap(e, "failed to create kubernetes token for service account '%.*s/%.*s'",
			    STR_ARG(l->namespace), STR_ARG(l->account))
		 : NULL;
}

static err *own_token(struct remote_login *l, struct arena *a, const str *audiences, size_t n,
		      str *token)
{
	str text, parts[4];
	size_t count = 0;
	node claims;
	err *e = fs_read_any(a, S(OWN_TOKEN), TOKEN_MAX, &text);

	if (e)
		return err_wrap(e, "failed to read service account token file " OWN_TOKEN);
	TRY(claims_of(a, str_trim(text), &claims));
	str subject = node_str(node_get(claims, S("sub"))), rest = subject, part;

	for (; str_cut(&rest, &part, ':'); count++)
		if (count < 4)
			parts[count] = part;
	if (count != 4)
		return err_new(ERR_INVALID, "invalid subject format in service account token: %.*s",
			       STR_ARG(subject));
	e = request_token(l, a, parts[2], parts[3], audiences, n, token);
	return e ? err_wrap(e, "failed to create kubernetes token for controller service account "
			       "'%.*s/%.*s'",
			    STR_ARG(parts[2]), STR_ARG(parts[3]))
		 : NULL;
}

err *remote_own_token(struct remote_login *l, struct arena *a, const str *audiences, size_t n,
		      str *token)
{
	err *e = own_token(l, a, audiences, n, token);

	return e ? err_wrap(e, "failed to create provider access token for the controller") : NULL;
}

/* ---- generic: the other cluster trusts ours ---------------------------------------- */

static err *generic_connect(struct remote_login *l, struct arena *a, struct kubeconfig *out)
{
	if (!l->address.n)
		return err_new(ERR_INVALID, "cluster address is required to create a REST config");
	err *e = remote_address(a, l->address, &out->server);

	out->ca = l->ca;
	return e ? err_wrap(e, "failed to parse cluster address %.*s", STR_ARG(l->address)) : NULL;
}

static err *get_token(struct remote_login *l, struct arena *a, str *token)
{
	const str *audiences = l->audiences_n ? l->audiences : &l->address;
	size_t n = l->audiences_n ? l->audiences_n : 1;
	node account;

	if (!l->account.n)
		return remote_own_token(l, a, audiences, n, token);
	TRY(remote_account(l, a, &account));
	return remote_account_token(l, a, audiences, n, token);
}

static err *generic_token(struct remote_login *l, struct arena *a, str *token, int64_t *ends)
{
	err *e = get_token(l, a, token);

	if (!e)
		e = remote_token_end(a, *token, ends);
	return e ? err_wrap(e, "failed to get access token for cluster") : NULL;
}

const struct remote_provider remote_generic = { "generic", generic_connect, generic_token };
