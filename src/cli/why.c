/* why - "rill why KIND/NAME": the shortest answer to "why is my app not there?".
 *
 * From the object upwards: its owners, the HelmRelease or Kustomization that
 * applied it, what those depend on, and the sources of all; from there down to the
 * Pods. The chain is printed source first, a line each. The answer is the first
 * link that is broken - or the last one, where those above only wait for it.
 */
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/flux.h"
#include "client/discovery.h"
#include "client/objid.h"
#include "kube/health.h"

enum { LINKS_MAX = 64, DEPTH_MAX = 16, INVENTORY_MAX = 2000 };

enum state { FINE, WAITS, BROKEN, MISSING, SUSPENDED };

struct link {
	struct objid id;
	enum state state;
	str says;
	node object;
};

struct asking {
	struct cli *c;
	struct flux_server *s;
	struct discovery *d;
	VEC(struct link) links;
	struct objid open[DEPTH_MAX + 2];	/* on the way up, from the object asked for */
	size_t open_n;
	str circle;		/* "A → B → A", when some wait for each other */
};

/* ---- judging ----------------------------------------------------------- */

static str at(node n, const char *a, const char *b, const char *c)
{
	const char *const path[] = { a, b, c, NULL };

	return node_str(node_dig_path(n, path));
}

static bool is_flux(str group)
{
	return str_ends(group, S(".fluxcd.io")) || str_ends(group, S("toolkit.fluxcd.io"));
}

/* Nobody writes a status of these: that they are there is all. */
static bool has_no_status(const struct link *l)
{
	enum flux_kind_id kind = flux_kind_find(l->id.kind);

	return (kind != FLUX_KINDS && flux_kinds[kind].is_static) ||
	       (kind == FLUX_HELM_REPOSITORY &&
		str_eq(node_str(node_dig(l->object, "spec", "type")), S("oci")));
}

/* An ArtifactGenerator has no spec.suspend, but an annotation. */
static bool is_disabled(node object)
{
	str value = node_str(node_get(node_dig(object, "metadata", "annotations"),
				      S("source.extensions.fluxcd.io/reconcile")));

	return str_eq_nocase(value, S("disabled"));
}

/* The generation that a status is about. Kinds without a field for it say it in
 * their conditions. */
static int64_t seen_generation(node object, node ready)
{
	node seen = node_dig(object, "status", "observedGeneration");

	if (node_is_nil(seen))
		seen = node_get(ready, S("observedGeneration"));
	return node_is_nil(seen) && !node_is_nil(ready)
		       ? node_int(node_dig(object, "metadata", "generation"))
		       : node_int(seen);
}

/* What the Ready condition says, and whether it is about this generation. */
static void judge_flux(struct link *l)
{
	node ready = health_condition(l->object, S("Ready"));
	str status = node_str(node_get(ready, S("status")));
	int64_t seen = seen_generation(l->object, ready);
	int64_t generation = node_int(node_dig(l->object, "metadata", "generation"));

	l->says = node_str(node_get(ready, S("message")));
	if (is_disabled(l->object)) {
		l->state = SUSPENDED;
		l->says = S("disabled: nothing is done until its annotation is changed");
		return;
	}
	if (node_bool(node_dig(l->object, "spec", "suspend"))) {
		l->state = SUSPENDED;
		l->says = S("suspended: nothing is done until it is resumed");
	} else if (node_is_nil(ready) && has_no_status(l)) {
		l->state = FINE;
	} else if (str_eq(status, S("True")) && seen == generation) {
		l->state = FINE;
	} else if (str_eq(status, S("False"))) {
		l->state = BROKEN;
	} else {
		l->state = WAITS;
		if (node_is_nil(ready))
			l->says = S("no controller has looked at it yet");
		else if (seen != generation)
			l->says = S("its last change is not reconciled yet");
	}
}

/* "ImagePullBackOff: Back-off pulling image ..." of the first container that waits. */
static str container_trouble(struct arena *a, node pod)
{
	static const char *const lists[] = { "initContainerStatuses", "containerStatuses" };

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		node_each_item(s, node_dig(pod, "status", lists[i])) {
			str waits = at(*s, "state", "waiting", "reason");
			str ended = at(*s, "state", "terminated", "reason");
			str before = at(*s, "lastState", "terminated", "reason");
			long long code = (long long)node_int(
				node_dig(*s, "lastState", "terminated", "exitCode"));
			str name = node_str(node_get(*s, S("name")));

			if (waits.n && !str_eq(waits, S("PodInitializing")) &&
			    !str_eq(waits, S("ContainerCreating")))
				return arena_printf(
					a, "container %.*s: %.*s: %.*s%s%.*s%s", STR_ARG(name),
					STR_ARG(waits),
					STR_ARG(at(*s, "state", "waiting", "message")),
					before.n ? " (it ended before: " : "", STR_ARG(before),
					before.n ? arena_printf(a, ", exit status %lld)", code).p
						 : "");
			if (ended.n && !str_eq(ended, S("Completed")))
				return arena_printf(a, "container %.*s ended: %.*s %.*s",
						    STR_ARG(name), STR_ARG(ended),
						    STR_ARG(at(*s, "state", "terminated",
							       "message")));
		}
	return STR_NONE;
}

static void judge_pod(struct arena *a, struct link *l)
{
	node scheduled = health_condition(l->object, S("PodScheduled"));
	str trouble = container_trouble(a, l->object);

	if (trouble.n) {
		l->state = BROKEN;
		l->says = trouble;
	} else if (str_eq(node_str(node_get(scheduled, S("status"))), S("False"))) {
		l->state = BROKEN;
		l->says = arena_cat(a, S("no node takes it: "),
				    node_str(node_get(scheduled, S("message"))));
	}
}

static void judge(struct asking *q, struct link *l)
{
	struct health h;

	if (is_flux(l->id.group) && node_has(l->object, S("spec"))) {
		judge_flux(l);
		return;
	}
	CLEANUP(err_drop) err *e = health_of(q->c->arena, l->object, clock_wall(), &h);

	if (e)
		return;
	l->says = h.message;
	l->state = h.status == HEALTH_CURRENT	    ? FINE
		   : h.status == HEALTH_IN_PROGRESS ? WAITS
						    : BROKEN;
	if (str_eq(l->id.kind, S("Pod")))
		judge_pod(q->c->arena, l);
}

/* ---- the chain --------------------------------------------------------- */

/* A cluster's Kustomization applies its own source, and itself. */
static bool is_open(const struct asking *q, const struct objid *id)
{
	for (size_t i = 0; i < q->open_n; i++)
		if (objid_eq(&q->open[i], id))
			return true;
	return false;
}

static struct link *known(struct asking *q, const struct objid *id)
{
	for (size_t i = 0; i < q->links.n; i++)
		if (objid_eq(&q->links.p[i].id, id))
			return &q->links.p[i];
	return NULL;
}

static void add_object(struct asking *q, node object)
{
	struct link l = { .id = objid_of(object), .object = object };

	if (q->links.n >= LINKS_MAX || known(q, &l.id))
		return;
	judge(q, &l);
	avec_push(q->c->arena, &q->links, l);
}

static void add_missing(struct asking *q, const struct objid *id, const err *why)
{
	struct link l = { .id = *id, .state = MISSING };

	if (q->links.n >= LINKS_MAX || known(q, id))
		return;
	l.says = err_kind(why) == ERR_NOT_FOUND ? S("is not there")
						: arena_str(q->c->arena, err_text(why));
	avec_push(q->c->arena, &q->links, l);
}

/* False: it is not there, which is a link as well. */
static bool get(struct asking *q, const struct objid *id, str version, node *out)
{
	const struct client_resource *r;
	struct gvk g = { id->group, version, id->kind };

	CLEANUP(err_drop) err *e = discovery_kind(q->d, g, &r);

	if (!e)
		e = client_get(q->s->client, q->c->arena, r, id->namespace, id->name, out);
	if (!e && !node_has(*out, S("kind")))
		node_set(q->c->arena, *out, S("kind"), node_from_str(q->c->arena, r->kind));
	if (!e)
		return true;
	add_missing(q, id, e);
	return false;
}

static void climb(struct asking *q, node object, unsigned depth);

static void climb_to(struct asking *q, enum flux_kind_id kind, str namespace, str name,
		     unsigned depth)
{
	const struct flux_kind *k = &flux_kinds[kind];
	const struct objid id = { str_c(k->group), str_c(k->kind), namespace, name };
	node object;

	if (!name.n || depth > DEPTH_MAX || known(q, &id) || is_open(q, &id))
		return;
	if (get(q, &id, str_c(k->version), &object))
		climb(q, object, depth);
}

/* `otherwise` is the kind where the reference names none. */
static void climb_reference(struct asking *q, node object, node ref, enum flux_kind_id otherwise,
			    unsigned depth)
{
	str named = node_str(node_get(ref, S("kind")));
	enum flux_kind_id kind = named.n ? flux_kind_find(named) : otherwise;
	str namespace = node_str_or(node_get(ref, S("namespace")), flux_namespace(object));

	if (kind != FLUX_KINDS)
		climb_to(q, kind, namespace, node_str(node_get(ref, S("name"))), depth);
}

/* What waits for `id`, and on for others, is waited for by it. */
static void find_circle(struct asking *q, const struct objid *id)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t i = 0;

	while (i < q->open_n && !objid_eq(&q->open[i], id))
		i++;
	if (i == q->open_n || q->circle.n)
		return;
	for (; i < q->open_n; i++)
		buf_addf(&b, "%.*s → ", STR_ARG(objid_show(q->c->arena, &q->open[i])));
	buf_add(&b, objid_show(q->c->arena, id));
	q->circle = arena_str(q->c->arena, buf_str(&b));
}

/* What waits for others has them in front. */
static void climb_dependencies(struct asking *q, enum flux_kind_id kind, node object,
			       unsigned depth)
{
	if (health_condition_is_true(object, S("Ready")))
		return;
	node_each_item(d, node_dig(object, "spec", "dependsOn")) {
		str namespace = node_str_or(node_get(*d, S("namespace")), flux_namespace(object));
		str name = node_str(node_get(*d, S("name")));
		const struct objid id = { str_c(flux_kinds[kind].group), str_c(flux_kinds[kind].kind),
					  namespace, name };

		find_circle(q, &id);
		climb_to(q, kind, namespace, name, depth);
	}
}

static void climb_manager(struct asking *q, node object, unsigned depth)
{
	static const struct {
		const char *group;
		enum flux_kind_id kind;
	} rows[] = { { "helm.toolkit.fluxcd.io", FLUX_RELEASE },
		     { "kustomize.toolkit.fluxcd.io", FLUX_KUSTOMIZATION } };
	node labels = node_dig(object, "metadata", "labels");

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		str key = arena_cat(q->c->arena, str_c(rows[i].group), S("/name"));
		str space = arena_cat(q->c->arena, str_c(rows[i].group), S("/namespace"));
		str name = node_str(node_get(labels, key));

		if (!name.n)
			continue;
		climb_to(q, rows[i].kind, node_str(node_get(labels, space)), name, depth);
		return;
	}
}

static void climb_owners(struct asking *q, node object, unsigned depth)
{
	node_each_item(o, node_dig(object, "metadata", "ownerReferences")) {
		struct gvk g = gvk_parse(node_str(node_get(*o, S("apiVersion"))),
					 node_str(node_get(*o, S("kind"))));
		const struct objid id = { g.group, g.kind, flux_namespace(object),
					  node_str(node_get(*o, S("name"))) };
		node owner;

		if (depth <= DEPTH_MAX && !known(q, &id) && !is_open(q, &id) && get(q, &id, g.version, &owner))
			climb(q, owner, depth);
	}
}

static void climb_release(struct asking *q, node object, unsigned depth)
{
	str chart, namespace;

	climb_reference(q, object, node_dig(object, "spec", "chartRef"), FLUX_KINDS, depth);
	if (str_split(node_str(node_dig(object, "status", "helmChart")), '/', &namespace, &chart))
		climb_to(q, FLUX_CHART, namespace, chart, depth);
	else
		climb_reference(q, object, node_dig(object, "spec", "chart", "spec", "sourceRef"),
				FLUX_KINDS, depth);
}

/* What it is made of. */
static void climb_sources(struct asking *q, enum flux_kind_id kind, node object, unsigned depth)
{
	static const struct {
		enum flux_kind_id kind;
		const char *field;
		enum flux_kind_id otherwise;
	} rows[] = {
		{ FLUX_KUSTOMIZATION, "sourceRef", FLUX_KINDS },
		{ FLUX_CHART, "sourceRef", FLUX_KINDS },
		{ FLUX_EXTERNAL, "sourceRef", FLUX_KINDS },
		{ FLUX_IMAGE_POLICY, "imageRepositoryRef", FLUX_IMAGE_REPOSITORY },
		{ FLUX_IMAGE_UPDATE, "sourceRef", FLUX_GIT },
		{ FLUX_ALERT, "providerRef", FLUX_PROVIDER },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].kind == kind)
			climb_reference(q, object, node_dig(object, "spec", rows[i].field),
					rows[i].otherwise, depth);
	if (kind == FLUX_GENERATOR)
		node_each_item(ref, node_dig(object, "spec", "sources"))
			climb_reference(q, object, *ref, FLUX_KINDS, depth);
	if (kind == FLUX_KUSTOMIZATION || kind == FLUX_RELEASE)
		climb_dependencies(q, kind, object, depth);
	if (kind == FLUX_RELEASE)
		climb_release(q, object, depth);
}

/* All above an object, then the object itself. */
static void climb(struct asking *q, node object, unsigned depth)
{
	struct objid id = objid_of(object);
	enum flux_kind_id kind = is_flux(id.group) ? flux_kind_find(id.kind) : FLUX_KINDS;

	q->open[q->open_n++] = id;
	climb_manager(q, object, depth + 1);
	climb_owners(q, object, depth + 1);
	climb_sources(q, kind, object, depth + 1);
	q->open_n--;
	add_object(q, object);
}

/* ---- downwards --------------------------------------------------------- */

static void add_pods(struct asking *q, node workload)
{
	CLEANUP(buf_release) struct buf selector = BUF_INIT;
	node list;

	node_each_pair(p, node_dig(workload, "spec", "selector", "matchLabels"))
		buf_addf(&selector, "%s%.*s=%.*s", selector.n ? "," : "",
			 STR_ARG(node_str(p->key)), STR_ARG(node_str(p->value)));
	if (!selector.n)
		return;
	CLEANUP(err_drop)
	err *e = client_list(q->s->client, q->c->arena, &client_pods, flux_namespace(workload),
			     buf_str(&selector), STR_NONE, &list);

	node_each_item(pod, e ? NODE_NOTHING : node_get(list, S("items"))) {
		struct link l = { .id = objid_of(*pod), .object = *pod };

		judge(q, &l);
		if (l.state != FINE)
			add_object(q, *pod);
	}
}

static void descend(struct asking *q, node object, unsigned depth);

/* Of what it applied, that which is not well. */
static void add_inventory(struct asking *q, node object, unsigned depth)
{
	size_t n = 0;

	node_each_item(entry, node_dig(object, "status", "inventory", "entries")) {
		struct objid id;
		struct link l = { 0 };
		node found;

		CLEANUP(err_drop)
		err *e = objid_parse(q->c->arena, node_str(node_get(*entry, S("id"))), &id);

		if (n++ >= INVENTORY_MAX)
			return;
		if (e || known(q, &id) ||
		    !get(q, &id, node_str(node_get(*entry, S("v"))), &found))
			continue;
		l.id = id;
		l.object = found;
		judge(q, &l);
		if (l.state == FINE)
			continue;
		add_object(q, found);
		descend(q, found, depth);
	}
}

static void descend(struct asking *q, node object, unsigned depth)
{
	struct objid id = objid_of(object);

	if (depth > DEPTH_MAX || q->links.n >= LINKS_MAX)
		return;
	if (str_eq(id.group, S("apps")))
		add_pods(q, object);
	else if (is_flux(id.group))
		add_inventory(q, object, depth + 1);
}

/* ---- the answer -------------------------------------------------------- */

/* It failed because what it applied did not become ready in time. */
static bool waited(str says)
{
	static const char *const words[] = { "timeout", "deadline", "health check", "not ready",
					     "InProgress", "timed out" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_has(says, str_c(words[i])))
			return true;
	return false;
}

static const struct link *cause_of(const struct asking *q)
{
	const struct link *found = NULL;

	for (size_t i = 0; i < q->links.n; i++) {
		const struct link *l = &q->links.p[i];
		bool waits = l->state == WAITS || waited(l->says);

		if (l->state == FINE)
			continue;
		/* deeper where those above wait, and never from what is broken to what waits */
		if (!found || l->state != WAITS || found->state == WAITS)
			found = l;
		if (!waits && l->state != WAITS)
			return l;
	}
	return found;
}

static const char *symbol(enum state s)
{
	switch (s) {
	case FINE:
		return "✔";
	case WAITS:
		return "◎";
	case SUSPENDED:
		return "⚠️";
	case BROKEN:
	case MISSING:
		break;
	}
	return "✗";
}

static str one_line(str text)
{
	return str_sub(text, 0, str_find_char(text, '\n'));
}

static void print_chain(struct asking *q)
{
	for (size_t i = 0; i < q->links.n; i++) {
		const struct link *l = &q->links.p[i];

		buf_addf(&q->c->out.buf, "%s %.*s", symbol(l->state),
			 STR_ARG(objid_show(q->c->arena, &l->id)));
		buf_addf(&q->c->out.buf, l->says.n ? ": %.*s\n" : "%.*s\n",
			 STR_ARG(flux_short(q->c->arena, one_line(l->says))));
	}
}

static str annotation(node artifact, const char *key)
{
	return node_str(node_get(node_get(artifact, S("metadata")), str_c(key)));
}

/* The repository, revision and folder of the nearest source above the cause. An
 * artifact of a registry may tell which commit it was made of. */
static void print_place(struct asking *q, const struct link *cause)
{
	str url = STR_NONE, revision = STR_NONE, path = STR_NONE;

	for (const struct link *l = q->links.p; l < q->links.p + q->links.n; l++) {
		if (str_eq(l->id.kind, S("GitRepository"))) {
			url = node_str(node_dig(l->object, "spec", "url"));
			revision = at(l->object, "status", "artifact", "revision");
			path = STR_NONE;
		} else if (str_eq(l->id.kind, S("OCIRepository"))) {
			node artifact = node_dig(l->object, "status", "artifact");

			url = annotation(artifact, "org.opencontainers.image.source");
			revision = annotation(artifact, "org.opencontainers.image.revision");
			path = STR_NONE;
		} else if (is_flux(l->id.group) && str_eq(l->id.kind, S("Kustomization"))) {
			path = node_str(node_dig(l->object, "spec", "path"));
		}
		if (l == cause)
			break;
	}
	str_take_str(&url, S("ssh://localhost"));	/* what `rill up` follows */
	if (url.n)
		buf_addf(&q->c->out.buf, "in Git: %.*s %.*s %.*s\n", STR_ARG(url),
			 STR_ARG(flux_short(q->c->arena, revision)), STR_ARG(path));
}

static void print_next(struct asking *q, const struct link *l)
{
	str ns = l->id.namespace;

	if (is_disabled(l->object))
		buf_addf(&q->c->out.buf,
			 "next: kubectl annotate %.*s %.*s -n %.*s "
			 "source.extensions.fluxcd.io/reconcile=enabled --overwrite\n",
			 STR_ARG(l->id.kind), STR_ARG(l->id.name), STR_ARG(ns));
	else if (l->state == SUSPENDED)
		buf_addf(&q->c->out.buf, "next: rill resume %s %.*s -n %.*s\n",
			 flux_kinds[flux_kind_find(l->id.kind)].human, STR_ARG(l->id.name),
			 STR_ARG(ns));
	else if (l->state != MISSING && is_flux(l->id.group))
		buf_addf(&q->c->out.buf, "next: rill events --for %.*s/%.*s -n %.*s\n",
			 STR_ARG(l->id.kind), STR_ARG(l->id.name), STR_ARG(ns));
	else if (l->state != MISSING)
		buf_addf(&q->c->out.buf, "next: kubectl describe %.*s %.*s -n %.*s\n",
			 STR_ARG(l->id.kind), STR_ARG(l->id.name), STR_ARG(ns));
}

/* ---- objects that are not there ----------------------------------------- */

/* One of that name in another namespace may be the one that is meant. */
static void print_elsewhere(struct asking *q, const struct objid *id,
			    const struct client_resource *r)
{
	str fields = client_field(q->c->arena, S("metadata.name"), id->name);
	node list = NODE_NOTHING;

	if (!r->namespaced)
		return;
	CLEANUP(err_drop)
	err *e = client_list(q->s->client, q->c->arena, r, STR_NONE, STR_NONE, fields, &list);

	node first = node_at(e ? NODE_NOTHING : node_get(list, S("items")), 0);

	if (!node_is_nil(first))
		buf_addf(&q->c->out.buf, "next: rill why %.*s/%.*s -n %.*s\n", STR_ARG(id->kind),
			 STR_ARG(id->name), STR_ARG(flux_namespace(first)));
}

static bool in_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* "Deployment/web/shop dry-run failed ...", "post build failed for 'Deployment.v1.apps/shop'". */
static bool tells_of(struct arena *a, str message, const struct objid *id)
{
	str name = arena_cat(a, S("/"), id->name);
	size_t kind = str_find(message, id->kind), at;

	if (kind == STR_NPOS)
		return false;
	message = str_from(message, kind + id->kind.n);
	while ((at = str_find(message, name)) != STR_NPOS) {
		message = str_from(message, at + name.n);
		if (!message.n || !in_name(message.p[0]))
			return true;
	}
	return false;
}

/* Those that fail, or none of them but who `names` it. */
static err *ask_all(struct asking *q, const struct objid *id, bool names)
{
	static const enum flux_kind_id kinds[] = { FLUX_KUSTOMIZATION, FLUX_RELEASE };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const struct client_resource r = flux_resource(&flux_kinds[kinds[i]]);
		node list;

		TRY(client_list(q->s->client, q->c->arena, &r, STR_NONE, STR_NONE, STR_NONE, &list));
		node_each_item(o, node_get(list, S("items"))) {
			str target = node_str(node_dig(*o, "spec", "targetNamespace"));

			node ready = health_condition(*o, S("Ready"));

			if (health_condition_is_true(*o, S("Ready")) &&
			    !node_bool(node_dig(*o, "spec", "suspend")))
				continue;
			if (names && !tells_of(q->c->arena, node_str(node_get(ready, S("message"))), id))
				continue;
			if (!target.n || str_eq(target, id->namespace) ||
			    str_eq(flux_namespace(*o), id->namespace))
				climb(q, *o, 0);
		}
	}
	return NULL;
}

/* ---- the command ------------------------------------------------------- */

static err *find_target(struct asking *q, struct objid *id, const struct client_resource **r)
{
	const struct flag_words *w = &q->c->words;
	str kind = w->p[0], name = w->n > 1 ? w->p[1] : STR_NONE;

	if (w->n == 1)
		str_split(kind, '/', &kind, &name);
	if (!name.n)
		return err_new(ERR_INVALID, "an object is required: KIND/NAME, or KIND NAME");
	TRY(discovery_name(q->d, kind, r));
	if (!*r)
		return err_new(ERR_NOT_FOUND, "the server doesn't have a resource type \"%.*s\"",
			       STR_ARG(kind));
	*id = (struct objid){ (*r)->group, (*r)->kind,
			      (*r)->namespaced ? flux_settings(q->c)->namespace : STR_NONE, name };
	return NULL;
}

static err *answer(struct asking *q)
{
	const struct client_resource *r;
	struct objid id;
	node object;

	TRY(find_target(q, &id, &r));
	CLEANUP(err_drop)
	err *e = client_get(q->s->client, q->c->arena, r, id.namespace, id.name, &object);

	if (e && err_kind(e) == ERR_NOT_FOUND) {
		/* Any of them may be what it waits for, where none says so. */
		TRY(ask_all(q, &id, true));
		if (!q->links.n)
			TRY(ask_all(q, &id, false));
		add_missing(q, &id, e);
	} else if (e) {
		err *why = e;

		e = NULL;
		return why;
	} else {
		climb(q, object, 0);
		descend(q, object, 0);
	}
	const struct link *cause = cause_of(q);

	print_chain(q);
	if (!cause) {
		buf_addf(&q->c->out.buf, "\nall is well\n");
		return NULL;
	}
	buf_addf(&q->c->out.buf, "\nwhy: %.*s%s %.*s\n",
		 STR_ARG(objid_show(q->c->arena, &cause->id)), cause->state == MISSING ? "" : ":",
		 STR_ARG(str_trim(cause->says)));
	if (q->circle.n)
		buf_addf(&q->c->out.buf, "these wait for each other: %.*s\n", STR_ARG(q->circle));
	print_place(q, cause);
	if (cause->state == MISSING && objid_eq(&cause->id, &id))
		print_elsewhere(q, &id, r);
	else
		print_next(q, cause);
	q->c->status = 1;
	return NULL;
}

static err *run_why(struct cli *c)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	struct asking q = { .c = c, .s = &s };

	TRY(flux_open(c, &s));
	q.d = discovery_new(s.client);
	err *e = answer(&q);

	discovery_free(q.d);
	return e;
}

const struct command why_command = {
	.use = "why KIND/NAME",
	.args = { ARGS_RANGE, 1, 2 },
	.brief = "Tell why an object is not there, or not ready",
	.text = "Walk from the sources over Kustomizations and HelmReleases to the object and its Pods,\n"
		"and print the first link that is broken: what it says, and where it stands in Git. The\n"
		"exit status is 0 when all is well, else 1.",
	.example = "  # Why is this application not ready?\n"
		   "  rill why deployment/podinfo -n podinfo\n\n"
		   "  # What does everything wait for?\n"
		   "  rill why kustomization/flux-system",
	.before = flux_before,
	.run = run_why,
};
