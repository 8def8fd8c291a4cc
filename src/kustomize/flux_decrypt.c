/* Which files and objects of a build are decrypted, and when. */
#include "base/buf.h"
#include "kustomize/flux_impl.h"
#include "kustomize/kfile.h"
#include "kustomize/scalar.h"
#include "kustomize/value.h"
#include "text/base64.h"
#include "text/gourl.h"
#include "text/path.h"
#include "value/json.h"
#include "value/yaml.h"

enum { ENCRYPTED_MAX = 5 << 20, ROOTS_MAX = 10000, DEPTH_MAX = 1000 };

/* ---- formats ----------------------------------------------------------- */

/* What an encrypted text has in it, whatever else. */
static const struct {
	enum flux_format format;
	str mark;
} marks[] = {
	{ FLUX_YAML, S("mac: ENC[") },
	{ FLUX_JSON, S("\"mac\": \"ENC[") },
	{ FLUX_BINARY, S("\"mac\": \"ENC[") },	/* which is JSON as long as it is encrypted */
	{ FLUX_DOTENV, S("sops_mac=ENC[") },
	{ FLUX_INI, S("[sops]") },
};

static bool has_mark(str bytes, enum flux_format format)
{
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		if (marks[i].format == format)
			return str_has(bytes, marks[i].mark);
	return false;
}

static bool find_mark(str bytes, enum flux_format *out)
{
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		if (str_has(bytes, marks[i].mark)) {
			*out = marks[i].format;
			return true;
		}
	return false;
}

enum flux_format flux_format_of(str path)
{
	static const struct {
		str end;
		enum flux_format format;
	} ends[] = {
		{ S(".dockerconfigjson"), FLUX_JSON }, { S(".yaml"), FLUX_YAML },
		{ S(".yml"), FLUX_YAML },	       { S(".json"), FLUX_JSON },
		{ S(".env"), FLUX_DOTENV },	       { S(".ini"), FLUX_INI },
	};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (str_ends(path, ends[i].end))
			return ends[i].format;
	return FLUX_BINARY;
}

/* ---- files ------------------------------------------------------------- */

struct walk {
	struct arena *a;
	const struct flux_source *s;
	const struct flux_kfile *k;
	struct flux_decryptor *d;
	struct map *texts;
	struct map roots, files;	/* seen; by path below the artifact's root */
	unsigned depth;
};

/* A path below the root, whatever it says: ".." stops there, and so does an
 * absolute path that does not lead into it. */
static str secure(struct walk *w, str dir, str path)
{
	str root = fs_root(w->s->root);

	if (path_is_abs(path))
		path = files_is_below(path, root) ? str_from(path, root.n) : path;
	else
		path = path_join(w->a, dir, path);
	path = path_clean(w->a, arena_cat(w->a, S("/"), path));
	return str_from(path, 1);
}

static err *decrypt_file(struct walk *w, str path, enum flux_format format)
{
	struct fs_info info;
	str bytes, real, *plain;

	err *e = fs_stat(w->s->root, path, &info);

	if (e && err_kind(e) == ERR_NOT_FOUND)	/* the root's own path is nobody's business */
		return err_replace(e, "lstat %.*s: no such file or directory", STR_ARG(path));
	if (e)
		return e;
	if (info.type != FS_FILE)
		return err_new(ERR_INVALID,
			       "cannot decrypt irregular file as it has file mode type bits set");
	if (info.size > ENCRYPTED_MAX)
		return err_new(ERR_INVALID,
			       "cannot decrypt file with size (%llu bytes) exceeding limit (%d)",
			       (unsigned long long)info.size, ENCRYPTED_MAX);
	TRY(fs_read(w->s->root, w->a, path, ENCRYPTED_MAX, &bytes));
	if (!has_mark(bytes, format))
		return NULL;
	TRY(fs_real(w->s->root, w->a, path, &real));
	plain = arena_new(w->a, str);
	if (w->d->check)
		TRY(w->d->check(w->d, bytes, format));
	TRY(w->d->decrypt(w->d, w->a, bytes, format, format, plain));
	map_set(w->texts, path_join(w->a, fs_root(w->s->root), real), plain);
	return NULL;
}

/* Once each: what is decrypted has no mark any more. */
static err *visit_file(struct walk *w, str dir, str path, enum flux_format format)
{
	path = secure(w, dir, path);
	if (map_has(&w->files, path))
		return NULL;
	map_set(&w->files, path, w);
	return decrypt_file(w, path, format);
}

static bool is_remote(struct arena *a, str text)
{
	struct gourl url;
	err *e = gourl_parse(a, text, &url);

	err_free(e);
	return !e && url.scheme.n && url.host.n;
}

static err *visit_secret(struct walk *w, str dir, node generator)
{
	node_each_item(f, node_get(generator, S("files"))) {
		str key, path;

		if (!str_split(node_str(*f), '=', &key, &path))
			path = key;
		TRY(visit_file(w, dir, path, flux_format_of(key)));
	}
	node_each_item(e, node_get(generator, S("envs"))) {
		enum flux_format format = flux_format_of(node_str(*e));

		TRY(visit_file(w, dir, node_str(*e), format == FLUX_BINARY ? FLUX_DOTENV : format));
	}
	return NULL;
}

static err *visit_kfile(struct walk *w, str dir, node kfile)
{
	node_each_item(g, node_get(kfile, S("secretGenerator")))
		TRY(visit_secret(w, dir, *g));
	node_each_item(p, node_get(kfile, S("patches"))) {
		str path = node_str(node_get(*p, S("path")));

		if (path.n && !is_remote(w->a, path))
			TRY(visit_file(w, dir, path, flux_format_of(path)));
	}
	return NULL;
}

static err *load_kfile(struct walk *w, str dir, node *out)
{
	const struct fs *root = w->s->root;
	str found = STR_NONE, text;

	if (str_eq(dir, w->s->dir))
		return kfile_read(w->a, w->k->text, w->k->path, true, out);
	for (size_t i = 0; i < 3; i++) {
		str path = path_join(w->a, dir, kfile_names[i]);
		struct fs_info info;
		err *e = fs_stat(root, path, &info);

		if (e) {
			err_free(e);
			continue;
		}
		if (info.type != FS_FILE)
			return err_new(ERR_INVALID, "expected %s to be a regular file",
				       kfile_names[i].p);
		if (found.n)
			return err_new(ERR_INVALID, "found multiple kustomization files");
		found = path;
	}
	if (!found.n)
		return err_new(ERR_NOT_FOUND, "no kustomization file found");
	TRY(fs_read(root, w->a, found, FILES_READ_MAX, &text));
	err *e = kfile_read(w->a, text, found, true, out);

	return e ? err_wrap(e, "failed to unmarshal kustomization file from '%.*s'",
			    STR_ARG(path_join(w->a, fs_root(root), found)))
		 : NULL;
}

static err *visit_root(struct walk *w, str dir);

/* Objects are decrypted behind the build, when much stands otherwise around the values. */
static err *check_resource(struct walk *w, str path)
{
	enum flux_format format = flux_format_of(path);
	str bytes;

	if (!w->d->check || !fs_is_file(w->s->root, path))
		return NULL;
	TRY(fs_read(w->s->root, w->a, path, FILES_READ_MAX, &bytes));
	if (bytes.n > ENCRYPTED_MAX || !has_mark(bytes, format))
		return NULL;
	err *e = w->d->check(w->d, bytes, format);

	return e ? err_wrap(e, "'%.*s'", STR_ARG(path)) : NULL;
}

/* What is neither directory nor file leads nowhere: the build will tell. */
static err *visit_below(struct walk *w, str dir, node paths)
{
	node_each_item(p, paths) {
		str path = secure(w, dir, node_str(*p));

		if (fs_is_dir(w->s->root, path))
			TRY(visit_root(w, path));
		else
			TRY(check_resource(w, path));
	}
	return NULL;
}

static err *visit_root(struct walk *w, str dir)
{
	node kfile;

	if (map_has(&w->roots, dir))
		return NULL;
	if (w->roots.n >= ROOTS_MAX || w->depth >= DEPTH_MAX)
		return err_new(ERR_INVALID, "more than %d bases, or bases nested deeper than %d levels",
			       ROOTS_MAX, DEPTH_MAX);
	map_set(&w->roots, dir, w);
	TRY(load_kfile(w, dir, &kfile));
	TRY(visit_kfile(w, dir, kfile));
	w->depth++;
	TRY(visit_below(w, dir, node_get(kfile, S("resources"))));
	TRY(visit_below(w, dir, node_get(kfile, S("components"))));
	w->depth--;
	return NULL;
}

err *flux_decrypt_sources(struct arena *a, const struct flux_source *s, const struct flux_kfile *k,
			  struct flux_decryptor *d, struct map *texts)
{
	struct walk w = { .a = a, .s = s, .k = k, .d = d, .texts = texts };
	err *e = visit_root(&w, s->dir);

	map_release(&w.roots);
	map_release(&w.files);
	return e;
}

/* ---- objects ----------------------------------------------------------- */

static bool is_empty(node n)
{
	return node_is_nil(n) || ((n.kind == NODE_MAP || n.kind == NODE_SEQ) && !node_len(n));
}

bool flux_is_encrypted(node object)
{
	return str_eq(node_str(node_get(object, S("kind"))), S("Secret")) &&
	       str_eq(node_str(node_get(object, S("apiVersion"))), S("v1")) &&
	       node_has(object, S("sops"));
}

static str ns_and_name(struct arena *a, const struct resource *r)
{
	return arena_cat(a, resource_ns(r), S("/"), resource_name(r));
}

static err *decrypt_whole(struct arena *a, struct flux_decryptor *d, struct resource *r)
{
	static const struct yaml_options kept = { .rules = YAML_1_2, .numbers = YAML_NUMBERS_TEXT };
	CLEANUP(buf_release) struct buf json = BUF_INIT;
	str name = ns_and_name(a, r), kind = resource_kind(r), plain;
	node value, object;

	TRY(value_of(a, r->object, false, &value));
	TRY(json_write(&json, value, NULL));
	err *e = d->decrypt(d, a, arena_str(a, buf_str(&json)), FLUX_JSON, FLUX_JSON, &plain);

	if (e)
		return err_wrap(e, "failed to decrypt and format '%.*s' %.*s data", STR_ARG(name),
				STR_ARG(kind));
	e = yaml_read(a, plain, &kept, &object);
	if (e)
		return err_wrap(e, "failed to unmarshal decrypted '%.*s' %.*s to JSON", STR_ARG(name),
				STR_ARG(kind));
	r->object = object;
	return NULL;
}

/* A value that is not base64 is the user's mistake; the API will say so. */
static err *decrypt_value(struct arena *a, struct flux_decryptor *d, const struct resource *r,
			  struct node_pair *pair)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT, text = BUF_INIT;
	enum flux_format in;
	str key = node_str(pair->key), plain;
	err *e = base64_read(&bytes, node_str(pair->value), BASE64_STD);

	if (e || !find_mark(buf_str(&bytes), &in)) {
		err_free(e);
		return NULL;
	}
	e = d->decrypt(d, a, arena_str(a, buf_str(&bytes)), in, flux_format_of(key), &plain);
	if (e)
		return err_wrap(e, "failed to decrypt and format '%.*s' Secret field '%.*s'",
				STR_ARG(ns_and_name(a, r)), STR_ARG(key));
	base64_write(&text, plain, BASE64_STD);
	pair->value = scalar_string(a, NODE_NOTHING, arena_str(a, buf_str(&text)));
	return NULL;
}

static err *decrypt_secret(struct arena *a, struct flux_decryptor *d, struct resource *r)
{
	node data = value_texts(a, node_get(r->object, S("data")));

	node_each_pair(p, data)
		TRY(decrypt_value(a, d, r, p));
	if (node_len(data))
		node_set(a, r->object, S("data"), data);
	else
		node_remove(r->object, S("data"));
	return NULL;
}

err *flux_decrypt_resource(struct arena *a, struct flux_decryptor *d, struct resource *r)
{
	str mark = node_str(node_get(resource_annotations(r), FLUX_KEY("decrypt")));
	node sops = node_get(r->object, S("sops"));

	if (str_eq_nocase(mark, S("disabled")))
		return NULL;
	if (!is_empty(sops) && !is_empty(node_get(sops, S("mac"))))
		return decrypt_whole(a, d, r);
	return str_eq(resource_kind(r), S("Secret")) ? decrypt_secret(a, d, r) : NULL;
}
