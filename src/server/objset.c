#include "server/objset.h"

#include <stdlib.h>

#include "base/die.h"
#include "base/vec.h"

struct objset_piece {
	size_t n;
	struct blob *slots[OBJSET_PIECE];
};

void objset_release(struct objset *s)
{
	for (size_t i = 0; i < s->n; i++) {
		for (size_t j = 0; j < s->pieces[i]->n; j++)
			blob_unref(s->pieces[i]->slots[j]);
		free(s->pieces[i]);
	}
	free(s->pieces);
	*s = (struct objset){ 0 };
}

/* The first slot of a piece whose key is not less. */
static size_t find_slot(const struct objset_piece *p, str namespace, str name)
{
	size_t lo = 0, hi = p->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (blob_cmp_key(p->slots[mid], namespace, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The last piece that begins at or before the key, or the first. */
static size_t find_piece(const struct objset *s, str namespace, str name)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (blob_cmp_key(s->pieces[mid]->slots[0], namespace, name) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? lo - 1 : 0;
}

static bool is_at(const struct objset *s, struct objset_at at, str namespace, str name)
{
	return at.piece < s->n && at.slot < s->pieces[at.piece]->n &&
	       !blob_cmp_key(s->pieces[at.piece]->slots[at.slot], namespace, name);
}

static struct objset_at find(const struct objset *s, str namespace, str name)
{
	struct objset_at at = { .piece = find_piece(s, namespace, name) };

	if (at.piece < s->n)
		at.slot = find_slot(s->pieces[at.piece], namespace, name);
	return at;
}

struct blob *objset_get(const struct objset *s, str namespace, str name)
{
	struct objset_at at = find(s, namespace, name);

	return is_at(s, at, namespace, name) ? s->pieces[at.piece]->slots[at.slot] : NULL;
}

static void add_piece(struct objset *s, size_t at)
{
	if (s->n == s->cap) {
		s->cap = vec_grown(s->cap, s->n + 1);
		s->pieces = mem_realloc(s->pieces, s->cap, sizeof *s->pieces);
	}
	memmove(s->pieces + at + 1, s->pieces + at, (s->n - at) * sizeof *s->pieces);
	s->pieces[at] = mem_alloc(sizeof **s->pieces);
	s->pieces[at]->n = 0;
	s->n++;
}

/* Halve a full piece, or open a new one behind it when the key comes last:
 * names that count up fill their pieces. */
static struct objset_at make_room(struct objset *s, struct objset_at at)
{
	struct objset_piece *p = s->pieces[at.piece];
	size_t keep = at.slot == p->n ? p->n : p->n / 2;

	add_piece(s, at.piece + 1);
	struct objset_piece *more = s->pieces[at.piece + 1];

	more->n = p->n - keep;
	memcpy(more->slots, p->slots + keep, more->n * sizeof *p->slots);
	p->n = keep;
	if (at.slot >= keep && (more->n || at.slot == OBJSET_PIECE))
		return (struct objset_at){ at.piece + 1, at.slot - keep };
	return at;
}

void objset_put(struct objset *s, struct blob *b)
{
	str namespace = blob_namespace(b), name = blob_name(b);
	struct objset_at at = find(s, namespace, name);

	if (is_at(s, at, namespace, name)) {
		struct blob **slot = &s->pieces[at.piece]->slots[at.slot];

		blob_unref(*slot);
		*slot = b;
		return;
	}
	if (!s->n)
		add_piece(s, 0);
	if (s->pieces[at.piece]->n == OBJSET_PIECE)
		at = make_room(s, at);
	struct objset_piece *p = s->pieces[at.piece];

	memmove(p->slots + at.slot + 1, p->slots + at.slot, (p->n - at.slot) * sizeof *p->slots);
	p->slots[at.slot] = b;
	p->n++;
	s->count++;
}

bool objset_remove(struct objset *s, str namespace, str name)
{
	struct objset_at at = find(s, namespace, name);

	if (!is_at(s, at, namespace, name))
		return false;
	struct objset_piece *p = s->pieces[at.piece];

	blob_unref(p->slots[at.slot]);
	p->n--;
	memmove(p->slots + at.slot, p->slots + at.slot + 1, (p->n - at.slot) * sizeof *p->slots);
	s->count--;
	if (!p->n) {
		free(p);
		s->n--;
		memmove(s->pieces + at.piece, s->pieces + at.piece + 1,
			(s->n - at.piece) * sizeof *s->pieces);
	}
	return true;
}

struct objset_at objset_seek(const struct objset *s, str namespace, str name)
{
	struct objset_at at = find(s, namespace, name);

	if (at.piece < s->n && at.slot == s->pieces[at.piece]->n)
		at = (struct objset_at){ at.piece + 1, 0 };
	return at;
}

struct objset_at objset_seek_end(const struct objset *s, str namespace)
{
	/* no name begins with a byte above those of UTF-8 */
	return namespace.n ? objset_seek(s, namespace, S("\xff")) : (struct objset_at){ s->n, 0 };
}

struct blob *objset_next(const struct objset *s, struct objset_at *at)
{
	if (at->piece >= s->n)
		return NULL;
	struct objset_piece *p = s->pieces[at->piece];
	struct blob *b = p->slots[at->slot++];

	if (at->slot == p->n)
		*at = (struct objset_at){ at->piece + 1, 0 };
	return b;
}

size_t objset_between(const struct objset *s, struct objset_at from, struct objset_at to)
{
	size_t n = to.slot;

	for (size_t i = from.piece; i < to.piece; i++)
		n += s->pieces[i]->n;
	return from.slot < n ? n - from.slot : 0;
}
