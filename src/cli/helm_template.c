#include "base/map.h"
#include "cli/commands.h"
#include "cli/helm_cluster.h"
#include "cli/helm_depend.h"
#include "cli/helm_plugin.h"
#include "cli/helm_remote.h"
#include "helm/origin.h"
#include "release/release.h"
#include "text/errtext.h"
#include "text/glob.h"
#include "text/path.h"
#include "text/quote.h"

struct template_options {
	struct helm_value_options values;
	struct helm_chart_options chart;
	struct helm_schema_options schema;
	bool generate_name, no_hooks, include_crds, skip_tests, is_upgrade, stable;
	bool origins;
	bool release_name, dependency_update, devel, dns;
	str name_template, output_dir, kube_version, dry_run, post_renderer;
	struct flag_list show_only, api_versions, post_renderer_args;
	/* Accepted because scripts give them; they are about clusters. */
	bool create_namespace, force_replace, force_conflicts, server_side, replace;
	bool wait_for_jobs, disable_openapi, rollback, skip_crds, sub_notes, hide_notes;
	bool take_ownership, validate;
	int64_t timeout;
	str description, wait;
	struct flag_map labels;
};

#define AT(field) offsetof(struct template_options, field)

static const struct flag flags[] = {
	{ 0, 0, FLAG_TABLE, AT(chart), .table = helm_chart_flags },
	{ 0, 0, FLAG_TABLE, AT(values), .table = helm_value_flags },
	{ 0, 0, FLAG_TABLE, AT(schema), .table = helm_schema_flags },
	{ "api-versions", 'a', FLAG_LIST, AT(api_versions),
	  "API versions that .Capabilities.APIVersions has besides the usual ones" },
	{ "atomic", 0, FLAG_BOOL, AT(rollback), "deprecated",
	  .deprecated = "use --rollback-on-failure instead" },
	{ "create-namespace", 0, FLAG_BOOL, AT(create_namespace), "no effect without a cluster" },
	{ "dependency-update", 0, FLAG_BOOL, AT(dependency_update),
	  "fetch dependencies that are missing first" },
	{ "description", 0, FLAG_STRING, AT(description), "no effect without a cluster" },
	{ "devel", 0, FLAG_BOOL, AT(devel), "take development versions, too" },
	{ "disable-openapi-validation", 0, FLAG_BOOL, AT(disable_openapi),
	  "no effect without a cluster" },
	{ "dry-run", 0, FLAG_STRING, AT(dry_run), "client or server", .fallback = "client",
	  .bare = "unset", .choices = "client server" },
	{ "enable-dns", 0, FLAG_BOOL, AT(dns), "let templates ask for addresses of hosts" },
	{ "force", 0, FLAG_BOOL, AT(force_replace), "deprecated",
	  .deprecated = "use --force-replace instead" },
	{ "force-conflicts", 0, FLAG_BOOL, AT(force_conflicts), "no effect without a cluster" },
	{ "force-replace", 0, FLAG_BOOL, AT(force_replace), "no effect without a cluster" },
	{ "generate-name", 'g', FLAG_BOOL, AT(generate_name), "leave the release's name to rill" },
	{ "hide-notes", 0, FLAG_BOOL, AT(hide_notes), "no effect", .hidden = true,
	  .deprecated = "this flag has no effect for 'helm template' and will be removed in "
			"Helm 5" },
	{ "include-crds", 0, FLAG_BOOL, AT(include_crds), "print the files of crds/, too" },
	{ "is-upgrade", 0, FLAG_BOOL, AT(is_upgrade), "render as an upgrade, not an install" },
	{ "kube-version", 0, FLAG_STRING, AT(kube_version),
	  "Kubernetes version of .Capabilities.KubeVersion" },
	{ "labels", 'l', FLAG_MAP, AT(labels), "no effect without a cluster" },
	{ "name-template", 0, FLAG_STRING, AT(name_template), "template of the release's name" },
	{ "no-hooks", 0, FLAG_BOOL, AT(no_hooks), "leave hooks out" },
	{ "origins", 0, FLAG_BOOL, AT(origins),
	  "print below each # Source the line of the template that the object begins on" },
	{ "output-dir", 0, FLAG_STRING, AT(output_dir), "write files below this directory" },
	{ "post-renderer", 0, FLAG_STRING, AT(post_renderer),
	  "plugin that the rendered manifests go through" },
	{ "post-renderer-args", 0, FLAG_ARRAY, AT(post_renderer_args),
	  "argument of the post-renderer, which may be given again" },
	{ "release-name", 0, FLAG_BOOL, AT(release_name),
	  "put the release's name into paths below --output-dir" },
	{ "render-subchart-notes", 0, FLAG_BOOL, AT(sub_notes), "no effect", .hidden = true,
	  .deprecated = "this flag has no effect for 'helm template' and will be removed in "
			"Helm 5" },
	{ "replace", 0, FLAG_BOOL, AT(replace), "no effect without a cluster" },
	{ "rollback-on-failure", 0, FLAG_BOOL, AT(rollback), "no effect without a cluster" },
	{ "server-side", 0, FLAG_BOOL, AT(server_side), "no effect without a cluster",
	  .fallback = "true" },
	{ "show-only", 's', FLAG_ARRAY, AT(show_only),
	  "print what comes from these templates only: templates/a.yaml, charts/*/templates/*" },
	{ "skip-crds", 0, FLAG_BOOL, AT(skip_crds), "no effect without a cluster" },
	{ "skip-tests", 0, FLAG_BOOL, AT(skip_tests), "leave test hooks out" },
	{ "stable", 0, FLAG_BOOL, AT(stable),
	  "draw random texts, keys and certificates from the release's name and keep the clock still, "
	  "so that every run prints the same; for comparing only: what is drawn so is no secret" },
	{ "take-ownership", 0, FLAG_BOOL, AT(take_ownership), "no effect without a cluster" },
	{ "timeout", 0, FLAG_DURATION, AT(timeout), "no effect without a cluster",
	  .fallback = "5m0s" },
	{ "validate", 0, FLAG_BOOL, AT(validate), "deprecated",
	  .deprecated = "use '--dry-run=server' instead" },
	{ "wait", 0, FLAG_CUSTOM, AT(wait), "no effect without a cluster",
	  .fallback = "hookOnly", .bare = "watcher", .type = &helm_wait_type },
	{ "wait-for-jobs", 0, FLAG_BOOL, AT(wait_for_jobs), "no effect without a cluster" },
	{ 0 },
};

#undef AT

/* ---- names ------------------------------------------------------------- */

static err *check_name(str name, const struct notices *to)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	str what;

	if (release_name_is_valid(name, &what))
		return NULL;
	buf_add(&b, S("release name "));
	quote_add(&b, name, QUOTE_PRINT);
	buf_add(&b, S(": "));
	buf_add(&b, what);
	notice(to, NOTICE_ERROR, S("release name check failed"), { "error", buf_str(&b) });
	return err_new(ERR_INVALID, "release name check failed: %s", buf_c(&b));
}

/* ---- printing ---------------------------------------------------------- */

static void add_source(struct buf *b, str path, str text)
{
	buf_add(b, S("---\n# Source: "));
	buf_add(b, path);
	buf_addc(b, '\n');
	buf_add(b, text);
	buf_addc(b, '\n');
}

static void add_manifest(const struct helm_print *o, const struct manifest *m, struct buf *b)
{
	struct trace_place from;

	if (!o->origins || !origin_of(m, &from)) {
		add_source(b, m->path, m->text);
		return;
	}
	buf_addf(b, "---\n# Source: %.*s\n# Origin: %.*s:%u\n", STR_ARG(m->path),
		 STR_ARG(from.file), from.line);
	buf_add(b, m->text);
	buf_addc(b, '\n');
}

void helm_add_manifests(const struct helm_print *o, const struct render *r, struct buf *b)
{
	size_t start = b->n;

	if (o->crds)
		for (size_t i = 0; i < r->crds_n; i++)
			add_source(b, r->crds[i].path, r->crds[i].text);
	for (size_t i = 0; i < r->manifests.n; i++)
		add_manifest(o, &r->manifests.p[i], b);
	str all = str_of(b->p ? b->p + start : NULL, b->n - start);
	str trimmed = manifest_trim(all);

	if (trimmed.n)
		buf_trim(b, (size_t)(trimmed.p - b->p) + trimmed.n);
	buf_addc(b, '\n');
	if (o->no_hooks)
		return;
	for (size_t i = 0; i < r->hooks.n; i++) {
		const struct manifest *m = &r->hooks.p[i];

		if (!o->no_tests || !(m->events & HOOK_TEST))
			add_manifest(o, m, b);
	}
}

/* Behind "# Source: CHART/", or the empty text. */
static str source_of(str document)
{
	str mark = S("# Source: ");

	for (size_t at; (at = str_find(document, mark)) != STR_NPOS;) {
		document = str_from(document, at + mark.n);
		size_t slash = str_find_char(document, '/');

		if (slash == STR_NPOS)
			break;
		str path = str_from(document, slash + 1);

		path = str_sub(path, 0, str_find_char(path, '\n'));
		if (slash && path.n)
			return path;
	}
	return STR_NONE;
}

static err *show_only(struct cli *c, const struct template_options *o, str all)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;

	for (size_t i = 0; i < o->show_only.n; i++) {
		struct manifest_cut cut = { .rest = manifest_trim_left(all) };
		str document, pattern = o->show_only.p[i];
		bool missing = true;

		while (manifest_take(&cut, &document)) {
			str path = source_of(document);

			if (!path.n || glob_match_file(pattern, path) != GLOB_YES)
				continue;
			missing = false;
			buf_add(&out, S("---\n"));
			buf_add(&out, document);
			buf_addc(&out, '\n');
		}
		if (missing)
			return err_new(ERR_NOT_FOUND, "could not find template %.*s in chart",
				       STR_ARG(pattern));
	}
	buf_add(&c->out.buf, buf_str(&out));
	return buf_check(&out, "output");
}

/* ---- files ------------------------------------------------------------- */

static err *write_file(struct cli *c, const struct fs *fs, str dir, str path, str text, bool again)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str before = STR_NONE;

	if (again)
		TRY(fs_read(fs, c->arena, path, 1 << 30, &before));
	buf_add(&b, before);
	add_source(&b, path, text);
	TRY(fs_mkdir(fs, path_dir(c->arena, path), 0755));
	TRY(fs_write(fs, path, buf_str(&b), 0644));
	buf_addf(&c->out.buf, "wrote %.*s/%.*s\n", STR_ARG(dir), STR_ARG(path));
	return NULL;
}

static err *write_list(struct cli *c, const struct fs *fs, str dir, const struct manifest_list *l,
		       unsigned without, struct map *written)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct manifest *m = &l->p[i];

		if (m->events & without)
			continue;
		TRY(write_file(c, fs, dir, m->path, m->text, map_has(written, m->path)));
		map_set(written, m->path, written);
	}
	return NULL;
}

static err *write_files(struct cli *c, const struct template_options *o, str name,
			const struct render *r)
{
	CLEANUP(fs_drop) struct fs *root = NULL;
	CLEANUP(map_release) struct map written = MAP_INIT;
	str dir = o->release_name ? path_join(c->arena, o->output_dir, name) : o->output_dir;

	if (!path_is_abs(dir)) {
		TRY(fs_open(&root, S("."), NULL));
		TRY(fs_mkdir(root, dir, 0755));
		fs_close(root);
	} else {
		TRY(fs_open(&root, S("/"), &(const struct fs_options){ .links = FS_LINKS_INSIDE }));
		TRY(fs_mkdir(root, str_from(dir, 1), 0755));
		fs_close(root);
	}
	root = NULL;
	TRY(fs_open(&root, dir, NULL));
	for (size_t i = 0; o->include_crds && i < r->crds_n; i++)
		TRY(write_file(c, root, dir, r->crds[i].path, r->crds[i].text, false));
	TRY(write_list(c, root, dir, &r->manifests, 0, &written));
	if (!o->no_hooks)
		TRY(write_list(c, root, dir, &r->hooks, o->skip_tests ? HOOK_TEST : 0, &written));
	buf_addc(&c->out.buf, '\n');
	return NULL;
}

/* ---- run --------------------------------------------------------------- */

static err *check_dry_run(str v, const struct notices *to)
{
	if (str_eq(v, S("unset")))
		notice(to, NOTICE_WARN,
		       S("--dry-run is deprecated and should be replaced with '--dry-run=client'"),
		       { 0 });
	else if (str_eq(v, S("true")))
		notice(to, NOTICE_WARN,
		       S("boolean '--dry-run=true' flag is deprecated and must be replaced with "
			 "'--dry-run=client'"),
		       { 0 });
	else if (str_eq(v, S("server")))
		return NULL;
	else if (str_eq(v, S("none")) || str_eq(v, S("false")))
		return err_new(ERR_INVALID,
			       "invalid dry-run value (\"%.*s\"). Must be \"server\" or \"client\"",
			       STR_ARG(v));
	else if (!str_eq(v, S("client")))
		return err_new(ERR_INVALID,
			       "invalid dry-run value (\"%.*s\"). Must be \"none\", \"server\", or "
			       "\"client\"",
			       STR_ARG(v));
	return NULL;
}

static err *check_group(struct cli *c)
{
	if (!cli_given(c, "validate") || !cli_given(c, "dry-run"))
		return NULL;
	return err_new(ERR_INVALID, "if any flags in the group [validate dry-run] are set none of "
				    "the others can be; [dry-run validate] were all set");
}

/* Fetch what is missing, and read the chart anew. */
static err *update(struct cli *c, str path, const struct chart_options *options,
		   struct chart **chart)
{
	struct helm_depend d;
	int64_t mtime;

	TRY(helm_epoch(c, &mtime));
	TRY(helm_depend_init(&d, c, NULL, false));
	err *e = vendor_update(c->arena, path, mtime, &d.remote, &c->out.buf);

	helm_depend_release(&d);
	TRY(e);
	e = chart_load(c->arena, path, options, chart);

	return e ? err_wrap(e, "failed reloading chart after repo update") : NULL;
}

err *helm_load(struct cli *c, str path, bool dependency_update, const struct notices *to,
	       struct chart **out)
{
	const struct chart_options options = { .notices = to };
	struct chart *chart;

	TRY(chart_load(c->arena, path, &options, &chart));
	if (chart->meta.type.n && !str_eq(chart->meta.type, S("application")))
		return err_new(ERR_INVALID, "%.*s charts are not installable",
			       STR_ARG(chart->meta.type));
	if (chart->meta.deprecated)
		notice(to, NOTICE_WARN, S("this chart is deprecated"), { 0 });
	err *e = chart_check_dependencies(c->arena, chart);

	if (e && dependency_update) {
		err_free(e);
		e = NULL;
		TRY(update(c, path, &options, &chart));
	}
	if (e)
		return err_wrap(e, "an error occurred while checking for chart dependencies. You may "
				   "need to run 'helm dependency build' to fetch missing dependencies");
	if (str_eq(chart->meta.api_version, S("v3")))
		return err_new(ERR_INVALID, "invalid chart apiVersion");
	*out = chart;
	return NULL;
}

static err *print(struct cli *c, const struct template_options *o, str name,
		  const struct render *r)
{
	CLEANUP(buf_release) struct buf all = BUF_INIT;
	const struct helm_print what = { .crds = o->include_crds, .no_hooks = o->no_hooks,
					 .no_tests = o->skip_tests, .origins = o->origins };

	if (o->output_dir.n)
		return write_files(c, o, name, r);
	if (!o->show_only.n) {
		helm_add_manifests(&what, r, &c->out.buf);
		return NULL;
	}
	helm_add_manifests(&what, r, &all);
	return show_only(c, o, buf_str(&all));
}

/* Scripts compare what stands in their logs with what Helm says: places are
 * for people. */
static err *tell(struct cli *c, err *e)
{
	return helm_debug(c) || output_is_terminal(&c->err) ? errtext_tell(e) : e;
}

static bool asks_cluster(const struct template_options *o)
{
	return o->validate || str_eq(o->dry_run, S("server"));
}

static err *connect(struct cli *c, struct helm_cluster *k, const struct release_how *how,
		    struct caps *caps)
{
	TRY(helm_connect_to_install(c, k));
	TRY(release_install_crds(&k->env, c->arena, how));
	return release_caps(k->env.cluster.discovery, c->arena, caps);
}

/* What an install would find in its way. */
static err *check_cluster(struct cli *c, const struct helm_cluster *k,
			  const struct release_how *how, const struct render *r)
{
	return k->env.cluster.client ? release_try(&k->env, c->arena, how,
						   record_manifest(c->arena, &r->manifests))
				     : NULL;
}

/* Through the post-renderer, if there is one. */
static err *post_render(struct cli *c, const struct template_options *o,
			struct helm_post_renderer *post, struct render *r)
{
	const struct notices to = helm_notices(c);
	const struct release_how how = { .post_render = helm_post_render, .post_ctx = post };

	return o->post_renderer.n ? release_post_render(c->arena, &how, &to, r) : NULL;
}

static err *render(struct cli *c, const struct template_options *o, struct chart *chart,
		   node values, struct helm_post_renderer *post, struct render_options *ro)
{
	CLEANUP(helm_disconnect) struct helm_cluster k = { .schema = o->schema };
	struct caps caps = caps_offline(c->arena, o->api_versions.p, o->api_versions.n);
	const str seed[] = { ro->release.name, ro->release.ns, chart->meta.name };
	CLEANUP(helm_remote_release) struct helm_remote remote;
	struct helm_world world;
	struct render r;

	helm_world_init(c, &world);
	helm_remote_init(&remote, &o->schema);
	ro->fetch_schema = remote.fetch;
	ro->fetch_ctx = &remote;
	world.options.dns = o->dns;
	if (o->stable)
		TRY(helm_world_seed(c, &world, seed, 3));
	if (o->kube_version.n)
		TRY(caps_parse_version(c->arena, o->kube_version, &caps.kube));
	ro->caps = &caps;
	ro->tmpl = &world.options;
	ro->files_only = o->post_renderer.n > 0;
	struct tmpl_lookup lookup = release_lookup(&k.env);
	const struct release_how how = { .name = ro->release.name, .chart = chart, .values = values,
					 .dry_run = RELEASE_DRY_SERVER, .skip_crds = o->skip_crds,
					 .take_ownership = o->take_ownership || o->is_upgrade };

	if (asks_cluster(o)) {
		TRY(connect(c, &k, &how, &caps));
		world.options.lookup = &lookup;
	}
	err *e = render_chart(c->arena, chart, values, ro, &r);

	if (!e)
		e = post_render(c, o, post, &r);
	if (!e) {
		TRY(check_cluster(c, &k, &how, &r));
		e = print(c, o, ro->release.name, &r);
		helm_make_visible(c);
		return e;
	}
	if (!r.begun)
		return e;
	if (!helm_debug(c))
		return tell(c, err_replace(e, "%s\n\nUse --debug flag to render out invalid YAML",
					   err_msg(e)));
	for (size_t i = 0; i < r.files_n; i++)
		if (manifest_trim(r.files[i].text).n)
			add_source(&c->out.buf, r.files[i].path, r.files[i].text);
	return tell(c, e);
}

static err *run(struct cli *c)
{
	const struct template_options *o = c->options;
	const struct notices to = helm_notices(c);
	struct objects_kube_version version;
	struct helm_post_renderer post;
	struct chart *chart;
	str name = S("release-name"), ref, path;
	node values;

	if (o->post_renderer.n)
		TRY(helm_post_renderer_find(c, o->post_renderer, &o->post_renderer_args, &post));
	TRY(check_group(c));
	TRY(helm_check_force(c, &(const struct release_how){ .force_replace = o->force_replace,
							     .force_conflicts = o->force_conflicts }));
	helm_wait_strategy(c, o->wait);
	if (o->kube_version.n) {
		err *e = caps_parse_version(c->arena, o->kube_version, &version);

		if (e)
			return err_wrap(e, "invalid kube version '%.*s'", STR_ARG(o->kube_version));
	}
	TRY(check_dry_run(o->dry_run, &to));
	TRY(helm_name_and_chart(c, o->generate_name, o->name_template, &name, &ref));
	const struct helm_chart_options from = helm_devel(&o->chart, o->devel);

	TRY(helm_locate(c, ref, &from, &path));
	TRY(helm_values(c, &o->values, &values));
	TRY(helm_load(c, path, o->dependency_update, &to, &chart));
	TRY(check_name(name, &to));
	struct render_options ro = {
		.release = { .name = name, .ns = helm_namespace(c), .revision = 1,
			     .is_upgrade = o->is_upgrade },
		.notices = &to,
		.skip_schema = o->schema.skip,
	};

	return render(c, o, chart, values, &post, &ro);
}

const struct command helm_template_command = {
	.use = "template [NAME] [CHART]",
	.brief = "Render a chart's templates",
	.text = "Render a chart and print the manifests. Unless --dry-run=server is given, no cluster\n"
		"is asked: lookups find nothing, and .Capabilities is what a recent Kubernetes has\n"
		"unless flags say otherwise.\n\n"
		"When what was rendered is no YAML, the error names the line of the template and the\n"
		"line of its output: on a terminal, and elsewhere with --debug.",
	.example = "  # Render a chart's directory with values\n"
		   "  helm template web ./chart -f values.yaml --set image.tag=v2\n\n"
		   "  # One file of it\n"
		   "  helm template web ./chart -s templates/deployment.yaml",
	.args = { ARGS_MIN, 1 },
	.flags = flags,
	.options = sizeof(struct template_options),
	.run = run,
};
