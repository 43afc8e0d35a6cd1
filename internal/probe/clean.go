package probe

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// Close deletes what the runs of the side have left, and has the journal say so.
func (s *Service) Close() error {
	ctx, stop := context.WithTimeout(context.Background(), tidyTime)
	defer stop()
	var err error
	if s.unsure {
		_, err = s.sweep(ctx, []string{s.run})
	}
	if s.journal == nil {
		return err
	}
	if err == nil && slices.Equal(s.journal.runs, []string{s.run}) {
		err = s.journal.write(entry{Done: true})
	}
	return errors.Join(err, s.journal.Close())
}

// Clean deletes what the runs of a journal have left on a side: what the journal names, and what is
// tagged with one of its runs. It returns what it deleted.
func (s *Service) Clean(ctx context.Context) (deleted []string, err error) {
	runs := slices.Clone(s.journal.runs)
	if len(runs) == 0 {
		return nil, nil
	}
	if deleted, err = s.sweep(ctx, runs); err != nil {
		return deleted, err
	}
	return deleted, s.journal.write(entry{Done: true})
}

// sweep deletes aliases whose names have one of the runs, and keys that are tagged with one.
func (s *Service) sweep(ctx context.Context, runs []string) (deleted []string, err error) {
	aliases, err := s.aliasesOf(ctx, runs)
	if err != nil {
		return nil, err
	}
	for _, name := range aliases {
		if err := s.deleteAlias(ctx, name); err != nil {
			return deleted, err
		}
		deleted = append(deleted, name)
	}
	keys, err := s.keysOf(ctx, runs)
	if err != nil {
		return deleted, err
	}
	for _, arn := range keys {
		if err := s.deleteKey(ctx, arn); err != nil {
			return deleted, err
		}
		deleted = append(deleted, arn)
	}
	return deleted, nil
}

// pages calls a list operation until its last page.
func (s *Service) pages(ctx context.Context, operation, items string, input map[string]any) (all []map[string]any, err error) {
	for {
		got, err := s.call(ctx, operation, input)
		if err = errors.Join(err, got.refusal()); err != nil {
			return nil, err
		}
		list, _ := got.body[items].([]any)
		for _, item := range list {
			if object, ok := item.(map[string]any); ok {
				all = append(all, object)
			}
		}
		token, ok := got.body["NextToken"].(string)
		if !ok {
			return all, nil
		}
		input["NextToken"] = token
	}
}

// aliasesOf are the aliases that runs have made.
func (s *Service) aliasesOf(ctx context.Context, runs []string) (out []string, err error) {
	all, err := s.pages(ctx, "ListAliases", "Aliases", map[string]any{"MaxResults": 100})
	for _, a := range all {
		name, _ := a["AliasName"].(string)
		if slices.ContainsFunc(runs, func(run string) bool { return strings.HasPrefix(name, aliasPrefix+run+"-") }) {
			out = append(out, name)
		}
	}
	return out, err
}

// keysOf are the keys that runs have made and that do not wait for their deletion. No key without the
// tag of a run is among them.
func (s *Service) keysOf(ctx context.Context, runs []string) (out []string, err error) {
	all, err := s.pages(ctx, "ListKeys", "Keys", map[string]any{"MaxResults": 100, "KeyState": "CREATE_COMPLETE"})
	if err != nil {
		return nil, err
	}
	for _, k := range all {
		arn, _ := k["KeyArn"].(string)
		if k["MultiRegionKeyType"] == "REPLICA" {
			continue // it goes with its primary
		}
		tags, err := s.pages(ctx, "ListTagsForResource", "Tags", map[string]any{"ResourceArn": arn})
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(tags, func(t map[string]any) bool {
			value, _ := t["Value"].(string)
			return t["Key"] == tagKey && slices.Contains(runs, value)
		}) {
			out = append(out, arn)
		}
	}
	return out, nil
}
