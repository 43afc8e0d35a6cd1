package core

import (
	"errors"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// TestUnreadableRecordsAreNamedAsTheirResources, with the reason why this build does not read them.
func TestUnreadableRecordsAreNamedAsTheirResources(t *testing.T) {
	var events []apc.Event
	cloud := &Cloud{observe: func(e apc.Event) { events = append(events, e) }}
	for _, c := range []struct {
		rec      keystore.Record
		err      error
		resource string
		reason   string
	}{
		{keystore.Record{Partition: goldenPlace, Kind: KindKey, ID: "kwapwa6qaifllw2h"}, errRecord,
			"arn:aws:payment-cryptography:us-east-1:111122223333:key/kwapwa6qaifllw2h", "found key kwapwa6qaifllw2h, damaged"},
		{keystore.Record{Partition: goldenPlace, Kind: KindAlias, ID: "alias/a"}, errVersion{"alias", 7, aliasVersion},
			"arn:aws:payment-cryptography:us-east-1:111122223333:alias/a", "found alias alias/a, version 7, wanted at most version 1"},
		{keystore.Record{Partition: ownPartition, Kind: kindOwn, ID: "page-tokens"}, errRecord, "page-tokens", "found own page-tokens, damaged"},
		{keystore.Record{Partition: goldenPlace, Kind: "of-tomorrow", ID: "x"}, errRecordKind, "x", "found of-tomorrow x, damaged"},
	} {
		refusal := unreadable(&c.rec, c.err)
		want := problemRecord + ": " + c.reason
		if refusal.Code != apc.ErrInternalServer || refusal.Resource != c.resource || refusal.Reasons[0].String() != want ||
			!errors.Is(refusal, c.err) {
			t.Errorf("%s %s: got %v of %q; want %s of %q", c.rec.Kind, c.rec.ID, refusal, refusal.Resource, want, c.resource)
		}
		events = nil
		cloud.ReportSkipped(&c.rec, time.Unix(1, 0), c.err)
		if len(events) != 1 || events[0].EventName != apc.EventRecordSkipped || events[0].Resources[0] != c.resource ||
			events[0].RecipientAccountID != c.rec.Partition.Account || events[0].Reasons[0].String() != want {
			t.Errorf("%s %s: reported as %+v", c.rec.Kind, c.rec.ID, events)
		}
	}
	new(Cloud).ReportSkipped(&keystore.Record{}, time.Time{}, errRecord) // to nobody
}
