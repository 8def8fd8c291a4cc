/* Names that definitions take, and the conditions that tell. */
#include "server/crd.h"

#include "base/vec.h"
#include "schema/structural.h"
#include "text/gourl.h"
#include "text/quote.h"

static node text_node(struct arena *a, str s)
{
	return node_from_str(a, s);
}

static str text_at(node n, str key)
{
	return node_str_or(node_get(n, key), STR_NONE);
}

/* ---- conditions -------------------------------------------------------- */

static node conditions_of(node crd)
{
	return node_dig(crd, "status", "conditions");
}

static node find(node crd, str type)
{
	node_each_item(c, conditions_of(crd))
		if (str_eq(text_at(*c, S("type")), type))
			return *c;
	return NODE_NOTHING;
}

bool crd_is(node crd, str condition)
{
	return str_eq(text_at(find(crd, condition), S("status")), S("True"));
}

bool crd_is_served(node crd)
{
	return crd_is(crd, S("NamesAccepted")) || crd_is(crd, S("Established"));
}

struct condition {
	str type, status, reason, message;
};

static node condition_node(struct arena *a, const struct condition *c, str since)
{
	node n = node_map(a, 5);

	node_set(a, n, S("type"), text_node(a, c->type));
	node_set(a, n, S("status"), text_node(a, c->status));
	node_set(a, n, S("lastTransitionTime"), text_node(a, since));
	node_set(a, n, S("reason"), text_node(a, c->reason));
	node_set(a, n, S("message"), text_node(a, c->message));
	return n;
}

/* A map with the same entries, to change. */
static node shallow(struct arena *a, node map)
{
	node copy = node_map(a, node_len(map) + 2);

	node_each_pair(p, map)
		node_put(a, copy, p->key, p->value);
	return copy;
}

/* A definition whose status, and the list of conditions in it, may be changed. */
static node opened(struct arena *a, node crd)
{
	node copy = shallow(a, crd), status = shallow(a, node_get(crd, S("status")));
	node list = node_seq(a, 4);

	node_each_item(c, conditions_of(crd))
		node_append(a, list, *c);
	node_set(a, status, S("conditions"), list);
	node_set(a, copy, S("status"), status);
	return copy;
}

/* The time is that of the last change of the condition's status. */
static void set_condition(struct arena *a, node crd, const struct condition *c, str now)
{
	node list = conditions_of(crd);

	node_each_item(old, list) {
		if (!str_eq(text_at(*old, S("type")), c->type))
			continue;
		str since = text_at(*old, S("lastTransitionTime"));

		if (!str_eq(text_at(*old, S("status")), c->status) || !since.n)
			since = now;
		*old = condition_node(a, c, since);
		return;
	}
	node_append(a, list, condition_node(a, c, now));
}

static bool has_condition(node crd, const struct condition *c)
{
	node old = find(crd, c->type);

	return str_eq(text_at(old, S("status")), c->status) &&
	       str_eq(text_at(old, S("reason")), c->reason) &&
	       str_eq(text_at(old, S("message")), c->message);
}

/* ---- names ------------------------------------------------------------- */

struct names {
	struct arena *arena;
	node crd, all;
	str group;
	struct condition accepted;
};

/* Whether another definition of the group has the name; `kinds`: as a kind,
 * else as a resource. */
static bool is_taken(const struct names *n, str name, bool kinds)
{
	static const char *const words[2][2] = { { "plural", "singular" }, { "kind", "listKind" } };
	str own = node_str(node_dig(n->crd, "metadata", "name"));

	node_each_item(other, n->all) {
		node accepted = node_dig(*other, "status", "acceptedNames");

		if (!str_eq(node_str(node_dig(*other, "spec", "group")), n->group) ||
		    str_eq(node_str(node_dig(*other, "metadata", "name")), own))
			continue;
		for (size_t i = 0; i < 2; i++)
			if (str_eq(text_at(accepted, str_c(words[kinds][i])), name) && name.n)
				return true;
		if (!kinds)
			node_each_item(s, node_get(accepted, S("shortNames")))
				if (str_eq(node_str(*s), name))
					return true;
	}
	return false;
}

static str in_use(const struct names *n, str name)
{
	return arena_cat(n->arena, quote_str(n->arena, name), S(" is already in use"));
}

static void conflict(struct names *n, str reason, str message)
{
	n->accepted.status = S("False");
	n->accepted.reason = reason;
	n->accepted.message = message;
}

static void take_name(struct names *n, node accepted, str word, bool kind, str reason)
{
	str wanted = text_at(node_dig(n->crd, "spec", "names"), word);

	if (!str_eq(wanted, text_at(accepted, word)) && is_taken(n, wanted, kind))
		conflict(n, reason, in_use(n, wanted));
	else
		node_set(n->arena, accepted, word, text_node(n->arena, wanted));
}

static bool has_text(node list, str s)
{
	node_each_item(item, list)
		if (str_eq(node_str(*item), s))
			return true;
	return false;
}

/* All of them or none. */
static void take_short_names(struct names *n, node accepted)
{
	node wanted = node_dig(n->crd, "spec", "names", "shortNames");
	node have = node_get(accepted, S("shortNames"));
	VEC(str) errors = { 0 };

	if (node_equal(wanted, have))
		return;
	node_each_item(s, wanted)
		if (!has_text(have, node_str(*s)) && is_taken(n, node_str(*s), false))
			avec_push(n->arena, &errors, in_use(n, node_str(*s)));
	if (errors.n) {
		str all = arena_join(n->arena, errors.p, errors.n, S(", "));

		conflict(n, S("ShortNamesConflict"),
			 errors.n > 1 ? arena_cat(n->arena, S("["), all, S("]")) : all);
	} else if (node_len(wanted)) {
		node_set(n->arena, accepted, S("shortNames"), wanted);
	} else {
		node_remove(accepted, S("shortNames"));
	}
}

static node take_names(struct names *n)
{
	node accepted = shallow(n->arena, node_dig(n->crd, "status", "acceptedNames"));
	node categories = node_dig(n->crd, "spec", "names", "categories");

	n->accepted = (struct condition){ S("NamesAccepted"), S("True"), S("NoConflicts"),
					  S("no conflicts found") };
	take_name(n, accepted, S("plural"), false, S("PluralConflict"));
	take_name(n, accepted, S("singular"), false, S("SingularConflict"));
	take_short_names(n, accepted);
	take_name(n, accepted, S("kind"), true, S("KindConflict"));
	take_name(n, accepted, S("listKind"), true, S("ListKindConflict"));
	if (node_len(categories))
		node_set(n->arena, accepted, S("categories"), categories);
	else
		node_remove(accepted, S("categories"));
	return accepted;
}

/* ---- groups of the community ------------------------------------------- */

static bool is_protected(str group)
{
	return str_eq(group, S("k8s.io")) || str_ends(group, S(".k8s.io")) ||
	       str_eq(group, S("kubernetes.io")) || str_ends(group, S(".kubernetes.io"));
}

enum crd_approval crd_approval(struct arena *a, str group, node crd, str *why)
{
	node annotation = node_get(node_dig(crd, "metadata", "annotations"), CRD_APPROVAL);
	str text = node_str(annotation);
	struct gourl u = { 0 };

	if (!is_protected(group))
		return CRD_UNPROTECTED;
	if (!text.n) {
		*why = S("protected groups must have approval annotation "
			 "\"api-approved.kubernetes.io\", see "
			 "https://github.com/kubernetes/enhancements/pull/1111");
		return CRD_APPROVAL_MISSING;
	}
	if (str_starts(text, S("unapproved"))) {
		*why = arena_cat(a, S("not approved: "), quote_str(a, text));
		return CRD_APPROVAL_BYPASSED;
	}
	err_free(gourl_parse(a, text, &u));
	if (u.host.n && u.scheme.n) {
		*why = arena_cat(a, S("approved in "), text);
		return CRD_APPROVED;
	}
	*why = S("protected groups must have approval annotation \"api-approved.kubernetes.io\" with "
		 "either a URL or a reason starting with \"unapproved\", see "
		 "https://github.com/kubernetes/enhancements/pull/1111");
	return CRD_APPROVAL_INVALID;
}

static bool approval_condition(struct arena *a, node crd, struct condition *c)
{
	static const struct {
		str status, reason;
	} states[] = {
		[CRD_APPROVED] = { S("True"), S("ApprovedAnnotation") },
		[CRD_APPROVAL_BYPASSED] = { S("False"), S("UnapprovedAnnotation") },
		[CRD_APPROVAL_MISSING] = { S("False"), S("MissingAnnotation") },
		[CRD_APPROVAL_INVALID] = { S("False"), S("InvalidAnnotation") },
	};
	str why = STR_NONE;
	enum crd_approval state = crd_approval(a, node_str(node_dig(crd, "spec", "group")), crd, &why);

	if (state == CRD_UNPROTECTED)
		return false;
	*c = (struct condition){ S("KubernetesAPIApprovalPolicyConformant"), states[state].status,
				 states[state].reason, why };
	return true;
}

/* ---- settling ---------------------------------------------------------- */

bool crd_settle(struct arena *a, node crd, node all, str now, node *out)
{
	struct names n = { .arena = a, .crd = crd, .all = all,
			   .group = node_str(node_dig(crd, "spec", "group")) };
	struct condition approval;
	bool changed = false;

	*out = opened(a, crd);
	if (!node_equal(node_dig(crd, "spec", "names"), node_dig(crd, "status", "acceptedNames"))) {
		node accepted = take_names(&n);

		changed = !node_equal(accepted, node_dig(crd, "status", "acceptedNames")) ||
			  !has_condition(crd, &n.accepted);
		node_set(a, node_get(*out, S("status")), S("acceptedNames"), accepted);
		set_condition(a, *out, &n.accepted, now);
	}
	if (!crd_is(*out, S("Established"))) {
		struct condition no = { S("Established"), S("False"), S("NotAccepted"),
					S("not all names are accepted") };
		struct condition yes = { S("Established"), S("True"), S("InitialNamesAccepted"),
					 S("the initial names have been accepted") };
		const struct condition *c = crd_is(*out, S("NamesAccepted")) ? &yes : &no;

		changed |= !has_condition(crd, c);
		set_condition(a, *out, c, now);
	}
	if (approval_condition(a, crd, &approval) && !has_condition(crd, &approval)) {
		set_condition(a, *out, &approval, now);
		changed = true;
	}
	return changed;
}

/* ---- going ------------------------------------------------------------- */

static node with_terminating(struct arena *a, node crd, str status, str reason, str message, str now)
{
	node out = opened(a, crd);
	struct condition c = { S("Terminating"), status, reason, message };

	set_condition(a, out, &c, now);
	return out;
}

node crd_marked(struct arena *a, node crd, str now)
{
	node out = with_terminating(a, crd, S("True"), S("InstanceDeletionPending"),
				    S("CustomResourceDefinition marked for deletion; CustomResource "
				      "deletion will begin soon"), now);
	node meta = shallow(a, node_get(crd, S("metadata")));
	node finalizers = node_seq(a, 2);

	node_each_item(f, node_get(meta, S("finalizers")))
		node_append(a, finalizers, *f);
	if (!has_text(finalizers, CRD_FINALIZER))
		node_append(a, finalizers, text_node(a, CRD_FINALIZER));
	node_set(a, meta, S("finalizers"), finalizers);
	if (!text_at(meta, S("deletionTimestamp")).n)
		node_set(a, meta, S("deletionTimestamp"), text_node(a, now));
	node_set(a, out, S("metadata"), meta);
	return out;
}

node crd_cleaning(struct arena *a, node crd, str now)
{
	return with_terminating(a, crd, S("True"), S("InstanceDeletionInProgress"),
				S("CustomResource deletion is in progress"), now);
}

node crd_cleaned(struct arena *a, node crd, enum crd_gone how, str now)
{
	bool gone = how == CRD_INSTANCES_GONE;
	node out = with_terminating(a, crd, S("False"),
				    gone ? S("InstanceDeletionCompleted") : S("NeverEstablished"),
				    gone ? S("removed all instances")
					 : S("resource was never established"), now);
	node meta = shallow(a, node_get(crd, S("metadata"))), left = node_seq(a, 2);

	node_each_item(f, node_get(meta, S("finalizers")))
		if (!str_eq(node_str(*f), CRD_FINALIZER))
			node_append(a, left, *f);
	if (node_len(left))
		node_set(a, meta, S("finalizers"), left);
	else
		node_remove(meta, S("finalizers"));
	node_set(a, out, S("metadata"), meta);
	return out;
}
