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

#include "base/fs.h"
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
	struct sigstore *s = sigstore_new(
		&(struct sigstore_options){ .net = net, .mirror = str_c(m.url), .root_file = root });

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
	struct sigstore *s = sigstore_new(
		&(struct sigstore_options){ .net = net, .mirror = S("http://127.0.0.1:1") });

	fails(s, NULL,
	      "unable to initialize trusted root: error setting TUF options: error setting root: could "
	      "not find cached root.json");
	sigstore_free(s);
	net_client_free(net);
}

/* What `cosign initialize` leaves: the mirror, and its root under its name. */
static void test_a_directory_of_cosign(void **state)
{
	struct arena a = { 0 };
	struct net_client *net;
	struct mirror m = { 0 };
	CLEANUP(fs_drop) struct fs *dir = NULL;
	str root;

	(void)state;
	assert_null(net_client_new(&net, NULL));
	start(&m);
	assert_null(fs_open_temp(&dir, STR_NONE, S("sigstore-")));
	str remote = arena_printf(&a, "{\"mirror\":\"%s/\",\"x\":\"\"}", m.url);
	str name = arena_cat(&a, S("127.0.0.1-"), str_from(str_c(m.url), strlen("http://127.0.0.1:")));

	assert_null(fs_create(dir, S("remote.json"), remote, 0600));
	struct sigstore_options o = { .net = net, .dir = fs_root(dir) };
	struct sigstore *none = sigstore_new(&o);

	fails(none, NULL, "unable to initialize trusted root: error setting TUF options: error setting "
			  "root: could not find cached root.json");
	assert_int_equal(atomic_load(&m.asked), 0);
	assert_null(fs_read_any(&a, arena_printf(&a, "%s/fuzz/tuf/root.json", getenv("GOLDEN")), 1 << 20,
				&root));
	assert_null(fs_mkdir(dir, name, 0700));
	assert_null(fs_create(dir, arena_cat(&a, name, S("/root.json")), root, 0600));
	struct sigstore *some = sigstore_new(&o);

	fails(some, NULL, "unable to initialize trusted root: error getting live trusted root: failed to "
			  "create TUF client failed to load metadata: tuf refresh failed: Get \"http://"
			  "127.0.0.1:");
	assert_true(atomic_load(&m.asked) > 0);
	sigstore_free(none);
	sigstore_free(some);
	stop(&m);
	net_client_free(net);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_no_root),
		cmocka_unit_test(test_a_directory_of_cosign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
