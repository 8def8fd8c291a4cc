/* helm_plugin_run - plugins of helm at work: as commands and as post-renderers; and
 * "helm plugin list". */
#include "base/fs.h"
#include "base/proc.h"
#include "base/vec.h"
#include "cli/commands.h"
#include "cli/helm_cluster.h"
#include "cli/helm_plugin.h"
#include "text/path.h"
#include "text/quote.h"

static str pair(struct cli *c, const char *name, str value)
{
	return arena_cat(c->arena, str_c(name), S("="), value);
}

/* What is set twice counts as it was set last. */
static void set(struct cli *c, const char ***env, size_t *n, str variable)
{
	str name, value;

	str_split(variable, '=', &name, &value);
	for (size_t i = 0; i < *n; i++) {
		str old = str_c((*env)[i]);

		if (str_take_str(&old, name) && str_take(&old, '=')) {
			(*env)[i] = arena_str(c->arena, variable).p;
			return;
		}
	}
	(*env)[(*n)++] = arena_str(c->arena, variable).p;
}

const char *const *helm_plugin_env(struct cli *c, const struct helm_plugin *p, bool settings)
{
	str vars[HELM_ENV_MAX];
	size_t ours = 0, n = 0, k = settings ? helm_env(c, vars) : 0;

	while (c->env && c->env[ours])
		ours++;
	const char **env = arena_array(c->arena, const char *, ours + k + 3);

	for (; n < ours; n++)
		env[n] = c->env[n];
	for (size_t i = 0; i < k; i++)
		set(c, &env, &n, vars[i]);
	set(c, &env, &n, pair(c, "HELM_PLUGIN_NAME", p->name));
	set(c, &env, &n, pair(c, "HELM_PLUGIN_DIR", p->dir));
	env[n] = NULL;
	return env;
}

static err *ended(struct cli *c, const struct helm_plugin *p)
{
	return err_new(ERR_INTERNAL, "plugin %.*s exited with error",
		       STR_ARG(quote_str(c->arena, p->name)));
}

/* ---- as a command ------------------------------------------------------ */

/* Flags of helm's own are for helm, wherever they stand; the rest is the plugin's. */
static void divide(struct cli *c, const str *args, size_t n, str word, struct flag_list *known,
		   struct flag_list *rest)
{
	static const char *const valued[] = {
		"--kube-context", "--namespace", "-n", "--kubeconfig", "--kube-apiserver", "--kube-token",
		"--kube-as-user", "--kube-as-group", "--kube-ca-file", "--registry-config",
		"--repository-cache", "--repository-config", "--kube-insecure-skip-tls-verify",
		"--kube-tls-server-name",
	};
	bool called = false;
	size_t i = 0;

	if (c->path.called)		/* rill helm ... */
		while (i < n && !str_eq(args[i++], command_name(c->path.at[0])))
			;
	for (; i < n; i++) {
		bool own = str_eq(args[i], S("--debug")), more = false;

		if (!called && str_eq(args[i], word)) {
			called = true;
			continue;
		}
		for (size_t k = 0; k < sizeof valued / sizeof *valued && !own; k++) {
			str s = args[i];

			own = str_take_str(&s, str_c(valued[k])) && (!s.n || s.p[0] == '=');
			more = own && !s.n;
		}
		avec_push(c->arena, own ? known : rest, args[i]);
		if (more && i + 1 < n)
			avec_push(c->arena, known, args[++i]);
	}
}

/* With our input and outputs, as long as it takes. */
static err *spawn(struct cli *c, const struct helm_plugin *p, const char *const *argv,
		  const char *const *env)
{
	struct proc_result end;

	output_flush(&c->out);
	output_flush(&c->err);
	TRY(proc_pass(&(struct proc_spec){ .argv = argv, .env = env }, &end));
	if (!end.exit)
		return NULL;
	c->status = end.signal ? 255 : end.exit;
	return ended(c, p);
}

static err *take_flags(struct cli *c, const struct flag_list *known)
{
	CLEANUP(buf_release) struct buf notices = BUF_INIT;

	TRY(flags_parse(&c->flags, known->p, known->n, &c->words, &notices));
	buf_add(&cli_notices(c)->buf, buf_str(&notices));
	return NULL;
}

static err *run_command(struct cli *c, const struct helm_plugin *p, const struct flag_list *rest)
{
	const char *const *env = helm_plugin_env(c, p, true), *const *argv;

	TRY(helm_plugin_argv(c, p, env, rest->p, p->ignore_flags ? 0 : rest->n, &argv));
	return spawn(c, p, argv, env);
}

err *helm_plugin_external(struct cli *c, str word, const str *args, size_t n, bool *done)
{
	const char *none = cli_env(c, "HELM_NO_PLUGINS");
	struct flag_list known = { 0 }, rest = { 0 };
	struct helm_plugins all;

	if (none && !strcmp(none, "1"))
		return NULL;
	divide(c, args, n, word, &known, &rest);
	command_flags(c, &c->path);
	TRY(helm_plugins_find(c, S("cli/v1"), &all));
	for (size_t i = 0; i < all.n; i++)
		if (str_eq(all.p[i].name, word)) {
			TRY(take_flags(c, &known));
			*done = true;
			return run_command(c, &all.p[i], &rest);
		}
	return NULL;
}

/* ---- as a post-renderer -------------------------------------------------- */

err *helm_post_renderer_find(struct cli *c, str name, const struct flag_list *args,
			     struct helm_post_renderer *out)
{
	struct helm_plugins all;

	TRY(helm_plugins_find(c, S("postrenderer/v1"), &all));
	for (size_t i = 0; i < all.n; i++)
		if (str_eq(all.p[i].name, name)) {
			*out = (struct helm_post_renderer){ c, all.p[i], args };
			return NULL;
		}
	return err_new(ERR_NOT_FOUND,
		       "invalid argument %.*s for \"--post-renderer\" flag: plugin: {Name:%.*s "
		       "Type:postrenderer/v1} not found",
		       STR_ARG(quote_str(c->arena, name)), STR_ARG(name));
}

static err *render(const struct helm_post_renderer *r, struct arena *a, str in, str *out)
{
	struct cli *c = r->c;
	const char *const *env = helm_plugin_env(c, &r->plugin, false), *const *argv;
	struct proc_result result;

	TRY(helm_plugin_argv(c, &r->plugin, env, r->args->p, r->args->n, &argv));
	err *e = proc_run(&(struct proc_spec){ .argv = argv, .env = env, .input = in }, &result);

	if (!e && (result.exit || result.signal))
		e = ended(c, &r->plugin);
	if (!e)
		*out = arena_str(a, buf_str(&result.out));
	proc_release(&result);
	return e;
}

err *helm_post_render(void *ctx, struct arena *a, str in, str *out)
{
	const struct helm_post_renderer *r = ctx;
	str name = quote_str(a, r->plugin.name);
	err *e = render(r, a, in, out);

	if (e)
		return err_wrap(e, "failed to invoke post-renderer plugin %.*s", STR_ARG(name));
	if (!str_trim(*out).n)
		return err_new(ERR_INVALID, "post-renderer %.*s produced empty output",
			       STR_ARG(name));
	return NULL;
}

/* ---- the list ------------------------------------------------------------- */

struct list_options {
	str type;
};

static const struct flag list_flags[] = {
	{ "type", 0, FLAG_STRING, offsetof(struct list_options, type),
	  "plugins of this type alone: cli/v1, getter/v1, postrenderer/v1" },
	{ 0 },
};

/* Signatures are not looked at: a link is somebody's own work, the rest is as it came. */
static str provenance(struct cli *c, const struct helm_plugin *p)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;
	struct fs_info info;
	err *e = fs_open(&dir, helm_dir(c, "data", S("plugins")), NULL);

	if (!e)
		e = fs_lstat(dir, p->name, &info);
	if (e) {
		err_free(e);
		return S("unknown");
	}
	str archive = arena_cat(c->arena, p->name, S("-"), p->version, S(".tgz.prov"));

	return info.type == FS_LINK		? S("local dev")
	       : fs_is_file(dir, archive) ? S("not checked")
						: S("unsigned");
}

static err *run_list(struct cli *c)
{
	static const char *const head[] = { "NAME", "VERSION", "TYPE", "APIVERSION", "PROVENANCE",
					    "SOURCE" };
	const struct list_options *o = c->options;
	struct helm_plugins all;
	VEC(str) cells = { 0 };

	TRY(helm_plugins_find(c, o->type, &all));
	for (size_t i = 0; i < sizeof head / sizeof *head; i++)
		avec_push(c->arena, &cells, str_c(head[i]));
	for (size_t i = 0; i < all.n; i++) {
		const struct helm_plugin *p = &all.p[i];
		const str row[] = { p->name, p->version, p->type, p->api_version, provenance(c, p),
				    p->source_url.n ? p->source_url : S("unknown") };

		for (size_t k = 0; k < sizeof row / sizeof *row; k++)
			avec_push(c->arena, &cells, row[k]);
	}
	helm_print_table(c, cells.p, cells.n, sizeof head / sizeof *head);
	return NULL;
}

static err *refuse(struct cli *c)
{
	return err_new(ERR_FORBIDDEN,
		       "plugin %.*s: rill runs plugins and installs none: put the plugin's directory "
		       "into %.*s, or use helm itself",
		       STR_ARG(command_name(c->path.at[c->path.n - 1])),
		       STR_ARG(helm_plugin_dirs(c)));
}

#define REFUSED(verb)                                                      \
	&(const struct command){ .use = verb " [ARGUMENT]...", .run = refuse, \
				 .brief = "Refused: rill installs no plugins", .hidden = true, \
				 .raw = true }

const struct command helm_plugin_command = {
	.use = "plugin",
	.brief = "List the plugins that are installed",
	.text = "Plugins are directories with a plugin.yaml in $HELM_PLUGINS. Those of type cli/v1 are\n"
		"commands of their own name; those of type postrenderer/v1 are for --post-renderer.",
	.commands = (const struct command *const[]){
		REFUSED("install"),
		&(const struct command){
			.use = "list",
			.brief = "List the plugins that are installed",
			.aliases = (const char *const[]){ "ls", NULL },
			.args = { ARGS_MIN, 0 },
			.flags = list_flags,
			.options = sizeof(struct list_options),
			.run = run_list,
		},
		REFUSED("package"),
		REFUSED("uninstall"),
		REFUSED("update"),
		REFUSED("verify"),
		NULL,
	},
};
