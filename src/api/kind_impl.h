/* kind_impl - what the generated tables and the code around them share. */
#ifndef API_KIND_IMPL_H
#define API_KIND_IMPL_H

#include "api/kind.h"

extern const struct api_kind api_kind_table[];
extern const size_t api_kind_table_n;

/* Rows from `at` on that stand below row `at`, itself included. */
size_t kind_extent(const struct api_kind *k, size_t at);

/* What the field of that path ("spec.interval", list items and map values
 * left out) is for, in our words; NULL when its name says it. */
const char *about_field(str kind, str path);

#endif
