/* tar_impl - the layout of a header block. */
#ifndef ARCHIVE_TAR_IMPL_H
#define ARCHIVE_TAR_IMPL_H

#include <stdint.h>

struct tar_field {
	uint16_t at, n;
};

#define TAR_F(offset, size) ((struct tar_field){ (offset), (size) })
#define TAR_NAME TAR_F(0, 100)
#define TAR_MODE TAR_F(100, 8)
#define TAR_UID TAR_F(108, 8)
#define TAR_GID TAR_F(116, 8)
#define TAR_SIZE TAR_F(124, 12)
#define TAR_MTIME TAR_F(136, 12)
#define TAR_SUM TAR_F(148, 8)
#define TAR_TYPE 156
#define TAR_LINK TAR_F(157, 100)
#define TAR_MAGIC TAR_F(257, 6)
#define TAR_VERSION TAR_F(263, 2)
#define TAR_MAJOR TAR_F(329, 8)
#define TAR_MINOR TAR_F(337, 8)
#define TAR_PREFIX TAR_F(345, 155)
#define TAR_STAR_PREFIX TAR_F(345, 131)
#define TAR_STAR_ATIME TAR_F(476, 12)
#define TAR_STAR_CTIME TAR_F(488, 12)
#define TAR_STAR_TRAILER TAR_F(508, 4)
#define TAR_GNU_ATIME TAR_F(345, 12)
#define TAR_GNU_CTIME TAR_F(357, 12)

#endif
