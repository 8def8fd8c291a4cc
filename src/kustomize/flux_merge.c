/* A Kustomization object's spec, merged into the kustomization file. */
#include "kustomize/flux_impl.h"
#include "kustomize/kfile.h"
#include "text/gourl.h"
#include "text/path.h"
#include "value/goprint.h"
#include "value/json.h"

/* ---- the fields of a spec ---------------------------------------------- */

static const char *go_type(node n)
{
	switch (n.kind) {
	case NODE_BOOL:
		return "bool";
	case NODE_INT:
	case NODE_UINT:
		return "int64";
	case NODE_FLOAT:
		return "float64";
	case NODE_SEQ:
		return "[]interface {}";
	case NODE_MAP:
		return "map[string]interface {}";
	default:
		return "string";
	}
}

static err *wrong_kind(struct arena *a, const char *field, node n, const char *wanted)
{
	CLEANUP(buf_release) struct buf shown = BUF_LIMIT(1 << 16);

	if (node_len(n))
		goprint_add_syntax(&shown, n);
	else
		buf_add(&shown, node_text(a, n));
	return err_new(ERR_INVALID, ".spec.%s accessor error: %s is of the type %s, expected %s", field,
		       buf_c(&shown), go_type(n), wanted);
}

static err *spec_list(struct arena *a, node spec, const char *field, node *out)
{
	*out = node_get(spec, str_c(field));
	if (node_is_nil(*out) || out->kind == NODE_SEQ)
		return NULL;
	return err_wrap(wrong_kind(a, field, *out, "[]interface{}"), "unable to get %s", field);
}

static err *spec_texts(struct arena *a, node spec, const char *field, node *out)
{
	TRY(spec_list(a, spec, field, out));
	node_each_item(item, *out)
		if (item->kind != NODE_STR)
			return err_wrap(wrong_kind(a, field, *item, "string"), "unable to get %s", field);
	return NULL;
}

static err *spec_structs(struct arena *a, node spec, const char *field, const struct typed *type,
			 node *out)
{
	const struct typed_options fit = { 0 };
	node list;

	*out = NODE_NOTHING;
	TRY(spec_list(a, spec, field, &list));
	if (list.kind != NODE_SEQ)
		return NULL;
	err *e = typed_fit(a, list, type, &fit, out);

	return e ? err_wrap(e, "unable to get %s", field) : NULL;
}

static void append(struct arena *a, node kfile, str field, node item)
{
	node list = node_get(kfile, field);

	if (list.kind != NODE_SEQ) {
		list = node_seq(a, 4);
		node_set(a, kfile, field, list);
	}
	node_append(a, list, item);
}

/* ---- names ------------------------------------------------------------- */

static err *merge_names(struct arena *a, node spec, node kfile)
{
	static const struct {
		const char *from;
		str to;
	} fields[] = {
		{ "targetNamespace", { "namespace", 9 } },
		{ "namePrefix", { "namePrefix", 10 } },
		{ "nameSuffix", { "nameSuffix", 10 } },
	};

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		node value = node_get(spec, str_c(fields[i].from));

		if (node_is_nil(value))
			continue;
		if (value.kind != NODE_STR)
			return wrong_kind(a, fields[i].from, value, "string");
		node_set(a, kfile, fields[i].to, value);
	}
	return NULL;
}

/* ---- patches ----------------------------------------------------------- */

#define TEXT(name) TYPED_FIELD(name, &typed_string)

static const struct typed_field patch_fields[] = {
	TEXT("patch"),
	TYPED_FIELD("target", &kfile_selector_type),
};
static const struct typed patch_type = TYPED_STRUCT_OF("kustomize", "Patch", patch_fields);
static const struct typed patches_type = { .kind = TYPED_LIST, .go = "[]kustomize.Patch",
					   .of = &patch_type };

static const struct typed_field op_fields[] = {
	TEXT("op"), TEXT("path"), TEXT("from"), TYPED_FIELD("value", &typed_any),
};
static const struct typed op_type = TYPED_STRUCT_OF("kustomize", "JSON6902", op_fields);
static const struct typed ops_type = { .kind = TYPED_LIST, .go = "[]kustomize.JSON6902",
				       .of = &op_type };
static const struct typed_field json_patch_fields[] = {
	TYPED_FIELD("patch", &ops_type),
	TYPED_FIELD("target", &kfile_selector_type),
};
static const struct typed json_patch_type =
	TYPED_STRUCT_OF("kustomize", "JSON6902Patch", json_patch_fields);
static const struct typed json_patches_type = { .kind = TYPED_LIST,
						.go = "[]kustomize.JSON6902Patch",
						.of = &json_patch_type };

static err *merge_patches(struct arena *a, node spec, node kfile)
{
	node list;

	TRY(spec_structs(a, spec, "patches", &patches_type, &list));
	node_each_item(item, list)
		append(a, kfile, S("patches"), *item);
	return NULL;
}

static err *merge_strategic(struct arena *a, node spec, node kfile)
{
	node list;

	TRY(spec_list(a, spec, "patchesStrategicMerge", &list));
	node_each_item(item, list) {
		CLEANUP(buf_release) struct buf text = BUF_INIT;

		if (item->kind != NODE_MAP)
			return err_new(ERR_INVALID,
				       "unable to get patchesStrategicMerge: unable to convert patch %zu to "
				       "map[string]interface{}", (size_t)(item - list.seq->items));
		TRY(json_write(&text, *item, NULL));
		append(a, kfile, S("patchesStrategicMerge"), node_copy_str(a, buf_str(&text)));
	}
	return NULL;
}

/* One operation with its fields in the order of Go's struct. */
static node op_to_write(struct arena *a, node op)
{
	node out = node_map(a, 4), from = node_get(op, S("from")), value = node_get(op, S("value"));

	node_set(a, out, S("op"), node_from_str(a, node_str(node_get(op, S("op")))));
	node_set(a, out, S("path"), node_from_str(a, node_str(node_get(op, S("path")))));
	if (node_str(from).n)
		node_set(a, out, S("from"), from);
	if (!node_is_nil(value)) {
		value = node_copy(a, value);
		node_sort(value);
		node_set(a, out, S("value"), value);
	}
	return out;
}

static err *merge_json_patches(struct arena *a, node spec, node kfile)
{
	static const struct json_style in_order = { .source_order = true };
	node list;

	TRY(spec_structs(a, spec, "patchesJson6902", &json_patches_type, &list));
	node_each_item(item, list) {
		CLEANUP(buf_release) struct buf text = BUF_INIT;
		node patch = node_map(a, 2), ops = node_get(*item, S("patch"));
		node all = ops.kind == NODE_SEQ ? node_seq(a, node_len(ops)) : node_null();
		node target = node_get(*item, S("target"));

		node_each_item(op, ops)
			node_append(a, all, op_to_write(a, *op));
		TRY(json_write(&text, all, &in_order));
		node_set(a, patch, S("patch"), node_copy_str(a, buf_str(&text)));
		node_set(a, patch, S("target"), target.kind == NODE_MAP ? target : node_map(a, 0));
		append(a, kfile, S("patchesJson6902"), patch);
	}
	return NULL;
}

/* ---- images ------------------------------------------------------------ */

static const struct typed_field image_fields[] = {
	TEXT("name"), TEXT("newName"), TEXT("newTag"), TEXT("digest"),
};
static const struct typed image_type = TYPED_STRUCT_OF("kustomize", "Image", image_fields);
static const struct typed images_type = { .kind = TYPED_LIST, .go = "[]kustomize.Image",
					  .of = &image_type };

static node find_image(node kfile, str name)
{
	node_each_item(i, node_get(kfile, S("images")))
		if (str_eq(node_str(node_get(*i, S("name"))), name))
			return *i;
	return NODE_NOTHING;
}

/* Tag and digest choose the version together: whoever sets one, clears the
 * other, or an old digest would win over a new tag. */
static err *merge_images(struct arena *a, node spec, node kfile)
{
	node list;

	TRY(spec_structs(a, spec, "images", &images_type, &list));
	node_each_item(image, list) {
		node have = find_image(kfile, node_str(node_get(*image, S("name"))));
		node tag = node_get(*image, S("newTag")), digest = node_get(*image, S("digest"));
		node name = node_get(*image, S("newName"));

		if (have.kind != NODE_MAP) {
			append(a, kfile, S("images"), *image);
			continue;
		}
		if (node_str(name).n)
			node_set(a, have, S("newName"), name);
		if (node_str(tag).n || node_str(digest).n) {
			node_set(a, have, S("newTag"), node_from_str(a, node_str(tag)));
			node_set(a, have, S("digest"), node_from_str(a, node_str(digest)));
		}
	}
	return NULL;
}

/* ---- components -------------------------------------------------------- */

static bool starts_nocase(str text, str prefix)
{
	return str_eq_nocase(str_sub(text, 0, prefix.n), prefix);
}

static bool is_local(str path)
{
	static const char *const remote[] = {
		"git::", "gh:", "ssh://", "https://", "http://", "git@", "github.com:", "github.com/",
	};

	for (size_t i = 0; i < sizeof remote / sizeof *remote; i++)
		if (starts_nocase(path, str_c(remote[i])) && path.n > strlen(remote[i]))
			return false;
	if (starts_nocase(path, S("file://")))
		path = str_from(path, 7);
	return !str_starts(path, S("/"));
}

static bool is_there(struct arena *a, const struct flux_source *s, str path)
{
	struct fs_info info;
	err *e = fs_stat(s->root, path_join(a, s->dir, path), &info);

	err_free(e);
	return !e;
}

static err *merge_components(struct arena *a, const struct flux_source *s, node spec, node kfile)
{
	bool may_miss = node_bool(node_get(spec, S("ignoreMissingComponents")));
	node list;

	TRY(spec_texts(a, spec, "components", &list));
	node_each_item(item, list) {
		str path = node_str(*item);

		if (!is_local(path))
			return err_new(ERR_INVALID, "component path '%.*s' must be local and relative",
				       STR_ARG(path));
		if (!may_miss || is_there(a, s, path))
			append(a, kfile, S("components"), *item);
	}
	return NULL;
}

/* ---- ignored entries --------------------------------------------------- */

static bool is_url(struct arena *a, str text)
{
	struct gourl url;
	err *e = gourl_parse(a, text, &url);

	err_free(e);
	return !e && url.scheme.n;
}

/* Drop what the ignore rules name. Entries outside of the directory are in
 * no rule's domain. */
static err *filter_list(struct arena *a, const struct flux_source *s, const struct ignore *ignores,
			node list, bool urls)
{
	size_t kept = 0;

	if (list.kind != NODE_SEQ)
		return NULL;
	node_each_item(item, list) {
		str path = path_join(a, node_str(*item));
		struct fs_info info;

		if ((urls && is_url(a, node_str(*item))) || str_starts(path, S("../")) ||
		    str_eq(path, S(".."))) {
			list.seq->items[kept++] = *item;
			continue;
		}
		str_take(&path, '/');
		TRY(fs_lstat(s->root, path_join(a, s->dir, path), &info));
		if (!ignore_match(ignores, path, info.type == FS_DIR))
			list.seq->items[kept++] = *item;
	}
	list.seq->n = (uint32_t)kept;
	return NULL;
}

/* ---- all --------------------------------------------------------------- */

err *flux_merge(struct arena *a, const struct flux_source *s, node object,
		const struct ignore *ignores, bool created, node kfile)
{
	node spec = node_get(object, S("spec")), metadata;

	if (!created && !node_len(node_get(kfile, S("resources")))) {
		/* Without resources the build would refuse the file as empty. */
		node list = node_seq(a, 1);

		node_append(a, list, node_lit("originAnnotations"));
		node_set(a, kfile, S("buildMetadata"), list);
	}
	if (ignores) {
		TRY(filter_list(a, s, ignores, node_get(kfile, S("resources")), true));
		TRY(filter_list(a, s, ignores, node_get(kfile, S("components")), true));
		TRY(filter_list(a, s, ignores, node_get(kfile, S("crds")), false));
	}
	TRY(merge_names(a, spec, kfile));
	TRY(merge_patches(a, spec, kfile));
	TRY(merge_components(a, s, spec, kfile));
	TRY(merge_strategic(a, spec, kfile));
	TRY(merge_json_patches(a, spec, kfile));
	TRY(merge_images(a, spec, kfile));
	TRY(spec_texts(a, spec, "buildMetadata", &metadata));
	if (node_len(metadata))
		node_set(a, kfile, S("buildMetadata"), metadata);
	return NULL;
}
