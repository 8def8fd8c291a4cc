/* openapi_docs - the OpenAPI documents, as trees.
 *
 * Version 2 is one document about everything, version 3 has one for each
 * group and version. Both are made from the same rows of kinds and tables of
 * types; custom resources bring their schemas (custom.h). What the originals
 * publish is followed in what programs read: names and kinds of definitions,
 * fields, types, formats, defaults, list types and keys, merge keys, paths
 * with their verbs and parameters. Descriptions are our own. The deprecated
 * watch paths are served, but not described. Any thread.
 */
#ifndef SERVER_OPENAPI_DOCS_H
#define SERVER_OPENAPI_DOCS_H

#include "server/discovery_docs.h"

/* /openapi/v2. */
node openapi_v2(struct arena *a, const struct discovery_rows *rows);
/* /openapi/v3/apis/GROUP/VERSION; NODE_NONE when nothing is served there. */
node openapi_v3(struct arena *a, const struct discovery_rows *rows, str group, str version);

/* The v2 document in protobuf, as gnostic's messages have it: what kubectl
 * before 1.27 asks for. */
void openapi_gnostic(struct buf *b, node document);
/* A v3 document, likewise. */
void openapi_gnostic3(struct buf *b, node document);

#endif
