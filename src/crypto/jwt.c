#include "crypto/jwt.h"

#include "crypto/keys.h"
#include "text/base64.h"
#include "value/json.h"

enum { GOOGLE_SECONDS = 3600 };

static err *add_part(struct buf *b, node n)
{
	CLEANUP(buf_release) struct buf json = BUF_INIT;

	TRY(json_write(&json, n, NULL));
	base64_write(b, buf_str(&json), BASE64_RAW_URL);
	return NULL;
}

err *jwt_sign(struct arena *a, node claims, str key_id, str key, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT, signature = BUF_INIT;
	node head = node_map(a, 3);

	node_set(a, head, S("alg"), node_lit("RS256"));
	node_set(a, head, S("typ"), node_lit("JWT"));
	if (key_id.n)
		node_set(a, head, S("kid"), node_from_str(a, key_id));
	TRY(add_part(&b, head));
	buf_addc(&b, '.');
	TRY(add_part(&b, claims));
	TRY(keys_sign_rs256(&signature, key, buf_str(&b)));
	buf_addc(&b, '.');
	base64_write(&b, buf_str(&signature), BASE64_RAW_URL);
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

err *jwt_google(struct arena *a, node account, str scope, str audience, int64_t now, str *out)
{
	node claims = node_map(a, 5);

	node_set(a, claims, S("iss"),
		 node_from_str(a, node_str(node_get(account, S("client_email")))));
	node_set(a, claims, S("scope"), node_from_str(a, scope));
	node_set(a, claims, S("aud"), node_from_str(a, audience));
	node_set(a, claims, S("iat"), node_from_int(now));
	node_set(a, claims, S("exp"), node_from_int(now + GOOGLE_SECONDS));
	return jwt_sign(a, claims, node_str(node_get(account, S("private_key_id"))),
			node_str(node_get(account, S("private_key"))), out);
}
