#include "server/table.h"

#include "server/cells.h"
#include "text/quote.h"
#include "value/json.h"

err *table_include_parse(str text, enum table_include *out)
{
	if (!text.n || str_eq(text, S("Metadata")))
		*out = TABLE_METADATA;
	else if (str_eq(text, S("Object")))
		*out = TABLE_OBJECT;
	else if (str_eq(text, S("None")))
		*out = TABLE_NONE;
	else {
		CLEANUP(buf_release) struct buf quoted = BUF_INIT;

		quote_add(&quoted, text, QUOTE_PRINT);
		return err_new(ERR_INVALID,
			       "Unable to convert to Table as requested: includeObject: Invalid value: "
			       "%s: must be 'Metadata', 'Object', 'None', or empty",
			       buf_c(&quoted));
	}
	return NULL;
}

static void add_node(struct buf *b, node n)
{
	err *e = node_is(n, NODE_NONE) ? NULL : json_write(b, n, NULL);

	if (e || node_is(n, NODE_NONE))
		buf_add(b, S("null"));
	err_free(e);
}

static void add_text(struct buf *b, const char *key, const char *text)
{
	buf_addf(b, "\"%s\":", key);
	json_write_str(b, str_c(text), false);
}

static void add_columns(struct buf *b, const struct kind *k)
{
	buf_addc(b, '[');
	for (size_t i = 0; i < k->columns_n; i++) {
		const struct kind_column *c = &k->columns[i];

		buf_add(b, i ? S(",{") : S("{"));
		add_text(b, "name", c->name);
		buf_addc(b, ',');
		add_text(b, "type", c->type);
		buf_addc(b, ',');
		add_text(b, "format", c->format);
		buf_addc(b, ',');
		add_text(b, "description", c->about);
		buf_addf(b, ",\"priority\":%d}", c->priority);
	}
	buf_addc(b, ']');
}

void table_open(struct table *t, struct buf *out, const struct kind *k, enum table_include include,
		str version, node metadata, bool columns)
{
	static const str kept[] = { S("resourceVersion"), S("continue"), S("remainingItemCount") };
	bool any = false;

	*t = (struct table){ out, k, include, version, 0 };
	buf_addf(out, "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/%.*s\",\"metadata\":{",
		 STR_ARG(version));
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		node value = node_get(metadata, kept[i]);

		if (node_is_nil(value) || (node_is(value, NODE_STR) && !node_str(value).n))
			continue;
		buf_addf(out, "%s\"%.*s\":", any ? "," : "", STR_ARG(kept[i]));
		add_node(out, value);
		any = true;
	}
	buf_add(out, S("},\"columnDefinitions\":"));
	if (columns)
		add_columns(out, k);
	else
		buf_add(out, S("null"));
	buf_add(out, S(",\"rows\":["));
}

/* The cells see what is stored, also where the kind shows it in another shape. */
static void add_cells(struct table *t, struct arena *a, node object)
{
	const struct kind *k = t->kind;
	size_t n = k->cells_n ? k->cells_n : k->columns_n;
	node *cells = arena_array(a, node, n);

	if (k->hooks && k->hooks->cells) {
		k->hooks->cells(a, k, object, cells);
	} else {
		if (k->stored && k->hooks && k->hooks->to_stored)
			object = k->hooks->to_stored(a, object);
		for (size_t i = 0; i < k->cells_n; i++)
			cells[i] = cells_run(a, &k->cells[i], object);
	}
	for (size_t i = 0; i < n; i++) {
		buf_add(t->out, i ? S(",") : STR_NONE);
		add_node(t->out, cells[i]);
	}
}

/* Pods that ended are marked: kubectl may leave them out. */
static void add_conditions(struct table *t, struct arena *a, node object)
{
	const struct kind_hooks *hooks = t->kind->hooks;
	node conditions = hooks && hooks->row_conditions ? hooks->row_conditions(a, object)
							 : NODE_NOTHING;

	if (node_is_nil(conditions))
		return;
	buf_add(t->out, S(",\"conditions\":"));
	add_node(t->out, conditions);
}

static void add_object(struct table *t, struct arena *a, node object)
{
	buf_add(t->out, S(",\"object\":"));
	switch (t->include) {
	case TABLE_NONE:
		buf_add(t->out, S("null"));
		break;
	case TABLE_OBJECT:
		add_node(t->out, object);
		break;
	case TABLE_METADATA:
		buf_addf(t->out,
			 "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/%.*s\","
			 "\"metadata\":",
			 STR_ARG(t->version));
		node metadata = kind_metadata(a, t->kind, object);

		if (node_is(metadata, NODE_MAP))
			add_node(t->out, metadata);
		else
			buf_add(t->out, S("{}"));
		buf_addc(t->out, '}');
		break;
	}
}

void table_row(struct table *t, struct arena *a, node object)
{
	buf_add(t->out, t->rows++ ? S(",{\"cells\":[") : S("{\"cells\":["));
	add_cells(t, a, object);
	buf_addc(t->out, ']');
	add_conditions(t, a, object);
	add_object(t, a, object);
	buf_addc(t->out, '}');
}

void table_close(struct table *t)
{
	/* the printer of kinds without one of their own makes no list of no rows */
	if (!t->rows && t->kind->cells == cells_created) {
		t->out->n--;
		buf_add(t->out, S("null}"));
	} else {
		buf_add(t->out, S("]}"));
	}
}
