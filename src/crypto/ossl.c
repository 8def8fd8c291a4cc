#include "crypto/ossl.h"

#include <dlfcn.h>
#include <pthread.h>

static const char library[] = "libcrypto.so.3";

static struct ossl table;
static const char *failure; /* NULL: `table` is filled */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool find(void *lib, const char *name, void *slot)
{
	void *f = dlsym(lib, name);

	if (!f)
		failure = name;
	else
		memcpy(slot, &f, sizeof f);
	return f != NULL;
}

/* The library stays open: its exit handlers may run at any time. */
static void load(void)
{
	void *lib = dlopen(library, RTLD_NOW | RTLD_LOCAL);

	if (!lib) {
		failure = library;
		return;
	}
#define OSSL(name)                          \
	if (!find(lib, #name, &table.name)) \
		return;
#include "crypto/ossl.def"
#undef OSSL
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
