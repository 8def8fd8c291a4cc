/* A path, a NUL, and the YAML document to follow it in. */
#include "value/fieldpath.h"
#include "value/yaml.h"

static err *follow(struct arena *a, str path, str text, enum node_kind create)
{
	struct fieldpath_place *places;
	struct fieldpath p;
	size_t n, at;
	node doc, *got;

	TRY(fieldpath_parse(a, path, &p));
	TRY(yaml_read(a, text, YAML_KEEP, &doc));
	err_free(fieldpath_get(&doc, p, &got, &at));
	TRY(fieldpath_match(a, &doc, p, create, &places, &n, &at));
	for (size_t i = 0; i < n; i++)
		fieldpath_node(&places[i])->place = 0;
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum node_kind kinds[] = { NODE_NONE, NODE_STR, NODE_MAP, NODE_SEQ };
	str path, text;

	str_split(str_of((const char *)data, size), 0, &path, &text);
	for (size_t i = 0; i < 4; i++) {
		struct arena a = ARENA_INIT;

		err_free(follow(&a, path, text, kinds[i]));
		arena_release(&a);
	}
	return 0;
}
