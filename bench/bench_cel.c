/* bench_cel - expressions compiled and evaluated, in microseconds of CPU each:
 * as conditions of objects use them, over a list of a thousand, and arithmetic
 * alone. */
#include <stdio.h>
#include <stdlib.h>

#include "cel/cel.h"
#include "docs.h"
#include "value/json.h"

enum { ITEMS = 1000, ROUNDS = 7 };

static const struct {
	const char *name, *text;
	int runs;
} cases[] = {
	{ "field", "self.replicas <= 5", 20000 },
	{ "condition", "self.conditions.filter(c, c.type == 'Ready').all(c, c.status == 'True')", 20000 },
	{ "text", "self.name.startsWith('app-') && self.name.matches('^[a-z0-9-]+$')", 20000 },
	{ "format", "'%s has %d of %d'.format([self.name, self.replicas, size(self.items)])", 20000 },
	{ "all", "self.items.all(i, i.replicas >= 0)", 50 },
	{ "map", "self.items.map(i, i.name + '/' + string(i.replicas)).size()", 50 },
	{ "exists", "self.items.exists(i, i.name == 'item-999')", 50 },
	{ "nested", "self.items.map(i, i.replicas).exists(r, self.conditions.all(c, r == 4))", 50 },
	{ "arithmetic", "(1 + 2 * 3 - 4) % 5 == 3 || [1, 2, 3].sum() == 6", 20000 },
};

static void stop(err *e)
{
	if (!e)
		return;
	fprintf(stderr, "bench_cel: %s\n", err_msg(e));
	exit(1);
}

static void make_object(struct buf *b)
{
	buf_add(b, S("{\"name\":\"app-frontend\",\"replicas\":3,\"conditions\":["
		     "{\"type\":\"Reconciling\",\"status\":\"False\"},{\"type\":\"Ready\",\"status\":\"True\"}],"
		     "\"items\":["));
	for (int i = 0; i < ITEMS; i++)
		buf_addf(b, "%s{\"name\":\"item-%d\",\"replicas\":%d,\"labels\":{\"app\":\"a\"}}", i ? "," : "", i,
			 i % 7);
	buf_add(b, S("]}"));
}

static void compile(str text)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct cel_env *env = cel_env_new(&a, CEL_KUBERNETES);
	const struct cel_program *p;

	cel_env_declare(env, S("self"));
	stop(cel_compile(&a, env, text, &p));
}

static void run(const struct cel_program *p, node self)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct cel_binding binding = { S("self"), self };
	cel_value value;

	stop(cel_eval(p, &a, &binding, 1, CEL_COST_LIMIT, &value, NULL));
}

static void bench(struct arena *a, const struct cel_env *env, size_t i, node self)
{
	str text = str_c(cases[i].text);
	double compiling = 1e9, running = 1e9;
	int compiles = 500;
	const struct cel_program *p;

	stop(cel_compile(a, env, text, &p));
	for (int round = 0; round < ROUNDS; round++) {
		double start = bench_cpu();

		for (int k = 0; k < compiles; k++)
			compile(text);
		compiling = compiling < bench_cpu() - start ? compiling : bench_cpu() - start;
		start = bench_cpu();
		for (int k = 0; k < cases[i].runs; k++)
			run(p, self);
		running = running < bench_cpu() - start ? running : bench_cpu() - start;
	}
	printf("cel %-12s compile %8.2f us   evaluate %8.2f us\n", cases[i].name,
	       compiling / compiles * 1e6, running / cases[i].runs * 1e6);
}

int main(void)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct cel_env *env = cel_env_new(&a, CEL_KUBERNETES);
	node self;

	make_object(&text);
	stop(json_read(&a, buf_str(&text), NULL, &self));
	cel_env_declare(env, S("self"));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		bench(&a, env, i, self);
	return 0;
}
