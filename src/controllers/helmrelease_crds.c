/* helmrelease_crds - the definitions in a chart's crds/, by policy. */
#include "base/clock.h"
#include "base/vec.h"
#include "controllers/hr_impl.h"
#include "helm/depend.h"

static bool is_definition(const struct relobj *o)
{
	return str_eq(o->gvk.group, S("apiextensions.k8s.io")) &&
	       str_eq(o->gvk.kind, S("CustomResourceDefinition"));
}

static void mark(struct hr *h, struct relobj *o)
{
	node labels = node_map_at(h->a, node_map_at(h->a, o->object, S("metadata")), S("labels"));

	node_set(h->a, labels, S(HELM_GROUP "/name"), node_from_str(h->a, h->p->key.name));
	node_set(h->a, labels, S(HELM_GROUP "/namespace"),
		 node_from_str(h->a, h->p->key.namespace));
}

static void add_other(const struct relobj *o, struct buf *others)
{
	str group = o->gvk.group, kind = o->gvk.kind, slash = o->ns.n ? S("/") : STR_NONE;

	buf_addf(others, "%s%.*s/%.*s/%.*s%.*s%.*s", others->n ? ", " : "", STR_ARG(group),
		 STR_ARG(kind), STR_ARG(o->ns), STR_ARG(slash), STR_ARG(o->name));
}

/* Among Helm's lines. */
static void say(struct hr *h, str line)
{
	notice(&h->steps, NOTICE_INFO, line, { 0 });
}

static err *complain(struct hr *h, err *e)
{
	notice(&h->steps, NOTICE_ERROR, err_text(e), { 0 });
	return e;
}

static err *collect(struct hr *h, const struct chart *c, struct relobj_list *out,
		    struct buf *others)
{
	for (size_t i = 0; i < c->files.n; i++) {
		const struct chart_file *f = &c->files.p[i];
		struct relobj_list l;

		if (!chart_is_crd(f))
			continue;
		err *e = relobj_build(&h->env.cluster, h->a, f->data, h->ns, &l);

		if (e)
			return complain(
				h, err_wrap(e, "failed to parse CustomResourceDefinitions from %.*s",
					    STR_ARG(f->name)));
		for (size_t n = 0; n < l.n; n++) {
			if (!is_definition(&l.p[n])) {
				add_other(&l.p[n], others);
				continue;
			}
			mark(h, &l.p[n]);
			avec_push(h->a, out, l.p[n]);
		}
	}
	for (size_t i = 0; i < c->subs_n; i++)
		TRY(collect(h, c->subs[i], out, others));
	return NULL;
}

static bool has_files(const struct chart *c)
{
	for (size_t i = 0; i < c->files.n; i++)
		if (chart_is_crd(&c->files.p[i]))
			return true;
	for (size_t i = 0; i < c->subs_n; i++)
		if (has_files(c->subs[i]))
			return true;
	return false;
}

/* Client-side, what is there stays as it is. */
static err *create(struct hr *h, struct relobj_list *l, const struct relobj_apply *how,
		   struct relobj_list *made)
{
	for (size_t i = 0; i < l->n; i++) {
		struct relobj_list one = { .p = &l->p[i], .n = 1 };
		str name = l->p[i].name;
		err *e = relobj_create(&h->env.cluster, h->a, &one, how);

		if (e && err_kind(e) == ERR_EXISTS) {
			err_free(e);
			say(h, arena_printf(h->a,
					    "CustomResourceDefinition %.*s is already present. "
					    "Skipping.",
					    STR_ARG(name)));
			continue;
		}
		if (e)
			return complain(
				h, err_wrap(e, "failed to create CustomResourceDefinition %.*s",
					    STR_ARG(name)));
		avec_push(h->a, made, l->p[i]);
	}
	return NULL;
}

static err *wait_for(struct hr *h, struct relobj_list *made)
{
	if (!made->n)
		return NULL;
	err *e = relwait(&h->env.cluster, made,
			 &(struct relwait_options){ .what = RELWAIT_READY, .flux_words = true,
						    .timeout = 60 * CLOCK_SECOND });

	if (e)
		return complain(h, err_wrap(e, "failed to wait for CustomResourceDefinition(s)"));
	say(h, arena_printf(h->a, "successfully applied %zu CustomResourceDefinition(s)", made->n));
	say(h, S("clearing REST mapper cache"));
	return NULL;
}

err *hr_apply_crds(struct hr *h, const char *action, bool server_side)
{
	str policy = node_str_or(node_get(node_get(h->spec, str_c(action)), S("crds")), S("Create"));
	struct relobj_apply how = { .server_side = server_side, .force = server_side,
				    .replace = !server_side };
	struct relobj_list all = { 0 }, made = { 0 };
	CLEANUP(buf_release) struct buf others = BUF_INIT;
	struct chart enabled = *h->chart;

	if (!str_eq(policy, S("Skip")) && !str_eq(policy, S("Create")) &&
	    !str_eq(policy, S("CreateReplace")))
		return err_new(ERR_INVALID,
			       "invalid CRD upgrade policy '%.*s', valid values are 'Skip', 'Create' or "
			       "'CreateReplace'",
			       STR_ARG(policy));
	if (!has_files(h->chart))
		return NULL;
	if (str_eq(policy, S("Skip"))) {
		say(h, S("skipping CustomResourceDefinition apply: policy is set to Skip"));
		return NULL;
	}
	err *e = depend_process(h->a, &enabled, h->values, NULL);

	if (e)
		return err_wrap(e, "failed to process chart dependencies");
	TRY(collect(h, &enabled, &all, &others));
	if (others.n)
		log_info(h->p->log,
			 S("warning: ignoring non-CRD resources found in the chart's crds/ "
			   "directory; the crds/ directory is reserved for "
			   "CustomResourceDefinition objects only, please move these resources to "
			   "templates/ in the chart. if the chart is public, please open an issue in "
			   "the upstream repository to have this fixed"),
			 log_str("nonCRDs", arena_str(h->a, buf_str(&others))));
	say(h, arena_cat(h->a, S("applying CustomResourceDefinition(s) with policy "), policy));
	if (!all.n)
		return NULL;
	if (!str_eq(policy, S("CreateReplace"))) {
		TRY(create(h, &all, &how, &made));
	} else {
		e = relobj_update(&h->env.cluster, h->a, &(struct relobj_list){ 0 }, &all, &how,
				  NULL);
		if (e)
			return err_wrap(e, "failed to update CustomResourceDefinition(s)");
		made = all;
	}
	discovery_forget(h->cluster->discovery);
	return wait_for(h, &made);
}
