//go:build !linux

package ratio

import "time"

var begun = time.Now()

// processorTime is the time that has passed, where that of a thread is not known.
func processorTime() time.Duration { return time.Since(begun) }
