/* What a definition may say of conversion between its versions. */
#include "server/crd_impl.h"

#include "text/gourl.h"
#include "text/names.h"

static void check_url(const struct crd_checker *c, str text, str path)
{
	static const char form[] = "; desired format: https://host[/path]";
	struct gourl u = { 0 };
	err *e = gourl_parse(c->arena, text, &u);

	if (e) {
		fielderr_required(c->errors, path, "url must be a valid URL: %s%s", err_msg(e), form);
		err_free(e);
		return;
	}
	if (!str_eq(u.scheme, S("https")))
		fielderr_invalid(c->errors, path, node_from_str(c->arena, u.scheme),
				 "'https' is the only allowed URL scheme%s", form);
	if (!u.host.n)
		fielderr_invalid(c->errors, path, node_lit(""), "host must be specified%s", form);
	if (u.has_user) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		gourl_add_user(&b, &u);
		fielderr_invalid(c->errors, path, node_copy_str(c->arena, buf_str(&b)),
				 "user information is not permitted in the URL");
	}
	if (u.fragment.n)
		fielderr_invalid(c->errors, path, node_from_str(c->arena, u.fragment),
				 "fragments are not permitted in the URL");
	if (u.query.n)
		fielderr_invalid(c->errors, path, node_from_str(c->arena, u.query),
				 "query parameters are not permitted in the URL");
}

static void check_url_path(const struct crd_checker *c, node value, str path)
{
	str s = node_str(value), step;
	size_t i = 0;
	bool more = true;

	if (!s.n || str_eq(s, S("/")))
		return;
	if (str_eq(s, S("//"))) {
		fielderr_invalid(c->errors, path, value, "segment[0] may not be empty");
		return;
	}
	if (s.p[0] != '/')
		fielderr_invalid(c->errors, path, value, "must start with a '/'");
	s = str_from(s, 1);
	if (str_ends(s, S("/")))
		s.n--;
	for (; more; i++) {
		str list[NAME_COMPLAINTS_MAX];

		more = str_split(s, '/', &step, &s);
		if (!step.n) {
			fielderr_invalid(c->errors, path, value, "segment[%zu] may not be empty", i);
			continue;
		}
		size_t n = name_complaints(step, NAME_DNS_SUBDOMAIN, list);

		for (size_t k = 0; k < n; k++)
			fielderr_invalid(c->errors, path, value, "segment[%zu]: %.*s", i,
					 STR_ARG(list[k]));
	}
}

/* The original hands name and namespace over in the other order. */
static void check_service(const struct crd_checker *c, node service, str path)
{
	node port = node_get(service, S("port"));
	int64_t number = node_is_num(port) ? node_int(port) : 443;

	if (!crd_text(service, S("namespace")).n)
		fielderr_required(c->errors, CRD_PATH(c, path, ".name"), "%s", "");
	if (!crd_text(service, S("name")).n)
		fielderr_required(c->errors, CRD_PATH(c, path, ".namespace"), "%s", "");
	if (number < 1 || number > 65535)
		fielderr_invalid(c->errors, CRD_PATH(c, path, ".port"), node_from_int(number),
				 "port is not valid: must be between 1 and 65535, inclusive");
	check_url_path(c, node_get(service, S("path")), CRD_PATH(c, path, ".path"));
}

static bool is_review_version(node v)
{
	return str_eq(node_str(v), S("v1")) || str_eq(node_str(v), S("v1beta1"));
}

/* What was so before may stay so. */
static bool knew_none(const struct crd_checker *c)
{
	node before = node_dig(c->old, "spec", "conversion", "webhook", "conversionReviewVersions");

	node_each_item(v, before)
		if (is_review_version(*v))
			return false;
	return node_len(before) > 0;
}

static void check_review_versions(const struct crd_checker *c, node versions, str path)
{
	bool known = false;
	size_t i = 0;

	if (!node_len(versions)) {
		fielderr_required(c->errors, path, "%s", "");
		return;
	}
	node_each_item(v, versions) {
		str at = CRD_PATH(c, path, "[%zu]", i), list[NAME_COMPLAINTS_MAX];
		size_t before = 0;

		while (!str_eq(node_str(node_at(versions, before)), node_str(*v)))
			before++;
		if (before < i++) {
			fielderr_invalid(c->errors, at, *v, "duplicate version");
			continue;
		}
		size_t n = name_complaints(node_str(*v), NAME_DNS1035_LABEL, list);

		for (size_t k = 0; k < n; k++)
			fielderr_invalid(c->errors, at, *v, "%.*s", STR_ARG(list[k]));
		known |= is_review_version(*v);
	}
	if (!known && !knew_none(c))
		fielderr_invalid(c->errors, path, versions, "must include at least one of v1, v1beta1");
}

static void check_webhook(const struct crd_checker *c, node webhook)
{
	static const str path = S("spec.conversion.webhookClientConfig");
	node client = node_get(webhook, S("clientConfig"));
	node url = node_get(client, S("url")), service = node_get(client, S("service"));

	if (node_is_nil(client))
		fielderr_required(c->errors, path, "required when strategy is set to Webhook");
	else if (node_is_nil(url) == node_is_nil(service))
		fielderr_required(c->errors, path, "exactly one of url or service is required");
	else if (!node_is_nil(url))
		check_url(c, node_str(url), CRD_PATH(c, path, ".url"));
	else
		check_service(c, service, CRD_PATH(c, path, ".service"));
	check_review_versions(c, node_get(webhook, S("conversionReviewVersions")),
			      S("spec.conversion.conversionReviewVersions"));
}

void crd_check_conversion(const struct crd_checker *c)
{
	static const str strategies[] = { S("None"), S("Webhook") };
	node conversion = node_get(c->spec, S("conversion"));
	node webhook = node_get(conversion, S("webhook")), strategy = node_get(conversion, S("strategy"));

	if (node_is_nil(conversion))
		return;
	if (node_bool(node_get(c->spec, S("preserveUnknownFields"))) &&
	    !str_eq(node_str(strategy), S("None")))
		fielderr_invalid(c->errors, S("spec.conversion.strategy"), strategy,
				 "must be None if spec.preserveUnknownFields is true");
	crd_check_enum(c, S("spec.conversion.strategy"), node_str(strategy), strategies, 2);
	if (str_eq(node_str(strategy), S("Webhook"))) {
		check_webhook(c, webhook);
		return;
	}
	if (!node_is_nil(node_get(webhook, S("clientConfig"))))
		fielderr_forbidden(c->errors, S("spec.conversion.webhookClientConfig"),
				   "should not be set when strategy is not set to Webhook");
	if (node_len(node_get(webhook, S("conversionReviewVersions"))))
		fielderr_forbidden(c->errors, S("spec.conversion.conversionReviewVersions"),
				   "should not be set when strategy is not set to Webhook");
}
