#include "source/gitpack.h"

#include <libdeflate.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "source/gitpack_impl.h"

/* ---- life ---------------------------------------------------------------- */

err *gitpack_new(struct gitpack **out, enum gitid_algo algo, const struct gitpack_limits *limits)
{
	struct gitpack_limits l = limits ? *limits : (struct gitpack_limits){ 0 };
	struct gitid_hash hash;

	TRY(gitid_hash_init(&hash, algo));
	struct gitpack *p = mem_calloc(1, sizeof *p);

	l.bytes = l.bytes ? l.bytes : GITPACK_BYTES_MAX;
	l.unpacked = l.unpacked ? l.unpacked : GITPACK_UNPACKED_MAX;
	l.object = l.object ? l.object : GITPACK_OBJECT_MAX;
	l.count = l.count ? l.count : GITPACK_COUNT_MAX;
	l.memory = l.memory ? l.memory : GITPACK_MEMORY;
	p->limits = l;
	p->hash = hash;
	p->algo = algo;
	spool_init(&p->packed, GITPACK_HELD);
	spool_init(&p->spilled, 0);
	p->inflate = libdeflate_alloc_decompressor();
	if (!p->inflate)
		die_bug("out of memory for a decompressor");
	*out = p;
	return NULL;
}

void gitpack_free(struct gitpack *p)
{
	if (!p)
		return;
	gitid_hash_release(&p->hash);
	spool_release(&p->packed);
	spool_release(&p->spilled);
	libdeflate_free_decompressor(p->inflate);
	arena_release(&p->kept);
	free(p->entries);
	free(p->ids);
	free(p->waits);
	vec_release(&p->stack);
	for (size_t i = 0; i < GITPACK_WORKS; i++)
		free(p->work[i].p);
	free(p);
}

void gitpack_drop(struct gitpack **p)
{
	gitpack_free(*p);
}

err *gitpack_add(struct gitpack *p, str bytes)
{
	if (bytes.n > p->limits.bytes - p->packed.n)
		return err_new(ERR_INVALID, "packfile is larger than %llu bytes",
			       (unsigned long long)p->limits.bytes);
	return spool_add(&p->packed, bytes);
}

/* ---- the table of names -------------------------------------------------- */

static size_t slot_of(const struct gitpack *p, const void *id)
{
	return hash_bytes(str_of(id, gitid_size(p->algo))) & p->mask;
}

/* Where the name is, or would be. */
static size_t find_slot(const struct gitpack *p, const struct gitid *id)
{
	size_t slot = slot_of(p, id->b);

	while (p->ids[slot] && !gitid_eq(&p->entries[p->ids[slot] - 1].id, id))
		slot = (slot + 1) & p->mask;
	return slot;
}

static const struct gitpack_entry *find(const struct gitpack *p, const struct gitid *id)
{
	size_t slot = p->ids && id->n == gitid_size(p->algo) ? find_slot(p, id) : 0;

	return p->ids && id->n == gitid_size(p->algo) && p->ids[slot]
		       ? &p->entries[p->ids[slot] - 1]
		       : NULL;
}

/* ---- unpacking ----------------------------------------------------------- */

static err *bad(const char *what)
{
	return err_new(ERR_INVALID, "malformed pack file: %s", what);
}

static char *work(struct gitpack *p, enum gitpack_work which, size_t n)
{
	struct gitpack_buffer *b = &p->work[which];

	if (n >= b->n) {
		free(b->p);
		b->n = n + n / 4 + 64;
		b->p = mem_alloc(b->n);
	}
	return b->p;
}

static err *count_unpacked(struct gitpack *p, size_t n)
{
	if (n > p->limits.unpacked - p->unpacked)
		return err_new(ERR_INVALID, "objects of the pack file are larger than %llu bytes",
			       (unsigned long long)p->limits.unpacked);
	p->unpacked += n;
	return NULL;
}

/* Exactly `n` bytes from the place `at` of the pack. */
static err *inflate_at(struct gitpack *p, uint64_t at, char *to, size_t n, size_t *used)
{
	size_t got = 0;

	TRY(count_unpacked(p, n));
	enum libdeflate_result r = libdeflate_zlib_decompress_ex(p->inflate, p->text.p + at,
								 p->end - at, to, n, used, &got);

	if (r != LIBDEFLATE_SUCCESS || got != n)
		return bad(r == LIBDEFLATE_INSUFFICIENT_SPACE ? "object is larger than it says"
							      : "corrupt object");
	return NULL;
}

/* Memory for an object that stays, or NULL when it must go to the file. */
static char *keep(struct gitpack *p, size_t n)
{
	if (n > p->limits.memory - p->kept_n)
		return NULL;
	p->kept_n += n;
	return arena_alloc(&p->kept, n + 1);
}

/* The object's bytes are known: name it, keep them. `text` is in memory that
 * stays if `kept`. */
static err *resolve(struct gitpack *p, uint32_t i, str text, bool kept)
{
	struct gitpack_entry *e = &p->entries[i];

	e->id = gitid_hash_object(&p->hash, gitpack_type_name(e->type), text);
	e->size = (uint32_t)text.n;
	e->memory = kept;
	if (kept) {
		e->text = text.p;
	} else {
		e->spilled = p->spilled.n;
		TRY(spool_add(&p->spilled, text));
	}
	size_t slot = find_slot(p, &e->id);

	if (!p->ids[slot])
		p->ids[slot] = i + 1;
	e->resolved = true;
	p->resolved_n++;
	return NULL;
}

static err *load(struct gitpack *p, const struct gitpack_entry *e, enum gitpack_work buffer,
		 str *out)
{
	if (e->memory) {
		*out = str_of(e->text, e->size);
		return NULL;
	}
	char *to = work(p, buffer, e->size);

	TRY(spool_read(&p->spilled, e->spilled, to, e->size));
	*out = str_of(to, e->size);
	return NULL;
}

/* ---- differences --------------------------------------------------------- */

static bool take_size(str *s, size_t *out)
{
	size_t value = 0;

	for (unsigned shift = 0; s->n && shift < 56; shift += 7) {
		unsigned char c = (unsigned char)s->p[0];

		*s = str_from(*s, 1);
		value |= (size_t)(c & 127) << shift;
		if (!(c & 128)) {
			*out = value;
			return true;
		}
	}
	return false;
}

/* Bytes whose bits in `which` are set, least first. */
static bool take_number(str *s, unsigned which, unsigned n, size_t *out)
{
	size_t value = 0;

	for (unsigned i = 0; i < n; i++)
		if (which & 1u << i) {
			if (!s->n)
				return false;
			value |= (size_t)(unsigned char)s->p[0] << 8 * i;
			*s = str_from(*s, 1);
		}
	*out = value;
	return true;
}

bool gitpack_delta_size(str delta, size_t *from, size_t *to)
{
	return take_size(&delta, from) && take_size(&delta, to);
}

bool gitpack_apply(str base, str delta, char *to, size_t n)
{
	size_t from_n, to_n, at, count, done = 0;

	if (!take_size(&delta, &from_n) || !take_size(&delta, &to_n) || from_n != base.n ||
	    to_n != n)
		return false;
	while (delta.n) {
		unsigned char op = (unsigned char)delta.p[0];
		str piece;

		delta = str_from(delta, 1);
		if (op & 128) {
			if (!take_number(&delta, op & 15, 4, &at) ||
			    !take_number(&delta, op >> 4 & 7, 3, &count))
				return false;
			if (!count)
				count = 0x10000;
			if (at > base.n || count > base.n - at)
				return false;
			piece = str_of(base.p + at, count);
		} else {
			if (!op || op > delta.n)
				return false;
			piece = str_sub(delta, 0, op);
			delta = str_from(delta, op);
		}
		if (piece.n > n - done)
			return false;
		memcpy(to + done, piece.p, piece.n);
		done += piece.n;
	}
	return done == n;
}

/* The object that `delta` makes of the resolved entry `from`. */
static err *apply(struct gitpack *p, uint32_t i, uint32_t from, str delta)
{
	struct gitpack_entry *e = &p->entries[i];
	const struct gitpack_entry *b = &p->entries[from];
	size_t base_n, n;
	str base;

	if (b->depth >= GITPACK_DEPTH_MAX)
		return err_new(ERR_INVALID, "malformed pack file: chain of more than %d deltas",
			       GITPACK_DEPTH_MAX);
	if (!gitpack_delta_size(delta, &base_n, &n))
		return bad("invalid delta");
	if (n > p->limits.object)
		return err_new(ERR_INVALID, "object of the pack file is larger than %zu bytes",
			       p->limits.object);
	TRY(count_unpacked(p, n));
	TRY(load(p, b, GITPACK_BASE, &base));
	char *stays = keep(p, n), *to = stays ? stays : work(p, GITPACK_RESULT, n);

	if (!gitpack_apply(base, delta, to, n))
		return bad("invalid delta");
	e->type = b->type;
	e->depth = (uint16_t)(b->depth + 1);
	return resolve(p, i, str_of(to, n), stays != NULL);
}

static err *apply_packed(struct gitpack *p, uint32_t i, uint32_t from)
{
	const struct gitpack_entry *e = &p->entries[i];
	char *delta = work(p, GITPACK_DELTA, e->packed_n);
	size_t used;

	TRY(inflate_at(p, e->at, delta, e->packed_n, &used));
	return apply(p, i, from, str_of(delta, e->packed_n));
}

/* ---- waiting for a base -------------------------------------------------- */

/* Those that wait for the name stand in one chain. */
static size_t find_wait(const struct gitpack *p, const char *id)
{
	size_t n = gitid_size(p->algo), slot = slot_of(p, id);

	while (p->waits[slot] && memcmp(p->text.p + p->entries[p->waits[slot] - 1].base_at, id, n))
		slot = (slot + 1) & p->mask;
	return slot;
}

static void wait_for_name(struct gitpack *p, uint32_t i)
{
	if (!p->waits)
		p->waits = mem_calloc(p->mask + 1, sizeof *p->waits);
	size_t slot = find_wait(p, p->text.p + p->entries[i].base_at);

	p->entries[i].next = p->waits[slot];
	p->waits[slot] = i + 1;
}

static void wait_for_entry(struct gitpack *p, uint32_t i, uint32_t base)
{
	p->entries[i].next = p->entries[base].children;
	p->entries[base].children = i + 1;
}

static err *apply_chain(struct gitpack *p, uint32_t first, uint32_t base)
{
	for (uint32_t next; first; first = next) {
		uint32_t i = first - 1;

		next = p->entries[i].next;
		if (p->entries[i].resolved)
			continue;
		TRY(apply_packed(p, i, base));
		vec_push(&p->stack, i);
	}
	return NULL;
}

/* An entry is resolved: so are now all that wait for it, and those that wait
 * for them. */
static err *settle(struct gitpack *p, uint32_t i)
{
	p->stack.n = 0;
	vec_push(&p->stack, i);
	while (p->stack.n) {
		uint32_t base = p->stack.p[--p->stack.n];
		struct gitpack_entry *e = &p->entries[base];

		TRY(gitpack_check_time(p));
		TRY(apply_chain(p, e->children, base));
		e->children = 0;
		if (p->waits)
			TRY(apply_chain(p, p->waits[find_wait(p, (char *)e->id.b)], base));
	}
	return NULL;
}

/* ---- reading the stream -------------------------------------------------- */

err *gitpack_check_time(const struct gitpack *p)
{
	if (p->limits.cancel && *p->limits.cancel)
		return err_new(ERR_CANCELED, "context canceled");
	if (p->limits.deadline && clock_mono() >= p->limits.deadline)
		return err_new(ERR_TIMEOUT, "context deadline exceeded");
	return NULL;
}

/* Type and size stand in front, seven bits a byte after the first four. */
static bool take_head(str *s, unsigned *type, uint64_t *size)
{
	if (!s->n)
		return false;
	unsigned char c = (unsigned char)s->p[0];
	unsigned shift = 4;

	*s = str_from(*s, 1);
	*type = c >> 4 & 7;
	*size = c & 15;
	while (c & 128) {
		if (!s->n || shift > 50)
			return false;
		c = (unsigned char)s->p[0];
		*s = str_from(*s, 1);
		*size |= (uint64_t)(c & 127) << shift;
		shift += 7;
	}
	return true;
}

/* How far back the base lies. */
static bool take_distance(str *s, uint64_t *out)
{
	uint64_t value = 0;

	for (int i = 0; s->n && i < 8; i++) {
		unsigned char c = (unsigned char)s->p[0];

		*s = str_from(*s, 1);
		value = (i ? (value + 1) << 7 : 0) | (c & 127);
		if (!(c & 128)) {
			*out = value;
			return true;
		}
	}
	return false;
}

/* The entry that begins at a place; they are in that order. */
static bool entry_at(const struct gitpack *p, uint32_t n, uint64_t start, uint32_t *out)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (p->entries[mid].start < start)
			low = mid + 1;
		else
			high = mid;
	}
	*out = low;
	return low < n && p->entries[low].start == start;
}

enum { OFS_DELTA = 6, REF_DELTA = 7 };

static err *read_delta(struct gitpack *p, uint32_t i, unsigned type, str rest, size_t *used)
{
	struct gitpack_entry *e = &p->entries[i];
	size_t id_n = gitid_size(p->algo);
	uint32_t base = 0;
	bool known;

	if (type == OFS_DELTA) {
		uint64_t distance;

		if (!take_distance(&rest, &distance) || !distance || distance > e->start ||
		    !entry_at(p, i, e->start - distance, &base))
			return bad("delta without a base");
		known = p->entries[base].resolved;
	} else {
		if (rest.n < id_n)
			return bad("unexpected end");
		e->base_at = (uint64_t)(rest.p - p->text.p);
		struct gitid id = gitid_of(rest.p, id_n);
		const struct gitpack_entry *b = find(p, &id);

		known = b != NULL;
		base = b ? (uint32_t)(b - p->entries) : 0;
		rest = str_from(rest, id_n);
	}
	e->at = (uint64_t)(rest.p - p->text.p);
	char *delta = work(p, GITPACK_DELTA, e->packed_n);

	TRY(inflate_at(p, e->at, delta, e->packed_n, used));
	if (known) {
		TRY(apply(p, i, base, str_of(delta, e->packed_n)));
		return p->waits ? settle(p, i) : NULL;
	}
	if (type == OFS_DELTA)
		wait_for_entry(p, i, base);
	else
		wait_for_name(p, i);
	return NULL;
}

static err *read_whole(struct gitpack *p, uint32_t i, str rest, size_t *used)
{
	struct gitpack_entry *e = &p->entries[i];
	char *stays = keep(p, e->packed_n);
	char *to = stays ? stays : work(p, GITPACK_RESULT, e->packed_n);

	e->at = (uint64_t)(rest.p - p->text.p);
	TRY(inflate_at(p, e->at, to, e->packed_n, used));
	TRY(resolve(p, i, str_of(to, e->packed_n), stays != NULL));
	return p->waits ? settle(p, i) : NULL;
}

static err *read_entry(struct gitpack *p, uint32_t i, uint64_t *at)
{
	str rest = str_of(p->text.p + *at, p->end - *at);
	struct gitpack_entry *e = &p->entries[i];
	unsigned type;
	uint64_t size;
	size_t used = 0;

	e->start = *at;
	if (!take_head(&rest, &type, &size))
		return bad("unexpected end");
	if (size > p->limits.object)
		return err_new(ERR_INVALID, "object of the pack file is larger than %zu bytes",
			       p->limits.object);
	e->packed_n = (uint32_t)size;
	if (type == OFS_DELTA || type == REF_DELTA) {
		TRY(read_delta(p, i, type, rest, &used));
	} else if (type >= GITPACK_COMMIT && type <= GITPACK_TAG) {
		e->type = (uint8_t)type;
		TRY(read_whole(p, i, rest, &used));
	} else {
		return bad("unknown type of object");
	}
	*at = e->at + used;
	return NULL;
}

static uint32_t read_u32(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

enum { HEAD = 12, ENTRY_MIN = 9 };

static err *read_header(struct gitpack *p)
{
	size_t sum = gitid_size(p->algo);

	TRY(spool_text(&p->packed, &p->text));
	if (p->text.n < HEAD + sum)
		return err_new(ERR_INVALID, p->text.n ? "unexpected EOF" : "empty packfile");
	if (!str_starts(p->text, S("PACK")))
		return bad("no signature");
	uint32_t version = read_u32(p->text.p + 4), count = read_u32(p->text.p + 8);

	if (version != 2 && version != 3)
		return err_new(ERR_INVALID, "unsupported packfile version: %u", version);
	p->end = p->text.n - sum;
	if (count > p->limits.count)
		return err_new(ERR_INVALID, "pack file has more than %zu objects", p->limits.count);
	if (count > (p->end - HEAD) / ENTRY_MIN)
		return bad("fewer objects than it says");
	gitid_hash_start(&p->hash);
	gitid_hash_add(&p->hash, str_sub(p->text, 0, p->end));
	struct gitid have = gitid_hash_end(&p->hash), want = gitid_of(p->text.p + p->end, sum);

	if (!gitid_eq(&have, &want))
		return bad("checksum mismatch");
	p->count = count;
	p->entries = mem_calloc(count ? count : 1, sizeof *p->entries);
	for (p->mask = 15; p->mask < 2 * (size_t)count; p->mask = 2 * p->mask + 1)
		;
	p->ids = mem_calloc(p->mask + 1, sizeof *p->ids);
	return NULL;
}

err *gitpack_finish(struct gitpack *p)
{
	uint64_t at = HEAD;

	TRY(read_header(p));
	for (uint32_t i = 0; i < p->count; i++) {
		TRY(gitpack_check_time(p));
		TRY(read_entry(p, i, &at));
	}
	if (at != p->end)
		return bad("bytes behind the last object");
	if (p->resolved_n != p->count)
		return bad("delta without a base");
	/* Every object is unpacked: the pack itself is of no more use. */
	spool_release(&p->packed);
	p->text = STR_NONE;
	for (size_t i = 0; i < GITPACK_WORKS; i++) {
		free(p->work[i].p);
		p->work[i] = (struct gitpack_buffer){ 0 };
	}
	return NULL;
}

/* ---- asking -------------------------------------------------------------- */

size_t gitpack_count(const struct gitpack *p)
{
	return p->count;
}

enum gitid_algo gitpack_algo(const struct gitpack *p)
{
	return p->algo;
}

str gitpack_type_name(enum gitpack_type type)
{
	static const char *const names[] = { "", "commit", "tree", "blob", "tag" };

	return str_c(names[type]);
}

struct gitid gitpack_at(const struct gitpack *p, size_t i, enum gitpack_type *type)
{
	*type = p->entries[i].type;
	return p->entries[i].id;
}

bool gitpack_find(const struct gitpack *p, const struct gitid *id, enum gitpack_type *type,
		  size_t *size)
{
	const struct gitpack_entry *e = find(p, id);

	if (!e)
		return false;
	*type = e->type;
	*size = e->size;
	return true;
}

err *gitpack_read(struct gitpack *p, struct arena *a, const struct gitid *id,
		  enum gitpack_type type, str *out)
{
	const struct gitpack_entry *e = find(p, id);

	if (!e || e->type != type)
		return err_new(ERR_NOT_FOUND, "object not found");
	if (e->memory) {
		*out = str_of(e->text, e->size);
		return NULL;
	}
	char *to = arena_alloc(a, (size_t)e->size + 1);

	TRY(spool_read(&p->spilled, e->spilled, to, e->size));
	to[e->size] = 0;
	*out = str_of(to, e->size);
	return NULL;
}
