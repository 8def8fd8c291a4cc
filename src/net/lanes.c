#include "net/lanes.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "net/client_impl.h"
#include "net/quick.h"

/* So long a server that is not ordinary is left to the client. */
#define LANES_REST (30 * CLOCK_SECOND)

/* A request with more is one without a name of its own. */
enum { LANES_HEADERS = 16 };

/* One server, as one who asks sees it. */
struct lane {
	struct lane *next;
	struct arena mem; /* holds the texts */
	str server;
	struct net_tls tls;
	enum net_addresses addresses;
	struct quick_site *site;        /* NULL: not ordinary */
	struct quick *idle[LANES_EACH]; /* the last one was used last */
	size_t idle_n, open_n;          /* `open_n` counts those in use as well */
	int64_t rests_until;            /* clock_mono */
	int64_t used;                   /* the last time */
};

struct lanes {
	pthread_mutex_t lock; /* of all lanes */
	struct lane *first;
	size_t n;
};

/* ---- which lane ---------------------------------------------------------------- */

static bool is_same_tls(const struct net_tls *a, const struct net_tls *b)
{
	return a->insecure == b->insecure && a->ca_and_system == b->ca_and_system &&
	       str_eq(a->ca, b->ca) && str_eq(a->cert, b->cert) && str_eq(a->key, b->key) &&
	       str_eq(a->server_name, b->server_name);
}

static void free_lane(struct lane *lane)
{
	while (lane->idle_n)
		quick_free(lane->idle[--lane->idle_n]);
	quick_site_free(lane->site);
	arena_release(&lane->mem);
	free(lane);
}

/* Of the lanes that nobody uses the one that waits longest gives way. */
static void make_room(struct lanes *l)
{
	struct lane **oldest = NULL;

	for (struct lane **i = &l->first; *i; i = &(*i)->next)
		if ((*i)->open_n == (*i)->idle_n && (!oldest || (*i)->used < (*oldest)->used))
			oldest = i;
	if (!oldest)
		return;
	struct lane *gone = *oldest;

	*oldest = gone->next;
	l->n--;
	free_lane(gone);
}

static struct lane *add_lane(struct lanes *l, str server, const struct net_tls *tls,
			     enum net_addresses addresses)
{
	struct lane *lane = mem_calloc(1, sizeof *lane);
	struct arena *a = &lane->mem;

	lane->server = arena_str(a, server);
	lane->tls = (struct net_tls){ .ca = arena_str(a, tls->ca),
				      .ca_and_system = tls->ca_and_system,
				      .cert = arena_str(a, tls->cert),
				      .key = arena_str(a, tls->key),
				      .server_name = arena_str(a, tls->server_name),
				      .insecure = tls->insecure };
	lane->addresses = addresses;
	lane->site = quick_site_new(lane->server, &lane->tls, addresses);
	lane->next = l->first;
	l->first = lane;
	l->n++;
	return lane;
}

static struct lane *find_lane(struct lanes *l, str server, const struct net_request *r)
{
	static const struct net_tls usual = { 0 };
	const struct net_tls *tls = r->tls ? r->tls : &usual;

	for (struct lane *i = l->first; i; i = i->next)
		if (i->addresses == r->addresses && str_eq(i->server, server) &&
		    is_same_tls(&i->tls, tls))
			return i;
	if (l->n == LANES_SERVERS)
		make_room(l);
	return l->n < LANES_SERVERS ? add_lane(l, server, tls, r->addresses) : NULL;
}

/* ---- a connection of it ---------------------------------------------------------- */

/* The one that was used last; its server may have ended it. */
static struct quick *take_idle(struct lane *lane)
{
	while (lane->idle_n) {
		struct quick *q = lane->idle[--lane->idle_n];

		if (quick_is_alive(q))
			return q;
		quick_free(q);
		lane->open_n--;
	}
	return NULL;
}

static struct quick *take(struct lanes *l, str server, const struct net_request *r,
			  struct lane **out, bool *fresh)
{
	struct quick *q = NULL;

	*fresh = false;
	pthread_mutex_lock(&l->lock);
	struct lane *lane = find_lane(l, server, r);
	int64_t now = clock_mono();

	if (lane)
		lane->used = now;
	if (lane && lane->site && lane->rests_until <= now) {
		q = take_idle(lane);
		*fresh = !q;
		if (!q && lane->open_n < LANES_EACH) {
			q = quick_new(lane->site);
			lane->open_n++;
		}
	}
	pthread_mutex_unlock(&l->lock);
	*out = lane;
	return q;
}

static void give_back(struct lanes *l, struct lane *lane, struct quick *q, bool refused)
{
	pthread_mutex_lock(&l->lock);
	bool kept = quick_is_idle(q);

	if (kept)
		lane->idle[lane->idle_n++] = q;
	else
		lane->open_n--;
	if (refused)
		lane->rests_until = clock_after(clock_mono(), LANES_REST);
	pthread_mutex_unlock(&l->lock);
	if (!kept)
		quick_free(q);
}

/* ---- calls ------------------------------------------------------------------------- */

static struct quick_call *start(struct quick *q, const struct net_request *r, str user_agent)
{
	struct net_header headers[LANES_HEADERS + 1];
	struct net_request mine = *r;

	if (!mine.max_body || mine.max_body > LANES_BODY)
		mine.max_body = LANES_BODY;
	if (!client_has_header(r, S("User-Agent")) && r->headers_n <= LANES_HEADERS) {
		memcpy(headers, r->headers, r->headers_n * sizeof *headers);
		headers[mine.headers_n++] = (struct net_header){ S("User-Agent"), user_agent };
		mine.headers = headers;
	}
	return quick_start(q, &mine);
}

bool lanes_start(struct lanes *l, str server, const struct net_request *r, str user_agent,
		 struct lane_call *out)
{
	struct lane *lane;
	bool fresh;
	struct quick *q = take(l, server, r, &lane, &fresh);

	if (!q)
		return false;
	struct quick_call *call = start(q, r, user_agent);

	if (call)
		*out = (struct lane_call){ lane, q, call, fresh };
	else /* or it is the request that is not ordinary */
		give_back(l, lane, q, fresh && quick_is_broken(q));
	return call != NULL;
}

bool lanes_wait(struct lanes *l, struct lane_call *c, struct net_response *out)
{
	bool answered = quick_wait(c->on, c->call, out);

	give_back(l, c->lane, c->on, c->fresh && !answered);
	return answered;
}

/* ---- making ------------------------------------------------------------------------- */

struct lanes *lanes_new(void)
{
	struct lanes *l = mem_calloc(1, sizeof *l);

	pthread_mutex_init(&l->lock, NULL);
	return l;
}

void lanes_free(struct lanes *l)
{
	struct lane *next;

	if (!l)
		return;
	for (struct lane *i = l->first; i; i = next) {
		next = i->next;
		free_lane(i);
	}
	pthread_mutex_destroy(&l->lock);
	free(l);
}
