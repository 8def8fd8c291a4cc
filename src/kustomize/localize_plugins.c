/* The files that built-in generators and transformers name. */
#include "kustomize/build.h"
#include "kustomize/fieldspec.h"
#include "kustomize/localize_impl.h"
#include "kustomize/scalar.h"

struct visit {
	struct copying *c;
	localize_reference *how;
};

static err *visit_scalar(struct visit *v, struct arena *a, node *value)
{
	str before, now;

	if (value->kind == NODE_MAP || value->kind == NODE_SEQ)
		return scalar_wrong_kind(*value, "ScalarNode");
	before = node_text(a, *value);
	TRY(v->how(v->c, before, &now));
	if (!str_eq(before, now))
		*value = scalar_untagged(a, *value, now);
	return NULL;
}

static err *visit(void *context, struct arena *a, node *value)
{
	if (value->kind == NODE_MAP)
		return err_new(ERR_INVALID, "expected sequence or scalar node");
	if (value->kind != NODE_SEQ)
		return visit_scalar(context, a, value);
	node_each_item(i, *value)
		TRY(visit_scalar(context, a, i));
	return NULL;
}

static const struct {
	str kind, path;
	localize_reference *how;
} fields[] = {
	{ S("ConfigMapGenerator"), S("env"), localize_file },
	{ S("ConfigMapGenerator"), S("envs"), localize_file },
	{ S("SecretGenerator"), S("env"), localize_file },
	{ S("SecretGenerator"), S("envs"), localize_file },
	{ S("HelmChartInflationGenerator"), S("valuesFile"), localize_file },
	{ S("HelmChartInflationGenerator"), S("additionalValuesFiles"), localize_file },
	{ S("PatchTransformer"), S("path"), localize_file },
	{ S("PatchJson6902Transformer"), S("path"), localize_file },
	{ S("ReplacementTransformer"), S("replacements/path"), localize_file },
	{ S("ConfigMapGenerator"), S("files"), localize_file_source },
	{ S("SecretGenerator"), S("files"), localize_file_source },
	{ S("PatchStrategicMergeTransformer"), S("paths"), localize_object },
};

static err *chart_home(struct copying *c, const struct resource *r)
{
	struct arena *a = c->z->a;
	struct visit v = { c, localize_chart_home };
	node *home = node_find(r->object, S("chartHome"));
	str now;

	if (!str_eq(node_str(node_get(r->object, S("apiVersion"))), S("builtin")) ||
	    !str_eq(resource_kind(r), S("HelmChartInflationGenerator")))
		return NULL;
	err *e = home ? visit_scalar(&v, a, home) : localize_chart_home(c, STR_NONE, &now);

	return e ? err_wrap(e, "plugin %.*s", STR_ARG(resid_text(a, resource_id(r)))) : NULL;
}

static err *one(struct copying *c, struct resource *r)
{
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		struct visit v = { c, fields[i].how };
		const struct fieldspec spec = {
			.gvk = { .version = S("builtin"), .kind = fields[i].kind },
			.path = fields[i].path,
		};

		TRY(fieldspec_walk(c->z->a, r->object, &spec, NODE_NONE, visit, &v));
	}
	return chart_home(c, r);
}

static err *entry(struct copying *c, const char *list, node *value)
{
	struct arena *a = c->z->a;
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	str name = node_str(*value), now;
	struct resmap *m;
	bool is_file;
	err *e = localize_load(c, name, &m, &is_file);

	if (e)
		return err_wrap(e, "unable to load %s entry", list);
	for (size_t i = 0; i < m->n; i++)
		TRY(one(c, m->list[i]));
	e = kustomize_print(a, c->z->o->sources, m, &text);
	if (e)
		return err_wrap(e, "unable to serialize localized %s entry %s", list,
				localize_quoted(a, name).p);
	now = arena_str(a, buf_str(&text));
	if (is_file) {
		e = localize_text(c, name, now, &now);
		if (e)
			return err_wrap(e, "unable to localize %s entry", list);
	}
	*value = node_from_str(a, now);
	return NULL;
}

err *localize_plugins(struct copying *c, node root)
{
	static const char *const lists[] = { "generators", "transformers", "validators" };

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		node list = node_get(root, str_c(lists[i]));

		node_each_item(item, list) {
			err *e = entry(c, lists[i], item);

			if (e)
				return sources_err(c->z->o->sources, item->place, e);
		}
	}
	return NULL;
}
