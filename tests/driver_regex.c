#include "driver.h"

#include "base/vec.h"
#include "text/regex.h"

static node offset(size_t at)
{
	return node_from_int(at == REGEX_UNSET ? -1 : (int64_t)at);
}

static err *run_regex(struct arena *a, node request, node *output)
{
	const struct regex *re;
	struct regex_search s;

	TRY(regex_compile(a, driver_text(a, request, "pattern"), &re));
	size_t n = regex_groups(re);
	struct regex_span *groups = arena_array(a, struct regex_span, n);
	node find = node_seq(a, 0), names = node_seq(a, n);

	regex_search_init(&s, re, driver_text(a, request, "input"));
	while (regex_next(&s, groups, n)) {
		node match = node_seq(a, 2 * n);

		for (size_t i = 0; i < n; i++) {
			node_append(a, match, offset(groups[i].start));
			node_append(a, match, offset(groups[i].end));
		}
		node_append(a, find, match);
	}
	regex_search_release(&s);
	for (size_t i = 0; i < n; i++)
		node_append(a, names, node_copy_str(a, regex_group_name(re, i)));
	*output = node_map(a, 2);
	node_set(a, *output, S("find"), find);
	node_set(a, *output, S("names"), names);
	return NULL;
}

static err *run_regex_replace(struct arena *a, node request, node *output)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const struct regex *re;

	TRY(regex_compile(a, driver_text(a, request, "pattern"), &re));
	regex_replace(re, driver_text(a, request, "input"), driver_text(a, request, "template"),
		      &b);
	*output = node_copy_str(a, buf_str(&b));
	return NULL;
}

static err *run_regex_split(struct arena *a, node request, node *output)
{
	regex_pieces pieces = { 0 };
	const struct regex *re;

	TRY(regex_compile(a, driver_text(a, request, "pattern"), &re));
	regex_split(a, re, driver_text(a, request, "input"),
		    node_int(node_get(request, S("limit"))), &pieces);
	*output = node_seq(a, pieces.n);
	for (size_t i = 0; i < pieces.n; i++)
		node_append(a, *output, node_copy_str(a, pieces.p[i]));
	return NULL;
}

const struct driver_op driver_regex_ops[] = {
	{ "regex", run_regex },
	{ "regex-replace", run_regex_replace },
	{ "regex-split", run_regex_split },
	{ 0 },
};
