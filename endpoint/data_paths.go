package endpoint

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/shape"
)

// dataPath is a path of the data plane: its operation, and the member that its "*" is.
type dataPath struct{ operation, member string }

// dataPaths are the operations of the data plane by their paths (data-plane, section 1). A "*" is
// one segment that is not empty.
var dataPaths = map[string]dataPath{
	"/keys/*/decrypt":               {"DecryptData", "KeyIdentifier"},
	"/keys/*/encrypt":               {"EncryptData", "KeyIdentifier"},
	"/keys/*/reencrypt":             {"ReEncryptData", "IncomingKeyIdentifier"},
	"/as2805kekvalidation/generate": {operation: "GenerateAs2805KekValidation"},
	"/cardvalidationdata/generate":  {operation: "GenerateCardValidationData"},
	"/cardvalidationdata/verify":    {operation: "VerifyCardValidationData"},
	"/cryptogram/generate":          {operation: "GenerateAuthRequestCryptogram"},
	"/cryptogram/verify":            {operation: "VerifyAuthRequestCryptogram"},
	"/keymaterial/translate":        {operation: "TranslateKeyMaterial"},
	"/mac/generate":                 {operation: "GenerateMac"},
	"/mac/verify":                   {operation: "VerifyMac"},
	"/macemvpinchange/generate":     {operation: "GenerateMacEmvPinChange"},
	"/pindata/generate":             {operation: "GeneratePinData"},
	"/pindata/translate":            {operation: "TranslatePinData"},
	"/pindata/verify":               {operation: "VerifyPinData"},
}

// route is what the path of a request of the data plane says: the operation and, for some, the
// identifier of a key and the member that it is.
type route struct {
	dataPath
	key string
}

// dataRoute finds the operation of the data plane that a request is for. The path is split before
// it is decoded: an identifier is one segment, with its "/" encoded.
func dataRoute(r *http.Request) (route, bool) {
	if r.Method != http.MethodPost {
		return route{}, false
	}
	path, key := r.URL.EscapedPath(), ""
	if rest, ok := strings.CutPrefix(path, "/keys/"); ok {
		segment, verb, _ := strings.Cut(rest, "/")
		var err error
		if key, err = url.PathUnescape(segment); err != nil || key == "" {
			return route{}, false
		}
		path = "/keys/*/" + verb
	}
	found, ok := dataPaths[path]
	return route{found, key}, ok
}

// fill reads a request: its body, then what its path says.
func (t route) fill(body []byte, in any, sent *shape.Sent) error {
	if err := decode(body, in, sent); err != nil {
		return err
	}
	if t.member != "" {
		sent.Forget(t.member, 0)
		reflect.ValueOf(in).Elem().FieldByName(t.member).SetString(t.key)
	}
	return nil
}
