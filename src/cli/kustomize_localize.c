#include "cli/kustomize_edit.h"
#include "cli/remotebases.h"
#include "kustomize/build.h"
#include "kustomize/localize.h"
#include "text/errtext.h"

struct localize_flags {
	str scope;
	bool no_verify;
};

#define AT(field) offsetof(struct localize_flags, field)

static const struct flag flags[] = {
	{ "no-verify", 0, FLAG_BOOL, AT(no_verify),
	  "do not build the target and its copy to see that they give the same" },
	{ "scope", 0, FLAG_STRING, AT(scope),
	  "the directory that references may not leave; the target itself if it is not given, and "
	  "the repository of a remote target" },
	{ 0 },
};

static void warn(void *context, str line)
{
	cli_note(context, "%.*s", STR_ARG(line));
}

static err *build(struct cli *c, struct sources *sources, struct remote *remote, str cwd, str dir,
		  struct buf *out)
{
	const struct kustomize_options o = {
		.sources = sources, .remote = remote, .working_dir = cwd, .version = S("v" KUSTOMIZE_VERSION),
		.warn = warn, .context = c,
	};
	struct resmap *m;
	err *e = kustomize_build(c->arena, &o, dir, &m);

	if (!e)
		e = kustomize_print(c->arena, sources, m, out);
	if (e)
		cli_note(c,
			 "If your target directory requires flags to build: \n"
			 "1. Add executable permissions for the downloaded exec binaries in '%.*s'. \n"
			 "2. Run kustomize build with the necessary flags and self-verify the outputs.",
			 STR_ARG(dir));
	return e;
}

static err *verify(struct cli *c, struct sources *sources, struct remote *remote, str cwd,
		   str target, const struct localized *l)
{
	CLEANUP(buf_release) struct buf before = BUF_INIT, after = BUF_INIT;

	TRY(build(c, sources, remote, cwd, target, &before));
	TRY(build(c, sources, remote, cwd, l->target, &after));
	if (!str_eq(buf_str(&before), buf_str(&after)))
		return err_new(ERR_CONFLICT,
			       "VERIFICATION FAILED: `kustomize build` for %.*s and %.*s are different after "
			       "localization.",
			       STR_ARG(target), STR_ARG(l->destination));
	cli_note(c,
		 "VERIFICATION SUCCESS: `kustomize build` for %.*s and %.*s are the same after "
		 "localization.",
		 STR_ARG(target), STR_ARG(l->destination));
	return NULL;
}

static err *make_copy(struct cli *c, struct sources *sources, struct remote *remote, str cwd)
{
	const struct localize_flags *f = c->options;
	const struct localize_options o = {
		.files = &files_disk,
		.sources = sources,
		.remote = remote,
		.working_dir = cwd,
		.target = c->words.n > 0 ? c->words.p[0] : S("."),
		.scope = f->scope,
		.destination = c->words.n > 1 ? c->words.p[1] : STR_NONE,
	};
	struct localized made;

	TRY(localize(c->arena, &o, &made));
	if (!f->no_verify)
		TRY(verify(c, sources, remote, cwd, o.target, &made));
	cli_note(c, "SUCCESS: localized \"%.*s\" to directory %.*s", STR_ARG(o.target),
		 STR_ARG(made.destination));
	return NULL;
}

static err *run(struct cli *c)
{
	CLEANUP(sources_release) struct sources sources = SOURCES_INIT;
	CLEANUP(remotebases_close) struct remotebases bases = { 0 };
	struct edit here;

	TRY(edit_here(c, &here));
	c->arena->budget = KUSTOMIZE_MEMORY_MAX;
	err *e = make_copy(c, &sources, remotebases_open(&bases, c->arena), here.dir);

	return e ? errtext_tell_from(e, here.dir) : NULL;
}

const struct command kustomize_localize_command = {
	.use = "localize [target [destination]]",
	.brief = "[Alpha] Creates localized copy of target kustomization root at destination",
	.text = "Copy a kustomization, the current directory if no target is named, with all files and\n"
		"bases it refers to into a new directory, \"localized-TARGET\" if no destination is\n"
		"named. Remote references become files of the copy, and the fields of its\n"
		"kustomization files stand in alphabetical order. When both are there, the target\n"
		"and its copy are built and compared.",
	.example = "  # Copy the current directory\n"
		   "  kustomize localize\n\n"
		   "  # Copy an overlay and the bases beside it\n"
		   "  kustomize localize overlays/production copy --scope .",
	.args = { ARGS_MAX, 0, 2 },
	.flags = flags,
	.options = sizeof(struct localize_flags),
	.run = run,
};
