#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/ociauth.h"
#include "source/ocimanifest.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DIG "sha256:" HEX

static void assert_ok(err *e)
{
	if (e)
		fail_msg("%s", err_msg(e));
}

static void assert_error(err *e, const char *text)
{
	if (!e)
		fail_msg("no error, but wanted: %s", text);
	assert_string_equal(err_msg(e), text);
	err_free(e);
}

static void assert_str(str have, const char *want)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	assert_string_equal(arena_str(&a, have).p, want);
}

/* ---- references ------------------------------------------------------------------ */

static const struct {
	const char *text, *registry, *repository, *tag, *digest, *printed;
} references[] = {
	{ "ghcr.io/org/app:1.2.3", "ghcr.io", "org/app", "1.2.3", "", "ghcr.io/org/app:1.2.3" },
	{ "127.0.0.1:5000/app", "127.0.0.1:5000", "app", "", "", "127.0.0.1:5000/app:latest" },
	{ "localhost:5000/a/b/c:x", "localhost:5000", "a/b/c", "x", "", "localhost:5000/a/b/c:x" },
	{ "ghcr.io/org/app@" DIG, "ghcr.io", "org/app", "", DIG, "ghcr.io/org/app@" DIG },
	{ "ghcr.io/org/app:1@" DIG, "ghcr.io", "org/app", "1", DIG, "ghcr.io/org/app@" DIG },
	{ "app", "index.docker.io", "library/app", "", "", "index.docker.io/library/app:latest" },
	{ "docker.io/org/app:v1", "index.docker.io", "org/app", "v1", "",
	  "index.docker.io/org/app:v1" },
	{ "org/app", "index.docker.io", "org/app", "", "", "index.docker.io/org/app:latest" },
	{ "[::1]:5000/app", "[::1]:5000", "app", "", "", "[::1]:5000/app:latest" },
};

static const char *const bad_references[] = {
	"",
	"a",
	"ghcr.io/Org/app",
	"ghcr.io/org/app:",
	"ghcr.io/org/app:a b",
	"ghcr.io/org/app@sha256:12",
	"ghcr.io/org/app@md5:d41d8cd98f00b204e9800998ecf8427e",
	"ghcr.io/org/../app",
	"ghcr.io//app",
	"ghcr.io/org/app/",
	"user@ghcr.io/org/app",
	"gh cr.io/org/app",
	"ghcr.io?x/org/app",
	"ghcr.io#x/org/app",
	"ghcr.io/org/app\n",
	"ghcr.io/org/app:" HEX HEX "1",
};

static void test_references(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof references / sizeof *references; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct ociref r;

		assert_ok(ociref_parse(&a, str_c(references[i].text), &r));
		assert_str(r.registry, references[i].registry);
		assert_str(r.repository, references[i].repository);
		assert_str(r.tag, references[i].tag);
		assert_str(r.digest, references[i].digest);
		assert_str(ociref_text(&a, &r), references[i].printed);
	}
	for (size_t i = 0; i < sizeof bad_references / sizeof *bad_references; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct ociref r;
		err *e = ociref_parse(&a, str_c(bad_references[i]), &r);

		if (!e)
			fail_msg("accepted: %s", bad_references[i]);
		assert_true(str_starts(err_text(e), S("could not parse reference: ")));
		err_free(e);
	}
}

static void test_references_of_oras(void **state)
{
	static const struct {
		const char *text, *registry, *repository, *tag, *digest;
	} good[] = {
		{ "registry/charts/app", "registry", "charts/app", "", "" },
		{ "localhost:5000/a", "localhost:5000", "a", "", "" },
		{ "r/a/b-c_d__e---f.g:1.0_x", "r", "a/b-c_d__e---f.g", "1.0_x", "" },
		{ "r/a:1@" DIG, "r", "a", "1", DIG },
		{ "docker.io/a", "index.docker.io", "library/a", "", "" },
		{ "r/a:", "r", "a", "", "" },
	};
	static const char *const bad[][2] = {
		{ "app", "invalid reference: missing registry or repository" },
		{ "r/", "invalid reference: invalid repository \"\"" },
		{ "r/a/", "invalid reference: invalid repository \"a/\"" },
		{ "r/A", "invalid reference: invalid repository \"A\"" },
		{ "r/a//b", "invalid reference: invalid repository \"a//b\"" },
		{ "r/../b", "invalid reference: invalid repository \"../b\"" },
		{ "r/a___b", "invalid reference: invalid repository \"a___b\"" },
		{ "r/a._b", "invalid reference: invalid repository \"a._b\"" },
		{ "r/-a", "invalid reference: invalid repository \"-a\"" },
		{ "u@r/a", "invalid reference: invalid registry \"u@r\"" },
		{ "r/a:-1", "invalid reference: invalid tag \"-1\"" },
		{ "r/a:1:2", "invalid reference: invalid tag \"1:2\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct ociref r;

		assert_ok(ociref_parse_at(&a, str_c(good[i].text), &r));
		assert_str(r.registry, good[i].registry);
		assert_str(r.repository, good[i].repository);
		assert_str(r.tag, good[i].tag);
		assert_str(r.digest, good[i].digest);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct ociref r;

		assert_error(ociref_parse_at(&a, str_c(bad[i][0]), &r), bad[i][1]);
	}
}

static void test_local_registries(void **state)
{
	static const char *const local[] = { "localhost",  "localhost:5000", "127.0.0.1:5000",
					     "[::1]:5",    "registry.local", "10.1.2.3",
					     "172.16.0.1", "192.168.1.1:80", "a.localhost:1" };
	static const char *const other[] = {
		"ghcr.io", "11.0.0.1", "172.32.0.1", "10.1.2", "localhost.example.com", "10.1.2.3.4"
	};

	(void)state;
	for (size_t i = 0; i < sizeof local / sizeof *local; i++)
		assert_true(ociref_is_local(str_c(local[i])));
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		assert_false(ociref_is_local(str_c(other[i])));
}

/* ---- credentials -------------------------------------------------------------------- */

/* "dTpw" is u:p */
static const char config_text[] = "{\"auths\": {"
				  " \"https://index.docker.io/v1/\": {\"auth\": \"aHViOnB3\"},"
				  " \"ghcr.io\": {\"username\": \"user\", \"password\": \"pass\"},"
				  " \"ghcr.io/org\": {\"auth\": \"b3JnOnB3\"},"
				  " \"*.example.com\": {\"identitytoken\": \"token\"},"
				  " \"exact.example.com:5000\": {\"registrytoken\": \"as it is\"},"
				  " \"empty.io\": {}},"
				  " \"credHelpers\": {\"helped.io\": \"desktop\"}}";

static const struct {
	const char *reference, *user, *password, *identity, *registry;
} logins[] = {
	{ "docker.io/org/app", "hub", "pw", "", "" },
	{ "app", "hub", "pw", "", "" },
	{ "ghcr.io/other/app", "user", "pass", "", "" },
	{ "ghcr.io/org/app", "org", "pw", "", "" },
	{ "ghcr.io/org", "org", "pw", "", "" },
	{ "ghcr.io/organ/app", "user", "pass", "", "" },
	{ "a.example.com/app", "", "", "token", "" },
	{ "a.b.example.com/app", "", "", "", "" },
	{ "exact.example.com:5000/app", "", "", "", "as it is" },
	{ "exact.example.com:5001/app", "", "", "", "" },
	{ "evil-ghcr.io/app", "", "", "", "" },
	{ "helped.io/app", "", "", "", "" },
};

static void test_logins(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct ociauth_config c;

	(void)state;
	assert_ok(ociauth_read(&a, str_c(config_text), &c));
	for (size_t i = 0; i < sizeof logins / sizeof *logins; i++) {
		struct ociref r;

		assert_ok(ociref_parse(&a, str_c(logins[i].reference), &r));
		struct ociauth auth = ociauth_find(&c, &r);

		assert_str(auth.user, logins[i].user);
		assert_str(auth.password, logins[i].password);
		assert_str(auth.identity_token, logins[i].identity);
		assert_str(auth.registry_token, logins[i].registry);
	}
}

static const struct {
	const char *json, *text;
} bad_configs[] = {
	{ "", "unexpected end of JSON input" },
	{ "[]", "json: cannot unmarshal array into Go value of type configfile.ConfigFile" },
	{ "{\"auths\":{\"x.io\":{\"auth\":\"!\"}}}",
	  "unable to decode auth field: illegal base64 data at input byte 0" },
	{ "{\"auths\":{\"x.io\":{\"auth\":\"dXNlcg==\"}}}",
	  "unable to decode auth field: must be formatted as base64(username:password)" },
	{ "{\"auths\":{\"x.io\":[]}}",
	  "json: cannot unmarshal array into Go value of type types.AuthConfig" },
};

static void test_bad_configs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad_configs / sizeof *bad_configs; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct ociauth_config c;

		assert_error(ociauth_read(&a, str_c(bad_configs[i].json), &c), bad_configs[i].text);
	}
}

static void test_login_and_logout(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf in = BUF_INIT, out = BUF_INIT, none = BUF_INIT;
	struct ociauth auth = { .user = S("u"), .password = S("p:q") };
	struct ociref r = { .registry = S("ghcr.io"), .repository = S("x") };
	struct ociauth_config c;

	(void)state;
	assert_ok(ociauth_set(&a, S("{\"proxies\":{\"a\":1.0},\"auths\":{}}"), S("ghcr.io"), &auth,
			      &in));
	assert_true(str_has(buf_str(&in), S("1.0")));
	assert_ok(ociauth_read(&a, buf_str(&in), &c));
	auth = ociauth_find(&c, &r);
	assert_str(auth.user, "u");
	assert_str(auth.password, "p:q");
	assert_ok(ociauth_set(&a, buf_str(&in), S("ghcr.io"), NULL, &out));
	assert_false(str_has(buf_str(&out), S("ghcr.io")));
	assert_error(ociauth_set(&a, buf_str(&out), S("ghcr.io"), NULL, &none), "not logged in");
}

static const struct {
	const char *header;
	bool ok, bearer;
	const char *realm, *service, *scope;
} challenges[] = {
	{ "Bearer realm=\"https://ghcr.io/token\",service=\"ghcr.io\",scope=\"repository:a/b:pull\"",
	  true, true, "https://ghcr.io/token", "ghcr.io", "repository:a/b:pull" },
	{ "Basic realm=\"basic-realm\"", true, false, "basic-realm", "", "" },
	{ "bearer realm=https://x/t, service = \"s\"", true, true, "https://x/t", "s", "" },
	{ "Negotiate, Basic realm=\"a \\\"b\\\"\"", true, false, "a \"b\"", "", "" },
	{ "Digest realm=\"x\", nonce=\"y\", Bearer realm=\"z\"", true, true, "z", "", "" },
	{ "Basic", true, false, "", "", "" },
	{ "Bearer service=\"x\"", false, false, "", "", "" },
	{ "", false, false, "", "", "" },
	{ "Negotiate", false, false, "", "", "" },
	{ "Bearer realm=\"unended", false, false, "", "", "" },
};

static void test_challenges(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof challenges / sizeof *challenges; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct ociauth_challenge c = { 0 };

		if (ociauth_challenge_parse(&a, str_c(challenges[i].header), &c) !=
		    challenges[i].ok)
			fail_msg("%s", challenges[i].header);
		if (!challenges[i].ok)
			continue;
		assert_int_equal(c.bearer, challenges[i].bearer);
		assert_str(c.realm, challenges[i].realm);
		assert_str(c.service, challenges[i].service);
		assert_str(c.scope, challenges[i].scope);
	}
}

/* ---- manifests ------------------------------------------------------------------------ */

#define LAYER "{\"mediaType\":\"t\",\"size\":5,\"digest\":\"" DIG "\"}"
#define IMAGE                                                               \
	"{\"schemaVersion\":2,\"config\":" LAYER ",\"layers\":[" LAYER "]," \
	"\"annotations\":{\"a\":\"b\"}}"

static const struct {
	const char *text, *type, *error;
} bad_manifests[] = {
	{ "", "", "unexpected end of JSON input" },
	{ "[]", "", "json: cannot unmarshal array into Go value of type v1.Manifest" },
	{ IMAGE, "text/html", "unsupported MediaType: \"text/html\"" },
	{ "{\"layers\":[],\"manifests\":[]}", "application/vnd.oci.image.index.v1+json",
	  "manifest has both layers and manifests, or those of another kind" },
	{ "{\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[]}",
	  "application/vnd.oci.image.manifest.v1+json",
	  "manifest's mediaType \"application/vnd.oci.image.index.v1+json\" is not the one it was "
	  "sent as, \"application/vnd.oci.image.manifest.v1+json\"" },
	{ "{\"layers\":[{\"digest\":\"" DIG "\",\"size\":\"5\"}]}", "",
	  "json: cannot unmarshal string into Go struct field Descriptor.layers.size of type int64" },
	{ "{\"layers\":[{\"digest\":\"" DIG "\",\"size\":-5}]}", "",
	  "size of " DIG " is below zero" },
	{ "{\"layers\":[{\"digest\":\"md5:d41d8cd98f00b204e9800998ecf8427e\",\"size\":5}]}", "",
	  "cannot parse hash: \"md5:d41d8cd98f00b204e9800998ecf8427e\": unsupported digest "
	  "algorithm" },
	{ "{\"layers\":[{\"digest\":\"sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495"
	  "991B7852B855\",\"size\":5}]}",
	  "",
	  "cannot parse hash: \"sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852"
	  "B855\": invalid checksum digest format" },
	{ "{\"layers\":[{\"digest\":\"sha256:12\",\"size\":5}]}", "",
	  "cannot parse hash: \"sha256:12\": invalid checksum digest length" },
	{ "{\"layers\":[]}", "",
	  "config: cannot parse hash: \"\": invalid checksum digest format" },
};

static void test_bad_manifests(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad_manifests / sizeof *bad_manifests; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct ocimanifest m;

		assert_error(ocimanifest_read(&a, str_c(bad_manifests[i].text),
					      str_c(bad_manifests[i].type), &m),
			     bad_manifests[i].error);
	}
}

static void test_manifest_there_and_back(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct ocimanifest m;

	(void)state;
	assert_ok(ocimanifest_read(&a, S(IMAGE), S("application/vnd.oci.image.manifest.v1+json; x"),
				   &m));
	assert_false(m.index);
	assert_int_equal(m.parts_n, 1);
	assert_int_equal(m.parts[0].size, 5);
	assert_str(ocimanifest_annotation(m.annotations, S("a")), "b");
	ocimanifest_write(&b, &m);
	assert_str(buf_str(&b),
		   "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+"
		   "json\",\"config\":" LAYER ",\"layers\":[" LAYER
		   "],\"annotations\":{\"a\":\"b\"}}");
}

static void test_platforms(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	static const char text[] =
		"{\"manifests\":["
		"{\"mediaType\":\"m\",\"size\":1,\"digest\":\"" DIG "\",\"platform\":"
		"{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\"}},"
		"{\"mediaType\":\"m\",\"size\":2,\"digest\":\"" DIG "\"}]}";
	struct ocimanifest m;

	(void)state;
	assert_ok(ocimanifest_read(&a, str_c(text), STR_NONE, &m));
	assert_true(m.index);
	assert_int_equal(ocimanifest_find(&m, S("linux"), S("amd64"), STR_NONE)->size, 2);
	assert_int_equal(ocimanifest_find(&m, S("linux"), S("arm64"), STR_NONE)->size, 1);
	assert_int_equal(ocimanifest_find(&m, S("linux"), S("arm64"), S("v8"))->size, 1);
	assert_null(ocimanifest_find(&m, S("linux"), S("arm64"), S("v7")));
	assert_null(ocimanifest_find(&m, S("windows"), S("amd64"), STR_NONE));
}

static void test_too_many_parts(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct ocimanifest m;

	(void)state;
	buf_add(&b, S("{\"manifests\":["));
	for (size_t i = 0; i < 30000; i++)
		buf_addf(&b, "%s" LAYER, i ? "," : "");
	buf_add(&b, S("]}"));
	assert_error(ocimanifest_read(&a, buf_str(&b), STR_NONE, &m),
		     "manifest has 30000 parts, more than 10000");
	buf_fill(&b, ' ', OCIMANIFEST_MAX);
	assert_error(ocimanifest_read(&a, buf_str(&b), STR_NONE, &m),
		     "manifest is larger than 4194304 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_references_of_oras),
		cmocka_unit_test(test_local_registries),
		cmocka_unit_test(test_logins),
		cmocka_unit_test(test_bad_configs),
		cmocka_unit_test(test_login_and_logout),
		cmocka_unit_test(test_challenges),
		cmocka_unit_test(test_bad_manifests),
		cmocka_unit_test(test_manifest_there_and_back),
		cmocka_unit_test(test_platforms),
		cmocka_unit_test(test_too_many_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
