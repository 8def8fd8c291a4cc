/* csv - one record of RFC 4180, as Go's encoding/csv reads it.
 *
 * Values of list flags are such records: a,"b,c",d. Any thread.
 */
#ifndef CLI_CSV_H
#define CLI_CSV_H

#include "base/arena.h"
#include "base/vec.h"

struct csv_fields {
	str *p;
	size_t n, cap;
};

/* Append the fields of the first record in `text` that is not an empty line.
 * Copies into `a`. A text without one fails with "EOF". */
err *csv_read(struct arena *a, str text, struct csv_fields *out) __attribute__((warn_unused_result));

#endif
