/* Where the copies of remote files and repositories are stored. */
#include "kustomize/localize_impl.h"
#include "text/gourl.h"
#include "text/path.h"

static str escaped_path(struct arena *a, const struct gourl *u)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	gourl_add_path(&b, u);
	return path_join(a, S("/"), arena_str(a, buf_str(&b)));
}

/* User, password and port do not count; nor do dots that lead up. */
err *localize_url_path(struct arena *a, str url, str *out)
{
	struct gourl u;

	TRY(gourl_parse(a, url, &u));
	*out = path_join(a, S(LOCALIZE_DIR), gourl_hostname(&u), escaped_path(a, &u));
	return NULL;
}

/* The host and the path on it: of "https://u@host:1/path" and "u@host:path". */
static err *split_clone(struct arena *a, str clone, str *host, str *path)
{
	size_t scheme = str_find(clone, S("://")), end = 0;
	struct gourl u;

	if (scheme == STR_NPOS) {
		str rest = str_from(clone, str_find_char(clone, '@') == STR_NPOS
						   ? 0
						   : str_find_char(clone, '@') + 1);

		while (end < rest.n && rest.p[end] != '/' && rest.p[end] != ':')
			end++;
		*host = str_sub(rest, 0, end);
		*path = str_from(rest, end + 1);
		return NULL;
	}
	*host = str_sub(clone, 0, scheme);
	*path = str_from(clone, scheme + 3);
	if (str_eq(*host, S("file"))) {
		*host = S("file-schemed");
		return NULL;
	}
	/* The path is git's, not one of a URL. */
	str authority;

	str_split(*path, '/', &authority, path);
	TRY(gourl_parse(a, arena_cat(a, S("ssh://"), authority), &u));
	*host = gourl_hostname(&u);
	return NULL;
}

err *localize_repo_path(struct arena *a, const struct loader *l, const struct repourl *url, str *out)
{
	str host, path, inside;

	TRY(split_clone(a, url->clone, &host, &path));
	if (str_ends(path, S(".git")))
		path.n -= 4;
	TRY(path_rel(a, l->repo_dir, l->root, &inside));
	*out = path_join(a, S(LOCALIZE_DIR), host, path_join(a, S("/"), path), url->ref, inside);
	return NULL;
}
