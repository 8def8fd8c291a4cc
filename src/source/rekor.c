#include "source/rekor.h"

#include "crypto/sha256.h"
#include "text/base64.h"
#include "text/number.h"
#include "value/json.h"

static err *decoded(struct arena *a, node n, const char *what, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	*out = STR_NONE;
	if (n.kind != NODE_STR)
		return NULL;
	err *e = base64_read(&b, node_str(n), BASE64_STD);

	if (e)
		return err_wrap(e, "transparency log entry: %s", what);
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

/* Numbers stand as texts in bundles. */
static int64_t number(node n)
{
	int64_t i = -1;

	if (n.kind == NODE_STR)
		err_free(number_parse_int(node_str(n), 10, &i));
	else if (n.kind == NODE_INT)
		i = node_int(n);
	return i;
}

/* ---- reading ---------------------------------------------------------------- */

static err *read_proof(struct arena *a, node proof, struct rekor_entry *out)
{
	node hashes = node_get(proof, S("hashes"));

	if (node_is_nil(proof))
		return NULL;
	if (node_len(hashes) > REKOR_HASHES_MAX)
		return err_new(ERR_INVALID, "transparency log entry: more than %d hashes",
			       REKOR_HASHES_MAX);
	out->has_proof = true;
	out->proof_index = number(node_get(proof, S("logIndex")));
	out->proof_size = number(node_get(proof, S("treeSize")));
	TRY(decoded(a, node_get(proof, S("rootHash")), "rootHash", &out->root));
	node_each_item(i, hashes)
		TRY(decoded(a, *i, "hashes", &out->hashes[out->hashes_n++]));
	out->checkpoint = node_str(node_dig(proof, "checkpoint", "envelope"));
	return NULL;
}

err *rekor_read_bundle(struct arena *a, node entry, struct rekor_entry *out)
{
	*out = (struct rekor_entry){ .index = number(node_get(entry, S("logIndex"))),
				     .time = number(node_get(entry, S("integratedTime"))) };
	TRY(decoded(a, node_get(entry, S("canonicalizedBody")), "canonicalizedBody", &out->body));
	TRY(decoded(a, node_dig(entry, "logId", "keyId"), "keyId", &out->log_id));
	TRY(decoded(a, node_dig(entry, "inclusionPromise", "signedEntryTimestamp"),
		    "signedEntryTimestamp", &out->promise));
	return read_proof(a, node_get(entry, S("inclusionProof")), out);
}

static err *read_hex(struct arena *a, str hex, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (hex.n != 64)
		return err_new(ERR_INVALID, "transparency log entry: bad log ID");
	for (size_t i = 0; i < hex.n; i += 2) {
		uint64_t byte;

		TRY(number_parse_uint(str_sub(hex, i, i + 2), 16, &byte));
		buf_addc(&b, (char)byte);
	}
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

err *rekor_read_annotation(struct arena *a, str json, struct rekor_entry *out)
{
	node n, payload;

	TRY(json_read(a, json, NULL, &n));
	payload = node_get(n, S("Payload"));
	*out = (struct rekor_entry){ .index = number(node_get(payload, S("logIndex"))),
				     .time = number(node_get(payload, S("integratedTime"))) };
	TRY(decoded(a, node_get(n, S("SignedEntryTimestamp")), "SignedEntryTimestamp", &out->promise));
	TRY(decoded(a, node_get(payload, S("body")), "body", &out->body));
	return read_hex(a, node_str(node_get(payload, S("logID"))), &out->log_id);
}

/* ---- that it is in the log -------------------------------------------------- */

/* The promise is over this JSON: keys sorted, no spaces. */
static bool keeps_promise(const struct sigroot_log *log, const struct rekor_entry *e)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT, body = BUF_INIT;

	base64_write(&body, e->body, BASE64_STD);
	buf_addf(&b, "{\"body\":\"%.*s\",\"integratedTime\":%lld,\"logID\":\"", STR_ARG(buf_str(&body)),
		 (long long)e->time);
	for (size_t i = 0; i < e->log_id.n; i++)
		buf_addf(&b, "%02x", (unsigned char)e->log_id.p[i]);
	buf_addf(&b, "\",\"logIndex\":%lld}", (long long)e->index);
	return pubkey_verify(log->key, PUBKEY_PLAIN, buf_str(&b), e->promise);
}

static void hash_leaf(str body, uint8_t out[32])
{
	struct sha256 s;

	sha256_init(&s);
	sha256_add(&s, str_of("\0", 1));
	sha256_add(&s, body);
	sha256_end(&s, out);
}

static void hash_pair(str left, str right, uint8_t out[32])
{
	struct sha256 s;

	sha256_init(&s);
	sha256_add(&s, S("\1"));
	sha256_add(&s, left);
	sha256_add(&s, right);
	sha256_end(&s, out);
}

/* RFC 6962, 2.1.1, as RFC 9162, 2.1.3.2 checks it. */
static bool leads_to_root(const struct rekor_entry *e)
{
	uint64_t at = (uint64_t)e->proof_index, last = (uint64_t)e->proof_size - 1;
	uint8_t hash[32];

	if (e->proof_index < 0 || e->proof_size < 1 || e->proof_index >= e->proof_size)
		return false;
	hash_leaf(e->body, hash);
	for (size_t i = 0; i < e->hashes_n; i++) {
		str mine = str_of((const char *)hash, 32);

		if (e->hashes[i].n != 32 || !last)
			return false;
		if (at & 1 || at == last) {
			hash_pair(e->hashes[i], mine, hash);
			while (!(at & 1) && at) {
				at >>= 1;
				last >>= 1;
			}
		} else {
			hash_pair(mine, e->hashes[i], hash);
		}
		at >>= 1;
		last >>= 1;
	}
	return !last && e->root.n == 32 && memcmp(hash, e->root.p, 32) == 0;
}

/* "ORIGIN\nSIZE\nROOT\n...\n\n— NAME SIGNATURE\n": signed by the log, about this root. */
static bool is_signed_root(const struct sigroot_log *log, const struct rekor_entry *e)
{
	size_t end = str_find(e->checkpoint, S("\n\n"));
	str text = str_sub(e->checkpoint, 0, end + 1), rest = text, line, size, root;
	int64_t n;

	if (end == STR_NPOS || !str_line(&rest, &line) || !str_line(&rest, &size) ||
	    !str_line(&rest, &root))
		return false;
	err *bad = number_parse_int(size, 10, &n);
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!bad)
		bad = base64_read(&b, root, BASE64_STD);
	bool same = !bad && n == e->proof_size && str_eq(buf_str(&b), e->root);

	err_free(bad);
	for (rest = str_from(e->checkpoint, end + 2); same && str_line(&rest, &line);) {
		CLEANUP(buf_release) struct buf sig = BUF_INIT;
		size_t space = str_rfind_char(line, ' ');

		if (!str_starts(line, S("\xe2\x80\x94 ")) || space == STR_NPOS)
			continue;
		bad = base64_read(&sig, str_from(line, space + 1), BASE64_STD);
		bool good = !bad && sig.n > 4 && memcmp(sig.p, log->id.p, 4) == 0 &&
			    pubkey_verify(log->key, PUBKEY_PLAIN, text, str_from(buf_str(&sig), 4));

		err_free(bad);
		if (good)
			return true;
	}
	return false;
}

err *rekor_check(const struct sigroot *root, const struct rekor_entry *e, int64_t at)
{
	const struct sigroot_log *log =
		sigroot_find(root->logs, root->logs_n, e->log_id, e->promise.n ? e->time : at);

	if (!e->promise.n && (!at || !e->has_proof))
		return err_new(ERR_FORBIDDEN, "transparency log entry: its time is not signed by the log");
	if (!log || e->log_id.n != 32)
		return err_new(ERR_FORBIDDEN, "transparency log entry: the trusted root has no log of "
					      "that ID and time");
	if (e->promise.n && (e->index < 0 || e->time <= 0 || !keeps_promise(log, e)))
		return err_new(ERR_FORBIDDEN,
			       "transparency log entry: signed entry timestamp does not verify");
	if (e->has_proof && (!leads_to_root(e) || !is_signed_root(log, e)))
		return err_new(ERR_FORBIDDEN, "transparency log entry: inclusion proof does not verify");
	return NULL;
}

/* ---- that it is about this -------------------------------------------------- */

static bool is_cert(str base64_pem, str der)
{
	CLEANUP(buf_release) struct buf pem = BUF_INIT;
	struct cert_list list = { 0 };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	err *bad = base64_read(&pem, base64_pem, BASE64_STD);

	if (!bad)
		bad = cert_list_read(&list, buf_str(&pem));
	bool same = !bad && list.n && str_eq(cert_der(&a, list.p[0]), der);

	err_free(bad);
	cert_list_release(&list);
	return same;
}

static bool is_base64_of(str text, str bytes)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	base64_write(&b, bytes, BASE64_STD);
	return str_eq(buf_str(&b), text);
}

static bool is_hash_of(node hash, str payload)
{
	char hex[SHA256_HEX + 1];

	sha256_hex(payload, hex);
	return str_eq(node_str(node_get(hash, S("algorithm"))), S("sha256")) &&
	       str_eq(node_str(node_get(hash, S("value"))), str_c(hex));
}

/* The first form: hashes in hexadecimal, certificates in PEM. */
static bool is_about(node spec, const struct rekor_subject *s)
{
	node list = node_get(spec, S("signatures")), first = node_at(list, 0);
	node signature = node_get(spec, S("signature"));

	if (s->dsse)
		return is_hash_of(node_get(spec, S("payloadHash")), s->payload) && node_len(list) == 1 &&
		       is_base64_of(node_str(node_get(first, S("signature"))), s->signature) &&
		       is_cert(node_str(node_get(first, S("verifier"))), s->cert);
	return is_hash_of(node_dig(spec, "data", "hash"), s->payload) &&
	       is_base64_of(node_str(node_get(signature, S("content"))), s->signature) &&
	       is_cert(node_str(node_dig(signature, "publicKey", "content")), s->cert);
}

static bool is_digest_of(node hash, str payload)
{
	uint8_t digest[32];
	struct sha256 sum;

	sha256_init(&sum);
	sha256_add(&sum, payload);
	sha256_end(&sum, digest);
	return str_eq(node_str(node_get(hash, S("algorithm"))), S("SHA2_256")) &&
	       is_base64_of(node_str(node_get(hash, S("digest"))), str_of((const char *)digest, 32));
}

/* That of Rekor 2: all is base64, and envelopes are texts as others are. */
static bool is_about_v2(node spec, const struct rekor_subject *s)
{
	node v2 = node_get(spec, S("hashedRekordV002")), signature = node_get(v2, S("signature"));

	return is_digest_of(node_get(v2, S("data")), s->text) &&
	       is_base64_of(node_str(node_get(signature, S("content"))), s->signature) &&
	       is_base64_of(node_str(node_dig(signature, "verifier", "x509Certificate", "rawBytes")),
			    s->cert);
}

err *rekor_check_body(struct arena *a, const struct rekor_entry *e, const struct rekor_subject *s)
{
	node n;

	TRY(json_read(a, e->body, NULL, &n));
	node spec = node_get(n, S("spec"));
	str kind = node_str(node_get(n, S("kind"))), version = node_str(node_get(n, S("apiVersion")));
	bool second = str_eq(version, S("0.0.2"));

	if ((!second && !str_eq(version, S("0.0.1"))) ||
	    !str_eq(kind, s->dsse && !second ? S("dsse") : S("hashedrekord")))
		return err_new(ERR_FORBIDDEN, "transparency log entry: unsupported kind %.*s %.*s",
			       STR_ARG(str_sub(kind, 0, 40)), STR_ARG(str_sub(version, 0, 20)));
	return (second ? is_about_v2(spec, s) : is_about(spec, s))
		       ? NULL
		       : err_new(ERR_FORBIDDEN, "transparency log entry: it is about another signature");
}
