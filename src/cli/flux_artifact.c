/* flux_artifact - registries as the commands about artifacts reach them. */
#include "cli/flux_artifact.h"

#include <time.h>

#include "base/clock.h"

#define RETRY_FIRST  CLOCK_SECOND
enum { RETRY_FACTOR = 3 };

/* ---- addresses ----------------------------------------------------------- */

err *flux_artifact_url(struct cli *c, str url, struct ociref *out, str *address)
{
	str rest = url;

	if (!ociref_take_scheme(&rest))
		return err_new(ERR_INVALID, "URL must be in format 'oci://<domain>/<org>/<repo>'");
	err *e = ociref_parse(c->arena, rest, out);

	if (e)
		return err_wrap(e, "'%.*s' invalid URL", STR_ARG(url));
	*address = rest;
	return NULL;
}

/* ---- logins -------------------------------------------------------------- */

/* The first that is there: Docker's, then Podman's. */
static bool read_config_file(struct cli *c, str *out)
{
	str home = str_c(cli_env(c, "HOME")), docker = str_c(cli_env(c, "DOCKER_CONFIG"));
	str podman = str_c(cli_env(c, "REGISTRY_AUTH_FILE"));
	str run = str_c(cli_env(c, "XDG_RUNTIME_DIR"));
	const str paths[] = {
		docker.n ? arena_cat(c->arena, docker, S("/config.json")) : STR_NONE,
		home.n ? arena_cat(c->arena, home, S("/.docker/config.json")) : STR_NONE,
		podman,
		run.n ? arena_cat(c->arena, run, S("/containers/auth.json")) : STR_NONE,
	};

	for (size_t i = docker.n ? 0 : 1; i < sizeof paths / sizeof *paths; i++) {
		err *e = paths[i].n ? fs_read_any(c->arena, paths[i], OCIAUTH_CONFIG_MAX, out)
				    : NULL;

		if (paths[i].n && !e)
			return true;
		err_free(e);
		if (docker.n && i == 0)	/* it stands instead of the one at home */
			i++;
	}
	return false;
}

static err *ask_config(struct cli *c, const struct ociref *ref, struct ociauth *out)
{
	struct ociauth_config config;
	str text;

	if (!read_config_file(c, &text))
		return NULL;
	TRY(ociauth_read(c->arena, text, &config));
	return ociauth_ask(c->arena, &config, ref, (const char *const *)c->env, out);
}

/* Whether a cloud's identity is good for a login there; flux goes on without one elsewhere. */
static bool is_of_cloud(str provider, str registry)
{
	static const struct {
		const char *provider, *end;
	} rows[] = {
		{ "aws", ".amazonaws.com" },   { "aws", ".amazonaws.com.cn" },
		{ "aws", "public.ecr.aws" },   { "azure", ".azurecr.io" },
		{ "azure", ".azurecr.cn" },    { "azure", ".azurecr.us" },
		{ "azure", ".azurecr.de" },    { "gcp", "gcr.io" },
		{ "gcp", "-docker.pkg.dev" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (str_eq(provider, str_c(rows[i].provider)) &&
		    str_ends(registry, str_c(rows[i].end)))
			return true;
	return false;
}

static err *log_in(struct cli *c, const struct flux_registry *r, const struct ociref *ref,
		   struct ociauth *out)
{
	if (!str_eq(r->provider, S("generic"))) {
		flux_action(c, "logging in to registry with provider credentials");
		if (!is_of_cloud(r->provider, ref->registry))
			return NULL;
		return err_new(ERR_INVALID,
			       "error during login with provider: logins with the identity of a "
			       "machine at %.*s are not available: use --creds",
			       STR_ARG(r->provider));
	}
	if (!r->creds.n)
		return ask_config(c, ref, out);
	flux_action(c, "logging in to registry with credentials");
	/* One word alone is a token. */
	if (!str_split(r->creds, ':', &out->user, &out->password))
		*out = (struct ociauth){ .registry_token = r->creds };
	return NULL;
}

/* ---- the client ---------------------------------------------------------- */

err *flux_artifact_open(struct cli *c, const struct flux_registry *r, const struct ociref *ref,
			bool push, struct flux_artifact_client *out)
{
	struct oci_options o = { .ref = *ref, .insecure = r->insecure, .push = push };

	TRY(log_in(c, r, ref, &o.auth));
	TRY(net_client_new(&out->net, &(struct net_options){ .user_agent = S("flux/v" FLUX_VERSION),
							     .proxy_env = true }));
	out->deadline = clock_after(clock_mono(), flux_settings(c)->timeout);
	o.net = out->net;
	o.deadline = out->deadline;
	return oci_open(&out->oci, &o);
}

void flux_artifact_close(struct flux_artifact_client *x)
{
	oci_close(x->oci);
	net_client_free(x->net);
}

/* ---- patience ------------------------------------------------------------ */

/* An answer that another one may follow, or a connection that was lost. */
static bool may_pass(const err *e)
{
	static const int codes[] = { 408, 429, 500, 502, 503, 504 };
	int code = err_code(e);

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (code == codes[i])
			return true;
	return !code && err_kind(e) == ERR_UNAVAILABLE &&
	       (str_ends(err_text(e), S("EOF")) || str_has(err_text(e), S("reset by peer")));
}

bool flux_artifact_again(const struct flux_artifact_client *x, struct flux_artifact_patience *p,
			 const err *e)
{
	int64_t wait = p->wait ? p->wait : RETRY_FIRST;
	int64_t asked = oci_wait(x->oci);

	if (!may_pass(e))
		return false;
	if (asked > wait)
		wait = asked;
	if (clock_after(clock_mono(), wait) >= x->deadline)
		return false;
	p->wait = wait * RETRY_FACTOR;
	struct timespec t = clock_timespec(wait);

	nanosleep(&t, NULL);
	return true;
}
