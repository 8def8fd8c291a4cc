/* Whatever a key service answers, over HTTP: a letter for the service, one for the status,
 * then the body. */
#include "net/httpd.h"
#include "sops/impl.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { BODY_MAX = 64 << 10 };

/* Set while nothing is asked. */
static struct httpd_reply reply;
static char address[64];

static void handle(void *ctx, struct httpd_call *c)
{
	(void)ctx;
	httpd_reply(c, &reply);
}

static void *run(void *loop)
{
	loop_run(loop);
	return NULL;
}

static struct net_client *open_all(void)
{
	struct net_client *net = NULL;
	struct loop *loop = NULL;
	struct httpd *server = NULL;
	pthread_t thread;
	err *e = net_client_new(&net, NULL);

	if (!e)
		e = loop_new(&loop);
	if (!e)
		e = httpd_new(&server, loop,
			      &(struct httpd_options){ .listen = S("127.0.0.1:0"),
						       .handle = handle });
	if (e)
		die_bug("%s", err_msg(e));
	snprintf(address, sizeof address, "http://%.*s", STR_ARG(httpd_address(server)));
	if (pthread_create(&thread, NULL, run, loop))
		die_bug("pthread_create");
	return net;
}

static err *ask(unsigned service, struct sops_keys *k, struct arena *a, struct buf *out)
{
	const struct sops_master arn = { .enc = S("c2VhbGVk"),
					 .context_n = 0,
					 .name = S("arn:aws:kms:eu-west-1:1:key/x") };
	const struct sops_master resource = {
		.enc = S("c2VhbGVk"), .name = S("projects/p/locations/l/keyRings/r/cryptoKeys/k")
	};
	const struct sops_master vault = { .enc = S("vault:v1:x"),
					   .address = str_c(address),
					   .path = S("transit"),
					   .name = S("key") };
	const struct sops_master azure = { .enc = S("c2VhbGVk"),
					   .address = str_c(address),
					   .name = S("name"),
					   .path = S("version") };

	switch (service % 4) {
	case 0:
		return sops_aws_open(k, a, &arn, out);
	case 1:
		return sops_gcp_open(k, a, &resource, out);
	case 2:
		return sops_vault_open(k, a, &vault, out);
	default:
		return sops_azure_open(k, a, &azure, out);
	}
}

static struct sops_keys *make_keys(struct net_client *net)
{
	const str at = str_c(address);
	const struct sops_item items[] = {
		{ S("sops.vault-token"), S("token") },
		{ S("sops.aws-kms"), S("aws_access_key_id: a\naws_secret_access_key: b\n") },
		{ S("sops.azure-kv"), S("tenantId: t\nclientId: c\nclientSecret: s\n") },
	};
	struct sops_keys *k = NULL;
	err *e = sops_keys_new(&k, &(struct sops_options){ .net = net,
							   .endpoints = { at, at, at, at } });

	if (!e)
		e = sops_keys_import(k, S("ns/x"), items, sizeof items / sizeof *items);
	if (e)
		die_bug("%s", err_msg(e));
	k->gcp.token = S("token");
	k->has_gcp = true;
	return k;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = { 200, 200, 200, 400, 403, 404, 500, 503 };
	static struct net_client *net;
	struct arena a = ARENA_BUDGET(64 << 20);
	struct buf out = BUF_LIMIT(1 << 20);

	if (size < 2 || size > BODY_MAX)
		return 0;
	if (!net)
		net = open_all();
	struct sops_keys *k = make_keys(net);

	reply = (struct httpd_reply){ .code = statuses[data[1] % 8],
				      .body = str_of((const char *)data + 2, size - 2) };
	err_free(ask(data[0], k, &a, &out));
	sops_keys_drop(&k);
	buf_release(&out);
	arena_release(&a);
	return 0;
}
