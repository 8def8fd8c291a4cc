/* structural_email - whether a text is one address of mail.
 *
 * The rules are those of Go's net/mail: RFC 5322 with names, comments and
 * quoted parts, UTF-8 allowed, and a group of one. Any thread.
 */
#ifndef SCHEMA_STRUCTURAL_EMAIL_H
#define SCHEMA_STRUCTURAL_EMAIL_H

#include "base/str.h"

bool structural_email_fits(str s);

#endif
