/* origin - which line of which template a rendered document comes from.
 *
 * Templates note what they write (tmpl/trace.h); documents are parts of that.
 * Any thread; results borrow from the templates.
 */
#ifndef HELM_ORIGIN_H
#define HELM_ORIGIN_H

#include "helm/manifest.h"
#include "tmpl/trace.h"

/* Of the document's first line. False when that is not known, as for
 * documents that no template made. */
bool origin_of(const struct manifest *m, struct trace_place *out);

/* Give the error of a document its place in the template, and as advice the
 * line of the output; `line` is counted in the document, from 1. */
err *origin_add(err *e, const struct manifest *m, uint32_t line) __attribute__((returns_nonnull));

#endif
