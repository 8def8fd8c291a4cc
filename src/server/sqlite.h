/* sqlite - SQLite, loaded when a store with a disk is opened (base/dll.h).
 *
 * Any thread.
 */
#ifndef SERVER_SQLITE_H
#define SERVER_SQLITE_H

#include <sqlite3.h>

#include "base/err.h"

struct sqlite {
#define SQLITE(name) __typeof__(&name) name;
#include "server/sqlite.def"
#undef SQLITE
};

/* The table, or why the library cannot be loaded. */
err *sqlite_get(const struct sqlite **out) __attribute__((warn_unused_result));

#endif
