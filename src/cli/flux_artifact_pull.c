/* flux_artifact_pull - "flux pull artifact", "flux list artifacts", "flux diff artifact". */
#include <sys/stat.h>

#include "archive/gzip.h"
#include "base/sort.h"
#include "cli/commands.h"
#include "cli/flux_artifact.h"
#include "cli/flux_choice.h"
#include "source/digest.h"
#include "source/ocisource.h"
#include "source/unpack.h"
#include "text/constraint.h"
#include "text/regex.h"

enum { HELD = 16 << 20 };

#define SOURCE_KEY   S("org.opencontainers.image.source")
#define REVISION_KEY S("org.opencontainers.image.revision")

/* The manifest; of an index, that of an image. */
static err *get_image(struct cli *c, const struct flux_artifact_client *x,
		      const struct ociref *ref, struct ocimanifest *out)
{
	struct flux_artifact_patience patience = { 0 };
	err *e;

	while ((e = oci_image(x->oci, c->arena, ociref_wanted(ref), NULL, out)) &&
	       flux_artifact_again(x, &patience, e))
		err_free(e);
	if (!e && !out->parts_n)
		e = err_new(ERR_NOT_FOUND, "no layers found in artifact");
	return e;
}

/* ---- pull ---------------------------------------------------------------- */

struct pull_options {
	struct flux_registry registry;
	str output;
};

static err *write_file(const struct fs *to, const struct filelist_entry *e)
{
	size_t slash = str_rfind_char(e->path, '/');

	if (e->type == FILELIST_DIR)
		return fs_mkdir(to, e->path, 0750);
	if (slash != STR_NPOS)
		TRY(fs_mkdir(to, str_sub(e->path, 0, slash), 0750));
	return fs_write(to, e->path, e->text, e->type == FILELIST_EXEC ? 0755 : 0644);
}

/* Over what is there; nothing before all of the archive is known to be good. */
static err *extract(struct cli *c, str bytes, str dir)
{
	CLEANUP(fs_drop) struct fs *to = NULL;
	struct filelist l = FILELIST_INIT(c->arena);
	struct unpack_options o = { .limits.total = FLUX_ARCHIVE_MAX, .skip_links = true };

	TRY(unpack_list(&l, bytes, &o));
	TRY(filelist_sort(&l));
	TRY(fs_open(&to, dir, NULL));
	for (size_t i = 0; i < l.entries.n; i++)
		TRY(write_file(to, &l.entries.p[i]));
	return NULL;
}

/* What is no archive becomes a file of that name. */
static err *write_layer(struct cli *c, str bytes, str path)
{
	CLEANUP(fs_drop) struct fs *to = NULL;
	struct stat st;
	size_t slash = str_rfind_char(path, '/');

	if (!stat(arena_str(c->arena, path).p, &st) && S_ISDIR(st.st_mode))
		return err_new(ERR_INVALID, "open %.*s: is a directory", STR_ARG(path));
	TRY(fs_open(&to, slash == STR_NPOS ? S(".") : slash ? str_sub(path, 0, slash) : S("/"),
		    NULL));
	return fs_write(to, slash == STR_NPOS ? path : str_from(path, slash + 1), bytes, 0644);
}

static err *pull(struct cli *c, const struct flux_artifact_client *x, const struct ociref *ref,
		 str output, struct ocimanifest *m)
{
	CLEANUP(spool_release) struct spool spool = { .fd = -1 };
	str bytes;

	TRY(get_image(c, x, ref, m));
	spool_init(&spool, HELD);
	err *e = oci_blob(x->oci, &m->parts[0], OCISOURCE_LAYER_MAX, &spool);

	if (!e)
		e = spool_text(&spool, &bytes);
	if (e)
		return err_wrap(e, "extracting layer failed");
	return gzip_is(bytes) ? extract(c, bytes, output) : write_layer(c, bytes, output);
}

static err *check_output(struct cli *c, str output)
{
	err *e = flux_archive_check(c, output);
	struct stat st;

	if (e)
		return err_wrap(e, "invalid output path \"%.*s\"", STR_ARG(output));
	if (!stat(arena_str(c->arena, output).p, &st) && !S_ISDIR(st.st_mode))	/* sic */
		return err_new(ERR_INVALID, "invalid output path \"%.*s\": %%!w(<nil>)",
			       STR_ARG(output));
	return NULL;
}

static err *run_pull(struct cli *c)
{
	CLEANUP(flux_artifact_close) struct flux_artifact_client x = FLUX_ARTIFACT_CLIENT_NONE;
	const struct pull_options *o = c->options;
	struct ocimanifest m;
	struct ociref ref;
	str address;

	if (!c->words.n)
		return err_new(ERR_INVALID, "artifact URL is required");
	if (!o->output.n)
		return err_new(ERR_INVALID, "output path cannot be empty");
	TRY(check_output(c, o->output));
	TRY(flux_artifact_url(c, c->words.p[0], &ref, &address));
	TRY(flux_artifact_open(c, &o->registry, &ref, false, &x));
	flux_action(c, "pulling artifact from %.*s", STR_ARG(address));
	TRY(pull(c, &x, &ref, o->output, &m));
	str source = ocimanifest_annotation(m.annotations, SOURCE_KEY);
	str revision = ocimanifest_annotation(m.annotations, REVISION_KEY);

	if (source.n)
		flux_success(c, "source %.*s", STR_ARG(source));
	if (revision.n)
		flux_success(c, "revision %.*s", STR_ARG(revision));
	flux_success(c, "digest %.*s@%.*s", STR_ARG(ociref_name(c->arena, &ref)),
		     STR_ARG(m.digest));
	flux_success(c, "artifact content extracted to %.*s", STR_ARG(o->output));
	return NULL;
}

#define REGISTRY_AT(field) offsetof(struct pull_options, registry.field)

static const struct flag pull_flags[] = {
	FLUX_REGISTRY_FLAGS(REGISTRY_AT),
	FLUX_INSECURE_FLAG(REGISTRY_AT),
	{ "output", 'o', FLAG_STRING, offsetof(struct pull_options, output),
	  "directory to unpack into" },
	{ 0 },
};

#undef REGISTRY_AT

static const struct command pull_artifact = {
	.use = "artifact",
	.brief = "Pull an artifact from a registry",
	.text = "Download an artifact from an OCI repository and unpack its first layer.",
	.example = "  flux pull artifact oci://ghcr.io/org/manifests/app:v0.0.1 --output ./app",
	.flags = pull_flags,
	.options = sizeof(struct pull_options),
	.run = run_pull,
};

const struct command flux_pull_command = {
	.use = "pull",
	.brief = "Pull artifacts",
	.text = "Pull artifacts from OCI repositories.",
	.before = flux_before,
	.commands = (const struct command *const[]){ &pull_artifact, NULL },
};

/* ---- list ---------------------------------------------------------------- */

struct list_options {
	struct flux_registry registry;
	str semver, regex;
};

struct filter {
	struct constraint *range;
	const struct regex *re;
};

static err *make_filter(struct cli *c, const struct list_options *o, struct filter *out)
{
	err *e = o->semver.n ? constraint_parse(c->arena, o->semver, &out->range) : NULL;

	if (e)
		return err_wrap(e, "semver '%.*s' parse error", STR_ARG(o->semver));
	e = o->regex.n ? regex_compile(c->arena, o->regex, &out->re) : NULL;
	return e ? err_wrap(e, "regex '%.*s' parse error", STR_ARG(o->regex)) : NULL;
}

/* Signatures and what else cosign keeps beside an artifact are not listed. */
static bool is_listed(const struct filter *f, str tag)
{
	struct semver v;

	if (str_ends(tag, S(".att")) || str_ends(tag, S(".sbom")) || str_ends(tag, S(".sig")))
		return false;
	if (f->range && !(semver_try_tag(&v, tag) && constraint_check(f->range, &v)))
		return false;
	return !f->re || regex_test(f->re, tag);
}

static err *list_one(struct cli *c, struct oci *oci, str name, str tag, struct flux_table *t)
{
	struct ocimanifest m;
	err *e = oci_manifest(oci, c->arena, tag, &m);

	if (e)
		return err_wrap(e, "fetching manifest failed");
	flux_table_add(t, arena_cat(c->arena, name, S(":"), tag));
	flux_table_add(t, m.digest);
	flux_table_add(t, ocimanifest_annotation(m.annotations, SOURCE_KEY));
	flux_table_add(t, ocimanifest_annotation(m.annotations, REVISION_KEY));
	return NULL;
}

static err *list(struct cli *c, const struct list_options *o, struct oci *oci, str name)
{
	static const char *const header[] = { "artifact", "digest", "source", "revision" };
	struct flux_table t = { .arena = c->arena, .header = header, .columns = 4 };
	struct filter f = { 0 };
	str *tags;
	size_t n;
	err *e = oci_tags(oci, c->arena, &tags, &n);

	if (e)
		return err_wrap(e, "listing tags failed");
	TRY(make_filter(c, o, &f));
	sort_strs(tags, n);
	while (n-- > 0)
		if (is_listed(&f, tags[n]))
			TRY(list_one(c, oci, name, tags[n], &t));
	flux_table_print(&c->out.buf, &t);
	return NULL;
}

/* A repository is listed, not one of its tags. */
static err *check_repository(struct cli *c, str address)
{
	struct ociref ref;
	err *e = ociref_parse_repository(c->arena, address, &ref);

	return e ? err_wrap(e, "listing tags failed: parsing repo \"%.*s\"", STR_ARG(address)) : NULL;
}

static err *run_list(struct cli *c)
{
	CLEANUP(flux_artifact_close) struct flux_artifact_client x = FLUX_ARTIFACT_CLIENT_NONE;
	const struct list_options *o = c->options;
	struct ociref ref;
	str address;

	if (!c->words.n)
		return err_new(ERR_INVALID, "artifact repository URL is required");
	TRY(flux_artifact_url(c, c->words.p[0], &ref, &address));
	TRY(flux_artifact_open(c, &o->registry, &ref, false, &x));
	TRY(check_repository(c, address));
	return list(c, o, x.oci, ociref_name(c->arena, &ref));
}

#define AT(field) offsetof(struct list_options, field)
#define REGISTRY_AT(field) AT(registry.field)

static const struct flag list_flags[] = {
	FLUX_REGISTRY_FLAGS(REGISTRY_AT),
	{ "filter-regex", 0, FLAG_STRING, AT(regex), "only tags that match the regular expression" },
	{ "filter-semver", 0, FLAG_STRING, AT(semver), "only tags that are versions in the range" },
	FLUX_INSECURE_FLAG(REGISTRY_AT),
	{ 0 },
};

#undef REGISTRY_AT
#undef AT

static const struct command list_artifacts = {
	.use = "artifacts",
	.brief = "List the artifacts of a repository",
	.text = "List the tags of an OCI repository, with digest, source and revision of each.",
	.example = "  flux list artifacts oci://ghcr.io/org/config/app",
	.flags = list_flags,
	.options = sizeof(struct list_options),
	.run = run_list,
};

const struct command flux_list_command = {
	.use = "list",
	.brief = "List artifacts",
	.text = "List artifacts in OCI repositories.",
	.before = flux_before,
	.commands = (const struct command *const[]){ &list_artifacts, NULL },
};

/* ---- diff ---------------------------------------------------------------- */

struct diff_options {
	struct flux_registry registry;
	struct flux_archive archive;
	str path;
};

/* Programs compress otherwise, name the root or not, and take over other permissions: the
 * files are what is compared, with what is in them and whether they can be run. */
static err *same_files(const struct filelist *x, const struct filelist *y, struct arena *a,
		       bool *same)
{
	size_t i = 0, k = 0;

	*same = false;
	for (;; i++, k++) {
		str p, q;

		while (i < x->entries.n && x->entries.p[i].type == FILELIST_DIR)
			i++;
		while (k < y->entries.n && y->entries.p[k].type == FILELIST_DIR)
			k++;
		if (i == x->entries.n || k == y->entries.n)
			break;
		if (x->entries.p[i].type != y->entries.p[k].type ||
		    !str_eq(x->entries.p[i].path, y->entries.p[k].path))
			return NULL;
		TRY(filelist_read(x, &x->entries.p[i], a, &p));
		TRY(filelist_read(y, &y->entries.p[k], a, &q));
		if (!str_eq(p, q))
			return NULL;
	}
	*same = i == x->entries.n && k == y->entries.n;
	return NULL;
}

static err *list_layer(struct filelist *l, str bytes)
{
	const struct unpack_options o = { .limits.total = FLUX_ARCHIVE_MAX, .skip_links = true };

	TRY(unpack_list(l, bytes, &o));
	return filelist_sort(l);
}

static err *same_content(struct cli *c, struct oci *oci, const struct ocidescriptor *layer,
			 str ours, bool *same)
{
	CLEANUP(spool_release) struct spool spool = { .fd = -1 };
	struct filelist x = FILELIST_INIT(c->arena), y = FILELIST_INIT(c->arena);
	str digest, theirs;

	TRY(digest_of(c->arena, DIGEST_SHA256, ours, &digest));
	*same = str_eq(digest, layer->digest);
	if (*same)
		return NULL;
	spool_init(&spool, HELD);
	TRY(oci_blob(oci, layer, OCISOURCE_LAYER_MAX, &spool));
	TRY(spool_text(&spool, &theirs));
	TRY(list_layer(&x, ours));
	err *e = list_layer(&y, theirs);

	if (e) {	/* too large, or no such archive: another one */
		err_free(e);
		return NULL;
	}
	return same_files(&x, &y, c->arena, same);
}

static err *run_diff(struct cli *c)
{
	CLEANUP(flux_artifact_close) struct flux_artifact_client x = FLUX_ARTIFACT_CLIENT_NONE;
	const struct diff_options *o = c->options;
	struct ocimanifest m;
	struct ociref ref;
	str address, ours;
	bool same;

	if (!c->words.n)
		return err_new(ERR_INVALID, "artifact URL is required");
	if (!o->path.n)
		return err_new(ERR_INVALID, "invalid path \"\"");
	TRY(flux_artifact_url(c, c->words.p[0], &ref, &address));
	err *e = str_eq(o->path, S("-")) ? NULL : flux_archive_check(c, o->path);

	if (e)
		return err_replace(e,
				   "invalid path '%.*s', must point to an existing directory or "
				   "file",
				   STR_ARG(o->path));
	TRY(flux_artifact_open(c, &o->registry, &ref, false, &x));
	e = flux_archive_make(c, &o->archive, o->path, &ours);
	if (e)
		return err_wrap(e, "building artifact failed");
	e = get_image(c, &x, &ref, &m);
	TRY(e);
	TRY(same_content(c, x.oci, &m.parts[0], ours, &same));
	if (!same)
		return err_new(ERR_CONFLICT,
			       "the remote artifact contents differs from the local one");
	flux_success(c, "no changes detected");
	return NULL;
}

#define AT(field) offsetof(struct diff_options, field)
#define REGISTRY_AT(field) AT(registry.field)
#define ARCHIVE_AT(field) AT(archive.field)

static const struct flag diff_flags[] = {
	FLUX_ARCHIVE_FLAGS(ARCHIVE_AT),
	FLUX_REGISTRY_FLAGS(REGISTRY_AT),
	FLUX_INSECURE_FLAG(REGISTRY_AT),
	{ "path", 0, FLAG_STRING, AT(path), "directory or file to compare with" },
	{ 0 },
};

#undef ARCHIVE_AT
#undef REGISTRY_AT
#undef AT

const struct command flux_diff_artifact = {
	.use = "artifact",
	.brief = "Compare an artifact with local files",
	.text = "Compare the first layer of an artifact with what push would make of the files.",
	.example = "  flux diff artifact oci://ghcr.io/org/config/app:v1 --path=./deploy",
	.flags = diff_flags,
	.options = sizeof(struct diff_options),
	.run = run_diff,
};
