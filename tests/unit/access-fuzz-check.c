/* The corpus of the fuzz target. */
#include "../fuzz/check.c"
#define CORPUS "tests/fuzz/corpus/check"
#include "../fuzz/replay.h"
