/* helmrelease_drift - whether the cluster still has what the release made.
 *
 * For each object of the manifest the server is asked what it has, and in a dry
 * run what it would have if the object were applied again. What differs, and is
 * not to be ignored, is drift; correcting it changes just that.
 */
#include <stdlib.h>

#include "base/vec.h"
#include "client/applyset_ignore.h"
#include "client/objid.h"
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

/* As a JSON patch. Corrected is just what differs. Told is how many operations
 * helm-controller would need: it lets one replace the map or list around many, where that
 * takes fewer bytes (and reckons the value of an addition as nothing). */

struct operation {
	const char *op;
	str path;
	node value;		/* NODE_NONE: of a removal */
	size_t length;		/* as JSON */
};

struct diff {
	struct arena *a;
	bool brief;		/* as helm-controller has it */
	VEC(struct operation) ops;
};

enum { OPERATION_BASE = 19, OPERATION_VALUE = 9 };	/* {"op":"","path":""} and ,"value": */

static size_t json_length(node n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	err_free(json_write(&b, n, NULL));
	return b.n;
}

static size_t length_of(const char *op, str path)
{
	return OPERATION_BASE + strlen(op) + path.n;
}

static void add_operation(struct diff *d, str path, node value)
{
	size_t length = length_of("add", path) + OPERATION_VALUE;

	avec_push(d->a, &d->ops, (struct operation){ "add", path, value, length });
}

static void remove_operation(struct diff *d, str path)
{
	avec_push(d->a, &d->ops,
		  (struct operation){ "remove", path, NODE_NOTHING, length_of("remove", path) });
}

static struct operation replacement(str path, node value)
{
	return (struct operation){ "replace", path, value,
				   length_of("replace", path) + OPERATION_VALUE +
					   json_length(value) };
}

/* The operations from there on, or one instead; never of the whole object, which is more
 * than what is compared. */
static void shorten(struct diff *d, size_t from, str path, node wanted)
{
	size_t n = d->ops.n - from, length = n ? n - 1 : 0;

	if (!d->brief || !path.n)
		return;
	struct operation whole = replacement(path, wanted);

	for (size_t i = from; i < d->ops.n; i++)
		length += d->ops.p[i].length;
	if (length <= whole.length)
		return;
	d->ops.n = from;
	avec_push(d->a, &d->ops, whole);
}

static str below(struct diff *d, str path, str key)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, path);
	pointer_add(&b, key);
	return arena_str(d->a, buf_str(&b));
}

static bool are_alike(node x, node y)
{
	return (x.kind == y.kind && x.kind != NODE_NULL) || (node_is_num(x) && node_is_num(y));
}

static void compare(struct diff *d, str path, node live, node wanted);

static void compare_lists(struct diff *d, str path, node live, node wanted)
{
	size_t n = node_len(live), m = node_len(wanted), both = n < m ? n : m;

	for (size_t i = both; i < n; i++)
		remove_operation(d, arena_printf(d->a, "%.*s/%zu", STR_ARG(path), both));
	for (size_t i = 0; i < both; i++)
		compare(d, arena_printf(d->a, "%.*s/%zu", STR_ARG(path), i), node_at(live, i),
			node_at(wanted, i));
	for (size_t i = both; i < m; i++)
		add_operation(d, arena_cat(d->a, path, S("/-")), node_at(wanted, i));
}

static node all_keys(struct arena *a, node live, node wanted)
{
	node keys = node_map(a, node_len(live) + node_len(wanted));

	node_each_pair(p, live)
		node_put(a, keys, p->key, NODE_NOTHING);
	node_each_pair(p, wanted)
		node_put(a, keys, p->key, NODE_NOTHING);
	node_sort(keys);
	return keys;
}

static void compare_maps(struct diff *d, str path, node live, node wanted)
{
	node_each_pair(p, all_keys(d->a, live, wanted)) {
		str key = node_str(p->key), at = below(d, path, key);

		if (!node_has(wanted, key))
			remove_operation(d, at);
		else if (!node_has(live, key))
			add_operation(d, at, node_get(wanted, key));
		else
			compare(d, at, node_get(live, key), node_get(wanted, key));
	}
}

static void compare(struct diff *d, str path, node live, node wanted)
{
	size_t from = d->ops.n;

	if (node_equal(live, wanted))
		return;
	if (live.kind == NODE_MAP && are_alike(live, wanted)) {
		compare_maps(d, path, live, wanted);
	} else if (live.kind == NODE_SEQ && are_alike(live, wanted)) {
		compare_lists(d, path, live, wanted);
	} else {
		avec_push(d->a, &d->ops, replacement(path, wanted));
		return;
	}
	shorten(d, from, path, wanted);
}

/* Labels and annotations that the release wants; others may have more. */
static void compare_marks(struct diff *d, node live, node wanted, const char *field)
{
	node there = node_dig(live, "metadata", field), want = node_dig(wanted, "metadata", field);
	str path = arena_cat(d->a, S("/metadata/"), str_c(field));

	if (there.kind != NODE_MAP && node_len(want)) {
		add_operation(d, path, want);
		return;
	}
	node_each_pair(p, want) {
		node have = node_get(there, node_str(p->key));
		str at = below(d, path, node_str(p->key));

		if (node_equal(have, p->value))
			continue;
		if (have.kind == NODE_NONE)
			add_operation(d, at, p->value);
		else
			avec_push(d->a, &d->ops, replacement(at, p->value));
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

static size_t count(const struct diff *d, const char *op)
{
	size_t n = 0;

	for (size_t i = 0; i < d->ops.n; i++)
		n += str_eq(str_c(d->ops.p[i].op), str_c(op));
	return n;
}

static node patch_of(const struct diff *d)
{
	node patch = node_seq(d->a, d->ops.n);

	for (size_t i = 0; i < d->ops.n; i++) {
		const struct operation *o = &d->ops.p[i];
		node one = node_map(d->a, 3);

		node_set(d->a, one, S("op"), node_from_str(d->a, str_c(o->op)));
		node_set(d->a, one, S("path"), node_from_str(d->a, o->path));
		if (o->value.kind != NODE_NONE)
			node_set(d->a, one, S("value"), o->value);
		node_append(d->a, patch, one);
	}
	return patch;
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

/* To be ignored is not to be as it is wanted. */
static void know_applied(struct hr_known *k, node live, node dry)
{
	uint64_t content = live_content(live);

	k->applied = content == live_content(dry) ? content : 0;
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
	struct diff d = { .a = h->a }, told = { .a = h->a, .brief = true };
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
	know_applied(k, live, dry);
	if (applyset_is_marked(live, S(HELM_GROUP), SWITCH, S("disabled"))) {
		str id = relobj_id(h->a, o);

		buf_addf(lines, "%s%.*s excluded", lines->n ? "\n" : "", STR_ARG(id));
		know(k, true, live_content(live));
		return NULL;
	}
	node is = applyset_rules_strip(h->a, &rules->some, o->object, live);
	node would = applyset_rules_strip(h->a, &rules->some, o->object, dry);

	compare_objects(&d, is, would);
	know(k, !d.ops.n, live_content(live));
	if (!d.ops.n)
		return NULL;
	*changed = true;
	compare_objects(&told, is, would);
	add_line(h, lines, o,
		 arena_printf(h->a, "changed (%zu additions, %zu changes, %zu removals)",
			      count(&told, "add"), count(&told, "replace"),
			      count(&told, "remove")),
		 patch_of(&d));
	return NULL;
}

static bool is_excluded(const struct rules *rules, node object)
{
	return applyset_is_marked(object, S(HELM_GROUP), SWITCH, S("disabled")) ||
	       applyset_rules_match(&rules->all, object);
}

/* What managers hold that are not to have a say becomes the release's: then it is drift. */
static err *override(struct hr *h, const struct relobj *o)
{
	const struct settings *s = runtime_settings(h->p->rt);
	const struct applyset_options options = { .manager = h->env.cluster.manager,
						  .override_managers = s->override_managers,
						  .override_managers_n = s->override_managers_n };
	const struct client_patch_options how = { .type = CLIENT_PATCH_JSON,
						  .manager = h->env.cluster.manager };
	struct client *c = h->env.cluster.client;
	node live, patch;

	if (!s->override_managers_n)
		return NULL;
	str path = client_path(h->a, o->resource, o->ns, o->name, STR_NONE);
	err *e = client_wait(client_start(c, &(struct client_request){ .path = path }), h->a, &live);

	if (e && err_kind(e) == ERR_NOT_FOUND) {
		err_free(e);
		return NULL;
	}
	if (!e)
		e = applyset_override_patch(h->a, live, &options, &patch);
	if (!e && patch.kind != NODE_NONE)
		e = client_patch(c, h->a, o->resource, o->ns, o->name, patch, &how, NULL);
	return e ? err_wrap(e, "failed to clean-up disallowed field managers") : NULL;
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
		if (asked[i].proven) {
			k->seen = now;
			continue;
		}
		TRY(override(h, &l->p[i]));
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

/* What the server says of an invalid Secret repeats its values, but for the end. */
static err *without_values(err *e, str kind)
{
	str text = err_text(e);
	size_t at = str_rfind_char(text, ':');

	if (!str_eq(kind, S("Secret")) || err_kind(e) != ERR_INVALID || at == STR_NPOS)
		return e;
	text = str_trim(str_from(text, at + 1));
	return err_replace(e, "%.*s", STR_ARG(text));
}

struct correction {
	node one;
	struct objid id;
	bool made;
};

/* What is to be made comes first; each in the order of applying. */
static int by_order(const void *x, const void *y)
{
	const struct correction *a = x, *b = y;

	return a->made == b->made ? objid_cmp(&a->id, &b->id) : b->made - a->made;
}

static struct correction *in_order(struct hr *h, size_t *n)
{
	struct correction *list = arena_array(h->a, struct correction, node_len(h->drifted) + 1);

	*n = 0;
	node_each_item(i, h->drifted)
		list[(*n)++] = (struct correction){
			.one = *i, .id = objid_of(node_get(*i, S("object"))),
			.made = node_get(*i, S("patch")).kind != NODE_SEQ };
	qsort(list, *n, sizeof *list, by_order);
	return list;
}

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

	if (e && !create)
		e = without_values(e, o.gvk.kind);
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
	size_t n;
	const struct correction *list = in_order(h, &n);

	h->action = STR_NONE;
	condition_set(h->p, S("Ready"), CONDITION_UNKNOWN, S("Progressing"),
		      S("correcting cluster drift"));
	for (size_t i = 0; i < n; i++)
		all = relobj_join(all, correct(h, list[i].one, &done), "\n");
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
