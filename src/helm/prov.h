/* prov - provenance files: what a chart's maker signed.
 *
 * CHART.tgz.prov is a text in OpenPGP's clear-sign frame: Chart.yaml, a line
 * "...", and the SHA-256 of the archive under its name. Here the frame is
 * taken apart and the sum compared; whose signature it is, source/pgpsig.h
 * tells. Errors have Helm's words. Any thread.
 */
#ifndef HELM_PROV_H
#define HELM_PROV_H

#include "base/arena.h"
#include "base/err.h"
#include "value/node.h"

/* Bytes of a provenance file. */
enum { PROV_SIZE_MAX = 1 << 20 };

/* The text that was signed, without the frame's dashes, white space at the
 * ends of lines and its last line break, and the armoured signature.
 * "signature block not found". */
err *prov_split(struct arena *a, str text, str *signed_text, str *signature)
	__attribute__((warn_unused_result));
/* The text that is signed for an archive of that name: `meta` is what Chart.yaml says. */
err *prov_text(struct arena *a, node meta, str archive, str name, str *out)
	__attribute__((warn_unused_result));

/* Whether the archive is the one that is named in the signed text; *sum is
 * "sha256:...". */
err *prov_check(struct arena *a, str signed_text, str archive, str name, str *sum)
	__attribute__((warn_unused_result));

#endif
