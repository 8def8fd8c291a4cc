/* access_token - bearer tokens of service accounts: JSON Web Tokens of our own.
 *
 * Only this server has to believe them, so they are signed with a secret
 * (HS256) that is derived from the key of the server's authority: they live
 * as long as the data directory.
 */
#include "base/clock.h"
#include "base/rand.h"
#include "crypto/secret.h"
#include "server/access.h"
#include "server/store.h"
#include "text/base64.h"
#include "value/json.h"

enum { SIGNATURE = 32, TOKEN_MAX = 16 << 10 };

static err *sign(struct server *s, str text, uint8_t out[SIGNATURE])
{
	str cert, key;

	server_authority(s, &cert, &key);
	return secret_hmac_sha256(key, text, out);
}

static err *add_part(struct buf *b, node part)
{
	CLEANUP(buf_release) struct buf json = BUF_INIT;

	TRY(json_write(&json, part, NULL));
	base64_write(b, buf_str(&json), BASE64_RAW_URL);
	return NULL;
}

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
	node_set(a, claims, S("iss"), node_lit(ACCESS_ISSUER));
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
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(TOKEN_MAX);
	uint8_t mac[SIGNATURE];
	node head = node_map(a, 2);

	node_set(a, head, S("alg"), node_lit("HS256"));
	node_set(a, head, S("typ"), node_lit("JWT"));
	TRY(add_part(&b, head));
	buf_addc(&b, '.');
	TRY(add_part(&b, claims_of(a, t)));
	TRY(sign(s, buf_str(&b), mac));
	buf_addc(&b, '.');
	base64_write(&b, str_of((const char *)mac, sizeof mac), BASE64_RAW_URL);
	TRY(buf_check(&b, "a token"));
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

/* The signed part, when the signature is ours. */
static bool is_ours(struct server *s, str token, str *claims)
{
	CLEANUP(buf_release) struct buf given = BUF_LIMIT(TOKEN_MAX);
	uint8_t mac[SIGNATURE];
	size_t last = str_rfind_char(token, '.'), first = str_find_char(token, '.');
	unsigned char differs = 0;

	if (last == STR_NPOS || first == last || token.n > TOKEN_MAX)
		return false;
	err *e = base64_read(&given, str_from(token, last + 1), BASE64_RAW_URL);

	if (!e)
		e = sign(s, str_sub(token, 0, last), mac);
	if (e || given.n != SIGNATURE) {
		err_free(e);
		return false;
	}
	for (size_t i = 0; i < SIGNATURE; i++)
		differs |= (unsigned char)given.p[i] ^ mac[i];
	*claims = str_sub(token, first + 1, last);
	return !differs;
}

static bool read_claims(struct arena *a, str text, node *out)
{
	CLEANUP(buf_release) struct buf json = BUF_LIMIT(TOKEN_MAX);
	err *e = base64_read(&json, text, BASE64_RAW_URL);

	if (!e)
		e = json_read(a, arena_str(a, buf_str(&json)), NULL, out);
	err_free(e);
	return !e;
}

static bool account_is_there(struct server *s, struct arena *a, str namespace, str name, str uid)
{
	struct store *store = server_store(s);
	CLEANUP(blob_drop)
	struct blob *b = store_get(store, store_table(store, STR_NONE, S("serviceaccounts")),
				   namespace, name);

	return b && str_eq(node_str(node_dig(blob_tree(a, b), "metadata", "uid")), uid);
}

bool access_token_check(struct server *s, struct arena *a, str token, struct request_user *out)
{
	str text;
	node claims;

	if (!is_ours(s, token, &text) || !read_claims(a, text, &claims))
		return false;
	node k8s = node_get(claims, S("kubernetes.io"));
	str namespace = node_str(node_get(k8s, S("namespace")));
	str name = node_str(node_dig(k8s, "serviceaccount", "name"));
	str uid = node_str(node_dig(k8s, "serviceaccount", "uid"));

	if (node_int(node_get(claims, S("exp"))) * CLOCK_SECOND <= clock_wall() ||
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
