/* scale - the subresource that shows how many replicas there are, and sets it.
 *
 * A Scale is made of the object that it stands for, whatever its kind; a
 * write of one changes spec.replicas (or where a custom resource has it), and the
 * owners of that field move between the two. Workers.
 */
#ifndef SERVER_SCALE_H
#define SERVER_SCALE_H

#include "server/request.h"

err *scale_run(struct request *r) __attribute__((warn_unused_result));

#endif
