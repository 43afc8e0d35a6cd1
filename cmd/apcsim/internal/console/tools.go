package console

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/meanings"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
	"github.com/seed748fb4d1/apcsim/tr34"
)

// ToolsPage has the tools, and what the last one answered.
type ToolsPage struct {
	Operations               []string
	Operation, Request, Text string // as they were sent
	Failure                  string
	Result                   *Result
	Answer                   string // of an operation, in JSON
}

// Result is something explained field by field.
type Result struct {
	Title string
	Block []Piece
	Rows  []Row
}

// Piece is a part of a key block, in the colour of its class.
type Piece struct{ Class, Name, Text string }

// Row is a field.
type Row struct {
	Class, Name, Value, Words string
	Bad                       bool
}

// headerFields are the fields of a key block's header (X9.143, section 6.2), and their words.
var headerFields = []struct {
	name     string
	from, to int
	words    func(code string) string
}{
	{"version", 0, 1, func(c string) string { return meanings.Of(meanings.Version, c) }},
	{"length", 1, 5, func(string) string { return "characters" }},
	{"key usage", 5, 7, func(c string) string { return meanings.Of(meanings.Usage, c) }},
	{"algorithm", 7, 8, func(c string) string { return meanings.Of(meanings.Algorithm, c) }},
	{"mode of use", 8, 9, func(c string) string { return meanings.Of(meanings.Mode, c) }},
	{"key version", 9, 11, meanings.KeyVersion},
	{"exportability", 11, 12, func(c string) string { return meanings.Of(meanings.Exportability, c) }},
	{"optional blocks", 12, 14, func(string) string { return "how many there are" }},
	{"key context", 14, 15, func(c string) string { return meanings.Of(meanings.Context, c) }},
	{"reserved", 15, 16, func(string) string { return "" }},
}

// Inspect explains a TR-31 key block, or a TR-34 message in hexadecimal, base64 or PEM. Nothing is
// authenticated. What is wrong with it, and where, is in the result.
func Inspect(text string) *Result {
	text = strings.TrimSpace(text)
	if der, ok := messageBytes(text); ok {
		return inspectMessage(der)
	}
	return inspectBlock(text)
}

// messageBytes decodes a message; ok is false for what looks like a key block.
func messageBytes(text string) (der []byte, ok bool) {
	if p, _ := pem.Decode([]byte(text)); p != nil {
		return p.Bytes, true
	}
	bare := strings.Join(strings.Fields(text), "")
	if der, err := hex.DecodeString(bare); err == nil && len(der) > 0 && der[0] == 0x30 {
		return der, true
	}
	der, err := base64.StdEncoding.DecodeString(bare)
	return der, err == nil && len(der) > 0 && der[0] == 0x30
}

func inspectBlock(text string) *Result {
	out := &Result{Title: "TR-31 key block"}
	b, err := tr31.Parse(text, tr31.Strict)
	wrong := -1
	if refusal, ok := errors.AsType[*tr31.Error](err); ok {
		wrong = refusal.Offset
		out.Rows = append(out.Rows, Row{Name: "problem", Value: refusal.Field, Words: refusal.Error(), Bad: true})
	} else if err != nil {
		out.Rows = append(out.Rows, Row{Name: "problem", Words: "this is no key block", Bad: true})
	}
	end := 0
	for i, f := range headerFields {
		if len(text) < f.to || !printable(text[:f.to]) {
			break
		}
		class := fmt.Sprint("c", i%7)
		bad := wrong >= f.from && wrong < f.to
		if bad {
			class = "wrong"
		}
		end = f.to
		out.Block = append(out.Block, Piece{class, f.name, text[f.from:f.to]})
		out.Rows = append(out.Rows, Row{class, f.name, text[f.from:f.to], f.words(text[f.from:f.to]), bad})
	}
	if b == nil {
		out.rest(text, end, wrong)
		return out
	}
	at := len(b.Header.String())
	for _, o := range b.Blocks {
		out.Rows = append(out.Rows, Row{"c2", "optional " + o.ID, o.Data, meanings.Of(meanings.Optional, o.ID), false})
	}
	out.Block = append(out.Block, Piece{"c2", "optional blocks", text[end:at]}, Piece{"", "encrypted key and MAC", text[at:]})
	return out
}

// rest appends what follows the header of a block that is wrong, parted where it is wrong.
func (r *Result) rest(text string, end, wrong int) {
	if wrong < end || wrong >= len(text) {
		r.Block = append(r.Block, Piece{"", "the rest", text[end:]})
		return
	}
	r.Block = append(r.Block, Piece{"", "before", text[end:wrong]}, Piece{"wrong", "wrong from here", text[wrong:]})
}

func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7E }) < 0
}

func inspectMessage(der []byte) *Result {
	out := &Result{Title: "TR-34 message"}
	add := func(name, value, meaning string) {
		if value != "" && value != "0" {
			out.Rows = append(out.Rows, Row{Name: name, Value: value, Words: meaning})
		}
	}
	t, err := tr34.Parse(der)
	if err == nil {
		out.Title = "TR-34 key token"
		add("layout", t.Layout.String(), "")
		add("signer", t.Signer.String(), "the key distribution host")
		add("recipient", t.Recipient.String(), "the key receiving device")
		add("header", t.Header, "what the key may do")
		add("random nonce", fmt.Sprintf("%X", t.Nonce), "two-pass")
		if !t.SigningTime.IsZero() {
			add("signing time", Moment(t.SigningTime), "one-pass")
		}
		add("content cipher", t.Cipher.String(), "")
		add("signature", t.SignatureAlgorithm.String(), "")
		add("CRL", fmt.Sprint(len(t.CRL)), "bytes")
		return out
	}
	if b, failed := tr34.ParseBinding(der); failed == nil {
		out.Title = b.Kind.String()
		add("signer", b.Signer.String(), "")
		add("recipient", b.KRD.String(), "the key receiving device")
		add("new certificate", fmt.Sprint(len(b.NewKDH)), "bytes")
		return out
	}
	if c, failed := tr34.ParseCredential(der); failed == nil {
		out.Title = "TR-34 credential"
		add("certificate", fmt.Sprint(len(c.Certificate)), "bytes")
		add("CRL", fmt.Sprint(len(c.CRL)), "bytes")
		return out
	}
	out.Rows = append(out.Rows, Row{Name: "problem", Words: err.Error(), Bad: true})
	return out
}

// Check values of components.
var (
	errComponent  = errors.New("wanted components of 8, 16, 24 or 32 bytes in hexadecimal, all of one length")
	errComponents = errors.New("wanted 1 to 3 components")
)

// CheckValues computes the check values of components and of the key that is their XOR. Nothing of
// them is in the result or the error.
func CheckValues(algorithm string, components []string) (*Result, error) {
	method := kcv.TDESZero
	if algorithm == "AES" {
		method = kcv.AESCMAC
	}
	if len(components) == 0 || len(components) > 3 {
		return nil, errComponents
	}
	var key []byte
	defer func() { clear(key) }()
	out := &Result{Title: "Check values, " + algorithm}
	for i, text := range components {
		part, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
		defer clear(part)
		if err != nil || i > 0 && len(part) != len(key) {
			return nil, errComponent
		}
		if key == nil {
			key = make([]byte, len(part))
		}
		subtle.XORBytes(key, key, part)
		if err := out.check(method, fmt.Sprint("component ", i+1), part); err != nil {
			return nil, err
		}
	}
	return out, out.check(method, "key", key)
}

func (r *Result) check(method kcv.Method, name string, key []byte) error {
	v, err := method.Compute(key)
	if err != nil {
		return errComponent
	}
	r.Rows = append(r.Rows, Row{Name: name, Value: v.Short(3), Words: method.String()})
	return nil
}

// Indented is a request or an answer in JSON, with indents and without what is absent.
func Indented(v any) string {
	text, err := json.MarshalIndent(plain(reflect.ValueOf(v)), "", "  ")
	if err != nil {
		return ""
	}
	return string(text)
}

// examples are requests that people try first, with keys by aliases to be filled in.
var examples = map[string]string{
	"GeneratePinData": `{
  "GenerationKeyIdentifier": "alias/pin-verification-key",
  "EncryptionKeyIdentifier": "alias/pin-encryption-key",
  "GenerationAttributes": {"VisaPin": {"PinVerificationKeyIndex": 1}},
  "PrimaryAccountNumber": "4111111111111111",
  "PinBlockFormat": "ISO_FORMAT_0"
}`,
	"GenerateCardValidationData": `{
  "KeyIdentifier": "alias/card-verification-key",
  "PrimaryAccountNumber": "4111111111111111",
  "GenerationAttributes": {"CardVerificationValue1": {"CardExpiryDate": "1228", "ServiceCode": "101"}}
}`,
	"VerifyAuthRequestCryptogram": `{
  "KeyIdentifier": "alias/issuer-master-key",
  "TransactionData": "00000000170000000000000008400080008000084016051700000000093800000B03011203",
  "AuthRequestCryptogram": "61EDCC708B4C97B4",
  "MajorKeyDerivationMode": "EMV_OPTION_A",
  "SessionKeyDerivationAttributes": {"EmvCommon": {
    "PrimaryAccountNumber": "4111111111111111", "PanSequenceNumber": "00", "ApplicationTransactionCounter": "000B"}}
}`,
}

// Example is a request of an operation to begin with. Where none is written down it has every member,
// of each the name of its type as the value; what is not needed is for the reader to delete.
func Example(operation string, in any) string {
	if text, ok := examples[operation]; ok {
		return text
	}
	text, _ := json.MarshalIndent(example(reflect.TypeOf(in)), "", "  ") // it has nothing that JSON does not have
	return string(text)
}

func example(t reflect.Type) any {
	switch {
	case t.Kind() == reflect.Pointer:
		return example(t.Elem())
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		return []any{example(t.Elem())}
	case t.Kind() == reflect.Map:
		return object{{"string", example(t.Elem())}}
	case t.Kind() == reflect.Struct:
		out := object{}
		for f := range t.Fields() {
			if f.IsExported() {
				out = append(out, member{f.Name, example(f.Type)})
			}
		}
		return out
	case t.Kind() == reflect.Bool:
		return false
	case t.Kind() == reflect.Int:
		return 0
	}
	return t.Name()
}
