/* volumes_refs - references to the Pod itself: to its fields, and to what its containers ask for. */
#include "server/kinds_impl.h"
#include "server/resources.h"
#include "server/volumes.h"

/* ---- references to the Pod itself ----------------------------------------- */

static const char *const file_fields[] = { "metadata.annotations", "metadata.labels", "metadata.name",
					   "metadata.namespace", "metadata.uid", NULL };
static const char *const env_fields[] = { "metadata.name",   "metadata.namespace",
					  "metadata.uid",    "spec.nodeName",
					  "spec.serviceAccountName", "status.hostIP",
					  "status.hostIPs",  "status.podIP",
					  "status.podIPs",   NULL };
static const char *const known_fields[] = {
	"metadata.annotations", "metadata.labels",   "metadata.name",	 "metadata.namespace",
	"metadata.uid",		"spec.nodeName",     "spec.restartPolicy", "spec.serviceAccountName",
	"spec.schedulerName",	"status.phase",	     "status.hostIP",	 "status.hostIPs",
	"status.podIP",		"status.podIPs",     NULL,
};

/* "metadata.labels['a']" */
static bool split_subscript(str field, str *path, str *key)
{
	size_t open = str_find(field, S("['"));

	if (!str_ends(field, S("']")) || open == STR_NPOS || !open || open + 4 > field.n)
		return false;
	*path = str_sub(field, 0, open);
	*key = str_sub(field, open + 2, field.n - 2);
	return true;
}

static void check_subscript(struct fielderrs *e, const struct at *at, str field, str path, str key)
{
	bool annotations = str_eq(path, S("metadata.annotations"));

	if (!annotations && !str_eq(path, S("metadata.labels"))) {
		check_invalid_text(e, AT(at, "fieldPath"), field,
				   "error converting fieldPath: field label does not support subscript: "
				   "%.*s", STR_ARG(field));
		return;
	}
	check_label_name(e, at, annotations ? arena_lower(e->arena, key) : key);
}

void volumes_check_field_ref(struct fielderrs *e, const struct at *at, node ref,
			     enum volumes_ref where)
{
	str version = TEXT_OF(ref, "apiVersion"), field = TEXT_OF(ref, "fieldPath"), path, key;
	const struct at *here = AT(at, "fieldPath");

	if (!version.n) {
		check_required(e, AT(at, "apiVersion"));
	} else if (!field.n) {
		check_required(e, here);
	} else if (!str_eq(version, S("v1"))) {
		check_invalid_text(e, here, field, "error converting fieldPath: unsupported pod version: %.*s",
				   STR_ARG(version));
	} else if (split_subscript(field, &path, &key)) {
		check_subscript(e, at, field, path, key);
	} else {
		if (str_eq(field, S("spec.host")))
			field = S("spec.nodeName");
		if (!check_is(field, known_fields))
			check_invalid_text(e, here, field,
					   "error converting fieldPath: field label not supported: %.*s",
					   STR_ARG(field));
		else
			check_words(e, here, check_text(e, field),
				    where == VOLUMES_REF_FILE ? file_fields : env_fields);
	}
}

static void check_divisor(struct fielderrs *e, const struct at *at, str resource, node divisor)
{
	str text = node_str_or(divisor, STR_NONE);
	const char *const *allowed;
	static const char *const cpu[] = { "1m", "1", NULL };
	static const char *const bytes[] = { "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi",
					     "1Ti", "1Pi", "1Ei", NULL };

	if (!text.n || str_eq(text, S("0")))
		return;
	if (IS_ONE_OF(resource, "limits.cpu", "requests.cpu"))
		allowed = cpu;
	else if (IS_ONE_OF(resource, "limits.memory", "requests.memory", "limits.ephemeral-storage",
			   "requests.ephemeral-storage") ||
		 str_starts(resource, S("limits.hugepages-")) ||
		 str_starts(resource, S("requests.hugepages-")))
		allowed = bytes;
	else
		return;
	if (check_is(text, allowed))
		return;
	bool is_cpu = allowed == cpu, ephemeral = str_ends(resource, S("ephemeral-storage"));

	check_invalid_text(e, AT(at, "divisor"), resource, "%s",
			   is_cpu      ? "only divisor's values 1m and 1 are supported with the cpu resource"
			   : ephemeral ? "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, "
					 "1Pi, 1Ei are supported with the local ephemeral storage resource"
			   : str_has(resource, S("hugepages-"))
				   ? "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, "
				     "1Pi, 1Ei are supported with the hugepages resource"
				   : "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, "
				     "1Pi, 1Ei are supported with the memory resource");
}

void volumes_check_resource_ref(struct fielderrs *e, const struct at *at, node ref,
				enum volumes_ref where)
{
	str resource = TEXT_OF(ref, "resource");
	const struct at *here = AT(at, "resource");

	if (where == VOLUMES_REF_FILE && !TEXT_OF(ref, "containerName").n)
		check_required(e, AT(at, "containerName"));
	else if (!resource.n)
		check_required(e, here);
	else if (!str_starts(resource, S("limits.hugepages-")) &&
		 !str_starts(resource, S("requests.hugepages-")))
		ONE_OF(e, here, GET(ref, "resource"), "limits.cpu", "limits.ephemeral-storage",
		       "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory");
	check_divisor(e, at, resource, GET(ref, "divisor"));
}

/* A file of the downward API. */
