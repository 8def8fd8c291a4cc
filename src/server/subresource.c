#include "server/subresource.h"

#include "server/parts.h"
#include "server/scale.h"

/* Rows of the other parts are gathered in parts.h. */
static const struct subresource own[] = {
	{ NULL, NULL, "scale", scale_run },
};

static bool is_row(const struct subresource *s, const struct kind *k, str name)
{
	if (s->plural &&
	    (!str_eq(k->plural, str_c(s->plural)) || !str_eq(k->gvk.group, str_c(s->group))))
		return false;
	return str_eq(name, str_c(s->name));
}

const struct subresource *subresource_find(const struct kind *k, str name)
{
	for (const struct subresource *const *t = parts_subresources; *t; t++)
		for (const struct subresource *s = *t; s->name; s++)
			if (is_row(s, k, name))
				return s;
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (is_row(&own[i], k, name))
			return &own[i];
	return NULL;
}

bool subresource_of_kind(const struct kind *k, str name, struct kind_subresource *out)
{
	const uint16_t read_write = KIND_GET | KIND_UPDATE | KIND_PATCH;

	if (k->has_status && str_eq(name, S("status"))) {
		*out = (struct kind_subresource){ S("status"), k->gvk, read_write };
		return true;
	}
	if (k->has_scale && str_eq(name, S("scale"))) {
		*out = (struct kind_subresource){ S("scale"),
						  { S("autoscaling"), S("v1"), S("Scale") },
						  read_write };
		return true;
	}
	for (size_t i = 0; i < k->subresources_n; i++)
		if (str_eq(k->subresources[i].name, name)) {
			*out = k->subresources[i];
			return true;
		}
	return false;
}
