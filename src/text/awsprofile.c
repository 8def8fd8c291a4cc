#include "text/awsprofile.h"

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
		{ "web_identity_token_file", &p->token_file },
	};
	static const char *const others[] = { "source_profile",     "credential_source",
					      "credential_process", "sso_session",
					      "sso_start_url",      "login_session" };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_eq_nocase(key, str_c(known[i].key)))
			*known[i].to = arena_str(a, value);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (str_eq_nocase(key, str_c(others[i])))
			p->other = str_c(others[i]);
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
