#include "source/bucket_impl.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "net/patience.h"
#include "source/xmlread.h"
#include "value/json.h"

enum { MESSAGE_MAX = 1000, ERROR_MAX = 64 << 10, TOKEN_MAX = 1 << 20, PIECE = 16 << 10 };
/* So often a download that is cut goes on. */
enum { RESUMES = 5 };

/* ---- small things ------------------------------------------------------------ */

bool bucket_provider_parse(str name, enum bucket_provider *out)
{
	static const char *const names[] = { "generic", "aws", "gcp", "azure" };

	*out = BUCKET_GENERIC;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_eq(name, str_c(names[i]))) {
			*out = (enum bucket_provider)i;
			return true;
		}
	return !name.n;
}

void bucket_escape(struct buf *b, str text, bool path)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (ascii_is_digit(c) || ascii_is_lower((char)(c | 0x20)) ||
		    (c && strchr("-_.~", c)) || (path && c == '/'))
			buf_addc(b, c);
		else
			buf_addf(b, "%%%02X", (unsigned char)c);
	}
}

void bucket_header(struct bucket_wire *w, str name, str value)
{
	if (w->headers_n < BUCKET_HEADERS)
		w->headers[w->headers_n++] = (struct net_header){ name, value };
}

err *bucket_bad_secret(const struct credentials *secret, const char *what)
{
	return err_new(ERR_INVALID, "invalid '%.*s' secret data: %s", STR_ARG(secret->name), what);
}

static const struct bucket_kind *kind_of(enum bucket_provider provider)
{
	return provider == BUCKET_GCP     ? &bucket_gcs
	       : provider == BUCKET_AZURE ? &bucket_azure
					  : &bucket_s3;
}

err *bucket_check_secret(enum bucket_provider provider, const struct credentials *secret)
{
	return secret ? kind_of(provider)->check_secret(secret) : NULL;
}

str bucket_trim_etag(str etag)
{
	str_take_str(&etag, S("W/"));
	return str_trim_set(etag, S("\""));
}

str bucket_range(struct arena *a, const struct bucket_question *q)
{
	return q->from ? arena_printf(a, "bytes=%llu-", (unsigned long long)q->from) : STR_NONE;
}

/* ---- opening ------------------------------------------------------------------ */

static err *find_base(struct bucket *b)
{
	const char *scheme = b->o.insecure ? "http://" : "https://";
	str endpoint = b->o.endpoint;
	struct gourl u;

	if (b->o.provider != BUCKET_AZURE) {
		if (str_find_char(endpoint, '/') != STR_NPOS)
			return err_new(ERR_INVALID,
				       "Endpoint url cannot have fully qualified paths.");
		if (str_ends(endpoint, b->o.insecure ? S(":80") : S(":443")))
			endpoint = str_sub(endpoint, 0, str_rfind_char(endpoint, ':'));
		endpoint = arena_cat(&b->mem, str_c(scheme), endpoint);
	}
	endpoint = arena_str(&b->mem, str_trim_right_set(endpoint, S("/")));
	TRY(gourl_parse(&b->mem, endpoint, &u));
	if ((!str_eq(u.scheme, S("https")) && !str_eq(u.scheme, S("http"))) || !u.host.n ||
	    u.has_user || u.query.n)
		return err_new(ERR_INVALID, "invalid endpoint '%.*s'", STR_ARG(b->o.endpoint));
	b->base = endpoint;
	b->host = u.host;
	return NULL;
}

err *bucket_open(struct bucket **out, const struct bucket_options *o)
{
	struct bucket *b = mem_calloc(1, sizeof *b);

	b->o = *o;
	b->region = o->region;
	b->deadline = clock_after(clock_mono(), NET_TIMEOUT);
	b->kind = kind_of(o->provider);
	err *e = bucket_check_secret(o->provider, o->secret);

	if (!e)
		e = find_base(b);

	if (!e)
		e = b->kind->check(b);
	if (e) {
		bucket_close(b);
		return e;
	}
	*out = b;
	return NULL;
}

void bucket_close(struct bucket *b)
{
	if (!b)
		return;
	arena_release(&b->mem);
	free(b);
}

void bucket_drop(struct bucket **b)
{
	bucket_close(*b);
}

void bucket_until(struct bucket *b, int64_t deadline)
{
	b->deadline = deadline;
}

/* ---- errors --------------------------------------------------------------------- */

struct complaint {
	str code, message, region;
};

static err *read_complaint(void *ctx, str path, bool leaf, str text)
{
	struct complaint *c = ctx;

	if (!leaf)
		return NULL;
	if (str_eq(path, S("Error/Code")))
		c->code = text;
	else if (str_eq(path, S("Error/Message")))
		c->message = text;
	else if (str_eq(path, S("Error/Region")))
		c->region = text;
	return NULL;
}

static void read_json_complaint(struct arena *a, str body, struct complaint *c)
{
	node in;
	err *e = json_read(a, body, NULL, &in);

	if (!e)
		c->message = node_str(node_dig(in, "error", "message"));
	err_free(e);
}

static void complaint_of(struct arena *a, str body, struct complaint *out)
{
	*out = (struct complaint){ 0 };
	if (str_starts(str_trim(body), S("{")))
		read_json_complaint(a, body, out);
	else
		err_free(xmlread(a, body, read_complaint, out));
}

static err *answer_error(const struct bucket *b, struct arena *a, const struct net_response *r)
{
	CLEANUP(buf_release) struct buf patience = BUF_INIT;
	struct complaint c;
	int status = r->status;

	patience_keep(net_client_patience(b->o.net), r->url, r);
	patience_words(&patience, r);
	complaint_of(a, buf_str(&r->body), &c);
	if (!c.message.n)
		c.message = c.code.n ? arena_cat(a, S("Error response code "), c.code, S("."))
			    : status == 403 && b->kind == &bucket_s3 ? S("Access Denied.")
								     : net_response_status(a, r);
	err *e = err_new(ERR_INVALID, "%.*s%.*s", STR_ARG(str_sub(c.message, 0, MESSAGE_MAX)),
			 STR_ARG(buf_str(&patience)));

	err_set_kind(e, status == 404                    ? ERR_NOT_FOUND
			: status == 401 || status == 403 ? ERR_FORBIDDEN
							 : ERR_UNAVAILABLE);
	err_set_code(e, status);
	return e;
}

/* ---- requests --------------------------------------------------------------------- */

/* With `max` 0 the body is for bucket_take. */
static err *start(struct bucket *b, struct arena *a, const struct bucket_question *q, size_t max,
		  struct net_call **call)
{
	struct bucket_wire w = { .method = S("GET") };
	int64_t left = b->deadline - clock_mono();

	if (b->kind->log_in && !b->logged_in)
		TRY(b->kind->log_in(b));
	b->logged_in = true;
	TRY(b->kind->build(b, a, q, &w));
	if (q->from)
		bucket_header(&w, S("Range"), bucket_range(a, q));
	TRY(patience_check(net_client_patience(b->o.net), w.url));
	*call = net_start(b->o.net, &(struct net_request){ .method = w.method,
							   .url = w.url,
							   .token = w.token,
							   .headers = w.headers,
							   .headers_n = w.headers_n,
							   .tls = b->o.tls,
							   .proxy = b->o.proxy,
							   .cancel = b->o.cancel,
							   .timeout = left > 0 ? left : 1,
							   .no_redirect = true,
							   .pull = !max,
							   .max_body = max ? max : SIZE_MAX });
	return NULL;
}

/* The region that a store says it is in, when that is not the one we signed
 * for and the user named none. */
static bool learn_region(struct bucket *b, const struct net_response *r)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str region = net_response_header(r, S("x-amz-bucket-region"));
	struct complaint c;

	if (b->kind != &bucket_s3 || b->o.region.n || r->status < 300)
		return false;
	complaint_of(&a, buf_str(&r->body), &c);
	if (!region.n)
		region = c.region;
	if (!region.n || str_eq(region, b->region) || region.n > 64)
		return false;
	b->region = arena_str(&b->mem, region);
	return true;
}

static err *ask(struct bucket *b, struct arena *a, const struct bucket_question *q, size_t max,
		struct net_response *out)
{
	for (int try = 0;; try++) {
		struct net_call *call;

		TRY(start(b, a, q, max, &call));
		TRY(net_wait(call, out));
		if (try || !learn_region(b, out))
			return NULL;
	}
}

err *bucket_exists(struct bucket *b, bool *exists)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	struct bucket_question q = { .what = BUCKET_ASK_EXISTS };

	TRY(ask(b, &a, &q, ERROR_MAX, &r));
	*exists = r.status == 200;
	return *exists || r.status == 404 ? NULL : answer_error(b, &a, &r);
}

static err *visit_page(struct bucket *b, const struct bucket_question *q, bucket_visit *visit,
		       void *ctx, size_t *count, struct arena *keep, str *next)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	struct bucket_page page = { 0 };

	TRY(ask(b, &a, q, BUCKET_PAGE_MAX, &r));
	if (r.status != 200)
		return answer_error(b, &a, &r);
	TRY(b->kind->read_page(&a, buf_str(&r.body), &page));
	*count += page.objects.n;
	if (*count > BUCKET_OBJECTS_MAX)
		return err_new(ERR_INVALID, "bucket has more than %d objects", BUCKET_OBJECTS_MAX);
	for (size_t i = 0; i < page.objects.n; i++)
		TRY(visit(ctx, page.objects.p[i].key, page.objects.p[i].etag));
	*next = arena_str(keep, page.next);
	return NULL;
}

err *bucket_list(struct bucket *b, str prefix, bucket_visit *visit, void *ctx)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct bucket_question q = { .what = BUCKET_ASK_LIST, .prefix = prefix };
	size_t count = 0;

	for (int page = 0; page < BUCKET_PAGES_MAX; page++) {
		str next;

		TRY(visit_page(b, &q, visit, ctx, &count, &a, &next));
		if (!next.n)
			return NULL;
		if (str_eq(next, q.marker))
			return err_new(ERR_INVALID, "the list of objects does not go on");
		q.marker = next;
	}
	return err_new(ERR_INVALID, "list of objects has more than %d pages", BUCKET_PAGES_MAX);
}

/* ---- objects --------------------------------------------------------------------- */

err *bucket_start(struct bucket *b, str key, struct net_call **call)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct bucket_question q = { .what = BUCKET_ASK_GET, .key = key };

	return start(b, &a, &q, 0, call);
}

struct taking {
	struct bucket *b;
	struct arena *a;
	struct bucket_take *t;
	uint64_t at;
	bool broken; /* nothing more can be written */
};

static err *read_pieces(struct taking *w, struct net_call *call)
{
	char piece[PIECE];
	size_t n;

	for (;;) {
		TRY(net_read(call, piece, sizeof piece, &n));
		if (!n)
			return NULL;
		w->broken = true;
		if (n > w->t->max - w->at)
			return err_new(ERR_INVALID, "response body is larger than %zu bytes",
				       w->t->max);
		TRY(sink_write(w->t->to, str_of(piece, n)));
		w->broken = false;
		w->at += n;
	}
}

static err *refused(struct taking *w, struct net_call *call, struct net_response *head)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf body = BUF_LIMIT(ERROR_MAX);
	struct net_response r = *head;
	char piece[PIECE];
	err *e = NULL;

	for (size_t n = 1; !e && n && !body.full;) {
		e = net_read(call, piece, sizeof piece, &n);
		if (!e)
			buf_bytes(&body, piece, n);
	}
	err_free(e);
	r.body = body;
	return answer_error(w->b, &a, &r);
}

static err *take_once(struct taking *w, struct net_call *call)
{
	struct net_response head;

	TRY(net_head(call, &head));
	str etag = net_response_header(&head, S("ETag"));

	if (!w->b->kind->quotes_etags)
		etag = bucket_trim_etag(etag);

	w->t->found = head.status != 404;
	if (!w->t->found)
		return NULL;
	if (head.status != (w->at ? 206 : 200))
		return w->at && head.status == 200
			       ? err_new(ERR_INVALID, "the store does not go on with what was cut")
			       : refused(w, call, &head);
	if (!w->at)
		w->t->etag = arena_str(w->a, etag);
	else if (!net_response_goes_on(&head, w->at) || !str_eq(etag, w->t->etag))
		return err_new(ERR_CONFLICT, "the object has changed while it was got");
	return read_pieces(w, call);
}

err *bucket_take(struct bucket *b, struct arena *a, struct net_call *call, struct bucket_take *t)
{
	CLEANUP(arena_release) struct arena temp = ARENA_INIT;
	struct taking w = { .b = b, .a = a, .t = t };

	t->found = false;
	t->etag = STR_NONE;
	for (int tries = 0;; tries++) {
		uint64_t before = w.at;
		err *e = take_once(&w, call);
		bool cut = e && err_kind(e) == ERR_UNAVAILABLE && !err_code(e) && !w.broken;

		net_drop(call);
		if (!cut || w.at <= before || !t->etag.n || tries == RESUMES)
			return e;
		err_free(e);
		TRY(start(b, &temp,
			  &(struct bucket_question){ .what = BUCKET_ASK_GET, .key = t->key,
						     .from = w.at },
			  0, &call));
	}
}

/* ---- token servers ------------------------------------------------------------------ */

err *bucket_ask_token(struct bucket *b, str url, str form, str *token)
{
	static const struct net_header type = { S("Content-Type"),
						S("application/x-www-form-urlencoded") };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	int64_t left = b->deadline - clock_mono();
	node in;

	TRY(net_do(b->o.net,
		   &(struct net_request){ .method = S("POST"),
					  .url = url,
					  .headers = &type,
					  .headers_n = 1,
					  .body = form,
					  .proxy = b->o.proxy,
					  .cancel = b->o.cancel,
					  .timeout = left > 0 ? left : 1,
					  .no_redirect = true,
					  .max_body = TOKEN_MAX },
		   &r));
	if (r.status != 200)
		return err_new(ERR_FORBIDDEN, "cannot fetch token: %.*s",
			       STR_ARG(net_response_status(&a, &r)));
	TRY(json_read(&a, buf_str(&r.body), NULL, &in));
	str text = node_str(node_get(in, S("access_token")));

	if (!text.n)
		return err_new(ERR_INVALID, "cannot fetch token: server response missing "
					    "access_token");
	*token = arena_str(&b->mem, text);
	return NULL;
}
