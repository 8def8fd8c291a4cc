/* helmignore - which files of a chart's folder are no part of the chart.
 *
 * The language of .helmignore looks like .gitignore's and is another: the
 * first rule that matches decides, `*` and `?` stay within one element, there
 * is no `**`, a rule with a slash matches the whole path and one without the
 * file's name, and "!rule" leaves out everything that it does not match.
 *
 * The rules live in the arena and are immutable: any thread may match.
 */
#ifndef TEXT_HELMIGNORE_H
#define TEXT_HELMIGNORE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct helmignore;

/* Read a .helmignore file; the rules that every chart has come last. Empty
 * text is a chart without one. Copies what it keeps. */
err *helmignore_parse(struct arena *a, str text, const struct helmignore **out)
	__attribute__((warn_unused_result));

/* Whether the file or folder is left out; what is below an ignored folder is
 * left out too, which is the walker's business. `path` is relative to the
 * chart, with slashes. */
bool helmignore_match(const struct helmignore *h, str path, bool is_dir);

#endif
