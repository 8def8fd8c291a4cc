#include "controllers/compose_impl.h"

#include "text/path.h"

/* ---- where a path leads --------------------------------------------------- */

enum leads { LEADS_IN, LEADS_OUT, LEADS_NOWHERE, LEADS_THROUGH_FILE };

static const struct compose_placed root = { .dir = true };

static const struct compose_placed *find(const struct compose_stage *s, str key)
{
	return key.n ? map_get(&s->placed, key) : &root;
}

static str parent_of(str key)
{
	size_t slash = str_rfind_char(key, '/');

	return slash == STR_NPOS ? STR_NONE : str_sub(key, 0, slash);
}

/* The clean path of what `path` means, which need not be there; what is above
 * it must. */
static enum leads follow(const struct compose_stage *s, str path, str *key)
{
	str name, at = STR_NONE;

	if (path.n && path.p[0] == '/')
		return LEADS_OUT;
	while (str_cut(&path, &name, '/')) {
		const struct compose_placed *here = find(s, at);

		if (!here)
			return LEADS_NOWHERE;
		if (!here->dir)
			return LEADS_THROUGH_FILE;
		if (!name.n || str_eq(name, S(".")))
			continue;
		if (str_eq(name, S(".."))) {
			if (!at.n)
				return LEADS_OUT;
			at = parent_of(at);
			continue;
		}
		at = at.n ? arena_cat(s->a, at, S("/"), name) : name;
	}
	*key = at;
	return LEADS_IN;
}

static err *fail(const char *op, str path, enum leads where)
{
	switch (where) {
	case LEADS_OUT:
		return err_new(ERR_INVALID, "%s %.*s: path escapes from parent", op, STR_ARG(path));
	case LEADS_NOWHERE:
		return err_new(ERR_INVALID, "%s %.*s: no such file or directory", op,
			       STR_ARG(path));
	case LEADS_THROUGH_FILE:
		return err_new(ERR_INVALID, "%s %.*s: not a directory", op, STR_ARG(path));
	case LEADS_IN:
		break;
	}
	return err_new(ERR_INVALID, "%s %.*s: is a directory", op, STR_ARG(path));
}

const struct compose_placed *compose_stage_at(struct compose_stage *s, str path)
{
	str key;

	return follow(s, path, &key) == LEADS_IN ? find(s, key) : NULL;
}

/* ---- changing ------------------------------------------------------------- */

static err *place(struct compose_stage *s, str key, struct compose_placed **out)
{
	if (s->placed.n >= FILELIST_MAX)
		return err_new(ERR_INVALID, "the artifact has more than %d files", FILELIST_MAX);
	*out = arena_new(s->a, struct compose_placed);
	map_set(&s->placed, arena_str(s->a, key), *out);
	return NULL;
}

static err *make_dir(struct compose_stage *s, str key)
{
	struct compose_placed *made;

	TRY(place(s, key, &made));
	made->dir = true;
	return NULL;
}

err *compose_stage_mkdirs(struct compose_stage *s, str path)
{
	if (!path.n || str_eq(path, S(".")))
		return NULL;
	if (path.p[0] == '/')
		return fail("mkdirat", S("/"), LEADS_OUT);
	if (str_eq(path, S("..")) || str_starts(path, S("../")))
		return fail("mkdirat", S(".."), LEADS_OUT);
	bool through = false;

	for (size_t i = 0; i <= path.n; i++) {
		if (i < path.n && path.p[i] != '/')
			continue;
		str key = str_sub(path, 0, i);
		const struct compose_placed *there = find(s, key);

		if (through)
			return fail("mkdirat", key, LEADS_THROUGH_FILE);
		if (!there)
			TRY(make_dir(s, key));
		through = there && !there->dir;
	}
	return NULL;
}

err *compose_stage_put(struct compose_stage *s, str path, const struct filelist_entry *e)
{
	str key, dir = path_dir(s->a, path);
	err *bad = compose_stage_mkdirs(s, dir);

	if (bad)
		return err_wrap(bad, "failed to create destination directory");
	enum leads where = follow(s, path, &key);

	if (where != LEADS_IN)
		return fail("openat", path, where);
	struct compose_placed *there = key.n ? map_get(&s->placed, key) : NULL;

	if (!key.n || (there && there->dir))
		return fail("openat", path, LEADS_IN);
	if (!there)
		TRY(place(s, key, &there));
	there->entry = *e;
	return NULL;
}

err *compose_stage_rewrite(struct compose_stage *s, str path, str text)
{
	str key;
	enum leads where = follow(s, path, &key);
	struct compose_placed *there = where == LEADS_IN && key.n ? map_get(&s->placed, key) : NULL;

	if (!there || there->dir)
		return fail("openat", path, where);
	TRY(compose_stage_hold(s, text.n));
	there->entry.from = FILELIST_TEXT;
	there->entry.text = text;
	return NULL;
}

err *compose_stage_hold(struct compose_stage *s, size_t n)
{
	if (n > COMPOSE_BYTES_MAX - s->held)
		return err_new(ERR_INVALID, "what is merged and extracted is larger than %d bytes",
			       COMPOSE_BYTES_MAX);
	s->held += n;
	return NULL;
}
