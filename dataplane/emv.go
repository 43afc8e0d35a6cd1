package dataplane

import (
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

var options = map[MajorKeyDerivationMode]emv.Option{
	MajorKeyDerivationModeEMVOptionA: emv.OptionA,
	MajorKeyDerivationModeEMVOptionB: emv.OptionB,
}

// cardKey is the card's key that a request asks for, without a session. Option B with an account
// number of 16 digits or fewer, which the standard makes option A, is refused (LIVE L-option-b-arqc for
// cryptograms, GUESS G-option-b-short for the others).
func cardKey(mode MajorKeyDerivationMode, pan, psn, field string) (hsm.EMV, error) {
	const shortest = 17
	if mode == MajorKeyDerivationModeEMVOptionB && len(pan) < shortest {
		return hsm.EMV{}, core.Invalid(
			invalidMessage,
			core.Because(apc.RuleOneOf, strings.TrimPrefix(field+".MajorKeyDerivationMode", "."), problemOptionB,
				"an account number of "+wording.Count(len(pan), "digit"), string(MajorKeyDerivationModeEMVOptionA)),
		)
	}
	return hsm.EMV{Option: options[mode], PAN: hsm.NewPAN(pan), PSN: psn}, nil
}

// deriveScript makes the key an issuer's key of which the session key of scripts is derived.
func (k *workingKey) deriveScript(in *MacAlgorithmEmv, field string) error {
	card, err := cardKey(in.MajorKeyDerivationMode, in.PrimaryAccountNumber, in.PanSequenceNumber, field)
	if err != nil {
		return err
	}
	s, v := scriptSessions[in.SessionKeyDerivationMode], &in.SessionKeyDerivationValue
	if s.byCryptogram && v.ApplicationCryptogram == nil || !s.byCryptogram && v.ApplicationTransactionCounter == nil {
		return core.Invalid(invalidMessage, core.Because(apc.RuleOneOf, field+".SessionKeyDerivationValue",
			problemSessionValue, string(in.SessionKeyDerivationMode),
			"ApplicationCryptogram with EMV_COMMON_SESSION_KEY and MASTERCARD_SESSION_KEY, else ApplicationTransactionCounter"))
	}
	card.Session = s.session
	if s.byCryptogram {
		card.R = [8]byte(bytesOf(*v.ApplicationCryptogram))
	} else {
		card.ATC = [2]byte(bytesOf(*v.ApplicationTransactionCounter))
	}
	k.letter, k.Derive = hsm.TDES, card
	return nil
}

// scriptSessions are the derivations of session keys for scripts, and which value each takes (LIVE L-script-sessions;
// that of UnionPay is a GUESS G-unionpay-session).
var scriptSessions = map[SessionKeyDerivationMode]struct {
	session      hsm.Session
	byCryptogram bool
}{
	SessionKeyDerivationModeEMVCommonSessionKey:  {hsm.SessionCommon, true},
	SessionKeyDerivationModeMastercardSessionKey: {hsm.SessionCommon, true},
	SessionKeyDerivationModeEMV2000:              {hsm.SessionEMV2000, false},
	SessionKeyDerivationModeAmex:                 {hsm.SessionVisaScript, false},
	SessionKeyDerivationModeVisa:                 {hsm.SessionVisaScript, false},
	SessionKeyDerivationModeUnionPay:             {hsm.SessionUnionPay, false},
}
