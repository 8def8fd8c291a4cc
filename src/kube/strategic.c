#include "kube/strategic.h"

#include "base/map.h"
#include "kube/strategic_impl.h"
#include "value/goprint.h"

#define PATCH S("$patch")
#define RETAIN_KEYS S("$retainKeys")
#define DELETE_FROM S("$deleteFromPrimitiveList")
#define SET_ORDER S("$setElementOrder")

/* ---- errors ------------------------------------------------------------ */

static err *bad_request(const char *text)
{
	err *e = err_new(ERR_INVALID, "%s", text);

	err_set_code(e, 400);
	return e;
}

static err *too_deep(void)
{
	return bad_request("exceeded max depth");
}

err *strategic_bad_order(void)
{
	return bad_request("invalid patch format of setElementOrder list");
}

const char *strategic_go_type(node n)
{
	switch ((enum node_kind)n.kind) {
	case NODE_BOOL:
		return "bool";
	case NODE_INT:
	case NODE_UINT:
		return "int64";
	case NODE_FLOAT:
		return "float64";
	case NODE_STR:
	case NODE_TIME:
		return "string";
	case NODE_SEQ:
		return "[]interface {}";
	case NODE_MAP:
		return "map[string]interface {}";
	case NODE_NONE:
	case NODE_NULL:
	case NODE_ALIAS:
	case NODE_OBJECT:
		break;
	}
	return "%!s(<nil>)";
}

err *strategic_wrong_type(const char *wanted, node found)
{
	return err_new(ERR_INVALID, "expected a %s, but received a %s", wanted, strategic_go_type(found));
}

err *strategic_no_key(node map, str key)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(64 << 10);

	goprint_add(&b, map);
	return err_new(ERR_INVALID, "map: %s does not contain declared merge key: %.*s", buf_c(&b),
		       STR_ARG(key));
}

err *strategic_bad_directive(node directive, node map)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(64 << 10);

	buf_add(&b, S("unknown patch type: "));
	if (node_is_nil(directive))
		buf_add(&b, S("%!s(<nil>)"));
	else if (node_is_num(directive) || node_is(directive, NODE_BOOL))
		buf_addf(&b, "%%!s(%s=", strategic_go_type(directive));
	if (!node_is_nil(directive))
		goprint_add(&b, directive);
	if (node_is_num(directive) || node_is(directive, NODE_BOOL))
		buf_addc(&b, ')');
	buf_add(&b, S(" in map: "));
	goprint_add(&b, map);
	return err_new(ERR_INVALID, "%s", buf_c(&b));
}

/* ---- types ------------------------------------------------------------- */

/* The declaration of a field that a map or list is merged into. */
static err *field_of(const struct type *t, str key, const struct type_field **out)
{
	*out = type_field(t, key);
	if (*out)
		return NULL;
	if (t && (t->kind == TYPE_MAP || t->kind == TYPE_LIST))
		return err_new(ERR_INVALID,
			       "merging an object in json but data type is not struct, instead is: %s",
			       t->kind == TYPE_MAP ? "map" : "slice");
	str go = t ? t->go : STR_NONE;

	return err_new(ERR_INVALID,
		       "unable to find api field in struct %.*s for the json field \"%.*s\"",
		       STR_ARG(str_from(go, str_rfind_char(go, '.') + 1)), STR_ARG(key));
}

static err *list_of(const struct type *t, str key, struct strategic_list *out)
{
	const struct type_field *f;

	TRY(field_of(t, key, &f));
	out->merge = f->patch & TYPE_PATCH_MERGE;
	out->key = f->patch_key;
	if (f->type->kind == TYPE_LIST) {
		out->items = f->type->items;
		if (out->items && out->items->kind == TYPE_LIST)
			return err_new(ERR_INVALID, "unexpected slice of slice");
	} else if (f->go & TYPE_GO_POINTER) {
		out->items = f->type;
	} else if (f->type->kind != TYPE_BYTES) {
		return err_new(ERR_INVALID, "expected slice or array type, but got: struct");
	}
	return NULL;
}

/* ---- values taken as they are ------------------------------------------- */

/* Depth is that of a tree that came from a reader. */
static void drop_nulls(node n)
{
	node_each_pair(p, n) {
		if (node_is_nil(p->value))
			p->value = NODE_NOTHING;
		else
			drop_nulls(p->value);
	}
	if (node_is(n, NODE_MAP))
		node_remove_none(n);
	node_each_item(i, n)
		drop_nulls(*i);
}

bool strategic_drop_directives(struct strategic *s, node *value)
{
	if (node_is(*value, NODE_MAP)) {
		if (node_has(*value, PATCH))
			return false;
		node_each_pair(p, *value)
			if (!strategic_drop_directives(s, &p->value))
				p->value = NODE_NOTHING;
		node_remove_none(*value);
	} else if (node_is(*value, NODE_SEQ)) {
		node list = node_seq(s->a, node_len(*value));

		node_each_item(i, *value)
			if (strategic_drop_directives(s, i))
				node_append(s->a, list, *i);
		*value = list;
	}
	return true;
}

/* Removed keys are marked first and go all at once. */
static void mark_removed(node map, str key)
{
	node *there = node_find(map, key);

	if (there)
		*there = NODE_NOTHING;
}

static void take(struct strategic *s, node original, str key, node value)
{
	drop_nulls(value);
	if (strategic_drop_directives(s, &value))
		node_set(s->a, original, key, value);
	else
		mark_removed(original, key);
}

/* ---- directives of maps -------------------------------------------------- */

static err *check_retained(node patch, const struct map *keys)
{
	node_each_pair(p, patch) {
		str key = node_str(p->key);

		if (!node_is_nil(p->value) && !str_starts(key, DELETE_FROM) &&
		    !str_starts(key, SET_ORDER) && !map_has(keys, key))
			return bad_request("invalid patch format of retainKeys");
	}
	return NULL;
}

/* Only the named keys of the live map stay, and the patch may set no others. */
static err *retain_keys(node original, node patch)
{
	node names = node_get(patch, RETAIN_KEYS);
	struct map keys = MAP_INIT;

	if (node_is(names, NODE_NONE))
		return NULL;
	node_remove(patch, RETAIN_KEYS);
	if (!node_is(names, NODE_SEQ))
		return bad_request("invalid patch format of retainKeys");
	node_each_item(i, names)
		if (node_is(*i, NODE_STR))
			map_set(&keys, node_str(*i), &keys);
	err *e = check_retained(patch, &keys);

	node_each_pair(p, original)
		if (!map_has(&keys, node_str(p->key)))
			p->value = NODE_NOTHING;
	node_remove_none(original);
	map_release(&keys);
	return e;
}

/* "PREFIX/name" without its prefix; false when it is no such key. */
static bool cut_prefix(str key, str prefix, str *name)
{
	str before;

	return str_split(key, '/', &before, name) && str_eq(before, prefix);
}

static err *set_order(struct strategic *s, node original, node patch, str key, node order,
		      const struct type *type)
{
	struct strategic_list how = { 0 };
	node live, wanted, out = NODE_NOTHING;
	str name;

	if (!node_is(order, NODE_SEQ))
		return strategic_wrong_type("[]interface {}", order);
	if (!cut_prefix(key, SET_ORDER, &name))
		return strategic_bad_order();
	live = node_get(original, name);
	wanted = node_get(patch, name);
	if (!node_is(live, NODE_NONE) && !node_is(live, NODE_SEQ))
		return strategic_wrong_type("[]interface {}", live);
	if (!node_is(wanted, NODE_NONE) && !node_is(wanted, NODE_SEQ))
		return strategic_wrong_type("[]interface {}", wanted);
	TRY(list_of(type, name, &how));
	TRY(strategic_order_list(s, live, wanted, order, &how, &out));
	if (node_is(out, NODE_NONE))
		return NULL;
	node_set(s->a, original, name, out);
	node_remove(patch, name);
	return NULL;
}

static err *set_orders(struct strategic *s, node original, node patch, const struct type *type)
{
	for (size_t i = 0; i < node_len(patch);) {
		struct node_pair p = patch.map->pairs[i];

		if (!str_starts(node_str(p.key), SET_ORDER)) {
			i++;
			continue;
		}
		node_remove_at(patch, i);
		TRY(set_order(s, original, patch, node_str(p.key), p.value, type));
		i = 0;	/* the list itself may be gone from the patch, too */
	}
	return NULL;
}

/* ---- merging ----------------------------------------------------------- */

static err *merge_field(struct strategic *s, node original, str key, node value, bool is_delete,
			const struct type *type)
{
	node *there = node_find(original, key);
	const struct type_field *f;
	struct strategic_list how = { 0 };

	if (node_is_nil(value)) {
		mark_removed(original, key);
		return NULL;
	}
	if (!there || strategic_go_type(*there) != strategic_go_type(value)) {
		if (!is_delete)
			take(s, original, key, value);
		return NULL;
	}
	if (node_is(value, NODE_MAP)) {
		TRY(field_of(type, key, &f));
		if (!(f->patch & TYPE_PATCH_REPLACE))
			return strategic_merge_map(s, *there, value, f->type, there);
		*there = value;
		return NULL;
	}
	if (node_is(value, NODE_SEQ)) {
		TRY(list_of(type, key, &how));
		return strategic_merge_list(s, *there, value, &how, is_delete, there);
	}
	*there = value;
	return NULL;
}

static err *merge_fields(struct strategic *s, node original, node patch, const struct type *type)
{
	node_each_pair(p, patch) {
		str key = node_str(p->key);
		bool is_delete = str_starts(key, DELETE_FROM);

		if (is_delete && !cut_prefix(key, DELETE_FROM, &key))
			return bad_request("invalid patch format of primitive list");
		TRY(merge_field(s, original, key, p->value, is_delete, type));
	}
	node_remove_none(original);
	return NULL;
}

err *strategic_merge_map(struct strategic *s, node original, node patch, const struct type *type, node *out)
{
	node directive = node_get(patch, PATCH);

	if (s->depth >= STRATEGIC_DEPTH_MAX)
		return too_deep();
	if (!node_is(directive, NODE_NONE)) {
		str word = node_str_or(directive, STR_NONE);

		if (str_eq(word, S("replace"))) {
			node_remove(patch, PATCH);
			*out = patch;
		} else if (str_eq(word, S("delete"))) {
			*out = node_map(s->a, 0);
		} else {
			return strategic_bad_directive(directive, patch);
		}
		return NULL;
	}
	s->depth++;
	TRY(retain_keys(original, patch));
	TRY(set_orders(s, original, patch, type));
	TRY(merge_fields(s, original, patch, type));
	s->depth--;
	*out = original;
	return NULL;
}

static bool too_deep_below(node n, unsigned left)
{
	if (!left)
		return true;
	node_each_pair(p, n)
		if (too_deep_below(p->value, left - 1))
			return true;
	node_each_item(i, n)
		if (too_deep_below(*i, left - 1))
			return true;
	return false;
}

err *strategic_patch(struct arena *a, node original, node patch, const struct type *type, node *out)
{
	struct strategic s = { .a = a };

	if (!node_is(patch, NODE_MAP))
		return bad_request("invalid JSON document");
	if (too_deep_below(patch, STRATEGIC_DEPTH_MAX) || too_deep_below(original, STRATEGIC_DEPTH_MAX))
		return too_deep();
	return strategic_merge_map(&s, node_copy(a, original), node_copy(a, patch), type, out);
}
