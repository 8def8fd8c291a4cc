/* The updater: what a write makes of the sets of all managers. Each set is in
 * the version that its manager wrote, so the objects are seen in that one. */
#include "kube/managed_impl.h"

/* The live object and the one to come as a version has them, and how they
 * differ. */
struct view {
	str api_version;
	bool served;
	struct managed_version live, object;
	bool compared;
	struct granular_diff diff;
};

struct tracker {
	struct arena *a;
	const struct managed_request *r;
	str api_version;		/* of the request */
	node live, object;
	VEC(struct view *) views;
	str fault;			/* of the first conversion that failed */
};

/* ---- versions ---------------------------------------------------------- */

/* An object is in the version that it says, an empty one in the request's. */
static bool convert(struct tracker *t, node object, str api_version, struct managed_version *out)
{
	str own = node_str(node_get(object, S("apiVersion")));
	bool same = str_eq(api_version, own.n ? own : t->api_version);

	*out = (struct managed_version){ object, t->r->type };
	if (same && str_eq(api_version, t->api_version))
		return true;
	if (!t->r->convert || !t->r->convert(t->r->context, t->a, object, api_version, out))
		return false;
	err *e = granular_validate(t->a, out->object, out->type, true);

	if (e && !t->fault.n)
		t->fault = arena_str(t->a, err_text(e));
	err_free(e);
	return true;
}

static struct view *view_of(struct tracker *t, str api_version)
{
	for (size_t i = 0; i < t->views.n; i++)
		if (str_eq(t->views.p[i]->api_version, api_version))
			return t->views.p[i];
	struct view *v = arena_new(t->a, struct view);

	v->api_version = api_version;
	v->served = convert(t, t->live, api_version, &v->live);
	avec_push(t->a, &t->views, v);
	return v;
}

/* ---- what an endpoint ignores ------------------------------------------ */

/* Paths of a set that begin with one of `only`. */
static struct fieldset *keep_only(struct arena *a, const struct fieldset *s, const struct fieldset *only)
{
	struct fieldset *out = fieldset_new(a);

	for (uint32_t i = 0; s && i < s->n; i++) {
		const struct fieldset_entry *e = &s->entries[i], *match = fieldset_at(only, &e->step);
		const struct fieldset_step any = { .kind = FIELDSET_INDEX, .index = -1 };

		if (!match)
			match = fieldset_at(only, &any);
		if (!match)
			continue;
		struct fieldset_entry *to = fieldset_need(a, out, &e->step);

		to->member = e->member;
		to->below = e->below && !match->member ? keep_only(a, e->below, match->below) : e->below;
	}
	return out;
}

static struct fieldset *filter(struct tracker *t, struct fieldset *s)
{
	if (!s)
		return NULL;
	if (t->r->only)
		return keep_only(t->a, s, t->r->only);
	return t->r->reset ? fieldset_without(t->a, s, t->r->reset) : s;
}

static void compare(struct tracker *t, struct view *v)
{
	if (v->compared)
		return;
	v->compared = true;
	convert(t, t->object, v->api_version, &v->object);
	granular_compare(t->a, v->live.object, v->object.object, v->live.type, &v->diff);
	v->diff.added = filter(t, v->diff.added);
	v->diff.modified = filter(t, v->diff.modified);
	v->diff.removed = filter(t, v->diff.removed);
}

/* ---- the sets of the others -------------------------------------------- */

/* Entries of versions that are gone go, the others are brought in line with
 * what is atomic now. */
static void reconcile(struct tracker *t, struct managed_list *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->entries.n; i++) {
		struct managed_entry e = l->entries.p[i];
		struct view *v = view_of(t, e.api_version);

		if (!v->served)
			continue;
		e.set = (struct fieldset *)granular_reconcile(t->a, e.set, v->live.type);
		l->entries.p[n++] = e;
	}
	l->entries.n = n;
}

static void take_from(struct tracker *t, struct managed_entry *e, const struct fieldset *s)
{
	if (!fieldset_is_empty(s))
		e->set = fieldset_minus(t->a, e->set, s);
}

/* Paths that others own and that this write changes; then, unless these stop
 * it, they lose them. */
static bool settle(struct tracker *t, struct managed_list *l, const struct managed_entry *self,
		   bool force, struct managed_conflicts *conflicts)
{
	struct fieldset **lost = arena_array(t->a, struct fieldset *, l->entries.n);
	size_t n = 0;

	for (size_t i = 0; i < l->entries.n; i++) {
		struct managed_entry *e = &l->entries.p[i];
		struct view *v = view_of(t, e->api_version);

		if (self && managed_same(e, self))
			continue;
		compare(t, v);
		lost[i] = fieldset_common(t->a, e->set,
					  fieldset_union(t->a, v->diff.modified, v->diff.added));
		if (!fieldset_is_empty(lost[i]) && conflicts)
			avec_push(t->a, &conflicts->of, (struct managed_conflict_at){ e, lost[i] });
	}
	if (conflicts && conflicts->of.n && !force)
		return false;
	for (size_t i = 0; i < l->entries.n; i++) {
		struct managed_entry *e = &l->entries.p[i];

		if (!self || !managed_same(e, self)) {
			take_from(t, e, lost[i]);
			take_from(t, e, view_of(t, e->api_version)->diff.removed);
		}
		if (!fieldset_is_empty(e->set))
			l->entries.p[n++] = *e;
	}
	l->entries.n = n;
	return true;
}

struct fieldset *managed_track_update(struct arena *a, const struct managed_request *r, node live,
				      node object, struct managed_list *l)
{
	struct tracker t = { .a = a, .r = r, .live = live, .object = object };

	t.api_version = gvk_api_version(a, r->gvk);
	reconcile(&t, l);
	settle(&t, l, NULL, true, NULL);
	struct view *v = view_of(&t, t.api_version);

	compare(&t, v);
	l->fault = t.fault;
	return fieldset_union(a, v->diff.modified, v->diff.added);
}

/* ---- apply ------------------------------------------------------------- */

static struct fieldset *named_fields(struct tracker *t, const struct managed_version *v)
{
	return granular_name_fields(t->a, granular_fields(t->a, v->object, v->type), v->type);
}

/* What is owned in a version stays. */
static void add_back_owned(struct tracker *t, node *merged, node *pruned, str api_version,
			   const struct fieldset *owned)
{
	struct managed_version all, left;

	if (!convert(t, *merged, api_version, &all) || !convert(t, *pruned, api_version, &left))
		return;
	struct fieldset *keep = fieldset_union(t->a, named_fields(t, &left),
					       granular_name_fields(t->a, owned, all.type));

	*merged = all.object;
	*pruned = granular_remove(t->a, all.object, all.type,
				  fieldset_minus(t->a, named_fields(t, &all), keep));
}

/* What all managers own in a version. */
static struct fieldset *owned_in(struct tracker *t, const struct managed_list *l, str api_version)
{
	struct fieldset *all = fieldset_new(t->a);

	for (size_t i = 0; i < l->entries.n; i++)
		if (str_eq(l->entries.p[i].api_version, api_version))
			all = fieldset_union(t->a, all, l->entries.p[i].set);
	return all;
}

static void add_back_all_owned(struct tracker *t, node merged, node *pruned,
			       const struct managed_list *l, str first)
{
	struct fieldset *owned = owned_in(t, l, first);

	if (owned->n)
		add_back_owned(t, &merged, pruned, first, owned);
	for (size_t i = 0; i < l->entries.n; i++) {
		str version = l->entries.p[i].api_version;
		size_t k = 0;

		while (!str_eq(l->entries.p[k].api_version, version))
			k++;
		if (k == i && !str_eq(version, first))
			add_back_owned(t, &merged, pruned, version, owned_in(t, l, version));
	}
}

/* Take out what this manager wanted the last time and nobody wants now. What
 * it never had, it cannot take away. */
static node prune(struct tracker *t, node merged, const struct managed_list *l,
		  const struct managed_entry *last)
{
	struct managed_version all, left, back;

	if (fieldset_is_empty(last->set) || !convert(t, merged, last->api_version, &all))
		return merged;
	struct fieldset *had = granular_name_fields(t->a, last->set, all.type);
	node pruned = granular_remove(t->a, all.object, all.type, had);

	add_back_all_owned(t, all.object, &pruned, l, last->api_version);
	if (!convert(t, pruned, last->api_version, &left))
		return merged;
	struct fieldset *gone = fieldset_minus(t->a, named_fields(t, &all), named_fields(t, &left));

	pruned = granular_remove(t->a, all.object, all.type, fieldset_common(t->a, gone, had));
	return convert(t, pruned, t->api_version, &back) ? back.object : merged;
}

void managed_track_apply(struct arena *a, const struct managed_request *r, node live, node config,
			 struct managed_list *l, const struct managed_entry *self, bool force,
			 struct managed_conflicts *conflicts, node *out)
{
	struct tracker t = { .a = a, .r = r, .live = live };
	struct managed_entry e = *self, last = { 0 };

	t.api_version = gvk_api_version(a, r->gvk);
	reconcile(&t, l);
	struct managed_entry *before = managed_find(l, self);

	if (before) {
		last = *before;
		e.time = before->time;
	}
	e.set = filter(&t, granular_fields(a, config, r->type));
	managed_put(a, l, &e);
	t.object = granular_merge(a, live, config, r->type);
	t.object = prune(&t, t.object, l, &last);
	if (settle(&t, l, self, force, conflicts))
		*out = t.object;
	l->fault = t.fault;
}
