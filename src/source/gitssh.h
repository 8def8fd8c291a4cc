/* gitssh - git-upload-pack on another machine, through the ssh executable; or on this one.
 *
 * A struct gitssh is one running ssh: what the far side says is read, what we
 * say is written, both until the deadline. The key and the known hosts are
 * files in a directory of their own, readable by us alone, which is removed
 * with the rest. Worker-local.
 */
#ifndef SOURCE_GITSSH_H
#define SOURCE_GITSSH_H

#include "source/gitremote.h"
#include "text/gourl.h"

struct gitssh;

err *gitssh_open(struct gitssh **out, const struct gourl *url, const struct gitremote_spec *spec)
	__attribute__((warn_unused_result));
void gitssh_free(struct gitssh *s);
/* For struct gitpkt_input: `ctx` is the struct gitssh. */
err *gitssh_read(void *ctx, void *to, size_t max, size_t *n) __attribute__((warn_unused_result));
err *gitssh_write(struct gitssh *s, str bytes) __attribute__((warn_unused_result));
/* Why the far side said nothing or too little, from what ssh wrote and how it
 * ended; takes `e`, the error that was seen on our side, and gives it back
 * when there is nothing better. */
err *gitssh_explain(struct gitssh *s, err *e);

/* What ssh's complaint means, in the words of Go's ssh; NULL: nothing known.
 * `code` gets GITREMOTE_NOT_FOUND for a repository that is not there. */
const char *gitssh_meaning(str complaint, int *code);

#endif
