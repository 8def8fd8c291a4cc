/* toml - TOML as Helm's templates read and write it.
 *
 * The writer puts the plain keys of a table before its tables, both sorted,
 * indents nested tables, and leaves nil out, as BurntSushi/toml does. The
 * reader takes TOML 1.1 and has that library's words for what is wrong, with
 * the line and the last key. Times become template values; lists of tables
 * are lists of maps. Depth is bounded. Worker-local.
 */
#ifndef TMPL_TOML_H
#define TMPL_TOML_H

#include "base/buf.h"
#include "tmpl/value.h"

enum { TOML_DEPTH_MAX = 1000 };

err *toml_write(struct buf *b, struct arena *a, node n) __attribute__((warn_unused_result));

struct tz;

/* Into a map. `local` is the zone of times that name none. */
err *toml_read(struct arena *a, str text, const struct tz *local, node *out)
	__attribute__((warn_unused_result));

#endif
