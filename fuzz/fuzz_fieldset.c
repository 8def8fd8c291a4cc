/* The value of fieldsV1, as JSON. */
#include "base/die.h"
#include "kube/fieldset.h"
#include "value/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(1 << 20);
	struct fieldset *s, *again;
	node doc;
	err *e = json_read(&a, str_of((const char *)data, size), NULL, &doc);

	if (!e)
		e = fieldset_read(&a, doc, &s);
	if (!e) {
		e = fieldset_read(&a, fieldset_write(&a, s), &again);
		if (e || !fieldset_equal(s, again))
			die_bug("a set that was written reads back as another");
		if (!fieldset_is_empty(fieldset_minus(&a, s, s)) ||
		    !fieldset_equal(fieldset_common(&a, s, s), s) ||
		    !fieldset_equal(fieldset_union(&a, s, fieldset_new(&a)), s))
			die_bug("a set and itself");
	}
	err_free(e);
	arena_release(&a);
	return 0;
}
