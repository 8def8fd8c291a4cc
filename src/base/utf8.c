#include "base/utf8.h"

static uint32_t bad(size_t *size)
{
	*size = 1;
	return UTF8_BAD;
}

uint32_t utf8_decode(str s, size_t *size)
{
	const unsigned char *p = (const unsigned char *)s.p;
	uint32_t r;
	size_t n;

	if (p[0] < 0x80) {
		*size = 1;
		return p[0];
	}
	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		n = 2;
		r = p[0] & 0x1fu;
	} else if ((p[0] & 0xf0) == 0xe0) {
		n = 3;
		r = p[0] & 0x0fu;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		n = 4;
		r = p[0] & 0x07u;
	} else {
		return bad(size);
	}
	if (s.n < n)
		return bad(size);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return bad(size);
		r = r << 6 | (p[i] & 0x3fu);
	}
	if ((n == 3 && (r < 0x800 || (r >= 0xd800 && r <= 0xdfff))) ||
	    (n == 4 && (r < 0x10000 || r > 0x10ffff)))
		return bad(size);
	*size = n;
	return r;
}

uint32_t utf8_decode_last(str s, size_t *size)
{
	size_t n = 1;

	while (n < 4 && n < s.n && ((unsigned char)s.p[s.n - n] & 0xc0) == 0x80)
		n++;
	size_t got;
	uint32_t r = utf8_decode(str_from(s, s.n - n), &got);

	if (got != n)
		return bad(size);
	*size = n;
	return r;
}

bool utf8_take(str *s, uint32_t *rune)
{
	size_t size;

	if (!s->n)
		return false;
	*rune = utf8_decode(*s, &size);
	s->p += size;
	s->n -= size;
	return true;
}

size_t utf8_encode(uint32_t r, char to[4])
{
	if (r < 0x80) {
		to[0] = (char)r;
		return 1;
	}
	if (r < 0x800) {
		to[0] = (char)(0xc0 | r >> 6);
		to[1] = (char)(0x80 | (r & 0x3f));
		return 2;
	}
	if (r > 0x10ffff || (r >= 0xd800 && r <= 0xdfff))
		r = UTF8_BAD;
	if (r < 0x10000) {
		to[0] = (char)(0xe0 | r >> 12);
		to[1] = (char)(0x80 | (r >> 6 & 0x3f));
		to[2] = (char)(0x80 | (r & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | r >> 18);
	to[1] = (char)(0x80 | (r >> 12 & 0x3f));
	to[2] = (char)(0x80 | (r >> 6 & 0x3f));
	to[3] = (char)(0x80 | (r & 0x3f));
	return 4;
}

void utf8_add(struct buf *b, uint32_t rune)
{
	char bytes[4];

	buf_bytes(b, bytes, utf8_encode(rune, bytes));
}

size_t utf8_find_bad(str s)
{
	size_t i = 0;

	while (i < s.n) {
		uint64_t eight;
		size_t size;

		if (s.n - i >= 8) {	/* eight ASCII bytes at once */
			memcpy(&eight, s.p + i, 8);
			if (!(eight & 0x8080808080808080u)) {
				i += 8;
				continue;
			}
		}
		if (utf8_decode(str_from(s, i), &size) == UTF8_BAD && size == 1)
			return i;
		i += size;
	}
	return STR_NPOS;
}

bool utf8_valid(str s)
{
	return utf8_find_bad(s) == STR_NPOS;
}

size_t utf8_count(str s)
{
	size_t n = 0;
	uint32_t r;
	uint64_t eight;

	for (;;) {
		/* eight bytes of ASCII at a time */
		while (s.n >= sizeof eight) {
			memcpy(&eight, s.p, sizeof eight);
			if (eight & 0x8080808080808080)
				break;
			n += sizeof eight;
			s = str_from(s, sizeof eight);
		}
		if (!utf8_take(&s, &r))
			return n;
		n++;
	}
}
