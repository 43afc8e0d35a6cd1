package engine

import "time"

// Event is one operation, accepted or refused, in the words of a CloudTrail
// record. It holds no request and no answer, and no secret.
type Event struct {
	EventTime    time.Time
	EventSource  string // "payment-cryptography.amazonaws.com"
	EventName    string // "CreateKey"
	AWSRegion    string
	AccountID    string // of the caller
	UserIdentity string // ARN of the caller
	ReadOnly     bool
	Resources    []string // ARNs of the keys that took part, in the order met
	ErrorCode    Code     // "" when accepted
	ErrorMessage string
	Reasons      []Reason
}

// eventSource is the service's name in CloudTrail.
const eventSource = "payment-cryptography.amazonaws.com"
