#include "controllers/configs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/map.h"

struct config {
	size_t size;
	str key, version, text;	/* in one piece behind it */
};

struct configs {
	pthread_mutex_t lock;	/* of what follows */
	struct map all;
	size_t bytes;
};

struct configs *configs_new(void)
{
	struct configs *c = mem_calloc(1, sizeof *c);

	pthread_mutex_init(&c->lock, NULL);
	return c;
}

static void config_free(struct configs *c, struct config *one)
{
	c->bytes -= one->size;
	explicit_bzero(one, one->size);
	free(one);
}

static void forget_all(struct configs *c)
{
	for (size_t i = 0; i < c->all.n; i++)
		config_free(c, c->all.entries[i].value);
	map_clear(&c->all);
}

void configs_free(struct configs *c)
{
	if (!c)
		return;
	forget_all(c);
	map_release(&c->all);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static str key_of(struct arena *a, str kind, str namespace, str name)
{
	return arena_cat(a, kind, S("/"), namespace, S("/"), name);
}

bool configs_get(struct configs *c, struct arena *a, str kind, str namespace, str name, str version,
		 str *text)
{
	str key = key_of(a, kind, namespace, name);

	pthread_mutex_lock(&c->lock);
	const struct config *one = map_get(&c->all, key);
	bool known = one && str_eq(one->version, version);

	if (known)
		*text = arena_str(a, one->text);
	pthread_mutex_unlock(&c->lock);
	return known;
}

static struct config *config_new(str key, str version, str text)
{
	size_t size = sizeof(struct config) + key.n + version.n + text.n;
	struct config *one = mem_alloc(size);
	char *to = (char *)(one + 1);

	memcpy(to, key.p, key.n);
	if (version.n)
		memcpy(to + key.n, version.p, version.n);
	if (text.n)
		memcpy(to + key.n + version.n, text.p, text.n);
	*one = (struct config){ size, str_of(to, key.n), str_of(to + key.n, version.n),
				str_of(to + key.n + version.n, text.n) };
	return one;
}

void configs_put(struct configs *c, str kind, str namespace, str name, str version, str text)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	if (text.n > CONFIGS_ONE_MAX || !version.n)
		return;
	struct config *one = config_new(key_of(&a, kind, namespace, name), version, text);

	pthread_mutex_lock(&c->lock);
	struct config *old = map_get(&c->all, one->key);

	if (old) {
		map_remove(&c->all, one->key);
		config_free(c, old);
	}
	if (c->bytes + one->size > CONFIGS_BYTES_MAX)
		forget_all(c);
	c->bytes += one->size;
	map_set(&c->all, one->key, one);
	pthread_mutex_unlock(&c->lock);
}
