#include "controllers/artifactgenerator.h"

#include "base/clock.h"
#include "base/log.h"
#include "kube/health.h"
#include "text/gotime.h"

static const struct gvk kind = { S("source.toolkit.fluxcd.io"), STR_NONE, S("ExternalArtifact") };
static const struct client_resource resource = { S("source.toolkit.fluxcd.io"), S("v1"),
						 S("externalartifacts"), S("ExternalArtifact"),
						 true };

static const char component[] = "source-watcher";

struct artifact_owner artifactgenerator_owner(const struct generator *g, str name)
{
	return (struct artifact_owner){ .kind = kind.kind,
					.namespace = g->p->key.namespace,
					.name = name };
}

/* ---- what it shall be ----------------------------------------------------- */

static void copy_pairs(struct arena *a, node to, node from)
{
	node_each_pair(p, from)
		node_set(a, to, node_str(p->key), p->value);
}

static node metadata(struct generator *g, const struct generator_request *r)
{
	node meta = node_map(g->a, 4), labels = node_map(g->a, 4);
	node common = node_get(g->p->spec, S("commonMetadata"));
	node annotations = node_get(common, S("annotations"));

	copy_pairs(g->a, labels, node_get(common, S("labels")));
	copy_pairs(g->a, labels, r->labels);
	node_set(g->a, labels, S("app.kubernetes.io/managed-by"),
		 node_from_str(g->a, str_c(component)));
	node_set(g->a, labels, S(GENERATOR_LABEL), node_from_str(g->a, g->uid));
	node_set(g->a, meta, S("name"), node_from_str(g->a, r->name));
	node_set(g->a, meta, S("namespace"), node_from_str(g->a, g->p->key.namespace));
	node_set(g->a, meta, S("labels"), labels);
	if (node_len(annotations))
		node_set(g->a, meta, S("annotations"), annotations);
	return meta;
}

static node object_of(struct generator *g, node meta)
{
	node object = node_map(g->a, 4);

	node_set(g->a, object, S("apiVersion"), node_lit("source.toolkit.fluxcd.io/v1"));
	node_set(g->a, object, S("kind"), node_lit("ExternalArtifact"));
	node_set(g->a, object, S("metadata"), meta);
	return object;
}

static node source_ref(struct generator *g)
{
	node ref = node_map(g->a, 4);

	node_set(g->a, ref, S("apiVersion"), node_lit(GENERATOR_GROUP "/v1beta1"));
	node_set(g->a, ref, S("kind"), node_lit("ArtifactGenerator"));
	node_set(g->a, ref, S("name"), node_from_str(g->a, g->p->key.name));
	node_set(g->a, ref, S("namespace"), node_from_str(g->a, g->p->key.namespace));
	return ref;
}

static node status_artifact(struct generator *g, const struct generator_request *r,
			    const struct artifact *made)
{
	node artifact = artifact_node(g->a, made), meta;
	const struct generator_source *s =
		r->origin.n ? artifactgenerator_source_of(g, r->origin) : NULL;

	if (!s)
		return artifact;
	meta = node_map(g->a, 1);
	node_set(g->a, meta, S(GENERATOR_ORIGIN),
		 node_from_str(g->a, s->origin.n ? s->origin : s->artifact.revision));
	node_set(g->a, artifact, S("metadata"), meta);
	return artifact;
}

static node ready_condition(struct generator *g, int64_t generation)
{
	CLEANUP(buf_release) struct buf now = BUF_INIT;
	node c = node_map(g->a, 6), list = node_seq(g->a, 1);

	gotime_format(&now, gotime_utc(clock_wall() / CLOCK_SECOND, 0), GOTIME_RFC3339);
	node_set(g->a, c, S("type"), node_lit("Ready"));
	node_set(g->a, c, S("status"), node_lit("True"));
	node_set(g->a, c, S("observedGeneration"), node_from_int(generation));
	node_set(g->a, c, S("reason"), node_lit("Succeeded"));
	node_set(g->a, c, S("message"), node_lit("Artifact is ready"));
	node_set(g->a, c, S("lastTransitionTime"), node_copy_str(g->a, buf_str(&now)));
	node_append(g->a, list, c);
	return list;
}

/* ---- what is there -------------------------------------------------------- */

static bool is_ours(const struct generator *g, node object)
{
	return str_eq(
		node_str(node_get(node_dig(object, "metadata", "labels"), S(GENERATOR_LABEL))),
		g->uid);
}

static bool same_field(node a, node b, const char *field)
{
	node x = node_get(a, str_c(field)), y = node_get(b, str_c(field));

	return (!node_len(x) && !node_len(y)) || node_equal(x, y);
}

/* All but when it was stored, which an artifact of the same bytes keeps. */
static bool same_artifact(node x, node y)
{
	static const char *const fields[] = { "digest", "path", "revision", "url" };

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (!str_eq(node_str(node_get(x, str_c(fields[i]))),
			    node_str(node_get(y, str_c(fields[i])))))
			return false;
	return same_field(x, y, "metadata");
}

/* Whether the object is as it shall be already. */
static bool is_so(struct generator *g, str name, node meta, node artifact)
{
	node object, have;
	err *e = pass_get(g->p, kind, g->p->key.namespace, name, &object);

	if (e) {
		err_free(e);
		return false;
	}
	have = node_get(object, S("metadata"));
	return same_field(have, meta, "labels") && same_field(have, meta, "annotations") &&
	       node_equal(node_dig(object, "spec", "sourceRef"), source_ref(g)) &&
	       same_artifact(node_dig(object, "status", "artifact"), artifact) &&
	       health_condition_is_true(object, S("Ready"));
}

bool artifactgenerator_is_applied(struct generator *g, node inventory)
{
	node_each_item(i, inventory) {
		node object;
		err *e = pass_get(g->p, kind, node_str(node_get(*i, S("namespace"))),
				  node_str(node_get(*i, S("name"))), &object);
		bool gone = e != NULL;

		err_free(e);
		if (gone || !is_ours(g, object) ||
		    !str_eq(node_str(node_dig(object, "status", "artifact", "digest")),
			    node_str(node_get(*i, S("digest")))))
			return false;
	}
	return true;
}

/* ---- applying ------------------------------------------------------------- */

static err *patch(struct generator *g, str name, node object, bool status, node *out)
{
	const struct client_patch_options o = { .type = CLIENT_PATCH_APPLY,
						.sub = status ? S("status") : STR_NONE,
						.manager = str_c(component),
						.force = !status };

	TRY(client_patch(runtime_client(g->p->rt), g->a, &resource, g->p->key.namespace, name,
			 object, &o, out));
	live_note(runtime_live(g->p->rt), &resource, *out);
	return NULL;
}

err *artifactgenerator_apply(struct generator *g, const struct generator_request *r,
			     const struct artifact *made)
{
	node meta = metadata(g, r), artifact = status_artifact(g, r, made), answer;
	node object = object_of(g, meta), spec = node_map(g->a, 1), status = node_map(g->a, 2);

	if (is_so(g, r->name, meta, artifact)) {
		log_info(g->p->log, arena_printf(g->a, "ExternalArtifact/%.*s/%.*s is up to date",
						 STR_ARG(g->p->key.namespace), STR_ARG(r->name)));
		return NULL;
	}
	node_set(g->a, spec, S("sourceRef"), source_ref(g));
	node_set(g->a, object, S("spec"), spec);
	err *e = patch(g, r->name, object, false, &answer);

	if (e)
		return err_wrap(e, "failed to apply ExternalArtifact");
	node_set(g->a, status, S("artifact"), artifact);
	node_set(g->a, status, S("conditions"),
		 ready_condition(g, node_int(node_dig(answer, "metadata", "generation"))));
	node_set(g->a, object, S("status"), status);
	e = patch(g, r->name, object, true, &answer);
	if (e)
		return err_wrap(e, "failed to patchStatus ExternalArtifact status");
	pass_event(g->p, EVENT_TRACE, S("Ready"),
		   arena_printf(g->a, "ExternalArtifact/%.*s/%.*s reconciled with revision %.*s",
				STR_ARG(g->p->key.namespace), STR_ARG(r->name),
				STR_ARG(made->revision)),
		   NULL, 0);
	return NULL;
}

/* ---- removing ------------------------------------------------------------- */

static void complain(struct generator *g, err *e, const char *what)
{
	if (e && err_kind(e) != ERR_NOT_FOUND)
		log_error(g->p->log, e, str_c(what));
	err_free(e);
}

/* Unless it has become another generator's. */
static void remove_one(struct generator *g, str name)
{
	str namespace = g->p->key.namespace;
	struct artifact_owner owner = artifactgenerator_owner(g, name);
	bool any = false;
	node object;
	err *e = pass_get(g->p, kind, namespace, name, &object);
	bool there = !e;

	complain(g, e, "Failed to get ExternalArtifact");
	if (there && !is_ours(g, object))
		return;
	complain(g, artifact_remove_all(runtime_store(g->p->rt), &owner, &any),
		 "Failed to delete artifact from storage");
	e = there ? client_delete(runtime_client(g->p->rt), g->a, &resource, namespace, name, NULL)
		  : NULL;
	bool deleted = !e;

	complain(g, e, "Failed to delete ExternalArtifact");
	if (deleted)
		log_info(g->p->log,
			 arena_printf(g->a, "ExternalArtifact/%.*s/%.*s deleted from cluster",
				      STR_ARG(namespace), STR_ARG(name)));
}

static bool has_name(node inventory, str name)
{
	node_each_item(i, inventory)
		if (str_eq(node_str(node_get(*i, S("name"))), name))
			return true;
	return false;
}

/* Those that a pass made which did not come to write its status. */
static void remove_unlisted(struct generator *g, node listed)
{
	str selector = arena_cat(g->a, S(GENERATOR_LABEL "="), g->uid);
	node list = NODE_NOTHING;
	err *e = client_list(runtime_client(g->p->rt), g->a, &resource, g->p->key.namespace,
			     selector, STR_NONE, &list);

	complain(g, e, "Failed to list ExternalArtifacts");
	node_each_item(i, node_get(list, S("items"))) {
		str name = node_str(node_dig(*i, "metadata", "name"));

		if (!has_name(g->inventory, name) && !has_name(listed, name))
			remove_one(g, name);
	}
}

void artifactgenerator_remove_orphans(struct generator *g)
{
	node listed = node_dig(g->p->object, "status", "inventory");

	node_each_item(i, listed) {
		str name = node_str(node_get(*i, S("name")));

		if (!has_name(g->inventory, name))
			remove_one(g, name);
	}
	remove_unlisted(g, listed);
}
