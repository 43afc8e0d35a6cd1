package dataplane

import (
	"context"
	"crypto"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/mac"
)

// GenerateMac computes the MAC of a message.
func (c *Caller) GenerateMac(ctx context.Context, in *GenerateMacInput) (*GenerateMacOutput, error) {
	return core.Run(ctx, c.caller, "GenerateMac", in, generateMac)
}

func generateMac(ctx context.Context, c *core.Call, in *GenerateMacInput) (*GenerateMacOutput, error) {
	// Load and check: the key, then the message.
	var m macRequest
	if err := m.load(ctx, c, in.KeyIdentifier, "GenerationAttributes", &in.GenerationAttributes, in.MessageData); err != nil {
		return nil, err
	}
	// HSM.
	whole, err := c.Cloud.HSM.MAC(ctx, m.key.WorkingKey, m.form.method, m.message)
	if err != nil {
		return nil, commandError(c, "MessageData", err)
	}
	return &GenerateMacOutput{KeyArn: m.key.arn(), KeyCheckValue: m.key.checkValue, Mac: hexOf(whole[:m.length(in.MacLength)])}, nil
}

// VerifyMac compares a MAC with that of a message.
func (c *Caller) VerifyMac(ctx context.Context, in *VerifyMacInput) (*VerifyMacOutput, error) {
	return core.Run(ctx, c.caller, "VerifyMac", in, verifyMac)
}

func verifyMac(ctx context.Context, c *core.Call, in *VerifyMacInput) (*VerifyMacOutput, error) {
	// Load and check: the key, then the message and the length of the MAC.
	var m macRequest
	if err := m.load(ctx, c, in.KeyIdentifier, "VerificationAttributes", &in.VerificationAttributes, in.MessageData); err != nil {
		return nil, err
	}
	if err := m.checkLength(len(in.Mac)/2, in.MacLength); err != nil {
		return nil, err
	}
	// HSM.
	verdict, err := c.Cloud.HSM.VerifyMAC(ctx, m.key.WorkingKey, m.form.method, m.message, bytesOf(in.Mac))
	if err != nil {
		return nil, commandError(c, "MessageData", err)
	}
	if verdict != hsm.Verified {
		return nil, notVerified(apc.InvalidMAC, macMessage, "Mac", problemMAC)
	}
	return &VerifyMacOutput{KeyArn: m.key.arn(), KeyCheckValue: m.key.checkValue}, nil
}

const macMessage = "MAC verification failed." // GUESS G-mac-text

// macForm is how a MAC of a form is computed.
type macForm struct {
	method   hsm.MACMethod
	absent   int  // length in bytes without MacLength; 0 is the whole MAC
	least    int  // bytes of a message
	blocks   bool // a message is whole blocks of 8 bytes, 4,096 bytes at most
	tdesOnly bool
}

// macForms are the forms of the two operations (data-plane, section 3.3).
var macForms = map[string]*macForm{
	string(MacAlgorithmISO9797Algorithm1): {method: hsm.MACMethod{Algorithm: hsm.MACISO1, Padding: mac.Zeros}, absent: 4}, // LIVE L-mac-length
	string(MacAlgorithmISO9797Algorithm3): {method: hsm.MACMethod{Algorithm: hsm.MACISO3, Padding: mac.Zeros}, absent: 4}, // LIVE L-mac-length
	string(MacAlgorithmAS280541):          {method: hsm.MACMethod{Algorithm: hsm.MACISO3, Padding: mac.Zeros}, absent: 4},
	string(MacAlgorithmCMAC):              {method: hsm.MACMethod{Algorithm: hsm.MACCMAC}, least: 8}, // LIVE L-cmac-least
	string(MacAlgorithmHMAC):              {method: hsm.MACMethod{Algorithm: hsm.MACHMAC}},
	string(MacAlgorithmHMACSHA224):        {method: hsm.MACMethod{Algorithm: hsm.MACHMAC, Hash: crypto.SHA224}},
	string(MacAlgorithmHMACSHA256):        {method: hsm.MACMethod{Algorithm: hsm.MACHMAC, Hash: crypto.SHA256}},
	string(MacAlgorithmHMACSHA384):        {method: hsm.MACMethod{Algorithm: hsm.MACHMAC, Hash: crypto.SHA384}},
	string(MacAlgorithmHMACSHA512):        {method: hsm.MACMethod{Algorithm: hsm.MACHMAC, Hash: crypto.SHA512}},
	"DukptIso9797Algorithm1": {
		method:   hsm.MACMethod{Algorithm: hsm.MACISO1, Padding: mac.None},
		absent:   4,
		least:    8,
		blocks:   true,
		tdesOnly: true,
	}, // LIVE L-dukpt-mac-blocks, the length a GUESS G-dukpt-mac-length
	"DukptIso9797Algorithm3": {
		method:   hsm.MACMethod{Algorithm: hsm.MACISO3, Padding: mac.None},
		absent:   4,
		least:    8,
		blocks:   true,
		tdesOnly: true,
	}, // LIVE L-dukpt-mac-blocks, the length a GUESS G-dukpt-mac-length
	"DukptCmac": {method: hsm.MACMethod{Algorithm: hsm.MACCMAC}, least: 8},
	"EmvMac":    {method: hsm.MACMethod{Algorithm: hsm.MACISO3, Padding: mac.Bit}},
}

// macRequest is a MAC to be computed.
type macRequest struct {
	key     workingKey
	form    *macForm
	message []byte
}

// load finds the key of a request and checks what it is asked for.
func (m *macRequest) load(ctx context.Context, c *core.Call, identifier, field string, in *MacAttributes, message string) error {
	form, terminal := in.form(field)
	err := m.key.load(ctx, c, keyRequest{form: form, member: fieldKey, identifier: identifier})
	if err != nil {
		return err
	}
	m.form, m.message = macForms[form], bytesOf(message)
	switch {
	case in.Algorithm != nil:
		err = checkHMAC(&m.key, *in.Algorithm, field)
	case terminal != nil:
		err = m.key.derive(terminal)
	default:
		err = m.key.deriveScript(in.EmvMac, field+".EmvMac")
	}
	if err != nil {
		return err
	}
	if m.form.tdesOnly && m.key.letter != hsm.TDES { // GUESS G-dukpt-mac-aes
		return core.Invalid(
			invalidMessage,
			core.Because(apc.RuleKeyAlgorithm, terminal.field+".DukptDerivationType", problemMACCipher, "AES", string(core.TDES2)),
		)
	}
	return m.checkMessage()
}

// form is the row of the tables of keys and of MACs, and the terminal of a key derived by DUKPT.
func (in *MacAttributes) form(field string) (string, *terminal) {
	var d *MacAlgorithmDukpt
	var form string
	switch {
	case in.Algorithm != nil:
		return string(*in.Algorithm), nil
	case in.EmvMac != nil:
		return "EmvMac", nil
	case in.DukptIso9797Algorithm1 != nil:
		form, d = "DukptIso9797Algorithm1", in.DukptIso9797Algorithm1
	case in.DukptIso9797Algorithm3 != nil:
		form, d = "DukptIso9797Algorithm3", in.DukptIso9797Algorithm3
	default:
		form, d = "DukptCmac", in.DukptCmac
	}
	return form, &terminal{
		ksn:       d.KeySerialNumber,
		variant:   &d.DukptKeyVariant,
		algorithm: d.DukptDerivationType,
		field:     field + "." + form,
	}
}

// checkHMAC: an HMAC key has its hash, and the algorithm HMAC (LIVE L-hmac-algorithm). The algorithms that name a
// hash are for TDES and AES keys of usage M7 (inferred).
func checkHMAC(k *workingKey, a MacAlgorithm, field string) error {
	alg := k.named.Attributes.Alg
	switch {
	case !strings.HasPrefix(string(a), string(MacAlgorithmHMAC)):
		return nil
	case alg.Letter == hsm.HMAC && a != MacAlgorithmHMAC:
		return core.Invalid(
			fmt.Sprintf("Invalid MacAlgorithm %s used with KeyAlgorithm %s. Please use HMAC Key with 'HMAC' MacAlgorithm.", a, alg.Name),
			core.Because(apc.RuleKeyAlgorithm, field+".Algorithm", problemHMACName, string(a), string(MacAlgorithmHMAC)),
		)
	case alg.Letter != hsm.HMAC && a == MacAlgorithmHMAC:
		return core.Invalid(fmt.Sprintf("Invalid MacAlgorithm %s used with KeyAlgorithm %s.", a, alg.Name), // GUESS G-hmac-text
			core.Because(apc.RuleKeyAlgorithm, field+".Algorithm", problemHMACKey, string(alg.Name), wording.Or(core.AnyHMAC.Names())))
	}
	return nil
}

// checkMessage holds the message to what its form takes.
func (m *macRequest) checkMessage() error {
	n := len(m.message)
	if n >= m.form.least && !(m.form.blocks && n%8 != 0) {
		return nil
	}
	const most = 4096 // which the shape has for all forms
	wanted := "at least " + wording.Bytes(m.form.least)
	if m.form.blocks {
		wanted = "whole blocks of 8 bytes, " + wording.Bytes(most) + " at most"
	}
	return core.Invalid(invalidMessage, core.Because(apc.RuleLength, "MessageData", problemMACMessage, wording.Bytes(n), wanted))
}

// whole is the length of a whole MAC in bytes.
func (m *macRequest) whole() int {
	if hash := m.form.method.Hash; hash != 0 {
		return hash.Size()
	}
	if m.key.letter == hsm.HMAC {
		return m.key.named.Attributes.Alg.Bits / 8
	}
	return m.key.size()
}

// length is the length of the MAC in bytes. One longer than the whole is the whole (GUESS G-mac-too-long; asking
// for 16 bytes of a TDES MAC gave 8, LIVE L-mac-too-long).
func (m *macRequest) length(asked *int) int {
	switch {
	case asked != nil:
		return min(*asked, m.whole())
	case m.form.absent != 0:
		return m.form.absent
	}
	return m.whole()
}

// checkLength holds a given MAC to the length that generating it would give; where that is a part
// of a MAC because MacLength is absent, the whole is taken too (LIVE L-mac-whole).
func (m *macRequest) checkLength(given int, asked *int) error {
	want := m.length(asked)
	if given == want || asked == nil && given == m.whole() {
		return nil
	}
	wanted := wording.Bytes(want)
	if asked == nil && want != m.whole() {
		wanted = wording.Or([]string{strconv.Itoa(want), wording.Bytes(m.whole())})
	}
	return core.Invalid(invalidMessage, core.Because(apc.RuleLength, "Mac", problemMACLength, wording.Bytes(given), wanted))
}
