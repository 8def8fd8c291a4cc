#include "controllers/remotebase.h"

#include "base/ascii.h"
#include "base/vec.h"
#include "kustomize/repourl.h"
#include "source/gitsource.h"

static struct remotebase *base_of(struct remote *r)
{
	return (struct remotebase *)r;
}

/* ---- files --------------------------------------------------------------------- */

static err *fetch_file(struct remote *r, struct arena *a, str url, str *out)
{
	struct remotebase *b = base_of(r);
	CLEANUP(net_response_release) struct net_response response = NET_RESPONSE_INIT;
	const struct net_request q = { .url = url,
				       .max_body = REMOTEBASE_FILE_MAX,
				       .cancel = b->p->cancel };

	b->used = true;
	TRY(net_do(runtime_net(b->p->rt), &q, &response));
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

static struct artifact_owner owner_of(const struct pass *p)
{
	return (struct artifact_owner){ S("KustomizeBase"), p->key.namespace, p->key.name };
}

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
	const struct gitsource_env env = { .net = runtime_net(b->p->rt),
					   .store = runtime_store(b->p->rt),
					   .cancel = b->p->cancel };
	struct gitsource_spec spec = { .owner = owner_of(b->p),
				       .url = url->clone,
				       .timeout = url->timeout,
				       .submodules = url->submodules };
	const struct gitsource_seen seen = { 0 };

	if (is_commit(url->ref))
		spec.ref.commit = url->ref;
	else
		spec.ref.name = url->ref.n ? arena_cat(b->p->arena, str_c(kind), url->ref)
					   : S("HEAD");
	return gitsource_fetch(g, &env, &spec, &seen);
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
	struct arena *a = b->p->arena;
	const struct artifact_owner owner = owner_of(b->p);
	str file = arena_printf(a, "%zu.tar.gz", b->remote.roots.n);
	struct artifact stored;

	TRY(artifact_add_list(runtime_store(b->p->rt), a, &owner, file, g->revision,
			      &g->checkout.files, NULL, &stored));
	return artifact_open(runtime_store(b->p->rt), &stored, out);
}

static err *fetch_repo(struct remote *r, struct arena *a, str url, str *checkout, str *base)
{
	struct remotebase *b = base_of(r);
	struct files_roots *roots = &r->roots;
	struct repourl parsed;

	b->used = true;
	if (!runtime_store(b->p->rt))
		return err_new(ERR_UNAVAILABLE, "there is no artifact store");
	if (roots->n == FILES_ROOTS_MAX)
		return err_new(ERR_INVALID, "more than %d remote bases", FILES_ROOTS_MAX);
	if (!repourl_parse(a, url, &parsed))
		return err_new(ERR_INVALID, "url lacks repoSpec: %.*s", STR_ARG(url));
	CLEANUP(gitsource_release) struct gitsource g = { 0 };
	err *e = find(b, &parsed, &g);

	if (!e)
		e = keep(b, &g, &b->trees[roots->n]);
	if (e)
		return err_wrap(e, "failed to fetch remote base '%.*s'", STR_ARG(url));
	const struct fs *fs = artifact_tree_fs(b->trees[roots->n]);

	roots->list[roots->n++] = fs;
	*checkout = fs_root(fs);
	*base = parsed.path;
	return NULL;
}

void remotebase_open(struct remotebase *b, struct pass *p)
{
	*b = (struct remotebase){ .remote = { .fetch_file = fetch_file, .fetch_repo = fetch_repo },
				  .p = p };
}

void remotebase_close(struct remotebase *b)
{
	const struct artifact_owner owner = owner_of(b->p);
	bool any;

	for (size_t i = 0; i < b->remote.roots.n; i++)
		artifact_close(b->trees[i]);
	if (b->remote.roots.n)
		err_free(artifact_remove_all(runtime_store(b->p->rt), &owner, &any));
}
