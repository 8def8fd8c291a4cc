#include "controllers/local.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "controllers/runtime_impl.h"
#include "controllers/storage.h"
#include "source/worktree.h"

/* Writing has ended when nothing was written for so long; it is not waited
 * for longer than the second. */
#define QUIET (50 * CLOCK_MS)
#define QUIET_MAX (500 * CLOCK_MS)
enum { DIRS_MAX = 64 };

struct dir {
	const struct replacement *r;
	pthread_mutex_t lock;		/* of the tree */
	struct worktree *tree;
	bool scanned;			/* only then it can be watched */
};

struct local {
	struct runtime *rt;
	struct dir dirs[DIRS_MAX];
	size_t n;
	int stop[2];			/* a pipe: its end wakes the watcher, and ends it */
	pthread_t thread;
	atomic_bool stopping;
};

/* ---- watching -------------------------------------------------------------------- */

/* Whether something happened. */
static bool drain(struct dir *d)
{
	pthread_mutex_lock(&d->lock);
	bool any = worktree_drain(d->tree);

	pthread_mutex_unlock(&d->lock);
	return any;
}

/* Until it has been quiet for a while. */
static void settle(struct dir *d)
{
	int64_t until = clock_after(clock_mono(), QUIET_MAX);
	struct pollfd fd = { .fd = worktree_fd(d->tree), .events = POLLIN };

	while (clock_mono() < until && poll(&fd, 1, (int)(QUIET / CLOCK_MS)) > 0)
		drain(d);
}

static void *watch(void *arg)
{
	struct local *l = arg;
	struct pollfd fds[DIRS_MAX + 1];

	while (!atomic_load(&l->stopping)) {
		for (size_t i = 0; i < l->n; i++)
			fds[i] = (struct pollfd){ .fd = worktree_fd(l->dirs[i].tree),
						  .events = POLLIN };
		fds[l->n] = (struct pollfd){ .fd = l->stop[0], .events = POLLIN };
		if (poll(fds, l->n + 1, -1) <= 0)
			continue;
		if (fds[l->n].revents)
			break;
		for (size_t i = 0; i < l->n; i++) {
			const struct replacement *r = l->dirs[i].r;

			if (!fds[i].revents || !drain(&l->dirs[i]))
				continue;
			settle(&l->dirs[i]);
			objects_enqueue_all(l->rt, r->kind, r->namespace, r->name);
		}
	}
	return NULL;
}

/* ---- making ---------------------------------------------------------------------- */

static err *scan(struct dir *d, struct arena *a, struct worktree_state *out)
{
	pthread_mutex_lock(&d->lock);
	worktree_drain(d->tree);
	err *e = worktree_scan(d->tree, a, out);

	pthread_mutex_unlock(&d->lock);
	return e;
}

/* The first scan: from here on it is watched. */
static err *open_dir(struct local *l, const struct replacement *r)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct worktree_state state;
	struct dir *d = &l->dirs[l->n];

	if (l->n == DIRS_MAX)
		return err_new(ERR_INVALID, "more than %d directories stand for sources", DIRS_MAX);
	TRY(worktree_open(&d->tree, r->dir));
	d->r = r;
	pthread_mutex_init(&d->lock, NULL);
	l->n++;
	return scan(d, &a, &state);
}

err *local_new(struct local **out, struct runtime *rt)
{
	const struct settings *s = runtime_settings(rt);
	struct local *l = mem_calloc(1, sizeof *l);
	err *e = NULL;

	l->rt = rt;
	for (size_t i = 0; i < s->replacements_n && !e; i++)
		if (s->replacements[i].dir.n)
			e = open_dir(l, &s->replacements[i]);
	if (!e && l->n && pipe2(l->stop, O_CLOEXEC))
		e = err_errno(errno, "pipe");
	if (e || !l->n) {
		for (size_t i = 0; i < l->n; i++)
			worktree_close(l->dirs[i].tree);
		free(l);
		*out = NULL;
		return e;
	}
	if (pthread_create(&l->thread, NULL, watch, l))
		die_bug("pthread_create failed");
	*out = l;
	return NULL;
}

void local_free(struct local *l)
{
	if (!l)
		return;
	atomic_store(&l->stopping, true);
	close(l->stop[1]);
	pthread_join(l->thread, NULL);
	close(l->stop[0]);
	for (size_t i = 0; i < l->n; i++) {
		worktree_close(l->dirs[i].tree);
		pthread_mutex_destroy(&l->dirs[i].lock);
	}
	free(l);
}

/* ---- what stands for what ---------------------------------------------------------- */

const struct replacement *local_find(const struct settings *s, str kind, str namespace, str name)
{
	for (size_t i = 0; i < s->replacements_n; i++) {
		const struct replacement *r = &s->replacements[i];

		if (str_eq(r->kind, kind) && str_eq(r->name, name) &&
		    (!r->namespace.n || str_eq(r->namespace, namespace)))
			return r;
	}
	return NULL;
}

node local_replace(const struct settings *s, struct arena *a, node object)
{
	static const char *const there[] = { "secretRef", "certSecretRef", "proxySecretRef",
					     "provider", "type", "insecure" };
	node meta = node_get(object, S("metadata")), spec = node_get(object, S("spec"));
	const struct replacement *r =
		s->replacements_n ? local_find(s, node_str(node_get(object, S("kind"))),
					       node_str(node_get(meta, S("namespace"))),
					       node_str(node_get(meta, S("name"))))
				  : NULL;

	if (!r || !r->url.n || spec.kind != NODE_MAP)
		return object;
	node copy = node_map_of(a, object.map->pairs, object.map->n);
	node own = node_map_of(a, spec.map->pairs, spec.map->n);

	for (size_t i = 0; i < sizeof there / sizeof *there; i++)
		node_remove(own, str_c(there[i]));
	node_set(a, own, S("url"), node_from_str(a, r->url));
	node_set(a, copy, S("spec"), own);
	return copy;
}

/* ---- a pass --------------------------------------------------------------------------- */

static struct dir *dir_of(struct local *l, const struct replacement *r)
{
	for (size_t i = 0; l && i < l->n; i++)
		if (l->dirs[i].r == r)
			return &l->dirs[i];
	die_bug("a directory that was not opened");
}

static err *store_files(struct pass *p, struct worktree_state *state, struct artifact *out)
{
	struct artifact_owner owner = storage_owner(p);
	node rules = node_get(p->spec, S("ignore"));
	str text = node_str(rules);
	char hex[GITID_HEX + 1];
	struct ignore *ignore;

	TRY(filelist_ignore(&state->files, p->arena, rules.kind == NODE_STR ? &text : NULL, &ignore));
	gitid_print(&state->tree, hex);
	return artifact_add_list(runtime_store(p->rt), p->arena, &owner,
				 arena_cat(p->arena, str_c(hex), S(".tar.gz")), state->revision,
				 &state->files, ignore, out);
}

struct outcome local_reconcile(struct local *l, struct pass *p, const struct replacement *r)
{
	struct artifact before, now;
	struct worktree_state state;
	bool have;
	err *e;

	storage_begin(p, &before, &have);
	e = scan(dir_of(l, r), p->arena, &state);
	if (e)
		return pass_failure(p, failure_mark(e, FAILURE_GENERIC, "FetchFailed",
						    "ReadOperationFailed"));
	/* The revision of a dirty tree names its content; the rules are the spec's. */
	bool same = have && str_eq(before.revision, state.revision) &&
		    node_int(node_get(p->status, S("observedGeneration"))) == p->generation;

	now = before;
	if (!same)
		e = store_files(p, &state, &now);
	if (e)
		return pass_failure(p, failure_mark(e, FAILURE_GENERIC, "StorageOperationFailed",
						    "ArchiveOperationFailed"));
	str message = arena_printf(p->arena, "stored artifact for revision '%.*s'",
				   STR_ARG(now.revision));
	bool recovered = storage_keep(p, &now, message);

	storage_tell(p, &now, recovered, message);
	return pass_succeed(p, S("Succeeded"), message);
}
