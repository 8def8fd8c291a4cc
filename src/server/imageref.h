/* imageref - what a container image's name says about its tag.
 *
 * As distribution's reference.ParseNormalizedNamed: names without a domain
 * belong to the default registry, and upper case is only good in a domain.
 * Any thread.
 */
#ifndef SERVER_IMAGEREF_H
#define SERVER_IMAGEREF_H

#include "base/str.h"

/* The tag: as written, "latest" where there is neither tag nor digest, and
 * empty for a digest alone and for what is no image name. */
str imageref_tag(str image);

#endif
