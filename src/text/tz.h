/* tz - places of the time zone database, and what their clocks show when.
 *
 * The database is a folder of files in TZif format (RFC 9636), one a place.
 * Layers that render touch no files: whoever starts them hands in a struct
 * tz_source, and tz_find asks it for the bytes of "America/New_York".
 *
 * A struct tz lives in the arena it was read into and is immutable. Any
 * thread.
 */
#ifndef TEXT_TZ_H
#define TEXT_TZ_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct tz;

struct tz_source {
	/* Add the bytes of the place's file; false when there is none. The
	 * name holds no "..", and begins with neither '/' nor '\'. */
	bool (*load)(void *context, str name, struct buf *bytes);
	void *context;
};

/* time.LoadLocation: "" and "UTC" give NULL, which all users take for UTC.
 * Else "unknown time zone X", or "time: invalid location name". */
err *tz_find(struct arena *a, const struct tz_source *source, str name, const struct tz **out)
	__attribute__((warn_unused_result));

/* Read a TZif file. Copies what it needs. */
err *tz_read(struct arena *a, str name, str bytes, const struct tz **out)
	__attribute__((warn_unused_result));

/* The name the place was asked for; "UTC" for NULL. */
str tz_name(const struct tz *tz);

/* What holds from one change of clocks to the next. */
struct tz_span {
	str name;		/* "CEST" */
	int32_t offset;		/* seconds east of UTC */
	bool summer;
	int64_t start, end;	/* in Unix time, the end not included */
};
struct tz_span tz_lookup(const struct tz *tz, int64_t sec);

/* The offset called `name` there: the one in effect if clocks show `local`
 * (Unix time as if they showed UTC), else any of that name. */
bool tz_lookup_name(const struct tz *tz, str name, int64_t local, int32_t *offset);

#endif
