#include "cli/flux_local.h"

#include <limits.h>
#include <unistd.h>

#include "base/fs.h"
#include "cli/remotebases.h"
#include "controllers/decryption.h"
#include "kustomize/build.h"
#include "kustomize/flux.h"
#include "text/path.h"
#include "value/yaml.h"

enum { FILE_BYTES_MAX = 64 << 20 };

#define GROUP "kustomize.toolkit.fluxcd.io"

/* ---- what the user named ----------------------------------------------- */

static err *absolute(struct arena *a, str path, str *out)
{
	char cwd[PATH_MAX];

	if (!path_is_abs(path)) {
		if (!getcwd(cwd, sizeof cwd))
			return err_new(ERR_INTERNAL, "cannot tell the working directory");
		path = path_join(a, arena_str(a, str_c(cwd)), path);
	}
	*out = path_clean(a, path);
	return NULL;
}

err *local_check_path(struct cli *c, const struct local_options *o, bool as_given, str *path)
{
	str told;

	*path = STR_NONE;
	if (o->path.n)
		TRY(absolute(c->arena, o->path, path));
	told = as_given ? o->path : *path;
	if (!path->n || files_disk.type(&files_disk, *path) != FILE_DIR)
		return err_new(ERR_INVALID, "invalid resource path \"%.*s\"", STR_ARG(told));
	return NULL;
}

err *local_check_file(const struct local_options *o)
{
	if (o->file.n && (access(o->file.p, F_OK) != 0 ||
			  files_disk.type(&files_disk, o->file) == FILE_DIR))
		return err_new(ERR_INVALID, "invalid kustomization file \"%.*s\"",
			       STR_ARG(o->file));
	return NULL;
}

/* ---- the Kustomization ------------------------------------------------- */

static bool is_kustomization(node object)
{
	struct gvk g = gvk_of(object);

	return str_eq(g.group, S(GROUP)) && str_eq(g.kind, S("Kustomization"));
}

static err *read_file(struct cli *c, const struct local_options *o, struct local_build *b)
{
	struct yaml_doc *docs;
	size_t n;
	str text;
	err *e = fs_read_any(c->arena, o->file, FILE_BYTES_MAX, &text);

	if (e)
		return err_wrap(e, "failed to read kustomization file %.*s", STR_ARG(o->file));
	e = yaml_read_all(c->arena, text, YAML_KUBE, &docs, &n);
	if (e)
		return err_wrap(e, "failed to unmarshall kustomization file %.*s", STR_ARG(o->file));
	for (size_t i = 0; i < n; i++) {
		str namespace = flux_namespace(docs[i].root);

		if (!is_kustomization(docs[i].root) ||
		    !str_eq(flux_name(docs[i].root), b->name) ||
		    (namespace.n && !str_eq(namespace, b->namespace)))
			continue;
		b->kustomization = docs[i].root;
		return NULL;
	}
	return err_new(ERR_NOT_FOUND,
		       "failed find kustomization with name '%.*s' and namespace '%.*s' in file "
		       "'%.*s'",
		       STR_ARG(b->name), STR_ARG(b->namespace), STR_ARG(o->file));
}

/* The one in the cluster; its status goes to what is known already. */
static err *ask_cluster(struct cli *c, struct flux_server *s, const struct local_options *o,
			struct local_build *b)
{
	const struct client_resource r = flux_resource(&flux_kinds[FLUX_KUSTOMIZATION]);
	node live;
	err *e = client_get(s->client, c->arena, &r, b->namespace, b->name, &live);

	if (e && err_kind(e) == ERR_NOT_FOUND && (b->above || o->ignore_missing)) {
		err_free(e);
		return NULL;
	}
	if (e)
		return err_wrap(e, "failed to get kustomization object");
	if (node_is_nil(b->kustomization))
		b->kustomization = live;
	else
		node_copy_field(c->arena, b->kustomization, live, S("status"));
	return NULL;
}

static err *find_kustomization(struct cli *c, struct flux_server *s, const struct local_options *o,
			       struct local_build *b)
{
	struct local_build live = *b;

	if (!o->dry_run)
		TRY(ask_cluster(c, s, o, &live));
	if (!b->above && o->file.n) {
		err *e = read_file(c, o, b);

		if (e)
			return err_wrap(e, "failed to get kustomization object");
		if (node_len(node_dig(live.kustomization, "status", "inventory")))
			node_copy_field(c->arena, b->kustomization, live.kustomization, S("status"));
	} else {
		b->kustomization = live.kustomization;
	}
	return NULL;
}

/* ---- building ---------------------------------------------------------- */

struct lookup {
	struct flux_lookup hook;
	struct flux_server *s;
};

static err *look_up(struct flux_lookup *hook, struct arena *a, str kind, str ns, str name,
		    node *out)
{
	struct lookup *l = (struct lookup *)hook;
	const bool secret = str_eq(kind, S("Secret"));
	const struct client_resource r = { STR_NONE, S("v1"),
					   secret ? S("secrets") : S("configmaps"), kind, true };

	return client_get(l->s->client, a, &r, ns, name, out);
}

/* As sops would, with the integrity of files checked. */
static err *open_keys(const struct cli *c, const struct local_options *o, struct net_client **net,
		      struct decryption *keys)
{
	bool found;

	if (!o->decrypt)
		return NULL;
	TRY(net_client_new(net, &(struct net_options){ .proxy_env = true }));
	return decryption_offline(keys, *net, c->env, &found);
}

static err *render(struct cli *c, struct flux_server *s, const struct local_options *o, str path,
		   struct local_build *b)
{
	CLEANUP(fs_drop) struct fs *root = NULL;
	CLEANUP(net_client_drop) struct net_client *net = NULL;
	CLEANUP(decryption_close) struct decryption keys = { 0 };
	CLEANUP(remotebases_close) struct remotebases bases = { 0 };
	const struct fs_options links = { .links = FS_LINKS_INSIDE };
	struct arena *a = c->arena;
	struct lookup lookup = { { look_up }, s };
	struct flux_kfile kfile;

	TRY(fs_open(&root, S("/"), &links));
	TRY(open_keys(c, o, &net, &keys));
	const struct flux_source source = {
		.root = root,
		.dir = str_from(path, 1),
		.remote = remotebases_open(&bases, a),
		.filter = true,
		.ignore = arena_join(a, o->ignore.p, o->ignore.n, S("\n")),
	};
	const struct flux_rendering how = {
		.lookup = o->dry_run ? NULL : &lookup.hook,
		.decryptor = decryption_of(&keys),
		.strict = o->strict,
		.as_cli = true,
	};
	err *e = flux_generate(a, &source, b->kustomization, &kfile);

	/* flux prints here also what became of its cleaning up: nothing to say */
	if (e)
		return err_replace(e, "failed to generate kustomization.yaml: %s <nil>", err_msg(e));
	TRY(flux_render(a, &source, &kfile, b->kustomization, &how, &b->made));
	for (size_t i = 0; i < b->made->n; i++) {
		struct resource *r = b->made->list[i];

		flux_own_labels(a, b->kustomization, r->object);
		TRY(flux_mask_secret(a, r));
		flux_common_metadata(a, b->kustomization, r->object);
	}
	return NULL;
}

err *local_build(struct cli *c, struct flux_server *s, const struct local_options *o, str name,
		 str path, struct local_build *out)
{
	*out = (struct local_build){ .name = name, .namespace = flux_settings(c)->namespace };
	c->arena->budget = KUSTOMIZE_MEMORY_MAX;
	TRY(find_kustomization(c, s, o, out));
	return render(c, s, o, path, out);
}

/* ---- Kustomizations below ---------------------------------------------- */

bool local_is_child(const struct local_build *b, node object)
{
	size_t depth = 0;

	if (!is_kustomization(object))
		return false;
	for (; b; b = b->above, depth++)
		if (str_eq(flux_name(object), b->name) &&
		    str_eq(flux_namespace(object), b->namespace))
			return false;
	return depth < LOCAL_DEPTH_MAX;
}

static err *source_of(struct cli *c, const struct local_options *o, node child, str *path)
{
	node ref = node_dig(child, "spec", "sourceRef");
	str namespace = node_str_or(node_get(ref, S("namespace")), flux_namespace(child));
	str key = arena_cat(c->arena, node_str(node_get(ref, S("kind"))), S("/"), namespace, S("/"),
			    node_str(node_get(ref, S("name"))));

	for (size_t i = 0; i < o->sources.n; i++)
		if (str_eq(o->sources.p[i].key, key))
			return absolute(c->arena, o->sources.p[i].value, path);
	return err_new(ERR_INVALID, "cannot get local path for %.*s of kustomization %.*s",
		       STR_ARG(key), STR_ARG(flux_name(child)));
}

bool local_has_source(struct cli *c, const struct local_options *o, node child)
{
	str path;
	CLEANUP(err_drop) err *e = source_of(c, o, child, &path);

	return !e;
}

err *local_build_child(struct cli *c, struct flux_server *s, const struct local_options *o,
		       const struct local_build *above, node child, struct local_build *out)
{
	str path;

	*out = (struct local_build){ .above = above,
				     .name = flux_name(child),
				     .namespace = flux_namespace(child),
				     .kustomization = child };
	TRY(source_of(c, o, child, &path));
	TRY(find_kustomization(c, s, o, out));
	path = path_join(c->arena, path, node_str(node_dig(child, "spec", "path")));
	return render(c, s, o, path, out);
}
