#include "controllers/artifactgenerator.h"

#include "base/ascii.h"
#include "base/map.h"
#include "base/utf8.h"
#include "text/names.h"
#include "text/quote.h"
#include "text/regex.h"
#include "text/unicode.h"

enum { CAPTURES_MAX = 64 };

/* What a directory's path gave for the variables of the pattern. */
struct captures {
	str names[CAPTURES_MAX];
	str raw[CAPTURES_MAX], lower[CAPTURES_MAX];
	size_t n;
};

/* ---- variables ------------------------------------------------------------ */

/* [A-Za-z_][A-Za-z0-9_]* */
static bool is_variable(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] == '_' || ascii_is_lower(s.p[i]) || (s.p[i] >= 'A' && s.p[i] <= 'Z') ||
		      (i && ascii_is_digit(s.p[i]))))
			return false;
	return s.n > 0;
}

static err *bad_template(struct arena *a, str template, const char *fmt, size_t at)
{
	return err_new(ERR_INVALID, "invalid template %.*s: capture %s %zu is missing %s",
		       STR_ARG(quote_str(a, template)), fmt, at,
		       str_starts(str_c(fmt), S("starting")) ? "closing brace" : "opening brace");
}

static err *add_variable(struct arena *a, str template, str name, const struct captures *c,
			 const str *values, struct buf *out)
{
	str shown = quote_str(a, template);

	if (!name.n)
		return err_new(ERR_INVALID, "invalid template %.*s: empty capture variable",
			       STR_ARG(shown));
	if (!is_variable(name))
		return err_new(
			ERR_INVALID,
			"invalid template %.*s: capture variable %.*s must be a valid capture "
			"name matching [A-Za-z_][A-Za-z0-9_]*",
			STR_ARG(shown), STR_ARG(quote_str(a, name)));
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(c->names[i], name)) {
			buf_add(out, values[i]);
			return NULL;
		}
	return err_new(ERR_INVALID,
		       "invalid template %.*s: capture variable %.*s is not defined by pathPattern",
		       STR_ARG(shown), STR_ARG(quote_str(a, name)));
}

/* The text with {name} replaced. */
static err *render(struct arena *a, str template, const struct captures *c, const str *values,
		   str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i < template.n; i++) {
		if (template.p[i] == '}')
			return bad_template(a, template, "ending at offset", i);
		if (template.p[i] != '{') {
			buf_addc(&b, template.p[i]);
			continue;
		}
		size_t end = str_find_char(str_from(template, i + 1), '}');

		if (end == STR_NPOS)
			return bad_template(a, template, "starting at offset", i);
		TRY(add_variable(a, template, str_sub(template, i + 1, i + 1 + end), c, values,
				 &b));
		i += end + 1;
	}
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

/* ---- artifacts ------------------------------------------------------------ */

static str alias_of(node n)
{
	return str_trim_left_set(node_str(n), S("@"));
}

static enum compose_strategy strategy_of(node n)
{
	str s = node_str(n);

	return str_eq(s, S("Merge"))     ? COMPOSE_MERGE
	       : str_eq(s, S("Extract")) ? COMPOSE_EXTRACT
					 : COMPOSE_OVERWRITE;
}

static struct compose_op op_of(struct arena *a, node n)
{
	node list = node_get(n, S("exclude"));
	str *exclude = arena_array(a, str, node_len(list));

	for (size_t i = 0; i < node_len(list); i++)
		exclude[i] = node_str(node_at(list, i));
	return (struct compose_op){ .from = node_str(node_get(n, S("from"))),
				    .to = node_str(node_get(n, S("to"))),
				    .strategy = strategy_of(node_get(n, S("strategy"))),
				    .exclude = exclude,
				    .exclude_n = node_len(list) };
}

static struct generator_request request_of(struct arena *a, node artifact)
{
	node copy = node_get(artifact, S("copy"));
	struct generator_request r = {
		.name = node_str(node_get(artifact, S("name"))),
		.revision = alias_of(node_get(artifact, S("revision"))),
		.origin = alias_of(node_get(artifact, S("originRevision"))),
		.ops = arena_array(a, struct compose_op, node_len(copy)),
		.ops_n = node_len(copy),
	};

	for (size_t i = 0; i < r.ops_n; i++)
		r.ops[i] = op_of(a, node_at(copy, i));
	return r;
}

/* ---- the pattern ---------------------------------------------------------- */

struct expansion {
	struct generator *g;
	struct arena *a;
	str shown; /* the pattern in quotes */
	const struct regex *re;
	struct captures captures;
	struct map seen; /* directories by the names they resolved to */
	bool broken;     /* an error that is the user's */
};

static err *check_capture(struct expansion *x, str name)
{
	struct captures *c = &x->captures;
	str quoted = quote_str(x->a, name);

	if (!name.n)
		return err_new(ERR_INVALID, "pathPattern %.*s: empty capture variable",
			       STR_ARG(x->shown));
	if (!is_variable(name))
		return err_new(
			ERR_INVALID,
			"pathPattern %.*s: capture variable %.*s must be a valid capture name "
			"matching [A-Za-z_][A-Za-z0-9_]*",
			STR_ARG(x->shown), STR_ARG(quoted));
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(c->names[i], name))
			return err_new(ERR_INVALID,
				       "pathPattern %.*s: duplicate capture variable %.*s",
				       STR_ARG(x->shown), STR_ARG(quoted));
	if (c->n == CAPTURES_MAX)
		return err_new(ERR_INVALID, "pathPattern %.*s: more than %d capture variables",
			       STR_ARG(x->shown), CAPTURES_MAX);
	c->names[c->n++] = name;
	return NULL;
}

/* "apps/{app}" as the expression "^apps/([^/]+)$". */
static err *write_regex(struct expansion *x, str pattern, struct buf *out)
{
	size_t from = 0;

	buf_addc(out, '^');
	for (size_t i = 0; i < pattern.n; i++) {
		if (pattern.p[i] == '}')
			return err_new(ERR_INVALID,
				       "pathPattern %.*s: invalid capture ending at offset %zu: "
				       "missing opening brace",
				       STR_ARG(x->shown), i);
		if (pattern.p[i] != '{')
			continue;
		size_t end = str_find_char(str_from(pattern, i + 1), '}');

		if (end == STR_NPOS)
			return err_new(ERR_INVALID,
				       "pathPattern %.*s: invalid capture starting at offset %zu: "
				       "missing closing brace",
				       STR_ARG(x->shown), i);
		TRY(check_capture(x, str_sub(pattern, i + 1, i + 1 + end)));
		regex_quote(out, str_sub(pattern, from, i));
		buf_add(out, S("([^/]+)"));
		i += end + 1;
		from = i + 1;
	}
	regex_quote(out, str_from(pattern, from));
	buf_addc(out, '$');
	return NULL;
}

/* A variable becomes a label. */
static err *check_label_keys(struct expansion *x)
{
	for (size_t i = 0; i < x->captures.n; i++) {
		CLEANUP(buf_release) struct buf why = BUF_INIT;
		str name = x->captures.names[i];

		if (!name_check(name, NAME_QUALIFIED, &why))
			return err_new(ERR_INVALID,
				       "pathPattern %.*s: capture variable %.*s is not a valid "
				       "Kubernetes label key: %s",
				       STR_ARG(x->shown), STR_ARG(quote_str(x->a, name)),
				       buf_c(&why));
	}
	return NULL;
}

static err *compile(struct expansion *x, str pattern)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	TRY(write_regex(x, pattern, &text));
	err *e = regex_compile(x->a, buf_str(&text), &x->re);

	if (e)
		return err_wrap(e, "pathPattern %.*s: failed to compile path pattern",
				STR_ARG(x->shown));
	return check_label_keys(x);
}

/* ---- a directory that matches --------------------------------------------- */

static str lower(struct arena *a, str s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	uint32_t rune;

	while (utf8_take(&s, &rune))
		utf8_add(&b, unicode_to_lower(rune));
	return arena_str(a, buf_str(&b));
}

static err *take_captures(struct expansion *x, str path, const struct regex_span *groups)
{
	struct captures *c = &x->captures;

	for (size_t i = 0; i < c->n; i++) {
		CLEANUP(buf_release) struct buf why = BUF_INIT;

		c->raw[i] = arena_str(x->a, regex_text(path, groups[i + 1]));
		c->lower[i] = lower(x->a, c->raw[i]);
		if (!name_check(c->lower[i], NAME_LABEL_VALUE, &why))
			return err_new(
				ERR_INVALID,
				"pathPattern %.*s: captured value %.*s for variable %.*s is not a "
				"valid Kubernetes label value: %s",
				STR_ARG(x->shown), STR_ARG(quote_str(x->a, c->lower[i])),
				STR_ARG(quote_str(x->a, c->names[i])), buf_c(&why));
	}
	return NULL;
}

static err *render_request(struct expansion *x, node artifact, struct generator_request *out)
{
	const struct captures *c = &x->captures;
	struct generator_request r = request_of(x->a, artifact);

	TRY(render(x->a, r.name, c, c->lower, &r.name));
	for (size_t i = 0; i < r.ops_n; i++) {
		TRY(render(x->a, r.ops[i].from, c, c->raw, &r.ops[i].from));
		TRY(render(x->a, r.ops[i].to, c, c->raw, &r.ops[i].to));
	}
	r.labels = node_map(x->a, c->n);
	for (size_t i = 0; i < c->n; i++)
		node_set(x->a, r.labels, c->names[i], node_from_str(x->a, c->lower[i]));
	*out = r;
	return NULL;
}

static err *check_request(struct expansion *x, const struct generator_request *r, str path)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	str name = quote_str(x->a, r->name);
	const str *before = map_get(&x->seen, r->name);

	if (!name_check(r->name, NAME_DNS_SUBDOMAIN, &why))
		return err_new(
			ERR_INVALID,
			"pathPattern %.*s: rendered artifact name %.*s is not a valid Kubernetes "
			"object name: %s",
			STR_ARG(x->shown), STR_ARG(name), buf_c(&why));
	if (before)
		return err_new(
			ERR_INVALID,
			"pathPattern %.*s: directories %.*s and %.*s both resolve to artifact "
			"name %.*s",
			STR_ARG(x->shown), STR_ARG(quote_str(x->a, *before)),
			STR_ARG(quote_str(x->a, path)), STR_ARG(name));
	if (x->g->requests.n == GENERATOR_ARTIFACTS_MAX)
		return err_new(ERR_INVALID, "pathPattern %.*s: more than %d artifacts",
			       STR_ARG(x->shown), GENERATOR_ARTIFACTS_MAX);
	return NULL;
}

static err *add_requests(struct expansion *x, str path, const struct regex_span *groups)
{
	struct generator *g = x->g;

	TRY(take_captures(x, path, groups));
	node_each_item(artifact, node_get(g->p->spec, S("artifacts"))) {
		struct generator_request r;
		err *e = render_request(x, *artifact, &r);

		if (e)
			return err_wrap(
				e,
				"pathPattern %.*s: failed to render artifact %.*s for match %.*s",
				STR_ARG(x->shown),
				STR_ARG(node_str(node_get(*artifact, S("name")))), STR_ARG(path));
		TRY(check_request(x, &r, path));
		str *kept = arena_new(x->a, str);

		*kept = arena_str(x->a, path);
		map_set(&x->seen, r.name, kept);
		avec_push(x->a, &g->requests, r);
	}
	return NULL;
}

static err *visit(void *ctx, str path, const struct fs_entry *entry, enum fs_step *next)
{
	struct regex_span groups[CAPTURES_MAX + 1];
	struct expansion *x = ctx;

	(void)next;
	if (entry->type != FS_DIR || !regex_find(x->re, path, groups, x->captures.n + 1))
		return NULL;
	err *e = add_requests(x, path, groups);

	x->broken = e != NULL;
	return e;
}

static err *expand_pattern(struct expansion *x, str pattern)
{
	const struct generator_source *source;
	str alias, rest;

	if (!str_take(&pattern, '@') || !str_split(pattern, '/', &alias, &rest))
		return err_new(ERR_INVALID, "invalid pathPattern format: %.*s",
			       STR_ARG(node_str(node_get(x->g->p->spec, S("pathPattern")))));
	source = artifactgenerator_source_of(x->g, alias);
	if (!source)
		return err_new(ERR_INVALID,
			       "pathPattern %.*s: source alias %.*s not found in local sources",
			       STR_ARG(x->shown), STR_ARG(alias));
	TRY(compile(x, rest));
	x->broken = false;
	err *e = fs_walk(artifact_tree_fs(source->tree), STR_NONE,
			 &(struct fs_walk){ .visit = visit, .ctx = x });

	return e && !x->broken ? err_wrap(e, "failed to walk source directory") : e;
}

err *artifactgenerator_expand(struct generator *g, bool *terminal)
{
	node spec = g->p->spec;
	str pattern = node_str(node_get(spec, S("pathPattern")));

	*terminal = false;
	if (!pattern.n) {
		node_each_item(artifact, node_get(spec, S("artifacts")))
			avec_push(g->a, &g->requests, request_of(g->a, *artifact));
		return NULL;
	}
	struct expansion x = {
		.g = g, .a = g->a, .shown = quote_str(g->a, pattern), .broken = true
	};
	err *e = expand_pattern(&x, pattern);

	map_release(&x.seen);
	*terminal = e && x.broken;
	return e;
}
