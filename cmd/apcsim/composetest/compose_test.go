package composetest

import (
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

const root = "../../.."

// inContainer is where the server is for its own container, which the tests replace.
const inContainer = "http://127.0.0.1:8089"

func load(t *testing.T) *types.Project {
	t.Helper()
	o, err := cli.NewProjectOptions([]string{filepath.Join(root, "compose.yaml")}, cli.WithName("apcsim"))
	if err != nil {
		t.Fatal(err)
	}
	project, err := o.LoadProject(t.Context())
	if err != nil {
		t.Fatalf("compose.yaml: %v", err)
	}
	return project
}

// dockerfile is the last stage of the Dockerfile: the arguments of an instruction by its name.
func dockerfile(t *testing.T) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	_, last, ok := strings.Cut(string(raw), "\nFROM scratch\n")
	if !ok {
		t.Fatal("the Dockerfile's last stage is not from scratch")
	}
	out := map[string]string{}
	for line := range strings.Lines(last) {
		name, arguments, _ := strings.Cut(strings.TrimSpace(line), " ")
		out[name] = arguments
	}
	return out
}

// words are the arguments of an instruction in JSON, which needs no shell.
func words(t *testing.T, text string) (out []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}

// serve runs the image's command with the variables of the image and of the service, at a free port of loopback.
func serve(t *testing.T, program string, image map[string]string, service types.ServiceConfig) (url string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, words(t, image["CMD"])...)
	for name, value := range service.Environment {
		cmd.Env = append(cmd.Env, name+"="+*value)
	}
	cmd.Env = append(cmd.Env, strings.Replace(image["ENV"], "0.0.0.0:8089", "127.0.0.1:0", 1))
	return testrig.Serve(t, cmd)
}

func TestHealthChecksNeedNoShellAndAreTheBinarys(t *testing.T) {
	image, service, program := dockerfile(t), load(t).Services["apcsim"], testrig.Program(t, root)
	_, command, _ := strings.Cut(image["HEALTHCHECK"], "CMD ")
	test := []string(service.HealthCheck.Test)
	if test[0] != "CMD" || !slices.Equal(test[1:], words(t, command)) || test[1] != words(t, image["ENTRYPOINT"])[0] {
		t.Fatalf("got %q in compose.yaml and %s in the Dockerfile, want one command without a shell, of %s", test, command, image["ENTRYPOINT"])
	}
	at := serve(t, program, image, service)
	for url, healthy := range map[string]bool{at: true, "http://127.0.0.1:1": false} {
		args := slices.Clone(test[2:])
		if i := slices.Index(args, inContainer); i < 0 {
			t.Fatalf("the health check %q does not ask %s", args, inContainer)
		} else {
			args[i] = url
		}
		if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); (err == nil) != healthy {
			t.Errorf("%q: %v, %s, want healthy: %v", args, err, out, healthy)
		}
	}
}

func TestTheClientWaitsForTheServerAndReachesIt(t *testing.T) {
	image, project := dockerfile(t), load(t)
	server, client := project.Services["apcsim"], project.Services["client"]
	if got := client.DependsOn["apcsim"].Condition; got != types.ServiceConditionHealthy {
		t.Errorf("the client depends on the server by %q, want %q", got, types.ServiceConditionHealthy)
	}
	listen := regexp.MustCompile(`^APCSIM_LISTEN=0\.0\.0\.0:(\d+)$`).FindStringSubmatch(image["ENV"])
	if listen == nil || image["EXPOSE"] != listen[1] {
		t.Fatalf("got %s and EXPOSE %s, want one port on every address of the container", image["ENV"], image["EXPOSE"])
	}
	for _, p := range server.Ports {
		if p.HostIP != "127.0.0.1" {
			t.Errorf("the port is published at %q, want loopback: keys are unprotected", p.HostIP)
		}
	}
	endpoint, err := url.Parse(*client.Environment["AWS_ENDPOINT_URL_PAYMENT_CRYPTOGRAPHY"])
	if err != nil || endpoint.Hostname() != "apcsim" || endpoint.Port() != listen[1] {
		t.Errorf("the client's endpoint is %v, %v, want the service apcsim at port %s", endpoint, err, listen[1])
	}
	aws, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("no AWS CLI here: the client's command is not run")
	}
	at := serve(t, testrig.Program(t, root), image, server)
	cmd := exec.CommandContext(t.Context(), aws, client.Command...)
	cmd.Env = append(cmd.Env, "PATH="+os.Getenv("PATH"), "HOME="+os.Getenv("HOME"), "AWS_DEFAULT_REGION=us-east-1")
	for name, value := range client.Environment {
		cmd.Env = append(cmd.Env, name+"="+strings.Replace(*value, endpoint.String(), at, 1))
	}
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "nvalid choice") {
		t.Skip("the AWS CLI here does not know the service")
	}
	if err != nil || !strings.Contains(string(out), `"Keys": []`) {
		t.Errorf("%q: %v\n%s", client.Command, err, out)
	}
}
