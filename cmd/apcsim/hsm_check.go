package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/pkcs11"
)

var hsmCheckCommand = command{
	name:    "hsm check",
	args:    "--hsm URI [--initialize]",
	summary: "Try a PKCS#11 token: what it can do, which commands work on it, what the host sees",
	details: `
Logs in and tries every mechanism that keys and commands need. The exit status is 1
where something is missing, or where the token does not open.

The mechanisms are tried with the master keys that apcsim keeps on the token. A token
without any gets none, unless --initialize is given: then they are made, as
apcsim serve does with a new store.

With --json the answer is one object:
  {"ok":true,"token":"...","master_key":"...","capabilities":[{"name":"...","works":true,"how":"..."}],
   "commands":[{"command":"...","works":true,"lacks":[]}],"revealed":[{"command":"...","keys":"...","why":"..."}]}`,
	setup: setupHSMCheck,
}

// commandNeeds is what a token must be able to do for commands of the service: one
// capability of each list, by how its name begins.
var commandNeeds = []struct {
	commands string
	needs    [][]string
}{
	{"AES keys: CreateKey, ImportKey, key blocks under them, MACs, PINs, data", [][]string{{"AES encryption"}}},
	{"TDES keys: the same, card values and DUKPT", [][]string{{"TDES encryption"}}},
	{"HMAC keys with SHA-224", [][]string{{"HMAC with SHA-224"}}},
	{"HMAC keys with SHA-256", [][]string{{"HMAC with SHA-256"}}},
	{"HMAC keys with SHA-384", [][]string{{"HMAC with SHA-384"}}},
	{"HMAC keys with SHA-512", [][]string{{"HMAC with SHA-512"}}},
	{"RSA key pairs: certificates, signing requests, ExportKey with TR-34", [][]string{{"RSA keys"}, {"RSA signatures"}}},
	{
		"RSA key pairs: ImportKey with TR-34 or a key cryptogram, DecryptData",
		[][]string{{"RSA keys"}, {"RSA-OAEP with SHA-256", "raw RSA decryption"}},
	},
	{"ECC key pairs: certificates, signing requests", [][]string{{"EC keys"}, {"ECDSA signatures"}}},
	{"ECC key pairs: ImportKey, ExportKey and PINs by ECDH", [][]string{{"EC keys"}, {"ECDH"}}},
}

// hostSees are clear bytes in the host's memory that no table of hsm lists. Where
// without is not empty it is so only if the token lacks that.
var hostSees = []struct {
	without string
	hsm.Revealed
}{
	{"", hsm.Revealed{Command: "every import", Keys: "the key", Why: "it is given in the clear, or opened by the host"}},
	{
		"",
		hsm.Revealed{Command: "commands by ECDH", Keys: "the shared secret and the key derived from it", Why: "the host derives the key"},
	},
	{
		"derivation of AES block keys",
		hsm.Revealed{Command: "key blocks under AES keys", Keys: "KBEK and KBAK", Why: "the host derives them"},
	},
	{
		"derivation of TDES block keys",
		hsm.Revealed{Command: "key blocks under TDES keys", Keys: "KBEK and KBAK", Why: "the host derives them"},
	},
	{
		"key generation (CKM_AES_KEY_GEN)",
		hsm.Revealed{Command: "CreateKey of AES", Keys: "the key", Why: "it is drawn from the token's random bytes"},
	},
	{
		"key generation (CKM_DES2_KEY_GEN)",
		hsm.Revealed{Command: "CreateKey of TDES_2KEY", Keys: "the key", Why: "it is drawn from the token's random bytes"},
	},
	{
		"key generation (CKM_DES3_KEY_GEN)",
		hsm.Revealed{Command: "CreateKey of TDES_3KEY", Keys: "the key", Why: "it is drawn from the token's random bytes"},
	},
	{
		"RSA-OAEP with SHA-256",
		hsm.Revealed{Command: "RSA-OAEP with SHA-256", Keys: "the message with its padding", Why: "the host takes the padding off"},
	},
}

// checkedCommand is a row of commandNeeds for one token.
type checkedCommand struct {
	Command string   `json:"command"`
	Works   bool     `json:"works"`
	Lacks   []string `json:"lacks"` // never nil
}

// checkedToken is the answer for programs.
type checkedToken struct {
	OK           bool                `json:"ok"` // all commands work
	Token        string              `json:"token"`
	MasterKey    string              `json:"master_key"`
	Capabilities []pkcs11.Capability `json:"capabilities"`
	Commands     []checkedCommand    `json:"commands"`
	Revealed     []hsm.Revealed      `json:"revealed"`
}

func setupHSMCheck(fs *flag.FlagSet) action {
	device := fs.String("hsm", "", "the token, `URI` as "+tokenURI)
	initialize := fs.Bool("initialize", false, "make master keys on a token that has none")
	asJSON := fs.Bool("json", false, "answer with a JSON object")
	return func(ctx context.Context, s streams, args []string) error {
		if len(args) > 0 {
			return usageError("wants no arguments")
		}
		options, err := parseDevice(cmp.Or(*device, " "))
		if err == nil && options == nil {
			err = usageError(
				"--hsm: wanted the URI of a token, " + tokenURI + ": the software HSM lacks nothing and keeps its keys in the memory of the process",
			)
		}
		if err != nil {
			return err
		}
		answer, err := checkToken(ctx, options, *initialize)
		err = give(s.out, *asJSON, answer, err)
		if err == nil && !answer.OK {
			err = errReported
		}
		return err
	}
}

func checkToken(ctx context.Context, o *pkcs11.Options, initialize bool) (answer checkedToken, err error) {
	o.Log = slog.New(slog.DiscardHandler)
	token, err := pkcs11.Open(ctx, o)
	if err != nil {
		return checkedToken{}, err
	}
	defer func() { err = errors.Join(err, token.Close()) }()
	if initialize {
		if err := token.Initialize(ctx); err != nil {
			return checkedToken{}, err
		}
	}
	id, err := token.MasterKeyID(ctx)
	if errors.Is(err, hsm.ErrNoMasterKey) {
		return checkedToken{}, &inputError{"hsm", -1, problemNoMasterKeys, "", "--initialize, which makes them"}
	}
	if err != nil {
		return checkedToken{}, err
	}
	return newCheckedToken(token.Token(), id, token.Capabilities()), nil
}

// newCheckedToken reports what works with these capabilities.
func newCheckedToken(name, masterKey string, all []pkcs11.Capability) checkedToken {
	can := func(prefix string) bool {
		for _, c := range all {
			if c.Works && strings.HasPrefix(c.Name, prefix) {
				return true
			}
		}
		return false
	}
	out := checkedToken{OK: true, Token: name, MasterKey: masterKey, Capabilities: all, Revealed: hsm.RevealTable()}
	for _, row := range commandNeeds {
		c := checkedCommand{Command: row.commands, Works: true, Lacks: []string{}}
		for _, oneOf := range row.needs {
			works := false
			for _, prefix := range oneOf {
				works = works || can(prefix)
			}
			if !works {
				c.Works, c.Lacks = false, append(c.Lacks, strings.Join(oneOf, " or "))
			}
		}
		out.OK = out.OK && c.Works
		out.Commands = append(out.Commands, c)
	}
	for _, row := range hostSees {
		if row.without == "" || !can(row.without) {
			out.Revealed = append(out.Revealed, row.Revealed)
		}
	}
	return out
}

// print explains the token to people.
func (c checkedToken) print(w io.Writer) error {
	lines := [][3]string{{"token", c.Token, ""}, {"master keys", c.MasterKey, ""}}
	if err := printTable(w, lines); err != nil {
		return err
	}
	lines = nil
	for _, one := range c.Capabilities {
		how := one.How
		if one.Works && how == "as named" {
			how = ""
		}
		lines = append(lines, [3]string{yesNo(one.Works), one.Name, how})
	}
	if err := printSection(w, "What the token can do:", lines); err != nil {
		return err
	}
	lines = nil
	for _, one := range c.Commands {
		lacks := ""
		if !one.Works {
			lacks = "lacks " + strings.Join(one.Lacks, ", ")
		}
		lines = append(lines, [3]string{yesNo(one.Works), one.Command, lacks})
	}
	if err := printSection(w, "Which commands work:", lines); err != nil {
		return err
	}
	lines = nil
	for _, r := range c.Revealed {
		lines = append(lines, [3]string{r.Command, r.Keys, r.Why})
	}
	return printSection(w, "What is in the memory of the host, for the length of a call:", lines)
}

func printSection(w io.Writer, title string, lines [][3]string) error {
	if _, err := fmt.Fprintf(w, "\n%s\n", title); err != nil {
		return err
	}
	return printTable(w, lines)
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "NO"
}
