/* cloud_test - a stand-in for the services of clouds on loopback, and for our own cluster
 * with one ServiceAccount, "ns/deployer", and one ConfigMap. For tests only. */
#ifndef CONTROLLERS_CLOUD_TEST_H
#define CONTROLLERS_CLOUD_TEST_H

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "client/client.h"
#include "value/json.h"

/* ---- the clouds --------------------------------------------------------------- */

struct answer {
	const char *request; /* "POST /HOST/PATH"; what follows does not count */
	const char *body;	/* NULL: 403 */
};

enum { GOT_MAX = 16, REQUEST_MAX = 8192 };

struct clouds {
	int listen;
	pthread_t thread;
	char url[64];
	const struct answer *answers;
	pthread_mutex_t lock;	/* of what follows */
	char got[GOT_MAX][REQUEST_MAX];
	int n;
};

static void clouds_read(int fd, char *to)
{
	size_t n = 0, all = 0;

	while (n < REQUEST_MAX - 1 && (!all || n < all)) {
		ssize_t got = read(fd, to + n, REQUEST_MAX - 1 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
		to[n] = 0;
		const char *end = strstr(to, "\r\n\r\n"), *length = strcasestr(to, "content-length: ");

		if (end)
			all = (size_t)(end + 4 - to) + (length ? strtoul(length + 16, NULL, 10) : 0);
	}
}

static void clouds_answer(struct clouds *c, int fd, const char *request)
{
	for (const struct answer *r = c->answers; r->request; r++) {
		if (strncmp(request, r->request, strlen(r->request)))
			continue;
		if (!r->body)
			break;
		dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
			strlen(r->body), r->body);
		return;
	}
	dprintf(fd, "HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\nConnection: close\r\n\r\nnot today");
}

static void *clouds_serve(void *arg)
{
	struct clouds *c = arg;

	for (;;) {
		int fd = accept(c->listen, NULL, NULL);

		if (fd < 0)
			return NULL;
		char request[REQUEST_MAX] = "";

		clouds_read(fd, request);
		pthread_mutex_lock(&c->lock);
		memcpy(c->got[c->n < GOT_MAX ? c->n++ : GOT_MAX - 1], request, sizeof request);
		pthread_mutex_unlock(&c->lock);
		clouds_answer(c, fd, request);
		close(fd);
	}
}

/* How many requests there were. */
static inline int clouds_asked(struct clouds *c)
{
	pthread_mutex_lock(&c->lock);
	int n = c->n;

	pthread_mutex_unlock(&c->lock);
	return n;
}

static void clouds_open(struct clouds *c, const struct answer *answers)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof at;

	c->answers = answers;
	pthread_mutex_init(&c->lock, NULL);
	c->listen = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(c->listen, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(c->listen, 8), 0);
	getsockname(c->listen, (struct sockaddr *)&at, &size);
	snprintf(c->url, sizeof c->url, "http://127.0.0.1:%d", ntohs(at.sin_port));
	assert_int_equal(pthread_create(&c->thread, NULL, clouds_serve, c), 0);
}

static void clouds_close(struct clouds *c)
{
	shutdown(c->listen, SHUT_RDWR);
	pthread_join(c->thread, NULL);
	pthread_mutex_destroy(&c->lock);
	close(c->listen);
}

/* ---- our own cluster: one ServiceAccount ------------------------------------------ */

struct own {
	const char *annotations;	/* of the account; NULL: there is none */
	const char *token;		/* of the account; NULL: "vouched-for" */
	const char *config;		/* JSON of data of the ConfigMap "flux-system/vault"; or NULL */
	char audience[256];
};

static void *own_start(void *ctx, const struct client_request *r)
{
	struct own *o = ctx;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node body;

	if (str_eq(r->path, S("/api/v1/namespaces/flux-system/configmaps/vault")))
		return (void *)"CONFIG";
	if (!str_ends(r->path, S("/token"))) {
		assert_true(str_eq(r->path, S("/api/v1/namespaces/ns/serviceaccounts/deployer")));
		return (void *)"GET";
	}
	assert_null(json_read(&a, arena_str(&a, r->body), NULL, &body));
	snprintf(o->audience, sizeof o->audience, "%.*s",
		 STR_ARG(node_str(node_at(node_dig(body, "spec", "audiences"), 0))));
	return (void *)"POST";
}

static err *own_wait(void *ctx, void *handle, struct client_answer *out)
{
	struct own *o = ctx;
	bool config = !strcmp(handle, "CONFIG");
	const char *text = config ? o->config : o->annotations;

	if (!strcmp(handle, "POST")) {
		out->status = 201;
		buf_addf(&out->body, "{\"status\":{\"token\":\"%s\"}}",
			 o->token ? o->token : "vouched-for");
		return NULL;
	}
	out->status = text ? 200 : 404;
	if (!text)
		buf_add(&out->body, S("{\"kind\":\"Status\",\"reason\":\"NotFound\",\"message\":\"gone\"}"));
	else
		buf_addf(&out->body, config ? "{\"data\":{%s}}" : "{\"metadata\":{\"annotations\":{%s}}}",
			 text);
	return NULL;
}

static void own_release(void *ctx)
{
	(void)ctx;
}

/* Whether the n-th request, from the last when it is negative, has that in it. */
static bool clouds_got(struct clouds *c, int n, const char *piece)
{
	pthread_mutex_lock(&c->lock);
	if (n < 0)
		n += c->n;
	bool yes = n >= 0 && n < c->n && strstr(c->got[n], piece);

	pthread_mutex_unlock(&c->lock);
	return yes;
}

static struct client *own_client(struct own *o)
{
	return client_new_over(&(struct client_transport){ own_start, own_wait, NULL, NULL, own_release, o });
}

#endif
