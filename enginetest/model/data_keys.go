package model

import (
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
)

// dataKeys is the table of the data plane's sheet, "Which key may do what": operations, forms, member, usages, algorithms,
// sets of modes of use.
const dataKeys = `
EncryptData           | Symmetric           | KeyIdentifier           | D0    | TDES,AES  | EW EDWU N
DecryptData           | Symmetric           | KeyIdentifier           | D0    | TDES,AES  | DU EDWU N
EncryptData           | Asymmetric          | KeyIdentifier           | D1    | RSA       | EW EDWU
DecryptData           | Asymmetric          | KeyIdentifier           | D1    | RSA       | DU EDWU
EncryptData DecryptData | Dukpt             | KeyIdentifier           | B0    | TDES2,AES | X N
EncryptData DecryptData | Emv               | KeyIdentifier           | E1 E6 | TDES2     | X
EncryptData DecryptData | Block             | KeyIdentifier           | K0 K1 | TDES,AES  | DU EDWU N
TranslatePinData      | Block               | IncomingKeyIdentifier   | K0 K1 | TDES,AES  | DU EDWU N
VerifyPinData         | Block               | EncryptionKeyIdentifier | K0 K1 | TDES,AES  | DU EDWU N
ReEncryptData         | Symmetric           | IncomingKeyIdentifier   | D0    | TDES,AES  | DU EDWU N
ReEncryptData         | Symmetric           | OutgoingKeyIdentifier   | D0    | TDES,AES  | EW EDWU N
ReEncryptData         | Asymmetric          | IncomingKeyIdentifier   | D1    | RSA       | DU EDWU
ReEncryptData         | Asymmetric          | OutgoingKeyIdentifier   | D1    | RSA       | EW EDWU
ReEncryptData         | Dukpt               | IncomingKeyIdentifier   | B0    | TDES2,AES | X N
ReEncryptData         | Dukpt               | OutgoingKeyIdentifier   | B0    | TDES2,AES | X N
GenerateMac           | ISO9797_ALGORITHM1  | KeyIdentifier           | M1    | TDES      | G GV
VerifyMac             | ISO9797_ALGORITHM1  | KeyIdentifier           | M1    | TDES      | V GV
GenerateMac           | ISO9797_ALGORITHM3  | KeyIdentifier           | M3    | TDES      | G GV
VerifyMac             | ISO9797_ALGORITHM3  | KeyIdentifier           | M3    | TDES      | V GV
GenerateMac           | CMAC                | KeyIdentifier           | M6    | TDES,AES  | G GV
VerifyMac             | CMAC                | KeyIdentifier           | M6    | TDES,AES  | V GV
GenerateMac           | HMAC HMAC_SHA224 HMAC_SHA256 HMAC_SHA384 HMAC_SHA512 | KeyIdentifier | M7 | TDES,AES,HMAC | G GV
VerifyMac             | HMAC HMAC_SHA224 HMAC_SHA256 HMAC_SHA384 HMAC_SHA512 | KeyIdentifier | M7 | TDES,AES,HMAC | V GV
GenerateMac           | AS2805_4_1          | KeyIdentifier           | M0    | TDES      | G GV
VerifyMac             | AS2805_4_1          | KeyIdentifier           | M0    | TDES      | V GV
GenerateMac VerifyMac | DukptIso9797Algorithm1 DukptIso9797Algorithm3 DukptCmac | KeyIdentifier | B0 | TDES2,AES | X N
GenerateMac VerifyMac | EmvMac              | KeyIdentifier           | E2    | TDES2     | X
GenerateCardValidationData | CardVerificationValue1 CardVerificationValue2 | KeyIdentifier | C0 | TDES2 | G GV
VerifyCardValidationData   | CardVerificationValue1 CardVerificationValue2 | KeyIdentifier | C0 | TDES2 | V GV
GenerateCardValidationData | AmexCardSecurityCodeVersion1 AmexCardSecurityCodeVersion2 | KeyIdentifier | C0 | TDES | G GV
VerifyCardValidationData   | AmexCardSecurityCodeVersion1 AmexCardSecurityCodeVersion2 | KeyIdentifier | C0 | TDES | V GV
GenerateCardValidationData VerifyCardValidationData | CardHolderVerificationValue  | KeyIdentifier | E6    | TDES2 | X
GenerateCardValidationData VerifyCardValidationData | DynamicCardVerificationCode  | KeyIdentifier | E4    | TDES2 | X
GenerateCardValidationData VerifyCardValidationData | DynamicCardVerificationValue | KeyIdentifier | E4 E6 | TDES2 | X
VerifyCardValidationData   | DiscoverDynamicCardVerificationCode | KeyIdentifier | E4 | TDES2 | X
GeneratePinData       | VisaPin VisaPinVerificationValue | GenerationKeyIdentifier | V2 | TDES | G GV
GeneratePinData       | Ibm3624NaturalPin Ibm3624RandomPin    | GenerationKeyIdentifier | V1 | TDES | G GV
GeneratePinData       | Ibm3624PinFromOffset Ibm3624PinOffset | GenerationKeyIdentifier | V1 | TDES | G GV
GeneratePinData       | VisaPin Ibm3624NaturalPin              | EncryptionKeyIdentifier | P0 | TDES,AES | EW EDWU N
GeneratePinData       | Ibm3624RandomPin Ibm3624PinFromOffset  | EncryptionKeyIdentifier | P0 | TDES,AES | EW EDWU N
GeneratePinData       | VisaPinVerificationValue Ibm3624PinOffset | EncryptionKeyIdentifier | P0 | TDES,AES | EDWU N
VerifyPinData         | VisaPin             | VerificationKeyIdentifier | V2  | TDES      | V GV
VerifyPinData         | Ibm3624Pin          | VerificationKeyIdentifier | V1  | TDES      | V GV
VerifyPinData         | PIN                 | EncryptionKeyIdentifier | P0    | TDES,AES  | DU EDWU N
VerifyPinData         | Dukpt               | EncryptionKeyIdentifier | B0    | TDES2,AES | X N
TranslatePinData      | PIN                 | IncomingKeyIdentifier   | P0    | TDES,AES  | DU EDWU N
TranslatePinData      | PIN                 | OutgoingKeyIdentifier   | P0    | TDES,AES  | EW EDWU N
TranslatePinData      | Dukpt               | IncomingKeyIdentifier   | B0    | TDES2,AES | X N
TranslatePinData      | Dukpt               | OutgoingKeyIdentifier   | B0    | TDES2,AES | X N
GenerateAuthRequestCryptogram VerifyAuthRequestCryptogram | | KeyIdentifier | E0  | TDES2     | X
GenerateMacEmvPinChange |                   | NewPinPekIdentifier     | P0    | TDES      | DU EDWU N
GenerateMacEmvPinChange |                   | SecureMessagingIntegrityKeyIdentifier       | E2 | TDES2 | X N
GenerateMacEmvPinChange |                   | SecureMessagingConfidentialityKeyIdentifier | E1 | TDES2 | X
GenerateMacEmvPinChange |                   | AuthorizationRequestKeyIdentifier           | E0 | TDES2 | X
GenerateMacEmvPinChange |                   | CurrentPinPekIdentifier                     | P0 | TDES  | DU EDWU N
TranslateKeyMaterial  |                     | PrivateKeyIdentifier    | K3    | ECC       | X
TranslateKeyMaterial  |                     | WrappingKeyIdentifier   | K0 K1 | TDES,AES  | EW EDWU
GenerateAs2805KekValidation |               | KeyIdentifier           | K0    | TDES      | EDWU`

// dataRow is a row of the table.
type dataRow struct {
	ops, forms       []string
	member           string
	usages, modes    []string
	algorithmsByName string
}

var dataRows = func() (rows []dataRow) {
	for line := range strings.Lines(strings.TrimSpace(dataKeys)) {
		f := strings.Split(line, "|")
		forms := strings.Fields(f[1])
		if len(forms) == 0 {
			forms = []string{""}
		}
		rows = append(rows, dataRow{strings.Fields(f[0]), forms, strings.TrimSpace(f[2]), strings.Fields(f[3]), strings.Fields(f[5]),
			strings.TrimSpace(f[4])})
	}
	return rows
}()

// DataKey is the rule that a key breaks in a member of a form of an operation of the data plane: of its usage, its
// algorithm or its modes of use. "" is none.
func DataKey(op, form, member string, k *Key) apc.Rule {
	best, a := 0, k.Attributes
	for i := range dataRows {
		row := &dataRows[i]
		if row.member != member || !slices.Contains(row.ops, op) || !slices.Contains(row.forms, form) {
			continue
		}
		fits := 0
		for _, ok := range []bool{slices.Contains(row.usages, code(a.KeyUsage)), inFamilies(a.KeyAlgorithm, row.algorithmsByName),
			slices.Contains(row.modes, letters(a.KeyModesOfUse))} {
			if !ok {
				break
			}
			fits++
		}
		best = max(best, fits)
	}
	return [...]apc.Rule{apc.RuleKeyUsage, apc.RuleKeyAlgorithm, apc.RuleKeyModesOfUse, ""}[best]
}

// data is a key in a member of a form of the operation.
func (q *request) data(form, member, id string) subject {
	return working(id, func(k *Key) apc.Rule { return DataKey(q.op, form, member, k) })
}

// blockSize is the length of a cipher's block in bytes.
func blockSize(a apc.KeyAlgorithm) int {
	if inFamilies(a, "AES") {
		return 16
	}
	return 8
}

// terminal is what a request says of a key derived by DUKPT.
type terminal struct {
	serial  string
	derived *apc.KeyAlgorithm
}

// key is the algorithm that a base derivation key derives, or the rule that the request breaks: TDES keys derive their own
// kind, AES keys any that is not stronger; AES serial numbers have 24 digits, TDES ones 20 or 16.
func (t *terminal) key(k *Key) (apc.KeyAlgorithm, apc.Rule) {
	bdk := k.Attributes.KeyAlgorithm
	derived := bdk
	if t.derived != nil {
		derived = *t.derived
	}
	fits, digits := derived == bdk, len(t.serial) == 20 || len(t.serial) == 16
	if inFamilies(bdk, "AES") {
		fits, digits = isTDES(derived) || strong(bdk, derived), len(t.serial) == 24
	}
	return derived, firstRule(unless(fits, apc.RuleKeyAlgorithm), unless(digits, apc.RuleKeySerialNumber))
}
