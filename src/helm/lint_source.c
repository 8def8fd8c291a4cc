/* The files of a chart that is linted. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "helm/lint_impl.h"
#include "helm/yamlfit.h"
#include "text/path.h"
#include "text/quote.h"

enum { FILE_MAX = CHART_SIZE_MAX };

static str below(const struct lint_source *s, struct arena *a, str name)
{
	return path_join(a, str_from(s->dir, 1), name);
}

/* The name in Chart.yaml, which is the folder that an archive unpacks to. */
static err *check_name(struct arena *a, const struct chart_files *files)
{
	static const struct typed_field fields[] = { TYPED_FIELD("name", &typed_string) };
	static const struct typed type = TYPED_STRUCT_OF("v2", "Metadata", fields);
	CLEANUP(buf_release) struct buf quoted = BUF_INIT;
	node meta = NODE_NOTHING;

	for (size_t i = 0; i < files->n; i++) {
		if (!str_eq(files->p[i].name, S("Chart.yaml")))
			continue;
		err *e = yamlfit_read(a, files->p[i].data, &type, NULL, &meta);

		if (e)
			return err_wrap(e, "cannot load Chart.yaml");
	}
	str name = node_str(node_get(meta, S("name")));

	quote_add(&quoted, name, QUOTE_PRINT);
	if (!name.n)
		return err_new(ERR_INVALID, "chart name not specified");
	if (str_eq(name, S(".")) || str_eq(name, S("..")))
		return err_new(ERR_INVALID, "chart name %s is not allowed", buf_c(&quoted));
	if (!str_eq(name, path_base(name)))
		return err_new(ERR_INVALID, "chart name %s must not contain path separators",
			       buf_c(&quoted));
	return NULL;
}

static err *open_archive(struct arena *a, str path, struct lint_source *s)
{
	str bytes;
	err *e = fs_read_any(a, path, FILE_MAX, &bytes);

	if (e)
		return err_wrap(e, "unable to open tarball");
	e = chart_unpack(a, bytes, 0, &s->files);
	if (!e)
		e = check_name(a, &s->files);
	return e ? err_wrap(e, "unable to extract tarball") : NULL;
}

static err *absolute(struct arena *a, str path, str *out)
{
	char *cwd = getcwd(NULL, 0);

	if (!cwd)
		return err_new(ERR_INTERNAL, "cannot tell the working directory");
	*out = path_is_abs(path) ? path_clean(a, path) : path_join(a, str_c(cwd), path);
	free(cwd);
	return NULL;
}

err *lint_source_open(struct arena *a, str path, struct lint_source *out)
{
	str file = path_join(a, path, S("Chart.yaml"));

	*out = (struct lint_source){ 0 };
	TRY(absolute(a, path, &out->dir));
	if (str_ends(path, S(".tgz")) || str_ends(path, S(".tar.gz")))
		return open_archive(a, path, out);
	if (access(file.p, F_OK) != 0)
		return err_wrap(err_errno(errno, "stat %.*s", STR_ARG(file)),
				"unable to check Chart.yaml file in chart");
	return fs_open(&out->fs, S("/"), &(const struct fs_options){ .links = FS_LINKS_INSIDE });
}

void lint_source_close(struct lint_source *s)
{
	fs_drop(&s->fs);
}

enum chart_path lint_source_kind(const struct lint_source *s, struct arena *a, str name)
{
	if (s->fs)
		return chart_path_kind(path_join(a, s->dir, name));
	for (size_t i = 0; i < s->files.n; i++) {
		str file = s->files.p[i].name;

		if (str_eq(file, name))
			return CHART_PATH_FILE;
		if (str_take_str(&file, name) && str_starts(file, S("/")))
			return CHART_PATH_DIR;
	}
	return CHART_PATH_NONE;
}

err *lint_source_read(const struct lint_source *s, struct arena *a, str name, str *text)
{
	if (s->fs)
		return fs_read(s->fs, a, below(s, a, name), FILE_MAX, text);
	for (size_t i = s->files.n; i-- > 0;)
		if (str_eq(s->files.p[i].name, name)) {
			*text = s->files.p[i].data;
			return NULL;
		}
	return err_new(ERR_NOT_FOUND, "open %.*s: no such file or directory",
		       STR_ARG(path_join(a, s->dir, name)));
}

err *lint_source_load(const struct linter *l, struct chart **out)
{
	const struct lint_source *s = &l->source;
	const struct chart_options o = { .notices = l->o->notices, .any_version = true };

	if (!s->fs)
		return chart_load_unpacked(l->a, s->files, &o, out);
	return chart_load_dir(l->a, s->fs, str_from(s->dir, 1), s->dir, &o, out);
}
