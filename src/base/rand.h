/* rand - numbers that nobody can guess.
 *
 * All of it comes from the kernel (getrandom), so it is fit for keys, names
 * and nonces alike; none of it can fail. Any thread.
 */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

void rand_bytes(void *to, size_t n);
uint64_t rand_u64(void);
/* A number below `n`, all equally likely; `n` is not 0. */
uint64_t rand_below(uint64_t n);
/* `n` characters and a NUL of those that Kubernetes puts at the end of
 * generated names: no vowels, no 0, 1 or 3. */
void rand_name(char *to, size_t n);
/* A version 4 UUID, as text. */
enum { RAND_UUID = 36 };
void rand_uuid(char to[RAND_UUID + 1]);

#endif
