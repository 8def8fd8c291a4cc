/* A kubeconfig out of a Secret; what is read is written and read as the same. */
#include "base/die.h"
#include "client/kubeconfig.h"

static void check_again(struct arena *a, const struct kubeconfig *k)
{
	struct kubeconfig again;
	err *e = kubeconfig_read(a, kubeconfig_text(a, k, S("x")), false, true, &again);

	if (e || !str_eq(again.server, k->server) || !str_eq(again.token, k->token))
		die_bug("%.*s is not what was written", STR_ARG(k->server));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_BUDGET(256 << 20);
	str text = str_of((const char *)data, size);
	struct kubeconfig k;

	err_free(kubeconfig_read(&a, text, true, true, &k));
	err *e = kubeconfig_read(&a, text, false, false, &k);

	if (!e) {
		if (k.exec.command.n || k.insecure)
			die_bug("it was not allowed");
		check_again(&a, &k);
	}
	err_free(e);
	arena_release(&a);
	return 0;
}
