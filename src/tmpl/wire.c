#include "tmpl/wire.h"

#include "text/base64.h"

static bool is_special(node n)
{
	if (n.kind == NODE_SEQ)
		return n.type == GO_NIL_SLICE || n.type == GO_NIL_STRINGS;
	if (n.kind == NODE_MAP)
		return n.type == GO_NIL_MAP || n.type == GO_NIL_STRING_MAP;
	return n.kind == NODE_OBJECT || value_is_bytes(n);
}

static bool has_special(node n)
{
	if (is_special(n))
		return true;
	node_each_item(i, n)
		if (i->kind >= NODE_STR && has_special(*i))
			return true;
	node_each_pair(p, n)
		if (p->value.kind >= NODE_STR && has_special(p->value))
			return true;
	return false;
}

static node convert(struct arena *a, node n, enum wire_form form);

static node bytes(struct arena *a, node n, enum wire_form form)
{
	str s = node_str(n);

	if (form == WIRE_JSON) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		base64_write(&b, s, BASE64_STD);
		return node_copy_str(a, buf_str(&b));
	}
	node list = node_seq(a, s.n);

	for (size_t i = 0; i < s.n; i++)
		list.seq->items[list.seq->n++] = node_from_int((unsigned char)s.p[i]);
	return list;
}

static node object(struct arena *a, node n, enum wire_form form)
{
	const struct value_class *c = value_class(n);

	if (c->wire_text) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		c->wire_text(&b, n.object);
		return node_copy_str(a, buf_str(&b));
	}
	node map = node_map(a, c->fields_n);

	for (size_t i = 0; i < c->fields_n; i++) {
		str name = str_c(c->fields[i].name);

		if (name.p[0] >= 'a' && name.p[0] <= 'z') /* Go's encoders cannot see it */
			continue;
		const struct value_field *f = &c->fields[i];
		node value = f->get(a, n.object), key = node_copy_str(a, name);

		if (form == WIRE_JSON && f->json) {
			if (f->omit_empty && !value_true(value))
				continue;
			key = node_from_str(a, str_c(f->json));
		}
		if (form == WIRE_YAML && name.n) /* yaml.v3 has field names small */
			for (size_t k = 0; k < name.n; k++)
				if (name.p[k] >= 'A' && name.p[k] <= 'Z')
					((char *)(uintptr_t)key.text)[k] = (char)(name.p[k] + 32);
		node_push(a, map, key, convert(a, value, form));
	}
	return map;
}

static node convert(struct arena *a, node n, enum wire_form form)
{
	if (n.kind == NODE_OBJECT)
		return object(a, n, form);
	if (value_is_bytes(n))
		return bytes(a, n, form);
	if (is_special(n) && form == WIRE_JSON)
		return node_null();
	if (n.kind == NODE_SEQ) {
		node to = node_seq(a, n.seq->n);

		node_each_item(i, n)
			to.seq->items[to.seq->n++] = convert(a, *i, form);
		return to;
	}
	if (n.kind == NODE_MAP) {
		const struct node_pair *pairs = value_sorted(a, n);
		node to = node_map(a, n.map->n);

		for (size_t i = 0; i < n.map->n; i++)
			node_push(a, to, pairs[i].key, convert(a, pairs[i].value, form));
		return to;
	}
	return n;
}

err *wire_value(struct tmpl_call *c, node n, enum wire_form form, node *out)
{
	TRY(tmpl_check_tree(c, n));
	*out = has_special(n) ? convert(c->a, n, form) : n;
	return arena_check(c->a, "template");
}
