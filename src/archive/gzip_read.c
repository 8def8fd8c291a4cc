/* Unpacking. */
#include <endian.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <zlib.h>

#include "archive/gzip.h"
#include "archive/gzip_impl.h"
#include "base/die.h"

/* Deflate cannot do better than this, so a size beyond it is a lie. */
enum { RATIO_MAX = 1032, INPUT = 32 << 10, NAME_MAX_BYTES = 512 };

struct gzip_reader {
	struct stream stream;
	struct stream *from;
	z_stream z;
	uint64_t member_in;	/* compressed bytes of this member, so far */
	uint32_t sum, size;	/* of what it unpacked to */
	bool ended;
	err *failed;		/* given once; then the stream just ends */
	size_t at, n;		/* unread input */
	unsigned char input[INPUT];
};

static err *truncated(void)
{
	return err_new(ERR_INVALID, "unexpected EOF");
}

static err *bad_header(void)
{
	return err_new(ERR_INVALID, "gzip: invalid header");
}

bool gzip_is(str text)
{
	return str_starts(text, S("\x1f\x8b\x08"));
}

/* ---- piece by piece --------------------------------------------------- */

static err *refill(struct gzip_reader *r)
{
	r->at = 0;
	return r->from->read(r->from, (char *)r->input, INPUT, &r->n);
}

/* Take exactly `n` bytes; false where the input ends before. */
static err *take_bytes(struct gzip_reader *r, unsigned char *to, size_t n, size_t *got)
{
	for (*got = 0; *got < n; ++*got) {
		if (r->at == r->n) {
			TRY(refill(r));
			if (!r->n)
				return NULL;
		}
		to[*got] = r->input[r->at++];
	}
	return NULL;
}

static err *need_bytes(struct gzip_reader *r, unsigned char *to, size_t n, uint32_t *sum)
{
	size_t got;

	TRY(take_bytes(r, to, n, &got));
	if (got < n)
		return truncated();
	*sum = libdeflate_crc32(*sum, to, n);
	return NULL;
}

static err *skip_extra(struct gzip_reader *r, uint32_t *sum)
{
	unsigned char b[2];

	TRY(need_bytes(r, b, 2, sum));
	for (size_t n = (size_t)b[0] | (size_t)b[1] << 8; n; n--)
		TRY(need_bytes(r, b, 1, sum));
	return NULL;
}

static err *skip_text(struct gzip_reader *r, uint32_t *sum)
{
	unsigned char c;

	for (size_t i = 0; i < NAME_MAX_BYTES; i++) {
		TRY(need_bytes(r, &c, 1, sum));
		if (!c)
			return NULL;
	}
	return bad_header();
}

/* Read the header of the next member; *more is false at a clean end. */
static err *read_header(struct gzip_reader *r, bool *more)
{
	unsigned char head[GZIP_HEAD], b[2];
	size_t got;

	TRY(take_bytes(r, head, GZIP_HEAD, &got));
	*more = got > 0;
	if (!got)
		return NULL;
	if (got < GZIP_HEAD)
		return truncated();
	if (head[0] != GZIP_ID1 || head[1] != GZIP_ID2 || head[2] != GZIP_DEFLATE)
		return bad_header();
	uint32_t sum = libdeflate_crc32(0, head, GZIP_HEAD);

	if (head[3] & GZIP_FLAG_EXTRA)
		TRY(skip_extra(r, &sum));
	if (head[3] & GZIP_FLAG_NAME)
		TRY(skip_text(r, &sum));
	if (head[3] & GZIP_FLAG_COMMENT)
		TRY(skip_text(r, &sum));
	if (head[3] & GZIP_FLAG_CRC) {
		uint32_t want = sum & 0xffff;

		TRY(need_bytes(r, b, 2, &sum));
		if ((b[0] | (uint32_t)b[1] << 8) != want)
			return bad_header();
	}
	r->sum = r->size = 0;
	r->member_in = 0;
	return NULL;
}

static err *check_end(struct gzip_reader *r)
{
	unsigned char tail[GZIP_TAIL];
	uint32_t words[2], unused = 0;
	bool more;

	TRY(need_bytes(r, tail, GZIP_TAIL, &unused));
	memcpy(words, tail, sizeof words);
	if (le32toh(words[0]) != r->sum || le32toh(words[1]) != r->size)
		return err_new(ERR_INVALID, "gzip: invalid checksum");
	TRY(read_header(r, &more));
	r->ended = !more;
	if (more && inflateReset(&r->z) != Z_OK)
		die_bug("inflateReset failed");
	return NULL;
}

/* Unpack until there is something, or the member ends. */
static err *inflate_some(struct gzip_reader *r, char *to, size_t n, size_t *got)
{
	int code;

	r->z.next_out = (unsigned char *)to;
	r->z.avail_out = n > INPUT * 32 ? INPUT * 32 : (unsigned)n;
	unsigned room = r->z.avail_out;

	do {
		if (r->at == r->n)
			TRY(refill(r));
		unsigned before = (unsigned)(r->n - r->at);

		r->z.next_in = r->input + r->at;
		r->z.avail_in = before;
		code = inflate(&r->z, Z_SYNC_FLUSH);
		r->at = r->n - r->z.avail_in;
		r->member_in += before - r->z.avail_in;
		if (code == Z_MEM_ERROR || code == Z_STREAM_ERROR)
			die_bug("inflate failed: %d", code);
		if (code == Z_DATA_ERROR || code == Z_NEED_DICT)
			return err_new(ERR_INVALID, "flate: corrupt input before offset %llu",
				       (unsigned long long)r->member_in);
		if (code != Z_STREAM_END && !before && r->z.avail_out == room)
			return truncated();
	} while (code != Z_STREAM_END && r->z.avail_out == room);
	*got = room - r->z.avail_out;
	r->sum = libdeflate_crc32(r->sum, to, *got);
	r->size += (uint32_t)*got;
	return code == Z_STREAM_END ? check_end(r) : NULL;
}

static err *gzip_read_some(struct stream *s, char *to, size_t n, size_t *got)
{
	struct gzip_reader *r = (struct gzip_reader *)s;
	err *e = r->failed;

	*got = 0;
	r->failed = NULL;
	while (!e && !r->ended && !*got)
		e = inflate_some(r, to, n, got);
	if (!e)
		return NULL;
	r->ended = true;
	if (!*got)
		return e;
	/* What came before the error comes out before it, as in Go. */
	r->ended = false;
	r->failed = e;
	return NULL;
}

err *gzip_open(struct gzip_reader **out, struct stream *from)
{
	struct gzip_reader *r = mem_calloc(1, sizeof *r);
	bool more = false;

	r->stream = (struct stream){ .read = gzip_read_some };
	r->from = from;
	err *e = read_header(r, &more);

	if (!e && !more)
		e = err_new(ERR_INVALID, "EOF");
	if (e) {
		free(r);
		return e;
	}
	/* Negative: the raw deflate format; the header is our business. */
	if (inflateInit2(&r->z, -MAX_WBITS) != Z_OK)
		die_bug("inflateInit failed");
	*out = r;
	return NULL;
}

struct stream *gzip_stream(struct gzip_reader *r)
{
	return &r->stream;
}

void gzip_close(struct gzip_reader *r)
{
	if (!r)
		return;
	inflateEnd(&r->z);
	err_free(r->failed);
	free(r);
}

/* ---- whole texts ------------------------------------------------------ */

static err *too_large(size_t max)
{
	err *e = err_new(ERR_INVALID, "decompressed data is larger than %zu bytes", max);

	err_set_code(e, ARCHIVE_TOO_LARGE);
	return e;
}

size_t gzip_claimed(str text)
{
	uint32_t size = 0;

	if (text.n >= GZIP_HEAD + GZIP_TAIL)
		memcpy(&size, text.p + text.n - sizeof size, sizeof size);
	return le32toh(size);
}

/* Where the data begin. 0 for headers that need a closer look. */
static size_t data_start(str text)
{
	size_t at = GZIP_HEAD;

	if (!gzip_is(text) || text.n < GZIP_HEAD + GZIP_TAIL)
		return 0;
	unsigned flags = (unsigned char)text.p[3];

	if (flags & GZIP_FLAG_CRC)
		return 0;
	if (flags & GZIP_FLAG_EXTRA)
		at += 2u + (unsigned char)text.p[at] + 256u * (unsigned char)text.p[at + 1];
	for (unsigned flag = GZIP_FLAG_NAME; flag <= GZIP_FLAG_COMMENT; flag <<= 1) {
		if (!(flags & flag))
			continue;
		size_t n = str_find_char(str_from(text, at), 0);

		if (n >= NAME_MAX_BYTES)
			return 0;
		at += n + 1;
	}
	return at + GZIP_TAIL <= text.n ? at : 0;
}

bool gzip_read_exact(str text, char *to, size_t n)
{
	size_t at = data_start(text), in, got;
	uint32_t sum;

	if (!at || n != gzip_claimed(text))
		return false;
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();

	if (!d)
		die_bug("out of memory for a decompressor");
	enum libdeflate_result result = libdeflate_deflate_decompress_ex(
		d, text.p + at, text.n - at - GZIP_TAIL, to, n, &in, &got);

	libdeflate_free_decompressor(d);
	memcpy(&sum, text.p + text.n - GZIP_TAIL, sizeof sum);
	return result == LIBDEFLATE_SUCCESS && in == text.n - at - GZIP_TAIL && got == n &&
	       le32toh(sum) == libdeflate_crc32(0, to, n);
}

static bool read_at_once(str text, size_t max, struct buf *out)
{
	size_t n = gzip_claimed(text);

	if (n > max || n / RATIO_MAX > text.n)
		return false;
	char *to = buf_reserve(out, n);
	bool all = gzip_read_exact(text, to, n);

	if (all)
		out->n += n;
	out->p[out->n] = 0;
	return all;
}

/* Members that unpack to no more than that are read in one go each. */
enum { MEMBERS_MAX = 1 << 20 };

/* Several members, one after the other, into room that is made for all of them, and more
 * as it turns out to be needed. False for what is not sound, or long. */
static bool read_members(str text, size_t limit, struct buf *out)
{
	size_t max = limit < MEMBERS_MAX ? limit : MEMBERS_MAX;
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	size_t start = out->n, room = text.n < max / 8 ? text.n * 8 : max;
	enum libdeflate_result result = LIBDEFLATE_SUCCESS;

	if (!d)
		die_bug("out of memory for a decompressor");
	while (text.n && result == LIBDEFLATE_SUCCESS) {
		if (!data_start(text)) {	/* Go may refuse it */
			result = LIBDEFLATE_BAD_DATA;
			break;
		}
		size_t in, got, left = max - (out->n - start);
		char *to = buf_reserve(out, room < left ? room : left);

		result = libdeflate_gzip_decompress_ex(d, text.p, text.n, to,
						       room < left ? room : left, &in, &got);
		if (result == LIBDEFLATE_INSUFFICIENT_SPACE && room < left) {
			room = room * 2 + text.n;
			result = LIBDEFLATE_SUCCESS;
			continue;
		}
		if (result == LIBDEFLATE_SUCCESS) {
			out->n += got;
			room = room > got ? room - got : 0;
			text = str_from(text, in);
		}
	}
	libdeflate_free_decompressor(d);
	if (result != LIBDEFLATE_SUCCESS)
		out->n = start;
	if (buf_reserve(out, 0))
		out->p[out->n] = 0;
	return result == LIBDEFLATE_SUCCESS;
}

/* Go through all of it and count; keep what comes where `out` is given. */
static err *pass(str text, size_t max, struct buf *out, size_t *total)
{
	struct gzip_reader *r;
	struct stream_text from;
	char piece[16 << 10];
	size_t got = 1;
	err *e;

	*total = 0;
	stream_text_init(&from, text);
	TRY(gzip_open(&r, &from.stream));
	while (!(e = r->stream.read(&r->stream, piece, sizeof piece, &got)) && got) {
		*total += got;
		if (*total > max) {
			e = too_large(max);
			break;
		}
		if (out)
			buf_bytes(out, piece, got);
	}
	gzip_close(r);
	return e;
}

err *gzip_read(str text, size_t max, struct buf *out)
{
	size_t limit = out->max ? out->max : BUF_MAX, start = out->n, total;

	if (out->full)
		return too_large(limit);
	if (max > limit - start)
		max = limit - start;
	if (read_at_once(text, max, out) || (gzip_is(text) && read_members(text, max, out)))
		return NULL;
	TRY(pass(text, max, NULL, &total));
	buf_reserve(out, total);
	err *e = pass(text, max, out, &total);

	if (e)
		buf_trim(out, start);
	return e;
}
