/* gitremote - a repository on a server: its references, and packs from it.
 *
 * http and https URLs are spoken to through the HTTP client, with no child
 * process: a poll is one request, once the server is known to speak version 2
 * (struct gitremote_hint remembers that from one poll to the next). ssh URLs
 * go through the ssh executable, started with its own configuration only:
 * one identity, one list of known hosts, nothing asked, nothing forwarded,
 * no weak keys. A repository on this machine, where the caller lets it be
 * one, is the only case in which the git executable is run.
 *
 * Before anything else gitremote_open checks the URL: http, https and ssh
 * alone, and nothing in it that a program could take for an option.
 *
 * Errors have the words of go-git. Worker-local; calls block until the
 * deadline.
 */
#ifndef SOURCE_GITREMOTE_H
#define SOURCE_GITREMOTE_H

#include "net/client.h"
#include "source/gitproto.h"

struct gitremote_auth {
	str user, password;        /* http: basic; ssh: user and passphrase of the key */
	str token;                 /* http: bearer */
	str identity, known_hosts; /* ssh */
	str agent;                 /* ssh: socket of the agent that holds the keys instead */
	struct net_tls tls;        /* https */
};

/* What may be agreed on with an ssh server, as ssh's options want it: "a,b". Empty: what ssh
 * has, but for SHA-1. */
struct gitremote_algos {
	str kex, host_key;
};

/* What is known of a server from before. All zero at first. */
struct gitremote_hint {
	bool v2;
	enum gitid_algo algo;
};

struct gitremote_spec {
	struct net_client *net;
	str url;
	struct gitremote_auth auth;
	const struct net_proxy *proxy; /* NULL: as the client was told */
	struct gitremote_hint *hint;   /* or NULL; updated */
	struct gitremote_algos algos;
	bool push;                     /* gitremote_push, and nothing else, is to be called */
	bool local;                    /* file URLs, too: a user's, never an object's */
	int64_t deadline;              /* clock_mono; 0: none */
	const atomic_bool *cancel;
	struct gitpack_limits limits; /* deadline and cancel are filled in */
};

struct gitremote;

/* Check the URL only. */
err *gitremote_check_url(str url) __attribute__((warn_unused_result));
/* Borrows all that `spec` points to, until it is freed. Connects to nothing. */
err *gitremote_open(struct gitremote **out, const struct gitremote_spec *spec)
	__attribute__((warn_unused_result));
void gitremote_free(struct gitremote *r);
/* For CLEANUP(gitremote_drop) struct gitremote *r = NULL. */
void gitremote_drop(struct gitremote **r);

/* The references whose names begin with one of the prefixes (which must be
 * parts of good names); others may be among them. "remote repository is empty"
 * for a repository without any, where the server lets that be seen: err_code
 * GITREMOTE_EMPTY; GITREMOTE_NOT_FOUND for one that is not there. */
err *gitremote_refs(struct gitremote *r, struct arena *a, const str *prefixes, size_t n,
		    struct gitproto_refs *out) __attribute__((warn_unused_result));
enum { GITREMOTE_EMPTY = 1, GITREMOTE_NOT_FOUND, GITREMOTE_NO_OBJECT };

/* A pack with the objects and all they need, history cut off behind `depth`
 * commits (0: not at all). References must have been asked for before. */
err *gitremote_fetch(struct gitremote *r, const struct gitid *wants, size_t n, unsigned depth,
		     struct gitpack **out) __attribute__((warn_unused_result));
/* Move a branch ("refs/heads/main") from `before` (n 0: it is new) to `after`;
 * `pack` holds what the server lacks. err_code GITPROTO_REJECTED when the branch has
 * moved meanwhile, or may not be moved. */
err *gitremote_push(struct gitremote *r, str name, const struct gitid *before,
		    const struct gitid *after, str pack) __attribute__((warn_unused_result));

/* Known once references were asked for. */
const struct gitproto_server *gitremote_server(const struct gitremote *r);

#endif
