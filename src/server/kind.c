#include "server/kind.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/vec.h"

void kind_warn(struct kind_warnings *w, const char *fmt, ...)
{
	char small[512];
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(small, sizeof small, fmt, args);
	va_end(args);
	if (n < 0 || w->n >= KIND_WARNINGS_MAX)
		return;
	str text = str_of(small, (size_t)n);

	if ((size_t)n >= sizeof small) {
		char *p = arena_alloc(w->arena, (size_t)n + 1);

		va_start(args, fmt);
		vsnprintf(p, (size_t)n + 1, fmt, args);
		va_end(args);
		text.p = p;
	}
	kind_warn_text(w, text);
}

void kind_warn_text(struct kind_warnings *w, str text)
{
	VEC(str) list = { w->list, w->n, w->cap };

	for (size_t i = 0; i < w->n; i++)
		if (str_eq(w->list[i], text))
			return;
	if (w->n >= KIND_WARNINGS_MAX)
		return;
	avec_push(w->arena, &list, arena_str(w->arena, text));
	w->list = list.p;
	w->n = list.n;
	w->cap = list.cap;
}

node kind_metadata(struct arena *a, const struct kind *k, node object)
{
	node metadata = node_get(object, S("metadata")), notes = node_get(metadata, S("annotations"));

	if (!k->hidden_note || !node_has(notes, str_c(k->hidden_note)))
		return metadata;
	metadata = node_copy(a, metadata);
	notes = node_get(metadata, S("annotations"));
	node_remove(notes, str_c(k->hidden_note));
	if (!node_len(notes))
		node_remove(metadata, S("annotations"));
	return metadata;
}
