#include "server/write.h"

#include "server/meta.h"
#include "server/status.h"

/* ---- create ------------------------------------------------------------ */

/* A body is made an object once; each try begins with a copy. */
static err *make_copy(struct change *c, node old, node *object)
{
	(void)old;
	*object = node_copy(c->r->arena, *(node *)c->ctx);
	return NULL;
}

/* A generated name that is taken is nobody's fault: another one. */
static bool may_generate_again(struct change *c, const err *e)
{
	return err_code(e) == 409 && !c->name.n && str_eq(status_reason(e), S("AlreadyExists"));
}

err *write_create(struct request *r)
{
	struct change c = { .r = r, .kind = r->kind, .namespace = r->namespace, .create = true };
	node body;

	TRY(options_write(r, &(struct options_of){ "CreateOptions", false, false }, &c.options));
	TRY(body_read(r, r->kind, c.options.fields, &body));
	c.make = make_copy;
	c.ctx = &body;
	c.name = meta_get(body, S("name"));
	err *e = change_run(&c);

	for (int i = 1; e && i < CHANGE_NAME_TRIES && may_generate_again(&c, e); i++) {
		err_free(e);
		e = change_run(&c);
	}
	return change_finish(&c, e);
}

/* ---- update ------------------------------------------------------------ */

/* Kinds whose objects an update makes when they are not there. */
static bool is_made_by_update(const struct kind *k)
{
	static const struct {
		const char *group, *plural;
	} kinds[] = {
		{ "", "endpoints" },
		{ "", "events" },
		{ "", "limitranges" },
		{ "", "services" },
		{ "coordination.k8s.io", "leasecandidates" },
		{ "coordination.k8s.io", "leases" },
		{ "events.k8s.io", "events" },
		{ "node.k8s.io", "runtimeclasses" },
		{ "rbac.authorization.k8s.io", "clusterrolebindings" },
		{ "rbac.authorization.k8s.io", "clusterroles" },
		{ "rbac.authorization.k8s.io", "rolebindings" },
		{ "rbac.authorization.k8s.io", "roles" },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_eq(k->gvk.group, str_c(kinds[i].group)) && str_eq(k->plural, str_c(kinds[i].plural)))
			return true;
	return false;
}

err *write_update(struct request *r)
{
	struct change c = {
		.r = r,
		.kind = r->kind,
		.sub = r->sub,
		.namespace = r->namespace,
		.name = r->name,
		.make = make_copy,
		.may_create = !r->sub.n && is_made_by_update(r->kind),
	};
	node body;

	TRY(options_write(r, &(struct options_of){ "UpdateOptions", false, false }, &c.options));
	TRY(body_read(r, r->kind, c.options.fields, &body));
	TRY(change_check_place(&c, body));
	c.ctx = &body;
	return change_finish(&c, change_run(&c));
}
