/* What expressions may ask the authorizer. Its values are immutable: each call that
 * says more of a question makes another. */
#include "cel/cel_func_impl.h"
#include "cel/cel_value.h"
#include "text/names.h"

/* The authorizer, a question that is being put together, or what the answer was. */
struct cel_asked {
	const struct cel_type *type;
	const struct cel_authorizer *authorizer;
	struct cel_question q;
	bool allowed;
	str reason;
};

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

const struct cel_type *cel_authorizer_type_of(cel_value v)
{
	return v.box->asked->type;
}

/* ---- values ------------------------------------------------------------ */

static cel_value make(struct arena *a, const struct cel_asked *asked)
{
	struct cel_box *box = arena_new(a, struct cel_box);
	struct cel_asked *own = arena_new(a, struct cel_asked);

	*own = *asked;
	box->asked = own;
	return (cel_value){ .kind = CEL_AUTHORIZER, .box = box };
}

cel_value cel_authorizer_value(struct arena *a, const struct cel_authorizer *z)
{
	return make(a, &(struct cel_asked){ .type = &authorizer, .authorizer = z });
}

cel_value cel_authorizer_check_value(struct arena *a, const struct cel_authorizer *z,
				     const struct cel_question *q)
{
	return make(a, &(struct cel_asked){ .type = &resource_check, .authorizer = z, .q = *q });
}

/* What `v` is, to be made into more. */
static struct cel_asked more(cel_value v, const struct cel_type *type)
{
	struct cel_asked asked = *v.box->asked;

	asked.type = type;
	return asked;
}

/* ---- questions --------------------------------------------------------- */

static bool is_blank(str s)
{
	return !str_trim(s).n;
}

static cel_value ask_path(struct cel_run *r, const cel_value *v, size_t n)
{
	struct cel_asked asked = more(v[0], &path_check);

	(void)n;
	if (is_blank(v[1].s))
		return cel_fault(r, "path must not be empty");
	asked.q.path = v[1].s;
	return make(r->a, &asked);
}

static cel_value ask_resource(struct cel_run *r, const cel_value *v, size_t n)
{
	struct cel_asked asked = more(v[0], &resource_check);

	(void)n;
	if (is_blank(v[1].s))
		return cel_fault(r, "resource must not be empty");
	asked.q.resource = true;
	asked.q.plural = v[1].s;
	return make(r->a, &asked);
}

static cel_value ask_as_account(struct cel_run *r, const cel_value *v, size_t n)
{
	struct cel_asked asked = more(v[0], &authorizer);
	str complaints[NAME_COMPLAINTS_MAX];

	(void)n;
	if (name_complaints(v[2].s, NAME_DNS_SUBDOMAIN, complaints))
		return cel_fault(r, "Invalid service account name");
	if (name_complaints(v[1].s, NAME_DNS_LABEL, complaints))
		return cel_fault(r, "Invalid service account namespace");
	asked.q.account_namespace = v[1].s;
	asked.q.account = v[2].s;
	return make(r->a, &asked);
}

#define SAYS(code, field, result) \
	static cel_value code(struct cel_run *r, const cel_value *v, size_t n) \
	{ \
		struct cel_asked asked = more(v[0], result); \
		(void)n; \
		asked.q.field = v[1].s; \
		return make(r->a, &asked); \
	}

SAYS(ask_group, group, &group_check)
SAYS(ask_subresource, sub, &resource_check)
SAYS(ask_namespace, namespace, &resource_check)
SAYS(ask_name, name, &resource_check)
SAYS(ask_field_selector, field_selector, &resource_check)
SAYS(ask_label_selector, label_selector, &resource_check)

/* ---- answers ----------------------------------------------------------- */

static cel_value check(struct cel_run *r, const cel_value *v, size_t n)
{
	struct cel_asked asked = more(v[0], &decision);

	(void)n;
	asked.q.verb = v[1].s;
	asked.allowed = asked.authorizer->allows(asked.authorizer->ctx, r->a, &asked.q, &asked.reason);
	return make(r->a, &asked);
}

static cel_value was_allowed(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_bool(v[0].box->asked->allowed);
}

static cel_value reason(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)n;
	return cel_string(v[0].box->asked->reason);
}

/* Ours gives an answer always. */
static cel_value was_error(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)v;
	(void)n;
	return cel_bool(false);
}

static cel_value error(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)r;
	(void)v;
	(void)n;
	return cel_string(STR_NONE);
}

/* ---- tables ------------------------------------------------------------ */

static const struct cel_overload o_allowed[] = {
	UNARY_MEMBER(was_allowed, "decision_allowed", T_BOOL, &decision),
};
static const struct cel_overload o_check[] = {
	BINARY_MEMBER(check, "pathcheck_check", &decision, &path_check, T_STRING),
	BINARY_MEMBER(check, "resourcecheck_check", &decision, &resource_check, T_STRING),
};
static const struct cel_overload o_error[] = {
	UNARY_MEMBER(error, "decision_error", T_STRING, &decision),
};
static const struct cel_overload o_errored[] = {
	UNARY_MEMBER(was_error, "decision_errored", T_BOOL, &decision),
};
static const struct cel_overload o_field_selector[] = {
	BINARY_MEMBER(ask_field_selector, "authorizer_fieldselector",
		      &resource_check, &resource_check, T_STRING),
};
static const struct cel_overload o_group[] = {
	BINARY_MEMBER(ask_group, "authorizer_group", &group_check, &authorizer, T_STRING),
};
static const struct cel_overload o_label_selector[] = {
	BINARY_MEMBER(ask_label_selector, "authorizer_labelselector",
		      &resource_check, &resource_check, T_STRING),
};
static const struct cel_overload o_name[] = {
	BINARY_MEMBER(ask_name, "resourcecheck_name", &resource_check, &resource_check, T_STRING),
};
static const struct cel_overload o_namespace[] = {
	BINARY_MEMBER(ask_namespace, "resourcecheck_namespace",
		      &resource_check, &resource_check, T_STRING),
};
static const struct cel_overload o_path[] = {
	BINARY_MEMBER(ask_path, "authorizer_path", &path_check, &authorizer, T_STRING),
};
static const struct cel_overload o_reason[] = {
	UNARY_MEMBER(reason, "decision_reason", T_STRING, &decision),
};
static const struct cel_overload o_resource[] = {
	BINARY_MEMBER(ask_resource, "groupcheck_resource", &resource_check, &group_check, T_STRING),
};
static const struct cel_overload o_service_account[] = {
	ANY_MEMBER(ask_as_account, "authorizer_serviceaccount",
		      &authorizer, &authorizer, T_STRING, T_STRING),
};
static const struct cel_overload o_subresource[] = {
	BINARY_MEMBER(ask_subresource, "resourcecheck_subresource",
		      &resource_check, &resource_check, T_STRING),
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
