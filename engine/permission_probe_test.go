package engine_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/operations"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// probed is what probing requests have in place of the identifier that is tried.
const probed = "PROBED"

// keyless are the operations whose requests name no key, or one by the caller's own alias alone.
var keyless = strings.Fields(`AssociateMpaTeam CreateKey DisableDefaultKeyReplicationRegions DisassociateMpaTeam
	EnableDefaultKeyReplicationRegions GetDefaultKeyReplicationRegions GetMpaTeamAssociation GetParametersForExport
	GetParametersForImport ListKeys`)

// probes are requests of the control plane that name a key of another account, in JSON.
func probes(own string) map[string][]string {
	key, resource := `{"KeyIdentifier":"PROBED"}`, `{"ResourceArn":"PROBED"}`
	regions := `{"KeyIdentifier":"PROBED","ReplicationRegions":["us-west-2"]}`
	block := strings.Repeat("A", 80)
	return map[string][]string{
		"GetKey": {key}, "DeleteKey": {key}, "RestoreKey": {key}, "StartKeyUsage": {key}, "StopKeyUsage": {key}, "GetPublicKeyCertificate": {key},
		"GetCertificateSigningRequest": {`{"KeyIdentifier":"PROBED","SigningAlgorithm":"SHA256","CertificateSubject":{"CommonName":"x"}}`},
		"TagResource":                  {`{"ResourceArn":"PROBED","Tags":[{"Key":"a","Value":"b"}]}`},
		"UntagResource":                {`{"ResourceArn":"PROBED","TagKeys":["a"]}`},
		"ListTagsForResource":          {resource},
		"PutResourcePolicy":            {`{"ResourceArn":"PROBED","Policy":"{}"}`},
		"GetResourcePolicy":            {resource}, "DeleteResourcePolicy": {resource},
		"AddKeyReplicationRegions": {regions}, "RemoveKeyReplicationRegions": {regions},
		"CreateAlias": {`{"AliasName":"alias/mine","KeyArn":"PROBED"}`}, "UpdateAlias": {`{"AliasName":"alias/own","KeyArn":"PROBED"}`},
		"ListAliases": {`{"KeyArn":"PROBED"}`}, "GetAlias": {`{"AliasName":"PROBED"}`}, "DeleteAlias": {`{"AliasName":"PROBED"}`},
		"ExportKey": {
			`{"ExportKeyIdentifier":"PROBED","KeyMaterial":{"Tr31KeyBlock":{"WrappingKeyIdentifier":"` + own + `"}}}`,
			`{"ExportKeyIdentifier":"` + own + `","KeyMaterial":{"Tr31KeyBlock":{"WrappingKeyIdentifier":"PROBED"}}}`,
		},
		"ImportKey": {`{"KeyMaterial":{"Tr31KeyBlock":{"WrappingKeyIdentifier":"PROBED","WrappedKeyBlock":"` + block + `"}}}`},
	}
}

// prober tries requests as a caller of another account.
type prober struct {
	*engine.Caller
	events *[]apc.Event
}

// try returns the whole refusal of a request and its events for the caller, with the identifier replaced.
func (p prober) try(t *testing.T, op, request, identifier string) string {
	t.Helper()
	o, ok := engine.OperationNamed(op)
	if !ok {
		t.Fatalf("there is no operation %s", op)
	}
	*p.events = nil
	text := strings.ReplaceAll(request, probed, identifier)
	_, err := o.Call(ctx, p.Caller, func(in any) error { return json.Unmarshal([]byte(text), in) })
	refusal, ok := errors.AsType[*apc.Error](err)
	if !ok {
		t.Fatalf("%s with %s: got %v, want a refusal", op, identifier, err)
	}
	out := fmt.Sprintf("%+v %+v %v", *refusal, refusal.Reasons, refusal)
	for _, e := range *p.events {
		if e.RecipientAccountID == acquirer {
			out += fmt.Sprintf("\n%+v", e)
		}
	}
	return strings.ReplaceAll(out, identifier, probed)
}

// compare tries a request with a key that exists and one that does not, and with aliases. Where a member
// takes no alias, that is what is refused.
func (p prober) compare(t *testing.T, op, request, key, alias string) {
	t.Helper()
	prefix, id, _ := strings.Cut(key, "key/")
	absent := p.try(t, op, request, prefix+"key/"+strings.Repeat("a", len(id)))
	if got := p.try(t, op, request, key); got != absent {
		t.Errorf("%s of a key that exists:\ngot  %s\nwant %s", op, got, absent)
	}
	noAlias := p.try(t, op, request, prefix+"alias/"+strings.Repeat("a", len(alias)-len("alias/")))
	if got := p.try(t, op, request, prefix+alias); got != noAlias {
		t.Errorf("%s of an alias that exists:\ngot  %s\nwant %s", op, got, noAlias)
	}
	if noAlias != absent && !strings.Contains(noAlias, "ValidationException") {
		t.Errorf("%s of an alias:\ngot  %s\nwant %s", op, noAlias, absent)
	}
}

// TestNoOperationIsAnOracleOfExistence: for a caller of another account a key or an alias that exists is
// refused by each operation as one that does not, in text, reasons and event.
func TestNoOperationIsAnOracleOfExistence(t *testing.T) {
	var events []apc.Event
	eng := simtest.New(t, &engine.Options{Now: engine.NewClock(noon).Now, Observe: func(e apc.Event) { events = append(events, e) }})
	p := prober{eng.As(apc.Identity{Account: acquirer}), &events}
	own := create(t, p.Caller, kekAttributes(apc.KeyAlgorithmAES256)).KeyArn
	if _, err := p.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: "alias/own", KeyArn: &own}); err != nil {
		t.Fatal(err)
	}
	named := func(key, alias string) string {
		if _, err := eng.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: alias, KeyArn: &key}); err != nil {
			t.Fatal(err)
		}
		return alias
	}
	tried := map[string]bool{}
	key := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256)).KeyArn
	alias := named(key, "alias/theirs")
	for op, requests := range probes(own) {
		for _, request := range requests {
			p.compare(t, op, request, key, alias)
		}
		tried[op] = true
	}
	for i, o := range operations.All() {
		ready := o.Ready(t, eng)
		request, err := json.Marshal(ready.In)
		if err != nil {
			t.Fatal(err)
		}
		op := strings.TrimSuffix(reflect.TypeOf(ready.In).Elem().Name(), "Input")
		for j, key := range ready.Keys {
			p.compare(t, op, strings.ReplaceAll(string(request), key, probed), key, named(key, fmt.Sprintf("alias/key-%d-%d", i, j)))
		}
		tried[op] = true
	}
	for op := range engine.Operations() {
		if untried := !tried[op.Name]; !op.DataPlane && untried != slices.Contains(keyless, op.Name) {
			t.Errorf("%s is not tried, or not without a key", op.Name)
		}
	}
}
