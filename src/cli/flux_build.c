/* flux_build - "flux build kustomization": the manifests that a Kustomization
 * would apply, made of a directory on this machine. */
#include "cli/commands.h"
#include "cli/flux_local.h"
#include "kustomize/build.h"

struct build_options {
	struct local_options local;
};

/* Every document has its "---" behind it, the last one, too. */
static err *print(struct cli *c, struct flux_server *s, const struct local_options *o,
		  const struct local_build *b)
{
	struct buf *out = &c->out.buf;

	TRY(kustomize_print(c->arena, NULL, b->made, out));
	buf_add(out, b->made->n ? S("---\n") : STR_NONE);
	for (size_t i = 0; o->recursive && i < b->made->n; i++) {
		struct local_build child;

		if (!local_is_child(b, b->made->list[i]->object))
			continue;
		TRY(local_build_child(c, s, o, b, b->made->list[i]->object, &child));
		TRY(print(c, s, o, &child));
	}
	return NULL;
}

static err *run_build(struct cli *c)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	const struct build_options *o = c->options;
	struct local_build b;
	str path;

	if (!c->words.n)
		return err_new(ERR_INVALID, "kustomization name is required");
	TRY(local_check_path(c, &o->local, false, &path));
	if (o->local.dry_run && !o->local.file.n)
		return err_new(ERR_INVALID, "dry-run mode requires a kustomization file");
	TRY(local_check_file(&o->local));
	s.patient = !flux_settings(c)->timeout;
	if (!o->local.dry_run)
		TRY(flux_open(c, &s));
	TRY(local_build(c, &s, &o->local, c->words.p[0], path, &b));
	size_t before = c->out.buf.n;
	err *e = print(c, &s, &o->local, &b);

	/* all or nothing, as flux */
	if (e)
		buf_trim(&c->out.buf, before);
	return e;
}

#define AT(field) offsetof(struct build_options, local.field)

static const struct flag build_flags[] = {
	{ "dry-run", 0, FLAG_BOOL, AT(dry_run),
	  "ask no cluster: variables of ConfigMaps and Secrets stay as they are" },
	LOCAL_FLAGS(AT),
	{ 0 },
};

#undef AT

static const struct command build_kustomization_command = {
	.use = "kustomization",
	.aliases = (const char *const[]){ "ks", NULL },
	.brief = "Build a Kustomization from a directory",
	.text = "Print the manifests that a Kustomization makes of a directory on this machine, with\n"
		"patches, variables and labels as the controller sets them. Values of encrypted\n"
		"Secrets are not shown.",
	.example = "  # With the Kustomization of the cluster\n"
		   "  flux build kustomization podinfo --path ./kustomize\n\n"
		   "  # Without a cluster\n"
		   "  flux build kustomization podinfo --path ./kustomize \\\n"
		   "    --kustomization-file ./podinfo.yaml --dry-run\n\n"
		   "  # With all that it leads to\n"
		   "  flux build kustomization flux-system --path ./clusters/production \\\n"
		   "    --recursive --local-sources GitRepository/flux-system/flux-system=./",
	.subject = &flux_kinds[FLUX_KUSTOMIZATION],
	.flags = build_flags,
	.options = sizeof(struct build_options),
	.run = run_build,
};

const struct command flux_build_command = {
	.use = "build",
	.brief = "Build what Flux would apply",
	.text = "Build locally what Flux would fetch or apply.",
	.commands = (const struct command *const[]){
		&flux_build_artifact,
		&build_kustomization_command,
		NULL,
	},
	.complete = flux_complete,
	.before = flux_before,
};
