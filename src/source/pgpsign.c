#include "source/pgpsign.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"
#include "text/quote.h"

enum { SIGNED_MAX = 16 << 20 };

/* A program in the home, with its own words when it fails. */
static err *run(struct pgpsign *p, const char *const *argv, struct proc_result *done)
{
	const char *const env[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C",
				    arena_cat(p->a, S("GNUPGHOME="), fs_root(p->home)).p, NULL };
	const struct proc_spec spec = { .argv = argv, .env = env, .timeout = CLOCK_MINUTE };
	err *e = proc_run(&spec, done);

	if (!e)
		e = proc_check(done);
	return e ? err_wrap(e, "%.*s", STR_ARG(str_trim(buf_str(&done->err)))) : NULL;
}

static str below(struct pgpsign *p, const char *name)
{
	return arena_cat(p->a, fs_root(p->home), S("/"), str_c(name));
}

err *pgpsign_open(struct pgpsign *p, struct arena *a, str ring, str passphrase)
{
	CLEANUP(proc_release) struct proc_result done = { 0 };

	p->a = a;
	TRY(fs_open_temp(&p->home, STR_NONE, S("sign-")));
	TRY(fs_create(p->home, S("passphrase"), passphrase, 0600));
	TRY(fs_create(p->home, S("ring"), ring, 0600));
	const char *const argv[] = { "gpg", "--batch", "--quiet", "--pinentry-mode", "loopback",
				     "--passphrase-file", below(p, "passphrase").p, "--import",
				     below(p, "ring").p, NULL };

	return run(p, argv, &done);
}

void pgpsign_close(struct pgpsign *p)
{
	static const char *const argv[] = { "gpgconf", "--kill", "all", NULL };
	CLEANUP(proc_release) struct proc_result done = { 0 };

	if (!p->home)
		return;
	err_free(run(p, argv, &done));
	fs_close(p->home);
	p->home = NULL;
}

/* ---- keys ------------------------------------------------------------------------ */

struct search {
	str id, found, exact;
	size_t matches;		/* keys that contain the id */
};

/* "sec:...", "fpr:...:FINGERPRINT:", "uid:...:NAME:": field 10 is what matters. */
static void search_line(struct search *s, str line, str *fingerprint, bool *counted)
{
	str field = STR_NONE, rest = line, kind = STR_NONE;

	for (int i = 0; i < 10; i++) {
		if (!str_cut(&rest, &field, ':'))
			return;
		if (!i)
			kind = field;
	}
	if (str_eq(kind, S("fpr")) && !fingerprint->n)
		*fingerprint = field;
	if (!str_eq(kind, S("uid")) || !str_has(field, s->id))
		return;
	if (str_eq(field, s->id))
		s->exact = *fingerprint;
	s->matches += !*counted;
	*counted = true;
	s->found = *fingerprint;
}

static err *search(struct pgpsign *p, const char *list, struct search *s)
{
	const char *const argv[] = { "gpg", "--batch", "--quiet", "--with-colons", list, NULL };
	CLEANUP(proc_release) struct proc_result done = { 0 };
	str text, line, fingerprint = STR_NONE;
	bool counted = false;

	TRY(run(p, argv, &done));
	text = arena_str(p->a, buf_str(&done.out));
	while (str_line(&text, &line)) {
		if (str_starts(line, S("sec:")) || str_starts(line, S("pub:"))) {
			fingerprint = STR_NONE;
			counted = false;
		}
		search_line(s, line, &fingerprint, &counted);
	}
	return NULL;
}

err *pgpsign_find(struct pgpsign *p, str id, str *out)
{
	struct search private = { .id = id }, public = { .id = id };

	TRY(search(p, "--list-secret-keys", &private));
	TRY(search(p, "--list-keys", &public));
	if (public.exact.n)
		public = (struct search){ .found = public.exact, .matches = 1 };
	if (public.matches > 1)
		return err_new(ERR_INVALID, "more than one key contain the id %.*s",
			       STR_ARG(quote_str(p->a, id)));
	if (!public.matches)
		return err_new(ERR_NOT_FOUND, "private key not found");
	if (!private.matches)
		return err_new(ERR_INVALID, "provided key is not a private key. Try providing a "
					    "keyring with secret keys");
	*out = public.found;
	return NULL;
}

/* ---- signing --------------------------------------------------------------------- */

err *pgpsign_make(struct pgpsign *p, str key, str text, enum pgpsign_form form, str *out)
{
	CLEANUP(proc_release) struct proc_result done = { 0 };
	const char *argv[24] = { "gpg", "--batch", "--quiet", "--trust-model", "always",
				 "--digest-algo", "SHA512", "--pinentry-mode", "loopback",
				 "--passphrase-file", below(p, "passphrase").p, "--armor", "--yes",
				 "--output", below(p, "signed").p };
	size_t n = 15;

	if (key.n) {
		argv[n++] = "--local-user";
		argv[n++] = arena_str(p->a, key).p;
	}
	argv[n++] = form == PGPSIGN_CLEAR ? "--clear-sign" : "--detach-sign";
	argv[n++] = below(p, "text").p;
	TRY(fs_write(p->home, S("text"), text, 0600));
	TRY(run(p, argv, &done));
	return fs_read(p->home, p->a, S("signed"), SIGNED_MAX, out);
}
