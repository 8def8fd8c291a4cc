/* AWS KMS, with credentials of the Secret, and a role on top where the file says so. */
#include <unistd.h>

#include "base/clock.h"
#include "crypto/sha256.h"
#include "crypto/sigv4.h"
#include "sops/impl.h"
#include "text/base64.h"
#include "text/gourl.h"
#include "value/json.h"
#include "value/yaml.h"

err *sops_aws_import(struct sops_keys *k, str text)
{
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET(16 << 20);
	node n;
	err *e = yaml_read(&a, text, YAML_SIGS, &n);

	if (!e && n.kind != NODE_MAP && !node_is_nil(n))
		e = err_new(ERR_INVALID, "error unmarshaling JSON: json: cannot unmarshal %s into Go "
					 "value of type struct", node_kind_name(n));
	if (e)
		return err_wrap(e, "failed to unmarshal AWS credentials file");
	k->aws = (struct sops_aws){
		.id = arena_str(&k->mem, node_str(node_get(n, S("aws_access_key_id")))),
		.secret = sops_keys_keep(k, node_str(node_get(n, S("aws_secret_access_key")))),
		.session = sops_keys_keep(k, node_str(node_get(n, S("aws_session_token")))),
	};
	k->has_aws = true;
	return NULL;
}

/* "arn:aws:kms:REGION:ACCOUNT:key/ID"; `*suffix` is the partition's domain. */
static err *read_arn(str arn, str *region, str *suffix)
{
	str parts[5], rest = arn;
	bool good = true;

	for (size_t i = 0; i < 5; i++)
		good = good && str_cut(&rest, &parts[i], ':');
	good = good && str_eq(parts[0], S("arn")) && str_starts(parts[1], S("aws")) &&
	       str_eq(parts[2], S("kms")) && parts[3].n &&
	       (str_starts(rest, S("key/")) || str_starts(rest, S("alias/")));
	/* The region becomes part of a host's name. */
	for (size_t i = 0; good && i < parts[3].n; i++)
		good = (parts[3].p[i] >= 'a' && parts[3].p[i] <= 'z') ||
		       (parts[3].p[i] >= '0' && parts[3].p[i] <= '9') || parts[3].p[i] == '-';
	if (!good)
		return err_new(ERR_INVALID, "no valid ARN found in '%.*s'",
			       STR_ARG(str_sub(arn, 0, 300)));
	*region = parts[3];
	*suffix = str_eq(parts[1], S("aws-cn")) ? S("amazonaws.com.cn") : S("amazonaws.com");
	return NULL;
}

/* Of the caller's own identity: {"AccessKeyId": ..., ...}. */
static err *provided(struct sops_keys *k, struct arena *a, str region, struct sops_aws *out)
{
	str text;
	node n;

	err *e = k->o.cloud_token(k->o.ctx, a,
				  &(struct sops_cloud){ .kind = "aws", .region = region }, &text);

	if (e)
		return err_wrap(e, "failed to decrypt sops data key with AWS KMS: operation error KMS: "
				   "Decrypt, get identity: get credentials: failed to refresh cached "
				   "credentials");
	TRY(json_read(a, text, NULL, &n));
	*out = (struct sops_aws){ node_str(node_get(n, S("AccessKeyId"))),
				  node_str(node_get(n, S("SecretAccessKey"))),
				  node_str(node_get(n, S("SessionToken"))) };
	return NULL;
}

static err *credentials(struct sops_keys *k, struct arena *a, str region, struct sops_aws *out)
{
	if (!k->has_aws && k->o.cloud_token)
		return provided(k, a, region, out);
	if (!k->has_aws)
		return err_new(ERR_NOT_FOUND,
			       "no AWS credentials: the Secret of spec.decryption.secretRef has no "
			       "'sops.aws-kms'");
	if (!k->aws.id.n || !k->aws.secret.n)
		return err_new(ERR_INVALID, "static credentials are empty");
	*out = k->aws;
	return NULL;
}

struct call {
	str url, host, service, region, type, target, body;
	const struct sops_aws *as;
};

static err *send(struct sops_keys *k, struct arena *a, const struct call *c,
		 struct sops_answer *out)
{
	char hash[SHA256_HEX + 1];
	str date = sigv4_date(a, clock_wall() / CLOCK_SECOND), authorization;
	struct sigv4_header signed_[5];
	struct net_header headers[5];
	size_t n = 0, h = 0;

	sha256_hex(c->body, hash);
	signed_[n++] = (struct sigv4_header){ S("content-type"), c->type };
	signed_[n++] = (struct sigv4_header){ S("host"), c->host };
	signed_[n++] = (struct sigv4_header){ S("x-amz-date"), date };
	if (c->as->session.n)
		signed_[n++] = (struct sigv4_header){ S("x-amz-security-token"), c->as->session };
	if (c->target.n)
		signed_[n++] = (struct sigv4_header){ S("x-amz-target"), c->target };
	TRY(sigv4_sign(a, &(struct sigv4_request){ .method = S("POST"), .path = S("/"),
						   .headers = signed_, .headers_n = n,
						   .body_hash = str_c(hash), .region = c->region,
						   .service = c->service, .date = date,
						   .id = c->as->id, .secret = c->as->secret },
		       &authorization));
	for (size_t i = 2; i < n; i++)
		headers[h++] = (struct net_header){ signed_[i].name, signed_[i].value };
	headers[h++] = (struct net_header){ S("Authorization"), authorization };
	return sops_http_post(k, a,
			      &(struct sops_http){ .url = c->url, .body = c->body, .type = c->type,
						   .headers = headers, .headers_n = h },
			      out);
}

/* Where to: the endpoint that was given, or the service's in its region. */
static err *aim(struct arena *a, struct call *c, str given, str region, str suffix)
{
	struct gourl url;

	c->region = region;
	c->url = given.n ? arena_cat(a, str_trim_right_set(given, S("/")), S("/"))
			 : arena_cat(a, S("https://"), c->service, S("."), region, S("."), suffix,
				     S("/"));
	TRY(gourl_parse(a, c->url, &url));
	c->host = url.host;
	return NULL;
}

/* ---- roles --------------------------------------------------------------- */

static str between(str text, str begin, str end)
{
	size_t from = str_find(text, begin);

	if (from == STR_NPOS)
		return STR_NONE;
	text = str_from(text, from + begin.n);
	size_t to = str_find(text, end);

	return to == STR_NPOS ? STR_NONE : str_sub(text, 0, to);
}

static str session_name(struct arena *a)
{
	char host[256] = "";
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	gethostname(host, sizeof host - 1);
	buf_add(&b, S("sops@"));
	for (const char *p = host; *p && b.n < 64; p++)
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
		    *p == '.' || *p == '-' || *p == '_')
			buf_addc(&b, *p);
	return arena_str(a, buf_str(&b));
}

static err *assume(struct sops_keys *k, struct arena *a, str role, str region, str suffix,
		   struct sops_aws *as)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT;
	struct call c = { .service = S("sts"), .as = as,
			  .type = S("application/x-www-form-urlencoded") };
	struct sops_answer got;

	buf_add(&body, S("Action=AssumeRole&RoleArn="));
	gourl_escape_query(&body, role);
	buf_add(&body, S("&RoleSessionName="));
	gourl_escape_query(&body, session_name(a));
	buf_add(&body, S("&Version=2011-06-15"));
	c.body = buf_str(&body);
	TRY(aim(a, &c, k->o.endpoints.aws_sts, region, suffix));
	TRY(send(k, a, &c, &got));
	struct sops_aws next = { between(got.text, S("<AccessKeyId>"), S("</AccessKeyId>")),
				 between(got.text, S("<SecretAccessKey>"), S("</SecretAccessKey>")),
				 between(got.text, S("<SessionToken>"), S("</SessionToken>")) };

	if (got.status != 200 || !next.id.n || !next.secret.n)
		return err_new(ERR_FORBIDDEN,
			       "operation error STS: AssumeRole, https response error StatusCode: %d, "
			       "RequestID: %.*s, api error %.*s: %.*s",
			       got.status, STR_ARG(got.request_id),
			       STR_ARG(between(got.text, S("<Code>"), S("</Code>"))),
			       STR_ARG(between(got.text, S("<Message>"), S("</Message>"))));
	*as = next;
	return NULL;
}

/* ---- KMS ----------------------------------------------------------------- */

static err *refused(const struct sops_answer *got)
{
	str type = sops_http_text(got->json, "__type"), message = sops_http_text(got->json, "message");
	size_t mark = str_rfind_char(type, '#');

	if (mark != STR_NPOS)
		type = str_from(type, mark + 1);
	if (str_eq(message, S("?")))
		message = sops_http_text(got->json, "Message");
	bool plain = str_ends(type, S("Exception")) && !str_starts(type, S("AccessDenied")) &&
		     !str_starts(type, S("UnrecognizedClient"));

	return err_new(got->status < 500 ? ERR_FORBIDDEN : ERR_UNAVAILABLE,
		       "operation error KMS: Decrypt, https response error StatusCode: %d, "
		       "RequestID: %.*s, %s%.*s: %.*s",
		       got->status, STR_ARG(got->request_id), plain ? "" : "api error ",
		       STR_ARG(type), STR_ARG(message));
}

static err *write_body(struct arena *a, const struct sops_master *m, struct buf *body)
{
	node o = node_map(a, 3), context = node_map(a, m->context_n);

	node_set(a, o, S("CiphertextBlob"), node_from_str(a, m->enc));
	for (size_t i = 0; i < m->context_n; i++)
		node_set(a, context, m->context[i].key, node_from_str(a, m->context[i].value));
	if (m->context_n)
		node_set(a, o, S("EncryptionContext"), context);
	node_set(a, o, S("KeyId"), node_from_str(a, m->name));
	return json_write(body, o, NULL);
}

static err *decrypt(struct sops_keys *k, struct arena *a, const struct sops_master *m, str region,
		    str suffix, const struct sops_aws *as, struct buf *out)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT;
	struct call c = { .service = S("kms"), .as = as, .target = S("TrentService.Decrypt"),
			  .type = S("application/x-amz-json-1.1") };
	struct sops_answer got;

	TRY(write_body(a, m, &body));
	c.body = buf_str(&body);
	TRY(aim(a, &c, k->o.endpoints.aws, region, suffix));
	err *e = send(k, a, &c, &got);

	if (!e && got.status != 200)
		e = refused(&got);
	if (!e)
		e = base64_read(out, node_str(node_get(got.json, S("Plaintext"))), BASE64_STD);
	return e ? err_wrap(e, "failed to decrypt sops data key with AWS KMS") : NULL;
}

err *sops_aws_open(struct sops_keys *k, struct arena *a, const struct sops_master *m,
		   struct buf *out)
{
	CLEANUP(buf_release) struct buf blob = BUF_INIT;
	struct sops_aws as;
	str region, suffix;
	err *e = base64_read(&blob, m->enc, BASE64_STD);

	if (e)
		return err_replace(e, "error base64-decoding encrypted data key: %s", err_msg(e));
	TRY(read_arn(m->name, &region, &suffix));
	TRY(credentials(k, a, region, &as));
	if (m->address.n) {
		e = assume(k, a, m->address, region, suffix, &as);
		if (e)
			return err_wrap(e, "failed to assume role '%.*s'", STR_ARG(m->address));
	}
	return decrypt(k, a, m, region, suffix, &as, out);
}
