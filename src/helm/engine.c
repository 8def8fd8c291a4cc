#include "helm/engine.h"

#include <stdlib.h>

#include "helm/engine_error.h"

const struct tmpl_limits engine_limits = TMPL_LIMITS;

/* ---- order ------------------------------------------------------------- */

static size_t depth_of(str path)
{
	size_t n = 0;

	for (size_t i = 0; i < path.n; i++)
		n += path.p[i] == '/';
	return n;
}

/* Deepest first, then descending by name. */
static int cmp_files(const void *x, const void *y)
{
	const struct engine_file *const *a = x, *const *b = y;
	size_t m = depth_of((*a)->name), n = depth_of((*b)->name);

	if (m != n)
		return m < n ? 1 : -1;
	return str_cmp((*b)->name, (*a)->name);
}

static bool is_partial(str name)
{
	return str_starts(str_from(name, str_rfind_char(name, '/') + 1), S("_"));
}

static err *parse_file(struct engine_templates *t, const struct engine_file *f,
		       struct tmpl_lease *lease)
{
	const struct tmpl_parsed *p;

	if (!lease)
		return tmpl_set_parse(&t->set, f->name, f->text);
	TRY(tmpl_lease_parse(lease, f->name, f->text, &p));
	tmpl_set_add(&t->set, p);
	return NULL;
}

err *engine_parse(struct arena *a, const struct engine_file *files, size_t n,
		  struct tmpl_lease *lease, struct engine_templates *out)
{
	out->files = arena_alloc(a, n * sizeof(*out->files));
	out->given = files;
	out->n = n;
	for (size_t i = 0; i < n; i++)
		out->files[i] = &files[i];
	if (n)
		qsort(out->files, n, sizeof(*out->files), cmp_files);
	tmpl_set_init(&out->set, a, NULL);
	for (size_t i = 0; i < n; i++) {
		err *e = parse_file(out, out->files[i], lease);

		if (e)
			return engine_parse_error(out->files[i]->name, e);
	}
	return NULL;
}

/* ---- rendering --------------------------------------------------------- */

static void set_template(struct arena *a, node dot, const struct engine_file *f)
{
	node t = value_map(a, GO_VALUES, 2);

	node_set(a, t, S("Name"), node_from_str(a, f->name));
	node_set(a, t, S("BasePath"), node_from_str(a, f->base_path));
	node_set(a, dot, S("Template"), t);
}

static void take_output(struct arena *a, struct tmpl_exec *x, str written,
			struct engine_output *out)
{
	out->text = tmpl_without_no_value(a, written);
	if (out->text.n == written.n)
		out->trace = tmpl_exec_trace(x, out->text, STR_NONE);
	else
		out->trace = tmpl_exec_trace(x, arena_str(a, written), TMPL_NO_VALUE);
}

static err *render_files(struct arena *a, const struct engine_templates *t, const node *dots,
			 struct tmpl_exec *x, struct engine_output *out, size_t *n)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(ENGINE_OUTPUT_MAX);

	*n = 0;
	for (size_t i = 0; i < t->n; i++) {
		const struct engine_file *f = t->files[i];
		node dot = dots[f - t->given];

		if (is_partial(f->name))
			continue;
		set_template(a, dot, f);
		buf_clear(&b);
		err *e = tmpl_exec_run(x, f->name, dot, &b);

		if (e)
			return engine_exec_error(f->name, e);
		out[*n].name = f->name;
		take_output(a, x, buf_str(&b), &out[*n]);
		++*n;
	}
	return NULL;
}

err *engine_render(struct arena *a, const struct engine_templates *t, const node *dots,
		   const struct tmpl_options *o, struct engine_output **out, size_t *n)
{
	struct tmpl_exec *x = tmpl_exec_new(a, &t->set, o);

	*out = arena_array(a, struct engine_output, t->n + 1);
	err *e = render_files(a, t, dots, x, *out, n);

	tmpl_exec_free(x);
	return e;
}
