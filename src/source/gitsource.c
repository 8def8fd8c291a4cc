#include "source/gitsource.h"

#include "base/clock.h"
#include "source/githubapp.h"
#include "source/gitverify.h"
#include "text/gourl.h"

static const char fetch_failed[] = "FetchFailed";
static const char storage_failed[] = "StorageOperationFailed";

#define GITSOURCE_TIMEOUT (60 * CLOCK_SECOND)

bool gitsource_mode_parse(str text, enum gitsource_mode *out)
{
	if (str_eq(text, S("HEAD")) || str_eq(text, S("head")))
		*out = GITSOURCE_HEAD;
	else if (str_eq(text, S("Tag")))
		*out = GITSOURCE_TAG;
	else if (str_eq(text, S("TagAndHEAD")))
		*out = GITSOURCE_TAG_AND_HEAD;
	else
		return false;
	return true;
}

str gitsource_mode_name(enum gitsource_mode mode)
{
	switch (mode) {
	case GITSOURCE_HEAD:
		return S("HEAD");
	case GITSOURCE_TAG:
		return S("Tag");
	case GITSOURCE_TAG_AND_HEAD:
		return S("TagAndHEAD");
	}
	return STR_NONE;
}

/* ---- who we are ------------------------------------------------------------- */

static err *auth_failed(err *e, const char *what)
{
	return failure_mark(err_wrap(e, "%s", what), FAILURE_GENERIC, fetch_failed,
			    "AuthenticationFailed");
}

static err *check_key(const struct gitsource_spec *spec, const struct gitremote_auth *auth)
{
	if (!auth->identity.n || auth->password.n || !credentials_is_encrypted_key(auth->identity))
		return NULL;
	return failure_mark(err_new(ERR_INVALID,
				    "SSH identity key is encrypted but no 'password' field was "
				    "provided in the secret '%.*s/%.*s'",
				    STR_ARG(spec->secret->namespace), STR_ARG(spec->secret->name)),
			    FAILURE_GENERIC, fetch_failed, "AuthenticationFailed");
}

static err *bad_provider(err *e, enum failure_class class)
{
	return failure_mark(e, class, fetch_failed, "InvalidProviderConfiguration");
}

static err *ask_github(struct arena *a, const struct gitsource_env *env,
		       const struct gitsource_spec *spec, const struct net_proxy *proxy,
		       struct gitremote_auth *auth)
{
	static const char needed[] =
		"secretRef with github app data must be specified when provider is set to github";
	str token;

	if (!spec->secret)
		return bad_provider(err_new(ERR_INVALID, needed), FAILURE_STALLED);
	if (!credentials_has(spec->secret, S("githubAppID")))
		return bad_provider(err_new(ERR_INVALID, needed), FAILURE_GENERIC);
	err *e = githubapp_token(a, env->net, spec->secret, proxy, &token);

	if (e)
		return auth_failed(e, "failed to configure authentication options");
	auth->token = STR_NONE;
	auth->user = S("x-access-token");
	auth->password = token;
	return NULL;
}

static err *ask_cloud(const struct gitsource_spec *spec, struct gitremote_auth *auth)
{
	struct gitremote_auth got = { 0 };

	if (!spec->provide)
		return NULL;
	TRY(spec->provide(spec->ctx, &got));
	auth->token = got.token;
	auth->user = got.user;
	auth->password = got.password;
	return NULL;
}

static err *get_auth(struct gitsource *g, const struct gitsource_env *env,
		     const struct gitsource_spec *spec)
{
	struct gitremote_auth *auth = &g->auth;
	err *e = credentials_git(&g->mem, spec->secret, spec->url, auth);

	if (e)
		return auth_failed(e, "failed to configure authentication options");
	TRY(check_key(spec, auth));
	if (str_eq(spec->provider, S("github")))
		return ask_github(&g->mem, env, spec, spec->proxy ? &g->proxy : NULL, auth);
	if (str_eq(spec->provider, S("aws")) || str_eq(spec->provider, S("azure")))
		return ask_cloud(spec, auth);
	if (credentials_get(spec->secret, S("githubAppID")).n)
		return bad_provider(
			err_new(ERR_INVALID,
				"secretRef '%.*s/%.*s' has github app data but provider "
				"is not set to github",
				STR_ARG(spec->secret->namespace), STR_ARG(spec->secret->name)),
			FAILURE_GENERIC);
	return NULL;
}

err *gitsource_check(struct gitsource *g, const struct gitsource_spec *spec)
{
	struct gourl u;
	err *e = spec->proxy ? credentials_proxy(&g->mem, spec->proxy, &g->proxy) : NULL;

	if (e)
		return auth_failed(e, "failed to configure proxy options");
	e = gourl_parse(&g->mem, arena_str(&g->mem, spec->url), &u);
	return e ? failure_mark(err_wrap(e, "failed to parse url '%.*s'", STR_ARG(spec->url)),
				FAILURE_STALLED, fetch_failed, "URLInvalid")
		 : NULL;
}

err *gitsource_login(struct gitsource *g, const struct gitsource_env *env,
		     const struct gitsource_spec *spec)
{
	TRY(get_auth(g, env, spec));
	g->logged_in = true;
	return NULL;
}

/* ---- fetching --------------------------------------------------------------- */

static err *git_failed(err *e, const char *what)
{
	return failure_mark(err_wrap(e, "%s", what), FAILURE_GENERIC, fetch_failed,
			    "GitOperationFailed");
}

static err *check_auth(const struct gitremote_auth *auth)
{
	if (auth->token.n && (auth->user.n || auth->password.n))
		return err_new(ERR_INVALID,
			       "basic auth and bearer token cannot be set at the same time");
	return NULL;
}

static err *check_out(struct gitsource *g, const struct gitsource_env *env,
		      const struct gitsource_spec *spec, const struct gitsource_seen *seen,
		      int64_t deadline)
{
	str *sparse = arena_array(&g->mem, str, spec->sparse_n);
	struct gitcheckout_spec c = {
		.remote = { .net = env->net,
			    .url = spec->url,
			    .auth = g->auth,
			    .proxy = spec->proxy ? &g->proxy : NULL,
			    .hint = seen->hint,
			    .algos = env->algos,
			    .deadline = deadline,
			    .cancel = env->cancel },
		.ref = spec->ref,
		.submodules = spec->submodules,
		.sparse = sparse,
		.sparse_n = spec->sparse_n,
	};

	for (size_t i = 0; i < spec->sparse_n; i++) {
		sparse[i] = spec->sparse[i];
		str_take_str(&sparse[i], S("./"));
	}
	if (seen->artifact && seen->in_storage && !seen->changed)
		c.seen = seen->artifact->revision;
	err *e = check_auth(&g->auth);

	if (!e)
		e = gitcheckout_run(&g->checkout, &g->mem, &c);
	if (e)
		return git_failed(e, "failed to checkout and determine revision");
	if (g->checkout.empty)
		return failure_mark(err_new(ERR_NOT_FOUND, "git repository is empty"),
				    FAILURE_GENERIC, fetch_failed, "EmptyGitRepository");
	return NULL;
}

/* A path of the spec as the list knows it; "" for the root. */
static err *clean_path(struct arena *a, str path, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str name;

	while (str_cut(&path, &name, '/')) {
		if (!name.n || str_eq(name, S(".")))
			continue;
		if (str_eq(name, S(".."))) { /* stays at the root, as SecureJoin */
			size_t slash = str_rfind_char(buf_str(&b), '/');

			buf_trim(&b, slash == STR_NPOS ? 0 : slash);
			continue;
		}
		buf_addf(&b, "%s%.*s", b.n ? "/" : "", STR_ARG(name));
	}
	if (b.n > FILELIST_PATH_MAX)
		return err_new(ERR_INVALID, "path is longer than %d bytes", FILELIST_PATH_MAX);
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

static err *check_sparse(struct gitsource *g, const struct gitsource_spec *spec)
{
	for (size_t i = 0; i < spec->sparse_n; i++) {
		str path;
		err *e = clean_path(&g->mem, spec->sparse[i], &path);

		if (!e && path.n && !filelist_has(&g->checkout.files, path))
			e = err_new(
				ERR_NOT_FOUND,
				"sparse checkout dir '%.*s' does not exist in repository: lstat "
				"%.*s: no such file or directory",
				STR_ARG(spec->sparse[i]), STR_ARG(path));
		if (e)
			return git_failed(e, "failed to sparse checkout directories ");
	}
	return NULL;
}

static void describe(struct gitsource *g)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, S("stored artifact for commit '"));
	if (g->unchanged)
		buf_add(&b, g->revision);
	else
		gitobj_subject(&b, g->checkout.commit.message);
	buf_addc(&b, '\'');
	g->event = arena_str(&g->mem, buf_str(&b));
}

static int64_t deadline_of(const struct gitsource_spec *spec)
{
	return clock_after(clock_mono(), spec->timeout ? spec->timeout : GITSOURCE_TIMEOUT);
}

err *gitsource_fetch(struct gitsource *g, const struct gitsource_env *env,
		     const struct gitsource_spec *spec, const struct gitsource_seen *seen)
{
	if (!g->logged_in) {
		TRY(gitsource_check(g, spec));
		TRY(gitsource_login(g, env, spec));
	}
	int64_t deadline = deadline_of(spec);

	TRY(check_out(g, env, spec, seen, deadline));
	g->revision = g->checkout.revision;
	g->unchanged = g->checkout.unchanged;
	g->up_to_date =
		seen->artifact && !seen->changed && str_eq(seen->artifact->revision, g->revision);
	describe(g);
	if (g->unchanged)
		return NULL;
	TRY(check_sparse(g, spec));
	if (spec->verify)
		TRY(gitverify_run(&g->mem, &g->checkout, spec, deadline, env->cancel,
				  &g->verified));
	return NULL;
}

/* ---- storing ---------------------------------------------------------------- */

/* Trees that lists of files point into. */
struct included {
	struct artifact_tree **trees;
	size_t n;
};

static void close_included(struct included *in)
{
	for (size_t i = 0; i < in->n; i++)
		artifact_close(in->trees[i]);
}

static struct filelist_entry *find_file(struct filelist *l, str path)
{
	for (size_t i = 0; i < l->entries.n; i++)
		if (str_eq(l->entries.p[i].path, path) && l->entries.p[i].type != FILELIST_DIR)
			return &l->entries.p[i];
	return NULL;
}

static err *copy_include(struct gitsource *g, const struct gitsource_env *env,
			 const struct gitsource_include *include, str to, struct included *in)
{
	struct filelist *l = &g->checkout.files;
	str from;

	TRY(clean_path(&g->mem, include->from, &from));
	TRY(artifact_open(env->store, include->artifact, &in->trees[in->n]));
	const struct fs *fs = artifact_tree_fs(in->trees[in->n++]);
	struct fs_info info;

	TRY(fs_lstat(fs, from, &info));
	bool dir = info.type == FS_DIR;
	struct filelist_entry *there = dir ? NULL : find_file(l, to);
	const struct filelist_entry file = { .path = there ? there->path : to,
					     .type = info.mode & 0111 ? FILELIST_EXEC : FILELIST_FILE,
					     .from = FILELIST_FS,
					     .fs = fs,
					     .below = from };

	if (there) { /* as rename does */
		*there = file;
		return NULL;
	}
	if (!to.n || filelist_has(l, to))
		return err_new(ERR_EXISTS, "rename %.*s: file exists", STR_ARG(to.n ? to : S("/")));
	return dir ? filelist_add_dir(l, fs, from, to) : filelist_add(l, file);
}

static err *add_includes(struct gitsource *g, const struct gitsource_env *env,
			 const struct gitsource_spec *spec, struct included *in)
{
	in->trees = arena_array(&g->mem, struct artifact_tree *, spec->includes_n);
	for (size_t i = 0; i < spec->includes_n; i++) {
		const struct gitsource_include *include = &spec->includes[i];
		str to_text = include->to.n ? include->to : include->name, to;
		str from_text = include->from.n ? include->from : S("/");
		err *e = clean_path(&g->mem, to_text, &to);

		if (e)
			return failure_mark(err_wrap(e,
						     "path calculation for include '%.*s' failed",
						     STR_ARG(include->name)),
					    FAILURE_GENERIC, storage_failed, "IllegalPath");
		e = copy_include(g, env, include, to, in);
		if (e)
			return failure_mark(
				err_wrap(e, "failed to copy '%.*s' include from %.*s to %.*s",
					 STR_ARG(include->name), STR_ARG(from_text),
					 STR_ARG(to_text)),
				FAILURE_GENERIC, storage_failed, "CopyFailure");
	}
	return NULL;
}

static err *archive(struct gitsource *g, const struct gitsource_env *env,
		    const struct gitsource_spec *spec)
{
	struct filelist *l = &g->checkout.files;
	struct ignore *ignore;
	char hex[GITID_HEX + 1];
	err *e = filelist_sort(l);

	if (!e)
		e = filelist_ignore(l, &g->mem, spec->ignore, &ignore);
	if (e)
		return failure_mark(err_wrap(e, "failed to load source ignore patterns from "
						"repository"),
				    FAILURE_GENERIC, NULL, "SourceIgnoreError");
	gitid_print(&g->checkout.id, hex);
	e = artifact_add_list(env->store, &g->mem, &spec->owner,
			      arena_cat(&g->mem, str_c(hex), S(".tar.gz")), g->revision, l, ignore,
			      &g->artifact);
	if (e)
		return failure_mark(err_wrap(e, "unable to archive artifact to storage"),
				    FAILURE_GENERIC, storage_failed, "ArchiveOperationFailed");
	return NULL;
}

err *gitsource_store(struct gitsource *g, const struct gitsource_env *env,
		     const struct gitsource_spec *spec, const struct gitsource_seen *seen)
{
	CLEANUP(close_included) struct included in = { 0 };

	if (g->unchanged || g->up_to_date) {
		g->artifact = *seen->artifact;
		return NULL;
	}
	TRY(add_includes(g, env, spec, &in));
	TRY(archive(g, env, spec));
	/* Flux made this link until 2023. */
	err_free(artifact_unlink(env->store, &spec->owner, S("latest.tar.gz")));
	return NULL;
}

err *gitsource_run(struct gitsource *g, const struct gitsource_env *env,
		   const struct gitsource_spec *spec, const struct gitsource_seen *seen)
{
	TRY(gitsource_fetch(g, env, spec, seen));
	return gitsource_store(g, env, spec, seen);
}

void gitsource_release(struct gitsource *g)
{
	gitcheckout_release(&g->checkout);
	arena_release(&g->mem);
}
