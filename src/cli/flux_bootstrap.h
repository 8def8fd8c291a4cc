/* flux_bootstrap - what the commands below "flux bootstrap" share.
 *
 * Bootstrapping puts rill's own manifests and the two objects that keep them
 * up to date into a Git repository and into the cluster, so that from then on
 * the cluster follows the repository. Every step is one that may be done again:
 * the command is also the way to upgrade.
 */
#ifndef CLI_FLUX_BOOTSTRAP_H
#define CLI_FLUX_BOOTSTRAP_H

#include "cli/flux.h"
#include "cli/flux_install.h"
#include "cli/flux_repo.h"
#include "cli/flux_secret.h"

/* The flags of the group. */
struct bootstrap_options {
	struct manifests_options manifests;
	str author_name, author_email, appendix, branch, ca_file, secret_name;
	str gpg_key_id, gpg_key_ring, gpg_passphrase;
	str private_key, ssh_hostname, signing_key, signing_password, signing_passphrase;
	str key_algorithm, curve;
	int64_t rsa_bits;
	struct flag_list sparse, hostkey_algos;
	bool force, submodules, signing_reuse, token_auth;
};

struct bootstrap_options *bootstrap_options(struct cli *c);

/* What is done with the public key of a source Secret that was made: shown, or put
 * into the provider's repository. */
struct bootstrap;
typedef err *bootstrap_deploy_key(struct bootstrap *b, str public_key);

struct bootstrap {
	struct cli *c;
	struct flux_server *s;
	struct bootstrap_options *options;
	struct manifests_options manifests;
	struct net_client *net;
	struct repo repo;		/* url, auth, branch are the caller's */
	str path;			/* in the repository, without "./" */
	int64_t interval;
	str sync_url;			/* what the GitRepository says */
	struct secret_git secret;	/* of the source; url is `sync_url` */
	bool key_given;			/* credentials were given, so the Secret is made anew */
	bootstrap_deploy_key *deploy_key;
	void *provider;
};

/* The checks that need no network, in flux's order. */
err *bootstrap_validate(struct cli *c) __attribute__((warn_unused_result));
/* All of it, from the clone to the report. */
err *bootstrap_run(struct bootstrap *b) __attribute__((warn_unused_result));

/* A secret that the user types; shown is nothing on a terminal. */
err *bootstrap_ask(struct cli *c, const char *what, str *out) __attribute__((warn_unused_result));

extern const struct command bootstrap_git_command;
extern const struct command bootstrap_github_command;
extern const struct command bootstrap_gitlab_command;
extern const struct command bootstrap_gitea_command;
extern const struct command bootstrap_bitbucket_command;

#endif
