#include "cli/heap.h"

#include <malloc.h>

/* The threads are many, and most allocate little and seldom. */
enum { ARENAS_MAX = 4 };
/* From here on a block is mapped on its own, and unmapped when it is freed. What requests
 * and reconciles need at a time is below. Being set, it is not raised any more. */
enum { MAPPED_MIN = 512 << 10 };

void heap_stay_small(void)
{
	mallopt(M_ARENA_MAX, ARENAS_MAX);
	mallopt(M_MMAP_THRESHOLD, MAPPED_MIN);
}
