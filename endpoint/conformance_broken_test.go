package endpoint_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestBrokenAnswersAreFound proves the checker of the walk: each answer here is a
// good one broken in one place, and must be found wrong in that place alone.
func TestBrokenAnswersAreFound(t *testing.T) {
	d := described()
	good := map[string]*reply{}
	w := newWorld(t, nil)
	defer w.close()
	for _, r := range goodRequests(t) {
		good[r.op] = w.ask(posted(r.op, asJSON(r.body)))
	}
	good["refused"] = w.ask(posted("GetKey", []byte(`{}`)))
	good["missing"] = w.ask(posted("GetAlias", []byte(`{"AliasName":"alias/no-such"}`)))
	good["unreadable"] = w.ask(posted("GetKey", []byte(`{`)))
	for _, c := range brokenAnswers {
		op, of := c.op, c.op
		if i := strings.Index(c.op, " "); i >= 0 {
			op, of = c.op[:i], c.op[i+1:]
		}
		if found := d.checkAnswer(op, good[of], false); len(found) > 0 {
			t.Errorf("%s: a good answer: %v", c.op, found)
		}
		broken := &reply{good[of].status, good[of].header.Clone(), slices.Clone(good[of].body)}
		c.breakIt(broken)
		found := d.checkAnswer(op, broken, false)
		if len(found) != 1 || !strings.Contains(found[0], c.want) {
			t.Errorf("%s: found %q, want %q alone, in %s", c.op, found, c.want, broken)
		}
	}
}

// brokenAnswers name the operation, or the operation and which answer, what is
// done to it, and what must be found.
var brokenAnswers = []struct {
	op      string
	breakIt func(*reply)
	want    string
}{
	// Shapes.
	{"GetKey", in("Key", func(k object) { delete(k, "KeyState") }), "Key: no KeyState"},
	{"GetKey", in("", func(o object) { delete(o, "Key") }), "no Key"},
	{"GetKey", in("Key", func(k object) { k["KeyLabel"] = "x" }), "Key: undeclared member KeyLabel"},
	{"GetKey", in("", func(o object) { o["RequestId"] = "x" }), "undeclared member RequestId"},
	{"GetKey", in("Key", func(k object) { k["keyState"] = k["KeyState"] }), "Key: undeclared member keyState"},
	{"GetKey", in("Key", func(k object) { k["KeyState"] = "CREATED" }), "Key.KeyState: \"CREATED\" is not in the enumeration"},
	{"GetKey", in("Key", func(k object) { k["KeyState"] = "" }), "Key.KeyState: \"\" is not in the enumeration"},
	{"GetKey", in("Key", func(k object) { k["KeyOrigin"] = "aws_payment_cryptography" }), "Key.KeyOrigin"},
	{"GetKey", in("Key", func(k object) { k["KeyCheckValue"] = "08D7B" + "G" }), "Key.KeyCheckValue: \"08D7BG\" does not match"},
	{"GetKey", in("Key", func(k object) { k["KeyCheckValue"] = "08D" }), "Key.KeyCheckValue: 3 characters"},
	{"GetKey", in("Key", func(k object) { k["KeyCheckValue"] = strings.Repeat("0", 17) }), "Key.KeyCheckValue: 17 characters"},
	{"GetKey", in("Key", func(k object) { k["KeyArn"] = k["KeyArn"].(string) + "\n" }), "Key.KeyArn"},
	{
		"GetKey",
		in("Key", func(k object) { k["KeyArn"] = strings.Replace(k["KeyArn"].(string), "arn:aws:", "arn:aws-cn:", 1) }),
		"Key.KeyArn",
	},
	{"GetKey", in("Key", func(k object) { k["UsageStopTimestamp"] = nil }), "Key.UsageStopTimestamp: found <nil>"},
	{"GetKey", in("Key", func(k object) { k["Enabled"] = "true" }), "Key.Enabled: found string, want a boolean"},
	{"GetKey", in("Key", func(k object) { k["Enabled"] = 1 }), "Key.Enabled"},
	{"GetKey", in("Key", func(k object) { k["KeyCheckValue"] = 123456 }), "Key.KeyCheckValue: found json.Number, want a string"},
	{"GetKey", in("Key", func(k object) { k["KeyAttributes"] = []any{} }), "Key.KeyAttributes: found []interface {}, want an object"},
	{
		"GetKey",
		in("Key", func(k object) { delete(k["KeyAttributes"].(object)["KeyModesOfUse"].(object), "NoRestrictions") }),
		"KeyModesOfUse: no NoRestrictions",
	},
	{
		"GetKey",
		in("Key", func(k object) { k["ReplicationStatus"] = object{"us-east-1": object{"Status": "LOST"}} }),
		"Key.ReplicationStatus.us-east-1.Status",
	},
	{
		"GetKey",
		in("Key", func(k object) { k["ReplicationStatus"] = object{"mars": object{"Status": "FAILED"}} }),
		"Key.ReplicationStatus key: \"mars\"",
	},
	{"GetKey", in("", func(o object) { o["Key"] = "a key" }), "Key: found string, want an object"},
	{"ListKeys", in("", func(o object) { o["Keys"] = object{} }), "Keys: found map"},
	{"ListKeys", in("", func(o object) { o["Keys"].([]any)[1] = nil }), "Keys[1]: found <nil>"},
	{"ListKeys", in("", func(o object) { delete(o["Keys"].([]any)[0].(object), "Exportable") }), "Keys[0]: no Exportable"},
	{"ListKeys", in("", func(o object) { o["NextToken"] = "" }), "NextToken: 0 characters"},
	{"ListTagsForResource", in("", func(o object) { o["Tags"].([]any)[0].(object)["Key"] = "" }), "Tags[0].Key: 0 characters"},
	{"ListTagsForResource", in("", func(o object) { o["Tags"] = slices.Repeat(o["Tags"].([]any)[:1], 201) }), "Tags: 201 items"},
	{"TagResource", in("", func(o object) { o["Message"] = "done" }), "undeclared member Message"},

	// Times.
	{
		"GetKey",
		in("Key", func(k object) { k["CreateTimestamp"] = "2026-05-01T12:00:00Z" }),
		"Key.CreateTimestamp: found string, want a number",
	},
	{"GetKey", in("Key", func(k object) { k["CreateTimestamp"] = 1777636800.1234 }), "Key.CreateTimestamp: 1777636800.1234 is no time"},
	{"GetKey", in("Key", func(k object) { k["CreateTimestamp"] = -1 }), "Key.CreateTimestamp: -1 is no time"},
	{
		"GetKey",
		inText(`"CreateTimestamp":1777636800.123`, `"CreateTimestamp":1.777636800123E9`),
		"Key.CreateTimestamp: 1.777636800123E9 is no time",
	},

	// Bodies and headers.
	{"GetKey", inText(`{"Key":`, `{"Key":{},"Key":`), `body: member "Key" twice`},
	{"GetKey", func(r *reply) { r.body = append(r.body, "{}"...) }, "body: more than one JSON value"},
	{"GetKey", func(r *reply) { r.body = nil }, "body: EOF"},
	{"GetKey", func(r *reply) { r.body = r.body[:20] }, "body: unexpected"},
	{"GetKey", func(r *reply) { r.status = http.StatusCreated }, "no __type"},
	{"GetKey", setHeader("Content-Type", "application/json"), "Content-Type"},
	{"GetKey", setHeader("X-Amzn-Requestid", ""), "X-Amzn-Requestid"},
	{"GetKey", setHeader("X-Amzn-Requestid", "4"), "X-Amzn-Requestid"},
	{"GetKey", setHeader("X-Apcsim-Reason", "a reason"), "a success with"},
	{"GetKey", setHeader("X-Amzn-Errortype", "ValidationException"), "a success with"},
	{"GetKey", func(r *reply) { r.header.Add("Content-Type", "application/x-amz-json-1.0") }, "Content-Type 2 times"},

	// Exceptions.
	{"GetKey refused", in("", func(o object) { delete(o, "__type") }), "no __type"},
	{"GetKey refused", in("", func(o object) { o["__type"] = 400 }), "no __type"},
	{"GetKey refused", in("", func(o object) { o["__type"] = "ThrottlingException" }), "X-Amzn-Errortype"},
	{"GetKey refused", called("ConflictException"), "ConflictException is not declared for GetKey"},
	{"GetKey refused", called("PublicPolicyException"), "is not declared"},
	{"GetKey refused", called("NotSimulatedException"), "is not declared"},
	{"GetKey refused", called("InternalFailure"), "is not declared"},
	{"GetKey refused", called("InternalServerException"), "status: 400 for InternalServerException, want 500"},
	{"GetKey refused", func(r *reply) { r.status = 404 }, "status: 404 for ValidationException, want 400"},
	{"GetKey refused", in("", func(o object) { o["Resource"] = "x" }), "undeclared member Resource"},
	{"GetKey refused", in("", func(o object) { o["message"] = o["Message"] }), "undeclared member message"},
	{"GetKey refused", in("", func(o object) { o["Message"] = nil }), "Message: found <nil>"},
	{"GetKey refused", in("", func(o object) { o["Message"] = []any{} }), "Message: found []"},
	{"GetKey refused", setHeader("X-Apcsim-Reason", "café"), "not printable"},
	{"GetKey refused", setHeader("X-Apcsim-Reason", "a\nb"), "not printable"},
	{"GetKey refused", setHeader("X-Apcsim-Reason", strings.Repeat("a", 1025)), "1025 bytes"},
	{"GetAlias missing", in("", func(o object) { o["Message"] = "not found" }), "undeclared member Message"},
	{"GetKey unreadable", func(r *reply) { r.status = 500 }, "status: 500 for SerializationException, want 400"},
	{"GetKey unreadable", in("", func(o object) { o["ResourceId"] = "x" }), "undeclared member ResourceId"},
}

// in changes the body, or a member of it.
func in(member string, change func(object)) func(*reply) {
	return func(r *reply) {
		body, err := oneJSON(r.body)
		if err != nil {
			return // found as an answer that is not broken
		}
		whole := body.(object)
		part := whole
		if member != "" {
			part = whole[member].(object)
		}
		change(part)
		r.body = asJSON(whole)
	}
}

func inText(old, with string) func(*reply) {
	return func(r *reply) { r.body = []byte(strings.Replace(string(r.body), old, with, 1)) }
}

func setHeader(name, value string) func(*reply) {
	return func(r *reply) { r.header.Set(name, value) }
}

// called gives an exception another name in both places.
func called(name string) func(*reply) {
	return func(r *reply) {
		setHeader("X-Amzn-Errortype", name)(r)
		in("", func(o object) { o["__type"] = name })(r)
	}
}
