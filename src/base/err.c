#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/die.h"
#include "base/fmt.h"

struct err {
	enum err_kind kind;
	int code;
	err *cause;
	char *text;
	size_t n;
	struct err_pos pos;	/* owns its texts */
	char *detail;
	size_t detail_n;
};

static char *copy(const char *p, size_t n)
{
	char *to = mem_alloc(n + 1);

	if (n)
		memcpy(to, p, n);
	to[n] = 0;
	return to;
}

__attribute__((format(printf, 2, 0)))
static err *make(enum err_kind kind, const char *fmt, va_list ap)
{
	err *e = mem_calloc(1, sizeof *e);
	struct buf text = BUF_INIT;

	fmt_add(&text, fmt, ap);
	e->kind = kind;
	e->text = buf_detach(&text, &e->n);
	return e;
}

static void inherit(err *e, err *cause)
{
	e->cause = cause;
	e->code = cause->code;
}

err *err_new(enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err *e = make(kind, fmt, ap);

	va_end(ap);
	return e;
}

err *err_wrap(err *cause, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err *e = make(cause->kind, fmt, ap);

	va_end(ap);
	char *all = mem_alloc(e->n + 2 + cause->n + 1);

	memcpy(all, e->text, e->n);
	memcpy(all + e->n, ": ", 2);
	memcpy(all + e->n + 2, cause->text, cause->n + 1);
	free(e->text);
	e->text = all;
	e->n += 2 + cause->n;
	inherit(e, cause);
	return e;
}

err *err_replace(err *cause, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err *e = make(cause->kind, fmt, ap);

	va_end(ap);
	inherit(e, cause);
	return e;
}

static enum err_kind kind_of_errno(int number)
{
	switch (number) {
	case ENOENT:
	case ENOTDIR:
		return ERR_NOT_FOUND;
	case EEXIST:
	case ENOTEMPTY:
		return ERR_EXISTS;
	case EACCES:
	case EPERM:
	case ELOOP:
	case EXDEV:
		return ERR_FORBIDDEN;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	case EAGAIN:
	case EBUSY:
	case ENOSPC:
	case EMFILE:
	case ENFILE:
		return ERR_UNAVAILABLE;
	default:
		return ERR_INTERNAL;
	}
}

err *err_errno(int number, const char *fmt, ...)
{
	char words[128];
	va_list ap;

	va_start(ap, fmt);
	err *e = make(kind_of_errno(number), fmt, ap);

	va_end(ap);
	const char *text = strerror_r(number, words, sizeof words);
	size_t n = strlen(text);
	char *all = mem_alloc(e->n + 2 + n + 1);

	memcpy(all, e->text, e->n);
	memcpy(all + e->n, ": ", 2);
	memcpy(all + e->n + 2, text, n + 1);
	/* Go's table says it all in lower case. */
	if (all[e->n + 2] >= 'A' && all[e->n + 2] <= 'Z')
		all[e->n + 2] = (char)(all[e->n + 2] + 32);
	free(e->text);
	e->text = all;
	e->n += 2 + n;
	return e;
}

void err_free(err *e)
{
	while (e) {
		err *cause = e->cause;

		free(e->text);
		free((char *)e->pos.file.p);
		free((char *)e->pos.text.p);
		free(e->detail);
		free(e);
		e = cause;
	}
}

void err_drop(err **e)
{
	err_free(*e);
	*e = NULL;
}

str err_text(const err *e)
{
	return (str){ e->text, e->n };
}

const char *err_msg(const err *e)
{
	return e->text;
}

enum err_kind err_kind(const err *e)
{
	return e->kind;
}

const err *err_cause(const err *e)
{
	return e->cause;
}

struct err_pos err_position(const err *e)
{
	struct err_pos pos = { 0 };

	for (; e; e = e->cause)
		if (e->pos.file.n)
			pos = e->pos;
	return pos;
}

err *err_at_pos(err *e, const struct err_pos *pos)
{
	if (err_position(e).file.n || !pos->file.n)
		return e;
	e->pos = *pos;
	e->pos.file.p = copy(pos->file.p, pos->file.n);
	e->pos.text.p = copy(pos->text.p, pos->text.n);
	return e;
}

err *err_at(err *e, str file, uint32_t line, uint32_t col)
{
	return err_at_pos(e, &(const struct err_pos){ .file = file, .line = line, .col = col });
}

void err_set_kind(err *e, enum err_kind kind)
{
	e->kind = kind;
}

void err_set_code(err *e, int code)
{
	e->code = code;
}

int err_code(const err *e)
{
	return e->code;
}

void err_set_detail(err *e, str detail)
{
	free(e->detail);
	e->detail = copy(detail.p, detail.n);
	e->detail_n = detail.n;
}

str err_detail(const err *e)
{
	for (; e; e = e->cause)
		if (e->detail)
			return (str){ e->detail, e->detail_n };
	return STR_NONE;
}
