#include "cli/flux_repo.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"
#include "source/pgpsign.h"

static struct gitremote_spec spec_of(const struct repo *r, bool push)
{
	return (struct gitremote_spec){ .net = r->net,
					.url = r->url,
					.auth = r->auth,
					.local = r->local,
					.deadline = r->deadline,
					.push = push };
}

void repo_close(struct repo *r)
{
	gitwrite_free(r->write);
	gitpack_free(r->pack);
	r->write = NULL;
	r->pack = NULL;
}

/* The branch among the references; false: the repository has none at all. */
static err *find_branch(struct repo *r, struct gitremote *remote, bool *found)
{
	const str prefix = S("refs/heads/");
	str name = arena_cat(r->arena, prefix, r->branch);
	struct gitproto_refs refs = { 0 };
	err *e = gitremote_refs(remote, r->arena, &prefix, 1, &refs);

	*found = false;
	if (e && err_code(e) == GITREMOTE_EMPTY) {
		err_free(e);
		return NULL;
	}
	if (e || !refs.n)
		return e;
	const struct gitproto_ref *ref = gitproto_find(&refs, name);

	if (!ref)
		return err_new(ERR_NOT_FOUND, "couldn't find remote ref \"%.*s\"", STR_ARG(name));
	*found = true;
	r->head = ref->id;
	return NULL;
}

err *repo_clone(struct repo *r)
{
	CLEANUP(gitremote_drop) struct gitremote *remote = NULL;
	const struct gitremote_spec spec = spec_of(r, false);
	bool found;

	repo_close(r);
	r->head = r->pushed = (struct gitid){ 0 };
	TRY(gitremote_open(&remote, &spec));
	TRY(find_branch(r, remote, &found));
	r->algo = gitremote_server(remote)->algo;
	if (found)
		TRY(gitremote_fetch(remote, &r->head, 1, 1, &r->pack));
	r->pushed = r->head;
	return gitwrite_new(&r->write, r->algo, r->pack);
}

/* ---- signing ----------------------------------------------------------- */

enum { SIGNATURE_MAX = 64 << 10, KEYS_MAX = 4 << 20 };

/* A program in the directory, with its own words when it fails. */
static err *run(const struct fs *dir, const char *const *argv, const char *what)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(proc_release) struct proc_result done = { 0 };
	const char *const env[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C",
				    arena_cat(&a, S("GNUPGHOME="), fs_root(dir)).p, NULL };
	const struct proc_spec spec = { .argv = argv, .env = env, .timeout = CLOCK_MINUTE };
	err *e = proc_run(&spec, &done);

	if (!e)
		e = proc_check(&done);
	return e ? err_wrap(e, "%s: %.*s", what, STR_ARG(str_trim(buf_str(&done.err)))) : NULL;
}

static err *run_ssh(const struct repo *r, const struct fs *dir, const char *file)
{
	const char *const argv[] = { "ssh-keygen", "-q", "-Y", "sign", "-n", "git",
				     "-f", r->author.signing_key.p, file, NULL };

	return run(dir, argv, "invalid SSH signing key");
}

static err *run_gpg(const struct repo *r, struct arena *a, str bytes, str *out)
{
	CLEANUP(pgpsign_close) struct pgpsign p = { 0 };
	str ring;

	TRY(fs_read_any(a, r->author.signing_key, KEYS_MAX, &ring));
	err *e = pgpsign_open(&p, a, ring, r->author.gpg_passphrase);

	if (!e)
		e = pgpsign_make(&p, r->author.gpg_id, bytes, PGPSIGN_DETACHED, out);
	return e ? err_wrap(e, "invalid GPG signing key") : NULL;
}

/* With the programs that made the keys: ours read signatures only. */
static err *sign(void *ctx, struct arena *a, str bytes, str *out)
{
	struct repo *r = ctx;
	CLEANUP(fs_drop) struct fs *dir = NULL;

	if (r->author.gpg)
		return run_gpg(r, a, bytes, out);
	TRY(fs_open_temp(&dir, STR_NONE, S("sign-")));
	TRY(fs_create(dir, S("commit"), bytes, 0600));
	TRY(run_ssh(r, dir, arena_cat(a, fs_root(dir), S("/commit")).p));
	return fs_read(dir, a, S("commit.sig"), SIGNATURE_MAX, out);
}

/* ---- commits ----------------------------------------------------------- */

err *repo_commit(struct repo *r, const struct gitwrite_file *files, size_t n, const char *message,
		 bool *changed)
{
	struct gitwrite_about about = {
		.name = r->author.name,
		.email = r->author.email,
		.when = clock_wall() / CLOCK_SECOND,
		.message = str_c(message),
	};
	struct gitid before = r->head;

	if (r->author.appendix.n)
		about.message = arena_cat(r->arena, about.message, S("\n\n"), r->author.appendix);
	if (r->author.signing_key.n) {
		about.sign = sign;
		about.ctx = r;
	}
	TRY(gitwrite_commit(r->write, &before, files, n, &about, &r->head));
	*changed = !gitid_eq(&before, &r->head);
	return NULL;
}

err *repo_push(struct repo *r)
{
	CLEANUP(gitremote_drop) struct gitremote *remote = NULL;
	CLEANUP(buf_release) struct buf pack = BUF_INIT;
	const struct gitremote_spec spec = spec_of(r, true);
	str name = arena_cat(r->arena, S("refs/heads/"), r->branch);

	TRY(gitwrite_pack(r->write, &pack));
	TRY(gitremote_open(&remote, &spec));
	TRY(gitremote_push(remote, name, &r->pushed, &r->head, buf_str(&pack)));
	r->pushed = r->head;
	return NULL;
}

str repo_head(const struct repo *r)
{
	char hex[GITID_HEX + 1];

	gitid_print(&r->head, hex);
	return arena_str(r->arena, str_c(hex));
}
