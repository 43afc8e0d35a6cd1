//go:build cgo && unix

package softtoken

import (
	"errors"
	"os"
	"testing"

	"github.com/miekg/pkcs11"
)

func TestKilledServerIsALostDevice(t *testing.T) {
	server, err := Serve(newToken(t, SoftHSM, nil))
	must(t, "Serve", err)
	defer func() { must(t, "Close", server.Close()) }()
	u := open(t, server.Access)
	key, err := u.generate()
	must(t, "C_GenerateKey", err)
	_, err = u.encrypt(key)
	must(t, "C_Encrypt", err)

	must(t, "Kill", server.Kill())
	must(t, "Kill again", server.Kill())
	lost := pkcs11.Error(pkcs11.CKR_DEVICE_ERROR)
	if _, err := u.encrypt(key); !errors.Is(err, lost) {
		t.Errorf("after the kill: %v, want %v", err, lost)
	}
	must(t, "Start", server.Start())
	if _, err := u.GetSlotList(true); !errors.Is(err, lost) {
		t.Errorf("after the restart: %v, want %v until the module is initialised again", err, lost)
	}
	must(t, "C_Finalize", u.Finalize())
	u.connect(t, server.Access)
	must(t, "C_FindObjectsInit", u.FindObjectsInit(u.session, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY)}))
	found, _, err := u.FindObjects(u.session, 8)
	if err != nil || len(found) != 1 {
		t.Errorf("after the reconnection: %d keys, %v, want the one that was made", len(found), err)
	}
	must(t, "C_Finalize", u.Finalize())
}

func TestOneServerAtATime(t *testing.T) {
	token := newToken(t, SoftHSM, nil)
	server, err := Serve(token)
	must(t, "Serve", err)
	if _, err := Serve(token); err == nil {
		t.Error("a second one: no error")
	}
	if server.Start() == nil {
		t.Error("starting it twice: no error")
	}
	must(t, "Close", server.Close())
	must(t, "Close again", server.Close())
	if address, set := os.LookupEnv("P11_KIT_SERVER_ADDRESS"); set {
		t.Errorf("P11_KIT_SERVER_ADDRESS is still %s", address)
	}
}

func TestNSSCannotBeServed(t *testing.T) {
	if _, err := Serve(newToken(t, NSS, nil)); err == nil {
		t.Error("no error")
	}
}
