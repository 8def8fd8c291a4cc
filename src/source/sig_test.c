#include "source/git_test.h"

#include "source/gitobj.h"
#include "source/pgpsig.h"
#include "source/sshsig.h"

/* A commit signed with the key named `key` of the given type. */
static str signed_commit(struct git_test *g, const char *format)
{
	git(g, "repo", "-c", arena_printf(&g->a, "gpg.format=%s", format).p, "-c",
	    arena_printf(&g->a, "user.signingkey=%s", git_test_path(g, "key")).p, "commit", "-q",
	    "--allow-empty", "-S", "-m", "signed\n\nbody");
	return git(g, "repo", "cat-file", "commit", "HEAD");
}

static const struct {
	const char *type, *bits;
} ssh_keys[] = {
	{ "ed25519", "256" }, { "ecdsa", "256" }, { "ecdsa", "384" },
	{ "ecdsa", "521" },   { "rsa", "2048" },
};

static void make_key(struct git_test *g, const char *name, const char *type, const char *bits)
{
	const char *path = git_test_path(g, name);

	git_test_run(g, "", STR_NONE,
		     (const char *const[]){ "ssh-keygen", "-q", "-t", type, "-b", bits, "-N", "",
					    "-C", "a comment", "-f", path, NULL });
}

static str read_file(struct git_test *g, const char *name)
{
	str out;

	assert_ok(fs_read(g->fs, &g->a, str_c(name), 1 << 20, &out));
	return out;
}

static void test_commits_signed_with_ssh_keys(void **state)
{
	(void)state;
	if (access("/usr/bin/ssh-keygen", X_OK))
		skip();
	for (size_t i = 0; i < sizeof ssh_keys / sizeof *ssh_keys; i++) {
		struct git_test g;
		struct gitobj_commit c;
		str fingerprint, want, word;

		git_test_init(&g);
		assert_ok(fs_mkdir(g.fs, S("repo"), 0755));
		git(&g, "repo", "init", "-q", ".");
		make_key(&g, "key", ssh_keys[i].type, ssh_keys[i].bits);
		make_key(&g, "other", "ed25519", "256");
		str bytes = signed_commit(&g, "ssh"), pub = read_file(&g, "key.pub");
		str keys[] = { read_file(&g, "other.pub"),
			       arena_cat(&g.a, S("# keys\n\nno-pty,command=\"a \\\" b\" "), pub) };

		assert_ok(gitobj_commit(&g.a, bytes, GITID_SHA1, &c));
		assert_true(sshsig_is(c.signature));
		assert_ok(sshsig_verify(&g.a, c.signature, c.payload, keys, 2, &fingerprint));
		want = git_test_run(&g, "", STR_NONE,
				    (const char *const[]){ "ssh-keygen", "-l", "-f",
							   git_test_path(&g, "key.pub"), NULL });
		str_cut(&want, &word, ' ');
		str_cut(&want, &word, ' ');
		assert_true(str_eq(word, fingerprint));

		str changed = arena_cat(&g.a, c.payload, S("!"));

		assert_error(
			sshsig_verify(&g.a, c.signature, changed, keys, 2, &fingerprint),
			"unable to verify payload with any of the given authorized keys: no "
			"matching key\npublic key does not match\nssh: signature did not verify");
		assert_error(sshsig_verify(&g.a, c.signature, c.payload, keys, 1, &fingerprint),
			     "unable to verify payload with any of the given authorized keys: no "
			     "matching key\npublic key does not match");
		/* made for something else than git */
		git_test_file(&g, "text", "text");
		git_test_run(&g, "", STR_NONE,
			     (const char *const[]){ "ssh-keygen", "-q", "-Y", "sign", "-n", "file",
						    "-f", git_test_path(&g, "key"),
						    git_test_path(&g, "text"), NULL });
		assert_error(sshsig_verify(&g.a, read_file(&g, "text.sig"), S("text"), keys, 2,
					   &fingerprint),
			     "unable to verify payload with any of the given authorized keys: no "
			     "matching key\npublic key does not match\nnamespace does not match");
		git_test_release(&g);
	}
}

static void test_ssh_signatures_that_are_none(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str out, bad = S("ssh-ed25519 AAAA"), none = S("# nothing\n");

	(void)state;
	assert_error(sshsig_verify(&a, S(" \n"), S("x"), &none, 1, &out),
		     "unable to verify payload: signature is empty");
	assert_error(sshsig_verify(&a, S("-----BEGIN SSH SIGNATURE-----"), S(""), &none, 1, &out),
		     "unable to verify payload: payload is empty");
	assert_error(
		sshsig_verify(&a, S("-----BEGIN PGP SIGNATURE-----"), S("x"), &none, 1, &out),
		"unable to verify SSH signature, detected signature format: openpgp: signature "
		"format mismatch");
	assert_error(sshsig_verify(&a, S("-----BEGIN SSH SIGNATURE-----\nAAAA"), S("x"), &none, 1,
				   &out),
		     "unable to unarmor SSH signature: invalid PEM block");
	assert_error(
		sshsig_verify(&a,
			      S("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----"),
			      S("x"), &none, 1, &out),
		"unable to unarmor SSH signature: invalid magic preamble");
	assert_error(sshsig_authorized_key(&a, bad, &out), "ssh: no key found");
}

/* ---- OpenPGP ----------------------------------------------------------------- */

static const char *const gpg_home = "--homedir=home";

static void make_pgp_key(struct git_test *g, const char *name, const char *expire)
{
	git_test_run(g, "", STR_NONE,
		     (const char *const[]){ "gpg", gpg_home, "--batch", "--quiet", "--passphrase",
					    "", "--pinentry-mode", "loopback",
					    "--quick-generate-key", name, "ed25519", "sign", expire,
					    NULL });
}

static str export_pgp_key(struct git_test *g, const char *name)
{
	return git_test_run(g, "", STR_NONE,
			    (const char *const[]){ "gpg", gpg_home, "--batch", "--armor",
						   "--export", name, NULL });
}

static void stop_agent(struct git_test *g)
{
	git_test_run(g, "", STR_NONE,
		     (const char *const[]){ "gpgconf", gpg_home, "--kill", "gpg-agent", NULL });
}

static void test_pgp_signatures(void **state)
{
	struct git_test g;
	str payload = S("tree 1\n\nmessage\n"), key, fingerprint, line;

	(void)state;
	if (access("/usr/bin/gpg", X_OK))
		skip();
	git_test_init(&g);
	assert_ok(fs_mkdir(g.fs, S("home"), 0700));
	make_pgp_key(&g, "one@example.com", "never");
	make_pgp_key(&g, "two@example.com", "never");
	str signature = git_test_run(&g, "", payload,
				     (const char *const[]){ "gpg", gpg_home, "--batch", "--armor",
							    "--local-user", "one@example.com",
							    "--detach-sign", NULL });
	str rings[] = { export_pgp_key(&g, "two@example.com"), S("no key ring"),
			export_pgp_key(&g, "one@example.com") };

	assert_true(pgpsig_is(signature));
	assert_ok(pgpsig_verify(&g.a, signature, payload, rings, 3, NULL, &key));
	fingerprint = git_test_run(&g, "", STR_NONE,
				   (const char *const[]){ "gpg", gpg_home, "--with-colons",
							  "--list-keys", "one@example.com", NULL });
	while (str_line(&fingerprint, &line) && !str_starts(line, S("fpr:")))
		;
	assert_true(str_has(line, key));
	assert_int_equal(key.n, 16);
	assert_error(pgpsig_verify(&g.a, signature, S("another payload"), rings, 3, NULL, &key),
		     "unable to verify payload with any of the given key rings: no matching key");
	assert_error(pgpsig_verify(&g.a, signature, payload, rings, 1, NULL, &key),
		     "unable to verify payload with any of the given key rings: no matching key");
	assert_error(pgpsig_verify(&g.a, signature, payload, rings + 1, 1, NULL, &key),
		     "unable to read armored key ring: openpgp: invalid argument: no armored data "
		     "found");
	assert_error(
		pgpsig_verify(&g.a, S("-----BEGIN SSH SIGNATURE-----"), payload, rings, 1, NULL,
			      &key),
		"unable to verify openPGP signature, detected signature format: ssh: signature "
		"format mismatch");
	stop_agent(&g);
	git_test_release(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commits_signed_with_ssh_keys),
		cmocka_unit_test(test_ssh_signatures_that_are_none),
		cmocka_unit_test(test_pgp_signatures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
