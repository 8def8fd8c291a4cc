/* helm_name - the release's name and the chart, as the words of a command have them. */
#include "base/clock.h"
#include "cli/helm.h"
#include "text/path.h"
#include "tmpl/exec.h"

err *helm_name_from_template(struct cli *c, str text, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(1 << 20);
	struct helm_world world;
	struct tmpl_set set;

	helm_world_init(c, &world);
	tmpl_set_init(&set, c->arena, NULL);
	TRY(tmpl_set_parse(&set, S("name-template"), text));
	struct tmpl_exec *x = tmpl_exec_new(c->arena, &set, &world.options);
	err *e = tmpl_exec_run(x, S("name-template"), NODE_NOTHING, &b);

	tmpl_exec_free(x);
	if (!e)
		*out = arena_str(c->arena, buf_str(&b));
	return e;
}

str helm_generated_name(struct arena *a, str chart)
{
	str base = path_base(chart);
	size_t dot;

	if (!base.n || str_eq(base, S(".")))
		base = S("chart");
	dot = str_find_char(base, '.');
	return arena_printf(a, "%.*s-%lld", STR_ARG(dot == STR_NPOS ? base : str_sub(base, 0, dot)),
			    (long long)(clock_wall() / CLOCK_SECOND));
}

err *helm_name_and_chart(struct cli *c, bool generate, str pattern, str *name, str *chart)
{
	const struct flag_words *w = &c->words;

	if (w->n > 2) {
		str rest = arena_join(c->arena, w->p + 2, w->n - 2, S(", "));

		return err_new(ERR_INVALID,
			       "expected at most two arguments, unexpected arguments: %.*s",
			       STR_ARG(rest));
	}
	if (w->n == 2 && generate)
		return err_new(ERR_INVALID, "cannot set --generate-name and also specify a name");
	if (w->n == 2 && pattern.n)
		return err_new(ERR_INVALID, "cannot set --name-template and also specify a name");
	*chart = w->p[w->n - 1];
	if (w->n == 2)
		*name = w->p[0];
	return pattern.n ? helm_name_from_template(c, pattern, name) : NULL;
}
