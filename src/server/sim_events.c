/* sim_events - what controllers and the kubelet say about what they do.
 *
 * Events about the same thing with the same words are one Event that counts, as
 * the original's recorder does it; its name follows from them. */
#include "base/hash.h"
#include "server/check.h"
#include "server/meta.h"
#include "server/sim.h"

/* "NAME.0123456789abcdef": the same for the same words about the same object. */
static str event_name(struct arena *a, node about, const struct sim_event *e)
{
	str words = arena_cat(a, meta_get(about, S("uid")), S("/"), str_c(e->component), S("/"),
			      str_c(e->reason), S("/"), e->message, S("/"), e->container);
	uint64_t h = 14695981039346656037u;	/* FNV-1a */

	for (size_t i = 0; i < words.n; i++)
		h = (h ^ (unsigned char)words.p[i]) * 1099511628211u;
	return arena_printf(a, "%.*s.%016llx", STR_ARG(meta_get(about, S("name"))), (unsigned long long)h);
}

static node involved(struct arena *a, node about, str container)
{
	static const str kept[] = { S("name"), S("namespace"), S("resourceVersion"), S("uid") };
	node ref = node_map(a, 7);

	node_set(a, ref, S("apiVersion"), GET(about, "apiVersion"));
	node_set(a, ref, S("kind"), GET(about, "kind"));
	if (container.n)
		node_set(a, ref, S("fieldPath"),
			 node_from_str(a, arena_cat(a, S("spec.containers{"), container, S("}"))));
	for (size_t i = 0; i < 4; i++)
		if (meta_get(about, kept[i]).n)
			node_set(a, ref, kept[i], node_from_str(a, meta_get(about, kept[i])));
	return ref;
}

static node new_event(struct arena *a, node about, const struct sim_event *e, str name)
{
	node event = node_map(a, 12), metadata = node_map(a, 2), source = node_map(a, 2);
	node now = node_from_str(a, meta_now(a));

	node_set(a, metadata, S("name"), node_from_str(a, name));
	node_set(a, event, S("apiVersion"), node_lit("v1"));
	node_set(a, event, S("kind"), node_lit("Event"));
	node_set(a, event, S("metadata"), metadata);
	node_set(a, event, S("involvedObject"), involved(a, about, e->container));
	node_set(a, event, S("reason"), node_from_str(a, str_c(e->reason)));
	node_set(a, event, S("message"), node_from_str(a, e->message));
	node_set(a, source, S("component"), node_from_str(a, str_c(e->component)));
	if (str_eq(str_c(e->component), S(SIM_KUBELET)))
		node_set(a, source, S("host"), node_lit(SIM_NODE));
	node_set(a, event, S("source"), source);
	node_set(a, event, S("firstTimestamp"), now);
	node_set(a, event, S("lastTimestamp"), now);
	node_set(a, event, S("count"), node_from_int(1));
	node_set(a, event, S("type"), e->warning ? node_lit("Warning") : node_lit("Normal"));
	node_set(a, event, S("reportingComponent"), node_from_str(a, str_c(e->component)));
	return event;
}

void sim_tell(struct minder_call *c, node about, const struct sim_event *e)
{
	struct arena *a = c->arena;
	str namespace = meta_get(about, S("namespace")), name = event_name(a, about, e);
	node there, body;
	bool again;

	if (!namespace.n)
		namespace = S("default");
	there = minder_get(c, STR_NONE, S("events"), namespace, name);
	again = node_is(there, NODE_MAP);
	if (again) {
		body = node_map(a, 2);
		node_set(a, body, S("count"), node_from_int(INT_OF(there, "count") + 1));
		node_set(a, body, S("lastTimestamp"), node_from_str(a, meta_now(a)));
	} else {
		body = new_event(a, about, e, name);
	}
	/* nobody depends on events: a namespace that goes takes no more of them */
	err_free(minder_write(c,
			      &(struct minder_write){
				      .agent = e->component,
				      .method = again ? S("PATCH") : S("POST"),
				      .type = again ? S("application/merge-patch+json") : STR_NONE,
				      .path = minder_path(a, "v1", S("events"), namespace,
							  again ? name : STR_NONE, STR_NONE),
				      .body = body },
			      NULL));
}
