#include "base/owned.h"

#include <stdlib.h>
#include <string.h>

#include "base/die.h"

char *owned_text(str s)
{
	char *p = mem_alloc(s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = 0;
	return p;
}

str owned_str(str s)
{
	return str_of(owned_text(s), s.n);
}

str owned_put(char **to, str s)
{
	char *at = *to;

	if (s.n)
		memcpy(at, s.p, s.n);
	*to += s.n;
	return (str){ at, s.n };
}

void owned_free(str s)
{
	free((char *)(uintptr_t)s.p);
}
