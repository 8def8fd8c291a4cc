#include "cli/helm_fetch.h"

#include <unistd.h>

#include "base/clock.h"
#include "cli/helm_verify.h"
#include "crypto/sha256.h"
#include "helm/prov.h"
#include "source/ocichart.h"
#include "text/constraint.h"
#include "text/gourl.h"
#include "text/path.h"
#include "text/quote.h"

/* What to ask for, and as whom. */
struct target {
	struct helm_repo repo;	/* its URL says to whom the login is told */
	str url, digest;
};

static bool is_oci(str ref)
{
	return str_starts(ref, S("oci://"));
}

/* The flags' login and certificates, for what is no repository that was added. */
static struct helm_repo repo_of(const struct helm_chart_options *o, str url)
{
	return (struct helm_repo){ .url = url,
				   .username = o->server.username,
				   .password = o->server.password,
				   .cert_file = o->server.cert_file,
				   .key_file = o->server.key_file,
				   .ca_file = o->server.ca_file,
				   .insecure = o->server.insecure,
				   .pass_credentials = o->pass_credentials };
}

/* ---- with --repo --------------------------------------------------------- */

static err *fetch_index(struct cli *c, struct net_client *net, const struct helm_repo *repo,
			struct helm_index *x)
{
	struct helmrepo server;
	str url;

	TRY(helm_repo_check(c, repo));
	TRY(helm_repo_open(c, net, repo, &server));
	TRY(helmrepo_resolve(c->arena, repo->url, S("index.yaml"), &url));
	spool_init(&x->spool, HELMREPO_HELD);
	err *e = helmrepo_fetch(&server, url, "index", REPOINDEX_TEXT_MAX, NULL, NULL, &x->spool);
	if (!e)
		e = helm_index_read(c, repo->url, x);
	return e ? err_wrap(e, "looks like %.*s is not a valid chart repository or cannot be reached",
			    STR_ARG(quote_str(c->arena, repo->url)))
		 : NULL;
}

/* "chart "x" version "1.x" not found in URL repository", and what there is. */
static err *not_found(struct cli *c, const struct repoindex_chart *chart, str what, str url,
		      err *why)
{
	const struct repoindex_version *newest = repoindex_newest(chart);
	err *e = err_new(ERR_NOT_FOUND, "%.*s not found in %.*s repository", STR_ARG(what),
			 STR_ARG(url));

	if (newest)
		cli_note(c, "the newest version is %.*s", STR_ARG(newest->version));
	err_free(why);
	return e;
}

/* As Helm reads a version: what has neither a comparison nor a wildcard. */
static bool is_range(str version)
{
	static const char marks[] = "^~<>=!*";

	for (const char *m = marks; *m; m++)
		if (str_find_char(version, *m) != STR_NPOS)
			return true;
	if (str_has(version, S("||")) || str_has(version, S(" - ")))
		return true;
	for (size_t i = 0; i < version.n && version.p[i] != '-' && version.p[i] != '+'; i++)
		if (version.p[i] == 'x' || version.p[i] == 'X')
			return true;
	return false;
}

static err *pick(struct cli *c, const struct repoindex_chart *chart, str name, str version,
		 const struct repoindex_version **out)
{
	const struct notices to = helm_notices(c);

	TRY(repoindex_pick_helm(chart, name, version, out));
	if (version.n && !str_eq((*out)->version, version) && !is_range(version))
		notice(&to, NOTICE_WARN,
		       S("unable to find exact version requested; falling back to closest available "
			 "version"),
		       { "chart", name }, { "requested", version }, { "selected", (*out)->version });
	return NULL;
}

static err *find_in_repo(struct cli *c, struct net_client *net, str name, str version,
			 struct target *t)
{
	CLEANUP(helm_index_release) struct helm_index x = HELM_INDEX_INIT;
	str url = t->repo.url, what = arena_cat(c->arena, S("chart "), quote_str(c->arena, name));
	const struct repoindex_version *v;
	struct repoindex_chart chart = { 0 };

	TRY(fetch_index(c, net, &t->repo, &x));
	if (version.n)
		what = arena_cat(c->arena, what, S(" version "), quote_str(c->arena, version));
	err *e = repoindex_load(c->arena, x.ix, name, false, &chart);

	if (!e)
		e = pick(c, &chart, name, version, &v);
	if (e)
		return not_found(c, &chart, what, url, e);
	if (!v->url.n)
		return err_new(ERR_INVALID, "%.*s has no downloadable URLs", STR_ARG(what));
	e = helmrepo_resolve(c->arena, url, v->url, &t->url);
	return e ? err_wrap(e, "failed to make chart URL absolute") : NULL;
}

err *helm_fetch_find(struct cli *c, str repo, str name, str version, str *url)
{
	CLEANUP(net_client_drop) struct net_client *net = NULL;
	struct target t = { .repo = { .url = repo } };

	TRY(helm_net(&net));
	TRY(find_in_repo(c, net, name, version, &t));
	*url = t.url;
	return NULL;
}

/* ---- of repositories that were added ----------------------------------------- */

static bool lists_url(struct cli *c, struct repoindex *ix, str url)
{
	for (size_t i = 0; i < repoindex_count(ix); i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct repoindex_chart chart;
		err *e = repoindex_load(&a, ix, repoindex_name(ix, i), false, &chart);

		(void)c;
		for (size_t k = 0; !e && k < chart.n; k++)
			if (helm_url_equal(url, chart.versions[k].url))
				return true;
		err_free(e);
	}
	return false;
}

static err *no_cache(err *e)
{
	return err_wrap(e, "no cached repo found. (try 'helm repo update')");
}

/* An archive's URL may belong to a repository with a login of its own. */
static err *find_owner(struct cli *c, const struct helm_repos *repos, struct target *t)
{
	for (size_t i = 0; i < repos->n; i++) {
		CLEANUP(helm_index_release) struct helm_index x = HELM_INDEX_INIT;
		const struct helm_repo *r = &repos->p[i];
		err *e = helm_index_open(c, helm_repos_index(c, r->name), &x);

		if (e)
			return no_cache(e);
		if (!lists_url(c, x.ix, t->url))
			continue;
		t->repo.url = r->url;
		if (r->cert_file.n || r->key_file.n || r->ca_file.n) {
			t->repo.cert_file = r->cert_file;
			t->repo.key_file = r->key_file;
			t->repo.ca_file = r->ca_file;
		}
		if (r->username.n && r->password.n) {
			t->repo.username = r->username;
			t->repo.password = r->password;
			t->repo.pass_credentials = r->pass_credentials;
		}
		return NULL;
	}
	return NULL;
}

static err *pick_cached(struct cli *c, const struct helm_repo *r, str ref, str name, str version,
			struct target *t)
{
	CLEANUP(helm_index_release) struct helm_index x = HELM_INDEX_INIT;
	const struct repoindex_version *v;
	struct repoindex_chart chart;
	err *e = helm_index_open(c, helm_repos_index(c, r->name), &x);

	if (e)
		return no_cache(e);
	e = repoindex_load(c->arena, x.ix, name, false, &chart);
	if (!e)
		e = pick(c, &chart, name, version, &v);
	if (e)
		return err_wrap(e, "chart %.*s matching %.*s not found in %.*s index. (try 'helm repo "
				   "update')",
				STR_ARG(quote_str(c->arena, name)), STR_ARG(version), STR_ARG(r->name));
	if (!v->url.n)
		return err_new(ERR_INVALID, "chart %.*s has no downloadable URLs",
			       STR_ARG(quote_str(c->arena, ref)));
	t->digest = v->digest;
	return helmrepo_resolve(c->arena, r->url, v->url, &t->url);
}

static err *find_added(struct cli *c, const struct helm_repos *repos, str ref, str version,
		       struct target *t)
{
	str repo, name;

	if (!str_split(ref, '/', &repo, &name))
		return err_new(ERR_INVALID, "non-absolute URLs should be in form of "
					    "repo_name/path_to_chart, got: %.*s",
			       STR_ARG(ref));
	const struct helm_repo *r = helm_repos_find(repos, repo);

	if (!r)
		return err_new(ERR_NOT_FOUND, "repo %.*s not found", STR_ARG(repo));
	if (!r->url.n)
		return err_new(ERR_INVALID, "no URL found for repository %.*s", STR_ARG(repo));
	str user = t->repo.username, password = t->repo.password;
	bool insecure = t->repo.insecure, pass = t->repo.pass_credentials;

	t->repo = *r;
	t->repo.insecure |= insecure;
	if (!r->username.n || !r->password.n) {
		t->repo.username = user;
		t->repo.password = password;
		t->repo.pass_credentials = pass;
	}
	return pick_cached(c, r, ref, name, version, t);
}

/* `ref` is the text of `u`. */
static err *resolve(struct cli *c, str ref, const struct gourl *u, str version, struct target *t)
{
	struct helm_repos repos;
	err *e = helm_repos_load(c, &repos);

	if (e && err_kind(e) != ERR_NOT_FOUND)
		return e;
	err_free(e);
	if (!u->scheme.n || !u->host.n || !u->path.n)
		return find_added(c, &repos, ref, version, t);
	t->url = ref;
	t->repo.url = ref;
	return find_owner(c, &repos, t);
}

/* ---- registries ------------------------------------------------------------------ */

str helm_registry_file(struct cli *c)
{
	const char *env = cli_env(c, "HELM_REGISTRY_CONFIG");
	str path = helm_settings(c)->registry_config;

	if (path.n)
		return path;
	return env && *env ? str_c(env) : helm_dir(c, "config", S("registry/config.json"));
}

static err *read_config(struct cli *c, struct helm_registry *r)
{
	str text;
	err *e = fs_read_any(c->arena, helm_registry_file(c), OCIAUTH_CONFIG_MAX, &text);

	if (e) {	/* nobody has logged in */
		err_free(e);
		return NULL;
	}
	return ociauth_read(c->arena, text, &r->config);
}

err *helm_registry_open(struct cli *c, struct net_client *net, str ref,
			const struct helm_server_options *s, bool push, struct helm_registry *r)
{
	const struct helm_tls_files files = { s->cert_file, s->key_file, s->ca_file, s->insecure };
	bool any;
	err *e = helm_tls(c, &files, &r->tls, &any);

	if (e)
		return err_wrap(e, "missing registry client");
	bool login = !str_take_str(&ref, S("oci://"));

	if (login)
		r->ref.registry = ref;
	else
		TRY(ociref_parse_at(c->arena, ref, &r->ref));
	struct ociauth auth = { .user = s->username, .password = s->password };

	if (!login && !(auth.user.n && auth.password.n))
		auth.user = auth.password = STR_NONE;
	TRY(read_config(c, r));
	const struct oci_options o = {
		.net = net,
		.ref = r->ref,
		.auth = auth,
		.config = &r->config,
		.tls = any ? &r->tls : NULL,
		.plain_http = s->plain_http,
		.push = push,
		.oras = true,
		.addresses = NET_ANY_ADDRESS,
		.deadline = clock_after(clock_mono(), 120 * CLOCK_SECOND),
	};

	return oci_open(&r->oci, &o);
}

str helm_swap(struct arena *a, str s, char from, char to)
{
	str copy = arena_str(a, s);

	for (size_t i = 0; i < copy.n; i++)
		if (copy.p[i] == from)
			((char *)copy.p)[i] = to;
	return copy;
}

str helm_underscore(struct arena *a, str shown, str tag)
{
	if (str_find_char(tag, '_') == STR_NPOS)
		return STR_NONE;
	return arena_cat(a, shown,
			 S(" contains an underscore.\n\nOCI artifact references (e.g. tags) do not "
			   "support the plus sign (+). To support\nstoring semantic versions, Helm "
			   "adopts the convention of changing plus (+) to\nan underscore (_) in chart "
			   "version tags when pushing to a registry and back to\na plus (+) when "
			   "pulling from a registry.\n"));
}

/* Strict versions only, as Helm lists them; the newest that fits. */
static err *pick_tag(struct cli *c, const str *tags, size_t n, str ref, str range, str *out)
{
	struct constraint *want;
	struct semver v, best = { 0 };
	size_t versions = 0;

	*out = STR_NONE;
	TRY(constraint_parse(c->arena, range.n ? range : S("*"), &want));
	for (size_t i = 0; i < n; i++) {
		str tag = helm_swap(c->arena, tags[i], '_', '+');
		err *e = semver_parse_strict(&v, tag);

		if (e) {
			err_free(e);
			continue;
		}
		versions++;
		if (str_eq(tag, range)) {
			*out = tag;
			return NULL;
		}
		if (!constraint_check(want, &v) || (out->n && semver_cmp(&v, &best) <= 0))
			continue;
		*out = tag;
		best = v;
	}
	if (!versions)
		return err_new(ERR_NOT_FOUND, "unable to locate any tags in provided repository: %.*s",
			       STR_ARG(ref));
	if (!out->n)
		return err_new(ERR_NOT_FOUND,
			       "could not locate a version matching provided version string %.*s",
			       STR_ARG(range));
	return NULL;
}

err *helm_fetch_tag(struct cli *c, struct net_client *net, str ref, str range,
		    const struct helm_server_options *o, str *out)
{
	struct helm_registry r = { 0 };
	struct semver v;
	str *tags;
	size_t n;

	if (range.n && semver_try_parse(&v, range)) {
		*out = range;
		return NULL;
	}
	err *e = helm_registry_open(c, net, ref, o, false, &r);

	if (!e)
		e = oci_tags(r.oci, c->arena, &tags, &n);
	if (!e)
		e = pick_tag(c, tags, n, ref, range, out);
	oci_close(r.oci);
	return e;
}

/* Digest and version of a chart must be of one, as far as the version is a tag. */
static err *check_digest(struct cli *c, struct helm_registry *r, str version)
{
	struct ocidescriptor d;
	err *e = oci_resolve(r->oci, c->arena, helm_swap(c->arena, version, '+', '_'), &d);

	if (!e && !str_eq(d.digest, r->ref.digest))
		return err_new(ERR_CONFLICT, "chart reference digest mismatch: %.*s is not %.*s",
			       STR_ARG(d.digest), STR_ARG(r->ref.digest));
	err_free(e);
	return NULL;
}

static err *pull(struct cli *c, struct helm_registry *r, str wanted, struct helm_fetched *out)
{
	str name = ociref_name(c->arena, &r->ref);
	str shown = arena_cat(c->arena, name, r->ref.digest.n ? S("@") : S(":"), wanted);
	struct ocichart chart;

	TRY(ocichart_pull(r->oci, c->arena, wanted, shown, HELM_FETCH_MAX, true, &chart));
	if (chart.old_type)
		cli_note(c, "Warning: chart media type %.*s is deprecated",
			 STR_ARG(OCICHART_OLD_TYPE));
	out->bytes = chart.chart;
	out->prov = chart.prov;
	if (!out->prov.n)
		out->no_prov = arena_cat(c->arena,
					 S("manifest does not contain a layer with mediatype "),
					 OCIMANIFEST_HELM_PROV);
	out->pulled = arena_cat(c->arena, S("Pulled: "), shown, S("\nDigest: "),
				chart.manifest.digest, S("\n"),
				helm_underscore(c->arena, shown, wanted));
	return NULL;
}

static err *pull_digest(struct cli *c, struct helm_registry *r, str version,
			struct helm_fetched *out)
{
	str hex = str_from(r->ref.digest, sizeof "sha256:" - 1);

	if (version.n)
		TRY(check_digest(c, r, version));
	out->name = arena_cat(c->arena, path_base(r->ref.repository), S("@sha256-"), hex, S(".tgz"));
	out->url = arena_cat(c->arena, S("oci://"), ociref_name(c->arena, &r->ref), S("@"),
			     r->ref.digest);
	return pull(c, r, r->ref.digest, out);
}

static err *pull_version(struct cli *c, struct net_client *net, struct helm_registry *r, str range,
			 const struct helm_server_options *o, struct helm_fetched *out)
{
	str base = arena_cat(c->arena, S("oci://"), ociref_name(c->arena, &r->ref)), tag;

	TRY(helm_fetch_tag(c, net, base, range, o, &tag));
	out->name = arena_cat(c->arena, path_base(r->ref.repository), S("-"), tag, S(".tgz"));
	out->url = arena_cat(c->arena, base, S(":"), tag);
	return pull(c, r, helm_swap(c->arena, tag, '+', '_'), out);
}

err *helm_fetch_oci(struct cli *c, struct net_client *net, str ref, str version,
		    const struct helm_server_options *o, struct helm_fetched *out)
{
	struct helm_registry r = { 0 };
	err *e = helm_registry_open(c, net, ref, o, false, &r);

	if (!e && version.n && r.ref.tag.n && !str_eq(version, r.ref.tag))
		e = err_new(ERR_INVALID, "chart reference and version mismatch: %.*s is not %.*s",
			    STR_ARG(version), STR_ARG(r.ref.tag));
	str wanted = version.n ? version : r.ref.tag;

	if (!e)
		e = r.ref.digest.n ? pull_digest(c, &r, wanted, out)
				   : pull_version(c, net, &r, wanted, o, out);
	oci_close(r.oci);
	return e;
}

/* ---- all ---------------------------------------------------------------------------- */

static err *download_prov(struct cli *c, const struct helmrepo *server, struct helm_fetched *out)
{
	CLEANUP(spool_release) struct spool spool;
	str at = arena_cat(c->arena, out->url, S(".prov")), text;

	spool_init(&spool, PROV_SIZE_MAX);
	err *e = helmrepo_fetch(server, at, "provenance", PROV_SIZE_MAX, NULL, NULL, &spool);

	if (e) {
		out->no_prov = arena_str(c->arena, err_text(e));
		err_free(e);
		return NULL;
	}
	TRY(spool_text(&spool, &text));
	out->prov = arena_str(c->arena, text);
	return NULL;
}

static err *download(struct cli *c, struct net_client *net, const struct target *t,
		     const struct helm_chart_options *o, struct helm_fetched *out)
{
	CLEANUP(spool_release) struct spool spool = { .fd = -1 };
	struct helmrepo server;
	struct gourl u;
	str text;

	TRY(gourl_parse(c->arena, arena_str(c->arena, t->url), &u));
	if (!str_eq(u.scheme, S("http")) && !str_eq(u.scheme, S("https")))
		return err_new(ERR_INVALID, "scheme %.*s not supported",
			       STR_ARG(quote_str(c->arena, u.scheme)));
	TRY(helm_repo_open(c, net, &t->repo, &server));
	spool_init(&spool, HELMREPO_HELD);
	TRY(helmrepo_fetch(&server, t->url, "chart", HELM_FETCH_MAX, NULL, NULL, &spool));
	TRY(spool_text(&spool, &text));
	out->bytes = arena_str(c->arena, text);
	out->name = path_base(u.path);
	out->url = t->url;
	out->digest = t->digest;
	return o->verify || o->prov ? download_prov(c, &server, out) : NULL;
}

static err *fetch_named(struct cli *c, struct net_client *net, str ref, str version,
			const struct helm_chart_options *o, struct helm_fetched *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct target t = { .repo = repo_of(o, STR_NONE) };
	struct gourl u;
	err *e = gourl_parse(c->arena, arena_str(c->arena, ref), &u);

	if (e) {
		err_free(e);
		return err_new(ERR_INVALID, "invalid chart URL format: %.*s", STR_ARG(ref));
	}
	gourl_add(&b, &u);
	if (is_oci(buf_str(&b)))
		return helm_fetch_oci(c, net, ref, version, &o->server, out);
	TRY(resolve(c, arena_str(c->arena, buf_str(&b)), &u, version, &t));
	if (is_oci(t.url))
		return helm_fetch_oci(c, net, t.url, STR_NONE, &o->server, out);
	return download(c, net, &t, o, out);
}

static err *fetch(struct cli *c, str ref, str version, const struct helm_chart_options *o,
		  struct helm_fetched *out)
{
	CLEANUP(net_client_drop) struct net_client *net = NULL;
	struct target t = { .repo = repo_of(o, o->repo) };

	*out = (struct helm_fetched){ 0 };
	TRY(helm_net(&net));
	if (!o->repo.n)
		return fetch_named(c, net, ref, version, o, out);
	TRY(find_in_repo(c, net, ref, version, &t));
	if (is_oci(t.url))
		return helm_fetch_oci(c, net, t.url, STR_NONE, &o->server, out);
	return download(c, net, &t, o, out);
}

err *helm_fetch(struct cli *c, str ref, str version, const struct helm_chart_options *o,
		struct helm_fetched *out)
{
	TRY(fetch(c, ref, version, o, out));
	if (o->verify && out->prov.n)
		return helm_verify(c, out->bytes, out->prov, out->name, helm_keyring(c, o->keyring),
				   &out->report);
	if (o->verify)
		return err_new(ERR_NOT_FOUND, "failed to fetch provenance %.*s",
			       STR_ARG(quote_str(c->arena,
						 arena_cat(c->arena, out->url, S(".prov")))));
	if (o->prov && !out->prov.n)
		out->warning = arena_printf(c->arena,
					    "WARNING: Verification not found for %.*s: %.*s\n",
					    STR_ARG(o->repo.n ? out->url : ref),
					    STR_ARG(out->no_prov));
	return NULL;
}

/* ---- the cache ------------------------------------------------------------------------ */

static str content_path(struct cli *c, str hex)
{
	const char *env = cli_env(c, "HELM_CONTENT_CACHE");
	str root = helm_settings(c)->content_cache;

	if (!root.n)
		root = env && *env ? str_c(env) : helm_dir(c, "cache", S("content"));
	return path_join(c->arena, root, str_sub(hex, 0, 2), arena_cat(c->arena, hex, S(".chart")));
}

/* By the digest that the bytes have: what an index says of them is not taken
 * for it, as then one repository could speak for another. */
err *helm_fetch_cached(struct cli *c, str ref, str version, const struct helm_chart_options *o,
		       str *path)
{
	struct helm_fetched f;
	char hex[SHA256_HEX + 1];

	err *e = helm_fetch(c, ref, version, o, &f);

	buf_add(&c->err.buf, f.pulled);
	TRY(e);
	sha256_hex(f.bytes, hex);
	*path = content_path(c, arena_str(c->arena, str_c(hex)));
	return access(path->p, F_OK) == 0 ? NULL : helm_write_file(c, *path, f.bytes, 0644);
}
