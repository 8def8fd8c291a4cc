#include "server/access.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/die.h"
#include "server/rbac.h"
#include "server/status.h"
#include "server/store.h"

#define GROUP S("rbac.authorization.k8s.io")

struct access_state {
	atomic_uint refs;
	struct arena mem;
	struct rbac *rbac;
};

struct access {
	struct server *server;
	pthread_mutex_t lock;		/* of what follows */
	bool stale;
	struct access_state *state;
};

static const char *const resources[] = { "roles", "clusterroles", "rolebindings",
					 "clusterrolebindings" };

void access_done(struct access_state *state)
{
	if (!state || atomic_fetch_sub(&state->refs, 1) != 1)
		return;
	arena_release(&state->mem);
	free(state);
}

static void changed(void *ctx, enum server_change change, struct blob *now, struct blob *before)
{
	struct access *x = ctx;

	(void)change;
	(void)now;
	(void)before;
	pthread_mutex_lock(&x->lock);
	x->stale = true;
	pthread_mutex_unlock(&x->lock);
}

static struct access_state *compile(struct server *s)
{
	struct access_state *state = mem_calloc(1, sizeof *state);

	atomic_init(&state->refs, 1);
	state->rbac = rbac_new(&state->mem);
	for (size_t i = 0; i < sizeof resources / sizeof *resources; i++) {
		struct store *store = server_store(s);
		struct store_table *t = store_table(store, GROUP, str_c(resources[i]));
		struct store_list list;

		if (store_list(store, t, &(struct store_range){ 0 }, &list) != STORE_OK)
			continue;
		for (size_t j = 0; j < list.n; j++) {
			CLEANUP(arena_release) struct arena a = ARENA_INIT;

			rbac_add(state->rbac, blob_tree(&a, list.p[j]));
		}
		store_list_release(&list);
	}
	rbac_seal(state->rbac);
	return state;
}

const struct rbac *access_now(struct server *s, struct access_state **state)
{
	struct access *x = server_part(s, SERVER_PART_RBAC);

	pthread_mutex_lock(&x->lock);
	if (x->stale || !x->state) {
		access_done(x->state);
		x->stale = false;
		x->state = compile(s);
	}
	*state = x->state;
	atomic_fetch_add(&x->state->refs, 1);
	pthread_mutex_unlock(&x->lock);
	return (*state)->rbac;
}

static bool allow(struct server *s, struct arena *a, const struct auth_question *q, str *reason)
{
	struct access_state *state;
	const struct rbac *rbac = access_now(s, &state);
	bool yes = rbac_allows(rbac, a, q, reason);

	access_done(state);
	return yes;
}

/* ---- escalation -------------------------------------------------------- */

static bool may(struct kind_call *c, const struct request_user *u, str verb, str plural, str name)
{
	const struct auth_question q = { .user = u,
					 .verb = verb,
					 .resource = true,
					 .group = GROUP,
					 .version = S("v1"),
					 .plural = plural,
					 .namespace = c->namespace,
					 .name = name };
	str reason = STR_NONE;

	return auth_allows(c->server, c->arena, &q, &reason);
}

static err *refuse_escalation(struct kind_call *c, node missing)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_addf(&b, "user \"%.*s\" (groups=[", STR_ARG(c->user));
	for (size_t i = 0; i < c->groups_n; i++)
		buf_addf(&b, "%s\"%.*s\"", i ? " " : "", STR_ARG(c->groups[i]));
	buf_add(&b, S("]) is attempting to grant RBAC permissions not currently held:"));
	node_each_item(r, missing) {
		buf_addc(&b, '\n');
		rbac_print_rule(&b, *r);
	}
	return status_forbidden(c->kind->gvk.group, c->kind->plural,
				node_str(node_dig(c->object, "metadata", "name")), "%s", buf_c(&b));
}

/* The rules that a write gives to somebody: those of a role, or of the role
 * that a binding names. */
static node granted(struct kind_call *c, const struct rbac *rbac)
{
	bool binding = node_has(c->object, S("roleRef"));

	if (!binding)
		return node_get(c->object, S("rules"));
	return rbac_role_rules(rbac, c->arena, node_get(c->object, S("roleRef")), c->namespace);
}

static bool is_unchanged(struct kind_call *c)
{
	static const char *const fields[] = { "rules", "roleRef", "subjects" };

	if (node_is_nil(c->old))
		return false;
	for (size_t i = 0; i < 3; i++)
		if (!node_equal(node_get(c->old, str_c(fields[i])),
				node_get(c->object, str_c(fields[i]))))
			return false;
	return true;
}

static void admit(struct kind_call *c)
{
	const struct request_user u = { .name = c->user, .groups = c->groups,
					.groups_n = c->groups_n };
	struct access_state *state;
	node ref = node_get(c->object, S("roleRef"));

	if (!str_eq(c->kind->gvk.group, GROUP) || request_is_in(&u, S("system:masters")) ||
	    is_unchanged(c))
		return;
	bool cluster_role = str_eq(node_str(node_get(ref, S("kind"))), S("ClusterRole"));

	if (node_is(ref, NODE_MAP)
		    ? may(c, &u, S("bind"), cluster_role ? S("clusterroles") : S("roles"),
			  node_str(node_get(ref, S("name"))))
		    : may(c, &u, S("escalate"), c->kind->plural,
			  node_str(node_dig(c->object, "metadata", "name"))))
		return;
	const struct rbac *rbac = access_now(c->server, &state);
	node held = rbac_rules_of(rbac, c->arena, &u, c->namespace);
	node missing = rbac_uncovered(c->arena, held, granted(c, rbac));

	if (node_len(missing))
		c->refusal = refuse_escalation(c, missing);
	access_done(state);
}

/* ---- the part ---------------------------------------------------------- */

static err *access_open(struct server *s, const struct server_options *o)
{
	struct access *x = mem_calloc(1, sizeof *x);

	(void)o;
	x->server = s;
	pthread_mutex_init(&x->lock, NULL);
	server_part_set(s, SERVER_PART_RBAC, x);
	for (size_t i = 0; i < sizeof resources / sizeof *resources; i++)
		server_observe(s, &(struct server_observer){ .group = GROUP,
							     .plural = str_c(resources[i]),
							     .changed = changed,
							     .ctx = x });
	return NULL;
}

static void access_close(struct server *s)
{
	struct access *x = server_part(s, SERVER_PART_RBAC);

	if (!x)
		return;
	access_done(x->state);
	pthread_mutex_destroy(&x->lock);
	free(x);
}

const struct hooks access_hooks = {
	.open = access_open,
	.close = access_close,
	.token = access_token_check,
	.allow = allow,
	.admit = admit,
};

const struct subresource access_subresources[] = {
	{ "authentication.k8s.io", "selfsubjectreviews", "", reviews_run },
	{ "authentication.k8s.io", "tokenreviews", "", reviews_run },
	{ "authorization.k8s.io", "localsubjectaccessreviews", "", reviews_run },
	{ "authorization.k8s.io", "selfsubjectaccessreviews", "", reviews_run },
	{ "authorization.k8s.io", "selfsubjectrulesreviews", "", reviews_run },
	{ "authorization.k8s.io", "subjectaccessreviews", "", reviews_run },
	{ "", "serviceaccounts", "token", reviews_token },
	{ 0 },
};
