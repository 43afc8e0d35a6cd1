package draw

import (
	"errors"
	"fmt"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/enginetest/model"
)

// discover finds the code of a Discover card, which the service only verifies, and has it verified.
func (m *machine) discover(t *rapid.T) {
	const op, form = "VerifyCardValidationData", "DiscoverDynamicCardVerificationCode"
	at := m.place(t)
	m.arrange(t, at, []need{keyNeed("E4 TDES_2KEY", works(op, form, keyMember))})
	all := m.world.Keys(at, works(op, form, keyMember))
	if len(all) == 0 {
		t.Skip("no key can be had")
	}
	in := &dataplane.VerifyCardValidationDataInput{KeyIdentifier: even(all).Draw(t, "key").ARN, PrimaryAccountNumber: account}
	in.VerificationAttributes.DiscoverDynamicCardVerificationCode = &dataplane.DiscoverDynamicCardVerificationCode{CardExpiryDate: "2812",
		UnpredictableNumber: "12345678", ApplicationTransactionCounter: even([]string{counter, "0008"}).Draw(t, "counter")}
	root := apc.Identity{Account: at.Account, Region: at.Region}
	code, ok := m.search(t, root, *in)
	in.ValidationData = code
	m.world.Learns(m.sim.Clock.Now(), root, in)
	if !ok { // which the world must have
		m.call(t, op, root, in)
		return
	}
	for range 3 {
		again := *in
		there := m.place(t)
		again.KeyIdentifier = here(there, in.KeyIdentifier)
		if rapid.IntRange(0, 3).Draw(t, "another key") == 3 {
			again.KeyIdentifier = m.refused(t, there, in.KeyIdentifier)
		}
		tamper(t, &again)
		m.call(t, op, m.requests.caller(t, there, op), &again)
	}
}

// refused draws a key that the table does not allow, where there is one.
func (m *machine) refused(t *rapid.T, at model.Place, otherwise string) string {
	const op, form = "VerifyCardValidationData", "DiscoverDynamicCardVerificationCode"
	all := m.world.Keys(at, func(k *model.Key) bool { return model.DataKey(op, form, keyMember, k) != "" })
	if len(all) == 0 {
		return otherwise
	}
	return even(all).Draw(t, "refused key").ARN
}

// search is the one code that is accepted. ok is false where the caller may not verify any.
func (m *machine) search(t *rapid.T, who apc.Identity, in dataplane.VerifyCardValidationDataInput) (code string, ok bool) {
	for n := range 1000 {
		in.ValidationData = fmt.Sprintf("%03d", n)
		switch _, err := m.answer("VerifyCardValidationData", who, &in); {
		case err == nil && code == "":
			code = in.ValidationData
		case err == nil:
			t.Fatalf("the codes %s and %s are both accepted", code, in.ValidationData)
		case !errors.Is(err, apc.ErrVerificationFailed):
			return in.ValidationData, false
		}
	}
	if code == "" {
		t.Fatal("no code is accepted")
	}
	return code, true
}
