package core

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
)

func TestKeySealedToStayIsToBeImportedOrCreatedAgain(t *testing.T) {
	e := HSMError(fmt.Errorf("pkcs11: %w", hsm.ErrKept))
	if e.Code != apc.ErrInternalServer || !errors.Is(e, hsm.ErrKept) || len(e.Reasons) != 1 || e.Reasons[0].Rule != "sealed-key" ||
		!strings.HasSuffix(e.Reasons[0].String(), "import or create the key again") {
		t.Errorf("got %v", e)
	}
}
