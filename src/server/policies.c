/* policies - the state: what is stored, compiled. policies_run.c has the hooks. */
#include "server/policies.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/sort.h"
#include "server/expressions.h"
#include "server/meta.h"
#include "server/policies_impl.h"
#include "server/store.h"

#define GROUP S("admissionregistration.k8s.io")

/* Both kinds of policies. */
enum { VALIDATING, MUTATING, SORTS };

struct policies {
	struct store_table *policies[SORTS], *bindings[SORTS];
	pthread_mutex_t lock;		/* of the next */
	struct policy_state *state;
};

void policies_state_drop(struct policy_state *p)
{
	if (!p || atomic_fetch_sub(&p->refs, 1) != 1)
		return;
	arena_release(&p->mem);
	free(p);
}

/* ---- compiling ---------------------------------------------------------- */

static struct policy_rule compile(struct arena *a, const struct cel_env *env, str text)
{
	struct policy_rule r = { .text = str_trim(text) };

	if (!r.text.n)
		return r;
	err *e = cel_compile(a, env, r.text, &r.program);

	if (e) {
		r.program = NULL;
		r.fault = arena_printf(a, "compilation error: compilation failed: %s", err_msg(e));
		err_free(e);
	}
	return r;
}

static void declare(struct arena *a, struct cel_env *env, str name, str text)
{
	struct cel_verdict v;
	err *e = cel_examine(a, env, text, &v);

	if (e)
		cel_env_declare(env, name);
	else
		cel_env_declare_as(env, name, &v);
	err_free(e);
}

/* Conditions know no variables, and variables those before them. */
static void compile_policy(struct arena *a, struct policy *p)
{
	node conditions = GET(p->spec, "matchConditions"), variables = GET(p->spec, "variables");
	node validations = GET(p->spec, "validations"), mutations = GET(p->spec, "mutations");
	node notes = GET(p->spec, "auditAnnotations");
	unsigned has = EXPRESSIONS_AUTHORIZER | (HAS(p->spec, "paramKind") ? EXPRESSIONS_PARAMS : 0);
	struct cel_env *env = expressions_env(a, has);

	p->conditions = arena_array(a, struct policy_rule, node_len(conditions));
	node_each_item(c, conditions)
		p->conditions[p->conditions_n++] = compile(a, env, TEXT_OF(*c, "expression"));
	if (node_len(variables))
		env = expressions_env(a, has | EXPRESSIONS_VARIABLES);
	p->variables = arena_array(a, struct policy_variable, node_len(variables));
	node_each_item(v, variables) {
		struct policy_variable *to = &p->variables[p->variables_n];

		to->name = arena_cat(a, S("variables."), TEXT_OF(*v, "name"));
		to->rule = compile(a, env, TEXT_OF(*v, "expression"));
		declare(a, env, to->name, to->rule.text);
		p->variables_n++;
	}
	p->validations = arena_array(a, struct policy_validation, node_len(validations));
	node_each_item(v, validations)
		p->validations[p->validations_n++] = (struct policy_validation){
			.rule = compile(a, env, TEXT_OF(*v, "expression")),
			.said = compile(a, env, TEXT_OF(*v, "messageExpression")),
			.message = str_trim(TEXT_OF(*v, "message")),
			.reason = TEXT_OF(*v, "reason"),
		};
	p->notes = arena_array(a, struct policy_rule, node_len(notes));
	node_each_item(note, notes)
		p->notes[p->notes_n++] = compile(a, env, TEXT_OF(*note, "valueExpression"));
	if (node_len(mutations))
		cel_env_declare_patches(env);
	p->mutations = arena_array(a, struct policy_mutation, node_len(mutations));
	node_each_item(m, mutations) {
		bool json = str_eq(TEXT_OF(*m, "patchType"), S("JSONPatch"));
		node part = json ? GET(*m, "jsonPatch") : GET(*m, "applyConfiguration");

		p->mutations[p->mutations_n++] = (struct policy_mutation){
			compile(a, env, TEXT_OF(part, "expression")), json
		};
	}
}

/* ---- the state ---------------------------------------------------------- */

static size_t read_all(struct store *s, struct store_table *t, struct arena *a, node **out)
{
	struct store_list list;

	if (store_list(s, t, &(struct store_range){ 0 }, &list) != STORE_OK)
		return 0;
	*out = arena_array(a, node, list.n);
	for (size_t i = 0; i < list.n; i++)
		(*out)[i] = node_copy_all(a, blob_tree(a, list.p[i]));
	size_t n = list.n;

	store_list_release(&list);
	return n;
}

/* Both come in the order of their names. */
static size_t fill(struct policies *x, int sort, struct store *store, struct arena *a,
		   struct policy_binding **out)
{
	node *policies, *bindings;
	size_t policies_n = read_all(store, x->policies[sort], a, &policies);
	size_t bindings_n = read_all(store, x->bindings[sort], a, &bindings), n = 0;

	*out = arena_array(a, struct policy_binding, bindings_n);
	for (size_t i = 0; i < policies_n; i++) {
		struct policy *policy = NULL;
		str name = meta_get(policies[i], S("name"));

		for (size_t k = 0; k < bindings_n; k++) {
			node spec = GET(bindings[k], "spec");

			if (!str_eq(TEXT_OF(spec, "policyName"), name))
				continue;
			if (!policy) {
				policy = arena_new(a, struct policy);
				policy->name = name;
				policy->spec = GET(policies[i], "spec");
				policy->lenient = str_eq(TEXT_OF(policy->spec, "failurePolicy"), S("Ignore"));
				policy->again =
					str_eq(TEXT_OF(policy->spec, "reinvocationPolicy"), S("IfNeeded"));
				compile_policy(a, policy);
			}
			(*out)[n++] = (struct policy_binding){ meta_get(bindings[k], S("name")), spec,
							       policy };
		}
	}
	return n;
}

struct policy_state *policies_state_now(struct server *s)
{
	struct policies *x = server_part(s, SERVER_PART_POLICIES);
	uint64_t key = 0;

	for (int i = 0; i < SORTS; i++) {
		uint64_t one = store_changed(x->policies[i]), other = store_changed(x->bindings[i]);

		key = one > key ? one : key;
		key = other > key ? other : key;
	}
	if (!key)	/* nobody ever made one */
		return NULL;
	pthread_mutex_lock(&x->lock);
	if (!x->state || x->state->key < key) {
		policies_state_drop(x->state);
		x->state = mem_calloc(1, sizeof *x->state);
		atomic_init(&x->state->refs, 1);
		x->state->key = key;
		x->state->validating_n = fill(x, VALIDATING, server_store(s), &x->state->mem,
					      &x->state->validating);
		x->state->mutating_n = fill(x, MUTATING, server_store(s), &x->state->mem,
					    &x->state->mutating);
	}
	struct policy_state *p = x->state;

	atomic_fetch_add(&p->refs, 1);
	pthread_mutex_unlock(&x->lock);
	return p;
}

/* ---- the part ----------------------------------------------------------- */

err *policies_open(struct server *s, const struct server_options *o)
{
	static const str tables[SORTS][2] = {
		[VALIDATING] = { S("validatingadmissionpolicies"), S("validatingadmissionpolicybindings") },
		[MUTATING] = { S("mutatingadmissionpolicies"), S("mutatingadmissionpolicybindings") },
	};
	struct policies *x = mem_calloc(1, sizeof *x);

	(void)o;
	for (int i = 0; i < SORTS; i++) {
		x->policies[i] = store_table(server_store(s), GROUP, tables[i][0]);
		x->bindings[i] = store_table(server_store(s), GROUP, tables[i][1]);
	}
	pthread_mutex_init(&x->lock, NULL);
	server_part_set(s, SERVER_PART_POLICIES, x);
	return NULL;
}

void policies_close(struct server *s)
{
	struct policies *x = server_part(s, SERVER_PART_POLICIES);

	if (!x)
		return;
	policies_state_drop(x->state);
	pthread_mutex_destroy(&x->lock);
	free(x);
	server_part_set(s, SERVER_PART_POLICIES, NULL);
}
