#include "schema/schema_run.h"

enum {
	FRAMES_MAX = 100000,
	WORK_MAX = 50000000,		/* some seconds */
	MEMORY_MAX = 256 << 20,
};

/* ---- what is evaluated ------------------------------------------------- */

void run_mark(struct run *r, struct frame *f, size_t i)
{
	if (!run_is_open(r, f, i))
		return;
	r->bits.p[f->bits + i / 64] &= ~((uint64_t)1 << i % 64);
	f->left--;
}

void run_mark_all(struct run *r, struct frame *f)
{
	if (f->left)
		memset(r->bits.p + f->bits, 0, f->words * sizeof *r->bits.p);
	f->left = 0;
}

/* Bits for the members or items that the schema must account for, to itself
 * or to its caller. */
static void open_bits(struct run *r, struct frame *f, const struct schema *s, bool caller_needs)
{
	size_t n = node_len(*f->v), from = 0;
	bool needed = false;

	f->bits = r->bits.n;
	if (f->v->kind == NODE_MAP) {
		needed = !s->all_members && (caller_needs || s->judges_members);
	} else if (f->v->kind == NODE_SEQ) {
		needed = !s->all_items && (caller_needs || s->judges_items);
		from = s->items_evaluated;
	}
	if (!needed || from >= n)
		return;
	f->words = (n + 63) / 64;
	f->left = n - from;
	vec_reserve(&r->bits, f->words);
	memset(r->bits.p + r->bits.n, 0, f->words * sizeof *r->bits.p);
	for (size_t i = from; i < n; i++)
		r->bits.p[f->bits + i / 64] |= (uint64_t)1 << i % 64;
	r->bits.n += f->words;
	r->work += f->words;
}

/* What a schema of the same value found evaluated is so for its caller. */
static void merge_bits(struct run *r, struct frame *to, const struct frame *from)
{
	if (!to->left)
		return;
	if (!from->left) {
		run_mark_all(r, to);
		return;
	}
	to->left = 0;
	for (size_t i = 0; i < to->words; i++) {
		r->bits.p[to->bits + i] &= r->bits.p[from->bits + i];
		to->left += (size_t)__builtin_popcountll(r->bits.p[to->bits + i]);
	}
}

/* ---- frames ------------------------------------------------------------ */

/* A schema that begins a resource of its own is checked by its own dialect. */
static void choose_meta(struct run *r, struct frame *f)
{
	if (!r->doc || r->doc->resources.n < 2 || f->scope != f->meta)
		return;
	struct place *p = place_find(r->doc, f->v);

	if (p && p->own)
		f->schema = f->meta = load_dialect_meta(r->c, p->own);
}

static enum flow push(struct run *r, struct frame child, bool quiet)
{
	struct frame *top = &r->frames.p[r->frames.n - 1];
	size_t at = r->frames.n;
	bool self = child.hop == HOP_SELF;

	if (at >= FRAMES_MAX && !r->fatal)
		r->fatal = err_new(ERR_INVALID, "validation is nested deeper than %d schemas",
				   FRAMES_MAX);
	top->waiting = true;
	child.scope = child.schema;
	child.meta = top->meta;
	child.quiet = top->quiet || quiet;
	child.value = self ? top->value : at;
	child.base = child.hop == HOP_FRESH ? at : top->base;
	child.picks = r->picks.n;
	child.matched = -1;
	open_bits(r, &child, child.schema, self && top->left);
	choose_meta(r, &child);
	vec_push(&r->frames, child);
	return FLOW_WAIT;
}

enum flow call_self(struct run *r, const struct schema *s, str keyword, bool quiet)
{
	const node *v = r->frames.p[r->frames.n - 1].v;

	return push(r, (struct frame){ .schema = s, .v = v, .keyword = keyword }, quiet);
}

enum flow call_key(struct run *r, const struct schema *s, const struct node_pair *pair)
{
	return push(r,
		    (struct frame){ .schema = s,
				    .v = &pair->value,
				    .hop = HOP_KEY,
				    .key = node_str(pair->key) },
		    false);
}

enum flow call_index(struct run *r, const struct schema *s, const node *item, size_t index)
{
	return push(r,
		    (struct frame){ .schema = s, .v = item, .hop = HOP_INDEX, .index = index },
		    false);
}

enum flow call_fresh(struct run *r, const struct schema *s, const node *v)
{
	return push(r, (struct frame){ .schema = s, .v = v, .hop = HOP_FRESH }, false);
}

/* ---- failures ---------------------------------------------------------- */

/* Where the frame's value is; NULL is the root. */
static const struct loc *locate(struct run *r, const struct frame *f)
{
	VEC(size_t) path = { 0 };
	const struct loc *loc = NULL;

	for (size_t at = f->value; r->frames.p[at].hop != HOP_FRESH;) {
		loc = r->frames.p[at].loc;
		if (loc)
			break;
		vec_push(&path, at);
		at = r->frames.p[at - 1].value;
	}
	while (path.n) {
		struct frame *of = &r->frames.p[path.p[--path.n]];
		struct loc *next = arena_new(&r->arena, struct loc);

		*next = (struct loc){ loc, of->key, of->index, of->hop == HOP_INDEX };
		loc = of->loc = next;
	}
	vec_release(&path);
	return loc;
}

struct fail *fail_new(struct run *r, struct frame *f, enum fail_kind kind, const struct step *s)
{
	if (f->quiet)
		return &r->quiet;
	struct fail *fail = arena_new(&r->arena, struct fail);

	fail->kind = (uint8_t)kind;
	fail->step = s;
	fail->got = *f->v;
	fail->at = locate(r, f);
	return fail;
}

void fail_add(struct frame *f, struct fail *fail)
{
	f->fails++;
	if (f->quiet)
		return;
	if (f->last)
		f->last->next = fail;
	else
		f->first = fail;
	f->last = fail;
}

void fail_adopt(struct frame *f, struct fail *above, struct fail *below)
{
	if (f->quiet)
		return;
	bool group = below->kind == FAIL_GROUP;

	above->first = group ? below->first : below;
	above->last = group ? below->last : below;
}

/* The keywords that lead from the beginning to frame `at`. */
static void add_way(struct run *r, struct buf *b, size_t at)
{
	for (size_t k = r->frames.p[at].base + 1; k <= at; k++) {
		const struct frame *f = &r->frames.p[k];

		if (f->keyword.n)
			buf_addf(b, "/%.*s", STR_ARG(f->keyword));
		else
			place_add_pointer(b, f->scope->place, true, f[-1].scope->place);
	}
}

static struct fail *fail_cycle(struct run *r, size_t at, size_t other)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT, url = BUF_INIT;
	struct frame *f = &r->frames.p[at];
	struct fail *fail = fail_new(r, f, FAIL_CYCLE, NULL);

	if (f->quiet)
		return fail;
	buf_add(&b, S("both "));
	add_way(r, &b, at);
	buf_add(&b, S(" and "));
	add_way(r, &b, other);
	buf_add(&b, S(" resolve to "));
	schema_add_url(&url, f->schema);
	print_go_quoted(&b, buf_str(&url));
	buf_add(&b, S(" causing reference cycle"));
	fail->text = arena_str(&r->arena, buf_str(&b));
	return fail;
}

/* ---- running ----------------------------------------------------------- */

/* Whether the same schema already works on this value, further down. */
static bool find_cycle(struct run *r, size_t at, size_t *other)
{
	const struct frame *f = &r->frames.p[at];

	for (size_t k = at; k-- > f->value;) {
		r->work++;
		if (r->frames.p[k].scope == f->scope) {
			*other = k;
			return true;
		}
	}
	return false;
}

/* What comes before all keywords; false when that settled it. */
static bool begin(struct run *r, struct frame *f)
{
	size_t at = r->frames.n - 1, other;

	if (f->schema->boolean >= 0) {
		if (!f->schema->boolean)
			fail_add(f, fail_new(r, f, FAIL_FALSE, NULL));
		return false;
	}
	if (find_cycle(r, at, &other)) {
		fail_add(f, fail_cycle(r, at, other));
		return false;
	}
	if (schema_type(*f->v))
		return true;
	fail_add(f, fail_new(r, f, FAIL_VALUE, NULL));
	return false;
}

static struct fail *verdict(struct run *r, struct frame *f)
{
	if (!f->fails)
		return NULL;
	if (f->quiet)
		return &r->quiet;
	if (f->fails == 1)
		return f->first;
	struct fail *group = fail_new(r, f, FAIL_GROUP, NULL);

	group->first = f->first;
	group->last = f->last;
	return group;
}

static void pop(struct run *r)
{
	struct frame *f = &r->frames.p[r->frames.n - 1];

	r->result = verdict(r, f);
	if (!r->result && f->hop == HOP_SELF)
		merge_bits(r, f - 1, f);
	r->bits.n = f->bits;
	r->picks.n = f->picks;
	r->frames.n--;
}

static enum flow advance(struct run *r, struct frame *f)
{
	if (f->pc == f->schema->steps_n)
		return FLOW_FINISH;
	enum flow flow = steps_run(r, f, &f->schema->steps[f->pc]);

	if (flow != FLOW_NEXT)
		return flow;
	f->pc++;
	f->i = f->j = 0;
	f->matched = -1;
	f->got = f->got_last = NULL;
	f->hit = false;
	r->picks.n = f->picks;
	return f->quiet && f->fails ? FLOW_FINISH : FLOW_NEXT;
}

static err *run_all(struct run *r)
{
	while (r->frames.n) {
		struct frame *f = &r->frames.p[r->frames.n - 1];
		bool fresh = !f->pc && !f->waiting;

		if (++r->work > WORK_MAX)
			return err_new(ERR_INVALID, "validation takes more than %d steps", WORK_MAX);
		if ((fresh && !begin(r, f)) || advance(r, f) == FLOW_FINISH)
			pop(r);
		if (r->fatal)
			return r->fatal;
		TRY(arena_check(&r->arena, "validation"));
	}
	return NULL;
}

err *schema_run(const struct schema *s, const node *instance, struct compiler *c, struct doc *doc)
{
	struct run r = { .arena = ARENA_BUDGET(MEMORY_MAX), .c = c, .doc = doc };
	struct frame root = {
		.schema = s,
		.scope = s,
		.meta = doc ? s : NULL,
		.v = instance,
		.hop = HOP_FRESH,
		.matched = -1,
	};

	open_bits(&r, &root, s, false);
	vec_push(&r.frames, root);
	err *e = run_all(&r);

	if (!e && r.result)
		e = print_fails(s, r.result);
	vec_release(&r.frames);
	vec_release(&r.bits);
	vec_release(&r.picks);
	arena_release(&r.arena);
	return e;
}

err *schema_validate(const struct schema *s, node instance)
{
	return schema_run(s, &instance, NULL, NULL);
}

/* ---- Helm -------------------------------------------------------------- */

err *schema_values_validate(const struct schema *s, node values)
{
	err *e = schema_validate(s, values);
	str text, first, rest;

	if (!e || !str_starts(err_text(e), S("jsonschema validation failed with ")))
		return e;
	text = err_text(e);
	str_split(text, '\n', &first, &rest);
	if (!str_eq(first, S("jsonschema validation failed with 'file:///values.schema.json#'")))
		rest = text;
	return err_replace(e, "%.*s\n", STR_ARG(rest));
}

err *schema_values_check(str schema_text, node values, const struct schema_options *o)
{
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET(MEMORY_MAX);
	const struct schema *s;

	TRY(schema_compile(&a, schema_text, o, &s));
	return schema_values_validate(s, values);
}
