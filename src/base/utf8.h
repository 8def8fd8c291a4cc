/* utf8 - runes in and out of bytes, by Go's rules.
 *
 * Decoding never fails: a byte that begins no valid sequence is UTF8_BAD
 * (U+FFFD) of length 1, as in Go's `for range`. Surrogates, overlong forms
 * and runes above U+10FFFF are not valid. Any thread.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

#define UTF8_BAD ((uint32_t)0xfffd)

/* The first rune of a text that is not empty; `size` gets its bytes. Bad
 * input gives UTF8_BAD and size 1; a U+FFFD that is really there, size 3. */
uint32_t utf8_decode(str s, size_t *size);
/* The last rune and its size. */
uint32_t utf8_decode_last(str s, size_t *size);
/* Take one rune off the front; false at the end. */
bool utf8_take(str *s, uint32_t *rune);
/* Write 1 to 4 bytes to `to`; a rune that cannot be encoded becomes U+FFFD. */
size_t utf8_encode(uint32_t rune, char to[4]);
void utf8_add(struct buf *b, uint32_t rune);

bool utf8_valid(str s);
/* Runes in the text, bad bytes counting one each. */
size_t utf8_count(str s);
/* Offset of the first byte that is not valid UTF-8, or STR_NPOS. */
size_t utf8_find_bad(str s);

#endif
