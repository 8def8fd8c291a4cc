#include "kustomize/gosyntax.h"

#include <stdlib.h>

#include "text/number.h"
#include "text/quote.h"

enum { DEPTH_MAX = 1000 };

static void add(struct arena *a, struct buf *b, node n, unsigned depth);

/* Texts before other keys, each sort by value. */
static int cmp_pairs(const void *x, const void *y)
{
	const struct node_pair *p = x, *q = y;
	bool pt = p->key.kind == NODE_STR, qt = q->key.kind == NODE_STR;

	if (pt != qt)
		return pt ? -1 : 1;
	return str_cmp(node_str(p->key), node_str(q->key));
}

static void add_map(struct arena *a, struct buf *b, node n, unsigned depth)
{
	node sorted = node_map(a, node_len(n));
	bool texts = true;

	node_each_pair(p, n) {
		texts &= p->key.kind == NODE_STR;
		node_push(a, sorted, p->key, p->value);
	}
	if (node_len(sorted))
		qsort(sorted.map->pairs, node_len(sorted), sizeof *sorted.map->pairs, cmp_pairs);
	buf_add(b, texts ? S("map[string]interface {}{") : S("map[interface {}]interface {}{"));
	node_each_pair(q, sorted) {
		buf_add(b, q == sorted.map->pairs ? STR_NONE : S(", "));
		add(a, b, q->key, depth + 1);
		buf_addc(b, ':');
		add(a, b, q->value, depth + 1);
	}
	buf_addc(b, '}');
}

/* A day, which is what YAML timestamps as keys mostly are. */
static void add_time(struct buf *b, str text)
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

static void add(struct arena *a, struct buf *b, node n, unsigned depth)
{
	if (depth > DEPTH_MAX) {
		buf_add(b, S("..."));
		return;
	}
	switch ((enum node_kind)n.kind) {
	case NODE_MAP:
		add_map(a, b, n, depth);
		break;
	case NODE_SEQ:
		buf_add(b, S("[]interface {}{"));
		node_each_item(i, n) {
			buf_add(b, i == n.seq->items ? STR_NONE : S(", "));
			add(a, b, *i, depth + 1);
		}
		buf_addc(b, '}');
		break;
	case NODE_STR:
		quote_add(b, node_str(n), QUOTE_PRINT);
		break;
	case NODE_BOOL:
		buf_add(b, node_bool(n) ? S("true") : S("false"));
		break;
	case NODE_INT:
		number_add_int(b, node_int(n));
		break;
	case NODE_UINT:
		buf_addf(b, "0x%llx", (unsigned long long)node_uint(n));
		break;
	case NODE_FLOAT:
		number_add_float(b, node_float(n), NUMBER_V);
		break;
	case NODE_TIME:
		add_time(b, node_str(n));
		break;
	default:
		buf_add(b, S("interface {}(nil)"));
		break;
	}
}

void gosyntax_add(struct arena *a, struct buf *b, node n)
{
	add(a, b, n, 0);
}
