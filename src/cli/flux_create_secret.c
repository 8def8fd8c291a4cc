/* flux_create_secret - "flux create secret ...": credentials for sources and receivers. */
#include "base/rand.h"
#include "cli/flux_choice.h"
#include "cli/flux_create.h"
#include "cli/flux_secret.h"
#include "crypto/sha256.h"
#include "source/ociref.h"
#include "text/base64.h"
#include "text/gourl.h"
#include "value/json.h"

enum { TOKEN_BYTES = 32 };

/* Print it (a newline more than other exports have, as flux does), or store
 * it, with a line that says "created" also where it was updated. */
static err *finish(struct cli *c, node secret, const char *what)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;

	if (create_options(c)->export) {
		TRY(flux_print_export(&c->out.buf, secret));
		buf_addc(&c->out.buf, '\n');
		return NULL;
	}
	TRY(flux_open(c, &s));
	TRY(secret_store(c, &s, secret));
	flux_action(c, "%s secret '%.*s' created in '%.*s' namespace", what,
		    STR_ARG(flux_name(secret)), STR_ARG(flux_namespace(secret)));
	return NULL;
}

/* ---- git --------------------------------------------------------------- */

static err *run_git(struct cli *c)
{
	const struct secret_git *o = c->options;
	struct secret_git wish = *o;
	struct secret_note note;
	node secret;

	if (!o->url.n)
		return err_new(ERR_INVALID, "url is required");
	TRY(create_check_labels(c));
	wish.needed = true;
	TRY(secret_make_git(c, &wish, c->words.p[0], &secret, &note));
	if (note.public_key.n && !create_options(c)->export)
		flux_generating(c, "deploy key: %.*s", STR_ARG(note.public_key));
	return finish(c, secret, "git");
}

#define AT(field) offsetof(struct secret_git, field)

static const struct flag git_flags[] = {
	{ "bearer-token", 0, FLAG_STRING, AT(bearer_token), "token to send" },
	{ "ca-crt-file", 0, FLAG_STRING, AT(ca_file), "file of the certificates to trust" },
	{ "password", 'p', FLAG_STRING, AT(password), "password, of basic auth or of the key" },
	{ "private-key-file", 0, FLAG_STRING, AT(private_key), "file of the private SSH key" },
	SECRET_KEY_FLAGS(AT),
	{ "url", 0, FLAG_STRING, AT(url), "address, as ssh://git@host/org/repository" },
	{ "username", 'u', FLAG_STRING, AT(username), "user of basic auth" },
	{ 0 },
};

#undef AT

static const struct command secret_git_command = {
	.use = "git [name]",
	.brief = "Create or update a Secret for a Git repository",
	.text = "Make a Secret with what a GitRepository logs in with. For ssh a key pair is made\n"
		"where none is named, and the server is asked for its host key.",
	.example = "  flux create secret git podinfo-auth \\\n"
		   "    --url=ssh://git@github.com/stefanprodan/podinfo --export",
	.flags = git_flags,
	.options = sizeof(struct secret_git),
	.run = run_git,
};

/* ---- githubapp --------------------------------------------------------- */

struct app_options {
	str id, owner, installation, key_file, base_url;
};

static err *run_app(struct cli *c)
{
	const struct app_options *o = c->options;
	node secret = secret_new(c, c->words.p[0], "Opaque");
	str key;

	/* flux does not give these labels. */
	node_remove(node_get(secret, S("metadata")), S("labels"));
	TRY(secret_read(c, "unable to read private key file", o->key_file, &key));
	if (!o->id.n)
		return err_new(ERR_INVALID, "githubAppID is required");
	if (!o->owner.n == !o->installation.n)
		return err_new(ERR_INVALID, "exactly one of githubAppInstallationOwner or "
					    "githubAppInstallationID must be provided");
	if (!key.n)
		return err_new(ERR_INVALID, "githubAppPrivateKey is required");
	secret_put(c, secret, "githubAppID", o->id);
	secret_put(c, secret, "githubAppInstallationOwner", o->owner);
	secret_put(c, secret, "githubAppInstallationID", o->installation);
	secret_put(c, secret, "githubAppPrivateKey", key);
	secret_put(c, secret, "githubAppBaseURL", o->base_url);
	return finish(c, secret, "githubapp");
}

#define AT(field) offsetof(struct app_options, field)

static const struct flag app_flags[] = {
	{ "app-base-url", 0, FLAG_STRING, AT(base_url), "address of the API of a GitHub of one's own" },
	{ "app-id", 0, FLAG_STRING, AT(id), "number of the app" },
	{ "app-installation-id", 0, FLAG_STRING, AT(installation), "number of its installation" },
	{ "app-installation-owner", 0, FLAG_STRING, AT(owner),
	  "user or organization that it is installed for" },
	{ "app-private-key", 0, FLAG_STRING, AT(key_file), "file of the app's private key" },
	{ 0 },
};

#undef AT

static const struct command secret_app_command = {
	.use = "githubapp [name]",
	.brief = "Create or update a Secret for a GitHub App",
	.text = "Make a Secret with what a GitRepository or an image automation logs in with as a\n"
		"GitHub App.",
	.example = "  flux create secret githubapp podinfo-auth --app-id=1 \\\n"
		   "    --app-installation-id=2 --app-private-key=./key.pem --export",
	.flags = app_flags,
	.options = sizeof(struct app_options),
	.run = run_app,
};

/* ---- helm and tls ------------------------------------------------------ */

static err *run_helm(struct cli *c)
{
	struct secret_parts parts;
	node secret;

	TRY(create_check_labels(c));
	TRY(secret_read_parts(c, c->options, &parts));
	TRY(secret_make_helm(c, &parts, c->words.p[0], &secret));
	return finish(c, secret, "helm");
}

#define AT(field) offsetof(struct secret_basic, field)

static const struct flag helm_flags[] = {
	{ "ca-crt-file", 0, FLAG_STRING, AT(ca_file), "file of the certificates to trust" },
	{ "password", 'p', FLAG_STRING, AT(password), "password of basic auth" },
	{ "tls-crt-file", 0, FLAG_STRING, AT(cert_file), "file of the client certificate" },
	{ "tls-key-file", 0, FLAG_STRING, AT(key_file), "file of the client certificate's key" },
	{ "username", 'u', FLAG_STRING, AT(username), "user of basic auth" },
	{ 0 },
};

static const struct flag tls_flags[] = {
	{ "ca-crt-file", 0, FLAG_STRING, AT(ca_file), "file of the certificates to trust" },
	{ "tls-crt-file", 0, FLAG_STRING, AT(cert_file), "file of the client certificate" },
	{ "tls-key-file", 0, FLAG_STRING, AT(key_file), "file of the client certificate's key" },
	{ 0 },
};

#undef AT

static const struct command secret_helm_command = {
	.use = "helm [name]",
	.brief = "Create or update a Secret for a Helm repository",
	.text = "Make a Secret with what a HelmRepository logs in with.",
	.example = "  flux create secret helm podinfo-auth --username=u --password=p --export",
	.flags = helm_flags,
	.options = sizeof(struct secret_basic),
	.run = run_helm,
};

static err *run_tls(struct cli *c)
{
	struct secret_parts p;

	TRY(create_check_labels(c));
	TRY(secret_read_parts(c, c->options, &p));
	if (!p.ca.n && !p.cert.n && !p.key.n)
		return err_new(ERR_INVALID, "no CA certificate or client certificate pair found");
	node secret = secret_new(c, c->words.p[0],
				 p.cert.n || p.key.n ? "kubernetes.io/tls" : "Opaque");

	TRY(secret_put_tls(c, secret, p.ca, p.cert, p.key));
	if (create_options(c)->export)
		return flux_print_export(&c->out.buf, secret);
	return finish(c, secret, "tls");
}

static const struct command secret_tls_command = {
	.use = "tls [name]",
	.brief = "Create or update a Secret with certificates",
	.text = "Make a Secret with certificates and keys for TLS.",
	.example = "  flux create secret tls certs --tls-crt-file=./client.crt \\\n"
		   "    --tls-key-file=./client.key --ca-crt-file=./ca.crt --export",
	.flags = tls_flags,
	.options = sizeof(struct secret_basic),
	.run = run_tls,
};

/* ---- oci --------------------------------------------------------------- */

struct oci_options {
	str url, username, password;
};

/* --label is nothing to it, as with flux. */
static err *run_oci(struct cli *c)
{
	const struct oci_options *o = c->options;
	struct ociref ref;
	str json;
	err *e;

	if (!o->url.n)
		return err_new(ERR_INVALID, "--url is required");
	if (!o->username.n)
		return err_new(ERR_INVALID, "--username is required");
	if (!o->password.n)
		return err_new(ERR_INVALID, "--password is required");
	/* To flux "https:" is a host without a port, and what follows a repository. */
	str address = o->url, scheme, rest;

	if (str_split(address, '/', &scheme, &rest) && str_ends(scheme, S(":")) &&
	    str_take(&rest, '/'))
		address = arena_cat(c->arena, S("host/x"), rest);
	e = ociref_parse(c->arena, address, &ref);
	if (e)
		return err_replace(e, "error parsing url: 'could not parse reference: %.*s'",
				   STR_ARG(o->url));
	TRY(secret_login(c->arena, o->url, o->username, o->password, &json));
	node secret = secret_new(c, c->words.p[0], "kubernetes.io/dockerconfigjson");

	node_remove(node_get(secret, S("metadata")), S("labels"));
	secret_put(c, secret, ".dockerconfigjson", json);
	return finish(c, secret, "oci");
}

#define AT(field) offsetof(struct oci_options, field)

static const struct flag oci_flags[] = {
	{ "password", 'p', FLAG_STRING, AT(password), "password of basic auth" },
	{ "url", 0, FLAG_STRING, AT(url), "address, as host/org/name" },
	{ "username", 'u', FLAG_STRING, AT(username), "user of basic auth" },
	{ 0 },
};

static const struct flag proxy_flags[] = {
	{ "address", 0, FLAG_STRING, AT(url), "address of the proxy" },
	{ "password", 'p', FLAG_STRING, AT(password), "password of basic auth" },
	{ "username", 'u', FLAG_STRING, AT(username), "user of basic auth" },
	{ 0 },
};

#undef AT

static const struct command secret_oci_command = {
	.use = "oci [name]",
	.brief = "Create or update a Secret for an OCI registry",
	.text = "Make a Secret with the login of a registry, as image pull secrets are.",
	.example = "  flux create secret oci podinfo-auth --url=ghcr.io \\\n"
		   "    --username=u --password=p --export",
	.flags = oci_flags,
	.options = sizeof(struct oci_options),
	.run = run_oci,
};

/* ---- proxy ------------------------------------------------------------- */

static err *run_proxy(struct cli *c)
{
	const struct oci_options *o = c->options;
	struct gourl url;

	if (!o->url.n)
		return err_new(ERR_INVALID, "address is required");
	TRY(create_check_labels(c));
	err *e = gourl_parse(c->arena, o->url, &url);

	if (e)
		return err_wrap(e, "invalid proxy address");
	node secret = secret_new(c, c->words.p[0], "Opaque");

	secret_put(c, secret, "address", o->url);
	secret_put(c, secret, "username", o->username);
	secret_put(c, secret, "password", o->password);
	return finish(c, secret, "proxy");
}

static const struct command secret_proxy_command = {
	.use = "proxy [name]",
	.brief = "Create or update a Secret for a proxy",
	.text = "Make a Secret with the address and the login of a proxy.",
	.example = "  flux create secret proxy my-proxy --address=https://proxy.example.com --export",
	.flags = proxy_flags,
	.options = sizeof(struct oci_options),
	.run = run_proxy,
};

/* ---- notation ---------------------------------------------------------- */

struct notation_options {
	str policy;
	struct flag_list certs;
};

static err *check_verification(str name, node statement)
{
	node rules = node_get(statement, S("signatureVerification"));
	str level = node_str(node_get(rules, S("level")));
	size_t stores = node_len(node_get(statement, S("trustStores")));
	size_t identities = node_len(node_get(statement, S("trustedIdentities")));

	if (!level.n)
		return err_new(ERR_INVALID,
			       "trust policy statement \"%.*s\" has invalid signatureVerification: "
			       "signature verification level is empty or missing in the trust policy "
			       "statement",
			       STR_ARG(name));
	if (!str_eq(level, S("strict")) && !str_eq(level, S("permissive")) &&
	    !str_eq(level, S("audit")) && !str_eq(level, S("skip")))
		return err_new(ERR_INVALID,
			       "trust policy statement \"%.*s\" has invalid signatureVerification: "
			       "invalid signature verification level \"%.*s\"",
			       STR_ARG(name), STR_ARG(level));
	if (str_eq(level, S("skip")) && (stores || identities))
		return err_new(ERR_INVALID,
			       "trust policy statement \"%.*s\" is set to skip signature verification but "
			       "configured with trust stores and/or trusted identities, remove them if "
			       "signature verification needs to be skipped",
			       STR_ARG(name));
	if (!str_eq(level, S("skip")) && (!stores || !identities))
		return err_new(ERR_INVALID,
			       "trust policy statement \"%.*s\" is either missing trust stores or trusted "
			       "identities, both must be specified",
			       STR_ARG(name));
	return NULL;
}

static err *check_statements(node policies)
{
	node_each_item(i, policies) {
		str name = node_str(node_get(*i, S("name")));

		node_each_item(before, policies)
			if (before < i && str_eq(node_str(node_get(*before, S("name"))), name))
				return err_new(ERR_INVALID,
					       "multiple trust policy statements use the same name "
					       "\"%.*s\", statement names must be unique",
					       STR_ARG(name));
		err *e = name.n ? check_verification(name, *i)
				: err_new(ERR_INVALID, "a trust policy statement is missing a name, "
						       "every statement requires a name");

		if (e)
			return err_wrap(e, "trust policy");
	}
	node_each_item(i, policies)
		if (!node_len(node_get(*i, S("registryScopes"))))
			return err_new(ERR_INVALID,
				       "trust policy statement \"%.*s\" has zero registry scopes, it must "
				       "specify registry scopes with at least one value",
				       STR_ARG(node_str(node_get(*i, S("name")))));
	return NULL;
}

/* A document must be an object with the lists that notation reads. */
static err *check_policy(struct cli *c, str file, str text)
{
	node doc, policies;
	err *e = json_read(c->arena, text, NULL, &doc);

	if (!e && !node_is(doc, NODE_MAP))
		e = err_new(ERR_INVALID,
			    "json: cannot unmarshal %s into Go value of type trustpolicy.Document",
			    node_kind_name(doc));
	if (e)
		return err_wrap(e, "failed to unmarshal trust policy %.*s", STR_ARG(file));
	policies = node_get(doc, S("trustPolicies"));
	if (!node_str(node_get(doc, S("version"))).n)
		return err_new(ERR_INVALID, "invalid trust policy: trust policy document has empty "
					    "version, version must be specified");
	if (!node_len(policies))
		return err_new(ERR_INVALID, "invalid trust policy: trust policy document can not have "
					    "zero trust policy statements");
	e = check_statements(policies);
	return e ? err_wrap(e, "invalid trust policy") : NULL;
}

static err *put_certs(struct cli *c, const struct flag_list *files, node secret)
{
	CLEANUP(buf_release) struct buf wrong = BUF_INIT;

	for (size_t i = 0; i < files->n; i++) {
		size_t slash = str_rfind_char(files->p[i], '/');
		str name = slash == STR_NPOS ? files->p[i] : str_from(files->p[i], slash + 1);
		str bytes;

		if (!str_ends(name, S(".crt")) && !str_ends(name, S(".pem"))) {
			buf_addf(&wrong, "%s%.*s must end with either .crt or .pem",
				 wrong.n ? "\n" : "", STR_ARG(name));
			continue;
		}
		err *e = secret_read(c, "unable to read TLS CA file", files->p[i], &bytes);

		if (e) {
			buf_addf(&wrong, "%s%s", wrong.n ? "\n" : "", err_msg(e));
			err_free(e);
			continue;
		}
		secret_put(c, secret, arena_str(c->arena, name).p, bytes);
	}
	return wrong.n ? err_new(ERR_INVALID, "%s", buf_c(&wrong)) : NULL;
}

static err *run_notation(struct cli *c)
{
	const struct notation_options *o = c->options;
	node secret = secret_new(c, c->words.p[0], NULL);
	str policy;

	if (!o->certs.n)
		return err_new(ERR_INVALID, "--ca-cert-file is required");
	if (!o->policy.n)
		return err_new(ERR_INVALID, "--trust-policy-file is required");
	TRY(create_check_labels(c));
	TRY(secret_read(c, "unable to read trust policy file", o->policy, &policy));
	TRY(check_policy(c, o->policy, policy));
	TRY(put_certs(c, &o->certs, secret));
	secret_put(c, secret, "trustpolicy.json", policy);
	return finish(c, secret, "notation");
}

static const struct flag notation_flags[] = {
	{ "ca-cert-file", 0, FLAG_LIST, offsetof(struct notation_options, certs),
	  "file of a root certificate, repeatable" },
	{ "trust-policy-file", 0, FLAG_STRING, offsetof(struct notation_options, policy),
	  "file of the trust policy" },
	{ 0 },
};

static const struct command secret_notation_command = {
	.use = "notation [name]",
	.brief = "Create or update a Secret for verification by notation",
	.text = "Make a Secret with root certificates and the policy of what they may sign.",
	.example = "  flux create secret notation my-config --ca-cert-file=./ca.crt \\\n"
		   "    --trust-policy-file=./trustpolicy.json --export",
	.flags = notation_flags,
	.options = sizeof(struct notation_options),
	.run = run_notation,
};

/* ---- receiver ---------------------------------------------------------- */

struct receiver_options {
	str type, token, hostname, email, audience;
};

static str new_token(struct arena *a)
{
	unsigned char bytes[TOKEN_BYTES];
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	rand_bytes(bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++)
		buf_addf(&b, "%02x", bytes[i]);
	return arena_str(a, buf_str(&b));
}

/* Where the notification controller will listen for this receiver. */
static str webhook_of(struct cli *c, str host, str token)
{
	char hex[SHA256_HEX + 1];

	sha256_hex(arena_cat(c->arena, token, c->words.p[0], flux_settings(c)->namespace), hex);
	return arena_printf(c->arena, "https://%.*s/hook/%s", STR_ARG(host), hex);
}

static err *run_receiver(struct cli *c)
{
	const struct receiver_options *o = c->options;
	bool gcr = str_eq(o->type, S("gcr"));
	struct arena *a = c->arena;

	if (!o->type.n)
		return err_new(ERR_INVALID, "--type is required");
	if (!o->hostname.n)
		return err_new(ERR_INVALID, "--hostname is required");
	if (gcr && !o->email.n)
		return err_new(ERR_INVALID, "--email-claim is required for gcr receiver type");
	TRY(create_check_labels(c));
	node secret = secret_new(c, c->words.p[0], NULL);
	node metadata = node_get(secret, S("metadata"));
	str token = o->token.n ? o->token : new_token(a);
	str url = webhook_of(c, o->hostname, token);

	node_set(a, node_need_map(a, metadata, S("annotations")),
		 S("notification.toolkit.fluxcd.io/webhook"), node_from_str(a, url));
	node_sort(metadata);
	if (gcr)
		secret_put(c, secret, "audience", o->audience.n ? o->audience : url);
	if (gcr)
		secret_put(c, secret, "email", o->email);
	secret_put(c, secret, "token", token);
	return finish(c, secret, "receiver");
}

#define AT(field) offsetof(struct receiver_options, field)

static const struct flag receiver_flags[] = {
	{ "audience-claim", 0, FLAG_STRING, AT(audience),
	  "audience of the tokens of a gcr receiver; the webhook's address by default" },
	{ "email-claim", 0, FLAG_STRING, AT(email), "account that calls a gcr receiver" },
	{ "hostname", 0, FLAG_STRING, AT(hostname), "host of the webhook's address" },
	{ "token", 0, FLAG_STRING, AT(token), "token of the webhook; a random one by default" },
	{ "type", 0, FLAG_CUSTOM, AT(type), "who calls the webhook", .type = &choice_receiver,
	  .choices = "generic generic-hmac github gitlab bitbucket harbor dockerhub quay gcr nexus "
		     "acr cdevents" },
	{ 0 },
};

#undef AT

static const struct command secret_receiver_command = {
	.use = "receiver [name]",
	.brief = "Create or update a Secret for a Receiver",
	.text = "Make a Secret with the token of a webhook; its address stands in an annotation.",
	.example = "  flux create secret receiver github-receiver --type=github \\\n"
		   "    --hostname=flux.example.com --export",
	.flags = receiver_flags,
	.options = sizeof(struct receiver_options),
	.run = run_receiver,
};

const struct command flux_create_secret_command = {
	.use = "secret",
	.brief = "Create or update Secrets",
	.text = "Create or update Secrets of sources and receivers.",
	.commands = (const struct command *const[]){ &secret_git_command, &secret_app_command,
						     &secret_helm_command, &secret_notation_command,
						     &secret_oci_command, &secret_proxy_command,
						     &secret_receiver_command, &secret_tls_command,
						     NULL },
};
