package core

import (
	"encoding/hex"
	"reflect"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// goldenTeam is a record of an association with a team, likewise.
const goldenTeam = "013261726e3a6177733a6d70613a75732d656173742d313a3131313132323232333333333a617070726f76616c2d7465616d2f610e5550" +
	"444154455f50454e44494e473261726e3a6177733a6d70613a75732d656173742d313a3131313132323232333333333a617070726f7661" +
	"6c2d7465616d2f622e61726e3a6177733a6d70613a75732d656173742d313a3131313132323232333333333a73657373696f6e2f612f31" +
	"0750454e44494e4702076d65737361676507636f6d6d656e7403"

func TestGoldenTeamStaysReadable(t *testing.T) {
	at := func(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
	want := Team{
		Partition: goldenPlace,
		Action:    apc.MpaOperationImportRootPublicKeyCertificate,
		ARN:       "arn:aws:mpa:us-east-1:111122223333:approval-team/a",
		State:     apc.AssociationStateUpdatePending,
		Next:      "arn:aws:mpa:us-east-1:111122223333:approval-team/b",
		Session: Approval{
			"arn:aws:mpa:us-east-1:111122223333:session/a/1",
			apc.SessionStatusPending,
			at(1),
			"message",
			"comment",
			at(2),
		},
	}
	put := want.Put().Put
	if got := hex.EncodeToString(put.Record.Data); got != goldenTeam {
		t.Errorf("written as %s, golden %s", got, goldenTeam)
	}
	if !put.Record.Due.Equal(at(2)) {
		t.Errorf("due at %s, want the deadline", put.Record.Due)
	}
	data := testrig.Hex(goldenTeam)
	got, err := decodeTeam(&keystore.Record{Partition: goldenPlace, ID: string(want.Action), Data: data})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	for n := range len(data) {
		if _, err := decodeTeam(&keystore.Record{Data: data[:n]}); err == nil {
			t.Errorf("cut to %d bytes: decoded", n)
		}
	}
}
