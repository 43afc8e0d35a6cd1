package main

import "github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/words"

// The words of the commands are those of the console.
var (
	versionWords, usageWords, algorithmWords, modeWords = words.Version, words.Usage, words.Algorithm, words.Mode
	exportabilityWords, contextWords, optionalWords     = words.Exportability, words.Context, words.Optional
	inWords, keyVersionWords                            = words.In, words.KeyVersion
)
