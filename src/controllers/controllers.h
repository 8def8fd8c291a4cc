/* controllers - the controllers there are, each in a file of its own.
 *
 * A new one: a line here, and one in controllers.c. Constant: any thread.
 */
#ifndef CONTROLLERS_CONTROLLERS_H
#define CONTROLLERS_CONTROLLERS_H

#include "controllers/runtime.h"

extern const struct controller artifactgenerator_controller;
extern const struct controller bucket_controller;
extern const struct controller gitrepository_controller;
extern const struct controller helmchart_controller;
extern const struct controller helmrepository_controller;
extern const struct controller helmrelease_controller;
extern const struct controller kustomization_controller;
extern const struct controller ocirepository_controller;

/* All of them, sources first. */
const struct controller *const *controllers_flux(size_t *n);

#endif
