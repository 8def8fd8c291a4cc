#include "net/libcurl.h"

#include <dlfcn.h>
#include <pthread.h>

static const char library[] = "libcurl.so.4";

static struct libcurl table;
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

/* The library stays open: its threads and exit handlers may run at any time. */
static void load(void)
{
	void *lib = dlopen(library, RTLD_NOW | RTLD_LOCAL);

	if (!lib) {
		failure = library;
		return;
	}
#define CURLF(name)                         \
	if (!find(lib, #name, &table.name)) \
		return;
#include "net/libcurl.def"
#undef CURLF
	if (table.curl_global_init(CURL_GLOBAL_ALL))
		failure = "its start";
}

err *libcurl_get(const struct libcurl **out)
{
	pthread_once(&once, load);
	if (failure)
		return err_new(ERR_UNAVAILABLE, "cannot load libcurl (%s): %s is missing", library,
			       failure);
	*out = &table;
	return NULL;
}
