#include "server/options.h"

#include "base/utf8.h"
#include "base/vec.h"
#include "server/body.h"
#include "server/status.h"
#include "text/number.h"
#include "text/quote.h"
#include "text/unicode.h"

#define META_GROUP     S("meta.k8s.io")
#define DELETE_OPTIONS ((struct gvk){ STR_NONE, S("v1"), S("DeleteOptions") })

/* ---- writing ----------------------------------------------------------- */

static const str dry_run_values[] = { { "All", 3 } };
static const str validation_values[] = {
	{ "", 0 }, { "Ignore", 6 }, { "Strict", 6 }, { "Warn", 4 }
};

static void check_dry_run(struct fielderrs *e, node values, bool *out)
{
	*out = node_len(values) > 0;
	node_each_item(v, values)
		if (!str_eq(node_str(*v), S("All"))) {
			fielderr_not_supported(e, S("dryRun"), values, dry_run_values, 1);
			return;
		}
}

static node query_values(const struct request *r, str key)
{
	node list = node_seq(r->arena, 1);

	for (size_t i = 0; i < r->query_n; i++)
		if (str_eq(r->query[i].key, key))
			node_append(r->arena, list, node_from_str(r->arena, r->query[i].value));
	return list;
}

static void check_manager(struct fielderrs *e, str manager)
{
	str rest = manager;
	uint32_t rune;

	if (manager.n > OPTIONS_MANAGER_MAX)
		fielderr_too_long(e, S("fieldManager"), OPTIONS_MANAGER_MAX);
	while (rest.n) {
		size_t at = manager.n - rest.n;

		utf8_take(&rest, &rune);
		if (!unicode_is_print(rune)) {
			fielderr_invalid(e, S("fieldManager"), node_from_str(e->arena, manager),
					 "invalid character U+%04X (at position %zu)", rune, at);
		}
	}
}

/* Who writes when nobody says: the program's name in User-Agent. */
static str default_manager(const struct request *r)
{
	str agent = request_header(r, S("user-agent")), rest;
	struct buf b = BUF_INIT;
	uint32_t rune;

	str_split(agent, '/', &agent, &rest);
	while (utf8_take(&agent, &rune)) {
		char bytes[4];
		size_t n = utf8_encode(rune, bytes);

		if (!unicode_is_print(rune) || b.n + n > OPTIONS_MANAGER_MAX)
			continue;
		buf_bytes(&b, bytes, n);
	}
	str name = b.n ? arena_str(r->arena, buf_str(&b)) : S("unknown");

	buf_release(&b);
	return name;
}

static void check_validation(struct fielderrs *e, node value, enum options_fields *out)
{
	str s = node_str(value);

	*out = str_eq(s, S("Strict"))   ? OPTIONS_STRICT
	       : str_eq(s, S("Ignore")) ? OPTIONS_IGNORE
					: OPTIONS_WARN;
	for (size_t i = 0; i < 4; i++)
		if (str_eq(s, validation_values[i]))
			return;
	fielderr_not_supported(e, S("fieldValidation"), value, validation_values, 4);
}

err *options_write(const struct request *r, const struct options_of *of, struct options_write *out)
{
	struct fielderrs e = { .arena = r->arena };
	str manager = request_query(r, S("fieldManager"));

	*out = (struct options_write){ .force = request_flag(r, S("force")) };
	if (of->apply && !manager.n)
		fielderr_required(&e, S("fieldManager"), "is required for apply patch");
	else if (of->patch && !of->apply && request_has_query(r, S("force")))
		fielderr_forbidden(&e, S("force"), "may not be specified for non-apply patch");
	check_manager(&e, manager);
	check_dry_run(&e, query_values(r, S("dryRun")), &out->dry_run);
	check_validation(&e, node_from_str(r->arena, request_query(r, S("fieldValidation"))),
			 &out->fields);
	out->manager = manager.n ? manager : default_manager(r);
	return e.n ? status_invalid(META_GROUP, str_c(of->name), STR_NONE, &e) : NULL;
}

/* ---- reading ----------------------------------------------------------- */

err *options_version(str text, uint64_t *out)
{
	CLEANUP(buf_release) struct buf q = BUF_INIT;
	err *e = number_parse_uint(text, 10, out);

	if (!e)
		return NULL;
	quote_add(&q, text, QUOTE_PRINT);
	return err_wrap(e, "resourceVersion: Invalid value: %s", buf_c(&q));
}

static err *bad_request(err *e)
{
	err *bad = status_bad_request("%s", err_msg(e));

	err_free(e);
	return bad;
}

static err *query_int(const struct request *r, str key, int64_t *out)
{
	str text = request_query(r, key);

	*out = 0;
	if (!request_has_query(r, key))
		return NULL;
	err *e = number_parse_int(text, 10, out);

	return e ? bad_request(e) : NULL;
}

static const str list_matches[] = { { "Exact", 5 }, { "NotOlderThan", 12 }, { "", 0 } };
#define MATCH S("resourceVersionMatch")

static void check_list(const struct request *r, struct fielderrs *e)
{
	str match = request_query(r, MATCH), version = request_query(r, S("resourceVersion"));
	bool exact = str_eq(match, list_matches[0]);

	if (match.n && !version.n)
		fielderr_forbidden(
			e, MATCH,
			"resourceVersionMatch is forbidden unless resourceVersion is provided");
	if (match.n && request_query(r, S("continue")).n)
		fielderr_forbidden(e, MATCH,
				   "resourceVersionMatch is forbidden when continue is provided");
	if (match.n && !exact && !str_eq(match, list_matches[1]))
		fielderr_not_supported(e, MATCH, node_from_str(r->arena, match), list_matches, 3);
	if (exact && str_eq(version, S("0")))
		fielderr_forbidden(
			e, MATCH,
			"resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
	if (request_has_query(r, S("sendInitialEvents")))
		fielderr_forbidden(e, S("sendInitialEvents"),
				   "sendInitialEvents is forbidden for list");
}

static void check_watch(const struct request *r, struct fielderrs *e)
{
	str match = request_query(r, MATCH);
	bool initial = request_has_query(r, S("sendInitialEvents"));
	bool not_older = str_eq(match, list_matches[1]);

	if (initial && !not_older)
		fielderr_forbidden(
			e, MATCH,
			"sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
	if (!match.n)
		return;
	if (!initial)
		fielderr_forbidden(e, MATCH,
				   "resourceVersionMatch is forbidden for watch unless "
				   "sendInitialEvents is provided");
	if (!not_older)
		fielderr_not_supported(e, MATCH, node_from_str(r->arena, match), list_matches + 1,
				       1);
	if (request_query(r, S("continue")).n)
		fielderr_forbidden(e, MATCH,
				   "resourceVersionMatch is forbidden when continue is provided");
}

static err *list_version(const struct request *r, bool watch, struct options_list *out)
{
	str text = request_query(r, S("resourceVersion"));

	if (!text.n)
		return NULL;
	out->has_version = true;
	err *e = options_version(text, &out->version);

	if (!e || watch)
		return e;
	return bad_request(err_wrap(e, "invalid resource version"));
}

err *options_list(const struct request *r, bool watch, struct options_list *out)
{
	struct fielderrs errors = { .arena = r->arena };
	err *e;

	*out = (struct options_list){ 0 };
	TRY(query_int(r, S("limit"), &out->limit));
	TRY(query_int(r, S("timeoutSeconds"), &out->timeout));
	if ((e = selector_parse(r->arena, request_query(r, S("labelSelector")), &out->labels)))
		return bad_request(e);
	TRY(options_fields(r, request_query(r, S("fieldSelector")), out));
	if (watch)
		check_watch(r, &errors);
	else
		check_list(r, &errors);
	if (errors.n)
		return status_invalid(META_GROUP, S("ListOptions"), STR_NONE, &errors);
	if (out->limit < 0)
		out->limit = 0;
	out->token = request_query(r, S("continue"));
	out->exact = str_eq(request_query(r, MATCH), list_matches[0]);
	out->not_older = str_eq(request_query(r, MATCH), list_matches[1]);
	out->bookmarks = request_flag(r, S("allowWatchBookmarks"));
	out->initial_given = request_has_query(r, S("sendInitialEvents"));
	out->initial = request_flag(r, S("sendInitialEvents"));
	return list_version(r, watch, out);
}

/* ---- deleting ---------------------------------------------------------- */

static void query_preconditions(const struct request *r, node options)
{
	static const char *const keys[] = { "uid", "resourceVersion" };
	node p = node_map(r->arena, 2);

	for (size_t i = 0; i < 2; i++) {
		str value = request_query(r, str_c(keys[i]));

		if (value.n)
			node_set(r->arena, p, str_c(keys[i]), node_from_str(r->arena, value));
	}
	node_set(r->arena, options, S("preconditions"), p);
}

/* The same options, as they stand in the query. */
static err *delete_query(const struct request *r, node *out)
{
	node o = node_map(r->arena, 5);
	int64_t seconds;

	TRY(query_int(r, S("gracePeriodSeconds"), &seconds));
	if (request_has_query(r, S("gracePeriodSeconds")))
		node_set(r->arena, o, S("gracePeriodSeconds"), node_from_int(seconds));
	if (request_has_query(r, S("orphanDependents")))
		node_set(r->arena, o, S("orphanDependents"),
			 node_from_bool(request_flag(r, S("orphanDependents"))));
	if (request_query(r, S("propagationPolicy")).n)
		node_set(r->arena, o, S("propagationPolicy"),
			 node_from_str(r->arena, request_query(r, S("propagationPolicy"))));
	node_set(r->arena, o, S("dryRun"), query_values(r, S("dryRun")));
	query_preconditions(r, o);
	*out = o;
	return NULL;
}

static const struct {
	str name;
	enum options_propagation value;
} policies[] = {
	{ { "Foreground", 10 }, OPTIONS_FOREGROUND },
	{ { "Background", 10 }, OPTIONS_BACKGROUND },
	{ { "Orphan", 6 }, OPTIONS_ORPHAN },
};

static void take_policy(struct fielderrs *e, node o, struct options_delete *out)
{
	static const str names[] = {
		{ "Foreground", 10 }, { "Background", 10 }, { "Orphan", 6 }, { "nil", 3 }
	};
	node policy = node_get(o, S("propagationPolicy"));
	node orphan = node_get(o, S("orphanDependents"));

	if (!node_is_nil(orphan))
		out->propagation = node_bool(orphan) ? OPTIONS_ORPHAN : OPTIONS_BACKGROUND;
	if (node_is_nil(policy))
		return;
	if (!node_is_nil(orphan))
		fielderr_invalid(e, S("propagationPolicy"), policy,
				 "orphanDependents and deletionPropagation cannot be both set");
	for (size_t i = 0; i < 3; i++)
		if (str_eq(node_str(policy), policies[i].name)) {
			out->propagation = policies[i].value;
			return;
		}
	fielderr_not_supported(e, S("propagationPolicy"), policy, names, 4);
}

err *options_delete(const struct request *r, struct options_delete *out)
{
	struct fielderrs e = { .arena = r->arena };
	node o = NODE_NOTHING;

	*out = (struct options_delete){ 0 };
	if (r->body.n)
		TRY(body_read_options(r, DELETE_OPTIONS, &o));
	else
		TRY(delete_query(r, &o));
	node grace = node_get(o, S("gracePeriodSeconds"));

	out->has_grace = node_is_num(grace);
	out->grace = node_int(grace);
	out->uid = node_str(node_dig(o, "preconditions", "uid"));
	out->version = node_str(node_dig(o, "preconditions", "resourceVersion"));
	take_policy(&e, o, out);
	check_dry_run(&e, node_get(o, S("dryRun")), &out->dry_run);
	return e.n ? status_invalid(META_GROUP, S("DeleteOptions"), STR_NONE, &e) : NULL;
}
