// Command gen writes the Go types of the service from internal/facts: the
// enumerations and shared structures into package apc, the requests, answers and
// structures of a plane with the checks of their shapes into the plane's package, and a
// client of the data plane for tests.
//
//	go generate ./internal/gen           write every types_gen.go anew
//	go run ./internal/gen -spec DIR      write internal/facts anew from the descriptions in DIR
package main

//go:generate go run . -root ../..

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed748fb4d1/apcsim/internal/facts"
)

func main() {
	root := flag.String("root", ".", "folder of the module")
	spec := flag.String("spec", "", "folder of the service's descriptions, from which internal/facts is written")
	flag.Parse()
	var err error
	if *spec != "" {
		err = facts.Write(*spec, filepath.Join(*root, "internal", "facts"))
	} else {
		err = write(*root)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func write(root string) error {
	for _, p := range published(facts.Control(), facts.Data()) {
		text, err := p.generate()
		if err != nil {
			return fmt.Errorf("%s: %w", p.pkg, err)
		}
		if err := os.WriteFile(p.file(root), text, 0o644); err != nil {
			return err
		}
	}
	client, err := clientOf(facts.Data())
	if err != nil {
		return err
	}
	return os.WriteFile(clientFile(root), client, 0o644)
}
