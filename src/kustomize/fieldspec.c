#include "kustomize/fieldspec.h"

#include "kustomize/resid.h"
#include "kustomize/scalar.h"

/* Deeper paths than any configuration needs. */
enum { PATH_NAMES_MAX = 256 };

/* ---- lists ------------------------------------------------------------- */

/* kustomize calls two specs the same when the new one's kinds take in the
 * old one's and the paths are equal. */
static bool covers(const struct fieldspec *have, const struct fieldspec *new)
{
	return str_eq(have->path, new->path) && gvk_selected(have->gvk, new->gvk);
}

void fieldspec_read(struct arena *a, fieldspecs *to, node list)
{
	node_each_item(i, list)
		avec_push(a, to, (struct fieldspec){
					 .gvk = { node_str(node_get(*i, S("group"))),
						  node_str(node_get(*i, S("version"))),
						  node_str(node_get(*i, S("kind"))) },
					 .path = node_str(node_get(*i, S("path"))),
					 .create = node_bool(node_get(*i, S("create"))),
				 });
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

struct fieldspec_steps fieldspec_steps(str path)
{
	/* A leading slash says nothing. */
	return (struct fieldspec_steps){ .rest = str_starts(path, S("/")) ? str_from(path, 1) : path };
}

/* Walks are many and escapes are rare: only these are copied. */
static str unescape(struct arena *a, str name)
{
	char *text = arena_alloc(a, name.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == '\\' && i + 1 < name.n && name.p[i + 1] == '/')
			i++;
		text[n++] = name.p[i];
	}
	return str_of(text, n);
}

str fieldspec_take(struct arena *a, struct fieldspec_steps *s)
{
	bool escaped = false;
	size_t n = 0;

	for (; n < s->rest.n; n++) {
		if (s->rest.p[n] == '\\' && n + 1 < s->rest.n && s->rest.p[n + 1] == '/') {
			escaped = true;
			n++;
		} else if (s->rest.p[n] == '/' && s->taken + 1 < PATH_NAMES_MAX) {
			break;
		}
	}
	str name = str_sub(s->rest, 0, n);

	s->end = n >= s->rest.n;
	s->rest = str_from(s->rest, n + 1);
	s->taken++;
	return escaped ? unescape(a, name) : name;
}

/* ---- the walk ---------------------------------------------------------- */

struct walk {
	struct arena *a;
	const struct fieldspec *spec;
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

static err *descend(struct walk *w, struct fieldspec_steps at, node *value);

/* kyaml looks for the item of a list by it. */
static bool is_index(str name)
{
	uint64_t index;

	return str_to_u64(name, &index) && index <= INT64_MAX;
}

static err *into_map(struct walk *w, struct fieldspec_steps at, node *value)
{
	str name = fieldspec_take(w->a, &at);
	bool is_list = str_ends(name, S("[]"));
	bool create = w->spec->create && w->make != NODE_NONE && !is_list;
	enum node_kind kind = at.end ? w->make : NODE_MAP;

	if (is_list)
		name = str_sub(name, 0, name.n - 2);
	if (!name.n)
		return err_new(ERR_INVALID, "cannot set or create an empty field name");
	if (is_index(name))
		return err_wrap(scalar_wrong_kind(*value, "SequenceNode"), "fieldName: %.*s",
				STR_ARG(name));
	node *field = node_find(*value, name);

	if (!field) {
		if (!create)
			return NULL;
		node_set(w->a, *value, name, made(w->a, kind));
		field = node_find(*value, name);
	} else if (field->kind == NODE_NULL && (create || is_list)) {
		*field = made(w->a, is_list ? NODE_SEQ : kind);
	}
	return descend(w, at, field);
}

static err *into_list(struct walk *w, struct fieldspec_steps at, node *value)
{
	node_each_item(i, *value) {
		err *e = descend(w, at, i);
		CLEANUP(buf_release) struct buf path = BUF_INIT;

		if (!e)
			continue;
		for (struct fieldspec_steps left = at; !left.end;) {
			buf_add(&path, left.taken > at.taken ? S(" ") : STR_NONE);
			buf_add(&path, fieldspec_take(w->a, &left));
		}
		return err_wrap(e, "visit traversal on path: [%s]", buf_c(&path));
	}
	return NULL;
}

static err *descend(struct walk *w, struct fieldspec_steps at, node *value)
{
	if (at.end)
		return w->visit(w->context, w->a, value);
	if (node_is_nil(*value))
		return NULL;
	if (value->kind == NODE_SEQ)
		return into_list(w, at, value);
	if (value->kind == NODE_MAP)
		return into_map(w, at, value);
	return err_new(ERR_INVALID, "expected sequence or mapping node");
}

err *fieldspec_walk_as(struct arena *a, node object, struct gvk gvk, const struct fieldspec *spec,
		       enum node_kind make, fieldspec_visit *visit, void *context)
{
	struct walk w = {
		.a = a, .spec = spec, .make = make, .visit = visit, .context = context,
	};

	if (!gvk_selected(gvk, spec->gvk))
		return NULL;
	err *e = descend(&w, fieldspec_steps(spec->path), &object);

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

err *fieldspec_walk(struct arena *a, node object, const struct fieldspec *spec,
		    enum node_kind make, fieldspec_visit *visit, void *context)
{
	return fieldspec_walk_as(a, object, gvk_of(object), spec, make, visit, context);
}

err *fieldspec_walk_all(struct arena *a, node object, const fieldspecs *specs, enum node_kind make,
			fieldspec_visit *visit, void *context)
{
	struct gvk gvk = gvk_of(object);

	for (size_t i = 0; i < specs->n; i++)
		TRY(fieldspec_walk_as(a, object, gvk, &specs->p[i], make, visit, context));
	return NULL;
}
