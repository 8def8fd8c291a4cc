/* openapi - the types of all kinds, as documents.
 *
 * /openapi/v2 (JSON, and protobuf for old kubectl) and /openapi/v3 with a
 * document for each group and version, made from the tables of types, the
 * rows of kinds and the schemas of CRDs. Built-in fields have short
 * descriptions of their own, made from their names.
 *
 * Documents are made when they are asked for; what is kept is their hash,
 * until the registry changes.
 */
#ifndef SERVER_OPENAPI_H
#define SERVER_OPENAPI_H

#include "server/endpoint.h"

extern const struct endpoint openapi_endpoints[];

#endif
