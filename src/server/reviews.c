/* reviews - questions that are asked by creating an object: may I, who am I,
 * whose token is this. Nothing is stored; the answer is the object with a status. */
#include "base/clock.h"
#include "kube/managed.h"
#include "server/access.h"
#include "server/body.h"
#include "server/change.h"
#include "server/check.h"
#include "server/gostruct.h"
#include "server/issuer.h"
#include "server/meta.h"
#include "server/policies.h"
#include "server/rbac.h"
#include "server/status.h"
#include "server/store.h"
#include "server/view.h"
#include "kube/builtin.h"
#include "text/gotime.h"

/* Seconds that a token lives: asked for at least, asked for at most, by default. */
enum {
	TOKEN_SHORTEST = 600,
	TOKEN_LONGEST = 1 << 30,
	TOKEN_USUAL = 3600,
	TOKEN_OF_KUBELETS = 3607,
	TOKEN_EXTENDED = 365 * 24 * 3600,
};

/* ---- users ------------------------------------------------------------- */

static node texts_node(struct arena *a, const str *texts, size_t n)
{
	node list = node_seq(a, n);

	for (size_t i = 0; i < n; i++)
		node_append(a, list, node_from_str(a, texts[i]));
	return list;
}

static node user_node(struct arena *a, const struct request_user *u)
{
	node user = node_map(a, 4), extra = node_map(a, u->extra_n);

	if (u->name.n)
		node_set(a, user, S("username"), node_from_str(a, u->name));
	if (u->uid.n)
		node_set(a, user, S("uid"), node_from_str(a, u->uid));
	if (u->groups_n)
		node_set(a, user, S("groups"), texts_node(a, u->groups, u->groups_n));
	for (size_t i = 0; i < u->extra_n; i++) {
		node list = node_get(extra, u->extra[i].key);

		if (node_is_nil(list)) {
			list = node_seq(a, 1);
			node_set(a, extra, u->extra[i].key, list);
		}
		node_append(a, list, node_from_str(a, u->extra[i].value));
	}
	if (u->extra_n)
		node_set(a, user, S("extra"), extra);
	return user;
}

static const str *texts_of(struct arena *a, node list, size_t *n)
{
	str *texts = arena_array(a, str, node_len(list));

	*n = 0;
	node_each_item(i, list)
		texts[(*n)++] = node_str(*i);
	return texts;
}

/* ---- access ------------------------------------------------------------ */

static str text(node from, const char *key)
{
	return node_str(node_get(from, str_c(key)));
}

static struct auth_question question_of(node spec, const struct request_user *u)
{
	node on = node_get(spec, S("resourceAttributes"));
	node path = node_get(spec, S("nonResourceAttributes"));

	if (node_is(path, NODE_MAP))
		return (struct auth_question){ .user = u,
					       .verb = text(path, "verb"),
					       .path = text(path, "path") };
	return (struct auth_question){ .user = u,
				       .verb = text(on, "verb"),
				       .resource = true,
				       .group = text(on, "group"),
				       .version = text(on, "version"),
				       .plural = text(on, "resource"),
				       .sub = text(on, "subresource"),
				       .namespace = text(on, "namespace"),
				       .name = text(on, "name") };
}

static bool is_read(node requirement, bool fields)
{
	size_t n = node_len(GET(requirement, "values"));
	str op = TEXT_OF(requirement, "operator");

	if (fields)
		return n == 1 && IS_ONE_OF(op, "In", "NotIn");
	return IS_ONE_OF(op, "In", "NotIn") ? n > 0 : IS_ONE_OF(op, "Exists", "DoesNotExist") && !n;
}

/* Requirements that nobody can read are left out, and that is told. */
static void tell_unread(struct buf *b, node on, const char *key, bool fields)
{
	size_t good = 0, bad = 0;

	node_each_item(r, GET(node_get(on, str_c(key)), "requirements"))
		*(is_read(*r, fields) ? &good : &bad) += 1;
	if (bad)
		buf_addf(b, "%sspec.resourceAttributes.%s %signored due to parse error", b->n ? "; " : "", key,
			 good ? "partially " : "");
}

static void answer_access(struct request *r, node object, const struct request_user *u)
{
	CLEANUP(buf_release) struct buf unread = BUF_INIT;
	node on = GET(GET(object, "spec"), "resourceAttributes");
	const struct auth_question q = question_of(node_get(object, S("spec")), u);
	node status = node_map(r->arena, 2);
	str reason = STR_NONE;
	bool yes = auth_allows(r->server, r->arena, &q, &reason);

	node_set(r->arena, status, S("allowed"), node_from_bool(yes));
	if (yes && reason.n)
		node_set(r->arena, status, S("reason"), node_from_str(r->arena, reason));
	tell_unread(&unread, on, "fieldSelector", true);
	tell_unread(&unread, on, "labelSelector", false);
	if (unread.n)
		node_set(r->arena, status, S("evaluationError"), node_copy_str(r->arena, buf_str(&unread)));
	node_set(r->arena, object, S("status"), status);
}

/* As Go's internal struct is printed. */
static node path_shown(struct fielderrs *e, node path)
{
	node shown = node_map(e->arena, 2);

	node_set(e->arena, shown, S("Path"), check_text(e, text(path, "path")));
	node_set(e->arena, shown, S("Verb"), check_text(e, text(path, "verb")));
	return gostruct_in_order(e->arena, shown);
}

/* Operators that a later version may know are good. */
static void check_field_requirement(struct fielderrs *e, const struct at *at, node requirement)
{
	str op = TEXT_OF(requirement, "operator");
	size_t n = node_len(GET(requirement, "values"));

	if (!TEXT_OF(requirement, "key").n)
		check_required_why(e, AT(at, "key"), "must be specified");
	if (IS_ONE_OF(op, "In", "NotIn")) {
		if (!n)
			check_required_why(e, AT(at, "values"),
					   "must be specified when `operator` is 'In' or 'NotIn'");
	} else if (IS_ONE_OF(op, "Exists", "DoesNotExist") && n) {
		check_forbidden(e, AT(at, "values"),
				"may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
	}
}

/* A selector of the objects that the question is about: raw, or taken apart. */
static void check_selector(struct fielderrs *e, node on, const char *name, bool labels)
{
	const struct at *at = AT_NAMED(AT(AT(NULL, "spec"), "resourceAttributes"), str_c(name));
	node selector = node_get(on, str_c(name));
	bool apart = node_len(GET(selector, "requirements")) > 0;

	if (node_is_nil(selector))
		return;
	if (TEXT_OF(selector, "rawSelector").n && apart)
		check_invalid_text(e, AT(at, "rawSelector"), TEXT_OF(selector, "rawSelector"),
				   "may not specified at the same time as requirements");
	if (!TEXT_OF(selector, "rawSelector").n && !apart)
		check_required_why(e, AT(at, "requirements"),
				   "when %.*s is specified, requirements or rawSelector is required",
				   STR_ARG(check_at(e->arena, at)));
	for (size_t i = 0; i < node_len(GET(selector, "requirements")); i++) {
		node requirement = node_at(GET(selector, "requirements"), i);
		const struct at *here = AT_I(AT(at, "requirements"), i);

		if (labels)
			check_requirement(e, here, requirement, false, true);
		else
			check_field_requirement(e, here, requirement);
	}
}

static void check_access(node spec, bool self, struct fielderrs *e)
{
	bool on = node_is(node_get(spec, S("resourceAttributes")), NODE_MAP);
	bool path = node_is(node_get(spec, S("nonResourceAttributes")), NODE_MAP);

	if (on && path)
		fielderr_invalid(e, S("spec.nonResourceAttributes"),
				 path_shown(e, GET(spec, "nonResourceAttributes")), "%s",
				 "cannot be specified in combination with resourceAttributes");
	if (!on && !path)
		fielderr_invalid(e, S("spec.resourceAttributes"), NODE_NOTHING, "%s",
				 "exactly one of nonResourceAttributes or resourceAttributes must be "
				 "specified");
	if (!self && !text(spec, "user").n && !node_len(node_get(spec, S("groups"))))
		fielderr_invalid(e, S("spec.user"), node_lit(""), "%s",
				 "at least one of user or group must be specified");
	check_selector(e, GET(spec, "resourceAttributes"), "fieldSelector", false);
	check_selector(e, GET(spec, "resourceAttributes"), "labelSelector", true);
}

/* As Go prints the struct; what a question cannot have any more is left out. */
static node meta_shown(struct arena *a, node meta)
{
	static const struct {
		const char *name, *items;	/* of a list: the type of its items */
	} fields[] = {
		{ "name" },	   { "generateName" },
		{ "namespace" },   { "resourceVersion" },
		{ "generation" },  { "labels" },
		{ "annotations" }, { "ownerReferences", "v1.OwnerReference" },
		{ "finalizers" },  { "managedFields", "v1.ManagedFieldsEntry" },
	};
	node shown = node_map(a, sizeof fields / sizeof *fields);

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		node value = node_get(meta, str_c(fields[i].name)), list = node_seq(a, node_len(value));

		if (node_is_nil(value))
			continue;
		if (node_is(value, NODE_MAP))
			node_sort(value = node_copy(a, value));
		if (fields[i].items)
			node_each_item(n, value)
				node_append(a, list, gostruct_tree(a, fields[i].items, *n, NODE_NOTHING));
		node_set(a, shown, str_c(fields[i].name), fields[i].items ? list : value);
	}
	return gostruct_in_order(a, shown);
}

/* A question has no name, nor anything else that objects have. */
static void check_meta(node object, bool local, struct fielderrs *e)
{
	node meta = GET(object, "metadata");
	size_t given = node_len(meta) - node_has(meta, S("managedFields"));

	if (given > (local && node_has(meta, S("namespace"))))
		fielderr_invalid(e, S("metadata"), meta_shown(e->arena, meta), "%s",
				 local ? "must be empty except for namespace" : "must be empty");
}

/* What is asked in a namespace is about that namespace. */
static void check_local(struct request *r, node spec, struct fielderrs *e)
{
	str namespace = node_str(node_dig(spec, "resourceAttributes", "namespace"));

	if (HAS(spec, "resourceAttributes") && !str_eq(namespace, r->namespace))
		check_invalid_text(e, AT(AT(AT(NULL, "spec"), "resourceAttributes"), "namespace"),
				   namespace, "must match metadata.namespace");
	if (HAS(spec, "nonResourceAttributes"))
		check_invalid(e, AT(AT(NULL, "spec"), "nonResourceAttributes"),
			      path_shown(e, GET(spec, "nonResourceAttributes")),
			      "disallowed on this kind of request");
}

static err *access_review(struct request *r, node object, bool self)
{
	struct fielderrs e = { .arena = r->arena };
	node spec = node_get(object, S("spec"));
	struct request_user other = { .name = text(spec, "user") };

	check_access(spec, self, &e);
	check_meta(object, r->namespace.n > 0, &e);
	if (r->namespace.n)
		check_local(r, spec, &e);
	if (e.n)
		return status_invalid(r->group, STR_NONE, STR_NONE, &e);
	other.groups = texts_of(r->arena, node_get(spec, S("groups")), &other.groups_n);
	answer_access(r, object, self ? &r->user : &other);
	return NULL;
}

/* The rules of somebody, split into those for resources and those for paths. */
static err *rules_review(struct request *r, node object)
{
	str namespace = node_str(node_dig(object, "spec", "namespace"));
	struct arena *a = r->arena;
	node status = node_map(a, 3), on = node_seq(a, 8), paths = node_seq(a, 4);
	struct access_state *state;

	if (!namespace.n)
		return status_bad_request("no namespace on request");
	const struct rbac *rbac = access_now(r->server, &state);
	node rules = rbac_rules_of(rbac, a, &r->user, namespace);

	node_each_item(rule, rules) {
		bool path = node_has(*rule, S("nonResourceURLs"));

		node_append(a, path ? paths : on, node_copy_all(a, *rule));
	}
	access_done(state);
	node_set(a, status, S("incomplete"), node_from_bool(false));
	node_set(a, status, S("nonResourceRules"), paths);
	node_set(a, status, S("resourceRules"), on);
	node_set(a, object, S("status"), status);
	/* the original gives neither metadata nor spec back */
	node_set(a, object, S("metadata"), node_map(a, 0));
	node_set(a, object, S("spec"), node_map(a, 0));
	return NULL;
}

/* ---- authentication ---------------------------------------------------- */

static void answer_self(struct request *r, node object)
{
	struct arena *a = r->arena;
	node status = node_map(a, 1), metadata = node_map(a, 1);

	node_set(a, metadata, S("creationTimestamp"), node_from_str(a, meta_now(a)));
	node_set(a, object, S("metadata"), metadata);
	node_set(a, status, S("userInfo"), user_node(a, &r->user));
	node_set(a, object, S("status"), status);
}

static err *token_review(struct request *r, node object)
{
	struct arena *a = r->arena;
	str token = node_str(node_dig(object, "spec", "token"));
	struct request_user u = { 0 };
	node status = node_map(a, 3);
	struct auth_bearer bearer = { .token = token };

	if (!token.n)
		return status_bad_request("token is required for TokenReview in authentication");
	bearer.audiences = texts_of(a, node_dig(object, "spec", "audiences"), &bearer.audiences_n);
	if (auth_token(r->server, a, &bearer, &u)) {
		node_set(a, status, S("audiences"), texts_node(a, bearer.good, bearer.good_n));
		node_set(a, status, S("authenticated"), node_from_bool(true));
	} else {
		node_set(a, status, S("error"), node_from_str(a, bearer.error));
	}
	node_set(a, status, S("user"), user_node(a, &u));
	node_set(a, object, S("status"), status);
	return NULL;
}

/* ---- all of them ------------------------------------------------------- */

/* Who asked owns the fields of the question, as if it were stored. */
static void set_owner(struct request *r, const struct options_write *o, str sub, struct gvk gvk,
		      const struct type *type, node object)
{
	const struct managed_request m = { .gvk = gvk,
					   .type = type,
					   .manager = o->manager,
					   .subresource = sub,
					   .now = meta_now(r->arena) };
	node entries = managed_update(r->arena, &m, NODE_NOTHING, object);

	if (!node_is(entries, NODE_NONE))
		node_set(r->arena, meta_of(r->arena, object), S("managedFields"), entries);
}

err *reviews_run(struct request *r)
{
	struct options_write o;
	node object;

	TRY(options_write(r, &(struct options_of){ "CreateOptions", false, false }, &o));
	TRY(body_read(r, r->kind, o.fields, &object));
	TRY(change_check_place(&(struct change){ .r = r, .kind = r->kind, .namespace = r->namespace,
						 .create = true },
			       object));
	meta_wipe(object);
	meta_dedup_owners(r->arena, object, &r->warnings);
	set_owner(r, &o, STR_NONE, r->kind->gvk, r->kind->type, object);
	if (str_eq(r->plural, S("selfsubjectreviews")))
		answer_self(r, object);
	else if (str_eq(r->plural, S("tokenreviews")))
		TRY(token_review(r, object));
	else if (str_eq(r->plural, S("selfsubjectrulesreviews")))
		TRY(rules_review(r, object));
	else
		TRY(access_review(r, object, str_eq(r->plural, S("selfsubjectaccessreviews"))));
	r->answer.code = 201;
	return view_object(r, r->kind, object);
}

/* ---- tokens ------------------------------------------------------------ */

static str time_text(struct arena *a, int64_t seconds)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	gotime_format(&b, gotime_utc(seconds, 0), GOTIME_RFC3339);
	return arena_str(a, buf_str(&b));
}

static err *check_lifetime(struct request *r, struct gvk gvk, node spec, int64_t *seconds)
{
	struct fielderrs e = { .arena = r->arena };
	node asked = node_get(spec, S("expirationSeconds"));

	*seconds = node_is_num(asked) ? node_int(asked) : TOKEN_USUAL;
	if (*seconds < TOKEN_SHORTEST)
		fielderr_invalid(&e, S("spec.expirationSeconds"), asked, "%s",
				 "may not specify a duration less than 10 minutes");
	else if (*seconds > INT64_C(1) << 32)
		fielderr_invalid(&e, S("spec.expirationSeconds"), asked, "%s",
				 "may not specify a duration larger than 2^32 seconds");
	return e.n ? status_invalid(gvk.group, gvk.kind, STR_NONE, &e) : NULL;
}

static void add_bound(struct arena *a, node *bound, str key, str name, str uid)
{
	node ref = node_map(a, 2);

	if (!node_is(*bound, NODE_MAP))
		*bound = node_map(a, 2);
	node_set(a, ref, S("name"), node_from_str(a, name));
	if (uid.n)
		node_set(a, ref, S("uid"), node_from_str(a, uid));
	node_set(a, *bound, key, ref);
}

/* A Pod's token tells its node as well, if only by name where there is no such Node. */
static void add_host(struct request *r, node pod, node *bound)
{
	struct store *s = server_store(r->server);
	str name = TEXT_OF(GET(pod, "spec"), "nodeName");

	if (!name.n)
		return;
	CLEANUP(blob_drop)
	struct blob *b = store_get(s, store_table(s, STR_NONE, S("nodes")), STR_NONE, name);

	add_bound(r->arena, bound, S("node"), name,
		  b ? meta_get(blob_tree(r->arena, b), S("uid")) : STR_NONE);
}

/* What the token is to live no longer than, as it says it. */
static err *check_bound(struct request *r, node ref, node *bound)
{
	static const struct {
		const char *kind, *plural, *claim;
		bool namespaced;
	} kinds[] = { { "Node", "nodes", "node", false },
		      { "Pod", "pods", "pod", true },
		      { "Secret", "secrets", "secret", true } };
	str api = TEXT_OF(ref, "apiVersion"), kind = TEXT_OF(ref, "kind"), name = TEXT_OF(ref, "name");
	str wanted = TEXT_OF(ref, "uid");
	struct gvk g = gvk_parse(api, kind);
	size_t i = 0, n = sizeof kinds / sizeof *kinds;

	while (i < n && !(str_eq(kind, str_c(kinds[i].kind)) && !g.group.n))
		i++;
	if (i == n)
		return status_bad_request("cannot bind token to object of type %.*s/%.*s, Kind=%.*s",
					  STR_ARG(g.group), STR_ARG(g.version), STR_ARG(g.kind));
	struct store *s = server_store(r->server);
	CLEANUP(blob_drop)
	struct blob *b = store_get(s, store_table(s, STR_NONE, str_c(kinds[i].plural)),
				   kinds[i].namespaced ? r->namespace : STR_NONE, name);

	if (!b)
		return status_not_found(STR_NONE, str_c(kinds[i].plural), name);
	node object = blob_tree(r->arena, b);

	if (str_eq(kind, S("Pod")) &&
	    !str_eq(TEXT_OF(GET(object, "spec"), "serviceAccountName"), r->name))
		return status_bad_request("cannot bind token for serviceaccount \"%.*s\" to pod running with "
					  "different serviceaccount name.",
					  STR_ARG(r->name));
	if (wanted.n && !str_eq(wanted, meta_get(object, S("uid"))))
		return status_conflict(STR_NONE, kind, name,
				       "the UID in the bound object reference (%.*s) does not match the UID "
				       "in record. The object might have been deleted and then recreated",
				       STR_ARG(wanted));
	add_bound(r->arena, bound, str_c(kinds[i].claim), name, meta_get(object, S("uid")));
	if (str_eq(kind, S("Pod")))
		add_host(r, object, bound);
	return NULL;
}

/* Kubelets ask for a lifetime of 3607 seconds on behalf of Pods that may have been made for
 * tokens without an end: theirs work for a year, and tell that they should not. */
static void extend(struct access_token *t, int64_t seconds)
{
	if (seconds != TOKEN_OF_KUBELETS || !node_has(t->bound, S("pod")) || t->audiences_n != 1 ||
	    !str_eq(t->audiences[0], S(ISSUER_URL)))
		return;
	t->warn_after = t->expires;
	t->expires = t->now + TOKEN_EXTENDED;
}

/* It may say whose it is. */
static err *check_token_name(struct request *r, struct gvk gvk, node object)
{
	struct fielderrs e = { .arena = r->arena };
	str name = meta_get(object, S("name"));

	if (!name.n || str_eq(name, r->name))
		return NULL;
	fielderr_invalid(&e, S("metadata.name"), node_from_str(r->arena, name), "%s",
			 "must match the service account name if specified");
	return status_invalid(gvk.group, gvk.kind, r->name, &e);
}

err *reviews_token(struct request *r)
{
	const struct gvk gvk = { S("authentication.k8s.io"), S("v1"), S("TokenRequest") };
	struct arena *a = r->arena;
	struct options_write o;
	node object, spec, status = node_map(a, 2);
	int64_t seconds, now = clock_wall() / CLOCK_SECOND;
	str token;

	TRY(options_write(r, &(struct options_of){ "CreateOptions", false, false }, &o));
	TRY(body_read_as(r, gvk, builtin_type(gvk), o.fields, &object));
	const struct kind kind = { .gvk = gvk, .type = builtin_type(gvk) };
	const struct policies_shape shape = { &kind, S("CREATE"), o.dry_run };

	TRY(change_check_place(&(struct change){ .r = r, .kind = r->kind, .namespace = r->namespace,
						 .create = true },
			       object));
	TRY(policies_mutate_below(r, &shape, &object, node_null()));
	TRY(check_token_name(r, gvk, object));
	CLEANUP(blob_drop)
	struct blob *b = store_get(server_store(r->server), server_table(r->server, r->kind),
				   r->namespace, r->name);

	if (!b)
		return status_not_found(r->group, r->plural, r->name);
	spec = node_need_map(a, object, S("spec"));
	TRY(check_lifetime(r, gvk, spec, &seconds));
	node_set(a, spec, S("expirationSeconds"), node_from_int(seconds));
	set_owner(r, &o, S("token"), gvk, builtin_type(gvk), object);
	if (!node_len(node_get(spec, S("audiences")))) {
		static const str issuer[] = { S(ISSUER_URL) };

		node_set(a, spec, S("audiences"), texts_node(a, issuer, 1));
	}
	struct access_token t = { .namespace = r->namespace,
				  .name = r->name,
				  .uid = node_str(node_dig(blob_tree(a, b), "metadata", "uid")),
				  .now = now,
				  .expires = now + (seconds < TOKEN_LONGEST ? seconds : TOKEN_LONGEST) };

	t.audiences = texts_of(a, node_get(spec, S("audiences")), &t.audiences_n);
	meta_set(a, object, S("name"), r->name);
	meta_set(a, object, S("namespace"), r->namespace);
	meta_set(a, object, S("uid"), t.uid);
	meta_set(a, object, S("creationTimestamp"), time_text(a, now));
	TRY(policies_check_below(r, &shape, object));
	if (HAS(spec, "boundObjectRef"))
		TRY(check_bound(r, GET(spec, "boundObjectRef"), &t.bound));
	node_set(a, status, S("expirationTimestamp"), node_from_str(a, time_text(a, t.expires)));
	extend(&t, seconds);
	TRY(access_token_make(r->server, a, &t, &token));
	if (!node_has(spec, S("boundObjectRef")))
		node_set(a, spec, S("boundObjectRef"), node_null());
	node_set(a, status, S("token"), node_from_str(a, token));
	node_set(a, object, S("status"), status);
	r->answer.code = 201;
	return view_object(r, &kind, object);
}
