/* diff - "rill diff --base REV": what a change to a repository changes in the cluster.
 *
 * The working tree and a commit are both built, from each entry point (up_entry.h) down
 * through all Kustomizations that lead to the same repository, as Flux would build them;
 * what they make is compared, object by object, and what their releases make (diff_charts.h).
 * No cluster is asked, and the repository is only read: the commit's files go into a directory
 * of their own. */
#include "cli/commands.h"

#include "base/clock.h"
#include "base/proc.h"
#include "cli/diff_charts.h"
#include "cli/flux_diff.h"
#include "cli/flux_local.h"
#include "cli/help.h"
#include "cli/up_entry.h"
#include "client/applyset.h"
#include "source/unpack.h"
#include "value/yaml.h"

/* Of a repository of configuration; git takes the time of its disk. */
enum { ARCHIVE_MAX = 256 << 20, SYNC_MAX = 1 << 20 };
#define GIT_TIME CLOCK_MINUTE

struct options {
	str base, path;
};

struct comparison {
	struct cli *c;
	const struct options *o;
	struct diff_side base, tree;
	struct diff_charts charts;
	struct report_style style;
	struct map elsewhere;	/* sources that are not this repository: each is told once */
	bool changed;
};

/* ---- the commit ---------------------------------------------------------- */

static err *run_git(struct comparison *k, const char *const *argv, struct proc_result *out)
{
	const char *home = cli_env(k->c, "HOME");
	const char *const env[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C",
				    "GIT_CONFIG_NOSYSTEM=1", "GIT_OPTIONAL_LOCKS=0",
				    "GIT_TERMINAL_PROMPT=0",
				    arena_printf(k->c->arena, "HOME=%s", home ? home : "/nonexistent").p,
				    NULL };
	const struct proc_spec spec = { .argv = argv,
					.env = env,
					.dir = fs_root(k->tree.root).p,
					.max_out = ARCHIVE_MAX,
					.timeout = GIT_TIME };

	return proc_run(&spec, out);
}

#define GIT "git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never"

static err *check_git(const struct proc_result *r)
{
	err *e = proc_check(r);

	return e ? err_replace(e, "git: %.*s", STR_ARG(str_trim(buf_str(&r->err)))) : NULL;
}

static err *resolve(struct comparison *k, str *commit)
{
	CLEANUP(proc_release) struct proc_result r = { 0 };
	str wanted = arena_cat(k->c->arena, k->o->base, S("^{commit}"));
	const char *const argv[] = { GIT,	"rev-parse",	    "--verify",
				     "--quiet", "--end-of-options", wanted.p,
				     NULL };

	TRY(run_git(k, argv, &r));
	if (r.exit == 1 && !r.err.n)
		return err_new(ERR_NOT_FOUND, "%.*s has no commit %.*s",
			       STR_ARG(fs_root(k->tree.root)), STR_ARG(k->o->base));
	TRY(check_git(&r));
	*commit = arena_str(k->c->arena, str_trim(buf_str(&r.out)));
	return NULL;
}

/* Its files, in a directory that goes with the comparison. */
static err *check_out(struct comparison *k)
{
	CLEANUP(proc_release) struct proc_result r = { 0 };
	const struct unpack_options how = { .limits = { .total = ARCHIVE_MAX }, .skip_links = true };
	str commit;

	TRY(resolve(k, &commit));
	const char *const argv[] = { GIT,	  "-c", "tar.tgz.command=git archive gzip", "archive",
				     "--format=tgz", "-1", commit.p, NULL };

	TRY(run_git(k, argv, &r));
	TRY(check_git(&r));
	TRY(fs_open_temp(&k->base.root, STR_NONE, S("diff-")));
	return unpack_tgz(k->base.root, buf_str(&r.out), &how);
}

/* ---- what one side makes --------------------------------------------------- */

/* The Kustomization that bootstrap left in the folder; nil: there is none. */
static err *bootstrapped(struct comparison *k, const struct diff_side *s, str entry, node *out)
{
	struct arena *a = k->c->arena;
	str path = arena_cat(a, entry, S("/flux-system/gotk-sync.yaml")), text;
	struct yaml_doc *docs;
	size_t n;

	*out = NODE_NOTHING;
	if (!fs_is_file(s->root, path))
		return NULL;
	TRY(fs_read(s->root, a, path, SYNC_MAX, &text));
	TRY(yaml_read_all(a, text, YAML_KUBE, &docs, &n));
	for (size_t i = 0; i < n; i++) {
		node object = docs[i].root;

		if (flux_kind_find(node_str(node_get(object, S("kind")))) == FLUX_KUSTOMIZATION &&
		    flux_name(object).n && flux_namespace(object).n)
			*out = object;
	}
	return NULL;
}

/* Where all begins: what bootstrap left, else a Kustomization as `rill up` makes it. */
static err *first_of(struct comparison *k, const struct diff_side *s, str entry, node *out)
{
	struct arena *a = k->c->arena;

	TRY(bootstrapped(k, s, entry, out));
	if (node_is_nil(*out))
		TRY(yaml_read(a,
			      S("apiVersion: kustomize.toolkit.fluxcd.io/v1\n"
				"kind: Kustomization\n"
				"metadata: {name: flux-system, namespace: flux-system}\n"
				"spec: {prune: true,"
				" sourceRef: {kind: GitRepository, name: flux-system}}\n"),
			      YAML_KUBE, out));
	node_set(a, node_get(*out, S("spec")), S("path"), node_from_str(a, entry));
	return NULL;
}

static bool is_here(struct comparison *k, const struct local_options *o, node child)
{
	node ref = node_dig(child, "spec", "sourceRef");
	str namespace = node_str_or(node_get(ref, S("namespace")), flux_namespace(child));
	str key = arena_cat(k->c->arena, node_str(node_get(ref, S("kind"))), S("/"), namespace, S("/"),
			    node_str(node_get(ref, S("name"))));

	if (str_eq(o->sources.p[0].key, key) && !node_len(node_dig(child, "spec", "kubeConfig")))
		return true;
	if (!map_has(&k->elsewhere, key)) {
		map_set(&k->elsewhere, key, k);
		flux_warning(k->c, "Kustomization/%.*s/%.*s and what else is of %.*s is not looked into",
			     STR_ARG(flux_namespace(child)), STR_ARG(flux_name(child)), STR_ARG(key));
	}
	return false;
}

static err *build_all(struct comparison *k, struct diff_side *s, const struct local_options *o,
		      const struct local_build *above, node kustomization)
{
	struct arena *a = k->c->arena;
	struct local_build b;

	TRY(local_build_child(k->c, NULL, o, above, kustomization, &b));
	for (size_t i = 0; i < b.made->n; i++) {
		node object = b.made->list[i]->object, *kept = arena_new(a, node);
		struct objid id = objid_of(object);

		*kept = applyset_normal(a, object);
		map_set(&s->objects, objid_print(a, &id), kept);
		if (local_is_child(&b, object) && is_here(k, o, object))
			TRY(build_all(k, s, o, &b, object));
	}
	return NULL;
}

static err *build_side(struct comparison *k, struct diff_side *s, str entry)
{
	struct local_options o = { .recursive = true, .dry_run = true };
	struct flag_pair here = { .value = fs_root(s->root) };
	node first;

	if (!fs_is_dir(s->root, entry))
		return NULL;
	err *e = first_of(k, s, entry, &first);

	if (!e) {
		here.key = arena_cat(k->c->arena, S("GitRepository/"), flux_namespace(first), S("/"),
				     node_str(node_dig(first, "spec", "sourceRef", "name")));
		s->here = here.key;
		o.sources = (struct flag_map){ .p = &here, .n = 1 };
		e = build_all(k, s, &o, NULL, first);
	}
	return e ? err_wrap(e, "%s", s->name) : NULL;
}

/* ---- both ------------------------------------------------------------------ */

static err *compare_object(struct comparison *k, struct buf *b, const node *before, const node *after)
{
	struct objid id = objid_of(after ? *after : *before);

	if (!before) {
		diff_line(b, k->c->arena, &k->style, &id, "created", DIFF_GREEN);
	} else if (!after) {
		diff_line(b, k->c->arena, &k->style, &id, "deleted", DIFF_RED);
	} else if (!node_equal(*before, *after)) {
		diff_line(b, k->c->arena, &k->style, &id, "changed", DIFF_PLAIN);
		if (str_eq(id.kind, S("Secret")) && !id.group.n)
			diff_hide_secret(*before, *after);
		node_sort(*before);
		node_sort(*after);
		return report_write(b, *before, *after, &k->style);
	}
	return NULL;
}

static err *compare_all(struct comparison *k, struct buf *b)
{
	const struct map *before = &k->base.objects, *after = &k->tree.objects;

	for (size_t i = 0; i < after->n; i++)
		TRY(compare_object(k, b, map_get(before, after->entries[i].key),
				   after->entries[i].value));
	for (size_t i = 0; i < before->n; i++)
		if (!map_has(after, before->entries[i].key))
			TRY(compare_object(k, b, before->entries[i].value, NULL));
	return NULL;
}

static err *compare_entry(struct comparison *k, str entry, bool heading)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct buf *out = &k->c->out.buf;

	map_clear(&k->base.objects);
	map_clear(&k->tree.objects);
	TRY(build_side(k, &k->base, entry));
	TRY(build_side(k, &k->tree, entry));
	TRY(diff_charts_add(&k->charts, &k->base, &k->tree));
	TRY(compare_all(k, &b));
	if (!b.n)
		return NULL;
	k->changed = true;
	if (heading)
		buf_addf(out, "📁 %.*s changed\n", STR_ARG(entry));
	buf_add(out, buf_str(&b));
	return NULL;
}

/* Those of both sides: an entry point may be new, or gone. */
static err *entries_of(struct comparison *k, struct map *entries)
{
	struct arena *a = k->c->arena;
	struct up_entries e;

	if (k->o->path.n) {
		str path = up_entry_clean(a, k->o->path);

		if (!fs_is_dir(k->base.root, path) && !fs_is_dir(k->tree.root, path))
			return err_new(ERR_NOT_FOUND, "%.*s has no folder %.*s",
				       STR_ARG(fs_root(k->tree.root)), STR_ARG(k->o->path));
		map_set(entries, path, k);
		return NULL;
	}
	for (int i = 0; i < 2; i++) {
		TRY(up_entry_find(a, i ? k->base.root : k->tree.root, &e));
		for (size_t j = 0; j < e.n; j++)
			map_set(entries, e.paths[j], k);
	}
	return entries->n ? NULL
			  : err_new(ERR_NOT_FOUND,
				    "%.*s has no folder that looks like an entry point: say --path",
				    STR_ARG(fs_root(k->tree.root)));
}

static err *compare(struct comparison *k)
{
	CLEANUP(map_release) struct map entries = MAP_INIT;
	const struct fs_options links = { .links = FS_LINKS_INSIDE };
	str dir = k->c->words.n ? k->c->words.p[0] : S(".");

	TRY(fs_open(&k->tree.root, dir, &links));
	TRY(check_out(k));
	TRY(entries_of(k, &entries));
	for (size_t i = 0; i < entries.n; i++)
		TRY(compare_entry(k, entries.entries[i].key, entries.n > 1));
	return NULL;
}

static void side_release(struct diff_side *s)
{
	map_release(&s->objects);
	fs_drop(&s->root);
}

static err *run_diff(struct cli *c)
{
	const struct options *o = c->options;
	struct comparison k = { .c = c, .o = o, .charts = { .c = c }, .style = diff_style(c) };

	if (!o->base.n && !c->words.n) {
		help_print(c->arena, &c->path, &c->flags, &c->out.buf);
		return NULL;
	}
	if (!o->base.n)
		return err_new(ERR_INVALID, "--base is required: the commit, branch or tag to compare with");
	k.base.name = o->base.p;
	k.tree.name = "working tree";
	err *e = compare(&k);

	side_release(&k.base);
	side_release(&k.tree);
	diff_charts_release(&k.charts);
	map_release(&k.elsewhere);
	diff_finish(c, e, k.changed);
	return NULL;
}

static const struct flag flags[] = {
	{ "base", 0, FLAG_STRING, offsetof(struct options, base),
	  "`commit`, branch or tag to compare the working tree with" },
	{ "path", 0, FLAG_STRING, offsetof(struct options, path),
	  "`folder` of the repository to begin with; all that are found where it is not said" },
	{ 0 },
};

const struct command diff_command = {
	.use = "diff [REPO]",
	.brief = "Compare what is here with what is there",
	.text = "Compare files on this machine with what Flux has fetched or applied, or with what a\n"
		"repository said before.\n\n"
		"With --base, the working tree REPO (this directory, unless it is said) and a commit are\n"
		"built as Flux would build them, from the folder of each cluster down, and the objects of\n"
		"both are compared, with those that the charts of changed releases make. No cluster is\n"
		"asked: variables and values that are not in the repository stay out, and a release whose\n"
		"chart needs a login is compared by what it says. The exit status is 0 when nothing is\n"
		"different, 1 when something is, and 2 when that could not be told.",
	.example = "  # What a branch changes in every cluster\n"
		   "  rill diff --base main\n\n"
		   "  # What the last commit changed in one\n"
		   "  rill diff --base HEAD~1 --path clusters/production",
	.args = { ARGS_MAX, .max = 1 },
	.flags = flags,
	.options = sizeof(struct options),
	.run = run_diff,
	.commands = (const struct command *const[]){
		&flux_diff_artifact,
		&flux_diff_kustomization,
		NULL,
	},
	.before = flux_before,
};
