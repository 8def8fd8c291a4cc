/* gotime_impl - layouts taken apart, for printing and for reading. */
#ifndef TEXT_GOTIME_IMPL_H
#define TEXT_GOTIME_IMPL_H

#include "text/gotime.h"

enum gotime_element {
	ELEMENT_NONE,
	ELEMENT_LONG_MONTH, ELEMENT_SHORT_MONTH, ELEMENT_MONTH, ELEMENT_MONTH_2,
	ELEMENT_LONG_WEEKDAY, ELEMENT_SHORT_WEEKDAY,
	ELEMENT_DAY, ELEMENT_DAY_PADDED, ELEMENT_DAY_2, ELEMENT_YEARDAY_PADDED, ELEMENT_YEARDAY_3,
	ELEMENT_HOUR_2, ELEMENT_HOUR12, ELEMENT_HOUR12_2,
	ELEMENT_MINUTE, ELEMENT_MINUTE_2, ELEMENT_SECOND, ELEMENT_SECOND_2,
	ELEMENT_FRACTION,	/* with exactly so many digits */
	ELEMENT_FRACTION_CUT,	/* without zeros at its end */
	ELEMENT_YEAR_4, ELEMENT_YEAR_2,
	ELEMENT_PM, ELEMENT_PM_SMALL,
	ELEMENT_ZONE, ELEMENT_OFFSET,
};

/* How an ELEMENT_OFFSET is written. */
enum {
	OFFSET_Z = 1,		/* "Z" for UTC */
	OFFSET_COLON = 2,
	OFFSET_MINUTES = 4,
	OFFSET_SECONDS = 8,
};

struct gotime_step {
	str prefix;		/* stands for itself */
	str text;		/* the element as the layout has it */
	enum gotime_element element;
	int shape;		/* of an offset */
	int digits;		/* of a fraction */
};

/* Take the text up to the next element, and it; ELEMENT_NONE at the end. */
struct gotime_step gotime_take_step(str *layout);

/* Days since 1970 of a day that may be out of its month's range. */
int64_t gotime_days(int64_t year, int64_t month, int64_t day);

#endif
