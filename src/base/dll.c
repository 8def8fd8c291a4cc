#include "base/dll.h"

#include <dlfcn.h>
#include <string.h>

const char *dll_open(const char *library, const struct dll_symbol *symbols, size_t n, void *table)
{
	void *lib = dlopen(library, RTLD_NOW | RTLD_LOCAL);

	if (!lib)
		return library;
	for (size_t i = 0; i < n; i++) {
		void *f = dlsym(lib, symbols[i].name);

		if (!f)
			return symbols[i].name;
		memcpy((char *)table + symbols[i].at, &f, sizeof f);
	}
	return NULL;
}
