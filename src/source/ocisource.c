#include "source/ocisource.h"

#include "base/ascii.h"
#include "base/clock.h"
#include "source/unpack.h"
#include "text/constraint.h"
#include "text/regex.h"

static const char fetch_failed[] = "FetchFailed";
static const char storage_failed[] = "StorageOperationFailed";

#define OCISOURCE_TIMEOUT (60 * CLOCK_SECOND)

/* Held in memory of a layer; the rest goes through a file without a name. */
enum { HELD = 8 << 20 };
/* Bytes of files that are held in memory before they are stored. */
enum { LISTED = 16 << 20 };

static err *failed(err *e, const char *reason)
{
	return failure_mark(e, FAILURE_GENERIC, fetch_failed, reason);
}

/* ---- who we are, and how to get there ---------------------------------------- */

static bool is_generic(str provider)
{
	return !provider.n || str_eq(provider, S("generic"));
}

static err *read_secrets(struct ocisource *o, const struct ocisource_spec *spec)
{
	for (size_t i = 0; i < spec->secrets_n; i++) {
		str json = credentials_get(&spec->secrets[i], S(".dockerconfigjson"));
		err *e = json.n ? ociauth_add(&o->mem, json, &o->config) : NULL;

		if (e)
			return failed(err_wrap(e, "failed to get credential"),
				      "AuthenticationFailed");
	}
	return NULL;
}

static err *check_provider(const struct ocisource_spec *spec)
{
	if (is_generic(spec->provider) || spec->secrets_n || spec->provided)
		return NULL;
	return failed(err_new(ERR_FORBIDDEN,
			      "failed to get credential from %.*s: logins with the cloud's own "
			      "identity are not available: use secretRef",
			      STR_ARG(spec->provider)),
		      "AuthenticationFailed");
}

static err *read_proxy(struct ocisource *o, const struct ocisource_spec *spec)
{
	err *e = spec->proxy ? credentials_proxy(&o->mem, spec->proxy, &o->proxy) : NULL;

	return e ? failed(err_wrap(e, "failed to get proxy address"), "AuthenticationFailed")
		 : NULL;
}

static err *read_tls(struct ocisource *o, const struct ocisource_spec *spec)
{
	err *e = spec->cert ? credentials_tls(spec->cert, &o->tls) : NULL;

	return e ? failed(err_wrap(e, "failed to generate transport for '%.*s'",
				   STR_ARG(spec->url)),
			  "AuthenticationFailed")
		 : NULL;
}

/* ---- which manifest ------------------------------------------------------------- */

static err *parse_url(struct arena *a, str url, struct ociref *out)
{
	str name = url;

	if (!ociref_take_scheme(&name))
		return err_new(ERR_INVALID, "URL must be in format 'oci://<domain>/<org>/<repo>'");
	return ociref_parse_repository(a, arena_str(a, name), out);
}

static err *read_url(struct ocisource *o, const struct ocisource_spec *spec)
{
	err *e = parse_url(&o->mem, spec->url, &o->ref);

	if (!e)
		return NULL;
	return failure_mark(err_wrap(e, "URL validation failed for '%.*s'", STR_ARG(spec->url)),
			    FAILURE_STALLED, fetch_failed, "URLInvalid");
}

static err *filter_tags(struct arena *a, str pattern, str *tags, size_t *n)
{
	const struct regex *re;
	size_t kept = 0;

	if (!pattern.n)
		return NULL;
	TRY(regex_compile(a, pattern, &re));
	for (size_t i = 0; i < *n; i++)
		if (regex_test(re, tags[i]))
			tags[kept++] = tags[i];
	*n = kept;
	return NULL;
}

/* Helm writes the "+" of a version as "_" in a tag. */
static str tag_as_version(struct arena *a, str tag)
{
	str copy = arena_str(a, tag);

	for (char *p = (char *)copy.p; p < copy.p + copy.n; p++)
		if (*p == '_')
			*p = '+';
	return copy;
}

static err *latest_tag(struct ocisource *o, const struct ocisource_spec *spec, str *out)
{
	struct arena *a = &o->mem;
	str *tags, *versions, best;
	size_t n;

	TRY(oci_tags(o->client, a, &tags, &n));
	TRY(filter_tags(a, spec->semver_filter, tags, &n));
	versions = tags;
	if (str_eq(spec->layer, OCIMANIFEST_HELM_CHART)) {
		versions = arena_array(a, str, n);
		for (size_t i = 0; i < n; i++)
			versions[i] = tag_as_version(a, tags[i]);
	}
	TRY(constraint_latest(spec->semver, versions, n, &best));
	for (size_t i = 0; i < n; i++)
		if (versions[i].p == best.p)
			*out = tags[i];
	return NULL;
}

static err *choose(struct ocisource *o, const struct ocisource_spec *spec)
{
	o->ref.digest = spec->digest;
	if (spec->digest.n)
		return NULL;
	o->ref.tag = spec->tag.n ? spec->tag : S("latest");
	err *e = spec->semver.n ? latest_tag(o, spec, &o->ref.tag) : NULL;

	if (!e)
		return NULL;
	return failed(err_wrap(e, "failed to determine the artifact tag for '%.*s'",
			       STR_ARG(spec->url)),
		      "ReadOperationFailed");
}

/* In the words of go-containerregistry. */
static err *check_digest(str digest)
{
	struct digest parsed;
	str name, hex;
	err *e = digest_parse(&parsed, digest);

	if (!e || !str_split(digest, ':', &name, &hex))
		return e ? err_replace(e, "cannot parse hash: \"%.*s\"", STR_ARG(digest)) : NULL;
	for (size_t i = 0; i < hex.n; i++)
		if (!ascii_is_digit(hex.p[i]) && !(hex.p[i] >= 'a' && hex.p[i] <= 'f'))
			return err_replace(e, "found non-hex character in hash: %c", hex.p[i]);
	if (!str_eq(name, S("sha256")))
		return err_replace(e, "unsupported hash: \"%.*s\"", STR_ARG(name));
	return err_replace(e, "wrong number of hex digits for sha256: %.*s", STR_ARG(hex));
}

static err *resolve(struct ocisource *o)
{
	struct ocidescriptor d = { .digest = o->ref.digest };
	err *e = d.digest.n ? check_digest(d.digest)
			    : oci_resolve(o->client, &o->mem, o->ref.tag, &d);

	if (e)
		return failed(err_wrap(e, "failed to determine artifact digest"),
			      "OCIArtifactPullFailed");
	o->digest = arena_str(&o->mem, d.digest);
	o->revision =
		o->ref.digest.n ? o->digest : arena_cat(&o->mem, o->ref.tag, S("@"), o->digest);
	return NULL;
}

/* ---- verification ------------------------------------------------------------------ */

static err *call_verifier(struct ocisource *o, const struct ocisource_spec *spec)
{
	struct ociref ref = o->ref;
	err *e;

	ref.digest = o->digest;
	if (!str_eq(spec->verify_provider, S("cosign")) &&
	    !str_eq(spec->verify_provider, S("notation")))
		return err_new(ERR_INVALID, "unsupported verification provider: %.*s",
			       STR_ARG(spec->verify_provider));
	if (!spec->verify)
		return err_new(ERR_INVALID, "no verifier is available for '%.*s'",
			       STR_ARG(o->reference));
	e = spec->verify(spec->verify_ctx, o->client, &o->mem, &ref);
	return e;
}

static err *verify(struct ocisource *o, const struct ocisource_spec *spec)
{
	bool keyless = spec->verify_keyless && str_eq(spec->verify_provider, S("cosign"));
	err *e = call_verifier(o, spec);

	if (e)
		return failure_mark(
			err_wrap(e, "failed to verify the signature using provider '%.*s%s'",
				 STR_ARG(spec->verify_provider), keyless ? " keyless" : ""),
			FAILURE_GENERIC, "SourceVerified", "VerificationError");
	o->verified = arena_cat(&o->mem, S("verified signature of revision "), o->revision);
	return NULL;
}

/* ---- fetching ------------------------------------------------------------------------ */

static err *open_client(struct ocisource *o, const struct ocisource_env *env,
			const struct ocisource_spec *spec)
{
	int64_t timeout = spec->timeout ? spec->timeout : OCISOURCE_TIMEOUT;
	struct oci_options options = {
		.net = env->net,
		.memory = env->memory,
		.ref = o->ref,
		.config = &o->config,
		.tls = spec->cert ? &o->tls : NULL,
		.proxy = spec->proxy ? &o->proxy : NULL,
		.insecure = spec->insecure,
		.deadline = clock_after(clock_mono(), timeout),
		.cancel = env->cancel,
	};

	if (spec->provided && !spec->secrets_n)
		options.auth = *spec->provided;
	return oci_open(&o->client, &options);
}

static void describe(struct ocisource *o, const struct ocisource_spec *spec)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str source = ocimanifest_annotation(o->annotations, S("org.opencontainers.image.source"));
	str revision =
		ocimanifest_annotation(o->annotations, S("org.opencontainers.image.revision"));

	buf_addf(&b, "stored artifact with revision '%.*s' from '%.*s'", STR_ARG(o->revision),
		 STR_ARG(spec->url));
	if (source.n)
		buf_addf(&b, ", origin source '%.*s'", STR_ARG(source));
	if (revision.n)
		buf_addf(&b, ", origin revision '%.*s'", STR_ARG(revision));
	o->event = arena_str(&o->mem, buf_str(&b));
}

err *ocisource_fetch(struct ocisource *o, const struct ocisource_env *env,
		     const struct ocisource_spec *spec, const struct ocisource_seen *seen)
{
	TRY(read_secrets(o, spec));
	TRY(read_proxy(o, spec));
	TRY(check_provider(spec));
	TRY(read_tls(o, spec));
	TRY(read_url(o, spec));
	TRY(open_client(o, env, spec));
	TRY(choose(o, spec));
	o->reference = ociref_text(&o->mem, &o->ref);
	TRY(resolve(o));
	bool same = seen->artifact && str_eq(seen->artifact->revision, o->revision);

	if (spec->verify_wanted && !(same && seen->verified))
		TRY(verify(o, spec));
	o->unchanged = same && !seen->changed;
	if (o->unchanged) {
		o->artifact = *seen->artifact;
		o->annotations = seen->metadata;
		describe(o, spec);
	}
	return NULL;
}

/* ---- the layer ------------------------------------------------------------------------- */

static err *bad_layer(err *e)
{
	return failed(e, "OCIArtifactLayerOperationFailed");
}

static err *pull(struct ocisource *o, const struct ocisource_spec *spec, struct ocimanifest *m)
{
	err *e = oci_image(o->client, &o->mem, o->digest, NULL, m);

	if (e && err_code(e) == OCIMANIFEST_MALFORMED)
		return bad_layer(err_wrap(e, "failed to parse artifact manifest"));
	if (e)
		return failed(err_wrap(e, "failed to pull artifact from '%.*s'",
				       STR_ARG(spec->url)),
			      "OCIArtifactPullFailed");
	o->annotations = m->annotations;
	return NULL;
}

static err *select_layer(const struct ocimanifest *m, str media_type, struct ocidescriptor *out)
{
	if (!m->parts_n)
		return bad_layer(err_new(ERR_NOT_FOUND, "no layers found in artifact"));
	*out = m->parts[0];
	if (!media_type.n)
		return NULL;
	for (size_t i = 0; i < m->parts_n; i++)
		if (str_eq(m->parts[i].media_type, media_type)) {
			*out = m->parts[i];
			return NULL;
		}
	return bad_layer(err_new(ERR_NOT_FOUND,
				 "failed to find layer with media type '%.*s' in artifact",
				 STR_ARG(media_type)));
}

static err *pull_layer(struct ocisource *o, const struct ocidescriptor *d, struct spool *spool,
		       str *bytes)
{
	spool_init(spool, HELD);
	err *e = oci_blob(o->client, d, OCISOURCE_LAYER_MAX, spool);

	if (!e)
		e = spool_text(spool, bytes);
	return e ? bad_layer(err_wrap(e, "failed to extract the first layer from artifact")) : NULL;
}

str ocisource_layer_hint(str bytes)
{
	static const struct {
		const char *magic;
		size_t n;
		const char *text;
	} kinds[] = {
		{ "\x28\xb5\x2f\xfd", 4, "the layer is compressed with zstd, only gzip is known" },
		{ "PK\3\4", 4, "the layer is a zip archive, not a tar compressed with gzip" },
		{ "\xfd"
		  "7zXZ",
		  5, "the layer is compressed with xz, only gzip is known" },
		{ "BZh", 3, "the layer is compressed with bzip2, only gzip is known" },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_starts(bytes, str_of(kinds[i].magic, kinds[i].n)))
			return str_c(kinds[i].text);
	if (str_eq(str_sub(bytes, 257, 262), S("ustar")))
		return S("the layer is a tar archive without compression");
	return STR_NONE;
}

static err *bad_archive(err *e, str bytes)
{
	str hint = ocisource_layer_hint(bytes);

	if (hint.n)
		e = err_replace(e, "%s: %.*s; layerSelector.operation copy stores it as it is",
				err_msg(e), STR_ARG(hint));
	return bad_layer(err_wrap(e, "failed to extract layer contents from artifact"));
}

/* Small layers are listed in memory; what is larger goes through a directory,
 * which the caller closes once the list is done with. */
static err *list_files(str bytes, struct filelist *l, struct fs **dir)
{
	struct unpack_options o = { .limits.total = LISTED, .skip_links = true };
	struct arena_mark mark = arena_mark(l->a);
	err *e = unpack_list(l, bytes, &o);

	if (e && err_code(e) == ARCHIVE_TOO_LARGE) {
		err_free(e);
		arena_rewind(l->a, mark);
		*l = (struct filelist)FILELIST_INIT(l->a);
		o.limits.total = 0;
		e = fs_open_temp(dir, STR_NONE, S("ocirepository-"));
		if (e)
			return failure_mark(
				err_wrap(e, "failed to create temporary working directory"),
				FAILURE_GENERIC, storage_failed, "DirectoryCreationFailed");
		e = unpack_tgz(*dir, bytes, &o);
		if (!e)
			e = filelist_add_dir(l, *dir, STR_NONE, STR_NONE);
	}
	if (!e)
		e = filelist_sort(l);
	return e ? bad_archive(e, bytes) : NULL;
}

/* ---- storing ----------------------------------------------------------------------------- */

static err *bad_storage(err *e, const char *what, const char *reason)
{
	return failure_mark(err_wrap(e, "%s", what), FAILURE_GENERIC, storage_failed, reason);
}

static str file_name(struct ocisource *o)
{
	return arena_cat(&o->mem, o->digest, S(".tar.gz"));
}

static err *archive(struct ocisource *o, const struct ocisource_env *env,
		    const struct ocisource_spec *spec, const struct filelist *l)
{
	struct ignore *ignore;
	err *e = filelist_ignore(l, &o->mem, spec->ignore, &ignore);

	if (e)
		return failure_mark(err_wrap(e, "failed to load source ignore patterns from "
						"repository"),
				    FAILURE_GENERIC, NULL, "SourceIgnoreError");
	e = artifact_add_list(env->store, &o->mem, &spec->owner, file_name(o), o->revision, l,
			      ignore, &o->artifact);
	return e ? bad_storage(e, "unable to archive artifact to storage", "ArchiveOperationFailed")
		 : NULL;
}

static err *extract(struct ocisource *o, const struct ocisource_env *env,
		    const struct ocisource_spec *spec, str bytes)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct filelist l = FILELIST_INIT(&a);

	TRY(list_files(bytes, &l, &dir));
	return archive(o, env, spec, &l);
}

static err *copy(struct ocisource *o, const struct ocisource_env *env,
		 const struct ocisource_spec *spec, str bytes)
{
	err *e = artifact_add_bytes(env->store, &o->mem, &spec->owner, file_name(o), o->revision,
				    bytes, &o->artifact);

	return e ? bad_storage(e, "unable to copy artifact to storage", "ArchiveOperationFailed")
		 : NULL;
}

/* Best effort, as with Flux. */
static void make_link(struct ocisource *o, const struct ocisource_env *env,
		      const struct ocisource_spec *spec)
{
	static const str name = { "latest.tar.gz", 13 };
	err *e = artifact_link(env->store, &spec->owner, file_name(o), name);

	if (!e)
		o->link = artifact_url(env->store, &o->mem,
				       artifact_path(&o->mem, &spec->owner, name));
	err_free(e);
}

err *ocisource_store(struct ocisource *o, const struct ocisource_env *env,
		     const struct ocisource_spec *spec)
{
	CLEANUP(spool_release) struct spool spool = { .fd = -1 };
	bool copies = str_eq(spec->operation, S("copy"));
	struct ocimanifest m;
	struct ocidescriptor layer;
	str bytes;

	if (o->unchanged)
		return NULL;
	if (!copies && spec->operation.n && !str_eq(spec->operation, S("extract")))
		return bad_layer(err_new(ERR_INVALID, "unsupported layer operation: %.*s",
					 STR_ARG(spec->operation)));
	TRY(pull(o, spec, &m));
	TRY(select_layer(&m, spec->layer, &layer));
	TRY(pull_layer(o, &layer, &spool, &bytes));
	TRY(copies ? copy(o, env, spec, bytes) : extract(o, env, spec, bytes));
	make_link(o, env, spec);
	describe(o, spec);
	return NULL;
}

void ocisource_release(struct ocisource *o)
{
	oci_close(o->client);
	arena_release(&o->mem);
}
