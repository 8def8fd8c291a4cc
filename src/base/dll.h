/* dll - a shared library that is opened when somebody needs it.
 *
 * Network, TLS and database libraries cost milliseconds and megabytes, and
 * most runs of rill touch none of them. A module that stands before such a
 * library lists the functions it calls in a .def file, one NAME(function) a
 * line; from that come a struct of pointers with the types of the library's
 * own headers, and the list that dll_open fills it by:
 *
 *	static const struct dll_symbol symbols[] = {
 *	#define SQLITE(name) { #name, offsetof(struct sqlite, name) },
 *	#include "server/sqlite.def"
 *	#undef SQLITE
 *	};
 *
 * Any thread, each table by one at a time (pthread_once).
 */
#ifndef BASE_DLL_H
#define BASE_DLL_H

#include <stddef.h>

struct dll_symbol {
	const char *name;
	size_t at;		/* in the table */
};

#define DLL_COUNT(symbols) (sizeof(symbols) / sizeof *(symbols))

/* Open `library` and fill the table. NULL, or the name of what is missing:
 * the library's own or a function's. The library stays open, since its exit
 * handlers may run at any time. */
const char *dll_open(const char *library, const struct dll_symbol *symbols, size_t n, void *table);

#endif
