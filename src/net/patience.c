#include "net/patience.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/map.h"
#include "text/duration.h"
#include "text/gourl.h"

struct host {
	int64_t until;	/* clock_mono */
	char name[];
};

struct patience {
	pthread_mutex_t m;
	struct map hosts;
};

struct patience *patience_new(void)
{
	struct patience *p = mem_calloc(1, sizeof *p);

	pthread_mutex_init(&p->m, NULL);
	return p;
}

static void forget(struct patience *p)
{
	for (size_t i = 0; i < p->hosts.n; i++)
		free(p->hosts.entries[i].value);
	map_clear(&p->hosts);
}

void patience_free(struct patience *p)
{
	if (!p)
		return;
	forget(p);
	map_release(&p->hosts);
	pthread_mutex_destroy(&p->m);
	free(p);
}

/* In lower case; empty when the URL is none. */
static str host_of(struct arena *a, str url)
{
	struct gourl u;
	err *e = gourl_parse(a, arena_str(a, url), &u);
	str host = e ? STR_NONE : arena_str(a, u.host);

	err_free(e);
	for (size_t i = 0; i < host.n; i++)
		if (host.p[i] >= 'A' && host.p[i] <= 'Z')
			((char *)host.p)[i] |= 0x20;
	return host;
}

static int64_t seconds_up(int64_t span)
{
	return (span + CLOCK_SECOND - 1) / CLOCK_SECOND * CLOCK_SECOND;
}

int64_t patience_left(struct patience *p, str url)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str name = host_of(&a, url);

	pthread_mutex_lock(&p->m);
	struct host *h = map_get(&p->hosts, name);
	int64_t left = h ? h->until - clock_mono() : 0;

	pthread_mutex_unlock(&p->m);
	return left > 0 ? left : 0;
}

err *patience_check(struct patience *p, str url)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	int64_t left = patience_left(p, url);

	if (!left)
		return NULL;
	duration_add(&b, seconds_up(left));
	err *e = err_new(ERR_UNAVAILABLE,
			 "'%.*s' answers too many requests with Retry-After, and is not asked for "
			 "another %s",
			 STR_ARG(host_of(&a, url)), buf_c(&b));

	err_set_code(e, 429);
	return e;
}

static void keep(struct patience *p, str name, int64_t until)
{
	struct host *h = map_get(&p->hosts, name);

	if (!h) {
		if (p->hosts.n >= PATIENCE_HOSTS)
			forget(p);
		h = mem_calloc(1, sizeof *h + name.n + 1);
		memcpy(h->name, name.p, name.n);
		map_set(&p->hosts, str_c(h->name), h);
	}
	if (until > h->until)
		h->until = until;
}

static int64_t asked_for(const struct net_response *head)
{
	return head->status == 429 || head->status == 503 ? net_response_retry_after(head) : -1;
}

int64_t patience_keep(struct patience *p, str url, const struct net_response *head)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	int64_t wait = asked_for(head);
	str name = wait > 0 ? host_of(&a, url) : STR_NONE;

	if (!name.n)
		return wait;
	pthread_mutex_lock(&p->m);
	keep(p, name, clock_after(clock_mono(), wait));
	pthread_mutex_unlock(&p->m);
	return wait;
}

void patience_words(struct buf *b, const struct net_response *head)
{
	int64_t wait = asked_for(head);

	if (wait < 0)
		return;
	buf_add(b, S("; retry after "));
	duration_add(b, wait / CLOCK_SECOND * CLOCK_SECOND);
}
