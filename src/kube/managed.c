#include "kube/managed.h"

#include "base/sort.h"
#include "kube/builtin.h"
#include "kube/canon.h"
#include "kube/managed_impl.h"
#include "text/quote.h"
#include "value/json.h"

#define LAST_APPLIED S("kubectl.kubernetes.io/last-applied-configuration")

enum { ANNOTATIONS_MAX = 256 << 10 };

/* ---- what never has an owner, and what an endpoint ignores -------------- */

static struct fieldset *stripped(struct arena *a)
{
	static const char *const below[] = { "name",	   "namespace", "creationTimestamp",
					     "selfLink",   "uid",	"clusterName",
					     "generation", "managedFields", "resourceVersion" };
	struct fieldset *s = fieldset_new(a);

	fieldset_add_fields(a, s, &S("apiVersion"), 1);
	fieldset_add_fields(a, s, &S("kind"), 1);
	fieldset_add_fields(a, s, &S("metadata"), 1);
	for (size_t i = 0; i < sizeof below / sizeof *below; i++)
		fieldset_add_fields(a, s, (const str[]){ S("metadata"), str_c(below[i]) }, 2);
	return s;
}

struct reset_row {
	const char *group, *kind, *subresource;
	const char *paths[4];	/* instead of the usual ones */
};

static const struct reset_row resets[] = {
	{ "", "Namespace", "finalize", { "status" } },
	{ "", "Pod", "status", { "spec", "metadata.deletionTimestamp", "metadata.ownerReferences" } },
	{ "admissionregistration.k8s.io", "ValidatingAdmissionPolicy", "status", { "metadata", "spec" } },
	{ "apiregistration.k8s.io", "APIService", "status", { "metadata", "spec" } },
	{ "apps", "Deployment", "status", { "spec", "metadata.labels" } },
	{ "certificates.k8s.io", "CertificateSigningRequest", "", { "spec", "status" } },
	{ "certificates.k8s.io", "CertificateSigningRequest", "approval", { "spec", "status.certificate" } },
	{ "certificates.k8s.io", "CertificateSigningRequest", "status", { "spec", "status.conditions" } },
	{ "flowcontrol.apiserver.k8s.io", "FlowSchema", "status", { "metadata", "spec" } },
	{ "flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", "status", { "metadata", "spec" } },
	{ "networking.k8s.io", "ServiceCIDR", "status", { "metadata", "spec" } },
	{ "resource.k8s.io", "ResourceClaim", "status", { "metadata", "spec" } },
	{ "storage.k8s.io", "VolumeAttachment", "status", { "metadata", "spec" } },
};

static const char *const *reset_paths(struct gvk gvk, bool custom, bool has_status, str subresource)
{
	static const char *const main_paths[] = { "status", NULL };
	static const char *const status_paths[] = { "spec", NULL };
	static const char *const custom_paths[] = { "metadata", "spec", NULL };

	for (size_t i = 0; !custom && i < sizeof resets / sizeof *resets; i++)
		if (str_eq(str_c(resets[i].group), gvk.group) && str_eq(str_c(resets[i].kind), gvk.kind) &&
		    str_eq(str_c(resets[i].subresource), subresource))
			return resets[i].paths;
	if (!subresource.n)
		return has_status ? main_paths : NULL;
	if (!str_eq(subresource, S("status")))
		return NULL;
	return custom ? custom_paths : status_paths;
}

/* Add "spec.containers.*.resources"; a star is any item. */
static void add_dotted(struct arena *a, struct fieldset *s, str path)
{
	str name;

	while (str_cut(&path, &name, '.')) {
		struct fieldset_step step = fieldset_field(name);

		if (str_eq(name, S("*")))
			step = (struct fieldset_step){ .kind = FIELDSET_INDEX, .index = -1 };
		struct fieldset_entry *e = fieldset_need(a, s, &step);

		if (!path.n)
			e->member = true;
		else if (!e->below)
			e->below = fieldset_new(a);
		s = e->below;
	}
}

static struct fieldset *dotted(struct arena *a, const char *const *paths)
{
	struct fieldset *s = fieldset_new(a);

	for (; *paths; paths++)
		add_dotted(a, s, str_c(*paths));
	return s;
}

const struct fieldset *managed_reset(struct arena *a, struct gvk gvk, bool custom, bool has_status,
				     str subresource)
{
	const char *const *paths = reset_paths(gvk, custom, has_status, subresource);

	return paths ? dotted(a, paths) : NULL;
}

const struct fieldset *managed_only(struct arena *a, struct gvk gvk, str subresource)
{
	static const char *const ephemeral[] = { "spec.ephemeralContainers", NULL };
	static const char *const resize[] = { "spec.containers.*.resources",
					      "spec.containers.*.resizePolicy",
					      "spec.initContainers.*.resources",
					      "spec.initContainers.*.resizePolicy", NULL };

	if (gvk.group.n || !str_eq(gvk.kind, S("Pod")))
		return NULL;
	if (str_eq(subresource, S("ephemeralcontainers")))
		return dotted(a, ephemeral);
	return str_eq(subresource, S("resize")) ? dotted(a, resize) : NULL;
}

/* ---- objects ----------------------------------------------------------- */

/* The object with other metadata; NODE_NONE leaves none. */
static node with_metadata(struct arena *a, node object, node metadata)
{
	node out = node_map(a, node_len(object) + 1);

	node_each_pair(p, object)
		node_push(a, out, p->key, p->value);
	if (node_is(metadata, NODE_NONE))
		node_remove(out, S("metadata"));
	else
		node_set(a, out, S("metadata"), metadata);
	return out;
}

/* The object with a key of its metadata set, or without it (NODE_NONE). */
static node with_meta(struct arena *a, node object, str key, node value)
{
	node old = node_get(object, S("metadata")), metadata = node_map(a, node_len(old) + 1);

	node_each_pair(p, old)
		node_push(a, metadata, p->key, p->value);
	if (node_is(value, NODE_NONE))
		node_remove(metadata, key);
	else
		node_set(a, metadata, key, value);
	return with_metadata(a, object, metadata);
}

static node without_entries(struct arena *a, node object)
{
	if (!node_is(node_dig(object, "metadata", "managedFields"), NODE_NONE))
		return with_meta(a, object, S("managedFields"), NODE_NOTHING);
	return object;
}

static bool is_builtin(const struct managed_request *r)
{
	return r->type && r->type->go.n;
}

/* What a new object is compared with: for a built-in kind its zero object. */
static err *zero_object(struct arena *a, const struct managed_request *r, node *out)
{
	node n = node_map(a, 2);

	node_set(a, n, S("apiVersion"), node_from_str(a, gvk_api_version(a, r->gvk)));
	node_set(a, n, S("kind"), node_from_str(a, r->gvk.kind));
	*out = n;
	return is_builtin(r) ? canon_object(a, n, r->type, NULL, out) : NULL;
}

static str name_of(struct arena *a, node object)
{
	return arena_cat(a, node_str(node_dig(object, "metadata", "namespace")), S("/"),
			 node_str(node_dig(object, "metadata", "name")));
}

/* "NS/NAME; GROUP/VERSION, Kind=KIND" */
static str shown(struct arena *a, node object, struct gvk g)
{
	return arena_printf(a, "%.*s; %.*s/%.*s, Kind=%.*s", STR_ARG(name_of(a, object)),
			    STR_ARG(g.group), STR_ARG(g.version), STR_ARG(g.kind));
}

/* ---- updates ----------------------------------------------------------- */

/* Entries that the client may have rewritten: an unreadable list counts as
 * none, and so the stored one is kept. */
static void entries_to_start_from(struct arena *a, const struct managed_request *r, node live,
				  node object, struct managed_list *l)
{
	node sent = node_dig(object, "metadata", "managedFields");
	node kept = node_dig(live, "metadata", "managedFields");
	bool clear = node_is(sent, NODE_SEQ) &&
		     (!node_len(sent) || (node_len(sent) == 1 && !node_len(node_at(sent, 0))));
	err *e;

	*l = (struct managed_list){ 0 };
	if (!r->subresource.n) {
		if (clear)
			return;
		e = managed_decode(a, sent, l);
		if (!e && l->entries.n)
			return;
		err_free(e);
	}
	e = managed_decode(a, kept, l);
	if (e)
		*l = (struct managed_list){ 0 };
	err_free(e);
}

static struct managed_entry self_of(struct arena *a, const struct managed_request *r, str manager,
				    bool applied)
{
	return (struct managed_entry){
		.manager = manager.n ? manager : S("unknown"),
		.applied = applied,
		.api_version = gvk_api_version(a, r->gvk),
		.subresource = r->subresource,
	};
}

/* Both objects are without entries. */
static void track_update(struct arena *a, const struct managed_request *r, str manager, node live,
			 node object, struct managed_list *l)
{
	struct managed_entry self = self_of(a, r, manager, false);
	struct fieldset *changed = managed_track_update(a, r, live, object, l);
	struct managed_entry *before;

	changed = fieldset_minus(a, changed, stripped(a));
	if (fieldset_is_empty(changed))
		return;
	before = managed_find(l, &self);
	self.set = before ? fieldset_union(a, changed, before->set) : changed;
	self.time = r->now;
	managed_put(a, l, &self);
	managed_cap(a, l);
}

node managed_update(struct arena *a, const struct managed_request *r, node live, node object)
{
	bool create = node_is_nil(live);
	struct managed_list l;

	entries_to_start_from(a, r, live, object, &l);
	if (!l.entries.n && !create)
		return NODE_NOTHING;	/* nobody tracks this object */
	err *e = create ? zero_object(a, r, &live) : NULL;

	object = without_entries(a, object);
	live = without_entries(a, live);
	if (!e)
		e = granular_validate(a, object, r->type, true);
	if (!e && !create)
		e = granular_validate(a, live, r->type, true);
	if (e) {	/* as in the original: better no entries than wrong ones */
		err_free(e);
		return NODE_NOTHING;
	}
	track_update(a, r, r->manager, live, object, &l);
	return l.fault.n ? NODE_NOTHING : managed_encode(a, &l);
}

/* ---- conflicts --------------------------------------------------------- */

struct listing {
	struct arena *a;
	str who;
	VEC(struct managed_conflict) all;
	struct buf *lines;
	bool first;
	const struct fieldset *allowed;
};

static str print_owner(struct arena *a, const struct managed_entry *e)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, e->manager, QUOTE_PRINT);
	if (e->subresource.n) {
		buf_add(&b, S(" with subresource "));
		quote_add(&b, e->subresource, QUOTE_PRINT);
	}
	if (!e->applied)
		buf_addf(&b, " using %.*s", STR_ARG(e->api_version));
	return arena_str(a, buf_str(&b));
}

static void list_path(void *ctx, const struct fieldset_path *p)
{
	struct listing *l = ctx;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (fieldset_has(l->allowed, p))
		return;
	fieldset_print_path(&b, p);
	if (l->first)
		buf_addf(l->lines, "%sconflicts with %.*s:", l->lines->n ? "\n" : "", STR_ARG(l->who));
	l->first = false;
	buf_addf(l->lines, "\n- %s", buf_c(&b));
	avec_push(l->a, &l->all,
		  (struct managed_conflict){ arena_cat(l->a, S("conflict with "), l->who),
					     arena_str(l->a, buf_str(&b)) });
}

struct owner {
	str identity;
	struct managed_conflict_at at;
};

static int by_identity(const void *x, const void *y, void *ctx)
{
	(void)ctx;
	return str_cmp(((const struct owner *)x)->identity, ((const struct owner *)y)->identity);
}

/* `allowed` (or NULL) are paths that may be taken. False: none are left. */
static bool report(struct arena *a, const struct managed_conflicts *c, const struct fieldset *allowed,
		   struct managed_result *out)
{
	struct owner *owners = arena_array(a, struct owner, c->of.n);
	CLEANUP(buf_release) struct buf lines = BUF_INIT;
	struct listing l = { .a = a, .lines = &lines, .allowed = allowed };

	for (size_t i = 0; i < c->of.n; i++)
		owners[i] = (struct owner){ managed_identity(a, c->of.p[i].owner), c->of.p[i] };
	sort_stable(owners, c->of.n, sizeof *owners, by_identity, NULL);
	for (size_t i = 0; i < c->of.n; i++) {
		l.who = print_owner(a, owners[i].at.owner);
		l.first = true;
		fieldset_each(owners[i].at.fields, list_path, &l);
	}
	if (!l.all.n)
		return false;
	out->conflicts = l.all.p;
	out->conflicts_n = l.all.n;
	if (l.all.n == 1)
		out->message = arena_printf(a, "Apply failed with 1 conflict: %.*s: %.*s",
					    STR_ARG(l.all.p[0].message), STR_ARG(l.all.p[0].field));
	else
		out->message = arena_printf(a, "Apply failed with %zu conflicts: %s", l.all.n,
					    buf_c(&lines));
	return true;
}

/* ---- applies ----------------------------------------------------------- */

static err *bad_request(err *e)
{
	err_set_code(e, 400);
	return e;
}

static err *check_kind(const struct managed_request *r, node config)
{
	struct gvk g = gvk_of(config);

	if (gvk_eq(g, r->gvk))
		return NULL;
	return bad_request(err_new(ERR_INVALID, "invalid object type: %.*s/%.*s, Kind=%.*s",
				   STR_ARG(g.group), STR_ARG(g.version), STR_ARG(g.kind)));
}

static err *check_config(struct arena *a, const struct managed_request *r, node config)
{
	if (node_is(node_dig(config, "metadata", "managedFields"), NODE_SEQ))
		return bad_request(err_new(ERR_INVALID, "metadata.managedFields must be nil"));
	err *e = granular_validate(a, config, r->type, false);

	return e ? err_wrap(e, "failed to create typed patch object (%.*s)",
			    STR_ARG(shown(a, config, r->gvk)))
		 : NULL;
}

static err *apply(struct arena *a, const struct managed_request *r, node live, node config, bool force,
		  struct managed_list *l, struct managed_conflicts *conflicts, node *out)
{
	struct managed_entry self = self_of(a, r, r->manager, true);
	node merged = NODE_NOTHING;

	*conflicts = (struct managed_conflicts){ 0 };
	managed_track_apply(a, r, live, config, l, &self, force, conflicts, &merged);
	if (l->fault.n)
		return err_new(ERR_INVALID, "failed to update versions: %.*s", STR_ARG(l->fault));
	if (conflicts->of.n && !force)
		return NULL;
	struct managed_entry *mine = managed_find(l, &self);

	if (mine) {
		mine->set = fieldset_minus(a, mine->set, stripped(a));
		if (fieldset_is_empty(mine->set)) {
			managed_drop(l, &self);
			mine = NULL;
		}
	}
	if (fieldset_cmp_value(live, merged) == 0) {
		*out = live;
		return NULL;
	}
	if (mine)
		mine->time = r->now;
	*out = merged;
	if (!is_builtin(r))
		return NULL;
	err *e = canon_restored(a, merged, r->type, NULL, out);
	struct gvk g = r->gvk;

	return e ? err_wrap(e,
			    "failed to convert new object (%.*s) to proper version: unable to convert "
			    "unstructured object to %.*s/%.*s, Kind=%.*s",
			    STR_ARG(shown(a, config, g)), STR_ARG(g.group), STR_ARG(g.version),
			    STR_ARG(g.kind))
		 : NULL;
}

/* ---- what kubectl applied by itself before ------------------------------ */

/* Paths that kubectl's annotation claims and that still have its values. */
static struct fieldset *last_applied(struct arena *a, const struct managed_request *r, node live)
{
	str text = node_str(node_get(node_dig(live, "metadata", "annotations"), LAST_APPLIED));
	struct granular_diff diff;
	node config = NODE_NOTHING;

	if (!text.n)
		return NULL;
	err *e = json_read(a, text, NULL, &config);

	if (!e && (!gvk_of(config).kind.n ||
		   !str_eq(node_str(node_get(config, S("apiVersion"))), gvk_api_version(a, r->gvk))))
		e = err_new(ERR_INVALID, "another version");
	if (!e)
		e = granular_validate(a, live, r->type, false);
	if (!e)
		e = granular_validate(a, config, r->type, false);
	if (e) {
		err_free(e);
		return NULL;
	}
	struct fieldset *s = granular_fields(a, config, r->type);

	granular_compare(a, config, live, r->type, &diff);
	s = fieldset_minus(a, s, diff.modified);
	s = fieldset_minus(a, s, diff.added);
	return fieldset_minus(a, s, diff.removed);
}

/* The annotation follows what kubectl applies by the server. */
static err *refresh_last_applied(struct arena *a, node config, node *object)
{
	node annotations = node_dig(*object, "metadata", "annotations");
	node theirs = node_dig(config, "metadata", "annotations");
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t size = 0;

	if (!node_str(node_get(annotations, LAST_APPLIED)).n)
		return NULL;
	if (node_is(theirs, NODE_MAP)) {
		node rest = node_map(a, node_len(theirs));

		node_each_pair(p, theirs)
			if (!str_eq(node_str(p->key), LAST_APPLIED))
				node_push(a, rest, p->key,
					  node_is_nil(p->value) ? node_lit("") : p->value);
		config = with_meta(a, config, S("annotations"), rest);
	}
	TRY(json_write(&b, config, NULL));
	buf_addc(&b, '\n');
	node copy = node_map(a, node_len(annotations));

	node_each_pair(p, annotations)
		node_push(a, copy, p->key, node_is_nil(p->value) ? node_lit("") : p->value);
	node_set(a, copy, LAST_APPLIED, node_copy_str(a, buf_str(&b)));
	node_each_pair(p, copy)
		size += node_str(p->key).n + node_str(p->value).n;
	if (size > ANNOTATIONS_MAX)
		node_remove(copy, LAST_APPLIED);
	*object = with_meta(a, *object, S("annotations"), copy);
	return NULL;
}

/* ---- the whole of an apply ---------------------------------------------- */

/* The entries there are; of an object that nobody tracked, one for all its
 * fields. */
static err *start_apply(struct arena *a, const struct managed_request *r, node *live, node config,
			struct managed_list *l)
{
	bool create = node_is_nil(*live);
	node zero = NODE_NOTHING;
	err *e = managed_decode(a, node_dig(*live, "metadata", "managedFields"), l);

	if (e)
		return err_wrap(e, "failed to decode managed fields");
	bool untracked = !l->entries.n;

	if (create || untracked)
		TRY(zero_object(a, r, &zero));
	*live = create ? zero : without_entries(a, *live);
	e = granular_validate(a, *live, r->type, true);
	if (e && untracked)
		return err_wrap(e,
				"failed to create manager for existing fields: failed to convert new "
				"object (%.*s) to smd typed",
				STR_ARG(shown(a, *live, r->gvk)));
	if (untracked && !create)
		track_update(a, r, S("before-first-apply"), zero, *live, l);
	err *first = check_config(a, r, config);

	if (first)
		err_free(e);
	else if (e)
		first = err_wrap(e, "failed to create typed live object (%.*s)",
				 STR_ARG(shown(a, *live, r->gvk)));
	return first;
}

static struct managed_list copy_list(struct arena *a, const struct managed_list *l)
{
	struct managed_list copy = { 0 };

	for (size_t i = 0; i < l->entries.n; i++)
		avec_push(a, &copy.entries, l->entries.p[i]);
	return copy;
}

err *managed_apply(struct arena *a, const struct managed_request *r, node live, node config,
		   struct managed_result *out)
{
	bool kubectl = str_eq(r->manager, S("kubectl"));
	struct managed_conflicts conflicts;
	struct managed_list start, l;
	node object = NODE_NOTHING;

	*out = (struct managed_result){ 0 };
	TRY(check_kind(r, config));
	TRY(start_apply(a, r, &live, config, &start));
	l = copy_list(a, &start);
	TRY(apply(a, r, live, config, r->force, &l, &conflicts, &object));
	if (conflicts.of.n && !r->force) {
		struct fieldset *allowed = kubectl ? last_applied(a, r, live) : NULL;

		if (report(a, &conflicts, allowed, out))
			return NULL;
		l = copy_list(a, &start);
		TRY(apply(a, r, live, config, true, &l, &conflicts, &object));
	}
	if (kubectl)
		TRY(refresh_last_applied(a, config, &object));
	out->object = with_meta(a, object, S("managedFields"), managed_encode(a, &l));
	return NULL;
}

/* ---- writes that are none ----------------------------------------------- */

static bool same_but_time(node x, node y)
{
	size_t nx = node_len(x) - node_has(x, S("time")), ny = node_len(y) - node_has(y, S("time"));

	if (nx != ny)
		return false;
	node_each_pair(p, x)
		if (!str_eq(node_str(p->key), S("time")) &&
		    !node_equal(p->value, node_get(y, node_str(p->key))))
			return false;
	return true;
}

static bool same_besides(node x, node y, const char *key)
{
	if (node_len(x) - node_has(x, str_c(key)) != node_len(y) - node_has(y, str_c(key)))
		return false;
	node_each_pair(p, x)
		if (!str_eq(node_str(p->key), str_c(key)) &&
		    !node_equal(p->value, node_get(y, node_str(p->key))))
			return false;
	return true;
}

bool managed_keep_times(struct arena *a, node old, node object)
{
	node was = node_dig(old, "metadata", "managedFields");
	node is = node_dig(object, "metadata", "managedFields");

	if (node_len(was) != node_len(is))
		return false;
	for (size_t i = 0; i < node_len(was); i++)
		if (!same_but_time(node_at(was, i), node_at(is, i)))
			return false;
	if (!same_besides(old, object, "metadata") ||
	    !same_besides(node_get(old, S("metadata")), node_get(object, S("metadata")),
			  "managedFields"))
		return false;
	if (node_len(is))
		node_set(a, node_get(object, S("metadata")), S("managedFields"), was);
	return true;
}
