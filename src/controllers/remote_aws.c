/* remote_aws - clusters at Amazon: the login is a signed request that the cluster makes
 * for us. */
#include "controllers/remote_impl.h"
#include "crypto/sha256.h"
#include "crypto/sigv4.h"
#include "text/base64.h"
#include "text/gourl.h"

/* So long EKS takes a signed request. */
#define LOGIN_TIME (15 * CLOCK_MINUTE)

static const char cluster_pattern[] =
	"^arn:aws[\\w-]*:eks:([^:]{1,100}):[0-9]{1,30}:cluster/(.{1,200})$";

struct eks {
	str region, name;
};

static err *parse_cluster(struct remote_login *l, struct arena *a, struct eks *out)
{
	str groups[2];

	TRY(cloud_match(a, "EKS cluster ARN", cluster_pattern, l->cluster, groups, 2));
	*out = (struct eks){ groups[0], groups[1] };
	return NULL;
}

static err *credential(struct remote_login *l, struct arena *a, const struct eks *k,
		       struct identity_token *out)
{
	return remote_identity(l, a, &(struct identity_need){ .region = k->region }, out);
}

/* ---- the cluster --------------------------------------------------------------------- */

static err *describe(struct remote_login *l, struct arena *a, const struct eks *k,
		     const struct identity_token *c, node *out)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;

	buf_add(&path, S("/clusters/"));
	gourl_escape_query(&path, k->name);
	return cloud_aws_ask(&l->who.cloud, a, &c->aws, S("eks"), k->region, STR_NONE,
			     &(struct cloud_ask){ .host = cloud_aws_host(a, S("eks"), k->region),
						  .path = buf_str(&path) },
			     out);
}

static err *connect(struct remote_login *l, struct arena *a, struct kubeconfig *out)
{
	str address = l->address;
	struct eks k;
	node cluster;

	TRY(parse_cluster(l, a, &k));
	out->ca = l->ca;
	if (!address.n || !l->ca.n) {
		struct identity_token c;

		TRY(credential(l, a, &k, &c));
		err *e = describe(l, a, &k, &c, &cluster);

		if (e)
			return err_wrap(e, "failed to describe EKS cluster '%.*s'",
					STR_ARG(l->cluster));
		if (!address.n)
			address = node_str(node_dig(cluster, "cluster", "endpoint"));
		if (!l->ca.n)
			e = cloud_take_ca(a, node_str(node_dig(cluster, "cluster",
								"certificateAuthority", "data")),
					   &out->ca);
		if (e)
			return err_wrap(e, "failed to decode EKS CA certificate");
	}
	return remote_address(a, address, &out->server);
}

/* ---- the login ------------------------------------------------------------------------- */

/* The URL by which whoever has it may ask, for so long, who we are. */
static err *presign(struct arena *a, const struct eks *k, const struct identity_token *c, str *url)
{
	char hash[SHA256_HEX + 1];
	str host = cloud_aws_host(a, S("sts"), k->region), date = sigv4_date(a, clock_wall() / CLOCK_SECOND);
	str signature, authorization;
	str scope = arena_cat(a, c->aws.id, S("/"), str_sub(date, 0, 8), S("/"), k->region,
			      S("/sts/aws4_request"));
	const struct sigv4_header headers[] = { { S("host"), host }, { S("x-k8s-aws-id"), k->name } };
	str query = cloud_form_of(a, S("Action"), S("GetCallerIdentity"), S("Version"),
				   S("2011-06-15"), S("X-Amz-Algorithm"), S("AWS4-HMAC-SHA256"),
				   S("X-Amz-Credential"), scope, S("X-Amz-Date"), date,
				   S("X-Amz-Expires"), S("900"), S("X-Amz-Security-Token"),
				   c->aws.session, S("X-Amz-SignedHeaders"), S("host;x-k8s-aws-id"));

	sha256_hex(STR_NONE, hash);
	TRY(sigv4_sign(a,
		       &(struct sigv4_request){ .method = S("GET"), .path = S("/"), .query = query,
						.headers = headers, .headers_n = 2,
						.body_hash = str_c(hash), .region = k->region,
						.service = S("sts"), .date = date, .id = c->aws.id,
						.secret = c->aws.secret },
		       &authorization));
	signature = str_from(authorization, str_find(authorization, S("Signature=")) +
						    strlen("Signature="));
	*url = arena_cat(a, S("https://"), host, S("/?"), query, S("&X-Amz-Signature="), signature);
	return NULL;
}

static err *token(struct remote_login *l, struct arena *a, str *out, int64_t *ends)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct identity_token c;
	struct eks k;
	str url;

	*ends = clock_wall() + LOGIN_TIME;
	TRY(parse_cluster(l, a, &k));
	TRY(credential(l, a, &k, &c));
	err *e = presign(a, &k, &c, &url);

	if (e)
		return err_wrap(e, "failed to presign GetCallerIdentity request");
	buf_add(&b, S("k8s-aws-v1."));
	base64_write(&b, url, BASE64_RAW_URL);
	*out = arena_str(a, buf_str(&b));
	if (c.ends < *ends)
		*ends = c.ends;
	return NULL;
}

const struct remote_provider remote_aws = { "aws", connect, token };
