/* condition - status.conditions of the object of a pass. */
#include "base/clock.h"
#include "base/sort.h"
#include "controllers/runtime_impl.h"
#include "text/gotime.h"

/* A longer message is cut, and ends with dots. */
enum { MESSAGE_MAX = 32768 };

static str now_text(struct arena *a)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	gotime_format(&b, gotime_utc(clock_wall() / CLOCK_SECOND, 0), GOTIME_RFC3339);
	return arena_str(a, buf_str(&b));
}

static str status_name(enum condition_status s)
{
	switch (s) {
	case CONDITION_FALSE:
		return S("False");
	case CONDITION_TRUE:
		return S("True");
	case CONDITION_UNKNOWN:
		break;
	}
	return S("Unknown");
}

static str cut(struct arena *a, str message)
{
	if (message.n <= MESSAGE_MAX)
		return arena_str(a, message);
	return arena_cat(a, str_sub(message, 0, MESSAGE_MAX - 3), S("..."));
}

static node find(node conditions, str type)
{
	node_each_item(i, conditions)
		if (str_eq(node_str(node_get(*i, S("type"))), type))
			return *i;
	return NODE_NOTHING;
}

node condition_get(const struct pass *p, str type)
{
	return find(node_get(p->status, S("conditions")), type);
}

bool condition_is(const struct pass *p, str type, enum condition_status status)
{
	return str_eq(node_str(node_get(condition_get(p, type), S("status"))), status_name(status));
}

void condition_drop(struct pass *p, str type)
{
	node list = node_get(p->status, S("conditions"));

	for (size_t i = 0; i < node_len(list); i++)
		if (str_eq(node_str(node_get(node_at(list, i), S("type"))), type)) {
			node_remove_at(list, i);
			return;
		}
}

static bool same(node a, node b)
{
	static const char *const keys[] = { "status", "reason", "message" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (!str_eq(node_str(node_get(a, str_c(keys[i]))),
			    node_str(node_get(b, str_c(keys[i])))))
			return false;
	return true;
}

/* Going and coming back within what nobody has seen is no transition. */
static node time_of(struct pass *p, node condition, str type)
{
	const struct run *r = (const struct run *)p;
	node before = find(node_get(r->written, S("conditions")), type);
	node time = node_get(before, S("lastTransitionTime"));

	if (time.kind == NODE_STR && same(before, condition))
		return time;
	return node_from_str(p->arena, now_text(p->arena));
}

void condition_set(struct pass *p, str type, enum condition_status status, str reason, str message)
{
	struct arena *a = p->arena;
	node c = node_map(a, 6), list = node_get(p->status, S("conditions"));

	if (list.kind != NODE_SEQ) {
		list = node_seq(a, 4);
		node_set(a, p->status, S("conditions"), list);
	}
	node_set(a, c, S("type"), node_copy_str(a, type));
	node_set(a, c, S("status"), node_from_str(a, status_name(status)));
	node_set(a, c, S("observedGeneration"), node_from_int(p->generation));
	node_set(a, c, S("reason"), node_copy_str(a, reason));
	node_set(a, c, S("message"), node_from_str(a, cut(a, message)));
	node_set(a, c, S("lastTransitionTime"), time_of(p, c, type));
	condition_drop(p, type);
	node_append(a, list, c);
	if (str_eq(type, S("Reconciling")))
		condition_drop(p, S("Stalled"));
	else if (str_eq(type, S("Stalled")))
		condition_drop(p, S("Reconciling"));
}

/* ---- order --------------------------------------------------------------------- */

static int rank(str type)
{
	static const char *const first[] = { "Stalled", "Reconciling", "Ready" };

	for (int i = 0; i < 3; i++)
		if (str_eq(type, str_c(first[i])))
			return i;
	return 3;
}

static int compare(const void *x, const void *y, void *ctx)
{
	node a = *(const node *)x, b = *(const node *)y;
	str ta = node_str(node_get(a, S("type"))), tb = node_str(node_get(b, S("type")));
	int64_t ga = node_int(node_get(a, S("observedGeneration")));
	int64_t gb = node_int(node_get(b, S("observedGeneration")));

	(void)ctx;
	if (rank(ta) != rank(tb))
		return rank(ta) - rank(tb);
	if (ga != gb)
		return ga > gb ? -1 : 1;
	return str_cmp(ta, tb);
}

void condition_sort(struct pass *p)
{
	node list = node_get(p->status, S("conditions"));

	if (list.kind == NODE_SEQ)
		sort_stable(list.seq->items, list.seq->n, sizeof(node), compare, NULL);
}

/* ---- Ready ---------------------------------------------------------------------- */

bool object_is_ready(node object)
{
	node meta = node_get(object, S("metadata")), status = node_get(object, S("status"));

	return health_condition_is_true(object, S("Ready")) &&
	       !health_condition_is_true(object, S("Reconciling")) &&
	       !health_condition_is_true(object, S("Stalled")) &&
	       node_int(node_get(status, S("observedGeneration"))) ==
		       node_int(node_get(meta, S("generation")));
}

static bool is_negative(const struct summary *s, str type)
{
	for (size_t i = 0; i < s->negative_n; i++)
		if (str_eq(str_c(s->negative[i]), type))
			return true;
	return false;
}

/* Of the groups of common.md §2, the smaller goes first. */
static int group_of(const struct summary *s, node c)
{
	str type = node_str(node_get(c, S("type"))), status = node_str(node_get(c, S("status")));
	bool yes = str_eq(status, S("True")), no = str_eq(status, S("False"));

	if (is_negative(s, type))
		return yes ? 0 : no ? 3 : 4;
	return no ? 1 : yes ? 2 : 4;
}

void condition_summarise(struct pass *p, const struct summary *s)
{
	node best = NODE_NOTHING;
	int best_group = 5;

	for (size_t i = 0; i < s->n; i++) {
		node c = condition_get(p, str_c(s->types[i]));
		/* SourceVerified counts as positive when it is False. */
		int group = c.kind == NODE_MAP ? group_of(s, c) : 5;

		if (group < best_group) {
			best = c;
			best_group = group;
		}
	}
	if (best_group == 5)
		return;
	node verdict = condition_get(p, str_c(s->verdict));

	if (str_eq(node_str(node_get(verdict, S("status"))), S("False"))) {
		best = verdict;
		best_group = 1;
	}
	condition_set(p, S("Ready"),
		      best_group < 2	? CONDITION_FALSE
		      : best_group == 4 ? CONDITION_UNKNOWN
					: CONDITION_TRUE,
		      node_str(node_get(best, S("reason"))),
		      node_str(node_get(best, S("message"))));
}
