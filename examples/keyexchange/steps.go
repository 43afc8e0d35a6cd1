package main

import (
	"context"
	"encoding/hex"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/kcv"
)

var cipherModes = apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true}

func symmetric(u apc.KeyUsage, a apc.KeyAlgorithm) apc.KeyAttributes {
	return apc.KeyAttributes{KeyUsage: u, KeyClass: apc.KeyClassSymmetricKey, KeyAlgorithm: a, KeyModesOfUse: cipherModes}
}

func (x *exchange) importKey(ctx context.Context, m engine.ImportKeyMaterial) (engine.Key, error) {
	out, err := x.service.ImportKey(ctx, &engine.ImportKeyInput{KeyMaterial: m})
	if err != nil {
		return engine.Key{}, err
	}
	return out.Key, nil
}

func (x *exchange) exportKey(ctx context.Context, key string, m engine.ExportKeyMaterial) (*engine.WrappedKey, error) {
	out, err := x.service.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: key, KeyMaterial: m})
	if err != nil {
		return nil, err
	}
	return out.WrappedKey, nil
}

func (x *exchange) createKey(ctx context.Context, a apc.KeyAttributes, derive *apc.KeyUsage) (engine.Key, error) {
	out, err := x.service.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: a, Exportable: new(true), DeriveKeyUsage: derive})
	if err != nil {
		return engine.Key{}, err
	}
	return out.Key, nil
}

// kekIn: the partner's host sends the first key, a TR-34 token to the
// certificate that comes with an import token.
func (x *exchange) kekIn(ctx context.Context) error {
	x.title("The service imports a key-encryption key from a TR-34 token")
	p, err := x.service.GetParametersForImport(
		ctx,
		&engine.GetParametersForImportInput{
			KeyMaterialType:      apc.KeyMaterialTypeTR34KeyBlock,
			WrappingKeyAlgorithm: apc.KeyAlgorithmRSA2048,
		},
	)
	if err != nil {
		return err
	}
	x.say("%s, valid until %s", p.ImportToken, p.ParametersValidUntilTimestamp.Format("2 January 2006"))
	key, nonce := newKey(16), newKey(8)
	token, err := x.partner.sealToken(p.WrappingKeyCertificate, "D9999K0TB00E0000", nonce, key)
	if err != nil {
		return err
	}
	k, err := x.importKey(ctx, engine.ImportKeyMaterial{Tr34KeyBlock: &engine.ImportTr34KeyBlock{
		CertificateAuthorityPublicKeyIdentifier: x.rsaRoot, SigningKeyCertificate: x.partner.host.text(), ImportToken: &p.ImportToken,
		WrappedKeyBlock: token, KeyBlockFormat: apc.Tr34KeyBlockFormatX9TR342012, RandomNonce: new(hex.EncodeToString(nonce)),
	}})
	if err != nil {
		return err
	}
	x.kek, x.partner.kek = k.KeyArn, key
	return x.have("KEK, by TR-34 from the partner", k.KeyCheckValue, key, kcv.TDES)
}

// workingKeyIn imports a PIN encryption key from a TR-31 key block under the KEK.
func (x *exchange) workingKeyIn(ctx context.Context) error {
	x.title("The service imports a PIN encryption key under it, from a TR-31 key block")
	key := newKey(16)
	block, err := wrap(ctx, x.partner.kek, "B0000P0TB00E0000", key)
	if err != nil {
		return err
	}
	x.say("%s", block)
	k, err := x.importKey(
		ctx,
		engine.ImportKeyMaterial{Tr31KeyBlock: &engine.ImportTr31KeyBlock{WrappingKeyIdentifier: x.kek, WrappedKeyBlock: block}},
	)
	if err != nil {
		return err
	}
	return x.have("PIN key, by TR-31 from the partner", k.KeyCheckValue, key, kcv.TDES)
}

// keyOut: the other direction, with a token for exports.
func (x *exchange) keyOut(ctx context.Context) error {
	x.title("The service exports a key as a TR-34 token")
	k, err := x.createKey(ctx, symmetric(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES3Key), nil)
	if err != nil {
		return err
	}
	p, err := x.service.GetParametersForExport(
		ctx,
		&engine.GetParametersForExportInput{
			KeyMaterialType:     apc.KeyMaterialTypeTR34KeyBlock,
			SigningKeyAlgorithm: apc.KeyAlgorithmRSA2048,
		},
	)
	if err != nil {
		return err
	}
	nonce := newKey(8)
	w, err := x.exportKey(ctx, k.KeyArn, engine.ExportKeyMaterial{Tr34KeyBlock: &engine.ExportTr34KeyBlock{
		CertificateAuthorityPublicKeyIdentifier: x.rsaRoot, WrappingKeyCertificate: x.partner.device.text(), ExportToken: &p.ExportToken,
		KeyBlockFormat: apc.Tr34KeyBlockFormatX9TR342012, RandomNonce: new(hex.EncodeToString(nonce)),
	}})
	if err != nil {
		return err
	}
	opened, err := x.partner.openToken(w.KeyMaterial, p.SigningKeyCertificate, nonce)
	if err != nil {
		return err
	}
	x.say("signed and opened, header %s", opened.Header)
	return x.have("KEK, by TR-34 to the partner", *w.KeyCheckValue, opened.Key, kcv.TDES)
}

// agree: both derive the same AES-256 key and exchange key blocks under it.
func (x *exchange) agree(ctx context.Context) error {
	x.title("Both agree on a key by ECDH and send each other keys under it")
	pair, err := x.createKey(
		ctx,
		apc.KeyAttributes{KeyUsage: apc.KeyUsageTR31K3AsymmetricKeyForKeyAgreement, KeyClass: apc.KeyClassAsymmetricKeyPair,
			KeyAlgorithm: apc.KeyAlgorithmECCNISTP521, KeyModesOfUse: apc.KeyModesOfUse{DeriveKey: true}},
		new(apc.KeyUsageTR31K1KeyBlockProtectionKey),
	)
	if err != nil {
		return err
	}
	public, err := x.service.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: pair.KeyArn})
	if err != nil {
		return err
	}
	info := newKey(16)
	kbpk, err := x.partner.agree(public.KeyCertificate, info)
	if err != nil {
		return err
	}
	key, data := newKey(32), engine.DiffieHellmanDerivationData{SharedInformation: new(hex.EncodeToString(info))}
	block, err := wrap(ctx, kbpk, "D0000D0AB00E0000", key)
	if err != nil {
		return err
	}
	k, err := x.importKey(ctx, engine.ImportKeyMaterial{DiffieHellmanTr31KeyBlock: &engine.ImportDiffieHellmanTr31KeyBlock{
		PrivateKeyIdentifier: pair.KeyArn, CertificateAuthorityPublicKeyIdentifier: x.ecRoot, PublicKeyCertificate: x.partner.curve.text(),
		DeriveKeyAlgorithm: apc.KeyAlgorithmAES256, KeyDerivationFunction: apc.KeyDerivationFunctionNISTSP800,
		KeyDerivationHashAlgorithm: apc.KeyDerivationHashAlgorithmSHA256, DerivationData: data, WrappedKeyBlock: block,
	}})
	if err != nil {
		return err
	}
	if err := x.have("AES_256 data key, by ECDH from the partner", k.KeyCheckValue, key, kcv.AES); err != nil {
		return err
	}
	w, err := x.exportKey(ctx, x.kek, engine.ExportKeyMaterial{DiffieHellmanTr31KeyBlock: &engine.ExportDiffieHellmanTr31KeyBlock{
		PrivateKeyIdentifier: pair.KeyArn, CertificateAuthorityPublicKeyIdentifier: x.ecRoot, PublicKeyCertificate: x.partner.curve.text(),
		DeriveKeyAlgorithm: apc.KeyAlgorithmAES256, KeyDerivationFunction: apc.KeyDerivationFunctionNISTSP800,
		KeyDerivationHashAlgorithm: apc.KeyDerivationHashAlgorithmSHA256, DerivationData: data,
	}})
	if err != nil {
		return err
	}
	back, err := unwrap(ctx, kbpk, w.KeyMaterial)
	if err != nil {
		return err
	}
	return x.have("KEK again, by ECDH to the partner", *w.KeyCheckValue, back, kcv.TDES)
}

// cryptograms: the bare key, encrypted to an RSA key.
func (x *exchange) cryptograms(ctx context.Context) error {
	x.title("RSA cryptograms in both directions")
	p, err := x.service.GetParametersForImport(
		ctx,
		&engine.GetParametersForImportInput{
			KeyMaterialType:      apc.KeyMaterialTypeKeyCryptogram,
			WrappingKeyAlgorithm: apc.KeyAlgorithmRSA3072,
		},
	)
	if err != nil {
		return err
	}
	key := newKey(16)
	cryptogram, err := x.partner.encrypt(p.WrappingKeyCertificate, key)
	if err != nil {
		return err
	}
	k, err := x.importKey(ctx, engine.ImportKeyMaterial{KeyCryptogram: &engine.ImportKeyCryptogram{
		KeyAttributes: symmetric(
			apc.KeyUsageTR31K1KeyBlockProtectionKey,
			apc.KeyAlgorithmAES128,
		), Exportable: new(true), ImportToken: p.ImportToken, WrappedKeyCryptogram: cryptogram,
	}})
	if err != nil {
		return err
	}
	if err := x.have("AES_128 key block protection key, by RSA", k.KeyCheckValue, key, kcv.AES); err != nil {
		return err
	}
	w, err := x.exportKey(ctx, x.kek, engine.ExportKeyMaterial{KeyCryptogram: &engine.ExportKeyCryptogram{
		CertificateAuthorityPublicKeyIdentifier: x.rsaRoot, WrappingKeyCertificate: x.partner.device.text()}})
	if err != nil {
		return err
	}
	back, err := x.partner.decrypt(w.KeyMaterial)
	if err != nil {
		return err
	}
	return x.have("KEK once more, by RSA to the partner", *w.KeyCheckValue, back, kcv.TDES)
}
