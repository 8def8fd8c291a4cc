#include "server/expressions.h"

#include "base/buf.h"
#include "value/json.h"

/* ---- what there is to speak of --------------------------------------------------- */

#define TEXT   "{\"type\":\"string\"}"
#define TEXTS  "{\"type\":\"array\",\"items\":" TEXT "}"
#define STAMP  "{\"type\":\"string\",\"format\":\"date-time\"}"
#define NUMBER "{\"type\":\"integer\"}"
#define ANY    "{\"x-kubernetes-int-or-string\":true}"
#define MAP(of)       "{\"type\":\"object\",\"additionalProperties\":" of "}"
#define OBJECT(list)  "{\"type\":\"object\",\"properties\":{" list "}}"
#define GVK    OBJECT("\"group\":" TEXT ",\"version\":" TEXT ",\"kind\":" TEXT)
#define GVR    OBJECT("\"group\":" TEXT ",\"version\":" TEXT ",\"resource\":" TEXT)
#define USER                                                                              \
	OBJECT("\"username\":" TEXT ",\"uid\":" TEXT ",\"groups\":" TEXTS ",\"extra\":" MAP(TEXTS))

static const char request_schema[] =
	OBJECT("\"kind\":" GVK ",\"resource\":" GVR ",\"subResource\":" TEXT ",\"requestKind\":" GVK
	       ",\"requestResource\":" GVR ",\"requestSubResource\":" TEXT ",\"name\":" TEXT
	       ",\"namespace\":" TEXT ",\"operation\":" TEXT ",\"userInfo\":" USER
	       ",\"dryRun\":{\"type\":\"boolean\"},\"options\":" ANY);

static const char namespace_schema[] = OBJECT(
	"\"metadata\":" OBJECT("\"name\":" TEXT ",\"generateName\":" TEXT ",\"namespace\":" TEXT
			       ",\"labels\":" MAP(TEXT) ",\"annotations\":" MAP(TEXT) ",\"UID\":" TEXT
			       ",\"creationTimestamp\":" STAMP ",\"deletionGracePeriodSeconds\":" NUMBER
			       ",\"deletionTimestamp\":" STAMP ",\"generation\":" NUMBER
			       ",\"resourceVersion\":" TEXT ",\"finalizers\":" TEXTS)
	",\"spec\":" OBJECT("\"finalizers\":" TEXTS)
	",\"status\":" OBJECT("\"phase\":" TEXT ",\"conditions\":{\"type\":\"array\",\"items\":"
			      OBJECT("\"status\":" TEXT ",\"type\":" TEXT ",\"lastTransitionTime\":" STAMP
				     ",\"message\":" TEXT ",\"reason\":" TEXT) "}"));

static void declare_schema(struct arena *a, struct cel_env *env, const char *name, str schema)
{
	node n;

	err_free(json_read(a, schema, NULL, &n));
	cel_env_declare_schema(env, str_c(name), cel_decl_read(a, n, false), false);
}

static void declare_typed(struct cel_env *env, const char *name, const struct cel_decl *decl)
{
	if (decl)
		cel_env_declare_schema(env, str_c(name), decl, false);
	else
		cel_env_declare(env, str_c(name));
}

struct cel_env *expressions_env(struct arena *a, unsigned has)
{
	return expressions_env_typed(a, has, NULL, NULL);
}

struct cel_env *expressions_env_typed(struct arena *a, unsigned has, const struct cel_decl *object,
				      const struct cel_decl *params)
{
	struct cel_env *env = cel_env_new(a, CEL_KUBERNETES);

	declare_typed(env, "object", object);
	declare_typed(env, "oldObject", object);
	declare_schema(a, env, "namespaceObject", str_c(namespace_schema));
	declare_schema(a, env, "request", str_c(request_schema));
	if (has & EXPRESSIONS_PARAMS)
		declare_typed(env, "params", params);
	if (has & EXPRESSIONS_PATCHES)
		cel_env_declare_patches(env);
	if (has & EXPRESSIONS_AUTHORIZER)
		cel_env_declare_authorizer(env, !(has & EXPRESSIONS_NO_REQUEST));
	/* of no fields but those that are declared later, under their full names */
	if (has & EXPRESSIONS_VARIABLES)
		declare_schema(a, env, "variables", S(OBJECT("\"-\":" ANY)));
	return env;
}

/* ---- checking ----------------------------------------------------------------------- */

static bool compiles(struct fielderrs *e, const struct at *at, const struct cel_env *env, str text,
		     str shown, struct cel_verdict *out)
{
	err *bad = cel_examine(e->arena, env, text, out);

	if (!bad)
		return true;
	check_invalid_text(e, at, shown, "compilation failed: %s", err_msg(bad));
	err_free(bad);
	return false;
}

void expressions_declare(struct fielderrs *e, const struct at *at, struct cel_env *env,
			 struct cel_env *other, str name, str text)
{
	str full = arena_cat(e->arena, S("variables."), name);
	struct cel_verdict v;

	if (compiles(e, at, env, text, text, &v)) {
		cel_env_declare_as(env, full, &v);
		cel_env_declare_as(other, full, &v);
	} else {
		cel_env_declare(env, full);
		cel_env_declare(other, full);
	}
}

void expressions_check(struct fielderrs *e, const struct at *at, const struct cel_env *env, str text,
		       str shown, const enum cel_kind *kinds, size_t n)
{
	CLEANUP(buf_release) struct buf wanted = BUF_INIT;
	struct cel_verdict v;

	if (!compiles(e, at, env, text, shown, &v))
		return;
	if (v.kind == CEL_NULL)
		v.type = str_c(cel_kind_type_name(v.kind));
	for (size_t i = 0; i < n; i++) {
		if (v.kind == kinds[i])
			return;
		buf_addf(&wanted, "%s%s", i ? " " : "", cel_kind_type_name(kinds[i]));
	}
	if (n == 1)
		check_invalid_text(e, at, shown, "must evaluate to %s but got %.*s", buf_c(&wanted),
				   STR_ARG(v.type));
	else
		check_invalid_text(e, at, shown, "must evaluate to one of [%s] but got %.*s", buf_c(&wanted),
				   STR_ARG(v.type));
}

void expressions_check_type(struct fielderrs *e, const struct at *at, const struct cel_env *env, str text,
			    str type)
{
	struct cel_verdict v;

	if (compiles(e, at, env, text, text, &v) && !str_eq(v.type, type))
		check_invalid_text(e, at, text, "must evaluate to %.*s but got %.*s", STR_ARG(type),
				   STR_ARG(v.type));
}
