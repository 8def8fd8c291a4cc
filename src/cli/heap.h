/* heap - how a process that runs for long deals with the C library's memory.
 *
 * Left alone, the library keeps what its threads have freed, for each of its arenas
 * on its own, and learns from each large block to keep larger ones: a server that once
 * answered something huge would hold hundreds of MiB for ever.
 */
#ifndef CLI_HEAP_H
#define CLI_HEAP_H

/* What is not used goes back to the system. Before threads are started. */
void heap_stay_small(void);

#endif
