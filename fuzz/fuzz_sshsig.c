/* A signature in its armour, then, behind an empty line, authorized keys. */
#include "source/sshsig.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = str_of((const char *)data, size), fingerprint;
	size_t at = str_find(text, S("\n\n"));
	str keys = str_from(text, at), line;
	struct arena a = ARENA_INIT;

	err_free(sshsig_verify(&a, str_sub(text, 0, at), S("payload"), &keys, 1, &fingerprint));
	while (str_line(&keys, &line))
		err_free(sshsig_authorized_key(&a, line, &fingerprint));
	arena_release(&a);
	return 0;
}
