/* flux_manifests - what "flux install" puts into a cluster.
 *
 * Rill is one program: one Deployment stands for all controllers of Flux. Around
 * it is what Flux has, under Flux's names: the namespace, network policies, roles
 * for users, the binding to cluster-admin that applying needs, and the definitions
 * of all kinds in all their versions, from the tables of api/kind.h. The Pod
 * keeps the restricted security standard.
 *
 * Worker-local; objects live in the arena.
 */
#ifndef CLI_FLUX_MANIFESTS_H
#define CLI_FLUX_MANIFESTS_H

#include "cli/flags.h"
#include "value/node.h"

/* The Deployment, its Pods and account. */
#define MANIFESTS_NAME "rill"

struct manifests_options {
	str namespace;
	struct flag_list components, extra, toleration_keys;
	str version, registry, registry_login, image_pull_secret, log_level, cluster_domain;
	str old_manifests;	/* a flag without effect */
	bool network_policy, watch_all_namespaces;
	bool own_registry;	/* --registry was given: the image comes from there */
};

/* The flags that "install" and "bootstrap" share; `at` is a macro that gives a
 * field's offset. */
#define MANIFESTS_FLAGS(at)                                                                     \
	{ "cluster-domain", 0, FLAG_STRING, at(cluster_domain), "domain of the cluster's DNS",  \
	  .fallback = "cluster.local" },                                                        \
	{ "components", 0, FLAG_LIST, at(components),                                           \
	  "controllers whose work is done, and whose kinds are defined; all in one process",    \
	  .fallback = COMPONENTS_DEFAULT },                                                     \
	{ "components-extra", 0, FLAG_LIST, at(extra), "controllers besides those" },           \
	{ "image-pull-secret", 0, FLAG_STRING, at(image_pull_secret),                           \
	  "Secret that the image is pulled with" },                                             \
	{ "log-level", 0, FLAG_CUSTOM, at(log_level), "what is logged", .fallback = "info",     \
	  .type = &choice_log_level, .choices = "debug info error" },                           \
	{ "manifests", 0, FLAG_STRING, at(old_manifests), "without effect", .hidden = true },   \
	{ "network-policy", 0, FLAG_BOOL, at(network_policy),                                   \
	  "let nobody in from other namespaces but for metrics and webhooks",                   \
	  .fallback = "true" },                                                                 \
	{ "registry", 0, FLAG_STRING, at(registry),                                             \
	  "registry of the image; unless it is given, the image is one that the nodes have",    \
	  .fallback = "ghcr.io/fluxcd" },                                                       \
	{ "registry-creds", 0, FLAG_STRING, at(registry_login),                                 \
	  "login of the registry as user:password, put into --image-pull-secret" },             \
	{ "toleration-keys", 0, FLAG_LIST, at(toleration_keys),                                 \
	  "keys of taints that the Pod tolerates" },                                            \
	{ "version", 'v', FLAG_STRING, at(version), "version of Flux to install: this one" },   \
	{ "watch-all-namespaces", 0, FLAG_BOOL, at(watch_all_namespaces),                       \
	  "look after all namespaces, not only the own one", .fallback = "true" }

/* Every one is a controller of Flux: "component x is not available". */
err *manifests_check_components(const struct flag_list *list) __attribute__((warn_unused_result));
/* A controller of Flux whose work rill does not do: it may run beside it. */
bool manifests_is_kept(str component);
/* What is wrong with the options, in flux's words. */
err *manifests_check(struct arena *a, const struct manifests_options *o)
	__attribute__((warn_unused_result));
/* All objects, in the order in which they are printed: a list. */
err *manifests_make(struct arena *a, const struct manifests_options *o, node *out)
	__attribute__((warn_unused_result));
/* The objects as YAML, behind the comment that names version and components. */
err *manifests_print(struct arena *a, const struct manifests_options *o, node objects,
		     struct buf *out) __attribute__((warn_unused_result));
#endif
