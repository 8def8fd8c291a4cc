/* kustomization_build - from an artifact to the objects that are to be there. */
#include "base/clock.h"
#include "base/vec.h"
#include "controllers/decryption.h"
#include "controllers/kustomization_impl.h"
#include "controllers/remotebase.h"
#include "crypto/sha256.h"
#include "text/base64.h"

/* ---- variables --------------------------------------------------------------- */

struct lookup {
	struct flux_lookup l;	/* first */
	struct ks *k;
};

static void note_secrets(struct ks *k, node data)
{
	node_each_pair(p, data) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		err *e = base64_read(&b, node_str(p->value), BASE64_STD);
		str value = e ? STR_NONE : flux_var(k->a, arena_str(k->a, buf_str(&b)));

		err_free(e);
		if (value.n)
			avec_push(k->a, &k->secrets, value);
	}
}

static err *look_up(struct flux_lookup *l, struct arena *a, str kind, str ns, str name, node *out)
{
	struct ks *k = ((struct lookup *)l)->k;

	(void)a;
	(void)ns;	/* the object's own, which is all there is */
	TRY(pass_config(k->p, kind, name, out));
	if (str_eq(kind, S("Secret")))
		note_secrets(k, node_get(*out, S("data")));
	return NULL;
}

/* The length of the longest one that the text begins with. */
static size_t secret_at(const struct ks *k, str text)
{
	size_t longest = 0;

	for (size_t i = 0; i < k->secrets.n; i++)
		if (k->secrets.p[i].n > longest && str_starts(text, k->secrets.p[i]))
			longest = k->secrets.p[i].n;
	return longest;
}

err *kustomization_hide(struct ks *k, err *e)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	bool found = false;

	for (str rest = err_text(e); rest.n;) {
		size_t n = secret_at(k, rest);

		if (n)
			buf_add(&b, S("*****"));
		else
			buf_addc(&b, rest.p[0]);
		rest = str_from(rest, n ? n : 1);
		found |= n > 0;
	}
	return found ? err_replace(e, "%s", buf_c(&b)) : e;
}

/* ---- the artifact ---------------------------------------------------------------- */

static bool open_artifact(struct ks *k, struct outcome *out)
{
	int64_t later = runtime_settings(k->p->rt)->requeue_dependency;
	err *e = pass_open(k->p, &k->artifact, &k->tree);

	if (!e)
		return true;
	if (err_kind(e) != ERR_NOT_FOUND) {
		*out = kustomization_fail(k, S("ArtifactFailed"), e);
		return false;
	}
	str message = arena_cat(k->a, S("Source is not ready, artifact not found, retrying in "),
				pass_span(k->p, later));

	err_free(e);
	log_info(k->p->log, message);
	*out = kustomization_wait(k, S("ArtifactFailed"), message, later);
	return false;
}

/* ---- the build --------------------------------------------------------------------- */

static err *render(struct ks *k, struct flux_source *s)
{
	CLEANUP(decryption_close) struct decryption d = { 0 };
	struct remotebase_env env = {
		.with = { .net = runtime_outer_net(k->p->rt),
			  .store = runtime_store(k->p->rt),
			  .cancel = k->p->cancel },
		.owner = { S("KustomizeBase"), k->p->key.namespace, k->p->key.name },
		.arena = k->a,
	};
	CLEANUP(remotebase_close) struct remotebase remote;
	struct lookup lookup = { .l = { look_up }, .k = k };
	struct flux_rendering how = {
		.lookup = &lookup.l,
		.strict = runtime_settings(k->p->rt)->gates[GATE_STRICT_POST_BUILD_SUBSTITUTIONS],
	};
	struct flux_kfile kfile;

	remotebase_open(&remote, &env);
	if (!runtime_settings(k->p->rt)->no_remote_bases)
		s->remote = &remote.remote;
	TRY(decryption_open(&d, k->p));
	how.decryptor = decryption_of(&d);
	TRY(flux_generate(k->a, s, k->p->object, &kfile));
	err *e = flux_render(k->a, s, &kfile, k->p->object, &how, &k->objects);

	k->fetched = remote.used;
	return e;
}

/* status.history tells builds apart by the digest of what they print. */
static err *take_digest(struct ks *k)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	char hex[SHA256_HEX + 1];
	err *e = kustomize_print(k->a, &k->sources, k->objects, &b);

	if (e)
		return err_wrap(e, "kustomize build failed");
	TRY(buf_check(&b, "the build"));
	sha256_hex(buf_str(&b), hex);
	k->digest = arena_cat(k->a, S("sha256:"), str_c(hex));
	return arena_check(k->a, "the build");
}

/* The event says what was attempted, the condition does not. */
static struct outcome fail_cluster(struct ks *k)
{
	const str reason = S("ReconciliationFailed");
	str why = arena_str(k->a, err_text(k->no_cluster));
	err *e = err_wrap(k->no_cluster, "failed to build kube client");

	k->no_cluster = NULL;
	struct outcome out = kustomization_fail(k, reason, e);

	condition_set(k->p, S("Ready"), CONDITION_FALSE, reason, why);
	return out;
}

bool kustomization_build(struct ks *k, struct outcome *out)
{
	struct flux_source s = { .sources = &k->sources };

	if (!open_artifact(k, out))
		return false;
	s.root = artifact_tree_fs(k->tree);
	err *e = flux_dir(k->a, s.root, k->p->object, &s.dir);

	if (e) {
		*out = kustomization_fail(k, S("ArtifactFailed"), e);
		return false;
	}
	status_set_str(k->p, S("lastAttemptedRevision"), k->artifact.revision);
	kustomization_progress(k, S("Building manifests"), false);
	if (k->no_cluster) {
		*out = fail_cluster(k);
		return false;
	}
	e = render(k, &s);
	if (!e)
		e = take_digest(k);
	if (e)
		*out = kustomization_fail(k, S("BuildFailed"), e);
	return !e;
}
