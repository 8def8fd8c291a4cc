#include "controllers/compose_impl.h"

#include "base/sort.h"
#include "crypto/secret.h"
#include "helm/values.h"
#include "source/unpack.h"
#include "text/path.h"
#include "text/quote.h"
#include "value/yaml.h"

enum { YAML_MAX = 64 << 20, ARCHIVE_MAX = 512 << 20 };

struct copying {
	struct compose_stage *stage;
	struct arena *a;
	const struct compose_spec *spec;
	const struct compose_op *op;
	const struct fs *fs; /* of the source */
	str base;            /* what excludes are relative to, too */
};

static err *check_cancel(const struct copying *c)
{
	if (c->spec->cancel && atomic_load(c->spec->cancel))
		return err_new(ERR_CANCELED, "context canceled");
	return NULL;
}

/* ---- files ---------------------------------------------------------------- */

static err *copy_file(struct copying *c, str path, str to)
{
	struct filelist_entry entry = { .from = FILELIST_FS };
	struct fs_info info;

	TRY(check_cancel(c));
	TRY(fs_stat(c->fs, path, &info));
	entry.fs = c->fs;
	entry.below = arena_str(c->a, path);
	entry.type = info.mode & 0111 ? FILELIST_EXEC : FILELIST_FILE;
	return compose_stage_put(c->stage, to, &entry);
}

/* ---- YAML ----------------------------------------------------------------- */

static err *is_dir(const char *op, str path)
{
	return err_new(ERR_INVALID, "%s %.*s: is a directory", op, STR_ARG(path));
}

static err *merge_file(struct copying *c, str path, const struct compose_placed *there, str to)
{
	CLEANUP(buf_release) struct buf merged = BUF_LIMIT(COMPOSE_BYTES_MAX);
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct filelist none = FILELIST_INIT(&a);
	node over, under;
	str text;

	TRY(check_cancel(c));
	TRY(fs_read(c->fs, &a, path, YAML_MAX, &text));
	TRY(values_read_as(&a, text, "YAML", &over));
	if (there->dir)
		return err_wrap(is_dir("read", to), "error reading YAML document");
	TRY(filelist_read(&none, &there->entry, &a, &text));
	TRY(values_read_as(&a, text, "YAML", &under));
	err *e = yaml_write(&merged, values_merge(&a, under, over), YAML_WRITE_SIGS);

	if (e)
		return err_wrap(e, "failed to merged YAML");
	return compose_stage_rewrite(c->stage, to, arena_str(c->a, buf_str(&merged)));
}

/* ---- archives ------------------------------------------------------------- */

static bool is_archive(str path)
{
	static const str ends[] = { S(".tar.gz"), S(".tgz") };

	for (size_t i = 0; i < 2; i++)
		if (path.n >= ends[i].n &&
		    str_eq_nocase(str_from(path, path.n - ends[i].n), ends[i]))
			return true;
	return false;
}

/* A file that is there keeps its mode, as with O_TRUNC. */
static err *place_extracted(struct copying *c, const struct filelist_entry *e, str to)
{
	struct filelist_entry entry = *e;
	str path = path_join(c->a, to, e->path);
	const struct compose_placed *there = compose_stage_at(c->stage, path);

	if (e->type == FILELIST_DIR) {
		if (there && !there->dir)
			return err_new(ERR_INVALID, "mkdir %.*s: not a directory", STR_ARG(path));
		return compose_stage_mkdirs(c->stage, path);
	}
	if (there && !there->dir)
		entry.type = there->entry.type;
	TRY(compose_stage_hold(c->stage, entry.text.n));
	return compose_stage_put(c->stage, path, &entry);
}

static err *unpack(struct copying *c, str path, str to)
{
	CLEANUP(arena_release) struct arena packed = ARENA_INIT;
	struct filelist inside = FILELIST_INIT(c->a);
	str text;

	if (fs_is_dir(c->fs, path))
		return err_wrap(is_dir("read", path), "requires gzip-compressed body");
	TRY(fs_read(c->fs, &packed, path, ARCHIVE_MAX, &text));
	/* No more than what may still be held, and a byte, so that it is told. */
	const struct unpack_options o = {
		.limits = { .total = COMPOSE_BYTES_MAX - c->stage->held < TGZ_TOTAL_MAX
					     ? COMPOSE_BYTES_MAX - c->stage->held + 1
					     : TGZ_TOTAL_MAX }
	};

	TRY(unpack_list(&inside, text, &o));
	for (size_t i = 0; i < inside.entries.n; i++)
		TRY(place_extracted(c, &inside.entries.p[i], to));
	return NULL;
}

static err *extract(struct copying *c, str path, str to)
{
	str at = path_clean(c->a, to);

	TRY(check_cancel(c));
	/* Joined to a directory, an absolute path leads below it. */
	at = str_trim_left_set(at, S("/"));
	err *e = compose_stage_mkdirs(c->stage, at);
	const struct compose_placed *there = e ? NULL : compose_stage_at(c->stage, at);

	if (!e && (!there || !there->dir))
		e = err_new(ERR_INVALID, "mkdir %.*s: not a directory", STR_ARG(at));
	at = str_eq(at, S(".")) ? STR_NONE : at;
	if (e)
		return err_wrap(e, "failed to create destination directory %.*s",
				STR_ARG(quote_str(c->a, at)));
	e = unpack(c, path, at);
	if (!e)
		return NULL;
	return err_wrap(e, "failed to extract tarball %.*s to %.*s", STR_ARG(quote_str(c->a, path)),
			STR_ARG(quote_str(c->a, at)));
}

/* ---- directories ---------------------------------------------------------- */

struct dir_copy {
	struct copying *c;
	str from, to;
};

static err *copy_entry(void *ctx, str path, const struct fs_entry *entry, enum fs_step *next)
{
	struct dir_copy *d = ctx;
	struct copying *c = d->c;
	bool excluded;

	TRY(check_cancel(c));
	TRY(compose_excludes(c->a, c->op, path, c->base, &excluded));
	if (excluded) {
		*next = entry->type == FS_DIR ? FS_SKIP : FS_GO_ON;
		return NULL;
	}
	str to = path_join(c->a, d->to, str_from(path, d->from.n ? d->from.n + 1 : 0));

	if (entry->type == FS_DIR)
		return compose_stage_mkdirs(c->stage, to);
	return entry->type == FS_FILE ? copy_file(c, path, to) : NULL;
}

static err *copy_dir(struct copying *c, str path, str to)
{
	str from = str_eq(path, S(".")) ? STR_NONE : path;
	struct dir_copy d = { c, from, to };

	TRY(compose_stage_mkdirs(c->stage, to));
	return fs_walk(
		c->fs, from,
		&(struct fs_walk){ .visit = copy_entry, .ctx = &d, .max_entries = FILELIST_MAX });
}

static err *copy_any(struct copying *c, str path, str to)
{
	const struct compose_placed *there;

	if (str_eq(path, S(".")) || fs_is_dir(c->fs, path))
		return copy_dir(c, path, to);
	there = c->op->strategy == COMPOSE_MERGE ? compose_stage_at(c->stage, to) : NULL;
	return there ? merge_file(c, path, there, to) : copy_file(c, path, to);
}

/* ---- one source path ------------------------------------------------------ */

static err *no_source(str path, err *e)
{
	str why = err_text(e);
	size_t colon = str_rfind(why, S(": "));
	bool through = str_ends(why, S("not a directory"));
	err *out = err_kind(e) == ERR_NOT_FOUND && !through
			   ? err_new(ERR_INVALID, "source '%.*s' does not exist", STR_ARG(path))
			   : err_new(ERR_INVALID, "failed to stat source '%.*s': statat %.*s%.*s",
				     STR_ARG(path), STR_ARG(path),
				     STR_ARG(colon == STR_NPOS ? why : str_from(why, colon)));

	err_free(e);
	return out;
}

static err *stat_source(const struct copying *c, str path, struct fs_info *info)
{
	err *e = NULL;

	if (path.p[0] == '/' || str_eq(path, S("..")) || str_starts(path, S("../")))
		e = err_new(ERR_FORBIDDEN, "stat: path escapes from parent");
	else
		e = fs_stat(c->fs, path, info);
	if (!e && info->type != FS_DIR && info->type != FS_FILE)
		e = err_new(ERR_INVALID, "stat: not a regular file");
	return e ? no_source(path, e) : NULL;
}

static err *copy_one_file(struct copying *c, str path, str to)
{
	const struct compose_placed *there;
	bool excluded;

	TRY(compose_excludes(c->a, c->op, path, S("."), &excluded));
	if (excluded)
		return NULL;
	if (c->op->strategy == COMPOSE_EXTRACT) {
		if (!is_archive(path))
			return err_new(ERR_INVALID,
				       "extract strategy requires tarball file (.tar.gz or .tgz), "
				       "got '%.*s'",
				       STR_ARG(path));
		return extract(c, path, to);
	}
	there = compose_stage_at(c->stage, to);
	if (str_ends(c->op->to, S("/")) || (there && there->dir))
		to = path_join(c->a, to, path_base(path));
	return copy_any(c, path, to);
}

static err *copy_one(struct copying *c, str path, str to)
{
	struct fs_info info = { 0 };

	path = path_clean(c->a, path);
	c->base = path;
	TRY(stat_source(c, path, &info));
	if (info.type != FS_DIR)
		return copy_one_file(c, path, to);
	if (c->op->strategy == COMPOSE_EXTRACT)
		return err_new(ERR_INVALID,
			       "extract strategy is not supported for directories, got '%.*s'",
			       STR_ARG(path));
	return copy_any(c, path, path_join(c->a, to, path_base(path)));
}

/* ---- patterns ------------------------------------------------------------- */

/* "dir/ **" strips "dir"; all others keep the path. */
static str destination(struct arena *a, str pattern, str match, str to)
{
	if (str_ends(pattern, S("/**"))) {
		str dir = str_sub(pattern, 0, pattern.n - 2);

		if (str_starts(match, dir))
			match = str_from(match, dir.n);
	}
	return path_join(a, to, match);
}

static err *copy_match(struct copying *c, str pattern, str match, str to)
{
	err *e;

	TRY(check_cancel(c));
	if (c->op->strategy == COMPOSE_EXTRACT) {
		if (!is_archive(match))
			return NULL;
		e = extract(c, match, to);
		return e ? err_wrap(e, "failed to extract tarball '%.*s' to '%.*s'", STR_ARG(match),
				    STR_ARG(to))
			 : NULL;
	}
	to = destination(c->a, pattern, match, to);
	e = copy_any(c, match, to);
	return e ? err_wrap(e, "failed to copy file '%.*s' to '%.*s'", STR_ARG(match), STR_ARG(to))
		 : NULL;
}

static err *find_matches(struct copying *c, str pattern, str alias, compose_names *kept)
{
	compose_names found = { 0 };
	err *e = c->op->strategy == COMPOSE_EXTRACT
			 ? compose_glob_double(c->a, c->fs, pattern, &found)
			 : compose_glob(c->a, c->fs, pattern, &found);

	if (e)
		return err_wrap(e, "invalid glob pattern '%.*s'", STR_ARG(pattern));
	if (!found.n)
		return err_new(ERR_INVALID, "no files match pattern '%.*s' in source '%.*s'",
			       STR_ARG(pattern), STR_ARG(alias));
	c->base = compose_selection_root(c->a, pattern);
	for (size_t i = 0; i < found.n; i++) {
		bool excluded;

		if (str_eq(found.p[i], S(".")))
			continue;
		TRY(compose_excludes(c->a, c->op, found.p[i], c->base, &excluded));
		if (!excluded)
			avec_push(c->a, kept, found.p[i]);
	}
	if (!kept->n)
		return err_new(ERR_INVALID,
			       "all files matching pattern '%.*s' in source '%.*s' were excluded",
			       STR_ARG(pattern), STR_ARG(alias));
	return NULL;
}

/* ---- an operation --------------------------------------------------------- */

static err *parse_from(str from, str *alias, str *pattern)
{
	if (!str_take(&from, '@'))
		return err_new(ERR_INVALID, "source must start with '@'");
	if (!str_split(from, '/', alias, pattern))
		return err_new(ERR_INVALID, "source format must be '@alias/pattern'");
	return NULL;
}

static const struct fs *source_fs(const struct compose_spec *s, str alias)
{
	for (size_t i = 0; i < s->sources_n; i++)
		if (str_eq(s->sources[i].alias, alias))
			return s->sources[i].fs;
	return NULL;
}

static err *apply(struct copying *c)
{
	str alias, pattern, to = c->op->to;
	compose_names matches = { 0 };
	err *e = parse_from(c->op->from, &alias, &pattern);

	if (e)
		return err_wrap(e, "invalid copy source '%.*s'", STR_ARG(c->op->from));
	if (!str_take_str(&to, S("@artifact/")))
		return err_new(ERR_INVALID,
			       "invalid copy destination '%.*s': destination must start with "
			       "'@artifact/'",
			       STR_ARG(to));
	c->fs = source_fs(c->spec, alias);
	if (!c->fs)
		return err_new(ERR_INVALID, "source alias '%.*s' not found", STR_ARG(alias));
	TRY(compose_check_excludes(c->op));
	if (!compose_is_glob(pattern))
		return copy_one(c, pattern, to);
	TRY(find_matches(c, pattern, alias, &matches));
	for (size_t i = 0; i < matches.n; i++)
		TRY(copy_match(c, pattern, matches.p[i], to));
	return NULL;
}

static err *apply_all(const struct compose_spec *s, struct compose_stage *stage)
{
	for (size_t i = 0; i < s->ops_n; i++) {
		struct copying c = { stage, stage->a, s, &s->ops[i], NULL, S(".") };
		err *e = check_cancel(&c);

		if (e)
			return e;
		e = apply(&c);
		if (e)
			return err_wrap(e, "failed to apply copy operation from '%.*s' to '%.*s'",
					STR_ARG(s->ops[i].from), STR_ARG(s->ops[i].to));
	}
	return NULL;
}

static err *list_placed(const struct compose_stage *stage, struct filelist *out)
{
	for (size_t i = 0; i < stage->placed.n; i++) {
		const struct map_entry *m = &stage->placed.entries[i];
		const struct compose_placed *p = m->value;
		struct filelist_entry entry = p->entry;

		if (p->dir)
			entry = (struct filelist_entry){ .type = FILELIST_DIR };
		entry.path = m->key;
		TRY(filelist_add(out, entry));
	}
	return filelist_sort(out);
}

err *compose_files(const struct compose_spec *s, struct filelist *out)
{
	struct compose_stage stage = { .a = out->a };
	err *e = apply_all(s, &stage);

	if (!e)
		e = list_placed(&stage, out);
	map_release(&stage.placed);
	return e;
}

/* ---- the hash ------------------------------------------------------------- */

static int by_path(const void *a, const void *b, void *ctx)
{
	const struct filelist_entry *const *x = a, *const *y = b;

	(void)ctx;
	return str_cmp((*x)->path, (*y)->path);
}

err *compose_hash(const struct filelist *l, str name, struct arena *a, str *out)
{
	CLEANUP(buf_release) struct buf lines = BUF_INIT;
	VEC(const struct filelist_entry *) files = { 0 };

	for (size_t i = 0; i < l->entries.n; i++)
		if (l->entries.p[i].type != FILELIST_DIR)
			avec_push(a, &files, &l->entries.p[i]);
	sort_stable(files.p, files.n, sizeof *files.p, by_path, NULL);
	for (size_t i = 0; i < files.n; i++) {
		CLEANUP(arena_release) struct arena own = ARENA_INIT;
		str text;

		if (str_find_char(files.p[i]->path, '\n') != STR_NPOS)
			return err_new(ERR_INVALID, "filenames with newlines are not supported");
		TRY(filelist_read(l, files.p[i], &own, &text));
		buf_addf(&lines, "%x  %.*s/%.*s\n", secret_adler32(text), STR_ARG(name),
			 STR_ARG(files.p[i]->path));
	}
	*out = arena_printf(a, "%u", secret_adler32(buf_str(&lines)));
	return NULL;
}
