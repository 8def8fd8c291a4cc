/* kind - what the server knows about one served resource, and the hooks of
 * built-in kinds.
 *
 * One core serves all resources: it reads, defaults, admits, validates,
 * stores and prints by the row of the resource, a struct kind. Rows of
 * built-in resources are constant tables (kinds.c and the kinds_*.c that it
 * gathers), rows of custom resources are made from their
 * CustomResourceDefinition (custom.c). Only what the types cannot say is code, and
 * that code is in the hooks: defaults, preparation, validation, table cells.
 *
 * A hook works on node trees in the arena of the request. `object` may be
 * changed by defaults, prepare and admit; `old` may not. What is wrong is
 * added to `errors`, what is worth a warning to `warnings`; a hook that must
 * refuse with another Status than Invalid sets `refusal`.
 *
 * Hooks never write to the store. What they need to see of other objects
 * (a namespace's labels, a ServiceAccount, a quota) they get through
 * `look`, which reads the current state.
 *
 * Rows of built-in kinds: immutable, any thread. Calls: worker-local.
 *
 * Rows of custom resources live in their owner, with their texts and types, and go with the
 * last reference, which another thread may drop at any time: a definition is replaced while
 * objects are written through the row of before. So whoever has a row from the registry holds
 * a reference (kind_ref) as long as he uses it or anything taken from it: kind_type, columns,
 * names, defaults, and trees whose texts are from there. A request holds that of its own
 * kind and those of request_hold; a watch holds its row.
 */
#ifndef SERVER_KIND_H
#define SERVER_KIND_H

#include <stdatomic.h>

#include "kube/gvk.h"
#include "schema/fielderr.h"
#include "schema/type.h"
#include "value/node.h"

struct cell_rule;
struct kind;
struct kind_call;

enum kind_verb {
	KIND_GET = 1 << 0,
	KIND_LIST = 1 << 1,
	KIND_WATCH = 1 << 2,
	KIND_CREATE = 1 << 3,
	KIND_UPDATE = 1 << 4,
	KIND_PATCH = 1 << 5,
	KIND_DELETE = 1 << 6,
	KIND_DELETE_ALL = 1 << 7,
	KIND_ALL_VERBS = (1 << 8) - 1,
};

/* How `metadata.generation` moves. */
enum kind_generation {
	KIND_GENERATION_NONE,	/* the client's value is stored at creation and kept */
	KIND_GENERATION_FIRST,	/* 1, whatever happens */
	KIND_GENERATION_SPEC,	/* 1, then +1 for every change of spec */
	KIND_GENERATION_ANNOTATIONS,	/* the same, and of annotations (Deployment) */
	KIND_GENERATION_LABELS,	/* the next, and of labels (EndpointSlice) */
	KIND_GENERATION_ALL,	/* +1 for every change outside metadata (and status, with /status) */
};

struct kind_column {
	const char *name;
	const char *type;	/* "string", "integer", "date", ... */
	const char *format;	/* "name" or "" */
	const char *about;	/* description: our own words, or the recorded fact */
	int priority;
};

/* A field selector's label and where its value is: "spec.nodeName". */
struct kind_selectable {
	const char *label;
	/* The value as text; NULL function: the label is the path of a string. */
	str (*value)(struct arena *a, node object);
};

/* A subresource besides status and scale, as discovery lists it. */
struct kind_subresource {
	str name;
	struct gvk gvk;			/* of what it takes or gives; often only the kind */
	uint16_t verbs;			/* enum kind_verb, or-ed */
};

struct kind_hooks {
	/* The type of a kind that has it made when it is first needed. */
	const struct type *(*type)(const struct kind *k);
	/* Of a resource that shows the objects of another one (`stored`): the
	 * object as it is stored, and back. */
	node (*to_stored)(struct arena *a, node object);
	node (*from_stored)(struct arena *a, node object);
	/* Set what is missing, as the defaulting functions of the API do: on
	 * create, update, patch, and before comparing. Idempotent. */
	void (*defaults)(struct arena *a, const struct kind *k, node object);
	/* What becomes of the object on its way into the store and back, once it is
	 * found good. */
	void (*stored)(struct arena *a, const struct kind *k, node object);
	/* What the strategy does before validation: drop status, allocate,
	 * carry over. `old` is NODE_NONE on create. Default: nothing more than
	 * the core does (status, generation, system metadata). */
	void (*prepare)(struct kind_call *c);
	/* Mutating admission of this kind. */
	void (*admit)(struct kind_call *c);
	/* All rules of create (old is NODE_NONE) and update. Metadata is
	 * validated by the core with `name_rule`. */
	void (*validate)(struct kind_call *c);
	/* Warnings about what has passed validation. */
	void (*warn)(struct kind_call *c);
	/* Validating admission, of what has passed validation. */
	void (*check)(struct kind_call *c);
	/* Cells behind those columns, for one object: one node a column. Of
	 * kinds without rules for them (`cells`). */
	void (*cells)(struct arena *a, const struct kind *k, node object, node *cells);
	/* The row's `conditions` (Pods), or NODE_NONE. */
	node (*row_conditions)(struct arena *a, node object);
};

/* What rows that come and go live in. */
struct kind_owner {
	atomic_uint refs;
	void (*release)(struct kind_owner *o);	/* at the last reference */
};

enum kind_name_rule {
	KIND_NAME_SUBDOMAIN,	/* DNS-1123 subdomain */
	KIND_NAME_LABEL,	/* DNS-1123 label */
	KIND_NAME_PATH,		/* a path segment: RBAC and a few others */
	KIND_NAME_OWN,		/* the validate hook checks the name itself, or nobody does */
};

struct kind {
	struct gvk gvk;			/* group "" is core */
	str plural, singular, list_kind;
	const str *short_names;
	size_t short_names_n;
	const str *categories;
	size_t categories_n;
	bool namespaced;
	bool has_status, has_scale;	/* subresources */
	bool begins_with_status;	/* a new object keeps the status that it is sent with */
	const struct kind_subresource *subresources;	/* the others, by name */
	size_t subresources_n;
	bool custom;			/* of a CRD */
	uint16_t verbs;			/* enum kind_verb, or-ed */
	uint8_t generation;		/* enum kind_generation */
	uint8_t name_rule;		/* enum kind_name_rule */
	/* What the rules of the kind itself do about metadata, besides what all kinds share. */
	uint8_t checks_anew;		/* how often an update validates it as that of a new object */
	bool checks_no_change;		/* an update does not compare it with what was */
	bool checks_no_meta;		/* nothing */
	bool free_base;			/* generateName needs not follow the rule of names */
	bool needs_version;		/* an update must say which state it changes */
	bool delete_returns_object;	/* DELETE answers with the object, not a Status */
	const struct type *type;	/* of the whole object; by kind_type where a hook makes it */
	const struct kind_column *columns;
	size_t columns_n;
	const struct cell_rule *cells;	/* cells.h; of custom resources the hook makes them */
	size_t cells_n;
	const struct kind_selectable *selectable;	/* besides metadata.name and .namespace */
	size_t selectable_n;
	const struct kind_hooks *hooks;	/* NULL: none */
	/* A resource that shows the objects of another in a shape of its own
	 * (events.k8s.io, autoscaling/v1): the row of what is stored; else NULL. */
	const struct kind *stored;
	/* Of what the objects stored last were made by: a change of schema makes it
	 * another, and older blobs are read through the schema again. 0: constant. */
	uint64_t stamp;
	const char *hidden_note;	/* an annotation that views of the metadata alone lack */
	const char *deprecated;		/* the warning of every request; NULL: none */
	struct kind_owner *owner;	/* NULL: the row is constant */
	void *more;			/* of a CRD: custom.h */
};

static inline const struct kind *kind_ref(const struct kind *k)
{
	if (k && k->owner)
		atomic_fetch_add_explicit(&k->owner->refs, 1, memory_order_relaxed);
	return k;
}
static inline void kind_unref(const struct kind *k)
{
	if (k && k->owner &&
	    atomic_fetch_sub_explicit(&k->owner->refs, 1, memory_order_acq_rel) == 1)
		k->owner->release(k->owner);
}
static inline const struct kind *kind_stored(const struct kind *k)
{
	return k->stored ? k->stored : k;
}

/* Borrowed from the row. */
static inline const struct type *kind_type(const struct kind *k)
{
	return k->hooks && k->hooks->type ? k->hooks->type(k) : k->type;
}

struct kind_warnings {
	struct arena *arena;
	str *list;
	size_t n, cap;
};

/* More than fit the headers of an answer are dropped, and so is a repeated one. */
enum { KIND_WARNINGS_MAX = 100 };
void kind_warn(struct kind_warnings *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void kind_warn_text(struct kind_warnings *w, str text);

/* A change as the client has it who asks for it through a subresource of its own kind: a Scale. */
struct kind_shape {
	const struct kind *kind;	/* its gvk and type */
	node object, old;
};

/* One write of one object, as the hooks see it. */
struct kind_call {
	struct arena *arena;
	const struct kind *kind;
	node object;			/* as it will be stored */
	node old;			/* NODE_NONE on create */
	const struct kind_shape *shape;	/* what the client sees of it, where that is another; NULL */
	str subresource;		/* empty, "status", "scale", ... */
	str namespace;			/* empty outside namespaces */
	str user;			/* who asks */
	const str *groups;
	size_t groups_n;
	bool dry_run;
	struct fielderrs *errors;
	struct kind_warnings *warnings;
	err *refusal;			/* code and reason by err_kind and err_detail: status.h */
	/* The current object, read only, in the call's arena; NODE_NONE when
	 * there is none. `namespace` empty: cluster scope. */
	node (*look)(struct kind_call *c, str group, str plural, str namespace, str name);
	/* All current objects of a resource in a namespace, as a list of objects. */
	node (*look_all)(struct kind_call *c, str group, str plural, str namespace);
	/* Cluster IPs, node ports: ask for a given one (or "" / 0 for any), NODE_NONE
	 * and an entry in `errors` at `path` when it is taken or out of range. */
	node (*allocate_ip)(struct kind_call *c, str wanted, str path);
	node (*allocate_port)(struct kind_call *c, int64_t wanted, str path);
	void *server;
	void *taken;			/* the allocator's: what this call was given */
};

/* The metadata as partial views show it: the same, or a copy without hidden_note. */
node kind_metadata(struct arena *a, const struct kind *k, node object);

/* All built-in rows, in the order of /api and /apis (apiserver's group order,
 * preferred version first, resources by name). */
const struct kind *const *kind_builtins(size_t *n);

#endif
