/* pem - blocks of base64 between dashes, as Go's encoding/pem finds them.
 *
 * What is no block is skipped. Any thread.
 */
#ifndef CRYPTO_PEM_H
#define CRYPTO_PEM_H

#include "base/buf.h"

struct pem_block {
	str type;		/* "CERTIFICATE"; borrowed from the text */
	bool headers;		/* there were some */
};

/* The next block and its bytes; `text` is then what is behind it. */
bool pem_next(str *text, struct pem_block *out, struct buf *bytes);

#endif
