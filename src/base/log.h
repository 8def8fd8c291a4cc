/* log - one line an event, for people or for machines.
 *
 * The JSON form is that of controller-runtime with zap, which `flux logs` and
 * every log pipeline around Flux parse:
 *	{"level":"info","ts":"2026-01-02T15:04:05.000Z","msg":"...","controller":...}
 * The human form is zap's console encoding: time, level, message and the
 * fields as JSON, with tabs between. Control characters are escaped in both,
 * so no message can forge a line or steer a terminal.
 *
 * A struct log carries the fields that all lines about one thing share, and
 * points to a wider one; both are borrowed and immutable. NULL is the root:
 *
 *	struct log l = LOG_WITH(up, log_str("name", name), log_int("try", 3));
 *	log_info(&l, S("reconciliation finished"), log_str("revision", rev));
 *
 * Level, form, sink and mask are process-wide, set by the program's front end.
 * A line is made in memory and goes out in one write. Any thread.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"
#include "base/mask.h"
#include "base/str.h"

/* zap's numbers. */
enum log_level {
	LOG_TRACE = -2,
	LOG_DEBUG = -1,
	LOG_INFO = 0,
	LOG_ERROR = 2,
};

enum log_form { LOG_HUMAN, LOG_JSON };

/* A longer text in a line is cut, and the line says so. */
enum { LOG_TEXT_MAX = 64 << 10 };

enum log_type { LOG_FIELD_STR, LOG_FIELD_INT, LOG_FIELD_BOOL, LOG_FIELD_JSON, LOG_FIELD_REF };

struct log_field {
	const char *key;
	enum log_type type;
	union {
		str s;
		int64_t i;
		bool b;
		struct {
			str namespace, name;
		} ref;
	};
};

static inline struct log_field log_str(const char *key, str s)
{
	return (struct log_field){ .key = key, .type = LOG_FIELD_STR, .s = s };
}
static inline struct log_field log_int(const char *key, int64_t i)
{
	return (struct log_field){ .key = key, .type = LOG_FIELD_INT, .i = i };
}
static inline struct log_field log_bool(const char *key, bool b)
{
	return (struct log_field){ .key = key, .type = LOG_FIELD_BOOL, .b = b };
}
/* `json` is a JSON text already. */
static inline struct log_field log_json(const char *key, str json)
{
	return (struct log_field){ .key = key, .type = LOG_FIELD_JSON, .s = json };
}
/* {"name":NAME,"namespace":NAMESPACE}: an object of the cluster. */
static inline struct log_field log_ref(const char *key, str namespace, str name)
{
	return (struct log_field){ .key = key, .type = LOG_FIELD_REF, .ref = { namespace, name } };
}

struct log {
	const struct log *up;
	str name;			/* "logger": joined to the wider ones' by dots */
	const struct log_field *fields;
	size_t n;
};

#define LOG_FIELDS(...)                                                             \
	((const struct log_field[]){ __VA_ARGS__ }),                                \
		sizeof((const struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field)
#define LOG_WITH(wider, ...) { (wider), STR_NONE, LOG_FIELDS(__VA_ARGS__) }
#define LOG_NAMED(wider, logger, ...) { (wider), (logger), LOG_FIELDS(__VA_ARGS__) }

#define log_trace(l, msg, ...) log_line((l), LOG_TRACE, (msg), NULL, LOG_FIELDS(__VA_ARGS__))
#define log_debug(l, msg, ...) log_line((l), LOG_DEBUG, (msg), NULL, LOG_FIELDS(__VA_ARGS__))
#define log_info(l, msg, ...) log_line((l), LOG_INFO, (msg), NULL, LOG_FIELDS(__VA_ARGS__))
/* Borrows the error. */
#define log_error(l, e, msg, ...) log_line((l), LOG_ERROR, (msg), (e), LOG_FIELDS(__VA_ARGS__))

void log_line(const struct log *l, enum log_level level, str msg, const err *cause,
	      const struct log_field *fields, size_t n);

/* Whether lines of this level go out: ask before making costly fields. */
bool log_on(enum log_level level);

/* ---- for the front end ------------------------------------------------- */

void log_set(enum log_form form, enum log_level level);
/* "trace", "debug", "info", "error"; false for any other word. */
bool log_level_parse(str word, enum log_level *out);

/* Takes whole lines, "\n" included; called from any thread, several at once.
 * `sink` is borrowed; NULL: standard error. Gives what was used before. */
struct log_sink {
	void (*write)(void *ctx, enum log_level level, str line);
	void *ctx;
};
const struct log_sink *log_use(const struct log_sink *sink);
/* Secrets to leave out (borrowed), or NULL. */
void log_set_mask(struct mask *m);

#endif
