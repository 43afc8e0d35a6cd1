package main

import (
	"bufio"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// waitFor reads the log until a line has a text.
func waitFor(t *testing.T, log *bufio.Reader, text string) {
	t.Helper()
	for {
		line, err := log.ReadString('\n')
		if err != nil {
			t.Fatalf("the log ends without %q: %v", text, err)
		}
		if strings.Contains(line, text) {
			return
		}
	}
}

// TestAStopEndsTheReadingOfTheConfiguration: a FIFO without a writer holds up the
// opening of the file.
func TestAStopEndsTheReadingOfTheConfiguration(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "config.fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		reader, stderr := pipe(t)
		c := exec.CommandContext(t.Context(), build(t), "serve", "--listen", "127.0.0.1:0", "--log-level", "debug", "--config", fifo)
		c.Stderr = stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		stderr.Close()
		kill := time.AfterFunc(20*time.Second, func() { c.Process.Kill() })
		log := bufio.NewReader(reader)
		waitFor(t, log, "reading the configuration")
		if err := c.Process.Signal(signal); err != nil {
			t.Error(err)
		}
		waitFor(t, log, "stopped before it listened")
		c.Wait()
		kill.Stop()
		if got := c.ProcessState.ExitCode(); got != exitOK {
			t.Errorf("%v: status %d, want %d", signal, got, exitOK)
		}
	}
}

func TestWhatHangsIsNotWaitedForOnceTheContextHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	hanging := make(chan struct{})
	defer close(hanging)
	_, err := await(ctx, time.Millisecond, func() (int, error) {
		cancel()
		<-hanging
		return 1, nil
	})
	if !errors.Is(err, errNoAnswer) {
		t.Errorf("got %v, want %v", err, errNoAnswer)
	}
	got, err := await(ctx, long, func() (int, error) { return 2, nil })
	if got != 2 || err != nil {
		t.Errorf("in time: got %d, %v", got, err)
	}
}
