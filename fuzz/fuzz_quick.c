/* What a server answers to two GETs on one connection, as a short command reads it.
 * Server and client are one thread: the answer waits in the socket. */
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/die.h"
#include "net/patience.h"
#include "net/quick.h"

enum { ANSWER_MAX = 32 << 10 };	/* what a socket holds in any case */

static int listen_on(char *url, size_t size)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 4) ||
	    getsockname(fd, (struct sockaddr *)&at, &n))
		die_bug("no port of one's own");
	snprintf(url, size, "http://127.0.0.1:%d", ntohs(at.sin_port));
	return fd;
}

static void answer(int listening, const uint8_t *data, size_t size)
{
	int fd = accept(listening, NULL, NULL);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		die_bug("no answer went out");
	shutdown(fd, SHUT_WR);
	close(fd);
}

static void take(struct quick *q, struct quick_call *c, struct patience *p, str url)
{
	struct net_response r = NET_RESPONSE_INIT;

	if (!c || !quick_wait(q, c, &r))
		return;
	if (r.status < 200 || r.status > 599 || (r.status / 100 == 3))
		die_bug("status %d is the client's affair", r.status);
	net_response_goes_on(&r, 5);
	patience_keep(p, url, &r);
	net_response_release(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char server[64];
	static int listening = -1;
	struct arena a = ARENA_INIT;

	if (size > ANSWER_MAX)
		return 0;
	if (listening < 0)
		listening = listen_on(server, sizeof server);
	str url = arena_cat(&a, str_c(server), S("/version"));
	const struct net_request ask = { .url = url, .max_body = ANSWER_MAX };
	const struct net_tls tls = { 0 };
	struct patience *p = patience_new();
	struct quick_site *site = quick_site_new(str_c(server), &tls, NET_ANY_ADDRESS);
	struct quick *q = quick_new(site);
	struct quick_call *first = quick_start(q, &ask), *second = quick_start(q, &ask);

	if (first)
		answer(listening, data, size);
	take(q, first, p, url);
	take(q, second, p, url);
	quick_free(q);
	quick_site_free(site);
	patience_free(p);
	arena_release(&a);
	return 0;
}
