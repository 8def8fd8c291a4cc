/* Shamir's secret sharing over GF(2^8), as Vault and SOPS split their keys: the
 * last byte of a part is its x, each other one the y of a polynomial of its own. */
#include "sops/impl.h"

enum { PARTS_MAX = 255 };

/* Without branches or tables on secret bytes. */
static uint8_t multiply(uint8_t a, uint8_t b)
{
	uint8_t sum = 0;

	for (int i = 7; i >= 0; i--) {
		uint8_t high = (uint8_t)(-(sum >> 7) & 0x1b);
		uint8_t add = (uint8_t)(-(b >> i & 1) & a);

		sum = (uint8_t)((uint8_t)(sum << 1) ^ high ^ add);
	}
	return sum;
}

/* a^254 */
static uint8_t inverse(uint8_t a)
{
	uint8_t power = a;

	for (int i = 0; i < 6; i++)
		power = multiply(multiply(power, power), a);
	return multiply(power, power);
}

/* The value at 0 of the polynomial through the points. */
static uint8_t at_zero(const uint8_t *x, const uint8_t *y, size_t n)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		uint8_t basis = 1;

		for (size_t j = 0; j < n; j++)
			if (i != j)
				basis = multiply(basis, multiply(x[j], inverse(x[i] ^ x[j])));
		sum ^= multiply(y[i], basis);
	}
	return sum;
}

static err *check_parts(const str *parts, size_t n, uint8_t *x)
{
	bool seen[256] = { false };

	if (n < 2)
		return err_new(ERR_INVALID,
			       "less than two parts cannot be used to reconstruct the secret");
	if (n > PARTS_MAX)
		return err_new(ERR_INVALID, "parts cannot exceed %d", PARTS_MAX);
	if (parts[0].n < 2)
		return err_new(ERR_INVALID, "parts must be at least two bytes");
	for (size_t i = 0; i < n; i++) {
		if (parts[i].n != parts[0].n)
			return err_new(ERR_INVALID, "all parts must be the same length");
		x[i] = (uint8_t)parts[i].p[parts[i].n - 1];
		if (seen[x[i]])
			return err_new(ERR_INVALID, "duplicate part detected");
		seen[x[i]] = true;
	}
	return NULL;
}

err *sops_shamir_combine(const str *parts, size_t n, struct buf *out)
{
	uint8_t x[PARTS_MAX], y[PARTS_MAX];

	TRY(check_parts(parts, n, x));
	for (size_t at = 0; at + 1 < parts[0].n; at++) {
		for (size_t i = 0; i < n; i++)
			y[i] = (uint8_t)parts[i].p[at];
		buf_addc(out, (char)at_zero(x, y, n));
	}
	explicit_bzero(y, sizeof y);
	return NULL;
}
