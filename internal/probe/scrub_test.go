package probe

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestAnAnswerIsScrubbed: what differs from run to run has one name, and what is secret is masked.
func TestAnAnswerIsScrubbed(t *testing.T) {
	const arn = "arn:aws:payment-cryptography:us-east-1:987654321098:key/"
	s := &scrubber{began: time.Unix(1000, 0)}
	s.replaces("", "NOTHING")
	s.replaces("us-east-1", "REGION")
	s.replaces("kwapwa6qaifllw2h", "k")
	got := s.answer(&raw{status: 400, exception: "ValidationException",
		message: "Key " + arn + "kwapwa6qaifllw2h and " + arn + "zzzzzzzzzzzzzzzz of arn:aws:sts::987654321098:assumed-role/x/y, " +
			"not AKIACANARYCANARYCANA: 4111111111111111, " + strings.Repeat("aB", 16) + ", 12345678901, " + strings.Repeat("a", 31),
		body: map[string]any{
			"KeyArn": arn + "kwapwa6qaifllw2h", "Count": json.Number("7"), "CreateTimestamp": json.Number("1003.5"),
			"ImportToken": "import-token-0123", "WrappedKeyBlock": "D0112P0AE00E0000" + strings.Repeat("A", 96),
			"List":      []any{map[string]any{"KeyMaterial": "ABCD"}, true, nil, "us-east-1"},
			"us-east-1": map[string]any{"Status": "SYNCHRONIZED"},
		}})
	want := &Answer{Status: 400, Exception: "ValidationException",
		Message: "Key arn:aws:payment-cryptography:REGION:ACCOUNT:key/k and arn:aws:payment-cryptography:REGION:ACCOUNT:key/OTHER " +
			"of arn:aws:sts:CALLER, not ACCESSKEY: DIGITS, HEX, 12345678901, " + strings.Repeat("a", 31),
		Body: map[string]any{
			"KeyArn": "arn:aws:payment-cryptography:REGION:ACCOUNT:key/k", "Count": json.Number("7"), "CreateTimestamp": 3.5,
			"ImportToken": strings.Repeat("0", 17), "WrappedKeyBlock": "D0112P0AE00E0000" + strings.Repeat("0", 96),
			"List":   []any{map[string]any{"KeyMaterial": "0000"}, true, nil, "REGION"},
			"REGION": map[string]any{"Status": "SYNCHRONIZED"},
		}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := s.answer(&raw{status: 200, body: map[string]any{}}); got.Body != nil {
		t.Errorf("an empty answer: got %+v", got)
	}
}

// TestListsHaveWhatTheProbeHasMade: nothing else of an account is recorded, but whether its keys are in order.
func TestListsHaveWhatTheProbeHasMade(t *testing.T) {
	s := &scrubber{}
	s.replaces("bbbbbbbbbbbbbbbb", "k")
	s.replaces("alias/apcsim-probe-1-p-a", "alias/a")
	key := func(id string) any { return map[string]any{"KeyArn": "arn:aws:payment-cryptography:x:1:key/" + id} }
	alias := func(name string) any { return map[string]any{"AliasName": name} }
	in := map[string]any{"NextToken": "t", "Keys": []any{key("aaaaaaaaaaaaaaaa"), key("bbbbbbbbbbbbbbbb"), key("bbbbbbbbbbbbbbbbb"), key("k")},
		"Aliases": []any{alias("alias/apcsim-probe-1-p-a2"), alias("alias/apcsim-probe-1-p-a"), alias("alias/a"), "no alias"}}
	want := map[string]any{"NextToken": "t", "Keys": []any{key("bbbbbbbbbbbbbbbb")}, "InOrderOfIds": true,
		"Aliases": []any{alias("alias/apcsim-probe-1-p-a")}}
	if diff := cmp.Diff(want, s.ownItems(in)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got := s.ownItems(map[string]any{"Keys": []any{key("c"), key("bbbbbbbbbbbbbbbb"), key("a")}})
	if diff := cmp.Diff(map[string]any{"Keys": []any{key("bbbbbbbbbbbbbbbb")}, "InOrderOfIds": false}, got); diff != "" {
		t.Errorf("not in order (-want +got):\n%s", diff)
	}
}

// TestOfAKeyBlockTheHeaderStays: the fixed 16 characters and as many optional blocks as they say and there are.
func TestOfAKeyBlockTheHeaderStays(t *testing.T) {
	for text, header := range map[string]int{
		"D0112P0AE00E0000" + "AAAAAAAA":                               16,
		"D0144P0AE00E0200" + "KS18FFFF9876543210E00001LB061" + "BBBB": 16 + 24 + 5 + 1,
		"D0144P0AE00E0100" + "KS18FFFF":                               16, // is cut off
		"D0144P0AE00E0100" + "KS":                                     16,
		"D0144P0AE00E0100" + "KS03AAAA":                               16, // no block is so short
		"D0144P0AE00E0100" + "KSxxAAAA":                               16,
		"D0144P0AE00E0100" + "KS0002" + "0100AAAA":                    16, // the long form of a length is not read
		"D0144P0AE00E9900" + "KS04LB04":                               24,
		"D0112P0AE00X0000" + "AAAAAAAA":                               0, // no exportability
		"F0112P0AE00E0000" + "AAAAAAAA":                               0,
		"0123456789ABCDEF":                                            0,
		"D0112P0AE00E00":                                              0,
		"":                                                            0,
	} {
		want := text[:header] + strings.Repeat("0", len(text)-header)
		if got := masked(text); got != want {
			t.Errorf("%s: got  %s\nwant %s", text, got, want)
		}
	}
}

// TestOfACertificateTheFactsStay: they are openssl's, of x509 -text.
func TestOfACertificateTheFactsStay(t *testing.T) {
	for file, want := range map[string]string{
		"service-leaf.pem": "form: certificate\nsignature: SHA512-RSA\nkey: RSA 2048\nsubject: 2.5.4.3 2.5.4.5\n" +
			"issuer: 2.5.4.6 2.5.4.10 2.5.4.11 2.5.4.8 2.5.4.3 2.5.4.7\nusage: 101\nauthority: false\ndays: 7",
		"ec-intermediate.pem": "form: certificate\nsignature: ECDSA-SHA512\nkey: P-521\nsubject: 2.5.4.11 2.5.4.3\n" +
			"issuer: 2.5.4.11 2.5.4.3\nusage: 100011\nauthority: true\ndays: 365",
	} {
		text, err := os.ReadFile("../../x509ca/testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if got := certificateFacts(base64.StdEncoding.EncodeToString(text)); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
		}
		if got := certificateFacts(string(text)); got != "form: not base64 of PEM" {
			t.Errorf("%s, not in base64: got %s", file, got)
		}
	}
	other := base64.StdEncoding.EncodeToString([]byte("-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"))
	if got := certificateFacts(other); got != "form: unknown" {
		t.Errorf("no certificate: got %s", got)
	}
}
