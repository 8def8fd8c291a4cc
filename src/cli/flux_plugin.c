#include "cli/flux_plugin.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "cli/commands.h"
#include "cli/flux.h"
#include "crypto/sha256.h"
#include "source/unpack.h"
#include "text/gotime.h"
#include "text/path.h"
#include "value/yaml.h"

#define CATALOG "https://github.com/fluxcd/plugins/releases/latest/download/"
#define API_VERSION "cli.fluxcd.io/v1beta1"
#define PREFIX "flux-"

enum { PLUGINS_MAX = 1000, MANIFEST_MAX = 10 << 20, PROGRAM_MAX = 512 << 20, TRIES = 3 };

#if defined(__aarch64__)
#define ARCH "arm64"
#elif defined(__x86_64__)
#define ARCH "amd64"
#else
#define ARCH "unknown"
#endif

/* ---- what is installed ------------------------------------------------- */

str plugin_dir(const struct cli *c)
{
	str named = str_c(cli_env(c, "FLUXCD_PLUGINS"));

	return named.n ? named : arena_cat(c->arena, str_c(cli_env(c, "HOME")),
					   S("/.fluxcd/plugins"));
}

static bool is_program(str path)
{
	struct stat st;

	return stat(path.p, &st) == 0 && S_ISREG(st.st_mode) && access(path.p, X_OK) == 0;
}

static str program_path(const struct cli *c, str name)
{
	return arena_cat(c->arena, plugin_dir(c), S("/" PREFIX), name);
}

static str receipt_path(const struct cli *c, str name)
{
	return arena_cat(c->arena, program_path(c, name), S(".yaml"));
}

str plugin_find(const struct cli *c, str name)
{
	str path = program_path(c, name);

	if (!name.n || str_find_char(name, '/') != STR_NPOS || !is_program(path))
		return STR_NONE;
	return path;
}

/* The receipt, or NODE_NONE for what the user put there. */
static node receipt_of(const struct cli *c, str name)
{
	node receipt = NODE_NOTHING;
	str text;

	CLEANUP(err_drop)
	err *e = fs_read_any(c->arena, receipt_path(c, name), MANIFEST_MAX, &text);

	if (!e)
		e = yaml_read(c->arena, text, YAML_KUBE, &receipt);
	return e ? NODE_NOTHING : receipt;
}

typedef VEC(str) names_vec;

static void list_installed(const struct cli *c, names_vec *out)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;
	struct fs_entry *entries;
	size_t n = 0;

	CLEANUP(err_drop) err *e = fs_open(&dir, plugin_dir(c), NULL);

	if (!e)
		e = fs_list(dir, c->arena, STR_NONE, PLUGINS_MAX, &entries, &n);
	for (size_t i = 0; !e && i < n; i++) {
		str name = entries[i].name;

		if (str_take_str(&name, S(PREFIX)) && plugin_find(c, name).n)
			avec_push(c->arena, out, name);
	}
}

/* ---- running ----------------------------------------------------------- */

err *plugin_external(struct cli *c, str word, const str *args, size_t n, bool *done)
{
	(void)done;		/* it takes our place */
	str path = plugin_find(c, word);
	size_t at = 0;

	if (!path.n)
		return NULL;
	while (at < n && !str_eq(args[at], word))
		at++;
	char **argv = arena_array(c->arena, char *, n - at + 1);

	argv[0] = (char *)path.p;
	for (size_t i = at + 1; i < n; i++)
		argv[i - at] = (char *)arena_str(c->arena, args[i]).p;
	output_flush(&c->out);
	execve(path.p, argv, c->env);
	return err_errno(errno, "fork/exec %s", path.p);
}

/* ---- the catalog ------------------------------------------------------- */

struct catalog {
	struct cli *c;
	struct net_client *net;
};

static err *fetch(const struct catalog *k, str url, size_t max, str *out)
{
	for (int i = 1;; i++) {
		CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
		const struct net_request q = { .url = url, .max_body = max };

		r.body.max = max;
		err *e = net_do(k->net, &q, &r);

		if (!e && r.status == 200) {
			*out = arena_str(k->c->arena, buf_str(&r.body));
			return NULL;
		}
		if (!e && (r.status < 500 || i == TRIES))
			return err_new(ERR_UNAVAILABLE, "HTTP %d from %.*s", r.status,
				       STR_ARG(url));
		if (i == TRIES)
			return e;
		err_free(e);
		struct timespec t = clock_timespec(CLOCK_SECOND);

		nanosleep(&t, NULL);
	}
}

static str catalog_url(const struct catalog *k, str file)
{
	const char *named = cli_env(k->c, "FLUXCD_PLUGIN_CATALOG");

	return arena_cat(k->c->arena, str_c(named && *named ? named : CATALOG), file);
}

static err *check_type(node document, const char *what, const char *kind)
{
	str api = node_str(node_get(document, S("apiVersion")));
	str its = node_str(node_get(document, S("kind")));

	if (!str_eq(api, S(API_VERSION)))
		return err_new(ERR_INVALID,
			       "%s has unsupported apiVersion \"%.*s\" (expected \"" API_VERSION "\")",
			       what, STR_ARG(api));
	if (!str_eq(its, str_c(kind)))
		return err_new(ERR_INVALID, "%s has unexpected kind \"%.*s\" (expected \"%s\")",
			       what, STR_ARG(its), kind);
	return NULL;
}

static err *read_catalog(const struct catalog *k, node *out)
{
	str text;
	err *e = fetch(k, catalog_url(k, S("catalog.yaml")), MANIFEST_MAX, &text);

	if (e)
		return err_wrap(e, "failed to fetch plugin catalog");
	e = yaml_read(k->c->arena, text, YAML_KUBE, out);
	return e ? err_wrap(e, "failed to parse plugin catalog")
		 : check_type(*out, "plugin catalog", "PluginCatalog");
}

static bool is_bin(str bin)
{
	return str_starts(bin, S(PREFIX)) && bin.n > sizeof(PREFIX) - 1 &&
	       str_find_char(bin, '/') == STR_NPOS && str_find_char(bin, '\\') == STR_NPOS;
}

static err *read_manifest(const struct catalog *k, str name, node *out)
{
	str what = arena_printf(k->c->arena, "plugin \"%.*s\"", STR_ARG(name)), text;
	err *e = fetch(k, catalog_url(k, arena_cat(k->c->arena, name, S(".yaml"))), MANIFEST_MAX,
		       &text);

	if (e)
		return err_replace(e, "%s not found in catalog", what.p);
	e = yaml_read(k->c->arena, text, YAML_KUBE, out);
	if (e)
		return err_wrap(e, "failed to parse plugin manifest for \"%.*s\"", STR_ARG(name));
	TRY(check_type(*out, what.p, "Plugin"));
	str bin = node_str(node_get(*out, S("bin")));

	if (!is_bin(bin))
		return err_new(ERR_INVALID,
			       "%s has invalid bin \"%.*s\" (must be a plain filename prefixed with "
			       "\"" PREFIX "\")",
			       what.p, STR_ARG(bin));
	return NULL;
}

/* ---- choosing ---------------------------------------------------------- */

struct release {
	str name, version;
	node manifest, platform;
};

static node platform_of(node version)
{
	node_each_item(p, node_get(version, S("platforms")))
		if (str_eq(node_str(node_get(*p, S("os"))), S("linux")) &&
		    str_eq(node_str(node_get(*p, S("arch"))), S(ARCH)))
			return *p;
	return NODE_NOTHING;
}

static err *choose_digest(struct release *r, str digest)
{
	node_each_item(v, node_get(r->manifest, S("versions")))
		node_each_item(p, node_get(*v, S("platforms")))
			if (str_eq(node_str(node_get(*p, S("checksum"))), digest)) {
				r->version = node_str(node_get(*v, S("version")));
				r->platform = *p;
				return NULL;
			}
	return err_new(ERR_NOT_FOUND, "digest \"%.*s\" not found for plugin \"%.*s\"",
		       STR_ARG(digest), STR_ARG(r->name));
}

/* `wanted`: a version, a digest, or nothing for the latest, which stands first. */
static err *choose(struct release *r, str wanted)
{
	node versions = node_get(r->manifest, S("versions")), found = NODE_NOTHING;

	if (str_starts(wanted, S("sha256:")))
		return choose_digest(r, wanted);
	if (!node_len(versions))
		return err_new(ERR_NOT_FOUND, "plugin \"%.*s\" has no versions", STR_ARG(r->name));
	node_each_item(v, versions)
		if (node_is_nil(found) &&
		    (!wanted.n || str_eq(node_str(node_get(*v, S("version"))), wanted)))
			found = *v;
	if (node_is_nil(found))
		return err_new(ERR_NOT_FOUND, "version \"%.*s\" not found for plugin \"%.*s\"",
			       STR_ARG(wanted), STR_ARG(r->name));
	r->version = node_str(node_get(found, S("version")));
	r->platform = platform_of(found);
	if (node_is_nil(r->platform))
		return err_new(ERR_NOT_FOUND, "plugin \"%.*s\" v%.*s has no binary for linux/" ARCH,
			       STR_ARG(r->name), STR_ARG(r->version));
	return NULL;
}

/* ---- installing -------------------------------------------------------- */

static bool is_tgz(str url, str bytes)
{
	return str_ends(url, S(".tar.gz")) || str_ends(url, S(".tgz")) ||
	       str_starts(bytes, S("\x1f\x8b"));
}

static err *extract(struct arena *a, str archive, str target, str *out)
{
	CLEANUP(tgz_drop) struct tgz *t = NULL;
	const struct tgz_limits limits = { .total = PROGRAM_MAX };
	bool whole = str_find_char(target, '/') != STR_NPOS, more = true;
	struct tar_entry entry;
	str bytes;

	TRY(tgz_open(&t, a, archive, &limits));
	for (;;) {
		TRY(tgz_next(t, &entry, &bytes, &more));
		if (!more)
			return err_new(ERR_NOT_FOUND, "binary \"%.*s\" not found in archive",
				       STR_ARG(target));
		if (entry.type != TAR_FILE || !fs_is_local(entry.name) ||
		    !str_eq(whole ? entry.name : path_base(entry.name), target))
			continue;
		*out = arena_str(a, bytes);
		return NULL;
	}
}

static err *program_of(const struct catalog *k, const struct release *r, str *out)
{
	str url = node_str(node_get(r->platform, S("url"))), bytes;
	str wanted = node_str(node_get(r->platform, S("checksum")));
	str inner = node_str(node_get(r->platform, S("extractPath")));
	char digest[SHA256_HEX + 1];
	err *e = fetch(k, url, PROGRAM_MAX, &bytes);

	if (e)
		return err_wrap(e, "failed to download plugin");
	sha256_hex(bytes, digest);
	str got = arena_cat(k->c->arena, S("sha256:"), str_c(digest));

	if (!str_eq(got, wanted))
		return err_new(ERR_INVALID,
			       "checksum verification failed (expected: %.*s, got: %.*s)",
			       STR_ARG(wanted), STR_ARG(got));
	if (str_ends(url, S(".zip")) || str_starts(bytes, S("PK\x03\x04")))
		return err_new(ERR_INVALID, "plugins in zip archives are not supported, install it "
					    "from a tar.gz archive or as a program");
	if (is_tgz(url, bytes))
		return extract(k->c->arena, bytes,
			       inner.n ? inner : node_str(node_get(r->manifest, S("bin"))), out);
	*out = bytes;
	return NULL;
}

static err *write_receipt(struct cli *c, const struct fs *dir, const struct release *r)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	CLEANUP(buf_release) struct buf now = BUF_INIT;
	struct arena *a = c->arena;
	node receipt = node_map(a, 4);

	gotime_format(&now, gotime_utc(clock_wall() / CLOCK_SECOND, 0), GOTIME_RFC3339);
	node_set(a, receipt, S("name"), node_from_str(a, r->name));
	node_set(a, receipt, S("version"), node_from_str(a, r->version));
	node_set(a, receipt, S("installedAt"), node_copy_str(a, buf_str(&now)));
	node_set(a, receipt, S("platform"), node_copy(a, r->platform));
	node_sort(receipt);
	TRY(yaml_write(&text, receipt, YAML_WRITE_SIGS));
	return fs_write(dir, arena_cat(a, S(PREFIX), r->name, S(".yaml")), buf_str(&text), 0644);
}

static err *install(const struct catalog *k, const struct release *r)
{
	CLEANUP(fs_drop) struct fs *root = NULL;
	CLEANUP(fs_drop) struct fs *dir = NULL;
	str program, path = plugin_dir(k->c);

	TRY(program_of(k, r, &program));
	TRY(fs_open(&root, S("/"), &(struct fs_options){ .links = FS_LINKS_INSIDE }));
	TRY(fs_mkdir(root, str_from(path, path_is_abs(path)), 0755));
	TRY(fs_open(&dir, path, NULL));
	TRY(fs_write(dir, node_str(node_get(r->manifest, S("bin"))), program, 0755));
	return write_receipt(k->c, dir, r);
}

static err *run_install(struct cli *c)
{
	struct catalog k = { .c = c };
	struct release r;
	str name, wanted;

	str_split(c->words.p[0], '@', &name, &wanted);
	r = (struct release){ .name = name };
	TRY(net_client_new(&k.net, &(struct net_options){ .proxy_env = true }));
	err *e = read_manifest(&k, name, &r.manifest);

	if (!e)
		e = choose(&r, wanted);
	if (!e)
		e = install(&k, &r);
	net_client_free(k.net);
	if (!e)
		flux_success(c, "installed %.*s v%.*s", STR_ARG(name), STR_ARG(r.version));
	return e;
}

/* ---- update ------------------------------------------------------------ */

static err *update_one(const struct catalog *k, str name)
{
	struct release r = { .name = name };
	node receipt = receipt_of(k->c, name);
	str has = node_str(node_get(receipt, S("version")));

	if (!has.n) {
		flux_warning(k->c, "skipping %.*s (manually installed)", STR_ARG(name));
		return NULL;
	}
	err *e = read_manifest(k, name, &r.manifest);

	if (!e)
		e = choose(&r, STR_NONE);
	if (e) {
		flux_failure(k->c, "error checking %.*s: %s", STR_ARG(name), err_msg(e));
		err_free(e);
		return NULL;
	}
	if (str_eq(r.version, has)) {
		flux_success(k->c, "%.*s already up to date (v%.*s)", STR_ARG(name), STR_ARG(has));
		return NULL;
	}
	TRY(install(k, &r));
	flux_success(k->c, "updated %.*s v%.*s → v%.*s", STR_ARG(name), STR_ARG(has),
		     STR_ARG(r.version));
	return NULL;
}

static err *run_update(struct cli *c)
{
	struct catalog k = { .c = c };
	names_vec names = { 0 };
	err *e = NULL;

	if (!c->words.n)
		list_installed(c, &names);
	else if (plugin_find(c, c->words.p[0]).n)
		avec_push(c->arena, &names, c->words.p[0]);
	else
		return err_new(ERR_NOT_FOUND, "plugin \"%.*s\" is not installed",
			       STR_ARG(c->words.p[0]));
	TRY(net_client_new(&k.net, &(struct net_options){ .proxy_env = true }));
	for (size_t i = 0; !e && i < names.n; i++)
		e = update_one(&k, names.p[i]);
	net_client_free(k.net);
	return e;
}

/* ---- list, search, uninstall -------------------------------------------- */

static err *run_list(struct cli *c)
{
	static const char *const header[] = { "NAME", "VERSION", "PATH" };
	struct flux_table t = { .arena = c->arena, .header = header, .columns = 3 };
	names_vec names = { 0 };

	list_installed(c, &names);
	if (!names.n) {
		buf_add(&c->out.buf, S("No plugins found\n"));
		return NULL;
	}
	for (size_t i = 0; i < names.n; i++) {
		node version = node_get(receipt_of(c, names.p[i]), S("version"));

		flux_table_add(&t, names.p[i]);
		flux_table_add(&t, node_str_or(version, S("manual")));
		flux_table_add(&t, plugin_find(c, names.p[i]));
	}
	flux_table_print(&c->out.buf, &t);
	return NULL;
}

static bool matches(node plugin, str query)
{
	static const char *const fields[] = { "name", "description" };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	bool found = !query.n;

	for (size_t i = 0; !found && i < 2; i++)
		found = str_has(arena_lower(&a, node_str(node_get(plugin, str_c(fields[i])))),
				arena_lower(&a, query));
	return found;
}

static err *run_search(struct cli *c)
{
	static const char *const header[] = { "NAME", "DESCRIPTION", "INSTALLED" };
	struct flux_table t = { .arena = c->arena, .header = header, .columns = 3 };
	str query = c->words.n ? c->words.p[0] : STR_NONE;
	struct catalog k = { .c = c };
	node catalog;

	TRY(net_client_new(&k.net, &(struct net_options){ .proxy_env = true }));
	err *e = read_catalog(&k, &catalog);

	net_client_free(k.net);
	if (e)
		return e;
	node_each_item(p, node_get(catalog, S("plugins"))) {
		str name = node_str(node_get(*p, S("name")));
		str version = node_str(node_get(receipt_of(c, name), S("version")));

		if (!matches(*p, query))
			continue;
		flux_table_add(&t, name);
		flux_table_add(&t, node_str(node_get(*p, S("description"))));
		flux_table_add(&t, version.n ? version
				   : plugin_find(c, name).n ? S("manual")
							    : STR_NONE);
	}
	if (t.cells.n)
		flux_table_print(&c->out.buf, &t);
	else if (query.n)
		buf_addf(&c->out.buf, "No plugins matching \"%.*s\" found in catalog\n",
			 STR_ARG(query));
	else
		buf_add(&c->out.buf, S("No plugins found in catalog\n"));
	return NULL;
}

static err *run_uninstall(struct cli *c)
{
	str name = c->words.p[0], path = program_path(c, name);
	struct stat st;

	if (str_find_char(name, '/') != STR_NPOS || lstat(path.p, &st))
		return err_new(ERR_NOT_FOUND, "plugin \"%.*s\" is not installed", STR_ARG(name));
	if (unlink(path.p))
		return err_errno(errno, "failed to remove plugin binary: remove %s", path.p);
	if (unlink(receipt_path(c, name).p) && errno != ENOENT)
		return err_errno(errno, "failed to remove plugin receipt: remove %s",
				 receipt_path(c, name).p);
	flux_success(c, "uninstalled %.*s", STR_ARG(name));
	return NULL;
}

static bool complete_installed(struct cli *c, str prefix, struct buf *b)
{
	names_vec names = { 0 };

	list_installed(c, &names);
	for (size_t i = 0; i < names.n; i++)
		if (str_starts(names.p[i], prefix))
			buf_addf(b, "%.*s\n", STR_ARG(names.p[i]));
	return true;
}

/* ---- commands ---------------------------------------------------------- */

static const struct command install_command = {
	.use = "install <name>[@<version>|@<digest>]",
	.args = { ARGS_EXACT, 1 },
	.brief = "Install a plugin from the catalog",
	.text = "Fetch a plugin that the catalog has, check its digest, and install it.",
	.example = "  flux plugin install operator\n"
		   "  flux plugin install operator@0.45.0",
	.run = run_install,
};

static const struct command list_command = {
	.use = "list",
	.aliases = (const char *const[]){ "ls", NULL },
	.brief = "List the plugins that are installed",
	.run = run_list,
};

static const struct command search_command = {
	.use = "search [query]",
	.args = { ARGS_MAX, 0, 1 },
	.brief = "List the plugins of the catalog",
	.run = run_search,
};

static const struct command uninstall_command = {
	.use = "uninstall <name>",
	.aliases = (const char *const[]){ "delete", NULL },
	.args = { ARGS_EXACT, 1 },
	.brief = "Remove a plugin",
	.complete = complete_installed,
	.run = run_uninstall,
};

static const struct command update_command = {
	.use = "update [name]",
	.aliases = (const char *const[]){ "upgrade", NULL },
	.args = { ARGS_MAX, 0, 1 },
	.brief = "Bring plugins up to date",
	.complete = complete_installed,
	.run = run_update,
};

const struct command flux_plugin_command = {
	.use = "plugin",
	.brief = "Manage plugins",
	.text = "A plugin is a program \"flux-NAME\" in $FLUXCD_PLUGINS, or in .fluxcd/plugins at home:\n"
		"\"flux NAME\" runs it, with all arguments behind the name.",
	.commands = (const struct command *const[]){
		&install_command,
		&list_command,
		&search_command,
		&uninstall_command,
		&update_command,
		NULL,
	},
};
