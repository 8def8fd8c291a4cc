#include "kustomize/localize.h"

#include "base/fs.h"
#include "kustomize/generate.h"
#include "kustomize/localize_impl.h"
#include "kustomize/objfile.h"
#include "text/path.h"
#include "text/quote.h"

#define CHART_HOME "charts"	/* where kustomize looks when nothing is said */

str localize_quoted(struct arena *a, str s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, s, QUOTE_PRINT);
	return arena_str(a, buf_str(&b));
}

/* A text in Go's quotes, for "%s". */
#define Q(s) localize_quoted(a, s).p

static err *copy_root(struct copying *c);

static bool exists(const struct files *files, str path)
{
	return files->type(files, path) != FILE_NONE;
}

/* ---- files ------------------------------------------------------------- */

static err *write_file(struct copying *c, str path, str text)
{
	struct localizing *z = c->z;

	path = path_join(z->a, c->path, path);
	err *e = fs_mkdir(z->to, path_dir(z->a, path), 0777);

	if (!e)
		e = fs_create(z->to, path, text, 0666);
	if (e && err_kind(e) == ERR_EXISTS) {
		err_free(e);
		e = fs_write(z->to, path, text, 0666);
	}
	return e ? e : arena_check(z->a, "kustomize localize");
}

static err *check_store(struct copying *c, const char *what, str path)
{
	struct arena *a = c->z->a;

	if (!exists(c->l->files, path_join(a, c->l->root, S(LOCALIZE_DIR))))
		return NULL;
	return err_new(ERR_EXISTS, "%.*s already contains " LOCALIZE_DIR " needed to store %s %s",
		       STR_ARG(c->l->root), what, Q(path));
}

/* `real` is the file without links: the copy has none. */
static err *store(struct copying *c, str path, str real, str text, str *out)
{
	struct arena *a = c->z->a;

	if (loader_is_remote_file(path)) {
		TRY(check_store(c, "file", path));
		TRY(localize_url_path(a, path, out));
	} else {
		TRY(path_rel(a, c->l->root, real, out));
	}
	err *e = write_file(c, *out, text);

	return e ? err_wrap(e, "unable to localize file %s", Q(path)) : NULL;
}

/* What was written before the copying began may be read, no copies. */
static err *read_file(struct copying *c, str path, str *text, str *real)
{
	struct arena *a = c->z->a;
	err *e = loader_read(a, c->l, path, text, real);

	if (e)
		return err_wrap(e, "invalid file reference");
	if (loader_is_remote_file(path) || !c->local ||
	    !files_is_below(path_dir(a, *real), fs_root(c->z->to)))
		return NULL;
	return err_new(ERR_FORBIDDEN, "file %s at %s enters localize destination %s", Q(path), Q(*real),
		       Q(fs_root(c->z->to)));
}

err *localize_text(struct copying *c, str path, str text, str *out)
{
	str before, real;

	TRY(read_file(c, path, &before, &real));
	return store(c, path, real, text, out);
}

err *localize_file(struct copying *c, str path, str *out)
{
	str text, real;

	*out = path;
	if (!path.n)
		return NULL;
	TRY(read_file(c, path, &text, &real));
	return store(c, path, real, text, out);
}

err *localize_file_source(struct copying *c, str source, str *out)
{
	struct arena *a = c->z->a;
	str key, path;

	TRY(generate_split_file(source, &key, &path));
	err *e = localize_file(c, path, out);

	if (e)
		return err_wrap(e, "invalid file source %s", Q(source));
	if (!str_eq(source, path))
		*out = arena_cat(a, key, S("="), *out);
	return NULL;
}

/* ---- objects ----------------------------------------------------------- */

static err *collect(struct arena *a, const node_list *objects, struct resmap **out)
{
	*out = resmap_new(a);
	for (size_t i = 0; i < objects->n; i++)
		TRY(resmap_append(*out, resource_new(a, objects->p[i])));
	return NULL;
}

static err *load_file(struct copying *c, str path, struct resmap **out)
{
	struct arena *a = c->z->a;
	node_list objects;
	str text, real;

	TRY(read_file(c, path, &text, &real));
	err *e = objfile_parse(a, c->z->o->sources, text, real, &objects);

	if (!e)
		e = collect(a, &objects, out);
	return e ? objfile_name_file(e, path) : NULL;
}

err *localize_load(struct copying *c, str entry, struct resmap **out, bool *is_file)
{
	struct arena *a = c->z->a;
	node_list objects;
	err *inline_error = objfile_parse(a, NULL, entry, STR_NONE, &objects);

	if (!inline_error)
		inline_error = collect(a, &objects, out);
	*is_file = inline_error != NULL;
	if (!inline_error)
		return NULL;
	err *e = load_file(c, entry, out);

	if (e)
		e = err_replace(e,
				"unable to load resource entry %s: when parsing as inline received error: "
				"%s\nwhen parsing as filepath received error: %s",
				Q(entry), err_msg(inline_error), err_msg(e));
	err_free(inline_error);
	return e;
}

err *localize_object(struct copying *c, str entry, str *out)
{
	struct resmap *m;
	bool is_file;

	TRY(localize_load(c, entry, &m, &is_file));
	*out = entry;
	return is_file ? localize_file(c, entry, out) : NULL;
}

/* ---- roots ------------------------------------------------------------- */

static err *enter(struct copying *c, str path, struct loader **out)
{
	struct localizing *z = c->z;
	struct arena *a = z->a;
	struct repourl url;
	err *e = loader_enter(a, c->l, path, out);

	if (e)
		return err_wrap(e, "invalid root reference");
	str root = (*out)->root;

	if ((*out)->repo_dir.n) {
		if (!repourl_parse(a, path, &url) || !url.ref.n)
			return err_new(ERR_INVALID,
				       "localize remote root %s missing ref query string parameter",
				       Q(path));
	} else if (c->local && !files_is_below(root, z->scope)) {
		return err_new(ERR_FORBIDDEN, "root %s outside localize scope %s", Q(root), Q(z->scope));
	} else if (c->local && files_is_below(root, fs_root(z->to))) {
		return err_new(ERR_FORBIDDEN, "root %s references into localize destination %s",
			       Q(root), Q(fs_root(z->to)));
	}
	return NULL;
}

static err *copy_below(struct copying *c, const struct loader *l, str path, str *out)
{
	struct localizing *z = c->z;
	struct arena *a = z->a;
	struct repourl url;

	if (l->repo_dir.n && repourl_parse(a, path, &url)) {
		TRY(check_store(c, "root", path));
		TRY(localize_repo_path(a, l, &url, out));
	} else {
		TRY(path_rel(a, c->l->root, l->root, out));
	}
	struct copying below = { z, l, path_join(a, c->path, *out), c->local && !l->repo_dir.n };

	/* Roots that several others lead to are copied once. */
	if (map_has(&z->done, below.path))
		return NULL;
	err *e = copy_root(&below);

	if (e)
		return err_wrap(e, "unable to localize root %s", Q(path));
	map_set(&z->done, below.path, z);
	return NULL;
}

static err *copy_reference(struct copying *c, str path, str *out)
{
	struct loader *l;

	*out = path;
	if (!path.n)
		return NULL;
	TRY(enter(c, path, &l));
	return copy_below(c, l, path, out);
}

static err *copy_resource_file(struct copying *c, str path, str *out)
{
	struct arena *a = c->z->a;
	struct resmap *m;
	node_list objects;
	str text, real;

	TRY(read_file(c, path, &text, &real));
	err *e = objfile_parse(a, c->z->o->sources, text, real, &objects);

	if (!e)
		e = collect(a, &objects, &m);
	if (e)
		return err_wrap(e, "invalid resource at file %s", Q(path));
	return store(c, path, real, text, out);
}

/* A file, else a root. */
static err *copy_resource(struct copying *c, str path, str *out)
{
	struct arena *a = c->z->a;
	err *no_file = copy_resource_file(c, path, out);

	if (!no_file)
		return NULL;
	err *no_root = copy_reference(c, path, out);

	if (no_root)
		no_root = err_replace(no_root,
				      "could not localize path %s as file: %s; could not localize path %s "
				      "as directory: %s",
				      Q(path), err_msg(no_file), Q(path), err_msg(no_root));
	err_free(no_file);
	return no_root;
}

/* ---- charts ------------------------------------------------------------ */

/* Links are left out; so is the destination itself. */
static err *copy_dir(struct copying *c, str from, str to, unsigned depth)
{
	struct localizing *z = c->z;
	const struct files *files = c->l->files;
	struct fs_entry *entries;
	size_t n;

	if (depth > FS_DEPTH_MAX)
		return err_new(ERR_INVALID, "directories are nested deeper than %d levels", FS_DEPTH_MAX);
	if (str_eq(from, fs_root(z->to)))
		return NULL;
	TRY(fs_mkdir(z->to, path_join(z->a, c->path, to), 0777));
	TRY(files->list(files, z->a, from, &entries, &n));
	for (size_t i = 0; i < n; i++) {
		str path = path_join(z->a, from, entries[i].name), text;
		str copy = path_join(z->a, to, entries[i].name);

		if (entries[i].type == FS_DIR) {
			TRY(copy_dir(c, path, copy, depth + 1));
		} else if (entries[i].type != FS_LINK) {
			TRY(files->read(files, z->a, path, &text));
			TRY(write_file(c, copy, text));
		}
	}
	return NULL;
}

/* A home that is not there may be one that charts are unpacked into later. */
static err *copy_home(struct copying *c, str home, str *out)
{
	struct localizing *z = c->z;
	struct arena *a = z->a;
	str whole = path_join(a, c->l->root, home);
	struct loader *l;

	TRY(path_rel(a, c->l->root, whole, out));
	if (!exists(c->l->files, whole))
		return NULL;
	err *e = enter(c, *out, &l);

	if (e)
		return err_wrap(e, "invalid chart home");
	if (!str_eq(*out, S(CHART_HOME)))
		TRY(path_rel(a, c->l->root, l->root, out));
	if (exists(&files_disk, path_join(a, fs_root(z->to), c->path, *out)))
		return NULL;
	e = copy_dir(c, l->root, *out, 0);
	if (e)
		e = err_wrap(e, "unable to copy directory %s", Q(l->root));
	return e ? err_wrap(e, "unable to copy chart home %s", Q(home)) : NULL;
}

err *localize_chart_home(struct copying *c, str home, str *out)
{
	struct arena *a = c->z->a;
	str path = home.n ? home : S(CHART_HOME);

	if (path_is_abs(path))
		return err_new(ERR_INVALID, "absolute path %s not handled in alpha", Q(path));
	err *e = copy_home(c, path, out);

	if (!home.n)
		*out = home;
	return e ? err_wrap(e, "unable to copy home %s", Q(home)) : NULL;
}

/* ---- fields ------------------------------------------------------------ */

/* The text of a field, or each in its list. */
static err *field(struct copying *c, node in, str name, localize_reference *how)
{
	struct localizing *z = c->z;
	node value = node_get(in, name);
	str now;

	if (value.kind == NODE_STR) {
		err *e = how(c, node_str(value), &now);

		if (e)
			return sources_err(z->o->sources, value.place, e);
		node_set(z->a, in, name, node_from_str(z->a, now));
	}
	node_each_item(i, value) {
		err *e = how(c, node_str(*i), &now);

		if (e)
			return sources_err(z->o->sources, i->place, e);
		*i = node_from_str(z->a, now);
	}
	return NULL;
}

static err *generators(struct copying *c, node list, const char *what)
{
	static const struct {
		str field;
		localize_reference *how;
		const char *context;
	} fields[] = {
		{ S("env"), localize_file, "unable to localize generator env file" },
		{ S("envs"), localize_file, "unable to localize generator envs file" },
		{ S("files"), localize_file_source, NULL },
	};

	node_each_item(g, list)
		for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
			err *e = field(c, *g, fields[i].field, fields[i].how);

			if (e && fields[i].context)
				e = err_wrap(e, "%s", fields[i].context);
			if (e)
				return err_wrap(e, "unable to localize %s", what);
		}
	return NULL;
}

/* `what` comes with the entry's number for "%zu". */
static err *chart_field(struct copying *c, node list, str name, localize_reference *how,
			const char *before, const char *behind)
{
	size_t n = 0;

	node_each_item(i, list) {
		err *e = field(c, *i, name, how);

		if (e)
			return err_wrap(e, "unable to %s entry %zu%s", before, n, behind);
		n++;
	}
	return NULL;
}

static err *charts(struct copying *c, node root)
{
	node old = node_get(root, S("helmChartInflationGenerator"));
	node list = node_get(root, S("helmCharts")), globals = node_get(root, S("helmGlobals"));
	err *e = NULL;
	str home = node_str(node_get(globals, S("chartHome"))), now;

	TRY(chart_field(c, old, S("values"), localize_file, "localize helmChartInflationGenerator",
			" values"));
	node_each_item(i, old)
		if (!node_has(*i, S("chartHome")))
			node_set(c->z->a, *i, S("chartHome"), node_lit(""));
	TRY(chart_field(c, old, S("chartHome"), localize_chart_home,
			"copy helmChartInflationGenerator", ""));
	TRY(chart_field(c, list, S("valuesFile"), localize_file, "localize helmCharts",
			" valuesFile"));
	TRY(chart_field(c, list, S("additionalValuesFiles"), localize_file, "localize helmCharts",
			" additionalValuesFiles"));
	if (globals.kind == NODE_MAP) {
		e = localize_chart_home(c, home, &now);
		if (e)
			return err_wrap(e, "unable to copy helmGlobals");
		node_set(c->z->a, globals, S("chartHome"), node_from_str(c->z->a, now));
	} else if (node_len(list)) {
		e = localize_chart_home(c, STR_NONE, &now);
	}
	return e ? err_wrap(e, "unable to copy default chart home") : NULL;
}

/* The fields of entries that name a file: "patches[].path". */
static err *paths_in(struct copying *c, node root, const char *what, const char *entry)
{
	node list = node_get(root, str_c(what));

	node_each_item(i, list) {
		err *e = field(c, *i, S("path"), localize_file);

		if (e)
			return err_wrap(e, "unable to localize %s%s", what, entry);
	}
	return NULL;
}

static err *own_fields(struct copying *c, node root)
{
	static const struct {
		const char *name;
		localize_reference *how;
	} lists[] = {
		{ "bases", copy_reference },	 { "components", copy_reference },
		{ "configurations", localize_file }, { "crds", localize_file },
		{ "resources", copy_resource },
	};
	err *e = field(c, node_get(root, S("openapi")), S("path"), localize_file);

	if (e)
		return err_wrap(e, "unable to localize openapi path");
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		e = field(c, root, str_c(lists[i].name), lists[i].how);
		if (e)
			return err_wrap(e, "unable to localize %s entry", lists[i].name);
	}
	TRY(generators(c, node_get(root, S("configMapGenerator")), "configMapGenerator"));
	TRY(generators(c, node_get(root, S("secretGenerator")), "secretGenerator"));
	TRY(charts(c, root));
	TRY(paths_in(c, root, "patches", ""));
	TRY(paths_in(c, root, "patchesJson6902", ""));
	e = field(c, root, S("patchesStrategicMerge"), localize_object);
	if (e)
		return err_wrap(e, "unable to localize patchesStrategicMerge entry");
	return paths_in(c, root, "replacements", " entry");
}

/* Nothing is checked that a build will check; deprecated fields stay. */
static err *copy_root(struct copying *c)
{
	struct arena *a = c->z->a;
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	str text, name;
	node root;

	err *e = fs_mkdir(c->z->to, c->path, 0777);

	if (e)
		return err_wrap(e, "unable to create directory in localize destination");
	TRY(kfile_load(a, c->l, &text, &name));
	TRY(kfile_read_as_is(a, text, path_join(a, c->l->root, name), c->z->o->sources, &root));
	TRY(own_fields(c, root));
	TRY(localize_plugins(c, root));
	TRY(kfile_write(a, root, &out));
	e = write_file(c, name, buf_str(&out));
	return e ? err_wrap(e, "unable to write localized kustomization file") : NULL;
}

/* ---- all --------------------------------------------------------------- */

static str absolute(struct arena *a, const struct localize_options *o, str path)
{
	return path_is_abs(path) ? path : path_join(a, o->working_dir, path);
}

static err *find_scope(struct arena *a, const struct localize_options *o, const struct loader *l,
		       str *out)
{
	struct loader *scope;

	*out = l->repo_dir.n ? l->repo_dir : l->root;
	if (!o->scope.n)
		return NULL;
	if (l->repo_dir.n)
		return err_new(ERR_INVALID, "scope %s specified for remote localize target %s",
			       Q(o->scope), Q(o->target));
	err *e = loader_open(a, o->files, NULL, o->scope, o->working_dir, true, &scope);

	if (e) {
		str why = err_text(e);

		str_take_str(&why, S("must build at directory: "));
		return err_replace(e, "unable to establish localize scope: %.*s", STR_ARG(why));
	}
	*out = scope->root;
	if (files_is_below(l->root, scope->root))
		return NULL;
	return err_new(ERR_INVALID, "localize scope %s does not contain target %s at %s", Q(o->scope),
		       Q(o->target), Q(l->root));
}

static str default_name(struct arena *a, const struct loader *l, const struct repourl *url)
{
	str name = path_base(l->root);

	if (!l->repo_dir.n)
		return str_eq(name, S("/")) ? S("localized")
					    : arena_cat(a, S("localized-"), name);
	if (str_eq(l->repo_dir, l->root)) {
		str repo = url->clone;

		while (str_ends(repo, S("/")))
			repo.n--;
		name = str_from(repo, str_rfind_char(repo, '/') + 1);
	}
	str ref = arena_str(a, url->ref);

	for (size_t i = 0; i < ref.n; i++)
		if (ref.p[i] == '/')
			((char *)ref.p)[i] = '-';
	return arena_cat(a, S("localized-"), name, S("-"), ref);
}

static err *make_destination(struct localizing *z, str name)
{
	struct arena *a = z->a;
	CLEANUP(fs_drop) struct fs *parent = NULL;
	str path = path_clean(a, absolute(a, z->o, name));

	if (exists(&files_disk, path))
		return err_new(ERR_EXISTS, "localize destination %s already exists", Q(name));
	if (files_disk.type(&files_disk, path_dir(a, path)) != FILE_DIR)
		return err_new(ERR_NOT_FOUND,
			       "unable to create localize destination directory: mkdir %.*s: no such file "
			       "or directory",
			       STR_ARG(name));
	TRY(fs_open(&parent, path_dir(a, path), NULL));
	err *e = fs_mkdir(parent, path_base(path), 0777);

	return e ? err_wrap(e, "unable to create localize destination directory")
		 : fs_open(&z->to, path, NULL);
}

static err *remove_destination(struct localizing *z, err *why)
{
	CLEANUP(fs_drop) struct fs *parent = NULL;
	str path = fs_root(z->to);
	err *e = fs_open(&parent, path_dir(z->a, path), NULL);

	if (!e)
		e = fs_remove_all(parent, path_base(path));
	if (!e)
		return why;
	why = err_replace(why, "%s; unable to clean localize destination: %s", err_msg(why), err_msg(e));
	err_free(e);
	return why;
}

static err *copy_target(struct localizing *z, const struct loader *l, struct localized *out)
{
	struct arena *a = z->a;
	struct copying c = { .z = z, .l = l, .local = true };

	TRY(path_rel(a, z->scope, l->root, &c.path));
	*out = (struct localized){
		.destination = arena_str(a, fs_root(z->to)),
		.target = path_join(a, fs_root(z->to), c.path),
	};
	err *e = copy_root(&c);

	return e ? remove_destination(z, err_wrap(e, "unable to localize target %s", Q(z->o->target)))
		 : NULL;
}

err *localize(struct arena *a, const struct localize_options *o, struct localized *out)
{
	struct localizing z = { .o = o, .a = a };
	struct repourl url = { 0 };
	struct loader *l;

	if (repourl_parse(a, o->target, &url) && !url.ref.n)
		return err_new(ERR_INVALID, "localize remote root %s missing ref query string parameter",
			       Q(o->target));
	err *e = loader_open(a, o->files, o->remote, o->target, o->working_dir, true, &l);

	if (e)
		return err_wrap(e, "unable to establish localize target %s", Q(o->target));
	e = find_scope(a, o, l, &z.scope);
	if (e)
		return err_wrap(e, "invalid localize scope %s", Q(o->scope));
	e = make_destination(&z, o->destination.n ? o->destination : default_name(a, l, &url));
	if (e)
		return err_wrap(e, "invalid localize destination %s", Q(o->destination));
	e = copy_target(&z, l, out);
	map_release(&z.done);
	fs_close(z.to);
	return e;
}
