/* flux_version - "flux version": of this program, and of what runs in the cluster. */
#include "cli/commands.h"
#include "cli/flux.h"
#include "cli/flux_components.h"
#include "value/json.h"
#include "value/yaml.h"

struct version_options {
	bool client;
	str output;
};

/* "name" and "tag@digest" of "registry:5000/org/name:tag@digest". */
static err *split_image(str image, str *name, str *tag)
{
	size_t at = str_find_char(image, '@'), slash = str_rfind_char(str_sub(image, 0, at), '/');
	str last = slash == STR_NPOS ? image : str_from(image, slash + 1);

	if (!str_split(last, ':', name, tag) || str_find_char(*name, '@') != STR_NPOS)
		return err_new(ERR_INVALID, "missing image tag in image %.*s", STR_ARG(image));
	return NULL;
}

static err *add_images(struct cli *c, node deployment, node into)
{
	node_each_item(k, node_dig(deployment, "spec", "template", "spec", "containers")) {
		str name, tag;

		TRY(split_image(node_str(node_get(*k, S("image"))), &name, &tag));
		node_set(c->arena, into, name, node_from_str(c->arena, tag));
	}
	return NULL;
}

static err *add_cluster(struct cli *c, node all, node images)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	str namespace = flux_settings(c)->namespace;
	struct components_cluster found;
	node list;

	TRY(flux_open(c, &s));
	TRY(components_cluster(c, &s, &found));
	if (found.distribution.n)
		node_set(c->arena, all, S("distribution"),
			 node_from_str(c->arena, found.distribution));
	str own = components_in_process(c, &s);

	if (own.n)
		node_set(c->arena, images, S("rill"), node_from_str(c->arena, own));
	TRY(components_list(c, &s, namespace, &list));
	if (!own.n && !node_len(list))
		return err_new(ERR_NOT_FOUND, "no deployments found in %.*s namespace",
			       STR_ARG(namespace));
	node_each_item(d, list)
		TRY(add_images(c, *d, images));
	return NULL;
}

static err *version_run(struct cli *c)
{
	const struct version_options *o = c->options;
	struct arena *a = c->arena;
	node all = node_map(a, 8), images = node_map(a, 8);
	bool json = str_eq(o->output, S("json"));

	if (!json && !str_eq(o->output, S("yaml")))
		return err_new(ERR_INVALID, "--output must be json or yaml, not %.*s",
			       STR_ARG(o->output));
	node_set(a, all, S("flux"), node_lit("v" FLUX_VERSION));
	if (!o->client)
		TRY(add_cluster(c, all, images));
	node_sort(images);
	node_each_pair(p, images)
		node_put(a, all, p->key, p->value);
	if (!json) {
		node_each_pair(p, all)
			buf_addf(&c->out.buf, "%.*s: %.*s\n", STR_ARG(node_str(p->key)),
				 STR_ARG(node_str(p->value)));
		return NULL;
	}
	TRY(json_write(&c->out.buf, all, &(const struct json_style){ .indent = 2 }));
	buf_addc(&c->out.buf, '\n');
	return NULL;
}

#define AT(field) offsetof(struct version_options, field)

static const struct flag version_flags[] = {
	{ "client", 0, FLAG_BOOL, AT(client), "ask no cluster" },
	{ "output", 'o', FLAG_STRING, AT(output), "format to print, json or yaml",
	  .fallback = "yaml", .choices = "json yaml" },
	{ 0 },
};

#undef AT

const struct command flux_version_command = {
	.use = "version",
	.brief = "Print the versions of the client and of the components",
	.text = "Print the version of this program and those of the components in the cluster.",
	.example = "  flux version\n"
		   "  flux version --client\n"
		   "  flux version -o json",
	.flags = version_flags,
	.options = sizeof(struct version_options),
	.before = flux_before,
	.run = version_run,
};
