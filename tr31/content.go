package tr31

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Content is the content of an optional block as a Go type: one of [KeyLife],
// [BDKID], [Certificates], [Derivations], [Hash], [InitialKeyID], [CheckValue],
// [KSN], [KeyValues], [Label], [Padding], [Time], [Pedigree], [IBM] and
// [Other].
type Content interface {
	// Encode gives the optional block. It checks nothing: of content that breaks the standard it
	// makes a block that Typed, and a strict Wrap, refuse.
	Encode() OptionalBlock
}

// Typed gives the content of the block, or an [*Error] of class opt-block-data
// if it is not as the standard has it. Encoding the result gives the same ID
// and Data. An id without a known format gives [Other].
func (b OptionalBlock) Typed() (Content, error) {
	c, wanted := b.typed()
	if wanted != "" {
		return nil, b.wrongData(-1, wanted)
	}
	return c, nil
}

// kind is the format of an optional block.
type kind struct {
	wanted string                                // the format, in a refusal
	parse  func(id, data string) (Content, bool) // false refuses
}

// kinds is the table of optional blocks (X9.143, ISO 20038), in the order of
// their ids. FL, whose content is not known to us, and all other ids are not
// here: they are carried unread.
var kinds = map[string]kind{
	"10":  {"", parseIBM},
	"AL":  {"01 and then 00 or 01", parseKeyLife},
	"BI":  {"00 and 10 digits, or 01 and 8, in upper-case hexadecimal", parseBDKID},
	"CT":  {"a certificate in base64 after 00 or 01, or a chain of such after 02", parseCertificates},
	"DA":  {"01 and then 1 to 49 groups of usage, algorithm, mode and exportability", parseDerivations},
	"HM":  {"the code of a hash", parseHash},
	"IK":  {"16 upper-case hexadecimal digits", parseInitialKeyID},
	"KC":  {checkValueForm, parseCheckValue},
	"KP":  {checkValueForm, parseCheckValue},
	idKSN: {ksnForm, parseKSN},
	"KV":  {"4 characters", parseKeyValues},
	"LB":  {"text", func(_, data string) (Content, bool) { return Label(data), true }},
	"PB":  {"filler", func(_, data string) (Content, bool) { return Padding(data), true }},
	"PK":  {checkValueForm, parseCheckValue},
	"TC":  {timeForm, parseTime},
	"TS":  {timeForm, parseTime},
	"WP":  {"00 and then 0 to 3", parsePedigree},
}

// typed is Typed, with the content that was wanted in place of an error.
func (b *OptionalBlock) typed() (c Content, wanted string) {
	if unprintable(b.Data) >= 0 {
		return nil, "printable ASCII"
	}
	k, ok := kinds[b.ID]
	if !ok {
		return Other{b.ID, b.Data}, ""
	}
	if c, ok = k.parse(b.ID, b.Data); !ok {
		return nil, k.wanted
	}
	return c, ""
}

// Other is content without a known format, unchanged.
type Other struct{ ID, Data string }

// Encode is [Content.Encode].
func (c Other) Encode() OptionalBlock { return OptionalBlock{ID: c.ID, Data: c.Data} }

// IBM is optional block 10 as IBM writes it: a tag, a length and a value of its Common
// Cryptographic Architecture, such as a control vector. Tag and length are not checked here,
// because the id is proprietary.
type IBM struct {
	Tag, Length string // two characters each
	Value       string
}

const ibmMagic = "IBMC"

// Encode is [Content.Encode].
func (c IBM) Encode() OptionalBlock {
	return OptionalBlock{ID: "10", Data: ibmMagic + c.Tag + c.Length + c.Value}
}

// parseIBM takes anything: another maker may use the id too.
func parseIBM(id, data string) (Content, bool) {
	s, ok := strings.CutPrefix(data, ibmMagic)
	if !ok || len(s) < 4 {
		return Other{id, data}, true
	}
	return IBM{s[:2], s[2:4], s[4:]}, true
}

// Label is LB: a name for people.
type Label string

// Encode is [Content.Encode].
func (c Label) Encode() OptionalBlock { return OptionalBlock{ID: "LB", Data: string(c)} }

// Padding is PB: filler without meaning.
type Padding string

// Encode is [Content.Encode].
func (c Padding) Encode() OptionalBlock { return OptionalBlock{ID: idPadding, Data: string(c)} }

// KeyValues is KV: the version of the block values, four characters; deprecated.
type KeyValues string

// Encode is [Content.Encode].
func (c KeyValues) Encode() OptionalBlock { return OptionalBlock{ID: "KV", Data: string(c)} }

func parseKeyValues(_, data string) (Content, bool) { return KeyValues(data), len(data) == 4 }

// KeyLife is AL: whether an asymmetric key is static or ephemeral.
type KeyLife struct{ Static bool }

// Encode is [Content.Encode].
func (c KeyLife) Encode() OptionalBlock {
	if c.Static {
		return OptionalBlock{ID: "AL", Data: "0101"}
	}
	return OptionalBlock{ID: "AL", Data: "0100"}
}

func parseKeyLife(_, data string) (Content, bool) {
	return KeyLife{Static: data == "0101"}, data == "0101" || data == "0100"
}

// BDKID is BI: which base derivation key a key was derived from. Five bytes are
// the key set identifier of TDES DUKPT, four the BDK identifier of AES DUKPT.
type BDKID []byte

// Encode is [Content.Encode].
func (c BDKID) Encode() OptionalBlock {
	method := "00"
	if len(c) == 4 {
		method = "01"
	}
	return OptionalBlock{ID: "BI", Data: method + upperHex(c)}
}

func parseBDKID(_, data string) (Content, bool) {
	switch {
	case len(data) == 12 && data[:2] == "00", len(data) == 10 && data[:2] == "01":
		return BDKID(fromHex(data[2:])), isHex(data)
	}
	return nil, false
}

// InitialKeyID is IK: the identifier of an AES DUKPT initial key, 8 bytes.
type InitialKeyID []byte

// Encode is [Content.Encode].
func (c InitialKeyID) Encode() OptionalBlock { return OptionalBlock{ID: "IK", Data: upperHex(c)} }

func parseInitialKeyID(_, data string) (Content, bool) {
	return InitialKeyID(fromHex(data)), len(data) == 16 && isHex(data)
}

// KSN is KS: the key serial number of a TDES DUKPT initial key, 10 bytes. Old
// blocks have 8, which are read; a strict [KBPK.Wrap] does not write them.
type KSN []byte

const (
	idKSN     = "KS"
	ksnDigits = 20
	ksnForm   = "20 upper-case hexadecimal digits"
)

// Encode is [Content.Encode].
func (c KSN) Encode() OptionalBlock { return OptionalBlock{ID: idKSN, Data: upperHex(c)} }

func parseKSN(_, data string) (Content, bool) {
	return KSN(fromHex(data)), (len(data) == ksnDigits || len(data) == 16) && isHex(data)
}

// CheckMethod is how a check value is computed.
type CheckMethod byte

const (
	CheckZeroBlock CheckMethod = iota // leftmost bytes, at most 3, of a zero block under the key
	CheckCMAC                         // leftmost bytes, at most 5, of the CMAC of a zero block
)

// CheckValue is KC, KP or PK: the check value of the wrapped key, of the
// protection key, or of the protection key before the block was wrapped again.
type CheckValue struct {
	ID     string // "KC", "KP" or "PK"
	Method CheckMethod
	Value  []byte
}

const checkValueForm = "00 and up to 6 digits, or 01 and up to 10, in upper-case hexadecimal, an even number"

// Encode is [Content.Encode].
func (c CheckValue) Encode() OptionalBlock {
	return OptionalBlock{ID: c.ID, Data: fmt.Sprintf("%02X%X", byte(c.Method), c.Value)}
}

func parseCheckValue(id, data string) (Content, bool) {
	if len(data) < 4 || len(data)%2 != 0 || !isHex(data) {
		return nil, false
	}
	c := CheckValue{ID: id, Value: fromHex(data[2:])}
	switch data[:2] {
	case "00":
		return c, len(c.Value) <= 3
	case "01":
		c.Method = CheckCMAC
		return c, len(c.Value) <= 5
	}
	return nil, false
}

// Hash is HM: the hash of an HMAC key, as its two-character code.
type Hash string

// The codes of HM.
const (
	SHA1       Hash = "10"
	SHA224     Hash = "20"
	SHA256     Hash = "21"
	SHA384     Hash = "22"
	SHA512     Hash = "23"
	SHA512_224 Hash = "24"
	SHA512_256 Hash = "25"
	SHA3_224   Hash = "30"
	SHA3_256   Hash = "31"
	SHA3_384   Hash = "32"
	SHA3_512   Hash = "33"
	SHAKE128   Hash = "40"
	SHAKE256   Hash = "41"
)

var hashNames = map[Hash]string{
	SHA1: "SHA-1", SHA224: "SHA-224", SHA256: "SHA-256", SHA384: "SHA-384", SHA512: "SHA-512",
	SHA512_224: "SHA-512/224", SHA512_256: "SHA-512/256",
	SHA3_224: "SHA3-224", SHA3_256: "SHA3-256", SHA3_384: "SHA3-384", SHA3_512: "SHA3-512",
	SHAKE128: "SHAKE128", SHAKE256: "SHAKE256",
}

// Name is the hash's usual name, or empty for a code that is not known.
func (c Hash) Name() string { return hashNames[c] }

// Encode is [Content.Encode].
func (c Hash) Encode() OptionalBlock { return OptionalBlock{ID: "HM", Data: string(c)} }

func parseHash(_, data string) (Content, bool) { return Hash(data), Hash(data).Name() != "" }

// Pedigree is WP: the weakest protection that the key was ever wrapped under.
type Pedigree byte

const (
	WrappedEqual    Pedigree = iota // equal or stronger
	WrappedWeaker                   // by a weaker key
	WrappedAtRisk                   // by an asymmetric key at risk from quantum computers
	WrappedWeakRisk                 // both
)

// Encode is [Content.Encode].
func (c Pedigree) Encode() OptionalBlock {
	return OptionalBlock{ID: "WP", Data: fmt.Sprintf("00%d", byte(c))}
}

func parsePedigree(_, data string) (Content, bool) {
	if len(data) != 3 || data[:2] != "00" || data[2] < '0' || data[2] > '3' {
		return nil, false
	}
	return Pedigree(data[2] - '0'), true
}

func upperHex(data []byte) string { return string(appendHex(nil, data)) }

// fromHex decodes; what is no hexadecimal decodes to nothing.
func fromHex(s string) []byte {
	out, err := hex.DecodeString(s)
	if err != nil {
		return nil
	}
	return out
}
