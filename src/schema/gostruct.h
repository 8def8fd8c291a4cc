/* gostruct - a tree as the API server shows one of its own structs.
 *
 * A validation error shows the value that it is about. Where that is a
 * struct of the server's inner version, it comes as encoding/json prints it
 * without tags: fields by their Go names, in the order of the declaration,
 * all of them: {"Type":"Odd","RollingUpdate":null}. A table says what the
 * struct looks like and which field of the tree fills which of its fields.
 *
 * Tables are static and may be recursive. Any thread.
 */
#ifndef SCHEMA_GOSTRUCT_H
#define SCHEMA_GOSTRUCT_H

#include "base/buf.h"
#include "value/node.h"

enum gostruct_kind {
	GOSTRUCT_TEXT,
	GOSTRUCT_BOOL,
	GOSTRUCT_NUMBER,
	GOSTRUCT_POINTER,	/* to a scalar, or any JSON: null when it is not there */
	GOSTRUCT_STRUCT,
	GOSTRUCT_STRUCT_POINTER,
	GOSTRUCT_LIST,		/* of anything, or of structs when `of` is there */
	GOSTRUCT_MAP,		/* of structs */
	GOSTRUCT_OWN,		/* `print` does it */
};

struct gostruct_field {
	const char *go;			/* "MaxLength" */
	const char *name;		/* "maxLength"; NULL: of the whole node */
	enum gostruct_kind kind;
	const struct gostruct *of;
	void (*print)(struct buf *b, node value);
};

struct gostruct {
	const struct gostruct_field *fields;
	size_t n;
};

void gostruct_print(struct buf *b, node value, const struct gostruct *type);

/* []struct: null when there is no list. */
void gostruct_print_list(struct buf *b, node list, const struct gostruct *of);

/* apiextensions.JSONSchemaProps */
extern const struct gostruct gostruct_schema;
/* apiextensions.ValidationRule */
extern const struct gostruct gostruct_rule;

#endif
