/* helm_plugin - programs that are part of helm: what lies in $HELM_PLUGINS.
 *
 * A plugin is a directory with a plugin.yaml: of Helm 3 ("legacy") or of Helm 4 (apiVersion v1).
 * Those of type cli/v1 are commands ("helm NAME"), those of type postrenderer/v1 are what
 * --post-renderer names. Their program (runtime "subprocess") is run as Helm runs it; the runtime
 * "extism/v1", WebAssembly, is not here, and an error says so. rill runs what is installed, and
 * installs nothing.
 *
 * A plugin is found by the user's own command alone: no controller looks for any.
 *
 * Ownership: all of it lives in the arena of the run. Worker-local.
 */
#ifndef CLI_HELM_PLUGIN_H
#define CLI_HELM_PLUGIN_H

#include "cli/helm.h"

struct helm_plugin {
	str dir;			/* absolute, or below what $HELM_PLUGINS says */
	str name, version, type, api_version, source_url, runtime;
	bool ignore_flags;
	node commands;			/* of the platforms */
};

struct helm_plugins {
	struct helm_plugin *p;
	size_t n, cap;
};

/* The directories, with ':' between them. */
str helm_plugin_dirs(struct cli *c);
/* All of a type, or of all where that is empty. What cannot be read is warned of; two of one
 * name in one directory are an error. */
err *helm_plugins_find(struct cli *c, str type, struct helm_plugins *out)
	__attribute__((warn_unused_result));
/* Its argument vector with `more` behind it, $VARIABLES taken from `env`; ends with NULL. */
err *helm_plugin_argv(struct cli *c, const struct helm_plugin *p, const char *const *env,
		      const str *more, size_t n, const char *const **out)
	__attribute__((warn_unused_result));
/* The environment of a plugin: ours, with its name and directory, and with all settings of helm
 * where it is a command. */
const char *const *helm_plugin_env(struct cli *c, const struct helm_plugin *p, bool settings);

/* For struct applet: a word that is no command. */
err *helm_plugin_external(struct cli *c, str word, const str *args, size_t n, bool *done)
	__attribute__((warn_unused_result));

/* ---- post-renderers ----------------------------------------------------- */

struct helm_post_renderer {
	struct cli *c;
	struct helm_plugin plugin;
	const struct flag_list *args;
};
/* "plugin: {Name:x Type:postrenderer/v1} not found". */
err *helm_post_renderer_find(struct cli *c, str name, const struct flag_list *args,
			     struct helm_post_renderer *out) __attribute__((warn_unused_result));
/* For release_how.post_render; `ctx` is a struct helm_post_renderer. */
err *helm_post_render(void *ctx, struct arena *a, str in, str *out)
	__attribute__((warn_unused_result));

#endif
