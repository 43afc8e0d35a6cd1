package pkcs11

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// sameOptions compares options but for the function that obtains the PIN.
func sameOptions(a, b Options) string {
	return cmp.Diff(a, b, cmpopts.IgnoreFields(Options{}, "PIN", "Log"))
}

func TestURIsAreRead(t *testing.T) {
	slot := uint(0x1FFFFFFF)
	for text, want := range map[string]Options{
		"pkcs11:": {},
		"pkcs11:token=unit?module-path=/usr/lib/softhsm/libsofthsm2.so": {Label: "unit", Module: "/usr/lib/softhsm/libsofthsm2.so"},
		"pkcs11:token=a%20b%3Bc+d=e;serial=0f%2F":                       {Label: "a b;c+d=e", Serial: "0f/"},
		"pkcs11:model=SoftHSM%20v2;manufacturer=SoftHSM%20project;serial=0f;token=unit%20one": {
			Model: "SoftHSM v2", Manufacturer: "SoftHSM project", Serial: "0f", Label: "unit one"},
		"pkcs11:slot-id=536870911":                  {Slot: &slot},
		"pkcs11:;token=unit;?&module-path=%2Fm.so&": {Label: "unit", Module: "/m.so"},
		"pkcs11:?x-master-label=b&x-pool-size=7&x-lock-dir=/run/l&x-reserved=configdir='sql:/t'%20flags=": {
			MasterLabel: "b", PoolSize: 7, LockDir: "/run/l", Reserved: "configdir='sql:/t' flags="},
		"pkcs11:?x-without=0x2109,4177": {Quirks: Quirks{Without: []uint{0x2109, 0x1051}}},
		"pkcs11:?module-path=/a?b":      {Module: "/a?b"},
	} {
		got, err := parseURI(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if diff := sameOptions(want, *got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", text, diff)
		}
	}
}

func TestURIsAreRefusedByWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   `"pkcs11:"`,
		"token=unit":                         `"pkcs11:"`,
		"PKCS11:token=unit":                  `"pkcs11:"`,
		"pkcs11:token":                       "name=value",
		"pkcs11:token=%zz":                   `"token"`,
		"pkcs11:token=a;token=b":             `"token" twice`,
		"pkcs11:token=a?token=b":             `"token" twice`,
		"pkcs11:slot-id=1;slot-id=1":         `"slot-id" twice`,
		"pkcs11:slot-id=-1":                  "slot-id",
		"pkcs11:slot-id=4294967296":          "slot-id",
		"pkcs11:slot-manufacturer=x":         "slot-manufacturer",
		"pkcs11:?max-sessions=4":             "x-pool-size",
		"pkcs11:library-version=2":           "library-version",
		"pkcs11:object=x":                    "object",
		"pkcs11:id=%01":                      "by id",
		"pkcs11:colour=red":                  `"colour"`,
		"pkcs11:module-path=/m.so":           `"module-path"`,
		"pkcs11:?module-name=softhsm2":       "module-path",
		"pkcs11:?colour=red":                 `"colour"`,
		"pkcs11:?pin-source=":                "pin-source",
		"pkcs11:?pin-source=file:":           "pin-source",
		"pkcs11:?pin-source=file://":         "pin-source",
		"pkcs11:?pin-source=env:":            "pin-source",
		"pkcs11:?pin-source=%7Cprogram":      "pin-source",
		"pkcs11:?pin-source=file:%7C/bin/x":  "pin-source",
		"pkcs11:?x-pool-size=0":              "x-pool-size",
		"pkcs11:?x-pool-size=65536":          "x-pool-size",
		"pkcs11:?x-without=CKM_AES_CBC":      "x-without",
		"pkcs11:?x-without=1,":               "x-without",
		"pkcs11:?pin-value=1234":             "pin-source",
		"pkcs11:token=unit?pin-source=env:X": "no module-path",
		"pkcs11:token=unit?pin-source=env:X&module-path=softhsm.so":        "no slash",
		"pkcs11:?pin-source=env:X&module-path=/m.so":                       "names no token",
		"pkcs11:model=m;manufacturer=m?pin-source=env:X&module-path=/m.so": "names no token",
		"pkcs11:slot-id=1?module-path=/m.so":                               "no pin-source",
		"pkcs11:token=unit;pin-value=1234":                                 "pin-value",
	} {
		o, err := ParseURI(text)
		if err == nil || !strings.HasPrefix(err.Error(), "pkcs11: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", text, err, want)
		}
		if o != nil {
			t.Errorf("%q: options with the error: %+v", text, o)
		}
	}
}

// TestPINsStayOutOfErrors: a PIN in the URI, in whatever place, is in no error.
func TestPINsStayOutOfErrors(t *testing.T) {
	const pin = "59270318"
	for _, format := range []string{
		"%s", "pin-value=%s", "pkcs11:?pin-value=%s", "pkcs11:token=unit?pin-value=%s", "pkcs11:pin-value=%s",
		"pkcs11:token=unit;pin-value=%s?module-path=/m.so", "pkcs11:token=unit?pin-value=%%zz%s", "pkcs11:token=unit;pin-value=%s%%zz",
		"pkcs11:token=unit?module-path=/m.so&pin-value=%s&pin-value=%[1]s", "pkcs11:token=unit?PIN-VALUE=%s", "pkcs11:token=unit?pin=%s",
		"pkcs11:token=unit?pin-value:%s", "pkcs11:token=unit?pin-value%%3D%s", "pkcs11:token=unit?%s", "pkcs11:token=unit;%s",
		"pkcs11:token=unit?pin-source=|echo %s", "pkcs11:token=unit?pin-value=1&%s",
		"pkcs11:slot-id=%s%[1]s", "pkcs11:?x-pool-size=%s", "pkcs11:?x-without=%s,x",
	} {
		text := fmt.Sprintf(format, pin)
		if o, err := ParseURI(text); err == nil {
			t.Errorf("%s: got %+v, want an error", text, o)
		} else if strings.Contains(err.Error(), pin) {
			t.Errorf("%s: the PIN is in the error: %v", text, err)
		}
	}
}

func TestPINSourceIsReadWhenThePINIsWanted(t *testing.T) {
	path := writePIN(t, "1234\n")
	t.Setenv("APCSIM_TEST_PIN", "5678")
	for source, want := range map[string]string{
		path: "1234", "file:" + path: "1234", "file://" + path: "1234", "env:APCSIM_TEST_PIN": "5678",
	} {
		o, err := parseURI("pkcs11:token=unit?pin-source=" + source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if pin, err := o.PIN(); string(pin) != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", source, pin, err, want)
		}
	}
}

// encoded writes every byte as %XX, so that none of them separates anything.
func encoded(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}

// hasPINValue reports whether a URI has an attribute that carries a PIN.
func hasPINValue(text string) bool {
	path, query, _ := strings.Cut(strings.TrimPrefix(text, "pkcs11:"), "?")
	return slices.ContainsFunc(append(strings.Split(path, ";"), strings.Split(query, "&")...), func(attribute string) bool {
		return strings.HasPrefix(attribute, "pin-value")
	})
}

// FuzzParseURI: nothing panics, no URI with a PIN is accepted wherever the PIN is,
// and the refusal is the same for every PIN.
func FuzzParseURI(f *testing.F) {
	f.Add("pkcs11:token=unit?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/pin", "1234")
	f.Add("pkcs11:token=a%20b;serial=0;slot-id=1?x-master-label=b&x-pool-size=7&x-lock-dir=/l&x-reserved=r&x-without=0x2109,1", "%zz&;=?")
	f.Add("pkcs11:;token=?&", "")
	f.Add("pkcs11:token=%?pin-value", "pin-value=1")
	f.Fuzz(func(t *testing.T, text, pin string) {
		o, err := ParseURI(text)
		if err == nil && hasPINValue(text) {
			t.Errorf("%q: accepted as %+v", text, o)
		}
		if err == nil && o.PoolSize < 0 {
			t.Errorf("%q: a pool of %d", text, o.PoolSize)
		}
		for _, format := range []string{"%s?pin-value=%s", "%s&pin-value=%s", "%s;pin-value=%s"} {
			_, err := ParseURI(fmt.Sprintf(format, text, encoded(pin)))
			_, other := ParseURI(fmt.Sprintf(format, text, encoded("another PIN")))
			switch {
			case (err == nil) != (other == nil) || err != nil && err.Error() != other.Error():
				t.Errorf("%q with pin-value: %v, and with another: %v", text, err, other)
			case err == nil && hasPINValue(fmt.Sprintf(format, text, "")):
				t.Errorf("%q with pin-value is accepted", text)
			}
		}
	})
}
