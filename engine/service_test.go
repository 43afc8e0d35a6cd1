package engine

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/facts"

	"pgregory.net/rapid"
)

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
	d := facts.Control()
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

func compareShape(t *testing.T, d *facts.Service, typ reflect.Type, shape string, seen map[reflect.Type]bool) {
	if seen[typ] {
		return
	}
	seen[typ] = true
	s := d.Shape(shape)
	if s == nil {
		t.Errorf("%s: the service has no such shape", shape)
		return
	}
	for i := range typ.NumField() {
		f := typ.Field(i)
		m := slices.IndexFunc(s.Members, func(m facts.Member) bool { return m.Name == f.Name })
		if m < 0 {
			t.Errorf("%s.%s: the service has no such member", shape, f.Name)
			continue
		}
		compareMember(t, d, shape+"."+f.Name, f.Type, s.Members[m].Shape, s.Members[m].Required, seen)
	}
	if got, want := typ.NumField(), len(s.Members); got != want {
		t.Errorf("%s: %d members, the service has %d", shape, got, want)
	}
}

func compareMember(t *testing.T, d *facts.Service, at string, typ reflect.Type, shape string, required bool, seen map[reflect.Type]bool) {
	s := d.Shape(shape)
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	} else if !required && shape != "PrimitiveBoolean" && typ.Kind() != reflect.Slice && typ.Kind() != reflect.Map {
		t.Errorf("%s: optional in the service, but no pointer", at)
	}
	kinds := map[facts.Kind]reflect.Kind{facts.Structure: reflect.Struct, facts.Union: reflect.Struct, facts.List: reflect.Slice, facts.Map: reflect.Map,
		facts.String: reflect.String, facts.Enum: reflect.String, facts.Boolean: reflect.Bool, facts.Integer: reflect.Int, facts.Timestamp: reflect.TypeFor[time.Time]().Kind()}
	if typ.Kind() != kinds[s.Kind] {
		t.Errorf("%s: a %s, in the service a %s", at, typ.Kind(), s.Kind)
		return
	}
	switch s.Kind {
	case facts.Structure, facts.Union:
		compareShape(t, d, typ, shape, seen)
	case facts.List:
		compareMember(t, d, at+"[]", typ.Elem(), s.Item, true, seen)
	}
}

// TestEnumerationsAreTheService compares every list of values, in order.
func TestEnumerationsAreTheService(t *testing.T) {
	d := facts.Control()
	for shape, got := range map[string][]string{
		"As2805KeyVariant": texts(allAs2805KeyVariant), "DeriveKeyUsage": texts(allDeriveKeyUsage),
		"KeyAlgorithm": texts(allKeyAlgorithm), "KeyCheckValueAlgorithm": texts(allKeyCheckValueAlgorithm),
		"KeyClass": texts(allKeyClass), "KeyDerivationFunction": texts(allKeyDerivationFunction),
		"KeyDerivationHashAlgorithm": texts(allKeyDerivationHashAlgorithm), "KeyExportability": texts(allKeyExportability),
		"KeyMaterialType": texts(allKeyMaterialType), "SigningAlgorithmType": texts(allSigningAlgorithmType),
		"KeyState": texts(allKeyState), "KeyUsage": texts(allKeyUsage), "SymmetricKeyAlgorithm": texts(allSymmetricKeyAlgorithm),
		"Tr34KeyBlockFormat": texts(allTr34KeyBlockFormat), "WrappingKeySpec": texts(allWrappingKeySpec),
	} {
		if want := d.Shape(shape).Values; !slices.Equal(got, want) {
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

func anchored(pattern string) string { return "^(?:" + pattern + ")$" }

func TestLimitsAreTheService(t *testing.T) {
	d := facts.Control()
	for shape, rule := range rulesByShape {
		s := d.Shape(shape)
		low, high := 0, 0
		if s.Min != nil {
			low = *s.Min
		}
		if s.Max != nil {
			high = *s.Max
		}
		if rule.Min != low || rule.Max != high {
			t.Errorf("%s: length %d..%d, the service says %d..%d", shape, rule.Min, rule.Max, low, high)
		}
		if got, want := anchored(rule.Pattern), anchored(s.GoPattern()); got != want {
			t.Errorf("%s: pattern %s, the service says %s", shape, got, want)
		}
	}
	for shape, most := range map[string]int{"Tags": maxTagList, "TagKeys": maxTagList} {
		if got := *d.Shape(shape).Max; got != most {
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
	d := facts.Control()
	listed := map[string]bool{}
	for _, op := range Operations {
		if d.Operation(op.Name) == nil || listed[op.Name] {
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
