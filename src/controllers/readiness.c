#include "controllers/readiness.h"

#include "base/ascii.h"
#include "base/map.h"
#include "base/vec.h"
#include "cel/cel.h"

struct rule {
	struct gvk kind;		/* without version; kind empty: all of the group */
	str in_progress, failed, current;
	const struct cel_program *programs[3];
};

struct readiness {
	struct rule *list;
	size_t n;
};

/* ---- compiling ------------------------------------------------------------- */

static bool is_word(char c)
{
	return ascii_is_digit(c) || ascii_is_lower((char)(c | 0x20)) || c == '_';
}

/* Names that mean something to the language. */
static bool is_reserved(str word)
{
	static const char *const words[] = { "true",  "false",	"null",	  "in",	      "bool",
					     "int",   "uint",	"double", "string",   "bytes",
					     "list",  "map",	"type",	  "null_type", "dyn",
					     "optional_type" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_eq(word, str_c(words[i])))
			return true;
	return false;
}

/* Skip a text in quotes; `s` begins with the quote. */
static str skip_quoted(str s)
{
	char quote = *s.p;

	for (s = str_from(s, 1); s.n && *s.p != quote; s = str_from(s, 1))
		if (*s.p == '\\')
			s = str_from(s, 1);
	return str_from(s, 1);
}

/* Every name in the expression that is no field of another. */
static void declare_names(struct arena *a, struct cel_env *env, str expr)
{
	CLEANUP(map_release) struct map seen = MAP_INIT;
	char before = 0;

	while (expr.n) {
		char c = *expr.p;

		if (c == '"' || c == '\'') {
			expr = skip_quoted(expr);
		} else if (is_word(c)) {
			str word = str_span(&expr, is_word);
			bool name = !ascii_is_digit(c) && before != '.' && !is_reserved(word);

			if (name && !map_has(&seen, word)) {
				map_set(&seen, word, env);
				cel_env_declare_unknown(env, arena_str(a, word));
			}
		} else {
			expr = str_from(expr, 1);
		}
		if (c != ' ')
			before = c;
	}
}

static err *compile(struct arena *a, const char *what, str expr, const struct cel_program **out)
{
	struct cel_env *env = cel_env_new(a, CEL_FLUX);

	declare_names(a, env, expr);
	err *e = cel_compile(a, env, expr, out);

	return e ? err_replace(e,
			       "failed to parse the expression %s: failed to parse the CEL expression "
			       "'%.*s': %s",
			       what, STR_ARG(expr), err_msg(e))
		 : NULL;
}

static str field(node n, const char *key)
{
	return node_str(node_get(n, str_c(key)));
}

static err *read_rule(struct arena *a, node from, struct rule *to)
{
	to->current = field(from, "current");
	to->failed = field(from, "failed");
	to->in_progress = field(from, "inProgress");
	if (!to->current.n)
		return err_new(ERR_INVALID, "expression Current not specified");
	TRY(compile(a, "Current", to->current, &to->programs[2]));
	if (to->failed.n)
		TRY(compile(a, "Failed", to->failed, &to->programs[1]));
	if (to->in_progress.n)
		TRY(compile(a, "InProgress", to->in_progress, &to->programs[0]));
	return NULL;
}

static struct rule *find(const struct readiness *r, str group, str kind)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->list[i].kind.group, group) && str_eq(r->list[i].kind.kind, kind))
			return &r->list[i];
	return NULL;
}

err *readiness_read(struct arena *a, node exprs, const struct readiness **out)
{
	struct readiness *r = arena_new(a, struct readiness);

	r->list = arena_array(a, struct rule, node_len(exprs));
	for (size_t i = 0; i < node_len(exprs); i++) {
		node from = node_at(exprs, i);
		struct gvk g = gvk_parse(field(from, "apiVersion"), field(from, "kind"));

		if (find(r, g.group, g.kind))
			return err_new(ERR_INVALID,
				       "duplicate custom health check for GroupKind %.*s%s%.*s at "
				       "healthchecks[%zu]",
				       STR_ARG(g.kind), g.group.n ? "." : "", STR_ARG(g.group), i);
		r->list[i].kind = g;
		err *e = read_rule(a, from, &r->list[i]);

		if (e)
			return err_wrap(e,
					"failed to create custom status evaluator for "
					"healthchecks[%zu]",
					i);
		r->n++;
	}
	*out = r;
	return NULL;
}

/* ---- evaluating -------------------------------------------------------------- */

static struct rule *rule_for(const struct readiness *r, str group, str kind)
{
	struct rule *own = find(r, group, kind);

	return own ? own : find(r, group, STR_NONE);
}

bool readiness_knows(const struct readiness *r, str group, str kind)
{
	return rule_for(r, group, kind) != NULL;
}

static err *eval(struct arena *a, const struct cel_program *program, str expr,
		 const struct cel_binding *bindings, size_t n, bool *out)
{
	struct cel_value value;
	err *e = cel_eval(program, a, bindings, n, CEL_COST_LIMIT, &value, NULL);

	if (e) {
		err_set_kind(e, ERR_INTERNAL);
		return err_wrap(e, "failed to evaluate the CEL expression '%.*s'", STR_ARG(expr));
	}
	if (value.kind != CEL_BOOL)
		return err_new(ERR_INTERNAL, "failed to evaluate CEL expression as boolean: '%.*s'",
			       STR_ARG(expr));
	*out = value.b;
	return NULL;
}

static bool is_behind(node object)
{
	node observed = node_dig(object, "status", "observedGeneration");
	node generation = node_dig(object, "metadata", "generation");

	return observed.kind == NODE_INT && generation.kind == NODE_INT &&
	       node_int(observed) != node_int(generation);
}

err *readiness_health(const struct readiness *r, struct arena *a, node object, struct health *out)
{
	static const enum health_status means[] = { HEALTH_IN_PROGRESS, HEALTH_FAILED,
						    HEALTH_CURRENT };
	struct gvk g = gvk_of(object);
	struct rule *rule = rule_for(r, g.group, g.kind);
	const str exprs[] = { rule->in_progress, rule->failed, rule->current };
	struct cel_binding *bindings = arena_array(a, struct cel_binding, node_len(object));
	size_t n = 0;

	*out = (struct health){ .status = HEALTH_IN_PROGRESS };
	if (is_behind(object))
		return NULL;
	node_each_pair(p, object)
		bindings[n++] = (struct cel_binding){ node_str(p->key), p->value };
	for (size_t i = 0; i < 3; i++) {
		bool yes = false;

		if (!rule->programs[i])
			continue;
		TRY(eval(a, rule->programs[i], exprs[i], bindings, n, &yes));
		if (yes) {
			out->status = means[i];
			return NULL;
		}
	}
	return NULL;
}

err *readiness_eval(struct arena *a, str expr, str dep_name, node self, node dep, bool *out)
{
	struct cel_env *env = cel_env_new(a, CEL_FLUX);
	const struct cel_program *program;
	const struct cel_binding bindings[] = { { S("self"), self }, { S("dep"), dep } };

	cel_env_declare_struct(env, S("self"));
	cel_env_declare_struct(env, S("dep"));
	err *e = cel_compile(a, env, expr, &program);

	if (e)
		e = err_replace(e, "failed to parse the CEL expression '%.*s': %s", STR_ARG(expr),
				err_msg(e));
	else if (cel_program_kind(program) != CEL_BOOL)
		e = err_new(ERR_INVALID, "CEL expression output type mismatch: expected bool, got %s",
			    cel_program_type(a, program).p);
	if (e) {
		err_set_kind(e, ERR_INVALID);
		return err_wrap(e, "failed to evaluate dependency %.*s", STR_ARG(dep_name));
	}
	return eval(a, program, expr, bindings, 2, out);
}
