/* kustomize edit add, set and remove configmap and secret: entries of the
 * generators. Each change is tried before it is written. */
#include "cli/kustomize_edit.h"
#include "kustomize/generate.h"
#include "kustomize/loader.h"

/* The two kinds of generators, and what the originals call them. */
struct kind {
	str field;
	const char *word, *name;
	err *(*generate)(struct arena *a, const struct loader *l, node args, struct resource **out);
};

static const struct kind configmap_kind = {
	S("configMapGenerator"), "configmap", "ConfigMap", generate_configmap,
};
static const struct kind secret_kind = {
	S("secretGenerator"), "secret", "Secret", generate_secret,
};

struct options {
	struct flag_list files, literals;
	str env_file, behavior, type, ns, new_ns;
	bool no_hash;
};

#define AT(field) offsetof(struct options, field)

/* ---- entries ----------------------------------------------------------- */

static str or_default(str ns)
{
	return ns.n ? ns : S("default");
}

static bool is_entry(node entry, str name, str ns)
{
	return str_eq(node_str(node_get(entry, S("name"))), name) &&
	       str_eq(or_default(node_str(node_get(entry, S("namespace")))), or_default(ns));
}

static node find_entry(const struct edit *e, const struct kind *kind, str name, str ns)
{
	node_each_item(i, node_get(e->k.root, kind->field))
		if (is_entry(*i, name, ns))
			return *i;
	return NODE_NOTHING;
}

static void set_text(struct arena *a, node map, str key, str value)
{
	if (value.n)
		node_set(a, map, key, node_from_str(a, value));
}

static void add_texts(struct arena *a, node entry, str field, const str *texts, size_t n)
{
	node list = node_get(entry, field);

	if (!n)
		return;
	if (list.kind != NODE_SEQ) {
		list = node_seq(a, n);
		node_set(a, entry, field, list);
	}
	for (size_t i = 0; i < n; i++)
		node_append(a, list, node_from_str(a, texts[i]));
}

/* The options of the file hold for the entry, too; then make it, to see
 * whether it can be made. */
static err *try_entry(struct edit *e, const struct kind *kind, node entry)
{
	struct arena *a = e->c->arena;
	node options = generate_merge_options(a, node_get(entry, S("options")),
					      node_get(e->k.root, S("generatorOptions")));
	struct loader *here;
	struct resource *made;

	if (options.kind == NODE_MAP)
		node_set(a, entry, S("options"), options);
	TRY(loader_open(a, &files_disk, NULL, e->dir, e->dir, true, &here));
	return kind->generate(a, here, entry, &made);
}

static err *open_file(struct cli *c, struct edit *out)
{
	struct edit e;
	err *bad;

	TRY(edit_here(c, &e));
	bad = kfile_edit_find(c->arena, &files_disk, e.dir, &e.k.name);
	if (bad)
		return err_wrap(bad, "failed to load kustomization file");
	bad = edit_open(c, out);
	return bad ? err_wrap(bad, "failed to read kustomization file") : NULL;
}

static err *save_file(struct edit *e)
{
	err *bad = edit_save(e);

	return bad ? err_wrap(bad, "failed to write kustomization file") : NULL;
}

/* ---- add --------------------------------------------------------------- */

/* Each FILE or KEY=FILE as the files that it matches; with a key it must be
 * one. */
static err *expand_files(struct edit *e, const struct flag_list *given, edit_paths *out)
{
	struct arena *a = e->c->arena;

	for (size_t i = 0; i < given->n; i++) {
		str source = given->p[i], key, pattern;
		edit_paths found = { 0 };

		if (!str_split(source, '=', &key, &pattern) || str_find_char(pattern, '=') != STR_NPOS) {
			pattern = key;
			key = STR_NONE;
		}
		TRY(edit_expand(e, &pattern, 1, false, &found));
		if (key.n && found.n != 1)
			return err_new(ERR_INVALID,
				       "'pattern '%.*s' catches files [%.*s], should catch only one",
				       STR_ARG(source), STR_ARG(arena_join(a, found.p, found.n, S(" "))));
		for (size_t k = 0; k < found.n; k++)
			avec_push(a, out, key.n ? arena_cat(a, key, S("="), found.p[k]) : found.p[k]);
	}
	return NULL;
}

static err *check_add(const struct cli *c, const struct options *o, size_t files)
{
	static const char *const behaviors[] = { "create", "merge", "replace" };
	bool known = !o->behavior.n;

	if (c->words.n != 1)
		return err_new(ERR_INVALID, "name must be specified once");
	if (!o->env_file.n && !files && !o->literals.n)
		return err_new(ERR_INVALID,
			       "at least from-env-file, or from-file or from-literal must be set");
	if (o->env_file.n && (files || o->literals.n))
		return err_new(ERR_INVALID,
			       "from-env-file cannot be combined with from-file or from-literal");
	for (size_t i = 0; i < 3; i++)
		known |= str_eq(o->behavior, str_c(behaviors[i]));
	if (!known)
		return err_new(ERR_INVALID, "invalid behavior: must be one of \"create\", \"merge\", "
					    "or \"replace\"");
	return NULL;
}

static node need_entry(struct edit *e, const struct kind *kind, const struct options *o, str name)
{
	struct arena *a = e->c->arena;
	node entry = find_entry(e, kind, name, o->ns);

	if (entry.kind == NODE_MAP)
		return entry;
	entry = node_map(a, 4);
	set_text(a, entry, S("name"), name);
	set_text(a, entry, S("namespace"), o->ns);
	set_text(a, entry, S("type"), o->type);
	node_append(a, kfile_edit_list(&e->k, a, kind->field), entry);
	return entry;
}

static err *run_add(struct cli *c, const struct kind *kind)
{
	const struct options *o = c->options;
	struct arena *a = c->arena;
	edit_paths files = { 0 };
	struct edit e;

	TRY(edit_here(c, &e));
	err *bad = expand_files(&e, &o->files, &files);

	if (bad)
		return err_wrap(bad, "failed to expand file source");
	bad = check_add(c, o, files.n);
	if (bad)
		return err_wrap(bad, "failed to validate flags");
	TRY(open_file(c, &e));
	node entry = need_entry(&e, kind, o, c->words.p[0]);

	add_texts(a, entry, S("literals"), o->literals.p, o->literals.n);
	add_texts(a, entry, S("files"), files.p, files.n);
	add_texts(a, entry, S("envs"), &o->env_file, o->env_file.n > 0);
	if (o->no_hash) {
		node options = node_map(a, 1);

		node_set(a, options, S("disableNameSuffixHash"), node_from_bool(true));
		node_set(a, entry, S("options"), options);
	}
	set_text(a, entry, S("behavior"), o->behavior);
	bad = try_entry(&e, kind, entry);
	return bad ? err_wrap(bad, "failed to create %s", kind->word) : save_file(&e);
}

static err *add_configmap(struct cli *c)
{
	return run_add(c, &configmap_kind);
}

static err *add_secret(struct cli *c)
{
	return run_add(c, &secret_kind);
}

static const struct flag source_flags[] = {
	{ "disableNameSuffixHash", 0, FLAG_BOOL, AT(no_hash), "leave the name without a hash" },
	{ "from-env-file", 0, FLAG_STRING, AT(env_file),
	  "a file of KEY=VALUE lines that become keys" },
	{ "from-file", 0, FLAG_LIST, AT(files),
	  "a file, or KEY=FILE, whose contents become a key; patterns may match several" },
	{ "from-literal", 0, FLAG_ARRAY, AT(literals), "a key with its value: KEY=VALUE" },
	{ "namespace", 0, FLAG_STRING, AT(ns), "the namespace of the generated object" },
	{ 0 },
};

static const struct flag add_configmap_flags[] = {
	{ .kind = FLAG_TABLE, .table = source_flags },
	{ "behavior", 0, FLAG_STRING, AT(behavior),
	  "what the generator does: create (a new one, the default), or merge with or replace one of a "
	  "base",
	  .choices = "create merge replace" },
	{ 0 },
};

static const struct flag add_secret_flags[] = {
	{ .kind = FLAG_TABLE, .table = source_flags },
	{ "type", 0, FLAG_STRING, AT(type), "the type of the Secret", .fallback = "Opaque" },
	{ 0 },
};

const struct command kustomize_edit_add_configmap_command = {
	.use = "configmap NAME [--namespace=namespace-name] [--behavior={create|merge|replace}] "
	       "[--from-file=[key=]source] [--from-literal=key1=value1]",
	.brief = "Adds a configmap to the kustomization file",
	.text = "Add keys to a generator of ConfigMaps in the kustomization file. The generator of this\n"
		"name and namespace is made if it is not there.",
	.example = "  kustomize edit add configmap settings --from-literal=colour=blue\n"
		   "  kustomize edit add configmap settings --from-file=app.ini --from-file=log=log.ini\n"
		   "  kustomize edit add configmap settings --behavior=merge --from-env-file=prod.env",
	.flags = add_configmap_flags,
	.options = sizeof(struct options),
	.run = add_configmap,
};

const struct command kustomize_edit_add_secret_command = {
	.use = "secret NAME [--from-file=[key=]source] [--from-literal=key1=value1] "
	       "[--type=Opaque|kubernetes.io/tls]",
	.brief = "Adds a secret to the kustomization file.",
	.text = "Add keys to a generator of Secrets in the kustomization file. The generator of this\n"
		"name and namespace is made if it is not there.",
	.example = "  kustomize edit add secret login --from-literal=user=admin\n"
		   "  kustomize edit add secret site --type=kubernetes.io/tls --from-file=tls.crt "
		   "--from-file=tls.key",
	.flags = add_secret_flags,
	.options = sizeof(struct options),
	.run = add_secret,
};

/* ---- set --------------------------------------------------------------- */

static err *split_literal(str literal, str *key, str *value)
{
	if (!str_split(literal, '=', key, value) || str_find_char(*value, '=') != STR_NPOS)
		return err_new(ERR_INVALID,
			       "failed to update resource: invalid format: literal values must be specified "
			       "in the key=value format");
	return NULL;
}

/* Give a key that the entry has another value. */
static err *set_literal(struct arena *a, node literals, str literal)
{
	str key, value, have;
	bool found = false;

	TRY(split_literal(literal, &key, &value));
	node_each_item(i, literals) {
		TRY(split_literal(node_str(*i), &have, &value));
		if (!str_eq(have, key))
			continue;
		*i = node_from_str(a, literal);
		found = true;
	}
	return found ? NULL : err_new(ERR_NOT_FOUND, "key '%.*s' not found in resource", STR_ARG(key));
}

static err *change_entry(struct edit *e, const struct kind *kind, const struct options *o)
{
	struct arena *a = e->c->arena;
	str name = e->c->words.p[0];
	node entry = find_entry(e, kind, name, o->ns);

	if (entry.kind != NODE_MAP)
		return err_new(ERR_NOT_FOUND,
			       "could not set new %s value: unable to find %s with name \"%.*s\"",
			       kind->name, kind->name, STR_ARG(name));
	for (size_t i = 0; i < o->literals.n; i++) {
		err *bad = set_literal(a, node_get(entry, S("literals")), o->literals.p[i]);

		if (bad)
			return err_wrap(bad, "failed to update literal sources");
	}
	set_text(a, entry, S("namespace"), o->new_ns);
	err *bad = try_entry(e, kind, entry);

	return bad ? err_wrap(bad, "failed to validate %s structure", kind->name) : NULL;
}

static err *run_set(struct cli *c, const struct kind *kind)
{
	const struct options *o = c->options;
	struct edit e;

	if (c->words.n != 1)
		return err_new(ERR_INVALID, "failed to validate flags: name must be specified once");
	if (!o->literals.n && !o->new_ns.n)
		return err_new(ERR_INVALID, "failed to validate flags: at least one of [--from-literal, "
					    "--new-namespace] must be specified");
	TRY(open_file(c, &e));
	err *bad = change_entry(&e, kind, o);

	return bad ? err_wrap(bad, "failed to create %s", kind->word) : save_file(&e);
}

static err *set_configmap(struct cli *c)
{
	return run_set(c, &configmap_kind);
}

static err *set_secret(struct cli *c)
{
	return run_set(c, &secret_kind);
}

static const struct flag set_flags[] = {
	{ "from-literal", 0, FLAG_ARRAY, AT(literals), "a key that is there, with its new value: "
						       "KEY=VALUE" },
	{ "namespace", 0, FLAG_STRING, AT(ns), "the namespace that the entry has" },
	{ "new-namespace", 0, FLAG_STRING, AT(new_ns), "the namespace that it gets" },
	{ 0 },
};

const struct command kustomize_edit_set_configmap_command = {
	.use = "configmap NAME [--from-literal=key1=value1] [--namespace=namespace-name] "
	       "[--new-namespace=new-namespace-name]",
	.brief = "Edits the value for an existing key for a ConfigMap in the kustomization.yaml file",
	.text = "Give keys of a generator of ConfigMaps new values, or the generator another namespace.\n"
		"Name, namespace and keys must be those of an entry that is there; no namespace is\n"
		"the same as \"default\".",
	.example = "  kustomize edit set configmap settings --from-literal=colour=green\n"
		   "  kustomize edit set configmap settings --namespace=old --new-namespace=new",
	.flags = set_flags,
	.options = sizeof(struct options),
	.run = set_configmap,
};

const struct command kustomize_edit_set_secret_command = {
	.use = "secret NAME [--from-literal=key1=value1] [--namespace=namespace-name] "
	       "[--new-namespace=new-namespace-name]",
	.brief = "Edits the value for an existing key for a Secret in the kustomization.yaml file",
	.text = "Give keys of a generator of Secrets new values, or the generator another namespace.\n"
		"Name, namespace and keys must be those of an entry that is there; no namespace is\n"
		"the same as \"default\".",
	.example = "  kustomize edit set secret login --from-literal=user=root\n"
		   "  kustomize edit set secret login --namespace=old --new-namespace=new",
	.flags = set_flags,
	.options = sizeof(struct options),
	.run = set_secret,
};

/* ---- remove ------------------------------------------------------------ */

static err *check_remove(const struct cli *c, const struct kind *kind)
{
	if (!c->words.n)
		return err_new(ERR_INVALID, "at least one %s name must be specified", kind->word);
	if (c->words.n > 1)
		return err_new(ERR_INVALID,
			       "too many arguments: [%.*s]; to provide multiple %ss to remove, please "
			       "separate %s names by commas",
			       STR_ARG(arena_join(c->arena, c->words.p, c->words.n, S(" "))), kind->word,
			       kind->word);
	return NULL;
}

/* How many entries of this name there were. */
static size_t remove_entries(node list, str name, str ns)
{
	size_t found = 0;

	for (size_t i = node_len(list); i-- > 0;) {
		if (!is_entry(node_at(list, i), name, ns))
			continue;
		node_remove_at(list, i);
		found++;
	}
	return found;
}

static err *run_remove(struct cli *c, const struct kind *kind)
{
	const struct options *o = c->options;
	edit_paths missing = { 0 };
	struct edit e;
	size_t found = 0;
	str name, rest;

	TRY(check_remove(c, kind));
	TRY(edit_here(c, &e));
	err *bad = kfile_edit_find(c->arena, &files_disk, e.dir, &e.k.name);

	if (bad)
		return err_wrap(bad, "could not read kustomization file");
	bad = edit_open(c, &e);
	if (bad)
		return err_wrap(bad, "could not read kustomization file contents");
	node list = node_get(e.k.root, kind->field);

	for (rest = c->words.p[0]; str_cut(&rest, &name, ',');) {
		size_t n = remove_entries(list, name, o->ns);

		found += n;
		if (!n)
			avec_push(c->arena, &missing, name);
	}
	if (!found)
		return err_new(ERR_NOT_FOUND,
			       "no specified %s(s) were found in the kustomization.yaml file", kind->word);
	for (size_t i = 0; i < missing.n; i++)
		cli_note(c, "%s %.*s doesn't exist in kustomization file", kind->word,
			 STR_ARG(missing.p[i]));
	return save_file(&e);
}

static err *remove_configmap(struct cli *c)
{
	return run_remove(c, &configmap_kind);
}

static err *remove_secret(struct cli *c)
{
	return run_remove(c, &secret_kind);
}

static const struct flag remove_flags[] = {
	{ "namespace", 0, FLAG_STRING, AT(ns), "the namespace that the entries have" },
	{ 0 },
};

const struct command kustomize_edit_remove_configmap_command = {
	.use = "configmap NAME [,NAME] [--namespace=namespace-name]",
	.brief = "Removes the specified configmap(s) from kustomization.yaml",
	.text = "Remove generators of ConfigMaps. Of several names, those that are not there are told\n"
		"and passed over.",
	.example = "  kustomize edit remove configmap settings,limits --namespace=shop",
	.flags = remove_flags,
	.options = sizeof(struct options),
	.run = remove_configmap,
};

const struct command kustomize_edit_remove_secret_command = {
	.use = "secret NAME [,NAME] [--namespace=namespace-name]",
	.brief = "Removes the specified secret(s) from kustomization.yaml",
	.text = "Remove generators of Secrets. Of several names, those that are not there are told and\n"
		"passed over.",
	.example = "  kustomize edit remove secret login --namespace=shop",
	.flags = remove_flags,
	.options = sizeof(struct options),
	.run = remove_secret,
};
