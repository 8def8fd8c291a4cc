/* read - what a pass reads: Secrets, objects of Flux, artifacts. */
#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "controllers/local.h"
#include "controllers/runtime_impl.h"
#include "source/download.h"
#include "text/base64.h"
#include "text/gotime.h"
#include "text/path.h"
#include "value/json.h"

/* ---- Secrets and ConfigMaps ------------------------------------------------------- */

static err *decode(struct arena *a, node data, bool base64, struct credentials *out)
{
	struct credentials_item *items = arena_array(a, struct credentials_item, node_len(data));
	size_t n = 0;

	node_each_pair(d, data) {
		str value = node_str(d->value);

		if (base64) {
			CLEANUP(buf_release) struct buf b = BUF_INIT;
			err *e = base64_read(&b, value, BASE64_STD);

			if (e)
				return err_wrap(e, "data.%.*s", STR_ARG(node_str(d->key)));
			value = arena_str(a, buf_str(&b));
		}
		items[n++] = (struct credentials_item){ node_str(d->key), value };
	}
	out->items = items;
	out->n = n;
	return NULL;
}

/* The watch's word on the newest version; empty: it is not watched, or not there. */
static str version_of(struct pass *p, const struct client_resource *r, str name)
{
	struct live_state s;

	live_state(runtime_live(p->rt), p->arena, r, p->key.namespace, name, &s);
	return s.synced && s.exists ? s.resource_version : STR_NONE;
}

err *pass_config(struct pass *p, str kind, str name, node *out)
{
	CLEANUP(buf_release) struct buf json = BUF_INIT;
	struct configs *known = p->rt->configs_read;
	struct client_resource r;
	str text;

	TRY(runtime_resource(p->rt, (struct gvk){ STR_NONE, S("v1"), kind }, &r));
	str version = version_of(p, &r, name);

	if (version.n && configs_get(known, p->arena, kind, p->key.namespace, name, version, &text))
		return json_read(p->arena, text, NULL, out);
	TRY(client_get(runtime_client(p->rt), p->arena, &r, p->key.namespace, name, out));
	version = node_str(node_dig(*out, "metadata", "resourceVersion"));
	TRY(json_write(&json, *out, NULL));
	configs_put(known, kind, p->key.namespace, name, version, buf_str(&json));
	return NULL;
}

static err *get_flat(struct pass *p, str kind, str name, struct credentials *out)
{
	node object;

	TRY(pass_config(p, kind, name, &object));
	*out = (struct credentials){ .namespace = p->key.namespace,
				     .name = arena_str(p->arena, name) };
	TRY(decode(p->arena, node_get(object, S("data")), str_eq(kind, S("Secret")), out));
	node binary = node_get(object, S("binaryData"));

	if (!node_len(binary))
		return NULL;
	struct credentials more;

	TRY(decode(p->arena, binary, true, &more));
	struct credentials_item *all =
		arena_array(p->arena, struct credentials_item, out->n + more.n);

	memcpy(all, out->items, out->n * sizeof *all);
	memcpy(all + out->n, more.items, more.n * sizeof *all);
	out->items = all;
	out->n += more.n;
	return NULL;
}

err *pass_secret(struct pass *p, str name, struct credentials *out)
{
	return get_flat(p, S("Secret"), name, out);
}

err *pass_configmap(struct pass *p, str name, struct credentials *out)
{
	return get_flat(p, S("ConfigMap"), name, out);
}

/* ---- objects ------------------------------------------------------------------------ */

static err *get(struct pass *p, struct gvk kind, str namespace, str name, node *out)
{
	struct client_resource r;
	struct live_state s;

	TRY(runtime_resource(p->rt, kind, &r));
	live_state(runtime_live(p->rt), p->arena, &r, namespace, name, &s);
	if (s.exists && !runtime_settings(p->rt)->gates[GATE_DIRECT_SOURCE_FETCH]) {
		*out = live_get(runtime_live(p->rt), p->arena, &r, namespace, name);
		if (out->kind == NODE_MAP)
			return NULL;
	}
	/* Also where the cache says that there is none: it may be behind. */
	return client_get(runtime_client(p->rt), p->arena, &r, namespace, name, out);
}

err *pass_get(struct pass *p, struct gvk kind, str namespace, str name, node *out)
{
	TRY(get(p, kind, namespace, name, out));
	*out = local_replace(runtime_settings(p->rt), p->arena, *out);
	return NULL;
}

err *pass_get_cached(struct pass *p, struct gvk kind, str namespace, str name, node *out)
{
	err *e = pass_get(p, kind, namespace, name, out);

	if (!e || err_kind(e) != ERR_NOT_FOUND ||
	    runtime_settings(p->rt)->gates[GATE_DIRECT_SOURCE_FETCH] ||
	    !str_ends(err_text(e), arena_cat(p->arena, S(" \""), name, S("\" not found"))))
		return e;
	return err_replace(e, "%.*s.%.*s \"%.*s\" not found", STR_ARG(kind.kind), STR_ARG(kind.group),
			   STR_ARG(name));
}

/* ---- artifacts ---------------------------------------------------------------------- */

bool artifact_of(struct arena *a, node source, struct artifact *out)
{
	node n = node_dig(source, "status", "artifact");
	struct gotime t = { 0 };

	(void)a;
	if (n.kind != NODE_MAP || !node_str(node_get(n, S("url"))).n)
		return false;
	err_free(gotime_parse(&t, GOTIME_RFC3339, node_str(node_get(n, S("lastUpdateTime"))), NULL));
	*out = (struct artifact){
		.path = node_str(node_get(n, S("path"))),
		.url = node_str(node_get(n, S("url"))),
		.revision = node_str(node_get(n, S("revision"))),
		.digest = node_str(node_get(n, S("digest"))),
		.time = gotime_sub(t, gotime_utc(0, 0)),
		.size = node_uint(node_get(n, S("size"))),
	};
	return true;
}

node artifact_node(struct arena *a, const struct artifact *artifact)
{
	CLEANUP(buf_release) struct buf time = BUF_INIT;
	node n = node_map(a, 6);

	gotime_format(&time, gotime_utc(artifact->time / CLOCK_SECOND, 0), GOTIME_RFC3339);
	node_set(a, n, S("digest"), node_copy_str(a, artifact->digest));
	node_set(a, n, S("lastUpdateTime"), node_copy_str(a, buf_str(&time)));
	node_set(a, n, S("path"), node_copy_str(a, artifact->path));
	node_set(a, n, S("revision"), node_copy_str(a, artifact->revision));
	node_set(a, n, S("size"), node_from_uint(artifact->size));
	node_set(a, n, S("url"), node_copy_str(a, artifact->url));
	return n;
}

/* "gitrepository/NS/NAME/FILE" */
static bool owner_of(str path, struct artifact_owner *owner, str *file)
{
	return str_cut(&path, &owner->kind, '/') && str_cut(&path, &owner->namespace, '/') &&
	       str_cut(&path, &owner->name, '/') && owner->kind.n && owner->namespace.n &&
	       owner->name.n && path.n && (*file = path, true);
}

/* Whom to ask instead of the URL's host, where the environment says so: a controller
 * outside of the cluster does not reach its Services. */
static str host_for(struct pass *p, str url)
{
	const struct cloud c = { .env = runtime_settings(p->rt)->env };

	return cloud_env(&c, str_has(url, S("//source-watcher")) ? "SOURCE_WATCHER_LOCALHOST"
								 : "SOURCE_CONTROLLER_LOCALHOST");
}

static err *download(struct pass *p, const struct artifact *artifact, str *bytes)
{
	const struct download_spec spec = { .url = artifact->url,
					    .host = host_for(p, artifact->url),
					    .digest = artifact->digest,
					    .cancel = p->cancel };

	return download_bytes(runtime_net(p->rt), &spec, p->arena, bytes);
}

/* Where the copy of an artifact of another store is kept: never at a path of
 * ours, whatever the status of a stranger's object says. */
static err *place_fetched(struct pass *p, const struct artifact *artifact,
			  struct artifact_owner *owner, str *file)
{
	struct artifact_owner theirs;
	struct digest digest;

	if (!owner_of(artifact->path, &theirs, file))
		return err_new(ERR_INVALID, "artifact path '%.*s' is not KIND/NAMESPACE/NAME/FILE",
			       STR_ARG(artifact->path));
	if (!artifact->digest.n)
		return err_new(ERR_INVALID, "empty digest");
	err *e = digest_parse(&digest, artifact->digest);

	if (e)
		return err_wrap(e, "failed to parse digest '%.*s'", STR_ARG(artifact->digest));
	*owner = (struct artifact_owner){
		.kind = S("fetched"),
		.namespace = arena_cat(p->arena, theirs.kind, S("-"), theirs.namespace),
		.name = theirs.name,
	};
	*file = arena_cat(p->arena, digest.hex, S(".tar.gz"));
	return NULL;
}

static err *open_fetched(struct pass *p, const struct artifact *artifact,
			 struct artifact_tree **out)
{
	struct artifact_store *store = runtime_store(p->rt);
	struct artifact_owner owner;
	struct artifact stored = *artifact;
	str file, bytes;

	TRY(place_fetched(p, artifact, &owner, &file));
	stored.path = artifact_path(p->arena, &owner, file);
	if (artifact_exists(store, stored.path)) {
		err *e = artifact_open(store, &stored, out);

		if (!e)
			return NULL;
		err_free(e);
	}
	TRY(download(p, artifact, &bytes));
	TRY(artifact_add_bytes(store, p->arena, &owner, file, artifact->revision, bytes, &stored));
	/* Of older files of the same owner, as many stay as of our own. */
	err_free(artifact_collect(store, &owner, stored.path, &(size_t){ 0 }));
	stored.digest = artifact->digest;
	return artifact_open(store, &stored, out);
}

err *pass_open(struct pass *p, const struct artifact *artifact, struct artifact_tree **out)
{
	struct artifact_store *store = runtime_store(p->rt);

	if (!store)
		return err_new(ERR_UNAVAILABLE, "there is no artifact store");
	if (artifact_exists(store, artifact->path)) {
		err *e = artifact_open(store, artifact, out);

		if (!e)
			return NULL;
		err_free(e);
	}
	return open_fetched(p, artifact, out);
}

enum { FILE_MAX = 512 << 20 };

static err *read_all(struct arena *a, int fd, size_t size, str *out)
{
	char *to = arena_alloc(a, size + 1);
	size_t n = 0;

	while (n < size) {
		ssize_t got = read(fd, to + n, size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(errno, "read artifact");
		if (!got)
			break;
		n += (size_t)got;
	}
	to[n] = 0;
	*out = str_of(to, n);
	return NULL;
}

static err *read_own(struct pass *p, const struct artifact *artifact, str *out)
{
	uint64_t size;
	int fd;

	TRY(artifact_verify(runtime_store(p->rt), artifact));
	TRY(artifact_open_file(runtime_store(p->rt), artifact->path, &fd, &size));
	err *e = size <= FILE_MAX ? read_all(p->arena, fd, (size_t)size, out)
				  : err_new(ERR_INVALID, "artifact is larger than %d bytes", FILE_MAX);

	close(fd);
	return e;
}

err *pass_bytes(struct pass *p, const struct artifact *artifact, str *out)
{
	struct artifact_store *store = runtime_store(p->rt);

	if (store && artifact_exists(store, artifact->path)) {
		err *e = read_own(p, artifact, out);

		if (!e)
			return NULL;
		err_free(e);
	}
	return download(p, artifact, out);
}
