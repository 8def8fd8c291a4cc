#include "tmpl/fn.h"

#include <pthread.h>

#include "tmpl/exec_impl.h"
#include "tmpl/printf.h"

static const struct tmpl_funcs *const families[] = {
	&fn_builtin,  &fn_case,   &fn_crypto,  &fn_dates, &fn_dicts, &fn_durations,
	&fn_encoding, &fn_helm,   &fn_lists,   &fn_math,  &fn_paths, &fn_reflect,
	&fn_regex,    &fn_semver, &fn_strings, &fn_toml,  &fn_url,
};

/* All rows by name, built once. Names are few and known: FNV-1a, no seed. */
enum { SLOTS = 1024 };

static const struct tmpl_func *slots[SLOTS];
static pthread_once_t slots_once = PTHREAD_ONCE_INIT;

static uint32_t hash_name(str s)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 16777619u;
	return h ^ h >> 15;
}

static void build_slots(void)
{
	for (size_t i = 0; i < sizeof families / sizeof(*families); i++)
		for (size_t k = 0; k < families[i]->n; k++) {
			const struct tmpl_func *f = &families[i]->p[k];
			uint32_t at = hash_name(str_c(f->name)) % SLOTS;

			while (slots[at])
				at = (at + 1) % SLOTS;
			slots[at] = f;
		}
}

const struct tmpl_func *tmpl_func_find(str name)
{
	pthread_once(&slots_once, build_slots);
	for (uint32_t at = hash_name(name) % SLOTS; slots[at]; at = (at + 1) % SLOTS)
		if (str_eq(name, str_c(slots[at]->name)))
			return slots[at];
	return NULL;
}

const struct tmpl_func *tmpl_method_find(const struct tmpl_func *table, size_t n, str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(name, str_c(table[i].name)))
			return &table[i];
	return NULL;
}

/* ---- for the code of functions ----------------------------------------- */

const struct tmpl_options *tmpl_call_options(const struct tmpl_call *c)
{
	return c->x->o;
}

struct buf *tmpl_scratch(struct tmpl_call *c)
{
	buf_clear(&c->x->scratch);
	return &c->x->scratch;
}

err *tmpl_give_buf(struct tmpl_call *c, struct buf *b)
{
	TRY(buf_check(b, "text"));
	c->out = node_copy_str(c->a, buf_str(b));
	return NULL;
}

err *tmpl_fits(struct tmpl_call *c, uint64_t bytes)
{
	size_t max = c->x->o->limits.text;

	if (bytes > max)
		return err_new(ERR_INVALID, "result is larger than %zu bytes", max);
	if (!arena_fits(c->a, bytes))
		return err_new(ERR_INVALID, "template needs more than %zu bytes of memory",
			       c->a->budget);
	return NULL;
}

err *tmpl_spend(struct tmpl_call *c, uint64_t steps)
{
	uint64_t max = c->x->o->limits.steps;

	c->x->steps += steps;
	if (c->x->steps <= max)
		return NULL;
	return err_new(ERR_INVALID, "template needs more than %llu steps", (unsigned long long)max);
}

/* What a document may hold, counting shared parts each time. */
enum { TREE_NODES_MAX = 20000000, TREE_DEPTH_MAX = 3000 };

static bool count_nodes(node n, size_t *left, int depth)
{
	if (!*left || depth > TREE_DEPTH_MAX)
		return false;
	--*left;
	node_each_item(i, n)
		if (i->kind >= NODE_SEQ && !count_nodes(*i, left, depth + 1))
			return false;
	node_each_pair(p, n)
		if (p->value.kind >= NODE_SEQ && !count_nodes(p->value, left, depth + 1))
			return false;
	size_t n_items = node_len(n);

	if (n_items > *left)
		return false;
	*left -= n_items;
	return true;
}

err *tmpl_check_tree(struct tmpl_call *c, node n)
{
	size_t left = TREE_NODES_MAX;

	(void)c;
	if (n.kind < NODE_SEQ || count_nodes(n, &left, 0))
		return NULL;
	return err_new(ERR_INVALID, "value is too large or too deep to be written");
}

str tmpl_strval(struct arena *a, node n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (n.kind == NODE_STR)
		return node_str(n);
	printf_value(&b, n);
	return arena_str(a, buf_str(&b));
}
