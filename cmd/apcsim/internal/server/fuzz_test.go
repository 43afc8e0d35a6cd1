package server

import (
	"os"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// FuzzConfig reads any configuration, and loads what it understands: no panic, and
// no error that holds what could be a key, or the secret of a caller.
func FuzzConfig(f *testing.F) {
	example, err := os.ReadFile(exampleConfig)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(example))
	f.Add(zoneKey)
	f.Add(`{"callers":{"A":{"account":"111122223333","secret":"` + marked + `"}}}`)
	f.Add(`{"callers":{"` + marked + `":{"account":"111122223333","arn":"` + marked + `"}}}`)
	f.Add(`{"limits":{"Keys":1,"TokenLife":"` + marked + `"},"` + marked + `":[]}`)
	f.Add(`{"keys":[{"` + canary + `":[{}],"components":["` + canary + `","` + marked + `"]}]}`)
	f.Add(`{"keys":[{"alias":"alias/` + canary + `","components":["` + canary + `"],"Tags":[{"Key":"` + canary + `"}]}]}`)
	f.Add(`{"A00000":{"":0,"A000000":"","A000000":""}}`) // a key over two names
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<16 {
			return
		}
		c, err := ParseConfig([]byte(text))
		if err == nil {
			err = load(t, c)
		}
		if err != nil && err.Error() == errUnchecked.Error() {
			t.Errorf("%q: encoding/json refuses what was checked", text)
		}
		if err != nil && (strings.Contains(err.Error(), marked) || wording.WithoutKeys(err.Error()) != err.Error()) {
			t.Errorf("%q: the error repeats it: %v", text, err)
		}
	})
}

// marked begins what the fuzzer takes for a secret that is no hexadecimal.
const marked = "S3cret~"

// load opens a simulator with a configuration and closes it.
func load(t *testing.T, c *Config) error {
	s := &Server{options: Options{Config: c}}
	if err := s.prepare(); err != nil {
		return err
	}
	w, err := s.newWorld(t.Context())
	if err != nil {
		return err
	}
	return w.close()
}
