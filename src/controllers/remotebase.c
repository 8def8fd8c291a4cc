#include "controllers/remotebase.h"

#include "base/ascii.h"
#include "base/vec.h"
#include "kustomize/repourl.h"

/* Ready to fetch. */
static err *use(struct remote *r, struct remotebase **out)
{
	struct remotebase *b = *out = (struct remotebase *)r;

	b->used = true;
	return b->env->need ? b->env->need(b->env) : NULL;
}

/* ---- files --------------------------------------------------------------------- */

static err *fetch_file(struct remote *r, struct arena *a, str url, str *out)
{
	struct remotebase *b;
	CLEANUP(net_response_release) struct net_response response = NET_RESPONSE_INIT;
	struct net_request q = { .url = url, .max_body = REMOTEBASE_FILE_MAX };

	TRY(use(r, &b));
	q.cancel = b->env->with.cancel;
	TRY(net_do(b->env->with.net, &q, &response));
	if (response.status >= 300) {
		str status = net_status(a, response.status);

		return err_new(response.status == 404 ? ERR_NOT_FOUND : ERR_UNAVAILABLE,
			       "HTTP Error: status code %d (%.*s)", response.status,
			       STR_ARG(status));
	}
	*out = arena_str(a, buf_str(&response.body));
	return NULL;
}

/* ---- repositories --------------------------------------------------------------- */

static bool is_commit(str ref)
{
	for (size_t i = 0; i < ref.n; i++)
		if (!ascii_is_hex(ref.p[i]))
			return false;
	return ref.n == 40 || ref.n == 64;
}

static err *clone(struct remotebase *b, const struct repourl *url, const char *kind,
		  struct gitsource *g)
{
	struct gitsource_spec spec = { .owner = b->env->owner,
				       .url = url->clone,
				       .timeout = url->timeout,
				       .submodules = url->submodules };
	const struct gitsource_seen seen = { 0 };

	if (is_commit(url->ref))
		spec.ref.commit = url->ref;
	else
		spec.ref.name = url->ref.n ? arena_cat(b->env->arena, str_c(kind), url->ref)
					   : S("HEAD");
	return gitsource_fetch(g, &b->env->with, &spec, &seen);
}

/* A name is a branch's, else a tag's. */
static err *find(struct remotebase *b, const struct repourl *url, struct gitsource *g)
{
	err *e = clone(b, url, "refs/heads/", g);

	if (!e || !url->ref.n || is_commit(url->ref))
		return e;
	gitsource_release(g);
	*g = (struct gitsource){ 0 };
	err *other = clone(b, url, "refs/tags/", g);

	err_free(other ? other : e);
	return other ? e : NULL;
}

static err *keep(struct remotebase *b, const struct gitsource *g, struct artifact_tree **out)
{
	struct arena *a = b->env->arena;
	str file = arena_printf(a, "%zu.tar.gz", b->remote.roots.n);
	struct artifact stored;

	TRY(artifact_add_list(b->env->with.store, a, &b->env->owner, file, g->revision,
			      &g->checkout.files, NULL, &stored));
	return artifact_open(b->env->with.store, &stored, out);
}

static err *fetch_repo(struct remote *r, struct arena *a, str url, str *checkout, str *base)
{
	struct remotebase *b;
	struct files_roots *roots = &r->roots;
	struct repourl parsed;

	TRY(use(r, &b));
	if (!b->env->with.store)
		return err_new(ERR_UNAVAILABLE, "there is no artifact store");
	if (roots->n == FILES_ROOTS_MAX)
		return err_new(ERR_INVALID, "more than %d remote bases", FILES_ROOTS_MAX);
	if (!repourl_parse(a, url, &parsed))
		return err_new(ERR_INVALID, "url lacks repoSpec: %.*s", STR_ARG(url));
	CLEANUP(gitsource_release) struct gitsource g = { 0 };
	err *e = find(b, &parsed, &g);

	if (!e)
		e = keep(b, &g, &b->trees[roots->n]);
	if (e) {
		/* what it would mean for a GitRepository is nobody's concern here */
		err_set_detail(e, STR_NONE);
		return err_wrap(e, "failed to fetch remote base '%.*s'", STR_ARG(url));
	}
	const struct fs *fs = artifact_tree_fs(b->trees[roots->n]);

	roots->list[roots->n++] = fs;
	*checkout = fs_root(fs);
	*base = parsed.path;
	return NULL;
}

void remotebase_open(struct remotebase *b, struct remotebase_env *env)
{
	*b = (struct remotebase){ .remote = { .fetch_file = fetch_file, .fetch_repo = fetch_repo },
				  .env = env };
}

void remotebase_close(struct remotebase *b)
{
	bool any;

	for (size_t i = 0; i < b->remote.roots.n; i++)
		artifact_close(b->trees[i]);
	if (b->remote.roots.n)
		err_free(artifact_remove_all(b->env->with.store, &b->env->owner, &any));
}
