package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// lasting is a device that outlives its servers, and gets its master key from
// the first.
type lasting struct {
	hsm.Backend
	failing error // of Initialize

	mu   sync.Mutex // guards made
	made int        // how often it got a master key
}

func newLasting(t *testing.T) *lasting {
	d := &lasting{Backend: hsm.NewSoftware(nil)}
	t.Cleanup(func() { d.Backend.Close() })
	return d
}

func (d *lasting) Initialize(context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.made++
	return d.failing
}

func (d *lasting) MasterKeyID(ctx context.Context) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.made == 0 {
		return "", hsm.ErrNoMasterKey
	}
	return d.Backend.MasterKeyID(ctx)
}

// Close would be somebody's mistake: who made the device closes it.
func (d *lasting) Close() error { return errors.New("closed by the server") }

func TestADeviceOutlivesResetsAndServers(t *testing.T) {
	d := newLasting(t)
	o := Options{Control: true, Anonymous: true, Config: parsed(t, zoneKey), Backend: d}
	for range 2 {
		r := start(t, "127.0.0.1", o)
		for range 2 {
			key := r.create(t)
			var at timeView
			r.own(t, "POST", "reset", "", &at)
			if status, answer, _ := r.call(t, "GetKey", `{"KeyIdentifier":"`+key+`"}`); status == 200 {
				t.Errorf("a key is there after the reset: %s", answer)
			}
			var keys pageView
			if r.own(t, "GET", "keys", "", &keys); len(keys.Keys) != 1 || keys.Keys[0].KeyCheckValue != zoneKCV {
				t.Errorf("the keys of the configuration after the reset: %+v", keys)
			}
		}
		r.end(t)
		id, err := d.MasterKeyID(t.Context())
		if err != nil || d.made != 1 {
			t.Errorf("the device after a server: %v; it got %d master keys, want 1", err, d.made)
		}
		if !strings.Contains(r.log.String(), "id="+id) {
			t.Errorf("the log does not name master key %s:\n%s", id, r.log)
		}
	}
}

func TestADeviceThatCannotBeUsedStopsListening(t *testing.T) {
	broken := errors.New("no such luck")
	d := newLasting(t)
	d.failing = broken
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := Listen(t.Context(), taken.Addr().String(), &Options{Backend: d}); err == nil || errors.Is(err, broken) || d.made != 0 {
		t.Errorf("an address that is taken: %v; the device got %d master keys", err, d.made)
	}
	if _, err := Listen(t.Context(), "127.0.0.1:0", &Options{Backend: d}); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

// TestASeedIsOfIdsOnADevice: ids are the engine's, key bytes the device's.
func TestASeedIsOfIdsOnADevice(t *testing.T) {
	d := newLasting(t)
	value := func() (arn, kcv string) {
		r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true, Seed: 7, Backend: d})
		arn = r.create(t)
		var keys struct {
			Key struct{ KeyCheckValue string }
		}
		r.own(t, "GET", "keys/"+arn[strings.LastIndexByte(arn, '/')+1:], "", &keys)
		return arn, keys.Key.KeyCheckValue
	}
	arn, kcv := value()
	again, other := value()
	if arn != again || kcv == other || len(kcv) != 6 {
		t.Errorf("got %s with check value %s, then %s with %s", arn, kcv, again, other)
	}
}

func TestTheLogSaysWhenReadyKeyPairsAreUsedUp(t *testing.T) {
	const pair = `{"KeyAttributes":{"KeyUsage":"TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE","KeyClass":"ASYMMETRIC_KEY_PAIR",` +
		`"KeyAlgorithm":"RSA_2048","KeyModesOfUse":{"Sign":true}},"Exportable":false}`
	r := start(t, "127.0.0.1", Options{Anonymous: true, TestKeys: true})
	lines := []string{
		`level=INFO msg="the ready RSA key pairs of this size are used up: new ones are generated" bits=2048`,
		`level=INFO msg="generating an RSA key pair, which may take seconds" bits=2048`,
		`level=INFO msg="generated an RSA key pair" bits=2048 took=`,
	}
	for i := range 9 { // there are eight
		if status, answer, _ := r.call(t, "CreateKey", pair); status != http.StatusOK {
			t.Fatalf("CreateKey: %d, %s", status, answer)
		}
		for _, line := range lines {
			if said := strings.Contains(r.log.String(), line); said != (i == 8) {
				t.Errorf("after %d key pairs: the log has %q: %v", i+1, line, said)
			}
		}
	}
}
