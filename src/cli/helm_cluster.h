/* helm_cluster - what the commands of `helm` that speak to a cluster share:
 * the connection, how results are printed, and flags of waiting.
 *
 * Worker-local.
 */
#ifndef CLI_HELM_CLUSTER_H
#define CLI_HELM_CLUSTER_H

#include "cli/helm.h"
#include "cli/helm_remote.h"
#include "release/release.h"

struct helm_cluster {
	struct cli *cli;
	struct net_client *net;			/* NULL until a request needs it */
	struct kubeconfig config;
	struct notices notices;
	struct helm_world world;
	struct helm_schema_options schema;
	struct helm_remote remote;
	struct release_env env;
};

/* Connect, and see whether anybody answers ("kubernetes cluster
 * unreachable: ..."). With `all`, the store is that of all namespaces. */
err *helm_connect(struct cli *c, struct helm_cluster *out, bool all)
	__attribute__((warn_unused_result));
/* The same in the words of an install: "cluster reachability check failed: ...", which is
 * noticed, too. */
err *helm_connect_to_install(struct cli *c, struct helm_cluster *out)
	__attribute__((warn_unused_result));
/* The same for what only reads: with HELM_DRIVER=memory and $HELM_MEMORY_DRIVER_DATA (files of
 * releases, with ':' between) the releases are those, and there is no cluster. */
err *helm_look(struct cli *c, struct helm_cluster *out, bool all)
	__attribute__((warn_unused_result));
/* The same without a cluster, for --dry-run=client. */
err *helm_offline(struct cli *c, struct helm_cluster *out) __attribute__((warn_unused_result));
/* For CLEANUP(helm_disconnect) struct helm_cluster k = { 0 }. */
void helm_disconnect(struct helm_cluster *k);

/* ---- printing ---------------------------------------------------------- */

/* -o */
extern const struct flag helm_output_flags[];
struct helm_output_options {
	str format;		/* "table", "json" or "yaml" */
};
/* As JSON (with a newline) or YAML. */
err *helm_print_tree(struct cli *c, const struct helm_output_options *o, node tree)
	__attribute__((warn_unused_result));

/* A whole number that is not negative: uint64_t. */
extern const struct flag_type helm_uint_type;
/* What of a cell goes into a column that is to be no wider. */
str helm_cut(struct arena *a, str text, uint64_t max);

/* Cells of a table row by row, `columns` each, as Helm lays them out. */
void helm_print_table(struct cli *c, const str *cells, size_t n, size_t columns);

struct helm_status {
	bool debug, metadata, hide_notes;
	str resources;		/* what stands below RESOURCES; empty: nothing */
};
/* A release as `helm status` prints it. */
err *helm_print_release(struct cli *c, const struct record *r, const struct helm_status *how)
	__attribute__((warn_unused_result));
/* The record as a tree, without its chart where that is not wanted. */
err *helm_record_tree(struct arena *a, const struct record *r, bool chart, node *out)
	__attribute__((warn_unused_result));
/* The record's tree as Go's templates see a release: {{ .Info.Status }}. */
node helm_release_view(struct arena *a, node record, node labels);
/* "podinfo-6.14.1" */
str helm_chart_text(struct arena *a, const struct record *r);
/* "Mon Jan  2 15:04:05 2006" */
str helm_time_text(struct arena *a, struct gotime t);

/* Last revision, or a given one; "release: not found". */
err *helm_find_release(const struct helm_cluster *k, struct arena *a, str name, int64_t revision,
		       struct record *out) __attribute__((warn_unused_result));

/* ---- flags ------------------------------------------------------------- */

/* --dry-run, with the words of old that are taken and warned of. */
err *helm_dry_run(struct cli *c, str word, enum release_dry *out)
	__attribute__((warn_unused_result));

/* --wait: "watcher", "legacy", "hookOnly"; a str. */
extern const struct flag_type helm_wait_type;
/* What it means; words of old are warned of. */
enum release_wait helm_wait_strategy(struct cli *c, str word);

/* --server-side: "true", "false", "auto"; anything else is refused by the action, which has
 * questions of its own before that. */
void helm_server_side(str word, struct release_how *out);

/* Objects are not replaced and taken over at once. */
err *helm_check_force(const struct cli *c, const struct release_how *how)
	__attribute__((warn_unused_result));

#endif
