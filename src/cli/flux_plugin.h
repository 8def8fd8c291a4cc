/* flux_plugin - programs that are commands of flux: "flux NAME" runs "flux-NAME".
 *
 * They lie in one directory: $FLUXCD_PLUGINS, or .fluxcd/plugins at home. What
 * was installed from the catalog has a receipt beside it. Worker-local.
 */
#ifndef CLI_FLUX_PLUGIN_H
#define CLI_FLUX_PLUGIN_H

#include "cli/command.h"

/* The directory of the plugins, absolute. */
str plugin_dir(const struct cli *c);
/* The program of a plugin: its path, or nothing when there is none. */
str plugin_find(const struct cli *c, str name);
/* Where a root's word is no command: become the plugin of that name, with all
 * arguments behind it. Returns when there is none; `done` stays as it is. */
err *plugin_external(struct cli *c, str word, const str *args, size_t n, bool *done)
	__attribute__((warn_unused_result));

#endif
