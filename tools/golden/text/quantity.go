package main

import (
	"fmt"
	"strconv"

	"k8s.io/apimachinery/pkg/api/resource"
)

// A text that often is a quantity.
func quantityText(r *random) string {
	text := r.pick("", "", "", "-", "+")
	switch r.below(10) {
	case 0:
		return text + r.text("0123456789.-+eEinumkKMGTP _", 8)
	case 1:
		text += r.text("0123456789", 40)
	case 2:
		text += r.text("0123456789", 25) + "." + r.text("0123456789", 25)
	case 3, 4, 5:
		text += r.text("0123456789", 5) + "." + r.text("0123456789", 5)
	case 6:
		text += r.pick("1", "5", "1024", "1048576", "3072") + r.pick("", "0", "00", "000", "000000")
	default:
		text += r.text("0123456789", 5)
	}
	switch r.below(8) {
	case 0:
		return text
	case 1:
		return text + r.pick("e", "E") + r.pick("", "-", "+") + r.text("0123456789", 1)
	case 2:
		return text + r.pick("e", "E") + r.pick("", "-") + r.text("12", 2)
	case 3, 4:
		return text + r.pick("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
	}
	return text + r.pick("n", "u", "m", "k", "M", "G", "T", "P", "E", "ki", "K", "mi")
}

func describe(q resource.Quantity) string {
	i, small := q.AsInt64()
	if !small {
		i = 0
	}
	return fmt.Sprintf("%s %d %v %d %d %d %s %s", q.String(), q.Sign(), small, i, q.Value(), q.MilliValue(),
		strconv.FormatFloat(q.AsApproximateFloat64(), 'g', -1, 64), q.Format[:8])
}

func quantities() {
	record("text", 50000, func(r *random) string {
		q, err := resource.ParseQuantity(quantityText(r))
		if err != nil {
			return err.Error()
		}
		return describe(q)
	})
	record("pair", 50000, func(r *random) string {
		x, err1 := resource.ParseQuantity(quantityText(r))
		y, err2 := resource.ParseQuantity(quantityText(r))
		if err1 != nil || err2 != nil {
			return "error"
		}
		sum, difference := x.DeepCopy(), x.DeepCopy()
		sum.Add(y.DeepCopy())
		difference.Sub(y.DeepCopy())
		negative := y.DeepCopy()
		negative.Neg()
		return fmt.Sprintf("%d %s, %s, %s", x.Cmp(y), describe(sum), describe(difference), describe(negative))
	})
	record("scaled", 20000, func(r *random) string {
		n := r.next()
		value, scale := int64(n)>>r.below(64), r.below(40)-20
		q := resource.NewScaledQuantity(value, resource.Scale(scale))
		q.Format = resource.Format(r.pick("BinarySI", "DecimalSI", "DecimalExponent"))
		return describe(*q)
	})
}
