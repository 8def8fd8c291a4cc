/* configs - Secrets and ConfigMaps that passes have read, by their version.
 *
 * A watch tells which version of each is the newest, though not what is in it. What was
 * read at that version need not be asked for again, by whichever object. It is
 * bounded, and forgets everything when it is full: it serves those that many share. What
 * indexes of charts say is kept in the same way (chartrepo.h), by their digest.
 *
 * Any thread. What is let go is wiped.
 */
#ifndef CONTROLLERS_CONFIGS_H
#define CONTROLLERS_CONFIGS_H

#include "base/arena.h"

enum { CONFIGS_BYTES_MAX = 4 << 20, CONFIGS_ONE_MAX = 256 << 10 };

struct configs;

struct configs *configs_new(void) __attribute__((returns_nonnull));
void configs_free(struct configs *c);
/* False when it is not known at that version. `text` lives in the arena. */
bool configs_get(struct configs *c, struct arena *a, str kind, str namespace, str name, str version,
		 str *text);
/* Copies. What is too large is left out. */
void configs_put(struct configs *c, str kind, str namespace, str name, str version, str text);

#endif
