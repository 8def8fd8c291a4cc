/* flux_artifact_push - "flux build artifact", "flux push artifact", "flux tag artifact". */
#include "archive/gzip.h"
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/flux_artifact.h"
#include "cli/flux_choice.h"
#include "source/digest.h"
#include "text/gotime.h"
#include "value/json.h"
#include "value/yaml.h"

/* ---- build --------------------------------------------------------------- */

struct build_options {
	struct flux_archive archive;
	str path, output;
};

static err *write_output(struct cli *c, str path, str bytes)
{
	CLEANUP(fs_drop) struct fs *fs = NULL;
	size_t slash = str_rfind_char(path, '/');
	str dir = slash == STR_NPOS ? S(".") : slash ? str_sub(path, 0, slash) : S("/");

	TRY(fs_open(&fs, arena_str(c->arena, dir), NULL));
	return fs_write(fs, slash == STR_NPOS ? path : str_from(path, slash + 1), bytes, 0640);
}

static err *run_build(struct cli *c)
{
	const struct build_options *o = c->options;
	str bytes;

	if (!o->path.n)
		return err_new(ERR_INVALID, "invalid path \"\"");
	err *e = str_eq(o->path, S("-")) ? NULL : flux_archive_check(c, o->path);

	if (e)
		return err_replace(e,
				   "invalid path '%.*s', must point to an existing directory or "
				   "file",
				   STR_ARG(o->path));
	flux_action(c, "building artifact from %.*s", STR_ARG(o->path));
	e = flux_archive_make(c, &o->archive, o->path, &bytes);
	if (!e)
		e = write_output(c, o->output, bytes);
	if (e)
		return err_wrap(e, "building artifact failed, error");
	flux_success(c, "artifact created at %.*s", STR_ARG(o->output));
	return NULL;
}

#define AT(field) offsetof(struct build_options, field)
#define ARCHIVE_AT(field) AT(archive.field)

static const struct flag build_flags[] = {
	FLUX_ARCHIVE_FLAGS(ARCHIVE_AT),
	{ "output", 'o', FLAG_STRING, AT(output), "file to write", .fallback = "artifact.tgz" },
	{ "path", 'p', FLAG_STRING, AT(path), "directory or file to pack, - for standard input" },
	FLUX_LINKS_FLAG(ARCHIVE_AT),
	{ 0 },
};

#undef ARCHIVE_AT
#undef AT

const struct command flux_build_artifact = {
	.use = "artifact",
	.brief = "Pack manifests into an artifact",
	.text = "Pack a directory or a file of manifests into a compressed tar, as push does.\n"
		"The same files give the same bytes.",
	.example = "  flux build artifact --path ./deploy --output ./artifact.tgz",
	.flags = build_flags,
	.options = sizeof(struct build_options),
	.run = run_build,
};

/* ---- push ---------------------------------------------------------------- */

struct push_options {
	struct flux_registry registry;
	struct flux_archive archive;
	str path, source, revision, output;
	struct flag_list annotations;
	bool debug, reproducible;
};

static err *read_annotations(struct cli *c, const struct push_options *o, node *out)
{
	struct arena *a = c->arena;
	CLEANUP(buf_release) struct buf time = BUF_INIT;
	int64_t now = o->reproducible ? 0 : clock_wall() / CLOCK_SECOND;

	*out = node_map(a, 4);
	gotime_format(&time, gotime_utc(now, 0), GOTIME_RFC3339);
	for (size_t i = 0; i < o->annotations.n; i++) {
		str key, value;

		if (!str_split(o->annotations.p[i], '=', &key, &value) ||
		    str_find_char(value, '=') != STR_NPOS)
			return err_new(ERR_INVALID,
				       "invalid annotation %.*s, must be in the format key=value",
				       STR_ARG(o->annotations.p[i]));
		node_set(a, *out, key, node_from_str(a, value));
	}
	node_set(a, *out, S("org.opencontainers.image.created"),
		 node_copy_str(a, buf_str(&time)));
	node_set(a, *out, S("org.opencontainers.image.source"), node_from_str(a, o->source));
	node_set(a, *out, S("org.opencontainers.image.revision"), node_from_str(a, o->revision));
	return NULL;
}

static err *check_push(struct cli *c, const struct push_options *o, struct ociref *ref,
		       str *address, node *annotations)
{
	if (!c->words.n)
		return err_new(ERR_INVALID, "artifact URL is required");
	if (!o->source.n)
		return err_new(ERR_INVALID, "--source is required");
	if (!o->revision.n)
		return err_new(ERR_INVALID, "--revision is required");
	if (!o->path.n)
		return err_new(ERR_INVALID, "invalid path \"\"");
	TRY(flux_artifact_url(c, c->words.p[0], ref, address));
	err *e = str_eq(o->path, S("-")) ? NULL : flux_archive_check(c, o->path);

	if (e)
		return err_wrap(e,
				"invalid path '%.*s', must point to an existing directory or file",
				STR_ARG(o->path));
	return read_annotations(c, o, annotations);
}

/* What an image's configuration says of its only layer; no program reads
 * more of it than the digest of the unpacked layer. */
static err *make_config(struct cli *c, str layer, str *out)
{
	CLEANUP(buf_release) struct buf tar = BUF_LIMIT(FLUX_ARCHIVE_MAX);
	str digest;

	TRY(gzip_read(layer, FLUX_ARCHIVE_MAX, &tar));
	TRY(digest_of(c->arena, DIGEST_SHA256, buf_str(&tar), &digest));
	*out = arena_cat(c->arena,
			 S("{\"architecture\":\"\",\"created\":\"0001-01-01T00:00:00Z\","
			   "\"history\":[{\"created\":\"0001-01-01T00:00:00Z\"}],\"os\":\"\","
			   "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\""),
			 digest, S("\"]},\"config\":{}}"));
	return NULL;
}

/* What an artifact consists of. */
struct parts {
	str layer, config, manifest;
	str digest;		/* of the manifest */
};

static err *make_manifest(struct arena *a, node annotations, struct parts *p)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct ocidescriptor part;
	struct ocimanifest m = { .parts = &part, .parts_n = 1, .annotations = annotations };

	TRY(oci_describe(a, p->layer, OCIMANIFEST_FLUX_CONTENT, &part));
	TRY(oci_describe(a, p->config, OCIMANIFEST_FLUX_CONFIG, &m.config));
	ocimanifest_write(&b, &m);
	p->manifest = arena_str(a, buf_str(&b));
	return digest_of(a, DIGEST_SHA256, p->manifest, &p->digest);
}

/* Nothing is sent where the tag names the same already. */
static err *push_once(struct cli *c, struct oci *oci, str tag, const struct parts *p)
{
	struct ocidescriptor d;
	str there = STR_NONE;
	bool has;

	TRY(oci_has_manifest(oci, c->arena, tag, &has, &there));
	if (str_eq(there, p->digest))
		return NULL;
	TRY(oci_push_blob(oci, c->arena, p->layer, &d));
	TRY(oci_push_blob(oci, c->arena, p->config, &d));
	return oci_push_manifest(oci, c->arena, tag, OCIMANIFEST_IMAGE, p->manifest, &d);
}

static err *push(struct cli *c, const struct push_options *o, const struct ociref *ref,
		 node annotations, struct flux_artifact_client *x, str *digest)
{
	struct flux_artifact_patience patience = { 0 };
	struct parts p;
	err *e = flux_archive_make(c, &o->archive, o->path, &p.layer);

	if (!e)
		e = make_config(c, p.layer, &p.config);
	if (!e)
		e = make_manifest(c->arena, annotations, &p);
	if (e)
		return err_wrap(e, "error creating layer");
	for (;;) {
		e = push_once(c, x->oci, ociref_wanted(ref), &p);
		if (!e)
			break;
		if (!flux_artifact_again(x, &patience, e))
			return err_wrap(e, "pushing artifact failed");
		if (o->debug)
			cli_note(c, "%s", err_msg(e));
		err_free(e);
	}
	*digest = p.digest;
	return NULL;
}

static err *print_pushed(struct cli *c, str format, const struct ociref *ref, str digest)
{
	struct arena *a = c->arena;
	struct json_style style = { .indent = 2, .source_order = true };
	str name = ociref_name(a, ref);
	const struct {
		const char *key;
		str value;
	} rows[] = {
		{ "url", arena_cat(a, S("oci://"), name, S("@"), digest) },
		{ "repository", name },
		{ "tag", ref->tag.n ? ref->tag : S("latest") },
		{ "digest", digest },
	};
	node info = node_map(a, 4);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		node_set(a, info, str_c(rows[i].key), node_from_str(a, rows[i].value));
	if (str_eq(format, S("json"))) {
		TRY(json_write(&c->out.buf, info, &style));
		buf_addc(&c->out.buf, '\n');
		return NULL;
	}
	node_sort(info);
	return yaml_write(&c->out.buf, info, YAML_WRITE_SIGS);
}

static err *run_push(struct cli *c)
{
	CLEANUP(flux_artifact_close) struct flux_artifact_client x = FLUX_ARTIFACT_CLIENT_NONE;
	const struct push_options *o = c->options;
	bool prints = str_eq(o->output, S("json")) || str_eq(o->output, S("yaml"));
	struct ociref ref;
	str address, digest;
	node annotations;

	TRY(check_push(c, o, &ref, &address, &annotations));
	TRY(flux_artifact_open(c, &o->registry, &ref, true, &x));
	err *e = oci_ping(x.oci);

	if (e && err_kind(e) == ERR_UNAVAILABLE && !err_code(e))
		return err_wrap(e, "error setting up transport");
	err_free(e);
	if (!o->output.n)
		flux_action(c, "pushing artifact to %.*s", STR_ARG(address));
	e = push(c, o, &ref, annotations, &x, &digest);

	if (e)
		return err_wrap(e, "pushing artifact failed");
	if (prints)
		return print_pushed(c, o->output, &ref, digest);
	flux_success(c, "artifact successfully pushed to %.*s@%.*s",
		     STR_ARG(ociref_name(c->arena, &ref)), STR_ARG(digest));
	return NULL;
}

#define AT(field) offsetof(struct push_options, field)
#define REGISTRY_AT(field) AT(registry.field)
#define ARCHIVE_AT(field) AT(archive.field)

static const struct flag push_flags[] = {
	FLUX_ARCHIVE_FLAGS(ARCHIVE_AT),
	{ "annotations", 'a', FLAG_ARRAY, AT(annotations), "annotation, as key=value, repeatable" },
	FLUX_REGISTRY_FLAGS(REGISTRY_AT),
	{ "debug", 0, FLAG_BOOL, AT(debug), "say why the registry is asked again" },
	FLUX_INSECURE_FLAG(REGISTRY_AT),
	{ "output", 'o', FLAG_STRING, AT(output), "print what was pushed as json or yaml",
	  .choices = "json yaml" },
	{ "path", 'f', FLAG_STRING, AT(path), "directory or file to pack, - for standard input" },
	{ "reproducible", 0, FLAG_BOOL, AT(reproducible),
	  "make the same digest of the same files: 1970 is when it was created" },
	FLUX_LINKS_FLAG(ARCHIVE_AT),
	{ "revision", 0, FLAG_STRING, AT(revision), "where it comes from, as main@sha1:COMMIT" },
	{ "source", 0, FLAG_STRING, AT(source), "address it comes from, as of a Git repository" },
	{ 0 },
};

#undef ARCHIVE_AT
#undef REGISTRY_AT
#undef AT

static const struct command push_artifact = {
	.use = "artifact",
	.brief = "Push manifests to a registry",
	.text = "Pack a directory or a file of manifests and push it to an OCI repository. The\n"
		"login is that of ~/.docker/config.json, or given by --creds.",
	.example = "  flux push artifact oci://ghcr.io/org/config/app:$(git rev-parse --short HEAD) \\\n"
		   "    --path=./deploy --source=\"$(git config --get remote.origin.url)\" \\\n"
		   "    --revision=\"$(git branch --show-current)@sha1:$(git rev-parse HEAD)\"",
	.flags = push_flags,
	.options = sizeof(struct push_options),
	.run = run_push,
};

const struct command flux_push_command = {
	.use = "push",
	.brief = "Push artifacts",
	.text = "Push artifacts to OCI repositories.",
	.before = flux_before,
	.commands = (const struct command *const[]){ &push_artifact, NULL },
};

/* ---- tag ----------------------------------------------------------------- */

struct tag_options {
	struct flux_registry registry;
	struct flag_list tags;
};

static err *tag_one(struct cli *c, struct oci *oci, const struct ociref *ref, str address, str tag)
{
	struct ocimanifest m;
	struct ocidescriptor d;
	err *e = oci_manifest(oci, c->arena, ociref_wanted(ref), &m);

	if (e)
		e = err_wrap(e, "fetching \"%.*s\"", STR_ARG(address));
	else
		e = oci_push_manifest(oci, c->arena, tag, m.media_type, m.bytes, &d);
	return e ? err_wrap(e, "tagging artifact failed") : NULL;
}

static err *run_tag(struct cli *c)
{
	CLEANUP(flux_artifact_close) struct flux_artifact_client x = FLUX_ARTIFACT_CLIENT_NONE;
	const struct tag_options *o = c->options;
	struct ociref ref;
	str address;

	if (!c->words.n)
		return err_new(ERR_INVALID, "artifact name is required");
	if (!o->tags.n)
		return err_new(ERR_INVALID, "--tag is required");
	TRY(flux_artifact_url(c, c->words.p[0], &ref, &address));
	TRY(flux_artifact_open(c, &o->registry, &ref, true, &x));
	flux_action(c, "tagging artifact");
	for (size_t i = 0; i < o->tags.n; i++) {
		TRY(tag_one(c, x.oci, &ref, address, o->tags.p[i]));
		flux_success(c, "artifact tagged as %.*s:%.*s",
			     STR_ARG(ociref_name(c->arena, &ref)), STR_ARG(o->tags.p[i]));
	}
	return NULL;
}

#define REGISTRY_AT(field) offsetof(struct tag_options, registry.field)

static const struct flag tag_flags[] = {
	FLUX_REGISTRY_FLAGS(REGISTRY_AT),
	{ "tag", 0, FLAG_LIST, offsetof(struct tag_options, tags), "tag to set, repeatable" },
	{ 0 },
};

#undef REGISTRY_AT

static const struct command tag_artifact = {
	.use = "artifact",
	.brief = "Give an artifact more tags",
	.text = "Let more tags of an OCI repository name an artifact.",
	.example = "  flux tag artifact oci://ghcr.io/org/config/app:$(git rev-parse --short HEAD) \\\n"
		   "    --tag latest",
	.flags = tag_flags,
	.options = sizeof(struct tag_options),
	.run = run_tag,
};

const struct command flux_tag_command = {
	.use = "tag",
	.brief = "Tag artifacts",
	.text = "Tag artifacts in OCI repositories.",
	.before = flux_before,
	.commands = (const struct command *const[]){ &tag_artifact, NULL },
};
