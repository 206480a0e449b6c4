#include "learn/moves.h"

#include <math.h>

#define REAL float
#define ROOT sqrtf
#define NAME(x) x##_f32
#include "learn/moves_of.h"
