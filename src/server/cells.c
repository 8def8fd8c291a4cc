#include "server/cells_impl.h"

node cells_dig(node object, const char *path)
{
	str rest = str_c(path), key;

	while (str_cut(&rest, &key, '.'))
		object = node_get(object, key);
	return object;
}

static node text(struct arena *a, const struct cell_rule *rule, node value)
{
	if (node_is_nil(value))
		return node_from_str(a, str_c(rule->fallback));
	return node_is(value, NODE_STR) ? value : node_from_str(a, node_text(a, value));
}

node cells_run(struct arena *a, const struct cell_rule *rule, node object)
{
	node value = rule->path ? cells_dig(object, rule->path) : NODE_NOTHING;

	switch (rule->what) {
	case CELL_TEXT:
		return text(a, rule, value);
	case CELL_INT:
		return node_from_int(node_int(value));
	case CELL_BOOL:
		return node_from_bool(node_is_nil(value) ? str_eq(str_c(rule->fallback), S("true"))
							 : node_bool(value));
	case CELL_COUNT:
		return node_from_uint(node_len(value));
	case CELL_SINCE:
		return node_is_nil(value) ? node_from_str(a, str_c(rule->fallback))
					  : age_since(a, value);
	case CELL_MADE:
		break;
	}
	return rule->make(a, object);
}

node cells_join(struct arena *a, node list, str key, str separator)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t n = 0;

	node_each_item(item, list) {
		buf_add(&b, n++ ? separator : STR_NONE);
		buf_add(&b, node_str_or(key.n ? node_get(*item, key) : *item, STR_NONE));
	}
	return cells_done(a, &b);
}

node cells_containers(struct arena *a, node containers, str key)
{
	return cells_join(a, containers, key, S(","));
}

void cells_add_more(struct buf *b, size_t count, size_t max)
{
	if (count > max)
		buf_addf(b, " + %zu more...", count - max);
}

bool cells_condition(node conditions, str type, str status)
{
	node_each_item(c, conditions)
		if (str_eq(node_str_or(node_get(*c, S("type")), STR_NONE), type))
			return str_eq(node_str_or(node_get(*c, S("status")), STR_NONE), status);
	return false;
}
