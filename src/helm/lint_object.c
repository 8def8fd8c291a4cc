/* The rules for one object that a template made. */
#include "helm/lint_impl.h"
#include "helm/yamlfit.h"
#include "kube/lifecycle.h"
#include "schema/fielderr.h"
#include "text/names.h"
#include "text/quote.h"

static const struct typed_field metadata_fields[] = {
	TYPED_FIELD("Namespace", &typed_string),
	TYPED_FIELD("Name", &typed_string),
};
static const struct typed metadata_type =
	TYPED_STRUCT_OF("rules", "k8sYamlMetadata", metadata_fields);
static const struct typed_field head_fields[] = {
	TYPED_FIELD("apiVersion", &typed_string),
	TYPED_FIELD("Kind", &typed_string),
	TYPED_FIELD("Metadata", &metadata_type),
};
const struct typed lint_head_type = TYPED_STRUCT_OF("rules", "k8sYamlStruct", head_fields);

/* ---- names ------------------------------------------------------------- */

/* Kinds whose names are no subdomains. */
static const struct {
	str kind;
	bool any;
	enum name_rule rule;
} name_rules[] = {
	{ S("service"), false, NAME_DNS1035_LABEL },
	{ S("namespace"), false, NAME_DNS_LABEL },
	{ S("certificatesigningrequest"), true, NAME_DNS_SUBDOMAIN },
	{ S("role"), false, NAME_PATH_SEGMENT },
	{ S("clusterrole"), false, NAME_PATH_SEGMENT },
	{ S("rolebinding"), false, NAME_PATH_SEGMENT },
	{ S("clusterrolebinding"), false, NAME_PATH_SEGMENT },
};

static err *check_name(struct arena *a, str kind, str name)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct fielderrs errors = { .arena = a };
	enum name_rule rule = NAME_DNS_SUBDOMAIN;
	str complaints[NAME_COMPLAINTS_MAX];

	for (size_t i = 0; i < sizeof name_rules / sizeof *name_rules; i++)
		if (str_eq_nocase(kind, name_rules[i].kind)) {
			if (name_rules[i].any)
				return NULL;
			rule = name_rules[i].rule;
		}
	size_t n = name_complaints(name, rule, complaints);

	if (!n)
		return NULL;
	for (size_t i = 0; i < n; i++)
		fielderr_invalid(&errors, S("metadata.name"), node_from_str(a, name), "%.*s",
				 STR_ARG(complaints[i]));
	quote_add(&b, name, QUOTE_PRINT);
	buf_add(&b, S(": "));
	fielderr_print(&b, &errors);
	return err_new(ERR_INVALID,
		       "object name does not conform to Kubernetes naming requirements: %s", buf_c(&b));
}

/* ---- the other rules --------------------------------------------------- */

static err *check_lifecycle(str api_version, str kind, const struct objects_kube_version *kube)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const struct lifecycle *l = lifecycle_find(api_version, kind);
	struct lifecycle_release now = { 0 };

	str_to_u64(kube->major, &now.major);
	str_to_u64(kube->minor, &now.minor);
	if (!l || !lifecycle_is_deprecated(l, now))
		return NULL;
	lifecycle_warn(&b, l);
	return err_new(ERR_INVALID, "%s", buf_c(&b));
}

static err *check_selector(str kind, str name, str manifest)
{
	static const str kinds[] = { S("Deployment"), S("ReplicaSet"), S("DaemonSet"),
				     S("StatefulSet") };
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	bool selects = false;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		selects |= str_eq(kind, kinds[i]);
	if (!selects || str_has(manifest, S("matchLabels")) ||
	    str_has(manifest, S("matchExpressions")))
		return NULL;
	quote_add(&b, name, QUOTE_PRINT);
	return err_new(ERR_INVALID,
		       "a %.*s must contain matchLabels or matchExpressions, and %s does not",
		       STR_ARG(kind), buf_c(&b));
}

/* Hooks and policies of what is inside a List are not looked at. */
static err *check_list(struct arena *a, str kind, str manifest)
{
#define METADATA_GO "Metadata struct { Annotations map[string]string }"
	static const struct typed_field item_metadata_fields[] = {
		TYPED_FIELD("Annotations", &typed_string_map),
	};
	static const struct typed item_metadata = {
		.kind = TYPED_STRUCT, .go = "struct { Annotations map[string]string }", .name = "",
		.fields = item_metadata_fields, .fields_n = 1,
	};
	static const struct typed_field item_fields[] = { TYPED_FIELD("Metadata", &item_metadata) };
	static const struct typed item = {
		.kind = TYPED_STRUCT, .go = "struct { " METADATA_GO " }", .name = "",
		.fields = item_fields, .fields_n = 1,
	};
	static const struct typed items = { .kind = TYPED_LIST, .go = "[]struct { " METADATA_GO " }",
					    .of = &item };
	static const struct typed_field list_fields[] = { TYPED_FIELD("Items", &items) };
	static const struct typed list = {
		.kind = TYPED_STRUCT, .go = "struct { Items []struct { " METADATA_GO " } }",
		.name = "", .fields = list_fields, .fields_n = 1,
	};
	node fitted;

	if (!str_eq(kind, S("List")))
		return NULL;
	err *e = yamlfit_read(a, manifest, &list, NULL, &fitted);

	if (e)
		return err_wrap(e, "unable to parse YAML");
	node_each_item(i, node_get(fitted, S("Items")))
		if (node_has(node_dig(*i, "Metadata", "Annotations"), S("helm.sh/resource-policy")))
			return err_new(ERR_INVALID, "annotation 'helm.sh/resource-policy' within List "
						    "objects are ignored");
	return NULL;
#undef METADATA_GO
}

void lint_object(struct linter *l, str path, node head, str manifest,
		 const struct objects_kube_version *kube)
{
	str api_version = node_str(node_get(head, S("apiVersion")));
	str kind = node_str(node_get(head, S("Kind")));
	str name = node_str(node_dig(head, "Metadata", "Name"));

	lint_rule(l, LINT_WARNING, path, check_name(l->a, kind, name));
	lint_rule(l, LINT_WARNING, path, check_lifecycle(api_version, kind, kube));
	lint_rule(l, LINT_ERROR, path, check_selector(kind, name, manifest));
	lint_rule(l, LINT_ERROR, path, check_list(l->a, kind, manifest));
}
