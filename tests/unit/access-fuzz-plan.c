/* The corpus of the fuzz target. */
#include "../fuzz/plan.c"
#define CORPUS "tests/fuzz/corpus/plan"
#include "../fuzz/replay.h"
