/* up - "rill up": a cluster out of a repository, in this process. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/crds.h"
#include "cli/direct.h"
#include "cli/engine.h"
#include "cli/flux.h"
#include "cli/up_entry.h"
#include "cli/up_state.h"
#include "cli/up_view.h"
#include "controllers/pass.h"
#include "text/duration.h"
#include "text/gourl.h"
#include "text/path.h"
#include "text/quote.h"
#include "value/yaml.h"

/* All is ready when it has been so for a while: what was just applied may
 * have brought more. */
#define SETTLED (300 * CLOCK_MS)
/* The view is not looked at more often. */
#define VIEW_STEP (100 * CLOCK_MS)
enum { FILE_MAX = 4 << 20, COMPONENTS_MAX = 16 << 20 };

struct up_flags {
	str path, branch, data_dir, kubeconfig, listen;
	struct flag_list replace;
	bool keep, until_ready, detach, no_sim;
	str watch_configs;
};

#define AT(field) offsetof(struct up_flags, field)

static const struct flag up_flag_table[] = {
	{ "branch", 0, FLAG_STRING, AT(branch), "`branch` of the repository, where REPO is a URL",
	  .fallback = "main" },
	{ "data-dir", 0, FLAG_STRING, AT(data_dir),
	  "`directory` to keep the cluster in, from one run to the next" },
	{ "detach", 0, FLAG_BOOL, AT(detach),
	  "go on in the background: return when it serves, with --until-ready when all is ready" },
	{ "keep", 0, FLAG_BOOL, AT(keep), "keep the cluster in ~/.local/state/rill/up" },
	{ "listen", 0, FLAG_STRING, AT(listen), "`address` of the API server", .fallback = "127.0.0.1:0" },
	{ "no-sim", 0, FLAG_BOOL, AT(no_sim),
	  "nobody runs workloads: Deployments, Jobs and Pods are only stored" },
	{ "path", 0, FLAG_STRING, AT(path),
	  "`folder` of the repository to begin with; found out where it is not said" },
	{ "replace-source", 0, FLAG_ARRAY, AT(replace),
	  "let a directory stand for a source, as KIND/NAME=DIRECTORY or KIND/NAMESPACE/NAME=DIRECTORY, or "
	  "another address, as KIND/NAME=URL; repeatable" },
	{ "until-ready", 0, FLAG_BOOL, AT(until_ready),
	  "end when all objects are ready, with status 1 when they are not within --timeout" },
	{ "watch-configs-label-selector", 0, FLAG_STRING, AT(watch_configs),
	  "`labels` of the ConfigMaps and Secrets whose change counts; empty: all that are referred to" },
	{ "write-kubeconfig", 0, FLAG_STRING, AT(kubeconfig), "`file` to write the kubeconfig to" },
	{ .name = NULL },
};

/* One run. */
struct up {
	struct cli *c;
	const struct up_flags *f;
	struct up_state state;
	struct server *server;
	struct client *client;
	struct net_client *net;
	struct settings settings;
	struct engine *engine;
	str kubeconfig;			/* path */
	bool local;			/* REPO is a directory */
	str repo;			/* URL, or absolute path */
	str name, namespace;		/* of the first source and Kustomization */
	str entry;			/* "clusters/prod"; empty: not known yet */
	str components;			/* version of the Flux that it brings; empty: none */
	int log;
	struct log_sink sink;		/* until the last thread has ended */
	pthread_t signals;
	atomic_bool stop;
	_Atomic(struct engine *) running; /* for the signals' thread: the engine, once it runs */
	bool waiting;			/* the signals' thread runs */
};

/* ---- what the flags say --------------------------------------------------------------- */

static bool is_url(str s)
{
	return str_has(s, S("://"));
}

static err *absolute(struct cli *c, str dir, str *out)
{
	CLEANUP(fs_drop) struct fs *fs = NULL;

	TRY(fs_open(&fs, dir, NULL));
	*out = arena_str(c->arena, fs_root(fs));
	return NULL;
}

/* "HelmRepository/podinfo=./charts" */
static err *read_replacement(struct cli *c, str text, struct replacement *out)
{
	str object, what, kind, rest, namespace, name;

	if (!str_split(text, '=', &object, &what) || !what.n ||
	    !str_split(object, '/', &kind, &rest) || !kind.n || !rest.n)
		return err_new(ERR_INVALID,
			       "--replace-source: \"%.*s\" is not KIND/NAME=DIRECTORY or KIND/NAME=URL",
			       STR_ARG(text));
	if (!str_split(rest, '/', &namespace, &name)) {
		name = rest;
		namespace = STR_NONE;
	}
	enum flux_kind_id id = flux_kind_find(kind);

	if (id != FLUX_GIT && id != FLUX_OCI && id != FLUX_BUCKET && id != FLUX_HELM_REPOSITORY)
		return err_new(ERR_INVALID,
			       "--replace-source: \"%.*s\" is none of GitRepository, OCIRepository, "
			       "Bucket, HelmRepository",
			       STR_ARG(kind));
	*out = (struct replacement){ .kind = kind, .namespace = namespace, .name = name };
	if (is_url(what))
		out->url = what;
	else
		TRY(absolute(c, what, &out->dir));
	return NULL;
}

static err *read_settings(struct up *u)
{
	struct cli *c = u->c;
	struct settings *s = &u->settings;
	struct replacement *list = arena_array(c->arena, struct replacement, u->f->replace.n + 1);
	size_t n = 0;

	settings_default(s);
	for (size_t i = 0; i < u->f->replace.n; i++)
		TRY(read_replacement(c, u->f->replace.p[i], &list[n++]));
	if (u->local)
		list[n++] = (struct replacement){ .kind = S("GitRepository"),
						  .namespace = u->namespace,
						  .name = u->name,
						  .dir = u->repo };
	s->replacements = list;
	s->replacements_n = n;
	s->runtime_namespace = u->namespace;
	s->storage_addr = S("127.0.0.1:0");
	s->storage_path = arena_cat(c->arena, u->state.dir, S("/artifacts"));
	s->watch_configs_label_selector = u->f->watch_configs;
	s->own_definitions = true;
	return NULL;
}

/* ---- the entry point --------------------------------------------------------------------- */

static err *ask(struct up *u, const struct up_entries *e, size_t *which)
{
	char line[16];

	for (size_t i = 0; i < e->n; i++)
		cli_note(u->c, "  %zu  %.*s", i + 1, STR_ARG(e->paths[i]));
	buf_addf(&u->c->err.buf, "Which of them? [1] ");
	output_flush(&u->c->err);
	ssize_t n = read(STDIN_FILENO, line, sizeof line - 1);
	uint64_t number = 1;
	str text = str_trim(str_of(line, n > 0 ? (size_t)n : 0));

	if (text.n && (!str_to_u64(text, &number) || !number || number > e->n))
		return err_new(ERR_INVALID, "\"%.*s\" is none of 1 to %zu", STR_ARG(text), e->n);
	*which = number - 1;
	return NULL;
}

static err *choose(struct up *u, const struct up_entries *e)
{
	CLEANUP(buf_release) struct buf list = BUF_INIT;
	size_t which = 0;

	if (!e->n)
		return err_new(ERR_NOT_FOUND,
			       "%.*s has no folder that looks like an entry point: say --path",
			       STR_ARG(u->repo));
	if (e->n > 1 && isatty(STDIN_FILENO) && output_is_terminal(&u->c->err)) {
		cli_note(u->c, "%.*s has several entry points:", STR_ARG(u->repo));
		TRY(ask(u, e, &which));
	} else if (e->n > 1) {
		for (size_t i = 0; i < e->n; i++)
			buf_addf(&list, "%s%.*s", i ? ", " : "", STR_ARG(e->paths[i]));
		return err_new(ERR_INVALID, "%.*s has several entry points: say --path, one of %s",
			       STR_ARG(u->repo), buf_c(&list));
	}
	u->entry = e->paths[which];
	return NULL;
}

/* A bootstrapped repository says how its first source and Kustomization are called. */
static err *read_names(struct up *u, const struct fs *fs)
{
	struct arena *a = u->c->arena;
	str path = arena_cat(a, u->entry, S("/flux-system/gotk-sync.yaml")), text;
	struct yaml_doc *docs;
	size_t n;

	if (!fs_is_file(fs, path))
		return NULL;
	TRY(fs_read(fs, a, path, FILE_MAX, &text));
	TRY(yaml_read_all(a, text, YAML_SIGS, &docs, &n));
	for (size_t i = 0; i < n; i++) {
		node d = docs[i].root;

		if (!str_eq(node_str(node_get(d, S("kind"))), S("Kustomization")))
			continue;
		u->name = flux_name(d);
		u->namespace = flux_namespace(d);
	}
	return u->name.n && u->namespace.n
		       ? NULL
		       : err_new(ERR_INVALID, "%.*s names no Kustomization", STR_ARG(path));
}

/* Flux's own controllers are among what is applied: then they are simulated as
 * any workload is, and it should be known who does the work. */
static void note_components(struct up *u, const struct fs *fs)
{
	struct arena *a = u->c->arena;
	str path = arena_cat(a, u->entry, S("/flux-system/gotk-components.yaml")), text, line;
	err *e = fs_read(fs, a, path, COMPONENTS_MAX, &text);

	err_free(e);
	while (!e && str_line(&text, &line) && (!line.n || line.p[0] == '-' || line.p[0] == '#'))
		if (str_take_str(&line, S("# Flux Version: ")) && !str_has(line, S("(rill")))
			u->components = arena_str(a, line);
}

static err *find_entry(struct up *u, const struct fs *fs)
{
	struct up_entries e;

	if (u->f->path.n) {
		u->entry = up_entry_clean(u->c->arena, u->f->path);
		if (!fs_is_dir(fs, u->entry))
			return err_new(ERR_NOT_FOUND, "%.*s has no folder %.*s", STR_ARG(u->repo),
				       STR_ARG(u->f->path));
	} else {
		TRY(up_entry_find(u->c->arena, fs, &e));
		TRY(choose(u, &e));
	}
	note_components(u, fs);
	return read_names(u, fs);
}

/* "git@host:org/repo", as git reads it, is ssh://git@host/org/repo. */
static str url_of(struct cli *c, str repo)
{
	str host, path;

	str_take_str(&repo, S("file://"));
	if (is_url(repo) || access(repo.p, F_OK) == 0 || !str_split(repo, ':', &host, &path) ||
	    !path.n || str_find_char(host, '/') != STR_NPOS)
		return repo;
	return arena_cat(c->arena, S("ssh://"), host, str_starts(path, S("/")) ? STR_NONE : S("/"),
			 path);
}

static err *check_url(struct up *u)
{
	struct gourl url;

	TRY(gourl_parse(u->c->arena, u->repo, &url));
	if (str_eq(url.scheme, S("ssh")))
		return err_new(ERR_INVALID,
			       "%.*s: there is no key for SSH here; clone it, and follow the directory",
			       STR_ARG(u->repo));
	if (!str_eq(url.scheme, S("https")) && !str_eq(url.scheme, S("http")))
		return err_new(ERR_INVALID, "%.*s: scheme %.*s is neither https nor http",
			       STR_ARG(u->repo), STR_ARG(url.scheme));
	if (!url.host.n)
		return err_new(ERR_INVALID, "%.*s names no host", STR_ARG(u->repo));
	return NULL;
}

static err *look_at_repo(struct up *u)
{
	CLEANUP(fs_drop) struct fs *fs = NULL;

	u->name = u->namespace = S("flux-system");
	u->repo = url_of(u->c, u->c->words.p[0]);
	u->local = !is_url(u->repo);
	if (!u->local)
		return check_url(u);
	if (cli_given(u->c, "branch"))
		return err_new(ERR_INVALID, "--branch is for URLs: of a directory, what is checked out is "
					    "followed");
	str repo = u->repo;

	TRY(absolute(u->c, repo, &u->repo));
	TRY(fs_open(&fs, u->repo, &(struct fs_options){ .links = FS_LINKS_INSIDE }));
	return find_entry(u, fs);
}

static void tell_entry(struct up *u)
{
	flux_action(u->c, "following %.*s of %.*s", STR_ARG(u->entry), STR_ARG(u->repo));
	if (u->components.n)
		flux_warning(u->c,
			     "the repository brings the controllers of Flux %.*s: they are only "
			     "simulated, rill does their work, with its own definitions of their kinds",
			     STR_ARG(u->components));
}

/* ---- objects ----------------------------------------------------------------------------- */

static err *apply(struct up *u, const struct client_resource *r, const char *text)
{
	struct arena *a = u->c->arena;
	const struct client_patch_options o = { .type = CLIENT_PATCH_APPLY,
						.manager = S("flux"),
						.force = true };
	node object;

	TRY(yaml_read(a, str_c(text), YAML_SIGS, &object));
	return client_patch(u->client, a, r, flux_namespace(object), flux_name(object), object, &o,
			    NULL);
}

static err *apply_source(struct up *u)
{
	static const struct client_resource namespaces = { STR_NONE, S("v1"), S("namespaces"),
							   S("Namespace"), false };
	const struct client_resource r = flux_resource(&flux_kinds[FLUX_GIT]);
	struct arena *a = u->c->arena;
	str url = u->local ? arena_cat(a, S("ssh://localhost"), u->repo) : u->repo;

	TRY(apply(u, &namespaces,
		  arena_printf(a, "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: %.*s\n",
			       STR_ARG(u->namespace))
			  .p));
	return apply(u, &r,
		     arena_printf(a,
				  "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
				  "metadata:\n  name: %.*s\n  namespace: %.*s\n"
				  "spec:\n  interval: 1m0s\n  ref:\n    branch: %s\n  url: %s\n",
				  STR_ARG(u->name), STR_ARG(u->namespace),
				  quote_str(a, u->f->branch).p, quote_str(a, url).p)
			     .p);
}

static err *apply_kustomization(struct up *u)
{
	const struct client_resource r = flux_resource(&flux_kinds[FLUX_KUSTOMIZATION]);
	struct arena *a = u->c->arena;
	str path = str_eq(u->entry, S(".")) ? S("./") : arena_cat(a, S("./"), u->entry);

	return apply(u, &r,
		     arena_printf(a,
				  "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
				  "metadata:\n  name: %.*s\n  namespace: %.*s\n"
				  "spec:\n  interval: 10m0s\n  path: %s\n  prune: true\n"
				  "  sourceRef:\n    kind: GitRepository\n    name: %.*s\n",
				  STR_ARG(u->name), STR_ARG(u->namespace), quote_str(a, path).p,
				  STR_ARG(u->name))
			     .p);
}

static bool is_observed(node object)
{
	return node_int(node_dig(object, "status", "observedGeneration")) ==
	       node_int(node_dig(object, "metadata", "generation"));
}

/* Of a repository elsewhere, the entry point is known once it was fetched. */
static err *entry_of_artifact(struct up *u, bool *known)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(artifact_tree_drop) struct artifact_tree *tree = NULL;
	const struct client_resource r = flux_resource(&flux_kinds[FLUX_GIT]);
	struct artifact artifact;
	node source = live_get(runtime_live(engine_runtime(u->engine)), &a, &r, u->namespace, u->name);

	*known = false;
	/* a kept cluster may have followed something else */
	if (!is_observed(source) || !artifact_of(&a, source, &artifact))
		return NULL;
	TRY(artifact_open(engine_store(u->engine), &artifact, &tree));
	TRY(find_entry(u, artifact_tree_fs(tree)));
	*known = true;
	return NULL;
}

/* ---- the parts ----------------------------------------------------------------------------- */

static void write_log(void *ctx, enum log_level level, str line)
{
	const struct up *u = ctx;
	ssize_t n = write(u->log, line.p, line.n);

	(void)level;
	(void)n;	/* a full disk must not stop the work */
}

static err *open_log(struct up *u)
{
	str path = arena_cat(u->c->arena, u->state.dir, S("/log"));

	u->log = open(path.p, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	return u->log < 0 ? err_errno(errno, "open %s", path.p) : NULL;
}

static err *write_kubeconfig(struct up *u)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(fs_drop) struct fs *dir = NULL;
	str path = u->f->kubeconfig, folder, name;

	server_kubeconfig(u->server, &b);
	u->kubeconfig = arena_cat(u->c->arena, u->state.dir, S("/kubeconfig"));
	TRY(fs_write(u->state.fs, S("kubeconfig"), buf_str(&b), 0600));
	if (!path.n)
		return NULL;
	path_split(path, &folder, &name);
	TRY(fs_open(&dir, folder.n ? folder : S("."), NULL));
	u->kubeconfig = arena_cat(u->c->arena, fs_root(dir), S("/"), name);
	return fs_write(dir, name, buf_str(&b), 0600);
}

static err *open_server(struct up *u)
{
	struct arena *a = u->c->arena;
	struct server_file flux = { .name = S("flux") };
	const struct server_crds crds = { S("flux"), &flux, 1 };
	struct server_options o = {
		.data_dir = u->state.keep ? arena_cat(a, u->state.dir, S("/server")) : S(":memory:"),
		.listen = u->f->listen,
		.no_sim = u->f->no_sim,
		.crds = &crds,
		.crds_n = 1,
	};

	TRY(crds_flux(a, &flux.text));
	TRY(server_open(&u->server, &o));
	TRY(write_kubeconfig(u));
	u->client = direct_client(u->server);
	return NULL;
}

static void on_signal(struct up *u)
{
	atomic_store(&u->stop, true);
	struct engine *e = atomic_load(&u->running);

	if (e)
		runtime_wake(engine_runtime(e));
}

static void *wait_for_signal(void *arg)
{
	struct up *u = arg;
	sigset_t set;
	int got;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigwait(&set, &got);
	on_signal(u);
	return NULL;
}

static void take_signals(struct up *u)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (pthread_create(&u->signals, NULL, wait_for_signal, u))
		die_bug("pthread_create failed");
	u->waiting = true;
}

static err *start(struct up *u)
{
	TRY(open_server(u));
	TRY(net_client_new(&u->net, &(struct net_options){ .proxy_env = true }));
	TRY(apply_source(u));
	if (u->entry.n)
		TRY(apply_kustomization(u));
	const struct engine_options o = { .net = u->net,
					  .client = u->client,
					  .settings = &u->settings,
					  .cancel = &u->stop };

	TRY(engine_start(&u->engine, &o));
	atomic_store(&u->running, u->engine);
	return NULL;
}

static void end(struct up *u)
{
	if (u->waiting) {
		if (!atomic_load(&u->stop))
			pthread_kill(u->signals, SIGTERM);
		pthread_join(u->signals, NULL);
	}
	engine_stop(u->engine);
	net_client_drop(&u->net);
	client_drop(&u->client);
	if (u->server)
		server_close(u->server);
	log_use(NULL);
	if (u->log >= 0)
		close(u->log);
	up_state_close(&u->state);
}

/* ---- running ---------------------------------------------------------------------------------- */

/* What a detached run tells whoever started it: a byte, and then it goes on alone. */
struct report {
	int fd;				/* -1: nobody waits */
};

static void tell(struct report *r, char what)
{
	if (r->fd < 0)
		return;
	ssize_t n = write(r->fd, &what, 1);
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)n;
	close(r->fd);
	r->fd = -1;
	/* Whoever reads what it says must not wait for its end. */
	for (int fd = 0; fd < 3 && nothing >= 0; fd++)
		dup2(nothing, fd);
	close(nothing);
}

static void rest(int64_t span)
{
	struct timespec t = clock_timespec(span);

	nanosleep(&t, NULL);
}

static err *not_ready(struct up *u, struct up_view *v)
{
	CLEANUP(buf_release) struct buf span = BUF_INIT;

	up_view_complain(v);
	duration_add(&span, flux_settings(u->c)->timeout);
	return err_new(ERR_TIMEOUT, "not ready within %s", buf_c(&span));
}

/* Show what happens until a signal comes, or all is ready and that was asked for. */
static err *follow(struct up *u, struct up_view *v, struct report *report)
{
	struct runtime *rt = engine_runtime(u->engine);
	int64_t until = clock_after(clock_mono(), flux_settings(u->c)->timeout), ready_at = 0;
	bool wanted = u->f->until_ready;

	while (!atomic_load(&u->stop)) {
		uint64_t seen = runtime_changes(rt);
		bool known = u->entry.n > 0;

		if (!known) {
			TRY(entry_of_artifact(u, &known));
			if (known) {
				tell_entry(u);
				TRY(apply_kustomization(u));
			}
		}
		int64_t again = up_view_update(v);
		bool shown = known && up_view_is_ready(v), ready = shown && runtime_is_idle(rt);
		int64_t now = clock_mono();

		ready_at = !ready ? 0 : ready_at ? ready_at : now;
		if (wanted && ready && now - ready_at >= SETTLED) {
			tell(report, 0);
			if (!u->f->detach)
				return NULL;
			wanted = false;
		} else if (wanted && now > until) {
			return not_ready(u, v);
		}
		if (wanted && (shown ? SETTLED : until - now) < again)
			again = shown ? SETTLED : until - now + CLOCK_MS;
		runtime_wait(rt, seen, again);
		rest(VIEW_STEP);
	}
	return NULL;
}

static void greet(struct up *u)
{
	flux_success(u->c, "serving Kubernetes at %.*s", STR_ARG(server_url(u->server)));
	if (u->entry.n)
		tell_entry(u);
	else
		flux_action(u->c, "following %.*s", STR_ARG(u->repo));
	buf_addf(&u->c->out.buf, "export KUBECONFIG=%.*s\n", STR_ARG(u->kubeconfig));
	output_flush(&u->c->out);
}

static err *serve(struct up *u, struct report *report)
{
	TRY(open_log(u));
	u->sink = (struct log_sink){ write_log, u };
	log_use(&u->sink);
	log_set(LOG_JSON, LOG_INFO);
	take_signals(u);
	TRY(start(u));
	greet(u);
	if (!u->f->until_ready)
		tell(report, 0);
	struct up_view *v = up_view_new(u->c, engine_runtime(u->engine));
	err *e = follow(u, v, report);

	up_view_free(v);
	return e;
}

/* In the background from here on: what it says until it has told how it goes
 * still reaches the user. The parent gets *gone, and the byte. */
static err *detach(struct up *u, struct report *report, bool *gone, char *what)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return err_errno(errno, "pipe");
	output_flush(&u->c->out);
	output_flush(&u->c->err);
	pid_t pid = fork();

	if (pid < 0)
		return err_errno(errno, "fork");
	close(ends[pid ? 1 : 0]);
	if (!pid) {
		setsid();
		report->fd = ends[1];
		return up_state_mine(&u->state);
	}
	*gone = true;
	*what = 1;
	while (read(ends[0], what, 1) < 0 && errno == EINTR)
		;
	close(ends[0]);
	return NULL;
}

/* What the run writes would be a change of what it follows. */
static err *check_outside(const struct up *u, str dir)
{
	if (!u->local || !str_starts(dir, u->repo) ||
	    (dir.n > u->repo.n && dir.p[u->repo.n] != '/'))
		return NULL;
	return err_new(ERR_INVALID, "%.*s lies in the repository: say another --data-dir",
		       STR_ARG(dir));
}

/* The same before anything is made; links show later. */
static err *check_wish(const struct up *u, str dir)
{
	str here = STR_NONE;

	if (!path_is_abs(dir))
		TRY(absolute(u->c, S("."), &here));
	return check_outside(u, path_clean(u->c->arena, path_join(u->c->arena, here, dir)));
}

static err *run_up(struct cli *c)
{
	struct up u = { .c = c, .f = c->options, .log = -1 };
	struct report report = { .fd = -1 };
	bool gone = false;
	char what = 0;
	str dir = u.f->data_dir.n ? u.f->data_dir : up_state_default(c);

	TRY(look_at_repo(&u));
	TRY(check_wish(&u, dir));
	TRY(up_state_open(c, dir, u.f->keep || u.f->data_dir.n, &u.state));
	err *e = check_outside(&u, u.state.dir);

	if (!e)
		e = read_settings(&u);
	if (!e && u.f->detach)
		e = detach(&u, &report, &gone, &what);
	if (gone) {	/* the directory and its lock are the child's */
		up_state_leave(&u.state);
		c->status = what;
		return NULL;
	}
	if (!e)
		e = serve(&u, &report);
	bool told = atomic_load(&u.stop);

	end(&u);
	if (e && told) {	/* what comes of the end is no failure */
		err_free(e);
		e = NULL;
	}
	return e;
}

const struct command up_command = {
	.use = "up REPO",
	.brief = "Run a cluster from a repository, in this process",
	.text = "Run a cluster from a repository, in this process: an API server, all controllers and\n"
		"simulated workloads. REPO is the URL of a Git repository, or a directory, which is\n"
		"followed as it is: a saved file is applied at once, committed or not.",
	.example = "  # What the working tree says should run\n"
		   "  rill up .\n\n"
		   "  # In a script: fails when something does not become ready\n"
		   "  rill up . --until-ready --timeout 1m\n\n"
		   "  # With charts from a directory, in the place of a repository elsewhere\n"
		   "  rill up . --replace-source HelmRepository/podinfo=./charts",
	.args = { ARGS_EXACT, 1, 1 },
	.flags = up_flag_table,
	.options = sizeof(struct up_flags),
	.run = run_up,
};
