/* expire - Events go after an hour, as they do under kube-apiserver.
 *
 * Nobody deletes them, and they would fill the store. Every minute those that
 * were not written for so long are looked for and removed.
 */
#ifndef SERVER_EXPIRE_H
#define SERVER_EXPIRE_H

#include "net/loop.h"
#include "server/server.h"

enum { EXPIRE_SECONDS = 3600 };

struct expire;

struct expire *expire_new(struct server *s, struct loop *l);
/* After the loop. NULL is fine. */
void expire_free(struct expire *e);

/* One round, on this thread: gives how many went. `now`: clock_wall. */
size_t expire_run(struct server *s, int64_t now);

#endif
