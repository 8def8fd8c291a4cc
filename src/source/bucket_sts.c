/* bucket_sts - temporary keys of an STS server. */
#include "base/clock.h"
#include "source/bucket_impl.h"
#include "source/xmlread.h"

enum { ANSWER_MAX = 1 << 20 };

struct reading {
	struct bucket_login keys;
	str code, message;
};

static err *read_leaf(void *ctx, str path, bool leaf, str text)
{
	struct reading *r = ctx;
	const struct {
		const char *path;
		str *to;
	} leaves[] = {
		{ "AssumeRoleWithLDAPIdentityResponse/AssumeRoleWithLDAPIdentityResult/Credentials/"
		  "AccessKeyId", &r->keys.id },
		{ "AssumeRoleWithLDAPIdentityResponse/AssumeRoleWithLDAPIdentityResult/Credentials/"
		  "SecretAccessKey", &r->keys.secret },
		{ "AssumeRoleWithLDAPIdentityResponse/AssumeRoleWithLDAPIdentityResult/Credentials/"
		  "SessionToken", &r->keys.session },
		{ "ErrorResponse/Error/Code", &r->code },
		{ "ErrorResponse/Error/Message", &r->message },
	};

	for (size_t i = 0; leaf && i < sizeof leaves / sizeof *leaves; i++)
		if (str_eq(path, str_c(leaves[i].path)))
			*leaves[i].to = text;
	return NULL;
}

static void add_pair(struct buf *b, const char *name, str value)
{
	buf_addf(b, "%s%s=", b->n ? "&" : "", name);
	gourl_escape_query(b, value);
}

static err *post(const struct bucket_sts *s, struct net_response *r)
{
	static const struct net_header type = { S("Content-Type"),
						S("application/x-www-form-urlencoded") };
	CLEANUP(buf_release) struct buf form = BUF_INIT;

	add_pair(&form, "Action", S("AssumeRoleWithLDAPIdentity"));
	add_pair(&form, "LDAPPassword", s->password);
	add_pair(&form, "LDAPUsername", s->user);
	add_pair(&form, "Version", S("2011-06-15"));
	return net_do(s->net,
		      &(struct net_request){ .method = S("POST"),
					     .url = s->endpoint,
					     .headers = &type,
					     .headers_n = 1,
					     .body = buf_str(&form),
					     .tls = s->tls,
					     .proxy = s->proxy,
					     .cancel = s->cancel,
					     .timeout = s->timeout,
					     .no_redirect = true,
					     .max_body = ANSWER_MAX },
		      r);
}

err *bucket_sts_ldap(struct arena *a, const struct bucket_sts *s, struct bucket_login *out)
{
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	struct reading answer = { 0 };

	TRY(post(s, &r));
	err *e = xmlread(a, arena_str(a, buf_str(&r.body)), read_leaf, &answer);

	if (r.status != 200) {
		err_free(e);
		return err_new(ERR_FORBIDDEN, "%.*s",
			       STR_ARG(answer.message.n ? answer.message
				       : answer.code.n  ? answer.code
							: net_response_status(a, &r)));
	}
	if (e)
		return e;
	if (!answer.keys.id.n || !answer.keys.secret.n)
		return err_new(ERR_INVALID, "the STS server gave no credentials");
	*out = answer.keys;
	return NULL;
}
