#include "server/gostruct.h"
#include "server/kinds_impl.h"
#include "server/meta.h"

enum { EVENT_WORD_MAX = 128, EVENT_NOTE_MAX = 1024 };

static bool is_set(node time)
{
	return node_is(time, NODE_STR);
}

static void check_place(struct fielderrs *e, node event, bool dated)
{
	str involved = TEXT_OF(GET(event, "involvedObject"), "namespace");
	str own = meta_get(event, S("namespace"));
	bool good = involved.n ? dated || str_eq(own, involved)
			       : IS_ONE_OF(own, "default") || (dated ? str_eq(own, S("kube-system")) : !own.n);

	if (!good)
		check_invalid_text(e, AT(AT(NULL, "involvedObject"), "namespace"), involved,
				   "does not match event.namespace");
}

static void check_word(struct fielderrs *e, node event, const char *field, bool needed, size_t max)
{
	str value = text_of(event, str_c(field));

	if (needed && !value.n)
		check_required(e, AT_NAMED(NULL, str_c(field)));
	if (value.n > max)
		check_invalid(e, AT_NAMED(NULL, str_c(field)), node_lit(""), "can have at most %zu characters",
			      max);
}

/* The rules of all versions; `core`: it came by v1. */
static void check_any(struct fielderrs *e, node event, bool core)
{
	bool dated = is_set(GET(event, "eventTime"));
	const struct at *reporter = AT_NAMED(NULL, core ? S("reportingComponent") : S("reportingController"));

	check_place(e, event, dated);
	if (dated) {
		str by = TEXT_OF(event, "reportingComponent");

		if (!by.n)
			check_required(e, reporter);
		check_name(e, reporter, by, NAME_QUALIFIED);
		check_word(e, event, "reportingInstance", true, EVENT_WORD_MAX);
		check_word(e, event, "action", true, EVENT_WORD_MAX);
		check_word(e, event, "reason", true, EVENT_WORD_MAX);
		check_word(e, event, "message", false, EVENT_NOTE_MAX);
	}
	check_name(e, AT(NULL, "namespace"), meta_get(event, S("namespace")), NAME_DNS_SUBDOMAIN);
}

static void check_series(struct fielderrs *e, node event)
{
	node series = GET(event, "series");

	if (node_is_nil(series))
		return;
	if (INT_OF(series, "count") < 2)
		check_invalid(e, AT(NULL, "series.count"), node_lit(""), "should be at least 2");
	if (!is_set(GET(series, "lastObservedTime")))
		check_required(e, AT(NULL, "series.lastObservedTime"));
}

static void unset(struct fielderrs *e, const char *field, bool is)
{
	if (is)
		check_invalid(e, AT_NAMED(NULL, str_c(field)), node_lit(""), "needs to be unset");
}

static void check_new(struct fielderrs *e, node event)
{
	node source = GET(event, "source");

	check_series(e, event);
	if (!is_set(GET(event, "eventTime")))
		check_required(e, AT(NULL, "eventTime"));
	if (!IS_ONE_OF(TEXT_OF(event, "type"), "Normal", "Warning"))
		check_invalid(e, AT(NULL, "type"), node_lit(""), "has invalid value: %.*s",
			      STR_ARG(TEXT_OF(event, "type")));
	unset(e, "firstTimestamp", is_set(GET(event, "firstTimestamp")));
	unset(e, "lastTimestamp", is_set(GET(event, "lastTimestamp")));
	unset(e, "count", INT_OF(event, "count"));
	unset(e, "source", TEXT_OF(source, "component").n || TEXT_OF(source, "host").n);
}

static void check_changed(struct kind_call *c, node event, node old)
{
	static const struct {
		str field, shown;
		const char *type;
	} fixed[] = {
		{ S("involvedObject"), S("involvedObject"), "core.ObjectReference" },
		{ S("reason"), S("reason"), NULL },
		{ S("message"), S("message"), NULL },
		{ S("source"), S("source"), "core.EventSource" },
		{ S("firstTimestamp"), S("firstTimestamp"), NULL },
		{ S("lastTimestamp"), S("lastTimestamp"), NULL },
		{ S("count"), S("count"), NULL },
		{ S("reason"), S("reason"), NULL },
		{ S("type"), S("type"), NULL },
		{ S("eventTime"), S("eventTime"), NULL },
		{ S("action"), S("action"), NULL },
		{ S("related"), S("related"), "core.ObjectReference" },
		{ S("reportingComponent"), S("reportingController"), NULL },
		{ S("reportingInstance"), S("reportingInstance"), NULL },
	};

	if (!check_same(GET(event, "series"), GET(old, "series")))
		check_series(c->errors, event);
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
		node now = node_get(event, fixed[i].field);

		check_immutable(c->errors, AT_NAMED(NULL, fixed[i].shown), now, node_get(old, fixed[i].field),
				fixed[i].type ? gostruct_shown(c->arena, fixed[i].type, now, NODE_NOTHING)
				: node_is_nil(now) ? node_lit("")
						   : now);
	}
}

void kinds_event_check(struct kind_call *c, node event, node old, bool core)
{
	check_any(c->errors, event, core);
	if (core)
		return;
	if (node_is_nil(old))
		check_new(c->errors, event);
	else
		check_changed(c, event, old);
}

static void event_validate(struct kind_call *c)
{
	kinds_event_check(c, c->object, c->old, true);
}

KINDS_HOOKS(event, .validate = event_validate);
