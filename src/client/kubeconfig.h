/* kubeconfig - which API server to talk to, and as whom.
 *
 * The rules are clientcmd's, as kubectl and flux share them: a file named on
 * the command line, else the files of $KUBECONFIG laid over each other (the
 * first that says something wins), else ~/.kube/config, else what a Pod
 * finds in its own file system, else http://localhost:8080. What the caller
 * overrides goes before what the context says. Paths in a file are relative
 * to it.
 *
 * The result holds bytes, never paths: certificates and keys are read here.
 * Only a token's file stays a path, because it is rotated.
 *
 * Ownership: everything lives in the arena. Worker-local.
 */
#ifndef CLIENT_KUBECONFIG_H
#define CLIENT_KUBECONFIG_H

#include "base/arena.h"
#include "base/err.h"

/* Each empty: what the kubeconfig says. */
struct kubeconfig_wish {
	str path;		/* --kubeconfig */
	str context, cluster, user;
	str server, token;
	str as, as_uid;
	const str *as_groups;
	size_t as_groups_n;
	const str *as_extra;	/* "key=value"; others are left out */
	size_t as_extra_n;
	str client_certificate, client_key, certificate_authority;	/* paths */
	str tls_server_name;
	bool insecure;
};

struct kubeconfig_exec {
	str command;		/* empty: none */
	const str *args;
	size_t args_n;
	const str *env;		/* "NAME=value" */
	size_t env_n;
	str api_version;
	str install_hint;
	bool cluster_info;	/* provideClusterInfo */
};

struct kubeconfig {
	str server;		/* "https://127.0.0.1:6443", no slash at the end */
	str ca;			/* PEM; empty: the system's authorities */
	str cert, key;		/* PEM */
	str token, token_file;
	str user, password;
	str tls_server_name, proxy_url;
	bool insecure;
	bool no_compression;
	str as, as_uid;
	const str *as_groups;
	size_t as_groups_n;
	const str *as_extra;
	size_t as_extra_n;
	struct kubeconfig_exec exec;
	str namespace;		/* of the context; empty: not said */
	str context;		/* its name; empty: none */
};

enum {
	KUBECONFIG_SIZE_MAX = 4 << 20,
	KUBECONFIG_FILES_MAX = 64,
};

/* By the environment: KUBECONFIG, HOME, KUBERNETES_SERVICE_HOST and _PORT. */
err *kubeconfig_load(struct arena *a, char *const *env, const struct kubeconfig_wish *wish,
		     struct kubeconfig *out) __attribute__((warn_unused_result));

/* The same from one text that came out of a Secret. A cluster or user that
 * names a file is refused, be it used or not, in the words of Flux's
 * ValidateKubeConfig. An exec plugin and insecure TLS that the caller does
 * not allow are dropped silently, as Flux does. */
err *kubeconfig_read(struct arena *a, str text, bool allow_exec, bool allow_insecure,
		     struct kubeconfig *out) __attribute__((warn_unused_result));

/* The text of a kubeconfig with one cluster, user and context of that name. */
str kubeconfig_text(struct arena *a, const struct kubeconfig *k, str name);

#endif
