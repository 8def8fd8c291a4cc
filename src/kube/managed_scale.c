/* Owners of a Scale's replicas are owners of those of the object behind it. */
#include "kube/managed_impl.h"

#define SCALE_VERSION S("autoscaling/v1")

static const struct managed_scale *row_of(const struct managed_scale *versions, size_t n, str api_version)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(versions[i].api_version, api_version))
			return &versions[i];
	return NULL;
}

static struct fieldset *replicas(struct arena *a, const struct managed_scale *row)
{
	struct fieldset *s = fieldset_new(a);

	fieldset_add_fields(a, s, row->path, row->path_n);
	return s;
}

static struct fieldset *replicas_of_scale(struct arena *a)
{
	struct fieldset *s = fieldset_new(a);

	fieldset_add_fields(a, s, (const str[]){ S("spec"), S("replicas") }, 2);
	return s;
}

static bool owns(struct arena *a, const struct managed_entry *e, const struct fieldset *path)
{
	return !fieldset_is_empty(fieldset_common(a, e->set, path));
}

static void decode(struct arena *a, node entries, struct managed_list *l)
{
	err *e = managed_decode(a, entries, l);

	if (e)
		*l = (struct managed_list){ 0 };
	err_free(e);
}

node managed_to_scale(struct arena *a, node entries, const struct managed_scale *versions, size_t n)
{
	struct managed_list l, out = { 0 };

	decode(a, entries, &l);
	for (size_t i = 0; i < l.entries.n; i++) {
		struct managed_entry e = l.entries.p[i];
		const struct managed_scale *row = row_of(versions, n, e.api_version);

		if (!row || !row->path || !owns(a, &e, replicas(a, row)))
			continue;
		/* Update entries keep the version in their identity, but not as
		 * the version that is written. */
		e.set = replicas_of_scale(a);
		e.api_version = SCALE_VERSION;
		avec_push(a, &out.entries, e);
	}
	return managed_encode(a, &out);
}

/* What becomes of an entry of the object: it loses the replicas unless it has
 * them in the Scale, too. False: it goes. */
static bool keep_entry(struct arena *a, struct managed_entry *e, struct managed_list *scale,
		       const struct managed_scale *row)
{
	struct fieldset *path = row->path ? replicas(a, row) : NULL;

	if (!path || !owns(a, e, path))
		return true;
	if (managed_find(scale, e)) {
		managed_drop(scale, e);
		return true;
	}
	e->set = fieldset_minus(a, e->set, path);
	return !fieldset_is_empty(e->set);
}

node managed_from_scale(struct arena *a, node entries, node scale_entries, str api_version,
			const struct managed_scale *versions, size_t n)
{
	const struct managed_scale *target = row_of(versions, n, api_version);
	struct managed_list object, scale, out = { 0 };

	decode(a, entries, &object);
	decode(a, scale_entries, &scale);
	for (size_t i = 0; i < object.entries.n; i++) {
		struct managed_entry e = object.entries.p[i];
		const struct managed_scale *row = row_of(versions, n, e.api_version);

		if (row && keep_entry(a, &e, &scale, row))
			avec_push(a, &out.entries, e);
	}
	for (size_t i = 0; i < scale.entries.n && target && target->path; i++) {
		struct managed_entry e = scale.entries.p[i];

		if (!owns(a, &e, replicas_of_scale(a)))
			continue;
		e.set = replicas(a, target);
		e.api_version = api_version;
		e.time = STR_NONE;
		avec_push(a, &out.entries, e);
	}
	return managed_encode(a, &out);
}
