// Package browsertest tests the console of `apcsim serve --control` in a browser, headless
// Chromium. It is a module of its own: nothing of it is in the graph of the simulator's module.
//
// The pictures of docs/console are made by it:
//
//	go -C cmd/apcsim/browsertest test -count=1 . -args -pictures ../../../docs/console
package browsertest
