/* Items of CBOR. A number is printed as it was read where it was written shortly; what is
 * skipped is no longer than what is there. */
#include "base/die.h"
#include "source/cbor.h"

static void check_again(const struct cbor_item *item)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct cbor_item again;

	if (item->kind == CBOR_BYTES || item->kind == CBOR_TEXT)
		cbor_put_text(&b, item->kind, item->text);
	else
		cbor_put(&b, item->kind, item->n);
	str s = buf_str(&b);

	if (!cbor_take(&s, &again) || again.kind != item->kind || again.n != item->n || s.n)
		die_bug("%d %llu is another now", item->kind, (unsigned long long)item->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str s = str_of((const char *)data, size), rest = s;
	struct cbor_item item;
	int64_t n;

	cbor_skip(&rest);
	if (rest.n > s.n)
		die_bug("%zu of %zu bytes are left", rest.n, s.n);
	while (cbor_take(&s, &item)) {
		cbor_int(&item, &n);
		check_again(&item);
	}
	return 0;
}
