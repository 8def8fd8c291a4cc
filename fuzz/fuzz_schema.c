/* A schema, a NUL, and the JSON document that it is asked about. */
#include "schema/schema.h"
#include "value/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct json_options o = { .numbers = JSON_NUMBERS_TEXT };
	struct arena a = ARENA_INIT;
	const struct schema *s;
	str schema, text;
	node values;

	if (!str_split(str_of((const char *)data, size), 0, &schema, &text))
		text = S("{}");
	err *e = json_read(&a, text, &o, &values);

	if (!e)
		e = schema_compile(&a, schema, NULL, &s);
	if (!e)
		e = schema_validate(s, values);
	err_free(e);
	arena_release(&a);
	return 0;
}
