#include "kustomize/krm.h"

#include "base/fs.h"
#include "kustomize/files.h"
#include "kustomize/krm_impl.h"
#include "kustomize/objfile.h"
#include "text/ignore.h"
#include "text/path.h"

enum { DOCS_MAX = 1000000 };

#define INTERNAL "internal.config.kubernetes.io/"
#define INDEX "config.kubernetes.io/index"
#define PATH "config.kubernetes.io/path"

/* Each mark, as it is called today and yesterday. */
static const struct {
	str now, before;
	const char *what;
} marks[] = {
	{ S(INTERNAL "path"), S(PATH), "path" },
	{ S(INTERNAL "index"), S(INDEX), "index" },
	{ S(INTERNAL "id"), S("config.k8s.io/id"), "id" },
};

enum { MARKS = sizeof marks / sizeof *marks };

/* ---- asking ------------------------------------------------------------ */

static str text_of(node map, str key)
{
	return node_str(node_get(map, key));
}

struct krm_meta krm_meta(const struct yaml_doc *doc)
{
	node metadata = node_get(doc->root, S("metadata"));
	node annotations = node_get(metadata, S("annotations"));

	return (struct krm_meta){
		.api_version = text_of(doc->root, S("apiVersion")),
		.kind = text_of(doc->root, S("kind")),
		.name = text_of(metadata, S("name")),
		.ns = text_of(metadata, S("namespace")),
		.annotations = annotations.kind == NODE_MAP ? annotations : NODE_NOTHING,
	};
}

str krm_annotation(const struct krm_meta *m, str key)
{
	return text_of(m->annotations, key);
}

str krm_path(const struct krm_meta *m)
{
	str path = krm_annotation(m, marks[0].now);

	return path.n ? path : krm_annotation(m, marks[0].before);
}

err *krm_check_marks(const krm_docs *docs)
{
	int new_form = -1, old_form = -1;

	for (size_t i = 0; i < docs->n; i++) {
		struct krm_meta m = krm_meta(&docs->p[i]);
		int now = 0, before = 0;

		for (size_t k = 0; k < MARKS; k++) {
			str one = krm_annotation(&m, marks[k].now);
			str two = krm_annotation(&m, marks[k].before);

			if (one.n && two.n && !str_eq(one, two))
				return err_new(ERR_INVALID,
					       "resource input to function has mismatched legacy and "
					       "internal %s annotations",
					       marks[k].what);
			now |= node_has(m.annotations, marks[k].now);
			before |= node_has(m.annotations, marks[k].before);
		}
		if (!now && !before)
			continue;
		if ((new_form >= 0 && new_form != now) || (old_form >= 0 && old_form != before))
			return err_new(ERR_INVALID,
				       "the annotation formatting in the input resources is not "
				       "consistent");
		new_form = now;
		old_form = before;
	}
	return NULL;
}

err *krm_wrong_kind(const struct yaml_doc *doc, const char *wanted)
{
	CLEANUP(buf_release) struct buf text = BUF_LIMIT(1 << 20);
	struct yaml_doc shown = *doc;
	node n = doc->root;
	const char *got = n.kind == NODE_MAP	? "MappingNode"
			  : n.kind == NODE_SEQ	? "SequenceNode"
			  : n.kind == NODE_NONE ? ""
						: "ScalarNode";

	shown.wide = false;
	if (n.kind == NODE_NONE)
		buf_add(&text, S("null\n"));
	else
		err_free(yaml_write_doc(&text, &shown, YAML_WRITE_KYAML));
	return err_new(ERR_INVALID, "wrong node kind: expected %s but got %s: node contents:\n%s",
		       wanted, got, buf_c(&text));
}

/* ---- marks ------------------------------------------------------------- */

static err *need_map(node n, const struct node_note *note)
{
	union {
		const struct node_note *in;
		struct node_note *out;
	} u = { note };

	return krm_wrong_kind(&(struct yaml_doc){ .root = n, .note = u.out }, "MappingNode");
}

err *krm_clear_empty(struct yaml_doc *doc)
{
	if (doc->root.kind != NODE_MAP)
		return krm_wrong_kind(doc, "MappingNode");
	size_t at = node_index(doc->root, S("metadata"));

	if (at == STR_NPOS)
		return NULL;
	node metadata = doc->root.map->pairs[at].value;

	if (metadata.kind == NODE_MAP) {
		size_t annotations = node_index(metadata, S("annotations"));

		if (annotations != STR_NPOS && !node_len(metadata.map->pairs[annotations].value))
			node_remove_at(metadata, annotations);
	} else if (metadata.kind != NODE_NULL) {
		return need_map(metadata, node_note(doc->root, 2 * at + 1));
	}
	if (!node_len(metadata))
		node_remove_at(doc->root, at);
	return NULL;
}

/* The map under the key, made when there is none. */
static err *enter(struct arena *a, node map, str key, node *out)
{
	*out = node_need_map(a, map, key);
	if (out->kind == NODE_MAP)
		return NULL;
	size_t at = node_index(map, key);

	return need_map(map.map->pairs[at].value, node_note(map, 2 * at + 1));
}

err *krm_set_annotation(struct arena *a, struct yaml_doc *doc, str key, str text)
{
	node metadata, annotations, value = node_from_str(a, text);

	TRY(krm_clear_empty(doc));
	TRY(enter(a, doc->root, S("metadata"), &metadata));
	TRY(enter(a, metadata, S("annotations"), &annotations));
	size_t at = node_index(annotations, key);

	value.style = STYLE_SINGLE;
	if (at == STR_NPOS) {
		node_push(a, annotations, node_from_str(a, key), value);
		return NULL;
	}
	node *slot = &annotations.map->pairs[at].value;
	struct node_note *note = node_note(annotations, 2 * at + 1);

	value.style = slot->style == STYLE_PLAIN ? STYLE_ANY : slot->style;
	*slot = value;
	if (note)
		*note = (struct node_note){ 0 };
	return NULL;
}

static err *copy_marks(struct arena *a, struct yaml_doc *doc)
{
	for (size_t k = 0; k < MARKS; k++) {
		struct krm_meta m = krm_meta(doc);
		str now = krm_annotation(&m, marks[k].now), before = krm_annotation(&m, marks[k].before);

		if (now.n && !before.n)
			TRY(krm_set_annotation(a, doc, marks[k].before, now));
		else if (!now.n && before.n)
			TRY(krm_set_annotation(a, doc, marks[k].now, before));
	}
	return NULL;
}

static err *mark(struct arena *a, struct yaml_doc *doc, size_t index, str path)
{
	str number = arena_printf(a, "%zu", index);

	TRY(copy_marks(a, doc));
	TRY(krm_set_annotation(a, doc, S(INDEX), number));
	if (path.n)
		TRY(krm_set_annotation(a, doc, S(PATH), path));
	TRY(krm_set_annotation(a, doc, S(INTERNAL "index"), number));
	return path.n ? krm_set_annotation(a, doc, S(INTERNAL "path"), path) : NULL;
}

err *krm_unmark(struct yaml_doc *doc, bool paths_too)
{
	static const str keys[] = {
		S(INTERNAL "index"), S(INDEX), S(INTERNAL "seqindent"), S(PATH), S(INTERNAL "path"),
	};
	size_t at = node_index(doc->root, S("metadata"));
	node metadata = at == STR_NPOS ? NODE_NOTHING : doc->root.map->pairs[at].value;

	if (doc->root.kind != NODE_MAP)
		return krm_wrong_kind(doc, "MappingNode");
	if (node_is_nil(metadata))
		return NULL;
	if (metadata.kind != NODE_MAP)
		return need_map(metadata, node_note(doc->root, 2 * at + 1));
	at = node_index(metadata, S("annotations"));
	node annotations = at == STR_NPOS ? NODE_NOTHING : metadata.map->pairs[at].value;

	if (!node_is_nil(annotations) && annotations.kind != NODE_MAP)
		return need_map(annotations, node_note(metadata, 2 * at + 1));
	for (size_t i = 0; i < sizeof keys / sizeof *keys - (paths_too ? 0 : 2); i++)
		node_remove(annotations, keys[i]);
	return NULL;
}

err *krm_clean(struct yaml_doc *doc)
{
	TRY(krm_unmark(doc, true));
	return krm_clear_empty(doc);
}

/* ---- texts ------------------------------------------------------------- */

struct reading {
	struct arena *a;
	str path;		/* for the marks */
	bool unwrap;
	size_t index;		/* of the next document */
	krm_docs *out;
};

static err *add(struct reading *r, struct yaml_doc doc)
{
	if (r->out->n >= DOCS_MAX)
		return err_new(ERR_INVALID, "more than %d objects", DOCS_MAX);
	avec_push(r->a, r->out, doc);
	return arena_check(r->a, "kustomize cfg");
}

static bool is_wrapping(node root)
{
	str kind = text_of(root, S("kind"));

	return (str_eq(kind, S("ResourceList")) || str_eq(kind, S("List"))) &&
	       (node_has(root, S("items")) || node_has(root, S("functionConfig")));
}

static err *add_piece(struct reading *r, str piece, bool alone)
{
	struct yaml_doc *docs;
	size_t n;
	err *e = yaml_read_all(r->a, piece, YAML_KEEP, &docs, &n);

	if (e)
		return err_wrap(e, "MalformedYAMLError");
	if (!n || docs[0].root.kind == NODE_NULL || docs[0].root.kind == NODE_NONE)
		return NULL;
	TRY(mark(r->a, &docs[0], r->index, r->path));
	if (!r->unwrap || !alone || !is_wrapping(docs[0].root)) {
		r->index++;
		return add(r, docs[0]);
	}
	node items = node_get(docs[0].root, S("items"));

	for (size_t i = 0; i < node_len(items); i++)
		if (items.kind == NODE_SEQ)
			TRY(add(r, (struct yaml_doc){ .root = node_at(items, i),
						      .note = node_note(items, i) }));
	return NULL;
}

static err *read_pieces(struct reading *r, str text)
{
	struct objfile_pieces p;
	bool first = true;

	objfile_pieces_init(&p, objfile_without_cr(r->a, text));
	for (;;) {
		str piece;
		bool more;

		TRY(objfile_next_piece(&p, &piece, &more));
		if (!more)
			return NULL;
		TRY(add_piece(r, piece, first && p.last));
		first = false;
	}
}

err *krm_read_text(struct arena *a, str text, krm_docs *out)
{
	struct reading r = { .a = a, .unwrap = true, .out = out };

	return read_pieces(&r, text);
}

err *krm_read_file(struct arena *a, str text, str path, krm_docs *out)
{
	struct reading r = { .a = a, .path = path, .out = out };

	return read_pieces(&r, text);
}

/* ---- directories ------------------------------------------------------- */

struct package {
	struct arena *a;
	str dir;		/* without links */
	struct ignore *ignored;
	bool packages;
	krm_docs *out;
};

static err *read_entry(struct package *p, str relative)
{
	str path = path_join(p->a, p->dir, relative), text;
	err *e = files_disk.read(&files_disk, p->a, path, &text);

	if (!e)
		e = krm_read_file(p->a, text, arena_str(p->a, relative), p->out);
	return e ? err_wrap(e, "%.*s", STR_ARG(path)) : NULL;
}

static bool is_file(str path)
{
	return files_disk.type(&files_disk, path) == FILE_REGULAR;
}

static err *visit(void *context, str path, const struct fs_entry *entry, enum fs_step *next)
{
	struct package *p = context;

	if (entry->type == FS_DIR) {
		if (ignore_match(p->ignored, path, true) ||
		    (p->packages && is_file(path_join(p->a, p->dir, path, S(KRM_FILE)))))
			*next = FS_SKIP;
		return NULL;
	}
	if (ignore_match(p->ignored, path, false) ||
	    (!str_ends(entry->name, S(".yaml")) && !str_ends(entry->name, S(".yml"))))
		return NULL;
	return read_entry(p, path);
}

err *krm_read_dir(struct arena *a, str dir, bool packages, krm_docs *out)
{
	struct package p = { .a = a, .ignored = ignore_new(a), .packages = packages, .out = out };
	const struct fs_walk walk = { .visit = visit, .ctx = &p };
	CLEANUP(fs_drop) struct fs *root = NULL;
	str ignore_file, text, here;

	TRY(files_disk.real(&files_disk, a, S("."), &here));
	err *e = files_disk.real(&files_disk, a, path_is_abs(dir) ? dir : path_join(a, here, dir),
				 &p.dir);

	if (e)
		return err_wrap(e, "evalsymlink failure on '%.*s' ", STR_ARG(dir));
	if (files_disk.type(&files_disk, p.dir) != FILE_DIR) {
		str name = path_base(p.dir);

		p.dir = path_dir(a, p.dir);
		return str_ends(name, S(".yaml")) || str_ends(name, S(".yml")) ? read_entry(&p, name)
									      : NULL;
	}
	ignore_file = path_join(a, p.dir, S(".krmignore"));
	if (is_file(ignore_file)) {
		TRY(files_disk.read(&files_disk, a, ignore_file, &text));
		ignore_add(p.ignored, text, STR_NONE);
	}
	TRY(fs_open(&root, p.dir, NULL));
	return fs_walk(root, STR_NONE, &walk);
}

struct search {
	struct arena *a;
	str dir;
	krm_paths *out;
};

static err *visit_package(void *context, str path, const struct fs_entry *entry, enum fs_step *next)
{
	struct search *s = context;

	(void)next;
	if (str_eq(entry->name, S(KRM_FILE)))
		avec_push(s->a, s->out, path_dir(s->a, path_join(s->a, s->dir, path)));
	return NULL;
}

err *krm_find_packages(struct arena *a, str dir, bool recurse, krm_paths *out)
{
	krm_paths found = { 0 };
	struct search s = { a, dir, &found };
	const struct fs_walk walk = { .visit = visit_package, .ctx = &s };
	bool there = false;

	if (!recurse) {
		str file = path_join(a, dir, S(KRM_FILE));

		avec_push(a, out, is_file(file) ? path_clean(a, dir) : dir);
		return NULL;
	}
	switch (files_disk.type(&files_disk, dir)) {
	case FILE_NONE:
		return err_new(ERR_NOT_FOUND, "lstat %.*s: no such file or directory", STR_ARG(dir));
	case FILE_DIR: {
		CLEANUP(fs_drop) struct fs *root = NULL;

		TRY(fs_open(&root, dir, NULL));
		TRY(fs_walk(root, STR_NONE, &walk));
		break;
	}
	case FILE_REGULAR:
		break;
	}
	for (size_t i = 0; i < found.n; i++)
		there |= str_eq(found.p[i], dir);
	if (!there)
		avec_push(a, out, dir);
	for (size_t i = 0; i < found.n; i++)
		avec_push(a, out, found.p[i]);
	return NULL;
}
