#include "server/sqlite.h"

#include <pthread.h>

#include "base/dll.h"

static const char library[] = "libsqlite3.so.0";

static const struct dll_symbol symbols[] = {
#define SQLITE(name) { #name, offsetof(struct sqlite, name) },
#include "server/sqlite.def"
#undef SQLITE
};

static struct sqlite table;
static const char *failure; /* NULL: `table` is filled */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
	failure = dll_open(library, symbols, DLL_COUNT(symbols), &table);
}

err *sqlite_get(const struct sqlite **out)
{
	pthread_once(&once, load);
	if (failure)
		return err_new(ERR_UNAVAILABLE, "cannot load SQLite (%s): %s is missing", library,
			       failure);
	*out = &table;
	return NULL;
}
