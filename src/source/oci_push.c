#include "source/oci_impl.h"

#include "source/digest.h"
#include "text/gourl.h"

err *oci_describe(struct arena *a, str bytes, str media_type, struct ocidescriptor *out)
{
	*out = (struct ocidescriptor){ .media_type = media_type, .size = (int64_t)bytes.n };
	return digest_of(a, DIGEST_SHA256, bytes, &out->digest);
}

/* ORAS tells which step of copying failed. */
static err *failed_step(const struct oci *c, err *e, const char *step)
{
	return e && c->o.oras ? err_wrap(e, "failed to perform \"%s\" on destination", step) : e;
}

/* HEAD says whether it is there, and of a manifest (`digest` is not NULL) which it is. */
static err *is_there(struct oci *c, struct arena *a, const char *what, str name, bool *has,
		     str *digest)
{
	CLEANUP(oci_answer_release) struct oci_answer answer = { 0 };
	struct oci_ask ask = { .method = S("HEAD"),
			       .path = oci_path(c, a, what, name),
			       .accept = digest ? S(OCI_MANIFESTS) : STR_NONE };
	err *e = oci_ask(c, &ask, &answer);

	*has = !e && answer.head.status == 200;
	if (*has && digest)
		*digest = arena_str(a, net_response_header(&answer.head,
							   S("Docker-Content-Digest")));
	if (!e && !*has && answer.head.status != 404)
		e = oci_answer_error(c, &ask, &answer);
	return failed_step(c, e, "Exists");
}

/* ---- blobs ------------------------------------------------------------------------- */

/* Where the bytes go. */
static err *start_upload(struct oci *c, struct arena *a, str *url)
{
	static const int statuses[] = { 202, 0 };
	CLEANUP(oci_answer_release) struct oci_answer answer = { 0 };
	struct oci_ask ask = { .method = S("POST"),
			       .path = oci_path(c, a, "blobs", S("uploads/")) };

	TRY(oci_ask_for(c, &ask, statuses, &answer));
	return oci_follow(c, &answer, a, net_response_header(&answer.head, S("Location")), url);
}

static err *upload(struct oci *c, struct arena *a, str url, str bytes, str digest)
{
	static const int statuses[] = { 201, 204, 0 };
	CLEANUP(oci_answer_release) struct oci_answer answer = { 0 };
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_addf(&b, "%.*s%cdigest=", STR_ARG(url),
		 str_find_char(url, '?') == STR_NPOS ? '?' : '&');
	gourl_escape_query(&b, digest);
	struct oci_ask ask = { .method = S("PUT"),
			       .path = arena_str(a, buf_str(&b)),
			       .type = S("application/octet-stream"),
			       .body = bytes };

	return oci_ask_for(c, &ask, statuses, &answer);
}

static err *send_blob(struct oci *c, struct arena *a, str bytes, str digest)
{
	str url;
	err *e = start_upload(c, a, &url);

	return failed_step(c, e ? e : upload(c, a, url, bytes, digest), "Push");
}

err *oci_push_blob(struct oci *c, struct arena *a, str bytes, struct ocidescriptor *out)
{
	bool has;

	if (bytes.n > OCI_UPLOAD_MAX)
		return err_new(ERR_INVALID, "blob is larger than %d bytes", OCI_UPLOAD_MAX);
	TRY(oci_describe(a, bytes, STR_NONE, out));
	TRY(is_there(c, a, "blobs", out->digest, &has, NULL));
	return has ? NULL : send_blob(c, a, bytes, out->digest);
}

err *oci_has_manifest(struct oci *c, struct arena *a, str wanted, bool *has, str *digest)
{
	return is_there(c, a, "manifests", wanted, has, digest);
}

/* ---- manifests ----------------------------------------------------------------------- */

err *oci_push_manifest(struct oci *c, struct arena *a, str tag, str media_type, str bytes,
		       struct ocidescriptor *out)
{
	static const int statuses[] = { 200, 201, 202, 0 };
	CLEANUP(oci_answer_release) struct oci_answer answer = { 0 };

	if (bytes.n > OCIMANIFEST_MAX)
		return err_new(ERR_INVALID, "manifest is larger than %d bytes", OCIMANIFEST_MAX);
	if (tag.n)
		TRY(ociref_check_tag(tag));
	TRY(oci_describe(a, bytes, media_type, out));
	struct oci_ask ask = { .method = S("PUT"),
			       .path = oci_path(c, a, "manifests", tag.n ? tag : out->digest),
			       .type = media_type,
			       .body = bytes };

	TRY(failed_step(c, oci_ask_for(c, &ask, statuses, &answer), tag.n ? "Tag" : "Push"));
	str said = net_response_header(&answer.head, S("Docker-Content-Digest"));

	if (str_starts(said, S("sha256:")) && !str_eq(said, out->digest))
		return err_new(ERR_CONFLICT, "registry stored another manifest: %.*s, not %.*s",
			       STR_ARG(said), STR_ARG(out->digest));
	return NULL;
}

err *oci_delete(struct oci *c, str wanted)
{
	static const int statuses[] = { 200, 202, 204, 0 };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(oci_answer_release) struct oci_answer answer = { 0 };
	struct oci_ask ask = { .method = S("DELETE"),
			       .path = oci_path(c, &a, "manifests", wanted) };
	struct digest d;

	TRY(str_find_char(wanted, ':') == STR_NPOS ? ociref_check_tag(wanted)
						   : digest_parse(&d, wanted));
	return oci_ask_for(c, &ask, statuses, &answer);
}

err *oci_ping(struct oci *c)
{
	static const int statuses[] = { 200, 0 };
	CLEANUP(oci_answer_release) struct oci_answer answer = { 0 };
	struct oci_ask ask = { .method = S("GET"), .path = STR_NONE };

	return oci_ask_for(c, &ask, statuses, &answer);
}
