#include "client/applyset_impl.h"

#include <time.h>

#include "base/clock.h"
#include "base/sort.h"
#include "base/vec.h"

str applyset_action_name(enum applyset_action action)
{
	switch (action) {
	case APPLYSET_CREATED:
		return S("created");
	case APPLYSET_CONFIGURED:
		return S("configured");
	case APPLYSET_UNCHANGED:
		return S("unchanged");
	case APPLYSET_DELETED:
		return S("deleted");
	case APPLYSET_SKIPPED:
		return S("skipped");
	case APPLYSET_NONE:
	case APPLYSET_FAILED:
		break;
	}
	return S("unknown");
}

bool applyset_is_marked(node object, str group, const char *key, str value)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str name = arena_cat(&a, group, S("/"), str_c(key));

	return str_eq_nocase(node_str(node_get(node_dig(object, "metadata", "labels"), name)),
			     value) ||
	       str_eq_nocase(node_str(node_get(node_dig(object, "metadata", "annotations"), name)),
			     value);
}

void applyset_log(struct buf *b, const struct applyset_item *items, size_t n)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	for (size_t i = 0; i < n; i++) {
		const struct applyset_item *it = &items[i];

		if (!it->done ||
		    (it->action != APPLYSET_CREATED && it->action != APPLYSET_CONFIGURED))
			continue;
		str name = objid_show(&a, &it->id), action = applyset_action_name(it->action);

		buf_addf(b, "%.*s %.*s\n", STR_ARG(name), STR_ARG(action));
	}
}

/* ---- requests ---------------------------------------------------------- */

static bool is_canceled(const atomic_bool *cancel)
{
	return cancel && atomic_load(cancel);
}

bool applyset_pause(int64_t *span, int64_t deadline, const atomic_bool *cancel)
{
	if (is_canceled(cancel) || clock_mono() >= deadline)
		return false;
	struct timespec t = clock_timespec(*span);

	nanosleep(&t, NULL);
	*span = *span * 2 < APPLYSET_POLL_MAX ? *span * 2 : APPLYSET_POLL_MAX;
	return true;
}

/* Whether another request may go out, and which. */
static size_t start_more(struct applyset_runner *r, struct applyset_work *w, size_t n, size_t at,
			 struct client_call **calls, size_t *flying, applyset_ask *ask)
{
	unsigned window = r->options->window ? r->options->window : APPLYSET_WINDOW;

	for (; at < n && *flying < window; at++) {
		struct client_request q = { .cancel = r->options->cancel };

		calls[at] = ask(r, &w[at], &q) ? client_start(r->client, &q) : NULL;
		*flying += calls[at] != NULL;
	}
	return at;
}

err *applyset_each(struct applyset_runner *r, struct applyset_work *w, size_t n, applyset_ask *ask,
		   applyset_take *take)
{
	struct client_call **calls = arena_array(r->arena, struct client_call *, n);
	size_t started = 0, flying = 0;
	err *bad = NULL;

	for (size_t i = 0; i < n; i++) {
		node answer = NODE_NOTHING;
		int code = 0;

		if (!bad)
			started = start_more(r, w, n, started, calls, &flying, ask);
		if (i >= started || !calls[i])
			continue;
		err *e = client_wait_code(calls[i], r->arena, &answer, &code);

		flying--;
		e = take(r, &w[i], e, answer, code);
		if (bad)
			err_free(e);
		else
			bad = e;
	}
	return bad;
}

/* ---- stages ------------------------------------------------------------ */

enum stage { STAGE_DEFINITIONS, STAGE_CLASSES, STAGE_CUSTOM, STAGE_REST, STAGES };

static bool is_definition(struct gvk g)
{
	if (str_eq_nocase(g.kind, S("customresourcedefinition")))
		return str_eq(g.group, S("apiextensions.k8s.io"));
	if (str_eq_nocase(g.kind, S("clusterrole")))
		return str_eq(g.group, S("rbac.authorization.k8s.io"));
	return str_eq_nocase(g.kind, S("namespace")) && !g.group.n && str_eq(g.version, S("v1"));
}

static bool is_custom(const struct applyset_options *o, struct gvk g)
{
	for (size_t i = 0; i < o->stage_kinds_n; i++) {
		str group, kind;

		if (!str_split(o->stage_kinds[i], '/', &group, &kind)) {
			kind = group;
			group = STR_NONE;
		}
		if (str_eq(group, g.group) && str_eq(kind, g.kind))
			return true;
	}
	return false;
}

static enum stage stage_of(const struct applyset_options *o, node object)
{
	struct gvk g = gvk_of(object);

	if (is_definition(g))
		return STAGE_DEFINITIONS;
	if (str_ends(g.kind, S("Class")))
		return STAGE_CLASSES;
	return is_custom(o, g) ? STAGE_CUSTOM : STAGE_REST;
}

static int cmp_items(const void *x, const void *y, void *ctx)
{
	const struct applyset_item *a = x, *b = y;
	enum stage s = stage_of(ctx, a->object), t = stage_of(ctx, b->object);

	return s != t ? (s < t ? -1 : 1) : objid_cmp(&a->id, &b->id);
}

static bool wrote_definitions(const struct applyset_work *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (w[i].item->written && str_eq(w[i].item->id.kind, S("CustomResourceDefinition")))
			return true;
	return false;
}

static err *run_stage(struct applyset_runner *r, enum stage s, struct applyset_item *items,
		      size_t n)
{
	struct applyset_work *w = arena_array(r->arena, struct applyset_work, n);

	for (size_t i = 0; i < n; i++)
		w[i].item = &items[i];
	TRY(applyset_stage_run(r, w, n));
	for (size_t i = 0; i < n; i++)
		items[i].done = true;
	if (s == STAGE_DEFINITIONS || s == STAGE_CLASSES)
		TRY(applyset_stage_wait(r, w, n));
	if (s == STAGE_DEFINITIONS && wrote_definitions(w, n)) {
		r->new_kinds = true;
		discovery_forget(r->discovery);
	}
	return NULL;
}

err *applyset_run(struct client *c, struct discovery *d, struct arena *a,
		  struct applyset_item *items, size_t n, const struct applyset_options *o)
{
	struct applyset_runner r = {
		.client = c, .discovery = d, .arena = a, .options = o
	};

	for (size_t i = 0; i < n; i++)
		items[i].id = objid_of(items[i].object);
	struct applyset_options by = *o;

	sort_stable(items, n, sizeof *items, cmp_items, &by);
	TRY(applyset_rules_read(a, o, &r.rules));
	for (size_t at = 0, end; at < n; at = end) {
		enum stage s = stage_of(o, items[at].object);

		for (end = at + 1; end < n && stage_of(o, items[end].object) == s; end++)
			;
		TRY(run_stage(&r, s, items + at, end - at));
	}
	return NULL;
}

err *applyset_compare(struct client *c, struct discovery *d, struct arena *a,
		      struct applyset_item *item, const struct applyset_options *o, node *before,
		      node *after)
{
	struct applyset_runner r = {
		.client = c, .discovery = d, .arena = a, .options = o
	};
	struct applyset_work w = { .item = item };

	item->id = objid_of(item->object);
	TRY(applyset_rules_read(a, o, &r.rules));
	return applyset_stage_compare(&r, &w, before, after);
}
