// Package console is the page that `apcsim serve --control` shows to a browser: its templates,
// its style, its script, and the data that they show. It reads nothing and serves nothing
// itself: package server collects the data and answers.
//
// A page is made by the server whole and can be read without JavaScript, which adds new calls to
// the page as they happen and copies to the clipboard. Everything is embedded.
package console
