package tr31

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Time is TC, when the key was created, or TS, when the block was made, in UTC
// and in one of four notations.
type Time struct {
	ID         string // "TC" or "TS"
	At         time.Time
	Hundredths bool // written with hundredths of a second, else whole seconds
	Delimited  bool // as 2006-01-02T15:04:05Z, else 20060102150405Z
}

const timeForm = "a time in UTC as YYYYMMDDhhmmss[cc]Z or YYYY-MM-DDThh:mm:ss[.cc]Z"

// layout is the notation for package time, which wants a dot before hundredths.
func (c Time) layout() string {
	l := "20060102150405"
	if c.Delimited {
		l = "2006-01-02T15:04:05"
	}
	if c.Hundredths {
		l += ".00"
	}
	return l + "Z"
}

// Encode is [Content.Encode]. Smaller fractions are cut off.
func (c Time) Encode() OptionalBlock {
	s := c.At.UTC().Format(c.layout())
	if !c.Delimited {
		s = strings.Replace(s, ".", "", 1)
	}
	return OptionalBlock{ID: c.ID, Data: s}
}

func parseTime(id, data string) (Content, bool) {
	c := Time{ID: id, Delimited: len(data) >= 20}
	c.Hundredths = len(data) == 17 || len(data) == 23
	text := data
	if len(data) == 17 {
		text = data[:14] + "." + data[14:]
	}
	at, err := time.Parse(c.layout(), text)
	c.At = at
	// package time takes more than it writes; the standard does not.
	return c, err == nil && c.Encode().Data == data
}

// Derivations is DA: what may be derived from the key.
type Derivations []DerivedKey

// DerivedKey is the attributes of one key that may be derived.
type DerivedKey struct {
	KeyUsage                            string
	Algorithm, ModeOfUse, Exportability byte
}

const (
	derivationGroup = 5
	maxDerivations  = 49
)

// Encode is [Content.Encode].
func (c Derivations) Encode() OptionalBlock {
	out := []byte("01")
	for _, d := range c {
		out = append(out, d.KeyUsage...)
		out = append(out, d.Algorithm, d.ModeOfUse, d.Exportability)
	}
	return OptionalBlock{ID: "DA", Data: string(out)}
}

func parseDerivations(_, data string) (Content, bool) {
	groups, ok := strings.CutPrefix(data, "01")
	n := len(groups) / derivationGroup
	if !ok || len(groups)%derivationGroup != 0 || n < 1 || n > maxDerivations {
		return nil, false
	}
	c := make(Derivations, 0, n)
	for ; len(groups) > 0; groups = groups[derivationGroup:] {
		d := DerivedKey{groups[:2], groups[2], groups[3], groups[4]}
		if !knownUsage(d.KeyUsage) || !knownCode(algorithms, d.Algorithm) ||
			!knownCode(modesOfUse, d.ModeOfUse) || !knownCode(exportabilities, d.Exportability) {
			return nil, false
		}
		c = append(c, d)
	}
	return c, true
}

// CertificateFormat is what a certificate is.
type CertificateFormat byte

const (
	X509 CertificateFormat = iota
	EMV
)

// Certificate is one certificate, in DER or as EMV has it. It is not parsed.
type Certificate struct {
	Format CertificateFormat
	Data   []byte
}

// Certificates is CT: a single certificate, or a chain in the order written.
type Certificates struct {
	Chain   bool // written as a chain, which may have one member; else exactly one
	Members []Certificate
}

// base64Strict refuses what it would not write itself.
var base64Strict = base64.StdEncoding.Strict()

// Encode is [Content.Encode].
func (c Certificates) Encode() OptionalBlock {
	var out strings.Builder
	if c.Chain {
		out.WriteString("02")
	}
	for _, m := range c.Members {
		text := base64Strict.EncodeToString(m.Data)
		fmt.Fprintf(&out, "%02X", byte(m.Format))
		if c.Chain {
			fmt.Fprintf(&out, "%04X", len(text))
		}
		out.WriteString(text)
	}
	return OptionalBlock{ID: "CT", Data: out.String()}
}

func parseCertificates(_, data string) (Content, bool) {
	members, chain := strings.CutPrefix(data, "02")
	if !chain {
		if len(data) < 2 {
			return nil, false
		}
		m, ok := parseCertificate(data[:2], data[2:])
		return Certificates{Members: []Certificate{m}}, ok
	}
	c := Certificates{Chain: true}
	for len(members) > 0 {
		format, text, rest, ok := cutMember(members)
		if !ok {
			return nil, false
		}
		m, ok := parseCertificate(format, text)
		if !ok {
			return nil, false
		}
		c.Members, members = append(c.Members, m), rest
	}
	return c, len(c.Members) > 0
}

// cutMember takes the first member of a chain: format (2 characters), length
// of the base64 text (4 hexadecimal digits), text.
func cutMember(s string) (format, text, rest string, ok bool) {
	const head = 6
	if len(s) < head || !isHex(s[2:head]) {
		return "", "", "", false
	}
	n, err := strconv.ParseUint(s[2:head], 16, 16)
	if err != nil || head+int(n) > len(s) {
		return "", "", "", false
	}
	return s[:2], s[head : head+n], s[head+n:], true
}

func parseCertificate(format, text string) (Certificate, bool) {
	if format != "00" && format != "01" || text == "" {
		return Certificate{}, false
	}
	data, err := base64Strict.DecodeString(text)
	return Certificate{CertificateFormat(format[1] - '0'), data}, err == nil
}
