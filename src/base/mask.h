/* mask - the secret values that no output may show.
 *
 * Whoever reads a password, token or key tells its mask; every text that
 * leaves the program (log lines, events, statuses, errors) goes through
 * mask_text, which puts "***" where a secret stood. A value is found as it
 * is and in standard base64, the two forms in which Secrets travel.
 * Overlapping finds become one "***", so that no end of a secret is left.
 *
 * Values are counted: added twice, they must be removed twice. The bytes are
 * wiped when the last one goes. Values of fewer than MASK_MIN bytes are not
 * masked: "a" or "no" would blot out every text and hide nothing.
 *
 * Locked by itself; any thread.
 */
#ifndef BASE_MASK_H
#define BASE_MASK_H

#include "base/buf.h"
#include "base/str.h"

enum { MASK_MIN = 4 };

struct mask;

struct mask *mask_new(void);
void mask_free(struct mask *m);

/* Copies. White space at the end of the value does not count. */
void mask_add(struct mask *m, str secret);
void mask_remove(struct mask *m, str secret);

/* Append `text` to `to` without the secrets. `m` may be NULL: nothing is
 * secret then. */
void mask_text(struct mask *m, str text, struct buf *to);
bool mask_has(struct mask *m, str text);

#endif
