/* helm_verify - whether a chart is what its maker signed.
 *
 * The provenance file beside an archive, the keys of a keyring, GnuPG. What
 * cannot be checked does not count as checked. Worker-local.
 */
#ifndef CLI_HELM_VERIFY_H
#define CLI_HELM_VERIFY_H

#include "cli/helm.h"

/* --keyring, else $GNUPGHOME's or the user's own public keys. */
str helm_keyring(struct cli *c, str flag);
/* An archive named `name`; *report is what Helm says of it. */
err *helm_verify(struct cli *c, str archive, str prov, str name, str keyring, str *report)
	__attribute__((warn_unused_result));
/* One that lies at `path`, with PATH.prov. */
err *helm_verify_path(struct cli *c, str path, str keyring, str *report)
	__attribute__((warn_unused_result));

#endif
