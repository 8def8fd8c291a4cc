#include "text/awsprofile.h"

#include "base/fs.h"
#include "text/path.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_blank_before(str s, size_t i)
{
	return i == 0 || is_blank(s.p[i - 1]);
}

/* Up to a '#' or ';' that stands alone or begins a word. */
static str without_comment(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] == '#' || s.p[i] == ';') && is_blank_before(s, i))
			return str_sub(s, 0, i);
	return s;
}

/* "[profile x]" of the config, "[x]" of the credentials. */
static bool is_section(str line, str name, bool config)
{
	str inner, rest;

	if (!str_take(&line, '[') || !str_split(line, ']', &inner, &rest))
		return false;
	inner = str_trim(inner);
	if (config && str_starts(inner, S("profile")) && inner.n > 7 && is_blank(inner.p[7]))
		return str_eq(str_trim(str_from(inner, 7)), name);
	return str_eq(inner, name) && (!config || str_eq(name, S("default")));
}

static void set(struct arena *a, struct awsprofile *p, str key, str value)
{
	const struct {
		const char *key;
		str *to;
	} known[] = {
		{ "aws_access_key_id", &p->id },
		{ "aws_secret_access_key", &p->secret },
		{ "aws_session_token", &p->session },
		{ "region", &p->region },
		{ "role_arn", &p->role_arn },
		{ "role_session_name", &p->role_session },
		{ "duration_seconds", &p->role_seconds },
		{ "external_id", &p->external_id },
		{ "mfa_serial", &p->mfa_serial },
		{ "web_identity_token_file", &p->token_file },
		{ "credential_source", &p->credential_source },
		{ "credential_process", &p->process },
		{ "source_profile", &p->source_name },
	};
	static const char *const logins[] = { "sso_session", "sso_start_url", "sso_account_id",
					      "sso_role_name", "login_session" };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_eq_nocase(key, str_c(known[i].key)))
			*known[i].to = arena_str(a, value);
	for (size_t i = 0; i < sizeof logins / sizeof *logins; i++)
		if (str_eq_nocase(key, str_c(logins[i])) && value.n)
			p->login = str_c(logins[i]);
}

void awsprofile_read(struct arena *a, struct awsprofile *p, str text, str name, bool config)
{
	str line, key, value;
	bool inside = false;

	if (!name.n)
		name = S("default");
	while (str_line(&text, &line)) {
		if (!line.n || is_blank(line.p[0]) || line.p[0] == '#' || line.p[0] == ';')
			continue;
		if (line.p[0] == '[') {
			inside = is_section(line, name, config);
			p->found |= inside;
		} else if (inside && str_split(line, '=', &key, &value)) {
			set(a, p, str_trim(key), str_trim(without_comment(value)));
		}
	}
}

/* ---- the profile of an environment ------------------------------------------------ */

struct loading {
	struct arena *a;
	str config, credentials;
	str seen[AWSPROFILE_CHAIN_MAX];
	size_t n;
};

static bool has_keys(const struct awsprofile *p)
{
	return p->id.n && p->secret.n;
}

static bool has_credentials(const struct awsprofile *p)
{
	return p->source_name.n || p->credential_source.n || p->process.n || p->token_file.n ||
	       p->login.n || has_keys(p);
}

static bool was_seen(const struct loading *l, str name)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->seen[i], name))
			return true;
	return false;
}

static void drop_role(struct awsprofile *p)
{
	p->role_arn = p->external_id = p->mfa_serial = p->role_session = p->source_name = STR_NONE;
}

static void drop_credentials(struct awsprofile *p)
{
	p->credential_source = p->process = p->token_file = p->login = STR_NONE;
	p->id = p->secret = p->session = STR_NONE;
}

/* What takes a role must name it. */
static err *check_role(const struct awsprofile *p, str name)
{
	const char *type = p->source_name.n	    ? "source_profile"
			   : p->credential_source.n ? "credential_source"
			   : p->token_file.n	    ? "web_identity_token_file"
						    : NULL;

	if (!type || p->role_arn.n)
		return NULL;
	return err_new(ERR_INVALID, "credential type %s requires role_arn, profile %.*s", type,
		       STR_ARG(name));
}

static err *check_one_type(const struct awsprofile *p)
{
	if ((p->source_name.n > 0) + (p->credential_source.n > 0) + (p->process.n > 0) +
		    (p->token_file.n > 0) <=
	    1)
		return NULL;
	return err_new(ERR_INVALID, "only one credential type may be specified per profile: source "
				    "profile, credential source, credential process, web identity token");
}

/* Not found is no error. */
static err *load(struct loading *l, str name, struct awsprofile *p)
{
	*p = (struct awsprofile){ 0 };
	awsprofile_read(l->a, p, l->config, name, true);
	awsprofile_read(l->a, p, l->credentials, name, false);
	if (!p->found)
		return NULL;
	if (was_seen(l, name))
		drop_role(p); /* that of the first time; here it gives its keys */
	else
		TRY(check_role(p, name));
	if (l->n && has_keys(p))
		return NULL;
	if (l->n == AWSPROFILE_CHAIN_MAX)
		return err_new(ERR_INVALID,
			       "more than %d profiles of the shared config take their keys from each "
			       "other", AWSPROFILE_CHAIN_MAX);
	l->seen[l->n++] = name;
	TRY(check_one_type(p));
	if (!p->source_name.n)
		return NULL;
	drop_credentials(p);
	struct awsprofile *source = arena_new(l->a, struct awsprofile);

	TRY(load(l, p->source_name, source));
	p->source = source;
	if (has_credentials(source))
		return NULL;
	return err_new(ERR_NOT_FOUND, "failed to load assume role %.*s, of profile %.*s, %s%.*s",
		       STR_ARG(p->role_arn), STR_ARG(p->source_name),
		       source->found ? "<nil>" : "failed to get shared config profile, ",
		       STR_ARG(source->found ? STR_NONE : p->source_name));
}

static str read_shared(struct arena *a, str path, str home, str usual)
{
	str text = STR_NONE;

	if (!path.n && home.n)
		path = path_join(a, home, usual);
	if (path.n)
		err_free(fs_read_any(a, path, AWSPROFILE_FILE_MAX, &text));
	return text;
}

err *awsprofile_load(struct arena *a, str (*get)(const void *ctx, const char *name),
		     const void *ctx, struct awsprofile *out)
{
	str named = get(ctx, "AWS_PROFILE"), home = get(ctx, "HOME");
	str name = named.n ? named : get(ctx, "AWS_DEFAULT_PROFILE");
	struct loading l = {
		.a = a,
		.config = read_shared(a, get(ctx, "AWS_CONFIG_FILE"), home, S(".aws/config")),
		.credentials = read_shared(a, get(ctx, "AWS_SHARED_CREDENTIALS_FILE"), home,
					   S(".aws/credentials")),
	};

	TRY(load(&l, name.n ? name : S("default"), out));
	if (named.n && !out->found)
		return err_new(ERR_NOT_FOUND, "failed to get shared config profile, %.*s",
			       STR_ARG(named));
	return NULL;
}
