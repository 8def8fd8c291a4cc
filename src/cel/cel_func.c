#include "cel/cel_func.h"

const struct cel_type cel_func_param[2] = {
	{ .kind = CEL_TYPE_PARAM, .var = CEL_DECLARED_PARAM, .name = { "A", 1 } },
	{ .kind = CEL_TYPE_PARAM, .var = CEL_DECLARED_PARAM + 1, .name = { "B", 1 } },
};
const struct cel_type cel_func_list_a = {
	.kind = CEL_LIST, .n = 1, .name = { "list", 4 }, .params = { &cel_func_param[0] },
};
const struct cel_type cel_func_list_list_a = {
	.kind = CEL_LIST, .n = 1, .name = { "list", 4 }, .params = { &cel_func_list_a },
};
const struct cel_type cel_func_map_ab = {
	.kind = CEL_MAP, .n = 2, .name = { "map", 3 },
	.params = { &cel_func_param[0], &cel_func_param[1] },
};
const struct cel_type cel_func_list_string = {
	.kind = CEL_LIST, .n = 1, .bare = true, .name = { "list", 4 },
	.params = { &cel_types[CEL_STRING] },
};

static const struct cel_function_table *const tables[] = {
	&cel_func_standard, &cel_func_times,	  &cel_func_strings,	&cel_func_lists,
	&cel_func_optionals, &cel_func_kubernetes, &cel_func_addresses, &cel_func_authorizer,
};

static const struct cel_function *find_in(const struct cel_function_table *t, str name)
{
	size_t lo = 0, hi = t->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = str_cmp(str_c(t->functions[mid].name), name);

		if (c == 0)
			return &t->functions[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const struct cel_function *cel_func_find(enum cel_library library, str name)
{
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		const struct cel_function *f = find_in(tables[i], name);

		if (f && f->in >> library & 1)
			return f;
	}
	return NULL;
}
