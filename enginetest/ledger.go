package enginetest

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/tr31"
	"github.com/seed748fb4d1/apcsim/tr34"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

// Movement is one import or export of a key.
type Movement struct {
	Call        int    // its number in the journal
	Export      bool   // else an import
	Form        string // "TR-31", "TR-34", "ECDH", "RSA", "AS 2805", "certificate", "components"
	Key         string // ARN; of an export as the caller named it
	WrappingKey string // as the caller named it; of TR-34, RSA and ECDH the certificate authority
	Certificate string // the subject that the key was encrypted to or came from; "" where there is none
	Header      string // 16 characters; "" where the form has none
	Blocks      []tr31.OptionalBlock
	Exportable  bool // what the header allows; of an import what the key is
	CheckValue  string
}

// String is the movement on one line.
func (m Movement) String() string {
	way := "import"
	if m.Export {
		way = "export"
	}
	text := fmt.Sprintf("%s of %s by %s, check value %s, exportable %t", way, keyID(m.Key), m.Form, m.CheckValue, m.Exportable)
	for _, x := range []struct{ name, value string }{{"header", m.Header}, {"under", keyID(m.WrappingKey)},
		{"certificate of", m.Certificate}} {
		if x.value != "" {
			text += ", " + x.name + " " + x.value
		}
	}
	for _, b := range m.Blocks {
		text += ", " + b.ID + "=" + b.Data
	}
	return text
}

// Ledger is every key that recorded calls imported or exported, in the order of the journal. It
// shows a program under test that makes a key more exportable or drops an optional block.
func (s *Sim) Ledger() (all []Movement) {
	for _, c := range s.Journal() {
		var m Movement
		switch in := c.Request.(type) {
		case *engine.ImportKeyInput:
			if out, ok := c.Answer.(*engine.ImportKeyOutput); ok {
				m = importMovement(&in.KeyMaterial, &out.Key)
			}
		case *engine.LoadKeyInput:
			if out, ok := c.Answer.(*engine.LoadKeyOutput); ok {
				m = Movement{Form: "components", Key: out.Key.KeyArn, Exportable: out.Key.Exportable, CheckValue: out.Key.KeyCheckValue}
			}
		case *engine.ExportKeyInput:
			if out, ok := c.Answer.(*engine.ExportKeyOutput); ok && out.WrappedKey != nil {
				m = exportMovement(in, out.WrappedKey)
			}
		}
		if m.Form != "" {
			m.Call = c.Number
			all = append(all, m)
		}
	}
	return all
}

func importMovement(in *engine.ImportKeyMaterial, k *engine.Key) Movement {
	m := Movement{Key: k.KeyArn, Exportable: k.Exportable, CheckValue: k.KeyCheckValue}
	switch {
	case in.Tr31KeyBlock != nil:
		m.Form, m.WrappingKey = "TR-31", in.Tr31KeyBlock.WrappingKeyIdentifier
		m.readBlock(in.Tr31KeyBlock.WrappedKeyBlock)
	case in.Tr34KeyBlock != nil:
		m.Form, m.WrappingKey = "TR-34", in.Tr34KeyBlock.CertificateAuthorityPublicKeyIdentifier
		m.readCertificate(in.Tr34KeyBlock.SigningKeyCertificate)
		m.readToken(in.Tr34KeyBlock.WrappedKeyBlock)
	case in.DiffieHellmanTr31KeyBlock != nil:
		m.Form, m.WrappingKey = "ECDH", in.DiffieHellmanTr31KeyBlock.CertificateAuthorityPublicKeyIdentifier
		m.readCertificate(in.DiffieHellmanTr31KeyBlock.PublicKeyCertificate)
		m.readBlock(in.DiffieHellmanTr31KeyBlock.WrappedKeyBlock)
	case in.KeyCryptogram != nil:
		m.Form = "RSA"
	case in.As2805KeyCryptogram != nil:
		m.Form, m.WrappingKey = "AS 2805", in.As2805KeyCryptogram.WrappingKeyIdentifier
	case in.RootCertificatePublicKey != nil:
		m.Form = "certificate"
		m.readCertificate(in.RootCertificatePublicKey.PublicKeyCertificate)
	case in.TrustedCertificatePublicKey != nil:
		m.Form, m.WrappingKey = "certificate", in.TrustedCertificatePublicKey.CertificateAuthorityPublicKeyIdentifier
		m.readCertificate(in.TrustedCertificatePublicKey.PublicKeyCertificate)
	}
	return m
}

func exportMovement(in *engine.ExportKeyInput, w *engine.WrappedKey) Movement {
	m := Movement{Export: true, Key: in.ExportKeyIdentifier}
	if w.KeyCheckValue != nil {
		m.CheckValue = *w.KeyCheckValue
	}
	material := &in.KeyMaterial
	switch {
	case material.Tr31KeyBlock != nil:
		m.Form, m.WrappingKey = "TR-31", material.Tr31KeyBlock.WrappingKeyIdentifier
		m.exported(m.readBlock(w.KeyMaterial))
	case material.Tr34KeyBlock != nil:
		m.Form, m.WrappingKey = "TR-34", material.Tr34KeyBlock.CertificateAuthorityPublicKeyIdentifier
		m.readCertificate(material.Tr34KeyBlock.WrappingKeyCertificate)
		m.exported(m.readToken(w.KeyMaterial))
	case material.DiffieHellmanTr31KeyBlock != nil:
		m.Form, m.WrappingKey = "ECDH", material.DiffieHellmanTr31KeyBlock.CertificateAuthorityPublicKeyIdentifier
		m.readCertificate(material.DiffieHellmanTr31KeyBlock.PublicKeyCertificate)
		m.exported(m.readBlock(w.KeyMaterial))
	case material.KeyCryptogram != nil:
		m.Form, m.WrappingKey, m.Exportable = "RSA", material.KeyCryptogram.CertificateAuthorityPublicKeyIdentifier, true
		m.readCertificate(material.KeyCryptogram.WrappingKeyCertificate)
	case material.As2805KeyCryptogram != nil:
		m.Form, m.WrappingKey, m.Exportable = "AS 2805", material.As2805KeyCryptogram.WrappingKeyIdentifier, true
	}
	return m
}

// exported takes the exportability from a header's letter.
func (m *Movement) exported(letter byte) { m.Exportable = letter == 'E' || letter == 'S' }

// readBlock reads the header of a key block and returns its exportability.
func (m *Movement) readBlock(block string) byte {
	b, err := tr31.Parse(block, tr31.Lenient)
	if err != nil {
		return 0
	}
	m.Blocks = b.Blocks
	m.Header = block[:16]
	return b.Exportability
}

// readToken does the same for a TR-34 token.
func (m *Movement) readToken(token string) byte {
	der, err := hex.DecodeString(token)
	if err != nil {
		return 0
	}
	parsed, err := tr34.Parse(der)
	if err != nil || len(parsed.Header) != 16 {
		return 0
	}
	m.Header = parsed.Header
	return m.Header[11]
}

func (m *Movement) readCertificate(text string) {
	c, err := x509ca.Decode(text)
	if err == nil {
		m.Certificate = strings.ReplaceAll(c.Subject.String(), "\n", " ")
	}
}
