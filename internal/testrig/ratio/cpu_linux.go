package ratio

import (
	"time"

	"golang.org/x/sys/unix"
)

// processorTime is how long this thread has had a processor.
func processorTime() time.Duration {
	var used unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Nano())
}
