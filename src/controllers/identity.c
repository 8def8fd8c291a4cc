#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/owned.h"
#include "base/vec.h"
#include "controllers/identity_impl.h"
#include "crypto/sha256.h"

/* ---- the tokens of a process ---------------------------------------------------------- */

enum { CACHE_MAX = 10000, EVENTS_MAX = 10000 };

/* One token, or the part of one that is text; all of it is one allocation. */
struct kept {
	char key[SHA256_HEX + 1];
	str bearer, id, secret, session;	/* of `text` */
	char *text;
	size_t text_n;
	int64_t ends, until;	/* clock_wall */
	uint64_t used;
};

/* How often an object's token was there, and was not. */
struct token_events {
	str kind, namespace, name, operation;	/* of `text` */
	char *text;
	uint64_t hits, misses;
};

struct identity_cache {
	size_t max;
	int64_t max_duration;
	pthread_mutex_t lock;	/* of what follows */
	struct kept *kept;
	size_t n;
	uint64_t clock, requests, evictions;
	VEC(struct token_events) events;
};

struct identity_cache *identity_cache_new(size_t max, int64_t max_duration)
{
	if (!max)
		return NULL;
	struct identity_cache *c = mem_calloc(1, sizeof *c);

	c->max = max < CACHE_MAX ? max : CACHE_MAX;
	c->max_duration = max_duration;
	c->kept = mem_calloc(c->max, sizeof *c->kept);
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

static void kept_drop(struct kept *k)
{
	if (k->text)
		explicit_bzero(k->text, k->text_n);
	free(k->text);
}

void identity_cache_free(struct identity_cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		kept_drop(&c->kept[i]);
	for (size_t i = 0; i < c->events.n; i++)
		free(c->events.p[i].text);
	vec_release(&c->events);
	free(c->kept);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* ---- how often --------------------------------------------------------------------------- */

static bool is_of(const struct token_events *t, str kind, str namespace, str name)
{
	return str_eq(t->name, name) && str_eq(t->namespace, namespace) && str_eq(t->kind, kind);
}

/* Under the lock. */
static struct token_events *need_events(struct identity_cache *c, const struct identity *who)
{
	for (size_t i = 0; i < c->events.n; i++)
		if (is_of(&c->events.p[i], who->kind, who->namespace, who->name) &&
		    str_eq(c->events.p[i].operation, who->operation))
			return &c->events.p[i];
	if (c->events.n >= EVENTS_MAX)
		return NULL;
	char *to = mem_alloc(who->kind.n + who->namespace.n + who->name.n + who->operation.n + 1);
	struct token_events t = { .text = to };

	t.kind = owned_put(&to, who->kind);
	t.namespace = owned_put(&to, who->namespace);
	t.name = owned_put(&to, who->name);
	t.operation = owned_put(&to, who->operation);
	vec_push(&c->events, t);
	return &c->events.p[c->events.n - 1];
}

static void count(const struct identity *who, bool found)
{
	struct identity_cache *c = who->cache;

	if (!c || !who->name.n)
		return;
	pthread_mutex_lock(&c->lock);
	struct token_events *t = need_events(c, who);

	if (t)
		(*(found ? &t->hits : &t->misses))++;
	pthread_mutex_unlock(&c->lock);
}

void identity_cache_forget(struct identity_cache *c, str kind, str namespace, str name)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	for (size_t i = c->events.n; i-- > 0;)
		if (is_of(&c->events.p[i], kind, namespace, name)) {
			free(c->events.p[i].text);
			c->events.p[i] = c->events.p[--c->events.n];
		}
	pthread_mutex_unlock(&c->lock);
}

static void add_events(struct buf *out, const struct token_events *t, const char *type, uint64_t n)
{
	if (n)
		buf_addf(out,
			 "gotk_token_cache_events_total{event_type=\"%s\",kind=\"%.*s\",name=\"%.*s\","
			 "namespace=\"%.*s\",operation=\"%.*s\"} %llu\n",
			 type, STR_ARG(t->kind), STR_ARG(t->name), STR_ARG(t->namespace),
			 STR_ARG(t->operation), (unsigned long long)n);
}

/* ---- what is kept ------------------------------------------------------------------------- */

static struct kept *cache_find(struct identity_cache *c, const char *key)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->kept[i].key, key))
			return &c->kept[i];
	return NULL;
}

static bool cache_get(struct identity_cache *c, struct arena *a, const char *key,
		      struct identity_token *out)
{
	if (!c)
		return false;
	pthread_mutex_lock(&c->lock);
	struct kept *k = cache_find(c, key);
	bool found = k && k->until > clock_wall();

	c->requests++;
	if (found) {
		k->used = ++c->clock;
		*out = (struct identity_token){ arena_str(a, k->bearer),
						{ arena_str(a, k->id), arena_str(a, k->secret),
						  arena_str(a, k->session) },
						k->ends };
	}
	pthread_mutex_unlock(&c->lock);
	return found;
}

/* A place for the key: its own, a free one, or that of what was used longest ago. */
static struct kept *cache_place(struct identity_cache *c, const char *key)
{
	struct kept *k = cache_find(c, key);

	if (!k && c->n < c->max)
		return &c->kept[c->n++];
	if (!k) {
		k = c->kept;
		for (size_t i = 1; i < c->n; i++)
			if (c->kept[i].used < k->used)
				k = &c->kept[i];
		c->evictions++;
	}
	kept_drop(k);
	return k;
}

/* Four fifths of its life, and no longer than all may be kept. */
static int64_t until_of(const struct identity_cache *c, int64_t ends)
{
	int64_t now = clock_wall(), left = ends > now ? (ends - now) / 5 * 4 : 0;

	return now + (left < c->max_duration ? left : c->max_duration);
}

static void cache_put(struct identity_cache *c, const char *key, const struct identity_token *t)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	struct kept *k = cache_place(c, key);
	size_t n = t->bearer.n + t->aws.id.n + t->aws.secret.n + t->aws.session.n;
	char *to = mem_alloc(n + 1);

	*k = (struct kept){ .text = to, .text_n = n, .ends = t->ends, .until = until_of(c, t->ends),
			    .used = ++c->clock };
	memcpy(k->key, key, sizeof k->key);
	k->bearer = owned_put(&to, t->bearer);
	k->id = owned_put(&to, t->aws.id);
	k->secret = owned_put(&to, t->aws.secret);
	k->session = owned_put(&to, t->aws.session);
	pthread_mutex_unlock(&c->lock);
}

bool identity_recall(const struct identity *who, struct arena *a, const char *what, str *out)
{
	struct identity_token t;
	char key[SHA256_HEX + 1];

	sha256_hex(str_c(what), key);
	if (!cache_get(who->cache, a, key, &t))
		return false;
	*out = t.bearer;
	return true;
}

void identity_remember(const struct identity *who, const char *what, str text)
{
	char key[SHA256_HEX + 1];

	sha256_hex(str_c(what), key);
	cache_put(who->cache, key, &(struct identity_token){ .bearer = text, .ends = INT64_MAX });
}

/* Not under a key that a token may have. */
static void made_key(str what, char key[SHA256_HEX + 1])
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, S("made of\n"));
	buf_add(&b, what);
	sha256_hex(buf_str(&b), key);
	explicit_bzero(b.p, b.n);
}

bool identity_recall_made(const struct identity *who, struct arena *a, str what,
			  struct identity_token *out)
{
	char key[SHA256_HEX + 1];

	made_key(what, key);
	return cache_get(who->cache, a, key, out);
}

void identity_remember_made(const struct identity *who, str what, const struct identity_token *t)
{
	char key[SHA256_HEX + 1];

	made_key(what, key);
	cache_put(who->cache, key, t);
}

void identity_cache_metrics(struct identity_cache *c, struct buf *out)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	buf_add(out, S("# HELP gotk_token_cache_events_total Times an object's token was kept, and "
		       "was not.\n# TYPE gotk_token_cache_events_total counter\n"));
	for (size_t i = 0; i < c->events.n; i++) {
		add_events(out, &c->events.p[i], "cache_hit", c->events.p[i].hits);
		add_events(out, &c->events.p[i], "cache_miss", c->events.p[i].misses);
	}
	size_t n = c->n;
	uint64_t requests = c->requests, evictions = c->evictions;

	pthread_mutex_unlock(&c->lock);
	buf_addf(out,
		 "# HELP gotk_token_cached_items Tokens that are kept.\n"
		 "# TYPE gotk_token_cached_items gauge\n"
		 "gotk_token_cached_items %zu\n"
		 "# HELP gotk_token_cache_requests_total Times a token was looked for.\n"
		 "# TYPE gotk_token_cache_requests_total counter\n"
		 "gotk_token_cache_requests_total{status=\"success\"} %llu\n"
		 "# HELP gotk_token_cache_evictions_total Tokens that made room for others.\n"
		 "# TYPE gotk_token_cache_evictions_total counter\n"
		 "gotk_token_cache_evictions_total %llu\n",
		 n, (unsigned long long)requests, (unsigned long long)evictions);
}

/* ---- who ------------------------------------------------------------------------------- */

static const struct identity_provider *const providers[] = {
	&identity_generic,
	&identity_aws,
	&identity_azure,
	&identity_gcp,
};

const struct identity_provider *identity_provider(str name)
{
	for (size_t i = 0; i < sizeof providers / sizeof *providers; i++)
		if (str_eq(str_c(providers[i]->name), name))
			return providers[i];
	return NULL;
}

void identity_of_pass(struct identity *out, struct pass *p, str account)
{
	const struct settings *s = runtime_settings(p->rt);
	bool allowed = s->gates[GATE_OBJECT_LEVEL_WORKLOAD_IDENTITY];
	bool none = !account.n;

	/* The same flag is for impersonation, which needs no gate. */
	if (none && allowed)
		account = s->default_service_account;
	*out = (struct identity){
		.cloud = { .net = runtime_net(p->rt), .env = s->env, .cancel = p->cancel },
		.client = runtime_client(p->rt),
		.cache = runtime_identities(p->rt),
		.namespace = p->key.namespace,
		.kind = str_c(p->key.controller->kind),
		.name = p->key.name,
		.operation = S("reconcile"),
		.account = account,
		.account_is_default = none,
		.accounts_allowed = allowed,
	};
}

/* ---- tokens ------------------------------------------------------------------------------ */

static void add_key(struct buf *b, const char *what, str text)
{
	buf_addf(b, "%s=%zu %.*s\n", what, text.n, STR_ARG(text));
}

/* The same for the same token. */
static void make_key(const struct identity *who, const struct identity_provider *p,
		     const struct identity_need *need, str name, const str *audiences, size_t n,
		     char key[SHA256_HEX + 1])
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	add_key(&b, "provider", str_c(p->name));
	for (size_t i = 0; i < n; i++)
		add_key(&b, "audience", audiences[i]);
	if (who->account.n) {
		add_key(&b, "providerIdentity", name);
		add_key(&b, "serviceAccountName", who->account);
		add_key(&b, "serviceAccountNamespace", who->namespace);
	}
	add_key(&b, "scopes", need->scope);
	if (need->client.n)
		add_key(&b, "managedIdentity", need->client);
	add_key(&b, "stsRegion", need->region);
	add_key(&b, "stsEndpoint", need->sts_endpoint);
	if (who->cloud.proxy) {
		add_key(&b, "proxyURL", who->cloud.proxy->url);
		add_key(&b, "proxyUser", who->cloud.proxy->user);
	}
	sha256_hex(buf_str(&b), key);
}

static bool recall(const struct identity *who, struct arena *a, const char *key,
		   struct identity_token *out)
{
	bool found = cache_get(who->cache, a, key, out);

	count(who, found);
	return found;
}

static err *own_token(const struct identity *who, struct arena *a, const struct identity_provider *p,
		      const struct identity_need *need, struct identity_token *out)
{
	char key[SHA256_HEX + 1];

	make_key(who, p, need, STR_NONE, who->audiences, who->audiences_n, key);
	if (recall(who, a, key, out))
		return NULL;
	err *e = p->own(who, a, need, out);

	if (e)
		return err_wrap(e, "failed to create provider access token for the controller");
	cache_put(who->cache, key, out);
	return NULL;
}

struct wanted {
	node account;
	str name, audience;
	const str *audiences;
	size_t audiences_n;
};

static err *look(const struct identity *who, struct arena *a, const struct identity_provider *p,
		 struct wanted *w)
{
	TRY(identity_account(who, a, &w->account));
	w->audiences = who->audiences;
	w->audiences_n = who->audiences_n;
	if (!w->audiences_n) {
		err *e = p->audience(who, a, w->account, &w->audience);

		if (e)
			return err_wrap(e, "failed to get provider audience");
		w->audiences = &w->audience;
		w->audiences_n = w->audience.n ? 1 : 0;
	}
	err *e = p->name_of(a, w->account, &w->name);

	if (e)
		return err_wrap(e, "failed to get provider identity from service account '%.*s/%.*s' "
				   "annotations",
				STR_ARG(who->namespace), STR_ARG(who->account));
	return NULL;
}

static err *exchange(const struct identity *who, struct arena *a, const struct identity_provider *p,
		     const struct identity_need *need, const struct wanted *w,
		     struct identity_token *out)
{
	str oidc;

	TRY(identity_account_token(who, a, w->audiences, w->audiences_n, &oidc));
	if (!p->by_account) {
		out->bearer = oidc;
		return identity_token_end(a, oidc, &out->ends);
	}
	err *e = p->by_account(who, a, need, w->account, oidc, out);

	return e ? err_wrap(e, "failed to create provider access token for service account "
			       "'%.*s/%.*s'",
			    STR_ARG(who->namespace), STR_ARG(who->account))
		 : NULL;
}

err *identity_token(const struct identity *who, struct arena *a,
		    const struct identity_provider *p, const struct identity_need *need,
		    struct identity_token *out)
{
	struct wanted w = { .account = NODE_NOTHING };
	char key[SHA256_HEX + 1];

	*out = (struct identity_token){ 0 };
	if (!who->account.n || need->client.n)
		return own_token(who, a, p, need, out);
	TRY(look(who, a, p, &w));
	make_key(who, p, need, w.name, w.audiences, w.audiences_n, key);
	if (recall(who, a, key, out))
		return NULL;
	TRY(exchange(who, a, p, need, &w, out));
	cache_put(who->cache, key, out);
	return NULL;
}
