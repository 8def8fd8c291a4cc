/* flux_export - "flux export" and "flux stats". */
#include "cli/commands.h"
#include "cli/flux.h"
#include "kube/health.h"
#include "value/yaml.h"

struct export_options {
	bool all;
};

struct credential_options {
	bool with_credentials;
};

/* ---- one object -------------------------------------------------------- */

static void keep(struct arena *a, node to, node from, const char *field)
{
	node value = node_get(from, str_c(field));

	if (!node_is_nil(value))
		node_set(a, to, str_c(field), value);
}

/* What was asked for, without what the server and the controllers added. */
static node exported(struct arena *a, enum flux_kind_id kind, node object)
{
	const struct api_kind *k =
		api_kind_find(str_c(flux_kinds[kind].group), str_c(flux_kinds[kind].kind));
	static const char *const kept[] = { "annotations", "labels", "name", "namespace" };
	node out = node_map(a, 4), from = node_get(object, S("metadata")), metadata = node_map(a, 4);

	keep(a, out, object, "apiVersion");
	keep(a, out, object, "kind");
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		keep(a, metadata, from, kept[i]);
	node_set(a, out, S("metadata"), metadata);
	if (node_has(object, S("spec")))
		node_set(a, out, S("spec"),
			 api_kind_canonical(a, k, node_get(object, S("spec"))));
	return out;
}

err *flux_print_export(struct buf *b, node object)
{
	buf_add(b, S("---\n"));
	return yaml_write(b, object, YAML_WRITE_SIGS);
}

static node exported_secret(struct arena *a, node secret)
{
	node out = node_map(a, 5), from = node_get(secret, S("metadata")), metadata = node_map(a, 2);

	node_set(a, out, S("apiVersion"), node_lit("v1"));
	node_set(a, out, S("kind"), node_lit("Secret"));
	keep(a, metadata, from, "name");
	keep(a, metadata, from, "namespace");
	node_set(a, out, S("metadata"), metadata);
	keep(a, out, secret, "data");
	keep(a, out, secret, "type");
	return out;
}

/* The Secret that the object names, behind it; `*done` when there was one. */
static err *print_credentials(struct cli *c, struct flux_server *s, node object, bool *done)
{
	static const struct client_resource secrets = { STR_NONE, S("v1"), S("secrets"),
							S("Secret"), true };
	str name = node_str(node_dig(object, "spec", "secretRef", "name"));
	node secret;

	if (!name.n)
		return NULL;
	err *e = client_get(s->client, c->arena, &secrets, flux_namespace(object), name, &secret);

	if (e)
		return err_replace(e, "failed to retrieve secret %.*s, error: %s", STR_ARG(name),
				   err_msg(e));
	*done = true;
	return flux_print_export(&c->out.buf, exported_secret(c->arena, secret));
}

static bool has_credentials(enum flux_kind_id kind)
{
	return kind == FLUX_GIT || kind == FLUX_HELM_REPOSITORY || kind == FLUX_BUCKET ||
	       kind == FLUX_OCI;
}

static err *export_all(struct cli *c, struct flux_server *s, enum flux_kind_id kind,
		       bool credentials)
{
	const struct client_resource r = flux_resource(&flux_kinds[kind]);
	str namespace = flux_settings(c)->namespace;
	node list;

	TRY(client_list(s->client, c->arena, &r, namespace, STR_NONE, STR_NONE, &list));
	if (!node_len(node_get(list, S("items"))))
		return err_new(ERR_NOT_FOUND, "no objects found in %.*s namespace",
			       STR_ARG(namespace));
	node_each_item(o, node_get(list, S("items"))) {
		bool done = false;

		TRY(flux_print_export(&c->out.buf, exported(c->arena, kind, *o)));
		if (credentials)
			TRY(print_credentials(c, s, *o, &done));
		if (done)	/* flux ends with the first source that has a Secret */
			break;
	}
	return NULL;
}

static err *run_export(struct cli *c)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	const struct export_options *o = c->options_at[1];
	const struct credential_options *with = c->path.n > 3 ? c->options_at[2] : NULL;
	enum flux_kind_id kind = flux_kind_of(c);
	const struct client_resource r = flux_resource(&flux_kinds[kind]);
	bool credentials = with && with->with_credentials && has_credentials(kind), done;
	node object;

	if (!c->words.n && !o->all)
		return err_new(ERR_INVALID, "name is required");
	TRY(flux_open(c, &s));
	if (o->all)
		return export_all(c, &s, kind, credentials);
	TRY(client_get(s.client, c->arena, &r, flux_settings(c)->namespace, c->words.p[0],
		       &object));
	TRY(flux_print_export(&c->out.buf, exported(c->arena, kind, object)));
	return credentials ? print_credentials(c, &s, object, &done) : NULL;
}

#define EXPORT(id, variable, words, said, where, ...)                                   \
	static const struct command export_##variable = {                              \
		.use = words " [name]",                                                 \
		.brief = "Print " said " as YAML",                                      \
		.text = "Print " said " as YAML, without what the cluster added.",      \
		.example = "  flux export " where words " podinfo > podinfo.yaml",      \
		.run = run_export,                                                      \
		.subject = &flux_kinds[id],                                             \
		__VA_ARGS__                                                             \
	};

EXPORT(FLUX_GIT, git, "git", "Git sources", "source ", )
EXPORT(FLUX_OCI, oci, "oci", "OCI sources", "source ", )
EXPORT(FLUX_HELM_REPOSITORY, helm, "helm", "Helm repositories", "source ", )
EXPORT(FLUX_CHART, chart, "chart", "Helm charts", "source ", )
EXPORT(FLUX_BUCKET, bucket, "bucket", "buckets", "source ", )
EXPORT(FLUX_EXTERNAL, external, "external", "external artifacts", "source ", )
EXPORT(FLUX_GENERATOR, generator, "generator", "artifact generators", "artifact ", )
EXPORT(FLUX_KUSTOMIZATION, kustomization, "kustomization", "Kustomizations", "",
       .aliases = (const char *const[]){ "ks", NULL })
EXPORT(FLUX_RELEASE, helmrelease, "helmrelease", "HelmReleases", "",
       .aliases = (const char *const[]){ "hr", NULL })
EXPORT(FLUX_IMAGE_REPOSITORY, image_repository, "repository", "image repositories", "image ", )
EXPORT(FLUX_IMAGE_POLICY, image_policy, "policy", "image policies", "image ", )
EXPORT(FLUX_IMAGE_UPDATE, image_update, "update", "image update automations", "image ", )
EXPORT(FLUX_ALERT, alert, "alert", "alerts", "", )
EXPORT(FLUX_PROVIDER, provider, "alert-provider", "alert providers", "", )
EXPORT(FLUX_RECEIVER, receiver, "receiver", "receivers", "", )

static const struct flag credential_flags[] = {
	{ "with-credentials", 0, FLAG_BOOL, offsetof(struct credential_options, with_credentials),
	  "print the Secret, too" },
	{ 0 },
};

static const struct command export_source = {
	.use = "source",
	.brief = "Print sources as YAML",
	.text = "Print the sources of a kind as YAML.",
	.shared = credential_flags,
	.options = sizeof(struct credential_options),
	.commands = (const struct command *const[]){ &export_bucket, &export_chart,
						     &export_external, &export_git, &export_helm,
						     &export_oci, NULL },
};

static const struct command export_image = {
	.use = "image",
	.brief = "Print image objects as YAML",
	.text = "Print the image objects of a kind as YAML.",
	.commands = (const struct command *const[]){ &export_image_policy,
						     &export_image_repository,
						     &export_image_update, NULL },
};

static const struct command export_artifact = {
	.use = "artifact",
	.brief = "Print artifact objects as YAML",
	.text = "Print the objects that make artifacts as YAML.",
	.commands = (const struct command *const[]){ &export_generator, NULL },
};

static const struct flag export_flags[] = {
	{ "all", 0, FLAG_BOOL, offsetof(struct export_options, all), "all in the namespace" },
	{ 0 },
};

const struct command flux_export_command = {
	.use = "export",
	.brief = "Print objects as YAML",
	.text = "Print objects as YAML, ready to be put into Git.",
	.shared = export_flags,
	.options = sizeof(struct export_options),
	.complete = flux_complete,
	.before = flux_before,
	.commands = (const struct command *const[]){ &export_alert, &export_provider,
						     &export_artifact, &export_helmrelease,
						     &export_image, &export_kustomization,
						     &export_receiver, &export_source, NULL },
};

/* ---- stats ------------------------------------------------------------- */

struct stats_options {
	bool all_namespaces;
};

struct stat {
	int64_t running, failing, suspended;
	uint64_t stored;
};

static struct stat count(node list)
{
	struct stat s = { 0 };

	node_each_item(o, node_get(list, S("items"))) {
		node ready = health_condition(*o, S("Ready"));

		if (node_bool(node_dig(*o, "spec", "suspend")))
			s.suspended++;
		else
			s.running++;
		s.failing += str_eq(node_str(node_get(ready, S("status"))), S("False"));
		s.stored += node_uint(node_dig(*o, "status", "artifact", "size"));
	}
	return s;
}

static str stored_text(struct arena *a, uint64_t bytes)
{
	static const char units[] = "KMGTPE";
	double size = (double)bytes;
	size_t unit = 0;

	if (!bytes)
		return S("-");
	if (bytes < 1024)
		return arena_printf(a, "%llu B", (unsigned long long)bytes);
	for (size /= 1024; size >= 1024 && units[unit + 1]; size /= 1024)
		unit++;
	return arena_printf(a, "%.1f %ciB", size, units[unit]);
}

static err *run_stats(struct cli *c)
{
	static const enum flux_kind_id kinds[] = {
		FLUX_GIT,   FLUX_OCI,	   FLUX_HELM_REPOSITORY, FLUX_CHART,	    FLUX_BUCKET,
		FLUX_KUSTOMIZATION, FLUX_RELEASE, FLUX_ALERT, FLUX_PROVIDER, FLUX_RECEIVER,
		FLUX_IMAGE_UPDATE, FLUX_IMAGE_POLICY, FLUX_IMAGE_REPOSITORY,
	};
	enum { N = sizeof kinds / sizeof *kinds };
	static const char *const header[] = { "Reconcilers", "Running", "Failing", "Suspended",
					      "Storage" };
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	const struct stats_options *o = c->options;
	struct flux_table t = { .arena = c->arena, .header = header, .columns = 5 };
	struct client_call *calls[N];

	TRY(flux_open(c, &s));
	for (size_t i = 0; i < N; i++) {
		const struct client_resource r = flux_resource(&flux_kinds[kinds[i]]);
		str namespace = o->all_namespaces ? STR_NONE : flux_settings(c)->namespace;

		calls[i] = client_start(s.client, &(struct client_request){
							  .path = client_path(c->arena, &r, namespace,
									      STR_NONE, STR_NONE) });
	}
	for (size_t i = 0; i < N; i++) {
		node list = NODE_NOTHING;

		err_free(client_wait(calls[i], c->arena, &list));	/* counts as none */
		struct stat st = count(list);
		const int64_t numbers[] = { st.running, st.failing, st.suspended };

		flux_table_add(&t, str_c(flux_kinds[kinds[i]].kind));
		for (size_t j = 0; j < 3; j++)
			flux_table_add(&t, arena_printf(c->arena, "%lld", (long long)numbers[j]));
		flux_table_add(&t, stored_text(c->arena, st.stored));
	}
	flux_table_print(&c->out.buf, &t);
	return NULL;
}

static const struct flag stats_flags[] = {
	{ "all-namespaces", 'A', FLAG_BOOL, offsetof(struct stats_options, all_namespaces),
	  "count in all namespaces" },
	{ 0 },
};

const struct command flux_stats_command = {
	.use = "stats",
	.brief = "Count objects",
	.text = "Count the objects of each kind: running, failing, suspended, and what their\n"
		"artifacts take.",
	.example = "  flux stats -A",
	.flags = stats_flags,
	.options = sizeof(struct stats_options),
	.args = { ARGS_NONE },
	.before = flux_before,
	.run = run_stats,
};
