#include "server/resources.h"

#include <stdlib.h>

#include "server/amounts.h"
#include "server/podamount.h"

static const char *const quota_names[] = {
	"cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage",
	"requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage", "pods",
	"resourcequotas", "services", "replicationcontrollers", "secrets", "persistentvolumeclaims",
	"configmaps", "services.nodeports", "services.loadbalancers", NULL,
};
static const char *const counted_names[] = {
	"pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps",
	"persistentvolumeclaims", "services.nodeports", "services.loadbalancers", NULL,
};

static bool is_huge_quota(str name)
{
	return str_starts(name, S("hugepages-")) || str_starts(name, S("requests.hugepages-"));
}

bool resources_is_native(str name)
{
	return podamount_is_native(name);
}

bool resources_is_standard_quota(str name)
{
	return check_is(name, quota_names) || is_huge_quota(name);
}

bool resources_is_extended(str name)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (resources_is_native(name) || str_starts(name, S("requests.")))
		return false;
	buf_add(&b, S("requests."));
	buf_add(&b, name);
	return name_check(buf_str(&b), NAME_QUALIFIED, NULL);
}

bool resources_check_name(struct fielderrs *e, const struct at *at, str name,
			  enum resources_place place)
{
	size_t before = e->n;
	bool plain = str_find_char(name, '/') == STR_NPOS;
	bool huge = str_starts(name, S("hugepages-"));

	check_name(e, at, name, NAME_QUALIFIED);
	if (e->n == before && plain && !str_eq(name, S("storage")) && !resources_is_standard_quota(name))
		check_invalid_text(e, at, name, "must be a standard resource type or fully qualified");
	switch (place) {
	case RESOURCES_ANY:
		break;
	case RESOURCES_CONTAINER:
		if (plain && !IS_ONE_OF(name, "cpu", "memory", "ephemeral-storage") && !huge)
			check_invalid_text(e, at, name, "must be a standard resource for containers");
		else if (!plain && !resources_is_native(name) && !resources_is_extended(name))
			check_invalid_text(e, at, name, "doesn't follow extended resource name standard");
		break;
	case RESOURCES_POD:
		if (e->n == before && !podamount_is_pod_level(name))
			ONE_OF(e, at, check_text(e, name), "cpu", "hugepages-", "memory");
		break;
	case RESOURCES_QUOTA:
		if (plain && !resources_is_standard_quota(name))
			check_invalid_text(e, at, name, "must be a standard resource for quota");
		break;
	}
	return e->n == before;
}

struct quantity resources_quantity(struct fielderrs *e, node value)
{
	return amounts_quantity(e->arena, value);
}

void resources_check_value(struct fielderrs *e, const struct at *at, str name, node value)
{
	struct quantity q = resources_quantity(e, value);

	if (quantity_sign(&q) < 0)
		check_invalid(e, at, value, "must be greater than or equal to 0");
	if ((check_is(name, counted_names) || resources_is_extended(name)) && quantity_milli(&q) % 1000)
		check_invalid(e, at, value, "must be an integer");
}

bool resources_check_positive(struct fielderrs *e, const struct at *at, node value)
{
	struct quantity q = resources_quantity(e, value);

	if (quantity_sign(&q) > 0)
		return true;
	check_invalid(e, at, node_is_nil(value) ? node_lit("0") : value, "must be greater than zero");
	return false;
}

void resources_check_basic(struct fielderrs *e, const struct at *at, node value)
{
	struct quantity q = resources_quantity(e, value);
	int64_t whole = quantity_value(&q);

	if (whole < 0)
		check_invalid(e, at, node_from_int(whole), "must be a valid resource quantity");
}

static void check_huge_page(struct fielderrs *e, const struct at *at, str name, node value)
{
	struct quantity q = resources_quantity(e, value), page;
	str size = name;

	if (!str_take_str(&size, S("hugepages-")))
		return;
	err *bad = quantity_parse(e->arena, size, &page);
	bool fits = !bad && quantity_sign(&page) > 0 && quantity_milli(&page) % 1000 == 0 &&
		    quantity_value(&page) > 0 && quantity_value(&q) % quantity_value(&page) == 0;

	err_free(bad);
	if (!fits)
		check_invalid(e, at, value, "%.*s is not positive integer multiple of %.*s",
			      STR_ARG(node_str(value)), STR_ARG(name));
}

static void check_request(struct fielderrs *e, const struct at *at, node limits, str name, node value)
{
	node limit = node_get(limits, name);
	bool overcommit = resources_is_native(name) && !podamount_is_huge_pages(name);

	if (node_is_nil(limit)) {
		if (!overcommit)
			check_required_why(e, AT(at, "limits"),
					   "Limit must be set for non overcommitable resources");
		return;
	}
	struct quantity q = resources_quantity(e, value), l = resources_quantity(e, limit);
	int c = quantity_cmp(&q, &l);
	const struct at *requests = AT(at, "requests");

	if (c && !overcommit)
		check_invalid(e, requests, value, "must be equal to %.*s limit of %.*s", STR_ARG(name),
			      STR_ARG(node_str(limit)));
	else if (c > 0)
		check_invalid(e, requests, value, "must be less than or equal to %.*s limit of %.*s",
			      STR_ARG(name), STR_ARG(node_str(limit)));
}

static int by_bytes(const void *x, const void *y)
{
	return str_cmp(*(const str *)x, *(const str *)y);
}

static void check_unknown_claim(struct fielderrs *e, const struct at *at, str name, node claims)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str *names = arena_array(e->arena, str, node_len(claims));
	size_t n = 0;

	node_each_pair(p, claims)
		names[n++] = node_str(p->key);
	qsort(names, n, sizeof *names, by_bytes);
	buf_add(&b, S("must be one of the names in pod.spec.resourceClaims"));
	if (n) {
		buf_add(&b, S(": "));
		buf_add(&b, arena_join(e->arena, names, n, S(", ")));
	} else {
		buf_add(&b, S(" which is empty"));
	}
	struct fielderrs one = { .arena = e->arena };

	check_not_found(&one, at, check_text(e, name));
	fielderr_add(e, FIELDERR_NOT_FOUND, one.list[0].path,
		     arena_cat(e->arena, one.list[0].text, S(": "), buf_str(&b)));
}

/* Whether a part of the claim is used already: "name/request" for some request. */
static size_t parts_of(node used, str name)
{
	size_t n = 0;

	node_each_pair(p, used) {
		str key = node_str(p->key);

		n += str_take_str(&key, name) && str_starts(key, S("/"));
	}
	return n;
}

static void check_claims(struct fielderrs *e, const struct at *at, node list, node claims)
{
	node used = node_map(e->arena, node_len(list));

	for (size_t i = 0; i < node_len(list); i++) {
		node claim = node_at(list, i);
		str name = TEXT_OF(claim, "name"), request = TEXT_OF(claim, "request"), key = name;
		const struct at *here = AT_I(at, i);

		if (!name.n) {
			check_required(e, here);
			continue;
		}
		if (node_has(used, name)) {
			check_duplicate(e, here, GET(claim, "name"));
		} else {
			if (request.n) {
				check_name(e, AT(here, "request"), request, NAME_DNS_LABEL);
				key = arena_cat(e->arena, name, S("/"), request);
			}
			if (node_has(used, key))
				check_duplicate(e, here, check_text(e, key));
			else if (!request.n)
				for (size_t n = parts_of(used, name); n > 0; n--)
					check_duplicate(e, here, GET(claim, "name"));
			node_set(e->arena, used, key, node_null());
		}
		if (!node_has(claims, name))
			check_unknown_claim(e, here, name, claims);
	}
}

void resources_check(struct fielderrs *e, const struct at *at, node requirements, node claims,
		     enum resources_place place)
{
	node limits = GET(requirements, "limits"), requests = GET(requirements, "requests");
	bool compute = false, huge = false;

	for (int which = 0; which < 2; which++) {
		node_each_pair(p, which ? requests : limits) {
			str name = node_str(p->key);
			const struct at *here = AT_K(which ? AT(at, "requests") : AT(at, "limits"), name);

			resources_check_name(e, here, name, place);
			resources_check_value(e, here, name, p->value);
			if (which)
				check_request(e, at, limits, name, p->value);
			check_huge_page(e, here, name, p->value);
			huge |= podamount_is_huge_pages(name);
			compute |= IS_ONE_OF(name, "cpu", "memory");
		}
	}
	if (huge && !compute)
		check_forbidden(e, at, "HugePages require cpu or memory");
	check_claims(e, AT(at, "claims"), GET(requirements, "claims"), claims);
}
