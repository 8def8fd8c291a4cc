/* engine - a chart's templates into texts, as Helm's engine renders them.
 *
 * All files are parsed into one space of names, deep paths first and, among
 * equals, later names first, so that a chart's own definitions win over those
 * of its subcharts. In that same order every file whose base name does not
 * begin with "_" is rendered with the dot of its chart, after the key
 * Template of that dot was set to the file. What templates change in their
 * values is seen by those that are rendered later. At the end every
 * "<no value>" is deleted.
 *
 * Errors are rewritten the way Helm shows them: the place of a `required` or
 * `fail`, a stack of places for what went wrong inside includes.
 *
 * A parsed set is immutable and may be rendered by many threads at once, each
 * with its own arena and dots. Texts and names are borrowed.
 */
#ifndef HELM_ENGINE_H
#define HELM_ENGINE_H

#include "base/arena.h"
#include "base/err.h"
#include "tmpl/exec.h"

struct engine_file {
	str name; /* "app/charts/db/templates/pod.yaml" */
	str text;
	str base_path; /* .Template.BasePath */
};

struct engine_templates {
	const struct engine_file **files; /* in order of parsing and rendering */
	const struct engine_file *given;  /* as they were handed in */
	size_t n;
	struct tmpl_set set;
};

struct engine_output {
	str name, text;
	const struct trace *trace; /* where the lines of `text` come from */
};

/* Parse the files into `out`, which lives in the arena; what they are parsed
 * to lives as long as the lease, if there is one. */
err *engine_parse(struct arena *a, const struct engine_file *files, size_t n,
		  struct tmpl_lease *lease, struct engine_templates *out)
	__attribute__((warn_unused_result));

/* Render with `dots[i]` for the file that was handed in as number i: a map,
 * changed by its key Template and by what templates set: so it must live in
 * the same arena, and be a copy where others hold it. `out` gets an array of
 * the files that are no partials, in order of rendering. */
err *engine_render(struct arena *a, const struct engine_templates *t, const node *dots,
		   const struct tmpl_options *o, struct engine_output **out, size_t *n)
	__attribute__((warn_unused_result));

/* What a render may use unless its caller knows better. */
extern const struct tmpl_limits engine_limits;
/* The most bytes of output of one file. */
enum { ENGINE_OUTPUT_MAX = 256 << 20 };

#endif
