#include "crypto/ossl.h"

#include <pthread.h>

#include "base/dll.h"

static const char library[] = "libcrypto.so.3";

static const struct dll_symbol symbols[] = {
#define OSSL(name) { #name, offsetof(struct ossl, name) },
#include "crypto/ossl.def"
#undef OSSL
};

static struct ossl table;
static const char *failure; /* NULL: `table` is filled */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
	failure = dll_open(library, symbols, DLL_COUNT(symbols), &table);
	/* What it keeps goes with the process; freeing each piece of it behind the last line of
	 * a short command takes half a millisecond. */
	if (!failure)
		table.OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}

err *ossl_get(const struct ossl **out)
{
	pthread_once(&once, load);
	if (failure)
		return err_new(ERR_UNAVAILABLE, "cannot load OpenSSL (%s): %s is missing", library,
			       failure);
	*out = &table;
	return NULL;
}
