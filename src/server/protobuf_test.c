/* What is written in the binary form is read again as the same object; that it is the
 * original's form is shown by the recorded exchanges, whose bodies are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kube/builtin.h"
#include "kube/canon.h"
#include "server/protobuf.h"
#include "value/json.h"

static node canonical(struct arena *a, node in)
{
	node out = NODE_NOTHING;

	assert_null(canon_object(a, in, builtin_type(gvk_of(in)), NULL, &out));
	return out;
}

static const char *const objects[] = {
	"{'apiVersion':'v1','kind':'Secret','metadata':{'name':'s','creationTimestamp':"
	"'2024-01-02T03:04:05Z','labels':{'a':'','b':'c'}},'data':{'k':'AAEC/w=='},'type':'Opaque'}",
	"{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'d','generation':7,"
	"'managedFields':[{'manager':'m','operation':'Apply','fieldsType':'FieldsV1','fieldsV1':{'f:spec':"
	"{}}}]},'spec':{'replicas':0,'paused':true,'strategy':{'rollingUpdate':{'maxSurge':'25%',"
	"'maxUnavailable':1}},'selector':{'matchExpressions':[{'key':'k','operator':'In','values':['x',"
	"'y']}]},'template':{'spec':{'containers':[{'name':'c','resources':{'limits':{'cpu':'500m',"
	"'memory':'1Gi'}},'env':[{'name':'E','valueFrom':{'secretKeyRef':{'name':'s','key':'k'}}}]}]}}}}",
	"{'apiVersion':'v1','kind':'Service','spec':{'ports':[{'port':80,'targetPort':'http'},{'port':"
	"443,'targetPort':8443}],'selector':{'a':'b'}},'status':{'loadBalancer':{}}}",
	"{'apiVersion':'coordination.k8s.io/v1','kind':'Lease','spec':{'renewTime':"
	"'2024-01-02T03:04:05.123456Z','leaseDurationSeconds':15}}",
	"{'apiVersion':'rbac.authorization.k8s.io/v1','kind':'Role','rules':[{'verbs':['get'],"
	"'resources':['pods'],'apiGroups':['']}]}",
	"{'apiVersion':'apiextensions.k8s.io/v1','kind':'CustomResourceDefinition','spec':{'group':'g',"
	"'versions':[{'name':'v1','schema':{'openAPIV3Schema':{'type':'object','minimum':1.5,'default':"
	"{'a':[1,null]},'properties':{'l':{'type':'array','items':{'type':'string'}},'m':{"
	"'additionalProperties':true},'n':{'additionalProperties':{'type':'integer'}}}}}}]}}",
};

static void test_there_and_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		CLEANUP(buf_release) struct buf got = BUF_INIT;
		CLEANUP(buf_release) struct buf want = BUF_INIT;
		str json = arena_str(&a, str_c(objects[i]));
		node in, out;

		for (size_t c = 0; c < json.n; c++)
			if (json.p[c] == '\'')
				((char *)json.p)[c] = '"';
		assert_null(json_read(&a, json, NULL, &in));
		in = canonical(&a, in);
		assert_null(protobuf_write(&a, in, &b));
		assert_true(str_starts(buf_str(&b), PROTOBUF_MAGIC));
		assert_null(protobuf_read(&a, buf_str(&b), (struct gvk){ 0 }, &out));
		assert_null(json_write(&want, in, NULL));
		assert_null(json_write(&got, canonical(&a, out), NULL));
		assert_string_equal(buf_c(&got), buf_c(&want));
	}
}

/* By hand: the envelope, and a ConfigMap with one entry. */
static void test_the_bytes(void **state)
{
	static const char want[] = "k8s\0"
				   "\x0a\x0f" "\x0a\x02v1" "\x12\x09" "ConfigMap"
				   "\x12\x0d" "\x0a\x03" "\x0a\x01n" "\x12\x06" "\x0a\x01k" "\x12\x01v"
				   "\x1a\x00\x22\x00";
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node n;

	(void)state;
	assert_null(json_read(&a,
			      S("{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"n\"},"
				"\"data\":{\"k\":\"v\"}}"),
			      NULL, &n));
	assert_null(protobuf_write(&a, n, &b));
	assert_int_equal(b.n, sizeof want - 1);
	assert_memory_equal(b.p, want, b.n);
}

static void test_what_has_no_such_form(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node n;

	(void)state;
	assert_null(json_read(&a, S("{\"kind\":\"Thing\",\"apiVersion\":\"g.io/v1\"}"), NULL, &n));
	err *e = protobuf_write(&a, n, &b);

	assert_non_null(e);
	assert_string_equal(err_msg(e), "object Thing has no protobuf form");
	err_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_the_bytes),
		cmocka_unit_test(test_what_has_no_such_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
