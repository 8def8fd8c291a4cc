/* helm_install - "helm install" and "helm upgrade". */
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/helm_cluster.h"
#include "cli/helm_plugin.h"
#include "text/number.h"

struct install_options {
	struct helm_output_options output;
	struct helm_value_options values;
	struct helm_chart_options chart;
	struct helm_schema_options schema;
	bool generate_name, no_hooks, replace, dependency_update, devel, dns, install;
	bool create_namespace, force_replace, force_conflicts, wait_for_jobs, disable_openapi;
	bool rollback, skip_crds, sub_notes, hide_notes, hide_secret, take_ownership, cleanup;
	bool reset, reuse, reset_then_reuse, take_over;
	str name_template, dry_run, post_renderer, description, wait, server_side;
	struct flag_list post_renderer_args;
	struct flag_map labels;
	int64_t timeout, history_max;
};

#define AT(field) offsetof(struct install_options, field)

static str default_history(const struct cli *c)
{
	const char *text = cli_env(c, "HELM_MAX_HISTORY");

	return text && *text ? str_c(text) : S("10");
}

static const struct flag shared_flags[] = {
	{ 0, 0, FLAG_TABLE, AT(output), .table = helm_output_flags },
	{ 0, 0, FLAG_TABLE, AT(chart), .table = helm_chart_flags },
	{ 0, 0, FLAG_TABLE, AT(values), .table = helm_value_flags },
	{ 0, 0, FLAG_TABLE, AT(schema), .table = helm_schema_flags },
	{ "atomic", 0, FLAG_BOOL, AT(rollback), "deprecated",
	  .deprecated = "use --rollback-on-failure instead" },
	{ "create-namespace", 0, FLAG_BOOL, AT(create_namespace),
	  "make the release's namespace if there is none" },
	{ "dependency-update", 0, FLAG_BOOL, AT(dependency_update),
	  "fetch dependencies that are missing first" },
	{ "description", 0, FLAG_STRING, AT(description), "what the history says of this revision" },
	{ "devel", 0, FLAG_BOOL, AT(devel), "take development versions, too" },
	{ "disable-openapi-validation", 0, FLAG_BOOL, AT(disable_openapi),
	  "no effect: the server checks objects" },
	{ "dry-run", 0, FLAG_STRING, AT(dry_run), "none, client or server: show, but change nothing",
	  .fallback = "none", .bare = "unset", .choices = "none client server" },
	{ "enable-dns", 0, FLAG_BOOL, AT(dns), "let templates ask for addresses of hosts" },
	{ "force", 0, FLAG_BOOL, AT(force_replace), "deprecated",
	  .deprecated = "use --force-replace instead" },
	{ "force-conflicts", 0, FLAG_BOOL, AT(force_conflicts),
	  "take fields over that others manage" },
	{ "force-replace", 0, FLAG_BOOL, AT(force_replace), "replace objects instead of patching" },
	{ "hide-notes", 0, FLAG_BOOL, AT(hide_notes), "do not print the notes" },
	{ "hide-secret", 0, FLAG_BOOL, AT(hide_secret), "leave Secrets out of what --dry-run shows" },
	{ "labels", 'l', FLAG_MAP, AT(labels), "labels of the release's record: a=b,c=d" },
	{ "no-hooks", 0, FLAG_BOOL, AT(no_hooks), "do not run hooks" },
	{ "post-renderer", 0, FLAG_STRING, AT(post_renderer),
	  "plugin that the rendered manifests go through" },
	{ "post-renderer-args", 0, FLAG_ARRAY, AT(post_renderer_args),
	  "argument of the post-renderer, which may be given again" },
	{ "render-subchart-notes", 0, FLAG_BOOL, AT(sub_notes), "notes of subcharts, too" },
	{ "rollback-on-failure", 0, FLAG_BOOL, AT(rollback),
	  "undo what was done when it fails; waits" },
	{ "skip-crds", 0, FLAG_BOOL, AT(skip_crds), "do not install the chart's crds/" },
	{ "take-over", 0, FLAG_BOOL, AT(take_over),
	  "go on where an operation never ended: whoever began it is gone" },
	{ "take-ownership", 0, FLAG_BOOL, AT(take_ownership),
	  "take over objects that are there already, whoever made them" },
	{ "timeout", 0, FLAG_DURATION, AT(timeout), "how long to wait for any one thing",
	  .fallback = "5m0s" },
	{ "wait", 0, FLAG_CUSTOM, AT(wait),
	  "what to wait for: watcher (objects are ready), legacy (by Helm 3's rules), hookOnly",
	  .fallback = "hookOnly", .bare = "watcher", .choices = "watcher legacy hookOnly",
	  .type = &helm_wait_type },
	{ "wait-for-jobs", 0, FLAG_BOOL, AT(wait_for_jobs), "with --wait, until Jobs are complete" },
	{ 0 },
};

static const struct flag install_flags[] = {
	{ 0, 0, FLAG_TABLE, 0, .table = shared_flags },
	{ "generate-name", 'g', FLAG_BOOL, AT(generate_name), "make up the release's name" },
	{ "name-template", 0, FLAG_STRING, AT(name_template), "template of the release's name" },
	{ "replace", 0, FLAG_BOOL, AT(replace), "use the name of a release that is uninstalled" },
	{ "server-side", 0, FLAG_STRING, AT(server_side), "let the server apply: true, false",
	  .fallback = "true", .bare = "true" },
	{ 0 },
};

static const struct flag upgrade_flags[] = {
	{ 0, 0, FLAG_TABLE, 0, .table = shared_flags },
	{ "cleanup-on-fail", 0, FLAG_BOOL, AT(cleanup), "delete what was made when it fails" },
	{ "history-max", 0, FLAG_INT, AT(history_max), "most revisions to keep; 0: all",
	  .computed = default_history },
	{ "install", 'i', FLAG_BOOL, AT(install), "install the release if there is none" },
	{ "reset-then-reuse-values", 0, FLAG_BOOL, AT(reset_then_reuse),
	  "the new chart's values, the last revision's over them, then the new ones" },
	{ "reset-values", 0, FLAG_BOOL, AT(reset), "the new chart's values, and no others" },
	{ "reuse-values", 0, FLAG_BOOL, AT(reuse), "the last revision's values, then the new ones" },
	{ "server-side", 0, FLAG_STRING, AT(server_side),
	  "let the server apply: true, false, auto (as the last revision)", .fallback = "auto" },
	{ 0 },
};

#undef AT

/* ---- what to do -------------------------------------------------------- */

/* What an install is told is a truth value; the others take it as it is for now. */
static err *check_side(str v, enum release_side side)
{
	if (side == RELEASE_SIDE_AUTO || side == RELEASE_SIDE_OTHER)
		return err_new(ERR_INVALID,
			       "invalid argument \"%.*s\" for \"--server-side\" flag: "
			       "strconv.ParseBool: parsing \"%.*s\": invalid syntax",
			       STR_ARG(v), STR_ARG(v));
	return NULL;
}

static node labels_of(struct arena *a, const struct flag_map *m)
{
	node out = node_map(a, m->n);

	for (size_t i = 0; i < m->n; i++)
		node_set(a, out, m->p[i].key, node_from_str(a, m->p[i].value));
	return m->n ? out : NODE_NOTHING;
}

/* A pending revision that was silent for so long has no owner any more; longer where one
 * may wait for longer. */
#define ABANDONED_MIN CLOCK_HOUR

static err *how_of(struct cli *c, const struct install_options *o, bool upgrade,
		   struct helm_post_renderer *post, struct release_how *out)
{
	*out = (struct release_how){
		.labels = labels_of(c->arena, &o->labels),
		.description = o->description,
		.timeout = o->timeout,
		.max_history = upgrade ? o->history_max : 0,
		.hide_secret = o->hide_secret, .force_replace = o->force_replace,
		.force_conflicts = o->force_conflicts, .create_namespace = o->create_namespace,
		.no_hooks = o->no_hooks, .replace = o->replace, .wait_for_jobs = o->wait_for_jobs,
		.skip_crds = o->skip_crds, .sub_notes = o->sub_notes, .skip_schema = o->schema.skip,
		.dns = o->dns, .take_ownership = o->take_ownership,
		.take_over = o->take_over,
		.abandoned_after = 2 * o->timeout > ABANDONED_MIN ? 2 * o->timeout : ABANDONED_MIN,
		.rollback_on_failure = o->rollback, .cleanup_on_fail = o->cleanup,
		.reuse = o->reset		? RELEASE_RESET
			 : o->reuse		? RELEASE_REUSE
			 : o->reset_then_reuse ? RELEASE_RESET_THEN_REUSE
						: RELEASE_REUSE_IF_NONE,
	};
	if (o->post_renderer.n) {
		TRY(helm_post_renderer_find(c, o->post_renderer, &o->post_renderer_args, post));
		out->post_render = helm_post_render;
		out->post_ctx = post;
	}
	TRY(helm_check_force(c, out));
	TRY(helm_dry_run(c, o->dry_run, &out->dry_run));
	helm_server_side(o->server_side, out);
	if (!upgrade)
		TRY(check_side(o->server_side, out->server_side));
	out->wait = helm_wait_strategy(c, o->wait);
	return NULL;
}

static err *check_hiding(const struct release_how *how)
{
	if (!how->hide_secret || how->dry_run)
		return NULL;
	return err_new(ERR_INVALID, "hiding Kubernetes secrets requires a dry-run mode");
}

/* ---- names ------------------------------------------------------------- */

static err *name_and_chart(struct cli *c, const struct install_options *o, str *name, str *chart)
{
	*name = STR_NONE;
	TRY(helm_name_and_chart(c, o->generate_name, o->name_template, name, chart));
	if (c->words.n == 2 || o->name_template.n)
		return NULL;
	if (!o->generate_name)
		return err_new(ERR_INVALID,
			       "must either provide a name or specify --generate-name");
	*name = helm_generated_name(c->arena, *chart);
	return NULL;
}

/* ---- charts and values ------------------------------------------------- */

static err *load(struct cli *c, const struct install_options *o, str ref, struct release_how *how)
{
	const struct notices to = helm_notices(c);
	const struct helm_chart_options from = helm_devel(&o->chart, o->devel);
	str path;

	TRY(helm_locate(c, ref, &from, &path));
	TRY(helm_values(c, &o->values, &how->values));
	return helm_load(c, path, o->dependency_update, &to, &how->chart);
}

static err *print(struct cli *c, const struct install_options *o, const struct record *r)
{
	const struct helm_status how = { .debug = helm_debug(c), .hide_notes = o->hide_notes };
	node tree;

	if (str_eq(o->output.format, S("table")))
		return helm_print_release(c, r, &how);
	TRY(helm_record_tree(c->arena, r, true, &tree));
	return helm_print_tree(c, &o->output, tree);
}

/* ---- the commands ------------------------------------------------------ */

static err *install(struct cli *c, struct helm_cluster *k, struct release_how *how)
{
	const struct install_options *o = c->options;
	struct record r;
	err *e = check_hiding(how);

	if (e) {
		notice(&k->notices, NOTICE_ERROR, err_text(e), { 0 });
		return e;
	}
	TRY(release_install(&k->env, c->arena, how, &r));
	return print(c, o, &r);
}

static err *run_install(struct cli *c)
{
	const struct install_options *o = c->options;
	CLEANUP(helm_disconnect) struct helm_cluster k = { .schema = o->schema };
	struct helm_post_renderer post;
	struct release_how how;
	str ref;
	err *e;

	TRY(how_of(c, o, false, &post, &how));
	e = name_and_chart(c, o, &how.name, &ref);
	if (!e)
		e = load(c, o, ref, &how);
	if (!e)
		e = how.dry_run == RELEASE_DRY_CLIENT ? helm_offline(c, &k)
						      : helm_connect_to_install(c, &k);
	if (!e)
		e = install(c, &k, &how);
	return e ? err_wrap(e, "INSTALLATION FAILED") : NULL;
}

const struct command helm_install_command = {
	.use = "install [NAME] [CHART]",
	.brief = "Install a chart",
	.text = "Install a chart as a release: render it, make its objects, and keep a record in the\n"
		"release's namespace, as helm does. CHART is a directory or an archive.",
	.example = "  # Install a chart's directory and wait until it is ready\n"
		   "  helm install web ./chart -f values.yaml --wait\n\n"
		   "  # See what it would make of it in this cluster\n"
		   "  helm install web ./chart --dry-run=server",
	.args = { ARGS_MIN, 1 },
	.flags = install_flags,
	.options = sizeof(struct install_options),
	.run = run_install,
};

/* Whether there is nothing to upgrade. */
static err *is_absent(struct cli *c, const struct helm_cluster *k, str name, bool *absent,
		      bool *replace)
{
	struct record_list history;
	str what;

	if (!release_name_is_valid(name, &what))
		return err_new(ERR_INVALID, "release name is invalid: %.*s", STR_ARG(name));
	TRY(relstore_find(&k->env.store, c->arena, name, STR_NONE, STR_NONE, &history));
	const struct record *last = relstore_last(&history);

	*replace = last && str_eq(last->status, S("uninstalled"));
	*absent = (!last && !history.unread) || *replace;
	return NULL;
}

static err *install_instead(struct cli *c, struct helm_cluster *k, struct release_how *how)
{
	const struct install_options *o = c->options;

	if (str_eq(o->output.format, S("table")))
		buf_addf(&c->out.buf, "Release \"%.*s\" does not exist. Installing it now.\n",
			 STR_ARG(how->name));
	if (how->server_side != RELEASE_SIDE_CLIENT)
		how->server_side = RELEASE_SIDE_SERVER;
	how->max_history = 0;
	how->cleanup_on_fail = false;
	TRY(load(c, o, c->words.p[1], how));
	return install(c, k, how);
}

static err *run_upgrade(struct cli *c)
{
	const struct install_options *o = c->options;
	CLEANUP(helm_disconnect) struct helm_cluster k = { .schema = o->schema };
	struct helm_post_renderer post;
	struct release_how how;
	struct record r;
	bool absent = false;
	err *e;

	TRY(how_of(c, o, true, &post, &how));
	how.name = c->words.p[0];
	e = helm_connect(c, &k, false);
	if (e && !o->install)
		e = err_wrap(e, "UPGRADE FAILED");
	if (e)
		return e;
	if (o->install) {
		TRY(is_absent(c, &k, how.name, &absent, &how.replace));
		if (absent)
			return install_instead(c, &k, &how);
	}
	TRY(load(c, o, c->words.p[1], &how));
	e = check_hiding(&how);
	if (!e)
		e = release_upgrade(&k.env, c->arena, &how, &r);
	if (e)
		return err_wrap(e, "UPGRADE FAILED");
	if (str_eq(o->output.format, S("table")))
		buf_addf(&c->out.buf, "Release \"%.*s\" has been upgraded. Happy Helming!\n",
			 STR_ARG(how.name));
	return print(c, o, &r);
}

const struct command helm_upgrade_command = {
	.use = "upgrade [RELEASE] [CHART]",
	.brief = "Upgrade a release",
	.text = "Make the next revision of a release: other values, or another version of its chart.\n"
		"Without new values those of the last revision stay.",
	.example = "  # Install or upgrade, whichever it is; undo it when it fails\n"
		   "  helm upgrade web ./chart --install --rollback-on-failure --set image.tag=v2",
	.args = { ARGS_EXACT, 2 },
	.flags = upgrade_flags,
	.options = sizeof(struct install_options),
	.run = run_upgrade,
};
