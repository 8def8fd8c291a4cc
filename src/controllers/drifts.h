/* drifts - drift is put right at once, but not for ever.
 *
 * Where two write the same field, each puts the other's right. After a few times
 * each waits twice as long as before.
 */
#ifndef CONTROLLERS_DRIFTS_H
#define CONTROLLERS_DRIFTS_H

#include <stdbool.h>
#include <stdint.h>

/* Of one object; zero: none yet. */
struct drifts {
	unsigned n;		/* put right since the last pass that had another reason */
	int64_t at;
};

/* Drift was seen. True: it shall wait for `*left` nanoseconds, or as long as that was if
 * it is less. */
bool drifts_wait(struct drifts *d, int64_t interval, int64_t *left);

#endif
