/* askpass - the passphrase of an SSH key, told to ssh when it asks.
 *
 * ssh asks a program of our choice. That is this program itself, under the
 * name of a link (ASKPASS_NAME) which gitssh makes beside the key: main sees
 * the name and calls askpass_main, which prints the file that the
 * environment names. So the passphrase is in no argument and no environment.
 */
#ifndef SOURCE_ASKPASS_H
#define SOURCE_ASKPASS_H

#define ASKPASS_NAME     "rill-askpass"
#define ASKPASS_VARIABLE "RILL_ASKPASS"

/* What the program's exit status is to be. */
int askpass_main(void);

#endif
