// Package sdktest holds the endpoint to the AWS SDK for Go: what the real client sends is
// answered so that it reads what was meant. It is a module of its own, so that the SDK is in
// no user's module graph. There is nothing in it but tests.
package sdktest
