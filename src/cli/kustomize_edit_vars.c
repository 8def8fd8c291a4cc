/* kustomize edit fix --vars: vars as replacements.
 *
 * Every place in the files of the build that holds "$(NAME)" becomes a target
 * of a replacement; the text there becomes "NAME_PLACEHOLDER". */
#include "cli/kustomize_edit.h"
#include "kube/gvk.h"
#include "kustomize/kfile.h"
#include "text/path.h"
#include "value/yaml.h"

/* Bases inside bases, and levels of an object. */
enum { ROOTS_MAX = 1000, DEPTH_MAX = 1000 };

struct touched {
	str path;		/* absolute */
	node patch;		/* the entry that names the file, or NODE_NONE */
};

struct conversion {
	struct arena *a;
	VEC(struct touched) files;
	VEC(str) roots;
	str name;		/* of the var at hand */
	str mark;		/* "$(NAME)" */
	node targets;
};

/* ---- which files ------------------------------------------------------- */

static err *find_files(struct conversion *v, node kfile, str dir);

static err *enter_root(struct conversion *v, str dir)
{
	for (size_t i = 0; i < v->roots.n; i++)
		if (str_eq(v->roots.p[i], dir))
			return NULL;
	if (v->roots.n >= ROOTS_MAX)
		return err_new(ERR_INVALID, "more than %d bases", ROOTS_MAX);
	avec_push(v->a, &v->roots, dir);
	for (size_t i = 0; i < 3; i++) {
		str path = path_join(v->a, dir, kfile_names[i]), text;
		struct kfile k;

		if (files_disk.type(&files_disk, path) != FILE_REGULAR)
			continue;
		TRY(files_disk.read(&files_disk, v->a, path, &text));
		TRY(kfile_parse(v->a, text, path, dir, NULL, true, &k));
		TRY(find_files(v, k.root, dir));
	}
	return NULL;
}

static err *find_files(struct conversion *v, node kfile, str dir)
{
	node_each_item(r, node_get(kfile, S("resources"))) {
		str path = path_join(v->a, dir, node_str(*r));
		enum file_type type = files_disk.type(&files_disk, path);

		if (type == FILE_DIR)
			TRY(enter_root(v, path));
		else if (type == FILE_REGULAR)
			avec_push(v->a, &v->files, (struct touched){ path, NODE_NOTHING });
	}
	node_each_item(p, node_get(kfile, S("patches"))) {
		str path = node_str(node_get(*p, S("path")));

		if (path.n)
			avec_push(v->a, &v->files,
				  (struct touched){ path_join(v->a, dir, path), *p });
	}
	return NULL;
}

/* ---- where in them ----------------------------------------------------- */

static void set_text(struct arena *a, node map, const char *key, str value)
{
	if (value.n)
		node_set(a, map, str_c(key), node_from_str(a, value));
}

static int64_t count_parts(str text, char delimiter)
{
	return (int64_t)str_count_char(text, delimiter) + 1;
}

/* Which part of the text the var is, and what parts it; nothing for a text that
 * is the var alone. */
static err *options_for(struct conversion *v, str text, node *out)
{
	size_t at = str_find(text, v->mark), end = at + v->mark.n;
	char delimiter = end < text.n ? text.p[end] : 0;
	int64_t index = 0;

	*out = NODE_NOTHING;
	if (text.n == v->mark.n)
		return NULL;
	if (end == text.n) {
		delimiter = text.p[at - 1];
		index = count_parts(text, delimiter) - 1;
	} else if (at) {
		if (text.p[at - 1] != delimiter)
			return err_new(ERR_INVALID,
				       "cannot convert all vars to replacements; %.*s is not delimited",
				       STR_ARG(v->mark));
		index = count_parts(str_sub(text, 0, at), delimiter) - 1;
	}
	*out = node_map(v->a, 2);
	node_set(v->a, *out, S("delimiter"), node_copy_str(v->a, str_of(&delimiter, 1)));
	if (index)
		node_set(v->a, *out, S("index"), node_from_int(index));
	return NULL;
}

static node select_object(struct conversion *v, node object)
{
	node select = node_map(v->a, 5);
	struct gvk gvk = gvk_of(object);

	set_text(v->a, select, "group", gvk.group);
	set_text(v->a, select, "version", gvk.version);
	set_text(v->a, select, "kind", gvk.kind);
	set_text(v->a, select, "name", node_text(v->a, node_dig(object, "metadata", "name")));
	set_text(v->a, select, "namespace",
		 node_text(v->a, node_dig(object, "metadata", "namespace")));
	return select;
}

/* The objects that a patch is laid over may be others than the one that it
 * names: its target says which. */
static node select_for(struct conversion *v, const struct touched *f, node object)
{
	node target = node_get(f->patch, S("target")), options = node_get(f->patch, S("options"));
	bool rename = node_bool(node_get(options, S("allowNameChange")));
	bool change_kind = node_bool(node_get(options, S("allowKindChange")));

	if (target.kind != NODE_MAP || (rename && change_kind))
		return select_object(v, object);
	node select = node_copy(v->a, target);

	if (rename)
		set_text(v->a, select, "name", node_text(v->a, node_dig(object, "metadata", "name")));
	if (change_kind)
		set_text(v->a, select, "kind", node_text(v->a, node_get(object, S("kind"))));
	set_text(v->a, select, "namespace",
		 node_text(v->a, node_dig(object, "metadata", "namespace")));
	return select;
}

static err *add_target(struct conversion *v, const struct touched *f, node object, str path,
		       str text)
{
	node target = node_map(v->a, 3), paths = node_seq(v->a, 1), options;

	TRY(options_for(v, text, &options));
	node_append(v->a, paths, node_from_str(v->a, path));
	node_set(v->a, target, S("select"), select_for(v, f, object));
	node_set(v->a, target, S("fieldPaths"), paths);
	if (options.kind == NODE_MAP)
		node_set(v->a, target, S("options"), options);
	node_append(v->a, v->targets, target);
	return NULL;
}

static str step_to(struct conversion *v, str path, str step)
{
	if (str_find_char(step, '.') != STR_NPOS)
		step = arena_cat(v->a, S("["), step, S("]"));
	return path.n ? arena_cat(v->a, path, S("."), step) : step;
}

static err *find_uses(struct conversion *v, const struct touched *f, node object, node at, str path,
		      unsigned depth)
{
	if (depth > DEPTH_MAX)
		return err_new(ERR_INVALID, "object is nested deeper than %d levels", DEPTH_MAX);
	if (at.kind != NODE_SEQ && at.kind != NODE_MAP)
		return str_has(node_text(v->a, at), v->mark)
			       ? add_target(v, f, object, path, node_text(v->a, at))
			       : NULL;
	node_each_item(i, at) {
		str index = arena_printf(v->a, "%zu", (size_t)(i - at.seq->items));

		TRY(find_uses(v, f, object, *i, step_to(v, path, index), depth + 1));
	}
	node_each_pair(p, at)
		TRY(find_uses(v, f, object, p->value,
			      step_to(v, path, str_trim(node_text(v->a, p->key))), depth + 1));
	return NULL;
}

static err *find_in_file(struct conversion *v, const struct touched *f)
{
	static const struct yaml_options o = { .rules = YAML_1_2, .numbers = YAML_NUMBERS_TEXT };
	struct yaml_doc *docs;
	size_t n;
	str text;
	err *e = files_disk.read(&files_disk, v->a, f->path, &text);

	if (!e)
		e = yaml_read_all(v->a, text, &o, &docs, &n);
	if (e) {	/* what cannot be read has no vars */
		err_free(e);
		return NULL;
	}
	for (size_t i = 0; i < n && !e; i++)
		e = find_uses(v, f, docs[i].root, docs[i].root, STR_NONE, 0);
	return e ? err_replace(e, "error with %.*s: %s", STR_ARG(f->path), err_msg(e)) : NULL;
}

/* ---- what becomes of them ---------------------------------------------- */

static node source_of(struct conversion *v, node var)
{
	node ref = node_get(var, S("objref")), source = node_map(v->a, 6);
	struct gvk gvk = gvk_parse(node_str(node_get(ref, S("apiVersion"))), STR_NONE);

	set_text(v->a, source, "group", gvk.group);
	set_text(v->a, source, "version", gvk.version);
	set_text(v->a, source, "kind", node_str(node_get(ref, S("kind"))));
	set_text(v->a, source, "name", node_str(node_get(ref, S("name"))));
	set_text(v->a, source, "namespace", node_str(node_get(ref, S("namespace"))));
	set_text(v->a, source, "fieldPath",
		 node_str(node_get(node_get(var, S("fieldref")), S("fieldPath"))));
	return source;
}

static err *put_placeholder(struct conversion *v, str path)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	str text, rest;
	err *e = files_disk.read(&files_disk, v->a, path, &text);

	if (e || !str_has(text, v->mark)) {
		err_free(e);
		return NULL;
	}
	for (rest = text; str_has(rest, v->mark);) {
		size_t at = str_find(rest, v->mark);

		buf_add(&out, str_sub(rest, 0, at));
		buf_addf(&out, "%.*s_PLACEHOLDER", STR_ARG(v->name));
		rest = str_from(rest, at + v->mark.n);
	}
	buf_add(&out, rest);
	TRY(buf_check(&out, "the file"));
	return edit_write(v->a, path, buf_str(&out));
}

static err *convert(struct conversion *v, node var, node replacements)
{
	node replacement = node_map(v->a, 2);

	v->name = node_str(node_get(var, S("name")));
	v->mark = arena_cat(v->a, S("$("), v->name, S(")"));
	v->targets = node_seq(v->a, 4);
	for (size_t i = 0; i < v->files.n; i++)
		TRY(find_in_file(v, &v->files.p[i]));
	node_set(v->a, replacement, S("source"), source_of(v, var));
	node_set(v->a, replacement, S("targets"), v->targets);
	node_append(v->a, replacements, replacement);
	for (size_t i = 0; i < v->files.n; i++)
		TRY(put_placeholder(v, v->files.p[i].path));
	return NULL;
}

err *edit_convert_vars(struct edit *e)
{
	struct conversion v = { .a = e->c->arena };
	node vars = node_get(e->k.root, S("vars"));

	if (vars.kind != NODE_SEQ)
		return NULL;
	TRY(find_files(&v, e->k.root, e->dir));
	node replacements = kfile_edit_list(&e->k, v.a, S("replacements"));

	node_each_item(var, vars)
		TRY(convert(&v, *var, replacements));
	node_remove(e->k.root, S("vars"));
	return NULL;
}
