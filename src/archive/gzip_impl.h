/* gzip_impl - the header, as both ways of reading see it. */
#ifndef ARCHIVE_GZIP_IMPL_H
#define ARCHIVE_GZIP_IMPL_H

enum {
	GZIP_ID1 = 0x1f,
	GZIP_ID2 = 0x8b,
	GZIP_DEFLATE = 8,
	GZIP_FLAG_CRC = 1 << 1,
	GZIP_FLAG_EXTRA = 1 << 2,
	GZIP_FLAG_NAME = 1 << 3,
	GZIP_FLAG_COMMENT = 1 << 4,
	GZIP_HEAD = 10,		/* fixed bytes before the data */
	GZIP_TAIL = 8,		/* sum and size behind it */
	GZIP_LEVEL = 6,
};

#endif
