/* openapi_wire - the fields that both of gnostic's documents are made of. */
#ifndef SERVER_OPENAPI_WIRE_H
#define SERVER_OPENAPI_WIRE_H

#include "base/buf.h"
#include "value/node.h"

void openapi_wire_number(struct buf *b, unsigned field, uint64_t n);
void openapi_wire_bytes(struct buf *b, unsigned field, str bytes);
void openapi_wire_double(struct buf *b, unsigned field, double d);
/* Any value, as YAML text. */
void openapi_wire_any(struct buf *b, unsigned field, node value);
/* One under a name: what begins with "x-". */
void openapi_wire_extension(struct buf *b, unsigned field, str name, node value);

#endif
