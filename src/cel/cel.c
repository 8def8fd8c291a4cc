#include "cel/cel.h"

#include <math.h>

#include "cel/cel_check.h"
#include "cel/cel_eval.h"
#include "cel/cel_kube.h"
#include "cel/cel_parse.h"
#include "text/base64.h"

/* ---- environments ------------------------------------------------------ */

struct cel_env *cel_env_new(struct arena *a, enum cel_library library)
{
	struct cel_env *env = arena_new(a, struct cel_env);

	env->a = a;
	env->library = library;
	return env;
}

void cel_env_set_zones(struct cel_env *env, const struct tz_source *zones)
{
	env->zones = zones;
}

size_t cel_env_find(const struct cel_env *env, str name)
{
	for (size_t i = 0; i < env->variables.n; i++)
		if (str_eq(env->variables.p[i].name, name))
			return i;
	return STR_NPOS;
}

static void declare(struct cel_env *env, struct cel_variable v)
{
	avec_push(env->a, &env->variables, v);
}

void cel_env_declare(struct cel_env *env, str name)
{
	declare(env, (struct cel_variable){ .name = name, .type = &cel_types[CEL_DYN] });
}

void cel_env_declare_unknown(struct cel_env *env, str name)
{
	declare(env, (struct cel_variable){
			     .name = name, .type = &cel_types[CEL_DYN], .undeclared = true });
}

void cel_env_declare_struct(struct cel_env *env, str name)
{
	const struct cel_type *t =
		cel_type_map(env->a, &cel_types[CEL_STRING], &cel_types[CEL_DYN]);

	declare(env, (struct cel_variable){ .name = name, .type = t });
}

void cel_env_declare_schema(struct cel_env *env, str name, const struct cel_decl *decl, bool optional)
{
	const struct cel_type *t = decl->cel_type ? decl->cel_type : &cel_types[CEL_DYN];

	if (optional)
		t = cel_type_optional(env->a, t);
	declare(env, (struct cel_variable){ .name = name, .type = t, .decl = decl, .optional = optional });
}

void cel_env_declare_authorizer(struct cel_env *env, bool request)
{
	declare(env, (struct cel_variable){ .name = S("authorizer"), .type = cel_authorizer_type() });
	if (!request)
		return;
	declare(env, (struct cel_variable){ .name = S("authorizer.requestResource"),
					    .type = cel_authorizer_check_type() });
}

void cel_env_declare_patches(struct cel_env *env)
{
	env->patches = true;
}

void cel_env_declare_bind(struct cel_env *env)
{
	env->bind = true;
}

/* What is left of a type in a variable. */
static const struct cel_type *kept_type(struct arena *a, const struct cel_type *t)
{
	switch (t->kind) {
	case CEL_BOOL:
	case CEL_INT:
	case CEL_UINT:
	case CEL_DOUBLE:
	case CEL_STRING:
	case CEL_BYTES:
		return t->nullable ? &cel_types[CEL_DYN] : t;
	case CEL_NULL:
	case CEL_TIMESTAMP:
	case CEL_DURATION:
		return t;
	case CEL_LIST:
		return cel_type_list(a, kept_type(a, t->params[0]));
	case CEL_MAP:
		return cel_type_map(a, kept_type(a, t->params[0]), kept_type(a, t->params[1]));
	default:
		return t->any ? t : &cel_types[CEL_DYN];
	}
}

void cel_env_declare_as(struct cel_env *env, str name, const struct cel_verdict *v)
{
	declare(env, (struct cel_variable){ .name = name, .type = kept_type(env->a, v->of) });
}

/* ---- programs ---------------------------------------------------------- */

static err *read_source(struct arena *a, const struct cel_env *env, str source, struct cel_expr **out)
{
	struct cel_issues issues = { .a = a, .source = source };

	*out = cel_parse(a, env, source, &issues);
	if (*out)
		cel_check(a, env, *out, &issues);
	if (*out && !issues.n)
		cel_validate(a, env, *out, &issues);
	return cel_issues_error(&issues);
}

static str type_text(struct arena *a, const struct cel_type *t)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	cel_type_print(&b, t);
	return arena_str(a, buf_str(&b));
}

err *cel_examine(struct arena *a, const struct cel_env *env, str source, struct cel_verdict *out)
{
	struct cel_expr *tree;

	TRY(read_source(a, env, source, &tree));
	*out = (struct cel_verdict){ tree->type->kind, type_text(a, tree->type), tree->type };
	return NULL;
}

const char *cel_kind_type_name(enum cel_kind kind)
{
	return cel_types[kind].name.p;
}

err *cel_compile(struct arena *a, const struct cel_env *env, str source,
		 const struct cel_program **out)
{
	struct cel_program *p = arena_new(a, struct cel_program);

	p->env = env;
	TRY(read_source(a, env, source, &p->tree));
	TRY(cel_plan(a, p));
	*out = p;
	return NULL;
}

enum cel_kind cel_program_kind(const struct cel_program *program)
{
	return program->tree->type->kind;
}

str cel_program_type(struct arena *a, const struct cel_program *program)
{
	return type_text(a, program->tree->type);
}

struct uses {
	str name;
	bool found;
};

static void find_use(void *ctx, struct cel_expr *e)
{
	struct uses *u = ctx;

	if ((e->kind == CEL_E_IDENT || e->is_ident) && str_eq(e->name, u->name))
		u->found = true;
}

bool cel_program_uses(const struct cel_program *program, str variable)
{
	struct uses u = { variable, false };

	cel_ast_walk(program->tree, find_use, &u);
	return u.found;
}

/* ---- results ----------------------------------------------------------- */

static const char *const kind_names[] = {
	[CEL_NULL] = "null",	       [CEL_BOOL] = "bool",	  [CEL_INT] = "int",
	[CEL_UINT] = "uint",	       [CEL_DOUBLE] = "double",	  [CEL_STRING] = "string",
	[CEL_BYTES] = "bytes",	       [CEL_LIST] = "list",	  [CEL_MAP] = "map",
	[CEL_TIMESTAMP] = "timestamp", [CEL_DURATION] = "duration", [CEL_TYPE] = "type",
	[CEL_OPTIONAL] = "optional",   [CEL_QUANTITY] = "quantity", [CEL_URL] = "url",
	[CEL_IP] = "ip",	       [CEL_CIDR] = "cidr",	  [CEL_FORMAT] = "format",
	[CEL_SEMVER] = "semver",       [CEL_FAULT] = "error",	  [CEL_UNKNOWN] = "unknown",
	[CEL_AUTHORIZER] = "authorizer",
};

const char *cel_value_kind_name(cel_value v)
{
	return kind_names[v.kind];
}

static node to_node(struct cel_run *r, cel_value v);

static node list_node(struct cel_run *r, cel_value v)
{
	node list = node_seq(r->a, cel_list_n(v));

	for (size_t i = 0; i < cel_list_n(v) && cel_run_work(r, 1); i++)
		node_append(r->a, list, to_node(r, cel_list_at(r, v, i)));
	return list;
}

static node map_node(struct cel_run *r, cel_value v)
{
	node map = node_map(r->a, cel_map_n(v));
	cel_value key, value;

	for (size_t i = 0; i < cel_map_n(v) && cel_run_work(r, 1); i++) {
		CLEANUP(buf_release) struct buf b = BUF_LIMIT(CEL_TEXT_MAX);

		if (!cel_map_at(r, v, i, &key, &value))
			continue;
		if (key.kind == CEL_NULL)
			buf_add(&b, S("NULL_VALUE"));
		else
			cel_print(r, &b, key);
		node_set(r->a, map, arena_str(r->a, buf_str(&b)), to_node(r, value));
	}
	return map;
}

static node optional_node(struct cel_run *r, cel_value v)
{
	node map = node_map(r->a, 3);

	node_set(r->a, map, S("has"), node_from_bool(v.box != NULL));
	if (v.box) {
		node_set(r->a, map, S("type"),
			 node_from_str(r->a, str_c(cel_value_kind_name(v.box->value))));
		node_set(r->a, map, S("value"), to_node(r, v.box->value));
	}
	return map;
}

static node text_node(struct cel_run *r, cel_value v)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(CEL_TEXT_MAX * 2);

	if (v.kind == CEL_BYTES)
		base64_write(&b, v.s, BASE64_STD);
	else
		cel_print(r, &b, v);
	return node_copy_str(r->a, buf_str(&b));
}

static node number_node(struct cel_run *r, double d)
{
	if (isfinite(d))
		return node_from_float(d);
	return node_from_str(r->a, isnan(d) ? S("NaN") : d > 0 ? S("Infinity") : S("-Infinity"));
}

static node to_node(struct cel_run *r, cel_value v)
{
	switch ((enum cel_kind)v.kind) {
	case CEL_NULL:
		return node_null();
	case CEL_BOOL:
		return node_from_bool(v.b);
	case CEL_INT:
		return node_from_int(v.i);
	case CEL_UINT:
		return node_from_uint(v.u);
	case CEL_DOUBLE:
		return number_node(r, v.d);
	case CEL_STRING:
		return node_from_str(r->a, v.s);
	case CEL_TIMESTAMP:
		v.time.offset = 0;
		__attribute__((fallthrough));
	case CEL_DURATION:
		return node_from_str(r->a, cel_convert(r, v, CEL_STRING).s);
	case CEL_LIST:
	case CEL_MAP:
	case CEL_OPTIONAL:
		break;
	default:
		return text_node(r, v);
	}
	if (++r->depth > CEL_VALUE_DEPTH_MAX)
		return node_null();
	node n = v.kind == CEL_LIST ? list_node(r, v) : v.kind == CEL_MAP ? map_node(r, v)
									  : optional_node(r, v);

	r->depth--;
	return n;
}

cel_value cel_list_item(struct arena *a, cel_value list, size_t i)
{
	struct cel_run r = { .a = a, .work = CEL_WORK_MAX, .held = a->held };

	return cel_list_at(&r, list, i);
}

node cel_value_node(struct arena *a, cel_value v)
{
	struct cel_run r = { .a = a, .work = CEL_WORK_MAX, .held = a->held };

	return to_node(&r, v);
}
