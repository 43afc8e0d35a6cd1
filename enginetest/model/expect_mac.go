package model

import (
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
)

// macForms are the lengths of MACs (data plane, section 3.3): of one without MacLength, 0 is the whole; of a message at least;
// whether it must be whole blocks, which are those of TDES.
var macForms = map[string]struct {
	absent, least int
	blocks        bool
}{
	"ISO9797_ALGORITHM1": {absent: 4}, "ISO9797_ALGORITHM3": {absent: 4}, "AS2805_4_1": {absent: 4}, "CMAC": {least: 8}, "HMAC": {},
	"DukptIso9797Algorithm1": {absent: 4, least: 8, blocks: true}, "DukptIso9797Algorithm3": {absent: 4, least: 8, blocks: true},
	"DukptCmac": {least: 8}, "EmvMac": {},
}

// macForm is the form of a request: its algorithm, or its arm.
func macForm(a *dataplane.MacAttributes) string {
	if a.Algorithm != nil {
		return string(*a.Algorithm)
	}
	return armOf(a)
}

// macDone is a MAC that may be computed.
type macDone struct {
	key   *Key
	form  string
	whole int // bytes
}

var hashBytes = map[apc.KeyAlgorithm]int{apc.KeyAlgorithmHMACSHA224: 28, apc.KeyAlgorithmHMACSHA256: 32, apc.KeyAlgorithmHMACSHA384: 48,
	apc.KeyAlgorithmHMACSHA512: 64}

func (q *request) mac(id string, a *dataplane.MacAttributes, message string) (*macDone, Refusal) {
	form := macForm(a)
	keys, r := q.keys(q.data(form, "KeyIdentifier", id))
	if r.refused() {
		return nil, r
	}
	k := keys[0]
	algorithm := k.Attributes.KeyAlgorithm
	if r := hmacName(form, algorithm); r.refused() {
		return nil, r
	}
	var rule apc.Rule
	switch {
	case a.EmvMac != nil:
		rule, algorithm = firstRule(optionB(a.EmvMac.MajorKeyDerivationMode, a.EmvMac.PrimaryAccountNumber), sessionRule(a.EmvMac)),
			apc.KeyAlgorithmTDES2Key
	case a.Algorithm == nil:
		d := slices.DeleteFunc([]*dataplane.MacAlgorithmDukpt{a.DukptIso9797Algorithm1, a.DukptIso9797Algorithm3, a.DukptCmac},
			func(d *dataplane.MacAlgorithmDukpt) bool { return d == nil })[0]
		algorithm, rule = (&terminal{d.KeySerialNumber, d.DukptDerivationType}).key(k)
		rule = firstRule(rule, unless(!macForms[form].blocks || isTDES(algorithm), apc.RuleKeyAlgorithm))
	}
	n, f := len(message)/2, macForms[form]
	done := &macDone{k, form, blockSize(algorithm)}
	if hash := max(hashBytes[algorithm], hashBytes[apc.KeyAlgorithm(form)]); hash > 0 {
		done.whole = hash
	}
	return done, invalid(firstRule(rule, unless(n >= f.least && (!f.blocks || n%8 == 0), apc.RuleLength)))
}

// hmacName: HMAC keys have their hash, and only they do HMAC. Other keys need the name of a hash.
func hmacName(form string, a apc.KeyAlgorithm) Refusal {
	if strings.HasPrefix(form, "HMAC") && inFamilies(a, "HMAC") != (form == "HMAC") {
		return invalid(apc.RuleKeyAlgorithm)
	}
	return Refusal{}
}

// sessionRule: some session keys are derived from the cryptogram, others from the counter.
func sessionRule(a *dataplane.MacAlgorithmEmv) apc.Rule {
	v := &a.SessionKeyDerivationValue
	if strings.HasPrefix(string(a.SessionKeyDerivationMode), "EMV_COMMON") || strings.HasPrefix(string(a.SessionKeyDerivationMode), "MASTER") {
		return unless(v.ApplicationCryptogram != nil, apc.RuleOneOf)
	}
	return unless(v.ApplicationTransactionCounter != nil, apc.RuleOneOf)
}

// length is that of a MAC, in bytes.
func (m *macDone) length(asked *int) int {
	switch {
	case asked != nil:
		return min(*asked, m.whole)
	case macForms[m.form].absent > 0:
		return macForms[m.form].absent
	}
	return m.whole
}

func (q *request) verifyMAC(in *dataplane.VerifyMacInput) Refusal {
	m, r := q.mac(in.KeyIdentifier, &in.VerificationAttributes, in.MessageData)
	if r.refused() {
		return r
	}
	given := len(in.Mac) / 2
	if given != m.length(in.MacLength) && (in.MacLength != nil || given != m.whole) {
		return invalid(apc.RuleLength)
	}
	return q.verified(macFact(m.key, &in.VerificationAttributes, in.MessageData, given), in.Mac)
}
