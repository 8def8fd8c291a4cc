#include "driver.h"

#include "base/buf.h"
#include "base/map.h"
#include "base/utf8.h"
#include "kustomize/envsubst.h"
#include "kustomize/flux.h"
#include "text/path.h"
#include "value/yaml.h"

/* The recorded texts were printed as JSON, where a bad byte is U+FFFD. */
static node as_recorded(struct arena *a, str text)
{
	CLEANUP(buf_release) struct buf valid = BUF_INIT;

	for (uint32_t rune; utf8_take(&text, &rune);)
		utf8_add(&valid, rune);
	return node_copy_str(a, buf_str(&valid));
}

static err *run_envsubst(struct arena *a, node request, node *output)
{
	CLEANUP(map_release) struct map vars = MAP_INIT;
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	node list = node_get(request, S("vars"));

	node_each_pair(p, list) {
		str *value = arena_new(a, str);

		*value = node_str(p->value);
		map_set(&vars, node_str(p->key), value);
	}
	TRY(envsubst(a, driver_text(a, request, "template"), &vars,
		     driver_bool(request, "strict", false), &out));
	*output = as_recorded(a, buf_str(&out));
	return NULL;
}

/* ---- Flux builds ------------------------------------------------------- */

static void set_text(struct arena *a, node map, const char *key, struct buf *text)
{
	node_set(a, map, str_c(key), node_copy_str(a, buf_str(text)));
}

static err *substitute_all(struct arena *a, node request, node object, struct resmap *m)
{
	CLEANUP(map_release) struct map vars = MAP_INIT;
	const struct flux_substitution s = {
		.vars = &vars,
		.strict = driver_bool(request, "strict", false),
		.always = driver_bool(request, "always", false),
	};

	TRY(flux_inline_vars(a, object, &vars));
	for (size_t i = 0; i < m->n; i++) {
		str name = resource_name(m->list[i]);
		err *e = flux_substitute(a, &s, m->list[i]);

		if (e)
			return err_wrap(e, "post build failed for '%.*s'", STR_ARG(name));
	}
	return NULL;
}

/* Sets `stage` to the step that it is in. */
static err *flux_stages(struct arena *a, node request, const struct fs *root, node answer,
			const char **stage)
{
	CLEANUP(buf_release) struct buf built = BUF_INIT;
	CLEANUP(buf_release) struct buf final = BUF_INIT;
	node ignore = node_get(request, S("ignore")), object;
	struct flux_source s = { .root = root, .filter = ignore.kind == NODE_STR };
	struct flux_kfile kfile;
	struct resmap *m;

	s.ignore = node_str(ignore);
	s.dir = path_clean(a, driver_text(a, request, "dir"));
	if (str_eq(s.dir, S(".")))
		s.dir = STR_NONE;
	*stage = "generate";
	TRY(yaml_read(a, driver_text(a, request, "kustomization"), YAML_KUBE, &object));
	TRY(flux_generate(a, &s, object, &kfile));
	node_set(a, answer, S("action"),
		 kfile.created ? node_lit("created") : node_lit("unchanged"));
	node_set(a, answer, S("kustomization.yaml"), node_from_str(a, kfile.text));
	*stage = "build";
	TRY(flux_build(a, &s, &kfile, &m));
	TRY(kustomize_print(a, NULL, m, &built));
	set_text(a, answer, "build", &built);
	*stage = "substitute";
	TRY(substitute_all(a, request, object, m));
	TRY(kustomize_print(a, NULL, m, &final));
	set_text(a, answer, "final", &final);
	return NULL;
}

static err *run_flux_build(struct arena *a, node request, node *output)
{
	const struct fs_options links = { .links = FS_LINKS_INSIDE };
	CLEANUP(fs_drop) struct fs *root = NULL;
	const char *stage = "open";
	node answer = node_map(a, 4);
	err *e = fs_open(&root, driver_text(a, request, "root"), &links);

	if (!e)
		e = flux_stages(a, request, root, answer, &stage);
	if (e) {
		node_set(a, answer, S("error-stage"), node_from_str(a, str_c(stage)));
		node_set(a, answer, S("error"), node_copy_str(a, err_text(e)));
		err_free(e);
	}
	*output = answer;
	return NULL;
}

const struct driver_op driver_kustomize_ops[] = {
	{ .name = "envsubst", .run = run_envsubst },
	{ .name = "flux-build", .run = run_flux_build, .whole = true },
	{ 0 },
};
