/* cycle - objects that wait for each other.
 *
 * They do so for ever, as with Flux, and what a change of their source would tell them is
 * told all the same; but the log says it, with Flux's words. */
#include "controllers/runtime_impl.h"

/* Deeper than this nobody is looked for. */
enum { CHAIN_MAX = 1000 };

struct search {
	struct runtime *rt;
	struct object *path[CHAIN_MAX];
	size_t n;
	bool found;
};

static void tell(const struct search *s, size_t from)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = from; i <= s->n; i++) {
		const struct entry *e = &s->path[i < s->n ? i : from]->entry;

		buf_addf(&b, "%s%.*s/%.*s", i > from ? " -> " : "", STR_ARG(e->namespace),
			 STR_ARG(e->name));
	}
	CLEANUP(err_drop) err *why = err_new(ERR_INVALID, "circular dependency detected: %s",
					     buf_c(&b));

	log_error(s->rt->o.log, why, S("failed to sort dependencies for revision change"));
}

static void visit(struct search *s, struct object *o);

static void visit_dependencies(struct search *s, struct object *o)
{
	for (size_t i = 0; i < o->edges.n && !s->found; i++) {
		const struct entry *t = &o->edges.p[i]->to->entry;

		if (o->edges.p[i]->matter != REF_READY || !str_eq(t->kind, o->entry.kind) ||
		    !str_eq(t->group, o->entry.group))
			continue;
		struct entry *e = entries_find(&s->rt->objects, t->group, t->kind, t->namespace,
					       t->name);

		if (e)
			visit(s, (struct object *)e);
	}
}

static void visit(struct search *s, struct object *o)
{
	uint64_t begun = s->rt->searches * 2, done = begun + 1;

	if (o->visit == done || s->n == CHAIN_MAX)
		return;
	if (o->visit == begun) {
		size_t from = s->n;

		while (from > 0 && s->path[--from] != o)
			;
		s->found = true;
		tell(s, from);
		return;
	}
	o->visit = begun;
	s->path[s->n++] = o;
	visit_dependencies(s, o);
	s->n--;
	o->visit = done;
}

void objects_tell_cycle(struct runtime *rt, const struct target *t)
{
	struct search s;

	s.rt = rt;
	s.n = 0;
	s.found = false;
	rt->searches++;

	for (size_t i = 0; i < t->edges.n && !s.found; i++)
		if (t->edges.p[i]->matter == REF_ARTIFACT)
			visit(&s, t->edges.p[i]->from);
}
