#include "source/sshsig.h"

#include "base/buf.h"
#include "base/vec.h"
#include "crypto/ossl.h"
#include "text/base64.h"
#include "text/quote.h"

static const char begin[] = "-----BEGIN SSH SIGNATURE-----";
static const char end[] = "-----END SSH SIGNATURE-----";

bool sshsig_is(str signature)
{
	return str_starts(str_trim(signature), str_c(begin));
}

/* ---- the wire format of SSH ------------------------------------------------ */

static bool take_u32(str *s, uint32_t *out)
{
	if (s->n < 4)
		return false;
	const unsigned char *p = (const unsigned char *)s->p;

	*out = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	*s = str_from(*s, 4);
	return true;
}

static bool take_text(str *s, str *out)
{
	uint32_t n;

	if (!take_u32(s, &n) || n > s->n)
		return false;
	*out = str_sub(*s, 0, n);
	*s = str_from(*s, n);
	return true;
}

/* A number as it stands there, without zeros in front. */
static bool take_number(str *s, str *out)
{
	if (!take_text(s, out) || (out->n && out->p[0] & 0x80))
		return false;
	while (out->n && !out->p[0])
		*out = str_from(*out, 1);
	return out->n > 0;
}

static void put_text(struct buf *b, str s)
{
	const char n[4] = { (char)(s.n >> 24), (char)(s.n >> 16), (char)(s.n >> 8), (char)s.n };

	buf_bytes(b, n, 4);
	buf_add(b, s);
}

/* ---- reading ---------------------------------------------------------------- */

static err *read_armour(struct arena *a, str text, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(SSHSIG_TEXT_MAX);
	size_t stop;

	text = str_trim(text);
	if (text.n > SSHSIG_TEXT_MAX || !str_take_str(&text, str_c(begin)) ||
	    (stop = str_find(text, str_c(end))) == STR_NPOS)
		return err_new(ERR_INVALID, "invalid PEM block");
	err *e = base64_read(&b, str_trim(str_sub(text, 0, stop)), BASE64_STD);

	if (e || !b.n) {
		err_free(e);
		return err_new(ERR_INVALID, "invalid PEM block");
	}
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

err *sshsig_read(struct arena *a, str armoured, struct sshsig *out)
{
	struct sshsig s;
	uint32_t version;
	str bytes, reserved;

	TRY(read_armour(a, armoured, &bytes));
	if (!str_take_str(&bytes, S("SSHSIG")))
		return err_new(ERR_INVALID, "invalid magic preamble");
	if (!take_u32(&bytes, &version))
		return err_new(ERR_INVALID, "ssh: short read");
	if (version != 1)
		return err_new(ERR_INVALID, "unsupported signature version %u: expected 1",
			       version);
	if (!take_text(&bytes, &s.key) || !take_text(&bytes, &s.purpose) ||
	    !take_text(&bytes, &reserved) || !take_text(&bytes, &s.hash) ||
	    !take_text(&bytes, &s.signature) || bytes.n)
		return err_new(ERR_INVALID, "ssh: short read");
	if (!str_eq(s.hash, S("sha256")) && !str_eq(s.hash, S("sha512"))) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		quote_add(&b, s.hash, QUOTE_PRINT);
		return err_new(ERR_INVALID,
			       "unsupported hash algorithm %s: must be \"sha256\" or \"sha512\"",
			       buf_c(&b));
	}
	*out = s;
	return NULL;
}

/* Options may stand in front of the key's type, quoted texts among them. */
static str skip_options(str line)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < line.n && (quoted || (line.p[i] != ' ' && line.p[i] != '\t')); i++) {
		if (line.p[i] == '\\' && i + 1 < line.n && line.p[i + 1] == '"')
			i++;
		else if (line.p[i] == '"')
			quoted = !quoted;
	}
	return str_trim_left_set(str_from(line, i), S(" \t"));
}

/* "TYPE BASE64[ COMMENT]" */
static bool read_key(struct arena *a, str line, str *key)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(SSHSIG_KEY_MAX);
	size_t space = STR_NPOS;
	str type, text, rest, inner;

	for (size_t i = 0; i < line.n && space == STR_NPOS; i++)
		if (line.p[i] == ' ' || line.p[i] == '\t')
			space = i;
	if (space == STR_NPOS)
		return false;
	type = str_sub(line, 0, space);
	text = str_trim(str_from(line, space));
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == ' ' || text.p[i] == '\t')
			text = str_sub(text, 0, i);
	if (text.n > SSHSIG_KEY_MAX)
		return false;
	err *e = base64_read(&b, text, BASE64_STD);

	err_free(e);
	rest = buf_str(&b);
	if (e || !take_text(&rest, &inner) || !str_eq(inner, type))
		return false;
	*key = arena_str(a, buf_str(&b));
	return true;
}

err *sshsig_authorized_key(struct arena *a, str line, str *key)
{
	line = str_trim(line);
	if (read_key(a, line, key) || read_key(a, skip_options(line), key))
		return NULL;
	return err_new(ERR_INVALID, "ssh: no key found");
}

typedef VEC(str) key_list;

static err *read_keys(struct arena *a, str text, key_list *out)
{
	str line, key;

	while (str_line(&text, &line)) {
		line = str_trim(line);
		if (!line.n || line.p[0] == '#')
			continue;
		if (out->n >= SSHSIG_KEYS_MAX)
			return err_new(ERR_INVALID, "more than %d authorized keys",
				       SSHSIG_KEYS_MAX);
		err *e = sshsig_authorized_key(a, line, &key);

		if (e)
			return err_wrap(err_wrap(e, "unable to parse authorized key"),
					"unable to parse authorized keys");
		avec_push(a, out, key);
	}
	return NULL;
}

/* ---- keys for OpenSSL -------------------------------------------------------- */

/* Public keys are handed over in the form of X.509, put together here. */
static void put_der(struct buf *b, unsigned char tag, str bytes)
{
	buf_addc(b, (char)tag);
	if (bytes.n < 128) {
		buf_addc(b, (char)bytes.n);
	} else if (bytes.n < 256) {
		buf_addc(b, (char)0x81);
		buf_addc(b, (char)bytes.n);
	} else {
		buf_addc(b, (char)0x82);
		buf_addc(b, (char)(bytes.n >> 8));
		buf_addc(b, (char)bytes.n);
	}
	buf_add(b, bytes);
}

enum { DER_INTEGER = 0x02, DER_BITS = 0x03, DER_SEQUENCE = 0x30 };

static void put_integer(struct buf *b, str number)
{
	CLEANUP(buf_release) struct buf n = BUF_INIT;

	if (number.n && number.p[0] & 0x80)
		buf_addc(&n, 0);
	buf_add(&n, number);
	put_der(b, DER_INTEGER, buf_str(&n));
}

/* SEQUENCE { algorithm, BIT STRING { key } } */
static void put_public_key(struct buf *b, str algorithm, str key)
{
	CLEANUP(buf_release) struct buf bits = BUF_INIT, all = BUF_INIT;

	buf_addc(&bits, 0);
	buf_add(&bits, key);
	put_der(&all, DER_SEQUENCE, algorithm);
	put_der(&all, DER_BITS, buf_str(&bits));
	put_der(b, DER_SEQUENCE, buf_str(&all));
}

#define OID_RSA     S("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00")
#define OID_ED25519 S("\x06\x03\x2b\x65\x70")
#define OID_EC      "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"
#define OID_P256    S(OID_EC "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07")
#define OID_P384    S(OID_EC "\x06\x05\x2b\x81\x04\x00\x22")
#define OID_P521    S(OID_EC "\x06\x05\x2b\x81\x04\x00\x23")

enum shape { SHAPE_ED25519, SHAPE_EC, SHAPE_RSA };
enum md { MD_NONE, MD_SHA256, MD_SHA384, MD_SHA512 };

static const struct kind {
	const char *name;      /* of the key */
	const char *signature; /* of signatures; NULL: the same */
	const char *curve;
	enum shape shape;
	enum md md;
	bool token;
} kinds[] = {
	{ "ssh-ed25519", NULL, NULL, SHAPE_ED25519, MD_NONE, false },
	{ "ecdsa-sha2-nistp256", NULL, "nistp256", SHAPE_EC, MD_SHA256, false },
	{ "ecdsa-sha2-nistp384", NULL, "nistp384", SHAPE_EC, MD_SHA384, false },
	{ "ecdsa-sha2-nistp521", NULL, "nistp521", SHAPE_EC, MD_SHA512, false },
	{ "ssh-rsa", "rsa-sha2-512", NULL, SHAPE_RSA, MD_SHA512, false },
	{ "ssh-rsa", "rsa-sha2-256", NULL, SHAPE_RSA, MD_SHA256, false },
	{ "sk-ssh-ed25519@openssh.com", NULL, NULL, SHAPE_ED25519, MD_NONE, true },
	{ "sk-ecdsa-sha2-nistp256@openssh.com", NULL, "nistp256", SHAPE_EC, MD_SHA256, true },
};

static const struct kind *find_kind(str name, str signature)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_eq(name, str_c(kinds[i].name)) &&
		    str_eq(signature,
			   str_c(kinds[i].signature ? kinds[i].signature : kinds[i].name)))
			return &kinds[i];
	return NULL;
}

/* The key behind its name; `application` gets what a token's key is for. */
static bool put_key(struct buf *b, const struct kind *k, str rest, str *application)
{
	CLEANUP(buf_release) struct buf inner = BUF_INIT, pair = BUF_INIT;
	str curve, point, exponent, modulus;

	switch (k->shape) {
	case SHAPE_ED25519:
		if (!take_text(&rest, &point) || point.n != 32)
			return false;
		put_public_key(b, OID_ED25519, point);
		break;
	case SHAPE_EC:
		if (!take_text(&rest, &curve) || !str_eq(curve, str_c(k->curve)) ||
		    !take_text(&rest, &point) || !point.n || point.p[0] != 4)
			return false;
		put_public_key(b,
			       str_ends(curve, S("256"))   ? OID_P256
			       : str_ends(curve, S("384")) ? OID_P384
							   : OID_P521,
			       point);
		break;
	case SHAPE_RSA:
		if (!take_number(&rest, &exponent) || !take_number(&rest, &modulus) ||
		    modulus.n < 256 || modulus.n > 2048 || exponent.n > 8)
			return false;
		put_integer(&inner, modulus);
		put_integer(&inner, exponent);
		put_der(&pair, DER_SEQUENCE, buf_str(&inner));
		put_public_key(b, OID_RSA, buf_str(&pair));
		break;
	}
	if (k->token && !take_text(&rest, application))
		return false;
	return !rest.n;
}

/* The signature as OpenSSL takes it. */
static bool put_signature(struct buf *b, const struct kind *k, str blob)
{
	CLEANUP(buf_release) struct buf pair = BUF_INIT;
	str r, s;

	if (k->shape != SHAPE_EC) {
		buf_add(b, blob);
		return true;
	}
	if (!take_number(&blob, &r) || !take_number(&blob, &s) || blob.n || r.n > 66 || s.n > 66)
		return false;
	put_integer(&pair, r);
	put_integer(&pair, s);
	put_der(b, DER_SEQUENCE, buf_str(&pair));
	return true;
}

/* ---- verifying --------------------------------------------------------------- */

static void hash(const struct ossl *o, str bytes, bool sha512, struct buf *to)
{
	unsigned char digest[64];
	unsigned n;

	if (o->EVP_Digest(bytes.n ? bytes.p : "", bytes.n, digest, &n,
			  sha512 ? o->EVP_sha512() : o->EVP_sha256(), NULL) != 1)
		die_bug("the hash fails");
	buf_bytes(to, digest, n);
}

/* A token signs the hash of what it is asked to sign, with what it is for,
 * and its flags and counter (`tail`). */
static bool wrap_for_token(const struct ossl *o, str application, str tail, struct buf *data)
{
	CLEANUP(buf_release) struct buf all = BUF_INIT;

	if (tail.n != 5)
		return false;
	hash(o, application, false, &all);
	buf_add(&all, tail);
	hash(o, buf_str(data), false, &all);
	buf_clear(data);
	buf_add(data, buf_str(&all));
	return true;
}

static bool check(const struct ossl *o, const struct kind *k, str key, str signature, str data)
{
	const unsigned char *p = (const unsigned char *)key.p;
	EVP_PKEY *pkey = o->d2i_PUBKEY(NULL, &p, (long)key.n);
	EVP_MD_CTX *ctx = o->EVP_MD_CTX_new();
	const EVP_MD *md = k->md == MD_SHA256   ? o->EVP_sha256()
			   : k->md == MD_SHA384 ? o->EVP_sha384()
			   : k->md == MD_SHA512 ? o->EVP_sha512()
						: NULL;
	bool good = pkey && ctx && o->EVP_DigestVerifyInit(ctx, NULL, md, NULL, pkey) == 1 &&
		    o->EVP_DigestVerify(ctx, (const unsigned char *)signature.p, signature.n,
					(const unsigned char *)data.p, data.n) == 1;

	o->EVP_MD_CTX_free(ctx);
	o->EVP_PKEY_free(pkey);
	o->ERR_clear_error();
	return good;
}

/* What was signed: not the payload, but a text about its hash. */
static void put_signed_text(const struct ossl *o, const struct sshsig *s, str payload,
			    struct buf *b)
{
	CLEANUP(buf_release) struct buf digest = BUF_INIT;

	hash(o, payload, str_eq(s->hash, S("sha512")), &digest);
	buf_add(b, S("SSHSIG"));
	put_text(b, s->purpose);
	put_text(b, STR_NONE);
	put_text(b, s->hash);
	put_text(b, buf_str(&digest));
}

static err *verify_with(const struct ossl *o, const struct sshsig *s, str payload, str key)
{
	CLEANUP(buf_release) struct buf data = BUF_INIT, der = BUF_INIT, blob = BUF_INIT;
	str rest = key, name, tail = s->signature, format, bytes, application = STR_NONE;

	if (!str_eq(key, s->key))
		return err_new(ERR_FORBIDDEN, "public key does not match");
	if (!str_eq(s->purpose, S("git")))
		return err_new(ERR_FORBIDDEN, "namespace does not match");
	if (!take_text(&rest, &name) || !take_text(&tail, &format) || !take_text(&tail, &bytes))
		return err_new(ERR_INVALID, "ssh: short read");
	const struct kind *k = find_kind(name, format);

	if (!k)
		return err_new(ERR_FORBIDDEN, "ssh: signature type %.*s for key type %.*s",
			       STR_ARG(format), STR_ARG(name));
	if (!put_key(&der, k, rest, &application))
		return err_new(ERR_FORBIDDEN, "ssh: unsupported key");
	put_signed_text(o, s, payload, &data);
	if ((k->token ? !wrap_for_token(o, application, tail, &data) : tail.n > 0) ||
	    !put_signature(&blob, k, bytes) ||
	    !check(o, k, buf_str(&der), buf_str(&blob), buf_str(&data)))
		return err_new(ERR_FORBIDDEN, "ssh: signature did not verify");
	return NULL;
}

static str fingerprint_of(const struct ossl *o, struct arena *a, str key)
{
	CLEANUP(buf_release) struct buf digest = BUF_INIT, text = BUF_INIT;

	hash(o, key, false, &digest);
	buf_add(&text, S("SHA256:"));
	base64_write(&text, buf_str(&digest), BASE64_RAW_STD);
	return arena_str(a, buf_str(&text));
}

/* Each reason once, a line each, as errors.Join prints them. */
static void add_reason(struct buf *b, const err *e)
{
	str rest = buf_str(b), line;

	while (str_line(&rest, &line))
		if (str_eq(line, err_text(e)))
			return;
	buf_addf(b, "\n%s", err_msg(e));
}

static err *kind_of_other(str signature)
{
	const char *kind = str_starts(signature, S("-----BEGIN PGP SIGNATURE-----"))    ? "openpgp"
			   : str_starts(signature, S("-----BEGIN SIGNED MESSAGE-----")) ? "x509"
											: "unknown";

	return err_new(ERR_INVALID,
		       "unable to verify SSH signature, detected signature format: %s: signature "
		       "format mismatch",
		       kind);
}

err *sshsig_verify(struct arena *a, str signature, str payload, const str *files, size_t n,
		   str *fingerprint)
{
	CLEANUP(buf_release) struct buf reasons = BUF_INIT;
	CLEANUP(err_drop) err *unread = NULL;
	const struct ossl *o;
	struct sshsig s;
	bool tried = false;

	signature = str_trim(signature);
	if (!signature.n)
		return err_new(ERR_INVALID, "unable to verify payload: signature is empty");
	if (!payload.n)
		return err_new(ERR_INVALID, "unable to verify payload: payload is empty");
	if (!sshsig_is(signature))
		return kind_of_other(signature);
	TRY(ossl_get(&o));
	err *e = sshsig_read(a, signature, &s);

	if (e)
		return err_wrap(e, "unable to unarmor SSH signature");
	buf_add(&reasons, S("no matching key"));
	for (size_t i = 0; i < n; i++) {
		key_list keys = { 0 };

		e = read_keys(a, files[i], &keys);
		if (e) {
			err_free(unread ? e : NULL);
			unread = unread ? unread : e;
			continue;
		}
		tried = true;
		for (size_t k = 0; k < keys.n; k++) {
			CLEANUP(err_drop) err *why = verify_with(o, &s, payload, keys.p[k]);

			if (!why) {
				*fingerprint = fingerprint_of(o, a, keys.p[k]);
				return NULL;
			}
			add_reason(&reasons, why);
		}
	}
	if (!tried && unread) {
		e = unread;
		unread = NULL;
		return e;
	}
	return err_new(ERR_FORBIDDEN,
		       "unable to verify payload with any of the given authorized keys: %s",
		       buf_c(&reasons));
}
