/* helmrelease_history - status.history: what was made of the release, and when. */
#include "client/objid.h"
#include "controllers/hr_impl.h"
#include "helm/depend.h"

enum { SNAPSHOTS_MAX = 5 };

static node history(const struct hr *h)
{
	return node_get(h->p->status, S("history"));
}

static int64_t version_of(node snapshot)
{
	return node_int(node_get(snapshot, S("version")));
}

static str field(node snapshot, const char *key)
{
	return node_str(node_get(snapshot, str_c(key)));
}

/* Newest first; few as they are, by insertion. */
static void sort(node list)
{
	for (size_t i = 1; i < node_len(list); i++)
		for (size_t j = i; j > 0; j--) {
			node *a = &list.seq->items[j - 1], *b = &list.seq->items[j], t = *a;

			if (version_of(*a) >= version_of(*b))
				break;
			*a = *b;
			*b = t;
		}
}

node hr_latest(const struct hr *h)
{
	sort(history(h));
	return node_at(history(h), 0);
}

bool hr_has_test_in(node snapshot, str phase)
{
	node_each_pair(p, node_get(snapshot, S("testHooks")))
		if (str_eq(field(p->value, "phase"), phase))
			return true;
	return false;
}

bool hr_is_tested(node snapshot)
{
	node hooks = node_get(snapshot, S("testHooks"));

	if (hooks.kind != NODE_MAP)
		return false;
	if (hr_has_test_in(snapshot, S("Failed")))
		return true;
	node_each_pair(p, hooks)
		if (!str_eq(field(p->value, "phase"), S("Succeeded")))
			return false;
	return true;
}

static bool was_good(node snapshot, bool ignore_tests)
{
	str status = field(snapshot, "status");

	return (str_eq(status, S("deployed")) || str_eq(status, S("superseded"))) &&
	       (ignore_tests || !hr_has_test_in(snapshot, S("Failed")));
}

static size_t previous(const struct hr *h, bool ignore_tests)
{
	node list = history(h);

	sort(list);
	for (size_t i = 1; i < node_len(list); i++)
		if (was_good(node_at(list, i), ignore_tests))
			return i;
	return 0;
}

node hr_previous(const struct hr *h, bool ignore_tests)
{
	size_t i = previous(h, ignore_tests);

	return i ? node_at(history(h), i) : NODE_NOTHING;
}

static void cut(struct hr *h, size_t n)
{
	node list = history(h), out = node_seq(h->a, n);

	for (size_t i = 0; i < n && i < node_len(list); i++)
		node_append(h->a, out, node_at(list, i));
	if (node_len(list) > n)
		status_set(h->p, S("history"), out);
}

void hr_truncate(struct hr *h, bool ignore_tests)
{
	size_t i = previous(h, ignore_tests);

	cut(h, i ? i + 1 : SNAPSHOTS_MAX);
}

void hr_truncate_plain(struct hr *h)
{
	sort(history(h));
	cut(h, SNAPSHOTS_MAX);
}

void hr_clear_history(struct hr *h)
{
	status_set(h->p, S("history"), NODE_NOTHING);
}

str hr_release_text(struct arena *a, node s)
{
	str ns = field(s, "namespace"), name = field(s, "name");

	return s.kind == NODE_MAP ? arena_printf(a, "%.*s/%.*s.v%lld", STR_ARG(ns), STR_ARG(name),
						 (long long)version_of(s))
				  : STR_NONE;
}

str hr_chart_text(struct arena *a, node s)
{
	return s.kind == NODE_MAP
		       ? arena_cat(a, field(s, "chartName"), S("@"), field(s, "chartVersion"))
		       : STR_NONE;
}

/* ---- snapshots ----------------------------------------------------------- */

static str observed_digest(struct arena *a, enum digest_algo algo, const struct record *r,
			   str oci_digest)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	err *e = record_write_observed(r, oci_digest, &b);

	err_free(e);
	return e ? STR_NONE : hr_digest(a, algo, buf_str(&b));
}

static void put(struct arena *a, node map, const char *key, str value)
{
	if (value.n)
		node_set(a, map, str_c(key), node_copy_str(a, value));
}

static void put_time(struct arena *a, node map, const char *key, struct gotime t)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (gotime_is_zero(t))
		return;
	gotime_format(&b, gotime_utc(t.sec, 0), GOTIME_RFC3339);
	put(a, map, key, buf_str(&b));
}

static node snapshot_of(const struct hr *h, const struct record *r, str action, str oci_digest)
{
	enum digest_algo algo = hr_digest_algo(h);
	struct arena *a = h->a;
	node s = node_map(a, 15);

	put(a, s, "apiVersion", S("v2"));
	put(a, s, "digest", observed_digest(a, algo, r, oci_digest));
	put(a, s, "name", r->name);
	put(a, s, "namespace", r->ns);
	node_set(a, s, S("version"), node_from_int(r->version));
	put(a, s, "status", r->status);
	put(a, s, "action", action);
	put(a, s, "chartName", record_chart_name(r));
	put(a, s, "chartVersion", record_chart_version(r));
	put(a, s, "appVersion", record_app_version(r));
	put(a, s, "configDigest", hr_values_digest(a, algo, r->config));
	put_time(a, s, "firstDeployed", r->first_deployed);
	put_time(a, s, "lastDeployed", r->last_deployed);
	put_time(a, s, "deleted", r->deleted);
	put(a, s, "ociDigest", oci_digest);
	return s;
}

bool hr_targets(node s, const struct record *r)
{
	return str_eq(field(s, "name"), r->name) && str_eq(field(s, "namespace"), r->ns) &&
	       version_of(s) == r->version;
}

node hr_snapshot(const struct hr *h, const struct record *r)
{
	str oci = STR_NONE;

	node_each_item(s, history(h))
		if (hr_targets(*s, r))
			oci = field(*s, "ociDigest");
	return snapshot_of(h, r, STR_NONE, oci);
}

/* What the running action makes of a record's snapshot. Like Flux, an upgrade
 * forgets which action made the releases before its own. */
static str action_of(const struct hr *h, node snapshot, bool newest)
{
	bool own = h->rollback || str_starts(h->action, S("uninstall"));

	if (own)
		return h->action;
	return newest || !h->action.n ? field(snapshot, "action") : STR_NONE;
}

static node observed(struct hr *h, const struct record *r, node snapshot, bool newest)
{
	node made = snapshot_of(h, r, action_of(h, snapshot, newest),
				field(snapshot, "ociDigest"));
	node hooks = node_get(snapshot, S("testHooks"));

	if (hooks.kind == NODE_MAP)
		node_set(h->a, made, S("testHooks"), hooks);
	return made;
}

/* A record that has a snapshot changed. One that has none is new; but for a
 * rollback, those that are older than the newest are none of ours. */
void hr_observe(void *ctx, const struct record *r)
{
	struct hr *h = ctx;
	node list = history(h), copy = node_seq(h->a, node_len(list) + 1);
	int64_t newest = version_of(hr_latest(h));
	bool known = false, fresh;

	h->observed++;
	node_each_item(s, list)
		known |= hr_targets(*s, r);
	fresh = !known && !str_starts(h->action, S("uninstall")) &&
		(h->rollback || r->version > newest);
	node_each_item(s, list) {
		if (fresh && !h->rollback && h->added && version_of(*s) == h->added)
			continue;	/* was on the way to this one */
		node_append(h->a, copy, hr_targets(*s, r)
						? observed(h, r, *s, r->version == newest)
						: *s);
	}
	if (fresh) {
		node_append(h->a, copy,
			    snapshot_of(h, r, h->rollback ? STR_NONE : h->action,
					h->rollback ? STR_NONE : h->oci_digest));
		h->added = r->version;
	}
	sort(copy);
	status_set(h->p, S("history"), copy);
}

static bool is_chosen(const struct hr *h, str name)
{
	bool any = false, among = false;

	node_each_item(f, hr_spec(h, "test.filters")) {
		bool same = str_eq(field(*f, "name"), name);

		if (node_bool(node_get(*f, S("exclude")))) {
			if (same)
				return false;
			continue;
		}
		any = true;
		among |= same;
	}
	return !any || among;
}

void hr_observe_tests(struct hr *h, const struct record *r)
{
	node latest = hr_latest(h), hooks = node_map(h->a, r->hooks_n);

	if (!hr_targets(latest, r))
		return;
	for (size_t i = 0; i < r->hooks_n; i++) {
		const struct record_hook *hook = &r->hooks[i];
		node one = node_map(h->a, 3);

		if (!record_has(hook->events, S("test")) || !is_chosen(h, hook->name))
			continue;
		put_time(h->a, one, "lastStarted", hook->started);
		put_time(h->a, one, "lastCompleted", hook->completed);
		put(h->a, one, "phase", hook->phase);
		node_set(h->a, hooks, hook->name, one);
	}
	node_set(h->a, latest, S("testHooks"), hooks);
}

bool hr_verify(struct arena *a, node snapshot, const struct record *r)
{
	str digest = field(snapshot, "digest");
	struct digest d;

	if (!str_eq(field(snapshot, "apiVersion"), S("v2")))
		return true;
	err *e = digest_parse_any(&d, digest);

	err_free(e);
	return !e && str_eq(digest, observed_digest(a, d.algo, r, field(snapshot, "ociDigest")));
}

/* ---- inventory ----------------------------------------------------------- */

static void add_entry(struct hr *h, node entries, node object, str ns)
{
	struct objid id = objid_of(object);
	node entry = node_map(h->a, 2);

	if (!id.namespace.n)
		id.namespace = ns;
	node_set(h->a, entry, S("id"), node_from_str(h->a, objid_print(h->a, &id)));
	node_set(h->a, entry, S("v"), node_copy_str(h->a, gvk_of(object).version));
	node_append(h->a, entries, entry);
}

static void add_crds(struct hr *h, node entries, const struct chart *c)
{
	for (size_t i = 0; i < c->files.n; i++) {
		struct relobj_list l;
		err *e = chart_is_crd(&c->files.p[i]) ? relobj_parse(h->a, c->files.p[i].data, &l)
						      : NULL;

		if (!e && chart_is_crd(&c->files.p[i]))
			for (size_t n = 0; n < l.n; n++)
				add_entry(h, entries, l.p[n].object, STR_NONE);
		err_free(e);
	}
	for (size_t i = 0; i < c->subs_n; i++)
		add_crds(h, entries, c->subs[i]);
}

/* Those of charts that the values switch off are not applied. */
static void add_enabled_crds(struct hr *h, node entries)
{
	struct chart enabled = *h->chart;
	err *e = depend_process(h->a, &enabled, h->values, NULL);

	add_crds(h, entries, e ? h->chart : &enabled);
	err_free(e);
}

void hr_set_inventory(struct hr *h, const struct record *r)
{
	node inventory = node_map(h->a, 1), entries = node_seq(h->a, 8);
	struct relobj_list l;
	err *e = relobj_build(&h->env.cluster, h->a, r->manifest, r->ns, &l);

	for (size_t i = 0; !e && i < l.n; i++)
		add_entry(h, entries, l.p[i].object, l.p[i].ns);
	if (e) {
		pass_event(h->p, EVENT_WARNING, S("InventoryBuildFailed"),
			   arena_printf(h->a, "failed to build inventory for %.*s/%.*s: %s",
					STR_ARG(h->p->key.namespace), STR_ARG(h->p->key.name),
					err_msg(e)),
			   NULL, 0);
		err_free(e);
		return;
	}
	if (h->chart)
		add_enabled_crds(h, entries);
	node_set(h->a, inventory, S("entries"), entries);
	status_set(h->p, S("inventory"), inventory);
}
