#include "sops/impl.h"
#include "text/gotime.h"
#include "text/number.h"
#include "value/yaml.h"

struct sops_branch *sops_branch_new(struct arena *a, bool list)
{
	struct sops_branch *b = arena_new(a, struct sops_branch);

	b->list = list;
	return b;
}

node sops_branch_node(struct sops_branch *b)
{
	return (node){ .kind = NODE_OBJECT, .object = b };
}

void sops_branch_add(struct arena *a, struct sops_branch *b, str key, node value)
{
	avec_push(a, b, (struct sops_entry){ .key = key, .value = value });
}

void sops_branch_comment(struct arena *a, struct sops_branch *b, str lines, bool same_line)
{
	str line;

	while (str_cut(&lines, &line, '\n'))
		if (line.n)
			avec_push(a, b,
				  (struct sops_entry){ .comment = true,
						       .same_line = same_line,
						       .key = str_from(line, 1) });
}

node sops_branch_get(const struct sops_branch *b, str key)
{
	for (size_t i = 0; i < b->n; i++)
		if (!b->p[i].comment && str_eq(b->p[i].key, key))
			return b->p[i].value;
	return NODE_NOTHING;
}

static str time_text(struct arena *a, node n)
{
	char text[YAML_TIME_MAX];

	return arena_str(a, str_of(text, yaml_print_time(text, node_str(n))));
}

err *sops_scalar_text(struct arena *a, node n, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	switch (n.kind) {
	case NODE_STR:
		*out = node_str(n);
		return NULL;
	case NODE_BOOL:
		*out = node_bool(n) ? S("True") : S("False");
		return NULL;
	case NODE_INT:
		number_add_int(&b, node_int(n));
		break;
	case NODE_FLOAT:
		number_add_format(&b, node_float(n), 'f', -1);
		break;
	case NODE_TIME:
		*out = time_text(a, n);
		return NULL;
	default:
		return err_new(ERR_INVALID, "Could not convert unknown type %s to bytes",
			       n.kind == NODE_UINT ? "uint64" : "map");
	}
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

static str flat_float(struct arena *a, double f)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	number_add_format(&b, f, 'G', -1);
	if (str_find_char(buf_str(&b), '.') == STR_NPOS &&
	    str_find_char(buf_str(&b), 'E') == STR_NPOS) {
		buf_clear(&b);
		number_add_format(&b, f, 'f', 1);
	}
	return arena_str(a, buf_str(&b));
}

/* A time loses its fraction here. */
static err *flat_time(struct arena *a, node n, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct gotime t;

	TRY(gotime_parse(&t, GOTIME_RFC3339_NANO, time_text(a, n), NULL));
	gotime_format(&b, t, GOTIME_RFC3339);
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

err *sops_scalar_flat(struct arena *a, node n, str *out)
{
	if (n.kind == NODE_FLOAT)
		*out = flat_float(a, node_float(n));
	else if (n.kind == NODE_BOOL)
		*out = node_bool(n) ? S("true") : S("false");
	else if (n.kind == NODE_TIME)
		return flat_time(a, n, out);
	else if (node_is_nil(n))
		*out = S("<nil>");
	else
		return sops_scalar_text(a, n, out);
	return NULL;
}
