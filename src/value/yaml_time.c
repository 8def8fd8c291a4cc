/* Times as Go prints them. The text is known to be a timestamp: a date, and
 * maybe a time behind T or spaces, with a fraction and a zone. */
#include <stdio.h>

#include "base/ascii.h"
#include "value/yaml.h"

static bool is_no_digit(char c)
{
	return !ascii_is_digit(c);
}

/* The digits at the front as a number, and what separates them from the next. */
static unsigned take_field(str *s, str *separator)
{
	uint64_t u = 0;

	str_to_u64(str_span(s, ascii_is_digit), &u);
	*separator = str_span(s, is_no_digit);
	return (unsigned)u;
}

/* At most nanoseconds, and no zeros behind. */
static str fraction_of(str digits)
{
	return str_trim_right_set(str_sub(digits, 0, 9), S("0"));
}

static size_t print_zone(char *to, size_t room, str zone)
{
	str separator;
	char sign = zone.p[0];

	zone = str_from(zone, 1);
	unsigned hours = take_field(&zone, &separator);
	unsigned minutes = hours * 60 + take_field(&zone, &separator);

	if (!minutes)
		return (size_t)snprintf(to, room, "Z");
	return (size_t)snprintf(to, room, "%c%02u:%02u", sign, minutes / 60, minutes % 60);
}

size_t yaml_print_time(char to[YAML_TIME_MAX], str time)
{
	unsigned f[6] = { 0 };
	str zone = S("Z"), separator = STR_NONE, digits = STR_NONE;

	for (size_t i = 0; i < 6 && time.n; i++)
		f[i] = take_field(&time, &separator);
	if (separator.n && (separator.p[0] == '.' || separator.p[0] == ',')) {
		digits = str_span(&time, ascii_is_digit);
		separator = str_span(&time, is_no_digit);
	}
	if (separator.n && separator.p[0] != 'Z')
		zone = str_of(separator.p, 1 + time.n);
	digits = fraction_of(digits);
	int n = snprintf(to, YAML_TIME_MAX, "%04u-%02u-%02uT%02u:%02u:%02u%s%.*s", f[0] % 10000,
			 f[1] % 100, f[2] % 100, f[3] % 100, f[4] % 100, f[5] % 100,
			 digits.n ? "." : "", STR_ARG(digits));

	return (size_t)n + print_zone(to + n, YAML_TIME_MAX - (size_t)n, zone);
}

bool yaml_time_is_json(str printed)
{
	return str_ends(printed, S("Z")) ||
	       str_cmp(str_from(printed, printed.n - strlen("24:00")), S("24")) < 0;
}
