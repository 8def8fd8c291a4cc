#include "source/ociauth.h"

#include "base/ascii.h"
#include "base/clock.h"
#include "base/proc.h"
#include "base/sort.h"
#include "text/base64.h"
#include "text/glob.h"
#include "text/gourl.h"
#include "value/json.h"

enum { HELPER_OUT_MAX = 1 << 20 };
#define HELPER_TIMEOUT (30 * CLOCK_SECOND)

/* ---- keys -------------------------------------------------------------------- */

/* Docker Hub's names for itself. */
static str canonical_host(str host)
{
	static const char *const hub[] = { "docker.io", "registry-1.docker.io" };

	for (size_t i = 0; i < sizeof hub / sizeof *hub; i++)
		if (str_eq(host, str_c(hub[i])))
			return S("index.docker.io");
	return host;
}

/* "https://index.docker.io/v1/", "ghcr.io", "host:5000/org": a host and a
 * path; /v1/ and /v2/ in front of the path mean nothing. */
static void read_key(str key, struct ociauth_entry *out)
{
	size_t slash;

	if (!str_take_str(&key, S("https://")))
		str_take_str(&key, S("http://"));
	slash = str_find_char(key, '/');
	out->host = canonical_host(str_sub(key, 0, slash));
	out->path = slash == STR_NPOS ? STR_NONE : str_from(key, slash);
	if (str_starts(out->path, S("/v1/")) || str_starts(out->path, S("/v2/")))
		out->path = str_from(out->path, 3);
	out->path = str_trim_right_set(out->path, S("/"));
}

/* Names of hosts match part by part, so that * stands for one of them. */
static bool host_matches(str pattern, str host)
{
	str a, b, pattern_port, host_port, name_a, name_b;

	if (str_find_char(pattern, '*') == STR_NPOS)
		return str_eq_nocase(pattern, host);
	str_split(pattern, ':', &a, &pattern_port);
	str_split(host, ':', &b, &host_port);
	if (!str_eq(pattern_port, host_port) || str_count_char(a, '.') != str_count_char(b, '.'))
		return false;
	while (str_cut(&a, &name_a, '.') && str_cut(&b, &name_b, '.'))
		if (glob_match(name_a, name_b) != GLOB_YES)
			return false;
	return true;
}

/* "/org" covers "org" and "org/app", not "organ". */
static bool path_matches(str path, str repository)
{
	if (!path.n)
		return true;
	path = str_from(path, 1);
	return str_starts(repository, path) &&
	       (repository.n == path.n || repository.p[path.n] == '/');
}

static const struct ociauth_entry *find(const struct ociauth_config *c, const struct ociref *r)
{
	for (size_t i = 0; c && i < c->entries.n; i++) {
		const struct ociauth_entry *e = &c->entries.p[i];

		if (host_matches(e->host, canonical_host(r->registry)) &&
		    path_matches(e->path, r->repository))
			return e;
	}
	return NULL;
}

/* The longest path first; a name before a pattern. */
static int cmp_entries(const void *x, const void *y, void *ctx)
{
	const struct ociauth_entry *a = x, *b = y;
	bool glob_a = str_find_char(a->host, '*') != STR_NPOS;
	bool glob_b = str_find_char(b->host, '*') != STR_NPOS;

	(void)ctx;
	if (glob_a != glob_b)
		return glob_a ? 1 : -1;
	return (a->path.n < b->path.n) - (a->path.n > b->path.n);
}

/* ---- the configuration --------------------------------------------------------- */

/* "auth" is base64 of USER:PASSWORD. */
static err *decode_auth(struct arena *a, str text, struct ociauth *out)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(OCIAUTH_CONFIG_MAX);
	bool padded = str_ends(text, S("=")) || text.n % 4 == 0;
	err *e = base64_read(&b, text, padded ? BASE64_STD : BASE64_RAW_STD);
	str user, password;

	if (e)
		return err_wrap(e, "unable to decode auth field");
	if (!str_split(arena_str(a, buf_str(&b)), ':', &user, &password))
		return err_new(ERR_INVALID, "unable to decode auth field: must be formatted as "
					    "base64(username:password)");
	out->user = user;
	/* Docker once wrote NULs behind it. */
	out->password = str_trim_right_set(password, (str){ "\0", 1 });
	return NULL;
}

static err *read_entry(struct arena *a, node in, struct ociauth_entry *out)
{
	struct ociauth *auth = &out->auth;

	if (in.kind != NODE_MAP && !node_is_nil(in))
		return err_new(ERR_INVALID,
			       "json: cannot unmarshal %s into Go value of type "
			       "types.AuthConfig",
			       node_kind_name(in));
	auth->user = node_str(node_get(in, S("username")));
	auth->password = node_str(node_get(in, S("password")));
	auth->identity_token = node_str(node_get(in, S("identitytoken")));
	auth->registry_token = node_str(node_get(in, S("registrytoken")));
	str text = node_str(node_get(in, S("auth")));

	return text.n ? decode_auth(a, text, auth) : NULL;
}

static err *read_entries(struct arena *a, node in, struct ociauth_config *c)
{
	node auths = node_get(in, S("auths")), helpers = node_get(in, S("credHelpers"));

	if (node_len(auths) + node_len(helpers) > OCIAUTH_ENTRIES_MAX)
		return err_new(ERR_INVALID, "more than %d registries", OCIAUTH_ENTRIES_MAX);
	node_each_pair(p, auths) {
		struct ociauth_entry entry = { 0 };

		read_key(node_str(p->key), &entry);
		TRY(read_entry(a, p->value, &entry));
		/* With a helper, Docker leaves an empty entry behind. */
		if (!ociauth_is_nobody(&entry.auth))
			avec_push(a, &c->entries, entry);
	}
	node_each_pair(p, helpers) {
		struct ociauth_entry entry = { .helper = node_str(p->value) };

		read_key(node_str(p->key), &entry);
		avec_push(a, &c->entries, entry);
	}
	return NULL;
}

err *ociauth_add(struct arena *a, str json, struct ociauth_config *to)
{
	struct json_options o = { .max_depth = 100 };
	node in;

	if (json.n > OCIAUTH_CONFIG_MAX)
		return err_new(ERR_INVALID, "docker config is larger than %d bytes",
			       OCIAUTH_CONFIG_MAX);
	TRY(json_read(a, arena_str(a, json), &o, &in));
	if (in.kind != NODE_MAP)
		return err_new(ERR_INVALID,
			       "json: cannot unmarshal %s into Go value of type "
			       "configfile.ConfigFile",
			       node_kind_name(in));
	TRY(read_entries(a, in, to));
	if (to->entries.n)
		sort_stable(to->entries.p, to->entries.n, sizeof *to->entries.p, cmp_entries, NULL);
	if (!to->store.n)
		to->store = node_str(node_get(in, S("credsStore")));
	return NULL;
}

err *ociauth_read(struct arena *a, str json, struct ociauth_config *out)
{
	struct ociauth_config c = { 0 };

	TRY(ociauth_add(a, json, &c));
	*out = c;
	return NULL;
}

struct ociauth ociauth_find(const struct ociauth_config *c, const struct ociref *r)
{
	const struct ociauth_entry *e = find(c, r);

	return e ? e->auth : (struct ociauth){ 0 };
}

bool ociauth_is_nobody(const struct ociauth *auth)
{
	return !auth->user.n && !auth->password.n && !auth->identity_token.n &&
	       !auth->registry_token.n;
}

/* ---- helpers --------------------------------------------------------------------- */

static bool is_helper_char(char c)
{
	return ascii_is_lower(c) || ascii_is_digit(c) || c == '-' || c == '_';
}

static err *run_helper(struct arena *a, str helper, str server, const char *const *env,
		       struct ociauth *out)
{
	CLEANUP(proc_release) struct proc_result r = { 0 };
	str rest = helper;
	node in;

	if (str_span(&rest, is_helper_char).n != helper.n)
		return err_new(ERR_INVALID, "bad name of a credential helper: %.*s",
			       STR_ARG(helper));
	str name = arena_cat(a, S("docker-credential-"), helper);
	const char *argv[] = { name.p, "get", NULL };

	TRY(proc_run(&(struct proc_spec){ .argv = argv,
					  .env = env,
					  .input = server,
					  .max_out = HELPER_OUT_MAX,
					  .timeout = HELPER_TIMEOUT },
		     &r));
	err *e = proc_check(&r);

	if (e && str_has(buf_str(&r.out), S("credentials not found"))) {
		err_free(e);
		return NULL;
	}
	if (e)
		return err_replace(e, "error getting credentials - err: %s, out: `%.*s`",
				   err_msg(e), STR_ARG(str_trim(buf_str(&r.out))));
	TRY(json_read(a, arena_str(a, buf_str(&r.out)), NULL, &in));
	out->user = node_str(node_get(in, S("Username")));
	str secret = node_str(node_get(in, S("Secret")));

	if (str_eq(out->user, S("<token>"))) {
		out->user = STR_NONE;
		out->identity_token = secret;
	} else {
		out->password = secret;
	}
	return NULL;
}

err *ociauth_ask(struct arena *a, const struct ociauth_config *c, const struct ociref *r,
		 const char *const *env, struct ociauth *out)
{
	const struct ociauth_entry *e = find(c, r);
	str helper = e ? e->helper : c ? c->store : STR_NONE;
	struct ociauth auth = e ? e->auth : (struct ociauth){ 0 };

	if (helper.n) {
		bool hub = str_eq(r->registry, S("index.docker.io"));

		TRY(run_helper(a, helper, hub ? S("https://index.docker.io/v1/") : r->registry, env,
			       &auth));
	}
	*out = auth;
	return NULL;
}

/* ---- logging in and out ------------------------------------------------------------ */

static node make_entry(struct arena *a, const struct ociauth *auth)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node entry = node_map(a, 1);

	if (auth->identity_token.n) {
		node_set(a, entry, S("identitytoken"), node_copy_str(a, auth->identity_token));
		return entry;
	}
	base64_write(&b, arena_cat(a, auth->user, S(":"), auth->password), BASE64_STD);
	node_set(a, entry, S("auth"), node_copy_str(a, buf_str(&b)));
	return entry;
}

/* As Docker writes it. A blank at the start of a line is no part of a text. */
static void add_with_tabs(struct buf *out, str json)
{
	for (bool start = true; json.n; json = str_from(json, 1)) {
		char c = json.p[0];

		start = c == '\n' || (start && c == ' ');
		buf_addc(out, start && c == ' ' ? '\t' : c);
	}
}

err *ociauth_set(struct arena *a, str json, str registry, const struct ociauth *auth,
		 struct buf *out)
{
	struct json_style style = { .indent = 1, .raw_html = true, .source_order = true };
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(OCIAUTH_CONFIG_MAX);
	struct json_options o = { .max_depth = 100, .numbers = JSON_NUMBERS_TEXT };
	node in = node_map(a, 1);

	if (json.n > OCIAUTH_CONFIG_MAX)
		return err_new(ERR_INVALID, "docker config is larger than %d bytes",
			       OCIAUTH_CONFIG_MAX);
	if (str_trim(json).n)
		TRY(json_read(a, json, &o, &in));
	if (in.kind != NODE_MAP)
		return err_new(ERR_INVALID, "docker config is no JSON object");
	node auths = node_map_at(a, in, S("auths"));

	if (auth)
		node_set(a, auths, registry, make_entry(a, auth));
	else if (!node_remove(auths, registry))
		return err_new(ERR_NOT_FOUND, "not logged in");
	TRY(json_write(&b, in, &style));
	TRY(buf_check(&b, "docker config"));
	add_with_tabs(out, buf_str(&b));
	return NULL;
}

/* ---- challenges ---------------------------------------------------------------------- */

static bool is_token_char(char c)
{
	return ascii_is_digit(c) || ascii_is_lower((char)(c | 0x20)) || c == '-' || c == '_';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* name=value or name="value", with \ before any character in quotes. */
static bool take_parameter(struct arena *a, str *s, str *name, str *value)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	*name = str_span(s, is_token_char);
	str_span(s, is_blank);
	if (!name->n || !str_take(s, '='))
		return false;
	str_span(s, is_blank);
	if (!str_take(s, '"')) {
		size_t end = str_find_char(*s, ',');

		*value = str_trim(str_sub(*s, 0, end));
		*s = str_from(*s, end == STR_NPOS ? s->n : end);
		return true;
	}
	for (; s->n && s->p[0] != '"'; *s = str_from(*s, 1)) {
		if (s->p[0] == '\\' && s->n > 1)
			*s = str_from(*s, 1);
		buf_addc(&b, s->p[0]);
	}
	*value = arena_str(a, buf_str(&b));
	return str_take(s, '"');
}

static void keep_parameter(struct ociauth_challenge *c, str name, str value)
{
	if (str_eq_nocase(name, S("realm")))
		c->realm = value;
	else if (str_eq_nocase(name, S("service")))
		c->service = value;
	else if (str_eq_nocase(name, S("scope")))
		c->scope = value;
}

/* One scheme with its parameters; what follows them is the next scheme. */
static bool take_challenge(struct arena *a, str *s, struct ociauth_challenge *c, str *scheme)
{
	str name, value;

	*c = (struct ociauth_challenge){ 0 };
	*s = str_trim_left_set(*s, S(" \t,"));
	*scheme = str_span(s, is_token_char);
	if (!scheme->n)
		return false;
	for (;;) {
		str before;

		*s = str_trim_left_set(*s, S(" \t,"));
		before = *s;
		if (!take_parameter(a, s, &name, &value)) {
			*s = before;
			return true;
		}
		keep_parameter(c, name, value);
	}
}

bool ociauth_challenge_parse(struct arena *a, str header, struct ociauth_challenge *out)
{
	struct ociauth_challenge c;
	str scheme;

	while (take_challenge(a, &header, &c, &scheme)) {
		c.bearer = str_eq_nocase(scheme, S("bearer"));
		if (c.bearer ? c.realm.n > 0 : str_eq_nocase(scheme, S("basic"))) {
			*out = c;
			return true;
		}
	}
	return false;
}
