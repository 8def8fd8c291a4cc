/* helm_fetch - a chart that the user named, from wherever it is.
 *
 *	repo/chart			of a repository that was added
 *	https://host/chart-1.0.0.tgz	an archive
 *	oci://host/path/chart		of a registry
 *	chart, with --repo URL		of a repository that was not
 *
 * Words and rules are those of Helm's downloader: which login goes where,
 * which version is meant, what its cache is good for. Worker-local.
 */
#ifndef CLI_HELM_FETCH_H
#define CLI_HELM_FETCH_H

#include "cli/helm_repos.h"
#include "source/oci.h"

/* Bytes of one chart, as large as Helm would take. */
enum { HELM_FETCH_MAX = 256 << 20 };

struct helm_fetched {
	str name;	/* "podinfo-6.5.3.tgz" */
	str url;	/* where it was */
	str bytes;
	str digest;	/* hex, as the index says; empty: it does not */
	str prov;	/* its provenance file, where it was asked for; empty: none */
	str no_prov;	/* why there is none */
	str warning;	/* the same as a line for the user, who asked but did not insist */
	str report;	/* of --verify: who signed it */
	str pulled;	/* "Pulled: ...\nDigest: ...\n" of a registry */
};

/* `version` may be a range, or empty. `pulled` is there also when the signature is not right. */
err *helm_fetch(struct cli *c, str ref, str version, const struct helm_chart_options *o,
		struct helm_fetched *out) __attribute__((warn_unused_result));
/* The same into Helm's content cache; gives the path there. */
err *helm_fetch_cached(struct cli *c, str ref, str version, const struct helm_chart_options *o,
		       str *path) __attribute__((warn_unused_result));

/* The URL of a chart in a repository that was not added, without a login. */
err *helm_fetch_find(struct cli *c, str repo, str name, str version, str *url)
	__attribute__((warn_unused_result));

/* A registry that is spoken to as Helm would: with the logins of its
 * registry/config.json, unless the flags have one. */
struct helm_registry {
	struct oci *oci;
	struct ociref ref;
	struct net_tls tls;
	struct ociauth_config config;
};
/* $HELM_REGISTRY_CONFIG and its kin. */
str helm_registry_file(struct cli *c);
/* `ref` is oci://host/path/chart, or a host alone, to log in there. Half a login of the
 * flags is none, but for logging in. */
err *helm_registry_open(struct cli *c, struct net_client *net, str ref,
			const struct helm_server_options *o, bool push, struct helm_registry *out)
	__attribute__((warn_unused_result));
/* A tag has no '+'; Helm writes '_' there: the text with one for the other. */
str helm_swap(struct arena *a, str s, char from, char to);
/* What Helm says of a tag that has one; empty for others. */
str helm_underscore(struct arena *a, str shown, str tag);

/* Registries: the highest version of a chart in a range (an exact one is taken
 * as it is), and a chart's bytes. `ref` is oci://host/path/chart. */
err *helm_fetch_tag(struct cli *c, struct net_client *net, str ref, str range,
		    const struct helm_server_options *o, str *out)
	__attribute__((warn_unused_result));
err *helm_fetch_oci(struct cli *c, struct net_client *net, str ref, str version,
		    const struct helm_server_options *o, struct helm_fetched *out)
	__attribute__((warn_unused_result));

#endif
