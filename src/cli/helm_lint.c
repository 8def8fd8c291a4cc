#include "cli/commands.h"
#include "cli/helm.h"
#include "cli/helm_remote.h"
#include "helm/lint.h"
#include "text/path.h"

struct lint_command_options {
	struct helm_value_options values;
	struct helm_schema_options schema;
	bool strict, with_subcharts, quiet;
	str kube_version;
};

#define AT(field) offsetof(struct lint_command_options, field)

static const struct flag flags[] = {
	{ 0, 0, FLAG_TABLE, AT(values), .table = helm_value_flags },
	{ 0, 0, FLAG_TABLE, AT(schema), .table = helm_schema_flags },
	{ "kube-version", 0, FLAG_STRING, AT(kube_version),
	  "Kubernetes version of .Capabilities, and for which kinds are looked at" },
	{ "quiet", 0, FLAG_BOOL, AT(quiet), "print warnings and errors only" },
	{ "strict", 0, FLAG_BOOL, AT(strict), "fail on warnings, too" },
	{ "with-subcharts", 0, FLAG_BOOL, AT(with_subcharts), "look at the charts in charts/, too" },
	{ 0 },
};

#undef AT

/* ---- which charts ------------------------------------------------------ */

struct paths {
	struct cli *c;
	str root;
	VEC(str) list;
};

static err *visit(void *ctx, str path, const struct fs_entry *entry, enum fs_step *next)
{
	struct paths *p = ctx;
	str full = path_join(p->c->arena, p->root, path);

	(void)next;
	if (str_eq(entry->name, S("Chart.yaml")))
		avec_push(p->c->arena, &p->list, path_dir(p->c->arena, full));
	else if (str_ends(full, S(".tgz")) || str_ends(full, S(".tar.gz")))
		avec_push(p->c->arena, &p->list, full);
	return NULL;
}

/* Charts below charts/; one that is not there has none. */
static void add_subcharts(struct paths *p, str path)
{
	const struct fs_walk walk = { .visit = visit, .ctx = p };
	CLEANUP(fs_drop) struct fs *fs = NULL;

	p->root = path_join(p->c->arena, path, S("charts"));
	err *e = fs_open(&fs, p->root, NULL);

	if (!e)
		e = fs_walk(fs, STR_NONE, &walk);
	err_free(e);
}

/* ---- what is said of them ---------------------------------------------- */

struct tally {
	size_t failed, spoken;
};

static bool is_error(const struct lint_command_options *o, const struct lint_message *m)
{
	return m->severity >= (o->strict ? LINT_WARNING : LINT_ERROR);
}

/* `why`: it is no chart at all. */
static void report(struct cli *c, str path, const struct lint_messages *messages, const err *why,
		   struct tally *t)
{
	const struct lint_command_options *o = c->options;
	struct buf *b = &c->out.buf;
	bool loud = why, failed = why;

	for (size_t i = 0; i < messages->n; i++) {
		loud |= messages->p[i].severity > LINT_INFO;
		failed |= is_error(o, &messages->p[i]);
	}
	t->spoken += loud;
	if (o->quiet && !loud)
		return;
	t->failed += failed;
	buf_addf(b, "==> Linting %.*s\n", STR_ARG(path));
	if (why)
		buf_addf(b, "Error %s\n", err_msg(why));
	for (size_t i = 0; i < messages->n; i++)
		if (!o->quiet || messages->p[i].severity > LINT_INFO) {
			lint_print(b, &messages->p[i]);
			buf_addc(b, '\n');
		}
	buf_addc(b, '\n');
}

static void lint_one(struct cli *c, str path, node values, const struct lint_options *o,
		     struct tally *t)
{
	struct lint_messages messages = { 0 };
	CLEANUP(err_drop) err *why = lint_chart(c->arena, path, values, o, &messages);

	report(c, path, &messages, why, t);
	output_step(&c->out);
}

static err *lint_all(struct cli *c, const struct paths *p, node values,
		     const struct objects_kube_version *kube)
{
	const struct lint_command_options *o = c->options;
	const struct notices to = helm_notices(c);
	struct helm_remote remote;
	struct helm_world world;
	struct tally t = { 0 };

	helm_world_init(c, &world);
	helm_remote_init(&remote, &o->schema);
	const struct lint_options lint = {
		.ns = helm_namespace(c), .kube = kube, .skip_schema = o->schema.skip,
		.fetch = remote.fetch, .fetch_ctx = &remote, .notices = &to, .tmpl = &world.options,
	};

	for (size_t i = 0; i < p->list.n; i++)
		lint_one(c, p->list.p[i], values, &lint, &t);
	helm_remote_release(&remote);
	if (t.failed)
		return err_new(ERR_INVALID, "%zu chart(s) linted, %zu chart(s) failed", p->list.n,
			       t.failed);
	if (!o->quiet || t.spoken)
		buf_addf(&c->out.buf, "%zu chart(s) linted, 0 chart(s) failed\n", p->list.n);
	return NULL;
}

static err *run(struct cli *c)
{
	const struct lint_command_options *o = c->options;
	struct objects_kube_version kube;
	struct paths paths = { .c = c };
	node values;

	if (o->kube_version.n) {
		err *e = caps_parse_version(c->arena, o->kube_version, &kube);

		if (e)
			return err_wrap(e, "invalid kube version '%.*s'", STR_ARG(o->kube_version));
	}
	for (size_t i = 0; i < c->words.n; i++)
		avec_push(c->arena, &paths.list, c->words.p[i]);
	for (size_t i = 0; i < c->words.n && o->with_subcharts; i++)
		add_subcharts(&paths, c->words.p[i]);
	TRY(helm_values(c, &o->values, &values));
	return lint_all(c, &paths, values, o->kube_version.n ? &kube : NULL);
}

const struct command helm_lint_command = {
	.use = "lint PATH",
	.brief = "Look for mistakes in a chart",
	.text = "Look at a chart's files and at what its templates render to, and tell what is wrong.\n"
		"[ERROR] is what will keep the chart from being installed, [WARNING] is what breaks a\n"
		"convention, [INFO] is advice. The command fails when there are errors.\n\n"
		"The templates are rendered as a release \"test-release\"; what `required` asks for may\n"
		"be missing, and `fail` does not.",
	.example = "  # A chart with the values that it will be installed with\n"
		   "  helm lint ./chart -f values.yaml --strict",
	.args = { ARGS_MIN, 1 },
	.flags = flags,
	.options = sizeof(struct lint_command_options),
	.run = run,
};
