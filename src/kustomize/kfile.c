#include "kustomize/kfile.h"

#include "base/buf.h"
#include "text/path.h"
#include "value/yaml.h"

const str kfile_names[3] = {
	{ "kustomization.yaml", 18 }, { "kustomization.yml", 17 }, { "Kustomization", 13 },
};

/* Deprecated fields, in the order in which kustomize warns about them. */
static const struct {
	str name;
	const char *instead;
	bool experimental;
} deprecated[] = {
	{ { "bases", 5 }, "resources", false },
	{ { "commonLabels", 12 }, "labels", false },
	{ { "imageTags", 9 }, "images", false },
	{ { "patchesJson6902", 15 }, "patches", false },
	{ { "patchesStrategicMerge", 21 }, "patches", false },
	{ { "vars", 4 }, "replacements", true },
};

static void warn(struct arena *a, struct kfile *k)
{
	for (size_t i = 0; i < sizeof deprecated / sizeof *deprecated; i++)
		if (node_has(k->root, deprecated[i].name))
			avec_push(a, &k->warnings,
				  arena_printf(a,
					       "# Warning: '%s' is deprecated. Please use '%s' instead. "
					       "%sRun 'kustomize edit fix' to update your Kustomization "
					       "automatically.",
					       deprecated[i].name.p, deprecated[i].instead,
					       deprecated[i].experimental ? "[EXPERIMENTAL] " : ""));
}

/* ---- yesterday's fields ------------------------------------------------ */

static void move_list(struct arena *a, node root, str from, str to)
{
	node old = node_get(root, from), list = node_get(root, to);

	node_remove(root, from);
	if (old.kind != NODE_SEQ)
		return;
	if (list.kind != NODE_SEQ) {
		node_set(a, root, to, old);
		return;
	}
	node_each_item(i, old)
		node_append(a, list, *i);
}

static void move_env(struct arena *a, node generators)
{
	node_each_item(g, generators) {
		str env = node_str(node_get(*g, S("env")));
		node envs = node_get(*g, S("envs"));

		node_remove(*g, S("env"));
		if (!env.n)
			continue;
		if (envs.kind != NODE_SEQ) {
			envs = node_seq(a, 1);
			node_set(a, *g, S("envs"), envs);
		}
		node_append(a, envs, node_from_str(a, env));
	}
}

static void move_field(struct arena *a, node from, str name, node to, str as)
{
	node value = node_get(from, name);

	if (value.kind != NODE_NONE)
		node_set(a, to, as, value);
}

/* helmChartInflationGenerator: helmCharts and helmGlobals in one. */
static void move_helm(struct arena *a, node root)
{
	static const str fields[][2] = {
		{ { "chartName", 9 }, { "name", 4 } },
		{ { "chartVersion", 12 }, { "version", 7 } },
		{ { "chartRepoUrl", 12 }, { "repo", 4 } },
		{ { "values", 6 }, { "valuesFile", 10 } },
		{ { "valuesLocal", 11 }, { "valuesInline", 12 } },
		{ { "valuesMerge", 11 }, { "valuesMerge", 11 } },
		{ { "releaseName", 11 }, { "releaseName", 11 } },
	};
	node old = node_get(root, S("helmChartInflationGenerator"));
	node charts = node_get(root, S("helmCharts")), globals = node_map(a, 2);

	node_remove(root, S("helmChartInflationGenerator"));
	if (old.kind != NODE_SEQ)
		return;
	if (charts.kind != NODE_SEQ && node_len(old)) {
		charts = node_seq(a, node_len(old));
		node_set(a, root, S("helmCharts"), charts);
	}
	node_each_item(i, old) {
		node chart = node_map(a, 8);

		for (size_t f = 0; f < sizeof fields / sizeof *fields; f++)
			move_field(a, *i, fields[f][0], chart, fields[f][1]);
		chart.place = i->place;
		node_append(a, charts, chart);
		move_field(a, *i, S("chartHome"), globals, S("chartHome"));
		move_field(a, *i, S("helmHome"), globals, S("configHome"));
	}
	if (node_len(globals) && !node_has(root, S("helmGlobals")))
		node_set(a, root, S("helmGlobals"), globals);
}

static void modernize(struct arena *a, node root)
{
	move_list(a, root, S("bases"), S("resources"));
	move_list(a, root, S("imageTags"), S("images"));
	move_env(a, node_get(root, S("configMapGenerator")));
	move_env(a, node_get(root, S("secretGenerator")));
	move_helm(a, root);
}

/* ---- checks ------------------------------------------------------------ */

/* Go's omitempty: an empty text is an unset field, an empty list is not. */
static bool is_empty(node root)
{
	node_each_pair(p, root) {
		str name = node_str(p->key);

		if (str_eq(name, S("kind")) || str_eq(name, S("apiVersion")))
			continue;
		if (p->value.kind != NODE_STR || node_str(p->value).n)
			return false;
	}
	return true;
}

static err *check_kind(struct arena *a, struct kfile *k, struct sources *sources, str dir)
{
	node have_kind = node_get(k->root, S("kind")), have_version = node_get(k->root, S("apiVersion"));
	str kind = node_str(have_kind), version = node_str(have_version), wanted;
	CLEANUP(buf_release) struct buf why = BUF_INIT;

	if (!kind.n)
		kind = S("Kustomization");
	k->component = str_eq(kind, S("Component"));
	wanted = k->component ? S("kustomize.config.k8s.io/v1alpha1")
			      : S("kustomize.config.k8s.io/v1beta1");
	bool bad_kind = !k->component && !str_eq(kind, S("Kustomization"));

	if (bad_kind)
		buf_addf(&why, "kind should be Kustomization or Component");
	if (version.n && !str_eq(version, wanted))
		buf_addf(&why, "%sapiVersion for %.*s should be %s", why.n ? "\n" : "",
			 STR_ARG(kind), wanted.p);
	if (why.n)
		return sources_err(sources, bad_kind ? have_kind.place : have_version.place,
				   err_new(ERR_INVALID,
					   "Failed to read kustomization file under %.*s:\n%s",
					   STR_ARG(dir), buf_c(&why)));
	node_set(a, k->root, S("kind"), node_from_str(a, kind));
	node_set(a, k->root, S("apiVersion"), node_from_str(a, wanted));
	return NULL;
}

void kfile_set_kind(struct arena *a, node root)
{
	if (!node_str(node_get(root, S("kind"))).n)
		node_set(a, root, S("kind"), node_lit("Kustomization"));
	bool component = str_eq(node_str(node_get(root, S("kind"))), S("Component"));

	if (!node_str(node_get(root, S("apiVersion"))).n)
		node_set(a, root, S("apiVersion"),
			 component ? node_lit("kustomize.config.k8s.io/v1alpha1")
				   : node_lit("kustomize.config.k8s.io/v1beta1"));
}

static err *read_root(struct arena *a, str text, str name, struct sources *sources, bool lenient,
		      node *out)
{
	const struct yaml_options rules = {
		.rules = YAML_1_1, .json = true, .sources = sources, .name = name,
	};
	const struct typed_options fit = { .strict = !lenient, .sources = sources };
	node raw;
	err *e = yaml_read(a, text, &rules, &raw);
	str why = e ? err_text(e) : STR_NONE;

	/* kustomize converts the file to JSON itself, without saying so. */
	if (str_take_str(&why, S("error converting YAML to JSON: ")))
		e = err_replace(e, "%.*s", STR_ARG(why));
	if (!e)
		e = typed_fit(a, raw, &kfile_type, &fit, out);
	return e ? err_wrap(e, "invalid Kustomization") : NULL;
}

err *kfile_load(struct arena *a, const struct loader *l, str *text, str *name)
{
	unsigned found = 0;

	for (size_t i = 0; i < 3; i++) {
		str path = path_join(a, l->root, kfile_names[i]), bytes;

		if (l->files->type(l->files, path) == FILE_NONE)
			continue;
		err *e = loader_read(a, l, kfile_names[i], &bytes, NULL);

		if (e) {
			err_free(e);
			continue;
		}
		found++;
		*text = bytes;
		*name = kfile_names[i];
	}
	if (found > 1)
		return err_new(ERR_INVALID, "Found multiple kustomization files under: %.*s\n",
			       STR_ARG(l->root));
	if (!found)
		return err_new(ERR_NOT_FOUND,
			       "unable to find one of 'kustomization.yaml', 'kustomization.yml' or "
			       "'Kustomization' in directory '%.*s'",
			       STR_ARG(l->root));
	return NULL;
}

err *kfile_read(struct arena *a, str text, str name, bool lenient, node *out)
{
	TRY(read_root(a, text, name, NULL, lenient, out));
	if (out->kind != NODE_MAP)
		*out = node_map(a, 4);
	modernize(a, *out);
	kfile_set_kind(a, *out);
	return NULL;
}

err *kfile_read_as_is(struct arena *a, str text, str name, struct sources *sources, node *out)
{
	TRY(read_root(a, text, name, sources, false, out));
	if (out->kind != NODE_MAP)
		*out = node_map(a, 0);
	return NULL;
}

err *kfile_parse(struct arena *a, str text, str name, str dir, struct sources *sources,
		 bool lenient, struct kfile *out)
{
	struct kfile k = { 0 };

	TRY(read_root(a, text, name, sources, lenient, &k.root));
	warn(a, &k);
	out->warnings = k.warnings;
	modernize(a, k.root);
	if (is_empty(k.root))
		return err_at(err_new(ERR_INVALID, "kustomization.yaml is empty"), name, 1, 1);
	TRY(check_kind(a, &k, sources, dir));
	*out = k;
	return NULL;
}
