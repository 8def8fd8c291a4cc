/* helmrelease_origin - where the values stand that an error is about.
 *
 * Helm names the template, or the path of a value in the schema. Which object set
 * that value, and on which line of its text, it does not know. */
#include "base/vec.h"
#include "controllers/hr_impl.h"
#include "value/pointer.h"
#include "value/source.h"
#include "value/yaml.h"

enum { TOLD_MAX = 5 };

void hr_note_values(struct hr *h, str kind, str name, str key, str path, str text)
{
	avec_push(h->a, &h->given,
		  (struct hr_given){ .kind = kind, .name = name, .key = key, .path = path,
				     .text = text });
}

/* ---- paths in errors --------------------------------------------------------- */

typedef VEC(str) path;

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* ".Values.a.b": what stands behind .Values */
static void take_dotted(struct arena *a, str *rest, path *out)
{
	while (rest->n > 1 && rest->p[0] == '.' && is_word(rest->p[1])) {
		*rest = str_from(*rest, 1);
		str word = str_span(rest, is_word);

		avec_push(a, out, word);
	}
}

/* "at '/a/b'": the pointer's parts */
static void take_pointer(struct arena *a, str *rest, path *out)
{
	str text = str_sub(*rest, 0, str_find_char(*rest, '\''));
	struct pointer p;
	err *e = pointer_parse(a, text, &p);

	*rest = str_from(*rest, text.n);
	for (size_t i = 0; !e && i < p.n; i++)
		avec_push(a, out, p.parts[i]);
	err_free(e);
}

/* The next path of the text; false: there is none. */
static bool next_path(struct arena *a, str *rest, path *out)
{
	size_t dotted = str_find(*rest, S(".Values.")), at = str_find(*rest, S("at '/"));

	*out = (path){ 0 };
	if (dotted == STR_NPOS && at == STR_NPOS)
		return false;
	if (dotted < at) {
		*rest = str_from(*rest, dotted + S(".Values").n);
		take_dotted(a, rest, out);
	} else {
		*rest = str_from(*rest, at + S("at '").n);
		take_pointer(a, rest, out);
	}
	return true;
}

/* ---- where they stand ---------------------------------------------------------- */

/* The node at the path, or its nearest ancestor below the root; how many steps that is. */
static size_t dig(node root, const path *p, node *out)
{
	size_t n = 0;

	*out = NODE_NOTHING;
	for (node at = root; n < p->n; n++) {
		at = node_get(at, p->p[n]);
		if (at.kind == NODE_NONE)
			break;
		*out = at;
	}
	return n;
}

static str show(struct arena *a, const path *p, size_t n)
{
	return arena_join(a, p->p, n, S("."));
}

/* One source: how much of the path it sets, and where. */
static size_t look(struct hr *h, const struct hr_given *g, const path *p, str *where)
{
	struct sources sources = SOURCES_INIT;
	const struct yaml_options o = { .json = true, .sources = &sources, .name = g->key };
	node root, found = NODE_NOTHING;
	struct err_pos pos;
	size_t n = 0;

	if (g->path.n) {
		if (!str_eq(g->path, show(h->a, p, p->n)))
			return 0;
		*where = arena_printf(h->a, "%.*s %.*s/%.*s, key %.*s (targetPath)",
				      STR_ARG(g->kind), STR_ARG(h->p->key.namespace),
				      STR_ARG(g->name), STR_ARG(g->key));
		return p->n;
	}
	err *e = yaml_read(h->a, g->text, &o, &root);

	if (!e)
		n = dig(root, p, &found);
	if (n && sources_locate(&sources, found.place, &pos))
		*where = arena_printf(h->a, "%.*s %.*s/%.*s, %.*s:%u:%u", STR_ARG(g->kind),
				      STR_ARG(h->p->key.namespace), STR_ARG(g->name),
				      STR_ARG(g->key), pos.line, pos.col);
	else
		n = 0;
	err_free(e);
	sources_release(&sources);
	return n;
}

/* The object's own values. */
static size_t look_at_own(struct hr *h, const path *p, str *where)
{
	node found;
	size_t n = dig(node_get(h->spec, S("values")), p, &found);
	str git = STR_NONE;
	bool known = n && hr_find_in_git(h, p->p, n, &git);

	*where = arena_printf(h->a, "HelmRelease %.*s/%.*s, spec.values%s%.*s",
			      STR_ARG(h->p->key.namespace), STR_ARG(h->p->key.name),
			      known ? ", " : "", STR_ARG(git));
	return n;
}

/* The last that sets most of it counts. */
static bool find(struct hr *h, const path *p, str *out)
{
	str where;
	size_t best = look_at_own(h, p, &where);

	for (size_t i = h->given.n; i-- > 0;) {
		str other;
		size_t n = look(h, &h->given.p[i], p, &other);

		if (n > best) {
			best = n;
			where = other;
		}
	}
	if (!best)
		return false;
	*out = arena_printf(h->a, ".Values.%.*s is set in %.*s", STR_ARG(show(h->a, p, best)),
			    STR_ARG(where));
	return true;
}

str hr_origins(struct hr *h, str message)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	path p;

	for (int told = 0; told < TOLD_MAX && next_path(h->a, &message, &p);) {
		str line;

		if (!p.n || !find(h, &p, &line) || str_has(buf_str(&b), line))
			continue;
		buf_addf(&b, "%s%.*s", b.n ? "\n" : "", STR_ARG(line));
		told++;
	}
	return arena_str(h->a, buf_str(&b));
}
