#include "server/auth.h"

#include "base/sort.h"
#include "base/vec.h"
#include "server/hooks.h"
#include "server/issuer.h"
#include "server/status.h"
#include "text/gourl.h"
#include "text/quote.h"

#define MASTERS         S("system:masters")
#define ANONYMOUS       S("system:anonymous")
#define AUTHENTICATED   S("system:authenticated")
#define UNAUTHENTICATED S("system:unauthenticated")

static const str own_audiences[] = { { ISSUER_URL, sizeof ISSUER_URL - 1 } };

/* ---- who --------------------------------------------------------------- */

/* The time it takes tells nothing of where they differ. */
static bool same_secret(str a, str b)
{
	unsigned char differs = 0;

	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		differs |= (unsigned char)a.p[i] ^ (unsigned char)b.p[i];
	return !differs;
}

static void set_groups(struct arena *a, struct request_user *u, const str *groups, size_t n,
		       str last)
{
	str *all = arena_array(a, str, n + 1);

	for (size_t i = 0; i < n; i++)
		all[i] = groups[i];
	u->groups = all;
	u->groups_n = n;
	if (!request_is_in(u, last))
		all[u->groups_n++] = last;
}

static void quote_list(struct buf *b, const str *texts, size_t n)
{
	buf_addc(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(b, ' ');
		quote_add(b, texts[i], QUOTE_PRINT);
	}
	buf_addc(b, ']');
}

bool auth_is_for(struct arena *a, struct auth_bearer *b, const str *audiences, size_t n)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	VEC(str) good = { 0 };

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < b->audiences_n; k++)
			if (str_eq(audiences[i], b->audiences[k])) {
				avec_push(a, &good, audiences[i]);
				break;
			}
	b->good = good.p;
	b->good_n = good.n;
	if (good.n)
		return true;
	buf_add(&text, S("token audiences "));
	quote_list(&text, audiences, n);
	buf_add(&text, S(" is invalid for the target audiences "));
	quote_list(&text, b->audiences, b->audiences_n);
	b->error = arena_str(a, buf_str(&text));
	return false;
}

/* The administrator's own token is for this server. */
static bool is_admin(struct server *s, struct arena *a, struct auth_bearer *b)
{
	if (!same_secret(b->token, server_token(s)))
		return false;
	bool good = auth_is_for(a, b, own_audiences, 1);

	b->error = S("invalid bearer token");
	return good;
}

bool auth_token(struct server *s, struct arena *a, struct auth_bearer *b, struct request_user *out)
{
	static const str groups[] = { { "system:masters", 14 } };

	b->error = S("invalid bearer token");
	if (!b->audiences_n) {
		b->audiences = own_audiences;
		b->audiences_n = 1;
	}
	if (is_admin(s, a, b)) {
		*out = (struct request_user){ .name = S("admin"), .uid = S("admin-uid") };
		set_groups(a, out, groups, 1, AUTHENTICATED);
		return true;
	}
	for (const struct hooks *const *h = hooks_all; *h; h++)
		if ((*h)->token && (*h)->token(s, a, b, out)) {
			set_groups(a, out, out->groups, out->groups_n, AUTHENTICATED);
			return true;
		}
	return false;
}

static err *by_certificate(struct request *r, enum tls_peer peer, const struct tls_subject *subject)
{
	if (peer == TLS_PEER_UNKNOWN || !subject->common_name.n)
		return status_unauthorized();
	r->user = (struct request_user){ .name = subject->common_name };
	set_groups(r->arena, &r->user, subject->organizations, subject->organizations_n,
		   AUTHENTICATED);
	return NULL;
}

static void be_anonymous(struct request *r)
{
	r->user = (struct request_user){ .name = ANONYMOUS };
	set_groups(r->arena, &r->user, NULL, 0, UNAUTHENTICATED);
}

err *auth_identify(struct request *r, enum tls_peer peer, const struct tls_subject *subject)
{
	str header = request_header(r, S("authorization")), scheme, token;

	if (peer != TLS_PEER_NONE)
		return by_certificate(r, peer, subject);
	str_split(header, ' ', &scheme, &token);
	token = str_trim(token);
	struct auth_bearer bearer = { .token = token };

	if (!str_eq_nocase(scheme, S("bearer")) || !token.n)
		be_anonymous(r);
	else if (!auth_token(r->server, r->arena, &bearer, &r->user))
		return status_unauthorized();
	return NULL;
}

/* ---- whether he may ---------------------------------------------------- */

bool auth_allows(struct server *s, struct arena *a, const struct auth_question *q, str *reason)
{
	if (request_is_in(q->user, MASTERS))
		return true;
	for (const struct hooks *const *h = hooks_all; *h; h++)
		if ((*h)->allow && (*h)->allow(s, a, q, reason))
			return true;
	return false;
}

void auth_print_refusal(struct buf *b, const struct auth_question *q)
{
	buf_addf(b, "User \"%.*s\" cannot %.*s", STR_ARG(q->user->name), STR_ARG(q->verb));
	if (!q->resource) {
		buf_addf(b, " path \"%.*s\"", STR_ARG(q->path));
		return;
	}
	buf_addf(b, " resource \"%.*s", STR_ARG(q->plural));
	if (q->sub.n)
		buf_addf(b, "/%.*s", STR_ARG(q->sub));
	buf_addf(b, "\" in API group \"%.*s\"", STR_ARG(q->group));
	if (q->namespace.n)
		buf_addf(b, " in the namespace \"%.*s\"", STR_ARG(q->namespace));
	else
		buf_add(b, S(" at the cluster scope"));
}

static err *refuse(const struct auth_question *q, str reason)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	auth_print_refusal(&b, q);
	if (q->resource) {
		if (reason.n)
			buf_addf(&b, ": %.*s", STR_ARG(reason));
		return status_forbidden(q->group, q->plural, q->name, "%s", buf_c(&b));
	}
	CLEANUP(buf_release) struct buf m = BUF_INIT;

	buf_addf(&m, "forbidden: %s", buf_c(&b));
	if (reason.n)
		buf_addf(&m, ": %.*s", STR_ARG(reason));
	return status_err(&(struct status){
		.code = 403, .reason = S("Forbidden"), .message = buf_str(&m), .details = true });
}

/* The verb of a path is its method in small letters. */
static str path_verb(struct request *r)
{
	str verb = arena_str(r->arena, r->method);

	for (size_t i = 0; i < verb.n; i++)
		if (verb.p[i] >= 'A' && verb.p[i] <= 'Z')
			((char *)verb.p)[i] |= 0x20;
	return verb;
}

/* Bootstrapped for everybody, by name of path; RBAC has more. */
static bool is_public(const struct request *r)
{
	static const char *const paths[] = { "/healthz", "/livez", "/readyz", "/version" };

	if (!str_eq(r->method, S("GET")) && !str_eq(r->method, S("HEAD")))
		return false;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		str rest = r->path;

		if (str_take_str(&rest, str_c(paths[i])) && (!rest.n || rest.p[0] == '/'))
			return true;
	}
	return false;
}

err *auth_check(struct request *r)
{
	struct auth_question q = {
		.user = &r->user,
		.verb = r->verb,
		.resource = r->resource,
		.group = r->group,
		.version = r->version,
		.plural = r->plural,
		.sub = r->sub,
		.namespace = r->namespace,
		.name = r->auth_name,
		.path = r->path,
	};
	str reason = STR_NONE;

	if (!r->resource) {
		q.verb = path_verb(r);
		if (is_public(r))
			return NULL;
	}
	return auth_allows(r->server, r->arena, &q, &reason) ? NULL : refuse(&q, reason);
}

/* ---- impersonation ----------------------------------------------------- */

static err *may_impersonate(struct request *r, struct auth_question q)
{
	str reason = STR_NONE;

	q.user = &r->user;
	q.verb = S("impersonate");
	q.resource = true;
	return auth_allows(r->server, r->arena, &q, &reason) ? NULL : refuse(&q, reason);
}

/* "system:serviceaccount:NS:NAME" */
static bool is_account(str user, str *namespace, str *name)
{
	return str_take_str(&user, S("system:serviceaccount:")) &&
	       str_split(user, ':', namespace, name) && namespace->n && name->n;
}

static err *may_be_user(struct request *r, str user)
{
	str namespace, name;

	if (is_account(user, &namespace, &name))
		return may_impersonate(r, (struct auth_question){ .plural = S("serviceaccounts"),
								  .namespace = namespace,
								  .name = name });
	return may_impersonate(r, (struct auth_question){ .plural = S("users"), .name = user });
}

/* The groups that come with a name when none are asked for. */
static void default_groups(struct request *r, struct request_user *u)
{
	str namespace, name;

	if (is_account(u->name, &namespace, &name)) {
		const str of_account[] = {
			S("system:serviceaccounts"),
			arena_cat(r->arena, S("system:serviceaccounts:"), namespace),
		};

		set_groups(r->arena, u, of_account, 2, AUTHENTICATED);
		return;
	}
	set_groups(r->arena, u, u->groups, u->groups_n,
		   str_eq(u->name, ANONYMOUS) ? UNAUTHENTICATED : AUTHENTICATED);
}

static int cmp_extra(const void *a, const void *b, void *ctx)
{
	(void)ctx;
	return str_cmp(((const struct request_pair *)a)->key,
		       ((const struct request_pair *)b)->key);
}

struct wanted {
	VEC(str) groups;
	VEC(struct request_pair) extra;
};

static err *take_extra(struct request *r, str key, str value, struct wanted *w)
{
	str decoded;

	if (gourl_unescape_segment(r->arena, key, &decoded))
		decoded = key;
	TRY(may_impersonate(r, (struct auth_question){ .group = S("authentication.k8s.io"),
						       .version = S("v1"),
						       .plural = S("userextras"),
						       .sub = decoded,
						       .name = value }));
	avec_push(r->arena, &w->extra, (struct request_pair){ decoded, value });
	return NULL;
}

static err *take_wanted(struct request *r, struct wanted *w)
{
	for (size_t i = 0; i < r->headers_n; i++) {
		str key = r->headers[i].key, value = r->headers[i].value;

		if (str_eq(key, S("impersonate-group"))) {
			TRY(may_impersonate(r, (struct auth_question){ .plural = S("groups"),
								       .name = value }));
			avec_push(r->arena, &w->groups, value);
		} else if (str_take_str(&key, S("impersonate-extra-"))) {
			TRY(take_extra(r, key, value, w));
		}
	}
	return NULL;
}

static void print_texts(struct buf *b, str key, const struct request *r, str prefix)
{
	size_t n = 0;

	for (size_t i = 0; i < r->headers_n; i++) {
		str is = r->headers[i].key;

		if (!str_take_str(&is, prefix) || !str_eq(is, key))
			continue;
		buf_add(b, n++ ? S(", ") : S("[]string{"));
		quote_add(b, r->headers[i].value, QUOTE_PRINT);
	}
	buf_add(b, n ? S("}") : S("[]string(nil)"));
}

/* Of whom everything is said but the name: as Go prints his struct. */
static err *nobody_named(struct request *r, str uid)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node extra = node_map(r->arena, 0);
	size_t n = 0;

	for (size_t i = 0; i < r->headers_n; i++) {
		str key = r->headers[i].key;

		if (str_take_str(&key, S("impersonate-extra-")))
			node_set(r->arena, extra, key, node_null());
	}
	node_sort(extra);
	buf_add(&b, S("requested &user.DefaultInfo{Name:\"\", UID:"));
	quote_add(&b, uid, QUOTE_PRINT);
	buf_add(&b, S(", Groups:"));
	print_texts(&b, STR_NONE, r, S("impersonate-group"));
	buf_add(&b, S(", Extra:map[string][]string"));
	buf_add(&b, node_len(extra) ? S("{") : S("(nil)"));
	node_each_pair(p, extra) {
		buf_add(&b, n++ ? S(", ") : STR_NONE);
		quote_add(&b, node_str(p->key), QUOTE_PRINT);
		buf_addc(&b, ':');
		print_texts(&b, node_str(p->key), r, S("impersonate-extra-"));
	}
	buf_add(&b, node_len(extra) ? S("}} without impersonating a user name")
				    : S("} without impersonating a user name"));
	return status_bad_request("%s", buf_c(&b));
}

err *auth_impersonate(struct request *r)
{
	str user = request_header(r, S("impersonate-user")), uid;
	struct wanted w = { 0 };

	uid = request_header(r, S("impersonate-uid"));
	if (!user.n) {
		for (size_t i = 0; i < r->headers_n; i++)
			if (str_starts(r->headers[i].key, S("impersonate-")) && r->headers[i].value.n)
				return nobody_named(r, uid);
		return NULL;
	}
	TRY(may_be_user(r, user));
	TRY(take_wanted(r, &w));
	if (uid.n)
		TRY(may_impersonate(r, (struct auth_question){ .group = S("authentication.k8s.io"),
							       .version = S("v1"),
							       .plural = S("uids"),
							       .name = uid }));
	struct request_user u = { .name = user, .uid = uid, .groups = w.groups.p };

	u.groups_n = w.groups.n;
	if (u.groups_n)
		set_groups(r->arena, &u, u.groups, u.groups_n,
			   str_eq(user, ANONYMOUS) ? UNAUTHENTICATED : AUTHENTICATED);
	else
		default_groups(r, &u);
	if (w.extra.n)
		sort_stable(w.extra.p, w.extra.n, sizeof *w.extra.p, cmp_extra, NULL);
	u.extra = w.extra.p;
	u.extra_n = w.extra.n;
	r->real_user = r->user.name;
	r->user = u;
	return NULL;
}
