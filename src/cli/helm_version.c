#include "cli/commands.h"
#include "cli/helm.h"

struct version_options {
	bool is_short;
	str template;
};

#define AT(field) offsetof(struct version_options, field)

static const struct flag flags[] = {
	{ "short", 0, FLAG_BOOL, AT(is_short), "print the number alone" },
	{ "template", 0, FLAG_STRING, AT(template), "template to print it by: {{.Version}}" },
	{ 0 },
};

#undef AT

/* Scripts look at what `helm version` prints: it is the release whose charts
 * and templates we render. `rill version` tells of ourselves. */
static err *run_template(struct cli *c, str text)
{
	static const struct objects_helm_version helm = {
		.version = S(CAPS_HELM_VERSION),
		.go_version = S(CAPS_GO_VERSION),
		.kube_client_version = S("v1.37"),
	};
	struct helm_world world;
	struct tmpl_set set;

	helm_world_init(c, &world);
	tmpl_set_init(&set, c->arena, NULL);
	TRY(tmpl_set_parse(&set, S("_"), text));
	struct tmpl_exec *x = tmpl_exec_new(c->arena, &set, &world.options);
	node dot = objects_helm_info(c->arena, &helm);
	err *e = tmpl_exec_run(x, S("_"), dot, &c->out.buf);

	tmpl_exec_free(x);
	return e;
}

static err *run(struct cli *c)
{
	const struct version_options *o = c->options;

	if (o->template.n)
		return run_template(c, o->template);
	if (o->is_short)
		buf_add(&c->out.buf, S(CAPS_HELM_VERSION "\n"));
	else
		buf_add(&c->out.buf,
			S("version.BuildInfo{Version:\"" CAPS_HELM_VERSION "\", GitCommit:\"\", "
			  "GitTreeState:\"\", GoVersion:\"" CAPS_GO_VERSION "\", "
			  "KubeClientVersion:\"v1.37\"}\n"));
	return NULL;
}

const struct command helm_version_command = {
	.use = "version",
	.brief = "Print the version of Helm whose charts are rendered",
	.args = { ARGS_NONE },
	.flags = flags,
	.options = sizeof(struct version_options),
	.run = run,
};
