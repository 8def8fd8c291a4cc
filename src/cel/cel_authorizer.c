/* What expressions may ask the authorizer. Nobody evaluates them here, so these
 * are declarations only: they tell what a call lacks. */
#include "cel/cel_func_impl.h"

#define AUTHORIZER_TYPE(called) \
	{ .kind = CEL_AUTHORIZER, .bare = true, \
	  .name = { "kubernetes.authorization." called, \
		    sizeof("kubernetes.authorization." called) - 1 } }

static const struct cel_type authorizer = AUTHORIZER_TYPE("Authorizer");
static const struct cel_type path_check = AUTHORIZER_TYPE("PathCheck");
static const struct cel_type group_check = AUTHORIZER_TYPE("GroupCheck");
static const struct cel_type resource_check = AUTHORIZER_TYPE("ResourceCheck");
static const struct cel_type decision = AUTHORIZER_TYPE("Decision");

const struct cel_type *cel_authorizer_type(void)
{
	return &authorizer;
}

const struct cel_type *cel_authorizer_check_type(void)
{
	return &resource_check;
}

static const struct cel_overload o_allowed[] = { MEMBER("decision_allowed", T_BOOL, &decision) };
static const struct cel_overload o_check[] = {
	MEMBER("pathcheck_check", &decision, &path_check, T_STRING),
	MEMBER("resourcecheck_check", &decision, &resource_check, T_STRING),
};
static const struct cel_overload o_error[] = { MEMBER("decision_error", T_STRING, &decision) };
static const struct cel_overload o_errored[] = { MEMBER("decision_errored", T_BOOL, &decision) };
static const struct cel_overload o_field_selector[] = {
	MEMBER("authorizer_fieldselector", &resource_check, &resource_check, T_STRING),
};
static const struct cel_overload o_group[] = {
	MEMBER("authorizer_group", &group_check, &authorizer, T_STRING),
};
static const struct cel_overload o_label_selector[] = {
	MEMBER("authorizer_labelselector", &resource_check, &resource_check, T_STRING),
};
static const struct cel_overload o_name[] = {
	MEMBER("resourcecheck_name", &resource_check, &resource_check, T_STRING),
};
static const struct cel_overload o_namespace[] = {
	MEMBER("resourcecheck_namespace", &resource_check, &resource_check, T_STRING),
};
static const struct cel_overload o_path[] = {
	MEMBER("authorizer_path", &path_check, &authorizer, T_STRING),
};
static const struct cel_overload o_reason[] = { MEMBER("decision_reason", T_STRING, &decision) };
static const struct cel_overload o_resource[] = {
	MEMBER("groupcheck_resource", &resource_check, &group_check, T_STRING),
};
static const struct cel_overload o_service_account[] = {
	MEMBER("authorizer_serviceaccount", &authorizer, &authorizer, T_STRING, T_STRING),
};
static const struct cel_overload o_subresource[] = {
	MEMBER("resourcecheck_subresource", &resource_check, &resource_check, T_STRING),
};

static const struct cel_function functions[] = {
	KUBERNETES_FUNCTION("allowed", o_allowed),
	KUBERNETES_FUNCTION("check", o_check),
	KUBERNETES_FUNCTION("error", o_error),
	KUBERNETES_FUNCTION("errored", o_errored),
	KUBERNETES_FUNCTION("fieldSelector", o_field_selector),
	KUBERNETES_FUNCTION("group", o_group),
	KUBERNETES_FUNCTION("labelSelector", o_label_selector),
	KUBERNETES_FUNCTION("name", o_name),
	KUBERNETES_FUNCTION("namespace", o_namespace),
	KUBERNETES_FUNCTION("path", o_path),
	KUBERNETES_FUNCTION("reason", o_reason),
	KUBERNETES_FUNCTION("resource", o_resource),
	KUBERNETES_FUNCTION("serviceAccount", o_service_account),
	KUBERNETES_FUNCTION("subresource", o_subresource),
};

const struct cel_function_table cel_func_authorizer = { functions, COUNT(functions) };
