/* kustomize cfg: objects of files, shown with their comments. */
#include <stdlib.h>

#include "cli/kustomize_edit.h"
#include "kustomize/build.h"
#include "kustomize/krm.h"
#include "text/path.h"

enum { INPUT_MAX = 256 << 20 };

/* ---- what all share ---------------------------------------------------- */

static err *read_input(struct cli *c, krm_docs *out)
{
	str text;

	c->arena->budget = KUSTOMIZE_MEMORY_MAX;
	TRY(fs_read_any(c->arena, S("/dev/stdin"), INPUT_MAX, &text));
	return krm_read_text(c->arena, text, out);
}

/* One command's work on the objects of a package, or of the standard input. */
typedef err *work(struct cli *c, krm_docs *docs, struct buf *out);

struct walk {
	work *run;
	bool recurse;
	bool paths;		/* print the packages' */
	bool separate;		/* with "---" */
	bool name_package;	/* in errors */
};

static err *run_package(struct cli *c, const struct walk *w, str path, struct buf *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	krm_docs docs = { 0 };

	if (w->paths)
		buf_addf(out, "%.*s/\n", STR_ARG(path));
	err *e = krm_read_dir(c->arena, path, true, &docs);

	if (!e)
		e = w->run(c, &docs, &text);
	if (e && !w->recurse)
		return e;
	/* One of several packages that is no good does not hide the others. */
	if (e && w->name_package)
		buf_addf(out, "%s in package \"%.*s\"\n", err_msg(e), STR_ARG(path));
	else if (e)
		buf_addf(out, "%s\n", err_msg(e));
	else
		buf_add(out, buf_str(&text));
	if (!e && w->separate && text.n)
		buf_add(out, S("---"));
	err_free(e);
	return NULL;
}

static err *run_packages(struct cli *c, const struct walk *w, str dir, struct buf *out)
{
	krm_paths packages = { 0 };

	c->arena->budget = KUSTOMIZE_MEMORY_MAX;
	TRY(krm_find_packages(c->arena, dir, w->recurse, &packages));
	for (size_t i = 0; i < packages.n; i++) {
		TRY(run_package(c, w, packages.p[i], out));
		if (i + 1 < packages.n)
			buf_addc(out, '\n');
	}
	if (w->separate && str_ends(buf_str(out), S("---")))
		buf_trim(out, out->n - 3);
	return NULL;
}

/* ---- cat --------------------------------------------------------------- */

struct cat_options {
	bool annotate, keep_order, local, no_others, recurse, strip;
	bool format;
	str dest, function_config, wrap_kind, wrap_version;
	struct flag_list styles;
};

#define AT(field) offsetof(struct cat_options, field)

static const struct flag cat_flags[] = {
	{ "annotate", 0, FLAG_BOOL, AT(annotate), "leave the annotations about the files they are from" },
	{ "dest", 0, FLAG_STRING, AT(dest), "write to this file" },
	{ "exclude-non-local", 0, FLAG_BOOL, AT(no_others), "leave out what is not local config" },
	{ "format", 0, FLAG_BOOL, AT(format), "put fields in order", .fallback = "true" },
	{ "function-config", 0, FLAG_STRING, AT(function_config),
	  "file whose object becomes the functionConfig of the list" },
	{ "include-local", 0, FLAG_BOOL, AT(local), "print local config, too" },
	{ "recurse-subpackages", 'R', FLAG_BOOL, AT(recurse), "print the packages inside, too",
	  .fallback = "true" },
	{ "strip-comments", 0, FLAG_BOOL, AT(strip), "leave comments out" },
	{ "style", 0, FLAG_LIST, AT(styles),
	  "YAML style of the objects: FlowStyle or TaggedStyle; others are for texts alone",
	  .choices = "TaggedStyle DoubleQuotedStyle LiteralStyle FoldedStyle FlowStyle" },
	{ "wrap-kind", 0, FLAG_STRING, AT(wrap_kind), "print a list of this kind" },
	{ "wrap-version", 0, FLAG_STRING, AT(wrap_version), "apiVersion of that list" },
	{ 0 },
};

#undef AT

static bool has_style(const struct cat_options *o, str name)
{
	for (size_t i = 0; i < o->styles.n; i++)
		if (str_eq(o->styles.p[i], name))
			return true;
	return false;
}

static err *read_function_config(struct cli *c, const struct cat_options *o, struct yaml_doc *out)
{
	krm_docs docs = { 0 };

	if (!o->function_config.n)
		return NULL;
	TRY(krm_read_dir(c->arena, o->function_config, false, &docs));
	if (docs.n != 1)
		return err_new(ERR_INVALID, "expected exactly 1 functionConfig, found %zu", docs.n);
	*out = docs.p[0];
	return o->annotate ? NULL : krm_clean(out);
}

static err *cat(struct cli *c, krm_docs *docs, struct buf *out)
{
	const struct cat_options *o = c->options;
	struct krm_print how = {
		.marks = o->annotate,
		.flow = has_style(o, S("FlowStyle")),
		.tagged = has_style(o, S("TaggedStyle")),
		.wrap_kind = o->wrap_kind,
		.wrap_version = o->wrap_version,
	};
	struct yaml_doc function_config;

	TRY(read_function_config(c, o, &function_config));
	if (o->function_config.n)
		how.function_config = &function_config;
	TRY(krm_check_marks(docs));
	krm_select(c->arena, docs, o->local, !o->no_others);
	if (o->format)
		TRY(krm_format(c->arena, docs));
	for (size_t i = 0; o->strip && i < docs->n; i++)
		krm_strip(&docs->p[i]);
	return docs->n ? krm_print(c->arena, docs, &how, out) : NULL;
}

static err *run_cat(struct cli *c)
{
	const struct cat_options *o = c->options;
	const struct walk walk = {
		.run = cat, .recurse = o->recurse, .separate = true, .name_package = true,
	};
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct yaml_doc function_config;
	krm_docs docs = { 0 };

	/* No package shows anything if this fails. */
	TRY(read_function_config(c, o, &function_config));
	if (c->words.n) {
		TRY(run_packages(c, &walk, c->words.p[0], &text));
	} else {
		TRY(read_input(c, &docs));
		TRY(cat(c, &docs, &text));
	}
	if (o->dest.n)
		return edit_write(c->arena, o->dest, buf_str(&text));
	buf_add(&c->out.buf, buf_str(&text));
	return NULL;
}

static const struct command cat_command = {
	.use = "cat DIR",
	.brief = "[Alpha] Print Resource Config from a local directory.",
	.text = "Print the objects of a directory, or of the standard input, with their comments.",
	.example = "  # Print the objects of a directory\n"
		   "  kustomize cfg cat my-dir/\n\n"
		   "  # Wrap them in a list\n"
		   "  kustomize cfg cat my-dir/ --wrap-kind ResourceList \\\n"
		   "    --wrap-version config.kubernetes.io/v1 --function-config fn.yaml",
	.args = { ARGS_MAX, 0, 1 },
	.flags = cat_flags,
	.options = sizeof(struct cat_options),
	.run = run_cat,
};

/* ---- count ------------------------------------------------------------- */

struct count_options {
	bool kind, recurse;
};

static const struct flag count_flags[] = {
	{ "kind", 0, FLAG_BOOL, offsetof(struct count_options, kind), "count each kind by itself",
	  .fallback = "true" },
	{ "recurse-subpackages", 'R', FLAG_BOOL, offsetof(struct count_options, recurse),
	  "count the packages inside, too", .fallback = "true" },
	{ 0 },
};

static int cmp_strs(const void *x, const void *y)
{
	return str_cmp(*(const str *)x, *(const str *)y);
}

static err *count(struct cli *c, krm_docs *docs, struct buf *out)
{
	const struct count_options *o = c->options;
	str *kinds = arena_array(c->arena, str, docs->n);

	if (!o->kind) {
		buf_addf(out, "%zu\n", docs->n);
		return NULL;
	}
	for (size_t i = 0; i < docs->n; i++)
		kinds[i] = krm_meta(&docs->p[i]).kind;
	if (docs->n)
		qsort(kinds, docs->n, sizeof *kinds, cmp_strs);
	for (size_t i = 0, first = 0; i < docs->n; i++)
		if (i + 1 == docs->n || !str_eq(kinds[i], kinds[i + 1])) {
			buf_addf(out, "%.*s: %zu\n", STR_ARG(kinds[i]), i + 1 - first);
			first = i + 1;
		}
	return NULL;
}

static err *run_count(struct cli *c)
{
	const struct count_options *o = c->options;
	const struct walk walk = { .run = count, .recurse = o->recurse, .paths = true };
	krm_docs docs = { 0 };

	if (c->words.n)
		return run_packages(c, &walk, c->words.p[0], &c->out.buf);
	TRY(read_input(c, &docs));
	return count(c, &docs, &c->out.buf);
}

static const struct command count_command = {
	.use = "count [DIR]",
	.brief = "[Alpha] Count Resources Config from a local directory.",
	.text = "Count the objects of a directory, or of the standard input.",
	.example = "  kustomize cfg count my-dir/",
	.args = { ARGS_MAX, 0, 1 },
	.flags = count_flags,
	.options = sizeof(struct count_options),
	.run = run_count,
};

/* ---- grep -------------------------------------------------------------- */

struct grep_options {
	bool annotate, invert, recurse;
};

static const struct flag grep_flags[] = {
	{ "annotate", 0, FLAG_BOOL, offsetof(struct grep_options, annotate),
	  "leave the annotations about the files they are from", .fallback = "true" },
	{ "invert-match", 0, FLAG_BOOL, offsetof(struct grep_options, invert),
	  "print the objects that do not match" },
	{ "recurse-subpackages", 'R', FLAG_BOOL, offsetof(struct grep_options, recurse),
	  "search the packages inside, too", .fallback = "true" },
	{ 0 },
};

static err *grep(struct cli *c, krm_docs *docs, struct buf *out)
{
	const struct grep_options *o = c->options;
	const struct krm_print how = { .marks = o->annotate, .paths = true };
	struct krm_query *query;
	krm_docs found = { 0 };

	TRY(krm_query_parse(c->arena, c->words.p[0], o->invert, &query));
	TRY(krm_check_marks(docs));
	TRY(krm_query_run(c->arena, query, docs, &found));
	return found.n ? krm_print(c->arena, &found, &how, out) : NULL;
}

static err *run_grep(struct cli *c)
{
	const struct grep_options *o = c->options;
	const struct walk walk = { .run = grep, .recurse = o->recurse, .separate = true };
	struct krm_query *query;
	krm_docs docs = { 0 };

	if (!c->words.n)
		return err_new(ERR_INVALID, "missing required argument: QUERY");
	TRY(krm_query_parse(c->arena, c->words.p[0], o->invert, &query));
	if (c->words.n == 2)
		return run_packages(c, &walk, c->words.p[1], &c->out.buf);
	TRY(read_input(c, &docs));
	return grep(c, &docs, &c->out.buf);
}

static const struct command grep_command = {
	.use = "grep QUERY [DIR]",
	.brief = "[Alpha] Search for matching Resources in a directory or from stdin",
	.text = "Print the objects in which a field has a value. QUERY is a path and a comparison:\n"
		"\"path.to.field=REGEX\", or with >, >=, < or <= a quantity. Items of lists are\n"
		"picked with \"[field=REGEX]\"; a dot that is part of a name or value is written \"\\.\".",
	.example = "  # Deployments\n"
		   "  kustomize cfg grep \"kind=Deployment\" my-dir/\n\n"
		   "  # What runs an image\n"
		   "  kustomize cfg grep \"spec.template.spec.containers[name=nginx].image=nginx:1\\.7\\.9\" "
		   "my-dir/\n\n"
		   "  # What has more than three replicas, as a tree\n"
		   "  kustomize cfg grep \"spec.replicas>3\" my-dir/ | kustomize cfg tree -",
	.args = { ARGS_MAX, 0, 2 },
	.flags = grep_flags,
	.options = sizeof(struct grep_options),
	.run = run_grep,
};

/* ---- tree -------------------------------------------------------------- */

struct tree_options {
	bool all, args, command, env, image, name, ports, replicas, resources;
	bool local, no_others;
	struct flag_list fields;
	str structure;
};

#define AT(field) offsetof(struct tree_options, field)

static const struct flag tree_flags[] = {
	{ "all", 0, FLAG_BOOL, AT(all), "print all of the fields below" },
	{ "args", 0, FLAG_BOOL, AT(args), "print the arguments of containers" },
	{ "command", 0, FLAG_BOOL, AT(command), "print the commands of containers" },
	{ "env", 0, FLAG_BOOL, AT(env), "print the environment of containers" },
	{ "exclude-non-local", 0, FLAG_BOOL, AT(no_others), "leave out what is not local config" },
	{ "field", 0, FLAG_LIST, AT(fields), "print the field with this path" },
	{ "graph-structure", 0, FLAG_STRING, AT(structure),
	  "draw objects below their owners or their directories; by itself, below owners if there are "
	  "any", .choices = "owners directory" },
	{ "image", 0, FLAG_BOOL, AT(image), "print the images of containers" },
	{ "include-local", 0, FLAG_BOOL, AT(local), "print local config, too" },
	{ "name", 0, FLAG_BOOL, AT(name), "print the names of containers" },
	{ "ports", 0, FLAG_BOOL, AT(ports), "print ports" },
	{ "replicas", 0, FLAG_BOOL, AT(replicas), "print replicas" },
	{ "resources", 0, FLAG_BOOL, AT(resources), "print the resources of containers" },
	{ 0 },
};

/* The fields with flags of their own, and whether containers have them. */
static const struct {
	const char *flag;
	size_t at;
	bool in_containers;
	const char *path;	/* outside of containers; or NULL */
} known[] = {
	{ "name", AT(name), true, NULL },
	{ "image", AT(image), true, NULL },
	{ "command", AT(command), true, NULL },
	{ "args", AT(args), true, NULL },
	{ "env", AT(env), true, NULL },
	{ "replicas", AT(replicas), false, "spec.replicas" },
	{ "resources", AT(resources), true, NULL },
	{ "ports", AT(ports), true, "spec.ports" },
};

#undef AT

static const char *const containers[] = {
	"spec.template.spec.containers",
	"spec.jobTemplate.spec.template.spec.containers",
	"spec.containers",
};

enum { CONTAINERS = sizeof containers / sizeof *containers };

typedef VEC(struct krm_tree_field) tree_fields;

/* Fields of containers are printed below the list of them. */
static err *add_field(struct cli *c, tree_fields *to, str path)
{
	struct krm_tree_field field = { 0 };

	TRY(krm_parse_path(c->arena, path, &field.path));
	field.name = arena_join(c->arena, field.path.p, field.path.n, S("."));
	for (size_t i = 0; i < CONTAINERS; i++)
		if (str_starts(field.name, str_c(containers[i]))) {
			field.name = str_c(containers[i]);
			field.in_item = field.path.p[field.path.n - 1];
			break;
		}
	avec_push(c->arena, to, field);
	return NULL;
}

static err *find_fields(struct cli *c, const struct tree_options *o, tree_fields *to)
{
	for (size_t i = 0; i < o->fields.n; i++)
		TRY(add_field(c, to, o->fields.p[i]));
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		bool asked = *((const bool *)((const char *)o + known[i].at));

		if (!asked && (!o->all || cli_given(c, known[i].flag)))
			continue;
		for (size_t k = 0; known[i].in_containers && k < CONTAINERS; k++)
			TRY(add_field(c, to,
				      arena_cat(c->arena, str_c(containers[k]), S("[name=\\.*]."),
						str_c(known[i].flag))));
		if (known[i].path)
			TRY(add_field(c, to, str_c(known[i].path)));
	}
	return NULL;
}

static err *run_tree(struct cli *c)
{
	const struct tree_options *o = c->options;
	str dir = c->words.n ? c->words.p[0] : S(".");
	bool input = str_eq(dir, S("-"));
	tree_fields fields = { 0 };
	krm_docs docs = { 0 };

	c->arena->budget = KUSTOMIZE_MEMORY_MAX;
	TRY(find_fields(c, o, &fields));
	if (input)
		TRY(read_input(c, &docs));
	else
		TRY(krm_read_dir(c->arena, dir, false, &docs));
	TRY(krm_check_marks(&docs));
	krm_select(c->arena, &docs, o->local, !o->no_others);
	if (!docs.n)
		return NULL;
	const struct krm_tree tree = {
		.root = input ? S(".") : path_clean(c->arena, dir),
		.structure = str_eq(o->structure, S("owners"))	    ? KRM_OWNERS
			     : str_eq(o->structure, S("directory")) ? KRM_DIRECTORIES
								    : KRM_ANY,
		.fields = fields.p,
		.fields_n = fields.n,
	};

	return krm_tree(c->arena, &docs, &tree, &c->out.buf);
}

static const struct command tree_command = {
	.use = "tree [DIR]",
	.brief = "[Alpha] Display Resource structure from a directory or stdin.",
	.text = "Draw the objects of a directory, or with \"-\" of the standard input, as a tree: below\n"
		"their directories, or below their owners.",
	.example = "  # The objects of a directory\n"
		   "  kustomize cfg tree my-dir/\n\n"
		   "  # With replicas, and the containers' names and images\n"
		   "  kustomize cfg tree my-dir --replicas --name --image\n\n"
		   "  # What runs in a cluster, and how it is\n"
		   "  kubectl get all -o yaml | kustomize cfg tree - --replicas \\\n"
		   "    --field=\"status.conditions[type=Ready].status\"",
	.args = { ARGS_MAX, 0, 1 },
	.flags = tree_flags,
	.options = sizeof(struct tree_options),
	.run = run_tree,
};

const struct command kustomize_cfg_command = {
	.use = "cfg",
	.brief = "Commands for reading and writing configuration",
	.commands = (const struct command *const[]){
		&cat_command,
		&count_command,
		&grep_command,
		&tree_command,
		NULL,
	},
};
