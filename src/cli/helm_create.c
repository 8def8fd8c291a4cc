#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"
#include "cli/commands.h"
#include "cli/helm.h"
#include "cli/helm_repos.h"
#include "helm/pack.h"
#include "helm/scaffold.h"
#include "text/path.h"
#include "value/yaml.h"

struct create_options {
	str starter, api_version;
};

#define AT(field) offsetof(struct create_options, field)

static const struct flag flags[] = {
	{ "chart-api-version", 0, FLAG_STRING, AT(api_version), "version of the chart's format",
	  .fallback = "v2", .hidden = true },
	{ "starter", 'p', FLAG_STRING, AT(starter),
	  "chart to begin with: a directory or archive, by its name among Helm's starters or by its "
	  "absolute path" },
	{ 0 },
};

#undef AT

static err *check_api_version(str version)
{
	if (!version.n || str_eq(version, S("v2")))
		return NULL;
	if (str_eq(version, S("v3")))
		return err_new(ERR_INVALID,
			       "this feature has been marked as experimental and is not enabled by "
			       "default. Please set HELM_EXPERIMENTAL_CHART_V3=1 in your environment "
			       "to use this feature");
	return err_new(ERR_INVALID, "unsupported chart API version: %.*s (supported: v2, v3)",
		       STR_ARG(version));
}

/* The directory that the chart's own will be in. */
static err *place_of(struct cli *c, str *out)
{
	str dir = path_dir(c->arena, c->words.p[0]);
	char cwd[PATH_MAX];

	if (!getcwd(cwd, sizeof cwd))
		return err_new(ERR_INTERNAL, "cannot tell the working directory");
	*out = path_is_abs(dir) ? dir : path_join(c->arena, str_c(cwd), dir);
	return NULL;
}

static err *check_is_no_file(str dir)
{
	struct stat st;

	if (!stat(dir.p, &st) && !S_ISDIR(st.st_mode))
		return err_new(ERR_EXISTS, "file %.*s already exists and is not a directory",
			       STR_ARG(dir));
	return NULL;
}

static err *write_files(struct cli *c, str dir, const struct chart_files *files, bool warn)
{
	CLEANUP(fs_drop) struct fs *fs = NULL;

	TRY(helm_make_dir(dir));
	TRY(fs_open(&fs, dir, &(const struct fs_options){ .links = FS_LINKS_INSIDE }));
	for (size_t i = 0; i < files->n; i++) {
		const struct chart_file *f = &files->p[i];
		str path = path_join(c->arena, dir, f->name);

		if (warn && !access(path.p, F_OK))
			buf_addf(&c->out.buf, "WARNING: File \"%.*s\" already exists. Overwriting.\n",
				 STR_ARG(path));
		TRY(fs_mkdir(fs, path_dir(c->arena, f->name), 0755));
		TRY(fs_write(fs, f->name, f->data, 0644));
	}
	return NULL;
}

static err *create(struct cli *c, str name)
{
	struct chart_files files;
	struct stat st;
	str place;

	TRY(scaffold_check_name(name));
	TRY(place_of(c, &place));
	place = arena_str(c->arena, place);
	if (stat(place.p, &st))
		return err_errno(errno, "stat %.*s", STR_ARG(place));
	if (!S_ISDIR(st.st_mode))
		return err_new(ERR_INVALID, "no such directory %.*s", STR_ARG(place));
	str dir = path_join(c->arena, place, name);

	TRY(check_is_no_file(dir));
	scaffold_files(c->arena, name, &files);
	TRY(write_files(c, dir, &files, true));
	return helm_make_dir(path_join(c->arena, dir, S("charts")));
}

/* ---- from another chart -------------------------------------------------- */

static void add(struct arena *a, struct chart_files *l, str name, str data)
{
	avec_push(a, l, (struct chart_file){ .name = name, .data = data });
}

static err *add_meta(struct arena *a, struct chart_files *out, str name)
{
	const struct chart_meta m = { .name = name, .api_version = S("v2"),
				      .description = S("A Helm chart for Kubernetes"),
				      .type = S("application"), .version = S("0.1.0"),
				      .app_version = S("0.1.0") };
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	TRY(yaml_write(&b, meta_tree(a, &m), YAML_WRITE_SIGS));
	add(a, out, S("Chart.yaml"), arena_str(a, buf_str(&b)));
	return NULL;
}

static err *add_subcharts(struct arena *a, const struct chart *from, struct chart_files *out)
{
	for (size_t i = 0; i < from->subs_n; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		TRY(pack_chart(a, from->subs[i], PACK_OWN_TIMES, &b));
		TRY(buf_check(&b, "chart"));
		add(a, out, path_join(a, S("charts"), pack_name(a, from->subs[i])),
		    arena_str(a, buf_str(&b)));
	}
	return NULL;
}

static err *create_from(struct cli *c, str name, str starter)
{
	struct arena *a = c->arena;
	str path = path_is_abs(starter) ? starter : path_join(a, helm_dir(c, "data", S("starters")),
							      starter);
	struct chart_files files = { 0 };
	struct chart *from;
	str dir = path_join(a, path_dir(a, c->words.p[0]), name);
	struct stat st;
	err *e;

	dir = arena_str(a, dir);
	path = arena_str(a, path);
	if (stat(path.p, &st))
		e = err_errno(errno, "stat %.*s", STR_ARG(path));
	else
		e = chart_load_path(a, path, NULL, CHART_ANY, &from);
	if (e)
		return err_wrap(e, "could not load %.*s", STR_ARG(path));
	TRY(add_meta(a, &files, name));
	const struct chart_file *values = chart_find_file(&from->raw, S("values.yaml"));

	if (values)
		add(a, &files, values->name, scaffold_fill(a, values->data, name));
	if (from->has_schema)
		add(a, &files, S("values.schema.json"), from->schema);
	for (size_t i = 0; i < from->templates.n; i++)
		add(a, &files, from->templates.p[i].name,
		    scaffold_fill(a, from->templates.p[i].data, name));
	for (size_t i = 0; i < from->files.n; i++)
		add(a, &files, from->files.p[i].name, from->files.p[i].data);
	TRY(add_subcharts(a, from, &files));
	TRY(check_is_no_file(dir));
	return write_files(c, dir, &files, false);
}

static err *run(struct cli *c)
{
	const struct create_options *o = c->options;
	str name = path_base(c->words.p[0]);

	buf_addf(&c->out.buf, "Creating %.*s\n", STR_ARG(c->words.p[0]));
	TRY(check_api_version(o->api_version));
	return o->starter.n ? create_from(c, name, o->starter) : create(c, name);
}

const struct command helm_create_command = {
	.use = "create NAME",
	.brief = "Write the files of a new chart",
	.text = "Write a chart that runs a web server, with all that may go with one: to be made\n"
		"one's own. NAME may be a path; files that are there already are written anew, others\n"
		"are left alone. With --starter the chart is made of another one, whose templates and\n"
		"values name the new chart by <CHARTNAME>.",
	.args = { ARGS_EXACT, 1 },
	.flags = flags,
	.options = sizeof(struct create_options),
	.run = run,
};
