#include "cli/helm_plugin.h"

#include "base/ascii.h"
#include "base/fs.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "text/path.h"
#include "text/quote.h"
#include "text/semver.h"
#include "value/yaml.h"

/* Directories in one of $HELM_PLUGINS, and bytes of a plugin.yaml. */
enum { PLUGINS_MAX = 1000, FILE_MAX = 1 << 20 };

str helm_plugin_dirs(struct cli *c)
{
	const char *env = cli_env(c, "HELM_PLUGINS");

	return env ? str_c(env) : helm_dir(c, "data", S("plugins"));
}

/* ---- plugin.yaml ------------------------------------------------------- */

static str text_of(node n, const char *key)
{
	return node_str_or(node_get(n, str_c(key)), STR_NONE);
}

static bool is_word(char c)
{
	return ascii_is_letter(c) || ascii_is_digit(c) || c == '_';
}

static bool is_name(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_word(s.p[i]) && s.p[i] != '-')
			return false;
	return s.n > 0;
}

static str quoted(struct cli *c, str s)
{
	return quote_str(c->arena, s);
}

static err *check_version(struct cli *c, const char *what, str version)
{
	struct semver v;
	err *e = semver_parse_strict(&v, version);

	if (!e)
		return NULL;
	return err_replace(e, "invalid plugin %s %.*s: must be valid semver", what,
			   STR_ARG(quoted(c, version)));
}

/* As Helm 3 has it: the type follows from what there is. */
static err *read_legacy(struct cli *c, node n, struct helm_plugin *p)
{
	str command = text_of(n, "command");

	p->api_version = S("legacy");
	p->type = node_len(node_get(n, S("downloaders"))) ? S("getter/v1") : S("cli/v1");
	p->runtime = S("subprocess");
	p->ignore_flags = node_bool(node_get(n, S("ignoreFlags")));
	p->commands = node_get(n, S("platformCommand"));
	if (!is_name(p->name))
		return err_new(ERR_INVALID,
			       "invalid plugin name %.*s: must contain only a-z, A-Z, 0-9, _ and -",
			       STR_ARG(quoted(c, p->name)));
	if (p->version.n)
		TRY(check_version(c, "version", p->version));
	if (node_len(p->commands) && command.n)
		return err_new(ERR_INVALID, "both platformCommand and command are set");
	if (node_len(node_get(n, S("platformHooks"))) && node_len(node_get(n, S("hooks"))))
		return err_new(ERR_INVALID, "both platformHooks and hooks are set");
	if (command.n) {
		node one = node_map(c->arena, 1);

		node_set(c->arena, one, S("command"), node_from_str(c->arena, command));
		p->commands = node_seq(c->arena, 1);
		node_append(c->arena, p->commands, one);
	}
	return NULL;
}

static err *check_fields(node n)
{
	static const char *const known[] = { "apiVersion", "name", "type", "runtime", "version",
					     "sourceURL", "config", "runtimeConfig" };

	node_each_pair(f, n) {
		bool found = false;

		for (size_t i = 0; i < sizeof known / sizeof *known; i++)
			found = found || str_eq(node_str(f->key), str_c(known[i]));
		if (!found)
			return err_new(ERR_INVALID,
				       "yaml: unmarshal errors:\n  field %.*s not found in type "
				       "plugin.MetadataV1",
				       STR_ARG(node_str(f->key)));
	}
	return NULL;
}

static err *read_v1(struct cli *c, node n, struct helm_plugin *p)
{
	static const char *const types[] = { "test/v1", "cli/v1", "getter/v1", "postrenderer/v1" };
	bool known = false;

	TRY(check_fields(n));
	p->api_version = S("v1");
	p->type = text_of(n, "type");
	p->runtime = text_of(n, "runtime");
	p->source_url = text_of(n, "sourceURL");
	p->ignore_flags = node_bool(node_dig(n, "config", "ignoreFlags"));
	p->commands = node_dig(n, "runtimeConfig", "platformCommand");
	if (!is_name(p->name))
		return err_new(ERR_INVALID, "invalid plugin `name`");
	if (!p->version.n)
		return err_new(ERR_INVALID, "plugin `version` is required");
	TRY(check_version(c, "`version`", p->version));
	if (!p->type.n)
		return err_new(ERR_INVALID, "`type` missing");
	if (!p->runtime.n)
		return err_new(ERR_INVALID, "`runtime` missing");
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		known = known || str_eq(p->type, str_c(types[i]));
	if (!known)
		return err_new(ERR_INVALID,
			       "failed to convert MetadataV1 to Metadata: unknown plugin type %.*s",
			       STR_ARG(quoted(c, p->type)));
	if (!str_eq(p->runtime, S("subprocess")) && !str_eq(p->runtime, S("extism/v1")))
		return err_new(ERR_INVALID,
			       "failed to convert MetadataV1 to Metadata: unsupported plugin runtime "
			       "type: %.*s",
			       STR_ARG(quoted(c, p->runtime)));
	return NULL;
}

static err *read_metadata(struct cli *c, str text, struct helm_plugin *p)
{
	node n;
	err *e = yaml_read(c->arena, text, YAML_KUBE, &n);

	if (e)
		return err_wrap(e, "failed to peek plugin.yaml API version");
	str version = text_of(n, "apiVersion");

	p->name = text_of(n, "name");
	p->version = text_of(n, "version");
	if (!version.n)
		return read_legacy(c, n, p);
	if (str_eq(version, S("v1")))
		return read_v1(c, n, p);
	return err_new(ERR_INVALID, "invalid plugin apiVersion: %.*s", STR_ARG(quoted(c, version)));
}

static err *load(struct cli *c, str dir, str text, struct helm_plugin *out)
{
	*out = (struct helm_plugin){ .dir = dir };
	err *e = read_metadata(c, text, out);

	return e ? err_wrap(e, "failed to load plugin %.*s", STR_ARG(quoted(c, dir))) : NULL;
}

/* ---- finding ----------------------------------------------------------- */

static err *add(struct cli *c, const struct helm_plugin *p, struct helm_plugins *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (str_eq(all->p[i].name, p->name))
			return err_new(ERR_CONFLICT,
				       "two plugins claim the name %.*s at %.*s and %.*s",
				       STR_ARG(quoted(c, p->name)),
				       STR_ARG(quoted(c, all->p[i].dir)),
				       STR_ARG(quoted(c, p->dir)));
	avec_push(c->arena, all, *p);
	return NULL;
}

/* Directories and links to some: whoever may write there decides what is run. */
static err *look_into(struct cli *c, str dir, struct helm_plugins *all)
{
	const struct notices to = helm_notices(c);
	CLEANUP(fs_drop) struct fs *root = NULL;
	struct fs_entry *entries;
	size_t n = 0;
	err *e = fs_open(&root, dir, NULL);

	if (!e)
		e = fs_list(root, c->arena, STR_NONE, PLUGINS_MAX, &entries, &n);
	if (e) {		/* there are none */
		err_free(e);
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		str at = path_join(c->arena, dir, entries[i].name), text;
		str file = path_join(c->arena, at, S("plugin.yaml"));
		struct helm_plugin p;

		if (entries[i].type != FS_DIR && entries[i].type != FS_LINK)
			continue;
		e = fs_read_any(c->arena, file, FILE_MAX, &text);
		if (e && err_kind(e) == ERR_NOT_FOUND) {
			err_free(e);
			continue;
		}
		if (e)
			e = err_wrap(e, "failed to read plugin at %.*s", STR_ARG(quoted(c, file)));
		else
			e = load(c, at, text, &p);
		if (e) {
			notice(&to, NOTICE_WARN, S("failed to load plugin (ignoring)"),
			       { "plugin_yaml", file }, NOTICE_ERR(e));
			err_free(e);
			continue;
		}
		TRY(add(c, &p, all));
	}
	return NULL;
}

err *helm_plugins_find(struct cli *c, str type, struct helm_plugins *out)
{
	str dirs = helm_plugin_dirs(c), dir;

	*out = (struct helm_plugins){ 0 };
	while (str_cut(&dirs, &dir, ':')) {
		struct helm_plugins here = { 0 };

		TRY(look_into(c, dir, &here));
		for (size_t i = 0; i < here.n; i++)
			if (!type.n || str_eq(here.p[i].type, type))
				avec_push(c->arena, out, here.p[i]);
	}
	return NULL;
}

/* ---- its command ------------------------------------------------------- */

static str variable(const char *const *env, str name)
{
	for (; *env; env++) {
		str pair = str_c(*env);

		if (str_take_str(&pair, name) && str_take(&pair, '='))
			return pair;
	}
	return STR_NONE;
}

/* The name behind a '$', as Go's os.Expand takes it; `bad`: there is none that can be read. */
static str take_name(str *s, bool *bad)
{
	str name;

	*bad = false;
	if (str_take(s, '{')) {
		size_t end = str_find_char(*s, '}');

		*bad = end == STR_NPOS || !end;
		name = *bad ? STR_NONE : str_sub(*s, 0, end);
		*s = end == STR_NPOS ? *s : str_from(*s, end + 1);
		return name;
	}
	if (s->n && (ascii_is_digit(s->p[0]) || str_find_char(S("*#$@!?-"), s->p[0]) != STR_NPOS)) {
		name = str_sub(*s, 0, 1);
		*s = str_from(*s, 1);
		return name;
	}
	size_t n = 0;

	while (n < s->n && is_word(s->p[n]))
		n++;
	name = str_sub(*s, 0, n);
	*s = str_from(*s, n);
	return name;
}

static str expand(struct arena *a, str s, const char *const *env)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	while (s.n) {
		bool bad;

		if (!str_take(&s, '$')) {
			buf_addc(&b, s.p[0]);
			s = str_from(s, 1);
			continue;
		}
		str name = take_name(&s, &bad);

		if (name.n)
			buf_add(&b, variable(env, name));
		else if (!bad)
			buf_addc(&b, '$');
	}
	return arena_str(a, buf_str(&b));
}

#if defined __aarch64__
#define ARCHITECTURE S("arm64")
#else
#define ARCHITECTURE S("amd64")
#endif

/* The first for this machine, else for this system, else for all. */
static node of_platform(node commands)
{
	node found = NODE_NOTHING;
	bool found_os = false;

	node_each_item(i, commands) {
		str os = text_of(*i, "os"), arch = text_of(*i, "arch");
		bool ours = str_eq_nocase(os, S("linux"));

		if (ours && str_eq_nocase(arch, ARCHITECTURE))
			return *i;
		if ((os.n && !ours) || arch.n)
			continue;
		if (ours && !found_os) {
			found = *i;
			found_os = true;
		} else if (found.kind == NODE_NONE) {
			found = *i;
		}
	}
	return found;
}

err *helm_plugin_argv(struct cli *c, const struct helm_plugin *p, const char *const *env,
		      const str *more, size_t n, const char *const **out)
{
	node one = of_platform(p->commands);
	str command = text_of(one, "command"), part;
	VEC(const char *) argv = { 0 };

	if (str_eq(p->runtime, S("extism/v1")))
		return err_new(ERR_UNAVAILABLE,
			       "plugin %.*s is WebAssembly (runtime extism/v1), which rill does not run: "
			       "use helm itself for it",
			       STR_ARG(quoted(c, p->name)));
	if (!command.n || command.p[0] == ' ')
		return err_new(ERR_INVALID,
			       "failed to prepare plugin command: no plugin command is applicable");
	while (str_cut(&command, &part, ' '))
		avec_push(c->arena, &argv, expand(c->arena, part, env).p);
	node_each_item(i, node_get(one, S("args")))
		avec_push(c->arena, &argv, expand(c->arena, node_str(*i), env).p);
	for (size_t i = 0; i < n; i++)
		avec_push(c->arena, &argv, arena_str(c->arena, more[i]).p);
	avec_push(c->arena, &argv, NULL);
	*out = argv.p;
	return NULL;
}
