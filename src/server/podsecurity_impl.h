/* What the two files of podsecurity share: levels, and the checks of a Pod. */
#ifndef SERVER_PODSECURITY_IMPL_H
#define SERVER_PODSECURITY_IMPL_H

#include "base/arena.h"
#include "base/buf.h"
#include "server/words.h"
#include "value/node.h"

enum podsecurity_kind { PODSECURITY_PRIVILEGED, PODSECURITY_BASELINE, PODSECURITY_RESTRICTED };
enum { PODSECURITY_LATEST = 1000 };

struct podsecurity_level {
	enum podsecurity_kind kind;
	int version;	/* the minor one, or PODSECURITY_LATEST */
};

/* Whether a Pod breaks the rules of a level: which, and if not `reasons_only`
 * by what, is added to `out`. */
bool podsecurity_evaluate(struct arena *a, struct podsecurity_level level, node pod, bool reasons_only,
			  struct buf *out);

#endif
