#include "api/kind_impl.h"

const struct api_kind *api_kinds(size_t *n)
{
	*n = api_kind_table_n;
	return api_kind_table;
}

const struct api_kind *api_kind_find(str group, str kind)
{
	for (size_t i = 0; i < api_kind_table_n; i++) {
		const struct api_kind *k = &api_kind_table[i];

		if (str_eq(k->kind, kind) && str_eq(k->group, group))
			return k;
	}
	return NULL;
}

const struct api_version *api_kind_newest(const struct api_kind *k)
{
	return &k->versions[k->versions_n - 1];
}

const struct api_version *api_kind_version(const struct api_kind *k, str name)
{
	for (size_t i = 0; i < k->versions_n; i++)
		if (str_eq(k->versions[i].name, name))
			return &k->versions[i];
	return NULL;
}

size_t kind_extent(const struct api_kind *k, size_t at)
{
	size_t end = at + 1;

	while (end < k->fields_n && k->fields[end].depth > k->fields[at].depth)
		end++;
	return end - at;
}
