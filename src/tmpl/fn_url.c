/* URLs as maps of their parts. */
#include "text/gourl.h"
#include "tmpl/fn.h"

static err *unparsable(err *e, const char *what)
{
	return err_replace(e, "unable to parse %s: %.*s", what, STR_ARG(err_text(e)));
}

static void set(struct tmpl_call *c, str key, str value)
{
	node_set(c->a, c->out, key, node_from_str(c->a, value));
}

static err *run_url_parse(struct tmpl_call *c)
{
	CLEANUP(buf_release) struct buf user = BUF_INIT;
	struct gourl u;
	err *e = gourl_parse(c->a, tmpl_arg_str(c, 0), &u);

	if (e)
		return unparsable(e, "url");
	c->out = node_map(c->a, 8);
	set(c, S("scheme"), u.scheme);
	set(c, S("host"), u.host);
	set(c, S("hostname"), gourl_hostname(&u));
	set(c, S("path"), u.path);
	set(c, S("query"), u.query);
	set(c, S("opaque"), u.opaque);
	set(c, S("fragment"), u.fragment);
	gourl_add_user(&user, &u);
	set(c, S("userinfo"), arena_str(c->a, buf_str(&user)));
	return NULL;
}

static err *part(const struct tmpl_call *c, const char *key, str *out)
{
	const node *v = node_find(c->argv[0], str_c(key));

	*out = STR_NONE;
	if (!v)
		return NULL;
	if (node_is_nil(*v))
		return err_new(ERR_INVALID,
			       "runtime error: invalid memory address or nil pointer dereference");
	if (!value_is_str(*v))
		return err_new(ERR_INVALID,
			       "unable to parse %s key, must be of type string, but %.*s found",
			       key, STR_ARG(value_kind_name(*v)));
	*out = node_str(*v);
	return NULL;
}

static err *run_url_join(struct tmpl_call *c)
{
	struct gourl u = { 0 }, user;
	str text;

	TRY(part(c, "scheme", &u.scheme));
	TRY(part(c, "host", &u.host));
	TRY(part(c, "path", &u.path));
	TRY(part(c, "query", &u.query));
	TRY(part(c, "opaque", &u.opaque));
	TRY(part(c, "fragment", &u.fragment));
	TRY(part(c, "userinfo", &text));
	if (text.n) {
		err *e = gourl_parse(c->a, arena_cat(c->a, S("proto://"), text, S("@host")), &user);

		if (e)
			return unparsable(e, "userinfo in dict");
		u.has_user = user.has_user;
		u.has_password = user.has_password;
		u.user = user.user;
		u.password = user.password;
	}
	struct buf *b = tmpl_scratch(c);

	gourl_add(b, &u);
	return tmpl_give_buf(c, b);
}

static const struct tmpl_func table[] = {
	{ "urlJoin", "m", run_url_join },
	{ "urlParse", "s", run_url_parse },
};

const struct tmpl_funcs fn_url = { table, sizeof table / sizeof *table };
