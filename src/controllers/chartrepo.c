#include "controllers/chartrepo.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "controllers/helmsource.h"
#include "crypto/sha256.h"
#include "source/blobshare.h"
#include "source/ocichart.h"
#include "text/constraint.h"
#include "text/gourl.h"
#include "text/path.h"
#include "text/quote.h"

#define CHARTREPO_TIMEOUT (60 * CLOCK_SECOND)

static const char fetch_failed[] = "FetchFailed";

struct chartrepo {
	struct arena mem;
	struct chartrepo_env env;
	struct chartrepo_spec spec;
	str url; /* normalised */
	struct net_tls tls;
	struct helmrepo http;
	struct spool spool; /* an index that was fetched */
	void *map;          /* or one of the store */
	size_t map_n;
	struct repoindex *ix;
	struct ociauth auth;
	struct ociauth_config config;
	struct oci *oci;
	str oci_name; /* the repository that `oci` speaks of */
};

/* ---- opening ---------------------------------------------------------------- */

static err *auth_failed(err *e)
{
	return failure_mark(e, FAILURE_GENERIC, fetch_failed, "AuthenticationFailed");
}

/* ".dockerconfigjson", or user and password. */
static err *read_login(struct chartrepo *r, str host)
{
	const struct credentials *c = r->spec.secret;
	str json = credentials_get(c, S(".dockerconfigjson"));
	str user = credentials_get(c, S("username")), password = credentials_get(c, S("password"));

	if (json.n) {
		err *e = ociauth_read(&r->mem, json, &r->config);

		if (e)
			return err_wrap(e, "unable to load Docker config from Secret '%.*s'",
					STR_ARG(c->name));
		const struct ociref ref = { .registry = host };

		r->auth = ociauth_find(&r->config, &ref);
		if (ociauth_is_nobody(&r->auth))
			return err_new(ERR_INVALID,
				       "no auth config for '%.*s' in the docker-registry Secret "
				       "'%.*s'",
				       STR_ARG(host), STR_ARG(c->name));
		return NULL;
	}
	if (!user.n != !password.n)
		return err_new(ERR_INVALID,
			       "invalid '%.*s' secret data: required fields 'username' and "
			       "'password'",
			       STR_ARG(c->name));
	r->auth = (struct ociauth){ .user = user, .password = password };
	return NULL;
}

static err *open_oci(struct chartrepo *r)
{
	struct gourl u;
	err *e;

	TRY(gourl_parse(&r->mem, r->url, &u));
	if (!str_eq(u.scheme, S("oci")))
		return failure_mark(err_new(ERR_INVALID,
					    "failed to construct Helm client: invalid OCI registry "
					    "URL: %.*s",
					    STR_ARG(r->url)),
				    FAILURE_STALLED, fetch_failed, "Failed");
	if (!r->spec.secret) {
		if (r->spec.provided)
			r->auth = *r->spec.provided;
		return NULL;
	}
	e = read_login(r, u.host);
	return e ? auth_failed(err_wrap(e, "failed to configure OCI registry authentication"))
		 : NULL;
}

static err *open_http(struct chartrepo *r)
{
	err *e = helmrepo_check_scheme(&r->mem, r->url);

	return e ? failure_mark(err_wrap(e, "failed to construct Helm client"), FAILURE_STALLED,
				fetch_failed, "Failed")
		 : NULL;
}

static err *normalize(struct arena *a, str url, str *out)
{
	err *e = helmrepo_normalize(a, url, out);

	return e ? failure_mark(err_wrap(e, "invalid Helm repository URL"), FAILURE_STALLED,
				fetch_failed, "URLInvalid")
		 : NULL;
}

err *chartrepo_check_url(struct arena *a, str url)
{
	str normal;

	return normalize(a, url, &normal);
}

static err *open_repo(struct chartrepo *r)
{
	TRY(normalize(&r->mem, r->spec.url, &r->url));
	TRY(helmsource_open_repo(&r->http, &r->tls, r->url, r->spec.secret, r->spec.cert));
	r->http.net = r->env.net;
	r->http.cancel = r->env.cancel;
	r->http.pass_credentials = r->spec.pass_credentials;
	r->http.timeout = r->spec.timeout ? r->spec.timeout : CHARTREPO_TIMEOUT;
	return r->spec.oci ? open_oci(r) : open_http(r);
}

err *chartrepo_open(struct chartrepo **out, const struct chartrepo_env *env,
		    const struct chartrepo_spec *spec)
{
	struct chartrepo *r = mem_calloc(1, sizeof *r);

	r->env = *env;
	r->spec = *spec;
	spool_init(&r->spool, HELMREPO_HELD);
	err *e = open_repo(r);

	if (e)
		chartrepo_close(r);
	else
		*out = r;
	return e;
}

void chartrepo_close(struct chartrepo *r)
{
	if (!r)
		return;
	repoindex_close(r->ix);
	oci_close(r->oci);
	if (r->map)
		munmap(r->map, r->map_n);
	spool_release(&r->spool);
	arena_release(&r->mem);
	free(r);
}

void chartrepo_drop(struct chartrepo **r)
{
	chartrepo_close(*r);
}

/* ---- an index --------------------------------------------------------------- */

static void forget(void *ctx)
{
	struct chartrepo *r = ctx;

	spool_forget(&r->spool);
	if (r->map)
		madvise(r->map, r->map_n, MADV_DONTNEED);
}

/* What the HelmRepository's pass has stored, whole as it was. */
static err *map_index(struct chartrepo *r, str *out)
{
	uint64_t n;
	int fd;

	TRY(artifact_verify(r->env.store, r->spec.index));
	TRY(artifact_open_file(r->env.store, r->spec.index->path, &fd, &n));
	void *map = n ? mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;

	close(fd);
	if (map == MAP_FAILED)
		return err_new(ERR_UNAVAILABLE, "the index cannot be mapped");
	r->map = map;
	r->map_n = n;
	*out = str_of(map, n);
	return NULL;
}

static err *fetch_index(struct chartrepo *r, str *out)
{
	str url;

	TRY(helmrepo_index_url(&r->mem, r->url, &url));
	err *e = helmrepo_fetch(&r->http, url, "index",
				r->env.index_max ? r->env.index_max : REPOINDEX_SIZE_MAX, NULL,
				NULL, &r->spool);

	if (e)
		return err_wrap(e, "failed to cache index: failed to cache index to temporary file");
	return spool_text(&r->spool, out);
}

static err *load_index(struct chartrepo *r)
{
	const struct repoindex_options o = { .checked = r->spec.index != NULL,
					     .passed = forget,
					     .ctx = r };
	str text = STR_NONE;

	if (r->ix)
		return NULL;
	if (!r->spec.index)
		TRY(fetch_index(r, &text));
	err *e = r->spec.index ? map_index(r, &text) : NULL;

	if (!e)
		e = repoindex_open(&r->ix, text, &o);
	return e ? err_wrap(e, "failed to load index: failed to load index") : NULL;
}

/* ---- what was found ------------------------------------------------------------ */

enum { FACTS = 4 };

static void fields_of(struct chartrepo_version *v, str *out[FACTS])
{
	out[0] = &v->name;
	out[1] = &v->version;
	out[2] = &v->url;
	out[3] = &v->newest;
}

static bool recall(const struct chartrepo *r, struct arena *a, str name, str range,
		   struct chartrepo_version *out)
{
	str *fields[FACTS], text;

	if (!r->env.facts || !r->spec.index ||
	    !configs_get(r->env.facts, a, S("index"), name, range, r->spec.index->digest, &text))
		return false;
	fields_of(out, fields);
	for (size_t i = 0; i < FACTS; i++)
		str_split(text, '\n', fields[i], &text);
	return true;
}

static void remember(const struct chartrepo *r, str name, str range,
		     const struct chartrepo_version *v)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct chartrepo_version copy = *v;
	str *fields[FACTS];

	if (!r->env.facts || !r->spec.index)
		return;
	fields_of(&copy, fields);
	for (size_t i = 0; i < FACTS; i++) {
		if (str_find_char(*fields[i], '\n') != STR_NPOS)
			return;
		buf_addf(&b, "%s%.*s", i ? "\n" : "", STR_ARG(*fields[i]));
	}
	configs_put(r->env.facts, S("index"), name, range, r->spec.index->digest, buf_str(&b));
}

static err *find_http(struct chartrepo *r, struct arena *a, str name, str range,
		      struct chartrepo_version *out, bool *reference)
{
	const struct repoindex_version *v;
	struct repoindex_chart chart;

	if (recall(r, a, name, range, out))
		return NULL;
	TRY(load_index(r));
	*reference = true;
	TRY(repoindex_load(a, r->ix, name, false, &chart));
	v = repoindex_newest(&chart);
	out->newest = v ? v->version : STR_NONE;
	TRY(repoindex_pick_flux(&chart, name, range, &v));
	out->name = v->name;
	out->version = v->version;
	out->url = v->url;
	remember(r, name, range, out);
	return NULL;
}

/* ---- its bytes ------------------------------------------------------------------ */

/* Of all that decides what the server gives: the index that named the chart, its URL, and
 * who asks. Secrets are not kept, only what they hash to. */
static str share_key(struct chartrepo *r, struct arena *a, str url)
{
	static const struct net_tls none = { 0 };
	const struct net_tls *tls = r->http.tls ? r->http.tls : &none;
	const str parts[] = { r->spec.index->digest, r->url, url, r->http.user, r->http.password,
			      r->http.pass_credentials ? S("everywhere") : STR_NONE, tls->ca,
			      tls->cert, tls->key };
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	char hash[SHA256_HEX + 1];

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		buf_addf(&b, "%zu %.*s\n", parts[i].n, STR_ARG(parts[i]));
	sha256_hex(buf_str(&b), hash);
	explicit_bzero(b.p, b.n);
	return arena_cat(a, S("chart "), str_c(hash));
}

static err *download(struct chartrepo *r, str url, struct spool *to)
{
	return helmrepo_fetch(&r->http, url, "chart",
			      r->env.chart_max ? r->env.chart_max : CHARTREPO_CHART_MAX, NULL, NULL,
			      to);
}

/* Many HelmCharts of one chart make one download. */
static err *download_shared(struct chartrepo *r, struct arena *a, str url, struct spool *to)
{
	if (!r->spec.index || !r->env.memory)
		return download(r, url, to);
	struct blobshare *blobs = oci_memory_blobs(r->env.memory);
	str key = share_key(r, a, url);
	enum blobshare_role role =
		blobshare_begin(blobs, key, clock_after(clock_mono(), r->http.timeout),
				r->env.cancel, to);

	if (role == BLOBSHARE_HAVE)
		return NULL;
	err *e = download(r, url, to);

	if (role == BLOBSHARE_LEAD)
		blobshare_end(blobs, key, e ? NULL : to);
	return e;
}

static err *get_http(struct chartrepo *r, struct arena *a, const struct chartrepo_version *v,
		     str *out)
{
	CLEANUP(spool_release) struct spool spool;
	str url, text;

	TRY(helmrepo_resolve(a, r->url, v->url, &url));
	spool_init(&spool, HELMREPO_HELD);
	TRY(download_shared(r, a, url, &spool));
	TRY(spool_text(&spool, &text));
	*out = arena_str(a, text);
	return NULL;
}

/* ---- a registry -------------------------------------------------------------- */

/* The chart's own repository below the URL. */
static err *connect_oci(struct chartrepo *r, str name)
{
	struct gourl u;
	struct oci_options o = {
		.net = r->env.net,
		.memory = r->env.memory,
		.auth = r->auth,
		.tls = r->http.tls,
		.plain_http = r->spec.insecure,
		.oras = true,
		.deadline = clock_after(clock_mono(), r->http.timeout),
		.cancel = r->env.cancel,
	};

	if (r->oci && str_eq(r->oci_name, name))
		return NULL;
	oci_close(r->oci);
	r->oci = NULL;
	r->oci_name = arena_str(&r->mem, name);
	TRY(gourl_parse(&r->mem, r->url, &u));
	str text = arena_cat(&r->mem, u.host, path_join(&r->mem, S("/"), u.path, name));

	TRY(ociref_parse_at(&r->mem, text, &o.ref));
	return oci_open(&r->oci, &o);
}

/* A tag has no '+'; Helm writes '_' there. */
static str swapped(struct arena *a, str s, char from, char to)
{
	char *p = arena_alloc(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		p[i] = s.p[i] == from ? to : s.p[i];
	p[s.n] = 0;
	return str_of(p, s.n);
}

/* The highest tag that satisfies the range, and the highest of all. */
static err *choose_tag(struct arena *a, const str *tags, size_t n, str range, str *out, str *newest)
{
	struct semver v, best = { 0 }, top = { 0 };
	struct constraint *c;
	str found = STR_NONE;

	TRY(constraint_parse(a, range.n ? range : S("*"), &c));
	for (size_t i = 0; i < n; i++) {
		str tag = swapped(a, tags[i], '_', '+');

		if (range.n && str_eq(tag, range))
			found = tag;
		if (!semver_try_tag(&v, tag))
			continue;
		if (!v.prerelease.n && (!newest->n || semver_cmp(&v, &top) > 0)) {
			*newest = tag;
			top = v;
		}
		if (!constraint_check(c, &v) || (out->n && semver_cmp(&v, &best) <= 0))
			continue;
		*out = tag;
		best = v;
	}
	if (found.n)
		*out = found;
	if (!out->n)
		return err_new(ERR_NOT_FOUND,
			       "could not locate a version matching provided version string %.*s",
			       STR_ARG(range));
	return NULL;
}

static err *list_tags(struct chartrepo *r, struct arena *a, str name, str **tags, size_t *n)
{
	err *e = connect_oci(r, name);
	str ref = arena_cat(a, str_trim_right_set(r->url, S("/")), S("/"), name);

	if (!e)
		e = oci_tags(r->oci, a, tags, n);
	if (!e && !*n)
		e = err_new(ERR_NOT_FOUND, "unable to locate any tags in provided repository: %.*s",
			    STR_ARG(ref));
	else if (e)
		e = err_wrap(e, "could not fetch tags for %.*s", STR_ARG(quote_str(a, ref)));
	return e ? err_wrap(e, "could not get tags for %.*s", STR_ARG(quote_str(a, name))) : NULL;
}

static err *find_oci(struct chartrepo *r, struct arena *a, str name, str range,
		     struct chartrepo_version *out)
{
	str version = STR_NONE, *tags;
	struct semver v;
	size_t n;

	if (semver_try_tag(&v, range)) {
		version = range;
	} else {
		TRY(list_tags(r, a, name, &tags, &n));
		TRY(choose_tag(a, tags, n, range, &version, &out->newest));
	}
	out->name = name;
	out->version = version;
	out->url = arena_cat(a, str_trim_right_set(r->url, S("/")), S("/"), name, S(":"), version);
	return NULL;
}

static err *get_oci(struct chartrepo *r, struct arena *a, const struct chartrepo_version *v,
		    str *out)
{
	uint64_t max = r->env.chart_max ? r->env.chart_max : CHARTREPO_CHART_MAX;
	struct ocichart chart;

	TRY(connect_oci(r, v->name));
	str reference = v->digest.n ? v->digest : swapped(a, v->version, '+', '_');
	str shown = swapped(a, v->url, '+', '_');

	str_take_str(&shown, S("oci://"));
	TRY(ocichart_pull(r->oci, a, reference, shown, max, false, &chart));
	*out = chart.chart;
	return NULL;
}

err *chartrepo_verify(struct chartrepo *r, struct arena *a, struct chartrepo_version *v,
		      chartrepo_check *verify, void *ctx)
{
	struct ociref ref;
	str text;

	if (!r->spec.oci)	/* as source-controller has it */
		return err_new(ERR_INVALID, "not implemented");
	if (!verify)
		return err_new(ERR_INVALID, "no verifiers available");
	TRY(connect_oci(r, v->name));
	text = swapped(a, str_from(v->url, sizeof "oci://" - 1), '+', '_');
	TRY(ociref_parse_at(a, text, &ref));
	struct ocidescriptor d;
	err *e = oci_resolve(r->oci, a, ref.tag, &d);

	if (e)
		return err_wrap(e, "failed to resolve digest for '%.*s'", STR_ARG(v->url));
	ref.digest = d.digest;
	v->digest = d.digest;
	ref.tag = STR_NONE;
	v->url = arena_cat(a, S("oci://"), ociref_text(a, &ref));
	e = verify(ctx, r->oci, a, &ref);
	return e ? err_wrap(e, "failed to verify %.*s", STR_ARG(v->url)) : NULL;
}

/* ---- both -------------------------------------------------------------------- */

err *chartrepo_find(struct chartrepo *r, struct arena *a, str name, str range,
		    struct chartrepo_version *out, bool *reference)
{
	*out = (struct chartrepo_version){ 0 };
	*reference = false;
	return r->spec.oci ? find_oci(r, a, name, range, out)
			   : find_http(r, a, name, range, out, reference);
}

err *chartrepo_get(struct chartrepo *r, struct arena *a, const struct chartrepo_version *v,
		   str *out)
{
	if (!v->url.n)
		return err_new(ERR_INVALID, "chart '%.*s' has no downloadable URLs",
			       STR_ARG(v->name));
	if (!r->spec.oci)
		return get_http(r, a, v, out);
	err *e = get_oci(r, a, v, out);

	return e ? err_wrap(e, "failed to get '%.*s'", STR_ARG(v->url)) : NULL;
}
