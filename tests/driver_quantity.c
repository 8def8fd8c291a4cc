#include "driver.h"
#include "text/quantity.h"

static err *run_quantity(struct arena *a, node request, node *output)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct quantity q;

	TRY(quantity_parse(a, driver_text(a, request, "text"), &q));
	quantity_add_text(&b, &q);
	*output = node_copy_str(a, buf_str(&b));
	return NULL;
}

static err *run_quantity_cmp(struct arena *a, node request, node *output)
{
	struct quantity x, y;

	TRY(quantity_parse(a, driver_text(a, request, "a"), &x));
	TRY(quantity_parse(a, driver_text(a, request, "b"), &y));
	*output = node_from_int(quantity_cmp(&x, &y));
	return NULL;
}

const struct driver_op driver_quantity_ops[] = {
	{ "quantity", run_quantity },
	{ "quantity-cmp", run_quantity_cmp },
	{ 0 },
};
