#include "source/oci_impl.h"

#include "crypto/sha256.h"
#include "source/digest.h"
#include "value/json.h"

/* How often a download that is cut goes on; how deep indexes nest. */
enum { RESUMES = 5, NESTED = 4, PIECE = 64 << 10 };

static const int ok_only[] = { 200, 0 };

/* ---- manifests -------------------------------------------------------------------- */

static bool is_digest(str wanted)
{
	return str_find_char(wanted, ':') != STR_NPOS;
}

static err *check_wanted(str wanted)
{
	struct digest d;

	return is_digest(wanted) ? digest_parse(&d, wanted) : ociref_check_tag(wanted);
}

static str media_type_of(struct arena *a, const struct net_response *head)
{
	str type, parameters;

	str_split(net_response_header(head, S("Content-Type")), ';', &type, &parameters);
	return arena_str(a, str_trim(type));
}

/* The digest of bytes, by the algorithm of the one that is wanted. */
static err *name_bytes(struct arena *a, str bytes, str wanted, str *out)
{
	struct digest d = { .algo = DIGEST_SHA256 };

	if (is_digest(wanted))
		TRY(digest_parse(&d, wanted));
	return digest_of(a, d.algo, bytes, out);
}

static err *get_manifest(struct oci *c, struct arena *a, str wanted, str *type, str *bytes,
			 str *digest)
{
	CLEANUP(oci_answer_release) struct oci_answer answer = { 0 };
	struct oci_ask ask = { .method = S("GET"),
			       .path = oci_path(c, a, "manifests", wanted),
			       .accept = S(OCI_MANIFESTS),
			       .small = true };

	TRY(oci_ask_for(c, &ask, ok_only, &answer));
	c->proven = true;
	TRY(oci_answer_text(&answer, a, OCIMANIFEST_MAX, bytes));
	TRY(name_bytes(a, *bytes, wanted, digest));
	str said = net_response_header(&answer.head, S("Docker-Content-Digest"));
	bool asked = is_digest(wanted);

	if ((asked && !str_eq(*digest, wanted)) ||
	    (!asked && str_starts(said, S("sha256:")) && !str_eq(*digest, said)))
		return err_new(ERR_CONFLICT,
			       "manifest digest: \"%.*s\" does not match requested digest: "
			       "\"%.*s\" for \"%.*s\"",
			       STR_ARG(*digest), STR_ARG(asked ? wanted : said),
			       STR_ARG(ociref_name(a, &c->o.ref)));
	*type = media_type_of(a, &answer.head);
	return NULL;
}

/* *ok is false when only a GET can tell. */
static err *head_manifest(struct oci *c, struct arena *a, str wanted, struct ocidescriptor *out,
			  bool *ok)
{
	CLEANUP(oci_answer_release) struct oci_answer answer = { 0 };
	struct oci_ask ask = { .method = S("HEAD"),
			       .path = oci_path(c, a, "manifests", wanted),
			       .accept = S(OCI_MANIFESTS),
			       .small = true };
	struct digest d;
	uint64_t size;

	*ok = false;
	TRY(oci_ask(c, &ask, &answer));
	if (answer.head.status == 429)
		return oci_answer_error(c, &ask, &answer);
	if (answer.head.status != 200 ||
	    !str_to_u64(net_response_header(&answer.head, S("Content-Length")), &size) ||
	    size > OCIMANIFEST_MAX)
		return NULL;
	str digest = net_response_header(&answer.head, S("Docker-Content-Digest"));
	err *e = digest_parse(&d, digest);

	if (e || (is_digest(wanted) && !str_eq(digest, wanted))) {
		err_free(e);
		return NULL;
	}
	*out = (struct ocidescriptor){ .media_type = media_type_of(a, &answer.head),
				       .digest = arena_str(a, digest),
				       .size = (int64_t)size };
	*ok = true;
	return NULL;
}

err *oci_resolve(struct oci *c, struct arena *a, str wanted, struct ocidescriptor *out)
{
	str type, bytes, digest;
	bool ok;

	TRY(check_wanted(wanted));
	TRY(head_manifest(c, a, wanted, out, &ok));
	if (ok)
		return NULL;
	TRY(get_manifest(c, a, wanted, &type, &bytes, &digest));
	*out = (struct ocidescriptor){ .media_type = type,
				       .digest = digest,
				       .size = (int64_t)bytes.n };
	return NULL;
}

err *oci_manifest(struct oci *c, struct arena *a, str wanted, struct ocimanifest *out)
{
	str type, bytes, digest;

	TRY(check_wanted(wanted));
	TRY(get_manifest(c, a, wanted, &type, &bytes, &digest));
	TRY(ocimanifest_read(a, bytes, type, out));
	out->digest = digest;
	return NULL;
}

err *oci_image(struct oci *c, struct arena *a, str wanted, const struct oci_platform *platform,
	       struct ocimanifest *out)
{
	struct oci_platform p = { S("linux"), S("amd64"), STR_NONE };

	if (platform)
		p = *platform;
	for (int depth = 0; depth < NESTED; depth++) {
		TRY(oci_manifest(c, a, wanted, out));
		if (!out->index)
			return NULL;
		const struct ocidescriptor *d = ocimanifest_find(out, p.os, p.arch, p.variant);

		if (!d)
			return err_new(ERR_NOT_FOUND,
				       "no child with platform %.*s/%.*s in index %.*s@%.*s",
				       STR_ARG(p.os), STR_ARG(p.arch),
				       STR_ARG(ociref_name(a, &c->o.ref)), STR_ARG(out->digest));
		wanted = d->digest;
	}
	return err_new(ERR_INVALID, "index in index in index: %.*s",
		       STR_ARG(ociref_name(a, &c->o.ref)));
}

/* ---- blobs -------------------------------------------------------------------------- */

struct download {
	struct oci *c;
	const struct ocidescriptor *d;
	struct digest digest;
	struct digest_hash hash;
	struct spool *to;
};

static err *restart(struct download *w)
{
	spool_restart(w->to);
	digest_hash_release(&w->hash);
	return digest_hash_init(&w->hash, w->digest.algo);
}

static err *read_pieces(struct download *w, struct net_call *call)
{
	CLEANUP(buf_release) struct buf piece = BUF_INIT;
	char *p = buf_reserve(&piece, PIECE);
	size_t n;

	for (;;) {
		TRY(net_read(call, p, PIECE, &n));
		if (!n)
			return NULL;
		if (n > (uint64_t)w->d->size - w->to->n)
			return err_new(ERR_CONFLICT, "error verifying size; got more than %lld",
				       (long long)w->d->size);
		digest_hash_add(&w->hash, str_of(p, n));
		TRY(spool_add(w->to, str_of(p, n)));
	}
}

static err *download_once(struct download *w)
{
	static const int statuses[] = { 200, 206, 0 };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(oci_answer_release) struct oci_answer answer = { 0 };
	struct oci_ask ask = { .method = S("GET"),
			       .path = oci_path(w->c, &a, "blobs", w->d->digest),
			       .exact = true };

	if (w->to->n)
		ask.range = arena_printf(&a, "bytes=%llu-", (unsigned long long)w->to->n);
	TRY(oci_ask_for(w->c, &ask, statuses, &answer));
	bool partial = answer.head.status == 206;

	if (partial && !net_response_goes_on(&answer.head, w->to->n))
		return err_new(ERR_INVALID, "GET %.*s: not the range that was asked for",
			       STR_ARG(answer.url));
	if (!partial && w->to->n)
		TRY(restart(w));
	return read_pieces(w, answer.call);
}

static err *download(struct download *w)
{
	for (int tries = 0;; tries++) {
		uint64_t before = w->to->n;
		err *e = download_once(w);
		bool cut = e && err_kind(e) == ERR_UNAVAILABLE && !err_code(e);

		if (!cut || w->to->n <= before || tries == RESUMES)
			return e;
		err_free(e);
	}
}

static err *check(struct download *w)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str have = digest_hash_end(&w->hash, &a), algo, hex;

	if (w->to->n != (uint64_t)w->d->size)
		return err_new(ERR_CONFLICT, "error verifying size; got %llu, want %lld",
			       (unsigned long long)w->to->n, (long long)w->d->size);
	if (str_eq(have, w->d->digest))
		return NULL;
	str_split(have, ':', &algo, &hex);
	return err_new(ERR_CONFLICT,
		       "error verifying %.*s checksum after reading %llu bytes; got \"%.*s\", "
		       "want \"%.*s\"",
		       STR_ARG(algo), (unsigned long long)w->to->n, STR_ARG(hex),
		       STR_ARG(w->digest.hex));
}

static void release_download(struct download *w)
{
	digest_hash_release(&w->hash);
}

static err *download_checked(struct oci *c, const struct ocidescriptor *d, struct digest digest,
			     struct spool *to)
{
	CLEANUP(release_download) struct download w = { .c = c, .d = d, .digest = digest, .to = to };

	TRY(digest_hash_init(&w.hash, w.digest.algo));
	TRY(download(&w));
	return check(&w);
}

/* What a blob is, and by which way it comes: whoever was given a manifest of the
 * same repository by the same way may have it, whoever fetched it. */
static str share_key(const struct oci *c, struct arena *a, const struct ocidescriptor *d)
{
	static const struct net_tls no_tls;
	static const struct net_proxy no_proxy;
	const struct net_tls *t = c->tls ? c->tls : &no_tls;
	const struct net_proxy *p = c->o.proxy ? c->o.proxy : &no_proxy;
	const str texts[] = { c->o.ref.registry, c->o.ref.repository, d->digest, t->ca,	 t->cert,
			      t->key,		 t->server_name,      p->url,	 p->user, p->password };
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	char hex[SHA256_HEX + 1];

	/* Without TLS nothing of it counts. */
	if (c->http)
		t = &no_tls;
	buf_addf(&b, "%d%d%d%d %d", c->http, !c->http && c->o.insecure, t->insecure,
		 t->ca_and_system, (int)c->o.addresses);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		buf_addf(&b, " %zu:%.*s", texts[i].n, STR_ARG(texts[i]));
	sha256_hex(buf_str(&b), hex);
	return arena_str(a, str_c(hex));
}

err *oci_blob(struct oci *c, const struct ocidescriptor *d, uint64_t max, struct spool *to)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct digest digest;

	TRY(digest_parse(&digest, d->digest));
	if (d->size < 0 || (uint64_t)d->size > max)
		return err_new(ERR_INVALID, "blob %.*s has %lld bytes, more than the limit of %llu",
			       STR_ARG(d->digest), (long long)d->size, (unsigned long long)max);
	if (c->own_memory || !c->proven)
		return download_checked(c, d, digest, to);
	struct blobshare *blobs = oci_memory_blobs(c->memory);
	str key = share_key(c, &a, d);
	enum blobshare_role role = blobshare_begin(blobs, key, c->deadline, c->o.cancel, to);

	if (role == BLOBSHARE_HAVE && to->n == (uint64_t)d->size)
		return NULL;
	if (role == BLOBSHARE_HAVE)
		return err_new(ERR_CONFLICT, "error verifying size; got %llu, want %lld",
			       (unsigned long long)to->n, (long long)d->size);
	err *e = download_checked(c, d, digest, to);

	if (role == BLOBSHARE_LEAD)
		blobshare_end(blobs, key, e ? NULL : to);
	return e;
}

err *oci_blob_text(struct oci *c, struct arena *a, const struct ocidescriptor *d, size_t max,
		   str *out)
{
	CLEANUP(spool_release) struct spool spool = { .fd = -1 };
	str text;

	spool_init(&spool, max);
	TRY(oci_blob(c, d, max, &spool));
	TRY(spool_text(&spool, &text));
	*out = arena_str(a, text);
	return NULL;
}

/* ---- tags ------------------------------------------------------------------------------ */

typedef VEC(str) tag_list;

static err *read_tags(struct arena *a, str body, tag_list *tags)
{
	struct json_options o = { .max_depth = 100 };
	node in;

	TRY(json_read(a, body, &o, &in));
	node_each_item(item, node_get(in, S("tags"))) {
		/* What is no tag cannot be asked for. */
		err *e = ociref_check_tag(node_str(*item));

		if (!e)
			avec_push(a, tags, node_str(*item));
		err_free(e);
	}
	if (tags->n > OCI_TAGS_MAX)
		return err_new(ERR_INVALID, "repository has more than %d tags", OCI_TAGS_MAX);
	return NULL;
}

err *oci_tags(struct oci *c, struct arena *a, str **out, size_t *n)
{
	str url = arena_cat(a, c->o.ref.repository, S("/tags/list"),
			    c->o.oras ? STR_NONE : S("?n=1000")),
	    body;
	tag_list tags = { 0 };

	for (int page = 0; url.n; page++) {
		CLEANUP(oci_answer_release) struct oci_answer answer = { 0 };
		struct oci_ask ask = { .method = S("GET"),
				       .path = url,
				       .accept = S("application/json") };

		if (page == OCI_PAGES_MAX)
			return err_new(ERR_INVALID, "list of tags has more than %d pages",
				       OCI_PAGES_MAX);
		TRY(oci_ask_for(c, &ask, ok_only, &answer));
		TRY(oci_answer_text(&answer, a, OCI_PAGE_MAX, &body));
		TRY(read_tags(a, body, &tags));
		TRY(oci_answer_next(c, &answer, a, &url));
	}
	*out = tags.p;
	*n = tags.n;
	return NULL;
}

/* ---- referrers --------------------------------------------------------------------------- */

typedef VEC(struct ocidescriptor) descriptor_list;

static err *add_referrers(struct arena *a, str body, str type, str wanted, descriptor_list *list)
{
	struct ocimanifest m;

	TRY(ocimanifest_read(a, body, type, &m));
	for (size_t i = 0; m.index && i < m.parts_n; i++)
		if (!wanted.n || str_eq(m.parts[i].artifact_type, wanted))
			avec_push(a, list, m.parts[i]);
	if (list->n > OCI_REFERRERS_MAX)
		return err_new(ERR_INVALID, "more than %d referrers", OCI_REFERRERS_MAX);
	return NULL;
}

/* *ok is false for a registry without the API. */
static err *ask_referrers(struct oci *c, struct arena *a, str digest, str wanted,
			  descriptor_list *list, bool *ok)
{
	str url = oci_path(c, a, "referrers", digest), body;

	*ok = false;
	for (int page = 0; url.n && page < OCI_PAGES_MAX; page++) {
		CLEANUP(oci_answer_release) struct oci_answer answer = { 0 };
		struct oci_ask ask = { .method = S("GET"),
				       .path = url,
				       .accept = OCIMANIFEST_INDEX };

		TRY(oci_ask(c, &ask, &answer));
		int status = answer.head.status;

		if (!page && (status == 404 || status == 400 || status == 405 || status == 501))
			return NULL;
		if (status != 200)
			return oci_answer_error(c, &ask, &answer);
		str type = media_type_of(a, &answer.head);

		if (!page && !str_eq(type, OCIMANIFEST_INDEX))
			return NULL;
		TRY(oci_answer_text(&answer, a, OCI_PAGE_MAX, &body));
		TRY(add_referrers(a, body, type, wanted, list));
		TRY(oci_answer_next(c, &answer, a, &url));
	}
	*ok = true;
	return NULL;
}

err *oci_referrers(struct oci *c, struct arena *a, str digest, str artifact_type,
		   struct ocidescriptor **out, size_t *n)
{
	descriptor_list list = { 0 };
	struct digest d;
	str type, bytes, found;
	bool ok;

	TRY(digest_parse(&d, digest));
	TRY(ask_referrers(c, a, digest, artifact_type, &list, &ok));
	if (!ok) {
		str tag = arena_cat(a, digest_algo_name(d.algo), S("-"), d.hex);
		err *e = get_manifest(c, a, tag, &type, &bytes, &found);

		if (e && err_code(e) == 404)
			err_free(e);
		else if (e)
			return e;
		else
			TRY(add_referrers(a, bytes, type, artifact_type, &list));
	}
	*out = list.p;
	*n = list.n;
	return NULL;
}
