#include "source/download.h"

#include "source/spool.h"
#include "text/gourl.h"

enum { PIECE = 64 << 10, HELD = 16 << 20 };

err *download_check(str bytes, str digest)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct digest want;
	str have;

	if (!digest.n)
		return err_new(ERR_INVALID, "failed to verify archive: empty digest");
	if (str_find_char(digest, ':') == STR_NPOS)
		digest = arena_cat(&a, S("sha256:"), digest);
	err *e = digest_parse(&want, digest);

	if (e)
		return err_wrap(e, "failed to verify archive: failed to parse digest '%.*s'",
				STR_ARG(digest));
	TRY(digest_of(&a, want.algo, bytes, &have));
	if (str_eq(have, digest))
		return NULL;
	return err_new(ERR_CONFLICT,
		       "failed to verify archive: computed digest doesn't match provided '%.*s' "
		       "(check whether file size exceeds max download size)",
		       STR_ARG(digest));
}

static err *with_host(struct arena *a, str url, str host, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct gourl u;

	*out = url;
	if (!host.n)
		return NULL;
	TRY(gourl_parse(a, arena_str(a, url), &u));
	u.host = host;
	gourl_add(&b, &u);
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

static err *read_body(struct net_call *call, size_t max, struct spool *to)
{
	CLEANUP(buf_release) struct buf piece = BUF_INIT;
	char *p = buf_reserve(&piece, PIECE);
	size_t n;

	for (;;) {
		err *e = net_read(call, p, PIECE, &n);

		if (e)
			return err_wrap(e, "failed to copy temp contents");
		if (!n)
			return NULL;
		if (n > max - to->n)
			return err_new(
				ERR_INVALID,
				"artifact is %llu bytes greater than the max download size of "
				"%zu bytes",
				(unsigned long long)(to->n + n - max), max);
		TRY(spool_add(to, str_of(p, n)));
	}
}

static err *get(struct net_client *net, const struct download_spec *spec, str url, struct spool *to)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(net_call_drop)
	struct net_call *call = net_start(net, &(struct net_request){ .url = url,
								      .pull = true,
								      .max_body = SIZE_MAX,
								      .timeout = spec->timeout,
								      .cancel = spec->cancel });
	struct net_response head;
	err *e = net_head(call, &head);

	if (e)
		return err_wrap(e, "failed to download archive");
	if (head.status == 404)
		return err_new(ERR_NOT_FOUND, "file not found");
	if (head.status != 200)
		return err_new(ERR_UNAVAILABLE,
			       "failed to download archive from %.*s (status: %.*s)", STR_ARG(url),
			       STR_ARG(net_response_status(&a, &head)));
	return read_body(call, spec->max_bytes ? spec->max_bytes : DOWNLOAD_BYTES_MAX, to);
}

/* Bytes that are what the digest says; `spool` holds them. */
static err *get_checked(struct net_client *net, const struct download_spec *spec,
			struct spool *spool, str *out)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str url;

	TRY(with_host(&a, spec->url, spec->host, &url));
	for (int try = 0;; try++) {
		spool_init(spool, HELD);
		TRY(get(net, spec, url, spool));
		TRY(spool_text(spool, out));
		err *e = download_check(*out, spec->digest);

		if (!e || try || err_kind(e) != ERR_CONFLICT)
			return e;
		err_free(e);
		spool_release(spool);
	}
}

err *download_archive(struct net_client *net, const struct download_spec *spec, const struct fs *to)
{
	CLEANUP(spool_release) struct spool spool = { .fd = -1 };
	struct unpack_options unpack = spec->unpack;
	str bytes;

	TRY(get_checked(net, spec, &spool, &bytes));
	unpack.skip_links = true;
	err *e = unpack_tgz(to, bytes, &unpack);

	return e ? err_wrap(e, "failed to extract archive (check whether file size exceeds max "
			       "download size)")
		 : NULL;
}

err *download_bytes(struct net_client *net, const struct download_spec *spec, struct arena *a,
		    str *out)
{
	CLEANUP(spool_release) struct spool spool = { .fd = -1 };
	str bytes;

	TRY(get_checked(net, spec, &spool, &bytes));
	*out = arena_str(a, bytes);
	return NULL;
}
