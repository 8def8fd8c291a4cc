#include "crypto/seeded.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>

#include "base/die.h"

/* The parameter by which a generator is told its source. */
#define SOURCE_PARAM "source"

enum { REQUEST_MAX = 1 << 20, STRENGTH = 256 };

struct generator {
	const struct keys_random *source;
};

/* ---- the generator, as OpenSSL wants it -------------------------------- */

static void *generator_new(void *provider, void *parent, const OSSL_DISPATCH *parent_functions)
{
	(void)provider;
	(void)parent;
	(void)parent_functions;
	return mem_calloc(1, sizeof(struct generator));
}

static void generator_free(void *g)
{
	free(g);
}

static int generator_start(void *g, unsigned strength, int resistance, const unsigned char *text,
			   size_t n, const OSSL_PARAM params[])
{
	(void)g;
	(void)strength;
	(void)resistance;
	(void)text;
	(void)n;
	(void)params;
	return 1;
}

static int generator_stop(void *g)
{
	(void)g;
	return 1;
}

static int generator_fill(void *g, unsigned char *to, size_t n, unsigned strength, int resistance,
			  const unsigned char *more, size_t more_n)
{
	const struct generator *self = g;

	(void)strength;
	(void)resistance;
	(void)more;
	(void)more_n;
	if (!self->source)
		return 0;
	self->source->fill(self->source->ctx, to, n);
	return 1;
}

/* One thread has it: there is nothing to lock. */
static int generator_lock(void *g)
{
	(void)g;
	return 1;
}

static void generator_unlock(void *g)
{
	(void)g;
}

static bool put_number(OSSL_PARAM *p, size_t value)
{
	if (p->data_size == sizeof(size_t))
		*(size_t *)p->data = value;
	else if (p->data_size == sizeof(unsigned))
		*(unsigned *)p->data = (unsigned)value;
	else
		return false;
	p->return_size = p->data_size;
	return true;
}

static int generator_get(void *g, OSSL_PARAM params[])
{
	(void)g;
	for (OSSL_PARAM *p = params; p->key; p++) {
		str key = str_c(p->key);

		if ((str_eq(key, S(OSSL_RAND_PARAM_STATE)) &&
		     !put_number(p, EVP_RAND_STATE_READY)) ||
		    (str_eq(key, S(OSSL_RAND_PARAM_STRENGTH)) && !put_number(p, STRENGTH)) ||
		    (str_eq(key, S(OSSL_RAND_PARAM_MAX_REQUEST)) && !put_number(p, REQUEST_MAX)))
			return 0;
	}
	return 1;
}

static int generator_set(void *g, const OSSL_PARAM params[])
{
	struct generator *self = g;

	for (const OSSL_PARAM *p = params; p && p->key; p++)
		if (str_eq(str_c(p->key), S(SOURCE_PARAM)))
			self->source = *(void *const *)p->data;
	return 1;
}

#define FUNCTION(f) ((void (*)(void))(f))

static const OSSL_DISPATCH generator_functions[] = {
	{ OSSL_FUNC_RAND_NEWCTX, FUNCTION(generator_new) },
	{ OSSL_FUNC_RAND_FREECTX, FUNCTION(generator_free) },
	{ OSSL_FUNC_RAND_INSTANTIATE, FUNCTION(generator_start) },
	{ OSSL_FUNC_RAND_UNINSTANTIATE, FUNCTION(generator_stop) },
	{ OSSL_FUNC_RAND_GENERATE, FUNCTION(generator_fill) },
	{ OSSL_FUNC_RAND_ENABLE_LOCKING, FUNCTION(generator_lock) },
	{ OSSL_FUNC_RAND_LOCK, FUNCTION(generator_lock) },
	{ OSSL_FUNC_RAND_UNLOCK, FUNCTION(generator_unlock) },
	{ OSSL_FUNC_RAND_GET_CTX_PARAMS, FUNCTION(generator_get) },
	{ OSSL_FUNC_RAND_SET_CTX_PARAMS, FUNCTION(generator_set) },
	{ 0, NULL },
};

static const OSSL_ALGORITHM *algorithms(void *provider, int operation, int *no_cache)
{
	static const OSSL_ALGORITHM all[] = {
		{ "SEEDED", "provider=seeded", generator_functions, NULL },
		{ 0 },
	};

	(void)provider;
	*no_cache = 0;
	return operation == OSSL_OP_RAND ? all : NULL;
}

static int provider_init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in,
			 const OSSL_DISPATCH **out, void **provider)
{
	static const OSSL_DISPATCH functions[] = {
		{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, FUNCTION(algorithms) },
		{ 0, NULL },
	};

	(void)in;
	*out = functions;
	*provider = (void *)(uintptr_t)core;
	return 1;
}

/* ---- the context ------------------------------------------------------- */

static bool tell_source(const struct ossl *o, EVP_RAND_CTX *g, const struct keys_random *source)
{
	void *pointer = (void *)(uintptr_t)source;
	const OSSL_PARAM params[] = {
		{ SOURCE_PARAM, OSSL_PARAM_OCTET_PTR, &pointer, sizeof pointer, 0 },
		{ 0 },
	};

	return g && o->EVP_RAND_CTX_set_params(g, params);
}

static bool fill_context(struct seeded *s, const struct keys_random *random)
{
	const struct ossl *o = s->o;

	if (!o->OSSL_PROVIDER_add_builtin(s->ctx, "seeded", provider_init))
		return false;
	s->generator = o->OSSL_PROVIDER_load(s->ctx, "seeded");
	s->algorithms = o->OSSL_PROVIDER_load(s->ctx, "default");
	return s->generator && s->algorithms &&
	       o->RAND_set_DRBG_type(s->ctx, "SEEDED", NULL, NULL, NULL) &&
	       tell_source(o, o->RAND_get0_primary(s->ctx), random) &&
	       tell_source(o, o->RAND_get0_public(s->ctx), random) &&
	       tell_source(o, o->RAND_get0_private(s->ctx), random);
}

err *seeded_open(const struct ossl *o, const struct keys_random *random, struct seeded *out)
{
	*out = (struct seeded){ .o = o, .random = random };
	if (!random)
		return NULL;
	out->ctx = o->OSSL_LIB_CTX_new();
	if (out->ctx && fill_context(out, random))
		return NULL;
	o->ERR_clear_error();
	seeded_close(out);
	return err_new(ERR_INTERNAL, "OpenSSL takes no random numbers of ours");
}

void seeded_close(struct seeded *s)
{
	if (s->generator)
		s->o->OSSL_PROVIDER_unload(s->generator);
	if (s->algorithms)
		s->o->OSSL_PROVIDER_unload(s->algorithms);
	if (s->ctx)
		s->o->OSSL_LIB_CTX_free(s->ctx);
	*s = (struct seeded){ 0 };
}
