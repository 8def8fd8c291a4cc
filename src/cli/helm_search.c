#include "base/map.h"
#include "base/sort.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/helm_cluster.h"
#include "cli/helm_repos.h"
#include "text/constraint.h"
#include "text/path.h"
#include "text/regex.h"
#include "text/unicode.h"

struct search_options {
	struct helm_output_options output;
	bool devel, fail, regexp, versions;
	str version;
	uint64_t max_col_width;
};

#define AT(field) offsetof(struct search_options, field)

static const struct flag flags[] = {
	{ "devel", 0, FLAG_BOOL, AT(devel), "take development versions, too" },
	{ "fail-on-no-result", 0, FLAG_BOOL, AT(fail), "fail when nothing is found" },
	{ "max-col-width", 0, FLAG_CUSTOM, AT(max_col_width), "width at which columns are cut",
	  .fallback = "50", .type = &helm_uint_type },
	{ 0, 0, FLAG_TABLE, AT(output), .table = helm_output_flags },
	{ "regexp", 'r', FLAG_BOOL, AT(regexp), "the keyword is a regular expression" },
	{ "version", 0, FLAG_STRING, AT(version), "range of versions to look for" },
	{ "versions", 'l', FLAG_BOOL, AT(versions), "list each version of each chart" },
	{ 0 },
};

#undef AT

/* The parts of a line that is searched. */
#define SEPARATOR '\v'
/* More than a line has parts. */
enum { SCORE_MAX = 25 };

struct result {
	str name, version, app_version, description;
	size_t score;
};

struct search {
	struct cli *c;
	const struct search_options *o;
	str term, range;
	const struct regex *regex;
	VEC(struct result) results;
};

static str small(struct arena *a, str s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	uint32_t rune;

	while (utf8_take(&s, &rune))
		utf8_add(&b, unicode_to_lower(rune));
	return arena_str(a, buf_str(&b));
}

/* Which part of the line the match is in: the fewer before it, the better. */
static size_t score_of(str line, size_t at)
{
	size_t part = 0;

	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] == SEPARATOR) {
			if (at <= i)
				return part;
			part++;
		}
	return part;
}

static bool match(struct search *s, struct arena *a, str line, size_t *score)
{
	size_t at;

	*score = 0;
	if (!s->term.n)
		return true;
	if (s->regex) {
		struct regex_span span;

		if (!regex_find(s->regex, line, &span, 1))
			return false;
		at = span.start;
	} else {
		line = small(a, line);
		at = str_find(line, s->term);
		if (at == STR_NPOS)
			return false;
	}
	*score = score_of(line, at);
	return *score < SCORE_MAX;
}

static str line_of(struct arena *a, str repo, str name, node entry)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node words = node_get(entry, S("keywords"));

	buf_addf(&b, "%.*s\v%.*s/%.*s\v%.*s\v", STR_ARG(name), STR_ARG(repo), STR_ARG(name),
		 STR_ARG(node_str(node_get(entry, S("description")))));
	for (size_t i = 0; i < node_len(words); i++)
		buf_addf(&b, "%s%.*s", i ? " " : "", STR_ARG(node_str(node_at(words, i))));
	return arena_str(a, buf_str(&b));
}

static err *look_at(struct search *s, struct repoindex *ix, str repo, str chart,
		    const struct repoindex_version *v)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct arena *keep = s->c->arena;
	node entry;
	size_t score;

	TRY(repoindex_entry(&a, ix, v, &entry));
	if (!match(s, &a, line_of(&a, repo, v->name, entry), &score))
		return NULL;
	avec_push(keep, &s->results,
		  (struct result){
			  .name = path_join(keep, repo, chart),
			  .version = arena_str(keep, v->version),
			  .app_version = arena_str(keep, node_str(node_get(entry, S("appVersion")))),
			  .description =
				  arena_str(keep, node_str(node_get(entry, S("description")))),
			  .score = score,
		  });
	return NULL;
}

static err *look_through(struct search *s, struct repoindex *ix, str repo)
{
	/* always: a range is set in any case */
	bool all = s->o->versions || s->range.n;

	for (size_t i = 0; i < repoindex_count(ix); i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		struct repoindex_chart chart;

		TRY(repoindex_load(&a, ix, repoindex_name(ix, i), true, &chart));
		for (size_t k = 0; k < chart.n && (all || !k); k++)
			TRY(look_at(s, ix, repo, repoindex_name(ix, i), &chart.versions[k]));
	}
	return NULL;
}

static err *look_everywhere(struct search *s, const struct helm_repos *repos)
{
	const struct notices to = helm_notices(s->c);

	for (size_t i = 0; i < repos->n; i++) {
		CLEANUP(helm_index_release) struct helm_index x = HELM_INDEX_INIT;
		str name = repos->p[i].name;
		err *e = helm_index_open(s->c, helm_repos_index(s->c, name), &x);

		if (e) {
			notice(&to, NOTICE_WARN, S("repo is corrupt or missing"), { "repo", name },
			       { "error", err_text(e) });
			err_free(e);
			continue;
		}
		TRY(look_through(s, x.ix, name));
	}
	return NULL;
}

static int by_score(const void *x, const void *y, void *ctx)
{
	const struct result *a = x, *b = y;
	struct semver v, w;

	(void)ctx;
	if (a->score != b->score)
		return a->score < b->score ? -1 : 1;
	int names = str_cmp(a->name, b->name);

	if (names || !semver_try_parse(&v, a->version) || !semver_try_parse(&w, b->version))
		return names;
	return semver_cmp(&w, &v);
}

/* What is in the range; of each chart the newest, unless all are wanted. */
static err *select_range(struct search *s)
{
	CLEANUP(map_release) struct map seen = MAP_INIT;
	struct constraint *range;
	err *e = constraint_parse(s->c->arena, s->range, &range);
	size_t n = 0;

	if (e)
		return err_wrap(e, "an invalid version/constraint format");
	for (size_t i = 0; i < s->results.n; i++) {
		struct result r = s->results.p[i];
		struct semver v;

		if ((!s->o->versions && map_has(&seen, r.name)) ||
		    !semver_try_parse(&v, r.version) || !constraint_check(range, &v))
			continue;
		map_set(&seen, r.name, s);
		s->results.p[n++] = r;
	}
	s->results.n = n;
	return NULL;
}

/* ---- printing ----------------------------------------------------------------- */

static str cut(struct search *s, str text)
{
	return helm_cut(s->c->arena, text, s->o->max_col_width);
}

static void print_table(struct search *s)
{
	static const char *const head[] = { "NAME", "CHART VERSION", "APP VERSION", "DESCRIPTION" };
	struct arena *a = s->c->arena;
	VEC(str) cells = { 0 };

	if (!s->results.n) {
		buf_add(&s->c->out.buf, S("No results found\n"));
		return;
	}
	for (size_t i = 0; i < 4; i++)
		avec_push(a, &cells, cut(s, str_c(head[i])));
	for (size_t i = 0; i < s->results.n; i++) {
		const struct result *r = &s->results.p[i];

		avec_push(a, &cells, cut(s, r->name));
		avec_push(a, &cells, cut(s, r->version));
		avec_push(a, &cells, cut(s, r->app_version));
		avec_push(a, &cells, cut(s, r->description));
	}
	helm_print_table(s->c, cells.p, cells.n, 4);
}

static void set(struct arena *a, node to, str key, str value)
{
	node_set(a, to, key, node_from_str(a, value));
}

static node as_tree(struct search *s)
{
	struct arena *a = s->c->arena;
	node list = node_seq(a, s->results.n);

	for (size_t i = 0; i < s->results.n; i++) {
		const struct result *r = &s->results.p[i];
		node one = node_map(a, 4);

		/* YAML has the keys sorted, JSON as the struct has them */
		set(a, one, S("name"), r->name);
		set(a, one, S("version"), r->version);
		set(a, one, S("app_version"), r->app_version);
		set(a, one, S("description"), r->description);
		if (str_eq(s->o->output.format, S("yaml")))
			node_sort(one);
		node_append(a, list, one);
	}
	return list;
}

static err *run(struct cli *c)
{
	struct search s = { .c = c, .o = c->options };
	struct helm_repos repos;
	str words = arena_join(c->arena, c->words.p, c->words.n, S(" "));

	s.range = s.o->version.n ? s.o->version : s.o->devel ? S(">0.0.0-0") : S(">0.0.0");
	err_free(helm_repos_load(c, &repos));
	if (!repos.n)
		return err_new(ERR_NOT_FOUND, "no repositories configured");
	s.term = s.o->regexp ? words : small(c->arena, words);
	if (s.o->regexp && words.n)
		TRY(regex_compile(c->arena, words, &s.regex));
	TRY(look_everywhere(&s, &repos));
	sort_stable(s.results.p, s.results.n, sizeof *s.results.p, by_score, NULL);
	TRY(select_range(&s));
	if (!s.results.n && s.o->fail)
		return err_new(ERR_NOT_FOUND, "no results found");
	if (!str_eq(s.o->output.format, S("table")))
		return helm_print_tree(c, &s.o->output, as_tree(&s));
	print_table(&s);
	return NULL;
}

const struct command helm_search_command = {
	.use = "search [keyword]",
	.brief = "Search for charts",
	.commands = (const struct command *const[]){
		&(const struct command){
			.use = "repo [keyword]",
			.brief = "Search the repositories that were added",
			.text = "Search what is kept of the repositories that were added: names, descriptions\n"
				"and keywords of charts. Shown are the newest releases.",
			.flags = flags,
			.options = sizeof(struct search_options),
			.run = run,
		},
		&helm_search_hub_command,
		NULL,
	},
};
