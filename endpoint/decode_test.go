package endpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/shape"
)

// FuzzDecode: what is taken is JSON, and what is JSON is only refused for a type;
// what is taken is read as the library reads it, where it reads names as strictly.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{}`, ` {"Tags":[{"Key":"a","Value":"\u00e9\\"},null],"Tags":[]} `, `{"a":{"b":[1,{}]},"Enabled":true}`,
		`{"Enabled":tru}`, `{"Tags":[,]}`,
		`{"Tags":[{}],}`, `{"Exportable" :false,"x":-1.5e+3 , "KeyAttributes":{"KeyUsage":"\ud800"}}`, `{"Exportable":01}`, `null`,
		`{"a":1}x`, `{"Enabled":null`, "{\"a\":\"\x01\"}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var got engine.CreateKeyInput
		err := decode(body, &got, new(shape.Sent))
		valid := json.Valid(body) || len(bytes.TrimSpace(body)) == 0
		if err == nil && !valid || valid && err == errSyntax {
			t.Fatalf("%q: valid %t, read with %v", body, valid, err)
		}
		var want struct{ KeyAttributes struct{ KeyUsage string } }
		var names map[string]json.RawMessage
		if err != nil || json.Unmarshal(body, &names) != nil || strings.Count(strings.ToLower(string(body)), "key") != 2 ||
			bytes.Contains(body, []byte("\\")) {
			return
		}
		if strict := bytes.Contains(body, []byte(`"KeyAttributes"`)) && bytes.Contains(body, []byte(`"KeyUsage"`)); strict &&
			json.Unmarshal(body, &want) == nil &&
			names["KeyAttributes"] != nil &&
			want.KeyAttributes.KeyUsage != string(got.KeyAttributes.KeyUsage) {
			t.Errorf("%q: read as %q, by the library as %q", body, got.KeyAttributes.KeyUsage, want.KeyAttributes.KeyUsage)
		}
	})
}

// TestDecodeReadsWhatTheLibraryReads compares with encoding/json on documents
// of random strings, escapes and space, which it may not do member by member:
// it takes names in any case.
func TestDecodeReadsWhatTheLibraryReads(t *testing.T) {
	word := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{`\`, `"`, `\"`, `\\`, "\u2028", "😀", `\u0041`, ""}))
	rapid.Check(t, func(t *rapid.T) {
		want := engine.CreateKeyInput{Exportable: new(rapid.Bool().Draw(t, "exportable"))}
		want.KeyAttributes.KeyUsage = apc.KeyUsage(word.Draw(t, "usage"))
		want.KeyAttributes.KeyModesOfUse.Wrap = rapid.Bool().Draw(t, "wrap")
		for range rapid.IntRange(0, 5).Draw(t, "tags") {
			want.Tags = append(want.Tags, apc.Tag{Key: word.Draw(t, "key"), Value: word.Draw(t, "value")})
		}
		body := map[string]any{"Exportable": want.Exportable, "KeyAttributes": map[string]any{"KeyUsage": want.KeyAttributes.KeyUsage,
			"KeyModesOfUse": map[string]any{"Wrap": want.KeyAttributes.KeyModesOfUse.Wrap}},
			word.Draw(t, "unknown") + "?": []any{1.5, "]}", map[string]any{"{[\\": nil}, true}}
		if want.Tags != nil {
			body["Tags"] = want.Tags
		}
		write := func(v any) ([]byte, error) { return json.MarshalIndent(v, "\t", "\r\n ") }
		if rapid.Bool().Draw(t, "compact") {
			write = json.Marshal
		}
		text, _ := write(body)
		var got engine.CreateKeyInput
		if err := decode(text, &got, new(shape.Sent)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v\n%s\nread as %+v\nwanted  %+v", err, text, got, want)
		}
	})
}

// TestOfAMemberThatIsThereTwiceTheLastCounts: nothing is left of the first value, however its name is written.
func TestOfAMemberThatIsThereTwiceTheLastCounts(t *testing.T) {
	for _, c := range []struct {
		body string
		want engine.CreateKeyInput
	}{
		{`{"Exportable":true,"Exportable":null}`, engine.CreateKeyInput{}},
		{`{"Exportable":true,"\u0045xportable":null}`, engine.CreateKeyInput{}},
		{`{"Exportable":null,"Exportable":true}`, engine.CreateKeyInput{Exportable: new(true)}},
		{`{"Exportable":true,"Exportable":null,"Exportable":false}`, engine.CreateKeyInput{Exportable: new(false)}},
		{`{"KeyAttributes":{"KeyUsage":"A"},"KeyAttributes":{}}`, engine.CreateKeyInput{}},
		{`{"KeyAttributes":{"KeyUsage":"A"},"KeyAttributes":null}`, engine.CreateKeyInput{}},
		{`{"KeyAttributes":{"KeyUsage":"A","KeyUsage":null}}`, engine.CreateKeyInput{}},
		{`{"KeyAttributes":{"KeyModesOfUse":{"Wrap":true},"KeyModesOfUse":{"Sign":true}}}`,
			engine.CreateKeyInput{KeyAttributes: apc.KeyAttributes{KeyModesOfUse: apc.KeyModesOfUse{Sign: true}}}},
		{`{"Tags":[{"Key":"a"}],"Tags":null}`, engine.CreateKeyInput{}},
	} {
		var got engine.CreateKeyInput
		if err := decode([]byte(c.body), &got, new(shape.Sent)); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v and error %v, want %+v", c.body, got, err, c.want)
		}
	}
}

// TestDecodeNotesAtMostSoManyItems bounds what a member that is repeated costs: its notes are looked for each time.
func TestDecodeNotesAtMostSoManyItems(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat(`{},`, 10_000), ",")
	blocks := ""
	for i := range 10_000 {
		blocks += fmt.Sprintf(`,"%d":""`, i)
	}
	for _, c := range []struct {
		in   any
		body string
		want int
	}{
		{&engine.TagResourceInput{}, `{"ResourceArn":"a","Tags":[` + many + `]}`, 2 * shape.MaxItems},
		{&engine.ExportKeyInput{}, `{"ExportKeyIdentifier":"a","KeyMaterial":{"Tr31KeyBlock":{"WrappingKeyIdentifier":"a","KeyBlockHeaders":` +
			`{"OptionalBlocks":{` + blocks[1:] + `}}}}}`, shape.MaxItems},
	} {
		sent := new(shape.Sent)
		if err := decode([]byte(c.body), c.in, sent); err != nil || sent.Len() != c.want {
			t.Errorf("%T of %d bytes: got %d notes and error %v, want %d", c.in, len(c.body), sent.Len(), err, c.want)
		}
	}
}

// TestAMemberIsFoundFromAnywhere: behind the last one, before it, written in another way, and not at all.
func TestAMemberIsFoundFromAnywhere(t *testing.T) {
	fields := []field{{name: "a", quoted: `"a":`}, {name: "ab", quoted: `"ab":`}, {name: "c", quoted: `"c":`}}
	for _, c := range []struct {
		text string
		want int
	}{
		{`"a":1`, 0}, {`"ab":1`, 1}, {` "ab" : 1`, 1}, {`"c"` + "\n:1", 2}, {`"\u0063":1`, 2},
		{`"d":1`, -1}, {`"A":1`, -1}, {`"":1`, -1}, {`"abc":1`, -1},
	} {
		for last := -1; last < len(fields); last++ {
			r := reader{rest: c.text}
			if got := r.member(fields, last); got != c.want || r.bad || strings.TrimSpace(r.rest) != "1" {
				t.Errorf("%s behind %d: got %d and %q left, want %d", c.text, last, got, r.rest, c.want)
			}
		}
		r := reader{rest: c.text}
		if got := r.member(nil, -1); got != -1 || r.bad {
			t.Errorf("%s of no members: got %d", c.text, got)
		}
	}
	for _, text := range []string{"", `"a`, `"a"`, `"a" 1`, "a:1", `"\x":1`, ":1"} {
		r := reader{rest: text}
		if r.member(fields, -1); !r.bad {
			t.Errorf("%s is taken for a name and a colon", text)
		}
	}
}
