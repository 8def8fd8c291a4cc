#include "source/cbor.h"

/* Additional information below 24 is the number itself, then it follows in 1, 2, 4, 8 bytes. */
static bool take_number(str *s, unsigned info, uint64_t *out)
{
	size_t size = info < 24 ? 0 : (size_t)1 << (info - 24);

	*out = info < 24 ? info : 0;
	if (info > 27 || s->n < size)
		return false;
	for (size_t i = 0; i < size; i++)
		*out = *out << 8 | (uint8_t)s->p[i];
	*s = str_from(*s, size);
	return true;
}

bool cbor_take(str *s, struct cbor_item *out)
{
	str rest = *s;

	if (!rest.n)
		return false;
	unsigned first = (uint8_t)rest.p[0];

	rest = str_from(rest, 1);
	*out = (struct cbor_item){ .kind = (enum cbor_kind)(first >> 5) };
	if (first >> 5 > CBOR_TAG || !take_number(&rest, first & 31, &out->n))
		return false;
	if (out->kind == CBOR_BYTES || out->kind == CBOR_TEXT) {
		if (out->n > rest.n)
			return false;
		out->text = str_sub(rest, 0, (size_t)out->n);
		rest = str_from(rest, (size_t)out->n);
	}
	if ((out->kind == CBOR_ARRAY || out->kind == CBOR_MAP) && out->n > CBOR_ITEMS_MAX)
		return false;
	*s = rest;
	return true;
}

bool cbor_take_kind(str *s, enum cbor_kind kind, struct cbor_item *out)
{
	return cbor_take(s, out) && out->kind == kind;
}

static bool skip(str *s, unsigned depth)
{
	struct cbor_item item;

	if (depth > CBOR_DEPTH_MAX || !cbor_take(s, &item))
		return false;
	uint64_t inside = item.kind == CBOR_ARRAY ? item.n
			  : item.kind == CBOR_MAP ? 2 * item.n
			  : item.kind == CBOR_TAG ? 1
						  : 0;

	for (uint64_t i = 0; i < inside; i++)
		if (!skip(s, depth + 1))
			return false;
	return true;
}

bool cbor_skip(str *s)
{
	return skip(s, 0);
}

bool cbor_int(const struct cbor_item *item, int64_t *out)
{
	if ((item->kind != CBOR_UINT && item->kind != CBOR_NEGATIVE) || item->n > INT64_MAX)
		return false;
	*out = item->kind == CBOR_UINT ? (int64_t)item->n : -1 - (int64_t)item->n;
	return true;
}

void cbor_put(struct buf *b, enum cbor_kind kind, uint64_t n)
{
	unsigned info = n < 24 ? (unsigned)n : n < 0x100 ? 24 : n < 0x10000 ? 25 : n < 0x100000000 ? 26 : 27;

	buf_addc(b, (char)((unsigned)kind << 5 | info));
	for (int shift = info < 24 ? -8 : (8 << (info - 24)) - 8; shift >= 0; shift -= 8)
		buf_addc(b, (char)(n >> shift));
}

void cbor_put_text(struct buf *b, enum cbor_kind kind, str text)
{
	cbor_put(b, kind, text.n);
	buf_add(b, text);
}
