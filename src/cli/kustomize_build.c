#include <limits.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/kustomize_helm.h"
#include "cli/remotebases.h"
#include "kustomize/build.h"
#include "kustomize/explain.h"
#include "kustomize/value.h"
#include "text/errtext.h"
#include "text/path.h"
#include "value/yaml.h"

struct build_options {
	str output, reorder, restrictor;
	bool plugins, managed_by, helm, helm_debug;
	str helm_command, helm_kube_version;
	struct flag_list helm_api_versions;
	bool network, as_user;
	str network_name;
	struct flag_list mounts, env;
	bool no_remote_bases;
	str explain;
};

#define AT(field) offsetof(struct build_options, field)

static const struct flag flags[] = {
	{ "as-current-user", 0, FLAG_BOOL, AT(as_user),
	  "accepted for compatibility: functions in containers are not run" },
	{ "enable-alpha-plugins", 0, FLAG_BOOL, AT(plugins),
	  "accepted for compatibility: only the built-in plugins are run" },
	{ "enable-helm", 0, FLAG_BOOL, AT(helm), "inflate the charts of helmCharts" },
	{ "enable-managedby-label", 0, FLAG_BOOL, AT(managed_by),
	  "add the label app.kubernetes.io/managed-by to all resources",
	  .deprecated = "The flag `enable-managedby-label` has been deprecated. Use the "
			"`managedByLabel` option in the `buildMetadata` field instead." },
	{ "env", 'e', FLAG_ARRAY, AT(env),
	  "accepted for compatibility: variables for functions in containers" },
	{ "explain", 0, FLAG_STRING, AT(explain),
	  "print where the fields of this object, KIND/NAME, come from; with a PATH behind DIR, where "
	  "that field does" },
	{ "helm-api-versions", 0, FLAG_ARRAY, AT(helm_api_versions),
	  "API versions that charts find in .Capabilities.APIVersions" },
	{ "helm-command", 0, FLAG_STRING, AT(helm_command),
	  "accepted for compatibility: charts are rendered without a helm program",
	  .fallback = "helm" },
	{ "helm-debug", 0, FLAG_BOOL, AT(helm_debug), "render charts as with helm's --debug" },
	{ "helm-kube-version", 0, FLAG_STRING, AT(helm_kube_version),
	  "Kubernetes version that charts find in .Capabilities.KubeVersion.Version" },
	{ "load-restrictor", 0, FLAG_STRING, AT(restrictor),
	  "where files may lie: LoadRestrictionsRootOnly (in or below their kustomization) or "
	  "LoadRestrictionsNone",
	  .fallback = "LoadRestrictionsRootOnly",
	  .choices = "LoadRestrictionsRootOnly LoadRestrictionsNone" },
	{ "mount", 0, FLAG_ARRAY, AT(mounts),
	  "accepted for compatibility: mounts of functions in containers" },
	{ "network", 0, FLAG_BOOL, AT(network),
	  "accepted for compatibility: network of functions in containers" },
	{ "network-name", 0, FLAG_STRING, AT(network_name),
	  "accepted for compatibility: name of the containers' network", .fallback = "bridge" },
	{ "no-remote-bases", 0, FLAG_BOOL, AT(no_remote_bases), "refuse remote bases and files" },
	{ "output", 'o', FLAG_STRING, AT(output),
	  "write to this file; if it is a directory, one file for each resource" },
	{ "reorder", 0, FLAG_STRING, AT(reorder), "the order of the resources: legacy or none",
	  .fallback = "legacy", .choices = "legacy none",
	  .deprecated = "use the new 'sortOptions' field in kustomization.yaml instead." },
	{ 0 },
};

/* ---- output ------------------------------------------------------------ */

/* apps_v1_deployment_web.yaml, behind the namespace where there are several. */
static str file_name(struct arena *a, const struct resource *r, bool with_ns)
{
	struct resid id = resource_id(r);
	const str parts[] = { id.gvk.group, id.gvk.version, id.gvk.kind, id.name };
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (with_ns)
		buf_addf(&b, "%.*s_", STR_ARG(resid_effective_ns(id)));
	size_t start = b.n;

	for (size_t i = 0; i < 4; i++) {
		if (!parts[i].n)
			continue;
		buf_add(&b, b.n > start ? S("_") : STR_NONE);
		buf_add(&b, parts[i]);
	}
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] >= 'A' && b.p[i] <= 'Z')
			b.p[i] = (char)(b.p[i] + 32);
		else if (b.p[i] == '/')
			b.p[i] = '_';
	buf_add(&b, S(".yaml"));
	return arena_str(a, buf_str(&b));
}

static err *write_files(struct cli *c, str dir, const struct resmap *m)
{
	CLEANUP(fs_drop) struct fs *fs = NULL;
	bool several = false;

	for (size_t i = 1; i < m->n; i++)
		several |= !str_eq(resid_effective_ns(resource_id(m->list[i])),
				   resid_effective_ns(resource_id(m->list[0])));
	TRY(fs_open(&fs, dir, NULL));
	for (size_t i = 0; i < m->n; i++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT;
		node value;

		TRY(value_of(c->arena, m->list[i]->object, false, &value));
		TRY(yaml_write(&text, value, YAML_WRITE_KYAML));
		TRY(fs_write(fs, file_name(c->arena, m->list[i], several), buf_str(&text), 0644));
	}
	return NULL;
}

static err *write_result(struct cli *c, const struct build_options *o, struct sources *sources,
			 const struct resmap *m, str cwd)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	str path = path_is_abs(o->output) ? o->output : path_join(c->arena, cwd, o->output);
	CLEANUP(fs_drop) struct fs *dir = NULL;

	if (o->output.n && files_disk.type(&files_disk, path) == FILE_DIR)
		return write_files(c, path, m);
	if (!o->output.n) {
		size_t start = buf_str(&c->out.buf).n;
		err *e = kustomize_print(c->arena, sources, m, &c->out.buf);

		/* Nothing is shown of what cannot be shown whole. */
		if (e)
			buf_trim(&c->out.buf, start);
		return e;
	}
	TRY(kustomize_print(c->arena, sources, m, &text));
	TRY(fs_open(&dir, path_dir(c->arena, path), NULL));
	return fs_write(dir, path_base(path), buf_str(&text), 0644);
}

/* ---- run --------------------------------------------------------------- */

static void warn(void *context, str line)
{
	cli_note(context, "%.*s", STR_ARG(line));
}

static err *check(const struct build_options *o)
{
	if (!str_eq(o->restrictor, S("LoadRestrictionsRootOnly")) &&
	    !str_eq(o->restrictor, S("LoadRestrictionsNone")) && o->restrictor.n)
		return err_new(ERR_INVALID,
			       "illegal flag value --load-restrictor %.*s; legal values: "
			       "[LoadRestrictionsRootOnly LoadRestrictionsNone]",
			       STR_ARG(o->restrictor));
	if (!str_eq(o->reorder, S("legacy")) && !str_eq(o->reorder, S("none")))
		return err_new(ERR_INVALID,
			       "illegal flag value --reorder %.*s; legal values: [legacy none]",
			       STR_ARG(o->reorder));
	return NULL;
}

/* Of the two words at most that may follow --explain, which is DIR? */
static void split_words(struct cli *c, str *dir, str *path)
{
	str first = c->words.n ? c->words.p[0] : STR_NONE;

	*dir = S(".");
	*path = STR_NONE;
	if (c->words.n == 2) {
		*dir = first;
		*path = c->words.p[1];
	} else if (first.n && (files_disk.type(&files_disk, first) == FILE_DIR ||
			       loader_is_repo(first))) {
		*dir = first;
	} else {
		*path = first;
	}
}

static err *explain(struct cli *c, const struct build_options *o, str path,
		    struct sources *sources, const struct resmap *m, str cwd)
{
	const struct explain x = { .sources = sources, .dir = cwd };
	resource_list found;
	str kind, name;

	if (!str_split(o->explain, '/', &kind, &name) || !kind.n || !name.n)
		return err_new(ERR_INVALID, "--explain takes KIND/NAME, not '%.*s'",
			       STR_ARG(o->explain));
	TRY(explain_find(c->arena, m, kind, name, &found));
	for (size_t i = 0; i < found.n; i++) {
		buf_add(&c->out.buf, i ? S("---\n") : STR_NONE);
		TRY(explain_print(&x, c->arena, found.p[i], path, &c->out.buf));
	}
	return NULL;
}

static err *run(struct cli *c)
{
	const struct build_options *o = c->options;
	CLEANUP(sources_release) struct sources sources = SOURCES_INIT;
	CLEANUP(remotebases_close) struct remotebases bases = { 0 };
	const char *label = cli_env(c, "KUSTOMIZE_ENABLE_MANAGEDBY_LABEL");
	struct kustomize_charts charts;
	char cwd[PATH_MAX];
	struct resmap *m;
	str dir, path = STR_NONE;

	kustomize_helm_init(&charts, c, o->helm_kube_version, &o->helm_api_versions);
	if (c->words.n > (o->explain.n ? 2 : 1))
		return err_new(ERR_INVALID, "specify one path to kustomization.yaml");
	TRY(check(o));
	if (!getcwd(cwd, sizeof cwd))
		return err_new(ERR_INTERNAL, "cannot tell the working directory");
	struct kustomize_options options = {
		.sources = &sources,
		.remote = o->no_remote_bases ? NULL : remotebases_open(&bases, c->arena),
		.helm = o->helm ? &charts.hook : NULL,
		.working_dir = str_c(cwd),
		.version = S("v" KUSTOMIZE_VERSION),
		.order = !cli_given(c, "reorder")		  ? KUSTOMIZE_ORDER_DEFAULT
			 : str_eq(o->reorder, S("none")) ? KUSTOMIZE_ORDER_NONE
							 : KUSTOMIZE_ORDER_LEGACY,
		.any_file = str_eq(o->restrictor, S("LoadRestrictionsNone")),
		.managed_by = o->managed_by || (label && str_eq(str_c(label), S("on"))),
		.trail = o->explain.n > 0,
		.warn = warn,
		.context = c,
	};
	c->arena->budget = KUSTOMIZE_MEMORY_MAX;
	if (o->explain.n)
		split_words(c, &dir, &path);
	else
		dir = c->words.n ? c->words.p[0] : S(".");
	err *e = kustomize_build(c->arena, &options, dir, &m);

	if (!e && o->explain.n)
		e = explain(c, o, path, &sources, m, str_c(cwd));
	else if (!e)
		e = write_result(c, o, &sources, m, str_c(cwd));
	return e ? errtext_tell_from(e, str_c(cwd)) : NULL;
}

const struct command kustomize_build_command = {
	.use = "build DIR",
	.brief = "Build a kustomization from a directory or URL",
	.text = "Build the Kubernetes objects that a kustomization.yaml describes and print them.\n"
		"DIR is the directory of the file, or the URL of a git repository with the path in\n"
		"it; without DIR, the current directory is built.",
	.example = "  # Build the current directory\n"
		   "  kustomize build\n\n"
		   "  # Build an overlay into one file\n"
		   "  kustomize build overlays/production -o production.yaml",
	.flags = flags,
	.options = sizeof(struct build_options),
	.run = run,
};
