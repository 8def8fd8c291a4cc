#include "cli/commands.h"
#include "cli/helm_cluster.h"
#include "cli/helm_depend.h"
#include "text/constraint.h"
#include "text/glob.h"
#include "text/path.h"
#include "text/quote.h"
#include "text/width.h"

struct dependency_options {
	struct helm_server_options server;
	bool verify, skip_refresh;
	str keyring;
	uint64_t max_col_width;
};

#define AT(field) offsetof(struct dependency_options, field)

static const struct flag list_flags[] = {
	{ "max-col-width", 0, FLAG_CUSTOM, AT(max_col_width), "width at which columns are cut",
	  .fallback = "80", .type = &helm_uint_type },
	{ 0 },
};

static const struct flag fetch_flags[] = {
	{ 0, 0, FLAG_TABLE, AT(server), .table = helm_server_flags },
	{ "keyring", 0, FLAG_STRING, AT(keyring), "file of the keys that signatures are checked by" },
	{ "skip-refresh", 0, FLAG_BOOL, AT(skip_refresh), "do not fetch indexes of repositories" },
	{ "verify", 0, FLAG_BOOL, AT(verify), "check the signatures of charts" },
	{ 0 },
};

#undef AT

static str chart_path(struct cli *c)
{
	return c->words.n ? path_clean(c->arena, c->words.p[0]) : S(".");
}

/* ---- list -------------------------------------------------------------- */

static const char *fits(struct cli *c, const struct chart_dependency *d, str version)
{
	struct constraint *range;
	struct semver v;

	if (str_eq(version, d->version))
		return NULL;
	err *e = constraint_parse(c->arena, d->version, &range);

	if (e || !semver_try_parse(&v, version)) {
		err_free(e);
		return "invalid version";
	}
	return constraint_check(range, &v) ? NULL : "wrong version";
}

static const char *archive_status(struct cli *c, str path, const struct chart_dependency *d)
{
	struct chart *chart;
	err *e = chart_load(c->arena, path, NULL, &chart);

	if (e) {
		err_free(e);
		return "corrupt";
	}
	if (!str_eq(chart->meta.name, d->name))
		return "misnamed";
	const char *wrong = fits(c, d, chart->meta.version);

	return wrong ? wrong : "ok";
}

struct entries {
	struct fs_entry *p;
	size_t n;
};

/* What lies in charts/; nothing when that is not there. */
static struct entries list_charts(struct cli *c, str path)
{
	CLEANUP(fs_drop) struct fs *fs = NULL;
	struct entries out = { 0 };
	err *e = fs_open(&fs, path_join(c->arena, path, S("charts")), NULL);

	if (!e)
		e = fs_list(fs, c->arena, STR_NONE, CHART_FILES_MAX, &out.p, &out.n);
	err_free(e);
	return out;
}

/* Of several archives of the name, the one with a strict version counts. */
static const char *find_archive(struct cli *c, str path, const struct chart_dependency *d,
				const struct entries *charts)
{
	str pattern = arena_cat(c->arena, d->name, S("-*.tgz")), found = STR_NONE, any = STR_NONE;
	size_t n = 0, strict = 0;

	for (size_t i = 0; i < charts->n; i++) {
		str name = charts->p[i].name;
		enum glob_result match = glob_match_file(pattern, name);
		struct semver v;

		if (match == GLOB_BAD)
			return "bad pattern";
		if (match != GLOB_YES)
			continue;
		n++;
		any = name;
		err *e = semver_parse_strict(&v, str_sub(name, d->name.n + 1, name.n - 4));

		if (!e) {
			strict++;
			found = name;
		}
		err_free(e);
	}
	if (n > 1 && strict > 1)
		return "too many matches";
	found = n == 1 ? any : found;
	return found.n ? archive_status(c, path_join(c->arena, path, S("charts"), found), d) : NULL;
}

static const char *status(struct cli *c, str path, const struct chart *chart,
			  const struct chart_dependency *d, const struct entries *charts)
{
	const char *archive = find_archive(c, path, d, charts);
	const struct chart *found = NULL;

	if (archive)
		return archive;
	for (size_t i = 0; i < chart->subs_n; i++)
		if (str_eq(chart->subs[i]->meta.name, d->name))
			found = chart->subs[i];
	if (!found)
		return "missing";
	const char *wrong = fits(c, d, found->meta.version);

	return wrong ? wrong : "unpacked";
}

enum { COLUMNS = 4 };

/* A column is as wide as its widest cell, at most `max`; longer ones are cut. */
static void print_table(struct cli *c, str (*rows)[COLUMNS], size_t n, uint64_t max)
{
	size_t widths[COLUMNS] = { 0 };
	struct buf *b = &c->out.buf;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < COLUMNS; k++) {
			rows[i][k] = helm_cut(c->arena, rows[i][k], max);
			if (width_text(rows[i][k]) > widths[k])
				widths[k] = width_text(rows[i][k]);
		}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < COLUMNS; k++) {
			buf_add(b, k ? S("\t") : STR_NONE);
			buf_add(b, rows[i][k]);
			buf_fill(b, ' ', widths[k] - width_text(rows[i][k]));
		}
		buf_addc(b, '\n');
	}
}

static void print_unlisted(struct cli *c, str path, const struct chart *chart,
			   const struct entries *charts)
{
	for (size_t i = 0; i < charts->n; i++) {
		str full = path_join(c->arena, path, S("charts"), charts->p[i].name);
		CLEANUP(buf_release) struct buf name = BUF_INIT;
		struct chart *found;
		bool listed = false;

		if (charts->p[i].type != FS_DIR &&
		    !str_eq(path_ext(charts->p[i].name), S(".tgz")))
			continue;
		quote_add(&name, full, QUOTE_PRINT);
		err *e = chart_load(c->arena, full, NULL, &found);

		if (e) {
			buf_addf(&c->out.buf, "WARNING: %s is not a chart.\n", buf_c(&name));
			err_free(e);
			continue;
		}
		for (size_t k = 0; k < chart->meta.deps_n; k++)
			listed |= str_eq(chart->meta.deps[k].name, found->meta.name);
		if (!listed)
			buf_addf(&c->out.buf, "WARNING: %s is not in Chart.yaml.\n", buf_c(&name));
	}
}

/* By the name that it was given. */
static err *check_file(struct cli *c, str path)
{
	str bytes;

	if (chart_path_kind(path) != CHART_PATH_FILE)
		return NULL;
	TRY(fs_read_any(c->arena, path, CHART_SIZE_MAX, &bytes));
	return chart_check_archive(path, bytes);
}

static err *run_list(struct cli *c)
{
	const struct dependency_options *o = c->options;
	const struct notices to = helm_notices(c);
	str path = chart_path(c);
	struct chart *chart;

	if (chart_path_kind(path) == CHART_PATH_NONE)
		return err_new(ERR_NOT_FOUND, "stat %.*s: no such file or directory", STR_ARG(path));
	TRY(check_file(c, path));
	TRY(chart_load(c->arena, path,
		       &(const struct chart_options){ .notices = &to, .any_version = true }, &chart));
	if (!chart->meta.has_deps) {
		buf_addf(&c->out.buf, "WARNING: no dependencies at %.*s\n",
			 STR_ARG(path_join(c->arena, path, S("charts"))));
		return NULL;
	}
	const struct entries charts = list_charts(c, path);
	size_t n = chart->meta.deps_n + 1;
	str(*rows)[COLUMNS] = arena_zero(c->arena, n, sizeof *rows);

	rows[0][0] = S("NAME");
	rows[0][1] = S("VERSION");
	rows[0][2] = S("REPOSITORY");
	rows[0][3] = S("STATUS");
	for (size_t i = 1; i < n; i++) {
		const struct chart_dependency *d = &chart->meta.deps[i - 1];

		rows[i][0] = d->name;
		rows[i][1] = d->version;
		rows[i][2] = d->repository;
		rows[i][3] = str_c(status(c, path, chart, d, &charts));
	}
	print_table(c, rows, n, o->max_col_width);
	buf_addc(&c->out.buf, '\n');
	print_unlisted(c, path, chart, &charts);
	return NULL;
}

/* ---- update, build ----------------------------------------------------- */

typedef err *vendor_way(struct arena *a, str chart, int64_t mtime,
			const struct vendor_remote *remote, struct buf *out);

static err *vendor(struct cli *c, vendor_way *way, enum helm_depend_verify verify)
{
	const struct dependency_options *o = c->options;
	const struct notices to = helm_notices(c);
	struct helm_depend d;
	int64_t mtime;

	TRY(helm_epoch(c, &mtime));
	TRY(helm_depend_init(&d, c, &o->server, o->skip_refresh));
	d.verify = o->verify ? verify : HELM_DEPEND_NEVER;
	d.keyring = o->keyring;
	d.remote.notices = &to;
	err *e = way(c->arena, chart_path(c), mtime, &d.remote, &c->out.buf);

	helm_depend_release(&d);
	return e;
}

static err *run_update(struct cli *c)
{
	return vendor(c, vendor_update, HELM_DEPEND_ALWAYS);
}

static err *run_build(struct cli *c)
{
	return vendor(c, vendor_build, HELM_DEPEND_IF_POSSIBLE);
}

const struct command helm_dependency_command = {
	.use = "dependency update|build|list",
	.brief = "Look after a chart's dependencies",
	.aliases = (const char *const[]){ "dep", "dependencies", NULL },
	.args = { ARGS_NONE },
	.commands = (const struct command *const[]){
		&(const struct command){
			.use = "build CHART",
			.brief = "Fill charts/ by Chart.lock",
			.args = { ARGS_MAX, .max = 1 },
			.flags = fetch_flags,
			.options = sizeof(struct dependency_options),
			.run = run_build,
		},
		&(const struct command){
			.use = "list CHART",
			.aliases = (const char *const[]){ "ls", NULL },
			.brief = "List dependencies and whether they are there",
			.args = { ARGS_MAX, .max = 1 },
			.flags = list_flags,
			.options = sizeof(struct dependency_options),
			.run = run_list,
		},
		&(const struct command){
			.use = "update CHART",
			.aliases = (const char *const[]){ "up", NULL },
			.brief = "Fill charts/ by Chart.yaml and write Chart.lock",
			.args = { ARGS_MAX, .max = 1 },
			.flags = fetch_flags,
			.options = sizeof(struct dependency_options),
			.run = run_update,
		},
		NULL,
	},
};
