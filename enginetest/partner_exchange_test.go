package enginetest_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/tr31"
)

func TestPartnerExchangesKeyBlocks(t *testing.T) {
	s := enginetest.New(t, keepAll)
	p := s.Partner(t, "Acquirer")
	for _, x := range []struct {
		kind enginetest.KeyKind
		head string
	}{{enginetest.K1AES256, "D0000P0AE00E0000"}, {enginetest.K0TDES3, "B0000P0TE00E0000"}} {
		kek := p.Share(x.kind)
		k, err := importBlock(s, kek, p.Wrap(x.head, partnerKey, tr31.Label("till4")))
		if err != nil {
			t.Fatal(err)
		}
		w := exportKey(t, s, k.KeyArn, engine.ExportKeyMaterial{Tr31KeyBlock: &engine.ExportTr31KeyBlock{WrappingKeyIdentifier: kek}})
		got := p.Open(w.KeyMaterial)
		if p.Compare(k.KeyCheckValue, got); !bytes.Equal(got.Key, partnerKey) || got.KeyUsage != "P0" {
			t.Errorf("%s: the partner has %v", x.kind, got)
		}
	}
	want := "import of key0000000000002 by TR-31"
	if got := fmt.Sprint(s.Ledger()); !strings.Contains(got, want) || strings.Count(got, "export of") != 2 ||
		!strings.Contains(got, "LB=till4") {
		t.Errorf("ledger: %s, want %s", got, want)
	}
}

func TestPartnerExchangesTokens(t *testing.T) {
	s := enginetest.New(t, keepAll)
	p := s.Partner(t, "Acquirer")
	to := importParameters(t, s, apc.KeyMaterialTypeTR34KeyBlock)
	k, err := importKey(s, engine.ImportKeyMaterial{Tr34KeyBlock: p.SealTR34(to, "D9999K0TB00E0000", partnerKey, nil)})
	if err != nil {
		t.Fatal(err)
	}
	from, err := s.GetParametersForExport(
		ctx,
		&engine.GetParametersForExportInput{
			KeyMaterialType:     apc.KeyMaterialTypeTR34KeyBlock,
			SigningKeyAlgorithm: apc.KeyAlgorithmRSA2048,
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	w := exportKey(
		t,
		s,
		k.KeyArn,
		engine.ExportKeyMaterial{Tr34KeyBlock: &engine.ExportTr34KeyBlock{CertificateAuthorityPublicKeyIdentifier: p.Root(),
			WrappingKeyCertificate: p.Certificate(), ExportToken: &from.ExportToken, RandomNonce: new(enginetest.Nonce),
			KeyBlockFormat: apc.Tr34KeyBlockFormatX9TR342012}},
	)
	got := p.OpenTR34(w.KeyMaterial, from.SigningKeyCertificate)
	if p.Compare(k.KeyCheckValue, got); !bytes.Equal(got.Key[:16], partnerKey) {
		t.Errorf("the partner has %v", got)
	}
	if all := s.Ledger(); len(all) != 2 || all[0].Form != "TR-34" || !strings.Contains(all[0].Certificate, "Acquirer KDH") ||
		!strings.Contains(all[1].Certificate, "Acquirer KRD") ||
		all[0].Header != "D9999K0TB00E0000" {
		t.Errorf("ledger: %v", all)
	}
}

func TestPartnerAgreesOnAKey(t *testing.T) {
	s := enginetest.New(t, keepAll)
	p := s.Partner(t, "Acquirer")
	made, err := s.CreateKey(
		ctx,
		&engine.CreateKeyInput{
			KeyAttributes:  enginetest.K3P256.Attributes(),
			Exportable:     new(true),
			DeriveKeyUsage: new(apc.KeyUsageTR31K1KeyBlockProtectionKey),
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	public, err := s.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: made.Key.KeyArn})
	if err != nil {
		t.Fatal(err)
	}
	agreed := p.Agree(public.KeyCertificate, "ABCD")
	in := engine.ImportDiffieHellmanTr31KeyBlock{
		PrivateKeyIdentifier:                    made.Key.KeyArn,
		CertificateAuthorityPublicKeyIdentifier: p.CurveRoot(),
		PublicKeyCertificate:                    p.CurveCertificate(),
		DeriveKeyAlgorithm:                      apc.KeyAlgorithmAES256,
		KeyDerivationFunction:                   apc.KeyDerivationFunctionNISTSP800,
		KeyDerivationHashAlgorithm:              apc.KeyDerivationHashAlgorithmSHA256,
		DerivationData: engine.DiffieHellmanDerivationData{
			SharedInformation: new("ABCD"),
		},
		WrappedKeyBlock: agreed.Wrap("D0000P0TB00E0000", partnerKey),
	}
	k, err := importKey(s, engine.ImportKeyMaterial{DiffieHellmanTr31KeyBlock: &in})
	if err != nil {
		t.Fatal(err)
	}
	w := exportKey(t, s, k.KeyArn, engine.ExportKeyMaterial{DiffieHellmanTr31KeyBlock: &engine.ExportDiffieHellmanTr31KeyBlock{
		PrivateKeyIdentifier: in.PrivateKeyIdentifier, CertificateAuthorityPublicKeyIdentifier: in.CertificateAuthorityPublicKeyIdentifier,
		PublicKeyCertificate: in.PublicKeyCertificate,
		DeriveKeyAlgorithm:   in.DeriveKeyAlgorithm, KeyDerivationFunction: in.KeyDerivationFunction,
		KeyDerivationHashAlgorithm: in.KeyDerivationHashAlgorithm, DerivationData: in.DerivationData}})
	if got := agreed.Open(w.KeyMaterial); !bytes.Equal(got.Key, partnerKey) {
		t.Errorf("the partner has %v", got)
	}
}

func TestPartnerExchangesCryptograms(t *testing.T) {
	s := enginetest.New(t, keepAll)
	p := s.Partner(t, "Acquirer")
	to := importParameters(t, s, apc.KeyMaterialTypeKeyCryptogram)
	k, err := importKey(
		s,
		engine.ImportKeyMaterial{
			KeyCryptogram: &engine.ImportKeyCryptogram{KeyAttributes: enginetest.P0TDES2.Attributes(), Exportable: new(true),
				ImportToken: to.ImportToken, WrappedKeyCryptogram: p.Encrypt(to.WrappingKeyCertificate, partnerKey)},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	w := exportKey(
		t,
		s,
		k.KeyArn,
		engine.ExportKeyMaterial{
			KeyCryptogram: &engine.ExportKeyCryptogram{
				CertificateAuthorityPublicKeyIdentifier: p.Root(),
				WrappingKeyCertificate:                  p.Certificate(),
			},
		},
	)
	p.Compare(k.KeyCheckValue, p.Decrypt(w.KeyMaterial, 'T'))
}
