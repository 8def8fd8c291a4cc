/* tokens - Secrets that hold a token of a service account.
 *
 * A Secret of type kubernetes.io/service-account-token names its account in an
 * annotation. It is filled with a token that lives as long as the account, the
 * authority's certificate and the namespace; without its account it is removed.
 */
#ifndef SERVER_TOKENS_H
#define SERVER_TOKENS_H

#include "server/minder.h"

extern const struct controller tokens_controller;

#endif
