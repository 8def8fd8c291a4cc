/* INI as go-ini 1.67 reads and writes it with the options that SOPS gives. */
#include "base/ascii.h"
#include "sops/impl.h"
#include "text/lines.h"

enum { SECTIONS_MAX = 100000 };

/* ---- reading ------------------------------------------------------------ */

struct reader {
	struct arena *a;
	str rest;
	struct buf comment;
	struct sops_branch *root, *section;
	unsigned counter;	/* of keys named "-" */
};

static str take_line(str *rest)
{
	size_t end = str_find_char(*rest, '\n');
	str line = str_sub(*rest, 0, end == STR_NPOS ? rest->n : end + 1);

	*rest = str_from(*rest, line.n);
	return line;
}

static size_t find_any(str s, const char *set)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] && strchr(set, s.p[i]))
			return i;
	return STR_NPOS;
}

/* A comment without its sign, as SOPS keeps it. */
static str strip_sign(str comment)
{
	if (str_starts(comment, S(";")))
		return str_trim_left_set(comment, S("; "));
	return str_starts(comment, S("#")) ? str_trim_left_set(comment, S("# ")) : comment;
}

/* One entry, of however many lines. */
static void add_comment(struct reader *r, struct sops_branch *to)
{
	str text = arena_str(r->a, str_trim(buf_str(&r->comment)));

	buf_clear(&r->comment);
	if (text.n)
		avec_push(r->a, to, (struct sops_entry){ .comment = true, .key = strip_sign(text) });
}

static err *read_section(struct reader *r, str line)
{
	size_t end = str_rfind_char(line, ']');

	if (end == STR_NPOS)
		return err_new(ERR_INVALID, "unclosed section");
	if (r->root->n == SECTIONS_MAX)
		return err_new(ERR_INVALID, "more than %d sections", SECTIONS_MAX);
	str name = str_sub(line, 1, end), after = str_from(line, end + 1);

	if (!name.n)
		return err_new(ERR_INVALID, "empty section name");
	size_t sign = find_any(after, "#;");

	if (sign != STR_NPOS)
		buf_add(&r->comment, str_from(after, sign));
	r->section = sops_branch_new(r->a, false);
	r->counter = 1;
	sops_branch_add(r->a, r->root, name, sops_branch_node(r->section));
	add_comment(r, r->section);
	return NULL;
}

/* The name, in quotes or not; `*value` is what stands behind the delimiter. */
static err *read_key(str line, str *name, str *value)
{
	str quote = STR_NONE;
	size_t end;

	if (line.n > 6 && str_starts(line, S("\"\"\"")))
		quote = str_sub(line, 0, 3);
	else if (line.p[0] == '"' || line.p[0] == '`')
		quote = str_sub(line, 0, 1);
	if (quote.n) {
		str inside = str_from(line, quote.n);

		end = str_find(inside, quote);
		if (end == STR_NPOS)
			return err_new(ERR_INVALID, "missing closing key quote");
		*name = str_trim(str_sub(inside, 0, end));
		*value = str_from(inside, end + quote.n);
		end = find_any(*value, "=:");
		if (end == STR_NPOS)
			return err_new(ERR_INVALID, "key-value delimiter not found");
		*value = str_from(*value, end + 1);
		return NULL;
	}
	end = find_any(line, "=:");
	if (end == STR_NPOS)
		return err_new(ERR_INVALID, "key-value delimiter not found");
	if (end == 0)
		return err_new(ERR_INVALID, "empty key name");
	*name = str_trim(str_sub(line, 0, end));
	*value = str_from(line, end + 1);
	return NULL;
}

/* A value in quotes that goes on over lines. */
static err *read_long(struct reader *r, str begin, str quote, str *out)
{
	CLEANUP(buf_release) struct buf text = BUF_LIMIT(SOPS_FILE_MAX);

	buf_add(&text, begin);
	while (r->rest.n) {
		str line = take_line(&r->rest);
		size_t end = str_rfind(line, quote);

		if (end == STR_NPOS) {
			buf_add(&text, line);
			continue;
		}
		buf_add(&text, str_sub(line, 0, end));
		str after = str_from(line, end);
		size_t sign = find_any(after, "#;");

		if (sign != STR_NPOS)
			buf_add(&r->comment, str_trim(str_from(after, sign)));
		*out = arena_str(r->a, buf_str(&text));
		return NULL;
	}
	return err_new(ERR_INVALID, "missing closing key quote");
}

/* Lines that end in a backslash go on in the next. */
static str read_continued(struct reader *r, str begin)
{
	CLEANUP(buf_release) struct buf text = BUF_LIMIT(SOPS_FILE_MAX);

	buf_add(&text, begin);
	for (;;) {
		str line = take_line(&r->rest);

		line = str_trim(line);
		if (!line.n)
			break;
		buf_add(&text, line);
		if (line.p[line.n - 1] != '\\')
			break;
		buf_trim(&text, text.n - 1);
	}
	return arena_str(r->a, buf_str(&text));
}

static bool in_quotes(str s, char quote)
{
	return s.n >= 2 && s.p[0] == quote && s.p[s.n - 1] == quote &&
	       str_find_char(str_from(s, 1), quote) == s.n - 2;
}

static err *read_value(struct reader *r, str text, str *out)
{
	str quote = STR_NONE;

	text = str_trim_left_set(text, S(" \t\r\n\v\f"));
	*out = STR_NONE;
	if (!text.n)
		return NULL;
	if (text.n > 3 && str_starts(text, S("\"\"\"")))
		quote = str_sub(text, 0, 3);
	else if (text.p[0] == '`')
		quote = str_sub(text, 0, 1);
	if (quote.n) {
		str inside = str_from(text, quote.n);
		size_t end = str_rfind(inside, quote);

		if (end == STR_NPOS)
			return read_long(r, inside, quote, out);
		*out = str_sub(inside, 0, end);
		return NULL;
	}
	text = str_trim(text);
	if (text.p[text.n - 1] == '\\') {
		*out = read_continued(r, str_sub(text, 0, text.n - 1));
		return NULL;
	}
	size_t sign = find_any(text, "#;");

	if (sign != STR_NPOS) {
		buf_add(&r->comment, str_from(text, sign));
		text = str_trim(str_sub(text, 0, sign));
	}
	*out = in_quotes(text, '\'') || in_quotes(text, '"') ? str_sub(text, 1, text.n - 1) : text;
	return NULL;
}

/* The last value of a name counts, in the place of the first. */
static void set_key(struct reader *r, str name, str value)
{
	for (size_t i = 0; i < r->section->n; i++)
		if (!r->section->p[i].comment && str_eq(r->section->p[i].key, name)) {
			r->section->p[i].value = node_from_str(r->a, value);
			buf_clear(&r->comment);
			return;
		}
	sops_branch_add(r->a, r->section, name, node_from_str(r->a, value));
	add_comment(r, r->section);
}

static err *read_lines(struct reader *r)
{
	str name, text, value;

	str_take_str(&r->rest, S("\xef\xbb\xbf"));
	while (r->rest.n) {
		str line = str_trim_left_set(take_line(&r->rest), S(" \t\r\n\v\f"));

		if (!line.n)
			continue;
		if (line.p[0] == '#' || line.p[0] == ';') {
			buf_add(&r->comment, line);
		} else if (line.p[0] == '[') {
			TRY(read_section(r, line));
		} else {
			TRY(read_key(line, &name, &text));
			TRY(read_value(r, text, &value));
			if (str_eq(name, S("-")))
				name = arena_printf(r->a, "#%u", r->counter++);
			set_key(r, name, value);
		}
		TRY(arena_check(r->a, "an encrypted file"));
	}
	return NULL;
}

err *sops_ini_read(struct arena *a, str bytes, struct sops_branches *out)
{
	struct reader r = { .a = a, .rest = bytes, .comment = BUF_LIMIT(SOPS_FILE_MAX) };

	r.counter = 1;
	r.root = sops_branch_new(a, false);
	r.section = sops_branch_new(a, false);
	sops_branch_add(a, r.root, S("DEFAULT"), sops_branch_node(r.section));
	err *e = read_lines(&r);

	buf_release(&r.comment);
	if (e)
		return err_wrap(e, "Could not unmarshal input data");
	avec_push(a, out, r.root);
	return NULL;
}

/* ---- writing ------------------------------------------------------------ */

static void write_comment(struct buf *b, str lines)
{
	str line;

	while (str_cut(&lines, &line, '\n')) {
		bool sign = line.n && (line.p[0] == '#' || line.p[0] == ';');

		buf_add(b, sign ? str_sub(line, 0, 1) : S(";"));
		buf_addc(b, ' ');
		buf_add(b, str_trim(str_from(line, sign)));
		buf_addc(b, '\n');
	}
}

static str key_text(struct arena *a, str key)
{
	if (find_any(key, "\"=:") != STR_NPOS)
		return arena_cat(a, S("`"), key, S("`"));
	if (str_find_char(key, '`') != STR_NPOS)
		return arena_cat(a, S("\"\"\""), key, S("\"\"\""));
	return key;
}

static void write_pair(struct buf *b, str key, str value, size_t width)
{
	buf_add(b, key);
	buf_fill(b, ' ', width > key.n ? width - key.n : 0);
	buf_add(b, S(" = "));
	str quote = STR_NONE;

	if (find_any(value, "\n`") != STR_NPOS)
		quote = S("\"\"\"");
	else if (find_any(value, "#;") != STR_NPOS)
		quote = S("`");
	else if (str_trim(value).n != value.n)
		quote = S("\"");
	buf_add(b, quote);
	buf_add(b, value);
	buf_add(b, quote);
	buf_addc(b, '\n');
}

/* A comment of a key stands behind it in the tree, and above it in the file. The
 * last of several counts. */
static err *write_keys(struct arena *a, const struct sops_branch *s, size_t from, struct buf *b)
{
	size_t width = 0;

	for (size_t i = from; i < s->n; i++) {
		size_t n = s->p[i].comment ? 0 : key_text(a, s->p[i].key).n;

		width = n > width ? n : width;
	}
	for (size_t i = from; i < s->n; i++) {
		str value, comment = STR_NONE;

		if (s->p[i].comment)
			continue;
		for (size_t j = i + 1; j < s->n && s->p[j].comment; j++)
			comment = s->p[j].key;
		if (sops_branch_of(s->p[i].value))
			return err_new(ERR_INVALID,
				       "cannot use complex value in ini file; offending key %.*s",
				       STR_ARG(s->p[i].key));
		TRY(sops_scalar_flat(a, s->p[i].value, &value));
		if (comment.n)
			write_comment(b, comment);
		write_pair(b, key_text(a, s->p[i].key), value, width);
	}
	return NULL;
}

static err *write_section(struct arena *a, const struct sops_entry *e, bool first, bool last,
			  struct buf *b)
{
	const struct sops_branch *s = sops_branch_of(e->value);
	size_t from = 0;

	if (!s || s->list)
		return err_new(ERR_INVALID,
			       "Error encoding section: Section values should always be TreeBranches");
	if (s->n && s->p[0].comment) {
		if (s->p[0].key.n)
			write_comment(b, s->p[0].key);
		from = 1;
	}
	if (!first || !str_eq_nocase(e->key, S("DEFAULT"))) {
		buf_addc(b, '[');
		buf_add(b, e->key);
		buf_add(b, S("]\n"));
	} else if (s->n == from) {
		return NULL;
	}
	TRY(write_keys(a, s, from, b));
	if (!last)
		buf_addc(b, '\n');
	return NULL;
}

err *sops_ini_write(struct arena *a, const struct sops_branches *tree, struct buf *out)
{
	const struct sops_branch *root = tree->n ? tree->p[0] : NULL;
	size_t last = 0;

	for (size_t i = 0; root && i < root->n; i++)
		last = root->p[i].comment ? last : i;
	for (size_t i = 0, seen = 0; root && i < root->n; i++) {
		if (root->p[i].comment)
			continue;
		err *e = write_section(a, &root->p[i], seen++ == 0, i == last, out);

		if (e)
			return err_wrap(e, "Error marshaling to INI");
	}
	return NULL;
}
