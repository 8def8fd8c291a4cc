/* merge_schema_impl - the form of the types, shared with the generated table. */
#ifndef KUBE_MERGE_SCHEMA_IMPL_H
#define KUBE_MERGE_SCHEMA_IMPL_H

#include "base/map.h"
#include "base/str.h"
#include "kube/merge_schema.h"

struct merge_field {
	str name;
	const struct merge_type *type;
};

struct merge_type {
	str name;				/* built-in objects only */
	const struct merge_field *fields;	/* sorted by name */
	size_t fields_n;
	const struct merge_type *values;	/* of a map whose keys are free */
	const struct merge_type *items;		/* of a list */
	const str *keys;
	size_t keys_n;
	bool is_list;
	bool merge;				/* patch strategy "merge" */
};

struct merge_root {
	str api_version_kind;			/* "apps/v1/Deployment" */
	const struct merge_type *type;
};

struct merge_schema {
	const struct merge_type *types;		/* sorted by name, then the lists */
	size_t types_n;				/* of the named ones */
	const struct merge_root *roots;		/* sorted */
	size_t roots_n;
	const struct merge_schema *base;	/* asked when this one has no answer */
};

extern const struct merge_schema merge_schema_table;

#endif
