#include "schema/type.h"

const struct type_field *type_field(const struct type *t, str name)
{
	size_t low = 0, high = t ? t->fields_n : 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = str_cmp(t->fields[mid].name, name);

		if (c == 0)
			return &t->fields[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const struct type *type_below(const struct type *t, str key)
{
	const struct type_field *f = type_field(t, key);

	if (f)
		return f->type;
	return t ? t->values : NULL;
}
