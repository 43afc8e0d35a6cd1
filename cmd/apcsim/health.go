package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

var healthCommand = command{
	name:    "health",
	args:    "URL",
	summary: "Ask a server whether it is ready: its store and its HSM answer",
	details: `
It is for the health check of a container that has no other program. The exit status is 0
where GET URL/_apcsim/ready answers 200 within two seconds, else 1.`,
	setup: setupHealth,
}

// healthPatience is how long a server may take.
const healthPatience = 2 * time.Second

func setupHealth(*flag.FlagSet) action {
	return func(ctx context.Context, s streams, args []string) error {
		if len(args) != 1 || !strings.HasPrefix(args[0], "http://") && !strings.HasPrefix(args[0], "https://") {
			return usageError("wants the URL of a server, such as http://127.0.0.1:8089")
		}
		ctx, cancel := context.WithTimeout(ctx, healthPatience)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(args[0], "/")+"/_apcsim/ready", nil)
		if err != nil {
			return usageError("wants the URL of a server, such as http://127.0.0.1:8089")
		}
		client := &http.Client{Transport: &http.Transport{}} // no proxy: it is this container's own server
		resp, err := client.Do(req)
		if err != nil {
			return fmt.Errorf("no answer: %w", err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			said, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
			return fmt.Errorf("not ready: %s: %s", resp.Status, strings.TrimSpace(string(said)))
		}
		_, err = fmt.Fprintln(s.out, "ready")
		return err
	}
}
