#include "value/patch.h"

#include "base/vec.h"
#include "text/number.h"
#include "value/json.h"
#include "value/pointer.h"

/* In the text form the library tells three nulls apart, and so do we, by
 * their style: what was null in the document, what an operation put there,
 * and the copy of such a one, which passes for an empty object. */
enum {
	NULL_READ = STYLE_ANY,
	NULL_GIVEN = STYLE_PLAIN,
	NULL_COPIED = STYLE_RAW,
};

struct patcher {
	struct arena *a;
	const struct patch_options *o;
	node root;
	bool text;		/* trees are raw: value/json.h */
	size_t copied, copy_limit;
};

/* One operation; fields that are not there are NODE_NONE. */
struct operation {
	node kind, path, from, value;
};

#define MISSING "missing value"
#define BAD_INDEX "Unable to access invalid index: %lld: invalid index referenced"

static const struct patch_options no_options;

/* ---- fields ------------------------------------------------------------ */

/* Decode a string field as Go would; `missing` is the error without it. */
static err *field(struct patcher *p, node n, const char *missing, str *out)
{
	if (node_is_nil(n))
		return err_new(ERR_INVALID, "%s: " MISSING, missing);
	if (n.kind != NODE_STR)
		return err_new(ERR_INVALID,
			       "json: cannot unmarshal %s into Go value of type string",
			       node_kind_name(n));
	*out = json_text(p->a, n);
	return NULL;
}

static err *path_field(struct patcher *p, const struct operation *op, str *out)
{
	return field(p, op->path, "operation missing path field", out);
}

static err *from_field(struct patcher *p, const struct operation *op, str *out)
{
	return field(p, op->from, "operation, missing from field", out);
}

/* What an operation puts into the document. */
static node given(const struct patcher *p, node value)
{
	if (value.kind == NODE_NONE)
		return node_null();
	if (value.kind == NODE_NULL && p->text)
		value.style = NULL_GIVEN;
	return value;
}

/* ---- lists and maps ---------------------------------------------------- */

/* The slot of an entry; NULL in `out` when a map does not have the key. A
 * null for a container is the document "null": a map without entries. */
static err *entry(node *in, str key, node **out)
{
	int64_t i;

	if (in->kind != NODE_SEQ) {
		*out = node_find(*in, key);
		return NULL;
	}
	TRY(number_parse_atoi(key, &i));
	int64_t n = in->seq->n, at = i < 0 ? i + n : i;

	if (at < 0 || at >= n)
		return err_new(ERR_INVALID, BAD_INDEX, (long long)i);
	*out = &in->seq->items[at];
	return NULL;
}

static err *add_entry(struct patcher *p, node *in, str key, node value)
{
	int64_t i;

	if (in->kind == NODE_MAP) {
		node_set(p->a, *in, key, value);
		return NULL;
	}
	if (str_eq(key, S("-"))) {
		node_append(p->a, *in, value);
		return NULL;
	}
	err *e = number_parse_atoi(key, &i);

	if (e)
		return err_wrap(e, "value was not a proper array index: '%.*s'", STR_ARG(key));
	int64_t n = in->seq->n + 1LL, at = i < 0 ? i + n : i;

	if (at < 0 || at >= n)
		return err_new(ERR_INVALID, BAD_INDEX, (long long)i);
	node_insert(p->a, *in, (size_t)at, value);
	return NULL;
}

static err *remove_entry(node *in, str key)
{
	node *slot;

	if (in->kind == NODE_SEQ) {
		TRY(entry(in, key, &slot));
		node_remove_at(*in, (size_t)(slot - in->seq->items));
		return NULL;
	}
	if (node_remove(*in, key))
		return NULL;
	return err_new(ERR_INVALID, "Unable to remove nonexistent key: %.*s: " MISSING,
		       STR_ARG(key));
}

/* Find the container of a path's last part, opening the maps on the way.
 * False when there is none. */
static bool find_parent(struct patcher *p, str path, node **in, str *key)
{
	str part, rest;
	node *n = &p->root;

	if (!str_split(path, '/', &part, &rest))
		return false;
	while (str_split(rest, '/', &part, &rest)) {
		err *e = entry(n, pointer_decode(p->a, part), &n);

		if (e) {
			err_free(e);
			return false;
		}
		if (!n || (n->kind != NODE_SEQ && n->kind != NODE_MAP &&
			   !(n->kind == NODE_NULL && n->style == NULL_COPIED)))
			return false;
		*n = json_open(p->a, *n);
	}
	*in = n;
	*key = pointer_decode(p->a, part);
	return true;
}

/* ---- equality ---------------------------------------------------------- */

static bool is_empty_map(node n)
{
	return (n.kind == NODE_MAP && !n.map->n) || (n.kind == NODE_NULL && n.style == NULL_COPIED);
}

static bool equal_nulls(struct patcher *p, node x, node y)
{
	if (x.kind == NODE_NULL && x.style == NULL_COPIED)
		return is_empty_map(y);
	if (y.kind == NODE_NULL && y.style == NULL_COPIED)
		return is_empty_map(x);
	return x.kind == y.kind && (!p->text || x.style == y.style);
}

/* The library compares the JSON texts; of a tree, those that Go would make. */
static bool equal_numbers(const struct patcher *p, node x, node y)
{
	CLEANUP(buf_release) struct buf text_x = BUF_INIT, text_y = BUF_INIT;
	const struct json_style style = { .values = !p->text };
	err *e = json_write(&text_x, x, &style);

	if (!e)
		e = json_write(&text_y, y, &style);
	bool same = !e && str_eq(buf_str(&text_x), buf_str(&text_y));

	err_free(e);
	return same;
}

struct two {
	node *x, *y;
};

struct pending {
	VEC(struct two) list;
};

/* Compare, or leave for later when both are lists or both are maps. */
static bool compare(struct patcher *p, struct pending *todo, node *x, node *y)
{
	if (x->kind == NODE_NULL || y->kind == NODE_NULL)
		return equal_nulls(p, *x, *y);
	if (node_is_num(*x) && node_is_num(*y))
		return equal_numbers(p, *x, *y);
	if (x->kind != y->kind)
		return false;
	if (x->kind != NODE_SEQ && x->kind != NODE_MAP)
		return node_equal(*x, *y);
	*x = json_open(p->a, *x);
	*y = json_open(p->a, *y);
	if (node_len(*x) != node_len(*y))
		return false;
	vec_push(&todo->list, (struct two){ x, y });
	return true;
}

static bool compare_entries(struct patcher *p, struct pending *todo, node x, node y)
{
	if (x.kind == NODE_SEQ) {
		for (size_t i = 0; i < x.seq->n; i++)
			if (!compare(p, todo, &x.seq->items[i], &y.seq->items[i]))
				return false;
		return true;
	}
	node_each_pair(pair, x) {
		node *other = node_find(y, node_str(pair->key));

		if (!other || !compare(p, todo, &pair->value, other))
			return false;
	}
	return true;
}

/* Comparing opens the maps on both sides: they count as touched. */
static bool equal(struct patcher *p, node *x, node *y)
{
	struct pending todo = { 0 };
	bool same = compare(p, &todo, x, y);

	while (same && todo.list.n) {
		struct two next = todo.list.p[--todo.list.n];

		same = compare_entries(p, &todo, *next.x, *next.y);
	}
	vec_release(&todo.list);
	return same;
}

/* ---- operations -------------------------------------------------------- */

static err *run_add(struct patcher *p, const struct operation *op)
{
	node *in;
	str path, key;
	err *e = path_field(p, op, &path);

	if (e)
		return err_replace(e, "add operation failed to decode path: " MISSING);
	if (!find_parent(p, path, &in, &key) || in->kind == NODE_NULL)
		return err_new(ERR_INVALID, "add operation does not apply: doc is missing path: "
			       "\"%.*s\": " MISSING, STR_ARG(path));
	e = add_entry(p, in, key, given(p, op->value));
	return e ? err_wrap(e, "error in add for path: '%.*s'", STR_ARG(path)) : NULL;
}

static err *run_remove(struct patcher *p, const struct operation *op)
{
	node *in;
	str path, key;
	err *e = path_field(p, op, &path);

	if (e)
		return err_replace(e, "remove operation failed to decode path: " MISSING);
	if (!find_parent(p, path, &in, &key))
		return err_new(ERR_INVALID, "remove operation does not apply: doc is missing path: "
			       "\"%.*s\": " MISSING, STR_ARG(path));
	e = remove_entry(in, key);
	return e ? err_wrap(e, "error in remove for path: '%.*s'", STR_ARG(path)) : NULL;
}

static err *replace_all(struct patcher *p, const struct operation *op)
{
	if (op->value.kind != NODE_MAP && op->value.kind != NODE_SEQ)
		return err_new(ERR_INVALID, "%s",	/* Go's fmt says so of a nil error */
			       "replace operation value must be object or array: %!w(<nil>)");
	p->root = json_open(p->a, op->value);
	return NULL;
}

static err *run_replace(struct patcher *p, const struct operation *op)
{
	node *in, *slot;
	str path, key;
	err *e = path_field(p, op, &path);

	if (e)
		return err_wrap(e, "replace operation failed to decode path");
	if (!path.n)
		return replace_all(p, op);
	if (!find_parent(p, path, &in, &key) || in->kind == NODE_NULL)
		return err_new(ERR_INVALID,
			       "replace operation does not apply: doc is missing path: "
			       "%.*s: " MISSING,
			       STR_ARG(path));
	e = entry(in, key, &slot);
	if (e)
		return err_replace(e, "replace operation does not apply: doc is missing key: "
				   "%.*s: " MISSING, STR_ARG(path));
	if (slot)
		*slot = given(p, op->value);
	else
		node_set(p->a, *in, key, given(p, op->value));
	return NULL;
}

static err *take(node *in, str key, node *out)
{
	node *slot;

	TRY(entry(in, key, &slot));
	if (slot)
		*out = *slot;
	return remove_entry(in, key);
}

static err *run_move(struct patcher *p, const struct operation *op)
{
	node *in, value = NODE_NOTHING;
	str from, path, key;
	err *e = from_field(p, op, &from);

	if (e)
		return err_wrap(e, "move operation failed to decode from");
	if (!find_parent(p, from, &in, &key))
		return err_new(ERR_INVALID,
			       "move operation does not apply: doc is missing from path: "
			       "%.*s: " MISSING,
			       STR_ARG(from));
	e = take(in, key, &value);
	if (e)
		return err_wrap(e, "error in move for path: '%.*s'", STR_ARG(key));
	e = path_field(p, op, &path);
	if (e)
		return err_wrap(e, "move operation failed to decode path");
	if (!find_parent(p, path, &in, &key) || in->kind == NODE_NULL)
		return err_new(ERR_INVALID, "move operation does not apply: doc is missing "
			       "destination path: %.*s: " MISSING, STR_ARG(path));
	e = add_entry(p, in, key, value);
	return e ? err_wrap(e, "error in move for path: '%.*s'", STR_ARG(path)) : NULL;
}

static err *test_failed(str path)
{
	return err_new(ERR_INVALID, "testing value %.*s failed: test failed", STR_ARG(path));
}

static err *run_test(struct patcher *p, const struct operation *op)
{
	node *in, *slot, want = given(p, op->value);
	str path, key;
	err *e = path_field(p, op, &path);

	if (e)
		return err_wrap(e, "test operation failed to decode path");
	if (!path.n)
		return equal(p, &p->root, &want) ? NULL : test_failed(path);
	if (!find_parent(p, path, &in, &key))
		return err_new(ERR_INVALID, "test operation does not apply: is missing path: "
			       "%.*s: " MISSING, STR_ARG(path));
	e = entry(in, key, &slot);
	if (e)
		return err_wrap(e, "error in test for path: '%.*s'", STR_ARG(path));
	if (!slot || (slot->kind == NODE_NULL && (!p->text || slot->style == NULL_READ)))
		return node_is_nil(op->value) ? NULL : test_failed(path);
	if (op->value.kind == NODE_NONE || !equal(p, slot, &want))
		return test_failed(path);
	return NULL;
}

/* A copy as the library makes it: written and read again, so that in the
 * text form its bytes are those of the output. */
static err *copy_value(struct patcher *p, const node *from, node *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	*out = node_null();
	if (!from || (from->kind == NODE_NULL && from->style == NULL_READ))
		return NULL;
	err *e = json_write(&text, *from, NULL);

	if (e)
		return err_wrap(e, "error while performing deep copy");
	p->copied += text.n;
	if (p->copied > p->copy_limit)
		return err_new(ERR_INVALID, "Unable to complete the copy, the accumulated size "
			       "increase of copy is %zu, exceeding the limit %zu",
			       p->copied, p->copy_limit);
	if (!p->text) {
		*out = node_copy(p->a, *from);
		return NULL;
	}
	TRY(json_read(p->a, arena_str(p->a, buf_str(&text)),
		      &(const struct json_options){ .raw = true }, out));
	if (out->kind == NODE_NULL)
		out->style = NULL_COPIED;
	return NULL;
}

static err *run_copy(struct patcher *p, const struct operation *op)
{
	node *in, *slot, value;
	str from, path, key;
	err *e = from_field(p, op, &from);

	if (e)
		return err_wrap(e, "copy operation failed to decode from");
	if (!find_parent(p, from, &in, &key))
		return err_new(ERR_INVALID,
			       "copy operation does not apply: doc is missing from path: "
			       "%.*s: " MISSING,
			       STR_ARG(from));
	e = entry(in, key, &slot);
	if (e)
		return err_wrap(e, "error in copy for from: '%.*s'", STR_ARG(from));
	e = path_field(p, op, &path);
	if (e)
		return err_replace(e, "copy operation failed to decode path: " MISSING);
	if (!find_parent(p, path, &in, &key) || in->kind == NODE_NULL)
		return err_new(ERR_INVALID, "copy operation does not apply: doc is missing "
			       "destination path: %.*s: " MISSING, STR_ARG(path));
	TRY(copy_value(p, slot, &value));
	e = add_entry(p, in, key, value);
	return e ? err_wrap(e, "error while adding value during copy") : NULL;
}

static const struct {
	str name;
	err *(*run)(struct patcher *p, const struct operation *op);
} operations[] = {
	{ { "add", 3 }, run_add },	   { { "copy", 4 }, run_copy },
	{ { "move", 4 }, run_move },	   { { "remove", 6 }, run_remove },
	{ { "replace", 7 }, run_replace }, { { "test", 4 }, run_test },
};

static err *run_operation(struct patcher *p, const struct operation *op)
{
	str kind = op->kind.kind == NODE_STR ? json_text(p->a, op->kind) : S("unknown");

	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
		if (str_eq(operations[i].name, kind))
			return operations[i].run(p, op);
	return err_new(ERR_INVALID, "Unexpected kind: %.*s", STR_ARG(kind));
}

/* ---- whole patches ----------------------------------------------------- */

static err *cannot_unmarshal(node n, const char *type)
{
	return err_new(ERR_INVALID, "json: cannot unmarshal %s into Go value of type jsonpatch.%s",
		       node_kind_name(n), type);
}

/* A patch that cannot be decoded fails before the document is looked at. */
static err *check_patch(struct patcher *p, node patch)
{
	if (patch.kind != NODE_SEQ && !node_is_nil(patch))
		return sources_err(p->o->sources, patch.place, cannot_unmarshal(patch, "Patch"));
	node_each_item(item, patch)
		if (item->kind != NODE_MAP && !node_is_nil(*item))
			return sources_err(p->o->sources, item->place,
					   cannot_unmarshal(*item, "Operation"));
	return NULL;
}

static err *run_patch(struct patcher *p, node patch)
{
	node_each_item(item, patch) {
		node fields = json_open(p->a, *item);
		struct operation op = {
			.kind = node_get(fields, S("op")), .path = node_get(fields, S("path")),
			.from = node_get(fields, S("from")), .value = node_get(fields, S("value")),
		};
		err *e = run_operation(p, &op);

		if (!e)
			e = arena_check(p->a, "JSON patch");
		if (e)
			return sources_err(p->o->sources, item->place, e);
	}
	return NULL;
}

err *patch_json(struct arena *a, node doc, node patch, const struct patch_options *o, node *out)
{
	struct patcher p = { .a = a, .o = o ? o : &no_options };

	p.copy_limit = p.o->copy_limit ? p.o->copy_limit : PATCH_COPY_MAX;
	TRY(check_patch(&p, patch));
	if (doc.kind != NODE_MAP && doc.kind != NODE_SEQ && doc.kind != NODE_NULL)
		return cannot_unmarshal(doc, "partialDoc");
	p.root = p.o->in_place ? doc : node_copy(a, doc);
	if (doc.kind == NODE_NULL)
		p.root.style = NULL_COPIED;
	TRY(run_patch(&p, node_copy(a, patch)));
	*out = p.root;
	return NULL;
}

static err *patch_text(struct patcher *p, struct buf *b, str doc, str patch)
{
	const struct json_options of_patch = {
		.raw = true, .sources = p->o->sources, .name = p->o->patch_name,
	};
	const struct json_options of_doc = {
		.raw = true, .sources = p->o->sources, .name = p->o->doc_name,
	};
	node operations_read;

	TRY(json_read(p->a, patch, &of_patch, &operations_read));
	TRY(check_patch(p, operations_read));
	if (!doc.n)
		return NULL;
	TRY(json_read(p->a, doc, &of_doc, &p->root));
	/* The library decides by the first byte what it expects. */
	bool fits = p->root.kind == NODE_MAP || p->root.kind == NODE_NULL ||
		    (p->root.kind == NODE_SEQ && doc.p[0] == '[');

	if (!fits)
		return cannot_unmarshal(p->root, "partialDoc");
	if (p->root.kind == NODE_NULL)
		p->root.style = NULL_COPIED;
	p->root = json_open(p->a, p->root);
	TRY(run_patch(p, operations_read));
	return json_write(b, p->root, NULL);
}

err *patch_json_text(struct buf *b, str doc, str patch, const struct patch_options *o)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct patcher p = { .a = &a, .o = o ? o : &no_options, .text = true };

	p.copy_limit = p.o->copy_limit ? p.o->copy_limit : PATCH_COPY_MAX;
	return patch_text(&p, b, doc, patch);
}
