#include "text/base64.h"

static const char letters[2][65] = {
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

static bool is_url(enum base64_form form)
{
	return form == BASE64_URL || form == BASE64_RAW_URL;
}

static bool is_padded(enum base64_form form)
{
	return form == BASE64_STD || form == BASE64_URL;
}

void base64_write(struct buf *b, str s, enum base64_form form)
{
	const char *set = letters[is_url(form)];
	const unsigned char *p = (const unsigned char *)s.p;
	char *start = buf_reserve(b, s.n / 3 * 4 + 4), *to = start;

	if (!start)
		return;
	/* Of one number, as what is written could be what is read from. */
	for (; s.n >= 3; s.n -= 3, p += 3, to += 4) {
		unsigned three = (unsigned)p[0] << 16 | (unsigned)p[1] << 8 | p[2];

		to[0] = set[three >> 18];
		to[1] = set[three >> 12 & 63];
		to[2] = set[three >> 6 & 63];
		to[3] = set[three & 63];
	}
	if (s.n) {
		unsigned second = s.n == 2 ? p[1] : 0;

		*to++ = set[p[0] >> 2];
		*to++ = set[(p[0] & 3) << 4 | second >> 4];
		if (s.n == 2)
			*to++ = set[(second & 15) << 2];
		for (size_t i = s.n; is_padded(form) && i < 3; i++)
			*to++ = '=';
	}
	*to = 0;
	b->n += (size_t)(to - start);
}

static int value_of(char c, bool url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (url ? '-' : '+'))
		return 62;
	return c == (url ? '_' : '/') ? 63 : -1;
}

static void skip_breaks(str s, size_t *at)
{
	while (*at < s.n && (s.p[*at] == '\n' || s.p[*at] == '\r'))
		(*at)++;
}

/* After `got` letters of a group and one '=', at which `*at` points past:
 * the rest of the padding and nothing more. False with the place of the
 * complaint in `*at`. */
static bool check_padding(str s, size_t *at, size_t got)
{
	if (got < 2) {
		--*at;
		return false;
	}
	if (got == 2) {
		skip_breaks(s, at);
		if (*at == s.n)
			return false;
		if (s.p[*at] != '=') {
			--*at;
			return false;
		}
		++*at;
	}
	skip_breaks(s, at);
	return *at == s.n;
}

/* Take up to four letters; `got` says how many there were. False with the
 * place of the complaint in `*at`. */
static bool take_group(str s, size_t *at, enum base64_form form, uint32_t *bits, size_t *got)
{
	bool url = is_url(form);

	*bits = 0;
	for (*got = 0; *got < 4;) {
		if (*at == s.n) {
			if (!*got || (*got > 1 && !is_padded(form)))
				return true;
			*at -= *got;
			return false;
		}
		char c = s.p[(*at)++];
		int v = value_of(c, url);

		if (v >= 0) {
			*bits |= (uint32_t)v << (18 - 6 * *got);
			++*got;
		} else if (c == '=' && is_padded(form)) {
			return check_padding(s, at, *got);
		} else if (c != '\n' && c != '\r') {
			--*at;
			return false;
		}
	}
	return true;
}

static void add_bytes(struct buf *b, uint32_t bits, size_t n)
{
	for (int shift = 16; n--; shift -= 8)
		buf_addc(b, (char)(bits >> shift));
}

enum { NO_LETTER = 0x80, RUN = 1024 };

static void fill_values(unsigned char values[256], enum base64_form form)
{
	memset(values, NO_LETTER, 256);
	for (unsigned i = 0; i < 64; i++)
		values[(unsigned char)letters[is_url(form)][i]] = (unsigned char)i;
}

/* Whole groups of nothing but letters, as many as there are; the last four
 * characters are left, for they may be padding. */
static void read_run(struct buf *b, str s, size_t *at, const unsigned char values[256])
{
	size_t groups = (s.n - *at) / 4, n = 0;

	if (groups < 2)
		return;
	const unsigned char *p = (const unsigned char *)s.p + *at;

	groups = groups - 1 < RUN ? groups - 1 : RUN;
	unsigned char *to = (unsigned char *)buf_reserve(b, groups * 3);

	for (; to && n < groups; n++, p += 4, to += 3) {
		unsigned v0 = values[p[0]], v1 = values[p[1]], v2 = values[p[2]],
			 v3 = values[p[3]];

		if ((v0 | v1 | v2 | v3) & NO_LETTER)
			break;
		to[0] = (unsigned char)(v0 << 2 | v1 >> 4);
		to[1] = (unsigned char)(v1 << 4 | v2 >> 2);
		to[2] = (unsigned char)(v2 << 6 | v3);
	}
	if (to)
		*to = 0;
	b->n += n * 3;
	*at += n * 4;
}

err *base64_read(struct buf *b, str s, enum base64_form form)
{
	size_t before = b->n, at = 0, got;
	unsigned char values[256];
	uint32_t bits;

	fill_values(values, form);
	for (;;) {
		read_run(b, s, &at, values);
		if (!take_group(s, &at, form, &bits, &got)) {
			buf_trim(b, before);
			return err_new(ERR_INVALID, "illegal base64 data at input byte %zu", at);
		}
		if (got > 1)
			add_bytes(b, bits, got - 1);
		if (got < 4)
			return NULL;
	}
}

size_t base64_size(str text)
{
	while (text.n && text.p[text.n - 1] == '=')
		text.n--;
	return text.n / 4 * 3 + text.n % 4 * 3 / 4;
}
