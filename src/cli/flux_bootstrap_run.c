/* flux_bootstrap_run - the steps of a bootstrap, from the clone to the report. */
#include "cli/flux_bootstrap.h"

#include "base/clock.h"
#include "base/sort.h"
#include "cli/flux_components.h"
#include "kube/health.h"
#include "kustomize/build.h"
#include "text/duration.h"
#include "text/path.h"
#include "value/yaml.h"

enum { CLONE_TRIES = 2, PUSH_TRIES = 3, REASONS_MAX = 3 };

static str text_of(const struct bootstrap *b, const struct buf *text)
{
	return arena_str(b->c->arena, buf_str(text));
}

/* "clusters/production/flux-system/NAME" */
static str file_path(const struct bootstrap *b, const char *name)
{
	return path_join(b->c->arena, b->path, b->manifests.namespace, str_c(name));
}

/* ---- the repository ---------------------------------------------------- */

static err *fetch(struct bootstrap *b)
{
	str url = b->repo.url, branch = b->repo.branch;
	err *e;

	flux_action(b->c, "cloning branch \"%.*s\" from Git repository \"%.*s\"", STR_ARG(branch),
		    STR_ARG(url));
	for (int i = 1;; i++) {
		e = repo_clone(&b->repo);
		if (!e)
			break;
		e = err_wrap(e, "unable to clone '%.*s'", STR_ARG(url));
		flux_warning(b->c, " clone failure: %s", err_msg(e));
		if (i == CLONE_TRIES)
			return err_wrap(e, "failed to clone repository");
		err_free(e);
	}
	flux_success(b->c, "cloned repository");
	return NULL;
}

/* Commit and push; when somebody else was quicker, from a fresh clone. */
static err *store(struct bootstrap *b, const struct gitwrite_file *files, size_t n,
		  const char *message, const char *what)
{
	for (int i = 1;; i++) {
		bool changed;

		TRY(repo_commit(&b->repo, files, n, message, &changed));
		if (!changed) {
			flux_success(b->c, "%s are up to date", what);
			return NULL;
		}
		flux_success(b->c, "committed %s to \"%.*s\" (\"%.*s\")", what,
			     STR_ARG(b->repo.branch), STR_ARG(repo_head(&b->repo)));
		flux_action(b->c, "pushing %s to \"%.*s\"", what, STR_ARG(b->repo.url));
		err *e = repo_push(&b->repo);

		if (!e)
			return NULL;
		/* what a directory refuses is its working tree's affair */
		if (err_code(e) != GITPROTO_REJECTED || b->repo.local || i == PUSH_TRIES)
			return err_wrap(e, "failed to push manifests");
		err_free(e);
		flux_waiting(b->c, "git conflict detected, retrying with a fresh clone");
		TRY(fetch(b));
	}
}

/* ---- what lies in the folder of the cluster ----------------------------- */

/* The whole commit as files below "/", for a build. */
static err *load(struct bootstrap *b, struct files_memory *to)
{
	struct arena *a = b->c->arena;
	uint64_t bytes = 0;
	str *paths;
	size_t n;

	TRY(gitwrite_list(b->repo.write, a, &b->repo.head, STR_NONE, &paths, &n));
	if (n > REPO_FILES_MAX)
		return err_new(ERR_INVALID, "the repository has more than %d files", REPO_FILES_MAX);
	for (size_t i = 0; i < n; i++) {
		str *text = arena_new(a, str);
		err *e = gitwrite_read(b->repo.write, &b->repo.head, paths[i], text);

		/* a link */
		if (e && err_kind(e) == ERR_NOT_FOUND) {
			err_free(e);
			continue;
		}
		if (e)
			return e;
		bytes += text->n;
		if (bytes > REPO_BYTES_MAX)
			return err_new(ERR_INVALID, "the repository has more than %d bytes",
				       REPO_BYTES_MAX);
		files_memory_add(to, arena_cat(a, S("/"), paths[i]), text);
	}
	return NULL;
}

/* Build the folder with the cluster's kustomization, and apply what comes of it. */
static err *apply_folder(struct bootstrap *b)
{
	struct arena *a = b->c->arena;
	struct files_memory files;
	struct resmap *made;

	files_memory_init(&files);
	err *e = load(b, &files);
	const struct kustomize_options o = { .files = &files.files,
					     .working_dir = S("/"),
					     .order = KUSTOMIZE_ORDER_NONE,
					     .any_file = true };

	if (!e)
		e = kustomize_build(a, &o,
				    arena_cat(a, S("/"), path_dir(a, file_path(b, "x"))), &made);
	if (e) {
		files_memory_release(&files);
		return err_wrap(e, "kustomize build failed");
	}
	node objects = node_seq(a, made->n);

	for (size_t i = 0; i < made->n; i++)
		node_append(a, objects, made->list[i]->object);
	e = install_apply(b->c, b->s, objects, false);
	files_memory_release(&files);
	return e;
}

static bool is_kustomization(str name)
{
	return str_eq(name, S("kustomization.yaml")) || str_eq(name, S("kustomization.yml")) ||
	       str_eq(name, S("Kustomization"));
}

/* Whether a file holds objects alone, be it none. */
static bool holds_objects(const struct bootstrap *b, str path)
{
	struct yaml_doc *docs;
	str text;
	size_t n;
	err *e = gitwrite_read(b->repo.write, &b->repo.head, path, &text);

	if (!e)
		e = yaml_read_all(b->c->arena, text, YAML_KUBE, &docs, &n);
	for (size_t i = 0; !e && i < n; i++)
		if (!node_is_nil(docs[i].root) &&
		    (!node_has(docs[i].root, S("apiVersion")) || !node_has(docs[i].root, S("kind"))))
			e = err_new(ERR_INVALID, "no object");
	bool fine = !e;

	err_free(e);
	return fine;
}

/* The folder above that has a kustomization of its own, or nothing. */
static str own_folder(struct arena *a, const str *paths, size_t n, str path)
{
	str at = STR_NONE, part;

	while (str_split(path, '/', &part, &path)) {
		at = at.n ? arena_cat(a, at, S("/"), part) : part;
		for (size_t i = 0; i < n; i++)
			if (str_starts(paths[i], at) &&
			    is_kustomization(str_from(paths[i], at.n + 1)))
				return at;
	}
	return STR_NONE;
}

static bool is_listed(node list, str name)
{
	node_each_item(i, list)
		if (str_eq(node_str(*i), name))
			return true;
	return false;
}

static int by_text(const void *x, const void *y, void *ctx)
{
	(void)ctx;
	return str_cmp(node_str(*(const node *)x), node_str(*(const node *)y));
}

/* A kustomization that names all manifests of the folder, and the one to come. */
static err *make_kustomization(struct bootstrap *b, str *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct arena *a = b->c->arena;
	node root = node_map(a, 3), list = node_seq(a, 8);
	str folder = path_dir(a, file_path(b, "x")), *paths;
	size_t n;

	TRY(gitwrite_list(b->repo.write, a, &b->repo.head, folder, &paths, &n));
	for (size_t i = 0; i < n; i++) {
		str own = own_folder(a, paths, n, paths[i]);
		str entry = own.n ? own : paths[i];

		if (is_listed(list, entry) ||
		    (!own.n && !holds_objects(b, path_join(a, folder, paths[i]))))
			continue;
		node_append(a, list, node_from_str(a, entry));
	}
	if (!is_listed(list, S("gotk-sync.yaml")))
		node_append(a, list, node_lit("gotk-sync.yaml"));
	sort_stable(list.seq->items, list.seq->n, sizeof *list.seq->items, by_text, NULL);
	node_set(a, root, S("apiVersion"), node_lit("kustomize.config.k8s.io/v1beta1"));
	node_set(a, root, S("kind"), node_lit("Kustomization"));
	node_set(a, root, S("resources"), list);
	TRY(yaml_write(&text, root, YAML_WRITE_SIGS));
	*out = text_of(b, &text);
	return NULL;
}

/* ---- components -------------------------------------------------------- */

static err *get_object(struct bootstrap *b, enum flux_kind_id kind, node *out)
{
	const struct client_resource r = flux_resource(&flux_kinds[kind]);
	str name = b->manifests.namespace;

	return client_get(b->s->client, b->c->arena, &r, name, name, out);
}

/* The Kustomization that keeps the cluster, or NODE_NONE. */
static err *existing(struct bootstrap *b, node *out)
{
	err *e = get_object(b, FLUX_KUSTOMIZATION, out);

	if (e && err_code(e) == 404) {
		err_free(e);
		*out = NODE_NOTHING;
		return NULL;
	}
	return e;
}

static err *put_components(struct bootstrap *b)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	node objects, kustomization;
	str there;

	flux_action(b->c, "generating component manifests");
	TRY(manifests_make(b->c->arena, &b->manifests, &objects));
	TRY(manifests_print(b->c->arena, &b->manifests, objects, &text));
	flux_success(b->c, "generated component manifests");
	const struct gitwrite_file file = { file_path(b, "gotk-components.yaml"), buf_str(&text) };

	TRY(store(b, &file, 1, "Add Flux v" FLUX_VERSION " component manifests",
		  "component manifests"));
	TRY(existing(b, &kustomization));
	if (!node_str(node_dig(kustomization, "status", "lastAppliedRevision")).n) {
		flux_action(b->c, "installing components in \"%.*s\" namespace",
			    STR_ARG(b->manifests.namespace));
		err *e = gitwrite_read(b->repo.write, &b->repo.head,
				       file_path(b, "kustomization.yaml"), &there);
		bool own = !e;

		err_free(e);
		TRY(own ? apply_folder(b) : install_apply(b->c, b->s, objects, false));
		flux_success(b->c, "installed components");
	}
	if (b->manifests.registry_login.n) {
		TRY(install_pull_secret(b->c, b->s, &b->manifests));
		flux_success(b->c, "reconciled image pull secret %.*s",
			     STR_ARG(b->manifests.image_pull_secret));
	}
	flux_success(b->c, "reconciled components");
	return NULL;
}

/* ---- the login of the source ------------------------------------------- */

static err *put_secret(struct bootstrap *b)
{
	static const struct client_resource secrets = { STR_NONE, S("v1"), S("secrets"),
							S("Secret"), true };
	str namespace = b->manifests.namespace, name = b->options->secret_name;
	struct secret_note note;
	node secret;

	flux_action(b->c, "determining if source secret \"%.*s/%.*s\" exists", STR_ARG(namespace),
		    STR_ARG(name));
	err *e = client_get(b->s->client, b->c->arena, &secrets, namespace, name, &secret);

	if (e && err_kind(e) != ERR_NOT_FOUND)
		return err_wrap(e, "failed to determine if secret exists");
	if (!e && !b->key_given) {
		flux_success(b->c, "source secret up to date");
		return NULL;
	}
	err_free(e);
	flux_action(b->c, "generating source secret");
	TRY(secret_make_git(b->c, &b->secret, name, &secret, &note));
	if (node_is_nil(secret))
		secret = secret_new(b->c, name, NULL);
	if (note.public_key.n && b->deploy_key)
		TRY(b->deploy_key(b, note.public_key));
	flux_action(b->c, "applying source secret \"%.*s/%.*s\"", STR_ARG(namespace),
		    STR_ARG(name));
	TRY(secret_store(b->c, b->s, secret));
	flux_success(b->c, "reconciled source secret");
	return NULL;
}

/* ---- what keeps the cluster up to date ---------------------------------- */

static node sync_object(struct bootstrap *b, const char *api, const char *kind, node spec)
{
	struct arena *a = b->c->arena;
	node object = node_map(a, 4), metadata = node_map(a, 2);
	node name = node_from_str(a, b->manifests.namespace);

	node_set(a, metadata, S("name"), name);
	node_set(a, metadata, S("namespace"), name);
	node_set(a, object, S("apiVersion"), node_from_str(a, str_c(api)));
	node_set(a, object, S("kind"), node_from_str(a, str_c(kind)));
	node_set(a, object, S("metadata"), metadata);
	node_set(a, object, S("spec"), spec);
	return object;
}

static void set_text(struct arena *a, node map, const char *key, str value)
{
	node_set(a, map, str_c(key), node_from_str(a, value));
}

static str sync_path(const struct bootstrap *b)
{
	return arena_cat(b->c->arena, S("./"), b->path);
}

static node make_source(struct bootstrap *b)
{
	CLEANUP(buf_release) struct buf interval = BUF_INIT;
	const struct bootstrap_options *o = b->options;
	struct arena *a = b->c->arena;
	node spec = node_map(a, 8), ref = node_map(a, 1), secret = node_map(a, 1);

	duration_add(&interval, b->interval);
	set_text(a, spec, "interval", text_of(b, &interval));
	if (o->submodules)
		node_set(a, spec, S("recurseSubmodules"), node_from_bool(true));
	set_text(a, ref, "branch", b->repo.branch);
	node_set(a, spec, S("ref"), ref);
	set_text(a, secret, "name", o->secret_name);
	if (!b->repo.local)
		node_set(a, spec, S("secretRef"), secret);
	if (o->sparse.n) {
		node list = node_seq(a, o->sparse.n);

		for (size_t i = 0; i < o->sparse.n; i++)
			node_append(a, list, node_from_str(a, o->sparse.p[i]));
		node_set(a, spec, S("sparseCheckout"), list);
	}
	set_text(a, spec, "url", b->sync_url);
	return sync_object(b, "source.toolkit.fluxcd.io/v1", "GitRepository", spec);
}

static node make_sync(struct bootstrap *b)
{
	struct arena *a = b->c->arena;
	node spec = node_map(a, 4), ref = node_map(a, 2);

	set_text(a, spec, "interval", S("10m0s"));
	set_text(a, spec, "path", sync_path(b));
	node_set(a, spec, S("prune"), node_from_bool(true));
	set_text(a, ref, "kind", S("GitRepository"));
	set_text(a, ref, "name", b->manifests.namespace);
	node_set(a, spec, S("sourceRef"), ref);
	return sync_object(b, "kustomize.toolkit.fluxcd.io/v1", "Kustomization", spec);
}

/* A cluster follows one folder: another bootstrap is not to take it over. */
static err *check_path(struct bootstrap *b)
{
	str path = sync_path(b), there;
	node kustomization;

	TRY(existing(b, &kustomization));
	there = node_str(node_dig(kustomization, "spec", "path"));
	if (!there.n || str_eq(path_clean(b->c->arena, there), path_clean(b->c->arena, path)))
		return NULL;
	return err_new(ERR_CONFLICT,
		       "sync path configuration (\"%.*s\") would overwrite path (\"%.*s\") of "
		       "existing Kustomization",
		       STR_ARG(path), STR_ARG(there));
}

static err *put_sync(struct bootstrap *b)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct gitwrite_file files[2];
	str there;

	TRY(check_path(b));
	flux_action(b->c, "generating sync manifests");
	buf_add(&text, S("# This manifest was generated by flux. DO NOT EDIT.\n---\n"));
	TRY(yaml_write(&text, make_source(b), YAML_WRITE_SIGS));
	buf_add(&text, S("---\n"));
	TRY(yaml_write(&text, make_sync(b), YAML_WRITE_SIGS));
	files[0] = (struct gitwrite_file){ file_path(b, "gotk-sync.yaml"), buf_str(&text) };
	files[1] = (struct gitwrite_file){ file_path(b, "kustomization.yaml"), STR_NONE };
	err *e = gitwrite_read(b->repo.write, &b->repo.head, files[1].path, &there);

	bool own = !e;

	err_free(e);
	if (own)
		files[1].text = there;
	else
		TRY(make_kustomization(b, &files[1].text));
	flux_success(b->c, "generated sync manifests");
	TRY(store(b, files, 2, "Add Flux sync manifests", "sync manifests"));
	flux_action(b->c, "applying sync manifests");
	TRY(apply_folder(b));
	flux_success(b->c, "reconciled sync configuration");
	return NULL;
}

/* ---- the report -------------------------------------------------------- */

static str revision_of(enum flux_kind_id kind, node object)
{
	return kind == FLUX_GIT
		       ? node_str(node_dig(object, "status", "artifact", "revision"))
		       : node_str(node_dig(object, "status", "lastAttemptedRevision"));
}

/* Ready, not Ready, or not yet. */
static err *judge(enum flux_kind_id kind, node object, str revision, bool *done)
{
	node ready = health_condition(object, S("Ready"));
	str status = node_str(node_get(ready, S("status")));
	int64_t generation = node_int(node_dig(object, "metadata", "generation"));

	*done = false;
	if (node_bool(node_dig(object, "spec", "suspend")))
		return err_new(ERR_INVALID, "%s '%.*s/%.*s' is suspended", flux_kinds[kind].kind,
			       STR_ARG(flux_namespace(object)), STR_ARG(flux_name(object)));
	if (node_int(node_dig(object, "status", "observedGeneration")) != generation)
		return NULL;
	if (str_eq(status, S("False")))
		return err_new(ERR_INVALID, "%.*s",
			       STR_ARG(node_str(node_get(ready, S("message")))));
	*done = str_eq(status, S("True")) && str_eq(revision_of(kind, object), revision);
	return NULL;
}

static err *wait_for(struct bootstrap *b, enum flux_kind_id kind, str revision)
{
	const int64_t most = 2 * CLOCK_SECOND;
	int64_t pause = 50 * CLOCK_MS;

	for (;;) {
		struct arena_mark mark = arena_mark(b->c->arena);
		bool done;
		node object;

		TRY(get_object(b, kind, &object));
		TRY(judge(kind, object, revision, &done));
		arena_rewind(b->c->arena, mark);
		int64_t left = b->s->deadline - clock_mono();

		if (done)
			return NULL;
		if (left <= 0)
			return err_new(ERR_TIMEOUT, "context deadline exceeded");
		struct timespec t = clock_timespec(pause < left ? pause : left);

		nanosleep(&t, NULL);
		pause = pause * 2 < most ? pause * 2 : most;
	}
}

static void report_on(struct bootstrap *b, enum flux_kind_id kind, str revision, str *reasons,
		      size_t *n)
{
	const char *name = flux_kinds[kind].kind;
	str ns = b->manifests.namespace;

	flux_waiting(b->c, "waiting for %s \"%.*s/%.*s\" to be reconciled", name, STR_ARG(ns),
		     STR_ARG(ns));
	CLEANUP(err_drop) err *e = wait_for(b, kind, revision);

	if (!e) {
		flux_success(b->c, "%s reconciled successfully", name);
		return;
	}
	flux_failure(b->c, "%s", err_msg(e));
	reasons[(*n)++] = arena_printf(b->c->arena, "error while waiting for %s to be ready: '%s'",
				       name, err_msg(e));
}

static err *report(struct bootstrap *b)
{
	str revision = arena_cat(b->c->arena, b->repo.branch, S("@"), gitid_algo_name(b->repo.algo),
				 S(":"), repo_head(&b->repo));
	str reasons[REASONS_MAX];
	size_t n = 0;

	report_on(b, FLUX_GIT, revision, reasons, &n);
	report_on(b, FLUX_KUSTOMIZATION, revision, reasons, &n);
	flux_action(b->c, "confirming components are healthy");
	if (install_wait(b->c, b->s))
		flux_success(b->c, "all components are healthy");
	else
		reasons[n++] = S("timed out waiting for all resources to be ready");
	if (!n)
		return NULL;
	str all = arena_join(b->c->arena, reasons, n, S(", "));

	return err_new(ERR_UNAVAILABLE, "bootstrap failed with %zu health check failure(s): [%.*s]", n,
		       STR_ARG(all));
}

/* ---- all of it --------------------------------------------------------- */

static void prepare(struct bootstrap *b)
{
	const struct bootstrap_options *o = b->options;

	b->manifests = o->manifests;
	b->manifests.namespace = flux_settings(b->c)->namespace;
	b->manifests.own_registry = cli_given(b->c, "registry");
	str_take_str(&b->path, S("./"));
	if (str_eq(b->path, S(".")))
		b->path = STR_NONE;
	b->repo.arena = b->c->arena;
	b->repo.net = b->net;
	b->repo.branch = o->branch;
	b->repo.deadline = b->s->deadline;
	b->repo.author = (struct repo_author){
		.name = o->author_name,
		.email = o->author_email,
		.appendix = o->appendix,
		.signing_key = o->gpg_key_ring.n ? o->gpg_key_ring
			       : o->signing_reuse ? o->private_key
						  : o->signing_key,
		.gpg = o->gpg_key_ring.n > 0,
		.gpg_id = o->gpg_key_id,
		.gpg_passphrase = o->gpg_passphrase,
	};
}

static err *run(struct bootstrap *b)
{
	TRY(fetch(b));
	TRY(put_components(b));
	if (!b->repo.local)
		TRY(put_secret(b));
	TRY(put_sync(b));
	return report(b);
}

err *bootstrap_run(struct bootstrap *b)
{
	if (!b->net)
		TRY(flux_net(b->s, &b->net));
	prepare(b);
	err *e = run(b);

	repo_close(&b->repo);
	return e;
}
