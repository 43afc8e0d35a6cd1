package server

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/secretfile"
	"github.com/seed748fb4d1/apcsim/policy"
)

// Config is a configuration file as the package documentation describes it. The
// zero value is an empty one.
type Config struct {
	Callers map[string]Caller // by access key
	Limits  apc.Limits
	Keys    []Key

	// As the fields of engine.Options with these names.
	Teams           []string
	Regions         []string
	LenientStrength bool
	Quirks          apc.Quirks

	// ReplicationFails has the StatusMessage with which each replication to a Region fails, by Region.
	ReplicationFails map[string]string
}

// Format prints how much is in it and no secret, whatever the verb.
func (c Config) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "Config(%d callers, limits %+v, %d keys)", len(c.Callers), c.Limits, len(c.Keys))
}

// Caller is the caller with an access key.
type Caller struct {
	Account string `json:"account"` // 12 digits
	ARN     string `json:"arn"`     // of the principal; "": the account's root
	Secret  string `json:"secret"`  // secret access key; "": none

	Policies []Document        `json:"policies"` // identity policies; none allow everything
	Tags     map[string]string `json:"tags"`     // of the principal
}

// Format prints whose it is without the secret, whatever the verb.
func (c Caller) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "Caller(account %q, ARN %q, secret given: %t)", c.Account, c.ARN, c.Secret != "")
}

// MarshalJSON leaves the secret out as well.
func (c Caller) MarshalJSON() ([]byte, error) { return json.Marshal(fmt.Sprint(c)) }

// Document is the JSON text of a policy.
type Document []byte

// UnmarshalJSON keeps the text.
func (d *Document) UnmarshalJSON(text []byte) error {
	*d = slices.Clone(text)
	return nil
}

// Key is a key to load from its components.
type Key struct {
	Account    string      `json:"account"` // "": the server's
	Region     string      `json:"region"`  // "": the server's
	Alias      string      `json:"alias"`   // "alias/..."; "": none
	Components []Component `json:"components"`

	// Check values of the ceremony's record; "": none.
	ComponentCheckValues []string `json:"componentCheckValues"` // in the order of Components; nil: none
	CheckValue           string   `json:"checkValue"`           // of the key

	KeyAttributes          apc.KeyAttributes
	KeyCheckValueAlgorithm *apc.KeyCheckValueAlgorithm
	Exportable             *bool // nil: true
	Enabled                *bool // nil: true
	Tags                   []apc.Tag
}

// Component is a part of a key in hexadecimal. An empty one is none.
type Component struct{ hsm.Secret }

var errComponent = errors.New("wanted pairs of hexadecimal digits")

// UnmarshalText reads the digits, which may be in groups with a space between
// them, as on paper. The error does not repeat them.
func (c *Component) UnmarshalText(text []byte) error {
	digits := make([]byte, 0, len(text))
	defer func() { clear(digits[:cap(digits)]) }()
	for i, b := range text {
		if b != ' ' {
			digits = append(digits, b)
		} else if i == 0 || i == len(text)-1 || text[i-1] == ' ' {
			return errComponent
		}
	}
	n, err := hex.Decode(digits, digits)
	if err != nil || n == 0 {
		return errComponent
	}
	c.Secret = hsm.NewSecret(digits[:n])
	return nil
}

// limits is apc.Limits in JSON.
type limits struct {
	Keys, Aliases, Tags, OpenTokens                             int
	TokenLife, TokenReuse, CertificateLife, CertificateReuse    duration
	DefaultPage, DefaultDeleteDays                              int
	DeletedVisible, ReplicationTime, CreationTime, ApprovalTime duration
	Requests, SymmetricRate, AsymmetricRate                     int
}

func (l *limits) values() apc.Limits {
	return apc.Limits{
		Keys: l.Keys, Aliases: l.Aliases, Tags: l.Tags, OpenTokens: l.OpenTokens,
		TokenLife: time.Duration(l.TokenLife), TokenReuse: time.Duration(l.TokenReuse),
		CertificateLife: time.Duration(l.CertificateLife), CertificateReuse: time.Duration(l.CertificateReuse),
		SymmetricRate: l.SymmetricRate, AsymmetricRate: l.AsymmetricRate,
		DefaultPage: l.DefaultPage, DefaultDeleteDays: l.DefaultDeleteDays, DeletedVisible: time.Duration(l.DeletedVisible),
		ReplicationTime: time.Duration(l.ReplicationTime),
		CreationTime:    time.Duration(l.CreationTime), ApprovalTime: time.Duration(l.ApprovalTime), Requests: l.Requests,
	}
}

// maxConfig is the longest configuration, in bytes.
const maxConfig = 16 << 20

// ReadConfig reads a configuration from a file or, as a shell makes of
// <(command), from a pipe. One with secrets of callers or components of keys must
// be private to this user. These are private:
//   - a regular file to which others have no access, which its group cannot change,
//     and which its group may read only where this process is in that group: mode
//     0600, or 0440 as Kubernetes mounts a secret with fsGroup
//   - any file in a directory that only this user can enter: mode 0700
//   - a pipe of this user
//
// The open file is checked: the path may lead through links.
func ReadConfig(path string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	defer clear(raw)
	if err != nil {
		return nil, err
	}
	c, err := ParseConfig(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if c.secret() {
		if err := secretfile.CheckInput(f); err != nil {
			return nil, fmt.Errorf("a configuration with secrets: %w", err)
		}
	}
	return c, nil
}

// secret reports whether there is anything in it that others may not read.
func (c *Config) secret() bool {
	for _, caller := range c.Callers {
		if caller.Secret != "" {
			return true
		}
	}
	return len(c.Keys) > 0
}

// ParseConfig reads the text of a configuration file. An error names the member
// at fault and repeats no value.
func ParseConfig(raw []byte) (*Config, error) {
	if len(raw) > maxConfig {
		return nil, &inputError{"", fmt.Sprintf("is longer than %d bytes", maxConfig)}
	}
	var file struct {
		Callers map[string]Caller `json:"callers"`
		Limits  limits            `json:"limits"`
		Keys    []Key             `json:"keys"`

		Teams            []string          `json:"teams"`
		Regions          []string          `json:"regions"`
		LenientStrength  bool              `json:"lenientStrength"`
		Quirks           apc.Quirks        `json:"quirks"`
		ReplicationFails map[string]string `json:"replicationFails"`
	}
	if err := decode(raw, &file); err != nil {
		return nil, err
	}
	c := &Config{Callers: file.Callers, Limits: file.Limits.values(), Keys: file.Keys, Teams: file.Teams, Regions: file.Regions,
		LenientStrength: file.LenientStrength, Quirks: file.Quirks, ReplicationFails: file.ReplicationFails}
	if err := c.checkService(); err != nil {
		return nil, err
	}
	for _, access := range slices.Sorted(maps.Keys(c.Callers)) {
		if err := c.Callers[access].check(below("callers", access)); err != nil {
			return nil, err
		}
	}
	for i, k := range c.Keys {
		if err := k.check(fmt.Sprintf("keys[%d]", i)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

var (
	accountPattern = regexp.MustCompile(`^[0-9]{12}$`)
	regionPattern  = regexp.MustCompile(`^[a-z]{2}-[a-z]{1,16}-[0-9]{1,3}$`)
	arnPattern     = regexp.MustCompile(`^arn:aws:(iam|sts)::([0-9]{12}):[!-~]{1,1000}$`)
)

func (c Caller) check(path string) error {
	for i, text := range c.Policies {
		if _, err := policy.Parse(policy.Identity, string(text)); err != nil {
			return policyError(fmt.Sprintf("%s[%d]", below(path, "policies"), i), err)
		}
	}
	if !accountPattern.MatchString(c.Account) {
		return &inputError{below(path, "account"), "wanted 12 digits"}
	}
	if c.ARN == "" {
		return nil
	}
	if m := arnPattern.FindStringSubmatch(c.ARN); m == nil || m[2] != c.Account {
		return &inputError{below(path, "arn"), "wanted an ARN of iam or sts in the caller's account"}
	}
	return nil
}

// policyError is what is wrong with a policy, without its values.
func policyError(path string, err error) error {
	e, ok := errors.AsType[*policy.Error](err)
	if !ok {
		return &inputError{path, "is no policy"}
	}
	if e.Path != "" {
		path += "." + e.Path
	}
	message := e.Problem
	if e.Wanted != "" {
		message += ", wanted " + e.Wanted
	}
	return &inputError{path, fmt.Sprintf("%s (at character %d of the policy)", message, e.Offset)}
}

// identity is the caller in the engine's form.
func (c Caller) identity() apc.Identity {
	id := apc.Identity{Account: c.Account, ARN: c.ARN, Tags: c.Tags}
	for _, text := range c.Policies {
		id.Policies = append(id.Policies, string(text))
	}
	return id
}

func (k *Key) check(path string) error {
	switch {
	case k.Account != "" && !accountPattern.MatchString(k.Account):
		return &inputError{below(path, "account"), "wanted 12 digits"}
	case k.Region != "" && !regionPattern.MatchString(k.Region):
		return &inputError{below(path, "region"), `wanted a Region like "us-east-1"`}
	case len(k.Components) < 1 || len(k.Components) > 3:
		return &inputError{below(path, "components"), fmt.Sprintf("there are %d, wanted 1 to 3", len(k.Components))}
	case len(k.ComponentCheckValues) != 0 && len(k.ComponentCheckValues) != len(k.Components):
		return &inputError{
			below(path, "componentCheckValues"),
			fmt.Sprintf("there are %d, wanted %d, as many as components", len(k.ComponentCheckValues), len(k.Components)),
		}
	case k.Alias != "" && !strings.HasPrefix(k.Alias, "alias/"):
		return &inputError{below(path, "alias"), `wanted a name that begins with "alias/"`}
	}
	return nil
}

// credentials are the callers as the endpoint wants them. With verify each needs
// a secret: without one, every client could sign for it.
func (c *Config) credentials(verify bool) (map[string]endpoint.Credential, error) {
	out := map[string]endpoint.Credential{}
	for access, caller := range c.Callers {
		if verify && caller.Secret == "" {
			return nil, &inputError{below(below("callers", access), "secret"), "is needed to verify signatures"}
		}
		out[access] = endpoint.Credential{Identity: caller.identity(), Secret: caller.Secret}
	}
	if verify && len(out) == 0 {
		return nil, &OptionError{"verify", "there are no callers whose signatures could be checked"}
	}
	return out, nil
}
