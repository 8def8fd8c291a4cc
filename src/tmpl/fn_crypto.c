/* Digests, passwords, keys and certificates. */
#include <arpa/inet.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "crypto/secret.h"
#include "crypto/sha256.h"
#include "text/base64.h"
#include "text/number.h"
#include "tmpl/exec.h"
#include "tmpl/printf.h"

/* What work costs, in steps: about 50 ns each. */
enum {
	COST_BCRYPT = 1000000,
	COST_SCRYPT = 2500000,
	COST_EC_KEY = 50000,
	COST_RSA_2048 = 1000000,
	COST_RSA_4096 = 10000000,
	COST_DSA = 20000000,
};

static void random_bytes(struct tmpl_call *c, void *to, size_t n)
{
	const struct tmpl_options *o = tmpl_call_options(c);

	o->random(o->ctx, to, n);
}

/* A failure whose text is the result. */
static err *give_failure(struct tmpl_call *c, const char *what, err *e)
{
	c->out = node_copy_str(c->a, arena_printf(c->a, "%s: %.*s", what, STR_ARG(err_text(e))));
	err_free(e);
	return NULL;
}

/* ---- digests ----------------------------------------------------------- */

static err *run_sha256(struct tmpl_call *c)
{
	char hex[SHA256_HEX + 1];
	struct buf *b = tmpl_scratch(c);

	TRY(tmpl_spend(c, tmpl_arg_str(c, 0).n / 16));
	sha256_hex(tmpl_arg_str(c, 0), hex);
	buf_add(b, str_c(hex));
	return tmpl_give_buf(c, b);
}

static err *run_digest(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);

	TRY(tmpl_spend(c, tmpl_arg_str(c, 0).n / 16));
	TRY(secret_digest_hex(b, (enum secret_digest)c->mode, tmpl_arg_str(c, 0)));
	return tmpl_give_buf(c, b);
}

static err *run_adler32(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);

	number_add_uint(b, secret_adler32(tmpl_arg_str(c, 0)));
	return tmpl_give_buf(c, b);
}

/* ---- passwords --------------------------------------------------------- */

static err *add_bcrypt(struct tmpl_call *c, struct buf *b, str password)
{
	uint8_t salt[16];

	TRY(tmpl_spend(c, COST_BCRYPT));
	random_bytes(c, salt, sizeof salt);
	return secret_bcrypt(b, password, salt);
}

static err *run_bcrypt(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);
	err *e = add_bcrypt(c, b, tmpl_arg_str(c, 0));

	return e ? give_failure(c, "failed to encrypt string with bcrypt", e) : tmpl_give_buf(c, b);
}

static err *run_htpasswd(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);
	str user = tmpl_arg_str(c, 0);

	if (str_find_char(user, ':') != STR_NPOS) {
		buf_add(b, S("invalid username: "));
		buf_add(b, user);
		return tmpl_give_buf(c, b);
	}
	buf_add(b, user);
	buf_addc(b, ':');
	err *e = add_bcrypt(c, b, tmpl_arg_str(c, 1));

	if (e) {
		buf_add(b, S("failed to encrypt string with bcrypt: "));
		buf_add(b, err_text(e));
		err_free(e);
	}
	return tmpl_give_buf(c, b);
}

static err *run_rand_bytes(struct tmpl_call *c)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;
	int64_t n = tmpl_arg_int(c, 0);
	struct buf *b = tmpl_scratch(c);

	if (n < 0)
		return err_new(ERR_INVALID, "runtime error: makeslice: len out of range");
	TRY(tmpl_fits(c, (uint64_t)n));
	TRY(tmpl_spend(c, (uint64_t)n / 16));
	char *to = buf_reserve(&bytes, (size_t)n + 1);

	if (!to)
		return err_new(ERR_INVALID, "runtime error: makeslice: len out of range");
	random_bytes(c, to, (size_t)n);
	base64_write(b, str_of(to, (size_t)n), BASE64_STD);
	return tmpl_give_buf(c, b);
}

static err *run_uuid(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);
	uint8_t u[16];

	random_bytes(c, u, sizeof u);
	u[6] = (u[6] & 0x0f) | 0x40;
	u[8] = (u[8] & 0x3f) | 0x80;
	for (int i = 0; i < 16; i++)
		buf_addf(b, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", u[i]);
	return tmpl_give_buf(c, b);
}

/* ---- derivePassword ---------------------------------------------------- */

/* The shapes of the Master Password algorithm, one after the other. */
static const struct {
	const char *name, *shapes;
} password_types[] = {
	{ "basic", "aaanaaan aannaaan aaannaaa" },
	{ "long", "CvcvnoCvcvCvcv CvcvCvcvnoCvcv CvcvCvcvCvcvno CvccnoCvcvCvcv CvccCvcvnoCvcv "
		  "CvccCvcvCvcvno CvcvnoCvccCvcv CvcvCvccnoCvcv CvcvCvccCvcvno CvcvnoCvcvCvcc "
		  "CvcvCvcvnoCvcc CvcvCvcvCvccno CvccnoCvccCvcv CvccCvccnoCvcv CvccCvccCvcvno "
		  "CvcvnoCvccCvcc CvcvCvccnoCvcc CvcvCvccCvccno CvccnoCvcvCvcc CvccCvcvnoCvcc "
		  "CvccCvcvCvccno" },
	{ "maximum", "anoxxxxxxxxxxxxxxxxx axxxxxxxxxxxxxxxxxno" },
	{ "medium", "CvcnoCvc CvcCvcno" },
	{ "pin", "nnnn" },
	{ "short", "Cvcn" },
};

static const struct {
	char shape;
	const char *letters;
} password_letters[] = {
	{ 'V', "AEIOU" },
	{ 'C', "BCDFGHJKLMNPQRSTVWXYZ" },
	{ 'v', "aeiou" },
	{ 'c', "bcdfghjklmnpqrstvwxyz" },
	{ 'a', "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz" },
	{ 'n', "0123456789" },
	{ 'o', "@&%?,=[]_:-+*$#!'^~;()/." },
	{ 'x', "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()" },
};

static void add_u32(struct buf *b, uint32_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_addc(b, (char)(n >> shift));
}

static str find_shape(const char *shapes, uint8_t seed)
{
	str all = str_c(shapes), shape = STR_NONE;
	unsigned n = 1;

	for (size_t i = 0; i < all.n; i++)
		n += all.p[i] == ' ';
	for (unsigned i = 0; i <= seed % n; i++)
		str_cut(&all, &shape, ' ');
	return shape;
}

static char pick_letter(char shape, uint8_t seed)
{
	for (size_t i = 0; i < sizeof password_letters / sizeof *password_letters; i++)
		if (password_letters[i].shape == shape)
			return password_letters[i]
				.letters[seed % strlen(password_letters[i].letters)];
	return '?';
}

static err *derive_seed(struct tmpl_call *c, uint8_t seed[32])
{
	CLEANUP(buf_release) struct buf salt = BUF_INIT;
	str user = tmpl_arg_str(c, 3), site = tmpl_arg_str(c, 4);
	const str name = S("com.lyndir.masterpassword");
	uint8_t key[64];

	buf_add(&salt, name);
	add_u32(&salt, (uint32_t)user.n);
	buf_add(&salt, user);
	TRY(secret_scrypt(tmpl_arg_str(c, 2), buf_str(&salt), key));
	buf_clear(&salt);
	buf_add(&salt, name);
	add_u32(&salt, (uint32_t)site.n);
	buf_add(&salt, site);
	add_u32(&salt, (uint32_t)tmpl_arg_int(c, 0));
	return secret_hmac_sha256(str_of((const char *)key, sizeof key), buf_str(&salt), seed);
}

static err *run_derive_password(struct tmpl_call *c)
{
	str type = tmpl_arg_str(c, 1);
	const char *shapes = NULL;
	uint8_t seed[32];

	for (size_t i = 0; i < sizeof password_types / sizeof *password_types; i++)
		if (str_eq(type, str_c(password_types[i].name)))
			shapes = password_types[i].shapes;
	if (!shapes)
		return tmpl_give_str(c, arena_cat(c->a, S("cannot find password template "), type));
	TRY(tmpl_spend(c, COST_SCRYPT));
	err *e = derive_seed(c, seed);

	if (e)
		return give_failure(c, "failed to derive password", e);
	str shape = find_shape(shapes, seed[0]);
	struct buf *b = tmpl_scratch(c);

	for (size_t i = 0; i < shape.n; i++)
		buf_addc(b, pick_letter(shape.p[i], seed[i + 1]));
	return tmpl_give_buf(c, b);
}

/* ---- AES --------------------------------------------------------------- */

/* The password cut or filled up with zeros. */
static void aes_key(str password, uint8_t key[32])
{
	memset(key, 0, 32);
	memcpy(key, password.n ? password.p : "", password.n < 32 ? password.n : 32);
}

static err *run_encrypt(struct tmpl_call *c)
{
	CLEANUP(buf_release) struct buf plain = BUF_INIT;
	CLEANUP(buf_release) struct buf sealed = BUF_INIT;
	str text = tmpl_arg_str(c, 1);
	uint8_t key[32], iv[16];
	size_t pad = 16 - text.n % 16;

	if (!text.n)
		return tmpl_give_str(c, STR_NONE);
	TRY(tmpl_spend(c, text.n / 16));
	aes_key(tmpl_arg_str(c, 0), key);
	random_bytes(c, iv, sizeof iv);
	buf_add(&plain, text);
	buf_fill(&plain, (char)pad, pad);
	buf_bytes(&sealed, iv, sizeof iv);
	TRY(secret_aes_cbc(&sealed, key, iv, buf_str(&plain), true));
	struct buf *b = tmpl_scratch(c);

	base64_write(b, buf_str(&sealed), BASE64_STD);
	return tmpl_give_buf(c, b);
}

static err *run_decrypt(struct tmpl_call *c)
{
	CLEANUP(buf_release) struct buf sealed = BUF_INIT;
	str text = tmpl_arg_str(c, 1);
	uint8_t key[32];

	if (!text.n)
		return tmpl_give_str(c, STR_NONE);
	TRY(tmpl_spend(c, text.n / 16));
	aes_key(tmpl_arg_str(c, 0), key);
	TRY(base64_read(&sealed, text, BASE64_STD));
	if (sealed.n < 16)
		return err_new(ERR_INVALID,
			       "runtime error: slice bounds out of range [:16] with "
			       "capacity %zu",
			       sealed.n);
	if (sealed.n % 16)
		return err_new(ERR_INVALID, "crypto/cipher: input not full blocks");
	if (sealed.n == 16)
		return err_new(ERR_INVALID, "runtime error: index out of range [-1]");
	struct buf *b = tmpl_scratch(c);

	TRY(secret_aes_cbc(b, key, (const uint8_t *)sealed.p, str_from(buf_str(&sealed), 16),
			   false));
	size_t pad = (unsigned char)b->p[b->n - 1];

	if (pad > b->n)
		return err_new(ERR_INVALID, "runtime error: slice bounds out of range [:%lld]",
			       (long long)b->n - (long long)pad);
	buf_trim(b, b->n - pad);
	return tmpl_give_buf(c, b);
}

/* ---- certificates ------------------------------------------------------ */

struct certificate {
	const struct value_class *class;
	str cert, key;
};

static node cert_field(struct arena *a, const void *object)
{
	return node_from_str(a, ((const struct certificate *)object)->cert);
}

static node key_field(struct arena *a, const void *object)
{
	return node_from_str(a, ((const struct certificate *)object)->key);
}

static bool same_certificate(const void *a, const void *b)
{
	const struct certificate *x = a, *y = b;

	return str_eq(x->cert, y->cert) && str_eq(x->key, y->key);
}

static const struct value_field certificate_fields[] = {
	{ "Cert", cert_field },
	{ "Key", key_field },
};

static const struct value_class certificate_class = {
	.type_name = "sprig.certificate",
	.kind = KIND_STRUCT,
	.fields = certificate_fields,
	.fields_n = 2,
	.equal = same_certificate,
};

static err *give_certificate(struct tmpl_call *c, str cert, str key)
{
	struct certificate *o = arena_new(c->a, struct certificate);

	*o = (struct certificate){ &certificate_class, cert, key };
	return tmpl_give(c, value_object(o));
}

static err *not_a_string(const char *what, node v)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(1 << 16);

	printf_value(&b, v);
	return err_new(ERR_INVALID, "%s: %.*s is not a string", what, STR_ARG(buf_str(&b)));
}

static err *read_addresses(struct tmpl_call *c, node list, struct keys_request *r)
{
	struct keys_address *to = arena_array(c->a, struct keys_address, node_len(list) + 1);

	node_each_item(i, list) {
		struct keys_address *at = &to[r->addresses_n++];

		if (!value_is_str(*i))
			return not_a_string("error parsing ip", *i);
		const char *text = arena_str(c->a, node_str(*i)).p;

		at->n = inet_pton(AF_INET, text, at->bytes) == 1 ? 4 : 16;
		if (at->n == 16 && inet_pton(AF_INET6, text, at->bytes) != 1)
			return err_new(ERR_INVALID, "error parsing ip: %.*s",
				       STR_ARG(node_str(*i)));
	}
	r->addresses = to;
	return NULL;
}

static err *read_hosts(struct tmpl_call *c, node list, struct keys_request *r)
{
	str *to = arena_array(c->a, str, node_len(list) + 1);

	node_each_item(i, list) {
		if (!value_is_str(*i))
			return not_a_string("error processing alternate dns name", *i);
		to[r->hosts_n++] = node_str(*i);
	}
	r->hosts = to;
	return NULL;
}

/* What keys are made of: NULL is the system's random numbers. */
static const struct keys_random *key_random(struct tmpl_call *c)
{
	const struct tmpl_options *o = tmpl_call_options(c);
	struct keys_random *r;

	if (!o->seeded)
		return NULL;
	r = arena_new(c->a, struct keys_random);
	*r = (struct keys_random){ o->random, o->ctx };
	return r;
}

static err *certify(struct tmpl_call *c, struct keys_request *r, int64_t days)
{
	const struct tmpl_options *o = tmpl_call_options(c);
	str cert, key;

	TRY(tmpl_spend(c, r->key.n ? COST_EC_KEY : COST_RSA_2048));
	r->now = o->now(o->ctx) / CLOCK_SECOND;
	r->until = (int64_t)((uint64_t)r->now + (uint64_t)days * 86400);
	r->random = key_random(c);
	TRY(keys_certify(c->a, r, &cert, &key));
	return give_certificate(c, cert, key);
}

/* genCA name days [key] */
static err *run_gen_ca(struct tmpl_call *c)
{
	struct keys_request r = { .name = tmpl_arg_str(c, 0), .authority = true };

	if (c->argc > 2)
		r.key = tmpl_arg_str(c, 2);
	if (c->argc > 2 && !r.key.n)
		return err_new(ERR_INVALID, "parsing private key: no PEM data in input");
	return certify(c, &r, tmpl_arg_int(c, 1));
}

/* gen... name ips hosts days [ca] [key] */
static err *run_gen_cert(struct tmpl_call *c)
{
	struct keys_request r = { .name = tmpl_arg_str(c, 0) };
	bool is_signed = c->argc > 4 && c->argv[4].kind == NODE_OBJECT;
	size_t key = is_signed ? 5 : 4;

	if (c->argc > key && !tmpl_arg_str(c, key).n)
		return err_new(ERR_INVALID, "parsing private key: no PEM data in input");
	if (c->argc > key)
		r.key = tmpl_arg_str(c, key);
	if (is_signed) {
		const struct certificate *ca = c->argv[4].object;

		r.signer_cert = ca->cert;
		r.signer_key = ca->key;
	}
	TRY(read_addresses(c, c->argv[1], &r));
	TRY(read_hosts(c, c->argv[2], &r));
	return certify(c, &r, tmpl_arg_int(c, 3));
}

static err *run_gen_key(struct tmpl_call *c)
{
	static const struct {
		const char *name;
		enum keys_kind kind;
		uint64_t cost;
	} kinds[] = {
		{ "", KEYS_RSA_4096, COST_RSA_4096 },     { "rsa", KEYS_RSA_4096, COST_RSA_4096 },
		{ "dsa", KEYS_DSA, COST_DSA },           { "ecdsa", KEYS_ECDSA, COST_EC_KEY },
		{ "ed25519", KEYS_ED25519, COST_EC_KEY },
	};
	str type = tmpl_arg_str(c, 0), pem;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (!str_eq(type, str_c(kinds[i].name)))
			continue;
		TRY(tmpl_spend(c, kinds[i].cost));
		err *e = keys_new(c->a, kinds[i].kind, key_random(c), &pem);

		return e ? give_failure(c, "failed to generate private key", e)
			 : tmpl_give_str(c, pem);
	}
	return tmpl_give_str(c, arena_cat(c->a, S("Unknown type "), type));
}

static err *decode(struct tmpl_call *c, size_t i, const char *what, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	err *e = base64_read(&b, tmpl_arg_str(c, i), BASE64_STD);

	if (e) {
		err_free(e);
		return err_new(ERR_INVALID, "unable to decode base64 %s", what);
	}
	*out = arena_str(c->a, buf_str(&b));
	return NULL;
}

static err *run_build_cert(struct tmpl_call *c)
{
	str cert, key;

	TRY(decode(c, 0, "certificate", &cert));
	TRY(decode(c, 1, "private key", &key));
	TRY(keys_check(cert, key));
	return give_certificate(c, cert, key);
}

static const struct tmpl_func table[] = {
	{ "adler32sum", "s", run_adler32 },
	{ "bcrypt", "s", run_bcrypt },
	{ "buildCustomCert", "ss", run_build_cert },
	{ "decryptAES", "ss", run_decrypt },
	{ "derivePassword", "ussss", run_derive_password },
	{ "encryptAES", "ss", run_encrypt },
	{ "genCA", "si", run_gen_ca },
	{ "genCAWithKey", "sis", run_gen_ca },
	{ "genPrivateKey", "s", run_gen_key },
	{ "genSelfSignedCert", "slli", run_gen_cert },
	{ "genSelfSignedCertWithKey", "sllis", run_gen_cert },
	{ "genSignedCert", "sllic", run_gen_cert },
	{ "genSignedCertWithKey", "sllics", run_gen_cert },
	{ "htpasswd", "ss", run_htpasswd },
	{ "randBytes", "i", run_rand_bytes },
	{ "sha1sum", "s", run_digest, SECRET_SHA1 },
	{ "sha256sum", "s", run_sha256 },
	{ "sha512sum", "s", run_digest, SECRET_SHA512 },
	{ "uuidv4", "", run_uuid },
};

const struct tmpl_funcs fn_crypto = { table, sizeof table / sizeof *table };
