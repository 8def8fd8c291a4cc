#include "controllers/storage.h"

#include "base/log.h"
#include "kube/health.h"

struct artifact_owner storage_owner(const struct pass *p)
{
	return (struct artifact_owner){ .kind = str_c(p->key.controller->kind),
					.namespace = p->key.namespace,
					.name = p->key.name };
}

static void say_start(struct pass *p)
{
	int64_t seen = node_int(node_get(p->status, S("observedGeneration")));

	if (seen != p->generation && node_has(p->status, S("observedGeneration")))
		pass_progress(p,
			      arena_printf(p->arena,
					   "processing object: new generation %lld -> %lld",
					   (long long)seen, (long long)p->generation),
			      false);
	else
		pass_progress(p, S("reconciliation in progress"), false);
}

/* A file that is not what it was is removed. */
static bool is_whole(struct pass *p, const struct artifact *artifact)
{
	struct artifact_store *store = runtime_store(p->rt);
	CLEANUP(err_drop) err *e = artifact_verify(store, artifact);

	if (!e)
		return true;
	if (!artifact_exists(store, artifact->path))
		return false;
	pass_event(p, EVENT_WARNING, S("ArtifactVerificationFailed"),
		   arena_printf(p->arena, "failed to verify integrity of artifact: %s", err_msg(e)),
		   NULL, 0);
	err_free(artifact_remove(store, artifact->path));
	return false;
}

static void collect(struct pass *p, str current)
{
	struct artifact_owner owner = storage_owner(p);
	size_t removed = 0;
	CLEANUP(err_drop)
	err *e = artifact_collect(runtime_store(p->rt), &owner, current, &removed);

	if (e)
		pass_event(p, EVENT_WARNING, S("GarbageCollectionFailed"),
			   arena_printf(p->arena, "garbage collection of artifacts failed: %s",
					err_msg(e)),
			   NULL, 0);
	else if (removed)
		pass_event(p, EVENT_TRACE, S("GarbageCollectionSucceeded"),
			   arena_printf(p->arena, "garbage collected %zu artifacts", removed), NULL,
			   0);
}

/* Of the link to the newest artifact, too: today's host. */
static void move_link(struct pass *p)
{
	str url = node_str(node_get(p->status, S("url"))), host, path;
	size_t at = str_find(url, S("://"));

	if (at != STR_NPOS && str_split(str_from(url, at + 3), '/', &host, &path))
		status_set_str(p, S("url"), artifact_url(runtime_store(p->rt), p->arena, path));
}

void storage_begin(struct pass *p, struct artifact *out, bool *have)
{
	bool told = artifact_of(p->arena, p->object, out);

	say_start(p);
	*have = told && is_whole(p, out);
	collect(p, *have ? out->path : STR_NONE);
	if (!*have) {
		status_set(p, S("artifact"), NODE_NOTHING);
		if (told)
			status_set(p, S("url"), NODE_NOTHING);
		condition_drop(p, S("ArtifactInStorage"));
		pass_progress_anew(p,
				   told ? S("building artifact: disappeared from storage")
					: S("building artifact"),
				   false);
		return;
	}
	str url = artifact_url(runtime_store(p->rt), p->arena, out->path);

	if (!str_eq(url, out->url)) {	/* the store has moved */
		node moved = node_copy_all(p->arena, node_get(p->status, S("artifact")));

		out->url = url;
		node_set(p->arena, moved, S("url"), node_from_str(p->arena, url));
		status_set(p, S("artifact"), moved);
	}
	move_link(p);
}

void storage_announce(struct pass *p, const struct artifact *before, str revision, str text)
{
	if (before && str_eq(before->revision, revision))
		return;
	if (before)
		condition_set(p, S("ArtifactOutdated"), CONDITION_TRUE, S("NewRevision"), text);
	pass_progress_anew(p, arena_cat(p->arena, S("building artifact: "), text), false);
}

bool storage_keep(struct pass *p, const struct artifact *artifact, str message)
{
	static const char *const bad[] = { "ArtifactOutdated", "FetchFailed", "StorageOperationFailed",
					   "BuildFailed", "IncludeUnavailable" };
	bool failed = false;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (i)	/* as it was before this pass */
			failed |= health_condition_is_true(p->object, str_c(bad[i]));
		condition_drop(p, str_c(bad[i]));
	}
	node was = node_get(p->status, S("artifact")), is = artifact_node(p->arena, artifact);

	/* the metadata of a kind that has some is the caller's to set */
	if (str_eq(node_str(node_get(was, S("digest"))), artifact->digest) &&
	    str_eq(node_str(node_get(was, S("revision"))), artifact->revision) &&
	    node_has(was, S("metadata")))
		node_set(p->arena, is, S("metadata"), node_get(was, S("metadata")));
	status_set(p, S("artifact"), is);
	condition_set(p, S("ArtifactInStorage"), CONDITION_TRUE, S("Succeeded"), message);
	return failed;
}

bool storage_is_new(const struct pass *p, const struct artifact *now)
{
	return !str_eq(node_str(node_dig(p->object, "status", "artifact", "digest")), now->digest);
}

void storage_tell(struct pass *p, const struct artifact *now, bool recovered, str message)
{
	const str meta[] = { S("revision"), now->revision, S("digest"), now->digest };
	bool changed = storage_is_new(p, now);

	if (changed || recovered)
		pass_event(p, EVENT_NORMAL, changed ? S("NewArtifact") : S("Succeeded"), message, meta,
			   4);
}

void storage_tell_up_to_date(struct pass *p, str revision)
{
	pass_event(p, EVENT_TRACE, S("ArtifactUpToDate"),
		   arena_printf(p->arena, "artifact up-to-date with remote revision: '%.*s'",
				STR_ARG(revision)),
		   NULL, 0);
}

struct outcome storage_finalize(struct pass *p)
{
	struct artifact_owner owner = storage_owner(p);
	bool any = false;
	err *e = artifact_remove_all(runtime_store(p->rt), &owner, &any);

	if (e)
		return pass_fail(p, S("GarbageCollectionFailed"),
				 err_wrap(e, "garbage collection for deleted resource failed"));
	if (any)
		pass_event(p, EVENT_TRACE, S("GarbageCollectionSucceeded"),
			   S("garbage collected artifacts for deleted resource"), NULL, 0);
	status_set(p, S("artifact"), NODE_NOTHING);
	return (struct outcome){ .next = NEXT_CHANGE };
}
