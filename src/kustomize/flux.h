/* flux - a directory of an artifact, built as Flux builds it for one
 * Kustomization object (fluxcd/pkg/kustomize 1.44, kustomize-controller 1.9).
 *
 * The controller and `flux build kustomization` go the same way:
 *
 *	flux_dir		spec.path below the root of the artifact
 *	flux_generate		the kustomization file: found, or made to list all manifests
 *				below the directory; the object's spec merged into it
 *	flux_render		decrypt the files that it names, build, and for each object:
 *				decrypt, replace the variables of spec.postBuild
 *	kustomize_print		the manifests, whose digest is kept in the status
 *	flux_own_labels, flux_common_metadata
 *				what is added to each object before it is applied
 *
 * Nothing is sorted; files may lie anywhere below the root and nowhere else.
 * Flux writes the merged file and the decrypted ones into its working copy; here
 * they are laid over the directory, which stays as it is. Whatever needs a
 * cluster or keys comes in through structs of functions; each may be NULL.
 *
 * `object` is the Kustomization, of any version of its API (patchesStrategicMerge
 * and patchesJson6902 of the old ones are merged, too). Of its spec these read:
 * path, targetNamespace, namePrefix, nameSuffix, patches, components,
 * ignoreMissingComponents, images, buildMetadata, decryption.provider, postBuild,
 * commonMetadata. If it was read with places (value/source.h), errors in its
 * patches tell where in its file they are.
 *
 * Ownership: results live in the arena. Worker-local.
 */
#ifndef KUSTOMIZE_FLUX_H
#define KUSTOMIZE_FLUX_H

#include "base/fs.h"
#include "base/map.h"
#include "kustomize/build.h"

struct flux_source {
	const struct fs *root;	/* of the artifact; links inside of it are followed */
	str dir;		/* cleaned, below the root; empty for the root */
	/* Leave out what .sourceignore files and `ignore` name, as the CLI does. */
	bool filter;
	str ignore;
	struct sources *sources;	/* for positions; may be NULL */
	struct remote *remote;		/* NULL: remote bases are refused */
	struct kustomize_helm *helm;	/* NULL: as Flux, which has no chart inflation */
};

/* The directory of spec.path: ".." does not lead out of the root. "kustomization
 * path not found: stat ROOT/PATH: ..." if there is none. */
err *flux_dir(struct arena *a, const struct fs *root, node object, str *out)
	__attribute__((warn_unused_result));

/* ---- the kustomization file -------------------------------------------- */

struct flux_kfile {
	bool created;		/* Flux says "created", else "unchanged" */
	str path;		/* absolute */
	str text;
	node root;		/* what the text says; values know where they come from */
};

err *flux_generate(struct arena *a, const struct flux_source *s, node object,
		   struct flux_kfile *out) __attribute__((warn_unused_result));

/* The build alone. */
err *flux_build(struct arena *a, const struct flux_source *s, const struct flux_kfile *k,
		struct resmap **out) __attribute__((warn_unused_result));

/* ---- variables --------------------------------------------------------- */

/* Where spec.postBuild.substituteFrom finds its objects. */
struct flux_lookup {
	/* The ConfigMap or Secret (`kind`) as the API has it; ERR_NOT_FOUND when there
	 * is none. */
	err *(*get)(struct flux_lookup *l, struct arena *a, str kind, str ns, str name, node *out);
};

/* All variables of an object, the later ones over the earlier: those of
 * substituteFrom (unless `l` is NULL, as in a dry run), then its own. A map from
 * name to `str *` in the arena. */
err *flux_vars(struct arena *a, node object, struct flux_lookup *l, struct map *vars)
	__attribute__((warn_unused_result));
/* Its own alone, over those that `vars` holds already. */
err *flux_inline_vars(struct arena *a, node object, struct map *vars)
	__attribute__((warn_unused_result));
/* A variable's value as Flux takes it from any source: without line feeds. */
str flux_var(struct arena *a, str value);

struct flux_substitution {
	const struct map *vars;
	bool strict;		/* a variable that has no value and no default fails */
	bool always;		/* also without any variable: for the defaults */
	struct sources *sources;	/* those of the build, to tell where; may be NULL */
};

/* A resource marked "kustomize.toolkit.fluxcd.io/substitute: disabled" stays
 * as it is. Errors begin with "envsubst error: "; of variables that are not set
 * they tell all, the line of each, and what to do. */
err *flux_substitute(struct arena *a, const struct flux_substitution *s, struct resource *r)
	__attribute__((warn_unused_result));

/* ---- decryption -------------------------------------------------------- */

enum flux_format { FLUX_BINARY, FLUX_DOTENV, FLUX_INI, FLUX_JSON, FLUX_YAML };

/* SOPS, with whatever keys the caller has. */
struct flux_decryptor {
	/* What a file of format `in` holds, written in format `out`; `bytes` has the
	 * mark of an encrypted file. Its integrity is not checked: builds put texts
	 * into objects. Errors are those of SOPS ("cannot get sops data key: ..."). */
	err *(*decrypt)(struct flux_decryptor *d, struct arena *a, str bytes, enum flux_format in,
			enum flux_format out, str *plain);
	/* The integrity of an encrypted file as it lies there, before anything is built of
	 * it: asked of all that are decrypted, and of resources; NULL: not checked. */
	err *(*check)(struct flux_decryptor *d, str bytes, enum flux_format in);
};

/* The format that a file's name stands for. */
enum flux_format flux_format_of(str path);

/* Decrypt the files that the kustomization file and those that it leads to name:
 * secretGenerator's files and envs, and patches. `texts` gets the plain text (a
 * `str *` in the arena) of each that was encrypted, by absolute path. */
err *flux_decrypt_sources(struct arena *a, const struct flux_source *s, const struct flux_kfile *k,
			  struct flux_decryptor *d, struct map *texts)
	__attribute__((warn_unused_result));
/* Decrypt an object that is encrypted as a whole, or the values of a Secret that
 * are. One marked "kustomize.toolkit.fluxcd.io/decrypt: disabled" stays as it is. */
err *flux_decrypt_resource(struct arena *a, struct flux_decryptor *d, struct resource *r)
	__attribute__((warn_unused_result));
/* Whether an object is a Secret that SOPS encrypted: it must not be applied. */
bool flux_is_encrypted(node object);

/* ---- all of it --------------------------------------------------------- */

struct flux_rendering {
	struct flux_lookup *lookup;	/* NULL: substituteFrom is not looked at */
	struct flux_decryptor *decryptor;	/* NULL: nothing is decrypted, whatever the spec says */
	bool strict;		/* the controller's default; `flux build` has a flag */
	bool as_cli;		/* word errors as `flux build kustomization` does */
};

/* Everything between the kustomization file and the manifests. Errors begin as
 * Flux's: "error decrypting sources: ", "kustomize build failed: ", "decryption
 * failed for 'KIND.VERSION.GROUP/NAME': ", "post build failed for '...': ". */
err *flux_render(struct arena *a, const struct flux_source *s, const struct flux_kfile *k,
		 node object, const struct flux_rendering *how, struct resmap **out)
	__attribute__((warn_unused_result));

/* ---- what is added at last --------------------------------------------- */

/* "kustomize.toolkit.fluxcd.io/name" and "/namespace" of the Kustomization. */
void flux_own_labels(struct arena *a, node kustomization, node object);
/* The labels and annotations of spec.commonMetadata over those of the object, which
 * the controller has brought to its normal form before. */
void flux_common_metadata(struct arena *a, node kustomization, node object);
/* What `flux build` and `flux diff` show of a Secret that holds encrypted data:
 * "**SOPS**" in place of its values. */
err *flux_mask_secret(struct arena *a, struct resource *r) __attribute__((warn_unused_result));

#endif
