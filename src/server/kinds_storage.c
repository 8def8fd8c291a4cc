#include "server/claims.h"
#include "server/gostruct.h"
#include "server/kinds_impl.h"
#include "server/limits.h"
#include "server/meta.h"
#include "server/resources.h"
#include "server/scheduling.h"
#include "server/volumes.h"

#define MOUNT_OPTIONS "volume.beta.kubernetes.io/mount-options"
#define CLASS_ANNOTATION "volume.beta.kubernetes.io/storage-class"

/* ---- admission ------------------------------------------------------------- */

static void protect(struct kind_call *c, str finalizer)
{
	node meta = meta_of(c->arena, c->object), list = GET(meta, "finalizers");

	if (!kinds_is_create(c) || meta_has_finalizer(c->object, finalizer))
		return;
	if (!node_is(list, NODE_SEQ)) {
		list = node_seq(c->arena, 1);
		node_set(c->arena, meta, S("finalizers"), list);
	}
	node_append(c->arena, list, node_from_str(c->arena, finalizer));
}

static void protect_volume(struct kind_call *c)
{
	protect(c, S("kubernetes.io/pv-protection"));
}

static void protect_attributes_class(struct kind_call *c)
{
	protect(c, S("kubernetes.io/vac-protection"));
}

static bool has_class(node claim)
{
	return HAS(GET(claim, "spec"), "storageClassName") ||
	       node_has(node_dig(claim, "metadata", "annotations"), S(CLASS_ANNOTATION));
}

static void claim_admit(struct kind_call *c)
{
	node spec = GET(c->object, "spec");

	if (!kinds_is_create(c) || c->subresource.n)
		return;
	protect(c, S("kubernetes.io/pvc-protection"));
	if (has_class(c->object) || !node_is(spec, NODE_MAP))
		return;
	node class = claims_default_class(c->look_all(c, S("storage.k8s.io"), S("storageclasses"), STR_NONE));

	if (!node_is_nil(class))
		node_set(c->arena, spec, S("storageClassName"),
			 node_from_str(c->arena, meta_get(class, S("name"))));
}

static str class_of(node claim)
{
	str marked = TEXT_OF(node_dig(claim, "metadata", "annotations"), CLASS_ANNOTATION);

	return marked.n ? marked : TEXT_OF(GET(claim, "spec"), "storageClassName");
}

/* Claims grow when they are bound and their class lets them. */
static void claim_check(struct kind_call *c)
{
	node now = node_dig(c->object, "spec", "resources", "requests", "storage");
	node was = node_dig(c->old, "spec", "resources", "requests", "storage");
	struct quantity size = resources_quantity(c->errors, now);
	struct quantity before = resources_quantity(c->errors, was);
	str name = class_of(c->object);

	if (c->subresource.n)
		return;
	limits_check_claim(c);
	if (c->refusal || kinds_is_create(c) || quantity_cmp(&size, &before) <= 0)
		return;
	if (!str_eq(TEXT_OF(GET(c->old, "status"), "phase"), S("Bound"))) {
		kinds_forbid(c, "Only bound persistent volume claims can be expanded");
		return;
	}
	node class = name.n && str_eq(name, class_of(c->old))
			     ? c->look(c, S("storage.k8s.io"), S("storageclasses"), STR_NONE, name)
			     : NODE_NOTHING;

	if (!BOOL_OF(class, "allowVolumeExpansion"))
		kinds_forbid(c, "only dynamically provisioned pvc can be resized and the storageclass that "
				"provisions the pvc must support resize");
}

/* ---- PersistentVolumeClaim ------------------------------------------------ */

static bool is_classic_source(node source)
{
	str kind = TEXT_OF(source, "kind"), group = TEXT_OF(source, "apiGroup");

	return (str_eq(kind, S("PersistentVolumeClaim")) && !group.n) ||
	       (str_eq(kind, S("VolumeSnapshot")) && str_eq(group, S("snapshot.storage.k8s.io")));
}

static node source_copy(struct arena *a, node from)
{
	static const str fields[] = { S("apiGroup"), S("kind"), S("name") };
	node to = node_map(a, 3);

	for (size_t i = 0; i < 3; i++)
		if (node_has(from, fields[i]))
			node_set(a, to, fields[i], node_get(from, fields[i]));
	return to;
}

/* `dataSource` and `dataSourceRef` say the same; the older one is for claims
 * and snapshots only. Sources in other namespaces are not served. */
static void settle_sources(struct arena *a, node spec, node old)
{
	if (TEXT_OF(GET(spec, "dataSourceRef"), "namespace").n && LACKS(old, "dataSourceRef"))
		node_remove(spec, S("dataSourceRef"));
	if (LACKS(old, "dataSource") && LACKS(old, "dataSourceRef") && LACKS(spec, "dataSourceRef") &&
	    !is_classic_source(GET(spec, "dataSource")))
		node_remove(spec, S("dataSource"));
	node source = GET(spec, "dataSource"), ref = GET(spec, "dataSourceRef");

	if (!node_is_nil(source) && node_is_nil(ref))
		node_set(a, spec, S("dataSourceRef"), source_copy(a, source));
	else if (!node_is_nil(ref) && node_is_nil(source) && !TEXT_OF(ref, "namespace").n)
		node_set(a, spec, S("dataSource"), source_copy(a, ref));
}

static void claim_prepare(struct kind_call *c)
{
	if (!kinds_is_status(c))
		settle_sources(c->arena, GET(c->object, "spec"), GET(c->old, "spec"));
}

void kinds_warn_claim(struct kind_call *c, const struct at *at, node spec)
{
	static const str lists[] = { S("requests"), S("limits") };

	for (size_t i = 0; i < 2; i++) {
		node storage = GET(node_get(GET(spec, "resources"), lists[i]), "storage");
		struct quantity q = resources_quantity(c->errors, storage);

		if (quantity_milli(&q) % 1000)
			kinds_warn(c, AT_K(AT_NAMED(AT(at, "resources"), lists[i]), S("storage")),
				   "fractional byte value \"%.*s\" is invalid, must be an integer",
				   STR_ARG(node_str(storage)));
	}
}

static void claim_warn(struct kind_call *c)
{
	if (kinds_is_status(c))
		return;
	if (node_has(node_dig(c->object, "metadata", "annotations"), S(CLASS_ANNOTATION)))
		kinds_warn(c, AT_K(AT(AT(NULL, "metadata"), "annotations"), S(CLASS_ANNOTATION)),
			   "deprecated since v1.8; use \"storageClassName\" attribute instead");
	kinds_warn_claim(c, AT(NULL, "spec"), GET(c->object, "spec"));
}

static void claim_validate(struct kind_call *c)
{
	if (kinds_is_status(c)) {
		claims_check_status(c->errors, c->object, c->old);
		return;
	}
	if (kinds_is_create(c))
		claims_check(c->errors, c->object, NODE_NOTHING);
	else
		claims_check_update(c->errors, c->object, c->old);
}

KINDS_HOOKS(claim, .admit = claim_admit, .prepare = claim_prepare, .validate = claim_validate, 
	    .warn = claim_warn, .check = claim_check);

/* ---- PersistentVolume ------------------------------------------------------ */

static void volume_prepare(struct kind_call *c)
{
	struct arena *a = c->arena;
	node status = GET(c->object, "status"), was = GET(c->old, "status");
	node now = node_from_str(a, meta_now(a));

	if (kinds_is_create(c)) {
		status = node_map(a, 2);
		node_set(a, status, S("lastPhaseTransitionTime"), now);
		node_set(a, status, S("phase"), node_lit("Pending"));
		node_set(a, c->object, S("status"), status);
		return;
	}
	if (!kinds_is_status(c))
		return;
	node time = GET(status, "lastPhaseTransitionTime"), before = GET(was, "lastPhaseTransitionTime");
	bool moved = !str_eq(TEXT_OF(status, "phase"), TEXT_OF(was, "phase"));

	if (!node_is(status, NODE_MAP))
		return;
	if (!moved && node_is_nil(time) && !node_is_nil(before))
		node_set(a, status, S("lastPhaseTransitionTime"), before);
	else if (moved && (node_is_nil(time) || check_same(time, before)))
		node_set(a, status, S("lastPhaseTransitionTime"), now);
}

static void check_capacity(struct fielderrs *e, const struct at *at, node capacity)
{
	static const str supported[] = { S("storage") };

	if (!node_len(capacity))
		check_required(e, at);
	if (!node_has(capacity, S("storage")) || node_len(capacity) > 1)
		check_not_supported(e, at, node_is_nil(capacity) ? node_null() : capacity, supported, 1);
	node_each_pair(p, capacity) {
		resources_check_basic(e, AT_K(at, node_str(p->key)), p->value);
		resources_check_positive(e, AT_K(at, node_str(p->key)), p->value);
	}
}

#define INLINE "may not be specified in the context of inline volumes"

static void check_inline(struct fielderrs *e, const struct at *at, node spec)
{
	if (HAS(spec, "claimRef"))
		check_forbidden(e, AT(at, "claimRef"), INLINE);
	if (node_len(GET(spec, "capacity")))
		check_forbidden(e, AT(at, "capacity"), INLINE);
	if (LACKS(spec, "csi"))
		check_required_why(e, AT(at, "csi"), "has to be specified in the context of inline volumes");
}

static void check_reclaim(struct fielderrs *e, const struct at *at, node spec, bool is_inline)
{
	node policy = GET(spec, "persistentVolumeReclaimPolicy");

	if (!node_str_or(policy, STR_NONE).n)
		return;
	if (!is_inline)
		ONE_OF(e, AT(at, "persistentVolumeReclaimPolicy"), policy, "Delete", "Recycle", "Retain");
	else if (!str_eq(node_str(policy), S("Retain")))
		check_forbidden(e, AT(at, "persistentVolumeReclaimPolicy"),
				"may only be Retain in the context of inline volumes");
}

static void check_affinity(struct fielderrs *e, const struct at *at, node affinity, node old,
			   bool is_inline)
{
	node required = GET(affinity, "required");

	if (node_is_nil(affinity))
		return;
	if (is_inline)
		check_forbidden(e, at, INLINE);
	else if (node_is_nil(required))
		check_required_why(e, AT(at, "required"), "must specify required node constraints");
	else
		scheduling_check_node_selector(
			e, AT(at, "required"), required,
			scheduling_has_bad_value(GET(GET(old, "required"), "nodeSelectorTerms")));
}

/* A path that is nothing but the root. */
static bool is_root(str path)
{
	str step;
	bool rooted = str_starts(path, S("/"));

	while (str_cut(&path, &step, '/'))
		if (step.n && !str_eq(step, S(".")) && !str_eq(step, S("..")))
			return false;
	return rooted;
}

static void check_classes(struct fielderrs *e, const struct at *at, node spec, bool is_inline)
{
	node class = GET(spec, "storageClassName"), mode = GET(spec, "volumeMode");
	node attributes = GET(spec, "volumeAttributesClassName");

	if (is_inline && node_str_or(class, STR_NONE).n)
		check_forbidden(e, AT(at, "storageClassName"), INLINE);
	else
		claims_check_class(e, AT(at, "storageClassName"), class);
	if (!node_is_nil(mode) && !is_inline)
		ONE_OF(e, AT(at, "volumeMode"), mode, "Block", "Filesystem");
	else if (!node_is_nil(mode) && !str_eq(node_str_or(mode, STR_NONE), S("Filesystem")))
		check_forbidden(e, AT(at, "volumeMode"), "may not specify volumeMode other than "
							 "Filesystem in the context of inline volumes");
	if (node_is_nil(attributes) || is_inline)
		return;
	if (!node_str_or(attributes, STR_NONE).n)
		check_required_why(e, AT(at, "volumeAttributesClassName"), "an empty string is disallowed");
	else
		claims_check_class(e, AT(at, "volumeAttributesClassName"), attributes);
	if (LACKS(spec, "csi"))
		check_required_why(e, AT(at, "csi"),
				   "has to be specified when using volumeAttributesClassName");
}

/* The spec of a PersistentVolume, or the volume inside of a VolumeAttachment. */
static void check_volume(struct fielderrs *e, const struct at *at, node spec, node old, str name,
			 bool is_inline)
{
	if (is_inline)
		check_inline(e, at, spec);
	if (!node_len(GET(spec, "accessModes")))
		check_required(e, AT(at, "accessModes"));
	claims_check_access_modes(e, AT(at, "accessModes"), GET(spec, "accessModes"));
	if (!is_inline)
		check_capacity(e, AT(at, "capacity"), GET(spec, "capacity"));
	check_reclaim(e, at, spec, is_inline);
	check_affinity(e, AT(at, "nodeAffinity"), GET(spec, "nodeAffinity"), GET(old, "nodeAffinity"),
		       is_inline);
	volumes_check_persistent(e, at, spec, name, HAS(spec, "nodeAffinity") && !is_inline);
	if (str_eq(TEXT_OF(spec, "persistentVolumeReclaimPolicy"), S("Recycle")) &&
	    is_root(TEXT_OF(GET(spec, "hostPath"), "path")))
		check_forbidden(e, AT(at, "persistentVolumeReclaimPolicy"),
				"may not be 'recycle' for a hostPath mount of '/'");
	check_classes(e, at, spec, is_inline);
}

static void check_whole_volume(struct kind_call *c)
{
	node spec = GET(c->object, "spec");

	check_volume(c->errors, AT(NULL, "spec"), spec, GET(c->old, "spec"),
		     meta_get(c->object, S("name")), false);
}

static void check_mount_options(struct kind_call *c)
{
	static const char *const with_options[] = {
		"gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "nfs", "rbd",
		"quobyte", "iscsi", "cinder", "cephfs", "azureFile", "vsphereVolume",
		"azureDisk", "photonPersistentDisk", NULL,
	};

	if (!check_count(GET(c->object, "spec"), with_options) &&
	    node_has(node_dig(c->object, "metadata", "annotations"), S(MOUNT_OPTIONS)))
		check_forbidden(c->errors, AT(AT(AT(NULL, "metadata"), "annotations"), MOUNT_OPTIONS),
				"may not specify mount options for this volume type");
}

/* Only the source of a PersistentVolumeSpec. */
static node volume_source(struct arena *a, node spec)
{
	static const str others[] = {
		S("accessModes"), S("capacity"), S("claimRef"), S("mountOptions"), S("nodeAffinity"),
		S("persistentVolumeReclaimPolicy"), S("storageClassName"),
		S("volumeAttributesClassName"), S("volumeMode"),
	};
	node source = node_copy(a, spec);

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		node_remove(source, others[i]);
	return source;
}

static void check_source_change(struct kind_call *c)
{
	node now = volume_source(c->arena, GET(c->object, "spec"));
	node was = volume_source(c->arena, GET(c->old, "spec"));

	if (HAS(was, "csi") && HAS(now, "csi") && LACKS(GET(was, "csi"), "controllerExpandSecretRef"))
		node_remove(GET(now, "csi"), S("controllerExpandSecretRef"));
	if (!check_same(now, was))
		check_forbidden(c->errors, AT(AT(NULL, "spec"), "persistentvolumesource"),
				"spec.persistentvolumesource is immutable after creation\n%.*s",
				STR_ARG(gostruct_diff(c->arena, "core.PersistentVolumeSource", was, now)));
}

/* Labels of nodes that are not beta any more may take the place of those that are. */
static bool is_promoted(str was, str is)
{
	static const struct {
		str was, is;
	} promoted[] = {
		{ S("failure-domain.beta.kubernetes.io/region"), S("topology.kubernetes.io/region") },
		{ S("failure-domain.beta.kubernetes.io/zone"), S("topology.kubernetes.io/zone") },
		{ S("beta.kubernetes.io/os"), S("kubernetes.io/os") },
		{ S("beta.kubernetes.io/arch"), S("kubernetes.io/arch") },
		{ S("beta.kubernetes.io/instance-type"), S("node.kubernetes.io/instance-type") },
	};

	for (size_t i = 0; i < sizeof promoted / sizeof *promoted; i++)
		if (str_eq(was, promoted[i].was) && str_eq(is, promoted[i].is))
			return true;
	return false;
}

/* `was` with the labels that `now` has instead. */
static void promote(struct arena *a, node was, node now)
{
	static const str lists[] = { S("matchExpressions"), S("matchFields") };
	node terms = GET(GET(was, "required"), "nodeSelectorTerms");
	node others = GET(GET(now, "required"), "nodeSelectorTerms");

	for (size_t t = 0; t < node_len(terms) && t < node_len(others); t++)
		for (size_t l = 0; l < 2; l++) {
			node list = node_get(node_at(terms, t), lists[l]);
			node other = node_get(node_at(others, t), lists[l]);

			for (size_t i = 0; i < node_len(list) && i < node_len(other); i++)
				if (is_promoted(TEXT_OF(node_at(list, i), "key"),
						TEXT_OF(node_at(other, i), "key")))
					node_set(a, node_at(list, i), S("key"),
						 GET(node_at(other, i), "key"));
		}
}

static void check_affinity_change(struct kind_call *c)
{
	node now = GET(GET(c->object, "spec"), "nodeAffinity");
	node was = GET(GET(c->old, "spec"), "nodeAffinity");

	if (node_is_nil(was))
		return;
	was = node_copy(c->arena, was);
	promote(c->arena, was, now);
	if (!check_same(now, was))
		check_invalid(c->errors, AT(NULL, "nodeAffinity"),
			      gostruct_shown(c->arena, "core.VolumeNodeAffinity", now, NODE_NOTHING),
			      "field is immutable, except for updating from beta label to GA");
}

static void volume_warn(struct kind_call *c)
{
	static const struct {
		const char *field, *shown, *why;
	} old_sources[] = {
		{ "cephfs", NULL, "deprecated in v1.28, non-functional in v1.31+" },
		{ "photonPersistentDisk", NULL, "deprecated in v1.11, non-functional in v1.16+" },
		{ "scaleIO", NULL, "deprecated in v1.16, non-functional in v1.22+" },
		{ "storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+" },
		{ "glusterfs", NULL, "deprecated in v1.25, non-functional in v1.26+" },
		{ "rbd", NULL, "deprecated in v1.28, non-functional in v1.31+" },
	};
	node spec = GET(c->object, "spec"), annotations = node_dig(c->object, "metadata", "annotations");
	node terms = node_dig(spec, "nodeAffinity", "required", "nodeSelectorTerms");
	const struct at *spec_at = AT(NULL, "spec"), *notes = AT(AT(NULL, "metadata"), "annotations");

	if (node_has(annotations, S(CLASS_ANNOTATION)))
		kinds_warn(c, AT_K(notes, S(CLASS_ANNOTATION)),
			   "deprecated since v1.8; use \"storageClassName\" attribute instead");
	if (node_has(annotations, S(MOUNT_OPTIONS)))
		kinds_warn(c, AT_K(notes, S(MOUNT_OPTIONS)),
			   "deprecated since v1.31; use \"mountOptions\" attribute instead");
	if (str_eq(TEXT_OF(spec, "persistentVolumeReclaimPolicy"), S("Recycle")))
		kinds_warn(c, AT(spec_at, "persistentVolumeReclaimPolicy"),
			   "The Recycle reclaim policy is deprecated. Instead, the recommended approach is "
			   "to use dynamic provisioning.");
	for (size_t i = 0; i < node_len(terms); i++)
		kinds_warn_node_term(c,
				     AT_I(AT(AT(AT(spec_at, "nodeAffinity"), "required"),
					     "nodeSelectorTerms"), i),
				     node_at(terms, i), false);
	for (size_t i = 0; i < sizeof old_sources / sizeof *old_sources; i++) {
		str field = str_c(old_sources[i].field);

		if (!node_is_nil(node_get(spec, field)))
			kinds_warn(c,
				   AT_NAMED(spec_at, old_sources[i].shown ? str_c(old_sources[i].shown)
									  : field),
				   "%s", old_sources[i].why);
	}
}

static void volume_validate(struct kind_call *c)
{
	if (kinds_is_status(c))
		return;
	check_whole_volume(c);
	check_mount_options(c);
	if (!kinds_is_create(c)) {
		node is = GET(GET(c->object, "spec"), "volumeAttributesClassName");
		node mode = GET(GET(c->object, "spec"), "volumeMode");

		check_whole_volume(c);
		check_source_change(c);
		check_immutable(c->errors, AT(NULL, "volumeMode"), mode,
				GET(GET(c->old, "spec"), "volumeMode"), mode);
		check_affinity_change(c);
		if (node_is_nil(is) && HAS(GET(c->old, "spec"), "volumeAttributesClassName"))
			check_forbidden(c->errors, AT(AT(NULL, "spec"), "volumeAttributesClassName"),
					"update from non-nil value to nil is forbidden");
	}
}

KINDS_HOOKS(volume, .admit = protect_volume, .prepare = volume_prepare, .validate = volume_validate,
	    .warn = volume_warn);

/* ---- StorageClass, VolumeAttributesClass ------------------------------------- */

enum { PARAMETERS_MAX = 512, PARAMETERS_BYTES_MAX = 256 << 10 };

static void check_provisioner(struct fielderrs *e, const struct at *at, str name)
{
	str why[NAME_COMPLAINTS_MAX];
	str low = arena_lower(e->arena, name);

	if (!name.n) {
		check_required(e, at);
		return;
	}
	size_t n = name_complaints(low, NAME_QUALIFIED, why);

	for (size_t i = 0; i < n; i++)
		check_invalid_text(e, at, low, "%.*s", STR_ARG(why[i]));
}

static size_t map_bytes(node map)
{
	size_t total = 0;

	node_each_pair(p, map)
		total += node_str(p->key).n + node_str_or(p->value, STR_NONE).n;
	return total;
}

static void check_parameters(struct fielderrs *e, node parameters, bool some)
{
	const struct at *at = AT(NULL, "parameters");

	if (node_len(parameters) > PARAMETERS_MAX) {
		check_too_long(e, at, PARAMETERS_MAX);
		return;
	}
	node_each_pair(p, parameters)
		if (!node_str(p->key).n)
			check_invalid(e, at, p->key, "field can not be empty.");
	if (map_bytes(parameters) > PARAMETERS_BYTES_MAX)
		check_too_long(e, at, PARAMETERS_BYTES_MAX);
	if (some && !node_len(parameters))
		check_required_why(e, at, "must contain at least one key/value pair");
}

/* The keys of a term with their sets of values, to compare terms by. */
static node check_topology(struct fielderrs *e, const struct at *term_at, node term)
{
	node list = GET(term, "matchLabelExpressions"), found = node_map(e->arena, node_len(list));

	for (size_t i = 0; i < node_len(list); i++) {
		node x = node_at(list, i), values = GET(x, "values");
		const struct at *at = AT_I(AT(term_at, "matchLabelExpressions"), i);
		node set = node_map(e->arena, node_len(values));

		if (!node_len(values))
			check_required(e, AT(at, "values"));
		for (size_t v = 0; v < node_len(values); v++) {
			str value = node_str_or(node_at(values, v), STR_NONE);

			if (node_has(set, value))
				check_duplicate(e, AT_I(AT(at, "values"), v), node_at(values, v));
			node_set(e->arena, set, value, node_null());
		}
		check_label_name(e, AT(at, "key"), TEXT_OF(x, "key"));
		if (node_has(found, TEXT_OF(x, "key")))
			check_duplicate(e, AT(at, "key"), check_text(e, TEXT_OF(x, "key")));
		node_set(e->arena, found, TEXT_OF(x, "key"), set);
	}
	return found;
}

/* The original compares each term with as many empty ones as there are terms,
 * and then with those in front of it. */
static void check_topologies(struct fielderrs *e, node terms)
{
	node seen = node_seq(e->arena, node_len(terms));

	for (size_t i = 0; i < node_len(terms); i++) {
		const struct at *at = AT_I(AT(NULL, "allowedTopologies"), i);
		const struct at *where = AT(at, "matchLabelExpressions");
		node found = check_topology(e, at, node_at(terms, i));

		if (!node_len(found))
			for (size_t n = 0; n < node_len(terms); n++)
				check_duplicate(e, where, node_lit(""));
		node_each_item(other, seen)
			if (node_equal(*other, found))
				check_duplicate(e, where, node_lit(""));
		node_append(e->arena, seen, found);
	}
}

static void check_class_change(struct kind_call *c)
{
	static const str fields[] = { S("parameters"), S("provisioner"), S("reclaimPolicy"),
				      S("volumeBindingMode") };

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		node now = node_get(c->object, fields[i]);

		check_immutable(c->errors, AT_NAMED(NULL, fields[i]), now, node_get(c->old, fields[i]), now);
	}
}

static void storage_class_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node o = c->object, mode = GET(o, "volumeBindingMode");

	check_provisioner(e, AT(NULL, "provisioner"), TEXT_OF(o, "provisioner"));
	check_parameters(e, GET(o, "parameters"), false);
	if (TEXT_OF(o, "reclaimPolicy").n)
		ONE_OF(e, AT(NULL, "reclaimPolicy"), GET(o, "reclaimPolicy"), "Delete", "Retain");
	if (node_is_nil(mode))
		check_required(e, AT(NULL, "volumeBindingMode"));
	else
		ONE_OF(e, AT(NULL, "volumeBindingMode"), mode, "Immediate", "WaitForFirstConsumer");
	check_topologies(e, GET(o, "allowedTopologies"));
	if (!kinds_is_create(c))
		check_class_change(c);
}

static void storage_class_warn(struct kind_call *c)
{
	node terms = GET(c->object, "allowedTopologies");

	for (size_t t = 0; t < node_len(terms); t++) {
		node list = GET(node_at(terms, t), "matchLabelExpressions");

		for (size_t i = 0; i < node_len(list); i++) {
			const char *why = kinds_deprecated_label(TEXT_OF(node_at(list, i), "key"));

			if (why)
				kinds_warn(c,
					   AT(AT_I(AT(AT_I(AT(NULL, "allowedTopologies"), t),
						      "matchLabelExpressions"), i), "key"),
					   "%s", why);
		}
	}
}

KINDS_HOOKS(storage_class, .validate = storage_class_validate, .warn = storage_class_warn);

static void attributes_class_validate(struct kind_call *c)
{
	if (!kinds_is_create(c)) {
		if (!check_same(GET(c->object, "driverName"), GET(c->old, "driverName")))
			check_forbidden(c->errors, AT(NULL, "driverName"),
					"updates to driverName are forbidden.");
		if (!check_same(GET(c->object, "parameters"), GET(c->old, "parameters")))
			check_forbidden(c->errors, AT(NULL, "parameters"),
					"updates to parameters are forbidden.");
	}
	check_provisioner(c->errors, AT(NULL, "driverName"), TEXT_OF(c->object, "driverName"));
	check_parameters(c->errors, GET(c->object, "parameters"), true);
}

KINDS_HOOKS(attributes_class, .admit = protect_attributes_class,
	    .validate = attributes_class_validate);

/* ---- VolumeAttachment ---------------------------------------------------------- */

enum { ATTACHMENT_BYTES_MAX = 256 << 10, ATTACHMENT_MESSAGE_MAX = 1024 };

static void check_attached(struct fielderrs *e, const struct at *at, node source)
{
	node name = GET(source, "persistentVolumeName"), spec = GET(source, "inlineVolumeSpec");

#define EXACTLY "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
	if (node_is_nil(name) && node_is_nil(spec))
		check_required_why(e, at, EXACTLY);
	else if (!node_is_nil(name) && !node_is_nil(spec))
		check_forbidden(e, at, EXACTLY);
	else if (node_is_nil(name))
		check_volume(e, AT(at, "inlineVolumeSpec"), spec, NODE_NOTHING, STR_NONE, true);
	else if (!node_str_or(name, STR_NONE).n)
		check_required_why(e, AT(at, "persistentVolumeName"),
				   "must specify non empty persistentVolumeName");
#undef EXACTLY
}

static void check_volume_error(struct fielderrs *e, const struct at *at, node error)
{
	if (TEXT_OF(error, "message").n > ATTACHMENT_MESSAGE_MAX)
		check_too_long(e, AT(at, "message"), ATTACHMENT_BYTES_MAX);
	if (INT_OF(error, "errorCode") < 0)
		check_range(e, AT(at, "errorCode"), GET(error, "errorCode"), 0, INT32_MAX);
}

static void attachment_validate(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node spec = GET(c->object, "spec"), status = GET(c->object, "status");
	node name = GET(GET(spec, "source"), "persistentVolumeName");
	const struct at *spec_at = AT(NULL, "spec"), *status_at = AT(NULL, "status");

	volumes_check_driver(e, AT(spec_at, "attacher"), TEXT_OF(spec, "attacher"));
	check_attached(e, AT(spec_at, "source"), GET(spec, "source"));
	check_name(e, AT(spec_at, "nodeName"), TEXT_OF(spec, "nodeName"), NAME_DNS_SUBDOMAIN);
	if (map_bytes(GET(status, "attachmentMetadata")) > ATTACHMENT_BYTES_MAX)
		check_too_long(e, AT(status_at, "attachmentMetadata"), ATTACHMENT_BYTES_MAX);
	check_volume_error(e, AT(status_at, "attachError"), GET(status, "attachError"));
	check_volume_error(e, AT(status_at, "detachError"), GET(status, "detachError"));
	if (!node_is_nil(name))
		check_name(e, AT(AT(spec_at, "source"), "persistentVolumeName"), node_str_or(name, STR_NONE),
			   NAME_DNS_SUBDOMAIN);
	if (!kinds_is_create(c))
		check_immutable(e, spec_at, spec, GET(c->old, "spec"),
				gostruct_shown(c->arena, "storage.VolumeAttachmentSpec", spec, NODE_NOTHING));
}

KINDS_HOOKS(attachment, .validate = attachment_validate);
