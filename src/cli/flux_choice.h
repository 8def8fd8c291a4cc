/* flux_choice - flags that take one of a few words.
 *
 * Each kind of value has its own complaint in flux; the row of the flag names
 * the type, and its slot is a str.
 */
#ifndef CLI_FLUX_CHOICE_H
#define CLI_FLUX_CHOICE_H

#include "cli/flags.h"

extern const struct flag_type choice_git_provider;
extern const struct flag_type choice_oci_provider;
extern const struct flag_type choice_bucket_provider;
extern const struct flag_type choice_verify_provider;
extern const struct flag_type choice_decryption_provider;
extern const struct flag_type choice_crds;
extern const struct flag_type choice_receiver;
extern const struct flag_type choice_key_algorithm;
extern const struct flag_type choice_curve;
extern const struct flag_type choice_log_level;
/* An int64_t: bits of an RSA key. */
extern const struct flag_type choice_rsa_bits;
/* "./path", kept below the directory it stands for. */
extern const struct flag_type choice_path;
/* "[Kind/]name[.namespace]" of a Kustomization, "Kind/name" of a HelmChart:
 * a struct choice_source. */
extern const struct flag_type choice_kustomization_source;
extern const struct flag_type choice_chart_source;
extern const struct flag_type choice_release_source;

struct choice_source {
	str kind, name, namespace;
};

/* The parts of "kind/name" and of "name.namespace", as flux takes references apart. */
void choice_split(str value, str *kind, str *name);
void choice_split_namespace(str *name, str *namespace);

#endif
