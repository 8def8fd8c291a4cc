#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/helm_fetch.h"
#include "text/quote.h"

struct login_options {
	str username, password, cert_file, key_file, ca_file;
	bool password_stdin, insecure, plain_http;
};

#define AT(field) offsetof(struct login_options, field)

static const struct flag login_flags[] = {
	{ "ca-file", 0, FLAG_STRING, AT(ca_file), "certificates that the registry's is checked by" },
	{ "cert-file", 0, FLAG_STRING, AT(cert_file), "certificate to show the registry" },
	{ "insecure", 0, FLAG_BOOL, AT(insecure), "do not check the registry's certificate" },
	{ "key-file", 0, FLAG_STRING, AT(key_file), "key of the certificate to show" },
	{ "password", 'p', FLAG_STRING, AT(password), "password or identity token" },
	{ "password-stdin", 0, FLAG_BOOL, AT(password_stdin),
	  "read the password or token from standard input" },
	{ "plain-http", 0, FLAG_BOOL, AT(plain_http), "speak to the registry without TLS" },
	{ "username", 'u', FLAG_STRING, AT(username), "user at the registry" },
	{ 0 },
};

#undef AT

/* As ORAS: a user of no name has a token. */
static err *ask_for_login(struct cli *c, str *user, str *password)
{
	if (!user->n) {
		TRY(ask_line(c, "Username: ", ASK_SHOWN, user));
		*user = str_trim(*user);
	}
	TRY(ask_line(c, user->n ? "Password: " : "Token: ", ASK_HIDDEN, password));
	return password->n ? NULL
			   : err_new(ERR_INVALID, "%s required", user->n ? "password" : "token");
}

static err *read_password(struct cli *c, const struct login_options *o, str *user, str *out)
{
	const struct notices to = helm_notices(c);
	str text;

	*out = o->password;
	if (o->password_stdin) {
		TRY(fs_read_any(c->arena, S("/dev/stdin"), 1 << 20, &text));
		if (str_ends(text, S("\n")))
			text = str_sub(text, 0, text.n - 1);
		if (str_ends(text, S("\r")))
			text = str_sub(text, 0, text.n - 1);
		*out = arena_str(c->arena, text);
		return NULL;
	}
	if (!o->password.n)
		return ask_for_login(c, user, out);
	notice(&to, NOTICE_WARN,
	       S("using --password via the CLI is insecure. Use --password-stdin"), { 0 });
	return NULL;
}

/* The logins with one of them changed; the file keeps what else it says. */
static err *write_login(struct cli *c, str host, const struct ociauth *auth)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str path = helm_registry_file(c), text;
	err *e = fs_read_any(c->arena, path, OCIAUTH_CONFIG_MAX, &text);

	if (e && err_kind(e) != ERR_NOT_FOUND)	/* never write over what was not read */
		return e;
	if (e)
		text = STR_NONE;
	err_free(e);
	e = ociauth_set(c->arena, text, host, auth, &b);
	if (e && !auth && err_kind(e) == ERR_NOT_FOUND) {	/* it is gone already */
		err_free(e);
		return NULL;
	}
	TRY(e);
	return helm_write_file(c, path, buf_str(&b), 0600);
}

/* A login is for all of a registry. */
static err *check_host(struct cli *c, str host)
{
	const struct notices to = helm_notices(c);
	str name, path;

	if (!str_split(host, '/', &name, &path))
		return NULL;
	notice(&to, NOTICE_WARN,
	       S("registry login currently only supports registry hostname, not a repository path"),
	       { "host", host }, { "suggested", name });
	return err_new(ERR_INVALID, "invalid reference: invalid registry %.*s",
		       STR_ARG(quote_str(c->arena, host)));
}

static err *run_login(struct cli *c)
{
	CLEANUP(net_client_drop) struct net_client *net = NULL;
	const struct login_options *o = c->options;
	struct helm_server_options s = { .username = o->username,
					 .cert_file = o->cert_file,
					 .key_file = o->key_file,
					 .ca_file = o->ca_file,
					 .insecure = o->insecure,
					 .plain_http = o->plain_http };
	struct helm_registry r = { 0 };
	str host = c->words.p[0];

	TRY(read_password(c, o, &s.username, &s.password));
	TRY(check_host(c, host));
	TRY(helm_net(&net));
	TRY(helm_registry_open(c, net, host, &s, false, &r));
	err *e = oci_ping(r.oci);

	oci_close(r.oci);
	if (e)
		return err_wrap(e, "authenticating to %.*s", STR_ARG(quote_str(c->arena, host)));
	const struct ociauth auth = { .user = s.username, .password = s.password };

	TRY(write_login(c, host, &auth));
	buf_add(&c->out.buf, S("Login Succeeded\n"));
	return NULL;
}

static err *run_logout(struct cli *c)
{
	str host = c->words.p[0];

	TRY(write_login(c, host, NULL));
	buf_addf(&c->out.buf, "Removing login credentials for %.*s\n", STR_ARG(host));
	return NULL;
}

const struct command helm_registry_command = {
	.use = "registry",
	.brief = "Log in to registries and out of them",
	.args = { ARGS_NONE },
	.commands = (const struct command *const[]){
		&(const struct command){
			.use = "login [host]",
			.brief = "Log in to a registry",
			.args = { ARGS_MIN, 1 },
			.flags = login_flags,
			.options = sizeof(struct login_options),
			.run = run_login,
		},
		&(const struct command){
			.use = "logout [host]",
			.brief = "Log out of a registry",
			.args = { ARGS_MIN, 1 },
			.run = run_logout,
		},
		NULL,
	},
};
