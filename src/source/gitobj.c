#include "source/gitobj.h"

#include "base/utf8.h"
#include "text/quote.h"

/* ---- headers of commits and tags ----------------------------------------- */

/* Headers end at the first empty line; a line that begins with a space goes
 * on with the one before. */
struct header {
	str key, value; /* the first line */
	str all;        /* with its continuation, newlines included */
};

static bool next_header(str *rest, struct header *h)
{
	str start = *rest, line;
	size_t end;

	if (!rest->n || rest->p[0] == '\n')
		return false;
	end = str_find_char(*rest, '\n');
	line = str_sub(*rest, 0, end);
	*rest = str_from(*rest, end == STR_NPOS ? rest->n : end + 1);
	while (rest->n && rest->p[0] == ' ') {
		end = str_find_char(*rest, '\n');
		*rest = str_from(*rest, end == STR_NPOS ? rest->n : end + 1);
	}
	str_split(line, ' ', &h->key, &h->value);
	h->all = str_of(start.p, start.n - rest->n);
	return true;
}

/* The value over all its lines, the leading space of each taken off. */
static str unfold(struct arena *a, const struct header *h)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(GITOBJ_SIGNATURE_MAX);
	str rest = str_from(h->all, h->key.n + (h->key.n < h->all.n)), line;

	while (rest.n) {
		size_t end = str_find_char(rest, '\n');

		line = str_sub(rest, 0, end == STR_NPOS ? rest.n : end + 1);
		rest = str_from(rest, line.n);
		buf_add(&b, line);
		str_take(&rest, ' ');
	}
	return arena_str(a, buf_str(&b));
}

static int64_t digits(str s)
{
	uint64_t value;

	return str_to_u64(s, &value) && value <= INT64_MAX ? (int64_t)value : 0;
}

/* Lenient, as Git: what cannot be read is empty. */
static struct gitobj_person read_person(str s)
{
	struct gitobj_person p = { 0 };
	size_t open = str_rfind_char(s, '<'), close = str_rfind_char(s, '>');
	str when, zone;

	if (open == STR_NPOS || close == STR_NPOS || close < open)
		return p;
	p.name = str_trim(str_sub(s, 0, open));
	p.email = str_sub(s, open + 1, close);
	str_split(str_trim(str_from(s, close + 1)), ' ', &when, &zone);
	p.when = digits(when);
	if (zone.n == 5 && (zone.p[0] == '+' || zone.p[0] == '-')) {
		int64_t hhmm = digits(str_from(zone, 1));

		p.zone = (int32_t)(hhmm / 100 * 60 + hhmm % 100);
		if (zone.p[0] == '-')
			p.zone = -p.zone;
	}
	return p;
}

static err *bad(const char *what, const char *why)
{
	return err_new(ERR_INVALID, "malformed %s: %s", what, why);
}

static bool is_signature_header(str key)
{
	return str_eq(key, S("gpgsig")) || str_eq(key, S("gpgsig-sha256"));
}

/* The message begins behind the empty line. */
static str body_of(str rest)
{
	str_take(&rest, '\n');
	return rest;
}

err *gitobj_commit(struct arena *a, str bytes, enum gitid_algo algo, struct gitobj_commit *out)
{
	CLEANUP(buf_release) struct buf payload = BUF_INIT;
	str rest = bytes, own = algo == GITID_SHA256 ? S("gpgsig-sha256") : S("gpgsig");
	struct gitobj_commit c = { 0 };
	struct header h;
	size_t count = 0;
	bool is_signed = false;

	while (next_header(&rest, &h)) {
		if (count++ > GITOBJ_HEADERS_MAX)
			return bad("commit", "too many headers");
		if (is_signature_header(h.key)) {
			is_signed = true;
			if (str_eq(h.key, own) && !c.signature.n)
				c.signature = unfold(a, &h);
			continue;
		}
		buf_add(&payload, h.all);
		if (str_eq(h.key, S("tree")) && !c.tree.n) {
			if (!gitid_parse(&c.tree, h.value))
				return bad("commit", "its tree has no name");
		} else if (str_eq(h.key, S("parent")) && !c.parent.n) {
			if (!gitid_parse(&c.parent, h.value))
				return bad("commit", "its parent has no name");
		} else if (str_eq(h.key, S("author"))) {
			c.author = read_person(h.value);
		} else if (str_eq(h.key, S("committer"))) {
			c.committer = read_person(h.value);
		}
	}
	if (c.tree.n != gitid_size(algo))
		return bad("commit", "it has no tree");
	c.message = body_of(rest);
	c.payload = bytes;
	if (is_signed) {
		buf_add(&payload, rest);
		c.payload = arena_str(a, buf_str(&payload));
	}
	*out = c;
	return NULL;
}

/* A tag's signature stands at the end of its message, beginning with a line
 * of its own. */
static size_t find_signature(str text)
{
	static const char *const starts[] = { "-----BEGIN PGP SIGNATURE-----",
					      "-----BEGIN PGP MESSAGE-----",
					      "-----BEGIN SSH SIGNATURE-----",
					      "-----BEGIN SIGNED MESSAGE-----" };
	size_t found = text.n;

	for (size_t at = 0; at < text.n;) {
		str rest = str_from(text, at);
		size_t end = str_find_char(rest, '\n');

		for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
			if (str_starts(rest, str_c(starts[i])))
				found = at;
		at += end == STR_NPOS ? rest.n : end + 1;
	}
	return found;
}

err *gitobj_tag(struct arena *a, str bytes, enum gitid_algo algo, struct gitobj_tag *out)
{
	CLEANUP(buf_release) struct buf payload = BUF_INIT;
	struct gitobj_tag t = { 0 };
	str rest = bytes;
	struct header h;
	size_t count = 0;
	bool header_signature = false;

	while (next_header(&rest, &h)) {
		if (count++ > GITOBJ_HEADERS_MAX)
			return bad("tag", "too many headers");
		if (is_signature_header(h.key)) { /* of the other kind of name */
			header_signature = true;
			continue;
		}
		buf_add(&payload, h.all);
		if (str_eq(h.key, S("object")) && !t.target.n) {
			if (!gitid_parse(&t.target, h.value))
				return bad("tag", "its object has no name");
		} else if (str_eq(h.key, S("type"))) {
			t.target_type = h.value;
		} else if (str_eq(h.key, S("tag"))) {
			t.name = h.value;
		} else if (str_eq(h.key, S("tagger"))) {
			t.tagger = read_person(h.value);
		}
	}
	if (t.target.n != gitid_size(algo))
		return bad("tag", "it has no object");
	str message = body_of(rest);
	size_t at = find_signature(message);

	if (message.n - at > GITOBJ_SIGNATURE_MAX)
		return bad("tag", "its signature is too long");
	t.message = str_sub(message, 0, at);
	t.signature = str_from(message, at);
	t.payload = str_sub(bytes, 0, bytes.n - t.signature.n);
	if (header_signature) {
		buf_add(&payload, str_sub(rest, 0, rest.n - t.signature.n));
		t.payload = arena_str(a, buf_str(&payload));
	}
	*out = t;
	return NULL;
}

void gitobj_subject(struct buf *b, str message)
{
	str line = str_sub(message, 0, str_find_char(message, '\n')), rest = line;
	uint32_t rune;
	size_t n = 0;

	while (n < 50 && utf8_take(&rest, &rune)) {
		utf8_add(b, rune);
		n++;
	}
	if (rest.n)
		buf_add(b, S("..."));
}

/* ---- names ---------------------------------------------------------------- */

/* Runes that HFS+ leaves out when it compares names. */
static bool is_ignored_on_hfs(uint32_t r)
{
	return (r >= 0x200c && r <= 0x200f) || (r >= 0x202a && r <= 0x202e) ||
	       (r >= 0x206a && r <= 0x206f) || r == 0xfeff;
}

/* ".git" in any spelling that some file system takes for it: other cases,
 * runes that do not count, spaces and dots at the end, a stream's name
 * behind ':', and the short name of old Windows. */
static bool is_dot_git(str name)
{
	char plain[16];
	size_t n = 0;
	uint32_t rune;

	while (utf8_take(&name, &rune)) {
		if (is_ignored_on_hfs(rune))
			continue;
		if (rune >= 128 || n == sizeof plain)
			return false;
		if (rune == ':' || rune == '\\')
			break;
		plain[n++] = (char)(rune >= 'A' && rune <= 'Z' ? rune + 32 : rune);
		if (n == sizeof plain && name.n) { /* only fillers may still follow */
			str tail = str_trim_left_set(name, S(" ."));

			if (tail.n && tail.p[0] != ':' && tail.p[0] != '\\')
				return false;
			break;
		}
	}
	str s = str_trim_right_set(str_of(plain, n), S(" ."));

	return str_eq(s, S(".git")) || str_eq(s, S("git~1"));
}

err *gitobj_check_name(str name)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (name.n && !str_eq(name, S(".")) && !str_eq(name, S("..")) &&
	    !memchr(name.p, '/', name.n) && !memchr(name.p, 0, name.n) && !is_dot_git(name))
		return NULL;
	buf_add(&b, S("invalid path: "));
	quote_add(&b, name, QUOTE_PRINT);
	return err_new(ERR_INVALID, "%s", buf_c(&b));
}

bool gitobj_is_ref_name(str name)
{
	str piece, rest = name;
	size_t n = 0;

	if (!name.n || name.n > 1024 || name.p[0] == '-' || str_ends(name, S("/")) ||
	    str_ends(name, S(".")) || str_has(name, S("..")) || str_has(name, S("@{")))
		return false;
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (c <= ' ' || c == 127 || strchr("~^:?*[\\", c))
			return false;
	}
	while (str_cut(&rest, &piece, '/')) {
		if (!piece.n || piece.p[0] == '.' || str_ends(piece, S(".lock")))
			return false;
		n++;
	}
	return n > 0 && !str_eq(name, S("@"));
}

/* ---- trees ---------------------------------------------------------------- */

/* Git sorts directories as if their names ended in '/'. */
static int order(str a, bool a_dir, str b, bool b_dir)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = memcmp(a.p, b.p, n);

	if (c)
		return c;
	unsigned char x = a.n > n ? (unsigned char)a.p[n] : a_dir ? '/' : 0;
	unsigned char y = b.n > n ? (unsigned char)b.p[n] : b_dir ? '/' : 0;

	return x - y;
}

static bool read_mode(str text, enum gitobj_mode *out)
{
	unsigned mode = 0;

	if (!text.n || text.n > 7)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '7')
			return false;
		mode = mode << 3 | (unsigned)(text.p[i] - '0');
	}
	switch (mode & 0170000) {
	case 0040000:
		*out = GITOBJ_DIR;
		return true;
	case 0100000:
		*out = mode & 0111 ? GITOBJ_EXEC : GITOBJ_FILE;
		return true;
	case 0120000:
		*out = GITOBJ_LINK;
		return true;
	case 0160000:
		*out = GITOBJ_MODULE;
		return true;
	}
	return false;
}

err *gitobj_tree_next(str *tree, enum gitid_algo algo, struct gitobj_order *last,
		      struct gitobj_entry *out, bool *more)
{
	size_t id_n = gitid_size(algo);
	struct gitobj_entry e;
	str mode, rest;

	*more = tree->n > 0;
	if (!*more)
		return NULL;
	if (!str_split(*tree, ' ', &mode, &rest) || !read_mode(mode, &e.mode))
		return bad("tree", "an entry without a mode");
	if (!str_split(rest, 0, &e.name, &rest) || rest.n < id_n)
		return bad("tree", "unexpected end");
	TRY(gitobj_check_name(e.name));
	bool dir = e.mode == GITOBJ_DIR;

	if (last->name.n &&
	    (order(last->name, last->dir, e.name, dir) >= 0 || str_eq(last->name, e.name)))
		return bad("tree", "entries are not in order");
	*last = (struct gitobj_order){ e.name, dir };
	e.id = gitid_of(rest.p, id_n);
	*tree = str_from(rest, id_n);
	*out = e;
	return NULL;
}
