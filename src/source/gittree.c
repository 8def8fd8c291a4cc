#include "source/gittree.h"

/* ---- walking -------------------------------------------------------------- */

struct walk {
	struct filelist *l;
	struct gitpack *pack;
	const struct gittree_options *o;
	gittree_modules *modules;
	size_t seen;
};

static bool is_wanted(const struct gittree_options *o, str path)
{
	for (size_t i = 0; i < o->sparse_n; i++)
		if (str_starts(path, o->sparse[i]))
			return true;
	return o->sparse_n == 0;
}

static err *add_module(struct walk *w, str path, const struct gitid *id)
{
	if (!w->modules)
		return NULL;
	if (w->modules->n >= GITTREE_MODULES_MAX)
		return err_new(ERR_INVALID, "the repository has more than %d submodules",
			       GITTREE_MODULES_MAX);
	avec_push(w->l->a, w->modules, (struct gittree_module){ .path = path, .id = *id });
	return NULL;
}

static err *add_leaf(struct walk *w, str path, const struct gitobj_entry *e)
{
	struct filelist_entry f = { .from = FILELIST_PACK };

	if (!is_wanted(w->o, path))
		return NULL;
	f.path = w->o->at.n ? arena_cat(w->l->a, w->o->at, S("/"), path) : path;
	if (e->mode == GITOBJ_MODULE) {
		f.type = FILELIST_DIR;
		f.from = FILELIST_TEXT;
		TRY(add_module(w, path, &e->id));
	} else {
		f.type = e->mode == GITOBJ_LINK   ? FILELIST_LINK
			 : e->mode == GITOBJ_EXEC ? FILELIST_EXEC
						  : FILELIST_FILE;
		f.pack = w->pack;
		f.id = e->id;
	}
	return filelist_add(w->l, f);
}

static err *walk_tree(struct walk *w, const struct gitid *id, str dir, size_t depth)
{
	struct gitobj_order last = { 0 };
	str tree, path;

	if (depth > FILELIST_DEPTH_MAX)
		return err_new(ERR_INVALID,
			       "directories of the repository are nested more than %d "
			       "deep",
			       FILELIST_DEPTH_MAX);
	TRY(gitpack_read(w->pack, w->l->a, id, GITPACK_TREE, &tree));
	for (;;) {
		struct gitobj_entry e;
		bool more;

		TRY(gitobj_tree_next(&tree, gitpack_algo(w->pack), &last, &e, &more));
		if (!more)
			return NULL;
		if (w->seen++ >= FILELIST_MAX)
			return err_new(ERR_INVALID, "the repository has more than %d files",
				       FILELIST_MAX);
		path = dir.n ? arena_cat(w->l->a, dir, S("/"), e.name) : e.name;
		if (path.n > FILELIST_PATH_MAX)
			return err_new(ERR_INVALID,
				       "a path of the repository is longer than %d "
				       "bytes",
				       FILELIST_PATH_MAX);
		if (e.mode == GITOBJ_DIR)
			TRY(walk_tree(w, &e.id, path, depth + 1));
		else
			TRY(add_leaf(w, path, &e));
	}
}

/* ---- submodules ----------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* A value: quotes and escapes undone, comments and blanks at the end off. */
static str read_value(struct arena *a, str s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	bool quoted = false;
	size_t keep = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		if (!quoted && (c == '#' || c == ';'))
			break;
		if (c == '\\' && i + 1 < s.n) {
			c = s.p[++i];
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'b' ? '\b' : c;
			buf_addc(&b, c);
			keep = b.n;
			continue;
		}
		buf_addc(&b, c);
		if (quoted || !is_blank(c))
			keep = b.n;
	}
	return arena_str(a, str_sub(buf_str(&b), 0, keep));
}

err *gittree_read_modules(struct arena *a, str text, gittree_modules *out)
{
	str line, key, value;
	bool in_module = false;

	if (text.n > GITTREE_MODULES_FILE_MAX)
		return err_new(ERR_INVALID, ".gitmodules is larger than %d bytes",
			       GITTREE_MODULES_FILE_MAX);
	while (str_line(&text, &line)) {
		line = str_trim(line);
		if (!line.n || line.p[0] == '#' || line.p[0] == ';')
			continue;
		if (line.p[0] == '[') {
			in_module = str_starts(line, S("[submodule \""));
			if (in_module && out->n >= GITTREE_MODULES_MAX)
				return err_new(ERR_INVALID, ".gitmodules has more than %d entries",
					       GITTREE_MODULES_MAX);
			if (in_module)
				avec_push(a, out, (struct gittree_module){ 0 });
			continue;
		}
		if (!in_module || !str_split(line, '=', &key, &value))
			continue;
		key = str_trim(key);
		if (str_eq_nocase(key, S("path")))
			out->p[out->n - 1].path = read_value(a, str_trim(value));
		else if (str_eq_nocase(key, S("url")))
			out->p[out->n - 1].url = read_value(a, str_trim(value));
	}
	return NULL;
}

/* Find .gitmodules among what was listed, and give each module its URL. */
static err *add_urls(struct walk *w, size_t first)
{
	gittree_modules told = { 0 };
	str name = w->o->at.n ? arena_cat(w->l->a, w->o->at, S("/.gitmodules")) : S(".gitmodules");
	str text;

	for (size_t i = first; i < w->l->entries.n; i++) {
		const struct filelist_entry *e = &w->l->entries.p[i];

		if (!str_eq(e->path, name) || e->type == FILELIST_LINK || e->type == FILELIST_DIR)
			continue;
		TRY(filelist_read(w->l, e, w->l->a, &text));
		TRY(gittree_read_modules(w->l->a, text, &told));
	}
	for (size_t i = 0; i < w->modules->n; i++)
		for (size_t k = 0; k < told.n; k++)
			if (str_eq(w->modules->p[i].path, told.p[k].path))
				w->modules->p[i].url = told.p[k].url;
	return NULL;
}

err *gittree_add(struct filelist *l, struct gitpack *pack, const struct gitid *tree,
		 const struct gittree_options *o, gittree_modules *modules)
{
	static const struct gittree_options all = { 0 };
	struct walk w = { .l = l, .pack = pack, .o = o ? o : &all, .modules = modules };
	size_t first = l->entries.n;

	TRY(walk_tree(&w, tree, STR_NONE, 0));
	return modules && modules->n ? add_urls(&w, first) : NULL;
}
