/* driver - the library's functions, asked line by line.
 *
 * Recorded answers of other programs are compared through it. The program
 * tests/driver reads one JSON request a line on standard input and answers
 * one JSON object a line, in order. The program tests/golden reads files of
 * requests that carry the recorded answer, asks, and compares.
 *
 * A request names its operation in "op"; the rest are its parameters. The
 * answer is {"output": VALUE} or {"error": TEXT}. Texts that are not valid
 * UTF-8 travel as base64: a parameter F as F_b64, an output text as
 * {"b64": TEXT}, an error as "error_b64".
 *
 * Each area has its operations in driver_AREA.c, in one table that ends with
 * an empty row. An operation gets an arena that lives as long as the answer.
 * Numbers of the request keep their source text (node_int and the like
 * decode it).
 */
#ifndef TESTS_DRIVER_H
#define TESTS_DRIVER_H

#include "base/arena.h"
#include "base/err.h"
#include "value/json.h"
#include "value/node.h"

struct driver_op {
	const char *name;
	err *(*run)(struct arena *a, node request, node *output);
	bool whole;	/* *output is the whole answer, else it goes under "output" */
};

/* The text of a field, plain or as FIELD_b64; empty when there is neither. */
str driver_text(struct arena *a, node request, const char *field);
/* A field's value; `fallback` when it is not there. */
bool driver_bool(node request, const char *field, bool fallback);

/* How requests are read. */
#define DRIVER_JSON (&(const struct json_options){ .numbers = JSON_NUMBERS_TEXT })
/* The whole answer to one line. Never fails: an error is an answer, too. */
node driver_answer(struct arena *a, str line);

/* One table an area, sorted; listed again in driver.c. */
extern const struct driver_op driver_api_ops[];
extern const struct driver_op driver_archive_ops[];
extern const struct driver_op driver_cel_ops[];
extern const struct driver_op driver_compose_ops[];
extern const struct driver_op driver_crd_ops[];
extern const struct driver_op driver_fieldpath_ops[];
extern const struct driver_op driver_glob_ops[];
extern const struct driver_op driver_helm_ops[];
extern const struct driver_op driver_ignore_ops[];
extern const struct driver_op driver_json_ops[];
extern const struct driver_op driver_jsonpath_ops[];
extern const struct driver_op driver_kube_ops[];
extern const struct driver_op driver_kustomize_ops[];
extern const struct driver_op driver_managed_ops[];
extern const struct driver_op driver_number_ops[];
extern const struct driver_op driver_quantity_ops[];
extern const struct driver_op driver_regex_ops[];
extern const struct driver_op driver_schema_ops[];
extern const struct driver_op driver_semver_ops[];
extern const struct driver_op driver_server_ops[];
extern const struct driver_op driver_sops_ops[];
extern const struct driver_op driver_time_ops[];
extern const struct driver_op driver_tmpl_ops[];
extern const struct driver_op driver_yaml_ops[];

#endif
