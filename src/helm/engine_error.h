/* engine_error - template errors as Helm shows them. Private to the engine.
 *
 * The words are those of pkg/engine's cleanupParseError and reformatExecErrorMsg: users
 * and tests compare them. Both functions take the error that they are given. Any thread.
 */
#ifndef HELM_ENGINE_ERROR_H
#define HELM_ENGINE_ERROR_H

#include "base/arena.h"
#include "base/err.h"

/* `parse error at (FILE:LINE): LAST`; takes `e`. */
err *engine_parse_error(str file, err *e) __attribute__((warn_unused_result));
/* A `required` or `fail`: its message and place. Else the chain of errors as
 * a stack, one place a line; or `e` itself when a link of the chain is none
 * of the template language's. Takes `e`. */
err *engine_exec_error(str file, err *e) __attribute__((warn_unused_result));

#endif
