#include "controllers/helmsource.h"

#include "base/clock.h"
#include "text/gourl.h"
#include "text/number.h"

static const char fetch_failed[] = "FetchFailed";

#define HELMSOURCE_TIMEOUT (60 * CLOCK_SECOND)

/* ---- who we are ------------------------------------------------------------- */

static err *auth_failed(err *e, const char *what)
{
	return failure_mark(err_wrap(e, "%s", what), FAILURE_GENERIC, fetch_failed,
			    "AuthenticationFailed");
}

static err *read_cert(const struct credentials *cert, struct net_tls *tls)
{
	err *e = credentials_tls(cert, tls);

	return e ? auth_failed(e, "failed to construct Helm client's TLS config") : NULL;
}

err *helmsource_check_cert(const struct credentials *cert)
{
	struct net_tls tls;

	return cert ? read_cert(cert, &tls) : NULL;
}

err *helmsource_open_repo(struct helmrepo *out, struct net_tls *tls, str url,
			  const struct credentials *secret, const struct credentials *cert)
{
	*out = (struct helmrepo){ .url = url };
	if (cert) {
		TRY(read_cert(cert, tls));
		out->tls = tls;
	}
	if (secret) {
		err *e = helmrepo_credentials(out, secret, tls);

		if (e)
			return auth_failed(e, "failed to detect authentication methods");
	}
	return NULL;
}

/* ---- fetching --------------------------------------------------------------- */

static err *bad_url(err *e)
{
	return failure_mark(err_wrap(e, "invalid Helm repository URL"), FAILURE_STALLED,
			    fetch_failed, "URLInvalid");
}

err *helmsource_check_url(struct arena *a, str url)
{
	struct gourl u;

	if (str_starts(url, S("oci://")))
		return bad_url(err_new(ERR_INVALID, "'oci' URL scheme cannot be used with "
						    "'default' HelmRepository type"));
	err *e = gourl_parse(a, arena_str(a, url), &u);

	return e ? bad_url(e) : NULL;
}

static err *check_scheme(struct helmsource *h, str url)
{
	err *e = helmrepo_check_scheme(&h->mem, url);

	return e ? failure_mark(err_wrap(e, "failed to construct Helm client"), FAILURE_STALLED,
				fetch_failed, "Failed")
		 : NULL;
}

/* The etag counts for the index that the artifact was made of. */
static struct helmrepo_hint *hint_of(const struct helmsource_seen *seen)
{
	if (!seen->hint)
		return NULL;
	if (!seen->artifact || !str_eq(seen->artifact->revision, str_c(seen->hint->revision)))
		seen->hint->http.etag_n = 0;
	return &seen->hint->http;
}

static err *download(struct helmsource *h, const struct helmsource_env *env,
		     const struct helmsource_spec *spec, const struct helmsource_seen *seen)
{
	struct helmrepo repo;
	struct net_tls tls;
	str url;

	TRY(helmsource_open_repo(&repo, &tls, spec->url, spec->secret, spec->cert));
	TRY(check_scheme(h, spec->url));
	repo.net = env->net;
	repo.cancel = env->cancel;
	repo.pass_credentials = spec->pass_credentials;
	repo.timeout = spec->timeout ? spec->timeout : HELMSOURCE_TIMEOUT;
	TRY(helmrepo_index_url(&h->mem, spec->url, &url));
	struct helmrepo_hint *hint = hint_of(seen);
	err *e = helmrepo_fetch(&repo, url, "index",
				env->index_max ? env->index_max : REPOINDEX_SIZE_MAX, hint,
				&h->unchanged, &h->index);

	return e ? failure_mark(err_wrap(e, "failed to fetch Helm repository index: failed to "
					    "cache index to temporary file"),
				FAILURE_GENERIC, fetch_failed, "Failed")
		 : NULL;
}

enum { PIECE = 1 << 20 };

static void forget(void *ctx)
{
	spool_forget(ctx);
}

static err *digest_index(struct helmsource *h, enum digest_algo algo, str *out)
{
	struct digest_hash hash;
	str text;

	TRY(spool_text(&h->index, &text));
	TRY(digest_hash_init(&hash, algo));
	for (size_t at = 0; at < text.n; at += PIECE) {
		digest_hash_add(&hash, str_sub(text, at, at + PIECE));
		spool_forget(&h->index);
	}
	*out = digest_hash_end(&hash, &h->mem);
	digest_hash_release(&hash);
	return NULL;
}

static err *not_loaded(err *e)
{
	return failure_mark(err_wrap(e, "failed to load Helm repository from index YAML: failed to "
					"load index"),
			    FAILURE_GENERIC, fetch_failed, "IndexationFailed");
}

static err *load(struct helmsource *h)
{
	const struct repoindex_options o = { .passed = forget, .ctx = &h->index };
	str text;

	TRY(spool_text(&h->index, &text));
	return repoindex_open(&h->ix, text, &o);
}

static void describe(struct helmsource *h, const struct helmsource_spec *spec)
{
	h->event = arena_printf(&h->mem, "stored fetched index of size %.*s from '%.*s'",
				STR_ARG(helmsource_size(&h->mem, h->artifact.size)),
				STR_ARG(spec->url));
}

/* Whether what came is what the artifact was made of, by the algorithm of that time. */
static err *compare(struct helmsource *h, const struct helmsource_env *env,
		    const struct helmsource_seen *seen)
{
	enum digest_algo algo = artifact_store_algo(env->store);
	str revision = seen->artifact ? seen->artifact->revision : STR_NONE;
	enum digest_algo was = digest_algo_of(revision, algo);

	if (h->unchanged)
		h->revision = revision;
	else
		TRY(digest_index(h, was, &h->revision));
	h->unchanged = h->unchanged || (revision.n && str_eq(h->revision, revision));
	return h->unchanged || was == algo ? NULL : digest_index(h, algo, &h->revision);
}

err *helmsource_fetch(struct helmsource *h, const struct helmsource_env *env,
		      const struct helmsource_spec *spec, const struct helmsource_seen *seen)
{
	spool_init(&h->index, HELMREPO_HELD);
	TRY(helmsource_check_url(&h->mem, spec->url));
	TRY(download(h, env, spec, seen));
	err *e = compare(h, env, seen);

	if (e)
		return failure_mark(err_wrap(e, "failed to calculate revision"), FAILURE_GENERIC,
				    fetch_failed, "IndexationFailed");
	if (seen->hint && h->revision.n < sizeof seen->hint->revision)
		memcpy(seen->hint->revision, h->revision.p, h->revision.n + 1);
	if (h->unchanged) {
		h->artifact = *seen->artifact;
		describe(h, spec);
		return NULL;
	}
	e = load(h);
	if (e && seen->hint) /* it must be looked at again */
		seen->hint->http.etag_n = 0;
	return e ? not_loaded(e) : NULL;
}

/* ---- storing ---------------------------------------------------------------- */

static err *fill(void *ctx, struct sink *to)
{
	return repoindex_write_json(ctx, to);
}

err *helmsource_store(struct helmsource *h, const struct helmsource_env *env,
		      const struct helmsource_spec *spec)
{
	str hex = str_from(h->revision, str_find_char(h->revision, ':') + 1);
	str file = arena_cat(&h->mem, S("index-"), hex, S(".yaml"));
	err *e;

	if (h->unchanged)
		return NULL;
	e = artifact_add_filled(env->store, &h->mem, &spec->owner, file, h->revision, fill, h->ix,
				&h->artifact);
	if (e)
		return failure_mark(err_wrap(e, "unable to save artifact to storage"),
				    FAILURE_GENERIC, "StorageOperationFailed",
				    "ArchiveOperationFailed");
	describe(h, spec);
	e = artifact_link(env->store, &spec->owner, file, S("index.yaml"));
	if (!e)
		h->link = artifact_url(env->store, &h->mem,
				       artifact_path(&h->mem, &spec->owner, S("index.yaml")));
	err_free(e);
	return NULL;
}

void helmsource_release(struct helmsource *h)
{
	repoindex_close(h->ix);
	spool_release(&h->index);
	arena_release(&h->mem);
}

/* docker/go-units: four digits of a number below a thousand. */
str helmsource_size(struct arena *a, uint64_t n)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double d = (double)n;
	size_t i = 0;

	while (d >= 1000 && i + 1 < sizeof units / sizeof *units) {
		d /= 1000;
		i++;
	}
	return arena_printf(a, "%.4g%s", d, units[i]);
}
