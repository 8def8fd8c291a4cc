#include "server/limits.h"

#include <stdlib.h>

#include "base/buf.h"
#include "server/amounts.h"
#include "server/check.h"
#include "server/kinds_impl.h"
#include "server/meta.h"
#include "server/podamount.h"

static node ranges(struct kind_call *c)
{
	return c->look_all(c, STR_NONE, S("limitranges"), c->namespace);
}

/* ---- defaults ----------------------------------------------------------------- */

static int by_bytes(const void *x, const void *y)
{
	return str_cmp(*(const str *)x, *(const str *)y);
}

/* "cpu, memory request for container app" */
static void tell(struct kind_call *c, struct buf *notes, str *set, size_t n, const char *what,
		 const char *kind, str container)
{
	if (!n)
		return;
	qsort(set, n, sizeof *set, by_bytes);
	buf_addf(notes, "%s%.*s %s for %s %.*s", notes->n ? "; " : "",
		 STR_ARG(arena_join(c->arena, set, n, S(", "))), what, kind, STR_ARG(container));
}

static void merge(struct kind_call *c, struct buf *notes, node container, const char *kind, str which,
		  node defaults, const char *what)
{
	struct arena *a = c->arena;
	str *set = arena_array(a, str, node_len(defaults));
	size_t n = 0;

	node_each_pair(p, defaults) {
		node own = node_map_at(a, node_map_at(a, container, S("resources")), which);

		if (node_has(own, node_str(p->key)))
			continue;
		node_set(a, own, node_str(p->key), p->value);
		node_sort(own);
		set[n++] = node_str(p->key);
	}
	tell(c, notes, set, n, what, kind, TEXT_OF(container, "name"));
}

static node defaults_of(struct arena *a, node range, const char *field)
{
	node all = node_map(a, 2);

	node_each_item(limit, GET(GET(range, "spec"), "limits"))
		if (str_eq(TEXT_OF(*limit, "type"), S("Container")))
			node_each_pair(p, node_get(*limit, str_c(field)))
				node_set(a, all, node_str(p->key), p->value);
	return all;
}

static void admit_range(struct kind_call *c, node range)
{
	static const struct {
		str list;
		const char *kind;
	} lists[] = { { S("containers"), "container" }, { S("initContainers"), "init container" } };
	CLEANUP(buf_release) struct buf notes = BUF_INIT;
	struct arena *a = c->arena;
	node limits = defaults_of(a, range, "default"), requests = defaults_of(a, range, "defaultRequest");

	for (size_t l = 0; l < 2; l++)
		node_each_item(x, node_get(GET(c->object, "spec"), lists[l].list)) {
			merge(c, &notes, *x, lists[l].kind, S("requests"), requests, "request");
			merge(c, &notes, *x, lists[l].kind, S("limits"), limits, "limit");
		}
	if (!notes.n)
		return;
	str text = arena_cat(a, S("LimitRanger plugin set: "), buf_str(&notes));

	node_set(a, node_map_at(a, meta_of(a, c->object), S("annotations")), S("kubernetes.io/limit-ranger"),
		 node_from_str(a, text));
}

void limits_admit_pod(struct kind_call *c)
{
	node_each_item(range, ranges(c))
		admit_range(c, *range);
}

/* ---- bounds ---------------------------------------------------------------------- */

/* What one thing asks for, and the limit that it is held against. */
struct bound {
	struct kind_call *c;
	str type;			/* "Container" */
	const struct amounts *requests, *limits;
	struct buf *errors;
	size_t n;
};


static bool is_small(const struct quantity *q)
{
	return quantity_value(q) <= INT64_MAX / 1000;
}

/* The three as numbers of one scale: thousandths, unless that is too much. */
static void as_numbers(const struct quantity *in[3], int64_t out[3])
{
	bool milli = is_small(in[0]) && is_small(in[1]) && is_small(in[2]);

	for (size_t i = 0; i < 3; i++)
		out[i] = milli ? quantity_milli(in[i]) : quantity_value(in[i]);
}

static const struct quantity *amount_of(const struct amounts *of, str name)
{
	static const struct quantity none;
	const struct amount *found = amounts_get(of, name);

	return found ? &found->q : &none;
}

#define TEXT(q) STR_ARG(amounts_text(b->c->arena, (q)))

static void fail(struct bound *b, str text)
{
	buf_add(b->errors, b->n ? S(", ") : STR_NONE);
	buf_add(b->errors, text);
	b->n++;
}

#define FAIL(b, ...) fail((b), arena_printf((b)->c->arena, __VA_ARGS__))

static void check_min(struct bound *b, str name, const struct quantity *least)
{
	const struct quantity *request = amount_of(b->requests, name), *limit = amount_of(b->limits, name);
	int64_t n[3];

	as_numbers((const struct quantity *[]){ request, limit, least }, n);
	if (!amounts_get(b->requests, name))
		FAIL(b, "minimum %.*s usage per %.*s is %.*s.  No request is specified", STR_ARG(name),
		     STR_ARG(b->type), TEXT(least));
	else if (n[0] < n[2])
		FAIL(b, "minimum %.*s usage per %.*s is %.*s, but request is %.*s", STR_ARG(name),
		     STR_ARG(b->type), TEXT(least), TEXT(request));
	else if (amounts_get(b->limits, name) && n[1] < n[2])
		FAIL(b, "minimum %.*s usage per %.*s is %.*s, but limit is %.*s", STR_ARG(name),
		     STR_ARG(b->type), TEXT(least), TEXT(limit));
}

static void check_max(struct bound *b, str name, const struct quantity *most)
{
	const struct quantity *request = amount_of(b->requests, name), *limit = amount_of(b->limits, name);
	int64_t n[3];

	as_numbers((const struct quantity *[]){ request, limit, most }, n);
	if (!amounts_get(b->limits, name))
		FAIL(b, "maximum %.*s usage per %.*s is %.*s.  No limit is specified", STR_ARG(name),
		     STR_ARG(b->type), TEXT(most));
	else if (n[1] > n[2])
		FAIL(b, "maximum %.*s usage per %.*s is %.*s, but limit is %.*s", STR_ARG(name),
		     STR_ARG(b->type), TEXT(most), TEXT(limit));
	else if (amounts_get(b->requests, name) && n[0] > n[2])
		FAIL(b, "maximum %.*s usage per %.*s is %.*s, but request is %.*s", STR_ARG(name),
		     STR_ARG(b->type), TEXT(most), TEXT(request));
}

static void check_max_request(struct bound *b, str name, const struct quantity *most)
{
	const struct quantity *request = amount_of(b->requests, name);
	int64_t n[3];

	as_numbers((const struct quantity *[]){ request, most, most }, n);
	if (!amounts_get(b->requests, name))
		FAIL(b, "maximum %.*s usage per %.*s is %.*s.  No request is specified", STR_ARG(name),
		     STR_ARG(b->type), TEXT(most));
	else if (n[0] > n[2])
		FAIL(b, "maximum %.*s usage per %.*s is %.*s, but request is %.*s", STR_ARG(name),
		     STR_ARG(b->type), TEXT(most), TEXT(request));
}

static void check_ratio(struct bound *b, str name, const struct quantity *most)
{
	const struct quantity *request = amount_of(b->requests, name), *limit = amount_of(b->limits, name);
	int64_t n[3];

	as_numbers((const struct quantity *[]){ request, limit, most }, n);
	if (!n[0]) {
		FAIL(b, "%.*s max limit to request ratio per %.*s is %.*s, but no request is specified or "
			"request is 0",
		     STR_ARG(name), STR_ARG(b->type), TEXT(most));
		return;
	}
	if (!n[1]) {
		FAIL(b, "%.*s max limit to request ratio per %.*s is %.*s, but no limit is specified or "
			"limit is 0",
		     STR_ARG(name), STR_ARG(b->type), TEXT(most));
		return;
	}
	double ratio = (double)n[1] / (double)n[0];
	bool milli = is_small(most);

	if (ratio * (milli ? 1000 : 1) > (double)(milli ? quantity_milli(most) : quantity_value(most)))
		FAIL(b, "%.*s max limit to request ratio per %.*s is %.*s, but provided ratio is %f",
		     STR_ARG(name), STR_ARG(b->type), TEXT(most), ratio);
}

static void check_each(struct bound *b, node amounts,
		       void (*check)(struct bound *, str, const struct quantity *))
{
	node_each_pair(p, amounts) {
		struct quantity q = amounts_quantity(b->c->arena, p->value);

		check(b, node_str(p->key), &q);
	}
}

static void check_limit(struct bound *b, node limit)
{
	check_each(b, GET(limit, "min"), check_min);
	check_each(b, GET(limit, "max"), check_max);
	check_each(b, GET(limit, "maxLimitRequestRatio"), check_ratio);
}

static void check_containers(struct bound *b, node limit)
{
	static const str lists[] = { S("containers"), S("initContainers") };

	for (size_t l = 0; l < 2; l++)
		node_each_item(x, node_get(GET(b->c->object, "spec"), lists[l])) {
			node resources = GET(*x, "resources");
			struct amounts requests = amounts_of(b->c->arena, GET(resources, "requests"));
			struct amounts limits = amounts_of(b->c->arena, GET(resources, "limits"));

			b->requests = &requests;
			b->limits = &limits;
			check_limit(b, limit);
		}
}

/* What the Pod as a whole says wins over the sum of its containers. */
static struct amounts pod_amounts(struct kind_call *c, str which)
{
	node spec = GET(c->object, "spec");
	struct amounts sum = podamount_containers(c->arena, spec, which);

	node_each_pair(p, node_get(GET(spec, "resources"), which)) {
		struct quantity q = amounts_quantity(c->arena, p->value);

		if (IS_ONE_OF(node_str(p->key), "cpu", "memory"))
			amounts_set(&sum, node_str(p->key), &q);
	}
	return sum;
}

static void check_one(struct kind_call *c, node range, bool claim)
{
	CLEANUP(buf_release) struct buf errors = BUF_INIT;
	struct bound b = { .c = c, .errors = &errors };

	node_each_item(limit, GET(GET(range, "spec"), "limits")) {
		b.type = TEXT_OF(*limit, "type");
		if (!claim && str_eq(b.type, S("Container"))) {
			check_containers(&b, *limit);
		} else if (!claim && str_eq(b.type, S("Pod"))) {
			struct amounts requests = pod_amounts(c, S("requests"));
			struct amounts limits = pod_amounts(c, S("limits"));

			b.requests = &requests;
			b.limits = &limits;
			check_limit(&b, *limit);
		} else if (claim && str_eq(b.type, S("PersistentVolumeClaim"))) {
			struct amounts none = { .arena = c->arena };
			struct amounts requests = amounts_of(
				c->arena, GET(GET(GET(c->object, "spec"), "resources"), "requests"));

			b.requests = &requests;
			b.limits = &none;
			check_each(&b, GET(*limit, "min"), check_min);
			check_each(&b, GET(*limit, "max"), check_max_request);
		}
	}
	if (b.n)
		kinds_forbid(c, b.n > 1 ? "[%.*s]" : "%.*s", STR_ARG(buf_str(&errors)));
}

static void check_ranges(struct kind_call *c, bool claim)
{
	node_each_item(range, ranges(c))
		if (!c->refusal)
			check_one(c, *range, claim);
}

void limits_check_pod(struct kind_call *c)
{
	check_ranges(c, false);
}

void limits_check_claim(struct kind_call *c)
{
	check_ranges(c, true);
}
