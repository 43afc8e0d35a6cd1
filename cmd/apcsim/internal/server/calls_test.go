package server

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/console"
	"github.com/seed748fb4d1/apcsim/engine"
)

func TestRecentCallsHaveTheirReasons(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true})
	key := r.create(t)
	r.call(t, "GetKey", `{"KeyIdentifier":"alias/none"}`)
	var got journalView
	r.own(t, "GET", "journal", "", &got)
	if len(got.Calls) != 2 {
		t.Fatalf("got %+v", got)
	}
	made, refused := got.Calls[0], got.Calls[1]
	if made.Operation != "CreateKey" || made.Account != engine.DefaultAccount || made.Region != engine.DefaultRegion ||
		made.Error != "" ||
		fmt.Sprint(made.Keys) != "["+key+"]" {
		t.Errorf("accepted: got %+v", made)
	}
	if refused.Operation != "GetKey" || !refused.ReadOnly || refused.Error != "ResourceNotFoundException" || len(refused.Reasons) != 1 ||
		refused.Reasons[0].Rule != "alias" {
		t.Errorf("refused: got %+v", refused)
	}
	r.own(t, "GET", "journal?limit=1", "", &got)
	if len(got.Calls) != 1 || got.Calls[0].Operation != "GetKey" {
		t.Errorf("the last one: got %+v", got)
	}
}

// TestCallsThatDidNotReachTheEngineAreInTheJournal: such a call is often the first one of a new client.
func TestCallsThatDidNotReachTheEngineAreInTheJournal(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true})
	r.call(t, "CreateKey", createAES) // without a signature
	r.call(t, "Fly", "{}")
	var got journalView
	r.own(t, "GET", "journal", "", &got)
	if len(got.Calls) != 2 || got.Calls[0].Operation != "CreateKey" || got.Calls[0].Error != "MissingAuthenticationTokenException" ||
		got.Calls[1].Error != "UnknownOperationException" ||
		got.Calls[1].Message == "" {
		t.Errorf("got %+v", got.Calls)
	}
}

// TestACallIsKeptBriefly: a request that is wrong everywhere must not fill
// the memory, nor a key in the wrong place stay in it.
func TestACallIsKeptBriefly(t *testing.T) {
	var c calls
	long := console.Call{Message: strings.Repeat("m", 1<<20)}
	for range 1000 {
		long.Reasons = append(long.Reasons, apc.Reason{Found: "0123456789ABCDEFFEDCBA9876543210", Wanted: strings.Repeat("w", 1<<16)})
	}
	c.add(long)
	got := c.latest(0, callFilter{}, 1)[0]
	if len(got.Message) > maxText || len(got.Reasons) != maxReasons || got.Reasons[0].Found != "..." ||
		len(got.Reasons[0].Wanted) > maxText ||
		long.Reasons[0].Found == "..." {
		t.Errorf("%d bytes of message, %d reasons, the first %+v", len(got.Message), len(got.Reasons), got.Reasons[0])
	}
}

func TestOldCallsAreDropped(t *testing.T) {
	var c calls
	for i := range maxCalls + 7 {
		c.add(console.Call{Operation: fmt.Sprint(i)})
	}
	got := c.latest(0, callFilter{}, 2*maxCalls)
	if len(got) != maxCalls || got[0].Operation != "7" || got[maxCalls-1].Operation != fmt.Sprint(maxCalls+6) || got[0].Number != 8 {
		t.Errorf("got %d calls from %s to %s", len(got), got[0].Operation, got[len(got)-1].Operation)
	}
	for i := range maxTransfers + 7 {
		c.transferred(transfer{how: fmt.Sprint(i)})
	}
	if got := c.allTransfers(); len(got) != maxTransfers || got[0].how != "7" {
		t.Errorf("got %d transfers from %s", len(got), got[0].how)
	}
	big := console.Call{Request: &engine.ImportKeyInput{KeyMaterial: engine.ImportKeyMaterial{
		RootCertificatePublicKey: &engine.RootCertificatePublicKey{PublicKeyCertificate: strings.Repeat("A", 1<<20)}}}}
	for range 20 {
		c.add(big)
	}
	if got := c.latest(0, callFilter{}, maxCalls); len(got) > 7 || len(got) < 6 || c.size > maxCallBytes {
		t.Errorf("%d requests of a megabyte are remembered, %d bytes", len(got), c.size)
	}
}

// TestANameThatAClientChoseIsInTheJournal: names of optional blocks are written by clients, and may have any character.
func TestANameThatAClientChoseIsInTheJournal(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true})
	const name = "\x00\x1b\x7f\"\\\u2028"
	quoted, err := json.Marshal(name)
	if err != nil {
		t.Fatal(err)
	}
	r.call(t, "ExportKey", `{"ExportKeyIdentifier":"alias/a","KeyMaterial":{"Tr31KeyBlock":{"WrappingKeyIdentifier":"alias/b",`+
		`"KeyBlockHeaders":{"OptionalBlocks":{`+string(quoted)+`:"v"}}}}}`)
	var got journalView
	r.own(t, "GET", "journal", "", &got)
	if len(got.Calls) != 1 {
		t.Fatalf("got %+v, want one call", got)
	}
	var in struct {
		KeyMaterial struct {
			Tr31KeyBlock struct {
				KeyBlockHeaders struct{ OptionalBlocks map[string]string }
			}
		}
	}
	err = json.Unmarshal(got.Calls[0].Request, &in)
	if blocks := in.KeyMaterial.Tr31KeyBlock.KeyBlockHeaders.OptionalBlocks; err != nil || blocks[name] != "v" {
		t.Errorf("got %s, %v, want the block %q", got.Calls[0].Request, err, name)
	}
	if status, page, _ := r.page(t, "/_apcsim/console/calls/1"); status != 200 || !strings.Contains(page, "client.export_key(") ||
		!strings.Contains(page, "OptionalBlocks") {
		t.Errorf("the call's page: got %d\n%s", status, page)
	}
}
