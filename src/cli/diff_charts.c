#include "cli/diff_charts.h"

#include "cli/flux.h"
#include "cli/helm.h"
#include "client/applyset.h"
#include "controllers/chartrepo.h"
#include "controllers/postrender.h"
#include "helm/values.h"
#include "kube/gvk.h"
#include "release/release.h"
#include "text/base64.h"
#include "text/path.h"
#include "value/yaml.h"

enum { VALUES_MAX = 4 << 20 };

/* A release of one side, and what it is made of. */
struct made {
	struct diff_charts *d;
	struct diff_side *side;
	str namespace, name; /* of the HelmRelease */
	str release, target; /* Helm's name, and where it goes */
	node spec, values;
	str dir;                 /* of a chart in the repository; empty: elsewhere */
	str url, chart, version; /* of one elsewhere; the version may be a range */
	bool oci;
	node values_files;
	bool skip_missing; /* of those */
	str unknown;       /* why the chart cannot be had; empty: it can */
	str key;           /* equal for what makes the same objects */
};

void diff_charts_release(struct diff_charts *d)
{
	net_client_drop(&d->net);
	map_release(&d->fetched);
}

/* ---- what a release is made of ------------------------------------------- */

static str field(node n, const char *name)
{
	return node_str(node_get(n, str_c(name)));
}

static node find(const struct made *m, str group, str kind, str namespace, str name)
{
	struct objid id = { .group = group, .kind = kind, .namespace = namespace, .name = name };
	const node *found = map_get(&m->side->objects, objid_print(m->d->c->arena, &id));

	return found ? *found : NODE_NOTHING;
}

static node find_source(const struct made *m, str kind, str namespace, str name)
{
	return find(m, S("source.toolkit.fluxcd.io"), kind, namespace, name);
}

/* Of a ConfigMap or Secret of the repository; false: not to be had from there. */
static bool value_of(const struct made *m, node ref, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(VALUES_MAX);
	str kind = field(ref, "kind"), key = field(ref, "valuesKey");
	node object = find(m, STR_NONE, kind, m->namespace, field(ref, "name"));
	node value = node_get(node_get(object, S("data")), key.n ? key : S("values.yaml"));

	if (!node_is(value, NODE_STR) || node_len(node_get(object, S("sops"))))
		return false;
	*out = node_str(value);
	if (!str_eq(kind, S("Secret")))
		return true;
	CLEANUP(err_drop) err *e = base64_read(&b, *out, BASE64_STD);

	*out = arena_str(m->d->c->arena, buf_str(&b));
	return !e;
}

static err *collect_values(struct made *m)
{
	struct arena *a = m->d->c->arena;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node values = node_get(m->spec, S("values")), own = node_map(a, 0);
	struct values_given g;

	if (node_is(values, NODE_MAP)) {
		TRY(yaml_write(&b, values, YAML_WRITE_SIGS)); /* numbers as Helm reads them */
		TRY(values_read(a, arena_str(a, buf_str(&b)), &own));
	}
	values = node_map(a, 8);
	node_each_item(ref, node_get(m->spec, S("valuesFrom"))) {
		if (!value_of(m, *ref, &g.text))
			continue;
		g.path = field(*ref, "targetPath");
		g.literal = node_bool(node_get(*ref, S("literal")));
		TRY(values_add(a, &g, own, &values));
	}
	m->values = values_merge(a, values, own);
	return NULL;
}

static void of_repository(struct made *m, node source)
{
	m->url = field(node_get(source, S("spec")), "url");
	m->oci = str_starts(m->url, S("oci://"));
	if (!m->url.n)
		m->unknown = S("its source is not in the repository");
	else if (node_len(node_dig(source, "spec", "secretRef")) ||
		 node_len(node_dig(source, "spec", "certSecretRef")) ||
		 node_str(node_dig(source, "spec", "serviceAccountName")).n)
		m->unknown = S("its source needs a login");
}

/* spec.chart.spec, or the spec of a HelmChart. */
static void of_chart(struct made *m, node spec, str namespace)
{
	node ref = node_get(spec, S("sourceRef"));
	str kind = field(ref, "kind"), of = node_str_or(node_get(ref, S("namespace")), namespace);
	str key = arena_cat(m->d->c->arena, kind, S("/"), of, S("/"), field(ref, "name"));

	m->chart = field(spec, "chart");
	m->version = field(spec, "version");
	m->values_files = node_get(spec, S("valuesFiles"));
	m->skip_missing = node_bool(node_get(spec, S("ignoreMissingValuesFiles")));
	if (str_eq(kind, S("HelmRepository")))
		of_repository(m, find_source(m, kind, of, field(ref, "name")));
	else if (str_eq(key, m->side->here))
		m->dir = path_join(m->d->c->arena, S("."), m->chart);
	else
		m->unknown = arena_cat(m->d->c->arena, S("its chart is in "), key);
}

/* spec.chartRef. */
static void of_reference(struct made *m, node ref)
{
	struct arena *a = m->d->c->arena;
	str kind = field(ref, "kind"),
	    of = node_str_or(node_get(ref, S("namespace")), m->namespace);
	node source = find_source(m, kind, of, field(ref, "name"));
	node version = node_dig(source, "spec", "ref");

	if (str_eq(kind, S("HelmChart")) && !node_is_nil(source)) {
		of_chart(m, node_get(source, S("spec")), of);
		return;
	}
	if (!str_eq(kind, S("OCIRepository")) || field(version, "digest").n) {
		m->unknown = arena_cat(a, S("its chart is in "), kind, S("/"), of, S("/"),
				       field(ref, "name"));
		return;
	}
	of_repository(m, source);
	if (m->unknown.n || !m->oci)
		return;
	m->version = node_str_or(node_get(version, S("semver")), field(version, "tag"));
	m->chart = path_base(m->url);
	m->url = arena_cat(a, S("oci:/"), path_dir(a, str_from(m->url, S("oci:/").n)));
}

static err *describe(struct diff_charts *d, struct diff_side *side, node release, struct made *m)
{
	struct arena *a = d->c->arena;
	CLEANUP(buf_release) struct buf key = BUF_INIT;
	node spec = node_get(release, S("spec")), ref = node_get(spec, S("chartRef"));

	*m = (struct made){ .d = d,
			    .side = side,
			    .spec = spec,
			    .namespace = flux_namespace(release),
			    .name = flux_name(release) };
	m->target = node_str_or(node_get(spec, S("targetNamespace")), m->namespace);
	m->release = field(spec, "releaseName");
	if (!m->release.n)
		m->release = str_eq(m->target, m->namespace)
				     ? m->name
				     : arena_cat(a, m->target, S("-"), m->name);
	TRY(collect_values(m));
	if (node_len(ref))
		of_reference(m, ref);
	else
		of_chart(m, node_dig(spec, "chart", "spec"), m->namespace);
	buf_addf(&key, "%.*s %.*s %.*s\n", STR_ARG(m->url), STR_ARG(m->chart), STR_ARG(m->version));
	TRY(yaml_write(&key, spec, YAML_WRITE_SIGS));
	TRY(yaml_write(&key, m->values, YAML_WRITE_SIGS));
	m->key = arena_str(a, buf_str(&key));
	return NULL;
}

/* ---- the chart ------------------------------------------------------------- */

static err *fetch(struct made *m, str *bytes)
{
	CLEANUP(chartrepo_drop) struct chartrepo *repo = NULL;
	struct diff_charts *d = m->d;
	const struct chartrepo_spec spec = { .url = m->url, .oci = m->oci };
	struct chartrepo_version found = { 0 };
	bool reference;

	if (!d->net)
		TRY(net_client_new(&d->net, &(struct net_options){ .proxy_env = true }));
	const struct chartrepo_env env = { .net = d->net };

	TRY(chartrepo_open(&repo, &env, &spec));
	TRY(chartrepo_find(repo, d->c->arena, m->chart, m->version, &found, &reference));
	return chartrepo_get(repo, d->c->arena, &found, bytes);
}

/* Each is fetched once. */
static err *fetch_once(struct made *m, str *bytes)
{
	struct arena *a = m->d->c->arena;
	str what = arena_cat(a, m->url, S(" "), m->chart, S(" "), m->version);
	str *kept = map_get(&m->d->fetched, what);

	if (!kept) {
		kept = arena_new(a, str);
		TRY(fetch(m, kept));
		map_set(&m->d->fetched, what, kept);
	}
	*bytes = *kept;
	return NULL;
}

/* Values files of a chart in a repository are named from its root. */
static err *read_values_file(const struct made *m, const struct chart *chart, str name, str *text)
{
	const struct chart_file *f;

	if (m->dir.n)
		return fs_read(m->side->root, m->d->c->arena, name, VALUES_MAX, text);
	f = chart_find_file(&chart->raw, name);
	if (!f)
		return err_new(ERR_NOT_FOUND, "no values file found at path '%.*s'", STR_ARG(name));
	*text = f->data;
	return NULL;
}

static err *take_values_files(const struct made *m, struct chart *chart)
{
	node values = node_map(m->d->c->arena, 8), one;
	str text;

	node_each_item(name, m->values_files) {
		err *e = read_values_file(m, chart, node_str(*name), &text);

		if (e && m->skip_missing && err_kind(e) == ERR_NOT_FOUND) {
			err_free(e);
			continue;
		}
		TRY(e);
		TRY(values_read(m->d->c->arena, text, &one));
		values = values_merge(m->d->c->arena, values, one);
	}
	if (node_len(m->values_files))
		chart->values = values;
	return NULL;
}

static err *load(struct made *m, struct chart **out)
{
	struct arena *a = m->d->c->arena;
	str bytes;

	if (m->dir.n) {
		TRY(chart_load_dir(a, m->side->root, m->dir, m->dir, NULL, out));
	} else {
		TRY(fetch_once(m, &bytes));
		TRY(chart_load_archive(a, bytes, NULL, out));
	}
	TRY(chart_check_dependencies(a, *out));
	return take_values_files(m, *out);
}

/* ---- its objects ----------------------------------------------------------- */

static err *post_render(void *ctx, struct arena *a, str in, str *out)
{
	const struct made *m = ctx;

	return postrender(a, m->spec, m->namespace, m->name, in, out);
}

static err *keep(struct made *m, str text)
{
	struct arena *a = m->d->c->arena;
	struct yaml_doc *docs;
	size_t n;

	TRY(yaml_read_all(a, text, YAML_KUBE, &docs, &n));
	for (size_t i = 0; i < n; i++) {
		node object = docs[i].root, meta = node_get(object, S("metadata")),
		     *kept = arena_new(a, node);

		if (!node_is(meta, NODE_MAP))
			continue;
		if (!flux_namespace(object).n && !gvk_is_cluster_scoped(gvk_of(object)))
			node_set(a, meta, S("namespace"), node_from_str(a, m->target));
		struct objid id = objid_of(object);

		*kept = applyset_normal(a, object);
		map_set(&m->side->objects, objid_print(a, &id), kept);
	}
	return NULL;
}

static err *keep_all(struct made *m, const struct manifest_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (!(l->p[i].events & HOOK_TEST))
			TRY(keep(m, l->p[i].text));
	return NULL;
}

/* Random words and the time are the same on both sides. */
static err *render(struct made *m, struct chart *chart)
{
	struct cli *c = m->d->c;
	struct caps caps = caps_offline(c->arena, NULL, 0);
	const str seed[] = { m->release, m->target, chart->meta.name };
	const struct release_how how = { .post_render = post_render, .post_ctx = m };
	struct helm_world world;
	struct render_options o = {
		.release = { .name = m->release, .ns = m->target, .revision = 1 }, .caps = &caps
	};
	struct render r;

	helm_world_init(c, &world);
	TRY(helm_world_seed(c, &world, seed, sizeof seed / sizeof *seed));
	o.tmpl = &world.options;
	TRY(render_chart(c->arena, chart, m->values, &o, &r));
	TRY(release_post_render(c->arena, &how, NULL, &r));
	for (size_t i = 0; i < r.crds_n; i++)
		TRY(keep(m, r.crds[i].text));
	TRY(keep_all(m, &r.manifests));
	return keep_all(m, &r.hooks);
}

/* ---- both sides -------------------------------------------------------------- */

static void leave(struct diff_charts *d, const struct made *m, str why)
{
	flux_warning(d->c, "HelmRelease/%.*s/%.*s is compared by what it says: %.*s",
		     STR_ARG(m->namespace), STR_ARG(m->name), STR_ARG(why));
}

static err *add_made(struct made *m, struct chart *chart)
{
	err *e = render(m, chart);

	return e ? err_wrap(e, "%s: HelmRelease/%.*s/%.*s", m->side->name, STR_ARG(m->namespace),
			    STR_ARG(m->name))
		 : NULL;
}

/* One release: of either side, or both. */
static err *add(struct diff_charts *d, struct made **m, size_t n)
{
	struct chart *charts[2];

	if (n == 2 && str_eq(m[0]->key, m[1]->key) && !m[0]->dir.n)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		CLEANUP(err_drop) err *e = m[i]->unknown.n ? NULL : load(m[i], &charts[i]);

		if (m[i]->unknown.n || e) {
			leave(d, m[i], e ? err_text(e) : m[i]->unknown);
			return NULL;
		}
	}
	for (size_t i = 0; i < n; i++)
		TRY(add_made(m[i], charts[i]));
	return NULL;
}

static bool is_release(node object)
{
	return flux_kind_find(node_str(node_get(object, S("kind")))) == FLUX_RELEASE;
}

err *diff_charts_add(struct diff_charts *d, struct diff_side *before, struct diff_side *after)
{
	size_t before_n = before->objects.n, after_n = after->objects.n;
	struct made was, is, *both[2];

	for (size_t i = 0; i < after_n; i++) {
		const node *new = after->objects.entries[i].value;
		const node *old = map_get(&before->objects, after->objects.entries[i].key);
		size_t n = 0;

		if (!is_release(*new))
			continue;
		if (old) {
			TRY(describe(d, before, *old, &was));
			both[n++] = &was;
		}
		TRY(describe(d, after, *new, &is));
		both[n++] = &is;
		TRY(add(d, both, n));
	}
	for (size_t i = 0; i < before_n; i++) {
		const node *old = before->objects.entries[i].value;

		if (!is_release(*old) || map_has(&after->objects, before->objects.entries[i].key))
			continue;
		TRY(describe(d, before, *old, &was));
		both[0] = &was;
		TRY(add(d, both, 1));
	}
	return NULL;
}
