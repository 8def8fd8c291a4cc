#include "cli/kustomize_helm.h"

#include "cli/helm.h"
#include "helm/values.h"
#include "kube/merge.h"
#include "kustomize/files.h"
#include "kustomize/value.h"
#include "text/path.h"
#include "value/yaml.h"

/* One chart on its way. */
struct inflation {
	struct kustomize_charts *k;
	struct arena *a;
	const struct loader *l;
	node chart;		/* as the kustomization file describes it */
	str name, dir;
};

static str field(const struct inflation *f, const char *name)
{
	return node_str(node_get(f->chart, str_c(name)));
}

/* ---- where ------------------------------------------------------------- */

static str chart_home(struct inflation *f, node globals)
{
	str home = node_str(node_get(globals, S("chartHome")));
	str version = field(f, "version");

	if (!home.n)
		home = S("charts");
	if (!path_is_abs(home))
		home = path_join(f->a, f->l->root, home);
	if (version.n && field(f, "repo").n)
		home = path_join(f->a, home, arena_cat(f->a, f->name, S("-"), version));
	return home;
}

static err *find_chart(struct inflation *f, node globals)
{
	str home = chart_home(f, globals), repo = field(f, "repo");

	f->dir = path_join(f->a, home, f->name);
	if (f->l->files->type(f->l->files, f->dir) == FILE_DIR)
		return NULL;
	if (!repo.n)
		return err_new(ERR_NOT_FOUND, "no repo specified for pull, no chart found at '%.*s'",
			       STR_ARG(f->dir));
	return err_new(ERR_UNAVAILABLE,
		       "chart '%.*s' of %.*s is not in '%.*s' and cannot be fetched here: unpack it there, "
		       "as \"helm pull --untar --untardir\" does",
		       STR_ARG(f->name), STR_ARG(repo), STR_ARG(home));
}

/* ---- values ------------------------------------------------------------ */

static err *read_kept(struct inflation *f, str text, node *out)
{
	static const struct yaml_options kept = { .rules = YAML_1_2, .numbers = YAML_NUMBERS_TEXT };

	TRY(yaml_read(f->a, text, &kept, out));
	if (node_is_nil(*out))
		*out = node_map(f->a, 0);
	return NULL;
}

/* The chart's file and the inline values, one over the other. */
static err *merge_inline(struct inflation *f, str text, node inline_values, str how, node *out)
{
	CLEANUP(buf_release) struct buf merged = BUF_INIT, own = BUF_INIT;
	static const struct merge_options replace_lists = { 0 };
	node file, mine, result;

	TRY(yaml_write(&own, inline_values, YAML_WRITE_SIGS));
	TRY(read_kept(f, arena_str(f->a, buf_str(&own)), &mine));
	if (str_eq(how, S("replace"))) {
		result = mine;
	} else {
		bool file_wins = str_eq(how, S("merge"));

		TRY(read_kept(f, text, &file));
		TRY(merge_strategic(f->a, file_wins ? mine : file, file_wins ? file : mine,
				    &replace_lists, &result));
	}
	TRY(value_of(f->a, result, false, &result));
	TRY(yaml_write(&merged, result, YAML_WRITE_SIGS));
	return values_read(f->a, arena_str(f->a, buf_str(&merged)), out);
}

static err *own_values(struct inflation *f, node *out)
{
	node inline_values = node_get(f->chart, S("valuesInline"));
	str file = field(f, "valuesFile"), how = field(f, "valuesMerge"), text = STR_NONE;

	if (!how.n)
		how = S("override");
	if (!str_eq(how, S("merge")) && !str_eq(how, S("override")) && !str_eq(how, S("replace")))
		return err_new(ERR_INVALID, "valuesMerge must be one of [merge override replace]");
	if (!node_len(inline_values) || !str_eq(how, S("replace")))
		TRY(loader_read(f->a, f->l, file.n ? file : path_join(f->a, f->dir, S("values.yaml")),
				&text, NULL));
	if (node_len(inline_values))
		return merge_inline(f, text, inline_values, how, out);
	return values_read(f->a, text, out);
}

static err *all_values(struct inflation *f, node *out)
{
	TRY(own_values(f, out));
	node_each_item(file, node_get(f->chart, S("additionalValuesFiles"))) {
		str text;
		node values;
		err *e = loader_read(f->a, f->l, node_str(*file), &text, NULL);

		if (e)
			return err_wrap(e, "could not load additionalValuesFile");
		TRY(values_read(f->a, text, &values));
		*out = values_merge(f->a, *out, values);
	}
	return NULL;
}

/* ---- rendering --------------------------------------------------------- */

static struct caps capabilities(struct inflation *f)
{
	const struct flag_list *given = f->k->api_versions;
	node own = node_get(f->chart, S("apiVersions"));
	str *list = arena_array(f->a, str, node_len(own) + 1);
	size_t n = 0;

	if (given->n)
		return caps_offline(f->a, given->p, given->n);
	node_each_item(i, own)
		list[n++] = node_str(*i);
	return caps_offline(f->a, list, n);
}

static err *release_name(struct inflation *f, str *out)
{
	str template = field(f, "nameTemplate");

	*out = field(f, "releaseName");
	if (template.n)
		return helm_name_from_template(f->k->c, template, out);
	if (!out->n)
		*out = S("release-name");
	return NULL;
}

static err *render(struct inflation *f, node values, struct buf *out)
{
	const struct chart_options options = { 0 };
	const struct helm_print print = {
		.crds = node_bool(node_get(f->chart, S("includeCRDs"))),
		.no_hooks = node_bool(node_get(f->chart, S("skipHooks"))),
		.no_tests = node_bool(node_get(f->chart, S("skipTests"))),
	};
	str kube = f->k->kube_version.n ? f->k->kube_version : field(f, "kubeVersion");
	struct caps caps = capabilities(f);
	struct helm_world world;
	struct render_options ro = { .release = { .revision = 1 }, .caps = &caps };
	struct render r;
	struct chart *chart;

	helm_world_init(f->k->c, &world);
	ro.tmpl = &world.options;
	ro.release.ns = field(f, "namespace");
	if (!ro.release.ns.n)
		ro.release.ns = S("default");
	TRY(release_name(f, &ro.release.name));
	if (kube.n)
		TRY(caps_parse_version(f->a, kube, &caps.kube));
	TRY(chart_load(f->a, f->dir, &options, &chart));
	TRY(chart_check_dependencies(f->a, chart));
	TRY(render_chart(f->a, chart, values, &ro, &r));
	helm_add_manifests(&print, &r, out);
	return buf_check(out, "the chart's manifests");
}

static err *inflate(struct kustomize_helm *h, struct arena *a, const struct loader *l, node chart,
		    node globals, str *text)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct inflation f = { .k = (struct kustomize_charts *)h, .a = a, .l = l, .chart = chart };
	node values;

	f.name = field(&f, "name");
	if (!f.name.n)
		return err_new(ERR_INVALID, "chart name cannot be empty");
	TRY(find_chart(&f, globals));
	TRY(all_values(&f, &values));
	err *e = render(&f, values, &out);

	if (e)
		return err_wrap(e, "chart '%.*s'", STR_ARG(f.name));
	*text = arena_str(a, buf_str(&out));
	return NULL;
}

void kustomize_helm_init(struct kustomize_charts *k, struct cli *c, str kube_version,
			   const struct flag_list *api_versions)
{
	*k = (struct kustomize_charts){ .hook = { .inflate = inflate }, .c = c,
					.kube_version = kube_version, .api_versions = api_versions };
}
