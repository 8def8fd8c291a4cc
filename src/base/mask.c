#include "base/mask.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/vec.h"

/* Secrets are looked up by a hash of their first four bytes; most places of
 * a text fall on an empty slot and cost one multiplication. */
enum { SLOTS = 1024 };

_Static_assert(MASK_MIN == 4, "head() reads four bytes");

struct secret {
	struct secret *next;	/* in the slot, longest first */
	size_t count, n;
	char bytes[];
};

struct mask {
	pthread_rwlock_t lock;
	size_t n;
	struct secret *slots[SLOTS];
};

struct mask *mask_new(void)
{
	struct mask *m = mem_calloc(1, sizeof *m);

	if (pthread_rwlock_init(&m->lock, NULL))
		die_bug("cannot make a lock");
	return m;
}

static void wipe(struct secret *s)
{
	explicit_bzero(s->bytes, s->n);
	free(s);
}

void mask_free(struct mask *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		while (m->slots[i]) {
			struct secret *s = m->slots[i];

			m->slots[i] = s->next;
			wipe(s);
		}
	pthread_rwlock_destroy(&m->lock);
	free(m);
}

static size_t head(const char *p)
{
	uint32_t u;

	memcpy(&u, p, sizeof u);
	return (size_t)((u * UINT32_C(2654435761)) >> 22);
}

/* Where the secret `s` is, or where it would stand among the longer and
 * shorter ones of its slot. */
static struct secret **place(struct mask *m, str s)
{
	struct secret **at = &m->slots[head(s.p)];

	while (*at && ((*at)->n > s.n || ((*at)->n == s.n && memcmp((*at)->bytes, s.p, s.n))))
		at = &(*at)->next;
	return at;
}

static void add(struct mask *m, str value)
{
	if (value.n < MASK_MIN)
		return;
	struct secret **at = place(m, value), *s = *at;

	if (!s || s->n != value.n) {
		s = mem_alloc(sizeof *s + value.n);
		*s = (struct secret){ .next = *at, .n = value.n };
		memcpy(s->bytes, value.p, value.n);
		*at = s;
		m->n++;
	}
	s->count++;
}

static void drop(struct mask *m, str value)
{
	if (value.n < MASK_MIN)
		return;
	struct secret **at = place(m, value), *s = *at;

	if (!s || s->n != value.n || --s->count)
		return;
	*at = s->next;
	m->n--;
	wipe(s);
}

/* The base64 text of a value. Its last group changes with what follows the
 * value, so only whole groups are looked for. */
static void encode(str s, struct buf *to)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)s.p;

	for (; s.n >= 3; p += 3, s.n -= 3) {
		buf_addc(to, digits[p[0] >> 2]);
		buf_addc(to, digits[(p[0] & 3) << 4 | p[1] >> 4]);
		buf_addc(to, digits[(p[1] & 15) << 2 | p[2] >> 6]);
		buf_addc(to, digits[p[2] & 63]);
	}
}

static void change(struct mask *m, str secret, void (*how)(struct mask *, str))
{
	str value = str_trim_right_set(secret, S(" \t\r\n"));
	struct buf base64 = BUF_INIT;

	if (value.n < MASK_MIN)
		return;
	encode(value, &base64);
	pthread_rwlock_wrlock(&m->lock);
	how(m, value);
	/* Four base64 digits hold three bytes: too few to tell a secret by. */
	if (base64.n > MASK_MIN)
		how(m, buf_str(&base64));
	pthread_rwlock_unlock(&m->lock);
	explicit_bzero(base64.p, base64.n);
	buf_release(&base64);
}

void mask_add(struct mask *m, str secret)
{
	change(m, secret, add);
}

void mask_remove(struct mask *m, str secret)
{
	change(m, secret, drop);
}

/* Length of the longest secret that `text` begins with. */
static size_t longest(const struct mask *m, str text)
{
	if (text.n < MASK_MIN)
		return 0;
	for (const struct secret *s = m->slots[head(text.p)]; s; s = s->next)
		if (s->n <= text.n && memcmp(s->bytes, text.p, s->n) == 0)
			return s->n;
	return 0;
}

/* Find the next stretch covered by secrets, from `at` on. */
static bool next_secret(const struct mask *m, str text, size_t at, size_t *from, size_t *to)
{
	size_t end = 0;

	for (; at < text.n && (!end || at < end); at++) {
		size_t n = longest(m, str_from(text, at));

		if (!n)
			continue;
		if (!end)
			*from = at;
		if (at + n > end)
			end = at + n;
	}
	*to = end;
	return end > 0;
}

void mask_text(struct mask *m, str text, struct buf *to)
{
	size_t done = 0, from, end;

	if (!m) {
		buf_add(to, text);
		return;
	}
	pthread_rwlock_rdlock(&m->lock);
	while (m->n && next_secret(m, text, done, &from, &end)) {
		buf_add(to, str_sub(text, done, from));
		buf_add(to, S("***"));
		done = end;
	}
	pthread_rwlock_unlock(&m->lock);
	buf_add(to, str_from(text, done));
}

bool mask_has(struct mask *m, str text)
{
	size_t from, end;

	if (!m)
		return false;
	pthread_rwlock_rdlock(&m->lock);
	bool has = m->n && next_secret(m, text, 0, &from, &end);

	pthread_rwlock_unlock(&m->lock);
	return has;
}
