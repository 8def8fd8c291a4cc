/* flux_migrate - "flux migrate": manifests and objects, brought to today's versions of the API.
 *
 * Manifests are changed as texts: a line with apiVersion and the next one
 * with kind. So comments, templates and line endings stay as they are. Fields
 * that had no effect any more and that v1 refuses are taken out with their line.
 * In a cluster every object is written once, so that it is stored in the version
 * that its definition stores.
 */
#include "base/fs.h"
#include "cli/commands.h"
#include "cli/flux.h"
#include "cli/flux_components.h"
#include "text/path.h"

enum { FILE_BYTES_MAX = 16 << 20, FILES_MAX = 100000 };

struct migrate_options {
	str path, version;
	struct flag_list extensions;
	bool yes, dry_run;
};

/* ---- versions ---------------------------------------------------------- */

static bool known_version(str version)
{
	static const char *const rows[] = { "2.9", "2.8", "2.7", "2.6" };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (str_eq(version, str_c(rows[i])))
			return true;
	return false;
}

/* "v1beta2" as a number that grows with age upwards: GA above beta above
 * alpha, as Kubernetes orders them; 0 for what is no version. */
static uint64_t rank_of(str version)
{
	enum { STAGE = 1000, MAJOR = 1000 };
	str rest = version, major, minor;
	uint64_t number = 0, within = 0, stage = 2;

	if (!str_take(&rest, 'v'))
		return 0;
	size_t letters = 0;

	while (letters < rest.n && rest.p[letters] >= '0' && rest.p[letters] <= '9')
		letters++;
	major = str_sub(rest, 0, letters);
	minor = str_from(rest, letters);
	if (minor.n) {
		stage = str_take_str(&minor, S("beta")) ? 1 : str_take_str(&minor, S("alpha")) ? 0 : 3;
		if (stage == 3 || !str_to_u64(minor, &within) || within >= STAGE)
			return 0;
	}
	if (!str_to_u64(major, &number) || number >= MAJOR)
		return 0;
	return (stage * MAJOR + number) * STAGE + within + 1;
}

/* The version that a release of Flux has for a kind; empty: none of its kinds. */
static str target_of(str release, str group, str kind)
{
	enum flux_kind_id id = flux_kind_find(kind);

	if (id == FLUX_KINDS || !str_eq(group, str_c(flux_kinds[id].group)))
		return STR_NONE;
	if (str_eq(release, S("2.6")) && str_eq(group, S("image.toolkit.fluxcd.io")))
		return S("v1beta2");
	return str_c(flux_kinds[id].version);
}

/* ---- manifests --------------------------------------------------------- */

struct upgrade {
	str file;
	size_t at;		/* where in the file the line begins */
	str from, to;
};

/* Fields below spec with a plain value, which v1 does not have. */
static const struct leftover {
	const char *kind, *key;
} leftovers[] = {
	{ "Kustomization", "validation" },	/* the server validates, always */
	{ "GitRepository", "gitImplementation" },	/* there is one */
};

/* Where in a document the lines are. */
struct place {
	str kind;		/* of the object that becomes v1; empty: of none */
	bool in_spec;
	size_t indent;		/* of the fields of spec; 0: not known yet */
};

struct migration {
	struct cli *c;
	const struct migrate_options *o;
	struct fs *root;
	str path;		/* cleaned */
	str release;
	VEC(str) files;
	VEC(struct upgrade) upgrades;
};

/* The word behind `key`, wherever on the line that is; empty: it has none. */
static str word_behind(str line, str key)
{
	size_t found = str_find(line, key), end;

	if (found == STR_NPOS)
		return STR_NONE;
	line = str_trim(str_from(line, found + key.n));
	for (end = 0; end < line.n && (unsigned char)line.p[end] > ' '; end++)
		;
	return str_sub(line, 0, end);
}

static bool is_leftover(str kind, str line)
{
	for (size_t i = 0; i < sizeof leftovers / sizeof *leftovers; i++) {
		str rest = line;

		if (str_eq(kind, str_c(leftovers[i].kind)) &&
		    str_take_str(&rest, str_c(leftovers[i].key)) && str_take(&rest, ':') &&
		    str_trim(rest).n)
			return true;
	}
	return false;
}

/* Follow the lines of an object that becomes v1, and take leftovers out. The
 * line has its end. */
static void look_below(struct migration *m, struct place *p, str file, size_t at, str line)
{
	size_t indent = 0;
	str rest;

	while (indent < line.n && line.p[indent] == ' ')
		indent++;
	rest = str_from(line, indent);
	if (str_starts(line, S("---")))
		*p = (struct place){ 0 };
	if (!p->kind.n || !str_trim(rest).n || rest.p[0] == '#')
		return;
	if (!indent) {
		p->in_spec = str_eq(str_trim(line), S("spec:"));
		p->indent = 0;
		return;
	}
	if (!p->in_spec)
		return;
	if (!p->indent)
		p->indent = indent;
	if (indent == p->indent && is_leftover(p->kind, rest))
		avec_push(m->c->arena, &m->upgrades,
			  (struct upgrade){ file, at, line, STR_NONE });
}

static void look_at(struct migration *m, struct place *p, str file, size_t number, size_t at,
		    str line, str next, struct buf *found)
{
	str version = word_behind(line, S("apiVersion: ")), kind = word_behind(next, S("kind: "));
	str group, old;

	if (!version.n || !kind.n)
		return;
	if (str_count_char(version, '/') > 1) {
		flux_warning(m->c, "%.*s:%zu: unexpected GroupVersion string: %.*s", STR_ARG(file),
			     number, STR_ARG(version));
		return;
	}
	if (!str_split(version, '/', &group, &old))
		return;
	str target = target_of(m->release, group, kind);
	uint64_t rank = rank_of(old);

	if (!target.n || !rank || rank >= rank_of(target))
		return;
	buf_addf(found, "✚ %.*s:%zu: %.*s %.*s -> %.*s\n", STR_ARG(file), number, STR_ARG(kind),
		 STR_ARG(old), STR_ARG(target));
	avec_push(m->c->arena, &m->upgrades, (struct upgrade){ file, at, old, target });
	if (str_eq(target, S("v1")))
		p->kind = kind;
}

/* Warnings come first, then what is found. */
static err *look_into(struct migration *m, str file)
{
	CLEANUP(buf_release) struct buf found = BUF_INIT;
	struct place place = { 0 };
	str text, line;
	size_t number = 1, at = 0;

	TRY(fs_read(m->root, m->c->arena, file, FILE_BYTES_MAX, &text));
	while (at < text.n) {
		str rest = str_from(text, at), next;
		size_t end = str_find_char(rest, '\n');

		if (end == STR_NPOS)
			break;
		line = str_sub(rest, 0, end);
		next = str_from(rest, end + 1);
		next = str_sub(next, 0, str_find_char(next, '\n'));
		look_below(m, &place, file, at, str_sub(rest, 0, end + 1));
		look_at(m, &place, file, number++, at, line, next, &found);
		at += end + 1;
	}
	output_flush(&m->c->out);
	buf_add(&m->c->err.buf, buf_str(&found));
	output_flush(&m->c->err);
	return NULL;
}

static bool has_extension(const struct migration *m, str path)
{
	for (size_t i = 0; i < m->o->extensions.n; i++)
		if (str_ends(path, m->o->extensions.p[i]))
			return true;
	return false;
}

static err *visit(void *ctx, str path, const struct fs_entry *entry, enum fs_step *next)
{
	struct migration *m = ctx;

	*next = FS_GO_ON;
	if (entry->type == FS_DIR || !has_extension(m, path))
		return NULL;
	if (entry->type != FS_FILE) {
		flux_warning(m->c, "skipping irregular file %.*s", STR_ARG(path));
		return NULL;
	}
	if (m->files.n >= FILES_MAX)
		return err_new(ERR_INVALID, "more than %d files to migrate", FILES_MAX);
	avec_push(m->c->arena, &m->files, arena_str(m->c->arena, path));
	return NULL;
}

static err *find_files(struct migration *m)
{
	str path = m->path;
	struct fs_info info;

	if (path_is_abs(path) || str_eq(path, S("..")) || str_starts(path, S("../")))
		return err_new(ERR_INVALID, "failed to stat path %.*s: open %.*s: invalid argument",
			       STR_ARG(path), STR_ARG(path));
	err *e = fs_lstat(m->root, path, &info);

	if (e && err_kind(e) == ERR_NOT_FOUND)
		return err_replace(e, "failed to stat path %.*s: openat %.*s: no such file or directory",
				   STR_ARG(path), STR_ARG(path));
	if (e)
		return err_wrap(e, "failed to stat path %.*s", STR_ARG(path));
	if (info.type == FS_DIR) {
		const struct fs_walk w = { .visit = visit, .ctx = m };

		return fs_walk(m->root, path, &w);
	}
	if (!has_extension(m, path))
		return err_new(ERR_INVALID,
			       "file %.*s does not match the specified extensions: %.*s",
			       STR_ARG(path),
			       STR_ARG(arena_join(m->c->arena, m->o->extensions.p,
						  m->o->extensions.n, S(", "))));
	if (info.type != FS_FILE)
		return err_new(ERR_INVALID, "file %.*s is irregular", STR_ARG(path));
	avec_push(m->c->arena, &m->files, path);
	return NULL;
}

/* All upgrades of one file, from the `*i`-th on. */
static err *rewrite(struct migration *m, size_t *i)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str file = m->upgrades.p[*i].file, text;
	struct fs_info info;
	size_t done = 0;

	TRY(fs_stat(m->root, file, &info));
	TRY(fs_read(m->root, m->c->arena, file, FILE_BYTES_MAX, &text));
	for (; *i < m->upgrades.n && str_eq(m->upgrades.p[*i].file, file); ++*i) {
		const struct upgrade *u = &m->upgrades.p[*i];
		size_t found = str_find(str_from(text, u->at), u->from);

		if (u->at > text.n || found == STR_NPOS)
			return err_new(ERR_CONFLICT, "file %.*s changed meanwhile", STR_ARG(file));
		buf_add(&b, str_sub(text, done, u->at + found));
		buf_add(&b, u->to);
		done = u->at + found + u->from.n;
	}
	buf_add(&b, str_from(text, done));
	TRY(fs_write(m->root, file, buf_str(&b), info.mode));
	flux_success(m->c, "file %.*s migrated successfully", STR_ARG(file));
	return NULL;
}

static err *migrate_files(struct migration *m)
{
	TRY(find_files(m));
	for (size_t i = 0; i < m->files.n; i++)
		TRY(look_into(m, m->files.p[i]));
	if (!m->upgrades.n) {
		flux_success(m->c, "no custom resources found that require migration");
		return NULL;
	}
	if (m->o->dry_run) {
		flux_success(m->c, "dry-run mode enabled, no changes will be made");
		return NULL;
	}
	if (!m->o->yes &&
	    !flux_ask(m->c, "Are you sure you want to proceed with the above upgrades"))
		return err_new(ERR_CANCELED, "aborting");
	for (size_t i = 0; i < m->upgrades.n;)
		TRY(rewrite(m, &i));
	flux_success(m->c, "custom resources migrated successfully");
	return NULL;
}

/* ---- objects ----------------------------------------------------------- */

static str storage_version(node crd)
{
	node_each_item(v, node_dig(crd, "spec", "versions"))
		if (node_bool(node_get(*v, S("storage"))))
			return node_str(node_get(*v, S("name")));
	return STR_NONE;
}

/* Managers may have written in a version that is no more. */
static node managers_patch(struct arena *a, node object, str api_version)
{
	node ops = node_seq(a, 4);
	size_t i = 0;

	node_each_item(m, node_dig(object, "metadata", "managedFields")) {
		if (!str_eq(node_str(node_get(*m, S("apiVersion"))), api_version)) {
			node op = node_map(a, 3);
			str path = arena_printf(a, "/metadata/managedFields/%zu/apiVersion", i);

			node_set(a, op, S("op"), node_lit("replace"));
			node_set(a, op, S("path"), node_from_str(a, path));
			node_set(a, op, S("value"), node_from_str(a, api_version));
			node_append(a, ops, op);
		}
		i++;
	}
	return ops;
}

static err *migrate_object(struct cli *c, struct flux_server *s, const struct client_resource *r,
			   node object)
{
	struct arena *a = c->arena;
	str api_version = arena_cat(a, r->group, S("/"), r->version);
	node patch = managers_patch(a, object, api_version);
	struct client_patch_options o = { .type = CLIENT_PATCH_JSON, .manager = S("flux") };

	if (!node_len(patch)) {
		o.type = CLIENT_PATCH_MERGE;
		patch = node_map(a, 0);
	}
	err *e = client_patch(s->client, a, r, flux_namespace(object), flux_name(object), patch, &o,
			      NULL);

	if (e && err_kind(e) == ERR_NOT_FOUND) {
		err_free(e);
		return NULL;
	}
	if (e)
		return err_wrap(e, "failed to migrate resource %.*s/%.*s/%.*s", STR_ARG(r->kind),
				STR_ARG(flux_namespace(object)), STR_ARG(flux_name(object)));
	flux_success(c, "%.*s/%.*s/%.*s migrated to version %.*s", STR_ARG(r->kind),
		     STR_ARG(flux_namespace(object)), STR_ARG(flux_name(object)),
		     STR_ARG(r->version));
	return NULL;
}

/* The definition is told that nothing is stored in another version. */
static err *set_stored(struct cli *c, struct flux_server *s, node crd, str version)
{
	struct arena *a = c->arena;
	node stored = node_dig(crd, "status", "storedVersions");
	node patch = node_map(a, 1), status = node_map(a, 1), one = node_seq(a, 1);
	const struct client_patch_options o = { .type = CLIENT_PATCH_MERGE, .sub = S("status"),
						.manager = S("flux") };

	if (node_len(stored) == 1 && str_eq(node_str(node_at(stored, 0)), version))
		return NULL;
	node_append(a, one, node_from_str(a, version));
	node_set(a, status, S("storedVersions"), one);
	node_set(a, patch, S("status"), status);
	TRY(client_patch(s->client, a, &components_crds, STR_NONE, flux_name(crd), patch, &o, NULL));
	flux_success(c, "%.*s migrated to storage version %.*s", STR_ARG(flux_name(crd)),
		     STR_ARG(version));
	return NULL;
}

static err *migrate_kind(struct cli *c, struct flux_server *s, node crd)
{
	str version = storage_version(crd);
	const struct client_resource r = {
		.group = node_str(node_dig(crd, "spec", "group")),
		.version = version,
		.plural = node_str(node_dig(crd, "spec", "names", "plural")),
		.kind = node_str(node_dig(crd, "spec", "names", "kind")),
		.namespaced = !str_eq(node_str(node_dig(crd, "spec", "scope")), S("Cluster")),
	};
	node list;

	if (!version.n)
		return err_new(ERR_INVALID, "no storage version found for CRD %.*s",
			       STR_ARG(flux_name(crd)));
	TRY(client_list(s->client, c->arena, &r, STR_NONE, STR_NONE, STR_NONE, &list));
	node_each_item(object, node_get(list, S("items")))
		TRY(migrate_object(c, s, &r, *object));
	return set_stored(c, s, crd, version);
}

static err *migrate_cluster(struct cli *c)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	node crds;

	s.loading = "the Kubernetes client initialization failed: kubernetes configuration load "
		    "failed";
	TRY(flux_open(c, &s));
	err *e = client_list(s.client, c->arena, &components_crds, STR_NONE, S(COMPONENTS_LABEL),
			     STR_NONE, &crds);

	if (e)
		return err_wrap(e, "failed to list CRDs");
	node_each_item(crd, node_get(crds, S("items")))
		TRY(migrate_kind(c, &s, *crd));
	flux_success(c, "custom resources migrated successfully");
	return NULL;
}

/* ---- the command ------------------------------------------------------- */

static err *run_migrate(struct cli *c)
{
	const struct migrate_options *o = c->options;
	const struct fs_options links = { .links = FS_LINKS_INSIDE };
	struct migration m = { .c = c, .o = o, .release = o->version.n ? o->version : S("2.9") };

	if (!o->path.n) {
		flux_action(c, "starting migration of custom resources");
		return migrate_cluster(c);
	}
	if (!known_version(m.release))
		return err_new(ERR_INVALID,
			       "version %.*s is not supported, supported versions are: 2.9, 2.8, 2.7, "
			       "2.6",
			       STR_ARG(m.release));
	flux_action(c, "starting migration of custom resources");
	m.path = path_clean(c->arena, o->path);
	TRY(fs_open(&m.root, S("."), &links));
	err *e = migrate_files(&m);

	fs_close(m.root);
	return e;
}

#define AT(field) offsetof(struct migrate_options, field)

static const struct flag migrate_flags[] = {
	{ "dry-run", 0, FLAG_BOOL, AT(dry_run), "with --path: only tell what would change" },
	{ "extensions", 'e', FLAG_LIST, AT(extensions), "with --path: names of files end so",
	  .fallback = ".yaml,.yml" },
	{ "path", 'f', FLAG_STRING, AT(path), "file or directory of manifests to migrate" },
	{ "version", 'v', FLAG_STRING, AT(version),
	  "with --path: minor version of Flux to migrate to; this one's by default",
	  .choices = "2.9 2.8 2.7 2.6" },
	{ "yes", 'y', FLAG_BOOL, AT(yes), "with --path: do not ask" },
	{ 0 },
};

#undef AT

const struct command flux_migrate_command = {
	.use = "migrate",
	.brief = "Bring objects or manifests to today's API versions",
	.text = "Bring the objects in a cluster, or the manifests in a directory, to the versions of\n"
		"the API that this release uses. Fields that v1 refuses and that did nothing any more,\n"
		"such as a Kustomization's validation, are taken out.",
	.example = "  flux migrate\n"
		   "  flux migrate -f ./clusters --dry-run",
	.args = { ARGS_NONE },
	.flags = migrate_flags,
	.options = sizeof(struct migrate_options),
	.before = flux_before,
	.run = run_migrate,
};
