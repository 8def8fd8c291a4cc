#include "helm/caps.h"

#include "base/ascii.h"
#include "text/number.h"
#include "text/quote.h"

/* The groups of Kubernetes' client library and of CustomResourceDefinitions,
 * in the order in which Helm lists them. */
static const str builtin[] = {
	S("v1"),
	S("admissionregistration.k8s.io/v1"),
	S("admissionregistration.k8s.io/v1alpha1"),
	S("admissionregistration.k8s.io/v1beta1"),
	S("internal.apiserver.k8s.io/v1alpha1"),
	S("apps/v1"),
	S("apps/v1beta1"),
	S("apps/v1beta2"),
	S("authentication.k8s.io/v1"),
	S("authentication.k8s.io/v1alpha1"),
	S("authentication.k8s.io/v1beta1"),
	S("authorization.k8s.io/v1"),
	S("authorization.k8s.io/v1beta1"),
	S("autoscaling/v1"),
	S("autoscaling/v2"),
	S("batch/v1"),
	S("batch/v1beta1"),
	S("certificates.k8s.io/v1"),
	S("certificates.k8s.io/v1beta1"),
	S("certificates.k8s.io/v1alpha1"),
	S("coordination.k8s.io/v1alpha2"),
	S("coordination.k8s.io/v1beta1"),
	S("coordination.k8s.io/v1"),
	S("discovery.k8s.io/v1"),
	S("discovery.k8s.io/v1beta1"),
	S("events.k8s.io/v1"),
	S("events.k8s.io/v1beta1"),
	S("extensions/v1beta1"),
	S("flowcontrol.apiserver.k8s.io/v1"),
	S("flowcontrol.apiserver.k8s.io/v1beta1"),
	S("flowcontrol.apiserver.k8s.io/v1beta2"),
	S("flowcontrol.apiserver.k8s.io/v1beta3"),
	S("lifecycle.k8s.io/v1alpha1"),
	S("networking.k8s.io/v1"),
	S("networking.k8s.io/v1beta1"),
	S("node.k8s.io/v1"),
	S("node.k8s.io/v1alpha1"),
	S("node.k8s.io/v1beta1"),
	S("policy/v1"),
	S("policy/v1beta1"),
	S("rbac.authorization.k8s.io/v1"),
	S("rbac.authorization.k8s.io/v1beta1"),
	S("rbac.authorization.k8s.io/v1alpha1"),
	S("resource.k8s.io/v1"),
	S("resource.k8s.io/v1beta2"),
	S("resource.k8s.io/v1beta1"),
	S("resource.k8s.io/v1alpha3"),
	S("scheduling.k8s.io/v1alpha3"),
	S("scheduling.k8s.io/v1beta1"),
	S("scheduling.k8s.io/v1"),
	S("storage.k8s.io/v1beta1"),
	S("storage.k8s.io/v1"),
	S("storage.k8s.io/v1alpha1"),
	S("storagemigration.k8s.io/v1"),
	S("storagemigration.k8s.io/v1beta1"),
	S("apiextensions.k8s.io/v1beta1"),
	S("apiextensions.k8s.io/v1"),
};

enum { BUILTIN = sizeof builtin / sizeof *builtin };

/* ---- making ------------------------------------------------------------ */

struct caps caps_offline(struct arena *a, const str *more, size_t n)
{
	str *apis = arena_array(a, str, BUILTIN + n);

	memcpy(apis, builtin, sizeof builtin);
	if (n)
		memcpy(apis + BUILTIN, more, n * sizeof *more);
	return (struct caps){
		.kube = { S(CAPS_KUBE_VERSION), S(CAPS_KUBE_VERSION), S("1"), S("37") },
		.apis = apis,
		.apis_n = BUILTIN + n,
	};
}

static err *bad_number(str number, str text, const err *why)
{
	CLEANUP(buf_release) struct buf a = BUF_INIT, b = BUF_INIT;

	quote_add(&a, number, QUOTE_PRINT);
	quote_add(&b, text, QUOTE_PRINT);
	if (!why)
		return err_new(ERR_INVALID, "illegal zero-prefixed version component %s in %s",
			       buf_c(&a), buf_c(&b));
	return err_new(ERR_INVALID, "illegal non-numeric version component %s in %s: %s",
		       buf_c(&a), buf_c(&b), err_msg(why));
}

static err *no_version(const char *fmt_before, str text, const char *after)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, text, QUOTE_PRINT);
	return err_new(ERR_INVALID, "%s%s%s", fmt_before, buf_c(&b), after);
}

/* Numbers joined by dots, off the front; their values joined again. */
static err *take_numbers(str *rest, str text, struct buf *normal, uint64_t first[2], size_t *n)
{
	for (*n = 0; !*n || (rest->n > 1 && rest->p[0] == '.' && ascii_is_digit(rest->p[1])); ++*n) {
		uint64_t value;

		if (*n)
			str_take(rest, '.');
		str number = str_span(rest, ascii_is_digit);

		if (!*n && number.n > 1 && number.p[0] == '0')
			return bad_number(number, text, NULL);
		err *why = number_parse_uint(number, 10, &value);

		if (why) {
			err *e = bad_number(number, text, why);

			err_free(why);
			return e;
		}
		if (*n < 2)
			first[*n] = value;
		buf_add(normal, *n ? S(".") : S("v"));
		number_add_uint(normal, value);
	}
	return NULL;
}

err *caps_parse_version(struct arena *a, str text, struct objects_kube_version *out)
{
	CLEANUP(buf_release) struct buf normal = BUF_INIT;
	str rest = str_trim_left_set(text, S(" \t\n\f\r"));
	uint64_t first[2] = { 0 };
	size_t n;

	str_take(&rest, 'v');
	if (!rest.n || !ascii_is_digit(rest.p[0]) || str_find_char(rest, '\n') != STR_NPOS)
		return no_version("could not parse ", text, " as version");
	str numbers = rest;

	if (str_span(&numbers, ascii_is_digit).n == rest.n || numbers.n < 2 || numbers.p[0] != '.' ||
	    !ascii_is_digit(numbers.p[1]))
		return no_version("illegal version string ", text, "");
	TRY(take_numbers(&rest, text, &normal, first, &n));
	*out = (struct objects_kube_version){
		.version = str_starts(text, S("v")) ? text : arena_cat(a, S("v"), text),
		.normalized = arena_str(a, buf_str(&normal)),
		.major = arena_printf(a, "%llu", (unsigned long long)first[0]),
		.minor = arena_printf(a, "%llu", (unsigned long long)first[1]),
	};
	return NULL;
}

const struct objects_helm_version caps_of_flux = {
	.version = S("v4.2"),
	.go_version = S(CAPS_GO_VERSION),
	.kube_client_version = S("v1.36"),
};

node caps_object(struct arena *a, const struct caps *c)
{
	static const struct objects_helm_version helm = {
		.version = S(CAPS_HELM_VERSION),
		.go_version = S(CAPS_GO_VERSION),
		.kube_client_version = S("v1.37"),
	};
	node apis = node_seq(a, c->apis_n);

	for (size_t i = 0; i < c->apis_n; i++)
		node_append(a, apis, node_from_str(a, c->apis[i]));
	return objects_capabilities(a, &c->kube, apis, c->helm ? c->helm : &helm);
}
