/* controllers - all of them. */
#include "controllers/controllers.h"

const struct controller *const *controllers_flux(size_t *n)
{
	static const struct controller *const all[] = {
		&gitrepository_controller,
		&ocirepository_controller,
		&bucket_controller,
		&helmrepository_controller,
		&helmchart_controller,
		&artifactgenerator_controller,
		&kustomization_controller,
		&helmrelease_controller,
	};

	*n = sizeof all / sizeof *all;
	return all;
}
