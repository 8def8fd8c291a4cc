/* The rules for Chart.yaml. */
#include "helm/lint_impl.h"
#include "text/path.h"
#include "text/quote.h"
#include "text/semver.h"
#include "text/webaddr.h"
#include "tmpl/value.h"
#include "value/yaml.h"

static err *not_a_directory(struct linter *l)
{
	if (lint_source_kind(&l->source, l->a, S("Chart.yaml")) != CHART_PATH_DIR)
		return NULL;
	return err_new(ERR_INVALID, "should be a file, not a directory");
}

static err *check_name(str name)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!name.n)
		return err_new(ERR_INVALID, "name is required");
	if (str_eq(name, path_base(name)))
		return NULL;
	quote_add(&b, name, QUOTE_PRINT);
	return err_new(ERR_INVALID, "chart name %s is invalid", buf_c(&b));
}

static err *check_api_version(str v)
{
	if (!v.n)
		return err_new(ERR_INVALID, "apiVersion is required. The value must be either "
					    "\"v1\" or \"v2\"");
	if (str_eq(v, S("v1")) || str_eq(v, S("v2")))
		return NULL;
	return err_new(ERR_INVALID,
		       "apiVersion '%.*s' is not valid. The value must be either \"v1\" or \"v2\"",
		       STR_ARG(v));
}

/* Numbers become texts when the field is read: the file itself has to have
 * quotes. */
static err *check_text(node raw, str key)
{
	const node *v = node_find(raw, key);

	if (!v || v->kind == NODE_STR)
		return NULL;
	return err_new(ERR_INVALID, "%.*s should be of type string but it's of type %.*s",
		       STR_ARG(key), STR_ARG(value_type_name(*v)));
}

static err *check_version(str text)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct semver v, least;

	if (!text.n)
		return err_new(ERR_INVALID, "version is required");
	if (!semver_try_parse(&v, text))
		return err_new(ERR_INVALID, "version '%.*s' is not a valid SemVer", STR_ARG(text));
	if (!semver_try_parse(&least, S("0.0.0-0")))
		die_bug("0.0.0-0 is a version");
	if (semver_cmp(&v, &least) > 0)
		return NULL;
	semver_add(&b, &v);
	return err_new(ERR_INVALID, "version \"%s\" is less than or equal to \"0.0.0-0\"", buf_c(&b));
}

static err *check_strict_version(str text)
{
	struct semver v;
	err *e = semver_parse_strict(&v, text);

	return e ? err_replace(e, "version '%.*s' is not a valid SemVerV2", STR_ARG(text)) : NULL;
}

static err *check_maintainers(node list)
{
	node_each_item(m, list) {
		str name = node_str(node_get(*m, S("name"))), email = node_str(node_get(*m, S("email"))),
		    url = node_str(node_get(*m, S("url")));

		if (node_is_nil(*m))
			return err_new(ERR_INVALID, "a maintainer entry is empty");
		if (!name.n)
			return err_new(ERR_INVALID, "each maintainer requires a name");
		if (email.n && !webaddr_is_email(email))
			return err_new(ERR_INVALID, "invalid email '%.*s' for maintainer '%.*s'",
				       STR_ARG(email), STR_ARG(name));
		if (url.n && !webaddr_is_url(url))
			return err_new(ERR_INVALID, "invalid url '%.*s' for maintainer '%.*s'",
				       STR_ARG(url), STR_ARG(name));
	}
	return NULL;
}

static err *check_sources(node list)
{
	node_each_item(s, list)
		if (!node_str(*s).n || !webaddr_is_request_url(node_str(*s)))
			return err_new(ERR_INVALID, "invalid source URL '%.*s'",
				       STR_ARG(node_str(*s)));
	return NULL;
}

static err *check_icon(str icon)
{
	return icon.n ? NULL : err_new(ERR_INVALID, "icon is recommended");
}

static err *check_icon_url(str icon)
{
	if (!icon.n || webaddr_is_request_url(icon))
		return NULL;
	return err_new(ERR_INVALID, "invalid icon URL '%.*s'", STR_ARG(icon));
}

static err *only_v2(const struct chart_meta *m, bool has, const char *what, const char *they)
{
	if (!has || str_eq(m->api_version, S("v2")))
		return NULL;
	return err_new(ERR_INVALID, "%s apiVersion '%.*s'. %s valid in apiVersion 'v2'", what,
		       STR_ARG(m->api_version), they);
}

/* NULL and the metadata, or the error of reading it. */
static err *read_meta(struct linter *l, str *text, struct chart_meta *m)
{
	node tree = NODE_NOTHING;

	TRY(lint_source_read(&l->source, l->a, S("Chart.yaml"), text));
	TRY(meta_read(l->a, *text, &tree));
	meta_from_tree(l->a, tree, m);
	return NULL;
}

static err *tabbed(err *e, const char *what)
{
	return e ? err_replace(e, "%s\n\t%s", what, err_msg(e)) : NULL;
}

void lint_chart_file(struct linter *l)
{
	const str file = S("Chart.yaml");
	struct chart_meta m = { 0 };
	node raw = NODE_NOTHING;
	str text = STR_NONE;

	lint_rule(l, LINT_ERROR, file, not_a_directory(l));
	if (!lint_rule(l, LINT_ERROR, file, tabbed(read_meta(l, &text, &m), "unable to parse YAML")))
		return;
	lint_rule(l, LINT_WARNING, file,
		  tabbed(meta_check_strict(l->a, text),
			 "failed to strictly parse chart metadata file"));
	err_free(yaml_read(l->a, text, YAML_SIGS, &raw));
	lint_rule(l, LINT_ERROR, file, check_name(m.name));
	lint_rule(l, LINT_ERROR, file, check_api_version(m.api_version));
	lint_rule(l, LINT_ERROR, file, check_text(raw, S("version")));
	lint_rule(l, LINT_ERROR, file, check_version(m.version));
	lint_rule(l, LINT_ERROR, file, check_text(raw, S("appVersion")));
	lint_rule(l, LINT_ERROR, file, check_maintainers(m.maintainers));
	lint_rule(l, LINT_ERROR, file, check_sources(m.sources));
	lint_rule(l, LINT_INFO, file, check_icon(m.icon));
	lint_rule(l, LINT_ERROR, file, check_icon_url(m.icon));
	lint_rule(l, LINT_ERROR, file, only_v2(&m, m.type.n > 0, "chart type is not valid in", "It is"));
	lint_rule(l, LINT_ERROR, file,
		  only_v2(&m, m.deps_n > 0, "dependencies are not valid in the Chart file with",
			  "They are"));
	lint_rule(l, LINT_WARNING, file, check_strict_version(m.version));
}
