/* kustomize edit set: one value of the kustomization file. */
#include <stdlib.h>

#include "cli/kustomize_edit.h"
#include "kustomize/transform.h"
#include "text/number.h"
#include "text/regex.h"

static int cmp_names(const void *x, const void *y)
{
	return str_cmp(node_str(node_get(*(const node *)x, S("name"))),
		       node_str(node_get(*(const node *)y, S("name"))));
}

/* An item of the list replaces the one of the same name; the list is sorted. */
static void put_named(struct arena *a, node list, node item)
{
	node name = node_get(item, S("name"));

	for (size_t i = 0; i < node_len(list); i++)
		if (node_equal(node_get(node_at(list, i), S("name")), name)) {
			list.seq->items[i] = item;
			return;
		}
	node_append(a, list, item);
}

static void sort_named(node list)
{
	if (node_len(list))
		qsort(list.seq->items, node_len(list), sizeof *list.seq->items, cmp_names);
}

/* ---- image ------------------------------------------------------------- */

static node named(node list, str name)
{
	node_each_item(i, list)
		if (str_eq(node_str(node_get(*i, S("name"))), name))
			return *i;
	return NODE_NOTHING;
}

/* "*" keeps what the old entry says. */
static void set_part(struct arena *a, node image, node old, str field, str value)
{
	if (str_eq(value, S("*")))
		value = node_str(node_get(old, field));
	if (value.n)
		node_set(a, image, field, node_from_str(a, value));
}

static err *parse_image(struct edit *e, str word, node list)
{
	struct arena *a = e->c->arena;
	str left, right, name, tag, digest;
	bool renamed = str_split(word, '=', &left, &right);

	transform_split_image(renamed ? right : word, &name, &tag, &digest);
	if (str_eq(name, word))
		return err_new(ERR_INVALID,
			       "invalid format of image, use one of the following options:\n"
			       "- <image>=<newimage>:<newtag>\n"
			       "- <image>=<newimage>@<digest>\n"
			       "- <image>=<newimage>:<newtag>@<digest>\n"
			       "- <image>=<newimage>\n"
			       "- <image>:<newtag>\n"
			       "- <image>:<newtag>@<digest>\n"
			       "- <image>@<digest>");
	if (!renamed || !left.n) {
		left = name;
		name = STR_NONE;
	}
	node image = node_map(a, 4), old = named(list, left);

	node_set(a, image, S("name"), node_from_str(a, left));
	set_part(a, image, old, S("newName"), name);
	set_part(a, image, old, S("newTag"), tag);
	set_part(a, image, old, S("digest"), digest);
	put_named(a, list, image);
	return NULL;
}

static err *set_images(struct edit *e)
{
	node list = kfile_edit_list(&e->k, e->c->arena, S("images"));

	for (size_t i = 0; i < e->c->words.n; i++)
		TRY(parse_image(e, e->c->words.p[i], list));
	sort_named(list);
	return NULL;
}

static err *run_image(struct cli *c)
{
	return c->words.n ? edit_run(c, set_images) : err_new(ERR_INVALID, "no image specified");
}

static const struct command image_command = {
	.use = "image",
	.brief = "Sets images and their new names, new tags or digests in the kustomization file",
	.text = "Set the new names, tags or digests of images. An image that the file has already is\n"
		"overwritten; \"*\" as a part keeps what the file says.",
	.example = "  kustomize edit set image postgres=example.com/postgres:18 node:24.1.0\n"
		   "  kustomize edit set image alpine@sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a",
	.run = run_image,
};

/* ---- replicas ---------------------------------------------------------- */

static err *set_replicas(struct edit *e)
{
	struct arena *a = e->c->arena;
	node list = kfile_edit_list(&e->k, a, S("replicas"));

	for (size_t i = 0; i < e->c->words.n; i++) {
		node item = node_map(a, 2);
		int64_t count;
		str name, number;
		err *bad = NULL;

		if (str_split(e->c->words.p[i], '=', &name, &number))
			bad = number_parse_int(number, 10, &count);
		else
			bad = err_new(ERR_INVALID, "no count");
		if (bad)
			return err_replace(bad, "invalid format of replica, use the following format: "
						"<name>=<count>");
		node_set(a, item, S("name"), node_from_str(a, name));
		node_set(a, item, S("count"), node_from_int(count));
		put_named(a, list, item);
	}
	sort_named(list);
	return NULL;
}

static err *run_replicas(struct cli *c)
{
	return c->words.n ? edit_run(c, set_replicas)
			  : err_new(ERR_INVALID, "no replicas specified");
}

static const struct command replicas_command = {
	.use = "replicas",
	.brief = "Sets replicas count for resources in the kustomization file",
	.example = "  kustomize edit set replicas my-app=3 other-app=1",
	.run = run_replicas,
};

/* ---- texts ------------------------------------------------------------- */

static err *set_text(struct cli *c, str field, const char *what)
{
	struct edit e;

	if (c->words.n != 1)
		return err_new(ERR_INVALID, "must specify exactly one %s value", what);
	TRY(edit_open(c, &e));
	node_set(c->arena, e.k.root, field, node_from_str(c->arena, c->words.p[0]));
	return edit_save(&e);
}

static err *run_namespace(struct cli *c)
{
	return set_text(c, S("namespace"), "namespace");
}

static err *run_prefix(struct cli *c)
{
	return set_text(c, S("namePrefix"), "prefix");
}

static err *run_suffix(struct cli *c)
{
	return set_text(c, S("nameSuffix"), "suffix");
}

static const struct command namespace_command = {
	.use = "namespace",
	.brief = "Sets the value of the namespace field in the kustomization file",
	.example = "  kustomize edit set namespace staging",
	.run = run_namespace,
};

static const struct command prefix_command = {
	.use = "nameprefix",
	.brief = "Sets the value of the namePrefix field in the kustomization file",
	.example = "  kustomize edit set nameprefix acme-",
	.run = run_prefix,
};

static const struct command suffix_command = {
	.use = "namesuffix",
	.brief = "Sets the value of the nameSuffix field in the kustomization file",
	.example = "  kustomize edit set namesuffix -- -acme",
	.run = run_suffix,
};

/* ---- labels and annotations -------------------------------------------- */

static err *run_label(struct cli *c)
{
	return edit_set_pairs(c, S("commonLabels"), "label", true);
}

/* A key of an annotation, as the original checks it. */
static err *check_keys(struct cli *c)
{
	static const str pattern =
		S("^([a-zA-Z](([-a-zA-Z0-9.]{0,251})[a-zA-Z0-9])?/)?"
		  "[a-zA-Z0-9]([-a-zA-Z0-9_.]{0,61}[a-zA-Z0-9])?$");
	const struct regex *valid;
	node given;

	TRY(edit_pairs(c, "annotation", &given));
	TRY(regex_compile(c->arena, pattern, &valid));
	node_each_pair(p, given)
		if (!regex_test(valid, node_str(p->key)))
			return err_new(ERR_INVALID,
				       "invalid annotation key: see the syntax and character set rules at "
				       "https://kubernetes.io/docs/concepts/overview/working-with-objects/"
				       "annotations/");
	return NULL;
}

static err *run_annotation(struct cli *c)
{
	TRY(check_keys(c));
	return edit_set_pairs(c, S("commonAnnotations"), "annotation", true);
}

static const struct command label_command = {
	.use = "label",
	.brief = "Sets one or more commonLabels in kustomization.yaml",
	.example = "  kustomize edit set label app:web tier:front",
	.run = run_label,
};

static const struct command annotation_command = {
	.use = "annotation",
	.brief = "Sets one or more commonAnnotations in kustomization.yaml",
	.example = "  kustomize edit set annotation note:\"two words\"",
	.run = run_annotation,
};

const struct command kustomize_edit_set_command = {
	.use = "set",
	.brief = "Sets the value of different fields in kustomization file",
	.commands = (const struct command *const[]){
		&annotation_command,
		&kustomize_edit_set_buildmetadata_command,
		&kustomize_edit_set_configmap_command,
		&image_command,
		&label_command,
		&prefix_command,
		&namespace_command,
		&suffix_command,
		&replicas_command,
		&kustomize_edit_set_secret_command,
		NULL,
	},
};
