package apcsim_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/probe"
	"github.com/seed748fb4d1/apcsim/internal/testrig/canary"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/tr31"
	"github.com/seed748fb4d1/apcsim/tr34"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

// secret is what no value may show. It is an AES key too.
var secret = []byte("canary-of-a-key!canary-of-a-key!")

// holder is a type that can hold a secret: why it never does, or a value that does.
type holder struct {
	why   string
	value func(t *testing.T) any
}

func public(why string) holder                    { return holder{why: why} }
func secretive(value func(*testing.T) any) holder { return holder{value: value} }

const (
	elsewhere = "tested in its own package, which has what it needs"
	sealed    = "keys sealed under the master key, and public parts"
	wire      = "parts of a message that is sent in the clear"
	number    = "an identifier or a counter"
)

// holders is every exported type that can hold a secret. A new one is found by the
// test and gets its row here: with a value wherever it can hold one in the clear.
var holders = map[string]holder{
	"dataplane.Caller": secretive(func(t *testing.T) any { return newEngine(t).As(apc.Identity{}).Caller }),

	"dukpt.AESKSN":  public(number),
	"dukpt.TDESKSN": public(number),
	"emv.Tree":      public("the shape of a derivation, and a published IV"),

	"endpoint.Credential": secretive(func(*testing.T) any { return credential() }),
	"endpoint.Options":    secretive(func(*testing.T) any { return endpointOptions() }),
	"engine.Caller":       secretive(func(t *testing.T) any { return newEngine(t).As(apc.Identity{}) }),
	"engine.Engine":       secretive(func(t *testing.T) any { return newEngine(t) }),
	"engine.LoadKeyInput": secretive(func(*testing.T) any { return engine.LoadKeyInput{Components: []hsm.Secret{hsm.NewSecret(secret)}} }),
	"engine.Options":      public("ready key pairs come through an interface"),

	"enginetest.Card": secretive(func(t *testing.T) any {
		return enginetest.New(t, nil).Partner(t, "canary").Card(hex.EncodeToString(secret[:16]), "4111111111111111", "00")
	}),
	"enginetest.Issuer": secretive(func(t *testing.T) any {
		return enginetest.New(t, nil).Partner(t, "canary").Issuer(hex.EncodeToString(secret[:16]), "")
	}),
	"enginetest.Terminal": secretive(func(t *testing.T) any {
		return enginetest.New(t, nil).Partner(t, "canary").Terminal(enginetest.B0TDES2, hex.EncodeToString(secret[:16]))
	}),
	"enginetest/draw.Requests": public("a model, and a partner that shows no secret"),
	"enginetest/model.PIN":     public("an encrypted block; which PIN it has is a number of the model's own"),
	"enginetest/model.World":   public("what a simulator has answered to a test"),
	"enginetest.Options":       public("a device comes through an interface"),
	"enginetest.Partner": secretive(func(t *testing.T) any {
		p := enginetest.New(t, nil).Partner(t, "canary")
		p.ShareKey("K1 AES_256", hex.EncodeToString(secret))
		return p
	}),
	"enginetest.Received": secretive(func(*testing.T) any { return enginetest.Received{Key: secret} }),
	"enginetest.Sim": secretive(func(t *testing.T) any {
		s := enginetest.New(t, nil)
		s.Secret(secret)
		return s
	}),

	"hsm.ARPC":                public(wire),
	"hsm.AS2805PIN":           public("the number and the amount of a transaction"),
	"hsm.Agreement":           public(sealed),
	"hsm.Backend":             public("an interface"),
	"hsm.BlockCipher":         secretive(func(*testing.T) any { return hsm.BlockCipher{Key: workingKey()} }),
	"hsm.CardData":            secretive(func(*testing.T) any { return hsm.CardData{PAN: account(), Track: hsm.NewSecret(secret)} }),
	"hsm.Components":          public(sealed),
	"hsm.DataCipher":          public("an interface"),
	"hsm.Derivation":          public("an interface"),
	"hsm.ECDH":                public("a public key and what both parties know"),
	"hsm.EMV":                 secretive(func(*testing.T) any { return hsm.EMV{PAN: account()} }),
	"hsm.HSM":                 secretive(func(*testing.T) any { return hsm.New(software(), nil) }),
	"hsm.IBM3624":             secretive(func(*testing.T) any { return hsm.IBM3624{ValidationData: account()} }),
	"hsm.Initializer":         public("an interface"),
	"hsm.KEKValidation":       public(wire),
	"hsm.Key":                 public("an interface"),
	"hsm.KeyBlockTranslation": public(sealed),
	"hsm.HeldKey":             public(elsewhere),
	"hsm.KeyRef":              public(sealed),
	"hsm.Made":                public(sealed),
	"hsm.Material":            public(sealed),
	"hsm.OpenGenerator":       public("an interface"),
	"hsm.Options":             public("ready key pairs come through an interface"),
	"hsm.PINBlock":            secretive(func(*testing.T) any { return hsm.PINBlock{Key: workingKey(), PAN: account()} }),
	"hsm.PINChange":           secretive(func(*testing.T) any { return hsm.PINChange{Session: hsm.EMV{PAN: account()}} }),
	"hsm.PINChanged":          public(wire),
	"hsm.PINForm":             secretive(func(*testing.T) any { return hsm.PINForm{Key: workingKey(), PAN: account()} }),
	"hsm.PINValue":            public(wire),
	"hsm.Public":              public("a public key"),
	"hsm.RSACipher":           public(sealed),
	"hsm.Ready":               public("an interface"),
	"hsm.Resealer":            public("an interface"),
	"hsm.Sealed":              public(sealed),
	"hsm.Secret":              secretive(func(*testing.T) any { return hsm.NewSecret(secret) }),
	"hsm.Software":            secretive(func(*testing.T) any { return software() }),
	"hsm.SoftwareOptions":     secretive(func(*testing.T) any { return hsm.SoftwareOptions{MasterKey: (*[32]byte)(secret)} }),
	"hsm.VisaPVV":             secretive(func(*testing.T) any { return hsm.VisaPVV{PAN: account()} }),
	"hsm.WorkingKey":          secretive(func(*testing.T) any { return workingKey() }),
	"hsm.WrappedKey":          public("an enciphered key"),
	"hsm/hsmtest.Options":     public("keys of tests"),
	"hsm/pkcs11.Backend":      public(elsewhere),
	"hsm/pkcs11.Options":      public(elsewhere),
	"hsm/pkcs11.PIN":          public("a function"),

	"internal/probe.Command":         public("functions and names of files"),
	"internal/probe.Credentials":     secretive(func(*testing.T) any { return probeCredentials() }),
	"internal/probe.CredentialsFunc": public("a function"),
	"internal/probe.Service": secretive(func(*testing.T) any {
		return probe.AWS("us-east-1", func(context.Context) (probe.Credentials, error) { return probeCredentials(), nil }, nil)
	}),

	"internal/core.Alias":       public(number),
	"internal/core.Attempts":    public("a pointer to core.Cloud, which is checked"),
	"internal/core.Authorities": public(sealed),
	"internal/core.Authority":   public(sealed),
	"internal/core.Call":        public("a pointer to core.Cloud, which is checked"),
	"internal/core.Caller":      public("a pointer to core.Cloud, which is checked"),
	"internal/core.Cloud": secretive(func(*testing.T) any {
		return core.NewCloud(&core.CloudConfig{Backend: software(), Store: keystore.NewMemory()})
	}),
	"internal/core.CloudConfig":    secretive(func(*testing.T) any { return core.CloudConfig{Backend: software()} }),
	"internal/core.DefaultRegions": public(number),
	"internal/core.ReplicaPlan":    public(number),
	"internal/core.Team":           public("ARNs"),
	"internal/core.Key":            public(sealed),
	"internal/core.Token":          public(sealed),

	"kcv.Value": public("a check value"),

	"keystore.Change":          public(sealed),
	"keystore.CommitID":        public(number),
	"keystore.Memory":          public(sealed),
	"keystore.Found":           public(sealed),
	"keystore.Put":             public(sealed),
	"keystore.Record":          public(sealed),
	"keystore.Remove":          public(number),
	"keystore.Require":         public(number),
	"keystore/boltstore.Store": public(sealed),
	"keystore/pgstore.Store":   public(elsewhere),

	"mac.CMAC":      secretive(func(t *testing.T) any { return mac.NewCMAC(subkeyCipher{}) }),
	"mac.RetailKey": secretive(retailKey),

	"tr31.BDKID":        public(number),
	"tr31.Certificate":  public("a certificate"),
	"tr31.Certificates": public("certificates"),
	"tr31.CheckValue":   public("a check value"),
	"tr31.Ciphers":      public("an interface"),
	"tr31.Content":      public("an interface"),
	"tr31.InitialKeyID": public(number),
	"tr31.KBPK":         secretive(kbpk),
	"tr31.KSN":          public(number),

	"tr34.Binding":      public(wire),
	"tr34.Check":        public("certificates and a nonce"),
	"tr34.Credential":   public("a certificate"),
	"tr34.IssuerSerial": public("a name and a number"),
	"tr34.Opened":       secretive(func(*testing.T) any { return tr34.Opened{Key: secret} }),
	"tr34.Sealing":      public("its signer is an interface"),
	"tr34.Token":        public(wire),

	"x509ca.Authority": secretive(authority),
	"x509ca.Request":   public("a public key and a serial number"),
}

func TestNothingThatHoldsASecretShowsIt(t *testing.T) {
	found := canary.Types(t, "./...")
	found = slices.DeleteFunc(found, func(name string) bool {
		return strings.HasPrefix(name, "dataplane.") && name != "dataplane.Caller" || // requests and answers, of which dataplane tests all
			strings.HasPrefix(name, "internal/testrig/") || strings.HasPrefix(name, "cmd/apcsim/internal/server.") // which has a test of its own
	})
	for _, name := range found {
		h, ok := holders[name]
		switch {
		case !ok:
			t.Errorf("%s can hold a secret: give it a row in holders", name)
		case h.value != nil:
			v := h.value(t)
			canary.Check(t, name, v, secret)
			canary.Check(t, name, v, secret[:16])
		}
	}
	for name := range holders {
		if !slices.Contains(found, name) {
			t.Errorf("%s has a row in holders and is no such type", name)
		}
	}
}

// account is an account number with the secret for digits.
func account() hsm.PAN { return hsm.NewPAN(string(secret)) }

func workingKey() hsm.WorkingKey { return hsm.WorkingKey{Derive: hsm.EMV{PAN: account()}} }

func TestAccountNumbersAreNotShown(t *testing.T) {
	canary.Check(t, "hsm.PAN", account(), secret)
	canary.Check(t, "a hidden field", struct{ pan hsm.PAN }{account()}, secret)
}

func credential() endpoint.Credential {
	return endpoint.Credential{Identity: apc.Identity{Account: "111122223333"}, Secret: string(secret)}
}

func probeCredentials() probe.Credentials {
	return probe.Credentials{AccessKey: "AKID", Secret: string(secret), Session: string(secret)}
}

func endpointOptions() endpoint.Options {
	return endpoint.Options{Callers: map[string]endpoint.Credential{"AKID": credential()}}
}

// TestDoorsShowNoSecret is about what endpoint returns: interfaces.
func TestDoorsShowNoSecret(t *testing.T) {
	o := endpointOptions()
	canary.Check(t, "endpoint.Handler", endpoint.Handler(newEngine(t), &o), secret)
	canary.Check(t, "endpoint.HTTPClient", endpoint.HTTPClient(newEngine(t), &o), secret)
}

func software() *hsm.Software {
	return hsm.NewSoftware(&hsm.SoftwareOptions{MasterKey: (*[32]byte)(secret)})
}

func newEngine(t *testing.T) *engine.Engine {
	t.Helper()
	eng, err := engine.Open(t.Context(), software(), keystore.NewMemory(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { eng.Close() })
	return eng
}

// subkeyCipher is one under which the second CMAC subkey is the secret: twice in
// GF(2^128) what the zero block is enciphered to.
type subkeyCipher struct{}

func (subkeyCipher) BlockSize() int        { return 16 }
func (subkeyCipher) Decrypt(dst, _ []byte) {}

func (subkeyCipher) Encrypt(dst, _ []byte) {
	half := func(b []byte) {
		carry := b[len(b)-1] & 1
		if carry == 1 {
			b[len(b)-1] ^= 0x87
		}
		for i := len(b) - 1; i >= 0; i-- {
			b[i] >>= 1
			if i > 0 {
				b[i] |= b[i-1] << 7
			}
		}
		b[0] |= carry << 7
	}
	copy(dst, secret[:16])
	half(dst[:16])
}

func retailKey(t *testing.T) any {
	k, err := mac.NewRetailKey(secret[:16])
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func kbpk(t *testing.T) any {
	k, err := tr31.NewKBPK(secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func authority(t *testing.T) any {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "A"}, NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a, err := x509ca.NewAuthority(c, key)
	if err != nil {
		t.Fatal(err)
	}
	canary.Check(t, "x509ca.Authority", a, key.D.Bytes()[:16])
	canary.Check(t, "x509ca.Authority", a, []byte(key.D.String()[:40]))
	return a
}
