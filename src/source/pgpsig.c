#include "source/pgpsig.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"

enum { RINGS_MAX = 100, RING_BYTES_MAX = 4 << 20, SIGNATURE_MAX = 1 << 20 };
#define GPG_TIME (30 * CLOCK_SECOND)

static const char begin[] = "-----BEGIN PGP SIGNATURE-----";

bool pgpsig_is(str signature)
{
	return str_starts(str_trim(signature), str_c(begin));
}

/* ---- GnuPG ----------------------------------------------------------------- */

struct home {
	struct fs *fs;
	struct arena *a;
	const struct pgpsig_options *o;
};

static err *run_gpg(const struct home *h, const char *const *args, struct proc_result *out)
{
	const char *argv[32] = {
		"gpg",
		"--homedir",
		fs_root(h->fs).p,
		"--batch",
		"--no-tty",
		"--quiet",
		"--no-options",
		"--no-autostart",
		"--no-auto-check-trustdb",
		"--no-auto-key-retrieve",
		"--disable-dirmngr",
		"--trust-model",
		"always",
		"--status-fd",
		"1",
	};
	static const char *const env[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C",
					   "HOME=/nonexistent", NULL };
	size_t n = 15;
	int64_t time = GPG_TIME;

	while (*args)
		argv[n++] = *args++;
	argv[n] = NULL;
	if (h->o && h->o->deadline) {
		int64_t left = h->o->deadline - clock_mono();

		time = left < 1 ? 1 : left < time ? left : time;
	}
	return proc_run(&(struct proc_spec){ .argv = argv,
					     .env = env,
					     .dir = fs_root(h->fs).p,
					     .timeout = time,
					     .cancel = h->o ? h->o->cancel : NULL,
					     .max_out = 1 << 20 },
			out);
}

/* The word behind "[GNUPG:] KEYWORD ". */
static bool find_status(str out, str keyword, str *rest)
{
	str line;

	while (str_line(&out, &line))
		if (str_take_str(&line, S("[GNUPG:] ")) && str_take_str(&line, keyword) &&
		    (!line.n || line.p[0] == ' ')) {
			*rest = str_trim(line);
			return true;
		}
	return false;
}

static err *import(const struct home *h, str ring, bool *any)
{
	struct proc_result r;
	str rest;

	TRY(fs_write(h->fs, S("ring"), ring, 0600));
	err *e = run_gpg(h, (const char *const[]){ "--import", "ring", NULL }, &r);

	*any = !e && find_status(buf_str(&r.out), S("IMPORT_OK"), &rest);
	proc_release(&r);
	return e;
}

/* For those who ask. */
static void read_signer(const struct home *h, str out)
{
	struct pgpsig_signer *s = h->o ? h->o->signer : NULL;
	str rest, word = STR_NONE, id;

	if (!s)
		return;
	*s = (struct pgpsig_signer){ .unknown = find_status(out, S("NO_PUBKEY"), &rest) };
	if (find_status(out, S("GOODSIG"), &rest) && str_cut(&rest, &id, ' '))
		s->user = arena_str(h->a, rest);
	if (!find_status(out, S("VALIDSIG"), &rest))
		return;
	for (int i = 0; i < 10; i++)
		if (!str_cut(&rest, &word, ' '))
			return;
	s->fingerprint = arena_str(h->a, word);
}

/* "VALIDSIG FINGERPRINT DATE TIME EXPIRES VERSION RESERVED ALGO HASH CLASS
 * PRIMARY": the id is the end of the primary key's fingerprint. */
static bool read_key(struct arena *a, str rest, str *key)
{
	str word = STR_NONE;

	for (int i = 0; i < 10; i++)
		if (!str_cut(&rest, &word, ' '))
			return false;
	if (word.n < 16)
		return false;
	*key = arena_str(a, str_from(word, word.n - 16));
	return true;
}

static err *verify(const struct home *h, str *key, bool *good)
{
	static const char *const bad[] = { "EXPKEYSIG", "REVKEYSIG", "EXPSIG", "BADSIG", "ERRSIG" };
	struct proc_result r;
	str rest;
	err *e = run_gpg(h, (const char *const[]){ "--verify", "signature", "payload", NULL }, &r);

	*good = !e && !r.exit && find_status(buf_str(&r.out), S("GOODSIG"), &rest) &&
		find_status(buf_str(&r.out), S("VALIDSIG"), &rest) && read_key(h->a, rest, key);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		*good = *good && !find_status(buf_str(&r.out), str_c(bad[i]), &rest);
	if (!e)
		read_signer(h, buf_str(&r.out));
	proc_release(&r);
	return e;
}

/* ---- all of it -------------------------------------------------------------- */

static err *check_input(str signature, str payload, const str *rings, size_t n)
{
	if (!signature.n)
		return err_new(ERR_INVALID, "unable to verify payload: signature is empty");
	if (!payload.n)
		return err_new(ERR_INVALID, "unable to verify payload: payload is empty");
	if (!pgpsig_is(signature))
		return err_new(ERR_INVALID,
			       "unable to verify openPGP signature, detected signature format: %s: "
			       "signature format mismatch",
			       str_starts(signature, S("-----BEGIN SSH SIGNATURE-----"))
				       ? "ssh"
				       : "unknown");
	if (signature.n > SIGNATURE_MAX || n > RINGS_MAX)
		return err_new(ERR_INVALID, "signature or key rings are too large");
	for (size_t i = 0; i < n; i++)
		if (rings[i].n > RING_BYTES_MAX)
			return err_new(ERR_INVALID, "key ring is larger than %d bytes",
				       RING_BYTES_MAX);
	return NULL;
}

err *pgpsig_verify(struct arena *a, str signature, str payload, const str *rings, size_t n,
		   const struct pgpsig_options *o, str *key)
{
	struct home h = { .a = a, .o = o };
	CLEANUP(fs_drop) struct fs *fs = NULL;
	bool any = false, good = false;

	signature = str_trim(signature);
	TRY(check_input(signature, payload, rings, n));
	TRY(fs_open_temp(&fs, STR_NONE, S("gpg-")));
	h.fs = fs;
	TRY(fs_create(fs, S("signature"), signature, 0600));
	TRY(fs_create(fs, S("payload"), payload, 0600));
	for (size_t i = 0; i < n; i++) {
		bool imported;

		TRY(import(&h, rings[i], &imported));
		any = any || imported;
	}
	if (!any && n)
		return err_new(ERR_INVALID,
			       "unable to read armored key ring: openpgp: invalid argument: no "
			       "armored data found");
	TRY(verify(&h, key, &good));
	return good ? NULL
		    : err_new(ERR_FORBIDDEN, "unable to verify payload with any of the given key "
					     "rings: no matching key");
}
