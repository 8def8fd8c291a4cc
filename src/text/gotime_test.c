#include "text/duration.h"
#include "text/golden_test.h"
#include "text/gotime.h"
#include "text/number.h"

static const char *const elements[] = {
	"January", "Jan", "1", "01", "Monday", "Mon", "2", "_2", "02", "__2", "002", "15", "3",
	"03", "4", "04", "5", "05", "2006", "06", "PM", "pm", "MST", "Z0700", "Z070000", "Z07",
	"Z07:00", "Z07:00:00", "-0700", "-070000", "-07", "-07:00", "-07:00:00", ".000", ".0",
	".999", ",000000000", ".999999999", ",99", "_2006", "Janu", "Month", "PMs", ".00001",
};

static void random_layout(uint64_t *r, struct buf *b)
{
	switch (random_below(r, 8)) {
	case 0:
		buf_add(b, GOTIME_RFC3339);
		return;
	case 1:
		buf_add(b, GOTIME_RFC3339_NANO);
		return;
	case 2:
		random_pick(r, b, "Mon Jan _2 15:04:05 2006", "Mon Jan _2 15:04:05 MST 2006",
			    "Mon Jan 02 15:04:05 -0700 2006", "02 Jan 06 15:04 MST",
			    "02 Jan 06 15:04 -0700", "Monday, 02-Jan-06 15:04:05 MST",
			    "Mon, 02 Jan 2006 15:04:05 MST", "Mon, 02 Jan 2006 15:04:05 -0700",
			    "3:04PM", "Jan _2 15:04:05.000000000", "2006-01-02 15:04:05");
		return;
	}
	for (uint32_t n = random_below(r, 8); n > 0; n--) {
		buf_add(b, str_c(elements[random_below(r, sizeof elements / sizeof *elements)]));
		random_pick(r, b, "", "", " ", "-", ":", "/", "T", ", ", "x\u00e9");
	}
}

/* An instant: mostly of our time, sometimes of any. */
static struct gotime random_instant(uint64_t *r)
{
	int64_t sec = (int64_t)(random_next(r) % 5000000000), nanos;

	switch (random_below(r, 10)) {
	case 0:
		sec = (int64_t)random_next(r);
		sec >>= random_below(r, 40);
		break;
	case 1:
	case 2:
		sec = (int64_t)random_next(r) >> 25;
	}
	nanos = random_below(r, 1000000000);
	switch (random_below(r, 4)) {
	case 0:
		nanos = 0;
		break;
	case 1:
		nanos = nanos / 1000000 * 1000000;
	}
	return gotime_utc(sec, nanos);
}

static struct gotime random_zoned(uint64_t *r, struct gotime t)
{
	static const str names[] = { S("CET"), S("X"), S("ABCDEF") };
	str name;

	switch (random_below(r, 4)) {
	case 0:
		return gotime_fixed(t, ((int32_t)random_below(r, 2000) - 1000) * 60, STR_NONE);
	case 1:
		name = names[random_below(r, 3)];
		return gotime_fixed(t, (int32_t)random_below(r, 200000) - 100000, name);
	}
	return t;
}

static bool load_zone(void *context, str name, struct buf *bytes)
{
	char path[4096], part[4096];
	size_t n;

	(void)context;
	snprintf(path, sizeof path, "%s/time/zones/%.*s", getenv("GOLDEN"), STR_ARG(name));
	FILE *f = fopen(path, "r");

	if (!f)
		return false;
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		buf_bytes(bytes, part, n);
	fclose(f);
	return true;
}

static const struct tz_source zones = { .load = load_zone };

static const struct tz *random_place(uint64_t *r, struct arena *a)
{
	static const str places[] = {
		S("Africa/Casablanca"),	  S("America/New_York"), S("America/Nuuk"),
		S("Asia/Kolkata"),	  S("Australia/Lord_Howe"), S("Etc/GMT+3"),
		S("Europe/Berlin"),	  S("Europe/Dublin"),
	};
	const struct tz *tz = NULL;
	str name = places[random_below(r, 8)];

	assert_null(tz_find(a, &zones, name, &tz));
	assert_true(str_eq(tz_name(tz), name));
	return tz;
}

/* Change, sometimes, one or two bytes. */
static void damage(uint64_t *r, struct buf *b)
{
	if (random_below(r, 2) == 0 || b->n == 0)
		return;
	for (uint32_t n = random_below(r, 3); n > 0; n--) {
		size_t at = random_below(r, (uint32_t)b->n);

		b->p[at] = "0123456789-+:. TZxPAma\xc3"[random_below(r, 23)];
	}
	if (random_below(r, 8) == 0)
		buf_trim(b, random_below(r, (uint32_t)b->n));
	if (random_below(r, 8) == 0)
		random_pick(r, b, "x", " ", ".5", "Z", "0");
}

static void show(struct buf *b, err *e, const struct gotime *t)
{
	if (e)
		add_error(b, e);
	else
		buf_addf(b, "%jd %d %.*s %d", (intmax_t)t->sec, t->nanos, STR_ARG(t->zone),
			 t->offset);
}

static void ask_format(uint64_t *r, struct buf *b)
{
	CLEANUP(buf_release) struct buf layout = BUF_INIT;
	struct gotime t = random_instant(r);

	t = random_zoned(r, t);
	random_layout(r, &layout);
	gotime_format(b, t, buf_str(&layout));
}

static void ask_parse(uint64_t *r, struct buf *b)
{
	CLEANUP(buf_release) struct buf layout = BUF_INIT, text = BUF_INIT;
	struct gotime t = random_instant(r);

	t = random_zoned(r, t);
	random_layout(r, &layout);
	gotime_format(&text, t, buf_str(&layout));
	damage(r, &text);
	show(b, gotime_parse(&t, buf_str(&layout), buf_str(&text), NULL), &t);
}

static void ask_loose(uint64_t *r, struct buf *b)
{
	CLEANUP(buf_release) struct buf layout = BUF_INIT, other = BUF_INIT, text = BUF_INIT;
	struct gotime t;

	random_layout(r, &layout);
	t = random_instant(r);
	random_layout(r, &other);
	gotime_format(&text, t, buf_str(&other));
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] >= 'a' && text.p[i] <= 'z')
			text.p[i] = (char)(text.p[i] - 'a' + 'A');
	damage(r, &text);
	show(b, gotime_parse(&t, buf_str(&layout), buf_str(&text), NULL), &t);
}

static void ask_in(uint64_t *r, struct buf *b)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct gotime t = random_instant(r);

	gotime_format(b, gotime_in(t, random_place(r, &a)), GOTIME_STRING);
}

static int random_between(uint64_t *r, int from, uint32_t n)
{
	return from + (int)random_below(r, n);
}

static void ask_date(uint64_t *r, struct buf *b)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	int year = random_between(r, 1850, 300), month = random_between(r, -9, 30);
	int day = random_between(r, -20, 80), hour = random_between(r, -20, 50);
	int minute = random_between(r, -60, 130), second = random_between(r, -60, 130);
	const struct tz *tz = random_place(r, &a);
	struct gotime t = gotime_date(year, month, day, hour, minute, second,
				      random_below(r, 5), tz);
	int years = random_between(r, -10, 20), months = random_between(r, -20, 40);
	struct gotime t2 = gotime_add_date(t, years, months, random_between(r, -40, 80));
	int64_t d = (int64_t)random_next(r);
	struct gotime t3 = gotime_add(t, d >> random_below(r, 30));
	struct gotime_civil c = gotime_civil(t2);

	gotime_format(b, t, GOTIME_STRING);
	buf_add(b, S(", "));
	gotime_format(b, t2, GOTIME_STRING);
	buf_add(b, S(", "));
	gotime_format(b, t3, GOTIME_STRING);
	buf_add(b, S(", "));
	duration_add(b, gotime_sub(t3, t2));
	buf_addf(b, ", %s, %d", gotime_weekday_name(c.weekday).p, c.yearday);
}

static void ask_there(uint64_t *r, struct buf *b)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf layout = BUF_INIT, text = BUF_INIT;
	struct gotime t = random_instant(r);
	const struct tz *tz = random_place(r, &a);

	random_pick(r, &layout, "2006-01-02 15:04:05 MST", "2006-01-02 15:04",
		    "2006-01-02T15:04:05Z07:00", "2006-01-02 15:04 -0700 MST");
	gotime_format(&text, gotime_in(t, tz), buf_str(&layout));
	show(b, gotime_parse(&t, buf_str(&layout), buf_str(&text), tz), &t);
}

static void ask_write(uint64_t *r, struct buf *b)
{
	struct gotime t = random_instant(r);
	err *e = gotime_write(b, random_zoned(r, t));

	if (e)
		add_error(b, err_wrap(e, "Time.MarshalText"));
}

static void test_as_go_formats(void **state)
{
	(void)state;
	golden_check("time", "format", 50000, ask_format);
	golden_check("time", "write", 5000, ask_write);
}

static void test_as_go_parses(void **state)
{
	(void)state;
	golden_check("time", "parse", 50000, ask_parse);
	golden_check("time", "loose", 20000, ask_loose);
}

static void test_as_go_has_places(void **state)
{
	(void)state;
	golden_check("time", "in", 20000, ask_in);
	golden_check("time", "date", 20000, ask_date);
	golden_check("time", "there", 20000, ask_there);
}

static void test_calendar_of_all_years(void **state)
{
	static const struct {
		int64_t sec;
		const char *want;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00Z Thursday 1" },
		{ -1, "1969-12-31T23:59:59Z Wednesday 365" },
		{ 951782400, "2000-02-29T00:00:00Z Tuesday 60" },
		{ 4107542400, "2100-03-01T00:00:00Z Monday 60" },
		{ -62135596800, "0001-01-01T00:00:00Z Monday 1" },
		{ -62167219200, "0000-01-01T00:00:00Z Saturday 1" },
		{ -62167219201, "-0001-12-31T23:59:59Z Friday 365" },
		{ 253402300800, "10000-01-01T00:00:00Z Saturday 1" },
		{ INT64_MAX, "292277026596-12-04T15:30:07Z Sunday 339" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		struct gotime t = gotime_utc(rows[i].sec, 0);
		struct gotime_civil c = gotime_civil(t);

		gotime_format(&b, t, GOTIME_RFC3339);
		buf_addf(&b, " %s %d", gotime_weekday_name(c.weekday).p, c.yearday);
		assert_string_equal(buf_c(&b), rows[i].want);
	}
}

static void test_instants_compare(void **state)
{
	struct gotime a = gotime_utc(10, -1), b = gotime_utc(9, 999999999);

	(void)state;
	assert_int_equal(gotime_cmp(a, b), 0);
	assert_true(gotime_cmp(a, gotime_utc(10, 0)) < 0);
	assert_true(gotime_cmp(gotime_utc(10, 1), a) > 0);
	assert_true(gotime_is_zero(GOTIME_ZERO));
	assert_false(gotime_is_zero(gotime_utc(0, 0)));
	assert_int_equal(gotime_sub(gotime_utc(INT64_MAX, 0), a), INT64_MAX);
	assert_int_equal(gotime_sub(a, gotime_utc(INT64_MAX, 0)), INT64_MIN);
}

static void test_places_that_are_not(void **state)
{
	static const struct {
		const char *name, *want;
	} rows[] = {
		{ "Nowhere/City", "unknown time zone Nowhere/City" },
		{ "../zones/Etc/GMT+3", "time: invalid location name" },
		{ "/etc/passwd", "time: invalid location name" },
		{ "\\x", "time: invalid location name" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct tz *tz = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		err *e = tz_find(&a, &zones, str_c(rows[i].name), &tz);

		assert_non_null(e);
		assert_string_equal(err_msg(e), rows[i].want);
		err_free(e);
	}
	assert_null(tz_find(&a, NULL, S("UTC"), &tz));
	assert_null(tz);
	assert_null(tz_find(&a, NULL, S(""), &tz));
	assert_null(tz);
	assert_true(str_eq(tz_name(tz), S("UTC")));
}

static void test_cut_off_zone_files_are_refused(void **state)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;

	(void)state;
	assert_true(load_zone(NULL, S("Europe/Berlin"), &bytes));
	size_t whole = bytes.n - str_rfind(str_sub(buf_str(&bytes), 0, bytes.n - 1), S("\n"));

	for (size_t n = 0; n < bytes.n - whole; n++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		const struct tz *tz;
		err *e = tz_read(&a, S("x"), str_sub(buf_str(&bytes), 0, n), &tz);

		assert_non_null(e);
		assert_string_equal(err_msg(e), "malformed time zone information");
		err_free(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_go_formats),
		cmocka_unit_test(test_as_go_parses),
		cmocka_unit_test(test_as_go_has_places),
		cmocka_unit_test(test_calendar_of_all_years),
		cmocka_unit_test(test_instants_compare),
		cmocka_unit_test(test_places_that_are_not),
		cmocka_unit_test(test_cut_off_zone_files_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
