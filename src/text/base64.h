/* base64 - bytes as text, as Go's encoding/base64 reads and writes them.
 *
 * Four alphabets: standard or URL, padded with '=' or not. Reading skips line
 * breaks, ignores spare bits of the last letter, and reports the first wrong
 * byte in Go's words: "illegal base64 data at input byte 4". Any thread.
 */
#ifndef TEXT_BASE64_H
#define TEXT_BASE64_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum base64_form {
	BASE64_STD,
	BASE64_URL,
	BASE64_RAW_STD,		/* raw: without padding */
	BASE64_RAW_URL,
};

void base64_write(struct buf *b, str bytes, enum base64_form form);
/* How many bytes a text without line breaks stands for. */
size_t base64_size(str text);
/* Adds the bytes to `b`; adds nothing on failure. */
err *base64_read(struct buf *b, str text, enum base64_form form)
	__attribute__((warn_unused_result));

#endif
