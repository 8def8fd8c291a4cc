#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/die.h"
#include "client/client.h"
#include "client/discovery.h"

/* A server that answers by a table of "METHOD PATH?QUERY". */
struct answer {
	const char *request;
	int status;
	const char *body;
};

struct fake {
	const struct answer *answers;
	size_t n;
	size_t requests;
	char last_body[512];
	char last_as[64];
};

static const struct answer *answer_of(struct fake *f, const struct client_request *r)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str line = arena_cat(&a, r->method.n ? r->method : S("GET"), S(" "), r->path,
			     r->query.n ? S("?") : STR_NONE, r->query);

	f->requests++;
	snprintf(f->last_body, sizeof f->last_body, "%.*s", STR_ARG(r->body));
	snprintf(f->last_as, sizeof f->last_as, "%.*s", STR_ARG(r->as));
	for (size_t i = 0; i < f->n; i++)
		if (str_eq(str_c(f->answers[i].request), line))
			return &f->answers[i];
	fail_msg("unexpected request: %.*s", STR_ARG(line));
	return NULL;
}

static void *start(void *ctx, const struct client_request *r)
{
	return (void *)answer_of(ctx, r);
}

static err *wait(void *ctx, void *handle, struct client_answer *out)
{
	const struct answer *a = handle;

	(void)ctx;
	out->status = a->status;
	buf_add(&out->body, str_c(a->body));
	return NULL;
}

/* A stream is the body in pieces of seven bytes. */
static void *stream(void *ctx, const struct client_request *r, const struct client_stream *s)
{
	const struct answer *a = answer_of(ctx, r);
	str body = str_c(a->body);
	bool go = true;

	s->on_head(s->ctx, a->status);
	for (; body.n && go; body = str_from(body, 7))
		go = s->on_data(s->ctx, str_sub(body, 0, 7));
	CLEANUP(err_drop) err *cut = go ? NULL : err_new(ERR_CANCELED, "context canceled");

	s->on_end(s->ctx, cut);
	return ctx;
}

static void stop(void *ctx, void *handle)
{
	(void)ctx;
	(void)handle;
}

static void release(void *ctx)
{
	(void)ctx;
}

static struct client *client_of(struct fake *f)
{
	return client_new_over(
		&(struct client_transport){ start, wait, stream, stop, release, f });
}

static const struct client_resource deployments = { S("apps"), S("v1"), S("deployments"),
						    S("Deployment"), true };
static const struct client_resource nodes = { STR_NONE, S("v1"), S("nodes"), S("Node"), false };

static void test_paths(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	static const struct {
		const struct client_resource *r;
		const char *ns, *name, *sub, *want;
	} rows[] = {
		{ &deployments, "x", "y", "", "/apis/apps/v1/namespaces/x/deployments/y" },
		{ &deployments, "", "", "", "/apis/apps/v1/deployments" },
		{ &deployments, "x", "a:b", "status",
		  "/apis/apps/v1/namespaces/x/deployments/a:b/status" },
		{ &nodes, "ignored", "n", "", "/api/v1/nodes/n" },
		{ &nodes, "", "../x", "", "/api/v1/nodes/..%2Fx" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		str got = client_path(&a, rows[i].r, str_c(rows[i].ns), str_c(rows[i].name),
				      str_c(rows[i].sub));

		assert_string_equal(got.p, rows[i].want);
	}
	assert_string_equal(client_field(&a, S("metadata.name"), S("a=b,c\\")).p,
			    "metadata.name=a\\=b\\,c\\\\");
	str query = client_query_of(&a, S("a"), S("x y&z"), S("b"), STR_NONE, S("c"), S("1"));

	assert_string_equal(query.p, "a=x+y%26z&c=1");
}

static void test_answers_of_400_and_more_are_errors(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	static const struct {
		int status;
		const char *body, *text;
		enum err_kind kind;
		const char *reason;
	} rows[] = {
		{ 404,
		  "{\"kind\":\"Status\",\"message\":\"pods \\\"a\\\" not found\","
		  "\"reason\":\"NotFound\",\"code\":404}",
		  "pods \"a\" not found", ERR_NOT_FOUND, "NotFound" },
		{ 409,
		  "{\"kind\":\"Status\",\"message\":\"there\",\"reason\":\"AlreadyExists\"}",
		  "there", ERR_EXISTS, "AlreadyExists" },
		{ 404, "404 page not found\n", "the server could not find the requested resource",
		  ERR_NOT_FOUND, "" },
		{ 502, "bad gateway",
		  "an error on the server (\"bad gateway\") has prevented the request from succeeding",
		  ERR_INTERNAL, "" },
		{ 418, "", "the server responded with the status code 418 but did not return more "
			   "information", ERR_INTERNAL, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(err_drop) err *e = client_status_error(rows[i].status, str_c(rows[i].body));

		assert_string_equal(err_msg(e), rows[i].text);
		assert_int_equal(err_kind(e), rows[i].kind);
		assert_int_equal(err_code(e), rows[i].status);
		assert_true(str_eq(client_status_reason(&a, e), str_c(rows[i].reason)));
	}
}

static void test_a_list_is_all_its_pages_with_named_items(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	static const struct answer answers[] = {
		{ "GET /apis/apps/v1/namespaces/x/deployments?limit=500", 200,
		  "{\"metadata\":{\"continue\":\"t\"},\"items\":[{\"metadata\":{\"name\":\"a\"}}]}" },
		{ "GET /apis/apps/v1/namespaces/x/deployments?limit=500&continue=t", 200,
		  "{\"metadata\":{},\"items\":[{\"metadata\":{\"name\":\"b\"}}]}" },
	};
	struct fake f = { answers, 2 };
	CLEANUP(client_drop) struct client *c = client_of(&f);
	node list;

	(void)state;
	assert_null(client_list(c, &a, &deployments, S("x"), STR_NONE, STR_NONE, &list));
	node items = node_get(list, S("items"));

	assert_int_equal(node_len(items), 2);
	assert_true(str_eq(node_str(node_get(node_at(items, 1), S("kind"))), S("Deployment")));
	assert_true(str_eq(node_str(node_get(node_at(items, 1), S("apiVersion"))), S("apps/v1")));
	assert_int_equal(client_requests(c), 2);
}

static void test_another_user_asks_through_the_same_server(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	static const struct answer answers[] = { { "GET /api/v1/nodes/n", 200, "{}" } };
	struct fake f = { answers, 1 };
	CLEANUP(client_drop) struct client *c = client_of(&f);
	CLEANUP(client_drop) struct client *as = NULL;
	node n;

	(void)state;
	assert_null(client_impersonate(c, S("system:serviceaccount:x:y"), NULL, 0, &as));
	assert_null(client_get(as, &a, &nodes, STR_NONE, S("n"), &n));
	assert_string_equal(f.last_as, "system:serviceaccount:x:y");
	assert_null(client_get(c, &a, &nodes, STR_NONE, S("n"), &n));
	assert_string_equal(f.last_as, "");
}

struct counted {
	char text[256];
};

static void write_row(void *ctx, const struct tally_row *r)
{
	struct counted *c = ctx;
	size_t n = strlen(c->text);

	snprintf(c->text + n, sizeof c->text - n, "%.*s %.*s %d %d\n", STR_ARG(r->method),
		 STR_ARG(r->host), r->status, (int)r->n);
}

static void test_requests_of_all_users_are_counted_together(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	static const struct answer answers[] = {
		{ "GET /api/v1/nodes/n", 200, "{}" },
		{ "DELETE /api/v1/nodes/n", 404, "{}" },
		{ "GET /api/v1/nodes?watch=true", 200, "" },
	};
	struct fake f = { answers, 3 };
	CLEANUP(client_drop) struct client *c = client_of(&f);
	CLEANUP(client_drop) struct client *as = NULL;
	CLEANUP(client_drop) struct client *other = client_new_over(&(struct client_transport){
		start, wait, stream, stop, release, &f, S("far.example.com:6443") });
	struct counted counted = { "" };
	node n;

	(void)state;
	client_count_with(other, c);
	assert_null(client_impersonate(c, S("x"), NULL, 0, &as));
	assert_null(client_get(as, &a, &nodes, STR_NONE, S("n"), &n));
	assert_null(client_get(c, &a, &nodes, STR_NONE, S("n"), &n));
	assert_null(client_get(other, &a, &nodes, STR_NONE, S("n"), &n));
	err *e = client_delete(c, &a, &nodes, STR_NONE, S("n"), &(struct client_delete_options){ 0 });

	assert_int_equal(err_kind(e), ERR_NOT_FOUND);
	err_free(e);
	client_drop(&other);
	tally_each(client_tally(as), write_row, &counted);
	assert_string_equal(counted.text, "GET  200 2\nGET far.example.com:6443 200 1\n"
					  "DELETE  404 1\n");
}

struct login {
	int asked, freed;
	int64_t until;
	bool refuse;
};

static err *give_token(void *ctx, struct arena *a, str *token, int64_t *until)
{
	struct login *l = ctx;

	l->asked++;
	if (l->refuse)
		return err_new(ERR_FORBIDDEN, "no token today");
	*token = arena_printf(a, "token-%d", l->asked);
	*until = l->until;
	return NULL;
}

static void free_login(void *ctx)
{
	((struct login *)ctx)->freed++;
}

static err *ask_nobody(struct client *c)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	return client_do(c, &a, &(struct client_request){ .path = S("/version") }, NULL);
}

/* Nobody listens: what counts is when a token is asked for. */
static void test_a_login_is_asked_again_when_its_token_ends(void **state)
{
	static const struct kubeconfig k = { .server = S("http://127.0.0.1:1") };
	struct login l = { 0 };
	const struct client_login login = { give_token, free_login, &l };
	struct net_client *net;
	struct client *c;
	err *e;

	(void)state;
	assert_null(net_client_new(&net, NULL));
	assert_null(client_new(&c, net, &k, &(struct client_options){ .login = &login }));
	err_free(ask_nobody(c));
	err_free(ask_nobody(c));
	assert_int_equal(l.asked, 2);
	l.until = INT64_MAX;
	err_free(ask_nobody(c));
	err_free(ask_nobody(c));
	err_free(ask_nobody(c));
	assert_int_equal(l.asked, 3);
	client_unref(c);
	assert_int_equal(l.freed, 1);

	l.refuse = true;
	assert_null(client_new(&c, net, &k, &(struct client_options){ .login = &login }));
	e = ask_nobody(c);
	assert_string_equal(err_msg(e), "no token today");
	err_free(e);
	client_unref(c);
	net_client_free(net);
}

static void test_a_limit_holds_for_all_users(void **state)
{
	static const struct answer answers[] = { { "GET /version", 200, "{}" } };
	struct fake f = { answers, 1 };
	struct client *c = client_of(&f), *other;
	const atomic_bool stop = true;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	client_limit(c, 0, 5);	/* none */
	client_limit(c, 200, 3);
	assert_null(client_impersonate(c, S("somebody"), NULL, 0, &other));
	int64_t start = clock_mono();

	for (int i = 0; i < 11; i++)
		assert_null(ask_nobody(i % 2 ? c : other));
	/* three at once, eight at 5 ms each */
	assert_true(clock_mono() - start >= 35 * CLOCK_MS);
	/* who is canceled does not wait */
	for (int i = 0; i < 2000; i++)
		assert_null(client_do(c, &a,
				      &(struct client_request){ .path = S("/version"),
								.cancel = &stop },
				      NULL));
	assert_true(clock_mono() - start < 9 * CLOCK_SECOND);
	client_unref(other);
	client_unref(c);
}

static void test_what_is_refused_is_not_asked(void **state)
{
	struct fake f = { NULL, 0 };
	CLEANUP(client_drop) struct client *c = client_of(&f);
	CLEANUP(client_drop) struct client *other = NULL;

	(void)state;
	client_refuse(c, S("no time"));
	assert_null(client_impersonate(c, S("somebody"), NULL, 0, &other));
	struct client *const both[] = { c, other };

	for (size_t i = 0; i < 2; i++) {
		CLEANUP(err_drop) err *e = ask_nobody(both[i]);

		assert_non_null(e);
		assert_string_equal(err_msg(e), "no time");
	}
}

static void test_apply_says_whether_it_forces(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	static const struct answer answers[] = {
		{ "PATCH /api/v1/nodes/n?fieldManager=m&force=true", 200, "{}" },
		{ "PATCH /api/v1/nodes/n/status?dryRun=All", 200, "{}" },
	};
	struct fake f = { answers, 2 };
	CLEANUP(client_drop) struct client *c = client_of(&f);
	node patch = node_map(&a, 1), out;

	(void)state;
	assert_null(client_patch(c, &a, &nodes, STR_NONE, S("n"), patch,
				 &(struct client_patch_options){ .type = CLIENT_PATCH_APPLY,
								 .manager = S("m"),
								 .force = true },
				 &out));
	assert_null(client_patch(c, &a, &nodes, STR_NONE, S("n"), patch,
				 &(struct client_patch_options){ .type = CLIENT_PATCH_MERGE,
								 .sub = S("status"),
								 .dry_run = true },
				 &out));
}

struct heard {
	char types[128];
	char end[256];
};

static void on_event(void *ctx, str type, node object)
{
	struct heard *h = ctx;
	size_t n = strlen(h->types);

	snprintf(h->types + n, sizeof h->types - n, "%.*s:%.*s ", STR_ARG(type),
		 STR_ARG(node_str(node_dig(object, "metadata", "name"))));
}

static void on_end(void *ctx, const err *why)
{
	struct heard *h = ctx;

	snprintf(h->end, sizeof h->end, "%s", why ? err_msg(why) : "peace");
}

static void test_a_watch_delivers_whole_events(void **state)
{
	static const struct answer answers[] = {
		{ "GET /api/v1/nodes?watch=true&allowWatchBookmarks=true", 200,
		  "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}\n"
		  "{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"name\":\"b\"}}}\n" },
		{ "GET /api/v1/nodes?watch=true&resourceVersion=1", 410,
		  "{\"kind\":\"Status\",\"message\":\"too old\",\"reason\":\"Expired\"}" },
	};
	struct fake f = { answers, 2 };
	CLEANUP(client_drop) struct client *c = client_of(&f);
	struct heard h = { 0 };
	struct client_watch_options o = { .bookmarks = true,
					  .on_event = on_event,
					  .on_end = on_end,
					  .ctx = &h };

	(void)state;
	client_watch_stop(client_watch_start(c, &nodes, &o));
	assert_string_equal(h.types, "ADDED:a DELETED:b ");
	assert_string_equal(h.end, "peace");
	o.bookmarks = false;
	o.resource_version = S("1");
	client_watch_stop(client_watch_start(c, &nodes, &o));
	assert_string_equal(h.end, "too old");
}

/* A cluster of somebody else's may answer anything. */
static void test_answers_that_are_no_objects_are_refused(void **state)
{
	static const struct {
		const char *body, *why;
	} rows[] = {
		{ "7", "the server's answer is no object but of type number" },
		{ "[{}]", "the server's answer is no object but of type array" },
		{ "{\"items\":[{},7]}", "the list of nodes has an item of type number" },
		{ "{\"items\":[[]]}", "the list of nodes has an item of type array" },
		{ "{\"items\":{\"a\":1}}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		const struct answer answer = { "GET /api/v1/nodes?limit=500", 200, rows[i].body };
		struct fake f = { &answer, 1 };
		CLEANUP(client_drop) struct client *c = client_of(&f);
		node list = NODE_NOTHING;
		err *e = client_list(c, &a, &nodes, STR_NONE, STR_NONE, STR_NONE, &list);

		assert_string_equal(e ? err_msg(e) : "", rows[i].why ? rows[i].why : "");
		assert_int_equal(node_is(list, NODE_NONE), e != NULL);
		err_free(e);
	}
}

static void test_a_watch_ends_at_what_is_no_event(void **state)
{
	static const struct answer answers[] = {
		{ "GET /api/v1/nodes?watch=true&resourceVersion=1", 200,
		  "{\"type\":\"ADDED\",\"object\":7}\n"
		  "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"b\"}}}\n" },
	};
	struct fake f = { answers, 1 };
	CLEANUP(client_drop) struct client *c = client_of(&f);
	struct heard h = { 0 };
	const struct client_watch_options o = {
		.resource_version = S("1"), .on_event = on_event, .on_end = on_end, .ctx = &h
	};

	(void)state;
	client_watch_stop(client_watch_start(c, &nodes, &o));
	assert_string_equal(h.types, "");
	assert_string_equal(h.end, "context canceled");
}

static const struct answer aggregated[] = {
	{ "GET /api", 200,
	  "{\"kind\":\"APIGroupDiscoveryList\",\"items\":[{\"metadata\":{\"name\":\"\"},"
	  "\"versions\":[{\"version\":\"v1\",\"resources\":[{\"resource\":\"pods\","
	  "\"responseKind\":{\"kind\":\"Pod\"},\"scope\":\"Namespaced\","
	  "\"singularResource\":\"pod\",\"verbs\":[\"list\",\"delete\"],"
	  "\"shortNames\":[\"po\"]}]}]}]}" },
	{ "GET /apis", 200,
	  "{\"kind\":\"APIGroupDiscoveryList\",\"items\":[{\"metadata\":{\"name\":\"apps\"},"
	  "\"versions\":[{\"version\":\"v2\",\"resources\":[{\"resource\":\"deployments\","
	  "\"responseKind\":{\"kind\":\"Deployment\"},\"scope\":\"Namespaced\","
	  "\"verbs\":[\"list\"]}]},{\"version\":\"v1\",\"resources\":["
	  "{\"resource\":\"deployments\",\"responseKind\":{\"kind\":\"Deployment\"},"
	  "\"scope\":\"Namespaced\",\"verbs\":[\"list\"]}]}]}]}" },
};

static const struct answer legacy[] = {
	{ "GET /api", 200, "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"]}" },
	{ "GET /apis", 200,
	  "{\"kind\":\"APIGroupList\",\"groups\":[{\"name\":\"apps\",\"versions\":["
	  "{\"version\":\"v2\"},{\"version\":\"v1\"}]}]}" },
	{ "GET /api/v1", 200,
	  "{\"resources\":[{\"name\":\"pods\",\"singularName\":\"pod\",\"namespaced\":true,"
	  "\"kind\":\"Pod\",\"verbs\":[\"list\",\"delete\"],\"shortNames\":[\"po\"]},"
	  "{\"name\":\"pods/log\",\"kind\":\"Pod\"}]}" },
	{ "GET /apis/apps/v2", 200,
	  "{\"resources\":[{\"name\":\"deployments\",\"namespaced\":true,"
	  "\"kind\":\"Deployment\",\"verbs\":[\"list\"]}]}" },
	{ "GET /apis/apps/v1", 200,
	  "{\"resources\":[{\"name\":\"deployments\",\"namespaced\":true,"
	  "\"kind\":\"Deployment\",\"verbs\":[\"list\"]}]}" },
};

static void check_discovery(const struct answer *answers, size_t n)
{
	struct fake f = { answers, n };
	CLEANUP(client_drop) struct client *c = client_of(&f);
	struct discovery *d = discovery_new(c);
	const struct client_resource *r;

	assert_null(discovery_kind(d, (struct gvk){ S("apps"), STR_NONE, S("Deployment") }, &r));
	assert_true(str_eq(r->version, S("v2")));
	assert_null(discovery_kind(d, (struct gvk){ S("apps"), S("v1"), S("Deployment") }, &r));
	assert_true(str_eq(r->version, S("v1")) && r->namespaced);
	size_t asked = f.requests;

	assert_null(discovery_name(d, S("po"), &r));
	assert_true(r && str_eq(r->plural, S("pods")));
	assert_null(discovery_name(d, S("deployments.v1.apps"), &r));
	assert_true(r && str_eq(r->version, S("v1")));
	assert_null(discovery_name(d, S("nothing"), &r));
	assert_null(r);
	CLEANUP(err_drop)
	err *e = discovery_kind(d, (struct gvk){ S("g"), S("v1"), S("X") }, &r);

	assert_string_equal(err_msg(e), "no matches for kind \"X\" in version \"g/v1\"");
	assert_int_equal(f.requests, asked);
	/* asked again, what it gave out stays, and nothing is kept twice */
	const struct client_resource *before = r, *after;

	assert_null(discovery_kind(d, (struct gvk){ S("apps"), S("v1"), S("Deployment") }, &before));
	discovery_forget(d);
	assert_null(discovery_kind(d, (struct gvk){ S("apps"), S("v1"), S("Deployment") }, &after));
	assert_true(f.requests > asked);
	assert_ptr_equal(before, after);
	discovery_free(d);
}

static void test_discovery_in_both_forms(void **state)
{
	(void)state;
	check_discovery(aggregated, 2);
	check_discovery(legacy, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_answers_of_400_and_more_are_errors),
		cmocka_unit_test(test_a_list_is_all_its_pages_with_named_items),
		cmocka_unit_test(test_another_user_asks_through_the_same_server),
		cmocka_unit_test(test_requests_of_all_users_are_counted_together),
		cmocka_unit_test(test_a_login_is_asked_again_when_its_token_ends),
		cmocka_unit_test(test_a_limit_holds_for_all_users),
		cmocka_unit_test(test_what_is_refused_is_not_asked),
		cmocka_unit_test(test_apply_says_whether_it_forces),
		cmocka_unit_test(test_a_watch_delivers_whole_events),
		cmocka_unit_test(test_answers_that_are_no_objects_are_refused),
		cmocka_unit_test(test_a_watch_ends_at_what_is_no_event),
		cmocka_unit_test(test_discovery_in_both_forms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
