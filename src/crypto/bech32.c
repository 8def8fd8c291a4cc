#include "crypto/bech32.h"

static const char letters[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static uint32_t step(uint32_t sum, uint8_t value)
{
	static const uint32_t generator[] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
					      0x2a1462b3 };
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ value;
	for (int i = 0; i < 5; i++)
		if (top >> i & 1)
			sum ^= generator[i];
	return sum;
}

static uint32_t begin(str what)
{
	uint32_t sum = 1;

	for (size_t i = 0; i < what.n; i++)
		sum = step(sum, (uint8_t)(lower(what.p[i]) >> 5));
	sum = step(sum, 0);
	for (size_t i = 0; i < what.n; i++)
		sum = step(sum, lower(what.p[i]) & 31);
	return sum;
}

static err *check_case(str text)
{
	bool small = false, large = false;

	for (size_t i = 0; i < text.n; i++) {
		small = small || (text.p[i] >= 'a' && text.p[i] <= 'z');
		large = large || (text.p[i] >= 'A' && text.p[i] <= 'Z');
	}
	return small && large ? err_new(ERR_INVALID, "mixed case") : NULL;
}

/* Eights out of fives; what is left over must be zero. */
static err *regroup(const uint8_t *values, size_t n, struct buf *bytes)
{
	uint32_t held = 0;
	int bits = 0;

	for (size_t i = 0; i < n; i++) {
		held = (held << 5 | values[i]) & 0xfff;
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			buf_addc(bytes, (char)(held >> bits));
		}
	}
	if (bits >= 5)
		return err_new(ERR_INVALID, "illegal zero padding");
	if (held & ((1u << bits) - 1))
		return err_new(ERR_INVALID, "non-zero padding");
	return NULL;
}

err *bech32_read(str text, str *what, struct buf *bytes)
{
	uint8_t values[BECH32_MAX];
	size_t at = str_rfind_char(text, '1'), n = 0;

	if (text.n > BECH32_MAX)
		return err_new(ERR_INVALID, "longer than %d bytes", BECH32_MAX);
	TRY(check_case(text));
	if (at == STR_NPOS || at < 1 || at + 7 > text.n)
		return err_new(ERR_INVALID, "separator '1' at invalid position: pos=%d, len=%zu",
			       at == STR_NPOS ? -1 : (int)at, text.n);
	for (size_t i = 0; i < at; i++)
		if (text.p[i] < 33 || text.p[i] > 126)
			return err_new(ERR_INVALID,
				       "invalid character human-readable part: s[%zu]=%d", i,
				       (unsigned char)text.p[i]);
	uint32_t sum = begin(str_sub(text, 0, at));

	for (size_t i = at + 1; i < text.n; i++) {
		char c = lower(text.p[i]);
		const char *found = c ? strchr(letters, c) : NULL;

		if (!found)
			return err_new(ERR_INVALID, "invalid character data part: s[%zu]=%d",
				       i - at - 1, (unsigned char)c);
		values[n] = (uint8_t)(found - letters);
		sum = step(sum, values[n++]);
	}
	if (sum != 1)
		return err_new(ERR_INVALID, "invalid checksum");
	*what = str_sub(text, 0, at);
	return regroup(values, n - 6, bytes);
}

void bech32_write(struct buf *b, str what, str bytes)
{
	uint32_t sum = begin(what), held = 0;
	int bits = 0;

	buf_add(b, what);
	buf_addc(b, '1');
	for (size_t i = 0; i < bytes.n || bits > 0; i++) {
		held = i < bytes.n ? held << 8 | (unsigned char)bytes.p[i] : held << (5 - bits);
		bits = i < bytes.n ? bits + 8 : 5;
		while (bits >= 5) {
			bits -= 5;
			sum = step(sum, held >> bits & 31);
			buf_addc(b, letters[held >> bits & 31]);
		}
		held &= (1u << bits) - 1;
	}
	for (int i = 0; i < 6; i++)
		sum = step(sum, 0);
	sum ^= 1;
	for (int i = 0; i < 6; i++)
		buf_addc(b, letters[sum >> 5 * (5 - i) & 31]);
}
