/* ignore - which files a source leaves out: .gitignore's language, as Flux
 * reads it from .sourceignore files and spec.ignore.
 *
 * A set of rules is built up in order of growing priority; the last rule that
 * matches a path decides, and "!" rules bring files back. Each rule belongs
 * to the folder its file lies in (its *domain*) and sees only paths below it.
 * A path is matched alone: parents count only as far as the rule looks at
 * them itself.
 *
 * The dialect is go-git's, edges included: `**` stands only for whole path
 * elements, a rule whose glob is bad matches nothing, a backslash does not
 * bring a leading "#" or "!" back.
 *
 * The rules live in the arena they were made in. Once the last rule is added
 * they are immutable: any thread may match.
 */
#ifndef TEXT_IGNORE_H
#define TEXT_IGNORE_H

#include "base/arena.h"
#include "base/str.h"

struct ignore;

struct ignore *ignore_new(struct arena *a) __attribute__((returns_nonnull));

/* Add the rules of one ignore file. `domain` is the folder that holds it,
 * "" for the root of the source. Copies both. */
void ignore_add(struct ignore *ig, str rules, str domain);
/* Add what Flux always leaves out: version control's own files, then
 * pictures, archives and the configuration of CI services. */
void ignore_add_vcs(struct ignore *ig, str domain);
void ignore_add_defaults(struct ignore *ig, str domain);

/* Whether no rule was added: blank lines and comments are none. */
bool ignore_is_empty(const struct ignore *ig);

/* Whether the file or folder is left out. `path` is relative to the root of
 * the source, with slashes. */
bool ignore_match(const struct ignore *ig, str path, bool is_dir);

#endif
