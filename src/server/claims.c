#include "server/claims.h"

#include "base/buf.h"
#include "server/gostruct.h"
#include "server/meta.h"
#include "server/resources.h"

#define CLASS_ANNOTATION "volume.beta.kubernetes.io/storage-class"

void claims_check_class(struct fielderrs *e, const struct at *at, node name)
{
	if (node_str_or(name, STR_NONE).n)
		check_name(e, at, node_str(name), NAME_DNS_SUBDOMAIN);
}

void claims_check_access_modes(struct fielderrs *e, const struct at *at, node modes)
{
	bool once_pod = false, others = false;

	node_each_item(mode, modes) {
		bool known = ONE_OF(e, at, *mode, "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce",
				    "ReadWriteOncePod");
		bool pod = str_eq(node_str_or(*mode, STR_NONE), S("ReadWriteOncePod"));

		once_pod |= pod;
		others |= known && !pod;
	}
	if (once_pod && others)
		check_forbidden(e, at, "may not use ReadWriteOncePod with other access modes");
}

/* ---- where the data comes from -------------------------------------------- */

static void check_source(struct fielderrs *e, const struct at *at, node source, bool lenient)
{
	str group = TEXT_OF(source, "apiGroup");

	if (!TEXT_OF(source, "name").n)
		check_required(e, AT(at, "name"));
	if (!TEXT_OF(source, "kind").n)
		check_required(e, AT(at, "kind"));
	if (!group.n && !str_eq(TEXT_OF(source, "kind"), S("PersistentVolumeClaim")))
		check_invalid_text(e, at, TEXT_OF(source, "kind"),
				   "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
	if (group.n && !lenient)
		check_name(e, AT(at, "apiGroup"), group, NAME_DNS_SUBDOMAIN);
	if (TEXT_OF(source, "namespace").n)
		check_name(e, AT(at, "namespace"), TEXT_OF(source, "namespace"), NAME_DNS_LABEL);
}

static bool same_source(node x, node y)
{
	return str_eq(TEXT_OF(x, "name"), TEXT_OF(y, "name")) &&
	       str_eq(TEXT_OF(x, "kind"), TEXT_OF(y, "kind")) &&
	       str_eq(TEXT_OF(x, "apiGroup"), TEXT_OF(y, "apiGroup"));
}

static void check_sources(struct fielderrs *e, const struct at *at, node spec, node old)
{
	node source = GET(spec, "dataSource"), ref = GET(spec, "dataSourceRef");
	bool lenient = HAS(GET(old, "dataSource"), "apiGroup") ||
		       HAS(GET(old, "dataSourceRef"), "apiGroup");

	if (!node_is_nil(source))
		check_source(e, AT(at, "dataSource"), source, lenient);
	if (!node_is_nil(ref))
		check_source(e, AT(at, "dataSourceRef"), ref, lenient);
	if (node_is_nil(source) || node_is_nil(ref))
		return;
	/* The value that is shown is the original's path, which has nothing to show. */
	if (TEXT_OF(ref, "namespace").n)
		check_invalid(e, at, node_map(e->arena, 0),
			      "may not be specified when dataSourceRef.namespace is specified");
	else if (!same_source(source, ref))
		check_invalid(e, at, node_map(e->arena, 0), "must match dataSourceRef");
}

/* ---- the specification ------------------------------------------------------ */

static bool has_bad_selector(struct arena *a, node spec)
{
	struct fielderrs errors = { .arena = a };

	check_label_selector(&errors, NULL, GET(spec, "selector"), false);
	return errors.n;
}

void claims_check_spec(struct fielderrs *e, const struct at *at, node spec, node old)
{
	node storage = GET(GET(GET(spec, "resources"), "requests"), "storage");
	const struct at *resources = AT(at, "resources"), *storage_at = AT_K(resources, S("storage"));

	if (!node_len(GET(spec, "accessModes")))
		check_required_why(e, AT(at, "accessModes"), "at least 1 access mode is required");
	if (HAS(spec, "selector"))
		check_label_selector(e, AT(at, "selector"), GET(spec, "selector"), has_bad_selector(e->arena, old));
	claims_check_access_modes(e, AT(at, "accessModes"), GET(spec, "accessModes"));
	if (node_is_nil(storage))
		check_required(e, storage_at);
	else if (resources_check_positive(e, storage_at, storage))
		resources_check_value(e, storage_at, S("storage"), storage);
	claims_check_class(e, AT(at, "storageClassName"), GET(spec, "storageClassName"));
	if (HAS(spec, "volumeMode"))
		ONE_OF(e, AT(at, "volumeMode"), GET(spec, "volumeMode"), "Block", "Filesystem");
	check_sources(e, at, spec, old);
	claims_check_class(e, AT(at, "volumeAttributesClassName"), GET(spec, "volumeAttributesClassName"));
}

void claims_check(struct fielderrs *e, node claim, node old)
{
	claims_check_spec(e, AT(NULL, "spec"), GET(claim, "spec"), GET(old, "spec"));
}

/* ---- changes ---------------------------------------------------------------- */

static node annotation(node claim)
{
	return node_get(node_dig(claim, "metadata", "annotations"), S(CLASS_ANNOTATION));
}

/* The class may move from the annotation to the field, and be set once. */
static void forgive_class(struct fielderrs *e, node now, node claim, node old)
{
	node was = annotation(old), is = annotation(claim);
	node name = GET(GET(claim, "spec"), "storageClassName");
	bool unset = LACKS(GET(old, "spec"), "storageClassName");

	if (!node_is_nil(was) && unset && !node_is_nil(name) && node_equal(name, was) &&
	    (node_is_nil(is) || node_equal(is, was))) {
		node_remove(now, S("storageClassName"));
		return;
	}
	if (!str_eq(node_str_or(is, STR_NONE), node_str_or(was, STR_NONE)))
		check_invalid_text(e, AT(AT(AT(NULL, "metadata"), "annotations"), CLASS_ANNOTATION),
				   node_str_or(is, STR_NONE), "field is immutable");
	if (unset && !node_is_nil(name) && (node_is_nil(was) || node_equal(name, was)))
		node_remove(now, S("storageClassName"));
}

/* The specs of a claim and of what it was, as if all that may change had not. */
static void forgive(struct fielderrs *e, node claim, node old, node *now, node *was)
{
	struct arena *a = e->arena;
	bool bound = str_eq(TEXT_OF(GET(claim, "status"), "phase"), S("Bound"));

	*now = node_copy(a, GET(claim, "spec"));
	*was = node_copy(a, GET(old, "spec"));
	if (!TEXT_OF(*was, "volumeName").n)
		node_copy_field(a, *was, *now, S("volumeName"));
	forgive_class(e, *now, claim, old);
	node requests = GET(GET(*now, "resources"), "requests");

	if (!bound)
		return;
	node_copy_field(a, *now, *was, S("volumeAttributesClassName"));
	if (!node_is_nil(requests))
		node_set(a, requests, S("storage"),
			 GET(GET(GET(*was, "resources"), "requests"), "storage"));
}

static void check_size(struct fielderrs *e, node claim, node old)
{
	node is = GET(GET(GET(GET(claim, "spec"), "resources"), "requests"), "storage");
	node was = GET(GET(GET(GET(old, "spec"), "resources"), "requests"), "storage");
	struct quantity q = resources_quantity(e, is), before = resources_quantity(e, was);
	struct quantity real =
		resources_quantity(e, GET(GET(GET(old, "status"), "capacity"), "storage"));

	if (quantity_cmp(&q, &before) < 0 && quantity_cmp(&q, &real) <= 0)
		check_forbidden(e, AT(AT(AT(AT(NULL, "spec"), "resources"), "requests"), "storage"),
				"field can not be less than status.capacity");
}

static void check_attributes_class(struct fielderrs *e, node claim, node old)
{
	node is = GET(GET(claim, "spec"), "volumeAttributesClassName");
	node was = GET(GET(old, "spec"), "volumeAttributesClassName");
	const struct at *at = AT(AT(NULL, "spec"), "volumeAttributesClassName");

	if (check_same(is, was) || LACKS(GET(old, "status"), "currentVolumeAttributesClassName"))
		return;
	if (node_is_nil(is))
		check_forbidden(e, at, "update to nil is forbidden when "
				       "status.currentVolumeAttributesClassName is not nil");
	else if (!node_str(is).n)
		check_forbidden(e, at, "update to empty string is forbidden when "
				       "status.currentVolumeAttributesClassName is not nil");
}

void claims_check_update(struct fielderrs *e, node claim, node old)
{
	node now, was;

	claims_check(e, claim, old);
	forgive(e, claim, old, &now, &was);
	if (!check_same(now, was))
		check_forbidden(
			e, AT(NULL, "spec"),
			"spec is immutable after creation except resources.requests and "
			"volumeAttributesClassName for bound claims\n%.*s",
			STR_ARG(gostruct_diff(e->arena, "core.PersistentVolumeClaimSpec", was, now)));
	check_size(e, claim, old);
	check_immutable(e, AT(NULL, "volumeMode"), GET(GET(claim, "spec"), "volumeMode"),
			GET(GET(old, "spec"), "volumeMode"), GET(GET(claim, "spec"), "volumeMode"));
	check_attributes_class(e, claim, old);
}

/* ---- the status --------------------------------------------------------------- */

/* Of resources without a domain, only storage is one of claims. */
static bool check_resource(struct fielderrs *e, const struct at *at, str name)
{
	size_t before = e->n;

	check_name(e, at, name, NAME_QUALIFIED);
	return e->n == before && (!resources_is_native(name) || ONE_OF(e, at, check_text(e, name), "storage"));
}

void claims_check_status(struct fielderrs *e, node claim, node old)
{
	node status = GET(claim, "status");
	const struct at *at = AT(NULL, "status"), *allocated = AT(at, "allocatedResources");

	(void)old;
	if (!node_len(GET(GET(claim, "spec"), "accessModes")))
		check_required(e, AT(AT(NULL, "Spec"), "accessModes"));
	node_each_pair(p, GET(status, "capacity"))
		resources_check_basic(e, AT_K(AT(at, "capacity"), node_str(p->key)), p->value);
	node_each_pair(p, GET(status, "allocatedResourceStatuses")) {
		const struct at *here = AT(at, "allocatedResourceStatuses");

		check_resource(e, here, node_str(p->key));
		if (!IS_ONE_OF(node_str_or(p->value, STR_NONE), "ControllerResizeInProgress",
			       "ControllerResizeInfeasible", "NodeResizePending", "NodeResizeInProgress",
			       "NodeResizeInfeasible"))
			ONE_OF(e, here, p->key, "ControllerResizeInProgress", "ControllerResizeInfeasible",
			       "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending");
	}
	node_each_pair(p, GET(status, "allocatedResources")) {
		const struct at *here = AT_K(allocated, node_str(p->key));
		size_t before = e->n;

		if (!check_resource(e, allocated, node_str(p->key)))
			continue;
		resources_check_basic(e, here, p->value);
		if (e->n == before)
			resources_check_value(e, here, S("storage"), p->value);
	}
}

/* ---- classes ---------------------------------------------------------------- */

/* The newest of those that are marked, and of two as old the first by name. */
node claims_default_class(node classes)
{
	node best = NODE_NOTHING;

	node_each_item(class, classes) {
		node marks = node_dig(*class, "metadata", "annotations");
		str made = meta_get(*class, S("creationTimestamp"));

		if (!str_eq(TEXT_OF(marks, "storageclass.kubernetes.io/is-default-class"), S("true")) &&
		    !str_eq(TEXT_OF(marks, "storageclass.beta.kubernetes.io/is-default-class"), S("true")))
			continue;
		int order = str_cmp(made, meta_get(best, S("creationTimestamp")));

		if (node_is_nil(best) || order > 0 ||
		    (!order && str_cmp(meta_get(*class, S("name")), meta_get(best, S("name"))) < 0))
			best = *class;
	}
	return best;
}
