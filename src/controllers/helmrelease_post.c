/* helmrelease_post - post-renderers and labels of releases: postrender.h.
 *
 * What comes out is kustomize's form of YAML. Post-renderers of old versions of the API
 * (patchesStrategicMerge, patchesJson6902) run, too.
 */
#include "controllers/hr_impl.h"
#include "controllers/postrender.h"
#include "kustomize/build.h"
#include "kustomize/objfile.h"
#include "kustomize/transform.h"
#include "value/json.h"

#define INPUT S("helm-output.yaml")

enum release_post hr_post_strategy(const struct hr *h)
{
	str word = node_str(node_get(h->spec, S("postRenderStrategy")));

	if (str_eq(word, S("nohooks")))
		return RELEASE_POST_NO_HOOKS;
	return str_eq(word, S("separate")) ? RELEASE_POST_SEPARATE : RELEASE_POST_COMBINED;
}

/* ---- kustomize ------------------------------------------------------------- */

/* Patches of the old API as text: kustomize takes YAML, which JSON is. */
static err *add_old(struct arena *a, node kustomize, node patches)
{
	node_each_item(p, node_get(kustomize, S("patchesStrategicMerge"))) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		node one = node_map(a, 1);

		TRY(json_write(&b, *p, NULL));
		node_set(a, one, S("patch"), node_copy_str(a, buf_str(&b)));
		node_append(a, patches, one);
	}
	node_each_item(p, node_get(kustomize, S("patchesJson6902"))) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		node one = node_map(a, 2);

		TRY(json_write(&b, node_get(*p, S("patch")), NULL));
		node_set(a, one, S("patch"), node_copy_str(a, buf_str(&b)));
		node_set(a, one, S("target"), node_get(*p, S("target")));
		node_append(a, patches, one);
	}
	return NULL;
}

static err *kustomization(struct arena *a, node kustomize, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node k = node_map(a, 5), resources = node_seq(a, 1), patches = node_seq(a, 4);

	node_set(a, k, S("apiVersion"), node_lit("kustomize.config.k8s.io/v1beta1"));
	node_set(a, k, S("kind"), node_lit("Kustomization"));
	node_append(a, resources, node_from_str(a, INPUT));
	node_set(a, k, S("resources"), resources);
	if (node_len(node_get(kustomize, S("images"))))
		node_set(a, k, S("images"), node_get(kustomize, S("images")));
	TRY(add_old(a, kustomize, patches));
	node_each_item(p, node_get(kustomize, S("patches")))
		node_append(a, patches, *p);
	if (node_len(patches))
		node_set(a, k, S("patches"), patches);
	TRY(json_write(&b, k, NULL));
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

static err *run_kustomize(struct arena *a, node kustomize, str *text)
{
	struct files_memory files;
	const struct kustomize_options o = { .files = &files.files, .working_dir = S("/"),
					     .version = S("v5.8.3"), .any_file = true,
					     .release_581 = true };
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	str *input = arena_new(a, str), *k = arena_new(a, str);
	struct resmap *m;

	*input = *text;
	TRY(kustomization(a, kustomize, k));
	files_memory_init(&files);
	files_memory_add(&files, S("/kustomization.yaml"), k);
	files_memory_add(&files, S("/helm-output.yaml"), input);
	err *e = kustomize_build(a, &o, S("/"), &m);

	if (!e)
		e = kustomize_print(a, NULL, m, &out);
	files_memory_release(&files);
	if (!e)
		*text = arena_str(a, buf_str(&out));
	return e;
}

/* ---- labels and annotations --------------------------------------------------- */

static err *parse(struct arena *a, str text, struct resmap **out)
{
	node_list objects = { 0 };

	*out = resmap_new(a);
	TRY(objfile_parse(a, NULL, text, INPUT, &objects));
	for (size_t i = 0; i < objects.n; i++) {
		struct resource *r = resource_new(a, objects.p[i]);

		TRY(resmap_append(*out, r));
	}
	return NULL;
}

static err *set_entries(struct arena *a, struct resmap *m, node entries, const char *path)
{
	struct transform t = { .a = a };
	struct fieldspec spec = { .path = str_c(path), .create = true };
	fieldspecs specs = { .p = &spec, .n = 1 };

	return node_len(entries) ? transform_entries(&t, m, entries, &specs) : NULL;
}

static node origin(struct arena *a, str namespace, str name)
{
	node labels = node_map(a, 2);

	node_set(a, labels, S(HELM_GROUP "/name"), node_from_str(a, name));
	node_set(a, labels, S(HELM_GROUP "/namespace"), node_from_str(a, namespace));
	return labels;
}

err *postrender(struct arena *a, node spec, str namespace, str name, str in, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node common = node_get(spec, S("commonMetadata"));
	struct resmap *m;

	node_each_item(r, node_get(spec, S("postRenderers"))) {
		node kustomize = node_get(*r, S("kustomize"));

		if (kustomize.kind == NODE_MAP)
			TRY(run_kustomize(a, kustomize, &in));
	}
	TRY(parse(a, in, &m));
	TRY(set_entries(a, m, node_get(common, S("labels")), "metadata/labels"));
	TRY(set_entries(a, m, node_get(common, S("annotations")), "metadata/annotations"));
	TRY(set_entries(a, m, origin(a, namespace, name), "metadata/labels"));
	TRY(kustomize_print(a, NULL, m, &b));
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

err *hr_post_render(void *ctx, struct arena *a, str in, str *out)
{
	const struct hr *h = ctx;

	return postrender(a, h->spec, h->p->key.namespace, h->p->key.name, in, out);
}
