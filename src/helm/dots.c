#include "helm/dots.h"

#include "base/map.h"
#include "helm/objects.h"
#include "helm/values.h"
#include "text/path.h"

/* ---- dots -------------------------------------------------------------- */

struct maker {
	struct arena *a;
	node release, caps;
	VEC(struct engine_file) files;
	VEC(node) dots;
	struct map seen;	/* name -> index + 1 */
};

static node files_object(struct arena *a, const struct chart_files *files)
{
	node out = objects_files(a, files->n);

	for (size_t i = 0; i < files->n; i++)
		objects_add_file(a, out, files->p[i].name, files->p[i].data);
	return out;
}

static void add_file(struct maker *m, str name, str text, str base, node dot)
{
	const struct engine_file f = { name, text, base };
	size_t at = (size_t)(uintptr_t)map_get(&m->seen, name);

	if (at) {
		m->files.p[at - 1] = f;
		m->dots.p[at - 1] = dot;
		return;
	}
	avec_push(m->a, &m->files, f);
	avec_push(m->a, &m->dots, dot);
	map_set(&m->seen, name, (void *)(uintptr_t)m->files.n);
}

static void add_templates(struct maker *m, const struct chart *c, str path, node dot)
{
	bool library = str_eq_nocase(c->meta.type, S("library"));
	str base = arena_cat(m->a, path, S("/templates"));

	for (size_t i = 0; i < c->templates.n; i++) {
		const struct chart_file *f = &c->templates.p[i];

		if (library && !str_starts(path_base(f->name), S("_")))
			continue;
		add_file(m, path_join(m->a, path, f->name), f->data, base, dot);
	}
}

/* `parent` is the dot of the chart above, NODE_NONE for the root. */
static node add_chart(struct maker *m, const struct chart *c, node parent, node values)
{
	struct arena *a = m->a;
	node dot = value_map(a, GO_MAP, 8), subs = value_map(a, GO_MAP, c->subs_n);
	node meta = meta_object(a, &c->meta);

	if (parent.kind == NODE_MAP) {
		str path = arena_cat(a, S("Values."), c->meta.name);

		values = values_table(parent, path, NULL);
		if (values.kind != NODE_MAP)
			values = node_map(a, 0);
	}
	values.type = GO_VALUES;
	node_set(a, meta, S("IsRoot"), node_from_bool(!c->parent));
	node_set(a, dot, S("Chart"), meta);
	node_set(a, dot, S("Files"), files_object(a, &c->files));
	node_set(a, dot, S("Release"), m->release);
	node_set(a, dot, S("Capabilities"), m->caps);
	node_set(a, dot, S("Values"), values);
	node_set(a, dot, S("Subcharts"), subs);
	for (size_t i = 0; i < c->subs_n; i++)
		node_set(a, subs, c->subs[i]->meta.name,
			 add_chart(m, c->subs[i], dot, NODE_NOTHING));
	add_templates(m, c, chart_full_path(a, c), dot);
	return dot;
}

static node release_object(struct arena *a, const struct dots_release *r)
{
	node out = value_map(a, GO_MAP, 6);

	node_set(a, out, S("Name"), node_from_str(a, r->name));
	node_set(a, out, S("Namespace"), node_from_str(a, r->ns));
	node_set(a, out, S("IsUpgrade"), node_from_bool(r->is_upgrade));
	node_set(a, out, S("IsInstall"), node_from_bool(!r->is_upgrade && !r->is_linted));
	node_set(a, out, S("Revision"), value_int(r->revision));
	node_set(a, out, S("Service"), node_lit("Helm"));
	return out;
}

void dots_make(struct arena *a, const struct chart *c, node values,
		  const struct dots_release *release, const struct caps *caps,
		  struct dots *out)
{
	struct maker m = { .a = a, .release = release_object(a, release),
			   .caps = caps_object(a, caps) };

	add_chart(&m, c, NODE_NOTHING, values);
	map_release(&m.seen);
	for (size_t i = 0; i < m.dots.n; i++)
		m.dots.p[i].type = GO_VALUES;
	*out = (struct dots){ m.files.p, m.dots.p, m.files.n };
}
