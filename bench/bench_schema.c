/* bench_schema - values checked by a schema, as a chart of some size has them.
 *
 *	bench_schema [RILL]		all cases, microseconds each
 *	bench_schema schema|values	print what is checked; bench/peers/schema reads it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "docs.h"
#include "schema/schema.h"
#include "value/json.h"

enum { COMPONENTS = 40, ROUNDS = 200 };

static void make_schema(struct buf *b)
{
	buf_add(b, S("{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"definitions\":{"
		     "\"port\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":65535}},"
		     "\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
		     "\"global\":{\"type\":\"object\"}"));
	for (int i = 0; i < COMPONENTS; i++)
		buf_addf(b,
			 ",\"component%d\":{\"type\":\"object\",\"required\":[\"image\",\"ports\"],"
			 "\"properties\":{\"replicas\":{\"type\":\"integer\",\"minimum\":0},"
			 "\"image\":{\"type\":\"object\",\"properties\":{\"repository\":{\"type\":"
			 "\"string\",\"pattern\":\"^[a-z0-9./-]+$\"},\"tag\":{\"type\":[\"string\","
			 "\"null\"]},\"pullPolicy\":{\"enum\":[\"Always\",\"IfNotPresent\","
			 "\"Never\"]}}},\"ports\":{\"type\":\"array\",\"items\":{\"$ref\":"
			 "\"#/definitions/port\"}},\"env\":{\"type\":\"object\","
			 "\"additionalProperties\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":"
			 "\"number\"}]}},\"host\":{\"type\":\"string\",\"format\":\"hostname\"}}}",
			 i);
	buf_add(b, S("}}"));
}

static void make_values(struct buf *b)
{
	buf_add(b, S("{\"global\":{}"));
	for (int i = 0; i < COMPONENTS; i++)
		buf_addf(b,
			 ",\"component%d\":{\"replicas\":2,\"image\":{\"repository\":"
			 "\"ghcr.io/example/app-%d\",\"tag\":null,\"pullPolicy\":\"IfNotPresent\"},"
			 "\"ports\":[80,443,9090],\"env\":{\"A\":\"x\",\"B\":3,\"C\":\"y\"},"
			 "\"host\":\"app-%d.example.com\"}",
			 i, i, i);
	buf_add(b, S("}"));
}

static void stop(err *e)
{
	if (!e)
		return;
	fprintf(stderr, "bench_schema: %s\n", err_msg(e));
	exit(1);
}

static void report(const char *name, double start)
{
	printf("schema-%-8s %8.1f us\n", name, (bench_cpu() - start) / ROUNDS * 1e6);
}

int main(int argc, char **argv)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf schema = BUF_INIT, text = BUF_INIT;
	const struct schema *s;
	node values;

	make_schema(&schema);
	make_values(&text);
	if (argc > 1 && (!strcmp(argv[1], "schema") || !strcmp(argv[1], "values"))) {
		fputs(buf_c(argv[1][0] == 's' ? &schema : &text), stdout);
		return 0;
	}
	stop(json_read(&a, buf_str(&text), NULL, &values));
	stop(schema_compile(&a, buf_str(&schema), NULL, &s));
	double start = bench_cpu();

	for (int i = 0; i < ROUNDS; i++) {
		CLEANUP(arena_release) struct arena own = ARENA_INIT;

		stop(schema_compile(&own, buf_str(&schema), NULL, &s));
	}
	report("compile", start);
	stop(schema_compile(&a, buf_str(&schema), NULL, &s));
	start = bench_cpu();
	for (int i = 0; i < ROUNDS; i++)
		stop(schema_validate(s, values));
	report("validate", start);
	start = bench_cpu();
	for (int i = 0; i < ROUNDS; i++)
		stop(schema_values_check(buf_str(&schema), values, NULL));
	report("check", start);
	return 0;
}
