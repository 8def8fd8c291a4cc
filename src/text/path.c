#include "text/path.h"

/* Take one element and the slashes before it off the front. */
static bool take_element(str *s, str *element)
{
	while (str_take(s, '/'))
		;
	return str_cut(s, element, '/');
}

static bool is_clean(str path)
{
	str rest = path, element;
	bool rooted = path_is_abs(path), named = false;

	if (!path.n)
		return false;
	if (path.n == 1)
		return true;
	if (path.p[path.n - 1] == '/')
		return false;
	if (rooted)
		str_take(&rest, '/');
	while (str_cut(&rest, &element, '/')) {
		bool up = str_eq(element, S(".."));

		if (!element.n || str_eq(element, S(".")) || (up && (named || rooted)))
			return false;
		named = named || !up;
	}
	return true;
}

str path_clean(struct arena *a, str path)
{
	if (!path.n)
		return S(".");
	if (is_clean(path))
		return path;
	bool rooted = path_is_abs(path);
	char *out = arena_alloc(a, path.n + 1);
	size_t n = 0, floor = rooted;	/* ".." takes nothing away below the floor */
	str element;

	if (rooted)
		out[n++] = '/';
	while (take_element(&path, &element)) {
		if (str_eq(element, S(".")))
			continue;
		bool up = str_eq(element, S(".."));

		if (up && n > floor) {
			for (n--; n > floor && out[n] != '/'; n--)
				;
			continue;
		}
		if (up && rooted)
			continue;
		if (n > rooted)
			out[n++] = '/';
		memcpy(out + n, element.p, element.n);
		n += element.n;
		if (up)
			floor = n;
	}
	if (!n)
		out[n++] = '.';
	out[n] = 0;
	return (str){ out, n };
}

str path_join_parts(struct arena *a, const str *parts, size_t n)
{
	while (n && !parts->n) {
		parts++;
		n--;
	}
	if (!n)
		return STR_NONE;
	return path_clean(a, n == 1 ? *parts : arena_join(a, parts, n, S("/")));
}

str path_base(str path)
{
	if (!path.n)
		return S(".");
	str s = str_trim_right_set(path, S("/")), dir, file;

	if (!s.n)
		return str_sub(path, 0, 1);
	path_split(s, &dir, &file);
	return file;
}

str path_dir(struct arena *a, str path)
{
	str dir, file;

	path_split(path, &dir, &file);
	return path_clean(a, dir);
}

str path_ext(str path)
{
	str dir, file;

	path_split(path, &dir, &file);
	size_t at = str_rfind_char(file, '.');

	return at == STR_NPOS ? STR_NONE : str_from(file, at);
}

void path_split(str path, str *dir, str *file)
{
	size_t at = str_rfind_char(path, '/') + 1;	/* STR_NPOS + 1 is 0 */

	*dir = str_sub(path, 0, at);
	*file = str_from(path, at);
}

bool path_is_abs(str path)
{
	return path.n && path.p[0] == '/';
}

/* Drop the elements that both begin with. */
static void drop_common(str *a, str *b)
{
	str ea, eb;

	while (a->n && b->n) {
		str ra = *a, rb = *b;

		str_cut(&ra, &ea, '/');
		str_cut(&rb, &eb, '/');
		if (!str_eq(ea, eb))
			return;
		*a = ra;
		*b = rb;
	}
}

err *path_rel(struct arena *a, str base, str target, str *out)
{
	str from = path_clean(a, base), to = path_clean(a, target), element;
	size_t ups = 0;

	if (str_eq(from, to)) {
		*out = S(".");
		return NULL;
	}
	if (path_is_abs(from) != path_is_abs(to))
		goto bad;
	from = str_eq(from, S(".")) ? STR_NONE : str_trim_left_set(from, S("/"));
	to = str_eq(to, S(".")) ? STR_NONE : str_trim_left_set(to, S("/"));
	drop_common(&from, &to);
	for (; str_cut(&from, &element, '/'); ups++)
		if (!ups && str_eq(element, S("..")))
			goto bad;	/* nobody knows what is below it */
	char *way = arena_alloc(a, 3 * ups + to.n + 1);
	size_t n = 0;

	for (; ups; ups--, n += 3)
		memcpy(way + n, "../", 3);
	if (to.n)
		memcpy(way + n, to.p, to.n);
	else
		n--;
	way[n + to.n] = 0;
	*out = (str){ way, n + to.n };
	return NULL;
bad:
	return err_new(ERR_INVALID, "Rel: can't make %.*s relative to %.*s", STR_ARG(target),
		       STR_ARG(base));
}
