#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

/* Fields that begin after LINE_ENOUGH bytes are left out. The rest of
 * LINE_HARD holds one more field of LOG_TEXT_MAX bytes, all escaped. */
enum { LINE_ENOUGH = 1 << 20, LINE_HARD = 4 << 20, NAMES_MAX = 8 };

static struct {
	pthread_mutex_t m;		/* one line at a time to standard error */
	_Atomic(const struct log_sink *) sink;
	_Atomic(struct mask *) mask;
	_Atomic int level, form;
} state = { .m = PTHREAD_MUTEX_INITIALIZER, .level = LOG_INFO, .form = LOG_JSON };

static const struct {
	enum log_level level;
	str word, capital;
} levels[] = {
	{ LOG_TRACE, S("trace"), S("TRACE") },
	{ LOG_DEBUG, S("debug"), S("DEBUG") },
	{ LOG_INFO, S("info"), S("INFO") },
	{ LOG_ERROR, S("error"), S("ERROR") },
};

struct line {
	struct buf *b;
	bool json;
	size_t fields;
};

bool log_level_parse(str word, enum log_level *out)
{
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (str_eq(levels[i].word, word)) {
			*out = levels[i].level;
			return true;
		}
	return false;
}

static str level_word(enum log_level level, bool capital)
{
	size_t i = 0;

	while (i + 1 < sizeof levels / sizeof *levels && levels[i].level < level)
		i++;
	return capital ? levels[i].capital : levels[i].word;
}

/* ---- text ------------------------------------------------------------- */

static void add_escape(struct buf *b, uint32_t rune)
{
	static const char short_of[] = "\nn\rr\tt";
	const char *s = rune && rune < 0x20 ? strchr(short_of, (int)rune) : NULL;

	if (s)
		buf_addf(b, "\\%c", s[1]);
	else
		buf_addf(b, "\\u%04x", rune);
}

/* What must not stand in a line as it is. zap leaves DEL and the control
 * characters above 0x7f alone; terminals do not. */
static bool is_control(uint32_t rune, bool json)
{
	return rune < 0x20 || (!json && (rune == 0x7f || (rune >= 0x80 && rune < 0xa0)));
}

/* The text with escapes; in a JSON string, quotes get one too. */
static void add_text(const struct line *l, str s, bool quoted)
{
	while (s.n) {
		size_t plain = 0, size;
		uint32_t rune = 0;

		for (; plain < s.n; plain += size) {
			rune = utf8_decode(str_from(s, plain), &size);
			if (is_control(rune, l->json) || (rune == UTF8_BAD && size == 1) ||
			    (quoted && (rune == '"' || rune == '\\')))
				break;
		}
		buf_bytes(l->b, s.p, plain);
		if (plain == s.n)
			return;
		if (rune == '"' || rune == '\\')
			buf_addf(l->b, "\\%c", (char)rune);
		else
			add_escape(l->b, rune);
		s = str_from(s, plain + size);
	}
}

/* Mask first: a secret with quotes or newlines looks different afterwards. */
static void add_masked(const struct line *l, str s, bool quoted)
{
	struct mask *m = atomic_load(&state.mask);
	struct buf clean = BUF_LIMIT(LINE_HARD);
	size_t more = s.n > LOG_TEXT_MAX ? s.n - LOG_TEXT_MAX : 0;

	s = str_sub(s, 0, LOG_TEXT_MAX);
	if (m && mask_has(m, s)) {
		mask_text(m, s, &clean);
		s = buf_str(&clean);
	}
	add_text(l, s, quoted);
	if (more)
		buf_addf(l->b, "... (%zu bytes more)", more);
	buf_release(&clean);
}

static void add_quoted(const struct line *l, str s)
{
	buf_addc(l->b, '"');
	add_masked(l, s, true);
	buf_addc(l->b, '"');
}

/* A JSON text is taken as it is unless it holds a secret. */
static void add_raw(const struct line *l, str json)
{
	if (json.n > LOG_TEXT_MAX)
		add_quoted(l, json);
	else
		mask_text(atomic_load(&state.mask), json, l->b);
}

/* ---- fields ----------------------------------------------------------- */

static void add_key(struct line *l, const char *key)
{
	if (l->fields++)
		buf_add(l->b, l->json ? S(",") : S(", "));
	else
		buf_add(l->b, l->json ? S("{") : S("\t{"));
	buf_addc(l->b, '"');
	add_text(l, str_c(key), true);
	buf_add(l->b, l->json ? S("\":") : S("\": "));
}

static void add_member(struct line *l, const char *key, str value)
{
	add_key(l, key);
	add_quoted(l, value);
}

static void add_field(struct line *l, const struct log_field *f)
{
	if (l->b->n > LINE_ENOUGH)
		return;
	add_key(l, f->key);
	switch (f->type) {
	case LOG_FIELD_STR:
		add_quoted(l, f->s);
		break;
	case LOG_FIELD_INT:
		buf_addf(l->b, "%lld", (long long)f->i);
		break;
	case LOG_FIELD_BOOL:
		buf_add(l->b, f->b ? S("true") : S("false"));
		break;
	case LOG_FIELD_JSON:
		add_raw(l, f->s);
		break;
	case LOG_FIELD_REF:
		buf_add(l->b, S("{\"name\":"));
		add_quoted(l, f->ref.name);
		if (f->ref.namespace.n) {
			buf_add(l->b, S(",\"namespace\":"));
			add_quoted(l, f->ref.namespace);
		}
		buf_addc(l->b, '}');
		break;
	}
}

/* The widest logger's fields come first. The chain is as long as the code
 * that built it is deep; what lies beyond the array is not printed. */
static void add_fields(struct line *l, const struct log *log)
{
	const struct log *chain[32];
	size_t n = 0;

	for (; log && n < sizeof chain / sizeof *chain; log = log->up)
		chain[n++] = log;
	while (n--)
		for (size_t i = 0; i < chain[n]->n; i++)
			add_field(l, &chain[n]->fields[i]);
}

static void add_name(const struct log *log, struct buf *b)
{
	const str *names[NAMES_MAX];
	size_t n = 0;

	for (; log && n < NAMES_MAX; log = log->up)
		if (log->name.n)
			names[n++] = &log->name;
	while (n--) {
		buf_add(b, *names[n]);
		if (n)
			buf_addc(b, '.');
	}
}

static void add_time(struct buf *b)
{
	int64_t now = clock_wall();
	struct timespec t = clock_timespec(now);
	struct tm tm;

	gmtime_r(&t.tv_sec, &tm);
	buf_addf(b, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1,
		 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(t.tv_nsec / CLOCK_MS));
}

/* ---- lines ------------------------------------------------------------ */

static void head_json(struct line *l, enum log_level level, str name, str msg)
{
	add_member(l, "level", level_word(level, false));
	add_key(l, "ts");
	buf_addc(l->b, '"');
	add_time(l->b);
	buf_addc(l->b, '"');
	if (name.n)
		add_member(l, "logger", name);
	add_member(l, "msg", msg);
}

static void head_human(struct line *l, enum log_level level, str name, str msg)
{
	add_time(l->b);
	buf_addc(l->b, '\t');
	buf_add(l->b, level_word(level, true));
	if (name.n) {
		buf_addc(l->b, '\t');
		add_text(l, name, false);
	}
	buf_addc(l->b, '\t');
	add_masked(l, msg, false);
}

static void write_all(str line)
{
	while (line.n) {
		ssize_t n = write(STDERR_FILENO, line.p, line.n);

		if (n >= 0) {
			line = str_from(line, (size_t)n);
		} else if (errno == EAGAIN) {
			struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

			/* Whoever reads our log too slowly loses lines. */
			if (poll(&p, 1, 1000) <= 0)
				return;
		} else if (errno != EINTR) {
			return;
		}
	}
}

static void put(enum log_level level, str line)
{
	const struct log_sink *sink = atomic_load(&state.sink);

	if (sink) {
		sink->write(sink->ctx, level, line);
		return;
	}
	pthread_mutex_lock(&state.m);
	write_all(line);
	pthread_mutex_unlock(&state.m);
}

bool log_on(enum log_level level)
{
	return (int)level >= atomic_load_explicit(&state.level, memory_order_relaxed);
}

void log_line(const struct log *log, enum log_level level, str msg, const err *cause,
	      const struct log_field *fields, size_t n)
{
	if (!log_on(level))
		return;
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(LINE_HARD);
	CLEANUP(buf_release) struct buf name = BUF_LIMIT(LOG_TEXT_MAX);
	struct line l = { &b, atomic_load(&state.form) == LOG_JSON, 0 };

	add_name(log, &name);
	if (l.json)
		head_json(&l, level, buf_str(&name), msg);
	else
		head_human(&l, level, buf_str(&name), msg);
	add_fields(&l, log);
	for (size_t i = 0; i < n; i++)
		add_field(&l, &fields[i]);
	if (cause)
		add_member(&l, "error", err_text(cause));
	buf_add(&b, l.fields ? S("}\n") : S("\n"));
	put(level, buf_str(&b));
}

void log_set(enum log_form form, enum log_level level)
{
	atomic_store(&state.form, (int)form);
	atomic_store(&state.level, (int)level);
}

const struct log_sink *log_use(const struct log_sink *sink)
{
	return atomic_exchange(&state.sink, sink);
}

void log_set_mask(struct mask *m)
{
	atomic_store(&state.mask, m);
}
