#include "net/client_impl.h"

/* ---- headers ------------------------------------------------------------- */

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* "HTTP/1.1 200 OK" begins anew: what came before was an interim answer. */
static void start_head(struct net_call *call, str line)
{
	uint64_t status = 0;
	str rest = line, version;

	str_take_str(&rest, S("HTTP/"));
	str_split(rest, ' ', &version, &rest);
	str_to_u64(str_sub(rest, 0, 3), &status);
	call->resp.status = (int)status;
	call->resp.reason = arena_str(&call->resp.mem, str_trim(str_from(rest, 3)));
	call->resp.version = str_starts(version, S("2")) ? 20 : str_eq(version, S("1.0")) ? 10 : 11;
	call->head.n = 0;
	call->head_bytes = 0;
	call->in_head = true;
	call->head_done = false;
	call->next_url = STR_NONE;
}

static void end_head(struct net_call *call)
{
	struct net_client *c = call->client;
	struct net_response *r = &call->resp;

	call->in_head = false;
	if (r->status >= 100 && r->status < 200)
		return;
	call->head_done = true;
	struct net_header *headers = arena_array(&r->mem, struct net_header, call->head.n);

	if (call->head.n)
		memcpy(headers, call->head.p, call->head.n * sizeof *headers);
	r->headers = headers;
	r->headers_n = call->head.n;
	if (is_redirect(r->status) && !call->r.no_redirect) {
		call->next_url = net_response_header(r, S("Location"));
		if (call->next_url.n)
			return;
	}
	if (call->r.on_head && !call->dropped)
		call->r.on_head(call->r.ctx, r);
	pthread_mutex_lock(&c->m);
	call->head_ready = true;
	pthread_cond_broadcast(&call->changed);
	pthread_mutex_unlock(&c->m);
}

static size_t fail(struct net_call *call, err *e)
{
	err_free(call->failure);
	call->failure = e;
	return 0;
}

size_t client_on_header(char *p, size_t size, size_t n, void *arg)
{
	struct net_call *call = arg;
	str line = { p, size * n }, name, value;
	size_t all = line.n;

	call->last_byte = clock_mono();
	if (str_starts(line, S("HTTP/")) && !call->in_head)
		start_head(call, str_trim(line));
	else if (!call->in_head)
		return all; /* trailers */
	call->head_bytes += all;
	if (call->head_bytes > NET_HEADERS_MAX || call->head.n >= NET_HEADERS_COUNT_MAX)
		return fail(call, client_headers_too_long());
	line = str_trim(line);
	if (!line.n) {
		end_head(call);
		return all;
	}
	if (!str_split(line, ':', &name, &value))
		return all;
	struct arena *a = &call->resp.mem;

	vec_push(&call->head, (struct net_header){ arena_str(a, str_trim(name)),
						   arena_str(a, str_trim(value)) });
	return all;
}

/* ---- body ---------------------------------------------------------------- */

/* For net_read: held back when the reader has enough. */
static size_t offer(struct net_call *call, str piece)
{
	struct net_client *c = call->client;
	size_t took = piece.n;

	pthread_mutex_lock(&c->m);
	if (call->pulled.n - call->pulled_at >= NET_PULL_BYTES) {
		call->paused = true;
		took = CURL_WRITEFUNC_PAUSE;
	} else {
		buf_add(&call->pulled, piece);
		pthread_cond_broadcast(&call->changed);
	}
	pthread_mutex_unlock(&c->m);
	return took;
}

size_t client_on_data(char *p, size_t size, size_t n, void *arg)
{
	struct net_call *call = arg;
	str piece = { p, size * n };

	if (call->dropped)
		return 0;
	call->last_byte = clock_mono();
	if (call->next_url.n) { /* nobody reads it, and a long one is not waited for */
		call->body_bytes += piece.n;
		return call->body_bytes > CLIENT_REDIRECT_BODY ? 0 : piece.n;
	}
	if (call->r.pull) {
		size_t took = offer(call, piece);

		if (took == CURL_WRITEFUNC_PAUSE)
			return took;
	}
	call->body_bytes += piece.n;
	if (call->body_bytes > call->r.max_body)
		return fail(call, err_new(ERR_INVALID, "response body is larger than %zu bytes",
					  call->r.max_body));
	if (call->r.pull)
		return piece.n;
	if (!call->r.on_data) {
		buf_add(&call->resp.body, piece);
		return call->resp.body.full
			       ? fail(call, buf_check(&call->resp.body, "response body"))
			       : piece.n;
	}
	if (!call->r.on_data(call->r.ctx, piece))
		return fail(call, err_new(ERR_CANCELED, "context canceled"));
	return piece.n;
}
