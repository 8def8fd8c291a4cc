/* flux - what the flux commands share: global flags, the server, the kinds,
 * messages and tables.
 *
 * Progress and results go to standard error behind a symbol, data to
 * standard output; so it is in flux, and scripts rely on it. Every command
 * is one row per kind of the table flux_kinds and one generic function per
 * verb.
 *
 * Worker-local.
 */
#ifndef CLI_FLUX_H
#define CLI_FLUX_H

#include <pthread.h>

#include "api/kind.h"
#include "cli/command.h"
#include "client/client.h"

struct flux_settings {
	str namespace, kubeconfig, context, cluster, user, server, token;
	str as, as_uid;
	struct flag_list as_groups, as_extra;
	str client_certificate, client_key, certificate_authority, tls_server_name;
	bool insecure;
	str cache_dir;
	bool disable_compression, verbose, ns_follows_context;
	double qps;
	int64_t burst;
	int64_t timeout;
};

extern const struct flag flux_settings_flags[];

/* The settings of the running command. */
struct flux_settings *flux_settings(struct cli *c);
/* Warn of a $FLUX_SYSTEM_NAMESPACE that is none. */
void flux_check_environment(struct cli *c);
/* Before every command but those of `create`: which namespace, and whether it
 * is one. */
err *flux_before(struct cli *c) __attribute__((warn_unused_result));

/* Names of objects of the command's kind, for the shell. */
bool flux_complete(struct cli *c, str prefix, struct buf *b);
/* The contexts of the kubeconfig that begin with `prefix`, a line each. */
bool flux_contexts(struct cli *c, str prefix, struct buf *b);

/* ---- messages ---------------------------------------------------------- */

/* "► text" and so on, on standard error, at once. */
void flux_action(struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void flux_generating(struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void flux_waiting(struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void flux_success(struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void flux_warning(struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void flux_failure(struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- the server -------------------------------------------------------- */

/* Connections of one command; ended by flux_close. */
enum { FLUX_WARNINGS_MAX = 32 };
struct flux_server {
	struct cli *cli;
	pthread_mutex_t lock;	/* of what follows, which the client's thread fills */
	struct arena warned_mem;
	str warned[FLUX_WARNINGS_MAX];	/* told already: each is told once */
	size_t warned_n;
	struct net_client *net;	/* NULL until somebody needs it: flux_net */
	struct client *client;
	struct kubeconfig config;
	int64_t deadline;	/* clock_mono: now and --timeout */
	bool quiet;		/* set before flux_open, of the controllers: no word of warnings */
	const char *loading;	/* set before flux_open: what failed when there is no configuration;
				   a client that cannot be made is told as it is then */
	bool patient;		/* set before flux_open: --timeout is not for what is asked */
};
#define FLUX_SERVER_NONE { 0 }

/* Whether requests to the server are to be held back: a flag says so. */
bool flux_is_limited(const struct cli *c);
err *flux_open(struct cli *c, struct flux_server *out) __attribute__((warn_unused_result));
/* The HTTP client; lives as long as the server. */
err *flux_net(struct flux_server *s, struct net_client **out) __attribute__((warn_unused_result));
/* For CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE. */
void flux_close(struct flux_server *s);

/* ---- kinds ------------------------------------------------------------- */

struct flux_kind {
	const char *group, *kind;
	const char *version;	/* that the commands read and write */
	const char *plural;
	const char *human;	/* "source git" */
	bool is_static;		/* never reports Ready: Alert, Provider */
};

enum flux_kind_id {
	FLUX_GIT,
	FLUX_OCI,
	FLUX_HELM_REPOSITORY,
	FLUX_CHART,
	FLUX_BUCKET,
	FLUX_EXTERNAL,
	FLUX_GENERATOR,
	FLUX_KUSTOMIZATION,
	FLUX_RELEASE,
	FLUX_IMAGE_REPOSITORY,
	FLUX_IMAGE_POLICY,
	FLUX_IMAGE_UPDATE,
	FLUX_ALERT,
	FLUX_PROVIDER,
	FLUX_RECEIVER,
	FLUX_KINDS,
};

extern const struct flux_kind flux_kinds[FLUX_KINDS];

struct client_resource flux_resource(const struct flux_kind *k);
/* The kind that the running command is about: its `subject` is a row. */
enum flux_kind_id flux_kind_of(const struct cli *c);
/* The kind of an object or of a reference to one; FLUX_KINDS: none of these. */
enum flux_kind_id flux_kind_find(str kind);

/* ---- objects ----------------------------------------------------------- */

str flux_name(node object);
str flux_namespace(node object);
/* Digests cut to eight characters: "main@sha1:70da637c". */
str flux_short(struct arena *a, str text);
/* The text as a table cell of a boolean: "True" or "False". */
str flux_bool(bool b);

/* ---- waiting ----------------------------------------------------------- */

/* What a wait is for. */
enum flux_wait {
	FLUX_WAIT_HANDLED,	/* the reconcile request was answered, and Current */
	FLUX_WAIT_READY,	/* the controller has seen this generation, and Current */
	FLUX_WAIT_CURRENT,	/* Current, for kinds that never report Ready */
};

/* Until the object is as wanted, or never will be: an error with the health's
 * message, or "context deadline exceeded". `before` is the answered request
 * that FLUX_WAIT_HANDLED must not see again. Where the user set no --timeout,
 * a Ready=False of the asked-for attempt is final as well: `out` is the
 * object then, and there is no error. */
err *flux_wait_for(struct cli *c, struct flux_server *s, enum flux_kind_id kind, str namespace,
		   str name, enum flux_wait what, str before, node *out)
	__attribute__((warn_unused_result));
/* What a reconciled object has to say: "fetched revision main@sha1:...". */
str flux_outcome(struct arena *a, enum flux_kind_id kind, node object);

/* Ask the user; true for y or Y alone. The question goes to standard output. */
bool flux_ask(struct cli *c, const char *question);

/* "---" and the object as flux exports it. */
err *flux_print_export(struct buf *b, node object) __attribute__((warn_unused_result));

/* ---- tables ------------------------------------------------------------ */

/* Rows of `columns` cells each. Cells borrow. */
struct flux_table {
	struct arena *arena;
	const char *const *header;	/* NULL: none */
	size_t columns;
	VEC(str) cells;
};
void flux_table_add(struct flux_table *t, str cell);
void flux_table_print(struct buf *b, const struct flux_table *t);

#endif
