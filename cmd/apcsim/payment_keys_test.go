package main

import (
	"strings"
	"testing"
)

func TestARPCMethods(t *testing.T) {
	base := "emv arpc --imk 0123456789ABCDEFFEDCBA9876543210 --pan 99012345678901234 --psn 45 --atc 0001 --arqc 1122334455667788 "
	for _, c := range []struct {
		args   string
		digits int
	}{
		{"--method common --response-code 3030", 16}, {"--method mchip --un 01020304 --response-code 3030", 16},
		{"--method visa --status-update 00820000", 8}, {"--method emv2000 --status-update 00820000 --proprietary 0102", 8},
		{"--method unionpay --response-code 3030", 16},
	} {
		if got := apcsim(t, "", strings.Fields(base+c.args)...); got.status != exitOK || len(got.out) != c.digits+1 {
			t.Errorf("%s: got %+v, want %d digits", c.args, got, c.digits)
		}
	}
}
