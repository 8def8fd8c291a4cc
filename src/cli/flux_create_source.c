/* flux_create_source - "flux create source git", "helm", "oci", "bucket" and "chart". */
#include "cli/flux_choice.h"
#include "cli/flux_create.h"
#include "cli/flux_secret.h"
#include "text/gourl.h"

struct source_options {
	int64_t fetch_timeout;
};

static void put_timeout(struct cli *c, node spec)
{
	const struct source_options *o = c->options_at[2];

	create_duration(c->arena, spec, "timeout", o->fetch_timeout);
}

static void put_ignore(struct arena *a, node spec, const struct flag_list *paths)
{
	create_text(a, spec, "ignore", arena_join(a, paths->p, paths->n, S("\n")));
}

/* ---- git --------------------------------------------------------------- */

struct git_options {
	struct secret_git login;
	str branch, tag, semver, commit, ref_name;
	str secret_ref, proxy_ref, provider;
	bool submodules, silent;
	struct flag_list ignore, sparse;
};

static node git_spec(struct cli *c)
{
	const struct git_options *o = c->options;
	struct arena *a = c->arena;
	node spec = node_map(a, 8);

	create_needed(a, spec, "url", o->login.url);
	create_needed_duration(a, spec, "interval", create_options(c)->interval);
	if (o->commit.n) {
		create_text(a, spec, "ref.commit", o->commit);
		create_text(a, spec, "ref.branch", o->branch);
	} else if (o->ref_name.n) {
		create_text(a, spec, "ref.name", o->ref_name);
	} else if (o->semver.n) {
		create_text(a, spec, "ref.semver", o->semver);
	} else if (o->tag.n) {
		create_text(a, spec, "ref.tag", o->tag);
	} else {
		create_text(a, spec, "ref.branch", o->branch);
	}
	put_ignore(a, spec, &o->ignore);
	create_texts(a, spec, "sparseCheckout", &o->sparse);
	create_flag(a, spec, "recurseSubmodules", o->submodules);
	put_timeout(c, spec);
	create_text(a, spec, "secretRef.name", o->secret_ref);
	create_text(a, spec, "proxySecretRef.name", o->proxy_ref);
	create_text(a, spec, "provider", o->provider);
	return spec;
}

static err *git_secret(struct cli *c, struct flux_server *s, node spec)
{
	const struct git_options *o = c->options;
	node secret;
	struct secret_note note;

	if (o->secret_ref.n)
		return NULL;
	if (str_starts(o->login.url, S("http://")))
		flux_warning(c, "insecure configuration: credentials configured for an HTTP URL");
	TRY(secret_make_git(c, &o->login, c->words.p[0], &secret, &note));
	if (node_is_nil(secret))
		return NULL;
	if (note.public_key.n) {
		flux_success(c, "collected public key from SSH server:\n%.*s",
			     STR_ARG(note.known_hosts));
		flux_generating(c, "deploy key: %.*s", STR_ARG(note.public_key));
		if (!o->silent && !flux_ask(c, "Have you added the deploy key to your repository"))
			return err_new(ERR_CANCELED, "aborting");
	}
	flux_action(c, "applying secret with repository credentials");
	TRY(secret_store(c, s, secret));
	create_text(c->arena, spec, "secretRef.name", c->words.p[0]);
	flux_success(c, "authentication configured");
	return NULL;
}

static err *run_git(struct cli *c)
{
	static const struct create_words words = {
		.subject = "GitRepository source",
		.stored = "GitRepository source",
		.opens_first = true,
		.outcome = "fetched revision:",
		.no_artifact = "GitRepository source reconciliation completed but no artifact was found",
	};
	const struct git_options *o = c->options;
	struct gourl url;

	if (!o->login.url.n)
		return err_new(ERR_INVALID, "url is required");
	err *e = gourl_parse(c->arena, o->login.url, &url);

	if (e)
		return err_wrap(e, "git URL parse failed");
	if (!str_eq(url.scheme, S("ssh")) && !str_eq(url.scheme, S("http")) &&
	    !str_eq(url.scheme, S("https")))
		return err_new(ERR_INVALID,
			       "git URL scheme '%.*s' not supported, can be: ssh, http and https",
			       STR_ARG(url.scheme));
	if (!o->branch.n && !o->tag.n && !o->semver.n && !o->commit.n && !o->ref_name.n)
		return err_new(ERR_INVALID,
			       "a Git ref is required, use one of the following: --branch, --tag, "
			       "--commit, --ref-name or --tag-semver");
	if (o->login.ca_file.n && str_eq(url.scheme, S("ssh")))
		return err_new(ERR_INVALID, "specifying a CA file is not supported for Git over SSH");
	TRY(create_check_labels(c));
	return create_finish(c, FLUX_GIT, git_spec(c), &words, git_secret);
}

#define AT(field) offsetof(struct git_options, field)
#define LOGIN(field) AT(login.field)

static const struct flag git_flags[] = {
	{ "branch", 0, FLAG_STRING, AT(branch), "branch to follow" },
	{ "ca-file", 0, FLAG_STRING, LOGIN(ca_file), "file of the certificates to trust" },
	{ "commit", 0, FLAG_STRING, AT(commit), "commit to take" },
	{ "ignore-paths", 0, FLAG_LIST, AT(ignore), "paths to leave out, as .gitignore has them" },
	{ "password", 'p', FLAG_STRING, LOGIN(password), "password, of basic auth or of the key" },
	{ "private-key-file", 0, FLAG_STRING, LOGIN(private_key), "file of the private SSH key" },
	{ "provider", 0, FLAG_CUSTOM, AT(provider), "where credentials come from",
	  .type = &choice_git_provider, .choices = "generic github aws azure" },
	{ "proxy-secret-ref", 0, FLAG_STRING, AT(proxy_ref), "Secret with the proxy to use" },
	{ "recurse-submodules", 0, FLAG_BOOL, AT(submodules), "fetch submodules, too" },
	{ "ref-name", 0, FLAG_STRING, AT(ref_name), "full name of the reference to take" },
	{ "secret-ref", 0, FLAG_STRING, AT(secret_ref), "existing Secret with credentials" },
	{ "silent", 's', FLAG_BOOL, AT(silent), "do not ask about the deploy key" },
	{ "sparse-checkout-paths", 0, FLAG_LIST, AT(sparse), "directories to check out" },
	SECRET_KEY_FLAGS(LOGIN),
	{ "tag", 0, FLAG_STRING, AT(tag), "tag to take" },
	{ "tag-semver", 0, FLAG_STRING, AT(semver), "range of versions to take the newest tag of" },
	{ "url", 0, FLAG_STRING, LOGIN(url), "address, as ssh://git@host/org/repository" },
	{ "username", 'u', FLAG_STRING, LOGIN(username), "user of basic auth" },
	{ 0 },
};

#undef LOGIN
#undef AT

static const struct command create_git = {
	.use = "git [name]",
	.brief = "Create or update a GitRepository source",
	.text = "Create a GitRepository and wait for it. Credentials that are given are put into a\n"
		"Secret; for SSH a key is made when none is named.",
	.example = "  flux create source git podinfo \\\n"
		   "    --url=https://github.com/stefanprodan/podinfo --branch=master",
	.flags = git_flags,
	.options = sizeof(struct git_options),
	.run = run_git,
};

/* ---- helm -------------------------------------------------------------- */

struct helm_options {
	str url, secret_ref, oci_provider;
	struct secret_basic login;
	struct secret_parts parts;	/* of it, once they are read */
	bool pass_credentials;
};

static err *helm_secret(struct cli *c, struct flux_server *s, node spec)
{
	const struct helm_options *o = c->options;
	str name = arena_cat(c->arena, S("helm-"), c->words.p[0]);
	node secret;

	if (o->secret_ref.n)
		return NULL;
	TRY(secret_make_helm(c, &o->parts, name, &secret));
	if (!node_len(node_get(secret, S("stringData"))))
		return NULL;
	flux_action(c, "applying secret with repository credentials");
	TRY(secret_store(c, s, secret));
	create_text(c->arena, spec, "secretRef.name", name);
	create_flag(c->arena, spec, "passCredentials", o->pass_credentials);
	flux_success(c, "authentication configured");
	return NULL;
}

static err *helm_files(struct cli *c)
{
	struct helm_options *o = c->options;
	struct secret_basic login = o->login;

	/* One without the other is left alone. */
	if (!login.cert_file.n || !login.key_file.n)
		login.cert_file = login.key_file = STR_NONE;
	return secret_read_parts(c, &login, &o->parts);
}

static err *run_helm(struct cli *c)
{
	static const struct create_words words = {
		.subject = "HelmRepository source",
		.stored = "source",
		.opens_first = true,
		.check = helm_files,
		.outcome = "fetched revision:",
		.no_artifact = "HelmRepository source reconciliation completed but no artifact was found",
	};
	const struct helm_options *o = c->options;
	struct arena *a = c->arena;
	node spec = node_map(a, 6);
	struct gourl url;

	if (!o->url.n)
		return err_new(ERR_INVALID, "url is required");
	TRY(create_check_labels(c));
	err *e = gourl_parse(a, o->url, &url);

	if (e)
		return err_wrap(e, "url parse failed");
	bool oci = str_eq(url.scheme, S("oci"));

	if (!oci && !str_eq(url.scheme, S("http")) && !str_eq(url.scheme, S("https")))
		return err_new(ERR_INVALID,
			       "url scheme '%.*s' not supported, can be: http, https and oci",
			       STR_ARG(url.scheme));
	if (!url.host.n)
		return err_new(ERR_INVALID, "url host is required");
	create_needed(a, spec, "url", o->url);
	create_needed_duration(a, spec, "interval", create_options(c)->interval);
	if (oci) {
		create_text(a, spec, "type", S("oci"));
		create_text(a, spec, "provider", o->oci_provider);
	}
	put_timeout(c, spec);
	if (o->secret_ref.n) {
		create_text(a, spec, "secretRef.name", o->secret_ref);
		create_flag(a, spec, "passCredentials", o->pass_credentials);
	}
	return create_finish(c, FLUX_HELM_REPOSITORY, spec, &words, helm_secret);
}

#define AT(field) offsetof(struct helm_options, field)

static const struct flag helm_flags[] = {
	{ "ca-file", 0, FLAG_STRING, AT(login.ca_file), "file of the certificates to trust" },
	{ "cert-file", 0, FLAG_STRING, AT(login.cert_file), "file of the client certificate" },
	{ "key-file", 0, FLAG_STRING, AT(login.key_file), "file of the client certificate's key" },
	{ "oci-provider", 0, FLAG_STRING, AT(oci_provider),
	  "where credentials of an OCI registry come from" },
	{ "pass-credentials", 0, FLAG_BOOL, AT(pass_credentials),
	  "send credentials to other hosts, too" },
	{ "password", 'p', FLAG_STRING, AT(login.password), "password of basic auth" },
	{ "secret-ref", 0, FLAG_STRING, AT(secret_ref), "existing Secret with credentials" },
	{ "url", 0, FLAG_STRING, AT(url), "address of the repository" },
	{ "username", 'u', FLAG_STRING, AT(login.username), "user of basic auth" },
	{ 0 },
};

#undef AT

static const struct command create_helm = {
	.use = "helm [name]",
	.brief = "Create or update a HelmRepository source",
	.text = "Create a HelmRepository and wait for it. Credentials that are given are put into\n"
		"a Secret.",
	.example = "  flux create source helm podinfo \\\n"
		   "    --url=https://stefanprodan.github.io/podinfo --interval=10m",
	.flags = helm_flags,
	.options = sizeof(struct helm_options),
	.run = run_helm,
};

/* ---- verification ------------------------------------------------------ */

struct verify_options {
	str provider, secret_ref, issuer, subject;
};

#define VERIFY_FLAGS(at)                                                                       \
	{ "verify-issuer", 0, FLAG_STRING, at + offsetof(struct verify_options, issuer),       \
	  "regular expression for the issuer of keyless signatures" },                         \
	{ "verify-provider", 0, FLAG_CUSTOM, at + offsetof(struct verify_options, provider),   \
	  "tool that made the signatures", .type = &choice_verify_provider,                    \
	  .choices = "cosign" },                                                               \
	{ "verify-secret-ref", 0, FLAG_STRING,                                                 \
	  at + offsetof(struct verify_options, secret_ref), "Secret with the public keys" },   \
	{ "verify-subject", 0, FLAG_STRING, at + offsetof(struct verify_options, subject),     \
	  "regular expression for the subject of keyless signatures" }

/* `lone_subject`: a subject without a provider is passed over, as flux does for charts. */
static err *put_verify(struct arena *a, node spec, const struct verify_options *v, bool lone_subject)
{
	if (!v->provider.n && v->secret_ref.n)
		return err_new(ERR_INVALID,
			       "a verification provider must be specified when a secret is specified");
	if (!v->provider.n && (v->issuer.n || (v->subject.n && !lone_subject)))
		return err_new(ERR_INVALID, "a verification provider must be specified when OIDC "
					    "issuer/subject is specified");
	if (!v->provider.n)
		return NULL;
	create_text(a, spec, "verify.provider", v->provider);
	create_text(a, spec, "verify.secretRef.name", v->secret_ref);
	if (v->issuer.n || v->subject.n) {
		node list = node_seq(a, 1), identity = node_map(a, 2);

		create_needed(a, identity, "issuer", v->issuer);
		create_needed(a, identity, "subject", v->subject);
		node_append(a, list, identity);
		create_value(a, spec, "verify.matchOIDCIdentity", list);
	}
	return NULL;
}

/* ---- oci --------------------------------------------------------------- */

struct oci_options {
	str url, tag, semver, digest, provider, layer_selector;
	str secret_ref, service_account, cert_ref, proxy_ref;
	bool insecure;
	struct flag_list ignore;
	struct verify_options verify;
};

static err *put_layer(struct arena *a, node spec, str selector)
{
	str media, operation;

	if (!selector.n)
		return NULL;
	if (!str_split(selector, ':', &media, &operation) || !media.n || !operation.n)
		return err_new(ERR_INVALID,
			       "invalid --layer-selector \"%.*s\": must be in the format "
			       "'<media-type>:<operation>'",
			       STR_ARG(selector));
	if (!str_eq(operation, S("extract")) && !str_eq(operation, S("copy")))
		return err_new(ERR_INVALID,
			       "invalid --layer-selector \"%.*s\": operation must be \"extract\" or "
			       "\"copy\"",
			       STR_ARG(selector));
	create_text(a, spec, "layerSelector.mediaType", media);
	create_text(a, spec, "layerSelector.operation", operation);
	return NULL;
}

static err *run_oci(struct cli *c)
{
	static const struct create_words words = { .subject = "OCIRepository",
						   .stored = "OCIRepository",
						   .no_generate = true,
						   .outcome = "fetched revision:",
						   .no_artifact = "no artifact was found" };
	const struct oci_options *o = c->options;
	struct arena *a = c->arena;
	node spec = node_map(a, 10);

	if (!o->url.n)
		return err_new(ERR_INVALID, "url is required");
	if (!o->tag.n && !o->semver.n && !o->digest.n)
		return err_new(ERR_INVALID, "--tag, --tag-semver or --digest is required");
	TRY(put_layer(a, spec, o->layer_selector));
	TRY(create_check_labels(c));
	create_needed(a, spec, "url", o->url);
	create_text(a, spec, "provider", o->provider);
	create_needed_duration(a, spec, "interval", create_options(c)->interval);
	create_text(a, spec, "ref.digest", o->digest);
	create_text(a, spec, "ref.semver", o->semver);
	create_text(a, spec, "ref.tag", o->tag);
	create_flag(a, spec, "insecure", o->insecure);
	create_text(a, spec, "serviceAccountName", o->service_account);
	create_text(a, spec, "secretRef.name", o->secret_ref);
	create_text(a, spec, "certSecretRef.name", o->cert_ref);
	create_text(a, spec, "proxySecretRef.name", o->proxy_ref);
	put_ignore(a, spec, &o->ignore);
	put_timeout(c, spec);
	TRY(put_verify(a, spec, &o->verify, false));
	return create_finish(c, FLUX_OCI, spec, &words, NULL);
}

#define AT(field) offsetof(struct oci_options, field)

static const struct flag oci_flags[] = {
	{ "cert-ref", 0, FLAG_STRING, AT(cert_ref), "Secret with certificates" },
	{ "digest", 0, FLAG_STRING, AT(digest), "digest to take" },
	{ "ignore-paths", 0, FLAG_LIST, AT(ignore), "paths to leave out, as .gitignore has them" },
	{ "insecure", 0, FLAG_BOOL, AT(insecure), "use plain HTTP" },
	{ "layer-selector", 0, FLAG_STRING, AT(layer_selector),
	  "layer to take, as media-type:extract or media-type:copy" },
	{ "provider", 0, FLAG_CUSTOM, AT(provider), "where credentials come from",
	  .fallback = "generic", .type = &choice_oci_provider, .choices = "generic aws azure gcp" },
	{ "proxy-secret-ref", 0, FLAG_STRING, AT(proxy_ref), "Secret with the proxy to use" },
	{ "secret-ref", 0, FLAG_STRING, AT(secret_ref), "Secret of a registry login" },
	{ "service-account", 0, FLAG_STRING, AT(service_account),
	  "ServiceAccount with image pull secrets" },
	{ "tag", 0, FLAG_STRING, AT(tag), "tag to take" },
	{ "tag-semver", 0, FLAG_STRING, AT(semver), "range of versions to take the newest tag of" },
	{ "url", 0, FLAG_STRING, AT(url), "address, as oci://host/org/name" },
	VERIFY_FLAGS(AT(verify)),
	{ 0 },
};

#undef AT

static const struct command create_oci = {
	.use = "oci [name]",
	.brief = "Create or update an OCIRepository source",
	.text = "Create an OCIRepository and wait for it.",
	.example = "  flux create source oci podinfo \\\n"
		   "    --url=oci://ghcr.io/stefanprodan/manifests/podinfo --tag=6.6.2",
	.flags = oci_flags,
	.options = sizeof(struct oci_options),
	.run = run_oci,
};

/* ---- bucket ------------------------------------------------------------ */

struct bucket_options {
	str name, endpoint, provider, region, access_key, secret_key, secret_ref, proxy_ref;
	bool insecure;
	struct flag_list ignore;
};

static err *bucket_secret(struct cli *c, struct flux_server *s, node spec)
{
	const struct bucket_options *o = c->options;
	str name = arena_cat(c->arena, S("bucket-"), c->words.p[0]);

	if (o->secret_ref.n || !o->access_key.n || !o->secret_key.n)
		return NULL;
	node secret = secret_new(c, name, NULL);

	secret_put(c, secret, "accesskey", o->access_key);
	secret_put(c, secret, "secretkey", o->secret_key);
	flux_action(c, "applying secret with the bucket credentials");
	TRY(secret_store(c, s, secret));
	create_text(c->arena, spec, "secretRef.name", name);
	flux_success(c, "authentication configured");
	return NULL;
}

static err *run_bucket(struct cli *c)
{
	static const struct create_words words = {
		.subject = "Bucket source",
		.stored = "Bucket source",
		.opens_first = true,
		.outcome = "fetched revision:",
		.no_artifact = "Bucket source reconciliation but no artifact was found",
	};
	const struct bucket_options *o = c->options;
	struct arena *a = c->arena;
	node spec = node_map(a, 10);

	if (!o->name.n)
		return err_new(ERR_INVALID, "bucket-name is required");
	if (!o->endpoint.n)
		return err_new(ERR_INVALID, "endpoint is required");
	TRY(create_check_labels(c));
	create_needed(a, spec, "bucketName", o->name);
	create_text(a, spec, "provider", o->provider);
	create_flag(a, spec, "insecure", o->insecure);
	create_needed(a, spec, "endpoint", o->endpoint);
	create_text(a, spec, "region", o->region);
	create_needed_duration(a, spec, "interval", create_options(c)->interval);
	put_ignore(a, spec, &o->ignore);
	put_timeout(c, spec);
	create_text(a, spec, "secretRef.name", o->secret_ref);
	create_text(a, spec, "proxySecretRef.name", o->proxy_ref);
	return create_finish(c, FLUX_BUCKET, spec, &words, bucket_secret);
}

#define AT(field) offsetof(struct bucket_options, field)

static const struct flag bucket_flags[] = {
	{ "access-key", 0, FLAG_STRING, AT(access_key), "access key" },
	{ "bucket-name", 0, FLAG_STRING, AT(name), "name of the bucket" },
	{ "endpoint", 0, FLAG_STRING, AT(endpoint), "host of the service" },
	{ "ignore-paths", 0, FLAG_LIST, AT(ignore), "paths to leave out, as .gitignore has them" },
	{ "insecure", 0, FLAG_BOOL, AT(insecure), "use plain HTTP" },
	{ "provider", 0, FLAG_CUSTOM, AT(provider), "service of the bucket", .fallback = "generic",
	  .type = &choice_bucket_provider, .choices = "generic aws azure gcp" },
	{ "proxy-secret-ref", 0, FLAG_STRING, AT(proxy_ref), "Secret with the proxy to use" },
	{ "region", 0, FLAG_STRING, AT(region), "region of the bucket" },
	{ "secret-key", 0, FLAG_STRING, AT(secret_key), "secret key" },
	{ "secret-ref", 0, FLAG_STRING, AT(secret_ref), "existing Secret with credentials" },
	{ 0 },
};

#undef AT

static const struct command create_bucket = {
	.use = "bucket [name]",
	.brief = "Create or update a Bucket source",
	.text = "Create a Bucket and wait for it. Keys that are given are put into a Secret.",
	.example = "  flux create source bucket podinfo \\\n"
		   "    --bucket-name=podinfo --endpoint=minio.minio.svc:9000 --insecure",
	.flags = bucket_flags,
	.options = sizeof(struct bucket_options),
	.run = run_bucket,
};

/* ---- chart ------------------------------------------------------------- */

struct chart_options {
	struct choice_source source;
	str chart, version, strategy;
	struct verify_options verify;
};

static err *run_chart(struct cli *c)
{
	static const struct create_words words = {
		.subject = "HelmChart source",
		.stored = "source",
		.no_generate = true,
		.outcome = "fetched revision:",
		.no_artifact = "HelmChart source reconciliation completed but no artifact was found",
	};
	const struct chart_options *o = c->options;
	struct arena *a = c->arena;
	node spec = node_map(a, 8);

	if (!o->source.kind.n)
		return err_new(ERR_INVALID, "chart source is required");
	if (!o->chart.n)
		return err_new(ERR_INVALID, "chart name or path is required");
	flux_generating(c, "generating %s", words.subject);
	TRY(create_check_labels(c));
	create_needed(a, spec, "chart", o->chart);
	create_text(a, spec, "version", o->version);
	create_text(a, spec, "sourceRef.kind", o->source.kind);
	create_text(a, spec, "sourceRef.name", o->source.name);
	create_needed_duration(a, spec, "interval", create_options(c)->interval);
	create_text(a, spec, "reconcileStrategy", o->strategy);
	TRY(put_verify(a, spec, &o->verify, true));
	return create_finish(c, FLUX_CHART, spec, &words, NULL);
}

#define AT(field) offsetof(struct chart_options, field)

static const struct flag chart_flags[] = {
	{ "chart", 0, FLAG_STRING, AT(chart), "name or path of the chart" },
	{ "chart-version", 0, FLAG_STRING, AT(version), "version or range of versions" },
	{ "reconcile-strategy", 0, FLAG_STRING, AT(strategy),
	  "what makes a new artifact: ChartVersion or Revision", .fallback = "ChartVersion" },
	{ "source", 0, FLAG_CUSTOM, AT(source), "source of the chart, as Kind/name",
	  .type = &choice_chart_source },
	VERIFY_FLAGS(AT(verify)),
	{ 0 },
};

#undef AT

static const struct command create_chart = {
	.use = "chart [name]",
	.brief = "Create or update a HelmChart source",
	.text = "Create a HelmChart and wait for it.",
	.example = "  flux create source chart podinfo \\\n"
		   "    --source=HelmRepository/podinfo --chart=podinfo --chart-version=6.x",
	.flags = chart_flags,
	.options = sizeof(struct chart_options),
	.run = run_chart,
};

/* ---- the group --------------------------------------------------------- */

static const struct flag source_flags[] = {
	{ "fetch-timeout", 0, FLAG_DURATION, offsetof(struct source_options, fetch_timeout),
	  "how long a fetch may take" },
	{ 0 },
};

const struct command flux_create_source_command = {
	.use = "source",
	.brief = "Create or update sources",
	.text = "Create or update sources of one kind.",
	.shared = source_flags,
	.options = sizeof(struct source_options),
	.commands = (const struct command *const[]){ &create_bucket, &create_chart, &create_git,
						     &create_helm, &create_oci, NULL },
};
