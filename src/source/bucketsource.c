#include "source/bucketsource.h"

#include <errno.h>
#include <unistd.h>

#include "archive/name.h"
#include "base/clock.h"
#include "base/sort.h"
#include "text/gourl.h"

static const char fetch_failed[] = "FetchFailed";
static const char storage_failed[] = "StorageOperationFailed";
static const str rules_name = { ".sourceignore", 13 };

#define BUCKETSOURCE_TIMEOUT (60 * CLOCK_SECOND)
enum { RULES_MAX = 1 << 20 };

static err *failed(err *e, const char *reason)
{
	return failure_mark(e, FAILURE_GENERIC, fetch_failed, reason);
}

static err *op_failed(err *e)
{
	return failed(e, "BucketOperationFailed");
}

static void set_deadline(struct bucketsource *s, const struct bucketsource_spec *spec)
{
	bucket_until(s->client, clock_after(clock_mono(),
					    spec->timeout ? spec->timeout : BUCKETSOURCE_TIMEOUT));
}

/* ---- the client --------------------------------------------------------------- */

static err *check_provider(const struct bucketsource_spec *spec)
{
	const struct bucketsource_sts *sts = &spec->sts;
	str provider = spec->provider.n ? spec->provider : S("generic");
	bool aws = str_eq(provider, S("aws"));

	if (!aws && !str_eq(provider, S("generic")))
		return err_new(ERR_INVALID,
			       "STS configuration is not supported for '%.*s' bucket provider",
			       STR_ARG(provider));
	if (!str_eq(sts->provider, aws ? S("aws") : S("ldap")))
		return err_new(ERR_INVALID,
			       "STS provider '%.*s' is not supported for '%.*s' bucket provider",
			       STR_ARG(sts->provider), STR_ARG(provider));
	if (aws && (sts->has_secret || sts->has_cert))
		return err_new(ERR_INVALID,
			       "spec.sts.%s is not required for the '%.*s' STS provider",
			       sts->has_secret ? "secretRef" : "certSecretRef",
			       STR_ARG(sts->provider));
	return NULL;
}

static err *check_sts(const struct bucketsource_spec *spec)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct bucketsource_sts *sts = &spec->sts;
	struct gourl u;

	if (!sts->wanted)
		return NULL;
	err *e = check_provider(spec);

	if (e)
		return failure_mark(e, FAILURE_STALLED, fetch_failed, "InvalidSTSConfiguration");
	e = gourl_parse(&a, sts->endpoint, &u);
	if (e)
		return failure_mark(err_wrap(e, "failed to parse STS endpoint '%.*s'",
					     STR_ARG(sts->endpoint)),
				    FAILURE_STALLED, fetch_failed, "URLInvalid");
	if (!str_eq(sts->provider, S("ldap")) || !sts->secret ||
	    (credentials_get(sts->secret, S("username")).n &&
	     credentials_get(sts->secret, S("password")).n))
		return NULL;
	return failed(err_new(ERR_INVALID,
			      "invalid '%.*s' secret data for '%.*s' STS provider: required "
			      "fields username, password",
			      STR_ARG(sts->secret->name), STR_ARG(sts->provider)),
		      "AuthenticationFailed");
}

err *bucketsource_check(const struct bucketsource_spec *spec)
{
	enum bucket_provider provider;

	if (!bucket_provider_parse(spec->provider, &provider))
		return failed(err_new(ERR_INVALID, "unsupported bucket provider '%.*s'",
				      STR_ARG(spec->provider)),
			      "AuthenticationFailed");
	err *e = bucket_check_secret(provider, spec->secret);

	return e ? failed(e, "AuthenticationFailed") : check_sts(spec);
}

/* A user of a directory becomes temporary keys. */
static err *ask_ldap(struct bucketsource *s, const struct bucketsource_env *env,
		     const struct bucketsource_spec *spec)
{
	const struct credentials *c = spec->sts.secret;
	struct bucket_sts sts = { .net = env->net,
				  .endpoint = spec->sts.endpoint,
				  .user = credentials_get(c, S("username")),
				  .password = credentials_get(c, S("password")),
				  .proxy = spec->proxy ? &s->proxy : NULL,
				  .cancel = env->cancel,
				  .timeout = spec->timeout ? spec->timeout : BUCKETSOURCE_TIMEOUT };
	struct net_tls tls = { 0 };
	err *e = NULL;

	if (spec->sts.cert)
		e = credentials_tls(spec->sts.cert, &tls);
	if (e)
		return failed(err_wrap(e, "failed to get STS TLS config"), "AuthenticationFailed");
	sts.tls = spec->sts.cert ? &tls : NULL;
	e = bucket_sts_ldap(&s->mem, &sts, &s->login);
	return e ? op_failed(err_wrap(e, "failed to confirm existence of '%.*s' bucket",
				      STR_ARG(spec->bucket)))
		 : NULL;
}

static err *open_client(struct bucketsource *s, const struct bucketsource_env *env,
			const struct bucketsource_spec *spec)
{
	struct bucket_options o = { .net = env->net,
				    .endpoint = spec->endpoint,
				    .bucket = spec->bucket,
				    .region = spec->region,
				    .insecure = spec->insecure,
				    .secret = spec->secret,
				    .cancel = env->cancel };
	err *e = NULL;

	TRY(bucketsource_check(spec));
	bucket_provider_parse(spec->provider, &o.provider);
	if (spec->proxy)
		e = credentials_proxy(&s->mem, spec->proxy, &s->proxy);
	if (e)
		return failed(err_wrap(e, "failed to get proxy URL"), "AuthenticationFailed");
	if (spec->cert)
		e = credentials_tls(spec->cert, &s->tls);
	if (e)
		return failed(err_wrap(e, "failed to get TLS config"), "AuthenticationFailed");
	o.proxy = spec->proxy ? &s->proxy : NULL;
	o.tls = spec->cert ? &s->tls : NULL;
	o.login = spec->secret ? NULL : spec->login;
	if (!spec->secret && spec->sts.wanted && str_eq(spec->sts.provider, S("ldap"))) {
		TRY(ask_ldap(s, env, spec));
		o.login = &s->login;
	}
	e = bucket_open(&s->client, &o);
	return e ? failed(e, "AuthenticationFailed") : NULL;
}

/* ---- the index ------------------------------------------------------------------ */

static err *get_rules(struct bucketsource *s)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(RULES_MAX);
	struct sink_buf sink;
	struct bucket_take t = { .key = rules_name, .to = &sink.sink, .max = RULES_MAX };
	struct net_call *call;

	sink_buf_init(&sink, &b, ".sourceignore");
	TRY(bucket_start(s->client, rules_name, &call));
	TRY(bucket_take(s->client, &s->mem, call, &t));
	s->has_rules = t.found;
	if (t.found)
		s->rules = arena_str(&s->mem, buf_str(&b));
	return NULL;
}

static err *confirm(struct bucketsource *s, const struct bucketsource_spec *spec)
{
	bool exists;
	err *e = bucket_exists(s->client, &exists);

	if (e)
		return err_wrap(e, "failed to confirm existence of '%.*s' bucket",
				STR_ARG(spec->bucket));
	if (!exists)
		return err_new(ERR_NOT_FOUND, "bucket '%.*s' not found", STR_ARG(spec->bucket));
	return NULL;
}

static void make_rules(struct bucketsource *s, const struct bucketsource_spec *spec)
{
	s->ignore = ignore_new(&s->mem);
	if (s->has_rules)
		ignore_add(s->ignore, s->rules, STR_NONE);
	if (spec->ignore)
		ignore_add(s->ignore, *spec->ignore, STR_NONE);
}

static err *visit(void *ctx, str key, str etag)
{
	struct bucketsource *s = ctx;

	if (str_ends(key, S("/")) || str_eq(key, rules_name) || ignore_match(s->ignore, key, false))
		return NULL;
	if (key.n > BUCKET_KEY_MAX || !archive_name_is_safe(key))
		return archive_name_check(key.n > BUCKET_KEY_MAX ? STR_NONE : key);
	avec_push(&s->mem, &s->objects,
		  (struct bucketsource_object){ .key = arena_str(&s->mem, key),
						.etag = arena_str(&s->mem, etag) });
	return NULL;
}

static int cmp_objects(const void *a, const void *b, void *ctx)
{
	const struct bucketsource_object *x = a, *y = b;

	(void)ctx;
	return str_cmp(x->key, y->key);
}

/* The hash of "KEY ETAG" lines. */
static err *make_revision(struct bucketsource *s, enum digest_algo algo)
{
	CLEANUP(digest_hash_release) struct digest_hash h = { 0 };

	TRY(digest_hash_init(&h, algo));
	for (size_t i = 0; i < s->objects.n; i++) {
		const struct bucketsource_object *o = &s->objects.p[i];

		if (o->gone)
			continue;
		digest_hash_add(&h, o->key);
		digest_hash_add(&h, S(" "));
		digest_hash_add(&h, o->etag);
		digest_hash_add(&h, S("\n"));
	}
	s->revision = digest_hash_end(&h, &s->mem);
	return NULL;
}

static err *make_index(struct bucketsource *s, const struct bucketsource_spec *spec)
{
	TRY(confirm(s, spec));
	err *e = get_rules(s);

	if (e)
		return err_wrap(e, "failed to get Etag for '%.*s' object", STR_ARG(rules_name));
	make_rules(s, spec);
	e = bucket_list(s->client, spec->prefix, visit, s);
	if (e)
		return err_wrap(e, "indexation of objects from bucket '%.*s' failed",
				STR_ARG(spec->bucket));
	if (s->objects.n)
		sort_stable(s->objects.p, s->objects.n, sizeof *s->objects.p, cmp_objects, NULL);
	return NULL;
}

/* Whether that is what the artifact was made of, by the algorithm of that time. */
static err *compare(struct bucketsource *s, const struct bucketsource_env *env,
		    const struct bucketsource_seen *seen)
{
	enum digest_algo algo = artifact_store_algo(env->store);
	str revision = seen->artifact ? seen->artifact->revision : STR_NONE;
	enum digest_algo was = digest_algo_of(revision, algo);

	TRY(make_revision(s, was));
	s->unchanged = revision.n && str_eq(s->revision, revision);
	return s->unchanged || was == algo ? NULL : make_revision(s, algo);
}

err *bucketsource_fetch(struct bucketsource *s, const struct bucketsource_env *env,
			const struct bucketsource_spec *spec, const struct bucketsource_seen *seen)
{
	TRY(open_client(s, env, spec));
	set_deadline(s, spec);
	err *e = make_index(s, spec);

	if (!e)
		e = compare(s, env, seen);
	if (e)
		return op_failed(e);
	if (s->unchanged)
		s->artifact = *seen->artifact;
	s->event =
		arena_printf(&s->mem, "stored artifact with %zu fetched files from '%.*s' bucket",
			     s->objects.n, STR_ARG(spec->bucket));
	return NULL;
}

/* ---- downloads ------------------------------------------------------------------- */

struct download {
	struct bucketsource *s;
	const struct fs *to;
	uint64_t total;
};

/* A file that is made once there is something of the object. */
struct object_file {
	struct sink sink;
	const struct fs *to;
	str key;
	int fd; /* -1: not yet */
	uint64_t n;
};

static err *make_file(struct object_file *f)
{
	size_t slash = str_rfind_char(f->key, '/');

	if (f->fd >= 0)
		return NULL;
	if (slash != STR_NPOS)
		TRY(fs_mkdir(f->to, str_sub(f->key, 0, slash), 0700));
	return fs_create_open(f->to, f->key, 0600, &f->fd);
}

static err *write_piece(struct sink *sink, str bytes)
{
	struct object_file *f = (struct object_file *)sink;

	TRY(make_file(f));
	f->n += bytes.n;
	return fs_write_all(f->fd, bytes, "write object");
}

/* Half of an object that has gone meanwhile is none. */
static err *finish(struct object_file *f, bool found)
{
	err *e = found ? make_file(f) : NULL;

	if (f->fd >= 0)
		close(f->fd);
	return !found && f->fd >= 0 ? fs_remove(f->to, f->key) : e;
}

static err *keep(struct download *d, struct bucketsource_object *o, struct net_call *call)
{
	struct object_file f = { .sink.write = write_piece, .to = d->to, .key = o->key, .fd = -1 };
	struct bucket_take t = { .key = o->key, .to = &f.sink, .max = BUCKETSOURCE_OBJECT_MAX };
	err *e = bucket_take(d->s->client, &d->s->mem, call, &t);

	if (e) {
		if (f.fd >= 0)
			close(f.fd);
		return e;
	}
	TRY(finish(&f, t.found));
	o->gone = !t.found;
	if (!t.found)
		return NULL;
	if (t.etag.n)
		o->etag = t.etag;
	d->total += f.n;
	if (d->total > BUCKETSOURCE_BYTES_MAX)
		return err_new(ERR_INVALID, "objects of the bucket have more than %llu bytes",
			       (unsigned long long)BUCKETSOURCE_BYTES_MAX);
	return NULL;
}

/* A few at a time; all that were started are waited for, also behind a failure. */
static err *get_all(struct download *d)
{
	struct net_call *calls[BUCKETSOURCE_PARALLEL];
	struct bucketsource *s = d->s;
	size_t started = 0;
	err *failure = NULL;

	for (size_t i = 0; i < s->objects.n; i++) {
		while (!failure && started < s->objects.n && started < i + BUCKETSOURCE_PARALLEL) {
			failure = bucket_start(s->client, s->objects.p[started].key,
					       &calls[started % BUCKETSOURCE_PARALLEL]);
			started += !failure;
		}
		if (i >= started)
			break;
		if (failure) {
			net_drop(calls[i % BUCKETSOURCE_PARALLEL]);
			continue;
		}
		err *e = keep(d, &s->objects.p[i], calls[i % BUCKETSOURCE_PARALLEL]);

		if (e)
			failure = err_wrap(e, "failed to get '%.*s' object",
					   STR_ARG(s->objects.p[i].key));
	}
	return failure;
}

static err *download(struct bucketsource *s, const struct bucketsource_env *env,
		     const struct bucketsource_spec *spec, const struct fs *to)
{
	struct download d = { .s = s, .to = to };

	set_deadline(s, spec);
	err *e = s->has_rules ? fs_create(to, rules_name, s->rules, 0600) : NULL;

	if (!e)
		e = get_all(&d);
	if (e)
		return op_failed(
			err_wrap(e, "fetch from bucket '%.*s' failed", STR_ARG(spec->bucket)));
	return make_revision(s, artifact_store_algo(env->store));
}

/* ---- storing ----------------------------------------------------------------------- */

static str file_name(struct bucketsource *s)
{
	return arena_cat(&s->mem, str_from(s->revision, str_find_char(s->revision, ':') + 1),
			 S(".tar.gz"));
}

static err *archive(struct bucketsource *s, const struct bucketsource_env *env,
		    const struct bucketsource_spec *spec, const struct fs *fs)
{
	struct filelist l = FILELIST_INIT(&s->mem);
	err *e = filelist_add_dir(&l, fs, STR_NONE, STR_NONE);

	if (!e)
		e = filelist_sort(&l);
	if (!e)
		e = artifact_add_list(env->store, &s->mem, &spec->owner, file_name(s), s->revision,
				      &l, NULL, &s->artifact);
	return e ? failure_mark(err_wrap(e, "unable to archive artifact to storage"),
				FAILURE_GENERIC, storage_failed, "ArchiveOperationFailed")
		 : NULL;
}

static void make_link(struct bucketsource *s, const struct bucketsource_env *env,
		      const struct bucketsource_spec *spec)
{
	static const str name = { "latest.tar.gz", 13 };
	err *e = artifact_link(env->store, &spec->owner, file_name(s), name);

	if (!e)
		s->link = artifact_url(env->store, &s->mem,
				       artifact_path(&s->mem, &spec->owner, name));
	err_free(e);
}

err *bucketsource_store(struct bucketsource *s, const struct bucketsource_env *env,
			const struct bucketsource_spec *spec)
{
	CLEANUP(fs_drop) struct fs *fs = NULL;
	size_t left = 0;

	if (s->unchanged)
		return NULL;
	err *e = fs_open_temp(&fs, STR_NONE, S("bucket-"));

	if (e)
		return failure_mark(err_wrap(e, "failed to create temporary working directory"),
				    FAILURE_GENERIC, storage_failed, "DirectoryCreationFailed");
	TRY(download(s, env, spec, fs));
	TRY(archive(s, env, spec, fs));
	make_link(s, env, spec);
	for (size_t i = 0; i < s->objects.n; i++)
		left += !s->objects.p[i].gone;
	s->event =
		arena_printf(&s->mem, "stored artifact with %zu fetched files from '%.*s' bucket",
			     left, STR_ARG(spec->bucket));
	return NULL;
}

void bucketsource_release(struct bucketsource *s)
{
	bucket_close(s->client);
	arena_release(&s->mem);
}
