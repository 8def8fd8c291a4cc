/* applyset_delete - pruning, and whether what was deleted is gone. */
#include "client/applyset_impl.h"

#include "base/sort.h"

struct pruning {
	struct applyset_prune *p;
	str path;
	struct client_call *call;
	err *wrong;
};

static int cmp_backwards(const void *x, const void *y, void *ctx)
{
	const struct applyset_prune *a = x, *b = y;

	(void)ctx;
	return objid_cmp(&b->id, &a->id);
}

static bool has_label(struct arena *a, node live, str group, const char *key, str value)
{
	str name = arena_cat(a, group, S("/"), str_c(key));

	return str_eq(node_str(node_get(node_dig(live, "metadata", "labels"), name)), value);
}

static bool may_delete(struct arena *a, node live, const struct applyset_prune_options *o)
{
	if (o->owner_name.n && (!has_label(a, live, o->group, "name", o->owner_name) ||
				!has_label(a, live, o->group, "namespace", o->owner_namespace)))
		return false;
	return !applyset_is_marked(live, o->group, "prune", S("disabled")) &&
	       !applyset_is_marked(live, o->group, "reconcile", S("disabled")) &&
	       !applyset_is_marked(live, o->group, "ssa", S("Ignore"));
}

static err *named(struct arena *a, const struct applyset_prune *p, const char *what, err *e)
{
	str name = objid_show(a, &p->id);

	return err_wrap(e, "%.*s %s failed", STR_ARG(name), what);
}

/* Whether a kind that discovery does not know is really served no more, and not
 * only away with its server: then its objects are gone. */
static bool is_unserved(struct client *c, struct arena *a, const struct applyset_prune *p)
{
	struct gvk g = { p->id.group, p->version, p->id.kind };
	str path = arena_cat(a, S("/apis/"), gvk_api_version(a, g));
	node list;

	if (!g.group.n)
		return false;
	err *e = client_do(c, a, &(struct client_request){ .path = path }, &list);
	bool gone = e && err_code(e) == 404;

	if (!e) {
		gone = true;
		node_each_item(r, node_get(list, S("resources")))
			gone = gone && !str_eq(node_str(node_get(*r, S("kind"))), g.kind);
	}
	err_free(e);
	return gone;
}

static void begin_look(struct client *c, struct discovery *d, struct arena *a, struct pruning *w,
		       const struct applyset_prune_options *o)
{
	struct applyset_prune *p = w->p;

	err *e = discovery_kind(d, (struct gvk){ p->id.group, p->version, p->id.kind },
				&p->resource);

	if (e && err_kind(e) == ERR_NOT_FOUND) {
		/* The version may have gone, the kind not. */
		err *other = discovery_kind(d, (struct gvk){ p->id.group, STR_NONE, p->id.kind },
					    &p->resource);

		err_free(other ? other : e);
		e = other ? e : NULL;
	}
	if (e && err_kind(e) == ERR_NOT_FOUND && is_unserved(c, a, p)) {
		err_free(e);
		p->action = APPLYSET_DELETED;
		return;
	}
	if (e) {
		w->wrong = named(a, p, "query", e);
		return;
	}
	w->path = client_path(a, p->resource, p->id.namespace, p->id.name, STR_NONE);
	w->call = client_start(c, &(struct client_request){ .path = w->path, .cancel = o->cancel });
}

/* What is there is deleted, if it is ours. */
static void begin_delete(struct client *c, struct arena *a, struct pruning *w,
			 const struct applyset_prune_options *o)
{
	struct applyset_prune *p = w->p;
	node live;

	if (!w->call)
		return;
	err *e = client_wait(w->call, a, &live);

	w->call = NULL;
	/* Who may not even look has made nothing. */
	if (e && (err_code(e) == 404 || (err_code(e) == 403 && p->uncertain))) {
		err_free(e);
		p->action = APPLYSET_DELETED;
	} else if (e) {
		w->wrong = named(a, p, "query", e);
	} else if (!may_delete(a, live, o)) {
		p->action = APPLYSET_SKIPPED;
	} else {
		p->uid = node_str(node_dig(live, "metadata", "uid"));
		w->call = client_start(
			c, &(struct client_request){
				   .method = S("DELETE"),
				   .path = w->path,
				   .body = arena_cat(a, S("{\"apiVersion\":\"v1\",\"kind\":"
							  "\"DeleteOptions\",\"propagationPolicy\":"
							  "\"Background\",\"preconditions\":"
							  "{\"uid\":\""),
						     p->uid, S("\"}}")),
				   .cancel = o->cancel });
	}
}

static void end_delete(struct arena *a, struct pruning *w)
{
	if (!w->call)
		return;
	err *e = client_wait(w->call, a, NULL);

	w->call = NULL;
	if (e && err_code(e) == 404) {
		err_free(e);
		e = NULL;
	}
	if (e)
		w->wrong = named(a, w->p, "delete", e);
	else
		w->p->action = APPLYSET_DELETED;
}

static bool same_kind(const struct applyset_prune *x, const struct applyset_prune *y)
{
	return str_eq(x->id.kind, y->id.kind) && str_eq(x->id.group, y->id.group);
}

/* Deletions go out kind by kind, `window` at once. */
static size_t run_of(const struct applyset_prune *list, size_t n, unsigned window)
{
	size_t end = 1;

	while (end < n && end < window && same_kind(&list[0], &list[end]))
		end++;
	return end;
}

static err *joined(struct pruning *w, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		if (!w[i].wrong)
			continue;
		w[i].p->action = APPLYSET_FAILED;
		buf_addf(&b, "%s;", err_msg(w[i].wrong));
		err_free(w[i].wrong);
	}
	return b.n ? err_new(ERR_INTERNAL, "delete failed, errors: %s", buf_c(&b)) : NULL;
}

err *applyset_delete(struct client *c, struct discovery *d, struct arena *a,
		     struct applyset_prune *list, size_t n, const struct applyset_prune_options *o)
{
	struct pruning *w = arena_array(a, struct pruning, n);
	unsigned window = o->window ? o->window : APPLYSET_WINDOW;

	sort_stable(list, n, sizeof *list, cmp_backwards, NULL);
	for (size_t i = 0; i < n; i++)
		w[i].p = &list[i];
	for (size_t at = 0, end; at < n; at = end) {
		end = at + run_of(&list[at], n - at, window);
		for (size_t i = at; i < end; i++)
			begin_look(c, d, a, &w[i], o);
		for (size_t i = at; i < end; i++)
			begin_delete(c, a, &w[i], o);
		for (size_t i = at; i < end; i++)
			end_delete(a, &w[i]);
	}
	return joined(w, n);
}

err *applyset_gone(struct client *c, struct arena *a, const struct applyset_prune *list, size_t n,
		   const struct applyset_prune **left)
{
	*left = NULL;
	for (size_t i = 0; i < n; i++) {
		node live;

		if (list[i].action != APPLYSET_DELETED || !list[i].uid.n)
			continue;
		err *e = client_get(c, a, list[i].resource, list[i].id.namespace, list[i].id.name,
				    &live);

		if (e && err_code(e) != 404)
			return e;
		bool gone = e || !str_eq(node_str(node_dig(live, "metadata", "uid")), list[i].uid);

		err_free(e);
		if (!gone) {
			*left = &list[i];
			return NULL;
		}
	}
	return NULL;
}

str applyset_prune_log(struct arena *a, const struct applyset_prune *list, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		str id = objid_show(a, &list[i].id), action = applyset_action_name(list[i].action);

		if (list[i].uncertain && !list[i].uid.n)
			continue;
		buf_addf(&b, "%s%.*s %.*s", b.n ? "\n" : "", STR_ARG(id), STR_ARG(action));
	}
	return arena_str(a, buf_str(&b));
}
