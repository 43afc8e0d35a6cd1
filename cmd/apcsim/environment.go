package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// prefix begins the names of the variables of flags.
const prefix = "APCSIM_"

// variable is the name of the environment variable for a flag: APCSIM_CONTROL_TOKEN for
// --control-token.
func variable(name string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// repeated are the flags that may be given several times: in a variable, with commas.
var repeated = map[string]bool{"allow-origin": true, "allow-host": true}

// fromEnvironment sets the flags that the command line does not have and the environment
// does. An empty variable is none. A variable whose name is nearly that of a flag is refused.
func fromEnvironment(fs *flag.FlagSet) (err error) {
	if err := misspelt(fs, os.Environ()); err != nil {
		return err
	}
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

// misspelt refuses a variable whose name is near to that of a flag's, since no other program would read
// it. Other names that begin with APCSIM_ are ignored: Kubernetes makes some for a service named
// apcsim, such as APCSIM_SERVICE_HOST.
func misspelt(fs *flag.FlagSet, environment []string) error {
	var names []string
	fs.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	for _, assignment := range environment {
		name, value, _ := strings.Cut(assignment, "=")
		word, ours := strings.CutPrefix(name, prefix)
		near := nearest(word, names)
		if ours && value != "" && near != "" && variable(near) != name {
			return usageError(fmt.Sprintf("there is no variable %s. Did you mean %s?", wording.WithoutKeys(name), variable(near)))
		}
	}
	return nil
}
