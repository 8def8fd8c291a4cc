/* name - which names of archive entries may become files.
 *
 * An archive is written by a stranger, and may be read on another system than
 * ours. Refused is what leads out of the directory it is unpacked into, by
 * any reading of it: absolute paths, "..", drive letters, backslashes; and
 * what no file of ours is called: empty names, control characters, bytes that
 * are not UTF-8, names too long for a file system. Any thread.
 */
#ifndef ARCHIVE_NAME_H
#define ARCHIVE_NAME_H

#include "base/err.h"
#include "base/str.h"

/* Bytes of a name between slashes, and of all. */
enum { ARCHIVE_NAME_MAX = 255, ARCHIVE_PATH_MAX = 4096 };

/* `tar contained invalid name error "NAME"`, as Flux says it, with the name
 * in Go's quotes; NULL when the name is fine. Directories may end in '/',
 * and begin with "./". */
err *archive_name_check(str name) __attribute__((warn_unused_result));
bool archive_name_is_safe(str name);

#endif
