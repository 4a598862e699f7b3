/* The corpus of the fuzz target. */
#include "../fuzz/maillog.c"
#define CORPUS "tests/fuzz/corpus/maillog"
#include "../fuzz/replay.h"
