package console

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"text/template"
)

// unions are the shapes of requests of which one member is set. The SDK has a type for each member of one.
var unions = map[string]bool{
	"As2805KekValidationType": true, "CardGenerationAttributes": true, "CardVerificationAttributes": true,
	"CryptogramAuthResponse": true, "DerivationMethodAttributes": true, "DiffieHellmanDerivationData": true,
	"EncryptionDecryptionAttributes": true, "ExportKeyMaterial": true, "ImportKeyMaterial": true, "IncomingKeyMaterial": true,
	"MacAttributes": true, "OutgoingKeyMaterial": true, "PinData": true, "PinGenerationAttributes": true,
	"PinVerificationAttributes": true, "ReEncryptionAttributes": true, "SessionKeyDerivation": true,
	"SessionKeyDerivationValue": true, "TranslationIsoFormats": true, "WrappedKeyMaterial": true,
}

var sdkProgram = template.Must(template.New("").Parse(`package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/{{.Package}}"
{{if .Types}}	"github.com/aws/aws-sdk-go-v2/service/{{.Package}}/types"
{{end}})

func main() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion({{printf "%q" .Region}}), config.WithBaseEndpoint({{printf "%q" .URL}}))
	if err != nil {
		log.Fatal(err)
	}
	out, err := {{.Package}}.NewFromConfig(cfg).{{.Operation}}(ctx, &{{.Package}}.{{.Operation}}Input{{.Members}})
	if err != nil {
		log.Fatal(err)
	}
	json.NewEncoder(os.Stdout).Encode(out)
}
`))

// sdkGo is the call as a program makes it with the AWS SDK for Go.
func (c Call) sdkGo(service, url string) string {
	w := &sdkWriter{}
	if v := reflect.Indirect(reflect.ValueOf(c.Request)); v.Kind() == reflect.Struct {
		w.members(v, "\t")
	} else {
		w.WriteString("{}")
	}
	var out strings.Builder
	_ = sdkProgram.Execute(&out, map[string]any{ // into memory
		"Package": strings.ReplaceAll(service, "-", ""), "Operation": c.Operation, "Region": c.Region, "URL": url,
		"Members": w.String(), "Types": w.types,
	})
	return out.String()
}

// sdkWriter writes a request as the SDK's literals.
type sdkWriter struct {
	strings.Builder
	types bool // the package of them has to be imported
}

// members writes what is set of a struct, in braces.
func (w *sdkWriter) members(v reflect.Value, indent string) {
	w.WriteByte('{')
	any := false
	for f, value := range v.Fields() {
		if f.IsExported() && !value.IsZero() {
			w.WriteString("\n" + indent + "\t" + f.Name + ": ")
			w.member(value, indent+"\t")
			w.WriteByte(',')
			any = true
		}
	}
	if any {
		w.WriteString("\n" + indent)
	}
	w.WriteByte('}')
}

// member writes the value of a member: the SDK has pointers to texts, numbers and structs, and to truth values that
// may be absent.
func (w *sdkWriter) member(v reflect.Value, indent string) {
	optional := v.Kind() == reflect.Pointer
	v = reflect.Indirect(v)
	switch {
	case v.Kind() == reflect.Struct:
		if !unions[v.Type().Name()] {
			w.WriteByte('&')
		}
		w.plain(v, indent)
	case v.Kind() == reflect.Bool && !optional, v.Kind() == reflect.Slice, v.Kind() == reflect.Map,
		v.Kind() == reflect.String && v.Type().PkgPath() != "":
		w.plain(v, indent)
	default:
		w.WriteString("new(")
		w.plain(v, indent)
		w.WriteByte(')')
	}
}

// plain writes a value as it is in a list.
func (w *sdkWriter) plain(v reflect.Value, indent string) {
	switch v.Kind() {
	case reflect.Struct:
		w.structure(v, indent)
	case reflect.Slice:
		w.list(v, indent)
	case reflect.String: // of an enumeration too: the constant has no type
		w.WriteString(strconv.Quote(shortened(v.String())))
	case reflect.Map:
		fmt.Fprintf(w, "%#v", v)
	case reflect.Int:
		fmt.Fprintf(w, "int32(%d)", v.Int())
	default:
		fmt.Fprint(w, v)
	}
}

func (w *sdkWriter) structure(v reflect.Value, indent string) {
	w.types = true
	name := "types." + v.Type().Name()
	if !unions[v.Type().Name()] {
		w.WriteString(name)
		w.members(v, indent)
		return
	}
	for f, value := range v.Fields() {
		if !value.IsZero() {
			w.WriteString("&" + name + "Member" + f.Name + "{Value: ")
			w.plain(reflect.Indirect(value), indent)
			w.WriteByte('}')
			return
		}
	}
	w.WriteString("nil")
}

func (w *sdkWriter) list(v reflect.Value, indent string) {
	of := v.Type().Elem()
	name := of.Name()
	if of.PkgPath() != "" {
		w.types = true
		name = "types." + name
	}
	w.WriteString("[]" + name + "{")
	for i := range v.Len() {
		comma(&w.Builder, i)
		w.plain(v.Index(i), indent)
	}
	w.WriteByte('}')
}
