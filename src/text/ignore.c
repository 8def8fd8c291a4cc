#include "text/ignore.h"

#include "base/utf8.h"
#include "base/vec.h"
#include "text/glob.h"
#include "text/lines.h"
#include "text/unicode.h"

enum part_kind {
	PART_GLOB,
	PART_LITERAL,
	PART_SUFFIX,		/* a star and the text: most globs are that */
	PART_EMPTY,
	PART_DIRS,		/* "**": any number of folders */
	PART_NEVER,		/* "**" and something else */
};

struct part {
	enum part_kind kind;
	str text;
};

struct rule {
	str domain;
	struct part *parts;
	size_t parts_n;
	bool include;		/* "!": brings back */
	bool dir_only;		/* a slash at the end */
	bool has_slash;		/* matched from the domain down, else any element */
};

struct ignore {
	struct arena *arena;
	VEC(struct rule) rules;
};

static const char *const vcs_rules[] = {
	".git/", ".gitignore", ".gitmodules", ".gitattributes",
};

static const char *const default_rules[] = {
	"*.jpg", "*.jpeg", "*.gif", "*.png", "*.wmv", "*.flv", "*.tar.gz", "*.zip",
	".github/", ".circleci/", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml",
	"cloudbuild.yaml", "codeship-services.yml", "codeship-steps.yml",
	"**/.goreleaser.yml", "**/.sops.yaml", "**/.flux.yaml",
};

static bool is_literal(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '*' || s.p[i] == '?' || s.p[i] == '[' || s.p[i] == '\\')
			return false;
	return true;
}

static struct part parse_part(str text, bool has_slash)
{
	if (has_slash && !text.n)
		return (struct part){ PART_EMPTY, text };
	if (has_slash && str_eq(text, S("**")))
		return (struct part){ PART_DIRS, text };
	if (has_slash && str_has(text, S("**")))
		return (struct part){ PART_NEVER, text };
	if (is_literal(text))
		return (struct part){ PART_LITERAL, text };
	if (text.p[0] == '*' && is_literal(str_from(text, 1)))
		return (struct part){ PART_SUFFIX, str_from(text, 1) };
	return (struct part){ PART_GLOB, text };
}

/* `text` and `domain` live in the arena. */
static void add_rule(struct ignore *ig, str text, str domain)
{
	struct rule r = { .domain = domain };
	VEC(struct part) parts = { 0 };
	bool more = true;
	str piece;

	r.include = str_take(&text, '!');
	if (!str_ends(text, S("\\ ")))
		text = str_trim_right_set(text, S(" "));
	r.dir_only = str_ends(text, S("/"));
	if (r.dir_only)
		text.n--;
	r.has_slash = str_find_char(text, '/') != STR_NPOS;
	while (more) {
		more = str_split(text, '/', &piece, &text);
		avec_push(ig->arena, &parts, parse_part(piece, r.has_slash));
	}
	r.parts = parts.p;
	r.parts_n = parts.n;
	avec_push(ig->arena, &ig->rules, r);
}

struct ignore *ignore_new(struct arena *a)
{
	struct ignore *ig = arena_new(a, struct ignore);

	ig->arena = a;
	return ig;
}

static bool is_blank(str line)
{
	uint32_t rune;

	while (utf8_take(&line, &rune))
		if (!unicode_is_space(rune))
			return false;
	return true;
}

void ignore_add(struct ignore *ig, str rules, str domain)
{
	str text = arena_str(ig->arena, rules), line;

	domain = arena_str(ig->arena, domain);
	while (lines_take(&text, &line))
		if (!str_starts(line, S("#")) && !is_blank(line))
			add_rule(ig, line, domain);
}

static void add_table(struct ignore *ig, const char *const *rules, size_t n, str domain)
{
	domain = arena_str(ig->arena, domain);
	for (size_t i = 0; i < n; i++)
		add_rule(ig, str_c(rules[i]), domain);
}

void ignore_add_vcs(struct ignore *ig, str domain)
{
	add_table(ig, vcs_rules, sizeof vcs_rules / sizeof *vcs_rules, domain);
}

void ignore_add_defaults(struct ignore *ig, str domain)
{
	add_table(ig, default_rules, sizeof default_rules / sizeof *default_rules, domain);
}

bool ignore_is_empty(const struct ignore *ig)
{
	return ig->rules.n == 0;
}

static enum glob_result match_part(const struct part *part, str name)
{
	switch (part->kind) {
	case PART_LITERAL:
		return str_eq(part->text, name) ? GLOB_YES : GLOB_NO;
	case PART_SUFFIX:
		return str_ends(name, part->text) ? GLOB_YES : GLOB_NO;
	case PART_GLOB:
		return glob_match_file(part->text, name);
	case PART_EMPTY:
	case PART_DIRS:
	case PART_NEVER:
		break;
	}
	return GLOB_NO;
}

/* A rule without slashes: any element of the path may match. */
static bool match_element(const struct rule *r, const str *path, size_t n, bool is_dir)
{
	for (size_t i = 0; i < n; i++) {
		enum glob_result hit = match_part(&r->parts[0], path[i]);

		if (hit == GLOB_NO)
			continue;
		return hit == GLOB_YES && (!r->dir_only || is_dir || i < n - 1);
	}
	return false;
}

/* A rule with slashes: its parts one after the other, "**" skipping elements
 * up to the first that matches what follows it. */
static bool match_path(const struct rule *r, const str *path, size_t n, bool is_dir)
{
	bool matched = false, skip = false;
	size_t at = 0;

	for (size_t i = 0; i < r->parts_n; i++) {
		const struct part *part = &r->parts[i];
		enum glob_result hit = GLOB_NO;

		if (part->kind == PART_EMPTY) {
			skip = false;
			continue;
		}
		if (part->kind == PART_DIRS) {
			if (i == r->parts_n - 1)
				break;
			skip = true;
			continue;
		}
		if (part->kind == PART_NEVER || at == n)
			return false;
		do
			hit = match_part(part, path[at++]);
		while (skip && hit == GLOB_NO && at < n);
		if (hit == GLOB_BAD || (hit == GLOB_NO && !skip))
			return false;
		matched = hit == GLOB_YES;
		skip = false;
	}
	return matched && (!r->dir_only || is_dir || at < n);
}

/* How many elements of the path are the domain's; SIZE_MAX outside of it. */
static size_t domain_depth(str domain, str path)
{
	size_t depth = 1;

	if (!domain.n)
		return 0;
	if (!str_starts(path, domain) || path.n == domain.n || path.p[domain.n] != '/')
		return SIZE_MAX;
	for (size_t i = 0; i < domain.n; i++)
		depth += domain.p[i] == '/';
	return depth;
}

bool ignore_match(const struct ignore *ig, str path, bool is_dir)
{
	enum { FEW = 64 };
	str few[FEW], *parts = few, rest = path;
	size_t n = 1;
	bool result = false;

	for (size_t i = 0; i < path.n; i++)
		n += path.p[i] == '/';
	if (n > FEW)
		parts = mem_calloc(n, sizeof *parts);
	for (size_t i = 0; i < n; i++)
		str_split(rest, '/', &parts[i], &rest);
	for (size_t i = ig->rules.n; i-- > 0;) {
		const struct rule *r = &ig->rules.p[i];
		size_t from = domain_depth(r->domain, path);

		if (from == SIZE_MAX)
			continue;
		if (r->has_slash ? match_path(r, parts + from, n - from, is_dir) :
				   match_element(r, parts + from, n - from, is_dir)) {
			result = !r->include;
			break;
		}
	}
	if (parts != few)
		free(parts);
	return result;
}
