/* flux_diff - "flux diff kustomization": what a directory on this machine would change.
 *
 * Every object that the Kustomization makes is applied in a dry run, and what
 * would come of it is compared with what is there. Nothing is written. */
#include <sys/ioctl.h>

#include "base/sort.h"
#include "cli/commands.h"
#include "cli/flux_diff.h"
#include "cli/flux_hint.h"
#include "cli/flux_local.h"
#include "client/applyset.h"
#include "text/base64.h"

struct diff_options {
	struct local_options local;
	bool progress;
};

/* What all objects of a run share. */
struct diffing {
	struct cli *c;
	struct flux_server *s;
	struct discovery *discovery;
	struct report_style style;
	const struct local_options *options;
	VEC(err *) errors;
};

/* Of one Kustomization. */
struct outcome {
	struct buf text;
	bool changed;
	VEC(struct objid) ids;	/* what would be in the inventory */
};

/* ---- lines ------------------------------------------------------------- */

struct report_style diff_style(struct cli *c)
{
	const char *no_colour = cli_env(c, "NO_COLOR");
	struct report_style s = {
		.colour = output_is_terminal(&c->out) && !(no_colour && *no_colour),
	};
	struct winsize size = { 0 };

	if (s.colour && ioctl(c->out.fd, TIOCGWINSZ, &size) == 0)
		s.width = size.ws_col;
	return s;
}

void diff_line(struct buf *b, struct arena *a, const struct report_style *s, const struct objid *id,
	       const char *what, enum diff_colour colour)
{
	str subject = objid_show(a, id);
	bool coloured = s->colour && colour;

	if (coloured)
		buf_addf(b, "\033[%dm", colour);
	buf_addf(b, "► %.*s %s", STR_ARG(subject), what);
	buf_add(b, coloured ? S("\033[0m\n") : S("\n"));
}

static void add_line(const struct diffing *d, struct outcome *o, const struct objid *id,
		     const char *what, enum diff_colour colour)
{
	diff_line(&o->text, d->c->arena, &d->style, id, what, colour);
}

/* ---- Secrets ----------------------------------------------------------- */

#define MASK "**SOPS**"

static bool is_masked(struct arena *a, node object)
{
	(void)a;
	node_each_pair(p, node_get(object, S("data"))) {
		CLEANUP(buf_release) struct buf plain = BUF_INIT;
		CLEANUP(err_drop) err *e = base64_read(&plain, node_str(p->value), BASE64_STD);

		if (!e && str_has(buf_str(&plain), S(MASK)))
			return true;
	}
	return false;
}

static bool same_keys(node x, node y)
{
	if (node_len(x) != node_len(y))
		return false;
	node_each_pair(p, x)
		if (!node_has(y, node_str(p->key)))
			return false;
	return true;
}

static void hide_all(struct arena *a, node map)
{
	(void)a;
	node_each_pair(p, map)
		p->value = node_lit("*****");
}

/* Values that differ are told apart, and none is shown. */
static void hide_values(node before, node after)
{
	node_each_pair(p, after) {
		node *old = node_find(before, node_str(p->key));
		bool differs = old && !node_equal(*old, p->value);

		p->value = differs ? node_lit("*** (after)") : node_lit("***");
		if (old)
			*old = differs ? node_lit("*** (before)") : node_lit("***");
	}
	node_each_pair(p, before)
		if (!node_has(after, node_str(p->key)))
			p->value = node_lit("***");
}

void diff_hide_secret(node before, node after)
{
	hide_values(node_get(before, S("data")), node_get(after, S("data")));
}

/* False: what is encrypted is there under the same keys, and that is all that can be told. */
static bool prepare_secret(struct arena *a, node object, node before, node after)
{
	node x = node_get(before, S("data")), y = node_get(after, S("data"));

	if (!is_masked(a, object)) {
		hide_values(x, y);
		return true;
	}
	bool differs = !same_keys(x, y);

	hide_all(a, x);
	hide_all(a, y);
	return differs;
}

/* ---- one object -------------------------------------------------------- */

static err *report_drift(const struct diffing *d, struct outcome *o, const struct applyset_item *it,
			 node before, node after)
{
	if (str_eq(it->id.kind, S("Secret")) && !it->id.group.n &&
	    !prepare_secret(d->c->arena, it->object, before, after))
		return NULL;
	add_line(d, o, &it->id, "drifted", DIFF_PLAIN);
	o->changed = true;
	node_sort(before);
	node_sort(after);
	return report_write(&o->text, before, after, &d->style);
}

/* `*created`: it is not there yet. */
static err *diff_object(struct diffing *d, const struct applyset_options *how, node object,
			struct outcome *o, bool *created)
{
	struct arena *a = d->c->arena;
	struct applyset_item it = { .object = applyset_normal(a, object) };
	node before, after;
	err *e = applyset_compare(d->s->client, d->discovery, a, &it, how, &before, &after);

	if (e) {
		vec_push(&d->errors, e);
		return NULL;
	}
	avec_push(a, &o->ids, it.id);
	*created = it.action == APPLYSET_CREATED;
	if (*created) {
		add_line(d, o, &it.id, "created", DIFF_GREEN);
		o->changed = true;
	} else if (it.action == APPLYSET_SKIPPED) {
		add_line(d, o, &it.id, "skipped", DIFF_ORANGE);
	} else if (it.action == APPLYSET_CONFIGURED) {
		return report_drift(d, o, &it, before, after);
	}
	return NULL;
}

/* ---- what would be pruned ---------------------------------------------- */

static bool is_kept(const struct outcome *o, const struct objid *id)
{
	for (size_t i = 0; i < o->ids.n; i++)
		if (objid_eq(&o->ids.p[i], id))
			return true;
	return false;
}

static int by_id(const void *a, const void *b, void *ctx)
{
	(void)ctx;
	return objid_cmp(a, b);
}

static err *diff_inventory(const struct diffing *d, const struct local_build *b, struct outcome *o)
{
	node entries = node_dig(b->kustomization, "status", "inventory", "entries");
	struct arena *a = d->c->arena;
	struct objid *gone = arena_array(a, struct objid, node_len(entries));
	size_t n = 0;

	if (!node_bool(node_dig(b->kustomization, "spec", "prune")))
		return NULL;
	node_each_item(i, entries) {
		TRY(objid_parse(a, node_str(node_get(*i, S("id"))), &gone[n]));
		n += !is_kept(o, &gone[n]);
	}
	sort_stable(gone, n, sizeof *gone, by_id, NULL);
	for (size_t i = 0; i < n; i++)
		add_line(d, o, &gone[i], "deleted", DIFF_RED);
	o->changed = o->changed || n;
	return NULL;
}

/* ---- one Kustomization ------------------------------------------------- */

static err *diff_build(struct diffing *d, const struct local_build *b, struct outcome *o);

static err *diff_child(struct diffing *d, const struct local_build *above, node object,
		       struct outcome *o)
{
	struct outcome below = { .text = BUF_INIT };
	struct objid id = objid_of(object);
	struct local_build b;

	if (node_len(node_dig(object, "spec", "kubeConfig"))) {
		flux_warning(d->c, "%.*s skipped: diff not supported for remote clusters",
			     STR_ARG(objid_show(d->c->arena, &id)));
		return NULL;
	}
	err *e = local_build_child(d->c, d->s, d->options, above, object, &b);

	if (!e)
		e = diff_build(d, &b, &below);
	if (!e && below.changed) {
		o->changed = true;
		buf_addf(&o->text, "📁 %.*s changed\n", STR_ARG(objid_show(d->c->arena, &id)));
		buf_add(&o->text, buf_str(&below.text));
	}
	buf_release(&below.text);
	if (e)
		vec_push(&d->errors, e);
	return NULL;
}

static err *diff_build(struct diffing *d, const struct local_build *b, struct outcome *o)
{
	size_t rules_n, errors = d->errors.n;
	const struct applyset_ignore *rules = applyset_read_ignore(
		d->c->arena, node_dig(b->kustomization, "spec", "ignore"), &rules_n);
	const struct applyset_options how = {
		.manager = S("kustomize-controller"),
		.group = S("kustomize.toolkit.fluxcd.io"),
		.force = node_bool(node_dig(b->kustomization, "spec", "force")),
		.ignore = rules,
		.ignore_n = rules_n,
	};

	for (size_t i = 0; i < b->made->n; i++) {
		node object = b->made->list[i]->object;
		bool created = false;

		TRY(diff_object(d, &how, object, o, &created));
		/* flux does not look into what is not there yet: we do, where we can */
		if (created && !local_has_source(d->c, d->options, object))
			continue;
		if (d->options->recursive && local_is_child(b, object))
			TRY(diff_child(d, b, object, o));
	}
	return d->errors.n == errors ? diff_inventory(d, b, o) : NULL;
}

/* One as it is, several as "[e1, e2]". */
static err *joined(struct diffing *d)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (d->errors.n == 1)
		return d->errors.p[0];
	for (size_t i = 0; i < d->errors.n; i++) {
		buf_addf(&b, "%s%s", i ? ", " : "", err_msg(d->errors.p[i]));
		err_free(d->errors.p[i]);
	}
	return d->errors.n ? err_new(ERR_INVALID, "[%s]", buf_c(&b)) : NULL;
}

/* ---- the command ------------------------------------------------------- */

static err *run(struct cli *c, str path, bool *changed)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	const struct diff_options *o = c->options;
	struct outcome all = { .text = BUF_INIT };
	struct local_build b;

	if (o->local.ignore_missing && !o->local.file.n)
		return err_new(ERR_INVALID,
			       "kustomization file is required when assuming new kustomizations");
	s.patient = !flux_settings(c)->timeout;
	TRY(flux_open(c, &s));
	struct diffing d = { .c = c, .s = &s, .style = diff_style(c), .options = &o->local };

	TRY(local_build(c, &s, &o->local, c->words.p[0], path, &b));
	d.discovery = discovery_new(s.client);
	err *e = diff_build(&d, &b, &all);
	err *more = joined(&d);

	vec_release(&d.errors);
	discovery_free(d.discovery);
	buf_add(&c->out.buf, buf_str(&all.text));
	buf_release(&all.text);
	*changed = all.changed;
	if (!e)
		return more;
	err_free(more);
	return e;
}

void diff_finish(struct cli *c, err *e, bool changed)
{
	if (e) {
		e = hint_first(e);
		flux_failure(c, "%s", err_msg(e));
		hint_place(c, e);
		err_free(e);
		c->status = DIFF_FAILED;
	} else if (changed) {
		flux_warning(c, "identified at least one change, exiting with non-zero exit code");
		c->status = DIFF_CHANGED;
	}
}

static err *run_diff(struct cli *c)
{
	const struct diff_options *o = c->options;
	bool changed = false;
	str path;

	if (!c->words.n)
		return err_new(ERR_INVALID, "kustomization name is required");
	err *e = local_check_path(c, &o->local, true, &path);

	if (!e) {
		TRY(local_check_file(&o->local));
		e = run(c, path, &changed);
	}
	diff_finish(c, e, changed);
	return NULL;
}

#define AT(field) offsetof(struct diff_options, local.field)

static const struct flag diff_flags[] = {
	{ "ignore-not-found", 0, FLAG_BOOL, AT(ignore_missing),
	  "the Kustomization need not be in the cluster yet; needs --kustomization-file" },
	LOCAL_FLAGS(AT),
	{ "progress-bar", 0, FLAG_BOOL, offsetof(struct diff_options, progress),
	  "accepted for compatibility: there is nothing to wait for", .fallback = "true" },
	{ 0 },
};

#undef AT

const struct command flux_diff_kustomization = {
	.use = "kustomization",
	.aliases = (const char *const[]){ "ks", NULL },
	.brief = "Compare a directory with the cluster",
	.text = "Print what would change in the cluster, were a Kustomization made of a directory on\n"
		"this machine. Nothing is changed. The exit status is 0 when nothing would change, 1 when\n"
		"something would, and 2 when that could not be told.",
	.example = "  # What a change would do\n"
		   "  flux diff kustomization podinfo --path ./kustomize\n\n"
		   "  # With all that it leads to\n"
		   "  flux diff kustomization flux-system --path ./clusters/production \\\n"
		   "    --recursive --local-sources GitRepository/flux-system/flux-system=./",
	.subject = &flux_kinds[FLUX_KUSTOMIZATION],
	.flags = diff_flags,
	.options = sizeof(struct diff_options),
	.run = run_diff,
};

const struct command flux_diff_command = {
	.use = "diff",
	.brief = "Compare what is here with what is there",
	.text = "Compare files on this machine with what Flux has fetched or applied.",
	.commands = (const struct command *const[]){
		&flux_diff_artifact,
		&flux_diff_kustomization,
		NULL,
	},
	.complete = flux_complete,
	.before = flux_before,
};
