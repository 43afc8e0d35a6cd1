package probe

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
)

// scrubber normalises the answers of one probe on one side; see the package documentation.
type scrubber struct {
	began    time.Time
	replace  []string          // pairs of a text and its replacement
	replacer *strings.Replacer // of replace; nil after a change
}

// replaces has a text replaced from now on.
func (s *scrubber) replaces(text, by string) {
	if text != "" {
		s.replace, s.replacer = append(s.replace, text, by), nil
	}
}

// knows reports whether a text is replaced. The texts in place of others are not.
func (s *scrubber) knows(text string) bool {
	for i := 0; i < len(s.replace); i += 2 {
		if s.replace[i] == text {
			return true
		}
	}
	return false
}

var (
	anyARN     = regexp.MustCompile(`arn:aws:(iam|sts|mpa):[^\s"',]*`)
	anyAccess  = regexp.MustCompile(`\b(AKIA|ASIA)[A-Z0-9]{12,}\b`)
	arnAccount = regexp.MustCompile(`(arn:aws:payment-cryptography:[^:]*:)\d{12}:`)
	anyKey     = regexp.MustCompile(`:key/[0-9a-z]{16,64}\b`)
	anyHex     = regexp.MustCompile(`\b[0-9A-Fa-f]{32,}\b`)
	anyDigits  = regexp.MustCompile(`\b\d{12,19}\b`)
	blockStart = regexp.MustCompile(`^[A-E]\d{4}[A-Z0-9]{2}[A-Z][A-Z0-9][0-9A-Z]{2}[ENS](\d\d)\d\d`)
)

// text is a text without what differs and what is secret.
func (s *scrubber) text(t string) string {
	if s.replacer == nil {
		s.replacer = strings.NewReplacer(s.replace...)
	}
	t = s.replacer.Replace(t)
	t = anyARN.ReplaceAllString(t, "arn:aws:$1:CALLER")
	t = anyAccess.ReplaceAllString(t, "ACCESSKEY")
	t = arnAccount.ReplaceAllString(t, "${1}ACCOUNT:")
	return anyKey.ReplaceAllString(t, ":key/OTHER")
}

// message is a message without numbers that may be those of a card and texts that may be keys.
func (s *scrubber) message(t string) string {
	return anyDigits.ReplaceAllString(anyHex.ReplaceAllString(s.text(t), "HEX"), "DIGITS")
}

// ownItems leaves of a list of keys or aliases those that the probe has made: nothing else of an
// account is compared or recorded. For keys it also records whether the whole list is in the order of ids.
func (s *scrubber) ownItems(body map[string]any) map[string]any {
	out := maps.Clone(body)
	for list, id := range map[string]string{"Keys": "KeyArn", "Aliases": "AliasName"} {
		items, ok := body[list].([]any)
		if !ok {
			continue
		}
		own, ids := []any{}, []string{}
		for _, item := range items {
			object, _ := item.(map[string]any)
			text, _ := object[id].(string)
			ids = append(ids, text)
			if _, key, isKey := strings.Cut(text, ":key/"); s.knows(text) || isKey && s.knows(key) {
				own = append(own, item)
			}
		}
		out[list] = own
		if list == "Keys" {
			out["InOrderOfIds"] = slices.IsSorted(ids)
		}
	}
	return out
}

// answer is an answer as it is compared and recorded.
func (s *scrubber) answer(got *raw) *Answer {
	a := &Answer{Status: got.status, Exception: got.exception, Message: s.message(got.message)}
	if body, ok := s.value("", s.ownItems(got.body)).(map[string]any); ok && len(body) > 0 {
		a.Body = body
	}
	return a
}

// value is the value of a member.
func (s *scrubber) value(name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, of := range v {
			out[s.text(k)] = s.value(k, of)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = s.value(name, v[i])
		}
		return out
	case json.Number:
		if strings.HasSuffix(name, "Timestamp") || strings.HasSuffix(name, "Date") {
			f, _ := v.Float64()
			return math.Round((f-float64(s.began.UnixMilli())/1000)*1000) / 1000
		}
		return v
	case string:
		return s.string(name, v)
	}
	return v
}

// string is the text of a member.
func (s *scrubber) string(name, v string) string {
	switch {
	case strings.Contains(name, "Certificate") && name != "CertificateAuthorityPublicKeyIdentifier":
		return certificateFacts(v)
	case name == "ImportToken" || name == "ExportToken" || name == "NextToken":
		return strings.Repeat("0", len(v))
	case strings.HasSuffix(name, "KeyMaterial") || strings.HasSuffix(name, "KeyBlock") || strings.HasSuffix(name, "KeyCryptogram"):
		return masked(v)
	}
	return s.text(v)
}

// masked is wrapped key material without the encrypted part: of a key block the header stays.
func masked(v string) string {
	at := 0
	if m := blockStart.FindStringSubmatch(v); m != nil {
		at = 16
		var blocks int
		fmt.Sscan(m[1], &blocks)
		for range blocks {
			var n int
			if at+4 > len(v) {
				break
			}
			if _, err := fmt.Sscanf(v[at+2:at+4], "%X", &n); err != nil || n < 4 || at+n > len(v) {
				break
			}
			at += n
		}
	}
	return v[:at] + strings.Repeat("0", len(v)-at)
}

// certificateFacts are lines about a certificate or a signing request, without names, numbers and keys.
func certificateFacts(text string) string {
	pemBytes, err := base64.StdEncoding.DecodeString(text)
	block, _ := pem.Decode(pemBytes)
	if err != nil || block == nil {
		return "form: not base64 of PEM"
	}
	if csr, err := x509.ParseCertificateRequest(block.Bytes); err == nil {
		return strings.Join([]string{"form: signing request", "signature: " + csr.SignatureAlgorithm.String(),
			"key: " + keyFacts(csr.PublicKey), "subject: " + nameFacts(csr.RawSubject)}, "\n")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "form: unknown"
	}
	return strings.Join([]string{"form: certificate", "signature: " + c.SignatureAlgorithm.String(), "key: " + keyFacts(c.PublicKey),
		"subject: " + nameFacts(c.RawSubject), "issuer: " + nameFacts(c.RawIssuer), fmt.Sprintf("usage: %b", c.KeyUsage),
		fmt.Sprintf("authority: %t", c.IsCA), fmt.Sprintf("days: %.0f", c.NotAfter.Sub(c.NotBefore).Hours()/24)}, "\n")
}

func keyFacts(key any) string {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", k.N.BitLen())
	case *ecdsa.PublicKey:
		return k.Curve.Params().Name
	}
	return "unknown"
}

// nameFacts are the types of a name's attributes in their order, without values.
func nameFacts(der []byte) string {
	var sequence []asn1.RawValue
	if _, err := asn1.Unmarshal(der, &sequence); err != nil {
		return "unknown"
	}
	var out []string
	for _, set := range sequence {
		var pair struct {
			Type  asn1.ObjectIdentifier
			Value asn1.RawValue
		}
		if _, err := asn1.Unmarshal(set.Bytes, &pair); err == nil {
			out = append(out, pair.Type.String())
		}
	}
	return strings.Join(out, " ")
}
