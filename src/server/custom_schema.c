/* Schemas of definitions: read when somebody wants them.
 *
 * Most kinds that are there are never used, and a compiled schema is ten times its
 * text. So a definition keeps the text alone, which it shares with the store. */
#include "server/custom_impl.h"

#include "kube/builtin.h"
#include "value/json.h"

#define METADATA S("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")

/* The lock is held, or nobody else is there yet. */
static str schema_text(const struct custom_version *v)
{
	str spec = blob_member(blob_json(v->custom->definition), S("spec")), item;
	str versions = blob_member(spec, S("versions"));

	while (blob_item(&versions, &item)) {
		str name = blob_member(item, S("name"));

		if (name.n > 2 && str_eq(str_sub(name, 1, name.n - 1), v->kind.gvk.version))
			return blob_member(blob_member(item, S("schema")), S("openAPIV3Schema"));
	}
	return STR_NONE;
}

/* Definitions are checked before they are stored. What is there all the same
 * and is no schema says nothing. */
static const struct type *compile(const struct custom_version *v)
{
	struct arena *a = &v->custom->arena;
	const struct type *metadata = builtin_named(METADATA), *t;
	node schema = NODE_NOTHING;
	str text = schema_text(v);
	err *e = text.n ? json_read(a, text, NULL, &schema) : NULL;

	if (!e)
		e = structural_compile(a, schema, metadata, &t);
	if (!e)
		return t;
	err_free(e);
	err_free(json_read(a, S("{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true}"),
			   NULL, &schema));
	return structural_compile(a, schema, metadata, &t) ? NULL : t;
}

const struct type *custom_type(const struct kind *k)
{
	struct custom_version *v = k->more;
	const struct type *t = atomic_load_explicit(&v->type, memory_order_acquire);

	if (t)
		return t;
	pthread_mutex_lock(&v->custom->lock);
	t = atomic_load_explicit(&v->type, memory_order_relaxed);
	if (!t) {
		t = compile(v);
		v->custom->compiled = true;
		atomic_store_explicit(&v->type, t, memory_order_release);
	}
	pthread_mutex_unlock(&v->custom->lock);
	return t;
}

void custom_moved(struct custom *c, struct blob *definition)
{
	pthread_mutex_lock(&c->lock);
	if (!c->compiled) {
		blob_unref(c->definition);
		c->definition = blob_ref(definition);
	}
	pthread_mutex_unlock(&c->lock);
}

node custom_schema(struct arena *a, const struct custom_version *v)
{
	struct custom *c = v->custom;
	node schema = NODE_NOTHING;

	pthread_mutex_lock(&c->lock);
	str text = arena_str(a, schema_text(v));

	pthread_mutex_unlock(&c->lock);
	if (text.n)
		err_free(json_read(a, text, NULL, &schema));
	return schema;
}
