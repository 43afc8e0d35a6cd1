package engine

import (
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
)

// conditionKeys are the condition keys of the service (Service Authorization Reference), in lower case,
// behind its prefix.
var conditionKeys = []string{
	"certificateauthoritypublickeyidentifier", "derivekeyusage", "exportdukptinitialkey", "exportkeymaterial", "importkeymaterial",
	"keyalgorithm", "keyclass", "keyusage", "privatekeyidentifier", "requestalias", "resourcealiases", "signingkeyidentifier",
	"wrappingkeyidentifier",
}

// conditionPrefix begins the service's condition keys and actions.
const conditionPrefix = "payment-cryptography:"

// ConditionValues returns the values of a condition key in a request to create a key.
func (in *CreateKeyInput) ConditionValues(key string) []string {
	switch key {
	case conditionPrefix + "keyalgorithm":
		return []string{string(in.KeyAttributes.KeyAlgorithm)}
	case conditionPrefix + "keyclass":
		return []string{string(in.KeyAttributes.KeyClass)}
	case conditionPrefix + "keyusage":
		return []string{string(in.KeyAttributes.KeyUsage)}
	case conditionPrefix + "derivekeyusage":
		return maybe((*string)(in.DeriveKeyUsage))
	}
	return tagValues(key, in.Tags)
}

// ConditionValues returns the values of a condition key in a request to import a key.
func (in *ImportKeyInput) ConditionValues(key string) []string {
	var of material
	switch m := &in.KeyMaterial; {
	case m.RootCertificatePublicKey != nil:
		of = material{form: "RootCertificatePublicKey"}
	case m.TrustedCertificatePublicKey != nil:
		of = material{
			form:      "TrustedCertificatePublicKey",
			authority: &m.TrustedCertificatePublicKey.CertificateAuthorityPublicKeyIdentifier,
		}
	case m.Tr31KeyBlock != nil:
		of = material{form: "Tr31KeyBlock", wrapping: &m.Tr31KeyBlock.WrappingKeyIdentifier}
	case m.Tr34KeyBlock != nil:
		of = material{
			form:      "Tr34KeyBlock",
			authority: &m.Tr34KeyBlock.CertificateAuthorityPublicKeyIdentifier,
			wrapping:  m.Tr34KeyBlock.WrappingKeyIdentifier,
		}
	case m.KeyCryptogram != nil:
		of = material{form: "KeyCryptogram"}
	case m.DiffieHellmanTr31KeyBlock != nil:
		d := m.DiffieHellmanTr31KeyBlock
		of = material{
			form:      "DiffieHellmanTr31KeyBlock",
			authority: &d.CertificateAuthorityPublicKeyIdentifier,
			private:   &d.PrivateKeyIdentifier,
		}
	case m.As2805KeyCryptogram != nil:
		of = material{form: "As2805KeyCryptogram", wrapping: &m.As2805KeyCryptogram.WrappingKeyIdentifier}
	}
	if key == conditionPrefix+"importkeymaterial" {
		return []string{of.form}
	}
	if values := of.values(key); values != nil {
		return values
	}
	return tagValues(key, in.Tags)
}

// ConditionValues returns the values of a condition key in a request to export a key.
func (in *ExportKeyInput) ConditionValues(key string) []string {
	var of material
	switch m := &in.KeyMaterial; {
	case m.Tr31KeyBlock != nil:
		of = material{form: "Tr31KeyBlock", wrapping: &m.Tr31KeyBlock.WrappingKeyIdentifier}
	case m.Tr34KeyBlock != nil:
		of = material{
			form:      "Tr34KeyBlock",
			authority: &m.Tr34KeyBlock.CertificateAuthorityPublicKeyIdentifier,
			signing:   m.Tr34KeyBlock.SigningKeyIdentifier,
		}
	case m.KeyCryptogram != nil:
		of = material{form: "KeyCryptogram", authority: &m.KeyCryptogram.CertificateAuthorityPublicKeyIdentifier}
	case m.DiffieHellmanTr31KeyBlock != nil:
		d := m.DiffieHellmanTr31KeyBlock
		of = material{
			form:      "DiffieHellmanTr31KeyBlock",
			authority: &d.CertificateAuthorityPublicKeyIdentifier,
			private:   &d.PrivateKeyIdentifier,
		}
	case m.As2805KeyCryptogram != nil:
		of = material{form: "As2805KeyCryptogram", wrapping: &m.As2805KeyCryptogram.WrappingKeyIdentifier}
	}
	switch key {
	case conditionPrefix + "exportkeymaterial":
		return []string{of.form}
	case conditionPrefix + "exportdukptinitialkey": // GUESS G-condition-initial-key: the serial number
		if a := in.ExportAttributes; a != nil && a.ExportDukptInitialKey != nil {
			return []string{a.ExportDukptInitialKey.KeySerialNumber}
		}
		return nil
	}
	return of.values(key)
}

// ConditionValues returns the tags of a request to tag a key.
func (in *TagResourceInput) ConditionValues(key string) []string { return tagValues(key, in.Tags) }

// ConditionValues returns the tag keys of a request to untag a key.
func (in *UntagResourceInput) ConditionValues(key string) []string {
	if key == "aws:tagkeys" {
		return in.TagKeys
	}
	return nil
}

// material is what conditions see of key material: its form and the keys it names, as the request
// writes them (GUESS G-condition-identifiers).
type material struct {
	form                                  string
	wrapping, authority, private, signing *string
}

func (m *material) values(key string) []string {
	switch key {
	case conditionPrefix + "wrappingkeyidentifier":
		return maybe(m.wrapping)
	case conditionPrefix + "certificateauthoritypublickeyidentifier":
		return maybe(m.authority)
	case conditionPrefix + "privatekeyidentifier":
		return maybe(m.private)
	case conditionPrefix + "signingkeyidentifier":
		return maybe(m.signing)
	}
	return nil
}

func maybe(value *string) []string {
	if value == nil {
		return nil
	}
	return []string{*value}
}

// tagValues are aws:TagKeys and aws:RequestTag of a request with tags.
func tagValues(key string, tags []apc.Tag) (out []string) {
	name, one := strings.CutPrefix(key, "aws:requesttag/")
	for _, t := range tags {
		switch {
		case key == "aws:tagkeys":
			out = append(out, t.Key)
		case one && strings.EqualFold(t.Key, name):
			out = append(out, t.Value)
		}
	}
	return out
}
