#include "source/sigstore.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/fs.h"
#include "source/sigroot.h"
#include "source/sigstore_root.h"
#include "source/tuf.h"
#include "text/path.h"
#include "value/json.h"

#define TIMEOUT (10 * CLOCK_SECOND) /* of a whole visit: a worker waits so long at most */
enum { MEMORY_MAX = 128 << 20 };    /* of a visit */

struct sigstore {
	struct net_client *net;
	struct arena mem;
	str mirror, root_file, dir;

	pthread_mutex_t m;
	pthread_cond_t changed;
	/* Locked by m, but for `memory`, which is the fetcher's. */
	bool fetching;
	struct tuf_memory memory;
	struct buf got, failure; /* empty: there is none */
	int64_t next;            /* when to fetch again */
};

struct sigstore *sigstore_new(const struct sigstore_options *o)
{
	struct sigstore *s = mem_calloc(1, sizeof *s);

	s->net = o->net;
	s->mirror = arena_str(&s->mem, str_trim_right_set(o->mirror, S("/")));
	s->root_file = arena_str(&s->mem, o->root_file);
	s->dir = arena_str(&s->mem, o->dir);
	pthread_mutex_init(&s->m, NULL);
	pthread_cond_init(&s->changed, NULL);
	return s;
}

void sigstore_free(struct sigstore *s)
{
	if (!s)
		return;
	tuf_memory_release(&s->memory);
	buf_release(&s->got);
	buf_release(&s->failure);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->m);
	arena_release(&s->mem);
	free(s);
}

/* ---- fetching ---------------------------------------------------------------------- */

struct fetch {
	const struct sigstore *s;
	const atomic_bool *cancel;
	int64_t until;
};

static err *get(void *ctx, struct arena *a, str url, size_t max, str *out)
{
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	const struct fetch *f = ctx;
	int64_t left = f->until - clock_mono();
	const struct net_request q = {
		.url = url, .timeout = left > 0 ? left : 1, .max_body = max, .cancel = f->cancel
	};

	TRY(net_do(f->s->net, &q, &r));
	if (r.status != 200)
		return err_new(r.status == 404 ? ERR_NOT_FOUND : ERR_UNAVAILABLE,
			       "failed to download %.*s, http status code: %d", STR_ARG(url),
			       r.status);
	*out = arena_str(a, buf_str(&r.body));
	return NULL;
}

/* As `cosign initialize` left it: {"mirror": "https://..."}. */
static err *find_mirror(const struct sigstore *s, struct arena *a, str *out)
{
	str text;
	node n;

	*out = s->mirror.n ? s->mirror : S(SIGSTORE_MIRROR);
	if (s->mirror.n || !s->dir.n)
		return NULL;
	err *e = fs_read_any(a, path_join(a, s->dir, S("remote.json")), TUF_ROOT_MAX, &text);

	if (e && err_kind(e) == ERR_NOT_FOUND) {
		err_free(e);
		return NULL;
	}
	if (e)
		return err_wrap(e, "error setting TUF options: error setting TUF mirror: error reading "
				   "remote.json");
	e = json_read(a, text, NULL, &n);
	if (e)
		return err_wrap(e, "error setting TUF options: error setting TUF mirror: error "
				   "unmarshalling remote.json");
	*out = str_trim_right_set(node_str(node_get(n, S("mirror"))), S("/"));
	return NULL;
}

/* Where the root of a mirror is kept: its URL without the scheme, in small letters, "-" for
 * slashes and colons. */
static str kept_root(struct arena *a, str dir, str mirror)
{
	if (!str_take_str(&mirror, S("https://")))
		str_take_str(&mirror, S("http://"));
	CLEANUP(buf_release) struct buf name = BUF_INIT;

	for (size_t i = 0; i < mirror.n; i++)
		buf_addc(&name, mirror.p[i] == '/' || mirror.p[i] == ':' ? '-' : mirror.p[i]);
	return path_join(a, path_join(a, dir, arena_lower(a, buf_str(&name))), S("root.json"));
}

static err *no_root(str mirror)
{
	return err_new(ERR_INVALID,
		       "error setting TUF options: error setting root: could not find cached "
		       "root.json (for the mirror %.*s name its file by TUF_ROOT_JSON)",
		       STR_ARG(mirror));
}

/* The root that comes with rill is that of one repository. */
static err *find_root(const struct sigstore *s, struct arena *a, str mirror, str *out)
{
	bool named = s->root_file.n;

	if (str_eq(mirror, S(SIGSTORE_MIRROR))) {
		*out = str_of(sigstore_root, sizeof sigstore_root - 1);
		return NULL;
	}
	if (!named && !s->dir.n)
		return no_root(mirror);
	err *e = fs_read_any(a, named ? s->root_file : kept_root(a, s->dir, mirror), TUF_ROOT_MAX, out);

	if (!e)
		return NULL;
	if (!named && err_kind(e) == ERR_NOT_FOUND) {
		err_free(e);
		return no_root(mirror);
	}
	return err_wrap(e, "error setting TUF options: error setting root: error reading %s",
			named ? "root.json given by TUF_ROOT_JSON" : "cached root.json");
}

static err *fetch(struct sigstore *s, struct arena *a, const atomic_bool *cancel, str *out)
{
	struct fetch f = { s, cancel, clock_after(clock_mono(), TIMEOUT) };
	struct tuf_mirror mirror = { .get = get, .ctx = &f };
	struct sigroot parsed;
	str root;

	TRY(find_mirror(s, a, &mirror.url));
	TRY(find_root(s, a, mirror.url, &root));
	err *e = tuf_get(a, &mirror, &s->memory, root, S("trusted_root.json"),
			 clock_wall() / CLOCK_SECOND, out);

	if (e && s->memory.refreshed)
		return err_wrap(
			e, "error getting live trusted root: failed to get target from TUF client "
			   "failed to download target file trusted_root.json");
	if (e)
		return err_wrap(
			e, "error getting live trusted root: failed to create TUF client failed to "
			   "load metadata: tuf refresh failed");
	TRY(sigroot_read(&parsed, *out));
	sigroot_release(&parsed);
	return NULL;
}

static void keep(struct buf *b, str text)
{
	buf_clear(b);
	buf_add(b, text);
}

/* By the one who said so. A fetch that was canceled says nothing of the mirror. */
static void end_fetch(struct sigstore *s, const err *e, str got, bool canceled)
{
	int64_t now = clock_mono();

	pthread_mutex_lock(&s->m);
	s->fetching = false;
	if (!e) {
		keep(&s->got, got);
		buf_clear(&s->failure);
		s->next = clock_after(now, SIGSTORE_REFRESH);
	} else if (!canceled) {
		keep(&s->failure, err_text(e));
		s->next = clock_after(now, s->got.n ? SIGSTORE_RETRY_OLD : SIGSTORE_RETRY);
	}
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->m);
}

/* ---- asking -------------------------------------------------------------------------- */

static bool is_canceled(const atomic_bool *cancel)
{
	return cancel && atomic_load(cancel);
}

/* Whether there is an answer; else it is the caller's to fetch. Nobody waits for another's
 * second attempt: what is known is told. */
static bool find(struct sigstore *s, struct arena *a, const atomic_bool *cancel, err **e, str *out)
{
	bool found = true;

	pthread_mutex_lock(&s->m);
	while (s->fetching && !s->got.n && !s->failure.n && !is_canceled(cancel)) {
		struct timespec soon = clock_timespec(clock_wall() + CLOCK_SECOND / 10);

		pthread_cond_timedwait(&s->changed, &s->m, &soon);
	}
	bool settled = s->fetching || clock_mono() < s->next;

	if (s->got.n && settled)
		*out = arena_str(a, buf_str(&s->got));
	else if (s->failure.n && settled)
		*e = err_new(ERR_UNAVAILABLE, "%.*s", STR_ARG(buf_str(&s->failure)));
	else if (s->fetching)
		*e = err_new(ERR_CANCELED, "context canceled");
	else
		found = false;
	s->fetching = s->fetching || !found;
	pthread_mutex_unlock(&s->m);
	return found;
}

/* What was fetched before goes on, whatever came of it now. */
static err *fetch_once(struct sigstore *s, struct arena *a, const atomic_bool *cancel, str *out)
{
	CLEANUP(arena_release) struct arena scratch = ARENA_BUDGET(MEMORY_MAX);
	str got = STR_NONE;
	err *e = fetch(s, &scratch, cancel, &got);

	end_fetch(s, e, got, is_canceled(cancel));
	pthread_mutex_lock(&s->m);
	*out = arena_str(a, buf_str(&s->got));
	pthread_mutex_unlock(&s->m);
	if (!e || !out->n)
		return e;
	err_free(e);
	return NULL;
}

err *sigstore_get(struct sigstore *s, struct arena *a, const atomic_bool *cancel, str *out)
{
	err *e = NULL;

	if (!find(s, a, cancel, &e, out))
		e = fetch_once(s, a, cancel, out);
	return e ? err_wrap(e, "unable to initialize trusted root") : NULL;
}
