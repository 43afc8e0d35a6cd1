package dataplane_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/internal/facts"
)

// shapes are a zero value of the request and the answer of every operation.
var shapes = []any{
	dataplane.EncryptDataInput{}, dataplane.EncryptDataOutput{}, dataplane.DecryptDataInput{}, dataplane.DecryptDataOutput{},
	dataplane.ReEncryptDataInput{}, dataplane.ReEncryptDataOutput{}, dataplane.GenerateMacInput{}, dataplane.GenerateMacOutput{},
	dataplane.VerifyMacInput{}, dataplane.VerifyMacOutput{}, dataplane.GenerateCardValidationDataInput{},
	dataplane.GenerateCardValidationDataOutput{},
	dataplane.VerifyCardValidationDataInput{}, dataplane.VerifyCardValidationDataOutput{}, dataplane.GeneratePinDataInput{},
	dataplane.GeneratePinDataOutput{},
	dataplane.VerifyPinDataInput{}, dataplane.VerifyPinDataOutput{}, dataplane.TranslatePinDataInput{}, dataplane.TranslatePinDataOutput{},
	dataplane.GenerateAuthRequestCryptogramInput{}, dataplane.GenerateAuthRequestCryptogramOutput{},
	dataplane.VerifyAuthRequestCryptogramInput{}, dataplane.VerifyAuthRequestCryptogramOutput{},
	dataplane.GenerateMacEmvPinChangeInput{}, dataplane.GenerateMacEmvPinChangeOutput{}, dataplane.TranslateKeyMaterialInput{},
	dataplane.TranslateKeyMaterialOutput{},
	dataplane.GenerateAs2805KekValidationInput{}, dataplane.GenerateAs2805KekValidationOutput{},
}

const digits = "5413339000001513"

// fill puts the digits into every sensitive member of a structure, however deep, and counts them.
func fill(d *facts.Service, v reflect.Value) (filled int) {
	shape := d.Shape(v.Type().Name())
	for i := range v.NumField() {
		f := v.Field(i)
		at := slices.IndexFunc(shape.Members, func(m facts.Member) bool { return m.Name == v.Type().Field(i).Name })
		if f.Kind() == reflect.Pointer {
			f.Set(reflect.New(f.Type().Elem()))
			f = f.Elem()
		}
		switch {
		case f.Kind() == reflect.Struct:
			filled += fill(d, f)
		case d.Shape(shape.Members[at].Shape).Sensitive:
			f.SetString(digits)
			filled++
		}
	}
	return filled
}

// TestRequestsAndAnswersPrintNothingSensitive: by any verb and in a log, also as a part of another
// value.
func TestRequestsAndAnswersPrintNothingSensitive(t *testing.T) {
	d, all := facts.Data(), 0
	if len(shapes) != 2*len(d.Operations) {
		t.Fatalf("%d shapes for %d operations", len(shapes), len(d.Operations))
	}
	for _, zero := range shapes {
		pointer := reflect.New(reflect.TypeOf(zero))
		all += fill(d, pointer.Elem())
		var out bytes.Buffer
		for _, v := range []any{pointer.Interface(), pointer.Elem().Interface()} {
			slog.New(slog.NewTextHandler(&out, nil)).Info("text", "value", v)
			slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "value", v)
			for _, value := range []any{v, struct{ Field any }{v}, []any{v}} {
				for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
					fmt.Fprintf(&out, verb+"\n", value)
				}
			}
		}
		if i := strings.Index(out.String(), digits); i >= 0 {
			t.Errorf("%T: %.200s", zero, out.String()[max(0, i-100):])
		}
	}
	if all < 100 {
		t.Errorf("%d sensitive members: the test sees nothing", all)
	}
}
