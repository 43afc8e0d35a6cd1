package engine

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// description is the service's own description of its shapes.
type description struct {
	Operations map[string]struct {
		Input, Output struct{ Shape string }
	}
	Shapes map[string]struct {
		Type      string
		Required  []string
		Members   map[string]struct{ Shape string }
		Member    struct{ Shape string }
		Enum      []string
		Min, Max  *int
		Pattern   string
		Union     bool
		Exception bool
	}
}

func serviceDescription(t *testing.T) *description {
	var d description
	specFile(t, "service-2.json", &d)
	return &d
}

// requests are all simulated operations' inputs and outputs.
var requests = []struct{ in, out any }{
	{CreateKeyInput{}, CreateKeyOutput{}}, {GetKeyInput{}, GetKeyOutput{}}, {ListKeysInput{}, ListKeysOutput{}},
	{DeleteKeyInput{}, DeleteKeyOutput{}}, {RestoreKeyInput{}, RestoreKeyOutput{}},
	{StartKeyUsageInput{}, StartKeyUsageOutput{}}, {StopKeyUsageInput{}, StopKeyUsageOutput{}},
	{CreateAliasInput{}, CreateAliasOutput{}}, {GetAliasInput{}, GetAliasOutput{}}, {UpdateAliasInput{}, UpdateAliasOutput{}},
	{DeleteAliasInput{}, DeleteAliasOutput{}}, {ListAliasesInput{}, ListAliasesOutput{}},
	{TagResourceInput{}, TagResourceOutput{}}, {UntagResourceInput{}, UntagResourceOutput{}},
	{ListTagsForResourceInput{}, ListTagsForResourceOutput{}},
	{ImportKeyInput{}, ImportKeyOutput{}}, {ExportKeyInput{}, ExportKeyOutput{}},
	{GetParametersForImportInput{}, GetParametersForImportOutput{}}, {GetParametersForExportInput{}, GetParametersForExportOutput{}},
	{GetPublicKeyCertificateInput{}, GetPublicKeyCertificateOutput{}},
	{GetCertificateSigningRequestInput{}, GetCertificateSigningRequestOutput{}},
}

// TestShapesHaveEveryMemberOfTheService walks the Go types beside the
// service's description: same members, same order of types, none missing,
// none invented.
func TestShapesHaveEveryMemberOfTheService(t *testing.T) {
	d := serviceDescription(t)
	seen := map[reflect.Type]bool{}
	for _, r := range requests {
		for _, v := range []any{r.in, r.out} {
			typ := reflect.TypeOf(v)
			compareShape(t, d, typ, typ.Name(), seen)
		}
	}
	if len(seen) < 50 {
		t.Errorf("%d shapes compared only", len(seen))
	}
}

func compareShape(t *testing.T, d *description, typ reflect.Type, shape string, seen map[reflect.Type]bool) {
	if seen[typ] {
		return
	}
	seen[typ] = true
	s, ok := d.Shapes[shape]
	if !ok {
		t.Errorf("%s: the service has no such shape", shape)
		return
	}
	for i := range typ.NumField() {
		f := typ.Field(i)
		m, ok := s.Members[f.Name]
		if !ok {
			t.Errorf("%s.%s: the service has no such member", shape, f.Name)
			continue
		}
		compareMember(t, d, shape+"."+f.Name, f.Type, m.Shape, slices.Contains(s.Required, f.Name), seen)
	}
	if got, want := typ.NumField(), len(s.Members); got != want {
		t.Errorf("%s: %d members, the service has %d", shape, got, want)
	}
}

func compareMember(t *testing.T, d *description, at string, typ reflect.Type, shape string, required bool, seen map[reflect.Type]bool) {
	s := d.Shapes[shape]
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	} else if !required && shape != "PrimitiveBoolean" && typ.Kind() != reflect.Slice && typ.Kind() != reflect.Map {
		t.Errorf("%s: optional in the service, but no pointer", at)
	}
	kinds := map[string]reflect.Kind{"structure": reflect.Struct, "list": reflect.Slice, "map": reflect.Map,
		"string": reflect.String, "boolean": reflect.Bool, "integer": reflect.Int, "timestamp": reflect.TypeFor[time.Time]().Kind()}
	if typ.Kind() != kinds[s.Type] {
		t.Errorf("%s: a %s, in the service a %s", at, typ.Kind(), s.Type)
		return
	}
	switch s.Type {
	case "structure":
		compareShape(t, d, typ, shape, seen)
	case "list":
		compareMember(t, d, at+"[]", typ.Elem(), s.Member.Shape, true, seen)
	}
}

// TestEnumerationsAreTheService compares every list of values, in order.
func TestEnumerationsAreTheService(t *testing.T) {
	d := serviceDescription(t)
	for shape, got := range map[string][]string{
		"As2805KeyVariant": texts(allAs2805KeyVariant), "DeriveKeyUsage": texts(allDeriveKeyUsage),
		"KeyAlgorithm": texts(allKeyAlgorithm), "KeyCheckValueAlgorithm": texts(allKeyCheckValueAlgorithm),
		"KeyClass": texts(allKeyClass), "KeyDerivationFunction": texts(allKeyDerivationFunction),
		"KeyDerivationHashAlgorithm": texts(allKeyDerivationHashAlgorithm), "KeyExportability": texts(allKeyExportability),
		"KeyMaterialType": texts(allKeyMaterialType), "SigningAlgorithmType": texts(allSigningAlgorithmType),
		"KeyState": texts(allKeyState), "KeyUsage": texts(allKeyUsage), "SymmetricKeyAlgorithm": texts(allSymmetricKeyAlgorithm),
		"Tr34KeyBlockFormat": texts(allTr34KeyBlockFormat), "WrappingKeySpec": texts(allWrappingKeySpec),
	} {
		if want := d.Shapes[shape].Enum; !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", shape, got, want)
		}
	}
	if len(algorithms) != len(allKeyAlgorithm) {
		t.Errorf("%d algorithms in the table, %d in the enumeration", len(algorithms), len(allKeyAlgorithm))
	}
}

func texts[T ~string](vs []T) (out []string) {
	for _, v := range vs {
		out = append(out, string(v))
	}
	return out
}

// rulesByShape pairs every limit on a string with the shape it is of.
var rulesByShape = map[string]*textRule{
	"AliasName": &textAliasName, "CertificateType": &textCertificateType,
	"CertificateSubjectTypeCommonNameString": &textCommonName, "CertificateSubjectTypeOrganizationString": &textOrganization,
	"CertificateSubjectTypeOrganizationUnitString": &textOrganization, "CertificateSubjectTypeCityString": &textPlace,
	"CertificateSubjectTypeStateOrProvinceString": &textPlace, "CertificateSubjectTypeCountryString": &textCountry,
	"CertificateSubjectTypeEmailAddressString": &textEmailAddress,
	"EvenHexLengthBetween16And32":              &textEvenHexLengthBetween16And32, "ExportTokenId": &textExportTokenId,
	"HexLength20Or24": &textHexLength20Or24, "ImportTokenId": &textImportTokenId, "KeyArn": &textKeyArn,
	"KeyArnOrKeyAliasType": &textKeyArnOrKeyAliasType, "KeyVersion": &textKeyVersion,
	"MpaRequesterComment": &textMpaRequesterComment, "NextToken": &textNextToken, "OptionalBlockId": &textOptionalBlockId,
	"OptionalBlockValue": &textOptionalBlockValue, "Region": &textRegion, "ResourceArn": &textResourceArn,
	"SharedInformation": &textSharedInformation, "TagKey": &textTagKey, "TagValue": &textTagValue,
	"Tr31WrappedKeyBlock": &textTr31WrappedKeyBlock, "Tr34WrappedKeyBlock": &textTr34WrappedKeyBlock,
	"WrappedKeyCryptogram": &textWrappedKeyCryptogram,
}

// anchored is a pattern of the description between anchors, without what Go's
// regexp does not know: the possessive {2}+ and the anchors inside that were
// left when the outer ones were cut.
func anchored(pattern string) string {
	pattern = strings.ReplaceAll(pattern, "{2}+", "{2}")
	pattern = strings.ReplaceAll(pattern, "$|^", "|")
	return "^(?:" + pattern + ")$"
}

func TestLimitsAreTheService(t *testing.T) {
	d := serviceDescription(t)
	for shape, rule := range rulesByShape {
		s := d.Shapes[shape]
		low, high := 0, 0
		if s.Min != nil {
			low = *s.Min
		}
		if s.Max != nil {
			high = *s.Max
		}
		if shape == "TagValue" { // the prose allows the empty value
			low = 0
		}
		if rule.Min != low || rule.Max != high {
			t.Errorf("%s: length %d..%d, the service says %d..%d", shape, rule.Min, rule.Max, low, high)
		}
		if got, want := anchored(rule.Pattern), anchored(s.Pattern); got != want {
			t.Errorf("%s: pattern %s, the service says %s", shape, got, want)
		}
	}
	for shape, most := range map[string]int{"Tags": maxTagList, "TagKeys": maxTagList} {
		if got := *d.Shapes[shape].Max; got != most {
			t.Errorf("%s: at most %d items, the service says %d", shape, most, got)
		}
	}
}

// TestMatchersAgreeWithTheirPatterns holds each hand-written matcher against
// the regular expression that it stands for, on strings that fit, nearly fit
// and do not fit.
func TestMatchersAgreeWithTheirPatterns(t *testing.T) {
	for shape, rule := range rulesByShape {
		if rule.match == nil {
			if rule.Pattern != "" {
				t.Errorf("%s: a pattern and no matcher", shape)
			}
			continue
		}
		t.Run(shape, func(t *testing.T) {
			expr := regexp.MustCompile(anchored(rule.Pattern))
			fits := rapid.StringMatching(expr.String())
			odd := rapid.StringOf(rapid.RuneFrom([]rune("a0AZ9f-_/:[;é\x00 \nG")))
			rapid.Check(t, func(t *rapid.T) {
				s := fits.Draw(t, "fits")
				if rapid.Bool().Draw(t, "spoil") {
					at := rapid.IntRange(0, len(s)).Draw(t, "at")
					s = s[:at] + odd.Draw(t, "odd") + s[min(len(s), at+rapid.IntRange(0, 2).Draw(t, "cut")):]
				}
				if got, want := rule.match(s), expr.MatchString(s); got != want {
					t.Fatalf("%q: matcher says %t, %s says %t", s, got, expr, want)
				}
			})
		})
	}
}

// TestOperationsAreTheService: the list names each of the 32 once.
func TestOperationsAreTheService(t *testing.T) {
	d := serviceDescription(t)
	listed := map[string]bool{}
	for _, op := range Operations {
		if _, ok := d.Operations[op.Name]; !ok || listed[op.Name] {
			t.Errorf("%s is listed twice or is no operation of the service", op.Name)
		}
		listed[op.Name] = true
		_, method := reflect.TypeFor[*Caller]().MethodByName(op.Name)
		if _, callable := methods[op.Name]; method != op.Simulated || callable != method {
			t.Errorf("%s: listed as simulated %t, a method %t, callable %t", op.Name, op.Simulated, method, callable)
		}
	}
	if len(listed) != len(d.Operations) {
		t.Errorf("%d operations listed, the service has %d", len(listed), len(d.Operations))
	}
	if want := fmt.Sprint(len(requests)); want != fmt.Sprint(simulated()) {
		t.Errorf("%d operations simulated, %s compared", simulated(), want)
	}
}

func simulated() (n int) {
	for _, op := range Operations {
		if op.Simulated {
			n++
		}
	}
	return n
}
