#include "server/gostruct.h"
#include "server/kinds_impl.h"
#include "server/kinds_pods.h"
#include "server/meta.h"
#include "server/podprepare.h"
#include "server/podspec.h"
#include "server/podwarn.h"
#include "server/scheduling.h"
#include "server/security.h"
#include "text/quote.h"

#define MIRROR "kubernetes.io/config.mirror"
#define APP_ARMOR "container.apparmor.security.beta.kubernetes.io/"

/* ---- before validation ------------------------------------------------------- */

/* Generations that a writer of the status does not know of stay. */
static void keep_generations(struct arena *a, node now, node was)
{
	node old = node_copy(a, GET(was, "conditions"));

	if (!INT_OF(now, "observedGeneration"))
		node_copy_field(a, now, was, S("observedGeneration"));
	node_each_item(c, GET(now, "conditions"))
		node_each_item(o, old) {
			if (!str_eq(TEXT_OF(*c, "type"), TEXT_OF(*o, "type")))
				continue;
			if (!INT_OF(*c, "observedGeneration"))
				node_copy_field(a, *c, *o, S("observedGeneration"));
			*o = node_null(); /* each of them once */
			break;
		}
}

static void prepare_status(struct kind_call *c)
{
	node status = GET(c->object, "status"), was = GET(c->old, "status");

	node_copy_field(c->arena, meta_of(c->arena, c->object), GET(c->old, "metadata"), S("ownerReferences"));
	if (!node_is(status, NODE_MAP))
		return;
	if (!TEXT_OF(status, "qosClass").n)
		node_copy_field(c->arena, status, was, S("qosClass"));
	keep_generations(c->arena, status, was);
}

/* Through a subresource nothing but its own part of the spec moves. */
static node only_ephemeral(struct arena *a, node now, node was)
{
	node spec = node_copy(a, was);

	node_copy_field(a, spec, now, S("ephemeralContainers"));
	return spec;
}

static bool same_names(node x, node y)
{
	if (node_len(x) != node_len(y))
		return false;
	for (size_t i = 0; i < node_len(x); i++)
		if (!str_eq(TEXT_OF(node_at(x, i), "name"), TEXT_OF(node_at(y, i), "name")))
			return false;
	return true;
}

static void keep_resources(struct arena *a, node spec, node now, const char *list)
{
	node to = node_get(spec, str_c(list)), from = node_get(now, str_c(list));

	if (!same_names(to, from)) {
		node_copy_field(a, spec, now, str_c(list));
		return;
	}
	for (size_t i = 0; i < node_len(to); i++) {
		node_copy_field(a, node_at(to, i), node_at(from, i), S("resources"));
		node_copy_field(a, node_at(to, i), node_at(from, i), S("resizePolicy"));
	}
}

static node only_resources(struct arena *a, node now, node was)
{
	if (node_len(GET(now, "containers")) != node_len(GET(was, "containers")) ||
	    node_len(GET(now, "initContainers")) != node_len(GET(was, "initContainers")))
		return now;
	node spec = node_copy(a, was);

	node_copy_field(a, spec, now, S("resources"));
	keep_resources(a, spec, now, "containers");
	keep_resources(a, spec, now, "initContainers");
	return spec;
}

static void pod_prepare(struct kind_call *c)
{
	struct arena *a = c->arena;
	node spec = GET(c->object, "spec"), was = GET(c->old, "spec");

	if (kinds_is_create(c)) {
		podprepare_create(c);
		return;
	}
	if (kinds_is_status(c)) {
		prepare_status(c);
		return;
	}
	if (str_eq(c->subresource, S("ephemeralcontainers")))
		node_set(a, c->object, S("spec"), only_ephemeral(a, spec, was));
	else if (str_eq(c->subresource, S("resize")))
		node_set(a, c->object, S("spec"), only_resources(a, spec, was));
	podprepare_drop(a, GET(c->object, "spec"), was);
}

/* ---- rules of every Pod ---------------------------------------------------------- */

static void check_tokens(struct fielderrs *e, const struct at *at, node spec)
{
	node volumes = GET(spec, "volumes");

	for (size_t v = 0; !TEXT_OF(spec, "serviceAccountName").n && v < node_len(volumes); v++) {
		node sources = GET(GET(node_at(volumes, v), "projected"), "sources");
		const struct at *here = AT(AT(AT_I(AT(at, "volumes"), v), "projected"), "sources");

		for (size_t s = 0; s < node_len(sources); s++)
			if (HAS(node_at(sources, s), "serviceAccountToken"))
				check_forbidden(e, AT(AT_I(here, s), "serviceAccountToken"),
						"must not be specified when serviceAccountName is not set");
	}
}

/* Templates may leave the image to somebody else; Pods may not. */
static void check_images(struct fielderrs *e, const struct at *at, node list)
{
	for (size_t i = 0; i < node_len(list); i++) {
		str image = TEXT_OF(node_at(list, i), "image");

		if (str_trim(image).n != image.n)
			check_invalid_text(e, AT(AT_I(at, i), "image"), image,
					   "must not have leading or trailing whitespace");
	}
}

static struct podspec_options options_of(struct kind_call *c)
{
	return (struct podspec_options){
		.is_pod = true,
		.name = meta_get(c->object, S("name")),
		.annotations = node_dig(c->object, "metadata", "annotations"),
		.old = GET(c->old, "spec"),
	};
}

static void check_annotations_of_pod(struct kind_call *c)
{
	struct podspec_options o = options_of(c);

	podspec_check_annotations(c->errors, AT(AT(NULL, "metadata"), "annotations"), o.annotations,
				  GET(c->object, "spec"), &o);
}

static void check_pod(struct kind_call *c)
{
	struct podspec_options o = options_of(c);
	node spec = GET(c->object, "spec");
	const struct at *at = AT(NULL, "spec");

	check_annotations_of_pod(c);
	podspec_check(c->errors, at, spec, &o);
	check_tokens(c->errors, at, spec);
	check_images(c->errors, AT(at, "containers"), GET(spec, "containers"));
	check_images(c->errors, AT(at, "initContainers"), GET(spec, "initContainers"));
}

static void check_new_pod(struct kind_call *c)
{
	node spec = GET(c->object, "spec");
	const struct at *at = AT(NULL, "spec");

	check_pod(c);
	if (node_len(GET(spec, "ephemeralContainers")))
		check_forbidden(c->errors, AT(at, "ephemeralContainers"), "cannot be set on create");
	if (TEXT_OF(spec, "nodeName").n && node_len(GET(spec, "schedulingGates")))
		check_forbidden(c->errors, AT(at, "nodeName"),
				"cannot be set until all schedulingGates have been cleared");
	security_check_annotations_match(c->errors, at, node_dig(c->object, "metadata", "annotations"), spec);
}

/* ---- a Pod that changes -------------------------------------------------------------- */

static bool is_fixed_annotation(str key, const char **what)
{
	if (str_starts(key, S(APP_ARMOR)))
		*what = "AppArmor annotations";
	else if (str_eq(key, S(MIRROR)))
		*what = "mirror pod annotation";
	else
		return false;
	return true;
}

void kinds_pod_check_annotations(struct kind_call *c)
{
	node now = node_dig(c->object, "metadata", "annotations");
	node was = node_dig(c->old, "metadata", "annotations");
	const struct at *at = AT(AT(NULL, "metadata"), "annotations");
	const char *what;

	node_each_pair(p, was) {
		str key = node_str(p->key);

		if (is_fixed_annotation(key, &what) && !check_same(node_get(now, key), p->value))
			check_forbidden(c->errors, AT_K(at, key), "may not remove or update %s", what);
	}
	node_each_pair(p, now) {
		str key = node_str(p->key);

		if (is_fixed_annotation(key, &what) && !node_has(was, key))
			check_forbidden(c->errors, AT_K(at, key), "may not add %s", what);
	}
	check_annotations_of_pod(c);
}

/* False: the containers are not those that there were. */
static bool check_containers_change(struct fielderrs *e, const struct at *at, node now, node was)
{
	if (node_len(now) != node_len(was)) {
		check_forbidden(e, at, "pod updates may not add or remove containers");
		return false;
	}
	for (size_t i = 0; i < node_len(now); i++)
		if (!TEXT_OF(node_at(now, i), "image").n)
			check_required(e, AT(AT_I(at, i), "image"));
	check_images(e, at, now);
	return true;
}

/* False: nothing else is looked at. */
static bool check_deadline(struct fielderrs *e, const struct at *at, node now, node was)
{
	if (node_is_nil(now)) {
		if (!node_is_nil(was))
			check_invalid(e, at, node_null(),
				      "must not update from a positive integer to nil value");
		return true;
	}
	if (!check_range(e, at, now, 0, INT32_MAX))
		return false;
	if (node_is_nil(was) || node_int(was) >= node_int(now))
		return true;
	check_invalid(e, at, now, "must be less than or equal to previous value");
	return false;
}

static node without_seconds(struct arena *a, node toleration)
{
	node copy = node_copy(a, toleration);

	node_remove(copy, S("tolerationSeconds"));
	return copy;
}

static void check_tolerations_change(struct fielderrs *e, const struct at *at, node now, node was)
{
	node_each_item(old, was) {
		bool found = false;

		node_each_item(t, now)
			found |= node_equal(without_seconds(e->arena, *t), without_seconds(e->arena, *old));
		if (!found) {
			check_forbidden(e, at,
					"existing toleration can not be modified except its tolerationSeconds");
			return;
		}
	}
	scheduling_check_tolerations(e, at, now);
}

static void check_gates_change(struct fielderrs *e, const struct at *at, node now, node was)
{
	for (size_t i = 0; i < node_len(now); i++) {
		str name = TEXT_OF(node_at(now, i), "name");
		bool known = false;

		node_each_item(old, was)
			known |= str_eq(TEXT_OF(*old, "name"), name);
		if (!known)
			check_forbidden(e, AT(AT_I(at, i), "name"),
					"only deletion is allowed, but found new scheduling gate '%.*s'",
					STR_ARG(name));
	}
}

/* ---- a Pod behind gates: where it may run can only be narrowed ------------------------- */

static void check_selector_change(struct fielderrs *e, const struct at *at, node now, node was)
{
	node_each_pair(p, was) {
		if (check_same(node_get(now, node_str(p->key)), p->value))
			continue;
		check_invalid(e, at, node_is_nil(now) ? node_null() : now,
			      "only additions to spec.nodeSelector are allowed (no mutations or deletions)");
		return;
	}
}

static bool only_adds(node now, node was, const char *list)
{
	node x = node_get(now, str_c(list)), y = node_get(was, str_c(list));

	if (node_len(x) < node_len(y))
		return false;
	for (size_t i = 0; i < node_len(y); i++)
		if (!node_equal(node_at(x, i), node_at(y, i)))
			return false;
	return true;
}

static bool term_only_adds(node now, node was)
{
	bool empty = !node_len(GET(was, "matchExpressions")) && !node_len(GET(was, "matchFields"));

	if (empty)
		return !node_len(GET(now, "matchExpressions")) && !node_len(GET(now, "matchFields"));
	return only_adds(now, was, "matchExpressions") && only_adds(now, was, "matchFields");
}

static node shown_terms(struct fielderrs *e, node terms)
{
	node list = node_seq(e->arena, node_len(terms));

	if (node_is_nil(terms))
		return node_null();
	node_each_item(t, terms)
		node_append(e->arena, list,
			    gostruct_shown(e->arena, "core.NodeSelectorTerm", *t, NODE_NOTHING));
	return list;
}

static void check_affinity_change(struct fielderrs *e, const struct at *at, node now, node was)
{
	node old = node_dig(was, "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms");
	node terms = node_dig(now, "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms");
	const struct at *where = AT(AT(at, "requiredDuringSchedulingIgnoredDuringExecution"),
				    "nodeSelectorTerms");

	if (node_len(old) && node_len(old) != node_len(terms)) {
		check_invalid(e, where, shown_terms(e, terms),
			      "no additions/deletions to non-empty NodeSelectorTerms list are allowed");
		return;
	}
	for (size_t i = 0; i < node_len(old); i++)
		if (!term_only_adds(node_at(terms, i), node_at(old, i)))
			check_invalid(e, AT_I(where, i),
				      gostruct_shown(e->arena, "core.NodeSelectorTerm", node_at(terms, i),
						     NODE_NOTHING),
				      "only additions are allowed (no mutations or deletions)");
}

static void forgive_gated(struct fielderrs *e, const struct at *at, node spec, node was)
{
	struct arena *a = e->arena;
	node affinity = GET(spec, "affinity"), old = GET(was, "affinity");

	if (!check_same(GET(spec, "nodeSelector"), GET(was, "nodeSelector"))) {
		check_selector_change(e, AT(at, "nodeSelector"), GET(spec, "nodeSelector"),
				      GET(was, "nodeSelector"));
		node_copy_field(a, spec, was, S("nodeSelector"));
	}
	if (check_same(GET(affinity, "nodeAffinity"), GET(old, "nodeAffinity")))
		return;
	check_affinity_change(e, AT(AT(at, "affinity"), "nodeAffinity"), GET(affinity, "nodeAffinity"),
			      GET(old, "nodeAffinity"));
	if (node_is_nil(affinity)) {
		affinity = node_map(a, 1);
		node_set(a, spec, S("affinity"), affinity);
	}
	node_copy_field(a, affinity, old, S("nodeAffinity"));
	if (node_is_nil(old) && !node_len(affinity))
		node_remove(spec, S("affinity"));
}

/* The spec as if all that may change had not. */
static node forgiven(struct fielderrs *e, const struct at *at, node now, node was)
{
	static const str lists[] = { S("containers"), S("initContainers") };
	struct arena *a = e->arena;
	node spec = node_copy(a, now);

	for (size_t l = 0; l < 2; l++) {
		node to = node_get(spec, lists[l]), from = node_get(was, lists[l]);

		for (size_t i = 0; i < node_len(to); i++)
			node_copy_field(a, node_at(to, i), node_at(from, i), S("image"));
	}
	node_copy_field(a, spec, was, S("activeDeadlineSeconds"));
	node_copy_field(a, spec, was, S("schedulingGates"));
	node_copy_field(a, spec, was, S("tolerations"));
	if (INT_OF(was, "terminationGracePeriodSeconds") < 0 &&
	    INT_OF(spec, "terminationGracePeriodSeconds") == 1)
		node_copy_field(a, spec, was, S("terminationGracePeriodSeconds"));
	if (node_len(GET(was, "schedulingGates")))
		forgive_gated(e, at, spec, was);
	return spec;
}

static void check_pod_change(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node now = GET(c->object, "spec"), was = GET(c->old, "spec");
	const struct at *at = AT(NULL, "spec");

	check_pod(c);
	kinds_pod_check_annotations(c);
	if (!check_containers_change(e, AT(at, "containers"), GET(now, "containers"),
				     GET(was, "containers")) ||
	    !check_containers_change(e, AT(at, "initContainers"), GET(now, "initContainers"),
				     GET(was, "initContainers")) ||
	    !check_deadline(e, AT(at, "activeDeadlineSeconds"), GET(now, "activeDeadlineSeconds"),
			    GET(was, "activeDeadlineSeconds")))
		return;
	check_tolerations_change(e, AT(at, "tolerations"), GET(now, "tolerations"), GET(was, "tolerations"));
	check_gates_change(e, AT(at, "schedulingGates"), GET(now, "schedulingGates"),
			   GET(was, "schedulingGates"));
	if (check_same(now, was))
		return;
	node spec = forgiven(e, at, now, was);

	if (!check_same(spec, was))
		check_forbidden(
			e, at,
			"pod updates may not change fields other than `spec.containers[*].image`,"
			"`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
			"(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
			"(allow it to be set to 1 if it was previously negative)\n%.*s",
			STR_ARG(gostruct_diff(c->arena, "core.PodSpec", was, spec)));
}

static void check_ephemeral_change(struct kind_call *c)
{
	struct fielderrs *e = c->errors;
	node now = GET(GET(c->object, "spec"), "ephemeralContainers");
	const struct at *at = AT(AT(NULL, "spec"), "ephemeralContainers");

	if (node_has(node_dig(c->old, "metadata", "annotations"), S(MIRROR))) {
		check_forbidden(e, AT(NULL, ""), "static pods do not support ephemeral containers");
		return;
	}
	check_pod(c);
	kinds_pod_check_annotations(c);
	node_each_item(old, GET(GET(c->old, "spec"), "ephemeralContainers")) {
		str name = TEXT_OF(*old, "name");
		node found = NODE_NOTHING;

		node_each_item(x, now)
			if (str_eq(TEXT_OF(*x, "name"), name))
				found = *x;
		if (node_is_nil(found))
			check_forbidden(e, at, "existing ephemeral containers %.*s may not be removed\n",
					STR_ARG(quote_str(c->arena, name)));
		else if (!check_same(found, *old))
			check_forbidden(e, at, "existing ephemeral containers %.*s may not be changed\n%.*s",
					STR_ARG(quote_str(c->arena, name)),
					STR_ARG(gostruct_diff(c->arena, "core.EphemeralContainer", *old,
							      found)));
	}
}

static void pod_validate(struct kind_call *c)
{
	if (kinds_is_create(c)) {
		check_new_pod(c);
	} else if (kinds_is_status(c)) {
		kinds_pod_check_status(c);
	} else if (str_eq(c->subresource, S("ephemeralcontainers"))) {
		check_ephemeral_change(c);
	} else if (str_eq(c->subresource, S("resize"))) {
		check_pod(c);
		kinds_pod_check_resize(c);
	} else {
		check_pod_change(c);
	}
}

static void pod_warn(struct kind_call *c)
{
	if (!kinds_is_create(c))
		return;
	podwarn_name(c, "the Pod's hostname");
	podwarn(c, NULL, c->object);
}

/* What kubectl's tables show of Pods that are over. */
static node pod_row_conditions(struct arena *a, node pod)
{
	str phase = TEXT_OF(GET(pod, "status"), "phase");
	node list, condition;
	bool good = str_eq(phase, S("Succeeded"));

	if (!good && !str_eq(phase, S("Failed")))
		return NODE_NOTHING;
	list = node_seq(a, 1);
	condition = node_map(a, 4);
	node_set(a, condition, S("type"), node_lit("Completed"));
	node_set(a, condition, S("status"), node_lit("True"));
	node_set(a, condition, S("reason"), node_from_str(a, phase));
	node_set(a, condition, S("message"),
		 good ? node_lit("The pod has completed successfully.") : node_lit("The pod failed."));
	node_append(a, list, condition);
	return list;
}

KINDS_HOOKS(pod, .admit = kinds_pod_admit, .prepare = pod_prepare, .validate = pod_validate,
	    .warn = pod_warn, .check = kinds_pod_check, .row_conditions = pod_row_conditions);
