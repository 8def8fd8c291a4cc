/* "gotmpl": render templates as Helm's engine does, without a chart. */
#include "driver.h"

#include "base/clock.h"
#include "base/rand.h"
#include "base/utf8.h"
#include "base/zoneinfo.h"
#include "helm/engine.h"

/* Numbers that keep their text become int64 or float64, by its looks. */
static node plain_data(struct arena *a, node n)
{
	str text = node_str(n);

	node_each_item(item, n)
		*item = plain_data(a, *item);
	node_each_pair(p, n)
		p->value = plain_data(a, p->value);
	if (!node_is_num(n) || !text.n)
		return n;
	if (str_find_char(text, '.') == STR_NPOS && str_find_char(text, 'e') == STR_NPOS &&
	    str_find_char(text, 'E') == STR_NPOS)
		return node_from_int(node_int(n));
	return node_from_float(node_float(n));
}

static int64_t now(void *ctx)
{
	(void)ctx;
	return clock_wall();
}

static void fill(void *ctx, void *to, size_t n)
{
	(void)ctx;
	rand_bytes(to, n);
}

static const struct tz_source zones = { .load = zoneinfo_load };

/* The recorded answers were JSON: each byte that is not UTF-8 is a U+FFFD. */
static node as_json(struct arena *a, str s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	uint32_t rune;

	if (utf8_valid(s))
		return node_from_str(a, s);
	while (utf8_take(&s, &rune))
		utf8_add(&b, rune);
	return node_copy_str(a, buf_str(&b));
}

static err *run_gotmpl(struct arena *a, node request, node *output)
{
	node templates = node_get(request, S("templates")), texts;
	size_t n = node_len(templates), out_n;
	struct engine_file *files = arena_array(a, struct engine_file, n + 1);
	node *dots = arena_array(a, node, n + 1);
	node dot = plain_data(a, node_get(request, S("data")));
	struct engine_templates parsed;
	struct engine_output *out;
	const struct tmpl_options o = { .limits = engine_limits,
					.strict = driver_bool(request, "strict", false),
					.lint = driver_bool(request, "lint", false),
					.now = now,
					.random = fill, .zones = &zones };

	dot.type = GO_VALUES;
	for (size_t i = 0; i < n; i++) {
		const struct node_pair *p = &templates.map->pairs[i];

		files[i] = (struct engine_file){ node_str(p->key), node_str(p->value),
						 S("templates") };
		dots[i] = dot;
	}
	TRY(engine_parse(a, files, n, NULL, &parsed));
	TRY(engine_render(a, &parsed, dots, &o, &out, &out_n));
	texts = node_map(a, out_n);
	for (size_t i = 0; i < out_n; i++)
		node_set(a, texts, out[i].name, as_json(a, out[i].text));
	*output = texts;
	return NULL;
}

const struct driver_op driver_tmpl_ops[] = {
	{ "gotmpl", run_gotmpl },
	{ 0 },
};
