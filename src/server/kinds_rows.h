/* kinds_rows - how the rows of built-in kinds are written.
 *
 * kinds_rows.c has those of core, apps and events, kinds_rows_groups.c the
 * others; kinds.c puts them in order. What a hook does is in the file of its
 * family.
 */
#ifndef SERVER_KINDS_ROWS_H
#define SERVER_KINDS_ROWS_H

#include "server/cells.h"
#include "server/kinds_impl.h"

#include "server/kinds_columns_table.h"

#define NAMED(of_group, of_version, of_kind, many, one)                                  \
	.gvk = { S(of_group), S(of_version), S(of_kind) }, .plural = S(many),            \
	.singular = S(one), .list_kind = S(of_kind "List")
#define T(text) { "" text, sizeof(text) - 1 }
#define NAMES(field, ...)                                                                \
	.field = (const str[]){ __VA_ARGS__ },                                           \
	.field##_n = sizeof((const str[]){ __VA_ARGS__ }) / sizeof(str)
#define TABLE(field, of) .field = (of), .field##_n = sizeof(of) / sizeof *(of)

#define GET_UPDATE (KIND_GET | KIND_UPDATE | KIND_PATCH)
#define CONNECT (KIND_GET | KIND_CREATE)
#define PROXY (CONNECT | KIND_UPDATE | KIND_PATCH | KIND_DELETE)

extern const struct kind *const kinds_rows_first[], *const kinds_rows_groups[];
extern const size_t kinds_rows_first_n, kinds_rows_groups_n;

#endif
