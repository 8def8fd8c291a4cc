/* crd_impl - the checks of a definition, for the files of crd.
 *
 * A check adds what it finds to the list of field errors, in the order and the words of
 * apiextensions-apiserver, and goes on. Of one request; everything lives in its arena.
 */
#ifndef SERVER_CRD_IMPL_H
#define SERVER_CRD_IMPL_H

#include "schema/fielderr.h"
#include "server/crd.h"

struct crd_check {
	struct arena *arena;
	struct fielderrs *errors;
	node crd, old;		/* `old` NODE_NONE on creation */
};

/* Everything behind metadata that creation or update of a definition reports. */
void crd_validate(const struct crd_check *c);
/* The same of a write of its status. */
void crd_validate_status(const struct crd_check *c);
/* Formats in its schemas that nothing checks and that `old` did not have. */
void crd_warn_formats(struct arena *a, node crd, node old, struct kind_warnings *w);

/* ---- checking ---------------------------------------------------------- */

/* What all versions have in common is checked once, at the top. */
enum crd_shared {
	CRD_SHARED_SCHEMA,
	CRD_SHARED_SUBRESOURCES,
	CRD_SHARED_COLUMNS,
	CRD_SHARED_SELECTABLE,
	CRD_SHARED_N
};

struct crd_checker {
	struct arena *arena;
	struct fielderrs *errors;
	node crd, old, spec, versions;
	bool shared[CRD_SHARED_N];
};

#define CRD_PATH(c, base, ...) fielderr_path((c)->arena, (base), __VA_ARGS__)

static inline str crd_text(node n, str key)
{
	return node_str_or(node_get(n, key), STR_NONE);
}

void crd_check_enum(const struct crd_checker *c, str path, str value, const str *known, size_t n);
void crd_check_conversion(const struct crd_checker *c);

#endif
