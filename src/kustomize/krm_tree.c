/* Objects drawn as a tree. */
#include <stdlib.h>

#include "base/map.h"
#include "kustomize/files.h"
#include "kustomize/krm_impl.h"
#include "text/path.h"

enum { BRANCHES_MAX = 1000000, DEPTH_MAX = 1000 };

struct branch {
	str mark;		/* in brackets before the text; empty: none */
	str text;
	unsigned depth;
	VEC(struct branch *) below;
};

struct drawing {
	struct arena *a;
	const struct krm_tree *t;
	size_t branches;
	struct buf *out;
};

static err *grow(struct drawing *d, struct branch *from, str mark, str text, struct branch **out)
{
	struct branch *b = arena_new(d->a, struct branch);

	if (++d->branches > BRANCHES_MAX)
		return err_new(ERR_INVALID, "the tree has more than %d branches", BRANCHES_MAX);
	b->depth = from->depth + 1;
	if (b->depth > DEPTH_MAX)
		return err_new(ERR_INVALID, "the tree is deeper than %d levels", DEPTH_MAX);
	b->mark = mark;
	b->text = text;
	avec_push(d->a, &from->below, b);
	if (out)
		*out = b;
	return NULL;
}

/* ---- the picture ------------------------------------------------------- */

/* Further lines of a text stand below its first. */
static void draw_text(struct buf *out, str text, const struct buf *indent)
{
	str line;

	for (bool first = true; str_cut(&text, &line, '\n'); first = false) {
		if (!first) {
			buf_addc(out, '\n');
			buf_add(out, buf_str(indent));
		}
		buf_add(out, line);
	}
}

static void draw_below(struct buf *out, const struct branch *b, struct buf *indent)
{
	size_t before = indent->n;

	for (size_t i = 0; i < b->below.n; i++) {
		const struct branch *next = b->below.p[i];
		bool last = i + 1 == b->below.n;

		buf_add(out, buf_str(indent));
		buf_add(out, last ? S("└── ") : S("├── "));
		buf_add(indent, last ? S("    ") : S("│   "));
		if (next->mark.n)
			buf_addf(out, "[%.*s]  ", STR_ARG(next->mark));
		draw_text(out, next->text, indent);
		buf_addc(out, '\n');
		draw_below(out, next, indent);
		buf_trim(indent, before);
	}
}

static err *draw(struct drawing *d, const struct branch *root)
{
	CLEANUP(buf_release) struct buf indent = BUF_INIT;

	buf_addf(d->out, "%.*s\n", STR_ARG(root->text));
	draw_below(d->out, root, &indent);
	return buf_check(d->out, "the tree");
}

/* ---- fields ------------------------------------------------------------ */

struct value {
	str name, text;
};

struct item {
	str key;
	VEC(struct value) values;
};

struct group {
	str name, text;
	VEC(struct item *) items;
	struct map by_key;
};

typedef VEC(struct group *) groups;

static int cmp_names(str a, str b)
{
	unsigned x = krm_field_order(a), y = krm_field_order(b);

	if (x != y)
		return !x || (y && y < x) ? 1 : -1;
	return str_cmp(a, b);
}

static int cmp_values(const void *x, const void *y)
{
	const struct value *a = x, *b = y;
	int cmp = cmp_names(a->name, b->name);

	return cmp ? cmp : str_cmp(a->text, b->text);
}

static int cmp_items(const void *x, const void *y)
{
	return cmp_names((*(struct item *const *)x)->key, (*(struct item *const *)y)->key);
}

static int cmp_groups(const void *x, const void *y)
{
	return cmp_names((*(struct group *const *)x)->name, (*(struct group *const *)y)->name);
}

static struct group *need_group(struct arena *a, groups *list, str name)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->p[i]->name, name))
			return list->p[i];
	struct group *g = arena_new(a, struct group);

	g->name = name;
	avec_push(a, list, g);
	return g;
}

static struct item *need_item(struct arena *a, struct group *g, str key)
{
	struct item *item = map_get(&g->by_key, key);

	if (!item) {
		item = arena_new(a, struct item);
		item->key = key;
		avec_push(a, &g->items, item);
		map_set(&g->by_key, key, item);
	}
	return item;
}

static err *add_field(struct arena *a, const struct yaml_doc *doc, const struct krm_tree_field *f,
		      groups *list)
{
	krm_matches found = { 0 };
	str text;

	TRY(krm_find(a, doc, &f->path, &found));
	if (!found.n)
		return NULL;
	struct group *g = need_group(a, list, f->name);

	for (size_t i = 0; i < (f->in_item.n ? found.n : 1); i++) {
		krm_strip(&found.p[i].at);
		TRY(krm_flow_text(a, &found.p[i].at, &text));
		if (!f->in_item.n) {
			g->text = text;
			continue;
		}
		struct item *item = need_item(a, g, found.p[i].key);

		avec_push(a, &item->values, (struct value){ f->in_item, text });
	}
	return NULL;
}

static err *grow_group(struct drawing *d, struct branch *from, struct group *g)
{
	struct branch *list, *one;

	if (!g->items.n)
		return grow(d, from, STR_NONE, arena_cat(d->a, g->name, S(": "), g->text), NULL);
	TRY(grow(d, from, STR_NONE, g->name, &list));
	qsort(g->items.p, g->items.n, sizeof *g->items.p, cmp_items);
	for (size_t i = 0; i < g->items.n; i++) {
		struct item *item = g->items.p[i];

		TRY(grow(d, list, STR_NONE, arena_printf(d->a, "%zu", i), &one));
		qsort(item->values.p, item->values.n, sizeof *item->values.p, cmp_values);
		for (size_t k = 0; k < item->values.n; k++)
			TRY(grow(d, one, STR_NONE,
				 arena_cat(d->a, item->values.p[k].name, S(": "),
					   item->values.p[k].text),
				 NULL));
	}
	return NULL;
}

static err *grow_fields(struct drawing *d, const struct yaml_doc *doc, struct branch *from)
{
	groups list = { 0 };
	err *e = NULL;

	for (size_t i = 0; !e && i < d->t->fields_n; i++)
		e = add_field(d->a, doc, &d->t->fields[i], &list);
	if (!e && list.n)
		qsort(list.p, list.n, sizeof *list.p, cmp_groups);
	for (size_t i = 0; i < list.n; i++) {
		if (!e)
			e = grow_group(d, from, list.p[i]);
		map_release(&list.p[i]->by_key);
	}
	return e;
}

static err *grow_object(struct drawing *d, const struct yaml_doc *doc, str mark,
			struct branch *from, struct branch **out)
{
	struct krm_meta m = krm_meta(doc);
	str text = m.ns.n ? arena_cat(d->a, m.kind, S(" "), m.ns, S("/"), m.name)
			  : arena_cat(d->a, m.kind, S(" "), m.name);

	TRY(grow(d, from, mark, text, out));
	return grow_fields(d, doc, *out);
}

/* ---- directories ------------------------------------------------------- */

struct leaf {
	const struct yaml_doc *doc;
	struct krm_meta meta;
	str path, dir, file;
	size_t at;
};

static struct leaf leaf_of(struct arena *a, const struct yaml_doc *doc, size_t at)
{
	struct leaf l = { .doc = doc, .meta = krm_meta(doc), .at = at };

	l.path = krm_path(&l.meta);
	l.dir = path_dir(a, l.path);
	l.file = path_base(l.path);
	return l;
}

/* Equals stand the other way around, as kustomize's sort leaves them. */
static int cmp_leaves(const struct leaf *a, const struct leaf *b)
{
	const str pairs[][2] = {
		{ a->file, b->file },
		{ a->meta.ns, b->meta.ns },
		{ a->meta.name, b->meta.name },
		{ a->meta.kind, b->meta.kind },
		{ a->meta.api_version, b->meta.api_version },
	};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		int cmp = str_cmp(pairs[i][0], pairs[i][1]);

		if (cmp)
			return cmp;
	}
	return (a->at < b->at) - (a->at > b->at);
}

static int cmp_in_dirs(const void *x, const void *y)
{
	const struct leaf *a = x, *b = y;
	int cmp = str_cmp(a->dir, b->dir);

	return cmp ? cmp : cmp_leaves(a, b);
}

static str dir_text(struct drawing *d, str dir)
{
	str file = path_join(d->a, d->t->root, dir, S(KRM_FILE));
	bool package = files_disk.type(&files_disk, file) != FILE_NONE;

	return package ? arena_cat(d->a, S("Pkg: "), path_base(dir)) : path_base(dir);
}

struct place {
	str dir;
	struct branch *branch;
};

typedef VEC(struct place) places;

/* Below the directory with the longest name that begins this one's. Names come
 * sorted, so `open` holds those that begin the last one. */
static err *grow_dir(struct drawing *d, struct branch *root, places *open, str dir,
		     struct branch **out)
{
	while (open->n && !str_starts(dir, open->p[open->n - 1].dir))
		open->n--;
	*out = open->n ? open->p[open->n - 1].branch : root;
	if (!str_eq(dir, S(".")))
		TRY(grow(d, *out, STR_NONE, dir_text(d, dir), out));
	avec_push(d->a, open, (struct place){ dir, *out });
	return NULL;
}

static err *by_directories(struct drawing *d, const krm_docs *docs)
{
	struct leaf *leaves = arena_array(d->a, struct leaf, docs->n);
	struct branch root = { .text = d->t->root }, *dir = NULL, *object;
	places open = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < docs->n; i++) {
		leaves[n] = leaf_of(d->a, &docs->p[i], i);
		n += leaves[n].meta.kind.n > 0;
	}
	if (n)
		qsort(leaves, n, sizeof *leaves, cmp_in_dirs);
	for (size_t i = 0; i < n; i++) {
		if (!i || !str_eq(leaves[i].dir, leaves[i - 1].dir))
			TRY(grow_dir(d, &root, &open, leaves[i].dir, &dir));
		TRY(grow_object(d, leaves[i].doc, leaves[i].file, dir, &object));
	}
	return draw(d, &root);
}

/* ---- owners ------------------------------------------------------------ */

struct owner {
	const struct yaml_doc *doc;	/* NULL: only named by others so far */
	VEC(struct owner *) owned;
};

static str own_key(struct arena *a, const struct yaml_doc *doc)
{
	struct krm_meta m = krm_meta(doc);

	return arena_cat(a, m.kind, S(" "), m.ns, S("/"), m.name);
}

/* Empty for what nobody owns. */
static err *owner_key(struct arena *a, const struct yaml_doc *doc, str *out)
{
	struct krm_meta m = krm_meta(doc);
	node owners = node_dig(doc->root, "metadata", "ownerReferences");

	*out = STR_NONE;
	if (!node_is_nil(owners) && owners.kind != NODE_SEQ)
		return krm_wrong_kind(&(struct yaml_doc){ .root = owners }, "SequenceNode");
	if (node_len(owners))
		*out = arena_cat(a, node_str(node_get(node_at(owners, 0), S("kind"))), S(" "), m.ns,
				 S("/"), node_str(node_get(node_at(owners, 0), S("name"))));
	return NULL;
}

static struct owner *need_owner(struct arena *a, struct map *owners, str key)
{
	struct owner *o = map_get(owners, key);

	if (!o) {
		o = arena_new(a, struct owner);
		map_set(owners, key, o);
	}
	return o;
}

static int cmp_owned(const void *x, const void *y)
{
	const struct leaf *a = x, *b = y;

	return cmp_leaves(a, b);
}

static err *grow_owned(struct drawing *d, const struct owner *o, struct branch *from)
{
	struct leaf *leaves = arena_array(d->a, struct leaf, o->owned.n);
	struct branch *branch;

	for (size_t i = 0; i < o->owned.n; i++)
		leaves[i] = leaf_of(d->a, o->owned.p[i]->doc, i);
	if (o->owned.n)
		qsort(leaves, o->owned.n, sizeof *leaves, cmp_owned);
	for (size_t i = 0; i < o->owned.n; i++) {
		TRY(grow_object(d, leaves[i].doc, S("Resource"), from, &branch));
		TRY(grow_owned(d, o->owned.p[leaves[i].at], branch));
	}
	return NULL;
}

static err *link_owners(struct drawing *d, const krm_docs *docs, struct map *owners,
			struct owner *nobody)
{
	for (size_t i = 0; i < docs->n; i++) {
		str key;

		TRY(owner_key(d->a, &docs->p[i], &key));
		struct owner *owner = key.n ? need_owner(d->a, owners, key) : nobody;
		struct owner *self = need_owner(d->a, owners, own_key(d->a, &docs->p[i]));

		self->doc = &docs->p[i];
		avec_push(d->a, &owner->owned, self);
	}
	for (size_t i = 0; i < owners->n; i++)
		if (!((struct owner *)owners->entries[i].value)->doc)
			return err_new(ERR_NOT_FOUND,
				       "owner '%.*s' not found in input, but found as an owner of input "
				       "objects",
				       STR_ARG(owners->entries[i].key));
	return NULL;
}

static err *by_owners(struct drawing *d, const krm_docs *docs)
{
	CLEANUP(map_release) struct map owners = MAP_INIT;
	struct branch root = { .text = S(".") };
	struct owner nobody = { 0 };

	TRY(link_owners(d, docs, &owners, &nobody));
	TRY(grow_owned(d, &nobody, &root));
	return draw(d, &root);
}

err *krm_tree(struct arena *a, const krm_docs *docs, const struct krm_tree *t, struct buf *out)
{
	struct drawing d = { .a = a, .t = t, .out = out };
	bool owners = t->structure == KRM_OWNERS;

	for (size_t i = 0; t->structure == KRM_ANY && i < docs->n; i++)
		owners |= !node_is_nil(node_dig(docs->p[i].root, "metadata", "ownerReferences"));
	return owners ? by_owners(&d, docs) : by_directories(&d, docs);
}
