package server

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestWhatIsDueIsListedSoonestFirst(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true, TestKeys: true})
	key := r.create(t)
	r.call(t, "CreateAlias", `{"AliasName":"alias/going","KeyArn":"`+key+`"}`)
	r.call(t, "DeleteKey", `{"KeyIdentifier":"alias/going","DeleteKeyInDays":3}`)
	if status, answer, _ := r.call(t, "GetParametersForImport",
		`{"KeyMaterialType":"TR34_KEY_BLOCK","WrappingKeyAlgorithm":"RSA_2048"}`); status != 200 {
		t.Fatalf("GetParametersForImport: %d, %s", status, answer)
	}
	var got struct {
		Due []struct {
			At                   time.Time
			What, Resource, Name string
		}
	}
	r.own(t, "GET", "due", "", &got)
	if len(got.Due) != 2 || got.Due[0].What != "the key is deleted" || got.Due[0].Name != "alias/going" || got.Due[0].Resource != key ||
		got.Due[1].What != "the token expires" || !strings.HasPrefix(got.Due[1].Name, "import-token-") {
		t.Errorf("got %+v", got)
	}
	var at timeView
	r.own(t, "POST", "advance", `{"duration":"31d"}`, &at)
	if r.own(t, "GET", "due", "", &got); len(got.Due) != 0 {
		t.Errorf("after 31 days: got %+v", got)
	}
}

func TestTheGraphShowsWhichKeyWrappedWhich(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true, Config: parsed(t, zoneKey)})
	big := strings.ReplaceAll(createAES, "AES_128", "AES_256")
	_, answer, _ := r.call(t, "CreateKey", big)
	var out struct{ Key struct{ KeyArn string } }
	json.Unmarshal([]byte(answer), &out)
	strong := out.Key.KeyArn
	zone := "alias/zone-key"
	wrapped := r.create(t)
	export := func(key, under string) (block string) {
		_, answer, _ := r.call(
			t,
			"ExportKey",
			`{"ExportKeyIdentifier":"`+key+`","KeyMaterial":{"Tr31KeyBlock":{"WrappingKeyIdentifier":"`+under+`"}}}`,
		)
		var out struct{ WrappedKey struct{ KeyMaterial string } }
		json.Unmarshal([]byte(answer), &out)
		return out.WrappedKey.KeyMaterial
	}
	block := export(wrapped, zone)
	export(wrapped, zone)
	export(wrapped, strong)
	r.call(t, "ImportKey", `{"KeyMaterial":{"Tr31KeyBlock":{"WrappingKeyIdentifier":"`+zone+`","WrappedKeyBlock":"`+block+`"}}}`)
	r.call(t, "StopKeyUsage", `{"KeyIdentifier":"`+strong+`"}`)
	var got struct {
		Keys  []struct{ ID, Name, Algorithm string }
		Wraps []struct {
			Wrapping, Wrapped, Times int
			How, Problem             string
		}
	}
	r.own(t, "GET", "graph", "", &got)
	if len(got.Wraps) != 3 || len(got.Keys) != 4 {
		t.Fatalf("got %+v", got)
	}
	first, second, third := got.Wraps[0], got.Wraps[1], got.Wraps[2]
	if first.Times != 2 || first.How != "ExportKey" || first.Problem != "" || got.Keys[first.Wrapping].Name != zone ||
		got.Keys[first.Wrapped].ID != wrapped {
		t.Errorf("exported twice: got %+v of %+v", first, got.Keys)
	}
	if second.Problem != "the wrapping key is stopped" {
		t.Errorf("under a stopped key: got %+v", second)
	}
	if third.How != "ImportKey, Tr31KeyBlock" || third.Wrapping != first.Wrapping {
		t.Errorf("imported: got %+v", third)
	}
}
