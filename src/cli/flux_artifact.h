/* flux_artifact - what the commands about artifacts in registries share.
 *
 * `flux push|pull|list|tag|diff artifact` take an address as oci://host/repo:tag,
 * and log in with --creds, else with what Docker's (or Podman's) configuration
 * says, credential helpers included. A registry that is busy is asked again,
 * later and later, until --timeout.
 *
 * Worker-local.
 */
#ifndef CLI_FLUX_ARTIFACT_H
#define CLI_FLUX_ARTIFACT_H

#include "cli/flux.h"
#include "source/filelist.h"
#include "source/oci.h"

/* ---- registries ---------------------------------------------------------- */

struct flux_registry {
	str creds, provider;
	bool insecure;
};

/* Rows of a table of flags; AT(field) gives the place of a flux_registry's. */
#define FLUX_REGISTRY_FLAGS(AT)                                                         \
	{ "creds", 0, FLAG_STRING, AT(creds), "login of the registry, as user:password, or a token" }, \
	{ "provider", 0, FLAG_CUSTOM, AT(provider), "who runs the registry: generic, aws, azure or gcp", \
	  .fallback = "generic", .type = &choice_oci_provider }
#define FLUX_INSECURE_FLAG(AT)                                                          \
	{ "insecure-registry", 0, FLAG_BOOL, AT(insecure), "allow a registry without TLS" }

/* "oci://host/repo:tag"; `address` is what stands behind the scheme. */
err *flux_artifact_url(struct cli *c, str url, struct ociref *out, str *address)
	__attribute__((warn_unused_result));

struct flux_artifact_client {
	struct net_client *net;
	struct oci *oci;
	int64_t deadline;
};
#define FLUX_ARTIFACT_CLIENT_NONE { 0 }

/* Log in, and say so where flux does. */
err *flux_artifact_open(struct cli *c, const struct flux_registry *r, const struct ociref *ref,
			bool push, struct flux_artifact_client *out)
	__attribute__((warn_unused_result));
/* For CLEANUP(flux_artifact_close) struct flux_artifact_client x = FLUX_ARTIFACT_CLIENT_NONE. */
void flux_artifact_close(struct flux_artifact_client *x);

/* Whether to try again after that error; waits before it says so. */
struct flux_artifact_patience {
	int64_t wait;	/* next; 0: the first time */
};
bool flux_artifact_again(const struct flux_artifact_client *x, struct flux_artifact_patience *p,
			 const err *e);

/* ---- archives ------------------------------------------------------------- */

struct flux_archive {
	struct flag_list ignore, add_ignore;
	bool resolve_links;
};

#define FLUX_ARCHIVE_IGNORED                                                                  \
	".git/,.gitignore,.gitmodules,.gitattributes,*.jpg,*.jpeg,*.gif,*.png,*.wmv,*.flv,"   \
	"*.tar.gz,*.zip"
#define FLUX_ARCHIVE_FLAGS(AT)                                                                \
	{ "add-ignore-paths", 0, FLAG_LIST, AT(add_ignore),                                   \
	  "more paths to leave out, as .gitignore has them" },                                \
	{ "ignore-paths", 0, FLAG_LIST, AT(ignore), "paths to leave out, as .gitignore has them", \
	  .fallback = FLUX_ARCHIVE_IGNORED }
#define FLUX_LINKS_FLAG(AT)                                                                   \
	{ "resolve-symlinks", 0, FLAG_BOOL, AT(resolve_links),                                \
	  "put what symbolic links lead to in their place" }

/* Bytes of an archive, packed and unpacked. */
enum { FLUX_ARCHIVE_MAX = 1 << 30 };

/* A directory, a file, or "-" for standard input, as a compressed tar: the
 * same files give the same bytes. Lives in the command's arena. */
err *flux_archive_make(struct cli *c, const struct flux_archive *o, str path, str *out)
	__attribute__((warn_unused_result));
/* Whether there is such a directory or file; fs_stat's error otherwise. */
err *flux_archive_check(struct cli *c, str path) __attribute__((warn_unused_result));

#endif
