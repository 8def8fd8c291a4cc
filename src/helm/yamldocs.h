/* yamldocs - the documents of a YAML text, cut as apimachinery's YAMLReader
 * cuts them.
 *
 * A line that begins with "---" ends a document, and nothing but a comment may
 * stand behind it; the one that opens the text stays part of its document.
 * Documents borrow from the text. Any thread.
 */
#ifndef HELM_YAMLDOCS_H
#define HELM_YAMLDOCS_H

#include "base/err.h"
#include "base/str.h"

/* Take the next document off the front of a text that is not empty. */
err *yamldocs_take(str *text, str *out) __attribute__((warn_unused_result));

#endif
