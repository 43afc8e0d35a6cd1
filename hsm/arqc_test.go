package hsm_test

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/hsm"
)

// cryptogram is the derivation of a cryptogram's session key.
func (d *dataCase) cryptogram() hsm.EMV {
	form, m := d.in.union("SessionKeyDerivationAttributes")
	m["MajorKeyDerivationMode"] = d.in["MajorKeyDerivationMode"]
	out := d.emv(m)
	if atc := m.text("ApplicationTransactionCounter"); atc != "" {
		out.ATC = d.array2(atc)
	}
	switch form {
	case "EmvCommon":
		out.Session, out.R = hsm.SessionCommon, emv.CounterR(out.ATC)
	case "Mastercard":
		out.Session, out.UN = hsm.SessionMChip, [4]byte(d.hex(m.text("UnpredictableNumber")))
	case "Emv2000":
		out.Session = hsm.SessionEMV2000
	case "UnionPay":
		out.Session = hsm.SessionUnionPay
	}
	return out
}

func TestARQCAsAnotherImplementation(t *testing.T) {
	onDataCases(t, "GenerateAuthRequestCryptogram", func(d *dataCase) {
		got, err := d.h.ARQC(ctx, d.key("KeyIdentifier"), d.cryptogram(), d.hex(d.in.text("TransactionData")))
		d.is("AuthRequestCryptogram", upperHex(got), err)
	})
}

func TestVerifyARQCAsAnotherImplementation(t *testing.T) {
	onDataCases(t, "VerifyAuthRequestCryptogram", func(d *dataCase) {
		var response *hsm.ARPC
		switch form, m := d.in.union("AuthResponseAttributes"); form {
		case "ArpcMethod1":
			response = &hsm.ARPC{Method: 1, ResponseCode: d.array2(m.text("AuthResponseCode"))}
		case "ArpcMethod2":
			response = &hsm.ARPC{
				Method:       2,
				StatusUpdate: [4]byte(d.hex(m.text("CardStatusUpdate"))),
				Proprietary:  d.hex(m.text("ProprietaryAuthenticationData")),
			}
		}
		got, arpc, err := d.h.VerifyARQC(ctx, d.key("KeyIdentifier"), d.cryptogram(),
			d.hex(d.in.text("TransactionData")), d.array8(d.in.text("AuthRequestCryptogram")), response)
		d.verdict(got, err)
		d.is("AuthResponseValue", upperHex(arpc), err)
	})
}
