/* kustomization_apply - objects into the cluster, the inventory, and what is to go. */
#include "base/clock.h"
#include "base/hash.h"
#include "base/vec.h"
#include "client/live.h"
#include "controllers/kustomization_guard.h"
#include "controllers/kustomization_impl.h"
#include "kube/health.h"
#include "kustomize/value.h"
#include "value/json.h"

/* What --concurrent-ssa is when nobody says anything: then as many as are good. */
enum { SSA_DEFAULT = 4 };
/* A worker waits so long for definitions; then the pass ends, and is made again. */
#define STAGE_PATIENCE CLOCK_SECOND
/* The first look at a kind waits so long for its first list. */
#define WATCH_WAIT (2 * CLOCK_SECOND)

/* ---- what is known ---------------------------------------------------------------- */

err *kustomization_resource(const struct cluster *c, const struct objid *id, str version,
			    const struct client_resource **out)
{
	struct gvk g = { id->group, version, id->kind };
	err *e = discovery_kind(c->discovery, g, out);

	if (!e || !version.n)
		return e;
	g.version = STR_NONE;
	err *other = discovery_kind(c->discovery, g, out);

	err_free(other ? other : e);
	return other ? e : NULL;
}

bool kustomization_is_watched(struct ks *k, const struct client_resource *r, str namespace)
{
	return cluster_sees(k->p, k->cluster, r, namespace);
}

static struct ks_known *find_known(struct ks *k, str key)
{
	for (size_t i = 0; i < k->m->n; i++)
		if (str_eq(k->m->known[i].key, key))
			return &k->m->known[i];
	return NULL;
}

static bool look(struct ks *k, const struct client_resource *r, str namespace, str name,
		 struct live_state *out)
{
	struct live *live = k->cluster->live;

	if (!kustomization_is_watched(k, r, namespace))
		return false;
	live_state(live, k->a, r, namespace, name, out);
	if (!out->synced) {
		live_watch(live, r, &(struct live_watch_options){ .keep = LIVE_STATE });
		err_free(live_wait(live, r, WATCH_WAIT, k->p->cancel));
		live_state(live, k->a, r, namespace, name, out);
	}
	return out->synced;
}

static enum applyset_known knowledge(struct ks *k, struct applyset_item *it, uint64_t body)
{
	const struct client_resource *r;
	struct live_state s;
	err *e = kustomization_resource(k->cluster, &it->id, it->version, &r);

	err_free(e);
	if (e)
		return APPLYSET_UNKNOWN;
	if (!r->namespaced)
		it->id.namespace = STR_NONE;	/* whatever its text says */
	const struct ks_known *known = find_known(k, objid_print(k->a, &it->id));

	if (!look(k, r, it->id.namespace, it->id.name, &s))
		return APPLYSET_UNKNOWN;
	if (!s.exists)
		return APPLYSET_ABSENT;
	if (!known || known->skipped)
		return APPLYSET_UNKNOWN;
	if (known->content && s.content == known->content)
		it->left = s.content;
	if (known->body != body)
		return APPLYSET_CHANGED;
	return it->left ? APPLYSET_SAME : APPLYSET_UNKNOWN;
}

bool kustomization_is_intact(struct ks *k)
{
	for (size_t i = 0; i < k->m->n; i++) {
		const struct ks_known *known = &k->m->known[i];
		const struct client_resource *r;
		struct live_state s;
		err *e = kustomization_resource(k->cluster, &known->id, known->version, &r);

		err_free(e);
		if (e || !kustomization_is_watched(k, r, known->id.namespace))
			return false;
		if (known->skipped)
			continue;
		live_state(k->cluster->live, k->a, r, known->id.namespace, known->id.name, &s);
		if (s.synced && !s.exists && known->vanishes)
			continue;
		if (!s.synced || !s.exists || s.content != known->content)
			return false;
	}
	return true;
}

/* ---- the set ------------------------------------------------------------------------- */

static err *make_item(struct ks *k, const struct resource *from, struct applyset_item *it)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct ks_known *known = arena_new(k->a, struct ks_known);
	node plain;

	TRY(value_of(k->a, from->object, false, &plain));
	it->source = plain;
	node owned = node_copy(k->a, plain);

	flux_own_labels(k->a, k->p->object, owned);
	it->object = applyset_normal(k->a, owned);
	flux_common_metadata(k->a, k->p->object, it->object);
	it->id = objid_of(it->object);
	it->version = gvk_of(it->object).version;
	if (flux_is_encrypted(it->object) &&
	    !applyset_is_marked(it->object, S(KUSTOMIZATION_GROUP), "decrypt", S("disabled")))
		return sources_err(&k->sources, plain.place,
				   err_new(ERR_INVALID,
					   "%s is SOPS encrypted, configuring decryption is required "
					   "for this secret to be reconciled",
					   objid_show(k->a, &it->id).p));
	TRY(json_write(&b, it->object, NULL));
	it->body = arena_str(k->a, buf_str(&b));
	known->body = hash_bytes(it->body);
	it->tag = known;
	it->known = knowledge(k, it, known->body);
	return arena_check(k->a, "the set of objects");
}

/* A definition of one of our kinds, where those are not the repository's affair. */
static bool is_own_definition(const struct ks *k, str group, str kind, str name)
{
	size_t n;
	const struct api_kind *kinds = api_kinds(&n);
	str plural, of;

	if (!runtime_settings(k->p->rt)->own_definitions ||
	    !str_eq(kind, S("CustomResourceDefinition")) ||
	    !str_eq(group, S("apiextensions.k8s.io")) || !str_split(name, '.', &plural, &of))
		return false;
	for (size_t i = 0; i < n; i++)
		if (str_eq(kinds[i].plural, plural) && str_eq(kinds[i].group, of))
			return true;
	return false;
}

static err *make_items(struct ks *k)
{
	k->items = arena_array(k->a, struct applyset_item, k->objects->n);
	k->n = 0;
	for (size_t i = 0; i < k->objects->n; i++) {
		const struct objid id = objid_of(k->objects->list[i]->object);

		if (!is_own_definition(k, id.group, id.kind, id.name))
			TRY(make_item(k, k->objects->list[i], &k->items[k->n++]));
	}
	return NULL;
}

static str text(node n, const char *key)
{
	return node_str(node_get(n, str_c(key)));
}

static void note(void *ctx, const struct client_resource *r, node object)
{
	struct ks *k = ctx;

	if (k->cluster->live)
		live_note(k->cluster->live, r, object);
}

static err *run(struct ks *k)
{
	const struct settings *s = runtime_settings(k->p->rt);
	struct applyset_options o = {
		.manager = S("kustomize-controller"),
		.group = S(KUSTOMIZATION_GROUP),
		.force = node_bool(node_get(k->p->spec, S("force"))),
		.migrate = s->gates[GATE_MIGRATE_API_VERSION],
		.override_managers = s->override_managers,
		.override_managers_n = s->override_managers_n,
		.stage_kinds = s->custom_stage_kinds,
		.stage_kinds_n = s->custom_stage_kinds_n,
		.stage_timeout = STAGE_PATIENCE,
		.window = s->concurrent_ssa == SSA_DEFAULT ? 0 : s->concurrent_ssa,
		.sources = &k->sources,
		.cancel = k->p->cancel,
		.seen = note,
		.ctx = k,
	};

	o.ignore = applyset_read_ignore(k->a, node_get(k->p->spec, S("ignore")), &o.ignore_n);
	return applyset_run(k->cluster->client, k->cluster->discovery, k->a, k->items, k->n, &o);
}

/* ---- memory ----------------------------------------------------------------------------- */

static void keep_known(struct ks *k, struct arena *mem, const struct applyset_item *it,
		       struct ks_known *to)
{
	const struct ks_known *sent = it->tag;
	str key = objid_print(mem, &it->id);
	const struct ks_known *before = find_known(k, key);

	*to = (struct ks_known){
		.id = { arena_str(mem, it->id.group), arena_str(mem, it->id.kind),
			arena_str(mem, it->id.namespace), arena_str(mem, it->id.name) },
		.version = arena_str(mem, it->version),
		.key = key,
		.body = sent->body,
		.skipped = it->action == APPLYSET_SKIPPED,
		.vanishes = health_is_job(it->id.group, it->id.kind) &&
			    node_is_num(node_dig(it->object, "spec", "ttlSecondsAfterFinished")),
	};
	if (node_is(it->live, NODE_MAP))
		to->content = live_content(it->live);
	else if (it->known == APPLYSET_SAME && before)
		to->content = before->content;
}

static void memorise(struct ks *k)
{
	struct arena mem = ARENA_INIT;
	struct ks_known *known = arena_array(&mem, struct ks_known, k->n);

	for (size_t i = 0; i < k->n; i++)
		keep_known(k, &mem, &k->items[i], &known[i]);
	arena_release(&k->m->mem);
	k->m->known = known;
	k->m->n = k->n;
	k->m->digest = arena_str(&mem, k->digest);
	k->m->mem = mem;
}

/* ---- inventory --------------------------------------------------------------------------- */

static node old_entries(struct ks *k)
{
	return node_dig(k->p->status, "inventory", "entries");
}

static void add_entry(struct ks *k, node list, str id, str version)
{
	node e = node_map(k->a, 2);

	node_set(k->a, e, S("id"), node_copy_str(k->a, id));
	node_set(k->a, e, S("v"), node_copy_str(k->a, version));
	node_append(k->a, list, e);
}

static void set_inventory(struct ks *k, node entries)
{
	node inventory = node_map(k->a, 1);

	node_set(k->a, inventory, S("entries"), entries);
	status_set(k->p, S("inventory"), inventory);
}

static node new_entries(struct ks *k)
{
	node list = node_seq(k->a, k->n);

	for (size_t i = 0; i < k->n; i++)
		add_entry(k, list, objid_print(k->a, &k->items[i].id), k->items[i].version);
	return list;
}

void kustomization_restore(struct ks *k)
{
	node list = node_seq(k->a, k->m->n);

	for (size_t i = 0; i < k->m->n; i++)
		add_entry(k, list, k->m->known[i].key, k->m->known[i].version);
	set_inventory(k, list);
}

/* What was written before an apply failed must not be lost: it joins the old
 * inventory. */
static void keep_written(struct ks *k)
{
	CLEANUP(map_release) struct map there = MAP_INIT;
	node list = node_seq(k->a, k->n);
	bool more = false;

	node_each_item(i, old_entries(k)) {
		map_set(&there, text(*i, "id"), k);
		node_append(k->a, list, *i);
	}
	for (size_t i = 0; i < k->n; i++) {
		str id = objid_print(k->a, &k->items[i].id);

		if (!k->items[i].written || map_has(&there, id))
			continue;
		add_entry(k, list, id, k->items[i].version);
		more = true;
	}
	if (more)
		set_inventory(k, list);
}

/* ---- what is to go ------------------------------------------------------------------------ */

/* Entries of the old inventory that the new one does not have. */
static err *find_stale(struct ks *k, node before, node after, struct applyset_prune **list,
		       size_t *n)
{
	CLEANUP(map_release) struct map kept = MAP_INIT;

	node_each_item(i, after)
		map_set(&kept, text(*i, "id"), k);
	*list = arena_array(k->a, struct applyset_prune, node_len(before));
	*n = 0;
	node_each_item(i, before) {
		struct applyset_prune *p = &(*list)[*n];

		if (map_has(&kept, text(*i, "id")))
			continue;
		TRY(objid_parse(k->a, text(*i, "id"), &p->id));
		p->version = text(*i, "v");
		p->uncertain = node_bool(node_get(*i, S("noted")));
		if (!is_own_definition(k, p->id.group, p->id.kind, p->id.name))
			(*n)++;
	}
	return NULL;
}

/* What could not be deleted is tried again. */
static void keep_survivors(struct ks *k, node entries, const struct applyset_prune *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].action == APPLYSET_FAILED)
			add_entry(k, entries, objid_print(k->a, &list[i].id), list[i].version);
}

static void tell_pruned(struct ks *k, str log, const struct guard *guard)
{
	if (log.n) {
		log_info(k->p->log, arena_cat(k->a, S("garbage collection completed: "), log));
		kustomization_event(k, EVENT_NORMAL, S("Progressing"), log);
	}
	if (!guard->along.n)
		return;
	str along = arena_cat(k->a, S("pruning takes along what is not in Git:\n"), guard->along);

	log_info(k->p->log, along);
	kustomization_event(k, EVENT_WARNING, S("PrunedAlong"), along);
}

/* Why some are still there, and how to go on. */
static err *blocked(struct ks *k, const struct guard *guard)
{
	return err_new(ERR_CONFLICT,
		       "pruning is held back for:\n%.*s\nTo prune them, annotate the Kustomization "
		       "with " KUSTOMIZATION_GROUP "/prune-approved=%.*s and reconcile it; to keep them, "
		       "annotate them with " KUSTOMIZATION_GROUP "/prune=disabled",
		       STR_ARG(guard->held), STR_ARG(k->artifact.revision));
}

static err *prune(struct ks *k, node before, node entries, struct guard *guard)
{
	const struct applyset_prune_options o = { .group = S(KUSTOMIZATION_GROUP),
						  .owner_name = k->p->key.name,
						  .owner_namespace = k->p->key.namespace,
						  .cancel = k->p->cancel };
	struct applyset_prune *list;
	size_t all, n;

	TRY(find_stale(k, before, entries, &list, &all));
	if (!all || !node_bool(node_get(k->p->spec, S("prune"))))
		return NULL;
	n = all;
	TRY(kustomization_guard(k, list, &n, guard));
	for (size_t i = n; i < all; i++)
		list[i].action = APPLYSET_FAILED;
	err *e = applyset_delete(k->cluster->client, k->cluster->discovery, k->a, list, n, &o);

	keep_survivors(k, entries, list, all);
	if (e)
		return e;
	tell_pruned(k, applyset_prune_log(k->a, list, n), guard);
	return NULL;
}

/* ---- kinds ------------------------------------------------------------------------------- */

/* An apply that failed because a kind is not served is tried again as soon as it
 * is, and not only after the retry interval. */
static void remember_missing(struct ks *k, struct outcome *out)
{
	struct ks_memory *m = k->m;
	const struct client_resource *r;

	arena_clear(&m->missing_mem);
	m->missing = (struct gvk){ 0 };
	for (size_t i = 0; i < k->n; i++) {
		struct gvk g = gvk_of(k->items[i].object);
		err *e = k->items[i].resource
				 ? NULL
				 : discovery_kind(k->cluster->discovery, g, &r);

		if (e && err_kind(e) == ERR_NOT_FOUND && !m->missing.kind.n)
			m->missing = (struct gvk){ arena_str(&m->missing_mem, g.group),
						   arena_str(&m->missing_mem, g.version),
						   arena_str(&m->missing_mem, g.kind) };
		err_free(e);
	}
	m->missing_inputs = k->inputs;
	if (m->missing.kind.n && out->after > KUSTOMIZATION_POLL)
		out->after = KUSTOMIZATION_POLL;
}

/* Kinds of Flux are read in all their versions; those on the way out are told. */
static void warn_of_version(struct ks *k, const struct applyset_item *it)
{
	const struct api_kind *kind = api_kind_find(it->id.group, it->id.kind);
	const struct api_version *v = kind ? api_kind_version(kind, it->version) : NULL;
	struct err_pos at;

	if (!v || !v->warning.n)
		return;
	str place = sources_locate(&k->sources, it->source.place, &at)
			    ? kustomization_position(k, &at)
			    : STR_NONE;

	log_info(k->p->log, arena_cat(k->a, place, place.n ? S(": ") : STR_NONE, v->warning));
}

/* ---- definitions ----------------------------------------------------------------------------- */

/* Whether the pass is to be made again instead of failing: a Namespace that is going,
 * a definition that nobody has accepted yet. */
static bool waits(struct ks *k, const err *e, struct outcome *out)
{
	struct ks_memory *m = k->m;
	int64_t now = clock_mono();

	if (err_code(e) != APPLYSET_WAITS) {
		m->stage_started = 0;
		return false;
	}
	if (!m->stage_started)
		m->stage_started = now;
	if (now > clock_after(m->stage_started, APPLYSET_TIMEOUT)) {
		m->stage_started = 0;
		return false;
	}
	kustomization_progress(k, S("Detecting drift"), true);
	k->p->requested = false;	/* not done yet */
	*out = (struct outcome){ NEXT_AFTER, STAGE_PATIENCE };
	return true;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static str change_log(struct ks *k)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	applyset_log(&b, k->items, k->n);
	return arena_str(k->a, buf_str(&b));
}

static struct outcome failed(struct ks *k, const char *reason, err *e)
{
	kustomization_remember(k, str_c(reason));
	return kustomization_fail(k, str_c(reason), e);
}

static void log_applied(struct ks *k)
{
	bool grouped = runtime_settings(k->p->rt)->gates[GATE_GROUP_CHANGE_LOG];
	node output = node_map(k->a, k->n);
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!k->n || !log_on(LOG_INFO))
		return;
	for (size_t i = 0; i < k->n; i++) {
		str id = objid_show(k->a, &k->items[i].id);
		str action = applyset_action_name(k->items[i].action);

		if (!grouped) {
			node_set(k->a, output, id, node_from_str(k->a, action));
			continue;
		}
		if (!node_has(output, action))
			node_set(k->a, output, action, node_seq(k->a, k->n));
		node_append(k->a, node_get(output, action), node_from_str(k->a, id));
	}
	err_free(json_write(&b, output, NULL));
	log_info(k->p->log, S("server-side apply completed"), log_json("output", buf_str(&b)),
		 log_str("revision", k->artifact.revision));
}

bool kustomization_apply(struct ks *k, struct outcome *out)
{
	node before = kustomization_entries(k->p);
	struct guard guard = { 0 };

	kustomization_progress(k, S("Detecting drift"), false);
	err *e = make_items(k);

	if (e) {
		*out = failed(k, "ReconciliationFailed", e);
		return false;
	}
	kustomization_intend(k);
	e = run(k);
	str log = change_log(k);

	if (e) {
		keep_written(k);
		if (waits(k, e, out)) {
			err_free(e);
			return false;
		}
		e = kustomization_hide(k, err_replace(e, "%s\n%.*s", err_msg(e), STR_ARG(log)));
		*out = failed(k, "ReconciliationFailed", e);
		remember_missing(k, out);
		return false;
	}
	k->m->stage_started = 0;
	log = str_trim_right_set(log, S("\n"));
	k->drifted = log.n > 0;
	if (!k->quiet || k->drifted)
		log_applied(k);
	k->m->missing = (struct gvk){ 0 };
	for (size_t i = 0; i < k->n && !k->quiet; i++)
		warn_of_version(k, &k->items[i]);
	memorise(k);
	if (log.n)
		kustomization_event(k, EVENT_NORMAL, S("Progressing"), log);
	node entries = new_entries(k);

	set_inventory(k, entries);
	e = prune(k, before, entries, &guard);
	if (e || guard.held.n) {
		*out = e ? failed(k, "PruneFailed", e)
			 : failed(k, "PruneBlocked", blocked(k, &guard));
		return false;
	}
	k->m->applied = k->m->untold = true;
	k->m->inputs = k->inputs;
	k->m->fetched = k->fetched;
	k->m->drifted = k->drifted;
	return true;
}
