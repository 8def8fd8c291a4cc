#include <unistd.h>

#include "cli/commands.h"
#include "cli/helm_fetch.h"
#include "helm/meta.h"
#include "text/path.h"
#include "text/quote.h"

struct pull_options {
	struct helm_chart_options chart;
	bool devel, untar;
	str untardir, destination;
};

#define AT(field) offsetof(struct pull_options, field)

static const struct flag flags[] = {
	{ 0, 0, FLAG_TABLE, AT(chart), .table = helm_chart_flags },
	{ "destination", 'd', FLAG_STRING, AT(destination), "directory to write the chart to",
	  .fallback = "." },
	{ "devel", 0, FLAG_BOOL, AT(devel), "take development versions, too" },
	{ "prov", 0, FLAG_BOOL, AT(chart.prov), "fetch the provenance file, and do not check it" },
	{ "untar", 0, FLAG_BOOL, AT(untar), "unpack the chart" },
	{ "untardir", 0, FLAG_STRING, AT(untardir), "directory to unpack the chart to",
	  .fallback = "." },
	{ 0 },
};

#undef AT

/* Whose name the directory has. */
static err *chart_name(struct cli *c, const struct chart_files *files, str *out)
{
	const struct chart_file *f = chart_find_file(files, S("Chart.yaml"));
	struct chart_meta m = { 0 };
	node tree = NODE_NOTHING;

	if (f) {
		err *e = meta_read(c->arena, f->data, &tree);

		if (e)
			return err_wrap(e, "cannot load Chart.yaml");
		meta_from_tree(c->arena, tree, &m);
	}
	str quoted = quote_str(c->arena, m.name);

	if (!m.name.n)
		return err_new(ERR_INVALID, "chart name not specified");
	if (str_eq(m.name, S(".")) || str_eq(m.name, S("..")))
		return err_new(ERR_INVALID, "chart name %.*s is not allowed", STR_ARG(quoted));
	if (!str_eq(m.name, path_base(m.name)))
		return err_new(ERR_INVALID, "chart name %.*s must not contain path separators",
			       STR_ARG(quoted));
	*out = m.name;
	return NULL;
}

static err *expand(struct cli *c, str dir, str bytes)
{
	CLEANUP(fs_drop) struct fs *fs = NULL;
	struct chart_files files = { 0 };
	str name;

	TRY(chart_unpack(c->arena, bytes, 0, &files));
	TRY(chart_name(c, &files, &name));
	TRY(helm_make_dir(dir));
	TRY(fs_open(&fs, arena_str(c->arena, dir), NULL));
	for (size_t i = 0; i < files.n; i++) {
		str path = path_join(c->arena, name, files.p[i].name);

		TRY(fs_mkdir(fs, path_dir(c->arena, path), 0755));
		TRY(fs_write(fs, path, files.p[i].data, 0644));
	}
	return NULL;
}

static err *untar(struct cli *c, const struct pull_options *o, str ref, str bytes)
{
	str dir = o->untardir, name = path_base(ref), check;

	if (!path_is_abs(dir))
		dir = path_join(c->arena, o->destination, dir);
	check = str_eq(dir, S(".")) ? name : path_join(c->arena, dir, name);
	check = arena_str(c->arena, check);
	if (access(check.p, F_OK) == 0)
		return err_new(ERR_EXISTS, "failed to untar: a file or directory with the name %.*s "
					   "already exists",
			       STR_ARG(check));
	err *e = helm_make_dir(check);

	return e ? err_wrap(e, "failed to untar (mkdir)") : expand(c, dir, bytes);
}

static err *save(struct cli *c, const struct pull_options *o, const struct helm_fetched *f)
{
	CLEANUP(fs_drop) struct fs *fs = NULL;

	TRY(fs_open(&fs, arena_str(c->arena, o->destination), NULL));
	TRY(fs_write(fs, f->name, f->bytes, 0644));
	if (!f->prov.n || !(o->chart.verify || o->chart.prov))
		return NULL;
	return fs_write(fs, arena_cat(c->arena, f->name, S(".prov")), f->prov, 0644);
}

/* Of a chart that cannot be kept, nothing but what the registry gave is told. */
static err *pull(struct cli *c, const struct pull_options *o, str ref)
{
	str version = helm_devel(&o->chart, o->devel).version;
	struct helm_fetched f;
	err *e = helm_fetch(c, ref, version, &o->chart, &f);

	buf_add(&c->out.buf, f.pulled);
	TRY(e);
	TRY(o->untar ? untar(c, o, ref, f.bytes) : save(c, o, &f));
	buf_add(&c->out.buf, f.warning);
	buf_add(&c->out.buf, f.report);
	return NULL;
}

static err *run(struct cli *c)
{
	const struct pull_options *o = c->options;

	for (size_t i = 0; i < c->words.n; i++)
		TRY(pull(c, o, c->words.p[i]));
	return NULL;
}

const struct command helm_pull_command = {
	.use = "pull [chart URL | repo/chartname] [...]",
	.aliases = (const char *const[]){ "fetch", NULL },
	.brief = "Download charts",
	.text = "Download a chart from a repository or a registry, and unpack it if wanted.",
	.args = { ARGS_MIN, 1 },
	.flags = flags,
	.options = sizeof(struct pull_options),
	.run = run,
};
