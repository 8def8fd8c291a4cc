/* helm_rollback - "helm rollback", "helm uninstall" and "helm test". */
#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/helm_cluster.h"
#include "text/number.h"

/* ---- rollback ---------------------------------------------------------- */

struct rollback_options {
	str description, server_side, wait, dry_run;
	bool force_replace, force_conflicts, no_hooks, wait_for_jobs, cleanup;
	int64_t timeout, history_max;
};

#define AT(field) offsetof(struct rollback_options, field)

static str default_history(const struct cli *c)
{
	const char *text = cli_env(c, "HELM_MAX_HISTORY");

	return text && *text ? str_c(text) : S("10");
}

static const struct flag rollback_flags[] = {
	{ "cleanup-on-fail", 0, FLAG_BOOL, AT(cleanup), "delete what was made when it fails" },
	{ "description", 0, FLAG_STRING, AT(description), "what the history says of this revision" },
	{ "dry-run", 0, FLAG_STRING, AT(dry_run), "none, client or server: change nothing",
	  .fallback = "none", .bare = "unset", .choices = "none client server" },
	{ "force", 0, FLAG_BOOL, AT(force_replace), "deprecated",
	  .deprecated = "use --force-replace instead" },
	{ "force-conflicts", 0, FLAG_BOOL, AT(force_conflicts),
	  "take fields over that others manage" },
	{ "force-replace", 0, FLAG_BOOL, AT(force_replace), "replace objects instead of patching" },
	{ "history-max", 0, FLAG_INT, AT(history_max), "most revisions to keep; 0: all",
	  .computed = default_history },
	{ "no-hooks", 0, FLAG_BOOL, AT(no_hooks), "do not run hooks" },
	{ "server-side", 0, FLAG_STRING, AT(server_side),
	  "let the server apply: true, false, auto (as that revision)", .fallback = "auto" },
	{ "timeout", 0, FLAG_DURATION, AT(timeout), "how long to wait for any one thing",
	  .fallback = "5m0s" },
	{ "wait", 0, FLAG_CUSTOM, AT(wait), "what to wait for: watcher, legacy, hookOnly",
	  .fallback = "hookOnly", .bare = "watcher", .choices = "watcher legacy hookOnly",
	  .type = &helm_wait_type },
	{ "wait-for-jobs", 0, FLAG_BOOL, AT(wait_for_jobs), "with --wait, until Jobs are complete" },
	{ 0 },
};

#undef AT

static err *run_rollback(struct cli *c)
{
	const struct rollback_options *o = c->options;
	CLEANUP(helm_disconnect) struct helm_cluster k = { 0 };
	struct release_how how = {
		.name = c->words.p[0], .description = o->description, .timeout = o->timeout,
		.max_history = o->history_max, .force_replace = o->force_replace,
		.force_conflicts = o->force_conflicts, .no_hooks = o->no_hooks,
		.wait_for_jobs = o->wait_for_jobs, .cleanup_on_fail = o->cleanup,
	};
	struct record r;

	TRY(helm_check_force(c, &how));
	if (c->words.n > 1) {
		err *e = number_parse_atoi(c->words.p[1], &how.revision);

		if (e)
			return err_wrap(e, "could not convert revision to a number");
	}
	TRY(release_check_description(o->description));
	TRY(helm_dry_run(c, o->dry_run, &how.dry_run));
	helm_server_side(o->server_side, &how);
	how.wait = helm_wait_strategy(c, o->wait);
	TRY(helm_connect(c, &k, false));
	TRY(release_rollback(&k.env, c->arena, &how, &r));
	buf_add(&c->out.buf, S("Rollback was a success! Happy Helming!\n"));
	return NULL;
}

const struct command helm_rollback_command = {
	.use = "rollback <RELEASE> [REVISION]",
	.brief = "Go back to an earlier revision of a release",
	.text = "Make an earlier revision the next one: its chart, values and objects. Without a\n"
		"number, or with 0, that is the one before the last.",
	.args = { ARGS_MIN, 1 },
	.flags = rollback_flags,
	.options = sizeof(struct rollback_options),
	.run = run_rollback,
};

/* ---- uninstall --------------------------------------------------------- */

struct uninstall_options {
	bool dry_run, no_hooks, ignore_not_found, keep_history;
	str cascade, description, wait;
	int64_t timeout;
};

#define AT(field) offsetof(struct uninstall_options, field)

static const struct flag uninstall_flags[] = {
	{ "cascade", 0, FLAG_STRING, AT(cascade), "what becomes of dependents: background, "
						  "orphan, foreground",
	  .fallback = "background", .choices = "background orphan foreground" },
	{ "description", 0, FLAG_STRING, AT(description), "what the history says of it" },
	{ "dry-run", 0, FLAG_BOOL, AT(dry_run), "change nothing" },
	{ "ignore-not-found", 0, FLAG_BOOL, AT(ignore_not_found), "no error if there is none" },
	{ "keep-history", 0, FLAG_BOOL, AT(keep_history), "keep the records" },
	{ "no-hooks", 0, FLAG_BOOL, AT(no_hooks), "do not run hooks" },
	{ "timeout", 0, FLAG_DURATION, AT(timeout), "how long to wait for any one thing",
	  .fallback = "5m0s" },
	{ "wait", 0, FLAG_CUSTOM, AT(wait), "what to wait for: watcher, legacy, hookOnly",
	  .fallback = "hookOnly", .bare = "watcher", .choices = "watcher legacy hookOnly",
	  .type = &helm_wait_type },
	{ 0 },
};

#undef AT

static err *run_uninstall(struct cli *c)
{
	const struct uninstall_options *o = c->options;
	CLEANUP(helm_disconnect) struct helm_cluster k = { 0 };
	struct release_how how = {
		.description = o->description, .timeout = o->timeout, .no_hooks = o->no_hooks,
		.keep_history = o->keep_history, .ignore_not_found = o->ignore_not_found,
		.propagation = o->cascade,
		.dry_run = o->dry_run ? RELEASE_DRY_SERVER : RELEASE_REAL,
	};

	if (!str_eq(o->cascade, S("background")) && !str_eq(o->cascade, S("foreground")) &&
	    !str_eq(o->cascade, S("orphan")))
		return err_new(ERR_INVALID,
			       "invalid cascade value (%.*s). Must be \"background\", "
			       "\"foreground\", or \"orphan\"",
			       STR_ARG(o->cascade));
	how.wait = helm_wait_strategy(c, o->wait);
	TRY(helm_connect(c, &k, false));
	for (size_t i = 0; i < c->words.n; i++) {
		struct record r;
		str info;

		how.name = c->words.p[i];
		TRY(release_uninstall(&k.env, c->arena, &how, &r, &info));
		if (info.n)
			buf_addf(&c->out.buf, "%.*s\n", STR_ARG(info));
		buf_addf(&c->out.buf, "release \"%.*s\" uninstalled\n", STR_ARG(how.name));
	}
	return NULL;
}

const struct command helm_uninstall_command = {
	.use = "uninstall RELEASE_NAME [...]",
	.brief = "Uninstall releases",
	.aliases = (const char *const[]){ "del", "delete", "un", NULL },
	.text = "Delete the objects of releases and their records. Objects that somebody else owns,\n"
		"and those with the annotation \"helm.sh/resource-policy: keep\", stay.",
	.args = { ARGS_MIN, 1 },
	.flags = uninstall_flags,
	.options = sizeof(struct uninstall_options),
	.run = run_uninstall,
};

/* ---- test -------------------------------------------------------------- */

struct test_options {
	bool logs;
	struct flag_list filters;
	int64_t timeout;
};

#define AT(field) offsetof(struct test_options, field)

static const struct flag test_flags[] = {
	{ "filter", 0, FLAG_LIST, AT(filters), "tests to run: name=A, or all but one: !name=A" },
	{ "logs", 0, FLAG_BOOL, AT(logs), "print the logs of the tests' Pods" },
	{ "timeout", 0, FLAG_DURATION, AT(timeout), "how long to wait for any one thing",
	  .fallback = "5m0s" },
	{ 0 },
};

#undef AT

static void filters_of(struct arena *a, const struct flag_list *l, struct release_how *how)
{
	str *only = arena_array(a, str, l->n + 1), *without = arena_array(a, str, l->n + 1);

	for (size_t i = 0; i < l->n; i++) {
		str f = l->p[i];

		if (str_take_str(&f, S("name=")))
			only[how->only_n++] = f;
		else if (str_take_str(&f, S("!name=")) || str_take_str(&f, S("! name=")))
			without[how->without_n++] = f;
	}
	how->only = only;
	how->without = without;
}

struct tested {
	struct cli *c;
	const struct helm_cluster *k;
	const struct release_how *how;
	bool logs;
	err *e;
};

static bool is_among(str name, const str *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(name, names[i]))
			return true;
	return false;
}

/* What the tests came to, and their logs while their Pods are there. */
static void tell(void *ctx, const struct record *r)
{
	const struct helm_status status = { .debug = helm_debug(((struct tested *)ctx)->c),
					    .hide_notes = true };
	struct tested *t = ctx;
	const struct release_how *how = t->how;

	t->e = helm_print_release(t->c, r, &status);
	if (!t->logs)
		return;
	buf_addc(&t->c->out.buf, '\n');
	for (size_t i = 0; i < r->hooks_n; i++) {
		const struct record_hook *h = &r->hooks[i];

		if (!record_has(h->events, S("test")) || !str_eq(h->kind, S("Pod")) ||
		    is_among(h->name, how->without, how->without_n) ||
		    (how->only_n && !is_among(h->name, how->only, how->only_n)))
			continue;
		t->e = relobj_join(t->e, release_pod_logs(&t->k->env, h->name, &t->c->out.buf),
				   "\n");
	}
}

static err *run_test(struct cli *c)
{
	const struct test_options *o = c->options;
	CLEANUP(helm_disconnect) struct helm_cluster k = { 0 };
	struct release_how how = { .name = c->words.p[0], .timeout = o->timeout,
				   .wait = RELEASE_WAIT_WATCHER };
	struct tested t = { .c = c, .k = &k, .how = &how, .logs = o->logs };
	struct record r;

	filters_of(c->arena, &o->filters, &how);
	how.tested = tell;
	how.tested_ctx = &t;
	TRY(helm_connect(c, &k, false));
	err *e = release_test(&k.env, c->arena, &how, &r);

	return relobj_join(e, t.e, "\n");
}

const struct command helm_test_command = {
	.use = "test [RELEASE]",
	.brief = "Run the tests of a release",
	.text = "Run the hooks that a release's chart declares as tests, and tell how they ended.",
	.args = { ARGS_EXACT, 1 },
	.flags = test_flags,
	.options = sizeof(struct test_options),
	.run = run_test,
};
