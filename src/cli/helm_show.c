#include "cli/commands.h"
#include "cli/helm.h"
#include "value/jsonpath.h"
#include "value/yaml.h"

struct show_options {
	struct helm_chart_options chart;
	bool devel;
	str jsonpath;
};

#define AT(field) offsetof(struct show_options, field)

static const struct flag flags[] = {
	{ 0, 0, FLAG_TABLE, AT(chart), .table = helm_chart_flags },
	{ "devel", 0, FLAG_BOOL, AT(devel), "take development versions, too" },
	{ 0 },
};

static const struct flag values_flags[] = {
	{ 0, 0, FLAG_TABLE, 0, .table = flags },
	{ "jsonpath", 0, FLAG_STRING, AT(jsonpath), "print what this JSONPath expression finds" },
	{ 0 },
};

#undef AT

enum { SHOW_CHART = 1, SHOW_VALUES = 2, SHOW_README = 4, SHOW_CRDS = 8, SHOW_ALL = 15 };

static err *load(struct cli *c, const struct show_options *o, struct chart **out)
{
	const struct helm_chart_options from = helm_devel(&o->chart, o->devel);
	const struct notices to = helm_notices(c);
	str path;

	TRY(helm_locate(c, c->words.p[0], &from, &path));
	return chart_load(c->arena, path,
			  &(const struct chart_options){ .notices = &to, .any_version = true }, out);
}

static void add(struct cli *c, str text)
{
	buf_add(&c->out.buf, text);
	buf_addc(&c->out.buf, '\n');
}

static err *add_path(struct cli *c, node values, str path)
{
	const struct jsonpath *p;
	err *e = jsonpath_parse(c->arena, path, &p);

	if (e)
		return err_wrap(e, "error parsing jsonpath %.*s", STR_ARG(path));
	return jsonpath_print(&c->out.buf, p, values,
			      &(const struct jsonpath_options){ .allow_missing = true });
}

static err *add_values(struct cli *c, const struct show_options *o, const struct chart *chart)
{
	if (o->jsonpath.n)
		return add_path(c, chart->values, o->jsonpath);
	for (size_t i = 0; i < chart->raw.n; i++)
		if (str_eq(chart->raw.p[i].name, S("values.yaml")))
			add(c, chart->raw.p[i].data);
	return NULL;
}

static void add_readme(struct cli *c, const struct chart *chart, bool separate)
{
	static const str names[] = { S("readme.md"), S("readme.txt"), S("readme") };

	for (size_t i = 0; i < chart->files.n; i++)
		for (size_t j = 0; j < sizeof names / sizeof *names; j++)
			if (str_eq_nocase(chart->files.p[i].name, names[j])) {
				if (separate)
					add(c, S("---"));
				add(c, chart->files.p[i].data);
				return;
			}
}

static void add_crds(struct cli *c, const struct chart *chart)
{
	for (size_t i = 0; i < chart->files.n; i++) {
		const struct chart_file *f = &chart->files.p[i];

		if (!chart_is_crd(f))
			continue;
		if (!str_starts(f->data, S("---")))
			add(c, S("---"));
		add(c, f->data);
	}
	for (size_t i = 0; i < chart->subs_n; i++)
		add_crds(c, chart->subs[i]);
}

static err *show(struct cli *c, unsigned what)
{
	const struct show_options *o = c->options;
	bool all = what == SHOW_ALL;
	struct chart *chart;

	TRY(load(c, o, &chart));
	if (what & SHOW_CHART) {
		TRY(yaml_write(&c->out.buf, meta_tree(c->arena, &chart->meta), YAML_WRITE_SIGS));
		buf_addc(&c->out.buf, '\n');
	}
	if (what & SHOW_VALUES && chart->values.kind == NODE_MAP) {
		if (all)
			add(c, S("---"));
		TRY(add_values(c, o, chart));
	}
	if (what & SHOW_README)
		add_readme(c, chart, all);
	if (what & SHOW_CRDS)
		add_crds(c, chart);
	helm_make_visible(c);
	return NULL;
}

static err *run_all(struct cli *c)
{
	return show(c, SHOW_ALL);
}

static err *run_chart(struct cli *c)
{
	return show(c, SHOW_CHART);
}

static err *run_crds(struct cli *c)
{
	return show(c, SHOW_CRDS);
}

static err *run_readme(struct cli *c)
{
	return show(c, SHOW_README);
}

static err *run_values(struct cli *c)
{
	return show(c, SHOW_VALUES);
}

#define SHOW(words, one_line, table, function)                                    \
	&(const struct command)                                                   \
	{                                                                         \
		.use = words, .brief = one_line, .args = { ARGS_EXACT, 1 },       \
		.flags = table, .options = sizeof(struct show_options), .run = function, \
	}

const struct command helm_show_command = {
	.use = "show",
	.brief = "Show what a chart says about itself",
	.aliases = (const char *const[]){ "inspect", NULL },
	.commands = (const struct command *const[]){
		SHOW("all [CHART]", "Show Chart.yaml, values.yaml, the README and the CRDs", flags,
		     run_all),
		SHOW("chart [CHART]", "Show Chart.yaml", flags, run_chart),
		SHOW("crds [CHART]", "Show the CRDs", flags, run_crds),
		SHOW("readme [CHART]", "Show the README", flags, run_readme),
		SHOW("values [CHART]", "Show values.yaml", values_flags, run_values),
		NULL,
	},
};
