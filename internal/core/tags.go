package core

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// MaxTagList is the most tags that one request may name.
const MaxTagList = 200

// reservedTag begins the keys of tags that only AWS may write.
const reservedTag = "aws:"

// NewTags checks the tags of a request and returns them in the order of their keys. A tag key that
// appears twice and a reserved one are refused (GUESS G-tag-refusal). How many a key may have is for
// [Call.CheckTagCount].
func NewTags(tags []apc.Tag) ([]apc.Tag, error) {
	if len(tags) == 0 {
		return nil, nil
	}
	out := slices.Clone(tags)
	slices.SortFunc(out, byTagKey)
	for i, t := range out {
		if strings.HasPrefix(strings.ToLower(t.Key), reservedTag) {
			return nil, Invalid("Tag keys that begin with aws: are reserved.",
				Because(apc.RuleTagKey, "Tags", problemReservedTag, wording.Foreign(t.Key), ""))
		}
		if i > 0 && out[i-1].Key == t.Key {
			return nil, Invalid("Tag keys must be unique.", Because(apc.RuleTagKey, "Tags", problemTagTwice, wording.Foreign(t.Key), ""))
		}
	}
	return out, nil
}

// CheckTagCount refuses more tags than a key may have.
func (c *Call) CheckTagCount(n int) error {
	if most := c.Cloud.Limits.Tags; n > most {
		return &apc.Error{
			Code: apc.ErrServiceQuotaExceeded, Message: "The maximum number of tags has been reached.",
			Reasons: []apc.Reason{
				Because(apc.RuleQuota, "Tags", problemQuota, wording.Count(n, "tag"), fmt.Sprintf("at most %d on a key", most)),
			},
		}
	}
	return nil
}

// CheckTaggable: keys that wait for deletion or are deleted take no tags
// (user guide, tagging-keys; the exception is a GUESS G-tag-pending).
func CheckTaggable(k Key) error {
	if k.State == apc.KeyStateDeletePending || k.State == apc.KeyStateDeleteComplete || k.State == apc.KeyStateCreateFailed {
		return StateError(k, string(apc.KeyStateCreateComplete))
	}
	return nil
}

// MergeTags is the old tags with the new ones added or in their place; both
// lists are in order of their keys.
func MergeTags(old, add []apc.Tag) []apc.Tag {
	out := slices.Clone(old)
	for _, t := range add {
		i, found := slices.BinarySearchFunc(out, t, byTagKey)
		if found {
			out[i] = t
		} else {
			out = slices.Insert(out, i, t)
		}
	}
	return out
}

func byTagKey(a, b apc.Tag) int { return strings.Compare(a.Key, b.Key) }
