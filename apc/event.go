package apc

import "time"

// EventType is what an Event is about, as a CloudTrail record has it.
type EventType string

// The event types.
const (
	APICall      EventType = "AwsApiCall"      // an operation, accepted or refused
	ServiceEvent EventType = "AwsServiceEvent" // a change or a fault that is not part of an operation
)

// EventRecordSkipped is the EventName of the [ServiceEvent] about a stored record that cannot be
// read: a list was returned without it, or a change that was due was not made. Resources has its
// ARN or id, AccountID and AWSRegion are the record's.
const EventRecordSkipped = "RecordSkipped"

// EventDeleteKey is the EventName of the [ServiceEvent] about a key whose waiting period is over.
const EventDeleteKey = "DeleteKey"

// EventSynchronizeMultiRegionKey is the EventName of a [ServiceEvent] about a step of a replication, which
// ServiceEventDetails names: "replicationType" is ExportKeyReplica or ImportKeyReplica.
const EventSynchronizeMultiRegionKey = "SynchronizeMultiRegionKey"

// Event is one operation, accepted or refused, or a change or a fault that is not
// part of an operation. Its fields are those of a CloudTrail record. It has no
// request, no answer and no secret.
type Event struct {
	EventType   EventType
	EventTime   time.Time
	EventSource string // "payment-cryptography.amazonaws.com"
	EventName   string // "CreateKey"
	AWSRegion   string
	AccountID   string // of the caller
	// RecipientAccountID is the account that receives the event. An operation on keys of other
	// accounts makes one event for the caller's account and one for the owner of each key.
	RecipientAccountID  string
	UserIdentity        string // ARN of the caller
	ReadOnly            bool
	Resources           []string // ARNs of the keys that took part, in the order of the request
	ErrorCode           Code     // "" when accepted
	ErrorMessage        string
	ServiceEventDetails map[string]string // of a ServiceEvent: "replicationType", "sessionStatus"
	Reasons             []Reason
}
