/* zoneinfo - the machine's database of time zones.
 *
 * The layer that knows zones reads no files itself: it is handed this function
 * where a program may look at the machine (text/tz.h, struct tz_source).
 * Any thread.
 */
#ifndef BASE_ZONEINFO_H
#define BASE_ZONEINFO_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

enum { ZONEINFO_FILE_MAX = 1 << 20 };

/* Add the bytes of the place's file, "Europe/Berlin"; false when there is none.
 * `name` holds no "..": whoever calls has checked that. `context` is unused. */
bool zoneinfo_load(void *context, str name, struct buf *bytes);

#endif
