#include "crypto/age.h"

#include "base/ascii.h"
#include "base/vec.h"
#include "crypto/aead.h"
#include "crypto/bech32.h"
#include "crypto/ossl.h"
#include "crypto/secret.h"
#include "text/base64.h"
#include "text/quote.h"

enum { LINE_BYTES = 48, LINE_LETTERS = 64, KEY_BYTES = 16, CHUNK = 64 << 10, BLANK_MAX = 1024 };

static const char armor_begin[] = "-----BEGIN AGE ENCRYPTED FILE-----";
static const char armor_end[] = "-----END AGE ENCRYPTED FILE-----";
static const char intro[] = "age-encryption.org/v1\n";

/* ---- texts ----------------------------------------------------------------- */

static str quoted(struct arena *a, str s)
{
	return quote_str(a, str_sub(s, 0, 200));
}

/* Base64 in the one form that age takes: canonical, without line breaks. */
static err *decode(str text, enum base64_form form, struct buf *out)
{
	CLEANUP(buf_release) struct buf again = BUF_INIT;
	size_t before = out->n;
	size_t bad = str_find_char(text, '\n');

	if (bad == STR_NPOS)
		bad = str_find_char(text, '\r');
	if (bad != STR_NPOS)
		return err_new(ERR_INVALID, "unexpected newline character");
	TRY(base64_read(out, text, form));
	base64_write(&again, str_from(buf_str(out), before), form);
	if (str_eq(buf_str(&again), text))
		return NULL;
	buf_trim(out, before);
	return err_new(ERR_INVALID, "illegal base64 data at input byte %zu",
		       text.n ? text.n - 1 : 0);
}

/* ---- armour ---------------------------------------------------------------- */

static err *armor_error(const char *what)
{
	return err_new(ERR_INVALID, "invalid armor: %s", what);
}

static err *armor_tail(str s)
{
	if (str_trim(str_sub(s, 0, BLANK_MAX)).n)
		return armor_error("trailing data after armored file");
	return s.n >= BLANK_MAX ? armor_error("too much trailing whitespace") : NULL;
}

static err *armor_start(str *s)
{
	str line;

	for (size_t blank = 0; str_line(s, &line);) {
		if (str_eq(line, str_c(armor_begin)))
			return NULL;
		if (str_trim(line).n)
			return armor_error("invalid first line");
		blank += line.n + 1;
		if (blank > BLANK_MAX)
			return armor_error("too much leading whitespace");
	}
	return armor_error("unexpected EOF");
}

err *age_dearmor(str text, struct buf *out)
{
	str line;

	if (text.n > AGE_FILE_MAX)
		return armor_error("the file is too large");
	TRY(armor_start(&text));
	while (str_line(&text, &line)) {
		size_t before = out->n;

		if (str_eq(line, str_c(armor_end)))
			return armor_tail(text);
		if (!line.n)
			return armor_error("empty line in armored data");
		if (line.n > LINE_LETTERS)
			return armor_error("column limit exceeded");
		err *e = decode(line, BASE64_STD, out);

		if (e)
			return err_wrap(e, "invalid armor");
		if (out->n - before == LINE_BYTES)
			continue;
		if (!str_line(&text, &line))
			return armor_error("unexpected EOF");
		return str_eq(line, str_c(armor_end)) ? armor_tail(text)
						      : armor_error("invalid closing line");
	}
	return armor_error("unexpected EOF");
}

/* ---- the header ------------------------------------------------------------ */

/* A line with its line feed; false when it has none. */
static bool take_line(str *s, str *line)
{
	size_t end = str_find_char(*s, '\n');

	if (end == STR_NPOS)
		return false;
	*line = str_sub(*s, 0, end);
	*s = str_from(*s, end + 1);
	return true;
}

static bool is_visible(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 33 || s.p[i] > 126)
			return false;
	return s.n > 0;
}

static err *read_body(struct arena *a, str *s, struct age_stanza *out)
{
	CLEANUP(buf_release) struct buf body = BUF_LIMIT(AGE_FILE_MAX);
	str line;

	for (;;) {
		size_t before = body.n;

		if (!take_line(s, &line))
			return err_new(ERR_INVALID, "failed to read line: EOF");
		err *e = decode(line, BASE64_RAW_STD, &body);

		if (e)
			return err_wrap(e, "parsing age header: malformed body line %.*s",
					STR_ARG(quoted(a, line)));
		if (body.n - before > LINE_BYTES)
			return err_new(ERR_INVALID,
				       "parsing age header: malformed body line %.*s: too long",
				       STR_ARG(quoted(a, line)));
		if (body.n - before < LINE_BYTES)
			break;
	}
	out->body = arena_str(a, buf_str(&body));
	return NULL;
}

static err *read_stanza(struct arena *a, str *s, struct age_stanza *out)
{
	VEC(str) args = { 0 };
	str line, word, rest;

	if (!take_line(s, &line))
		return err_new(ERR_INVALID, "failed to read line: EOF");
	rest = line;
	if (!str_take_str(&rest, S("->")))
		return err_new(ERR_INVALID, "malformed stanza opening line: %.*s",
			       STR_ARG(quoted(a, line)));
	bool good = str_take(&rest, ' ') && rest.n && rest.p[rest.n - 1] != ' ';

	while (good && str_cut(&rest, &word, ' ')) {
		good = is_visible(word);
		avec_push(a, &args, word);
	}
	if (!good)
		return err_new(ERR_INVALID, "malformed stanza: %.*s", STR_ARG(quoted(a, line)));
	*out = (struct age_stanza){ .type = args.p[0], .args = args.p + 1, .args_n = args.n - 1 };
	return read_body(a, s, out);
}

static err *read_mac(struct arena *a, str line, struct age_header *out)
{
	CLEANUP(buf_release) struct buf mac = BUF_INIT;
	str text = line;
	bool good = str_take_str(&text, S("--- "));

	if (good)
		err_free(decode(text, BASE64_RAW_STD, &mac));
	if (mac.n != 32)
		return err_new(ERR_INVALID, "parsing age header: malformed closing line: %.*s",
			       STR_ARG(quoted(a, line)));
	memcpy(out->mac, mac.p, 32);
	return NULL;
}

err *age_header_read(struct arena *a, str file, struct age_header *out)
{
	VEC(struct age_stanza) stanzas = { 0 };
	struct age_header h = { 0 };
	str s = file, line;

	if (!file.n)
		return err_new(ERR_INVALID, "parsing age header: file is empty");
	if (!str_take_str(&s, str_c(intro))) {
		str_cut(&s, &line, '\n');
		return err_new(ERR_INVALID, "parsing age header: unexpected intro: %.*s",
			       STR_ARG(quoted(a, line)));
	}
	while (!str_starts(s, S("---"))) {
		struct age_stanza stanza;

		if (s.n < 3)
			return err_new(ERR_INVALID, "parsing age header: failed to read header: EOF");
		if (stanzas.n == AGE_STANZAS_MAX)
			return err_new(ERR_INVALID, "more than %d recipients", AGE_STANZAS_MAX);
		err *e = read_stanza(a, &s, &stanza);

		if (e)
			return err_wrap(e, "failed to parse header");
		avec_push(a, &stanzas, stanza);
	}
	h.signed_text = str_sub(file, 0, (size_t)(s.p - file.p) + 3);
	if (!take_line(&s, &line))
		return err_new(ERR_INVALID, "failed to read header: EOF");
	TRY(read_mac(a, line, &h));
	h.stanzas = stanzas.p;
	h.n = stanzas.n;
	h.payload = s;
	*out = h;
	return NULL;
}

/* ---- keys ------------------------------------------------------------------ */

static bool exchange(const struct ossl *o, const uint8_t secret[32], const uint8_t public[32],
		     uint8_t out[32])
{
	EVP_PKEY *ours = o->EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, 32);
	EVP_PKEY *theirs = o->EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, public, 32);
	EVP_PKEY_CTX *ctx = ours ? o->EVP_PKEY_CTX_new(ours, NULL) : NULL;
	size_t n = 32;
	/* OpenSSL refuses the points of small order by itself: the result is never zero. */
	bool good = ctx && theirs && o->EVP_PKEY_derive_init(ctx) > 0 &&
		    o->EVP_PKEY_derive_set_peer(ctx, theirs) > 0 &&
		    o->EVP_PKEY_derive(ctx, out, &n) > 0 && n == 32;

	o->EVP_PKEY_CTX_free(ctx);
	o->EVP_PKEY_free(theirs);
	o->EVP_PKEY_free(ours);
	o->ERR_clear_error();
	return good;
}

static err *find_public(struct age_identity *id)
{
	const struct ossl *o;
	size_t n = sizeof id->public;

	TRY(ossl_get(&o));
	EVP_PKEY *key = o->EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, id->secret, 32);
	bool good = key && o->EVP_PKEY_get_raw_public_key(key, id->public, &n) > 0;

	o->EVP_PKEY_free(key);
	return good ? NULL : err_new(ERR_INVALID, "malformed secret key: invalid X25519 secret key");
}

err *age_identity_parse(str text, struct age_identity *out)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;
	struct age_identity id = { 0 };
	str what;
	err *e = bech32_read(text, &what, &bytes);

	if (e)
		return err_wrap(e, "malformed secret key");
	if (!str_eq(what, S("AGE-SECRET-KEY-")))
		return err_new(ERR_INVALID, "malformed secret key: unknown type \"%.*s\"",
			       STR_ARG(what));
	if (bytes.n != sizeof id.secret)
		return err_new(ERR_INVALID, "malformed secret key: invalid X25519 secret key");
	memcpy(id.secret, bytes.p, sizeof id.secret);
	explicit_bzero(bytes.p, bytes.n);
	e = find_public(&id);
	if (!e)
		*out = id;
	explicit_bzero(&id, sizeof id);
	return e;
}

void age_recipient(struct buf *b, const struct age_identity *id)
{
	bech32_write(b, S("age"), str_of((const char *)id->public, sizeof id->public));
}

/* ---- unwrapping the file's key ---------------------------------------------- */

static str bytes_of(const uint8_t *p, size_t n)
{
	return str_of((const char *)p, n);
}

/* `opened` stays false when it is not for us. */
static err *open_key(const uint8_t wrapping[32], str body, const char *kind, uint8_t key[KEY_BYTES],
		     bool *opened)
{
	static const char nonce[AEAD_NONCE];
	CLEANUP(buf_release) struct buf plain = BUF_INIT;

	if (body.n != KEY_BYTES + AEAD_TAG)
		return err_new(ERR_INVALID, "invalid %s recipient block: incorrect file key size",
			       kind);
	err *e = aead_open(AEAD_CHACHA20_POLY1305, wrapping, str_of(nonce, sizeof nonce), body,
			   STR_NONE, &plain);

	if (e && err_kind(e) == ERR_FORBIDDEN) {
		err_free(e);
		return NULL;
	}
	TRY(e);
	memcpy(key, plain.p, KEY_BYTES);
	explicit_bzero(plain.p, plain.n);
	*opened = true;
	return NULL;
}

static err *open_x25519(const struct age_identity *id, const struct age_stanza *s,
			uint8_t key[KEY_BYTES], bool *opened)
{
	CLEANUP(buf_release) struct buf theirs = BUF_INIT, salt = BUF_INIT;
	uint8_t shared[32], wrapping[32];
	const struct ossl *o;

	TRY(ossl_get(&o));
	if (s->args_n != 1)
		return err_new(ERR_INVALID, "invalid X25519 recipient block");
	err *e = decode(s->args[0], BASE64_RAW_STD, &theirs);

	if (e)
		return err_wrap(e, "failed to parse X25519 recipient");
	if (theirs.n != 32)
		return err_new(ERR_INVALID, "invalid X25519 recipient block");
	if (!exchange(o, id->secret, (const uint8_t *)theirs.p, shared))
		return err_new(ERR_INVALID,
			       "invalid X25519 recipient: crypto/ecdh: bad X25519 remote ECDH "
			       "input: low order point");
	buf_add(&salt, buf_str(&theirs));
	buf_bytes(&salt, id->public, 32);
	e = aead_derive(bytes_of(shared, 32), buf_str(&salt), S("age-encryption.org/v1/X25519"),
			wrapping);
	if (!e)
		e = open_key(wrapping, s->body, "X25519", key, opened);
	explicit_bzero(shared, sizeof shared);
	explicit_bzero(wrapping, sizeof wrapping);
	return e;
}

static err *read_work(str text, unsigned *out)
{
	bool good = text.n && text.p[0] != '0';
	uint64_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		good = good && ascii_is_digit(text.p[i]);
	if (!good)
		return err_new(ERR_INVALID, "scrypt work factor encoding invalid: \"%.*s\"",
			       STR_ARG(str_sub(text, 0, 100)));
	if (!str_to_u64(text, &n) || n > AGE_WORK_MAX)
		return err_new(ERR_INVALID, "scrypt work factor too large: %.*s",
			       STR_ARG(str_sub(text, 0, 100)));
	*out = (unsigned)n;
	return NULL;
}

static err *open_scrypt(const struct age_identity *id, const struct age_stanza *s,
			uint8_t key[KEY_BYTES], bool *opened)
{
	CLEANUP(buf_release) struct buf salt = BUF_INIT;
	const struct ossl *o;
	uint8_t wrapping[32];
	unsigned work;

	TRY(ossl_get(&o));
	if (s->args_n != 2)
		return err_new(ERR_INVALID, "invalid scrypt recipient block");
	buf_add(&salt, S("age-encryption.org/v1/scrypt"));
	size_t before = salt.n;
	err *e = decode(s->args[0], BASE64_RAW_STD, &salt);

	if (e)
		return err_wrap(e, "failed to parse scrypt salt");
	if (salt.n - before != 16)
		return err_new(ERR_INVALID, "invalid scrypt recipient block");
	TRY(read_work(s->args[1], &work));
	if (!o->EVP_PBE_scrypt(id->passphrase.p, id->passphrase.n, (const unsigned char *)salt.p,
			       salt.n, (uint64_t)1 << work, 8, 1,
			       ((uint64_t)1024 << work) + (1 << 20), wrapping, 32)) {
		o->ERR_clear_error();
		return err_new(ERR_INTERNAL, "failed to generate scrypt hash");
	}
	e = open_key(wrapping, s->body, "scrypt", key, opened);
	explicit_bzero(wrapping, sizeof wrapping);
	return e;
}

static err *unwrap(const struct age_header *h, const struct age_identity *id, uint8_t *key,
		   bool *opened)
{
	bool phrase = id->passphrase.n > 0;

	for (size_t i = 0; phrase && i < h->n; i++)
		if (str_eq(h->stanzas[i].type, S("scrypt")) && h->n != 1)
			return err_new(ERR_INVALID, "an scrypt recipient must be the only one");
	for (size_t i = 0; i < h->n && !*opened; i++) {
		const struct age_stanza *s = &h->stanzas[i];

		if (phrase && str_eq(s->type, S("scrypt")))
			TRY(open_scrypt(id, s, key, opened));
		else if (!phrase && str_eq(s->type, S("X25519")))
			TRY(open_x25519(id, s, key, opened));
	}
	return NULL;
}

static err *no_match(const struct age_header *h, const struct age_identity *ids, size_t n)
{
	static const char block[] = "incorrect identity for recipient block";
	const char *more = "";

	if (n != 1)
		return err_new(ERR_NOT_FOUND, "no identity matched any of the recipients");
	if (ids[0].passphrase.n)
		more = h->n == 1 && str_eq(h->stanzas[0].type, S("scrypt"))
			       ? ": incorrect passphrase"
			       : ": file is not passphrase-encrypted";
	return err_new(ERR_NOT_FOUND, "identity did not match any of the recipients: %s%s", block,
		       more);
}

static err *check_mac(const struct age_header *h, const uint8_t *key)
{
	uint8_t derived[32], mac[32], differ = 0;

	TRY(aead_derive(bytes_of(key, KEY_BYTES), STR_NONE, S("header"), derived));
	TRY(secret_hmac_sha256(bytes_of(derived, 32), h->signed_text, mac));
	for (int i = 0; i < 32; i++)
		differ |= (uint8_t)(mac[i] ^ h->mac[i]);
	return differ ? err_new(ERR_FORBIDDEN, "bad header MAC") : NULL;
}

/* ---- the payload ------------------------------------------------------------ */

static err *open_chunks(const uint8_t key[32], str s, struct buf *out)
{
	char nonce[AEAD_NONCE] = { 0 };
	bool last;

	for (uint32_t chunk = 0;; chunk++) {
		size_t n = s.n < CHUNK + AEAD_TAG ? s.n : CHUNK + AEAD_TAG;

		last = n == s.n;
		if (chunk && n == AEAD_TAG)
			return err_new(ERR_INVALID, "last chunk is empty, try age v1.0.0, and please "
						    "consider reporting this");
		if (!n)
			return err_new(ERR_INVALID, "unexpected EOF");
		for (int i = 0; i < 4; i++)
			nonce[AEAD_NONCE - 2 - i] = (char)(chunk >> 8 * i);
		nonce[AEAD_NONCE - 1] = last;
		err *e = aead_open(AEAD_CHACHA20_POLY1305, key, str_of(nonce, sizeof nonce),
				   str_sub(s, 0, n), STR_NONE, out);

		if (e)
			return err_replace(e, "failed to decrypt and authenticate payload chunk, file "
					      "may be corrupted or tampered with");
		s = str_from(s, n);
		if (last)
			return NULL;
	}
}

static err *open_payload(const struct age_header *h, const uint8_t *file_key, struct buf *out)
{
	enum { NONCE = 16 };
	size_t before = out->n;
	uint8_t key[32];

	if (h->payload.n < NONCE)
		return err_new(ERR_INVALID, "failed to read nonce: %s",
			       h->payload.n ? "unexpected EOF" : "EOF");
	TRY(aead_derive(bytes_of(file_key, KEY_BYTES), str_sub(h->payload, 0, NONCE), S("payload"),
			key));
	err *e = open_chunks(key, str_from(h->payload, NONCE), out);

	explicit_bzero(key, sizeof key);
	if (e && out->n > before) {
		explicit_bzero(out->p + before, out->n - before);
		buf_trim(out, before);
	}
	return e;
}

static err *decrypt(struct arena *a, str file, const struct age_identity *ids, size_t n,
		    struct buf *out)
{
	struct age_header h;
	uint8_t key[KEY_BYTES];
	bool opened = false;
	err *e = age_header_read(a, file, &h);

	if (e)
		return err_wrap(e, "failed to read header");
	if (!n)
		return err_new(ERR_NOT_FOUND, "no identities specified");
	for (size_t i = 0; i < n && !opened; i++)
		TRY(unwrap(&h, &ids[i], key, &opened));
	if (!opened)
		return no_match(&h, ids, n);
	e = check_mac(&h, key);
	if (!e)
		e = open_payload(&h, key, out);
	explicit_bzero(key, sizeof key);
	return e;
}

bool age_is(str file)
{
	return str_starts(file, S("age-encryption")) || str_starts(str_trim(file), str_c(armor_begin));
}

err *age_decrypt(str file, const struct age_identity *ids, size_t n, struct buf *out)
{
	CLEANUP(buf_release) struct buf plain = BUF_LIMIT(AGE_FILE_MAX);
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET(4 * (size_t)AGE_FILE_MAX);

	if (file.n > AGE_FILE_MAX)
		return err_new(ERR_INVALID, "an age file of more than %d bytes is not read",
			       AGE_FILE_MAX);
	if (!str_starts(file, str_c(intro)) && str_starts(str_trim(file), S("-----BEGIN"))) {
		err *e = age_dearmor(file, &plain);

		if (e)
			return err_wrap(e, "failed to read header: parsing age header: failed to "
					   "read intro");
		file = buf_str(&plain);
	}
	return decrypt(&a, file, ids, n, out);
}
