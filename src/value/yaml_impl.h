/* yaml_impl - what the parts of the YAML reader share. Private to yaml_*.c. */
#ifndef VALUE_YAML_IMPL_H
#define VALUE_YAML_IMPL_H

#include "value/yaml.h"

/* What a plain scalar means. `value` is set for nulls, booleans and numbers;
 * without `times`, timestamps are texts. */
enum node_kind yaml_plain(str s, enum yaml_rules rules, bool times, node *value);
bool yaml_is_timestamp(str s);

#endif
