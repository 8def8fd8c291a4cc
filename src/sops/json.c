/* JSON, by hand where Go's encoder would sort keys: equal keys and order stay. */
#include "value/json.h"

#include "sops/impl.h"
#include "text/number.h"
#include "value/yaml.h"

/* ---- reading ------------------------------------------------------------ */

static err *read_number(str text, node *out)
{
	int64_t i;
	double f;
	err *e = number_parse_int(text, 10, &i);

	if (!e) {
		*out = node_from_int(i);
		return NULL;
	}
	err_free(e);
	TRY(number_parse_float(text, &f));
	*out = node_from_float(f);
	return NULL;
}

static err *read_value(struct arena *a, node n, node *out);

static err *read_items(struct arena *a, node n, struct sops_branch *to)
{
	node value;

	node_each_item(i, n) {
		TRY(read_value(a, *i, &value));
		sops_branch_add(a, to, STR_NONE, value);
	}
	node_each_pair(p, n) {
		TRY(read_value(a, p->value, &value));
		sops_branch_add(a, to, json_text(a, p->key), value);
	}
	return NULL;
}

/* The tree of the reader is no deeper than SOPS_DEPTH_MAX. */
static err *read_value(struct arena *a, node n, node *out)
{
	if (n.kind == NODE_MAP || n.kind == NODE_SEQ) {
		struct sops_branch *b = sops_branch_new(a, n.kind == NODE_SEQ);

		*out = sops_branch_node(b);
		return read_items(a, n, b);
	}
	if (node_is_num(n))
		return read_number(node_str(n), out);
	if (n.kind == NODE_STR)
		*out = node_from_str(a, json_text(a, n));
	else
		*out = n.kind == NODE_BOOL ? node_from_bool(node_bool(n)) : node_null();
	return NULL;
}

static err *not_an_object(struct arena *a, node n)
{
	if (n.kind == NODE_SEQ)
		return err_new(ERR_INVALID,
			       "SOPS only supports JSON files with a top-level object (starting with "
			       "'{'), not arrays or other types. Got delimiter [ instead. To encrypt "
			       "this file, wrap it in an object, e.g., {\"data\": [...]}");
	(void)a;
	return err_new(ERR_INVALID,
		       "SOPS only supports JSON files with a top-level object (starting with '{'), "
		       "not other JSON types. Got a %s instead",
		       node_kind_name(n));
}

err *sops_json_read(struct arena *a, str bytes, struct sops_branches *out)
{
	static const struct json_options options = { .raw = true, .max_depth = SOPS_DEPTH_MAX };
	node root, made;
	err *e = json_read(a, bytes, &options, &root);

	if (!e && root.kind != NODE_MAP)
		e = not_an_object(a, root);
	if (!e)
		e = read_value(a, root, &made);
	if (e)
		return err_wrap(e, "Could not unmarshal input data");
	avec_push(a, out, made.object);
	return NULL;
}

/* ---- writing ------------------------------------------------------------ */

struct writer {
	struct arena *a;
	struct buf *b;
	unsigned depth;
};

static void new_line(struct writer *w)
{
	buf_addc(w->b, '\n');
	buf_fill(w->b, '\t', w->depth);
}

static err *write_value(struct writer *w, node n);

static err *write_branch(struct writer *w, const struct sops_branch *from)
{
	bool empty = true;

	buf_addc(w->b, from->list ? '[' : '{');
	w->depth++;
	for (size_t i = 0; i < from->n; i++) {
		const struct sops_entry *p = &from->p[i];

		if (p->comment)
			continue;
		if (!empty)
			buf_addc(w->b, ',');
		empty = false;
		new_line(w);
		if (!from->list) {
			json_write_str(w->b, p->key, false);
			buf_add(w->b, S(": "));
		}
		TRY(write_value(w, p->value));
	}
	w->depth--;
	if (!empty)
		new_line(w);
	buf_addc(w->b, from->list ? ']' : '}');
	return NULL;
}

static err *write_value(struct writer *w, node n)
{
	const struct sops_branch *b = sops_branch_of(n);

	if (b)
		return write_branch(w, b);
	if (n.kind == NODE_STR) {
		json_write_str(w->b, node_str(n), false);
	} else if (n.kind == NODE_TIME) {
		char text[YAML_TIME_MAX];

		json_write_str(w->b, str_of(text, yaml_print_time(text, node_str(n))), false);
	} else {
		return json_write(w->b, n, NULL);
	}
	return NULL;
}

err *sops_json_write(struct arena *a, const struct sops_branches *tree, struct buf *out)
{
	struct writer w = { .a = a, .b = out };

	if (!tree->n)
		return err_new(ERR_INVALID, "there is no document to write as JSON");
	err *e = write_branch(&w, tree->p[0]);

	if (e)
		return err_wrap(e, "Error marshaling to json");
	buf_addc(out, '\n');
	return NULL;
}
