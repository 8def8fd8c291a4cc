/* exec - run a parsed template.
 *
 * Execution walks the tree directly and writes into a buf. Everything that
 * the outside world has to give (time, random bytes, cluster objects) comes
 * in as functions, and everything a template can grow is limited.
 *
 * Errors have Go's words: `template: FILE:LINE:COL: executing "NAME" at
 * <CONTEXT>: MESSAGE`; the error of an included template is the cause of the
 * error of its caller.
 *
 * Ownership: values live in the arena handed in; texts of the results borrow
 * from templates and data, which must live as long as it does. A tmpl_exec
 * is worker-local; options and sets are only read.
 */
#ifndef TMPL_EXEC_H
#define TMPL_EXEC_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "text/tz.h"
#include "tmpl/cache.h"
#include "tmpl/fn.h"
#include "tmpl/parse.h"
#include "tmpl/trace.h"

struct tmpl_limits {
	size_t text;    /* bytes of any one text a function makes */
	size_t stack;   /* bytes of the machine stack */
	uint64_t steps; /* nodes visited, calls, iterations, and what costs as much */
};

/* Far above any chart, far below what hurts. */
#define TMPL_LIMITS                                                                     \
	{                                                                               \
		.text = (size_t)128 << 20, .stack = (size_t)5 << 20, .steps = 200000000 \
	}

/* What an engine binds its own values to. */
struct tmpl_lookup {
	/* GET, or LIST when `name` is empty; an empty map when there is none. */
	err *(*find)(void *ctx, struct arena *a, str api_version, str kind, str ns, str name,
		     node *out);
	void *ctx;
};

enum tmpl_let_pass { TMPL_LET_NIL, TMPL_LET_EMPTY, TMPL_LET_FAIL };

struct tmpl_options {
	struct tmpl_limits limits;
	bool strict;                      /* missingkey=error */
	bool lint;                        /* `required` and `fail` do not fail */
	bool dns;                         /* getHostByName may ask */
	const struct tmpl_lookup *lookup; /* NULL: nothing is found */
	/* Nanoseconds since 1970; random bytes. */
	int64_t (*now)(void *ctx);
	void (*random)(void *ctx, void *to, size_t n);
	bool seeded; /* keys and certificates, too, are made of these bytes */
	void *ctx;
	/* Where parsed texts come from and stay beyond the run; NULL: each run has
	 * its own, in its arena. */
	struct tmpl_lease *lease;
	/* Time zones: NULL is UTC; without a source there is no other. */
	const struct tz *local;
	const struct tz_source *zones;
	/* Methods of engine.files and common.Values. */
	struct tmpl_funcs files_methods, values_methods;
	const struct tmpl_func *version_set_has;
	/* Told of what `required` and `fail` let pass when linting; may be NULL. */
	void (*let_pass)(void *ctx, enum tmpl_let_pass what, str message);
	void *let_pass_ctx;
};

struct tmpl_exec *tmpl_exec_new(struct arena *a, const struct tmpl_set *set,
				const struct tmpl_options *o);
void tmpl_exec_free(struct tmpl_exec *x);

/* Go's ExecuteTemplate. */
err *tmpl_exec_run(struct tmpl_exec *x, str name, node data, struct buf *out)
	__attribute__((warn_unused_result));

/* Where the lines of the last run's output come from. `output` is that output,
 * and `gone` what its caller deletes from it; both are borrowed. */
const struct trace *tmpl_exec_trace(struct tmpl_exec *x, str output, str gone);

/* Whether an error came out of running a template (Go's ExecError) rather
 * than from finding one. */
bool tmpl_is_exec_error(const err *e);

#endif
