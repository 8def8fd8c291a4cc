/* commands - every command there is; one source file each.
 *
 * A new command is a file with its table row, a line here and an entry in
 * the list of the command above it (root.c for the first level and the
 * programs).
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/command.h"

/* The programs: what `rill` is when called by one of these names. */
extern const struct command rill_root;
extern const struct command flux_root;
extern const struct command helm_root;
extern const struct command kustomize_root;

/* Of every program. */
extern const struct command complete_command;
extern const struct command completion_command;
extern const struct command controller_command;
extern const struct command diff_command;
extern const struct command down_command;
extern const struct command docgen_command;

/* Of `flux`, and of `rill`. */
extern const struct command flux_bootstrap_command;
extern const struct command flux_build_artifact;
extern const struct command flux_build_command;
extern const struct command flux_check_command;
extern const struct command flux_create_command;
extern const struct command flux_debug_command;
extern const struct command flux_delete_command;
extern const struct command flux_diff_artifact;
extern const struct command flux_diff_command;
extern const struct command flux_diff_kustomization;
extern const struct command flux_envsubst_command;
extern const struct command flux_events_command;
extern const struct command flux_export_command;
extern const struct command flux_get_command;
extern const struct command flux_install_command;
extern const struct command flux_list_command;
extern const struct command flux_logs_command;
extern const struct command flux_migrate_command;
extern const struct command flux_plugin_command;
extern const struct command flux_pull_command;
extern const struct command flux_push_command;
extern const struct command flux_reconcile_command;
extern const struct command flux_resume_command;
extern const struct command flux_stats_command;
extern const struct command flux_suspend_command;
extern const struct command flux_tag_command;
extern const struct command flux_trace_command;
extern const struct command flux_tree_command;
extern const struct command flux_trigger_command;
extern const struct command flux_uninstall_command;
extern const struct command flux_version_command;

/* Of `helm`. */
extern const struct command helm_create_command;
extern const struct command helm_dependency_command;
extern const struct command helm_env_command;
extern const struct command helm_get_command;
extern const struct command helm_history_command;
extern const struct command helm_install_command;
extern const struct command helm_lint_command;
extern const struct command helm_list_command;
extern const struct command helm_package_command;
extern const struct command helm_plugin_command;
extern const struct command helm_pull_command;
extern const struct command helm_push_command;
extern const struct command helm_registry_command;
extern const struct command helm_repo_command;
extern const struct command helm_repo_index_command;
extern const struct command helm_rollback_command;
extern const struct command helm_search_command;
extern const struct command helm_search_hub_command;
extern const struct command helm_show_command;
extern const struct command helm_status_command;
extern const struct command helm_template_command;
extern const struct command helm_test_command;
extern const struct command helm_uninstall_command;
extern const struct command helm_upgrade_command;
extern const struct command helm_verify_command;
extern const struct command helm_version_command;

/* Of `kustomize`. */
extern const struct command kustomize_build_command;
extern const struct command kustomize_cfg_command;
extern const struct command kustomize_create_command;
extern const struct command kustomize_edit_command;
extern const struct command kustomize_edit_add_command;
extern const struct command kustomize_edit_fix_command;
extern const struct command kustomize_edit_remove_command;
extern const struct command kustomize_edit_set_command;
extern const struct command kustomize_fn_command;
extern const struct command kustomize_localize_command;
extern const struct command kustomize_version_command;

extern const struct command server_command;
extern const struct command up_command;
extern const struct command version_command;
extern const struct command why_command;

#endif
