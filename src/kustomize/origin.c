/* Where resources came from, as annotations that buildMetadata asks for. */
#include "kustomize/build_impl.h"
#include "kustomize/repourl.h"
#include "text/path.h"
#include "value/yaml.h"

static const str origin_key = { "config.kubernetes.io/origin", 27 };
static const str changes_key = { "alpha.config.kubernetes.io/transformations", 42 };

struct place origin_enter(struct arena *a, struct place from, str path)
{
	struct repourl url;

	if (repourl_parse(a, path, &url)) {
		from.repo = url.clone;
		from.ref = url.ref;
		from.path = STR_NONE;
		path = url.path;
	}
	from.path = path_join(a, from.path, path);
	return from;
}

/* One entry, its fields in the order in which kustomize writes them. */
static void print(struct buf *b, const char *indent, const char *key, str value)
{
	if (!value.n)
		return;
	buf_addf(b, "%s%s: ", indent, key);
	err_free(yaml_write(b, (node){ .kind = NODE_STR, .n = (uint32_t)value.n & NODE_LONG,
				       .text = value.p },
			    YAML_WRITE_V3_COMPACT));
}

/* What made or changed something: `by` is the kind, or the plugin's object. */
static str maker_text(struct arena *a, const struct root *r, str file, const char *kind,
		      const struct resource *by)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	print(&b, "", "repo", r->place.repo);
	print(&b, "", "ref", r->place.ref);
	print(&b, "", "configuredIn", file);
	buf_add(&b, S("configuredBy:\n"));
	print(&b, "  ", "apiVersion", by ? gvk_api_version(a, resource_gvk(by)) : S("builtin"));
	print(&b, "  ", "kind", by ? resource_kind(by) : str_c(kind));
	if (by) {
		print(&b, "  ", "name", resource_name(by));
		print(&b, "  ", "namespace", resource_ns(by));
	}
	return arena_str(a, buf_str(&b));
}

static str builtin_text(struct arena *a, const struct root *r, const char *kind)
{
	return maker_text(a, r, path_join(a, r->place.path, r->file_name), kind, NULL);
}

void origin_of_file(struct build *b, const struct root *r, struct resmap *m, str path)
{
	struct arena *a = b->t.a;
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (!b->track)
		return;
	struct place place = origin_enter(a, r->place, path);

	print(&text, "", "path", place.path);
	print(&text, "", "repo", place.repo);
	print(&text, "", "ref", place.ref);
	for (size_t i = 0; i < m->n; i++)
		resource_annotate(a, m->list[i], origin_key, arena_str(a, buf_str(&text)));
}

void origin_of_generated(struct build *b, const struct root *r, struct resmap *m, const char *kind)
{
	if (!b->track)
		return;
	for (size_t i = 0; i < m->n; i++)
		if (!node_has(resource_annotations(m->list[i]), origin_key))
			resource_annotate(b->t.a, m->list[i], origin_key,
					  builtin_text(b->t.a, r, kind));
}

/* "key: value" lines as one item of a list. */
static str as_item(struct arena *a, str text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str line;

	for (bool first = true; str_cut(&text, &line, '\n'); first = false)
		buf_addf(&b, "%s%.*s\n", first ? "- " : "  ", STR_ARG(line));
	return arena_str(a, buf_str(&b));
}

static void add_change(struct build *b, struct resmap *m, str text)
{
	for (size_t i = 0; i < m->n; i++) {
		node annotations = resource_annotations(m->list[i]);
		str have = node_str(node_get(annotations, changes_key));

		/* What nothing is known about is taken to come from here. */
		if (!node_has(annotations, origin_key))
			resource_annotate(b->t.a, m->list[i], origin_key, text);
		else
			resource_annotate(b->t.a, m->list[i], changes_key,
					  arena_cat(b->t.a, have, as_item(b->t.a, text)));
	}
}

void origin_transformed(struct build *b, const struct root *r, struct resmap *m, const char *kind)
{
	if (b->track)
		add_change(b, m, builtin_text(b->t.a, r, kind));
}

/* The plugin's own origin says in which file it is configured. */
static str plugin_file(struct build *b, const struct root *r, const struct resource *plugin)
{
	str origin = node_str(node_get(resource_annotations(plugin), origin_key));

	if (str_take_str(&origin, S("path: ")))
		return str_sub(origin, 0, str_find_char(origin, '\n'));
	return path_join(b->t.a, r->place.path, r->file_name);
}

void origin_of_plugin(struct build *b, const struct root *r, struct resmap *m,
		      const struct resource *plugin, bool changed)
{
	if (!b->track)
		return;
	str text = maker_text(b->t.a, r, plugin_file(b, r, plugin), NULL, plugin);

	if (changed) {
		add_change(b, m, text);
		return;
	}
	for (size_t i = 0; i < m->n; i++)
		if (!node_has(resource_annotations(m->list[i]), origin_key))
			resource_annotate(b->t.a, m->list[i], origin_key, text);
}
