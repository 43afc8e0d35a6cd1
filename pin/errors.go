package pin

import "github.com/seed748fb4d1/apcsim/internal/wording"

// Rule names what a refused argument breaks.
type Rule string

// The rules.
const (
	RuleLength   Rule = "pin-length"  // a PIN has 4 to 12 digits
	RuleDigits   Rule = "pin-digits"  // a PIN is decimal
	RuleControl  Rule = "pin-control" // the first digit of a block is its format
	RuleFill     Rule = "pin-fill"    // what follows the PIN in a block
	RuleBlock    Rule = "pin-block"   // the size of a block
	RulePAN      Rule = "pan"         // an account number has 12 to 19 digits
	RuleIndex    Rule = "pvk-index"   // a PIN verification key index is 0 to 9
	RuleTable    Rule = "decimalization-table"
	RuleData     Rule = "validation-data"
	RulePad      Rule = "pad-character"
	RuleOffset   Rule = "pin-offset"
	RuleFormat   Rule = "pin-format"
	RuleMismatch Rule = "pin-offset-length" // an offset is as long as its PIN
)

// Error is a refused argument. No field holds a digit of a PIN or an account
// number.
type Error struct {
	Rule    Rule
	Problem string // "the control digit is not that of the format"
	Found   string // a value, or empty
	Wanted  string // a value or values, or empty
}

// Error is "pin: the problem: found X, wanted Y".
func (e *Error) Error() string { return "pin: " + wording.Text(e.Problem, e.Found, e.Wanted) }
