/* heap - how a process that runs for long deals with memory.
 *
 * Left alone, the C library keeps what its threads have freed, for each of its arenas
 * on its own, and learns from each large block to keep larger ones: a server that once
 * answered something huge would hold hundreds of MiB for ever. And code that ran once,
 * at the start, stays mapped and counts for as long as the process lives.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

/* What is not used goes back to the system. Before threads are started. */
void heap_stay_small(void);
/* Nothing will be done for a while: what was freed goes back to the system, and the pages
 * of programs and libraries are let go, each to be mapped again (from memory, as a rule)
 * when it is needed. Takes some milliseconds. Any thread. */
void heap_rest(void);

#endif
