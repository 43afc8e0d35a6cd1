package masterkey_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/masterkey"
)

// The first run makes the file; later runs, and other processes, read it.
func ExampleMake() {
	dir, err := os.MkdirTemp("", "apcsim")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for range 2 {
		key, made, err := masterkey.Make(filepath.Join(dir, "store.lmk"))
		if err != nil {
			fmt.Println(err)
			return
		}
		device := hsm.NewSoftware(&hsm.SoftwareOptions{MasterKey: key})
		clear(key[:])
		fmt.Println("made", made)
		device.Close()
	}
	// Output:
	// made true
	// made false
}
