#include "learn/moves.h"

#include <math.h>

#define REAL double
#define ROOT sqrt
#define NAME(x) x##_f64
#include "learn/moves_of.h"
