package pkcs11

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// ParseURI reads options in the form of RFC 7512:
//
//	pkcs11:token=unit?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/pin
//
// Of the path it takes token, serial and slot-id, one at least, and model and
// manufacturer, so that a URI of p11tool --list-tokens can be given whole: all must
// match. Of the query it takes module-path and pin-source, both needed: a path,
// file:PATH or env:NAME.
// The query may have attributes of this package's own: x-master-label,
// x-pool-size, x-lock-dir, x-reserved, x-without (CKM_ numbers, comma-separated).
// Every other attribute is refused by name, pin-value because a command line is
// no place for a PIN.
func ParseURI(text string) (*Options, error) {
	o, err := parseURI(text)
	if err != nil {
		return nil, err
	}
	if err := o.complete(); err != nil {
		return nil, err
	}
	return o, nil
}

// parseURI is ParseURI without the check that nothing is missing.
func parseURI(text string) (*Options, error) {
	rest, ok := strings.CutPrefix(text, "pkcs11:")
	if !ok {
		return nil, errors.New(`pkcs11: a token's URI begins with "pkcs11:"`)
	}
	path, query, _ := strings.Cut(rest, "?")
	o := &Options{}
	seen := map[string]bool{}
	if err := o.readAttributes("path", path, ";", seen, (*Options).pathAttribute); err != nil {
		return nil, err
	}
	if err := o.readAttributes("query", query, "&", seen, (*Options).queryAttribute); err != nil {
		return nil, err
	}
	return o, nil
}

// complete is an error if something is missing in the URI.
func (o *Options) complete() error {
	switch {
	case o.Module == "":
		return errors.New("pkcs11: the URI has no module-path")
	case !strings.Contains(o.Module, "/"):
		return errors.New("pkcs11: the URI's module-path has no slash: with a bare name the loader would search for it")
	case o.Label == "" && o.Serial == "" && o.Slot == nil:
		return errors.New("pkcs11: the URI names no token by token, serial or slot-id")
	case o.PIN == nil:
		return errors.New("pkcs11: the URI has no pin-source")
	}
	return nil
}

// readAttributes reads the attributes of one part of the URI. Text that is not a
// name is not in the error: it may be a PIN.
func (o *Options) readAttributes(where, part, separator string, seen map[string]bool, take func(*Options, string, string) error) error {
	n := 0
	for attribute := range strings.SplitSeq(part, separator) {
		n++
		if attribute == "" {
			continue
		}
		name, raw, ok := strings.Cut(attribute, "=")
		value, err := url.PathUnescape(raw)
		switch {
		case strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-") != "" || !ok:
			return fmt.Errorf("pkcs11: the URI's %s, attribute %d: want name=value", where, n)
		case err != nil:
			return fmt.Errorf("pkcs11: the URI's attribute %q: want other characters as %%XX", name)
		case seen[name]:
			return fmt.Errorf("pkcs11: the URI has the attribute %q twice", name)
		}
		seen[name] = true
		if err := take(o, name, value); err != nil {
			return err
		}
	}
	return nil
}

func (o *Options) pathAttribute(name, value string) error {
	switch name {
	case "token":
		o.Label = value
	case "serial":
		o.Serial = value
	case "slot-id":
		n, err := strconv.ParseUint(value, 10, 32)
		if err != nil {
			return errors.New("pkcs11: the URI's slot-id is no number")
		}
		slot := uint(n)
		o.Slot = &slot
	case "model":
		o.Model = value
	case "manufacturer":
		o.Manufacturer = value
	case "slot-manufacturer", "slot-description", "library-manufacturer", "library-description", "library-version":
		return fmt.Errorf("pkcs11: tokens are not chosen by the URI's %s: use token, serial or slot-id", name)
	case "object", "id", "type":
		return fmt.Errorf("pkcs11: the URI names a token, not one of its objects by %s: the master keys are found by x-master-label", name)
	default:
		return fmt.Errorf("pkcs11: the URI's path has an unknown attribute %q", name)
	}
	return nil
}

func (o *Options) queryAttribute(name, value string) error {
	switch name {
	case "module-path":
		o.Module = value
	case "pin-source":
		o.PIN = pinSource(value)
		if o.PIN == nil {
			return errors.New("pkcs11: the URI's pin-source is neither a path nor file:PATH nor env:NAME")
		}
	case "x-master-label":
		o.MasterLabel = value
	case "x-lock-dir":
		o.LockDir = value
	case "x-reserved":
		o.Reserved = value
	case "x-pool-size":
		n, err := strconv.ParseUint(value, 10, 16)
		if err != nil || n == 0 {
			return errors.New("pkcs11: the URI's x-pool-size is no number from 1 to 65535")
		}
		o.PoolSize = int(n)
	case "x-without":
		for word := range strings.SplitSeq(value, ",") {
			n, err := strconv.ParseUint(word, 0, 32)
			if err != nil {
				return errors.New("pkcs11: the URI's x-without is no list of CKM_ numbers like 0x2109,0x1051")
			}
			o.Quirks.Without = append(o.Quirks.Without, uint(n))
		}
	case "pin-value":
		return errors.New("pkcs11: the URI's pin-value is not taken, since others can read command lines: use pin-source")
	case "max-sessions":
		return errors.New("pkcs11: the URI's max-sessions is not taken: x-pool-size limits the sessions, to twice that number and one")
	case "module-name":
		return errors.New("pkcs11: the URI's module-name is not taken: name the file by module-path")
	default:
		return fmt.Errorf("pkcs11: the URI's query has an unknown attribute %q", name)
	}
	return nil
}

// pinSource is where a PIN is read from, nil where the text names no place, since
// it may be a PIN: a variable's name begins with a letter, and a path without
// file: has a slash. A file's URI may have the empty host, as RFC 8089 allows.
func pinSource(text string) PIN {
	if name, ok := strings.CutPrefix(text, "env:"); ok {
		if name == "" || strings.ContainsAny(name[:1], "0123456789") {
			return nil
		}
		return PINEnv(name)
	}
	path, file := strings.CutPrefix(text, "file:")
	path = strings.TrimPrefix(path, "//")
	if path == "" || strings.HasPrefix(path, "|") || !file && !strings.Contains(path, "/") {
		return nil
	}
	return PINFile(path)
}
