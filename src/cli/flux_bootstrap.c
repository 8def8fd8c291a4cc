/* flux_bootstrap - the group "flux bootstrap", and "flux bootstrap git". */
#include "cli/flux_bootstrap.h"

#include "base/clock.h"
#include "base/fs.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/flux_choice.h"
#include "cli/flux_components.h"
#include "text/gourl.h"

struct bootstrap_options *bootstrap_options(struct cli *c)
{
	return cli_options(c, &flux_bootstrap_command);
}

/* ---- asking ------------------------------------------------------------ */

err *bootstrap_ask(struct cli *c, const char *what, str *out)
{
	const char *question = arena_printf(c->arena, "Please enter your %s: ", what).p;
	err *e = ask_line(c, question, ASK_SECRET, out);

	return e ? err_wrap(e, "could not read token: could not read from stdin") : NULL;
}

/* ---- validation -------------------------------------------------------- */

static bool has(const struct flag_list *list, str name)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->p[i], name))
			return true;
	return false;
}

static err *check_signing(const struct bootstrap_options *o)
{
	bool ssh = o->signing_key.n || o->signing_reuse;
	str password = o->signing_password.n ? o->signing_password : o->signing_passphrase;

	if (ssh && (o->gpg_key_ring.n || o->gpg_key_id.n || o->gpg_passphrase.n))
		return err_new(ERR_INVALID, "--gpg-* and --ssh-signing-* are mutually exclusive; pick "
					    "one signing format");
	if (o->signing_key.n && o->signing_reuse)
		return err_new(ERR_INVALID, "--ssh-signing-key-file and --ssh-signing-reuse-private-key "
					    "are mutually exclusive");
	if (o->signing_reuse && !o->private_key.n)
		return err_new(ERR_INVALID,
			       "--ssh-signing-reuse-private-key requires --private-key-file");
	if (o->signing_password.n && o->signing_passphrase.n)
		return err_new(ERR_INVALID, "--ssh-signing-password and --ssh-signing-passphrase are "
					    "aliases; do not pass both");
	if (password.n && !o->signing_key.n)
		return err_new(ERR_INVALID, "--ssh-signing-password requires --ssh-signing-key-file");
	if (password.n)
		return err_new(ERR_INVALID, "rill signs with keys that have no passphrase: load the key "
					    "without one, or leave --ssh-signing-key-file away");
	return NULL;
}

err *bootstrap_validate(struct cli *c)
{
	static const char *const required[] = { "source-controller", "kustomize-controller" };
	const struct bootstrap_options *o = bootstrap_options(c);
	str key = o->signing_reuse ? o->private_key : o->signing_key, ring = o->gpg_key_ring, text;

	for (size_t i = 0; i < sizeof required / sizeof *required; i++)
		if (!has(&o->manifests.components, str_c(required[i])))
			return err_new(ERR_INVALID, "component %s is required", required[i]);
	TRY(manifests_check(c->arena, &o->manifests));
	TRY(check_signing(o));
	if (ring.n)
		TRY(secret_read(c, "invalid GPG signing key: unable to open GPG key ring", ring,
				&text));
	return key.n ? secret_read(c, "failed to read SSH signing key file", key, &text) : NULL;
}

enum { KNOWN_HOSTS_MAX = 4 << 20 };

/* ---- git --------------------------------------------------------------- */

struct git_options {
	str url, path, username, password;
	int64_t interval;
	bool insecure, silent, bearer;
};

static err *show_key(struct bootstrap *b, str key)
{
	const struct git_options *o = b->c->options;

	flux_success(b->c, "public key: %.*s", STR_ARG(str_trim(key)));
	if (!o->silent && !flux_ask(b->c, "Please give the key access to your repository"))
		return err_new(ERR_CANCELED, "aborting");
	return NULL;
}

/* "./fleet" or "/srv/fleet.git" is a directory on this machine, as is a file URL. */
static err *read_url(struct bootstrap *b, struct gourl *u)
{
	const struct git_options *o = b->c->options;
	CLEANUP(fs_drop) struct fs *dir = NULL;
	str path = o->url;

	b->repo.url = o->url;
	if (!str_take_str(&path, S("file://")) && !str_starts(path, S("/")) &&
	    !str_starts(path, S("./")) && !str_starts(path, S("../")) && !str_eq(path, S(".")))
		return gourl_parse(b->c->arena, o->url, u);
	err *e = fs_open(&dir, path, NULL);

	if (e)
		return err_wrap(e, "failed to open repository \"%.*s\"", STR_ARG(o->url));
	b->repo.local = true;
	*u = (struct gourl){ .scheme = S("file"), .path = arena_str(b->c->arena, fs_root(dir)) };
	b->repo.url = arena_cat(b->c->arena, S("file://"), u->path);
	return NULL;
}

static err *check_url(const struct git_options *o, const struct gourl *u)
{
	if (str_eq(u->scheme, S("file")))
		return NULL;
	if (str_eq(u->scheme, S("http")) && !o->insecure)
		return err_new(ERR_INVALID,
			       "failed to create authentication options for %.*s: scheme http is "
			       "insecure, pass --allow-insecure-http=true to allow it",
			       STR_ARG(o->url));
	if (!str_eq(u->scheme, S("http")) && !str_eq(u->scheme, S("https")) &&
	    !str_eq(u->scheme, S("ssh"))) {
		CLEANUP(buf_release) struct buf url = BUF_INIT;

		gourl_add(&url, u);
		return err_new(ERR_INVALID,
			       "failed to create authentication options for %s: scheme \"%.*s\" is not "
			       "supported",
			       buf_c(&url), STR_ARG(u->scheme));
	}
	return gitremote_check_url(o->url);
}

/* Of the user's lists, of which any may be missing. */
static str read_known_hosts(struct cli *c)
{
	const char *own = cli_env(c, "SSH_KNOWN_HOSTS");
	str files = own && *own ? str_c(own)
				: arena_cat(c->arena, str_c(cli_env(c, "HOME")),
					    S("/.ssh/known_hosts:/etc/ssh/ssh_known_hosts"));
	str file, all = STR_NONE, text;

	while (str_cut(&files, &file, ':')) {
		err *e = fs_read_any(c->arena, arena_str(c->arena, file), KNOWN_HOSTS_MAX, &text);

		if (!e)
			all = arena_cat(c->arena, all, text, S("\n"));
		err_free(e);
	}
	return all;
}

/* With the keys behind $SSH_AUTH_SOCK, to hosts that the user knows. */
static err *log_in_by_agent(struct bootstrap *b)
{
	const struct git_options *o = b->c->options;
	struct gitremote_auth *auth = &b->repo.auth;

	auth->agent = str_c(cli_env(b->c, "SSH_AUTH_SOCK"));
	if (!auth->agent.n)
		return err_new(ERR_INVALID,
			       "failed to create authentication options for %.*s: no SSH agent "
			       "(SSH_AUTH_SOCK is not set) and no --private-key-file",
			       STR_ARG(o->url));
	auth->known_hosts = read_known_hosts(b->c);
	return NULL;
}

static err *log_in_by_ssh(struct bootstrap *b, const struct gourl *u)
{
	const struct git_options *o = b->c->options;
	struct gitremote_auth *auth = &b->repo.auth;
	struct secret_git wish = b->secret;
	struct secret_note note;
	node secret;

	auth->user = u->user.n ? u->user : o->username;
	if (!b->options->private_key.n)
		return log_in_by_agent(b);
	wish.url = o->url;
	wish.private_key = b->options->private_key;
	wish.password = o->password;
	TRY(secret_make_git(b->c, &wish, S("login"), &secret, &note));
	auth->identity = node_str(node_dig(secret, "stringData", "identity"));
	auth->known_hosts = node_str(node_dig(secret, "stringData", "known_hosts"));
	auth->password = o->password;
	return NULL;
}

/* What the branch is fetched and pushed with. */
static err *log_in(struct bootstrap *b, const struct gourl *u)
{
	const struct git_options *o = b->c->options;
	struct gitremote_auth *auth = &b->repo.auth;

	if (b->repo.local)
		return NULL;
	if (str_eq(u->scheme, S("ssh")))
		return log_in_by_ssh(b, u);
	if (o->bearer) {
		auth->token = o->password;
	} else if (o->password.n) {
		auth->user = o->username;
		auth->password = o->password;
	}
	if (b->options->ca_file.n)
		TRY(secret_read(b->c, "unable to read TLS CA file", b->options->ca_file,
				&auth->tls.ca));
	return NULL;
}

/* How the cluster will fetch: with the token, or with a key over SSH. */
static void plan_sync(struct bootstrap *b, struct gourl u)
{
	const struct git_options *o = b->c->options;
	const struct bootstrap_options *g = b->options;
	CLEANUP(buf_release) struct buf url = BUF_INIT;

	/* the address that `rill up` gives a directory */
	if (b->repo.local) {
		b->sync_url = arena_cat(b->c->arena, S("ssh://localhost"), u.path);
		return;
	}
	if (g->token_auth) {
		u.has_user = u.has_password = false;
		if (!o->insecure)
			u.scheme = S("https");
		if (o->bearer) {
			b->secret.bearer_token = o->password;
		} else {
			b->secret.username = o->username;
			b->secret.password = o->password;
		}
		b->secret.ca_file = g->ca_file;
	} else {
		if (!u.has_user || cli_given(b->c, "username")) {
			u.has_user = true;
			u.user = o->username;
		}
		u.has_password = false;
		u.scheme = S("ssh");
		u.host = g->ssh_hostname.n ? g->ssh_hostname : u.host;
		b->secret.private_key = g->private_key;
		b->secret.password = g->private_key.n ? o->password : STR_NONE;
	}
	gourl_add(&url, &u);
	b->sync_url = b->secret.url = arena_str(b->c->arena, buf_str(&url));
	b->key_given = g->private_key.n || g->ca_file.n || o->password.n;
}

static err *run_git(struct cli *c)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	struct git_options *o = c->options;
	struct bootstrap b = { .c = c, .s = &s, .options = bootstrap_options(c) };
	struct gourl u;
	bool go_on;

	if (!o->password.n)
		o->password = str_c(cli_env(c, "GIT_PASSWORD"));
	if (b.options->token_auth && !o->password.n)
		TRY(bootstrap_ask(c, "Git repository password", &o->password));
	TRY(bootstrap_validate(c));
	TRY(read_url(&b, &u));
	TRY(check_url(o, &u));
	TRY(flux_open(c, &s));
	TRY(install_check_cluster(c, &s, b.options->force, false, &go_on));
	if (!go_on)
		return err_new(ERR_CANCELED, "bootstrap cancelled");
	b.secret.key_algorithm = b.options->key_algorithm;
	b.secret.curve = b.options->curve;
	b.secret.rsa_bits = b.options->rsa_bits;
	TRY(log_in(&b, &u));
	plan_sync(&b, u);
	b.path = o->path;
	b.interval = o->interval;
	b.deploy_key = b.options->token_auth ? NULL : show_key;
	return bootstrap_run(&b);
}

#define AT(field) offsetof(struct git_options, field)

static const struct flag git_flags[] = {
	{ "allow-insecure-http", 0, FLAG_BOOL, AT(insecure), "let the URL be one of plain HTTP" },
	{ "interval", 0, FLAG_DURATION, AT(interval), "how often the repository is looked at",
	  .fallback = "1m0s" },
	{ "password", 'p', FLAG_STRING, AT(password),
	  "password of the user or of the private key; else $GIT_PASSWORD" },
	{ "path", 0, FLAG_CUSTOM, AT(path), "folder of the cluster in the repository",
	  .type = &choice_path },
	{ "silent", 's', FLAG_BOOL, AT(silent), "do not ask about the deploy key" },
	{ "url", 0, FLAG_STRING, AT(url),
	  "address of the repository; a directory where rill up follows it" },
	{ "username", 'u', FLAG_STRING, AT(username), "user of the repository",
	  .fallback = "git" },
	{ "with-bearer-token", 0, FLAG_BOOL, AT(bearer), "the password is a bearer token" },
	{ 0 },
};

#undef AT

const struct command bootstrap_git_command = {
	.use = "git",
	.brief = "Let the cluster follow a Git repository",
	.text = "Commit rill's manifests to a Git repository of any kind, install them, and let the\n"
		"cluster follow the repository from then on. Run it again to upgrade.",
	.example = "  # Over SSH, with a key that the repository knows\n"
		   "  flux bootstrap git --url=ssh://git@example.com/org/fleet \\\n"
		   "    --private-key-file=key --path=clusters/production\n\n"
		   "  # Over HTTPS, with a token\n"
		   "  flux bootstrap git --url=https://example.com/org/fleet --token-auth \\\n"
		   "    --password=TOKEN --path=clusters/production\n\n"
		   "  # A directory that `rill up ./fleet` follows\n"
		   "  flux bootstrap git --url=./fleet --path=clusters/production",
	.flags = git_flags,
	.options = sizeof(struct git_options),
	.run = run_git,
};

/* ---- the group --------------------------------------------------------- */

#define AT(field) offsetof(struct bootstrap_options, field)
#define MANIFESTS_AT(field) offsetof(struct bootstrap_options, manifests.field)

static const struct flag bootstrap_flags[] = {
	{ "author-email", 0, FLAG_STRING, AT(author_email), "address of the commits' author" },
	{ "author-name", 0, FLAG_STRING, AT(author_name), "name of the commits' author",
	  .fallback = "Flux" },
	{ "branch", 0, FLAG_STRING, AT(branch), "branch to commit to", .fallback = "main" },
	{ "ca-file", 0, FLAG_STRING, AT(ca_file), "file of the certificates to trust" },
	{ "commit-message-appendix", 0, FLAG_STRING, AT(appendix),
	  "what to add to the messages of commits" },
	{ "force", 0, FLAG_BOOL, AT(force),
	  "override an installation that another tool, such as Helm, has made" },
	{ "gpg-key-id", 0, FLAG_STRING, AT(gpg_key_id), "key of the ring to sign with" },
	{ "gpg-key-ring", 0, FLAG_STRING, AT(gpg_key_ring),
	  "file of the OpenPGP keys that sign commits, with gpg" },
	{ "gpg-passphrase", 0, FLAG_STRING, AT(gpg_passphrase), "passphrase of that key" },
	MANIFESTS_FLAGS(MANIFESTS_AT),
	{ "private-key-file", 0, FLAG_STRING, AT(private_key), "file of the private SSH key" },
	{ "recurse-submodules", 0, FLAG_BOOL, AT(submodules), "fetch submodules, too" },
	{ "secret-name", 0, FLAG_STRING, AT(secret_name), "Secret with the login of the repository",
	  .fallback = "flux-system" },
	{ "sparse-checkout", 0, FLAG_LIST, AT(sparse), "directories to check out" },
	SECRET_KEY_FLAGS(AT),
	{ "ssh-hostkey-algos", 0, FLAG_LIST, AT(hostkey_algos), "kinds of host keys to take" },
	{ "ssh-hostname", 0, FLAG_STRING, AT(ssh_hostname), "host of the SSH URL, where it is another" },
	{ "ssh-signing-key-file", 0, FLAG_STRING, AT(signing_key),
	  "file of the private SSH key that signs commits" },
	{ "ssh-signing-passphrase", 0, FLAG_STRING, AT(signing_passphrase),
	  "passphrase of that key", .hidden = true },
	{ "ssh-signing-password", 0, FLAG_STRING, AT(signing_password), "passphrase of that key" },
	{ "ssh-signing-reuse-private-key", 0, FLAG_BOOL, AT(signing_reuse),
	  "sign with the key of --private-key-file" },
	{ "token-auth", 0, FLAG_BOOL, AT(token_auth),
	  "let the cluster use the token, not an SSH key" },
	{ 0 },
};

#undef AT
#undef MANIFESTS_AT

const struct command flux_bootstrap_command = {
	.use = "bootstrap",
	.brief = "Put the controllers into a cluster by way of Git",
	.text = "Commit the manifests of the controllers to a Git repository, put them into the\n"
		"cluster, and let it follow the repository from then on.",
	.shared = bootstrap_flags,
	.options = sizeof(struct bootstrap_options),
	.before = flux_before,
	.commands = (const struct command *const[]){
		&bootstrap_bitbucket_command,
		&bootstrap_git_command,
		&bootstrap_gitea_command,
		&bootstrap_github_command,
		&bootstrap_gitlab_command,
		NULL,
	},
};
