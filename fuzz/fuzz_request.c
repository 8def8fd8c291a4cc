/* What a request says beside its body, a line each: target, Accept,
 * Content-Type, User-Agent. */
#include "base/err.h"
#include "server/negotiate.h"
#include "server/options.h"
#include "server/read.h"
#include "server/route.h"

static const struct kind_selectable selectable[] = { { "spec.nodeName", NULL } };
static const struct kind kind = {
	.gvk = { { "", 0 }, { "v1", 2 }, { "Pod", 3 } },
	.plural = { "pods", 4 },
	.selectable = selectable,
	.selectable_n = 1,
};

/* A token that is read is printed as one that is read again. */
static void check_token(struct arena *a, str text, str namespace)
{
	struct read_token t, again;
	err *e = read_token_parse(a, text, namespace, &t);

	if (e) {
		err_free(e);
		return;
	}
	e = read_token_parse(a, read_token_print(a, &t, namespace), namespace, &again);

	if (!e && (!str_eq(t.name, again.name) || t.rv != again.rv))
		__builtin_trap();
	err_free(e);
}

static void ask(struct request *r, str target)
{
	enum negotiate_body body;
	struct options_write w;
	struct options_list l;
	struct options_delete d;
	const struct options_of create = { "CreateOptions", false, false };
	const struct options_of apply = { "PatchOptions", true, true };

	err *e = route_parse(r, target);

	if (e) {
		err_free(e);
		return;
	}
	r->kind = &kind;
	err_free(negotiate_accept(r, true));
	err_free(negotiate_accept(r, false));
	err_free(negotiate_content(r, &body));
	err_free(negotiate_patch(r, false, &body));
	err_free(options_write(r, &create, &w));
	err_free(options_write(r, &apply, &w));
	err_free(options_list(r, false, &l));
	err_free(options_list(r, true, &l));
	err_free(options_delete(r, &d));
	check_token(r->arena, request_query(r, S("continue")), STR_NONE);
	check_token(r->arena, request_query(r, S("continue")), S("ns"));
	r->kind = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct request r;
	str rest = str_of((const char *)data, size), target = STR_NONE, lines[3] = { 0 };

	request_init(&r, NULL, &a);
	str_cut(&rest, &target, '\n');
	for (size_t i = 0; i < 3; i++)
		str_cut(&rest, &lines[i], '\n');
	const struct request_pair headers[] = { { S("accept"), lines[0] },
						{ S("content-type"), lines[1] },
						{ S("user-agent"), lines[2] } };

	r.method = S("GET");
	r.headers = headers;
	r.headers_n = 3;
	ask(&r, target);
	request_release(&r);
	arena_release(&a);
	return 0;
}
