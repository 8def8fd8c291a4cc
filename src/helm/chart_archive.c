/* Charts in gzipped tars. */
#include "archive/tgz.h"
#include "helm/chart_impl.h"
#include "text/path.h"
#include "text/quote.h"

str chart_without_bom(str data)
{
	str_take_str(&data, S("\xef\xbb\xbf"));
	return data;
}

static err *too_large(uint64_t max)
{
	return err_new(ERR_INVALID, "decompressed chart is larger than the maximum size %llu",
		       (unsigned long long)max);
}

/* "c:/x": what paths of two systems mixed can make. */
static bool is_drive(str name)
{
	return name.n >= 3 && name.p[1] == ':' && name.p[2] == '/' &&
	       ((name.p[0] >= 'a' && name.p[0] <= 'z') || (name.p[0] >= 'A' && name.p[0] <= 'Z'));
}

/* The name without its leading directory, which is the chart's. */
static err *inner_name(struct arena *a, str name, str *out)
{
	char delimiter = str_find_char(name, '\\') == STR_NPOS ? '/' : '\\';
	str first, rest;

	str_split(name, delimiter, &first, &rest);
	rest = arena_str(a, rest);
	if (delimiter == '\\')
		for (size_t i = 0; i < rest.n; i++)
			if (rest.p[i] == '\\')
				((char *)rest.p)[i] = '/';
	if (path_is_abs(rest))
		return err_new(ERR_INVALID, "chart illegally contains absolute paths");
	rest = path_clean(a, rest);
	if (str_eq(rest, S("."))) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		quote_add(&b, name, QUOTE_PRINT);
		return err_new(ERR_INVALID,
			       "chart illegally contains content outside the base directory: %s",
			       buf_c(&b));
	}
	if (str_starts(rest, S("..")))
		return err_new(ERR_INVALID, "chart illegally references parent directory");
	if (is_drive(rest))
		return err_new(ERR_INVALID, "chart contains illegally named files");
	if (str_eq(first, S("Chart.yaml")))
		return err_new(ERR_INVALID, "chart yaml not in base directory");
	*out = rest;
	return NULL;
}

static err *read_entries(struct arena *a, struct tgz *t, struct chart_files *out)
{
	for (;;) {
		struct tar_entry entry;
		struct chart_file f;
		bool more;

		TRY(tgz_next(t, &entry, &f.data, &more));
		if (!more)
			break;
		if (tar_is_dir(&entry) || entry.type == TAR_PAX_GLOBAL)
			continue;
		TRY(inner_name(a, entry.name, &f.name));
		f.data = chart_without_bom(f.data);
		f.mtime = entry.mtime;
		f.dated = true;
		avec_push(a, out, f);
	}
	if (!out->n)
		return err_new(ERR_INVALID, "no files in chart archive");
	return NULL;
}

err *chart_unpack(struct arena *a, str bytes, uint64_t max_size, struct chart_files *out)
{
	const struct tgz_limits limits = { .total = max_size ? max_size : CHART_SIZE_MAX,
					   .entries = CHART_FILES_MAX };
	struct tgz *t;

	TRY(tgz_open(&t, a, bytes, &limits));
	err *e = read_entries(a, t, out);

	tgz_close(t);
	if (e && err_code(e) == ARCHIVE_TOO_LARGE) {
		err_free(e);
		return too_large(limits.total);
	}
	return e;
}

/* ---- what kind of file it is ------------------------------------------- */

/* The media type that Go's http.DetectContentType gives to what users hand in
 * instead of a chart. */
static const char *content_type(str bytes)
{
	static const struct {
		str magic;
		const char *type;
	} known[] = {
		{ S("PK\x03\x04"), "application/zip" },
		{ S("%PDF-"), "application/pdf" },
		{ S("\x89PNG\x0d\x0a\x1a\x0a"), "image/png" },
		{ S("\xff\xd8\xff"), "image/jpeg" },
		{ S("GIF87a"), "image/gif" },
		{ S("GIF89a"), "image/gif" },
		{ S("Rar!\x1a\x07"), "application/x-rar-compressed" },
		{ S("\xfe\xff"), "text/plain; charset=utf-16be" },
		{ S("\xff\xfe"), "text/plain; charset=utf-16le" },
	};
	str head = str_sub(bytes, 0, 512);

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_starts(head, known[i].magic))
			return known[i].type;
	/* Go looks at 512 bytes, zeros where the file is shorter. */
	if (head.n < 512)
		return "application/octet-stream";
	for (size_t i = 0; i < head.n; i++) {
		unsigned char c = (unsigned char)head.p[i];

		if (c <= 0x08 || c == 0x0b || (c >= 0x0e && c <= 0x1a) || (c >= 0x1c && c <= 0x1f))
			return "application/octet-stream";
	}
	return "text/plain; charset=utf-8";
}

err *chart_check_archive(str name, str bytes)
{
	if (str_starts(bytes, S("\x1f\x8b\x08")))
		return NULL;
	if (str_ends(name, S(".yml")) || str_ends(name, S(".yaml")))
		return err_new(ERR_INVALID,
			       "file '%.*s' seems to be a YAML file, but expected a gzipped archive",
			       STR_ARG(name));
	return err_new(ERR_INVALID,
		       "file '%.*s' does not appear to be a gzipped archive; got '%s'",
		       STR_ARG(name), content_type(bytes));
}

/* ---- charts ------------------------------------------------------------ */

err *chart_load_archive(struct arena *a, str bytes, const struct chart_options *o,
			struct chart **out)
{
	struct chart_files files = { 0 };
	err *e = chart_unpack(a, bytes, o ? o->max_size : 0, &files);

	if (e && str_eq(err_text(e), S("gzip: invalid header")))
		return err_replace(e, "stream does not appear to be a valid chart file (details: %s)",
				   err_msg(e));
	if (e)
		return err_wrap(e, "unable to load chart archive");
	const struct chart_file *f = chart_find_file(&files, S("Chart.yaml"));

	if (!f)
		return err_new(ERR_INVALID,
			       "unable to detect chart version, no Chart.yaml found");
	TRY(chart_check_api(a, f->data));
	return chart_load_files(a, &files, o, out);
}
