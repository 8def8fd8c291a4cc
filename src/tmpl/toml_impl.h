/* toml_impl - the reader's cursor, shared by its structure (toml_read.c) and
 * its values (toml_scan.c). */
#ifndef TMPL_TOML_IMPL_H
#define TMPL_TOML_IMPL_H

#include "base/vec.h"
#include "tmpl/toml.h"

typedef VEC(str) toml_key;

struct toml {
	struct arena *a;
	str text;
	size_t pos;
	uint32_t line;
	const struct tz *local;
	node root;
	node notes;       /* key as a text -> bits of enum toml_note */
	toml_key context; /* the table that keys go into */
	str current;      /* the key whose value is read */
	int depth;
};

enum toml_note { TOML_IMPLICIT = 1, TOML_ARRAY = 2 };

enum { TOML_END = -1, TOML_BAD = -2 };

/* The next byte; TOML_BAD before one that no TOML may hold. */
int toml_peek(const struct toml *t);
int toml_take(struct toml *t);
bool toml_accept(struct toml *t, char c);
void toml_skip_spaces(struct toml *t);

err *toml_fail(struct toml *t, uint32_t line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), warn_unused_result, returns_nonnull));
/* The same here; at a byte that is not allowed it names that one. At the end
 * of the text the line is the one before. */
err *toml_fail_here(struct toml *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result, returns_nonnull));
/* The next character as %q shows it. */
str toml_quoted_next(struct toml *t);

/* A string whose opening quote is next, on one line or several. */
err *toml_read_string(struct toml *t, bool multiline, node *out)
	__attribute__((warn_unused_result));
/* A number, time, boolean: anything that begins with none of "[{'\"". */
err *toml_read_scalar(struct toml *t, node *out) __attribute__((warn_unused_result));

/* As TOML writes the key: quoted where it must be. */
void toml_write_key(struct buf *b, str key);

#endif
