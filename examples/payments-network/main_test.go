package main

import (
	"context"
	"strings"
	"testing"
)

func TestTheExamplePrintsItsSteps(t *testing.T) {
	var out strings.Builder
	if err := run(context.Background(), &out); err != nil {
		t.Fatalf("%v\nafter:\n%s", err, &out)
	}
	for _, want := range []string{
		"IN_PROGRESS in eu-west-1", "30 seconds later SYNCHRONIZED: REPLICA", "the acquirer exports D0144P0AB00E0000",
		"the replica's export is refused: ValidationException", "the key is not enabled",
		"the acquirer's export is refused: AccessDeniedException",
		"the issuer's event says: ExportKey by arn:aws:sts::444455556666:assumed-role/key-exchange/monday: the policy of the key does not " +
			"allow the operation to the caller",
		"imported: CREATE_IN_PROGRESS, session PENDING", "approved: CREATE_COMPLETE, session APPROVED",
		"GetKey of the replica is refused: ResourceNotFoundException", "a week later: DELETE_COMPLETE",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, &out)
		}
	}
}
