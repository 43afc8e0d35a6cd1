package endpoint

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/engine"
)

// TestDecodeReadsWhatTheLibraryReads compares with encoding/json on documents
// of random strings, escapes and space, which it may not do member by member:
// it takes names in any case.
func TestDecodeReadsWhatTheLibraryReads(t *testing.T) {
	word := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{`\`, `"`, `\"`, `\\`, "\u2028", "😀", `\u0041`, ""}))
	rapid.Check(t, func(t *rapid.T) {
		want := engine.CreateKeyInput{Exportable: new(rapid.Bool().Draw(t, "exportable"))}
		want.KeyAttributes.KeyUsage = engine.KeyUsage(word.Draw(t, "usage"))
		want.KeyAttributes.KeyModesOfUse.Wrap = rapid.Bool().Draw(t, "wrap")
		for range rapid.IntRange(0, 5).Draw(t, "tags") {
			want.Tags = append(want.Tags, engine.Tag{Key: word.Draw(t, "key"), Value: word.Draw(t, "value")})
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
		if err := decode(text, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v\n%s\nread as %+v\nwanted  %+v", err, text, got, want)
		}
	})
}
