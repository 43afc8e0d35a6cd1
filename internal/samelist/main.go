// Samelist holds every backend and store to the same list of tests: it runs the
// tests of some packages on the software backend and the memory store, and
// elsewhere, counts them, and fails when a test that ran there did not run
// elsewhere without a reason in the table of exceptions.
//
//	go run ./internal/samelist -on "awkward softhsm software+bolt" ./engine ./endpoint
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

func main() {
	on := flag.String("on", "", "where besides software, between spaces: a backend as APCSIM_TEST_HSM names it, and + a store as APCSIM_TEST_STORE does")
	table := flag.String("exceptions", "internal/simtest/exceptions.txt", "the table of tests that do not run on a backend")
	command := flag.String("go", "go", "the go command")
	flag.Parse()
	file, err := os.Open(*table)
	if err != nil {
		fatal(err)
	}
	exceptions, err := parseExceptions(file)
	file.Close()
	if err != nil {
		fatal(fmt.Errorf("%s: %w", *table, err))
	}
	run := func(backend string, flags ...string) (list, error) {
		return test(*command, backend, append(flags, flag.Args()...))
	}
	if !sameEverywhere(os.Stdout, run, strings.Fields(*on), exceptions) {
		os.Exit(1)
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "samelist:", err)
	os.Exit(1)
}

// sameEverywhere runs the tests on every backend, prints the counts and whatever
// is wrong, and tells whether all is well. Devices are asked afresh each time:
// the cache of go test knows nothing of the libraries behind them.
func sameEverywhere(w io.Writer, run func(backend string, flags ...string) (list, error), others []string, exceptions []exception) bool {
	const software = "software"
	base, err := run(software)
	if err != nil {
		fmt.Fprintf(w, "on %s: %v\n", software, err)
		return false
	}
	well := true
	for _, backend := range others {
		got, err := run(backend, "-count=1")
		fmt.Fprintf(w, "on %s: %v; on %s: %v\n", backend, got, software, base)
		faults := base.compare(backend, got, exceptions)
		if err != nil {
			faults = append(faults, err.Error())
		}
		for _, fault := range faults {
			fmt.Fprintf(w, "on %s: %s\n", backend, fault)
		}
		well = well && len(faults) == 0
	}
	return well
}

// test runs go test on a backend, and a store if there is one behind a plus
// sign. What fails is printed as go test would.
func test(command, backend string, arguments []string) (list, error) {
	cmd := exec.Command(command, append([]string{"test", "-json"}, arguments...)...)
	backend, store, _ := strings.Cut(backend, "+")
	cmd.Env = append(os.Environ(), "APCSIM_TEST_HSM="+backend, "APCSIM_TEST_STORE="+store)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	got, err := readEvents(out, os.Stdout)
	if failed := cmd.Wait(); err == nil && failed != nil {
		err = fmt.Errorf("go test failed: %w", failed)
	}
	return got, err
}
