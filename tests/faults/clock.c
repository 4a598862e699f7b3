/*
 * clock.so: preloaded, shows another time of day.
 *
 *   CLOCK=SECONDS    since 1970, where it stands still
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long
shown(void)
{
	const char *at = getenv("CLOCK");

	return at == NULL ? 0 : strtoll(at, NULL, 10);
}

time_t
time(time_t *into)
{
	time_t now = (time_t)shown();

	if (into != NULL)
		*into = now;
	return now;
}

int
clock_gettime(clockid_t clock, struct timespec *into)
{
	if (clock != CLOCK_REALTIME)
		return (int)syscall(SYS_clock_gettime, clock, into);
	*into = (struct timespec){ (time_t)shown(), 0 };
	return 0;
}
