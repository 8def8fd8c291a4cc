/* flux_debug - "flux debug": status, history, and the values that count at last. */
#include "base/map.h"
#include "base/sort.h"
#include "cli/commands.h"
#include "cli/flux.h"
#include "helm/strvals.h"
#include "helm/values.h"
#include "kustomize/flux.h"
#include "text/base64.h"
#include "value/yaml.h"

struct debug_options {
	bool status, history, values;	/* values: or variables */
};

#define DOCS "https://fluxcd.io/flux/components/"

static err *get_subject(struct cli *c, struct flux_server *s, node *out)
{
	const struct client_resource r = flux_resource(&flux_kinds[flux_kind_of(c)]);

	TRY(flux_open(c, s));
	return client_get(s->client, c->arena, &r, flux_settings(c)->namespace, c->words.p[0], out);
}

/* The server may write keys in any order; here they are sorted. */
static err *print(struct cli *c, const char *title, const char *page, node value)
{
	if (title)
		buf_addf(&c->out.buf, "# %s documentation: " DOCS "%s\n", title, page);
	node_sort(value);
	return yaml_write(&c->out.buf, value, YAML_WRITE_SIGS);
}

static err *print_history(struct cli *c, const char *page, node object)
{
	node history = node_dig(object, "status", "history");

	return print(c, "History", page, node_is_nil(history) ? node_seq(c->arena, 0) : history);
}

/* A release that is not deleted says so: the field is printed also when it is null. */
static void tell_deleted(struct arena *a, node history)
{
	node_each_item(i, history)
		if (node_is(*i, NODE_MAP) && !node_has(*i, S("deleted")))
			node_set(a, *i, S("deleted"), node_null());
}

static bool is_one(const struct debug_options *o)
{
	return o->status + o->history + o->values == 1;
}

/* ---- references -------------------------------------------------------- */

static err *get_data(struct cli *c, struct flux_server *s, str kind, str namespace, str name,
		     node *out)
{
	bool secret = str_eq(kind, S("Secret"));
	const struct client_resource r = { STR_NONE, S("v1"),
					   secret ? S("secrets") : S("configmaps"), kind, true };

	return client_get(s->client, c->arena, &r, namespace, name, out);
}

/* A value of a ConfigMap or Secret; `*out` NODE_NONE: it has no such key. */
static err *value_of(struct arena *a, node object, str kind, str key, bool *has, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node value = node_get(node_get(object, S("data")), key);

	*has = !node_is_nil(value);
	if (*has && str_eq(kind, S("Secret"))) {
		TRY(base64_read(&b, node_str(value), BASE64_STD));
		*out = arena_str(a, buf_str(&b));
	} else if (*has) {
		*out = node_str(value);
	}
	return NULL;
}

/* ---- releases ---------------------------------------------------------- */

static str or_else(node n, str fallback)
{
	return node_str(n).n ? node_str(n) : fallback;
}

static err *unresolved(str namespace, node ref, str key, err *e)
{
	str kind = node_str(node_get(ref, S("kind"))), name = node_str(node_get(ref, S("name")));

	return err_wrap(e, "could not resolve %s%.*s chart values reference '%.*s/%.*s' with key '%.*s'",
			node_bool(node_get(ref, S("optional"))) ? "optional " : "", STR_ARG(kind),
			STR_ARG(namespace), STR_ARG(name), STR_ARG(key));
}

static err *add_values(struct cli *c, struct flux_server *s, node ref, node own, node *values)
{
	str kind = node_str(node_get(ref, S("kind"))), name = node_str(node_get(ref, S("name")));
	str key = or_else(node_get(ref, S("valuesKey")), S("values.yaml"));
	str namespace = flux_settings(c)->namespace;
	bool optional = node_bool(node_get(ref, S("optional"))), has = false;
	struct values_given g = { .path = node_str(node_get(ref, S("targetPath"))),
				  .literal = node_bool(node_get(ref, S("literal"))) };
	node object;
	err *e = get_data(c, s, kind, namespace, name, &object);

	if (e && err_kind(e) != ERR_NOT_FOUND)
		return e;
	if (!e)
		TRY(value_of(c->arena, object, kind, key, &has, &g.text));
	if (!has && optional) {
		err_free(e);
		return NULL;
	}
	if (!e)
		e = has ? values_add(c->arena, &g, own, values)
			: err_new(ERR_NOT_FOUND, "key not found");
	return e ? unresolved(namespace, ref, key, e) : NULL;
}

static err *print_values(struct cli *c, struct flux_server *s, node object)
{
	node values = node_map(c->arena, 8), own = node_dig(object, "spec", "values");

	if (!node_is(own, NODE_MAP))
		own = node_map(c->arena, 0);
	node_each_item(ref, node_dig(object, "spec", "valuesFrom"))
		TRY(add_values(c, s, *ref, own, &values));
	return print(c, NULL, NULL, values_merge(c->arena, values, own));
}

static err *run_release(struct cli *c)
{
	const struct debug_options *o = c->options;
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	node object;

	if (!is_one(o))
		return err_new(ERR_INVALID, "exactly one of --show-status, --show-values, or "
					    "--show-history must be set");
	TRY(get_subject(c, &s, &object));
	tell_deleted(c->arena, node_dig(object, "status", "history"));
	if (o->status)
		return print(c, "Status", "helm/helmreleases/#helmrelease-status",
			     node_get(object, S("status")));
	return o->history ? print_history(c, "helm/helmreleases/#history", object)
			  : print_values(c, &s, object);
}

/* ---- Kustomizations ---------------------------------------------------- */

struct lookup {
	struct flux_lookup base;
	struct cli *c;
	struct flux_server *s;
};

static err *look_up(struct flux_lookup *base, struct arena *a, str kind, str ns, str name,
		    node *out)
{
	struct lookup *l = (struct lookup *)base;

	(void)a;
	return get_data(l->c, l->s, kind, ns, name, out);
}

static int by_key(const void *a, const void *b, void *ctx)
{
	(void)ctx;
	return str_cmp(((const struct map_entry *)a)->key, ((const struct map_entry *)b)->key);
}

static err *print_vars(struct cli *c, struct flux_server *s, node object)
{
	CLEANUP(map_release) struct map vars = MAP_INIT;
	struct lookup l = { { look_up }, c, s };

	if (node_is_nil(node_dig(object, "spec", "postBuild")))
		return err_new(ERR_NOT_FOUND, "no post build substitutions found");
	TRY(flux_vars(c->arena, object, &l.base, &vars));
	sort_stable(vars.entries, vars.n, sizeof *vars.entries, by_key, NULL);
	for (size_t i = 0; i < vars.n; i++)
		buf_addf(&c->out.buf, "%.*s=%.*s\n", STR_ARG(vars.entries[i].key),
			 STR_ARG(*(const str *)vars.entries[i].value));
	return NULL;
}

static err *run_kustomization(struct cli *c)
{
	const struct debug_options *o = c->options;
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	node object;

	if (!is_one(o))
		return err_new(ERR_INVALID, "exactly one of --show-status, --show-vars, or "
					    "--show-history must be set");
	TRY(get_subject(c, &s, &object));
	if (o->status)
		return print(c, "Status", "kustomize/kustomizations/#kustomization-status",
			     node_get(object, S("status")));
	return o->history ? print_history(c, "kustomize/kustomizations/#history", object)
			  : print_vars(c, &s, object);
}

/* ---- commands ---------------------------------------------------------- */

#define AT(field) offsetof(struct debug_options, field)

#define COMMON_FLAGS                                                                      \
	{ "show-history", 0, FLAG_BOOL, AT(history), "print the past reconciliations" },  \
	{ "show-status", 0, FLAG_BOOL, AT(status), "print the status" }

static const struct flag release_flags[] = {
	COMMON_FLAGS,
	{ "show-values", 0, FLAG_BOOL, AT(values), "print the values, all sources merged" },
	{ 0 },
};

static const struct flag kustomization_flags[] = {
	COMMON_FLAGS,
	{ "show-vars", 0, FLAG_BOOL, AT(values), "print the variables, as a .env file has them" },
	{ 0 },
};

#undef AT

static const struct command debug_release = {
	.use = "helmrelease [name]",
	.aliases = (const char *const[]){ "hr", NULL },
	.brief = "Look into a HelmRelease",
	.text = "Print the status, the history or the values of a HelmRelease. Values may hold\n"
		"secrets.",
	.example = "  flux debug hr podinfo --show-status\n"
		   "  flux debug hr podinfo --show-values",
	.args = { ARGS_EXACT, 1 },
	.flags = release_flags,
	.options = sizeof(struct debug_options),
	.subject = &flux_kinds[FLUX_RELEASE],
	.run = run_release,
};

static const struct command debug_kustomization = {
	.use = "kustomization [name]",
	.aliases = (const char *const[]){ "ks", NULL },
	.brief = "Look into a Kustomization",
	.text = "Print the status, the history or the variables of a Kustomization. Variables may\n"
		"hold secrets.",
	.example = "  flux debug ks podinfo --show-status\n"
		   "  flux debug ks podinfo --show-vars",
	.args = { ARGS_EXACT, 1 },
	.flags = kustomization_flags,
	.options = sizeof(struct debug_options),
	.subject = &flux_kinds[FLUX_KUSTOMIZATION],
	.run = run_kustomization,
};

const struct command flux_debug_command = {
	.use = "debug",
	.brief = "Look into an object",
	.text = "Print what an object's controller knows and makes of it.",
	.complete = flux_complete,
	.before = flux_before,
	.commands = (const struct command *const[]){ &debug_release, &debug_kustomization, NULL },
};
