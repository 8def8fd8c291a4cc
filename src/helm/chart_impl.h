/* chart_impl - shared by the files of the chart module. */
#ifndef HELM_CHART_IMPL_H
#define HELM_CHART_IMPL_H

#include "helm/chart.h"

/* Without a UTF-8 byte order mark. */
str chart_without_bom(str data);
/* Fail unless Chart.yaml names an apiVersion that there is. */
err *chart_check_api(struct arena *a, str chart_yaml) __attribute__((warn_unused_result));

#endif
