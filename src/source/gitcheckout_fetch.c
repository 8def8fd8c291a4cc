#include "source/gitcheckout_impl.h"

#include "text/gourl.h"

enum { TAGS_DEPTH_MAX = 10 };

static err *keep_pack(struct gitcheckout *c, struct gitpack *pack)
{
	if (c->packs_n >= GITCHECKOUT_PACKS_MAX) {
		gitpack_free(pack);
		return err_new(ERR_INVALID, "the repository has more than %d submodules",
			       GITCHECKOUT_PACKS_MAX);
	}
	c->packs[c->packs_n++] = pack;
	return NULL;
}

/* ---- one commit ----------------------------------------------------------- */

static bool is_commit(const struct gitpack *pack, const struct gitid *id)
{
	enum gitpack_type type;
	size_t size;

	return gitpack_find(pack, id, &type, &size) && type == GITPACK_COMMIT;
}

/* Servers of old give only what they point to: then all of the branch is
 * fetched, or of all branches and tags, and the commit looked for in it. */
static err *fetch_history(struct gitremote *remote, struct arena *a, const struct gitid *tip,
			  struct gitpack **out)
{
	static const str all[] = { { "refs/heads/", 11 }, { "refs/tags/", 10 } };
	VEC(struct gitid) wants = { 0 };
	struct gitproto_refs refs;

	if (tip->n)
		return gitremote_fetch(remote, tip, 1, 0, out);
	TRY(gitremote_refs(remote, a, all, 2, &refs));
	for (size_t i = 0; i < refs.n; i++)
		if (str_starts(refs.p[i].name, all[0]) || str_starts(refs.p[i].name, all[1]))
			avec_push(a, &wants, refs.p[i].id);
	return gitremote_fetch(remote, wants.p, wants.n, 0, out);
}

/* A commit by its name alone. */
static err *fetch_commit(struct gitremote *remote, struct arena *a, const struct gitid *id,
			 const struct gitid *tip, struct gitpack **out)
{
	err *e = gitremote_fetch(remote, id, 1, 1, out);

	if (e && err_code(e) == GITREMOTE_NO_OBJECT) {
		err_free(e);
		e = fetch_history(remote, a, tip, out);
	}
	if (e && str_has(err_text(e), S("not our ref"))) {
		err_free(e);
		e = err_new(ERR_NOT_FOUND, "object not found");
	}
	if (e)
		return e;
	if (!is_commit(*out, id)) {
		gitpack_free(*out);
		*out = NULL;
		return err_new(ERR_NOT_FOUND, "object not found");
	}
	return NULL;
}

/* From the tag object down to the commit; the outermost one is what is
 * verified. */
static err *read_tags(struct gitcheckout_run *r, struct gitpack *pack)
{
	struct gitid id = r->want;
	enum gitpack_type type;
	size_t size;

	for (int i = 0; i < TAGS_DEPTH_MAX; i++) {
		struct gitobj_tag tag;
		str bytes;

		if (!gitpack_find(pack, &id, &type, &size))
			return err_new(ERR_NOT_FOUND, "object not found");
		if (type != GITPACK_TAG) {
			r->out->id = id;
			return NULL;
		}
		TRY(gitpack_read(pack, r->a, &id, GITPACK_TAG, &bytes));
		TRY(gitobj_tag(r->a, bytes, gitpack_algo(pack), &tag));
		if (!i) {
			r->out->tag = tag;
			r->out->tag_id = id;
		}
		id = tag.target;
	}
	return err_new(ERR_INVALID, "tags of tags more than %d deep", TAGS_DEPTH_MAX);
}

/* ---- submodules ----------------------------------------------------------- */

static err *add_files(struct gitcheckout_run *r, str url, struct gitpack *pack,
		      const struct gitid *commit, str at, unsigned depth);

/* "../other" is seen from the repository above it. */
static err *resolve_url(struct arena *a, str base, str url, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct gourl from, ref, to;

	if (!str_starts(url, S("./")) && !str_starts(url, S("../"))) {
		*out = url;
		return NULL;
	}
	TRY(gourl_parse(a, arena_cat(a, str_trim_right_set(base, S("/")), S("/")), &from));
	TRY(gourl_parse(a, url, &ref));
	gourl_resolve(a, &from, &ref, &to);
	gourl_add(&b, &to);
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

/* Credentials are for the host they were given for. */
static err *same_host(struct arena *a, str one, str other, bool *same)
{
	struct gourl u, v;

	TRY(gourl_parse(a, one, &u));
	TRY(gourl_parse(a, other, &v));
	*same = str_eq(u.scheme, v.scheme) && str_eq_nocase(u.host, v.host);
	return NULL;
}

static err *add_module(struct gitcheckout_run *r, str base, const struct gittree_module *m, str at,
		       unsigned depth)
{
	CLEANUP(gitremote_drop) struct gitremote *remote = NULL;
	struct gitremote_spec spec = r->spec->remote;
	struct gitpack *pack = NULL;
	static const str head[] = { { "HEAD", 4 } };
	static const struct gitid no_tip;
	struct gitproto_refs refs;
	bool same;

	if (!m->url.n)
		return err_new(ERR_INVALID, "submodule '%.*s' has no URL", STR_ARG(m->path));
	TRY(resolve_url(r->a, base, m->url, &spec.url));
	err *e = gitremote_check_url(spec.url);

	if (e)
		return err_wrap(e, "submodule '%.*s'", STR_ARG(m->path));
	TRY(same_host(r->a, r->spec->remote.url, spec.url, &same));
	if (!same) {
		spec.auth = (struct gitremote_auth){ .tls = { .ca = spec.auth.tls.ca,
							      .ca_and_system = true } };
	}
	spec.hint = NULL;
	TRY(gitremote_open(&remote, &spec));
	e = gitremote_refs(remote, r->a, head, 1, &refs);
	if (!e)
		e = fetch_commit(remote, r->a, &m->id, &no_tip, &pack);
	if (e)
		return err_wrap(e, "submodule '%.*s'", STR_ARG(m->path));
	TRY(keep_pack(r->out, pack));
	return add_files(r, spec.url, pack, &m->id, at, depth + 1);
}

static err *add_files(struct gitcheckout_run *r, str url, struct gitpack *pack,
		      const struct gitid *commit, str at, unsigned depth)
{
	struct gittree_options o = { .at = at };
	gittree_modules modules = { 0 };
	struct gitobj_commit c;
	str bytes;

	if (depth > GITCHECKOUT_MODULE_DEPTH)
		return NULL;
	TRY(gitpack_read(pack, r->a, commit, GITPACK_COMMIT, &bytes));
	TRY(gitobj_commit(r->a, bytes, gitpack_algo(pack), &c));
	if (!depth) {
		r->out->commit = c;
		o.sparse = r->spec->sparse;
		o.sparse_n = r->spec->sparse_n;
	}
	TRY(gittree_add(&r->out->files, pack, &c.tree, &o, r->spec->submodules ? &modules : NULL));
	for (size_t i = 0; i < modules.n; i++) {
		str path = modules.p[i].path;

		TRY(add_module(r, url, &modules.p[i],
			       at.n ? arena_cat(r->a, at, S("/"), path) : path, depth));
	}
	return NULL;
}

/* ---- all of it ------------------------------------------------------------ */

err *gitcheckout_fetch(struct gitcheckout_run *r)
{
	struct gitcheckout *c = r->out;
	struct gitpack *pack = NULL;

	c->files = (struct filelist)FILELIST_INIT(r->a);
	if (r->by_commit) {
		err *e = fetch_commit(r->remote, r->a, &r->want, &r->tip, &pack);

		if (e && err_kind(e) == ERR_NOT_FOUND && !err_code(e)) {
			r->own_words = true;
			return err_wrap(e, "unable to resolve commit object for '%.*s'",
					STR_ARG(r->spec->ref.commit));
		}
		if (e)
			return e;
	} else {
		TRY(gitremote_fetch(r->remote, &r->want, 1, 1, &pack));
	}
	TRY(keep_pack(c, pack));
	if (!r->by_commit)
		TRY(read_tags(r, pack));
	TRY(add_files(r, r->spec->remote.url, pack, &c->id, STR_NONE, 0));
	return filelist_sort(&c->files);
}
