/* A rule of healthCheckExprs, and a readyExpr, for an object. */
#include "controllers/readiness.h"
#include "value/json.h"

static err *run(struct arena *a, str text)
{
	const struct readiness *r;
	node exprs, object;
	node rule = node_map(a, 3);
	struct health h;
	bool ready;

	TRY(json_read(a,
		      S("{\"apiVersion\":\"g/v1\",\"kind\":\"X\",\"metadata\":{\"generation\":1,"
			"\"labels\":{\"a\":\"b\"}},\"status\":{\"phase\":\"Ready\",\"n\":3,"
			"\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}"),
		      NULL, &object));
	exprs = node_seq(a, 1);
	node_set(a, rule, S("apiVersion"), node_lit("g/v1"));
	node_set(a, rule, S("kind"), node_lit("X"));
	node_set(a, rule, S("current"), node_from_str(a, text));
	node_append(a, exprs, rule);
	err_free(readiness_eval(a, text, S("dep"), object, object, &ready));
	TRY(readiness_read(a, exprs, &r));
	if (!readiness_knows(r, S("g"), S("X")) || readiness_knows(r, S("h"), S("X")))
		__builtin_trap();
	return readiness_health(r, a, object, &h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;

	err_free(run(&a, str_of((const char *)data, size)));
	arena_release(&a);
	return 0;
}
