#include "kustomize/plugins_type.h"

#include "kustomize/kfile.h"

#define S_ &typed_string
#define B_ &typed_bool
#define FIELD_SPECS TYPED_FIELD("fieldSpecs", &kfile_fieldspecs_type)
#define PLUGIN(struct_name, table)                                              \
	{ .fields = &(const struct typed)TYPED_STRUCT_OF("builtins", struct_name, table) }

static const struct typed_field metadata_fields[] = {
	TYPED_FIELD("name", S_),
	TYPED_FIELD("namespace", S_),
	TYPED_FIELD("labels", &typed_string_map),
	TYPED_FIELD("annotations", &typed_string_map),
};
static const struct typed metadata = TYPED_STRUCT_OF("types", "ObjectMeta", metadata_fields);

const struct plugin_type plugin_type_none = { 0 };

/* ---- transformers ------------------------------------------------------ */

static const struct typed_field annotations[] = {
	TYPED_FIELD("annotations", &typed_string_map),
	FIELD_SPECS,
};
const struct plugin_type plugin_type_annotations =
	PLUGIN("AnnotationsTransformerPlugin", annotations);

static const struct typed_field labels[] = {
	TYPED_FIELD("labels", &typed_string_map),
	FIELD_SPECS,
};
const struct plugin_type plugin_type_labels = PLUGIN("LabelTransformerPlugin", labels);

static const struct typed_field image[] = {
	TYPED_FIELD("imageTag", &kfile_image_type),
	FIELD_SPECS,
};
const struct plugin_type plugin_type_image = PLUGIN("ImageTagTransformerPlugin", image);

static const struct typed_field replicas[] = {
	TYPED_FIELD("replica", &kfile_replica_type),
	FIELD_SPECS,
};
const struct plugin_type plugin_type_replicas = PLUGIN("ReplicaCountTransformerPlugin", replicas);

static const struct typed subject_mode = { .kind = TYPED_STRING,
					   .go = "namespace.RoleBindingSubjectMode" };
static const struct typed_field namespace[] = {
	TYPED_FIELD("metadata", &metadata),
	FIELD_SPECS,
	TYPED_FIELD("unsetOnly", B_),
	TYPED_FIELD("setRoleBindingSubjects", &subject_mode),
};
const struct plugin_type plugin_type_namespace = {
	&(const struct typed)TYPED_STRUCT_OF("builtins", "NamespaceTransformerPlugin", namespace),
	"unmarshalling NamespaceTransformer config",
};

static const struct typed_field affix[] = {
	TYPED_FIELD("prefix", S_),
	TYPED_FIELD("suffix", S_),
	FIELD_SPECS,
};
const struct plugin_type plugin_type_affix = PLUGIN("PrefixSuffixTransformerPlugin", affix);

static const struct typed_field prefix[] = { TYPED_FIELD("prefix", S_), FIELD_SPECS };
const struct plugin_type plugin_type_prefix = PLUGIN("PrefixTransformerPlugin", prefix);

static const struct typed_field suffix[] = { TYPED_FIELD("suffix", S_), FIELD_SPECS };
const struct plugin_type plugin_type_suffix = PLUGIN("SuffixTransformerPlugin", suffix);

static const struct typed_field patch[] = {
	TYPED_FIELD("apiVersion", S_),	/* shown when the rest is refused */
	TYPED_FIELD("kind", S_),
	TYPED_FIELD("metadata", &metadata),
	TYPED_FIELD("path", S_),
	TYPED_FIELD("patch", S_),
	TYPED_FIELD("target", &kfile_selector_type),
	TYPED_FIELD("options", &kfile_patch_options_type),
};
const struct plugin_type plugin_type_patch = PLUGIN("PatchTransformerPlugin", patch);

static const struct typed_field json_patch[] = {
	TYPED_FIELD("target", &kfile_selector_type),
	TYPED_FIELD("path", S_),
	TYPED_FIELD("jsonOp", S_),
};
const struct plugin_type plugin_type_json_patch =
	PLUGIN("PatchJson6902TransformerPlugin", json_patch);

static const struct typed merge_patch = { .kind = TYPED_STRING, .go = "types.PatchStrategicMerge" };
static const struct typed merge_patch_list = { .kind = TYPED_LIST, .of = &merge_patch,
					       .go = "[]types.PatchStrategicMerge" };
static const struct typed_field merge_patches[] = {
	TYPED_FIELD("paths", &merge_patch_list),
	TYPED_FIELD("patches", S_),
};
const struct plugin_type plugin_type_merge_patches =
	PLUGIN("PatchStrategicMergeTransformerPlugin", merge_patches);

static const struct typed replacement_list = { .kind = TYPED_LIST, .of = &kfile_replacement_type,
					       .go = "[]types.ReplacementField" };
static const struct typed_field replacements[] = { TYPED_FIELD("replacements", &replacement_list) };
const struct plugin_type plugin_type_replacements =
	PLUGIN("ReplacementTransformerPlugin", replacements);

static const struct typed_field target_fields[] = {
	TYPED_FIELD("selector", &kfile_selector_type),
	TYPED_FIELD("fieldPath", S_),
	TYPED_FIELD("filePathPosition", &typed_int),
};
static const struct typed target = TYPED_STRUCT_OF("builtins", "Target", target_fields);
static const struct typed targets = { .kind = TYPED_LIST, .go = "[]builtins.Target", .of = &target };
static const struct typed_field value_add[] = {
	TYPED_FIELD("value", S_),
	TYPED_FIELD("targets", &targets),
	TYPED_FIELD("targetFilePath", S_),
};
const struct plugin_type plugin_type_value_add = PLUGIN("ValueAddTransformerPlugin", value_add);
const struct typed plugin_targets_file =
	TYPED_STRUCT_OF("builtins", "ValueAddTransformerPlugin", value_add);

/* ---- generators -------------------------------------------------------- */

#define GENERATOR_FIELDS(args)                                                         \
	TYPED_FIELD("metadata", &metadata),                                            \
	TYPED_EMBEDDED(args ".GeneratorArgs", "namespace", S_),                        \
	TYPED_EMBEDDED(args ".GeneratorArgs", "name", S_),                             \
	TYPED_EMBEDDED(args ".GeneratorArgs", "behavior", S_),                         \
	TYPED_EMBEDDED(args ".GeneratorArgs.KvPairSources", "literals", &typed_strings), \
	TYPED_EMBEDDED(args ".GeneratorArgs.KvPairSources", "files", &typed_strings),  \
	TYPED_EMBEDDED(args ".GeneratorArgs.KvPairSources", "envs", &typed_strings),   \
	TYPED_EMBEDDED(args ".GeneratorArgs.KvPairSources", "env", S_),                \
	TYPED_EMBEDDED(args ".GeneratorArgs", "options", &kfile_generator_options_type)

static const struct typed_field configmap[] = { GENERATOR_FIELDS("ConfigMapArgs") };
const struct plugin_type plugin_type_configmap = PLUGIN("ConfigMapGeneratorPlugin", configmap);

static const struct typed_field secret[] = {
	GENERATOR_FIELDS("SecretArgs"),
	TYPED_EMBEDDED("SecretArgs", "type", S_),
};
const struct plugin_type plugin_type_secret = PLUGIN("SecretGeneratorPlugin", secret);

static const struct typed cloud = { .kind = TYPED_STRING, .go = "types.Cloud" };
static const struct typed_field service_fields[] = {
	TYPED_FIELD("name", S_),
	TYPED_FIELD("namespace", S_),
};
static const struct typed service =
	TYPED_STRUCT_OF("types", "KubernetesService", service_fields);
static const struct typed_field account_fields[] = {
	TYPED_FIELD("name", S_),
	TYPED_FIELD("projectId", S_),
};
static const struct typed account = TYPED_STRUCT_OF("types", "ServiceAccount", account_fields);
static const struct typed_field iam_policy[] = {
	TYPED_EMBEDDED("IAMPolicyGeneratorArgs", "cloud", &cloud),
	TYPED_EMBEDDED("IAMPolicyGeneratorArgs", "kubernetesService", &service),
	TYPED_EMBEDDED("IAMPolicyGeneratorArgs", "serviceAccount", &account),
};
const struct plugin_type plugin_type_iam_policy = PLUGIN("IAMPolicyGeneratorPlugin", iam_policy);

static const struct typed any_map = { .kind = TYPED_MAP, .go = "map[string]interface {}",
				      .of = &typed_any };
static const struct typed_field helm_chart[] = {
	TYPED_EMBEDDED("HelmGlobals", "chartHome", S_),
	TYPED_EMBEDDED("HelmGlobals", "configHome", S_),
	TYPED_EMBEDDED("HelmChart", "name", S_),
	TYPED_EMBEDDED("HelmChart", "version", S_),
	TYPED_EMBEDDED("HelmChart", "repo", S_),
	TYPED_EMBEDDED("HelmChart", "releaseName", S_),
	TYPED_EMBEDDED("HelmChart", "namespace", S_),
	TYPED_EMBEDDED("HelmChart", "additionalValuesFiles", &typed_strings),
	TYPED_EMBEDDED("HelmChart", "valuesFile", S_),
	TYPED_EMBEDDED("HelmChart", "valuesInline", &any_map),
	TYPED_EMBEDDED("HelmChart", "valuesMerge", S_),
	TYPED_EMBEDDED("HelmChart", "includeCRDs", B_),
	TYPED_EMBEDDED("HelmChart", "skipHooks", B_),
	TYPED_EMBEDDED("HelmChart", "apiVersions", &typed_strings),
	TYPED_EMBEDDED("HelmChart", "kubeVersion", S_),
	TYPED_EMBEDDED("HelmChart", "nameTemplate", S_),
	TYPED_EMBEDDED("HelmChart", "skipTests", B_),
	TYPED_EMBEDDED("HelmChart", "debug", B_),
	TYPED_EMBEDDED("HelmChart", "devel", B_),
};
const struct plugin_type plugin_type_helm_chart =
	PLUGIN("HelmChartInflationGeneratorPlugin", helm_chart);
