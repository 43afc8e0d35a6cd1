package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// variable is the name of the environment variable for a flag: APCSIM_CONTROL_TOKEN for
// --control-token.
func variable(name string) string {
	return "APCSIM_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// repeated are the flags that may be given several times: in a variable, with commas.
var repeated = map[string]bool{"allow-origin": true, "allow-host": true}

// fromEnvironment sets the flags that the command line does not have and the environment
// does. An empty variable is none.
func fromEnvironment(fs *flag.FlagSet) (err error) {
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if given["quiet"] || given["log-level"] { // they exclude each other
		given["quiet"], given["log-level"] = true, true
	}
	fs.VisitAll(func(f *flag.Flag) {
		text := os.Getenv(variable(f.Name))
		if err != nil || text == "" || given[f.Name] {
			return
		}
		values := []string{text}
		if repeated[f.Name] {
			values = strings.Split(text, ",")
		}
		for _, value := range values {
			if failed := fs.Set(f.Name, value); failed != nil && err == nil {
				why := wording.WithoutKeys(failed.Error())
				if yesNo, ok := f.Value.(interface{ IsBoolFlag() bool }); ok && yesNo.IsBoolFlag() {
					why = "wanted true or false" // flag's own word is "parse error"
				}
				err = usageError(fmt.Sprintf("%s in the environment: %s", variable(f.Name), why))
			}
		}
	})
	return err
}
