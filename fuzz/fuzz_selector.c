/* A label selector, matched against a few labels. */
#include "kube/selector.h"
#include "value/json.h"

static err *match(struct arena *a, str text)
{
	struct selector s;
	node labels;

	TRY(json_read(a, S("{\"a\":\"b\",\"n\":\"5\",\"x.io/y\":\"\"}"), NULL, &labels));
	TRY(selector_parse(a, text, &s));
	/* What asks for nothing takes everything. */
	if (!s.n && !selector_matches(&s, labels))
		__builtin_trap();
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;

	err_free(match(&a, str_of((const char *)data, size)));
	arena_release(&a);
	return 0;
}
