#include "text/helmignore.h"

#include "base/utf8.h"
#include "base/vec.h"
#include "text/glob.h"
#include "text/lines.h"
#include "text/path.h"
#include "text/unicode.h"

struct rule {
	str pattern;
	bool negate;
	bool dir_only;
	bool whole_path;	/* else the file's name alone */
};

struct helmignore {
	VEC(struct rule) rules;
};

static str trim_space(str s)
{
	uint32_t rune;
	size_t size;

	for (str rest = s; utf8_take(&rest, &rune) && unicode_is_space(rune);)
		s = rest;
	while (s.n && unicode_is_space(utf8_decode_last(s, &size)))
		s.n -= size;
	return s;
}

static err *add_rule(struct arena *a, struct helmignore *h, str text)
{
	struct rule r = { 0 };

	text = trim_space(text);
	if (!text.n || text.p[0] == '#')
		return NULL;
	if (str_has(text, S("**")))
		return err_new(ERR_INVALID, "double-star (**) syntax is not supported");
	if (glob_match_file(text, S("abc")) == GLOB_BAD)
		return glob_bad_pattern();
	r.negate = str_take(&text, '!');
	r.dir_only = str_ends(text, S("/"));
	if (r.dir_only)
		text.n--;
	r.whole_path = str_find_char(text, '/') != STR_NPOS;
	str_take(&text, '/');
	r.pattern = text;
	avec_push(a, &h->rules, r);
	return NULL;
}

err *helmignore_parse(struct arena *a, str text, const struct helmignore **out)
{
	struct helmignore *h = arena_new(a, struct helmignore);
	str rest = arena_str(a, text), line;

	str_take_str(&rest, S("\xef\xbb\xbf"));
	while (lines_take(&rest, &line))
		TRY(add_rule(a, h, line));
	TRY(lines_check(rest));
	TRY(add_rule(a, h, S("templates/.?*")));
	*out = h;
	return NULL;
}

bool helmignore_match(const struct helmignore *h, str path, bool is_dir)
{
	if (!path.n || str_eq(path, S(".")) || str_eq(path, S("./")))
		return false;
	for (size_t i = 0; i < h->rules.n; i++) {
		const struct rule *r = &h->rules.p[i];
		str name = r->whole_path ? path : path_base(path);
		bool hit = (is_dir || !r->dir_only) &&
			   glob_match_file(r->pattern, name) == GLOB_YES;

		if (hit != r->negate)
			return true;
	}
	return false;
}
