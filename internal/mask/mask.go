// Package mask copies requests and answers without what is sensitive in them, so that a journal
// can keep them.
package mask

import (
	"reflect"
	"regexp"
	"strings"
	"sync"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/masked"
)

// Masked is what a masked text is replaced with.
const Masked = "(masked)"

// Members whose values are not in a journal, by their names, besides those with [masked.Tag].
var (
	accountMember   = regexp.MustCompile(`^(New)?PrimaryAccountNumber$`)
	sensitiveMember = regexp.MustCompile(
		`(?i)plaintext|messagedata|pinblock|pindata|pinvalue|pinoffset|verificationvalue|` +
			`naturalpin|validationdata|trackdata|track1|track2|^components$`,
	)
	harmlessMember = regexp.MustCompile(`(Format|Length|Index|Attributes|Identifier)$`)
)

// A text of the length of a key is masked where no such text belongs: it may be a key in the wrong
// place, perhaps as it was copied from a file or from a program.
var (
	keyText    = regexp.MustCompile(`^\s*(0[Xx])?([0-9A-Fa-f]{16}|[0-9A-Fa-f]{32}|[0-9A-Fa-f]{48}|[0-9A-Fa-f]{64})\s*$`)
	openMember = regexp.MustCompile(
		`(KeySerialNumber|CipherText|Cryptogram|Mac|Number|Data|InitializationVector|SharedInformation|Salt|Nonce|CheckValue|` +
			`OptionalBlocks)$`,
	)
)

// rules are what is done with a member, by its name.
var rules sync.Map // of string to rule

type rule struct{ account, sensitive, open bool }

func ruleOf(member string) rule {
	if r, ok := rules.Load(member); ok {
		return r.(rule)
	}
	r := rule{
		accountMember.MatchString(member),
		sensitiveMember.MatchString(member) && !harmlessMember.MatchString(member),
		openMember.MatchString(member),
	}
	rules.Store(member, r)
	return r
}

// Of returns a deep copy of a request or an answer in which account numbers have their first six
// and last four digits only, and PIN data, plain text, messages, track data and key components are
// masked whole, and so are texts that could be a key in the wrong place. It is a pointer if v is one.
func Of(v any) any {
	if v == nil {
		return nil
	}
	return maskedValue(reflect.ValueOf(v), checked).Interface()
}

// level is how much of the texts of a member is masked.
type level int

const (
	open    level = iota // nothing
	checked              // a text of the length of a key
	hidden               // all of it, and of the members below it
)

func (l level) masks(text string) bool {
	return l == hidden && text != "" || l == checked && keyText.MatchString(text)
}

var secretType = reflect.TypeFor[hsm.Secret]()

func maskedValue(v reflect.Value, l level) reflect.Value {
	if v.Type() == secretType {
		return reflect.Zero(secretType)
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(maskedValue(v.Elem(), l))
		return out
	case reflect.Slice:
		return maskedSlice(v, l)
	case reflect.Map:
		return maskedMap(v, l)
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type()).Elem()
		out.Set(maskedValue(v.Elem(), l))
		return out
	case reflect.Struct:
		return maskedStruct(v, l)
	case reflect.String:
		if l.masks(v.String()) {
			return reflect.ValueOf(Masked).Convert(v.Type())
		}
	}
	return v
}

func maskedSlice(v reflect.Value, l level) reflect.Value {
	if v.IsNil() {
		return v
	}
	if v.Type().Elem().Kind() == reflect.Uint8 && l == hidden {
		return reflect.Zero(v.Type())
	}
	out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	for i := range v.Len() {
		out.Index(i).Set(maskedValue(v.Index(i), l))
	}
	return out
}

// maskedMap masks names too: they are the client's.
func maskedMap(v reflect.Value, l level) reflect.Value {
	if v.IsNil() {
		return v
	}
	out := reflect.MakeMapWithSize(v.Type(), v.Len())
	for k, e := range v.Seq2() {
		out.SetMapIndex(maskedValue(k, checked), maskedValue(e, l))
	}
	return out
}

func maskedStruct(v reflect.Value, l level) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v) // what is not exported, as in time.Time
	for f, value := range v.Fields() {
		if !f.IsExported() {
			continue
		}
		to := out.FieldByIndex(f.Index)
		r := ruleOf(f.Name)
		if r.account {
			maskAccount(to, value)
			continue
		}
		of := checked
		switch {
		case l == hidden || r.sensitive || f.Tag.Get(masked.Tag) != "":
			of = hidden
		case r.open:
			of = open
		}
		to.Set(maskedValue(value, of))
	}
	return out
}

// maskAccount leaves the first six and the last four digits of an account number.
func maskAccount(to, v reflect.Value) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		to.Set(reflect.New(v.Type().Elem()))
		to, v = to.Elem(), v.Elem()
	}
	if v.Kind() != reflect.String {
		to.Set(maskedValue(v, hidden))
		return
	}
	to.SetString(maskedAccount(v.String()))
}

func maskedAccount(pan string) string {
	if len(pan) < 12 {
		return strings.Repeat("*", len(pan))
	}
	return pan[:6] + strings.Repeat("*", len(pan)-10) + pan[len(pan)-4:]
}
