/* custom - custom resources, from their CustomResourceDefinition.
 */
#ifndef SERVER_CUSTOM_H
#define SERVER_CUSTOM_H

#include "schema/structural.h"

/* Metadata as the API server decodes it. */
extern const struct structural_meta custom_meta;

#endif
