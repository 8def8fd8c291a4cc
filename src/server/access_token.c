/* access_token - bearer tokens of service accounts. */
#include "base/clock.h"
#include "base/rand.h"
#include "base/vec.h"
#include "server/access.h"
#include "server/issuer.h"
#include "server/store.h"

static node claims_of(struct arena *a, const struct access_token *t)
{
	node claims = node_map(a, 8), k8s = node_map(a, 5), account = node_map(a, 2);
	node audiences = node_seq(a, t->audiences_n);
	char uuid[RAND_UUID + 1];

	for (size_t i = 0; i < t->audiences_n; i++)
		node_append(a, audiences, node_from_str(a, t->audiences[i]));
	rand_uuid(uuid);
	node_set(a, account, S("name"), node_from_str(a, t->name));
	node_set(a, account, S("uid"), node_from_str(a, t->uid));
	node_set(a, k8s, S("namespace"), node_from_str(a, t->namespace));
	node_set(a, k8s, S("serviceaccount"), account);
	node_each_pair(p, t->bound)
		node_set(a, k8s, node_str(p->key), p->value);
	if (t->warn_after)
		node_set(a, k8s, S("warnafter"), node_from_int(t->warn_after));
	node_set(a, claims, S("aud"), audiences);
	node_set(a, claims, S("exp"), node_from_int(t->expires));
	node_set(a, claims, S("iat"), node_from_int(t->now));
	node_set(a, claims, S("iss"), node_lit(ISSUER_URL));
	node_set(a, claims, S("jti"), node_copy_str(a, str_c(uuid)));
	node_set(a, claims, S("kubernetes.io"), k8s);
	node_set(a, claims, S("nbf"), node_from_int(t->now));
	node_set(a, claims, S("sub"),
		 node_from_str(a, arena_cat(a, S("system:serviceaccount:"), t->namespace, S(":"),
					    t->name)));
	return claims;
}

err *access_token_make(struct server *s, struct arena *a, const struct access_token *t, str *out)
{
	return issuer_sign(s, a, claims_of(a, t), out);
}

/* {"name":"a","uid":"..."}: that very object. */
static bool is_there(struct server *s, struct arena *a, str plural, str namespace, node ref)
{
	struct store *store = server_store(s);
	CLEANUP(blob_drop)
	struct blob *b = store_get(store, store_table(store, STR_NONE, plural), namespace,
				   node_str(node_get(ref, S("name"))));

	return b && str_eq(node_str(node_dig(blob_tree(a, b), "metadata", "uid")),
			   node_str(node_get(ref, S("uid"))));
}

/* The account, and what the token is bound to. The node of a Pod is only told. */
static bool all_are_there(struct server *s, struct arena *a, node k8s)
{
	str namespace = node_str(node_get(k8s, S("namespace")));
	node pod = node_get(k8s, S("pod")), secret = node_get(k8s, S("secret"));
	node host = node_get(k8s, S("node"));

	return is_there(s, a, S("serviceaccounts"), namespace, node_get(k8s, S("serviceaccount"))) &&
	       (node_is_nil(pod) || is_there(s, a, S("pods"), namespace, pod)) &&
	       (node_is_nil(secret) || is_there(s, a, S("secrets"), namespace, secret)) &&
	       (node_is_nil(host) || !node_is_nil(pod) || is_there(s, a, S("nodes"), STR_NONE, host));
}

/* What is known besides name and groups, by key. */
static const struct request_pair *extra_of(struct arena *a, node claims, size_t *n)
{
	node k8s = node_get(claims, S("kubernetes.io"));
	const struct request_pair all[] = {
		{ S("authentication.kubernetes.io/credential-id"),
		  arena_cat(a, S("JTI="), node_str(node_get(claims, S("jti")))) },
		{ S("authentication.kubernetes.io/node-name"), node_str(node_dig(k8s, "node", "name")) },
		{ S("authentication.kubernetes.io/node-uid"), node_str(node_dig(k8s, "node", "uid")) },
		{ S("authentication.kubernetes.io/pod-name"), node_str(node_dig(k8s, "pod", "name")) },
		{ S("authentication.kubernetes.io/pod-uid"), node_str(node_dig(k8s, "pod", "uid")) },
	};
	VEC(struct request_pair) v = { 0 };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i].value.n)
			avec_push(a, &v, ((struct request_pair){ all[i].key, arena_str(a, all[i].value) }));
	*n = v.n;
	return v.p;
}

static bool is_for_us(struct arena *a, struct auth_bearer *b, node claims)
{
	VEC(str) audiences = { 0 };

	node_each_item(item, node_get(claims, S("aud")))
		avec_push(a, &audiences, node_str(*item));
	return auth_is_for(a, b, audiences.p, audiences.n);
}

bool access_token_check(struct server *s, struct arena *a, struct auth_bearer *b,
			struct request_user *out)
{
	node claims;

	if (!issuer_read(s, a, b->token, &claims) || !is_for_us(a, b, claims))
		return false;
	node k8s = node_get(claims, S("kubernetes.io"));

	if (clock_seconds(node_int(node_get(claims, S("exp")))) <= clock_wall() ||
	    !all_are_there(s, a, k8s))
		return false;
	str *groups = arena_array(a, str, 2);

	groups[0] = S("system:serviceaccounts");
	groups[1] = arena_cat(a, S("system:serviceaccounts:"), node_str(node_get(k8s, S("namespace"))));
	*out = (struct request_user){ .name = arena_str(a, node_str(node_get(claims, S("sub")))),
				      .uid = arena_str(a, node_str(node_dig(k8s, "serviceaccount", "uid"))),
				      .groups = groups,
				      .groups_n = 2 };
	out->extra = extra_of(a, claims, &out->extra_n);
	return true;
}
