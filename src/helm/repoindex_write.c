#include "base/sort.h"
#include "helm/repoindex_impl.h"
#include "value/json.h"

struct writing {
	struct repoindex *ix;
	struct sink *to;
	struct buf b;		/* what is not written yet */
	bool first;		/* no field of the outer map yet */
};

enum { WRITE_BYTES = 256 << 10 };

static err *flush(struct writing *w)
{
	TRY(sink_write(w->to, buf_str(&w->b)));
	buf_clear(&w->b);
	return NULL;
}

/* `n` as it stands up to three levels in. Its lines hold no line breaks of texts. */
static err *add_value(struct writing *w, node n, unsigned depth)
{
	static const struct json_style style = { .indent = 2, .source_order = true,
						.values = true };
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	str rest, line;

	TRY(json_write(&text, n, &style));
	rest = buf_str(&text);
	for (bool first = true; str_cut(&rest, &line, '\n'); first = false) {
		if (!first) {
			buf_addc(&w->b, '\n');
			buf_add(&w->b, str_of("      ", 2 * (size_t)depth));
		}
		buf_add(&w->b, line);
	}
	return w->b.n < WRITE_BYTES ? NULL : flush(w);
}

static void add_key(struct writing *w, const char *key)
{
	buf_addf(&w->b, "%s\n  \"%s\": ", w->first ? "" : ",", key);
	w->first = false;
}

static err *add_field(struct writing *w, const char *key)
{
	node n = node_get(repoindex_head(w->ix), str_c(key));

	if (!node_len(n))
		return NULL;
	if (n.kind == NODE_MAP)
		node_sort(n);
	add_key(w, key);
	return add_value(w, n, 1);
}

static err *add_versions(struct writing *w, struct repoindex_chart *chart, struct arena *a)
{
	for (size_t i = 0; i < chart->n; i++) {
		struct arena_mark mark = arena_mark(a);
		node entry;

		TRY(repoindex_entry(a, w->ix, &chart->versions[i], &entry));
		buf_addf(&w->b, "%s\n      ", i ? "," : "");
		TRY(add_value(w, entry, 3));
		arena_rewind(a, mark);
		repoindex_pass(w->ix, chart->versions[i].part.n);
	}
	return NULL;
}

static err *add_chart(struct writing *w, str name)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct repoindex_chart chart;

	TRY(repoindex_load(&a, w->ix, name, true, &chart));
	buf_add(&w->b, S("\n    "));
	json_write_str(&w->b, name, false);
	if (!chart.n) {
		buf_add(&w->b, chart.is_null ? S(": null") : S(": []"));
		return NULL;
	}
	buf_add(&w->b, S(": ["));
	TRY(add_versions(w, &chart, &a));
	buf_add(&w->b, S("\n    ]"));
	return NULL;
}

static err *add_entries(struct writing *w)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	size_t n = repoindex_count(w->ix);
	str *names = arena_array(&a, str, n);

	add_key(w, "entries");
	if (!n) {
		buf_add(&w->b, w->ix->null_entries ? S("null") : S("{}"));
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		names[i] = repoindex_name(w->ix, i);
	sort_strs(names, n);
	buf_addc(&w->b, '{');
	for (size_t i = 0; i < n; i++) {
		buf_add(&w->b, i ? S(",") : STR_NONE);
		TRY(add_chart(w, names[i]));
	}
	buf_add(&w->b, S("\n  }"));
	return NULL;
}

static err *write_all(struct writing *w)
{
	node head = repoindex_head(w->ix);
	struct gotime generated = GOTIME_ZERO;
	str text = node_str_or(node_get(head, S("generated")), STR_NONE);

	if (text.n)
		TRY(gotime_parse(&generated, GOTIME_RFC3339, text, NULL));
	buf_addc(&w->b, '{');
	TRY(add_field(w, "serverInfo"));
	add_key(w, "apiVersion");
	TRY(add_value(w, node_get(head, S("apiVersion")), 1));
	add_key(w, "generated");
	buf_addc(&w->b, '"');
	TRY(gotime_write(&w->b, generated));
	buf_addc(&w->b, '"');
	TRY(add_entries(w));
	TRY(add_field(w, "publicKeys"));
	TRY(add_field(w, "annotations"));
	buf_add(&w->b, S("\n}"));
	return flush(w);
}

err *repoindex_write_json(struct repoindex *ix, struct sink *to)
{
	struct writing w = { .ix = ix, .to = to, .b = BUF_INIT, .first = true };
	err *e = write_all(&w);

	buf_release(&w.b);
	return e;
}
