/* rill - one program under several names. What it is called decides which
 * command tree it runs; everything else is in cli/. */
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "source/askpass.h"

static const struct command *const roots[] = {
	&rill_root,
	&flux_root,
	&helm_root,
	&kustomize_root,
};

int main(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	str name = str_c(slash ? slash + 1 : argc ? argv[0] : "");

	if (str_eq(name, S(ASKPASS_NAME)))
		return askpass_main();
	for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
		if (str_eq(command_name(roots[i]), name))
			return command_main(roots[i], argc, argv, environ);
	return command_main(&rill_root, argc, argv, environ);
}
