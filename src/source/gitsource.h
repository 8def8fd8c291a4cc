/* gitsource - a GitRepository: from its spec and its Secrets to an artifact.
 *
 * This is all that a controller needs to know of Git. It reads the object,
 * gets the Secrets it names (and words their absence), and calls, on a worker:
 *
 *	CLEANUP(gitsource_release) struct gitsource g = { 0 };
 *	e = gitsource_check(&g, &spec);
 *	... spec.secret ...
 *	e = gitsource_login(&g, env, &spec);
 *	... spec.includes ...
 *	e = gitsource_fetch(&g, env, &spec, &seen);
 *	if (!e && !g.unchanged) {
 *		... status: ArtifactOutdated, "new upstream revision 'REVISION'" ...
 *		e = gitsource_store(&g, env, &spec, &seen);
 *	}
 *	if (e)
 *		... failure_of(e) has condition, reason and class; err_text(e) the message ...
 *
 * Fetching asks the server for the one reference that matters. When that is
 * the revision the artifact has, and nothing else changed that goes into it,
 * the answer is `unchanged` after one small request, with no child process and
 * nothing written. Otherwise the commit comes, alone; it is verified where the
 * spec wants that, and its files are listed. Storing adds the includes, leaves
 * out what the ignore rules say, and writes the artifact.
 *
 * Every error has the words of Flux behind the reason Flux gives it.
 *
 * A struct gitsource owns what it fetched until it is released. Worker-local;
 * the environment is shared and any thread's.
 */
#ifndef SOURCE_GITSOURCE_H
#define SOURCE_GITSOURCE_H

#include "source/artifact.h"
#include "source/credentials.h"
#include "source/failure.h"
#include "source/gitcheckout.h"

struct gitsource_env {
	struct net_client *net;
	struct artifact_store *store;
	const atomic_bool *cancel; /* of this pass; or NULL */
	struct gitremote_algos algos;
};

enum gitsource_mode { GITSOURCE_HEAD = 1, GITSOURCE_TAG = 2, GITSOURCE_TAG_AND_HEAD = 3 };

/* "HEAD", "head", "Tag", "TagAndHEAD"; false for anything else, which must
 * never pass for no verification. */
bool gitsource_mode_parse(str text, enum gitsource_mode *out);
str gitsource_mode_name(enum gitsource_mode mode);

struct gitsource_include {
	str name;     /* of the other GitRepository */
	str from, to; /* empty: all of it, and its name */
	const struct artifact *artifact;
};

struct gitsource_spec {
	struct artifact_owner owner; /* .kind "GitRepository" */
	str url;
	struct gitcheckout_ref ref;
	int64_t timeout;   /* nanoseconds; 0: 60 s */
	const str *ignore; /* spec.ignore; NULL: there is none */
	bool submodules;
	const str *sparse; /* as written */
	size_t sparse_n;
	str provider; /* "generic" or empty, "github", "aws", "azure" */
	const struct gitsource_include *includes;
	size_t includes_n;
	bool verify;
	enum gitsource_mode mode;
	const struct credentials *keys;   /* of spec.verify.secretRef */
	const struct credentials *secret; /* NULL: no secretRef */
	const struct credentials *proxy;  /* NULL: no proxySecretRef */
	/* For aws and azure: ask the cloud for user and password, or a token. */
	err *(*provide)(void *ctx, struct gitremote_auth *auth);
	void *ctx;
};

/* What status says of the last pass. */
struct gitsource_seen {
	const struct artifact *artifact; /* NULL: none, or not in the store any more */
	/* ArtifactInStorage is True: only then is the server asked alone. */
	bool in_storage;
	/* Something else that goes into the artifact is another than was observed:
	 * ignore, include (also their artifacts), recurseSubmodules,
	 * sparseCheckout, or a verification that is still to be done. */
	bool changed;
	struct gitremote_hint *hint; /* kept by the caller per object; or NULL */
};

struct gitsource {
	struct arena mem; /* holds all texts below */
	struct gitcheckout checkout;
	struct net_proxy proxy;     /* after gitsource_check */
	struct gitremote_auth auth; /* after gitsource_login */
	bool logged_in;
	str revision;
	/* "no changes since last reconciliation: observed revision '...'" */
	bool unchanged;
	/* The revision is the artifact's, and all else as observed; its files
	 * were fetched all the same: "artifact up-to-date with remote revision". */
	bool up_to_date;
	str verified;             /* message of SourceVerified; empty: not wanted */
	str event;                /* "stored artifact for commit '...'" */
	struct artifact artifact; /* after gitsource_store */
};

/* The proxy and the URL. */
err *gitsource_check(struct gitsource *g, const struct gitsource_spec *spec)
	__attribute__((warn_unused_result));
/* Who we are, by the Secret and the provider. */
err *gitsource_login(struct gitsource *g, const struct gitsource_env *env,
		     const struct gitsource_spec *spec) __attribute__((warn_unused_result));
/* With both, where the caller has not done them. */
err *gitsource_fetch(struct gitsource *g, const struct gitsource_env *env,
		     const struct gitsource_spec *spec, const struct gitsource_seen *seen)
	__attribute__((warn_unused_result));
err *gitsource_store(struct gitsource *g, const struct gitsource_env *env,
		     const struct gitsource_spec *spec, const struct gitsource_seen *seen)
	__attribute__((warn_unused_result));
/* Both, one after the other. */
err *gitsource_run(struct gitsource *g, const struct gitsource_env *env,
		   const struct gitsource_spec *spec, const struct gitsource_seen *seen)
	__attribute__((warn_unused_result));
void gitsource_release(struct gitsource *g);

#endif
