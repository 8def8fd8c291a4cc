/* Both rule sets, kept documents, and the fast reader against the full one. */
#include <stdlib.h>

#include "value/yaml_twice.h"

static void read_all(str text, const struct yaml_options *from)
{
	struct arena a = ARENA_BUDGET(256 << 20);
	CLEANUP(sources_release) struct sources sources = SOURCES_INIT;
	struct yaml_options o = *from;
	struct yaml_doc *docs;
	size_t n;

	o.sources = &sources;
	o.max_nodes = 1 << 20;
	err *e = yaml_read_all(&a, text, &o, &docs, &n);

	for (size_t i = 0; !e && i < n; i++)
		node_copy_all(&a, docs[i].root);
	err_free(e);
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = str_of((const char *)data, size);
	const char *what;

	for (size_t i = 0; i < sizeof twice_options / sizeof *twice_options; i++) {
		twice_read(text, &twice_options[i], &what);
		if (what)
			abort();
		read_all(text, &twice_options[i]);
	}
	read_all(text, YAML_KEEP);
	return 0;
}
