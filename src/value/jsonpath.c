/* Running templates: what each step finds, and how it is printed. */
#include "value/jsonpath.h"

#include "base/vec.h"
#include "value/goprint.h"
#include "value/json.h"
#include "value/jsonpath_impl.h"

/* A value as Go shows it in an error is cut here. */
enum { SHOWN_MAX = 1 << 20 };

struct values {
	node *p;
	size_t n, cap;
};

/* One run. The counters are the original's: "range" and "end" are words like
 * any other to it, wherever they stand, and take effect when the action that
 * holds them is done. */
struct run {
	const struct jsonpath *path;
	bool allow_missing;
	struct arena scratch;
	size_t left;			/* visits */
	int begin_range, in_range, end_range;
	size_t last_end;		/* action of the last "end"; STR_NPOS: none yet */
	err *(*emit)(struct run *r, struct values found);
	struct arena *a;		/* jsonpath_find */
	VEC(struct jsonpath_set) sets;
	struct buf *b;			/* jsonpath_print */
	bool json;
};

static err *eval_list(struct run *r, struct values in, const struct steps *steps,
		      struct values *out);

/* ---- values as Go has them -------------------------------------------- */

static str go_type(node n)
{
	switch (n.kind) {
	case NODE_BOOL:
		return S("bool");
	case NODE_INT:
		return n.type == TYPE_INT ? S("int") : S("int64");
	case NODE_UINT:
		return n.type == TYPE_BYTE ? S("uint8") : S("uint64");
	case NODE_FLOAT:
		return S("float64");
	case NODE_SEQ:
		return S("[]interface {}");
	case NODE_MAP:
		return S("map[string]interface {}");
	case NODE_NONE:
	case NODE_NULL:
		return S("<nil>");
	default:
		return S("string");
	}
}

static err *not_filtered(node n)
{
	struct buf b = BUF_LIMIT(SHOWN_MAX);

	if (n.kind == NODE_NONE)
		buf_add(&b, S("<invalid reflect.Value>"));
	else
		goprint_add(&b, n);
	err *e = err_new(ERR_INVALID, "%.*s is not array or slice and cannot be filtered",
			 STR_ARG(buf_str(&b)));

	buf_release(&b);
	return e;
}

static node byte_node(char c)
{
	return (node){ .kind = NODE_UINT, .type = TYPE_BYTE, .u = (unsigned char)c };
}

/* ---- comparing -------------------------------------------------------- */

enum kind_class { CLASS_NONE, CLASS_BOOL, CLASS_INT, CLASS_UINT, CLASS_FLOAT, CLASS_STR };

static enum kind_class class_of(node n)
{
	static const uint8_t classes[] = {
		[NODE_BOOL] = CLASS_BOOL, [NODE_INT] = CLASS_INT, [NODE_UINT] = CLASS_UINT,
		[NODE_FLOAT] = CLASS_FLOAT, [NODE_STR] = CLASS_STR, [NODE_TIME] = CLASS_STR,
		[NODE_OBJECT] = CLASS_NONE,
	};

	return classes[n.kind];
}

static int cmp_int_uint(int64_t i, uint64_t u)
{
	if (i < 0)
		return -1;
	return ((uint64_t)i > u) - ((uint64_t)i < u);
}

/* text/template's rules: equal kinds compare, and integers of either sign. */
static err *compare(node a, node b, bool order, int *out)
{
	enum kind_class x = class_of(a), y = class_of(b);

	if (!x || !y)
		return err_new(ERR_INVALID, "invalid type for comparison");
	if (x == CLASS_INT && y == CLASS_UINT) {
		*out = cmp_int_uint(node_int(a), node_uint(b));
		return NULL;
	}
	if (x == CLASS_UINT && y == CLASS_INT) {
		*out = -cmp_int_uint(node_int(b), node_uint(a));
		return NULL;
	}
	if (x != y)
		return err_new(ERR_INVALID, "incompatible types for comparison");
	if (order && x == CLASS_BOOL)
		return err_new(ERR_INVALID, "invalid type for comparison");
	switch (x) {
	case CLASS_NONE:
	case CLASS_BOOL:
		*out = node_bool(a) - node_bool(b);
		break;
	case CLASS_INT:
		*out = (node_int(a) > node_int(b)) - (node_int(a) < node_int(b));
		break;
	case CLASS_UINT:
		*out = (node_uint(a) > node_uint(b)) - (node_uint(a) < node_uint(b));
		break;
	case CLASS_FLOAT:
		*out = (node_float(a) > node_float(b)) - (node_float(a) < node_float(b));
		break;
	case CLASS_STR:
		*out = str_cmp(node_str(a), node_str(b));
		break;
	}
	return NULL;
}

static err *passes(const struct step *s, node left, node right, bool *out)
{
	int c = 0;

	if (s->operator == OPERATOR_UNKNOWN)
		return err_new(ERR_INVALID, "unrecognized filter operator %.*s", STR_ARG(s->text));
	TRY(compare(left, right, s->operator > OPERATOR_NE, &c));
	switch (s->operator) {
	case OPERATOR_EXISTS:
	case OPERATOR_UNKNOWN:
	case OPERATOR_EQ:
		*out = c == 0;
		break;
	case OPERATOR_NE:
		*out = c != 0;
		break;
	case OPERATOR_LT:
		*out = c < 0;
		break;
	case OPERATOR_LE:
		*out = c <= 0;
		break;
	case OPERATOR_GT:
		*out = c > 0;
		break;
	case OPERATOR_GE:
		*out = c >= 0;
		break;
	}
	return NULL;
}

/* ---- steps ------------------------------------------------------------ */

/* Every eval_ function sets `out`, also when it fails: filters that only ask
 * whether something is there look at the results and not at the error. */

static err *visit(struct run *r, size_t n)
{
	if (r->left < n)
		return err_new(ERR_INVALID, "jsonpath template visits more than %d values",
			       JSONPATH_VISITS_MAX);
	r->left -= n;
	return NULL;
}

static err *add(struct run *r, struct values *to, node n)
{
	if (to->n == JSONPATH_SET_MAX)
		return err_new(ERR_INVALID, "jsonpath template finds more than %d values",
			       JSONPATH_SET_MAX);
	avec_push(&r->scratch, to, n);
	return visit(r, 1);
}

/* Room for `n` values at once, when it is known that there are no more. */
static void make_room(struct run *r, struct values *to, size_t n)
{
	to->p = arena_alloc(&r->scratch, n * sizeof *to->p);
	to->cap = n;
}

static err *eval_value(struct run *r, struct values in, const struct step *s, struct values *out)
{
	/* A text stands once, a number as often as there are values. */
	size_t n = s->value.kind == NODE_STR ? 1 : in.n;

	make_room(r, out, n);
	for (size_t i = 0; i < n; i++)
		TRY(add(r, out, s->value));
	return NULL;
}

static err *eval_field(struct run *r, struct values in, const struct step *s, struct values *out)
{
	make_room(r, out, in.n);
	for (size_t i = 0; i < in.n; i++) {
		node found = node_get(in.p[i], s->text);

		if (found.kind != NODE_NONE)
			TRY(add(r, out, found));
	}
	if (in.n && !out->n && !r->allow_missing)
		return err_new(ERR_NOT_FOUND, "%.*s is not found", STR_ARG(s->text));
	return NULL;
}

static int64_t wrap_add(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

static err *slice_of(const struct slice_param *p, int64_t length, int64_t *from, int64_t *to)
{
	*from = p[0].known ? p[0].value : 0;
	if (*from < 0)
		*from = wrap_add(*from, length);
	*to = p[1].known ? p[1].value : length;
	if (*to < 0 || (*to == 0 && p[1].derived))
		*to = wrap_add(*to, length);
	if (*from == *to)	/* no items wanted: out of bounds or not */
		return NULL;
	if (*from >= length || *from < 0)
		return err_new(ERR_INVALID, "array index out of bounds: index %lld, length %lld",
			       (long long)*from, (long long)length);
	if (*to > length || *to < 0)
		return err_new(ERR_INVALID, "array index out of bounds: index %lld, length %lld",
			       (long long)wrap_add(*to, -1), (long long)length);
	if (*from > *to)
		return err_new(ERR_INVALID, "starting index %lld is greater than ending index %lld",
			       (long long)*from, (long long)*to);
	if (p[2].known && p[2].value <= 0)
		return err_new(ERR_INVALID, "step must be > 0");
	return NULL;
}

static err *eval_array(struct run *r, struct values in, const struct step *s, struct values *out)
{
	for (size_t i = 0; i < in.n; i++) {
		node list = in.p[i];
		int64_t from, to;
		err *e = NULL;

		if (list.kind == NODE_NULL)
			continue;
		if (list.kind != NODE_SEQ)
			e = err_new(ERR_INVALID, "%.*s is not array or slice",
				    STR_ARG(go_type(list)));
		else
			e = slice_of(s->slice, (int64_t)node_len(list), &from, &to);
		if (e) {
			*out = in;
			return e;
		}
		if (from == to)		/* the lists after this one are not looked at, too */
			return NULL;
		uint64_t step = s->slice[2].known ? (uint64_t)s->slice[2].value : 1;

		for (uint64_t k = (uint64_t)from; k < (uint64_t)to; k += step)
			TRY(add(r, out, node_at(list, k)));
	}
	return NULL;
}

static err *eval_wildcard(struct run *r, struct values in, struct values *out)
{
	for (size_t i = 0; i < in.n; i++) {
		node n = in.p[i];

		node_each_pair(pair, n)
			TRY(add(r, out, pair->value));
		node_each_item(item, n)
			TRY(add(r, out, *item));
		if (n.kind != NODE_STR)
			continue;
		str text = node_str(n);

		for (size_t k = 0; k < text.n; k++)
			TRY(add(r, out, byte_node(text.p[k])));
	}
	return NULL;
}

static bool has_parts(node n)
{
	return node_len(n) > 0 || (n.kind == NODE_STR && node_str(n).n > 0);
}

static node part(node n, size_t i)
{
	return n.kind == NODE_MAP ? n.map->pairs[i].value : node_at(n, i);
}

/* A value and all below it, but those that hold nothing: parents first. */
static err *descend(struct run *r, node root, struct values *out)
{
	struct level {
		node n;
		size_t next;
	};
	VEC(struct level) levels = { 0 };
	err *e = add(r, out, root);

	vec_push(&levels, (struct level){ root, 0 });
	while (!e && levels.n) {
		struct level *l = &levels.p[levels.n - 1];

		if (l->next == node_len(l->n)) {
			levels.n--;
			continue;
		}
		node n = part(l->n, l->next++);

		if (!has_parts(n))
			continue;
		e = add(r, out, n);
		vec_push(&levels, (struct level){ n, 0 });
	}
	vec_release(&levels);
	return e;
}

static err *eval_recursive(struct run *r, struct values in, struct values *out)
{
	for (size_t i = 0; i < in.n; i++)
		if (has_parts(in.p[i]))
			TRY(descend(r, in.p[i], out));
	return NULL;
}

static err *eval_union(struct run *r, struct values in, const struct step *s, struct values *out)
{
	for (size_t i = 0; i < s->n; i++) {
		struct values found;
		err *e = eval_list(r, in, &s->lists[i], &found);

		if (e) {
			*out = in;
			return e;
		}
		for (size_t k = 0; k < found.n; k++)
			TRY(add(r, out, found.p[k]));
	}
	return NULL;
}

static err *eval_word(struct run *r, struct values in, const struct step *s, struct values *out)
{
	if (str_eq(s->text, S("range"))) {
		r->begin_range++;
		*out = in;
		return NULL;
	}
	if (!str_eq(s->text, S("end"))) {
		*out = in;
		return err_new(ERR_INVALID, "unrecognized identifier %.*s", STR_ARG(s->text));
	}
	if (r->in_range <= 0)
		return err_new(ERR_INVALID, "not in range, nothing to end");
	r->end_range++;
	return NULL;
}

/* Exactly one value, or false for none. */
static err *single(struct run *r, struct values in, const struct steps *steps, node *out,
		   bool *found)
{
	struct values values;

	TRY(eval_list(r, in, steps, &values));
	if (values.n > 1)
		return err_new(ERR_INVALID, "can only compare one element at a time");
	*found = values.n == 1;
	if (*found)
		*out = values.p[0];
	return NULL;
}

static err *keeps(struct run *r, node item, const struct step *s, bool *out)
{
	struct values in = { &item, 1, 1 }, found;
	node left, right;
	bool there;

	*out = false;
	if (s->operator == OPERATOR_EXISTS) {
		err_free(eval_list(r, in, &s->left, &found));
		*out = found.n > 0;
		return NULL;
	}
	TRY(single(r, in, &s->left, &left, &there));
	if (!there)
		return NULL;
	TRY(single(r, in, &s->right, &right, &there));
	if (!there)
		return NULL;
	return passes(s, left, right, out);
}

static err *filter(struct run *r, node list, const struct step *s, struct values *out)
{
	size_t n = node_len(list);
	/* Made before the first item is looked at: what that leaves in the
	 * arena can then be dropped after each. */
	node *kept = arena_alloc(&r->scratch, n * sizeof *kept);
	size_t kept_n = 0;
	err *e = visit(r, n);

	for (size_t i = 0; !e && i < n; i++) {
		struct arena_mark mark = arena_mark(&r->scratch);
		bool keep;

		e = keeps(r, node_at(list, i), s, &keep);
		if (keep)
			kept[kept_n++] = node_at(list, i);
		arena_rewind(&r->scratch, mark);
	}
	for (size_t i = 0; !e && i < kept_n; i++)
		e = add(r, out, kept[i]);
	return e;
}

static err *eval_filter(struct run *r, struct values in, const struct step *s, struct values *out)
{
	for (size_t i = 0; i < in.n; i++) {
		err *e = in.p[i].kind == NODE_SEQ ? filter(r, in.p[i], s, out)
						  : not_filtered(in.p[i]);

		if (e) {
			*out = in;
			return e;
		}
	}
	return NULL;
}

static err *eval_step(struct run *r, struct values in, const struct step *s, struct values *out)
{
	*out = (struct values){ 0 };
	TRY(visit(r, in.n + 1));
	switch (s->kind) {
	case STEP_VALUE:
		return eval_value(r, in, s, out);
	case STEP_FIELD:
		return eval_field(r, in, s, out);
	case STEP_ARRAY:
		return eval_array(r, in, s, out);
	case STEP_FILTER:
		return eval_filter(r, in, s, out);
	case STEP_WILDCARD:
		return eval_wildcard(r, in, out);
	case STEP_RECURSIVE:
		return eval_recursive(r, in, out);
	case STEP_UNION:
		return eval_union(r, in, s, out);
	case STEP_WORD:
		return eval_word(r, in, s, out);
	}
	return NULL;
}

static err *eval_list(struct run *r, struct values in, const struct steps *steps,
		      struct values *out)
{
	*out = in;
	for (size_t i = 0; i < steps->n; i++) {
		struct values next;
		err *e = eval_step(r, *out, &steps->p[i], &next);

		*out = next;
		if (e)
			return e;
	}
	return NULL;
}

/* ---- actions ---------------------------------------------------------- */

static err *run_from(struct run *r, node data, size_t from);

static err *run_range(struct run *r, struct values over, size_t from)
{
	err *(*emit)(struct run *, struct values) = r->emit;

	if (r->in_range >= JSONPATH_RANGES_MAX)
		return err_new(ERR_INVALID, "jsonpath has more than %d ranges in each other",
			       JSONPATH_RANGES_MAX);
	r->in_range++;
	for (size_t i = 0; i < over.n; i++)
		TRY(run_from(r, over.p[i], from));
	if (!over.n) {
		/* What is in the range still runs once, for nothing, to find its end. */
		r->emit = NULL;
		TRY(run_from(r, NODE_NOTHING, from));
		r->emit = emit;
	}
	r->in_range--;
	return NULL;
}

/* Run the actions from `from` on until the end of a range or of the template. */
static err *run_from(struct run *r, node data, size_t from)
{
	struct values in = { &data, 1, 1 }, found;

	if (data.kind == NODE_NULL)
		data = NODE_NOTHING;
	for (size_t i = from; i < r->path->n; i++) {
		struct arena_mark mark = arena_mark(&r->scratch);

		TRY(eval_list(r, in, &r->path->p[i], &found));
		if (r->end_range > 0 && r->end_range <= r->in_range) {
			r->end_range--;
			r->last_end = i;
			return NULL;
		}
		if (r->begin_range > 0) {
			r->begin_range--;
			TRY(run_range(r, found, i + 1));
			if (r->last_end != STR_NPOS && r->last_end > i)
				i = r->last_end;
		} else if (r->emit) {
			TRY(r->emit(r, found));
		}
		arena_rewind(&r->scratch, mark);
	}
	return NULL;
}

static err *run(struct run *r, const struct jsonpath *path, node root,
		const struct jsonpath_options *o)
{
	r->path = path;
	r->allow_missing = o && o->allow_missing;
	r->json = o && o->json;
	r->left = JSONPATH_VISITS_MAX;
	r->last_end = STR_NPOS;
	err *e = run_from(r, root, 0);

	arena_release(&r->scratch);
	return e;
}

/* ---- results ---------------------------------------------------------- */

err *jsonpath_print_value(struct buf *b, node n)
{
	if (n.kind == NODE_MAP || n.kind == NODE_SEQ)
		return json_write(b, n, NULL);
	if (n.kind == NODE_NONE)
		buf_add(b, S("<no value>"));
	else if (n.kind == NODE_NULL)
		buf_add(b, S("null"));
	else
		goprint_add(b, n);
	return NULL;
}

static err *emit_json(struct run *r, struct values found)
{
	node list = node_seq(&r->scratch, found.n);

	for (size_t i = 0; i < found.n; i++)
		node_append(&r->scratch, list,
			    found.p[i].kind == NODE_NONE ? node_null() : found.p[i]);
	TRY(json_write(r->b, list, &(const struct json_style){ .indent = 4 }));
	buf_addc(r->b, '\n');
	return buf_check(r->b, "output");
}

static err *emit_text(struct run *r, struct values found)
{
	if (r->json)
		return emit_json(r, found);
	for (size_t i = 0; i < found.n; i++) {
		if (i)
			buf_addc(r->b, ' ');
		TRY(jsonpath_print_value(r->b, found.p[i]));
	}
	return buf_check(r->b, "output");
}

static err *emit_set(struct run *r, struct values found)
{
	struct jsonpath_set set = { arena_alloc(r->a, found.n * sizeof *set.items), found.n };

	if (r->sets.n >= JSONPATH_SET_MAX)
		return err_new(ERR_INVALID, "jsonpath template finds more than %d sets",
			       JSONPATH_SET_MAX);
	if (found.n)
		memcpy(set.items, found.p, found.n * sizeof *set.items);
	avec_push(r->a, &r->sets, set);
	return NULL;
}

err *jsonpath_print(struct buf *b, const struct jsonpath *path, node root,
		    const struct jsonpath_options *o)
{
	struct run r = { .emit = emit_text, .b = b };
	size_t start = b->n;
	err *e = run(&r, path, root, o);

	if (e)
		buf_trim(b, start);
	return e;
}

err *jsonpath_find(struct arena *a, const struct jsonpath *path, node root,
		   const struct jsonpath_options *o, struct jsonpath_set **sets, size_t *n)
{
	struct run r = { .emit = emit_set, .a = a };

	TRY(run(&r, path, root, o));
	*sets = r.sets.p;
	*n = r.sets.n;
	return NULL;
}
