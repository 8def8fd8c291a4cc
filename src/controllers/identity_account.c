/* identity_account - tokens of ServiceAccounts, and the provider that needs no more. */
#include "base/fs.h"
#include "controllers/identity_impl.h"
#include "crypto/jwt.h"
#include "value/json.h"

#define OWN_TOKEN "/var/run/secrets/kubernetes.io/serviceaccount/token"
enum { TOKEN_MAX = 1 << 20 };
/* Seconds since 1970 behind which no token is asked for again: the year 2262. */
#define END_OF_TIME 9.2e9

/* ---- what a token says -------------------------------------------------------- */

/* Not verified: it is the server's that will look at it. */
static err *claims_of(struct arena *a, str token, node *out)
{
	struct jwt t;
	err *e = jwt_read(a, token, &t);

	if (e)
		return err_wrap(e, "failed to parse service account token");
	*out = t.claims;
	return NULL;
}

err *identity_token_end(struct arena *a, str token, int64_t *ends)
{
	node claims;

	TRY(claims_of(a, token, &claims));
	node exp = node_get(claims, S("exp"));

	if (!node_is_num(exp))
		return err_new(ERR_INVALID, "failed to get expiration time from service account token: "
					    "it has none");
	double seconds = node_float(exp);

	*ends = !(seconds > 0)		? 0
		: seconds < END_OF_TIME ? clock_seconds((int64_t)seconds)
					: INT64_MAX;
	return NULL;
}

err *identity_subject(struct arena *a, str token, str *subject, str *ns, str *name)
{
	node claims;

	*ns = *name = STR_NONE;
	TRY(claims_of(a, token, &claims));
	*subject = node_str(node_get(claims, S("sub")));
	str rest = *subject, first, second;

	if (!str_take_str(&rest, S("system:serviceaccount:")) ||
	    !str_split(rest, ':', &first, &second) || !first.n || !second.n)
		return NULL;
	*ns = first;
	*name = second;
	return NULL;
}

str identity_annotation(node account, const char *key)
{
	return node_str(node_get(node_dig(account, "metadata", "annotations"), str_c(key)));
}

/* ---- asking for one ------------------------------------------------------------ */

static err *request_token(const struct identity *who, struct arena *a, str namespace, str name,
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
	TRY(client_do(who->client, a,
		      &(struct client_request){ .method = S("POST"),
						.path = client_path(a, &client_accounts, namespace, name,
								    S("token")),
						.body = buf_str(&body) },
		      &answer));
	*token = arena_str(a, node_str(node_dig(answer, "status", "token")));
	return token->n ? NULL : err_new(ERR_INTERNAL, "the server gave no token");
}

err *identity_account(const struct identity *who, struct arena *a, node *out)
{
	err *e = client_get(who->client, a, &client_accounts, who->namespace, who->account, out);

	if (e && err_kind(e) == ERR_NOT_FOUND && who->account_is_default)
		e = err_replace(e, "the specified default service account does not exist in the object "
				   "namespace. your cluster is subject to multi-tenant workload identity "
				   "lockdown, reach out to your cluster administrator for help");
	return e ? err_wrap(e, "failed to get service account '%.*s/%.*s'", STR_ARG(who->namespace),
			    STR_ARG(who->account))
		 : NULL;
}

err *identity_account_token(const struct identity *who, struct arena *a, const str *audiences, size_t n,
			  str *token)
{
	if (!who->accounts_allowed)
		return err_new(ERR_INVALID,
			       "ObjectLevelWorkloadIdentity feature gate is not enabled");
	err *e = request_token(who, a, who->namespace, who->account, audiences, n, token);

	return e ? err_wrap(e, "failed to create kubernetes token for service account '%.*s/%.*s'",
			    STR_ARG(who->namespace), STR_ARG(who->account))
		 : NULL;
}

static err *own_token(const struct identity *who, struct arena *a, const str *audiences, size_t n,
		      str *token)
{
	str text, subject, ns, name;
	err *e = fs_read_any(a, S(OWN_TOKEN), TOKEN_MAX, &text);

	if (e)
		return err_wrap(e, "failed to read service account token file " OWN_TOKEN);
	TRY(identity_subject(a, str_trim(text), &subject, &ns, &name));
	if (!ns.n)
		return err_new(ERR_INVALID, "invalid subject format in service account token: %.*s",
			       STR_ARG(subject));
	e = request_token(who, a, ns, name, audiences, n, token);
	return e ? err_wrap(e, "failed to create kubernetes token for controller service account "
			       "'%.*s/%.*s'",
			    STR_ARG(ns), STR_ARG(name))
		 : NULL;
}

/* ---- generic: the token itself ------------------------------------------------ */

static err *generic_own(const struct identity *who, struct arena *a, const struct identity_need *need,
			struct identity_token *out)
{
	(void)need;
	TRY(own_token(who, a, who->audiences, who->audiences_n, &out->bearer));
	return identity_token_end(a, out->bearer, &out->ends);
}

/* Whom it is for, only the caller knows. */
static err *generic_audience(const struct identity *who, struct arena *a, node account, str *out)
{
	(void)who, (void)a, (void)account;
	*out = STR_NONE;
	return NULL;
}

static err *generic_name(struct arena *a, node account, str *out)
{
	(void)a, (void)account;
	*out = STR_NONE;
	return NULL;
}

const struct identity_provider identity_generic = { "generic", generic_own, generic_audience,
						    generic_name, NULL };
