#include "server/openapi_wire.h"

#include <string.h>

#include "value/json.h"

static void add_varint(struct buf *b, uint64_t n)
{
	while (n > 127) {
		buf_addc(b, (char)(n | 128));
		n >>= 7;
	}
	buf_addc(b, (char)n);
}

void openapi_wire_number(struct buf *b, unsigned field, uint64_t n)
{
	add_varint(b, (uint64_t)field << 3);
	add_varint(b, n);
}

void openapi_wire_bytes(struct buf *b, unsigned field, str bytes)
{
	add_varint(b, (uint64_t)field << 3 | 2);
	add_varint(b, bytes.n);
	buf_add(b, bytes);
}

void openapi_wire_double(struct buf *b, unsigned field, double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof bits);
	add_varint(b, (uint64_t)field << 3 | 1);
	for (int i = 0; i < 8; i++)
		buf_addc(b, (char)(bits >> (8 * i)));
}

void openapi_wire_any(struct buf *b, unsigned field, node value)
{
	CLEANUP(buf_release) struct buf yaml = BUF_INIT;
	CLEANUP(buf_release) struct buf any = BUF_INIT;

	err_free(json_write(&yaml, value, NULL)); /* JSON is YAML */
	buf_addc(&yaml, '\n');
	openapi_wire_bytes(&any, 2, buf_str(&yaml));
	openapi_wire_bytes(b, field, buf_str(&any));
}

void openapi_wire_extension(struct buf *b, unsigned field, str name, node value)
{
	CLEANUP(buf_release) struct buf extension = BUF_INIT;

	openapi_wire_bytes(&extension, 1, name);
	openapi_wire_any(&extension, 2, value);
	openapi_wire_bytes(b, field, buf_str(&extension));
}
