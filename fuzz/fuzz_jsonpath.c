/* A template, a NUL, and the JSON document to run it on. */
#include "value/json.h"
#include "value/jsonpath.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(1 << 20);
	const struct jsonpath *path;
	str template, text, relaxed;
	node doc;

	str_split(str_of((const char *)data, size), 0, &template, &text);
	err *e = json_read(&a, text, NULL, &doc);

	if (!e)
		e = jsonpath_parse(&a, template, &path);
	for (int missing = 0; !e && missing < 2; missing++)
		err_free(jsonpath_print(&b, path, doc, &(const struct jsonpath_options){
								.allow_missing = missing }));
	err_free(e);
	err_free(jsonpath_relaxed(&a, template, &relaxed));
	arena_release(&a);
	return 0;
}
