#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/die.h"
#include "base/fs.h"
#include "archive/gzip.h"
#include "release/record.h"
#include "release/relobj.h"
#include "value/json.h"

static str golden(struct arena *a, const char *name)
{
	str text;
	err *e = fs_read_any(a, arena_cat(a, str_c(getenv("GOLDEN")), S("/release/"), str_c(name)),
			     1 << 20, &text);

	if (e)
		fail_msg("%s", err_msg(e));
	return text;
}

static void check(err *e)
{
	if (e)
		fail_msg("%s", err_msg(e));
}

/* What Helm 4.3 wrote is written back byte for byte. */
static void test_writes_what_helm_writes(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str text = str_trim(golden(&a, "install.json"));
	struct record r;

	(void)state;
	check(record_read(&a, text, &r));
	assert_int_equal(r.version, 1);
	assert_int_equal(r.hooks_n, 1);
	assert_true(record_has(r.hooks[0].events, S("pre-install")));
	assert_true(str_eq(r.apply_method, S("ssa")));
	check(record_write(&r, &b));
	assert_int_equal(b.n, text.n);
	assert_memory_equal(buf_c(&b), text.p, text.n);
}

static void check_encoded(struct record_cache *cache)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT, again = BUF_INIT;
	str text = str_trim(golden(&a, "install.json"));
	struct record r, back;

	check(record_read(&a, text, &r));
	check(record_encode(&r, cache, &b));
	check(record_decode(&a, buf_str(&b), &back));
	check(record_write(&back, &again));
	assert_int_equal(again.n, text.n);
	assert_memory_equal(buf_c(&again), text.p, text.n);
}

static void test_encoded_and_back(void **state)
{
	struct record_cache *large = record_cache_new(1 << 20), *small = record_cache_new(64);

	(void)state;
	check_encoded(NULL);
	for (int i = 0; i < 2; i++) {
		check_encoded(large);
		check_encoded(small);
	}
	record_cache_free(large);
	record_cache_free(small);
}

/* A chart whose form is kept is stored as one that is written anew; one that changed has
 * another form, and one with dependencies none. */
static void test_kept_form_of_a_chart(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct chart_file file = { .name = S("templates/a.yaml"), .data = S("a: {{ .Values.b }}\n") };
	struct chart c = { .meta = { .name = S("web"), .version = S("1.0.0"), .api_version = S("v2") },
			   .values = node_map(&a, 1), .templates = { &file, 1, 1 } };
	struct record_cache *cache = record_cache_new(1 << 20);
	struct record_form form;

	(void)state;
	node_set(&a, c.values, S("b"), node_lit("1"));
	check(record_form_keep(&a, &c, &form));
	assert_true(record_form_fits(&form, &c));
	for (int i = 0; i < 2; i++) {
		CLEANUP(buf_release) struct buf kept = BUF_INIT, made = BUF_INIT, again = BUF_INIT;
		struct record r = { .name = S("x"), .version = 1, .chart = form.chart, .form = &form };
		struct record back;

		check(record_encode(&r, i ? cache : NULL, &kept));
		check(record_decode(&a, buf_str(&kept), &back));
		check(record_write(&back, &again));
		r.form = NULL;
		r.chart = record_chart(&a, &c);
		check(record_write(&r, &made));
		assert_string_equal(buf_c(&again), buf_c(&made));
	}
	struct chart other = c;

	other.meta.version = S("1.0.1");
	assert_false(record_form_fits(&form, &other));
	other = c;
	other.values = node_copy(&a, c.values);
	assert_false(record_form_fits(&form, &other));
	other = c;
	other.meta.has_deps = true;
	check(record_form_keep(&a, &other, &form));
	assert_false(record_form_fits(&form, &c));
	record_cache_free(cache);
}

/* More levels than are kept, one after the other: each is packed at its own. */
static void test_cache_packs_at_any_level(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct record_cache *c = record_cache_new(1 << 20);

	(void)state;
	for (int i = 0; i < 2000; i++)
		buf_addf(&text, "%d,", i * i);
	for (int i = 0; i < 27; i++) {
		CLEANUP(buf_release) struct buf a = BUF_INIT, b = BUF_INIT;

		check(record_cache_pack_once(c, buf_str(&text), 1 + i * 4 % 9, &a));
		check(gzip_write(buf_str(&text), 1 + i * 4 % 9, &b));
		assert_true(str_eq(buf_str(&a), buf_str(&b)));
	}
	record_cache_free(c);
}

/* Of Helm 3: empty times, no apply method. */
static void test_reads_what_helm_3_wrote(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct record r;

	(void)state;
	check(record_read(&a,
			  S("{\"name\":\"old\",\"info\":{\"first_deployed\":"
			    "\"2023-05-01T10:00:00.123456789+02:00\",\"last_deployed\":\"\","
			    "\"deleted\":\"\",\"status\":\"superseded\"},\"version\":3,"
			    "\"hooks\":[{\"name\":\"h\",\"last_run\":{\"started_at\":\"\","
			    "\"completed_at\":\"\",\"phase\":\"\"}}]}"),
			  &r));
	assert_true(gotime_is_zero(r.deleted));
	assert_true(gotime_is_zero(r.last_deployed));
	assert_int_equal(r.apply_method.n, 0);
	check(record_write(&r, &b));
	assert_string_equal(buf_c(&b),
			    "{\"name\":\"old\",\"info\":{\"first_deployed\":"
			    "\"2023-05-01T10:00:00.123456789+02:00\",\"status\":\"superseded\"},"
			    "\"hooks\":[{\"name\":\"h\",\"last_run\":{\"phase\":\"\"}}],"
			    "\"version\":3}");
}

static const struct {
	const char *text, *why;
} bad[] = {
	{ "", "unexpected end of JSON input" },
	{ "[]", "cannot unmarshal array into Go value of type v1.Release" },
	{ "1", "cannot unmarshal number into Go value of type v1.Release" },
	{ "{\"name\":", "unexpected end of JSON input" },
	{ "\"x\"", "cannot unmarshal string into Go value of type v1.Release" },
};

static void test_refuses_what_is_no_record(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct record r;
		CLEANUP(err_drop) err *e = record_read(&a, str_c(bad[i].text), &r);

		assert_non_null(e);
		assert_true(str_has(err_text(e), str_c(bad[i].why)));
	}
}

static node object(struct arena *a, const char *json)
{
	node n;

	check(json_read(a, str_c(json), NULL, &n));
	return n;
}

static void test_owner(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node none = object(&a, "{\"metadata\":{\"name\":\"x\"}}");
	node ours = object(&a, "{\"metadata\":{\"labels\":{\"app.kubernetes.io/managed-by\":"
			       "\"Helm\"},\"annotations\":{\"meta.helm.sh/release-name\":\"r\","
			       "\"meta.helm.sh/release-namespace\":\"n\"}}}");
	CLEANUP(err_drop) err *e = relobj_check_owner(none, S("r"), S("n"));

	(void)state;
	assert_string_equal(
		err_msg(e),
		"invalid ownership metadata; label validation error: missing key "
		"\"app.kubernetes.io/managed-by\": must be set to \"Helm\"; annotation validation "
		"error: missing key \"meta.helm.sh/release-name\": must be set to \"r\"; annotation "
		"validation error: missing key \"meta.helm.sh/release-namespace\": must be set to "
		"\"n\"");
	assert_null(relobj_check_owner(ours, S("r"), S("n")));
	err_free(e);
	e = relobj_check_owner(ours, S("r"), S("other"));
	assert_string_equal(err_msg(e),
			    "invalid ownership metadata; annotation validation error: key "
			    "\"meta.helm.sh/release-namespace\" must equal \"other\": current value is "
			    "\"n\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writes_what_helm_writes),
		cmocka_unit_test(test_encoded_and_back),
		cmocka_unit_test(test_kept_form_of_a_chart),
		cmocka_unit_test(test_cache_packs_at_any_level),
		cmocka_unit_test(test_reads_what_helm_3_wrote),
		cmocka_unit_test(test_refuses_what_is_no_record),
		cmocka_unit_test(test_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
