#include "base/die.h"
#include "text/base64.h"
#include "value/json.h"

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			die_bug("%s", #condition); \
	} while (0)

/* Read as `o` says; false when it fails. */
static bool read_as(struct arena *a, str text, const struct json_options *o, node *out)
{
	CLEANUP(err_drop) err *e = json_read(a, text, o, out);

	CHECK(!e || err_text(e).n > 0);
	return !e;
}

/* What was read comes back from any way of writing it. */
static void write_and_read(struct arena *a, node n, const struct json_options *o)
{
	static const struct json_style styles[] = {
		{ .indent = 0 }, { .indent = 3, .source_order = true }, { .raw_html = true },
	};

	for (size_t i = 0; i < sizeof styles / sizeof *styles; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		node again;

		CHECK(!json_write(&b, n, &styles[i]));
		CHECK(read_as(a, buf_str(&b), o, &again));
		/* 1500.0 is written 1500, which is whole */
		CHECK(o->numbers == JSON_NUMBERS_KUBE || node_equal(n, again));
	}
}

static void check_base64(str text)
{
	for (int form = BASE64_STD; form <= BASE64_RAW_URL; form++) {
		CLEANUP(buf_release) struct buf coded = BUF_INIT, back = BUF_INIT;

		base64_write(&coded, text, (enum base64_form)form);
		CHECK(!base64_read(&back, buf_str(&coded), (enum base64_form)form));
		CHECK(str_eq(buf_str(&back), text));
		err_free(base64_read(&back, text, (enum base64_form)form));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct json_options modes[] = {
		{ .numbers = JSON_NUMBERS_KUBE },
		{ .numbers = JSON_NUMBERS_FLOAT },
		{ .numbers = JSON_NUMBERS_TEXT },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(sources_release) struct sources s = SOURCES_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const struct json_options raw = { .raw = true, .sources = &s, .name = S("fuzz") };
	str text = { (const char *)data, size };
	node n, kept, again;

	check_base64(text);
	bool valid = read_as(&a, text, &raw, &kept);

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		bool fits = read_as(&a, text, &modes[i], &n);

		CHECK(valid || !fits);
		CHECK(fits || !valid || modes[i].numbers != JSON_NUMBERS_TEXT);
		if (fits)
			write_and_read(&a, n, &modes[i]);
	}
	if (!valid)
		return 0;
	CHECK(!json_write(&b, kept, NULL));
	CHECK(read_as(&a, text, &modes[2], &n));
	CHECK(read_as(&a, buf_str(&b), &modes[2], &again));
	CHECK(node_equal(n, again));
	return 0;
}
