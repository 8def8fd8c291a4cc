#include "helm/meta.h"

#include "base/map.h"
#include "base/utf8.h"
#include "helm/yamlfit.h"
#include "text/constraint.h"
#include "text/gotime.h"
#include "text/path.h"
#include "text/quote.h"
#include "text/unicode.h"
#include "tmpl/value.h"
#include "value/yaml.h"

/* ---- the fields -------------------------------------------------------- */

static const struct typed_field maintainer_fields[] = {
	TYPED_FIELD("name", &typed_string),
	TYPED_FIELD("email", &typed_string),
	TYPED_FIELD("url", &typed_string),
};
static const struct typed maintainer_type =
	TYPED_STRUCT_OF("v2", "Maintainer", maintainer_fields);
static const struct typed maintainers_type = { .kind = TYPED_LIST,
					       .go = "[]*v2.Maintainer",
					       .of = &maintainer_type };

static const struct typed anys_type = { .kind = TYPED_LIST, .go = "[]interface {}",
					.of = &typed_any };

static const struct typed_field dependency_fields[] = {
	TYPED_FIELD("name", &typed_string),	  TYPED_FIELD("version", &typed_string),
	TYPED_FIELD("repository", &typed_string), TYPED_FIELD("condition", &typed_string),
	TYPED_FIELD("tags", &typed_strings),	  TYPED_FIELD("enabled", &typed_bool),
	TYPED_FIELD("import-values", &anys_type), TYPED_FIELD("alias", &typed_string),
};
static const struct typed dependency_type =
	TYPED_STRUCT_OF("v2", "Dependency", dependency_fields);
static const struct typed dependencies_type = { .kind = TYPED_LIST,
						.go = "[]*v2.Dependency",
						.of = &dependency_type };

static const struct typed_field metadata_fields[] = {
	TYPED_FIELD("name", &typed_string),
	TYPED_FIELD("home", &typed_string),
	TYPED_FIELD("sources", &typed_strings),
	TYPED_FIELD("version", &typed_string),
	TYPED_FIELD("description", &typed_string),
	TYPED_FIELD("keywords", &typed_strings),
	TYPED_FIELD("maintainers", &maintainers_type),
	TYPED_FIELD("icon", &typed_string),
	TYPED_FIELD("apiVersion", &typed_string),
	TYPED_FIELD("condition", &typed_string),
	TYPED_FIELD("tags", &typed_string),
	TYPED_FIELD("appVersion", &typed_string),
	TYPED_FIELD("deprecated", &typed_bool),
	TYPED_FIELD("annotations", &typed_string_map),
	TYPED_FIELD("kubeVersion", &typed_string),
	TYPED_FIELD("dependencies", &dependencies_type),
	TYPED_FIELD("type", &typed_string),
};
const struct typed meta_type = TYPED_STRUCT_OF("v2", "Metadata", metadata_fields);

static const struct typed_field lock_fields[] = {
	TYPED_FIELD("generated", &typed_any),
	TYPED_FIELD("digest", &typed_string),
	TYPED_FIELD("dependencies", &dependencies_type),
};
static const struct typed lock_type = TYPED_STRUCT_OF("v2", "Lock", lock_fields);

/* The texts of the metadata, by their keys. */
static const struct {
	str key;
	const char *go;
	size_t at;
	bool clean;
} texts[] = {
	{ S("name"), "Name", offsetof(struct chart_meta, name), true },
	{ S("home"), "Home", offsetof(struct chart_meta, home), true },
	{ S("version"), "Version", offsetof(struct chart_meta, version), false },
	{ S("description"), "Description", offsetof(struct chart_meta, description), true },
	{ S("icon"), "Icon", offsetof(struct chart_meta, icon), true },
	{ S("apiVersion"), "APIVersion", offsetof(struct chart_meta, api_version), false },
	{ S("condition"), "Condition", offsetof(struct chart_meta, condition), true },
	{ S("tags"), "Tags", offsetof(struct chart_meta, tags), true },
	{ S("appVersion"), "AppVersion", offsetof(struct chart_meta, app_version), true },
	{ S("kubeVersion"), "KubeVersion", offsetof(struct chart_meta, kube_version), true },
	{ S("type"), "Type", offsetof(struct chart_meta, type), false },
};

enum { TEXTS = sizeof texts / sizeof *texts };

static str *text_at(const struct chart_meta *m, size_t i)
{
	return (str *)((char *)m + texts[i].at);
}

/* ---- reading ----------------------------------------------------------- */

/* As Go decodes into what is there already: maps keep what is not named anew, and
 * so do the items of a list, of which there are as many as the new one has. */
static node overlaid(struct arena *a, node old, node new);

static void overlay(struct arena *a, node old, node new)
{
	node_each_pair(p, new)
		node_put(a, old, p->key, overlaid(a, node_get(old, node_str(p->key)), p->value));
}

static node overlaid(struct arena *a, node old, node new)
{
	if (old.kind != new.kind)
		return new;
	if (new.kind == NODE_MAP) {
		overlay(a, old, new);
		return old;
	}
	for (size_t i = 0; new.kind == NODE_SEQ && i < node_len(old) && i < node_len(new); i++)
		new.seq->items[i] = overlaid(a, node_at(old, i), node_at(new, i));
	return new;
}

err *meta_read(struct arena *a, str text, node *tree)
{
	node fitted = NODE_NOTHING;

	TRY(yamlfit_read(a, text, &meta_type, NULL, &fitted));
	if (tree->kind != NODE_MAP)
		*tree = node_map(a, node_len(fitted));
	overlay(a, *tree, fitted);
	return NULL;
}

err *meta_check_strict(struct arena *a, str text)
{
	return yamlfit_check_strict(a, text, &meta_type);
}

/* A wrong time ends Go's decoding, whatever else there is to say. */
static err *check_generated(struct arena *a, str text)
{
	static const struct typed_field field[] = { TYPED_FIELD("generated", &typed_any) };
	static const struct typed type = TYPED_STRUCT_OF("v2", "Lock", field);
	struct gotime t;
	node lock, n;

	TRY(yamlfit_read(a, text, &type, NULL, &lock));
	n = node_get(lock, S("generated"));
	if (node_is_nil(n))
		return NULL;
	err *e = n.kind == NODE_STR ? gotime_parse(&t, GOTIME_RFC3339, node_str(n), NULL)
				    : err_new(ERR_INVALID,
					      "Time.UnmarshalJSON: input is not a JSON string");

	return e ? err_wrap(e, "error unmarshaling JSON: while decoding JSON") : NULL;
}

err *meta_read_lock(struct arena *a, str text, node *out)
{
	TRY(check_generated(a, text));
	return yamlfit_read(a, text, &lock_type, NULL, out);
}

static struct chart_dependency dependency_from(node n)
{
	return (struct chart_dependency){
		.name = node_str(node_get(n, S("name"))),
		.version = node_str(node_get(n, S("version"))),
		.repository = node_str(node_get(n, S("repository"))),
		.condition = node_str(node_get(n, S("condition"))),
		.alias = node_str(node_get(n, S("alias"))),
		.tags = node_get(n, S("tags")),
		.import_values = node_get(n, S("import-values")),
		.enabled = node_bool(node_get(n, S("enabled"))),
		.is_null = node_is_nil(n),
	};
}

void meta_from_tree(struct arena *a, node tree, struct chart_meta *out)
{
	node deps = node_get(tree, S("dependencies"));
	struct chart_meta m = {
		.deprecated = node_bool(node_get(tree, S("deprecated"))),
		.sources = node_get(tree, S("sources")),
		.keywords = node_get(tree, S("keywords")),
		.maintainers = node_get(tree, S("maintainers")),
		.annotations = node_get(tree, S("annotations")),
		.has_deps = deps.kind == NODE_SEQ,
	};

	for (size_t i = 0; i < TEXTS; i++)
		*text_at(&m, i) = node_str(node_get(tree, texts[i].key));
	m.deps = arena_array(a, struct chart_dependency, node_len(deps) + 1);
	node_each_item(d, deps)
		m.deps[m.deps_n++] = dependency_from(*d);
	*out = m;
}

size_t meta_lock_dependencies(struct arena *a, node lock, struct chart_dependency **out)
{
	node list = node_get(lock, S("dependencies"));
	size_t n = 0;

	*out = arena_array(a, struct chart_dependency, node_len(list) + 1);
	node_each_item(d, list)
		if (!node_is_nil(*d))
			(*out)[n++] = dependency_from(*d);
	return n;
}

/* ---- cleaning ---------------------------------------------------------- */

/* White space becomes a space, what does not print goes. */
static str clean(struct arena *a, str s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	bool same = true;
	uint32_t rune;

	for (size_t i = 0; i < s.n; i++)
		same &= s.p[i] >= ' ' && s.p[i] < 0x7f;
	if (same)
		return s;
	while (utf8_take(&s, &rune))
		if (unicode_is_space(rune))
			buf_addc(&b, ' ');
		else if (unicode_is_print(rune))
			utf8_add(&b, rune);
	return arena_str(a, buf_str(&b));
}

static void clean_list(struct arena *a, node list)
{
	node_each_item(i, list)
		*i = node_from_str(a, clean(a, node_str(*i)));
}

static void clean_map(struct arena *a, node map)
{
	node_each_pair(p, map)
		p->value = node_from_str(a, clean(a, node_str(p->value)));
}

/* ---- checking ---------------------------------------------------------- */

static bool is_alias(str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '_' || c == '-'))
			return false;
	}
	return s.n > 0;
}

/* What `helm create` accepts; longer ones are no names of files. */
enum { NAME_MAX_BYTES = 250 };

static err *check_name(struct arena *a, str name)
{
	if (!name.n)
		return err_new(ERR_INVALID, "validation: chart.metadata.name is required");
	if (str_eq(name, S(".")) || str_eq(name, S("..")))
		return err_new(ERR_INVALID, "validation: chart.metadata.name %.*s is not allowed",
			       STR_ARG(quote_str(a, name)));
	if (!str_eq(name, path_base(name)))
		return err_new(ERR_INVALID, "validation: chart.metadata.name %.*s is invalid",
			       STR_ARG(quote_str(a, name)));
	if (name.n > NAME_MAX_BYTES)
		return err_new(ERR_INVALID, "validation: chart.metadata.name is longer than %d bytes",
			       NAME_MAX_BYTES);
	return NULL;
}

static err *check_version(struct arena *a, str version)
{
	struct semver v;

	if (!version.n)
		return err_new(ERR_INVALID, "validation: chart.metadata.version is required");
	if (!semver_try_parse(&v, version))
		return err_new(ERR_INVALID, "validation: chart.metadata.version %.*s is invalid",
			       STR_ARG(quote_str(a, version)));
	return NULL;
}

static err *check_maintainers(struct arena *a, struct chart_meta *m)
{
	node_each_item(i, m->maintainers) {
		if (node_is_nil(*i))
			return err_new(ERR_INVALID, "validation: maintainers must not contain "
						    "empty or null nodes");
		clean_map(a, *i);
	}
	return NULL;
}

static err *check_dependency(struct arena *a, struct chart_dependency *d)
{
	if (d->is_null)
		return err_new(ERR_INVALID,
			       "validation: dependencies must not contain empty or null nodes");
	d->name = clean(a, d->name);
	d->version = clean(a, d->version);
	d->repository = clean(a, d->repository);
	d->condition = clean(a, d->condition);
	clean_list(a, d->tags);
	if (d->alias.n && !is_alias(d->alias))
		return err_new(ERR_INVALID,
			       "validation: dependency %.*s has disallowed characters in the alias",
			       STR_ARG(quote_str(a, d->name)));
	return NULL;
}

static err *check_dependencies(struct arena *a, struct chart_meta *m)
{
	CLEANUP(map_release) struct map seen = MAP_INIT;

	for (size_t i = 0; i < m->deps_n; i++) {
		struct chart_dependency *d = &m->deps[i];

		TRY(check_dependency(a, d));
		str key = d->alias.n ? d->alias : d->name;

		if (map_has(&seen, key))
			return err_new(ERR_INVALID,
				       "validation: more than one dependency with name or alias %.*s",
				       STR_ARG(quote_str(a, key)));
		map_set(&seen, key, d);
	}
	return NULL;
}

err *meta_check(struct arena *a, struct chart_meta *m)
{
	for (size_t i = 0; i < TEXTS; i++)
		if (texts[i].clean)
			*text_at(m, i) = clean(a, *text_at(m, i));
	clean_list(a, m->sources);
	clean_list(a, m->keywords);
	if (!m->api_version.n)
		return err_new(ERR_INVALID, "validation: chart.metadata.apiVersion is required");
	TRY(check_name(a, m->name));
	TRY(check_version(a, m->version));
	if (m->type.n && !str_eq(m->type, S("application")) && !str_eq(m->type, S("library")))
		return err_new(ERR_INVALID,
			       "validation: chart.metadata.type must be application or library");
	TRY(check_maintainers(a, m));
	return check_dependencies(a, m);
}

bool meta_version_fits(struct arena *a, str range, str version)
{
	struct constraint *c;
	struct semver v;

	if (!semver_try_parse(&v, version))
		return false;
	err *e = constraint_parse(a, range, &c);

	if (e) {
		err_free(e);
		return false;
	}
	return constraint_check(c, &v);
}

/* ---- as an object of templates ----------------------------------------- */

static void set_text(struct arena *a, node map, str key, str value)
{
	node_set(a, map, key, node_from_str(a, value));
}

static node list_copy(struct arena *a, node list)
{
	node out = value_seq(a, GO_SLICE, node_len(list));

	node_each_item(i, list)
		node_append(a, out, *i);
	return out;
}

static node maintainer_objects(struct arena *a, node list)
{
	node out = value_seq(a, GO_SLICE, node_len(list));

	node_each_item(i, list) {
		node m = value_map(a, GO_MAP, 3);

		set_text(a, m, S("Name"), node_str(node_get(*i, S("name"))));
		set_text(a, m, S("Email"), node_str(node_get(*i, S("email"))));
		set_text(a, m, S("URL"), node_str(node_get(*i, S("url"))));
		node_append(a, out, m);
	}
	return out;
}

static node dependency_object(struct arena *a, const struct chart_dependency *d)
{
	node m = value_map(a, GO_MAP, 8);

	set_text(a, m, S("Name"), d->name);
	set_text(a, m, S("Version"), d->version);
	set_text(a, m, S("Repository"), d->repository);
	set_text(a, m, S("Condition"), d->condition);
	node_set(a, m, S("Tags"), list_copy(a, d->tags));
	node_set(a, m, S("Enabled"), node_from_bool(d->enabled));
	node_set(a, m, S("ImportValues"), list_copy(a, d->import_values));
	set_text(a, m, S("Alias"), d->alias);
	return m;
}

node meta_object(struct arena *a, const struct chart_meta *m)
{
	node out = value_map(a, GO_MAP, 18), annotations;
	node deps = value_seq(a, GO_SLICE, m->deps_n);

	for (size_t i = 0; i < TEXTS; i++)
		set_text(a, out, str_c(texts[i].go), *text_at(m, i));
	for (size_t i = 0; i < m->deps_n; i++)
		node_append(a, deps, dependency_object(a, &m->deps[i]));
	annotations = value_map(a, m->annotations.kind == NODE_MAP ? GO_STRING_MAP
								   : GO_NIL_STRING_MAP, 0);
	node_each_pair(p, m->annotations)
		node_put(a, annotations, p->key, p->value);
	node_set(a, out, S("Sources"), list_copy(a, m->sources));
	node_set(a, out, S("Keywords"), list_copy(a, m->keywords));
	node_set(a, out, S("Maintainers"), maintainer_objects(a, m->maintainers));
	node_set(a, out, S("Deprecated"), node_from_bool(m->deprecated));
	node_set(a, out, S("Annotations"), annotations);
	node_set(a, out, S("Dependencies"), deps);
	return out;
}

/* ---- as a file --------------------------------------------------------- */

static void add_text(struct arena *a, node map, str key, str value)
{
	if (value.n)
		set_text(a, map, key, value);
}

static void add_node(struct arena *a, node map, str key, node value)
{
	if (node_len(value))
		node_set(a, map, key, value);
}

node meta_dependency_tree(struct arena *a, const struct chart_dependency *d)
{
	node out = node_map(a, 8);

	set_text(a, out, S("name"), d->name);
	add_text(a, out, S("version"), d->version);
	set_text(a, out, S("repository"), d->repository);
	add_text(a, out, S("condition"), d->condition);
	add_node(a, out, S("tags"), d->tags);
	if (d->enabled)
		node_set(a, out, S("enabled"), node_from_bool(true));
	add_node(a, out, S("import-values"), d->import_values);
	add_text(a, out, S("alias"), d->alias);
	return out;
}

node meta_tree(struct arena *a, const struct chart_meta *m)
{
	node out = node_map(a, 18), deps = node_seq(a, m->deps_n);

	for (size_t i = 0; i < TEXTS; i++)
		add_text(a, out, texts[i].key, *text_at(m, i));
	for (size_t i = 0; i < m->deps_n; i++)
		node_append(a, deps, meta_dependency_tree(a, &m->deps[i]));
	add_node(a, out, S("sources"), m->sources);
	add_node(a, out, S("keywords"), m->keywords);
	add_node(a, out, S("maintainers"), m->maintainers);
	add_node(a, out, S("annotations"), m->annotations);
	add_node(a, out, S("dependencies"), deps);
	if (m->deprecated)
		node_set(a, out, S("deprecated"), node_from_bool(true));
	return out;
}
