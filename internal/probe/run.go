package probe

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// runner asks one probe of one side.
type runner struct {
	side    *Service
	probe   *Probe
	raw     map[string]*Answer // answers as they came, for references
	answers map[string]*Answer
	parties map[string]*party
	scrub   scrubber
	account string
	made    made
}

// made is what a probe has made on a side and has to go.
type made struct {
	keys, aliases []string
}

// Run asks a probe and deletes what that made. A side that no request has reached is an error.
func (s *Service) Run(ctx context.Context, p *Probe) (*Transcript, error) {
	if p.Account && s.journal != nil {
		return &Transcript{NotRun: problemAccount}, nil
	}
	r := &runner{side: s, probe: p, raw: map[string]*Answer{}, answers: map[string]*Answer{}, parties: map[string]*party{}}
	r.scrub = scrubber{began: s.now()}
	if c, err := s.credentials(ctx); err == nil {
		r.scrub.replaces(c.Session, "SESSION")
		r.scrub.replaces(c.AccessKey, "ACCESSKEY")
		r.scrub.replaces(c.Secret, "SECRET")
	}
	out := &Transcript{Answers: r.answers}
	for i := range p.Steps {
		why, err := r.step(ctx, &p.Steps[i])
		if err != nil {
			s.tidy(ctx, &r.made)
			return nil, err
		}
		if why != "" {
			out.NotRun = p.Steps[i].Name + " = " + p.Steps[i].Do + ": " + r.scrub.text(why)
			break
		}
	}
	s.tidy(ctx, &r.made)
	if out.NotRun != "" && !s.answered && s.unsent != nil {
		return nil, fmt.Errorf("%s: %w", s.name, s.unsent)
	}
	return out, nil
}

// step asks one step. Why is not "" where the probe cannot go on; the error is that of the context, or says
// that the side refuses the credentials.
func (r *runner) step(ctx context.Context, s *Step) (why string, err error) {
	if s.Raw == "" {
		body, err := r.make(ctx, s)
		if err != nil {
			return err.Error(), ctx.Err()
		}
		r.raw[s.Name] = &Answer{Body: body}
		if _, ok := body["Is"]; ok { // what is found here of an answer is an answer
			r.answers[s.Name] = r.raw[s.Name]
		}
		return "", nil
	}
	input, missing, err := r.input(ctx, s)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		return err.Error(), nil
	case missing:
		return "", nil // an earlier step was refused, which is its own answer
	}
	operation := s.Do
	if s.Spoilt != "" {
		operation += "!" + s.Spoilt
	}
	got, lost, err := r.send(ctx, operation, input)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		return err.Error(), nil
	case wrongCredentials[got.exception] && s.Spoilt == "":
		return "", fmt.Errorf("%s: %s: %s", r.side.name, problemCredentials, r.scrub.text(got.refusal().Error()))
	case lost && got.exception != "":
		return problemLost, nil
	}
	return r.take(s, got), nil
}

// take keeps an answer. Why is not "" where it says nothing about the question.
func (r *runner) take(s *Step, got *raw) (why string) {
	r.learn(s.Name, got.body)
	r.raw[s.Name] = &Answer{Exception: got.exception, Body: got.body}
	r.answers[s.Name] = r.scrub.answer(got)
	if got.exception == "" {
		return ""
	}
	asked := slices.ContainsFunc(r.probe.Checks, func(c Check) bool { return c.refuses() && c.step() == s.Name })
	full := makes(s.Do) && got.exception == "ServiceQuotaExceededException" // of the account, whatever the question
	if noPermission[got.exception] || full || !asked {
		delete(r.answers, s.Name)
		return got.refusal().Error()
	}
	return ""
}

// refusal is an exception as an error, or nil.
func (r *raw) refusal() error {
	if r == nil || r.exception == "" {
		return nil
	}
	return fmt.Errorf("%s: %s", r.exception, r.message)
}

// learn makes later texts name the ids of an answer by the step that made them.
func (r *runner) learn(name string, body map[string]any) {
	key, _ := body["Key"].(map[string]any)
	arn, _ := key["KeyArn"].(string)
	parts := strings.Split(arn, ":")
	if len(parts) != 6 {
		return
	}
	if r.account == "" {
		r.account = parts[4]
		r.scrub.replaces(r.account, "ACCOUNT")
		r.scrub.replaces(r.side.region, "REGION")
		r.scrub.replaces(r.side.otherRegion(), "OTHER")
	}
	id := strings.TrimPrefix(parts[5], "key/")
	if !r.scrub.knows(id) {
		r.scrub.replaces(id, name)
	}
}

// makes reports whether an operation makes something that has to go.
func makes(operation string) bool {
	return operation == "CreateKey" || operation == "ImportKey" || operation == "CreateAlias"
}

// send sends a call, and notes in the journal what it may make.
func (r *runner) send(ctx context.Context, operation string, input map[string]any) (got *raw, lost bool, err error) {
	makes := makes(operation)
	if makes {
		if err := r.side.note(operation, r.probe.Name, aliasOf(input)); err != nil {
			return nil, false, err
		}
	}
	got, lost, err = r.side.try(ctx, operation, input)
	lost = lost && !operationReads(operation)
	if makes && (lost || err != nil && r.side.unsent == nil) {
		r.side.unsure = true
	}
	if err != nil || got.exception != "" || !makes {
		return got, lost, err
	}
	if operation == "CreateAlias" {
		r.made.aliases = append(r.made.aliases, aliasOf(input))
		return got, lost, nil
	}
	key, _ := got.body["Key"].(map[string]any)
	if arn, ok := key["KeyArn"].(string); ok {
		r.made.keys = append(r.made.keys, arn)
		return got, lost, r.side.noteMade(arn)
	}
	return got, lost, nil
}

func operationReads(name string) bool {
	op := operationOf(name)
	return op == nil || op.ReadOnly || strings.HasPrefix(name, "Get") || strings.HasPrefix(name, "List") || op.Path != "/"
}

func aliasOf(input map[string]any) string {
	name, _ := input["AliasName"].(string)
	return name
}

// reference is ${name} in a request.
var reference = regexp.MustCompile(`\$\{([^}]+)\}`)

// errMissing says that a request refers to the answer of a step that was refused.
var errMissing = errors.New("an earlier step has no answer")

// input is the request of a step. Missing says that it refers to an answer that is not there.
func (r *runner) input(ctx context.Context, s *Step) (input map[string]any, missing bool, err error) {
	if err := json.Unmarshal([]byte(s.Raw), &input); err != nil {
		return nil, false, err
	}
	filled, err := r.fill(input)
	if errors.Is(err, errMissing) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	input = filled.(map[string]any)
	if s.Clear != "" {
		if err := r.encipher(ctx, input, s.Clear); err != nil {
			return nil, false, err
		}
	}
	if s.Do == "CreateKey" || s.Do == "ImportKey" {
		tags, _ := input["Tags"].([]any)
		input["Tags"] = append(tags, map[string]any{"Key": tagKey, "Value": r.side.run})
	}
	r.hide(input)
	return input, false, nil
}

// hide has the account numbers of a request masked in all answers.
func (r *runner) hide(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, of := range v {
			if pan, ok := of.(string); ok && name == "PrimaryAccountNumber" {
				r.scrub.replaces(pan, "PAN")
			}
			r.hide(of)
		}
	case []any:
		for _, of := range v {
			r.hide(of)
		}
	}
}

// fill replaces the references in a value.
func (r *runner) fill(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, of := range v {
			filled, err := r.fill(of)
			if err != nil {
				return nil, err
			}
			out[name] = filled
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i := range v {
			var err error
			if out[i], err = r.fill(v[i]); err != nil {
				return nil, err
			}
		}
		return out, nil
	case string:
		return r.fillText(v)
	}
	return v, nil
}

func (r *runner) fillText(text string) (any, error) {
	if m := reference.FindStringSubmatch(text); m != nil && m[0] == text {
		return r.refer(m[1])
	}
	var failed error
	out := reference.ReplaceAllStringFunc(text, func(ref string) string {
		v, err := r.refer(ref[2 : len(ref)-1])
		if err != nil {
			failed = err
		}
		return fmt.Sprint(v)
	})
	return out, failed
}

// refer is the value of a reference.
func (r *runner) refer(name string) (any, error) {
	switch name {
	case "region":
		return r.side.region, nil
	case "region.other":
		return r.side.otherRegion(), nil
	case "account":
		return r.account, nil
	case "absent":
		return "arn:aws:payment-cryptography:" + r.side.region + ":" + r.account + ":key/aaaaaaaaaaaaaaaa", nil
	case "info":
		return sharedInfo, nil
	}
	if number, ok := strings.CutPrefix(name, "tags."); ok {
		return manyTags(number), nil
	}
	if alias, ok := strings.CutPrefix(name, "alias."); ok {
		full := aliasPrefix + r.side.run + "-" + r.probe.Name + "-" + alias
		if !r.scrub.knows(full) {
			r.scrub.replaces(full, "alias/"+alias)
		}
		return full, nil
	}
	if v, ok := member(r.raw, name); ok {
		return v, nil
	}
	return nil, fmt.Errorf("%w: %s", errMissing, name)
}

// manyTags is a list of so many tags.
func manyTags(number string) (out []any) {
	n, _ := strconv.Atoi(number)
	for i := range n {
		out = append(out, map[string]any{"Key": fmt.Sprintf("tag-%d", i), "Value": "1"})
	}
	return out
}

// encipher fills in the cryptogram of a known key and the token that it is under.
func (r *runner) encipher(ctx context.Context, input map[string]any, key string) error {
	clear, err := hex.DecodeString(key)
	if err != nil {
		return err
	}
	token, public, err := r.side.importToken(ctx)
	if err != nil {
		return err
	}
	out, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public, clear, nil)
	if err != nil {
		return err
	}
	cryptogram := input["KeyMaterial"].(map[string]any)["KeyCryptogram"].(map[string]any)
	cryptogram["ImportToken"] = token
	cryptogram["WrappingSpec"] = "RSA_OAEP_SHA_256"
	cryptogram["WrappedKeyCryptogram"] = strings.ToUpper(hex.EncodeToString(out))
	return nil
}

// importToken is the token for keys that are known, and its key: one for a run.
func (s *Service) importToken(ctx context.Context) (string, *rsa.PublicKey, error) {
	if s.token != "" {
		return s.token, s.tokenKey, nil
	}
	got, err := s.call(ctx, "GetParametersForImport", map[string]any{"KeyMaterialType": "KEY_CRYPTOGRAM",
		"WrappingKeyAlgorithm": "RSA_3072", "ReuseLastGeneratedToken": true})
	if err = errors.Join(err, got.refusal()); err != nil {
		return "", nil, fmt.Errorf("no import token: %w", err)
	}
	text, _ := got.body["WrappingKeyCertificate"].(string)
	cert, err := readCertificate(text)
	if err != nil {
		return "", nil, err
	}
	public, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return "", nil, errors.New("the import token has no RSA key")
	}
	s.token, _ = got.body["ImportToken"].(string)
	s.tokenKey = public
	return s.token, s.tokenKey, nil
}

// tidyTime is how long cleaning may take after the context has ended.
const tidyTime = 10 * time.Minute

// tidy deletes what a probe has made: aliases first. What cannot be deleted now is for Close.
func (s *Service) tidy(ctx context.Context, m *made) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), tidyTime)
	defer stop()
	for _, alias := range m.aliases {
		if err := s.deleteAlias(ctx, alias); err != nil {
			s.unsure = true
		}
	}
	for _, arn := range m.keys {
		if err := s.deleteKey(ctx, arn); err != nil {
			s.unsure = true
		}
	}
}

// deleteAlias deletes an alias; one that is gone is no error.
func (s *Service) deleteAlias(ctx context.Context, name string) error {
	got, err := s.call(ctx, "DeleteAlias", map[string]any{"AliasName": name})
	if err == nil && got.exception != "" && got.exception != "ResourceNotFoundException" {
		err = got.refusal()
	}
	if err == nil {
		err = s.noteGone(name)
	}
	return err
}

// deletionDays is how long a deleted key waits, the least that the service allows.
const deletionDays = 3

// deleteKey schedules the deletion of a key; one that waits for it or is gone is no error.
func (s *Service) deleteKey(ctx context.Context, arn string) error {
	got, err := s.call(ctx, "DeleteKey", map[string]any{"KeyIdentifier": arn, "DeleteKeyInDays": deletionDays})
	if err == nil && got.exception != "" && got.exception != "ResourceNotFoundException" {
		if err = got.refusal(); s.waits(ctx, arn) {
			err = nil
		}
	}
	if err == nil {
		err = s.noteGone(arn)
	}
	return err
}

// waits reports whether a key waits for its deletion or is deleted.
func (s *Service) waits(ctx context.Context, arn string) bool {
	got, err := s.call(ctx, "GetKey", map[string]any{"KeyIdentifier": arn})
	if err != nil {
		return false
	}
	key, _ := got.body["Key"].(map[string]any)
	state, _ := key["KeyState"].(string)
	return strings.HasPrefix(state, "DELETE_") || got.exception == "ResourceNotFoundException"
}
