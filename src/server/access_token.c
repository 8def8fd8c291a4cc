/* access_token - bearer tokens of service accounts. */
#include "base/clock.h"
#include "base/rand.h"
#include "base/vec.h"
#include "server/access.h"
#include "server/issuer.h"
#include "server/store.h"

static node claims_of(struct arena *a, const struct access_token *t)
{
	node claims = node_map(a, 8), k8s = node_map(a, 2), account = node_map(a, 2);
	node audiences = node_seq(a, t->audiences_n);
	char uuid[RAND_UUID + 1];

	for (size_t i = 0; i < t->audiences_n; i++)
		node_append(a, audiences, node_from_str(a, t->audiences[i]));
	rand_uuid(uuid);
	node_set(a, account, S("name"), node_from_str(a, t->name));
	node_set(a, account, S("uid"), node_from_str(a, t->uid));
	node_set(a, k8s, S("namespace"), node_from_str(a, t->namespace));
	node_set(a, k8s, S("serviceaccount"), account);
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

static bool account_is_there(struct server *s, struct arena *a, str namespace, str name, str uid)
{
	struct store *store = server_store(s);
	CLEANUP(blob_drop)
	struct blob *b = store_get(store, store_table(store, STR_NONE, S("serviceaccounts")),
				   namespace, name);

	return b && str_eq(node_str(node_dig(blob_tree(a, b), "metadata", "uid")), uid);
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
	str namespace = node_str(node_get(k8s, S("namespace")));
	str name = node_str(node_dig(k8s, "serviceaccount", "name"));
	str uid = node_str(node_dig(k8s, "serviceaccount", "uid"));

	if (clock_seconds(node_int(node_get(claims, S("exp")))) <= clock_wall() ||
	    !account_is_there(s, a, namespace, name, uid))
		return false;
	str *groups = arena_array(a, str, 2);
	struct request_pair *extra = arena_new(a, struct request_pair);

	groups[0] = S("system:serviceaccounts");
	groups[1] = arena_cat(a, S("system:serviceaccounts:"), namespace);
	*extra = (struct request_pair){ S("authentication.kubernetes.io/credential-id"),
					arena_cat(a, S("JTI="),
						  node_str(node_get(claims, S("jti")))) };
	*out = (struct request_user){ .name = arena_str(a, node_str(node_get(claims, S("sub")))),
				      .uid = arena_str(a, uid),
				      .groups = groups,
				      .groups_n = 2,
				      .extra = extra,
				      .extra_n = 1 };
	return true;
}
