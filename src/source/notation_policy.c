#include "source/notation_impl.h"
#include "value/json.h"

enum { STATEMENTS_MAX = 1000 };

/* ---- levels ------------------------------------------------------------------ */

static err *read_level(node verification, struct notation_policy *out)
{
	str level = node_str(node_get(verification, S("level")));
	bool strict = str_eq(level, S("strict")), permissive = str_eq(level, S("permissive"));

	out->skip = str_eq(level, S("skip"));
	if (!strict && !permissive && !out->skip && !str_eq(level, S("audit")))
		return err_new(ERR_INVALID, "invalid signature verification level \"%.*s\"",
			       STR_ARG(str_sub(level, 0, 60)));
	out->enforce_authenticity = strict || permissive;
	out->enforce_expiry = out->enforce_time = out->enforce_revocation = strict;
	return NULL;
}

static err *set_action(str type, str action, struct notation_policy *out)
{
	const struct {
		str type;
		bool *enforce;
	} types[] = {
		{ S("authenticity"), &out->enforce_authenticity },
		{ S("authenticTimestamp"), &out->enforce_time },
		{ S("expiry"), &out->enforce_expiry },
		{ S("revocation"), &out->enforce_revocation },
	};
	bool enforce = str_eq(action, S("enforce")), skip = str_eq(action, S("skip"));

	if (str_eq(type, S("integrity")))
		return err_new(ERR_INVALID, "\"integrity\" verification can not be overridden in custom "
					    "signature verification");
	if (!enforce && !skip && !str_eq(action, S("log")))
		return err_new(ERR_INVALID,
			       "verification action \"%.*s\" in custom signature verification is "
			       "not supported", STR_ARG(str_sub(action, 0, 60)));
	if (skip && !str_eq(type, S("revocation")))
		return err_new(ERR_INVALID,
			       "\"%.*s\" verification can not be skipped in custom signature verification",
			       STR_ARG(str_sub(type, 0, 60)));
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (str_eq(type, types[i].type)) {
			*types[i].enforce = enforce;
			return NULL;
		}
	return err_new(ERR_INVALID,
		       "verification type \"%.*s\" in custom signature verification is not supported",
		       STR_ARG(str_sub(type, 0, 60)));
}

static err *read_override(node verification, struct notation_policy *out)
{
	node override = node_get(verification, S("override"));

	if (out->skip && node_len(override))
		return err_new(ERR_INVALID, "signature verification level \"skip\" can't be used to "
					    "customize signature verification");
	node_each_pair(p, override)
		TRY(set_action(node_str(p->key), node_str(p->value), out));
	return NULL;
}

/* ---- statements --------------------------------------------------------------- */

static bool has_scope(node statement, str scope)
{
	node_each_item(i, node_get(statement, S("registryScopes")))
		if (str_eq(node_str(*i), scope))
			return true;
	return false;
}

static err *read_store(str text, struct notation_policy *out)
{
	str type, name;

	if (!str_split(text, ':', &type, &name))
		return err_new(ERR_INVALID,
			       "trust policy statement \"%.*s\" has malformed trust store value \"%.*s\". "
			       "The required format is <TrustStoreType>:<TrustStoreName>",
			       STR_ARG(out->name), STR_ARG(str_sub(text, 0, 100)));
	if (str_eq(type, S("ca")))
		out->plain = true;
	else if (str_eq(type, S("signingAuthority")))
		out->authority = true;
	else if (str_eq(type, S("tsa")))
		out->stamps = true;
	else
		return err_new(ERR_INVALID,
			       "trust policy statement \"%.*s\" uses an unsupported trust store type "
			       "\"%.*s\" in trust store value \"%.*s\"",
			       STR_ARG(out->name), STR_ARG(str_sub(type, 0, 100)),
			       STR_ARG(str_sub(text, 0, 100)));
	return NULL;
}

static err *read_stores(node statement, struct notation_policy *out)
{
	node_each_item(i, node_get(statement, S("trustStores")))
		TRY(read_store(node_str(*i), out));
	if (out->plain || out->authority)
		return NULL;
	return err_new(ERR_INVALID,
		       "trust policy statement \"%.*s\" is either missing trust stores or trusted "
		       "identities, both must be specified", STR_ARG(out->name));
}

static err *read_stamping(node verification, struct notation_policy *out)
{
	str when = node_str(node_get(verification, S("verifyTimestamp")));

	out->stamp_when_expired = str_eq(when, S("afterCertExpiry"));
	if (!when.n || out->stamp_when_expired || str_eq(when, S("always")))
		return NULL;
	return err_new(ERR_INVALID,
		       "trust policy statement \"%.*s\" has invalid signatureVerification: "
		       "verifyTimestamp must be \"always\" or \"afterCertExpiry\", but got \"%.*s\"",
		       STR_ARG(out->name), STR_ARG(str_sub(when, 0, 60)));
}

static err *read_statement(node statement, struct notation_policy *out)
{
	node verification = node_get(statement, S("signatureVerification"));

	*out = (struct notation_policy){ .name = node_str(node_get(statement, S("name"))),
					 .identities = node_get(statement, S("trustedIdentities")) };
	TRY(read_level(verification, out));
	TRY(read_override(verification, out));
	TRY(read_stamping(verification, out));
	return out->skip ? NULL : read_stores(statement, out);
}

err *notation_policy_find(struct arena *a, str json, str repository, struct notation_policy *out)
{
	node doc, all = NODE_NOTHING, found = NODE_NOTHING;

	if (json.n > NOTATION_POLICY_MAX)
		return err_new(ERR_INVALID, "trustpolicy.json is larger than %d bytes",
			       NOTATION_POLICY_MAX);
	err *e = json_read(a, json, NULL, &doc);

	if (e)
		return err_wrap(e, "error occurred while parsing trustpolicy.json");
	if (!str_eq(node_str(node_get(doc, S("version"))), S("1.0")))
		return err_new(ERR_INVALID, "oci trust policy document uses unsupported version \"%.*s\"",
			       STR_ARG(str_sub(node_str(node_get(doc, S("version"))), 0, 40)));
	node list = node_get(doc, S("trustPolicies"));

	for (size_t i = 0; i < node_len(list) && i < STATEMENTS_MAX; i++) {
		if (has_scope(node_at(list, i), repository))
			found = node_at(list, i);
		else if (has_scope(node_at(list, i), S("*")))
			all = node_at(list, i);
	}
	if (node_is_nil(found))
		found = all;
	if (node_is_nil(found))
		return err_new(ERR_FORBIDDEN,
			       "artifact \"%.*s\" has no applicable oci trust policy statement",
			       STR_ARG(repository));
	return read_statement(found, out);
}

/* ---- identities ---------------------------------------------------------------- */

/* "C=US, O=a\, b": one attribute off the front. */
static bool take_attribute(struct arena *a, str *s, struct cert_field *out)
{
	CLEANUP(buf_release) struct buf value = BUF_INIT;
	str name, rest;
	size_t i = 0;

	*s = str_trim(*s);
	if (!s->n || !str_split(*s, '=', &name, &rest))
		return false;
	for (; i < rest.n && rest.p[i] != ',' && rest.p[i] != '+'; i++) {
		if (rest.p[i] == '\\' && i + 1 < rest.n)
			i++;
		buf_addc(&value, rest.p[i]);
	}
	*s = str_from(rest, i + 1);
	out->type = str_trim(name);
	if (str_eq(out->type, S("S")))
		out->type = S("ST");
	out->value = arena_str(a, str_trim(buf_str(&value)));
	return true;
}

static bool has_field(const struct cert_field *fields, size_t n, const struct cert_field *f)
{
	size_t seen = 0;
	bool same = false;

	for (size_t i = 0; i < n; i++)
		if (str_eq_nocase(fields[i].type, f->type)) {
			seen++;
			same = str_eq(fields[i].value, f->value);
		}
	return seen == 1 && same;
}

static bool is_identity(struct arena *a, str text, const struct cert_field *fields, size_t n)
{
	struct cert_field f;
	size_t attributes = 0;

	if (!str_take_str(&text, S("x509.subject:")))
		return false;
	while (take_attribute(a, &text, &f)) {
		if (!has_field(fields, n, &f))
			return false;
		attributes++;
	}
	return attributes > 0 && !str_trim(text).n;
}

err *notation_policy_check(struct arena *a, const struct notation_policy *p, const struct cert *c)
{
	struct cert_field *fields;
	size_t n;

	TRY(cert_subject(a, c, &fields, &n));
	node_each_item(i, p->identities)
		if (str_eq(node_str(*i), S("*")) || is_identity(a, node_str(*i), fields, n))
			return NULL;
	return err_new(ERR_FORBIDDEN,
		       "signing certificate from the digital signature does not match the X.509 trusted "
		       "identities defined in the trust policy \"%.*s\"", STR_ARG(p->name));
}
