/* A mirror that nobody can reach holds nobody up. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "source/sigstore.h"

/* Takes connections and closes them without an answer. */
struct mirror {
	int fd;
	atomic_int asked;
	pthread_t thread;
	char url[40];
};

static void *serve(void *arg)
{
	struct mirror *m = arg;
	int fd;

	while ((fd = accept(m->fd, NULL, NULL)) >= 0) {
		atomic_fetch_add(&m->asked, 1);
		close(fd);
	}
	return NULL;
}

static void start(struct mirror *m)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof here;

	m->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(m->fd, (struct sockaddr *)&here, sizeof here), 0);
	assert_int_equal(listen(m->fd, 8), 0);
	assert_int_equal(getsockname(m->fd, (struct sockaddr *)&here, &n), 0);
	snprintf(m->url, sizeof m->url, "http://127.0.0.1:%d/", ntohs(here.sin_port));
	assert_int_equal(pthread_create(&m->thread, NULL, serve, m), 0);
}

static void stop(struct mirror *m)
{
	shutdown(m->fd, SHUT_RDWR);
	pthread_join(m->thread, NULL);
	close(m->fd);
}

static void fails(struct sigstore *s, const atomic_bool *cancel, const char *want)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str got;
	CLEANUP(err_drop) err *e = sigstore_get(s, &a, cancel, &got);

	assert_non_null(e);
	if (!str_starts(err_text(e), str_c(want)))
		fail_msg("\"%s\", not \"%s\"", err_msg(e), want);
}

static void test_unreachable(void **state)
{
	static const char refresh[] =
		"unable to initialize trusted root: error getting live trusted root: failed to create "
		"TUF client failed to load metadata: tuf refresh failed: Get \"http://127.0.0.1:";
	struct arena a = { 0 };
	struct net_client *net;
	struct mirror m = { 0 };
	atomic_bool canceled = true;

	(void)state;
	assert_null(net_client_new(&net, NULL));
	start(&m);
	str root = arena_printf(&a, "%s/fuzz/tuf/root.json", getenv("GOLDEN"));
	struct sigstore *s = sigstore_new(&(struct sigstore_options){ net, str_c(m.url), root });

	/* that says nothing of the mirror */
	fails(s, &canceled, refresh);
	fails(s, NULL, refresh);
	int asked = atomic_load(&m.asked);

	assert_true(asked > 0);
	for (int i = 0; i < 20; i++)
		fails(s, NULL, refresh);
	assert_int_equal(atomic_load(&m.asked), asked);
	sigstore_free(s);
	stop(&m);
	net_client_free(net);
	arena_release(&a);
}

static void test_no_root(void **state)
{
	struct net_client *net;

	(void)state;
	assert_null(net_client_new(&net, NULL));
	struct sigstore *s =
		sigstore_new(&(struct sigstore_options){ net, S("http://127.0.0.1:1"), STR_NONE });

	fails(s, NULL,
	      "unable to initialize trusted root: error setting TUF options: error setting root: could "
	      "not find cached root.json");
	sigstore_free(s);
	net_client_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_no_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
