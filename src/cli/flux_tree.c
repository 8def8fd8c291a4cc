/* flux_tree - "flux tree": what a Kustomization has applied, and what that has applied. */
#include "archive/gzip.h"
#include "cli/commands.h"
#include "cli/flux.h"
#include "cli/flux_components.h"
#include "client/discovery.h"
#include "kube/gvk.h"
#include "text/base64.h"
#include "value/json.h"
#include "value/yaml.h"

enum { TREE_DEPTH_MAX = 64, RELEASE_MAX = 64 << 20 };

struct tree_options {
	bool compact;
	str output;
};

struct branch {
	str namespace, name, group, kind;
	VEC(struct branch *) below;
};

struct walk {
	struct cli *c;
	struct flux_server *s;
	struct discovery *discovery;
	bool compact;
	unsigned depth;
};

static struct branch *grow(struct arena *a, struct branch *parent, str namespace, str name,
			   str group, str kind)
{
	struct branch *b = arena_zero(a, 1, sizeof *b);

	b->namespace = namespace;
	b->name = name;
	b->group = group;
	b->kind = kind;
	if (parent)
		avec_push(a, &parent->below, b);
	return b;
}

static const struct client_resource *resource_of(enum flux_kind_id kind,
						 struct client_resource *r)
{
	*r = flux_resource(&flux_kinds[kind]);
	return r;
}

static err *find(struct walk *w, enum flux_kind_id kind, const struct branch *b, node *out)
{
	struct client_resource r;
	err *e = client_get(w->s->client, w->c->arena, resource_of(kind, &r), b->namespace, b->name,
			    out);

	return e && kind == FLUX_KUSTOMIZATION ? err_wrap(e, "failed to find object") : e;
}

/* ---- releases ---------------------------------------------------------- */

/* What Helm stores of a release: base64 of base64 of gzip of JSON. */
static err *read_release(struct arena *a, node secret, node *out)
{
	CLEANUP(buf_release) struct buf outer = BUF_INIT, inner = BUF_INIT;
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	TRY(base64_read(&outer, node_str(node_dig(secret, "data", "release")), BASE64_STD));
	TRY(base64_read(&inner, buf_str(&outer), BASE64_STD));
	if (gzip_is(buf_str(&inner)))
		TRY(gzip_read(buf_str(&inner), RELEASE_MAX, &text));
	else
		buf_add(&text, buf_str(&inner));
	return json_read(a, arena_str(a, buf_str(&text)), NULL, out);
}

static str group_of(node object)
{
	str version = node_str(node_get(object, S("apiVersion"))), group, rest;

	return str_split(version, '/', &group, &rest) ? group : STR_NONE;
}

static bool left_out(const struct walk *w, str group)
{
	return w->compact && !str_has(group, S("toolkit.fluxcd.io"));
}

/* Kinds that the server does not know count as outside of namespaces. */
static bool is_namespaced(struct walk *w, node object)
{
	const struct client_resource *r;
	CLEANUP(err_drop) err *e = discovery_kind(w->discovery, gvk_of(object), &r);

	return !e && r->namespaced;
}

static err *add_manifest(struct walk *w, node release, str namespace, struct branch *b)
{
	struct yaml_doc *docs;
	size_t n;

	TRY(yaml_read_all(w->c->arena, node_str(node_get(release, S("manifest"))), YAML_KUBE, &docs,
			  &n));
	for (size_t i = 0; i < n; i++) {
		node o = docs[i].root;
		str kind = node_str(node_get(o, S("kind"))), group = group_of(o);
		str own = flux_namespace(o);

		if (!kind.n || left_out(w, group))
			continue;
		if (!own.n && is_namespaced(w, o))
			own = namespace;
		grow(w->c->arena, b, own, flux_name(o), group, kind);
	}
	return NULL;
}

static bool makes_crds(node object)
{
	static const char *const when[] = { "install", "upgrade" };

	for (size_t i = 0; i < 2; i++) {
		const char *const path[] = { "spec", when[i], "crds", NULL };
		str policy = node_str(node_dig_path(object, path));

		if (policy.n && !str_eq(policy, S("Skip")))
			return true;
	}
	return false;
}

static err *add_crds(struct walk *w, struct branch *b)
{
	struct arena *a = w->c->arena;
	str selector = arena_cat(a, S("helm.toolkit.fluxcd.io/name="), b->name,
				 S(",helm.toolkit.fluxcd.io/namespace="), b->namespace);
	node list;

	TRY(client_list(w->s->client, a, &components_crds, STR_NONE, selector, STR_NONE, &list));
	node_each_item(o, node_get(list, S("items")))
		grow(a, b, STR_NONE, flux_name(*o), components_crds.group, components_crds.kind);
	return NULL;
}

static err *add_release(struct walk *w, struct branch *b)
{
	static const struct client_resource secrets = { STR_NONE, S("v1"), S("secrets"),
							S("Secret"), true };
	struct arena *a = w->c->arena;
	node object, secret, release;

	TRY(find(w, FLUX_RELEASE, b, &object));
	str storage = node_str(node_dig(object, "status", "storageNamespace"));
	node latest = node_at(node_dig(object, "status", "history"), 0);

	if (!node_is_nil(node_dig(object, "spec", "kubeConfig")) || !storage.n || node_is_nil(latest))
		return NULL;
	str name = arena_printf(a, "sh.helm.release.v1.%.*s.v%lld",
				STR_ARG(node_str(node_get(latest, S("name")))),
				(long long)node_int(node_get(latest, S("version"))));
	err *e = client_get(w->s->client, a, &secrets, storage, name, &secret);

	if (e && err_kind(e) == ERR_NOT_FOUND) {
		err_free(e);
		return NULL;
	}
	if (e)
		return err_wrap(e, "failed to find the Helm storage object for HelmRelease '%.*s/%.*s'",
				STR_ARG(b->namespace), STR_ARG(b->name));
	TRY(read_release(a, secret, &release));
	TRY(add_manifest(w, release, node_str(node_get(latest, S("namespace"))), b));
	return makes_crds(object) && !w->compact ? add_crds(w, b) : NULL;
}

/* ---- inventories ------------------------------------------------------- */

static err *add_kustomization(struct walk *w, node object, struct branch *b);

static err *descend(struct walk *w, struct branch *b, bool remote)
{
	node object;

	if (remote)
		return NULL;
	if (str_eq(b->group, str_c(flux_kinds[FLUX_RELEASE].group)) &&
	    str_eq(b->kind, S("HelmRelease")))
		return add_release(w, b);
	if (!str_eq(b->group, str_c(flux_kinds[FLUX_KUSTOMIZATION].group)) ||
	    !str_eq(b->kind, S("Kustomization")))
		return NULL;
	if (w->depth >= TREE_DEPTH_MAX)
		return err_new(ERR_INVALID, "Kustomizations are nested more than %d deep",
			       TREE_DEPTH_MAX);
	TRY(find(w, FLUX_KUSTOMIZATION, b, &object));
	w->depth++;
	TRY(add_kustomization(w, object, b));
	w->depth--;
	return NULL;
}

/* "<namespace>_<name>_<group>_<kind>"; "__" in the name stands for ":". */
static bool split_id(struct arena *a, str id, struct branch *out)
{
	size_t first = str_find_char(id, '_'), last = str_rfind_char(id, '_');

	if (first == STR_NPOS || first == last)
		return false;
	str middle = str_sub(id, first + 1, last);
	size_t group = str_rfind_char(middle, '_');

	if (group == STR_NPOS)
		return false;
	CLEANUP(buf_release) struct buf name = BUF_INIT;
	str raw = str_sub(middle, 0, group);

	for (size_t i = 0; i < raw.n; i++) {
		bool colon = raw.p[i] == '_' && i + 1 < raw.n && raw.p[i + 1] == '_';

		buf_addc(&name, colon ? ':' : raw.p[i]);
		i += colon;
	}
	out->namespace = str_sub(id, 0, first);
	out->name = arena_str(a, buf_str(&name));
	out->group = str_from(middle, group + 1);
	out->kind = str_from(id, last + 1);
	return true;
}

static err *add_kustomization(struct walk *w, node object, struct branch *b)
{
	bool remote = !node_is_nil(node_dig(object, "spec", "kubeConfig"));

	node_each_item(entry, node_dig(object, "status", "inventory", "entries")) {
		str id = node_str(node_get(*entry, S("id")));
		struct branch read;

		if (!split_id(w->c->arena, id, &read))
			return err_new(ERR_INVALID, "unable to parse stored object metadata: %.*s",
				       STR_ARG(id));
		if (left_out(w, read.group))
			continue;
		if (str_eq(read.name, b->name) && str_eq(read.namespace, b->namespace) &&
		    str_eq(read.kind, b->kind) && str_eq(read.group, b->group))
			continue;
		TRY(descend(w, grow(w->c->arena, b, read.namespace, read.name, read.group, read.kind),
			    remote));
	}
	return NULL;
}

/* ---- printing ---------------------------------------------------------- */

static void print_label(struct buf *out, const struct branch *b)
{
	buf_add(out, b->kind);
	buf_addc(out, '/');
	if (b->namespace.n)
		buf_addf(out, "%.*s/", STR_ARG(b->namespace));
	buf_add(out, b->name);
	buf_addc(out, '\n');
}

static void print_text(struct buf *out, const struct branch *b, struct buf *lead)
{
	size_t n = lead->n;

	print_label(out, b);
	for (size_t i = 0; i < b->below.n; i++) {
		bool last = i + 1 == b->below.n;

		buf_add(out, buf_str(lead));
		buf_add(out, last ? S("└── ") : S("├── "));
		buf_add(lead, last ? S("    ") : S("│   "));
		print_text(out, b->below.p[i], lead);
		buf_trim(lead, n);
	}
}

static node tree_node(struct arena *a, const struct branch *b)
{
	node out = node_map(a, 2), resource = node_map(a, 3), kind = node_map(a, 2);
	node below = node_seq(a, b->below.n);

	node_set(a, kind, S("Group"), node_from_str(a, b->group));
	node_set(a, kind, S("Kind"), node_from_str(a, b->kind));
	node_set(a, resource, S("Namespace"), node_from_str(a, b->namespace));
	node_set(a, resource, S("Name"), node_from_str(a, b->name));
	node_set(a, resource, S("GroupKind"), kind);
	node_set(a, out, S("resource"), resource);
	for (size_t i = 0; i < b->below.n; i++)
		node_append(a, below, tree_node(a, b->below.p[i]));
	if (b->below.n)
		node_set(a, out, S("resources"), below);
	return out;
}

static err *print_tree(struct cli *c, const struct branch *root)
{
	const struct tree_options *o = c->options;
	CLEANUP(buf_release) struct buf lead = BUF_INIT;
	const struct json_style style = { .indent = 2, .source_order = true };

	if (str_eq(o->output, S("json"))) {
		TRY(json_write(&c->out.buf, tree_node(c->arena, root), &style));
	} else if (str_eq(o->output, S("yaml"))) {
		node tree = tree_node(c->arena, root);

		node_sort(tree);
		TRY(yaml_write(&c->out.buf, tree, YAML_WRITE_SIGS));
	} else {
		print_text(&c->out.buf, root, &lead);
	}
	buf_addc(&c->out.buf, '\n');
	return NULL;
}

/* ---- commands ---------------------------------------------------------- */

static struct branch *root_of(struct cli *c, enum flux_kind_id kind)
{
	return grow(c->arena, NULL, flux_settings(c)->namespace, c->words.p[0],
		    str_c(flux_kinds[kind].group), str_c(flux_kinds[kind].kind));
}

static err *run_kustomization(struct cli *c)
{
	const struct tree_options *o = c->options;
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	struct walk w = { .c = c, .s = &s, .compact = o->compact };
	struct client_resource r;
	node object;

	if (!c->words.n)
		return err_new(ERR_INVALID, "kustomization name is required");
	struct branch *root = root_of(c, FLUX_KUSTOMIZATION);

	TRY(flux_open(c, &s));
	TRY(client_get(s.client, c->arena, resource_of(FLUX_KUSTOMIZATION, &r), root->namespace,
		       root->name, &object));
	w.discovery = discovery_new(s.client);
	err *e = add_kustomization(&w, object, root);

	discovery_free(w.discovery);
	return e ? e : print_tree(c, root);
}

static err *run_generator(struct cli *c)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	const struct flux_kind *made = &flux_kinds[FLUX_EXTERNAL];
	struct branch *root = root_of(c, FLUX_GENERATOR);
	struct client_resource r;
	node object;

	TRY(flux_open(c, &s));
	TRY(client_get(s.client, c->arena, resource_of(FLUX_GENERATOR, &r), root->namespace,
		       root->name, &object));
	node_each_item(i, node_dig(object, "status", "inventory"))
		grow(c->arena, root, node_str(node_get(*i, S("namespace"))),
		     node_str(node_get(*i, S("name"))), str_c(made->group), str_c(made->kind));
	return print_tree(c, root);
}

#define OUTPUT_FLAG                                                             \
	{ "output", 'o', FLAG_STRING, offsetof(struct tree_options, output),    \
	  "print json or yaml instead of a drawing", .choices = "json yaml" }

static const struct flag kustomization_flags[] = {
	{ "compact", 0, FLAG_BOOL, offsetof(struct tree_options, compact), "only objects of Flux" },
	OUTPUT_FLAG,
	{ 0 },
};

static const struct flag generator_flags[] = { OUTPUT_FLAG, { 0 } };

static const struct command tree_kustomization = {
	.use = "kustomization [name]",
	.aliases = (const char *const[]){ "ks", "kustomization", NULL },
	.brief = "Draw what a Kustomization has applied",
	.text = "Draw what a Kustomization has applied, and what the Kustomizations and\n"
		"HelmReleases among it have.",
	.example = "  flux tree kustomization flux-system\n"
		   "  flux tree ks flux-system --compact",
	.flags = kustomization_flags,
	.options = sizeof(struct tree_options),
	.subject = &flux_kinds[FLUX_KUSTOMIZATION],
	.run = run_kustomization,
};

static const struct command tree_generator = {
	.use = "generator [name]",
	.brief = "Draw what an ArtifactGenerator has made",
	.text = "Draw the artifacts that an ArtifactGenerator has made.",
	.example = "  flux tree artifact generator my-generator",
	.args = { ARGS_EXACT, 1 },
	.flags = generator_flags,
	.options = sizeof(struct tree_options),
	.subject = &flux_kinds[FLUX_GENERATOR],
	.run = run_generator,
};

static const struct command tree_artifact = {
	.use = "artifact",
	.brief = "Draw what makes artifacts",
	.text = "Draw what makes artifacts, and the artifacts.",
	.commands = (const struct command *const[]){ &tree_generator, NULL },
};

const struct command flux_tree_command = {
	.use = "tree",
	.brief = "Draw what objects of Flux have made",
	.text = "Draw what objects of Flux have made.",
	.complete = flux_complete,
	.before = flux_before,
	.commands = (const struct command *const[]){ &tree_artifact, &tree_kustomization, NULL },
};
