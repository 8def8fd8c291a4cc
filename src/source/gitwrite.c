#include "source/gitwrite.h"

#include <libdeflate.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/sort.h"
#include "base/vec.h"

enum { DEFLATE_LEVEL = 6 };

struct object {
	struct gitid id;
	enum gitpack_type type;
	str bytes;
};

struct gitwrite {
	struct arena mem;
	enum gitid_algo algo;
	struct gitid_hash hash;
	struct gitpack *base;
	VEC(struct object) made;	/* memory of malloc */
	struct map by_id;		/* raw id -> index + 1 */
};

err *gitwrite_new(struct gitwrite **out, enum gitid_algo algo, struct gitpack *base)
{
	struct gitwrite *w = mem_calloc(1, sizeof *w);

	w->algo = algo;
	w->base = base;
	err *e = gitid_hash_init(&w->hash, algo);

	if (e) {
		free(w);
		return e;
	}
	*out = w;
	return NULL;
}

void gitwrite_free(struct gitwrite *w)
{
	if (!w)
		return;
	gitid_hash_release(&w->hash);
	vec_release(&w->made);
	map_release(&w->by_id);
	arena_release(&w->mem);
	free(w);
}

void gitwrite_drop(struct gitwrite **w)
{
	gitwrite_free(*w);
}

/* ---- objects ----------------------------------------------------------- */

static const struct object *find(const struct gitwrite *w, const struct gitid *id)
{
	size_t at = (size_t)map_get(&w->by_id, str_of((const char *)id->b, id->n));

	return at ? &w->made.p[at - 1] : NULL;
}

static err *add(struct gitwrite *w, enum gitpack_type type, str bytes, struct gitid *out)
{
	struct object o = { gitid_hash_object(&w->hash, gitpack_type_name(type), bytes), type,
			    STR_NONE };

	*out = o.id;
	if (find(w, &o.id))
		return NULL;
	if (w->made.n >= GITWRITE_OBJECTS_MAX)
		return err_new(ERR_INVALID, "a commit of more than %d objects",
			       GITWRITE_OBJECTS_MAX);
	o.bytes = arena_str(&w->mem, bytes);
	vec_push(&w->made, o);
	map_set(&w->by_id, arena_str(&w->mem, str_of((const char *)o.id.b, o.id.n)),
		(void *)w->made.n);
	return NULL;
}

static err *get(struct gitwrite *w, const struct gitid *id, enum gitpack_type type, str *out)
{
	const struct object *o = find(w, id);

	if (o && o->type == type) {
		*out = o->bytes;
		return NULL;
	}
	if (!w->base)
		return err_new(ERR_NOT_FOUND, "object not found");
	return gitpack_read(w->base, &w->mem, id, type, out);
}

static err *tree_of(struct gitwrite *w, const struct gitid *commit, struct gitid *out)
{
	struct gitobj_commit c;
	str bytes;

	*out = (struct gitid){ 0 };
	if (!commit->n)
		return NULL;
	TRY(get(w, commit, GITPACK_COMMIT, &bytes));
	TRY(gitobj_commit(&w->mem, bytes, w->algo, &c));
	*out = c.tree;
	return NULL;
}

/* ---- trees ------------------------------------------------------------- */

typedef VEC(struct gitobj_entry) entries;

static err *read_tree(struct gitwrite *w, const struct gitid *tree, entries *out)
{
	struct gitobj_order order = { 0 };
	struct gitobj_entry entry;
	bool more = true;
	str bytes;

	*out = (entries){ 0 };
	if (!tree->n)
		return NULL;
	TRY(get(w, tree, GITPACK_TREE, &bytes));
	for (;;) {
		TRY(gitobj_tree_next(&bytes, w->algo, &order, &entry, &more));
		if (!more)
			return NULL;
		avec_push(&w->mem, out, entry);
	}
}

static struct gitobj_entry *entry_of(const entries *list, str name)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->p[i].name, name))
			return &list->p[i];
	return NULL;
}

/* Git sorts a folder as if its name ended with a slash. */
static int by_name(const void *x, const void *y, void *ctx)
{
	const struct gitobj_entry *a = x, *b = y;
	size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;
	int c = memcmp(a->name.p, b->name.p, n);

	(void)ctx;
	if (c)
		return c;
	unsigned char p = n < a->name.n ? (unsigned char)a->name.p[n]
					: (a->mode == GITOBJ_DIR ? '/' : 0);
	unsigned char q = n < b->name.n ? (unsigned char)b->name.p[n]
					: (b->mode == GITOBJ_DIR ? '/' : 0);

	return p - q;
}

static err *write_tree(struct gitwrite *w, entries *list, struct gitid *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	sort_stable(list->p, list->n, sizeof *list->p, by_name, NULL);
	for (size_t i = 0; i < list->n; i++) {
		buf_addf(&b, "%o %.*s", (unsigned)list->p[i].mode, STR_ARG(list->p[i].name));
		buf_addc(&b, 0);
		buf_bytes(&b, list->p[i].id.b, list->p[i].id.n);
	}
	return add(w, GITPACK_TREE, buf_str(&b), out);
}

/* Put one file below a tree, which becomes another one. */
static err *put(struct gitwrite *w, struct gitid *tree, str path, str text, unsigned depth)
{
	entries list;
	str name, rest;
	bool deeper = str_split(path, '/', &name, &rest);

	if (depth > GITWRITE_DEPTH_MAX)
		return err_new(ERR_INVALID, "a path of more than %d folders", GITWRITE_DEPTH_MAX);
	TRY(gitobj_check_name(name));
	TRY(read_tree(w, tree, &list));
	struct gitobj_entry *e = entry_of(&list, name);

	if (!e) {
		avec_push(&w->mem, &list, (struct gitobj_entry){ .name = arena_str(&w->mem, name) });
		e = &list.p[list.n - 1];
	}
	if (deeper) {
		struct gitid below = e->mode == GITOBJ_DIR ? e->id : (struct gitid){ 0 };

		TRY(put(w, &below, rest, text, depth + 1));
		e->mode = GITOBJ_DIR;
		e->id = below;
	} else {
		e->mode = e->mode == GITOBJ_EXEC ? GITOBJ_EXEC : GITOBJ_FILE;
		TRY(add(w, GITPACK_BLOB, text, &e->id));
	}
	return write_tree(w, &list, tree);
}

/* The entry at a path; *out without bytes: there is none. */
static err *look(struct gitwrite *w, struct gitid tree, str path, struct gitobj_entry *out)
{
	str name;

	*out = (struct gitobj_entry){ .mode = GITOBJ_DIR, .id = tree };
	while (str_cut(&path, &name, '/')) {
		entries list = { 0 };

		if (!name.n)
			continue;
		if (out->mode == GITOBJ_DIR)
			TRY(read_tree(w, &out->id, &list));
		const struct gitobj_entry *e = entry_of(&list, name);

		*out = e ? *e : (struct gitobj_entry){ 0 };
	}
	return NULL;
}

err *gitwrite_read(struct gitwrite *w, const struct gitid *commit, str path, str *out)
{
	struct gitobj_entry e;
	struct gitid tree;

	TRY(tree_of(w, commit, &tree));
	TRY(look(w, tree, path, &e));
	if (e.mode != GITOBJ_FILE && e.mode != GITOBJ_EXEC)
		return err_new(ERR_NOT_FOUND, "open %.*s: no such file or directory",
			       STR_ARG(path));
	return get(w, &e.id, GITPACK_BLOB, out);
}

typedef VEC(str) path_list;

static err *list_tree(struct gitwrite *w, struct arena *a, const struct gitid *tree, str below,
		      unsigned depth, path_list *out)
{
	entries list;

	if (depth > GITWRITE_DEPTH_MAX)
		return err_new(ERR_INVALID, "a path of more than %d folders", GITWRITE_DEPTH_MAX);
	TRY(read_tree(w, tree, &list));
	for (size_t i = 0; i < list.n; i++) {
		str path = arena_cat(a, below, list.p[i].name);

		if (out->n >= GITWRITE_OBJECTS_MAX)
			return err_new(ERR_INVALID, "more than %d files", GITWRITE_OBJECTS_MAX);
		if (list.p[i].mode == GITOBJ_DIR)
			TRY(list_tree(w, a, &list.p[i].id, arena_cat(a, path, S("/")), depth + 1,
				      out));
		else if (list.p[i].mode != GITOBJ_MODULE)
			avec_push(a, out, path);
	}
	return NULL;
}

err *gitwrite_list(struct gitwrite *w, struct arena *a, const struct gitid *commit, str folder,
		   str **paths, size_t *n)
{
	path_list found = { 0 };
	struct gitobj_entry e;
	struct gitid tree;

	TRY(tree_of(w, commit, &tree));
	TRY(look(w, tree, folder, &e));
	if (e.mode == GITOBJ_DIR && e.id.n)
		TRY(list_tree(w, a, &e.id, STR_NONE, 0, &found));
	*paths = found.p;
	*n = found.n;
	return NULL;
}

/* ---- commits ----------------------------------------------------------- */

static void add_person(struct buf *b, const char *role, const struct gitwrite_about *about)
{
	buf_addf(b, "%s %.*s <%.*s> %lld +0000\n", role, STR_ARG(about->name),
		 STR_ARG(about->email), (long long)about->when);
}

static bool is_plain(str text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < ' ' || text.p[i] == '<' || text.p[i] == '>')
			return false;
	return true;
}

/* A header of several lines: all but the first begin with a space. */
static void add_signature(struct buf *b, str signature)
{
	str line;
	bool first = true;

	while (str_line(&signature, &line)) {
		buf_addf(b, "%s%.*s\n", first ? "gpgsig " : " ", STR_ARG(line));
		first = false;
	}
}

static err *write_commit(struct gitwrite *w, const struct gitid *tree, const struct gitid *parent,
			 const struct gitwrite_about *about, struct gitid *out)
{
	CLEANUP(buf_release) struct buf head = BUF_INIT;
	CLEANUP(buf_release) struct buf all = BUF_INIT;

	if (!is_plain(about->name) || !is_plain(about->email))
		return err_new(ERR_INVALID, "a name or address with control characters or < >");
	buf_add(&head, S("tree "));
	gitid_add(&head, tree);
	buf_addc(&head, '\n');
	if (parent->n) {
		buf_add(&head, S("parent "));
		gitid_add(&head, parent);
		buf_addc(&head, '\n');
	}
	add_person(&head, "author", about);
	add_person(&head, "committer", about);
	buf_add(&all, buf_str(&head));
	if (about->sign) {
		str signature;

		buf_addf(&head, "\n%.*s", STR_ARG(about->message));
		TRY(about->sign(about->ctx, &w->mem, buf_str(&head), &signature));
		add_signature(&all, signature);
	}
	buf_addf(&all, "\n%.*s", STR_ARG(about->message));
	return add(w, GITPACK_COMMIT, buf_str(&all), out);
}

err *gitwrite_commit(struct gitwrite *w, const struct gitid *parent,
		     const struct gitwrite_file *files, size_t n,
		     const struct gitwrite_about *about, struct gitid *out)
{
	struct gitid before, tree;

	TRY(tree_of(w, parent, &before));
	tree = before;
	for (size_t i = 0; i < n; i++)
		TRY(put(w, &tree, files[i].path, files[i].text, 0));
	if (before.n && gitid_eq(&tree, &before)) {
		*out = *parent;
		return NULL;
	}
	return write_commit(w, &tree, parent, about, out);
}

/* ---- the pack ---------------------------------------------------------- */

/* Type and size: four bits, then seven at a time, the lowest first. */
static void add_head(struct buf *b, const struct object *o)
{
	size_t rest = o->bytes.n >> 4;
	unsigned char c = (unsigned char)((unsigned)o->type << 4 | (o->bytes.n & 15));

	while (rest) {
		buf_addc(b, (char)(c | 0x80));
		c = rest & 0x7f;
		rest >>= 7;
	}
	buf_addc(b, (char)c);
}

static void add_packed(struct buf *b, struct libdeflate_compressor *z, str bytes)
{
	size_t room = libdeflate_zlib_compress_bound(z, bytes.n);
	char *to = buf_reserve(b, room);

	if (to)
		b->n += libdeflate_zlib_compress(z, bytes.n ? bytes.p : "", bytes.n, to, room);
}

static void add_number(struct buf *b, uint32_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_addc(b, (char)(n >> shift));
}

err *gitwrite_pack(struct gitwrite *w, struct buf *out)
{
	struct libdeflate_compressor *z = libdeflate_alloc_compressor(DEFLATE_LEVEL);
	size_t start = out->n;

	if (!z)
		die_bug("out of memory for a compressor");
	buf_add(out, S("PACK"));
	add_number(out, 2);
	add_number(out, (uint32_t)w->made.n);
	for (size_t i = 0; i < w->made.n; i++) {
		add_head(out, &w->made.p[i]);
		add_packed(out, z, w->made.p[i].bytes);
	}
	libdeflate_free_compressor(z);
	gitid_hash_start(&w->hash);
	gitid_hash_add(&w->hash, str_from(buf_str(out), start));
	struct gitid sum = gitid_hash_end(&w->hash);

	buf_bytes(out, sum.b, sum.n);
	return buf_check(out, "pack");
}
