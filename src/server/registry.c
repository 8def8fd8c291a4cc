#include "server/registry.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/owned.h"
#include "base/sort.h"
#include "base/vec.h"

/* The rows of one CRD. */
struct set {
	str crd; /* owned */
	const struct kind **kinds;
	size_t n;
};

struct registry {
	pthread_rwlock_t lock;
	const struct kind *const *builtins;
	size_t builtins_n;
	VEC(struct set) sets; /* by name */
	uint64_t generation;
};

struct registry *registry_new(void)
{
	struct registry *r = mem_calloc(1, sizeof *r);

	pthread_rwlock_init(&r->lock, NULL);
	r->builtins = kind_builtins(&r->builtins_n);
	r->generation = 1;
	return r;
}

static void release_set(struct set *s)
{
	if (s->n)
		kind_unref(s->kinds[0]);
	free(s->kinds);
	free((char *)s->crd.p);
}

void registry_free(struct registry *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->sets.n; i++)
		release_set(&r->sets.p[i]);
	vec_release(&r->sets);
	pthread_rwlock_destroy(&r->lock);
	free(r);
}

/* ---- finding ----------------------------------------------------------- */

typedef bool match_fn(const struct kind *k, const void *ctx);

static const struct kind *first(const struct registry *r, match_fn *match, const void *ctx,
				bool builtin)
{
	for (size_t i = 0; i < r->builtins_n; i++)
		if (match(r->builtins[i], ctx))
			return r->builtins[i];
	for (size_t i = 0; i < r->sets.n && !builtin; i++)
		for (size_t j = 0; j < r->sets.p[i].n; j++)
			if (match(r->sets.p[i].kinds[j], ctx))
				return r->sets.p[i].kinds[j];
	return NULL;
}

static const struct kind *find(struct registry *r, match_fn *match, const void *ctx, bool builtin)
{
	pthread_rwlock_rdlock(&r->lock);
	const struct kind *k = kind_ref(first(r, match, ctx, builtin));

	pthread_rwlock_unlock(&r->lock);
	return k;
}

static bool has(struct registry *r, match_fn *match, const void *ctx, bool builtin)
{
	const struct kind *k = find(r, match, ctx, builtin);

	kind_unref(k);
	return k != NULL;
}

struct wanted {
	str group, version, plural;
};

static bool is_resource(const struct kind *k, const void *ctx)
{
	const struct wanted *w = ctx;

	return str_eq(k->plural, w->plural) && str_eq(k->gvk.version, w->version) &&
	       str_eq(k->gvk.group, w->group);
}

static bool is_kind(const struct kind *k, const void *ctx)
{
	return gvk_eq(k->gvk, *(const struct gvk *)ctx);
}

static bool is_group(const struct kind *k, const void *ctx)
{
	return str_eq(k->gvk.group, ((const struct wanted *)ctx)->group);
}

static bool is_version(const struct kind *k, const void *ctx)
{
	return is_group(k, ctx) && str_eq(k->gvk.version, ((const struct wanted *)ctx)->version);
}

const struct kind *registry_find(struct registry *r, str group, str version, str plural)
{
	return find(r, is_resource, &(struct wanted){ group, version, plural }, false);
}

const struct kind *registry_find_kind(struct registry *r, struct gvk gvk)
{
	return find(r, is_kind, &gvk, false);
}

bool registry_has_group(struct registry *r, str group, bool builtin)
{
	return has(r, is_group, &(struct wanted){ .group = group }, builtin);
}

bool registry_has_version(struct registry *r, str group, str version, bool builtin)
{
	return has(r, is_version, &(struct wanted){ .group = group, .version = version }, builtin);
}

/* ---- all rows ---------------------------------------------------------- */

/* What a version's name weighs: "v2" before "v1", then betas, then alphas,
 * then all else by its bytes. */
struct weight {
	int stage; /* 3 stable, 2 beta, 1 alpha, 0 none of these */
	uint64_t major, minor;
};

static struct weight weigh(str version)
{
	struct weight w = { 0 };
	str s = version;

	if (!str_take(&s, 'v') || !str_to_u64(str_span(&s, ascii_is_digit), &w.major))
		return w;
	if (!s.n)
		w.stage = 3;
	else if (str_take_str(&s, S("beta")) && str_to_u64(s, &w.minor))
		w.stage = 2;
	else if (str_take_str(&s, S("alpha")) && str_to_u64(s, &w.minor))
		w.stage = 1;
	return w;
}

static int cmp_number(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int registry_cmp_version(str a, str b)
{
	struct weight x = weigh(a), y = weigh(b);
	int c = y.stage - x.stage;

	if (!c && x.stage)
		c = cmp_number(y.major, x.major);
	if (!c && x.stage)
		c = cmp_number(y.minor, x.minor);
	return c ? c : str_cmp(a, b);
}

static int cmp_custom(const void *a, const void *b, void *ctx)
{
	const struct kind *x = *(const struct kind *const *)a, *y = *(const struct kind *const *)b;
	int c = str_cmp(x->gvk.group, y->gvk.group);

	(void)ctx;
	if (!c)
		c = registry_cmp_version(x->gvk.version, y->gvk.version);
	return c ? c : str_cmp(x->plural, y->plural);
}

const struct kind **registry_list(struct registry *r, size_t *n)
{
	VEC(const struct kind *) v = { 0 };

	pthread_rwlock_rdlock(&r->lock);
	for (size_t i = 0; i < r->builtins_n; i++)
		vec_push(&v, r->builtins[i]);
	for (size_t i = 0; i < r->sets.n; i++)
		for (size_t j = 0; j < r->sets.p[i].n; j++)
			vec_push(&v, kind_ref(r->sets.p[i].kinds[j]));
	pthread_rwlock_unlock(&r->lock);
	if (v.n > r->builtins_n)
		sort_stable(v.p + r->builtins_n, v.n - r->builtins_n, sizeof *v.p, cmp_custom,
			    NULL);
	*n = v.n;
	return v.p;
}

void registry_release_list(const struct kind **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		kind_unref(list[i]);
	free(list);
}

uint64_t registry_generation(struct registry *r)
{
	pthread_rwlock_rdlock(&r->lock);
	uint64_t g = r->generation;

	pthread_rwlock_unlock(&r->lock);
	return g;
}

/* ---- changing ---------------------------------------------------------- */

static struct set make_set(str crd, const struct kind *const *kinds, size_t n)
{
	struct set s = { .kinds = mem_calloc(n, sizeof *s.kinds), .n = n };

	s.crd = owned_str(crd);
	memcpy(s.kinds, kinds, n * sizeof *kinds);
	return s;
}

void registry_set(struct registry *r, str crd, const struct kind *const *kinds, size_t n)
{
	struct set old = { 0 }, new = { 0 };
	size_t i = 0;

	if (n)
		new = make_set(crd, kinds, n);
	pthread_rwlock_wrlock(&r->lock);
	while (i < r->sets.n && !str_eq(r->sets.p[i].crd, crd))
		i++;
	if (i < r->sets.n) {
		old = r->sets.p[i];
		r->sets.p[i] = n ? new : r->sets.p[--r->sets.n];
	} else if (n) {
		vec_push(&r->sets, new);
	}
	r->generation++;
	pthread_rwlock_unlock(&r->lock);
	release_set(&old);
}
