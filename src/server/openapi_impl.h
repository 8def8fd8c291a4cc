/* openapi_impl - what the parts of openapi_docs.h share. */
#ifndef SERVER_OPENAPI_IMPL_H
#define SERVER_OPENAPI_IMPL_H

#include "kube/builtin.h"
#include "server/openapi_docs.h"

struct openapi_doc {
	struct arena *a;
	bool v2;
	str group, version;	/* of a v3 document */
	node schemas;		/* "definitions", or "components.schemas" */
	const struct type **wanted;	/* definitions to write; each once */
	size_t wanted_n;
	bool *seen;		/* by place in builtin_definitions */
};

static inline void openapi_set(struct openapi_doc *d, node to, const char *key, str text)
{
	node_set(d->a, to, str_c(key), node_from_str(d->a, text));
}

/* A reference to a definition, which is written as well. */
node openapi_ref(struct openapi_doc *d, str name);
/* The definitions that were referred to, and those that they refer to. */
void openapi_write_types(struct openapi_doc *d);
/* Words for people: "imagePullPolicy" is "Image pull policy." */
str openapi_words(struct arena *a, str name);

/* "x-kubernetes-group-version-kind" of one kind. */
node openapi_kind(struct openapi_doc *d, struct gvk g);
/* The definition of a row's objects, and of lists of them; custom ones are written. */
str openapi_definition(struct openapi_doc *d, const struct kind *k, bool list);
/* The paths of one resource. */
void openapi_add_paths(struct openapi_doc *d, node paths, const struct kind *k);

#endif
