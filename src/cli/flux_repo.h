/* flux_repo - a branch on a server, into which files are put.
 *
 * What "flux bootstrap" has for a clone: the branch's last commit, in memory. New
 * files become commits, commits are pushed. Worker-local.
 */
#ifndef CLI_FLUX_REPO_H
#define CLI_FLUX_REPO_H

#include "cli/flux.h"
#include "source/gitremote.h"
#include "source/gitwrite.h"

/* More than any repository of configuration has. */
enum { REPO_FILES_MAX = 50000, REPO_BYTES_MAX = 256 << 20 };

struct repo_author {
	str name, email;
	str appendix;		/* of every message */
	/* Empty: nothing is signed. A file of a private SSH key without passphrase, or one
	 * of OpenPGP keys, of which `gpg_id` chooses. */
	str signing_key;
	bool gpg;
	str gpg_id, gpg_passphrase;
};

struct repo {
	struct arena *arena;
	struct net_client *net;
	str url, branch;
	bool local;		/* a directory on this machine: a file URL */
	struct gitremote_auth auth;
	struct repo_author author;
	int64_t deadline;

	struct gitpack *pack;
	struct gitwrite *write;
	struct gitid head;	/* n 0: there is no commit yet */
	struct gitid pushed;	/* where the branch is on the server */
	enum gitid_algo algo;
};

/* Fetch the branch; an empty repository gets it with the first push. */
err *repo_clone(struct repo *r) __attribute__((warn_unused_result));
void repo_close(struct repo *r);
/* For CLEANUP(repo_drop) struct repo r = { ... }. */
static inline void repo_drop(struct repo *r)
{
	repo_close(r);
}

/* Commit files; *changed tells whether there was anything to commit. */
err *repo_commit(struct repo *r, const struct gitwrite_file *files, size_t n, const char *message,
		 bool *changed) __attribute__((warn_unused_result));
/* err_code GITPROTO_REJECTED: the branch has moved meanwhile. */
err *repo_push(struct repo *r) __attribute__((warn_unused_result));
/* The head as hex, in the arena. */
str repo_head(const struct repo *r);

#endif
