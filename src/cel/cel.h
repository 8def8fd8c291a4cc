/* cel - the Common Expression Language, as the Kubernetes API server and Flux
 * have it.
 *
 * An environment says which functions there are and which variables of which
 * types. An expression is compiled in it once (parsed, type-checked,
 * planned) and evaluated any number of times over node trees, which are
 * wrapped as they are touched, never converted as a whole. Results, error
 * texts, counted and estimated costs are those of cel-go 0.26 with the
 * libraries of Kubernetes 1.36, or those that Flux uses.
 *
 *	struct cel_env *env = cel_env_new(a, CEL_KUBERNETES);
 *	cel_env_declare_schema(env, S("self"), decl, false);
 *	TRY(cel_compile(a, env, S("self.replicas <= 3"), &program));
 *	...
 *	struct cel_binding self = { S("self"), object };
 *	TRY(cel_eval(program, a, &self, 1, CEL_COST_LIMIT, &value, &cost));
 *
 * The text of a compile error is what cel-go prints: one block an error,
 * "ERROR: <input>:1:5: WHAT\n | SOURCE\n | ....^", joined by newlines. The
 * text of a runtime error is the plain message.
 *
 * Expressions are hostile: length, nesting, expansion of macros, number of
 * errors, evaluation steps, recursion and memory are bounded by constants.
 *
 * Ownership: an environment and what it declares live in the arena it was
 * made in, a program in the one given to cel_compile; programs borrow from
 * their environment and from the source text. Values live in the arena given
 * to cel_eval and borrow from program and bindings. Environments are
 * worker-local until the last declaration, then immutable; programs are
 * immutable: any thread may evaluate one.
 */
#ifndef CEL_CEL_H
#define CEL_CEL_H

#include "base/arena.h"
#include "base/err.h"
#include "cel/cel_decl.h"
#include "value/node.h"

struct cel_env;
struct cel_program;
struct cel_type;
struct tz_source;

enum cel_library {
	CEL_KUBERNETES,		/* the stored-expressions environment of 1.36 */
	CEL_FLUX,		/* health checks and readiness expressions of Flux */
};

/* What one evaluation may cost in the API server, and a whole object's rules
 * together; no limit. */
#define CEL_COST_LIMIT UINT64_C(1000000)
#define CEL_COST_BUDGET UINT64_C(10000000)
#define CEL_COST_NONE UINT64_MAX

/* ---- environments ------------------------------------------------------ */

struct cel_env *cel_env_new(struct arena *a, enum cel_library library);
/* Where names of time zones are looked up (text/tz.h, borrowed); without it
 * only UTC is known. */
void cel_env_set_zones(struct cel_env *env, const struct tz_source *zones);
/* A variable of any type (`dyn`). */
void cel_env_declare(struct cel_env *env, str name);
/* The same where an expression is only parsed, as Flux's are: what is not bound is told with
 * the fields that were asked of it, "no such attribute(s): status.phase". */
void cel_env_declare_unknown(struct cel_env *env, str name);
/* A variable that is an object of any fields (google.protobuf.Struct). */
void cel_env_declare_struct(struct cel_env *env, str name);
/* A variable of the type that `decl` (exposed, see cel_decl.h) describes;
 * `optional`: an optional of it, for oldSelf with optionalOldSelf. The
 * decl is borrowed. */
void cel_env_declare_schema(struct cel_env *env, str name, const struct cel_decl *decl,
			    bool optional);

/* `authorizer` and, with `request`, `authorizer.requestResource`: their values are made by
 * cel_authorizer_value and cel_authorizer_check_value. */
void cel_env_declare_authorizer(struct cel_env *env, bool request);

/* The types Object, Object.FIELD and so on, of any fields, and JSONPatch (op, path, from,
 * value): expressions make them, and as values they are maps. */
void cel_env_declare_patches(struct cel_env *env);
/* cel.bind(name, value, expression), which only devices' selectors have. */
void cel_env_declare_bind(struct cel_env *env);

/* ---- programs ---------------------------------------------------------- */

err *cel_compile(struct arena *a, const struct cel_env *env, str source,
		 const struct cel_program **out) __attribute__((warn_unused_result));

enum cel_kind {
	CEL_DYN,		/* as a type only: not known before evaluation */
	CEL_NULL,
	CEL_BOOL,
	CEL_INT,
	CEL_UINT,
	CEL_DOUBLE,
	CEL_STRING,
	CEL_BYTES,
	CEL_LIST,
	CEL_MAP,
	CEL_OBJECT,		/* as a type only: declared fields; as a value it is a map */
	CEL_TIMESTAMP,
	CEL_DURATION,
	CEL_TYPE,
	CEL_OPTIONAL,
	CEL_QUANTITY,
	CEL_URL,
	CEL_IP,
	CEL_CIDR,
	CEL_FORMAT,
	CEL_SEMVER,
	CEL_AUTHORIZER,		/* the authorizer, questions to it, what it answers */
	CEL_MADE,		/* as types only: Object, Object.spec, JSONPatch */
	CEL_TYPE_PARAM,		/* inside the checker and the evaluator only: */
	CEL_TYPE_ERROR,
	CEL_FAULT,
	CEL_UNKNOWN,
};

/* What the checked expression gives. */
enum cel_kind cel_program_kind(const struct cel_program *program);
/* Its type as cel-go prints it: "list(string)". */
str cel_program_type(struct arena *a, const struct cel_program *program);
/* Whether the expression refers to the declared variable. */
bool cel_program_uses(const struct cel_program *program, str variable);

struct cel_range {
	uint64_t min, max;
};

/* What is known of an expression that nobody is going to evaluate: the same errors as
 * cel_compile's. */
struct cel_verdict {
	enum cel_kind kind;
	str type;			/* as cel_program_type prints it */
	const struct cel_type *of;	/* for cel_env_declare_as */
};
err *cel_examine(struct arena *a, const struct cel_env *env, str source, struct cel_verdict *out)
	__attribute__((warn_unused_result));
/* Declare a variable that has the type of an expression, as far as it is one of the language:
 * what the libraries add, and optionals, are `dyn`. The name may have dots. */
void cel_env_declare_as(struct cel_env *env, str name, const struct cel_verdict *v);
/* "bool", "null_type". */
const char *cel_kind_type_name(enum cel_kind kind);

/* Least and most that an evaluation may cost. The sizes of variables are those
 * that their declarations allow; a `dyn` may be of any size. The paths of all
 * variables are looked up in `root` (the decl of self), as the API server
 * does; NULL: no sizes are known. */
struct cel_range cel_estimate(const struct cel_program *program, const struct cel_decl *root);

/* ---- evaluation -------------------------------------------------------- */

struct cel_binding {
	str name;
	node value;		/* NODE_NONE for an optional variable: it is none */
	/* Instead of it what another program gave, in the same arena; or NULL. */
	const struct cel_value *given;
};

/* One result: see cel_value_* below. */
typedef struct cel_value cel_value;
struct cel_items;
struct cel_concat;
struct cel_entries;
struct cel_box;

struct cel_value {
	uint8_t kind;		/* enum cel_kind */
	uint8_t form;		/* how lists and maps are held; private */
	union {
		bool b;
		int64_t i;	/* CEL_INT; CEL_DURATION in nanoseconds */
		uint64_t u;
		double d;
		str s;		/* CEL_STRING, CEL_BYTES */
		struct {
			int64_t sec;
			int32_t nanos, offset;
		} time;		/* CEL_TIMESTAMP; offset of the zone it was written in */
		struct {
			const void *body;	/* struct node_seq or struct node_map */
			const struct cel_decl *decl;
		} of_node;
		struct {
			struct cel_items *items;
			union {
				size_t n;
				const struct cel_decl *decl;
			};
		} list;
		struct cel_concat *concat;
		struct cel_entries *entries;
		const struct cel_type *type;
		const struct cel_box *box;	/* optionals, faults and the libraries' types */
	};
};

/* Variables that are declared and not bound are an error when they are
 * touched. `cost` (may be NULL) gets what was spent, on failure too; over the
 * limit the error is "operation cancelled: actual cost limit exceeded". */
err *cel_eval(const struct cel_program *program, struct arena *a, const struct cel_binding *bindings,
	      size_t n, uint64_t limit, cel_value *value, uint64_t *cost)
	__attribute__((warn_unused_result));

/* ---- the authorizer ---------------------------------------------------- */

/* What an expression asks: a path, or a resource. */
struct cel_question {
	bool resource;
	str verb, path;
	str group, plural, sub, namespace, name;
	str field_selector, label_selector;
	str account_namespace, account;	/* empty: for who asks */
};

/* Who answers; `reason` is empty before. Borrowed by the values, as are questions' texts. */
struct cel_authorizer {
	void *ctx;
	bool (*allows)(void *ctx, struct arena *a, const struct cel_question *q, str *reason);
};

/* What the variables are bound to, as cel_binding.given. */
cel_value cel_authorizer_value(struct arena *a, const struct cel_authorizer *z);
cel_value cel_authorizer_check_value(struct arena *a, const struct cel_authorizer *z,
				     const struct cel_question *q);

/* ---- results ----------------------------------------------------------- */

/* The name of the value's type: "int", "list", "google.protobuf.Timestamp". */
str cel_value_type_name(cel_value v);
/* The value as a plain tree: bytes as base64, times and the libraries' types as
 * their text, uint as a number, NaN and infinities as text; keys that are no
 * strings as text; an optional as {"has":BOOL,"type":KIND,"value":...}. */
node cel_value_node(struct arena *a, cel_value v);
/* An item of a list. */
cel_value cel_list_item(struct arena *a, cel_value list, size_t i);
/* Whether each Object in it has the type that its place says: Object.spec what is below
 * `spec` of Object, items of lists and values of maps being where those are. `why` gets
 * a line for each that has not. */
bool cel_value_check_made(struct arena *a, cel_value v, str *why);
/* The one word for its kind that goes with cel_value_node: "timestamp". */
const char *cel_value_kind_name(cel_value v);

#endif
