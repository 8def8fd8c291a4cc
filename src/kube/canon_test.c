#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "kube/builtin.h"
#include "kube/canon.h"
#include "value/json.h"

struct sample {
	const char *kind, *in, *want;	/* want: JSON, or the error behind '!' */
};

static const struct sample samples[] = {
	{ "v1/ConfigMap", "{}", "{\"metadata\":{}}" },
	{ "v1/ConfigMap", "{\"data\":{},\"metadata\":{\"labels\":null,\"name\":\"\"}}",
	  "{\"metadata\":{}}" },
	{ "v1/ConfigMap", "{\"data\":{\"a\":null},\"immutable\":false}",
	  "{\"data\":{\"a\":\"\"},\"immutable\":false,\"metadata\":{}}" },
	/* What a new Deployment is compared with. */
	{ "apps/v1/Deployment", "{}",
	  "{\"metadata\":{},\"spec\":{\"selector\":null,\"strategy\":{},\"template\":{\"metadata\":{},"
	  "\"spec\":{\"containers\":null}}},\"status\":{}}" },
	{ "v1/ResourceQuota", "{\"spec\":{\"hard\":{\"cpu\":\"1000m\",\"memory\":1024}}}",
	  "{\"metadata\":{},\"spec\":{\"hard\":{\"cpu\":\"1\",\"memory\":\"1024\"}},\"status\":{}}" },
	{ "v1/ResourceQuota", "{\"spec\":{\"hard\":{\"cpu\":\"1x\"}}}",
	  "!quantities must match the regular expression "
	  "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'" },
	{ "v1/Secret", "{\"data\":{\"a\":\"YW Jj\"}}", "!illegal base64 data at input byte 2" },
	{ "v1/Secret", "{\"data\":{\"a\":[104,null,255],\"b\":[],\"c\":null}}",
	  "{\"data\":{\"a\":\"aAD/\",\"b\":\"\",\"c\":\"\"},\"metadata\":{}}" },
	{ "v1/Secret", "{\"data\":{\"a\":[104,256]}}",
	  "!json: cannot unmarshal number 256 into Go struct field Secret.data of type uint8" },
	{ "v1/Secret", "{\"data\":{\"a\":[\"x\"]}}",
	  "!json: cannot unmarshal string into Go struct field Secret.data of type uint8" },
	{ "v1/ConfigMap", "{\"metadata\":{\"name\":true}}",
	  "!json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.name of type string" },
	{ "v1/ConfigMap", "{\"data\":\"x\"}",
	  "!json: cannot unmarshal string into Go struct field ConfigMap.data of type "
	  "map[string]string" },
	{ "apps/v1/Deployment", "{\"spec\":{\"replicas\":3000000000}}",
	  "!json: cannot unmarshal number 3000000000 into Go struct field "
	  "DeploymentSpec.spec.replicas of type int32" },
	{ "v1/Pod", "{\"metadata\":{\"creationTimestamp\":\"2024-01-02T05:04:05+02:00\"}}",
	  "{\"metadata\":{\"creationTimestamp\":\"2024-01-02T03:04:05Z\"},\"spec\":{\"containers\":"
	  "null},\"status\":{}}" },
};

/* By the reader of maps. */
static const struct sample restored[] = {
	{ "apps/v1/Deployment", "{\"spec\":{\"replicas\":2.5}}", "!cannot convert float64 to int32" },
	{ "apps/v1/Deployment", "{\"spec\":{\"template\":{\"spec\":{\"containers\":{}}}}}",
	  "!cannot restore slice from map" },
	{ "v1/ConfigMap", "{\"data\":{\"a\":1}}", "!cannot convert int64 to string" },
	{ "v1/ConfigMap", "{\"data\":{\"a\":1.5}}", "!unrecognized type: string" },
	{ "v1/ConfigMap", "{\"data\":[],\"metadata\":{}}", "!cannot restore map from slice" },
	{ "v1/ConfigMap", "{\"metadata\":1}", "!cannot restore struct from: int64" },
	{ "v1/Secret", "{\"data\":{\"a\":\"YW Jj\"}}",
	  "!error decoding from json: illegal base64 data at input byte 2" },
	{ "v1/Secret", "{\"data\":{\"a\":[97,98,355]}}", "{\"data\":{\"a\":\"YWJj\"},\"metadata\":{}}" },
	{ "v1/Event", "{\"count\":4294967298,\"firstTimestamp\":true}",
	  "!json: cannot unmarshal bool into Go value of type string" },
	{ "autoscaling/v1/Scale", "{\"spec\":{\"replicas\":4294967298}}",
	  "{\"metadata\":{},\"spec\":{\"replicas\":2},\"status\":{\"replicas\":0}}" },
	{ "autoscaling/v1/Scale", "{\"spec\":{\"replicas\":2.0}}",
	  "{\"metadata\":{},\"spec\":{\"replicas\":2},\"status\":{\"replicas\":0}}" },
};

typedef err *reader(struct arena *a, node in, const struct type *type, struct canon_unknown *unknown,
		    node *out);

static struct gvk kind_of(const char *s)
{
	size_t slash = str_rfind_char(str_c(s), '/');

	return gvk_parse(str_sub(str_c(s), 0, slash), str_from(str_c(s), slash + 1));
}

static void check(const struct sample *list, size_t n, reader *read)
{
	for (size_t i = 0; i < n; i++) {
		const struct sample *s = &list[i];
		struct arena a = ARENA_INIT;
		struct buf b = BUF_INIT;
		node in, out;

		assert_null(json_read(&a, str_c(s->in), NULL, &in));
		err *e = read(&a, in, builtin_type(kind_of(s->kind)), NULL, &out);

		if (e)
			buf_addf(&b, "!%s", err_msg(e));
		else
			assert_null(json_write(&b, out, NULL));
		assert_string_equal(buf_c(&b), s->want);
		err_free(e);
		buf_release(&b);
		arena_release(&a);
	}
}

static void test_samples(void **state)
{
	(void)state;
	check(samples, sizeof samples / sizeof *samples, canon_object);
}

static void test_restored(void **state)
{
	(void)state;
	check(restored, sizeof restored / sizeof *restored, canon_restored);
}

static void test_unknown_fields_are_named(void **state)
{
	struct canon_unknown unknown = { 0 };
	struct arena a = ARENA_INIT;
	node in, out;

	(void)state;
	assert_null(json_read(&a, S("{\"spec\":{\"containers\":[{\"nam\":1}],\"x\":2},\"Kind\":1}"),
			      NULL, &in));
	assert_null(canon_object(&a, in, builtin_type(kind_of("v1/Pod")), &unknown, &out));
	assert_int_equal(unknown.n, 3);
	assert_true(str_eq(unknown.list[0], S("spec.containers[0].nam")));
	assert_true(str_eq(unknown.list[1], S("spec.x")));
	assert_true(str_eq(unknown.list[2], S("Kind")));
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_restored),
		cmocka_unit_test(test_unknown_fields_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
