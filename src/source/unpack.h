/* unpack - compressed archives written into a directory, and nowhere else.
 *
 * Artifacts of other controllers, OCI layers and our own stored files are
 * unpacked here. Names are checked before anything is made (archive/name.h);
 * the directory is a struct fs, so that no path leads out of it; nothing is
 * written twice, no link is made or followed, set-uid bits, owners and times
 * are not taken over. The whole is refused at the first thing that is wrong;
 * the caller removes what was written so far. Texts are those of Flux's tar
 * package. Any thread.
 */
#ifndef SOURCE_UNPACK_H
#define SOURCE_UNPACK_H

#include "archive/tgz.h"
#include "base/fs.h"
#include "source/filelist.h"

struct unpack_options {
	struct tgz_limits limits;
	bool skip_links; /* else a symbolic link is an error */
};

/* `text` is the archive; `o` may be NULL. */
err *unpack_tgz(const struct fs *to, str text, const struct unpack_options *o)
	__attribute__((warn_unused_result));

/* The same files, held in the list's arena and added to it: for archives that
 * are small, which `o->limits` should see to. Nothing is written. */
err *unpack_list(struct filelist *l, str text, const struct unpack_options *o)
	__attribute__((warn_unused_result));

#endif
