package testrig

import (
	"testing"
	"testing/synctest"
)

func TestMeterWaitsForSoMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, waited := NewMeter(), make(chan bool, 1)
		more := func() { waited <- m.More(2) }
		m.Add()
		go more()
		synctest.Wait()
		m.Add()
		synctest.Wait()
		if len(waited) != 0 {
			t.Error("More(2) has returned after one")
		}
		m.Add()
		if !<-waited {
			t.Error("More(2) after two: got false")
		}
		go more()
		synctest.Wait()
		m.Add()
		m.Stop()
		if <-waited {
			t.Error("More(2) after one and Stop: got true")
		}
	})
}
