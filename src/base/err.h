/* err - why something failed, in words that reach the user.
 *
 * A function that can fail returns `err *`; NULL is success. The message is
 * written whole where it happens, in the original program's wording, without
 * trailing stop or newline. Going up, err_wrap puts context before it where
 * the Go original does: "failed to get 'x': cause". These texts are
 * interface: users, alerts and tests compare them.
 *
 * An err may carry a position (file, line, column; the innermost one wins),
 * an HTTP-like code, and a detail: bytes for programs, such as a Kubernetes
 * Status in JSON.
 *
 * Ownership: whoever receives an err owns it and ends it with err_free, or
 * hands it on. err_wrap takes its cause. Any thread, one at a time.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/str.h"

typedef struct err err;

enum err_kind {
	ERR_INVALID,		/* the input is wrong */
	ERR_NOT_FOUND,
	ERR_EXISTS,
	ERR_CONFLICT,
	ERR_FORBIDDEN,
	ERR_UNAVAILABLE,	/* may work later */
	ERR_TIMEOUT,
	ERR_CANCELED,
	ERR_INTERNAL,
};

struct err_pos {
	str file;		/* as the user knows it; empty: no position */
	uint32_t line, col;	/* from 1; col 0: the whole line, line 0: the whole file */
	str text;		/* the line's text, or the part of it around `col`; may be empty */
	uint32_t text_col;	/* column of the first rune of `text` */
};

err *err_new(enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result, returns_nonnull));
/* "CONTEXT: CAUSE", of the cause's kind, code, detail and position. */
err *err_wrap(err *cause, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result, returns_nonnull));
/* The same for a text that does not read "CONTEXT: CAUSE". The cause stays
 * reachable, the message is the new one alone. */
err *err_replace(err *cause, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result, returns_nonnull));
/* From errno, as Go words it: "open /x: no such file or directory". */
err *err_errno(int number, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result, returns_nonnull));

void err_free(err *e);
/* For CLEANUP(err_drop) err *e. */
void err_drop(err **e);

/* The whole message. The str borrows from `e`; the bytes are NUL-terminated. */
str err_text(const err *e);
const char *err_msg(const err *e);
enum err_kind err_kind(const err *e);
/* The error that was wrapped, or NULL. */
const err *err_cause(const err *e);

/* Set the position unless there is one already (copies the file name), and
 * give `e` back. */
err *err_at(err *e, str file, uint32_t line, uint32_t col) __attribute__((returns_nonnull));
/* The same with the text of the line, which is copied, too. */
err *err_at_pos(err *e, const struct err_pos *pos) __attribute__((returns_nonnull));
struct err_pos err_position(const err *e);

void err_set_kind(err *e, enum err_kind kind);
void err_set_code(err *e, int code);
int err_code(const err *e);
/* Copies. */
void err_set_detail(err *e, str detail);
str err_detail(const err *e);

/* Hand an error up at once. Nothing else in the code hides control flow. */
#define TRY(call)                             \
	do {                                  \
		err *try_error_ = (call);     \
		if (try_error_)               \
			return try_error_;    \
	} while (0)

#endif
