package sdktest

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	pc "github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"
	"github.com/aws/smithy-go"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// TestEveryOperationThroughTheSDK drives all that the engine simulates and all
// that it does not, and holds what the SDK read to what the engine says.
func TestEveryOperationThroughTheSDK(t *testing.T) {
	doors(t, func(t *testing.T, open func(*engine.Engine, *endpoint.Options) *pc.Client) {
		clock := engine.NewClock(noon.Add(65 * time.Millisecond))
		eng := simtest.New(t, &engine.Options{Now: clock.Now})
		c := open(eng, nil)
		seen := &counted{targets: map[string]int{}}
		c = pc.New(c.Options(), func(o *pc.Options) { seen.HTTPClient, o.HTTPClient = o.HTTPClient, seen })

		key := keysOverTheWire(t, c, eng, clock)
		aliasesAndTagsOverTheWire(t, c, eng, key)
		exchangeOverTheWire(t, c, eng, key)
		policiesOverTheWire(t, c, eng, key)
		regionsOverTheWire(t, c, eng, key)
		approvalsOverTheWire(t, c, eng)
		notSimulatedOverTheWire(t, c, key)
		for op := range engine.Operations() {
			if !op.DataPlane && seen.targets["PaymentCryptographyControlPlane."+op.Name] == 0 {
				t.Errorf("%s was never called", op.Name)
			}
		}
	})
}

// getAlike reads a key through both.
func getAlike(t *testing.T, c *pc.Client, eng *engine.Engine, key string) *types.Key {
	t.Helper()
	out := must(c.GetKey(ctx, &pc.GetKeyInput{KeyIdentifier: &key}))(t)
	own := must(eng.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: key}))(t)
	alike(t, "GetKey", reflect.ValueOf(out.Key), reflect.ValueOf(own.Key))
	return out.Key
}

func keysOverTheWire(t *testing.T, c *pc.Client, eng *engine.Engine, clock *engine.Clock) (arn string) {
	in := kek(types.KeyAlgorithmAes256)
	in.Tags = []types.Tag{{Key: aws.String("owner"), Value: aws.String("tests")}}
	key := must(c.CreateKey(ctx, in))(t).Key
	arn = *key.KeyArn
	got := getAlike(t, c, eng, arn)
	if !reflect.DeepEqual(got, key) || !got.CreateTimestamp.Equal(noon.Add(65*time.Millisecond)) {
		t.Errorf("GetKey: %+v\nCreateKey: %+v", got, key)
	}
	clock.Advance(time.Second)
	must(c.StopKeyUsage(ctx, &pc.StopKeyUsageInput{KeyIdentifier: &arn}))(t)
	if got := getAlike(t, c, eng, arn); *got.Enabled || got.UsageStopTimestamp == nil {
		t.Errorf("stopped: %+v", got)
	}
	must(c.StartKeyUsage(ctx, &pc.StartKeyUsageInput{KeyIdentifier: &arn}))(t)
	getAlike(t, c, eng, arn)
	must(c.DeleteKey(ctx, &pc.DeleteKeyInput{KeyIdentifier: &arn, DeleteKeyInDays: aws.Int32(3)}))(t)
	if got := getAlike(t, c, eng, arn); got.KeyState != types.KeyStateDeletePending ||
		!got.DeletePendingTimestamp.Equal(clock.Now().Add(72*time.Hour)) {
		t.Errorf("deleted: %+v", got)
	}
	must(c.RestoreKey(ctx, &pc.RestoreKeyInput{KeyIdentifier: &arn}))(t)
	getAlike(t, c, eng, arn)
	must(c.StartKeyUsage(ctx, &pc.StartKeyUsageInput{KeyIdentifier: &arn}))(t)

	out := must(c.ListKeys(ctx, &pc.ListKeysInput{KeyState: types.KeyStateCreateComplete}))(t)
	own := must(eng.ListKeys(ctx, &engine.ListKeysInput{KeyState: new(apc.KeyStateCreateComplete)}))(t)
	alike(t, "ListKeys", reflect.ValueOf(out), reflect.ValueOf(own))
	return arn
}

func aliasesAndTagsOverTheWire(t *testing.T, c *pc.Client, eng *engine.Engine, key string) {
	name := aws.String("alias/over-the-wire")
	if out := must(c.CreateAlias(ctx, &pc.CreateAliasInput{AliasName: name}))(t); out.Alias.KeyArn != nil {
		t.Errorf("an alias of no key: %v", *out.Alias.KeyArn)
	}
	must(c.UpdateAlias(ctx, &pc.UpdateAliasInput{AliasName: name, KeyArn: &key}))(t)
	got := must(c.GetAlias(ctx, &pc.GetAliasInput{AliasName: name}))(t)
	alike(t, "GetAlias", reflect.ValueOf(got), reflect.ValueOf(must(eng.GetAlias(ctx, &engine.GetAliasInput{AliasName: *name}))(t)))
	list := must(c.ListAliases(ctx, &pc.ListAliasesInput{}))(t)
	alike(t, "ListAliases", reflect.ValueOf(list), reflect.ValueOf(must(eng.ListAliases(ctx, &engine.ListAliasesInput{}))(t)))
	must(c.DeleteAlias(ctx, &pc.DeleteAliasInput{AliasName: name}))(t)

	must(
		c.TagResource(
			ctx,
			&pc.TagResourceInput{ResourceArn: &key, Tags: []types.Tag{{Key: aws.String("Grüße"), Value: aws.String(`"'\ <&> 日本`)}}},
		),
	)(t)
	tags := must(c.ListTagsForResource(ctx, &pc.ListTagsForResourceInput{ResourceArn: &key}))(t)
	alike(
		t,
		"ListTagsForResource",
		reflect.ValueOf(tags),
		reflect.ValueOf(must(eng.ListTagsForResource(ctx, &engine.ListTagsForResourceInput{ResourceArn: key}))(t)),
	)
	must(c.UntagResource(ctx, &pc.UntagResourceInput{ResourceArn: &key, TagKeys: []string{"Grüße", "owner"}}))(t)
	if tags := must(c.ListTagsForResource(ctx, &pc.ListTagsForResourceInput{ResourceArn: &key}))(t); tags.Tags == nil ||
		len(tags.Tags) != 0 {
		t.Errorf("tags of a key without any: %v, wanted an empty list", tags.Tags)
	}
}

func exchangeOverTheWire(t *testing.T, c *pc.Client, eng *engine.Engine, key string) {
	moved := must(c.CreateKey(ctx, kek(types.KeyAlgorithmAes128)))(t).Key
	wrapped := must(c.ExportKey(ctx, &pc.ExportKeyInput{ExportKeyIdentifier: moved.KeyArn,
		KeyMaterial: &types.ExportKeyMaterialMemberTr31KeyBlock{
			Value: types.ExportTr31KeyBlock{WrappingKeyIdentifier: &key},
		}}))(t).WrappedKey
	if wrapped.WrappedKeyMaterialFormat != types.WrappedKeyMaterialFormatTr31KeyBlock || *wrapped.WrappingKeyArn != key ||
		*wrapped.KeyCheckValue != *moved.KeyCheckValue {
		t.Errorf("ExportKey: %+v", wrapped)
	}
	back := must(c.ImportKey(ctx, &pc.ImportKeyInput{
		KeyMaterial: &types.ImportKeyMaterialMemberTr31KeyBlock{
			Value: types.ImportTr31KeyBlock{WrappingKeyIdentifier: &key, WrappedKeyBlock: wrapped.KeyMaterial},
		}}))(t).Key
	if *back.KeyCheckValue != *moved.KeyCheckValue || back.KeyOrigin != types.KeyOriginExternal {
		t.Errorf("ImportKey: %+v", back)
	}
	getAlike(t, c, eng, *back.KeyArn)

	in := must(
		c.GetParametersForImport(
			ctx,
			&pc.GetParametersForImportInput{
				KeyMaterialType:      types.KeyMaterialTypeTr34KeyBlock,
				WrappingKeyAlgorithm: types.KeyAlgorithmRsa2048,
			},
		),
	)(t)
	out := must(
		c.GetParametersForExport(
			ctx,
			&pc.GetParametersForExportInput{
				KeyMaterialType:     types.KeyMaterialTypeTr34KeyBlock,
				SigningKeyAlgorithm: types.KeyAlgorithmRsa2048,
			},
		),
	)(t)
	if !strings.HasPrefix(*in.ImportToken, "import-token-") || !strings.HasPrefix(*out.ExportToken, "export-token-") ||
		!out.ParametersValidUntilTimestamp.After(noon) {
		t.Errorf("tokens: %+v, %+v", in, out)
	}
	pair := must(c.CreateKey(ctx, signer(types.KeyAlgorithmRsa2048)))(t).Key
	certificate := must(c.GetPublicKeyCertificate(ctx, &pc.GetPublicKeyCertificateInput{KeyIdentifier: pair.KeyArn}))(t)
	alike(
		t,
		"GetPublicKeyCertificate",
		reflect.ValueOf(certificate),
		reflect.ValueOf(must(eng.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: *pair.KeyArn}))(t)),
	)
	request := must(c.GetCertificateSigningRequest(ctx, &pc.GetCertificateSigningRequestInput{KeyIdentifier: pair.KeyArn,
		SigningAlgorithm:   types.SigningAlgorithmTypeSha256,
		CertificateSubject: &types.CertificateSubjectType{CommonName: aws.String("over the wire")}}))(t)
	if text, err := base64.StdEncoding.DecodeString(*request.CertificateSigningRequest); err != nil ||
		!strings.HasPrefix(string(text), "-----BEGIN CERTIFICATE REQUEST-----") {
		t.Errorf("GetCertificateSigningRequest: %v, %.40q", err, text)
	}
}

// notSimulatedOverTheWire calls every method of the client that the engine
// refuses by name, with an input that is right for nothing but its type.
func notSimulatedOverTheWire(t *testing.T, c *pc.Client, key string) {
	for op := range engine.Operations() {
		if op.Simulated || op.DataPlane {
			continue
		}
		method := reflect.ValueOf(c).MethodByName(op.Name)
		if !method.IsValid() {
			t.Errorf("the SDK has no %s", op.Name)
			continue
		}
		in := reflect.New(method.Type().In(1).Elem())
		for i := range in.Elem().NumField() {
			f := in.Elem().Field(i)
			if !f.CanSet() {
				continue
			}
			switch f.Interface().(type) {
			case *string:
				f.Set(reflect.ValueOf(&key))
			case []string:
				f.Set(reflect.ValueOf([]string{"us-west-2"}))
			}
		}
		if set := in.Elem().FieldByName("Action"); set.IsValid() && set.Kind() == reflect.String {
			set.SetString("IMPORT_ROOT_PUBLIC_KEY_CERTIFICATE")
		}
		answers := method.Call([]reflect.Value{reflect.ValueOf(ctx), in})
		err, _ := answers[1].Interface().(error)
		if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != string(apc.ErrNotSimulated) ||
			!strings.Contains(api.ErrorMessage(), op.Name) {
			t.Errorf("%s: %v", op.Name, err)
		}
	}
}

// TestExceptionsAreTheTypesOfTheSDK has every exception that the engine
// throws, caught as the SDK's own type with its text and its reason.
func TestExceptionsAreTheTypesOfTheSDK(t *testing.T) {
	doors(t, func(t *testing.T, open func(*engine.Engine, *endpoint.Options) *pc.Client) {
		broken := &brokenStore{Store: simtest.Store(t)}
		eng := simtest.On(t, simtest.Backend(t, nil), broken, &engine.Options{Limits: apc.Limits{Aliases: 1}})
		foreign := must(eng.As(apc.Identity{Account: "444455556666"}).CreateKey(ctx, &engine.CreateKeyInput{Exportable: new(true),
			KeyAttributes: apc.KeyAttributes{
				KeyAlgorithm:  apc.KeyAlgorithmAES128,
				KeyClass:      apc.KeyClassSymmetricKey,
				KeyUsage:      apc.KeyUsageTR31K0KeyEncryptionKey,
				KeyModesOfUse: apc.KeyModesOfUse{Wrap: true, Unwrap: true, Encrypt: true, Decrypt: true},
			}}))(t).Key.KeyArn
		plain, own := open(eng, nil), open(eng, &endpoint.Options{ExceptionStatus: true})
		must(plain.CreateAlias(ctx, &pc.CreateAliasInput{AliasName: aws.String("alias/one")}))(t)
		createAlias := func(name string) func(*pc.Client) error {
			return func(c *pc.Client) error {
				_, err := c.CreateAlias(ctx, &pc.CreateAliasInput{AliasName: &name})
				return err
			}
		}
		getKey := func(name string) func(*pc.Client) error {
			return func(c *pc.Client) error {
				_, err := c.GetKey(ctx, &pc.GetKeyInput{KeyIdentifier: &name})
				return err
			}
		}
		for _, c := range []struct {
			do         func(*pc.Client) error
			is         func(error) bool
			plain, own int
		}{
			{createAlias("alias/one"), is[*types.ConflictException], 400, 409},
			{createAlias("alias/two"), is[*types.ServiceQuotaExceededException], 400, 402},
			{createAlias("no alias"), is[*types.ValidationException], 400, 400},
			{getKey("alias/nobody"), is[*types.ResourceNotFoundException], 400, 404},
			{getKey(foreign), is[*types.AccessDeniedException], 400, 403},
			{broken.during(getKey("alias/one")), is[*types.ServiceUnavailableException], 500, 503},
		} {
			for status, via := range map[int]*pc.Client{c.plain: plain, c.own + 1000: own} {
				err := c.do(via)
				answer, ok := errors.AsType[*awshttp.ResponseError](err)
				switch {
				case !c.is(err):
					t.Errorf("%v", err)
				case !ok || answer.HTTPStatusCode() != status%1000:
					t.Errorf("%v: wanted status %d", err, status%1000)
				case answer.RequestID == "":
					t.Errorf("%v: no request id", err)
				case answer.Response.Header.Get(endpoint.ReasonHeader) == "":
					t.Errorf("%v: no reason", err)
				}
			}
		}
		err := getKey("alias/nobody")(plain)
		if e, _ := errors.AsType[*types.ResourceNotFoundException](err); e == nil || e.ResourceId == nil ||
			*e.ResourceId != "alias/nobody" ||
			e.Message != nil {
			t.Errorf("ResourceNotFoundException: %+v", e)
		}
	})
}

func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// brokenStore is a store that cannot be reached for a while.
type brokenStore struct {
	keystore.Store
	down bool
}

func (b *brokenStore) Read(ctx context.Context, refs ...keystore.Ref) ([]keystore.Found, error) {
	if b.down {
		return nil, errors.New("no route to the store")
	}
	return b.Store.Read(ctx, refs...)
}

func (b *brokenStore) during(do func(*pc.Client) error) func(*pc.Client) error {
	return func(c *pc.Client) error {
		b.down = true
		defer func() { b.down = false }()
		return do(c)
	}
}

// TestPaginatorsSeeEverythingOnce turns the pages of the SDK's paginators.
func TestPaginatorsSeeEverythingOnce(t *testing.T) {
	doors(t, func(t *testing.T, open func(*engine.Engine, *endpoint.Options) *pc.Client) {
		c := open(simtest.New(t, nil), nil)
		want := map[string]int{}
		for i := range 23 {
			key := must(c.CreateKey(ctx, kek(types.KeyAlgorithmAes128)))(t).Key.KeyArn
			must(c.CreateAlias(ctx, &pc.CreateAliasInput{AliasName: aws.String(fmt.Sprintf("alias/%02d", i)), KeyArn: key}))(t)
			must(
				c.TagResource(
					ctx,
					&pc.TagResourceInput{
						ResourceArn: key,
						Tags: []types.Tag{
							{Key: aws.String("a"), Value: aws.String("1")},
							{Key: aws.String("b"), Value: aws.String("2")},
						},
					},
				),
			)(t)
			want[*key]++
		}
		got := map[string]int{}
		for p := pc.NewListKeysPaginator(c, &pc.ListKeysInput{MaxResults: aws.Int32(5)}); p.HasMorePages(); {
			for _, k := range must(p.NextPage(ctx))(t).Keys {
				got[*k.KeyArn]++
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("keys seen %v, wanted %v", got, want)
		}
		var names []string
		for p := pc.NewListAliasesPaginator(c, &pc.ListAliasesInput{},
			func(o *pc.ListAliasesPaginatorOptions) { o.Limit = 7 }); p.HasMorePages(); {
			for _, a := range must(p.NextPage(ctx))(t).Aliases {
				names = append(names, *a.AliasName)
			}
		}
		if !slices.IsSorted(names) || len(slices.Compact(names)) != 23 {
			t.Errorf("aliases seen: %v", names)
		}
		for arn := range want {
			tags := 0
			for p := pc.NewListTagsForResourcePaginator(c,
				&pc.ListTagsForResourceInput{ResourceArn: &arn, MaxResults: aws.Int32(1)}); p.HasMorePages(); {
				tags += len(must(p.NextPage(ctx))(t).Tags)
			}
			if tags != 2 {
				t.Errorf("%d tags seen, wanted 2", tags)
			}
			break
		}
	})
}

// TestACancelledCallReturnsItsContext: without a socket nothing else ends the
// call.
func TestACancelledCallReturnsItsContext(t *testing.T) {
	doors(t, func(t *testing.T, open func(*engine.Engine, *endpoint.Options) *pc.Client) {
		c := open(simtest.New(t, nil), nil)
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := c.ListKeys(gone, &pc.ListKeysInput{}); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	})
}

// TestTheEnvironmentPointsTheSDKHere is the README's way: nothing in the program
// names the simulator.
func TestTheEnvironmentPointsTheSDKHere(t *testing.T) {
	server := httptest.NewServer(endpoint.Handler(simtest.New(t, nil), nil))
	defer server.Close()
	for name, value := range map[string]string{"AWS_ENDPOINT_URL_PAYMENT_CRYPTOGRAPHY": server.URL, "AWS_REGION": "eu-west-2",
		"AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": "any", "AWS_CONFIG_FILE": "none", "AWS_SHARED_CREDENTIALS_FILE": "none"} {
		t.Setenv(name, value)
	}
	c := pc.NewFromConfig(must(config.LoadDefaultConfig(ctx))(t))
	if key := must(c.CreateKey(ctx, kek(types.KeyAlgorithmAes192)))(t).Key; !strings.HasPrefix(
		*key.KeyArn,
		"arn:aws:payment-cryptography:eu-west-2:111122223333:key/",
	) {
		t.Errorf("a key of %s", *key.KeyArn)
	}
}

// TestTheClientIsATransportToo goes through net/http's own client.
func TestTheClientIsATransportToo(t *testing.T) {
	through := &http.Client{Transport: endpoint.HTTPClient(simtest.New(t, nil), nil)}
	c := client(func(o *pc.Options) { o.HTTPClient = through })
	must(c.CreateKey(ctx, kek(types.KeyAlgorithmTdes3key)))(t)
	if n := len(must(c.ListKeys(ctx, &pc.ListKeysInput{}))(t).Keys); n != 1 {
		t.Errorf("%d keys", n)
	}
}
