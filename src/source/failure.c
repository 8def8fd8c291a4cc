#include "source/failure.h"

/* Behind it stands a struct failure; no other detail begins so. */
static const char mark[] = "\0source failure";

err *failure_mark(err *e, enum failure_class class, const char *condition, const char *reason)
{
	struct failure f = { class, condition, reason };
	char detail[sizeof mark + sizeof f];

	if (failure_of(e).reason != failure_of(NULL).reason)
		return e;
	memcpy(detail, mark, sizeof mark);
	memcpy(detail + sizeof mark, &f, sizeof f);
	err_set_detail(e, str_of(detail, sizeof detail));
	return e;
}

struct failure failure_of(const err *e)
{
	static const char failed[] = "Failed";
	struct failure f = { FAILURE_GENERIC, NULL, failed };
	str detail = e ? err_detail(e) : STR_NONE;

	if (detail.n == sizeof mark + sizeof f && !memcmp(detail.p, mark, sizeof mark))
		memcpy(&f, detail.p + sizeof mark, sizeof f);
	return f;
}
