#include "value/goprint.h"

#include <stdlib.h>

#include "base/sort.h"
#include "text/number.h"
#include "text/quote.h"

/* Keys of several types are in the order in which the types lie in memory. */
static int key_rank(node key)
{
	static const uint8_t ranks[] = {
		[NODE_NULL] = 0, [NODE_STR] = 1, [NODE_UINT] = 2, [NODE_INT] = 3,
		[NODE_FLOAT] = 4, [NODE_BOOL] = 5, [NODE_TIME] = 6,
	};

	return ranks[key.kind];
}

static int cmp_keys(const void *x, const void *y, void *ctx)
{
	const struct node_pair *a = x, *b = y;

	(void)ctx;
	if (a->key.kind != b->key.kind)
		return key_rank(a->key) - key_rank(b->key);
	if (a->key.kind == NODE_STR || a->key.kind == NODE_TIME)
		return str_cmp(node_str(a->key), node_str(b->key));
	double f = node_float(a->key), g = node_float(b->key);

	return (f > g) - (f < g);
}

static struct node_pair *sorted_pairs(node n)
{
	size_t count = node_len(n);
	struct node_pair *pairs = mem_alloc((count + 1) * sizeof *pairs);

	if (count)
		memcpy(pairs, n.map->pairs, count * sizeof *pairs);
	sort_stable(pairs, count, sizeof *pairs, cmp_keys, NULL);
	return pairs;
}

/* ---- %#v --------------------------------------------------------------- */

/* A day, which is what YAML timestamps as keys mostly are. */
static void print_time(struct buf *b, str text)
{
	static const char *const months[] = { "January", "February", "March", "April", "May", "June",
					      "July", "August", "September", "October", "November",
					      "December" };
	uint64_t parts[3] = { 0 };
	str piece;

	for (int i = 0; i < 3 && str_cut(&text, &piece, '-'); i++)
		str_to_u64(str_sub(piece, 0, i == 2 ? 2 : piece.n), &parts[i]);
	buf_addf(b, "time.Date(%llu, time.%s, %llu, 0, 0, 0, 0, time.UTC)",
		 (unsigned long long)parts[0],
		 parts[1] >= 1 && parts[1] <= 12 ? months[parts[1] - 1] : "January",
		 (unsigned long long)parts[2]);
}

static void print_syntax_scalar(struct buf *b, node n)
{
	switch ((enum node_kind)n.kind) {
	case NODE_BOOL:
		buf_add(b, node_bool(n) ? S("true") : S("false"));
		return;
	case NODE_INT:
		number_add_int(b, node_int(n));
		return;
	case NODE_UINT:
		buf_addf(b, "0x%llx", (unsigned long long)node_uint(n));
		return;
	case NODE_FLOAT:
		number_add_float(b, node_float(n), NUMBER_V);
		return;
	case NODE_STR:
		quote_add(b, node_str(n), QUOTE_PRINT);
		return;
	case NODE_TIME:
		print_time(b, node_str(n));
		return;
	default:
		buf_addf(b, "interface {}(nil)");
	}
}

/* As a map[interface {}]: so it was read, or so it is. */
static bool has_any_keys(node n)
{
	bool any = n.style == STYLE_ANY_KEYS;

	node_each_pair(p, n)
		any |= p->key.kind != NODE_STR;
	return any;
}

static void print_syntax(struct buf *b, node n);

static void print_syntax_map(struct buf *b, node n)
{
	size_t count = node_len(n);
	struct node_pair *pairs = sorted_pairs(n);

	buf_add(b, has_any_keys(n) ? S("map[interface {}]interface {}{")
				   : S("map[string]interface {}{"));
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_add(b, S(", "));
		print_syntax(b, pairs[i].key);
		buf_addc(b, ':');
		print_syntax(b, pairs[i].value);
	}
	buf_addc(b, '}');
	free(pairs);
}

/* Depth is bounded by the reader, the text by the buffer. */
static void print_syntax(struct buf *b, node n)
{
	if (n.kind == NODE_MAP) {
		print_syntax_map(b, n);
	} else if (n.kind == NODE_SEQ) {
		buf_add(b, S("[]interface {}{"));
		node_each_item(item, n) {
			if (item != n.seq->items)
				buf_add(b, S(", "));
			print_syntax(b, *item);
		}
		buf_addc(b, '}');
	} else {
		print_syntax_scalar(b, n);
	}
}

void goprint_add_syntax(struct buf *b, node n)
{
	if (node_is_nil(n))
		buf_add(b, S("<nil>"));
	else
		print_syntax(b, n);
}

/* ---- %v ---------------------------------------------------------------- */

static void print_scalar(struct buf *b, node n)
{
	switch (n.kind) {
	case NODE_BOOL:
		buf_add(b, node_bool(n) ? S("true") : S("false"));
		break;
	case NODE_INT:
		number_add_int(b, node_int(n));
		break;
	case NODE_UINT:
		number_add_uint(b, node_uint(n));
		break;
	case NODE_FLOAT:
		number_add_float(b, node_float(n), NUMBER_V);
		break;
	case NODE_NULL:
		buf_add(b, S("<nil>"));
		break;
	default:
		buf_add(b, node_str(n));
	}
}

static void print_map(struct buf *b, node n)
{
	struct node_pair *pairs = sorted_pairs(n);

	buf_add(b, S("map["));
	for (size_t i = 0; i < node_len(n); i++) {
		buf_add(b, i ? S(" ") : STR_NONE);
		print_scalar(b, pairs[i].key);
		buf_addc(b, ':');
		goprint_add(b, pairs[i].value);
	}
	buf_addc(b, ']');
	free(pairs);
}

void goprint_add(struct buf *b, node n)
{
	if (b->full)
		return;
	if (n.kind == NODE_MAP) {
		print_map(b, n);
	} else if (n.kind == NODE_SEQ) {
		buf_addc(b, '[');
		for (size_t i = 0; i < node_len(n); i++) {
			buf_add(b, i ? S(" ") : STR_NONE);
			goprint_add(b, node_at(n, i));
		}
		buf_addc(b, ']');
	} else {
		print_scalar(b, n);
	}
}
