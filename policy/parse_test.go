package policy

import (
	"slices"
	"strings"
	"testing"
)

// refusalCase is a document that is refused. In the text ^ marks the character at fault and is taken out.
type refusalCase struct {
	kind       Kind
	text       string
	path       string
	problem    string
	rule, page string
}

const (
	begin = `{"Version":"2012-10-17","Statement":`
	pre   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":`
	who   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Principal":`
)

var refusalCases = []refusalCase{
	// JSON.
	{Identity, `^`, "", problemSyntax, "an empty text is no document", pageGrammar},
	{Identity, `  ^`, "", problemSyntax, "nor are spaces", pageGrammar},
	{Identity, `^policy`, "", problemSyntax, "nor is a word", pageGrammar},
	{Identity, `{"Version":^}`, "", problemSyntax, "a value is missing", pageGrammar},
	{Identity, `{"Version":"2012-10-17",^}`, "", problemSyntax, "a comma too many", pageGrammar},
	{Identity, `{"Version":"2012-10-17"^`, "", problemSyntax, "the end is missing", pageGrammar},
	{Identity, `{"Id":"ü", "Version":^x}`, "", problemSyntax, "characters are counted, not bytes", pageGrammar},
	{Identity, `{} ^{}`, "", problemSyntax, "one document, not two", pageGrammar},
	{Identity, `^[]`, "", problemType, "a document is an object", pageGrammar},
	{Identity, `^null`, "", problemType, "null is none", pageGrammar},
	{Identity, `{"Id":"a",^"Id":"b"}`, "Id", problemTwice, "a name is given once in an object", pageGrammar},
	{Identity, begin + `[[[[[[[[^[]]]]]]]]]}`, "Statement[0][0][0][0][0][0][0][0]", problemDepth, "no policy is as deep", pageGrammar},

	// The document.
	{Identity, `^{}`, "", problemMissing, "a statement must be there", pageStatement},
	{Identity, `{"Version":"2012-10-17",^"Statements":[]}`, "Statements", problemElement, "an unknown element", pageGrammar},
	{Identity, `{^"version":"2012-10-17"}`, "version", problemElement, "the case of elements counts (GUESS G-policy-case)", pageGrammar},
	{Identity, `{"Version":^"2012-10-18"}`, "Version", problemVersion, "there are two versions", pageVersion},
	{Identity, `{"Version":^2012}`, "Version", problemType, "a version is a text", pageVersion},
	{Identity, `{"Version":^""}`, "Version", problemVersion, "an empty version is none", pageVersion},
	{Identity, `{"Id":^1}`, "Id", problemType, "an Id is a text", pageID},
	{Identity, begin + `^[]}`, "Statement", problemEmpty, "a policy has a statement", pageStatement},
	{Identity, begin + `^"Allow"}`, "Statement", problemType, "a statement is an object", pageStatement},
	{Identity, begin + `[^null]}`, "Statement[0]", problemType, "each of them", pageStatement},

	// The statement.
	{
		Identity,
		begin + `[{"Effect":"Allow","Action":"*","Resource":"*",^"Comment":"x"}]}`,
		"Statement[0].Comment",
		problemElement,
		"an unknown element of a statement",
		pageGrammar,
	},
	{
		Identity,
		begin + `[{"Effect":"Allow",^"Actions":"*","Resource":"*"}]}`,
		"Statement[0].Actions",
		problemElement,
		"a misspelt one",
		pageGrammar,
	},
	{
		Identity,
		begin + `[{"Sid":^1,"Effect":"Allow","Action":"*","Resource":"*"}]}`,
		"Statement[0].Sid",
		problemType,
		"a Sid is a text",
		pageSid,
	},
	{
		Identity,
		begin + `[{"Sid":^"a b","Effect":"Allow","Action":"*","Resource":"*"}]}`,
		"Statement[0].Sid",
		problemSid,
		"an identity policy's Sid is letters and digits",
		pageSid,
	},
	{
		Identity,
		begin + `[{"Sid":^"a-b","Effect":"Allow","Action":"*","Resource":"*"}]}`,
		"Statement[0].Sid",
		problemSid,
		"no hyphen either",
		pageSid,
	},
	{
		Identity,
		begin + `[{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":^"a","Effect":"Deny","Action":"*","Resource":"*"}]}`,
		"Statement[1].Sid",
		problemSidTwice,
		"a Sid is unique in its policy",
		pageSid,
	},
	{Identity, begin + `[^{"Action":"*","Resource":"*"}]}`, "Statement[0]", problemMissing, "an effect must be there", pageEffect},
	{
		Identity,
		begin + `[{"Effect":^"allow","Action":"*","Resource":"*"}]}`,
		"Statement[0].Effect",
		problemEffect,
		"the case of an effect counts",
		pageEffect,
	},
	{
		Identity,
		begin + `[{"Effect":^"Permit","Action":"*","Resource":"*"}]}`,
		"Statement[0].Effect",
		problemEffect,
		"there are two effects",
		pageEffect,
	},
	{
		Identity,
		begin + `[{"Effect":^["Allow"],"Action":"*","Resource":"*"}]}`,
		"Statement[0].Effect",
		problemType,
		"an effect is a text",
		pageEffect,
	},
	{Identity, begin + `[^{"Effect":"Allow","Resource":"*"}]}`, "Statement[0]", problemMissing, "an action must be there", pageAction},
	{
		Identity,
		begin + `[{"Effect":"Allow","Action":"*","NotAction":^"*","Resource":"*"}]}`,
		"Statement[0].NotAction",
		problemExclusive,
		"Action and NotAction exclude each other",
		pageNotAction,
	},
	{
		Identity,
		begin + `[{"Effect":"Allow","Action":^[],"Resource":"*"}]}`,
		"Statement[0].Action",
		problemEmpty,
		"an empty list of actions",
		pageAction,
	},
	{
		Identity,
		begin + `[{"Effect":"Allow","Action":^1,"Resource":"*"}]}`,
		"Statement[0].Action",
		problemType,
		"an action is a text",
		pageAction,
	},
	{
		Identity,
		begin + `[{"Effect":"Allow","Action":["*",^null],"Resource":"*"}]}`,
		"Statement[0].Action[1]",
		problemType,
		"each of them",
		pageAction,
	},
	{
		Identity,
		begin + `[{"Effect":"Allow","Action":^"GetKey","Resource":"*"}]}`,
		"Statement[0].Action",
		problemAction,
		"an action has a service prefix",
		pageAction,
	},
	{
		Identity,
		begin + `[{"Effect":"Allow","Action":^"*:GetKey","Resource":"*"}]}`,
		"Statement[0].Action",
		problemAction,
		"which has no wildcard",
		pageAction,
	},
	{
		Identity,
		begin + `[{"Effect":"Allow","Action":^"payment-cryptography:","Resource":"*"}]}`,
		"Statement[0].Action",
		problemAction,
		"and a name behind it",
		pageAction,
	},
	{
		Identity,
		begin + `[{"Effect":"Allow","Action":^"payment-cryptography:Get Key","Resource":"*"}]}`,
		"Statement[0].Action",
		problemAction,
		"without spaces",
		pageAction,
	},
	{
		Identity,
		begin + `[{"Effect":"Allow","Action":^"","Resource":"*"}]}`,
		"Statement[0].Action",
		problemAction,
		"an empty action is none",
		pageAction,
	},
	{Identity, begin + `[^{"Effect":"Allow","Action":"*"}]}`, "Statement[0]", problemMissing, "a resource must be there", pageResource},
	{
		Identity,
		begin + `[{"Effect":"Allow","Action":"*","Resource":"*","NotResource":^"*"}]}`,
		"Statement[0].NotResource",
		problemExclusive,
		"Resource and NotResource exclude each other",
		pageNotRes,
	},
	{
		Identity,
		begin + `[{"Effect":"Allow","Action":"*","Resource":^"key/abc"}]}`,
		"Statement[0].Resource",
		problemResource,
		"a resource is an ARN",
		pageResource,
	},
	{
		Identity,
		begin + `[{"Effect":"Allow","Action":"*","Resource":^"arn:"}]}`,
		"Statement[0].Resource",
		problemResource,
		"with a partition",
		pageResource,
	},
	{
		Identity,
		begin + `[{"Effect":"Allow","Action":"*","Resource":^""}]}`,
		"Statement[0].Resource",
		problemResource,
		"an empty one is none",
		pageResource,
	},
	{
		Identity,
		begin + `[{"Effect":"Allow","Action":"*","Resource":["*",^"x"]}]}`,
		"Statement[0].Resource[1]",
		problemResource,
		"each of them",
		pageResource,
	},
	{
		Identity,
		begin + `[{"Effect":"Allow","Action":"*","Resource":^"arn:aws:s3:::bucket/${aws:username}"}]}`,
		"Statement[0].Resource",
		problemVariable,
		"variables are refused by name",
		pageVariables,
	},
}

func TestParseRefusesWithPathAndCharacter(t *testing.T) {
	for _, c := range slices.Concat(refusalCases, accessRefusals) {
		before, after, ok := strings.Cut(c.text, "^")
		if !ok {
			t.Fatalf("%s: no place is marked", c.text)
		}
		got := refusal(t, c.kind, before+after)
		if got.Path != c.path || got.Problem != c.problem || got.Offset != len([]rune(before)) {
			t.Errorf("%s: got %q: %q at %d, want %q: %q at %d: %s (%s)", c.text, got.Path, got.Problem, got.Offset,
				c.path, c.problem, len([]rune(before)), c.rule, c.page)
		}
	}
}

// TestParseTakes what is allowed and looks odd.
func TestParseTakes(t *testing.T) {
	for _, c := range []struct {
		kind             Kind
		text, rule, page string
	}{
		{Identity, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, "one statement needs no list, no version is the first",
			pageStatement},
		{Identity, `{"Version":"2008-10-17","Id":"x","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`, "the first version",
			pageVersion},
		{Identity, `{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}"}]}`,
			"in the first version ${ is two characters", pageVersion},
		{Identity, "\n\t{ \"Statement\" : [ { \"Effect\" : \"Allow\" ,\r\n \"Action\" : [ \"*\" ] , \"Resource\" : [ \"*\" ] } ] }\n",
			"white space does not count", pageGrammar},
		{Identity, `{"Statement":[{"Sid":"","Effect":"Allow","Action":"*","Resource":"*"},` +
			`{"Sid":"","Effect":"Deny","Action":"*","Resource":"*"}]}`,
			"an empty Sid is none (GUESS G-policy-sid)", pageSid},
		{Resource, `{"Statement":[{"Sid":"Allow the acquirer","Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`,
			"a resource policy's Sid has spaces (GUESS G-policy-sid)", pageSid},
		{Identity, `{"Statement":[{"Resource":"*","Action":"*","Effect":"Allow"}]}`, "the order does not count", pageGrammar},
	} {
		if _, err := Parse(c.kind, c.text); err != nil {
			t.Errorf("Parse(%s): %v: %s (%s)", c.text, err, c.rule, c.page)
		}
	}
}

func TestErrorIsOneSentence(t *testing.T) {
	err := refusal(t, Identity, begin+`[{"Effect":"`+strings.Repeat("x", 100)+`","Action":"*","Resource":"*"}]}`)
	want := `policy: Statement[0].Effect: the effect is neither Allow nor Deny: found "` + strings.Repeat(
		"x",
		64,
	) + `...", wanted Allow or Deny (at character 47)`
	if got := err.Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
