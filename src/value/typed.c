#include "value/typed.h"

#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/vec.h"
#include "text/number.h"
#include "text/quote.h"

const struct typed typed_any = { .kind = TYPED_ANY, .go = "interface {}" };
const struct typed typed_string = { .kind = TYPED_STRING, .go = "string" };
const struct typed typed_bool = { .kind = TYPED_BOOL, .go = "bool" };
const struct typed typed_int = { .kind = TYPED_INT, .go = "int" };
const struct typed typed_int64 = { .kind = TYPED_INT, .go = "int64" };
const struct typed typed_strings = { .kind = TYPED_LIST, .go = "[]string", .of = &typed_string };
const struct typed typed_string_map = { .kind = TYPED_MAP, .go = "map[string]string",
					.of = &typed_string };

enum { DEPTH_MAX = 1000, NAME_MAX_SUGGEST = 64 };

struct fitter {
	struct arena *a;
	const struct typed_options *o;
	const struct typed *in_struct;	/* the innermost one */
	VEC(const struct typed_field *) stack;	/* on the way */
	unsigned embedded;		/* how many of these an embedded struct holds */
	unsigned depth;
};

/* ---- errors ------------------------------------------------------------ */

static err *at(struct fitter *f, node n, err *e)
{
	return f->o ? sources_err(f->o->sources, n.place, e) : e;
}

static err *mismatch(struct fitter *f, node n, const char *value, const struct typed *type)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;

	for (size_t i = 0; i < f->stack.n; i++) {
		const struct typed_field *field = f->stack.p[i];

		buf_add(&path, i ? S(".") : STR_NONE);
		buf_add(&path, field->via ? str_c(field->via) : STR_NONE);
		buf_add(&path, field->name);
	}
	if (!f->in_struct || !path.n)
		return at(f, n, err_new(ERR_INVALID, "json: cannot unmarshal %s into Go value of type %s",
					value, type->go));
	return at(f, n, err_new(ERR_INVALID,
				"json: cannot unmarshal %s into Go struct field %s.%s of type %s", value,
				f->in_struct->name, buf_c(&path), type->go));
}

static size_t distance(str x, str y)
{
	uint8_t row[NAME_MAX_SUGGEST + 1];

	for (size_t j = 0; j <= y.n; j++)
		row[j] = (uint8_t)j;
	for (size_t i = 1; i <= x.n; i++) {
		uint8_t diagonal = row[0];

		row[0] = (uint8_t)i;
		for (size_t j = 1; j <= y.n; j++) {
			uint8_t cost = (x.p[i - 1] | 32) != (y.p[j - 1] | 32), best = diagonal;

			best = (uint8_t)(best + cost);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = (uint8_t)(row[j] + 1);
			if (row[j - 1] + 1 < best)
				best = (uint8_t)(row[j - 1] + 1);
			row[j] = best;
		}
	}
	return row[y.n];
}

str typed_suggest(const struct typed *type, str name)
{
	str best = STR_NONE;
	size_t best_distance = 3;

	if (type->kind != TYPED_STRUCT || name.n > NAME_MAX_SUGGEST)
		return STR_NONE;
	for (size_t i = 0; i < type->fields_n; i++) {
		str known = type->fields[i].name;

		if (known.n > NAME_MAX_SUGGEST || distance(name, known) >= best_distance)
			continue;
		best_distance = distance(name, known);
		best = known;
	}
	return best;
}

static err *unknown(struct fitter *f, node key, const struct typed *type)
{
	str near = typed_suggest(type, node_str(key));
	err *e = err_new(ERR_INVALID, "json: unknown field %.*s",
			 STR_ARG(quote_str(f->a, node_str(key))));

	if (near.n)
		err_set_detail(e, arena_printf(f->a, "did you mean \"%.*s\"?", STR_ARG(near)));
	return at(f, key, e);
}

/* ---- kinds ------------------------------------------------------------- */

static err *fit(struct fitter *f, node in, const struct typed *type, node *out);

static err *fit_number(struct fitter *f, node in, const struct typed *type, node *out)
{
	double d = node_float(in);

	if (type->kind == TYPED_INT && in.kind == NODE_FLOAT) {
		if (d != trunc(d) || fabs(d) >= 9223372036854775808.0) {
			CLEANUP(buf_release) struct buf text = BUF_INIT;

			buf_add(&text, S("number "));
			number_add_float(&text, d, NUMBER_JSON);
			return mismatch(f, in, buf_c(&text), type);
		}
		*out = node_from_int((int64_t)d);
		out->place = in.place;
		return NULL;
	}
	if (type->kind == TYPED_INT && in.kind == NODE_UINT && node_uint(in) > INT64_MAX) {
		CLEANUP(buf_release) struct buf text = BUF_INIT;

		buf_add(&text, S("number "));
		number_add_uint(&text, node_uint(in));
		return mismatch(f, in, buf_c(&text), type);
	}
	*out = in;
	return NULL;
}

static err *fit_list(struct fitter *f, node in, const struct typed *type, node *out)
{
	node list = node_seq(f->a, node_len(in));

	node_each_item(i, in) {
		node item = NODE_NOTHING;

		TRY(fit(f, *i, type->of, &item));
		if (item.kind == NODE_NONE)	/* null: Go's zero value */
			item = type->of->kind == TYPED_STRING ? node_from_str(f->a, STR_NONE)
							      : node_null();
		if (!item.place)
			item.place = i->place;
		node_append(f->a, list, item);
	}
	list.place = in.place;
	*out = list;
	return NULL;
}

static int cmp_keys(const void *x, const void *y)
{
	return str_cmp(node_str((*(const struct node_pair *const *)x)->key),
		       node_str((*(const struct node_pair *const *)y)->key));
}

static struct node_pair **sorted(struct arena *a, node map)
{
	struct node_pair **pairs = arena_array(a, struct node_pair *, node_len(map));
	size_t n = 0;

	node_each_pair(p, map)
		pairs[n++] = p;
	if (n)
		qsort(pairs, n, sizeof(*pairs), cmp_keys);
	return pairs;
}

static err *fit_map(struct fitter *f, node in, const struct typed *type, node *out)
{
	struct node_pair **pairs = sorted(f->a, in);
	node map = node_map(f->a, node_len(in));

	for (size_t i = 0; i < node_len(in); i++) {
		node value = NODE_NOTHING;

		TRY(fit(f, pairs[i]->value, type->of, &value));
		if (value.kind == NODE_NONE)
			value = type->of->kind == TYPED_STRING ? node_from_str(f->a, STR_NONE)
							       : node_null();
		node_push(f->a, map, pairs[i]->key, value);
	}
	map.place = in.place;
	*out = map;
	return NULL;
}

static const struct typed_field *field_of(const struct typed *type, str name)
{
	for (size_t i = 0; i < type->fields_n; i++)
		if (str_eq(type->fields[i].name, name))
			return &type->fields[i];
	for (size_t i = 0; i < type->fields_n; i++)
		if (str_eq_nocase(type->fields[i].name, name))
			return &type->fields[i];
	return NULL;
}

static err *fit_struct(struct fitter *f, node in, const struct typed *type, node *out)
{
	const struct typed *outer = f->in_struct;
	struct node_pair **pairs = sorted(f->a, in);
	node map = node_map(f->a, node_len(in));

	for (size_t i = 0; i < node_len(in); i++) {
		const struct typed_field *field = field_of(type, node_str(pairs[i]->key));
		node value = NODE_NOTHING;

		if (!field) {
			if (f->o && f->o->strict)
				return unknown(f, pairs[i]->key, type);
			continue;
		}
		f->in_struct = type;
		avec_push(f->a, &f->stack, field);
		f->embedded += field->via != NULL;
		TRY(fit(f, pairs[i]->value, field->type, &value));
		f->embedded -= field->via != NULL;
		f->stack.n--;
		if (value.kind == NODE_NONE)
			continue;
		node key = node_from_str(f->a, field->name);

		key.place = pairs[i]->key.place;
		node_put(f->a, map, key, value);
	}
	f->in_struct = outer;
	map.place = in.place;
	*out = map;
	return NULL;
}

static bool is_right(node in, enum typed_kind kind)
{
	switch (kind) {
	case TYPED_ANY:
		return true;
	case TYPED_STRING:
		return in.kind == NODE_STR || in.kind == NODE_TIME;
	case TYPED_BOOL:
		return in.kind == NODE_BOOL;
	case TYPED_INT:
	case TYPED_FLOAT:
		return node_is_num(in);
	case TYPED_LIST:
		return in.kind == NODE_SEQ;
	case TYPED_MAP:
	case TYPED_STRUCT:
		return in.kind == NODE_MAP;
	}
	return false;
}

/* A number or boolean as sigs.k8s.io/yaml writes it where a string belongs. */
static node as_text(struct arena *a, node in)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (in.kind == NODE_BOOL)
		buf_add(&b, node_bool(in) ? S("true") : S("false"));
	else if (in.kind == NODE_INT)
		number_add_int(&b, node_int(in));
	else if (in.kind == NODE_UINT)
		number_add_uint(&b, node_uint(in));
	else
		number_add_float(&b, node_float(in), NUMBER_G);
	node text = node_copy_str(a, buf_str(&b));

	text.place = in.place;
	return text;
}

/* `out` stays untouched for null: the field is unset. */
static err *fit(struct fitter *f, node in, const struct typed *type, node *out)
{
	err *e = NULL;

	if (type->kind == TYPED_ANY) {
		*out = in;
		return NULL;
	}
	if (node_is_nil(in))
		return NULL;
	/* sigs.k8s.io/yaml does not look into embedded structs for its target. */
	if (f->o && f->o->texts && !f->embedded && type->kind == TYPED_STRING &&
	    (in.kind == NODE_BOOL || node_is_num(in)))
		in = as_text(f->a, in);
	if (!is_right(in, type->kind))
		return mismatch(f, in, node_kind_name(in), type);
	if (f->depth++ >= DEPTH_MAX)
		return at(f, in, err_new(ERR_INVALID, "nested deeper than %d levels", DEPTH_MAX));
	switch (type->kind) {
	case TYPED_INT:
	case TYPED_FLOAT:
		e = fit_number(f, in, type, out);
		break;
	case TYPED_LIST:
		e = fit_list(f, in, type, out);
		break;
	case TYPED_MAP:
		e = fit_map(f, in, type, out);
		break;
	case TYPED_STRUCT:
		e = fit_struct(f, in, type, out);
		break;
	case TYPED_ANY:
	case TYPED_STRING:
	case TYPED_BOOL:
		*out = in;
		break;
	}
	f->depth--;
	return e;
}

err *typed_fit(struct arena *a, node in, const struct typed *type, const struct typed_options *o,
	       node *out)
{
	struct fitter f = { .a = a, .o = o };
	node fitted = NODE_NOTHING;

	TRY(fit(&f, in, type, &fitted));
	if (fitted.kind == NODE_NONE && type->kind == TYPED_STRUCT)
		fitted = node_map(a, 0);
	*out = fitted;
	return NULL;
}
