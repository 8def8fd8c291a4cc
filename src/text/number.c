#include "text/number.h"
