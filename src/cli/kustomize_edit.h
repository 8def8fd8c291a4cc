/* kustomize_edit - what the commands that change kustomization files share.
 *
 * They work on the file in the current directory: open it, change the tree,
 * save it. Worker-local.
 */
#ifndef CLI_KUSTOMIZE_EDIT_H
#define CLI_KUSTOMIZE_EDIT_H

#include "cli/commands.h"
#include "kustomize/kfile_edit.h"

struct edit {
	struct cli *c;
	str dir;
	struct kfile_edit k;
};

err *edit_here(struct cli *c, struct edit *out) __attribute__((warn_unused_result));
err *edit_open(struct cli *c, struct edit *out) __attribute__((warn_unused_result));
err *edit_save(struct edit *e) __attribute__((warn_unused_result));
/* Write a file of the user's: a new one, or the one that a link leads to. */
err *edit_write(struct arena *a, str path, str text) __attribute__((warn_unused_result));

/* Change the file by one function. */
err *edit_run(struct cli *c, err *(*change)(struct edit *e)) __attribute__((warn_unused_result));

typedef VEC(str) edit_paths;

/* The files that patterns match. A pattern that matches none is left out with
 * a note; with `roots`, it may be the directory or URL of a base. */
err *edit_expand(struct edit *e, const str *patterns, size_t n, bool roots, edit_paths *out)
	__attribute__((warn_unused_result));
/* Add those that are not there yet to a list of the file; `what` is one of
 * them: "resource". */
void edit_add_paths(struct edit *e, str field, const char *what, const edit_paths *paths);

/* "a:b" or "a" as a pair of the map; `what` is "label" or "annotation". */
err *edit_pair(const char *what, str text, str *key, str *value) __attribute__((warn_unused_result));
/* The words of the command line as a map of pairs. */
err *edit_pairs(struct cli *c, const char *what, node *out) __attribute__((warn_unused_result));
/* Put a pair into a map of the file. Without `replace`, one that is there
 * already is an error. */
err *edit_put_pair(struct edit *e, node map, const struct node_pair *pair, const char *what,
		   bool replace) __attribute__((warn_unused_result));
/* The words of the command line into a map of the file. */
err *edit_set_pairs(struct cli *c, str field, const char *what, bool replace)
	__attribute__((warn_unused_result));

/* The vars of the file as replacements; changes the files of its resources. */
err *edit_convert_vars(struct edit *e) __attribute__((warn_unused_result));

/* Of `edit add`, `edit set` and `edit remove`, each in a file of their own. */
extern const struct command kustomize_edit_add_buildmetadata_command;
extern const struct command kustomize_edit_add_configmap_command;
extern const struct command kustomize_edit_add_patch_command;
extern const struct command kustomize_edit_add_secret_command;
extern const struct command kustomize_edit_remove_buildmetadata_command;
extern const struct command kustomize_edit_remove_configmap_command;
extern const struct command kustomize_edit_remove_patch_command;
extern const struct command kustomize_edit_remove_secret_command;
extern const struct command kustomize_edit_set_buildmetadata_command;
extern const struct command kustomize_edit_set_configmap_command;
extern const struct command kustomize_edit_set_secret_command;

#endif
