/* bech32 - bytes as text with a checksum (BIP 173), as age writes its keys.
 *
 * Without the limit of 90 letters; all small or all capital. Any thread.
 */
#ifndef CRYPTO_BECH32_H
#define CRYPTO_BECH32_H

#include "base/buf.h"
#include "base/err.h"

enum { BECH32_MAX = 8 << 10 };

/* What stands before the last '1' (borrowed), and the bytes behind it. Errors
 * have the words of age: "mixed case", "invalid checksum". */
err *bech32_read(str text, str *what, struct buf *bytes) __attribute__((warn_unused_result));
/* In small letters; `what` is in small letters, too. */
void bech32_write(struct buf *b, str what, str bytes);

#endif
