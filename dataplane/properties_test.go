package dataplane_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/facts"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

var oracleCases = flag.Int("oracle", 150, "random requests to compare with the independent implementation, where it is there")

// TestAnswersAreThoseOfAnotherImplementation: random requests of every operation. What is random in
// an answer is compared by what it means.
func TestAnswersAreThoseOfAnotherImplementation(t *testing.T) {
	if testrig.Payref() == "" {
		t.Log("the committed vectors are tested")
		return
	}
	seed := rand.Uint64N(1 << 31)
	w := newWorld(t, nil)
	ask := typedDoor(w.Caller)
	all := testrig.RandomCases[vector](t, seed, *oracleCases)
	var lines bytes.Buffer
	for i := range all {
		v := &all[i]
		answer, refused := ask(t, v.Op, v.request(t, w))
		if refused != nil {
			answer = map[string]any{"error": refused.code, "Reason": refused.failed, "message": refused.message}
		}
		lines.Write(append(asJSON(t, map[string]any{"op": v.Op, "keys": v.Keys, "inputs": v.Inputs, "answer": answer}), '\n'))
	}
	check := exec.CommandContext(t.Context(), "/usr/bin/python3", testrig.Payref(), "op")
	check.Stdin = &lines
	out, err := check.Output()
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); i++ {
		var verdict struct{ Problem, Bad_input *string }
		if err := json.Unmarshal(s.Bytes(), &verdict); err != nil || verdict.Problem != nil || verdict.Bad_input != nil {
			t.Errorf("seed %d, %s: %s\n%s", seed, all[i].ID, s.Text(), asJSON(t, all[i]))
		}
	}
	if i != len(all) {
		t.Errorf("%d verdicts on %d answers", i, len(all))
	}
}

// counterpart is an operation that takes what another one gives.
type counterpart struct {
	op     string
	rename map[string]string // members of the request
	carry  map[string]string // members of the answer by those of the next request
	broken string            // the member that is then changed; "": none
}

// verifications are the operations that verify what others generate.
var verifications = map[string]counterpart{
	"GenerateMac": {
		"VerifyMac",
		map[string]string{"GenerationAttributes": "VerificationAttributes"},
		map[string]string{"Mac": "Mac"},
		"Mac",
	},
	"GenerateCardValidationData": {
		"VerifyCardValidationData",
		map[string]string{"GenerationAttributes": "VerificationAttributes", "ValidationDataLength": ""},
		map[string]string{"ValidationData": "ValidationData"},
		"ValidationData",
	},
	"GenerateAuthRequestCryptogram": {
		"VerifyAuthRequestCryptogram",
		nil,
		map[string]string{"AuthRequestCryptogram": "AuthRequestCryptogram"},
		"AuthRequestCryptogram",
	},
	"EncryptData": {
		"DecryptData",
		map[string]string{"EncryptionAttributes": "DecryptionAttributes", "PlainText": ""},
		map[string]string{"CipherText": "CipherText"},
		"",
	},
	"DecryptData": {
		"EncryptData",
		map[string]string{"DecryptionAttributes": "EncryptionAttributes", "CipherText": ""},
		map[string]string{"PlainText": "PlainText"},
		"",
	},
}

// next is the request of the counterpart.
func (c *counterpart) next(body, answer map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range body {
		if name, ok := c.rename[k]; ok {
			k = name
		}
		if k != "" {
			out[k] = v
		}
	}
	for from, to := range c.carry {
		out[to] = answer[from]
	}
	return out
}

// keyModes gives the keys of a vector all the modes that their usage can have.
func (v *vector) withAllModes() {
	for member, k := range v.Keys {
		k.Modes = nil
		v.Keys[member] = k
	}
}

// TestVerificationAcceptsWhatGenerationMade, for every form, and nothing else; and decryption gives
// back what was encrypted.
func TestVerificationAcceptsWhatGenerationMade(t *testing.T) {
	w := newWorld(t, nil)
	ask := typedDoor(w.Caller)
	seen := map[string]int{}
	for _, v := range append(committedVectors(t), publishedVectors(t)...) {
		c, ok := verifications[v.Op]
		if !ok || v.Expected["error"] != nil {
			continue
		}
		v.withAllModes()
		body := v.request(t, w)
		answer, refused := ask(t, v.Op, body)
		if refused != nil {
			t.Errorf("%s: %v", v.ID, refused)
			continue
		}
		seen[v.Op]++
		next := c.next(body, answer)
		back, refused := ask(t, c.op, next)
		if refused != nil {
			t.Errorf("%s, then %s: %v\n%s", v.ID, c.op, refused, asJSON(t, next))
			continue
		}
		if plain, given := text(back["PlainText"]), body["PlainText"]; plain != "" && given != nil &&
			!strings.EqualFold(plain, given.(string)) {
			t.Errorf("%s: %s comes back as %s", v.ID, given, plain)
		}
		if c.broken != "" {
			next[c.broken] = changed(next[c.broken].(string))
			if _, refused := ask(t, c.op, next); refused == nil || refused.code != string(apc.ErrVerificationFailed) {
				t.Errorf("%s, then %s with a changed %s: %v", v.ID, c.op, c.broken, refused)
			}
		}
	}
	for op := range verifications {
		if seen[op] < 10 {
			t.Errorf("%d vectors of %s only", seen[op], op)
		}
	}
}

// text is a member that may be absent.
func text(v any) string {
	s, _ := v.(string)
	return s
}

// changed is a value with another last digit.
func changed(s string) string {
	last := "0"
	if strings.HasSuffix(s, last) {
		last = "1"
	}
	return s[:len(s)-1] + last
}

// TestKeyThatTheTableForbidsIsRefused: each key of each vector is replaced by one of another usage.
func TestKeyThatTheTableForbidsIsRefused(t *testing.T) {
	w := newWorld(t, nil)
	ask := typedDoor(w.Caller)
	forbidden := w.key(
		t,
		&vectorKey{
			Hex:       "0123456789ABCDEFFEDCBA9876543210",
			Usage:     apc.KeyUsageTR31E5EMVMKeyCardPersonalization,
			Algorithm: apc.KeyAlgorithmTDES2Key,
		},
	)
	seen := map[string]bool{}
	for _, v := range committedVectors(t) {
		for member := range v.Keys {
			body := v.request(t, w)
			into, path := body, strings.Split(member, ".")
			for _, name := range path[:len(path)-1] {
				into = into[name].(map[string]any)
			}
			into[path[len(path)-1]] = forbidden
			_, refused := ask(t, v.Op, body)
			if want := "KeyUsage of the input key " + forbidden + " is invalid for the operation."; refused == nil ||
				refused.code != string(apc.ErrValidation) ||
				refused.message != want {
				t.Errorf("%s, %s: got %v, want %s", v.ID, member, refused, want)
			}
			seen[v.Op] = true
		}
	}
	if len(seen) != len(facts.Data().Operations) {
		t.Errorf("%d operations, want %d", len(seen), len(facts.Data().Operations))
	}
}
