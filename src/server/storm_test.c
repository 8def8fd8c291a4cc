/* Everything at once, for a while: clients over HTTP and in the process write, read and
 * watch the same few objects with every verb, while definitions change and go, namespaces
 * go, workloads run, connections are cut and watchers come and go. Then the same with
 * a disk and restarts.
 *
 * Two tests of STORM_SECONDS (2) each, STORM_SEED says which storm. What can be seen from
 * outside: no answer is an error of the server's own, all are whole, and objects that
 * one client alone writes are what it wrote last, also to whoever watched them. What cannot
 * be seen, AddressSanitizer and ThreadSanitizer look for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/fs.h"
#include "base/rand.h"
#include "server/http_test.h"
#include "server/server.h"
#include "value/json.h"

#define MERGE     "application/merge-patch+json"
#define APPLY     "application/apply-patch+yaml"
#define JSONPATCH "application/json-patch+json"
#define STRATEGIC "application/strategic-merge-patch+json"
#define TABLE     "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
#define PARTIAL   "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
#define PARTIALS  "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
#define CRDS      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
#define STORMS    CRDS "/gusts.storm.example.com"

/* Two of the threads define and move, some watch, the others write and read. */
enum { THREADS = 18, SPACES = 3, STEADY = 8, PATIENCE = 30 };

struct storm {
	struct server *server;
	uint16_t port;
	uint64_t seed;
	atomic_bool stop;
	atomic_uint asked, good, cut, refused, events;
	pthread_mutex_t m;
	char problem[4096];		/* the first; locked by m */
};

/* Of one thread. */
struct client {
	struct storm *st;
	pthread_t thread;
	unsigned number;
	uint64_t state;			/* of its dice */
	bool direct;
	int fd;				/* -1: not connected */
	struct arena mem;		/* of one step */
	char last[STEADY][32];		/* what it wrote last to objects of its own */
};

static uint64_t dice(struct client *c, uint64_t n)
{
	c->state ^= c->state << 13;
	c->state ^= c->state >> 7;
	c->state ^= c->state << 17;
	return (c->state >> 11) % n;
}

static void wrong(struct storm *st, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void wrong(struct storm *st, const char *fmt, ...)
{
	va_list args;

	pthread_mutex_lock(&st->m);
	va_start(args, fmt);
	if (!st->problem[0])
		vsnprintf(st->problem, sizeof st->problem, fmt, args);
	va_end(args);
	pthread_mutex_unlock(&st->m);
	st->stop = true;
}

/* ---- asking ------------------------------------------------------------ */

/* Now and then a client goes in the middle of what it says, or does not wait. */
static int ask_http(struct client *c, const struct http_ask *q, bool whole, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	uint64_t how = whole ? 9 : dice(c, 60);

	if (!http_dial(&c->fd, c->st->port)) {
		usleep(10000);
		return HTTP_CUT;
	}
	http_print(&b, q);
	bool sent = http_put(c->fd, how == 0 ? str_sub(buf_str(&b), 0, b.n / 2) : buf_str(&b));
	int code = sent && how > 1 ? http_read(c->fd, &c->mem, out) : HTTP_CUT;

	if (code == HTTP_CUT)
		http_hang_up(&c->fd);
	return code;
}

static int ask_direct(struct client *c, const struct http_ask *q, str *out)
{
	struct server_answer answer;

	server_call(c->st->server, &c->mem,
		    &(struct server_ask){ .method = str_c(q->method), .path = q->path,
					  .type = str_c(q->type ? q->type : ""),
					  .accept = str_c(q->accept ? q->accept : ""),
					  .agent = S("storm/1"), .body = q->body },
		    &answer);
	*out = answer.body;
	for (size_t i = 0; i < answer.warnings_n; i++)
		if (!answer.warnings[i].n)
			wrong(c->st, "an empty warning");
	return answer.code;
}

/* Errors that the original has as well: what is applied does not fit the types, which
 * have just changed. */
static bool is_usual(str said)
{
	return str_has(said, S("typed patch object")) || str_has(said, S("typed live object")) ||
	       str_has(said, S("failed to update versions"));
}

static int ask_as(struct client *c, const struct http_ask *q, bool whole, str *out)
{
	node n;

	*out = STR_NONE;
	int code = c->direct ? ask_direct(c, q, out) : ask_http(c, q, whole, out);

	c->st->asked++;
	if (code == HTTP_CUT) {
		c->st->cut++;
		return code;
	}
	if (code < 300)
		c->st->good++;
	else
		c->st->refused++;
	err *e = out->n && (out->p[0] == '{' || out->p[0] == '[') ? json_read(&c->mem, *out, NULL, &n)
								  : NULL;

	if (e)
		wrong(c->st, "%s %.*s: %s: %.*s", q->method, STR_ARG(q->path), err_msg(e), STR_ARG(*out));
	err_free(e);
	if (code >= 500 && !is_usual(*out))
		wrong(c->st, "%s %.*s %.*s: %d %.*s", q->method, STR_ARG(q->path), STR_ARG(q->body), code,
		      STR_ARG(*out));
	return code;
}

/* ---- what is asked for ------------------------------------------------- */

static int ask(struct client *c, const char *method, const char *type, str path, str body)
{
	str out;

	return ask_as(c, &(struct http_ask){ method, type, NULL, path, body }, false, &out);
}

/* ' stands for ", to be read by humans. */
static str say(struct client *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static str say(struct client *c, const char *fmt, ...)
{
	char text[4096];
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	assert(n >= 0 && (size_t)n < sizeof text);
	for (char *p = text; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	return arena_str(&c->mem, str_of(text, (size_t)n));
}

struct target {
	const char *version;		/* apiVersion */
	const char *kind, *plural;
	unsigned names, numbers;	/* how many there are */
	const char *body;		/* behind the metadata; %d: one of the numbers */
};

#define WORKLOAD(restart, image) \
	"'selector':{'matchLabels':{'app':'a'}},'template':{'metadata':{'labels':{'app':'a'}}," \
	"'spec':{'terminationGracePeriodSeconds':0,'restartPolicy':'" restart "'," \
	"'containers':[{'name':'c','image':'" image "'}]}}"
static const struct target targets[] = {
	{ "storm.example.com/v1", "Gust", "gusts", 6, 1000,
	  "'spec':{'n':%d,'color':'red','items':[{'name':'x','value':'y'},{'name':'z'}],'free':{'a':{'b':1}}}" },
	{ "storm.example.com/v2", "Gust", "gusts", 6, 1000, "'spec':{'n':%d,'p':'abc','more':['a','b']}" },
	{ "v1", "ConfigMap", "configmaps", 6, 1000, "'data':{'n':'%d','long':'01234567890123456789'}" },
	{ "v1", "Secret", "secrets", 6, 1000, "'stringData':{'n':'%d'}" },
	{ "v1", "Service", "services", 3, 1000, "'spec':{'selector':{'a':'b'},'ports':[{'port':1%d}]}" },
	{ "apps/v1", "Deployment", "deployments", 2, 3, "'spec':{'replicas':%d," WORKLOAD("Always", "i") "}" },
	{ "apps/v1", "StatefulSet", "statefulsets", 1, 3,
	  "'spec':{'serviceName':'s','replicas':%d," WORKLOAD("Always", "sim-crash") "}" },
	{ "batch/v1", "Job", "jobs", 1, 3,
	  "'spec':{'backoffLimit':%d,'manualSelector':true," WORKLOAD("Never", "sim-exit-1") "}" },
	{ "coordination.k8s.io/v1", "Lease", "leases", 2, 1000, "'spec':{'leaseTransitions':%d}" },
};
enum { TARGETS = sizeof targets / sizeof *targets };

/* Half of all is about custom resources. */
static const struct target *any_target(struct client *c)
{
	return &targets[dice(c, 2) ? dice(c, 2) : dice(c, TARGETS)];
}

static str space_of(struct client *c)
{
	return say(c, "s%d", (int)dice(c, SPACES));
}

static str list_path(struct client *c, const struct target *t, str space)
{
	bool core = !strchr(t->version, '/');

	return say(c, "%s%s/namespaces/%.*s/%s", core ? "/api/" : "/apis/", t->version, STR_ARG(space),
		   t->plural);
}

static str object(struct client *c, const struct target *t, str name, str more)
{
	char body[2048];

	/* one %d each: the tables are ours */
	str at = str_c(t->body);
	size_t hole = str_find(at, S("%d"));

	snprintf(body, sizeof body, "%.*s%d%.*s", (int)hole, at.p, (int)dice(c, t->numbers),
		 STR_ARG(str_from(at, hole + 2)));
	return say(c, "{'apiVersion':'%s','kind':'%s','metadata':{'name':'%.*s','labels':{'l':'%d'}%.*s},%s}",
		   t->version, t->kind, STR_ARG(name), (int)dice(c, 3), STR_ARG(more), body);
}

/* ---- writing ----------------------------------------------------------- */

static void update(struct client *c, const struct target *t, str path, str name)
{
	str now, more = STR_NONE;
	node n;

	if (ask_as(c, &(struct http_ask){ "GET", .path = path }, false, &now) != 200)
		return;
	if (dice(c, 3) && !json_read(&c->mem, now, NULL, &n))
		more = say(c, ",'resourceVersion':'%.*s'",
			   STR_ARG(node_str(node_dig(n, "metadata", "resourceVersion"))));
	ask(c, "PUT", NULL, path, object(c, t, name, more));
}

static void patch(struct client *c, const struct target *t, str path, str name)
{
	static const char *const managers[] = { "m1", "m2", "kubectl" };

	switch (dice(c, 5)) {
	case 0:
		ask(c, "PATCH", MERGE, path, say(c, "{'metadata':{'annotations':{'a':'%d'}}}", (int)dice(c, 9)));
		return;
	case 1:
		ask(c, "PATCH", STRATEGIC, path, say(c, "{'metadata':{'labels':{'l':'%d'}}}", (int)dice(c, 3)));
		return;
	case 2:
		ask(c, "PATCH", JSONPATCH, path,
		    say(c, "[{'op':'add','path':'/metadata/labels/m','value':'%d'}]", (int)dice(c, 9)));
		return;
	default:
		path = say(c, "%.*s?fieldManager=%s&force=%s%s", STR_ARG(path), managers[dice(c, 3)],
			   dice(c, 4) ? "true" : "false", dice(c, 6) ? "" : "&dryRun=All");
		ask(c, "PATCH", APPLY, path, object(c, t, name, STR_NONE));
	}
}

static void subresource(struct client *c, const struct target *t, str path)
{
	if (dice(c, 2))
		ask(c, "PATCH", MERGE, say(c, "%.*s/status", STR_ARG(path)),
		    say(c, "{'status':{'seen':%d}}", (int)dice(c, 9)));
	else
		ask(c, "PATCH", MERGE, say(c, "%.*s/scale", STR_ARG(path)),
		    say(c, "{'spec':{'replicas':%d}}", (int)dice(c, t->numbers)));
}

static void remove_some(struct client *c, str list, str path)
{
	static const char *const how[] = { "Background", "Foreground", "Orphan" };

	if (dice(c, 8))
		ask(c, "DELETE", NULL, path, dice(c, 3) ? STR_NONE
					     : say(c, "{'propagationPolicy':'%s'}", how[dice(c, 3)]));
	else
		ask(c, "DELETE", NULL, say(c, "%.*s?labelSelector=l%%3D%d", STR_ARG(list), (int)dice(c, 3)),
		    STR_NONE);
}

static void write_some(struct client *c)
{
	const struct target *t = any_target(c);
	str space = space_of(c), list = list_path(c, t, space);
	str name = say(c, "o%d", (int)dice(c, t->names)), path = say(c, "%.*s/%.*s", STR_ARG(list), STR_ARG(name));

	switch (dice(c, 12)) {
	case 0: case 1: case 2:
		ask(c, "POST", NULL, list, object(c, t, name, STR_NONE));
		return;
	case 3: case 4:
		update(c, t, path, name);
		return;
	case 5:
		subresource(c, t, path);
		return;
	case 6:
		remove_some(c, list, path);
		return;
	default:
		patch(c, t, path, name);
	}
}

/* ---- reading ----------------------------------------------------------- */

static void read_some(struct client *c)
{
	static const char *const ways[] = { "?limit=3", "", "?labelSelector=l%3D1", "?resourceVersion=0",
					    "?fieldSelector=metadata.name%3Do1", "?fieldSelector=spec.color%3Dred" };
	static const char *const accepts[] = { NULL, TABLE, PARTIALS, "application/yaml" };
	static const char *const documents[] = { "/apis", "/api/v1", "/openapi/v3", "/metrics",
						 "/openapi/v3/apis/storm.example.com/v1", "/readyz",
						 "/openapi/v2", "/apis/storm.example.com/v1", STORMS };
	const struct target *t = any_target(c);
	str list = list_path(c, t, space_of(c)), out;
	struct http_ask q = { .method = "GET", .accept = accepts[dice(c, 4)] };

	if (!dice(c, 10)) {
		q.accept = NULL;
		q.path = str_c(documents[dice(c, sizeof documents / sizeof *documents)]);
	} else if (dice(c, 2)) {
		q.accept = dice(c, 2) ? NULL : dice(c, 2) ? TABLE : PARTIAL;
		q.path = say(c, "%.*s/o%d", STR_ARG(list), (int)dice(c, t->names));
	} else {
		q.path = say(c, "%.*s%s", STR_ARG(list), ways[dice(c, sizeof ways / sizeof *ways)]);
	}
	ask_as(c, &q, false, &out);
}

/* Objects that nobody else writes: what was answered is what is there. Only where the server
 * went before the answer it is open what is. */
static void write_steady(struct client *c)
{
	unsigned at = (unsigned)dice(c, STEADY);
	char text[32];
	str out;
	str path = say(c, "/api/v1/namespaces/steady/configmaps/c%u-%u?fieldManager=m", c->number, at);

	snprintf(text, sizeof text, "%u", (unsigned)dice(c, 1u << 30));
	struct http_ask q = { "PATCH", APPLY, NULL, path,
			 say(c, "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'c%u-%u'},'data':{'n':'%s'}}",
			     c->number, at, text) };
	int code = ask_as(c, &q, true, &out);

	if (code >= 300)
		wrong(c->st, "%.*s: %d %.*s", STR_ARG(path), code, STR_ARG(out));
	else if (code != HTTP_CUT)
		snprintf(c->last[at], sizeof c->last[at], "%s", text);
	else
		snprintf(c->last[at], sizeof c->last[at], "?");
}

static void one_step(struct client *c)
{
	uint64_t what = dice(c, 20);

	if (what < 12)
		write_some(c);
	else if (what < 18)
		read_some(c);
	else
		write_steady(c);
}

/* ---- what it all depends on -------------------------------------------- */

#define COLUMN "'additionalPrinterColumns':[{'name':'N','type':'integer','jsonPath':'.spec.n'}," \
	       "{'name':'Color','type':'string','jsonPath':'.spec.color'}]"
#define SUBS   "'subresources':{'status':{},'scale':{'specReplicasPath':'.spec.n'," \
	       "'statusReplicasPath':'.status.seen'}}"

static str version(struct client *c, const char *name, bool stored, unsigned turn)
{
	return say(c, "{'name':'%s','served':true,'storage':%s,%s%s," SUBS ",'schema':{'openAPIV3Schema':{"
		      "'type':'object','properties':{'status':{'type':'object',"
		      "'x-kubernetes-preserve-unknown-fields':true},'spec':{'type':'object',"
		      "'x-kubernetes-validations':[{'rule':'!has(self.n) || self.n >= 0'},"
		      "{'rule':'self.a != oldSelf.a || self == oldSelf || true'}],"
		      "'properties':{'a':{'type':'string','default':'turn-%u'},"
		      "'d%u':{'type':'object','default':{'x':{'y':[1,{'z':'w'}]}},'properties':{"
		      "'x':{'type':'object','x-kubernetes-preserve-unknown-fields':true}}},"
		      "'n':{'type':'integer','minimum':0,'maximum':100000},"
		      "'p':{'type':'string','pattern':'^[a-c]+$'},'more':{'type':'array','items':{'type':'string'},"
		      "'x-kubernetes-list-type':'set'},'color':{'type':'string','enum':['red','green'],"
		      "'default':'green'},'free':{'type':'object','x-kubernetes-preserve-unknown-fields':true},"
		      "'items':{'type':'array','x-kubernetes-list-type':'map',"
		      "'x-kubernetes-list-map-keys':['name'],'items':{'type':'object','required':['name'],"
		      "'properties':{'name':{'type':'string'},'value':{'type':'string','default':'v'}}}}}}}}}}",
		   name, stored ? "true" : "false", turn % 3 ? "" : "'deprecated':true,",
		   turn % 2 ? "'selectableFields':[{'jsonPath':'.spec.color'}]" : COLUMN, turn, turn % 4);
}

static str definition(struct client *c, unsigned turn)
{
	bool two = turn % 4 > 0;
	str first = version(c, "v1", turn % 4 < 2, turn), second = version(c, "v2", turn % 4 >= 2, turn + 1);

	return arena_cat(&c->mem, say(c, "{'apiVersion':'apiextensions.k8s.io/v1','kind':'CustomResourceDefinition',"
					 "'metadata':{'name':'gusts.storm.example.com'},'spec':{"
					 "'group':'storm.example.com','scope':'Namespaced','names':{"
					 "'kind':'Gust','plural':'gusts','shortNames':['g%u']},'versions':[",
				      turn % 5),
			 first, two ? S(",") : STR_NONE, two ? second : STR_NONE, S("]}}"));
}

/* Definitions come, change and go. */
static void *define(void *arg)
{
	struct client *c = arg;

	for (unsigned turn = 0; !c->st->stop; turn++) {
		if (turn % 24 == 23)
			ask(c, "DELETE", NULL, S(STORMS), STR_NONE);
		else
			ask(c, "PATCH", APPLY, S(STORMS "?fieldManager=m&force=true"), definition(c, turn));
		arena_clear(&c->mem);
		usleep((useconds_t)dice(c, 60000));
	}
	return NULL;
}

/* Namespaces go, and come again. */
static void *move(void *arg)
{
	struct client *c = arg;

	while (!c->st->stop) {
		str space = space_of(c);

		if (!dice(c, 40))
			ask(c, "DELETE", NULL, say(c, "/api/v1/namespaces/%.*s", STR_ARG(space)), STR_NONE);
		else
			ask(c, "POST", NULL, S("/api/v1/namespaces"), say(c, "{'metadata':{'name':'%.*s'}}", STR_ARG(space)));
		arena_clear(&c->mem);
		usleep((useconds_t)dice(c, 40000));
	}
	return NULL;
}

static void *work(void *arg)
{
	struct client *c = arg;

	while (!c->st->stop) {
		one_step(c);
		arena_clear(&c->mem);
	}
	return NULL;
}

/* ---- watching ---------------------------------------------------------- */

static str watch_path(struct client *c)
{
	static const char *const ways[] = {
		"", "&resourceVersion=0", "&labelSelector=l%3D1", "&fieldSelector=metadata.name%3Do1",
		"&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
		"&timeoutSeconds=1", "&resourceVersion=1",
	};
	const struct target *t = any_target(c);
	bool core = !strchr(t->version, '/');
	str list = dice(c, 2) ? list_path(c, t, space_of(c))
			      : say(c, "%s%s/%s", core ? "/api/" : "/apis/", t->version, t->plural);

	return say(c, "%.*s?watch=true%s", STR_ARG(list), ways[dice(c, sizeof ways / sizeof *ways)]);
}

static void on_event(void *ctx, str type, str object)
{
	struct storm *st = ctx;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node n;
	err *e = json_read(&a, object, NULL, &n);

	st->events++;
	if (e || !type.n)
		wrong(st, "event %.*s: %s: %.*s", STR_ARG(type), e ? err_msg(e) : "no type", STR_ARG(object));
	err_free(e);
}

static void watch_direct(struct client *c, const char *accept)
{
	struct server_answer answer;
	struct server_watch *w;

	server_watch(c->st->server, &c->mem,
		     &(struct server_ask){ .method = S("GET"), .path = watch_path(c),
					   .accept = str_c(accept ? accept : "") },
		     &(struct server_watcher){ .event = on_event, .ctx = c->st }, &w, &answer);
	if (w)
		usleep((useconds_t)dice(c, 30000));
	server_unwatch(w);
}

/* A slow reader, or one that goes before there is an answer. */
static void watch_http(struct client *c, const char *accept)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	char some[4096];
	uint64_t reads = dice(c, 6);
	ssize_t n = 1;

	if (!http_dial(&c->fd, c->st->port)) {
		usleep(10000);
		return;
	}
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ .tv_usec = 5000 }, sizeof(struct timeval));
	http_print(&b, &(struct http_ask){ .method = "GET", .accept = accept, .path = watch_path(c) });
	if (http_put(c->fd, buf_str(&b)))
		for (; reads && n; reads--) {
			n = recv(c->fd, some, sizeof some, 0);
			c->st->events += n > 0;
			usleep((useconds_t)dice(c, 5000));
		}
	http_hang_up(&c->fd);
}

static void *watch(void *arg)
{
	static const char *const accepts[] = { NULL, TABLE, PARTIAL };
	struct client *c = arg;

	while (!c->st->stop) {
		if (c->direct)
			watch_direct(c, accepts[dice(c, 3)]);
		else
			watch_http(c, accepts[dice(c, 3)]);
		arena_clear(&c->mem);
	}
	return NULL;
}

/* ---- one who watches all the time -------------------------------------- */

struct follower {
	pthread_mutex_t m;
	struct arena mem;
	node state;			/* name to data.n; loop thread until it is unwatched */
	uint64_t rv;
	struct storm *st;
	struct server_watch *watch;
	atomic_bool behind;		/* what it stood at is forgotten, as a 410 says */
};

static void on_steady(void *ctx, str type, str object)
{
	struct follower *f = ctx;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node n;
	uint64_t rv = 0;

	if (json_read(&a, object, NULL, &n))
		return;
	str name = node_str(node_dig(n, "metadata", "name"));

	str_to_u64(node_str(node_dig(n, "metadata", "resourceVersion")), &rv);
	if (str_eq(type, S("ERROR")) && node_int(node_get(n, S("code"))) == 410)
		f->behind = true;
	else if (str_eq(type, S("ERROR")))
		wrong(f->st, "the watch ends: %.*s", STR_ARG(object));
	if (str_eq(type, S("BOOKMARK")) || !str_starts(name, S("c")))
		return;
	pthread_mutex_lock(&f->m);
	if (rv <= f->rv && !str_eq(type, S("ADDED")))
		wrong(f->st, "event %llu behind %llu", (unsigned long long)rv, (unsigned long long)f->rv);
	f->rv = rv;
	node_set(&f->mem, f->state, arena_str(&f->mem, name), node_copy_str(&f->mem, node_str(node_dig(n, "data", "n"))));
	pthread_mutex_unlock(&f->m);
}

static void watch_steady(struct follower *f)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;	/* the other is the events' by then */
	struct server_answer answer;

	server_watch(f->st->server, &a,
		     &(struct server_ask){ .method = S("GET"),
					   .path = S("/api/v1/namespaces/steady/configmaps?watch=true") },
		     &(struct server_watcher){ .event = on_steady, .ctx = f }, &f->watch, &answer);
	assert_non_null(f->watch);
}

static void follow(struct follower *f, struct storm *st)
{
	pthread_mutex_init(&f->m, NULL);
	f->st = st;
	f->state = node_map(&f->mem, 8);
	watch_steady(f);
}

/* As every client does behind a 410. */
static void keep_following(struct follower *f)
{
	if (!f->behind)
		return;
	server_unwatch(f->watch);
	f->behind = false;
	f->rv = 0;
	watch_steady(f);
}

static str followed(struct follower *f, str name)
{
	pthread_mutex_lock(&f->m);
	str text = node_str(node_get(f->state, name));

	pthread_mutex_unlock(&f->m);
	return text;
}

static void check_one(struct storm *st, struct follower *f, const struct client *c, unsigned at)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str name = arena_printf(&a, "c%u-%u", c->number, at), path, is;
	struct server_answer answer;
	node n = NODE_NOTHING;

	path = arena_cat(&a, S("/api/v1/namespaces/steady/configmaps/"), name);
	server_call(st->server, &a, &(struct server_ask){ .method = S("GET"), .path = path }, &answer);
	err_free(json_read(&a, answer.body, NULL, &n));
	is = node_str(node_dig(n, "data", "n"));
	if (c->last[at][0] != '?' && !str_eq(is, str_c(c->last[at])))
		wrong(st, "%.*s: wrote %s, found %.*s", STR_ARG(name), c->last[at], STR_ARG(is));
	for (int i = 0; i < PATIENCE * 100 && !str_eq(followed(f, name), is); i++) {
		keep_following(f);
		usleep(10000);
	}
	if (!str_eq(followed(f, name), is))
		wrong(st, "%.*s: is %.*s, the watch knows %.*s", STR_ARG(name), STR_ARG(is), STR_ARG(followed(f, name)));
}

/* ---- the storm --------------------------------------------------------- */

static long number_of(const char *variable, long fallback)
{
	const char *text = getenv(variable);

	return text ? strtol(text, NULL, 10) : fallback;
}

static void open_server(struct storm *st, str dir)
{
	str port;
	uint64_t number = 0;
	err *e = server_open(&st->server, &(struct server_options){ .data_dir = dir, .plain = true, .token = S("t"),
								   .listen = S("127.0.0.1:0") });

	if (e)
		fail_msg("%s", err_msg(e));
	port = str_from(server_url(st->server), str_rfind_char(server_url(st->server), ':') + 1);
	assert_true(str_to_u64(port, &number));
	st->port = (uint16_t)number;
}

static void begin(struct client *c, struct storm *st, unsigned number)
{
	c->st = st;
	c->number = number;
	c->state = (st->seed + number + 1) * 0x9e3779b97f4a7c15u;
	c->direct = number % 2;
	c->fd = -1;
}

static void *(*const jobs[])(void *arg) = { define, move, watch, watch, watch, watch, work };
enum { JOBS = sizeof jobs / sizeof *jobs };

/* All of them, or those over HTTP. */
static void start(struct storm *st, struct client *clients, bool all)
{
	st->stop = false;
	for (unsigned i = 0; i < THREADS; i++)
		if (all || !clients[i].direct)
			pthread_create(&clients[i].thread, NULL, jobs[i < JOBS ? i : JOBS - 1],
				       &clients[i]);
}

static void end(struct storm *st, struct client *clients, bool all)
{
	st->stop = true;
	for (unsigned i = 0; i < THREADS; i++)
		if (all || !clients[i].direct)
			pthread_join(clients[i].thread, NULL);
}

/* Until the server is gone, in the middle of what is asked over HTTP. */
static void rage(struct storm *st, struct client *clients, int64_t span)
{
	struct follower f = { 0 };
	int64_t until = clock_mono() + span;

	follow(&f, st);
	start(st, clients, true);
	while (!st->stop && clock_mono() < until) {
		keep_following(&f);
		usleep(10000);
	}
	end(st, clients, true);
	for (unsigned i = 0; i < THREADS; i++)
		for (unsigned at = 0; at < STEADY && !st->problem[0]; at++)
			check_one(st, &f, &clients[i], at);
	server_unwatch(f.watch);
	arena_release(&f.mem);
	start(st, clients, false);
	usleep((useconds_t)(span / 8 / CLOCK_US));
	server_close(st->server);
	end(st, clients, false);
}

static void storm(str dir, unsigned rounds)
{
	struct storm st = { .m = PTHREAD_MUTEX_INITIALIZER,
			    .seed = (uint64_t)number_of("STORM_SEED", (long)rand_below(1000000)) };
	struct client *clients = mem_calloc(THREADS, sizeof *clients);
	int64_t span = number_of("STORM_SECONDS", 2) * CLOCK_SECOND / rounds;

	for (unsigned i = 0; i < THREADS; i++)
		begin(&clients[i], &st, i);
	for (unsigned i = 0; i < rounds && !st.problem[0]; i++) {
		open_server(&st, dir);
		ask(&clients[1], "POST", NULL, S("/api/v1/namespaces"), S("{\"metadata\":{\"name\":\"steady\"}}"));
		rage(&st, clients, span);
	}
	print_message("seed %llu: %u asked, %u good, %u refused, %u cut, %u events\n", (unsigned long long)st.seed,
		      st.asked, st.good, st.refused, st.cut, st.events);
	for (unsigned i = 0; i < THREADS; i++) {
		http_hang_up(&clients[i].fd);
		arena_release(&clients[i].mem);
	}
	free(clients);
	if (st.problem[0])
		fail_msg("%s", st.problem);
	assert_true(st.good > (st.asked - st.cut) / 8 && st.events);
}

static void test_in_memory(void **state)
{
	(void)state;
	storm(S(":memory:"), 1);
}

static void test_on_disk(void **state)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;

	(void)state;
	assert_null(fs_open_temp(&dir, STR_NONE, S("storm")));
	storm(fs_root(dir), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_memory),
		cmocka_unit_test(test_on_disk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
