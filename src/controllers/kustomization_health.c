/* kustomization_health - whether what was applied has become what it asks for.
 *
 * Nobody waits: a pass that finds something in progress ends, and is run again by
 * the event of an object, or when the time is up. */
#include "base/clock.h"
#include "base/hash.h"
#include "base/vec.h"
#include "client/live.h"
#include "controllers/kustomization_impl.h"

#define WATCH_WAIT (2 * CLOCK_SECOND)

struct check {
	struct objid id;
	str version;
	bool vanishes;		/* that it is gone is fine */
	struct health health;
	str wrong;		/* why its health cannot be told */
	bool unplaced;		/* of a namespace, and none is named */
};

struct checks {
	struct check *list;
	size_t n;
	size_t failed, open;	/* open: neither Current nor Failed */
	bool polled;		/* no event tells all that counts */
	bool unplaced;
	bool itself;		/* of them; who waited for that would wait for ever */
};

/* ---- what to look at -------------------------------------------------------------- */

static bool is_itself(const struct ks *k, const struct objid *id)
{
	return str_eq(id->kind, S("Kustomization")) && str_eq(id->name, k->p->key.name) &&
	       str_eq(id->namespace, k->p->key.namespace);
}

static bool waits_for_all(const struct ks *k)
{
	return node_bool(node_get(k->p->spec, S("wait")));
}

static void add(struct checks *c, const struct ks *k, struct objid id, str version, bool vanishes)
{
	if (is_itself(k, &id))
		c->itself = true;
	else
		c->list[c->n++] = (struct check){ .id = id, .version = version,
						  .vanishes = vanishes };
}

static bool is_vanishing(const struct ks *k, const struct objid *id)
{
	for (size_t i = 0; i < k->m->n; i++)
		if (k->m->known[i].vanishes && objid_eq(&k->m->known[i].id, id))
			return true;
	return false;
}

static void add_named(struct checks *c, const struct ks *k, node check)
{
	str api = node_str(node_get(check, S("apiVersion")));
	struct gvk g = gvk_parse(api.n ? api : S("apps/v1"),
				 node_str(node_get(check, S("kind"))));
	struct objid id = { g.group, g.kind, node_str(node_get(check, S("namespace"))),
			    node_str(node_get(check, S("name"))) };

	add(c, k, id, g.version, is_vanishing(k, &id));
}

static struct checks list_checks(struct ks *k)
{
	node named = node_get(k->p->spec, S("healthChecks"));
	bool all = waits_for_all(k);
	struct checks c = { .list = arena_array(k->a, struct check,
						all ? k->m->n : node_len(named)) };

	for (size_t i = 0; all && i < k->m->n; i++) {
		const struct ks_known *o = &k->m->known[i];

		if (!o->skipped)
			add(&c, k, o->id, o->version, o->vanishes);
	}
	for (size_t i = 0; !all && i < node_len(named); i++)
		add_named(&c, k, node_at(named, i));
	return c;
}

bool kustomization_has_checks(const struct ks *k)
{
	return waits_for_all(k) || node_len(node_get(k->p->spec, S("healthChecks")));
}

/* ---- looking --------------------------------------------------------------------- */

static void take_error(struct ks *k, struct check *c, err *e)
{
	if (err_kind(e) == ERR_NOT_FOUND) {
		c->health.status = HEALTH_NOT_FOUND;
	} else {
		c->health.status = HEALTH_UNKNOWN;
		c->wrong = arena_str(k->a, err_text(e));
	}
	err_free(e);
}

/* By asking the server: where nothing is watched, or a rule wants the object. */
static err *ask(struct ks *k, const struct client_resource *r, struct check *c)
{
	node object;

	TRY(client_get(k->cluster->client, k->a, r, c->id.namespace, c->id.name, &object));
	if (!readiness_knows(k->rules, c->id.group, c->id.kind))
		return health_of(k->a, object, clock_wall(), &c->health);
	err *e = readiness_health(k->rules, k->a, object, &c->health);

	if (!e)
		return NULL;
	/* The field may come yet. */
	c->health.status = HEALTH_UNKNOWN;
	c->wrong = arena_str(k->a, err_text(e));
	err_free(e);
	return NULL;
}

static err *look(struct ks *k, struct check *c)
{
	const struct client_resource *r;
	struct live *live = k->cluster->live;
	struct live_state s;

	err *e = kustomization_resource(k->cluster, &c->id, c->version, &r);

	if (e && err_kind(e) == ERR_NOT_FOUND && !c->vanishes) {
		c->health.status = HEALTH_UNKNOWN;
		c->wrong = arena_printf(k->a, "no matches for kind \"%.*s\" in group \"%.*s\"",
					STR_ARG(c->id.kind), STR_ARG(c->id.group));
		err_free(e);
		return NULL;
	}
	TRY(e);
	c->unplaced = r->namespaced && !c->id.namespace.n;
	if (c->unplaced) {
		c->health.status = HEALTH_FAILED;
		return NULL;
	}
	if (readiness_knows(k->rules, c->id.group, c->id.kind) ||
	    !kustomization_is_watched(k, r, c->id.namespace))
		return ask(k, r, c);
	live_state(live, k->a, r, c->id.namespace, c->id.name, &s);
	if (!s.synced) {
		live_watch(live, r, &(struct live_watch_options){ .keep = LIVE_STATE });
		err_free(live_wait(live, r, WATCH_WAIT, k->p->cancel));
		live_state(live, k->a, r, c->id.namespace, c->id.name, &s);
	}
	if (!s.synced)
		return ask(k, r, c);
	c->health = s.health;
	return NULL;
}

/* ---- Pods ------------------------------------------------------------------------ */

static bool has_pods(const struct check *c)
{
	return str_eq(c->id.group, S("apps")) &&
	       (str_eq(c->id.kind, S("StatefulSet")) || str_eq(c->id.kind, S("ReplicaSet")));
}

/* One that goes, or that may find a node yet, says nothing of its owner. */
static bool has_failed(struct ks *k, node pod)
{
	struct health h = { .status = HEALTH_UNKNOWN };
	node scheduled = health_condition(pod, S("PodScheduled"));

	if (!node_is_nil(node_dig(pod, "metadata", "deletionTimestamp")) ||
	    (str_eq(node_str(node_get(scheduled, S("status"))), S("False")) &&
	     str_eq(node_str(node_get(scheduled, S("reason"))), S("Unschedulable"))))
		return false;
	err_free(health_of(k->a, pod, clock_wall(), &h));
	return h.status == HEALTH_FAILED;
}

/* "a=b,c=d" of spec.selector.matchLabels. */
static str selector_of(struct ks *k, node object)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	node_each_pair(p, node_dig(object, "spec", "selector", "matchLabels"))
		buf_addf(&b, "%s%.*s=%.*s", b.n ? "," : "", STR_ARG(node_str(p->key)),
			 STR_ARG(node_str(p->value)));
	return arena_str(k->a, buf_str(&b));
}

/* What is in progress has failed when Pods of it have. */
static err *look_at_pods(struct ks *k, const struct client_resource *r, struct check *c)
{
	node object, list;

	TRY(client_get(k->cluster->client, k->a, r, c->id.namespace, c->id.name, &object));
	str selector = selector_of(k, object);

	if (!selector.n)
		return NULL;
	TRY(client_list(k->cluster->client, k->a, &client_pods, c->id.namespace, selector, STR_NONE,
			&list));
	node_each_item(i, node_get(list, S("items")))
		if (has_failed(k, *i))
			c->health.status = HEALTH_FAILED;
	return NULL;
}

static err *look_closely(struct ks *k, struct check *c)
{
	const struct client_resource *r;

	TRY(look(k, c));
	if (c->health.status != HEALTH_IN_PROGRESS || !has_pods(c) ||
	    readiness_knows(k->rules, c->id.group, c->id.kind))
		return NULL;
	TRY(kustomization_resource(k->cluster, &c->id, c->version, &r));
	/* Who may not list Pods waits for the object itself. */
	err_free(look_at_pods(k, r, c));
	return NULL;
}


static struct checks look_at_all(struct ks *k)
{
	struct checks c = list_checks(k);

	for (size_t i = 0; i < c.n; i++) {
		struct check *one = &c.list[i];
		err *e = look_closely(k, one);

		if (e)
			take_error(k, one, e);
		if (one->vanishes && one->health.status == HEALTH_NOT_FOUND)
			one->health.status = HEALTH_CURRENT;
		c.failed += one->health.status == HEALTH_FAILED;
		c.unplaced |= one->unplaced;
		c.open += one->health.status != HEALTH_FAILED &&
			  one->health.status != HEALTH_CURRENT;
		c.polled |= has_pods(one) && one->health.status == HEALTH_IN_PROGRESS;
	}
	return c;
}

bool kustomization_is_healthy(struct ks *k)
{
	if (!kustomization_has_checks(k))
		return true;
	struct checks c = look_at_all(k);

	return !c.open && !c.failed;
}

/* ---- ends --------------------------------------------------------------------------- */

static str what_is_wrong(struct ks *k, const struct checks *c, bool timeout)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i < c->n; i++) {
		const struct check *one = &c->list[i];
		str id = objid_show(k->a, &one->id), status = health_name(one->health.status);

		if (one->unplaced)
			return arena_cat(k->a, S("resource "), one->id.kind,
					 one->id.group.n ? S(".") : STR_NONE, one->id.group, S(" "),
					 one->id.name,
					 S(" is namespace scoped, but namespace is not set"));
		if (one->health.status == HEALTH_CURRENT ||
		    (!timeout && one->health.status != HEALTH_FAILED))
			continue;
		buf_addf(&b, "%s%.*s status: '%.*s'", b.n ? ", " : "", STR_ARG(id),
			 STR_ARG(status));
		if (one->wrong.n)
			buf_addf(&b, ": %.*s", STR_ARG(one->wrong));
	}
	return arena_printf(k->a, "%s: [%s]",
			    timeout ? "timeout waiting for"
				    : "failed early due to stalled resources",
			    buf_c(&b));
}

static struct outcome fail(struct ks *k, const struct checks *c, bool timeout)
{
	str why = what_is_wrong(k, c, timeout);
	str span = pass_span(k->p, clock_mono() - k->m->wait_started);

	condition_set(k->p, S("Healthy"), CONDITION_FALSE, S("HealthCheckFailed"), why);
	kustomization_remember(k, S("HealthCheckFailed"));
	return kustomization_fail(k, S("HealthCheckFailed"),
				  err_new(ERR_TIMEOUT, "health check failed after %.*s: %.*s",
					  STR_ARG(span), STR_ARG(why)));
}

static void pass_checks(struct ks *k)
{
	struct ks_memory *m = k->m;
	str message = arena_cat(k->a, S("Health check passed in "),
				pass_span(k->p, clock_mono() - m->wait_started));

	condition_set(k->p, S("Healthy"), CONDITION_TRUE, S("Succeeded"), message);
	if (!m->was_healthy || (m->new_revision && m->drifted))
		kustomization_event(k, EVENT_NORMAL, S("Progressing"), message);
}

static void begin(struct ks *k)
{
	struct ks_memory *m = k->m;

	m->wait_started = clock_mono();
	m->reconcile_started = k->p->started;
	m->was_healthy = condition_is(k->p, S("Healthy"), CONDITION_TRUE);
	m->new_revision = !str_eq(node_str(node_get(k->p->status, S("lastAppliedRevision"))),
				  k->artifact.revision);
	m->drifted = k->drifted;
	m->told = false;
	kustomization_progress(k, S("Running health checks"), false);
}

/* What is awaited, in the status. */
static void announce(struct ks *k)
{
	str message = arena_cat(k->a, S("Running health checks for revision "),
				k->artifact.revision, S(" with a timeout of "),
				pass_span(k->p, k->timeout));

	condition_set(k->p, S("Healthy"), CONDITION_UNKNOWN, S("Progressing"), message);
	kustomization_progress(k, S("Running health checks"), false);
}

/* Something is in progress: the pass ends, and goes on with an event. What does not
 * last is not told. */
static struct outcome go_on(struct ks *k, bool polled)
{
	struct ks_memory *m = k->m;
	int64_t now = clock_mono(), tell = clock_after(m->wait_started, KUSTOMIZATION_TELL_AFTER);
	int64_t left = clock_after(m->wait_started, k->timeout) - now;

	m->waiting = true;
	m->settled = false;
	/* What was asked for is not done yet: lastHandledReconcileAt waits, too. */
	m->handling = hash_bytes(k->p->requested_at);
	k->p->requested = false;
	announce(k);
	if (polled && left > KUSTOMIZATION_POLL)
		left = KUSTOMIZATION_POLL;
	if (!m->told && now < tell) {
		pass_unsaid(k->p);
		left = left < tell - now ? left : tell - now;
	} else {
		m->told = true;
	}
	return (struct outcome){ NEXT_AFTER, left };
}

bool kustomization_check_health(struct ks *k, struct outcome *out)
{
	if (!k->m->waiting && kustomization_has_checks(k))
		begin(k);
	struct checks c = kustomization_has_checks(k) ? look_at_all(k) : (struct checks){ 0 };
	bool hasty = !runtime_settings(k->p->rt)->gates[GATE_DISABLE_FAIL_FAST_BEHAVIOR];

	if (!c.n && !c.itself) {
		condition_drop(k->p, S("Healthy"));
		return true;
	}
	if (!c.open && !c.failed) {
		pass_checks(k);
		return true;
	}
	bool timeout = clock_mono() >= clock_after(k->m->wait_started, k->timeout);

	if (timeout || !c.open || c.unplaced || (c.failed && hasty))
		*out = fail(k, &c, timeout);
	else
		*out = go_on(k, c.polled || !k->cluster->live);
	return false;
}
