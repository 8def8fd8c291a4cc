/* Packing. */
#include <endian.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <zlib.h>

#include "archive/gzip.h"
#include "archive/gzip_impl.h"
#include "base/die.h"

/* Up to so many bytes are held to be compressed in one go, which is twice as
 * fast and a little shorter. */
enum { HELD_MAX = 32 << 20, OUTPUT = 64 << 10 };

struct gzip_writer {
	struct sink sink;
	struct sink *to;
	int level;
	struct gzip_packer *packer;	/* NULL: one of its own is made */
	struct buf held;
	bool streaming;
	z_stream z;
	gz_header head;
	char output[OUTPUT];
};

static int level_of(int level)
{
	return level > 0 && level <= 9 ? level : GZIP_LEVEL;
}

struct gzip_packer {
	struct libdeflate_compressor *c;
};

struct gzip_packer *gzip_packer_new(int level)
{
	struct gzip_packer *p = mem_calloc(1, sizeof *p);

	p->c = libdeflate_alloc_compressor(level_of(level));
	if (!p->c)
		die_bug("out of memory for a compressor");
	return p;
}

err *gzip_pack(struct gzip_packer *p, str bytes, struct buf *out)
{
	size_t bound = libdeflate_gzip_compress_bound(p->c, bytes.n);
	char *to = mem_alloc(bound);
	size_t n = libdeflate_gzip_compress(p->c, bytes.n ? bytes.p : "", bytes.n, to, bound);

	buf_bytes(out, to, n);
	free(to);
	return buf_check(out, "compressed data");
}

void gzip_packer_free(struct gzip_packer *p)
{
	if (!p)
		return;
	libdeflate_free_compressor(p->c);
	free(p);
}

err *gzip_write(str bytes, int level, struct buf *out)
{
	struct gzip_packer *p = gzip_packer_new(level);
	err *e = gzip_pack(p, bytes, out);

	gzip_packer_free(p);
	return e;
}

static err *flush_held(struct gzip_writer *w)
{
	CLEANUP(buf_release) struct buf packed = BUF_INIT;

	TRY(w->packer ? gzip_pack(w->packer, buf_str(&w->held), &packed)
		      : gzip_write(buf_str(&w->held), w->level, &packed));
	return sink_write(w->to, buf_str(&packed));
}

static err *deflate_some(struct gzip_writer *w, str bytes, int flush)
{
	int code;

	do {
		/* zlib counts in 32 bits. */
		size_t n = bytes.n > INT32_MAX ? INT32_MAX : bytes.n;
		int how = n < bytes.n ? Z_NO_FLUSH : flush;

		w->z.next_in = (unsigned char *)(uintptr_t)bytes.p;
		w->z.avail_in = (unsigned)n;
		bytes = str_from(bytes, n);
		do {
			w->z.next_out = (unsigned char *)w->output;
			w->z.avail_out = OUTPUT;
			code = deflate(&w->z, how);
			if (code == Z_STREAM_ERROR)
				die_bug("deflate failed");
			size_t got = OUTPUT - w->z.avail_out;

			if (got)
				TRY(sink_write(w->to, str_of(w->output, got)));
		} while (!w->z.avail_out);
	} while (bytes.n);
	return NULL;
}

static err *start_streaming(struct gzip_writer *w)
{
	if (deflateInit2(&w->z, level_of(w->level), Z_DEFLATED, MAX_WBITS + 16, 9,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		die_bug("out of memory for a compressor");
	/* No name, no time, system unknown: as gzip_write. */
	w->head.os = 255;
	deflateSetHeader(&w->z, &w->head);
	w->streaming = true;
	err *e = deflate_some(w, buf_str(&w->held), Z_NO_FLUSH);

	buf_release(&w->held);
	return e;
}

static err *gzip_sink_write(struct sink *s, str bytes)
{
	struct gzip_writer *w = (struct gzip_writer *)s;

	if (!w->streaming && bytes.n <= HELD_MAX - w->held.n) {
		buf_add(&w->held, bytes);
		return NULL;
	}
	if (!w->streaming)
		TRY(start_streaming(w));
	return deflate_some(w, bytes, Z_NO_FLUSH);
}

struct gzip_writer *gzip_writer_new(struct sink *to, int level)
{
	struct gzip_writer *w = mem_calloc(1, sizeof *w);

	w->sink.write = gzip_sink_write;
	w->to = to;
	w->level = level;
	w->held = (struct buf)BUF_LIMIT(HELD_MAX);
	return w;
}

void gzip_writer_use(struct gzip_writer *w, struct gzip_packer *p)
{
	w->packer = p;
}

struct sink *gzip_sink(struct gzip_writer *w)
{
	return &w->sink;
}

err *gzip_finish(struct gzip_writer *w)
{
	return w->streaming ? deflate_some(w, STR_NONE, Z_FINISH) : flush_held(w);
}

void gzip_writer_free(struct gzip_writer *w)
{
	if (!w)
		return;
	if (w->streaming)
		deflateEnd(&w->z);
	buf_release(&w->held);
	free(w);
}
