/* helm - what the commands of `helm` share: settings, values, charts.
 *
 * Settings come from flags of the root and, where those are not given, from
 * the environment, by the names that Helm has. Worker-local.
 */
#ifndef CLI_HELM_H
#define CLI_HELM_H

#include "cli/command.h"
#include "helm/caps.h"
#include "helm/chart.h"
#include "helm/pack.h"
#include "helm/render.h"

/* Flags of the root, shared by all its commands. */
struct helm_settings {
	str ns, kubeconfig, context, token, as_user, apiserver, ca_file, tls_server_name;
	struct flag_list as_groups;
	bool insecure, debug;
	str registry_config, repository_config, repository_cache, content_cache;
	int64_t burst_limit;
	double qps;
	str color;
};
extern const struct flag helm_settings_flags[];
const struct helm_settings *helm_settings(const struct cli *c);
/* The namespace: flag, environment, kubeconfig, "default". */
str helm_namespace(struct cli *c);
bool helm_debug(const struct cli *c);
/* Before any command: settings with a wrong word. */
err *helm_check_settings(struct cli *c) __attribute__((warn_unused_result));
/* Where Helm keeps things: "cache", "config" or "data", and what is below. */
str helm_dir(struct cli *c, const char *kind, str below);

/* The settings as a plugin is told of them: "HELM_NAMESPACE=default", in the order of their names;
 * gives how many. */
enum { HELM_ENV_MAX = 32 };
size_t helm_env(struct cli *c, str *to);

/* -f, --set and their kin. */
struct helm_value_options {
	struct flag_list files, sets, strings, from_files, json, literals;
};
extern const struct flag helm_value_flags[];
err *helm_values(struct cli *c, const struct helm_value_options *o, node *out)
	__attribute__((warn_unused_result));

/* $SOURCE_DATE_EPOCH, or PACK_OWN_TIMES. */
err *helm_epoch(const struct cli *c, int64_t *out) __attribute__((warn_unused_result));

/* How to speak to servers that have charts. */
struct helm_server_options {
	str username, password, cert_file, key_file, ca_file;
	bool insecure, plain_http;
};
extern const struct flag helm_server_flags[];

/* Where a chart comes from. */
struct helm_chart_options {
	struct helm_server_options server;
	str version, keyring, repo;
	bool verify, pass_credentials;
	bool prov;	/* fetch the provenance file, if there is one */
};
extern const struct flag helm_chart_flags[];
/* By its whole path, as Helm names what it was given. */
str helm_abs(struct cli *c, str path);
/* The same with --devel: any version where none was asked for. */
struct helm_chart_options helm_devel(const struct helm_chart_options *o, bool devel);
/* The path of a chart that the user named. */
err *helm_locate(struct cli *c, str name, const struct helm_chart_options *o, str *path)
	__attribute__((warn_unused_result));

/* A chart that can be installed, with all its dependencies. */
err *helm_load(struct cli *c, str path, bool dependency_update, const struct notices *to,
	       struct chart **out) __attribute__((warn_unused_result));

/* What `helm template` prints of a chart. */
struct helm_print {
	bool crds, no_hooks, no_tests, origins;
};
void helm_add_manifests(const struct helm_print *o, const struct render *r, struct buf *b);

/* A release's name from a --name-template. */
err *helm_name_from_template(struct cli *c, str text, str *out)
	__attribute__((warn_unused_result));
/* One by --generate-name: the chart's, without version and ending, and the time. */
str helm_generated_name(struct arena *a, str chart);
/* The words [NAME] CHART. `generate` and `pattern` are --generate-name and --name-template,
 * of which none goes with a NAME; where nothing gives a name, `name` is left as it is. */
err *helm_name_and_chart(struct cli *c, bool generate, str pattern, str *name, str *chart)
	__attribute__((warn_unused_result));

/* What a chart says cannot steer the terminal: what stands in the output, if
 * that is one, is made visible. */
void helm_make_visible(struct cli *c);

/* Notices to standard error. */
struct notices helm_notices(struct cli *c);

/* What templates may ask for: clock, random bytes, time zones. With a seed
 * they are told the same every time: for comparing renders, and for nothing
 * that is to be safe. */
struct helm_world {
	struct tmpl_options options;
	uint8_t seed[32];
	uint64_t drawn;
	int64_t now;
};
void helm_world_init(struct cli *c, struct helm_world *w);
/* From now on random numbers, keys and certificates are drawn from the texts,
 * and the time stands still at $SOURCE_DATE_EPOCH, else at the beginning of
 * 2020. */
err *helm_world_seed(struct cli *c, struct helm_world *w, const str *texts, size_t n)
	__attribute__((warn_unused_result));

#endif
