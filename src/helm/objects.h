/* objects - the values that a chart's templates see beside plain data.
 *
 * .Files is a map of bytes with methods, .Values one of anything with
 * methods, .Capabilities a pointer to a struct; templates can tell
 * (`typeOf`), print them and call what they offer, as in Helm.
 *
 * Values live in the arena and borrow their texts. Worker-local.
 */
#ifndef HELM_OBJECTS_H
#define HELM_OBJECTS_H

#include "tmpl/exec.h"

/* What tmpl_options needs to know of the methods. */
extern const struct tmpl_funcs objects_files_methods, objects_values_methods;
extern const struct tmpl_func objects_version_set_has;

/* An empty .Files; objects_add_file puts one into it. */
node objects_files(struct arena *a, size_t cap);
void objects_add_file(struct arena *a, node files, str name, str data);

struct objects_kube_version {
	str version;    /* "v1.33.4-gke.1" */
	str normalized; /* "v1.33.4" */
	str major, minor;
};

struct objects_helm_version {
	str version, git_commit, git_tree_state, go_version, kube_client_version;
};

/* A version.BuildInfo by itself. */
node objects_helm_info(struct arena *a, const struct objects_helm_version *helm);

/* `api_versions` is a list of texts. */
node objects_capabilities(struct arena *a, const struct objects_kube_version *kube,
			  node api_versions, const struct objects_helm_version *helm);

#endif
