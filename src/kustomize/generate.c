#include "kustomize/generate.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "base/vec.h"
#include "kustomize/scalar.h"
#include "text/base64.h"
#include "text/path.h"
#include "text/quote.h"
#include "text/unicode.h"

enum {
	ENV_LINE_MAX = 65536,	/* bufio.Scanner's: a longer line ends the file */
	PAIRS_MAX = 1000000,
	BASE64_LINE = 70,
};

struct kv {
	str key, value;
	uint32_t place;		/* of the source that is named in the kustomization file */
};

typedef VEC(struct kv) kvs;

/* ---- sources ----------------------------------------------------------- */

static str go_list(struct arena *a, node list)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_addc(&b, '[');
	node_each_item(i, list) {
		buf_add(&b, i == list.seq->items ? STR_NONE : S(" "));
		buf_add(&b, node_str(*i));
	}
	buf_addc(&b, ']');
	return arena_str(a, buf_str(&b));
}

static err *add_kv(struct arena *a, kvs *to, str key, str value, uint32_t place)
{
	if (to->n >= PAIRS_MAX)
		return err_new(ERR_INVALID, "more than %d keys", PAIRS_MAX);
	avec_push(a, to, (struct kv){ key, value, place });
	return NULL;
}

static str trim_left_space(str s)
{
	while (s.n) {
		size_t size;

		if (!unicode_is_space(utf8_decode(s, &size)))
			break;
		s = str_from(s, size);
	}
	return s;
}

static err *bad_line(struct arena *a, str line)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;

	(void)a;
	for (size_t i = 0; i < line.n; i++)
		buf_addf(&bytes, "%s%d", i ? " " : "", (unsigned char)line.p[i]);
	return err_new(ERR_INVALID, "line [%s] has invalid utf8 bytes : %.*s", buf_c(&bytes),
		       STR_ARG(line));
}

static err *read_env(struct arena *a, str text, uint32_t place, kvs *to)
{
	bool first = true;
	str line, key, value;

	while (str_cut(&text, &line, '\n')) {
		if (line.n >= ENV_LINE_MAX)
			return NULL;
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (!utf8_valid(line))
			return bad_line(a, line);
		if (first)
			str_take_str(&line, S("\xef\xbb\xbf"));
		first = false;
		line = trim_left_space(line);
		if (!line.n || line.p[0] == '#')
			continue;
		str_split(line, '=', &key, &value);
		if (key.n)
			TRY(add_kv(a, to, key, value, place));
	}
	return NULL;
}

static err *read_envs(struct arena *a, const struct loader *l, node paths, kvs *to)
{
	node_each_item(p, paths) {
		str text;

		TRY(loader_read(a, l, node_str(*p), &text, NULL));
		TRY(read_env(a, text, p->place, to));
	}
	return NULL;
}

static err *read_literals(struct arena *a, node literals, kvs *to)
{
	node_each_item(i, literals) {
		str key, value;

		if (!str_split(node_str(*i), '=', &key, &value) || !key.n)
			return err_new(ERR_INVALID, "invalid literal source %.*s, expected key=value",
				       STR_ARG(node_str(*i)));
		if (value.n >= 2 && value.p[0] == value.p[value.n - 1] &&
		    (value.p[0] == '"' || value.p[0] == '\''))
			value = str_sub(value, 1, value.n - 1);
		TRY(add_kv(a, to, key, value, i->place));
	}
	return NULL;
}

static err *bad_source(const char *what, str part, str source)
{
	CLEANUP(buf_release) struct buf p = BUF_INIT, s = BUF_INIT;

	quote_add(&p, part, QUOTE_PRINT);
	quote_add(&s, source, QUOTE_PRINT);
	return err_new(ERR_INVALID, "%s %s in source %s", what, buf_c(&p), buf_c(&s));
}

err *generate_split_file(str source, str *key, str *path)
{
	if (!str_split(source, '=', key, path)) {
		*path = source;
		*key = path_base(source);
		return NULL;
	}
	if (str_find_char(*path, '=') != STR_NPOS) {
		CLEANUP(buf_release) struct buf s = BUF_INIT;

		quote_add(&s, source, QUOTE_PRINT);
		return err_new(ERR_INVALID, "source %s key name or file path contains '='", buf_c(&s));
	}
	if (!key->n)
		return bad_source("missing key name for file path", *path, source);
	if (!path->n)
		return bad_source("missing file path for key name", *key, source);
	return NULL;
}

static err *read_files(struct arena *a, const struct loader *l, node files, kvs *to)
{
	node_each_item(i, files) {
		str key, path, text;

		TRY(generate_split_file(node_str(*i), &key, &path));
		TRY(loader_read(a, l, path, &text, NULL));
		TRY(add_kv(a, to, key, text, i->place));
	}
	return NULL;
}

static err *load(struct arena *a, const struct loader *l, node args, kvs *to)
{
	node envs = node_get(args, S("envs")), literals = node_get(args, S("literals"));
	node files = node_get(args, S("files"));
	err *e = read_envs(a, l, envs, to);

	if (e)
		return err_wrap(e, "env source files: %.*s", STR_ARG(go_list(a, envs)));
	e = read_literals(a, literals, to);
	if (e)
		return err_wrap(e, "literal sources %.*s", STR_ARG(go_list(a, literals)));
	e = read_files(a, l, files, to);
	if (e)
		return err_wrap(e, "file sources: %.*s", STR_ARG(go_list(a, files)));
	return NULL;
}

static int cmp_kv(const void *x, const void *y)
{
	return str_cmp(((const struct kv *)x)->key, ((const struct kv *)y)->key);
}

static err *load_sorted(struct arena *a, const struct loader *l, node args, kvs *out)
{
	err *e = load(a, l, args, out);

	if (e)
		return err_wrap(e, "loading KV pairs");
	if (out->n)
		qsort(out->p, out->n, sizeof *out->p, cmp_kv);
	for (size_t i = 1; i < out->n; i++)
		if (str_eq(out->p[i].key, out->p[i - 1].key))
			return err_new(ERR_INVALID, "configmap %.*s illegally repeats the key `%.*s`",
				       STR_ARG(node_str(node_get(args, S("name")))),
				       STR_ARG(out->p[i].key));
	return NULL;
}

/* ---- objects ----------------------------------------------------------- */

str generate_base64(struct arena *a, str bytes)
{
	CLEANUP(buf_release) struct buf flat = BUF_INIT, lines = BUF_INIT;

	base64_write(&flat, bytes, BASE64_STD);
	if (flat.n < BASE64_LINE)
		return arena_str(a, buf_str(&flat));
	for (size_t at = 0; at < flat.n; at += BASE64_LINE) {
		buf_add(&lines, str_sub(buf_str(&flat), at, at + BASE64_LINE));
		buf_addc(&lines, '\n');
	}
	return arena_str(a, buf_str(&lines));
}

/* A new text, which stands at `place` in the kustomization file. */
static node new_text(struct arena *a, str text, uint32_t place)
{
	node n = scalar_string(a, NODE_NOTHING, text);

	n.place = place;
	return n;
}

static node copied(struct arena *a, node text)
{
	return new_text(a, node_str(text), text.place);
}

static err *base_object(struct arena *a, const char *kind, node args, node *out)
{
	node object = node_map(a, 6), metadata = node_map(a, 4);
	node name = node_get(args, S("name")), ns = node_get(args, S("namespace"));

	if (!node_str(name).n)
		return err_new(ERR_INVALID, "a configmap must have a name");
	node_set(a, object, S("apiVersion"), node_lit("v1"));
	node_set(a, object, S("kind"), node_from_str(a, str_c(kind)));
	node_set(a, object, S("metadata"), metadata);
	node_set(a, metadata, S("name"), copied(a, name));
	if (node_str(ns).n)
		node_set(a, metadata, S("namespace"), copied(a, ns));
	*out = object;
	return NULL;
}

static void set_options(struct arena *a, node object, node options)
{
	static const char *const maps[] = { "labels", "annotations" };
	node metadata = node_get(object, S("metadata"));

	for (size_t i = 0; i < 2; i++) {
		node from = node_get(options, str_c(maps[i]));

		node_each_pair(p, from)
			node_set(a, node_need_map(a, metadata, str_c(maps[i])), node_str(p->key),
				 copied(a, p->value));
	}
	if (node_bool(node_get(options, S("immutable"))))
		node_set(a, object, S("immutable"), node_from_bool(true));
}

static enum behavior behavior_of(node args)
{
	str word = node_str(node_get(args, S("behavior")));

	if (str_eq(word, S("merge")))
		return BEHAVIOR_MERGE;
	if (str_eq(word, S("replace")))
		return BEHAVIOR_REPLACE;
	return str_eq(word, S("create")) ? BEHAVIOR_CREATE : BEHAVIOR_NONE;
}

static struct resource *finish(struct arena *a, node object, node args)
{
	node options = node_get(args, S("options"));

	set_options(a, object, options);
	struct resource *r = resource_new(a, object);

	r->behavior = behavior_of(args);
	r->generated = true;
	r->needs_hash = !node_bool(node_get(options, S("disableNameSuffixHash")));
	return r;
}

err *generate_configmap(struct arena *a, const struct loader *l, node args, struct resource **out)
{
	kvs pairs = { 0 };
	node object;

	TRY(base_object(a, "ConfigMap", args, &object));
	TRY(load_sorted(a, l, args, &pairs));
	for (size_t i = 0; i < pairs.n; i++) {
		bool text = utf8_valid(pairs.p[i].value);
		node data = node_need_map(a, object, text ? S("data") : S("binaryData"));
		str value = text ? pairs.p[i].value : generate_base64(a, pairs.p[i].value);

		node_set(a, data, pairs.p[i].key, new_text(a, value, pairs.p[i].place));
	}
	*out = finish(a, object, args);
	return NULL;
}

err *generate_secret(struct arena *a, const struct loader *l, node args, struct resource **out)
{
	node object, data = node_map(a, 4), type = node_get(args, S("type"));
	kvs pairs = { 0 };

	TRY(base_object(a, "Secret", args, &object));
	node_set(a, object, S("type"), 
		 node_str(type).n ? copied(a, type) : new_text(a, S("Opaque"), 0));
	TRY(load_sorted(a, l, args, &pairs));
	node_set(a, object, S("data"), data);
	for (size_t i = 0; i < pairs.n; i++)
		node_set(a, data, pairs.p[i].key,
			 new_text(a, generate_base64(a, pairs.p[i].value), pairs.p[i].place));
	*out = finish(a, object, args);
	return NULL;
}

node generate_merge_options(struct arena *a, node local, node global)
{
	static const char *const maps[] = { "labels", "annotations" };
	static const char *const flags[] = { "disableNameSuffixHash", "immutable" };

	if (global.kind != NODE_MAP)
		return local;
	node merged = local.kind == NODE_MAP ? node_copy(a, local) : node_map(a, 4);

	for (size_t i = 0; i < 2; i++) {
		node from = node_get(global, str_c(maps[i]));

		node_each_pair(p, from) {
			node to = node_need_map(a, merged, str_c(maps[i]));

			if (!node_has(to, node_str(p->key)))
				node_set(a, to, node_str(p->key), p->value);
		}
		if (node_bool(node_get(global, str_c(flags[i]))))
			node_set(a, merged, str_c(flags[i]), node_from_bool(true));
	}
	return merged;
}
