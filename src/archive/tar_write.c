/* Writing: ustar where it can say it, else a pax header before. */
#include <stdio.h>

#include "archive/tar.h"
#include "archive/tar_impl.h"
#include "text/path.h"

struct records {
	bool name, link, size, mtime;	/* what ustar cannot say */
};

/* ---- fields of a block ------------------------------------------------ */

static bool is_ascii(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80 || !s.p[i])
			return false;
	return true;
}

/* Only what is ASCII of it, as much as there is room for. A cut must not
 * end in '/': some readers would take the file for a directory. */
static void set_text(char *b, struct tar_field f, str s)
{
	size_t n = 0, i = 0;

	for (; i < s.n && n < f.n; i++)
		if ((unsigned char)s.p[i] < 0x80 && s.p[i])
			b[f.at + n++] = s.p[i];
	while (i < s.n && ((unsigned char)s.p[i] >= 0x80 || !s.p[i]))
		i++;
	if (i == s.n || n < f.n)
		return;
	while (n && b[f.at + n - 1] == '/')
		b[f.at + --n] = 0;
}

static bool fits(struct tar_field f, int64_t i)
{
	return i >= 0 && (uint64_t)i >> ((f.n - 1) * 3) == 0;
}

/* Octal with leading zeros and a NUL; what does not fit is told elsewhere. */
static void set_number(char *b, struct tar_field f, int64_t i)
{
	uint64_t u = fits(f, i) ? (uint64_t)i : 0;

	for (size_t at = f.n - 1; at--; u >>= 3)
		b[f.at + at] = (char)('0' + (u & 7));
}

static void set_sum(char *b)
{
	struct tar_field f = TAR_SUM;
	int64_t sum = 0;

	memset(b + f.at, ' ', f.n);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += (unsigned char)b[i];
	set_number(b, TAR_F(f.at, 7), sum);
	b[f.at + 6] = 0;
}

/* The last '/' that parts a long name into prefix and rest, or STR_NPOS. */
static size_t split_at(str name)
{
	size_t n = name.n;

	if (n <= 100 || !is_ascii(name))
		return STR_NPOS;
	if (n > 156)
		n = 156;
	else if (name.p[n - 1] == '/')
		n--;
	size_t at = str_rfind_char(str_sub(name, 0, n), '/');

	if (at == STR_NPOS || !at || at > 155 || name.n - at - 1 > 100 || name.n == at + 1)
		return STR_NPOS;
	return at;
}

/* ---- headers ---------------------------------------------------------- */

static void fill(char *b, const struct tar_entry *e, str name)
{
	memset(b, 0, TAR_BLOCK);
	b[TAR_TYPE] = e->type;
	set_text(b, TAR_NAME, name);
	set_text(b, TAR_LINK, e->link);
	set_number(b, TAR_MODE, e->mode);
	set_number(b, TAR_UID, 0);
	set_number(b, TAR_GID, 0);
	set_number(b, TAR_SIZE, (int64_t)e->size);
	set_number(b, TAR_MTIME, e->mtime);
}

static err *put(struct tar_writer *t, char *b)
{
	memcpy(b + TAR_MAGIC.at, "ustar\0" "00", 8);
	set_sum(b);
	return sink_write(t->to, str_of(b, TAR_BLOCK));
}

static err *put_padding(struct tar_writer *t, size_t n)
{
	static const char zero[TAR_BLOCK];

	return n ? sink_write(t->to, str_of(zero, n)) : NULL;
}

static size_t digits(size_t n)
{
	size_t count = 1;

	while (n /= 10)
		count++;
	return count;
}

/* "LENGTH KEY=VALUE\n": the length counts its own digits. */
static void add_record(struct buf *b, const char *key, str value)
{
	size_t rest = strlen(key) + value.n + 3, n = rest + digits(rest);

	n = rest + digits(n);
	buf_addf(b, "%zu %s=", n, key);
	buf_add(b, value);
	buf_addc(b, '\n');
}

static err *put_pax(struct tar_writer *t, const struct tar_entry *e, const struct records *r)
{
	CLEANUP(buf_release) struct buf body = BUF_LIMIT(TAR_SPECIAL_MAX);
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	char b[TAR_BLOCK], number[32];
	str dir, file;

	/* In the order of their keys. */
	if (r->link)
		add_record(&body, "linkpath", e->link);
	if (r->mtime) {
		snprintf(number, sizeof number, "%lld", (long long)e->mtime);
		add_record(&body, "mtime", str_c(number));
	}
	if (r->name)
		add_record(&body, "path", e->name);
	if (r->size) {
		snprintf(number, sizeof number, "%llu", (unsigned long long)e->size);
		add_record(&body, "size", str_c(number));
	}
	TRY(buf_check(&body, "archive/tar: header"));
	path_split(e->name, &dir, &file);
	/* Its own name is for readers that do not know it: cut where it is too long. */
	fill(b, &(const struct tar_entry){ .type = 'x', .size = body.n },
	     path_join(&a, dir, S("PaxHeaders.0"), file));
	while (str_ends(str_of(b, strnlen(b, TAR_NAME.n)), S("/")))
		b[strnlen(b, TAR_NAME.n) - 1] = 0;
	TRY(put(t, b));
	TRY(sink_write(t->to, buf_str(&body)));
	return put_padding(t, (TAR_BLOCK - body.n % TAR_BLOCK) % TAR_BLOCK);
}

static err *check(const struct tar_entry *e)
{
	if (str_find_char(e->name, 0) != STR_NPOS || str_find_char(e->link, 0) != STR_NPOS)
		return err_new(ERR_INVALID, "archive/tar: cannot encode header: NUL in a name");
	if (!fits(TAR_MODE, e->mode))
		return err_new(ERR_INVALID, "archive/tar: cannot encode header: mode %lld",
			       (long long)e->mode);
	if (e->size > INT64_MAX)
		return err_new(ERR_INVALID, "archive/tar: cannot encode header: size %llu",
			       (unsigned long long)e->size);
	return NULL;
}

void tar_writer_init(struct tar_writer *t, struct sink *to)
{
	*t = (struct tar_writer){ .to = to };
}

err *tar_write_entry(struct tar_writer *t, const struct tar_entry *e)
{
	size_t slash = split_at(e->name);
	struct records r = {
		.name = slash == STR_NPOS && (e->name.n > 100 || !is_ascii(e->name)),
		.link = e->link.n > 100 || !is_ascii(e->link),
		.size = !fits(TAR_SIZE, (int64_t)e->size),
		.mtime = !fits(TAR_MTIME, e->mtime),
	};
	bool pax = r.name || r.link || r.size || r.mtime;
	char b[TAR_BLOCK];

	TRY(check(e));
	if (t->left)
		return err_new(ERR_INVALID, "archive/tar: missed writing %llu bytes",
			       (unsigned long long)t->left);
	TRY(put_padding(t, t->pad));
	if (pax) {
		r.name |= e->name.n > 100;	/* pax says long names itself */
		TRY(put_pax(t, e, &r));
		fill(b, e, e->name);
	} else {
		fill(b, e, slash == STR_NPOS ? e->name : str_from(e->name, slash + 1));
		if (slash != STR_NPOS)
			set_text(b, TAR_PREFIX, str_sub(e->name, 0, slash));
	}
	set_number(b, TAR_MAJOR, 0);
	set_number(b, TAR_MINOR, 0);
	TRY(put(t, b));
	t->left = e->type == TAR_FILE ? e->size : 0;
	t->pad = (TAR_BLOCK - t->left % TAR_BLOCK) % TAR_BLOCK;
	return NULL;
}

err *tar_write_bytes(struct tar_writer *t, str bytes)
{
	if (bytes.n > t->left)
		return err_new(ERR_INVALID, "archive/tar: write too long");
	t->left -= bytes.n;
	return bytes.n ? sink_write(t->to, bytes) : NULL;
}

err *tar_finish(struct tar_writer *t)
{
	if (t->left)
		return err_new(ERR_INVALID, "archive/tar: missed writing %llu bytes",
			       (unsigned long long)t->left);
	TRY(put_padding(t, t->pad));
	TRY(put_padding(t, TAR_BLOCK));
	return put_padding(t, TAR_BLOCK);
}
