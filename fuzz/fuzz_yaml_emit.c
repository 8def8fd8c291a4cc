/* Any tree that JSON can bring is written in each profile without a fault.
 * Read back it is the same tree, unless it holds one of the characters that
 * go-yaml does not read the way it writes them. */
#include <stdlib.h>

#include "value/json.h"
#include "value/yaml.h"

enum { SIZE_MOST = 64 << 20 };

static const struct {
	enum yaml_profile profile;
	const struct yaml_options *back;
} profiles[] = {
	{ YAML_WRITE_SIGS, YAML_SIGS },
	{ YAML_WRITE_KYAML, YAML_V3 },
	{ YAML_WRITE_V3_WIDE, YAML_V3 },
	{ YAML_WRITE_V3_COMPACT, YAML_V3 },
};

/* Tabs and control characters, odd line breaks, byte order marks, and the
 * zero that has a sign. */
static bool is_tame(str json)
{
	static const char *const wild[] = {
		"\\u", "\\b", "\\f", "\\r", "\\t", "\x7f", "\xc2\x85", "\xef\xbb\xbf", "-0",
	};

	for (size_t i = 0; i < sizeof wild / sizeof *wild; i++)
		if (str_has(json, str_c(wild[i])))
			return false;
	return true;
}

static void check_back(str yaml, str json, const struct yaml_options *o)
{
	CLEANUP(buf_release) struct buf again = BUF_LIMIT(SIZE_MOST);
	static const struct json_style raw = { .raw_html = true };
	struct arena a = ARENA_INIT;
	node back;
	err *e = yaml_read(&a, yaml, o, &back);

	if (e)
		abort();
	e = json_write(&again, back, &raw);
	if (e || !str_eq(json, buf_str(&again)))
		abort();
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct json_options floats = { .numbers = JSON_NUMBERS_FLOAT };
	static const struct json_style raw = { .raw_html = true };
	CLEANUP(buf_release) struct buf json = BUF_LIMIT(SIZE_MOST);
	struct arena a = ARENA_BUDGET(SIZE_MOST);
	node n;
	err *e = json_read(&a, str_of((const char *)data, size), &floats, &n);

	if (!e)
		e = json_write(&json, n, &raw);
	for (size_t i = 0; !e && i < sizeof profiles / sizeof *profiles; i++) {
		CLEANUP(buf_release) struct buf yaml = BUF_LIMIT(SIZE_MOST);
		err *failed = yaml_write(&yaml, n, profiles[i].profile);

		if (!failed && is_tame(buf_str(&json)))
			check_back(buf_str(&yaml), buf_str(&json), profiles[i].back);
		err_free(failed);
	}
	err_free(e);
	arena_release(&a);
	return 0;
}
