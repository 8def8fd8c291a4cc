/* helm_repos - the chart repositories a user has added, and what is cached of them.
 *
 * repositories.yaml holds names, URLs and logins; the cache holds each one's
 * index.yaml as it was fetched last, and the names of its charts for
 * completion. Files, places and modes are Helm's: both programs can take
 * turns. Worker-local.
 */
#ifndef CLI_HELM_REPOS_H
#define CLI_HELM_REPOS_H

#include "cli/helm.h"
#include "helm/repoindex.h"
#include "source/helmrepo.h"

struct helm_repo {
	str name, url, username, password;
	str cert_file, key_file, ca_file;
	bool insecure, pass_credentials;
};

struct helm_repos {
	str api_version, generated;	/* as the file has them */
	struct helm_repo *p;
	size_t n, cap;
};

/* Repositories in one file. */
enum { HELM_REPOS_MAX = 10000 };

/* Flags and environment, else Helm's own places. */
str helm_repos_file(struct cli *c);
str helm_repos_cache(struct cli *c);
/* NAME-index.yaml in the cache. */
str helm_repos_index(struct cli *c, str name);

/* Make a directory and those above it; and a file with them, written whole. */
err *helm_make_dir(str path) __attribute__((warn_unused_result));
err *helm_write_file(struct cli *c, str path, str bytes, unsigned mode)
	__attribute__((warn_unused_result));

/* "couldn't load repositories file (PATH): open PATH: no such file or
 * directory" (ERR_NOT_FOUND); `out` is empty then. */
err *helm_repos_load(struct cli *c, struct helm_repos *out) __attribute__((warn_unused_result));
err *helm_repos_save(struct cli *c, const struct helm_repos *r)
	__attribute__((warn_unused_result));
/* NULL: there is none of that name. */
struct helm_repo *helm_repos_find(const struct helm_repos *r, str name);
bool helm_repo_same(const struct helm_repo *a, const struct helm_repo *b);
/* URLs that mean the same place: urlutil.Equal. */
bool helm_url_equal(str a, str b);

/* An index that was opened: its text is a mapped file, or a spool. */
struct helm_index {
	struct repoindex *ix;
	struct spool spool;
	void *map;
	size_t map_n;
};
#define HELM_INDEX_INIT { .spool = { .fd = -1 } }
/* The cached one of a repository, or any file. "error loading PATH: ...". */
err *helm_index_open(struct cli *c, str path, struct helm_index *out)
	__attribute__((warn_unused_result));
/* What lies in the spool. `source` is for notices. */
err *helm_index_read(struct cli *c, str source, struct helm_index *out)
	__attribute__((warn_unused_result));
void helm_index_release(struct helm_index *x);

/* Files of flags or repositories.yaml, empty where there is none. */
struct helm_tls_files {
	str cert, key, ca;
	bool insecure;
};
/* *any: whether they change anything; a certificate without its key does not.
 * "can't create TLS config for client: ..." */
err *helm_tls(struct cli *c, const struct helm_tls_files *f, struct net_tls *out, bool *any)
	__attribute__((warn_unused_result));

/* "invalid chart URL format: URL", "could not find protocol handler for: ftp". */
err *helm_repo_check(struct cli *c, const struct helm_repo *repo)
	__attribute__((warn_unused_result));
/* Fetch the index, look at it, and put it into the cache as that of `name`. */
err *helm_repos_update(struct cli *c, struct net_client *net, const struct helm_repo *repo,
		       int64_t timeout) __attribute__((warn_unused_result));

/* How to speak to a repository; certificates are read from their files. */
err *helm_repo_open(struct cli *c, struct net_client *net, const struct helm_repo *repo,
		    struct helmrepo *out) __attribute__((warn_unused_result));
/* A client that heeds proxies of the environment. */
err *helm_net(struct net_client **out) __attribute__((warn_unused_result));

#endif
