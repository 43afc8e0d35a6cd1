package pin

import "github.com/seed748fb4d1/apcsim/internal/wording"

// Rule is a name, for programs, of the rule that a refused argument breaks.
type Rule string

// The rules that an [Error] can name.
const (
	RuleLength  Rule = "pin-length"           // a PIN has 4 to 12 digits
	RuleDigits  Rule = "pin-digits"           // a PIN is decimal
	RuleControl Rule = "pin-control"          // the first digit of a block names its format
	RuleFill    Rule = "pin-fill"             // the digits behind the PIN in a block are those of its format
	RuleBlock   Rule = "pin-block"            // a block, and a block of the cipher, have the size of the format
	RulePAN     Rule = "pan"                  // an account number has 12 to 19 digits; 1 to 19 for ISO format 4
	RuleIndex   Rule = "pvk-index"            // a PIN verification key index is 0 to 9
	RuleTable   Rule = "decimalization-table" // 16 decimal digits
	RuleData    Rule = "validation-data"      // 1 to 16 decimal digits
	RulePad     Rule = "pad-character"        // 0 to 9 or A to F
	RuleOffset  Rule = "pin-offset"           // an offset is decimal
	RuleFormat  Rule = "pin-format"           // the format exists, and has a clear block where one is asked for
)

// Error is a refused argument. No field holds a digit of a PIN or an account
// number.
type Error struct {
	Rule    Rule
	Problem string // "the control digit is not that of the PIN block format"
	Found   string // a value, or empty
	Wanted  string // a value or values, or empty
}

// Error is "pin: the problem: found X, wanted Y".
func (e *Error) Error() string { return "pin: " + wording.Text(e.Problem, e.Found, e.Wanted) }
