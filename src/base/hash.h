/* hash - a fast hash of bytes for tables in memory.
 *
 * Seeded anew in each process, so that nobody can prepare keys that all fall
 * into one slot. Hence the value must never reach any output or file, and no
 * order may depend on it. Any thread.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#include "base/str.h"

uint64_t hash_bytes(str s);

#endif
