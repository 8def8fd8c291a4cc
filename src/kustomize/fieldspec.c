#include "kustomize/fieldspec.h"

#include "kustomize/resid.h"

/* Deeper paths than any configuration needs. */
enum { PATH_NAMES_MAX = 256 };

/* ---- lists ------------------------------------------------------------- */

/* kustomize calls two specs the same when the first one's kinds take in the
 * second's and the paths are equal. */
static bool covers(const struct fieldspec *have, const struct fieldspec *new)
{
	return str_eq(have->path, new->path) && gvk_selected(have->gvk, new->gvk);
}

err *fieldspec_merge(struct arena *a, fieldspecs *to, struct fieldspec new)
{
	for (size_t i = 0; i < to->n; i++) {
		if (!covers(&to->p[i], &new))
			continue;
		if (to->p[i].create != new.create)
			return err_new(ERR_CONFLICT, "conflicting fieldspecs");
		return NULL;
	}
	avec_push(a, to, new);
	return NULL;
}

err *fieldspec_merge_all(struct arena *a, fieldspecs *to, const fieldspecs *from)
{
	for (size_t i = 0; i < from->n; i++)
		TRY(fieldspec_merge(a, to, from->p[i]));
	return NULL;
}

/* ---- paths ------------------------------------------------------------- */

fieldspec_path fieldspec_split(struct arena *a, str path)
{
	fieldspec_path names = { 0 };
	char *text = arena_alloc(a, path.n + 1);
	size_t start = 0, n = 0;

	for (size_t i = 0; i < path.n && names.n < PATH_NAMES_MAX; i++) {
		if (path.p[i] == '\\' && i + 1 < path.n && path.p[i + 1] == '/') {
			text[n++] = '/';
			i++;
		} else if (path.p[i] == '/') {
			/* A leading slash says nothing. */
			if (i)
				avec_push(a, &names, str_of(text + start, n - start));
			start = n;
		} else {
			text[n++] = path.p[i];
		}
	}
	avec_push(a, &names, str_of(text + start, n - start));
	return names;
}

/* ---- the walk ---------------------------------------------------------- */

struct walk {
	struct arena *a;
	const struct fieldspec *spec;
	fieldspec_path path;
	enum node_kind make;
	fieldspec_visit *visit;
	void *context;
};

static node made(struct arena *a, enum node_kind kind)
{
	if (kind == NODE_MAP)
		return node_map(a, 0);
	if (kind == NODE_SEQ)
		return node_seq(a, 0);
	return node_from_str(a, STR_NONE);
}

static err *descend(struct walk *w, size_t at, node *value);

static err *into_map(struct walk *w, size_t at, node *value)
{
	str name = w->path.p[at];
	bool is_list = str_ends(name, S("[]")), last = at + 1 == w->path.n;
	bool create = w->spec->create && w->make != NODE_NONE && !is_list;
	enum node_kind kind = last ? w->make : NODE_MAP;

	if (is_list)
		name = str_sub(name, 0, name.n - 2);
	if (!name.n)
		return err_new(ERR_INVALID, "cannot set or create an empty field name");
	node *field = node_find(*value, name);

	if (!field) {
		if (!create)
			return NULL;
		node_set(w->a, *value, name, made(w->a, kind));
		field = node_find(*value, name);
	} else if (field->kind == NODE_NULL && (create || is_list)) {
		*field = made(w->a, is_list ? NODE_SEQ : kind);
	}
	return descend(w, at + 1, field);
}

static err *into_list(struct walk *w, size_t at, node *value)
{
	node_each_item(i, *value) {
		err *e = descend(w, at, i);
		CLEANUP(buf_release) struct buf path = BUF_INIT;

		if (!e)
			continue;
		for (size_t k = at; k < w->path.n; k++) {
			buf_add(&path, k > at ? S(" ") : STR_NONE);
			buf_add(&path, w->path.p[k]);
		}
		return err_wrap(e, "visit traversal on path: [%s]", buf_c(&path));
	}
	return NULL;
}

static err *descend(struct walk *w, size_t at, node *value)
{
	if (at == w->path.n)
		return w->visit(w->context, w->a, value);
	if (node_is_nil(*value))
		return NULL;
	if (value->kind == NODE_SEQ)
		return into_list(w, at, value);
	if (value->kind == NODE_MAP)
		return into_map(w, at, value);
	return err_new(ERR_INVALID, "expected sequence or mapping node");
}

err *fieldspec_walk(struct arena *a, node object, const struct fieldspec *spec,
		    enum node_kind make, fieldspec_visit *visit, void *context)
{
	struct walk w = {
		.a = a, .spec = spec, .make = make, .visit = visit, .context = context,
	};

	if (!gvk_selected(gvk_of(object), spec->gvk))
		return NULL;
	w.path = fieldspec_split(a, spec->path);
	err *e = descend(&w, 0, &object);

	if (!e)
		return NULL;
	struct resid id = {
		.gvk = gvk_of(object),
		.name = node_str(node_dig(object, "metadata", "name")),
		.ns = node_str(node_dig(object, "metadata", "namespace")),
	};
	return err_wrap(e, "considering field '%.*s' of object %.*s", STR_ARG(spec->path),
			STR_ARG(resid_text(a, id)));
}

err *fieldspec_walk_all(struct arena *a, node object, const fieldspecs *specs, enum node_kind make,
			fieldspec_visit *visit, void *context)
{
	for (size_t i = 0; i < specs->n; i++)
		TRY(fieldspec_walk(a, object, &specs->p[i], make, visit, context));
	return NULL;
}
