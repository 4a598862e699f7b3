/* The corpus of the fuzz target. */
#include "../fuzz/value.c"
#define CORPUS "tests/fuzz/corpus/value"
#include "../fuzz/replay.h"
