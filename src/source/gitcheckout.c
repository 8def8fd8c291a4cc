#include "source/gitcheckout.h"

#include "source/gitcheckout_impl.h"
#include "text/constraint.h"
#include "text/quote.h"

/* ---- words ---------------------------------------------------------------- */

str gitcheckout_shown_url(struct arena *a, str url)
{
	size_t start = str_find(url, S("://")), at, colon;

	if (start == STR_NPOS)
		return url;
	str rest = str_from(url, start + 3);
	size_t slash = str_find_char(rest, '/');

	at = str_rfind_char(str_sub(rest, 0, slash), '@');
	colon = str_find_char(rest, ':');
	if (at == STR_NPOS || colon == STR_NPOS || colon > at)
		return url;
	return arena_cat(a, str_sub(url, 0, start + 3 + colon), S(":***"), str_from(rest, at));
}

/* Of a reference that is not there, and of a repository that is not, Flux
 * says more; of all else only what it was. */
static err *clone_failed(const struct gitcheckout_run *r, err *e)
{
	str url = gitcheckout_shown_url(r->a, r->spec->remote.url);
	bool ssh = str_starts(url, S("ssh:"));

	if (err_code(e) == GITREMOTE_EMPTY || (err_code(e) == GITREMOTE_NOT_FOUND && ssh)) {
		int code = err_code(e);
		err *made = err_replace(e, "unable to clone: %s: git repository: '%.*s'",
					err_msg(e), STR_ARG(url));

		err_set_code(made, code);
		return made;
	}
	return err_wrap(e, "unable to clone '%.*s'", STR_ARG(url));
}

static err *no_ref(const struct gitcheckout_run *r, str name)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, name, QUOTE_PRINT);
	return clone_failed(r, err_new(ERR_NOT_FOUND, "couldn't find remote ref %s", buf_c(&b)));
}

static str short_name(str reference)
{
	str piece, rest = reference;

	if (!str_cut(&rest, &piece, '/') || !str_cut(&rest, &piece, '/') || !rest.n)
		return STR_NONE;
	return rest;
}

static str revision_of(struct arena *a, str name, const struct gitid *id)
{
	char hex[GITID_HEX + 1];

	gitid_print(id, hex);
	return arena_cat(a, name, name.n ? S("@") : STR_NONE, gitid_algo_name(gitid_algo_of(id)),
			 S(":"), str_c(hex));
}

str gitcheckout_revision(struct arena *a, str revision)
{
	size_t slash = str_rfind_char(revision, '/');
	struct gitid id;

	if (str_has(revision, S(":")) ||
	    !gitid_parse(&id, slash == STR_NPOS ? revision : str_from(revision, slash + 1)))
		return revision;
	str name = slash == STR_NPOS ? STR_NONE : str_sub(revision, 0, slash);

	return revision_of(a, str_eq(name, S("HEAD")) ? STR_NONE : name, &id);
}

/* ---- finding -------------------------------------------------------------- */

/* All references when none was found: is there any at all? */
static err *check_empty(struct gitcheckout_run *r, bool *empty)
{
	static const str all[] = { { "refs/", 5 } };
	struct gitproto_refs refs;
	err *e = gitremote_refs(r->remote, r->a, all, 1, &refs);

	*empty = (!e && !refs.n) || (e && err_code(e) == GITREMOTE_EMPTY);
	if (e && err_code(e) != GITREMOTE_EMPTY)
		return e;
	err_free(e);
	return NULL;
}

/* The reference of exactly that name; *out NULL when there is none. */
static err *find_ref(struct gitcheckout_run *r, str name, struct gitproto_refs *refs,
		     const struct gitproto_ref **out)
{
	*out = NULL;
	if (!gitobj_is_ref_name(name))
		return NULL;
	TRY(gitremote_refs(r->remote, r->a, &name, 1, refs));
	*out = gitproto_find(refs, name);
	return NULL;
}

static err *empty_repository(struct gitcheckout_run *r)
{
	err *e = err_new(ERR_NOT_FOUND, "remote repository is empty");

	err_set_code(e, GITREMOTE_EMPTY);
	return clone_failed(r, e);
}

/* A branch or tag by its full name; sets *found. */
static err *need_ref(struct gitcheckout_run *r, str name, struct gitproto_refs *refs,
		     const struct gitproto_ref **found)
{
	bool polled = r->spec->seen.n > 0, empty = false;
	err *e = find_ref(r, name, refs, found);

	if (!e && !*found)
		e = check_empty(r, &empty);
	if (e && polled)
		return err_wrap(e, "unable to list remote for '%.*s'",
				STR_ARG(gitcheckout_shown_url(r->a, r->spec->remote.url)));
	if (e)
		return clone_failed(r, e);
	if (empty)
		return empty_repository(r);
	return *found ? NULL : no_ref(r, name);
}

static const struct gitid *commit_of(const struct gitproto_ref *ref)
{
	return ref->peeled.n ? &ref->peeled : &ref->id;
}

static err *find_branch(struct gitcheckout_run *r, str branch, str reference)
{
	const struct gitproto_ref *ref;
	struct gitproto_refs refs;
	str name = arena_cat(r->a, S("refs/heads/"), branch);
	err *e = need_ref(r, name, &refs, &ref);

	if (e && err_code(e) == GITREMOTE_EMPTY && !reference.n) {
		err_free(e);
		r->out->empty = true;
		return NULL;
	}
	if (e)
		return e;
	r->want = r->out->id = *commit_of(ref);
	r->out->reference = reference.n ? reference : name;
	return NULL;
}

static void found_tag(struct gitcheckout_run *r, const struct gitproto_ref *ref, str name)
{
	r->want = ref->id;
	r->out->id = *commit_of(ref);
	r->out->by_tag = true;
	r->out->tag_name = name;
	r->out->reference = ref->name;
}

static err *find_tag(struct gitcheckout_run *r, str tag)
{
	const struct gitproto_ref *ref;
	struct gitproto_refs refs;

	TRY(need_ref(r, arena_cat(r->a, S("refs/tags/"), tag), &refs, &ref));
	found_tag(r, ref, tag);
	return NULL;
}

/* ---- versions ------------------------------------------------------------- */

struct candidate {
	const struct gitproto_ref *ref;
	struct semver version;
	int64_t when;
};

typedef VEC(struct candidate) candidates;

/* The highest versions: several when they differ only in what does not count. */
static void keep_highest(struct arena *a, candidates *list, struct candidate c)
{
	int order = list->n ? semver_cmp(&c.version, &list->p[0].version) : 1;

	if (order > 0)
		list->n = 0;
	if (order >= 0)
		avec_push(a, list, c);
}

static err *read_commit_time(struct gitpack *pack, struct arena *a, const struct gitid *id,
			     int64_t *when)
{
	struct gitobj_commit c;
	str bytes;

	TRY(gitpack_read(pack, a, id, GITPACK_COMMIT, &bytes));
	TRY(gitobj_commit(a, bytes, gitpack_algo(pack), &c));
	*when = c.committer.when;
	return NULL;
}

/* Of equal versions the one whose commit is newest. */
static err *break_tie(struct gitcheckout_run *r, candidates *list)
{
	CLEANUP(gitpack_drop) struct gitpack *pack = NULL;
	struct gitid wants[GITCHECKOUT_TIES_MAX];
	size_t best = 0;

	if (list->n > GITCHECKOUT_TIES_MAX)
		return err_new(ERR_INVALID, "more than %d tags are the same version",
			       GITCHECKOUT_TIES_MAX);
	for (size_t i = 0; i < list->n; i++)
		wants[i] = list->p[i].ref->id;
	TRY(gitremote_fetch(r->remote, wants, list->n, 1, &pack));
	for (size_t i = 0; i < list->n; i++) {
		TRY(read_commit_time(pack, r->a, commit_of(list->p[i].ref), &list->p[i].when));
		if (list->p[i].when >= list->p[best].when)
			best = i;
	}
	list->p[0] = list->p[best];
	return NULL;
}

static err *find_version(struct gitcheckout_run *r, str range)
{
	static const str tags[] = { { "refs/tags/", 10 } };
	struct constraint *constraint;
	struct gitproto_refs refs;
	candidates list = { 0 };
	bool empty = false;
	err *e = constraint_parse(r->a, range, &constraint);

	if (e)
		return err_wrap(e, "semver parse error");
	e = gitremote_refs(r->remote, r->a, tags, 1, &refs);
	if (!e && !refs.n)
		e = check_empty(r, &empty);
	if (e)
		return clone_failed(r, e);
	if (empty)
		return empty_repository(r);
	for (size_t i = 0; i < refs.n; i++) {
		struct candidate c = { .ref = &refs.p[i] };
		str name = refs.p[i].name;

		if (str_take_str(&name, tags[0]) && semver_try_tag(&c.version, name) &&
		    constraint_check(constraint, &c.version))
			keep_highest(r->a, &list, c);
	}
	if (!list.n)
		return err_new(ERR_NOT_FOUND, "no match found for semver: %.*s", STR_ARG(range));
	if (list.n > 1)
		TRY(break_tie(r, &list));
	found_tag(r, list.p[0].ref, str_from(list.p[0].ref->name, tags[0].n));
	return NULL;
}

/* ---- names and commits ---------------------------------------------------- */

static err *list_failed(struct gitcheckout_run *r, err *e)
{
	return err_wrap(e, "unable to list remote for '%.*s'",
			STR_ARG(gitcheckout_shown_url(r->a, r->spec->remote.url)));
}

static err *find_name(struct gitcheckout_run *r, str name)
{
	str plain = str_ends(name, S("^{}")) ? str_sub(name, 0, name.n - 3) : name;
	const struct gitproto_ref *ref;
	struct gitproto_refs refs;

	if (str_starts(name, S("/")) || str_ends(name, S("/")))
		return err_new(ERR_INVALID,
			       "ref %.*s is invalid; Git refs cannot begin or end with a slash '/'",
			       STR_ARG(name));
	err *e = find_ref(r, plain, &refs, &ref);

	if (e)
		return list_failed(r, e);
	if (!ref)
		return err_new(ERR_NOT_FOUND, "unable to resolve ref '%.*s' to a specific commit",
			       STR_ARG(name));
	if (str_starts(plain, S("refs/tags/"))) {
		found_tag(r, ref, str_from(plain, 10));
	} else {
		r->want = r->out->id = *commit_of(ref);
	}
	r->out->reference = arena_str(r->a, name);
	return NULL;
}

/* The server is asked even so: it may be gone, or not let us in any more. */
static err *find_commit(struct gitcheckout_run *r, str hex, str branch)
{
	static const str head[] = { { "HEAD", 4 } };
	struct gitproto_refs refs;

	if (branch.n) {
		const struct gitproto_ref *ref;
		str name = arena_cat(r->a, S("refs/heads/"), branch);

		TRY(need_ref(r, name, &refs, &ref));
		r->tip = ref->id;
		r->out->reference = name;
	} else {
		err *e = gitremote_refs(r->remote, r->a, head, 1, &refs);

		if (e)
			return clone_failed(r, e);
	}
	if (!gitid_parse(&r->want, hex) ||
	    r->want.n != gitid_size(gitremote_server(r->remote)->algo))
		return err_new(ERR_NOT_FOUND,
			       "unable to resolve commit object for '%.*s': object not found",
			       STR_ARG(hex));
	r->out->id = r->want;
	r->by_commit = true;
	return NULL;
}

static err *find(struct gitcheckout_run *r)
{
	const struct gitcheckout_ref *ref = &r->spec->ref;

	if (ref->commit.n)
		return find_commit(r, ref->commit, ref->branch);
	if (ref->name.n)
		return find_name(r, ref->name);
	if (ref->tag.n)
		return find_tag(r, ref->tag);
	if (ref->semver.n)
		return find_version(r, ref->semver);
	return find_branch(r, ref->branch.n ? ref->branch : S("master"), STR_NONE);
}

/* ---- all together --------------------------------------------------------- */

err *gitcheckout_run(struct gitcheckout *out, struct arena *a, const struct gitcheckout_spec *spec)
{
	struct gitcheckout_run r = { .out = out, .a = a, .spec = spec };
	CLEANUP(gitremote_drop) struct gitremote *remote = NULL;

	TRY(gitremote_open(&remote, &spec->remote));
	r.remote = remote;
	TRY(find(&r));
	if (out->empty)
		return NULL;
	out->revision =
		revision_of(a,
			    spec->ref.name.n && !spec->ref.commit.n ? out->reference
								    : short_name(out->reference),
			    &out->id);
	if (spec->seen.n && str_eq(out->revision, gitcheckout_revision(a, spec->seen))) {
		out->unchanged = true;
		return NULL;
	}
	err *e = gitcheckout_fetch(&r);

	return e && !r.own_words ? clone_failed(&r, e) : e;
}

void gitcheckout_release(struct gitcheckout *c)
{
	for (size_t i = 0; i < c->packs_n; i++)
		gitpack_free(c->packs[i]);
	c->packs_n = 0;
}
