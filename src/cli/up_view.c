#include "cli/up_view.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/sort.h"
#include "base/vec.h"
#include "cli/flux.h"
#include "cli/screen.h"
#include "controllers/controllers.h"
#include "controllers/pass.h"
#include "kube/health.h"

/* A failure that is gone sooner is none. */
#define PATIENCE CLOCK_SECOND

/* One object; texts live in the round's arena. */
struct row {
	str kind, namespace, name, status, message;
	bool ready, suspended;
	bool told;			/* what it says now was printed */
	int64_t since;			/* clock_mono: it has been so */
	size_t order;			/* of its kind */
};

struct rows {
	struct arena arena;
	VEC(struct row) list;
};

struct up_view {
	struct cli *c;
	struct runtime *rt;
	struct rows now, before;
	struct screen screen;
	size_t order;			/* of the kind that is looked at */
	const struct controller *kind;
};

struct up_view *up_view_new(struct cli *c, struct runtime *rt)
{
	struct up_view *v = mem_calloc(1, sizeof *v);

	v->c = c;
	v->rt = rt;
	return v;
}

void up_view_free(struct up_view *v)
{
	if (!v)
		return;
	arena_release(&v->now.arena);
	arena_release(&v->before.arena);
	free(v);
}

/* ---- looking ------------------------------------------------------------------------ */

static err *take(void *ctx, node object)
{
	struct up_view *v = ctx;
	struct arena *a = &v->now.arena;
	node ready = health_condition(object, S("Ready"));
	struct row r = {
		.kind = arena_str(a, node_str(node_get(object, S("kind")))),
		.namespace = arena_str(a, flux_namespace(object)),
		.name = arena_str(a, flux_name(object)),
		.status = arena_str(a, node_str(node_get(ready, S("status")))),
		.message = flux_short(a, arena_str(a, node_str(node_get(ready, S("message"))))),
		.ready = object_is_ready(object) ||
			 (v->kind->is_static && v->kind->is_static(object)),
		.suspended = node_bool(node_dig(object, "spec", "suspend")),
		.order = v->order,
	};

	if (!r.status.n)
		r.status = S("Unknown");
	avec_push(a, &v->now.list, r);
	return NULL;
}

static int compare(const void *x, const void *y, void *ctx)
{
	const struct row *a = x, *b = y;
	int d;

	(void)ctx;
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	d = str_cmp(a->namespace, b->namespace);
	return d ? d : str_cmp(a->name, b->name);
}

static void look(struct up_view *v)
{
	size_t n;
	const struct controller *const *all = controllers_flux(&n);

	struct rows old = v->before;

	v->before = v->now;
	v->now = old;
	arena_clear(&v->now.arena);
	v->now.list.p = NULL;
	v->now.list.n = v->now.list.cap = 0;
	for (size_t i = 0; i < n; i++) {
		const struct api_kind *k = api_kind_find(str_c(all[i]->group), str_c(all[i]->kind));
		const struct client_resource r = { k->group, api_kind_newest(k)->name, k->plural,
						   k->kind, true };

		v->order = i;
		v->kind = all[i];
		err_free(live_each(runtime_live(v->rt), &r, take, v));
	}
	sort_stable(v->now.list.p, v->now.list.n, sizeof *v->now.list.p, compare, NULL);
}

/* ---- showing ------------------------------------------------------------------------ */

static const struct row *find(const struct rows *rows, const struct row *r)
{
	size_t low = 0, high = rows->list.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int d = compare(&rows->list.p[middle], r, NULL);

		if (!d)
			return &rows->list.p[middle];
		if (d < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool is_same(const struct row *a, const struct row *b)
{
	return a->ready == b->ready && str_eq(a->status, b->status) &&
	       str_eq(a->message, b->message);
}

/* How long it has been so, and whether that was told. */
static void remember(struct up_view *v)
{
	int64_t now = clock_mono();

	for (size_t i = 0; i < v->now.list.n; i++) {
		struct row *r = &v->now.list.p[i];
		const struct row *was = find(&v->before, r);
		bool same = was && is_same(was, r);

		r->since = same ? was->since : now;
		r->told = same && was->told;
	}
}

/* What is neither True nor False is on its way, and not worth a line. */
static int64_t print_news(struct up_view *v)
{
	int64_t now = clock_mono(), again = INT64_MAX;

	for (size_t i = 0; i < v->now.list.n; i++) {
		struct row *r = &v->now.list.p[i];
		bool failed = str_eq(r->status, S("False"));

		if (r->told || (!r->ready && !failed))
			continue;
		if (failed && now - r->since < PATIENCE) {
			int64_t left = r->since + PATIENCE - now;

			again = left < again ? left : again;
			continue;
		}
		r->told = true;
		if (failed)
			flux_failure(v->c, "%.*s/%.*s/%.*s %.*s", STR_ARG(r->kind),
				     STR_ARG(r->namespace), STR_ARG(r->name), STR_ARG(r->message));
		else
			flux_success(v->c, "%.*s/%.*s/%.*s %.*s", STR_ARG(r->kind),
				     STR_ARG(r->namespace), STR_ARG(r->name), STR_ARG(r->message));
	}
	return again;
}

static const char *colour_of(const struct up_view *v, const struct row *r)
{
	const char *no = cli_env(v->c, "NO_COLOR");

	if (no && *no)
		return "";
	if (r->suspended)
		return "\033[2m";
	if (r->ready)
		return "\033[32m";
	return str_eq(r->status, S("False")) ? "\033[31m" : "\033[33m";
}

static void draw(struct up_view *v)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	unsigned high, columns = screen_size(&v->c->err, &high);
	size_t name = 4, kind = 4;

	for (size_t i = 0; i < v->now.list.n; i++) {
		const struct row *r = &v->now.list.p[i];
		size_t n = r->namespace.n + 1 + r->name.n;

		name = n > name ? n : name;
		kind = r->kind.n > kind ? r->kind.n : kind;
	}
	for (size_t i = 0; i < v->now.list.n; i++) {
		const struct row *r = &v->now.list.p[i];
		CLEANUP(buf_release) struct buf full = BUF_INIT;
		size_t left = columns > kind + name + 13 ? columns - kind - name - 13 : 0;

		buf_addf(&full, "%.*s/%.*s", STR_ARG(r->namespace), STR_ARG(r->name));
		screen_cell(&b, r->kind, kind, true);
		buf_add(&b, S("  "));
		screen_cell(&b, buf_str(&full), name, true);
		buf_addf(&b, "  %s", colour_of(v, r));
		screen_cell(&b, r->suspended ? S("Paused") : r->status, 7, true);
		buf_add(&b, *colour_of(v, r) ? S("\033[0m  ") : S("  "));
		screen_cell(&b, r->message, left, false);
		buf_addc(&b, '\n');
	}
	screen_draw(&v->screen, &v->c->err, buf_str(&b));
}

static bool differs(const struct up_view *v)
{
	if (v->now.list.n != v->before.list.n)
		return true;
	for (size_t i = 0; i < v->now.list.n; i++) {
		const struct row *a = &v->now.list.p[i], *b = &v->before.list.p[i];

		if (compare(a, b, NULL) || a->suspended != b->suspended || !is_same(a, b))
			return true;
	}
	return false;
}

int64_t up_view_update(struct up_view *v)
{
	look(v);
	if (!output_is_terminal(&v->c->err)) {
		remember(v);
		return print_news(v);
	}
	if (differs(v))
		draw(v);
	return INT64_MAX;
}

bool up_view_is_ready(const struct up_view *v)
{
	for (size_t i = 0; i < v->now.list.n; i++)
		if (!v->now.list.p[i].ready && !v->now.list.p[i].suspended)
			return false;
	return v->now.list.n > 0;
}

void up_view_complain(struct up_view *v)
{
	for (size_t i = 0; i < v->now.list.n; i++) {
		const struct row *r = &v->now.list.p[i];

		if (!r->ready && !r->suspended)
			flux_failure(v->c, "%.*s/%.*s/%.*s is not ready: %.*s", STR_ARG(r->kind),
				     STR_ARG(r->namespace), STR_ARG(r->name), STR_ARG(r->message));
	}
}
