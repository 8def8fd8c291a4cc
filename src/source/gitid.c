#include "source/gitid.h"

#include <stdio.h>

#include "crypto/ossl.h"

struct state {
	const struct ossl *o;
	EVP_MD_CTX *ctx;
};

size_t gitid_size(enum gitid_algo algo)
{
	return algo == GITID_SHA256 ? 32 : 20;
}

enum gitid_algo gitid_algo_of(const struct gitid *id)
{
	return id->n == 32 ? GITID_SHA256 : GITID_SHA1;
}

str gitid_algo_name(enum gitid_algo algo)
{
	return algo == GITID_SHA256 ? S("sha256") : S("sha1");
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool gitid_parse(struct gitid *out, str hex)
{
	struct gitid id = { .n = (uint8_t)(hex.n / 2) };

	if (hex.n != 40 && hex.n != 64)
		return false;
	for (size_t i = 0; i < id.n; i++) {
		int high = digit(hex.p[2 * i]), low = digit(hex.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		id.b[i] = (uint8_t)(high << 4 | low);
	}
	*out = id;
	return true;
}

struct gitid gitid_of(const void *bytes, size_t n)
{
	struct gitid id = { .n = (uint8_t)n };

	memcpy(id.b, bytes, n);
	return id;
}

void gitid_print(const struct gitid *id, char hex[GITID_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < id->n; i++) {
		hex[2 * i] = digits[id->b[i] >> 4];
		hex[2 * i + 1] = digits[id->b[i] & 15];
	}
	hex[2 * (size_t)id->n] = 0;
}

void gitid_add(struct buf *b, const struct gitid *id)
{
	char hex[GITID_HEX + 1];

	gitid_print(id, hex);
	buf_add(b, str_c(hex));
}

err *gitid_hash_init(struct gitid_hash *h, enum gitid_algo algo)
{
	const struct ossl *o;

	TRY(ossl_get(&o));
	struct state *s = mem_alloc(sizeof *s);

	*s = (struct state){ o, o->EVP_MD_CTX_new() };
	if (!s->ctx)
		die_bug("out of memory for a hash");
	h->state = s;
	h->algo = algo;
	gitid_hash_start(h);
	return NULL;
}

void gitid_hash_release(struct gitid_hash *h)
{
	struct state *s = h->state;

	if (s) {
		s->o->EVP_MD_CTX_free(s->ctx);
		free(s);
	}
	h->state = NULL;
}

void gitid_hash_start(struct gitid_hash *h)
{
	struct state *s = h->state;

	if (s->o->EVP_DigestInit_ex(s->ctx,
				    h->algo == GITID_SHA256 ? s->o->EVP_sha256() : s->o->EVP_sha1(),
				    NULL) != 1)
		die_bug("the hash does not start");
}

void gitid_hash_add(struct gitid_hash *h, str bytes)
{
	struct state *s = h->state;

	if (bytes.n && s->o->EVP_DigestUpdate(s->ctx, bytes.p, bytes.n) != 1)
		die_bug("the hash does not go on");
}

struct gitid gitid_hash_end(struct gitid_hash *h)
{
	struct state *s = h->state;
	struct gitid id = { .n = (uint8_t)gitid_size(h->algo) };

	if (s->o->EVP_DigestFinal_ex(s->ctx, id.b, NULL) != 1)
		die_bug("the hash does not end");
	return id;
}

struct gitid gitid_hash_object(struct gitid_hash *h, str type, str bytes)
{
	char head[40];
	int n = snprintf(head, sizeof head, "%.*s %zu", STR_ARG(type), bytes.n);

	gitid_hash_start(h);
	gitid_hash_add(h, str_of(head, (size_t)n + 1));
	gitid_hash_add(h, bytes);
	return gitid_hash_end(h);
}
