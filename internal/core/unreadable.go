package core

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// A store may hold records that this build cannot read: those of a later
// version while several versions run on one store, and damaged ones. An
// operation on such a record is refused with the record's id; lists and
// settling skip it and report it.

// resourceOf names a record as the service names the resource: a key or an
// alias by its ARN, anything else by its id.
func resourceOf(rec *keystore.Record) string {
	switch rec.Kind {
	case KindKey:
		return ARN{Partition: rec.Partition, Key: rec.ID}.String()
	case KindAlias:
		return ARN{Partition: rec.Partition, Alias: rec.ID}.String()
	}
	return rec.ID
}

// unreadable is the refusal of an operation on a record that does not decode.
func unreadable(rec *keystore.Record, err error) *apc.Error {
	found, wanted := "damaged", ""
	if later, ok := errors.AsType[errVersion](err); ok {
		found, wanted = fmt.Sprintf("version %d", later.found), fmt.Sprintf("at most version %d", later.known)
	}
	out := Internal(err)
	out.Resource = resourceOf(rec)
	out.Reasons = []apc.Reason{
		Because(apc.RuleStoredRecord, "", problemRecord, fmt.Sprintf("%s %s, %s", rec.Kind, rec.ID, found), wanted),
	}
	return out
}

// ReportSkipped passes a record that was left out to Observe, as an event of
// the record's own account and Region.
func (cloud *Cloud) ReportSkipped(rec *keystore.Record, now time.Time, err error) {
	if cloud.observe == nil {
		return
	}
	refusal, ok := errors.AsType[*apc.Error](err)
	if !ok {
		refusal = unreadable(rec, err)
	}
	cloud.observe(apc.Event{
		EventType: apc.ServiceEvent, EventTime: now, EventSource: eventSource, EventName: apc.EventRecordSkipped,
		AWSRegion: rec.Partition.Region, AccountID: rec.Partition.Account, RecipientAccountID: rec.Partition.Account, UserIdentity: eventSource,
		Resources: []string{resourceOf(rec)}, ErrorCode: refusal.Code, ErrorMessage: refusal.Message, Reasons: refusal.Reasons,
	})
}
