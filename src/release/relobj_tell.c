/* relobj_tell - requests that change objects, in the lines of Helm's kube client.
 *
 * Helm looks at each object before it changes it; here the answers tell whether there was
 * one. So an update is told when it is through, as Helm would have told it meanwhile.
 */
#include "release/relobj_impl.h"

#define DEBUG(c, ...) notice((c)->log, NOTICE_DEBUG, __VA_ARGS__)

static void tell_method(const struct relcluster *c, bool server_side, bool force)
{
	if (server_side)
		DEBUG(c, S("using server-side apply for resource creation"),
		      NOTICE_IF("forceConflicts", force), NOTICE_IF("dryRun", false),
		      { "fieldValidationDirective", S("Strict") });
	else
		DEBUG(c, S("using client-side apply for resource creation"), { 0 });
}

void relobj_tell_creation(const struct relcluster *c, size_t n, bool server_side, bool force)
{
	DEBUG(c, S("creating resource(s)"), NOTICE_N("resources", n));
	tell_method(c, server_side, force);
}

static void tell_apply(const struct relcluster *c, struct arena *a, const struct relobj *o,
		       const char *what, bool failed, str error)
{
	struct notice_field why = { failed ? "error" : NULL, error, NOTICE_CAUSE };

	DEBUG(c, str_c(what), { "namespace", o->ns }, { "name", o->name },
	      { "gvk", relobj_gvk(a, o->gvk) }, why);
}

static bool has_reader(const struct relcluster *c)
{
	return c->log && c->log->debug;
}

void relobj_tell_created(const struct relcluster *c, struct arena *a, const struct relobj *o,
			 const err *e)
{
	if (has_reader(c))
		tell_apply(c, a, o,
			   e ? "Error creating resource via patch" : "Created resource via patch",
			   e != NULL, e ? err_text(e) : STR_NONE);
}

void relobj_tell(const struct relcluster *c, const char *what, const struct relobj *o, const err *e)
{
	struct notice_field why = NOTICE_ERR(e);

	if (!e)
		why.key = NULL;
	DEBUG(c, str_c(what), { "namespace", o->ns }, { "name", o->name },
	      { "kind", o->gvk.kind }, why);
}

/* ---- updates ----------------------------------------------------------- */

static void tell_begin(const struct relcluster *c, size_t n, const struct relobj_apply *how)
{
	tell_method(c, how->server_side, how->force);
	if (how->replace)
		DEBUG(c, S("using resource replace update strategy"),
		      { "fieldValidationDirective", S("Strict") });
	else if (how->server_side)
		DEBUG(c, S("using server-side apply for resource update"),
		      NOTICE_IF("forceConflicts", how->force), NOTICE_IF("dryRun", false),
		      { "fieldValidationDirective", S("Strict") },
		      NOTICE_IF("upgradeClientSideFieldManager", how->migrate));
	else
		DEBUG(c, S("using client-side apply for resource update"),
		      NOTICE_IF("threeWayMergeForUnstructured", how->three_way));
	DEBUG(c, S("checking resources for changes"), NOTICE_N("resources", n));
}

static void tell_creation(const struct relcluster *c, struct arena *a, const struct relobj *o,
			  const struct relobj_apply *how, const struct relobj_told *t)
{
	bool failed = t->outcome == RELOBJ_NOT_CREATED;

	if (how->server_side)
		tell_apply(c, a, o,
			   failed ? "Error creating resource via patch"
				  : "Created resource via patch",
			   failed, t->error);
}

static void warn(const struct relcluster *c, const struct relobj *o, const struct relobj_apply *how)
{
	if (how->known && !relobj_find(how->known, o))
		notice(c->log, NOTICE_WARN,
		       S("resource exists on cluster but not in original release, using cluster "
			 "state as baseline"),
		       { "namespace", o->ns }, { "name", o->name }, { "kind", o->gvk.kind });
}

static void tell_change(const struct relcluster *c, struct arena *a, const struct relobj *o,
			const struct relobj_apply *how, const struct relobj_told *t)
{
	bool failed = t->outcome == RELOBJ_NOT_CHANGED;

	if (how->replace && failed)
		tell_apply(c, a, o, "error replacing the resource", true, t->error);
	else if (how->replace)
		DEBUG(c, S("replace succeeded"), { "name", o->name },
		      { "initialKind", o->gvk.kind }, { "kind", o->gvk.kind });
	if (!how->server_side)
		return;
	if (t->migrated)
		tell_apply(c, a, o,
			   "Upgraded object client-side field management with server-side apply "
			   "field management",
			   false, STR_NONE);
	tell_apply(c, a, o, failed ? "Error patching resource" : "Patched resource", failed,
		   t->error);
}

bool relobj_is_creation(const struct relobj_apply *how, const struct relobj_told *told, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (told[i].outcome == RELOBJ_CHANGED || told[i].outcome == RELOBJ_NOT_CHANGED)
			return false;
	return how->anew;
}

void relobj_tell_update(const struct relcluster *c, struct arena *a, const struct relobj_list *l,
			const struct relobj_apply *how, const struct relobj_told *told)
{
	bool creation = relobj_is_creation(how, told, l->n);

	if (!has_reader(c) && !how->known)
		return;
	if (creation)
		relobj_tell_creation(c, l->n, how->server_side, false);
	else
		tell_begin(c, l->n, how);
	for (size_t i = 0; i < l->n; i++) {
		const struct relobj *o = &l->p[i];

		switch (told[i].outcome) {
		case RELOBJ_CREATED:
		case RELOBJ_NOT_CREATED:
			tell_creation(c, a, o, how, &told[i]);
			if (!creation && told[i].outcome == RELOBJ_CREATED)
				relobj_tell(c, "created a new resource", o, NULL);
			break;
		case RELOBJ_CHANGED:
		case RELOBJ_NOT_CHANGED:
			warn(c, o, how);
			tell_change(c, a, o, how, &told[i]);
			break;
		case RELOBJ_UNTOUCHED:
			return;		/* it came to its end before */
		}
	}
}
