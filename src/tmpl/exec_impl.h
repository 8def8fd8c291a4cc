/* exec_impl - the state of a running template, shared by the walker (exec.c),
 * the evaluator (eval.c), the caller of functions (call.c) and the functions
 * that render (fn_helm.c). */
#ifndef TMPL_EXEC_IMPL_H
#define TMPL_EXEC_IMPL_H

#include "base/vec.h"
#include "tmpl/exec.h"
#include "tmpl/trace.h"

enum exec_flow { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE };

struct exec_variable {
	uint32_t id;
	node value;
};

struct tmpl_exec {
	struct arena *a;
	const struct tmpl_set *set;
	const struct tmpl_options *o;
	struct buf *out;
	struct trace trace; /* of what `out` gets */
	struct buf scratch;
	const struct tree_template *tmpl; /* that runs */
	const struct tree *at;            /* for errors; NULL: nowhere yet */
	VEC(struct exec_variable) vars;
	size_t frame; /* where the variables of `tmpl` begin */
	uint32_t depth;
	const char *stack; /* where it began */
	uint64_t steps;
	enum exec_flow flow;
	node included; /* name -> times it is running */
	node parsed;   /* text -> struct tmpl_parsed, for tpl */
	node regexes;  /* pattern -> struct regex */
};

err *exec_fail(struct tmpl_exec *x, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result, returns_nonnull));
/* `error calling NAME: CAUSE`; takes the cause. */
err *exec_fail_call(struct tmpl_exec *x, str name, err *cause)
	__attribute__((warn_unused_result, returns_nonnull));

/* One step; fails when the steps or the memory are used up. */
err *exec_step_slow(struct tmpl_exec *x) __attribute__((warn_unused_result));
static inline err *exec_step(struct tmpl_exec *x)
{
	if (++x->steps <= x->o->limits.steps && !(x->a->budget && x->a->held > x->a->budget) &&
	    !x->out->full)
		return NULL;
	return exec_step_slow(x);
}
/* Fails when the machine stack is used up. */
err *exec_check_stack(struct tmpl_exec *x) __attribute__((warn_unused_result));

/* Run a template as Go's Execute does, with its own variables. */
err *exec_template(struct tmpl_exec *x, const struct tree_template *t, node data)
	__attribute__((warn_unused_result));
/* The same, its output as a text in the arena. Lines of output are traced into
 * the text when it is `included`. */
err *exec_to_text(struct tmpl_exec *x, const struct tree_template *t, node data, bool included,
		  str *out) __attribute__((warn_unused_result));

/* The value of a pipeline; its variables are declared or assigned. */
err *eval_pipeline(struct tmpl_exec *x, node dot, const struct tree_pipe *pipe, node *out)
	__attribute__((warn_unused_result));
err *eval_set_variable(struct tmpl_exec *x, const struct tree_variable *v, node value)
	__attribute__((warn_unused_result));

/* An argument, for a parameter of type `want`; 0: none in particular. */
err *eval_arg(struct tmpl_exec *x, node dot, char want, const struct tree *t, node *out)
	__attribute__((warn_unused_result));

/* Arguments of a command: the trees behind the function, then the value that
 * was piped in, if any. */
struct eval_args {
	const struct tree *const *trees;
	uint32_t n;
	bool piped;
	node final;
};

err *eval_call(struct tmpl_exec *x, node dot, const struct tmpl_func *f, node self,
	       const struct tree *site, const struct eval_args *args, node *out)
	__attribute__((warn_unused_result));
/* A value that is there already, for a parameter of type `want`. */
err *eval_validate(struct tmpl_exec *x, node v, char want, node *out)
	__attribute__((warn_unused_result));
err *eval_field_node(struct tmpl_exec *x, node dot, const struct tree *t,
		     const struct eval_args *args, node *out) __attribute__((warn_unused_result));
err *eval_function(struct tmpl_exec *x, node dot, const struct tree_ident *t,
		   const struct tree *site, const struct eval_args *args, node *out)
	__attribute__((warn_unused_result));
err *eval_number(struct tmpl_exec *x, const struct tree_number *n, node *out)
	__attribute__((warn_unused_result));

#endif
