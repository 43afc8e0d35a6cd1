package engine

import "context"

// ImportKeyInput is the request of ImportKey.
type ImportKeyInput struct {
	KeyMaterial            ImportKeyMaterial
	KeyCheckValueAlgorithm *KeyCheckValueAlgorithm
	Enabled                *bool
	Tags                   []Tag
	ReplicationRegions     []string
	RequesterComment       *string
}

// ImportKeyOutput is the answer of ImportKey.
type ImportKeyOutput struct {
	Key Key
}

func (in *ImportKeyInput) shape(s *shape) {
	s.inside("KeyMaterial", &in.KeyMaterial)
	maybeOneOf(s, "KeyCheckValueAlgorithm", in.KeyCheckValueAlgorithm, allKeyCheckValueAlgorithm)
	s.tags(in.Tags)
	s.regions("ReplicationRegions", in.ReplicationRegions)
	s.maybeText("RequesterComment", in.RequesterComment, &textMpaRequesterComment)
}

// ImportKey brings in a key. Of the material forms TR-31 key blocks are
// simulated; the others are refused by name.
func (c *Caller) ImportKey(ctx context.Context, in *ImportKeyInput) (*ImportKeyOutput, error) {
	return run(ctx, c, "ImportKey", in, (*call).importKey)
}

func (k *call) importKey(ctx context.Context, in *ImportKeyInput) (*ImportKeyOutput, error) {
	switch {
	case len(in.ReplicationRegions) > 0:
		return nil, notSimulated("ReplicationRegions")
	case in.RequesterComment != nil:
		return nil, notSimulated("RequesterComment")
	case in.KeyMaterial.Tr31KeyBlock == nil:
		return nil, notSimulated("KeyMaterial." + in.KeyMaterial.arms()[0])
	}
	var made key
	if err := k.importTR31(ctx, in, in.KeyMaterial.Tr31KeyBlock, &made); err != nil {
		return nil, err
	}
	out := &ImportKeyOutput{}
	made.describe(&out.Key)
	return out, nil
}
