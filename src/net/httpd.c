#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "net/address.h"
#include "net/httpd_impl.h"
#include "text/gotime.h"

enum { ACCEPT_AT_ONCE = 64, BACKLOG = 1024 };

const char *httpd_date(struct httpd *h)
{
	int64_t now = clock_wall() / CLOCK_SECOND;

	if (now == h->date_second && h->date[0])
		return h->date;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	gotime_format(&b, gotime_utc(now, 0), S("Mon, 02 Jan 2006 15:04:05 GMT"));
	snprintf(h->date, sizeof h->date, "%s", buf_c(&b));
	h->date_second = now;
	return h->date;
}

/* ---- accepting --------------------------------------------------------- */

static void print_address(const struct sockaddr_storage *sa, char *to, size_t n)
{
	struct address a;
	uint16_t port;
	char text[ADDRESS_TEXT] = "";

	if (address_of((const struct sockaddr *)sa, &a, &port))
		address_print(&a, port, text);
	snprintf(to, n, "%s", text);
}

static void accept_ready(void *ctx, int what)
{
	struct httpd *h = ctx;

	(void)what;
	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		struct sockaddr_storage sa;
		socklen_t n = sizeof sa;
		char remote[64];
		int fd = accept4(h->fd, (struct sockaddr *)&sa, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE) {
				h->resting = true;
				loop_fd_want(h->ready, 0);
			}
			return;
		}
		if (h->conns_n >= h->o.limits.connections) {
			close(fd);
			continue;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
		print_address(&sa, remote, sizeof remote);
		if (!h->conns_n)
			loop_timer_set(h->sweep, CLOCK_SECOND);
		httpd_conn_new(h, fd, remote);
	}
}

/* Once a second while there are connections: those that waited too long. */
static void sweep(void *ctx)
{
	struct httpd *h = ctx;
	int64_t now = clock_mono();

	if (h->resting) {
		h->resting = false;
		if (!h->stopping)
			loop_fd_want(h->ready, LOOP_READ);
	}
	if (h->conns_n || h->resting)
		loop_timer_set(h->sweep, CLOCK_SECOND);
	for (struct httpd_conn *c = h->conns, *next; c; c = next) {
		next = c->next;
		if (now >= c->deadline || (h->stopping && now >= h->stop_at))
			httpd_conn_kill(c);
	}
}

/* ---- the listener ------------------------------------------------------ */

/* "host:port" and "[::1]:port". */
static bool split_listen(str listen, char *host, size_t host_n, char *port, size_t port_n)
{
	size_t colon = str_rfind_char(listen, ':');

	if (colon == STR_NPOS)
		return false;
	str h = str_sub(listen, 0, colon), p = str_from(listen, colon + 1);

	if (h.n > 1 && h.p[0] == '[' && h.p[h.n - 1] == ']')
		h = str_sub(h, 1, h.n - 1);
	else if (str_find_char(h, ':') != STR_NPOS)
		return false;
	return snprintf(host, host_n, "%.*s", STR_ARG(h)) < (int)host_n &&
	       snprintf(port, port_n, "%.*s", STR_ARG(p)) < (int)port_n && p.n;
}

static int open_listener(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (!bind(fd, ai->ai_addr, ai->ai_addrlen) && !listen(fd, BACKLOG))
		return fd;
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

static err *start_listening(struct httpd *h)
{
	char host[256], port[32];
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *list;
	struct sockaddr_storage sa;
	socklen_t n = sizeof sa;

	if (!split_listen(h->o.listen, host, sizeof host, port, sizeof port))
		return err_new(ERR_INVALID, "listen %.*s: it must be HOST:PORT",
			       STR_ARG(h->o.listen));
	int code = getaddrinfo(host[0] ? host : NULL, port, &hints, &list);

	if (code)
		return err_new(ERR_INVALID, "listen %.*s: %s", STR_ARG(h->o.listen),
			       gai_strerror(code));
	h->fd = open_listener(list);
	int saved = errno;

	freeaddrinfo(list);
	if (h->fd < 0)
		return err_errno(saved, "listen %.*s", STR_ARG(h->o.listen));
	getsockname(h->fd, (struct sockaddr *)&sa, &n);
	print_address(&sa, h->address, sizeof h->address);
	return NULL;
}

static void set_limits(struct httpd_limits *l)
{
	if (!l->connections)
		l->connections = HTTPD_CONNECTIONS;
	if (!l->body)
		l->body = HTTPD_BODY;
	if (!l->bodies)
		l->bodies = HTTPD_BODIES;
	if (!l->head_time)
		l->head_time = 10 * CLOCK_SECOND;
	if (!l->body_time)
		l->body_time = 60 * CLOCK_SECOND;
	if (!l->idle_time)
		l->idle_time = 3 * CLOCK_MINUTE;
	if (!l->write_time)
		l->write_time = 60 * CLOCK_SECOND;
}

err *httpd_new(struct httpd **out, struct loop *l, const struct httpd_options *o)
{
	struct httpd *h = mem_calloc(1, sizeof *h);

	h->loop = l;
	h->o = *o;
	set_limits(&h->o.limits);
	err *e = start_listening(h);

	if (e) {
		free(h);
		return e;
	}
	h->ready = loop_fd_new(l, h->fd, accept_ready, h);
	h->sweep = loop_timer_new(l, sweep, h);
	loop_fd_want(h->ready, LOOP_READ);
	*out = h;
	return NULL;
}

str httpd_address(const struct httpd *h)
{
	return str_c(h->address);
}

void httpd_conn_gone(struct httpd *h)
{
	if (!h->conns_n && h->stopping && h->stopped) {
		void (*stopped)(void *ctx) = h->stopped;

		h->stopped = NULL;
		stopped(h->stopped_ctx);
	}
}

void httpd_stop(struct httpd *h, int64_t grace, void (*done)(void *ctx), void *ctx)
{
	loop_fd_want(h->ready, 0);
	close(h->fd);
	h->fd = -1;
	h->stopping = true;
	h->stop_at = clock_after(clock_mono(), grace);
	h->stopped = done;
	h->stopped_ctx = ctx;
	for (struct httpd_conn *c = h->conns, *next; c; c = next) {
		next = c->next;
		if (c->state == HTTPD_STREAM)
			httpd_conn_finish(c);
		else if (httpd_conn_is_idle(c))
			httpd_conn_kill(c);
	}
	if (h->stopped)
		httpd_conn_gone(h);
}

void httpd_free(struct httpd *h)
{
	if (!h)
		return;
	h->stopped = NULL;
	while (h->conns)
		httpd_conn_kill(h->conns);
	loop_fd_free(h->ready);
	loop_timer_free(h->sweep);
	if (h->fd >= 0)
		close(h->fd);
	free(h);
}
