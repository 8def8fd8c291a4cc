/* read - get and list.
 *
 * A list is one state of the store, whatever happens meanwhile: the newest,
 * one not older than asked for, or exactly one of the recent past; its pages
 * follow each other by tokens, which name the state and the last key. Any
 * thread.
 */
#ifndef SERVER_READ_H
#define SERVER_READ_H

#include "server/options.h"
#include "server/store.h"
#include "server/view.h"

err *read_get(struct request *r) __attribute__((warn_unused_result));
err *read_list(struct request *r) __attribute__((warn_unused_result));
/* What a list has: `view` borrows its items from `list`, to be released after it. */
err *read_some(struct request *r, const struct options_list *o, struct store_list *list,
	       struct view_list *view) __attribute__((warn_unused_result));

/* Where a list goes on: behind a key, in the state of a number. */
struct read_token {
	bool newest;			/* the state is gone: as things are now */
	uint64_t rv;
	str namespace, name;
};
/* Namespaced lists name the key within their namespace. */
err *read_token_parse(struct arena *a, str token, str namespace, struct read_token *out)
	__attribute__((warn_unused_result));
str read_token_print(struct arena *a, const struct read_token *t, str namespace);

#endif
