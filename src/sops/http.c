#include "base/clock.h"
#include "sops/impl.h"
#include "value/json.h"

enum { ANSWER_MAX = 1 << 20, HEADERS_MAX = 16 };
#define SERVICE_TIME (30 * CLOCK_SECOND)

err *sops_http_post(struct sops_keys *k, struct arena *a, const struct sops_http *h,
		    struct sops_answer *out)
{
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	struct net_header headers[HEADERS_MAX + 1];
	int64_t left = k->o.deadline ? k->o.deadline - clock_mono() : SERVICE_TIME;
	size_t n = 0;

	if (!k->o.net)
		return err_new(ERR_UNAVAILABLE, "key services are not asked: no network");
	if (left < CLOCK_MS)
		return err_new(ERR_TIMEOUT, "context deadline exceeded");
	headers[n++] = (struct net_header){ S("Content-Type"), h->type.n ? h->type
								       : S("application/json") };
	for (size_t i = 0; i < h->headers_n && n < HEADERS_MAX; i++)
		headers[n++] = h->headers[i];
	TRY(net_do(h->named && k->o.outer ? k->o.outer : k->o.net,
		   &(struct net_request){ .method = S("POST"),
					  .url = h->url,
					  .headers = headers,
					  .headers_n = n,
					  .body = h->body,
					  .token = h->token,
					  .no_redirect = true,
					  .timeout = left < SERVICE_TIME ? left : SERVICE_TIME,
					  .max_body = ANSWER_MAX,
					  .cancel = k->o.cancel },
		   &r));
	*out = (struct sops_answer){
		.status = r.status,
		.text = arena_str(a, buf_str(&r.body)),
		.request_id = arena_str(a, net_response_header(&r, S("x-amzn-RequestId"))),
	};
	err *e = json_read(a, out->text, NULL, &out->json);

	if (r.body.p)
		explicit_bzero(r.body.p, r.body.n);
	if (e)
		out->json = NODE_NOTHING;
	err_free(e);
	return NULL;
}

str sops_http_text(node n, const char *key)
{
	node found = node_get(n, str_c(key));

	return found.kind == NODE_STR && node_str(found).n ? str_sub(node_str(found), 0, 500)
							   : S("?");
}
