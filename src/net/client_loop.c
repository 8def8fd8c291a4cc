#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "net/client_impl.h"

/* ---- what the library asks for ------------------------------------------- */

int client_socket_changed(CURL *easy, curl_socket_t fd, int what, void *client, void *data)
{
	struct net_client *c = client;
	struct epoll_event ev = { .data.fd = fd };

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(c->epoll, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	if (what & CURL_POLL_IN)
		ev.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		ev.events |= EPOLLOUT;
	/* A number may come back for another socket before it was removed. */
	if (epoll_ctl(c->epoll, data ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev) &&
	    epoll_ctl(c->epoll, data ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &ev))
		return -1;
	c->curl->curl_multi_assign(c->multi, fd, c);
	return 0;
}

int client_timer_changed(CURLM *multi, long ms, void *client)
{
	struct net_client *c = client;

	(void)multi;
	c->timer = ms < 0 ? INT64_MAX : clock_after(clock_mono(), ms * CLOCK_MS);
	return 0;
}

/* ---- places per host ----------------------------------------------------- */

static struct client_host *find_host(struct net_client *c, str scheme, str name)
{
	for (struct client_host *h = c->hosts; h; h = h->next)
		if (str_starts(h->key, scheme) && str_eq(str_from(h->key, scheme.n + 1), name))
			return h;
	struct client_host *h = mem_calloc(1, sizeof *h);
	struct buf key = BUF_INIT;

	buf_addf(&key, "%.*s %.*s", STR_ARG(scheme), STR_ARG(name));
	h->key.p = buf_detach(&key, &h->key.n);
	h->next = c->hosts;
	c->hosts = h;
	return h;
}

static void drop_host(struct net_client *c, struct client_host *host)
{
	struct client_host **at = &c->hosts;

	if (host->running || host->first || host->filling)
		return;
	while (*at != host)
		at = &(*at)->next;
	*at = host->next;
	free((char *)host->key.p);
	free(host);
}

static void end(struct net_call *call, err *why);

/* Hand the hop to the library; the call may have ended afterwards. */
static void run(struct net_call *call)
{
	struct net_client *c = call->client;

	if (!call->easy)
		call->easy = c->spare_n ? c->spare[--c->spare_n] : c->curl->curl_easy_init();
	if (!call->easy)
		die_bug("out of memory");
	int64_t now = clock_mono();

	call->last_byte = now;
	if (call->r.idle && clock_after(now, call->r.idle) < c->idle_look)
		c->idle_look = clock_after(now, call->r.idle);
	err *e = now >= call->deadline ? client_error(call, CURLE_OPERATION_TIMEDOUT)
				       : client_setup(call);

	if (!e && c->curl->curl_multi_add_handle(c->multi, call->easy))
		e = err_new(ERR_INTERNAL, "the request cannot be added");
	if (e)
		end(call, client_wrap(call, e));
	else
		call->running = true;
}

/* Who waits is started by fill_places: ending a call starts no other one. */
static void leave_host(struct net_call *call)
{
	struct client_host *host = call->host;

	if (host) {
		call->host = NULL;
		host->running--;
		if (!host->first)
			drop_host(call->client, host);
	}
}

static void stop_waiting(struct net_call *call)
{
	struct client_host *host = find_host(call->client, call->url.scheme, call->url.host);
	struct net_call **at = &host->first, *before = NULL;

	while (*at != call) {
		before = *at;
		at = &before->next_waiting;
	}
	*at = call->next_waiting;
	if (host->last == call)
		host->last = before;
	call->waiting = false;
	drop_host(call->client, host);
}

/* Start the call's hop, or let it wait for a place. */
static void go(struct net_call *call)
{
	struct net_client *c = call->client;

	if (call->r.on_data) {
		run(call);
		return;
	}
	struct client_host *host = find_host(c, call->url.scheme, call->url.host);

	if (host->running < c->per_host) {
		call->host = host;
		host->running++;
		run(call);
		return;
	}
	call->next_waiting = NULL;
	if (host->last)
		host->last->next_waiting = call;
	else
		host->first = call;
	host->last = call;
	call->waiting = true;
}

static void fill_host(struct net_client *c, struct client_host *host)
{
	while (host->first && host->running < c->per_host) {
		struct net_call *call = host->first;

		host->first = call->next_waiting;
		if (!host->first)
			host->last = NULL;
		call->waiting = false;
		call->host = host;
		host->running++;
		host->filling = true; /* it stays while calls end at once */
		run(call);
		host->filling = false;
	}
	drop_host(c, host);
}

static void fill_places(struct net_client *c)
{
	for (struct client_host *h = c->hosts, *next; h; h = next) {
		next = h->next;
		if (h->first)
			fill_host(c, h);
	}
}

/* ---- endings ------------------------------------------------------------- */

static void give_back_handle(struct net_call *call)
{
	struct net_client *c = call->client;

	if (!call->easy)
		return;
	if (call->running)
		c->curl->curl_multi_remove_handle(c->multi, call->easy);
	call->running = false;
	if (c->spare_n < CLIENT_SPARE) {
		c->curl->curl_easy_reset(call->easy);
		c->spare[c->spare_n++] = call->easy;
	} else {
		c->curl->curl_easy_cleanup(call->easy);
	}
	call->easy = NULL;
	c->curl->curl_slist_free_all(call->headers);
	c->curl->curl_slist_free_all(call->connect_to);
	call->headers = call->connect_to = NULL;
}

/* The call is over; takes `why`. Its owner may free it from here on. */
static void end(struct net_call *call, err *why)
{
	struct net_client *c = call->client;

	give_back_handle(call);
	if (call->waiting)
		stop_waiting(call);
	leave_host(call);
	if (call->prev)
		call->prev->next = call->next;
	else
		c->calls = call->next;
	if (call->next)
		call->next->prev = call->prev;
	c->impatient -= call->r.cancel != NULL;
	if (call->r.on_end && !call->dropped)
		call->r.on_end(call->r.ctx, why);
	pthread_mutex_lock(&c->m);
	call->why = why;
	call->done = true;
	client_take_posts(call); /* they are of no more use */
	pthread_cond_broadcast(&call->changed);
	bool dropped = call->dropped;

	pthread_mutex_unlock(&c->m);
	if (dropped)
		client_free_call(call);
}

static void hop_ended(struct net_call *call, CURLcode code)
{
	err *e = NULL;

	if (call->failure) {
		e = call->failure;
		call->failure = NULL;
	} else if (call->next_url.n && (code == CURLE_OK || code == CURLE_WRITE_ERROR)) {
		struct net_client *c = call->client;

		if (client_redirect(call, &e)) {
			c->curl->curl_multi_remove_handle(c->multi, call->easy);
			call->running = false;
			leave_host(call);
			go(call);
			return;
		}
	} else if (code != CURLE_OK || call->explain) {
		e = client_error(call, code);
		if (!e) { /* once more, for the sake of the message */
			struct net_client *c = call->client;

			c->curl->curl_multi_remove_handle(c->multi, call->easy);
			run(call);
			return;
		}
	}
	end(call, e ? client_wrap(call, e) : NULL);
}

static void collect(struct net_client *c)
{
	int left;
	CURLMsg *m;

	while ((m = c->curl->curl_multi_info_read(c->multi, &left))) {
		CURLcode code = m->data.result;
		void *call;

		if (m->msg != CURLMSG_DONE)
			continue;
		c->curl->curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &call);
		hop_ended(call, code);
	}
}

/* ---- posts from other threads -------------------------------------------- */

static void cancel(struct net_call *call)
{
	end(call, client_wrap(call, err_new(ERR_CANCELED, "context canceled")));
}

static void begin(struct net_call *call, bool canceled)
{
	struct net_client *c = call->client;
	err *bad = call->bad;

	call->bad = NULL;
	call->next = c->calls;
	if (c->calls)
		c->calls->prev = call;
	c->calls = call;
	c->impatient += call->r.cancel != NULL;
	if (bad)
		end(call, bad);
	else if (canceled)
		cancel(call);
	else
		go(call);
}

static bool take_posts(struct net_client *c)
{
	for (;;) {
		pthread_mutex_lock(&c->m);
		struct net_call *call = c->inbox;
		unsigned posts = call ? client_take_posts(call) : 0;
		bool stop = c->stop;

		pthread_mutex_unlock(&c->m);
		if (!call)
			return !stop;
		if (posts & CLIENT_START)
			begin(call, posts & CLIENT_CANCEL);
		else if (posts & CLIENT_CANCEL)
			cancel(call);
		else if (call->running)
			c->curl->curl_easy_pause(call->easy, CURLPAUSE_CONT);
	}
}

/* ---- time ---------------------------------------------------------------- */

/* One whose owner lost patience, or whose turn did not come in time. */
static struct net_call *find_late(struct net_client *c, int64_t now)
{
	for (struct net_call *call = c->calls; call; call = call->next)
		if ((call->r.cancel && *call->r.cancel) || (call->waiting && call->deadline <= now))
			return call;
	return NULL;
}

static void look_at_clock(struct net_client *c)
{
	int64_t now = clock_mono();
	struct net_call *call;

	while ((call = find_late(c, now))) {
		if (call->r.cancel && *call->r.cancel)
			cancel(call);
		else
			end(call, client_wrap(call, client_error(call, CURLE_OPERATION_TIMEDOUT)));
	}
}

/* Whom nobody answers; a reader that is slow itself does not count. */
static struct net_call *find_silent(struct net_client *c, int64_t now)
{
	for (struct net_call *call = c->calls; call; call = call->next) {
		if (!call->r.idle || !call->running)
			continue;
		pthread_mutex_lock(&c->m);
		if (call->paused)
			call->last_byte = now;
		pthread_mutex_unlock(&c->m);
		int64_t until = clock_after(call->last_byte, call->r.idle);

		if (until <= now)
			return call;
		if (until < c->idle_look)
			c->idle_look = until;
	}
	return NULL;
}

static void end_silent(struct net_client *c)
{
	int64_t now = clock_mono();
	struct net_call *call;

	if (c->idle_look > now)
		return;
	c->idle_look = INT64_MAX;
	while ((call = find_silent(c, now)))
		end(call, client_wrap(call, err_new(ERR_TIMEOUT, "no data for %lld seconds",
						    (long long)(call->r.idle / CLOCK_SECOND))));
}

static bool anybody_waits(const struct net_client *c)
{
	for (const struct client_host *h = c->hosts; h; h = h->next)
		if (h->first)
			return true;
	return false;
}

/* Milliseconds until something is due; -1: nothing is. */
static int time_to_wait(const struct net_client *c, bool look)
{
	int64_t next = c->timer < c->idle_look ? c->timer : c->idle_look;
	int wait = next == INT64_MAX ? -1 : clock_poll_ms(next);

	return look && (wait < 0 || wait > CLIENT_CANCEL_MS) ? CLIENT_CANCEL_MS : wait;
}

static void take_event(struct net_client *c, const struct epoll_event *event)
{
	uint32_t e = event->events;
	int what = (e & EPOLLIN ? CURL_CSELECT_IN : 0) | (e & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
		   (e & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
	int running;

	if (event->data.fd >= 0) {
		c->curl->curl_multi_socket_action(c->multi, event->data.fd, what, &running);
		return;
	}
	uint64_t count;		/* of posts, which take_posts finds without it */

	if (read(c->wake, &count, sizeof count) < 0)
		return;
}

static void run_timer(struct net_client *c)
{
	int running;

	if (c->timer > clock_mono())
		return;
	c->timer = INT64_MAX;
	c->curl->curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

void *client_loop(void *client)
{
	struct net_client *c = client;
	struct epoll_event events[64];
	bool more;

	do {
		bool look = c->impatient || anybody_waits(c);
		int n = epoll_wait(c->epoll, events, 64, time_to_wait(c, look));

		for (int i = 0; i < n; i++)
			take_event(c, &events[i]);
		run_timer(c);
		collect(c);
		if (look)
			look_at_clock(c);
		end_silent(c);
		more = take_posts(c);
		fill_places(c);
	} while (more);
	return NULL;
}
