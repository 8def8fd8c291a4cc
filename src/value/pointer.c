#include "value/pointer.h"

#include "base/vec.h"

/* More parts than any document is deep point nowhere. */
enum { PARTS_MAX = 100000 };

str pointer_decode(struct arena *a, str part)
{
	if (str_find_char(part, '~') == STR_NPOS)
		return part;
	char *start = arena_alloc(a, part.n + 1), *to = start;

	while (part.n) {
		if (str_take_str(&part, S("~1"))) {
			*to++ = '/';
		} else if (str_take_str(&part, S("~0"))) {
			*to++ = '~';
		} else {
			*to++ = part.p[0];
			part = str_from(part, 1);
		}
	}
	*to = 0;
	return str_of(start, (size_t)(to - start));
}

static bool escapes_ok(str part)
{
	for (size_t i = 0; i < part.n; i++)
		if (part.p[i] == '~' &&
		    (i + 1 == part.n || (part.p[i + 1] != '0' && part.p[i + 1] != '1')))
			return false;
	return true;
}

err *pointer_parse(struct arena *a, str text, struct pointer *out)
{
	VEC(str) parts = { 0 };
	str rest = text, part;

	if (!text.n) {
		*out = (struct pointer){ 0 };
		return NULL;
	}
	if (text.p[0] != '/')
		return err_new(ERR_INVALID, "JSON pointer must be empty or start with a \"/\"");
	while (str_take(&rest, '/')) {
		size_t end = str_find_char(rest, '/');

		part = str_sub(rest, 0, end);
		rest = str_from(rest, part.n);
		if (!escapes_ok(part))
			return err_new(ERR_INVALID, "JSON pointer \"%.*s\" has a \"~\" that is not "
				       "followed by 0 or 1", STR_ARG(text));
		if (parts.n == PARTS_MAX)
			return err_new(ERR_INVALID, "JSON pointer has more than %d parts",
				       PARTS_MAX);
		avec_push(a, &parts, pointer_decode(a, part));
	}
	*out = (struct pointer){ parts.p, parts.n };
	return NULL;
}

bool pointer_index(str part, size_t n, size_t *index)
{
	uint64_t i;

	if ((part.n > 1 && part.p[0] == '0') || !str_to_u64(part, &i) || i >= n)
		return false;
	*index = (size_t)i;
	return true;
}

static node *enter(node *n, str part)
{
	size_t i;

	if (n->kind == NODE_MAP)
		return node_find(*n, part);
	if (n->kind == NODE_SEQ && pointer_index(part, n->seq->n, &i))
		return &n->seq->items[i];
	return NULL;
}

node *pointer_find(node *root, struct pointer at)
{
	for (size_t i = 0; root && i < at.n; i++)
		root = enter(root, at.parts[i]);
	return root;
}

/* Why `part` leads nowhere from `n`, which the first `depth` parts led to. */
static err *no_way(node n, struct pointer at, size_t depth)
{
	CLEANUP(buf_release) struct buf all = BUF_INIT, so_far = BUF_INIT;
	str part = at.parts[depth];

	pointer_print(&all, at, STR_NPOS);
	pointer_print(&so_far, at, depth);
	if (n.kind == NODE_MAP)
		return err_new(ERR_NOT_FOUND, "%s: no key \"%.*s\" in the object at \"%s\"",
			       buf_c(&all), STR_ARG(part), buf_c(&so_far));
	if (n.kind == NODE_SEQ)
		return err_new(ERR_NOT_FOUND, "%s: no item \"%.*s\" in the array of %zu at \"%s\"",
			       buf_c(&all), STR_ARG(part), node_len(n), buf_c(&so_far));
	return err_new(ERR_NOT_FOUND, "%s: \"%s\" is no object or array but %s", buf_c(&all),
		       buf_c(&so_far), node_kind_name(n));
}

err *pointer_get(node root, struct pointer at, struct sources *s, node *out)
{
	node *n = &root;

	for (size_t i = 0; i < at.n; i++) {
		node *next = enter(n, at.parts[i]);

		if (!next)
			return sources_err(s, n->place, no_way(*n, at, i));
		n = next;
	}
	*out = *n;
	return NULL;
}

void pointer_add(struct buf *b, str part)
{
	buf_addc(b, '/');
	for (size_t i = 0; i < part.n; i++) {
		if (part.p[i] == '~')
			buf_add(b, S("~0"));
		else if (part.p[i] == '/')
			buf_add(b, S("~1"));
		else
			buf_addc(b, part.p[i]);
	}
}

void pointer_print(struct buf *b, struct pointer at, size_t n)
{
	for (size_t i = 0; i < at.n && i < n; i++)
		pointer_add(b, at.parts[i]);
}
