#include "net/libevent.h"

#include <pthread.h>

#include "base/dll.h"

static const char library[] = "libevent_core-2.1.so.7";

static const struct dll_symbol symbols[] = {
#define EVENTF(name) { #name, offsetof(struct libevent, name) },
#include "net/libevent.def"
#undef EVENTF
};

static struct libevent table;
static const char *failure; /* NULL: `table` is filled */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
	failure = dll_open(library, symbols, DLL_COUNT(symbols), &table);
}

err *libevent_get(const struct libevent **out)
{
	pthread_once(&once, load);
	if (failure)
		return err_new(ERR_UNAVAILABLE, "cannot load libevent (%s): %s is missing", library,
			       failure);
	*out = &table;
	return NULL;
}
