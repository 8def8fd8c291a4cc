/* What a definition may say. */
#include "server/crd_impl.h"

#include "base/utf8.h"
#include "schema/gostruct.h"
#include "schema/structural.h"
#include "server/custom.h"
#include "text/names.h"
#include "text/unicode.h"
#include "value/json.h"

enum { DEPRECATION_MAX = 256, SELECTABLE_MAX = 8 };

static const str shared_words[CRD_SHARED_N] = {
	[CRD_SHARED_SCHEMA] = S("schema"),
	[CRD_SHARED_SUBRESOURCES] = S("subresources"),
	[CRD_SHARED_COLUMNS] = S("additionalPrinterColumns"),
	[CRD_SHARED_SELECTABLE] = S("selectableFields"),
};

/* Nothing, null and an empty list are the same. */
static node plain(node n)
{
	return n.kind == NODE_NULL || (n.kind == NODE_SEQ && !node_len(n)) ? NODE_NOTHING : n;
}

static void find_shared(struct crd_checker *c)
{
	for (size_t i = 0; i < CRD_SHARED_N; i++) {
		node first = plain(node_get(node_at(c->versions, 0), shared_words[i]));

		c->shared[i] = node_len(c->versions) > 0;
		node_each_item(v, c->versions)
			if (!node_equal(plain(node_get(*v, shared_words[i])), first))
				c->shared[i] = false;
	}
}

static node shared_part(const struct crd_checker *c, enum crd_shared what)
{
	return c->shared[what] ? plain(node_get(node_at(c->versions, 0), shared_words[what]))
			       : NODE_NOTHING;
}

static node own_part(const struct crd_checker *c, node version, enum crd_shared what)
{
	return c->shared[what] ? NODE_NOTHING : plain(node_get(version, shared_words[what]));
}

/* All complaints about a name in one entry. */
static void check_name(const struct crd_checker *c, str path, str name, enum name_rule rule)
{
	str list[NAME_COMPLAINTS_MAX];
	size_t n = name_complaints(name, rule, list);
	str all = arena_join(c->arena, list, n, S(","));

	if (n)
		fielderr_invalid(c->errors, path, node_from_str(c->arena, name), "%.*s",
				 STR_ARG(all));
}

void crd_check_enum(const struct crd_checker *c, str path, str value, const str *known, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(value, known[i]))
			return;
	if (!value.n)
		fielderr_required(c->errors, path, "%s", "");
	else
		fielderr_not_supported(c->errors, path, node_from_str(c->arena, value), known, n);
}

/* ---- names ------------------------------------------------------------- */

static void check_kind_name(const struct crd_checker *c, str path, str name)
{
	str list[NAME_COMPLAINTS_MAX];

	if (!name.n)
		return;
	size_t n = name_complaints(arena_lower(c->arena, name), NAME_DNS1035_LABEL, list);
	str all = arena_join(c->arena, list, n, S(","));

	if (n)
		fielderr_invalid(c->errors, path, node_from_str(c->arena, name),
				 "may have mixed case, but should otherwise match: %.*s", STR_ARG(all));
}

static void check_name_list(const struct crd_checker *c, str path, node list)
{
	size_t i = 0;

	node_each_item(s, list)
		check_name(c, CRD_PATH(c, path, "[%zu]", i++), node_str(*s), NAME_DNS1035_LABEL);
}

static void check_names(const struct crd_checker *c, node names, str path)
{
	static const char *const words[] = { "plural", "singular" };
	str kind = crd_text(names, S("kind")), list_kind = crd_text(names, S("listKind"));

	for (size_t i = 0; i < 2; i++) {
		str name = crd_text(names, str_c(words[i]));

		if (name.n)
			check_name(c, CRD_PATH(c, path, ".%s", words[i]), name, NAME_DNS1035_LABEL);
	}
	check_kind_name(c, CRD_PATH(c, path, ".kind"), kind);
	check_kind_name(c, CRD_PATH(c, path, ".listKind"), list_kind);
	check_name_list(c, CRD_PATH(c, path, ".shortNames"), node_get(names, S("shortNames")));
	if (kind.n && str_eq(kind, list_kind))
		fielderr_invalid(c->errors, CRD_PATH(c, path, ".listKind"),
				 node_from_str(c->arena, list_kind),
				 "kind and listKind may not be the same");
	check_name_list(c, CRD_PATH(c, path, ".categories"), node_get(names, S("categories")));
}

static void check_group(const struct crd_checker *c)
{
	static const str scopes[] = { S("Cluster"), S("Namespaced") };
	str group = crd_text(c->spec, S("group"));

	if (!group.n)
		fielderr_required(c->errors, S("spec.group"), "%s", "");
	else if (!name_check(group, NAME_DNS_SUBDOMAIN, NULL))
		check_name(c, S("spec.group"), group, NAME_DNS_SUBDOMAIN);
	else if (str_find_char(group, '.') == STR_NPOS)
		fielderr_invalid(c->errors, S("spec.group"), node_from_str(c->arena, group),
				 "should be a domain with at least one dot");
	crd_check_enum(c, S("spec.scope"), crd_text(c->spec, S("scope")), scopes, 2);
}

static void check_needed_names(const struct crd_checker *c)
{
	static const char *const needed[] = { "plural", "singular", "kind", "listKind" };
	node names = node_get(c->spec, S("names"));

	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!crd_text(names, str_c(needed[i])).n)
			fielderr_required(c->errors, CRD_PATH(c, S("spec.names"), ".%s", needed[i]), "%s",
					  "");
	check_names(c, names, S("spec.names"));
}

/* ---- parts of a version ------------------------------------------------ */

static const node *version_named(const struct crd_checker *c, str name)
{
	node_each_item(v, c->versions)
		if (str_eq(crd_text(*v, S("name")), name))
			return v;
	return NULL;
}

/* The first version of the name tells. */
static bool has_status(const struct crd_checker *c, node version)
{
	const node *v = version_named(c, crd_text(version, S("name")));
	node sub = node_get(v ? *v : version, shared_words[CRD_SHARED_SUBRESOURCES]);

	return !node_is_nil(node_get(sub, S("status")));
}

static bool any_has_status(const struct crd_checker *c)
{
	node_each_item(v, c->versions)
		if (has_status(c, *v))
			return true;
	return false;
}

static void check_schema(const struct crd_checker *c, node schema, bool status, str path)
{
	struct structural_schema o = {
		.errors = c->errors, .path = CRD_PATH(c, path, ".openAPIV3Schema"), .status = status,
		.meta = &custom_meta,
	};
	node root = node_get(schema, S("openAPIV3Schema"));

	if (root.kind != NODE_MAP)
		return;
	err *e = structural_check_schema(&o, root);

	if (e)
		fielderr_invalid(c->errors, o.path, node_lit(""), "%s", err_msg(e));
	err_free(e);
}

/* "should be a json path under .spec" */
static void check_scale_path(const struct crd_checker *c, node value, const char *word, bool needed,
			     bool spec, bool status, str base)
{
	str path = CRD_PATH(c, base, ".scale.%s", word), text = node_str_or(value, STR_NONE);
	bool under = (spec && str_starts(text, S(".spec."))) ||
		     (status && str_starts(text, S(".status.")));

	if (!text.n && needed)
		fielderr_required(c->errors, path, "%s", "");
	else if (text.n && text.p[0] != '.')
		fielderr_invalid(c->errors, path, value, "must be a simple json path starting with .");
	else if (text.n && !under)
		fielderr_invalid(c->errors, path, value, "should be a json path under %s",
				 spec && status ? "either .spec or .status" : spec ? ".spec" : ".status");
}

static void check_subresources(const struct crd_checker *c, node sub, str path)
{
	node scale = node_get(sub, S("scale"));

	if (node_is_nil(scale))
		return;
	check_scale_path(c, node_get(scale, S("specReplicasPath")), "specReplicasPath", true, true,
			 false, path);
	check_scale_path(c, node_get(scale, S("statusReplicasPath")), "statusReplicasPath", true, false,
			 true, path);
	check_scale_path(c, node_get(scale, S("labelSelectorPath")), "labelSelectorPath", false, true,
			 true, path);
}

static bool is_one_of(str s, const char *words)
{
	str rest = str_c(words), word;

	while (str_cut(&rest, &word, ','))
		if (str_eq(word, s))
			return true;
	return false;
}

static void check_column(const struct crd_checker *c, node column, str path)
{
	static const char types[] = "boolean,date,integer,number,string";
	static const char formats[] = "byte,date,date-time,double,float,int32,int64,password";
	str type = crd_text(column, S("type")), format = crd_text(column, S("format"));
	str where = crd_text(column, S("jsonPath"));

	if (!crd_text(column, S("name")).n)
		fielderr_required(c->errors, CRD_PATH(c, path, ".name"), "%s", "");
	if (!type.n)
		fielderr_required(c->errors, CRD_PATH(c, path, ".type"), "must be one of %s", types);
	else if (!is_one_of(type, types))
		fielderr_invalid(c->errors, CRD_PATH(c, path, ".type"), node_from_str(c->arena, type),
				 "must be one of %s", types);
	if (format.n && !is_one_of(format, formats))
		fielderr_invalid(c->errors, CRD_PATH(c, path, ".format"), node_from_str(c->arena, format),
				 "must be one of %s", formats);
	if (!where.n)
		fielderr_required(c->errors, CRD_PATH(c, path, ".JSONPath"), "%s", "");
	else if (where.p[0] != '.')
		fielderr_invalid(c->errors, CRD_PATH(c, path, ".JSONPath"), node_from_str(c->arena, where),
				 "must be a simple json path starting with .");
}

static void check_columns(const struct crd_checker *c, node columns, str path)
{
	size_t i = 0;

	node_each_item(column, columns)
		check_column(c, *column, CRD_PATH(c, path, "[%zu]", i++));
}

static bool is_seen(const str *seen, size_t n, str s)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(seen[i], s))
			return true;
	return false;
}

static void check_selectable(const struct crd_checker *c, node fields, node schema, str path,
			     str schema_path)
{
	struct structural_fields known;
	str *seen = arena_array(c->arena, str, node_len(fields) + 1);
	size_t n = 0, i = 0;
	err *e = structural_fields_read(c->arena, node_get(schema, S("openAPIV3Schema")), &known);

	if (e)
		fielderr_invalid(c->errors, schema_path, node_lit(""), "%s", err_msg(e));
	err_free(e);
	node_each_item(f, fields) {
		str at = CRD_PATH(c, path, "[%zu].jsonPath", i++), text = crd_text(*f, S("jsonPath")), where;
		node value = node_from_str(c->arena, text);
		bool scalar;

		if (!text.n) {
			fielderr_required(c->errors, at, "%s", "");
			continue;
		}
		e = structural_fields_find(&known, text, &where, &scalar);
		if (e) {
			fielderr_invalid(c->errors, at, value, "is an invalid path: %s", err_msg(e));
			err_free(e);
			continue;
		}
		if (str_eq(where, S("metadata")) || str_starts(where, S("metadata.")))
			fielderr_invalid(c->errors, at, value, "must not point to fields in metadata");
		if (!scalar)
			fielderr_invalid(c->errors, at, value,
					 "must point to a field of type string, boolean or integer. Enum "
					 "string fields and strings with formats are allowed.");
		if (is_seen(seen, n, where))
			fielderr_duplicate(c->errors, at, value);
		else
			seen[n++] = where;
	}
	if (n > SELECTABLE_MAX)
		fielderr_too_many(c->errors, path, (int64_t)n, SELECTABLE_MAX);
}

/* The original has a pointer here, whose text is printed as in JSON. */
static void say_warning(const struct crd_checker *c, str path, node warning, const char *detail)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, S("Invalid value: "));
	err_free(json_write(&b, warning, NULL));
	buf_addf(&b, ": %s", detail);
	fielderr_add(c->errors, FIELDERR_INVALID, path, arena_str(c->arena, buf_str(&b)));
}

static void check_deprecation(const struct crd_checker *c, node version, str path)
{
	node warning = node_get(version, S("deprecationWarning"));
	str s = node_str(warning), rest = s;
	uint32_t rune;

	if (node_is_nil(warning))
		return;
	if (!node_bool(node_get(version, S("deprecated")))) {
		say_warning(c, path, warning, "can only be set for deprecated versions");
		return;
	}
	if (s.n > DEPRECATION_MAX)
		say_warning(c, path, warning, "must be <= 256 characters long");
	if (!s.n)
		say_warning(c, path, warning, "must not be an empty string");
	for (size_t at = 0; at = s.n - rest.n, utf8_take(&rest, &rune);)
		if (!unicode_is_print(rune)) {
			say_warning(c, path, warning,
				    CRD_PATH(c, S("must only contain printable UTF-8 characters; "
						  "non-printable character found at index "),
					     "%zu", at).p);
			break;
		}
}

static void check_version(const struct crd_checker *c, node version, size_t i)
{
	str path = CRD_PATH(c, S("spec.versions"), "[%zu]", i);
	node schema = own_part(c, version, CRD_SHARED_SCHEMA);
	node fields = own_part(c, version, CRD_SHARED_SELECTABLE);

	check_name(c, CRD_PATH(c, path, ".name"), crd_text(version, S("name")), NAME_DNS1035_LABEL);
	check_deprecation(c, version, CRD_PATH(c, path, ".deprecationWarning"));
	check_schema(c, schema, has_status(c, version), CRD_PATH(c, path, ".schema"));
	check_subresources(c, own_part(c, version, CRD_SHARED_SUBRESOURCES), CRD_PATH(c, path, ".subresources"));
	check_columns(c, own_part(c, version, CRD_SHARED_COLUMNS),
		      CRD_PATH(c, path, ".additionalPrinterColumns"));
	if (!node_len(fields))
		return;
	if (node_is_nil(node_get(schema, S("openAPIV3Schema"))))
		fielderr_invalid(c->errors, CRD_PATH(c, path, ".selectableFields"), node_lit(""),
				 "may only be set when `version.schema.openAPIV3Schema` is not included");
	else
		check_selectable(c, fields, schema, CRD_PATH(c, path, ".selectableFields"),
				 CRD_PATH(c, path, ".schema.openAPIV3Schema"));
}

/* ---- all versions ------------------------------------------------------ */

static const struct gostruct_field validation_fields[] = {
	{ "OpenAPIV3Schema", "openAPIV3Schema", GOSTRUCT_STRUCT_POINTER, &gostruct_schema },
};
static const struct gostruct validation = { validation_fields, 1 };
static const struct gostruct nothing = { NULL, 0 };
static const struct gostruct_field scale_fields[] = {
	{ "SpecReplicasPath", "specReplicasPath", GOSTRUCT_TEXT },
	{ "StatusReplicasPath", "statusReplicasPath", GOSTRUCT_TEXT },
	{ "LabelSelectorPath", "labelSelectorPath", GOSTRUCT_POINTER },
};
static const struct gostruct scale = { scale_fields, 3 };
static const struct gostruct_field subresource_fields[] = {
	{ "Status", "status", GOSTRUCT_STRUCT_POINTER, &nothing },
	{ "Scale", "scale", GOSTRUCT_STRUCT_POINTER, &scale },
};
static const struct gostruct subresources = { subresource_fields, 2 };
static const struct gostruct_field column_fields[] = {
	{ "Name", "name", GOSTRUCT_TEXT },	{ "Type", "type", GOSTRUCT_TEXT },
	{ "Format", "format", GOSTRUCT_TEXT },	{ "Description", "description", GOSTRUCT_TEXT },
	{ "Priority", "priority", GOSTRUCT_NUMBER },
	{ "JSONPath", "jsonPath", GOSTRUCT_TEXT },
};
static const struct gostruct column = { column_fields, 6 };
static const struct gostruct_field selectable_fields[] = {
	{ "JSONPath", "jsonPath", GOSTRUCT_TEXT },
};
static const struct gostruct selectable = { selectable_fields, 1 };
static const struct gostruct_field version_fields[] = {
	{ "Name", "name", GOSTRUCT_TEXT },
	{ "Served", "served", GOSTRUCT_BOOL },
	{ "Storage", "storage", GOSTRUCT_BOOL },
	{ "Deprecated", "deprecated", GOSTRUCT_BOOL },
	{ "DeprecationWarning", "deprecationWarning", GOSTRUCT_POINTER },
	{ "Schema", "schema", GOSTRUCT_STRUCT_POINTER, &validation },
	{ "Subresources", "subresources", GOSTRUCT_STRUCT_POINTER, &subresources },
	{ "AdditionalPrinterColumns", "additionalPrinterColumns", GOSTRUCT_LIST, &column },
	{ "SelectableFields", "selectableFields", GOSTRUCT_LIST, &selectable },
};
static const struct gostruct version_struct = { version_fields,
						sizeof version_fields / sizeof *version_fields };

/* An error that shows all versions in their inner form. */
static void say_versions(const struct crd_checker *c, const char *why)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node list = node_seq(c->arena, node_len(c->versions));

	node_each_item(v, c->versions) {
		node inner = node_map(c->arena, node_len(*v));

		node_each_pair(p, *v) {
			bool common = false;

			for (size_t i = 0; i < CRD_SHARED_N; i++)
				common |= c->shared[i] && str_eq(node_str(p->key), shared_words[i]);
			if (!common)
				node_put(c->arena, inner, p->key, p->value);
		}
		node_append(c->arena, list, inner);
	}
	buf_add(&b, S("Invalid value: "));
	gostruct_print_list(&b, node_len(list) ? list : NODE_NOTHING, &version_struct);
	buf_addf(&b, ": %s", why);
	fielderr_add(c->errors, FIELDERR_INVALID, S("spec.versions"), arena_str(c->arena, buf_str(&b)));
}

static void check_versions(const struct crd_checker *c)
{
	size_t i = 0, storages = 0;
	bool unique = true;

	if (node_is_nil(node_get(shared_part(c, CRD_SHARED_SCHEMA), S("openAPIV3Schema"))))
		node_each_item(v, c->versions) {
			node own = own_part(c, *v, CRD_SHARED_SCHEMA);

			if (node_is_nil(node_get(own, S("openAPIV3Schema"))))
				fielderr_required(c->errors,
						  CRD_PATH(c, S("spec.versions"),
						       "[%zu].schema.openAPIV3Schema", i), "%s", "");
			i++;
		}
	i = 0;
	node_each_item(v, c->versions) {
		for (size_t k = 0; k < i; k++)
			unique &= !str_eq(crd_text(node_at(c->versions, k), S("name")),
					  crd_text(*v, S("name")));
		storages += node_bool(node_get(*v, S("storage")));
		check_version(c, *v, i++);
	}
	if (!unique)
		say_versions(c, "must contain unique version names");
	if (storages != 1)
		say_versions(c, "must have exactly one version marked as storage version");
	str first = crd_text(node_at(c->versions, 0), S("name"));

	if (first.n)
		check_name(c, S("spec.version"), first, NAME_DNS1035_LABEL);
}

static void check_shared(const struct crd_checker *c)
{
	node schema = shared_part(c, CRD_SHARED_SCHEMA), fields = shared_part(c, CRD_SHARED_SELECTABLE);

	check_schema(c, schema, any_has_status(c), S("spec.validation"));
	check_subresources(c, shared_part(c, CRD_SHARED_SUBRESOURCES), S("spec.subresources"));
	check_columns(c, shared_part(c, CRD_SHARED_COLUMNS), S("spec.additionalPrinterColumns"));
	if (!node_len(fields))
		return;
	if (!schema.kind)
		fielderr_invalid(c->errors, S("spec.selectableFields"), node_lit(""),
				 "may only be set when validations.schema is included");
	else
		check_selectable(c, fields, schema, S("spec.selectableFields"),
				 S("spec.schema.openAPIV3Schema"));
}

/* ---- changes and status ------------------------------------------------ */

static void check_unchanged(const struct crd_checker *c, node now, node before, str path)
{
	if (!node_equal(now, before))
		fielderr_invalid(c->errors, path, now, "field is immutable");
}

static void check_changes(const struct crd_checker *c)
{
	node before = node_get(c->old, S("spec"));

	if (crd_is(c->old, S("Established"))) {
		check_unchanged(c, node_get(c->spec, S("scope")), node_get(before, S("scope")),
				S("spec.scope"));
		check_unchanged(c, node_dig(c->spec, "names", "kind"), node_dig(before, "names", "kind"),
				S("spec.names.kind"));
	}
	check_unchanged(c, node_get(c->spec, S("group")), node_get(before, S("group")),
			S("spec.group"));
	check_unchanged(c, node_dig(c->spec, "names", "plural"), node_dig(before, "names", "plural"),
			S("spec.names.plural"));
}

static void say_still_stored(const struct crd_checker *c, node version, size_t i)
{
	str v = node_str(version);

	fielderr_invalid(c->errors, CRD_PATH(c, S("status.storedVersions"), "[%zu]", i), version,
			 "missing from spec.versions; %.*s was previously a storage version, and must "
			 "remain in spec.versions until a storage migration ensures no data remains "
			 "persisted in %.*s and removes %.*s from status.storedVersions",
			 STR_ARG(v), STR_ARG(v), STR_ARG(v));
}

static bool is_stored(node stored, str name)
{
	node_each_item(s, stored)
		if (str_eq(node_str(*s), name))
			return true;
	return false;
}

static void check_stored(const struct crd_checker *c)
{
	node stored = node_dig(c->crd, "status", "storedVersions");
	size_t i = 0;

	if (!node_len(stored)) {
		fielderr_invalid(c->errors, S("status.storedVersions"), stored,
				 "must have at least one stored version");
		return;
	}
	node_each_item(v, c->versions) {
		str name = crd_text(*v, S("name"));

		/* Of versions with the same name only the first counts. */
		if (node_bool(node_get(*v, S("storage"))) &&
		    (!is_stored(stored, name) || version_named(c, name) != v))
			fielderr_invalid(c->errors, S("status.storedVersions"), stored,
					 "must have the storage version %.*s", STR_ARG(name));
	}
	node_each_item(s, stored) {
		if (!version_named(c, node_str(*s)))
			say_still_stored(c, *s, i);
		i++;
	}
}

static void check_approval(const struct crd_checker *c)
{
	str path = S("metadata.annotations[api-approved.kubernetes.io]"), why = STR_NONE, was;
	str group = crd_text(c->spec, S("group"));
	enum crd_approval state = crd_approval(c->arena, group, c->crd, &why);

	/* Who only changes something else need not care. */
	if (c->old.kind && crd_approval(c->arena, group, c->old, &was) == state)
		return;
	if (state == CRD_APPROVAL_MISSING)
		fielderr_required(c->errors, path, "%.*s", STR_ARG(why));
	else if (state == CRD_APPROVAL_INVALID)
		fielderr_invalid(c->errors, path,
				 node_get(node_dig(c->crd, "metadata", "annotations"), CRD_APPROVAL),
				 "%.*s", STR_ARG(why));
}

static bool is_schema_map(str word)
{
	return str_eq(word, S("properties")) || str_eq(word, S("patternProperties")) ||
	       str_eq(word, S("definitions")) || str_eq(word, S("dependencies"));
}

static bool has_defaults(node schema, size_t depth)
{
	if (schema.kind != NODE_MAP || depth > STRUCTURAL_DEPTH_MAX)
		return false;
	if (!node_is_nil(node_get(schema, S("default"))))
		return true;
	node_each_pair(p, schema) {
		node_each_item(item, p->value)
			if (!str_eq(node_str(p->key), S("enum")) && has_defaults(*item, depth + 1))
				return true;
		if (!is_schema_map(node_str(p->key)) && has_defaults(p->value, depth + 1))
			return true;
		if (is_schema_map(node_str(p->key)))
			node_each_pair(below, p->value)
				if (has_defaults(below->value, depth + 1))
					return true;
	}
	return false;
}

static void check_preserve(const struct crd_checker *c)
{
	static const str path = S("spec.preserveUnknownFields");

	if (!node_bool(node_get(c->spec, S("preserveUnknownFields"))))
		return;
	node_each_item(v, c->versions)
		if (has_defaults(node_dig(*v, "schema", "openAPIV3Schema"), 0)) {
			fielderr_invalid(c->errors, path, node_from_bool(true),
					 "must be false in order to use defaults in the schema");
			break;
		}
	if (!node_bool(node_dig(c->old, "spec", "preserveUnknownFields")))
		fielderr_invalid(c->errors, path, node_from_bool(true),
				 "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
				 "spec.versions[*].schema instead");
}

static struct crd_checker checker_of(const struct crd_check *in)
{
	return (struct crd_checker){
		.arena = in->arena, .errors = in->errors, .crd = in->crd, .old = in->old,
		.spec = node_get(in->crd, S("spec")),
		.versions = node_dig(in->crd, "spec", "versions"),
	};
}

void crd_validate_status(const struct crd_check *in)
{
	struct crd_checker c = checker_of(in);

	check_names(&c, node_dig(c.crd, "status", "acceptedNames"), S("status.acceptedNames"));
}

void crd_validate(const struct crd_check *in)
{
	struct crd_checker c = checker_of(in);

	find_shared(&c);
	check_group(&c);
	check_versions(&c);
	check_needed_names(&c);
	check_shared(&c);
	crd_check_conversion(&c);
	if (c.old.kind)
		check_changes(&c);
	check_names(&c, node_dig(c.crd, "status", "acceptedNames"), S("status.acceptedNames"));
	check_stored(&c);
	check_approval(&c);
	check_preserve(&c);
}
