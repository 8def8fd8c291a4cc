/* ascii - what an ASCII character is, in any locale.
 *
 * For grammars whose letters are bytes; runes are in text/unicode.h. Any thread.
 */
#ifndef BASE_ASCII_H
#define BASE_ASCII_H

#include <stdbool.h>

static inline bool ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool ascii_is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool ascii_is_letter(char c)
{
	return ascii_is_lower((char)(c | 0x20));
}

/* The value of a hexadecimal digit of either case; -1: it is none. */
static inline int ascii_hex(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline bool ascii_is_hex(char c)
{
	return ascii_hex(c) >= 0;
}

#endif
