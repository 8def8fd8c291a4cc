/* OpenPGP: GnuPG in a home directory of its own, with no keys in it but those that
 * were imported. Its agent lives as long as the keys do. */
#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"
#include "sops/impl.h"

enum { RING_MAX = 4 << 20, PLAIN_MAX = 64 << 10 };
#define GPG_TIME (60 * CLOCK_SECOND)

struct sops_pgp {
	struct fs *home;
	size_t rings;
};

static const char *const bare[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C",
				    "HOME=/nonexistent", NULL };

static int64_t time_left(const struct sops_keys *k)
{
	int64_t left = k->o.deadline ? k->o.deadline - clock_mono() : GPG_TIME;

	return left < 1 ? 1 : left < GPG_TIME ? left : GPG_TIME;
}

/* In the own home, or as the user (`own` false). */
static err *run(const struct sops_keys *k, const char *program, bool own,
		const char *const *more, str input, struct proc_result *out)
{
	const char *argv[24] = { program }, *env[16];
	const char *const names[] = { "PATH", "HOME", "GNUPGHOME", "GPG_TTY", "XDG_RUNTIME_DIR" };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	size_t n = 1, e = 0;

	if (own) {
		argv[n++] = "--homedir";
		argv[n++] = fs_root(k->pgp->home).p;
	}
	while (*more)
		argv[n++] = *more++;
	argv[n] = NULL;
	for (size_t i = 0; !own && i < sizeof names / sizeof *names; i++)
		if (getenv(names[i]))
			env[e++] = arena_printf(&a, "%s=%s", names[i], getenv(names[i])).p;
	env[e++] = "LC_ALL=C";
	env[e] = NULL;
	return proc_run(&(struct proc_spec){ .argv = argv,
					     .env = own ? bare : env,
					     .input = input,
					     .timeout = time_left(k),
					     .cancel = k->o.cancel,
					     .max_out = PLAIN_MAX },
			out);
}

static err *open_home(struct sops_keys *k)
{
	if (k->pgp)
		return NULL;
	struct sops_pgp *p = mem_calloc(1, sizeof *p);
	err *e = fs_open_temp(&p->home, STR_NONE, S("sops-gnupghome-"));

	if (e) {
		free(p);
		return err_wrap(e, "failed to create new GnuPG home");
	}
	k->pgp = p;
	return NULL;
}

err *sops_pgp_import(struct sops_keys *k, str ring)
{
	static const char *const args[] = { "--batch", "--no-tty", "--no-options", "--disable-dirmngr",
					    "--no-auto-check-trustdb", "--quiet", "--import", NULL };
	static const char what[] = "failed to import armored key data into GnuPG keyring";
	struct proc_result r;

	TRY(open_home(k));
	if (ring.n > RING_MAX)
		return err_new(ERR_INVALID, "%s: larger than %d bytes", what, RING_MAX);
	if (k->pgp->rings++ == SOPS_RINGS_MAX)
		return err_new(ERR_INVALID, "%s: more than %d key files", what, SOPS_RINGS_MAX);
	err *e = run(k, "gpg", true, args, ring, &r);

	if (e)
		e = err_wrap(e, "%s", what);
	else if (r.exit)
		e = err_new(ERR_INVALID, "%s (exit status %d): %.*s", what, r.exit,
			    STR_ARG(str_trim(buf_str(&r.err))));
	proc_release(&r);
	return e;
}

err *sops_pgp_open(struct sops_keys *k, const struct sops_master *m, struct buf *out)
{
	static const char *const args[] = { "--batch", "--no-tty", "--no-options", "--disable-dirmngr",
					    "--no-auto-check-trustdb", "--quiet", "-d", NULL };
	static const char *const user[] = { "-d", NULL };
	static const char what[] = "could not decrypt data key with PGP key: GnuPG binary error: "
				   "failed to decrypt sops data key with pgp";
	struct proc_result r;
	bool own = k->pgp || !k->user_pgp;

	TRY(own ? open_home(k) : NULL);
	err *e = run(k, "gpg", own, own ? args : user, m->enc, &r);

	if (e)
		e = err_wrap(e, "%s", what);
	else if (r.exit)
		e = err_new(ERR_NOT_FOUND, "%s: %.*s", what, STR_ARG(str_trim(buf_str(&r.err))));
	else if (!r.out.n)
		e = err_new(ERR_INVALID, "%s: zero bytes returned", what);
	else
		buf_add(out, buf_str(&r.out));
	if (r.out.p)
		explicit_bzero(r.out.p, r.out.n);
	proc_release(&r);
	return e;
}

void sops_pgp_free(struct sops_pgp *p)
{
	if (!p)
		return;
	/* The agent watches its directory, but may take its time. */
	static const char *const args[] = { "--no-autostart", "KILLAGENT", "/bye", NULL };
	struct sops_keys k = { .pgp = p };
	struct proc_result r;

	if (fs_is_file(p->home, S("pubring.kbx")) || fs_is_dir(p->home, S("private-keys-v1.d"))) {
		err_free(run(&k, "gpg-connect-agent", true, args, STR_NONE, &r));
		proc_release(&r);
	}
	fs_close(p->home);
	free(p);
}
