#include "cli/helm_depend.h"

#include "cli/helm_verify.h"
#include "crypto/sha256.h"
#include "text/constraint.h"
#include "text/gourl.h"
#include "text/path.h"
#include "text/quote.h"

static bool is_oci(str url)
{
	return str_starts(url, S("oci://"));
}

/* Neither here nor a registry. */
static bool is_repository(const struct chart_dependency *d)
{
	return d->repository.n && !str_starts(d->repository, S("file://")) && !is_oci(d->repository);
}

static const struct helm_repo *find_repo(const struct helm_depend *d, str url)
{
	for (size_t i = 0; i < d->repos.n; i++)
		if (helm_url_equal(d->repos.p[i].url, url))
			return &d->repos.p[i];
	return NULL;
}

/* ---- names --------------------------------------------------------------- */

/* "@name" or "alias:name". */
static const struct helm_repo *find_alias(const struct helm_depend *d, str text)
{
	if (!str_take_str(&text, S("@")) && !str_take_str(&text, S("alias:")))
		return NULL;
	return helm_repos_find(&d->repos, text);
}

static bool is_url(struct helm_depend *d, str text)
{
	struct gourl u;
	err *e = gourl_parse_request(d->c->arena, arena_str(d->c->arena, text), &u);

	err_free(e);
	return !e;
}

static err *undefined(struct helm_depend *d, const struct flag_list *missing)
{
	bool odd = false;

	for (size_t i = 0; i < missing->n; i++)
		odd |= !str_has(missing->p[i], S("//")) && !str_starts(missing->p[i], S("@")) &&
		       !str_starts(missing->p[i], S("alias:"));
	return err_new(ERR_NOT_FOUND, "no repository definition for %.*s. Please add them via 'helm "
				      "repo add'%s",
		       STR_ARG(arena_join(d->c->arena, missing->p, missing->n, S(", "))),
		       odd ? "\nNote that repositories must be URLs or aliases. For example, to refer "
			     "to the \"example\"\nrepository, use \"https://charts.example.com/\" or "
			     "\"@example\" instead of\n\"example\". Don't forget to add the repo, too "
			     "('helm repo add')."
			   : "");
}

static err *name(void *ctx, struct chart_dependency *deps, size_t n)
{
	struct helm_depend *d = ctx;
	struct flag_list missing = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (!is_repository(&deps[i]))
			continue;
		const struct helm_repo *alias = find_alias(d, deps[i].repository);

		if (alias)
			deps[i].repository = alias->url;
		else if (!find_repo(d, deps[i].repository) && !is_url(d, deps[i].repository))
			avec_push(d->c->arena, &missing, deps[i].repository);
	}
	return missing.n ? undefined(d, &missing) : NULL;
}

/* ---- indexes ----------------------------------------------------------------- */

/* The name of an index in the cache of a repository that nobody added. */
static str unmanaged(struct helm_depend *d, str url)
{
	char hex[SHA256_HEX + 1];

	sha256_hex(url, hex);
	return arena_cat(d->c->arena, S("helm-manager-"), str_c(hex));
}

static err *need_net(struct helm_depend *d)
{
	return d->net ? NULL : helm_net(&d->net);
}

/* Its failure is told and no more: an index may be in the cache. */
static void update_one(struct helm_depend *d, const struct helm_repo *repo, bool added,
		       struct buf *out)
{
	str url = quote_str(d->c->arena, repo->url), shown = quote_str(d->c->arena, repo->name);
	err *e = helm_repos_update(d->c, d->net, repo, 0);

	if (!added)
		shown = url;
	if (!e)
		buf_addf(out, "...Successfully got an update from the %.*s chart repository\n",
			 STR_ARG(shown));
	else if (added)
		buf_addf(out, "...Unable to get an update from the %.*s chart repository (%.*s):\n"
			      "\t%s\n",
			 STR_ARG(shown), STR_ARG(repo->url), err_msg(e));
	else
		buf_addf(out, "...Unable to get an update from the %.*s chart repository:\n\t%s\n",
			 STR_ARG(shown), err_msg(e));
	err_free(e);
}

static bool seen_before(const struct chart_dependency *deps, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (is_repository(&deps[k]) && str_eq(deps[k].repository, deps[i].repository))
			return true;
	return false;
}

static err *update_unmanaged(struct helm_depend *d, const struct chart_dependency *deps, size_t n,
			     struct buf *out)
{
	bool told = false;

	for (size_t i = 0; i < n; i++) {
		struct helm_repo repo = { .url = deps[i].repository };

		if (!is_repository(&deps[i]) || find_repo(d, repo.url) || seen_before(deps, i))
			continue;
		if (!told)
			buf_add(out, S("Getting updates for unmanaged Helm repositories...\n"));
		told = true;
		repo.name = unmanaged(d, repo.url);
		TRY(helm_repo_check(d->c, &repo));
		update_one(d, &repo, false, out);
	}
	return NULL;
}

static err *check_known(struct helm_depend *d, const struct chart_dependency *deps, size_t n)
{
	struct flag_list missing = { 0 };

	for (size_t i = 0; i < n; i++)
		if (is_repository(&deps[i]) && !find_repo(d, deps[i].repository))
			avec_push(d->c->arena, &missing, deps[i].repository);
	if (!missing.n)
		return NULL;
	return err_new(ERR_NOT_FOUND,
		       "no repository definition for %.*s. Please add the missing repos via "
		       "'helm repo add'",
		       STR_ARG(arena_join(d->c->arena, missing.p, missing.n, S(", "))));
}

static err *refresh(void *ctx, const struct chart_dependency *deps, size_t n, bool locked,
		    struct buf *out)
{
	struct helm_depend *d = ctx;

	if (locked)
		TRY(check_known(d, deps, n));
	if (d->skip_refresh)
		return NULL;
	TRY(need_net(d));
	if (!locked)
		TRY(update_unmanaged(d, deps, n, out));
	if (!d->repos.n)
		return NULL;
	buf_add(out, S("Hang tight while we grab the latest from your chart repositories...\n"));
	for (size_t i = 0; i < d->repos.n; i++) {
		TRY(helm_repo_check(d->c, &d->repos.p[i]));
		update_one(d, &d->repos.p[i], true, out);
	}
	buf_add(out, S("Update Complete. ⎈Happy Helming!⎈\n"));
	return NULL;
}

/* ---- versions -------------------------------------------------------------------- */

static str index_name(struct helm_depend *d, str url)
{
	const struct helm_repo *repo = find_repo(d, url);

	return repo ? repo->name : unmanaged(d, url);
}

static err *resolve_tag(struct helm_depend *d, const struct chart_dependency *dep, str *version)
{
	static const struct helm_server_options nobody = { 0 };
	str ref = arena_cat(d->c->arena, dep->repository, S("/"), dep->name);
	struct semver v;

	if (semver_try_parse(&v, dep->version)) {
		*version = dep->version;
		return NULL;
	}
	TRY(need_net(d));
	err *e = helm_fetch_tag(d->c, d->net, ref, dep->version, d->server ? d->server : &nobody,
				version);

	return e ? err_wrap(e, "could not retrieve list of tags for repository %.*s",
			    STR_ARG(dep->repository))
		 : NULL;
}

static err *resolve(void *ctx, struct arena *a, const struct chart_dependency *dep, str *version)
{
	CLEANUP(helm_index_release) struct helm_index x = HELM_INDEX_INIT;
	struct helm_depend *d = ctx;
	struct repoindex_chart chart;
	struct constraint *range;
	struct semver v;

	*version = STR_NONE;
	if (is_oci(dep->repository))
		return resolve_tag(d, dep, version);
	str repo = index_name(d, dep->repository);
	err *e = helm_index_open(d->c, helm_repos_index(d->c, repo), &x);

	if (e)
		return err_wrap(e, "no cached repository for %.*s found. (try 'helm repo update')",
				STR_ARG(repo));
	if (!repoindex_has(x.ix, dep->name))
		return err_new(ERR_NOT_FOUND, "%.*s chart not found in repo %.*s", STR_ARG(dep->name),
			       STR_ARG(dep->repository));
	TRY(constraint_parse(a, dep->version, &range));
	TRY(repoindex_load(a, x.ix, dep->name, false, &chart));
	for (size_t i = 0; i < chart.n && !version->n; i++)
		if (chart.versions[i].url.n && semver_try_parse(&v, chart.versions[i].version) &&
		    constraint_check(range, &v))
			*version = chart.versions[i].version;
	return NULL;
}

/* ---- charts --------------------------------------------------------------------------- */

static bool same_version(str a, str b)
{
	struct semver v, w;

	if (!semver_try_parse(&v, a))
		return str_eq(a, b);
	return semver_try_parse(&w, b) && !semver_cmp(&v, &w);
}

/* As Helm, which reads the indexes of all repositories that were added: what is wrong
 * with one of them is told, whichever are needed. */
static err *begin(void *ctx)
{
	struct helm_depend *d = ctx;

	d->indexes = arena_zero(d->c->arena, d->repos.n, sizeof *d->indexes);
	for (; d->indexes_n < d->repos.n; d->indexes_n++) {
		struct helm_index *x = &d->indexes[d->indexes_n];

		*x = (struct helm_index)HELM_INDEX_INIT;
		err *e = helm_index_open(d->c, helm_repos_index(d->c, d->repos.p[d->indexes_n].name),
					 x);
		if (e) {
			helm_index_release(x);
			return e;
		}
	}
	return NULL;
}

/* By the cached index of a repository that was added. */
static err *find_url(struct helm_depend *d, const struct helm_repo *repo,
		     const struct chart_dependency *dep, str *url)
{
	struct repoindex *ix = d->indexes[repo - d->repos.p].ix;
	struct repoindex_chart chart;

	if (!repoindex_has(ix, dep->name))
		return err_new(ERR_NOT_FOUND, "entry not found");
	TRY(repoindex_load(d->c->arena, ix, dep->name, false, &chart));
	for (size_t i = 0; i < chart.n; i++)
		if (chart.versions[i].url.n &&
		    (!dep->version.n || same_version(dep->version, chart.versions[i].version)))
			return helmrepo_resolve(d->c->arena, dep->repository,
						chart.versions[i].url, url);
	return err_new(ERR_NOT_FOUND, "no matching version");
}

static bool is_fetched(struct helm_depend *d, str url)
{
	for (size_t i = 0; i < d->fetched.n; i++)
		if (str_eq(d->fetched.p[i], url))
			return true;
	avec_push(d->c->arena, &d->fetched, url);
	return false;
}

/* What is signed wrongly never counts, whatever the way of verification. */
static err *verify(struct helm_depend *d, str url, const struct helm_fetched *f, struct buf *out)
{
	str report, prov = arena_cat(d->c->arena, url, S(".prov"));

	if (d->verify == HELM_DEPEND_NEVER)
		return NULL;
	if (f->prov.n)
		return helm_verify(d->c, f->bytes, f->prov, f->name, helm_keyring(d->c, d->keyring),
				   &report);
	if (d->verify == HELM_DEPEND_ALWAYS)
		return err_new(ERR_NOT_FOUND, "failed to fetch provenance %.*s",
			       STR_ARG(quote_str(d->c->arena, prov)));
	buf_addf(out, "WARNING: Verification not found for %.*s: %.*s\n", STR_ARG(url),
		 STR_ARG(f->no_prov));
	return NULL;
}

static err *fetch_oci(struct helm_depend *d, const struct chart_dependency *dep, struct buf *out,
		      struct helm_fetched *f)
{
	static const struct helm_server_options nobody = { 0 };
	str ref = arena_cat(d->c->arena, dep->repository, S("/"), dep->name);

	TRY(need_net(d));
	err *e = helm_fetch_oci(d->c, d->net, ref, dep->version, d->server ? d->server : &nobody, f);

	buf_add(out, f->pulled);
	if (!e)
		e = verify(d, ref, f, out);
	return e ? err_wrap(e, "could not download %.*s", STR_ARG(ref)) : NULL;
}

static err *fetch_http(struct helm_depend *d, const struct helm_repo *repo, str url,
		       struct buf *out, struct helm_fetched *f)
{
	struct helm_chart_options o = { .prov = d->verify != HELM_DEPEND_NEVER };

	/* asked for by its URL, with the login of its repository */
	if (repo) {
		o.server = (struct helm_server_options){ .username = repo->username,
							 .password = repo->password,
							 .cert_file = repo->cert_file,
							 .key_file = repo->key_file,
							 .ca_file = repo->ca_file,
							 .insecure = repo->insecure };
		o.pass_credentials = repo->pass_credentials;
	}
	err *e = helm_fetch(d->c, url, STR_NONE, &o, f);

	if (!e)
		e = verify(d, url, f, out);
	return e ? err_wrap(e, "could not download %.*s", STR_ARG(url)) : NULL;
}

static err *find_chart(struct helm_depend *d, const struct helm_repo *repo,
		       const struct chart_dependency *dep, str *url)
{
	err *e;

	*url = STR_NONE;
	if (is_oci(dep->repository)) {
		*url = arena_cat(d->c->arena, dep->repository, S("/"), dep->name, S(":"),
				 dep->version);
		return NULL;
	}
	if (repo) {
		e = find_url(d, repo, dep, url);
	} else {
		e = helm_fetch_find(d->c, dep->repository, dep->name, dep->version, url);
		if (e)
			e = err_wrap(e, "chart %.*s not found in %.*s", STR_ARG(dep->name),
				     STR_ARG(dep->repository));
	}
	return e ? err_wrap(e, "could not find %.*s", STR_ARG(*url)) : NULL;
}

static err *fetch(void *ctx, struct arena *a, const struct chart_dependency *dep, struct buf *out,
		  str *file, str *bytes)
{
	struct helm_depend *d = ctx;
	const struct helm_repo *repo = find_repo(d, dep->repository);
	struct helm_fetched f = { 0 };
	str url;

	(void)a;
	TRY(find_chart(d, repo, dep, &url));
	bool again = is_fetched(d, url);

	buf_addf(out, "%s %.*s from repo %.*s\n", again ? "Already downloaded" : "Downloading",
		 STR_ARG(dep->name), STR_ARG(dep->repository));
	*file = STR_NONE;
	if (again)
		return NULL;
	TRY(is_oci(url) ? fetch_oci(d, dep, out, &f) : fetch_http(d, repo, url, out, &f));
	*file = f.name;
	*bytes = f.bytes;
	return NULL;
}

/* ---- all ----------------------------------------------------------------------------------- */

err *helm_depend_init(struct helm_depend *d, struct cli *c,
		      const struct helm_server_options *server, bool skip_refresh)
{
	*d = (struct helm_depend){ .c = c, .server = server, .skip_refresh = skip_refresh };
	d->remote = (struct vendor_remote){ name, refresh, resolve, begin, fetch, d, NULL };
	err *e = helm_repos_load(c, &d->repos);

	if (e && err_kind(e) != ERR_NOT_FOUND)
		return e;
	err_free(e);
	return NULL;
}

void helm_depend_release(struct helm_depend *d)
{
	for (size_t i = 0; i < d->indexes_n; i++)
		helm_index_release(&d->indexes[i]);
	net_client_free(d->net);
}
