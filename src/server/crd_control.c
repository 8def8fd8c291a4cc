#include "server/crd_control.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/owned.h"
#include "base/vec.h"
#include "net/loop.h"
#include "server/crd.h"
#include "server/custom.h"
#include "server/meta.h"
#include "server/object.h"
#include "server/registry.h"
#include "server/server_impl.h"
#include "value/json.h"
#include "value/yaml.h"

#define GROUP	S("apiextensions.k8s.io")
#define PLURAL	S("customresourcedefinitions")
#define API	"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
/* How often it is asked whether the last objects of a definition are gone. */
#define PATIENCE CLOCK_SECOND
enum { LOOKS_MAX = 16, FILE_NODES_MAX = 4000000 };

/* One definition, as the runner knows it. */
struct entry {
	str name;		/* owned */
	struct arena arena;	/* of `brief` */
	node brief;		/* of the definition what the names of others depend on */
	uint64_t rv;		/* looked at up to this state */
	uint64_t mark;		/* of what is registered; 0: nothing */
	struct custom *served;
	bool refused;		/* some of its names are taken */
};

struct control {
	struct server *server;
	struct store_table *table;
	struct loop_timer *timer;	/* loop thread */
	pthread_mutex_t lock;
	VEC(str) queue;			/* locked, as are the next two; names are owned */
	VEC(str) waiting;		/* for their objects to go */
	bool running;
	VEC(struct entry) entries;	/* the runner's */
};

/* ---- the queue --------------------------------------------------------- */

static void run(void *control);

static void dropped(void *control)
{
	struct control *c = control;

	pthread_mutex_lock(&c->lock);
	c->running = false;
	pthread_mutex_unlock(&c->lock);
}

static void enqueue(struct control *c, str name)
{
	bool known = false, start = false;

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->queue.n && !known; i++)
		known = str_eq(c->queue.p[i], name);
	if (!known)
		vec_push(&c->queue, owned_str(name));
	if (!c->running)
		start = c->running = true;
	pthread_mutex_unlock(&c->lock);
	if (start)
		server_later(c->server, run, dropped, c);
}

/* False: nothing is left, and nobody runs. */
static bool take(struct control *c, str *name)
{
	pthread_mutex_lock(&c->lock);
	bool some = c->queue.n > 0;

	if (some) {
		*name = c->queue.p[0];
		c->queue.n--;
		memmove(c->queue.p, c->queue.p + 1, c->queue.n * sizeof *c->queue.p);
	}
	c->running = some;
	pthread_mutex_unlock(&c->lock);
	return some;
}

static void wait_for_objects(struct control *c, str name)
{
	pthread_mutex_lock(&c->lock);
	vec_push(&c->waiting, owned_str(name));
	pthread_mutex_unlock(&c->lock);
}

/* ---- what is served ---------------------------------------------------- */

static void replace(struct control *c, struct entry *e, struct custom *new, uint64_t mark)
{
	const struct kind *const *kinds = NULL;
	size_t n = 0;

	if (new)
		kinds = custom_kinds(new, &n);
	if (n)
		kind_ref(kinds[0]);
	registry_set(server_registry(c->server), e->name, kinds, n);
	if (e->served) {
		kinds = custom_kinds(e->served, &n);
		for (size_t i = 0; i < n; i++)
			server_end_watches(c->server, kinds[i]);
		custom_release(e->served);
	}
	e->served = new;
	e->mark = mark;
}

static uint64_t generation_of(node crd)
{
	return (uint64_t)node_int(node_dig(crd, "metadata", "generation"));
}

/* Two states with the same mark make the same rows. One that was made anew
 * has the name and the generation of the one before, and another uid. */
static uint64_t mark_of(node crd)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	err_free(json_write(&b, node_dig(crd, "status", "acceptedNames"), NULL));
	buf_addf(&b, "%llu", (unsigned long long)generation_of(crd));
	buf_add(&b, node_str(node_dig(crd, "metadata", "uid")));
	return hash_bytes(buf_str(&b)) | 1;
}

/* `b` has the same spec. */
static void serve(struct control *c, struct entry *e, node crd, struct blob *b)
{
	struct custom *new = NULL;
	uint64_t mark = crd_is_served(crd) ? mark_of(crd) : 0;

	if (mark != e->mark) {
		/* what cannot be served was refused when it was written */
		if (mark)
			err_free(custom_new(crd, b, generation_of(crd), &new));
		replace(c, e, new, mark);
	} else if (e->served) {
		custom_moved(e->served, b);
	}
	if (e->served && crd_is(crd, S("Terminating")))
		custom_terminate(e->served);
}

/* ---- names ------------------------------------------------------------- */

static node brief_of(struct arena *a, node crd)
{
	static const char *const parts[][2] = {
		{ "metadata", "name" }, { "spec", "group" }, { "status", "acceptedNames" },
	};
	node brief = node_map(a, 3);

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		node part = node_map(a, 1), value = node_dig(crd, parts[i][0], parts[i][1]);

		if (!node_is_nil(value))
			node_set(a, part, str_c(parts[i][1]), value);
		node_set(a, brief, str_c(parts[i][0]), part);
	}
	return brief;
}

static void look_at_refused(struct control *c)
{
	for (size_t i = 0; i < c->entries.n; i++)
		if (c->entries.p[i].refused) {
			c->entries.p[i].rv = 0;
			enqueue(c, c->entries.p[i].name);
		}
}

static void remember(struct control *c, struct entry *e, struct arena *a, node crd)
{
	node brief = brief_of(a, crd);
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!node_equal(brief, e->brief)) {
		err_free(json_write(&b, brief, NULL));
		arena_release(&e->arena);
		e->arena = (struct arena)ARENA_INIT;
		err_free(json_read(&e->arena, arena_str(&e->arena, buf_str(&b)), NULL, &e->brief));
		look_at_refused(c);
	}
	e->refused = !crd_is(crd, S("NamesAccepted"));
}

static node all_briefs(struct control *c, struct arena *a)
{
	node all = node_seq(a, c->entries.n);

	for (size_t i = 0; i < c->entries.n; i++)
		if (c->entries.p[i].brief.kind)
			node_append(a, all, c->entries.p[i].brief);
	return all;
}

/* ---- writing ----------------------------------------------------------- */

static int put_status(struct control *c, struct arena *a, str name, node crd)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct server_answer answer;

	err_free(json_write(&b, crd, &(struct json_style){ .source_order = true }));
	server_call(c->server, a,
		    &(struct server_ask){
			    .method = S("PUT"),
			    .path = arena_printf(a, API "%.*s/status?fieldManager=kube-apiserver",
						 STR_ARG(name)),
			    .body = buf_str(&b) },
		    &answer);
	return answer.code;
}

/* ---- the way out ------------------------------------------------------- */

/* No version is served, so nobody but us can remove them. */
static void remove_unserved(struct control *c, struct store_table *t, const struct store_list *all)
{
	for (size_t i = 0; i < all->n; i++) {
		struct store_op op = { .write = STORE_DELETE, .table = t, .expect = all->p[i]->rv };

		object_same_parts(all->p[i], &op.parts);
		if (store_write(server_store(c->server), &op) == STORE_FAILED)
			err_free(op.error);
		blob_unref(op.blob);
	}
}

static void remove_served(struct control *c, struct arena *a, const struct kind *k,
			  const struct store_list *all)
{
	str done = STR_NONE;

	for (size_t i = 0; i < all->n; i++) {
		str namespace = blob_namespace(all->p[i]);
		struct server_answer answer;

		if (i && str_eq(namespace, done))
			continue;
		done = namespace;
		str path = k->namespaced
				   ? arena_printf(a, "/apis/%.*s/%.*s/namespaces/%.*s/%.*s",
						  STR_ARG(k->gvk.group), STR_ARG(k->gvk.version),
						  STR_ARG(namespace), STR_ARG(k->plural))
				   : arena_printf(a, "/apis/%.*s/%.*s/%.*s", STR_ARG(k->gvk.group),
						  STR_ARG(k->gvk.version), STR_ARG(k->plural));

		server_call(c->server, a, &(struct server_ask){ .method = S("DELETE"), .path = path },
			    &answer);
	}
}

/* True when none is left. */
static bool remove_objects(struct control *c, struct entry *e, struct arena *a, node crd)
{
	struct store *store = server_store(c->server);
	struct store_table *t = store_table(store, node_str(node_dig(crd, "spec", "group")),
					    node_str(node_dig(crd, "status", "acceptedNames", "plural")));
	const struct kind *const *kinds = NULL;
	struct store_list all;
	size_t n = 0;

	if (e->served)
		kinds = custom_kinds(e->served, &n);
	if (store_list(store, t, &(struct store_range){ 0 }, &all) != STORE_OK)
		return false;
	if (n)
		remove_served(c, a, kinds[0], &all);
	else
		remove_unserved(c, t, &all);
	store_list_release(&all);
	return !store_count(store, t);
}

/* True: look again. */
static bool see_off(struct control *c, struct entry *e, struct arena *a, node crd)
{
	str now = meta_now(a);
	node cleaning = crd_cleaning(a, crd, now);
	enum crd_gone how = crd_is(crd, S("Established")) ? CRD_INSTANCES_GONE
							  : CRD_NEVER_ESTABLISHED;

	if (!meta_has_finalizer(crd, CRD_FINALIZER))
		return false;
	if (!node_equal(cleaning, crd)) {
		int code = put_status(c, a, e->name, cleaning);

		return code == 200 || code == 409;
	}
	if (how == CRD_INSTANCES_GONE && !remove_objects(c, e, a, crd)) {
		wait_for_objects(c, e->name);
		return false;
	}
	return put_status(c, a, e->name, crd_cleaned(a, crd, how, now)) == 409;
}

/* ---- looking ----------------------------------------------------------- */

static struct entry *entry_of(struct control *c, str name)
{
	for (size_t i = 0; i < c->entries.n; i++)
		if (str_eq(c->entries.p[i].name, name))
			return &c->entries.p[i];
	vec_push(&c->entries, ((struct entry){ .name = owned_str(name) }));
	return &c->entries.p[c->entries.n - 1];
}

static void free_entry(struct entry *e)
{
	custom_release(e->served);
	arena_release(&e->arena);
	free((char *)e->name.p);
}

static void forget(struct control *c, struct entry *e)
{
	replace(c, e, NULL, 0);
	free_entry(e);
	*e = c->entries.p[--c->entries.n];
	look_at_refused(c);
}

/* True: it is in another state by now, or could not be written. */
static bool look(struct control *c, struct entry *e)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(blob_drop)
	struct blob *b = store_get(server_store(c->server), c->table, STR_NONE, e->name);
	node settled;

	if (!b) {
		forget(c, e);
		return false;
	}
	node crd = blob_tree(&a, b);
	bool going = meta_is_deleting(crd);

	if (b->rv == e->rv && !going)
		return false;
	bool changed = crd_settle(&a, crd, all_briefs(c, &a), meta_now(&a), &settled);

	remember(c, e, &a, settled);
	serve(c, e, settled, b);
	if (changed) {
		int code = put_status(c, &a, e->name, settled);

		return code == 409 || (code == 200 && going);
	}
	e->rv = b->rv;
	return going && see_off(c, e, &a, crd);
}

static void run(void *control)
{
	struct control *c = control;
	str name;

	while (take(c, &name)) {
		for (int i = 0; i < LOOKS_MAX; i++)
			if (!look(c, entry_of(c, name)))
				break;
		free((char *)name.p);
	}
}

/* ---- being told -------------------------------------------------------- */

static void changed(void *control, enum server_change change, struct blob *now,
		    struct blob *before)
{
	struct control *c = control;

	(void)change;
	(void)before;
	enqueue(c, blob_name(now));
	if (blob_meta(now, S("deletionTimestamp")).n)
		loop_timer_set(c->timer, PATIENCE);
}

static void fire(void *control)
{
	struct control *c = control;
	VEC(str) names = { 0 };

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->waiting.n; i++)
		vec_push(&names, c->waiting.p[i]);
	c->waiting.n = 0;
	bool more = names.n || c->running;

	pthread_mutex_unlock(&c->lock);
	for (size_t i = 0; i < names.n; i++) {
		enqueue(c, names.p[i]);
		free((char *)names.p[i].p);
	}
	vec_release(&names);
	if (more)
		loop_timer_set(c->timer, PATIENCE);
}

/* ---- closing ------------------------------------------------------------ */

static void free_names(str *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free((char *)names[i].p);
	free(names);
}

static void close_control(struct server *s)
{
	struct control *c = server_part(s, SERVER_PART_CUSTOM);

	for (size_t i = 0; i < c->entries.n; i++)
		free_entry(&c->entries.p[i]);
	vec_release(&c->entries);
	free_names(c->queue.p, c->queue.n);
	free_names(c->waiting.p, c->waiting.n);
	loop_timer_free(c->timer);
	pthread_mutex_destroy(&c->lock);
	server_part_set(s, SERVER_PART_CUSTOM, NULL);
	free(c);
}

/* ---- opening ----------------------------------------------------------- */

static err *apply(struct server *s, struct arena *a, node crd)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str name = node_str_or(node_dig(crd, "metadata", "name"), STR_NONE);
	struct server_answer answer;
	node status;

	TRY(json_write(&b, crd, &(struct json_style){ .source_order = true }));
	server_call(s, a,
		    &(struct server_ask){
			    .method = S("PATCH"),
			    .path = arena_printf(a, API "%.*s?fieldManager=rill&force=true",
						 STR_ARG(name)),
			    .type = S("application/apply-patch+yaml"),
			    .body = buf_str(&b) },
		    &answer);
	if (answer.code == 200 || answer.code == 201)
		return NULL;
	TRY(json_read(a, answer.body, NULL, &status));
	str message = node_str_or(node_get(status, S("message")), answer.body);

	return err_new(ERR_INVALID, "definition of a custom resource: %.*s", STR_ARG(message));
}

static bool is_kind(node n, const char *kind)
{
	return str_eq(node_str_or(node_get(n, S("kind")), STR_NONE), str_c(kind));
}

/* What files hold. */
struct finds {
	size_t definitions;
	struct buf others;		/* kinds: "ConfigMap, Deployment" */
};

enum { OTHERS_MAX = 200 };

static void note_other(struct finds *f, node object)
{
	str kind = node_str_or(node_get(object, S("kind")), S("an object without a kind"));

	if (!node_is(object, NODE_MAP) || str_has(buf_str(&f->others), kind))
		return;
	if (f->others.n + kind.n > OTHERS_MAX)
		kind = S("others");
	if (!str_has(buf_str(&f->others), S("others")))
		buf_addf(&f->others, "%s%.*s", f->others.n ? ", " : "", STR_ARG(kind));
}

static err *load_object(struct server *s, struct arena *a, node object, struct finds *f)
{
	if (!is_kind(object, "CustomResourceDefinition")) {
		note_other(f, object);
		return NULL;
	}
	f->definitions++;
	return apply(s, a, object);
}

/* What else is in the file is left alone. */
static err *load_file(struct server *s, str text, struct finds *f)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct yaml_options o = { .json = true, .max_nodes = FILE_NODES_MAX };
	struct yaml_doc *docs;
	size_t n;

	TRY(yaml_read_all(&a, text, &o, &docs, &n));
	for (size_t i = 0; i < n; i++) {
		node items = node_get(docs[i].root, S("items"));

		if (!node_is(items, NODE_SEQ))
			TRY(load_object(s, &a, docs[i].root, f));
		node_each_item(item, items)
			TRY(load_object(s, &a, *item, f));
	}
	return NULL;
}

/* A folder may hold files that are about something else, but not only those. */
static err *load(struct server *s, const struct server_crds *crds)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	struct finds f = { .others = BUF_INIT };
	err *e = NULL;

	for (size_t i = 0; i < crds->n && !e; i++) {
		e = load_file(s, crds->files[i].text, &f);
		if (e && crds->files[i].name.n)
			e = err_wrap(e, "%.*s", STR_ARG(crds->files[i].name));
	}
	if (f.others.n)
		buf_addf(&why, ", only %.*s", STR_ARG(buf_str(&f.others)));
	buf_release(&f.others);
	if (e || f.definitions)
		return e;
	return err_new(ERR_INVALID, "%.*s: there is no CustomResourceDefinition in it%s; give the file or "
				    "folder that has the definitions",
		       STR_ARG(crds->from), buf_c(&why));
}

/* Serve what is there, on this thread. */
static void begin(struct control *c)
{
	struct store_list all;

	c->running = true;
	store_list(server_store(c->server), c->table, &(struct store_range){ 0 }, &all);
	for (size_t i = 0; i < all.n; i++)
		enqueue(c, blob_name(all.p[i]));
	store_list_release(&all);
	run(c);
}

static err *open_control(struct server *s, const struct server_options *o)
{
	struct control *c = mem_calloc(1, sizeof *c);
	err *e = NULL;

	c->server = s;
	c->table = store_table(server_store(s), GROUP, PLURAL);
	c->timer = loop_timer_new(s->loop, fire, c);
	pthread_mutex_init(&c->lock, NULL);
	server_part_set(s, SERVER_PART_CUSTOM, c);
	for (size_t i = 0; !e && i < o->crds_n; i++)
		e = load(s, &o->crds[i]);
	if (e) {
		close_control(s);
		return e;
	}
	begin(c);
	server_observe(s, &(struct server_observer){ GROUP, PLURAL, changed, c });
	return NULL;
}

const struct hooks crd_control_hooks = {
	.open = open_control,
	.close = close_control,
};
