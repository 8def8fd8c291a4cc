#include "server/tokens.h"

#include "base/clock.h"
#include "server/access.h"
#include "server/check.h"
#include "server/issuer.h"
#include "server/meta.h"
#include "text/base64.h"

#define AGENT "kube-controller-manager"
#define ACCOUNT_NAME "kubernetes.io/service-account.name"
#define ACCOUNT_UID "kubernetes.io/service-account.uid"

enum { TOKEN_YEARS = 10 };

static str annotation(node object, str key)
{
	return text_of(node_dig(object, "metadata", "annotations"), key);
}

static bool is_token(node secret)
{
	return str_eq(TEXT_OF(secret, "type"), S("kubernetes.io/service-account-token"));
}

static bool names_account(const struct blob *b, const void *what)
{
	(void)what;
	return str_has(blob_meta(b, S("annotations")), S(ACCOUNT_NAME));
}

static void need_secrets_of(struct minder *m, const struct controller *c, const struct blob *account)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct minder_call look = { .minder = m, .server = minder_server(m), .arena = &a };

	node_each_item(s, minder_pick(&look, STR_NONE, S("secrets"), blob_namespace(account),
				      names_account, NULL))
		if (is_token(*s) && str_eq(annotation(*s, S(ACCOUNT_NAME)), blob_name(account)))
			minder_need(m, c,
				    &(struct minder_key){ blob_namespace(account), meta_get(*s, S("name")),
							  STR_NONE },
				    0);
}

static void tokens_see(struct minder *m, const struct controller *c, const struct store_event *e)
{
	if (minder_is(e, "/secrets") && e->change != STORE_DELETED)
		minder_need(m, c,
			    &(struct minder_key){ blob_namespace(e->now), blob_name(e->now), STR_NONE }, 0);
	else if (minder_is(e, "/serviceaccounts") && e->change != STORE_MODIFIED)
		need_secrets_of(m, c, e->now);
}

static void put_bytes(struct arena *a, node data, str key, str bytes)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	base64_write(&b, bytes, BASE64_STD);
	node_set(a, data, key, node_copy_str(a, buf_str(&b)));
}

/* A token that nothing vouches for any more is as good as none: it was made
 * with a key that this data directory had before. */
static bool is_filled(struct minder_call *c, node data)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT;
	err *e = base64_read(&token, TEXT_OF(data, "token"), BASE64_STD);
	bool filled = token.n && (e || !issuer_disowns(c->server, c->arena, buf_str(&token)));

	err_free(e);
	return filled;
}

static err *fill(struct minder_call *c, node secret, node account)
{
	struct arena *a = c->arena;
	int64_t now = clock_wall() / CLOCK_SECOND;
	str audience = S(ISSUER_URL), token;
	struct access_token t = { .namespace = c->key.namespace,
				  .name = meta_get(account, S("name")),
				  .uid = meta_get(account, S("uid")),
				  .audiences = &audience,
				  .audiences_n = 1,
				  .now = now,
				  .expires = now + (int64_t)TOKEN_YEARS * 365 * 24 * 3600 };
	node data = node_need_map(a, secret, S("data"));

	TRY(access_token_make(c->server, a, &t, &token));
	put_bytes(a, data, S("ca.crt"), server_ca(c->server));
	put_bytes(a, data, S("namespace"), c->key.namespace);
	put_bytes(a, data, S("token"), token);
	node_set(a, node_need_map(a, GET(secret, "metadata"), S("annotations")), S(ACCOUNT_UID),
		 node_from_str(a, t.uid));
	return minder_unless_gone(minder_write(
		c,
		&(struct minder_write){ .agent = AGENT,
					.method = S("PUT"),
					.path = minder_path(a, "v1", S("secrets"), c->key.namespace,
							    c->key.name, STR_NONE),
					.body = secret },
		NULL));
}

static err *tokens_run(struct minder_call *c, const struct controller *own)
{
	node secret = minder_get(c, STR_NONE, S("secrets"), c->key.namespace, c->key.name), account;
	str uid = annotation(secret, S(ACCOUNT_UID));

	(void)own;
	if (node_is(secret, NODE_NONE) || !is_token(secret) || meta_is_deleting(secret))
		return NULL;
	account = minder_get(c, STR_NONE, S("serviceaccounts"), c->key.namespace,
			     annotation(secret, S(ACCOUNT_NAME)));
	if (node_is(account, NODE_NONE) || (uid.n && !str_eq(uid, meta_get(account, S("uid")))))
		return minder_unless_gone(minder_write(
			c,
			&(struct minder_write){ .agent = AGENT,
						.method = S("DELETE"),
						.path = minder_path(c->arena, "v1", S("secrets"),
								    c->key.namespace, c->key.name, STR_NONE),
						.body = NODE_NOTHING },
			NULL));
	return is_filled(c, GET(secret, "data")) ? NULL : fill(c, secret, account);
}

const struct controller tokens_controller = { .name = AGENT, .sees = tokens_see, .run = tokens_run };
