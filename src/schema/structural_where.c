/* Names of places, made only when something is wrong there. */
#include "schema/structural_impl.h"

static void print(struct buf *b, const struct structural_where *w, bool go_openapi)
{
	if (!w)
		return;
	print(b, w->up, go_openapi);
	switch (w->kind) {
	case WHERE_START:
		if (!go_openapi)
			buf_add(b, w->name);
		break;
	case WHERE_CHILD:
		if (b->n)
			buf_addc(b, '.');
		buf_add(b, w->name);
		break;
	case WHERE_KEY:
	case WHERE_VALUE:
		buf_addf(b, go_openapi ? ".%.*s" : "[%.*s]", STR_ARG(w->name));
		break;
	case WHERE_INDEX:
		buf_addf(b, "[%zu]", w->index);
		break;
	}
}

static str printed(struct arena *a, const struct structural_where *w, bool go_openapi)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	print(&b, w, go_openapi);
	return arena_str(a, buf_str(&b));
}

str structural_where_path(struct arena *a, const struct structural_where *w)
{
	str path = printed(a, w, false);

	return path.n ? path : S("<nil>");
}

str structural_where_name(struct arena *a, const struct structural_where *w)
{
	return printed(a, w, true);
}
