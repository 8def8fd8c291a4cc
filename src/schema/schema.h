/* schema - JSON Schema: drafts 4, 6, 7, 2019-09 and 2020-12.
 *
 * A schema text is read, checked against the meta-schema of its draft and
 * compiled into a graph of small programs; an instance is then run through
 * it. What is accepted, and every word of what is not, is that of
 * santhosh-tekuri/jsonschema v6 as Helm 4 uses it:
 *
 *	- at '/n': got string, want integer
 *
 * Formats are asserted in drafts 4 to 7. References stay in the document, or
 * lead to files that the caller lends; servers are asked only through a
 * callback, and without one such a reference is an error. A `urn:` that
 * nobody knows accepts everything.
 *
 * Hostile schemas and instances are bounded in depth, steps and memory;
 * nothing here recurses on input, and patterns run in linear time.
 *
 * Ownership: a compiled schema lives in the arena it was made in and borrows
 * from the text; it is immutable, any thread may validate with it.
 */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include "base/arena.h"
#include "base/err.h"
#include "value/node.h"

struct schema;

struct schema_options {
	/* The URL that the text is known by; references are relative to it.
	 * Empty: SCHEMA_VALUES_URL. */
	str url;
	/* The text of a file, by its path below the folder of the chart
	 * ("defs/common.json"), put into `a`; false when there is none. NULL: no files. */
	bool (*file)(void *ctx, struct arena *a, str path, str *text);
	/* The text behind an http or https URL. NULL: such references are refused. */
	err *(*fetch)(void *ctx, struct arena *a, str url, str *text);
	void *ctx;
};

#define SCHEMA_VALUES_URL S("file:///values.schema.json")

/* Compile; `o` may be NULL. */
err *schema_compile(struct arena *a, str text, const struct schema_options *o,
		    const struct schema **out) __attribute__((warn_unused_result));
/* The same for a text already read (numbers as text or as values); borrows it. */
err *schema_compile_node(struct arena *a, node doc, const struct schema_options *o,
			 const struct schema **out) __attribute__((warn_unused_result));

/* NULL, or "jsonschema validation failed with 'URL'" and below it a line an
 * error, without a newline at the end. */
err *schema_validate(const struct schema *s, node instance) __attribute__((warn_unused_result));

/* What Helm says about the values of one chart: its values.schema.json is
 * compiled, the values (a map) are validated. Errors of validation come
 * without the first line and with a newline at the end; errors of the schema
 * itself have none. The caller puts "CHART:\n" before and joins charts. */
err *schema_values_check(str schema_text, node values, const struct schema_options *o)
	__attribute__((warn_unused_result));
/* The same with a schema compiled before, for charts rendered many times. */
err *schema_values_validate(const struct schema *s, node values)
	__attribute__((warn_unused_result));

#endif
