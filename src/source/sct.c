#include "source/sct.h"

#include "crypto/sha256.h"

enum { DER_SEQUENCE = 0x30, DER_OCTETS = 0x04, DER_EXTENSIONS = 0xa3, SCTS_MAX = 20 };

/* The list's extension: 1.3.6.1.4.1.11129.2.4.2. */
static const char list_number[] = "1.3.6.1.4.1.11129.2.4.2";
static const str list_oid = S("\x06\x0a\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02");

/* ---- DER -------------------------------------------------------------------- */

/* One element off the front: its tag, its content, and all of it. */
static bool take(str *s, uint8_t *tag, str *content, str *whole)
{
	size_t n, head = 2;

	if (s->n < 2)
		return false;
	*tag = (uint8_t)s->p[0];
	n = (uint8_t)s->p[1];
	if (n & 0x80) {
		size_t bytes = n & 0x7f;

		if (!bytes || bytes > 3 || s->n < 2 + bytes)
			return false;
		n = 0;
		for (size_t i = 0; i < bytes; i++)
			n = n << 8 | (uint8_t)s->p[2 + i];
		head += bytes;
	}
	if (n > s->n - head)
		return false;
	*content = str_sub(*s, head, head + n);
	*whole = str_sub(*s, 0, head + n);
	*s = str_from(*s, head + n);
	return true;
}

static void put(struct buf *b, uint8_t tag, str content)
{
	size_t n = content.n;

	buf_addc(b, (char)tag);
	if (n >= 0x10000)
		buf_addf(b, "%c%c%c", 0x83, (int)(n >> 16), (int)(n >> 8 & 0xff));
	else if (n >= 0x100)
		buf_addf(b, "%c%c", 0x82, (int)(n >> 8));
	else if (n >= 0x80)
		buf_addc(b, (char)0x81);
	buf_addc(b, (char)n);
	buf_add(b, content);
}

/* The list of extensions without that of the timestamps. */
static bool without_list(str extensions, struct buf *out)
{
	CLEANUP(buf_release) struct buf kept = BUF_LIMIT(CERT_MAX);
	str list, one, whole;
	uint8_t tag;

	if (!take(&extensions, &tag, &list, &whole) || tag != DER_SEQUENCE)
		return false;
	while (list.n) {
		if (!take(&list, &tag, &one, &whole))
			return false;
		if (!str_starts(one, list_oid))
			buf_add(&kept, whole);
	}
	put(out, DER_SEQUENCE, buf_str(&kept));
	return true;
}

/* What the log has signed: the inner part of the certificate, without the list. */
static bool before_list(str der, struct buf *out)
{
	CLEANUP(buf_release) struct buf kept = BUF_LIMIT(CERT_MAX), inner = BUF_LIMIT(CERT_MAX);
	str cert, tbs, one, whole;
	uint8_t tag;

	if (!take(&der, &tag, &cert, &whole) || !take(&cert, &tag, &tbs, &whole) ||
	    tag != DER_SEQUENCE)
		return false;
	while (tbs.n) {
		if (!take(&tbs, &tag, &one, &whole))
			return false;
		if (tag != DER_EXTENSIONS) {
			buf_add(&kept, whole);
			continue;
		}
		if (!without_list(one, &inner))
			return false;
		put(&kept, DER_EXTENSIONS, buf_str(&inner));
	}
	put(out, DER_SEQUENCE, buf_str(&kept));
	return true;
}

/* ---- timestamps --------------------------------------------------------------- */

static bool take_sized(str *s, size_t size, str *out)
{
	size_t n = 0;

	if (s->n < size)
		return false;
	for (size_t i = 0; i < size; i++)
		n = n << 8 | (uint8_t)s->p[i];
	if (n > s->n - size)
		return false;
	*out = str_sub(*s, size, size + n);
	*s = str_from(*s, size + n);
	return true;
}

/* version 0, log 32, timestamp 8, extensions, hash 4, signature 3, bytes */
static bool holds(const struct sigroot *root, str sct, str issuer_key_hash, str tbs)
{
	CLEANUP(buf_release) struct buf text = BUF_LIMIT(2 * CERT_MAX);
	str extensions, signature, id = str_sub(sct, 1, 33), stamp = str_sub(sct, 33, 41);
	uint64_t ms = 0;

	if (sct.n < 43 || sct.p[0] != 0)
		return false;
	for (size_t i = 0; i < 8; i++)
		ms = ms << 8 | (uint8_t)stamp.p[i];
	sct = str_from(sct, 41);
	if (!take_sized(&sct, 2, &extensions) || sct.n < 2 || sct.p[0] != 4 ||
	    (sct.p[1] != 3 && sct.p[1] != 1))
		return false;
	sct = str_from(sct, 2);
	if (!take_sized(&sct, 2, &signature))
		return false;
	const struct sigroot_log *log =
		sigroot_find(root->cert_logs, root->cert_logs_n, id, (int64_t)(ms / 1000));

	if (!log)
		return false;
	buf_add(&text, str_of("\0\0", 2));	/* version 1, a certificate's timestamp */
	buf_add(&text, stamp);
	buf_add(&text, str_of("\0\1", 2));	/* of a certificate that is to be made */
	buf_add(&text, issuer_key_hash);
	buf_addf(&text, "%c%c%c", (int)(tbs.n >> 16), (int)(tbs.n >> 8 & 0xff), (int)(tbs.n & 0xff));
	buf_add(&text, tbs);
	buf_addf(&text, "%c%c", (int)(extensions.n >> 8), (int)(extensions.n & 0xff));
	buf_add(&text, extensions);
	return pubkey_verify(log->key, PUBKEY_PLAIN, buf_str(&text), signature);
}

err *sct_check(struct arena *a, const struct sigroot *root, const struct cert *c,
	       const struct cert *issuer)
{
	CLEANUP(buf_release) struct buf tbs = BUF_LIMIT(CERT_MAX);
	CLEANUP(pubkey_drop) struct pubkey *key = NULL;
	uint8_t tag, hash[32];
	str octets, inside, list, one, whole;

	if (!cert_extension(a, c, list_number, &octets))
		return err_new(ERR_FORBIDDEN, "the certificate has no signed certificate timestamp");
	TRY(cert_key(issuer, &key));
	TRY(pubkey_id(key, hash));
	if (!take(&octets, &tag, &inside, &whole) || tag != DER_OCTETS ||
	    !take_sized(&inside, 2, &list) || !before_list(cert_der(a, c), &tbs))
		return err_new(ERR_INVALID, "the certificate's signed certificate timestamps cannot be "
					    "read");
	for (size_t i = 0; i < SCTS_MAX && take_sized(&list, 2, &one); i++)
		if (holds(root, one, str_of((const char *)hash, 32), buf_str(&tbs)))
			return NULL;
	return err_new(ERR_FORBIDDEN, "no signed certificate timestamp of the certificate verifies");
}
