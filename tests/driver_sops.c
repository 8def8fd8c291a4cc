#include "driver.h"

#include "crypto/age.h"
#include "sops/sops.h"

/* What age encrypted, with a key or a passphrase. */
static err *run_age(struct arena *a, node request, node *output)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct age_identity id = { .passphrase = driver_text(a, request, "passphrase") };

	if (!id.passphrase.n)
		TRY(age_identity_parse(driver_text(a, request, "key"), &id));
	TRY(age_decrypt(driver_text(a, request, "text"), &id, 1, &b));
	*output = node_copy_str(a, buf_str(&b));
	return NULL;
}

static enum sops_format format_of(str name)
{
	static const char *const names[] = { "binary", "dotenv", "ini", "json", "yaml" };

	for (unsigned i = 0; i < 5; i++)
		if (str_eq(name, str_c(names[i])))
			return (enum sops_format)i;
	return SOPS_BINARY;
}

/* "secret" is the data of the Secret with the keys. */
static err *run_sops(struct arena *a, node request, node *output)
{
	CLEANUP(sops_keys_drop) struct sops_keys *k = NULL;
	node secret = node_get(request, S("secret"));
	struct sops_item *items = arena_array(a, struct sops_item, node_len(secret));
	size_t n = 0;
	str plain;

	node_each_pair(p, secret)
		items[n++] = (struct sops_item){ node_str(p->key), node_str(p->value) };
	TRY(sops_keys_new(&k, &(struct sops_options){ .check_mac = driver_bool(request, "mac", true) }));
	TRY(sops_keys_import(k, S("ns/keys"), items, n));
	TRY(sops_decrypt(k, a, driver_text(a, request, "text"),
			 format_of(driver_text(a, request, "in")),
			 format_of(driver_text(a, request, "out")), &plain));
	*output = node_copy_str(a, plain);
	return NULL;
}

const struct driver_op driver_sops_ops[] = {
	{ "age-decrypt", run_age },
	{ "sops-decrypt", run_sops },
	{ 0 },
};
