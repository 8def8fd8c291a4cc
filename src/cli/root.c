#include "cli/commands.h"
#include "cli/flux.h"
#include "cli/flux_hint.h"
#include "cli/flux_plugin.h"
#include "cli/helm_plugin.h"
#include "cli/helm.h"
#include "cli/help.h"

static const struct applet rill_applet = {
	.error_prefix = "✗ ",
	.notices_to_out = true,
	.begin = flux_check_environment,
	.reword = hint_reword,
	.hint = hint_of,
	.place = hint_place,
};

const struct command rill_root = {
	.use = "rill",
	.brief = "GitOps for Kubernetes in one small program",
	.text = "Rill does what Flux does, in one small program: it renders, compares and\n"
		"applies what a Git repository says should run on Kubernetes.",
	.version = RILL_VERSION,
	.external = plugin_external,
	.shared = flux_settings_flags,
	.options = sizeof(struct flux_settings),
	.commands = (const struct command *const[]){
		&flux_bootstrap_command,
		&flux_build_command,
		&flux_check_command,
		&complete_command,
		&completion_command,
		&controller_command,
		&flux_create_command,
		&flux_debug_command,
		&flux_delete_command,
		&diff_command,
		&docgen_command,
		&down_command,
		&flux_envsubst_command,
		&flux_events_command,
		&flux_export_command,
		&flux_get_command,
		&helm_root,
		&help_command,
		&flux_install_command,
		&kustomize_root,
		&flux_list_command,
		&flux_logs_command,
		&flux_migrate_command,
		&flux_plugin_command,
		&flux_pull_command,
		&flux_push_command,
		&flux_reconcile_command,
		&flux_resume_command,
		&server_command,
		&flux_stats_command,
		&flux_suspend_command,
		&flux_tag_command,
		&flux_trace_command,
		&flux_tree_command,
		&flux_trigger_command,
		&flux_uninstall_command,
		&up_command,
		&version_command,
		&why_command,
		NULL,
	},
	.applet = &rill_applet,
};

/* The flux command line as scripts know it, without what rill adds. */
const struct command flux_root = {
	.use = "flux",
	.brief = "GitOps for Kubernetes from the command line",
	.text = "Set up, look at and steer the delivery of Git repositories to Kubernetes.",
	.example = "  # Is the cluster one that Flux can run in?\n"
		   "  flux check --pre\n\n"
		   "  # Put it there, by way of a Git repository\n"
		   "  flux bootstrap github --owner=me --repository=fleet --personal\n\n"
		   "  # What is applied, and in which state?\n"
		   "  flux get all -A",
	.version = FLUX_VERSION,
	.external = plugin_external,
	.shared = flux_settings_flags,
	.options = sizeof(struct flux_settings),
	.commands = (const struct command *const[]){
		&flux_bootstrap_command,
		&flux_build_command,
		&flux_check_command,
		&complete_command,
		&completion_command,
		&flux_create_command,
		&flux_debug_command,
		&flux_delete_command,
		&flux_diff_command,
		&flux_envsubst_command,
		&flux_events_command,
		&flux_export_command,
		&flux_get_command,
		&help_command,
		&flux_install_command,
		&flux_list_command,
		&flux_logs_command,
		&flux_migrate_command,
		&flux_plugin_command,
		&flux_pull_command,
		&flux_push_command,
		&flux_reconcile_command,
		&flux_resume_command,
		&flux_stats_command,
		&flux_suspend_command,
		&flux_tag_command,
		&flux_trace_command,
		&flux_tree_command,
		&flux_trigger_command,
		&flux_uninstall_command,
		&flux_version_command,
		NULL,
	},
	.applet = &rill_applet,
};

const struct command helm_root = {
	.use = "helm",
	.brief = "Render and install Helm charts",
	.text = "Render charts and manage their releases, with the words and the output of helm.",
	.shared = helm_settings_flags,
	.options = sizeof(struct helm_settings),
	.before = helm_check_settings,
	.external = helm_plugin_external,
	.commands = (const struct command *const[]){
		&complete_command,
		&completion_command,
		&helm_create_command,
		&helm_dependency_command,
		&helm_env_command,
		&helm_get_command,
		&help_command,
		&helm_history_command,
		&helm_install_command,
		&helm_lint_command,
		&helm_list_command,
		&helm_package_command,
		&helm_plugin_command,
		&helm_pull_command,
		&helm_push_command,
		&helm_registry_command,
		&helm_repo_command,
		&helm_rollback_command,
		&helm_search_command,
		&helm_show_command,
		&helm_status_command,
		&helm_template_command,
		&helm_test_command,
		&helm_uninstall_command,
		&helm_upgrade_command,
		&helm_verify_command,
		&helm_version_command,
		NULL,
	},
	.applet = &(const struct applet){
		.error_prefix = "Error: ",
		.run_hint = true,
		.helm_args = true,
	},
};

struct kustomize_root_options {
	bool stack_trace;
};

static const struct flag kustomize_root_flags[] = {
	{ "stack-trace", 0, FLAG_BOOL, offsetof(struct kustomize_root_options, stack_trace),
	  "accepted for compatibility: errors say where in the files they are" },
	{ 0 },
};

const struct command kustomize_root = {
	.use = "kustomize",
	.brief = "Build kustomizations",
	.text = "Build kustomizations, with the words and the output of kustomize.",
	.shared = kustomize_root_flags,
	.options = sizeof(struct kustomize_root_options),
	.commands = (const struct command *const[]){
		&kustomize_build_command,
		&kustomize_cfg_command,
		&kustomize_create_command,
		&kustomize_edit_command,
		&kustomize_fn_command,
		&complete_command,
		&completion_command,
		&help_command,
		&kustomize_localize_command,
		&kustomize_version_command,
		NULL,
	},
	.applet = &(const struct applet){
		.error_prefix = "Error: ",
		.run_hint = true,
	},
};
