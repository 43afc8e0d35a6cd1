package server

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

const signed = "AWS4-HMAC-SHA256 Credential=AKIDPARTNER/20260301/eu-central-1/payment-cryptography/aws4_request, " +
	"SignedHeaders=host;x-amz-date, Signature="

func TestCallersComeFromTheConfiguration(t *testing.T) {
	c, err := ReadConfig(ownConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, "127.0.0.1", Options{Config: c, Account: "999988887777", Region: "eu-west-1", Anonymous: true})
	for access, want := range map[string]string{
		"AKIDPARTNER": "arn:aws:payment-cryptography:eu-central-1:444455556666:key/",
		"AKIDOTHER":   "arn:aws:payment-cryptography:eu-central-1:999988887777:key/",
		"":            "arn:aws:payment-cryptography:eu-west-1:999988887777:key/",
	} {
		header := []string{target, operation("CreateKey")}
		if access != "" {
			header = append(header, "Authorization", strings.Replace(signed, "AKIDPARTNER", access, 1)+"00")
		}
		if status, answer, _ := r.do(t, "POST", "/", createAES, header...); status != 200 || !strings.Contains(answer, want) {
			t.Errorf("%s: got %d, %s, want %s", access, status, answer, want)
		}
	}
	verifying := start(t, "127.0.0.1", Options{Config: c, Verify: true})
	status, answer, header := verifying.do(t, "POST", "/", createAES, target, operation("CreateKey"), "Authorization",
		signed+"00", "X-Amz-Date", "20260301T000000Z")
	if status != 400 || header.Get("X-Amzn-Errortype") != "InvalidSignatureException" {
		t.Errorf("Verify: got %d, %s", status, answer)
	}
}

func TestLimitsAndTokenLife(t *testing.T) {
	const ask = `{"KeyMaterialType":"TR34_KEY_BLOCK","WrappingKeyAlgorithm":"RSA_2048"}`
	for _, c := range []struct {
		o    Options
		want time.Duration
	}{
		{Options{}, 30 * day},
		{Options{Config: parsed(t, `{"limits":{"TokenLife":"2h"}}`)}, 2 * time.Hour},
		{Options{Config: parsed(t, `{"limits":{"TokenLife":"2h"}}`), TokenLife: 3 * time.Hour}, 3 * time.Hour},
	} {
		now := time.Now().UTC().Truncate(time.Second)
		c.o.Anonymous, c.o.TestKeys, c.o.Now = true, true, func() time.Time { return now }
		r := start(t, "127.0.0.1", c.o)
		status, answer, _ := r.call(t, "GetParametersForImport", ask)
		if want := `"ParametersValidUntilTimestamp":` + strconv.FormatInt(now.Add(c.want).Unix(), 10); status != 200 ||
			!strings.Contains(answer, want) {
			t.Errorf("%v: got %d, %.200s, want %s", c.want, status, answer, want)
		}
	}
	r := start(t, "127.0.0.1", Options{Anonymous: true, ExceptionStatus: true, Config: parsed(t, `{"limits":{"Keys":1}}`)})
	r.create(t)
	if status, answer, _ := r.call(t, "CreateKey", createAES); status != 402 ||
		!strings.Contains(answer, "ServiceQuotaExceededException") {
		t.Errorf("a second key: got %d, %s", status, answer)
	}
}
