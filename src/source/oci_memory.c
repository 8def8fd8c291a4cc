#include "source/oci_impl.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/owned.h"

/* Beyond them what is old is forgotten, or else all. */
enum { MEMORY_TOKENS = 4096, MEMORY_REGISTRIES = 4096 };

struct registry {
	char *name;
	bool known, http, bearer;
	char *realm, *service;
};

struct token {
	char *key, *text;
	int64_t until;
};

struct oci_memory {
	pthread_mutex_t m;
	struct map registries, tokens;
	struct blobshare *blobs;
};

struct oci_memory *oci_memory_new(void)
{
	struct oci_memory *m = mem_calloc(1, sizeof *m);

	pthread_mutex_init(&m->m, NULL);
	m->blobs = blobshare_new();
	return m;
}

static void free_registry(struct registry *r)
{
	free(r->name);
	free(r->realm);
	free(r->service);
	free(r);
}

static void free_token(struct token *t)
{
	free(t->key);
	free(t->text);
	free(t);
}

static void forget_registries(struct oci_memory *m)
{
	for (size_t i = 0; i < m->registries.n; i++)
		free_registry(m->registries.entries[i].value);
	map_clear(&m->registries);
}

static void forget_tokens(struct oci_memory *m)
{
	for (size_t i = 0; i < m->tokens.n; i++)
		free_token(m->tokens.entries[i].value);
	map_clear(&m->tokens);
}

void oci_memory_free(struct oci_memory *m)
{
	if (!m)
		return;
	forget_registries(m);
	forget_tokens(m);
	map_release(&m->registries);
	map_release(&m->tokens);
	blobshare_free(m->blobs);
	pthread_mutex_destroy(&m->m);
	free(m);
}

struct blobshare *oci_memory_blobs(struct oci_memory *m)
{
	return m->blobs;
}

static struct registry *need_registry(struct oci_memory *m, str name)
{
	struct registry *r = map_get(&m->registries, name);

	if (r)
		return r;
	if (m->registries.n >= MEMORY_REGISTRIES)
		forget_registries(m);
	r = mem_calloc(1, sizeof *r);
	r->name = owned_text(name);
	map_set(&m->registries, str_c(r->name), r);
	return r;
}

bool oci_memory_challenge(struct oci_memory *m, struct arena *a, str registry, bool *http,
			  struct ociauth_challenge *out)
{
	bool bearer_or_basic = false;

	pthread_mutex_lock(&m->m);
	struct registry *r = map_get(&m->registries, registry);

	if (r && r->known) {
		*http = r->http;
		bearer_or_basic = r->realm != NULL;
		if (bearer_or_basic)
			*out = (struct ociauth_challenge){
				.bearer = r->bearer,
				.realm = arena_str(a, str_c(r->realm)),
				.service = arena_str(a, str_c(r->service)),
			};
	}
	pthread_mutex_unlock(&m->m);
	return bearer_or_basic;
}

void oci_memory_keep_challenge(struct oci_memory *m, str registry, bool http,
			       const struct ociauth_challenge *c)
{
	pthread_mutex_lock(&m->m);
	struct registry *r = need_registry(m, registry);

	r->known = true;
	r->http = http;
	if (c) {
		free(r->realm);
		free(r->service);
		r->bearer = c->bearer;
		r->realm = owned_text(c->realm);
		r->service = owned_text(c->service);
	}
	pthread_mutex_unlock(&m->m);
}

bool oci_memory_token(struct oci_memory *m, struct arena *a, str key, str *out)
{
	pthread_mutex_lock(&m->m);
	struct token *t = map_get(&m->tokens, key);
	bool good = t && t->until > clock_mono();

	if (good)
		*out = arena_str(a, str_c(t->text));
	pthread_mutex_unlock(&m->m);
	return good;
}

static void forget_token(struct oci_memory *m, str key)
{
	struct token *t = map_get(&m->tokens, key);

	if (!t)
		return;
	map_remove(&m->tokens, key);
	free_token(t);
}

void oci_memory_keep_token(struct oci_memory *m, str key, str token, int64_t until)
{
	struct token *t = mem_calloc(1, sizeof *t);

	*t = (struct token){ owned_text(key), owned_text(token), until };
	pthread_mutex_lock(&m->m);
	forget_token(m, key);
	if (m->tokens.n >= MEMORY_TOKENS)
		forget_tokens(m);
	map_set(&m->tokens, str_c(t->key), t);
	pthread_mutex_unlock(&m->m);
}

void oci_memory_forget_token(struct oci_memory *m, str key)
{
	pthread_mutex_lock(&m->m);
	forget_token(m, key);
	pthread_mutex_unlock(&m->m);
}
