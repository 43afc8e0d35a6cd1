package server

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/secretfile"
)

// cookieName is the console's cookie.
const cookieName = "apcsim_control"

// tokenText is a token that an Authorization header can carry (RFC 6750, section 2.1).
var tokenText = regexp.MustCompile(`^[A-Za-z0-9._~+/-]{16,512}=*$`)

// ReadControlToken reads the token of the simulator's own calls from a file that others cannot
// read: 16 to 512 letters, digits and ._~+/- on one line. The error does not repeat it.
func ReadControlToken(path string) (hsm.Secret, error) {
	raw, err := secretfile.Read(path, 4<<10)
	if err != nil {
		return hsm.Secret{}, err
	}
	defer clear(raw)
	text := strings.TrimSpace(string(raw))
	if !tokenText.MatchString(text) {
		return hsm.Secret{}, errors.New("wanted one line with 16 to 512 letters, digits and ._~+/- (openssl rand -hex 32)")
	}
	return hsm.NewSecret([]byte(text)), nil
}

// controlToken has the hash of the token, and the value of the cookie for it: what a
// browser keeps is not the token. The zero value is no token.
type controlToken struct{ hash, cookie []byte }

func newControlToken(token hsm.Secret) (t controlToken) {
	if token.Len() == 0 {
		return t
	}
	token.Expose(func(clear []byte) error {
		sum := sha256.Sum256(clear)
		mac := hmac.New(sha256.New, clear)
		mac.Write([]byte("apcsim control cookie"))
		t = controlToken{sum[:], mac.Sum(nil)}
		return nil
	})
	return t
}

func (t controlToken) set() bool { return t.hash != nil }

// is reports whether a text is the token.
func (t controlToken) is(text string) bool {
	sum := sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(sum[:], t.hash) == 1
}

// grant sets the cookie.
func (t controlToken) grant(w http.ResponseWriter) {
	http.SetCookie(
		w,
		&http.Cookie{
			Name:     cookieName,
			Value:    hex.EncodeToString(t.cookie),
			Path:     ownPath,
			HttpOnly: true,
			SameSite: http.SameSiteStrictMode,
		},
	)
}

// shown reports whether a request shows the token: by an Authorization header, or by the console's
// cookie.
func (t controlToken) shown(r *http.Request) (byHeader, byCookie bool) {
	if text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return t.is(text), false
	}
	for _, c := range r.CookiesNamed(cookieName) {
		value, err := hex.DecodeString(c.Value)
		if err == nil && subtle.ConstantTimeCompare(value, t.cookie) == 1 {
			return false, true
		}
	}
	return false, false
}
