package console

import (
	"bytes"
	"embed"
	"html/template"
	"strings"
	"sync"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
)

//go:embed page.html style.css script.js
var files embed.FS

// Policy is the Content-Security-Policy of every page: nothing from outside, no script and no style
// in the page, no text that becomes markup.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// File is an embedded file, "style.css" or "script.js", and its type.
func File(name string) (content []byte, kind string, ok bool) {
	switch name {
	case "style.css":
		kind = "text/css; charset=utf-8"
	case "script.js":
		kind = "text/javascript; charset=utf-8"
	default:
		return nil, "", false
	}
	content, err := files.ReadFile(name)
	return content, kind, err == nil
}

// Page is one page. View is the template of its middle and Data what that shows.
type Page struct {
	View   string // "calls", "call", "keys", "key", "time", "graph", "tools", "faults", "approvals", "limits", "login", "error"
	Title  string
	Now    time.Time // of the simulator
	Offset string    // how far it is ahead
	Data   any
}

// views are the pages that every page links to: the last part of their paths and their names.
var views = [][2]string{{"", "Calls"}, {"console/keys", "Keys"}, {"console/time", "Time"}, {"console/graph", "Which key wraps which"},
	{"console/tools", "Tools"}, {"console/faults", "Faults"}, {"console/approvals", "Approvals"}, {"console/limits", "Limits"}}

// Views lists the links.
func (p *Page) Views() [][2]string { return views }

// Middle is the view's part of the page.
func (p *Page) Middle() (template.HTML, error) {
	var b bytes.Buffer
	err := parsed().ExecuteTemplate(&b, p.View, p.Data)
	return template.HTML(b.String()), err // made by a template, which escapes
}

// Render makes the page.
func Render(p *Page) ([]byte, error) {
	var b bytes.Buffer
	err := parsed().ExecuteTemplate(&b, "page", p)
	return b.Bytes(), err
}

// parsed is parsed when the first page is asked for: a server starts without it.
var parsed = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"moment": Moment, "usage": usageName, "title": strings.ToLower, "until": untilText, "state": stateWords,
	}).ParseFS(files, "page.html"))
})

// Moment is a time for people.
func Moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// usageName is a key usage in words: "key encryption key (K0)".
func usageName(u apc.KeyUsage) string {
	code, name, ok := strings.Cut(strings.TrimPrefix(string(u), "TR31_"), "_")
	if !ok {
		return string(u)
	}
	return strings.ToLower(strings.ReplaceAll(name, "_", " ")) + " (" + code + ")"
}

// untilText is the time from one moment to another for people: "3 d 4 h".
func untilText(now, at time.Time) string {
	d := at.Sub(now).Round(time.Minute)
	days, hours, minutes := int(d/(24*time.Hour)), int(d/time.Hour)%24, int(d/time.Minute)%60
	switch {
	case d < 0:
		return "past"
	case days > 0:
		return number(days) + " d " + number(hours) + " h"
	case hours > 0:
		return number(hours) + " h " + number(minutes) + " min"
	}
	return number(minutes) + " min"
}

func stateWords(s apc.KeyState) string {
	return strings.ToLower(strings.ReplaceAll(string(s), "_", " "))
}
