#include "helm/lint.h"

#include "base/map.h"
#include "helm/coalesce.h"
#include "helm/depend.h"
#include "helm/dots.h"
#include "helm/lint_impl.h"
#include "helm/manifest.h"
#include "helm/yamlfit.h"
#include "schema/schema.h"
#include "text/lines.h"
#include "text/path.h"
#include "text/quote.h"

/* ---- messages ---------------------------------------------------------- */

bool lint_rule(struct linter *l, enum lint_severity severity, str path, err *e)
{
	if (!e)
		return true;
	const struct lint_message m = { severity, path, arena_str(l->a, err_text(e)) };

	err_free(e);
	avec_push(l->a, l->out, m);
	return false;
}

void lint_print(struct buf *b, const struct lint_message *m)
{
	static const char *const names[] = { "UNKNOWN", "INFO", "WARNING", "ERROR" };

	buf_addf(b, "[%s] %.*s: ", names[m->severity], STR_ARG(m->path));
	buf_add(b, m->text);
}

/* ---- values.yaml ------------------------------------------------------- */

static bool lend(void *ctx, struct arena *a, str path, str *text)
{
	const struct linter *l = ctx;
	err *e = lint_source_read(&l->source, a, path, text);

	err_free(e);
	return !e;
}

static err *fetch(void *ctx, struct arena *a, str url, str *text)
{
	const struct linter *l = ctx;

	return l->o->fetch(l->o->fetch_ctx, a, url, text);
}

/* The chart's values alone, those of subcharts are not looked at. */
static err *check_values(struct linter *l, node given)
{
	const struct schema_options o = { .file = lend, .fetch = l->o->fetch ? fetch : NULL,
					  .ctx = l };
	node values, all = node_map(l->a, 0);
	str text, schema = STR_NONE;
	err *e = lint_source_read(&l->source, l->a, S("values.yaml"), &text);

	if (!e)
		e = yamlfit_read_map(l->a, text, "common.Values", &values);
	if (e)
		return err_wrap(e, "unable to parse YAML");
	coalesce_tables(l->a, all, given, COALESCE_VALUES, l->o->notices);
	coalesce_tables(l->a, all, values, COALESCE_VALUES, l->o->notices);
	err_free(lint_source_read(&l->source, l->a, S("values.schema.json"), &schema));
	if (!schema.n || l->o->skip_schema)
		return NULL;
	return schema_values_check(schema, all, &o);
}

static void lint_values(struct linter *l, node given)
{
	const str file = S("values.yaml");

	if (lint_source_kind(&l->source, l->a, file) == CHART_PATH_NONE)
		lint_rule(l, LINT_INFO, file, err_new(ERR_NOT_FOUND, "file does not exist"));
	else
		lint_rule(l, LINT_ERROR, file, check_values(l, given));
}

/* ---- templates --------------------------------------------------------- */

static err *check_indent(str content)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str line;

	while (lines_take(&content, &line)) {
		if (!manifest_trim(line).n)
			continue;
		if (line.p[0] != ' ' && line.p[0] != '\t')
			return NULL;
		quote_add(&b, line, QUOTE_PRINT);
		return err_new(ERR_INVALID, "document starts with an illegal indent: %s, which may "
					    "cause parsing problems",
			       buf_c(&b));
	}
	return lines_check(content);
}

static err *check_extension(str ext)
{
	static const str good[] = { S(".yaml"), S(".yml"), S(".tpl"), S(".txt") };

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (str_eq(ext, good[i]))
			return NULL;
	return err_new(ERR_INVALID, "file extension '%.*s' not valid. Valid extensions are .yaml, "
				    ".yml, .tpl, or .txt",
		       STR_ARG(ext));
}

static err *unparsable(err *e)
{
	return e ? err_wrap(e, "unable to parse YAML") : NULL;
}

/* False when no rule goes on behind it. */
static bool lint_output(struct linter *l, str path, str content,
			const struct objects_kube_version *kube)
{
	struct lint_docs docs;
	node head;
	bool more;

	lint_rule(l, LINT_WARNING, path, check_indent(content));
	lint_docs_init(&docs, content);
	for (;;) {
		err *e = lint_docs_next(&docs, l->a, &lint_head_type, &head, &more);

		if (!lint_rule(l, LINT_ERROR, path, unparsable(e)))
			return false;
		if (!more)
			return true;
		if (!node_is_nil(head))
			lint_object(l, path, head, content, kube);
	}
}

static void let_pass(void *ctx, enum tmpl_let_pass what, str message)
{
	static const struct {
		enum notice_level level;
		str text;
	} words[] = {
		[TMPL_LET_NIL] = { NOTICE_WARN, S("missing required value") },
		[TMPL_LET_EMPTY] = { NOTICE_WARN, S("missing required values") },
		[TMPL_LET_FAIL] = { NOTICE_INFO, S("funcMap fail") },
	};

	notice(ctx, words[what].level, words[what].text, { "message", message });
}

static err *render(struct linter *l, const struct chart *c, node values, const struct caps *caps,
		   struct engine_output **outputs, size_t *n)
{
	const struct dots_release release = { .name = S("test-release"), .ns = l->o->ns,
					      .is_linted = true };
	struct tmpl_options tmpl = *l->o->tmpl;
	struct engine_templates templates;
	struct dots dots;

	tmpl.lint = true;
	tmpl.let_pass = let_pass;
	tmpl.let_pass_ctx = (void *)(uintptr_t)l->o->notices;
	tmpl.files_methods = objects_files_methods;
	tmpl.values_methods = objects_values_methods;
	tmpl.version_set_has = &objects_version_set_has;
	dots_make(l->a, c, values, &release, caps, &dots);
	TRY(engine_parse(l->a, dots.files, dots.n, tmpl.lease, &templates));
	return engine_render(l->a, &templates, dots.dots, &tmpl, outputs, n);
}

static void lint_outputs(struct linter *l, const struct chart *c, const struct caps *caps,
			 const struct engine_output *outputs, size_t n)
{
	for (size_t i = 0; i < c->templates.n; i++) {
		str name = c->templates.p[i].name, ext = path_ext(name), content = STR_NONE;
		str path = path_join(l->a, c->meta.name, name);

		lint_rule(l, LINT_ERROR, name, check_extension(ext));
		if (!str_eq_nocase(ext, S(".yaml")) && !str_eq_nocase(ext, S(".yml")))
			continue;
		for (size_t k = 0; k < n; k++)
			if (str_eq(outputs[k].name, path))
				content = outputs[k].text;
		if (manifest_trim(content).n && !lint_output(l, name, content, &caps->kube))
			return;
	}
}

/* Dependencies and values that cannot be worked out end the rules in silence. */
static bool prepare(struct linter *l, struct chart *c, node given, node *values)
{
	err *e = depend_process(l->a, c, given, l->o->notices);

	if (!e)
		e = coalesce_chart(l->a, c, given, COALESCE_VALUES, l->o->notices, values);
	if (!e)	/* as often as Helm does: nulls show it */
		e = coalesce_chart(l->a, c, *values, COALESCE_VALUES, l->o->notices, values);
	err_free(e);
	return !e;
}

static void lint_templates(struct linter *l, node given)
{
	const str dir = S("templates/");
	struct caps caps = caps_offline(l->a, NULL, 0);
	struct engine_output *outputs;
	struct chart *c;
	node values;
	size_t n;

	switch (lint_source_kind(&l->source, l->a, S("templates"))) {
	case CHART_PATH_NONE:
		lint_rule(l, LINT_WARNING, dir, err_new(ERR_NOT_FOUND, "directory does not exist"));
		return;
	case CHART_PATH_FILE:
		lint_rule(l, LINT_ERROR, dir, err_new(ERR_INVALID, "not a directory"));
		return;
	case CHART_PATH_DIR:
		break;
	}
	if (!lint_rule(l, LINT_ERROR, dir, lint_source_load(l, &c)))
		return;
	if (l->o->kube)
		caps.kube = *l->o->kube;
	if (!prepare(l, c, given, &values))
		return;
	if (!l->o->skip_schema &&
	    !lint_rule(l, LINT_ERROR, dir,
		       schemas_check(c, values, l->o->fetch, l->o->fetch_ctx)))
		return;
	if (lint_rule(l, LINT_ERROR, dir, render(l, c, values, &caps, &outputs, &n)))
		lint_outputs(l, c, &caps, outputs, n);
}

/* ---- dependencies ------------------------------------------------------ */

struct names {
	str *p;
	size_t n, cap;
};

static err *listed(struct linter *l, const char *what, const struct names *names)
{
	if (!names->n)
		return NULL;
	return err_new(ERR_INVALID, "%s: %.*s", what,
		       STR_ARG(arena_join(l->a, names->p, names->n, S(","))));
}

static err *not_declared(struct linter *l, const struct chart *c)
{
	struct names missing = { 0 };

	for (size_t i = 0; i < c->subs_n; i++) {
		bool found = false;

		for (size_t k = 0; k < c->meta.deps_n; k++)
			found |= str_eq(c->meta.deps[k].name, c->subs[i]->meta.name);
		if (!found)
			avec_push(l->a, &missing, c->subs[i]->meta.name);
	}
	return listed(l, "chart metadata is missing these dependencies", &missing);
}

static err *not_unique(struct linter *l, const struct chart *c)
{
	CLEANUP(map_release) struct map seen = MAP_INIT;
	struct names twice = { 0 };

	for (size_t i = 0; i < c->meta.deps_n; i++) {
		const struct chart_dependency *d = &c->meta.deps[i];
		str key = d->alias.n ? d->alias : d->name;

		if (map_has(&seen, key))
			avec_push(l->a, &twice, key);
		map_set(&seen, key, l);
	}
	return listed(l, "multiple dependencies with name or alias", &twice);
}

static err *not_there(struct linter *l, const struct chart *c)
{
	struct names missing = { 0 };

	for (size_t i = 0; i < c->meta.deps_n; i++) {
		bool found = false;

		for (size_t k = 0; k < c->subs_n; k++)
			found |= str_eq(c->subs[k]->meta.name, c->meta.deps[i].name);
		if (!found)
			avec_push(l->a, &missing, c->meta.deps[i].name);
	}
	return listed(l, "chart directory is missing these dependencies", &missing);
}

static void lint_dependencies(struct linter *l)
{
	struct chart *c = NULL;
	err *e = lint_source_load(l, &c);

	if (e)
		e = err_replace(e, "unable to load chart\n\t%s", err_msg(e));
	if (!lint_rule(l, LINT_ERROR, STR_NONE, e))
		return;
	lint_rule(l, LINT_ERROR, l->source.dir, not_declared(l, c));
	lint_rule(l, LINT_ERROR, l->source.dir, not_unique(l, c));
	lint_rule(l, LINT_WARNING, l->source.dir, not_there(l, c));
}

/* ---- crds/ ------------------------------------------------------------- */

static void lint_crd_head(struct linter *l, str path, node head)
{
	if (!str_starts(node_str(node_get(head, S("apiVersion"))), S("apiextensions.k8s.io")))
		lint_rule(l, LINT_ERROR, path,
			  err_new(ERR_INVALID, "apiVersion is not in 'apiextensions.k8s.io'"));
	if (!str_eq(node_str(node_get(head, S("Kind"))), S("CustomResourceDefinition")))
		lint_rule(l, LINT_ERROR, path,
			  err_new(ERR_INVALID, "object kind is not 'CustomResourceDefinition'"));
}

static bool lint_crd(struct linter *l, const struct chart_file *f)
{
	struct lint_docs docs;
	node head;
	bool more;

	lint_docs_init(&docs, f->data);
	for (;;) {
		err *e = lint_docs_next(&docs, l->a, &lint_head_type, &head, &more);

		if (!lint_rule(l, LINT_ERROR, f->name, unparsable(e)))
			return false;
		if (!more)
			return true;
		if (!node_is_nil(head))
			lint_crd_head(l, f->name, head);
	}
}

static bool lint_crds_of(struct linter *l, const struct chart *c)
{
	for (size_t i = 0; i < c->files.n; i++)
		if (chart_is_crd(&c->files.p[i]) && !lint_crd(l, &c->files.p[i]))
			return false;
	for (size_t i = 0; i < c->subs_n; i++)
		if (!lint_crds_of(l, c->subs[i]))
			return false;
	return true;
}

static void lint_crds(struct linter *l)
{
	const str dir = S("crds/");
	enum chart_path kind = lint_source_kind(&l->source, l->a, S("crds"));
	struct chart *c;

	if (kind == CHART_PATH_NONE)
		return;
	if (kind == CHART_PATH_FILE)
		lint_rule(l, LINT_ERROR, dir, err_new(ERR_INVALID, "not a directory"));
	else if (lint_rule(l, LINT_ERROR, dir, lint_source_load(l, &c)))
		lint_crds_of(l, c);
}

/* ---- the whole --------------------------------------------------------- */

static void run(struct linter *l, node values)
{
	lint_chart_file(l);
	lint_values(l, values);
	lint_templates(l, values);
	lint_dependencies(l);
	lint_crds(l);
}

err *lint_chart(struct arena *a, str path, node values, const struct lint_options *o,
		struct lint_messages *out)
{
	struct linter l = { .a = a, .o = o, .out = out };

	TRY(lint_source_open(a, path, &l.source));
	run(&l, values);
	lint_source_close(&l.source);
	return NULL;
}

void lint_files(struct arena *a, str dir, const struct chart_files *files, node values,
		const struct lint_options *o, struct lint_messages *out)
{
	struct linter l = { .a = a, .o = o, .out = out, .source = { .dir = dir, .files = *files } };

	run(&l, values);
}
