/* The corpus of the fuzz target. */
#include "../fuzz/host.c"
#define CORPUS "tests/fuzz/corpus/host"
#include "../fuzz/replay.h"
