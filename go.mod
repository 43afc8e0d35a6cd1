module github.com/seed748fb4d1/apcsim

go 1.26.0

require (
	github.com/google/go-cmp v0.7.0
	pgregory.net/rapid v1.3.0
)

require golang.org/x/crypto v0.58.0
