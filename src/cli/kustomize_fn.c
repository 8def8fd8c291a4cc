/* kustomize fn: there is nothing that would run a function here, and it says so. */
#include "cli/commands.h"
#include "base/fs.h"
#include "kustomize/build.h"
#include "kustomize/krm.h"

enum { INPUT_MAX = 256 << 20 };

struct run_options {
	bool as_user, dry_run, enable_exec, global_scope, packages, log_steps, network;
	str exec_path, image, results;
	struct flag_list env, fn_paths, mounts;
};

#define AT(field) offsetof(struct run_options, field)

static const struct flag flags[] = {
	{ "as-current-user", 0, FLAG_BOOL, AT(as_user), "accepted for compatibility" },
	{ "dry-run", 0, FLAG_BOOL, AT(dry_run), "print the objects and leave the files as they are" },
	{ "enable-exec", 0, FLAG_BOOL, AT(enable_exec), "accepted for compatibility" },
	{ "env", 'e', FLAG_ARRAY, AT(env), "accepted for compatibility" },
	{ "exec-path", 0, FLAG_STRING, AT(exec_path), "refused: a program is not run" },
	{ "fn-path", 0, FLAG_LIST, AT(fn_paths), "look for functions here instead" },
	{ "global-scope", 0, FLAG_BOOL, AT(global_scope), "accepted for compatibility" },
	{ "image", 0, FLAG_STRING, AT(image), "refused: a container is not run" },
	{ "include-subpackages", 0, FLAG_BOOL, AT(packages), "accepted for compatibility",
	  .fallback = "true" },
	{ "log-steps", 0, FLAG_BOOL, AT(log_steps), "accepted for compatibility" },
	{ "mount", 0, FLAG_ARRAY, AT(mounts), "accepted for compatibility" },
	{ "network", 0, FLAG_BOOL, AT(network), "accepted for compatibility" },
	{ "results-dir", 0, FLAG_STRING, AT(results), "accepted for compatibility" },
	{ 0 },
};

static err *refuse(const char *what, str name)
{
	return err_new(ERR_FORBIDDEN, "functions are not run: %s '%.*s' would be one", what,
		       STR_ARG(name));
}

static bool is_function(const struct yaml_doc *doc)
{
	struct krm_meta m = krm_meta(doc);

	return krm_annotation(&m, S("config.kubernetes.io/function")).n ||
	       krm_annotation(&m, S("config.k8s.io/function")).n ||
	       node_dig(doc->root, "metadata", "configFn").kind == NODE_MAP;
}

static err *check(struct cli *c, const krm_docs *docs)
{
	for (size_t i = 0; i < docs->n; i++) {
		struct krm_meta m = krm_meta(&docs->p[i]);

		if (is_function(&docs->p[i]))
			return refuse("object", arena_cat(c->arena, m.kind, S("/"), m.name));
	}
	return NULL;
}

static err *check_words(const struct cli *c, const struct run_options *o)
{
	bool program = o->enable_exec && o->exec_path.n;
	size_t words = c->words.dash == STR_NPOS ? c->words.n : c->words.dash;

	if (!o->enable_exec && o->exec_path.n)
		return err_new(ERR_INVALID, "must specify --enable-exec with --exec-path");
	if (c->words.dash != STR_NPOS && !o->image.n && !program)
		return err_new(ERR_INVALID, "must specify --image");
	if (words > 1)
		return err_new(ERR_INVALID,
			       "0 or 1 arguments supported, function arguments go after '--'");
	if (o->image.n)
		return refuse("image", o->image);
	return program ? refuse("program", o->exec_path) : NULL;
}

static err *run(struct cli *c)
{
	const struct run_options *o = c->options;
	const struct krm_print how = { .paths = true };
	krm_docs docs = { 0 }, functions = { 0 };
	str text;

	c->arena->budget = KUSTOMIZE_MEMORY_MAX;
	TRY(check_words(c, o));
	for (size_t i = 0; i < o->fn_paths.n; i++)
		TRY(krm_read_dir(c->arena, o->fn_paths.p[i], false, &functions));
	if (functions.n)
		return refuse("object", krm_meta(&functions.p[0]).kind);
	if (c->words.n) {
		TRY(krm_read_dir(c->arena, c->words.p[0], false, &docs));
	} else {
		TRY(fs_read_any(c->arena, S("/dev/stdin"), INPUT_MAX, &text));
		TRY(krm_read_text(c->arena, text, &docs));
	}
	if (!o->fn_paths.n)
		TRY(check(c, &docs));
	return c->words.n && !o->dry_run ? NULL
					 : krm_print(c->arena, &docs, &how, &c->out.buf);
}

static const struct command run_command = {
	.use = "run [DIR]",
	.brief = "[Alpha] Reconcile config functions to Resources.",
	.text = "Look for functions, programs and containers that would change objects, among the objects\n"
		"of a directory or of the standard input. They are never run: that there is one is an\n"
		"error. Where there is none, the objects stay as they are.",
	.example = "  kustomize fn run example/ --dry-run",
	.flags = flags,
	.options = sizeof(struct run_options),
	.run = run,
};

const struct command kustomize_fn_command = {
	.use = "fn",
	.brief = "Commands for running functions against configuration",
	.commands = (const struct command *const[]){ &run_command, NULL },
};
