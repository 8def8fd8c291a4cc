/* Labels, annotations, images, replica counts. */
#include <stdlib.h>

#include "kustomize/scalar.h"
#include "kustomize/transform.h"
#include "text/regex.h"
#include "value/yaml.h"

/* ---- labels and annotations -------------------------------------------- */

struct entry {
	str key, value;
	uint32_t place;
};

static err *set_entry(void *context, struct arena *a, node *value)
{
	const struct entry *e = context;

	if (value->kind == NODE_NULL)
		*value = node_map(a, 1);
	if (value->kind != NODE_MAP)
		return scalar_wrong_kind(*value, "MappingNode");
	node set = scalar_string(a, node_get(*value, e->key), e->value);

	if (e->place)
		set.place = e->place;
	/* A new key is plain: it may turn out to be a number. */
	if (node_has(*value, e->key))
		node_set(a, *value, e->key, set);
	else
		node_put(a, *value, yaml_resolve(a, e->key, YAML_1_2, YAML_NUMBERS_TEXT), set);
	return NULL;
}

static int cmp_pairs(const void *x, const void *y)
{
	return str_cmp(node_str(((const struct node_pair *)x)->key),
		       node_str(((const struct node_pair *)y)->key));
}

err *transform_entries(struct transform *t, struct resmap *m, node entries, const fieldspecs *specs)
{
	if (!node_len(entries))
		return NULL;
	node sorted = node_copy(t->a, entries);

	qsort(sorted.map->pairs, node_len(sorted), sizeof *sorted.map->pairs, cmp_pairs);
	for (size_t i = 0; i < m->n; i++)
		node_each_pair(p, sorted) {
			struct entry e = { node_str(p->key), node_str(p->value), p->value.place };

			TRY(fieldspec_walk_all(t->a, m->list[i]->object, specs, NODE_MAP, set_entry, &e));
		}
	return NULL;
}

/* ---- images ------------------------------------------------------------ */

struct image {
	const struct regex *match;	/* NULL: matches nothing */
	str new_name, new_tag, tag_suffix, digest;
	uint32_t place;		/* of the last of these that is set */
};

void transform_split_image(str text, str *name, str *tag, str *digest)
{
	size_t slash = str_find_char(text, '/'), from = slash == STR_NPOS ? 0 : slash;
	size_t at = str_find_char(str_from(text, from), '@');

	*tag = *digest = STR_NONE;
	*name = text;
	if (at != STR_NPOS) {
		*digest = str_from(text, from + at + 1);
		*name = str_sub(text, 0, from + at);
	}
	size_t colon = str_find_char(str_from(*name, from), ':');

	if (colon != STR_NPOS) {
		*tag = str_from(*name, from + colon + 1);
		*name = str_sub(*name, 0, from + colon);
	}
}

static err *set_image(void *context, struct arena *a, node *value)
{
	const struct image *im = context;
	str name, tag, digest, text = node_text(a, *value);

	if (value->kind == NODE_MAP || value->kind == NODE_SEQ)
		return scalar_wrong_kind(*value, "ScalarNode");
	if (!im->match || !regex_test(im->match, text))
		return NULL;
	transform_split_image(text, &name, &tag, &digest);
	if (im->new_name.n)
		name = im->new_name;
	if (im->new_tag.n || im->digest.n) {
		tag = im->new_tag;
		digest = im->digest;
	} else if (im->tag_suffix.n) {
		tag = arena_cat(a, tag, im->tag_suffix);
		digest = STR_NONE;
	}
	if (tag.n)
		name = arena_cat(a, name, S(":"), tag);
	if (digest.n)
		name = arena_cat(a, name, S("@"), digest);
	*value = scalar_untagged(a, *value, name);
	if (im->place)
		value->place = im->place;
	return NULL;
}

/* Every list called containers or initContainers, wherever it stands: the
 * way images were found before there were specs. */
static err *find_containers(struct transform *t, struct image *im, node n, unsigned depth)
{
	enum { DEPTH_MAX = 2000 };

	if (depth > DEPTH_MAX)
		return err_new(ERR_INVALID, "object is nested deeper than %d levels", DEPTH_MAX);
	node_each_item(i, n)
		if (i->kind >= NODE_SEQ)
			TRY(find_containers(t, im, *i, depth + 1));
	node_each_pair(p, n) {
		str key = node_str(p->key);

		if (p->value.kind < NODE_SEQ)
			continue;
		TRY(find_containers(t, im, p->value, depth + 1));
		if (!str_eq(key, S("containers")) && !str_eq(key, S("initContainers")))
			continue;
		node_each_item(c, p->value) {
			node *image = node_find(*c, S("image"));

			if (image && image->kind != NODE_NULL)
				TRY(set_image(im, t->a, image));
		}
	}
	return NULL;
}

/* The name stands in the expression as it is: it may be one itself. An
 * expression that is none matches nothing, as in kustomize 5.8.2. */
static void compile_image(struct transform *t, str name, struct image *im)
{
	str pattern = arena_cat(t->a, S("^"), name,
				S("(:[a-zA-Z0-9_.{}-]*)?(@[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*:"
				  "[a-zA-Z0-9_.{}-]*)?$"));

	err_free(regex_compile(t->a, pattern, &im->match));
}

static str image_part(struct image *im, node image, const char *field)
{
	node part = node_get(image, str_c(field));

	if (node_str(part).n)
		im->place = part.place;
	return node_str(part);
}

err *transform_image(struct transform *t, struct resmap *m, node image, const fieldspecs *specs)
{
	struct image im = { 0 };

	im.new_name = image_part(&im, image, "newName");
	im.new_tag = image_part(&im, image, "newTag");
	im.tag_suffix = image_part(&im, image, "tagSuffix");
	im.digest = image_part(&im, image, "digest");
	compile_image(t, node_str(node_get(image, S("name"))), &im);
	for (size_t i = 0; i < m->n; i++)
		if (!str_eq(resource_kind(m->list[i]), S("CustomResourceDefinition")))
			TRY(find_containers(t, &im, m->list[i]->object, 0));
	for (size_t i = 0; i < m->n; i++)
		if (!str_eq(resource_kind(m->list[i]), S("CustomResourceDefinition")))
			TRY(fieldspec_walk_all(t->a, m->list[i]->object, specs, NODE_NONE, set_image,
					       &im));
	return NULL;
}

/* ---- replicas ---------------------------------------------------------- */

static err *set_count(void *context, struct arena *a, node *value)
{
	const node *count = context;

	(void)a;
	if (value->kind == NODE_MAP || value->kind == NODE_SEQ)
		return scalar_wrong_kind(*value, "ScalarNode");
	uint32_t place = count->place ? count->place : value->place;

	*value = node_from_int(node_int(*count));
	value->place = place;
	return NULL;
}

static bool was_called(const struct resource *r, str name, struct gvk kind)
{
	struct resid id = resource_id(r);

	if (str_eq(id.name, name) && gvk_selected(id.gvk, kind))
		return true;
	for (size_t i = 0; i < r->former.n; i++) {
		id = resource_former_id(r, i);
		if (str_eq(id.name, name) && gvk_selected(id.gvk, kind))
			return true;
	}
	return false;
}

err *transform_replicas(struct transform *t, struct resmap *m, node replica,
			const fieldspecs *specs)
{
	str name = node_str(node_get(replica, S("name")));
	node count = node_get(replica, S("count"));
	resource_list named = resmap_by_name(m, name);
	CLEANUP(buf_release) struct buf kinds = BUF_INIT;
	bool found = false;

	for (size_t i = 0; i < specs->n; i++) {
		buf_add(&kinds, i ? S(" ") : STR_NONE);
		gvk_print(&kinds, specs->p[i].gvk);
		for (size_t k = 0; k < named.n; k++) {
			if (!was_called(named.p[k], name, specs->p[i].gvk))
				continue;
			found = true;
			TRY(fieldspec_walk(t->a, named.p[k]->object, &specs->p[i], NODE_INT, set_count,
					   &count));
		}
	}
	if (!found)
		return err_new(ERR_NOT_FOUND,
			       "resource with name %.*s does not match a config with the following GVK [%s]",
			       STR_ARG(name), buf_c(&kinds));
	return NULL;
}
