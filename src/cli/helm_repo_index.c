#include <unistd.h>

#include "base/clock.h"
#include "base/sort.h"
#include "cli/commands.h"
#include "cli/helm_repos.h"
#include "crypto/sha256.h"
#include "helm/meta.h"
#include "text/constraint.h"
#include "text/glob.h"
#include "text/gourl.h"
#include "text/path.h"
#include "value/json.h"
#include "value/yaml.h"

struct index_options {
	str url, merge;
	bool json;
};

#define AT(field) offsetof(struct index_options, field)

static const struct flag flags[] = {
	{ "json", 0, FLAG_BOOL, AT(json), "write JSON" },
	{ "merge", 0, FLAG_STRING, AT(merge), "index whose charts are taken over" },
	{ "url", 0, FLAG_STRING, AT(url), "URL of the repository" },
	{ 0 },
};

#undef AT

/* A chart's versions, as they are put in. */
struct listed {
	str name;
	struct version {
		str version;
		node entry;
	} *p;
	size_t n, cap;
};

struct index {
	struct cli *c;
	const struct index_options *o;
	str now;
	VEC(struct listed) charts;
};

static struct listed *chart_of(struct index *ix, str name)
{
	for (size_t i = 0; i < ix->charts.n; i++)
		if (str_eq(ix->charts.p[i].name, name))
			return &ix->charts.p[i];
	avec_push(ix->c->arena, &ix->charts, (struct listed){ .name = name });
	return &ix->charts.p[ix->charts.n - 1];
}

/* ---- the charts of the directory --------------------------------------------- */

/* Where the archive will be asked for: the base, then its own directory. */
static str url_of(struct index *ix, str below, str file)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct arena *a = ix->c->arena;
	struct gourl u;

	if (!ix->o->url.n && !below.n)
		return file;
	err *e = gourl_parse(a, arena_str(a, ix->o->url), &u);

	if (e) {
		err_free(e);
		return path_join(a, ix->o->url, below, file);
	}
	u.path = path_join(a, u.path, below, file);
	u.raw_path = STR_NONE;
	gourl_add(&b, &u);
	return arena_str(a, buf_str(&b));
}

static err *add_archive(struct index *ix, str dir, str below, str file)
{
	struct arena *a = ix->c->arena;
	str path = path_join(a, dir, below, file), bytes;
	char hex[SHA256_HEX + 1];
	struct chart *chart;
	node urls = node_seq(a, 1);

	TRY(fs_read_any(a, path, CHART_SIZE_MAX, &bytes));
	err *e = chart_load_archive(a, bytes, NULL, &chart);

	if (e) {	/* it is no chart */
		err_free(e);
		return NULL;
	}
	sha256_hex(bytes, hex);
	if (!chart->meta.api_version.n)
		chart->meta.api_version = S("v1");
	e = meta_check(a, &chart->meta);
	if (e)
		return err_wrap(err_wrap(e, "validate failed for %.*s", STR_ARG(file)),
				"failed adding to %.*s to index", STR_ARG(file));
	node_append(a, urls, node_from_str(a, url_of(ix, below, file)));
	struct listed *l = chart_of(ix, chart->meta.name);
	struct version v = { chart->meta.version,
			     repoindex_new_entry(a, &chart->meta, urls, ix->now,
						 arena_str(a, str_c(hex))) };

	avec_push(a, l, v);
	return NULL;
}

/* DIR/x.tgz and DIR/y/x.tgz, as Helm's two patterns find them. */
static err *add_directory(struct index *ix, const struct fs *fs, str dir, str below)
{
	struct arena *a = ix->c->arena;
	struct fs_entry *list;
	size_t n;

	TRY(fs_list(fs, a, below, FS_ENTRIES_MAX, &list, &n));
	for (size_t i = 0; i < n; i++)
		if (list[i].type != FS_DIR && str_ends(list[i].name, S(".tgz")))
			TRY(add_archive(ix, dir, below, list[i].name));
	for (size_t i = 0; !below.n && i < n; i++)
		if (list[i].type == FS_DIR)
			TRY(add_directory(ix, fs, dir, list[i].name));
	return NULL;
}

/* ---- merging -------------------------------------------------------------------- */

static bool has_version(struct index *ix, const struct listed *l, str version)
{
	struct constraint *range;
	struct semver v;
	err *e = constraint_parse(ix->c->arena, version, &range);

	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->p[i].version, version) ||
		    (!e && semver_try_parse(&v, l->p[i].version) && constraint_check(range, &v))) {
			err_free(e);
			return true;
		}
	err_free(e);
	return false;
}

static err *merge_chart(struct index *ix, struct repoindex *from, str name)
{
	struct arena *a = ix->c->arena;
	struct repoindex_chart chart;

	TRY(repoindex_load(a, from, name, true, &chart));
	for (size_t i = 0; i < chart.n; i++) {
		struct listed *l = chart_of(ix, chart.versions[i].name);
		struct version v = { .version = chart.versions[i].version };

		if (has_version(ix, l, v.version))
			continue;
		TRY(repoindex_entry(a, from, &chart.versions[i], &v.entry));
		v.entry = node_copy_all(a, v.entry);	/* the text goes */
		avec_push(a, l, v);
	}
	return NULL;
}

static err *write_index(struct index *ix, str path);

static err *merge(struct index *ix)
{
	CLEANUP(helm_index_release) struct helm_index x = HELM_INDEX_INIT;
	str path = ix->o->merge;

	if (access(arena_str(ix->c->arena, path).p, F_OK) != 0) {
		struct index empty = { .c = ix->c, .o = ix->o, .now = ix->now };

		err_free(write_index(&empty, path));
		return NULL;
	}
	err *e = helm_index_open(ix->c, path, &x);

	if (e)
		return err_wrap(e, "merge failed");
	for (size_t i = 0; i < repoindex_count(x.ix); i++)
		TRY(merge_chart(ix, x.ix, repoindex_name(x.ix, i)));
	return NULL;
}

/* ---- writing ----------------------------------------------------------------------- */

static int newest_first(const void *x, const void *y, void *ctx)
{
	struct semver a = { 0 }, b = { 0 };

	(void)ctx;
	bool is_a = semver_try_parse(&a, ((const struct version *)x)->version);
	bool is_b = semver_try_parse(&b, ((const struct version *)y)->version);

	return is_a && is_b ? semver_cmp(&b, &a) : is_b - is_a;
}

static int by_name(const void *x, const void *y, void *ctx)
{
	(void)ctx;
	return str_cmp(((const struct listed *)x)->name, ((const struct listed *)y)->name);
}

static node index_tree(struct index *ix)
{
	struct arena *a = ix->c->arena;
	node tree = node_map(a, 3), entries = node_map(a, ix->charts.n);

	sort_stable(ix->charts.p, ix->charts.n, sizeof *ix->charts.p, by_name, NULL);
	for (size_t i = 0; i < ix->charts.n; i++) {
		struct listed *l = &ix->charts.p[i];
		node list = node_seq(a, l->n);

		sort_stable(l->p, l->n, sizeof *l->p, newest_first, NULL);
		for (size_t k = 0; k < l->n; k++)
			node_append(a, list, l->p[k].entry);
		node_set(a, entries, l->name, list);
	}
	node_set(a, tree, S("apiVersion"), node_lit("v1"));
	node_set(a, tree, S("generated"), node_from_str(a, ix->now));
	node_set(a, tree, S("entries"), entries);
	return tree;
}

static err *write_index(struct index *ix, str path)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node tree = index_tree(ix);

	if (ix->o->json) {
		TRY(json_write(&b, tree, &(const struct json_style){ .indent = 2, .source_order = true }));
	} else {
		node_sort(tree);
		TRY(yaml_write(&b, tree, YAML_WRITE_SIGS));
	}
	TRY(fs_open(&dir, path_dir(ix->c->arena, path), NULL));
	return fs_write(dir, path_base(path), buf_str(&b), 0644);
}

static err *now_text(struct arena *a, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	TRY(gotime_write(&b, gotime_utc(0, clock_wall())));
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

static err *run(struct cli *c)
{
	struct index ix = { .c = c, .o = c->options };
	CLEANUP(fs_drop) struct fs *fs = NULL;
	str dir = c->words.p[0];

	TRY(now_text(c->arena, &ix.now));
	err *e = fs_open(&fs, dir, NULL);

	if (e && err_kind(e) == ERR_NOT_FOUND)	/* told as of what was to be written there */
		return err_replace(e, "open %.*s: no such file or directory",
				   STR_ARG(path_join(c->arena, dir, S("index.yaml"))));
	TRY(e);
	TRY(add_directory(&ix, fs, dir, STR_NONE));
	if (ix.o->merge.n)
		TRY(merge(&ix));
	return write_index(&ix, path_join(c->arena, dir, S("index.yaml")));
}

const struct command helm_repo_index_command = {
	.use = "index [DIR]",
	.brief = "Make the index of a directory of packed charts",
	.text = "Look through a directory and those in it for packed charts, and write its\n"
		"index.yaml. With --merge, entries of another index are taken over where the\n"
		"directory has no such version.",
	.args = { ARGS_EXACT, 1 },
	.flags = flags,
	.options = sizeof(struct index_options),
	.run = run,
};
