#include "source/worktree.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/proc.h"
#include "base/sort.h"

enum { IGNORE_FILE_MAX = 1 << 20, GIT_OUT_MAX = 64 << 10 };
#define GIT_TIME (10 * CLOCK_SECOND)

/* The hash of a file as it was. */
struct known {
	struct fs_info info;
	struct gitid id;
	struct known *next; /* to free */
	char path[];
};

struct worktree {
	struct fs *fs;
	int watch;
	size_t watches;
	enum gitid_algo algo; /* of `known` */
	struct map known;
	struct known *all;
};

/* ---- life ----------------------------------------------------------------- */

err *worktree_open(struct worktree **out, str dir)
{
	struct fs *fs;

	TRY(fs_open(&fs, dir, &(struct fs_options){ .links = FS_LINKS_REFUSE }));
	struct worktree *w = mem_calloc(1, sizeof *w);

	w->fs = fs;
	w->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	*out = w;
	return NULL;
}

static void forget_all(struct worktree *w)
{
	for (struct known *k = w->all, *next; k; k = next) {
		next = k->next;
		free(k);
	}
	w->all = NULL;
	map_clear(&w->known);
}

void worktree_close(struct worktree *w)
{
	if (!w)
		return;
	forget_all(w);
	map_release(&w->known);
	if (w->watch >= 0)
		close(w->watch);
	fs_close(w->fs);
	free(w);
}

void worktree_drop(struct worktree **w)
{
	worktree_close(*w);
}

int worktree_fd(const struct worktree *w)
{
	return w->watch;
}

bool worktree_drain(struct worktree *w)
{
	char events[16 << 10];
	bool any = false;

	while (read(w->watch, events, sizeof events) > 0)
		any = true;
	return any;
}

static void watch_dir(struct worktree *w, struct arena *a, str dir)
{
	static const uint32_t events = IN_CREATE | IN_DELETE | IN_CLOSE_WRITE | IN_MOVED_FROM |
				       IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_ONLYDIR;

	if (w->watch < 0 || w->watches >= WORKTREE_WATCHES_MAX)
		return;
	str path = arena_cat(a, fs_root(w->fs), S("/"), dir);

	/* Known ones keep their watch; where there are too many, changes are
	 * seen at the next interval. */
	if (inotify_add_watch(w->watch, path.p, events) >= 0)
		w->watches++;
}

/* ---- which files ------------------------------------------------------------ */

struct scan {
	struct worktree *w;
	struct arena *a;
	struct filelist *l;
	struct ignore *ignore;
};

static err *read_rules(struct scan *s, str dir)
{
	str path = dir.n ? arena_cat(s->a, dir, S("/.gitignore")) : S(".gitignore"), text;

	if (!fs_is_file(s->w->fs, path))
		return NULL;
	TRY(fs_read(s->w->fs, s->a, path, IGNORE_FILE_MAX, &text));
	ignore_add(s->ignore, text, dir);
	return NULL;
}

static err *visit(void *ctx, str path, const struct fs_entry *e, enum fs_step *next)
{
	struct scan *s = ctx;
	bool dir = e->type == FS_DIR;

	if (str_eq(e->name, S(".git")) || e->type == FS_OTHER ||
	    ignore_match(s->ignore, path, dir)) {
		if (dir)
			*next = FS_SKIP;
		return NULL;
	}
	if (dir) {
		watch_dir(s->w, s->a, path);
		return read_rules(s, arena_str(s->a, path));
	}
	path = arena_str(s->a, path);
	return filelist_add(s->l, (struct filelist_entry){
					  .path = path,
					  .type = e->type == FS_LINK    ? FILELIST_LINK
						  : e->info.mode & 0100 ? FILELIST_EXEC
									: FILELIST_FILE,
					  .from = FILELIST_FS,
					  .fs = s->w->fs,
					  .below = path,
				  });
}

/* Where Git writes when HEAD moves. */
static const str heads[] = { S(".git"), S(".git/logs"), S(".git/refs/heads") };

static err *list_files(struct worktree *w, struct arena *a, struct filelist *l)
{
	struct scan s = { w, a, l, ignore_new(a) };
	str text;

	w->watches = 0;
	watch_dir(w, a, STR_NONE);
	/* A commit changes what is dirty, and no file. */
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		if (fs_is_dir(w->fs, heads[i]))
			watch_dir(w, a, heads[i]);
	if (fs_is_file(w->fs, S(".git/info/exclude"))) {
		TRY(fs_read(w->fs, a, S(".git/info/exclude"), IGNORE_FILE_MAX, &text));
		ignore_add(s.ignore, text, STR_NONE);
	}
	TRY(read_rules(&s, STR_NONE));
	TRY(fs_walk(w->fs, STR_NONE,
		    &(struct fs_walk){ .max_entries = FILELIST_MAX,
				       .info = true,
				       .max_depth = FILELIST_DEPTH_MAX,
				       .visit = visit,
				       .ctx = &s }));
	return filelist_sort(l);
}

/* ---- what they hold ----------------------------------------------------------- */

static bool is_same(const struct fs_info *a, const struct fs_info *b)
{
	return a->size == b->size && a->mtime == b->mtime && a->ino == b->ino && a->dev == b->dev;
}

static struct known *remember(struct worktree *w, str path)
{
	struct known *k = mem_calloc(1, sizeof *k + path.n + 1);

	memcpy(k->path, path.p, path.n);
	k->next = w->all;
	w->all = k;
	map_set(&w->known, str_of(k->path, path.n), k);
	return k;
}

static err *hash_file(struct worktree *w, struct gitid_hash *h, const struct filelist *l,
		      const struct filelist_entry *e, struct gitid *out)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct known *k = map_get(&w->known, e->path);
	struct fs_info info;
	str bytes;

	TRY(fs_lstat(w->fs, e->path, &info));
	if (k && is_same(&k->info, &info)) {
		*out = k->id;
		return NULL;
	}
	TRY(filelist_read(l, e, &a, &bytes));
	*out = gitid_hash_object(h, S("blob"), bytes);
	if (!k)
		k = remember(w, e->path);
	k->info = info;
	k->id = *out;
	return NULL;
}

/* ---- the tree they make ---------------------------------------------------------- */

struct part {
	str name; /* a directory's with '/' behind it: so Git sorts */
	const char *mode;
	struct gitid id;
};

static int compare(const void *a, const void *b, void *ctx)
{
	(void)ctx;
	return str_cmp(((const struct part *)a)->name, ((const struct part *)b)->name);
}

static struct gitid hash_parts(struct gitid_hash *h, struct part *parts, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	sort_stable(parts, n, sizeof *parts, compare, NULL);
	for (size_t i = 0; i < n; i++) {
		str name = str_trim_right_set(parts[i].name, S("/"));

		buf_addf(&b, "%s %.*s", parts[i].mode, STR_ARG(name));
		buf_addc(&b, 0);
		buf_bytes(&b, parts[i].id.b, parts[i].id.n);
	}
	return gitid_hash_object(h, S("tree"), buf_str(&b));
}

static const char *mode_of(enum filelist_type type)
{
	static const char *const modes[] = {
		[FILELIST_FILE] = "100644",
		[FILELIST_EXEC] = "100755",
		[FILELIST_LINK] = "120000",
		[FILELIST_DIR] = "40000",
	};

	return modes[type];
}

/* The entries from *i on that lie below `dir` ("a/b/", or "" for the root). */
static err *hash_tree(struct worktree *w, struct gitid_hash *h, struct arena *a,
		      const struct filelist *l, size_t *i, str dir, struct gitid *out)
{
	VEC(struct part) parts = { 0 };

	while (*i < l->entries.n && str_starts(l->entries.p[*i].path, dir)) {
		const struct filelist_entry *e = &l->entries.p[*i];
		str rest = str_from(e->path, dir.n);
		size_t slash = str_find_char(rest, '/');
		struct part part = { .name = rest, .mode = mode_of(e->type) };

		if (slash == STR_NPOS) {
			++*i;
			TRY(hash_file(w, h, l, e, &part.id));
		} else {
			str below = str_sub(e->path, 0, dir.n + slash + 1);

			part = (struct part){ .name = str_sub(rest, 0, slash + 1),
					      .mode = mode_of(FILELIST_DIR) };
			TRY(hash_tree(w, h, a, l, i, below, &part.id));
		}
		avec_push(a, &parts, part);
	}
	*out = hash_parts(h, parts.p, parts.n);
	return NULL;
}

/* ---- HEAD ------------------------------------------------------------------------- */

struct head {
	enum gitid_algo algo;
	struct gitid commit, tree; /* n 0: there is none */
	str branch;                /* empty: detached */
};

static const char *home_of_user(struct arena *a)
{
	const char *home = getenv("HOME");

	return home ? arena_printf(a, "HOME=%s", home).p : "HOME=/nonexistent";
}

static err *run_git(struct worktree *w, struct arena *a, str *out)
{
	static const char *const argv[] = {
		"git",
		"-c",
		"core.fsmonitor=false",
		"-c",
		"core.hooksPath=/dev/null",
		"-c",
		"protocol.allow=never",
		"rev-parse",
		"--show-object-format",
		"HEAD",
		"HEAD:./",
		"--symbolic-full-name",
		"HEAD",
		NULL,
	};
	const char *const env[] = {
		"PATH=/usr/local/bin:/usr/bin:/bin",
		"LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0",
		"GIT_OPTIONAL_LOCKS=0",
		home_of_user(a),
		NULL,
	};
	struct proc_result r;
	err *e = proc_run(&(struct proc_spec){ .argv = argv,
					       .env = env,
					       .dir = fs_root(w->fs).p,
					       .max_out = GIT_OUT_MAX,
					       .timeout = GIT_TIME },
			  &r);

	*out = !e && !r.exit ? arena_str(a, buf_str(&r.out)) : STR_NONE;
	proc_release(&r);
	return e;
}

/* A directory that is in no repository, or in one without a commit, and a
 * machine without git: all the same, there is no HEAD. */
static void read_head(struct worktree *w, struct arena *a, struct head *out)
{
	str text, format, commit, tree, name;
	err *e = run_git(w, a, &text);

	*out = (struct head){ .algo = GITID_SHA256 };
	err_free(e);
	if (e || !str_line(&text, &format) || !str_line(&text, &commit) ||
	    !str_line(&text, &tree) || !str_line(&text, &name) ||
	    !gitid_parse(&out->commit, commit) || !gitid_parse(&out->tree, tree)) {
		*out = (struct head){ .algo = GITID_SHA256 };
		return;
	}
	out->algo = gitid_algo_of(&out->commit);
	if (str_take_str(&name, S("refs/heads/")))
		out->branch = name;
}

static str revision_of(struct arena *a, const struct head *h, const struct gitid *tree, bool dirty)
{
	char hex[GITID_HEX + 1], tree_hex[GITID_HEX + 1];

	gitid_print(tree, tree_hex);
	if (!h->commit.n)
		return arena_cat(a, S("local@"), gitid_algo_name(h->algo), S(":"), str_c(tree_hex));
	gitid_print(&h->commit, hex);
	return arena_cat(a, h->branch, h->branch.n ? S("@") : STR_NONE, gitid_algo_name(h->algo),
			 S(":"), str_c(hex), dirty ? S("-dirty.") : STR_NONE,
			 dirty ? str_of(tree_hex, 12) : STR_NONE);
}

err *worktree_scan(struct worktree *w, struct arena *a, struct worktree_state *out)
{
	CLEANUP(gitid_hash_release) struct gitid_hash h = { 0 };
	struct worktree_state s = { .files = FILELIST_INIT(a) };
	struct head head;
	size_t i = 0;

	read_head(w, a, &head);
	if (head.algo != w->algo)
		forget_all(w);
	w->algo = head.algo;
	TRY(gitid_hash_init(&h, head.algo));
	TRY(list_files(w, a, &s.files));
	TRY(hash_tree(w, &h, a, &s.files, &i, STR_NONE, &s.tree));
	s.dirty = !gitid_eq(&s.tree, &head.tree);
	s.revision = revision_of(a, &head, &s.tree, s.dirty);
	*out = s;
	return NULL;
}
