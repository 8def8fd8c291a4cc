/* A schema, a NUL, an object, a NUL, and what the object was before. */
#include "schema/structural.h"
#include "server/custom.h"
#include "value/json.h"

static void judge(struct arena *a, node schema)
{
	struct fielderrs errors = { .arena = a };
	struct structural_schema o = { &errors, S("spec"), false, &custom_meta };
	struct structural_formats formats = { .arena = a };

	err_free(structural_check_schema(&o, schema));
	err_free(structural_ignored_formats(schema, &formats));
}

static void use(struct arena *a, const struct type *type, node object, node old)
{
	struct fielderrs errors = { .arena = a }, kept = { .arena = a };
	struct structural_unknown unknown = { .arena = a };
	struct structural_check c = { .arena = a, .type = type, .errors = &errors,
				      .meta = &custom_meta, .kept = &kept };

	structural_validate_values(&c, object, old);
	structural_validate_rest(&c, object, old);
	structural_prune(type, object, true, &unknown);
	err_free(structural_coerce(a, type, object, &custom_meta, false, &unknown));
	structural_drop_nulls(type, object);
	err_free(structural_default(a, type, object));
	structural_validate_values(&c, object, old);
	structural_validate_rest(&c, object, old);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text[3] = { str_of((const char *)data, size), S("{}"), S("null") };
	const struct type *type;
	struct arena a = ARENA_INIT;
	node part[3] = { 0 };
	err *e = NULL;

	if (str_split(text[0], 0, &text[0], &text[1]))
		str_split(text[1], 0, &text[1], &text[2]);
	for (size_t i = 0; i < 3 && !e; i++)
		e = json_read(&a, text[i], NULL, &part[i]);
	if (!e) {
		judge(&a, part[0]);
		e = structural_compile(&a, part[0], NULL, &type);
	}
	if (!e && part[1].kind == NODE_MAP)
		use(&a, type, part[1], part[2].kind == NODE_MAP ? part[2] : NODE_NOTHING);
	err_free(e);
	arena_release(&a);
	return 0;
}
