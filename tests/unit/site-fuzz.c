/* The corpus of the fuzz target. */
#include "../fuzz/cf.c"
#define CORPUS "tests/fuzz/corpus/cf"
#include "../fuzz/replay.h"
