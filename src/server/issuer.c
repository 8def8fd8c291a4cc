#include "server/issuer.h"

#include <pthread.h>

#include "base/die.h"
#include "base/fs.h"
#include "crypto/es256.h"
#include "crypto/jwt.h"
#include "crypto/keys.h"
#include "crypto/sha256.h"
#include "server/negotiate.h"
#include "text/base64.h"
#include "value/json.h"

#define KEY_FILE "sa.key"
#define JWKS     "/openid/v1/jwks"

enum { TOKEN_MAX = 16 << 10, KEY_MAX = 64 << 10, KNOWN_MAX = 64 };

struct issuer {
	str dir;
	pthread_mutex_t lock;		/* of all below */
	struct es256 *key;		/* once it is there, it stays */
	char id[48];
	uint8_t known[KNOWN_MAX][SHA256_SIZE];	/* digests of tokens whose signature was good */
	size_t known_n, next;
};

/* ---- the key ----------------------------------------------------------- */

static err *find_pem(const struct issuer *i, struct arena *a, str *pem)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;

	if (str_eq(i->dir, S(":memory:")))
		return keys_new(a, KEYS_ECDSA, NULL, pem);
	TRY(fs_open(&dir, i->dir, NULL));
	if (fs_is_file(dir, S(KEY_FILE)))
		return fs_read(dir, a, S(KEY_FILE), KEY_MAX, pem);
	TRY(keys_new(a, KEYS_ECDSA, NULL, pem));
	return fs_write(dir, S(KEY_FILE), *pem, 0600);
}

static void print_bytes(struct buf *b, const uint8_t *bytes, size_t n)
{
	base64_write(b, str_of((const char *)bytes, n), BASE64_RAW_URL);
}

static err *load(struct issuer *i)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf id = BUF_INIT;
	struct es256_public public;
	str pem;

	TRY(find_pem(i, &a, &pem));
	TRY(es256_read(&i->key, pem));
	explicit_bzero((char *)pem.p, pem.n);
	TRY(es256_public(i->key, &public));
	print_bytes(&id, public.id, sizeof public.id);
	memcpy(i->id, buf_c(&id), id.n + 1);
	return NULL;
}

static err *need_key(struct server *s, struct issuer **out)
{
	struct issuer *i = server_part(s, SERVER_PART_ISSUER);

	pthread_mutex_lock(&i->lock);
	err *e = i->key ? NULL : load(i);

	pthread_mutex_unlock(&i->lock);
	*out = i;
	return e ? err_wrap(e, "the key of service accounts (" KEY_FILE ")") : NULL;
}

/* ---- signing ----------------------------------------------------------- */

err *issuer_sign(struct server *s, struct arena *a, node claims, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(TOKEN_MAX);
	uint8_t signature[ES256_SIGNATURE];
	node head = node_map(a, 2);
	struct issuer *i;

	TRY(need_key(s, &i));
	node_set(a, head, S("alg"), node_lit("ES256"));
	node_set(a, head, S("kid"), node_from_str(a, str_c(i->id)));
	TRY(jwt_begin(&b, head, claims));
	TRY(es256_sign(i->key, buf_str(&b), signature));
	jwt_end(&b, str_of((const char *)signature, sizeof signature));
	TRY(buf_check(&b, "a token"));
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

/* ---- checking ---------------------------------------------------------- */

static bool is_known(struct issuer *i, const uint8_t digest[SHA256_SIZE])
{
	bool known = false;

	pthread_mutex_lock(&i->lock);
	for (size_t k = 0; k < i->known_n && !known; k++)
		known = !memcmp(i->known[k], digest, SHA256_SIZE);
	pthread_mutex_unlock(&i->lock);
	return known;
}

static void remember(struct issuer *i, const uint8_t digest[SHA256_SIZE])
{
	pthread_mutex_lock(&i->lock);
	memcpy(i->known[i->next], digest, SHA256_SIZE);
	i->next = (i->next + 1) % KNOWN_MAX;
	if (i->known_n < KNOWN_MAX)
		i->known_n++;
	pthread_mutex_unlock(&i->lock);
}

/* Clients send the same token with every request: it is checked once. */
static bool is_signed(struct issuer *i, str token, const struct jwt *t)
{
	uint8_t digest[SHA256_SIZE];
	struct sha256 sum;

	sha256_init(&sum);
	sha256_add(&sum, token);
	sha256_end(&sum, digest);
	if (is_known(i, digest))
		return true;
	bool good = es256_verify(i->key, t->body, t->signature);

	if (good)
		remember(i, digest);
	return good;
}

/* Whether it says that it is from here, whoever has signed it. */
static bool read_token(struct arena *a, str token, struct jwt *out)
{
	if (token.n > TOKEN_MAX)
		return false;
	err *e = jwt_read(a, token, out);
	bool ours = !e && str_eq(node_str(node_get(out->claims, S("iss"))), S(ISSUER_URL));

	err_free(e);
	return ours;
}

bool issuer_read(struct server *s, struct arena *a, str token, node *claims)
{
	struct issuer *i;
	struct jwt t;

	if (!read_token(a, token, &t))
		return false;
	err *e = need_key(s, &i);
	bool good = !e && is_signed(i, token, &t);

	err_free(e);
	if (good)
		*claims = t.claims;
	return good;
}

bool issuer_disowns(struct server *s, struct arena *a, str token)
{
	struct jwt t;
	node claims;

	return read_token(a, token, &t) && !issuer_read(s, a, token, &claims);
}

/* ---- endpoints --------------------------------------------------------- */

static node texts(struct arena *a, const char *text)
{
	node list = node_seq(a, 1);

	node_append(a, list, node_from_str(a, str_c(text)));
	return list;
}

static err *answer(struct request *r, str type, node document)
{
	request_add_header(r, S("Cache-Control"), S("public, max-age=3600"));
	r->answer.type = type;
	return json_write(&r->answer.body, document, NULL);
}

static err *run_configuration(struct request *r)
{
	struct arena *a = r->arena;
	str url = server_url(r->server);
	node doc = node_map(a, 5);

	TRY(negotiate_route(r, "application/json"));
	node_set(a, doc, S("issuer"), node_lit(ISSUER_URL));
	node_set(a, doc, S("jwks_uri"),
		 node_from_str(a, arena_cat(a, url.n ? url : S(ISSUER_URL), S(JWKS))));
	node_set(a, doc, S("response_types_supported"), texts(a, "id_token"));
	node_set(a, doc, S("subject_types_supported"), texts(a, "public"));
	node_set(a, doc, S("id_token_signing_alg_values_supported"), texts(a, "ES256"));
	return answer(r, S("application/json"), doc);
}

static node number(struct arena *a, const uint8_t bytes[32])
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	print_bytes(&b, bytes, 32);
	return node_copy_str(a, buf_str(&b));
}

static err *run_keys(struct request *r)
{
	struct arena *a = r->arena;
	node doc = node_map(a, 1), keys = node_seq(a, 1), key = node_map(a, 7);
	struct es256_public public;
	struct issuer *i;

	TRY(negotiate_route(r, "application/jwk-set+json"));
	TRY(need_key(r->server, &i));
	TRY(es256_public(i->key, &public));
	node_set(a, key, S("use"), node_lit("sig"));
	node_set(a, key, S("kty"), node_lit("EC"));
	node_set(a, key, S("kid"), node_from_str(a, str_c(i->id)));
	node_set(a, key, S("crv"), node_lit("P-256"));
	node_set(a, key, S("alg"), node_lit("ES256"));
	node_set(a, key, S("x"), number(a, public.x));
	node_set(a, key, S("y"), number(a, public.y));
	node_append(a, keys, key);
	node_set(a, doc, S("keys"), keys);
	return answer(r, S("application/jwk-set+json"), doc);
}

const struct endpoint issuer_endpoints[] = {
	{ .path = "/.well-known/openid-configuration", .run = run_configuration },
	{ .path = JWKS, .run = run_keys },
	{ 0 },
};

/* ---- the part ---------------------------------------------------------- */

static void issuer_close(struct server *s)
{
	struct issuer *i = server_part(s, SERVER_PART_ISSUER);

	if (!i)
		return;
	es256_free(i->key);
	pthread_mutex_destroy(&i->lock);
	server_part_set(s, SERVER_PART_ISSUER, NULL);
	free(i);
}

/* Whoever listens will be asked, and should know at once that it cannot. */
static err *issuer_open(struct server *s, const struct server_options *o)
{
	struct issuer *i = mem_calloc(1, sizeof *i);

	i->dir = o->data_dir;
	pthread_mutex_init(&i->lock, NULL);
	server_part_set(s, SERVER_PART_ISSUER, i);
	err *e = o->listen.n ? need_key(s, &i) : NULL;

	if (e)
		issuer_close(s);
	return e;
}

const struct hooks issuer_hooks = { .open = issuer_open, .close = issuer_close };
