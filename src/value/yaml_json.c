/* The JSON step of sigs.k8s.io/yaml: a tree on its way through JSON text. */
#include "value/yaml_impl.h"

#include <math.h>

#include "base/utf8.h"
#include "text/number.h"
#include "value/goprint.h"

/* ---- keys -------------------------------------------------------------- */

/* FormatFloat(f, 'g', -1, 32): the fewest digits that a float32 needs. */
static str float_key(struct arena *a, double f)
{
	char text[NUMBER_MAX];
	size_t n = number_print_float32(text, (float)f, NUMBER_YAML);

	return arena_str(a, (str){ text, n });
}

static err *bad_key(const struct node_pair *p)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_addf(&b, "unsupported map key of type: %s, key: ",
		 p->key.kind == NODE_UINT ? "uint64" : "%!s(<nil>)");
	goprint_add_syntax(&b, p->key);
	buf_addf(&b, ", value: ");
	goprint_add_syntax(&b, p->value);
	return err_new(ERR_INVALID, "%s", buf_c(&b));
}

/* JSON has no other bytes than UTF-8; only !!binary brings any. */
static str valid_text(struct arena *a, str s)
{
	if (utf8_valid(s))
		return s;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (uint32_t rune; utf8_take(&s, &rune);)
		utf8_add(&b, rune);
	return arena_str(a, buf_str(&b));
}

static err *key_text(struct arena *a, const struct node_pair *p, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	switch ((enum node_kind)p->key.kind) {
	case NODE_STR:
	case NODE_TIME:
		*out = valid_text(a, node_str(p->key));
		return NULL;
	case NODE_BOOL:
		*out = node_bool(p->key) ? S("true") : S("false");
		return NULL;
	case NODE_INT:
		number_add_int(&b, node_int(p->key));
		*out = arena_str(a, buf_str(&b));
		return NULL;
	case NODE_FLOAT:
		*out = float_key(a, node_float(p->key));
		return NULL;
	default:
		return bad_key(p);
	}
}

/* Where two keys become the same text, the later one wins. */
static err *convert_keys(struct arena *a, node map)
{
	node new = NODE_NOTHING;
	size_t i = 0;

	node_each_pair(p, map) {
		if (p->key.kind == NODE_STR && utf8_valid(node_str(p->key)))
			continue;
		new = node_map(a, node_len(map));
		break;
	}
	if (!new.kind)
		return NULL;
	for (; i < map.map->n; i++) {
		const struct node_pair *p = &map.map->pairs[i];
		str text;

		TRY(key_text(a, p, &text));
		node key = node_from_str(a, text);

		key.place = p->key.place;
		node_put(a, new, key, p->value);
	}
	*map.map = *new.map;
	return NULL;
}

/* ---- values ------------------------------------------------------------ */

/* What JSON text of the number reads back as. An integral float below 1e21 is
 * written without a point, and so becomes an integer where it fits. */
static void convert_number(node *n)
{
	char text[NUMBER_MAX];
	uint64_t u;

	if (n->f != trunc(n->f) || fabs(n->f) >= 1e21)
		return;
	str digits = { text, number_print_float(text, n->f, NUMBER_JSON) };
	bool minus = str_take(&digits, '-');

	if (!str_to_u64(digits, &u) || (minus && u > (uint64_t)INT64_MAX + 1))
		return;
	*n = (node){ .kind = !minus && u > INT64_MAX ? NODE_UINT : NODE_INT, .place = n->place,
		     .u = minus ? 0 - u : u };
}

bool yaml_json_number(node *n, enum yaml_numbers numbers)
{
	if (n->kind == NODE_FLOAT && !isfinite(node_float(*n)))
		return false;
	if (numbers == YAML_NUMBERS_FLOAT)
		*n = (node){ .kind = NODE_FLOAT, .place = n->place, .f = node_float(*n) };
	else if (numbers == YAML_NUMBERS_EXACT && n->kind == NODE_FLOAT)
		convert_number(n);
	return true;
}

struct walk {
	struct arena *a;
	VEC(node) todo;
	enum yaml_numbers numbers;
	bool infinite;		/* one of the numbers is no JSON number */
};

static void visit(struct walk *w, node *n)
{
	if (n->kind == NODE_SEQ || n->kind == NODE_MAP) {
		n->style = STYLE_ANY;
		if (node_len(*n))
			vec_push(&w->todo, *n);
	} else if (node_is_num(*n)) {
		if (!yaml_json_number(n, w->numbers))
			w->infinite = true;
	} else if (n->kind == NODE_STR && !utf8_valid(node_str(*n))) {
		node text = node_from_str(w->a, valid_text(w->a, node_str(*n)));

		text.place = n->place;
		*n = text;
	}
}

static err *walk(struct walk *w, node *tree)
{
	visit(w, tree);
	while (w->todo.n) {
		node n = w->todo.p[--w->todo.n];

		if (n.kind == NODE_MAP)
			TRY(convert_keys(w->a, n));
		node_each_pair(p, n)
			visit(w, &p->value);
		node_each_item(item, n)
			visit(w, item);
	}
	return NULL;
}

/* The first one that the JSON writer meets: it sorts keys. The tree is lost. */
static err *infinite_error(struct walk *w, node tree)
{
	char text[NUMBER_MAX];

	node_sort(tree);
	vec_push(&w->todo, tree);
	while (w->todo.n) {
		node n = w->todo.p[--w->todo.n];

		if (n.kind == NODE_FLOAT && !isfinite(node_float(n))) {
			number_print_float(text, node_float(n), NUMBER_V);
			return err_new(ERR_INVALID, "json: unsupported value: %s", text);
		}
		for (size_t i = node_len(n); i-- > 0;)
			vec_push(&w->todo,
				 n.kind == NODE_MAP ? n.map->pairs[i].value : n.seq->items[i]);
	}
	return NULL;
}

err *yaml_json_step(struct arena *a, node *tree, enum yaml_numbers numbers)
{
	struct walk w = { .a = a, .numbers = numbers };
	err *e = walk(&w, tree);

	if (!e && w.infinite)
		e = infinite_error(&w, *tree);
	vec_release(&w.todo);
	return e;
}
