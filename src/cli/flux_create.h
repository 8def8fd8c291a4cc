/* flux_create - what the commands below "flux create" share.
 *
 * A command builds a spec and hands it on: it is printed (--export), or put
 * on the server and waited for, with the lines that flux prints on the way.
 * Specs are built by path; what is empty is left out.
 */
#ifndef CLI_FLUX_CREATE_H
#define CLI_FLUX_CREATE_H

#include "cli/flux.h"
#include "text/names.h"

struct create_options {
	bool export;
	int64_t interval;
	struct flag_list labels;
};

struct create_options *create_options(struct cli *c);

/* spec.a.b = value, maps made on the way; an empty or zero value is left out. */
void create_text(struct arena *a, node spec, const char *path, str value);
void create_flag(struct arena *a, node spec, const char *path, bool value);
void create_duration(struct arena *a, node spec, const char *path, int64_t value);
void create_value(struct arena *a, node spec, const char *path, node value);
/* The same also when it is empty. */
void create_needed(struct arena *a, node spec, const char *path, str value);
void create_needed_duration(struct arena *a, node spec, const char *path, int64_t value);
void create_texts(struct arena *a, node spec, const char *path, const struct flag_list *list);
/* [{name, namespace}] of "name" and "namespace/name"; what stands behind an @ is not looked at. */
void create_references(struct arena *a, node spec, const char *path, const struct flag_list *list);

/* How the lines of a command read: flux words them differently by kind. */
struct create_words {
	const char *subject;	/* "GitRepository source" */
	const char *stored;	/* "GitRepository source", "source": "✔ ... created" */
	bool no_generate;	/* no "✚ generating ...", or the command said so before */
	bool opens_first;	/* a kubeconfig that is wrong is told of before that */
	err *(*check)(struct cli *c);	/* and so is this, of files; NULL: there are none */
	bool ready;		/* "Kustomization podinfo is ready", not "... reconciliation completed" */
	const char *no_artifact;	/* the error where nothing was produced; NULL: none is */
	const char *outcome;	/* "applied revision %s", "fetched revision: %s"; NULL: none */
};

/* Before the server is asked: credentials that are stored first. */
typedef err *create_prepare(struct cli *c, struct flux_server *s, node spec);

/* What is wrong with a name, all of it; empty: nothing. */
str create_complaints(struct arena *a, str text, enum name_rule rule);
/* Labels are checked first: whoever validates more calls create_check_labels
 * in its place. */
err *create_check_labels(struct cli *c) __attribute__((warn_unused_result));
err *create_finish(struct cli *c, enum flux_kind_id kind, node spec, const struct create_words *w,
		   create_prepare *prepare) __attribute__((warn_unused_result));

/* The object as it is printed or stored. */
node create_object(struct cli *c, const char *api_version, const char *kind, str name,
		   str namespace);
/* Create it, or replace labels and what `fields` name; `*created` tells. `out` may be NULL. */
err *create_upsert(struct cli *c, struct flux_server *s, const struct client_resource *r,
		   node object, const char *const *fields, bool *created, node *out)
	__attribute__((warn_unused_result));

/* "Kind/name[.namespace]" among some kinds, in any case. */
struct create_source {
	str kind, name, namespace;
};

extern const struct command flux_create_alert_command;
extern const struct command flux_create_provider_command;
extern const struct command flux_create_receiver_command;
extern const struct command flux_create_helmrelease_command;
extern const struct command flux_create_kustomization_command;
extern const struct command flux_create_image_command;
extern const struct command flux_create_secret_command;
extern const struct command flux_create_source_command;
extern const struct command flux_create_tenant_command;

#endif
