package engine

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/facts"
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
	{
		AddKeyReplicationRegionsInput{},
		AddKeyReplicationRegionsOutput{},
	}, {RemoveKeyReplicationRegionsInput{}, RemoveKeyReplicationRegionsOutput{}},
	{EnableDefaultKeyReplicationRegionsInput{}, EnableDefaultKeyReplicationRegionsOutput{}},
	{DisableDefaultKeyReplicationRegionsInput{}, DisableDefaultKeyReplicationRegionsOutput{}},
	{GetDefaultKeyReplicationRegionsInput{}, GetDefaultKeyReplicationRegionsOutput{}},
	{
		AssociateMpaTeamInput{},
		AssociateMpaTeamOutput{},
	}, {DisassociateMpaTeamInput{}, DisassociateMpaTeamOutput{}}, {GetMpaTeamAssociationInput{}, GetMpaTeamAssociationOutput{}},
	{
		PutResourcePolicyInput{},
		PutResourcePolicyOutput{},
	}, {GetResourcePolicyInput{}, GetResourcePolicyOutput{}}, {DeleteResourcePolicyInput{}, DeleteResourcePolicyOutput{}},
	{ImportKeyInput{}, ImportKeyOutput{}}, {ExportKeyInput{}, ExportKeyOutput{}},
	{GetParametersForImportInput{}, GetParametersForImportOutput{}}, {GetParametersForExportInput{}, GetParametersForExportOutput{}},
	{GetPublicKeyCertificateInput{}, GetPublicKeyCertificateOutput{}},
	{GetCertificateSigningRequestInput{}, GetCertificateSigningRequestOutput{}},
}

// TestShapesHaveEveryMemberOfTheService walks the Go types next to the
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
	kinds := map[facts.Kind]reflect.Kind{
		facts.Structure: reflect.Struct,
		facts.Union:     reflect.Struct,
		facts.List:      reflect.Slice,
		facts.Map:       reflect.Map,
		facts.String:    reflect.String,
		facts.Enum:      reflect.String,
		facts.Boolean:   reflect.Bool,
		facts.Integer:   reflect.Int,
		facts.Timestamp: reflect.TypeFor[time.Time]().Kind(),
	}
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

// TestOperationsAreTheService: the list names each of the 47 once.
func TestOperationsAreTheService(t *testing.T) {
	planes := map[bool]*facts.Service{false: facts.Control(), true: facts.Data()}
	listed := map[string]bool{}
	for op := range Operations() {
		d := planes[op.DataPlane]
		if d.Operation(op.Name) == nil || listed[op.Name] {
			t.Errorf("%s is listed twice or is no operation of the service", op.Name)
		}
		listed[op.Name] = true
		_, method := reflect.TypeFor[*Caller]().MethodByName(op.Name)
		if callable := op.call != nil; method != op.Simulated || callable != method {
			t.Errorf("%s: listed as simulated %t, a method %t, callable %t", op.Name, op.Simulated, method, callable)
		}
	}
	if want := len(planes[false].Operations) + len(planes[true].Operations); len(listed) != want {
		t.Errorf("%d operations listed, the service has %d", len(listed), want)
	}
	if want := fmt.Sprint(len(requests)); want != fmt.Sprint(simulated()) {
		t.Errorf("%d operations simulated, %s compared", simulated(), want)
	}
}

func simulated() (n int) {
	for op := range Operations() {
		if op.Simulated && !op.DataPlane {
			n++
		}
	}
	return n
}
