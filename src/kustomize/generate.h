/* generate - ConfigMaps and Secrets made from files and literals, and the
 * hash that their names end in.
 *
 * Worker-local; results live in the arena.
 */
#ifndef KUSTOMIZE_GENERATE_H
#define KUSTOMIZE_GENERATE_H

#include "kustomize/loader.h"
#include "kustomize/resmap.h"
#include "value/source.h"

/* `args` is fitted to kfile_configmap_type or kfile_secret_type, its options
 * already merged with the global ones. */
err *generate_configmap(struct arena *a, const struct loader *l, node args, struct resource **out)
	__attribute__((warn_unused_result));
err *generate_secret(struct arena *a, const struct loader *l, node args, struct resource **out)
	__attribute__((warn_unused_result));

/* "key=path", or the path alone: its last name is the key then. */
err *generate_split_file(str source, str *key, str *path) __attribute__((warn_unused_result));

/* A generator's options over the file's generatorOptions. Either may be
 * NODE_NONE. */
node generate_merge_options(struct arena *a, node local, node global);

/* Base64 as generated Secrets hold it: long ones broken into lines of 70. */
str generate_base64(struct arena *a, str bytes);
/* The ten letters behind the name of a resource with these contents. */
err *generate_hash(struct arena *a, const struct resource *r, char out[11])
	__attribute__((warn_unused_result));

#endif
