/* The Go structs behind a kustomization file, as kustomize 5.8 has them. */
#include "kustomize/kfile.h"

#define S_ &typed_string
#define B_ &typed_bool
#define LIST_OF(go_name, item) { .kind = TYPED_LIST, .go = go_name, .of = (item) }

static const struct typed any_map = { .kind = TYPED_MAP, .go = "map[string]interface {}",
				      .of = &typed_any };

/* Go's structs embed these. */
#define GVK_FIELDS(via)                                                         \
	TYPED_EMBEDDED(via, "group", S_), TYPED_EMBEDDED(via, "version", S_),   \
		TYPED_EMBEDDED(via, "kind", S_)
#define ID_FIELDS                                                               \
	GVK_FIELDS("ResId.Gvk"), TYPED_EMBEDDED("ResId", "name", S_),           \
		TYPED_EMBEDDED("ResId", "namespace", S_)

static const struct typed_field fieldspec_fields[] = {
	GVK_FIELDS("Gvk"),
	TYPED_FIELD("path", S_),
	TYPED_FIELD("create", B_),
};
static const struct typed fieldspec = TYPED_STRUCT_OF("types", "FieldSpec", fieldspec_fields);
const struct typed kfile_fieldspecs_type = LIST_OF("[]types.FieldSpec", &fieldspec);

static const struct typed_field selector_fields[] = {
	ID_FIELDS,
	TYPED_FIELD("annotationSelector", S_),
	TYPED_FIELD("labelSelector", S_),
};
const struct typed kfile_selector_type = TYPED_STRUCT_OF("types", "Selector", selector_fields);
static const struct typed selectors = LIST_OF("[]*types.Selector", &kfile_selector_type);

static const struct typed_field patch_options_fields[] = {
	TYPED_FIELD("allowNameChange", B_),
	TYPED_FIELD("allowKindChange", B_),
};
const struct typed kfile_patch_options_type =
	TYPED_STRUCT_OF("types", "PatchArgs", patch_options_fields);
static const struct typed_field patch_fields[] = {
	TYPED_FIELD("path", S_),
	TYPED_FIELD("patch", S_),
	TYPED_FIELD("target", &kfile_selector_type),
	TYPED_FIELD("options", &kfile_patch_options_type),
};
const struct typed kfile_patch_type = TYPED_STRUCT_OF("types", "Patch", patch_fields);
static const struct typed patches = LIST_OF("[]types.Patch", &kfile_patch_type);
static const struct typed smp_patch = { .kind = TYPED_STRING, .go = "types.PatchStrategicMerge" };
static const struct typed smp_patches = LIST_OF("[]types.PatchStrategicMerge", &smp_patch);

static const struct typed_field image_fields[] = {
	TYPED_FIELD("name", S_),   TYPED_FIELD("newName", S_), TYPED_FIELD("tagSuffix", S_),
	TYPED_FIELD("newTag", S_), TYPED_FIELD("digest", S_),
};
const struct typed kfile_image_type = TYPED_STRUCT_OF("types", "Image", image_fields);
static const struct typed images = LIST_OF("[]types.Image", &kfile_image_type);

static const struct typed_field replica_fields[] = {
	TYPED_FIELD("name", S_),
	TYPED_FIELD("count", &typed_int64),
};
const struct typed kfile_replica_type = TYPED_STRUCT_OF("types", "Replica", replica_fields);
static const struct typed replicas = LIST_OF("[]types.Replica", &kfile_replica_type);

static const struct typed_field label_fields[] = {
	TYPED_FIELD("pairs", &typed_string_map),
	TYPED_FIELD("includeSelectors", B_),
	TYPED_FIELD("includeTemplates", B_),
	TYPED_FIELD("includeVolumeClaimTemplates", B_),
	TYPED_FIELD("fields", &kfile_fieldspecs_type),
};
const struct typed kfile_label_type = TYPED_STRUCT_OF("types", "Label", label_fields);
static const struct typed labels = LIST_OF("[]types.Label", &kfile_label_type);

static const struct typed_field target_fields[] = {
	TYPED_FIELD("apiVersion", S_),
	GVK_FIELDS("Gvk"),
	TYPED_FIELD("name", S_),
	TYPED_FIELD("namespace", S_),
};
static const struct typed target = TYPED_STRUCT_OF("types", "Target", target_fields);
static const struct typed_field field_selector_fields[] = { TYPED_FIELD("fieldPath", S_) };
static const struct typed field_selector =
	TYPED_STRUCT_OF("types", "FieldSelector", field_selector_fields);
static const struct typed_field var_fields[] = {
	TYPED_FIELD("name", S_),
	TYPED_FIELD("objref", &target),
	TYPED_FIELD("fieldref", &field_selector),
};
static const struct typed var = TYPED_STRUCT_OF("types", "Var", var_fields);
static const struct typed vars = LIST_OF("[]types.Var", &var);

static const struct typed_field field_options_fields[] = {
	TYPED_FIELD("delimiter", S_),
	TYPED_FIELD("index", &typed_int),
	TYPED_FIELD("encoding", S_),
	TYPED_FIELD("create", B_),
};
static const struct typed field_options =
	TYPED_STRUCT_OF("types", "FieldOptions", field_options_fields);
static const struct typed_field source_fields[] = {
	ID_FIELDS,
	TYPED_FIELD("fieldPath", S_),
	TYPED_FIELD("options", &field_options),
};
static const struct typed source = TYPED_STRUCT_OF("types", "SourceSelector", source_fields);
static const struct typed_field target_selector_fields[] = {
	TYPED_FIELD("select", &kfile_selector_type),
	TYPED_FIELD("reject", &selectors),
	TYPED_FIELD("fieldPaths", &typed_strings),
	TYPED_FIELD("options", &field_options),
};
static const struct typed target_selector =
	TYPED_STRUCT_OF("types", "TargetSelector", target_selector_fields);
static const struct typed target_selectors =
	LIST_OF("[]*types.TargetSelector", &target_selector);
static const struct typed_field replacement_fields[] = {
	TYPED_FIELD("path", S_),
	TYPED_EMBEDDED("Replacement", "source", &source),
	TYPED_EMBEDDED("Replacement", "targets", &target_selectors),
	TYPED_EMBEDDED("Replacement", "sourceValue", S_),
};
const struct typed kfile_replacement_type =
	TYPED_STRUCT_OF("types", "ReplacementField", replacement_fields);
static const struct typed_field file_replacement_fields[] = {
	TYPED_FIELD("source", &source),
	TYPED_FIELD("targets", &target_selectors),
	TYPED_FIELD("sourceValue", S_),
};
const struct typed kfile_file_replacement_type =
	TYPED_STRUCT_OF("types", "Replacement", file_replacement_fields);
static const struct typed replacements =
	LIST_OF("[]types.ReplacementField", &kfile_replacement_type);

static const struct typed_field legacy_sort_fields[] = {
	TYPED_FIELD("orderFirst", &typed_strings),
	TYPED_FIELD("orderLast", &typed_strings),
};
static const struct typed legacy_sort =
	TYPED_STRUCT_OF("types", "LegacySortOptions", legacy_sort_fields);
static const struct typed sort_order = { .kind = TYPED_STRING, .go = "types.SortOrder" };
static const struct typed_field sort_fields[] = {
	TYPED_FIELD("order", &sort_order),
	TYPED_FIELD("legacySortOptions", &legacy_sort),
};
static const struct typed sort = TYPED_STRUCT_OF("types", "SortOptions", sort_fields);

static const struct typed_field generator_options_fields[] = {
	TYPED_FIELD("labels", &typed_string_map),
	TYPED_FIELD("annotations", &typed_string_map),
	TYPED_FIELD("disableNameSuffixHash", B_),
	TYPED_FIELD("immutable", B_),
};
const struct typed kfile_generator_options_type =
	TYPED_STRUCT_OF("types", "GeneratorOptions", generator_options_fields);

#define ARG_FIELD(name, type) TYPED_EMBEDDED("GeneratorArgs", name, type)
#define PAIRS_FIELD(name, type) TYPED_EMBEDDED("GeneratorArgs.KvPairSources", name, type)
#define GENERATOR_FIELDS                                                              \
	ARG_FIELD("namespace", S_), ARG_FIELD("name", S_), ARG_FIELD("behavior", S_), \
		PAIRS_FIELD("literals", &typed_strings), PAIRS_FIELD("files", &typed_strings), \
		PAIRS_FIELD("envs", &typed_strings), PAIRS_FIELD("env", S_),          \
		ARG_FIELD("options", &kfile_generator_options_type)

static const struct typed_field configmap_fields[] = { GENERATOR_FIELDS };
const struct typed kfile_configmap_type =
	TYPED_STRUCT_OF("types", "ConfigMapArgs", configmap_fields);
static const struct typed configmaps = LIST_OF("[]types.ConfigMapArgs", &kfile_configmap_type);
static const struct typed_field secret_fields[] = { GENERATOR_FIELDS, TYPED_FIELD("type", S_) };
const struct typed kfile_secret_type = TYPED_STRUCT_OF("types", "SecretArgs", secret_fields);
static const struct typed secrets = LIST_OF("[]types.SecretArgs", &kfile_secret_type);

static const struct typed_field helm_globals_fields[] = {
	TYPED_FIELD("chartHome", S_),
	TYPED_FIELD("configHome", S_),
};
const struct typed kfile_helm_globals_type =
	TYPED_STRUCT_OF("types", "HelmGlobals", helm_globals_fields);
static const struct typed_field helm_chart_fields[] = {
	TYPED_FIELD("name", S_),
	TYPED_FIELD("version", S_),
	TYPED_FIELD("repo", S_),
	TYPED_FIELD("releaseName", S_),
	TYPED_FIELD("namespace", S_),
	TYPED_FIELD("additionalValuesFiles", &typed_strings),
	TYPED_FIELD("valuesFile", S_),
	TYPED_FIELD("valuesInline", &any_map),
	TYPED_FIELD("valuesMerge", S_),
	TYPED_FIELD("includeCRDs", B_),
	TYPED_FIELD("skipHooks", B_),
	TYPED_FIELD("apiVersions", &typed_strings),
	TYPED_FIELD("kubeVersion", S_),
	TYPED_FIELD("nameTemplate", S_),
	TYPED_FIELD("skipTests", B_),
	TYPED_FIELD("debug", B_),
	TYPED_FIELD("devel", B_),
};
const struct typed kfile_helm_chart_type = TYPED_STRUCT_OF("types", "HelmChart", helm_chart_fields);
static const struct typed helm_charts = LIST_OF("[]types.HelmChart", &kfile_helm_chart_type);
static const struct typed_field old_helm_fields[] = {
	TYPED_FIELD("chartName", S_),
	TYPED_FIELD("chartVersion", S_),
	TYPED_FIELD("chartRepoUrl", S_),
	TYPED_FIELD("chartHome", S_),
	TYPED_FIELD("chartRepoName", S_),
	TYPED_FIELD("helmBin", S_),
	TYPED_FIELD("helmHome", S_),
	TYPED_FIELD("values", S_),
	TYPED_FIELD("valuesLocal", &any_map),
	TYPED_FIELD("valuesMerge", S_),
	TYPED_FIELD("releaseName", S_),
	TYPED_FIELD("releaseNamespace", S_),
	TYPED_FIELD("extraArgs", &typed_strings),
};
static const struct typed old_helm = TYPED_STRUCT_OF("types", "HelmChartArgs", old_helm_fields);
static const struct typed old_helms = LIST_OF("[]types.HelmChartArgs", &old_helm);

static const struct typed_field metadata_fields[] = {
	TYPED_FIELD("name", S_),
	TYPED_FIELD("namespace", S_),
	TYPED_FIELD("labels", &typed_string_map),
	TYPED_FIELD("annotations", &typed_string_map),
};
static const struct typed metadata = TYPED_STRUCT_OF("types", "ObjectMeta", metadata_fields);

static const struct typed_field kustomization_fields[] = {
	TYPED_EMBEDDED("TypeMeta", "kind", S_),
	TYPED_EMBEDDED("TypeMeta", "apiVersion", S_),
	TYPED_FIELD("metadata", &metadata),
	TYPED_FIELD("openapi", &typed_string_map),
	TYPED_FIELD("namePrefix", S_),
	TYPED_FIELD("nameSuffix", S_),
	TYPED_FIELD("namespace", S_),
	TYPED_FIELD("commonLabels", &typed_string_map),
	TYPED_FIELD("labels", &labels),
	TYPED_FIELD("commonAnnotations", &typed_string_map),
	TYPED_FIELD("patchesStrategicMerge", &smp_patches),
	TYPED_FIELD("patchesJson6902", &patches),
	TYPED_FIELD("patches", &patches),
	TYPED_FIELD("images", &images),
	TYPED_FIELD("imageTags", &images),
	TYPED_FIELD("replacements", &replacements),
	TYPED_FIELD("replicas", &replicas),
	TYPED_FIELD("vars", &vars),
	TYPED_FIELD("sortOptions", &sort),
	TYPED_FIELD("resources", &typed_strings),
	TYPED_FIELD("components", &typed_strings),
	TYPED_FIELD("crds", &typed_strings),
	TYPED_FIELD("bases", &typed_strings),
	TYPED_FIELD("configMapGenerator", &configmaps),
	TYPED_FIELD("secretGenerator", &secrets),
	TYPED_FIELD("helmGlobals", &kfile_helm_globals_type),
	TYPED_FIELD("helmCharts", &helm_charts),
	TYPED_FIELD("helmChartInflationGenerator", &old_helms),
	TYPED_FIELD("generatorOptions", &kfile_generator_options_type),
	TYPED_FIELD("configurations", &typed_strings),
	TYPED_FIELD("generators", &typed_strings),
	TYPED_FIELD("transformers", &typed_strings),
	TYPED_FIELD("validators", &typed_strings),
	TYPED_FIELD("buildMetadata", &typed_strings),
};
const struct typed kfile_type = TYPED_STRUCT_OF("types", "Kustomization", kustomization_fields);
