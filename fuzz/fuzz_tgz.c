/* An archive of charts or artifacts, unpacked: the limit in the first two bytes, then a tar,
 * compressed here. Both ways to unpack come to the same end, within the limit. */
#include "archive/name.h"
#include "archive/tgz.h"
#include "base/die.h"
#include "helm/chart.h"

struct sum {
	size_t entries, bytes;
	err *why;
};

static struct sum unpack(str text, const struct tgz_limits *limits)
{
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET((size_t)256 << 20);
	CLEANUP(tgz_drop) struct tgz *t = NULL;
	struct sum sum = { .why = tgz_open(&t, &a, text, limits) };
	bool more = true;

	while (!sum.why && more) {
		struct tar_entry entry;
		str bytes;

		sum.why = tgz_next(t, &entry, &bytes, &more);
		if (sum.why || !more)
			break;
		err_free(archive_name_check(entry.name));
		sum.entries++;
		sum.bytes += bytes.n;
		if (bytes.n > limits->entry || sum.bytes > limits->total ||
		    sum.entries > limits->entries)
			die_bug("beyond the limit");
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_release) struct buf whole = BUF_INIT, pieces = BUF_INIT;
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET((size_t)256 << 20);
	struct chart_files files = { 0 };

	if (size < 2)
		return 0;
	const struct tgz_limits limits = { .total = 64U << (data[0] % 12),
					   .entry = 64U << (data[1] % 12),
					   .entries = 1 + data[1] / 12 };
	err *e = gzip_write(str_of((const char *)data + 2, size - 2), 1, &whole);

	/* A second, empty member: the size at the end is not that of all. */
	buf_add(&pieces, buf_str(&whole));
	err_free(e);
	e = gzip_write(STR_NONE, 1, &pieces);
	err_free(e);
	struct sum one = unpack(buf_str(&whole), &limits), two = unpack(buf_str(&pieces), &limits);

	if (!one.why != !two.why || one.entries != two.entries || one.bytes != two.bytes)
		die_bug("%zu entries at once, %zu in pieces: %s, %s", one.entries, two.entries,
			one.why ? err_msg(one.why) : "", two.why ? err_msg(two.why) : "");
	err_free(one.why);
	err_free(two.why);
	err_free(chart_unpack(&a, buf_str(&whole), limits.total, &files));
	return 0;
}
