#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/heap.h"
#include "base/vec.h"
#include "cli/commands.h"
#include "cli/crds.h"
#include "server/server.h"

struct server_flags {
	str data_dir, listen, kubeconfig, token, sync;
	struct flag_list crds;
	bool no_sim, plain;
};

static const struct flag server_flag_table[] = {
	{ "data-dir", 0, FLAG_STRING, offsetof(struct server_flags, data_dir),
	  "`directory` that holds everything the server knows, made when it is missing; :memory: keeps "
	  "nothing",
	  .fallback = ":memory:" },
	{ "listen", 0, FLAG_STRING, offsetof(struct server_flags, listen),
	  "`address` to listen on, as HOST:PORT; port 0 takes any that is free",
	  .fallback = "127.0.0.1:0" },
	{ "write-kubeconfig", 0, FLAG_STRING, offsetof(struct server_flags, kubeconfig),
	  "`file` to write the administrator's kubeconfig to, once the server is ready" },
	{ "token", 0, FLAG_STRING, offsetof(struct server_flags, token),
	  "bearer token of the administrator; a random one when empty" },
	{ "crds", 0, FLAG_ARRAY, offsetof(struct server_flags, crds),
	  "`file` of CustomResourceDefinitions to be there from the start, or a folder of such files; "
	  "flux: those of Flux" },
	{ "sync", 0, FLAG_STRING, offsetof(struct server_flags, sync),
	  "when writes are on the disk itself: normal survives a crash of the program, full a power cut "
	  "as well",
	  .fallback = "normal", .choices = "normal full" },
	{ "no-sim", 0, FLAG_BOOL, offsetof(struct server_flags, no_sim),
	  "nobody runs workloads: Deployments, Jobs and Pods are only stored" },
	{ "plain-http", 0, FLAG_BOOL, offsetof(struct server_flags, plain),
	  "HTTP instead of HTTPS" },
	{ .name = NULL },
};

enum { CRDS_MAX = 64 << 20, FOLDER_MAX = 10000 };

static bool is_object_file(str name)
{
	return str_ends(name, S(".yaml")) || str_ends(name, S(".yml")) || str_ends(name, S(".json"));
}

/* Its files by name; folders below it are not looked into. */
static err *read_folder(struct arena *a, str path, struct server_crds *out)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;
	VEC(struct server_file) files = { 0 };
	struct fs_entry *entries;
	size_t n;
	str text;

	TRY(fs_open(&dir, path, NULL));
	TRY(fs_list(dir, a, S("."), FOLDER_MAX, &entries, &n));
	for (size_t i = 0; i < n; i++) {
		if (!is_object_file(entries[i].name) || !fs_is_file(dir, entries[i].name))
			continue;
		TRY(fs_read(dir, a, entries[i].name, CRDS_MAX, &text));
		avec_push(a, &files,
			  (struct server_file){ arena_cat(a, path, S("/"), entries[i].name), text });
	}
	if (!files.n)
		return err_new(ERR_INVALID, "%.*s: no file in this folder ends in .yaml, .yml or .json; "
					    "folders in it are not looked into", STR_ARG(path));
	*out = (struct server_crds){ path, files.p, files.n };
	return NULL;
}

static err *read_crds(struct arena *a, str from, struct server_crds *out)
{
	struct server_file *file = arena_new(a, struct server_file);
	struct stat st;

	if (!str_eq(from, S("flux")) && !stat(arena_str(a, from).p, &st) && S_ISDIR(st.st_mode))
		return read_folder(a, from, out);
	file->name = from;
	if (str_eq(from, S("flux")))
		TRY(crds_flux(a, &file->text));
	else
		TRY(fs_read_any(a, from, CRDS_MAX, &file->text));
	*out = (struct server_crds){ from, file, 1 };
	return NULL;
}

/* The texts are of no use once the server is there. */
static err *open_server(const struct server_flags *f, struct server_options *o, struct server **out)
{
	CLEANUP(arena_release) struct arena texts = ARENA_INIT;
	struct server_crds *crds = arena_array(&texts, struct server_crds, f->crds.n);

	for (size_t i = 0; i < f->crds.n; i++)
		TRY(read_crds(&texts, f->crds.p[i], &crds[i]));
	o->crds = crds;
	o->crds_n = f->crds.n;
	return server_open(out, o);
}

/* Whole or not at all, and for its owner alone. */
static err *write_kubeconfig(const struct server *s, str path)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	CLEANUP(fs_drop) struct fs *dir = NULL;
	size_t slash = str_rfind_char(path, '/');
	str folder = slash == STR_NPOS ? S(".") : slash ? str_sub(path, 0, slash) : S("/");

	server_kubeconfig(s, &b);
	TRY(fs_open(&dir, folder, NULL));
	return fs_write(dir, slash == STR_NPOS ? path : str_from(path, slash + 1), buf_str(&b),
			0600);
}

static void block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static err *run_server(struct cli *c)
{
	const struct server_flags *f = c->options;
	struct server_options o = {
		.data_dir = f->data_dir,
		.listen = f->listen,
		.token = f->token,
		.no_sim = f->no_sim,
		.plain = f->plain,
		.full_sync = str_eq(f->sync, S("full")),
	};
	struct server *s;
	sigset_t signals;
	int got;

	if (!o.full_sync && !str_eq(f->sync, S("normal")))
		return err_new(ERR_INVALID, "--sync: \"%.*s\" is neither normal nor full",
			       STR_ARG(f->sync));
	heap_stay_small();
	block_signals(&signals);
	TRY(open_server(f, &o, &s));
	err *e = f->kubeconfig.n ? write_kubeconfig(s, f->kubeconfig) : NULL;

	if (!e) {
		cli_note(c, "listening on %.*s", STR_ARG(server_url(s)));
		sigwait(&signals, &got);
	}
	server_close(s);
	return e;
}

const struct command server_command = {
	.use = "server",
	.brief = "Serve the Kubernetes API from this process",
	.text = "Serve the Kubernetes API from this process, for kubectl, helm and all other clients:\n"
		"objects with their defaults, checks and owners, custom resources, watches and\n"
		"workloads that are simulated.",
	.example = "  # A cluster that is gone when the program ends\n"
		   "  rill server --write-kubeconfig kubeconfig\n\n"
		   "  # One that stays\n"
		   "  rill server --data-dir ./cluster --write-kubeconfig kubeconfig",
	.args = { ARGS_NONE },
	.flags = server_flag_table,
	.options = sizeof(struct server_flags),
	.run = run_server,
};
