#include "cli/up_entry.h"

#include "base/sort.h"
#include "text/path.h"

/* Nobody's entry point lies deeper, and few things are found sooner. */
enum { DEPTH = 6, FOUND_MAX = 100000 };

enum sign { SIGN_SYNC, SIGN_SYSTEM, SIGN_BOOTSTRAP, SIGN_CLUSTERS, SIGN_YAML, SIGNS };

struct search {
	struct arena *a;
	struct up_entries found[SIGNS];
};

static void add(struct search *s, enum sign sign, str path)
{
	struct up_entries *e = &s->found[sign];

	if (!path.n || str_eq(path, S(".")))
		path = S(".");
	for (size_t i = 0; i < e->n; i++)
		if (str_eq(e->paths[i], path))
			return;
	if (e->n < UP_ENTRIES_MAX)
		e->paths[e->n++] = arena_str(s->a, path);
}

static bool is_yaml(str name)
{
	return str_ends(name, S(".yaml")) || str_ends(name, S(".yml"));
}

static err *visit(void *ctx, str path, const struct fs_entry *e, enum fs_step *next)
{
	struct search *s = ctx;
	str dir = path_dir(s->a, path);

	if (e->type == FS_DIR && str_eq(e->name, S(".git"))) {
		*next = FS_SKIP;
		return NULL;
	}
	if (e->type == FS_DIR && str_count_char(path, '/') + 1 >= DEPTH)
		*next = FS_SKIP;
	if (e->type == FS_DIR && str_eq(e->name, S("flux-system")))
		add(s, SIGN_SYSTEM, dir);
	else if (e->type == FS_DIR && str_eq(path, S("bootstrap")))
		add(s, SIGN_BOOTSTRAP, path);
	else if (e->type == FS_DIR && str_eq(dir, S("clusters")))
		add(s, SIGN_CLUSTERS, path);
	else if (e->type == FS_FILE && str_eq(e->name, S("gotk-sync.yaml")))
		add(s, SIGN_SYNC, path_dir(s->a, dir));
	else if (e->type == FS_FILE && str_eq(path, e->name) && is_yaml(path))
		add(s, SIGN_YAML, S("."));
	return NULL;
}

err *up_entry_find(struct arena *a, const struct fs *fs, struct up_entries *out)
{
	struct search *s = arena_new(a, struct search);
	const struct fs_walk w = { .max_entries = FOUND_MAX, .visit = visit, .ctx = s };

	s->a = a;
	TRY(fs_walk(fs, STR_NONE, &w));
	*out = (struct up_entries){ .n = 0 };
	for (size_t i = 0; i < SIGNS && !out->n; i++)
		*out = s->found[i];
	sort_strs(out->paths, out->n);
	return NULL;
}

str up_entry_clean(struct arena *a, str path)
{
	path = path_clean(a, path);
	str_take_str(&path, S("./"));
	path = str_trim_set(path, S("/"));
	return path.n ? path : S(".");
}
