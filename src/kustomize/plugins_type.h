/* plugins_type - the Go structs that configurations of built-in plugins are
 * decoded into; errors name them and their fields. Constant.
 */
#ifndef KUSTOMIZE_PLUGINS_TYPE_H
#define KUSTOMIZE_PLUGINS_TYPE_H

#include "value/typed.h"

struct plugin_type {
	const struct typed *fields;	/* NULL: nothing is read, or not at first */
	const char *wrap;		/* what is said before an error; NULL: nothing */
};

extern const struct plugin_type plugin_type_none, plugin_type_annotations, plugin_type_configmap,
	plugin_type_helm_chart, plugin_type_iam_policy, plugin_type_image, plugin_type_labels,
	plugin_type_namespace, plugin_type_json_patch, plugin_type_merge_patches, plugin_type_patch,
	plugin_type_affix, plugin_type_prefix, plugin_type_suffix, plugin_type_replacements,
	plugin_type_replicas, plugin_type_secret, plugin_type_value_add;

/* What the file of a ValueAddTransformer's `targetFilePath` holds. */
extern const struct typed plugin_targets_file;

#endif
