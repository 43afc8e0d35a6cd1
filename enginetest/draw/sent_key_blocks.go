package draw

import (
	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/enginetest/model"
)

// Keys that come with a request, in key blocks.

// sent exports a key in a key block, mostly one for data or PINs, and has it work from there in place of the stored key.
func (m *machine) sent(t *rapid.T) {
	at := m.place(t)
	root := apc.Identity{Account: at.Account, Region: at.Region}
	kind := even([]enginetest.KeyKind{"D0 AES_128", "D0 TDES_3KEY", "P0 TDES_2KEY"}).Draw(t, "kind")
	fits := func(k *model.Key) bool { return k.Exports() && k.Attributes.KeyUsage == kind.Attributes().KeyUsage }
	kek := even([]enginetest.KeyKind{enginetest.K1AES256, enginetest.K0TDES3}).Draw(t, "KEK")
	m.arrange(t, at, []need{keyNeed(kek, (*model.Key).Wraps), keyNeed(kind, fits)})
	if kind == "P0 TDES_2KEY" {
		m.arrange(t, at, append(pinNeeds[:1:1], pinNeeds[3]))
	}
	export := &engine.ExportKeyInput{ExportKeyIdentifier: m.requests.key(t, at, fits)}
	known := m.requests.knownPIN(t, at, func(p *model.PIN) bool { return p.Serial == "" })
	if kind == "P0 TDES_2KEY" && known != nil {
		export.ExportKeyIdentifier = known.KeyARN
	}
	export.KeyMaterial.Tr31KeyBlock = &engine.ExportTr31KeyBlock{WrappingKeyIdentifier: m.requests.kek(t, at, (*model.Key).Wraps)}
	out, ok := m.call(t, "ExportKey", root, export).(*engine.ExportKeyOutput)
	if !ok || !m.world.Sends(out.WrappedKey.KeyMaterial) {
		return
	}
	w := &dataplane.WrappedKey{WrappedKeyMaterial: dataplane.WrappedKeyMaterial{Tr31KeyBlock: &out.WrappedKey.KeyMaterial}}
	opener := export.KeyMaterial.Tr31KeyBlock.WrappingKeyIdentifier
	if rapid.IntRange(0, 3).Draw(t, "another KEK") == 3 {
		other := &engine.CreateKeyInput{KeyAttributes: even(sameUsage(kek.Attributes())).Draw(t, "other KEK"), Exportable: new(true)}
		if o, ok := m.call(t, "CreateKey", root, other).(*engine.CreateKeyOutput); ok {
			opener = o.Key.KeyArn
			m.sim.Clock.Advance(m.world.Limits().CreationTime)
		}
	}
	if kind == "P0 TDES_2KEY" && known != nil {
		m.sentPIN(t, at, known, opener, w)
		return
	}
	m.sentData(t, at, export.ExportKeyIdentifier, opener, w)
}

// sentData encrypts with a key that comes with the request, and decrypts with it and with the stored key.
func (m *machine) sentData(t *rapid.T, at model.Place, stored, opener string, w *dataplane.WrappedKey) {
	who := m.requests.caller(t, at, "EncryptData")
	in := &dataplane.EncryptDataInput{KeyIdentifier: opener, WrappedKey: w, PlainText: message(t),
		EncryptionAttributes: m.requests.cipherAttributes(t, at, "Symmetric", stored)}
	out, ok := m.call(t, "EncryptData", who, in).(*dataplane.EncryptDataOutput)
	if !ok {
		return
	}
	m.followData(t, who, in, out)
	m.again(t, who, past{&dataplane.DecryptDataInput{KeyIdentifier: stored, CipherText: out.CipherText,
		DecryptionAttributes: in.EncryptionAttributes}, in.PlainText})
}

// sentPIN translates and verifies a PIN block with a key that comes with the request.
func (m *machine) sentPIN(t *rapid.T, at model.Place, pin *model.PIN, opener string, w *dataplane.WrappedKey) {
	in := &dataplane.TranslatePinDataInput{IncomingKeyIdentifier: opener, IncomingWrappedKey: w, EncryptedPinBlock: pin.Block,
		OutgoingKeyIdentifier:         m.requests.worker(t, at, "TranslatePinData", "PIN", outgoing),
		IncomingTranslationAttributes: isoFormat(pin.Format), OutgoingTranslationAttributes: isoFormat(pin.Format)}
	m.call(t, "TranslatePinData", m.requests.caller(t, at, "TranslatePinData"), in)
	if verify := m.requests.checkOf(t, at, pin); verify != nil {
		verify.EncryptionKeyIdentifier, verify.EncryptionWrappedKey = opener, w
		m.call(t, "VerifyPinData", m.requests.caller(t, at, "VerifyPinData"), verify)
	}
}
