#include "controllers/chartsource_impl.h"
#include "crypto/sha256.h"

#include "helm/pack.h"
#include "text/path.h"
#include "text/semver.h"
#include "value/yaml.h"

/* ---- errors ------------------------------------------------------------------ */

static const struct {
	const char *reason, *text, *condition;
	bool stalls;
} kinds[] = {
	[CHARTSOURCE_REFERENCE] = { "InvalidChartReference", "invalid chart reference",
				    "FetchFailed", true },
	[CHARTSOURCE_PULL] = { "ChartPullError", "chart pull error", "FetchFailed", false },
	[CHARTSOURCE_METADATA] = { "MetadataPatchError", "chart metadata patch error", "BuildFailed",
				   true },
	[CHARTSOURCE_VALUES] = { "ValuesFilesError", "values files merge error", "BuildFailed",
				 true },
	[CHARTSOURCE_DEPENDENCIES] = { "DependencyBuildError", "dependency build error",
				       "BuildFailed", false },
	[CHARTSOURCE_PACKAGE] = { "ChartPackageError", "chart package error", "BuildFailed", false },
	[CHARTSOURCE_VERIFICATION] = { "ChartVerificationError", "chart verification error",
				       "BuildFailed", false },
};

err *chartsource_error(enum chartsource_reason reason, err *e)
{
	/* of a repository that cannot even be asked */
	if (failure_of(e).condition)
		return e;
	return failure_mark(err_wrap(e, "%s", kinds[reason].text),
			    kinds[reason].stalls ? FAILURE_STALLED : FAILURE_GENERIC,
			    kinds[reason].condition, kinds[reason].reason);
}

bool chartsource_is_build_error(const err *e)
{
	str reason = str_c(failure_of(e).reason);

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_eq(reason, str_c(kinds[i].reason)))
			return true;
	return false;
}

/* ---- what was built ------------------------------------------------------------ */

str chartsource_summary(struct chartsource *c)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!c->name.n || !c->version.n)
		return S("no chart build");
	buf_addf(&b, "%s '%.*s' chart with version '%.*s'",
		 !c->complete ? "new" : c->packaged ? "packaged" : "pulled", STR_ARG(c->name),
		 STR_ARG(c->version));
	for (size_t i = 0; i < c->values_files_n; i++)
		buf_addf(&b, "%s%.*s", i ? " " : " and merged values files [",
			 STR_ARG(c->values_files[i]));
	if (c->values_files_n)
		buf_addc(&b, ']');
	return arena_str(&c->mem, buf_str(&b));
}

str chartsource_reason(const struct chartsource *c)
{
	return c->packaged ? S("ChartPackageSucceeded") : S("ChartPullSucceeded");
}

bool chartsource_has_values(const struct chartsource_spec *spec)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	if (spec->values_files_n != 1)
		return spec->values_files_n > 0;
	return !str_eq(path_clean(&a, spec->values_files[0]), S("values.yaml"));
}

err *chartsource_set_version(struct chartsource_work *w, str version, str metadata)
{
	struct arena *a = &w->c->mem;
	struct semver v, with;

	w->c->version = arena_str(a, version);
	if (!metadata.n)
		return NULL;
	err *e = semver_parse(&v, w->c->version);

	if (e)
		return chartsource_error(CHARTSOURCE_METADATA,
					 err_wrap(e, "failed to parse version from chart metadata as "
						     "SemVer"));
	e = semver_with_build(a, &v, metadata, &with);
	if (e)
		return chartsource_error(CHARTSOURCE_METADATA,
					 err_wrap(e, "failed to set SemVer metadata on chart "
						     "version"));
	w->c->version = semver_text(a, &with);
	return NULL;
}

bool chartsource_is_stored(struct chartsource_work *w, bool packaged)
{
	const struct chartsource_seen *seen = w->seen;
	struct chartsource *c = w->c;

	if (!seen->artifact || seen->force || !str_eq(seen->name, c->name) ||
	    !str_eq(seen->artifact->revision, c->version))
		return false;
	c->unchanged = c->complete = true;
	c->packaged = packaged;
	c->artifact = *seen->artifact;
	if (seen->values_files) {
		c->values_files = seen->values_files;
		c->values_files_n = seen->values_files_n;
	} else if (chartsource_has_values(w->spec)) {
		c->values_files = w->spec->values_files;
		c->values_files_n = w->spec->values_files_n;
	}
	return true;
}

static uint64_t chart_max(const struct chartsource_env *env)
{
	return env->repo.chart_max ? env->repo.chart_max : CHARTREPO_CHART_MAX;
}

err *chartsource_read_meta(struct arena *a, str name, str bytes,
			   const struct chartsource_env *env, struct chart_meta *out)
{
	struct chart_files files = { 0 };
	node tree = NODE_NOTHING;

	if (bytes.n > chart_max(env))
		return err_new(ERR_INVALID, "size of chart '%.*s' exceeds '%llu' bytes limit",
			       STR_ARG(name), (unsigned long long)chart_max(env));
	TRY(chart_unpack(a, bytes, 0, &files));
	for (size_t i = 0; i < files.n; i++) {
		str file = files.p[i].name;

		if (!str_eq(file, S("Chart.yaml")) && !str_eq(file, S("requirements.yaml")))
			continue;
		err *e = meta_read(a, files.p[i].data, &tree);

		if (e)
			return err_wrap(e, "cannot load '%.*s'", STR_ARG(file));
	}
	if (tree.kind != NODE_MAP)
		return err_new(ERR_NOT_FOUND, "no 'Chart.yaml' found");
	meta_from_tree(a, tree, out);
	if (!out->api_version.n)
		out->api_version = S("v1");
	return NULL;
}

/* ---- values --------------------------------------------------------------------- */

/* transform.MergeMaps: maps deep, the later one wins. */
static node merge_maps(struct arena *a, node to, node from, unsigned depth)
{
	node_each_pair(p, from) {
		node was = node_get(to, node_str(p->key));

		if (was.kind == NODE_MAP && p->value.kind == NODE_MAP && depth < 1000)
			node_set(a, to, node_str(p->key),
				 merge_maps(a, node_copy(a, was), p->value, depth + 1));
		else
			node_set(a, to, node_str(p->key), p->value);
	}
	return to;
}

err *chartsource_values(struct arena *a, str path, str text, node *out)
{
	err *e = yaml_read(a, text, YAML_SIGS, out);

	if (!e && out->kind != NODE_MAP && !node_is_nil(*out))
		e = err_new(ERR_INVALID,
			    "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal %s "
			    "into Go value of type map[string]interface {}",
			    node_kind_name(*out));
	return e ? err_wrap(e, "unmarshaling values from '%.*s' failed", STR_ARG(path)) : NULL;
}

err *chartsource_merge(struct chartsource_work *w, chartsource_read *read, void *ctx, node *out)
{
	const struct chartsource_spec *spec = w->spec;
	struct arena *a = &w->c->mem;
	str *used = arena_array(a, str, spec->values_files_n + 1);
	node merged = node_map(a, 8);
	size_t n = 0;

	*out = NODE_NOTHING;
	if (!chartsource_has_values(spec))
		return NULL;
	for (size_t i = 0; i < spec->values_files_n; i++) {
		node values = NODE_NOTHING;
		bool found;

		TRY(read(w, ctx, spec->values_files[i], &values, &found));
		if (!found)
			continue;
		merge_maps(a, merged, values, 0);
		used[n++] = spec->values_files[i];
	}
	w->c->values_files = used;
	w->c->values_files_n = n;
	*out = merged;
	return NULL;
}

err *chartsource_overwrite(struct chartsource_work *w, struct chart *chart, node merged)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct arena *a = &w->c->mem;

	if (merged.kind != NODE_MAP)
		return NULL;
	node_sort(merged);
	if (node_len(merged))
		TRY(yaml_write(&b, merged, YAML_WRITE_SIGS));
	for (size_t i = 0; i < chart->raw.n; i++) {
		if (!str_eq(chart->raw.p[i].name, S("values.yaml")))
			continue;
		if (str_eq(chart->raw.p[i].data, buf_str(&b))) {
			w->c->values_files_n = 0;
			return NULL;
		}
		chart->raw.p[i].data = arena_str(a, buf_str(&b));
		chart->values = merged;
		return NULL;
	}
	return err_new(ERR_NOT_FOUND, "failed to locate values file: values.yaml");
}

/* The artifact's files were unpacked just now: their times say nothing. */
static void forget_times(struct chart *chart)
{
	for (size_t i = 0; i < chart->raw.n; i++)
		chart->raw.p[i].mtime = 0;
	for (size_t i = 0; i < chart->templates.n; i++)
		chart->templates.p[i].mtime = 0;
	for (size_t i = 0; i < chart->files.n; i++)
		chart->files.p[i].mtime = 0;
	for (size_t i = 0; i < chart->subs_n; i++)
		forget_times(chart->subs[i]);
}

err *chartsource_pack(struct chartsource_work *w, struct chart *chart)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	chart->meta.version = w->c->version;
	if (w->spec->files)
		forget_times(chart);
	err *e = pack_chart(&w->c->mem, chart, PACK_OWN_TIMES, &b);

	if (e)
		return chartsource_error(CHARTSOURCE_PACKAGE,
					 err_wrap(e, "failed to package chart"));
	w->c->bytes = arena_str(&w->c->mem, buf_str(&b));
	w->c->packaged = w->c->complete = true;
	return NULL;
}

/* ---- from a repository ------------------------------------------------------------- */

static bool is_name_char(char c)
{
	return c == '-' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* ^([-a-z0-9]+/?\.?)+$ */
static bool is_chart_name(str s)
{
	do {
		if (!str_span(&s, is_name_char).n)
			return false;
		str_take(&s, '/');
		str_take(&s, '.');
	} while (s.n);
	return true;
}

static err *check_name(const struct chartsource_spec *spec)
{
	err *e = NULL;

	if (!spec->chart.n)
		e = err_new(ERR_INVALID, "no name set for remote chart reference");
	else if (!is_chart_name(spec->chart))
		e = err_new(ERR_INVALID,
			    "invalid chart name '%.*s': a valid name must be lower case letters and "
			    "numbers and MAY be separated with dashes (-), slashes (/) or periods (.)",
			    STR_ARG(spec->chart));
	return e ? chartsource_error(CHARTSOURCE_REFERENCE, e) : NULL;
}

/* A values file of the chart itself. */
static err *read_chart_values(struct chartsource_work *w, void *ctx, str path, node *out,
			      bool *found)
{
	const struct chart *chart = ctx;
	struct arena *a = &w->c->mem;
	str clean = path_clean(a, path);
	const struct chart_file *f;

	*found = true;
	if (str_eq(clean, S("values.yaml"))) {
		*out = chart->values;
		return NULL;
	}
	f = chart_find_file(&chart->files, clean);
	if (f)
		return chartsource_values(a, path, f->data, out);
	*found = false;
	if (w->spec->ignore_missing)
		return NULL;
	return err_new(ERR_NOT_FOUND, "no values file found at path '%.*s'", STR_ARG(path));
}

static err *repack(struct chartsource_work *w, str bytes)
{
	struct arena *a = &w->c->mem;
	struct chart *chart;
	node merged;
	err *e = chart_load_archive(a, bytes, NULL, &chart);

	if (e)
		return chartsource_error(CHARTSOURCE_PACKAGE,
					 err_wrap(e, "failed to load downloaded chart"));
	e = chartsource_merge(w, read_chart_values, chart, &merged);
	if (e)
		e = err_wrap(e, "failed to merge chart values");
	else
		e = chartsource_overwrite(w, chart, merged);
	return e ? chartsource_error(CHARTSOURCE_VALUES, e) : chartsource_pack(w, chart);
}

/* The same bytes need one look. */
static bool is_known(struct chartsource_work *w, str bytes, char hash[SHA256_HEX + 1])
{
	str text;

	sha256_hex(bytes, hash);
	return w->env->repo.facts && configs_get(w->env->repo.facts, &w->c->mem, S("chart"), STR_NONE,
						 str_c(hash), S("1"), &text);
}

static err *look_at(struct chartsource_work *w, str bytes)
{
	str name = arena_cat(&w->c->mem, w->c->name, S("-"), w->c->version, S(".tgz"));
	struct chart_meta m;
	err *e = chartsource_read_meta(&w->c->mem, name, bytes, w->env, &m);

	if (e)
		return chartsource_error(CHARTSOURCE_PULL,
					 err_wrap(e, "failed to load chart metadata from written "
						     "chart"));
	e = meta_check(&w->c->mem, &m);
	if (e)
		return chartsource_error(CHARTSOURCE_PULL,
					 err_wrap(e, "failed to validate metadata of written chart"));
	return NULL;
}

/* As it came, after a look at what it says it is. */
static err *take(struct chartsource_work *w, str bytes)
{
	char hash[SHA256_HEX + 1];

	if (!is_known(w, bytes, hash)) {
		TRY(look_at(w, bytes));
		if (w->env->repo.facts)
			configs_put(w->env->repo.facts, S("chart"), STR_NONE, str_c(hash), S("1"),
				    STR_NONE);
	}
	w->c->bytes = bytes;
	w->c->complete = true;
	return NULL;
}

static err *verify(struct chartsource_work *w, struct chartrepo *repo,
		   struct chartrepo_version *v)
{
	const struct chartsource_spec *spec = w->spec;

	if (!spec->verify_wanted)
		return NULL;
	err *e = chartrepo_verify(repo, &w->c->mem, v, spec->verify, spec->verify_ctx);

	w->c->verified = !e;
	return e ? chartsource_error(CHARTSOURCE_VERIFICATION, e) : NULL;
}

static err *build_remote(struct chartsource_work *w, struct chartrepo *repo)
{
	struct arena *a = &w->c->mem;
	bool values = chartsource_has_values(w->spec), reference;
	struct chartrepo_version v;
	str bytes, metadata = STR_NONE;
	err *e = chartrepo_find(repo, a, w->spec->chart, w->spec->version, &v, &reference);

	w->c->newest = v.newest;
	if (e)
		return chartsource_error(reference ? CHARTSOURCE_REFERENCE : CHARTSOURCE_PULL,
					 err_wrap(e, "failed to get chart version for remote "
						     "reference"));
	TRY(verify(w, repo, &v));
	w->c->name = v.name;
	if (values)
		metadata = arena_printf(a, "%lld", (long long)w->spec->generation);
	TRY(chartsource_set_version(w, v.version, metadata));
	if (chartsource_is_stored(w, values))
		return NULL;
	e = chartrepo_get(repo, a, &v, &bytes);
	if (e)
		return chartsource_error(CHARTSOURCE_PULL,
					 err_wrap(e, "failed to download chart for remote "
						     "reference"));
	return values ? repack(w, bytes) : take(w, bytes);
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Without digests, in which any number may stand. */
static str without_digests(struct arena *a, str text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	while (text.n) {
		str hex = str_span(&text, is_hex);

		if (hex.n < 40)
			buf_add(&b, hex);
		if (text.n)
			buf_addc(&b, text.p[0]);
		text = str_from(text, 1);
	}
	return arena_str(a, buf_str(&b));
}

/* What reads like a refusal is one. */
static err *as_refusal(struct arena *a, err *e)
{
	static const char *const words[] = { "401", "unauthorized", "authentication required",
					     "tls", "unknown certificate authority" };
	str text = err_text(e), looked_at = without_digests(a, text);

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!str_has(looked_at, str_c(words[i])))
			continue;
		err *refused = err_new(err_kind(e),
				       "failed to authenticate with the Helm repository: %.*s",
				       STR_ARG(text));

		err_free(e);
		return failure_mark(refused, FAILURE_GENERIC, "FetchFailed",
				    "AuthenticationFailed");
	}
	return e;
}

err *chartsource_build(struct chartsource *c, const struct chartsource_env *env,
		       const struct chartsource_spec *spec, const struct chartsource_seen *seen)
{
	CLEANUP(chartrepo_drop) struct chartrepo *repo = NULL;
	struct chartsource_work w = { c, env, spec, seen };

	if (!spec->repo)
		return chartsource_build_local(&w);
	TRY(chartrepo_open(&repo, &env->repo, spec->repo));
	TRY(check_name(spec));
	err *e = build_remote(&w, repo);

	return e ? as_refusal(&c->mem, e) : NULL;
}

/* ---- storing ------------------------------------------------------------------------- */

err *chartsource_store(struct chartsource *c, const struct chartsource_env *env,
		       const struct chartsource_spec *spec)
{
	struct artifact_store *store = env->repo.store;
	str file = arena_cat(&c->mem, c->name, S("-"), c->version, S(".tgz"));

	if (c->unchanged)
		return NULL;
	err *e = artifact_add_bytes(store, &c->mem, &spec->owner, file, c->version, c->bytes,
				    &c->artifact);

	if (e)
		return failure_mark(err_wrap(e, "unable to copy Helm chart to storage"),
				    FAILURE_GENERIC, "StorageOperationFailed",
				    "ArchiveOperationFailed");
	e = artifact_link(store, &spec->owner, file, S("latest.tar.gz"));
	if (!e)
		c->link = artifact_url(store, &c->mem,
				       artifact_path(&c->mem, &spec->owner, S("latest.tar.gz")));
	err_free(e);
	return NULL;
}

void chartsource_release(struct chartsource *c)
{
	arena_release(&c->mem);
}
