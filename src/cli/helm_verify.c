#include "cli/helm_verify.h"

#include <sys/stat.h>

#include "cli/commands.h"
#include "helm/prov.h"
#include "source/pgpsig.h"
#include "text/path.h"

struct verify_options {
	str keyring;
};

static const struct flag flags[] = {
	{ "keyring", 0, FLAG_STRING, offsetof(struct verify_options, keyring),
	  "file of the keys that signatures are checked by" },
	{ 0 },
};

enum { KEYRING_MAX = 4 << 20 };

str helm_keyring(struct cli *c, str flag)
{
	const char *home = cli_env(c, "GNUPGHOME");

	if (flag.n)
		return flag;
	if (home && *home)
		return path_join(c->arena, str_c(home), S("pubring.gpg"));
	return path_join(c->arena, str_c(cli_env(c, "HOME")), S(".gnupg/pubring.gpg"));
}

static err *check_signature(struct cli *c, str text, str signature, str ring,
			    struct pgpsig_signer *who)
{
	const struct pgpsig_options o = { .signer = who };
	str key;
	err *e = pgpsig_verify(c->arena, signature, text, &ring, 1, &o, &key);

	if (!e || err_kind(e) != ERR_FORBIDDEN)
		return e;
	err_free(e);
	return err_new(ERR_FORBIDDEN, who->unknown ? "openpgp: signature made by unknown entity"
						   : "openpgp: invalid signature");
}

err *helm_verify(struct cli *c, str archive, str prov, str name, str keyring, str *report)
{
	struct pgpsig_signer who = { 0 };
	str ring, text, signature, sum;
	err *e = fs_read_any(c->arena, keyring, KEYRING_MAX, &ring);

	if (e)
		return err_wrap(e, "failed to load keyring");
	TRY(prov_split(c->arena, prov, &text, &signature));
	TRY(check_signature(c, text, signature, ring, &who));
	TRY(prov_check(c->arena, text, archive, name, &sum));
	*report = arena_cat(c->arena, S("Signed by: "), who.user,
			    S("\nUsing Key With Fingerprint: "), who.fingerprint,
			    S("\nChart Hash Verified: "), sum, S("\n"));
	return NULL;
}

err *helm_verify_path(struct cli *c, str path, str keyring, str *report)
{
	str prov_path = arena_cat(c->arena, path, S(".prov")), archive, prov;
	struct stat st;

	path = arena_str(c->arena, path);
	if (stat(path.p, &st))
		return err_new(ERR_NOT_FOUND, "stat %.*s: no such file or directory", STR_ARG(path));
	if (S_ISDIR(st.st_mode))
		return err_new(ERR_INVALID, "unpacked charts cannot be verified");
	if (!str_eq_nocase(path_ext(path), S(".tgz")))
		return err_new(ERR_INVALID, "chart must be a tgz file");
	if (stat(prov_path.p, &st))
		return err_new(ERR_NOT_FOUND, "could not load provenance file %.*s: stat %.*s: no such "
					      "file or directory",
			       STR_ARG(prov_path), STR_ARG(prov_path));
	TRY(fs_read_any(c->arena, path, CHART_NESTED_MAX, &archive));
	TRY(fs_read_any(c->arena, prov_path, PROV_SIZE_MAX, &prov));
	return helm_verify(c, archive, prov, path_base(path), keyring, report);
}

static err *run(struct cli *c)
{
	const struct verify_options *o = c->options;
	str report;

	TRY(helm_verify_path(c, c->words.p[0], helm_keyring(c, o->keyring), &report));
	buf_add(&c->out.buf, report);
	return NULL;
}

const struct command helm_verify_command = {
	.use = "verify PATH",
	.brief = "Check the signature of a packed chart",
	.text = "Check that PATH.prov is signed by a key of the keyring, and that the chart is the\n"
		"one that it names.",
	.args = { ARGS_EXACT, 1 },
	.flags = flags,
	.options = sizeof(struct verify_options),
	.run = run,
};
