/* yaml_edit - change values of a kept document and nothing else.
 *
 * For files that people own: `kustomize edit`, image automation. A document
 * that was read with YAML_KEEP is changed here and written in the profile
 * kyaml; comments, order and the quotes of what was there stay.
 *
 * A path is one text a step: the key of a map; in a list a number, counted
 * from 0, or "[name=app]" for the first map with that field, or "[=x]" for
 * the item that is x. Steps go through aliases into what they stand for.
 *
 * Ownership: new texts are borrowed; `a` is the arena of the tree. An alias
 * of a changed scalar shows the new value once the text is read again.
 * Worker-local.
 */
#ifndef VALUE_YAML_EDIT_H
#define VALUE_YAML_EDIT_H

#include "value/yaml.h"

/* The value at the path; NULL when it is not there. */
node *yaml_edit_find(struct yaml_doc *doc, const str *path, size_t n);

/* Set a scalar. It takes the quotes of the scalar it replaces; a text that
 * some YAML would read as something else gets quotes. Keys that are not there
 * are added at the end, with the maps around them. Fails where a step finds
 * no list item, or something else than a list or map, and where the path leads
 * to a list or map: "spec.containers is a list". */
err *yaml_edit_set(struct arena *a, struct yaml_doc *doc, const str *path, size_t n, node value)
	__attribute__((warn_unused_result));

/* Take a pair or an item out, and its comments. False when it is not there. */
bool yaml_edit_remove(struct yaml_doc *doc, const str *path, size_t n);

#endif
