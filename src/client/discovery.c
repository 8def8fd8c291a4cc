#include "client/discovery.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/vec.h"

/* How soon an unknown kind may make us ask again. */
#define ASK_AGAIN (2 * CLOCK_SECOND)
#define AGGREGATED                                                                           \
	"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"

struct found {
	struct client_resource resource;
	str singular;
	const str *short_names;
	size_t short_names_n;
	bool preferred;		/* of all versions that have it, the group's first */
	bool list, deletable;
};

/* What was found at one time; kept until the discovery ends, since what it
 * holds was handed out. */
struct snapshot {
	struct snapshot *older;
	struct arena mem;
	VEC(struct found) all;
	node server;		/* /version; NODE_NONE: not asked yet */
};

struct discovery {
	struct client *client;
	pthread_mutex_t lock;
	struct snapshot *now;
	int64_t asked;		/* clock_mono */
};

static const str *texts(struct arena *a, node list, size_t *n)
{
	str *to = arena_array(a, str, node_len(list));

	*n = 0;
	node_each_item(i, list)
		to[(*n)++] = node_str(*i);
	return to;
}

static bool has_verb(node verbs, str verb)
{
	node_each_item(v, verbs)
		if (str_eq(node_str(*v), verb))
			return true;
	return false;
}

/* ---- aggregated -------------------------------------------------------- */

/* Versions of a group come together, the preferred one first. */
static bool is_new(const struct snapshot *s, str group, str plural)
{
	for (size_t i = s->all.n; i-- > 0 && str_eq(s->all.p[i].resource.group, group);)
		if (str_eq(s->all.p[i].resource.plural, plural))
			return false;
	return true;
}

static void add_version(struct snapshot *s, str group, node version)
{
	str name = node_str(node_get(version, S("version")));

	node_each_item(r, node_get(version, S("resources"))) {
		str plural = node_str(node_get(*r, S("resource")));
		struct found f = {
			.resource = { group, name, plural,
				      node_str(node_dig(*r, "responseKind", "kind")),
				      str_eq(node_str(node_get(*r, S("scope"))), S("Namespaced")) },
			.singular = node_str(node_get(*r, S("singularResource"))),
			.preferred = is_new(s, group, plural),
			.list = has_verb(node_get(*r, S("verbs")), S("list")),
			.deletable = has_verb(node_get(*r, S("verbs")), S("delete")),
		};

		f.short_names = texts(&s->mem, node_get(*r, S("shortNames")), &f.short_names_n);
		avec_push(&s->mem, &s->all, f);
	}
}

static void add_groups(struct snapshot *s, node list)
{
	node_each_item(g, node_get(list, S("items"))) {
		str group = node_str(node_dig(*g, "metadata", "name"));

		node_each_item(v, node_get(*g, S("versions")))
			add_version(s, group, *v);
	}
}

/* ---- one by one -------------------------------------------------------- */

static void add_legacy(struct snapshot *s, str group, str version, node list)
{
	node_each_item(r, node_get(list, S("resources"))) {
		str name = node_str(node_get(*r, S("name")));
		struct found f = {
			.resource = { group, version, name, node_str(node_get(*r, S("kind"))),
				      node_bool(node_get(*r, S("namespaced"))) },
			.singular = node_str(node_get(*r, S("singularName"))),
			.preferred = is_new(s, group, name),
			.list = has_verb(node_get(*r, S("verbs")), S("list")),
			.deletable = has_verb(node_get(*r, S("verbs")), S("delete")),
		};

		if (str_find_char(name, '/') != STR_NPOS)
			continue;
		f.short_names = texts(&s->mem, node_get(*r, S("shortNames")), &f.short_names_n);
		avec_push(&s->mem, &s->all, f);
	}
}

static err *ask_version(struct discovery *d, struct snapshot *s, str group, str version)
{
	struct arena *a = &s->mem;
	str path = group.n ? arena_cat(a, S("/apis/"), group, S("/"), version)
			   : arena_cat(a, S("/api/"), version);
	node list;
	err *e = client_do(d->client, a, &(struct client_request){ .path = path }, &list);

	if (e)
		return err_wrap(e,
				"unable to retrieve the complete list of server APIs: %.*s%s%.*s",
				STR_ARG(group), group.n ? "/" : "", STR_ARG(version));
	add_legacy(s, group, version, list);
	return NULL;
}

static err *ask_groups(struct discovery *d, struct snapshot *s, node groups)
{
	node_each_item(g, node_get(groups, S("groups")))
		node_each_item(v, node_get(*g, S("versions")))
			TRY(ask_version(d, s, node_str(node_get(*g, S("name"))),
					node_str(node_get(*v, S("version")))));
	return NULL;
}

static err *ask_core(struct discovery *d, struct snapshot *s, node core)
{
	node_each_item(v, node_get(core, S("versions")))
		TRY(ask_version(d, s, STR_NONE, node_str(*v)));
	return NULL;
}

/* ---- asking ------------------------------------------------------------ */

static bool is_aggregated(node n)
{
	return str_eq(node_str(node_get(n, S("kind"))), S("APIGroupDiscoveryList"));
}

static err *ask(struct discovery *d, struct snapshot *s)
{
	const struct client_request core = { .path = S("/api"), .accept = S(AGGREGATED) };
	const struct client_request apis = { .path = S("/apis"), .accept = S(AGGREGATED) };
	struct client_call *first = client_start(d->client, &core);
	struct client_call *second = client_start(d->client, &apis);
	node a, b;
	err *e1 = client_wait(first, &s->mem, &a), *e2 = client_wait(second, &s->mem, &b);

	if (e1 || e2) {
		if (e1)
			err_free(e2);
		return e1 ? e1 : e2;
	}
	if (is_aggregated(a))
		add_groups(s, a);
	else
		TRY(ask_core(d, s, a));
	if (is_aggregated(b))
		add_groups(s, b);
	else
		TRY(ask_groups(d, s, b));
	return NULL;
}

static bool same_found(const struct found *x, const struct found *y)
{
	const struct client_resource *r = &x->resource, *s = &y->resource;

	if (!str_eq(r->group, s->group) || !str_eq(r->version, s->version) ||
	    !str_eq(r->plural, s->plural) || !str_eq(r->kind, s->kind) ||
	    r->namespaced != s->namespaced || !str_eq(x->singular, y->singular) ||
	    x->short_names_n != y->short_names_n || x->preferred != y->preferred ||
	    x->list != y->list || x->deletable != y->deletable)
		return false;
	for (size_t i = 0; i < x->short_names_n; i++)
		if (!str_eq(x->short_names[i], y->short_names[i]))
			return false;
	return true;
}

static bool same(const struct snapshot *x, const struct snapshot *y)
{
	if (!x || x->all.n != y->all.n)
		return false;
	for (size_t i = 0; i < x->all.n; i++)
		if (!same_found(&x->all.p[i], &y->all.p[i]))
			return false;
	return true;
}

/* What tells nothing new is not kept: someone may ask for a missing kind for days. */
static err *refresh(struct discovery *d)
{
	struct snapshot *s = mem_calloc(1, sizeof *s);
	err *e = ask(d, s);

	d->asked = clock_mono();
	if (e || same(d->now, s)) {
		arena_release(&s->mem);
		free(s);
		return e;
	}
	s->older = d->now;
	d->now = s;
	return NULL;
}

struct discovery *discovery_new(struct client *c)
{
	struct discovery *d = mem_calloc(1, sizeof *d);

	d->client = c;
	pthread_mutex_init(&d->lock, NULL);
	return d;
}

void discovery_free(struct discovery *d)
{
	if (!d)
		return;
	for (struct snapshot *s = d->now, *older; s; s = older) {
		older = s->older;
		arena_release(&s->mem);
		free(s);
	}
	pthread_mutex_destroy(&d->lock);
	free(d);
}

void discovery_forget(struct discovery *d)
{
	pthread_mutex_lock(&d->lock);
	d->asked = 0;
	pthread_mutex_unlock(&d->lock);
}

typedef bool matcher(const struct found *f, const void *wanted);

static const struct client_resource *look(struct discovery *d, matcher *matches, const void *wanted)
{
	for (size_t i = 0; d->now && i < d->now->all.n; i++)
		if (matches(&d->now->all.p[i], wanted))
			return &d->now->all.p[i].resource;
	return NULL;
}

/* What is known, else what a new question finds; NULL when there is none. */
static err *find(struct discovery *d, matcher *matches, const void *wanted,
		 const struct client_resource **out)
{
	err *e = NULL;

	pthread_mutex_lock(&d->lock);
	bool may_ask = !d->asked || clock_mono() - d->asked >= ASK_AGAIN;

	*out = d->asked ? look(d, matches, wanted) : NULL;
	if (!*out && may_ask) {
		e = refresh(d);
		if (!e)
			*out = look(d, matches, wanted);
	}
	pthread_mutex_unlock(&d->lock);
	return e;
}

static bool is_kind(const struct found *f, const void *wanted)
{
	const struct gvk *g = wanted;

	return str_eq(f->resource.kind, g->kind) && str_eq(f->resource.group, g->group) &&
	       (g->version.n ? str_eq(f->resource.version, g->version) : f->preferred);
}

err *discovery_kind(struct discovery *d, struct gvk g, const struct client_resource **out)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	TRY(find(d, is_kind, &g, out));
	if (*out)
		return NULL;
	if (!g.version.n)
		return err_new(ERR_NOT_FOUND, "no matches for kind \"%.*s\" in group \"%.*s\"",
			       STR_ARG(g.kind), STR_ARG(g.group));
	str version = gvk_api_version(&a, g);

	return err_new(ERR_NOT_FOUND, "no matches for kind \"%.*s\" in version \"%.*s\"",
		       STR_ARG(g.kind), STR_ARG(version));
}

struct typed {
	str name;		/* small letters or not */
	str rest;		/* "group", "version.group" or "version"; empty: any */
};

static bool is_called(const struct found *f, str name)
{
	if (str_eq(name, f->resource.plural) || str_eq(name, f->singular) ||
	    str_eq_nocase(name, f->resource.kind))
		return true;
	for (size_t i = 0; i < f->short_names_n; i++)
		if (str_eq(name, f->short_names[i]))
			return true;
	return false;
}

static bool is_typed(const struct found *f, const void *wanted)
{
	const struct typed *t = wanted;
	str rest = t->rest, version;

	if (!is_called(f, t->name))
		return false;
	if (!rest.n)
		return f->preferred;
	if (str_eq(rest, f->resource.group))
		return f->preferred;
	return str_cut(&rest, &version, '.') && str_eq(version, f->resource.version) &&
	       str_eq(rest, f->resource.group);
}

err *discovery_name(struct discovery *d, str name, const struct client_resource **out)
{
	struct typed t = { .rest = name };

	if (!str_cut(&t.rest, &t.name, '.'))
		t = (struct typed){ .name = name };
	return find(d, is_typed, &t, out);
}

static bool is_none(const struct found *f, const void *wanted)
{
	(void)f;
	(void)wanted;
	return false;
}

err *discovery_each(struct discovery *d,
		    err *(*visit)(void *ctx, const struct client_resource *r, bool deletable),
		    void *ctx)
{
	const struct client_resource *none;

	TRY(find(d, is_none, NULL, &none));
	pthread_mutex_lock(&d->lock);
	const struct snapshot *s = d->now;

	pthread_mutex_unlock(&d->lock);
	for (size_t i = 0; s && i < s->all.n; i++)
		if (s->all.p[i].preferred && s->all.p[i].list)
			TRY(visit(ctx, &s->all.p[i].resource, s->all.p[i].deletable));
	return NULL;
}

/* What a question about all of it is answered from: not older than this. */
#define FRESH (30 * CLOCK_SECOND)

static err *fresh(struct discovery *d, struct snapshot **out)
{
	err *e = NULL;

	pthread_mutex_lock(&d->lock);
	if (!d->now || !d->asked || clock_mono() - d->asked >= FRESH)
		e = refresh(d);
	*out = d->now;
	pthread_mutex_unlock(&d->lock);
	return e;
}

err *discovery_every(struct discovery *d,
		     err *(*visit)(void *ctx, const struct client_resource *r), void *ctx)
{
	struct snapshot *s;

	TRY(fresh(d, &s));
	for (size_t i = 0; i < s->all.n; i++)
		TRY(visit(ctx, &s->all.p[i].resource));
	return NULL;
}

err *discovery_server(struct discovery *d, node *out)
{
	struct snapshot *s;
	err *e = NULL;

	TRY(fresh(d, &s));
	pthread_mutex_lock(&d->lock);
	if (s->server.kind != NODE_MAP)
		e = client_do(d->client, &s->mem,
			      &(struct client_request){ .path = S("/version") }, &s->server);
	*out = s->server;
	pthread_mutex_unlock(&d->lock);
	return e;
}
