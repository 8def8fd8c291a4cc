/* Reading. */
#include "archive/tar.h"

#include "archive/tar_impl.h"
#include "base/map.h"

static err *bad_header(void)
{
	return err_new(ERR_INVALID, "archive/tar: invalid tar header");
}

static err *truncated(void)
{
	return err_new(ERR_INVALID, "unexpected EOF");
}

bool tar_is_dir(const struct tar_entry *e)
{
	enum { PERMISSIONS = 07777, DIRECTORY = 0040000 };

	return e->type == TAR_DIR || (e->mode & ~(int64_t)PERMISSIONS) == DIRECTORY;
}

uint32_t tar_safe_mode(const struct tar_entry *e)
{
	return tar_is_dir(e) || (e->mode & 0111) ? 0755 : 0644;
}

/* ---- fields of a block ------------------------------------------------ */

/* A header block being read; `bad` once a field of it made no sense. */
struct block {
	char b[TAR_BLOCK];
	bool bad;
};

static str raw(const struct block *h, struct tar_field f)
{
	return str_of(h->b + f.at, f.n);
}

static str text(const struct block *h, struct tar_field f)
{
	str s = raw(h, f);

	return str_sub(s, 0, strnlen(s.p, s.n));
}

/* Octal digits with blanks and NULs around them; nothing is 0. */
static bool octal(str s, int64_t *out)
{
	uint64_t u = 0;

	s = str_trim_set(s, S(" \0"));
	*out = 0;
	if (!s.n)
		return true;
	s = str_sub(s, 0, strnlen(s.p, s.n));
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '7' || u >> 61)
			return false;
		u = u << 3 | (uint64_t)(s.p[i] - '0');
	}
	*out = (int64_t)u;
	return s.n > 0;
}

/* GNU's base 256: big endian, two's complement, top bit set. */
static bool base256(str s, int64_t *out)
{
	unsigned char flip = s.p[0] & 0x40 ? 0xff : 0;
	uint64_t u = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i] ^ flip;

		if (u >> 56)
			return false;
		u = u << 8 | (i ? c : c & 0x7f);
	}
	if (u >> 63)
		return false;
	*out = flip ? ~(int64_t)u : (int64_t)u;
	return true;
}

static int64_t number(struct block *h, struct tar_field f)
{
	str s = raw(h, f);
	int64_t i = 0;

	if (!(s.p[0] & 0x80 ? base256(s, &i) : octal(s, &i)))
		h->bad = true;
	return i;
}

/* Old programs summed signed bytes. */
static bool sum_is_right(const struct block *h)
{
	int64_t want, sum = 0, signed_sum = 0;
	struct tar_field f = TAR_SUM;

	for (size_t i = 0; i < TAR_BLOCK; i++) {
		char c = i >= f.at && i < (size_t)(f.at + f.n) ? ' ' : h->b[i];

		sum += (unsigned char)c;
		signed_sum += (signed char)c;
	}
	return octal(raw(h, f), &want) && (want == sum || want == signed_sum);
}

static bool is_empty(const struct block *h)
{
	static const char zero[TAR_BLOCK];

	return !memcmp(h->b, zero, TAR_BLOCK);
}

/* ---- headers ---------------------------------------------------------- */

static bool is_ascii(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80 || !s.p[i])
			return false;
	return true;
}

/* What stands before the name: its place depends on who wrote it. GNU has
 * times there instead; where those make no sense, it was an old Go that put
 * a prefix there. */
static str prefix_of(struct block *h)
{
	bool ustar = str_eq(raw(h, TAR_MAGIC), S("ustar\0"));
	bool gnu = str_eq(raw(h, TAR_MAGIC), S("ustar ")) &&
		   str_eq(raw(h, TAR_VERSION), S(" \0"));

	if (!ustar && !gnu)
		return STR_NONE;
	number(h, TAR_MAJOR);
	number(h, TAR_MINOR);
	if (ustar && !str_eq(raw(h, TAR_STAR_TRAILER), S("tar\0")))
		return text(h, TAR_PREFIX);
	if (ustar) {
		number(h, TAR_STAR_ATIME);
		number(h, TAR_STAR_CTIME);
		return text(h, TAR_STAR_PREFIX);
	}
	struct block times = *h;

	times.bad = false;
	if (raw(h, TAR_GNU_ATIME).p[0])
		number(&times, TAR_GNU_ATIME);
	if (raw(h, TAR_GNU_CTIME).p[0])
		number(&times, TAR_GNU_CTIME);
	if (times.bad && is_ascii(text(h, TAR_PREFIX)))
		return text(h, TAR_PREFIX);
	return STR_NONE;
}

static bool has_no_bytes(char type)
{
	return type >= TAR_HARDLINK && type <= TAR_FIFO;
}

/* Make ready for the bytes behind a header. */
static err *expect(struct tar_reader *t, char type, int64_t size)
{
	if (has_no_bytes(type))
		size = 0;
	if (size < 0)
		return bad_header();
	t->left = (uint64_t)size;
	t->pad = (TAR_BLOCK - t->left % TAR_BLOCK) % TAR_BLOCK;
	return NULL;
}

/* Read a block. *more is false at the end of the stream. */
static err *read_block(struct tar_reader *t, struct block *h, bool *more)
{
	size_t got;

	TRY(stream_fill(t->from, h->b, TAR_BLOCK, &got));
	*more = got > 0;
	return got && got < TAR_BLOCK ? truncated() : NULL;
}

/* A header, raw. Name and link borrow from `h`, the prefix apart. */
static err *read_header(struct tar_reader *t, struct block *h, struct tar_entry *out, str *prefix,
			int64_t *size, bool *more)
{
	TRY(read_block(t, h, more));
	if (*more && is_empty(h)) {
		TRY(read_block(t, h, more));
		if (*more && !is_empty(h))
			return bad_header();
		*more = false;
	}
	if (!*more)
		return NULL;
	if (!sum_is_right(h))
		return bad_header();
	h->bad = false;
	*size = number(h, TAR_SIZE);
	*out = (struct tar_entry){
		.name = text(h, TAR_NAME),
		.link = text(h, TAR_LINK),
		.type = h->b[TAR_TYPE],
		.mode = number(h, TAR_MODE),
		.mtime = number(h, TAR_MTIME),
	};
	number(h, TAR_UID);
	number(h, TAR_GID);
	*prefix = prefix_of(h);
	return h->bad ? bad_header() : expect(t, out->type, *size);
}

/* ---- extended headers ------------------------------------------------- */

/* What pax and GNU headers say about the entry that follows. Empty values
 * say nothing. */
struct extended {
	struct buf name, link;		/* GNU */
	struct arena a;
	struct map pax;			/* -> str */
};

static void extended_release(struct extended *x)
{
	buf_release(&x->name);
	buf_release(&x->link);
	map_release(&x->pax);
	arena_release(&x->a);
}

static err *read_special(struct tar_reader *t, struct buf *b)
{
	char piece[4096];
	size_t got = 1;

	buf_clear(b);
	while (got) {
		TRY(tar_read(t, piece, sizeof piece, &got));
		buf_bytes(b, piece, got);
		if (b->n > TAR_SPECIAL_MAX)
			return err_new(ERR_INVALID, "archive/tar: header field too long");
	}
	return NULL;
}

static bool has_nul(str s)
{
	return str_find_char(s, 0) != STR_NPOS;
}

static bool is_text_key(str key)
{
	return str_eq(key, S("path")) || str_eq(key, S("linkpath")) || str_eq(key, S("uname")) ||
	       str_eq(key, S("gname"));
}

/* Take "LENGTH KEY=VALUE\n" off the front; LENGTH counts all of it. */
static bool take_record(str *s, str *key, str *value)
{
	str digits, rest, record;
	uint64_t n;

	if (!str_split(*s, ' ', &digits, &rest))
		return false;
	/* Go reads a sign, too. */
	str number = digits;

	str_take(&number, '+');
	if (!str_to_u64(number, &n) || n < 5 || n > s->n || n <= digits.n + 1)
		return false;
	record = str_sub(*s, digits.n + 1, n);
	*s = str_from(*s, n);
	if (!str_ends(record, S("\n")))
		return false;
	record.n--;
	if (!str_split(record, '=', key, value) || !key->n)
		return false;
	return !has_nul(is_text_key(*key) ? *value : *key);
}

static err *sparse(void)
{
	return err_new(ERR_INVALID, "archive/tar: sparse files are not supported");
}

static err *read_pax(struct tar_reader *t, struct extended *x)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str key, value;

	TRY(read_special(t, &b));
	map_clear(&x->pax);
	arena_clear(&x->a);
	str rest = arena_str(&x->a, buf_str(&b));

	while (rest.n) {
		if (!take_record(&rest, &key, &value))
			return bad_header();
		if (str_starts(key, S("GNU.sparse.")))
			return sparse();
		str *kept = arena_new(&x->a, str);

		*kept = value;
		map_set(&x->pax, key, kept);
	}
	return NULL;
}

static str pax_value(const struct extended *x, str key)
{
	const str *value = map_get(&x->pax, key);

	return value ? *value : STR_NONE;
}

static bool to_i64(str s, int64_t *out)
{
	bool negative = str_take(&s, '-');
	uint64_t u;

	if (!negative)
		str_take(&s, '+');
	if (!str_to_u64(s, &u) || u > (uint64_t)INT64_MAX + negative)
		return false;
	*out = negative ? (int64_t)-u : (int64_t)u;
	return true;
}

/* Seconds with a fraction, which is dropped. */
static bool to_time(str s, int64_t *out)
{
	str seconds, fraction;
	bool below = false;

	str_split(s, '.', &seconds, &fraction);
	if (!to_i64(seconds, out))
		return false;
	for (size_t i = 0; i < fraction.n; i++) {
		if (fraction.p[i] < '0' || fraction.p[i] > '9')
			return false;
		below |= i < 9 && fraction.p[i] != '0';
	}
	if (below && str_starts(seconds, S("-")) && *out > INT64_MIN)
		--*out;
	return true;
}

static err *merge_pax(const struct extended *x, struct tar_entry *e, int64_t *size)
{
	static const struct {
		str key;
		bool time;
	} checked[] = {
		{ S("uid"), false }, { S("gid"), false }, { S("atime"), true }, { S("ctime"), true },
	};
	str name = pax_value(x, S("path")), link = pax_value(x, S("linkpath"));
	str mtime = pax_value(x, S("mtime")), bytes = pax_value(x, S("size"));
	int64_t unused;

	if (name.n)
		e->name = name;
	if (link.n)
		e->link = link;
	if (mtime.n && !to_time(mtime, &e->mtime))
		return bad_header();
	if (bytes.n && !to_i64(bytes, size))
		return bad_header();
	for (size_t i = 0; i < sizeof checked / sizeof *checked; i++) {
		str s = pax_value(x, checked[i].key);

		if (s.n && !(checked[i].time ? to_time(s, &unused) : to_i64(s, &unused)))
			return bad_header();
	}
	return NULL;
}

/* ---- entries ---------------------------------------------------------- */

static err *skip(struct tar_reader *t, uint64_t n, bool pad)
{
	char piece[16 << 10];
	str unused;
	size_t got;

	if (t->from->take && n <= SIZE_MAX && t->from->take(t->from, n, &unused))
		return NULL;
	for (; n; n -= got) {
		TRY(t->from->read(t->from, piece, n < sizeof piece ? n : sizeof piece, &got));
		if (got)
			continue;
		/* Some programs leave the last padding out. */
		return pad ? NULL : truncated();
	}
	return NULL;
}

static err *skip_rest(struct tar_reader *t)
{
	uint64_t left = t->left;
	size_t pad = t->pad;

	t->left = t->pad = 0;
	TRY(skip(t, left, false));
	return skip(t, pad, true);
}

/* The entry's texts, kept until the next. */
static void keep(struct tar_reader *t, struct tar_entry *e, str prefix)
{
	buf_clear(&t->name);
	buf_clear(&t->link);
	if (prefix.n) {
		buf_add(&t->name, prefix);
		buf_addc(&t->name, '/');
	}
	buf_add(&t->name, e->name);
	buf_add(&t->link, e->link);
	e->name = buf_str(&t->name);
	e->link = buf_str(&t->link);
}

/* GNU ends its long names with a NUL. */
static str c_text(const struct buf *b)
{
	return str_sub(buf_str(b), 0, strnlen(buf_c(b), b->n));
}

static err *finish(struct tar_reader *t, struct extended *x, struct tar_entry *e, str prefix,
		   int64_t size)
{
	str plain = e->name, gnu_name = c_text(&x->name), gnu_link = c_text(&x->link);

	TRY(merge_pax(x, e, &size));
	if (gnu_name.n)
		e->name = gnu_name;
	if (gnu_link.n)
		e->link = gnu_link;
	keep(t, e, e->name.p == plain.p ? prefix : STR_NONE);
	if (!e->type)
		e->type = str_ends(e->name, S("/")) ? TAR_DIR : TAR_FILE;
	TRY(expect(t, e->type, size));
	if (e->type == 'S')
		return sparse();
	e->size = size < 0 ? 0 : (uint64_t)size;
	return NULL;
}

static err *next(struct tar_reader *t, struct extended *x, struct tar_entry *e, bool *more)
{
	struct block h;
	str prefix;
	int64_t size;

	for (;;) {
		TRY(skip_rest(t));
		TRY(read_header(t, &h, e, &prefix, &size, more));
		if (!*more)
			return NULL;
		switch (e->type) {
		case 'x':
			TRY(read_pax(t, x));
			break;
		case 'g':
			TRY(read_pax(t, x));
			err_free(merge_pax(x, e, &size));
			keep(t, e, e->name.p == h.b ? prefix : STR_NONE);
			e->size = 0;
			return NULL;
		case 'L':
			TRY(read_special(t, &x->name));
			break;
		case 'K':
			TRY(read_special(t, &x->link));
			break;
		default:
			return finish(t, x, e, prefix, size);
		}
	}
}

void tar_init(struct tar_reader *t, struct stream *from)
{
	*t = (struct tar_reader){ .from = from, .name = BUF_INIT, .link = BUF_INIT };
}

void tar_release(struct tar_reader *t)
{
	buf_release(&t->name);
	buf_release(&t->link);
}

err *tar_next(struct tar_reader *t, struct tar_entry *out, bool *more)
{
	struct extended x = { .name = BUF_INIT, .link = BUF_INIT };
	err *e = next(t, &x, out, more);

	extended_release(&x);
	return e;
}

err *tar_read(struct tar_reader *t, char *to, size_t n, size_t *got)
{
	*got = 0;
	if (n > t->left)
		n = (size_t)t->left;
	if (!n)
		return NULL;
	TRY(t->from->read(t->from, to, n, got));
	t->left -= *got;
	return *got ? NULL : truncated();
}

err *tar_read_all(struct tar_reader *t, struct arena *a, str *out)
{
	size_t n = (size_t)t->left, got;

	if (t->from->take) {
		if (!t->from->take(t->from, n, out))
			return truncated();
		t->left = 0;
		return NULL;
	}
	char *p = arena_alloc(a, n + 1);

	TRY(stream_fill(t->from, p, n, &got));
	t->left -= got;
	if (got < n)
		return truncated();
	p[n] = 0;
	*out = str_of(p, n);
	return NULL;
}
