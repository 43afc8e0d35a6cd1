package server

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

const signed = "AWS4-HMAC-SHA256 Credential=AKIDPARTNER/20260301/eu-central-1/payment-cryptography/aws4_request, " +
	"SignedHeaders=host;x-amz-date, Signature="

func TestTheServiceIsBehindEveryOtherPath(t *testing.T) {
	r := start(t, "127.0.0.1", Options{})
	status, answer, header := r.do(t, "POST", "/", "{}", target, operation("ListKeys"))
	if status != 400 || header.Get("X-Amzn-Errortype") != "MissingAuthenticationTokenException" {
		t.Errorf("no signature: got %d, %s", status, answer)
	}
	if status, answer, header = r.do(t, "GET", "/elsewhere", ""); status != 404 ||
		header.Get("X-Amzn-Errortype") != "UnknownOperationException" {
		t.Errorf("another path: got %d, %s", status, answer)
	}
}

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
	status, answer, header := verifying.do(
		t,
		"POST",
		"/",
		createAES,
		target,
		operation("CreateKey"),
		"Authorization",
		signed+"00",
		"X-Amz-Date",
		"20260301T000000Z",
	)
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

func TestACallIsALineOfTheLog(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Anonymous: true})
	for _, c := range []struct{ op, body, want string }{
		{"CreateKey", createAES, `level=INFO msg=call operation=CreateKey account=111122223333 region=us-east-1 duration=\S+ request=[0-9a-f-]{36}\n`},
		{"GetKey", `{"KeyIdentifier":"alias/none"}`, `level=WARN msg=call operation=GetKey account=111122223333 region=us-east-1 duration=\S+ request=\S+ ` +
			`error=ResourceNotFoundException reasons="KeyIdentifier: there is no such alias in this account and Region"\n`},
		{"Fly", `{}`, `level=WARN msg=call operation="" account="" region="" duration=\S+ request=\S+ error=UnknownOperationException reasons="X-Amz-Target names no operation[^"]*"\n`},
	} {
		r.call(t, c.op, c.body)
		r.log.WaitFor(t, "msg=call operation="+regexp.MustCompile(`operation=(\S+)`).FindStringSubmatch(c.want)[1])
		if got := r.log.String(); !regexp.MustCompile(c.want).MatchString(got) {
			t.Errorf("%s: got\n%s\nwant %s", c.op, got, c.want)
		}
	}
}

func TestTheLogHoldsNoSecret(t *testing.T) {
	secret := "S3cret-of-the-caller"
	config := `{"callers":{"AKIDPARTNER":{"account":"444455556666","secret":"` + secret +
		`"}},"keys":[{"alias":"alias/zone-key","components":["` +
		canary + `","22222222222222222222222222222222"],` + aKey + `]}`
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true, Config: parsed(t, config)})
	bodies := []string{
		`{"KeyMaterial":{"Tr31KeyBlock":{"WrappingKeyIdentifier":"alias/zone-key","WrappedKeyBlock":"` + canary + `"}}}`,
		`{"KeyMaterial":{"Tr31KeyBlock":{"WrappingKeyIdentifier":"alias/zone-key","WrappedKeyBlock":"D0144P0AE00E0000` + strings.Repeat(
			canary,
			4,
		) + `"}}}`,
		`{"KeyMaterial":{"KeyCryptogram":{"WrappedKeyCryptogram":"` + canary + `"}}}`,
		`{"` + canary + `":"` + canary + `"}`, canary, `"` + canary,
	}
	for _, body := range bodies {
		r.call(t, "ImportKey", body)
		r.do(t, "POST", "/", body, target, operation("CreateKey"), "Authorization", signed+canary)
		r.do(t, "POST", "/", body, target, operation(canary), "Authorization", canary)
		r.do(t, "POST", "/_apcsim/keys", body)
		r.do(t, "POST", "/_apcsim/advance", body)
		r.do(t, "GET", "/_apcsim/keys/"+canary, "")
		r.do(t, canary, "/_apcsim/"+canary, "")
	}
	r.own(t, "POST", "reset", "", &struct{}{})
	r.own(t, "POST", "keys", `{"components":["`+canary+`","`+canary+`"],`+aKey, &struct{}{})
	r.end(t)
	if got := r.log.String(); strings.Contains(strings.ToUpper(got), canary) || strings.Contains(got, secret) ||
		strings.Count(got, "\n") < 7*len(bodies) {
		t.Errorf("the log:\n%s", got)
	}
}
