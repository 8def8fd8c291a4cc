/* What a credential plugin prints. */
#include "base/die.h"
#include "client/exec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET((size_t)64 << 20);
	struct exec_credential c;
	err *e = exec_credential_read(&a, str_of((const char *)data, size),
				      S("client.authentication.k8s.io/v1"), &c);

	if (!e && !c.token.n && !(c.cert.n && c.key.n))
		die_bug("a credential of nothing");
	err_free(e);
	return 0;
}
