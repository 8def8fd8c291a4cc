/* Validation rules in CEL. */
#include "schema/structural_impl.h"

#include <stdarg.h>
#include <stdio.h>

#include "text/quote.h"

/* ---- compiling --------------------------------------------------------- */

struct compiler {
	struct arena *arena;
	const struct cel_decl *decl;
	const struct cel_env *envs[2];	/* oldSelf as it is, and as an optional */
};

static const struct cel_env *env_of(struct compiler *c, bool optional)
{
	if (!c->envs[optional]) {
		struct cel_env *env = cel_env_new(c->arena, CEL_KUBERNETES);

		cel_env_declare_schema(env, S("self"), c->decl, false);
		cel_env_declare_schema(env, S("oldSelf"), c->decl, optional);
		c->envs[optional] = env;
	}
	return c->envs[optional];
}

/* NULL program: `fault` says what is wrong. */
static const struct cel_program *compile(struct compiler *c, const struct structural_rule *r,
					 str source, enum cel_kind kind, const char *prefix,
					 const char *other_kind, str *fault)
{
	const struct cel_program *program = NULL;
	err *e = cel_compile(c->arena, env_of(c, r->optional_old_self), source, &program);

	if (e) {
		*fault = arena_printf(c->arena, "%s%s", prefix, err_msg(e));
		err_free(e);
		return NULL;
	}
	if (cel_program_kind(program) == kind)
		return program;
	*fault = str_c(other_kind);
	return NULL;
}

static void compile_rule(struct compiler *c, const struct type_rules *s, struct structural_rule *r)
{
	const struct type_rules *found;

	if (!str_trim(r->rule).n)
		return;
	r->program = compile(c, r, r->rule, CEL_BOOL, "compilation failed: ",
			     "cel expression must evaluate to a bool", &r->fault);
	if (!r->program)
		return;
	r->uses_old = cel_program_uses(r->program, S("oldSelf"));
	if (r->message_expression.n)
		r->message_program = compile(c, r, r->message_expression, CEL_STRING,
					     "messageExpression compilation failed: ",
					     "messageExpression must evaluate to a string",
					     &r->message_fault);
	/* A path that is none does not stop the rule. */
	if (r->field_path.n && !r->message_fault.n)
		err_free(structural_field_path(c->arena, s, r->field_path, true, &r->path, &found));
}

static void compile_node(struct arena *a, struct type_rules *s, const struct cel_decl *decl,
			 bool reached)
{
	if (!s || !s->rules_below)
		return;
	/* What is around makes no sense: this stands for itself. */
	if (!decl)
		decl = cel_decl_read(a, s->source, s->embedded);
	struct compiler c = { .arena = a, .decl = decl };

	s->decl = decl;
	s->rules_run = reached;
	for (size_t i = 0; decl->exposed && i < s->rules_n; i++)
		compile_rule(&c, s, &s->rules[i]);
	for (size_t i = 0; i < s->fields_n; i++) {
		const struct cel_decl_field *f = cel_decl_field(decl, s->fields[i].name);
		const struct cel_decl *below = f ? f->decl : NULL;
		/* Names that cannot be written in an expression stand for themselves. */
		bool known = below && below->exposed && (decl->exposed || !f->escaped.n);

		compile_node(a, s->fields[i].schema, below, reached && known);
	}
	compile_node(a, s->items, decl->elem, reached);
	compile_node(a, s->values, decl->elem, reached);
}

void structural_compile_rules(struct arena *a, struct type_rules *s)
{
	if (s->rules_below)
		compile_node(a, s, cel_decl_read(a, s->source, true), true);
}

/* ---- running ----------------------------------------------------------- */

/* The pair of a node, or that of the nearest node around it that has one. */
struct kept {
	struct structural_pair *own, *around;
};

struct spot {
	const struct structural_where *at;
	const struct type_rules *schema;
	node value, old;
	struct kept kept;
};

static void run_spot(struct structural_cel *c, const struct spot *spot);

static str path_of(struct structural_cel *c, const struct spot *spot, str below)
{
	struct structural_where w = { .up = spot->at, .kind = WHERE_CHILD, .name = below };

	return structural_where_path(c->arena, below.n ? &w : spot->at);
}

static str rule_text(const struct structural_rule *r)
{
	return str_trim(r->message.n ? r->message : r->rule);
}

/* An error about the rule itself shows the type in place of the value. */
static void say(struct structural_cel *c, const struct spot *spot, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct structural_cel *c, const struct spot *spot, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(NULL, 0, fmt, args);

	va_end(args);
	char *to = buf_reserve(&b, (size_t)n + 1);

	va_start(args, fmt);
	if (to)
		b.n += (size_t)vsnprintf(to, (size_t)n + 1, fmt, args);
	va_end(args);
	fielderr_invalid(c->errors, path_of(c, spot, STR_NONE),
			 node_from_str(c->arena, structural_type_text(spot->schema)), "%.*s",
			 STR_ARG(buf_str(&b)));
}

static void out_of_budget(struct structural_cel *c, const struct spot *spot)
{
	say(c, spot, "validation failed due to running out of cost budget, no further validation rules "
		     "will be run");
	c->budget = -1;
}

static bool is_ratcheted(struct structural_cel *c, const struct spot *spot)
{
	return structural_pair_equal(c->arena, spot->kept.own ? spot->kept.own : spot->kept.around);
}

static void fail(struct structural_cel *c, const struct spot *spot, const struct structural_rule *r,
		 str detail)
{
	bool kept = !r->uses_old && is_ratcheted(c, spot);
	struct fielderrs *to = kept ? c->kept : c->errors;
	bool bare = spot->schema->kind == STRUCTURAL_OBJECT || spot->schema->kind == STRUCTURAL_ARRAY;
	str path = path_of(c, spot, r->path);

	if (!to)
		return;
	if (str_eq(r->reason, S("FieldValueForbidden")))
		fielderr_forbidden(to, path, "%.*s", STR_ARG(detail));
	else if (str_eq(r->reason, S("FieldValueRequired")))
		fielderr_required(to, path, "%.*s", STR_ARG(detail));
	else if (str_eq(r->reason, S("FieldValueDuplicate")) && bare)
		fielderr_duplicate_bare(to, path);
	else if (str_eq(r->reason, S("FieldValueDuplicate")))
		fielderr_duplicate(to, path, spot->value);
	else if (bare)
		fielderr_invalid_bare(to, path, "%.*s", STR_ARG(detail));
	else
		fielderr_invalid(to, path, spot->value, "%.*s", STR_ARG(detail));
}

/* ---- one expression ---------------------------------------------------- */

static err *evaluate(struct structural_cel *c, const struct spot *spot,
		     const struct structural_rule *r, const struct cel_program *program,
		     cel_value *value, uint64_t *cost)
{
	struct cel_binding bindings[] = { { S("self"), spot->value }, { S("oldSelf"), spot->old } };
	bool has_old = spot->old.kind || r->optional_old_self;

	*cost = 0;
	return cel_eval(program, c->arena, bindings, has_old ? 2 : 1, CEL_COST_LIMIT, value, cost);
}

static bool is_over_limit(const err *e)
{
	return e && str_starts(err_text(e), S("operation cancelled: actual cost limit exceeded"));
}

/* What an error of the message's own expression means: the rule's message is
 * used, or it is the end of all rules. */
static bool is_message(cel_value v, str *text)
{
	if (v.kind != CEL_STRING)
		return false;
	*text = str_trim(v.s);
	return text->n && text->n <= STRUCTURAL_MESSAGE_MAX && str_find_char(*text, '\n') == STR_NPOS;
}

static bool run_message(struct structural_cel *c, const struct spot *spot,
			const struct structural_rule *r, str *text)
{
	cel_value value = { 0 };
	uint64_t cost;
	bool good = false;

	/* The original gives the plain old value where an optional is declared:
	 * touching it fails. */
	if (!r->message_program ||
	    (r->optional_old_self && cel_program_uses(r->message_program, S("oldSelf"))))
		return false;
	err *e = evaluate(c, spot, r, r->message_program, &value, &cost);

	if (cost > INT64_MAX || (int64_t)cost > c->budget) {
		say(c, spot, "messageExpression evaluation failed due to running out of cost budget, no "
			     "further validation rules will be run");
		c->budget = -1;
	} else if (is_over_limit(e)) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		quote_add(&b, r->message_expression, QUOTE_PRINT);
		say(c, spot, "no further validation rules will be run due to call cost exceeds limit for "
			     "messageExpression: %s", buf_c(&b));
		c->budget = -1;
	} else {
		c->budget -= (int64_t)cost;
		good = !e && is_message(value, text);
	}
	err_free(e);
	return good;
}

static void say_failure(struct structural_cel *c, const struct spot *spot,
			const struct structural_rule *r, const err *e)
{
	str text = rule_text(r);

	if (is_over_limit(e)) {
		say(c, spot, "'%s': no further validation rules will be run due to call cost exceeds limit "
			     "for rule: %.*s", err_msg(e), STR_ARG(text));
		c->budget = -1;
	} else if (str_starts(err_text(e), S("no such overload"))) {
		say(c, spot, "'%s': call arguments did not match a supported operator, function or macro "
			     "signature for rule: %.*s", err_msg(e), STR_ARG(text));
	} else {
		say(c, spot, "%s evaluating rule: %.*s", err_msg(e), STR_ARG(text));
	}
}

static void run_rule(struct structural_cel *c, const struct spot *spot,
		     const struct structural_rule *r)
{
	cel_value value = { 0 };
	uint64_t cost;
	str text;

	if (r->fault.n) {
		say(c, spot, "rule compile error: %.*s", STR_ARG(r->fault));
		return;
	}
	if (!r->program || (r->uses_old && !spot->old.kind && !r->optional_old_self))
		return;
	err *e = evaluate(c, spot, r, r->program, &value, &cost);

	if (cost > INT64_MAX || (int64_t)cost > c->budget) {
		out_of_budget(c, spot);
	} else {
		c->budget -= (int64_t)cost;
		if (e)
			say_failure(c, spot, r, e);
		else if (value.kind == CEL_BOOL && value.b)
			text = STR_NONE;
		else if (run_message(c, spot, r, &text))
			fail(c, spot, r, text);
		else if (c->budget >= 0)
			fail(c, spot, r, r->message.n
					 ? str_trim(r->message)
					 : arena_cat(c->arena, S("failed rule: "), rule_text(r)));
	}
	err_free(e);
}

static void run_own(struct structural_cel *c, const struct spot *spot)
{
	const struct type_rules *s = spot->schema;

	if (!s->rules_n)
		return;
	if (!s->decl || !s->decl->exposed) {
		say(c, spot, "rule compiler initialization error: failed to convert to declType for CEL "
			     "validation rules");
		return;
	}
	if (c->budget <= 0) {
		out_of_budget(c, spot);
		return;
	}
	for (size_t i = 0; i < s->rules_n && c->budget >= 0; i++)
		run_rule(c, spot, &s->rules[i]);
}

/* ---- below ------------------------------------------------------------- */

static struct kept kept_key(const struct kept *k, str key, struct structural_pair *room)
{
	if (!k->own)
		return *k;
	if (!k->around && (str_eq(key, S("apiVersion")) || str_eq(key, S("kind"))))
		return (struct kept){ 0 };
	return (struct kept){ structural_pair_key(k->own, key, room) ? room : NULL, k->own };
}

static void run_value(struct structural_cel *c, const struct spot *spot, const struct type_rules *s,
		      bool property, const struct node_pair *p)
{
	str key = node_str(p->key);
	struct structural_where at = { .up = spot->at, .name = key,
				       .kind = property ? WHERE_CHILD : WHERE_KEY };
	struct structural_pair room;
	struct spot below = { &at, s, p->value, node_get(spot->old, key),
			      kept_key(&spot->kept, key, &room) };

	if (spot->schema->map_type > STRUCTURAL_ATOMIC &&
	    spot->schema->map_type != STRUCTURAL_GRANULAR)
		below.old = NODE_NOTHING;
	run_spot(c, &below);
}

static void run_map(struct structural_cel *c, const struct spot *spot)
{
	const struct type_rules *s = spot->schema;

	if (s->values && s->values->rules_run)
		node_each_pair(p, spot->value) {
			if (c->budget < 0)
				return;
			run_value(c, spot, s->values, false, p);
		}
	node_each_pair(p, spot->value) {
		const struct type_rules *below = structural_field(s, node_str(p->key));

		if (c->budget < 0)
			return;
		if (below && below->rules_run)
			run_value(c, spot, below, true, p);
	}
}

static void run_list(struct structural_cel *c, const struct spot *spot)
{
	const struct type_rules *s = spot->schema;
	size_t i = 0;

	if (!s->items || !s->items->rules_run)
		return;
	struct structural_items *old = structural_items(c->arena, s, spot->old);

	node_each_item(item, spot->value) {
		struct structural_where at = { .up = spot->at, .kind = WHERE_INDEX, .index = i };
		struct structural_pair room;
		struct spot below = { &at, s->items, *item, structural_items_get(old, *item),
				      spot->kept };

		if (c->budget < 0)
			return;
		if (spot->kept.own)
			below.kept = (struct kept){
				structural_pair_index(c->arena, spot->kept.own, i, &room) ? &room : NULL,
				spot->kept.own,
			};
		run_spot(c, &below);
		i++;
	}
}

/* Null has no rules; those around it may look at it. */
static void run_spot(struct structural_cel *c, const struct spot *spot)
{
	if (spot->value.kind <= NODE_NULL)
		return;
	struct spot here = *spot;

	if (here.old.kind == NODE_NULL)
		here.old = NODE_NOTHING;
	run_own(c, &here);
	if (c->budget < 0)
		return;
	if (here.value.kind == NODE_MAP)
		run_map(c, &here);
	else if (here.value.kind == NODE_SEQ)
		run_list(c, &here);
}

void structural_run_rules(struct structural_cel *c, const struct structural_where *at,
			  const struct type_rules *s, node value, node old,
			  struct structural_pair *pair)
{
	struct spot spot = { at, s, value, old, { pair, NULL } };

	if (s->rules_below)
		run_spot(c, &spot);
}
