/* libevent - libevent's core, loaded when a loop is made (base/dll.h).
 *
 * Any thread.
 */
#ifndef NET_LIBEVENT_H
#define NET_LIBEVENT_H

#include <event2/event.h>

#include "base/err.h"

struct libevent {
#define EVENTF(name) __typeof__(&name) name;
#include "net/libevent.def"
#undef EVENTF
};

/* The table, or why the library cannot be loaded. */
err *libevent_get(const struct libevent **out) __attribute__((warn_unused_result));

#endif
