#include "net/libssl.h"

#include <pthread.h>

#include "base/dll.h"

static const char library[] = "libssl.so.3";

static const struct dll_symbol symbols[] = {
#define SSLF(name) { #name, offsetof(struct libssl, name) },
#include "net/libssl.def"
#undef SSLF
};

static struct libssl table;
static const char *failure; /* NULL: `table` is filled */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
	failure = dll_open(library, symbols, DLL_COUNT(symbols), &table);
}

err *libssl_get(const struct libssl **out)
{
	pthread_once(&once, load);
	if (failure)
		return err_new(ERR_UNAVAILABLE, "cannot load OpenSSL (%s): %s is missing", library,
			       failure);
	*out = &table;
	return NULL;
}
