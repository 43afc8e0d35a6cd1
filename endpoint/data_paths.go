package endpoint

import (
	"net/http"
	"strings"
)

// dataPaths are the operations of the data plane by their paths (data-plane,
// section 1). A "*" is one segment, which is never empty.
var dataPaths = map[string]string{
	"/keys/*/decrypt":               "DecryptData",
	"/keys/*/encrypt":               "EncryptData",
	"/keys/*/reencrypt":             "ReEncryptData",
	"/as2805kekvalidation/generate": "GenerateAs2805KekValidation",
	"/cardvalidationdata/generate":  "GenerateCardValidationData",
	"/cardvalidationdata/verify":    "VerifyCardValidationData",
	"/cryptogram/generate":          "GenerateAuthRequestCryptogram",
	"/cryptogram/verify":            "VerifyAuthRequestCryptogram",
	"/keymaterial/translate":        "TranslateKeyMaterial",
	"/mac/generate":                 "GenerateMac",
	"/mac/verify":                   "VerifyMac",
	"/macemvpinchange/generate":     "GenerateMacEmvPinChange",
	"/pindata/generate":             "GeneratePinData",
	"/pindata/translate":            "TranslatePinData",
	"/pindata/verify":               "VerifyPinData",
}

// dataOperation is the operation of the data plane that a request is for, or "".
func dataOperation(r *http.Request) string {
	path := r.URL.EscapedPath()
	if rest, ok := strings.CutPrefix(path, "/keys/"); ok {
		key, verb, _ := strings.Cut(rest, "/")
		if key == "" {
			return ""
		}
		path = "/keys/*/" + verb
	}
	if r.Method != http.MethodPost {
		return ""
	}
	return dataPaths[path]
}
