#include "helm/objects.h"

#include "text/base64.h"
#include "text/glob.h"
#include "text/path.h"
#include "value/yaml.h"

/* ---- files ------------------------------------------------------------- */

node objects_files(struct arena *a, size_t cap)
{
	return value_map(a, GO_FILES, cap);
}

void objects_add_file(struct arena *a, node files, str name, str data)
{
	node_set(a, files, name, value_bytes(a, data));
}

static str file_data(const struct tmpl_call *c)
{
	return node_str(node_get(c->self, tmpl_arg_str(c, 0)));
}

static err *run_get(struct tmpl_call *c)
{
	return tmpl_give_str(c, file_data(c));
}

static err *run_get_bytes(struct tmpl_call *c)
{
	return tmpl_give(c, value_bytes(c->a, file_data(c)));
}

static err *run_lines(struct tmpl_call *c)
{
	str s = file_data(c);

	c->out = value_seq(c->a, GO_STRINGS, 0);
	if (!s.n)
		return NULL;
	if (str_ends(s, S("\n")))
		s.n--;
	for (size_t at; (at = str_find_char(s, '\n')) != STR_NPOS; s = str_from(s, at + 1))
		node_append(c->a, c->out, node_from_str(c->a, str_sub(s, 0, at)));
	node_append(c->a, c->out, node_from_str(c->a, s));
	return arena_check(c->a, "template");
}

/* A pattern that is none stands for all files. */
static err *run_glob(struct tmpl_call *c)
{
	const struct glob *g;
	err *e = glob_compile(c->a, tmpl_arg_str(c, 0), &g);

	if (e) {
		err_free(e);
		TRY(glob_compile(c->a, S("**"), &g));
	}
	TRY(tmpl_spend(c, node_len(c->self)));
	c->out = objects_files(c->a, 0);
	node_each_pair(p, c->self)
		if (glob_test(g, node_str(p->key)))
			node_push(c->a, c->out, p->key, p->value);
	return NULL;
}

static err *give_yaml(struct tmpl_call *c, node n)
{
	struct buf *b = tmpl_scratch(c);

	TRY(yaml_write(b, n, YAML_WRITE_SIGS));
	if (b->n && b->p[b->n - 1] == '\n')
		buf_trim(b, b->n - 1);
	return tmpl_give_buf(c, b);
}

/* Base names and texts as YAML; mode 1: the texts in base64. */
static err *run_as_yaml(struct tmpl_call *c)
{
	node map = node_map(c->a, node_len(c->self));

	node_each_pair(p, c->self) {
		CLEANUP(buf_release) struct buf coded = BUF_INIT;
		str data = node_str(p->value);

		if (c->mode) {
			base64_write(&coded, data, BASE64_STD);
			data = arena_str(c->a, buf_str(&coded));
		}
		node_set(c->a, map, path_base(node_str(p->key)), node_from_str(c->a, data));
	}
	TRY(arena_check(c->a, "template"));
	return give_yaml(c, map);
}

static const struct tmpl_func files_methods[] = {
	{ "AsConfig", "", run_as_yaml, 0 },
	{ "AsSecrets", "", run_as_yaml, 1 },
	{ "Get", "s", run_get },
	{ "GetBytes", "s", run_get_bytes },
	{ "Glob", "s", run_glob },
	{ "Lines", "s", run_lines },
};

const struct tmpl_funcs objects_files_methods = { files_methods,
						  sizeof files_methods / sizeof *files_methods };

/* ---- values ------------------------------------------------------------ */

static err *no_table(str name)
{
	return err_new(ERR_NOT_FOUND, "\"%.*s\" is not a table", STR_ARG(name));
}

static err *no_value(str name)
{
	return err_new(ERR_NOT_FOUND, "\"%.*s\" is not a value", STR_ARG(name));
}

/* Down the dotted path; an empty part is a key, too. */
static err *find_table(node values, str path, node *out)
{
	for (bool more = true; more;) {
		str name;

		more = str_split(path, '.', &name, &path);
		values = node_get(values, name);
		if (!value_is_dict(values))
			return no_table(name);
	}
	values.type = GO_VALUES;
	*out = values;
	return NULL;
}

static err *run_table(struct tmpl_call *c)
{
	return find_table(c->self, tmpl_arg_str(c, 0), &c->out);
}

static err *run_path_value(struct tmpl_call *c)
{
	str path = tmpl_arg_str(c, 0), key = path;
	size_t dot = str_rfind_char(path, '.');
	node table = c->self;

	if (!path.n)
		return err_new(ERR_INVALID, "YAML path cannot be empty");
	if (dot != STR_NPOS) {
		key = str_from(path, dot + 1);
		err *e = find_table(c->self, str_sub(path, 0, dot), &table);

		if (e) {
			err_free(e);
			return no_value(key);
		}
	}
	const node *v = node_find(table, key);

	if (!v || (v->kind == NODE_MAP && v->type == GO_MAP))
		return no_value(key);
	return tmpl_give(c, *v);
}

static err *run_as_map(struct tmpl_call *c)
{
	node map = node_len(c->self) ? c->self : node_map(c->a, 0);

	map.type = GO_MAP;
	return tmpl_give(c, map);
}

static err *run_yaml(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);

	TRY(tmpl_check_tree(c, c->self));
	TRY(yaml_write(b, c->self, YAML_WRITE_SIGS));
	return tmpl_give_buf(c, b);
}

static const struct tmpl_func values_methods[] = {
	{ "AsMap", "", run_as_map },
	{ "PathValue", "s", run_path_value },
	{ "Table", "s", run_table },
	{ "YAML", "", run_yaml },
};

const struct tmpl_funcs objects_values_methods = { values_methods,
						   sizeof values_methods / sizeof *values_methods };

/* ---- capabilities ------------------------------------------------------ */

static err *run_has(struct tmpl_call *c)
{
	TRY(tmpl_spend(c, node_len(c->self) / 16));
	node_each_item(i, c->self)
		if (str_eq(node_str(*i), tmpl_arg_str(c, 0)))
			return tmpl_give_bool(c, true);
	return tmpl_give_bool(c, false);
}

const struct tmpl_func objects_version_set_has = { "Has", "s", run_has };

struct kube_version {
	const struct value_class *class;
	struct objects_kube_version v;
};

struct helm_version {
	const struct value_class *class;
	struct objects_helm_version v;
};

struct capabilities {
	const struct value_class *class;
	struct kube_version kube;
	struct helm_version helm;
	node api_versions;
};

#define TEXT_FIELD(function, type, member)                                        \
	static node function(struct arena *a, const void *object)                 \
	{                                                                         \
		return node_from_str(a, ((const struct type *)object)->v.member); \
	}

TEXT_FIELD(kube_version_field, kube_version, version)
TEXT_FIELD(kube_normalized_field, kube_version, normalized)
TEXT_FIELD(kube_major_field, kube_version, major)
TEXT_FIELD(kube_minor_field, kube_version, minor)
TEXT_FIELD(helm_version_field, helm_version, version)
TEXT_FIELD(helm_commit_field, helm_version, git_commit)
TEXT_FIELD(helm_state_field, helm_version, git_tree_state)
TEXT_FIELD(helm_go_field, helm_version, go_version)
TEXT_FIELD(helm_client_field, helm_version, kube_client_version)

static const struct value_field kube_fields[] = {
	{ "Version", kube_version_field },
	{ "normalizedVersion", kube_normalized_field },
	{ "Major", kube_major_field },
	{ "Minor", kube_minor_field },
};

static const struct value_field helm_fields[] = {
	{ "Version", helm_version_field, "version", true },
	{ "GitCommit", helm_commit_field, "git_commit", true },
	{ "GitTreeState", helm_state_field, "git_tree_state", true },
	{ "GoVersion", helm_go_field, "go_version", true },
	{ "KubeClientVersion", helm_client_field, "kube_client_version", false },
};

static str kube_text(const void *object)
{
	const struct objects_kube_version *v = &((const struct kube_version *)object)->v;

	return v->normalized.n ? v->normalized : v->version;
}

static void add_kube_text(struct buf *b, const void *object)
{
	buf_add(b, kube_text(object));
}

/* Mode 1 is GitVersion. */
static err *run_kube_text(struct tmpl_call *c)
{
	const struct kube_version *v = c->self.object;

	return tmpl_give_str(c, c->mode ? v->v.version : kube_text(v));
}

static const struct tmpl_func kube_methods[] = {
	{ "GitVersion", "", run_kube_text, 1 },
	{ "String", "", run_kube_text, 0 },
};

static const struct value_class kube_class = {
	.type_name = "common.KubeVersion",
	.kind = KIND_STRUCT,
	.fields = kube_fields,
	.fields_n = sizeof kube_fields / sizeof *kube_fields,
	.methods = kube_methods,
	.methods_n = sizeof kube_methods / sizeof *kube_methods,
	.text_by_address = add_kube_text,
};

static const struct value_class helm_class = {
	.type_name = "version.BuildInfo",
	.kind = KIND_STRUCT,
	.fields = helm_fields,
	.fields_n = sizeof helm_fields / sizeof *helm_fields,
};

node objects_helm_info(struct arena *a, const struct objects_helm_version *helm)
{
	struct helm_version *o = arena_new(a, struct helm_version);

	*o = (struct helm_version){ &helm_class, *helm };
	return value_object(o);
}

static node kube_field(struct arena *a, const void *object)
{
	(void)a;
	return value_object(&((const struct capabilities *)object)->kube);
}

static node api_field(struct arena *a, const void *object)
{
	(void)a;
	return ((const struct capabilities *)object)->api_versions;
}

static node helm_field(struct arena *a, const void *object)
{
	(void)a;
	return value_object(&((const struct capabilities *)object)->helm);
}

static const struct value_field capabilities_fields[] = {
	{ "KubeVersion", kube_field },
	{ "APIVersions", api_field },
	{ "HelmVersion", helm_field },
};

static const struct value_class capabilities_class = {
	.type_name = "*common.Capabilities",
	.kind = KIND_PTR,
	.fields = capabilities_fields,
	.fields_n = sizeof capabilities_fields / sizeof *capabilities_fields,
};

node objects_capabilities(struct arena *a, const struct objects_kube_version *kube,
			  node api_versions, const struct objects_helm_version *helm)
{
	struct capabilities *c = arena_new(a, struct capabilities);

	api_versions.type = GO_VERSION_SET;
	*c = (struct capabilities){
		&capabilities_class, { &kube_class, *kube }, { &helm_class, *helm }, api_versions
	};
	return value_object(c);
}
