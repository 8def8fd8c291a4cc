/* apiload - requests to a Kubernetes API server over many connections at once:
 * apiload KUBECONFIG CONNECTIONS N OPERATION...
 *
 * One thread, one epoll, TLS connections that stay: what the generator itself takes is a few
 * microseconds a request, and is printed, so that the server is what is measured. N
 * requests an operation; each connection has one under way. A line an operation: requests a
 * second, the median and the 99th percentile of the time from the first byte written to
 * the last one read, and this program's own CPU. Any answer but 2xx ends the program.
 *
 * The namespace "bench", and the custom resource definition of benches.bench.example.com, must
 * be there: bench/apiserver.py makes them, in rill server and in kube-apiserver, and
 * gives the server one processor and this program the other. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sort.h"
#include "client/kubeconfig.h"
#include "docs.h"
#include "net/http1.h"
#include "net/quick_impl.h"

enum { CONNECTIONS_MAX = 1024, N_MAX = 1000000, PIECE = 64 << 10, FILLER = 200 };

#define MAPS "/api/v1/namespaces/bench/configmaps"
#define CUSTOM "/apis/bench.example.com/v1/namespaces/bench/benches"
#define APPLY "application/apply-patch+yaml"

struct operation {
	const char *name, *method, *path;	/* the path gets the number, where `item` is set */
	const char *query, *type;
	bool body, item, custom;
};

static const struct operation operations[] = {
	{ "create", "POST", MAPS, "", "application/json", true, false, false },
	{ "get", "GET", MAPS, "", NULL, false, true, false },
	{ "apply", "PATCH", MAPS, "?fieldManager=bench&force=true", APPLY, true, true, false },
	{ "update", "PUT", MAPS, "", "application/json", true, true, false },
	{ "list", "GET", MAPS, "?limit=500", NULL, false, false, false },
	{ "delete", "DELETE", MAPS, "", NULL, false, true, false },
	{ "crcreate", "POST", CUSTOM, "", "application/json", true, false, true },
	{ "crapply", "PATCH", CUSTOM, "?fieldManager=bench&force=true", APPLY, true, true, true },
	{ "crdelete", "DELETE", CUSTOM, "", NULL, false, true, true },
};

struct connection {
	int fd;
	SSL *ssl;		/* NULL: plain HTTP */
	struct buf in;
	size_t scanned;		/* bytes of `in` without the end of a head */
	struct http1_chunks chunks;
	struct buf body;	/* of an answer in chunks */
	int64_t begun;
};

struct load {
	struct arena a;
	struct kubeconfig config;
	struct quick_site *site;
	struct connection *connections;
	size_t connections_n;
	int epoll;
	const struct operation *op;
	size_t turn;		/* its place among the arguments: what it writes is new */
	size_t n, next, done;
	int64_t *spans;
	struct buf request, body;
};

static void fail(const char *what, str detail)
{
	fprintf(stderr, "apiload: %s: %.*s\n", what, STR_ARG(detail));
	exit(1);
}

static void need(err *e)
{
	if (e)
		fail("failed", str_c(err_msg(e)));
}

/* ---- connections ------------------------------------------------------- */

static int dial(struct load *l)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	int one = 1, fd;

	if (getaddrinfo(l->site->host.p, l->site->port.p, &hints, &list))
		fail("no such host", l->site->host);
	fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, list->ai_addr, list->ai_addrlen))
		fail("cannot connect", l->config.server);
	freeaddrinfo(list);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

static void connect_all(struct load *l)
{
	const struct libssl *s = l->site->s;

	for (size_t i = 0; i < l->connections_n; i++) {
		struct connection *c = &l->connections[i];
		struct epoll_event want = { .events = EPOLLIN, .data.ptr = c };

		c->fd = dial(l);
		if (quick_site_is_tls(l->site)) {
			c->ssl = s->SSL_new(l->site->ctx);
			if (s->SSL_set_fd(c->ssl, c->fd) != 1 || s->SSL_connect(c->ssl) != 1)
				fail("no TLS with", l->config.server);
		}
		if (fcntl(c->fd, F_SETFL, fcntl(c->fd, F_GETFL) | O_NONBLOCK) ||
		    epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &want))
			fail("cannot wait for", l->config.server);
	}
}

/* A request is smaller than the socket's buffer, which is empty: it goes at once. */
static void send_request(struct load *l, struct connection *c)
{
	str r = buf_str(&l->request);
	ssize_t n = c->ssl ? l->site->s->SSL_write(c->ssl, r.p, (int)r.n) : write(c->fd, r.p, r.n);

	if (n != (ssize_t)r.n)
		fail("a request does not go out", l->config.server);
}

/* False: nothing more has come. */
static bool read_some(struct load *l, struct connection *c)
{
	char *to = buf_reserve(&c->in, PIECE);
	ssize_t n = c->ssl ? l->site->s->SSL_read(c->ssl, to, PIECE) : read(c->fd, to, PIECE);
	bool again = c->ssl ? l->site->s->SSL_get_error(c->ssl, (int)n) == SSL_ERROR_WANT_READ
			    : errno == EAGAIN;

	if (n > 0)
		c->in.n += (size_t)n;
	else if (!again)
		fail("the server ended a connection", l->config.server);
	return n > 0;
}

/* ---- requests ---------------------------------------------------------- */

static void make_body(struct load *l, size_t i)
{
	const struct operation *o = l->op;
	struct buf *b = &l->body;

	buf_clear(b);
	if (!o->body)
		return;
	buf_addf(b, "{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"name\":\"m%zu\","
		 "\"labels\":{\"app\":\"bench\",\"i\":\"%zu\"}},",
		 o->custom ? "bench.example.com/v1" : "v1", o->custom ? "Bench" : "ConfigMap", i, i);
	buf_addf(b, "\"%s\":{\"v\":\"%zu\",\"a\":\"", o->custom ? "spec" : "data", l->turn);
	buf_fill(b, 'x', FILLER);
	buf_add(b, S("\""));
	if (o->custom)
		buf_addf(b, ",\"n\":%zu,\"items\":[{\"name\":\"x\",\"value\":\"y\"}]", i);
	buf_add(b, S("}}"));
}

static void make_request(struct load *l, size_t i)
{
	const struct operation *o = l->op;
	struct buf *b = &l->request;

	make_body(l, i);
	buf_clear(b);
	buf_addf(b, "%s %s", o->method, o->path);
	if (o->item)
		buf_addf(b, "/m%zu", i);
	buf_addf(b, "%s HTTP/1.1\r\nHost: %.*s\r\nAccept: application/json\r\n", o->query,
		 STR_ARG(l->site->url.host));
	if (l->config.token.n)
		buf_addf(b, "Authorization: Bearer %.*s\r\n", STR_ARG(l->config.token));
	if (o->body)
		buf_addf(b, "Content-Type: %s\r\nContent-Length: %zu\r\n", o->type, l->body.n);
	buf_add(b, S("\r\n"));
	buf_add(b, buf_str(&l->body));
}

static void begin(struct load *l, struct connection *c)
{
	if (l->next == l->n)
		return;
	make_request(l, l->next++);
	c->begun = clock_mono();
	send_request(l, c);
}

/* ---- answers ----------------------------------------------------------- */

/* A header's value, its name in any case; none when it is not there. */
static str header(str head, str name)
{
	for (str line, key, value; str_line(&head, &line);)
		if (str_split(line, ':', &key, &value) && str_eq_nocase(key, name))
			return str_trim(value);
	return STR_NONE;
}

/* The whole answer has come, and is taken. */
static bool take_answer(struct connection *c)
{
	size_t end = http1_find_end(buf_str(&c->in), c->scanned);
	uint64_t length = 0;

	if (!end || end == HTTP1_BAD) {
		c->scanned = c->in.n > 3 ? c->in.n - 3 : 0;
		return false;
	}
	str head = str_sub(buf_str(&c->in), 0, end), rest = str_from(buf_str(&c->in), end);

	if (!str_starts(head, S("HTTP/1.1 2")))
		fail("refused", buf_str(&c->in));
	if (str_to_u64(header(head, S("Content-Length")), &length)) {
		if (rest.n < length)
			return false;
	} else {
		buf_clear(&c->body);
		c->chunks = (struct http1_chunks){ 0 };
		if (http1_chunks_take(&c->chunks, &rest, &c->body) != HTTP1_DONE)
			return false;
	}
	buf_clear(&c->in);
	c->scanned = 0;
	return true;
}

static void on_ready(struct load *l, struct connection *c)
{
	while (read_some(l, c))
		;
	if (!take_answer(c))
		return;
	l->spans[l->done++] = clock_mono() - c->begun;
	begin(l, c);
}

/* ---- operations -------------------------------------------------------- */

static int compare_spans(const void *a, const void *b, void *ctx)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	(void)ctx;
	return (x > y) - (x < y);
}

static void run(struct load *l)
{
	struct epoll_event ready[CONNECTIONS_MAX];
	double cpu = bench_cpu();
	int64_t begun = clock_mono();

	l->next = l->done = 0;
	for (size_t i = 0; i < l->connections_n; i++)
		begin(l, &l->connections[i]);
	while (l->done < l->n) {
		int n = epoll_wait(l->epoll, ready, CONNECTIONS_MAX, -1);

		for (int i = 0; i < n; i++)
			on_ready(l, ready[i].data.ptr);
	}
	int64_t wall = clock_mono() - begun;

	sort_stable(l->spans, l->n, sizeof *l->spans, compare_spans, NULL);
	printf("%-8s %zu requests, %zu connections: %.0f/s, p50 %.2f ms, p99 %.2f ms, own CPU %.2f of %.2f s\n",
	       l->op->name, l->n, l->connections_n, (double)l->n * 1e9 / (double)wall,
	       (double)l->spans[l->n / 2] / 1e6, (double)l->spans[l->n * 99 / 100] / 1e6,
	       bench_cpu() - cpu, (double)wall / 1e9);
	fflush(stdout);
}

static const struct operation *find_operation(const char *name)
{
	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
		if (str_eq(str_c(operations[i].name), str_c(name)))
			return &operations[i];
	fail("no such operation", str_c(name));
	return NULL;
}

static size_t number(const char *text, uint64_t max)
{
	uint64_t n;

	if (!str_to_u64(str_c(text), &n) || !n || n > max)
		fail("not a number that is possible", str_c(text));
	return n;
}

int main(int argc, char **argv)
{
	struct load l = { .request = BUF_INIT, .body = BUF_INIT };
	struct net_tls tls = { 0 };

	if (argc < 5) {
		fprintf(stderr, "usage: %s KUBECONFIG CONNECTIONS N OPERATION...\n", argv[0]);
		return 2;
	}
	need(kubeconfig_load(&l.a, environ, &(struct kubeconfig_wish){ .path = str_c(argv[1]) },
			     &l.config));
	l.connections_n = number(argv[2], CONNECTIONS_MAX);
	l.n = number(argv[3], N_MAX);
	tls.ca = l.config.ca;
	tls.cert = l.config.cert;
	tls.key = l.config.key;
	l.site = quick_site_new(l.config.server, &tls, NET_ANY_ADDRESS);
	if (!l.site || (quick_site_is_tls(l.site) && !quick_site_prepare(l.site)))
		fail("cannot speak to", l.config.server);
	l.epoll = epoll_create1(EPOLL_CLOEXEC);
	l.connections = arena_array(&l.a, struct connection, l.connections_n);
	l.spans = arena_array(&l.a, int64_t, l.n);
	connect_all(&l);
	for (int i = 4; i < argc; i++) {
		l.op = find_operation(argv[i]);
		l.turn = (size_t)i;
		run(&l);
	}
	return 0;
}
