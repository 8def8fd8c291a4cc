#include "server/amounts.h"

#include <stdlib.h>

#include "base/vec.h"

struct quantity amounts_quantity(struct arena *a, node n)
{
	struct quantity q = { 0 };

	if (node_is(n, NODE_STR)) {
		err *e = quantity_parse(a, node_str(n), &q);

		if (e)
			q = (struct quantity){ 0 };
		err_free(e);
	} else if (node_is(n, NODE_INT)) {
		q = quantity_of(node_int(n), 0, QUANTITY_DECIMAL);
	}
	return q;
}

str amounts_text(struct arena *a, const struct quantity *q)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quantity_add_text(&b, q);
	return arena_str(a, buf_str(&b));
}

struct amounts amounts_of(struct arena *a, node map)
{
	struct amounts all = { .arena = a };

	node_each_pair(p, map) {
		struct quantity q = amounts_quantity(a, p->value);

		amounts_set(&all, node_str(p->key), &q);
	}
	return all;
}

struct amount *amounts_get(const struct amounts *of, str name)
{
	for (size_t i = 0; i < of->n; i++)
		if (str_eq(of->list[i].name, name))
			return &of->list[i];
	return NULL;
}

void amounts_set(struct amounts *to, str name, const struct quantity *q)
{
	struct amount *there = amounts_get(to, name);

	if (there) {
		there->q = *q;
		return;
	}
	VEC(struct amount) v = { to->list, to->n, to->cap };

	avec_push(to->arena, &v, (struct amount){ name, *q });
	to->list = v.p;
	to->n = v.n;
	to->cap = v.cap;
}

void amounts_add_one(struct amounts *to, str name, const struct quantity *q)
{
	struct amount *there = amounts_get(to, name);

	if (!there) {
		amounts_set(to, name, q);
		return;
	}
	err *e = quantity_add(to->arena, &there->q, q, &there->q);

	err_free(e);	/* too many digits: the sum stays as it is */
}

void amounts_add(struct amounts *to, const struct amounts *from)
{
	for (size_t i = 0; i < from->n; i++)
		amounts_add_one(to, from->list[i].name, &from->list[i].q);
}

void amounts_max(struct amounts *to, const struct amounts *from)
{
	for (size_t i = 0; i < from->n; i++) {
		struct amount *there = amounts_get(to, from->list[i].name);

		if (!there || quantity_cmp(&from->list[i].q, &there->q) > 0)
			amounts_set(to, from->list[i].name, &from->list[i].q);
	}
}

static int by_name(const void *x, const void *y)
{
	return str_cmp(((const struct amount *)x)->name, ((const struct amount *)y)->name);
}

void amounts_sort(struct amounts *of)
{
	if (of->n)
		qsort(of->list, of->n, sizeof *of->list, by_name);
}

node amounts_node(struct arena *a, const struct amounts *of)
{
	node map = node_map(a, of->n);

	for (size_t i = 0; i < of->n; i++)
		node_set(a, map, of->list[i].name,
			 node_from_str(a, amounts_text(a, &of->list[i].q)));
	return map;
}
