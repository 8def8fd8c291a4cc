/* helmrelease_drift - whether the cluster still has what the release made.
 *
 * For each object of the manifest the server is asked what it has, and in a dry
 * run what it would have if the object were applied again. What differs, and is
 * not to be ignored, is drift; correcting it changes just that.
 */
#include "base/vec.h"
#include "client/applyset_ignore.h"
#include "controllers/hr_impl.h"
#include "value/json.h"
#include "value/pointer.h"

#define SWITCH "driftDetection"

/* ---- rules -------------------------------------------------------------------- */

struct rules {
	struct applyset_rules some;	/* paths are left alone */
	struct applyset_rules all;	/* objects are */
};

static bool is_whole(const struct applyset_ignore *r)
{
	for (size_t i = 0; i < r->paths_n; i++)
		if (!r->paths[i].n)
			return true;
	return false;
}

static err *read_rules(struct hr *h, struct rules *out)
{
	node list = hr_spec(h, "driftDetection.ignore");
	struct applyset_ignore *some = arena_array(h->a, struct applyset_ignore, node_len(list) + 1);
	struct applyset_ignore *all = arena_array(h->a, struct applyset_ignore, node_len(list) + 1);
	struct applyset_options a = { .ignore = some }, b = { .ignore = all };
	size_t n;
	const struct applyset_ignore *rules = applyset_read_ignore(h->a, list, &n);

	for (size_t i = 0; i < n; i++) {
		struct applyset_ignore r = rules[i];

		if (is_whole(&r))
			all[b.ignore_n++] = (struct applyset_ignore){
				.group = r.group, .version = r.version, .kind = r.kind,
				.name = r.name, .namespace = r.namespace, .labels = r.labels,
				.annotations = r.annotations };
		else
			some[a.ignore_n++] = r;
	}
	TRY(applyset_rules_read(h->a, &a, &out->some));
	return applyset_rules_read(h->a, &b, &out->all);
}

/* ---- differences ------------------------------------------------------------------ */

struct diff {
	struct arena *a;
	node patch;		/* list of operations */
	size_t added, changed, removed;
};

static void add_operation(struct diff *d, const char *op, str path, node value)
{
	node one = node_map(d->a, 3);

	node_set(d->a, one, S("op"), node_from_str(d->a, str_c(op)));
	node_set(d->a, one, S("path"), node_from_str(d->a, path));
	if (value.kind != NODE_NONE)
		node_set(d->a, one, S("value"), value);
	node_append(d->a, d->patch, one);
}

static str below(struct diff *d, str path, str key)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, path);
	pointer_add(&b, key);
	return arena_str(d->a, buf_str(&b));
}

static void compare(struct diff *d, str path, node live, node wanted)
{
	bool lists = live.kind == NODE_SEQ && wanted.kind == NODE_SEQ &&
		     node_len(live) == node_len(wanted);

	if (node_equal(live, wanted))
		return;
	if (!lists && (live.kind != NODE_MAP || wanted.kind != NODE_MAP)) {
		d->changed++;
		add_operation(d, "replace", path, wanted);
		return;
	}
	for (size_t i = 0; lists && i < node_len(wanted); i++)
		compare(d, arena_printf(d->a, "%.*s/%zu", STR_ARG(path), i), node_at(live, i),
			node_at(wanted, i));
	node_each_pair(p, wanted) {
		str key = node_str(p->key);

		if (node_has(live, key)) {
			compare(d, below(d, path, key), node_get(live, key), p->value);
			continue;
		}
		d->added++;
		add_operation(d, "add", below(d, path, key), p->value);
	}
	node_each_pair(p, live)
		if (!node_has(wanted, node_str(p->key))) {
			d->removed++;
			add_operation(d, "remove", below(d, path, node_str(p->key)), NODE_NOTHING);
		}
}

/* Labels and annotations that the release wants; others may have more. */
static void compare_marks(struct diff *d, node live, node wanted, const char *field)
{
	node there = node_dig(live, "metadata", field), want = node_dig(wanted, "metadata", field);
	str path = arena_cat(d->a, S("/metadata/"), str_c(field));

	if (there.kind != NODE_MAP && node_len(want)) {
		d->added++;
		add_operation(d, "add", path, want);
		return;
	}
	node_each_pair(p, want) {
		node have = node_get(there, node_str(p->key));

		if (node_equal(have, p->value))
			continue;
		*(have.kind == NODE_NONE ? &d->added : &d->changed) += 1;
		add_operation(d, have.kind == NODE_NONE ? "add" : "replace",
			      below(d, path, node_str(p->key)), p->value);
	}
}

static void compare_objects(struct diff *d, node live, node wanted)
{
	static const char *const apart[] = { "apiVersion", "kind", "metadata", "status" };
	node x = node_copy(d->a, live), y = node_copy(d->a, wanted);

	compare_marks(d, live, wanted, "labels");
	compare_marks(d, live, wanted, "annotations");
	for (size_t i = 0; i < sizeof apart / sizeof *apart; i++) {
		node_remove(x, str_c(apart[i]));
		node_remove(y, str_c(apart[i]));
	}
	compare(d, STR_NONE, x, y);
}

/* ---- objects ------------------------------------------------------------------------- */

struct asked {
	struct client_call *live, *dry;
	bool proven;		/* it is as it was when nothing was wrong */
};

bool hr_detects_drift(const struct hr *h)
{
	str mode = node_str(hr_spec(h, "driftDetection.mode"));
	bool by_default = runtime_settings(h->p->rt)->gates[GATE_DETECT_DRIFT];

	return mode.n ? !str_eq(mode, S("disabled")) : by_default;
}

static void know(struct hr_known *k, bool clean, uint64_t content)
{
	k->clean = clean ? content : 0;
	k->seen = content;
}

static err *ask(struct hr *h, const struct relobj *o, struct asked *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str path = client_path(h->a, o->resource, o->ns, o->name, STR_NONE);

	TRY(json_write(&b, o->object, NULL));
	out->live = client_start(h->env.cluster.client, &(struct client_request){ .path = path });
	out->dry = client_start(
		h->env.cluster.client,
		&(struct client_request){
			.method = S("PATCH"),
			.path = path,
			.query = client_query_of(h->a, S("dryRun"), S("All"), S("fieldManager"),
						 h->env.cluster.manager, S("force"), S("true")),
			.content_type = S("application/apply-patch+yaml"),
			.body = arena_str(h->a, buf_str(&b)) });
	return NULL;
}

static void add_line(struct hr *h, struct buf *lines, const struct relobj *o, str what, node patch)
{
	node one = node_map(h->a, 3);
	str id = relobj_id(h->a, o);

	buf_addf(lines, "%s%.*s %.*s", lines->n ? "\n" : "", STR_ARG(id), STR_ARG(what));
	node_set(h->a, one, S("object"), o->object);
	node_set(h->a, one, S("patch"), patch);
	node_append(h->a, h->drifted, one);
}

static err *judge(struct hr *h, const struct rules *rules, const struct relobj *o,
		  struct asked *asked, struct buf *lines, struct hr_known *k, bool *changed)
{
	struct diff d = { .a = h->a, .patch = node_seq(h->a, 4) };
	node live, dry;
	err *e = client_wait(asked->live, h->a, &live), *dry_e = client_wait(asked->dry, h->a, &dry);

	if (e && err_kind(e) == ERR_NOT_FOUND && !dry_e) {
		err_free(e);
		*changed = true;
		know(k, false, HR_GONE);
		add_line(h, lines, o, S("removed"), node_null());
		return NULL;
	}
	if (e || dry_e) {
		if (e)
			err_free(dry_e);
		return e ? e : dry_e;
	}
	if (applyset_is_marked(live, S(HELM_GROUP), SWITCH, S("disabled"))) {
		str id = relobj_id(h->a, o);

		buf_addf(lines, "%s%.*s excluded", lines->n ? "\n" : "", STR_ARG(id));
		know(k, true, live_content(live));
		return NULL;
	}
	compare_objects(&d, applyset_rules_strip(h->a, &rules->some, o->object, live),
			applyset_rules_strip(h->a, &rules->some, o->object, dry));
	know(k, !node_len(d.patch), live_content(live));
	if (!node_len(d.patch))
		return NULL;
	*changed = true;
	add_line(h, lines, o,
		 arena_printf(h->a, "changed (%zu additions, %zu changes, %zu removals)", d.added,
			      d.changed, d.removed),
		 d.patch);
	return NULL;
}

static bool is_excluded(const struct rules *rules, node object)
{
	return applyset_is_marked(object, S(HELM_GROUP), SWITCH, S("disabled")) ||
	       applyset_rules_match(&rules->all, object);
}

/* Ask about what nothing is known of; the first error. */
static err *ask_all(struct hr *h, const struct rules *rules, const struct relobj_list *l,
		    struct asked *asked)
{
	for (size_t i = 0; i < l->n; i++) {
		struct hr_known *k = &h->m->known[i];
		uint64_t now = hr_content_now(h, k);

		if (is_excluded(rules, l->p[i].object)) {
			know(k, true, now);
			continue;
		}
		asked[i].proven = k->clean && now == k->clean;
		if (asked[i].proven)
			k->seen = now;
		else
			TRY(ask(h, &l->p[i], &asked[i]));
	}
	return NULL;
}

static err *look(struct hr *h, const struct rules *rules, const struct relobj_list *l)
{
	CLEANUP(buf_release) struct buf lines = BUF_INIT;
	struct asked *asked = arena_array(h->a, struct asked, l->n + 1);
	bool changed = false;
	err *first = ask_all(h, rules, l, asked);

	for (size_t i = 0; i < l->n; i++) {
		if (asked[i].proven)
			continue;
		if (!asked[i].live) {
			str id = relobj_id(h->a, &l->p[i]);

			buf_addf(&lines, "%s%.*s excluded", lines.n ? "\n" : "", STR_ARG(id));
			continue;
		}
		err *e = judge(h, rules, &l->p[i], &asked[i], &lines, &h->m->known[i], &changed);

		if (first)
			err_free(e);
		else
			first = e;
	}
	if (first && !changed)
		return first;
	err_free(first);
	if (changed)
		h->drift = arena_str(h->a, buf_str(&lines));
	return NULL;
}

err *hr_find_drift(struct hr *h, const struct record *r)
{
	struct relobj_list l;
	struct rules rules;

	h->drift = STR_NONE;
	h->drifted = node_seq(h->a, 4);
	if (h->fresh) {		/* the answers to the applies said it */
		h->fresh = false;
		return NULL;
	}
	TRY(read_rules(h, &rules));
	TRY(relobj_build(&h->env.cluster, h->a, r->manifest, r->ns, &l));
	relobj_own(h->a, &l, r->name, r->ns);
	hr_know(h, &l);
	return look(h, &rules, &l);
}

/* ---- correction ----------------------------------------------------------------------- */

static err *correct(struct hr *h, node one, struct buf *done)
{
	node object = node_get(one, S("object")), patch = node_get(one, S("patch"));
	const struct client_patch_options how = { .type = CLIENT_PATCH_JSON,
						  .manager = h->env.cluster.manager };
	struct relobj o;

	TRY(relobj_resolve(&h->env.cluster, h->a, object, h->ns, &o));
	str id = relobj_id(h->a, &o);
	bool create = patch.kind != NODE_SEQ;
	err *e = create ? client_create(h->env.cluster.client, h->a, o.resource, object,
					h->env.cluster.manager, NULL)
			: client_patch(h->env.cluster.client, h->a, o.resource, o.ns, o.name, patch,
				       &how, NULL);

	if (e)
		return err_wrap(e, "%.*s %s failure", STR_ARG(id), create ? "creation" : "patch");
	buf_addf(done, "%s%.*s %s", done->n ? "\n" : "", STR_ARG(id),
		 create ? "created" : "configured");
	return NULL;
}

err *hr_correct_drift(struct hr *h)
{
	CLEANUP(buf_release) struct buf done = BUF_INIT;
	node latest = hr_latest(h);
	str release = hr_release_text(h->a, latest);
	err *all = NULL;

	h->action = STR_NONE;
	condition_set(h->p, S("Ready"), CONDITION_UNKNOWN, S("Progressing"),
		      S("correcting cluster drift"));
	node_each_item(one, h->drifted)
		all = relobj_join(all, correct(h, *one, &done), "\n");
	if (!all) {
		hr_event(h, EVENT_NORMAL, "DriftCorrected",
			 arena_printf(h->a, "Cluster state of release %.*s has been corrected:\n%s",
				      STR_ARG(release), buf_c(&done)),
			 latest);
		return NULL;
	}
	hr_event(h, EVENT_WARNING, "DriftCorrectionFailed",
		 arena_printf(h->a, "Failed to %scorrect cluster state of release %.*s:\n%s%s%s",
			      done.n ? "partially " : "", STR_ARG(release), err_msg(all),
			      done.n ? "\n\nSuccessful corrections:\n" : "", buf_c(&done)),
		 latest);
	err_free(all);
	return NULL;
}
