/* kustomization_delete - what goes with a Kustomization that is deleted. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/vec.h"
#include "controllers/kustomization_impl.h"

/* Between two looks at what is not gone yet. */
#define GONE_POLL (2 * CLOCK_SECOND)

static str policy_of(const struct pass *p)
{
	str policy = node_str(node_get(p->spec, S("deletionPolicy")));

	return policy.n ? policy : S("MirrorPrune");
}

static bool takes_along(struct pass *p)
{
	str policy = policy_of(p);

	if (node_bool(node_get(p->spec, S("suspend"))) || !node_len(kustomization_entries(p)))
		return false;
	if (str_eq(policy, S("MirrorPrune")))
		return node_bool(node_get(p->spec, S("prune")));
	return str_eq(policy, S("Delete")) || str_eq(policy, S("WaitForTermination"));
}

static void tell(struct pass *p, enum event_type type, str message)
{
	const str meta[] = { S("revision"), node_str(node_get(p->status, S("lastAppliedRevision"))),
			     S("originRevision"),
			     node_str(node_get(p->status, S("lastAppliedOriginRevision"))) };
	node ready = condition_get(p, S("Ready"));
	str reason = node_str(node_get(ready, S("reason")));

	pass_event_unlogged(p, type,
			    reason.n		    ? reason
			    : type == EVENT_WARNING ? S("error")
						    : S("info"),
			    message, meta, 4);
}

/* Entries that cannot be read name nothing that could be deleted. */
static size_t list_entries(struct pass *p, struct applyset_prune **out)
{
	node entries = kustomization_entries(p);
	size_t n = 0;

	*out = arena_array(p->arena, struct applyset_prune, node_len(entries));
	node_each_item(i, entries) {
		err *e = objid_parse(p->arena, node_str(node_get(*i, S("id"))), &(*out)[n].id);

		(*out)[n].version = node_str(node_get(*i, S("v")));
		(*out)[n].uncertain = node_bool(node_get(*i, S("noted")));
		n += !e;
		err_free(e);
	}
	return n;
}

/* The account that did all this may be gone with its namespace: that is NotFound. */
static err *need_account(struct pass *p)
{
	str name = node_str_or(node_get(p->spec, S("serviceAccountName")),
			       runtime_settings(p->rt)->default_service_account);
	node account;

	return name.n ? client_get(runtime_client(p->rt), p->arena, &client_accounts, p->key.namespace, name,
				   &account)
		      : NULL;
}

static struct outcome done(void)
{
	return (struct outcome){ .next = NEXT_CHANGE };
}

static struct outcome leave_behind(struct pass *p, struct applyset_prune *list, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(err_drop)
	err *why = err_new(ERR_FORBIDDEN, "skiping pruning, failed to find account to impersonate");

	for (size_t i = 0; i < n; i++)
		if (!list[i].uncertain)
			buf_addf(&b, "\n%s", objid_show(p->arena, &list[i].id).p);
	if (!b.n)
		return done();
	str message = arena_cat(p->arena, S("unable to prune objects: "), buf_str(&b));

	log_error(p->log, why, message);
	tell(p, EVENT_WARNING, message);
	return done();
}

static int64_t timeout_of(const struct pass *p)
{
	int64_t interval = pass_duration(p, S("interval"), 10 * CLOCK_MINUTE);
	int64_t timeout = pass_duration(p, S("timeout"), interval - 30 * CLOCK_SECOND);

	return timeout > KUSTOMIZATION_TIMEOUT_MIN ? timeout : KUSTOMIZATION_TIMEOUT_MIN;
}

/* Looks again later, until the time is up. */
static struct outcome wait_for_end(struct pass *p, const struct cluster *c,
				   struct applyset_prune *list, size_t n)
{
	struct ks_memory *m = p->memory;
	const struct applyset_prune *left = NULL;
	err *e = applyset_gone(c->client, p->arena, list, n, &left);

	if (!e && !left)
		return done();
	if (!m->wait_started || !m->waiting) {
		m->waiting = true;
		m->wait_started = clock_mono();
	}
	if (!e && clock_mono() < clock_after(m->wait_started, timeout_of(p)))
		return (struct outcome){ NEXT_AFTER, GONE_POLL };
	if (!e)
		e = err_new(ERR_TIMEOUT, "%s termination timeout: context deadline exceeded",
			    objid_show(p->arena, &left->id).p);
	log_error(p->log, e, S("failed to wait for resources termination"));
	tell(p, EVENT_WARNING, S("failed to wait for resources termination"));
	err_free(e);
	return done();
}

static struct outcome fail(struct pass *p, err *e)
{
	tell(p, EVENT_WARNING, S("pruning for deleted resource failed"));
	log_error(p->log, e, S("Reconciler error"));
	err_free(e);
	return (struct outcome){ .next = NEXT_BACKOFF };
}

static struct outcome finalize(struct pass *p)
{
	const struct applyset_prune_options o = { .group = S(KUSTOMIZATION_GROUP),
						  .owner_name = p->key.name,
						  .owner_namespace = p->key.namespace,
						  .cancel = p->cancel };
	const struct cluster *c;
	struct applyset_prune *list;
	struct ks_memory *m = p->memory;

	if (!m)
		p->memory = m = mem_calloc(1, sizeof *m);
	if (!takes_along(p))
		return done();
	size_t n = list_entries(p, &list);
	err *e = need_account(p);

	if (!e)
		e = pass_cluster(p, &c);
	if (e && err_kind(e) != ERR_NOT_FOUND)
		return fail(p, e);
	if (e) {
		err_free(e);
		return leave_behind(p, list, n);
	}
	bool again = m->waiting;

	e = applyset_delete(c->client, c->discovery, p->arena, list, n, &o);
	if (e)
		return fail(p, e);
	str log = applyset_prune_log(p->arena, list, n);

	if (!again && log.n) {
		log_info(p->log, arena_cat(p->arena, S("garbage collection completed: "), log));
		tell(p, EVENT_NORMAL, log);
	}
	if (str_eq(policy_of(p), S("WaitForTermination")))
		return wait_for_end(p, c, list, n);
	return done();
}

struct outcome kustomization_finalize(struct pass *p)
{
	struct outcome out = finalize(p);

	if (out.next == NEXT_CHANGE)
		kustomization_forget_intent(p);
	return out;
}
