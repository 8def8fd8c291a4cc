#include "crypto/jwt.h"

#include "crypto/keys.h"
#include "text/base64.h"
#include "value/json.h"

enum { GOOGLE_SECONDS = 3600 };

/* ---- reading ----------------------------------------------------------- */

static err *malformed(err *cause, const char *what)
{
	return err_wrap(cause, "token is malformed: could not %s", what);
}

/* One of the two JSON parts. */
static err *read_part(struct arena *a, str text, const char *decode, const char *parse, node *out)
{
	CLEANUP(buf_release) struct buf json = BUF_INIT;
	err *e = base64_read(&json, text, BASE64_RAW_URL);

	if (e)
		return malformed(e, decode);
	e = json_read(a, arena_str(a, buf_str(&json)), NULL, out);
	if (!e && !node_is(*out, NODE_MAP))
		e = err_new(ERR_INVALID,
			    "json: cannot unmarshal %s into Go value of type map[string]interface {}",
			    node_kind_name(*out));
	return e ? malformed(e, parse) : NULL;
}

err *jwt_read(struct arena *a, str token, struct jwt *out)
{
	CLEANUP(buf_release) struct buf signature = BUF_INIT;
	str head, claims, rest = token;
	struct jwt t;

	if (token.n > JWT_MAX)
		return err_new(ERR_INVALID, "token is malformed: it has %zu bytes, %d are allowed",
			       token.n, JWT_MAX);
	if (!str_split(rest, '.', &head, &rest) || !str_split(rest, '.', &claims, &rest) ||
	    str_find_char(rest, '.') != STR_NPOS)
		return err_new(ERR_INVALID, "token is malformed: token contains an invalid number of "
					    "segments");
	TRY(read_part(a, head, "base64 decode header", "JSON decode header", &t.head));
	TRY(read_part(a, claims, "base64 decode claim", "JSON decode claim", &t.claims));
	err *e = base64_read(&signature, rest, BASE64_RAW_URL);

	if (e)
		return malformed(e, "base64 decode signature");
	t.signature = arena_str(a, buf_str(&signature));
	t.body = str_sub(token, 0, token.n - rest.n - 1);
	*out = t;
	return NULL;
}

/* ---- writing ----------------------------------------------------------- */

static err *add_part(struct buf *b, node n)
{
	CLEANUP(buf_release) struct buf json = BUF_INIT;

	TRY(json_write(&json, n, NULL));
	base64_write(b, buf_str(&json), BASE64_RAW_URL);
	return NULL;
}

err *jwt_begin(struct buf *b, node head, node claims)
{
	TRY(add_part(b, head));
	buf_addc(b, '.');
	return add_part(b, claims);
}

void jwt_end(struct buf *b, str signature)
{
	buf_addc(b, '.');
	base64_write(b, signature, BASE64_RAW_URL);
}

err *jwt_sign(struct arena *a, node claims, str key_id, str key, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT, signature = BUF_INIT;
	node head = node_map(a, 3);

	node_set(a, head, S("alg"), node_lit("RS256"));
	node_set(a, head, S("typ"), node_lit("JWT"));
	if (key_id.n)
		node_set(a, head, S("kid"), node_from_str(a, key_id));
	TRY(jwt_begin(&b, head, claims));
	TRY(keys_sign_rs256(&signature, key, buf_str(&b)));
	jwt_end(&b, buf_str(&signature));
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
