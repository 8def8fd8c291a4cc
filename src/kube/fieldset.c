#include "kube/fieldset.h"

#include "base/sort.h"
#include "base/vec.h"
#include "text/number.h"
#include "text/quote.h"
#include "value/json.h"

/* ---- order ------------------------------------------------------------- */

static int cmp_double(double x, double y)
{
	return x < y ? -1 : x > y;
}

/* Numbers, texts, booleans, lists, maps, null: the kinds in their order. */
static int rank(node n)
{
	switch ((enum node_kind)n.kind) {
	case NODE_INT:
	case NODE_UINT:
	case NODE_FLOAT:
		return 0;
	case NODE_STR:
	case NODE_TIME:
		return 1;
	case NODE_BOOL:
		return 2;
	case NODE_SEQ:
		return 3;
	case NODE_MAP:
		return 4;
	case NODE_NULL:
		return 5;
	case NODE_NONE:
	case NODE_ALIAS:
	case NODE_OBJECT:
		break;
	}
	return 6;
}

static int cmp_number(node x, node y)
{
	if (x.kind == NODE_INT && y.kind == NODE_INT) {
		int64_t i = node_int(x), k = node_int(y);

		return i < k ? -1 : i > k;
	}
	return cmp_double(node_float(x), node_float(y));
}

static int cmp_list(node x, node y)
{
	for (size_t i = 0; i < node_len(x) && i < node_len(y); i++) {
		int c = fieldset_cmp_value(node_at(x, i), node_at(y, i));

		if (c)
			return c;
	}
	return node_len(x) < node_len(y) ? -1 : node_len(x) > node_len(y);
}

/* Maps are equal or not; among different ones any steady order will do, as
 * no step has a map in it. */
static int cmp_map(node x, node y)
{
	if (node_len(x) != node_len(y))
		return node_len(x) < node_len(y) ? -1 : 1;
	node_each_pair(p, x) {
		node *other = node_find(y, node_str(p->key));

		if (!other)
			return -1;
		int c = fieldset_cmp_value(p->value, *other);

		if (c)
			return c;
	}
	return 0;
}

int fieldset_cmp_value(node x, node y)
{
	int rx = rank(x), ry = rank(y);

	if (rx != ry)
		return rx < ry ? -1 : 1;
	switch (rx) {
	case 0:
		return cmp_number(x, y);
	case 1:
		return str_cmp(node_str(x), node_str(y));
	case 2:
		return node_bool(x) - node_bool(y);
	case 3:
		return x.seq == y.seq ? 0 : cmp_list(x, y);
	case 4:
		return x.map == y.map ? 0 : cmp_map(x, y);
	}
	return 0;
}

static int cmp_keys(const struct fieldset_step *x, const struct fieldset_step *y)
{
	for (uint32_t i = 0; i < x->keys_n && i < y->keys_n; i++) {
		int c = str_cmp(x->keys[i].name, y->keys[i].name);

		if (!c)
			c = fieldset_cmp_value(x->keys[i].value, y->keys[i].value);
		if (c)
			return c;
	}
	return x->keys_n < y->keys_n ? -1 : x->keys_n > y->keys_n;
}

int fieldset_cmp_step(const struct fieldset_step *x, const struct fieldset_step *y)
{
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	switch ((enum fieldset_step_kind)x->kind) {
	case FIELDSET_FIELD:
		return str_cmp(x->name, y->name);
	case FIELDSET_KEYS:
		return cmp_keys(x, y);
	case FIELDSET_VALUE:
		return fieldset_cmp_value(x->value, y->value);
	case FIELDSET_INDEX:
		break;
	}
	return x->index < y->index ? -1 : x->index > y->index;
}

/* ---- asking ------------------------------------------------------------ */

bool fieldset_is_empty(const struct fieldset *s)
{
	for (uint32_t i = 0; s && i < s->n; i++)
		if (s->entries[i].member || !fieldset_is_empty(s->entries[i].below))
			return false;
	return true;
}

bool fieldset_equal(const struct fieldset *x, const struct fieldset *y)
{
	if (x == y)
		return true;
	uint32_t nx = x ? x->n : 0, ny = y ? y->n : 0;

	if (nx != ny)
		return false;
	for (uint32_t i = 0; i < nx; i++) {
		const struct fieldset_entry *ex = &x->entries[i], *ey = &y->entries[i];

		if (ex->member != ey->member || fieldset_cmp_step(&ex->step, &ey->step) ||
		    !fieldset_equal(ex->below, ey->below))
			return false;
	}
	return true;
}

/* Where a step is, or where it would be put; true when it is there. */
static bool find(const struct fieldset *s, const struct fieldset_step *step, uint32_t *at)
{
	uint32_t low = 0, high = s->n;

	/* Sets are mostly filled in their order. */
	if (high && fieldset_cmp_step(&s->entries[high - 1].step, step) < 0)
		low = high;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int c = fieldset_cmp_step(&s->entries[mid].step, step);

		if (c == 0) {
			*at = mid;
			return true;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*at = low;
	return false;
}

const struct fieldset_entry *fieldset_at(const struct fieldset *s, const struct fieldset_step *step)
{
	uint32_t at;

	return s && find(s, step, &at) ? &s->entries[at] : NULL;
}

/* The node that a path leads to; NULL when the set has nothing there. */
static const struct fieldset_entry *follow(const struct fieldset *s, const struct fieldset_path *p)
{
	if (p->up) {
		const struct fieldset_entry *e = follow(s, p->up);

		s = e ? e->below : NULL;
	}
	return fieldset_at(s, &p->step);
}

bool fieldset_has(const struct fieldset *s, const struct fieldset_path *p)
{
	const struct fieldset_entry *e = p ? follow(s, p) : NULL;

	return e && e->member;
}

struct visit {
	void (*f)(void *ctx, const struct fieldset_path *p);
	void *ctx;
};

static void each(const struct fieldset *s, const struct fieldset_path *up, const struct visit *v)
{
	struct fieldset_path here = { .up = up };

	for (uint32_t i = 0; s && i < s->n; i++) {
		here.step = s->entries[i].step;
		if (s->entries[i].member)
			v->f(v->ctx, &here);
	}
	for (uint32_t i = 0; s && i < s->n; i++) {
		here.step = s->entries[i].step;
		if (s->entries[i].below)
			each(s->entries[i].below, &here, v);
	}
}

void fieldset_each(const struct fieldset *s, void (*f)(void *ctx, const struct fieldset_path *p),
		   void *ctx)
{
	each(s, NULL, &(struct visit){ f, ctx });
}

/* ---- making ------------------------------------------------------------ */

struct fieldset *fieldset_new(struct arena *a)
{
	return arena_new(a, struct fieldset);
}

static struct fieldset_entry *grow(struct arena *a, struct fieldset *s, uint32_t at)
{
	if (s->n == s->cap) {
		uint32_t cap = s->cap ? s->cap * 2 : 4;
		struct fieldset_entry *more = arena_array(a, struct fieldset_entry, cap);

		if (s->n)
			memcpy(more, s->entries, s->n * sizeof *more);
		s->entries = more;
		s->cap = cap;
	}
	memmove(&s->entries[at + 1], &s->entries[at], (s->n - at) * sizeof *s->entries);
	s->n++;
	return &s->entries[at];
}

struct fieldset_entry *fieldset_need(struct arena *a, struct fieldset *s,
				     const struct fieldset_step *step)
{
	uint32_t at;

	if (find(s, step, &at))
		return &s->entries[at];
	struct fieldset_entry *e = grow(a, s, at);

	*e = (struct fieldset_entry){ .step = *step };
	return e;
}

static struct fieldset *need_below(struct arena *a, struct fieldset *s, const struct fieldset_path *p)
{
	if (!p)
		return s;
	struct fieldset_entry *e = fieldset_need(a, need_below(a, s, p->up), &p->step);

	if (!e->below)
		e->below = fieldset_new(a);
	return e->below;
}

void fieldset_add(struct arena *a, struct fieldset *s, const struct fieldset_path *p)
{
	if (p)
		fieldset_need(a, need_below(a, s, p->up), &p->step)->member = true;
}

void fieldset_add_fields(struct arena *a, struct fieldset *s, const str *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct fieldset_step step = fieldset_field(names[i]);
		struct fieldset_entry *e = fieldset_need(a, s, &step);

		if (i + 1 == n) {
			e->member = true;
		} else if (!e->below) {
			e->below = fieldset_new(a);
		}
		s = e->below;
	}
}

/* Put what a set operation found at the end of its result. */
static void put(struct arena *a, struct fieldset *to, const struct fieldset_step *step, bool member,
		struct fieldset *below)
{
	if (member || below)
		*grow(a, to, to->n) = (struct fieldset_entry){ *step, member, below };
}

/* An empty set as NULL: nodes without members are left out. */
static struct fieldset *filled(struct fieldset *s)
{
	return s && s->n ? s : NULL;
}

static struct fieldset *unite(struct arena *a, struct fieldset *x, struct fieldset *y)
{
	if (!x || !y || x == y)
		return x ? x : y;
	return fieldset_union(a, x, y);
}

struct fieldset *fieldset_union(struct arena *a, const struct fieldset *x, const struct fieldset *y)
{
	struct fieldset *out = fieldset_new(a);
	uint32_t i = 0, k = 0, nx = x ? x->n : 0, ny = y ? y->n : 0;

	while (i < nx || k < ny) {
		const struct fieldset_entry *ex = i < nx ? &x->entries[i] : NULL;
		const struct fieldset_entry *ey = k < ny ? &y->entries[k] : NULL;
		int c = !ey ? -1 : !ex ? 1 : fieldset_cmp_step(&ex->step, &ey->step);

		i += c <= 0;
		k += c >= 0;
		if (c < 0)
			put(a, out, &ex->step, ex->member, ex->below);
		else if (c > 0)
			put(a, out, &ey->step, ey->member, ey->below);
		else
			put(a, out, &ex->step, ex->member || ey->member,
			    unite(a, ex->below, ey->below));
	}
	return out;
}

struct fieldset *fieldset_common(struct arena *a, const struct fieldset *x, const struct fieldset *y)
{
	struct fieldset *out = fieldset_new(a);
	uint32_t i = 0, k = 0;

	while (x && y && i < x->n && k < y->n) {
		const struct fieldset_entry *ex = &x->entries[i], *ey = &y->entries[k];
		int c = fieldset_cmp_step(&ex->step, &ey->step);
		struct fieldset *below = NULL;

		i += c <= 0;
		k += c >= 0;
		if (c)
			continue;
		if (ex->below && ey->below)
			below = filled(fieldset_common(a, ex->below, ey->below));
		put(a, out, &ex->step, ex->member && ey->member, below);
	}
	return out;
}

static struct fieldset *subtract(struct arena *a, const struct fieldset *x, const struct fieldset *y,
				 bool deep)
{
	struct fieldset *out = fieldset_new(a);
	uint32_t k = 0;

	for (uint32_t i = 0; x && i < x->n; i++) {
		const struct fieldset_entry *ex = &x->entries[i], *ey = NULL;
		int c = 1;

		while (y && k < y->n && (c = fieldset_cmp_step(&y->entries[k].step, &ex->step)) < 0)
			k++;
		if (c == 0 && y && k < y->n)
			ey = &y->entries[k];
		struct fieldset *below = ex->below;

		if (ey && deep && ey->member)
			below = NULL;
		else if (ey && ey->below && below)
			below = filled(subtract(a, below, ey->below, deep));
		put(a, out, &ex->step, ex->member && !(ey && ey->member), below);
	}
	return out;
}

struct fieldset *fieldset_minus(struct arena *a, const struct fieldset *x, const struct fieldset *y)
{
	return subtract(a, x, y, false);
}

struct fieldset *fieldset_without(struct arena *a, const struct fieldset *x, const struct fieldset *y)
{
	return subtract(a, x, y, true);
}

/* ---- reading and writing ----------------------------------------------- */

static int order_keys(const void *x, const void *y, void *ctx)
{
	(void)ctx;
	return str_cmp(((const struct fieldset_key *)x)->name, ((const struct fieldset_key *)y)->name);
}

/* `text` lives as long as the tree it is a key of. */
static err *read_value(struct arena *a, str text, node *out)
{
	return json_read(a, text, &(struct json_options){ .numbers = JSON_NUMBERS_FLOAT }, out);
}

static err *read_keys(struct arena *a, str text, struct fieldset_step *out)
{
	node map = NODE_NOTHING;

	TRY(read_value(a, text, &map));
	if (!node_is(map, NODE_MAP))
		return err_new(ERR_INVALID, "the keys of an item must be an object: %.*s", STR_ARG(text));
	struct fieldset_key *keys = arena_array(a, struct fieldset_key, node_len(map));
	uint32_t n = 0;

	node_each_pair(p, map)
		keys[n++] = (struct fieldset_key){ node_str(p->key), p->value };
	sort_stable(keys, n, sizeof *keys, order_keys, NULL);
	*out = (struct fieldset_step){ .kind = FIELDSET_KEYS, .keys_n = n, .keys = keys };
	return NULL;
}

/* Steps of kinds that only later versions know leave `known` false. */
static err *read_step(struct arena *a, str key, struct fieldset_step *out, bool *known)
{
	str text = str_from(key, 2);

	*known = true;
	if (key.n < 2)
		return err_new(ERR_INVALID, "key must be 2 characters long: %.*s", STR_ARG(key));
	if (key.p[1] != ':')
		return err_new(ERR_INVALID, "missing colon: %.*s", STR_ARG(key));
	*out = (struct fieldset_step){ 0 };
	switch (key.p[0]) {
	case 'f':
		*out = fieldset_field(text);
		return NULL;
	case 'v':
		out->kind = FIELDSET_VALUE;
		return read_value(a, text, &out->value);
	case 'k':
		return read_keys(a, text, out);
	case 'i':
		out->kind = FIELDSET_INDEX;
		return number_parse_atoi(text, &out->index);
	}
	*known = false;
	return NULL;
}

/* `*out` stays NULL where nothing is below: then the place is a member. */
static err *read_set(struct arena *a, node fields, unsigned depth, struct fieldset **out, bool *member)
{
	struct fieldset *set = NULL;

	*member = false;
	if (depth > FIELDSET_DEPTH_MAX)
		return err_new(ERR_INVALID, "exceeded max depth");
	if (!node_is(fields, NODE_MAP) && !node_is_nil(fields))
		return err_new(ERR_INVALID, "an object is wanted, found %s", node_kind_name(fields));
	node_each_pair(p, fields) {
		struct fieldset_step step;
		struct fieldset *below = NULL;
		bool known, inner;

		if (str_eq(node_str(p->key), S("."))) {
			*member = true;
			continue;
		}
		TRY(read_step(a, node_str(p->key), &step, &known));
		if (!known)
			continue;
		TRY(read_set(a, p->value, depth + 1, &below, &inner));
		if (!set)
			set = fieldset_new(a);
		struct fieldset_entry *e = fieldset_need(a, set, &step);

		e->member |= inner;
		if (below)
			e->below = below;
	}
	if (!set)
		*member = true;
	*out = set;
	return NULL;
}

err *fieldset_read(struct arena *a, node fields, struct fieldset **out)
{
	struct fieldset *set = NULL;
	bool member;

	TRY(read_set(a, fields, 0, &set, &member));
	*out = set ? set : fieldset_new(a);
	return NULL;
}

static void add_json(struct buf *b, node value)
{
	err *e = json_write(b, value, NULL);

	if (e) {	/* no number: steps read from JSON have none such */
		err_free(e);
		buf_add(b, S("null"));
	}
}

static str step_text(struct arena *a, const struct fieldset_step *s, struct buf *b)
{
	buf_clear(b);
	switch ((enum fieldset_step_kind)s->kind) {
	case FIELDSET_FIELD:
		return arena_cat(a, S("f:"), s->name);
	case FIELDSET_KEYS:
		buf_add(b, S("k:{"));
		for (uint32_t i = 0; i < s->keys_n; i++) {
			buf_add(b, i ? S(",") : STR_NONE);
			json_write_str(b, s->keys[i].name, true);
			buf_addc(b, ':');
			add_json(b, s->keys[i].value);
		}
		buf_addc(b, '}');
		break;
	case FIELDSET_VALUE:
		buf_add(b, S("v:"));
		add_json(b, s->value);
		break;
	case FIELDSET_INDEX:
		buf_addf(b, "i:%lld", (long long)s->index);
		break;
	}
	return arena_str(a, buf_str(b));
}

static node write_set(struct arena *a, const struct fieldset *s, bool member, struct buf *b)
{
	uint32_t n = s ? s->n : 0;
	struct node_pair *pairs = arena_array(a, struct node_pair, n + 1);
	uint32_t k = 0;

	if (member && n)
		pairs[k++] = (struct node_pair){ node_lit("."), node_map(a, 0) };
	for (uint32_t i = 0; i < n; i++) {
		const struct fieldset_entry *e = &s->entries[i];
		node key = node_from_str(a, step_text(a, &e->step, b));

		pairs[k++] = (struct node_pair){ key, write_set(a, e->below, e->member, b) };
	}
	return node_map_of(a, pairs, k);
}

node fieldset_write(struct arena *a, const struct fieldset *s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	return write_set(a, s, false, &b);
}

/* ---- as messages show them --------------------------------------------- */

static void print_value(struct buf *b, node n)
{
	switch ((enum node_kind)n.kind) {
	case NODE_STR:
	case NODE_TIME:
		quote_add(b, node_str(n), QUOTE_PRINT);
		break;
	case NODE_FLOAT:
		number_add_float(b, node_float(n), NUMBER_V);
		break;
	case NODE_SEQ:
		buf_addc(b, '[');
		for (size_t i = 0; i < node_len(n); i++) {
			buf_add(b, i ? S(",") : STR_NONE);
			print_value(b, node_at(n, i));
		}
		buf_addc(b, ']');
		break;
	case NODE_MAP:
		node_each_pair(p, n) {
			buf_addf(b, "%.*s=", STR_ARG(node_str(p->key)));
			print_value(b, p->value);
		}
		break;
	case NODE_NULL:
	case NODE_BOOL:
	case NODE_INT:
	case NODE_UINT:
	case NODE_NONE:
	case NODE_ALIAS:
	case NODE_OBJECT: {
		char text[NODE_TEXT_MAX];

		buf_add(b, node_text_in(n, text));
		break;
	}
	}
}

void fieldset_print_step(struct buf *b, const struct fieldset_step *step)
{
	switch ((enum fieldset_step_kind)step->kind) {
	case FIELDSET_FIELD:
		buf_addf(b, ".%.*s", STR_ARG(step->name));
		break;
	case FIELDSET_KEYS:
		buf_addc(b, '[');
		for (uint32_t i = 0; i < step->keys_n; i++) {
			buf_addf(b, "%s%.*s=", i ? "," : "", STR_ARG(step->keys[i].name));
			print_value(b, step->keys[i].value);
		}
		buf_addc(b, ']');
		break;
	case FIELDSET_VALUE:
		buf_add(b, S("[="));
		print_value(b, step->value);
		buf_addc(b, ']');
		break;
	case FIELDSET_INDEX:
		buf_addf(b, "[%lld]", (long long)step->index);
		break;
	}
}

void fieldset_print_path(struct buf *b, const struct fieldset_path *p)
{
	if (!p)
		return;
	fieldset_print_path(b, p->up);
	fieldset_print_step(b, &p->step);
}
