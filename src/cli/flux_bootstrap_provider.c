/* flux_bootstrap_provider - "flux bootstrap github", "gitlab", "gitea" and
 * "bitbucket-server": the repository is made, and the key put into it, through
 * the provider's API.
 *
 * A --hostname with "http://" or "https://" before it is taken as it stands; so a
 * provider may listen on any port.
 */
#include "cli/flux_bootstrap.h"

#include "cli/flux_choice.h"
#include "cli/flux_components.h"
#include "text/gourl.h"
#include "value/json.h"

struct provider_options {
	str owner, repository, hostname, path, username, visibility;
	int64_t interval;
	bool personal, private, read_write, reconcile, deploy_token;
	struct flag_list teams;
};

struct provider;

struct provider_kind {
	const char *name, *token_env, *token_name;
	const char *api;			/* behind the host */
	const char *auth_header, *auth_prefix;	/* of the token */
	const char *keys_path;			/* behind the repository's path */
	const char *default_permission;
	str (*path)(const struct provider *p);	/* of the repository, below the API */
	err *(*create)(struct provider *p);
	node (*settings)(struct provider *p);	/* what --reconcile sets */
	node (*key)(struct provider *p, str title, str key);
	err *(*grant)(struct provider *p, str team, str permission);
};

struct provider {
	struct cli *c;
	struct bootstrap *b;
	const struct provider_kind *kind;
	const struct provider_options *o;
	str base;		/* "https://host" */
	str api;		/* "https://host/api/v4" */
	str token;
	str shown;		/* "https://host/owner/name" */
	node repository;	/* what the API says of it */
};

/* ---- requests ---------------------------------------------------------- */

enum { NOT_THERE = 404 };

/* "GET URL: 401 Bad credentials" */
static err *refused(struct provider *p, str method, str url, const struct net_response *r)
{
	node answer;
	err *e = json_read(p->c->arena, buf_str(&r->body), NULL, &answer);
	str message = e ? STR_NONE : node_str(node_get(answer, S("message")));

	if (!e && !message.n)
		message = node_str(node_get(node_at(node_get(answer, S("errors")), 0), S("message")));
	err_free(e);
	e = err_new(r->status == NOT_THERE ? ERR_NOT_FOUND : ERR_INVALID,
		    "provider error: %.*s %.*s: %d %.*s", STR_ARG(method), STR_ARG(url), r->status,
		    STR_ARG(message));
	err_set_code(e, r->status);
	return e;
}

static err *ask(struct provider *p, str method, str path, node body, node *out)
{
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct arena *a = p->c->arena;
	const bool full = str_starts(path, S("/rest/"));
	str url = arena_cat(a, full ? p->base : p->api, path);
	const struct net_header headers[] = {
		{ S("Accept"), S("application/json") },
		{ S("Content-Type"), S("application/json") },
		{ str_c(p->kind->auth_header),
		  arena_cat(a, str_c(p->kind->auth_prefix), p->token) },
	};
	struct net_tls tls = { .ca_and_system = true };
	struct net_request q = { .method = method,
				 .url = url,
				 .headers = headers,
				 .headers_n = 3,
				 .tls = &tls };

	if (p->b->options->ca_file.n)
		TRY(secret_read(p->c, "unable to read TLS CA file", p->b->options->ca_file, &tls.ca));
	if (!node_is(body, NODE_NONE)) {
		TRY(json_write(&text, body, NULL));
		q.body = buf_str(&text);
	}
	struct net_client *net;

	TRY(flux_net(p->b->s, &net));
	TRY(net_do(net, &q, &r));
	if (r.status / 100 != 2)
		return refused(p, method, url, &r);
	if (!out)
		return NULL;
	*out = NODE_NOTHING;
	return r.body.n ? json_read(a, arena_str(a, buf_str(&r.body)), NULL, out) : NULL;
}

static str escaped(struct arena *a, str text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	gourl_escape_segment(&b, text);
	return arena_str(a, buf_str(&b));
}

static void set_text(const struct provider *p, node map, const char *key, str value)
{
	node_set(p->c->arena, map, str_c(key), node_from_str(p->c->arena, value));
}

static void set_flag(const struct provider *p, node map, const char *key, bool value)
{
	node_set(p->c->arena, map, str_c(key), node_from_bool(value));
}

/* ---- GitHub and Gitea -------------------------------------------------- */

static str github_path(const struct provider *p)
{
	struct arena *a = p->c->arena;

	return arena_cat(a, S("/repos/"), escaped(a, p->o->owner), S("/"),
			 escaped(a, p->o->repository));
}

static node github_settings(struct provider *p)
{
	node body = node_map(p->c->arena, 4);

	set_text(p, body, "name", p->o->repository);
	set_flag(p, body, "private", p->o->private);
	return body;
}

static err *github_create(struct provider *p)
{
	struct arena *a = p->c->arena;
	node body = github_settings(p);

	set_flag(p, body, "auto_init", true);
	if (str_eq(str_c(p->kind->name), S("gitea")))
		set_text(p, body, "default_branch", p->b->options->branch);
	return ask(p, S("POST"),
		   p->o->personal ? S("/user/repos")
				  : arena_cat(a, S("/orgs/"), escaped(a, p->o->owner), S("/repos")),
		   body, &p->repository);
}

static node github_key(struct provider *p, str title, str key)
{
	node body = node_map(p->c->arena, 3);

	set_text(p, body, "title", title);
	set_text(p, body, "key", key);
	set_flag(p, body, "read_only", !p->o->read_write);
	return body;
}

static err *github_grant(struct provider *p, str team, str permission)
{
	struct arena *a = p->c->arena;
	node body = node_map(a, 1);

	set_text(p, body, "permission", permission);
	return ask(p, S("PUT"),
		   arena_cat(a, S("/orgs/"), escaped(a, p->o->owner), S("/teams/"),
			     escaped(a, team), github_path(p)),
		   body, NULL);
}

static err *gitea_grant(struct provider *p, str team, str permission)
{
	struct arena *a = p->c->arena;

	(void)permission;
	return ask(p, S("PUT"), arena_cat(a, github_path(p), S("/teams/"), escaped(a, team)),
		   NODE_NOTHING, NULL);
}

/* ---- GitLab ------------------------------------------------------------ */

static str gitlab_path(const struct provider *p)
{
	struct arena *a = p->c->arena;

	return arena_cat(a, S("/projects/"),
			 escaped(a, arena_cat(a, p->o->owner, S("/"), p->o->repository)));
}

static node gitlab_settings(struct provider *p)
{
	node body = node_map(p->c->arena, 4);

	set_text(p, body, "visibility", p->o->private ? p->o->visibility : S("public"));
	return body;
}

static err *group_id(struct provider *p, str group, node *id)
{
	struct arena *a = p->c->arena;
	node found;

	TRY(ask(p, S("GET"), arena_cat(a, S("/groups/"), escaped(a, group)), NODE_NOTHING, &found));
	*id = node_get(found, S("id"));
	return NULL;
}

static err *gitlab_create(struct provider *p)
{
	node body = gitlab_settings(p), id;

	set_text(p, body, "name", p->o->repository);
	set_text(p, body, "path", p->o->repository);
	set_text(p, body, "default_branch", p->b->options->branch);
	set_flag(p, body, "initialize_with_readme", true);
	if (!p->o->personal) {
		TRY(group_id(p, p->o->owner, &id));
		node_set(p->c->arena, body, S("namespace_id"), id);
	}
	return ask(p, S("POST"), S("/projects"), body, &p->repository);
}

static node gitlab_key(struct provider *p, str title, str key)
{
	node body = node_map(p->c->arena, 3);

	set_text(p, body, "title", title);
	set_text(p, body, "key", key);
	set_flag(p, body, "can_push", p->o->read_write);
	return body;
}

static err *gitlab_grant(struct provider *p, str team, str permission)
{
	static const struct {
		const char *name;
		int access;
	} levels[] = { { "pull", 10 }, { "triage", 20 }, { "push", 30 }, { "maintain", 40 } };
	node body = node_map(p->c->arena, 2), id;

	TRY(group_id(p, team, &id));
	node_set(p->c->arena, body, S("group_id"), id);
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (str_eq(permission, str_c(levels[i].name)))
			node_set(p->c->arena, body, S("group_access"),
				 node_from_int(levels[i].access));
	return ask(p, S("POST"), arena_cat(p->c->arena, gitlab_path(p), S("/share")), body, NULL);
}

/* A login that may read, in place of the user's token. */
static err *gitlab_deploy_token(struct provider *p, str title)
{
	struct arena *a = p->c->arena;
	node body = node_map(a, 2), scopes = node_seq(a, 1), made;

	flux_action(p->c, "checking to reconcile deploy token for source secret");
	set_text(p, body, "name", title);
	node_append(a, scopes, node_lit("read_repository"));
	node_set(a, body, S("scopes"), scopes);
	TRY(ask(p, S("POST"), arena_cat(a, gitlab_path(p), S("/deploy_tokens")), body, &made));
	p->b->secret.username = node_str(node_get(made, S("username")));
	p->b->secret.password = node_str(node_get(made, S("token")));
	flux_success(p->c, "configured deploy token \"%.*s\" for \"%.*s\"", STR_ARG(title),
		     STR_ARG(p->shown));
	return NULL;
}

/* ---- Bitbucket Server -------------------------------------------------- */

static str bitbucket_project(const struct provider *p)
{
	struct arena *a = p->c->arena;

	return arena_cat(a, S("/projects/"), p->o->personal ? S("~") : STR_NONE,
			 escaped(a, p->o->owner));
}

static str bitbucket_path(const struct provider *p)
{
	return arena_cat(p->c->arena, bitbucket_project(p), S("/repos/"),
			 escaped(p->c->arena, p->o->repository));
}

static node bitbucket_settings(struct provider *p)
{
	node body = node_map(p->c->arena, 3);

	set_text(p, body, "name", p->o->repository);
	set_flag(p, body, "public", !p->o->private);
	return body;
}

static err *bitbucket_create(struct provider *p)
{
	node body = bitbucket_settings(p);

	set_text(p, body, "scmId", S("git"));
	return ask(p, S("POST"), arena_cat(p->c->arena, bitbucket_project(p), S("/repos")), body,
		   &p->repository);
}

static node bitbucket_key(struct provider *p, str title, str key)
{
	node body = node_map(p->c->arena, 2), inner = node_map(p->c->arena, 2);

	set_text(p, inner, "label", title);
	set_text(p, inner, "text", key);
	node_set(p->c->arena, body, S("key"), inner);
	set_text(p, body, "permission", p->o->read_write ? S("REPO_WRITE") : S("REPO_READ"));
	return body;
}

static err *bitbucket_grant(struct provider *p, str team, str permission)
{
	struct arena *a = p->c->arena;
	str right = str_eq(permission, S("pull"))  ? S("REPO_READ")
		    : str_eq(permission, S("push")) ? S("REPO_WRITE")
						    : S("REPO_ADMIN");

	return ask(p, S("PUT"),
		   arena_cat(a, bitbucket_path(p), S("/permissions/groups?permission="), right,
			     S("&name="), escaped(a, team)),
		   NODE_NOTHING, NULL);
}

/* ---- the kinds --------------------------------------------------------- */

static const struct provider_kind github = {
	"github", "GITHUB_TOKEN", "GitHub personal access token (PAT)", "/api/v3",
	"Authorization", "Bearer ", "/keys", "maintain",
	github_path, github_create, github_settings, github_key, github_grant,
};
static const struct provider_kind gitea = {
	"gitea", "GITEA_TOKEN", "Gitea personal access token (PAT)", "/api/v1",
	"Authorization", "token ", "/keys", "maintain",
	github_path, github_create, github_settings, github_key, gitea_grant,
};
static const struct provider_kind gitlab = {
	"gitlab", "GITLAB_TOKEN", "GitLab personal access token (PAT)", "/api/v4",
	"Private-Token", "", "/deploy_keys", "maintain",
	gitlab_path, gitlab_create, gitlab_settings, gitlab_key, gitlab_grant,
};
static const struct provider_kind bitbucket = {
	"bitbucket-server", "BITBUCKET_TOKEN", "Bitbucket personal access token (PAT)",
	"/rest/api/1.0", "Authorization", "Bearer ", "/ssh", "push",
	bitbucket_path, bitbucket_create, bitbucket_settings, bitbucket_key, bitbucket_grant,
};

/* ---- steps ------------------------------------------------------------- */

static err *reconcile_repository(struct provider *p)
{
	const struct provider_kind *k = p->kind;
	str method = k == &github || k == &gitea ? S("PATCH") : S("PUT");
	err *e = ask(p, S("GET"), k->path(p), NODE_NOTHING, &p->repository);

	if (!e && p->o->reconcile)
		e = ask(p, method, k->path(p), k->settings(p), NULL);
	if (!e)
		return NULL;
	if (err_code(e) != NOT_THERE)
		return err_wrap(e, "failed to get Git repository \"%.*s\"", STR_ARG(p->shown));
	err_free(e);
	e = k->create(p);
	if (e)
		return err_wrap(e, "failed to create new Git repository \"%.*s\"",
				STR_ARG(p->shown));
	flux_success(p->c, "repository \"%.*s\" created", STR_ARG(p->shown));
	return NULL;
}

static void grant_all(struct provider *p)
{
	const struct flag_list *teams = &p->o->teams;

	if (!teams->n)
		return;
	flux_action(p->c, "reconciling repository permissions");
	for (size_t i = 0; i < teams->n; i++) {
		str team, permission;

		if (!str_split(teams->p[i], ':', &team, &permission) || !permission.n)
			permission = str_c(p->kind->default_permission);
		CLEANUP(err_drop) err *e = p->kind->grant(p, team, permission);

		if (e)
			flux_failure(p->c, "failed to grant \"%.*s\" permissions to \"%.*s\": %s",
				     STR_ARG(permission), STR_ARG(team), err_msg(e));
		else
			flux_success(p->c, "granted \"%.*s\" permissions to \"%.*s\"",
				     STR_ARG(permission), STR_ARG(team));
	}
	flux_success(p->c, "reconciled repository permissions");
}

static str key_title(const struct bootstrap *b)
{
	return arena_cat(b->c->arena, b->manifests.namespace, S("-"), b->options->branch, S("-"),
			 b->options->secret_name, S("-./"), b->path);
}

static err *put_key(struct bootstrap *b, str public_key)
{
	struct provider *p = b->provider;
	struct arena *a = b->c->arena;
	const bool bitbucket_keys = p->kind == &bitbucket;
	str path = arena_cat(a, bitbucket_keys ? S("/rest/keys/1.0") : STR_NONE, p->kind->path(p),
			     str_c(p->kind->keys_path));
	str title = key_title(b), key = str_trim(public_key);
	node keys;

	flux_success(b->c, "public key: %.*s", STR_ARG(key));
	TRY(ask(p, S("GET"), path, NODE_NOTHING, &keys));
	/* one of that name, from before, would be refused as a double */
	node_each_item(k, bitbucket_keys ? node_get(keys, S("values")) : keys) {
		node inner = bitbucket_keys ? node_get(*k, S("key")) : *k;
		char id[NODE_TEXT_MAX];

		if (!str_eq(node_str(node_get(inner, bitbucket_keys ? S("label") : S("title"))),
			    title))
			continue;
		str number = node_text_in(node_get(inner, S("id")), id);

		TRY(ask(p, S("DELETE"), arena_cat(a, path, S("/"), number), NODE_NOTHING, NULL));
	}
	err *e = ask(p, S("POST"), path, p->kind->key(p, title, key), NULL);

	if (e)
		return err_wrap(e, "failed to configure deploy key");
	flux_success(b->c, "configured deploy key \"%.*s\" for \"%.*s\"", STR_ARG(title),
		     STR_ARG(p->shown));
	return NULL;
}

/* Of the links that Bitbucket tells; else as all others have it. */
static str ssh_url(const struct provider *p)
{
	const struct bootstrap_options *g = p->b->options;
	struct arena *a = p->c->arena;
	str host, rest;

	node_each_item(l, node_dig(p->repository, "links", "clone"))
		if (str_eq(node_str(node_get(*l, S("name"))), S("ssh")))
			return node_str(node_get(*l, S("href")));
	str_split(str_from(p->base, str_find(p->base, S("://")) + 3), '/', &host, &rest);
	if (g->ssh_hostname.n)
		host = g->ssh_hostname;
	return arena_cat(a, S("ssh://git@"), host, S("/"), p->o->owner, S("/"), p->o->repository);
}

static void plan(struct provider *p)
{
	struct bootstrap *b = p->b;
	struct bootstrap_options *g = b->options;
	struct arena *a = p->c->arena;
	str user = p->o->username.n ? p->o->username : S("git");

	b->repo.url = p->kind == &bitbucket
			      ? arena_cat(a, p->base, S("/scm/"), p->o->personal ? S("~") : STR_NONE,
					  p->o->owner, S("/"), p->o->repository, S(".git"))
			      : arena_cat(a, p->shown, S(".git"));
	b->repo.auth.user = user;
	b->repo.auth.password = p->token;
	b->path = p->o->path;
	b->interval = p->o->interval;
	b->provider = p;
	b->secret.key_algorithm = g->key_algorithm;
	b->secret.curve = g->curve;
	b->secret.rsa_bits = g->rsa_bits;
	b->secret.ca_file = g->ca_file;
	if (g->token_auth || p->o->deploy_token) {
		b->sync_url = b->repo.url;
		b->secret.username = user;
		b->secret.password = p->token;
		b->key_given = true;
	} else {
		b->sync_url = ssh_url(p);
		b->secret.private_key = g->private_key;
		b->key_given = g->private_key.n > 0;
		b->deploy_key = put_key;
	}
	b->secret.url = b->sync_url;
}

static err *run_provider(struct cli *c, const struct provider_kind *kind)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	struct bootstrap b = { .c = c, .s = &s, .options = bootstrap_options(c) };
	const struct provider_options *o = c->options;
	struct provider p = { c, &b, kind, o, .token = str_c(cli_env(c, kind->token_env)) };
	struct arena *a = c->arena;
	const bool whole = str_has(o->hostname, S("://"));
	bool go_on;

	if (!p.token.n)
		TRY(bootstrap_ask(c, kind->token_name, &p.token));
	TRY(bootstrap_validate(c));
	if (!o->hostname.n || str_find_char(o->hostname, ' ') != STR_NPOS)
		return err_new(ERR_INVALID, "invalid hostname \"%.*s\"", STR_ARG(o->hostname));
	if (!o->owner.n || !o->repository.n)
		return err_new(ERR_INVALID, "--owner and --repository are required");
	TRY(flux_open(c, &s));
	TRY(install_check_cluster(c, &s, b.options->force || kind == &gitea, false, &go_on));
	if (!go_on)
		return err_new(ERR_CANCELED, "bootstrap cancelled");
	p.base = whole ? str_trim_right_set(o->hostname, S("/"))
		       : arena_cat(a, S("https://"), o->hostname);
	p.shown = arena_cat(a, p.base, S("/"), o->owner, S("/"), o->repository);
	p.api = kind == &github && str_eq(o->hostname, S("github.com"))
			? S("https://api.github.com")
			: arena_cat(a, p.base, str_c(kind->api));
	flux_action(c, "connecting to %.*s", STR_ARG(o->hostname));
	TRY(reconcile_repository(&p));
	grant_all(&p);
	plan(&p);
	if (o->deploy_token) {
		b.manifests.namespace = flux_settings(c)->namespace;
		TRY(gitlab_deploy_token(&p, key_title(&b)));
	}
	return bootstrap_run(&b);
}

/* ---- commands ---------------------------------------------------------- */

static err *refuse_reuse(struct cli *c, const struct provider_kind *kind)
{
	if (!bootstrap_options(c)->signing_reuse)
		return NULL;
	return err_new(ERR_INVALID,
		       "--ssh-signing-reuse-private-key is not supported by 'bootstrap %s'; that "
		       "subcommand generates the SSH transport key in-process and has no "
		       "operator-supplied key to reuse",
		       kind->name);
}

static err *run_github(struct cli *c)
{
	TRY(refuse_reuse(c, &github));
	return run_provider(c, &github);
}

static err *run_gitea(struct cli *c)
{
	TRY(refuse_reuse(c, &gitea));
	return run_provider(c, &gitea);
}

static bool is_gitlab_name(str name)
{
	for (size_t i = 0; i < name.n; i++) {
		unsigned char ch = (unsigned char)name.p[i];
		bool word = ch >= 0x80 || ch == '_' || (ch >= '0' && ch <= '9') ||
			    ((ch | 32) >= 'a' && (ch | 32) <= 'z');

		if (!word && (i == 0 || (ch != '-' && ch != '.' && ch != ' ')))
			return false;
	}
	return name.n > 0;
}

static err *run_gitlab(struct cli *c)
{
	const struct provider_options *o = c->options;

	if (!is_gitlab_name(o->repository))
		return err_new(ERR_INVALID,
			       "%.*s is an invalid project name for gitlab.\nIt can contain only "
			       "letters, digits, emojis, '_', '.', dash, space. It must start with "
			       "letter, digit, emoji or '_'.",
			       STR_ARG(o->repository));
	if (o->deploy_token && bootstrap_options(c)->token_auth)
		return err_new(ERR_INVALID,
			       "--token-auth and --deploy-token-auth cannot be set both.");
	if (!o->private)
		cli_note(c, "Using visibility public as --private=false");
	return run_provider(c, &gitlab);
}

static err *run_bitbucket(struct cli *c)
{
	return run_provider(c, &bitbucket);
}

static err *set_visibility(struct arena *a, void *slot, str value, bool again)
{
	(void)a;
	(void)again;
	if (!str_eq(value, S("public")) && !str_eq(value, S("internal")) &&
	    !str_eq(value, S("private")))
		return err_new(ERR_INVALID, "unsupported visibility '%.*s'", STR_ARG(value));
	*(str *)slot = value;
	return NULL;
}

static const struct flag_type visibility_type = { "public|internal|private", false, set_visibility };

#define AT(field) offsetof(struct provider_options, field)
#define PROVIDER_FLAGS(host)                                                                       \
	{ "hostname", 0, FLAG_STRING, AT(hostname), "host of the provider", .fallback = (host) },  \
	{ "interval", 0, FLAG_DURATION, AT(interval), "how often the repository is looked at",     \
	  .fallback = "1m0s" },                                                                    \
	{ "owner", 0, FLAG_STRING, AT(owner), "user, organisation or group of the repository" },   \
	{ "path", 0, FLAG_CUSTOM, AT(path), "folder of the cluster in the repository",             \
	  .type = &choice_path },                                                                  \
	{ "personal", 0, FLAG_BOOL, AT(personal), "the owner is a user" },                         \
	{ "read-write-key", 0, FLAG_BOOL, AT(read_write), "let the deploy key write" },            \
	{ "reconcile", 0, FLAG_BOOL, AT(reconcile), "bring the repository's settings up to date" }, \
	{ "repository", 0, FLAG_STRING, AT(repository), "name of the repository" }

static const struct flag github_flags[] = {
	PROVIDER_FLAGS("github.com"),
	{ "private", 0, FLAG_BOOL, AT(private), "make the repository a private one",
	  .fallback = "true" },
	{ "team", 0, FLAG_LIST, AT(teams), "teams that get a right, as team:permission" },
	{ 0 },
};

static const struct flag gitea_flags[] = {
	PROVIDER_FLAGS("gitea.com"),
	{ "private", 0, FLAG_BOOL, AT(private), "make the repository a private one",
	  .fallback = "true" },
	{ "team", 0, FLAG_LIST, AT(teams), "teams that get access" },
	{ 0 },
};

static const struct flag gitlab_flags[] = {
	{ "deploy-token-auth", 0, FLAG_BOOL, AT(deploy_token),
	  "let the cluster use a deploy token that may only read" },
	PROVIDER_FLAGS("gitlab.com"),
	{ "private", 0, FLAG_BOOL, AT(private), "make the repository a private one",
	  .fallback = "true", .deprecated = "use --visibility instead" },
	{ "team", 0, FLAG_LIST, AT(teams), "groups that get a right, as group:permission" },
	{ "visibility", 0, FLAG_CUSTOM, AT(visibility), "who may see the repository",
	  .fallback = "private", .type = &visibility_type, .choices = "public internal private" },
	{ 0 },
};

static const struct flag bitbucket_flags[] = {
	{ "group", 0, FLAG_LIST, AT(teams), "groups that get a right, as group:permission" },
	PROVIDER_FLAGS(NULL),
	{ "private", 0, FLAG_BOOL, AT(private), "make the repository a private one",
	  .fallback = "true" },
	{ "username", 'u', FLAG_STRING, AT(username), "user that the token is of",
	  .fallback = "git" },
	{ 0 },
};

#undef AT

#define TEXT(provider)                                                                          \
	"Make a repository at " provider " where there is none, commit rill's manifests to it,\n" \
	"install them, and let the cluster follow the repository with a deploy key of its own."

const struct command bootstrap_github_command = {
	.use = "github",
	.brief = "Let the cluster follow a repository at GitHub",
	.text = TEXT("GitHub"),
	.example = "  # A private repository of an organisation, with the token in $GITHUB_TOKEN\n"
		   "  flux bootstrap github --owner=org --repository=fleet --path=clusters/production\n\n"
		   "  # One of your own\n"
		   "  flux bootstrap github --owner=me --repository=fleet --personal",
	.flags = github_flags,
	.options = sizeof(struct provider_options),
	.run = run_github,
};

const struct command bootstrap_gitlab_command = {
	.use = "gitlab",
	.brief = "Let the cluster follow a repository at GitLab",
	.text = TEXT("GitLab"),
	.example = "  flux bootstrap gitlab --owner=group --repository=fleet --path=clusters/production",
	.flags = gitlab_flags,
	.options = sizeof(struct provider_options),
	.run = run_gitlab,
};

const struct command bootstrap_gitea_command = {
	.use = "gitea",
	.brief = "Let the cluster follow a repository at Gitea",
	.text = TEXT("Gitea"),
	.example = "  flux bootstrap gitea --hostname=git.example.com --owner=org --repository=fleet",
	.flags = gitea_flags,
	.options = sizeof(struct provider_options),
	.run = run_gitea,
};

const struct command bootstrap_bitbucket_command = {
	.use = "bitbucket-server",
	.brief = "Let the cluster follow a repository at Bitbucket Server",
	.text = TEXT("Bitbucket Server"),
	.example = "  flux bootstrap bitbucket-server --hostname=git.example.com --owner=PROJECT \\\n"
		   "    --repository=fleet --username=me",
	.flags = bitbucket_flags,
	.options = sizeof(struct provider_options),
	.run = run_bitbucket,
};
