#include "controllers/drifts.h"

#include "base/clock.h"

/* So often it is put right at once; after so long without any that counts anew. */
enum { DRIFTS_FREE = 3 };
#define DRIFTS_FORGOTTEN (5 * CLOCK_MINUTE)

bool drifts_wait(struct drifts *d, int64_t interval, int64_t *left)
{
	int64_t now = clock_mono(), span = CLOCK_SECOND;

	for (unsigned i = DRIFTS_FREE; i < d->n && span < interval; i++)
		span *= 2;
	if (d->n >= DRIFTS_FREE && now < clock_after(d->at, span)) {
		int64_t more = clock_after(d->at, span) - now;

		if (more < *left)
			*left = more;
		return true;
	}
	if (now > clock_after(d->at, DRIFTS_FORGOTTEN))
		d->n = 0;
	d->n++;
	d->at = now;
	return false;
}
