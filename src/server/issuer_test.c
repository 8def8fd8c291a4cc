#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fs.h"
#include "crypto/jwt.h"
#include "server/issuer.h"
#include "text/base64.h"
#include "value/json.h"

enum { PATIENCE = 60 };			/* seconds until something is given up */

#define ACCOUNT "/api/v1/namespaces/default/serviceaccounts/default"
#define SECRETS "/api/v1/namespaces/default/secrets"
#define REVIEWS "/apis/authentication.k8s.io/v1/tokenreviews"

static int ask(struct server *s, struct arena *a, const char *method, const char *path, str body,
	       node *out)
{
	struct server_answer answer;

	server_call(s, a, &(struct server_ask){ .method = str_c(method), .path = str_c(path), .body = body },
		    &answer);
	assert_null(json_read(a, answer.body, NULL, out));
	return answer.code;
}

static struct server *open_at(const struct fs *dir)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	int64_t end = clock_mono() + PATIENCE * CLOCK_SECOND;
	struct server *s;
	node account;

	assert_null(server_open(&s, &(struct server_options){ .data_dir = fs_root(dir), .no_sim = true }));
	while (ask(s, &a, "GET", ACCOUNT, STR_NONE, &account) != 200 && clock_mono() < end)
		usleep(5000);
	return s;
}

static str request_token(struct server *s, struct arena *a, const char *audiences)
{
	str body = arena_printf(a, "{\"spec\":{\"audiences\":[%s]}}", audiences);
	node answer;

	assert_int_equal(ask(s, a, "POST", ACCOUNT "/token", body, &answer), 201);
	return node_str(node_dig(answer, "status", "token"));
}

static node review(struct server *s, struct arena *a, str token, const char *audiences)
{
	str body = arena_printf(a, "{\"spec\":{\"token\":\"%.*s\",\"audiences\":[%s]}}", STR_ARG(token),
				audiences);
	node answer;

	assert_int_equal(ask(s, a, "POST", REVIEWS, body, &answer), 201);
	return node_get(answer, S("status"));
}

static void expect_user(struct server *s, str token, bool good)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node status = review(s, &a, token, "");
	str name = node_str_or(node_dig(status, "user", "username"), STR_NONE);

	assert_int_equal(node_bool(node_get(status, S("authenticated"))), good);
	assert_true(str_eq(name, good ? S("system:serviceaccount:default:default") : STR_NONE));
}

/* The token of the Secret, once it is another one than `other`. */
static str secret_token(struct server *s, struct arena *a, str other)
{
	int64_t end = clock_mono() + PATIENCE * CLOCK_SECOND;

	while (clock_mono() < end) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		node secret;

		assert_int_equal(ask(s, a, "GET", SECRETS "/t", STR_NONE, &secret), 200);
		assert_null(base64_read(&b, node_str_or(node_dig(secret, "data", "token"), STR_NONE),
					BASE64_STD));
		if (b.n && !str_eq(buf_str(&b), other))
			return arena_str(a, buf_str(&b));
		usleep(5000);
	}
	fail_msg("the Secret got no token");
	return STR_NONE;
}

static void new_secret(struct server *s, struct arena *a, str token)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node answer;

	base64_write(&b, token, BASE64_STD);
	str body = arena_printf(
		a,
		"{\"metadata\":{\"name\":\"t\",\"annotations\":{\"kubernetes.io/service-account.name\":"
		"\"default\"}},\"type\":\"kubernetes.io/service-account-token\",\"data\":{\"token\":\"%s\"}}",
		buf_c(&b));

	assert_int_equal(ask(s, a, "POST", SECRETS, body, &answer), 201);
}

/* ---- tests ------------------------------------------------------------- */

static void test_tokens_outlive_a_restart_but_not_their_key(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(fs_drop) struct fs *dir = NULL;

	(void)state;
	assert_null(fs_open_temp(&dir, STR_NONE, S("issuer")));
	struct server *s = open_at(dir);
	str asked = request_token(s, &a, "");

	new_secret(s, &a, STR_NONE);
	str kept = secret_token(s, &a, STR_NONE);

	server_close(s);
	s = open_at(dir);
	expect_user(s, asked, true);
	expect_user(s, kept, true);
	server_close(s);
	assert_null(fs_remove(dir, S("sa.key")));
	s = open_at(dir);
	expect_user(s, asked, false);
	str renewed = secret_token(s, &a, kept);

	expect_user(s, kept, false);
	expect_user(s, renewed, true);
	server_close(s);
}

/* Signed with a secret, as this program once did. */
static void test_an_old_token_in_a_secret_is_replaced(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(fs_drop) struct fs *dir = NULL;
	static const str old = S("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
				 "eyJpc3MiOiJodHRwczovL2t1YmVybmV0ZXMuZGVmYXVsdC5zdmMuY2x1c3Rlci5sb2NhbCJ9."
				 "AAAA");

	(void)state;
	assert_null(fs_open_temp(&dir, STR_NONE, S("issuer")));
	struct server *s = open_at(dir);

	expect_user(s, old, false);
	new_secret(s, &a, old);
	expect_user(s, secret_token(s, &a, old), true);
	server_close(s);
}

static void test_a_token_is_for_its_audience(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(fs_drop) struct fs *dir = NULL;

	(void)state;
	assert_null(fs_open_temp(&dir, STR_NONE, S("issuer")));
	struct server *s = open_at(dir);
	str token = request_token(s, &a, "\"vault\",\"x\"");
	node status = review(s, &a, token, "\"y\",\"vault\"");

	assert_true(node_bool(node_get(status, S("authenticated"))));
	assert_int_equal(node_len(node_get(status, S("audiences"))), 1);
	status = review(s, &a, token, "");
	assert_false(node_bool(node_get(status, S("authenticated"))));
	assert_string_equal(node_str(node_get(status, S("error"))).p,
			    "token audiences [\"vault\" \"x\"] is invalid for the target audiences "
			    "[\"" ISSUER_URL "\"]");
	server_close(s);
}

static void expect_text(node n, const char *want)
{
	assert_true(str_eq(node_str(n), str_c(want)));
}

/* A token with an end of its own: it says which Pod it is for, and ends with it. */
static void test_a_token_ends_with_its_pod(void **state)
{
	static const str asks = S("{\"spec\":{\"expirationSeconds\":3607,\"boundObjectRef\":"
				  "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"p\"}}}");
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(fs_drop) struct fs *dir = NULL;
	struct jwt jwt;
	node answer;

	(void)state;
	assert_null(fs_open_temp(&dir, STR_NONE, S("issuer")));
	struct server *s = open_at(dir);

	assert_int_equal(ask(s, &a, "POST", "/api/v1/namespaces/default/pods",
			     S("{\"metadata\":{\"name\":\"p\"},\"spec\":{\"nodeName\":\"n\",\"containers\":"
			       "[{\"name\":\"c\",\"image\":\"i\"}]}}"), &answer), 201);
	assert_int_equal(ask(s, &a, "POST", ACCOUNT "/token", asks, &answer), 201);
	str token = node_str(node_dig(answer, "status", "token"));

	assert_null(jwt_read(&a, token, &jwt));
	node k8s = node_get(jwt.claims, S("kubernetes.io")), extra;
	int64_t issued = node_int(node_get(jwt.claims, S("iat")));

	expect_text(node_dig(k8s, "pod", "name"), "p");
	expect_text(node_dig(k8s, "node", "name"), "n");
	assert_int_equal(node_int(node_get(k8s, S("warnafter"))), issued + 3607);
	assert_int_equal(node_int(node_get(jwt.claims, S("exp"))), issued + 365 * 24 * 3600);
	extra = node_dig(review(s, &a, token, ""), "user", "extra");
	expect_text(node_at(node_get(extra, S("authentication.kubernetes.io/pod-name")), 0), "p");
	expect_text(node_at(node_get(extra, S("authentication.kubernetes.io/node-name")), 0), "n");
	assert_int_equal(ask(s, &a, "DELETE", "/api/v1/namespaces/default/pods/p?gracePeriodSeconds=0", STR_NONE, &answer),
			 200);
	expect_user(s, token, false);
	server_close(s);
}

static int ask_for_keys(struct server *s, struct arena *a, str type, node *out)
{
	struct server_answer answer;

	server_call(s, a,
		    &(struct server_ask){
			    .method = S("GET"), .path = S("/openid/v1/jwks"), .accept = type },
		    &answer);
	assert_null(json_read(a, answer.body, NULL, out));
	return answer.code;
}

static void test_the_key_is_told(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf head = BUF_INIT;
	CLEANUP(fs_drop) struct fs *dir = NULL;
	node doc, key, parsed;

	(void)state;
	assert_null(fs_open_temp(&dir, STR_NONE, S("issuer")));
	struct server *s = open_at(dir);

	assert_int_equal(ask(s, &a, "GET", "/.well-known/openid-configuration", STR_NONE, &doc), 200);
	assert_true(str_eq(node_str(node_get(doc, S("issuer"))), S(ISSUER_URL)));
	assert_int_equal(ask_for_keys(s, &a, S("application/json"), &doc), 406);
	assert_int_equal(ask_for_keys(s, &a, S("application/jwk-set+json"), &doc), 200);
	key = node_at(node_get(doc, S("keys")), 0);
	assert_true(str_eq(node_str(node_get(key, S("alg"))), S("ES256")));
	str token = request_token(s, &a, "");

	assert_null(base64_read(&head, str_sub(token, 0, str_find_char(token, '.')), BASE64_RAW_URL));
	assert_null(json_read(&a, buf_str(&head), NULL, &parsed));
	assert_true(str_eq(node_str(node_get(parsed, S("kid"))), node_str(node_get(key, S("kid")))));
	server_close(s);
}

static void test_a_broken_key_is_told_at_the_start(void **state)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;
	struct server *s = NULL;

	(void)state;
	assert_null(fs_open_temp(&dir, STR_NONE, S("issuer")));
	assert_null(fs_write(dir, S("sa.key"), S("junk"), 0600));
	CLEANUP(err_drop) err *e = server_open(&s, &(struct server_options){ .data_dir = fs_root(dir),
									     .listen = S("127.0.0.1:0"),
									     .no_sim = true });

	assert_non_null(e);
	assert_true(str_has(str_c(err_msg(e)), S("sa.key")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens_outlive_a_restart_but_not_their_key),
		cmocka_unit_test(test_an_old_token_in_a_secret_is_replaced),
		cmocka_unit_test(test_a_token_is_for_its_audience),
		cmocka_unit_test(test_a_token_ends_with_its_pod),
		cmocka_unit_test(test_the_key_is_told),
		cmocka_unit_test(test_a_broken_key_is_told_at_the_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
