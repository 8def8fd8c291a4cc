#include "crypto/rsagen.h"

#include "base/rand.h"

enum {
	EXPONENT = 65537,
	ROUNDS = 8,		/* of Miller-Rabin */
	SIEVE_TO = 1 << 12,	/* small primes below it */
	SMALL_MAX = 600,	/* there are 563 odd ones */
	STEP_MAX = 1 << 14,	/* how far to go from one random number */
	BITS_MAX = 16384,
};

/* The numbers of one key; all of them are wiped at the end. */
enum {
	N_P, N_Q, N_N, N_E, N_D, N_DP, N_DQ, N_QI,
	N_P1, N_Q1, N_A, N_B, N_ODD, N_BASE, N_X, N_LESS, N_COUNT,
};

struct maker {
	const struct ossl *o;
	const struct keys_random *random;
	BN_CTX *ctx;
	BN_MONT_CTX *mont;
	BIGNUM *n[N_COUNT];
	uint16_t small[SMALL_MAX];
	size_t small_n;
	bool failed;
};

static void check(struct maker *m, bool ok)
{
	m->failed |= !ok;
}

static void fill(struct maker *m, void *to, size_t n)
{
	if (m->random)
		m->random->fill(m->random->ctx, to, n);
	else
		rand_bytes(to, n);
}

/* ---- primes ------------------------------------------------------------ */

static void find_small_primes(struct maker *m)
{
	bool composite[SIEVE_TO] = { false };

	for (unsigned i = 3; i < SIEVE_TO; i += 2) {
		if (composite[i])
			continue;
		m->small[m->small_n++] = (uint16_t)i;
		for (unsigned k = i * i; k < SIEVE_TO; k += 2 * i)
			composite[k] = true;
	}
}

/* A random odd number of exactly `bits`, both top bits set: the product of two
 * such has twice as many. */
static void random_odd(struct maker *m, unsigned bits, BIGNUM *to)
{
	unsigned char bytes[BITS_MAX / 16];
	size_t n = bits / 8;

	fill(m, bytes, n);
	bytes[0] |= 0xc0;
	bytes[n - 1] |= 1;
	check(m, m->o->BN_bin2bn(bytes, (int)n, to));
	explicit_bzero(bytes, n);
}

/* One round: whether `base` calls p composite. p - 1 is odd * 2^twos. */
static bool is_witness(struct maker *m, const BIGNUM *p, const BIGNUM *base, const BIGNUM *odd,
		       int twos)
{
	const struct ossl *o = m->o;
	BIGNUM *x = m->n[N_X];

	check(m, o->BN_mod_exp_mont_consttime(x, base, odd, p, m->ctx, m->mont));
	if (m->failed || o->BN_cmp(x, o->BN_value_one()) == 0 || o->BN_cmp(x, m->n[N_LESS]) == 0)
		return false;
	while (--twos > 0) {
		check(m, o->BN_mod_mul(x, x, x, p, m->ctx));
		if (o->BN_cmp(x, m->n[N_LESS]) == 0)
			return false;
	}
	return true;
}

/* A base between 2 and p - 2, more or less: which of the two ends it misses
 * does not matter. */
static void random_base(struct maker *m, const BIGNUM *p, BIGNUM *to)
{
	unsigned char bytes[BITS_MAX / 16 + 8];
	size_t n = (size_t)(m->o->BN_num_bits(p) + 7) / 8 + 8;

	fill(m, bytes, n);
	check(m, m->o->BN_bin2bn(bytes, (int)n, to) &&
			 m->o->BN_div(NULL, to, to, m->n[N_LESS], m->ctx) &&
			 m->o->BN_add_word(to, m->o->BN_is_zero(to) || m->o->BN_is_one(to) ? 2 : 0));
}

static bool is_prime(struct maker *m, const BIGNUM *p)
{
	const struct ossl *o = m->o;
	int twos = 1;

	check(m, o->BN_copy(m->n[N_LESS], p) && o->BN_sub_word(m->n[N_LESS], 1) &&
			 o->BN_MONT_CTX_set(m->mont, p, m->ctx));
	while (!m->failed && !o->BN_is_bit_set(m->n[N_LESS], twos))
		twos++;
	check(m, o->BN_rshift(m->n[N_ODD], m->n[N_LESS], twos));
	for (int i = 0; i < ROUNDS && !m->failed; i++) {
		random_base(m, p, m->n[N_BASE]);
		if (is_witness(m, p, m->n[N_BASE], m->n[N_ODD], twos))
			return false;
	}
	return !m->failed;
}

/* Whether start + step has a small factor, or start + step - 1 the exponent. */
static bool is_sieved(const struct maker *m, const uint16_t *rests, uint32_t e_rest, unsigned step)
{
	for (size_t i = 0; i < m->small_n; i++)
		if ((rests[i] + step) % m->small[i] == 0)
			return true;
	return (e_rest + step) % EXPONENT == 1;
}

static void find_prime(struct maker *m, unsigned bits, BIGNUM *p)
{
	const struct ossl *o = m->o;
	uint16_t rests[SMALL_MAX];

	while (!m->failed) {
		random_odd(m, bits, p);
		for (size_t i = 0; i < m->small_n; i++)
			rests[i] = (uint16_t)o->BN_mod_word(p, m->small[i]);
		uint32_t e_rest = (uint32_t)o->BN_mod_word(p, EXPONENT);
		unsigned at = 0;

		for (unsigned step = 0; step < STEP_MAX && !m->failed; step += 2) {
			if (is_sieved(m, rests, e_rest, step))
				continue;
			check(m, o->BN_add_word(p, step - at));
			at = step;
			if ((unsigned)o->BN_num_bits(p) != bits)
				break;
			if (is_prime(m, p))
				return;
		}
	}
}

/* Primes close to each other make a product that is easily factored. */
static bool are_far(struct maker *m, unsigned bits)
{
	const struct ossl *o = m->o;

	check(m, o->BN_sub(m->n[N_A], m->n[N_P], m->n[N_Q]));
	return (unsigned)o->BN_num_bits(m->n[N_A]) > bits / 2 - 100;
}

/* ---- the key ----------------------------------------------------------- */

static void find_numbers(struct maker *m, unsigned bits)
{
	const struct ossl *o = m->o;
	BIGNUM **n = m->n;

	find_prime(m, bits / 2, n[N_P]);
	do
		find_prime(m, bits / 2, n[N_Q]);
	while (!m->failed && !are_far(m, bits));
	if (o->BN_cmp(n[N_P], n[N_Q]) < 0) {
		BIGNUM *p = n[N_P];

		n[N_P] = n[N_Q];
		n[N_Q] = p;
	}
	check(m, o->BN_set_word(n[N_E], EXPONENT) && o->BN_mul(n[N_N], n[N_P], n[N_Q], m->ctx) &&
			 o->BN_copy(n[N_P1], n[N_P]) && o->BN_sub_word(n[N_P1], 1) &&
			 o->BN_copy(n[N_Q1], n[N_Q]) && o->BN_sub_word(n[N_Q1], 1));
	/* d by the least common multiple of p-1 and q-1 */
	check(m, o->BN_mul(n[N_A], n[N_P1], n[N_Q1], m->ctx) &&
			 o->BN_gcd(n[N_B], n[N_P1], n[N_Q1], m->ctx) &&
			 o->BN_div(n[N_A], NULL, n[N_A], n[N_B], m->ctx) &&
			 o->BN_mod_inverse(n[N_D], n[N_E], n[N_A], m->ctx));
	check(m, o->BN_div(NULL, n[N_DP], n[N_D], n[N_P1], m->ctx) &&
			 o->BN_div(NULL, n[N_DQ], n[N_D], n[N_Q1], m->ctx) &&
			 o->BN_mod_inverse(n[N_QI], n[N_Q], n[N_P], m->ctx));
}

static void add_length(struct buf *b, size_t n)
{
	if (n >= 0x80)
		buf_addc(b, (char)(n < 0x100 ? 0x81 : 0x82));
	if (n >= 0x100)
		buf_addc(b, (char)(n >> 8));
	buf_addc(b, (char)n);
}

static void add_number(struct maker *m, struct buf *b, const BIGNUM *n)
{
	size_t bytes = (size_t)m->o->BN_num_bits(n) / 8 + 1;	/* with a 0 where the top bit is set */

	buf_addc(b, 2);
	add_length(b, bytes);
	char *to = buf_reserve(b, bytes);

	check(m, to && m->o->BN_bn2binpad(n, (unsigned char *)to, (int)bytes) > 0);
	if (to)
		b->n += bytes;
}

static void write_key(struct maker *m, struct buf *der)
{
	static const int order[] = { N_N, N_E, N_D, N_P, N_Q, N_DP, N_DQ, N_QI };
	struct buf inner = BUF_INIT;

	buf_add(&inner, (str){ "\x02\x01\x00", 3 });
	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		add_number(m, &inner, m->n[order[i]]);
	buf_addc(der, 0x30);
	add_length(der, inner.n);
	buf_add(der, buf_str(&inner));
	explicit_bzero(inner.p, inner.n);
	buf_release(&inner);
}

err *rsagen_key(const struct ossl *o, unsigned bits, const struct keys_random *random,
		struct buf *der)
{
	struct maker m = { .o = o, .random = random, .ctx = o->BN_CTX_new(),
			   .mont = o->BN_MONT_CTX_new() };

	check(&m, m.ctx && m.mont && bits >= 512 && bits <= BITS_MAX && bits % 16 == 0);
	for (size_t i = 0; i < N_COUNT; i++)
		check(&m, (m.n[i] = o->BN_new()) != NULL);
	find_small_primes(&m);
	if (!m.failed)
		find_numbers(&m, bits);
	if (!m.failed)
		write_key(&m, der);
	for (size_t i = 0; i < N_COUNT; i++)
		o->BN_clear_free(m.n[i]);
	o->BN_MONT_CTX_free(m.mont);
	o->BN_CTX_free(m.ctx);
	o->ERR_clear_error();
	return m.failed ? err_new(ERR_INTERNAL, "no RSA key could be made") : NULL;
}
