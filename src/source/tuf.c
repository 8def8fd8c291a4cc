#include "source/tuf.h"

#include "base/ascii.h"
#include "crypto/pubkey.h"
#include "source/digest.h"
#include "text/gotime.h"
#include "value/json.h"

enum { DEPTH_MAX = 64 };

/* One visit. What is not there yet is NODE_NONE. */
struct visit {
	struct arena *a;
	const struct tuf_mirror *mirror;
	struct tuf_memory *memory;
	int64_t now;
	node root, timestamp, snapshot, targets;	/* what is signed in each */
};

/* A text of the repository, read. */
struct doc {
	node body, signatures;
	str signed_text;
};

/* ---- texts ----------------------------------------------------------------------- */

static void put_str(struct buf *b, str s)
{
	buf_addc(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_addc(b, '\\');
		buf_addc(b, s.p[i]);
	}
	buf_addc(b, '"');
}

/* Canonical JSON, which is what is signed. The tree's keys are sorted. */
static err *put_node(struct buf *b, node n)
{
	const char *separator = "";

	if (n.kind == NODE_MAP) {
		buf_addc(b, '{');
		node_each_pair(p, n) {
			buf_add(b, str_c(separator));
			put_str(b, node_str(p->key));
			buf_addc(b, ':');
			TRY(put_node(b, p->value));
			separator = ",";
		}
		buf_addc(b, '}');
	} else if (n.kind == NODE_SEQ) {
		buf_addc(b, '[');
		node_each_item(i, n) {
			buf_add(b, str_c(separator));
			TRY(put_node(b, *i));
			separator = ",";
		}
		buf_addc(b, ']');
	} else if (n.kind == NODE_STR) {
		put_str(b, node_str(n));
	} else if (n.kind == NODE_FLOAT) {
		return err_new(ERR_INVALID, "value error: canonical JSON has no fractions");
	} else {
		return json_write(b, n, NULL);
	}
	return NULL;
}

static err *check_signatures(node list)
{
	if (node_len(list) > TUF_SIGNATURES_MAX)
		return err_new(ERR_INVALID, "value error: more than %d signatures", TUF_SIGNATURES_MAX);
	for (size_t i = 0; i < node_len(list); i++)
		for (size_t j = 0; j < i; j++) {
			str id = node_str(node_get(node_at(list, i), S("keyid")));

			if (str_eq(id, node_str(node_get(node_at(list, j), S("keyid")))))
				return err_new(ERR_INVALID,
					       "value error: multiple signatures found for key ID %.*s",
					       STR_ARG(str_sub(id, 0, 100)));
		}
	return NULL;
}

static err *read_doc(struct arena *a, str text, const char *type, struct doc *out)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(2 * TUF_TARGETS_MAX);
	node n;

	TRY(json_read(a, text, &(struct json_options){ .max_depth = DEPTH_MAX }, &n));
	out->body = node_get(n, S("signed"));
	out->signatures = node_get(n, S("signatures"));
	str got = node_str(node_get(out->body, S("_type")));

	if (!str_eq(got, str_c(type)))
		return err_new(ERR_INVALID, "value error: expected metadata type %s, got - %.*s", type,
			       STR_ARG(str_sub(got, 0, 60)));
	TRY(check_signatures(out->signatures));
	node_sort(out->body);
	TRY(put_node(&b, out->body));
	out->signed_text = arena_str(a, buf_str(&b));
	return NULL;
}

static int64_t version_of(node body)
{
	return node_int(node_get(body, S("version")));
}

static bool is_expired(node body, int64_t now)
{
	struct gotime t;
	err *e = gotime_parse(&t, GOTIME_RFC3339, node_str(node_get(body, S("expires"))), NULL);
	bool expired = e || now > t.sec;

	err_free(e);
	return expired;
}

/* ---- signatures -------------------------------------------------------------------- */

static err *read_hex(struct arena *a, str text, str *out)
{
	char *bytes = arena_alloc(a, text.n / 2 + 1);

	if (text.n % 2)
		return err_new(ERR_INVALID, "encoding/hex: odd length hex string");
	for (size_t i = 0; i < text.n; i += 2) {
		int high = ascii_hex(text.p[i]), low = ascii_hex(text.p[i + 1]);

		if (high < 0 || low < 0)
			return err_new(ERR_INVALID, "encoding/hex: invalid byte");
		bytes[i / 2] = (char)(high << 4 | low);
	}
	*out = str_of(bytes, text.n / 2);
	return NULL;
}

static err *read_key(struct arena *a, node key, struct pubkey **out)
{
	/* SubjectPublicKeyInfo of Ed25519, but for the key */
	static const char prefix[] = "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21";
	str type = node_str(node_get(key, S("keytype")));
	str text = node_str(node_dig(key, "keyval", "public"));
	str bytes;

	if (str_eq(type, S("rsa")) || str_eq(type, S("ecdsa")) ||
	    str_eq(type, S("ecdsa-sha2-nistp256")))
		return pubkey_read_pem(out, text);
	if (!str_eq(type, S("ed25519")))
		return err_new(ERR_INVALID, "unsupported public key type");
	TRY(read_hex(a, text, &bytes));
	return pubkey_read_der(out, arena_cat(a, str_of(prefix, sizeof prefix), bytes));
}

static enum pubkey_scheme scheme_of(node key)
{
	if (str_eq(node_str(node_get(key, S("keytype"))), S("rsa")))
		return PUBKEY_PSS_256;
	return str_eq(node_str(node_get(key, S("scheme"))), S("ecdsa-sha2-nistp384"))
		       ? PUBKEY_PLAIN_384
		       : PUBKEY_PLAIN;
}

static bool is_signed(struct arena *a, const struct doc *d, str id, node key,
		      const struct pubkey *with)
{
	node_each_item(i, d->signatures) {
		str bytes;

		if (!str_eq(node_str(node_get(*i, S("keyid"))), id))
			continue;
		err *e = read_hex(a, node_str(node_get(*i, S("sig"))), &bytes);
		bool good = !e && pubkey_verify(with, scheme_of(key), d->signed_text, bytes);

		err_free(e);
		return good;
	}
	return false;
}

/* One key under several names counts once. */
static err *count_key(struct arena *a, const struct doc *d, str id, node key, uint8_t (*seen)[32],
		      size_t *n)
{
	CLEANUP(pubkey_drop) struct pubkey *k = NULL;

	TRY(read_key(a, key, &k));
	TRY(pubkey_id(k, seen[*n]));
	for (size_t i = 0; i < *n; i++)
		if (memcmp(seen[i], seen[*n], sizeof seen[i]) == 0)
			return NULL;
	*n += is_signed(a, d, id, key, k);
	return NULL;
}

/* Whether enough of the keys that `root` names for the role have signed. */
static err *check_role(struct arena *a, node root, const char *role, const struct doc *d)
{
	node keys = node_get(root, S("keys")), rule = node_get(node_get(root, S("roles")), str_c(role));
	node ids = node_get(rule, S("keyids"));
	int64_t threshold = node_int(node_get(rule, S("threshold")));
	uint8_t seen[TUF_SIGNATURES_MAX + 1][32];
	size_t n = 0;

	if (!node_len(ids) || node_len(ids) > TUF_SIGNATURES_MAX)
		return err_new(ERR_INVALID, "value error: no delegation found for %s", role);
	if (threshold < 1)
		return err_new(ERR_INVALID, "value error: insufficient threshold (%lld) configured for %s",
			       (long long)threshold, role);
	node_each_item(i, ids) {
		str id = node_str(*i);

		if (!node_has(keys, id))
			return err_new(ERR_INVALID,
				       "value error: key with ID %.*s not found in %s keyids",
				       STR_ARG(str_sub(id, 0, 100)), role);
		TRY(count_key(a, d, id, node_get(keys, id), seen, &n));
	}
	if (n >= (uint64_t)threshold)
		return NULL;
	return err_new(ERR_FORBIDDEN,
		       "unsigned metadata error: Verifying %s failed, not enough signatures, got %zu, "
		       "want %lld", role, n, (long long)threshold);
}

/* ---- files --------------------------------------------------------------------------- */

static err *download(const struct visit *v, str path, size_t max, str *out)
{
	str url = arena_cat(v->a, v->mirror->url, S("/"), path);

	TRY(v->mirror->get(v->mirror->ctx, v->a, url, max, out));
	if (out->n <= max)
		return NULL;
	return err_new(ERR_INVALID,
		       "download length mismatch error: download failed for %.*s, length %zu is larger "
		       "than expected %zu", STR_ARG(url), out->n, max);
}

/* As long as it is said to be, where that is said. */
static size_t length_of(node told, size_t max)
{
	int64_t length = node_int(node_get(told, S("length")));

	return length > 0 && (uint64_t)length < max ? (size_t)length : max;
}

static err *download_role(const struct visit *v, const char *role, node told, size_t max, str *out)
{
	bool versions = node_bool(node_get(v->root, S("consistent_snapshot")));
	str path = arena_printf(v->a, "%s.json", role);

	if (versions)
		path = arena_printf(v->a, "%lld.%s.json", (long long)version_of(told), role);
	return download(v, path, length_of(told, max), out);
}

static err *check_hash(struct arena *a, str algorithm, str want, str text)
{
	enum digest_algo algo;
	str got;

	if (!digest_algo_parse(algorithm, &algo))
		return err_new(ERR_INVALID,
			       "length/hash verification error: hash verification failed - unknown hashing "
			       "algorithm - %.*s", STR_ARG(str_sub(algorithm, 0, 60)));
	TRY(digest_of(a, algo, text, &got));
	if (str_eq(got, arena_cat(a, algorithm, S(":"), want)))
		return NULL;
	return err_new(ERR_INVALID,
		       "length/hash verification error: hash verification failed - mismatch for "
		       "algorithm %.*s", STR_ARG(algorithm));
}

static err *check_told(struct arena *a, node told, str text)
{
	int64_t length = node_int(node_get(told, S("length")));

	if (length && (uint64_t)length != text.n)
		return err_new(ERR_INVALID,
			       "length/hash verification error: length verification failed - expected "
			       "%lld, got %zu", (long long)length, text.n);
	node_each_pair(p, node_get(told, S("hashes")))
		TRY(check_hash(a, node_str(p->key), node_str(p->value), text));
	return NULL;
}

static void remember(struct buf *b, str text)
{
	buf_clear(b);
	buf_add(b, text);
}

/* ---- roots --------------------------------------------------------------------------- */

static err *begin(struct visit *v, str text)
{
	struct doc d;

	TRY(read_doc(v->a, text, "root", &d));
	TRY(check_role(v->a, d.body, "root", &d));
	v->root = d.body;
	return NULL;
}

static err *take_root(struct visit *v, str text)
{
	struct doc d;

	TRY(read_doc(v->a, text, "root", &d));
	TRY(check_role(v->a, v->root, "root", &d));
	if (version_of(d.body) != version_of(v->root) + 1)
		return err_new(ERR_INVALID,
			       "bad version number error: bad version number, expected %lld, got %lld",
			       (long long)version_of(v->root) + 1, (long long)version_of(d.body));
	TRY(check_role(v->a, d.body, "root", &d));
	v->root = d.body;
	return NULL;
}

static err *load_roots(struct visit *v)
{
	int64_t first = version_of(v->root) + 1;
	str text;

	if (first < 1 || first > INT32_MAX)
		return err_new(ERR_INVALID, "value error: the root's version is out of range");
	for (int64_t i = first; i < first + TUF_ROTATIONS_MAX; i++) {
		err *e = download(v, arena_printf(v->a, "%lld.root.json", (long long)i),
				  TUF_ROOT_MAX, &text);

		if (e && err_kind(e) == ERR_NOT_FOUND) {
			err_free(e);
			break;
		}
		TRY(e);
		TRY(take_root(v, text));
	}
	if (is_expired(v->root, v->now))
		return err_new(ERR_FORBIDDEN, "expired metadata error: final root.json is expired");
	return NULL;
}

/* ---- timestamp and snapshot -------------------------------------------------------------- */

static node snapshot_told(const struct visit *v)
{
	return node_get(node_get(v->timestamp, S("meta")), S("snapshot.json"));
}

static err *check_newer(const struct visit *v, node body)
{
	int64_t old = version_of(v->timestamp), new = version_of(body);
	int64_t old_told = version_of(snapshot_told(v));
	int64_t told = version_of(node_get(node_get(body, S("meta")), S("snapshot.json")));

	if (new < old)
		return err_new(ERR_FORBIDDEN,
			       "bad version number error: new timestamp version %lld must be >= %lld",
			       (long long)new, (long long)old);
	if (new > old && told < old_told)
		return err_new(ERR_FORBIDDEN,
			       "bad version number error: new snapshot version %lld must be >= %lld",
			       (long long)told, (long long)old_told);
	return NULL;
}

/* What was signed by keys of then must be by those of now. */
static void recall(struct visit *v, const char *role, const struct buf *text, node *out)
{
	struct doc d;
	err *e = text->n ? read_doc(v->a, arena_str(v->a, buf_str(text)), role, &d) : NULL;

	if (text->n && !e)
		e = check_role(v->a, v->root, role, &d);
	if (text->n && !e)
		*out = d.body;
	err_free(e);
}

static err *load_timestamp(struct visit *v)
{
	struct doc d;
	str text;

	recall(v, "timestamp", &v->memory->timestamp, &v->timestamp);
	TRY(download(v, S("timestamp.json"), TUF_TIMESTAMP_MAX, &text));
	TRY(read_doc(v->a, text, "timestamp", &d));
	TRY(check_role(v->a, v->root, "timestamp", &d));
	if (v->timestamp.kind == NODE_MAP)
		TRY(check_newer(v, d.body));
	/* of equal versions the old one is kept */
	if (v->timestamp.kind != NODE_MAP || version_of(d.body) > version_of(v->timestamp)) {
		v->timestamp = d.body;
		remember(&v->memory->timestamp, text);
	}
	if (is_expired(v->timestamp, v->now))
		return err_new(ERR_FORBIDDEN, "expired metadata error: timestamp.json is expired");
	return NULL;
}

static err *check_snapshot(const struct visit *v)
{
	int64_t want = version_of(snapshot_told(v)), got = version_of(v->snapshot);

	if (is_expired(v->snapshot, v->now))
		return err_new(ERR_FORBIDDEN, "expired metadata error: snapshot.json is expired");
	if (got != want)
		return err_new(ERR_FORBIDDEN, "bad version number error: expected %lld, got %lld",
			       (long long)want, (long long)got);
	return NULL;
}

/* Nothing that the old one knew is gone or older. */
static err *check_kept(node old, node body)
{
	node meta = node_get(body, S("meta"));

	node_each_pair(p, node_get(old, S("meta"))) {
		str name = node_str(p->key);
		int64_t was = version_of(p->value), is = version_of(node_get(meta, name));

		if (!node_has(meta, name))
			return err_new(ERR_FORBIDDEN,
				       "repository error: new snapshot is missing info for %.*s",
				       STR_ARG(str_sub(name, 0, 100)));
		if (is < was)
			return err_new(ERR_FORBIDDEN,
				       "bad version number error: expected %.*s version %lld, got %lld",
				       STR_ARG(str_sub(name, 0, 100)), (long long)is, (long long)was);
	}
	return NULL;
}

static err *load_snapshot(struct visit *v)
{
	struct doc d;
	str text;

	recall(v, "snapshot", &v->memory->snapshot, &v->snapshot);
	err *e = v->snapshot.kind == NODE_MAP ? check_snapshot(v)
					      : err_new(ERR_NOT_FOUND, "there is none");

	if (!e)
		return NULL;
	err_free(e);
	TRY(download_role(v, "snapshot", snapshot_told(v), TUF_SNAPSHOT_MAX, &text));
	TRY(check_told(v->a, snapshot_told(v), text));
	TRY(read_doc(v->a, text, "snapshot", &d));
	TRY(check_role(v->a, v->root, "snapshot", &d));
	TRY(check_kept(v->snapshot, d.body));
	v->snapshot = d.body;
	TRY(check_snapshot(v));
	remember(&v->memory->snapshot, text);
	return NULL;
}

/* ---- targets ------------------------------------------------------------------------------ */

static err *take_targets(struct visit *v, node told, str text)
{
	struct doc d;

	TRY(check_told(v->a, told, text));
	TRY(read_doc(v->a, text, "targets", &d));
	TRY(check_role(v->a, v->root, "targets", &d));
	if (version_of(d.body) != version_of(told))
		return err_new(ERR_FORBIDDEN,
			       "bad version number error: expected targets version %lld, got %lld",
			       (long long)version_of(told), (long long)version_of(d.body));
	if (is_expired(d.body, v->now))
		return err_new(ERR_FORBIDDEN, "expired metadata error: new targets is expired");
	v->targets = d.body;
	return NULL;
}

static err *load_targets(struct visit *v)
{
	node meta = node_get(v->snapshot, S("meta"));
	node told = node_get(meta, S("targets.json"));
	str text;

	if (!node_has(meta, S("targets.json")))
		return err_new(ERR_NOT_FOUND, "role targets not found in snapshot");
	if (v->memory->targets.n) {
		err *e = take_targets(v, told, arena_str(v->a, buf_str(&v->memory->targets)));

		if (!e)
			return NULL;
		err_free(e);
	}
	TRY(download_role(v, "targets", told, TUF_TARGETS_MAX, &text));
	TRY(take_targets(v, told, text));
	remember(&v->memory->targets, text);
	return NULL;
}

static err *get_target(const struct visit *v, str name, str *out)
{
	node all = node_get(v->targets, S("targets")), told = node_get(all, name);
	node hashes = node_get(told, S("hashes"));
	str path = arena_cat(v->a, S("targets/"), name), text;

	if (!node_has(all, name))
		return err_new(ERR_NOT_FOUND, "target %.*s not found", STR_ARG(name));
	if (!node_len(hashes))
		return err_new(ERR_INVALID, "value error: target %.*s has no hashes", STR_ARG(name));
	if (node_bool(node_get(v->root, S("consistent_snapshot"))))
		path = arena_cat(v->a, S("targets/"), node_str(hashes.map->pairs[0].value), S("."),
				 name);
	TRY(download(v, path, length_of(told, TUF_FILE_MAX), &text));
	TRY(check_told(v->a, told, text));
	*out = text;
	return NULL;
}

/* ---- a visit ------------------------------------------------------------------------------- */

void tuf_memory_release(struct tuf_memory *m)
{
	buf_release(&m->timestamp);
	buf_release(&m->snapshot);
	buf_release(&m->targets);
}

err *tuf_get(struct arena *a, const struct tuf_mirror *mirror, struct tuf_memory *memory, str root,
	     str target, int64_t now, str *out)
{
	struct visit v = { a, mirror, memory, now, NODE_NOTHING, NODE_NOTHING, NODE_NOTHING,
			   NODE_NOTHING };

	memory->refreshed = false;
	TRY(begin(&v, root));
	TRY(load_roots(&v));
	TRY(load_timestamp(&v));
	TRY(load_snapshot(&v));
	TRY(load_targets(&v));
	memory->refreshed = true;
	return get_target(&v, target, out);
}
